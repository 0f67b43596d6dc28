//! Histories of headers and blocks, good and bad, in any order: the tip is the most work seen in
//! full, its accounts are those of a plain ledger, and every change says what it did.

use super::world::{Made, PAYERS, Recipe, Setting, World, address};
use arbitrary::{Arbitrary, Unstructured};
use node_core::block::{Block, BlockHeader};
use node_core::chain::tree::{Chain, Change, InsertError, MAX_LOCATOR};
use node_core::consensus::validation::{self, BodyError};
use node_core::hash::BlockHash;
use node_core::mining;
use node_core::units::{Amount, CompactTarget, Height};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Most steps of a history.
const MAX_STEPS: usize = 96;
/// Most blocks of a run.
const MAX_RUN: u8 = 10;
/// Nonces tried for a broken header.
const MAX_ATTEMPTS: u32 = 4_096;

/// What a chain is given of a block.
#[derive(Debug, Clone, Copy, Arbitrary)]
enum Parts {
    Nothing,
    Header,
    Whole,
}

/// How a header breaks a rule.
#[derive(Debug, Clone, Copy, Arbitrary)]
enum Break {
    Version(u16),
    Height(u32),
    Target(u32),
    Work,
    Time,
}

#[derive(Debug, Arbitrary)]
enum Step {
    /// A new block on one of those that were made.
    Make {
        parent: u8,
        recipe: Recipe,
        parts: Parts,
    },
    /// Plain blocks on it, one after the other.
    Run {
        parent: u8,
        count: u8,
        miner: u8,
        delay: u8,
        parts: Parts,
    },
    /// A header again, or at last.
    Header(u8),
    Body(u8),
    /// All headers up to a block, then their bodies, the newest first.
    Backwards(u8),
    /// All blocks up to one, in order.
    Line(u8),
    /// A header with the transactions of another.
    WrongBody {
        header: u8,
        body: u8,
    },
    Broken {
        header: u8,
        how: Break,
    },
}

/// Runs a history.
pub fn connect(data: &[u8]) {
    let mut input = Unstructured::new(data);
    let Ok(setting) = input.arbitrary::<Setting>() else { return };
    let mut watch = Watch::new(World::new(setting.params()));
    let mut left = MAX_STEPS;
    while left > 0
        && !input.is_empty()
        && let Ok(step) = input.arbitrary()
    {
        left -= 1;
        watch.step(step);
        watch.check();
    }
    watch.check_views();
}

/// A chain, and what is known of it by watching.
pub(super) struct Watch {
    pub(super) world: World,
    pub(super) chain: Chain,
    /// Blocks whose headers the chain has.
    known: BTreeSet<usize>,
    /// Those of them whose bodies it has.
    bodies: BTreeSet<usize>,
    /// The best chain by what the changes told.
    best: Vec<usize>,
}

impl Watch {
    pub(super) fn new(world: World) -> Self {
        let chain = Chain::new(world.params.clone());
        assert_eq!(chain.genesis(), world.made[0].hash);
        Self { world, chain, known: BTreeSet::from([0]), bodies: BTreeSet::from([0]), best: vec![0] }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Make { parent, recipe, parts } => {
                let parent = self.world.pick(parent);
                if let Some(place) = self.world.extend(parent, &recipe) {
                    self.give(place, parts);
                }
            }
            Step::Run { parent, count, miner, delay, parts } => {
                let mut parent = self.world.pick(parent);
                for _ in 0..count % MAX_RUN {
                    let Some(place) = self.world.extend(parent, &Recipe::plain(miner, delay)) else { break };
                    self.give(place, parts);
                    self.check();
                    parent = place;
                }
            }
            Step::Header(number) => self.header(self.world.pick(number)),
            Step::Body(number) => drop(self.body(self.world.pick(number))),
            Step::Backwards(number) => {
                let line: Vec<usize> = self.world.line(self.world.pick(number)).collect();
                line.iter().rev().for_each(|place| self.header(*place));
                for place in line {
                    self.body(place);
                }
            }
            Step::Line(number) => {
                let line: Vec<usize> = self.world.line(self.world.pick(number)).collect();
                line.iter().rev().for_each(|place| self.give(*place, Parts::Whole));
            }
            Step::WrongBody { header, body } => {
                let (header, body) = (self.world.pick(header), self.world.pick(body));
                let transactions = self.world.made[body].block.transactions.clone();
                let block = Block { header: self.world.made[header].block.header, transactions };
                // Where the transactions are the same, it is the body.
                if validation::check_body(&self.world.params, &block) != Err(BodyError::MerkleRoot) {
                    self.body(header);
                }
            }
            Step::Broken { header, how } => self.broken(self.world.pick(header), how),
        }
    }

    fn give(&mut self, place: usize, parts: Parts) {
        match parts {
            Parts::Nothing => {}
            Parts::Header => self.header(place),
            Parts::Whole => {
                self.header(place);
                self.body(place);
            }
        }
    }

    fn made(&self, place: usize) -> &Made {
        &self.world.made[place]
    }

    fn is_invalid(&self, place: usize) -> bool {
        self.chain.is_invalid(&self.made(place).hash)
    }

    /// Gives the chain a header; the answer follows from what it has.
    pub(super) fn header(&mut self, place: usize) {
        let expected = match (self.known.contains(&place), self.known.contains(&self.made(place).parent)) {
            (true, _) if self.is_invalid(place) => Err(InsertError::OnInvalid),
            (true, _) => Ok(false),
            (false, false) => Err(InsertError::Orphan),
            (false, true) if self.is_invalid(self.made(place).parent) => Err(InsertError::OnInvalid),
            (false, true) => Ok(true),
        };
        assert_eq!(self.chain.insert_header(self.made(place).block.header), expected, "the header of {place}");
        if expected == Ok(true) {
            self.known.insert(place);
        }
    }

    /// Gives the chain a body, as a node does that asked for it.
    pub(super) fn body(&mut self, place: usize) -> Change {
        let (hash, block) = (self.made(place).hash, self.made(place).block.clone());
        if place == 0 {
            return self.chain.insert_body(block);
        }
        let wanted = self.known.contains(&place) && !self.is_invalid(place);
        let change = match validation::check_body(&self.world.params, &block) {
            Ok(()) => {
                self.bodies.extend(wanted.then_some(place));
                self.chain.insert_body(block)
            }
            Err(BodyError::MerkleRoot | BodyError::TooLarge(_)) => Change::default(),
            Err(_) => self.chain.mark_invalid(hash),
        };
        self.follow(&change);
        change
    }

    /// A header that breaks a rule is refused and leaves no trace.
    fn broken(&mut self, place: usize, how: Break) {
        let good = self.made(place).block.header;
        let recent = self.world.recent(self.made(place).parent);
        let recent: Vec<&BlockHeader> = recent.iter().collect();
        let mut header = good;
        match how {
            Break::Version(version) => header.version = version,
            Break::Height(height) => header.height = Height(height),
            Break::Target(target) => header.target = CompactTarget(target),
            Break::Time => header.time = validation::median_time(&recent),
            Break::Work => {
                let misses = |nonce: &u32| !validation::meets_target(&BlockHeader { nonce: *nonce, ..good });
                let Some(nonce) = (0..MAX_ATTEMPTS).find(misses) else { return };
                header.nonce = nonce;
            }
        }
        if !matches!(how, Break::Work) {
            header = mining::search(header, MAX_ATTEMPTS).unwrap_or(header);
        }
        if header == good || place == 0 {
            return;
        }
        assert!(self.chain.insert_header(header).is_err(), "{how:?} of {place}");
        assert!(self.chain.header(&header.hash()).is_none());
    }

    fn places(&self, blocks: &[Arc<Block>]) -> Vec<usize> {
        blocks.iter().map(|block| self.world.place(&block.header.hash()).expect("made here")).collect()
    }

    /// Follows a change as others do who have nothing but its value.
    fn follow(&mut self, change: &Change) {
        let (reverted, connected) = (self.places(&change.reverted), self.places(&change.connected));
        for place in &reverted {
            assert_eq!(self.best.pop(), Some(*place), "reverted newest first");
            assert!(!connected.contains(place), "{place} left and joined at once");
        }
        for place in &connected {
            assert_eq!(self.best.last(), Some(&self.made(*place).parent), "connected oldest first");
            self.best.push(*place);
        }
        for (hash, error) in &change.invalid {
            let place = self.world.place(hash).expect("made here");
            assert!(self.made(place).state.is_none(), "{place} is valid: {error}");
            assert!(self.made(self.made(place).parent).state.is_some(), "{place} is not the first that is invalid");
        }
        for place in self.places(&change.discarded) {
            assert!(self.bodies.remove(&place), "{place} was not here");
            assert!(!self.best.contains(&place));
        }
        if connected.is_empty() {
            assert!(reverted.is_empty() && change.discarded.is_empty() && change.discarded_tips.is_empty());
        } else {
            self.forget_the_hopeless(&change.discarded_tips);
        }
    }

    /// Branches that are behind by the prune depth and have no more work than the tip are gone.
    fn forget_the_hopeless(&mut self, tips: &[BlockHash]) {
        let tip = *self.best.last().expect("genesis stays");
        let limit = self.world.height(tip).checked_sub(self.world.params.prune_depth);
        let best_header = self.world.place(&self.chain.best_header().0.hash()).expect("made here");
        let hopeless = |leaf: usize| {
            let made = self.made(leaf);
            let behind = limit.is_some_and(|limit| self.world.height(leaf) <= limit);
            // What is gone cannot be asked whether it was known to be invalid.
            let invalid = if self.chain_has(leaf) { self.is_invalid(leaf) } else { made.state.is_none() };
            behind && (invalid || made.work <= self.made(tip).work)
        };
        let inner: BTreeSet<usize> =
            self.known.iter().filter(|place| **place != 0).map(|place| self.made(*place).parent).collect();
        let leaves: Vec<usize> = self.known.difference(&inner).copied().collect();
        let alive = leaves.iter().copied().filter(|leaf| !hopeless(*leaf));
        let kept: BTreeSet<usize> =
            alive.chain([tip, best_header]).flat_map(|place| self.world.line(place).collect::<Vec<_>>()).collect();
        for place in &self.known {
            assert_eq!(self.chain_has(*place), kept.contains(place), "whether {place} is kept");
        }
        for tip in tips {
            let place = self.world.place(tip).expect("made here");
            assert!(leaves.contains(&place) && !kept.contains(&place));
        }
        assert!(self.bodies.is_subset(&kept), "a body was lost without a word");
        self.known = kept;
    }

    fn chain_has(&self, place: usize) -> bool {
        self.chain.header(&self.made(place).hash).is_some()
    }

    /// What must hold at any time.
    pub(super) fn check(&self) {
        let tip = *self.best.last().expect("genesis stays");
        assert_eq!(self.chain.tip(), self.made(tip).hash, "the changes lead to the tip");
        assert_eq!(self.chain.work(), self.made(tip).work);
        let state = self.made(tip).state.as_ref().expect("a valid tip");
        let ledger = self.chain.ledger();
        assert!(ledger.accounts().iter().eq(state.accounts.iter().map(|(address, account)| (*address, *account))));
        assert_eq!(state.root(), self.chain.tip_header().state_root);
        assert_eq!(ledger.total().map(|total| total.grains().into()), Some(state.coins), "coins in existence");
        assert_eq!(ledger.unissued(), state.unissued);

        assert_eq!(self.chain.header_count(), self.known.len());
        for (place, made) in self.world.made.iter().enumerate() {
            assert_eq!(self.chain_has(place), self.known.contains(&place));
            assert_eq!(self.chain.block(&made.hash).is_some(), self.bodies.contains(&place), "the body of {place}");
            if !self.known.contains(&place) {
                continue;
            }
            let invalid = self.is_invalid(place);
            assert!(!(invalid && made.state.is_some()), "{place} is valid");
            assert!(invalid || !self.is_invalid(made.parent), "{place} stands on an invalid block");
            assert!(invalid || made.work <= self.chain.best_header().1, "{place} has more work");
            let full = made.state.is_some() && self.world.line(place).all(|place| self.bodies.contains(&place));
            assert!(!full || made.work <= self.chain.work(), "{place} has more work and is here in full");
        }
    }

    /// What is told to peers and to users.
    fn check_views(&self) {
        let chain = &self.chain;
        for (height, place) in (0..).zip(&self.best) {
            assert_eq!(chain.hash_at(Height(height)), Some(self.made(*place).hash));
        }
        for index in 0..PAYERS + 3 {
            let state = self.best.last().and_then(|tip| self.made(*tip).state.as_ref()).expect("a valid tip");
            let own = state.young.iter().filter(|reward| reward.to == address(index));
            let young = own.map(|reward| reward.amount).try_fold(Amount::ZERO, Amount::checked_add);
            assert_eq!(chain.ledger().immature(&address(index)), young.unwrap_or(Amount::MAX));
        }
        let best_header = chain.best_header().0.hash();
        assert!(!chain.is_invalid(&best_header) && chain.header(&best_header).is_some());
        let missing = self.known.difference(&self.bodies).filter(|place| !self.is_invalid(**place));
        let missing: BTreeSet<BlockHash> = missing.map(|place| self.made(*place).hash).collect();
        assert_eq!(chain.missing().collect::<BTreeSet<_>>(), missing);
        let heights: Vec<Height> =
            chain.missing().filter_map(|hash| chain.header(&hash)).map(|one| one.height).collect();
        assert!(heights.is_sorted(), "the lowest first");
        for tip in chain.branch_tips() {
            assert!(chain.header(&tip).is_some() && !chain.is_best(&tip) && !chain.is_invalid(&tip));
            let place = self.world.place(&tip).expect("made here");
            let fork = self.world.line(place).find(|place| self.best.contains(place));
            assert_eq!(fork.map(|place| self.made(place).hash), Some(chain.fork_point(&tip)));
        }
        let locator = chain.locator();
        assert!(locator.len() <= MAX_LOCATOR && locator.last() == Some(&chain.genesis()));
        assert!(chain.headers_after(&locator, 10).is_empty(), "nothing is behind the own tip");
        let from_genesis = chain.headers_after(&[chain.genesis()], self.best.len());
        assert!(
            from_genesis.iter().map(BlockHeader::hash).eq(self.best[1..].iter().map(|place| self.made(*place).hash))
        );
    }
}
