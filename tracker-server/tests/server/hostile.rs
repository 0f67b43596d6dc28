//! What others do not get: every refusal has a reason, and honest tabs are not disturbed.

use crate::support::{Client, PATIENCE, Server, join, peer, refused_upgrade, soon};
use std::time::{Duration, Instant};
use tokio::{io::AsyncReadExt, net::TcpStream};
use tokio_tungstenite::tungstenite::{
    Message,
    http::{HeaderName, StatusCode, header},
};
use tracker_protocol::{ClientMessage, MAX_MESSAGE_BYTES, MAX_SIGNAL_CHARS, Refusal, RoomId, ServerMessage};
use tracker_server::{Config, Limits, Rate};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// More of anything than a test uses up.
const PLENTY: Rate = Rate { per_second: u32::MAX, burst: u32::MAX };

#[tokio::test]
async fn a_foreign_origin_is_refused_before_the_upgrade() {
    let allowed_origins = vec!["https://friend.example".parse().unwrap()];
    let server = Server::start(Config { allowed_origins, ..Config::default() }).await;
    for origin in ["https://evil.example", "null", "http://127.0.0.1", "https://friend.example:444"] {
        assert_eq!(
            refused_upgrade(server.address, &[(header::ORIGIN, origin)]).await,
            StatusCode::FORBIDDEN,
            "{origin}"
        );
    }
    let own = format!("http://{}", server.address);
    for origin in [own.as_str(), "https://friend.example"] {
        Client::open(server.address, &[(header::ORIGIN, origin)]).await.join(1, "dev.class").await;
    }
}

#[tokio::test]
async fn a_forged_peer_is_refused() {
    let server = Server::tracker().await;
    let mut thief = Client::open(server.address, &[]).await;
    let stolen = join("another challenge", 1, "dev.class");
    thief.challenge().await;
    thief.say(&stolen).await;
    thief.dismissed(Refusal::BadSignature).await;
}

#[tokio::test]
async fn a_forged_sender_is_refused() {
    let server = Server::tracker().await;
    let mut victim = Client::enter(server.address, 1, "dev.class").await;
    let mut liar = Client::enter(server.address, 2, "dev.class").await;
    let forged = format!(r#"{{"type":"signal","to":"{}","from":"{}","payload":"x"}}"#, peer(1), peer(3));
    liar.send(Message::text(forged)).await;
    liar.dismissed(Refusal::Malformed).await;
    victim.say(&ClientMessage::Sample).await;
    let alone = ServerMessage::Peers { peers: vec![], room_size: 1 };
    assert_eq!(victim.next().await, alone, "nothing of it was relayed");
}

#[tokio::test]
async fn signals_do_not_leave_the_room() {
    let server = Server::tracker().await;
    let mut inside = Client::enter(server.address, 1, "dev.a").await;
    let mut outside = Client::enter(server.address, 2, "dev.b").await;
    outside.signal(peer(1), "x").await;
    assert_eq!(outside.next().await, ServerMessage::Undeliverable { to: peer(1) });
    inside.say(&ClientMessage::Sample).await;
    assert_eq!(inside.next().await, ServerMessage::Peers { peers: vec![], room_size: 1 });
    let mut stranger = Client::open(server.address, &[]).await;
    stranger.challenge().await;
    stranger.signal(peer(1), "x").await;
    stranger.dismissed(Refusal::NotJoined).await;
}

#[tokio::test]
async fn messages_of_other_kinds_are_refused() {
    let server = Server::tracker().await;
    for message in [Message::text("hello"), Message::binary(vec![1, 2, 3])] {
        let mut client = Client::open(server.address, &[]).await;
        client.challenge().await;
        client.send(message).await;
        client.dismissed(Refusal::Malformed).await;
    }
}

#[tokio::test]
async fn oversized_messages_end_the_connection() {
    let server = Server::tracker().await;
    let mut honest = Client::enter(server.address, 1, "dev.class").await;
    let mut long = Client::enter(server.address, 2, "dev.class").await;
    long.send(Message::text("x".repeat(MAX_MESSAGE_BYTES + 1))).await;
    long.dismissed(Refusal::TooLong).await;
    let mut huge = Client::enter(server.address, 3, "dev.class").await;
    // The tracker may hang up before all of it is sent.
    let _ = soon(futures_util::SinkExt::send(&mut huge.socket, Message::text("x".repeat(4 << 20)))).await;
    huge.ended().await;
    let start = Instant::now();
    loop {
        honest.say(&ClientMessage::Sample).await;
        if honest.next().await == (ServerMessage::Peers { peers: vec![], room_size: 1 }) {
            break;
        }
        assert!(start.elapsed() < PATIENCE, "they never left the room");
    }
}

#[tokio::test]
async fn a_flood_of_messages_ends_the_connection() {
    let messages = Rate { per_second: 1, burst: 20 };
    let server = Server::with_limits(Limits { messages, ..Limits::default() }).await;
    let mut flood = Client::enter(server.address, 1, "dev.class").await;
    for _ in 0..40 {
        flood.say(&ClientMessage::Pong).await;
    }
    flood.dismissed(Refusal::RateLimited).await;
}

#[tokio::test]
async fn one_address_has_only_its_share_of_connections() {
    let server = Server::with_limits(Limits { max_connections_per_address: 2, ..Limits::default() }).await;
    let mut first = Client::enter(server.address, 1, "dev.class").await;
    let second = Client::enter(server.address, 2, "dev.class").await;
    for _ in 0..10 {
        Client::open(server.address, &[]).await.dismissed(Refusal::TooManyConnections).await;
    }
    second.leave().await;
    let _third = Client::enter(server.address, 3, "dev.class").await;
    first.say(&ClientMessage::Sample).await;
    assert_eq!(first.next().await, ServerMessage::Peers { peers: vec![peer(3)], room_size: 2 });
}

#[tokio::test]
async fn one_address_has_only_its_share_of_tcp_connections() {
    let limits = Limits { max_connections_per_address: 2, max_http_connections_per_address: 1, ..Limits::default() };
    let server = Server::with_limits(limits).await;
    let mut open = Vec::new();
    for _ in 0..3 {
        open.push(TcpStream::connect(server.address).await.unwrap());
    }
    let mut one_more = TcpStream::connect(server.address).await.unwrap();
    assert_eq!(soon(one_more.read(&mut [0])).await.unwrap_or(0), 0, "it is closed without a word");
    drop(open.pop());
    // The tracker notices that it is closed in its own time.
    let start = Instant::now();
    while refuses_tcp(&server).await {
        assert!(start.elapsed() < PATIENCE, "the place never came back");
    }
}

/// Whether the tracker hangs up instead of answering a request.
async fn refuses_tcp(server: &Server) -> bool {
    let request = format!("GET /healthz HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", server.address);
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    // Writing to a connection that is closed already may fail, which is an answer too.
    let _ = tokio::io::AsyncWriteExt::write_all(&mut stream, request.as_bytes()).await;
    let mut reply = Vec::new();
    let _ = soon(stream.read_to_end(&mut reply)).await;
    reply.is_empty()
}

#[tokio::test]
async fn a_flood_of_rooms_is_refused() {
    let server = Server::with_limits(Limits { max_rooms: 2, ..Limits::default() }).await;
    let mut honest = Client::enter(server.address, 1, "dev.a").await;
    let _other = Client::enter(server.address, 2, "dev.b").await;
    let mut flood = Client::open(server.address, &[]).await;
    let challenge = flood.challenge().await;
    flood.say(&join(&challenge, 3, "dev.c")).await;
    flood.dismissed(Refusal::TooManyRooms).await;
    honest.say(&ClientMessage::Sample).await;
    assert_eq!(honest.next().await, ServerMessage::Peers { peers: vec![], room_size: 1 });
}

#[tokio::test]
async fn forged_forwarding_headers_are_ignored() {
    let limits = Limits { max_connections_per_address: 1, ..Limits::default() };
    let server = Server::with_limits(limits.clone()).await;
    let _first = opened(&server, "192.0.2.1").await.unwrap();
    opened(&server, "192.0.2.2").await.unwrap_err();

    let trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
    let server = Server::start(Config { limits, trusted_proxies, ..Config::default() }).await;
    let _first = opened(&server, "192.0.2.1").await.unwrap();
    let _second = opened(&server, "192.0.2.2").await.unwrap();
    opened(&server, "192.0.2.2").await.unwrap_err();
    opened(&server, "192.0.2.3, 192.0.2.2").await.unwrap_err();
}

/// Opens the WebSocket with a forwarding header; tells how the tracker takes it.
async fn opened(server: &Server, forwarded_for: &str) -> Result<Client, Refusal> {
    let mut client = Client::open(server.address, &[(FORWARDED_FOR, forwarded_for)]).await;
    match client.next().await {
        ServerMessage::Challenge { .. } => Ok(client),
        ServerMessage::Refused { reason, fatal: true } => Err(reason),
        other => panic!("unexpected {other:?}"),
    }
}

#[tokio::test]
async fn a_slow_reader_is_dropped_and_holds_up_nobody() {
    let limits = Limits { messages: PLENTY, signals: PLENTY, inbox: PLENTY, ..Limits::default() };
    let server = Server::with_limits(limits).await;
    let mut slow = Client::open_narrow(server.address).await;
    slow.join(1, "dev.class").await;
    let mut sender = Client::enter(server.address, 2, "dev.class").await;
    let payload = "x".repeat(MAX_SIGNAL_CHARS);
    let present = ServerMessage::Peers { peers: vec![peer(1)], room_size: 2 };
    let start = Instant::now();
    loop {
        sender.signal(peer(1), &payload).await;
        // An answer to each round: the sender is served all the time.
        sender.say(&ClientMessage::Sample).await;
        if sender.next().await != present {
            break;
        }
        assert!(start.elapsed() < PATIENCE, "the slow reader is never dropped");
    }
    slow.ended().await;
}

#[tokio::test]
async fn who_never_joins_is_disconnected() {
    let limits = Limits { join_within: Duration::from_millis(50), ..Limits::default() };
    let server = Server::with_limits(limits).await;
    let mut idle = Client::open(server.address, &[]).await;
    idle.challenge().await;
    idle.dismissed(Refusal::TimedOut).await;
}

#[tokio::test]
async fn another_version_is_told_so() {
    let server = Server::tracker().await;
    let mut newer = Client::open(server.address, &[]).await;
    let challenge = newer.challenge().await;
    let ClientMessage::Join { version, public_key, signature, .. } = join(&challenge, 1, "dev.class") else {
        panic!("not a join");
    };
    let room: RoomId = "dev.class".parse().unwrap();
    newer.say(&ClientMessage::Join { version: version + 1, room, public_key, signature }).await;
    newer.dismissed(Refusal::Version).await;
}
