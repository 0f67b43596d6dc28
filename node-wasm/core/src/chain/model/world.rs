//! The real chain and mempool beside the model: both get the same events, and are compared after each.

use super::forge::{self, Forge};
use super::pool::Pool;
use super::state::{MOST, State, amount};
use super::tree::{self, Model, Outcome};
use crate::block::{Block, BlockHeader};
use crate::chain::tree::{Chain, Change};
use crate::consensus::validation::{self, BodyError};
use crate::hash::{BlockHash, TxId};
use crate::keys::Address;
use crate::mempool::{AdmitError, Mempool, Removal, Wishes};
use crate::mining;
use crate::params::ChainParams;
use crate::transaction::Transaction;
use crate::units::{Height, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// How often what happened, so that a test can tell whether its histories are worth their time.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Tally {
    pub(super) connected: usize,
    pub(super) longest_reorganisation: usize,
    pub(super) discarded: usize,
    pub(super) invalid: usize,
    pub(super) refused_headers: usize,
    pub(super) refused_bodies: usize,
    pub(super) admitted: usize,
    pub(super) returned: usize,
    pub(super) not_returned: usize,
    pub(super) dropped: usize,
}

impl Tally {
    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            connected: self.connected + other.connected,
            longest_reorganisation: self.longest_reorganisation.max(other.longest_reorganisation),
            discarded: self.discarded + other.discarded,
            invalid: self.invalid + other.invalid,
            refused_headers: self.refused_headers + other.refused_headers,
            refused_bodies: self.refused_bodies + other.refused_bodies,
            admitted: self.admitted + other.admitted,
            returned: self.returned + other.returned,
            not_returned: self.not_returned + other.not_returned,
            dropped: self.dropped + other.dropped,
        }
    }
}

/// The real thing and the model.
pub(super) struct World {
    params: ChainParams,
    genesis: BlockHash,
    chain: Chain,
    mempool: Mempool,
    model: Model,
    pool: Pool,
    pub(super) forge: Forge,
    now: Timestamp,
    /// Signatures by the bytes that hold them: each is verified once.
    verified: BTreeMap<Vec<u8>, bool>,
    pub(super) tally: Tally,
}

fn hashes(blocks: &[Arc<Block>]) -> Vec<BlockHash> {
    blocks.iter().map(|block| block.header.hash()).collect()
}

fn reasons(removed: Vec<(Arc<Transaction>, Removal)>) -> BTreeMap<TxId, Removal> {
    removed.into_iter().map(|(transaction, reason)| (transaction.id(), reason)).collect()
}

impl World {
    pub(super) fn new(params: ChainParams) -> Self {
        let chain = Chain::new(params.clone());
        let model = Model::new(params.clone());
        assert_eq!(chain.tip(), model.tip(), "genesis");
        Self {
            genesis: chain.genesis(),
            chain,
            mempool: Mempool::default(),
            model,
            pool: Pool::default(),
            forge: Forge::new(params.clone()),
            now: Timestamp::from_millis(1_800_000_000_000),
            verified: BTreeMap::new(),
            tally: Tally::default(),
            params,
        }
    }

    pub(super) fn tip(&self) -> BlockHash {
        self.model.tip()
    }

    /// The state at the tip.
    pub(super) fn state(&self) -> std::rc::Rc<State> {
        self.model.state()
    }

    /// Number of waiting transactions of an address.
    pub(super) fn waiting_of(&self, payer: &Address) -> u64 {
        self.mempool.count_of(payer) as u64
    }

    /// A header comes.
    pub(super) fn header(&mut self, header: BlockHeader) {
        let (real, expected) = (self.chain.insert_header(header), self.model.insert_header(header));
        assert_eq!(real, expected, "header {}", header.hash());
        self.tally.refused_headers += usize::from(real.is_err());
    }

    /// A body comes, as it comes to a node: checked, its signatures verified, then taken in.
    pub(super) fn body(&mut self, block: &Arc<Block>) {
        let hash = block.header.hash();
        let wanted = self.model.knows(&hash) && !self.model.is_refused(&hash) && !self.model.has_body(&hash);
        let (change, expected) = if wanted {
            let flaw = tree::body_flaw(&self.params, block);
            assert_eq!(validation::check_body(&self.params, block).err(), flaw, "body of {hash}");
            self.tally.refused_bodies += usize::from(flaw.is_some());
            match flaw {
                // These are not the block's transactions: it stays wanted.
                Some(BodyError::MerkleRoot | BodyError::TooLarge(_)) => return,
                None if block.transactions.iter().all(|one| self.signature_holds(one)) => {
                    (self.chain.insert_body(block.clone()), self.model.insert_body(block))
                }
                _ => (self.chain.mark_invalid(hash), self.model.refuse(&hash)),
            }
        } else {
            (self.chain.insert_body(block.clone()), Outcome::default())
        };
        self.follow(&change, &expected);
    }

    /// Other transactions than the header's come as its body.
    pub(super) fn tampered(&mut self, hash: &BlockHash) {
        let mut block = (**self.forge.block(hash)).clone();
        block.transactions.pop();
        self.body(&Arc::new(block));
    }

    /// Header and body.
    pub(super) fn whole(&mut self, hash: &BlockHash) {
        let block = self.forge.block(hash).clone();
        self.header(block.header);
        self.body(&block);
    }

    /// All blocks up to one, headers first; then the bodies, newest first if `backwards`.
    pub(super) fn branch(&mut self, hash: &BlockHash, backwards: bool) {
        let mut path = self.forge.path(hash);
        for block in &path {
            self.header(block.header);
        }
        if backwards {
            path.reverse();
        }
        for block in &path {
            self.body(block);
        }
    }

    /// A transaction is offered.
    pub(super) fn offer(&mut self, transaction: &Transaction) {
        if !matches!(transaction, Transaction::Reward(_)) && self.signature_holds(transaction) {
            let admitted = self.admit(transaction);
            self.tally.admitted += usize::from(admitted.is_ok());
        }
    }

    /// The miner takes what the mempool proposes; the block is valid and becomes the tip.
    pub(super) fn mine(&mut self, miner: Address) {
        // The clock of blocks is their own: hours between two of them would drive the difficulty.
        let time = self.chain.tip_header().time.after(self.params.spacing);
        let block = mining::template(&mut self.chain, &self.mempool, &Wishes::default(), miner, time);
        let mut block = block.expect("what waits can be confirmed");
        block.header = mining::search(block.header, forge::MAX_ATTEMPTS).expect("it is easy");
        let block = Arc::new(block);
        self.forge.adopt(&block);
        self.whole(&block.header.hash());
        assert_eq!(self.tip(), block.header.hash(), "what is mined on the tip is the tip");
    }

    /// Time passes.
    pub(super) fn wait(&mut self, duration: Duration) {
        self.now = self.now.after(duration);
        let (real, expected) = (reasons(self.mempool.expire(self.now)), self.pool.expire(self.now));
        self.tally.dropped += real.len();
        assert_eq!(real, expected, "what expires");
    }

    fn signature_holds(&mut self, transaction: &Transaction) -> bool {
        let Some(check) = transaction.signature_check(self.genesis, self.params.issuer) else { return true };
        *self.verified.entry(transaction.to_bytes()).or_insert_with(|| check.verify())
    }

    fn admit(&mut self, transaction: &Transaction) -> Result<BTreeMap<TxId, Removal>, AdmitError> {
        let state = self.model.state();
        let real = self.mempool.insert(&self.params, self.chain.ledger(), Arc::new(transaction.clone()), self.now);
        let real = real.map(reasons);
        let expected = self.pool.insert(&self.params, &state, transaction, self.now);
        let expected = expected.map(|ids| ids.into_iter().map(|id| (id, Removal::Replaced)).collect());
        assert_eq!(real, expected, "transaction {} is offered", transaction.id());
        real
    }

    /// What follows from a change, as a node does it: the mempool follows the tip, and what the best
    /// chain lost comes back to it.
    fn follow(&mut self, change: &Change, expected: &Outcome) {
        assert_eq!(hashes(&change.reverted), expected.reverted, "reverted");
        assert_eq!(hashes(&change.connected), expected.connected, "connected");
        assert_eq!(change.invalid, expected.invalid, "invalid");
        let discarded = hashes(&change.discarded);
        assert_eq!(discarded.len(), expected.discarded.len(), "discarded once each");
        assert_eq!(discarded.into_iter().collect::<BTreeSet<_>>(), expected.discarded, "discarded");
        let tips: BTreeSet<BlockHash> = change.discarded_tips.iter().copied().collect();
        assert_eq!(tips, expected.discarded_tips, "discarded tips");
        self.count(change);
        if change.connected.is_empty() {
            assert!(change.reverted.is_empty() && change.discarded.is_empty() && tips.is_empty(), "no tip, no change");
            return;
        }
        let state = self.model.state();
        let (connected, reverted) = (&change.connected, !change.reverted.is_empty());
        let removed = reasons(self.mempool.update(self.chain.ledger(), self.params.issuer, connected, reverted));
        assert_eq!(removed, self.pool.follow(&self.params, &state), "what leaves the mempool");
        self.tally.dropped += removed.len();

        let lost = change.reverted.iter().rev().chain(change.discarded.iter().rev());
        let mut explained = state.confirmed.clone();
        for transaction in lost.clone().flat_map(|block| &block.transactions) {
            if matches!(transaction, Transaction::Reward(_)) || state.confirmed.contains(&transaction.id()) {
                continue;
            }
            if let Ok(replaced) = self.admit(transaction) {
                self.tally.returned += 1;
                explained.extend(replaced.keys());
            } else {
                // The model refused it for the same reason.
                self.tally.not_returned += 1;
                explained.insert(transaction.id());
            }
        }
        let waiting = self.pool.ids();
        let others = |one: &&Transaction| !matches!(one, Transaction::Reward(_));
        for id in lost.flat_map(|block| &block.transactions).filter(others).map(Transaction::id) {
            assert!(explained.contains(&id) || waiting.contains(&id), "{id} got lost");
        }
    }

    fn count(&mut self, change: &Change) {
        self.tally.connected += change.connected.len();
        self.tally.discarded += change.discarded.len();
        self.tally.invalid += change.invalid.len();
        self.tally.longest_reorganisation = self.tally.longest_reorganisation.max(change.reverted.len());
    }

    /// Everything that can be seen of the chain and the mempool is as the model has it.
    pub(super) fn compare(&mut self) {
        self.compare_tree();
        self.compare_accounts();
        let waiting: BTreeSet<TxId> = self.mempool.iter().map(|waiting| waiting.id).collect();
        assert_eq!(waiting, self.pool.ids(), "what waits");
        assert_eq!(self.mempool.len(), waiting.len());
        self.pool.assert_valid(&self.params, &self.model.state());
    }

    fn compare_tree(&self) {
        let (chain, model) = (&self.chain, &self.model);
        let (tip, known) = (model.tip(), model.known());
        assert_eq!(chain.tip(), tip, "the tip");
        assert_eq!(chain.tip_header(), model.header(&tip));
        assert_eq!(chain.height(), model.header(&tip).height);
        assert_eq!(chain.work().0, model.work(&tip), "total work");
        assert_eq!(chain.best_header().1.0, model.most_work(), "work of the best header");
        assert_eq!(chain.header_count(), known.len());
        let best = model.path(&tip);
        for hash in &known {
            assert_eq!(chain.header(hash), Some(model.header(hash)));
            assert_eq!(chain.work_of(hash).map(|work| work.0), Some(model.work(hash)));
            assert_eq!(chain.is_invalid(hash), model.is_refused(hash), "whether {hash} is invalid");
            assert_eq!(chain.block(hash).is_some(), model.has_body(hash));
            assert_eq!(chain.is_best(hash), best.contains(hash));
        }
        for (height, hash) in (0..).map(Height).zip(best.iter().rev()) {
            assert_eq!(chain.hash_at(height), Some(*hash));
        }
        assert_eq!(chain.hash_at(Height(chain.height().0 + 1)), None);
        let branches = model.branch_tips();
        assert_eq!(chain.branch_tips(), branches, "branch tips");
        for branch in branches {
            let fork = model.path(&branch).into_iter().find(|hash| best.contains(hash));
            assert_eq!(Some(chain.fork_point(&branch)), fork);
        }
        let missing: Vec<BlockHash> = chain.missing().collect();
        assert!(missing.is_sorted_by_key(|hash| model.header(hash).height), "lowest first");
        assert_eq!(missing.into_iter().collect::<BTreeSet<_>>(), model.missing(), "wanted bodies");
        let (target, earliest) = tree::next_rules(&self.params, &model.recent(&tip));
        assert_eq!(chain.next_rules(), (target, earliest[0].max(earliest[1])));
    }

    fn compare_accounts(&self) {
        let (ledger, state) = (self.chain.ledger(), self.model.state());
        let real = ledger.accounts().iter().map(|(address, one)| (address, (one.balance.grains(), one.nonce)));
        let real: BTreeMap<Address, (u64, u64)> = real.collect();
        assert_eq!(real, state.accounts, "accounts");
        for address in &self.forge.addresses {
            let young = state.immature_of(address).min(MOST);
            assert_eq!(ledger.immature(address), amount(young), "immature rewards of {address:?}");
            let (balance, nonce) = state.account(address);
            assert_eq!((ledger.account(address).balance.grains(), ledger.account(address).nonce), (balance, nonce));
        }
        assert_eq!(state.coins(), state.created, "coins in existence");
        let total = ledger.total().map(|total| u128::from(total.grains()));
        assert_eq!(total, Some(state.created).filter(|coins| *coins <= u128::from(MOST)), "coins in existence");
        let root = State { accounts: real, ..State::default() }.root();
        assert_eq!(self.chain.tip_header().state_root, root, "state root");
    }
}
