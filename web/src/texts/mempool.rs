//! Texts of the mempool.

use super::{plural, transactions};

pub(crate) const MEMPOOL_LEAD: &str =
    "Transactions that wait for a block. Whoever finds the next block takes those first that pay most for their size.";
pub(crate) const NEXT_BLOCK: &str = "The next block";
pub(crate) const NEXT_BLOCK_NOTE: &str =
    "As this node would build it now: each piece is a transaction, as large as its bytes, the best paid at the bottom.";
pub(crate) const NEXT_BLOCK_WAITING: &str = "Building the next block…";
pub(crate) const NEXT_BLOCK_EMPTY: &str = "Nothing waits: the block would hold its reward alone.";
pub(crate) const NEXT_HEIGHT: &str = "Height";
pub(crate) const NEXT_REWARD: &str = "Its miner gets";
pub(crate) const NEXT_CONTENT: &str = "Transactions";
pub(crate) const NEXT_FILL: &str = "Filled";
pub(crate) const WAITING_LIST: &str = "Waiting transactions";
pub(crate) const WAITING_LOADING: &str = "Looking for waiting transactions…";
pub(crate) const WAITING_EMPTY_TITLE: &str = "No transaction waits";
pub(crate) const WAITING_EMPTY_TEXT: &str =
    "Send coins to somebody, or to yourself, and it waits here until a block takes it up. Coins come from mining.";
pub(crate) const TO_WALLET: &str = "To the wallet";
pub(crate) const TO_MINING: &str = "To mining";
pub(crate) const FEE_RATE: &str = "Fee rate";
pub(crate) const FEE_RATE_UNIT: &str = "TAB/kB";
pub(crate) const IN_NEXT_BLOCK: &str = "Next block";
pub(crate) const IN_NEXT: &str = "in it";
pub(crate) const LATER: &str = "later";
pub(crate) const WISH: &str = "Your miner";
pub(crate) const PIN: &str = "Pin";
pub(crate) const EXCLUDE: &str = "Leave out";
pub(crate) const PINNED: &str = "pinned";
pub(crate) const EXCLUDED: &str = "left out";
pub(crate) const WISH_NOTE: &str = "A miner decides what goes into its blocks: pin a transaction to take it first whatever it pays, or leave it out. Other miners decide for themselves.";

/// Said where the next block has more transactions than are looked at.
pub(crate) fn next_block_cut(looked_at: u32) -> String {
    format!(
        "The first {looked_at} of its transactions are drawn one by one; below them the list does not say which are in it."
    )
}

pub(crate) fn filled(bytes: &str, most: &str, percent: &str) -> String {
    format!("{bytes} of {most}, {percent} %")
}

pub(crate) fn next_block_summary(count: u32, percent: &str) -> String {
    format!("The next block would hold {} and be {percent} % full. They are in the list below.", transactions(count))
}

pub(crate) fn tile(id: &str, rate: &str, bytes: u32) -> String {
    format!("{id}: {rate} {FEE_RATE_UNIT}, {}", plural(bytes, "byte"))
}

pub(crate) fn further(count: u32) -> String {
    format!("{} more", transactions(count))
}

pub(crate) fn wish_label(wish: &str, id: &str) -> String {
    format!("{wish}: transaction {id}")
}
