//! A tracker on a free port, and clients that wait for what they expect.

use futures_util::{SinkExt, StreamExt};
use k256::ecdsa::{Signature, SigningKey, signature::Signer};
use sha2::{Digest, Sha256};
use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpSocket, TcpStream},
    task::JoinHandle,
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{
        self, Message,
        client::IntoClientRequest,
        handshake::client::Request,
        http::{HeaderMap, HeaderName, StatusCode, header},
    },
};
use tokio_util::sync::CancellationToken;
use tracker_protocol::{ClientMessage, PROTOCOL_VERSION, PeerId, Refusal, RoomId, ServerMessage, join_message};
use tracker_server::{Config, Limits, ServerError, run};

/// How long anything may take before a test fails: far above what it takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Longest a shutdown may take with a peer that does not cooperate.
pub(crate) const SHUTDOWN_LIMIT: Duration = Duration::from_secs(15);

/// Waits for something that must happen.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    timeout(PATIENCE, future).await.expect("it takes too long")
}

/// A running tracker; stops with the test.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    stop: CancellationToken,
    task: JoinHandle<Result<(), ServerError>>,
}

impl Server {
    pub(crate) async fn start(config: Config) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let task = tokio::spawn(run(listener, config, stop.clone().cancelled_owned()));
        Self { address, stop, task }
    }

    pub(crate) async fn with_limits(limits: Limits) -> Self {
        Self::start(Config { limits, ..Config::default() }).await
    }

    pub(crate) async fn tracker() -> Self {
        Self::start(Config::default()).await
    }

    pub(crate) fn stop(&self) {
        self.stop.cancel();
    }

    /// How long the server takes to end.
    pub(crate) async fn ended(self) -> Duration {
        let start = Instant::now();
        soon(self.task).await.unwrap().unwrap();
        start.elapsed()
    }
}

/// A request to open the WebSocket.
pub(crate) fn request(address: SocketAddr, headers: &[(HeaderName, &str)]) -> Request {
    let mut request = format!("ws://{address}/ws").into_client_request().unwrap();
    for (name, value) in headers {
        request.headers_mut().append(name, value.parse().unwrap());
    }
    request
}

/// The status with which a WebSocket is refused.
pub(crate) async fn refused_upgrade(address: SocketAddr, headers: &[(HeaderName, &str)]) -> StatusCode {
    let stream = TcpStream::connect(address).await.unwrap();
    match soon(client_async(request(address, headers), stream)).await {
        Err(tungstenite::Error::Http(response)) => response.status(),
        other => panic!("the upgrade was not refused: {other:?}"),
    }
}

/// One tab's connection.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) socket: WebSocketStream<TcpStream>,
}

impl Client {
    /// Opens the WebSocket and reads nothing yet.
    pub(crate) async fn open(address: SocketAddr, headers: &[(HeaderName, &str)]) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        let (socket, _) = soon(client_async(request(address, headers), stream)).await.unwrap();
        Self { socket }
    }

    /// Opens it with the least receive buffer that the system gives.
    pub(crate) async fn open_narrow(address: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(1024).unwrap();
        let stream = socket.connect(address).await.unwrap();
        let (socket, _) = soon(client_async(request(address, &[]), stream)).await.unwrap();
        Self { socket }
    }

    /// Opens the WebSocket and joins a room.
    pub(crate) async fn enter(address: SocketAddr, key: u8, room: &str) -> Self {
        let mut client = Self::open(address, &[]).await;
        client.join(key, room).await;
        client
    }

    /// Answers the challenge; returns the welcome.
    pub(crate) async fn join(&mut self, key: u8, room: &str) -> ServerMessage {
        let challenge = self.challenge().await;
        self.say(&join(&challenge, key, room)).await;
        let mut welcome = self.next().await;
        if matches!(welcome, ServerMessage::IceServers { .. }) {
            welcome = self.next().await;
        }
        assert!(matches!(welcome, ServerMessage::Welcome { .. }), "{welcome:?}");
        welcome
    }

    pub(crate) async fn challenge(&mut self) -> String {
        match self.next().await {
            ServerMessage::Challenge { challenge } => challenge,
            other => panic!("no challenge but {other:?}"),
        }
    }

    pub(crate) async fn say(&mut self, message: &ClientMessage) {
        self.send(Message::text(serde_json::to_string(message).unwrap())).await;
    }

    pub(crate) async fn signal(&mut self, to: PeerId, payload: &str) {
        self.say(&ClientMessage::Signal { to, payload: payload.to_owned() }).await;
    }

    pub(crate) async fn send(&mut self, message: Message) {
        soon(self.socket.send(message)).await.unwrap();
    }

    /// The next message of the tracker.
    pub(crate) async fn next(&mut self) -> ServerMessage {
        match soon(self.socket.next()).await {
            Some(Ok(Message::Text(text))) => serde_json::from_str(&text).unwrap(),
            other => panic!("no message but {other:?}"),
        }
    }

    /// Expects a fatal refusal, a close frame and the end; returns the close code.
    pub(crate) async fn dismissed(&mut self, reason: Refusal) -> u16 {
        assert_eq!(self.next().await, ServerMessage::Refused { reason, fatal: true });
        let code = match soon(self.socket.next()).await {
            Some(Ok(Message::Close(Some(frame)))) => frame.code.into(),
            other => panic!("no close frame but {other:?}"),
        };
        self.ended().await;
        code
    }

    /// Waits until the connection has ended, whatever still comes.
    pub(crate) async fn ended(&mut self) {
        soon(async { while let Some(Ok(_)) = self.socket.next().await {} }).await;
    }

    /// Leaves in good order and waits until the tracker has let go.
    pub(crate) async fn leave(mut self) {
        soon(self.socket.close(None)).await.unwrap();
        self.ended().await;
    }
}

fn signing_key(number: u8) -> SigningKey {
    SigningKey::from_slice(&[number; 32]).unwrap()
}

/// The id of the peer with the given key.
pub(crate) fn peer(number: u8) -> PeerId {
    let digest: [u8; 32] = Sha256::digest(signing_key(number).verifying_key().to_sec1_point(true)).into();
    PeerId::from_bytes(digest[..PeerId::LENGTH].try_into().unwrap())
}

/// An honest join.
pub(crate) fn join(challenge: &str, key: u8, room: &str) -> ClientMessage {
    let room: RoomId = room.parse().unwrap();
    let key = signing_key(key);
    let signature: Signature = key.sign(&join_message(challenge, &room));
    let public_key = hex::encode(key.verifying_key().to_sec1_point(true));
    let signature = hex::encode(signature.to_bytes());
    ClientMessage::Join { version: PROTOCOL_VERSION, room, public_key, signature }
}

/// An HTTP response.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn header(&self, name: &HeaderName) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        assert_eq!(self.header(&header::CONTENT_TYPE), "application/json");
        serde_json::from_str(&self.body).unwrap()
    }
}

/// Asks for a path exactly as written, which an ordinary client would tidy up first.
pub(crate) async fn get(address: SocketAddr, path: &str, more_headers: &str) -> Reply {
    ask(address, "GET", path, more_headers).await
}

/// Asks with any method; `more_headers` are lines that end in CR LF.
pub(crate) async fn ask(address: SocketAddr, method: &str, path: &str, more_headers: &str) -> Reply {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{more_headers}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut response = Vec::new();
    soon(stream.read_to_end(&mut response)).await.unwrap();
    let response = String::from_utf8(response).unwrap();
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let mut headers = HeaderMap::new();
    for (name, value) in lines.map(|line| line.split_once(": ").unwrap()) {
        headers.append(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
    }
    Reply { status, headers, body: body.to_owned() }
}
