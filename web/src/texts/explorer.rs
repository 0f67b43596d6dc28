//! Texts of the explorer.

// Explorer.
pub(crate) const EXPLORER_LEAD: &str = "Every block of the best chain, as this node has checked it.";
pub(crate) const BLOCKS: &str = "Blocks";
pub(crate) const BLOCKS_WAITING: &str = "Looking for blocks…";
pub(crate) const BLOCKS_EMPTY: &str = "No blocks here. The chain may be shorter than this page of the list, or these blocks were dropped to save room: go back to the newest.";
pub(crate) const GENESIS: &str = "no miner: genesis";
pub(crate) const PAGER: &str = "Pages of blocks";
pub(crate) const NEWER: &str = "Newer";
pub(crate) const NEWEST: &str = "Newest";
pub(crate) const OLDER: &str = "Older";
pub(crate) const BLOCK: &str = "Block";
pub(crate) const BLOCK_WAITING: &str = "Looking for the block…";
pub(crate) const BLOCK_UNKNOWN: &str = "This node knows no such block";
pub(crate) const BLOCK_UNKNOWN_TEXT: &str = "It may be above the tip, belong to another room, or to a branch that was discarded. If this tab is still catching up, it is shown as soon as it comes.";
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
pub(crate) const TRANSACTION_LIST: &str = "Transactions of the block";
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
pub(crate) const ADDRESS_UNUSED: &str = "No transaction of this address is known here.";
pub(crate) const OWN_ADDRESS: &str = "this tab’s wallet";
pub(crate) const SENT_COUNT: &str = "Transactions sent";
pub(crate) const STALE_BLOCK: &str = "stale: not in the best chain";
pub(crate) const STALE_BLOCK_TEXT: &str = "This block was mined beside the best chain. What it holds does not count unless its branch wins; its transactions wait again or are in other blocks.";
pub(crate) const SAVE_JSON: &str = "Save as JSON";
pub(crate) const SAVE_FAILED: &str = "The browser refused to save the file";
pub(crate) const SEARCH: &str = "Search";
pub(crate) const SEARCH_PLACEHOLDER: &str = "Height, hash, transaction id or address";
pub(crate) const SEARCHING: &str = "Searching…";
pub(crate) const SEARCH_MISS: &str = "Nothing found";
pub(crate) const MISS_NOTHING: &str = "Type a height, a hash, a transaction id or an address.";
pub(crate) const MISS_HEIGHT: &str = "The best chain has no block at this height yet.";
pub(crate) const MISS_DROPPED: &str = "The chain has a block at this height, and this node does not keep it any more: old blocks are dropped, as chosen in the settings.";
pub(crate) const MISS_HASH: &str = "This node knows neither a block nor a transaction by this name. It may belong to another room, or not have arrived yet.";
pub(crate) const MISS_ADDRESS: &str = "This is neither a number, nor a hash, nor a valid address of this network. A mistyped address is told by its check digits.";

pub(crate) fn miss_height(tip: u32) -> String {
    format!("{MISS_HEIGHT} The newest one has height {tip}.")
}

pub(crate) fn miss_part(digits: usize) -> String {
    format!("A hash or a transaction id has 64 digits; this has {digits}. Please paste it whole.")
}

pub(crate) fn to_newest(tip: u32) -> String {
    format!("To block {tip}, the newest")
}

pub(crate) fn block(height: u32) -> String {
    format!("Block {height}")
}

pub(crate) fn expected_hashes(count: &str) -> String {
    format!("{count} hashes expected")
}
