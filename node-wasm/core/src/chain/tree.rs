//! The tree of all live branches and the one place where the tip changes.
//!
//! Headers come first and bodies later, in any order. A block is *complete* when it and all blocks
//! before it have their bodies. The tip is the complete, valid block with the most work; between
//! equal work it is the one that was complete first. What a change did is a value: [`Change`].
//!
//! With a store ([`Chain::keep`]) old bodies leave the memory; what a change needs of them is then
//! asked for first ([`Chain::wanted`]).

mod kept;

pub use kept::Wanted;

mod headers;
mod proofs;

pub use headers::HeaderChange;
pub use proofs::{MAX_REWIND, MAX_REWOUND};

use crate::block::{Block, BlockHeader};
use crate::chain::accounts::AccountProof;
use crate::chain::arena::{Arena, Id};
use crate::chain::ledger::{Ledger, LedgerError, Undo};
use crate::consensus::difficulty;
use crate::consensus::validation::{self, HeaderError, MEDIAN_SPAN};
use crate::hash::{BlockHash, StateRoot};
use crate::keys::Address;
use crate::params::ChainParams;
use crate::sentence::Say;
use crate::transaction::Transaction;
use crate::units::{CompactTarget, Height, Timestamp, Work};
use kept::Keeping;
use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Most hashes in a locator: enough for 2^20 blocks behind ten dense ones.
pub const MAX_LOCATOR: usize = 32;
/// Most headers without a body beside the branch with the most work. Each has its proof of work,
/// but old targets are easy: whoever forks at every height must not fill the memory. An honest
/// room has a handful; 4,000 are below a megabyte.
pub const MAX_IDLE_HEADERS: usize = 4_000;

/// Why a header is not taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, Say)]
pub enum InsertError {
    /// Its parent is not known: ask for what lies between.
    #[error("the parent is not known")]
    Orphan,
    /// It breaks a rule.
    #[error("invalid header: {0}")]
    Invalid(#[from] HeaderError),
    /// It stands on an invalid block.
    #[error("it stands on an invalid block")]
    OnInvalid,
}

/// What a change of the tree did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Change {
    /// Blocks that left the best chain, newest first.
    pub reverted: Vec<Arc<Block>>,
    /// Blocks that joined it, oldest first.
    pub connected: Vec<Arc<Block>>,
    /// Blocks of branches that fell too far behind and were forgotten.
    pub discarded: Vec<Arc<Block>>,
    /// Tips of these branches.
    pub discarded_tips: Vec<BlockHash>,
    /// Blocks found invalid against the accounts.
    pub invalid: Vec<(BlockHash, LedgerError)>,
}

/// All live branches, and the ledger at the tip of the best.
#[derive(Debug)]
pub struct Chain {
    params: ChainParams,
    arena: Arena,
    /// The best chain by height.
    best: Vec<Id>,
    ledger: Ledger,
    /// Complete blocks that are not part of the best chain, the one to choose last.
    candidates: BTreeSet<(Work, Reverse<u64>, Id)>,
    /// Headers without a body, lowest first.
    missing: BTreeSet<(Height, Id)>,
    /// Blocks on which nothing stands, lowest first: the tips of all branches.
    leaves: BTreeSet<(Height, Id)>,
    /// The header with the most work that is not known to be invalid.
    best_header: Id,
    /// The line of the best header by height: tells at once whether a block is before it.
    lead: Vec<Id>,
    sequence: u64,
    /// What the store must learn and give, if there is one.
    keeping: Option<Keeping>,
    /// Whether bodies are wanted; without them the best header is the tip.
    bodies: bool,
}

impl Chain {
    /// A chain of the genesis block alone.
    pub fn new(params: ChainParams) -> Self {
        let mut ledger = Ledger::genesis(&params);
        let block = params.genesis(ledger.state_root());
        let mut arena = Arena::new(&block.header);
        let extra = arena.extra_mut(Arena::GENESIS);
        (extra.body, extra.complete, extra.undo) = (Some(Arc::new(block)), Some(0), Some(Undo::default()));
        Self {
            params,
            arena,
            best: vec![Arena::GENESIS],
            ledger,
            candidates: BTreeSet::new(),
            missing: BTreeSet::new(),
            leaves: BTreeSet::from([(Height::GENESIS, Arena::GENESIS)]),
            best_header: Arena::GENESIS,
            lead: vec![Arena::GENESIS],
            sequence: 1,
            keeping: None,
            bodies: true,
        }
    }

    /// The rules of this chain.
    pub fn params(&self) -> &ChainParams {
        &self.params
    }

    /// Hash of the first block: names the network.
    pub fn genesis(&self) -> BlockHash {
        self.arena.hash(Arena::GENESIS)
    }

    /// Hash of the tip.
    pub fn tip(&self) -> BlockHash {
        self.arena.hash(self.tip_id())
    }

    /// Header of the tip.
    pub fn tip_header(&self) -> BlockHeader {
        self.arena.header(self.tip_id())
    }

    /// Height of the tip.
    pub fn height(&self) -> Height {
        self.arena.height(self.tip_id())
    }

    /// Work of the best chain.
    pub fn work(&self) -> Work {
        self.arena.work(self.tip_id())
    }

    /// Accounts after the tip.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Number of headers of all branches.
    pub fn header_count(&self) -> usize {
        self.arena.len()
    }

    /// The header with the most work that may turn out valid, and its work.
    pub fn best_header(&self) -> (BlockHeader, Work) {
        (self.arena.header(self.best_header), self.arena.work(self.best_header))
    }

    /// A header of any live branch.
    pub fn header(&self, hash: &BlockHash) -> Option<BlockHeader> {
        self.arena.find(hash).map(|id| self.arena.header(id))
    }

    /// Work of the chain that ends in this block.
    pub fn work_of(&self, hash: &BlockHash) -> Option<Work> {
        self.arena.find(hash).map(|id| self.arena.work(id))
    }

    /// Whether the body of a block is here or in the store.
    pub fn has_block(&self, hash: &BlockHash) -> bool {
        self.arena.find(hash).is_some_and(|id| self.has_body(id))
    }

    /// A block of any live branch, if its body is in memory.
    pub fn block(&self, hash: &BlockHash) -> Option<Arc<Block>> {
        self.body(self.arena.find(hash)?)
    }

    /// Least work that a branch must have in all to be worth keeping: that of the best chain
    /// `prune_depth` blocks below the tip. A branch with less would be discarded with the next block.
    pub fn minimum_work(&self) -> Work {
        let lowest = Height(self.height().0.saturating_sub(self.params.prune_depth));
        self.id_at(lowest).map(|id| self.arena.work(id)).unwrap_or_default()
    }

    /// Headers that end in this one, newest first: as many as the rules for a next one look at.
    pub fn headers_up_to(&self, hash: &BlockHash) -> Vec<BlockHeader> {
        self.arena.find(hash).map(|id| self.recent(id)).unwrap_or_default()
    }

    /// Whether a block is this tip or stands before it.
    pub fn leads_to(&self, hash: &BlockHash, tip: &BlockHash) -> bool {
        let (Some(id), Some(tip)) = (self.arena.find(hash), self.arena.find(tip)) else { return false };
        let height = self.arena.height(id);
        let above = |at: &Id| self.arena.height(*at) > height && !self.is_leading(*at);
        let Some(at) = self.line(tip).find(|at| !above(at)) else { return false };
        at == id || (self.arena.height(at) > height && self.is_leading(id))
    }

    /// Number of headers whose bodies are not here, without those on invalid blocks.
    pub fn missing_count(&self) -> usize {
        self.missing.len()
    }

    /// Whether a block is known to be invalid.
    pub fn is_invalid(&self, hash: &BlockHash) -> bool {
        self.arena.find(hash).is_some_and(|id| self.arena.is_invalid(id))
    }

    /// Hash of the best chain's block of this height.
    pub fn hash_at(&self, height: Height) -> Option<BlockHash> {
        self.id_at(height).map(|id| self.arena.hash(id))
    }

    /// Whether a block is part of the best chain.
    pub fn is_best(&self, hash: &BlockHash) -> bool {
        self.arena.find(hash).is_some_and(|id| self.on_best(id))
    }

    /// Headers whose bodies are not here, lowest first, without those on invalid blocks.
    pub fn missing(&self) -> impl Iterator<Item = BlockHash> {
        self.missing.iter().map(|(_, id)| self.arena.hash(*id))
    }

    /// Newest blocks of all branches beside the best chain: complete or not, never invalid.
    pub fn branch_tips(&self) -> BTreeSet<BlockHash> {
        let valid = |leaf: Id| self.line(leaf).find(|id| !self.arena.is_invalid(*id));
        let tips = self.leaves.iter().filter_map(|(_, leaf)| valid(*leaf));
        // Below an invalid block there may be one on which a valid one stands, too.
        let newest = |id: &Id| self.arena.children(*id).all(|child| self.arena.is_invalid(child));
        tips.filter(|id| !self.on_best(*id) && newest(id)).map(|id| self.arena.hash(id)).collect()
    }

    /// The block where a branch left the best chain; genesis for a block that is not known.
    pub fn fork_point(&self, tip: &BlockHash) -> BlockHash {
        let id = self.arena.find(tip).unwrap_or(Arena::GENESIS);
        self.arena.hash(self.fork_of(id))
    }

    /// Target and earliest time of a block on the tip.
    pub fn next_rules(&self) -> (CompactTarget, Timestamp) {
        let recent = self.recent(self.tip_id());
        let recent: Vec<&BlockHeader> = recent.iter().collect();
        let target = difficulty::next_target(&self.params, &recent);
        (target, validation::earliest_time(&self.params, &recent))
    }

    /// Proof of what an address has after the tip, for who has no more than the tip's header.
    pub fn prove_account(&mut self, address: &Address) -> AccountProof {
        self.ledger.prove(address)
    }

    /// Root over the accounts after a block on the tip with these transactions.
    pub fn preview(&mut self, transactions: &[Transaction]) -> Result<StateRoot, LedgerError> {
        let height = self.height().next().ok_or(LedgerError::Overflow)?;
        self.ledger.preview(&self.params, height, transactions)
    }

    /// Hashes that tell a peer which blocks are here: dense at the end, sparse towards genesis.
    pub fn locator(&self) -> Vec<BlockHash> {
        // The best header's branch down to the best chain, then the best chain in growing steps.
        let branch = self.line(self.best_header).take_while(|id| !self.on_best(*id)).take(MAX_LOCATOR / 2);
        let mut locator: Vec<BlockHash> = branch.map(|id| self.arena.hash(id)).collect();
        let mut index = self.best.len() - 1;
        let mut step = 1;
        while locator.len() < MAX_LOCATOR - 1 && index > 0 {
            locator.push(self.arena.hash(self.best[index]));
            if locator.len() > 8 {
                step *= 2;
            }
            index = index.saturating_sub(step);
        }
        locator.push(self.genesis());
        locator
    }

    /// Headers of the best chain behind the first hash of a locator that is part of it.
    pub fn headers_after(&self, locator: &[BlockHash], limit: usize) -> Vec<BlockHeader> {
        let known = locator.iter().filter_map(|hash| self.arena.find(hash)).find(|id| self.on_best(*id));
        let start = known.map_or(0, |id| self.arena.height(id).0 as usize) + 1;
        self.best.iter().skip(start).take(limit).map(|id| self.arena.header(*id)).collect()
    }

    /// Takes in a header; gives whether it is new.
    pub fn insert_header(&mut self, header: BlockHeader) -> Result<bool, InsertError> {
        let hash = header.hash();
        if let Some(known) = self.arena.find(&hash) {
            return if self.arena.is_invalid(known) { Err(InsertError::OnInvalid) } else { Ok(false) };
        }
        let parent = self.arena.find(&header.previous).ok_or(InsertError::Orphan)?;
        if self.arena.is_invalid(parent) {
            return Err(InsertError::OnInvalid);
        }
        let recent = self.recent(parent);
        validation::check_header(&self.params, &header, &recent.iter().collect::<Vec<_>>())?;

        let own = header.target.expand().map(crate::units::Target::work).unwrap_or_default();
        let work = self.arena.work(parent).plus(own);
        let id = self.arena.insert(hash, &header, work, parent);
        self.leaves.remove(&(self.arena.height(parent), parent));
        self.leaves.insert((header.height, id));
        if self.bodies {
            self.missing.insert((header.height, id));
        }
        self.touch(id);
        if work > self.arena.work(self.best_header) {
            self.lead_with(id);
        }
        self.bound_idle_headers();
        Ok(true)
    }

    /// Takes in the body of a known header, whose transactions and signatures were checked.
    /// The tip moves to the best complete block. Unknown and repeated bodies change nothing.
    pub fn insert_body(&mut self, block: Arc<Block>) -> Change {
        let wanted = self.arena.find(&block.header.hash());
        let wanted = wanted.filter(|id| self.missing.contains(&(self.arena.height(*id), *id)));
        let Some(id) = wanted else { return Change::default() };
        self.arena.extra_mut(id).body = Some(block);
        self.missing.remove(&(self.arena.height(id), id));
        self.keep_body(id);
        self.complete_from(id);
        self.choose_tip()
    }

    /// Marks a block and all that stand on it as invalid.
    pub fn mark_invalid(&mut self, hash: BlockHash) -> Change {
        if let Some(id) = self.arena.find(&hash) {
            self.invalidate(id);
        }
        self.choose_tip()
    }

    fn tip_id(&self) -> Id {
        self.best.last().copied().unwrap_or(Arena::GENESIS)
    }

    fn id_at(&self, height: Height) -> Option<Id> {
        self.best.get(usize::try_from(height.0).ok()?).copied()
    }

    fn on_best(&self, id: Id) -> bool {
        self.id_at(self.arena.height(id)) == Some(id)
    }

    fn body(&self, id: Id) -> Option<Arc<Block>> {
        self.arena.extra(id)?.body.clone()
    }

    fn has_body(&self, id: Id) -> bool {
        self.arena.is_stored(id) || self.arena.extra(id).is_some_and(|extra| extra.body.is_some())
    }

    /// Order in which a block became complete. Of old blocks of the best chain nothing is remembered
    /// beside their headers: they became complete one after the other, before all later ones.
    fn completed(&self, id: Id) -> Option<u64> {
        let remembered = self.arena.extra(id).and_then(|extra| extra.complete);
        remembered.or_else(|| self.on_best(id).then(|| u64::from(self.arena.height(id).0)))
    }

    /// Whether a header is the best one or stands before it.
    fn is_leading(&self, id: Id) -> bool {
        self.lead.get(self.arena.height(id).0 as usize) == Some(&id)
    }

    fn lead_with(&mut self, id: Id) {
        self.best_header = id;
        let fresh: Vec<Id> = self.line(id).take_while(|id| !self.is_leading(*id)).collect();
        self.lead.truncate(self.arena.height(id).0 as usize + 1 - fresh.len());
        self.lead.extend(fresh.iter().rev());
    }

    /// A block and all before it, down to genesis.
    fn line(&self, id: Id) -> impl Iterator<Item = Id> {
        std::iter::successors(Some(id), |id| (*id != Arena::GENESIS).then(|| self.arena.parent(*id)))
    }

    fn fork_of(&self, id: Id) -> Id {
        if self.is_leading(id) {
            // Both lines are the same up to the fork, and nowhere after.
            let (mut low, mut high) = (0, self.best.len().min(self.arena.height(id).0 as usize + 1));
            while high - low > 1 {
                let middle = low.midpoint(high);
                if self.best[middle] == self.lead[middle] { low = middle } else { high = middle }
            }
            return self.best[low];
        }
        self.line(id).find(|id| self.on_best(*id)).unwrap_or(Arena::GENESIS)
    }

    /// Headers that end in this one, newest first: as many as the rules look at.
    fn recent(&self, id: Id) -> Vec<BlockHeader> {
        self.line(id).take(MEDIAN_SPAN).map(|id| self.arena.header(id)).collect()
    }

    /// Marks blocks complete whose bodies and predecessors are all here now.
    fn complete_from(&mut self, id: Id) {
        let mut queue = vec![id];
        while let Some(id) = queue.pop() {
            let ready = self.has_body(id) && self.completed(id).is_none() && !self.arena.is_invalid(id);
            if !ready || self.completed(self.arena.parent(id)).is_none() {
                continue;
            }
            self.candidates.insert((self.arena.work(id), Reverse(self.sequence), id));
            self.arena.extra_mut(id).complete = Some(self.sequence);
            self.sequence += 1;
            queue.extend(self.arena.children(id));
        }
    }

    /// Moves the tip to the best complete block that is valid. The only place where the tip changes.
    fn choose_tip(&mut self) -> Change {
        let mut change = Change::default();
        // What stood above the lowest place that was reached, newest first.
        let mut removed: Vec<Id> = Vec::new();
        let mut lowest = self.best.len();
        self.want_nothing();
        while let Some((work, completed, id)) = self.candidates.last().copied() {
            let tip = self.tip_id();
            if (work, completed) <= (self.arena.work(tip), Reverse(self.completed(tip).unwrap_or_default())) {
                break;
            }
            let fork = self.fork_of(id);
            let Some(id) = self.reachable(id, fork) else { break };
            while self.tip_id() != fork {
                removed.extend((self.best.len() <= lowest).then(|| self.tip_id()));
                lowest = lowest.min(self.best.len() - 1);
                self.disconnect_tip();
            }
            if let Err((culprit, error)) = self.connect_branch(id, fork) {
                change.invalid.push((self.arena.hash(culprit), error));
                self.invalidate(culprit);
            }
        }
        let common = removed.iter().rev().zip(&self.best[lowest..]).take_while(|(old, new)| old == new).count();
        removed.truncate(removed.len() - common);
        change.reverted = removed.iter().filter_map(|id| self.body(*id)).collect();
        change.connected = self.best[lowest + common..].iter().filter_map(|id| self.body(*id)).collect();
        if !change.connected.is_empty() {
            if self.arena.work(self.best_header) <= self.work() {
                // Headers of equal work are no reason to keep a branch that has fallen behind.
                self.best_header = self.tip_id();
            }
            self.discard(&mut change);
        }
        change
    }

    /// Connects the branch that ends in this block and starts on the tip. Stops at the first block
    /// that turns out invalid and gives it; the tip then stands below it.
    fn connect_branch(&mut self, tip: Id, fork: Id) -> Result<(), (Id, LedgerError)> {
        let path: Vec<Id> = self.line(tip).take_while(|id| *id != fork).collect();
        path.into_iter().rev().try_for_each(|id| self.connect(id).map_err(|error| (id, error)))
    }

    fn connect(&mut self, id: Id) -> Result<(), LedgerError> {
        let body = self.body(id).ok_or(LedgerError::Misplaced)?;
        let undo = self.ledger.apply(&self.params, &body)?;
        if let Some(sequence) = self.completed(id) {
            self.candidates.remove(&(self.arena.work(id), Reverse(sequence), id));
        }
        self.arena.extra_mut(id).undo = Some(undo);
        self.best.push(id);
        Ok(())
    }

    fn disconnect_tip(&mut self) {
        let complete = self.completed(self.tip_id());
        let Some(id) = self.best.pop() else { return };
        let extra = self.arena.extra_mut(id);
        extra.complete = complete;
        let undo = extra.undo.take();
        if let Some(undo) = undo {
            self.ledger.revert(undo);
        }
        if let Some(sequence) = complete {
            self.candidates.insert((self.arena.work(id), Reverse(sequence), id));
        }
    }

    fn invalidate(&mut self, id: Id) {
        let mut queue = vec![id];
        while let Some(id) = queue.pop() {
            self.arena.set_invalid(id);
            self.drop_body(id);
            queue.extend(self.arena.children(id));
            self.missing.remove(&(self.arena.height(id), id));
            if let Some(sequence) = self.completed(id) {
                self.arena.extra_mut(id).complete = None;
                self.candidates.remove(&(self.arena.work(id), Reverse(sequence), id));
            }
        }
        if self.arena.is_invalid(self.best_header) {
            // The most work is at a leaf, or right below an invalid one.
            let valid = |leaf: Id| self.line(leaf).find(|id| !self.arena.is_invalid(*id));
            let tips = self.leaves.iter().filter_map(|(_, leaf)| valid(*leaf));
            let best = tips.max_by_key(|id| self.arena.work(*id)).unwrap_or(Arena::GENESIS);
            self.lead_with(best);
        }
    }

    /// Forgets branches that are `prune_depth` or more behind the tip and have no more work.
    fn discard(&mut self, change: &mut Change) {
        let work = self.work();
        let Some(limit) = self.height().below(self.params.prune_depth) else { return };
        let low = self.leaves.iter().take_while(|(height, _)| *height <= limit).map(|(_, id)| *id);
        let behind = |id: &Id| self.arena.is_invalid(*id) || self.arena.work(*id) <= work;
        for id in low.filter(behind).collect::<Vec<_>>() {
            let tip = self.arena.hash(id);
            let forgotten = self.forget_branch(id, |_, _| true);
            if self.arena.find(&tip).is_none() {
                change.discarded_tips.push(tip);
                change.discarded.extend(forgotten);
            }
        }
    }

    /// Forgets a leaf and the blocks below it that carry nothing else, down to the first that has to
    /// stay; gives those whose bodies were here, newest first.
    fn forget_branch(&mut self, leaf: Id, may_go: impl Fn(&Self, Id) -> bool) -> Vec<Arc<Block>> {
        let mut bodies = Vec::new();
        let mut id = leaf;
        let best_header = self.best_header;
        let bare = |tree: &Self, id: Id| !tree.on_best(id) && tree.arena.children(id).next().is_none();
        while id != best_header && bare(self, id) && may_go(self, id) {
            let (height, work, parent) = (self.arena.height(id), self.arena.work(id), self.arena.parent(id));
            self.missing.remove(&(height, id));
            self.leaves.remove(&(height, id));
            self.drop_body(id);
            let extra = self.arena.remove(id);
            if let Some(sequence) = extra.complete {
                self.candidates.remove(&(work, Reverse(sequence), id));
            }
            bodies.extend(extra.body);
            if self.arena.children(parent).next().is_none() {
                self.leaves.insert((self.arena.height(parent), parent));
            }
            id = parent;
        }
        bodies
    }

    /// Forgets the branches of least work that are headers only, when there are too many.
    fn bound_idle_headers(&mut self) {
        // The branch with the most work has at most as many headers as it is high.
        let wanted = self.arena.height(self.best_header).0 as usize;
        let idle = |tree: &Self| if tree.bodies { tree.missing.len() } else { tree.arena.len() };
        while idle(self) > MAX_IDLE_HEADERS + wanted {
            let idle = self.leaves.iter().map(|(_, id)| *id);
            let idle = idle.filter(|id| *id != self.best_header && !self.has_body(*id));
            let Some(weakest) = idle.min_by_key(|id| self.arena.work(*id)) else { return };
            // Blocks whose bodies are here stay: their transactions would get lost.
            self.forget_branch(weakest, |tree, id| !tree.has_body(id));
        }
    }
}
