//! Nodes that crash at any step and come back: in the middle of the handshake, of catching up, of a
//! block's relay.

use super::room::{self, MINUTE, SECOND, STEP};
use super::{Figures, Setup};
use crate::money;
use crate::simulator::{Churn, NodeIndex, Options, Simulation, checks};
use std::time::Duration;

/// How long a crashed node is away.
const AWAY: Duration = Duration::from_secs(2);
/// Within so long after it is back, a node has the others' chain. Its peers need up to 30 s to notice that it was gone.
const BACK: Duration = Duration::from_mins(1);

/// In the middle of what the node crashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Finding peers and greeting them.
    Handshake,
    /// Fetching a chain.
    Sync,
    /// Getting a block in compact form, with transactions to be asked for.
    Relay,
    /// Finding blocks.
    Mining,
}

/// All of them, by name.
pub const STAGES: [(&str, Stage); 4] =
    [("handshake", Stage::Handshake), ("sync", Stage::Sync), ("relay", Stage::Relay), ("mining", Stage::Mining)];

/// A node crashes after each of its inputs in turn, in a run of its own each time.
pub fn crash(setup: Setup, stage: Stage) -> Figures {
    let steps = stage_length(setup, stage);
    assert!(steps > 4, "seed {}: {stage:?} has {steps} steps", setup.seed);
    let mut slowest = Duration::ZERO;
    for step in chosen(steps) {
        slowest = slowest.max(crash_at(setup, stage, step));
    }
    let mut figures = Figures::default();
    figures.add("steps of the stage", steps);
    figures.add("crashes tried", chosen(steps).count());
    figures.add("slowest return to the tip", room::seconds(slowest));
    figures
}

/// Every step at first, then ever fewer: at most some twenty.
fn chosen(steps: u64) -> impl Iterator<Item = u64> {
    let mut next = 1;
    std::iter::from_fn(move || {
        let step = next;
        next += 1 + step / 5;
        (step <= steps).then_some(step)
    })
}

/// Inputs that the node handles until the stage is over, without a crash.
fn stage_length(setup: Setup, stage: Stage) -> u64 {
    let (mut simulation, nodes, node) = prepared(setup, stage);
    let before = simulation.inputs(node);
    begin(&mut simulation, &nodes, node, stage);
    let target = nodes[0];
    assert!(simulation.run_until(2 * MINUTE, |simulation| is_over(simulation, target, node, stage)));
    simulation.inputs(node) - before
}

fn crash_at(setup: Setup, stage: Stage, step: u64) -> Duration {
    let (mut simulation, nodes, node) = prepared(setup, stage);
    let id = simulation.node(node).id();
    simulation.crash_after(node, step, AWAY);
    let (seed, life) = (setup.seed, simulation.lives(node));
    begin(&mut simulation, &nodes, node, stage);
    let crashed = simulation.run_until(2 * MINUTE, |simulation| simulation.lives(node) > life);
    assert!(crashed, "seed {seed}: it crashes at step {step} of {stage:?}");
    simulation.run_for(AWAY + SECOND);
    assert_eq!(simulation.node(node).id(), id, "it is the same node again");
    let start = simulation.elapsed();
    simulation.mine(nodes[0], true);
    let height = simulation.node(nodes[0]).chain().height().0;
    let back = simulation.run_until(BACK, |simulation| {
        simulation.node(node).chain().height().0 > height && simulation.node(node).peers().connected().count() >= 3
    });
    let took = simulation.elapsed().checked_sub(start).unwrap_or_default();
    assert!(
        back,
        "seed {seed}: step {step} of {stage:?}: after {took:?} it is at {} of {}, with {} links",
        simulation.node(node).chain().height(),
        simulation.node(nodes[0]).chain().height(),
        simulation.node(node).peers().connected().count()
    );
    room::settle(&mut simulation, nodes[0]);
    checks::agreement(&simulation);
    assert_eq!(checks::nothing_lost(&simulation), Ok(()), "seed {seed}: step {step} of {stage:?}");
    for other in &nodes {
        let blamed = simulation.log(*other).iter().any(|line| line.code == "peer-banned");
        assert!(!blamed, "seed {seed}: step {step} of {stage:?}: node {} bans somebody", other.0);
    }
    took
}

/// The network right before the stage; the last node is the one that crashes.
fn prepared(setup: Setup, stage: Stage) -> (Simulation, Vec<NodeIndex>, NodeIndex) {
    let mut options = Options::new(setup.seed);
    options.params.allocation = money::allocation(60);
    let (mut simulation, mut nodes) = room::meshed(options, setup.nodes);
    room::mine(&mut simulation, nodes[0], if stage == Stage::Sync { 60 } else { 8 });
    let node = match stage {
        Stage::Handshake | Stage::Sync => simulation.add_absent(room::HASH_RATE),
        Stage::Relay | Stage::Mining => nodes.pop().unwrap_or(nodes[0]),
    };
    (simulation, nodes, node)
}

fn begin(simulation: &mut Simulation, nodes: &[NodeIndex], node: NodeIndex, stage: Stage) {
    match stage {
        Stage::Handshake | Stage::Sync => simulation.restart(node),
        Stage::Relay => {
            // It lacks what the block holds, so that it has to ask.
            let genesis = simulation.node(nodes[0]).chain().genesis();
            let made: Vec<_> = (0..60).map(|payer| money::transfer(genesis, payer, 0, 1_000)).collect();
            simulation.on_the_way(move |passing| {
                let news = passing.kind.is_some_and(|kind| (8..=10).contains(&kind));
                if news && passing.to == node { crate::simulator::Fate::swallowed() } else { passing.on() }
            });
            assert!(simulation.give(nodes[0], &made), "it has a peer");
            simulation.run_for(SECOND);
            simulation.mine(nodes[0], true);
        }
        Stage::Mining => simulation.mine(node, true),
    }
}

fn is_over(simulation: &Simulation, target: NodeIndex, node: NodeIndex, stage: Stage) -> bool {
    let (theirs, own) = (simulation.node(target).chain(), simulation.node(node).chain());
    match stage {
        Stage::Handshake => simulation.node(node).peers().connected().count() >= 3,
        Stage::Sync => own.tip() == theirs.tip(),
        Stage::Relay | Stage::Mining => own.height().0 >= 10 && theirs.height() == own.height(),
    }
}

/// Nodes crash and come back all the time.
pub fn random(setup: Setup) -> Figures {
    let Setup { seed, nodes: count } = setup;
    let mut options = Options::new(seed);
    options.params.allocation = money::allocation(60);
    let (mut simulation, nodes) = room::meshed(options, count);
    room::mine(&mut simulation, nodes[0], 5);
    let genesis = simulation.node(nodes[0]).chain().genesis();
    let every = Duration::from_secs(3);
    simulation.churn(Some(Churn { every, crashes: 0.8, away: Duration::from_secs(5), spared: 2 }));
    simulation.mine(nodes[0], true);
    simulation.mine(nodes[1], true);
    for payer in 0..60 {
        assert!(
            simulation.give(nodes[payer as usize % 2], &[money::transfer(genesis, payer, 0, 1_000)]),
            "it has a peer"
        );
        simulation.run_for(2 * SECOND);
    }
    simulation.churn(None);
    let start = simulation.elapsed();
    let everybody = simulation.run_until_every(STEP, 2 * MINUTE, |simulation| {
        let enough = 3.min(count - 1);
        simulation.running().iter().all(|node| room::degree(simulation, *node) >= enough)
    });
    assert!(everybody, "seed {seed}: everybody has links again");
    let took = simulation.elapsed().checked_sub(start).unwrap_or_default();
    simulation.run_for(20 * SECOND);
    room::settle(&mut simulation, nodes[0]);
    checks::agreement(&simulation);
    assert_eq!(checks::nothing_lost(&simulation), Ok(()), "seed {seed}");
    let pool = simulation.node(nodes[0]).mempool().len();
    assert_eq!(pool, 0, "seed {seed}: every payment is confirmed");
    let lives: u32 = simulation.running().iter().map(|node| simulation.lives(*node)).sum();
    assert!(lives > 10, "seed {seed}: {lives} crashes");
    let mut figures = Figures::default();
    figures.add("crashes", lives);
    figures.add("height", simulation.node(nodes[0]).chain().height());
    figures.add("all linked again", room::seconds(took));
    figures
}
