//! The links of this node: their state, what their peers have, and what they are guilty of.

use crate::block::BlockHeader;
use crate::contract::{ChannelBinding, LinkId};
use crate::hash::{BlockHash, TxId};
use crate::net::exchange::Exchange;
use crate::net::frame::Assembler;
use crate::net::known::Known;
use crate::net::limits::Buckets;
use crate::net::offence::{BAN_SCORE, BAN_TIME, MAX_BANS, Offence};
use crate::net::proofs::Question;
use crate::net::relay::Allowance;
use crate::transaction::Transaction;
use crate::units::{Height, Timestamp, Work};
use crate::view::{PeerState, Role, Route};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use tracker_protocol::PeerId;

/// Links a node allows: Nimiq's browser nodes allow 15. A tab has 500 connections at most, and
/// each costs memory and attention.
pub const MAX_LINKS: usize = 16;
/// Time from dialling to an open channel, through candidates on slow networks.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
/// Time from an open channel to the peer's hello.
pub const HELLO_TIMEOUT: Duration = Duration::from_secs(10);
/// Time between pings.
pub const PING_INTERVAL: Duration = Duration::from_secs(10);
/// Time without any answer after which a peer counts as gone.
pub const PING_TIMEOUT: Duration = Duration::from_secs(30);
/// Transactions that a peer is remembered to have: the newest ones, 160 kB a peer.
const KNOWN_TRANSACTIONS: usize = 5_000;
/// Blocks that a peer is remembered to have beside its tip's chain.
const KNOWN_BLOCKS: usize = 1_000;
/// Blocks that a peer is remembered to owe transactions of: four of them without an answer are a ban.
const MAX_OVERDUE: usize = 16;
/// How long a peer's offences are remembered: one point is forgiven after this time. Small faults
/// of a long day are no ban; a flood is faster.
const FORGIVE_TIME: Duration = Duration::from_secs(12);

/// Headers that a peer was asked for.
#[derive(Debug, Clone)]
pub struct Asked {
    /// When.
    pub at: Timestamp,
    /// The locator that was sent: an answer stands on one of these.
    pub locator: Vec<BlockHash>,
    /// Work that the peer said its chain has; an honest answer shows as much.
    pub claim: Work,
}

impl Asked {
    /// Whether headers are the answer: an announcement on another block is none. No headers are one,
    /// and so are those from the start, when the peer knows none of the locator.
    pub fn is_answered_by(&self, genesis: BlockHash, headers: &[BlockHeader]) -> bool {
        let stands_on = |first: &BlockHeader| first.previous == genesis || self.locator.contains(&first.previous);
        headers.first().is_none_or(stands_on)
    }
}

/// Who wanted a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// The peer.
    Theirs,
    /// This node.
    Own,
    /// The person at this node.
    Asked,
}

/// A peer at the other end of a link.
#[derive(Debug)]
pub struct Peer {
    /// Who it says it is; proved once the state is connected.
    pub id: PeerId,
    /// Whether this node made the offer.
    pub outbound: bool,
    /// Who wanted the link.
    pub choice: Choice,
    /// Number of the attempt, chosen by the offerer.
    pub session: u64,
    /// Stamp of the newest word of the peer that this link is made by, its offer, its call or its answer: what
    /// replaces the link must be newer.
    pub agreed: Option<Timestamp>,
    /// How far the link has come.
    pub state: PeerState,
    /// When the state was entered.
    pub since: Timestamp,
    /// What hellos are bound to, once the channel is open.
    pub binding: Option<ChannelBinding>,
    /// Over which kind of address the link runs, once that is known.
    pub route: Option<Route>,
    /// What the peer does for others, once it said hello.
    pub role: Option<Role>,
    /// The role of this node that it was told.
    pub told_role: Option<Role>,
    /// The best tip it has told of.
    pub tip: BlockHash,
    /// Height of that tip.
    pub height: Height,
    /// Work of that tip's chain; by the peer's word until the headers are here.
    pub work: Work,
    /// Transactions it has.
    pub transactions: Known<TxId>,
    /// Blocks it has, beside its tip's chain.
    pub blocks: Known<BlockHash>,
    /// Height from which on it has the bodies of its best chain.
    pub keeps: Height,
    /// The newest block that it announced, and so has.
    pub announced: Option<BlockHash>,
    /// Whether it wants new blocks pushed.
    pub wants_push: bool,
    /// Frames on their way to a message.
    pub assembler: Assembler,
    /// What it may send and ask for.
    pub buckets: Buckets,
    /// Offence points.
    pub score: u32,
    /// Bytes received.
    pub bytes_in: u64,
    /// Bytes sent.
    pub bytes_out: u64,
    /// Round trip, smoothed as in TCP (RFC 6298).
    pub round_trip: Option<Duration>,
    /// The ping that is under way.
    pub ping: Option<(u64, Timestamp)>,
    /// When the last message came.
    pub heard: Timestamp,
    /// It has read everything that was sent to it before this time: a ping of then was answered.
    pub read_until: Timestamp,
    /// When the next ping is due.
    pub next_ping: Timestamp,
    /// Milliseconds that its clock was ahead of this one's when it said hello.
    pub clock_ahead: i64,
    /// Headers were asked for and have not come yet.
    pub asked_headers: Option<Asked>,
    /// Work of its chain by its own word, as it told last.
    pub claim: Work,
    /// The best header here that it has shown to stand in its chain: it has the bodies up to there.
    pub shown: BlockHash,
    /// Blocks that it was asked for and does not have, until it tells of another tip.
    pub lacks: Known<BlockHash>,
    /// Blocks whose transactions it was blamed for not sending in time, and has not sent yet.
    pub overdue: Known<BlockHash>,
    /// Times that it let a body wait, since the last one came.
    pub stalls: u32,
    /// Blocks that it asked for and waits for, in its order.
    pub orders: VecDeque<BlockHash>,
    /// The locator behind which it wants headers.
    pub wants_headers: Option<Vec<BlockHash>>,
    /// Its questions that were not answered yet, with their numbers; at most
    /// [`crate::net::proofs::MAX_QUESTIONS`].
    pub questions: VecDeque<(u64, Question)>,
    /// Its transactions that wait for their signatures to be verified.
    pub unchecked: VecDeque<Arc<Transaction>>,
    /// Whether signatures of its transactions are being verified.
    pub checking: bool,
    /// When it was last the first to deliver a block of the best chain.
    pub first_block: Option<Timestamp>,
    /// Since when its chain has had less work than this, which was this node's then.
    pub behind: Option<(Timestamp, Work)>,
    /// What was asked and may be asked about further peers.
    pub exchange: Exchange,
    /// Relayed signals that may still come and go.
    pub relay: Allowance,
}

impl Peer {
    fn new(id: PeerId, outbound: bool, session: u64, now: Timestamp) -> Self {
        Self {
            id,
            outbound,
            choice: if outbound { Choice::Own } else { Choice::Theirs },
            session,
            agreed: None,
            state: PeerState::Connecting,
            since: now,
            binding: None,
            role: None,
            told_role: None,
            tip: BlockHash::ZERO,
            height: Height::GENESIS,
            work: Work::default(),
            transactions: Known::new(KNOWN_TRANSACTIONS),
            blocks: Known::new(KNOWN_BLOCKS),
            keeps: Height::GENESIS,
            announced: None,
            wants_push: false,
            assembler: Assembler::default(),
            buckets: Buckets::new(now),
            score: 0,
            bytes_in: 0,
            bytes_out: 0,
            route: None,
            round_trip: None,
            ping: None,
            heard: now,
            read_until: Timestamp::default(),
            next_ping: now,
            clock_ahead: 0,
            asked_headers: None,
            claim: Work::default(),
            shown: BlockHash::ZERO,
            lacks: Known::new(KNOWN_BLOCKS),
            overdue: Known::new(MAX_OVERDUE),
            stalls: 0,
            orders: VecDeque::new(),
            wants_headers: None,
            questions: VecDeque::new(),
            unchecked: VecDeque::new(),
            checking: false,
            first_block: None,
            behind: None,
            exchange: Exchange::new(now),
            relay: Allowance::new(now),
        }
    }

    /// Whether it has proved who it is.
    pub fn is_connected(&self) -> bool {
        self.state == PeerState::Connected
    }

    /// Whether it keeps headers only: it has no bodies and waiting transactions of others, and what
    /// it says of its chain is nobody's finding.
    pub fn is_light(&self) -> bool {
        self.role == Some(Role::Light)
    }

    /// Takes what the peer says of its chain.
    pub fn told(&mut self, tip: BlockHash, height: Height, work: Work) {
        if tip != self.tip {
            self.lacks = Known::new(KNOWN_BLOCKS);
        }
        (self.tip, self.height, self.work, self.claim) = (tip, height, work, work);
    }

    /// This node slept: nothing that the peer did not do meanwhile is its fault.
    fn woke(&mut self, slept: Duration, now: Timestamp) {
        (self.since, self.heard, self.next_ping, self.ping) = (self.since.after(slept), now, now, None);
        if let Some(asked) = &mut self.asked_headers {
            asked.at = asked.at.after(slept);
        }
        if let Some((since, _)) = &mut self.behind {
            *since = since.after(slept);
        }
    }

    /// Takes the round trip of an answered ping.
    pub fn measured(&mut self, sample: Duration) {
        self.round_trip = Some(self.round_trip.map_or(sample, |smoothed| (smoothed * 7 + sample) / 8));
    }

    /// When this link is given up, unless something happens first.
    pub fn deadline(&self) -> Timestamp {
        match self.state {
            PeerState::Connecting => self.since.after(CONNECT_TIMEOUT),
            PeerState::Greeting => self.since.after(HELLO_TIMEOUT),
            PeerState::Connected => self.heard.after(PING_TIMEOUT),
        }
    }
}

/// Why and how long nobody talks to a peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ban {
    /// What brought its score to [`BAN_SCORE`]; not known of a ban of an earlier run.
    pub offence: Option<Offence>,
    /// Until when.
    pub until: Timestamp,
}

/// All links, and the bans.
#[derive(Debug, Default)]
pub struct Peers {
    links: BTreeMap<LinkId, Peer>,
    bans: BTreeMap<PeerId, Ban>,
    next_link: u64,
    forgave: Timestamp,
}

impl Peers {
    /// A new link to a peer; `None` when there are [`MAX_LINKS`].
    pub fn open(&mut self, id: PeerId, outbound: bool, session: u64, now: Timestamp) -> Option<LinkId> {
        if self.links.len() >= MAX_LINKS {
            return None;
        }
        self.next_link += 1;
        let link = LinkId(self.next_link);
        self.links.insert(link, Peer::new(id, outbound, session, now));
        Some(link)
    }

    /// Forgets a link.
    pub fn close(&mut self, link: LinkId) -> Option<Peer> {
        self.links.remove(&link)
    }

    /// Number of links, whatever their state.
    pub fn len(&self) -> usize {
        self.links.len()
    }

    /// Whether there are no links.
    pub fn is_empty(&self) -> bool {
        self.links.is_empty()
    }

    /// A link.
    pub fn get(&self, link: LinkId) -> Option<&Peer> {
        self.links.get(&link)
    }

    /// A link, to be changed.
    pub fn get_mut(&mut self, link: LinkId) -> Option<&mut Peer> {
        self.links.get_mut(&link)
    }

    /// The link to a peer.
    pub fn find(&self, id: &PeerId) -> Option<LinkId> {
        self.links.iter().find(|(_, peer)| peer.id == *id).map(|(link, _)| *link)
    }

    /// All links, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = (LinkId, &Peer)> {
        self.links.iter().map(|(link, peer)| (*link, peer))
    }

    /// Links whose peers have proved who they are, oldest first.
    pub fn connected(&self) -> impl Iterator<Item = (LinkId, &Peer)> {
        self.iter().filter(|(_, peer)| peer.state == PeerState::Connected)
    }

    /// The same, to be changed.
    pub fn connected_mut(&mut self) -> impl Iterator<Item = (LinkId, &mut Peer)> {
        let connected = self.links.iter_mut().filter(|(_, peer)| peer.state == PeerState::Connected);
        connected.map(|(link, peer)| (*link, peer))
    }

    /// A peer was the first to deliver a block that joined the best chain.
    pub fn delivered_first(&mut self, link: LinkId, now: Timestamp) {
        if let Some(peer) = self.links.get_mut(&link) {
            peer.first_block = Some(now);
        }
    }

    /// Adds an offence; gives whether the peer is banned for it.
    pub fn offend(&mut self, link: LinkId, offence: Offence, now: Timestamp) -> bool {
        let Some(peer) = self.links.get_mut(&link) else { return false };
        peer.score = peer.score.saturating_add(offence.points());
        if peer.score < BAN_SCORE {
            return false;
        }
        let id = peer.id;
        self.ban(id, offence, now);
        true
    }

    /// Forgives what the time that passed forgives.
    pub fn forgive(&mut self, now: Timestamp) {
        let points = now.since(self.forgave).as_secs() / FORGIVE_TIME.as_secs();
        if points > 0 {
            self.forgave = now;
            for peer in self.links.values_mut() {
                peer.score = peer.score.saturating_sub(u32::try_from(points).unwrap_or(u32::MAX));
            }
        }
    }

    /// This node slept so long.
    pub fn woke(&mut self, slept: Duration, now: Timestamp) {
        for peer in self.links.values_mut() {
            peer.woke(slept, now);
        }
    }

    /// Whether a peer is banned.
    pub fn is_banned(&self, id: &PeerId, now: Timestamp) -> bool {
        self.ban_of(id, now).is_some()
    }

    /// The ban of a peer, if it is banned.
    pub fn ban_of(&self, id: &PeerId, now: Timestamp) -> Option<Ban> {
        self.bans.get(id).filter(|ban| ban.until > now).copied()
    }

    /// All bans.
    pub fn bans(&self, now: Timestamp) -> impl Iterator<Item = (PeerId, Ban)> {
        self.bans.iter().filter(move |(_, ban)| ban.until > now).map(|(id, ban)| (*id, *ban))
    }

    /// Lifts the ban of a peer; gives whether there was one.
    pub fn pardon(&mut self, id: &PeerId, now: Timestamp) -> bool {
        self.bans.remove(id).is_some_and(|ban| ban.until > now)
    }

    /// Takes over bans of an earlier run; none is longer than one of this run would be.
    pub fn restore_bans(&mut self, bans: impl IntoIterator<Item = (PeerId, Timestamp)>, now: Timestamp) {
        let fresh = bans.into_iter().filter(|(_, until)| *until > now).take(MAX_BANS);
        let latest = now.after(BAN_TIME);
        self.bans.extend(fresh.map(|(id, until)| (id, Ban { offence: None, until: until.min(latest) })));
    }

    fn ban(&mut self, id: PeerId, offence: Offence, now: Timestamp) {
        self.bans.retain(|_, ban| ban.until > now);
        if self.bans.len() >= MAX_BANS
            && let Some(first) = self.bans.iter().min_by_key(|(_, ban)| ban.until).map(|(id, _)| *id)
        {
            self.bans.remove(&first);
        }
        self.bans.insert(id, Ban { offence: Some(offence), until: now.after(BAN_TIME) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    fn id(number: u8) -> PeerId {
        PeerId::from_bytes([number; 20])
    }

    #[test]
    fn links_are_bounded() {
        let mut peers = Peers::default();
        for number in 0..u8::try_from(MAX_LINKS).unwrap() {
            assert!(peers.open(id(number), true, 0, at(0)).is_some());
        }
        assert!(peers.open(id(99), true, 0, at(0)).is_none());
        peers.close(LinkId(1));
        assert_eq!(peers.open(id(99), true, 0, at(0)), Some(LinkId(17)));
    }

    #[test]
    fn offences_add_up_to_a_ban_that_ends() {
        let mut peers = Peers::default();
        let link = peers.open(id(1), true, 0, at(0)).unwrap();
        for _ in 0..3 {
            assert!(!peers.offend(link, Offence::BadSignature, at(0)));
        }
        assert!(!peers.is_banned(&id(1), at(0)));
        assert!(peers.offend(link, Offence::BadSignature, at(0)));
        assert!(peers.is_banned(&id(1), at(599)));
        assert!(!peers.is_banned(&id(1), at(600)));
        assert!(peers.offend(link, Offence::Garbage, at(700)));
    }

    #[test]
    fn a_ban_can_be_seen_and_lifted() {
        let mut peers = Peers::default();
        let links = [1, 2].map(|number| peers.open(id(number), true, 0, at(0)).unwrap());
        peers.offend(links[0], Offence::Garbage, at(0));
        peers.offend(links[1], Offence::LowWork, at(100));
        let (garbage, low_work) = (
            Ban { offence: Some(Offence::Garbage), until: at(600) },
            Ban { offence: Some(Offence::LowWork), until: at(700) },
        );
        assert_eq!(peers.bans(at(599)).collect::<Vec<_>>(), [(id(1), garbage), (id(2), low_work)]);
        assert_eq!(peers.bans(at(600)).collect::<Vec<_>>(), [(id(2), low_work)]);
        assert_eq!(peers.ban_of(&id(1), at(600)), None);
        assert!(!peers.pardon(&id(1), at(600)), "it has ended");
        assert!(peers.pardon(&id(2), at(600)));
        assert!(!peers.is_banned(&id(2), at(600)) && !peers.pardon(&id(2), at(600)));
    }

    #[test]
    fn points_fade_slowly() {
        let mut peers = Peers::default();
        let link = peers.open(id(1), true, 0, at(0)).unwrap();
        peers.offend(link, Offence::Stalled, at(0));
        peers.forgive(at(11));
        assert_eq!(peers.get(link).unwrap().score, Offence::Stalled.points());
        peers.forgive(at(12));
        assert_eq!(peers.get(link).unwrap().score, Offence::Stalled.points() - 1);
        peers.forgive(at(4_000));
        assert_eq!(peers.get(link).unwrap().score, 0);
    }

    #[test]
    fn bans_are_bounded_and_the_one_that_ends_first_makes_room() {
        let mut peers = Peers::default();
        let name = |number: usize| {
            let mut bytes = [0; 20];
            bytes[..8].copy_from_slice(&(number as u64).to_le_bytes());
            PeerId::from_bytes(bytes)
        };
        for number in 0..=MAX_BANS {
            peers.ban(name(number), Offence::Garbage, Timestamp::from_millis(number as u64));
        }
        assert_eq!(peers.bans.len(), MAX_BANS);
        let now = Timestamp::from_millis(MAX_BANS as u64);
        assert!(!peers.is_banned(&name(0), now) && peers.is_banned(&name(1), now));
    }

    #[test]
    fn a_node_that_slept_judges_nobody_for_it() {
        let mut peers = Peers::default();
        let link = peers.open(id(1), true, 0, at(0)).unwrap();
        let peer = peers.get_mut(link).unwrap();
        (peer.state, peer.ping) = (PeerState::Connected, Some((1, at(5))));
        peer.asked_headers = Some(Asked { at: at(5), locator: Vec::new(), claim: Work::default() });
        peer.behind = Some((at(5), Work::default()));
        peers.woke(Duration::from_hours(1), at(3_610));
        let peer = peers.get(link).unwrap();
        assert_eq!(peer.deadline(), at(3_610).after(PING_TIMEOUT));
        assert_eq!((peer.next_ping, peer.ping), (at(3_610), None));
        assert_eq!(peer.asked_headers.as_ref().unwrap().at, at(3_605));
        assert_eq!(peer.behind, Some((at(3_605), Work::default())));
    }
}
