//! Catching up: headers first, then the bodies of all live branches from several peers at once.

use crate::block::BlockHeader;
use crate::chain::tree::{Chain, InsertError};
use crate::consensus::validation::{self, HeaderError};
use crate::contract::LinkId;
use crate::hash::BlockHash;
use crate::net::compact::is_near;
use crate::net::mesh::Context;
use crate::net::message::{MAX_BLOCKS_ASKED, MAX_HEADERS, Message};
use crate::net::peers::Peer;
use crate::units::{Height, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Bodies under way from one peer at a time (Bitcoin Core's number).
const MAX_FLIGHTS_A_PEER: usize = 16;
/// Missing bodies looked at for requests: twice what all wanted links can have under way.
const WINDOW: usize = 256;
/// Time for a body: the largest block over a slow line, behind others.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);
/// Time for an answer to a request for headers.
const HEADERS_TIMEOUT: Duration = Duration::from_secs(15);
/// Bodies remembered that a peer was too slow with: they are taken when they come all the same, so
/// that none travels twice over one link.
const MAX_LATE: usize = 256;
/// Headers that wait because they are ahead of the clock; the one furthest ahead makes room.
const MAX_PARKED: usize = 64;

/// What a batch of headers brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HeadersOutcome {
    /// Headers that are new here.
    pub new: usize,
    /// The header that breaks a rule, if one does, and which.
    pub invalid: Option<(BlockHash, HeaderError)>,
    /// A header of a block that is known to be invalid.
    pub known_invalid: Option<BlockHash>,
    /// Headers that have to wait for their time.
    pub parked: usize,
}

#[derive(Debug, Clone, Copy)]
struct Flight {
    link: LinkId,
    deadline: Timestamp,
}

/// What was asked for and has not come yet.
#[derive(Debug, Default)]
pub struct Sync {
    flights: BTreeMap<BlockHash, Flight>,
    /// What was asked for and did not come in time.
    late: BTreeSet<(BlockHash, LinkId)>,
    /// Bodies that are being put together, or whose signatures are being verified.
    held: BTreeSet<BlockHash>,
    parked: BTreeMap<(Timestamp, BlockHash), BlockHeader>,
}

impl Sync {
    /// Asks a peer for the headers that it has and this node lacks.
    pub fn ask_headers(context: &mut Context, link: LinkId, locator: Vec<BlockHash>) {
        let now = context.now;
        let Some(peer) = context.peers.get_mut(link) else { return };
        if peer.asked_headers.is_some_and(|asked| now.since(asked) < HEADERS_TIMEOUT) {
            return;
        }
        peer.asked_headers = Some(now);
        peer.bytes_out += context.outbox.send(link, &Message::GetHeaders(locator));
    }

    /// Headers came from a peer: takes them in, asks for what lies between or behind.
    pub fn on_headers(
        &mut self,
        context: &mut Context,
        chain: &mut Chain,
        link: LinkId,
        headers: &[BlockHeader],
    ) -> HeadersOutcome {
        let mut outcome = HeadersOutcome::default();
        if let Some(peer) = context.peers.get_mut(link) {
            peer.asked_headers = None;
        }
        let mut last = None;
        for header in headers {
            if validation::is_ahead(chain.params(), header, context.now) {
                outcome.parked += 1;
                self.park(*header);
                break;
            }
            match chain.insert_header(*header) {
                Ok(new) => outcome.new += usize::from(new),
                Err(InsertError::Orphan) => {
                    Self::ask_headers(context, link, chain.locator());
                    break;
                }
                Err(InsertError::Invalid(error)) => {
                    outcome.invalid = Some((header.hash(), error));
                    break;
                }
                Err(InsertError::OnInvalid) => {
                    outcome.known_invalid = Some(header.hash());
                    break;
                }
            }
            last = Some(header.hash());
        }
        if let (Some(hash), Some(peer)) = (last, context.peers.get_mut(link)) {
            learn_tip(peer, chain, hash);
            let full = headers.len() >= MAX_HEADERS && outcome.invalid.is_none();
            if full {
                Self::ask_headers(context, link, vec![hash]);
            }
        }
        outcome
    }

    /// A block came from a peer; gives whether it was asked for.
    pub fn on_block(&mut self, context: &mut Context, link: LinkId, hash: BlockHash) -> bool {
        if let Some(peer) = context.peers.get_mut(link) {
            peer.blocks.insert(hash);
        }
        let asked = self.flights.get(&hash).is_some_and(|flight| flight.link == link);
        if asked {
            self.flights.remove(&hash);
        }
        asked || self.late.remove(&(hash, link))
    }

    /// A peer does not have blocks that it was asked for.
    pub fn on_not_found(&mut self, context: &mut Context, link: LinkId, hashes: &[BlockHash]) {
        for hash in hashes {
            if self.flights.get(hash).is_some_and(|flight| flight.link == link) {
                self.flights.remove(hash);
            }
            self.late.remove(&(*hash, link));
            if let Some(peer) = context.peers.get_mut(link) {
                peer.blocks.remove(hash);
            }
        }
        // It does not have what its tip promised: not asked again until it tells of a tip.
        if let Some(peer) = context.peers.get_mut(link) {
            peer.work = crate::units::Work::default();
        }
    }

    /// Asks a peer for a whole block that it has.
    pub fn ask_whole(&mut self, context: &mut Context, link: LinkId, hash: BlockHash) {
        self.flights.insert(hash, Flight { link, deadline: context.now.after(BODY_TIMEOUT) });
        if let Some(peer) = context.peers.get_mut(link) {
            peer.bytes_out += context.outbox.send(link, &Message::GetBlocks(vec![hash]));
        }
    }

    /// Keeps a body from being asked for while it is put together or its signatures are verified.
    pub fn hold(&mut self, hash: BlockHash) {
        self.held.insert(hash);
    }

    /// The body was taken in, or refused, or given up.
    pub fn release(&mut self, hash: &BlockHash) {
        self.held.remove(hash);
    }

    /// Asks peers for bodies that are missing: near the tip in compact form.
    pub fn schedule(&mut self, context: &mut Context, chain: &Chain) {
        let now = context.now;
        let mut load: BTreeMap<LinkId, usize> = context.peers.connected().map(|(link, _)| (link, 0)).collect();
        self.flights.retain(|_, flight| load.contains_key(&flight.link));
        let missing = |hash: &BlockHash| chain.header(hash).is_some() && chain.block(hash).is_none();
        self.late.retain(|(hash, link)| load.contains_key(link) && missing(hash));
        for flight in self.flights.values() {
            *load.entry(flight.link).or_default() += 1;
        }
        let mut requests: BTreeMap<LinkId, Vec<BlockHash>> = BTreeMap::new();
        for hash in chain.missing().take(WINDOW) {
            if self.flights.contains_key(&hash) || self.held.contains(&hash) {
                continue;
            }
            let Some(work) = chain.work_of(&hash) else { continue };
            let able = context.peers.connected().filter(|(_, peer)| peer.blocks.contains(&hash) || peer.work >= work);
            let free = able.filter(|(link, _)| load.get(link).is_some_and(|count| *count < MAX_FLIGHTS_A_PEER));
            let slow = |link: &LinkId| self.late.contains(&(hash, *link));
            let order = |link: &LinkId| (slow(link), load.get(link).copied(), *link);
            let Some(link) = free.map(|(link, _)| link).min_by_key(order) else {
                continue;
            };
            *load.entry(link).or_default() += 1;
            self.flights.insert(hash, Flight { link, deadline: now.after(BODY_TIMEOUT) });
            // Channels lose nothing: what is late comes, and is waited for again when nobody else has it.
            if !slow(&link) {
                requests.entry(link).or_default().push(hash);
            }
        }
        let near = |hash: &BlockHash| chain.header(hash).is_some_and(|header| is_near(chain.height(), header.height));
        for (link, hashes) in requests {
            let (near, far): (Vec<BlockHash>, Vec<BlockHash>) = hashes.into_iter().partition(near);
            let near = near.into_iter().map(Message::GetCompact);
            let far = far.chunks(MAX_BLOCKS_ASKED).map(|batch| Message::GetBlocks(batch.to_vec()));
            for message in near.chain(far) {
                if let Some(peer) = context.peers.get_mut(link) {
                    peer.bytes_out += context.outbox.send(link, &message);
                }
            }
        }
    }

    /// Peers that let a body wait too long; what they owe is asked for elsewhere.
    pub fn stalled(&mut self, now: Timestamp) -> BTreeSet<LinkId> {
        let late: Vec<BlockHash> =
            self.flights.iter().filter(|(_, flight)| flight.deadline <= now).map(|(hash, _)| *hash).collect();
        let mut links = BTreeSet::new();
        for hash in late {
            let Some(flight) = self.flights.remove(&hash) else { continue };
            links.insert(flight.link);
            self.note_late(hash, flight.link);
        }
        links
    }

    /// Remembers that a peer was too slow with a body: others are asked for it, and it not again.
    pub fn note_late(&mut self, hash: BlockHash, link: LinkId) {
        self.late.insert((hash, link));
        if self.late.len() > MAX_LATE {
            self.late.pop_first();
        }
    }

    /// Headers whose time has come.
    pub fn ripe(&mut self, chain: &Chain, now: Timestamp) -> Vec<BlockHeader> {
        let mut ripe = Vec::new();
        while let Some(entry) = self.parked.first_entry() {
            if validation::is_ahead(chain.params(), entry.get(), now) {
                break;
            }
            ripe.push(entry.remove());
        }
        ripe
    }

    /// When something is due.
    pub fn next_timeout(&self) -> Option<Timestamp> {
        self.flights.values().map(|flight| flight.deadline).min()
    }

    fn park(&mut self, header: BlockHeader) {
        self.parked.insert((header.time, header.hash()), header);
        if self.parked.len() > MAX_PARKED {
            self.parked.pop_last();
        }
    }
}

/// Takes the tip that a peer has shown by headers.
pub fn learn_tip(peer: &mut Peer, chain: &Chain, hash: BlockHash) {
    peer.blocks.insert(hash);
    let (Some(work), Some(header)) = (chain.work_of(&hash), chain.header(&hash)) else { return };
    if work >= peer.work || peer.height == Height::GENESIS {
        (peer.tip, peer.height, peer.work) = (hash, header.height, work);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::testing::{Builder, params};
    use crate::log::Log;
    use crate::net::outbox::Outbox;
    use crate::net::peers::Peers;
    use crate::view::PeerState;
    use rand_chacha::ChaCha8Rng;
    use rand_core::SeedableRng;
    use tracker_protocol::PeerId;

    #[test]
    fn a_header_ahead_of_the_clock_waits_for_its_time() {
        let mut builder = Builder::new(params());
        let genesis = builder.genesis;
        let block = builder.extend(genesis, 1, Vec::new(), 0);
        let mut chain = Chain::new(params());
        let mut peers = Peers::default();
        let early = Timestamp::from_millis(block.header.time.millis() - 120_001);
        let link = peers.open(PeerId::from_bytes([1; 20]), true, 0, early).unwrap();
        peers.get_mut(link).unwrap().state = PeerState::Connected;
        let (mut outbox, mut log, mut rng) = (Outbox::default(), Log::default(), ChaCha8Rng::seed_from_u64(1));
        let mut context = Context { now: early, peers: &mut peers, outbox: &mut outbox, log: &mut log, rng: &mut rng };
        let mut sync = Sync::default();
        let outcome = sync.on_headers(&mut context, &mut chain, link, &[block.header]);
        assert_eq!(outcome, HeadersOutcome { parked: 1, ..HeadersOutcome::default() });
        assert_eq!(context.peers.get(link).unwrap().score, 0);
        assert!(sync.ripe(&chain, early).is_empty());
        let ripe = sync.ripe(&chain, early.after(Duration::from_millis(1)));
        assert_eq!(ripe, vec![block.header]);
        assert_eq!(chain.insert_header(ripe[0]), Ok(true));
    }
}
