//! Links of different speed: what is urgent passes what is long, and who reads slowly delays and
//! burdens nobody else.

use node_core::contract::LinkId;
use node_core::hash::BlockHash;
use node_core::keys::{SecretKey, Signature};
use node_core::mempool::MAX_PER_PAYER;
use node_core::net::frame::Class;
use node_core::net::lanes::{MAX_WAITING, STUCK_TIME, WINDOW};
use node_core::request::{Request, Response};
use node_core::transaction::{Memo, Transaction, Transfer};
use node_core::units::Amount;
use std::time::Duration;
use tests::simulator::{NodeIndex, Options, Simulation};

const MINUTE: Duration = Duration::from_mins(1);
const SECOND: Duration = Duration::from_secs(1);
/// Accounts that own coins from the start: with a hundred transfers of each a block is full.
const RICH: u8 = 37;
/// Bytes a second of a slow line: 2 Mbit/s.
const SLOW: u64 = 256 * 1024;

fn key(number: u8) -> SecretKey {
    SecretKey::derive(&[number; 32], b"rich")
}

/// A transfer with the longest memo.
fn transfer(genesis: BlockHash, from: u8, nonce: u64) -> Transaction {
    let mut transfer = Transfer {
        from: key(from).public_key(),
        to: key(0).public_key().address(),
        amount: Amount::from_grains(1).expect("small"),
        fee: Amount::from_grains(1_000).expect("small"),
        nonce,
        memo: Memo::new(&"m".repeat(140)).expect("short enough"),
        signature: Signature::NONE,
    };
    transfer.sign(&key(from), genesis);
    Transaction::Transfer(transfer)
}

/// A network of one node, whose chain has a full block with some blocks on it; links lose nothing.
fn full_chain(seed: u64) -> (Simulation, NodeIndex) {
    let mut options = Options::new(seed);
    options.faults.loss = 0.0;
    options.params.allocation =
        (0..RICH).map(|number| (key(number).public_key().address(), Amount::from_tab(1))).collect();
    let mut simulation = Simulation::new(options);
    let server = simulation.add_node(8.0);
    let genesis = simulation.node(server).chain().genesis();
    for number in 0..RICH {
        for nonce in 0..MAX_PER_PAYER as u64 {
            let hex = hex::encode(transfer(genesis, number, nonce).to_bytes());
            let sent = simulation.request(server, Request::SubmitTransaction { hex });
            assert!(matches!(sent, Ok(Response::Sent(_))), "{sent:?}");
        }
    }
    simulation.mine(server, true);
    assert!(simulation.run_until(30 * MINUTE, |simulation| simulation.least_height().0 >= 8));
    simulation.mine(server, false);
    let Ok(Response::Blocks(blocks)) = simulation.request(server, Request::Blocks { from: None, limit: None }) else {
        panic!("blocks")
    };
    let bytes = blocks.iter().map(|block| block.size).max();
    assert!(bytes > Some(1_040_000), "the largest block has {bytes:?} bytes");
    (simulation, server)
}

fn height(simulation: &Simulation, node: NodeIndex) -> u32 {
    simulation.node(node).chain().height().0
}

/// A node's link to another one.
fn link(simulation: &Simulation, node: NodeIndex, to: NodeIndex) -> Option<LinkId> {
    simulation.node(node).peers().find(&simulation.node(to).id())
}

fn received(simulation: &Simulation, node: NodeIndex) -> u64 {
    simulation.node(node).peers().iter().map(|(_, peer)| peer.bytes_in).sum()
}

#[test]
fn a_new_block_passes_a_full_one_that_is_under_way() {
    let (mut simulation, server) = full_chain(1);
    let reader = simulation.add_node(0.0);
    simulation.throttle(reader, u32::try_from(SLOW * 8).expect("a rate"));
    let middle = |simulation: &Simulation| received(simulation, reader) > 400_000;
    assert!(simulation.run_until(MINUTE, middle), "the full block is under way");
    let height_before = height(&simulation, server);
    simulation.mine(server, true);
    assert!(simulation.run_until(10 * MINUTE, |simulation| height(simulation, server) > height_before));
    simulation.mine(server, false);
    assert!(received(&simulation, reader) < 900_000, "the full block is still under way");
    let (start, tip) = (simulation.now(), simulation.node(server).chain().tip());
    let known = |simulation: &Simulation| simulation.node(reader).chain().header(&tip).is_some();
    assert!(simulation.run_until(MINUTE, known));
    let took = simulation.now().since(start);
    // What the window holds, and the network's latency.
    let window = Duration::from_micros(WINDOW * 1_000_000 / SLOW);
    assert!(took < window + Duration::from_millis(150), "the new block's header took {took:?}");
    assert!(height(&simulation, reader) < height_before, "the full block is still under way");
    println!("a new header passed a full block in {took:?}; the window alone takes {window:?}");
    assert!(simulation.run_until(MINUTE, Simulation::agree));
}

#[test]
fn who_does_not_read_is_dropped_and_neither_delays_others_nor_grows_memory() {
    let (mut simulation, server) = full_chain(2);
    let (slow, fast) = (simulation.add_node(0.0), simulation.add_node(0.0));
    // A frame in twenty seconds: it is heard of, and hears something, but is of no use.
    simulation.throttle(slow, 6_560);
    let start = simulation.now();
    let target = height(&simulation, server);
    assert!(simulation.run_until(MINUTE, |simulation| height(simulation, fast) == target));
    let took = simulation.now().since(start);
    assert!(took < 10 * SECOND, "beside a slow peer it took {took:?}");
    assert!(height(&simulation, slow) < target);

    let bound: u64 = MAX_WAITING.iter().sum();
    let waiting = |simulation: &Simulation| -> u64 {
        let Some(link) = link(simulation, server, slow) else { return 0 };
        Class::ALL.iter().map(|class| simulation.node(server).waiting(link, *class)).sum()
    };
    let mut most = 0;
    while simulation.now().since(start) < 3 * STUCK_TIME && link(&simulation, server, slow).is_some() {
        simulation.run_for(SECOND);
        most = most.max(waiting(&simulation));
        assert!(most <= bound);
    }
    let id = simulation.node(slow).id();
    let dropped = simulation.log(server).iter().any(|line| line.code == "not-reading" && line.peer == Some(id));
    assert!(dropped, "the server parts with a peer that does not read");
    println!("{most} bytes waited for a peer that reads 820 bytes a second; the bound is {bound}");
}
