//! What a tab and the tracker say to each other: JSON text messages over one WebSocket.
//!
//! The tracker opens with [`ServerMessage::Challenge`]. The tab answers with
//! [`ClientMessage::Join`], whose signature proves that it holds the key behind its
//! [`PeerId`]. From then on the tracker stamps that id on every signal it relays, so nobody
//! can speak for another peer. The tracker never sees a block or a transaction.

mod ice;
mod ids;

pub use ice::{IceServer, MAX_ICE_SERVERS};
pub use ids::{IdError, PeerId, RoomId};

use serde::{Deserialize, Serialize};

/// Version of this protocol. A tracker refuses a tab that speaks another one.
pub const PROTOCOL_VERSION: u16 = 1;

/// Most bytes one WebSocket text message may hold, in either direction.
/// An offer of one data channel is under 1 KiB, a signed and encoded one under 3 KiB.
pub const MAX_MESSAGE_BYTES: usize = 32 * 1024;

/// Most characters of a [`ClientMessage::Signal`] payload: leaves room for the JSON around it.
pub const MAX_SIGNAL_CHARS: usize = 24 * 1024;

/// Most peers in one sample. Eight links are wanted; more than twice that is only load.
pub const MAX_SAMPLE: usize = 20;

/// Random bytes in a challenge: enough that none is ever made twice.
pub const CHALLENGE_BYTES: usize = 32;

/// Says what exactly a tab signs to join: domain, challenge and room, joined by newlines.
///
/// The signature is ECDSA over secp256k1 on the SHA-256 of these bytes (RFC 6979 nonces),
/// written as 64 bytes `r || s` in lower-case hex.
pub fn join_message(challenge: &str, room: &RoomId) -> Vec<u8> {
    format!("tabchain-tracker-join-v{PROTOCOL_VERSION}\n{challenge}\n{room}").into_bytes()
}

/// From a tab to the tracker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case", deny_unknown_fields)]
pub enum ClientMessage {
    /// Enters a room. First message on a connection; later ones are refused.
    Join {
        /// [`PROTOCOL_VERSION`] of the tab.
        version: u16,
        /// The room to enter: network and room name in one.
        room: RoomId,
        /// The tab's compressed secp256k1 public key, 33 bytes in hex. The [`PeerId`] follows from it.
        public_key: String,
        /// Signature over [`join_message`], 64 bytes in hex.
        signature: String,
    },
    /// Relays a signal to a peer of the same room. The payload is opaque to the tracker.
    Signal {
        /// Receiver.
        to: PeerId,
        /// At most [`MAX_SIGNAL_CHARS`] characters.
        payload: String,
    },
    /// Asks for another random sample of the room.
    Sample,
    /// Answers [`ServerMessage::Ping`].
    Pong,
}

/// From the tracker to a tab.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case", deny_unknown_fields)]
pub enum ServerMessage {
    /// First message on a connection: what the tab must sign to join.
    Challenge {
        /// [`CHALLENGE_BYTES`] random bytes in hex, made for this connection alone.
        challenge: String,
    },
    /// What helps the tab to reach others. Comes before the welcome, if there is anything to name.
    IceServers {
        /// At most [`MAX_ICE_SERVERS`].
        servers: Vec<IceServer>,
    },
    /// The tab is in the room.
    Welcome {
        /// The id that the tracker stamps on this tab's signals.
        peer: PeerId,
        /// At most [`MAX_SAMPLE`] other peers of the room, at random.
        peers: Vec<PeerId>,
        /// How many peers the room has, this tab included.
        room_size: u32,
    },
    /// Answers [`ClientMessage::Sample`].
    Peers {
        /// At most [`MAX_SAMPLE`] other peers of the room, at random.
        peers: Vec<PeerId>,
        /// How many peers the room has, this tab included.
        room_size: u32,
    },
    /// A signal of another peer of the room.
    Signal {
        /// Sender, stamped by the tracker.
        from: PeerId,
        /// What the sender wrote.
        payload: String,
    },
    /// The receiver of a signal is not in the room.
    Undeliverable {
        /// The receiver that was named.
        to: PeerId,
    },
    /// Something was refused. If `fatal`, the connection closes behind this message.
    Refused {
        /// Stable reason.
        reason: Refusal,
        /// Whether the tracker closes the connection.
        fatal: bool,
    },
    /// Presence check; unanswered, the tab leaves the room.
    Ping,
}

/// Why the tracker refused a message or a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum Refusal {
    /// Not JSON of this protocol.
    #[error("the message is not one of this protocol")]
    Malformed,
    /// Another [`PROTOCOL_VERSION`].
    #[error("the tracker speaks another version of the protocol")]
    Version,
    /// The signature of a join does not hold.
    #[error("the signature does not prove the peer id")]
    BadSignature,
    /// A message other than a join came first.
    #[error("join a room first")]
    NotJoined,
    /// A second join on one connection.
    #[error("this connection has joined a room already")]
    AlreadyJoined,
    /// Longer than allowed.
    #[error("the message is too long")]
    TooLong,
    /// More messages than the rate allows.
    #[error("too many messages")]
    RateLimited,
    /// The room has all the peers it may have.
    #[error("the room is full")]
    RoomFull,
    /// The tracker has all the rooms it may have.
    #[error("the tracker has no place for another room")]
    TooManyRooms,
    /// The tracker, or this address, has all the connections it may have.
    #[error("too many connections")]
    TooManyConnections,
    /// The same peer id joined over a newer connection.
    #[error("the same peer has joined over a newer connection")]
    Replaced,
    /// No join within the time allowed, or no answer to pings.
    #[error("no answer in time")]
    TimedOut,
    /// The tracker is closing down.
    #[error("the tracker is closing down")]
    ShuttingDown,
}
