//! Parts of the chain as programs keep them, and what became of those that were brought.

use crate::hash::BlockHash;
use crate::units::Height;
use serde::{Deserialize, Serialize};

/// Some blocks of the best chain, one after the other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(optional_fields = nullable))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChainPart {
    /// The first block of their chain, by which chains are told apart.
    pub genesis: BlockHash,
    /// Canonical bytes of the blocks in hex digits, the lowest first.
    pub blocks: Vec<String>,
    /// Height at which the next part begins; absent at the tip.
    pub next: Option<u32>,
}

/// What became of a part that was taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Imported {
    /// Blocks that are new here, and valid.
    pub taken: u32,
    /// Blocks that were here already.
    pub known: u32,
    /// Height of the best chain now.
    pub height: Height,
}
