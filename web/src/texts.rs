//! Every text that a person reads. A second language replaces this file's values, nothing else.

use crate::format;
use node_wasm::view::Role;

// The frame.
pub(crate) const NAME: &str = "Tabchain";
pub(crate) const SKIP: &str = "Skip to content";
pub(crate) const NAVIGATION: &str = "Views";
pub(crate) const OVERVIEW: &str = "Overview";
pub(crate) const WALLET: &str = "Wallet";
pub(crate) const EXPLORER: &str = "Explorer";
pub(crate) const ROOM: &str = "Room";
pub(crate) const ROOM_HINT: &str = "Network and room: tabs of the same room share one chain";
pub(crate) const CONNECTION: &str = "Mesh";
pub(crate) const STARTING: &str = "starting";
pub(crate) const STOPPED: &str = "stopped";
pub(crate) const JOINING: &str = "joining";
pub(crate) const OFFLINE: &str = "offline";
pub(crate) const ALONE: &str = "alone";
pub(crate) const HEIGHT: &str = "Height";
pub(crate) const THEME: &str = "Theme";
pub(crate) const THEME_SYSTEM: &str = "As the system";
pub(crate) const THEME_LIGHT: &str = "Light";
pub(crate) const THEME_DARK: &str = "Dark";
pub(crate) const FOOTER: &str = "This page is a whole node: it checks, keeps and forwards every block itself. Its coins are for learning and are worth nothing.";
pub(crate) const UNKNOWN: &str = "–";
pub(crate) const UNIT: &str = "TAB";
pub(crate) const NONE: &str = "none";
pub(crate) const CLOSE: &str = "Close";
pub(crate) const BACK: &str = "Back";
pub(crate) const MORE: &str = "Show more";
pub(crate) const RELOAD: &str = "Load the page again";

pub(crate) fn title(view: &str) -> String {
    format!("{view} · {NAME}")
}

pub(crate) fn version(version: &str, profile: &str) -> String {
    if profile.is_empty() { format!("{NAME} {version}") } else { format!("{NAME} {version} · profile {profile}") }
}

// Starting, and what goes wrong.
pub(crate) const NODE_STARTS: &str = "The node of this tab is starting…";
pub(crate) const START_FAILED: &str = "The node could not start";
pub(crate) const START_OVER: &str = "Start without address parameters";
pub(crate) const START_IS_LATE: &str = "The node takes longer than usual to start";
pub(crate) const START_IS_LATE_TEXT: &str = "Its worker has not answered yet. On a slow line it may still be loading; otherwise load the page again, and see that the browser allows WebAssembly and workers.";
pub(crate) const NODE_STOPPED: &str = "The node of this tab has stopped";
pub(crate) const REFUSED: &str = "The node refused this request";
pub(crate) const NOT_FOUND: &str = "No such view";
pub(crate) const NOT_FOUND_TEXT: &str = "There is nothing at this address of the page.";
pub(crate) const TO_OVERVIEW: &str = "To the overview";

// Things that can be copied, as in "Copy address".
pub(crate) const WHAT_ADDRESS: &str = "address";
pub(crate) const WHAT_BLOCK: &str = "block hash";
pub(crate) const WHAT_TRANSACTION: &str = "transaction id";
pub(crate) const WHAT_HASH: &str = "hash";
pub(crate) const WHAT_PEER: &str = "peer id";
pub(crate) const WHAT_LINK: &str = "link";
pub(crate) const WHAT_SIGNATURE: &str = "signature";
pub(crate) const COPY_REFUSED: &str = "The browser refused to copy: please select the text and copy it by hand";
pub(crate) const QR_TOO_LONG: &str = "This text is too long for a QR code.";

pub(crate) fn copy(what: &str) -> String {
    format!("Copy {what}")
}

pub(crate) fn copied(what: &str) -> String {
    let mut letters = what.chars();
    letters.next().map(|first| format!("{}{} copied", first.to_uppercase(), letters.as_str())).unwrap_or_default()
}

// Times.
pub(crate) const JUST_NOW: &str = "just now";

pub(crate) fn seconds_ago(seconds: u64) -> String {
    format!("{seconds} s ago")
}

pub(crate) fn minutes_ago(minutes: u64) -> String {
    format!("{minutes} min ago")
}

pub(crate) fn hours_ago(hours: u64) -> String {
    format!("{hours} h ago")
}

pub(crate) fn seconds_ahead(seconds: u64) -> String {
    format!("in {seconds} s")
}

// Overview.
pub(crate) const OVERVIEW_TITLE: &str = "This tab is a node";
pub(crate) const OVERVIEW_LEAD: &str = "The circles around it are other people’s tabs, linked straight to this one. Together they keep one chain of blocks; no server holds it.";
pub(crate) const ALONE_TITLE: &str = "You are alone in this room";
pub(crate) const ALONE_TEXT: &str =
    "Open this page in another tab, or send the link to somebody: every tab that opens it becomes a peer.";
pub(crate) const FINDING_TEXT: &str = "Connections between tabs are being made. If this stays, a firewall between you may block them: try a tab on this computer first.";
pub(crate) const TRACKER_AWAY: &str = "The tracker is away; the mesh goes on";
pub(crate) const TRACKER_AWAY_TEXT: &str = "Blocks and transactions travel between the tabs themselves. Only new tabs cannot find their way in until the tracker is back; this tab tries again by itself.";
pub(crate) const UNREACHABLE: &str = "No connection to the tracker";
pub(crate) const UNREACHABLE_TEXT: &str = "The tracker introduces tabs to each other, and it does not answer. This tab tries again by itself; if this stays, see that you are online and that the tracker is running.";
pub(crate) const SYNCING: &str = "Catching up with the peers";

pub(crate) fn finding(others: u32) -> String {
    if others == 1 { "Connecting to one other tab".to_owned() } else { format!("Connecting to {others} other tabs") }
}

pub(crate) fn blocks_left(blocks: u32, time: Option<&str>) -> String {
    let blocks = plural(blocks, "block");
    time.map_or_else(|| format!("{blocks} left"), |time| format!("{blocks} left, about {time}"))
}

// Overview: the mesh.
pub(crate) const MESH: &str = "Mesh";
pub(crate) const MESH_BLOCK: &str = "block";
pub(crate) const MESH_TRANSACTION: &str = "transaction";
pub(crate) const MESH_TABLE: &str = "Peers as a table";
pub(crate) const MESH_EMPTY: &str = "No peers yet.";
pub(crate) const THIS_TAB: &str = "this tab";
pub(crate) const PEER: &str = "Peer";
pub(crate) const ROLE: &str = "Role";
pub(crate) const LINK_STATE: &str = "Round trip";
pub(crate) const RECEIVED: &str = "Received";
pub(crate) const SENT: &str = "Sent";
pub(crate) const OFFENCES: &str = "Offence points";
pub(crate) const PEER_CONNECTED: &str = "connected";
pub(crate) const PEER_GREETING: &str = "greeting";
pub(crate) const PEER_CONNECTING: &str = "connecting";

pub(crate) fn mesh_summary(peers: usize) -> String {
    match peers {
        0 => "This tab has no links to other tabs yet.".to_owned(),
        1 => "This tab is linked to one other tab. Its details are in the table below.".to_owned(),
        _ => format!("This tab is linked to {peers} other tabs. Their details are in the table below."),
    }
}

pub(crate) const fn role(role: Role) -> &'static str {
    match role {
        Role::Full => "full node",
        Role::Miner => "miner",
        Role::Light => "light node",
    }
}

pub(crate) fn round_trip(millis: f64) -> String {
    if millis < 10.0 { format!("{millis:.1} ms") } else { format::duration(millis) }
}

pub(crate) fn score(points: u32) -> String {
    format!("{points} of 100")
}

// Overview: figures and mining.
pub(crate) const FIGURES: &str = "Figures";
pub(crate) const NEWEST_BLOCK: &str = "newest block";
pub(crate) const INTERVAL: &str = "Block interval";
pub(crate) const DIFFICULTY: &str = "Difficulty";
pub(crate) const DIFFICULTY_NOTE: &str = "expected hashes a block";
pub(crate) const NETWORK_RATE: &str = "Hash rate of all";
pub(crate) const NETWORK_RATE_NOTE: &str = "estimated from the newest blocks";
pub(crate) const OWN_RATE: &str = "Hash rate of this tab";
pub(crate) const NOT_MINING: &str = "not mining";
pub(crate) const MOST_OF_NETWORK: &str = "most of the network’s";
pub(crate) const PEERS: &str = "Peers";
pub(crate) const MEMPOOL: &str = "Mempool";
pub(crate) const MINING: &str = "Mining here";
pub(crate) const MINING_START: &str = "Start mining";
pub(crate) const MINING_STOP: &str = "Stop mining";
pub(crate) const MINING_NOTE: &str =
    "Each thread keeps one processor core busy looking for the next block. Whoever finds it gets its reward.";
pub(crate) const THREADS: &str = "Threads";

pub(crate) fn share(percent: f64) -> String {
    format!("{percent:.0} % of the network’s")
}

pub(crate) fn wanted(interval: &str) -> String {
    format!("wanted: {interval}")
}

pub(crate) fn in_room(size: u32) -> String {
    format!("{} in the room", plural(size, "tab"))
}

pub(crate) fn blocks_found(blocks: u32) -> String {
    format!("{} found", plural(blocks, "block"))
}

pub(crate) fn of(part: u32, whole: u32) -> String {
    format!("{part} of {whole}")
}

// Overview: the newest blocks.
pub(crate) const CHAIN: &str = "Newest blocks";
pub(crate) const CHAIN_NOTE: &str = "Every block has its own flag, the same wherever it appears.";
pub(crate) const CHAIN_WAITING: &str = "Waiting for the first block…";
pub(crate) const NEXT: &str = "next";
pub(crate) const NEXT_MINING: &str = "mining…";
pub(crate) const BRANCHES: &str = "Living branches";
pub(crate) const BRANCHES_NONE: &str = "No rival branch is alive: all blocks known here agree.";
pub(crate) const BRANCH_COUNTDOWN: &str = "Blocks until the branch is discarded";

pub(crate) fn block_label(height: u32, hash: &str, count: u32, best: bool) -> String {
    let side = if best { "" } else { ", on a branch" };
    format!("Block {height}{side}, {}, hash {hash}", transactions(count))
}

pub(crate) fn transactions_short(count: u32) -> String {
    format!("{count} tx")
}

pub(crate) fn transactions(count: u32) -> String {
    plural(count, "transaction")
}

pub(crate) fn branch(length: u32, fork: u32, height: u32) -> String {
    format!("{} beside the best chain, from height {fork} to {height}", plural(length, "block"))
}

pub(crate) fn discard_in(blocks: u32) -> String {
    format!("discarded in {}", plural(blocks, "block"))
}

// Overview: the log and the invitation.
pub(crate) const LOG: &str = "Log";
pub(crate) const LOG_FILTER: &str = "Which lines";
pub(crate) const LOG_ALL: &str = "All";
pub(crate) const LOG_ACCEPTED: &str = "Accepted";
pub(crate) const LOG_REJECTED: &str = "Rejected";
pub(crate) const LOG_EMPTY: &str = "Nothing yet. What this node accepts and rejects will stand here.";
pub(crate) const LOG_NO_REFUSALS: &str =
    "Nothing was rejected so far. To see a refusal, send an unsigned transaction from the wallet of another tab.";
pub(crate) const LEVEL_INFO: &str = "news";
pub(crate) const LEVEL_ACCEPTED: &str = "accepted";
pub(crate) const LEVEL_REJECTED: &str = "rejected";
pub(crate) const LEVEL_WARNING: &str = "warning";
pub(crate) const FROM_PEER: &str = "from";
pub(crate) const INVITE: &str = "Invite";
pub(crate) const INVITE_TEXT: &str = "Every tab that opens this link joins this room and becomes a peer.";
pub(crate) const INVITE_QR: &str = "QR code of the invitation link";
pub(crate) const INVITE_OPEN: &str = "Open in a new tab";
pub(crate) const INVITE_LOOPBACK: &str = "This page came from your own computer, so the link works on this computer only. To invite a phone, open the page under your computer’s network address first.";

// Wallet.
pub(crate) const WALLET_LEAD: &str =
    "Receive, hold and send coins. The wallet lives in this tab; no server knows its key.";
pub(crate) const KEY_NOTE: &str = "This wallet lives only as long as this tab";
pub(crate) const KEY_NOTE_TEXT: &str = "Its key is in this tab’s memory and nowhere else: when the tab is closed or loaded again, the key is gone, and with it the coins.";
pub(crate) const SPENDABLE: &str = "Spendable";
pub(crate) const SPENDABLE_NOTE: &str = "Confirmed and free to spend, less what waits to be sent.";
pub(crate) const IMMATURE: &str = "Immature";
pub(crate) const IMMATURE_NOTE: &str =
    "Rewards for mined blocks: free to spend once enough blocks stand on top of theirs";
pub(crate) const PENDING_IN: &str = "Arriving";
pub(crate) const PENDING_IN_NOTE: &str = "Waits in the mempool for a block";
pub(crate) const PENDING_OUT: &str = "Leaving";
pub(crate) const PENDING_OUT_NOTE: &str = "Waits in the mempool for a block, fees included";
pub(crate) const BALANCE_WAITING: &str = "Adding up the balance…";
pub(crate) const RECEIVE: &str = "Receive";
pub(crate) const ADDRESS_WAITING: &str = "Waiting for the address…";
pub(crate) const ADDRESS_QR: &str = "QR code of the address";
pub(crate) const ADDRESS_NOTE: &str =
    "Give this address to whoever wants to pay you. Its flag helps to recognise it, but only the whole text counts.";
pub(crate) const SEND: &str = "Send";
pub(crate) const TO: &str = "To";
pub(crate) const TO_PLACEHOLDER: &str = "address of the receiver";
pub(crate) const AMOUNT: &str = "Amount";
pub(crate) const FEE: &str = "Fee";
pub(crate) const FEE_AUTOMATIC: &str = "automatic";
pub(crate) const FEE_HINT: &str = "Leave empty for the node’s proposal.";
pub(crate) const MEMO: &str = "Memo";
pub(crate) const MEMO_HINT: &str = "Optional, and readable by everybody for as long as the chain exists.";
pub(crate) const UNSIGNED: &str = "Leave unsigned";
pub(crate) const UNSIGNED_HINT: &str = "An experiment: sends the transaction without a valid signature, to see every peer refuse it. No coins move, and peers may ban this tab for a while.";
pub(crate) const UNSIGNED_REVIEW: &str = "This transaction will carry no valid signature. Peers will refuse it and hold it against this tab; no coins will move.";
pub(crate) const PLAN_TOTAL: &str = "Costs";
pub(crate) const PLAN_LEFT: &str = "leaves";
pub(crate) const SEND_REVIEW: &str = "Look over";
pub(crate) const REVIEW: &str = "Look over the transfer";
pub(crate) const REVIEW_NOTE: &str = "Once it is in a block, nobody can take it back.";
pub(crate) const TOTAL: &str = "Total";
pub(crate) const SEND_NOW: &str = "Send now";
pub(crate) const SEND_UNSIGNED_NOW: &str = "Send unsigned";
pub(crate) const SENT_TEXT: &str = "The transfer is on its way to the peers and waits for a block.";
pub(crate) const SENT_CONFIRMED: &str = "The transfer is in a block. The more blocks follow, the surer it is.";
pub(crate) const SENT_UNSIGNED: &str = "The transaction went out without a valid signature. Watch the log of another tab in this room: it is refused there, with the reason.";
pub(crate) const HISTORY: &str = "History";
pub(crate) const HISTORY_WAITING: &str = "Looking for this wallet’s transactions…";
pub(crate) const HISTORY_EMPTY: &str =
    "Nothing yet. Start mining on the overview, or have somebody send you coins: it appears here at once.";
pub(crate) const RECEIVED_FROM: &str = "From";
pub(crate) const SENT_TO: &str = "To";
pub(crate) const SENT_TO_SELF: &str = "To this wallet itself";
pub(crate) const REWARD: &str = "Block reward";
pub(crate) const ISSUED: &str = "Issued";
pub(crate) const TRANSFER: &str = "Transfer";

// Where things stand.
pub(crate) const WAITING: &str = "waiting for a block";
pub(crate) const STALE: &str = "only on a branch";
pub(crate) const ON_A_BRANCH: &str = "on a branch";

pub(crate) fn confirmations(count: u32) -> String {
    plural(count, "confirmation")
}

// Explorer.
pub(crate) const EXPLORER_LEAD: &str = "Every block of the best chain, as this node has checked it.";
pub(crate) const BLOCKS: &str = "Blocks";
pub(crate) const BLOCKS_WAITING: &str = "Looking for blocks…";
pub(crate) const BLOCKS_EMPTY: &str =
    "No blocks here. The chain may be shorter than this page of the list: go back to the newest.";
pub(crate) const GENESIS: &str = "no miner: genesis";
pub(crate) const PAGER: &str = "Pages of blocks";
pub(crate) const NEWER: &str = "Newer";
pub(crate) const NEWEST: &str = "Newest";
pub(crate) const OLDER: &str = "Older";
pub(crate) const BLOCK: &str = "Block";
pub(crate) const BLOCK_WAITING: &str = "Looking for the block…";
pub(crate) const BLOCK_UNKNOWN: &str = "This node knows no such block";
pub(crate) const BLOCK_UNKNOWN_TEXT: &str = "It may be above the tip, belong to another room, or to a branch that was discarded. If this tab is still catching up, look again in a moment.";
pub(crate) const PREVIOUS: &str = "Previous";
pub(crate) const FOLLOWING: &str = "Next";
pub(crate) const BLOCK_HASH: &str = "Hash";
pub(crate) const PREVIOUS_HASH: &str = "Previous block";
pub(crate) const TIME: &str = "Time";
pub(crate) const MINER: &str = "Miner";
pub(crate) const OF_WHICH_FEES: &str = "of which fees";
pub(crate) const MERKLE_ROOT: &str = "Merkle root";
pub(crate) const STATE_ROOT: &str = "State root";
pub(crate) const TARGET: &str = "Target";
pub(crate) const WORK: &str = "Work of the chain";
pub(crate) const NONCE: &str = "Nonce";
pub(crate) const VERSION: &str = "Version";
pub(crate) const SIZE: &str = "Size";
pub(crate) const TRANSACTION: &str = "Transaction";
pub(crate) const TRANSACTION_WAITING: &str = "Looking for the transaction…";
pub(crate) const TRANSACTION_UNKNOWN: &str = "This node knows no such transaction";
pub(crate) const TRANSACTION_UNKNOWN_TEXT: &str = "It may not have arrived here yet, may have been refused, or belongs to another room. If you have just sent it, look again in a moment.";
pub(crate) const TRANSACTION_ID: &str = "Id";
pub(crate) const FROM: &str = "From";
pub(crate) const NEW_COINS: &str = "new coins";
pub(crate) const SENDER_NONCE: &str = "Sender’s count";
pub(crate) const SIGNATURE: &str = "Signature";
pub(crate) const NO_SIGNATURE: &str = "none: a block reward needs none";
pub(crate) const ADDRESS: &str = "Address";
pub(crate) const ADDRESS_WRONG: &str = "This is not an address of this network";
pub(crate) const OWN_ADDRESS: &str = "this tab’s wallet";
pub(crate) const SENT_COUNT: &str = "Transactions sent";
pub(crate) const SEARCH: &str = "Search";
pub(crate) const SEARCH_PLACEHOLDER: &str = "Height, hash, transaction id or address";
pub(crate) const SEARCHING: &str = "Searching…";
pub(crate) const SEARCH_MISS: &str = "Nothing found";
pub(crate) const MISS_NOTHING: &str = "Type a height, a hash, a transaction id or an address.";
pub(crate) const MISS_HEIGHT: &str = "The best chain has no block at this height yet.";
pub(crate) const MISS_HASH: &str = "This node knows neither a block nor a transaction by this name. It may belong to another room, or not have arrived yet.";
pub(crate) const MISS_PART: &str =
    "A hash or a transaction id has 64 digits; this has another number. Please paste it whole.";
pub(crate) const MISS_ADDRESS: &str = "This is neither a number, nor a hash, nor a valid address of this network. A mistyped address is told by its check digits.";

pub(crate) fn block(height: u32) -> String {
    format!("Block {height}")
}

pub(crate) fn expected_hashes(count: &str) -> String {
    format!("{count} hashes expected")
}

pub(crate) fn bytes(count: u32) -> String {
    plural(count, "byte")
}

pub(crate) fn peers(count: u32) -> String {
    plural(count, "peer")
}

fn plural(count: u32, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_and_many() {
        assert_eq!(peers(0), "0 peers");
        assert_eq!(peers(1), "1 peer");
        assert_eq!(transactions(2), "2 transactions");
        assert_eq!(blocks_left(1, None), "1 block left");
        assert_eq!(copied("block hash"), "Block hash copied");
    }
}
