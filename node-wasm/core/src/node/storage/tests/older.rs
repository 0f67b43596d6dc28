//! What lies in old blocks is found after a reopening: by address, and by the id of a transaction.

use super::*;
use crate::hash::TxId;
use crate::keys::Address;
use crate::net::proofs::{Answer, Place, Question};
use crate::request::{ErrorCode, RequestError};
use crate::transaction::Transaction;
use crate::view::{Coverage, Role};

/// All places of an address that a node knows.
fn places(bench: &Bench, of: &Address) -> Vec<Place> {
    bench.node.addresses.places(*of, Place::default(), Height(u32::MAX)).collect()
}

/// Lets the time pass until old blocks are read, and they are.
fn rest(bench: &mut Bench) {
    bench.beat();
    bench.beat();
}

fn addresses() -> Vec<Address> {
    (0..42).map(address).chain([wallet(7).address()]).collect()
}

#[test]
fn the_index_of_addresses_is_complete_again_after_a_reopening_and_not_at_its_cost() {
    let mut builder = Builder::new(params());
    let seen = history(&mut builder, 80, &|builder, parent, number| block(builder, parent, number));
    let (before, after) = seen.split_at(60);
    let mut first = bench(&builder.params.clone(), MemoryStore::new());
    for block in before {
        first.take(block);
    }
    let mut again = bench(&builder.params.clone(), first.store.clone());
    let tip = again.node.chain.height();
    assert_eq!(again.node.addresses.since(), Height(tip.0 + 1), "nothing is read before it has rested");
    assert!(addresses().iter().all(|address| places(&again, address).is_empty()));
    rest(&mut again);
    assert_eq!(again.node.addresses.since(), Height(1));
    for address in addresses() {
        assert_eq!(places(&again, &address), places(&first, &address));
    }
    // It goes on with the chain, through more forks; also where these come before the old blocks.
    let mut early = bench(&builder.params.clone(), first.store.clone());
    for block in after {
        first.take(block);
        again.take(block);
        early.take(block);
    }
    assert!(early.node.addresses.since() > Height(1));
    rest(&mut early);
    for address in addresses() {
        assert_eq!(places(&again, &address), places(&first, &address));
        assert_eq!(places(&early, &address), places(&first, &address));
    }
    assert!(!places(&first, &address(0)).is_empty());
}

#[test]
fn the_index_of_addresses_ends_where_blocks_are_dropped_or_lost_and_says_so() {
    let mut builder = Builder::new(params());
    let line = line(&mut builder, 40);
    let mut node = bench(&builder.params.clone(), MemoryStore::new());
    for block in &line {
        node.take(block);
    }
    let mut store = node.store.clone();
    let lost = store.keys(Table::Bodies).into_iter().nth(4).unwrap();
    store.remove(Table::Bodies, &lost);
    let mut again = bench(&builder.params.clone(), store);
    rest(&mut again);
    assert_eq!(again.node.addresses.since(), Height(6), "the fifth block is lost");
    assert_eq!(places(&again, &address(0)).first().map(|place| place.height), Some(Height(6)));
    // Dropped while it runs, and before it was opened.
    assert_eq!(node.node.addresses.since(), Height(1));
    node.ask(Request::Prune { on: true }).unwrap();
    let next = block(&mut builder, line[39].header.hash(), 40);
    node.take(&next);
    node.beat();
    let oldest = node.node.chain.oldest();
    assert!(oldest > Height(20));
    assert_eq!(node.node.addresses.since(), oldest);
    assert_eq!(places(&node, &address(0)).first().map(|place| place.height), Some(oldest));
    let mut again = bench(&builder.params.clone(), node.store);
    rest(&mut again);
    assert_eq!(again.node.addresses.since(), oldest);
    assert_eq!(again.node.fills_at(), None, "there is nothing more to read");
}

#[test]
fn a_store_that_cannot_be_read_ends_the_search_and_not_the_node() {
    let mut builder = Builder::new(params());
    let line = line(&mut builder, 40);
    let mut node = bench(&builder.params.clone(), MemoryStore::new());
    for block in &line {
        node.take(block);
    }
    let mut again = bench(&builder.params.clone(), node.store);
    again.unreadable = true;
    rest(&mut again);
    let since = again.node.addresses.since();
    assert!(since > Height(1) && since <= Height(40), "what is in memory is there");
    assert_eq!(again.node.fills_at(), None);
    let missing = again.ask(Request::Proof { id: line[0].transactions[0].id().to_string() });
    assert!(matches!(missing, Err(RequestError { code: ErrorCode::NotReadable, .. })), "{missing:?}");
}

/// A full node with a store and a light one, which was paid in old blocks, after a reopening.
fn reopened() -> (Net, Vec<Arc<Block>>) {
    let mut net = Net::of_roles(&[Role::Full, Role::Light], &[], crate::node::testing::rich(4));
    net.reopen(0, Role::Full);
    let (genesis, to) = (net.builder.genesis, net.nodes[1].address());
    let mut line: Vec<Arc<Block>> = Vec::new();
    for number in 0..50_u64 {
        let mut payments = Vec::new();
        if number % 10 == 0
            && let Transaction::Transfer(mut payment) =
                crate::chain::testing::transfer(genesis, 0, 1, 10_000, number / 10)
        {
            payment.to = to;
            payment.sign(&crate::chain::testing::key(0), genesis);
            payments.push(Transaction::Transfer(payment));
        }
        let parent = line.last().map_or(genesis, |block| block.header.hash());
        let block = net.block(parent, &payments);
        net.mine(0, &block);
        net.handle(0, Input::Tick);
        line.push(block);
    }
    net.reopen(0, Role::Full);
    let old = line[0].header.hash();
    assert!(net.nodes[0].chain.block(&old).is_none() && net.nodes[0].chain.is_stored(&old));
    (net, line)
}

#[test]
fn a_light_node_gets_all_of_its_history_from_a_reopened_full_one() {
    let (mut net, _) = reopened();
    net.connect(0, 1);
    for _ in 0..20 {
        net.pass(Duration::from_secs(1));
    }
    match net.request(1, Request::History { address: None, from: None, limit: None }) {
        Some(Ok(Response::History(page))) => assert_eq!(page.page.total, 5),
        answer => panic!("{answer:?}"),
    }
    match net.request(1, Request::Balance { address: None }) {
        Some(Ok(Response::Balance(balance))) => {
            assert_eq!(balance.confirmed.grains(), 50_000);
            assert_eq!(balance.known.map(|known| known.incoming), Some(Coverage::Complete));
        }
        answer => panic!("{answer:?}"),
    }
}

#[test]
fn a_transaction_of_an_old_block_is_proved_to_light_peers() {
    let (mut net, line) = reopened();
    net.connect(0, 1);
    net.pass(Duration::from_secs(2));
    net.pass(Duration::from_secs(2));
    for number in [0, 7, 49] {
        let id = line[number].transactions[0].id().to_string();
        match net.request(1, Request::Proof { id }) {
            Some(Ok(Response::Proof(proof))) => assert_eq!(proof.header.hash, line[number].header.hash()),
            answer => panic!("block {}: {answer:?}", number + 1),
        }
    }
    let unknown = net.request(1, Request::Proof { id: TxId::ZERO.to_string() });
    assert!(matches!(unknown, Some(Err(RequestError { code: ErrorCode::NotFound, .. }))), "{unknown:?}");
    assert!(net.nodes[0].loads.sought.is_empty() && net.nodes[0].loads.ready.is_empty());
    // A block that is lost is said not to be here, once it is found out.
    let lost = line[3].transactions[0].id();
    let key = crate::store::record::body_key(line[3].header.height, &line[3].header.hash());
    net.stores.get_mut(&0).unwrap().remove(Table::Bodies, &key);
    let answers =
        |net: &Net| net.count(0, 1, |message| matches!(message, Message::Answer { answer: Answer::NotHere, .. }));
    let before = answers(&net);
    net.say(1, 0, Message::Ask { number: 9_000, question: Question::Transaction { id: lost } });
    net.handle(0, Input::Tick);
    net.settle();
    assert_eq!(answers(&net), before + 1);
}

#[test]
fn looks_into_the_store_come_out_of_a_peers_budget() {
    use crate::net::limits::Kind;
    let (mut net, _) = reopened();
    net.connect(0, 1);
    let (link, now) = (net.link(0, 1), net.now);
    let budget = net.nodes[0].peers.get_mut(link).unwrap().buckets.of(Kind::ProofHashes);
    budget.spend(Kind::ProofHashes.limit().burst, now);
    let to_these = |message: &Message| matches!(message, Message::Answer { number: 9_000.., .. });
    let answers = |net: &Net| net.count(0, 1, to_these);
    for number in 0..5 {
        let id = TxId([number + 1; 32]);
        let number = 9_000 + u64::from(number);
        net.say(1, 0, Message::Ask { number, question: Question::Transaction { id } });
    }
    net.handle(0, Input::Tick);
    let first = answers(&net);
    assert!(first < 5, "{first} answers beyond the budget");
    net.pass(Duration::from_secs(1));
    assert_eq!(answers(&net), 5, "the budget comes back");
}
