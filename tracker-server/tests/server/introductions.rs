//! What honest tabs get: a challenge, a welcome, samples, relayed signals, presence checks.

use crate::support::{Client, Server, get, join, peer, soon};
use futures_util::StreamExt;
use serde_json::json;
use std::time::Duration;
use tokio_tungstenite::tungstenite::Message;
use tracker_protocol::{ClientMessage, Refusal, ServerMessage};
use tracker_server::{Config, Limits};

#[tokio::test]
async fn tabs_meet_and_signal() {
    let server = Server::tracker().await;
    let mut first = Client::open(server.address, &[]).await;
    let welcome = ServerMessage::Welcome { peer: peer(1), peers: vec![], room_size: 1 };
    assert_eq!(first.join(1, "dev.class").await, welcome);
    let mut second = Client::open(server.address, &[]).await;
    let welcome = ServerMessage::Welcome { peer: peer(2), peers: vec![peer(1)], room_size: 2 };
    assert_eq!(second.join(2, "dev.class").await, welcome);

    first.say(&ClientMessage::Sample).await;
    assert_eq!(first.next().await, ServerMessage::Peers { peers: vec![peer(2)], room_size: 2 });
    first.signal(peer(2), "offer").await;
    assert_eq!(second.next().await, ServerMessage::Signal { from: peer(1), payload: "offer".into() });
    second.signal(peer(1), "answer").await;
    assert_eq!(first.next().await, ServerMessage::Signal { from: peer(2), payload: "answer".into() });

    second.leave().await;
    first.signal(peer(2), "candidate").await;
    assert_eq!(first.next().await, ServerMessage::Undeliverable { to: peer(2) });
}

#[tokio::test]
async fn a_room_can_be_looked_into() {
    let server = Server::tracker().await;
    let _tab = Client::enter(server.address, 1, "dev.class-7b").await;
    let reply = get(server.address, "/api/rooms/dev.class-7b/peers", "").await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.json(), json!({ "room": "dev.class-7b", "peers": [peer(1)], "total": 1 }));
    for (path, status, code) in [
        ("/api/rooms/dev.class-7c/peers", 404, "unknown-room"),
        ("/api/rooms/Class/peers", 400, "bad-room"),
        ("/api/rooms/%3Cscript%3E/peers", 400, "bad-room"),
        ("/api/rooms/%ff/peers", 400, "bad-room"),
        ("/api/rooms", 404, "unknown-endpoint"),
    ] {
        let reply = get(server.address, path, "").await;
        assert_eq!((reply.status, reply.json()["error"]["code"].as_str()), (status, Some(code)), "{path}");
    }
}

#[tokio::test]
async fn the_configuration_and_the_tracker_name_the_ice_servers() {
    let servers = ["stun:stun.example:3478", "turn:turn.example,tab,secret"];
    let ice_servers = servers.map(|server| server.parse().unwrap()).into();
    let server = Server::start(Config { ice_servers, ..Config::default() }).await;
    let expected = json!({ "iceServers": [
        { "urls": "stun:stun.example:3478" },
        { "urls": "turn:turn.example", "username": "tab", "credential": "secret" },
    ] });
    assert_eq!(get(server.address, "/api/config", "").await.json(), expected);
    assert_eq!(get(server.address, "/healthz", "").await.body, "ok");
    let mut client = Client::open(server.address, &[]).await;
    let challenge = client.challenge().await;
    client.say(&join(&challenge, 1, "dev.class")).await;
    let told = serde_json::to_value(client.next().await).unwrap();
    assert_eq!(told, json!({ "type": "ice-servers", "servers": expected["iceServers"] }));
    assert!(matches!(client.next().await, ServerMessage::Welcome { .. }));
}

#[tokio::test]
async fn the_newer_connection_replaces_the_older() {
    let server = Server::tracker().await;
    let mut older = Client::enter(server.address, 1, "dev.class").await;
    let mut newer = Client::enter(server.address, 1, "dev.class").await;
    older.dismissed(Refusal::Replaced).await;
    let mut other = Client::enter(server.address, 2, "dev.class").await;
    other.signal(peer(1), "offer").await;
    assert_eq!(newer.next().await, ServerMessage::Signal { from: peer(2), payload: "offer".into() });
}

#[tokio::test]
async fn presence_is_kept_by_answering() {
    let limits =
        Limits { ping_every: Duration::from_millis(10), pong_within: Duration::from_secs(1), ..Limits::default() };
    let server = Server::with_limits(limits).await;
    let mut silent = Client::enter(server.address, 1, "dev.class").await;
    let mut present = Client::enter(server.address, 2, "dev.class").await;
    let answers = async {
        loop {
            if present.next().await == ServerMessage::Ping {
                present.say(&ClientMessage::Pong).await;
            }
        }
    };
    let silence = async {
        assert_eq!(silent.next().await, ServerMessage::Ping);
        silent.dismissed(Refusal::TimedOut).await;
    };
    tokio::select! {
        () = answers => {}
        () = silence => {}
    }
    let reply = get(server.address, "/api/rooms/dev.class/peers", "").await;
    assert_eq!(reply.json()["peers"], json!([peer(2)]));
}

#[tokio::test]
async fn websocket_pings_are_answered() {
    let server = Server::tracker().await;
    let mut tab = Client::enter(server.address, 1, "dev.class").await;
    tab.send(Message::Ping("are you there".into())).await;
    let pong = soon(tab.socket.next()).await.unwrap().unwrap();
    assert_eq!(pong, Message::Pong("are you there".into()));
}
