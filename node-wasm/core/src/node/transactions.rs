//! Transactions: taken in from peers and from the own wallet, and handed on.

use super::{MAX_JOBS, Node, Verifying};
use crate::contract::{LinkId, Output};
use crate::hash::TxId;
use crate::keys::SignatureCheck;
use crate::log::Line;
use crate::mempool::{AdmitError, Removal};
use crate::net::message::{MAX_TRANSACTIONS, Message};
use crate::net::offence::Offence;
use crate::transaction::Transaction;
use crate::view::{Event, TrafficItem};
use std::sync::Arc;

impl Node {
    pub(super) fn on_announce(&mut self, link: LinkId, ids: &[TxId]) {
        let (mempool, index) = (&self.mempool, &self.index);
        let have = |id: &TxId| mempool.get(id).is_some() || index.contains_key(id);
        self.gossip.on_announce(&mut context!(self), link, ids, have);
    }

    pub(super) fn on_get_transactions(&mut self, link: LinkId, ids: &[TxId]) {
        let here = ids.iter().filter_map(|id| {
            let forged = self.lab.transaction(id);
            forged.or_else(|| self.mempool.get(id).map(|waiting| (*waiting.transaction).clone()))
        });
        let transactions: Vec<Transaction> = here.take(MAX_TRANSACTIONS).collect();
        if transactions.is_empty() {
            return;
        }
        for transaction in &transactions {
            if let Some(peer) = self.peers.get_mut(link) {
                peer.transactions.insert(transaction.id());
            }
        }
        self.send(link, &Message::Transactions(transactions));
        self.traffic(link, false, TrafficItem::Transaction);
    }

    pub(super) fn on_transactions(&mut self, link: LinkId, transactions: Vec<Transaction>) {
        self.traffic(link, true, TrafficItem::Transaction);
        let mut waiting = Vec::new();
        let mut checks: Vec<SignatureCheck> = Vec::new();
        for transaction in transactions {
            // What nobody asked for costs nothing but its bytes.
            if !self.gossip.on_transaction(&mut context!(self), link, transaction.id()) {
                continue;
            }
            if let Err(error) = self.mempool.check(self.chain.params(), self.chain.ledger(), &transaction, self.now) {
                self.refuse_transaction(link, &transaction, error);
                continue;
            }
            if let Some(check) = transaction.signature_check(self.chain.genesis(), self.chain.params().issuer) {
                checks.push(check);
                waiting.push(Arc::new(transaction));
            }
        }
        if waiting.is_empty() || self.verifying.len() >= MAX_JOBS {
            return;
        }
        let job = self.new_job();
        self.verifying.insert(job, Verifying::Transactions { transactions: waiting, from: link });
        self.outbox.push(Output::Verify { job, checks });
    }

    /// Signatures of transactions from a peer were verified.
    pub(super) fn take_transactions(&mut self, link: LinkId, transactions: Vec<Arc<Transaction>>, valid: &[bool]) {
        for (index, transaction) in transactions.into_iter().enumerate() {
            // A missing answer counts as a wrong signature that nobody is blamed for.
            match valid.get(index) {
                Some(true) => {
                    if let Err(error) = self.admit(&transaction) {
                        self.refuse_transaction(link, &transaction, error);
                    }
                }
                Some(false) => {
                    self.refuse(
                        link,
                        Offence::BadSignature,
                        Some(transaction.id().0),
                        "the signature of a transaction does not hold",
                    );
                }
                None => {}
            }
        }
    }

    /// Lets a transaction wait whose signature holds, and announces it.
    pub(super) fn admit(&mut self, transaction: &Arc<Transaction>) -> Result<(), AdmitError> {
        let removed = self.mempool.insert(self.chain.params(), self.chain.ledger(), transaction.clone(), self.now)?;
        let id = transaction.id();
        self.tell_dropped(removed);
        self.gossip.announce(id, self.now);
        self.write(
            Line::accepted(
                "transaction-waiting",
                format!("a transaction of {} TAB waits for a block", transaction.amount()),
            )
            .subject(id),
        );
        let view = self.transaction_view(transaction);
        self.tell(Event::Transaction(view));
        if self.wallet.concerns(transaction, self.chain.params().issuer) {
            self.tell_balance();
        }
        Ok(())
    }

    /// Lets go what has waited too long.
    pub(super) fn expire_transactions(&mut self) {
        let expired = self.mempool.expire(self.now);
        self.tell_dropped(expired);
    }

    /// Tells what left the mempool without being confirmed.
    pub(super) fn tell_dropped(&mut self, dropped: Vec<(Arc<Transaction>, Removal)>) {
        for (transaction, reason) in dropped {
            let line = Line::info("transaction-dropped", format!("a waiting transaction left: {reason}"));
            self.write(line.subject(transaction.id()));
            self.relay.remember(transaction);
        }
    }

    fn refuse_transaction(&mut self, link: LinkId, transaction: &Transaction, error: AdmitError) {
        let offence = match error {
            // It came twice, or a block with it came first.
            AdmitError::Known => return,
            AdmitError::NonceUsed { .. } if self.index.contains_key(&transaction.id()) => return,
            AdmitError::Invalid(_) => Offence::InvalidTransaction,
            _ => {
                self.relay.remember(Arc::new(transaction.clone()));
                Offence::NotAdmitted
            }
        };
        self.refuse(link, offence, Some(transaction.id().0), &error.to_string());
    }
}
