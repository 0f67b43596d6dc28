//! Relay of new blocks in compact form: pushed, asked for, and put together.

use super::{Node, Verifying};
use crate::block::Block;
use crate::consensus::validation::{self, BodyError};
use crate::contract::LinkId;
use crate::hash::{BlockHash, WitnessId};
use crate::net::compact::{BlockTransactions, CompactBlock, GetBlockTransactions, Reconstruction, Shortened, is_near};
use crate::net::message::Message;
use crate::net::offence::Offence;
use crate::net::peers::Peer;
use crate::net::pushers::Pushers;
use crate::net::sync::learn_tip;
use crate::sentence::{Say, sentence};
use crate::transaction::Transaction;
use crate::units::{Height, Timestamp};
use crate::view::TrafficItem;
use rand_chacha::ChaCha8Rng;
use rand_core::Rng;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// Blocks of one peer that wait for transactions: those of a few branches near the tip.
const MAX_PENDING_A_PEER: usize = 4;
/// Time for missing transactions, doubled with every peer that let it pass: several round trips.
const ANSWER_TIME: Duration = Duration::from_secs(2);
/// Further time for each transaction that was asked for: some 300 bytes at 60 kB a second.
const TIME_A_TRANSACTION: Duration = Duration::from_millis(5);
/// Most doublings.
const MAX_DOUBLINGS: u32 = 5;
/// Transactions kept that left the mempool unconfirmed or found no place in it: another miner may
/// have taken them (Bitcoin Core's number).
const MAX_REMEMBERED: usize = 100;

/// A compact block of one peer.
#[derive(Debug)]
struct Source {
    link: LinkId,
    /// Whether this node asked for the block, or the peer pushed it.
    asked: bool,
    reconstruction: Reconstruction,
    /// Until when the peer has to answer, once it was asked for transactions.
    deadline: Option<Timestamp>,
}

/// A block that is being put together. One source is asked at a time; the others are for when it
/// fails. What comes too late is taken all the same.
#[derive(Debug, Default)]
struct Pending {
    sources: Vec<Source>,
    failures: u32,
}

/// What is under way in compact form.
#[derive(Debug, Default)]
pub(super) struct Relay {
    pending: BTreeMap<BlockHash, Pending>,
    remembered: VecDeque<(WitnessId, Arc<Transaction>)>,
    /// The block that was sent last, in short.
    shortened: Option<Shortened>,
    pushers: Pushers,
    /// The newest block that this node found.
    found: Option<BlockHash>,
}

impl Relay {
    /// Keeps a transaction that left the mempool, or found no place in it.
    pub(super) fn remember(&mut self, transaction: Arc<Transaction>) {
        self.remembered.push_back((transaction.witness_id(), transaction));
        if self.remembered.len() > MAX_REMEMBERED {
            self.remembered.pop_front();
        }
    }

    /// When something is due.
    pub(super) fn next_timeout(&self) -> Option<Timestamp> {
        self.sources().filter_map(|source| source.deadline).min()
    }

    /// A block in short; none for one with more transactions than the form allows.
    fn shorten(&mut self, block: &Block, rng: &mut ChaCha8Rng) -> Option<&Shortened> {
        let hash = block.header.hash();
        if self.shortened.as_ref().is_none_or(|shortened| shortened.hash != hash) {
            self.shortened = Shortened::new(block, rng.next_u64());
        }
        self.shortened.as_ref()
    }

    fn sources(&self) -> impl Iterator<Item = &Source> {
        self.pending.values().flat_map(|pending| &pending.sources)
    }

    /// Whether a peer was asked for transactions of a block and has not sent them yet.
    pub(super) fn awaits(&self, link: LinkId, hash: &BlockHash) -> bool {
        let mut sources = self.pending.get(hash).into_iter().flat_map(|pending| &pending.sources);
        sources.any(|source| source.link == link && source.reconstruction.owed() > 0)
    }

    /// Takes out what a peer sent of a block.
    fn take(&mut self, hash: &BlockHash, link: LinkId) -> Option<Source> {
        let sources = &mut self.pending.get_mut(hash)?.sources;
        let index = sources.iter().position(|source| source.link == link)?;
        Some(sources.remove(index))
    }
}

impl Node {
    pub(super) fn on_push_blocks(&mut self, link: LinkId, wanted: bool) {
        if let Some(peer) = self.peers.get_mut(link) {
            peer.wants_push = wanted;
        }
    }

    pub(super) fn on_get_compact(&mut self, link: LinkId, hash: BlockHash) {
        let only_stored = self.chain.is_stored(&hash) && self.chain.block(&hash).is_none();
        if !self.may_serve(link) || only_stored {
            // It waits like a block that is asked for whole, and comes as one.
            return self.on_get_blocks(link, vec![hash]);
        }
        let before = self.sent_to(link);
        let Some(block) = self.body_for_peers(&hash) else {
            return self.send(link, &Message::NotFound(vec![hash]));
        };
        let message = self.compact_for(link, &block).unwrap_or_else(|| Message::Block(Box::new((*block).clone())));
        self.send(link, &message);
        self.count_served(link, before);
        self.traffic(link, false, TrafficItem::Block);
        if let Some(peer) = self.peers.get_mut(link) {
            learn_tip(peer, &self.chain, hash);
        }
    }

    pub(super) fn on_get_block_transactions(&mut self, link: LinkId, request: &GetBlockTransactions) {
        let hash = request.block;
        if !self.may_serve(link) {
            return self.send(link, &Message::NotFound(vec![hash]));
        }
        let before = self.sent_to(link);
        // A block that was pushed before its signatures were verified can be asked about at once.
        let Some(block) = self.body_for_peers(&hash).or_else(|| self.unverified(&hash)) else {
            return self.send(link, &Message::NotFound(vec![hash]));
        };
        match request.pick(&block) {
            Ok(answer) => {
                self.send(link, &Message::BlockTransactions(answer));
                self.count_served(link, before);
                self.traffic(link, false, TrafficItem::Block);
            }
            Err(error) => self.refuse(link, Offence::BadCompactBlock, Some(hash.0), error.say()),
        }
    }

    pub(super) fn on_compact_block(&mut self, link: LinkId, compact: CompactBlock) {
        let header = compact.header;
        let hash = header.hash();
        let asked = self.sync.on_block(&mut context!(self), link, hash);
        self.traffic(link, true, TrafficItem::Block);
        let mut reconstruction = match Reconstruction::new(compact) {
            Ok(reconstruction) => reconstruction,
            Err(error) => return self.refuse(link, Offence::BadCompactBlock, Some(hash.0), error.say()),
        };
        self.take_headers(link, &[header]);
        // A header that is invalid, ahead of the clock or without a parent has no place in the chain.
        if self.is_settled(link, &hash, asked) || self.chain.header(&hash).is_none() {
            return;
        }
        if !asked && !is_near(self.chain.height(), header.height) {
            return;
        }
        if self.has_source(link, &hash, asked) {
            return;
        }
        // Looking through the mempool costs time, so that the limit comes before.
        if self.relay.sources().filter(|other| other.link == link).count() >= MAX_PENDING_A_PEER {
            if asked {
                self.sync.ask_whole(&mut context!(self), link, hash);
            }
            return;
        }
        let beside = self.best_beside(&header.previous);
        let confirmed = beside.iter().flat_map(|block| &block.transactions);
        reconstruction.fill(self.candidates().chain(confirmed.map(|one| (one.witness_id(), one))));
        self.put_together(hash, Source { link, asked, reconstruction, deadline: None });
    }

    pub(super) fn on_block_transactions(&mut self, link: LinkId, answer: BlockTransactions) {
        let hash = answer.block;
        // A busy tab takes its time; only who sends nothing at all is blamed in the end.
        if let Some(peer) = self.peers.get_mut(link).filter(|peer| peer.overdue.contains(&hash)) {
            peer.overdue.remove(&hash);
            peer.score = peer.score.saturating_sub(Offence::Stalled.points());
        }
        let Some(mut source) = self.relay.take(&hash, link) else { return };
        if source.reconstruction.owed() == 0 {
            return self.relay.pending.entry(hash).or_default().sources.push(source);
        }
        self.traffic(link, true, TrafficItem::Block);
        source.deadline = None;
        match source.reconstruction.answer(answer.transactions) {
            Ok(()) => self.put_together(hash, source),
            Err(error) => self.refuse(link, Offence::BadCompactBlock, Some(hash.0), error.say()),
        }
    }

    pub(super) fn on_not_found(&mut self, link: LinkId, hashes: &[BlockHash]) {
        let announced = self.peers.get(link).filter(|peer| !peer.is_light()).and_then(|peer| peer.announced);
        let denied = announced.filter(|hash| hashes.contains(hash) && self.sync.wants(link, hash));
        self.sync.on_not_found(&mut context!(self), link, hashes);
        if let Some(hash) = denied {
            self.refuse(link, Offence::Undelivered, Some(hash.0), sentence!("a block that was announced is not there"));
        }
        for hash in hashes {
            // It stays on the list, so that whoever shows a block and then denies it gains nothing.
            let sources = self.relay.pending.get_mut(hash).into_iter().flat_map(|pending| &mut pending.sources);
            sources.filter(|source| source.link == link).for_each(|source| source.deadline = None);
        }
    }

    /// Drops what cannot come any more, and turns to another peer where one let the time pass.
    pub(super) fn look_after_pending(&mut self) {
        let mut pending = std::mem::take(&mut self.relay.pending);
        pending.retain(|hash, pending| {
            pending.sources.retain(|source| self.peers.get(source.link).is_some());
            let wanted = self.chain.header(hash).is_some()
                && !self.chain.is_invalid(hash)
                && !self.chain.has_block(hash)
                && self.unverified(hash).is_none();
            if !wanted || pending.sources.is_empty() {
                self.give_up(hash);
                return false;
            }
            true
        });
        self.relay.pending = pending;
        let mut late = Vec::new();
        for (hash, pending) in &mut self.relay.pending {
            for source in &mut pending.sources {
                if source.deadline.take_if(|deadline| *deadline <= self.now).is_some() {
                    pending.failures += 1;
                    late.push((*hash, source.link));
                }
            }
        }
        for (hash, link) in late {
            self.sync.note_late(hash, link);
            if let Some(peer) = self.peers.get_mut(link) {
                peer.overdue.insert(hash);
            }
            self.refuse(
                link,
                Offence::Stalled,
                None,
                sentence!("transactions of a block that were asked for did not come in time"),
            );
        }
        for hash in self.relay.pending.keys().copied().collect::<Vec<_>>() {
            self.ask_next_source(hash);
        }
    }

    /// Makes a block of what is here; asks for the rest if something is missing, or does not fit.
    fn put_together(&mut self, hash: BlockHash, mut source: Source) {
        let Some(block) = source.reconstruction.block() else { return self.keep_source(hash, source) };
        match validation::check_body(self.chain.params(), &block) {
            Ok(()) => self.accept_body(source.link, source.asked, Arc::new(block)),
            // What was here is not what the block holds: short ids collided, by nobody's fault.
            Err(BodyError::MerkleRoot | BodyError::TooLarge(_)) if source.reconstruction.distrust() => {
                self.keep_source(hash, source);
            }
            Err(error) => self.refuse_body(source.link, hash, error),
        }
    }

    /// Whether a compact block of this peer waits already: it is not asked twice for the same. If it
    /// denied the transactions and shows the block again when asked, it has to send all of it.
    fn has_source(&mut self, link: LinkId, hash: &BlockHash, asked: bool) -> bool {
        let sources = self.relay.pending.get_mut(hash).into_iter().flat_map(|pending| &mut pending.sources);
        let Some(source) = sources.into_iter().find(|source| source.link == link) else { return false };
        source.asked |= asked;
        if asked && source.deadline.is_none() && source.reconstruction.owed() > 0 {
            self.sync.ask_whole(&mut context!(self), link, *hash);
        }
        true
    }

    /// Keeps a compact block that lacks transactions, and asks for them unless another peer was.
    fn keep_source(&mut self, hash: BlockHash, source: Source) {
        self.relay.pending.entry(hash).or_default().sources.push(source);
        self.ask_next_source(hash);
    }

    /// Asks one peer for what is missing of a block, if none is asked and there is one left to ask.
    fn ask_next_source(&mut self, hash: BlockHash) {
        let Some(pending) = self.relay.pending.get_mut(&hash) else { return };
        if pending.sources.iter().any(|source| source.deadline.is_some()) {
            return;
        }
        let Some(source) = pending.sources.iter_mut().find(|source| source.reconstruction.owed() == 0) else {
            return self.give_up(&hash);
        };
        let request = source.reconstruction.ask();
        source.deadline = Some(self.now.after(answer_time(request.indexes.len(), pending.failures)));
        let link = source.link;
        self.sync.hold(hash);
        self.send(link, &Message::GetBlockTransactions(request));
    }

    /// Who showed a block in compact form when asked, before it came from another.
    pub(super) fn vouching(&self, hash: &BlockHash) -> Option<LinkId> {
        self.relay.pending.get(hash)?.sources.iter().find(|source| source.asked).map(|source| source.link)
    }

    /// Leaves a block to the scheduler again, unless it is here and being verified.
    fn give_up(&mut self, hash: &BlockHash) {
        if self.unverified(hash).is_none() {
            self.sync.release(hash);
        }
    }

    /// Pushes a block that builds on the tip, before its signatures and the accounts are checked.
    pub(super) fn push_on(&mut self, block: &Block) {
        if block.header.previous == self.chain.tip() && !self.is_behind() {
            self.push_block(block);
        }
    }

    /// Takes note that this node found a block: nobody else has it, so that no push of it is one too many.
    pub(super) fn note_found(&mut self, hash: BlockHash) {
        self.relay.found = Some(hash);
    }

    /// Pushes a block to the peers that asked for that, and one that this node found to all that
    /// need ask for nothing then, unless they are known to have it.
    pub(super) fn push_block(&mut self, block: &Block) {
        let hash = block.header.hash();
        let found = self.relay.found == Some(hash);
        let may = |peer: &Peer| (peer.wants_push || (found && !peer.is_light())) && !peer.blocks.contains(&hash);
        if !self.peers.connected().any(|(_, peer)| may(peer)) {
            return;
        }
        let Some(shortened) = self.relay.shorten(block, &mut self.rng) else { return };
        let told_all = |peer: &Peer| shortened.tells_all(block, |id| !peer.transactions.contains(id));
        let wanting = self.peers.connected().filter(|(_, peer)| may(peer) && (peer.wants_push || told_all(peer)));
        for link in wanting.map(|(link, _)| link).collect::<Vec<_>>() {
            let Some(message) = self.compact_for(link, block) else { return };
            self.send(link, &message);
            self.traffic(link, false, TrafficItem::Block);
            if let Some(peer) = self.peers.get_mut(link) {
                peer.blocks.insert(hash);
            }
        }
    }

    /// A peer was the first with a block that joined the best chain.
    pub(super) fn was_first(&mut self, link: LinkId) {
        if self.is_behind() {
            return;
        }
        let replacement = self.relay.pushers.was_first(link, &self.peers);
        for (link, wanted) in [(replacement.stop, false), (replacement.start, true)] {
            if let Some(link) = link {
                self.send(link, &Message::PushBlocks(wanted));
            }
        }
    }

    /// The compact form of a block for a peer, with what it is not known to have; none for a block
    /// with more transactions than the form allows.
    fn compact_for(&mut self, link: LinkId, block: &Block) -> Option<Message> {
        let (shortened, peer) = (self.relay.shorten(block, &mut self.rng)?, self.peers.get_mut(link)?);
        let compact = shortened.compact(block, |id| !peer.transactions.contains(id));
        for one in &compact.prefilled {
            peer.transactions.insert(one.transaction.id());
        }
        Some(Message::CompactBlock(Box::new(compact)))
    }

    /// A body whose signatures are being verified.
    pub(super) fn unverified(&self, hash: &BlockHash) -> Option<Arc<Block>> {
        self.verifying.values().find_map(|job| match job {
            Verifying::Block { block } if block.header.hash() == *hash => Some(block.clone()),
            _ => None,
        })
    }

    /// Transactions that a new block may hold: those that wait, those whose signatures are being
    /// verified, and those that left lately.
    fn candidates(&self) -> impl Iterator<Item = (WitnessId, &Transaction)> {
        let waiting = self.mempool.iter().map(|one| (one.witness_id, &*one.transaction));
        let remembered = self.relay.remembered.iter().map(|(id, one)| (*id, &**one));
        let verifying = self.verifying.values().flat_map(|job| match job {
            Verifying::Transactions { transactions, .. } => &transactions[..],
            Verifying::Block { .. } => &[],
        });
        waiting.chain(remembered).chain(verifying.map(|one| (one.witness_id(), &**one)))
    }

    /// Newest blocks of the best chain that a block on this parent does not stand on: it competes
    /// with them for the same transactions.
    fn best_beside(&self, parent: &BlockHash) -> Vec<Arc<Block>> {
        let fork = self.chain.header(&self.chain.fork_point(parent)).map_or(Height::GENESIS, |header| header.height);
        let heights = (fork.0 + 1..=self.chain.height().0).rev().take(self.chain.params().prune_depth as usize);
        let hashes = heights.filter_map(|height| self.chain.hash_at(Height(height)));
        hashes.filter_map(|hash| self.chain.block(&hash)).collect()
    }
}

/// How long a peer may take for so many transactions, after so many others let their time pass.
fn answer_time(count: usize, failures: u32) -> Duration {
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    (ANSWER_TIME + TIME_A_TRANSACTION * count) * (1 << failures.min(MAX_DOUBLINGS))
}

#[cfg(test)]
mod tests;
