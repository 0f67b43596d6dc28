//! Catching up: headers first, then the bodies of all live branches from several peers at once.

use crate::block::BlockHeader;
use crate::chain::tree::{Chain, InsertError};
use crate::consensus::validation::{self, HeaderError};
use crate::contract::LinkId;
use crate::hash::BlockHash;
use crate::net::compact::is_near;
use crate::net::mesh::Context;
use crate::net::message::{MAX_BLOCKS_ASKED, MAX_HEADERS, Message};
use crate::net::offence::Offence;
use crate::net::peers::{Asked, Peer, Peers};
use crate::net::presync::{MAX_BATCHES, Presync, Tail};
use crate::sentence::Say;
use crate::units::{Height, Timestamp, Work};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Bodies under way from one peer at a time (Bitcoin Core's number).
pub const MAX_FLIGHTS_A_PEER: usize = 16;
/// Missing bodies looked at for requests: twice what all wanted links can have under way.
const WINDOW: usize = 256;
/// Time that a peer has for the next body, beside what its line takes (Bitcoin Core's number).
const FIRST_PATIENCE: Duration = Duration::from_secs(2);
/// Patience doubles with every peer that stalls, up to here: when all of them do, it is this
/// node's own line that is slow (Bitcoin Core does the same).
const LAST_PATIENCE: Duration = Duration::from_secs(64);
/// With every body patience falls to this many per cent, back to the first one.
const CALMING_PERCENT: u32 = 85;
/// Bytes a second that count as progress: a peer that sends a large block as fast as this is not
/// stalling. Half a megabit is the slowest line on which a tab follows full blocks at all.
const LEAST_RATE: u64 = 64 * 1024;
/// Part of a round trip in the time for a body at most, whatever pings say.
const MAX_ROUND_TRIP: Duration = Duration::from_secs(2);
/// Time for an answer to a request for headers.
const HEADERS_TIMEOUT: Duration = Duration::from_secs(15);
/// Bodies remembered that a peer was too slow with: they are taken when they come all the same, so
/// that none travels twice over one link.
const MAX_LATE: usize = 256;
/// Headers that wait because they are ahead of the clock; the one furthest ahead makes room.
const MAX_PARKED: usize = 64;

/// What is wrong with headers as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, Say)]
pub enum BranchError {
    /// One of them does not name the one before.
    #[error("the headers do not follow each other")]
    Gap,
    /// Nobody asked for them, and they are of no use.
    #[error("headers of a branch with too little work")]
    Unwanted,
    /// More of them than any chain with so little work has.
    #[error("a branch without end and without enough work")]
    Endless,
    /// The peer lied about its work.
    #[error("the headers end with less work than the peer said it has")]
    LessWork,
}

impl BranchError {
    /// What a peer that shows such headers is guilty of.
    pub fn offence(self) -> Offence {
        match self {
            Self::Gap => Offence::InvalidHeader,
            Self::Unwanted => Offence::Unwanted,
            Self::Endless | Self::LessWork => Offence::LowWork,
        }
    }
}

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
    /// They stand on a header that is not known.
    pub orphan: bool,
    /// What else is wrong with them.
    pub refused: Option<BranchError>,
}

/// The body that a peer has to send next.
#[derive(Debug, Clone, Copy)]
struct Front {
    /// Since when it is the next.
    since: Timestamp,
    /// Bytes that the peer had sent by then.
    bytes: u64,
}

/// One message of headers, not empty, each on the one before.
#[derive(Debug, Clone, Copy)]
struct Batch<'a> {
    link: LinkId,
    headers: &'a [BlockHeader],
    hashes: &'a [BlockHash],
    /// So many of the first ones are here.
    known: usize,
    last: BlockHash,
    /// If they were asked for: the work that the peer claimed.
    claim: Option<Work>,
}

impl Batch<'_> {
    /// Whether there may be more behind it.
    fn is_full(&self) -> bool {
        self.headers.len() >= MAX_HEADERS
    }
}

/// What was asked for and has not come yet.
#[derive(Debug)]
pub struct Sync {
    flights: BTreeMap<BlockHash, LinkId>,
    fronts: BTreeMap<LinkId, Front>,
    patience: Duration,
    /// What was asked for and did not come in time.
    late: BTreeSet<(BlockHash, LinkId)>,
    /// Bodies that are being put together, or whose signatures are being verified.
    held: BTreeSet<BlockHash>,
    parked: BTreeMap<(Timestamp, BlockHash), BlockHeader>,
    presyncs: BTreeMap<LinkId, Presync>,
}

impl Default for Sync {
    fn default() -> Self {
        Self {
            flights: BTreeMap::new(),
            fronts: BTreeMap::new(),
            patience: FIRST_PATIENCE,
            late: BTreeSet::new(),
            held: BTreeSet::new(),
            parked: BTreeMap::new(),
            presyncs: BTreeMap::new(),
        }
    }
}

impl Sync {
    /// Asks a peer for the headers that it has and this node lacks. The peer has said that its
    /// chain has so much work as [`Peer::claim`], and is held to it.
    pub fn ask_headers(context: &mut Context, link: LinkId, locator: Vec<BlockHash>) {
        let now = context.now;
        let Some(peer) = context.peers.get_mut(link) else { return };
        if peer.asked_headers.is_some() {
            return;
        }
        peer.asked_headers = Some(Asked { at: now, locator: locator.clone(), claim: peer.claim });
        peer.bytes_out += context.outbox.send(link, &Message::GetHeaders(locator));
    }

    /// Headers came from a peer: takes them in if their branch has enough work, measures them if it
    /// has not and they were asked for, and asks for what lies behind.
    pub fn on_headers(
        &mut self,
        context: &mut Context,
        chain: &mut Chain,
        link: LinkId,
        headers: &[BlockHeader],
    ) -> HeadersOutcome {
        let peer = context.peers.get_mut(link);
        let asked =
            peer.and_then(|peer| peer.asked_headers.take_if(|asked| asked.is_answered_by(chain.genesis(), headers)));
        let hashes: Vec<BlockHash> = headers.iter().map(BlockHeader::hash).collect();
        let (Some(first), Some(last)) = (headers.first(), hashes.last().copied()) else {
            self.presyncs.remove(&link);
            return HeadersOutcome::default();
        };
        if headers.iter().skip(1).zip(&hashes).any(|(header, before)| header.previous != *before) {
            return refused(BranchError::Gap);
        }
        if let Some(hash) = hashes.iter().find(|hash| chain.is_invalid(hash)) {
            return HeadersOutcome { known_invalid: Some(*hash), ..HeadersOutcome::default() };
        }
        let known = hashes.iter().take_while(|hash| chain.header(hash).is_some()).count();
        let batch = Batch { link, headers, hashes: &hashes, known, last, claim: asked.map(|asked| asked.claim) };
        if batch.claim.is_some() && self.presyncs.get(&link).is_some_and(|presync| presync.expects(&first.previous)) {
            return self.measure(context, chain, &batch);
        }
        let admitted = batch.claim.is_some() && self.admits(&batch);
        if let Some(first) = headers.get(known) {
            let Some(parent_work) = chain.work_of(&first.previous) else {
                return HeadersOutcome { orphan: true, ..HeadersOutcome::default() };
            };
            if parent_work < chain.minimum_work()
                && !admitted
                && let Err(outcome) = self.weigh(context, chain, &batch)
            {
                return outcome;
            }
        }
        let outcome = self.store(context, chain, &headers[known..]);
        if let (1.., Some(parked), Some(peer)) =
            (outcome.parked, hashes.get(known + outcome.new), context.peers.get_mut(link))
        {
            // It is not said again when its time has come.
            peer.blocks.insert(*parked);
        }
        follow(context, chain, &batch, outcome)
    }

    /// Whether these headers were measured before and may be stored.
    fn admits(&mut self, batch: &Batch) -> bool {
        let Some(presync) = self.presyncs.get_mut(&batch.link) else { return false };
        let admitted = presync.admits(batch.headers, &batch.last);
        if !admitted || presync.is_done() {
            // What is left is judged like any other headers.
            self.presyncs.remove(&batch.link);
        }
        admitted
    }

    /// Stores headers whose branch has enough work.
    fn store(&mut self, context: &Context, chain: &mut Chain, headers: &[BlockHeader]) -> HeadersOutcome {
        let mut outcome = HeadersOutcome::default();
        for header in headers {
            if validation::is_ahead(chain.params(), header, context.now) {
                let recent = chain.headers_up_to(&header.previous);
                match validation::check_header(chain.params(), header, &recent.iter().collect::<Vec<_>>()) {
                    Ok(()) => {
                        outcome.parked += 1;
                        self.park(*header);
                    }
                    Err(error) => outcome.invalid = Some((header.hash(), error)),
                }
                break;
            }
            match chain.insert_header(*header) {
                Ok(new) => outcome.new += usize::from(new),
                Err(InsertError::Orphan) => {
                    outcome.orphan = true;
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
        }
        outcome
    }

    /// Checks headers on a block that is far behind, without storing them. An error says that the
    /// branch does not have enough work, or not yet.
    fn weigh(&mut self, context: &mut Context, chain: &Chain, batch: &Batch) -> Result<(), HeadersOutcome> {
        let Some(mut tail) = Tail::on(chain, batch.headers[batch.known].previous) else { return Ok(()) };
        extend(&mut tail, context, chain, batch)?;
        if tail.work() >= chain.minimum_work() {
            return Ok(());
        }
        let Some(claim) = batch.claim else {
            return Err(refused(BranchError::Unwanted));
        };
        if !batch.is_full() {
            return Err(ended(tail.work(), claim));
        }
        // From where it was asked for, so that the same messages come again.
        self.presyncs.insert(batch.link, Presync::new(batch.headers[0].previous, tail));
        Self::ask_headers(context, batch.link, vec![batch.last]);
        Err(HeadersOutcome::default())
    }

    /// Goes on measuring a branch.
    fn measure(&mut self, context: &mut Context, chain: &Chain, batch: &Batch) -> HeadersOutcome {
        let Some(Presync::Measuring { start, mut tail, mut batches }) = self.presyncs.remove(&batch.link) else {
            return HeadersOutcome::default();
        };
        let batch = &Batch { known: 0, ..*batch };
        if let Err(outcome) = extend(&mut tail, context, chain, batch) {
            return outcome;
        }
        if tail.work() >= chain.minimum_work() {
            self.presyncs.insert(batch.link, Presync::Storing { batches });
            Self::ask_headers(context, batch.link, vec![start]);
            return HeadersOutcome::default();
        }
        if !batch.is_full() {
            return ended(tail.work(), batch.claim.unwrap_or_default());
        }
        if batches.len() >= MAX_BATCHES {
            return refused(BranchError::Endless);
        }
        batches.push_back(batch.last);
        self.presyncs.insert(batch.link, Presync::Measuring { start, tail, batches });
        Self::ask_headers(context, batch.link, vec![batch.last]);
        HeadersOutcome::default()
    }

    /// Whether a peer was asked for a block and has not sent it yet.
    pub fn wants(&self, link: LinkId, hash: &BlockHash) -> bool {
        self.flights.get(hash) == Some(&link)
    }

    /// A block came from a peer; gives whether it was asked for.
    pub fn on_block(&mut self, context: &mut Context, link: LinkId, hash: BlockHash) -> bool {
        let Some(peer) = context.peers.get_mut(link) else { return false };
        peer.blocks.insert(hash);
        let asked = self.wants(link, &hash);
        if asked {
            self.flights.remove(&hash);
            peer.stalls = 0;
            self.patience = (self.patience * CALMING_PERCENT / 100).max(FIRST_PATIENCE);
            self.next_front(link, context.now, peer.bytes_in);
        }
        asked || self.late.remove(&(hash, link))
    }

    /// A peer does not have blocks that it was asked for.
    pub fn on_not_found(&mut self, context: &mut Context, link: LinkId, hashes: &[BlockHash]) {
        let Some(peer) = context.peers.get_mut(link) else { return };
        for hash in hashes {
            if self.wants(link, hash) {
                self.flights.remove(hash);
            }
            self.late.remove(&(*hash, link));
            peer.blocks.remove(hash);
            // Not asked for it again until it tells of another tip, or of the block.
            peer.lacks.insert(*hash);
        }
        self.next_front(link, context.now, peer.bytes_in);
    }

    /// The peer's next body is under way from now on, if it owes one.
    fn next_front(&mut self, link: LinkId, now: Timestamp, bytes: u64) {
        if self.flights.values().any(|flight| *flight == link) {
            self.fronts.insert(link, Front { since: now, bytes });
        } else {
            self.fronts.remove(&link);
        }
    }

    /// Asks a peer for a whole block that it has.
    pub fn ask_whole(&mut self, context: &mut Context, link: LinkId, hash: BlockHash) {
        if let Some(peer) = context.peers.get_mut(link) {
            self.flights.insert(hash, link);
            self.fronts.entry(link).or_insert(Front { since: context.now, bytes: peer.bytes_in });
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
        self.flights.retain(|_, link| load.contains_key(link));
        self.fronts.retain(|link, _| load.contains_key(link));
        self.presyncs.retain(|link, _| load.contains_key(link));
        let missing = |hash: &BlockHash| chain.header(hash).is_some() && !chain.has_block(hash);
        self.late.retain(|(hash, link)| load.contains_key(link) && missing(hash));
        for link in self.flights.values() {
            *load.entry(*link).or_default() += 1;
        }
        let mut requests: BTreeMap<LinkId, Vec<BlockHash>> = BTreeMap::new();
        for hash in chain.missing().take(WINDOW) {
            if self.flights.contains_key(&hash) || self.held.contains(&hash) {
                continue;
            }
            let free = context.peers.connected().filter(|(link, peer)| {
                let most = if peer.stalls > 0 { 1 } else { MAX_FLIGHTS_A_PEER };
                load.get(link).is_some_and(|count| *count < most)
            });
            let able = free.filter(|(_, peer)| has(peer, chain, &hash));
            let slow = |link: LinkId| self.late.contains(&(hash, link));
            // Who stalled has to show with one body at a time that it is back.
            let best = able.min_by_key(|(link, peer)| (slow(*link), peer.stalls, load.get(link).copied(), *link));
            let Some(link) = best.map(|(link, _)| link) else { continue };
            *load.entry(link).or_default() += 1;
            self.flights.insert(hash, link);
            // Channels lose nothing: what is late comes, and is waited for again when nobody else has it.
            let request = requests.entry(link).or_default();
            if !slow(link) {
                request.push(hash);
            }
        }
        let near = |hash: &BlockHash| chain.header(hash).is_some_and(|header| is_near(chain.height(), header.height));
        for (link, hashes) in requests {
            let Some(peer) = context.peers.get_mut(link) else { continue };
            self.fronts.entry(link).or_insert(Front { since: now, bytes: peer.bytes_in });
            let (near, far): (Vec<BlockHash>, Vec<BlockHash>) = hashes.into_iter().partition(near);
            let near = near.into_iter().map(Message::GetCompact);
            let far = far.chunks(MAX_BLOCKS_ASKED).map(|batch| Message::GetBlocks(batch.to_vec()));
            for message in near.chain(far) {
                peer.bytes_out += context.outbox.send(link, &message);
            }
        }
    }

    /// Peers that let a body or headers wait too long; what they owe is asked for elsewhere. Nobody
    /// is blamed while nothing at all comes in: then it is this node's own line.
    pub fn stalled(&mut self, now: Timestamp, peers: &mut Peers, largest: usize) -> BTreeSet<LinkId> {
        let mut late: BTreeMap<LinkId, Timestamp> = BTreeMap::new();
        for (link, front) in &self.fronts {
            if peers.get(*link).is_some_and(|peer| self.deadline(front, peer, largest) <= now) {
                late.insert(*link, front.since);
            }
        }
        if !late.is_empty() {
            self.patience = (self.patience * 2).min(LAST_PATIENCE);
        }
        let owed: Vec<(BlockHash, LinkId)> = self
            .flights
            .iter()
            .filter(|(_, link)| late.contains_key(link))
            .map(|(hash, link)| (*hash, *link))
            .collect();
        for (hash, link) in owed {
            self.flights.remove(&hash);
            self.note_late(hash, link);
        }
        self.fronts.retain(|link, _| !late.contains_key(link));
        for (link, peer) in peers.connected_mut() {
            let Some(at) = peer.asked_headers.as_ref().map(|asked| asked.at) else { continue };
            if at.after(HEADERS_TIMEOUT) <= now {
                peer.asked_headers = None;
                self.presyncs.remove(&link);
                late.insert(link, at);
            }
        }
        for link in late.keys() {
            if let Some(peer) = peers.get_mut(*link) {
                peer.stalls = peer.stalls.saturating_add(1);
            }
        }
        let heard = |link: LinkId, since| peers.connected().any(|(other, peer)| other != link && peer.heard > since);
        late.into_iter().filter(|(link, since)| heard(*link, *since)).map(|(link, _)| link).collect()
    }

    /// Remembers that a peer was too slow with a body: others are asked for it, and it not again.
    pub fn note_late(&mut self, hash: BlockHash, link: LinkId) {
        self.late.insert((hash, link));
        if self.late.len() > MAX_LATE {
            self.late.pop_first();
        }
    }

    /// This node slept so long: all deadlines move.
    pub fn woke(&mut self, slept: Duration) {
        for front in self.fronts.values_mut() {
            front.since = front.since.after(slept);
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
    pub fn next_timeout(&self, peers: &Peers, largest: usize) -> Option<Timestamp> {
        let bodies =
            self.fronts.iter().filter_map(|(link, front)| Some(self.deadline(front, peers.get(*link)?, largest)));
        bodies.min()
    }

    /// Until when a peer has time for its next body: patience, a round trip, and what came of it
    /// at the least rate that counts as progress.
    fn deadline(&self, front: &Front, peer: &Peer, largest: usize) -> Timestamp {
        let received = peer.bytes_in.saturating_sub(front.bytes).min(largest as u64);
        let earned = Duration::from_millis(received * 1000 / LEAST_RATE);
        let trip = peer.round_trip.unwrap_or_default().min(MAX_ROUND_TRIP);
        front.since.after(self.patience + trip + earned)
    }

    fn park(&mut self, header: BlockHeader) {
        self.parked.insert((header.time, header.hash()), header);
        if self.parked.len() > MAX_PARKED {
            self.parked.pop_last();
        }
    }
}

fn refused(error: BranchError) -> HeadersOutcome {
    HeadersOutcome { refused: Some(error), ..HeadersOutcome::default() }
}

/// A branch that was asked for ended: with less work than the peer said it has, it lied.
fn ended(work: Work, claim: Work) -> HeadersOutcome {
    if work < claim {
        return refused(BranchError::LessWork);
    }
    HeadersOutcome::default()
}

/// Checks the headers that are not here on the end of a branch. Stops at one that is ahead of the
/// clock, for which nobody is blamed.
fn extend(tail: &mut Tail, context: &Context, chain: &Chain, batch: &Batch) -> Result<(), HeadersOutcome> {
    for (header, hash) in batch.headers.iter().zip(batch.hashes).skip(batch.known) {
        if validation::is_ahead(chain.params(), header, context.now) {
            return if tail.work() >= chain.minimum_work() { Ok(()) } else { Err(HeadersOutcome::default()) };
        }
        let checked = tail.push(chain.params(), header, *hash);
        checked.map_err(|error| HeadersOutcome { invalid: Some((*hash, error)), ..HeadersOutcome::default() })?;
    }
    Ok(())
}

/// What follows from headers that were stored, or were here already.
fn follow(context: &mut Context, chain: &Chain, batch: &Batch, mut outcome: HeadersOutcome) -> HeadersOutcome {
    let Some(work) = chain.work_of(&batch.last).filter(|_| !chain.is_invalid(&batch.last)) else { return outcome };
    let Some(peer) = context.peers.get_mut(batch.link) else { return outcome };
    learn_tip(peer, chain, batch.last);
    if batch.is_full() {
        Sync::ask_headers(context, batch.link, vec![batch.last]);
    } else if let Some(claim) = batch.claim {
        outcome.refused = ended(work, claim).refused;
    }
    outcome
}

/// Whether a peer has the body of a block, as far as it has shown.
fn has(peer: &Peer, chain: &Chain, hash: &BlockHash) -> bool {
    let kept = || chain.header(hash).is_some_and(|header| header.height >= peer.keeps);
    !peer.is_light()
        && !peer.lacks.contains(hash)
        && (peer.blocks.contains(hash) || (kept() && chain.leads_to(hash, &peer.shown)))
}

/// Takes the tip that a peer has shown by headers.
pub fn learn_tip(peer: &mut Peer, chain: &Chain, hash: BlockHash) {
    peer.blocks.insert(hash);
    // It may have denied the block before it had all of it.
    peer.lacks.remove(&hash);
    let (Some(work), Some(header)) = (chain.work_of(&hash), chain.header(&hash)) else { return };
    if chain.work_of(&peer.shown).is_none_or(|shown| work >= shown) {
        peer.shown = hash;
    }
    if work >= peer.work || peer.height == Height::GENESIS {
        (peer.tip, peer.height, peer.work) = (hash, header.height, work);
    }
}

#[cfg(test)]
mod tests;
