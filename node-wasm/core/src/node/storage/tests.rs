//! A node beside a store that is lost in part, damaged or full: it reopens on a valid tip, and goes
//! on from there to where a node without faults is.

mod older;

use super::testing::{Bench, SMALL, bench, block, history, record_of, wallet};
use crate::block::Block;
use crate::chain::testing::{Builder, address, params};
use crate::contract::Input;
use crate::hash::BlockHash;
use crate::net::message::Message;
use crate::node::testing::Net;
use crate::node::{Config, Node};
use crate::request::wallet::WalletRequest;
use crate::request::{Request, Response};
use crate::store::memory::MemoryStore;
use crate::store::record;
use crate::store::{Record, SCHEMA_VERSION, Stored, Table};
use crate::transaction::Transaction;
use crate::units::{Height, Timestamp};
use crate::view::{Role, StorageState};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

#[test]
fn who_comes_to_another_profile_than_was_wanted_is_told() {
    for (missed, told) in [(None, false), (Some("alice".to_owned()), true)] {
        let config = Config::new(params(), Role::Full);
        let config = Config { profile: "2".to_owned(), missed_profile: missed, ..config };
        let node = Node::open(config, &Stored::new(Vec::new()), [1; 32], Timestamp::default());
        let lines = node.log.newest(10);
        let line = lines.iter().find(|line| line.code == "profile-in-use");
        assert_eq!(line.is_some(), told);
        let said = "another tab has the profile alice: this one goes on with profile 2";
        assert!(line.is_none_or(|line| line.message == said), "{line:?}");
    }
}

#[test]
fn a_crash_at_every_write_reopens_on_a_valid_tip_and_goes_on() {
    let mut builder = Builder::new(params());
    let seen = history(&mut builder, 40, &|builder, parent, number| block(builder, parent, number));
    let mut first = bench(&builder.params.clone(), MemoryStore::new());
    first.copies = Some(Vec::new());
    for (number, block) in seen.iter().enumerate() {
        // Now and then the store is slow, and several blocks go together.
        first.answers = number % 6 < 4;
        first.take(block);
        if number % 6 == 5 {
            let batch = first.node.storage.last_batch;
            first.answers = true;
            first.handle(Input::Persisted { batch });
        }
    }
    first.answers = true;
    first.beat();
    first.check(&builder);
    let end = first.node.chain.tip();
    let copies = first.copies.take().unwrap();
    assert!(copies.len() > seen.len() / 2, "{} batches", copies.len());
    let mut heights = Vec::new();
    for (number, store) in copies.into_iter().enumerate() {
        let mut again = bench(&builder.params.clone(), store);
        assert!(!again.codes.iter().any(|code| code == "storage-damaged"), "batch {number}: {:?}", again.codes);
        again.check(&builder);
        heights.push(again.node.chain.height());
        for block in &seen {
            again.take(block);
        }
        again.beat();
        again.check(&builder);
        assert_eq!(again.node.chain.tip(), end, "batch {number}");
    }
    // Each batch but a few brings the chain forward; the last one holds all.
    assert_eq!(heights.last(), Some(&first.node.chain.height()));
    assert!(!first.store.keys(Table::State).is_empty(), "there was a snapshot");
}

#[test]
fn the_last_batches_may_be_lost() {
    let mut builder = Builder::new(params());
    let seen = history(&mut builder, 30, &|builder, parent, number| block(builder, parent, number));
    let mut first = bench(&builder.params.clone(), MemoryStore::new());
    for block in &seen {
        first.take(block);
    }
    for lost in 0..25 {
        let mut store = first.store.clone();
        store.lose(lost);
        let mut again = bench(&builder.params.clone(), store);
        again.check(&builder);
        for block in &seen {
            again.take(block);
        }
        assert_eq!(again.node.chain.tip(), first.node.chain.tip());
        again.check(&builder);
    }
}

#[test]
fn a_full_store_stops_the_writing_and_not_the_node() {
    let mut builder = Builder::new(params());
    let seen = history(&mut builder, 20, &|builder, parent, number| block(builder, parent, number));
    let mut node = bench(&builder.params.clone(), MemoryStore::new());
    let (before, after) = seen.split_at(12);
    for block in before {
        node.take(block);
    }
    let stored = node.node.chain.tip();
    node.store.set_quota(Some(node.store.bytes() + 10));
    for block in after {
        node.take(block);
    }
    assert!(node.codes.iter().any(|code| code == "storage-failed"));
    let view = match node.ask(Request::Storage) {
        Ok(Response::Storage(view)) => *view,
        answer => panic!("{answer:?}"),
    };
    assert_eq!(view.state, StorageState::Failed);
    assert!(view.reason.is_some());
    // The node goes on, old blocks are still read, and the wallet may still be written.
    node.check(&builder);
    node.store.set_quota(None);
    let address = node.node.text(&node.node.address());
    let rename = WalletRequest::Rename { address, name: "Savings".to_owned() };
    node.ask(Request::Wallet(rename)).unwrap();
    let record = record_of(node.node.wallet());
    assert_ne!(record, record_of(&wallet(7)));
    assert_eq!(node.store.stored().get(Table::Wallet, record::WALLET), Some(&record[..]));
    // What was stored before is what a new run begins with.
    let mut again = bench(&builder.params.clone(), node.store);
    assert_eq!(again.node.chain.tip(), stored);
    again.check(&builder);
}

#[test]
fn every_damaged_record_is_noticed_and_repaired() {
    let mut builder = Builder::new(params());
    let seen = history(&mut builder, 24, &|builder, parent, number| block(builder, parent, number));
    let mut first = bench(&builder.params.clone(), MemoryStore::new());
    for block in &seen {
        first.take(block);
    }
    first.beat();
    let (id, own) = (first.node.id(), first.store.stored().get(Table::Wallet, record::WALLET).map(<[u8]>::to_vec));
    for table in Table::ALL {
        for key in first.store.keys(table) {
            for damage in 0..3 {
                let mut store = first.store.clone();
                match damage {
                    0 => *store.value_mut(table, &key).unwrap().first_mut().unwrap() ^= 1,
                    1 => store.value_mut(table, &key).unwrap().truncate(9),
                    _ => store.remove(table, &key),
                }
                let mut again = Bench::open(&builder.params, store, 4);
                // It stands on a block of the history with the right accounts.
                let tip = again.node.chain.tip();
                assert_eq!(again.node.chain.ledger().state(), builder.replay(tip).ledger().state());
                for block in &seen {
                    again.take(block);
                }
                again.beat();
                let missing: Vec<BlockHash> = again.node.chain.missing().collect();
                for block in seen.iter().filter(|block| missing.contains(&block.header.hash())) {
                    again.node.take_block((*block).clone());
                    again.handle(Input::Tick);
                }
                let place = format!("{table:?} {key:?} {damage}");
                assert_eq!(again.node.chain.tip(), first.node.chain.tip(), "{place}");
                assert_eq!(again.node.chain.ledger().state(), first.node.chain.ledger().state(), "{place}");
                let stored = again.store.stored();
                let wallet = stored.get(Table::Wallet, record::WALLET);
                assert_eq!(wallet == own.as_deref(), table != Table::Wallet || key != record::WALLET, "{place}");
                // Without its version the store counts as an old one, whose identity stays, too.
                let identity = table == Table::Meta && key == record::IDENTITY;
                assert_eq!(again.node.id() == id, !identity, "{place}");
                if table == Table::Wallet && damage < 2 {
                    assert!(again.codes.iter().any(|code| code == "wallet-damaged"));
                    assert!(!again.store.keys(Table::Wallet).iter().all(|key| key == record::WALLET), "put aside");
                }
            }
        }
    }
}

/// Rows in all records of the history.
fn stored_rows(store: &MemoryStore) -> u64 {
    let stored = store.stored();
    let rows = |(key, value): &Record| record::read::<Vec<(record::Place, Transaction)>>(Table::History, key, value);
    stored.table(Table::History).iter().map(|record| rows(record).expect("a whole record").len() as u64).sum()
}

#[test]
fn a_history_is_stored_and_goes_on_where_it_was() {
    let mut builder = Builder::new(params());
    let seen = history(&mut builder, 30, &|builder, parent, number| block(builder, parent, number));
    let mut node = bench(&builder.params.clone(), MemoryStore::new());
    for block in &seen {
        node.take(block);
    }
    let rows = |node: &Bench| node.node.wallet.rows_up_to(Height(u32::MAX));
    let (own, watched) = (stored_rows(&node.store), address(2));
    assert_eq!(own, rows(&node));
    // A new address is looked for in blocks that are in the store alone.
    let first = node.node.chain.hash_at(Height(1)).unwrap();
    assert!(node.node.chain.block(&first).is_none());
    let text = node.node.text(&watched);
    let watch = WalletRequest::Watch { address: text.clone(), name: "a miner".to_owned() };
    node.ask(Request::Wallet(watch)).unwrap();
    node.beat();
    assert_eq!(node.node.wallet.behind(node.node.chain.height()), None);
    node.check(&builder);
    assert!(rows(&node) > own && stored_rows(&node.store) == rows(&node));
    // The next run has it all at once.
    let mut again = bench(&builder.params.clone(), node.store);
    assert_eq!(again.node.wallet.behind(again.node.chain.height()), None);
    assert!(again.node.wallet.has(&watched));
    again.check(&builder);
    // What is nobody's any more leaves the store.
    again.ask(Request::Wallet(WalletRequest::Unwatch { address: text })).unwrap();
    again.beat();
    assert_eq!((rows(&again), stored_rows(&again.store)), (own, own));
    // Without its rows the history is found in the blocks again.
    let lost = again.store.keys(Table::History)[0].clone();
    again.store.remove(Table::History, &lost);
    let mut last = bench(&builder.params.clone(), again.store);
    assert!(last.codes.iter().any(|code| code == "storage-damaged"));
    last.beat();
    last.check(&builder);
    assert_eq!(stored_rows(&last.store), own);
}

#[test]
fn a_wallet_is_stored_as_it_is_and_no_damaged_one_is_lost() {
    let params = params();
    let mut first = Bench::fresh(&params);
    let record = |bench: &Bench| bench.store.stored().get(Table::Wallet, record::WALLET).map(<[u8]>::to_vec);
    assert_eq!(record(&first).as_deref(), Some(&record_of(first.node.wallet())[..]));
    let batches = first.node.storage.last_batch;
    first.node.wallet_changed();
    first.handle(Input::Tick);
    let add = WalletRequest::AddAccount { name: Some("Savings".to_owned()) };
    first.ask(Request::Wallet(add)).unwrap();
    assert!(first.node.storage.last_batch <= batches + 2);
    let own = first.node.address();
    let mut store = Bench::open(&params, first.store, 4).store;
    let mut aside = Vec::new();
    for fresh in 5..8 {
        let raw = store.value_mut(Table::Wallet, record::WALLET).unwrap();
        raw[9] ^= 1;
        aside.push(raw.clone());
        let mut again = Bench::open(&params, store, fresh);
        assert_ne!(again.node.address(), own);
        match again.ask(Request::Wallet(WalletRequest::Show)) {
            Ok(Response::Wallet(view)) => assert!(view.damaged.is_some()),
            answer => panic!("{answer:?}"),
        }
        store = again.store;
        // All that were put aside are there, byte by byte, and the new one is whole.
        let kept: Vec<Vec<u8>> = store.stored().table(Table::Wallet).iter().map(|(_, value)| value.clone()).collect();
        assert!(aside.iter().all(|raw| kept.contains(raw)) && kept.len() == aside.len() + 1);
        assert!(store.stored().get(Table::Wallet, record::WALLET).is_some());
    }
}

#[test]
fn a_deep_reorganisation_reads_what_it_needs() {
    let mut builder = Builder::new(params());
    let (mut main, mut side) = (Vec::new(), Vec::new());
    let (mut one, mut other) = (builder.genesis, builder.genesis);
    for number in 0..40 {
        let next = block(&mut builder, one, number);
        one = next.header.hash();
        main.push(next);
    }
    for number in 0..42 {
        let next = block(&mut builder, other, 100 + number);
        other = next.header.hash();
        side.push(next);
    }
    for reopen in [false, true] {
        let mut node = bench(&builder.params.clone(), MemoryStore::new());
        for block in &main {
            node.take(block);
        }
        if reopen {
            node.beat();
            node = bench(&builder.params.clone(), node.store);
        }
        let hash = main[0].header.hash();
        assert!(
            node.node.chain.block(&hash).is_none() && node.node.chain.has_block(&hash),
            "old blocks are not in memory"
        );
        match node.ask(Request::Proof { id: main[0].transactions[0].id().to_string() }) {
            Ok(Response::Proof(proof)) => assert_eq!(proof.header.hash, hash, "they are proved all the same"),
            answer => panic!("{answer:?}"),
        }
        for block in &side {
            node.take(block);
        }
        assert_eq!(node.node.chain.tip(), other);
        node.check(&builder);
        let mut again = bench(&builder.params.clone(), node.store);
        assert_eq!(again.node.chain.tip(), other);
        again.check(&builder);
    }
}

#[test]
fn memory_holds_the_newest_blocks_only() {
    let mut builder = Builder::new(params());
    let mut tip = builder.genesis;
    let mut node = bench(&builder.params.clone(), MemoryStore::new());
    for number in 0..40 {
        let next = block(&mut builder, tip, number);
        tip = next.header.hash();
        node.take(&next);
        let heights = 1..=node.node.chain.height().0;
        let hashes = heights.filter_map(|height| node.node.chain.hash_at(Height(height)));
        let here = hashes.filter(|hash| node.node.chain.block(hash).is_some()).count();
        assert!(here <= SMALL.in_memory, "{here} blocks");
        assert!(node.node.index.len() <= SMALL.in_memory * 3);
    }
    node.check(&builder);
}

#[test]
fn old_blocks_are_dropped_by_choice_and_peers_are_told() {
    let mut builder = Builder::new(params());
    let mut tip = builder.genesis;
    let mut node = bench(&builder.params.clone(), MemoryStore::new());
    for number in 0..40 {
        if number == 20 {
            assert_eq!(node.ask(Request::Prune { on: true }), Ok(Response::Done));
        }
        let next = block(&mut builder, tip, number);
        tip = next.header.hash();
        node.take(&next);
    }
    let oldest = node.node.chain.oldest();
    assert!(oldest >= Height(40 - SMALL.pruned - SMALL.prune_step) && oldest <= Height(40 - SMALL.pruned), "{oldest}");
    let lowest = node.store.keys(Table::Bodies).into_iter().min().unwrap();
    assert_eq!(lowest[..4], oldest.0.to_be_bytes());
    assert_eq!(node.node.chain.missing_count(), 0, "what was dropped is not missed");
    node.check(&builder);
    let mut again = bench(&builder.params.clone(), node.store);
    assert_eq!((again.node.chain.tip(), again.node.chain.oldest()), (tip, oldest));
    assert_eq!(again.node.chain.missing_count(), 0);
    again.check(&builder);
    match again.ask(Request::Block { id: "1".to_owned() }) {
        Err(error) => assert_eq!(error.code, crate::request::ErrorCode::NotFound),
        answer => panic!("{answer:?}"),
    }
}

/// Nodes of which the first so many have a store and few blocks in memory.
fn net(stores: usize, count: usize, links: &[(usize, usize)]) -> Net {
    let mut net = Net::new(count, links, params());
    for node in &mut net.nodes[..stores] {
        node.chain.keep();
        (node.storage.mode, node.storage.bounds) = (super::Mode::On, SMALL);
    }
    net
}

/// Blocks, one after the other.
fn line(builder: &mut Builder, length: u32) -> Vec<Arc<Block>> {
    let mut tip = builder.genesis;
    let mut line = Vec::new();
    for number in 0..length {
        let next = block(builder, tip, number);
        tip = next.header.hash();
        line.push(next);
    }
    line
}

#[test]
fn old_blocks_are_served_from_the_store() {
    let mut net = net(1, 2, &[]);
    let line = line(&mut net.builder, 40);
    for block in &line {
        net.mine(0, block);
        net.handle(0, Input::Tick);
    }
    let first = line[0].header.hash();
    assert!(net.nodes[0].chain.block(&first).is_none() && net.nodes[0].chain.is_stored(&first));
    net.connect(0, 1);
    for _ in 0..30 {
        net.pass(Duration::from_secs(2));
    }
    assert_eq!(net.nodes[1].chain.tip(), line[39].header.hash());
    assert!(net.nodes[0].loads.ready.is_empty() && net.nodes[0].loads.under_way.is_empty());
}

#[test]
fn a_pruned_node_is_not_asked_for_what_it_dropped() {
    let mut net = net(1, 3, &[(0, 1)]);
    let line = line(&mut net.builder, 40);
    net.nodes[0].set_pruning(true);
    for block in &line {
        net.mine(0, block);
        net.handle(0, Input::Tick);
    }
    let oldest = net.nodes[0].chain.oldest();
    assert!(oldest > Height(20), "{oldest}");
    net.connect(0, 2);
    net.nodes[0].tell_oldest();
    net.flush(0);
    net.settle();
    net.connect(1, 2);
    for _ in 0..30 {
        net.pass(Duration::from_secs(2));
    }
    assert_eq!(net.nodes[2].chain.tip(), line[39].header.hash());
    let old: Vec<BlockHash> = line[..oldest.0 as usize - 1].iter().map(|block| block.header.hash()).collect();
    let asks = |message: &Message| match message {
        Message::GetBlocks(hashes) => hashes.iter().any(|hash| old.contains(hash)),
        Message::GetCompact(hash) => old.contains(hash),
        _ => false,
    };
    assert_eq!(net.count(2, 0, asks), 0, "the pruned node was asked");
    assert!(net.count(2, 1, asks) > 0);
    assert!(
        net.count(2, 0, |message| matches!(message, Message::GetBlocks(_) | Message::GetCompact(_))) > 0,
        "never asked"
    );
}

#[test]
fn a_store_of_another_version_is_migrated_or_left_alone() {
    let mut builder = Builder::new(params());
    let genesis = builder.genesis;
    let block = block(&mut builder, genesis, 1);
    let mut first = Bench::fresh(&builder.params);
    first.take(&block);
    first.beat();
    let wallet = first.node.address();
    let version = |version: u32| {
        let mut store = first.store.clone();
        *store.value_mut(Table::Meta, record::VERSION).unwrap() =
            record::seal(Table::Meta, record::VERSION, version.to_le_bytes().to_vec());
        store
    };
    let mut old = Bench::open(&builder.params, version(0), 4);
    assert!(old.codes.iter().any(|code| code == "storage-migrated"), "{:?}", old.codes);
    assert_eq!((old.node.chain.height(), old.node.address(), old.node.id()), (Height(0), wallet, first.node.id()));
    old.take(&block);
    let again = Bench::open(&builder.params, old.store, 5);
    assert_eq!((again.node.chain.tip(), again.node.address()), (block.header.hash(), wallet));

    let newer = version(SCHEMA_VERSION + 1);
    let mut node = Bench::open(&builder.params, newer.clone(), 4);
    node.take(&block);
    node.beat();
    assert_eq!(node.node.chain.height(), Height(1), "it goes on in memory");
    for table in Table::ALL {
        assert_eq!(node.store.keys(table), newer.keys(table), "nothing is written");
    }
}

#[test]
fn identity_bans_and_settings_survive() {
    let params = params();
    let mut first = Bench::fresh(&params);
    first.ask(Request::Prune { on: true }).unwrap();
    let peer = tracker_protocol::PeerId::from_bytes([9; 20]);
    first.node.peers.restore_bans([(peer, first.now.after(Duration::from_mins(5)))], first.now);
    first.beat();
    let (id, address) = (first.node.id(), first.node.address());
    let mut again = Bench::open(&params, first.store, 4);
    assert_eq!((again.node.id(), again.node.address()), (id, address));
    assert!(again.node.peers.is_banned(&peer, again.now));
    match again.ask(Request::Storage) {
        Ok(Response::Storage(view)) => assert!(view.prune && view.wallet_stored && view.state == StorageState::Stored),
        answer => panic!("{answer:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Random trees, with a store that answers late, loses batches and is reopened at random.
    #[test]
    fn goes_along_with_any_history(
        parents in prop::collection::vec((any::<prop::sample::Index>(), 0_u32..40), 4..30),
        faults in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..3, any::<bool>()), 0..6),
    ) {
        let mut builder = Builder::new(params());
        let mut blocks: Vec<Arc<Block>> = Vec::new();
        for (parent, number) in parents {
            // Mostly on the newest ones, so that branches grow.
            let place = parent.index(blocks.len() + 1).max(blocks.len().saturating_sub(3));
            let parent = place.checked_sub(1).map_or(builder.genesis, |place| blocks[place].header.hash());
            blocks.push(block(&mut builder, parent, number));
        }
        let mut node = bench(&builder.params.clone(), MemoryStore::new());
        let faults: BTreeMap<usize, (usize, bool)> = faults.iter().map(|(at, lost, slow)| (at.index(blocks.len()), (*lost, *slow))).collect();
        for (number, block) in blocks.iter().enumerate() {
            node.take(block);
            if let Some((lost, slow)) = faults.get(&number) {
                node.answers = !slow;
                if !slow {
                    let mut store = node.store;
                    store.lose(*lost);
                    node = bench(&builder.params.clone(), store);
                    node.check(&builder);
                    for block in &blocks[..=number] {
                        node.take(block);
                    }
                }
                node.check(&builder);
            }
        }
        if !node.answers {
            let batch = node.node.storage.last_batch;
            node.answers = true;
            node.handle(Input::Persisted { batch });
        }
        node.beat();
        node.check(&builder);
        let tip = node.node.chain.tip();
        let mut again = bench(&builder.params.clone(), node.store);
        prop_assert_eq!(again.node.chain.tip(), tip);
        again.check(&builder);
    }
}
