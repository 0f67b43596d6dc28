//! The lab in a network of real nodes: every attack is refused by the rule that it breaks, the verdicts
//! reach the attacker, and everybody goes on honestly.

use node_core::hash::TxId;
use node_core::net::offence::Offence;
use node_core::request::{Attack, ErrorCode, Request, Response, SendForm};
use node_core::units::Height;
use node_core::view::lab::{AttackView, BanView, Incident, Outcome, Verdict};
use node_core::view::{Page, PeerState};
use std::time::Duration;
use tests::simulator::{NodeIndex, Options, Simulation};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);
/// Rows of lists that a test looks at.
const ROWS: Option<u32> = Some(500);

/// Linked nodes with a chain in which the last one has earned and spent.
fn network(seed: u64, count: usize) -> (Simulation, Vec<NodeIndex>) {
    let mut simulation = Simulation::new(Options::new(seed));
    let nodes: Vec<NodeIndex> = (0..count).map(|_| simulation.add_node(8.0)).collect();
    assert!(simulation.run_until(MINUTE, |simulation| meshed(simulation, &nodes)), "seed {seed}: they find each other");
    let attacker = nodes[count - 1];
    mine(&mut simulation, attacker, 8);
    let id = pay(&mut simulation, attacker, nodes[0]);
    mine(&mut simulation, attacker, 2);
    assert!(simulation.node(attacker).mempool().get(&id).is_none(), "it is confirmed");
    (simulation, nodes)
}

fn meshed(simulation: &Simulation, nodes: &[NodeIndex]) -> bool {
    nodes.iter().all(|node| nodes.iter().all(|other| node == other || linked(simulation, *node, *other)))
}

fn linked(simulation: &Simulation, node: NodeIndex, to: NodeIndex) -> bool {
    let id = simulation.node(to).id();
    simulation.node(node).peers().iter().any(|(_, peer)| peer.id == id && peer.state == PeerState::Connected)
}

/// A node mines so many blocks, which reach everybody linked.
fn mine(simulation: &mut Simulation, node: NodeIndex, blocks: u32) {
    let height = simulation.node(node).chain().height().0 + blocks;
    simulation.mine(node, true);
    assert!(simulation.run_until(10 * MINUTE, |simulation| simulation.least_height() >= Height(height)));
    simulation.mine(node, false);
    assert!(simulation.run_until(MINUTE, Simulation::agree));
}

fn pay(simulation: &mut Simulation, from: NodeIndex, to: NodeIndex) -> TxId {
    let to = simulation.address(to);
    let form = SendForm { to, amount: "1".to_owned(), ..SendForm::default() };
    match simulation.request(from, Request::Send(form)) {
        Ok(Response::Sent(id)) => id,
        other => panic!("a payment, not {other:?}"),
    }
}

fn attack(simulation: &mut Simulation, by: NodeIndex, attack: Attack) {
    simulation.request(by, Request::Attack { attack, peer: None, every: None }).expect("everything is there for it");
}

fn attacks(simulation: &mut Simulation, node: NodeIndex) -> Vec<AttackView> {
    match simulation.request(node, Request::Attacks) {
        Ok(Response::Attacks(attacks)) => attacks,
        other => panic!("attacks, not {other:?}"),
    }
}

fn verdicts(simulation: &mut Simulation, node: NodeIndex) -> Vec<Verdict> {
    match simulation.request(node, Request::Verdicts { from: None, limit: ROWS }) {
        Ok(Response::Verdicts(Page { items, .. })) => items,
        other => panic!("verdicts, not {other:?}"),
    }
}

fn incidents(simulation: &mut Simulation, node: NodeIndex) -> Vec<Incident> {
    match simulation.request(node, Request::Incidents { from: None, limit: ROWS }) {
        Ok(Response::Incidents(Page { items, .. })) => items,
        other => panic!("incidents, not {other:?}"),
    }
}

fn bans(simulation: &mut Simulation, node: NodeIndex) -> Vec<BanView> {
    match simulation.request(node, Request::Bans) {
        Ok(Response::Bans(bans)) => bans,
        other => panic!("bans, not {other:?}"),
    }
}

/// What must not change at the attacker by what it forges.
fn state(simulation: &mut Simulation, node: NodeIndex) -> impl PartialEq + std::fmt::Debug + use<> {
    let balance = simulation.request(node, Request::Balance { address: None });
    let history = simulation.request(node, Request::History { address: None, from: None, limit: ROWS });
    let history = match history {
        Ok(Response::History(history)) => {
            history.page.items.into_iter().map(|entry| entry.transaction.id).collect::<Vec<_>>()
        }
        other => panic!("a history, not {other:?}"),
    };
    let (chain, mempool) = (simulation.node(node).chain(), simulation.node(node).mempool());
    let waiting: Vec<TxId> = mempool.iter().map(|waiting| waiting.id).collect();
    (chain.tip(), chain.work(), waiting, balance, history)
}

/// Lets the victims forgive, and waits until everybody is linked again.
fn pardon(simulation: &mut Simulation, nodes: &[NodeIndex], attacker: NodeIndex) {
    let peer = simulation.node(attacker).id();
    for node in nodes.iter().filter(|node| **node != attacker) {
        let banned = bans(simulation, *node).iter().any(|ban| ban.peer_id == peer);
        let pardoned = simulation.request(*node, Request::Pardon { peer });
        assert_eq!(pardoned.is_ok(), banned);
        assert_eq!(pardoned.err().map(|error| error.code), (!banned).then_some(ErrorCode::NotFound));
    }
    assert!(simulation.run_until(2 * MINUTE, |simulation| meshed(simulation, nodes)), "they find each other again");
    assert!(simulation.run_until(MINUTE, Simulation::agree), "what the attacker missed it takes in");
}

/// Waits until every peer's verdict on this launch, the newest, is there; gives these.
fn settled(simulation: &mut Simulation, attacker: NodeIndex, launch: u64, peers: usize) -> Vec<Verdict> {
    for _ in 0..120 {
        simulation.run_for(SECOND);
        let all = verdicts(simulation, attacker);
        let newest: Vec<Verdict> = all.into_iter().filter(|verdict| verdict.launch >= launch).collect();
        if newest.len() == peers && newest.iter().all(|verdict| verdict.outcome != Outcome::Sent) {
            return newest;
        }
    }
    panic!("the verdicts on {:?} do not come", verdicts(simulation, attacker).first());
}

#[test]
fn every_attack_is_refused_with_its_reason_and_everybody_goes_on() {
    let (mut simulation, nodes) = network(71, 4);
    let attacker = nodes[3];
    let id = simulation.node(attacker).id();
    let mut launches = 0;
    for row in attacks(&mut simulation, attacker) {
        let name = row.name;
        assert_eq!(row.lacks, None, "{name:?}");
        let before = state(&mut simulation, attacker);
        let known: Vec<usize> = nodes[..3].iter().map(|node| incidents(&mut simulation, *node).len()).collect();
        attack(&mut simulation, attacker, name);
        launches += 1;
        let newest = settled(&mut simulation, attacker, launches, 3);
        assert!(newest.iter().all(|verdict| (verdict.attack, verdict.launch) == (name, launches)), "{newest:?}");
        for (node, known) in nodes[..3].iter().zip(known) {
            let peer = simulation.node(*node).id();
            let verdict = newest.iter().find(|verdict| verdict.peer == peer).expect("every peer has one");
            let told = incidents(&mut simulation, *node);
            let fresh = &told[..told.len() - known];
            let ban = bans(&mut simulation, *node).into_iter().find(|ban| ban.peer_id == id);
            let Some(expected) = row.offence else {
                assert_eq!((&verdict.outcome, fresh, ban), (&Outcome::PassedOver, &[][..], None), "{name:?}");
                continue;
            };
            let Outcome::Refused { offence, points, ref reason, score, banned_until, .. } = verdict.outcome else {
                panic!("{name:?}: {verdict:?}")
            };
            let incident = fresh.iter().find(|one| one.line.peer.is_some()).expect("the victim sees the same");
            assert_eq!((offence, points), (expected, expected.points()), "{name:?}");
            assert_eq!((incident.line.code.as_str(), incident.line.peer), (expected.code(), Some(id)), "{name:?}");
            assert_eq!(
                (&*incident.line.message, incident.score),
                (reason.as_str(), score),
                "{name:?}: the same reason and score"
            );
            assert_eq!(incident.line.subject, verdict.subject, "{name:?}");
            // Flooding alone adds up within one launch.
            let banned = expected.points() >= 100 || name == Attack::Flood;
            assert_eq!(ban.and_then(|ban| ban.offence), banned.then_some(expected), "{name:?}");
            assert_eq!(incident.banned_until, ban.map(|ban| ban.until), "{name:?}");
            let error = |until: node_core::units::Timestamp| until.since(ban.map_or(until, |ban| ban.until));
            assert_eq!(banned_until.is_some(), banned, "{name:?}");
            assert!(banned_until.is_none_or(|until| error(until) < 2 * SECOND), "{name:?}: it is told how long");
            assert_eq!(linked(&simulation, *node, attacker), !banned, "{name:?}");
        }
        assert_eq!(state(&mut simulation, attacker), before, "{name:?}: the attacker's own state");
        // Honest payments and blocks go their way, without the attacker and with it.
        let height = simulation.node(nodes[0]).chain().height().0;
        simulation.mine(nodes[0], true);
        let goes_on = simulation.run_until(5 * MINUTE, |simulation| {
            nodes[..3].iter().all(|node| simulation.node(*node).chain().height().0 > height)
        });
        assert!(goes_on, "{name:?}: the others go on");
        simulation.mine(nodes[0], false);
        pardon(&mut simulation, &nodes, attacker);
        mine(&mut simulation, attacker, 1);
    }
    for node in &nodes[..3] {
        let told = incidents(&mut simulation, *node).into_iter();
        let strangers = told
            .filter(|one| one.line.peer.is_some_and(|peer| peer != id) || one.line.peer.is_none() && one.points > 0);
        assert_eq!(strangers.collect::<Vec<_>>(), [], "nobody else is blamed for anything");
    }
    assert_eq!(incidents(&mut simulation, attacker), [], "the attacker blames nobody");
    let id = pay(&mut simulation, attacker, nodes[1]);
    mine(&mut simulation, nodes[1], 2);
    let confirmed = simulation.request(nodes[2], Request::Transaction { id: id.to_string() });
    assert!(confirmed.is_ok(), "the attacker's honest payments are as good as any");
}

#[test]
fn repetition_ends_in_a_ban_and_the_ban_ends() {
    let (mut simulation, nodes) = network(72, 3);
    let attacker = nodes[2];
    let order = Request::Attack { attack: Attack::InvalidSignature, peer: None, every: Some(2) };
    simulation.request(attacker, order).unwrap();
    let start = simulation.now();
    let banned =
        simulation.run_until(MINUTE, |simulation| nodes[..2].iter().all(|node| !linked(simulation, *node, attacker)));
    assert!(banned, "some wrong signatures are a ban");
    assert!(simulation.now().since(start) <= 12 * SECOND);
    // What was on its way is there.
    simulation.run_for(SECOND);
    let of =
        |verdicts: &[Verdict]| verdicts.iter().filter(|one| matches!(one.outcome, Outcome::Refused { .. })).count();
    // Four launches at each of two peers, or five where a point was forgiven meanwhile.
    let refused = of(&verdicts(&mut simulation, attacker));
    assert!((8..=10).contains(&refused), "{refused}");
    let outcomes = verdicts(&mut simulation, attacker).into_iter().map(|verdict| verdict.outcome);
    let last = outcomes.into_iter().find(|outcome| matches!(outcome, Outcome::Refused { .. }));
    assert!(matches!(last, Some(Outcome::Refused { score: 100.., banned_until: Some(_), .. })), "{last:?}");
    // Nobody is there to aim at; the attacker goes on trying, and mining for itself.
    simulation.run_for(MINUTE);
    assert_eq!(of(&verdicts(&mut simulation, attacker)), refused);
    let view = attacks(&mut simulation, attacker).into_iter().find(|one| one.name == Attack::InvalidSignature).unwrap();
    assert!(view.repeated.is_some_and(|repeated| repeated.tries > 20));
    assert_eq!(view.lacks.map(|lacks| lacks.code), Some(ErrorCode::NoPeers));
    simulation.request(attacker, Request::StopAttacks).unwrap();
    let remaining = bans(&mut simulation, nodes[0])[0].remaining_ms;
    assert!((500_000..540_000).contains(&remaining), "{remaining} ms of ten minutes are left");
    simulation.run_for(Duration::from_millis(remaining));
    assert_eq!(bans(&mut simulation, nodes[0]), []);
    // The attacker is let in again, takes in what it missed, and is as good as any.
    mine(&mut simulation, nodes[0], 3);
    assert!(simulation.run_until(10 * MINUTE, |simulation| meshed(simulation, &nodes)), "the ban has ended");
    assert!(simulation.run_until(MINUTE, Simulation::agree));
    mine(&mut simulation, attacker, 1);
    let scores = nodes[..2].iter().flat_map(|node| simulation.node(*node).peers().connected());
    assert!(scores.map(|(_, peer)| peer.score).all(|score| score == 0), "it starts anew");
}

#[test]
fn an_attack_at_one_peer_leaves_the_links_to_the_others_alone() {
    let (mut simulation, nodes) = network(73, 4);
    let (attacker, target) = (nodes[3], simulation.node(nodes[1]).id());
    for (name, launch) in [(Attack::InvalidSignature, 1), (Attack::InflatedReward, 2)] {
        let order = Request::Attack { attack: name, peer: Some(target), every: None };
        simulation.request(attacker, order).unwrap();
        let newest = settled(&mut simulation, attacker, launch, 1);
        assert_eq!(newest[0].peer, target);
        assert!(matches!(newest[0].outcome, Outcome::Refused { .. }), "{newest:?}");
    }
    assert!(!linked(&simulation, nodes[1], attacker));
    for other in [nodes[0], nodes[2]] {
        assert!(linked(&simulation, other, attacker));
        // The block is pushed on before its accounts are checked, and nobody is blamed for that.
        let told = incidents(&mut simulation, other);
        assert!(told.iter().all(|one| one.line.peer.is_none() && one.points == 0), "{told:?}");
    }
    let gone =
        simulation.request(attacker, Request::Attack { attack: Attack::Garbage, peer: Some(target), every: None });
    assert_eq!(gone.unwrap_err().code, ErrorCode::NotFound);
}

#[test]
fn a_peer_that_says_nothing_is_told_apart_from_one_that_is_gone() {
    let (mut simulation, nodes) = network(74, 3);
    let attacker = nodes[2];
    // One tab sleeps, the other is closed before it can say a word.
    simulation.sleep(nodes[0]);
    simulation.stop_node(nodes[1]);
    attack(&mut simulation, attacker, Attack::InvalidSignature);
    simulation.run_for(2 * SECOND);
    let outcome = |simulation: &mut Simulation, node: NodeIndex| {
        let peer = simulation.node(node).id();
        verdicts(simulation, attacker).into_iter().find(|verdict| verdict.peer == peer).map(|verdict| verdict.outcome)
    };
    assert_eq!(outcome(&mut simulation, nodes[1]), Some(Outcome::Closed));
    assert_eq!(outcome(&mut simulation, nodes[0]), Some(Outcome::Sent));
    simulation.run_for(14 * SECOND);
    assert_eq!(outcome(&mut simulation, nodes[0]), Some(Outcome::Unanswered));
    // It wakes up and says what it thinks of it.
    simulation.wake(nodes[0]);
    simulation.run_for(2 * SECOND);
    let late = outcome(&mut simulation, nodes[0]);
    assert!(matches!(late, Some(Outcome::Refused { offence: Offence::BadSignature, .. })), "{late:?}");
}

#[test]
fn a_block_from_the_future_waits_without_blame() {
    let (mut simulation, nodes) = network(75, 3);
    let attacker = nodes[2];
    attack(&mut simulation, attacker, Attack::FutureTimestamp);
    let newest = settled(&mut simulation, attacker, 1, 2);
    for node in &nodes[..2] {
        assert!(simulation.log(*node).iter().any(|line| line.code == "block-ahead"), "it was seen and parked");
        let hash = newest[0].subject.as_ref().expect("a block").parse().expect("a hash");
        assert_eq!(simulation.node(*node).chain().header(&hash), None);
        assert!(simulation.node(*node).peers().iter().all(|(_, peer)| peer.score == 0));
    }
    mine(&mut simulation, nodes[0], 2);
}
