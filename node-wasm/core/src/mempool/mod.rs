//! Transactions that wait for a block: per payer in nonce order, bounded, best fee rate first.

mod queue;
mod select;
#[cfg(test)]
mod tests;

pub use queue::Waiting;
pub use select::{MAX_WISHES, TooManyWishes, Wish, Wishes};

use crate::block::Block;
use crate::chain::ledger::{self, Ledger};
use crate::consensus::validation::{self, TransactionError};
use crate::hash::TxId;
use crate::keys::{Address, PublicKey};
use crate::params::ChainParams;
use crate::sentence::Say;
use crate::transaction::Transaction;
use crate::units::{Amount, Timestamp};
use queue::Queue;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// Most transactions: Nimiq's number; far more than the blocks of an hour hold.
pub const MAX_COUNT: usize = 50_000;
/// Most canonical bytes: thirty full blocks.
pub const MAX_BYTES: usize = 32 * 1024 * 1024;
/// Most transactions of one payer, so that one account cannot fill the pool.
pub const MAX_PER_PAYER: usize = 100;
/// Least fee for a thousand bytes: what it costs at least to use every node's room.
pub const MIN_FEE_RATE: FeeRate = FeeRate(1_000);
/// A replacement pays at least this many per cent of what it replaces (BIP 125 wants an absolute
/// step for the same reason: each replacement travels the whole mesh).
pub const REPLACEMENT_PERCENT: u64 = 110;
/// How long a transaction waits at most: one that no miner wants must not wait for ever.
pub const EXPIRY: Duration = Duration::from_hours(24);
/// After this long without an eviction the fee floor has fallen by half (Bitcoin Core: 12 hours,
/// for blocks sixty times as far apart as ours).
pub const FLOOR_HALF_LIFE: Duration = Duration::from_mins(10);
/// The fee that the wallet proposes.
pub const PROPOSED_FEE: Amount = match Amount::from_grains(100_000) {
    Ok(fee) => fee,
    Err(_) => Amount::ZERO,
};

/// Grains for a thousand bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FeeRate(pub u64);

impl FeeRate {
    fn of(fee: Amount, bytes: usize) -> Self {
        Self::of_grains(fee.grains(), bytes)
    }

    fn of_grains(grains: u64, bytes: usize) -> Self {
        let rate = u128::from(grains) * 1000 / bytes.max(1) as u128;
        Self(u64::try_from(rate).unwrap_or(u64::MAX))
    }

    /// The least fee for so many bytes at this rate.
    pub fn fee_for(self, bytes: usize) -> Amount {
        let grains = (u128::from(self.0) * bytes as u128).div_ceil(1000);
        u64::try_from(grains).ok().and_then(|grains| Amount::from_grains(grains).ok()).unwrap_or(Amount::MAX)
    }
}

/// Why a transaction cannot wait here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, Say)]
pub enum AdmitError {
    /// It is wrong in itself.
    #[error(transparent)]
    Invalid(#[from] TransactionError),
    /// It waits already.
    #[error("it waits already")]
    Known,
    /// Its nonce was used by a confirmed transaction: sent again, or overtaken.
    #[error("its nonce {found} is used up: {expected} is next")]
    NonceUsed {
        /// Of the transaction.
        found: u64,
        /// Of the account.
        expected: u64,
    },
    /// Its nonce is too far ahead.
    #[error("its nonce {found} is too far ahead of {expected}")]
    NonceAhead {
        /// Of the transaction.
        found: u64,
        /// Of the account.
        expected: u64,
    },
    /// The account does not cover it beside what waits already.
    #[error("it needs {needed} TAB, the account has {available} left")]
    InsufficientFunds {
        /// Amount and fee.
        needed: Amount,
        /// Balance less what waits.
        available: Amount,
    },
    /// Less than the least fee, which rises while the pool is full.
    #[error("its fee is below {0} TAB, the least for its size at this time")]
    FeeTooLow(Amount),
    /// Another with its nonce waits and pays as much, or nearly.
    #[error("another transaction with this nonce waits; replacing it takes a fee of {0} TAB")]
    ReplacementFee(Amount),
    /// The payer has all the places it may have.
    #[error("{MAX_PER_PAYER} transactions of this account wait already")]
    TooManyOfPayer,
    /// The pool is full of transactions that pay as much or more.
    #[error("the mempool is full of transactions that pay more")]
    Full,
}

/// Why a transaction left without being confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, Say)]
pub enum Removal {
    /// A confirmed one took its nonce.
    #[error("another transaction with its nonce was confirmed")]
    Conflict,
    /// Its account does not cover it any more.
    #[error("its account does not cover it any more")]
    Uncovered,
    /// One with a higher fee took its place.
    #[error("one with a higher fee took its place")]
    Replaced,
    /// The pool was full.
    #[error("the mempool is full of transactions that pay more")]
    Evicted,
    /// It waited too long.
    #[error("it waited for a day")]
    Expired,
}

/// The fee rate that a full pool asks for, and since when.
#[derive(Debug, Clone, Copy)]
struct Floor {
    rate: FeeRate,
    since: Timestamp,
}

/// Where a transaction comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// A peer, or the own wallet.
    New,
    /// A block that is no longer part of the best chain.
    Lost,
}

/// The most that waits at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caps {
    /// Transactions.
    pub count: usize,
    /// Canonical bytes.
    pub bytes: usize,
}

impl Default for Caps {
    fn default() -> Self {
        Self { count: MAX_COUNT, bytes: MAX_BYTES }
    }
}

/// The pool.
#[derive(Debug, Default)]
pub struct Mempool {
    caps: Caps,
    /// Where a transaction waits: its payer and nonce.
    entries: BTreeMap<TxId, (Address, u64)>,
    queues: BTreeMap<Address, Queue>,
    by_rate: BTreeSet<(FeeRate, Reverse<u64>, TxId)>,
    by_age: BTreeMap<u64, TxId>,
    /// For each payer of whom something can be mined, what its first package pays.
    ready: BTreeSet<(FeeRate, Reverse<u64>, Address)>,
    bytes: usize,
    sequence: u64,
    floor: Option<Floor>,
}

impl Mempool {
    /// An empty pool with caps of its own; those of a node are the default.
    pub fn new(caps: Caps) -> Self {
        Self { caps, ..Self::default() }
    }

    /// Number of transactions.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Their canonical bytes.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// A waiting transaction.
    pub fn get(&self, id: &TxId) -> Option<&Waiting> {
        let (payer, nonce) = self.entries.get(id)?;
        self.queues.get(payer)?.get(*nonce)
    }

    /// All, best fee rate first.
    pub fn iter(&self) -> impl Iterator<Item = &Waiting> {
        self.by_rate.iter().rev().filter_map(|(_, _, id)| self.get(id))
    }

    /// What an account's waiting transactions take from it.
    pub fn outgoing(&self, payer: &Address) -> Amount {
        self.queues.get(payer).map(Queue::outgoing).unwrap_or_default()
    }

    /// What waits to be paid to an address.
    pub fn incoming(&self, address: &Address) -> Amount {
        let waiting = self.queues.values().flat_map(Queue::iter);
        let paying = waiting.filter(|waiting| waiting.transaction.recipient() == *address);
        paying.fold(Amount::ZERO, |sum, waiting| sum.checked_add(waiting.transaction.amount()).unwrap_or(Amount::MAX))
    }

    /// Waiting transactions of an account, by nonce.
    pub fn of(&self, payer: &Address) -> impl Iterator<Item = &Waiting> {
        self.queues.get(payer).into_iter().flat_map(Queue::iter)
    }

    /// Number of waiting transactions of an account.
    pub fn count_of(&self, payer: &Address) -> usize {
        self.queues.get(payer).map_or(0, Queue::len)
    }

    /// The first nonce from the account's own on that no waiting transaction has.
    pub fn next_nonce(&self, payer: &Address, confirmed: u64) -> u64 {
        self.queues.get(payer).map_or(confirmed, |queue| queue.gap_after(confirmed))
    }

    /// The least fee rate at this time: rises when the pool overflows, and falls again by itself.
    pub fn floor(&self, now: Timestamp) -> FeeRate {
        let Some(floor) = self.floor else { return MIN_FEE_RATE };
        let halvings = now.since(floor.since).as_millis() / FLOOR_HALF_LIFE.as_millis();
        let rate = u32::try_from(halvings).ok().and_then(|halvings| floor.rate.0.checked_shr(halvings));
        MIN_FEE_RATE.max(FeeRate(rate.unwrap_or(0)))
    }

    /// Everything but the signature: whether a transaction could wait here. Cheap checks first.
    pub fn check(
        &self,
        params: &ChainParams,
        ledger: &Ledger,
        transaction: &Transaction,
        now: Timestamp,
    ) -> Result<(), AdmitError> {
        self.check_from(Origin::New, params, ledger, transaction, now)
    }

    fn check_from(
        &self,
        origin: Origin,
        params: &ChainParams,
        ledger: &Ledger,
        transaction: &Transaction,
        now: Timestamp,
    ) -> Result<(), AdmitError> {
        let new = origin == Origin::New;
        if self.entries.contains_key(&transaction.id()) {
            return Err(AdmitError::Known);
        }
        validation::check_transaction(params, transaction)?;
        let bytes = transaction.to_bytes().len();
        let rate = FeeRate::of(transaction.fee(), bytes);
        let floor = self.floor(now);
        if new && matches!(transaction, Transaction::Transfer(_)) && rate < floor {
            return Err(AdmitError::FeeTooLow(floor.fee_for(bytes)));
        }
        let payer = transaction.payer(params.issuer).ok_or(TransactionError::NoIssuer)?;
        let account = ledger.account(&payer);
        let (found, expected) = (transaction.nonce(), account.nonce);
        if found < expected {
            return Err(AdmitError::NonceUsed { found, expected });
        }
        if new && found - expected >= MAX_PER_PAYER as u64 {
            return Err(AdmitError::NonceAhead { found, expected });
        }
        let replaced = self.queues.get(&payer).and_then(|queue| queue.get(found));
        check_replacement(replaced, transaction)?;
        if new && replaced.is_none() && self.count_of(&payer) >= MAX_PER_PAYER {
            return Err(AdmitError::TooManyOfPayer);
        }
        self.check_funds(ledger, payer, transaction, replaced)?;
        self.check_room((payer, found), bytes, rate, replaced)
    }

    /// Lets a transaction wait whose signature holds. Gives what it pushed out.
    pub fn insert(
        &mut self,
        params: &ChainParams,
        ledger: &Ledger,
        transaction: Arc<Transaction>,
        now: Timestamp,
    ) -> Result<Vec<(Arc<Transaction>, Removal)>, AdmitError> {
        self.insert_from(Origin::New, params, ledger, transaction, now)
    }

    /// Lets a transaction of a lost block wait again. The number of a payer's transactions and the fee
    /// floor keep floods out; what was in a block has paid with its proof of work, so that they do not
    /// count here, and the caps of the pool alone decide. Gives what it pushed out.
    pub fn restore(
        &mut self,
        params: &ChainParams,
        ledger: &Ledger,
        transaction: Arc<Transaction>,
        now: Timestamp,
    ) -> Result<Vec<(Arc<Transaction>, Removal)>, AdmitError> {
        self.insert_from(Origin::Lost, params, ledger, transaction, now)
    }

    fn insert_from(
        &mut self,
        origin: Origin,
        params: &ChainParams,
        ledger: &Ledger,
        transaction: Arc<Transaction>,
        now: Timestamp,
    ) -> Result<Vec<(Arc<Transaction>, Removal)>, AdmitError> {
        self.check_from(origin, params, ledger, &transaction, now)?;
        let payer = transaction.payer(params.issuer).ok_or(TransactionError::NoIssuer)?;
        let (id, witness_id) = (transaction.id(), transaction.witness_id());
        let (nonce, bytes) = (transaction.nonce(), transaction.to_bytes().len());
        let mut removed = Vec::new();
        removed.extend(self.remove(&payer, nonce).map(|old| (old.transaction, Removal::Replaced)));
        self.sequence += 1;
        let (rate, sequence) = (FeeRate::of(transaction.fee(), bytes), self.sequence);
        self.entries.insert(id, (payer, nonce));
        self.by_rate.insert((rate, Reverse(sequence), id));
        self.by_age.insert(sequence, id);
        self.bytes += bytes;
        let confirmed = ledger.account(&payer).nonce;
        self.change_queue(payer, |queue| {
            queue.confirmed = confirmed;
            queue.insert(Waiting { id, witness_id, transaction, payer, bytes, rate, since: now, sequence });
        });
        while self.len() > self.caps.count || self.bytes > self.caps.bytes {
            if !self.evict(now, &mut removed) {
                break;
            }
        }
        Ok(removed)
    }

    /// Takes out what connected blocks confirmed and what no longer goes with the accounts.
    ///
    /// `reverted` says whether blocks were taken back before: then any account may hold less.
    /// Gives what left without being confirmed.
    pub fn update(
        &mut self,
        ledger: &Ledger,
        issuer: Option<PublicKey>,
        connected: &[Arc<Block>],
        reverted: bool,
    ) -> Vec<(Arc<Transaction>, Removal)> {
        let mut payers = BTreeSet::new();
        for transaction in connected.iter().flat_map(|block| &block.transactions) {
            if let Some((payer, nonce)) = self.entries.get(&transaction.id()).copied() {
                self.remove(&payer, nonce);
            }
            payers.extend(transaction.payer(issuer));
        }
        if reverted {
            payers.extend(self.queues.keys());
        }
        let mut removed = Vec::new();
        for payer in payers {
            self.recheck(ledger, &payer, &mut removed);
        }
        removed
    }

    /// Takes out what has waited too long.
    pub fn expire(&mut self, now: Timestamp) -> Vec<(Arc<Transaction>, Removal)> {
        let mut removed = Vec::new();
        while let Some((_, id)) = self.by_age.first_key_value() {
            let late = self.get(id).is_none_or(|waiting| now.since(waiting.since) >= EXPIRY);
            let Some((payer, nonce)) = self.entries.get(id).copied().filter(|_| late) else { break };
            removed.extend(self.remove(&payer, nonce).map(|old| (old.transaction, Removal::Expired)));
        }
        removed
    }

    fn check_funds(
        &self,
        ledger: &Ledger,
        payer: Address,
        transaction: &Transaction,
        replaced: Option<&Waiting>,
    ) -> Result<(), AdmitError> {
        let freed = replaced.map(Waiting::cost).unwrap_or_default();
        let reserved = self.outgoing(&payer).checked_sub(freed).unwrap_or_default();
        let available = ledger.account(&payer).balance.checked_sub(reserved).unwrap_or_default();
        let needed = ledger::cost(transaction).ok_or(TransactionError::Overflow)?;
        if needed > available {
            return Err(AdmitError::InsufficientFunds { needed, available });
        }
        let freed = replaced.map(Waiting::issued).unwrap_or_default();
        let reserved = self.queues.get(&payer).map(Queue::issuing).unwrap_or_default();
        let reserved = reserved.checked_sub(freed).unwrap_or_default();
        let available = ledger.unissued().checked_sub(reserved).unwrap_or_default();
        let needed = ledger::issued(transaction);
        if needed > available { Err(AdmitError::InsufficientFunds { needed, available }) } else { Ok(()) }
    }

    /// Whether all that has to leave for a transaction in this place pays less, and is none of those that it
    /// stands behind: with them it would leave itself. Walks what pays least in the order of [`Self::evict`].
    fn check_room(
        &self,
        (payer, nonce): (Address, u64),
        bytes: usize,
        rate: FeeRate,
        replaced: Option<&Waiting>,
    ) -> Result<(), AdmitError> {
        let mut count = self.len() + 1 - usize::from(replaced.is_some());
        let mut total = self.bytes + bytes - replaced.map_or(0, |old| old.bytes);
        // Of each payer, the first nonce that leaves.
        let mut leaving: BTreeMap<Address, u64> = BTreeMap::new();
        let mut lowest = self.by_rate.iter();
        while count > self.caps.count || total > self.caps.bytes {
            let (least, _, id) = lowest.next().ok_or(AdmitError::Full)?;
            let Some((other, first)) = self.entries.get(id).copied() else { continue };
            if rate <= *least || (other == payer && first < nonce) {
                return Err(AdmitError::Full);
            }
            let gone_from = leaving.get(&other).copied().unwrap_or(u64::MAX);
            if first >= gone_from || (other, first) == (payer, nonce) {
                continue;
            }
            leaving.insert(other, first);
            let behind = self.queues.get(&other).into_iter().flat_map(Queue::iter);
            for waiting in behind.filter(|waiting| (first..gone_from).contains(&waiting.transaction.nonce())) {
                (count, total) = (count - 1, total - waiting.bytes);
            }
        }
        Ok(())
    }

    /// Drops the transaction that pays least, with those behind it, and raises the floor above it.
    fn evict(&mut self, now: Timestamp, removed: &mut Vec<(Arc<Transaction>, Removal)>) -> bool {
        let Some((rate, _, id)) = self.by_rate.first().copied() else { return false };
        let Some((payer, nonce)) = self.entries.get(&id).copied() else { return false };
        let nonces = self.queues.get(&payer).map(|queue| queue.nonces_from(nonce)).unwrap_or_default();
        for nonce in nonces {
            removed.extend(self.remove(&payer, nonce).map(|old| (old.transaction, Removal::Evicted)));
        }
        let raised = FeeRate(rate.0.saturating_add(MIN_FEE_RATE.0));
        self.floor = Some(Floor { rate: raised.max(self.floor(now)), since: now });
        true
    }

    /// Drops what a payer's account has overtaken or no longer covers, lowest nonce served first.
    fn recheck(&mut self, ledger: &Ledger, payer: &Address, removed: &mut Vec<(Arc<Transaction>, Removal)>) {
        let Some(queue) = self.queues.get(payer) else { return };
        let account = ledger.account(payer);
        let mut left = (account.balance, ledger.unissued());
        let mut doomed = Vec::new();
        for waiting in queue.iter() {
            let nonce = waiting.transaction.nonce();
            let rest = left.0.checked_sub(waiting.cost()).zip(left.1.checked_sub(waiting.issued()));
            match rest {
                _ if nonce < account.nonce => doomed.push((nonce, Removal::Conflict)),
                None => doomed.push((nonce, Removal::Uncovered)),
                Some(rest) => left = rest,
            }
        }
        for (nonce, reason) in doomed {
            removed.extend(self.remove(payer, nonce).map(|old| (old.transaction, reason)));
        }
        self.change_queue(*payer, |queue| queue.confirmed = account.nonce);
    }

    fn remove(&mut self, payer: &Address, nonce: u64) -> Option<Waiting> {
        self.queues.get(payer)?.get(nonce)?;
        let waiting = self.change_queue(*payer, |queue| queue.remove(nonce))?;
        self.entries.remove(&waiting.id);
        self.by_rate.remove(&(waiting.rate, Reverse(waiting.sequence), waiting.id));
        self.by_age.remove(&waiting.sequence);
        self.bytes -= waiting.bytes;
        Some(waiting)
    }

    /// Changes a payer's queue and keeps the index of packages in step.
    fn change_queue<T>(&mut self, payer: Address, change: impl FnOnce(&mut Queue) -> T) -> T {
        let queue = self.queues.entry(payer).or_default();
        let key = |queue: &Queue| {
            let package = queue.package(queue.confirmed, |_| true);
            package.map(|package| (package.rate, Reverse(package.sequence), payer))
        };
        let before = key(queue);
        let result = change(queue);
        let after = key(queue);
        let empty = queue.is_empty();
        if before != after {
            before.map(|before| self.ready.remove(&before));
            self.ready.extend(after);
        }
        if empty {
            self.queues.remove(&payer);
        }
        result
    }
}

fn check_replacement(replaced: Option<&Waiting>, transaction: &Transaction) -> Result<(), AdmitError> {
    let Some(replaced) = replaced else { return Ok(()) };
    let least = u128::from(replaced.transaction.fee().grains()) * u128::from(REPLACEMENT_PERCENT) / 100 + 1;
    let least = u64::try_from(least).ok().and_then(|grains| Amount::from_grains(grains).ok()).unwrap_or(Amount::MAX);
    if transaction.fee() < least { Err(AdmitError::ReplacementFee(least)) } else { Ok(()) }
}
