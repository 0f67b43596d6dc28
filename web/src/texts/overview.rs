//! Texts of the overview.

use super::plural;
use crate::format;
use node_wasm::view::{PeerState, PeerView, Role, Route};

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
pub(crate) const MESH_OUTER: &str = "tab without a line";
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

pub(crate) const MESH_WAITING: &str = "The links of this tab are not known yet.";

pub(crate) fn mesh_summary(peers: usize, others: usize) -> String {
    let linked = match peers {
        0 => "This tab has no links to other tabs yet.".to_owned(),
        1 => "This tab is linked to one other tab. Its details are in the table below.".to_owned(),
        _ => format!("This tab is linked to {peers} other tabs. Their details are in the table below."),
    };
    let others = u32::try_from(others).unwrap_or(u32::MAX);
    if others == 0 { linked } else { format!("{linked} {} of the room without a link.", plural(others, "further tab")) }
}

pub(crate) fn invite_room(network: &str, room: &str) -> String {
    format!("Room “{room}” of the network “{network}”")
}

pub(crate) fn peer_label(peer: &PeerView) -> String {
    let role = peer.role.map_or("role unknown", role);
    let height = peer.height.map_or_else(String::new, |height| format!(", height {height}"));
    let trip = match (peer.state, peer.round_trip_ms) {
        (PeerState::Connected, Some(millis)) => format!("round trip {}", round_trip(millis)),
        (PeerState::Connected, None) => PEER_CONNECTED.to_owned(),
        (PeerState::Greeting, _) => PEER_GREETING.to_owned(),
        (PeerState::Connecting, _) => PEER_CONNECTING.to_owned(),
    };
    format!("Peer {}: {role}, {trip}{height}, {} offence points", peer.peer_id, score(peer.score))
}

/// What the picture of the branches and their list leave out.
pub(crate) fn branches_rest(undrawn: u32, unlisted: u32) -> Option<String> {
    let undrawn = (undrawn > 0).then(|| format!("{} listed here and not drawn.", branches_are(undrawn)));
    let unlisted =
        (unlisted > 0).then(|| format!("{} neither drawn nor listed: they have less work.", branches_are(unlisted)));
    let parts: Vec<String> = [undrawn, unlisted].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

fn branches_are(count: u32) -> String {
    if count == 1 { "1 further branch is".to_owned() } else { format!("{count} further branches are") }
}

pub(crate) fn outer_label(count: u32) -> String {
    format!(
        "{} of the room without a link to this one. Arrow keys tell of each, Enter leads to their list",
        plural(count, "further tab")
    )
}

pub(crate) fn in_and_out(received: &str, sent: &str) -> String {
    format!("{received} in, {sent} out")
}

pub(crate) fn branch_work(work: &str, behind: &str) -> String {
    format!("work {work}, {behind} behind the best")
}

pub(crate) const fn role(role: Role) -> &'static str {
    match role {
        Role::Full => "full node",
        Role::Miner => "miner",
        Role::Light => "light node",
    }
}

pub(crate) const ROUTE: &str = "Address";

/// Over which kind of address a link runs.
pub(crate) const fn route(route: Route) -> &'static str {
    match route {
        Route::Host => "same computer or network",
        Route::Reflexive => "over the internet",
        Route::Relayed => "by way of a server",
    }
}

pub(crate) fn round_trip(millis: f64) -> String {
    if millis < 10.0 { format!("{} ms", format::decimal(millis, 1)) } else { format::duration(millis) }
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

pub(crate) fn share(percent: f64) -> String {
    format!("{percent:.0} % of the network’s")
}

pub(crate) fn wanted(interval: &str) -> String {
    format!("wanted: {interval}")
}

pub(crate) fn in_room(size: u32) -> String {
    format!("{} in the room", plural(size, "tab"))
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
