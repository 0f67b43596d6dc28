//! The mempool as a list: the rules for what may wait, each asked of the whole list.

use super::state::{MOST, State, amount, cost, issued};
use crate::consensus::validation::TransactionError;
use crate::hash::TxId;
use crate::keys::Address;
use crate::mempool::{AdmitError, Removal};
use crate::params::ChainParams;
use crate::transaction::Transaction;
use crate::units::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// Milliseconds after which nothing waits any more.
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// Why a transaction is wrong, whatever the accounts.
pub(super) fn flaw(params: &ChainParams, transaction: &Transaction) -> Option<TransactionError> {
    if transaction.to_bytes().len() > 512 {
        return Some(TransactionError::TooLarge);
    }
    if transaction.amount().grains() == 0 {
        return Some(TransactionError::ZeroAmount);
    }
    match transaction {
        Transaction::Reward(_) => Some(TransactionError::LooseReward),
        Transaction::Issue(_) if params.issuer.is_none() => Some(TransactionError::NoIssuer),
        Transaction::Transfer(_) if cost(transaction) > MOST => Some(TransactionError::Overflow),
        Transaction::Transfer(_) | Transaction::Issue(_) => {
            params.rules.check(transaction).err().map(TransactionError::Application)
        }
    }
}

#[derive(Debug, Clone)]
struct Waiting {
    id: TxId,
    payer: Address,
    transaction: Transaction,
    since: Timestamp,
}

/// What waits, in the order of its coming.
#[derive(Debug, Default)]
pub(super) struct Pool(Vec<Waiting>);

impl Pool {
    pub(super) fn ids(&self) -> BTreeSet<TxId> {
        self.0.iter().map(|waiting| waiting.id).collect()
    }

    /// Lets a transaction wait whose signature holds; gives what it takes the place of.
    pub(super) fn insert(
        &mut self,
        params: &ChainParams,
        state: &State,
        transaction: &Transaction,
        now: Timestamp,
    ) -> Result<Vec<TxId>, AdmitError> {
        let id = transaction.id();
        if self.0.iter().any(|waiting| waiting.id == id) {
            return Err(AdmitError::Known);
        }
        if let Some(flaw) = flaw(params, transaction) {
            return Err(AdmitError::Invalid(flaw));
        }
        // One grain a byte is the floor of a pool that never was full.
        let bytes = transaction.to_bytes().len() as u64;
        if matches!(transaction, Transaction::Transfer(_)) && transaction.fee().grains() < bytes {
            return Err(AdmitError::FeeTooLow(amount(bytes)));
        }
        let payer = transaction.payer(params.issuer).expect("checked above");
        let ((balance, expected), found) = (state.account(&payer), transaction.nonce());
        if found < expected {
            return Err(AdmitError::NonceUsed { found, expected });
        }
        if found >= expected + 100 {
            return Err(AdmitError::NonceAhead { found, expected });
        }
        let same_place = |waiting: &Waiting| waiting.payer == payer && waiting.transaction.nonce() == found;
        let replaced = self.0.iter().find(|waiting| same_place(waiting)).cloned();
        if let Some(old) = &replaced {
            let least = old.transaction.fee().grains() * 110 / 100 + 1;
            if transaction.fee().grains() < least {
                return Err(AdmitError::ReplacementFee(amount(least)));
            }
        }
        let others = || self.0.iter().filter(|waiting| waiting.payer == payer && !same_place(waiting));
        if others().count() >= 100 {
            return Err(AdmitError::TooManyOfPayer);
        }
        let available = balance - others().map(|waiting| cost(&waiting.transaction)).sum::<u64>();
        if cost(transaction) > available {
            let (needed, available) = (amount(cost(transaction)), amount(available));
            return Err(AdmitError::InsufficientFunds { needed, available });
        }
        let issuable = state.issuable(params) - others().map(|waiting| issued(&waiting.transaction)).sum::<u64>();
        if issued(transaction) > issuable {
            let (needed, available) = (amount(issued(transaction)), amount(issuable));
            return Err(AdmitError::InsufficientFunds { needed, available });
        }
        self.0.retain(|waiting| !same_place(waiting));
        self.0.push(Waiting { id, payer, transaction: transaction.clone(), since: now });
        Ok(replaced.into_iter().map(|old| old.id).collect())
    }

    /// Follows the tip: what it confirms leaves, and what does not go with the accounts, with a
    /// reason. Of each payer the lowest nonces keep what the balance covers.
    pub(super) fn follow(&mut self, params: &ChainParams, state: &State) -> BTreeMap<TxId, Removal> {
        self.0.retain(|waiting| !state.confirmed.contains(&waiting.id));
        let mut in_order: Vec<&Waiting> = self.0.iter().collect();
        in_order.sort_by_key(|waiting| (waiting.payer, waiting.transaction.nonce()));
        let mut left: BTreeMap<Address, u64> = BTreeMap::new();
        let mut issuable = state.issuable(params);
        let mut removed = BTreeMap::new();
        for waiting in in_order {
            let (balance, nonce) = state.account(&waiting.payer);
            let left = left.entry(waiting.payer).or_insert(balance);
            if waiting.transaction.nonce() < nonce {
                removed.insert(waiting.id, Removal::Conflict);
            } else if cost(&waiting.transaction) > *left || issued(&waiting.transaction) > issuable {
                removed.insert(waiting.id, Removal::Uncovered);
            } else {
                *left -= cost(&waiting.transaction);
                issuable -= issued(&waiting.transaction);
            }
        }
        self.0.retain(|waiting| !removed.contains_key(&waiting.id));
        removed
    }

    /// Lets go what has waited for a day.
    pub(super) fn expire(&mut self, now: Timestamp) -> BTreeMap<TxId, Removal> {
        let late = |waiting: &Waiting| now.millis() - waiting.since.millis() >= DAY_MS;
        let expired = self.0.iter().filter(|waiting| late(waiting)).map(|one| (one.id, Removal::Expired)).collect();
        self.0.retain(|waiting| !late(waiting));
        expired
    }

    /// That everything goes with the accounts: its own rules, its nonce, and the funds of each payer.
    pub(super) fn assert_valid(&self, params: &ChainParams, state: &State) {
        let mut spent: BTreeMap<Address, u64> = BTreeMap::new();
        for waiting in &self.0 {
            assert_eq!(flaw(params, &waiting.transaction), None, "{} waits", waiting.id);
            let (balance, nonce) = state.account(&waiting.payer);
            assert!(waiting.transaction.nonce() >= nonce, "{} waits with a used nonce", waiting.id);
            assert!(!state.confirmed.contains(&waiting.id), "{} waits though it is confirmed", waiting.id);
            let sum = spent.entry(waiting.payer).or_default();
            *sum += cost(&waiting.transaction);
            assert!(*sum <= balance, "{} waits beyond the balance", waiting.id);
        }
        let assigned: u64 = self.0.iter().map(|waiting| issued(&waiting.transaction)).sum();
        assert!(assigned <= state.issuable(params), "more new coins wait than there can be");
    }
}
