//! How fast a block reaches everybody, and what it and its transactions cost; beside it the same
//! block under other protocols on the same network.

use super::baseline::{self, Protocol};
use super::room::{self, SECOND, STEP, float, median, ms};
use super::{Figures, Setup};
use crate::money;
use crate::simulator::{Fate, NodeIndex, Simulation};
use node_core::block::BlockHeader;
use node_core::hash::sha256;
use node_core::transaction::Transaction;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

/// Transfers in a block.
const TRANSFERS: u32 = 1_000;
/// Blocks before the measured ones: in as many a node learns who is first with blocks.
const WARM_UP: u32 = 24;
/// Blocks measured in a run.
const BLOCKS: usize = 3;
/// Bytes of a short id in a compact block.
const SHORT_ID_BYTES: usize = 6;
/// Numbers on the wire: of what carries transactions, and of what carries blocks or tells of them.
const TRANSACTION_KINDS: std::ops::RangeInclusive<u8> = 8..=10;
const BLOCK_KINDS: [u8; 9] = [3, 4, 5, 6, 12, 13, 14, 15, 16];

/// What other nodes have of a block's transactions before it comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pools {
    /// All.
    Warm,
    /// A random half each.
    Half,
    /// None.
    Cold,
}

/// Times of one block to parts of the nodes, and bytes that a node received for it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spread {
    pub(super) half: Duration,
    pub(super) most: Duration,
    pub(super) all: Duration,
    pub(super) bytes: f64,
    /// Copies of the block, whole or compact, that a node got.
    pub(super) copies: f64,
}

/// A block of many transfers, several times.
pub fn propagation(setup: Setup, pools: Pools) -> Figures {
    let mut room = Room::new(setup);
    room.measure(pools)
}

/// The same with all kinds of mempools one after the other, and under other protocols on the same links.
pub fn compared(setup: Setup) -> Vec<(&'static str, Figures)> {
    let mut room = Room::new(setup);
    let mut all: Vec<(&'static str, Figures)> = [("warm", Pools::Warm), ("half", Pools::Half), ("cold", Pools::Cold)]
        .into_iter()
        .map(|(name, pools)| (name, room.measure(pools)))
        .collect();
    let Room { simulation, nodes, .. } = &room;
    let links: BTreeMap<NodeIndex, Vec<NodeIndex>> =
        nodes.iter().map(|node| (*node, simulation.neighbours(*node))).collect();
    let transfer = money::transfer(simulation.node(nodes[0]).chain().genesis(), 0, 0, 1_000).to_bytes().len();
    let bytes = BlockHeader::BYTES + TRANSFERS as usize * transfer;
    for (name, protocol) in [("whole blocks to all", Protocol::Flood), ("gossipsub", Protocol::Gossipsub)] {
        let one = |block| baseline::spread(setup.seed, &links, miner(nodes, block), bytes, protocol);
        all.push((name, figures_of(&(0..BLOCKS).map(one).collect::<Vec<_>>())));
    }
    all
}

/// Finders of blocks, from all over the room.
fn miner(nodes: &[NodeIndex], block: usize) -> NodeIndex {
    nodes[(block * 61 + 5) % nodes.len()]
}

/// A room whose nodes know who is fast.
struct Room {
    simulation: Simulation,
    nodes: Vec<NodeIndex>,
    quiet: Rc<Cell<bool>>,
    blocks: usize,
}

impl Room {
    fn new(setup: Setup) -> Self {
        let mut options = room::options(setup.seed, TRANSFERS);
        options.log_lines = 0;
        let (mut simulation, nodes) = room::meshed(options, setup.nodes);
        room::warm_up(&mut simulation, &nodes, WARM_UP);
        let quiet = mute(&mut simulation);
        Self { simulation, nodes, quiet, blocks: 0 }
    }

    fn measure(&mut self, pools: Pools) -> Figures {
        let Self { simulation, nodes, quiet, blocks } = self;
        let genesis = simulation.node(nodes[0]).chain().genesis();
        let mut spreads = Vec::new();
        for _ in 0..BLOCKS {
            let miner = miner(nodes, *blocks);
            let nonce = *blocks as u64;
            *blocks += 1;
            let made: Vec<Transaction> =
                (0..TRANSFERS).map(|payer| money::transfer(genesis, payer, nonce, 1_000)).collect();
            fill(simulation, nodes, miner, &made, pools, quiet);
            spreads.push(one_block(simulation, nodes, miner));
            quiet.set(false);
            simulation.run_for(5 * SECOND);
            assert!(simulation.node(miner).mempool().is_empty(), "the block holds all of them");
        }
        let mut figures = figures_of(&spreads);
        let ideal = float(BlockHeader::BYTES + SHORT_ID_BYTES * TRANSFERS as usize);
        figures.add("bytes / (header + short ids)", format!("{:.2}", mean(&spreads, |one| one.bytes) / ideal));
        figures
    }
}

fn figures_of(spreads: &[Spread]) -> Figures {
    let middle = |of: fn(&Spread) -> Duration| ms(median(spreads.iter().map(of).collect()).unwrap_or_default());
    let mut figures = Figures::default();
    figures.add("to 50 %", middle(|one| one.half));
    figures.add("to 95 %", middle(|one| one.most));
    figures.add("to 100 %", middle(|one| one.all));
    figures.add("bytes received a node", format!("{:.0}", mean(spreads, |one| one.bytes)));
    figures.add("copies a node", format!("{:.2}", mean(spreads, |one| one.copies)));
    figures
}

fn mean(spreads: &[Spread], of: impl Fn(&Spread) -> f64) -> f64 {
    spreads.iter().map(of).sum::<f64>() / float(spreads.len())
}

/// A switch that, while it is on, keeps transactions from travelling.
fn mute(simulation: &mut Simulation) -> Rc<Cell<bool>> {
    let quiet = Rc::new(Cell::new(false));
    let switch = Rc::clone(&quiet);
    simulation.on_the_way(move |passing| {
        let carries = passing.kind.is_some_and(|kind| TRANSACTION_KINDS.contains(&kind));
        if switch.get() && carries { Fate::swallowed() } else { passing.on() }
    });
    quiet
}

fn fill(
    simulation: &mut Simulation,
    nodes: &[NodeIndex],
    miner: NodeIndex,
    made: &[Transaction],
    pools: Pools,
    quiet: &Rc<Cell<bool>>,
) {
    quiet.set(pools != Pools::Warm);
    assert!(simulation.give(miner, made), "it has a peer");
    if pools == Pools::Half {
        for node in nodes.iter().filter(|node| **node != miner) {
            let own =
                |one: &Transaction| sha256(&[&one.id().0[..], &node.0.to_le_bytes()].concat())[0].is_multiple_of(2);
            let half: Vec<Transaction> = made.iter().filter(|one| own(one)).cloned().collect();
            assert!(simulation.give(*node, &half), "it has a peer");
        }
    }
    simulation.run_for(3 * SECOND);
    if pools == Pools::Warm {
        let filled = simulation.run_until_every(STEP, 60 * SECOND, |simulation| {
            nodes.iter().all(|node| simulation.node(*node).mempool().len() == made.len())
        });
        assert!(filled, "all transfers wait everywhere");
        simulation.run_for(SECOND);
    }
    assert_eq!(simulation.node(miner).mempool().len(), made.len(), "the miner has all of them");
}

fn one_block(simulation: &mut Simulation, nodes: &[NodeIndex], miner: NodeIndex) -> Spread {
    let received = |simulation: &Simulation, kinds: &[u8], messages: bool| {
        let of = |node: &NodeIndex| {
            let counts = kinds.iter().filter_map(|kind| simulation.traffic(*node).received.get(kind));
            counts.map(|count| if messages { count.messages } else { count.bytes }).sum::<u64>()
        };
        nodes.iter().map(of).sum::<u64>()
    };
    let whole = [6, 13];
    // The template is made anew once a second at most.
    simulation.run_for(2 * SECOND);
    simulation.record_arrivals();
    let before = (received(simulation, &BLOCK_KINDS, false), received(simulation, &whole, true));
    let hash = room::next_block(simulation, miner);
    let everybody = simulation.run_until_every(STEP, 60 * SECOND, |simulation| {
        simulation.arrivals().block_spread(&hash, nodes, 1.0).is_some()
    });
    assert!(everybody, "everybody gets the block");
    // What is on its way counts too.
    simulation.run_for(SECOND);
    let others = float(nodes.len() - 1);
    let spread = |part| simulation.arrivals().block_spread(&hash, nodes, part).unwrap_or_default();
    Spread {
        half: spread(0.5),
        most: spread(0.95),
        all: spread(1.0),
        bytes: float(received(simulation, &BLOCK_KINDS, false) - before.0) / others,
        copies: float(received(simulation, &whole, true) - before.1) / others,
    }
}

/// Transfers that are made one after the other at different nodes.
pub fn payments(setup: Setup) -> Figures {
    let mut options = room::options(setup.seed, TRANSFERS);
    options.log_lines = 0;
    let (mut simulation, nodes) = room::meshed(options, setup.nodes);
    let genesis = simulation.node(nodes[0]).chain().genesis();
    let received = |simulation: &Simulation| {
        let kinds = |node: &NodeIndex| {
            let received = &simulation.traffic(*node).received;
            received.range(TRANSACTION_KINDS).map(|(_, count)| count.bytes).sum::<u64>()
        };
        nodes.iter().map(kinds).sum::<u64>()
    };
    let before = received(&simulation);
    simulation.record_arrivals();
    let mut bytes = 0;
    for payer in 0..TRANSFERS {
        let made = money::transfer(genesis, payer, 0, 1_000);
        bytes += made.to_bytes().len();
        assert!(simulation.give(nodes[payer as usize * 7 % nodes.len()], &[made]), "it has a peer");
        // A hundred a second in the whole room.
        simulation.run_for(Duration::from_millis(10));
    }
    let filled = simulation.run_until_every(STEP, 60 * SECOND, |simulation| {
        nodes.iter().all(|node| simulation.node(*node).mempool().len() == TRANSFERS as usize)
    });
    assert!(filled, "all transfers wait everywhere");
    simulation.run_for(SECOND);
    let total = float(received(&simulation) - before) / float(nodes.len());
    let spreads = |part| {
        let ids = simulation.arrivals().transactions();
        median(ids.filter_map(|id| simulation.arrivals().transaction_spread(&id, &nodes, part)).collect())
    };
    let mut figures = Figures::default();
    figures.add("bytes of a transfer", format!("{:.0}", float(bytes) / float(TRANSFERS)));
    figures.add("bytes received a node and transfer", format!("{:.0}", total / float(TRANSFERS)));
    figures.add("over its size", format!("{:.2}", total / float(bytes)));
    figures.add("to 50 %", ms(spreads(0.5).unwrap_or_default()));
    figures.add("to 95 %", ms(spreads(0.95).unwrap_or_default()));
    figures
}
