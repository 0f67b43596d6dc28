//! What goes into the next block: the packages that pay best for their bytes, each payer's
//! transactions in the order of their nonces, the miner's wishes before all.

use super::queue::{Package, Queue, Waiting};
use super::{FeeRate, Mempool};
use crate::hash::TxId;
use crate::keys::Address;
use crate::sentence::Say;
use crate::transaction::Transaction;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::sync::Arc;

/// Most wishes of a miner: more than anybody clicks, few enough to look through for every block.
pub const MAX_WISHES: usize = 1_000;

/// What a miner wants in its block, and what it does not want there. A transaction has one wish at most.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wishes {
    pinned: BTreeSet<TxId>,
    excluded: BTreeSet<TxId>,
}

/// What a miner wants of one transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum Wish {
    /// Taken first, with all that its payer has before it.
    Pin,
    /// Left out, with all that its payer has behind it.
    Exclude,
    /// As the fees decide.
    None,
}

/// There are [`MAX_WISHES`] already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, Say)]
#[error("there are {MAX_WISHES} wishes already; take some back")]
pub struct TooManyWishes;

impl Wishes {
    /// Sets the wish for a transaction in place of the one before. A full list keeps what it has.
    pub fn set(&mut self, id: TxId, wish: Wish) -> Result<(), TooManyWishes> {
        let known = self.of(&id) != Wish::None;
        if wish != Wish::None && !known && self.pinned.len() + self.excluded.len() >= MAX_WISHES {
            return Err(TooManyWishes);
        }
        self.pinned.remove(&id);
        self.excluded.remove(&id);
        match wish {
            Wish::Pin => self.pinned.insert(id),
            Wish::Exclude => self.excluded.insert(id),
            Wish::None => false,
        };
        Ok(())
    }

    /// The wish for a transaction.
    pub fn of(&self, id: &TxId) -> Wish {
        if self.pinned.contains(id) {
            Wish::Pin
        } else if self.excluded.contains(id) {
            Wish::Exclude
        } else {
            Wish::None
        }
    }

    /// Keeps the wishes for these transactions only.
    pub fn retain(&mut self, keep: impl Fn(&TxId) -> bool) {
        self.pinned.retain(&keep);
        self.excluded.retain(&keep);
    }
}

/// A package in the order of choice: best rate, then first come.
type Choice = (FeeRate, Reverse<u64>, Address, u64, Package);

struct Selection<'a> {
    pool: &'a Mempool,
    wishes: &'a Wishes,
    room: usize,
    selected: Vec<Arc<Transaction>>,
    /// Nonce that comes next, for payers of whom something was selected.
    next: BTreeMap<Address, u64>,
}

impl Mempool {
    /// Transactions for the next block, as many as fit into so many bytes.
    pub fn select(&self, max_bytes: usize, wishes: &Wishes) -> Vec<Arc<Transaction>> {
        let mut selection =
            Selection { pool: self, wishes, room: max_bytes, selected: Vec::new(), next: BTreeMap::new() };
        selection.take_pinned();
        selection.take_best();
        selection.selected
    }
}

impl Selection<'_> {
    fn allowed(&self, waiting: &Waiting) -> bool {
        !self.wishes.excluded.contains(&waiting.id)
    }

    fn queue(&self, payer: &Address) -> Option<&Queue> {
        self.pool.queues.get(payer)
    }

    fn next_nonce(&self, payer: &Address, queue: &Queue) -> u64 {
        self.next.get(payer).copied().unwrap_or(queue.confirmed)
    }

    /// Takes so many transactions of a payer from its next nonce on, if they all fit.
    fn take(&mut self, payer: Address, count: usize, bytes: usize) -> bool {
        let Some(queue) = self.pool.queues.get(&payer) else { return false };
        let from = self.next_nonce(&payer, queue);
        if bytes > self.room {
            return false;
        }
        self.room -= bytes;
        let run = queue.run(from).take(count).map(|waiting| waiting.transaction.clone());
        self.selected.extend(run);
        self.next.insert(payer, from.saturating_add(count as u64));
        true
    }

    fn take_pinned(&mut self) {
        for id in &self.wishes.pinned {
            let Some((payer, nonce)) = self.pool.entries.get(id) else { continue };
            let Some(queue) = self.queue(payer) else { continue };
            let from = self.next_nonce(payer, queue);
            let before: Vec<&Waiting> =
                queue.run(from).take_while(|waiting| waiting.transaction.nonce() <= *nonce).collect();
            let complete = before.last().is_some_and(|last| last.id == *id);
            if complete && before.iter().all(|waiting| self.allowed(waiting)) {
                let (count, bytes) = (before.len(), before.iter().map(|waiting| waiting.bytes).sum());
                self.take(*payer, count, bytes);
            }
        }
    }

    /// Walks the pool's index of best packages from the top, and merges in what comes up behind
    /// packages that were taken.
    fn take_best(&mut self) {
        let mut fresh = self.pool.ready.iter().rev().peekable();
        let mut followers: BinaryHeap<Choice> = BinaryHeap::new();
        loop {
            let indexed = fresh.peek().map(|(rate, sequence, _)| (*rate, *sequence));
            let follower = followers.peek().map(|(rate, sequence, ..)| (*rate, *sequence));
            let (payer, package) = match (indexed, follower) {
                (None, None) => return,
                (Some(first), second) if second.is_none_or(|second| first >= second) => {
                    let Some((_, _, payer)) = fresh.next() else { return };
                    let Some(package) = self.first_package(payer, &mut followers) else { continue };
                    (*payer, package)
                }
                _ => {
                    let Some((_, _, payer, from, package)) = followers.pop() else { return };
                    if self.queue(&payer).is_none_or(|queue| self.next_nonce(&payer, queue) != from) {
                        continue;
                    }
                    (payer, package)
                }
            };
            self.take_package(payer, package, &mut followers);
            if self.room < crate::transaction::LEAST_TRANSACTION_BYTES {
                return;
            }
        }
    }

    /// The package that the index promises, unless wishes changed the payer's queue: then what is
    /// left of it takes its place among the followers.
    fn first_package(&self, payer: &Address, followers: &mut BinaryHeap<Choice>) -> Option<Package> {
        let queue = self.queue(payer)?;
        let from = self.next_nonce(payer, queue);
        if from == queue.confirmed && self.wishes.excluded.is_empty() {
            return queue.package(from, |_| true);
        }
        self.follow(*payer, followers);
        None
    }

    fn follow(&self, payer: Address, followers: &mut BinaryHeap<Choice>) {
        let Some(queue) = self.queue(&payer) else { return };
        let from = self.next_nonce(&payer, queue);
        if let Some(package) = queue.package(from, |waiting| self.allowed(waiting)) {
            followers.push((package.rate, Reverse(package.sequence), payer, from, package));
        }
    }

    fn take_package(&mut self, payer: Address, package: Package, followers: &mut BinaryHeap<Choice>) {
        if self.take(payer, package.count, package.bytes) {
            return self.follow(payer, followers);
        }
        // The whole package does not fit: its first transactions may.
        let Some(queue) = self.queue(&payer) else { return };
        let from = self.next_nonce(&payer, queue);
        let (mut count, mut bytes) = (0, 0);
        for waiting in queue.run(from).take(package.count) {
            if bytes + waiting.bytes > self.room {
                break;
            }
            (count, bytes) = (count + 1, bytes + waiting.bytes);
        }
        if count > 0 {
            self.take(payer, count, bytes);
        }
    }
}
