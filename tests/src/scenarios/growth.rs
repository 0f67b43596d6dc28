//! What a node costs as the room grows: messages, bytes and memory in a quiet room.

use super::room::{self, MINUTE, SECOND, float};
use super::{Figures, Setup};
use crate::simulator::NodeIndex;
use std::time::Duration;

/// Messages that a node sends in a second at most, when nothing happens: two pings and two answers for each of 16 links
/// in 10 s, and a question for peers with its answer now and then.
const MESSAGES_BUDGET: f64 = 8.0;
/// Time measured.
const MEASURED: Duration = MINUTE;

/// Lets a room of this size be, then lets one node mine a few blocks. `memory` tells the bytes that this program holds.
pub fn growth(setup: Setup, memory: Option<fn() -> usize>) -> Figures {
    let before = memory.map_or(0, |memory| memory());
    let mut options = room::options(setup.seed, 0);
    options.log_lines = 0;
    let (mut simulation, nodes) = room::meshed(options, setup.nodes);
    simulation.run_for(MINUTE);
    let sent = |simulation: &crate::simulator::Simulation, node: &NodeIndex| simulation.traffic(*node).total_sent();
    let start: Vec<_> = nodes.iter().map(|node| sent(&simulation, node)).collect();
    simulation.run_for(MEASURED);
    let count = float(nodes.len());
    let rate = |of: u64| float(of) / MEASURED.as_secs_f64();
    let messages: Vec<f64> =
        nodes.iter().zip(&start).map(|(node, start)| rate(sent(&simulation, node).messages - start.messages)).collect();
    let bytes: Vec<f64> =
        nodes.iter().zip(&start).map(|(node, start)| rate(sent(&simulation, node).bytes - start.bytes)).collect();
    let most = messages.iter().copied().fold(0.0, f64::max);
    assert!(most <= MESSAGES_BUDGET, "seed {}: a node sends {most} messages a second in a quiet room", setup.seed);
    let held = memory.map(|memory| memory().saturating_sub(before));
    let links = nodes.iter().map(|node| room::degree(&simulation, *node)).sum::<usize>();
    room::mine(&mut simulation, nodes[0], 3);
    simulation.run_for(SECOND);
    let mut figures = Figures::default();
    figures.add("links a node", format!("{:.1}", float(links) / count));
    figures.add("messages sent a node and second", format!("{:.2}", messages.iter().sum::<f64>() / count));
    figures.add("of the busiest", format!("{most:.2}"));
    figures.add("bytes sent a node and second", format!("{:.0}", bytes.iter().sum::<f64>() / count));
    if let Some(held) = held {
        figures.add("memory a node", format!("{:.0} KiB", float(held) / count / 1_024.0));
    }
    figures
}
