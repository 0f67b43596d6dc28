//! Headers, proofs, and what a light node's figures rest on.

use super::{HistoryEntry, Page};
use crate::hash::{BlockHash, MerkleRoot, StateRoot, TxId};
use crate::units::{Height, Timestamp};
use serde::{Deserialize, Serialize};

/// What a light node's figures rest on. Confirmed balance and nonce are proved, and so is every
/// transaction that is listed. What waits to arrive is not known to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Known {
    /// The account is proved as it was after this block.
    pub block: BlockHash,
    /// Its height.
    pub height: Height,
    /// Whether that is the tip.
    pub settled: bool,
    /// Whether all payments of the address are listed: their numbers follow from the account's.
    pub outgoing: Coverage,
    /// Whether all payments to it are listed: they must add up to the balance. Young rewards are not
    /// part of that; whether all of them are listed is the word of so many peers.
    pub incoming: Coverage,
    /// Peers that listed the transactions.
    pub listed_by: u32,
}

/// Whether a list of transactions has all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub enum Coverage {
    /// It goes with the proved account: nothing was left out.
    Complete,
    /// It does not: something was left out.
    Incomplete,
    /// The whole list was not asked for.
    Unasked,
}

/// A page of the history of an address.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct HistoryPage {
    /// The rows.
    #[serde(flatten)]
    pub page: Page<HistoryEntry>,
    /// On a light node, what they rest on; absent where all blocks were checked.
    #[cfg_attr(feature = "typescript", ts(optional))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known: Option<Known>,
    /// Of an address that is not the wallet's, the first block that was looked through for it.
    #[cfg_attr(feature = "typescript", ts(optional))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Height>,
}

/// The header of a block.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct HeaderView {
    /// Hash of the header.
    pub hash: BlockHash,
    /// Hash of the block before.
    pub previous: BlockHash,
    /// Position in its chain.
    pub height: Height,
    /// When it was mined.
    pub time: Timestamp,
    /// Expected hashes to find it.
    pub difficulty: f64,
    /// Work of its chain up to here, decimal digits.
    pub work: String,
    /// Root over its transactions.
    pub merkle_root: MerkleRoot,
    /// Root over the accounts after it.
    pub state_root: StateRoot,
    /// Its 116 bytes in hex.
    pub bytes: String,
    /// Whether it is part of the best chain.
    pub best: bool,
}

/// Proof that a transaction is in a block.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct ProofView {
    /// The transaction.
    pub transaction: TxId,
    /// Its canonical bytes in hex, signature included: what the leaf is a hash of.
    pub bytes: String,
    /// Its place in the block, from 0.
    pub index: u32,
    /// Transactions in the block.
    pub count: u32,
    /// Hashes beside the way from the leaf to the root, upwards, in hex.
    pub siblings: Vec<String>,
    /// Blocks from there to the tip, both counted.
    pub confirmations: u32,
    /// Header of the block, with the root.
    pub header: HeaderView,
}
