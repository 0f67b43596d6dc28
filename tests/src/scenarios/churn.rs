//! A room that loses its tracker and many of its nodes.

use super::room::{self, JOINED, MINUTE, STEP, seconds};
use super::{Figures, Setup};

/// All have six links again within so long.
const HEALED: std::time::Duration = std::time::Duration::from_mins(2);

/// The tracker dies, and three of ten nodes go at once, half of them without a word.
pub fn dead_tracker(setup: Setup) -> Figures {
    let Setup { seed, nodes: count } = setup;
    let (mut simulation, nodes) = room::meshed(room::options(seed, 0), count);
    // Peers have told each other of peers.
    simulation.run_for(MINUTE);
    simulation.stop_tracker();
    for node in nodes.iter().filter(|node| node.0 % 10 < 3) {
        if node.0 % 2 == 0 {
            simulation.crash(*node);
        } else {
            simulation.stop_node(*node);
        }
    }
    let start = simulation.elapsed();
    // Only then do all know who is gone.
    let wanted = JOINED.min(simulation.running().len() - 1);
    let linked = |simulation: &crate::simulator::Simulation| {
        let living = |node| simulation.neighbours(node).len();
        simulation.running().into_iter().map(living).min().unwrap_or_default()
    };
    simulation.run_for(STEP);
    let least = linked(&simulation);
    let healed = simulation.run_until_every(STEP, HEALED, |simulation| linked(simulation) >= wanted);
    let took = simulation.elapsed().checked_sub(start).unwrap_or_default();
    assert!(healed, "seed {seed}: the loneliest has {} links after {took:?}", linked(&simulation));
    let miner = simulation.running()[0];
    room::mine(&mut simulation, miner, 3);
    let mut figures = Figures::default();
    figures.add("fewest links after the loss", least);
    figures.add("all have 6 again", seconds(took));
    figures
}
