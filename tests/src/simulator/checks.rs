//! What must hold after every event, whatever the scenario.
//!
//! A [`Checker`] goes along with a node. It carries the blocks of the best chain out on balances of
//! its own, which can be taken back by the same sums with the other sign, so that an event costs it
//! no more than what the event changed.

use super::Simulation;
use super::disk::stored_block;
use node_core::block::{Block, BlockHeader};
use node_core::chain::accounts::{Account, Accounts};
use node_core::chain::ledger;
use node_core::chain::tree::Chain;
use node_core::consensus::validation;
use node_core::hash::{BlockHash, TxId};
use node_core::keys::Address;
use node_core::mempool::{self, Mempool, Waiting};
use node_core::net::limits;
use node_core::node::Node;
use node_core::params::ChainParams;
use node_core::store::memory::MemoryStore;
use node_core::transaction::Transaction;
use node_core::units::{Amount, Height, Timestamp};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// Most links a node may ever have.
const MAX_LINKS: usize = node_core::net::peers::MAX_LINKS;
/// How much longer than its time a transaction may wait: a node looks for such once a second.
const EXPIRY_DELAY: Duration = Duration::from_secs(1);

/// Tips whose accounts are remembered as right; then all are forgotten.
const MAX_PROOFS: usize = 256;

/// What does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Violation {
    /// There are other coins than genesis, subsidies and issuer brought into being.
    Coins {
        /// In the node's ledger; `None` above the greatest amount.
        found: Option<Amount>,
        /// What blocks and parameters give, in grains.
        expected: i128,
    },
    /// An account spent what it did not have.
    Negative(Address),
    /// An account is not what the blocks made of it.
    Account(Address),
    /// The tip commits to other accounts.
    StateRoot(Height),
    /// A transaction was confirmed once, and is neither confirmed nor waiting nor impossible any more.
    Lost(TxId),
    /// A transaction waits that could not be confirmed on the tip.
    Waiting(TxId, Unfit),
    /// The sums over the mempool are wrong.
    Mempool,
    /// More is kept than the node states as its limit.
    Bound(&'static str),
}

/// Why a waiting transaction is not valid on the tip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfit {
    /// Id, payer or size are not the transaction's.
    Label,
    /// It breaks a rule of its own.
    Rule,
    /// Its signature does not hold on this network.
    Signature,
    /// Its nonce is used up, or another has it.
    Nonce,
    /// The balance does not cover it beside those before it.
    Funds,
    /// It should have left by now.
    Age,
}

type BlockAt<'a> = Box<dyn Fn(u32) -> Option<(BlockHash, Arc<Block>)> + 'a>;

/// What is checked: borrowed from a node, or made up.
pub struct View<'a> {
    params: &'a ChainParams,
    genesis: BlockHash,
    tip: (BlockHash, BlockHeader),
    /// Block of the best chain at a height.
    block_at: BlockAt<'a>,
    accounts: Vec<(Address, Account)>,
    total: Option<Amount>,
    waiting: Vec<Waiting>,
    waiting_bytes: usize,
    now: Timestamp,
}

impl<'a> View<'a> {
    /// What a node has at a time of its clock.
    pub fn of(chain: &'a Chain, mempool: &Mempool, now: Timestamp) -> Self {
        Self::beside(None, chain, mempool, now)
    }

    /// The same of a node whose older blocks are in a store.
    pub fn beside(store: Option<&'a MemoryStore>, chain: &'a Chain, mempool: &Mempool, now: Timestamp) -> Self {
        let block_at = move |height| {
            let hash = chain.hash_at(Height(height))?;
            let stored = || stored_block(store?, Height(height), &hash);
            Some((hash, chain.block(&hash).or_else(stored)?))
        };
        Self {
            params: chain.params(),
            genesis: chain.genesis(),
            tip: (chain.tip(), chain.tip_header()),
            block_at: Box::new(block_at),
            accounts: chain.ledger().accounts().iter().collect(),
            total: chain.ledger().total(),
            waiting: mempool.iter().cloned().collect(),
            waiting_bytes: mempool.bytes(),
            now,
        }
    }

    /// Accounts come in the order of their addresses.
    fn account(&self, address: &Address) -> Account {
        let found = self.accounts.binary_search_by(|(other, _)| other.cmp(address));
        found.map(|place| self.accounts[place].1).unwrap_or_default()
    }
}

/// What was found to be right of a tip, and is right for every node that has it.
#[derive(Debug)]
struct Proof {
    accounts: Vec<(Address, Account)>,
    total: Option<Amount>,
    issued: i128,
}

/// What the checkers of a run found out together: each thing once, not once a node.
#[derive(Debug, Clone, Default)]
pub struct Proven(Rc<RefCell<Found>>);

#[derive(Debug, Default)]
struct Found {
    /// By tip.
    ledgers: BTreeMap<BlockHash, Proof>,
    /// Transactions that are right whatever the accounts: signatures are verified once.
    sound: BTreeMap<TxId, Arc<Transaction>>,
    /// All transactions of blocks that were once in some best chain.
    confirmed: BTreeMap<TxId, Arc<Transaction>>,
}

/// Goes along with one node.
#[derive(Debug, Default)]
pub struct Checker {
    /// The best chain without genesis, as far as it was carried out.
    applied: Vec<(BlockHash, Arc<Block>)>,
    /// Grains and number of transactions of each account. Signed, so that a debt would show.
    accounts: BTreeMap<Address, (i128, i128)>,
    /// Grains of rewards that are not mature.
    young: i128,
    /// Grains that genesis, subsidies and the issuer brought into being, and the issuer's part of them.
    created: i128,
    issued: i128,
    /// The same at the tip that was checked last.
    issued_at_tip: i128,
    started: bool,
    proven: Proven,
}

impl Checker {
    /// One that shares what it finds out.
    pub fn sharing(proven: &Proven) -> Self {
        Self { proven: proven.clone(), ..Self::default() }
    }

    /// Checks everything, doing only what changed since the last time.
    pub fn check(&mut self, view: &View) -> Result<(), Violation> {
        self.check_ledger(view)?;
        self.check_mempool(view)
    }

    /// Coins, accounts and state root.
    fn check_ledger(&mut self, view: &View) -> Result<(), Violation> {
        if let Some(proof) = self.proven.0.borrow().ledgers.get(&view.tip.0)
            && proof.accounts == view.accounts
            && proof.total == view.total
        {
            self.issued_at_tip = proof.issued;
            return Ok(());
        }
        self.follow(view)?;
        let held: i128 = self.accounts.values().map(|(balance, _)| balance).sum();
        let found = view.total.map(|total| i128::from(total.grains()));
        if found != Some(self.created) || held + self.young != self.created {
            return Err(Violation::Coins { found: view.total, expected: self.created });
        }
        let real: BTreeMap<Address, (i128, i128)> = view
            .accounts
            .iter()
            .map(|(address, account)| (*address, (i128::from(account.balance.grains()), i128::from(account.nonce))))
            .collect();
        let wrong =
            self.accounts.iter().find(|(address, own)| real.get(*address).copied().unwrap_or_default() != **own);
        let unknown = real.keys().find(|address| !self.accounts.contains_key(*address));
        if let Some(address) = wrong.map(|(address, _)| address).or(unknown) {
            return Err(Violation::Account(*address));
        }
        let mut accounts = Accounts::default();
        for (address, account) in &view.accounts {
            accounts.set(*address, Some(*account));
        }
        if accounts.root() != view.tip.1.state_root {
            return Err(Violation::StateRoot(view.tip.1.height));
        }
        self.issued_at_tip = self.issued;
        let mut found = self.proven.0.borrow_mut();
        if found.ledgers.len() >= MAX_PROOFS {
            found.ledgers.clear();
        }
        let proof = Proof { accounts: view.accounts.clone(), total: view.total, issued: self.issued };
        found.ledgers.insert(view.tip.0, proof);
        Ok(())
    }

    /// Takes back what left the best chain, and carries out what joined it.
    fn follow(&mut self, view: &View) -> Result<(), Violation> {
        if !self.started {
            self.started = true;
            for (address, amount) in &view.params.allocation {
                self.accounts.entry(*address).or_default().0 += i128::from(amount.grains());
                self.created += i128::from(amount.grains());
            }
        }
        let tip = view.tip.1.height.0;
        if self.height() == tip && self.applied.last().is_none_or(|(hash, _)| *hash == view.tip.0) {
            return Ok(());
        }
        while let Some((hash, block)) = self.applied.last().cloned()
            && (view.block_at)(self.height()).is_none_or(|(best, _)| best != hash)
        {
            self.carry_out(view.params, &block, -1)?;
            self.applied.pop();
        }
        while self.height() < tip {
            let (hash, block) = (view.block_at)(self.height() + 1).expect("the best chain has no gaps");
            self.applied.push((hash, block.clone()));
            self.carry_out(view.params, &block, 1)?;
        }
        Ok(())
    }

    fn height(&self) -> u32 {
        u32::try_from(self.applied.len()).expect("a height")
    }

    /// Carries the newest block out, or takes it back with the other sign.
    fn carry_out(&mut self, params: &ChainParams, block: &Block, sign: i128) -> Result<(), Violation> {
        let grains = |amount: Amount| sign * i128::from(amount.grains());
        let height = self.height();
        // Maturity comes first: a miner may spend a reward in the block that makes it free.
        let mature = height.checked_sub(params.reward_maturity).filter(|height| *height > 0);
        if let Some((_, block)) = mature.map(|height| self.applied[height as usize - 1].clone()) {
            let reward = &block.transactions[0];
            self.accounts.entry(reward.recipient()).or_default().0 += grains(reward.amount());
            self.young -= grains(reward.amount());
        }
        self.young += grains(block.transactions[0].amount());
        self.created += grains(params.subsidy_at(Height(height)));
        for transaction in &block.transactions[1..] {
            if sign > 0 {
                let mut found = self.proven.0.borrow_mut();
                found.confirmed.entry(transaction.id()).or_insert_with(|| Arc::new(transaction.clone()));
            }
            let payer = transaction.payer(params.issuer).expect("no reward stands here");
            let account = self.accounts.entry(payer).or_default();
            account.1 += sign;
            if matches!(transaction, Transaction::Issue(_)) {
                self.created += grains(transaction.amount());
                self.issued += grains(transaction.amount());
            } else {
                account.0 -= grains(transaction.amount()) + grains(transaction.fee());
            }
            if sign > 0 && account.0 < 0 {
                return Err(Violation::Negative(payer));
            }
            self.accounts.entry(transaction.recipient()).or_default().0 += grains(transaction.amount());
        }
        Ok(())
    }

    /// Everything that waits can be confirmed on the tip, of each payer in the order of nonces.
    fn check_mempool(&mut self, view: &View) -> Result<(), Violation> {
        let mut by_payer: BTreeMap<(Address, u64), &Waiting> = BTreeMap::new();
        for waiting in &view.waiting {
            self.check_alone(view, waiting).map_err(|unfit| Violation::Waiting(waiting.id, unfit))?;
            let double = by_payer.insert((waiting.payer, waiting.transaction.nonce()), waiting).is_some();
            let used = waiting.transaction.nonce() < view.account(&waiting.payer).nonce;
            if used || double {
                return Err(Violation::Waiting(waiting.id, Unfit::Nonce));
            }
        }
        let mut left: BTreeMap<Address, i128> = BTreeMap::new();
        let mut issuable = i128::from(view.params.issuable().grains()) - self.issued_at_tip;
        for ((payer, _), waiting) in by_payer {
            let left = left.entry(payer).or_insert_with(|| i128::from(view.account(&payer).balance.grains()));
            let (amount, fee) = (waiting.transaction.amount().grains(), waiting.transaction.fee().grains());
            match *waiting.transaction {
                Transaction::Issue(_) => issuable -= i128::from(amount),
                _ => *left -= i128::from(amount) + i128::from(fee),
            }
            if *left < 0 || issuable < 0 {
                return Err(Violation::Waiting(waiting.id, Unfit::Funds));
            }
        }
        let bytes: usize = view.waiting.iter().map(|waiting| waiting.bytes).sum();
        let within = view.waiting.len() <= mempool::MAX_COUNT && bytes <= mempool::MAX_BYTES;
        if bytes == view.waiting_bytes && within { Ok(()) } else { Err(Violation::Mempool) }
    }

    /// What can be said of a waiting transaction without the accounts.
    fn check_alone(&mut self, view: &View, waiting: &Waiting) -> Result<(), Unfit> {
        if view.now.since(waiting.since) >= mempool::EXPIRY + EXPIRY_DELAY {
            return Err(Unfit::Age);
        }
        let transaction = &waiting.transaction;
        // Ids say nothing about signatures.
        let known = self.proven.0.borrow().sound.get(&waiting.id).cloned();
        if known.is_some_and(|known| Arc::ptr_eq(&known, transaction) || known == *transaction) {
            return Ok(());
        }
        let (id, payer) = (transaction.id(), transaction.payer(view.params.issuer));
        let size = transaction.to_bytes().len();
        if (waiting.id, Some(waiting.payer), waiting.bytes) != (id, payer, size) {
            return Err(Unfit::Label);
        }
        validation::check_transaction(view.params, transaction).map_err(|_| Unfit::Rule)?;
        let check = transaction.signature_check(view.genesis, view.params.issuer);
        if !check.is_some_and(|check| check.verify()) {
            return Err(Unfit::Signature);
        }
        self.proven.0.borrow_mut().sound.insert(id, transaction.clone());
        Ok(())
    }
}

/// What a node keeps stays within the limits that it states.
pub fn bounds(node: &Node) -> Result<(), Violation> {
    let within = |holds: bool, what| if holds { Ok(()) } else { Err(Violation::Bound(what)) };
    within(node.peers().len() <= MAX_LINKS, "links")?;
    within(node.mempool().len() <= mempool::MAX_COUNT, "waiting transactions")?;
    within(node.mempool().bytes() <= mempool::MAX_BYTES, "bytes of waiting transactions")?;
    for (_, peer) in node.peers().iter() {
        within(peer.orders.len() <= limits::MAX_ORDERS, "blocks that a peer waits for")?;
        within(peer.unchecked.len() <= limits::MAX_UNCHECKED, "transactions of a peer that wait for their check")?;
    }
    Ok(())
}

/// Nothing that was confirmed once, anywhere, is lost for good: it is in the best chain, or it waits,
/// or its payer's account has gone on without it, or does not cover it any more. To be called when
/// all nodes agree.
pub fn nothing_lost(simulation: &Simulation) -> Result<(), Violation> {
    let member = &simulation.members[simulation.running()[0].0];
    let chain = member.node.chain();
    let view = View::beside(member.store(), chain, member.node.mempool(), simulation.now());
    let blocks: Vec<Arc<Block>> =
        (1..=chain.height().0).filter_map(|height| (view.block_at)(height)).map(|(_, block)| block).collect();
    let best: BTreeSet<TxId> = blocks.iter().flat_map(|block| &block.transactions).map(Transaction::id).collect();
    let found = simulation.proven.0.borrow();
    for (id, transaction) in found.confirmed.iter().filter(|(id, _)| !best.contains(*id)) {
        let waits = simulation.running().iter().any(|index| simulation.node(*index).mempool().get(id).is_some());
        let account = transaction.payer(chain.params().issuer).map(|payer| chain.ledger().account(&payer));
        let possible = account.is_some_and(|account| {
            let covered = ledger::cost(transaction).is_some_and(|cost| cost <= account.balance);
            account.nonce == transaction.nonce() && covered
        });
        if !waits && possible {
            return Err(Violation::Lost(*id));
        }
    }
    Ok(())
}

/// All running nodes have one tip and identical accounts, and nobody has more links than allowed.
pub fn agreement(simulation: &Simulation) {
    let running = simulation.running();
    let first = running.iter().map(|index| simulation.node(*index).chain()).find(|chain| chain.keeps_bodies());
    let first = first.expect("a node with accounts");
    let accounts: Vec<_> = first.ledger().accounts().iter().collect();
    for index in running {
        let node = simulation.node(index);
        assert_eq!(node.chain().tip(), first.tip(), "the tip of node {}", index.0);
        assert!(node.peers().len() <= MAX_LINKS, "the links of node {}", index.0);
        if !node.chain().keeps_bodies() {
            continue;
        }
        assert_eq!(
            node.chain().ledger().accounts().iter().collect::<Vec<_>>(),
            accounts,
            "the accounts of node {}",
            index.0
        );
    }
}

/// A light node's tip is its best header, and it has no body and no transaction of others.
pub fn headers_alone(node: &Node) {
    let chain = node.chain();
    assert_eq!(chain.tip(), chain.best_header().0.hash());
    assert!(chain.height() == Height::GENESIS || chain.block(&chain.tip()).is_none());
    assert!(node.mempool().is_empty() && chain.missing_count() == 0);
    assert!(node.peers().len() <= MAX_LINKS);
}

#[cfg(test)]
mod tests;
