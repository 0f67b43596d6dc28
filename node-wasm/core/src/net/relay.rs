//! Signals that peers carry for peers: over a few links, never twice, never unchecked.
//!
//! A forwarder checks the signature before it passes a signal on, so that an invalid one is always
//! the fault of the neighbour it came from. A signal is known by the hash of its payload, of which
//! only its sender can make another. It is carried while its stamp is fresh, and remembered for
//! longer than that: so it is carried once, however often and on whatever way somebody repeats it.

use crate::contract::LinkId;
use crate::hash::{BlockHash, sha256};
use crate::net::draw;
use crate::net::known::Known;
use crate::net::limits::{Bucket, Limit};
use crate::net::mesh::Context;
use crate::net::message::Message;
use crate::net::offence::Offence;
use crate::net::signal::{self, Opened};
use crate::units::Timestamp;
use crate::view::PeerState;
use borsh::{BorshDeserialize, BorshSerialize};
use std::collections::BTreeMap;
use std::io;
use std::time::Duration;
use tracker_protocol::PeerId;

/// Most links that a signal travels. Who is heard of by exchange is two links away; four reach
/// some forty peers when nobody knows the way.
pub const MAX_HOPS: u8 = 4;
/// Links over which a sender sends.
pub const FIRST_FANOUT: usize = 3;
/// Links over which a forwarder passes on what it does not know the way of.
pub const FANOUT: usize = 2;
/// Relayed signals a second that a link may bring in the long run. Each costs the check of a
/// signature: with sixteen links at most 80 a second.
pub const IN_RATE: f64 = 5.0;
/// Relayed signals that may come at once: eight connections, each with a dozen steps in both directions.
pub const IN_BURST: f64 = 200.0;
/// Relayed signals a second that this node sends over a link. Less than a link may bring, so that
/// who keeps to it is never taken for a flood, however the line bunches what it carries.
pub const OUT_RATE: f64 = 4.0;
/// Relayed signals sent at once.
pub const OUT_BURST: f64 = 160.0;
/// Signals a second carried for one sender in the long run.
pub const ORIGIN_RATE: f64 = 2.0;
/// Signals carried for one sender at once: eight connections of a dozen steps, and some more.
pub const ORIGIN_BURST: f64 = 120.0;
/// Senders whose rate is counted; the one that was quiet for longest makes room.
pub const MAX_ORIGINS: usize = 512;
/// How far a stamp may be from this node's clock, as far as a block may be ahead of it.
pub const FRESH: Duration = Duration::from_mins(2);
/// Signals remembered as carried: more than sixteen links can bring while a stamp is fresh, which
/// are 4 minutes of 80 a second, and the bursts (0.4 MB).
pub const MAX_SEEN: usize = 24_576;
/// How long the way back to a sender is remembered: longer than a connection takes.
pub const ROUTE_TIME: Duration = Duration::from_mins(1);
/// Ways remembered; the one that ends first makes room.
pub const MAX_ROUTES: usize = 512;

/// A signal on its way between two peers that are not connected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelayedSignal {
    /// Who signed it.
    pub from: PeerId,
    /// For whom it is.
    pub to: PeerId,
    /// Links travelled, this one included: 1 to [`MAX_HOPS`].
    pub hops: u8,
    /// What [`signal::seal`] gave.
    pub payload: String,
}

impl BorshSerialize for RelayedSignal {
    fn serialize<W: io::Write>(&self, writer: &mut W) -> io::Result<()> {
        (self.from.as_bytes(), self.to.as_bytes(), self.hops, &self.payload).serialize(writer)
    }
}

impl BorshDeserialize for RelayedSignal {
    fn deserialize_reader<R: io::Read>(reader: &mut R) -> io::Result<Self> {
        let (from, to, hops, payload) = BorshDeserialize::deserialize_reader(reader)?;
        Ok(Self { from: PeerId::from_bytes(from), to: PeerId::from_bytes(to), hops, payload })
    }
}

/// Relayed signals that may still come and go over one link.
#[derive(Debug)]
pub struct Allowance {
    incoming: Bucket,
    outgoing: Bucket,
}

impl Allowance {
    /// All of it.
    pub fn new(now: Timestamp) -> Self {
        Self {
            incoming: Bucket::new(Limit::new("signals", IN_RATE, IN_BURST), now),
            outgoing: Bucket::new(Limit::new("signals", OUT_RATE, OUT_BURST), now),
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Route {
    link: LinkId,
    until: Timestamp,
}

#[derive(Debug)]
struct Origin {
    bucket: Bucket,
    heard: Timestamp,
}

/// What was carried lately, and the ways back.
#[derive(Debug)]
pub struct Relay {
    id: PeerId,
    genesis: BlockHash,
    seen: Known<[u8; 16]>,
    routes: BTreeMap<PeerId, Route>,
    origins: BTreeMap<PeerId, Origin>,
    forwarded: u64,
}

impl Relay {
    /// For the peer of this id, on this chain.
    pub fn new(id: PeerId, genesis: BlockHash) -> Self {
        Self {
            id,
            genesis,
            seen: Known::new(MAX_SEEN),
            routes: BTreeMap::new(),
            origins: BTreeMap::new(),
            forwarded: 0,
        }
    }

    /// Signals passed on for others.
    pub fn forwarded(&self) -> u64 {
        self.forwarded
    }

    /// Whether signals of a peer came over a link lately.
    pub fn knows_way(&self, id: &PeerId, now: Timestamp) -> bool {
        self.routes.get(id).is_some_and(|route| route.until > now)
    }

    /// Sends a signal of this node; `via` are connected peers that said they can reach its receiver.
    /// Gives over how many links it goes.
    pub fn send(&mut self, context: &mut Context, to: PeerId, payload: String, via: &[PeerId]) -> usize {
        self.seen.insert(fingerprint(&payload));
        let signal = RelayedSignal { from: self.id, to, hops: 1, payload };
        self.pass(context, signal, None, via, FIRST_FANOUT)
    }

    /// Takes a signal that came over a link: gives what is for this node, passes on what is for
    /// others. `via` are as in [`Relay::send`].
    pub fn take(
        &mut self,
        context: &mut Context,
        link: LinkId,
        signal: RelayedSignal,
        via: &[PeerId],
    ) -> Result<Option<Opened>, Offence> {
        let now = context.now;
        // The bucket comes first: it bounds what the rest costs.
        let Some(peer) = context.peers.get_mut(link) else { return Ok(None) };
        if !peer.relay.incoming.take(1.0, now) {
            return Err(Offence::Flood);
        }
        if signal.hops == 0 || signal.hops > MAX_HOPS {
            return Err(Offence::TooMany);
        }
        let (neighbour, print) = (peer.id, fingerprint(&signal.payload));
        if signal.from == self.id || self.seen.contains(&print) || context.peers.is_banned(&signal.from, now) {
            return Ok(None);
        }
        let opened =
            signal::open(&signal.payload, self.genesis, signal.from, signal.to).map_err(|_| Offence::BadSignature)?;
        // Clocks differ, and the line takes time: a stale signal is nobody's fault.
        if opened.stamp.since(now).max(now.since(opened.stamp)) > FRESH || !self.allow(signal.from, now) {
            return Ok(None);
        }
        self.seen.insert(print);
        if signal.from != neighbour {
            self.learn_way(signal.from, link, now);
        }
        if signal.to == self.id {
            return Ok(Some(opened));
        }
        if signal.hops < MAX_HOPS {
            let signal = RelayedSignal { hops: signal.hops + 1, ..signal };
            self.forwarded += u64::from(self.pass(context, signal, Some(link), via, FANOUT) > 0);
        }
        Ok(None)
    }

    /// Remembers a signal that came in another way, so that nobody can bring it again.
    pub fn note(&mut self, payload: &str) {
        self.seen.insert(fingerprint(payload));
    }

    fn pass(
        &mut self,
        context: &mut Context,
        signal: RelayedSignal,
        source: Option<LinkId>,
        via: &[PeerId],
        fanout: usize,
    ) -> usize {
        let links = self.ways(context, &signal, source, via, fanout);
        let message = Message::Relay(Box::new(signal)).encode();
        let mut passed = 0;
        for link in links {
            let Some(peer) = context.peers.get_mut(link) else { continue };
            if peer.relay.outgoing.take(1.0, context.now) {
                peer.bytes_out += context.outbox.send_bytes(link, message.clone());
                passed += 1;
            }
        }
        passed
    }

    /// Where a signal goes: to its receiver, else back the way of the receiver's own signals, else
    /// over peers that said they can reach it and over others at random.
    fn ways(
        &self,
        context: &mut Context,
        signal: &RelayedSignal,
        source: Option<LinkId>,
        via: &[PeerId],
        fanout: usize,
    ) -> Vec<LinkId> {
        let connected = |link: LinkId| {
            let peer = context.peers.get(link);
            Some(link) != source
                && peer.is_some_and(|peer| peer.state == PeerState::Connected && peer.id != signal.from)
        };
        if let Some(link) = context.peers.find(&signal.to).filter(|link| connected(*link)) {
            return vec![link];
        }
        let route = self.routes.get(&signal.to).filter(|route| route.until > context.now && connected(route.link));
        // A sender does not rely on one way alone: whoever brought a signal first may lose the answer.
        let (mut ways, fanout) = match (route, source) {
            (Some(route), Some(_)) => return vec![route.link],
            (Some(route), None) => (vec![route.link], FANOUT),
            (None, _) => (Vec::new(), fanout),
        };
        let connected = |link: LinkId| connected(link) && !ways.contains(&link);
        let all = context.peers.connected().filter(|(link, _)| connected(*link));
        let (mut able, mut others): (Vec<_>, Vec<_>) =
            all.map(|(link, peer)| (via.contains(&peer.id), link)).partition(|(able, _)| *able);
        while ways.len() < fanout
            && let Some((_, link)) = draw(context.rng, &mut able).or_else(|| draw(context.rng, &mut others))
        {
            ways.push(link);
        }
        ways
    }

    fn learn_way(&mut self, id: PeerId, link: LinkId, now: Timestamp) {
        if self.routes.len() >= MAX_ROUTES
            && !self.routes.contains_key(&id)
            && let Some(first) = self.routes.iter().min_by_key(|(_, route)| route.until).map(|(id, _)| *id)
        {
            self.routes.remove(&first);
        }
        self.routes.insert(id, Route { link, until: now.after(ROUTE_TIME) });
    }

    /// Whether a sender keeps to its rate.
    fn allow(&mut self, from: PeerId, now: Timestamp) -> bool {
        if self.origins.len() >= MAX_ORIGINS
            && !self.origins.contains_key(&from)
            && let Some(quiet) = self.origins.iter().min_by_key(|(_, origin)| origin.heard).map(|(id, _)| *id)
        {
            self.origins.remove(&quiet);
        }
        let fresh =
            || Origin { bucket: Bucket::new(Limit::new("signals", ORIGIN_RATE, ORIGIN_BURST), now), heard: now };
        let origin = self.origins.entry(from).or_insert_with(fresh);
        origin.heard = now;
        origin.bucket.take(1.0, now)
    }
}

/// Half a hash: nobody gains from two signals that share it.
fn fingerprint(payload: &str) -> [u8; 16] {
    let mut print = [0; 16];
    print.copy_from_slice(&sha256(payload.as_bytes())[..16]);
    print
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::Output;
    use crate::keys::SecretKey;
    use crate::log::Log;
    use crate::net::outbox::Outbox;
    use crate::net::peers::Peers;
    use crate::net::signal::SignalBody;
    use rand_chacha::ChaCha8Rng;
    use rand_core::SeedableRng;

    const GENESIS: BlockHash = BlockHash([5; 32]);
    /// The neighbours of the node under test have links 1 to this.
    const NEIGHBOURS: u8 = 8;

    struct Bench {
        relay: Relay,
        peers: Peers,
        outbox: Outbox,
        log: Log,
        rng: ChaCha8Rng,
        now: Timestamp,
    }

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(1_000_000 + millis)
    }

    fn key(number: u8) -> SecretKey {
        SecretKey::derive(&[number; 32], b"peer")
    }

    fn id(number: u8) -> PeerId {
        key(number).public_key().peer_id()
    }

    fn call(from: u8, to: u8, stamp: Timestamp) -> RelayedSignal {
        let payload = signal::seal(&key(from), GENESIS, id(to), stamp, SignalBody::CallMe).unwrap();
        RelayedSignal { from: id(from), to: id(to), hops: 1, payload }
    }

    impl Bench {
        fn new() -> Self {
            let mut peers = Peers::default();
            for number in 1..=NEIGHBOURS {
                let link = peers.open(id(number), true, 0, at(0)).unwrap();
                peers.get_mut(link).unwrap().state = PeerState::Connected;
            }
            Self {
                relay: Relay::new(id(0), GENESIS),
                peers,
                outbox: Outbox::default(),
                log: Log::default(),
                rng: ChaCha8Rng::seed_from_u64(1),
                now: at(0),
            }
        }

        fn take(&mut self, link: u64, signal: RelayedSignal, via: &[PeerId]) -> Result<Option<Opened>, Offence> {
            let mut context = Context {
                now: self.now,
                peers: &mut self.peers,
                outbox: &mut self.outbox,
                log: &mut self.log,
                rng: &mut self.rng,
            };
            self.relay.take(&mut context, LinkId(link), signal, via)
        }

        fn send(&mut self, signal: RelayedSignal, via: &[PeerId]) -> usize {
            let mut context = Context {
                now: self.now,
                peers: &mut self.peers,
                outbox: &mut self.outbox,
                log: &mut self.log,
                rng: &mut self.rng,
            };
            self.relay.send(&mut context, signal.to, signal.payload, via)
        }

        /// Links over which signals went since the last call.
        fn sent(&mut self) -> Vec<u64> {
            let mut links = Vec::new();
            while let Some(output) = self.outbox.pop() {
                let Output::Send { link, .. } = output else { panic!("{output:?}") };
                links.push(link.0);
            }
            links
        }
    }

    #[test]
    fn a_signal_goes_to_its_receiver_if_that_is_connected() {
        let mut bench = Bench::new();
        assert_eq!(bench.take(1, call(50, 3, bench.now), &[id(4)]), Ok(None));
        assert_eq!(bench.sent(), vec![3]);
        assert_eq!(bench.relay.forwarded(), 1);
    }

    #[test]
    fn an_answer_goes_back_the_way_of_the_question_for_a_minute() {
        let mut bench = Bench::new();
        assert_eq!(bench.take(1, call(50, 3, bench.now), &[]), Ok(None));
        bench.sent();
        bench.now = at(59_999);
        assert_eq!(bench.take(3, call(3, 50, bench.now), &[]), Ok(None));
        assert_eq!(bench.sent(), vec![1]);
        assert_eq!(bench.send(call(0, 50, bench.now), &[]), 2, "an own answer takes another way too");
        assert!(bench.sent().contains(&1));
        bench.now = at(60_000);
        assert_eq!(bench.take(3, call(3, 50, bench.now), &[]), Ok(None));
        assert_eq!(bench.sent().len(), FANOUT, "the way is forgotten");
    }

    #[test]
    fn without_a_way_it_goes_over_those_who_can_reach_it_and_a_few_others_never_back() {
        for seed in 0..20 {
            let mut bench = Bench::new();
            bench.rng = ChaCha8Rng::seed_from_u64(seed);
            assert_eq!(bench.take(1, call(50, 60, bench.now), &[id(4)]), Ok(None));
            let links = bench.sent();
            assert_eq!(links.len(), FANOUT);
            assert!(links.contains(&4) && !links.contains(&1), "{links:?}");
            let own = call(0, 60, at(1));
            assert_eq!(bench.send(own, &[id(4)]), FIRST_FANOUT);
            assert!(bench.sent().contains(&4));
        }
    }

    #[test]
    fn the_same_signal_is_carried_once_however_often_it_comes() {
        let mut bench = Bench::new();
        let signal = call(50, 60, bench.now);
        bench.take(1, signal.clone(), &[]).unwrap();
        assert_eq!(bench.sent().len(), FANOUT);
        for link in 1..=u64::from(NEIGHBOURS) {
            for hops in 1..=MAX_HOPS {
                assert_eq!(bench.take(link, RelayedSignal { hops, ..signal.clone() }, &[]), Ok(None));
            }
        }
        assert!(bench.sent().is_empty());
        // What this node sent itself does not come back into the world over it.
        let own = call(0, 60, at(1));
        bench.send(own.clone(), &[]);
        bench.sent();
        assert_eq!(bench.take(2, own, &[]), Ok(None));
        assert!(bench.sent().is_empty());
        // A signal for this node counts once.
        let mine = call(50, 0, at(2));
        assert!(bench.take(1, mine.clone(), &[]).unwrap().is_some());
        assert!(bench.take(2, mine, &[]).unwrap().is_none());
    }

    #[test]
    fn hops_are_bounded() {
        for (hops, links) in [(MAX_HOPS - 1, FANOUT), (MAX_HOPS, 0)] {
            let mut bench = Bench::new();
            let signal = RelayedSignal { hops, ..call(50, 60, bench.now) };
            assert_eq!(bench.take(1, signal, &[]), Ok(None));
            assert_eq!(bench.sent().len(), links, "{hops} hops");
        }
        for hops in [0, MAX_HOPS + 1, u8::MAX] {
            let mut bench = Bench::new();
            let signal = RelayedSignal { hops, ..call(50, 60, bench.now) };
            assert_eq!(bench.take(1, signal, &[]), Err(Offence::TooMany));
        }
        let mut bench = Bench::new();
        let last = RelayedSignal { hops: MAX_HOPS, ..call(50, 0, bench.now) };
        assert!(bench.take(1, last, &[]).unwrap().is_some(), "four links away is not too far");
    }

    #[test]
    fn a_signal_that_its_sender_did_not_sign_for_its_receiver_is_the_neighbours_offence() {
        let mut bench = Bench::new();
        let signal = call(50, 60, bench.now);
        let forged = [
            RelayedSignal { from: id(51), ..signal.clone() },
            RelayedSignal { to: id(61), ..signal.clone() },
            RelayedSignal { payload: call(51, 60, bench.now).payload, ..signal.clone() },
            RelayedSignal { payload: "nonsense".to_owned(), ..signal.clone() },
        ];
        for forged in forged {
            assert_eq!(bench.take(1, forged, &[]), Err(Offence::BadSignature));
        }
        assert!(bench.sent().is_empty());
        // A forgery does not keep the true one from being carried.
        assert_eq!(bench.take(1, signal, &[]), Ok(None));
        assert_eq!(bench.sent().len(), FANOUT);
    }

    #[test]
    fn a_stamp_is_fresh_for_two_minutes_and_remembered_for_longer() {
        let fresh = u64::try_from(FRESH.as_millis()).unwrap();
        for (age, carried) in [(fresh - 1, true), (fresh, true), (fresh + 1, false)] {
            let mut bench = Bench::new();
            bench.now = at(age);
            bench.take(1, call(50, 60, at(0)), &[]).unwrap();
            assert_eq!(!bench.sent().is_empty(), carried, "{age} ms old");
            let mut bench = Bench::new();
            bench.take(1, call(50, 60, at(age)), &[]).unwrap();
            assert_eq!(!bench.sent().is_empty(), carried, "{age} ms ahead");
        }
        // The most that sixteen links can bring from when a stamp is first fresh to its end.
        let brought = 16.0 * (IN_BURST + IN_RATE * 2.0 * FRESH.as_secs_f64());
        assert!(brought < f64::from(u32::try_from(MAX_SEEN).unwrap()), "{brought}");
    }

    #[test]
    fn a_link_that_brings_too_many_floods_and_a_check_is_not_spent_on_it() {
        let mut bench = Bench::new();
        let junk = RelayedSignal { payload: "nonsense".to_owned(), ..call(50, 60, bench.now) };
        for _ in 0..200 {
            assert_eq!(bench.take(1, junk.clone(), &[]), Err(Offence::BadSignature));
        }
        assert_eq!(bench.take(1, junk.clone(), &[]), Err(Offence::Flood));
        assert_eq!(bench.take(2, junk.clone(), &[]), Err(Offence::BadSignature), "each link has its own");
        bench.now = at(1000);
        for _ in 0..5 {
            assert_eq!(bench.take(1, junk.clone(), &[]), Err(Offence::BadSignature));
        }
        assert_eq!(bench.take(1, junk, &[]), Err(Offence::Flood));
    }

    #[test]
    fn one_senders_signals_are_carried_at_its_rate_whatever_links_they_come_over() {
        let mut bench = Bench::new();
        let mut carried = 0;
        for number in 0..130 {
            let link = 1 + number % 4;
            assert_eq!(bench.take(link, call(50, 60, at(number)), &[]), Ok(None));
            carried += usize::from(!bench.sent().is_empty());
        }
        assert_eq!(carried, 120);
        bench.take(1, call(51, 60, at(0)), &[]).unwrap();
        assert_eq!(bench.sent().len(), FANOUT, "others are not kept back by it");
    }

    #[test]
    fn no_more_leaves_over_a_link_than_the_peer_lets_in() {
        let mut bench = Bench::new();
        let mut sent = 0;
        for number in 0..190 {
            // From many senders, for a receiver that is connected.
            let from = 20 + u8::try_from(number % 100).unwrap();
            bench.take(1 + number % 2, call(from, 8, at(number)), &[]).unwrap();
            sent += bench.sent().len();
        }
        assert_eq!(sent, 160);
        const { assert!(OUT_RATE < IN_RATE && OUT_BURST < IN_BURST) };
    }

    #[test]
    fn memories_are_bounded() {
        let mut bench = Bench::new();
        let some = |number: usize| {
            let mut bytes = [0; 20];
            bytes[..8].copy_from_slice(&number.to_le_bytes());
            PeerId::from_bytes(bytes)
        };
        for number in 0..MAX_ROUTES.max(MAX_ORIGINS) + 10 {
            let now = at(number as u64);
            bench.relay.learn_way(some(number), LinkId(1), now);
            assert!(bench.relay.allow(some(number), now));
        }
        assert_eq!(bench.relay.routes.len(), MAX_ROUTES);
        assert_eq!(bench.relay.origins.len(), MAX_ORIGINS);
        assert!(!bench.relay.knows_way(&some(0), at(0)) && bench.relay.knows_way(&some(MAX_ROUTES), at(0)));
    }
}
