//! Networks of tens of nodes in virtual time: they find each other, agree, pay, heal and refuse.

use node_core::request::{Request, Response, SendForm};
use node_core::units::{Amount, Height};
use node_core::view::TransactionState;
use std::time::Duration;
use tests::simulator::{NodeIndex, Options, Simulation, checks};

const MINUTE: Duration = Duration::from_mins(1);

/// A network of so many nodes, connected to each other.
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

/// Stops mining everywhere and waits for one tip.
fn settle(simulation: &mut Simulation) {
    for node in simulation.running() {
        simulation.mine(node, false);
    }
    // Branches of equal work stay as they are until one more block decides.
    if !simulation.run_until(MINUTE, Simulation::agree) {
        let first = simulation.running()[0];
        simulation.mine(first, true);
        let height = Height(simulation.least_height().0 + 2);
        simulation.run_until(10 * MINUTE, |simulation| simulation.agree() && simulation.least_height() >= height);
        simulation.mine(first, false);
        simulation.run_until(MINUTE, Simulation::agree);
    }
    checks::agreement(simulation);
}

fn pay(simulation: &mut Simulation, from: NodeIndex, to: NodeIndex, amount: &str) -> node_core::hash::TxId {
    let form = SendForm { to: simulation.address(to), amount: amount.to_owned(), ..SendForm::default() };
    match simulation.request(from, Request::Send(form)) {
        Ok(Response::Sent(id)) => id,
        other => panic!("a transaction, not {other:?}"),
    }
}

#[test]
fn three_tabs_list_each_other_within_seconds() {
    let mut simulation = Simulation::new(Options::new(1));
    let nodes: Vec<NodeIndex> = (0..3).map(|_| simulation.add_node(8.0)).collect();
    simulation.run_for(Duration::from_secs(5));
    for node in nodes {
        assert_eq!(simulation.node(node).peers().connected().count(), 2);
    }
}

#[test]
fn thirty_nodes_converge_over_bad_lines() {
    for seed in 1..=3 {
        let (mut simulation, nodes) = network(seed, 30);
        for node in &nodes[..10] {
            simulation.mine(*node, true);
        }
        simulation.run_for(3 * MINUTE);
        assert!(simulation.least_height().0 > 40, "seed {seed}: height {}", simulation.least_height());
        settle(&mut simulation);
    }
}

#[test]
fn the_same_seed_replays_the_same_run() {
    let run = |seed| {
        let (mut simulation, nodes) = network(seed, 8);
        for node in &nodes {
            simulation.mine(*node, true);
        }
        simulation.run_for(MINUTE);
        nodes.iter().map(|node| simulation.node(*node).chain().tip()).collect::<Vec<_>>()
    };
    assert_eq!(run(7), run(7));
    assert_ne!(run(7), run(8));
}

#[test]
fn the_interval_comes_near_the_spacing() {
    let (mut simulation, nodes) = network(5, 6);
    for node in &nodes {
        simulation.mine(*node, true);
    }
    simulation.run_for(3 * MINUTE);
    let before = simulation.least_height();
    simulation.run_for(10 * MINUTE);
    let blocks = f64::from(simulation.least_height().above(before));
    let interval = 600.0 / blocks;
    assert!((1.6..2.6).contains(&interval), "an interval of {interval} s instead of 2 s");
}

#[test]
fn a_payment_is_seen_waiting_everywhere_and_then_confirmed_everywhere() {
    let (mut simulation, nodes) = network(11, 12);
    simulation.mine(nodes[0], true);
    assert!(simulation.run_until(5 * MINUTE, |simulation| simulation.least_height().0 >= 12));
    simulation.mine(nodes[0], false);
    simulation.run_until(MINUTE, Simulation::agree);
    let before = simulation.spendable(nodes[5]);
    let id = pay(&mut simulation, nodes[0], nodes[5], "12.5");
    let waiting = simulation.run_until(MINUTE, |simulation| {
        simulation.running().iter().all(|node| simulation.node(*node).mempool().get(&id).is_some())
    });
    assert!(waiting, "every node sees it wait");
    simulation.mine(nodes[3], true);
    let height = simulation.least_height().0;
    assert!(simulation.run_until(MINUTE * 5, |simulation| simulation.least_height().0 > height + 1));
    settle(&mut simulation);
    for node in &nodes {
        let answer = simulation.request(*node, Request::Transaction { id: id.to_string() });
        let Ok(Response::Transaction(view)) = answer else { panic!("a transaction, not {answer:?}") };
        assert!(matches!(view.status, TransactionState::Confirmed { .. }));
    }
    let received = simulation.spendable(nodes[5]).checked_sub(before);
    assert_eq!(received, "12.5".parse::<Amount>().ok());
}

#[test]
fn a_newcomer_catches_up() {
    let (mut simulation, nodes) = network(21, 5);
    simulation.mine(nodes[0], true);
    assert!(simulation.run_until(20 * MINUTE, |simulation| simulation.least_height().0 >= 100));
    let newcomer = simulation.add_node(8.0);
    let caught_up = simulation.run_until(MINUTE, |simulation| simulation.node(newcomer).chain().height().0 >= 100);
    assert!(caught_up, "height {}", simulation.node(newcomer).chain().height());
    settle(&mut simulation);
}

#[test]
fn halves_that_were_cut_apart_come_together_and_nothing_is_lost() {
    for seed in 31..=33 {
        let (mut simulation, nodes) = network(seed, 16);
        simulation.mine(nodes[0], true);
        simulation.mine(nodes[8], true);
        assert!(simulation.run_until(5 * MINUTE, |simulation| simulation.least_height().0 >= 15));
        simulation.partition(&nodes[..8]);
        let id = pay(&mut simulation, nodes[0], nodes[1], "3");
        simulation.run_for(Duration::from_secs(25));
        let one_half = simulation.node(nodes[1]).chain().tip();
        assert_ne!(one_half, simulation.node(nodes[9]).chain().tip(), "each half goes its way");
        simulation.heal();
        simulation.run_for(2 * MINUTE);
        settle(&mut simulation);
        let answer = simulation.request(nodes[15], Request::Transaction { id: id.to_string() });
        assert!(answer.is_ok(), "seed {seed}: the payment of one half is known to the other");
    }
}

/// A miner's rewards vanish with its branch, and with them what it pays out of them.
#[test]
fn a_payment_out_of_rewards_of_a_lost_branch_waits_nowhere() {
    let (mut simulation, nodes) = network(36, 6);
    let (losing, winning) = nodes.split_at(3);
    simulation.partition(losing);
    let grows = |simulation: &mut Simulation, node: NodeIndex, height: u32| {
        simulation.mine(node, true);
        let grown = simulation.run_until(20 * MINUTE, |simulation| simulation.node(node).chain().height().0 >= height);
        simulation.mine(node, false);
        simulation.run_for(Duration::from_secs(10));
        assert!(grown, "node {} mines up to height {height}", node.0);
    };
    grows(&mut simulation, losing[0], 10);
    let id = pay(&mut simulation, losing[0], losing[1], "20");
    simulation.run_for(Duration::from_secs(10));
    assert!(losing.iter().all(|node| simulation.node(*node).mempool().get(&id).is_some()), "it waits in its half");
    grows(&mut simulation, winning[0], 30);
    simulation.heal();
    simulation.run_for(2 * MINUTE);
    settle(&mut simulation);
    for node in losing {
        assert!(simulation.node(*node).mempool().is_empty());
        assert!(simulation.log(*node).iter().any(|line| line.code == "transaction-dropped"), "node {} tells", node.0);
    }
}

#[test]
fn the_mesh_goes_on_without_its_tracker_and_a_newcomer_joins_when_it_is_back() {
    let (mut simulation, nodes) = network(41, 10);
    simulation.mine(nodes[0], true);
    assert!(simulation.run_until(5 * MINUTE, |simulation| simulation.least_height().0 >= 12));
    simulation.stop_tracker();
    let height = simulation.least_height().0;
    let id = pay(&mut simulation, nodes[0], nodes[9], "1");
    assert!(simulation.run_until(2 * MINUTE, |simulation| simulation.least_height().0 > height + 5));
    let known = simulation.request(nodes[9], Request::Transaction { id: id.to_string() });
    assert!(known.is_ok());
    simulation.start_tracker();
    let newcomer = simulation.add_node(8.0);
    assert!(simulation.run_until(2 * MINUTE, |simulation| simulation.node(newcomer).chain().height().0 > height));
    settle(&mut simulation);
}

#[test]
fn an_unsigned_transfer_is_refused_by_every_peer_and_waits_nowhere() {
    let (mut simulation, nodes) = network(61, 4);
    simulation.mine(nodes[0], true);
    assert!(simulation.run_until(5 * MINUTE, |simulation| simulation.least_height().0 >= 10));
    simulation.mine(nodes[0], false);
    simulation.run_until(MINUTE, Simulation::agree);
    let to = simulation.address(nodes[1]);
    let form = SendForm { to, amount: "1".to_owned(), sign: Some(false), ..SendForm::default() };
    simulation.request(nodes[0], Request::Send(form)).unwrap();
    simulation.run_for(MINUTE);
    for node in &nodes[1..] {
        assert!(simulation.log(*node).iter().any(|line| line.code == "bad-signature"));
        assert!(simulation.node(*node).mempool().is_empty());
    }
    assert!(simulation.node(nodes[0]).mempool().is_empty());
    assert_eq!(simulation.node(nodes[0]).peers().connected().count(), 3, "one wrong signature is no ban");
}

#[test]
fn a_flood_of_random_frames_costs_the_sender_its_links_and_nobody_else_anything() {
    let (mut simulation, nodes) = network(71, 6);
    for length in 0..50_u8 {
        simulation.send_raw(nodes[0], &vec![length; usize::from(length)]);
    }
    simulation.run_for(MINUTE);
    assert_eq!(simulation.node(nodes[0]).peers().connected().count(), 0);
    for node in &nodes[1..] {
        assert!(simulation.node(*node).peers().connected().count() >= 3);
    }
    simulation.mine(nodes[1], true);
    assert!(simulation.run_until(5 * MINUTE, |simulation| {
        nodes[1..].iter().all(|node| simulation.node(*node).chain().height().0 >= 5)
    }));
}

#[test]
fn peers_know_each_others_heights() {
    let (mut simulation, nodes) = network(81, 4);
    simulation.mine(nodes[0], true);
    assert!(simulation.run_until(5 * MINUTE, |simulation| simulation.least_height().0 >= 8));
    simulation.mine(nodes[0], false);
    simulation.run_until(MINUTE, Simulation::agree);
    let height = simulation.least_height();
    let known = simulation.run_until(MINUTE, |simulation| {
        nodes.iter().all(|node| simulation.node(*node).peers().connected().all(|(_, peer)| peer.height == height))
    });
    assert!(known, "every node knows that its peers are at height {height}");
}

#[test]
fn a_wrong_clock_is_told_and_the_network_goes_on() {
    const DAY_MS: i64 = 86_400_000;
    for ahead in [DAY_MS, -DAY_MS] {
        let (mut simulation, nodes) = network(91, 5);
        let wrong = simulation.add_node_with_clock(8.0, ahead);
        simulation.run_for(Duration::from_secs(10));
        assert!(
            simulation.log(wrong).iter().any(|line| line.code == "clock-wrong"),
            "a clock {ahead} ms ahead is told"
        );
        for node in &nodes {
            assert!(!simulation.log(*node).iter().any(|line| line.code == "clock-wrong"));
        }
        simulation.mine(wrong, true);
        simulation.mine(nodes[0], true);
        let goes_on = simulation.run_until(5 * MINUTE, |simulation| {
            nodes.iter().all(|node| simulation.node(*node).chain().height().0 >= 10)
        });
        assert!(goes_on, "with a clock {ahead} ms ahead in it the network goes on");
        for node in &nodes {
            let id = simulation.node(wrong).id();
            assert!(
                simulation.node(*node).peers().iter().all(|(_, peer)| peer.id != id || peer.score == 0),
                "no punishment"
            );
        }
    }
}

/// A selfish miner (Eyal and Sirer, 2014): keeps what it finds to itself while it is ahead, and
/// shows it all when the others come within one block. Gives its share of the best chain.
fn selfish_share(seed: u64, hash_rates: (f64, f64), blocks: u32) -> f64 {
    let mut simulation = Simulation::new(Options::new(seed));
    let honest: Vec<NodeIndex> = (0..4).map(|_| simulation.add_node(hash_rates.0 / 4.0)).collect();
    let selfish = simulation.add_node(hash_rates.1);
    simulation.run_until(MINUTE, |simulation| simulation.node(selfish).peers().connected().count() == 4);
    for node in simulation.running() {
        simulation.mine(node, true);
    }
    let public = |simulation: &Simulation| honest.iter().map(|node| simulation.node(*node).chain().height().0).max();
    let start = simulation.node(selfish).chain().height().0;
    while simulation.least_height().0 < start + blocks {
        simulation.withhold(selfish);
        let ahead = simulation.run_until(30 * MINUTE, |simulation| {
            Some(simulation.node(selfish).chain().height().0) > public(simulation)
        });
        assert!(ahead, "seed {seed}: the selfish miner finds a block some day");
        // It holds back its lead until the others are within one block of it.
        let mut lead = 1;
        loop {
            let before = (simulation.node(selfish).chain().height().0, public(&simulation));
            simulation.run_until(30 * MINUTE, |simulation| {
                (simulation.node(selfish).chain().height().0, public(simulation)) != before
            });
            let own = simulation.node(selfish).chain().height().0;
            let others = public(&simulation).unwrap_or_default();
            lead = lead.max(own.saturating_sub(others));
            if own <= others + u32::from(lead > 1) {
                break;
            }
        }
        simulation.release(selfish);
        simulation.run_for(Duration::from_millis(500));
    }
    let own = simulation.node(selfish).address();
    let chain = simulation.node(honest[0]).chain();
    let heights = start + 1..=chain.height().0;
    let count = f64::from(u32::try_from(heights.clone().count()).unwrap_or(u32::MAX));
    let found = heights.filter_map(|height| chain.hash_at(Height(height))).filter_map(|hash| chain.block(&hash));
    let found =
        found.filter(|block| block.transactions.first().is_some_and(|reward| reward.recipient() == own)).count();
    f64::from(u32::try_from(found).unwrap_or(u32::MAX)) / count
}

#[test]
fn a_selfish_miner_earns_what_theory_says_and_honest_nodes_converge() {
    for (share, most) in [(0.3, 0.38), (0.4, 0.58)] {
        let earned: Vec<f64> =
            (101..=112).map(|seed| selfish_share(seed, (40.0 * (1.0 - share), 40.0 * share), 150)).collect();
        let mean = earned.iter().sum::<f64>() / 12.0;
        println!("a selfish miner with {share} of the hash rate earns {mean:.3} of the rewards: {earned:?}");
        assert!(mean < most, "{mean} of the rewards for {share} of the hash rate");
    }
}

#[test]
fn a_long_reorganisation_loses_no_payment_and_keeps_histories_right() {
    let (mut simulation, nodes) = network(111, 6);
    simulation.mine(nodes[0], true);
    simulation.mine(nodes[3], true);
    assert!(
        simulation.run_until(10 * MINUTE, |simulation| { simulation.least_height().0 >= 25 && simulation.agree() })
    );
    simulation.partition(&nodes[..3]);
    let forked = simulation.least_height().0;
    let mut payments = Vec::new();
    for (from, to) in [(nodes[0], nodes[1]), (nodes[3], nodes[4])] {
        for _ in 0..5 {
            payments.push(pay(&mut simulation, from, to, "2"));
            simulation.run_for(Duration::from_secs(5));
        }
    }
    // The half that mines alone falls behind by far more than the other is ahead.
    simulation.mine(nodes[0], false);
    let grown =
        simulation.run_until(60 * MINUTE, |simulation| simulation.node(nodes[3]).chain().height().0 >= forked + 110);
    assert!(grown);
    simulation.heal();
    simulation.run_for(3 * MINUTE);
    settle(&mut simulation);
    for id in &payments {
        for node in &nodes {
            let known = simulation.request(*node, Request::Transaction { id: id.to_string() });
            assert!(known.is_ok(), "payment {id} is confirmed or waits at node {}", node.0);
        }
    }
    for node in &nodes {
        let answer = simulation.request(*node, Request::History { address: None, from: None, limit: Some(500) });
        let Ok(Response::History(history)) = answer else { panic!("a history, not {answer:?}") };
        let node = simulation.node(*node);
        let own = node.address();
        let chain = node.chain();
        let blocks = (1..=chain.height().0)
            .filter_map(|height| chain.hash_at(Height(height)))
            .filter_map(|hash| chain.block(&hash));
        let transactions: Vec<_> = blocks.flat_map(|block| block.transactions.clone()).collect();
        let concerning = transactions.iter().filter(|one| one.recipient() == own || one.payer(None) == Some(own));
        let mut expected: Vec<_> = concerning.map(node_core::transaction::Transaction::id).collect();
        expected.reverse();
        let confirmed = history.page.items.iter().filter(|entry| entry.transaction.status != TransactionState::Waiting);
        let shown: Vec<_> = confirmed.map(|entry| entry.transaction.id).collect();
        assert_eq!(shown, expected[..shown.len().min(expected.len())].to_vec());
        assert!(shown.len() == expected.len() || history.page.items.len() == 500);
    }
}
