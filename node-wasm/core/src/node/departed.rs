//! Transactions that left the mempool lately without being confirmed. Peers that heard of them may ask for
//! them still: they get them, so that nobody who announces in good faith seems to announce what it never had.

use crate::hash::TxId;
use crate::transaction::Transaction;
use crate::units::Timestamp;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// Most transactions kept: as many as a peer may send in a second, at 512 bytes or less each.
const MAX_DEPARTED: usize = 5_000;
/// How long each is kept: twice the time that a peer waits for what it asked for.
const KEPT: Duration = Duration::from_secs(10);

/// The newest of them.
#[derive(Debug, Default)]
pub(super) struct Departed {
    transactions: BTreeMap<TxId, Arc<Transaction>>,
    order: VecDeque<(Timestamp, TxId)>,
}

impl Departed {
    /// One leaves.
    pub(super) fn insert(&mut self, transaction: Arc<Transaction>, now: Timestamp) {
        let id = transaction.id();
        if self.transactions.insert(id, transaction).is_none() {
            self.order.push_back((now, id));
        }
        self.forget(now);
    }

    /// One that left lately.
    pub(super) fn get(&self, id: &TxId) -> Option<&Transaction> {
        self.transactions.get(id).map(|one| &**one)
    }

    /// Lets go of what left long ago, and of what is too many.
    pub(super) fn forget(&mut self, now: Timestamp) {
        while let Some((since, id)) = self.order.front().copied()
            && (self.order.len() > MAX_DEPARTED || now.since(since) >= KEPT)
        {
            self.order.pop_front();
            self.transactions.remove(&id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::testing::{key, transfer_with_fee};
    use crate::hash::BlockHash;
    use crate::mempool::{Caps, EXPIRY, Mempool};
    use crate::net::limits::Kind;
    use crate::net::message::Message;
    use crate::node::testing::{Net, rich};
    use std::cell::RefCell;
    use std::rc::Rc;

    /// Time that a request for transactions is under way: longer than any honest line.
    const AWAY: Duration = Duration::from_millis(1_500);
    /// Accounts that pay in the tests.
    const PAYERS: u8 = 12;
    /// Rounds: more than what a spent budget gets back, several times.
    const ROUNDS: u64 = 12;

    /// What node 1 asks of node 0 is under way until a test lets it arrive. Gives the net and the
    /// requests that are under way.
    fn late() -> (Net, Rc<RefCell<Vec<Message>>>) {
        let mut net = Net::new(2, &[(0, 1)], rich(2 * PAYERS));
        let requests = Rc::new(RefCell::new(Vec::new()));
        let under_way = Rc::clone(&requests);
        net.tamper = Box::new(move |from, _, message| match message {
            Message::GetTransactions(_) if from == 1 => {
                under_way.borrow_mut().push(message);
                None
            }
            // What is refused is not told, so that it is seen in the score alone.
            Message::Headers(_) | Message::CompactBlock(_) if from == 0 => None,
            other => Some(other),
        });
        (net, requests)
    }

    /// Node 1 has no patience left: whatever does not come is one too many.
    fn spend(net: &mut Net) {
        let (link, now) = (net.link(1, 0), net.now);
        if let Some(peer) = net.nodes[1].peers.get_mut(link) {
            while peer.buckets.take(Kind::Undelivered, 1, now) {}
        }
    }

    /// Node 0 lets these wait and announces them.
    fn admit(net: &mut Net, transactions: Vec<Transaction>) {
        for one in transactions {
            net.nodes[0].admit(&Arc::new(one)).unwrap();
        }
        net.flush(0);
        net.pass(Duration::from_millis(200));
    }

    /// What was asked for arrives at last.
    fn arrive(net: &mut Net, requests: &Rc<RefCell<Vec<Message>>>) -> usize {
        let held: Vec<Message> = requests.borrow_mut().drain(..).collect();
        let count = held.len();
        for message in held {
            net.say(1, 0, message);
            net.settle();
        }
        count
    }

    /// Node 0 lets dearer ones wait before the requests for those of the round before arrive.
    fn replace(net: &mut Net, requests: &Rc<RefCell<Vec<Message>>>, dearer: Vec<Transaction>) {
        let before: Vec<Message> = requests.borrow_mut().drain(..).collect();
        spend(net);
        admit(net, dearer);
        net.pass(AWAY.saturating_sub(Duration::from_millis(200)));
        for message in before {
            net.say(1, 0, message);
            net.settle();
        }
    }

    fn pay(net: &Net, from: u8, fee: u64) -> Transaction {
        transfer_with_fee(net.builder.genesis, from, 0, 10_000, 0, fee)
    }

    /// All that node 0 lost was lost before the request for it came; node 1 waits until all of it is late.
    fn check(mut net: Net, requests: &Rc<RefCell<Vec<Message>>>, what: &str) {
        let late = arrive(&mut net, requests);
        assert!(late > 0, "{what}: nothing was asked for");
        for _ in 0..8 {
            spend(&mut net);
            net.pass(Duration::from_secs(1));
            arrive(&mut net, requests);
        }
        let score = net.peer(1, 0).map(|peer| peer.score);
        assert_eq!(score, Some(0), "{what}");
        assert!(net.nodes[0].departed.order.len() <= MAX_DEPARTED);
    }

    /// The fee of a round: each pays enough to replace the one before.
    fn fee(round: u64) -> u64 {
        (0..round).fold(10_000, |fee, _| fee * 12 / 10)
    }

    #[test]
    fn who_lost_what_it_announced_to_dearer_ones_of_the_same_payers_is_not_let_go() {
        let (mut net, requests) = late();
        for round in 0..ROUNDS {
            let dearer = (0..PAYERS).map(|from| pay(&net, from, fee(round))).collect();
            replace(&mut net, &requests, dearer);
        }
        assert_eq!(net.nodes[0].mempool.len(), usize::from(PAYERS));
        check(net, &requests, "replaced");
    }

    #[test]
    fn who_lost_what_it_announced_in_a_full_pool_is_not_let_go() {
        let (mut net, requests) = late();
        net.nodes[0].mempool = Mempool::new(Caps { count: usize::from(PAYERS), bytes: 1_000_000 });
        for round in 0..ROUNDS {
            // Two crowds by turns; none of the pool is in the next one.
            let crowd = u8::try_from(round % 2).unwrap() * PAYERS;
            let dearer = (0..PAYERS).map(|from| pay(&net, crowd + from, fee(round))).collect();
            replace(&mut net, &requests, dearer);
        }
        check(net, &requests, "evicted");
    }

    #[test]
    fn who_lost_what_it_announced_to_a_block_that_others_lack_is_not_let_go() {
        let (mut net, requests) = late();
        let payments = (0..2 * PAYERS).map(|from| pay(&net, from, 10_000)).collect();
        admit(&mut net, payments);
        // A block with other payments of the same accounts, of which node 1 does not hear.
        let others: Vec<Transaction> = (0..2 * PAYERS).map(|from| pay(&net, from, 20_000)).collect();
        let block = net.block(net.builder.genesis, &others);
        net.mine(0, &block);
        assert!(net.nodes[0].mempool.is_empty());
        check(net, &requests, "overtaken");
    }

    #[test]
    fn who_lost_what_it_announced_by_age_is_not_let_go() {
        let (mut net, requests) = late();
        let start = net.now;
        let payments = (0..2 * PAYERS).map(|from| pay(&net, from, 10_000)).collect();
        admit(&mut net, payments);
        let expired = net.nodes[0].mempool.expire(start.after(EXPIRY).after(EXPIRY));
        assert_eq!(expired.len(), usize::from(2 * PAYERS));
        net.nodes[0].tell_dropped(expired);
        check(net, &requests, "expired");
    }

    #[test]
    fn what_left_before_it_was_announced_is_not_announced() {
        let (mut net, _requests) = late();
        let [first, second] = [pay(&net, 0, 10_000), pay(&net, 0, 20_000)];
        net.nodes[0].admit(&Arc::new(first.clone())).unwrap();
        admit(&mut net, vec![second.clone()]);
        let heard: Vec<TxId> = net
            .sent
            .iter()
            .filter_map(|(_, _, message, _)| match message {
                Message::Announce(ids) => Some(ids.clone()),
                _ => None,
            })
            .flatten()
            .collect();
        assert_eq!(heard, [second.id()]);
    }

    #[test]
    fn only_the_newest_are_kept_and_not_for_long() {
        let mut departed = Departed::default();
        let start = Timestamp::from_millis(1_000);
        let draft = match transfer_with_fee(BlockHash::ZERO, 0, 1, 1, 0, 1) {
            Transaction::Transfer(draft) => draft,
            other => panic!("{other:?}"),
        };
        let one = |nonce: u64| Arc::new(Transaction::Transfer(crate::transaction::Transfer { nonce, ..draft.clone() }));
        assert_eq!(draft.from, key(0).public_key());
        for nonce in 0..=MAX_DEPARTED as u64 {
            departed.insert(one(nonce), start);
        }
        departed.insert(one(7), start);
        assert_eq!((departed.transactions.len(), departed.order.len()), (MAX_DEPARTED, MAX_DEPARTED));
        assert!(departed.get(&one(0).id()).is_none() && departed.get(&one(1).id()).is_some());
        departed.insert(one(1_000_000), start.after(Duration::from_secs(9)));
        departed.forget(start.after(KEPT));
        assert_eq!(departed.transactions.len(), 1);
        departed.forget(start.after(KEPT).after(KEPT));
        assert!(departed.transactions.is_empty() && departed.order.is_empty());
    }
}
