//! Rooms and peers as pure state: one input in, outputs out. No clock, no socket, no randomness
//! but a generator seeded from outside, so the same inputs give the same outputs.

use crate::{
    address::{AddressBook, AddressKey},
    bucket::Bucket,
    limits::{Limits, SIGNAL_OVERHEAD_BYTES},
    proof,
    room::Room,
};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};
use serde::Deserialize;
use std::{collections::BTreeMap, fmt, net::IpAddr, time::Duration};
use tracker_protocol::{
    CHALLENGE_BYTES, ClientMessage, IceServer, MAX_ICE_SERVERS, MAX_MESSAGE_BYTES, MAX_SAMPLE, MAX_SIGNAL_CHARS,
    PROTOCOL_VERSION, PeerId, Refusal, RoomId, ServerMessage, join_message,
};

#[cfg(test)]
mod tests;

/// Names one connection. The caller gives them out and never uses one twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnectionId(pub u64);

impl fmt::Display for ConnectionId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// What arrived on a connection.
#[derive(Debug, Clone, Copy)]
pub enum Frame<'a> {
    /// A text message.
    Text(&'a str),
    /// A binary message, which the protocol has none of.
    Binary,
    /// A WebSocket ping or pong: costs the tracker an answer, so it counts as a message.
    Control,
}

/// What happens to the tracker.
#[derive(Debug, Clone, Copy)]
pub enum Input<'a> {
    /// A connection was opened.
    Connected {
        /// Its new name.
        connection: ConnectionId,
        /// Where it comes from: what limits by address go by.
        address: IpAddr,
    },
    /// Something arrived on a connection.
    Received {
        /// Where it arrived.
        connection: ConnectionId,
        /// What arrived.
        frame: Frame<'a>,
    },
    /// A connection ended without the tracker's doing.
    Disconnected {
        /// Which one.
        connection: ConnectionId,
    },
    /// Time has passed.
    Tick,
    /// All connections are to be closed, and no new one accepted.
    ShutDown,
}

/// What the tracker wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Send a message.
    Send {
        /// Receiver.
        connection: ConnectionId,
        /// What to send.
        message: ServerMessage,
    },
    /// Close a connection behind the messages sent to it. The tracker has forgotten it already.
    Close {
        /// Which one.
        connection: ConnectionId,
        /// Why; the last message said so too.
        reason: Refusal,
    },
}

/// A look into a room from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomSample {
    /// At most [`MAX_SAMPLE`] peers at random.
    pub peers: Vec<PeerId>,
    /// How many peers the room has.
    pub total: u32,
}

#[derive(Debug)]
struct Connection {
    address: AddressKey,
    stage: Stage,
    messages: Bucket,
    signals: Bucket,
    inbox: Bucket,
}

#[derive(Debug)]
enum Stage {
    /// The challenge is out.
    Challenged { challenge: String, until: Duration },
    /// In a room.
    Joined { room: RoomId, peer: PeerId, presence: Presence },
}

#[derive(Debug, Clone, Copy)]
enum Presence {
    /// Known to be there; asked again when the time comes.
    Present { ping_at: Duration },
    /// Asked; has to answer in time.
    Asked { until: Duration },
}

/// A join as it came in.
struct Join {
    version: u16,
    room: RoomId,
    public_key: String,
    signature: String,
}

/// All rooms, peers and connections.
#[derive(Debug)]
pub struct Tracker {
    limits: Limits,
    rng: ChaCha20Rng,
    connections: BTreeMap<ConnectionId, Connection>,
    addresses: AddressBook,
    rooms: BTreeMap<RoomId, Room>,
    ice_servers: Vec<IceServer>,
    closing: bool,
    outputs: Vec<Output>,
}

impl Tracker {
    /// An empty tracker. Challenges come from the seed: it must be secret and drawn anew for each run.
    pub fn new(limits: Limits, seed: [u8; 32]) -> Self {
        Self {
            limits,
            rng: ChaCha20Rng::from_seed(seed),
            connections: BTreeMap::new(),
            addresses: AddressBook::default(),
            rooms: BTreeMap::new(),
            ice_servers: Vec::new(),
            closing: false,
            outputs: Vec::new(),
        }
    }

    /// Names these servers to every tab that joins; the first [`MAX_ICE_SERVERS`] of them.
    #[must_use]
    pub fn with_ice_servers(mut self, servers: impl IntoIterator<Item = IceServer>) -> Self {
        self.ice_servers = servers.into_iter().take(MAX_ICE_SERVERS).collect();
        self
    }

    /// Takes one input; `now` is the time since any fixed moment. Inputs for connections that
    /// the tracker has closed or never had are ignored.
    pub fn handle(&mut self, now: Duration, input: Input<'_>) -> Vec<Output> {
        match input {
            Input::Connected { connection, address } => self.connected(now, connection, AddressKey::of(address)),
            Input::Received { connection, frame } => self.received(now, connection, frame),
            Input::Disconnected { connection } => self.forget(connection),
            Input::Tick => self.tick(now),
            Input::ShutDown => self.shut_down(),
        }
        std::mem::take(&mut self.outputs)
    }

    /// A random sample of a room; `None` if there is no such room.
    pub fn sample(&mut self, room: &RoomId) -> Option<RoomSample> {
        let room = self.rooms.get(room)?;
        Some(RoomSample { peers: room.sample(&mut self.rng, None, MAX_SAMPLE), total: room.size() })
    }

    /// Whether the connection was admitted and has not been closed since.
    fn is_connected(&self, connection: ConnectionId) -> bool {
        self.connections.contains_key(&connection)
    }

    fn connected(&mut self, now: Duration, connection: ConnectionId, address: AddressKey) {
        if self.is_connected(connection) {
            return;
        }
        if let Err(reason) = self.admit(now, address) {
            return self.close(connection, reason);
        }
        let mut challenge = [0; CHALLENGE_BYTES];
        self.rng.fill_bytes(&mut challenge);
        let challenge = hex::encode(challenge);
        self.send(connection, ServerMessage::Challenge { challenge: challenge.clone() });
        let entry = Connection {
            address,
            stage: Stage::Challenged { challenge, until: now.saturating_add(self.limits.join_within) },
            messages: Bucket::new(self.limits.messages, now),
            signals: Bucket::new(self.limits.signals, now),
            inbox: Bucket::new(self.limits.inbox, now),
        };
        self.connections.insert(connection, entry);
    }

    fn admit(&mut self, now: Duration, address: AddressKey) -> Result<(), Refusal> {
        if self.closing {
            return Err(Refusal::ShuttingDown);
        }
        if self.connections.len() >= self.limits.max_connections {
            return Err(Refusal::TooManyConnections);
        }
        self.addresses.connect(now, &self.limits, address)
    }

    fn received(&mut self, now: Duration, connection: ConnectionId, frame: Frame<'_>) {
        let Some(entry) = self.connections.get_mut(&connection) else { return };
        // Before anything that costs: a flood is not even parsed.
        if !entry.messages.take(now, 1) {
            return self.dismiss(connection, Refusal::RateLimited);
        }
        match frame {
            Frame::Control => {}
            Frame::Binary => self.dismiss(connection, Refusal::Malformed),
            Frame::Text(text) if text.len() > MAX_MESSAGE_BYTES => self.dismiss(connection, Refusal::TooLong),
            Frame::Text(text) => match serde_json::from_str(text) {
                Ok(message) => self.message(now, connection, message),
                Err(_) => self.dismiss(connection, reason_of_unreadable(text)),
            },
        }
    }

    fn message(&mut self, now: Duration, connection: ConnectionId, message: ClientMessage) {
        match message {
            ClientMessage::Join { version, room, public_key, signature } => {
                self.join(now, connection, Join { version, room, public_key, signature });
            }
            ClientMessage::Signal { to, payload } => self.signal(now, connection, to, payload),
            ClientMessage::Sample => self.resample(connection),
            ClientMessage::Pong => self.pong(now, connection),
        }
    }

    fn join(&mut self, now: Duration, connection: ConnectionId, join: Join) {
        let Some(entry) = self.connections.get(&connection) else { return };
        let Stage::Challenged { challenge, .. } = &entry.stage else {
            return self.refuse(connection, Refusal::AlreadyJoined, false);
        };
        if join.version != PROTOCOL_VERSION {
            return self.dismiss(connection, Refusal::Version);
        }
        let signed = join_message(challenge, &join.room);
        let Ok(peer) = proof::verify(&join.public_key, &join.signature, &signed) else {
            return self.dismiss(connection, Refusal::BadSignature);
        };
        let address = entry.address;
        match self.enter(connection, address, &join.room, peer) {
            Ok(replaced) => {
                if let Some(older) = replaced {
                    self.dismiss(older, Refusal::Replaced);
                }
                self.welcome(now, connection, join.room, peer);
            }
            Err(reason) => self.dismiss(connection, reason),
        }
    }

    /// Puts a peer into a room; returns the older connection of the same peer.
    fn enter(
        &mut self,
        connection: ConnectionId,
        address: AddressKey,
        room: &RoomId,
        peer: PeerId,
    ) -> Result<Option<ConnectionId>, Refusal> {
        if let Some(present) = self.rooms.get_mut(room) {
            let returns = present.connection_of(&peer).is_some();
            if present.len() >= self.limits.max_peers_per_room && !returns {
                return Err(Refusal::RoomFull);
            }
            return Ok(present.insert(peer, connection));
        }
        if self.rooms.len() >= self.limits.max_rooms {
            return Err(Refusal::TooManyRooms);
        }
        self.addresses.found_room(&self.limits, address)?;
        let mut founded = Room::new(address);
        founded.insert(peer, connection);
        self.rooms.insert(room.clone(), founded);
        Ok(None)
    }

    fn welcome(&mut self, now: Duration, connection: ConnectionId, room: RoomId, peer: PeerId) {
        let Some((peers, room_size)) = self.sample_for(&room, &peer) else { return };
        if let Some(entry) = self.connections.get_mut(&connection) {
            let presence = Presence::Present { ping_at: now.saturating_add(self.limits.ping_every) };
            entry.stage = Stage::Joined { room, peer, presence };
        }
        if !self.ice_servers.is_empty() {
            self.send(connection, ServerMessage::IceServers { servers: self.ice_servers.clone() });
        }
        self.send(connection, ServerMessage::Welcome { peer, peers, room_size });
    }

    fn resample(&mut self, connection: ConnectionId) {
        let Some((room, peer)) = self.joined(connection) else { return };
        if let Some((peers, room_size)) = self.sample_for(&room, &peer) {
            self.send(connection, ServerMessage::Peers { peers, room_size });
        }
    }

    fn sample_for(&mut self, room: &RoomId, peer: &PeerId) -> Option<(Vec<PeerId>, u32)> {
        let room = self.rooms.get(room)?;
        Some((room.sample(&mut self.rng, Some(peer), MAX_SAMPLE), room.size()))
    }

    fn signal(&mut self, now: Duration, connection: ConnectionId, to: PeerId, payload: String) {
        let Some((room, from)) = self.joined(connection) else { return };
        let Some(sender) = self.connections.get_mut(&connection) else { return };
        if !sender.signals.take(now, 1) {
            return self.refuse(connection, Refusal::RateLimited, false);
        }
        if payload.chars().count() > MAX_SIGNAL_CHARS {
            return self.refuse(connection, Refusal::TooLong, false);
        }
        let receiver = self.rooms.get(&room).and_then(|room| room.connection_of(&to)).filter(|_| to != from);
        match receiver {
            Some(receiver) if self.has_room_for(now, receiver, payload.len()) => {
                self.send(receiver, ServerMessage::Signal { from, payload });
            }
            // A receiver that gets more than it should is as good as absent: the sender tries another.
            _ => self.send(connection, ServerMessage::Undeliverable { to }),
        }
    }

    fn has_room_for(&mut self, now: Duration, receiver: ConnectionId, bytes: usize) -> bool {
        let cost = u32::try_from(bytes).unwrap_or(u32::MAX).saturating_add(SIGNAL_OVERHEAD_BYTES);
        self.connections.get_mut(&receiver).is_some_and(|receiver| receiver.inbox.take(now, cost))
    }

    fn pong(&mut self, now: Duration, connection: ConnectionId) {
        if self.joined(connection).is_none() {
            return;
        }
        let ping_at = now.saturating_add(self.limits.ping_every);
        if let Some(Connection { stage: Stage::Joined { presence, .. }, .. }) = self.connections.get_mut(&connection)
            && matches!(presence, Presence::Asked { .. })
        {
            *presence = Presence::Present { ping_at };
        }
    }

    /// Where a connection is; one that is nowhere yet is dismissed.
    fn joined(&mut self, connection: ConnectionId) -> Option<(RoomId, PeerId)> {
        match &self.connections.get(&connection)?.stage {
            Stage::Joined { room, peer, .. } => Some((room.clone(), *peer)),
            Stage::Challenged { .. } => {
                self.dismiss(connection, Refusal::NotJoined);
                None
            }
        }
    }

    fn tick(&mut self, now: Duration) {
        let (mut asked, mut overdue) = (Vec::new(), Vec::new());
        let pong_until = now.saturating_add(self.limits.pong_within);
        for (connection, entry) in &mut self.connections {
            match &mut entry.stage {
                Stage::Challenged { until, .. } if now >= *until => overdue.push(*connection),
                Stage::Joined { presence: Presence::Asked { until }, .. } if now >= *until => overdue.push(*connection),
                Stage::Joined { presence: presence @ Presence::Present { .. }, .. } => {
                    if matches!(*presence, Presence::Present { ping_at } if now >= ping_at) {
                        *presence = Presence::Asked { until: pong_until };
                        asked.push(*connection);
                    }
                }
                Stage::Challenged { .. } | Stage::Joined { .. } => {}
            }
        }
        for connection in asked {
            self.send(connection, ServerMessage::Ping);
        }
        for connection in overdue {
            self.dismiss(connection, Refusal::TimedOut);
        }
        self.addresses.forget_idle(now);
    }

    fn shut_down(&mut self) {
        self.closing = true;
        let all: Vec<_> = self.connections.keys().copied().collect();
        for connection in all {
            self.dismiss(connection, Refusal::ShuttingDown);
        }
    }

    /// Closes a connection with a reason and forgets it.
    fn dismiss(&mut self, connection: ConnectionId, reason: Refusal) {
        self.forget(connection);
        self.close(connection, reason);
    }

    fn forget(&mut self, connection: ConnectionId) {
        let Some(entry) = self.connections.remove(&connection) else { return };
        self.addresses.disconnect(entry.address);
        let Stage::Joined { room: id, peer, .. } = entry.stage else { return };
        let Some(room) = self.rooms.get_mut(&id) else { return };
        room.remove(&peer, connection);
        if room.len() == 0 {
            let founder = room.founder;
            self.rooms.remove(&id);
            self.addresses.close_room(founder);
        }
    }

    fn close(&mut self, connection: ConnectionId, reason: Refusal) {
        self.refuse(connection, reason, true);
        self.outputs.push(Output::Close { connection, reason });
    }

    fn refuse(&mut self, connection: ConnectionId, reason: Refusal, fatal: bool) {
        self.send(connection, ServerMessage::Refused { reason, fatal });
    }

    fn send(&mut self, connection: ConnectionId, message: ServerMessage) {
        self.outputs.push(Output::Send { connection, message });
    }
}

/// Why a text is not a message: a join of another version may well have other fields, and its
/// sender should learn that it is the version.
fn reason_of_unreadable(text: &str) -> Refusal {
    #[derive(Deserialize)]
    struct Envelope<'a> {
        r#type: &'a str,
        version: u64,
    }
    match serde_json::from_str(text) {
        Ok(Envelope { r#type: "join", version }) if version != u64::from(PROTOCOL_VERSION) => Refusal::Version,
        _ => Refusal::Malformed,
    }
}
