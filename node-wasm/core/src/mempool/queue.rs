//! The waiting transactions of one payer, in the order of their nonces.

use super::FeeRate;
use crate::chain::ledger;
use crate::hash::TxId;
use crate::keys::Address;
use crate::transaction::Transaction;
use crate::units::{Amount, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A waiting transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Its id.
    pub id: TxId,
    /// The transaction.
    pub transaction: Arc<Transaction>,
    /// Who pays.
    pub payer: Address,
    /// Canonical bytes.
    pub bytes: usize,
    /// What it pays for them.
    pub rate: FeeRate,
    /// When it came.
    pub since: Timestamp,
    /// Order of coming; the first of equals is served first.
    pub(super) sequence: u64,
}

impl Waiting {
    /// What it takes from its payer.
    pub(super) fn cost(&self) -> Amount {
        // An overflow is refused when a transaction is admitted.
        ledger::cost(&self.transaction).unwrap_or(Amount::MAX)
    }

    /// What it takes of the coins that the issuer may assign.
    pub(super) fn issued(&self) -> Amount {
        ledger::issued(&self.transaction)
    }
}

/// The first transactions of a queue that pay best together: one that pays little is worth taking
/// along with one behind it that pays much.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Package {
    pub(super) rate: FeeRate,
    pub(super) count: usize,
    pub(super) bytes: usize,
    pub(super) sequence: u64,
}

/// The waiting transactions of one payer.
#[derive(Debug, Default)]
pub(super) struct Queue {
    /// Nonce of the account: the first transaction that can be mined has it.
    pub(super) confirmed: u64,
    waiting: BTreeMap<u64, Waiting>,
    outgoing: Amount,
}

impl Queue {
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(super) fn get(&self, nonce: u64) -> Option<&Waiting> {
        self.waiting.get(&nonce)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Waiting> {
        self.waiting.values()
    }

    /// What all of them take from the account.
    pub(super) fn outgoing(&self) -> Amount {
        self.outgoing
    }

    /// New coins that all of them assign.
    pub(super) fn issuing(&self) -> Amount {
        let issued = self.waiting.values().map(Waiting::issued);
        issued.fold(Amount::ZERO, |sum, one| sum.checked_add(one).unwrap_or(Amount::MAX))
    }

    pub(super) fn insert(&mut self, waiting: Waiting) {
        self.outgoing = self.outgoing.checked_add(waiting.cost()).unwrap_or(Amount::MAX);
        self.waiting.insert(waiting.transaction.nonce(), waiting);
    }

    pub(super) fn remove(&mut self, nonce: u64) -> Option<Waiting> {
        let waiting = self.waiting.remove(&nonce)?;
        self.outgoing = self.outgoing.checked_sub(waiting.cost()).unwrap_or_default();
        Some(waiting)
    }

    /// Nonces of this one and of all behind it, highest first: what has to go when it goes.
    pub(super) fn nonces_from(&self, nonce: u64) -> Vec<u64> {
        self.waiting.range(nonce..).rev().map(|(nonce, _)| *nonce).collect()
    }

    /// The first nonce from this on that no waiting transaction has.
    pub(super) fn gap_after(&self, from: u64) -> u64 {
        self.run(from).last().map_or(from, |waiting| waiting.transaction.nonce().saturating_add(1))
    }

    /// Transactions from this nonce on without a gap.
    pub(super) fn run(&self, from: u64) -> impl Iterator<Item = &Waiting> {
        let nonces = (from..).zip(self.waiting.range(from..));
        nonces.take_while(|(expected, (nonce, _))| expected == *nonce).map(|(_, (_, waiting))| waiting)
    }

    /// The package that starts at this nonce and ends before the first transaction that must not
    /// be in it.
    pub(super) fn package(&self, from: u64, allowed: impl Fn(&Waiting) -> bool) -> Option<Package> {
        let (mut fee, mut bytes) = (0_u64, 0_usize);
        let mut best: Option<Package> = None;
        for (index, waiting) in self.run(from).take_while(|waiting| allowed(waiting)).enumerate() {
            fee = fee.saturating_add(waiting.transaction.fee().grains());
            bytes += waiting.bytes;
            let rate = FeeRate::of_grains(fee, bytes);
            if best.is_none_or(|best| rate > best.rate) {
                let sequence = best.map_or(waiting.sequence, |best| best.sequence);
                best = Some(Package { rate, count: index + 1, bytes, sequence });
            }
        }
        best
    }
}
