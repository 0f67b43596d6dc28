//! A fixed, short set of the scenarios that `cargo xtask sim` runs: partitions of every kind, crashes
//! at any step, and the simulator's own promises.

use std::time::Duration;
use tests::scenarios::crash::{self, STAGES, Stage};
use tests::scenarios::{self, SEVERANCES, Setup, heal};
use tests::simulator::{Aftermath, Churn, NodeIndex, Options, Severance, Simulation};

#[test]
fn every_kind_of_partition_heals_to_one_tip_and_loses_nothing() {
    for (seed, (name, severance)) in (1..).zip(SEVERANCES) {
        let figures = heal::heal(Setup { seed, nodes: 10 }, severance, 5);
        println!("{name}: {figures:?}");
    }
}

#[test]
fn a_node_that_was_cut_off_alone_comes_back() {
    for seed in 11..=13 {
        let figures = heal::heal(Setup { seed, nodes: 10 }, Severance::Both, 1);
        println!("seed {seed}: {figures:?}");
    }
}

#[test]
fn a_node_that_crashes_in_any_step_comes_back_to_the_tip() {
    for (name, stage) in STAGES {
        let figures = crash::crash(Setup { seed: 21, nodes: 5 }, stage, None);
        println!("{name}: {figures:?}");
    }
}

#[test]
fn a_node_with_a_storage_crashes_in_any_step_and_goes_on_with_what_is_left() {
    for (stage, aftermath) in
        [(Stage::Handshake, Aftermath::Gone), (Stage::Sync, Aftermath::Torn), (Stage::Mining, Aftermath::Kept)]
    {
        let figures = crash::crash(Setup { seed: 22, nodes: 4 }, stage, Some(aftermath));
        println!("{stage:?} {aftermath:?}: {figures:?}");
    }
}

#[test]
fn nodes_that_crash_all_the_time_lose_nothing() {
    println!("{:?}", crash::random(Setup { seed: 31, nodes: 10 }, false));
    println!("{:?}", crash::random(Setup { seed: 32, nodes: 10 }, true));
}

#[test]
fn a_scenario_and_its_seed_replay_to_the_same_figures() {
    let scenario = scenarios::by_name("crash-random").expect("there is one");
    let run = |seed| scenario.run(Setup { seed, nodes: 8 });
    assert_eq!(run(5), run(5));
    assert_ne!(run(5), run(6));
}

#[test]
fn names_of_scenarios_are_unique() {
    let mut names: Vec<String> = scenarios::all().into_iter().map(|scenario| scenario.name).collect();
    let count = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count);
    assert!(count >= 25, "{count}");
}

/// Three nodes that know each other.
fn three(options: Options) -> (Simulation, Vec<NodeIndex>) {
    let mut simulation = Simulation::new(options);
    let nodes: Vec<NodeIndex> = (0..3).map(|_| simulation.add_node(8.0)).collect();
    let linked = |simulation: &Simulation, node: NodeIndex| simulation.neighbours(node).len() == 2;
    let met =
        simulation.run_until(Duration::from_secs(30), |simulation| nodes.iter().all(|node| linked(simulation, *node)));
    assert!(met);
    (simulation, nodes)
}

#[test]
fn a_crashed_node_is_the_same_one_again_with_an_empty_chain() {
    let (mut simulation, nodes) = three(Options::new(41));
    simulation.mine(nodes[0], true);
    assert!(simulation.run_until(Duration::from_mins(10), |simulation| simulation.least_height().0 >= 5));
    simulation.mine(nodes[0], false);
    let (id, address) = (simulation.node(nodes[2]).id(), simulation.address(nodes[2]));
    simulation.crash(nodes[2]);
    assert_eq!(simulation.running(), nodes[..2]);
    simulation.run_for(Duration::from_secs(1));
    simulation.restart(nodes[2]);
    assert_eq!(simulation.node(nodes[2]).chain().height().0, 0, "its chain is gone");
    let id_now = simulation.node(nodes[2]).id();
    assert_eq!((id_now, simulation.address(nodes[2])), (id, address));
    let height = simulation.node(nodes[0]).chain().height();
    let back =
        simulation.run_until(Duration::from_mins(1), |simulation| simulation.node(nodes[2]).chain().height() == height);
    assert!(back, "it fetches the chain again");
}

#[test]
fn clocks_are_as_wrong_as_asked_for_and_the_network_goes_on() {
    let mut options = Options::new(51);
    options.faults.clock_skew = Duration::from_secs(30);
    let (mut simulation, nodes) = three(options);
    simulation.mine(nodes[1], true);
    assert!(simulation.run_until(Duration::from_mins(10), |simulation| simulation.least_height().0 >= 10));
    let offsets: Vec<i64> = simulation.node(nodes[0]).peers().connected().map(|(_, peer)| peer.clock_ahead).collect();
    assert!(offsets.iter().any(|offset| offset.unsigned_abs() > 1_000), "{offsets:?} ms");
    assert!(offsets.iter().all(|offset| offset.unsigned_abs() < 61_000), "{offsets:?} ms");
}

#[test]
fn churn_replaces_nodes_and_keeps_their_number() {
    let (mut simulation, nodes) = three(Options::new(61));
    let every = Duration::from_secs(2);
    simulation.churn(Some(Churn { every, crashes: 0.0, away: every, spared: 1 }));
    simulation.run_for(Duration::from_mins(1));
    assert_eq!(simulation.running().len(), 3);
    assert!(simulation.running().contains(&nodes[0]), "the first is spared");
    let last = simulation.running()[2];
    assert!((15..50).contains(&last.0), "{} came in a minute", last.0);
}
