//! The store in a real browser: beside its model, under a node, damaged, taken away; and profiles.
#![cfg(target_arch = "wasm32")]

use node_core::block::BlockHeader;
use node_core::contract::{Input, JobId, Output};
use node_core::mining;
use node_core::node::{Config, Node};
use node_core::params::ChainParams;
use node_core::request::{Request, RequestId};
use node_core::store::memory::MemoryStore;
use node_core::store::record::{self, number_key};
use node_core::store::{Batch, Query, Stored, Table, Write};
use node_core::units::{Height, Timestamp};
use node_core::view::{Event, Role};
use node_wasm::storage::{StorageError, Store, delete, profiles};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_dedicated_worker);

/// When nodes start: later than the genesis block.
const START: Timestamp = Timestamp::from_millis(1_800_000_000_000);
/// Nonces to try for a block, which needs some hundreds.
const ATTEMPTS: u32 = 1_000_000;

async fn store(name: &str) -> Store {
    Store::open(name, |_| ()).await.expect("it opens")
}

async fn fresh(name: &str) -> Store {
    delete(name).await.expect("nobody has it");
    store(name).await
}

/// Numbers that look random, the same in every run.
fn random(state: &mut u32, below: u32) -> u32 {
    *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
    (*state >> 8) % below
}

#[wasm_bindgen_test]
async fn it_behaves_like_its_model() {
    let (store, mut model) = (fresh("test-model").await, MemoryStore::new());
    let mut state = 1;
    for number in 0..40 {
        let mut writes = Vec::new();
        for _ in 0..random(&mut state, 12) {
            let table = Table::ALL[random(&mut state, 3) as usize];
            let mut key = || number_key(random(&mut state, 30) * 9);
            let (key, to) = (key(), key());
            writes.push(match random(&mut state, 6) {
                0 => Write::Delete { table, key },
                1 => Write::DeleteRange { table, from: key, to: Some(to) },
                2 if number % 10 == 9 => Write::DeleteRange { table, from: key, to: None },
                _ => Write::Put { table, key, value: vec![number; random(&mut state, 300) as usize] },
            });
        }
        let batch = Batch { number: number.into(), writes, durable: number % 7 == 0 };
        store.write(&batch).await.expect("there is room");
        model.apply(&batch).expect("there is room");
        let queries = [
            Query::Range { table: Table::Meta, from: Vec::new(), to: None },
            Query::Range { table: Table::Wallet, from: number_key(20), to: Some(number_key(140)) },
            Query::Range { table: Table::Headers, from: number_key(140), to: Some(number_key(20)) },
            Query::Get { table: Table::Headers, key: number_key(random(&mut state, 30) * 9) },
        ];
        assert_eq!(store.read(&queries).await.expect("it is read"), model.read(&queries), "batch {number}");
    }
}

/// A node on a store, whose mining is done when it is told to.
struct Bench {
    node: Node,
    store: Store,
    now: Timestamp,
    codes: Vec<String>,
    work: Option<(JobId, BlockHeader)>,
}

impl Bench {
    async fn open(name: &str) -> Self {
        let store = store(name).await;
        let params = ChainParams::named("dev", "storage").expect("good names");
        let params = ChainParams { first_target: params.pow_limit.to_compact(), ..params };
        let stored: Stored = store.stored().await.expect("it is read");
        let node = Node::open(Config::new(params, Role::Miner), &stored, [1; 32], START);
        let mut bench = Self { node, store, now: START, codes: Vec::new(), work: None };
        bench.give(Input::Tick).await;
        bench
    }

    async fn give(&mut self, input: Input) {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            // So long that blocks stay easy.
            self.now = self.now.after(Duration::from_secs(3));
            self.node.handle(self.now, input);
            while let Some(output) = self.node.poll_output() {
                match output {
                    Output::Persist(batch) => {
                        self.store.write(&batch).await.expect("there is room");
                        inputs.push_back(Input::Persisted { batch: batch.number });
                    }
                    Output::Load { job, queries } => {
                        let answers = self.store.read(&queries).await.map_err(node_core::sentence::Sentence::from);
                        inputs.push_back(Input::Loaded { job, answers });
                    }
                    Output::Mine { job, header, .. } => self.work = Some((job, header)),
                    Output::Event(Event::Log(line)) => self.codes.push(line.code),
                    _ => {}
                }
            }
        }
    }

    /// Mines until the chain has this height; a template is new with every tip, and now and then in between.
    async fn mine(&mut self, height: u32) {
        self.give(Input::Request { id: RequestId(1), request: Request::MinerStart { threads: None } }).await;
        while self.node.chain().height().0 < height {
            let (job, header) = self.work.take().expect("a node that mines always has work");
            let header = mining::search(header, ATTEMPTS).expect("an easy block");
            self.give(Input::Mined { job, header }).await;
        }
        self.give(Input::Request { id: RequestId(2), request: Request::MinerStop }).await;
    }
}

#[wasm_bindgen_test]
async fn a_node_finds_its_chain_and_wallet_again_and_makes_do_with_damage() {
    let name = "test-node";
    delete(name).await.expect("nobody has it");
    let mut first = Bench::open(name).await;
    first.mine(50).await;
    let (tip, address, id) = (first.node.chain().tip(), first.node.address(), first.node.id());
    assert_eq!(first.node.chain().height(), Height(50));
    let again = Bench::open(name).await;
    assert_eq!((again.node.chain().tip(), again.node.address(), again.node.id()), (tip, address, id));
    assert!(!again.codes.iter().any(|code| code.starts_with("storage")), "{:?}", again.codes);

    // What block 40 did to the accounts is damaged: the chain stands lower, and gets up again.
    let broken = Write::Put { table: Table::Undo, key: number_key(40), value: vec![7; 90] };
    again.store.write(&Batch { number: 0, writes: vec![broken], durable: false }).await.expect("there is room");
    let repaired = Bench::open(name).await;
    assert!(repaired.codes.iter().any(|code| code == "storage-damaged"), "{:?}", repaired.codes);
    assert_eq!((repaired.node.chain().tip(), repaired.node.address()), (tip, address));
    let whole = Bench::open(name).await;
    assert!(!whole.codes.iter().any(|code| code == "storage-damaged"), "it was repaired");
    assert_eq!(whole.node.chain().tip(), tip);

    // A wallet that cannot be read is put aside.
    let broken = Write::Put { table: Table::Wallet, key: record::WALLET.to_vec(), value: vec![7; 40] };
    whole.store.write(&Batch { number: 0, writes: vec![broken], durable: true }).await.expect("there is room");
    let other = Bench::open(name).await;
    assert!(other.codes.iter().any(|code| code == "wallet-damaged"));
    let aside = Query::Get { table: Table::Wallet, key: record::WALLET_ASIDE.to_vec() };
    let aside = other.store.read(&[aside]).await.expect("it is read");
    assert_eq!(aside[0][0].1, vec![7; 40]);
}

#[wasm_bindgen_test]
async fn a_store_that_is_taken_away_says_so() {
    let name = "test-taken";
    delete(name).await.expect("nobody has it");
    let heard = Rc::new(RefCell::new(Vec::new()));
    let hears = Rc::clone(&heard);
    let store = Store::open(name, move |error| hears.borrow_mut().push(error)).await.expect("it opens");
    let batch = Batch { number: 1, writes: vec![record::put(Table::Meta, b"a".to_vec(), &1_u8)], durable: false };
    store.write(&batch).await.expect("there is room");
    delete(name).await.expect("whoever has it lets go");
    assert_eq!(*heard.borrow(), [StorageError::Closed]);
    assert_eq!(store.write(&batch).await, Err(StorageError::Closed));
    let query = [Query::Get { table: Table::Meta, key: b"a".to_vec() }];
    assert_eq!(store.read(&query).await, Err(StorageError::Closed));
}

#[wasm_bindgen_test]
async fn a_profile_has_one_owner() {
    let room = "one-owner";
    let first = profiles::claim("dev", room, None).await.expect("one is free");
    let second = profiles::claim("dev", room, None).await.expect("another is free");
    assert_eq!((first.id.as_str(), second.id.as_str()), ("1", "2"));
    // Wanted, but somebody has it.
    let third = profiles::claim("dev", room, Some("1")).await.expect("another is free");
    assert_eq!(third.id, "3");
    let named = profiles::claim("dev", room, Some("alice")).await.expect("it is free");
    assert_eq!(named.id, "alice");
    assert_eq!(profiles::erase("dev", room, "alice", false).await, Ok(false));
    drop(first);
    // Waits until the lock has been given back.
    let again = profiles::claim("dev", room, Some("1")).await.expect("it is free");
    assert_eq!(again.id, "1");

    profiles::note_use("dev", room, "1").await.expect("it is noted");
    assert_eq!(profiles::rename("dev", room, "1", "At work").await, Ok(true));
    assert_eq!(profiles::rename("dev", room, "9", "Nobody").await, Ok(false));
    profiles::note_use("dev", room, "1").await.expect("it is noted");
    let of_room = |list: Vec<(profiles::Profile, bool)>| list.into_iter().find(|(profile, _)| profile.room == room);
    let (profile, used) = of_room(profiles::list().await.expect("a list")).expect("it is listed");
    assert_eq!((profile.name.as_str(), profile.id.as_str(), used), ("At work", "1", true));
    drop(again);
    assert_eq!(profiles::erase("dev", room, "1", true).await, Ok(true));
    assert!(of_room(profiles::list().await.expect("a list")).is_none());
}
