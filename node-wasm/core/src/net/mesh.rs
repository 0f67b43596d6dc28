//! The mesh: whom to be connected to, through the tracker or through peers.
//!
//! Of two peers the one with the greater id offers, so that never both do. The other asks it to.
//! So who offers says nothing about who wanted a link: [`Choice`] does.

mod roles;
mod rotation;
mod signalling;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

use crate::contract::{LinkId, Output};
use crate::hash::{BlockHash, sha256, tagged_sha256};
use crate::keys::SecretKey;
use crate::log::{Line, Log};
use crate::net::candidates::{Candidates, Preference};
use crate::net::eviction;
use crate::net::exchange::{self, PeerSample};
use crate::net::limits::{Bucket, Limit};
use crate::net::message::{Message, Refused};
use crate::net::offence::Offence;
use crate::net::outbox::Outbox;
use crate::net::peers::{Choice, MAX_LINKS, Peer, Peers};
use crate::net::relay::Relay;
use crate::net::signal::Stamps;
use crate::params::ChainParams;
use crate::sentence::{Sentence, sentence};
use crate::units::{Timestamp, Work};
use crate::view::{Event, PeerState, TrackerState};
use rand_chacha::ChaCha8Rng;
use rotation::Rotation;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tracker_protocol::{
    ClientMessage, IceServer, MAX_ICE_SERVERS, PROTOCOL_VERSION, PeerId, RoomId, ServerMessage, join_message,
};

/// Links a node wants. With eight, a block reaches a thousand nodes in about four steps, and no
/// two or three neighbours can cut a node off.
pub const WANTED_LINKS: usize = 8;
/// Of these, links that the node chose itself, whoever else is connected: others cannot take them
/// all, and so not cut it off.
pub const OWN_LINKS: usize = 4;
/// Links to full nodes that a light node wants: enough to ask each thing of two and to lose two.
pub const LIGHT_WANTED: usize = OWN_LINKS;
/// Links to light peers at most: they take and give little back. With so many of each full node, there
/// may be as many light nodes as full ones, and half again.
pub const MAX_LIGHT: usize = 6;
/// Links that others may want of this node; the rest is kept for its own.
pub const MAX_THEIRS: usize = MAX_LINKS - OWN_LINKS;
/// Most peers remembered from one run to the next.
pub const MAX_REMEMBERED: usize = 32;
/// What a remembered peer is taken to have lasted, beside those met since.
const REMEMBERED_LASTED: Duration = Duration::from_mins(10);
/// Time for a called peer to offer.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);
/// Time between samples of the room while links are wanted.
const SAMPLE_INTERVAL: Duration = Duration::from_secs(15);
/// Attempts at a peer that a person asked for.
const MAX_TRIES: u32 = 3;
/// Peers that a person asked for, at a time.
const MAX_WISHES: usize = MAX_LINKS;

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

/// A peer that was asked to offer.
#[derive(Debug, Clone, Copy)]
struct Call {
    until: Timestamp,
    stamp: Timestamp,
    choice: Choice,
}

/// Who this node is in the mesh, and whom it may connect to.
#[derive(Debug)]
pub struct Mesh {
    key: SecretKey,
    id: PeerId,
    genesis: BlockHash,
    room: RoomId,
    /// Secret of this node for groups of ids.
    salt: [u8; 32],
    tracker: TrackerState,
    room_size: Option<u32>,
    candidates: Candidates,
    called: BTreeMap<PeerId, Call>,
    /// Peers that a person asked for, and attempts left.
    wishes: BTreeMap<PeerId, u32>,
    next_sample: Timestamp,
    relay: Relay,
    stamps: Stamps,
    last_stamp: Timestamp,
    /// Signals given to the tracker for links under way, until these are open.
    unconfirmed: BTreeMap<PeerId, Vec<String>>,
    /// Peers of links under way that the tracker does not reach.
    off_tracker: BTreeSet<PeerId>,
    /// Answers "no room" that may still be given.
    refusals: Bucket,
    rotation: Rotation,
    /// Whether this node keeps headers only.
    light: bool,
}

impl Mesh {
    /// A node without any connection, that remembers peers of an earlier run.
    pub fn new(
        key: SecretKey,
        params: &ChainParams,
        genesis: BlockHash,
        remembered: &[PeerId],
        now: Timestamp,
    ) -> Self {
        let id = key.public_key().peer_id();
        let mut candidates = Candidates::default();
        for peer in remembered.iter().filter(|peer| **peer != id).take(MAX_REMEMBERED) {
            candidates.met(*peer, REMEMBERED_LASTED);
        }
        Self {
            id,
            genesis,
            room: params.room_id(),
            salt: tagged_sha256(b"tabchain/salt", &[&key.sign(tagged_sha256(b"tabchain/salt", &[])).0]),
            key,
            tracker: TrackerState::Offline,
            room_size: None,
            candidates,
            called: BTreeMap::new(),
            wishes: BTreeMap::new(),
            next_sample: Timestamp::default(),
            relay: Relay::new(id, genesis),
            stamps: Stamps::default(),
            last_stamp: Timestamp::default(),
            unconfirmed: BTreeMap::new(),
            off_tracker: BTreeSet::new(),
            refusals: Bucket::new(Limit::new("answers", signalling::REFUSAL_RATE, signalling::REFUSAL_BURST), now),
            rotation: Rotation::new(params.spacing, now),
            light: false,
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

    /// Signals passed on for others.
    pub fn relayed_signals(&self) -> u64 {
        self.relay.forwarded()
    }

    /// Peers that this node has heard of, linked or not, in the order of their ids: the connected peers
    /// that say they are connected to one, and attempts to reach it that failed in a row.
    pub fn candidates(&self) -> impl Iterator<Item = (PeerId, Vec<PeerId>, u32)> {
        self.candidates.iter()
    }

    /// Peers worth remembering for the next run, at most [`MAX_REMEMBERED`]: connected ones first,
    /// of these the ones that brought blocks first, then by the length of the link.
    pub fn to_remember(&self, peers: &Peers) -> Vec<PeerId> {
        let mut connected: Vec<&Peer> = peers.connected().map(|(_, peer)| peer).collect();
        connected.sort_by_key(|peer| (peer.first_block.is_none(), peer.since));
        let mut ids: Vec<PeerId> = connected.into_iter().map(|peer| peer.id).collect();
        let met = self.candidates.longest_met().into_iter().filter(|id| peers.find(id).is_none());
        ids.extend(met);
        ids.truncate(MAX_REMEMBERED);
        ids
    }

    /// The connection to the tracker opened or closed.
    pub fn tracker_changed(&mut self, context: &mut Context, open: bool) {
        let state = if open { TrackerState::Joining } else { TrackerState::Offline };
        if self.tracker == TrackerState::Joined && !open {
            context.log(Line::warning("tracker-lost", sentence!("the tracker is gone; the mesh goes on without it")));
        }
        self.set_tracker(context, state);
    }

    /// The tracker said something.
    pub fn on_tracker(&mut self, context: &mut Context, message: ServerMessage) {
        match message {
            ServerMessage::Challenge { challenge } => self.join(context, &challenge),
            ServerMessage::IceServers { mut servers } => {
                servers.retain(IceServer::is_usable);
                servers.truncate(MAX_ICE_SERVERS);
                context.outbox.push(Output::IceServers(servers));
            }
            ServerMessage::Welcome { peers, room_size, .. } => {
                context
                    .log(Line::info("tracker-joined", sentence!("joined the room at the tracker; {room_size} in it")));
                self.set_tracker(context, TrackerState::Joined);
                self.off_tracker.clear();
                self.sampled(context, peers, room_size);
            }
            ServerMessage::Peers { peers, room_size } => self.sampled(context, peers, room_size),
            ServerMessage::Signal { from, payload } => self.on_tracker_signal(context, from, &payload),
            ServerMessage::Undeliverable { to } => self.on_undeliverable(context, to),
            ServerMessage::Refused { reason, .. } => {
                context.log(Line::warning(
                    "tracker-refused",
                    sentence!("the tracker refused something: {reason}", reason = Sentence::plain(reason.to_string())),
                ));
            }
            ServerMessage::Ping => context.outbox.push(Output::Tracker(ClientMessage::Pong)),
        }
    }

    /// Makes a link to a peer at a person's wish; tries a few times.
    pub fn connect(&mut self, context: &mut Context, peer: PeerId) {
        let link = context.peers.find(&peer).and_then(|link| context.peers.get_mut(link));
        let connected = link.as_ref().is_some_and(|link| link.state == PeerState::Connected);
        if peer == self.id || connected || self.wishes.len() >= MAX_WISHES {
            return;
        }
        // An attempt that is under way already counts as asked for, and may still fail.
        if let Some(link) = link {
            link.choice = Choice::Asked;
        }
        if let Some(call) = self.called.get_mut(&peer) {
            call.choice = Choice::Asked;
        }
        self.wishes.insert(peer, MAX_TRIES);
        self.fulfil_wishes(context);
    }

    /// Closes a link and forgets it; `failed` keeps its peer from being tried again at once.
    pub fn disconnect(&mut self, context: &mut Context, link: LinkId, failed: bool) {
        context.outbox.close(link);
        self.gone(context, link, failed);
    }

    /// A link is gone, whoever closed it.
    pub fn gone(&mut self, context: &mut Context, link: LinkId, failed: bool) {
        let Some(peer) = context.peers.close(link) else { return };
        context.outbox.forget(link);
        let mut lasted = Duration::ZERO;
        if peer.state == PeerState::Connected {
            lasted = context.now.since(peer.since);
            self.candidates.met(peer.id, lasted);
            self.candidates.source_changed(peer.id, false);
        }
        if failed {
            self.candidates.failed(peer.id, context.now);
        } else {
            self.candidates.parted(peer.id, lasted, context.now);
        }
        self.settled(&peer.id);
        context.tell(peer.id, None);
    }

    /// A peer has proved who it is.
    pub fn greeted(&mut self, context: &mut Context, link: LinkId) {
        let Some(peer) = context.peers.get(link).map(|peer| peer.id) else { return };
        self.settled(&peer);
        self.wishes.remove(&peer);
        self.candidates.met(peer, Duration::ZERO);
        self.candidates.succeeded(peer);
        self.candidates.source_changed(peer, true);
        context.tell(peer, Some(PeerState::Connected));
        exchange::ask(context, link);
        self.role_known(context, link);
    }

    /// A peer told whom it is connected to.
    pub fn on_sample(&mut self, context: &mut Context, link: LinkId, sample: PeerSample) -> Result<(), Offence> {
        let ids = exchange::accept(context, link, sample)?;
        let Some(by) = context.peers.get(link).map(|peer| peer.id) else { return Ok(()) };
        for id in ids.into_iter().filter(|id| *id != self.id && *id != by) {
            self.candidates.named(context.rng, id, by);
        }
        self.fill(context);
        Ok(())
    }

    /// A peer has no room for a link, or needs the place of one.
    pub fn on_no_room(&mut self, context: &mut Context, peer: PeerId) {
        self.candidates.full(peer, context.now);
    }

    /// Looks after the number of links. To be called about once a second, with the own chain's tip.
    pub fn maintain(&mut self, context: &mut Context, tip: BlockHash, work: Work) {
        let now = context.now;
        let late: Vec<PeerId> =
            self.called.iter().filter(|(_, call)| call.until <= now).map(|(peer, _)| *peer).collect();
        for peer in late {
            self.settled(&peer);
            self.candidates.failed(peer, now);
        }
        self.fulfil_wishes(context);
        self.rotate(context, tip, work);
        self.fill(context);
    }

    /// This node slept so long: what was under way has as much more time.
    pub fn woke(&mut self, slept: Duration) {
        for call in self.called.values_mut() {
            call.until = call.until.after(slept);
        }
        self.rotation.woke(slept);
    }

    /// Dials for the links that are wanted, and looks for more candidates while some are.
    fn fill(&mut self, context: &mut Context) {
        let (now, count) = (context.now, self.lacking(context.peers, context.now));
        if count == 0 {
            return;
        }
        if self.can_signal(context.peers) {
            let preference =
                Preference { reachable: self.tracker != TrackerState::Joined, stranger: self.rotation.searches(now) };
            let (peers, called) = (&*context.peers, &self.called);
            let free = |peer: &PeerId| is_free(peers, called, peer, now);
            for peer in self.candidates.choose(context.rng, count, now, preference, free) {
                self.reach(context, peer, Choice::Own);
            }
        }
        let links: Vec<LinkId> = context.peers.connected().map(|(link, _)| link).collect();
        for link in links {
            exchange::ask(context, link);
        }
        self.sample(context);
    }

    /// Asks the tracker for further peers of the room, unless it was asked lately.
    fn sample(&mut self, context: &mut Context) {
        if self.tracker == TrackerState::Joined && self.next_sample <= context.now {
            self.next_sample = context.now.after(SAMPLE_INTERVAL);
            context.outbox.push(Output::Tracker(ClientMessage::Sample));
        }
    }

    /// How many links to make now.
    fn lacking(&self, peers: &Peers, now: Timestamp) -> usize {
        let own = own_links(peers) + self.called.len();
        let all = peers.len() + self.called.len();
        // Light peers bring no blocks: they take nobody's place among those that are wanted.
        let useful = all - light_links(peers);
        let wanted = self.wanted_links().saturating_sub(useful).max(OWN_LINKS.saturating_sub(own));
        wanted.max(self.rotation.extra(own, now)).min(MAX_LINKS.saturating_sub(all))
    }

    fn fulfil_wishes(&mut self, context: &mut Context) {
        let due: Vec<PeerId> = self
            .wishes
            .keys()
            .filter(|peer| is_free(context.peers, &self.called, peer, context.now))
            .copied()
            .collect();
        for peer in due {
            match self.wishes.get_mut(&peer).filter(|tries| **tries > 0) {
                Some(tries) => {
                    *tries -= 1;
                    self.reach(context, peer, Choice::Asked);
                }
                None => {
                    self.wishes.remove(&peer);
                }
            }
        }
    }

    /// Dials a peer, or asks it to.
    fn reach(&mut self, context: &mut Context, peer: PeerId, choice: Choice) {
        if peer == self.id
            || !is_free(context.peers, &self.called, &peer, context.now)
            || !self.can_signal(context.peers)
            || (context.peers.len() >= MAX_LINKS && !self.make_room(context))
        {
            return;
        }
        if self.id > peer {
            Self::dial(context, peer, choice, None);
        } else {
            self.call(context, peer, choice);
        }
    }

    fn can_signal(&self, peers: &Peers) -> bool {
        self.tracker == TrackerState::Joined || peers.connected().next().is_some()
    }

    /// Whether another link that a peer wants has a place; closes one for it where that is right.
    fn admit(&mut self, context: &mut Context) -> bool {
        let theirs = context.peers.iter().filter(|(_, peer)| peer.choice == Choice::Theirs).count();
        (context.peers.len() < MAX_LINKS && theirs < MAX_THEIRS) || self.make_room(context)
    }

    /// Closes the link with the least merit, if there is one without any.
    fn make_room(&mut self, context: &mut Context) -> bool {
        let links: Vec<(LinkId, &Peer)> = context.peers.iter().collect();
        let Some(link) = eviction::victim(&links, &self.salt, context.now) else { return false };
        self.let_go(context, link, "peer-evicted", sentence!("made room for another link"));
        true
    }

    /// Closes a link of which nobody is guilty, and tells the peer why.
    fn let_go(&mut self, context: &mut Context, link: LinkId, code: &'static str, reason: Sentence) {
        let Some((id, state)) = context.peers.get(link).map(|peer| (peer.id, peer.state)) else { return };
        context.log(Line::info(code, reason.clone()).peer(id));
        if state != PeerState::Connecting {
            context.outbox.send(link, &Message::Refused(Refused::without_fault(Offence::NoRoom, &reason)));
        }
        self.disconnect(context, link, false);
        self.candidates.full(id, context.now);
    }

    /// Nothing is under way to a peer any more.
    fn settled(&mut self, peer: &PeerId) {
        self.called.remove(peer);
        self.unconfirmed.remove(peer);
        self.off_tracker.remove(peer);
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
        for peer in peers.into_iter().filter(|peer| *peer != self.id) {
            self.candidates.listed(peer, context.now);
        }
        self.fill(context);
    }
}

/// Links that this node wanted.
fn own_links(peers: &Peers) -> usize {
    peers.iter().filter(|(_, peer)| peer.choice != Choice::Theirs).count()
}

/// Links to light peers.
fn light_links(peers: &Peers) -> usize {
    peers.iter().filter(|(_, peer)| peer.is_light()).count()
}

/// Whether nothing speaks against trying a peer.
fn is_free(peers: &Peers, called: &BTreeMap<PeerId, Call>, peer: &PeerId, now: Timestamp) -> bool {
    peers.find(peer).is_none() && !called.contains_key(peer) && !peers.is_banned(peer, now)
}

/// Own links to judge, the least useful first: the least work, then the longest without a block
/// that they were first with, then the longest round trip, then the youngest.
fn by_use(peers: &Peers) -> Vec<LinkId> {
    let own = peers.connected().filter(|(_, peer)| peer.choice == Choice::Own);
    let mut rated: Vec<_> = own
        .map(|(link, peer)| {
            let slow = Reverse(peer.round_trip.unwrap_or(Duration::MAX));
            (peer.work, peer.first_block, slow, Reverse(peer.since), link)
        })
        .collect();
    rated.sort();
    rated.into_iter().map(|(.., link)| link).collect()
}
