//! The mesh: whom to be connected to, and how connections come about through the tracker.
//!
//! Of two peers the one with the greater id offers, so that never both do. The other asks it to.

use crate::contract::{LinkId, Output, RtcSignal};
use crate::hash::{BlockHash, sha256};
use crate::keys::SecretKey;
use crate::log::{Line, Log};
use crate::net::outbox::Outbox;
use crate::net::peers::{MAX_LINKS, Peers};
use crate::net::signal::{self, SignalBody};
use crate::units::Timestamp;
use crate::view::{Event, PeerState, TrackerState};
use rand_chacha::ChaCha8Rng;
use rand_core::Rng;
use std::collections::BTreeMap;
use std::time::Duration;
use tracker_protocol::{ClientMessage, PROTOCOL_VERSION, PeerId, RoomId, ServerMessage, join_message};

/// Links a node wants. With eight, a block reaches a thousand nodes in about four steps, and no
/// two or three neighbours can cut a node off.
pub const WANTED_LINKS: usize = 8;
/// Peers remembered as worth a try.
const MAX_CANDIDATES: usize = 500;
/// Time for a called peer to offer.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);
/// Shortest wait before a peer is tried again; doubles with each failure.
const RETRY_FIRST: Duration = Duration::from_secs(5);
/// Longest such wait.
const RETRY_LAST: Duration = Duration::from_mins(5);
/// Time between samples of the room while links are wanted.
const SAMPLE_INTERVAL: Duration = Duration::from_secs(15);

/// What every manager may use while it handles something.
pub struct Context<'a> {
    /// The current time.
    pub now: Timestamp,
    /// All links.
    pub peers: &'a mut Peers,
    /// What to do.
    pub outbox: &'a mut Outbox,
    /// The log.
    pub log: &'a mut Log,
    /// Random numbers from the node's seed.
    pub rng: &'a mut ChaCha8Rng,
}

impl Context<'_> {
    /// Writes a line of the log.
    pub fn log(&mut self, line: Line) {
        self.log.write(self.outbox, self.now, line);
    }

    fn tell(&mut self, peer_id: PeerId, state: Option<PeerState>) {
        self.outbox.push(Output::Event(Event::Peer { peer_id, state }));
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Candidate {
    retry_at: Timestamp,
    failures: u32,
}

/// Who this node is in the mesh, and whom it may connect to.
#[derive(Debug)]
pub struct Mesh {
    key: SecretKey,
    id: PeerId,
    genesis: BlockHash,
    room: RoomId,
    tracker: TrackerState,
    room_size: Option<u32>,
    candidates: BTreeMap<PeerId, Candidate>,
    /// Peers that were asked to offer, and until when to wait for it.
    called: BTreeMap<PeerId, Timestamp>,
    next_sample: Timestamp,
}

impl Mesh {
    /// A node without any connection.
    pub fn new(key: SecretKey, genesis: BlockHash, room: RoomId) -> Self {
        Self {
            id: key.public_key().peer_id(),
            key,
            genesis,
            room,
            tracker: TrackerState::Offline,
            room_size: None,
            candidates: BTreeMap::new(),
            called: BTreeMap::new(),
            next_sample: Timestamp::default(),
        }
    }

    /// This node's id.
    pub fn id(&self) -> PeerId {
        self.id
    }

    /// The key behind the id.
    pub fn key(&self) -> &SecretKey {
        &self.key
    }

    /// The connection to the tracker.
    pub fn tracker(&self) -> TrackerState {
        self.tracker
    }

    /// Peers in the room by the tracker's last count.
    pub fn room_size(&self) -> Option<u32> {
        self.room_size
    }

    /// The connection to the tracker opened or closed.
    pub fn tracker_changed(&mut self, context: &mut Context, open: bool) {
        let state = if open { TrackerState::Joining } else { TrackerState::Offline };
        if self.tracker == TrackerState::Joined && !open {
            context.log(Line::warning("tracker-lost", "the tracker is gone; the links to peers go on without it"));
        }
        self.set_tracker(context, state);
    }

    /// The tracker said something.
    pub fn on_tracker(&mut self, context: &mut Context, message: ServerMessage) {
        match message {
            ServerMessage::Challenge { challenge } => self.join(context, &challenge),
            ServerMessage::Welcome { peers, room_size, .. } => {
                context.log(Line::info("tracker-joined", format!("joined the room at the tracker; {room_size} in it")));
                self.set_tracker(context, TrackerState::Joined);
                self.sampled(context, peers, room_size);
            }
            ServerMessage::Peers { peers, room_size } => self.sampled(context, peers, room_size),
            ServerMessage::Signal { from, payload } => self.on_signal(context, from, &payload),
            ServerMessage::Undeliverable { to } => self.on_undeliverable(context, to),
            ServerMessage::Refused { reason, .. } => {
                context.log(Line::warning("tracker-refused", format!("the tracker refused something: {reason}")));
            }
            ServerMessage::Ping => context.outbox.push(Output::Tracker(ClientMessage::Pong)),
        }
    }

    /// The browser made a description or candidate for a link: on its way to the peer.
    pub fn on_local_signal(&mut self, context: &mut Context, link: LinkId, signal: RtcSignal) {
        if let Some(peer) = context.peers.get(link) {
            let (to, session) = (peer.id, peer.session);
            self.send_signal(context, to, SignalBody::Rtc { session, signal });
        }
    }

    /// Makes a link to a peer of the room: dials, or asks the peer to.
    pub fn connect(&mut self, context: &mut Context, peer: PeerId) {
        if peer == self.id || context.peers.find(&peer).is_some() || context.peers.is_banned(&peer, context.now) {
            return;
        }
        if self.id > peer {
            Self::dial(context, peer);
        } else if self.tracker == TrackerState::Joined {
            self.called.insert(peer, context.now.after(CALL_TIMEOUT));
            self.send_signal(context, peer, SignalBody::CallMe);
        }
    }

    /// Closes a link and forgets it; `failed` keeps its peer from being tried again at once.
    pub fn disconnect(&mut self, context: &mut Context, link: LinkId, failed: bool) {
        context.outbox.push(Output::Close { link });
        self.gone(context, link, failed);
    }

    /// A link is gone, whoever closed it.
    pub fn gone(&mut self, context: &mut Context, link: LinkId, failed: bool) {
        let Some(peer) = context.peers.close(link) else { return };
        if failed {
            self.failed(peer.id, context.now);
        } else if let Some(candidate) = self.candidates.get_mut(&peer.id) {
            candidate.retry_at = context.now.after(RETRY_FIRST);
        }
        context.tell(peer.id, None);
    }

    /// A peer has proved who it is.
    pub fn greeted(&mut self, context: &mut Context, peer: PeerId) {
        self.called.remove(&peer);
        self.remember(peer);
        if let Some(candidate) = self.candidates.get_mut(&peer) {
            *candidate = Candidate::default();
        }
        context.tell(peer, Some(PeerState::Connected));
    }

    /// Looks after the number of links. To be called about once a second.
    pub fn maintain(&mut self, context: &mut Context) {
        let now = context.now;
        let late: Vec<PeerId> = self.called.iter().filter(|(_, until)| **until <= now).map(|(peer, _)| *peer).collect();
        for peer in late {
            self.called.remove(&peer);
            self.failed(peer, now);
        }
        let under_way = context.peers.len() + self.called.len();
        for peer in self.choose(context, WANTED_LINKS.saturating_sub(under_way)) {
            self.connect(context, peer);
        }
        if self.tracker == TrackerState::Joined && context.peers.len() < WANTED_LINKS && self.next_sample <= now {
            self.next_sample = now.after(SAMPLE_INTERVAL);
            context.outbox.push(Output::Tracker(ClientMessage::Sample));
        }
    }

    fn join(&mut self, context: &mut Context, challenge: &str) {
        // What the tracker makes this key sign is no more than a digest under its own domain.
        let digest = sha256(&join_message(challenge, &self.room));
        let signature = self.key.sign(digest);
        context.outbox.push(Output::Tracker(ClientMessage::Join {
            version: PROTOCOL_VERSION,
            room: self.room.clone(),
            public_key: hex::encode(self.key.public_key().0),
            signature: hex::encode(&signature.0[..64]),
        }));
    }

    fn set_tracker(&mut self, context: &mut Context, state: TrackerState) {
        if self.tracker != state {
            self.tracker = state;
            context.outbox.push(Output::Event(Event::Tracker(state)));
        }
    }

    fn sampled(&mut self, context: &mut Context, peers: Vec<PeerId>, room_size: u32) {
        self.room_size = Some(room_size);
        self.next_sample = context.now.after(SAMPLE_INTERVAL);
        for peer in peers {
            self.remember(peer);
        }
        self.maintain(context);
    }

    /// Keeps a peer as worth a try; the one that failed most makes room.
    fn remember(&mut self, peer: PeerId) {
        if peer == self.id {
            return;
        }
        if self.candidates.len() >= MAX_CANDIDATES
            && !self.candidates.contains_key(&peer)
            && let Some(worst) =
                self.candidates.iter().max_by_key(|(_, candidate)| candidate.failures).map(|(id, _)| *id)
        {
            self.candidates.remove(&worst);
        }
        self.candidates.entry(peer).or_default();
    }

    fn failed(&mut self, peer: PeerId, now: Timestamp) {
        if let Some(candidate) = self.candidates.get_mut(&peer) {
            let wait = RETRY_FIRST * 2_u32.saturating_pow(candidate.failures.min(16));
            candidate.failures = candidate.failures.saturating_add(1);
            candidate.retry_at = now.after(wait.min(RETRY_LAST));
        }
    }

    /// So many candidates at random that are worth a try now.
    fn choose(&self, context: &mut Context, count: usize) -> Vec<PeerId> {
        let now = context.now;
        let free = |(peer, candidate): &(&PeerId, &Candidate)| {
            let busy = context.peers.find(peer).is_some() || self.called.contains_key(*peer);
            candidate.retry_at <= now && !busy && !context.peers.is_banned(peer, now)
        };
        let mut peers: Vec<PeerId> = self.candidates.iter().filter(free).map(|(peer, _)| *peer).collect();
        let mut chosen = Vec::new();
        while chosen.len() < count && !peers.is_empty() {
            let index = usize::try_from(context.rng.next_u64() % peers.len() as u64).unwrap_or(0);
            chosen.push(peers.swap_remove(index));
        }
        chosen
    }

    fn dial(context: &mut Context, peer: PeerId) {
        let session = context.rng.next_u64();
        if let Some(link) = context.peers.open(peer, true, session, context.now) {
            context.outbox.push(Output::Dial { link, peer });
            context.tell(peer, Some(PeerState::Connecting));
        }
    }

    fn send_signal(&mut self, context: &mut Context, to: PeerId, body: SignalBody) {
        match signal::seal(&self.key, self.genesis, to, body) {
            Ok(payload) => context.outbox.push(Output::Tracker(ClientMessage::Signal { to, payload })),
            Err(error) => context.log(Line::warning("signal-not-sent", error.to_string()).peer(to)),
        }
    }

    fn on_signal(&mut self, context: &mut Context, from: PeerId, payload: &str) {
        if context.peers.is_banned(&from, context.now) {
            return;
        }
        match signal::open(payload, self.genesis, from, self.id) {
            Ok(SignalBody::CallMe) => self.on_call(context, from),
            Ok(SignalBody::Rtc { session, signal: RtcSignal::Offer { sdp } }) => {
                self.on_offer(context, from, session, sdp);
            }
            Ok(SignalBody::Rtc { session, signal }) => Self::on_step(context, from, session, signal),
            Err(error) => context.log(Line::rejected("bad-signal", error.to_string()).peer(from)),
        }
    }

    fn on_call(&mut self, context: &mut Context, from: PeerId) {
        self.remember(from);
        // A node that is full does not answer; the caller finds others.
        if self.id > from && context.peers.find(&from).is_none() && context.peers.len() < MAX_LINKS {
            Self::dial(context, from);
        }
    }

    fn on_offer(&mut self, context: &mut Context, from: PeerId, session: u64, sdp: String) {
        if from < self.id {
            context.log(Line::rejected("bad-signal", "the peer with the smaller id made an offer").peer(from));
            return;
        }
        self.called.remove(&from);
        if let Some(old) = context.peers.find(&from) {
            if context.peers.get(old).is_some_and(|peer| peer.session == session) {
                return;
            }
            // The peer offers anew only when it lost the old link.
            self.disconnect(context, old, false);
        }
        if let Some(link) = context.peers.open(from, false, session, context.now) {
            context.outbox.push(Output::Answer { link, peer: from, sdp });
            context.tell(from, Some(PeerState::Connecting));
        }
    }

    fn on_step(context: &mut Context, from: PeerId, session: u64, signal: RtcSignal) {
        let Some(link) = context.peers.find(&from) else { return };
        let Some(peer) = context.peers.get(link) else { return };
        let expected = match signal {
            RtcSignal::Answer { .. } => peer.outbound && peer.state == PeerState::Connecting,
            RtcSignal::Offer { .. } | RtcSignal::Candidate { .. } => true,
        };
        if peer.session == session && expected {
            context.outbox.push(Output::RemoteSignal { link, signal });
        }
    }

    fn on_undeliverable(&mut self, context: &mut Context, to: PeerId) {
        self.called.remove(&to);
        match context.peers.find(&to) {
            Some(link) if context.peers.get(link).is_some_and(|peer| peer.state == PeerState::Connecting) => {
                context.log(Line::info("peer-not-reached", "a peer has left the room of the tracker").peer(to));
                self.disconnect(context, link, true);
            }
            _ => self.failed(to, context.now),
        }
    }
}
