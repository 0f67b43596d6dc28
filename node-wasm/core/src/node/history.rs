//! Transactions of an address, as they are listed: of the wallet's all, of another's those that the index of
//! addresses names.

use super::Node;
use super::views::count;
use crate::hash::BlockHash;
use crate::keys::Address;
use crate::mempool::Waiting;
use crate::net::proofs::{Place, touches};
use crate::transaction::Transaction;
use crate::units::{Height, Timestamp};
use crate::view::{Direction, HistoryEntry, HistoryPage, Page, TransactionState, TransactionView};
use std::cmp::Reverse;
use std::collections::BTreeSet;

/// Rows of a page of an address that is not the wallet's: for each a block may have to be read.
const ROWS_OF_OTHERS: usize = 50;

impl Node {
    /// Transactions of an address, newest first: what waits, then what is confirmed. Blocks that are needed for it
    /// are at hand ([`Node::blocks_for_history`]); what is lost is left out.
    pub(super) fn history(&self, address: &Address, from: usize, limit: usize) -> HistoryPage {
        let waiting = self.waiting_of(address);
        let is_own = self.wallet.has(address);
        let limit = if is_own { limit } else { limit.min(ROWS_OF_OTHERS) };
        let entry = |transaction: &Transaction, block, since| {
            self.history_entry(address, transaction, self.view_in(transaction, block), since)
        };
        let rows = waiting.iter().skip(from).take(limit);
        let mut items: Vec<_> = rows.map(|waiting| entry(&waiting.transaction, None, waiting.since)).collect();
        let (skipped, left) = (from.saturating_sub(waiting.len()), limit - items.len());
        let (confirmed, since) = if is_own {
            let places = self.wallet.history(address);
            items.extend(places.iter().rev().skip(skipped).take(left).filter_map(|place| {
                Some(entry(self.wallet.transaction(place)?, self.chain.hash_at(place.0), self.now))
            }));
            (places.len(), None)
        } else {
            items.extend(self.addresses.newest(*address).skip(skipped).take(left).filter_map(|place| {
                let hash = self.chain.hash_at(place.height)?;
                let block = self.block_here(&hash)?;
                Some(entry(block.transactions.get(place.index as usize)?, Some(hash), self.now))
            }));
            (self.addresses.newest(*address).count(), Some(self.addresses.since()))
        };
        HistoryPage { page: Page { items, total: count(waiting.len() + confirmed) }, known: None, since }
    }

    /// Blocks of which a page of the history needs a transaction that is not kept with the wallet.
    pub(super) fn blocks_for_history(&self, address: &Address, from: usize, limit: usize) -> BTreeSet<BlockHash> {
        if self.wallet.has(address) {
            return BTreeSet::new();
        }
        let waiting = self.waiting_of(address).len();
        let (from, limit) = (from.saturating_sub(waiting), limit.min(ROWS_OF_OTHERS));
        let heights = self.addresses.newest(*address).skip(from).take(limit).map(|place: Place| place.height);
        heights.filter_map(|height: Height| self.chain.hash_at(height)).collect()
    }

    /// What waits and pays an address or is paid by it, newest first.
    fn waiting_of(&self, address: &Address) -> Vec<&Waiting> {
        let issuer = self.chain.params().issuer;
        let concerns = |waiting: &&Waiting| touches(&waiting.transaction, address, issuer);
        let mut waiting: Vec<_> = self.mempool.iter().filter(concerns).collect();
        waiting.sort_by_key(|waiting| Reverse((waiting.since, waiting.transaction.nonce())));
        waiting
    }

    /// A line in the history of an address, for a transaction that is shown like this.
    pub(super) fn history_entry(
        &self,
        own: &Address,
        transaction: &Transaction,
        view: TransactionView,
        since: Timestamp,
    ) -> HistoryEntry {
        let paid_by_us = transaction.payer(self.chain.params().issuer) == Some(*own);
        let direction = match (paid_by_us, transaction.recipient() == *own) {
            (true, true) => Direction::Own,
            (true, false) => Direction::Out,
            (false, _) => Direction::In,
        };
        let time = match &view.status {
            TransactionState::Confirmed { time, .. } => *time,
            TransactionState::Waiting | TransactionState::Stale => since,
        };
        HistoryEntry { transaction: view, direction, time }
    }
}
