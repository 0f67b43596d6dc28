//! Rooms that scenarios begin with.

use crate::money;
use crate::simulator::{Faults, Latency, NetworkOptions, NodeIndex, Options, Simulation};
use node_core::hash::BlockHash;
use node_core::units::Height;
use std::time::Duration;

/// Half of all pairs have less latency, one way.
pub(super) const MEDIAN: Duration = Duration::from_millis(50);
/// Standard deviation of the logarithm of latencies: one pair in twenty has more than 114 ms.
pub(super) const SIGMA: f64 = 0.5;
/// Bits a second of each line, up and down.
pub(super) const LINE: u32 = 10_000_000;
/// Hashes a second of a node, while it mines.
pub(super) const HASH_RATE: f64 = 8.0;
/// Links that a node of a room of enough nodes has when it has joined.
pub(super) const JOINED: usize = 6;
pub(super) const MINUTE: Duration = Duration::from_mins(1);
pub(super) const SECOND: Duration = Duration::from_secs(1);
/// How often a costly condition is looked at.
pub(super) const STEP: Duration = Duration::from_millis(250);

/// The network that reports are made on.
pub(super) fn options(seed: u64, accounts: u32) -> Options {
    let mut options = Options::new(seed);
    options.params.allocation = money::allocation(accounts);
    options.network = NetworkOptions { latency: Latency::LogNormal { median: MEDIAN, sigma: SIGMA }, line: Some(LINE) };
    options.faults = Faults::default();
    options
}

pub(super) fn degree(simulation: &Simulation, index: NodeIndex) -> usize {
    simulation.node(index).peers().connected().count()
}

/// A room of so many nodes that have found each other.
pub(super) fn meshed(options: Options, count: usize) -> (Simulation, Vec<NodeIndex>) {
    meshed_of(options, count, |simulation, _| simulation.add_node(HASH_RATE))
}

/// The same of nodes that are added as told.
pub(super) fn meshed_of(
    options: Options,
    count: usize,
    add: impl Fn(&mut Simulation, usize) -> NodeIndex,
) -> (Simulation, Vec<NodeIndex>) {
    let seed = options.seed;
    let mut simulation = Simulation::new(options);
    let mut nodes = Vec::new();
    for part in 0..count {
        let node = add(&mut simulation, part);
        nodes.push(node);
        // They do not come all at once.
        if part % 20 == 19 {
            simulation.run_for(STEP);
        }
    }
    let wanted = JOINED.min(count - 1);
    let found = simulation
        .run_until_every(STEP, 3 * MINUTE, |simulation| nodes.iter().all(|node| degree(simulation, *node) >= wanted));
    let least = nodes.iter().map(|node| degree(&simulation, *node)).min();
    assert!(found, "seed {seed}: {count} nodes find each other; the loneliest has {least:?} links");
    (simulation, nodes)
}

/// One node mines until it has so many blocks more, and stops when all have them.
pub(super) fn mine(simulation: &mut Simulation, miner: NodeIndex, blocks: u32) {
    let height = Height(simulation.node(miner).chain().height().0 + blocks);
    simulation.mine(miner, true);
    let found =
        simulation.run_until_every(STEP, 60 * MINUTE, |simulation| simulation.node(miner).chain().height() >= height);
    simulation.mine(miner, false);
    assert!(found, "node {} finds {blocks} blocks", miner.0);
    let agreed = simulation.run_until_every(STEP, MINUTE, Simulation::agree);
    assert!(agreed, "all follow node {}", miner.0);
}

/// Blocks of different finders, so that nodes know who is fast.
pub(super) fn warm_up(simulation: &mut Simulation, nodes: &[NodeIndex], blocks: u32) {
    for block in 0..blocks as usize {
        mine(simulation, nodes[block * 37 % nodes.len()], 1);
    }
}

/// One node mines a block; gives it when the node has it. Nobody else need have it yet.
pub(super) fn next_block(simulation: &mut Simulation, miner: NodeIndex) -> BlockHash {
    let tip = simulation.node(miner).chain().tip();
    simulation.mine(miner, true);
    let found = simulation.run_until(60 * MINUTE, |simulation| simulation.node(miner).chain().tip() != tip);
    simulation.mine(miner, false);
    assert!(found, "node {} finds a block", miner.0);
    simulation.node(miner).chain().tip()
}

/// All stop mining but one, until they have one tip; gives how long that took.
pub(super) fn settle(simulation: &mut Simulation, miner: NodeIndex) -> Duration {
    for node in simulation.running() {
        simulation.mine(node, false);
    }
    let start = simulation.elapsed();
    // Branches of equal work stay as they are until one more block decides.
    if !simulation.run_until_every(STEP, 20 * SECOND, Simulation::agree) {
        simulation.mine(miner, true);
        let agreed = simulation.run_until_every(STEP, 10 * MINUTE, Simulation::agree);
        simulation.mine(miner, false);
        let agreed = agreed && simulation.run_until_every(STEP, 2 * MINUTE, Simulation::agree);
        assert!(agreed, "all come to one tip");
    }
    simulation.elapsed().checked_sub(start).unwrap_or_default()
}

/// Milliseconds, as text.
pub(super) fn ms(time: Duration) -> String {
    format!("{:.0} ms", time.as_secs_f64() * 1_000.0)
}

/// Seconds, as text.
pub(super) fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

/// The one in the middle; of none, nothing.
pub(super) fn median<T: Ord + Copy>(mut all: Vec<T>) -> Option<T> {
    all.sort_unstable();
    all.get(all.len() / 2).copied()
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
pub(super) fn float(number: impl TryInto<u64>) -> f64 {
    number.try_into().unwrap_or(u64::MAX) as f64
}
