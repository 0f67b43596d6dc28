//! Texts of the tour.

use super::plural;
use node_wasm::view::{
    Branch,
    lab::{Outcome, Verdict},
};

pub(crate) const LEARN: &str = "Learn";
pub(crate) const LEARN_LEAD: &str = "Six steps through a running blockchain. Each one works on the node of this tab and on the chain that it shares with others: nothing here is a picture.";
pub(crate) const LEARN_DONE: &str = "done";
pub(crate) const LEARN_WAITING: &str = "Asking the node…";
pub(crate) const LEARN_ITS_HASH: &str = "Hash";

pub(crate) const LEARN_HASH: &str = "A hash names anything";
pub(crate) const LEARN_HASH_TEXT: &str = "A hash is a number of 256 bits made from any text or file. The same text gives the same hash, in every browser. Another letter gives another one, and nobody can find a text for a given hash other than by trying.";
pub(crate) const LEARN_HASH_FIELD: &str = "Type something";
pub(crate) const LEARN_HASH_HINT: &str = "It is hashed as blocks are: SHA-256, twice.";
pub(crate) const LEARN_BIT: &str = "Change one bit of it";
pub(crate) const LEARN_BIT_BACK: &str = "Change it back";
pub(crate) const LEARN_HASH_SAME: &str = "the hash that the node says";
pub(crate) const LEARN_HASH_OTHER: &str = "not the hash that the node says";
pub(crate) const LEARN_WORK_MET: &str = "small enough for the target";
pub(crate) const LEARN_WORK_MISSED: &str = "misses the target";

pub(crate) const LEARN_BLOCK: &str = "A block costs work";
pub(crate) const LEARN_BLOCK_TEXT: &str = "A block holds payments. It counts only if its hash is smaller than a target, so a miner tries one number after the other until that happens. Whoever finds one is paid for it.";
pub(crate) const LEARN_MINE: &str = "Find a block with this tab";
pub(crate) const LEARN_REWARD: &str = "Paid to this wallet";
pub(crate) const LEARN_TRANSACTIONS: &str = "Transactions in it";

pub(crate) const LEARN_CHAIN: &str = "Each block names the one before";
pub(crate) const LEARN_CHAIN_TEXT: &str = "These are the newest blocks of this chain. Each carries the hash of the one before it. Change an old one, and the next does not fit any more: all work from there on would have to be done again. Peers that are shown such a chain refuse it, and ban the tab that showed it for ten minutes.";
pub(crate) const LEARN_ALTER: &str = "Change the oldest of them";
pub(crate) const LEARN_ALTER_BACK: &str = "Change it back";
pub(crate) const LEARN_NEWEST_AGAIN: &str = "Take the newest blocks";
pub(crate) const LEARN_SHOW_PEERS: &str = "Show a changed chain to the peers";
pub(crate) const LEARN_PREVIOUS: &str = "Names before it";
pub(crate) const LEARN_FITS: &str = "fits the one before";
pub(crate) const LEARN_BREAKS: &str = "does not fit the one before";

pub(crate) const LEARN_SIGNATURE: &str = "Only the owner can spend";
pub(crate) const LEARN_SIGNATURE_TEXT: &str = "A payment is signed with a key that only its wallet has. Everybody can check the signature, nobody else can make it, and it fits this one payment alone.";
pub(crate) const LEARN_SIGN: &str = "Sign a payment to yourself";
pub(crate) const LEARN_SUBMIT_FORGED: &str = "Hand it in with one bit changed";
pub(crate) const LEARN_SUBMIT: &str = "Hand it in as it is";
pub(crate) const LEARN_REFUSED: &str = "refused";
pub(crate) const LEARN_ACCEPTED: &str = "accepted: it waits for a block";
pub(crate) const LEARN_SEE_IT: &str = "See it in the explorer";
pub(crate) const LEARN_NO_COINS: &str = "This wallet has nothing to spend yet";
pub(crate) const LEARN_NO_COINS_TEXT: &str =
    "Find a block in step 2. Its reward can be spent once some more blocks stand on it: mine on, or wait for others.";

pub(crate) const LEARN_MESH: &str = "Nobody is in charge";
pub(crate) const LEARN_MESH_TEXT: &str = "Tabs talk to each other directly, without a server between them. Whatever one finds or pays travels from tab to tab, and each checks everything itself. A second tab is a second node.";

pub(crate) const LEARN_FORK: &str = "When two are right at once";
pub(crate) const LEARN_FORK_TEXT: &str = "Two miners may find a block at the same moment. Then there are two chains until the next block decides: the one with more work wins, and the payments of the other wait again. Let two tabs mine at once and watch for it.";
pub(crate) const LEARN_MINE_HERE: &str = "Mine in this tab";
pub(crate) const LEARN_MINES: &str = "This tab mines now. It stops in the view of mining.";
pub(crate) const LEARN_RIVAL: &str = "Open a tab that mines against it";

pub(crate) fn learn_progress(done: usize, of: usize) -> String {
    format!("{done} of {of} steps done")
}

pub(crate) fn learn_step(number: usize, title: &str) -> String {
    format!("{number}. {title}")
}

pub(crate) fn learn_newest(height: u32) -> String {
    format!("This is the header of block {height}, the newest that this node knows, in its 116 bytes.")
}

pub(crate) fn learn_search(difficulty: f64, rate: f64) -> String {
    let tries = format!("Trying numbers: about {difficulty:.0} are needed on average");
    if rate > 0.0 { format!("{tries}, and this tab tries {rate:.0} a second…") } else { format!("{tries}…") }
}

pub(crate) fn learn_found(height: u32, nonce: u32) -> String {
    format!("This tab found block {height}. The number that made its hash small enough is {nonce}.")
}

pub(crate) fn learn_verdict(verdict: &Verdict) -> String {
    match &verdict.outcome {
        Outcome::Sent => "Shown to the peers; no word yet.".to_owned(),
        Outcome::Refused { reason, .. } => format!("A peer refused it: {reason}"),
        Outcome::PassedOver => "A peer passed it over.".to_owned(),
        Outcome::Unanswered | Outcome::Closed => "A peer gave no answer.".to_owned(),
    }
}

pub(crate) fn learn_peers(count: usize) -> String {
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    match count {
        0 => "This tab has no peer yet.".to_owned(),
        _ => format!("This tab is linked to {}.", plural(count, "peer")),
    }
}

pub(crate) fn learn_peer_height(height: u32) -> String {
    format!("knows block {height}")
}

pub(crate) fn learn_forks(beside: u32, reverted: usize, discarded: u32) -> String {
    format!(
        "Since you came: {} beside the best chain, {reverted} taken back, {discarded} discarded.",
        plural(beside, "block")
    )
}

pub(crate) fn learn_branch(branch: &Branch) -> String {
    format!(
        "A branch of {} stands beside the chain since block {}; it is discarded in {}.",
        plural(branch.length, "block"),
        branch.fork_height,
        plural(branch.discard_in, "block")
    )
}
