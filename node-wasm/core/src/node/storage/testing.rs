//! A node with a store in memory for tests, and histories of blocks with forks.

use super::Bounds;
use crate::block::Block;
use crate::chain::testing::{Builder, address, key, transfer};
use crate::chain::tree::Chain;
use crate::contract::{Input, Output};
use crate::hash::{BlockHash, TxId};
use crate::keys::Entropy;
use crate::node::{Config, Node};
use crate::params::ChainParams;
use crate::request::{Request, RequestError, RequestId, Response};
use crate::sentence::Sentence;
use crate::store::memory::MemoryStore;
use crate::store::record;
use crate::store::{Batch, Table, opening};
use crate::transaction::Transaction;
use crate::units::{Height, Timestamp};
use crate::view::{Event, HistoryEntry, HistoryPage, Role, TransactionState};
use crate::wallet::Wallet;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// So small that a few dozen blocks show all there is: several snapshots, blocks that leave the
/// memory, batches that do not hold everything.
pub(super) const SMALL: Bounds =
    Bounds { journal: 600, in_memory: 6, least_in_memory: 3, pruned: 12, prune_step: 4, batch: 1_500 };

/// The wallet of the tests, or another one. It watches who pays it and everybody.
pub(super) fn wallet(seed: u8) -> Wallet {
    let mut wallet = Wallet::create(&Entropy::new([seed; 32])).unwrap();
    wallet.watch(address(0), "everybody's").unwrap();
    wallet.watch(address(1), "ours").unwrap();
    wallet
}

pub(super) fn record_of(wallet: &Wallet) -> Vec<u8> {
    wallet.record().to_bytes().to_vec()
}

/// A node, its store, and what it says.
pub(super) struct Bench {
    pub(super) node: Node,
    pub(super) store: MemoryStore,
    pub(super) now: Timestamp,
    pub(super) replies: BTreeMap<RequestId, Result<Response, RequestError>>,
    pub(super) codes: Vec<String>,
    /// Copies of the store after each batch, if they are wanted.
    pub(super) copies: Option<Vec<MemoryStore>>,
    /// Whether batches are answered.
    pub(super) answers: bool,
    /// Whether nothing can be read.
    pub(super) unreadable: bool,
    pub(super) last: u64,
}

impl Bench {
    pub(super) fn open(params: &ChainParams, store: MemoryStore, fresh: u8) -> Self {
        let now = Chain::new(params.clone()).tip_header().time.after(Duration::from_hours(1));
        let mut node = Node::open(Config::new(params.clone(), Role::Full), &store.stored(), [fresh; 32], now);
        node.storage.bounds = SMALL;
        let (replies, codes) = (BTreeMap::new(), Vec::new());
        let mut bench =
            Self { node, store, now, replies, codes, copies: None, answers: true, unreadable: false, last: 0 };
        bench.handle(Input::Tick);
        bench
    }

    pub(super) fn fresh(params: &ChainParams) -> Self {
        Self::open(params, MemoryStore::new(), 3)
    }

    pub(super) fn handle(&mut self, input: Input) {
        self.node.handle(self.now, input);
        self.drain();
    }

    pub(super) fn drain(&mut self) {
        while let Some(output) = self.node.poll_output() {
            match output {
                Output::Persist(batch) => {
                    let input = match self.store.apply(&batch) {
                        Ok(()) => Input::Persisted { batch: batch.number },
                        Err(full) => Input::StorageFailed { reason: full.into() },
                    };
                    if let Some(copies) = &mut self.copies {
                        copies.push(self.store.clone());
                    }
                    if self.answers {
                        self.node.handle(self.now, input);
                    }
                }
                Output::Load { job, queries } => {
                    let answers =
                        if self.unreadable { Err(Sentence::verbatim("gone")) } else { Ok(self.store.read(&queries)) };
                    self.node.handle(self.now, Input::Loaded { job, answers });
                }
                Output::Reply { id, result } => drop(self.replies.insert(id, result)),
                Output::Event(Event::Log(line)) => self.codes.push(line.code),
                _ => {}
            }
        }
    }

    pub(super) fn take(&mut self, block: &Arc<Block>) {
        self.node.take_own_block((**block).clone());
        self.handle(Input::Tick);
    }

    /// Lets the node's heart beat.
    pub(super) fn beat(&mut self) {
        self.now = self.now.after(Duration::from_secs(2));
        self.handle(Input::Tick);
    }

    pub(super) fn ask(&mut self, request: Request) -> Result<Response, RequestError> {
        self.last += 1;
        let id = RequestId(self.last);
        self.handle(Input::Request { id, request });
        self.replies.remove(&id).expect("an answer")
    }

    /// The node is as one that saw its chain and nothing else.
    pub(super) fn check(&mut self, builder: &Builder) {
        let tip = self.node.chain.tip();
        let other = builder.replay(tip);
        assert_eq!(self.node.chain.ledger().state(), other.ledger().state());
        let (proof, root) = (self.node.chain.prove_account(&address(0)), other.tip_header().state_root);
        assert_eq!(proof.verify(root, &address(0)), Ok(Some(other.ledger().account(&address(0)))));
        let mut rows: Vec<Transaction> = Vec::new();
        let mut starts = vec![0];
        for height in 1..=other.height().0 {
            let hash = other.hash_at(Height(height)).unwrap();
            assert_eq!(self.node.chain.hash_at(Height(height)), Some(hash));
            let block = other.block(&hash).unwrap();
            // In a block a list goes on in its order, and pages show the newest first.
            starts.push(rows.len());
            rows.extend(block.transactions.iter().cloned());
            let (id, transaction) = (height.to_string(), block.transactions.last().unwrap().id().to_string());
            if Height(height) < self.node.chain.oldest() {
                continue;
            }
            match self.ask(Request::Block { id: id.clone() }) {
                Ok(Response::Block(view)) => assert_eq!(view.summary.hash, hash),
                answer => panic!("block {id}: {answer:?}"),
            }
            match self.ask(Request::Transaction { id: transaction }) {
                Ok(Response::Transaction(view)) => {
                    assert!(matches!(view.status, TransactionState::Confirmed { block, .. } if block == hash));
                }
                answer => panic!("a transaction of block {id}: {answer:?}"),
            }
        }
        for address in self.node.wallet.addresses().collect::<Vec<_>>() {
            let of = |one: &&Transaction| one.recipient() == address || one.payer(None) == Some(address);
            let expected: Vec<TxId> = rows.iter().rev().filter(of).map(Transaction::id).collect();
            let address = Some(self.node.text(&address));
            match self.ask(Request::History { address, from: None, limit: Some(500) }) {
                Ok(Response::History(HistoryPage { page, .. })) => {
                    // Transactions of lost blocks wait again, and stand first.
                    let is_waiting = |entry: &&HistoryEntry| entry.transaction.status == TransactionState::Waiting;
                    let waiting = page.items.iter().take_while(is_waiting).count();
                    assert_eq!(page.total as usize, waiting + expected.len());
                    let ids: Vec<TxId> = page.items[waiting..].iter().map(|entry| entry.transaction.id).collect();
                    assert_eq!(ids, expected);
                }
                answer => panic!("the history: {answer:?}"),
            }
        }
        // Of others too, as far as the index of addresses reaches.
        for address in (0..5).map(address).filter(|address| !self.node.wallet.has(address)).collect::<Vec<_>>() {
            let of = |one: &&Transaction| one.recipient() == address || one.payer(None) == Some(address);
            let text = Some(self.node.text(&address));
            match self.ask(Request::History { address: text, from: None, limit: Some(500) }) {
                Ok(Response::History(HistoryPage { page, since: Some(since), .. })) => {
                    let listed = starts.get(since.0 as usize).map_or(&[][..], |start| &rows[*start..]);
                    let expected: Vec<TxId> = listed.iter().rev().filter(of).map(Transaction::id).collect();
                    let is_waiting = |entry: &&HistoryEntry| entry.transaction.status == TransactionState::Waiting;
                    let waiting = page.items.iter().take_while(is_waiting).count();
                    assert_eq!(page.total as usize, waiting + expected.len());
                    let ids: Vec<TxId> = page.items[waiting..].iter().map(|entry| entry.transaction.id).collect();
                    assert_eq!(ids, expected[..expected.len().min(page.items.len() - waiting)]);
                    assert_eq!(page.items.len(), (page.total as usize).min(50));
                }
                answer => panic!("the history of another: {answer:?}"),
            }
        }
        match self.ask(Request::Blocks { from: None, limit: Some(500) }) {
            Ok(Response::Blocks(blocks)) => {
                let all = other.height().0 as usize + 1;
                let gone = self.node.chain.oldest().0.saturating_sub(1) as usize;
                assert_eq!(blocks.len(), all - gone);
            }
            answer => panic!("the blocks: {answer:?}"),
        }
    }
}

/// A main chain of this length; every seventh block starts a branch that overtakes it or does not.
/// Blocks in the order in which a node sees them.
pub(super) fn history(
    builder: &mut Builder,
    length: u32,
    wallet: &dyn Fn(&mut Builder, BlockHash, u32) -> Arc<Block>,
) -> Vec<Arc<Block>> {
    let (mut tip, mut seen) = (builder.genesis, Vec::new());
    for number in 0..length {
        let block = wallet(builder, tip, number);
        seen.push(block.clone());
        if number % 7 == 3 {
            // A branch from here of two or three blocks, beside the two that come now.
            let mut side = tip;
            for step in 0..2 + number % 2 {
                let block = wallet(builder, side, 1_000 + number * 10 + step);
                side = block.header.hash();
                seen.push(block);
            }
            tip = if number % 2 == 0 { side } else { block.header.hash() };
        } else {
            tip = block.header.hash();
        }
    }
    seen
}

/// A block with transfers; most of them pay the wallet that the nodes have.
pub(super) fn block(builder: &mut Builder, parent: BlockHash, number: u32) -> Arc<Block> {
    let chain = builder.replay(parent);
    let nonce = |index: u8| chain.ledger().account(&address(index)).nonce;
    let genesis = builder.genesis;
    let to = u8::try_from(number % 40).unwrap() + 2;
    let mut transfers = vec![transfer(genesis, 0, to, 10_000 + u64::from(number), nonce(0))];
    if !number.is_multiple_of(3)
        && let Transaction::Transfer(mut own) = transfer(genesis, 1, 2, 10_000, nonce(1))
    {
        own.to = wallet(7).address();
        own.sign(&key(1), genesis);
        transfers.push(Transaction::Transfer(own));
    }
    let late = u64::from(number % 5);
    builder.extend(parent, u8::try_from(number % 3).unwrap() + 1, transfers, late)
}

/// A node with the wallet of the tests.
pub(super) fn bench(params: &ChainParams, mut store: MemoryStore) -> Bench {
    if store.bytes() == 0 {
        let wallet = record::put_bytes(Table::Wallet, record::WALLET.to_vec(), record_of(&wallet(7)));
        let writes = vec![opening::version(), wallet];
        store.apply(&Batch { number: 0, writes, durable: true }).unwrap();
    }
    Bench::open(params, store, 3)
}
