//! Headers and blocks: taken in from peers and from the own miner, and what a new tip brings about.

use super::{Delivery, Node, Verifying};
use crate::block::{Block, BlockHeader};
use crate::chain::tree::Change;
use crate::consensus::validation::{self, BodyError};
use crate::contract::{JobId, LinkId, Output};
use crate::hash::BlockHash;
use crate::log::Line;
use crate::net::message::Message;
use crate::net::offence::Offence;
use crate::net::sync::HeadersOutcome;
use crate::sentence::{Say, Sentence, counted, sentence};
use crate::transaction::Transaction;
use crate::view::{Event, ForkChange, TrafficItem};
use std::sync::Arc;

/// Headers of a reorganisation that are announced; a peer that lacks more asks for them.
const MAX_ANNOUNCED: usize = 8;
/// Blocks behind the best header at which a node counts as catching up.
const SYNC_GAP: u32 = 2;
/// Connected blocks that get a line of their own in the log; more at once get one for all.
const MAX_LINES_AT_ONCE: usize = 3;

impl Node {
    /// A block that peers may have: of the chain and not known to be invalid, or of the lab.
    pub(super) fn body_for_peers(&self, hash: &BlockHash) -> Option<Arc<Block>> {
        let honest = || self.chain.block(hash).filter(|_| !self.chain.is_invalid(hash));
        self.lab.block(hash).or_else(honest)
    }

    pub(super) fn on_headers(&mut self, link: LinkId, headers: &[BlockHeader]) {
        let outcome = self.take_headers(link, headers);
        // A node announces what it found valid, and answers with the headers of its best chain.
        if let Some(hash) = outcome.known_invalid {
            return self.refuse(
                link,
                Offence::InvalidBlock,
                Some(hash.0),
                sentence!("the block is known to be invalid"),
            );
        }
        let few = (1..=MAX_ANNOUNCED).contains(&headers.len());
        if let (true, Some(last), Some(peer)) = (few, headers.last(), self.peers.get_mut(link)) {
            peer.announced = Some(last.hash());
        }
    }

    /// Takes in headers, and refuses one that breaks a rule.
    pub(super) fn take_headers(&mut self, link: LinkId, headers: &[BlockHeader]) -> HeadersOutcome {
        let outcome = self.sync.on_headers(&mut context!(self), &mut self.chain, link, headers);
        if outcome.parked > 0 {
            let line =
                Line::warning("block-ahead", sentence!("a block's time is ahead of this computer's clock: it waits"));
            self.write(match self.peers.get(link) {
                Some(peer) => line.peer(peer.id),
                None => line,
            });
        }
        if let Some((hash, error)) = outcome.invalid {
            self.refuse(link, Offence::InvalidHeader, Some(hash.0), error.say());
        }
        if let Some(error) = outcome.refused {
            self.refuse(link, error.offence(), None, error);
        }
        if outcome.orphan {
            self.on_orphan(link);
        }
        self.follow_headers(Some(link));
        outcome
    }

    pub(super) fn take_ripe_headers(&mut self) {
        for header in self.sync.ripe(&self.chain, self.now) {
            // A parked header that turns out invalid is dropped; who sent it may be long gone.
            if self.chain.insert_header(header).is_err() {
                self.write(
                    Line::rejected("invalid-header", sentence!("a block that waited for its time is invalid"))
                        .subject(header.hash()),
                );
            }
        }
        self.follow_headers(None);
    }

    pub(super) fn on_block(&mut self, link: LinkId, block: Block) {
        let hash = block.header.hash();
        if !self.sync.on_block(&mut context!(self), link, hash) {
            return;
        }
        self.traffic(link, true, TrafficItem::Block);
        if self.is_settled(link, &hash, true) {
            return;
        }
        match validation::check_body(self.chain.params(), &block) {
            Ok(()) => self.accept_body(link, true, Arc::new(block)),
            Err(error) => self.refuse_body(link, hash, error),
        }
    }

    /// Whether nothing is left to be done about a body that came: it is here, or its block is known
    /// to be invalid. Who gave it when `asked` answers for it all the same.
    pub(super) fn is_settled(&mut self, link: LinkId, hash: &BlockHash, asked: bool) -> bool {
        if self.chain.is_invalid(hash) {
            if asked {
                self.refuse(link, Offence::InvalidBlock, Some(hash.0), sentence!("the block is known to be invalid"));
            }
            return true;
        }
        let here = self.chain.has_block(hash) || self.unverified(hash).is_some();
        if here && asked && !self.chain.is_best(hash) {
            self.note_delivery(link, *hash, true);
        }
        here
    }

    fn note_delivery(&mut self, link: LinkId, hash: BlockHash, asked: bool) {
        let delivery = self.delivered.entry(hash).or_insert(Delivery { first: link, vouching: None });
        delivery.vouching = delivery.vouching.or(asked.then_some(link));
    }

    /// Takes a body that fits its header and keeps the rules that need no accounts. It is pushed on
    /// at once: its proof of work was paid for, so that nobody can make nodes push for nothing.
    pub(super) fn accept_body(&mut self, link: LinkId, asked: bool, block: Arc<Block>) {
        let hash = block.header.hash();
        self.note_delivery(link, hash, asked);
        if let Some(other) = self.vouching(&hash) {
            self.note_delivery(other, hash, true);
        }
        self.push_on(&block);
        self.verify_block(block);
    }

    /// Takes note of what a body that breaks such a rule says about its block.
    pub(super) fn judge_body(&mut self, hash: BlockHash, error: &BodyError) {
        // Other transactions than the header's say nothing about the block: it stays wanted.
        if !matches!(error, BodyError::MerkleRoot | BodyError::TooLarge(_)) {
            let change = self.chain.mark_invalid(hash);
            self.on_change(change);
        }
    }

    /// Refuses a body that breaks a rule that needs no accounts: whoever sends one did not look.
    pub(super) fn refuse_body(&mut self, link: LinkId, hash: BlockHash, error: BodyError) {
        self.judge_body(hash, &error);
        self.refuse(link, Offence::InvalidBlock, Some(hash.0), error.say());
    }

    pub(super) fn verify_block(&mut self, block: Arc<Block>) {
        let known = |transaction: &Transaction| {
            self.mempool.get(&transaction.id()).is_some_and(|waiting| *waiting.transaction == *transaction)
        };
        let checks = validation::signature_checks(self.chain.params(), self.chain.genesis(), &block, known);
        let hash = block.header.hash();
        if checks.is_empty() {
            self.sync.release(&hash);
            return self.take_block(block);
        }
        self.sync.hold(hash);
        let job = self.new_job();
        self.verifying.insert(job, Verifying::Block { block });
        self.outbox.push(Output::Verify { job, checks });
    }

    pub(super) fn on_verified(&mut self, job: JobId, valid: &[bool]) {
        match self.verifying.remove(&job) {
            None => {}
            Some(Verifying::Transactions { transactions, from }) => self.take_transactions(from, transactions, valid),
            Some(Verifying::Block { block }) => {
                let hash = block.header.hash();
                self.sync.release(&hash);
                if valid.iter().all(|valid| *valid) {
                    return self.take_block(block);
                }
                let change = self.chain.mark_invalid(hash);
                self.on_change(change);
                self.blame(hash, sentence!("the signature of a transaction in the block does not hold"));
            }
        }
    }

    /// Takes in a block whose header, body and signatures hold.
    pub(super) fn take_block(&mut self, block: Arc<Block>) {
        let hash = block.header.hash();
        self.progress.count(1);
        let change = self.chain.insert_body(block);
        let beside = change.connected.is_empty()
            && !self.chain.is_best(&hash)
            && self.chain.height() <= self.chain.best_header().0.height;
        if beside && !self.chain.is_invalid(&hash) && !self.is_behind() {
            self.write(Line::info("fork", sentence!("a block stands beside the best chain")).subject(hash));
            self.tell(Event::Fork(ForkChange::Grown { tip: hash }));
        }
        self.on_change(change);
    }

    /// Everything that follows from a change of the chain.
    pub(super) fn on_change(&mut self, change: Change) {
        for (hash, error) in &change.invalid {
            self.blame(*hash, error.say());
        }
        if !change.connected.is_empty() {
            self.follow_tip(&change);
        }
        for block in &change.discarded {
            self.delivered.remove(&block.header.hash());
        }
        for tip in &change.discarded_tips {
            self.write(
                Line::info("fork-discarded", sentence!("a branch fell too far behind and was discarded")).subject(tip),
            );
            self.tell(Event::Fork(ForkChange::Discarded { tip: *tip }));
        }
    }

    /// Refuses a block that turned out invalid by signature or accounts. Who gave it when asked
    /// pays for it; who pushed it could not know yet (BIP 152).
    fn blame(&mut self, hash: BlockHash, reason: Sentence) {
        let vouching = self.delivered.remove(&hash).and_then(|delivery| delivery.vouching);
        match vouching.filter(|link| self.peers.get(*link).is_some()) {
            Some(link) => self.refuse(link, Offence::InvalidBlock, Some(hash.0), reason),
            None => self.write(Line::rejected("invalid-block", reason).subject(hash)),
        }
    }

    fn follow_tip(&mut self, change: &Change) {
        let issuer = self.chain.params().issuer;
        self.store_change(change);
        let mut accounts_found = false;
        for block in &change.reverted {
            self.wallet.disconnect(block);
            self.addresses.disconnect(block, issuer);
            for transaction in &block.transactions {
                self.index.remove(&transaction.id());
            }
        }
        for block in &change.connected {
            let hash = block.header.hash();
            if let Some(delivery) = self.delivered.remove(&hash) {
                self.peers.delivered_first(delivery.first, self.now);
                self.was_first(delivery.first);
            }
            accounts_found |= self.wallet.connect(block, issuer);
            self.addresses.connect(block, issuer);
            self.index.extend(block.transactions.iter().map(|transaction| (transaction.id(), hash)));
        }
        let waited = self.waiting_among(&change.connected);
        let removed = self.mempool.update(self.chain.ledger(), issuer, &change.connected, !change.reverted.is_empty());
        self.return_transactions(change);
        self.tell_dropped(removed);
        self.log_connected(change);
        if let Some(block) = self.block_summary(&self.chain.tip()) {
            let hashes = |blocks: &[Arc<Block>]| blocks.iter().map(|block| block.header.hash()).collect();
            self.tell(Event::Tip { block, reverted: hashes(&change.reverted), connected: hashes(&change.connected) });
        }
        for transaction in waited {
            let view = self.transaction_view(&transaction);
            self.tell(Event::Transaction(view));
        }
        self.tell_balance();
        if accounts_found {
            self.wallet_changed();
        }
        self.announce_tip(change);
        self.miner.tip_changed();
    }

    /// Transactions of reverted and discarded blocks that the best chain lacks wait again.
    fn return_transactions(&mut self, change: &Change) {
        let lost = change.reverted.iter().rev().chain(change.discarded.iter().rev());
        let mut returned = 0_usize;
        for transaction in lost.flat_map(|block| &block.transactions) {
            if matches!(transaction, Transaction::Reward(_)) || self.index.contains_key(&transaction.id()) {
                continue;
            }
            // What does not go with the accounts any more has been spent otherwise: it is gone.
            let (id, transaction) = (transaction.id(), Arc::new(transaction.clone()));
            let restored = self.mempool.restore(self.chain.params(), self.chain.ledger(), transaction, self.now);
            if let Ok(pushed_out) = restored {
                self.tell_dropped(pushed_out);
                returned += 1;
                // Peers that never saw the branch, because it was too weak to be fetched, do not know it.
                self.gossip.announce(id, self.now);
            }
        }
        if returned > 0 {
            self.write(Line::info(
                "transactions-returned",
                sentence!("back in the mempool from a lost branch: {count}", count = counted!(returned, "transaction")),
            ));
        }
    }

    fn waiting_among(&self, blocks: &[Arc<Block>]) -> Vec<Transaction> {
        let confirmed = blocks.iter().flat_map(|block| &block.transactions);
        confirmed.filter(|transaction| self.mempool.get(&transaction.id()).is_some()).cloned().collect()
    }

    fn log_connected(&mut self, change: &Change) {
        if !change.reverted.is_empty() {
            let message = sentence!(
                "another branch has more work: {reverted} taken back, {connected} connected",
                reverted = counted!(change.reverted.len(), "block"),
                connected = counted!(change.connected.len(), "block")
            );
            self.write(Line::warning("reorganisation", message).subject(self.chain.tip()));
        }
        if change.connected.len() > MAX_LINES_AT_ONCE {
            let message = sentence!(
                "{count} blocks joined the best chain, up to height {height}",
                count = change.connected.len(),
                height = self.chain.height()
            );
            return self.write(Line::accepted("blocks-connected", message).subject(self.chain.tip()));
        }
        for block in &change.connected {
            let (height, count) = (block.header.height, block.transactions.len());
            let message =
                sentence!("block {height} joined the best chain with {count}", count = counted!(count, "transaction"));
            self.write(Line::accepted("block-connected", message).subject(block.header.hash()));
        }
    }

    /// Announces the new tip to peers that lack it, unless this node is far behind itself.
    fn announce_tip(&mut self, change: &Change) {
        if self.is_behind() {
            return;
        }
        let start = change.connected.len().saturating_sub(MAX_ANNOUNCED);
        let headers: Vec<BlockHeader> = change.connected[start..].iter().map(|block| block.header).collect();
        if let [block] = &change.connected[..] {
            self.push_block(block);
        }
        let tip = self.chain.tip();
        let lacking: Vec<LinkId> =
            self.peers.connected().filter(|(_, peer)| !peer.blocks.contains(&tip)).map(|(link, _)| link).collect();
        let message = Message::Headers(headers);
        for link in lacking {
            self.send(link, &message);
            if let Some(peer) = self.peers.get_mut(link) {
                peer.blocks.insert(tip);
            }
        }
    }

    /// Stops waiting for peers that let a body wait too long.
    pub(super) fn drop_stalled(&mut self) {
        let largest = self.chain.params().max_block_bytes;
        for link in self.sync.stalled(self.now, &mut self.peers, largest) {
            self.refuse(
                link,
                Offence::Stalled,
                None,
                sentence!("a block or headers that were asked for did not come in time"),
            );
        }
    }

    /// Whether this node is catching up.
    pub(super) fn is_behind(&self) -> bool {
        self.chain.best_header().0.height.above(self.chain.height()) >= SYNC_GAP
    }

    /// Takes a block that this node found.
    pub(super) fn take_own_block(&mut self, block: Block) -> bool {
        if self.chain.insert_header(block.header).is_err() {
            return false;
        }
        self.note_found(block.header.hash());
        self.take_block(Arc::new(block));
        true
    }

    pub(super) fn traffic(&mut self, link: LinkId, inbound: bool, item: TrafficItem) {
        if let Some(peer_id) = self.peers.get(link).map(|peer| peer.id) {
            self.tell(Event::Traffic { peer_id, inbound, item });
        }
    }
}
