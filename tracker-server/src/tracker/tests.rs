//! The tracker at, below and above each of its limits, and under random input.

use super::*;
use crate::bucket::Rate;
use k256::ecdsa::{Signature, SigningKey, signature::Signer};
use proptest::prelude::*;
use std::collections::BTreeSet;

mod random;

const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
/// The finest step of the clock that the limits tell apart.
const INSTANT: Duration = Duration::from_micros(1);
const AWAY: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

/// A tracker with a clock of its own, and every connection's challenge.
struct Bench {
    tracker: Tracker,
    now: Duration,
    challenges: BTreeMap<ConnectionId, String>,
}

impl Bench {
    fn new(limits: Limits) -> Self {
        Self { tracker: Tracker::new(limits, [3; 32]), now: Duration::ZERO, challenges: BTreeMap::new() }
    }

    fn handle(&mut self, input: Input<'_>) -> Vec<Output> {
        let outputs = self.tracker.handle(self.now, input);
        for output in &outputs {
            if let Output::Send { connection, message: ServerMessage::Challenge { challenge } } = output {
                self.challenges.insert(*connection, challenge.clone());
            }
        }
        self.tracker.check();
        outputs
    }

    fn connect(&mut self, connection: u64, address: IpAddr) -> Vec<Output> {
        self.handle(Input::Connected { connection: ConnectionId(connection), address })
    }

    fn text(&mut self, connection: u64, text: &str) -> Vec<Output> {
        self.handle(Input::Received { connection: ConnectionId(connection), frame: Frame::Text(text) })
    }

    fn say(&mut self, connection: u64, message: &ClientMessage) -> Vec<Output> {
        self.text(connection, &serde_json::to_string(message).unwrap())
    }

    fn join_text(&self, connection: u64, key: u8, room: &str) -> ClientMessage {
        join(&self.challenges[&ConnectionId(connection)], key, room)
    }

    fn join(&mut self, connection: u64, key: u8, room: &str) -> Vec<Output> {
        let message = self.join_text(connection, key, room);
        self.say(connection, &message)
    }

    /// Connects from an address of its own and joins.
    fn enter(&mut self, connection: u64, key: u8, room: &str) {
        self.connect(connection, IpAddr::V4(std::net::Ipv4Addr::from_bits(u32::try_from(connection).unwrap())));
        let outputs = self.join(connection, key, room);
        assert!(is_welcome(&outputs, connection), "{outputs:?}");
    }

    fn pass(&mut self, time: Duration) -> Vec<Output> {
        self.now += time;
        self.handle(Input::Tick)
    }
}

fn key(number: u8) -> SigningKey {
    SigningKey::from_slice(&[number; 32]).unwrap()
}

fn public_key(number: u8) -> String {
    hex::encode(key(number).verifying_key().to_sec1_point(true))
}

fn peer(number: u8) -> PeerId {
    let signature: Signature = key(number).sign(b"who");
    proof::verify(&public_key(number), &hex::encode(signature.to_bytes()), b"who").unwrap()
}

fn join(challenge: &str, number: u8, room: &str) -> ClientMessage {
    let room: RoomId = room.parse().unwrap();
    let signature: Signature = key(number).sign(&join_message(challenge, &room));
    let signature = hex::encode(signature.to_bytes());
    ClientMessage::Join { version: PROTOCOL_VERSION, room, public_key: public_key(number), signature }
}

fn signal(to: PeerId, payload: &str) -> ClientMessage {
    ClientMessage::Signal { to, payload: payload.to_owned() }
}

fn send(connection: u64, message: ServerMessage) -> Output {
    Output::Send { connection: ConnectionId(connection), message }
}

fn refused(connection: u64, reason: Refusal) -> Vec<Output> {
    vec![send(connection, ServerMessage::Refused { reason, fatal: false })]
}

fn dismissed(connection: u64, reason: Refusal) -> Vec<Output> {
    let close = Output::Close { connection: ConnectionId(connection), reason };
    vec![send(connection, ServerMessage::Refused { reason, fatal: true }), close]
}

fn is_welcome(outputs: &[Output], to: u64) -> bool {
    matches!(outputs, [Output::Send { connection: ConnectionId(id), message: ServerMessage::Welcome { .. } }] if *id == to)
}

impl Tracker {
    /// Every limit holds, and every index agrees with what it indexes.
    fn check(&self) {
        assert!(self.connections.len() <= self.limits.max_connections);
        assert!(self.rooms.len() <= self.limits.max_rooms);
        let mut shares: BTreeMap<AddressKey, (u32, u32)> = BTreeMap::new();
        let mut members: BTreeMap<&RoomId, BTreeSet<PeerId>> = BTreeMap::new();
        for (id, connection) in &self.connections {
            shares.entry(connection.address).or_default().0 += 1;
            if let Stage::Joined { room, peer, .. } = &connection.stage {
                assert_eq!(self.rooms[room].connection_of(peer), Some(*id));
                assert!(members.entry(room).or_default().insert(*peer), "one connection a peer and room");
            }
        }
        for (id, room) in &self.rooms {
            shares.entry(room.founder).or_default().1 += 1;
            assert!((1..=self.limits.max_peers_per_room).contains(&room.len()));
            assert_eq!(room.len(), members[id].len());
        }
        let counted = self.addresses.counts();
        assert!(counted.len() <= AddressBook::capacity(&self.limits));
        for (address, (connections, rooms)) in &counted {
            assert_eq!(shares.remove(address).unwrap_or_default(), (*connections, *rooms));
            assert!(*connections <= self.limits.max_connections_per_address);
            assert!(*rooms <= self.limits.max_rooms_per_address);
        }
        assert!(shares.is_empty(), "every address is in the book");
        assert!(self.outputs.is_empty());
    }
}

#[test]
fn challenges_are_unique_and_unpredictable_without_the_seed() {
    let mut bench = Bench::new(Limits::default());
    for connection in 0..100 {
        bench.connect(connection, HOME);
    }
    let distinct: BTreeSet<_> = bench.challenges.values().collect();
    assert_eq!(distinct.len(), 100);
    assert!(distinct.iter().all(|challenge| challenge.len() == 2 * CHALLENGE_BYTES));
    let mut other = Tracker::new(Limits::default(), [4; 32]);
    let outputs = other.handle(Duration::ZERO, Input::Connected { connection: ConnectionId(0), address: HOME });
    assert_ne!(
        outputs,
        vec![send(0, ServerMessage::Challenge { challenge: bench.challenges[&ConnectionId(0)].clone() })]
    );
}

#[test]
fn who_joins_is_told_of_some_ice_servers_first() {
    let server = |number: usize| IceServer { urls: format!("stun:{number}.example"), username: None, credential: None };
    let mut bench = Bench::new(Limits::default());
    bench.tracker = Tracker::new(Limits::default(), [3; 32]).with_ice_servers((0..=MAX_ICE_SERVERS).map(server));
    bench.connect(1, HOME);
    let servers = (0..MAX_ICE_SERVERS).map(server).collect();
    let welcome = ServerMessage::Welcome { peer: peer(1), peers: vec![], room_size: 1 };
    let expected = vec![send(1, ServerMessage::IceServers { servers }), send(1, welcome)];
    assert_eq!(bench.join(1, 1, "dev.a"), expected);
}

#[test]
fn a_join_is_welcomed_with_the_others_of_the_room_only() {
    let mut bench = Bench::new(Limits::default());
    bench.enter(1, 1, "dev.a");
    bench.enter(2, 2, "dev.b");
    bench.connect(3, HOME);
    let welcome = ServerMessage::Welcome { peer: peer(3), peers: vec![peer(1)], room_size: 2 };
    assert_eq!(bench.join(3, 3, "dev.a"), vec![send(3, welcome)]);
    let peers = ServerMessage::Peers { peers: vec![peer(3)], room_size: 2 };
    assert_eq!(bench.say(1, &ClientMessage::Sample), vec![send(1, peers)]);
}

#[test]
fn a_sample_is_never_the_whole_of_a_large_room() {
    let mut bench = Bench::new(Limits::default());
    for number in 1..=40 {
        bench.enter(number.into(), number, "dev.a");
    }
    let outputs = bench.say(1, &ClientMessage::Sample);
    let [Output::Send { message: ServerMessage::Peers { peers, room_size: 40 }, .. }] = outputs.as_slice() else {
        panic!("{outputs:?}");
    };
    assert_eq!(peers.len(), MAX_SAMPLE);
    let outside = bench.tracker.sample(&"dev.a".parse().unwrap()).unwrap();
    assert_eq!((outside.peers.len(), outside.total), (MAX_SAMPLE, 40));
    assert_eq!(bench.tracker.sample(&"dev.b".parse().unwrap()), None);
}

#[test]
fn a_proof_for_another_connection_or_room_is_worthless() {
    let mut bench = Bench::new(Limits::default());
    bench.connect(1, HOME);
    bench.connect(2, HOME);
    let overheard = bench.join_text(1, 1, "dev.a");
    assert_eq!(bench.say(2, &overheard), dismissed(2, Refusal::BadSignature));
    let ClientMessage::Join { version, public_key, signature, .. } = overheard else { unreachable!() };
    let elsewhere = ClientMessage::Join { version, room: "dev.b".parse().unwrap(), public_key, signature };
    assert_eq!(bench.say(1, &elsewhere), dismissed(1, Refusal::BadSignature));
}

#[test]
fn another_version_is_told_so_whatever_its_fields() {
    let mut bench = Bench::new(Limits::default());
    for connection in 1..=3 {
        bench.connect(connection, HOME);
    }
    let ClientMessage::Join { room, public_key, signature, .. } = bench.join_text(1, 1, "dev.a") else {
        unreachable!()
    };
    let newer = ClientMessage::Join { version: PROTOCOL_VERSION + 1, room, public_key, signature };
    assert_eq!(bench.say(1, &newer), dismissed(1, Refusal::Version));
    assert_eq!(bench.text(2, r#"{"type":"join","version":99,"token":"x"}"#), dismissed(2, Refusal::Version));
    assert_eq!(bench.text(3, r#"{"type":"join","version":1,"token":"x"}"#), dismissed(3, Refusal::Malformed));
}

#[test]
fn nothing_but_a_join_comes_first() {
    let mut bench = Bench::new(Limits::default());
    for (connection, message) in [(1, ClientMessage::Sample), (2, ClientMessage::Pong), (3, signal(peer(1), "x"))] {
        bench.connect(connection, HOME);
        assert_eq!(bench.say(connection, &message), dismissed(connection, Refusal::NotJoined));
        assert_eq!(bench.say(connection, &message), vec![], "the connection is gone");
    }
}

#[test]
fn a_second_join_is_refused_and_the_first_stays() {
    let mut bench = Bench::new(Limits::default());
    bench.enter(1, 1, "dev.a");
    assert_eq!(bench.join(1, 2, "dev.b"), refused(1, Refusal::AlreadyJoined));
    assert!(is_in_room(&mut bench, 1));
    assert_eq!(bench.tracker.sample(&"dev.b".parse().unwrap()), None);
}

fn is_in_room(bench: &mut Bench, connection: u64) -> bool {
    matches!(
        bench.say(connection, &ClientMessage::Sample).as_slice(),
        [Output::Send { message: ServerMessage::Peers { .. }, .. }]
    )
}

#[test]
fn malformed_messages_end_the_connection() {
    let deep = "[".repeat(10_000);
    let forged = format!(r#"{{"type":"signal","to":"{}","from":"{}","payload":"x"}}"#, peer(1), peer(2));
    let bad = [
        "",
        "null",
        "{}",
        "[]",
        "\"sample\"",
        r#"{"type":"nothing"}"#,
        r#"{"type":"signal","to":"1234","payload":"x"}"#,
        &deep,
        &forged,
    ];
    let mut bench = Bench::new(Limits::default());
    for (connection, text) in (1_u64..).zip(bad) {
        bench.enter(connection, u8::try_from(connection).unwrap(), "dev.a");
        assert_eq!(bench.text(connection, text), dismissed(connection, Refusal::Malformed), "{text}");
    }
    bench.enter(50, 50, "dev.a");
    let binary = Input::Received { connection: ConnectionId(50), frame: Frame::Binary };
    assert_eq!(bench.handle(binary), dismissed(50, Refusal::Malformed));
}

#[test]
fn length_limits_hold_to_the_character() {
    let mut bench = Bench::new(Limits::default());
    bench.enter(1, 1, "dev.a");
    bench.enter(2, 2, "dev.a");
    for (chars, ok) in [(MAX_SIGNAL_CHARS, true), (MAX_SIGNAL_CHARS + 1, false)] {
        let payload = "x".repeat(chars);
        let expected = if ok {
            vec![send(2, ServerMessage::Signal { from: peer(1), payload: payload.clone() })]
        } else {
            refused(1, Refusal::TooLong)
        };
        assert_eq!(bench.say(1, &signal(peer(2), &payload)), expected);
    }
    let padded = |bytes: usize| format!("{}{}", r#"{"type":"pong"}"#, " ".repeat(bytes - 15));
    assert_eq!(bench.text(1, &padded(MAX_MESSAGE_BYTES)), vec![]);
    assert_eq!(bench.text(1, &padded(MAX_MESSAGE_BYTES + 1)), dismissed(1, Refusal::TooLong));
}

#[test]
fn signals_are_stamped_and_stay_in_the_room() {
    let mut bench = Bench::new(Limits::default());
    bench.enter(1, 1, "dev.a");
    bench.enter(2, 2, "dev.a");
    bench.enter(3, 3, "dev.b");
    let relayed = ServerMessage::Signal { from: peer(1), payload: "offer".into() };
    assert_eq!(bench.say(1, &signal(peer(2), "offer")), vec![send(2, relayed)]);
    for absent in [peer(3), peer(4), peer(1)] {
        let undeliverable = ServerMessage::Undeliverable { to: absent };
        assert_eq!(bench.say(1, &signal(absent, "offer")), vec![send(1, undeliverable)]);
    }
    bench.handle(Input::Disconnected { connection: ConnectionId(2) });
    let undeliverable = ServerMessage::Undeliverable { to: peer(2) };
    assert_eq!(bench.say(1, &signal(peer(2), "offer")), vec![send(1, undeliverable)]);
}

#[test]
fn the_newer_connection_of_a_peer_replaces_the_older() {
    let mut bench = Bench::new(Limits { max_peers_per_room: 2, max_rooms: 1, ..Limits::default() });
    bench.enter(1, 1, "dev.a");
    bench.enter(2, 2, "dev.a");
    bench.connect(3, AWAY);
    let mut expected = dismissed(1, Refusal::Replaced);
    expected.push(send(3, ServerMessage::Welcome { peer: peer(1), peers: vec![peer(2)], room_size: 2 }));
    assert_eq!(bench.join(3, 1, "dev.a"), expected, "also when the room is full");
    bench.handle(Input::Disconnected { connection: ConnectionId(1) });
    let relayed = ServerMessage::Signal { from: peer(2), payload: "x".into() };
    assert_eq!(bench.say(2, &signal(peer(1), "x")), vec![send(3, relayed)]);
}

#[test]
fn replacing_the_only_peer_keeps_the_room() {
    let mut bench = Bench::new(Limits { max_rooms: 1, ..Limits::default() });
    bench.enter(1, 1, "dev.a");
    bench.connect(2, HOME);
    let outputs = bench.join(2, 1, "dev.a");
    assert_eq!(outputs[..2], dismissed(1, Refusal::Replaced));
    assert!(is_welcome(&outputs[2..], 2));
}

#[test]
fn rooms_are_bounded_and_freed_when_empty() {
    let mut bench = Bench::new(Limits { max_rooms: 2, max_peers_per_room: 2, ..Limits::default() });
    bench.enter(1, 1, "dev.a");
    bench.enter(2, 2, "dev.b");
    bench.connect(3, HOME);
    assert_eq!(bench.join(3, 3, "dev.c"), dismissed(3, Refusal::TooManyRooms));
    bench.enter(4, 4, "dev.a");
    bench.connect(5, HOME);
    assert_eq!(bench.join(5, 5, "dev.a"), dismissed(5, Refusal::RoomFull));
    bench.handle(Input::Disconnected { connection: ConnectionId(2) });
    bench.enter(6, 6, "dev.c");
}

#[test]
fn one_address_founds_only_its_share_of_rooms() {
    let mut bench = Bench::new(Limits { max_rooms_per_address: 2, ..Limits::default() });
    for (connection, room) in [(1, "dev.a"), (2, "dev.b")] {
        bench.connect(connection, HOME);
        assert!(is_welcome(&bench.join(connection, 1, room), connection));
    }
    bench.connect(3, HOME);
    assert_eq!(bench.join(3, 3, "dev.c"), dismissed(3, Refusal::TooManyRooms));
    bench.connect(4, AWAY);
    assert!(is_welcome(&bench.join(4, 4, "dev.c"), 4));
    bench.connect(5, HOME);
    assert!(is_welcome(&bench.join(5, 5, "dev.c"), 5), "a room that exists costs nothing");
    bench.handle(Input::Disconnected { connection: ConnectionId(1) });
    bench.connect(6, HOME);
    assert!(is_welcome(&bench.join(6, 6, "dev.d"), 6));
}

#[test]
fn connections_are_bounded_in_all_and_by_address() {
    let mut bench = Bench::new(Limits { max_connections: 3, max_connections_per_address: 2, ..Limits::default() });
    bench.connect(1, HOME);
    bench.connect(2, HOME);
    assert_eq!(bench.connect(3, HOME), dismissed(3, Refusal::TooManyConnections));
    bench.connect(4, AWAY);
    assert_eq!(bench.connect(5, AWAY), dismissed(5, Refusal::TooManyConnections));
    assert_eq!(bench.challenges.keys().map(|id| id.0).collect::<Vec<_>>(), [1, 2, 4]);
    bench.handle(Input::Disconnected { connection: ConnectionId(1) });
    bench.connect(6, HOME);
    assert!(bench.tracker.is_connected(ConnectionId(6)));
}

#[test]
fn connections_of_one_address_come_at_a_rate() {
    let connects = Rate { per_second: 1, burst: 2 };
    let mut bench = Bench::new(Limits { connects, ..Limits::default() });
    for connection in 1..=2 {
        bench.connect(connection, HOME);
        bench.handle(Input::Disconnected { connection: ConnectionId(connection) });
    }
    assert_eq!(bench.connect(3, HOME), dismissed(3, Refusal::RateLimited));
    bench.connect(4, AWAY);
    assert!(bench.tracker.is_connected(ConnectionId(4)));
    bench.now += Duration::from_secs(1);
    bench.connect(5, HOME);
    assert!(bench.tracker.is_connected(ConnectionId(5)));
}

#[test]
fn a_flood_of_messages_ends_the_connection() {
    let messages = Rate { per_second: 1, burst: 5 };
    let mut bench = Bench::new(Limits { messages, ..Limits::default() });
    bench.enter(1, 1, "dev.a");
    for _ in 0..4 {
        assert_eq!(bench.say(1, &ClientMessage::Pong), vec![]);
    }
    bench.now += Duration::from_secs(1);
    let control = Input::Received { connection: ConnectionId(1), frame: Frame::Control };
    assert_eq!(bench.handle(control), vec![]);
    assert_eq!(bench.handle(control), dismissed(1, Refusal::RateLimited));
}

#[test]
fn a_flood_of_signals_is_not_relayed() {
    let signals = Rate { per_second: 1, burst: 3 };
    let mut bench = Bench::new(Limits { signals, ..Limits::default() });
    bench.enter(1, 1, "dev.a");
    bench.enter(2, 2, "dev.a");
    let relayed = vec![send(2, ServerMessage::Signal { from: peer(1), payload: "x".into() })];
    for _ in 0..3 {
        assert_eq!(bench.say(1, &signal(peer(2), "x")), relayed);
    }
    assert_eq!(bench.say(1, &signal(peer(2), "x")), refused(1, Refusal::RateLimited));
    bench.now += Duration::from_secs(1);
    assert_eq!(bench.say(1, &signal(peer(2), "x")), relayed);
}

#[test]
fn many_senders_do_not_flood_one_receiver() {
    let inbox = Rate { per_second: 256, burst: 2 * (100 + SIGNAL_OVERHEAD_BYTES) };
    let mut bench = Bench::new(Limits { inbox, ..Limits::default() });
    for number in 1..=4 {
        bench.enter(number.into(), number, "dev.a");
    }
    let payload = "x".repeat(100);
    for sender in [2, 3] {
        let relayed = ServerMessage::Signal { from: peer(sender), payload: payload.clone() };
        assert_eq!(bench.say(sender.into(), &signal(peer(1), &payload)), vec![send(1, relayed)]);
    }
    let undeliverable = vec![send(4, ServerMessage::Undeliverable { to: peer(1) })];
    assert_eq!(bench.say(4, &signal(peer(1), &payload)), undeliverable);
    bench.now += Duration::from_secs(1);
    let relayed = ServerMessage::Signal { from: peer(4), payload: payload.clone() };
    assert_eq!(bench.say(4, &signal(peer(1), &payload)), vec![send(1, relayed)]);
}

#[test]
fn who_does_not_join_in_time_goes() {
    let mut bench = Bench::new(Limits::default());
    let within = bench.tracker.limits.join_within;
    bench.connect(1, HOME);
    assert_eq!(bench.pass(within.saturating_sub(INSTANT)), vec![]);
    assert_eq!(bench.pass(INSTANT), dismissed(1, Refusal::TimedOut));
}

#[test]
fn presence_is_asked_for_and_silence_leaves_the_room() {
    let mut bench = Bench::new(Limits::default());
    let Limits { ping_every, pong_within, .. } = bench.tracker.limits;
    bench.enter(1, 1, "dev.a");
    bench.enter(2, 2, "dev.a");
    assert_eq!(bench.pass(ping_every.saturating_sub(INSTANT)), vec![]);
    let pings = vec![send(1, ServerMessage::Ping), send(2, ServerMessage::Ping)];
    assert_eq!(bench.pass(INSTANT), pings);
    assert_eq!(bench.say(1, &ClientMessage::Pong), vec![]);
    assert_eq!(bench.pass(pong_within.saturating_sub(INSTANT)), pings[..1], "who answered is asked again");
    assert_eq!(bench.pass(INSTANT), dismissed(2, Refusal::TimedOut));
    let undeliverable = vec![send(1, ServerMessage::Undeliverable { to: peer(2) })];
    assert_eq!(bench.say(1, &signal(peer(2), "x")), undeliverable);
}

#[test]
fn an_answer_before_the_question_wins_no_time() {
    let mut bench = Bench::new(Limits::default());
    let ping_every = bench.tracker.limits.ping_every;
    bench.enter(1, 1, "dev.a");
    bench.now += ping_every / 2;
    assert_eq!(bench.say(1, &ClientMessage::Pong), vec![]);
    assert_eq!(bench.pass(ping_every / 2), vec![send(1, ServerMessage::Ping)]);
}

#[test]
fn shutting_down_tells_everyone_and_admits_nobody() {
    let mut bench = Bench::new(Limits::default());
    bench.enter(1, 1, "dev.a");
    bench.connect(2, HOME);
    let expected = [dismissed(1, Refusal::ShuttingDown), dismissed(2, Refusal::ShuttingDown)].concat();
    assert_eq!(bench.handle(Input::ShutDown), expected);
    assert_eq!(bench.connect(3, HOME), dismissed(3, Refusal::ShuttingDown));
    assert!(bench.tracker.rooms.is_empty() && bench.tracker.connections.is_empty());
}
