//! Values as a node answers with, for tests.

use node_wasm::{
    units::{Amount, Height, Timestamp},
    view::BlockSummary,
};

/// A block of one transaction; its hash and its predecessor's are these numbers.
pub(crate) fn block(hash: u64, previous: u64, height: u32, best: bool) -> BlockSummary {
    BlockSummary {
        hash: format!("{hash:064x}").parse().unwrap(),
        previous: format!("{previous:064x}").parse().unwrap(),
        height: Height(height),
        time: Timestamp::from_millis(0),
        difficulty: 1.0,
        work: "1".to_owned(),
        transactions: 1,
        size: 200,
        reward: Amount::ZERO,
        fees: Amount::ZERO,
        miner: None,
        best,
    }
}
