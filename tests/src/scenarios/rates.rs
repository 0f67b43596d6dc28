//! How often blocks go stale, and how soon a newcomer is in.

use super::room::{self, MINUTE, STEP, float, seconds};
use super::{Figures, Setup};
use std::collections::BTreeSet;
use std::time::Duration;

/// Spacings measured.
const SPACINGS: u32 = 150;
/// Newcomers measured.
const NEWCOMERS: usize = 9;

/// All nodes mine; blocks that end beside the best chain are counted.
pub fn stale(setup: Setup, spacing: Duration) -> Figures {
    let mut options = room::options(setup.seed, 0);
    options.params.spacing = spacing;
    options.params.half_life = spacing * 16;
    options.log_lines = 0;
    let (mut simulation, nodes) = room::meshed(options, setup.nodes);
    for node in &nodes {
        simulation.mine(*node, true);
    }
    // The difficulty has to come near the hash rate first.
    simulation.run_for(spacing * 60);
    simulation.record_arrivals();
    let start = simulation.node(nodes[0]).chain().height().0;
    simulation.run_for(spacing * SPACINGS);
    room::settle(&mut simulation, nodes[0]);
    let chain = simulation.node(nodes[0]).chain();
    let best: BTreeSet<_> =
        (start + 1..=chain.height().0).filter_map(|height| chain.hash_at(node_core::units::Height(height))).collect();
    let seen: BTreeSet<_> = simulation.arrivals().blocks().collect();
    let stale = seen.difference(&best).count();
    let spreads: Vec<Duration> =
        best.iter().filter_map(|hash| simulation.arrivals().block_spread(hash, &nodes, 0.95)).collect();
    let mut figures = Figures::default();
    figures.add("blocks of the best chain", best.len());
    figures.add("stale blocks", stale);
    figures.add("stale, per cent", format!("{:.1}", 100.0 * float(stale) / float(seen.len())));
    figures.add("block to 95 %", room::ms(room::median(spreads).unwrap_or_default()));
    figures
}

/// Newcomers join one after the other.
pub fn join(setup: Setup) -> Figures {
    let (mut simulation, nodes) = room::meshed(room::options(setup.seed, 0), setup.nodes);
    let wanted = room::JOINED.min(nodes.len());
    let mut times = Vec::new();
    for _ in 0..NEWCOMERS {
        let start = simulation.elapsed();
        let newcomer = simulation.add_node(room::HASH_RATE);
        let joined =
            simulation.run_until_every(STEP / 5, MINUTE, |simulation| room::degree(simulation, newcomer) >= wanted);
        assert!(joined, "seed {}: {} links", setup.seed, room::degree(&simulation, newcomer));
        times.push(simulation.elapsed().checked_sub(start).unwrap_or_default());
        simulation.run_for(5 * STEP);
    }
    let mut figures = Figures::default();
    figures.add("to 6 links, median", seconds(room::median(times.clone()).unwrap_or_default()));
    figures.add("to 6 links, slowest", seconds(times.into_iter().max().unwrap_or_default()));
    figures
}
