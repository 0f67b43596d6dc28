//! What must hold of a pool at any time, and of every selection from it.

use super::world::{PAYERS, address};
use node_core::chain::ledger::Ledger;
use node_core::consensus::validation;
use node_core::hash::TxId;
use node_core::keys::Address;
use node_core::mempool::{Caps, MAX_PER_PAYER, MIN_FEE_RATE, Mempool, Waiting, Wish, Wishes};
use node_core::params::ChainParams;
use node_core::transaction::Transaction;
use node_core::units::Amount;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What a transaction takes from its payer.
fn cost(transaction: &Transaction) -> u64 {
    match transaction {
        Transaction::Transfer(transfer) => transfer.amount.grains() + transfer.fee.grains(),
        Transaction::Issue(_) | Transaction::Reward(_) => 0,
    }
}

/// The caps hold, all views of the pool tell the same, and what waits goes with the accounts.
pub(super) fn check(pool: &Mempool, params: &ChainParams, ledger: &Ledger, caps: Caps) {
    let all: Vec<&Waiting> = pool.iter().collect();
    assert!(pool.len() <= caps.count && pool.bytes() <= caps.bytes, "{} in {} bytes", pool.len(), pool.bytes());
    assert_eq!(all.len(), pool.len());
    assert_eq!(all.iter().map(|waiting| waiting.bytes).sum::<usize>(), pool.bytes());
    assert!(all.is_sorted_by(
        |first, second| first.rate > second.rate || (first.rate == second.rate && first.since <= second.since)
    ));
    let mut queues: BTreeMap<Address, BTreeMap<u64, &Waiting>> = BTreeMap::new();
    for waiting in all {
        let transaction = &*waiting.transaction;
        assert_eq!(pool.get(&waiting.id), Some(waiting));
        assert_eq!((transaction.id(), transaction.to_bytes().len()), (waiting.id, waiting.bytes));
        assert_eq!(transaction.payer(params.issuer), Some(waiting.payer));
        assert_eq!(waiting.rate.0, transaction.fee().grains() * 1000 / waiting.bytes as u64);
        assert!(waiting.rate >= MIN_FEE_RATE || matches!(transaction, Transaction::Issue(_)));
        assert_eq!(validation::check_transaction(params, transaction), Ok(()));
        let other = queues.entry(waiting.payer).or_default().insert(transaction.nonce(), waiting);
        assert!(other.is_none(), "two with one nonce wait");
    }
    for (payer, queue) in &queues {
        let account = ledger.account(payer);
        assert!(queue.len() <= MAX_PER_PAYER && queue.len() == pool.count_of(payer));
        assert!(queue.keys().all(|nonce| *nonce >= account.nonce), "one waits whose nonce is used up");
        let taken: u64 = queue.values().map(|waiting| cost(&waiting.transaction)).sum();
        assert_eq!(pool.outgoing(payer).grains(), taken);
        assert!(taken <= account.balance.grains(), "more waits than the account holds");
        let issues = queue.values().filter(|one| matches!(*one.transaction, Transaction::Issue(_)));
        let issued: u64 = issues.map(|one| one.transaction.amount().grains()).sum();
        assert!(issued <= ledger.unissued().grains(), "more waits than may be issued");
    }
    for index in 0..PAYERS + 3 {
        let address = address(index);
        let own = queues.get(&address);
        let confirmed = ledger.account(&address).nonce;
        let gap = (confirmed..=confirmed + 2 * MAX_PER_PAYER as u64)
            .find(|nonce| own.is_none_or(|queue| !queue.contains_key(nonce)));
        assert_eq!(Some(pool.next_nonce(&address, confirmed)), gap);
        let paying = queues.values().flat_map(BTreeMap::values).filter(|one| one.transaction.recipient() == address);
        let amounts = paying.map(|waiting| waiting.transaction.amount());
        assert_eq!(pool.incoming(&address), amounts.fold(Amount::ZERO, sum_or_most));
    }
}

fn sum_or_most(sum: Amount, amount: Amount) -> Amount {
    sum.checked_add(amount).unwrap_or(Amount::MAX)
}

/// A selection fits, keeps the order of nonces and the wishes, and leaves no room that could be used.
pub(super) fn check_selection(
    pool: &Mempool,
    ledger: &Ledger,
    room: usize,
    wishes: &Wishes,
    selected: &[Arc<Transaction>],
) {
    let ids: BTreeSet<TxId> = selected.iter().map(|transaction| transaction.id()).collect();
    assert_eq!(ids.len(), selected.len(), "one was selected twice");
    assert!(ids.iter().all(|id| wishes.of(id) != Wish::Exclude));
    let mut left = room;
    let mut next: BTreeMap<Address, u64> = BTreeMap::new();
    for id in selected.iter().map(|transaction| transaction.id()) {
        let waiting = pool.get(&id).expect("it waits");
        left = left.checked_sub(waiting.bytes).expect("it fits");
        let nonce = next.entry(waiting.payer).or_insert_with(|| ledger.account(&waiting.payer).nonce);
        assert_eq!(waiting.transaction.nonce(), *nonce, "out of order");
        *nonce += 1;
    }
    for waiting in pool.iter().filter(|waiting| wishes.of(&waiting.id) != Wish::Exclude) {
        let nonce = next.get(&waiting.payer).copied().unwrap_or_else(|| ledger.account(&waiting.payer).nonce);
        assert!(waiting.transaction.nonce() != nonce || waiting.bytes > left, "{} would have fitted in", waiting.id);
    }
    // The first of the pinned has all the room.
    let pinned: BTreeSet<TxId> = pool.iter().map(|one| one.id).filter(|id| wishes.of(id) == Wish::Pin).collect();
    if let Some(run) = pinned.into_iter().find_map(|id| run_up_to(pool, ledger, wishes, id)) {
        let bytes: usize = run.iter().map(|waiting| waiting.bytes).sum();
        assert!(bytes > room || run.iter().all(|waiting| ids.contains(&waiting.id)), "a wish was not met");
    }
}

/// What has to be mined for a transaction to be, itself included; `None` if that cannot or must not be.
fn run_up_to<'a>(pool: &'a Mempool, ledger: &Ledger, wishes: &Wishes, id: TxId) -> Option<Vec<&'a Waiting>> {
    let last = pool.get(&id)?;
    let own: BTreeMap<u64, &Waiting> =
        pool.iter().filter(|one| one.payer == last.payer).map(|one| (one.transaction.nonce(), one)).collect();
    let nonces = ledger.account(&last.payer).nonce..=last.transaction.nonce();
    let allowed = |waiting: &&Waiting| wishes.of(&waiting.id) != Wish::Exclude;
    nonces.map(|nonce| own.get(&nonce).copied().filter(allowed)).collect()
}
