//! Transactions: taken in from peers and from the own wallet, and handed on.

use super::{MAX_JOBS, Node, Verifying};
use crate::contract::{LinkId, Output};
use crate::hash::TxId;
use crate::keys::SignatureCheck;
use crate::log::Line;
use crate::mempool::{AdmitError, Removal};
use crate::net::frame::Class;
use crate::net::limits::{Kind, MAX_CHECKS, MAX_UNCHECKED, SLOW_LINK};
use crate::net::message::{MAX_TRANSACTIONS, Message};
use crate::net::offence::Offence;
use crate::sentence::{Say, sentence};
use crate::transaction::Transaction;
use crate::view::{Event, TrafficItem};
use std::sync::Arc;

impl Node {
    pub(super) fn on_announce(&mut self, link: LinkId, ids: &[TxId]) {
        let (mempool, index) = (&self.mempool, &self.index);
        let have = |id: &TxId| mempool.get(id).is_some() || index.contains_key(id);
        self.gossip.on_announce(&mut context!(self), link, ids, have);
    }

    /// Announces and asks for transactions; whoever keeps announcing what it does not have is let go.
    pub(super) fn look_after_gossip(&mut self) {
        let (mempool, index) = (&self.mempool, &self.index);
        let have = |id: &TxId| mempool.get(id).is_some() || index.contains_key(id);
        let owed = self.gossip.on_time(&mut context!(self), have);
        // Who is behind does not know which of them are in blocks already.
        if self.is_behind() {
            return;
        }
        for (link, count) in owed {
            let Some(peer) = self.peers.get_mut(link) else { continue };
            if !peer.buckets.take(Kind::Undelivered, count, self.now) {
                self.refuse(
                    link,
                    Offence::Undelivered,
                    None,
                    sentence!("transactions that were announced did not come"),
                );
            }
        }
    }

    pub(super) fn on_get_transactions(&mut self, link: LinkId, ids: &[TxId]) {
        // The peer asks another one soon.
        if !self.may_serve(link) || self.outbox.waiting(link, Class::Ordinary) >= SLOW_LINK {
            return;
        }
        let here = ids.iter().filter_map(|id| {
            let forged = self.lab.transaction(id);
            let waiting = || self.mempool.get(id).map(|waiting| (*waiting.transaction).clone());
            let here = forged.or_else(waiting).or_else(|| self.own_payment(id));
            here.or_else(|| self.departed.get(id).cloned())
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
        let before = self.peers.get(link).map_or(0, |peer| peer.bytes_out);
        self.send(link, &Message::Transactions(transactions));
        self.count_served(link, before);
        self.traffic(link, false, TrafficItem::Transaction);
    }

    pub(super) fn on_transactions(&mut self, link: LinkId, transactions: Vec<Transaction>) {
        self.traffic(link, true, TrafficItem::Transaction);
        for transaction in transactions {
            let id = transaction.id();
            // What nobody asked for costs nothing but its bytes.
            if !self.gossip.on_transaction(&mut context!(self), link, id) {
                continue;
            }
            if let Some(peer) = self.peers.get_mut(link) {
                peer.buckets.of(Kind::Undelivered).earn(1.0);
            }
            if let Err(error) = self.mempool.check(self.chain.params(), self.chain.ledger(), &transaction, self.now) {
                self.gossip.settle(&id);
                self.refuse_transaction(link, &transaction, error);
            } else if let Some(peer) = self.peers.get_mut(link)
                && peer.unchecked.len() < MAX_UNCHECKED
            {
                peer.unchecked.push_back(Arc::new(transaction));
            }
        }
        self.check_signatures(link);
    }

    /// Goes on where there were too many jobs before.
    pub(super) fn check_waiting_signatures(&mut self) {
        let waiting = self.peers.connected().filter(|(_, peer)| !peer.unchecked.is_empty() && !peer.checking);
        for link in waiting.map(|(link, _)| link).collect::<Vec<_>>() {
            self.check_signatures(link);
        }
    }

    /// Has signatures of a peer's transactions verified: a part, and the next when that has come back.
    fn check_signatures(&mut self, link: LinkId) {
        if self.verifying.len() >= MAX_JOBS {
            return;
        }
        let (genesis, issuer) = (self.chain.genesis(), self.chain.params().issuer);
        let Some(peer) = self.peers.get_mut(link).filter(|peer| !peer.checking) else { return };
        let mut transactions = Vec::new();
        let mut checks: Vec<SignatureCheck> = Vec::new();
        while checks.len() < MAX_CHECKS
            && let Some(transaction) = peer.unchecked.pop_front()
        {
            if let Some(check) = transaction.signature_check(genesis, issuer) {
                checks.push(check);
                transactions.push(transaction);
            }
        }
        if checks.is_empty() {
            return;
        }
        peer.checking = true;
        let job = self.new_job();
        self.verifying.insert(job, Verifying::Transactions { transactions, from: link });
        self.outbox.push(Output::Verify { job, checks });
    }

    /// Signatures of transactions from a peer were verified.
    pub(super) fn take_transactions(&mut self, link: LinkId, transactions: Vec<Arc<Transaction>>, valid: &[bool]) {
        if let Some(peer) = self.peers.get_mut(link) {
            peer.checking = false;
        }
        let mut worthless = Vec::new();
        for (index, transaction) in transactions.into_iter().enumerate() {
            // A missing answer counts as a wrong signature that nobody is blamed for.
            let valid = valid.get(index);
            if valid == Some(&true) {
                self.gossip.settle(&transaction.id());
            } else {
                worthless.push(transaction.id());
            }
            match valid {
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
                        sentence!("the signature of a transaction does not hold"),
                    );
                }
                None => {}
            }
        }
        // The same transaction with the right signature may wait at another peer.
        self.gossip.ask_others(&mut context!(self), link, &worthless);
        self.check_signatures(link);
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
                sentence!("a transaction of {amount} TAB waits for a block", amount = transaction.amount()),
            )
            .subject(id),
        );
        let view = self.transaction_view(transaction);
        self.tell(Event::Transaction(view));
        if self.wallet.concerns(transaction, self.chain.params().issuer) {
            self.keep_sent();
            self.tell_balance();
        }
        Ok(())
    }

    /// Lets go what has waited too long.
    pub(super) fn expire_transactions(&mut self) {
        self.departed.forget(self.now);
        let expired = self.mempool.expire(self.now);
        self.tell_dropped(expired);
    }

    /// Tells what left the mempool without being confirmed.
    pub(super) fn tell_dropped(&mut self, dropped: Vec<(Arc<Transaction>, Removal)>) {
        for (transaction, reason) in dropped {
            let line = Line::info("transaction-dropped", sentence!("a waiting transaction left: {reason}"));
            self.write(line.subject(transaction.id()));
            self.gossip.retract(&transaction.id());
            self.departed.insert(Arc::clone(&transaction), self.now);
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
        self.refuse(link, offence, Some(transaction.id().0), error.say());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::testing::{params, transfer};
    use crate::hash::sha256;
    use crate::node::testing::{Net, rich};
    use std::time::Duration;

    /// What a peer can be asked for at once, and need not send.
    const BURST: usize = 2_000;

    /// Ids of transactions that nobody has.
    fn nothing(count: usize, salt: u8) -> Vec<TxId> {
        (0..count).map(|number| TxId(sha256(&[&[salt][..], &number.to_le_bytes()].concat()))).collect()
    }

    fn announce(net: &mut Net, from: usize, ids: &[TxId]) {
        for part in ids.chunks(MAX_TRANSACTIONS) {
            net.say(from, 1, Message::Announce(part.to_vec()));
        }
    }

    /// Until what was asked for is late.
    fn wait(net: &mut Net) {
        (0..2).for_each(|_| net.pass(Duration::from_millis(2_500)));
    }

    fn score(net: &Net, of: usize) -> Option<u32> {
        net.peer(1, of).map(|peer| peer.score)
    }

    #[test]
    fn announcing_what_nobody_has_is_free_below_and_at_the_limit_and_costs_points_above() {
        for (first, second, points) in [(BURST - 1, 0, 0), (BURST, 0, 0), (BURST, 40, 0), (BURST, 80, 25)] {
            let mut net = Net::new(2, &[(0, 1)], params());
            announce(&mut net, 0, &nothing(first, 1));
            wait(&mut net);
            assert_eq!(score(&net, 0), Some(0));
            // Meanwhile the limit gives back ten a second.
            announce(&mut net, 0, &nothing(second, 2));
            wait(&mut net);
            assert_eq!(score(&net, 0), Some(points), "{first} and {second}");
        }
    }

    #[test]
    fn who_goes_on_announcing_what_it_never_sends_is_let_go() {
        let mut net = Net::new(2, &[(0, 1)], params());
        let mut rounds = 0;
        while !net.is_banned(0, 1) {
            rounds += 1;
            assert!(rounds < 7, "it is still here after {rounds} rounds, with {:?} points", score(&net, 0));
            announce(&mut net, 0, &nothing(BURST, rounds));
            wait(&mut net);
        }
        assert_eq!(rounds, 6, "one is free, and two points are forgiven meanwhile");
    }

    #[test]
    fn what_a_block_took_away_or_came_after_all_is_no_fault() {
        let mut net = Net::new(3, &[(0, 1), (1, 2)], rich(10));
        let parent = net.first_block(2);
        let spend = |net: &mut Net| {
            let (link, now) = (net.link(1, 0), net.now);
            let peer = net.nodes[1].peers.get_mut(link).unwrap();
            while peer.buckets.take(Kind::Undelivered, 1, now) {}
        };
        // A block takes them before they are sent: the announcer has them no more.
        let transactions = net.transactions(10, 8);
        let ids: Vec<TxId> = transactions.iter().map(Transaction::id).collect();
        spend(&mut net);
        announce(&mut net, 0, &ids);
        let block = net.block(parent, &transactions);
        net.mine(2, &block);
        wait(&mut net);
        assert_eq!(score(&net, 0), Some(0), "they are in a block");
        // What it sends pays for what it does not.
        let others: Vec<Transaction> = (0..60)
            .map(|number| transfer(net.builder.genesis, number % 10, 0, 10_000, 8 + u64::from(number / 10)))
            .collect();
        let sent: Vec<TxId> = others.iter().map(Transaction::id).collect();
        spend(&mut net);
        announce(&mut net, 0, &sent);
        net.say(0, 1, Message::Transactions(others));
        net.settle();
        announce(&mut net, 0, &nothing(100, 3));
        wait(&mut net);
        assert_eq!(score(&net, 0), Some(0));
        spend(&mut net);
        announce(&mut net, 0, &nothing(100, 4));
        wait(&mut net);
        assert_eq!(score(&net, 0), Some(25), "and without that it is one");
    }

    #[test]
    fn who_denies_blocks_that_it_announced_is_let_go() {
        let mut net = Net::new(2, &[(0, 1)], params());
        let parent = net.first_block(0);
        for number in 0..4 {
            assert!(!net.is_banned(0, 1), "after {number} of them");
            let block = net.builder.extend(parent, number, Vec::new(), 0);
            net.say(0, 1, Message::Headers(vec![block.header]));
            net.settle();
        }
        assert!(net.is_banned(0, 1));
    }

    #[test]
    fn a_wrongly_signed_copy_that_comes_first_keeps_no_payment_away() {
        let mut net = Net::new(4, &[(0, 1), (2, 1), (3, 1)], params());
        let honest = transfer(net.builder.genesis, 0, 1, 5, 0);
        let Transaction::Transfer(mut forged) = honest.clone() else { panic!("a transfer") };
        forged.signature.0[40] ^= 1;
        let (id, forged) = (honest.id(), Transaction::Transfer(forged));
        assert_eq!(forged.id(), id, "ids leave signatures out");
        // The two that lie announce it before and behind the one that has it.
        for (from, to) in [(0, 1), (2, 1), (3, 1)] {
            net.say(from, to, Message::Announce(vec![id]));
        }
        net.warm(2, std::slice::from_ref(&honest));
        net.say(0, 1, Message::Transactions(vec![forged.clone()]));
        net.settle();
        assert!(net.nodes[1].mempool.get(&id).is_none());
        net.say(3, 1, Message::Transactions(vec![forged]));
        net.settle();
        let waiting = net.nodes[1].mempool.get(&id).map(|waiting| (*waiting.transaction).clone());
        assert_eq!(waiting, Some(honest), "no time has passed");
        let scores: Vec<u32> = [0, 2, 3].map(|from| net.peer(1, from).unwrap().score).into();
        assert_eq!(scores, [25, 0, 25]);
    }
}
