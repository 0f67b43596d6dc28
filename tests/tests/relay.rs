//! Relay of blocks in networks of whole nodes: what travels, what liars can do, and what must not
//! travel twice.

use node_core::hash::BlockHash;
use node_core::net::frame::{Assembler, split};
use node_core::net::message::Message;
use node_core::request::{Attack, Request, SendForm};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;
use tests::simulator::{Fate, NodeIndex, Options, Simulation, checks};

const MINUTE: Duration = Duration::from_mins(1);

/// What became of a message: it goes on, or it is swallowed.
type Judge = fn(NodeIndex, &Message) -> bool;

/// How often something of a block went from one node to another.
#[derive(Debug, Default, Clone, Copy)]
struct Travelled {
    compact: usize,
    answers: usize,
    whole: usize,
}

/// All that travelled of each block over each link, in each direction.
type Record = Rc<RefCell<BTreeMap<(NodeIndex, NodeIndex, BlockHash), Travelled>>>;

/// Records what travels of blocks, and swallows what the judge does not let through.
fn record(simulation: &mut Simulation, judge: Judge) -> Record {
    let record = Record::default();
    let kept = record.clone();
    let mut assemblers: BTreeMap<(NodeIndex, NodeIndex), Assembler> = BTreeMap::new();
    simulation.on_the_way(move |passing| {
        let (from, to) = (passing.from, passing.to);
        let whole = assemblers.entry((from, to)).or_default().push(passing.frame);
        // What is no frame, as an attacker sends it, goes on as it is.
        let Ok(assembled) = whole else { return passing.on() };
        let Some(bytes) = assembled else { return Fate::swallowed() };
        if let Ok(message) = Message::decode(&bytes) {
            if !judge(from, &message) {
                return Fate::swallowed();
            }
            let hash = match &message {
                Message::CompactBlock(compact) => Some(compact.header.hash()),
                Message::BlockTransactions(answer) => Some(answer.block),
                Message::Block(block) => Some(block.header.hash()),
                _ => None,
            };
            if let Some(hash) = hash {
                let mut record = kept.borrow_mut();
                let travelled = record.entry((from, to, hash)).or_default();
                travelled.compact += usize::from(matches!(message, Message::CompactBlock(_)));
                travelled.answers += usize::from(matches!(message, Message::BlockTransactions(_)));
                travelled.whole += usize::from(matches!(message, Message::Block(_)));
            }
        }
        Fate { onward: split(&bytes), back: Vec::new() }
    });
    record
}

fn network(seed: u64, count: usize) -> (Simulation, Vec<NodeIndex>) {
    let mut simulation = Simulation::new(Options::new(seed));
    let nodes: Vec<NodeIndex> = (0..count).map(|_| simulation.add_node(8.0)).collect();
    let wanted = (count - 1).min(6);
    let meshed = simulation.run_until(MINUTE, |simulation| {
        simulation.running().iter().all(|node| simulation.node(*node).peers().connected().count() >= wanted)
    });
    assert!(meshed, "seed {seed}: the nodes find each other");
    (simulation, nodes)
}

/// Mines to a height with payments in every other block.
fn live(simulation: &mut Simulation, nodes: &[NodeIndex], blocks: u32) {
    for node in &nodes[..3] {
        simulation.mine(*node, true);
    }
    let start = simulation.least_height().0;
    for step in 1..=blocks {
        let grown = simulation.run_until(10 * MINUTE, |simulation| simulation.least_height().0 >= start + step);
        assert!(grown, "the network goes on at height {}", start + step);
        for from in &nodes[..3] {
            let to = simulation.address(nodes[nodes.len() - 1]);
            let form = SendForm { to, amount: "0.1".to_owned(), ..SendForm::default() };
            // Before its first reward is mature a node has nothing to pay with.
            drop(simulation.request(*from, Request::Send(form)));
        }
    }
}

/// Mines with one miner until all have one tip.
fn settle(simulation: &mut Simulation, nodes: &[NodeIndex]) {
    for node in &nodes[1..3] {
        simulation.mine(*node, false);
    }
    let height = simulation.least_height().0 + 3;
    simulation.run_until(10 * MINUTE, |simulation| simulation.least_height().0 >= height);
    simulation.mine(nodes[0], false);
    assert!(simulation.run_until(2 * MINUTE, Simulation::agree));
    checks::agreement(simulation);
}

#[test]
fn a_whole_block_never_travels_twice_over_one_link() {
    for seed in 201..=203 {
        let (mut simulation, nodes) = network(seed, 12);
        let record = record(&mut simulation, |_, _| true);
        live(&mut simulation, &nodes, 20);
        simulation.partition(&nodes[..6]);
        simulation.run_for(Duration::from_secs(20));
        simulation.heal();
        simulation.run_for(MINUTE);
        settle(&mut simulation, &nodes);
        let record = record.borrow();
        let mut total = Travelled::default();
        for ((from, to, hash), travelled) in record.iter() {
            let back = record.get(&(*to, *from, *hash)).copied().unwrap_or_default();
            // An answer may hold all of a block.
            let bodies = travelled.whole + travelled.answers + back.whole + back.answers;
            assert!(bodies <= 1, "seed {seed}: {hash} between {from:?} and {to:?}: {travelled:?} and {back:?}");
            assert!(travelled.compact <= 1, "seed {seed}: {hash} from {from:?} to {to:?}: {travelled:?}");
            total.compact += travelled.compact;
            total.answers += travelled.answers;
            total.whole += travelled.whole;
        }
        println!("seed {seed}: {total:?}");
        assert!(total.compact > 10 * (total.answers + total.whole), "most blocks travel in short: {total:?}");
    }
}

#[test]
fn nodes_that_never_serve_what_they_show_do_not_stop_the_others() {
    let (mut simulation, nodes) = network(211, 10);
    // The last four announce and push, and answer no request for transactions or blocks.
    record(&mut simulation, |from, message| {
        from.0 < 6 || !matches!(message, Message::BlockTransactions(_) | Message::Block(_))
    });
    live(&mut simulation, &nodes, 20);
    settle(&mut simulation, &nodes);
}

#[test]
fn a_forged_block_among_nodes_that_push_costs_its_maker_its_links_and_no_other_node_a_point() {
    for seed in 221..=224 {
        let (mut simulation, nodes) = network(seed, 8);
        live(&mut simulation, &nodes, 10);
        for node in &nodes[..3] {
            simulation.mine(*node, false);
        }
        assert!(simulation.run_until(MINUTE, Simulation::agree), "seed {seed}");
        let pushed_to =
            |node: NodeIndex| simulation.node(node).peers().connected().filter(|(_, peer)| peer.wants_push).count();
        assert!(nodes.iter().map(|node| pushed_to(*node)).sum::<usize>() > 0, "blocks are pushed");
        let attacker = nodes[7];
        let record = record(&mut simulation, |_, _| true);
        simulation
            .request(attacker, Request::Attack { attack: Attack::InflatedReward, peer: None, every: None })
            .unwrap();
        simulation.run_for(MINUTE);
        let id = simulation.node(attacker).id();
        let handed_on = record.borrow().keys().filter(|(from, ..)| *from != attacker).count();
        println!("seed {seed}: handed on {handed_on} times before it was judged");
        for node in &nodes[..7] {
            for (_, peer) in simulation.node(*node).peers().connected() {
                assert_ne!(peer.id, id, "seed {seed}: node {} keeps the attacker", node.0);
                assert_eq!(peer.score, 0, "seed {seed}: node {} blames an honest peer", node.0);
            }
            assert!(!simulation.log(*node).iter().any(|line| line.code == "peer-banned" && line.peer != Some(id)));
        }
        simulation.stop_node(attacker);
        simulation.mine(nodes[0], true);
        let height = simulation.least_height().0 + 3;
        assert!(simulation.run_until(5 * MINUTE, |simulation| simulation.least_height().0 >= height));
    }
}
