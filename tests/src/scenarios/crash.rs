//! Nodes that crash at any step and come back: in the middle of the handshake, of catching up, of a
//! block's relay. With a storage they come back with what the crash left of it.

use super::room::{self, MINUTE, SECOND, STEP};
use super::{Figures, Setup};
use crate::money;
use crate::simulator::{Aftermath, Churn, NodeIndex, Options, Simulation, checks};
use node_core::units::Height;
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

/// What crashes leave of a storage, by name.
pub const AFTERMATHS: [(&str, Aftermath); 3] =
    [("kept", Aftermath::Kept), ("torn", Aftermath::Torn), ("gone", Aftermath::Gone)];

/// In the middle of what a node crashes, and what it has left of its storage then, if it has one.
#[derive(Debug, Clone, Copy)]
struct Case {
    stage: Stage,
    storage: Option<Aftermath>,
}

/// A node crashes after each of its inputs in turn, in a run of its own each time.
pub fn crash(setup: Setup, stage: Stage, storage: Option<Aftermath>) -> Figures {
    let case = Case { stage, storage };
    let steps = stage_length(setup, case);
    assert!(steps > 4, "seed {}: {stage:?} has {steps} steps", setup.seed);
    let (mut slowest, mut highest) = (Duration::ZERO, Height::GENESIS);
    for step in chosen(steps) {
        let (took, stood) = crash_at(setup, case, step);
        (slowest, highest) = (slowest.max(took), highest.max(stood));
    }
    let stands = highest > Height::GENESIS;
    let stands_as_told = match storage {
        None | Some(Aftermath::Gone) => !stands,
        Some(Aftermath::Kept) => stands || stage == Stage::Handshake,
        Some(Aftermath::Torn) => true,
    };
    assert!(stands_as_told, "seed {}: {case:?}: it stood on {highest}", setup.seed);
    let mut figures = Figures::default();
    figures.add("steps of the stage", steps);
    figures.add("crashes tried", chosen(steps).count());
    figures.add("slowest return to the tip", room::seconds(slowest));
    figures.add("highest block from the storage", highest);
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
fn stage_length(setup: Setup, case: Case) -> u64 {
    let (mut simulation, nodes, node) = prepared(setup, case);
    let before = simulation.inputs(node);
    begin(&mut simulation, &nodes, node, case.stage);
    let target = nodes[0];
    assert!(simulation.run_until(2 * MINUTE, |simulation| is_over(simulation, target, node, case.stage)));
    simulation.inputs(node) - before
}

fn crash_at(setup: Setup, case: Case, step: u64) -> (Duration, Height) {
    let (mut simulation, nodes, node) = prepared(setup, case);
    let id = simulation.node(node).id();
    simulation.crash_after(node, step, AWAY);
    let (seed, life) = (setup.seed, simulation.lives(node));
    begin(&mut simulation, &nodes, node, case.stage);
    let crashed = simulation.run_until(2 * MINUTE, |simulation| simulation.lives(node) > life);
    assert!(crashed, "seed {seed}: it crashes at step {step} of {case:?}");
    simulation.run_for(AWAY + SECOND);
    assert!(case.storage.is_some() || simulation.node(node).id() == id, "it is the same node again");
    let stood = simulation.resumed(node);
    let start = simulation.elapsed();
    simulation.mine(nodes[0], true);
    let height = simulation.node(nodes[0]).chain().height().0;
    let back = simulation.run_until(BACK, |simulation| {
        simulation.node(node).chain().height().0 > height && simulation.node(node).peers().connected().count() >= 3
    });
    let took = simulation.elapsed().checked_sub(start).unwrap_or_default();
    assert!(
        back,
        "seed {seed}: step {step} of {case:?}: after {took:?} it is at {} of {}, with {} links",
        simulation.node(node).chain().height(),
        simulation.node(nodes[0]).chain().height(),
        simulation.node(node).peers().connected().count()
    );
    room::settle(&mut simulation, nodes[0]);
    checks::agreement(&simulation);
    assert_eq!(checks::nothing_lost(&simulation), Ok(()), "seed {seed}: step {step} of {case:?}");
    for other in &nodes {
        let blamed = simulation.log(*other).iter().any(|line| line.code == "peer-banned");
        assert!(!blamed, "seed {seed}: step {step} of {case:?}: node {} bans somebody", other.0);
    }
    (took, stood)
}

/// The network right before the stage; the last node is the one that crashes.
fn prepared(setup: Setup, Case { stage, storage }: Case) -> (Simulation, Vec<NodeIndex>, NodeIndex) {
    let mut options = Options::new(setup.seed);
    options.params.allocation = money::allocation(60);
    let last = setup.nodes - 1;
    let add = |simulation: &mut Simulation, part| match storage {
        Some(_) if part == last => simulation.add_stored(room::HASH_RATE),
        _ => simulation.add_node(room::HASH_RATE),
    };
    let (mut simulation, mut nodes) = room::meshed_of(options, setup.nodes, add);
    room::mine(&mut simulation, nodes[0], if stage == Stage::Sync { 60 } else { 8 });
    let node = match (stage, storage) {
        (Stage::Handshake | Stage::Sync, None) => simulation.add_absent(room::HASH_RATE),
        (Stage::Handshake | Stage::Sync, Some(_)) => {
            let node = simulation.add_stored(room::HASH_RATE);
            simulation.crashes_with(node, Aftermath::Gone);
            simulation.stop_node(node);
            node
        }
        (Stage::Relay | Stage::Mining, _) => nodes.pop().unwrap_or(nodes[0]),
    };
    if let Some(aftermath) = storage {
        simulation.crashes_with(node, aftermath);
    }
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

/// Nodes crash and come back all the time; with storages, of which chance decides what is left.
pub fn random(setup: Setup, stored: bool) -> Figures {
    let Setup { seed, nodes: count } = setup;
    let mut options = Options::new(seed);
    options.params.allocation = money::allocation(60);
    let add = |simulation: &mut Simulation, _| {
        if stored { simulation.add_stored(room::HASH_RATE) } else { simulation.add_node(room::HASH_RATE) }
    };
    let (mut simulation, nodes) = room::meshed_of(options, count, add);
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
    let left = |aftermath| nodes.iter().filter(|node| simulation.aftermath(**node) == Some(aftermath)).count();
    let resumed = nodes.iter().map(|node| simulation.resumed(*node)).max().unwrap_or_default();
    assert_eq!(resumed > Height::GENESIS, stored, "seed {seed}: some go on where they were");
    let mut figures = Figures::default();
    figures.add("crashes", lives);
    figures.add("height", simulation.node(nodes[0]).chain().height());
    figures.add("all linked again", room::seconds(took));
    figures
        .add("storages last kept, torn, gone", AFTERMATHS.map(|(_, aftermath)| left(aftermath).to_string()).join(", "));
    figures
}
