//! Tests of the mesh alone: who is let in, what a repeated signal can do, which way signals go.

use super::testing::{Bench, at, id_of, keys};
use super::{MAX_REMEMBERED, MAX_THEIRS, MAX_TRIES, OWN_LINKS, WANTED_LINKS};
use crate::contract::{LinkId, Output, RtcSignal};
use crate::hash::BlockHash;
use crate::keys::SecretKey;
use crate::net::message::Message;
use crate::net::peers::{Choice, MAX_LINKS};
use crate::net::signal::{self, SignalBody, Stamps};
use crate::units::Work;
use crate::view::PeerState;
use std::time::Duration;
use tracker_protocol::{ClientMessage, PeerId, ServerMessage};

fn id(number: u8) -> PeerId {
    PeerId::from_bytes([number; 20])
}

fn offer(session: u64) -> SignalBody {
    SignalBody::Rtc { session, signal: RtcSignal::Offer { sdp: "v=0".to_owned() } }
}

/// Two keys, that of the smaller id first.
fn two_keys() -> [SecretKey; 2] {
    keys(2).try_into().unwrap()
}

/// Signals that went to the tracker, opened.
fn to_tracker(outputs: &[Output], from: PeerId) -> Vec<SignalBody> {
    let signals = outputs.iter().filter_map(|output| match output {
        Output::Tracker(ClientMessage::Signal { to, payload }) => Some((to, payload)),
        _ => None,
    });
    signals.map(|(to, payload)| signal::open(payload, BlockHash::ZERO, from, *to).unwrap().body).collect()
}

/// Payloads that went over links.
fn over_links(outputs: &[Output]) -> Vec<(LinkId, String)> {
    let sent = outputs.iter().filter_map(|output| match output {
        Output::Send { link, frame } => Some((*link, Message::decode(&frame[1..]).unwrap())),
        _ => None,
    });
    sent.filter_map(|(link, message)| match message {
        Message::Relay(signal) => Some((link, signal.payload)),
        _ => None,
    })
    .collect()
}

#[test]
fn a_node_wants_eight_links_and_four_that_it_chose() {
    // Theirs, own, wanted beyond them.
    for (theirs, own, lacking) in [
        (0, 0, WANTED_LINKS),
        (7, 0, 4),
        (8, 0, OWN_LINKS),
        (12, 0, OWN_LINKS),
        (4, 3, 1),
        (4, 4, 0),
        (0, 7, 1),
        (0, 8, 0),
        (12, 3, 1),
        (12, 4, 0),
    ] {
        let mut bench = Bench::new();
        for number in 0..theirs {
            bench.connect(id(number), Choice::Theirs, 0);
        }
        for number in 0..own {
            bench.connect(id(100 + number), Choice::Own, 0);
        }
        assert_eq!(bench.mesh.lacking(&bench.peers, at(0)), lacking, "{theirs} theirs, {own} own");
    }
    assert_eq!(MAX_THEIRS + OWN_LINKS, MAX_LINKS);
}

#[test]
fn others_have_twelve_links_and_the_next_needs_one_without_merit() {
    let mut others = keys(16);
    let own = others.pop().unwrap();
    let mut bench = Bench::of(own, &[]);
    bench.join();
    for (number, key) in others[..MAX_THEIRS].iter().enumerate() {
        assert_eq!(bench.peers.len(), number);
        bench.now = at(100 + number as u64);
        let call = bench.sealed(key, bench.now, SignalBody::CallMe);
        bench.signal(key, &call);
        let link = bench.peers.find(&id_of(key)).unwrap();
        let peer = bench.peers.get_mut(link).unwrap();
        assert_eq!(peer.choice, Choice::Theirs);
        (peer.state, peer.since) = (PeerState::Connected, bench.now);
    }
    assert_eq!(bench.peers.len(), MAX_THEIRS);
    bench.outputs();
    // One more takes the place of the youngest, which is told.
    bench.now = at(200);
    let late = &others[MAX_THEIRS];
    let call = bench.sealed(late, bench.now, SignalBody::CallMe);
    bench.signal(late, &call);
    assert_eq!(bench.peers.len(), MAX_THEIRS);
    assert!(bench.peers.find(&id_of(late)).is_some());
    assert!(bench.peers.find(&id_of(&others[MAX_THEIRS - 1])).is_none());
    let outputs = bench.outputs();
    assert!(matches!(&outputs[..], [Output::Send { .. }, Output::Close { .. }, Output::Dial { .. }]), "{outputs:?}");
    // Once each has a merit, or is too young to be judged, nobody makes room, and the caller is told.
    for number in 5..=8 {
        bench.peers.get_mut(LinkId(number)).unwrap().round_trip = Some(Duration::from_millis(9));
    }
    for number in 9..=11 {
        bench.peers.delivered_first(LinkId(number), at(150));
    }
    let later = &others[MAX_THEIRS + 1];
    let call = bench.sealed(later, bench.now, SignalBody::CallMe);
    bench.signal(later, &call);
    assert!(bench.peers.find(&id_of(later)).is_none());
    let answer = SignalBody::NoRoom { answers: at(200).millis() };
    assert_eq!(to_tracker(&bench.outputs(), bench.mesh.id()), vec![answer]);
    assert!(!bench.peers.is_banned(&id_of(later), bench.now));
}

#[test]
fn no_room_is_believed_only_as_an_answer_to_what_was_asked() {
    let [own, peer] = two_keys();
    let (mut bench, peer) = (Bench::of(own, &[]), &peer);
    bench.join();
    bench.now = at(5);
    bench.with(|mesh, context| mesh.connect(context, id_of(peer)));
    assert_eq!(to_tracker(&bench.outputs(), bench.mesh.id()), vec![SignalBody::CallMe]);
    let stamp = bench.mesh.called[&id_of(peer)].stamp;
    for (answers, waiting) in [(stamp.millis() - 1, true), (stamp.millis(), false)] {
        let payload = bench.sealed(peer, at(6), SignalBody::NoRoom { answers });
        bench.signal(peer, &payload);
        assert_eq!(bench.mesh.called.contains_key(&id_of(peer)), waiting);
    }
}

#[test]
fn a_call_has_its_time_though_this_node_sleeps_meanwhile() {
    let [own, peer] = two_keys();
    let (mut bench, peer) = (Bench::of(own, &[]), id_of(&peer));
    bench.join();
    bench.now = at(5);
    bench.with(|mesh, context| mesh.connect(context, peer));
    bench.mesh.woke(Duration::from_mins(10));
    for (seconds, waiting) in [(600 + 14, true), (600 + 15, false)] {
        bench.now = at(seconds);
        bench.mesh.wishes.clear();
        bench.with(|mesh, context| mesh.maintain(context, BlockHash::ZERO, Work::default()));
        assert_eq!(bench.mesh.called.contains_key(&peer), waiting, "after {seconds} s");
    }
}

#[test]
fn an_offer_that_comes_again_closes_no_link_and_a_newer_one_takes_its_place() {
    let [own, peer] = two_keys();
    let (mut bench, peer) = (Bench::of(own, &[]), &peer);
    bench.join();
    let old = bench.sealed(peer, at(10), offer(7));
    let first = bench.sealed(peer, at(20), offer(8));
    bench.signal(peer, &old);
    bench.signal(peer, &first);
    let link = bench.peers.find(&id_of(peer)).unwrap();
    bench.peers.get_mut(link).unwrap().state = PeerState::Connected;
    for forgotten in [false, true] {
        if forgotten {
            // As after offers of a thousand other peers.
            bench.mesh.stamps = Stamps::default();
        }
        bench.outputs();
        bench.signal(peer, &old);
        bench.signal(peer, &first);
        assert_eq!(bench.outputs(), vec![], "memory lost: {forgotten}");
        assert_eq!(bench.peers.find(&id_of(peer)), Some(link));
    }
    let newer = bench.sealed(peer, at(30), offer(9));
    bench.signal(peer, &newer);
    assert_ne!(bench.peers.find(&id_of(peer)), Some(link));
    assert_eq!(bench.peers.len(), 1);
}

#[test]
fn a_call_that_comes_again_is_not_answered() {
    let [peer, own] = two_keys();
    let (mut bench, peer) = (Bench::of(own, &[]), &peer);
    bench.join();
    let call = bench.sealed(peer, at(10), SignalBody::CallMe);
    bench.signal(peer, &call);
    assert!(matches!(bench.outputs()[..], [Output::Dial { link: LinkId(1), .. }]));
    bench.with(|mesh, context| mesh.gone(context, LinkId(1), false));
    bench.signal(peer, &call);
    assert_eq!(bench.outputs(), vec![]);
    let newer = bench.sealed(peer, at(11), SignalBody::CallMe);
    bench.signal(peer, &newer);
    assert!(matches!(bench.outputs()[..], [Output::Dial { link: LinkId(2), .. }]));
}

/// The last link that was dialed.
fn dialed(bench: &mut Bench) -> Option<LinkId> {
    bench.outputs().into_iter().rev().find_map(|output| match output {
        Output::Dial { link, .. } => Some(link),
        _ => None,
    })
}

#[test]
fn a_peer_that_lost_its_link_is_dialed_when_it_calls_and_not_after_a_timeout() {
    let [peer, own] = two_keys();
    let (mut bench, peer) = (Bench::of(own, &[]), &peer);
    bench.join();
    let call = |bench: &mut Bench, seconds| {
        let call = bench.sealed(peer, at(seconds), SignalBody::CallMe);
        bench.signal(peer, &call);
        dialed(bench)
    };
    let first = call(&mut bench, 10).expect("a call is answered");
    let session = bench.peers.get(first).unwrap().session;
    let answer = SignalBody::Rtc { session, signal: RtcSignal::Answer { sdp: "v=0".to_owned() } };
    let answer = bench.sealed(peer, at(12), answer);
    bench.signal(peer, &answer);
    bench.peers.get_mut(first).unwrap().state = PeerState::Connected;
    assert_eq!(call(&mut bench, 11), None, "sent before the answer, it came late");
    assert_eq!(bench.peers.find(&id_of(peer)), Some(first));
    let second = call(&mut bench, 13).expect("its tab was loaded anew");
    assert_eq!(bench.peers.find(&id_of(peer)), Some(second));
    let third = call(&mut bench, 14).expect("it was loaded anew before it could answer");
    assert_eq!((bench.peers.find(&id_of(peer)), bench.peers.len()), (Some(third), 1));
}

#[test]
fn a_call_that_crosses_an_offer_changes_nothing() {
    let [peer, own] = two_keys();
    let (mut bench, peer) = (Bench::of(own, &[]), &peer);
    bench.join();
    bench.with(|mesh, context| mesh.reach(context, id_of(peer), Choice::Own));
    let link = dialed(&mut bench).expect("the larger id offers");
    let call = bench.sealed(peer, at(10), SignalBody::CallMe);
    bench.signal(peer, &call);
    assert_eq!((dialed(&mut bench), bench.peers.find(&id_of(peer))), (None, Some(link)));
}

#[test]
fn stamps_never_repeat() {
    let mut bench = Bench::new();
    bench.now = at(5);
    let stamps: Vec<_> = (0..3).map(|_| bench.mesh.next_stamp(at(5)).millis()).collect();
    assert_eq!(stamps, vec![5000, 5001, 5002]);
    assert_eq!(bench.mesh.next_stamp(at(6)).millis(), 6000);
}

/// A node that is joined and connected to peer 200, and called another that it knows of.
fn caller(named: bool) -> (Bench, SecretKey, String) {
    let [own, peer] = two_keys();
    let mut bench = Bench::of(own, &[]);
    bench.join();
    bench.connect(id(200), Choice::Own, 0);
    if named {
        bench.with(|mesh, context| mesh.candidates.named(context.rng, id_of(&peer), id(200)));
    } else {
        bench.mesh.candidates.listed(id_of(&peer), at(0));
    }
    bench.with(|mesh, context| mesh.reach(context, id_of(&peer), Choice::Own));
    let outputs = bench.outputs();
    let [Output::Tracker(ClientMessage::Signal { payload, .. })] = &outputs[..] else { panic!("{outputs:?}") };
    let payload = payload.clone();
    (bench, peer, payload)
}

#[test]
fn what_the_tracker_cannot_deliver_goes_over_links_if_a_peer_knows_the_way() {
    let (mut bench, peer, payload) = caller(true);
    let undeliverable = ServerMessage::Undeliverable { to: id_of(&peer) };
    bench.with(|mesh, context| mesh.on_tracker(context, undeliverable.clone()));
    assert_eq!(over_links(&bench.outputs()), vec![(LinkId(1), payload)]);
    // The tracker says it for each signal; what comes next goes over links at once.
    bench.with(|mesh, context| mesh.on_tracker(context, undeliverable));
    assert_eq!(bench.outputs(), vec![]);
    assert!(bench.mesh.called.contains_key(&id_of(&peer)));
    bench.with(|mesh, context| mesh.send_signal(context, id_of(&peer), SignalBody::CallMe));
    let outputs = bench.outputs();
    assert_eq!((over_links(&outputs).len(), outputs.len()), (1, 1));

    let (mut bench, peer, _) = caller(false);
    let undeliverable = ServerMessage::Undeliverable { to: id_of(&peer) };
    bench.with(|mesh, context| mesh.on_tracker(context, undeliverable));
    assert_eq!(bench.outputs(), vec![]);
    assert!(bench.mesh.called.is_empty(), "who has left the tracker and is known to nobody is gone");
}

#[test]
fn without_the_tracker_signals_go_over_links_and_without_links_nobody_is_dialled() {
    let (mut bench, peer, _) = caller(false);
    bench.with(|mesh, context| mesh.tracker_changed(context, false));
    bench.mesh.called.clear();
    bench.with(|mesh, context| mesh.reach(context, id_of(&peer), Choice::Own));
    assert_eq!(over_links(&bench.outputs()).len(), 1);
    bench.mesh.called.clear();
    bench.peers.close(LinkId(1));
    bench.with(|mesh, context| mesh.reach(context, id_of(&peer), Choice::Own));
    assert_eq!(bench.outputs(), vec![]);
    assert!(bench.mesh.called.is_empty());
}

#[test]
fn what_a_person_asks_for_is_tried_three_times() {
    let [own, peer] = two_keys();
    let (mut bench, peer) = (Bench::of(own, &[]), &peer);
    bench.join();
    bench.with(|mesh, context| mesh.connect(context, id_of(peer)));
    let mut calls = 0;
    for second in 0..60 {
        bench.now = at(second);
        bench.with(|mesh, context| mesh.maintain(context, BlockHash::ZERO, Work::default()));
        calls += to_tracker(&bench.outputs(), bench.mesh.id()).len();
    }
    assert_eq!(calls, MAX_TRIES as usize);
    assert!(bench.mesh.wishes.is_empty());
}

#[test]
fn an_attempt_that_is_under_way_counts_as_asked_for_and_is_followed_by_others() {
    let [own, peer] = two_keys();
    let (mut bench, peer) = (Bench::of(own, &[]), &peer);
    bench.join();
    bench.with(|mesh, context| mesh.reach(context, id_of(peer), Choice::Own));
    bench.with(|mesh, context| mesh.connect(context, id_of(peer)));
    assert_eq!(to_tracker(&bench.outputs(), bench.mesh.id()).len(), 1);
    assert_eq!(bench.mesh.called[&id_of(peer)].choice, Choice::Asked);
    bench.now = at(10);
    bench.with(|mesh, context| mesh.maintain(context, BlockHash::ZERO, Work::default()));
    assert_eq!(to_tracker(&bench.outputs(), bench.mesh.id()).len(), 1, "the first failed");
}

#[test]
fn what_is_remembered_is_bounded_and_the_useful_come_first() {
    for (given, kept) in [(31, 31), (32, 32), (33, 32)] {
        let given: Vec<PeerId> = (0..given).map(id).collect();
        let bench = Bench::of(SecretKey::derive(&[1; 32], b"peer"), &given);
        assert_eq!(bench.mesh.to_remember(&bench.peers).len(), kept);
    }
    let met: Vec<PeerId> = (0..32).map(id).collect();
    let mut bench = Bench::of(SecretKey::derive(&[1; 32], b"peer"), &met);
    for number in 0..16 {
        bench.connect(id(100 + number), Choice::Theirs, number.into());
    }
    bench.peers.delivered_first(LinkId(9), at(50));
    let remembered = bench.mesh.to_remember(&bench.peers);
    assert_eq!(remembered.len(), MAX_REMEMBERED);
    assert_eq!(remembered[..3], [id(108), id(100), id(101)]);
    let own = bench.mesh.id();
    assert!(!Bench::of(SecretKey::derive(&[1; 32], b"peer"), &[own]).mesh.to_remember(&bench.peers).contains(&own));
}
