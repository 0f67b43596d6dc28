//! The index of addresses lies in memory alone. After a reopening it grows downwards again from the
//! stored blocks: a few at a time, and while nothing else is read.

use super::Node;
use super::loading::Purpose;
use crate::block::Block;
use crate::hash::BlockHash;
use crate::units::{Height, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Time from the start until the first old block is read: opening and the first links come first.
const REST: Duration = Duration::from_secs(3);
/// Blocks that are read at a time at most, if they are nearly empty.
const MAX_STEP: usize = 64;
/// Transactions of blocks read at a time below which more blocks are read the next time, and above which
/// fewer: some 300 kB to a megabyte.
const STEP_TRANSACTIONS: (usize, usize) = (1_000, 4_000);
/// Transactions that are added in one go: some milliseconds.
const TRANSACTIONS_AT_ONCE: usize = 2_000;

/// How far reading old blocks for the index is.
#[derive(Debug)]
pub(super) struct Backfill {
    begins: Timestamp,
    /// Blocks to read the next time.
    step: usize,
    reading: bool,
    read: BTreeMap<BlockHash, Option<Arc<Block>>>,
}

impl Backfill {
    pub(super) fn new(now: Timestamp) -> Self {
        Self { begins: now.after(REST), step: 1, reading: false, read: BTreeMap::new() }
    }

    /// Blocks were read, or could not be.
    pub(super) fn loaded(&mut self, blocks: BTreeMap<BlockHash, Option<Arc<Block>>>) {
        let transactions: usize = blocks.values().flatten().map(|block| block.transactions.len()).sum();
        if transactions < STEP_TRANSACTIONS.0 {
            self.step = (self.step * 2).min(MAX_STEP);
        } else if transactions > STEP_TRANSACTIONS.1 {
            self.step = (self.step / 2).max(1);
        }
        (self.reading, self.read) = (false, blocks);
    }
}

impl Node {
    /// Adds some old blocks to the index, and has the next ones read.
    pub(super) fn fill_addresses(&mut self) {
        if self.fills_at().is_none_or(|at| at > self.now) {
            return;
        }
        let (issuer, oldest) = (self.chain.params().issuer, self.chain.oldest());
        let mut left = TRANSACTIONS_AT_ONCE;
        while left > 0
            && let Some(height) = self.addresses.lacks(oldest)
            && let Some(hash) = self.chain.hash_at(height)
        {
            let block = match self.chain.block(&hash) {
                Some(block) => Some(block),
                None if self.backfill.read.contains_key(&hash) => self.backfill.read.remove(&hash).flatten(),
                None if self.chain.is_stored(&hash) && self.storage.can_read() => {
                    return self.read_below(height, oldest);
                }
                None => None,
            };
            // What is below a block that is lost is not looked at: the index has no gap.
            let Some(block) = block else { return self.addresses.close() };
            left = left.saturating_sub(1 + block.transactions.len());
            self.addresses.extend_down(&block, issuer);
        }
    }

    fn read_below(&mut self, height: Height, oldest: Height) {
        let only_stored = |hash: &BlockHash| self.chain.is_stored(hash) && self.chain.block(hash).is_none();
        let heights = (oldest.0.max(1)..=height.0).rev();
        let hashes = heights.map_while(|height| self.chain.hash_at(Height(height))).take_while(only_stored);
        let hashes: Vec<BlockHash> = hashes.take(self.backfill.step).collect();
        (self.backfill.reading, self.backfill.read) = (true, BTreeMap::new());
        self.read_blocks(Purpose::Places, hashes);
    }

    /// When the index goes on growing downwards, unless it waits for something that will be told.
    pub(super) fn fills_at(&self) -> Option<Timestamp> {
        let waits = self.backfill.reading || !self.loads.under_way.is_empty() || self.is_behind();
        let lacks = || self.addresses.lacks(self.chain.oldest()).is_some();
        (self.chain.keeps_bodies() && !waits && lacks()).then_some(self.backfill.begins)
    }
}
