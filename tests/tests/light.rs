//! Light nodes among full ones: what they know, what liars and floods can do, and what it costs.

use node_core::chain::accounts::Account;
use node_core::hash::{BlockHash, TxId};
use node_core::keys::Address;
use node_core::net::frame::ending;
use node_core::net::limits::Kind;
use node_core::net::mesh::{LIGHT_WANTED, MAX_LIGHT};
use node_core::net::message::Message;
use node_core::net::proofs::{Answer, Place, Question, touches};
use node_core::request::{ErrorCode, Request, Response, SendForm};
use node_core::transaction::Transaction;
use node_core::units::{Amount, Height};
use node_core::view::{Balance, Coverage, HistoryPage, Role, TransactionState};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;
use tests::simulator::{Aftermath, Fate, NodeIndex, Options, Simulation, checks};

const MINUTE: Duration = Duration::from_mins(1);
const SECOND: Duration = Duration::from_secs(1);
/// Memo that makes transactions large.
const MEMO: &str = "a light node never sees what others say to each other in their memos, however long they are";

/// So many full nodes and light nodes that found each other. The first ones mine when told to.
fn network(seed: u64, full: usize, light: usize) -> (Simulation, Vec<NodeIndex>, Vec<NodeIndex>) {
    let mut simulation = Simulation::new(Options::new(seed));
    let whole: Vec<NodeIndex> = (0..full).map(|_| simulation.add_node(8.0)).collect();
    let light: Vec<NodeIndex> = (0..light).map(|_| simulation.add_light_node()).collect();
    let meshed = simulation.run_until(MINUTE, |simulation| {
        let able = |node: &NodeIndex| simulation.neighbours(*node).iter().filter(|other| whole.contains(other)).count();
        whole.iter().all(|node| able(node) >= (full - 1).min(4)) && light.iter().all(|node| able(node) >= full.min(2))
    });
    assert!(meshed, "seed {seed}: the nodes find each other");
    (simulation, whole, light)
}

fn mine_to(simulation: &mut Simulation, miner: NodeIndex, height: u32) {
    simulation.mine(miner, true);
    let grown = simulation.run_until(30 * MINUTE, |simulation| simulation.node(miner).chain().height().0 >= height);
    simulation.mine(miner, false);
    assert!(grown, "height {height}");
    assert!(simulation.run_until(MINUTE, Simulation::agree), "one tip after height {height}");
}

fn pay(simulation: &mut Simulation, from: NodeIndex, to: NodeIndex, amount: &str) -> TxId {
    let to = simulation.address(to);
    let form = SendForm { to, amount: amount.to_owned(), memo: Some(MEMO.to_owned()), ..SendForm::default() };
    match simulation.request(from, Request::Send(form)) {
        Ok(Response::Sent(id)) => id,
        other => panic!("a payment, not {other:?}"),
    }
}

fn balance(simulation: &mut Simulation, node: NodeIndex) -> Option<Balance> {
    match simulation.request(node, Request::Balance { address: None }) {
        Ok(Response::Balance(balance)) => Some(balance),
        Err(error) if matches!(error.code, ErrorCode::Unproven | ErrorCode::NoPeers) => None,
        other => panic!("a balance, not {other:?}"),
    }
}

fn history(simulation: &mut Simulation, node: NodeIndex) -> HistoryPage {
    match simulation.request(node, Request::History { address: None, from: None, limit: Some(500) }) {
        Ok(Response::History(page)) => page,
        other => panic!("a history, not {other:?}"),
    }
}

/// Waits until a light node says that it knows all up to its tip.
fn settle(simulation: &mut Simulation, light: NodeIndex) -> Balance {
    for _ in 0..120 {
        simulation.run_for(SECOND / 2);
        let Some(balance) = balance(simulation, light) else { continue };
        let known = balance.known.clone().expect("a light node says what it knows");
        if known.settled && (known.outgoing, known.incoming) == (Coverage::Complete, Coverage::Complete) {
            return balance;
        }
    }
    panic!("seed: node {} never knows all: {:?}", light.0, balance(simulation, light));
}

/// What a full node finds in its chain about the wallet of a node.
fn truth(simulation: &Simulation, full: NodeIndex, of: NodeIndex) -> (Account, Amount, BTreeSet<TxId>) {
    let (chain, address): (_, Address) = (simulation.node(full).chain(), simulation.node(of).address());
    let blocks = (1..=chain.height().0).filter_map(|height| chain.block(&chain.hash_at(Height(height))?));
    let own = blocks.flat_map(|block| {
        let own = block.transactions.iter().filter(|one| touches(one, &address, None));
        own.map(Transaction::id).collect::<Vec<_>>()
    });
    let ids = own.collect();
    (chain.ledger().account(&address), chain.ledger().immature(&address), ids)
}

/// A light node shows what a full one finds.
fn assert_true(simulation: &mut Simulation, full: NodeIndex, light: NodeIndex) {
    let shown = settle(simulation, light);
    let (account, immature, ids) = truth(simulation, full, light);
    assert_eq!((shown.confirmed, shown.immature), (account.balance, immature), "the balance of node {}", light.0);
    let page = history(simulation, light).page;
    let confirmed = page.items.iter().filter(|entry| entry.transaction.status != TransactionState::Waiting);
    assert_eq!(confirmed.map(|entry| entry.transaction.id).collect::<BTreeSet<_>>(), ids, "of node {}", light.0);
}

/// Messages and bytes that reached each node, by the number of the message on the wire.
type Received = Rc<RefCell<BTreeMap<(NodeIndex, u8), (u64, u64)>>>;

fn record(simulation: &mut Simulation) -> Received {
    let record = Received::default();
    let kept = Rc::clone(&record);
    simulation.on_the_way(move |passing| {
        let Some(number) = passing.kind else { return passing.on() };
        let mut record = kept.borrow_mut();
        let (messages, bytes) = record.entry((passing.to, number)).or_default();
        *bytes += passing.frame.len() as u64;
        *messages += u64::from(ending(passing.frame).is_some());
        passing.on()
    });
    record
}

fn bytes_of(record: &Received, node: NodeIndex) -> u64 {
    record.borrow().iter().filter(|((to, _), _)| *to == node).map(|(_, (_, bytes))| bytes).sum()
}

#[test]
fn light_nodes_know_what_they_have_through_payments_and_a_reorganisation() {
    for seed in 401..=403 {
        let (mut simulation, full, light) = network(seed, 5, 3);
        mine_to(&mut simulation, full[0], 8);
        for node in &light {
            pay(&mut simulation, full[0], *node, "5");
        }
        mine_to(&mut simulation, full[0], 10);
        for node in &light {
            assert_true(&mut simulation, full[1], *node);
        }
        // One light node pays another: both see it confirmed.
        let id = pay(&mut simulation, light[0], light[1], "1.5");
        let waits = history(&mut simulation, light[0]).page.items[0].clone();
        assert_eq!((waits.transaction.id, waits.transaction.status), (id, TransactionState::Waiting));
        assert!(simulation.run_until(10 * SECOND, |simulation| simulation.node(full[4]).mempool().get(&id).is_some()));
        // Two halves go on apart, each with light nodes; the payment is confirmed in the weaker one alone.
        simulation.partition(&[full[0], full[1], light[0]]);
        simulation.run_for(SECOND);
        simulation.mine(full[0], true);
        let start = simulation.node(full[0]).chain().height().0;
        assert!(
            simulation.run_until(10 * MINUTE, |simulation| simulation.node(full[0]).chain().height().0 > start + 1)
        );
        simulation.mine(full[0], false);
        settle(&mut simulation, light[0]);
        let entry = history(&mut simulation, light[0]).page.items[0].clone();
        assert_eq!(entry.transaction.id, id);
        assert!(matches!(entry.transaction.status, TransactionState::Confirmed { .. }), "seed {seed}");
        simulation.mine(full[4], true);
        let target = simulation.node(full[0]).chain().height().0 + 3;
        assert!(simulation.run_until(20 * MINUTE, |simulation| simulation.node(full[4]).chain().height().0 >= target));
        simulation.mine(full[4], false);
        simulation.heal();
        assert!(simulation.run_until(2 * MINUTE, Simulation::agree), "seed {seed}: one tip after the partition");
        for node in &light {
            assert_true(&mut simulation, full[2], *node);
        }
        let reorganised = simulation.log(light[0]).iter().any(|line| line.code == "reorganisation");
        assert!(reorganised, "seed {seed}: the light node of the weaker half saw it");
        let height = simulation.least_height().0 + 2;
        mine_to(&mut simulation, full[3], height);
        for node in &light {
            assert_true(&mut simulation, full[2], *node);
        }
        let (_, _, ids) = truth(&simulation, full[2], light[1]);
        assert!(ids.contains(&id), "seed {seed}: what a light node sent is confirmed in the end");
        checks::agreement(&simulation);
        for node in full.iter().chain(&light) {
            let blamed =
                simulation.log(*node).iter().find(|line| line.code == "peer-banned" || line.code == "false-proof");
            assert!(blamed.is_none(), "seed {seed}: node {}: {blamed:?}", node.0);
        }
    }
}

#[test]
fn a_light_node_downloads_headers_and_proofs_only() {
    let (mut simulation, full, _) = network(411, 4, 0);
    mine_to(&mut simulation, full[0], 8);
    simulation.mine(full[0], true);
    for height in 9..=40 {
        for _ in 0..20 {
            pay(&mut simulation, full[0], full[1], "0.01");
        }
        assert!(simulation.run_until(10 * MINUTE, |simulation| simulation.node(full[0]).chain().height().0 >= height));
    }
    simulation.mine(full[0], false);
    let record = record(&mut simulation);
    let (newcomer, light) = (simulation.add_node(8.0), simulation.add_light_node());
    assert!(simulation.run_until(2 * MINUTE, Simulation::agree));
    settle(&mut simulation, light);
    let (whole, headers) = (bytes_of(&record, newcomer), bytes_of(&record, light));
    let kinds: BTreeMap<u8, (u64, u64)> =
        record.borrow().iter().filter(|((to, _), _)| *to == light).map(|((_, kind), count)| (*kind, *count)).collect();
    println!("a full node: {whole} bytes; a light one: {headers}: {kinds:?}");
    for kind in [6, 8, 9, 10, 13, 16] {
        assert!(!kinds.contains_key(&kind), "message {kind} reached a light node: {kinds:?}");
    }
    assert!(headers * 10 < whole, "{headers} of {whole} bytes");
}

#[test]
fn full_nodes_that_lie_are_banned_and_the_truth_comes_from_the_others() {
    let (mut simulation, full, light) = network(421, 5, 1);
    let (light, liars) = (light[0], [full[3], full[4]]);
    for node in &full {
        let peer = simulation.node(*node).id();
        simulation.request(light, Request::Connect { peer }).unwrap();
    }
    let linked = simulation.run_until(MINUTE, |simulation| full.iter().all(|node| simulation.linked(light, *node)));
    assert!(linked, "the light node has links to all");
    mine_to(&mut simulation, full[0], 8);
    pay(&mut simulation, full[0], light, "7");
    // One adds a grain to every account, one shows payments that never were.
    simulation.on_the_way(move |passing| {
        let (from, to) = (passing.from, passing.to);
        let lie = match passing.message() {
            Some(Message::Answer { number, answer: Answer::Account(proof) }) if from == liars[0] && to == light => {
                let mut bytes = borsh::to_vec(&*proof).expect("memory");
                let place = bytes.len() - 16;
                bytes[place] ^= 1;
                borsh::from_slice(&bytes).ok().map(|proof| (number, Answer::Account(Box::new(proof))))
            }
            Some(Message::Answer { number, answer: Answer::Transactions { mut items, next, since } })
                if from == liars[1] && to == light && !items.is_empty() =>
            {
                if let Transaction::Transfer(transfer) = &mut items[0].transaction {
                    transfer.amount = Amount::from_tab(1_000);
                }
                Some((number, Answer::Transactions { items, next, since }))
            }
            _ => None,
        };
        match lie {
            Some((number, answer)) => Fate::instead(&Message::Answer { number, answer }),
            None => passing.on(),
        }
    });
    let mut height = simulation.least_height().0;
    for _ in 0..12 {
        height += 1;
        mine_to(&mut simulation, full[0], height);
        assert_true(&mut simulation, full[1], light);
        pay(&mut simulation, full[0], light, "0.5");
        if liars.iter().all(|liar| !simulation.linked(light, *liar)) {
            break;
        }
    }
    for liar in liars {
        let id = simulation.node(liar).id();
        let banned = simulation.log(light).iter().any(|line| line.code == "peer-banned" && line.peer == Some(id));
        assert!(banned, "liar {} is banned", liar.0);
    }
    let others = simulation.log(light).iter().filter(|line| line.code == "peer-banned").count();
    assert_eq!(others, 2, "nobody else is");
}

#[test]
fn a_flood_of_questions_is_bounded_and_honest_light_nodes_are_served() {
    let (mut simulation, full, light) = network(431, 4, 2);
    let (honest, hostile) = (light[0], light[1]);
    mine_to(&mut simulation, full[0], 8);
    pay(&mut simulation, full[0], honest, "3");
    let record = record(&mut simulation);
    let tip = simulation.node(full[0]).chain().tip();
    let address = simulation.node(full[0]).address();
    let questions: Vec<Message> = (0..3_000)
        .map(|number| Message::Ask {
            number,
            question: Question::Transactions { block: tip, address, from: Place::default() },
        })
        .collect();
    let neighbours = u32::try_from(simulation.neighbours(hostile).len()).unwrap();
    simulation.send_messages(hostile, &questions);
    let dropped =
        simulation.run_until(10 * SECOND, |simulation| full.iter().all(|node| !simulation.linked(*node, hostile)));
    assert!(dropped, "who floods is dropped by all");
    let answers = record.borrow().get(&(hostile, 22)).copied().unwrap_or_default();
    println!("answers to a flood of {} questions: {answers:?}", questions.len());
    let (limit, answered) = (Kind::Questions.limit(), f64::from(u32::try_from(answers.0).unwrap()));
    assert!(answered <= f64::from(neighbours) * (limit.burst + limit.rate), "{answers:?} of {neighbours}");
    simulation.stop_node(hostile);
    mine_to(&mut simulation, full[0], 10);
    assert_true(&mut simulation, full[1], honest);
}

#[test]
fn roles_change_in_a_living_network_both_ways() {
    for seed in 441..=442 {
        let (mut simulation, full, light) = network(seed, 5, 2);
        mine_to(&mut simulation, full[0], 8);
        pay(&mut simulation, full[0], light[0], "5");
        pay(&mut simulation, full[0], full[4], "6");
        mine_to(&mut simulation, full[0], 10);
        assert_true(&mut simulation, full[1], light[0]);
        simulation.mine(full[0], true);
        simulation.request(light[0], Request::SetRole { role: Role::Full }).unwrap();
        simulation.request(full[4], Request::SetRole { role: Role::Light }).unwrap();
        let start = simulation.node(full[0]).chain().height().0;
        assert!(
            simulation.run_until(10 * MINUTE, |simulation| simulation.node(full[0]).chain().height().0 > start + 5)
        );
        simulation.mine(full[0], false);
        assert!(simulation.run_until(MINUTE, Simulation::agree), "seed {seed}");
        // The one has every body and the same accounts, the other none.
        checks::agreement(&simulation);
        assert!(simulation.node(light[0]).chain().keeps_bodies());
        assert_eq!(simulation.node(light[0]).chain().missing_count(), 0);
        assert_eq!(simulation.spendable(light[0]), Amount::from_tab(5));
        assert_true(&mut simulation, full[1], full[4]);
        assert_true(&mut simulation, full[1], light[1]);
        // Its peers know.
        for (node, role) in [(light[0], Role::Full), (full[4], Role::Light)] {
            let id = simulation.node(node).id();
            for other in simulation.neighbours(node) {
                let seen = simulation
                    .node(other)
                    .peers()
                    .iter()
                    .find(|(_, peer)| peer.id == id)
                    .and_then(|(_, peer)| peer.role);
                assert_eq!(seen, Some(role), "seed {seed}: node {} of node {}", other.0, node.0);
            }
        }
        // The former light node mines, and what it mines counts.
        let height = simulation.least_height().0 + 2;
        mine_to(&mut simulation, light[0], height);
        simulation.request(light[0], Request::SetRole { role: Role::Light }).unwrap();
        let refused = simulation.request(light[0], Request::MinerStart { threads: None }).unwrap_err();
        assert_eq!(refused.code, ErrorCode::LightNode);
        assert_true(&mut simulation, full[1], light[0]);
        for node in simulation.running() {
            let banned = simulation.log(node).iter().find(|line| line.code == "peer-banned");
            assert!(banned.is_none(), "seed {seed}: node {}: {banned:?}", node.0);
        }
    }
}

#[test]
fn roles_change_over_a_storage_and_its_crashes_and_the_wallet_stays() {
    for (seed, aftermath) in [(451, Aftermath::Kept), (452, Aftermath::Torn)] {
        let (mut simulation, full, _) = network(seed, 4, 0);
        let node = simulation.add_stored(8.0);
        simulation.crashes_with(node, aftermath);
        let met = simulation.run_until(MINUTE, |simulation| simulation.neighbours(node).len() >= 3);
        assert!(met, "seed {seed}");
        mine_to(&mut simulation, node, 14);
        mine_to(&mut simulation, full[0], 20);
        let (address, id) = (simulation.address(node), simulation.node(node).id());
        assert!(balance(&mut simulation, node).is_some_and(|balance| balance.spendable > Amount::ZERO));
        simulation.run_for(10 * SECOND);
        let same = |simulation: &mut Simulation, when: &str| {
            assert_eq!(simulation.address(node), address, "seed {seed}: {when}");
            assert_eq!(simulation.node(node).id(), id, "seed {seed}: {when}");
        };
        let back = |simulation: &mut Simulation, when: &str| {
            let tip = simulation.node(full[0]).chain().tip();
            let there = simulation.run_until(2 * MINUTE, |simulation| simulation.node(node).chain().tip() == tip);
            assert!(there, "seed {seed}: {when}: at {}", simulation.node(node).chain().height());
        };
        let crash = |simulation: &mut Simulation, role: Role| {
            simulation.returns_as(node, role);
            simulation.crash(node);
            simulation.run_for(SECOND);
            simulation.restart(node);
        };
        // Light from here on; the stored chain stays as it was, and a crash finds it so.
        simulation.request(node, Request::SetRole { role: Role::Light }).unwrap();
        mine_to(&mut simulation, full[0], 26);
        same(&mut simulation, "as a light node");
        crash(&mut simulation, Role::Full);
        let stood = simulation.resumed(node);
        assert!(stood <= Height(20) && stood > Height::GENESIS, "seed {seed}: it stands on {stood}");
        same(&mut simulation, "full again after a crash as a light node");
        back(&mut simulation, "full again after a crash as a light node");
        // It begins light on the same storage, and becomes full while it runs.
        crash(&mut simulation, Role::Light);
        same(&mut simulation, "light from the start");
        mine_to(&mut simulation, full[0], 30);
        back(&mut simulation, "light from the start");
        simulation.request(node, Request::SetRole { role: Role::Full }).unwrap();
        back(&mut simulation, "full again");
        crash(&mut simulation, Role::Full);
        same(&mut simulation, "at last");
        mine_to(&mut simulation, full[0], 34);
        back(&mut simulation, "at last");
        checks::agreement(&simulation);
        let (_, _, ids) = truth(&simulation, full[0], node);
        let asked = simulation.ask(node, Request::History { address: None, from: None, limit: Some(500) });
        let Some(Ok(Response::History(history))) = asked else { panic!("a history, not {asked:?}") };
        assert_eq!(history.page.items.iter().map(|entry| entry.transaction.id).collect::<BTreeSet<_>>(), ids);
    }
}

#[test]
fn many_light_nodes_do_not_cost_full_ones_their_mesh() {
    let mut simulation = Simulation::new(Options::new(451));
    let light: Vec<NodeIndex> = (0..24).map(|_| simulation.add_light_node()).collect();
    let full: Vec<NodeIndex> = (0..6).map(|_| simulation.add_node(8.0)).collect();
    let count = |simulation: &Simulation, node: NodeIndex, of: &[NodeIndex]| {
        simulation.neighbours(node).iter().filter(|other| of.contains(other)).count()
    };
    let meshed = simulation
        .run_until(5 * MINUTE, |simulation| full.iter().all(|node| count(simulation, *node, &full) + 1 >= full.len()));
    let links: Vec<_> = full.iter().map(|node| count(&simulation, *node, &full)).collect();
    assert!(meshed, "full nodes find each other among four times as many light ones: {links:?}");
    simulation.run_for(MINUTE);
    let mut places = 0;
    for node in &full {
        let taken = count(&simulation, *node, &light);
        assert!(taken <= MAX_LIGHT, "the light peers of node {}: {taken}", node.0);
        places += taken;
    }
    let served = light.iter().filter(|node| count(&simulation, **node, &full) > 0).count();
    println!("{served} of {} light nodes share {places} places", light.len());
    // Each takes four at most.
    assert!(served >= full.len() * MAX_LIGHT / LIGHT_WANTED, "{served} light nodes are served");
    simulation.mine(full[0], true);
    assert!(simulation.run_until(10 * MINUTE, |simulation| simulation.node(full[0]).chain().height().0 >= 10));
    simulation.mine(full[0], false);
    let tip = simulation.node(full[0]).chain().tip();
    let follows = |simulation: &Simulation, node: &NodeIndex| simulation.node(*node).chain().tip() == tip;
    assert!(simulation.run_until(MINUTE, |simulation| full.iter().all(|node| follows(simulation, node))));
    // Who has a place at the moment has the tip; the others come to it when their turn comes.
    simulation.run_for(5 * SECOND);
    let following = light.iter().filter(|node| follows(&simulation, node)).count();
    assert!(following >= full.len() * MAX_LIGHT / LIGHT_WANTED, "{following} light nodes have the tip");
}

#[test]
fn a_proof_is_the_same_from_a_full_node_and_through_a_light_one() {
    let (mut simulation, full, light) = network(461, 3, 1);
    mine_to(&mut simulation, full[0], 8);
    let id = pay(&mut simulation, full[0], full[1], "1").to_string();
    mine_to(&mut simulation, full[0], 10);
    let made = simulation.ask(full[2], Request::Proof { id: id.clone() }).expect("an answer");
    let checked = simulation.ask(light[0], Request::Proof { id }).expect("an answer");
    assert!(matches!(made, Ok(Response::Proof(_))));
    assert_eq!(made, checked);
    let nothing = Request::Proof { id: BlockHash::ZERO.to_string() };
    assert_eq!(simulation.ask(light[0], nothing).expect("an answer").unwrap_err().code, ErrorCode::NotFound);
    let text = simulation.address(full[0]);
    let asked = simulation.ask(light[0], Request::Balance { address: Some(text) }).expect("an answer");
    let Ok(Response::Balance(shown)) = asked else { panic!("a balance, not {asked:?}") };
    let (account, immature, _) = truth(&simulation, full[1], full[0]);
    assert_eq!((shown.confirmed, shown.immature), (account.balance, immature));
}
