//! What a light node shows: figures that are proved, and which are not.

use super::super::Node;
use super::payments::Payment;
use crate::hash::TxId;
use crate::keys::Address;
use crate::transaction::Transaction;
use crate::units::{Amount, Timestamp};
use crate::view::{Balance, HistoryEntry, HistoryPage, Known, Page, SyncProgress, TransactionView};

impl Node {
    /// What is proved of an address; `None` before anything is.
    pub(in crate::node) fn light_balance(&self, address: &Address) -> Option<Balance> {
        let statement = &self.light.followed.get(address)?.statement;
        let account = statement.proven()?.account;
        let pending_out = self.light.payments.outgoing(*address);
        let to_itself = self.light.payments.waiting().map(|(_, payment)| &payment.transaction);
        let to_itself = to_itself.filter(|one| one.recipient() == *address);
        Some(Balance {
            address: self.text(address),
            spendable: account.balance.checked_sub(pending_out).unwrap_or_default(),
            confirmed: account.balance,
            immature: statement.immature(),
            pending_in: to_itself.fold(Amount::ZERO, |sum, one| sum.checked_add(one.amount()).unwrap_or(Amount::MAX)),
            pending_out,
            nonce: self.light.payments.next_nonce(*address, account.nonce),
            known: self.known(address),
        })
    }

    /// The number that an address's next transaction has by what is proved.
    pub(in crate::node) fn light_nonce(&self, address: &Address) -> Option<u64> {
        Some(self.light.followed.get(address)?.statement.proven()?.account.nonce)
    }

    /// What the figures of an address rest on.
    pub(super) fn known(&self, address: &Address) -> Option<Known> {
        let statement = &self.light.followed.get(address)?.statement;
        let proven = statement.proven()?;
        let (outgoing, incoming) = statement.coverage();
        Some(Known {
            block: proven.block,
            height: proven.height,
            settled: proven.block == self.chain.tip(),
            outgoing,
            incoming,
            listed_by: u32::try_from(statement.witnesses()).unwrap_or(u32::MAX),
        })
    }

    /// A transaction as far as it is proved.
    pub(super) fn light_view(&self, transaction: &Transaction) -> TransactionView {
        let id = transaction.id();
        let mut statements = self.light.followed.values().map(|followed| &followed.statement);
        let block = statements.find_map(|statement| statement.find(&id)).map(|item| item.block);
        self.view_in(transaction, block)
    }

    /// A transaction of this wallet: proved, or sent and waiting.
    pub(super) fn light_transaction(&self, id: &TxId) -> Option<TransactionView> {
        let mut statements = self.light.followed.values().map(|followed| &followed.statement);
        let proved = statements.find_map(|statement| statement.find(id)).map(|item| item.transaction.clone());
        let transaction = proved.or_else(|| self.own_payment(id))?;
        Some(self.light_view(&transaction))
    }

    /// Transactions of an address of the wallet, newest first: what waits, then what is proved.
    pub(in crate::node) fn light_history(&self, address: &Address, from: usize, limit: usize) -> HistoryPage {
        let concerns = |payment: &Payment| payment.payer == *address || payment.transaction.recipient() == *address;
        let waiting: Vec<_> = self.light.payments.waiting().filter(|(_, payment)| concerns(payment)).collect();
        let followed = self.light.followed.get(address);
        let proved = followed.into_iter().flat_map(|followed| followed.statement.items().values().rev());
        let known = followed.map_or(0, |followed| followed.statement.items().len());
        let total = u32::try_from(waiting.len() + known).unwrap_or(u32::MAX);
        let waiting = waiting.into_iter().rev().map(|(_, payment)| (&*payment.transaction, Some(payment.since)));
        let rows = waiting.chain(proved.map(|item| (&item.transaction, None)));
        let entry = |(one, since): (&Transaction, Option<Timestamp>)| -> HistoryEntry {
            self.history_entry(address, one, self.light_view(one), since.unwrap_or(self.now))
        };
        let items = rows.skip(from).take(limit).map(entry).collect();
        HistoryPage { page: Page { items, total }, known: self.known(address), since: None }
    }

    /// How far catching up with headers has come, by the word of the peers.
    pub(in crate::node) fn light_progress(&self, rate: Option<f64>) -> Option<SyncProgress> {
        let (height, work) = (self.chain.height(), self.chain.work());
        let ahead = super::asks::full_peers(&self.peers).map(|(_, peer)| peer);
        let target = ahead.filter(|peer| peer.claim > work).map(|peer| peer.height).max()?;
        let left = target.above(height);
        // One or two blocks are on their way to everybody.
        (left > 2).then(|| SyncProgress {
            height,
            target,
            blocks_per_second: rate,
            seconds_left: rate.map(|rate| f64::from(left) / rate),
        })
    }

    pub(in crate::node) fn is_wallets(&self, address: &Address) -> bool {
        self.wallet_addresses().contains(address)
    }
}
