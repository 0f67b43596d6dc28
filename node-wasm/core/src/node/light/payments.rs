//! Transactions that a light node sent: told again to its peers until they are confirmed by proof, or
//! refused by all. They outlive the tab (`node/storage/sent.rs`).

use super::super::Node;
use super::asks::full_peers;
use crate::chain::ledger::cost;
use crate::contract::LinkId;
use crate::hash::TxId;
use crate::keys::Address;
use crate::log::Line;
use crate::mempool::{AdmitError, MAX_PER_PAYER};
use crate::net::message::Message;
use crate::net::offence::Offence;
use crate::request::{ErrorCode, RequestError};
use crate::sentence::{Sentence, sentence};
use crate::transaction::Transaction;
use crate::units::{Amount, Timestamp};
use crate::view::Event;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// Time between two announcements of what is not confirmed.
const ANNOUNCE_INTERVAL: Duration = Duration::from_secs(20);

/// A transaction of this node's.
#[derive(Debug)]
pub(super) struct Payment {
    pub(super) transaction: Arc<Transaction>,
    pub(super) payer: Address,
    pub(super) since: Timestamp,
    /// Peers that refused it.
    refused: BTreeSet<LinkId>,
    /// Whether it was seen in a block.
    confirmed: bool,
}

/// All of them, until they are buried deep.
#[derive(Debug, Default)]
pub(super) struct Payments {
    all: BTreeMap<TxId, Payment>,
    next_announcement: Timestamp,
}

impl Payments {
    /// Those that are not in a block, in the order of their numbers.
    pub(super) fn waiting(&self) -> impl Iterator<Item = (&TxId, &Payment)> {
        let mut waiting: Vec<_> = self.all.iter().filter(|(_, payment)| !payment.confirmed).collect();
        waiting.sort_by_key(|(_, payment)| payment.transaction.nonce());
        waiting.into_iter()
    }

    pub(super) fn get(&self, id: &TxId) -> Option<&Payment> {
        self.all.get(id)
    }

    fn of(&self, payer: Address) -> impl Iterator<Item = &Payment> {
        self.waiting().map(|(_, payment)| payment).filter(move |payment| payment.payer == payer)
    }

    /// What an address sends that is not confirmed.
    pub(super) fn outgoing(&self, payer: Address) -> Amount {
        let costs = self.of(payer).filter_map(|payment| cost(&payment.transaction));
        costs.fold(Amount::ZERO, |sum, one| sum.checked_add(one).unwrap_or(Amount::MAX))
    }

    /// The number of an address's next transaction.
    pub(super) fn next_nonce(&self, payer: Address, used: u64) -> u64 {
        let numbers: BTreeSet<u64> = self.of(payer).map(|payment| payment.transaction.nonce()).collect();
        numbers
            .into_iter()
            .skip_while(|number| *number < used)
            .fold(used, |next, number| if number == next { next.saturating_add(1) } else { next })
    }

    /// Takes out all transactions that wait, with when they were sent.
    pub(super) fn take(&mut self) -> Vec<(Timestamp, Arc<Transaction>)> {
        let waiting = self.waiting().map(|(_, payment)| (payment.since, Arc::clone(&payment.transaction)));
        let waiting = waiting.collect();
        self.all.clear();
        waiting
    }
}

impl Node {
    /// A waiting transaction of this light node's.
    pub(in crate::node) fn own_payment(&self, id: &TxId) -> Option<Transaction> {
        self.light.payments.get(id).map(|payment| (*payment.transaction).clone())
    }

    /// Ids of what peers are told of: what waits and is proved not to be overtaken. A run before may have
    /// sent what has long been in a block, and peers would refuse that.
    pub(in crate::node) fn own_payments(&self) -> Vec<TxId> {
        let open = |payment: &Payment| {
            let used = self.light_nonce(&payment.payer);
            used.is_some_and(|used| payment.transaction.nonce() >= used)
        };
        self.light.payments.waiting().filter(|(_, payment)| open(payment)).map(|(id, _)| *id).collect()
    }

    /// All transactions that this light node has sent and that are not buried in the chain, with when.
    pub(in crate::node) fn light_payments(&self) -> impl Iterator<Item = (Timestamp, &Arc<Transaction>)> {
        self.light.payments.all.values().map(|payment| (payment.since, &payment.transaction))
    }

    /// Sends a transaction that was checked against what is proved.
    pub(in crate::node) fn submit(&mut self, transaction: Arc<Transaction>) -> Result<(), RequestError> {
        let Some(payer) = transaction.payer(self.chain.params().issuer) else { return Ok(()) };
        if self.light.payments.of(payer).count() >= MAX_PER_PAYER {
            return Err(RequestError::new(ErrorCode::TooManyWaiting, AdmitError::TooManyOfPayer));
        }
        let id = transaction.id();
        self.keep_light_payment(transaction, self.now);
        self.keep_sent();
        self.write(
            Line::info("transaction-sent", sentence!("a transaction waits for a block, and for its proof")).subject(id),
        );
        self.announce_payments(&[id]);
        self.tell_balance();
        Ok(())
    }

    /// Keeps a transaction of this wallet's until it is confirmed.
    pub(in crate::node) fn keep_light_payment(&mut self, transaction: Arc<Transaction>, since: Timestamp) {
        let Some(payer) = transaction.payer(self.chain.params().issuer) else { return };
        let payment =
            Payment { transaction: Arc::clone(&transaction), payer, since, refused: BTreeSet::new(), confirmed: false };
        self.light.payments.all.insert(transaction.id(), payment);
        let view = self.light_view(&transaction);
        self.tell(Event::Transaction(view));
    }

    fn announce_payments(&mut self, ids: &[TxId]) {
        let links: Vec<LinkId> = full_peers(&self.peers).map(|(link, _)| link).collect();
        for link in links {
            self.send(link, &Message::Announce(ids.to_vec()));
        }
    }

    /// Tells peers again of what is not confirmed.
    pub(super) fn announce_again(&mut self) {
        if self.light.payments.next_announcement > self.now {
            return;
        }
        let ids = self.own_payments();
        if !ids.is_empty() {
            self.light.payments.next_announcement = self.now.after(ANNOUNCE_INTERVAL);
            self.announce_payments(&ids);
        }
    }

    /// A peer refused something: if it is a transaction of ours, and nobody is left who did not, it is
    /// given up. One peer's word alone stops nothing.
    pub(in crate::node) fn payment_refused(&mut self, link: LinkId, subject: [u8; 32], offence: Offence, detail: &str) {
        let about = matches!(offence, Offence::InvalidTransaction | Offence::BadSignature | Offence::NotAdmitted);
        let id = TxId(subject);
        let Some(payment) = self.light.payments.all.get_mut(&id).filter(|payment| about && !payment.confirmed) else {
            return;
        };
        payment.refused.insert(link);
        let all = full_peers(&self.peers).all(|(link, _)| payment.refused.contains(&link));
        if all {
            self.drop_payment(id, sentence!("every connected peer refused a transaction: {words}", words = detail));
        }
    }

    fn drop_payment(&mut self, id: TxId, reason: Sentence) {
        if self.light.payments.all.remove(&id).is_some() {
            self.write(Line::warning("transaction-refused", reason).subject(id));
            self.tell_balance();
        }
    }

    /// What is proved of an address changed: its transactions are confirmed, wait again, or can never be.
    pub(super) fn review_payments(&mut self, payer: Address) {
        let Some(followed) = self.light.followed.get(&payer) else { return };
        let statement = &followed.statement;
        let Some(proven) = statement.proven() else { return };
        let (depth, tip) = (self.chain.params().prune_depth, self.chain.height());
        let (mut changed, mut buried, mut dead) = (Vec::new(), Vec::new(), Vec::new());
        for (id, payment) in self.light.payments.all.iter_mut().filter(|(_, payment)| payment.payer == payer) {
            let header = statement.find(id).and_then(|item| self.chain.header(&item.block));
            if header.is_some() != payment.confirmed {
                payment.confirmed = header.is_some();
                changed.push(Arc::clone(&payment.transaction));
            }
            match header {
                Some(header) if tip.above(header.height) >= depth => buried.push(*id),
                None if payment.transaction.nonce() < proven.account.nonce && statement.is_complete() => dead.push(*id),
                _ => {}
            }
        }
        for transaction in changed {
            let view = self.light_view(&transaction);
            self.tell(Event::Transaction(view));
        }
        for id in buried {
            self.light.payments.all.remove(&id);
        }
        for id in dead {
            self.drop_payment(id, sentence!("another transaction of this wallet took the place of one that waited"));
        }
    }
}
