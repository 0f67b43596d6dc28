//! Random sequences of input: no panic, every limit holds, no forged sender, and the same again the second time.

use super::*;

const CONNECTIONS: u64 = 12;
const KEYS: u8 = 5;
const ROOMS: [&str; 4] = ["dev.a", "dev.b", "dev.c", "dev.d"];

/// One random step. Names are drawn from few, so that steps meet.
#[derive(Debug, Clone)]
enum Step {
    Connect { connection: u64, address: u8 },
    Join { connection: u64, key: u8, room: usize, challenge_of: u64 },
    Signal { connection: u64, to: u8, length: usize },
    Sample { connection: u64 },
    Pong { connection: u64 },
    Text { connection: u64, text: String },
    Control { connection: u64, binary: bool },
    Disconnect { connection: u64 },
    Pass { milliseconds: u64 },
    ShutDown,
}

fn step() -> impl Strategy<Value = Step> {
    let connection = || 0..CONNECTIONS;
    prop_oneof![
        6 => (connection(), 0..3_u8).prop_map(|(connection, address)| Step::Connect { connection, address }),
        8 => (connection(), 1..=KEYS, 0..ROOMS.len(), any::<bool>(), connection()).prop_map(
            |(connection, key, room, honest, other)| {
                let challenge_of = if honest { connection } else { other };
                Step::Join { connection, key, room, challenge_of }
            }
        ),
        6 => (connection(), 1..=KEYS, 0..400_usize)
            .prop_map(|(connection, to, length)| Step::Signal { connection, to, length }),
        3 => connection().prop_map(|connection| Step::Sample { connection }),
        3 => connection().prop_map(|connection| Step::Pong { connection }),
        1 => (connection(), ".{0,60}").prop_map(|(connection, text)| Step::Text { connection, text }),
        1 => (connection(), any::<bool>()).prop_map(|(connection, binary)| Step::Control { connection, binary }),
        2 => connection().prop_map(|connection| Step::Disconnect { connection }),
        4 => (0..8000_u64).prop_map(|milliseconds| Step::Pass { milliseconds }),
        1 => prop::sample::select(vec![Step::Pass { milliseconds: 60_000 }, Step::ShutDown]),
    ]
}

fn tight_limits() -> Limits {
    Limits {
        max_rooms: 3,
        max_rooms_per_address: 2,
        max_peers_per_room: 3,
        max_connections: 8,
        max_connections_per_address: 4,
        connects: Rate { per_second: 2, burst: 6 },
        messages: Rate { per_second: 4, burst: 10 },
        signals: Rate { per_second: 1, burst: 4 },
        inbox: Rate { per_second: 200, burst: 1000 },
        ..Limits::default()
    }
}

fn apply(bench: &mut Bench, step: &Step) -> Vec<Output> {
    match step {
        Step::Connect { connection, address } => bench.connect(*connection, [192, 0, 2, *address].into()),
        Step::Join { connection, key, room, challenge_of } => {
            let none = String::new();
            let challenge = bench.challenges.get(&ConnectionId(*challenge_of)).unwrap_or(&none);
            let message = join(challenge, *key, ROOMS[*room]);
            bench.say(*connection, &message)
        }
        Step::Signal { connection, to, length } => bench.say(*connection, &signal(peer(*to), &"x".repeat(*length))),
        Step::Sample { connection } => bench.say(*connection, &ClientMessage::Sample),
        Step::Pong { connection } => bench.say(*connection, &ClientMessage::Pong),
        Step::Text { connection, text } => bench.text(*connection, text),
        Step::Control { connection, binary } => {
            let frame = if *binary { Frame::Binary } else { Frame::Control };
            bench.handle(Input::Received { connection: ConnectionId(*connection), frame })
        }
        Step::Disconnect { connection } => bench.handle(Input::Disconnected { connection: ConnectionId(*connection) }),
        Step::Pass { milliseconds } => bench.pass(Duration::from_millis(*milliseconds)),
        Step::ShutDown => bench.handle(Input::ShutDown),
    }
}

/// A relayed signal carries the id that the sending connection has proved, and reaches nobody outside its room.
fn check_relay(bench: &Bench, step: &Step, outputs: &[Output]) {
    for output in outputs {
        let Output::Send { connection: to, message: ServerMessage::Signal { from, .. } } = output else { continue };
        let Step::Signal { connection, .. } = step else { panic!("a signal out of {step:?}") };
        let stage = |id: &ConnectionId| match &bench.tracker.connections[id].stage {
            Stage::Joined { room, peer, .. } => (room.clone(), *peer),
            Stage::Challenged { .. } => panic!("a signal from or to one that has not joined"),
        };
        let (sender, receiver) = (stage(&ConnectionId(*connection)), stage(to));
        assert_eq!(sender.1, *from);
        assert_eq!(sender.0, receiver.0);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn random_input_keeps_every_bound(steps in prop::collection::vec(step(), 1..120)) {
        let (mut bench, mut twin) = (Bench::new(tight_limits()), Bench::new(tight_limits()));
        for step in &steps {
            // `Bench::handle` checks every limit and index after each input.
            let outputs = apply(&mut bench, step);
            check_relay(&bench, step, &outputs);
            prop_assert_eq!(outputs, apply(&mut twin, step));
        }
    }
}
