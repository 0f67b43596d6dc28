//! The node's contract with whoever drives it: what goes in, what comes out.
//!
//! The driver calls [`crate::node::Node::handle`] with one [`Input`] and the current time, then
//! drains [`crate::node::Node::poll_output`] until it is empty, then sleeps until the next input or
//! [`crate::node::Node::next_timeout`]. The node itself reads no clock, opens no socket and starts
//! no thread: work that costs CPU leaves it as [`Output::Verify`], [`Output::DeriveKey`] and
//! [`Output::Mine`], and what is to outlive it as [`Output::Persist`]. A driver that has no store
//! starts the node with [`crate::node::Node::new`], which then asks for none.

use crate::block::BlockHeader;
use crate::keys::{Entropy, SignatureCheck};
use crate::request::{Request, RequestError, RequestId, Response};
use crate::sentence::Sentence;
use crate::store::{Batch, Query, Record};
use crate::view::{Event, Route, StorageFacts};
use crate::wallet::vault::{Derivation, DerivedKey};
use serde::{Deserialize, Serialize};
use tracker_protocol::{ClientMessage, IceServer, PeerId, ServerMessage};

/// Names a connection to a peer for as long as it lives. Chosen by the node, never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LinkId(pub u64);

/// Names a piece of work that the node gave away. Never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JobId(pub u64);

/// What both ends of a channel know and nobody between them can choose: a hash over both
/// DTLS certificate fingerprints (RFC 8122), the offerer's first. A peer signs it in its hello, so
/// a tracker or relay that swaps an offer for its own is found out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ChannelBinding(pub [u8; 32]);

/// A step in setting up a WebRTC connection (JSEP, RFC 8829), as it travels between two peers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, borsh::BorshSerialize, borsh::BorshDeserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum RtcSignal {
    /// Session description of the offering side.
    Offer {
        /// SDP.
        sdp: String,
    },
    /// Session description of the answering side.
    Answer {
        /// SDP.
        sdp: String,
    },
    /// One trickled ICE candidate (RFC 8838).
    Candidate {
        /// Candidate attribute; empty at the end of candidates.
        candidate: String,
        /// Media stream identification, if given.
        mid: Option<String>,
        /// Index of the media description, if given.
        line: Option<u16>,
    },
}

/// Something happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// Time passed: [`crate::node::Node::next_timeout`] has come.
    Tick,
    /// The WebSocket to the tracker is open.
    TrackerOpened,
    /// The WebSocket to the tracker is closed, or could not be opened. The driver tries again.
    TrackerClosed,
    /// The tracker said something.
    Tracker(ServerMessage),
    /// The browser made a description or candidate for a link.
    LocalSignal {
        /// The link.
        link: LinkId,
        /// What the other end must learn.
        signal: RtcSignal,
    },
    /// The data channel of a link is open.
    LinkOpened {
        /// The link.
        link: LinkId,
        /// What the peer's hello must be bound to.
        binding: ChannelBinding,
    },
    /// The browser told over which kind of address an open link runs. Need not come.
    LinkRouted {
        /// The link.
        link: LinkId,
        /// The kind.
        route: Route,
    },
    /// A link failed or was closed by the other side.
    LinkClosed {
        /// The link.
        link: LinkId,
        /// Why, for the log.
        reason: Sentence,
    },
    /// A frame arrived on a link.
    Received {
        /// The link.
        link: LinkId,
        /// As it came.
        frame: Vec<u8>,
    },
    /// Bytes of [`Output::Send`] have left for the network. To be told whenever many have, so that
    /// the node gives a link no more at a time than it carries.
    Drained {
        /// The link.
        link: LinkId,
        /// Bytes of frames since this was told last.
        bytes: u64,
    },
    /// Answers [`Output::Verify`].
    Verified {
        /// Which.
        job: JobId,
        /// For each signature whether it holds, in the order of the job.
        valid: Vec<bool>,
    },
    /// Fresh random bytes from the operating system, for the request that follows: see
    /// [`crate::request::wallet::WalletRequest::needs_entropy`]. Never the same twice.
    Entropy(Entropy),
    /// Answers [`Output::DeriveKey`].
    KeyDerived {
        /// Which.
        job: JobId,
        /// The key; none when there was not the memory for it.
        key: Option<DerivedKey>,
    },
    /// Answers [`Output::Mine`]: a nonce that meets the target.
    Mined {
        /// Which.
        job: JobId,
        /// The header of the job with the nonce that was found.
        header: BlockHeader,
    },
    /// Hash rate of the compute workers, hashes a second.
    HashRate(f64),
    /// Answers [`Output::Persist`]: the batch is in the store.
    Persisted {
        /// Which.
        batch: u64,
    },
    /// The batch under way is not in the store, not in part either, or the store is gone. The node
    /// goes on in memory, and tries to write nothing more but its wallet.
    StorageFailed {
        /// Why, for the log.
        reason: Sentence,
    },
    /// Answers [`Output::Load`]: the records of each query in their order, or why they cannot be read.
    Loaded {
        /// Which.
        job: JobId,
        /// One list a query.
        answers: Result<Vec<Vec<Record>>, Sentence>,
    },
    /// What the browser says of the store; to be told when it changes.
    Storage(StorageFacts),
    /// A user or program asks.
    Request {
        /// Comes back with the answer.
        id: RequestId,
        /// What.
        request: Request,
    },
}

/// Something to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// Say this to the tracker. Dropped by the driver while no connection is open.
    Tracker(ClientMessage),
    /// Use these servers for the connections to come: what helps to get through routers.
    IceServers(Vec<IceServer>),
    /// Make a connection, its data channel and an offer for a peer.
    Dial {
        /// Name of the new link.
        link: LinkId,
        /// The peer.
        peer: PeerId,
    },
    /// Make a connection and an answer to a peer's offer.
    Answer {
        /// Name of the new link.
        link: LinkId,
        /// The peer.
        peer: PeerId,
        /// SDP of the offer.
        sdp: String,
    },
    /// Give a link what its other end said: an answer or a candidate.
    RemoteSignal {
        /// The link.
        link: LinkId,
        /// What it said.
        signal: RtcSignal,
    },
    /// Send a frame; frames of a link keep their order. A frame is one data-channel message.
    Send {
        /// The link.
        link: LinkId,
        /// As it must arrive; at most [`crate::net::frame::MAX_FRAME_BYTES`].
        frame: Vec<u8>,
    },
    /// Close a link when what was sent before has left, and forget it. No [`Input::LinkClosed`] follows.
    Close {
        /// The link.
        link: LinkId,
    },
    /// Verify signatures, off the node's thread where there are others.
    Verify {
        /// Comes back with the results.
        job: JobId,
        /// Each with all that its check needs.
        checks: Vec<SignatureCheck>,
    },
    /// Stretch a passphrase by [`Derivation::derive`], off the node's thread where there are others: it
    /// takes up to a second and much memory.
    DeriveKey {
        /// Comes back with the key.
        job: JobId,
        /// What there is to do.
        derivation: Derivation,
    },
    /// Search a nonce for this header with so many threads. Replaces the job before.
    Mine {
        /// Comes back with the header.
        job: JobId,
        /// The header; the search changes its nonce only.
        header: BlockHeader,
        /// Compute workers to use.
        threads: u32,
    },
    /// Stop searching.
    StopMining,
    /// Write this into the store, whole or not at all. The next batch follows the answer,
    /// [`Input::Persisted`] or [`Input::StorageFailed`].
    Persist(Batch),
    /// Read this from the store.
    Load {
        /// Comes back with the answers.
        job: JobId,
        /// What.
        queries: Vec<Query>,
    },
    /// Tell the user interface.
    Event(Event),
    /// Answer a request.
    Reply {
        /// The request.
        id: RequestId,
        /// The answer.
        result: Result<Response, RequestError>,
    },
}
