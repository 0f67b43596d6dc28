//! The tree as a map of blocks: the tip is looked for among all of them, each replayed from genesis.

use super::pool;
use super::state::State;
use crate::block::{Block, BlockHeader};
use crate::chain::ledger::LedgerError;
use crate::chain::tree::InsertError;
use crate::consensus::difficulty;
use crate::consensus::validation::{BodyError, HeaderError};
use crate::hash::BlockHash;
use crate::params::ChainParams;
use crate::transaction::Transaction;
use crate::units::Timestamp;
use primitive_types::U256;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

/// Target of a block on these headers, newest first: all there are, or eleven. And its earliest
/// time by the median, and by the latest.
pub(super) fn next_rules(
    params: &ChainParams,
    recent: &[BlockHeader],
) -> (crate::units::CompactTarget, [Timestamp; 2]) {
    let target = difficulty::next_target(params, &recent.iter().collect::<Vec<_>>());
    let mut times: Vec<u64> = recent.iter().map(|header| header.time.millis()).collect();
    times.sort_unstable();
    let ahead = u64::try_from(params.max_ahead.as_millis()).expect("minutes");
    (target, [times[times.len() / 2] + 1, times[times.len() - 1] - ahead].map(Timestamp::from_millis))
}

/// Whether a header's hash is at or below its target.
pub(super) fn meets_target(header: &BlockHeader) -> bool {
    header.target.expand().is_some_and(|target| U256::from_big_endian(&header.hash().0) <= target.0)
}

/// Why a body is not one, whatever the accounts.
pub(super) fn body_flaw(params: &ChainParams, block: &Block) -> Option<BodyError> {
    let bytes = 116 + 4 + block.transactions.iter().map(|one| one.to_bytes().len()).sum::<usize>();
    if bytes > params.max_block_bytes {
        return Some(BodyError::TooLarge(bytes));
    }
    if block.merkle_root() != block.header.merkle_root {
        return Some(BodyError::MerkleRoot);
    }
    match block.transactions.first() {
        None => return Some(BodyError::NoReward),
        Some(Transaction::Reward(reward)) if reward.height == block.header.height => {}
        Some(Transaction::Reward(_)) => return Some(BodyError::RewardHeight),
        Some(_) => return Some(BodyError::MisplacedReward),
    }
    for (index, transaction) in block.transactions.iter().enumerate().skip(1) {
        let id = transaction.id();
        if matches!(transaction, Transaction::Reward(_)) {
            return Some(BodyError::MisplacedReward);
        }
        if block.transactions[1..index].iter().any(|other| other.id() == id) {
            return Some(BodyError::Duplicate(id));
        }
        if let Some(flaw) = pool::flaw(params, transaction) {
            return Some(BodyError::Transaction(id, flaw));
        }
    }
    None
}

/// A block that is not forgotten.
#[derive(Debug)]
struct Entry {
    header: BlockHeader,
    body: Option<Arc<Block>>,
    /// Work of the chain that ends here.
    work: U256,
    /// Order in which headers came.
    arrived: usize,
    /// Order in which blocks became complete.
    completed: Option<usize>,
    /// Found to be invalid, or to stand on such a block.
    refused: bool,
}

/// What an event changed.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) reverted: Vec<BlockHash>,
    pub(super) connected: Vec<BlockHash>,
    pub(super) discarded: BTreeSet<BlockHash>,
    pub(super) discarded_tips: BTreeSet<BlockHash>,
    pub(super) invalid: Vec<(BlockHash, LedgerError)>,
}

/// The model of the tree.
#[derive(Debug)]
pub(super) struct Model {
    params: ChainParams,
    entries: BTreeMap<BlockHash, Entry>,
    /// What replaying a block gave; it follows from the block alone.
    replayed: BTreeMap<BlockHash, Result<Rc<State>, LedgerError>>,
    genesis: BlockHash,
    tip: BlockHash,
    last: usize,
}

impl Model {
    pub(super) fn new(params: ChainParams) -> Self {
        let state = State::genesis(&params);
        let block = params.genesis(state.root());
        let genesis = block.header.hash();
        let (header, body, work) = (block.header, Some(Arc::new(block)), U256::zero());
        let entry = Entry { header, body, work, arrived: 0, completed: Some(0), refused: false };
        Self {
            params,
            entries: BTreeMap::from([(genesis, entry)]),
            replayed: BTreeMap::from([(genesis, Ok(Rc::new(state)))]),
            genesis,
            tip: genesis,
            last: 0,
        }
    }

    pub(super) fn tip(&self) -> BlockHash {
        self.tip
    }

    pub(super) fn header(&self, hash: &BlockHash) -> BlockHeader {
        self.entries[hash].header
    }

    pub(super) fn work(&self, hash: &BlockHash) -> U256 {
        self.entries[hash].work
    }

    pub(super) fn knows(&self, hash: &BlockHash) -> bool {
        self.entries.contains_key(hash)
    }

    pub(super) fn is_refused(&self, hash: &BlockHash) -> bool {
        self.entries[hash].refused
    }

    pub(super) fn has_body(&self, hash: &BlockHash) -> bool {
        self.entries[hash].body.is_some()
    }

    /// Every block that is not forgotten.
    pub(super) fn known(&self) -> Vec<BlockHash> {
        self.entries.keys().copied().collect()
    }

    /// The state at the tip.
    pub(super) fn state(&self) -> Rc<State> {
        self.replayed[&self.tip].clone().expect("the tip is valid")
    }

    /// A block and all before it, newest first.
    pub(super) fn path(&self, hash: &BlockHash) -> Vec<BlockHash> {
        let mut path = vec![*hash];
        while path[path.len() - 1] != self.genesis {
            path.push(self.entries[&path[path.len() - 1]].header.previous);
        }
        path
    }

    /// A block and up to ten before it.
    pub(super) fn recent(&self, hash: &BlockHash) -> Vec<BlockHeader> {
        self.path(hash).iter().take(11).map(|hash| self.entries[hash].header).collect()
    }

    /// Most work of what may turn out valid.
    pub(super) fn most_work(&self) -> U256 {
        self.entries.values().filter(|entry| !entry.refused).map(|entry| entry.work).max().expect("genesis")
    }

    /// Headers whose bodies are wanted.
    pub(super) fn missing(&self) -> BTreeSet<BlockHash> {
        let wanted = self.entries.iter().filter(|(_, entry)| entry.body.is_none() && !entry.refused);
        wanted.map(|(hash, _)| *hash).collect()
    }

    /// Blocks beside the best chain that may be valid, and on which no such block stands.
    pub(super) fn branch_tips(&self) -> BTreeSet<BlockHash> {
        let valid = || self.entries.iter().filter(|(_, entry)| !entry.refused);
        let parents: BTreeSet<BlockHash> = valid().map(|(_, entry)| entry.header.previous).collect();
        let best: BTreeSet<BlockHash> = self.path(&self.tip).into_iter().collect();
        valid().map(|(hash, _)| *hash).filter(|hash| !parents.contains(hash) && !best.contains(hash)).collect()
    }

    pub(super) fn insert_header(&mut self, header: BlockHeader) -> Result<bool, InsertError> {
        let hash = header.hash();
        if let Some(entry) = self.entries.get(&hash) {
            return if entry.refused { Err(InsertError::OnInvalid) } else { Ok(false) };
        }
        let Some(parent) = self.entries.get(&header.previous) else { return Err(InsertError::Orphan) };
        if parent.refused {
            return Err(InsertError::OnInvalid);
        }
        if let Some(flaw) = self.header_flaw(&header, &parent.header) {
            return Err(InsertError::Invalid(flaw));
        }
        let target = header.target.expand().expect("it is the one demanded").0;
        // 2^256 / (target + 1) without the 257th bit; no target here is the greatest number.
        let own = (U256::MAX - target) / (target + 1) + 1;
        let work = parent.work + own;
        self.last += 1;
        let entry = Entry { header, body: None, work, arrived: self.last, completed: None, refused: false };
        self.entries.insert(hash, entry);
        Ok(true)
    }

    fn header_flaw(&self, header: &BlockHeader, parent: &BlockHeader) -> Option<HeaderError> {
        let (expected, [by_median, by_latest]) = next_rules(&self.params, &self.recent(&header.previous));
        if header.version != 1 {
            return Some(HeaderError::Version(header.version));
        }
        if header.height.0 != parent.height.0 + 1 {
            return Some(HeaderError::Height { found: header.height, parent: parent.height });
        }
        if header.target != expected {
            return Some(HeaderError::Target { found: header.target, expected });
        }
        if !meets_target(header) {
            return Some(HeaderError::Work);
        }
        if header.time < by_median {
            return Some(HeaderError::TooOld);
        }
        (header.time < by_latest).then_some(HeaderError::DatedBack)
    }

    /// Takes in a body that was checked.
    pub(super) fn insert_body(&mut self, block: &Arc<Block>) -> Outcome {
        let hash = block.header.hash();
        let Some(entry) = self.entries.get_mut(&hash) else { return Outcome::default() };
        if entry.refused || entry.body.is_some() {
            return Outcome::default();
        }
        entry.body = Some(block.clone());
        self.complete(&hash);
        self.choose()
    }

    /// Refuses a block for its body.
    pub(super) fn refuse(&mut self, hash: &BlockHash) -> Outcome {
        if self.knows(hash) {
            self.mark(hash);
        }
        self.choose()
    }

    fn children(&self, hash: &BlockHash) -> Vec<BlockHash> {
        let mut children: Vec<_> = self.entries.iter().filter(|(_, entry)| entry.header.previous == *hash).collect();
        children.sort_by_key(|(_, entry)| entry.arrived);
        children.into_iter().map(|(hash, _)| *hash).collect()
    }

    fn mark(&mut self, hash: &BlockHash) {
        let entry = self.entries.get_mut(hash).expect("it is known");
        (entry.refused, entry.completed) = (true, None);
        self.children(hash).iter().for_each(|child| self.mark(child));
    }

    /// A block is complete when it and all before it have their bodies. What becomes complete by one
    /// body does so from below, the header that came first before the others.
    fn complete(&mut self, hash: &BlockHash) {
        let parent = self.entries[&self.entries[hash].header.previous].completed;
        let entry = self.entries.get_mut(hash).expect("it is known");
        if parent.is_none() || entry.body.is_none() || entry.refused {
            return;
        }
        self.last += 1;
        entry.completed = Some(self.last);
        self.children(hash).iter().for_each(|child| self.complete(child));
    }

    /// What replaying a complete block from genesis gives, or which block of it is invalid.
    fn replay(&mut self, hash: &BlockHash) -> Result<Rc<State>, (BlockHash, LedgerError)> {
        for hash in self.path(hash).into_iter().rev() {
            if !self.replayed.contains_key(&hash) {
                let block = self.entries[&hash].body.clone().expect("it is complete");
                let before = self.replayed[&block.header.previous].clone().expect("seen a step ago");
                self.replayed.insert(hash, before.after(&self.params, &block).map(Rc::new));
            }
            if let Err(error) = &self.replayed[&hash] {
                return Err((hash, *error));
            }
        }
        Ok(self.replayed[hash].clone().expect("seen above"))
    }

    /// The tip is the valid complete block with the most work, of equals the one complete first.
    fn choose(&mut self) -> Outcome {
        let mut outcome = Outcome::default();
        let before = self.path(&self.tip);
        loop {
            let complete = self.entries.iter().filter(|(_, entry)| entry.completed.is_some());
            let best = complete.max_by_key(|(_, entry)| (entry.work, Reverse(entry.completed)));
            let best = *best.expect("genesis is complete").0;
            match self.replay(&best) {
                Ok(_) => {
                    self.tip = best;
                    break;
                }
                Err((culprit, error)) => {
                    outcome.invalid.push((culprit, error));
                    self.mark(&culprit);
                }
            }
        }
        let after = self.path(&self.tip);
        outcome.reverted = before.iter().filter(|hash| !after.contains(hash)).copied().collect();
        outcome.connected = after.iter().rev().filter(|hash| !before.contains(hash)).copied().collect();
        if self.tip != before[0] {
            self.discard(&mut outcome);
        }
        outcome
    }

    /// Forgets the branches whose newest block is too far below the tip, unless they have more work.
    fn discard(&mut self, outcome: &mut Outcome) {
        let parents: BTreeSet<BlockHash> = self.entries.values().map(|entry| entry.header.previous).collect();
        let (height, work) = (self.entries[&self.tip].header.height.0, self.entries[&self.tip].work);
        let behind = |entry: &Entry| {
            entry.header.height.0 + self.params.prune_depth <= height && (entry.refused || entry.work <= work)
        };
        let newest = self.entries.iter().filter(|(hash, _)| !parents.contains(hash));
        let (lost, alive): (Vec<_>, Vec<_>) = newest.partition(|(_, entry)| behind(entry));
        outcome.discarded_tips = lost.into_iter().map(|(hash, _)| *hash).collect();
        let kept: BTreeSet<BlockHash> = alive.into_iter().flat_map(|(hash, _)| self.path(hash)).collect();
        let gone = |hash: &BlockHash| !kept.contains(hash);
        let bodies = self.entries.iter().filter(|(hash, entry)| gone(hash) && entry.body.is_some());
        outcome.discarded = bodies.map(|(hash, _)| *hash).collect();
        self.entries.retain(|hash, _| kept.contains(hash));
    }
}
