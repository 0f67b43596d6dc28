//! The mesh against loss and malice: it heals without its tracker, admits newcomers, keeps its good
//! links, leaves stale peers, and finds out who swaps offers.

use node_core::net::mesh::WANTED_LINKS;
use node_core::net::message::Message;
use node_core::net::peers::{Choice, MAX_LINKS};
use node_core::net::relay::RelayedSignal;
use node_core::request::{Request, Response};
use node_core::view::{LogEntry, LogLevel, PeerState, TrackerState};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;
use tests::simulator::{Fate, NodeIndex, Options, Passing, Simulation};
use tracker_protocol::{PeerId, ServerMessage};

const MINUTE: Duration = Duration::from_mins(1);
/// Links that a node in a room of enough nodes shall have again when it was hurt.
const HEALED: usize = 6;

/// Runs until a condition holds, checking after every event that nobody has too many links.
fn run_bounded(simulation: &mut Simulation, limit: Duration, condition: impl Fn(&Simulation) -> bool) -> bool {
    simulation.run_until(limit, |simulation| {
        for index in simulation.running() {
            assert!(simulation.node(index).peers().len() <= MAX_LINKS, "the links of node {}", index.0);
        }
        condition(simulation)
    })
}

fn degree(simulation: &Simulation, index: NodeIndex) -> usize {
    simulation.node(index).peers().connected().count()
}

fn all_have(simulation: &Simulation, links: usize) -> bool {
    simulation.running().iter().all(|index| degree(simulation, *index) >= links)
}

/// A meshed network that has also exchanged peers.
fn meshed(seed: u64, count: usize) -> (Simulation, Vec<NodeIndex>) {
    let mut simulation = Simulation::new(Options::new(seed));
    let nodes: Vec<NodeIndex> = (0..count).map(|_| simulation.add_node(8.0)).collect();
    let wanted = HEALED.min(count - 1);
    assert!(run_bounded(&mut simulation, MINUTE, |simulation| all_have(simulation, wanted)), "seed {seed}");
    simulation.run_for(MINUTE);
    (simulation, nodes)
}

fn ids(simulation: &Simulation, nodes: &[NodeIndex]) -> Vec<PeerId> {
    nodes.iter().map(|node| simulation.node(*node).id()).collect()
}

fn logged(simulation: &Simulation, node: NodeIndex, code: &str) -> usize {
    simulation.log(node).iter().filter(|line| line.code == code).count()
}

/// A tracker that lists to some nodes what they are given here, and to the others the truth.
fn list_only(simulation: &mut Simulation, lists: BTreeMap<NodeIndex, Vec<PeerId>>) {
    simulation.corrupt_tracker(move |to, message| {
        let Some(list) = lists.get(&to) else { return Some(message) };
        Some(match message {
            ServerMessage::Welcome { peer, room_size, .. } => {
                ServerMessage::Welcome { peer, peers: list.clone(), room_size }
            }
            ServerMessage::Peers { room_size, .. } => ServerMessage::Peers { peers: list.clone(), room_size },
            other => other,
        })
    });
}

/// Mines at one node until all nodes have followed it for some blocks.
fn goes_on(simulation: &mut Simulation, miner: NodeIndex) -> bool {
    let height = simulation.node(miner).chain().height().0;
    simulation.mine(miner, true);
    let followed = run_bounded(simulation, 10 * MINUTE, |simulation| simulation.least_height().0 >= height + 5);
    simulation.mine(miner, false);
    followed
}

/// Cuts about every second link, but leaves so many to each node.
fn cut_half(simulation: &mut Simulation, kept: usize) -> usize {
    let mut cut = BTreeSet::new();
    for one in simulation.running() {
        for other in simulation.neighbours(one) {
            let left = |index: NodeIndex| {
                simulation.neighbours(index).iter().filter(|end| !cut.contains(&pair(index, **end))).count()
            };
            if (one.0 + other.0) % 2 == 0 && left(one) > kept && left(other) > kept {
                cut.insert(pair(one, other));
            }
        }
    }
    for (one, other) in &cut {
        assert!(simulation.cut(*one, *other));
    }
    cut.len()
}

fn pair(one: NodeIndex, other: NodeIndex) -> (NodeIndex, NodeIndex) {
    (one.min(other), one.max(other))
}

/// Counts how often each relayed signal is sent, and how often by each node.
type Traffic = Rc<RefCell<BTreeMap<String, BTreeMap<NodeIndex, usize>>>>;

fn count_relayed(simulation: &mut Simulation) -> Traffic {
    let traffic = Traffic::default();
    let counter = Rc::clone(&traffic);
    simulation.on_the_way(move |passing| {
        if let Some(signal) = relayed(passing) {
            *counter.borrow_mut().entry(signal.payload).or_default().entry(passing.from).or_default() += 1;
        }
        passing.on()
    });
    traffic
}

fn relayed(passing: &Passing) -> Option<RelayedSignal> {
    match passing.message() {
        Some(Message::Relay(signal)) => Some(*signal),
        _ => None,
    }
}

#[test]
fn a_mesh_without_its_tracker_heals_and_members_that_never_met_find_each_other() {
    for seed in 1..=3 {
        let (mut simulation, nodes) = meshed(seed, 40);
        simulation.stop_tracker();
        for node in nodes.iter().filter(|node| node.0 % 10 < 3) {
            simulation.stop_node(*node);
        }
        let cut = cut_half(&mut simulation, 2);
        simulation.run_for(Duration::from_secs(1));
        let least = simulation.running().iter().map(|node| degree(&simulation, *node)).min();
        assert!(least < Some(HEALED), "seed {seed}: something is to be healed");
        let traffic = count_relayed(&mut simulation);
        let start = simulation.elapsed();
        let healed = run_bounded(&mut simulation, 2 * MINUTE, |simulation| all_have(simulation, HEALED));
        let time = simulation.elapsed().checked_sub(start).unwrap();
        let left = simulation.running().iter().map(|node| degree(&simulation, *node)).min();
        assert!(healed, "seed {seed}: after {time:?} some node has {left:?} links");

        let strangers = simulation.running().into_iter().flat_map(|one| {
            simulation.running().into_iter().filter(move |other| one < *other).map(move |other| (one, other))
        });
        let never_met = |simulation: &Simulation, one: NodeIndex, other: NodeIndex| {
            let id = simulation.node(other).id();
            !simulation.log(one).iter().any(|line| line.peer == Some(id))
        };
        let strangers: Vec<_> = strangers.filter(|(one, other)| never_met(&simulation, *one, *other)).collect();
        let (one, other) = strangers[strangers.len() / 2];
        let peer = simulation.node(other).id();
        let start = simulation.elapsed();
        simulation.request(one, Request::Connect { peer }).unwrap();
        let met = run_bounded(&mut simulation, MINUTE, |simulation| simulation.linked(one, other));
        let meeting = simulation.elapsed().checked_sub(start).unwrap();
        assert!(met, "seed {seed}: nodes {} and {}", one.0, other.0);
        assert!(goes_on(&mut simulation, one), "seed {seed}: one chain");

        let traffic = traffic.borrow();
        let most = traffic.values().map(|senders| senders.values().sum::<usize>()).max().unwrap_or_default();
        let mean = traffic.values().flat_map(BTreeMap::values).sum::<usize>() / traffic.len();
        println!(
            "seed {seed}: {cut} links cut; healed after {time:?}, strangers met after {meeting:?}; \
             {} signals relayed, each over {mean} links in the mean and {most} at most",
            traffic.len()
        );
        assert!(traffic.values().flat_map(BTreeMap::values).all(|sent| *sent <= 3), "nobody sends a signal on twice");
        assert!(most <= 3 + 6 + 12 + 24);
    }
}

#[test]
fn a_newcomer_that_knows_one_member_finds_the_rest_without_the_tracker() {
    let (mut simulation, nodes) = meshed(11, 20);
    let member = simulation.node(nodes[7]).id();
    list_only(&mut simulation, BTreeMap::from([(NodeIndex(20), vec![member])]));
    let newcomer = simulation.add_node(8.0);
    // The tracker dies before the newcomer is told of anybody else.
    assert!(run_bounded(&mut simulation, MINUTE, |simulation| degree(simulation, newcomer) == 1));
    simulation.stop_tracker();
    let start = simulation.elapsed();
    let found = run_bounded(&mut simulation, MINUTE, |simulation| degree(simulation, newcomer) >= WANTED_LINKS);
    let time = simulation.elapsed().checked_sub(start).unwrap();
    println!("a newcomer had {} links {time:?} after its first", degree(&simulation, newcomer));
    assert!(found, "{} links", degree(&simulation, newcomer));
    assert!(goes_on(&mut simulation, nodes[0]));
}

#[test]
fn a_killed_tracker_costs_no_link_and_its_return_brings_newcomers_in() {
    let (mut simulation, nodes) = meshed(21, 16);
    let links = |simulation: &Simulation| -> Vec<Vec<NodeIndex>> {
        simulation.running().iter().map(|node| simulation.neighbours(*node)).collect()
    };
    // Blocks come: no link is given up for want of them.
    simulation.mine(nodes[0], true);
    simulation.run_for(2 * MINUTE);
    let before = links(&simulation);
    simulation.stop_tracker();
    simulation.run_for(Duration::from_secs(20));
    assert_eq!(links(&simulation), before);
    assert!(goes_on(&mut simulation, nodes[0]));
    cut_half(&mut simulation, 2);
    simulation.run_for(Duration::from_secs(1));
    assert!(run_bounded(&mut simulation, 2 * MINUTE, |simulation| all_have(simulation, HEALED)));
    simulation.start_tracker();
    let newcomer = simulation.add_node(8.0);
    let rejoined = run_bounded(&mut simulation, MINUTE, |simulation| {
        simulation.running().iter().all(|node| tracker_state(simulation, *node))
            && degree(simulation, newcomer) >= HEALED
    });
    assert!(rejoined);
    let Ok(Response::Status(status)) = simulation.request(newcomer, Request::Status) else { panic!("a status") };
    assert_eq!(status.tracker, TrackerState::Joined);
    assert_eq!(status.room_size, Some(17), "everybody is in the room again");
    assert!(goes_on(&mut simulation, nodes[0]));
}

fn tracker_state(simulation: &Simulation, node: NodeIndex) -> bool {
    let last = simulation.log(node).iter().rev().find(|line| line.code.starts_with("tracker-"));
    last.is_some_and(|line| line.code == "tracker-joined")
}

#[test]
fn a_hundred_sybils_push_out_no_protected_link_and_the_node_keeps_an_honest_path() {
    let (mut simulation, nodes) = meshed(31, 24);
    let kinds = |simulation: &Simulation, node: NodeIndex| {
        let peers = simulation.node(node).peers();
        let theirs = peers.connected().filter(|(_, peer)| peer.choice == Choice::Theirs).count();
        theirs.min(peers.len() - theirs)
    };
    let target = *nodes.iter().max_by_key(|node| kinds(&simulation, **node)).unwrap();
    // Honest peers have earned their places: they brought blocks.
    simulation.mine(nodes[3], true);
    assert!(run_bounded(&mut simulation, 5 * MINUTE, |simulation| simulation.least_height().0 >= 10));
    // Whatever the minute without blocks brought about is over.
    simulation.run_for(2 * MINUTE);
    let protected: BTreeSet<PeerId> = {
        let peers = simulation.node(target).peers();
        let mut theirs: Vec<_> = peers.connected().filter(|(_, peer)| peer.choice == Choice::Theirs).collect();
        theirs.sort_by_key(|(_, peer)| peer.since);
        let own = peers.connected().filter(|(_, peer)| peer.choice != Choice::Theirs).take(WANTED_LINKS);
        own.chain(theirs.into_iter().take(4)).map(|(_, peer)| peer.id).collect()
    };
    assert!(protected.len() >= 6, "{}", protected.len());
    // To a sybil the tracker lists the target only.
    let victim = simulation.node(target).id();
    list_only(&mut simulation, (24..124).map(|number| (NodeIndex(number), vec![victim])).collect());
    let sybils: Vec<NodeIndex> = (0..100).map(|_| simulation.add_node(0.1)).collect();
    for _ in 0..6 {
        run_bounded(&mut simulation, Duration::from_secs(10), |_| false);
        for sybil in &sybils {
            if !simulation.linked(*sybil, target) {
                simulation.request(*sybil, Request::Connect { peer: victim }).unwrap();
            }
        }
    }
    let now: BTreeSet<PeerId> = simulation.node(target).peers().connected().map(|(_, peer)| peer.id).collect();
    let hostile = ids(&simulation, &sybils).iter().filter(|id| now.contains(id)).count();
    let (evicted, refused) = (logged(&simulation, target, "peer-evicted"), logged(&simulation, target, "link-refused"));
    println!(
        "{} of {} protected links stay, {hostile} sybils among {} links; {evicted} evictions, {refused} refusals",
        now.intersection(&protected).count(),
        protected.len(),
        now.len()
    );
    let gave_up = |line: &&LogEntry| ["peer-evicted", "peer-replaced", "peer-behind"].contains(&line.code.as_str());
    let given_up = simulation.log(target).iter().filter(gave_up).filter_map(|line| line.peer);
    assert!(given_up.into_iter().all(|id| !protected.contains(&id)), "the node itself gives up none of them");
    // The other ends are besieged as well, and theirs may be a link without merit there.
    assert!(now.intersection(&protected).count() * 2 >= protected.len(), "most of them survive");
    assert!(evicted + refused >= 50, "the place was fought for");
    assert!(
        refused == 0 || sybils.iter().any(|sybil| logged(&simulation, *sybil, "peer-full") > 0),
        "and they are told"
    );
    for sybil in &sybils {
        assert!(!simulation.node(target).peers().is_banned(&simulation.node(*sybil).id(), simulation.now()));
    }
    simulation.mine(nodes[3], false);
    let height = simulation.node(nodes[3]).chain().height().0;
    simulation.mine(nodes[3], true);
    let path =
        run_bounded(&mut simulation, 2 * MINUTE, |simulation| simulation.node(target).chain().height().0 > height + 3);
    assert!(path, "the honest chain arrives");
}

#[test]
fn a_tracker_that_lists_attackers_only_does_not_cut_off_who_remembers_or_exchanges() {
    for seed in 41..=43 {
        let mut simulation = Simulation::new(Options::new(seed));
        let honest: Vec<NodeIndex> = (0..12).map(NodeIndex).collect();
        let attackers: Vec<NodeIndex> = (12..32).map(NodeIndex).collect();
        for _ in &honest {
            simulation.add_node(8.0);
        }
        assert!(run_bounded(&mut simulation, MINUTE, |simulation| all_have(simulation, HEALED)), "seed {seed}");
        let known: BTreeSet<PeerId> = ids(&simulation, &honest).into_iter().collect();
        let hidden = known.clone();
        let prepared = Rc::new(Cell::new(false));
        let ready = Rc::clone(&prepared);
        simulation.corrupt_tracker(move |to, message| {
            // Until all is prepared, the two groups do not hear of each other.
            let open = ready.get() || to.0 >= 12;
            let lie = |peers: Vec<PeerId>| peers.into_iter().filter(|id| open && !hidden.contains(id)).collect();
            Some(match message {
                ServerMessage::Welcome { peer, peers, room_size } => {
                    ServerMessage::Welcome { peer, peers: lie(peers), room_size }
                }
                ServerMessage::Peers { peers, room_size } => ServerMessage::Peers { peers: lie(peers), room_size },
                other => other,
            })
        });
        for _ in &attackers {
            simulation.add_node(0.1);
        }
        simulation.run_for(Duration::from_secs(30));
        let mixed = attackers.iter().any(|one| honest.iter().any(|other| simulation.linked(*one, *other)));
        assert!(!mixed, "seed {seed}: attackers know no honest node");

        prepared.set(true);
        let remembered = simulation.node(honest[0]).peers_to_remember();
        assert!(remembered.len() <= 32 && remembered.iter().all(|id| known.contains(id)));
        let newcomer = simulation.add_remembering(8.0, remembered.into_iter().take(3).collect());
        let honest_links = |simulation: &Simulation, node: NodeIndex| {
            simulation.neighbours(node).iter().filter(|other| honest.contains(other)).count()
        };
        simulation.run_for(MINUTE);
        let first = honest_links(&simulation, newcomer);
        assert!(first >= 2, "seed {seed}: {first} honest links from memory");

        // A node that loses half of its links finds honest ones again over its peers.
        let hurt = honest[5];
        for other in simulation.neighbours(hurt).into_iter().skip(2) {
            simulation.cut(hurt, other);
        }
        simulation.run_for(MINUTE);
        let again = honest_links(&simulation, hurt);
        println!(
            "seed {seed}: {first} of {} links of the newcomer are honest; {again} of {} of the hurt node",
            degree(&simulation, newcomer),
            degree(&simulation, hurt)
        );
        assert!(again >= 4, "seed {seed}: {again} honest links by exchange");
        simulation.mine(honest[1], true);
        let arrives = run_bounded(&mut simulation, 5 * MINUTE, |simulation| {
            [newcomer, hurt].iter().all(|node| simulation.node(*node).chain().height().0 >= 5)
        });
        assert!(arrives, "seed {seed}: the honest chain arrives");
    }
}

#[test]
fn peers_that_are_stuck_on_an_old_chain_are_replaced() {
    let mut simulation = Simulation::new(Options::new(51));
    let stuck: BTreeSet<NodeIndex> = (0..9).map(NodeIndex).collect();
    let node = NodeIndex(9);
    let honest: Vec<NodeIndex> = (10..20).map(NodeIndex).collect();
    for _ in 0..10 {
        simulation.add_node(8.0);
    }
    assert!(run_bounded(&mut simulation, MINUTE, |simulation| degree(simulation, node) >= WANTED_LINKS));
    // No block and no header reaches the stuck ones any more, and they tell of none.
    let held = stuck.clone();
    simulation.on_the_way(move |passing| {
        let blocks = matches!(passing.message(), Some(Message::Headers(_) | Message::Block(_)));
        let stuck = held.contains(&passing.from) || held.contains(&passing.to);
        if blocks && stuck { Fate::swallowed() } else { passing.on() }
    });
    // The honest ones are listed to the node, which has all the links that it wants.
    let none = stuck.iter().map(|index| (*index, Vec::new()));
    let listed: BTreeMap<NodeIndex, Vec<PeerId>> = none.collect();
    let hidden: Vec<PeerId> = ids(&simulation, &(0..10).map(NodeIndex).collect::<Vec<_>>());
    simulation.corrupt_tracker(move |to, message| {
        let lie = |peers: Vec<PeerId>| match listed.get(&to) {
            Some(list) => list.clone(),
            None => peers.into_iter().filter(|id| to == node || !hidden.contains(id)).collect(),
        };
        Some(match message {
            ServerMessage::Welcome { peer, peers, room_size } => {
                ServerMessage::Welcome { peer, peers: lie(peers), room_size }
            }
            ServerMessage::Peers { peers, room_size } => ServerMessage::Peers { peers: lie(peers), room_size },
            other => other,
        })
    });
    for _ in &honest {
        simulation.add_node(8.0);
    }
    simulation.run_for(Duration::from_secs(10));
    simulation.mine(honest[0], true);
    let start = simulation.elapsed();
    let reached = run_bounded(&mut simulation, 10 * MINUTE, |simulation| simulation.node(node).chain().height().0 > 0);
    let reaching = simulation.elapsed().checked_sub(start).unwrap();
    assert!(reached, "the node leaves the circle of the stuck");
    let own_stuck = |simulation: &Simulation| {
        let stuck: BTreeSet<PeerId> = stuck.iter().map(|index| simulation.node(*index).id()).collect();
        let own = simulation.node(node).peers().connected().filter(|(_, peer)| peer.choice == Choice::Own);
        own.filter(|(_, peer)| stuck.contains(&peer.id)).count()
    };
    let replaced = run_bounded(&mut simulation, 10 * MINUTE, |simulation| own_stuck(simulation) == 0);
    let replacing = simulation.elapsed().checked_sub(start).unwrap();
    println!("the new chain was reached after {reaching:?}, the stuck peers were replaced after {replacing:?}");
    assert!(replaced, "{} own links to stuck peers are left", own_stuck(&simulation));
    assert!(logged(&simulation, node, "peer-behind") + logged(&simulation, node, "peer-replaced") > 0);
}

#[test]
fn a_tracker_that_swaps_offers_for_its_own_connects_nobody() {
    let mut simulation = Simulation::new(Options::new(61));
    // It takes the offer of one attempt for that of another: the only offers it has are those of others.
    let seen: Rc<RefCell<Option<String>>> = Rc::default();
    simulation.corrupt_tracker(move |_, message| {
        let ServerMessage::Signal { from, payload } = message else { return Some(message) };
        let swapped = seen.borrow_mut().replace(payload.clone()).unwrap_or_default();
        Some(ServerMessage::Signal { from, payload: swapped })
    });
    let nodes: Vec<NodeIndex> = (0..6).map(|_| simulation.add_node(8.0)).collect();
    simulation.run_for(MINUTE);
    for node in &nodes {
        assert_eq!(degree(&simulation, *node), 0);
    }
    let found_out = |node: &NodeIndex| simulation.log(*node).iter().any(|line| line.message.contains("is not signed"));
    assert!(nodes.iter().all(found_out), "everybody finds out");
}

#[test]
fn who_sits_in_a_channel_is_found_out_by_its_binding() {
    let (mut simulation, nodes) = meshed(71, 6);
    let newcomer = NodeIndex(6);
    simulation.intercept(newcomer);
    simulation.add_node(8.0);
    simulation.run_for(MINUTE);
    assert_eq!(degree(&simulation, newcomer), 0);
    let refused = |node: NodeIndex| {
        simulation.log(node).iter().any(|line| line.level == LogLevel::Rejected && line.code == "bad-proof")
    };
    assert!(refused(newcomer) && nodes.iter().any(|node| refused(*node)));
    assert!(nodes.iter().all(|node| degree(&simulation, *node) == 5), "the others go on");
}

#[test]
fn signals_that_the_tracker_repeats_cost_no_link_and_make_none() {
    let mut simulation = Simulation::new(Options::new(91));
    let recorded: Rc<RefCell<Vec<(NodeIndex, ServerMessage)>>> = Rc::default();
    let tape = Rc::clone(&recorded);
    simulation.corrupt_tracker(move |to, message| {
        if matches!(message, ServerMessage::Signal { .. }) {
            tape.borrow_mut().push((to, message.clone()));
        }
        Some(message)
    });
    let nodes: Vec<NodeIndex> = (0..10).map(|_| simulation.add_node(8.0)).collect();
    simulation.run_for(Duration::from_secs(10));
    simulation.stop_node(nodes[9]);
    simulation.run_for(Duration::from_secs(10));
    let links = |simulation: &Simulation| -> Vec<Vec<NodeIndex>> {
        simulation.running().iter().map(|node| simulation.neighbours(*node)).collect()
    };
    let before = links(&simulation);
    let recorded = recorded.borrow().clone();
    assert!(recorded.len() > 50);
    let opened = |simulation: &Simulation| {
        let all = simulation.running().into_iter().flat_map(|node| simulation.node(node).peers().iter());
        all.filter(|(_, peer)| peer.choice == Choice::Theirs && peer.state != PeerState::Connected).count()
    };
    for (to, message) in recorded {
        simulation.say_as_tracker(to, message);
        assert_eq!(opened(&simulation), 0, "nobody who is gone is dialled or answered");
    }
    simulation.run_for(Duration::from_secs(5));
    assert_eq!(links(&simulation), before);
}

#[test]
fn a_peer_that_changes_what_it_relays_is_refused_and_others_carry_it() {
    let (mut simulation, nodes) = meshed(81, 16);
    simulation.stop_tracker();
    let liar = nodes[4];
    simulation.on_the_way(move |passing| match relayed(passing) {
        // The offer of another, under the name of the sender.
        Some(mut signal) if passing.from == liar && signal.hops > 1 => {
            let middle = signal.payload.len() / 2;
            let other = if signal.payload.as_bytes()[middle] == b'A' { "B" } else { "A" };
            signal.payload.replace_range(middle..=middle, other);
            Fate::instead(&Message::Relay(Box::new(signal)))
        }
        _ => passing.on(),
    });
    for _ in 0..3 {
        cut_half(&mut simulation, 4);
        simulation.run_for(2 * MINUTE);
    }
    let id = simulation.node(liar).id();
    let refused = nodes
        .iter()
        .flat_map(|node| simulation.log(*node))
        .filter(|line| line.level == LogLevel::Rejected && line.code == "bad-signature" && line.peer == Some(id));
    assert!(refused.count() > 0, "the liar is refused");
    for node in nodes.iter().filter(|node| **node != liar) {
        assert!(degree(&simulation, *node) >= HEALED, "node {} has {}", node.0, degree(&simulation, *node));
        let others = simulation.log(*node).iter().filter(|line| line.code == "bad-signature" && line.peer != Some(id));
        assert_eq!(others.count(), 0, "nobody else is blamed");
    }
}
