//! The end: everyone is told, everything is closed, and nobody can delay it for long.

use crate::support::{Client, PATIENCE, SHUTDOWN_LIMIT, Server, peer, soon};
use std::time::Instant;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_tungstenite::tungstenite::Message;
use tracker_protocol::{ClientMessage, MAX_SIGNAL_CHARS, Refusal, ServerMessage};
use tracker_server::{Limits, Rate};

/// Close code 1001 of RFC 6455: the endpoint is going away.
const GOING_AWAY: u16 = 1001;

#[tokio::test]
async fn every_tab_is_told_and_closed() {
    let server = Server::tracker().await;
    let mut joined = Client::enter(server.address, 1, "dev.class").await;
    let mut waiting = Client::open(server.address, &[]).await;
    waiting.challenge().await;
    server.stop();
    assert_eq!(joined.dismissed(Refusal::ShuttingDown).await, GOING_AWAY);
    assert_eq!(waiting.dismissed(Refusal::ShuttingDown).await, GOING_AWAY);
    let address = server.address;
    server.ended().await;
    TcpStream::connect(address).await.expect_err("nobody listens any more");
}

#[tokio::test]
async fn an_idle_http_connection_is_closed() {
    let server = Server::tracker().await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let request = format!("GET /healthz HTTP/1.1\r\nHost: {}\r\n\r\n", server.address);
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut reply = [0; 1];
    soon(stream.read_exact(&mut reply)).await.unwrap();
    server.stop();
    soon(stream.read_to_end(&mut Vec::new())).await.unwrap();
    assert!(server.ended().await < SHUTDOWN_LIMIT);
}

#[tokio::test]
async fn a_tab_that_neither_reads_nor_answers_cannot_delay_it_for_long() {
    let plenty = Rate { per_second: u32::MAX, burst: u32::MAX };
    // Eight signals a round fit the queue of the slow tab, so it is not dropped before its time.
    let limits = Limits { messages: plenty, signals: plenty, inbox: plenty, ..Limits::default() };
    let server = Server::with_limits(limits).await;
    let mut stuck = Client::open_narrow(server.address).await;
    stuck.join(1, "dev.class").await;
    let mut sender = Client::enter(server.address, 2, "dev.class").await;
    for _ in 0..8 {
        sender.signal(peer(1), &"x".repeat(MAX_SIGNAL_CHARS)).await;
    }
    sender.send(Message::text(serde_json::to_string(&ClientMessage::Sample).unwrap())).await;
    let present = ServerMessage::Peers { peers: vec![peer(1)], room_size: 2 };
    assert_eq!(sender.next().await, present);
    let start = Instant::now();
    server.stop();
    sender.dismissed(Refusal::ShuttingDown).await;
    assert!(server.ended().await < SHUTDOWN_LIMIT);
    assert!(start.elapsed() < PATIENCE);
    drop(stuck);
}
