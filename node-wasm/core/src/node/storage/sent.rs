//! The wallet's transactions that wait for a block: they outlive the tab, whatever its role. The next
//! run lets them wait again and announces them.

use super::damaged;
use crate::hash::{BlockHash, TxId};
use crate::log::Line;
use crate::node::Node;
use crate::sentence::sentence;
use crate::store::record::{self, Sent, put};
use crate::store::{Stored, Table, Write};
use crate::transaction::Transaction;
use crate::units::Timestamp;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Transactions that are kept at most: what four accounts may have waiting, some 100 kB. The record is
/// written anew with each change.
const MAX_SENT: usize = 400;

/// What a store has of them. Another chain's are nobody's.
pub(super) fn read(stored: &Stored, genesis: BlockHash, lines: &mut Vec<Line>) -> Vec<(Timestamp, Arc<Transaction>)> {
    let is_there = stored.table(Table::Meta).iter().any(|(key, _)| key == record::SENT);
    let sent = stored.get(Table::Meta, record::SENT).and_then(|bytes| borsh::from_slice::<Sent>(bytes).ok());
    if is_there && sent.is_none() {
        lines.push(damaged(sentence!("transactions of this wallet that waited for a block")));
    }
    let sent = sent.filter(|sent| sent.genesis == genesis).map(|sent| sent.transactions).unwrap_or_default();
    sent.into_iter().map(|(since, transaction)| (since, Arc::new(transaction))).collect()
}

impl Node {
    /// The wallet's transactions that wait for a block, the oldest first, and since when.
    fn sent(&self) -> Vec<(Timestamp, Arc<Transaction>)> {
        let issuer = self.chain.params().issuer;
        let mut sent: Vec<(Timestamp, Arc<Transaction>)> = if self.chain.keeps_bodies() {
            let addresses = self.wallet.addresses();
            let waiting = addresses.flat_map(|address| self.mempool.of(&address).collect::<Vec<_>>());
            let waiting = waiting.map(|waiting| (waiting.since, Arc::clone(&waiting.transaction)));
            waiting.chain(self.carried.iter().cloned()).collect()
        } else {
            let own = |one: &Transaction| one.payer(issuer).is_some_and(|payer| self.is_wallets(&payer));
            let payments = self.light_payments().filter(|(_, one)| own(one));
            payments.map(|(since, one)| (since, Arc::clone(one))).collect()
        };
        // Batches may be behind the chain: what is in none of their blocks still waits for the next run.
        if self.chain.keeps_bodies() && self.storage.written < self.chain.height() {
            sent.extend(self.storage.sent.iter().cloned());
        }
        let mut seen: BTreeSet<TxId> = BTreeSet::new();
        sent.retain(|(_, one)| seen.insert(one.id()));
        for (since, one) in &mut sent {
            let before = self.storage.sent.iter().find(|(_, other)| other.id() == one.id());
            *since = before.map_or(*since, |(before, _)| *before);
        }
        sent.sort_by_key(|(since, one)| (*since, one.nonce()));
        sent.truncate(MAX_SENT);
        sent
    }

    /// Has a batch made, if the wallet's transactions that wait are not those in the store.
    pub(in crate::node) fn keep_sent(&mut self) {
        if self.storage.is_on() && ids(&self.sent()) != ids(&self.storage.sent) {
            self.storage.due = true;
        }
    }

    /// Writes them, if they are others. With the blocks of a batch, so that each is in the chain of the
    /// next run or waits there.
    pub(super) fn gather_sent(&mut self, writes: &mut Vec<Write>) {
        let sent = self.sent();
        if ids(&sent) == ids(&self.storage.sent) {
            return;
        }
        let (table, key) = (Table::Meta, record::SENT.to_vec());
        writes.push(if sent.is_empty() {
            Write::Delete { table, key }
        } else {
            let transactions = sent.iter().map(|(since, one)| (*since, (**one).clone())).collect();
            put(table, key, &Sent { genesis: self.chain.genesis(), transactions })
        });
        self.storage.sent = sent;
    }

    /// Transactions of a run before wait again: a light node announces them, a full one when it has
    /// checked them against the accounts.
    pub(in crate::node) fn take_up_sent(&mut self, sent: Vec<(Timestamp, Arc<Transaction>)>) {
        for (since, transaction) in sent {
            if self.chain.keeps_bodies() {
                self.carried.push((since, transaction));
            } else {
                self.keep_light_payment(transaction, since);
            }
        }
    }
}

fn ids(sent: &[(Timestamp, Arc<Transaction>)]) -> Vec<TxId> {
    sent.iter().map(|(_, one)| one.id()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::testing::{Builder, params};
    use crate::node::storage::testing::{Bench, bench, block};
    use crate::request::{Request, Response, SendForm};
    use crate::store::memory::MemoryStore;

    fn send(bench: &mut Bench, to: &str) -> TxId {
        let form = SendForm { to: to.to_owned(), amount: "0.00001".to_owned(), ..SendForm::default() };
        match bench.ask(Request::Send(SendForm { fee: Some("0.00001".to_owned()), ..form })) {
            Ok(Response::Sent(id)) => id,
            answer => panic!("{answer:?}"),
        }
    }

    /// A node whose wallet owns some thousand grains, and the last block.
    fn paid(builder: &mut Builder) -> (Bench, BlockHash) {
        let mut node = bench(&builder.params.clone(), MemoryStore::new());
        let mut tip = builder.genesis;
        for number in 0..5 {
            let next = block(builder, tip, number);
            tip = next.header.hash();
            node.take(&next);
        }
        (node, tip)
    }

    #[test]
    fn a_full_nodes_payment_waits_or_is_confirmed_after_a_crash_at_any_write() {
        let mut builder = Builder::new(params());
        let (mut node, tip) = paid(&mut builder);
        let to = node.node.text(&crate::chain::testing::address(3));
        let before = node.store.clone();
        node.copies = Some(Vec::new());
        let id = send(&mut node, &to);
        node.beat();
        let payment = (*node.node.mempool.get(&id).unwrap().transaction).clone();
        let with = builder.extend(tip, 2, vec![payment], 0);
        node.take(&with);
        node.beat();
        // Another branch takes over, in which it is not, so that it waits again.
        let mut side = tip;
        for number in 0..2 {
            let next = block(&mut builder, side, 50 + number);
            side = next.header.hash();
            node.take(&next);
        }
        node.beat();
        assert!(node.node.mempool.get(&id).is_some());
        let copies = node.copies.take().unwrap();
        assert!(copies.len() > 2, "{} writes", copies.len());
        let mut confirmed = 0;
        for (number, store) in copies.into_iter().enumerate() {
            let mut again = bench(&builder.params.clone(), store);
            again.beat();
            let waits = again.node.mempool.get(&id).is_some();
            let stands = again.node.chain.is_best(&with.header.hash());
            assert!(waits != stands, "write {number}: waits {waits}, confirmed {stands}");
            confirmed += usize::from(stands);
        }
        assert!(confirmed > 0, "in some of them it was in a block");
        let mut again = bench(&builder.params.clone(), before);
        again.beat();
        assert!(again.node.mempool.is_empty(), "before it was sent there was none");
    }

    #[test]
    fn what_is_done_leaves_the_store_and_what_is_anothers_never_comes() {
        let mut builder = Builder::new(params());
        let (mut node, tip) = paid(&mut builder);
        let stored = |node: &Bench| node.store.stored().get(Table::Meta, record::SENT).map(<[u8]>::to_vec);
        let to = node.node.text(&crate::chain::testing::address(3));
        assert_eq!(stored(&node), None);
        let id = send(&mut node, &to);
        let sent: Sent = borsh::from_slice(&stored(&node).expect("it is written at once")).unwrap();
        assert_eq!((sent.genesis, sent.transactions.len()), (builder.genesis, 1));
        let payment = (*node.node.mempool.get(&id).unwrap().transaction).clone();
        assert_eq!(sent.transactions[0].1, payment);
        let next = builder.extend(tip, 2, vec![payment], 0);
        node.take(&next);
        node.beat();
        assert_eq!(stored(&node), None, "it is in a block");
        // What waits here for somebody else is not written.
        let stranger = crate::chain::testing::transfer(builder.genesis, 2, 3, 10_000, 0);
        node.node.admit(&Arc::new(stranger)).unwrap();
        node.beat();
        assert_eq!((node.node.mempool.len(), stored(&node)), (1, None));
        // Of another chain it is nobody's.
        let other = Sent { genesis: BlockHash::ZERO, ..sent };
        let Write::Put { value, .. } = put(Table::Meta, record::SENT.to_vec(), &other) else { panic!("put") };
        let (_, records) = (0, vec![vec![(record::SENT.to_vec(), value)], Vec::new()]);
        assert!(read(&Stored::new(records), builder.genesis, &mut Vec::new()).is_empty());
    }

    #[test]
    fn a_payment_that_never_goes_with_the_accounts_is_given_up_after_a_day() {
        let mut builder = Builder::new(params());
        let (mut node, _) = paid(&mut builder);
        let to = node.node.text(&crate::chain::testing::address(3));
        let id = send(&mut node, &to);
        let store = node.store;
        let again = bench(&builder.params.clone(), store);
        assert!(again.node.carried.is_empty(), "it goes with the accounts");
        let payment = again.node.mempool.get(&id).map(|waiting| Arc::clone(&waiting.transaction)).unwrap();
        let since = again.now;
        // With nothing of the chain: the account owns nothing there.
        let mut empty = bench(&builder.params.clone(), MemoryStore::new());
        empty.node.carried.push((since, payment));
        empty.beat();
        assert_eq!((empty.node.mempool.len(), empty.node.carried.len()), (0, 1), "it is tried again");
        empty.now = since.after(crate::mempool::EXPIRY);
        empty.beat();
        assert!(empty.node.carried.is_empty());
        assert!(empty.codes.iter().any(|code| code == "transaction-refused"));
    }
}
