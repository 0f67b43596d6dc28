//! What goes into the store, and when: one batch at a time, in which the tip and all that it stands
//! on go together.

mod kept;
mod sent;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

use super::Node;
use super::addresses::Addresses;
use crate::contract::Output;
use crate::hash::{BlockHash, TxId, sha256};
use crate::log::Line;
use crate::sentence::{Sentence, counted, sentence};
use crate::store::record::{
    self, ACCOUNTS_A_PART, BlockFacts, Settings, Snapshot, StatePart, Tip, UndoEntry, body_key, index_key, number_key,
    put, row_key,
};
use crate::store::{Batch, Table, Write};
use crate::transaction::Transaction;
use crate::units::{Height, Timestamp};
use crate::view::{Event, StorageFacts, StorageState, StorageView};
use crate::wallet::Wallet;
pub(super) use kept::Kept;
use std::collections::VecDeque;
use std::sync::Arc;
use tracker_protocol::PeerId;

/// Bytes of bodies in one batch from which on further blocks wait for the next one: a few of the
/// largest blocks, or some thousand small ones.
const BATCH_BYTES: usize = 8 * 1024 * 1024;
/// Bytes of what blocks did to the accounts from which on a snapshot is due, or those of the
/// snapshot itself if it is larger: so snapshots cost no more than what is written anyway.
const LEAST_JOURNAL_BYTES: usize = 256 * 1024;
/// Bytes that an account takes in a snapshot.
const ACCOUNT_BYTES: usize = 36;
/// Newest blocks that stay in memory at most once they are stored: more than any usual
/// reorganisation takes back.
const BLOCKS_IN_MEMORY: usize = 288;
/// Bytes of them at most.
const BYTES_IN_MEMORY: usize = 32 * 1024 * 1024;
/// Newest blocks that stay in memory however large they are: what peers ask for in compact form,
/// and all that forks near the tip take back.
const LEAST_IN_MEMORY: u32 = 24;
/// Newest blocks that a node keeps that drops old ones: two and three quarter hours of the main network.
const PRUNED_BLOCKS: u32 = 1_000;
/// Blocks that are dropped at once, so that it costs little.
const PRUNE_STEP: u32 = 100;

/// How much is kept where; smaller in tests, so that little history shows all.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    journal: usize,
    in_memory: usize,
    least_in_memory: u32,
    pruned: u32,
    prune_step: u32,
    batch: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            journal: LEAST_JOURNAL_BYTES,
            in_memory: BLOCKS_IN_MEMORY,
            least_in_memory: LEAST_IN_MEMORY,
            pruned: PRUNED_BLOCKS,
            prune_step: PRUNE_STEP,
            batch: BATCH_BYTES,
        }
    }
}

/// How the node stands to its store.
#[derive(Debug)]
enum Mode {
    /// There is none, and why, if somebody said so.
    Absent(Option<Sentence>),
    On,
    /// It fails, and why. Only the wallet is still tried.
    Failed(Sentence),
    /// It is not to be touched, and why.
    Foreign(Sentence),
}

impl Default for Mode {
    fn default() -> Self {
        Self::Absent(None)
    }
}

/// A batch that is under way.
#[derive(Debug)]
struct Flight {
    batch: u64,
    /// Height of the tip in it.
    height: Height,
    /// The wallet's record in it.
    wallet: bool,
}

/// What the store has.
#[derive(Debug, Default)]
pub(super) struct Storage {
    mode: Mode,
    bounds: Bounds,
    facts: StorageFacts,
    last_batch: u64,
    flight: Option<Flight>,
    /// Whether a batch is to be made.
    due: bool,
    /// The best chain is in batches up to this height.
    written: Height,
    /// And in the store up to this one, as far as it still is the best chain.
    safe: Height,
    /// Height of the tip in the last batch.
    top: Height,
    snapshot: Option<Snapshot>,
    /// Bytes of what blocks since the snapshot did to the accounts.
    journal: usize,
    /// Transactions of blocks in batches that left the best chain.
    unindex: Vec<TxId>,
    /// Blocks of the best chain in memory, the oldest first, with their bytes.
    window: VecDeque<(Height, BlockHash, usize)>,
    window_bytes: usize,
    /// Single records that wait for the next batch.
    singles: Vec<Write>,
    peers: Vec<PeerId>,
    bans: Vec<record::Ban>,
    settings: Settings,
    /// Transactions of the wallet that wait for a block, as they are in batches.
    sent: Vec<(Timestamp, Arc<Transaction>)>,
    /// The wallet's record that waits for the next batch.
    wallet: Option<Vec<u8>>,
    /// And the one that is under way.
    wallet_sent: Option<Vec<u8>>,
    wallet_stored: bool,
    /// Hash of the wallet's last record: it is written when there is another.
    wallet_hash: Option<[u8; 32]>,
}

fn damaged(what: Sentence) -> Line {
    Line::warning("storage-damaged", sentence!("something in the store is lost: {what}"))
}

impl Storage {
    pub(super) fn is_on(&self) -> bool {
        matches!(self.mode, Mode::On)
    }

    /// Whether records can be read: what was written before a failure is still there.
    pub(super) fn can_read(&self) -> bool {
        matches!(self.mode, Mode::On | Mode::Failed(_))
    }

    /// The wallet's record as it is from now on: it waits for the next batch, if it is another.
    fn set_wallet(&mut self, wallet: &Wallet) {
        let record = wallet.record().to_bytes();
        let hash = Some(sha256(&record));
        if self.wallet_hash != hash {
            (self.wallet, self.wallet_stored, self.wallet_hash) = (Some(record.to_vec()), false, hash);
        }
        self.due = true;
    }

    pub(super) fn view(&self, oldest: Height) -> StorageView {
        let (state, reason) = match &self.mode {
            Mode::Absent(reason) => (StorageState::Memory, reason.clone()),
            Mode::On => (StorageState::Stored, None),
            Mode::Failed(reason) | Mode::Foreign(reason) => (StorageState::Failed, Some(reason.clone())),
        };
        StorageView {
            state,
            reason,
            stored_height: self.safe,
            oldest_block: oldest,
            prune: self.settings.prune,
            wallet_stored: self.wallet_stored,
            facts: self.facts,
        }
    }

    /// Blocks joined or left the best chain, which now is as it was up to this height.
    pub(super) fn tip_changed(&mut self, fork: Height, left: impl Iterator<Item = TxId>) {
        if fork < self.written {
            self.unindex.extend(left);
            (self.written, self.safe) = (fork, self.safe.min(fork));
        }
        while self.window.back().is_some_and(|(height, ..)| *height > fork) {
            self.window_bytes -= self.window.pop_back().map_or(0, |(_, _, bytes)| bytes);
        }
        self.due = true;
    }

    /// The chain begins anew. What is in the store is written over by what comes, if it may come.
    pub(super) fn chain_replaced(&mut self) {
        (self.window, self.window_bytes) = (VecDeque::new(), 0);
        (self.written, self.safe) = (Height::GENESIS, Height::GENESIS);
    }

    /// A block of the best chain is in memory from now on.
    pub(super) fn in_memory(&mut self, height: Height, hash: BlockHash, bytes: usize) {
        self.window.push_back((height, hash, bytes));
        self.window_bytes += bytes;
    }
}

impl Node {
    /// Makes a batch, if one is due and none is under way.
    pub(super) fn persist(&mut self) {
        let storage = &mut self.storage;
        if !storage.due || storage.flight.is_some() || !storage.can_read() {
            return;
        }
        storage.due = false;
        let wallet = storage.wallet.take();
        let mut writes = Vec::new();
        if storage.is_on() {
            writes = self.gather();
        }
        let storage = &mut self.storage;
        if let Some(content) = &wallet {
            writes.push(record::put_bytes(Table::Wallet, record::WALLET.to_vec(), content.clone()));
        }
        if writes.is_empty() {
            return;
        }
        storage.last_batch += 1;
        let (batch, durable) = (storage.last_batch, wallet.is_some());
        storage.wallet_sent = wallet;
        storage.flight = Some(Flight { batch, height: storage.top, wallet: durable });
        self.outbox.push(Output::Persist(Batch { number: batch, writes, durable }));
    }

    /// All that the store does not have yet, as far as it fits one batch.
    fn gather(&mut self) -> Vec<Write> {
        let mut writes = std::mem::take(&mut self.storage.singles);
        // A light node leaves the stored chain as it was when it became one.
        if !self.chain.keeps_bodies() {
            self.gather_sent(&mut writes);
            return writes;
        }
        writes.extend(
            std::mem::take(&mut self.storage.unindex)
                .iter()
                .map(|id| Write::Delete { table: Table::Index, key: index_key(id) }),
        );
        // A snapshot of a block that left the best chain is worth nothing: there must be a new one.
        let lost = self.storage.snapshot.is_some_and(|snapshot| snapshot.height > self.storage.written);
        self.gather_blocks(&mut writes, lost);
        self.gather_sent(&mut writes);
        self.gather_rows(&mut writes);
        self.gather_snapshot(&mut writes, lost);
        self.gather_pruned(&mut writes);
        for (height, hash) in self.chain.take_dropped() {
            writes.push(Write::Delete { table: Table::Bodies, key: body_key(height, &hash) });
        }
        for number in self.chain.take_chunks() {
            let (table, key, chunk) = (Table::Headers, number_key(number), self.chain.chunk(number));
            writes.push(if chunk.is_empty() { Write::Delete { table, key } } else { put(table, key, &chunk) });
        }
        if !writes.is_empty() {
            writes.push(put(Table::Meta, record::TIP.to_vec(), &self.tip_record()));
        }
        writes
    }

    fn tip_record(&self) -> Tip {
        let height = self.storage.top;
        Tip {
            genesis: self.chain.genesis(),
            tip: self.chain.hash_at(height).unwrap_or_else(|| self.chain.genesis()),
            height,
            snapshot: self.storage.snapshot,
            history: self.wallet.rows_up_to(height),
            followed: self.wallet.followed(),
            oldest: self.chain.oldest(),
        }
    }

    /// Blocks that joined the best chain, and then bodies of others.
    fn gather_blocks(&mut self, writes: &mut Vec<Write>, whole: bool) {
        let mut bytes = 0;
        let mut height = self.storage.written;
        while let Some(next) = height.next().filter(|next| *next <= self.chain.height())
            && (whole || bytes < self.storage.bounds.batch)
        {
            let Some(hash) = self.chain.hash_at(next) else { break };
            let (Some(block), Some(undo)) = (self.chain.block(&hash), self.chain.undo_at(next)) else { break };
            let entry = UndoEntry { hash, undo: undo.clone(), facts: BlockFacts::of(&block) };
            let size = entry.facts.size as usize;
            let entry = put(Table::Undo, number_key(next.0), &entry);
            if let Write::Put { value, .. } = &entry {
                self.storage.journal += value.len();
            }
            writes.push(entry);
            let index = |id: TxId| put(Table::Index, index_key(&id), &next);
            writes.extend(block.transactions.iter().map(|transaction| index(transaction.id())));
            if !self.chain.is_stored(&hash) {
                writes.push(record::put_bytes(Table::Bodies, body_key(next, &hash), block.to_bytes()));
                self.chain.set_stored(next, &hash);
            }
            bytes += size;
            height = next;
        }
        if self.storage.top > height {
            let (from, to) = (number_key(height.0 + 1), Some(number_key(self.storage.top.0.saturating_add(1))));
            writes.push(Write::DeleteRange { table: Table::Undo, from, to });
        }
        (self.storage.written, self.storage.top) = (height, height);
        let mut unsaved: VecDeque<(Height, BlockHash)> = self.chain.unsaved().collect();
        while bytes < self.storage.bounds.batch
            && let Some((height, hash)) = unsaved.pop_front()
        {
            if let Some(block) = self.chain.block(&hash) {
                let content = block.to_bytes();
                bytes += content.len();
                writes.push(record::put_bytes(Table::Bodies, body_key(height, &hash), content));
            }
            self.chain.set_stored(height, &hash);
        }
        self.storage.due = height < self.chain.height() || !unsaved.is_empty();
    }

    /// Rows of the wallet's history, of the blocks that are in this batch or were before.
    fn gather_rows(&mut self, writes: &mut Vec<Write>) {
        let table = Table::History;
        let changes = self.wallet.take_changes(self.storage.top);
        if let Some(height) = changes.from {
            writes.push(Write::DeleteRange { table, from: number_key(height.0), to: None });
        }
        let drop = |place| Write::Delete { table, key: row_key(place) };
        writes.extend(changes.dropped.into_iter().map(drop));
        writes.extend(changes.put.into_iter().map(|chunk| put(table, row_key(chunk[0].0), &chunk)));
    }

    /// A snapshot of the accounts, if one is due. It is of the tip: there is no other state.
    fn gather_snapshot(&mut self, writes: &mut Vec<Write>, lost: bool) {
        let height = self.chain.height();
        let accounts = self.chain.ledger().accounts().len();
        let due = self.storage.journal > self.storage.bounds.journal.max(accounts * ACCOUNT_BYTES);
        if self.storage.top != height || !(lost || due) {
            return;
        }
        let before = self.storage.snapshot.map_or(0, |snapshot| snapshot.parts);
        let hash = self.chain.tip();
        let mut parts = 0;
        if height > Height::GENESIS {
            let state = self.chain.ledger().state();
            let mut accounts = state.accounts.chunks(ACCOUNTS_A_PART);
            let (mut immature, mut unissued) = (state.immature, state.unissued);
            loop {
                let accounts = accounts.next();
                if accounts.is_none() && parts > 0 {
                    break;
                }
                let part = StatePart {
                    hash,
                    accounts: accounts.unwrap_or_default().to_vec(),
                    immature: std::mem::take(&mut immature),
                    unissued: std::mem::take(&mut unissued),
                };
                writes.push(put(Table::State, number_key(parts), &part));
                parts += 1;
            }
        }
        if before > parts {
            let (from, to) = (number_key(parts), Some(number_key(before)));
            writes.push(Write::DeleteRange { table: Table::State, from, to });
        }
        self.storage.snapshot = (parts > 0).then_some(Snapshot { hash, height, parts });
        self.storage.journal = 0;
    }

    /// Drops old blocks, if that is wanted.
    fn gather_pruned(&mut self, writes: &mut Vec<Write>) {
        let storage = &self.storage;
        let target = Height(storage.safe.0.saturating_sub(storage.bounds.pruned));
        if !storage.settings.prune || target.0 < self.chain.oldest().0.saturating_add(storage.bounds.prune_step) {
            return;
        }
        let undo = storage.snapshot.map_or(1, |snapshot| snapshot.height.0.saturating_add(1)).min(target.0);
        for (table, end) in [(Table::Bodies, target.0), (Table::Undo, undo)] {
            writes.push(Write::DeleteRange { table, from: number_key(0), to: Some(number_key(end)) });
        }
        self.chain.forget_below(target);
        self.addresses.forget_below(target);
        self.write(Line::info("pruned", sentence!("blocks below height {target} were dropped from the store")));
        self.tell_oldest();
    }

    pub(super) fn on_persisted(&mut self, batch: u64) {
        let storage = &mut self.storage;
        let Some(flight) = storage.flight.take_if(|flight| flight.batch == batch) else { return };
        if flight.wallet {
            (storage.wallet_stored, storage.wallet_sent) = (storage.wallet.is_none(), None);
            self.tell_storage();
        }
        let storage = &mut self.storage;
        storage.safe = flight.height.min(storage.written);
        self.release_old();
    }

    pub(super) fn on_storage_failed(&mut self, reason: Sentence) {
        let storage = &mut self.storage;
        if let Mode::Absent(known) = &mut storage.mode {
            *known = Some(reason.clone());
            let message = sentence!("wallet and chain live in memory only: {reason}");
            self.write(Line::warning("storage-absent", message));
            return self.tell_storage();
        }
        // A batch with the wallet and the chain may have been too large for what is left: the
        // wallet alone is tried once more.
        let with_wallet = storage.flight.take().is_some_and(|flight| flight.wallet);
        let known = matches!(&storage.mode, Mode::Failed(_));
        if with_wallet && !known && storage.wallet.is_none() {
            storage.wallet = storage.wallet_sent.take();
        }
        if with_wallet && storage.wallet.is_none() {
            // The next change is written again, even if it is back to what is here.
            storage.wallet_hash = None;
        }
        storage.due = storage.wallet.is_some();
        storage.mode = Mode::Failed(reason.clone());
        if !known || with_wallet {
            let message =
                sentence!("nothing more is stored, this tab goes on in memory: {reason}. Back up the wallet.");
            self.write(Line::warning("storage-failed", message));
        }
        self.tell_storage();
    }

    pub(super) fn on_storage_facts(&mut self, facts: StorageFacts) {
        if self.storage.facts != facts {
            self.storage.facts = facts;
            self.tell_storage();
        }
    }

    pub(super) fn tell_storage(&mut self) {
        let view = self.storage.view(self.chain.oldest());
        self.tell(Event::Storage(view));
    }

    /// Lets blocks leave the memory that are in the store and old, or too many.
    fn release_old(&mut self) {
        let tip = self.chain.height();
        while let Some((height, hash, bytes)) = self.storage.window.front().copied() {
            let storage = &mut self.storage;
            let many = storage.window.len() > storage.bounds.in_memory || storage.window_bytes > BYTES_IN_MEMORY;
            if !many || height > storage.safe || tip.above(height) < storage.bounds.least_in_memory {
                return;
            }
            storage.window.pop_front();
            storage.window_bytes -= bytes;
            if let Some(block) = self.chain.block(&hash).filter(|_| self.chain.is_stored(&hash)) {
                for transaction in &block.transactions {
                    self.index.remove(&transaction.id());
                }
                self.chain.release(&hash);
            }
        }
    }

    /// The wallet changed: its record is written durably, with or without the chain. It may be relied
    /// on once [`StorageView::wallet_stored`] says so, of which an [`Event::Storage`] tells.
    pub(super) fn keep_wallet(&mut self) {
        if self.storage.can_read() {
            self.storage.set_wallet(&self.wallet);
        }
    }

    /// What changes without the chain goes into the store now and then.
    pub(super) fn look_after_storage(&mut self) {
        if !self.storage.is_on() {
            return;
        }
        let peers = self.peers_to_remember();
        let bans: Vec<record::Ban> = self.peers.bans(self.now).map(|(id, ban)| (*id.as_bytes(), ban.until)).collect();
        let storage = &mut self.storage;
        // Who is here now is worth more than who was here once; nobody is worth nothing.
        if !peers.is_empty() && peers != storage.peers {
            let ids: Vec<[u8; 20]> = peers.iter().map(|id| *id.as_bytes()).collect();
            storage.singles.push(put(Table::Meta, record::PEERS.to_vec(), &ids));
            storage.peers = peers;
        }
        if bans != storage.bans {
            storage.singles.push(put(Table::Meta, record::BANS.to_vec(), &bans));
            storage.bans = bans;
        }
        storage.due |= !storage.singles.is_empty() || self.chain.has_unsaved();
        self.keep_sent();
    }

    /// Whether old blocks are dropped from now on.
    pub(super) fn set_pruning(&mut self, on: bool) {
        let storage = &mut self.storage;
        if storage.settings.prune != on {
            storage.settings.prune = on;
            storage.singles.push(put(Table::Meta, record::SETTINGS.to_vec(), &storage.settings));
            storage.due = true;
            self.tell_storage();
        }
    }

    /// What the store lacked, for the log.
    pub(super) fn note_damage(&mut self, what: Sentence) {
        self.write(damaged(what));
    }

    /// The stored accounts are of no use any more: goes through the stored blocks again, and gets
    /// from peers what is not there.
    pub(super) fn start_over(&mut self) {
        let connected = self.chain.height().0 as usize;
        let lost = counted!(connected, "block");
        self.write(Line::warning("storage-replay", sentence!("the best chain of {lost} is gone through again")));
        self.wallet.restart();
        self.index.clear();
        self.addresses = Addresses::above(Height::GENESIS);
        self.storage.chain_replaced();
        let change = self.chain.restart();
        let issuer = self.chain.params().issuer;
        let removed = self.mempool.update(self.chain.ledger(), issuer, &change.connected, true);
        self.tell_dropped(removed);
        self.on_change(change);
        self.storage.due = true;
    }
}
