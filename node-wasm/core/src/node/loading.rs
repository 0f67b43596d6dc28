//! What is read from the store while the node runs: blocks for peers, for searches and for the index of
//! addresses, answers to requests, and what a change of the tip needs.

use super::Node;
use super::requests::{page, skip};
use crate::block::Block;
use crate::chain::tree::{Change, Wanted};
use crate::contract::{JobId, LinkId, Output};
use crate::hash::{BlockHash, TxId};
use crate::net::peers::Peers;
use crate::request::{ErrorCode, Request, RequestError, RequestId};
use crate::sentence::{Sentence, sentence};
use crate::store::record::{BlockFacts, UndoEntry, body_key, index_key, key_number, number_key, read};
use crate::store::{MAX_QUERIES, Query, Record, Table, opening};
use crate::transaction::Transaction;
use crate::units::Height;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Requests that wait for the store at most; a page asks for a few at a time.
const MAX_WAITING: usize = 64;
/// How often an answer may need the store once more: the place of a transaction, then its block.
const MAX_ROUNDS: u32 = 3;
/// Blocks that are read for a peer at a time: the next is on its way while one is sent.
const BLOCKS_A_PEER: usize = 2;
/// Blocks that are read at a time to look for the wallet's addresses in them: some megabytes at most.
const BLOCKS_A_SEARCH: usize = 16;

/// Something that was looked for in the store is not there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lost;

/// What something is read for.
#[derive(Debug)]
pub(super) enum Purpose {
    /// A change of the tip.
    Tip(Vec<Wanted>),
    /// A peer that asked for these blocks.
    Peer(LinkId, Vec<BlockHash>),
    /// The search for the wallet's addresses in old blocks.
    Search(Vec<BlockHash>),
    /// The index of addresses.
    Places(Vec<BlockHash>),
    /// The block of a transaction that a peer asked for.
    Lookup(LinkId, TxId),
    /// A request, and how often it was tried.
    Request(RequestId, Request, u32),
}

/// What was read for the request that is answered now.
#[derive(Debug, Default)]
pub(super) struct Fetched {
    pub(super) blocks: BTreeMap<BlockHash, Arc<Block>>,
    pub(super) facts: BTreeMap<BlockHash, BlockFacts>,
    /// The block of a transaction, or that none holds it.
    pub(super) places: BTreeMap<TxId, Option<Height>>,
    /// Whether what is not here is not in the store either.
    complete: bool,
}

/// What is under way.
#[derive(Debug, Default)]
pub(super) struct Loads {
    pub(super) under_way: BTreeMap<JobId, (Purpose, Vec<Query>)>,
    /// Whether a change of the tip waits for the store.
    for_tip: bool,
    /// Whether the last attempt failed.
    failed: bool,
    /// Blocks that were read for peers and are to be sent.
    pub(super) ready: BTreeMap<LinkId, BTreeMap<BlockHash, Option<Arc<Block>>>>,
    /// Where a transaction is that a peer asked for, if a block of the store holds it.
    pub(super) sought: BTreeMap<LinkId, (TxId, Option<Height>)>,
    pub(super) fetched: Fetched,
}

impl Loads {
    /// Whether blocks are being read for a peer.
    pub(super) fn waits_for(&self, link: LinkId) -> bool {
        let is_for =
            |purpose: &Purpose| matches!(purpose, Purpose::Peer(peer, _) | Purpose::Lookup(peer, _) if *peer == link);
        self.under_way.values().any(|(purpose, _)| is_for(purpose))
    }

    /// What could not be read is read again; what was read for peers that are gone is let go.
    pub(super) fn look_after(&mut self, peers: &Peers) {
        self.failed = false;
        self.ready.retain(|link, _| peers.get(*link).is_some());
        self.sought.retain(|link, _| peers.get(*link).is_some());
    }
}

impl Node {
    fn load(&mut self, purpose: Purpose, queries: Vec<Query>) {
        let job = self.new_job();
        self.loads.under_way.insert(job, (purpose, queries.clone()));
        self.outbox.push(Output::Load { job, queries });
    }

    pub(super) fn on_loaded(&mut self, job: JobId, answers: Result<Vec<Vec<Record>>, Sentence>) {
        let Some((purpose, queries)) = self.loads.under_way.remove(&job) else { return };
        let answers = answers.map(|mut answers| {
            answers.resize(queries.len(), Vec::new());
            answers
        });
        match (purpose, answers) {
            (Purpose::Tip(wanted), Ok(answers)) => self.take_wanted(&wanted, &answers),
            (Purpose::Tip(_), Err(reason)) => {
                (self.loads.for_tip, self.loads.failed) = (false, true);
                self.note_damage(reason);
            }
            (Purpose::Peer(link, hashes), Ok(answers)) => {
                for (hash, records) in hashes.into_iter().zip(answers) {
                    let block = self.whole_block(&hash, &records);
                    if self.peers.get(link).is_some() {
                        self.loads.ready.entry(link).or_default().insert(hash, block);
                    }
                }
            }
            (Purpose::Peer(link, hashes), Err(_)) => {
                let nothing = hashes.into_iter().map(|hash| (hash, None)).collect();
                if self.peers.get(link).is_some() {
                    self.loads.ready.insert(link, nothing);
                }
            }
            (Purpose::Search(hashes), Ok(answers)) => {
                let blocks = hashes.into_iter().zip(answers);
                let blocks = blocks.map(|(hash, records)| (hash, self.whole_block(&hash, &records))).collect();
                self.keeper.searched(blocks);
            }
            (Purpose::Search(hashes), Err(_)) => {
                self.keeper.searched(hashes.into_iter().map(|hash| (hash, None)).collect());
            }
            (Purpose::Places(hashes), answers) => {
                let mut answers = answers.unwrap_or_default().into_iter();
                let blocks = hashes.into_iter().map(|hash| {
                    let records = answers.next();
                    (hash, records.and_then(|records| self.whole_block(&hash, &records)))
                });
                let blocks = blocks.collect();
                self.backfill.loaded(blocks);
            }
            (Purpose::Lookup(link, id), answers) => {
                let records = answers.ok().and_then(|answers| answers.into_iter().next()).unwrap_or_default();
                let height = records.first().and_then(|(key, value)| read::<Height>(Table::Index, key, value));
                if self.peers.get(link).is_some() {
                    self.loads.sought.insert(link, (id, height));
                }
            }
            (Purpose::Request(id, request, rounds), Ok(answers)) => {
                for (query, records) in queries.iter().zip(answers) {
                    self.take_fetched(query, records);
                }
                self.try_request(id, request, rounds + 1);
            }
            (Purpose::Request(id, ..), Err(reason)) => {
                let message = sentence!("the store cannot be read: {reason}");
                self.reply(id, Err(RequestError::new(ErrorCode::NotReadable, message)));
            }
        }
    }

    /// A block from its record. What is lost is missing from now on, and comes from peers again.
    fn whole_block(&mut self, hash: &BlockHash, records: &[Record]) -> Option<Arc<Block>> {
        let block = records.first().and_then(|(key, value)| opening::block(key, value));
        let block = block.filter(|block| block.header.hash() == *hash).map(Arc::new);
        if block.is_none() && self.chain.is_stored(hash) {
            self.note_damage(sentence!("a block"));
            self.chain.lose_body(hash);
        }
        block
    }

    fn take_wanted(&mut self, wanted: &[Wanted], answers: &[Vec<Record>]) {
        self.loads.for_tip = false;
        for (wanted, records) in wanted.iter().zip(answers) {
            match wanted {
                Wanted::Body(_, hash) => {
                    if let Some(block) = self.whole_block(hash, records) {
                        self.chain.supply_body(block);
                    }
                }
                Wanted::Undo(_, hash) => {
                    let entry = records.first().and_then(|(key, value)| read::<UndoEntry>(Table::Undo, key, value));
                    match entry.filter(|entry| entry.hash == *hash) {
                        Some(entry) => self.chain.supply_undo(hash, entry.undo),
                        None if self.chain.is_best(hash) => return self.start_over(),
                        None => {}
                    }
                }
            }
        }
        let change = self.chain.resume_with_bodies();
        self.on_change(change);
    }

    /// Reads what a change of the tip waits for.
    pub(super) fn fetch_wanted(&mut self) {
        if self.loads.for_tip || self.loads.failed || self.chain.wanted().is_empty() {
            return;
        }
        let wanted = self.chain.wanted().to_vec();
        let query = |wanted: &Wanted| match wanted {
            Wanted::Body(height, hash) => Query::Get { table: Table::Bodies, key: body_key(*height, hash) },
            Wanted::Undo(height, _) => Query::Get { table: Table::Undo, key: number_key(height.0) },
        };
        let queries = wanted.iter().map(query).collect();
        self.loads.for_tip = true;
        self.load(Purpose::Tip(wanted), queries);
    }

    /// Has blocks read that a peer asked for, and those that it asked for next; gives whether it waits
    /// for them now.
    pub(super) fn read_for_peer(&mut self, link: LinkId, next: BlockHash) -> bool {
        let Some(peer) = self.peers.get(link) else { return false };
        let wanted = std::iter::once(next).chain(peer.orders.iter().copied()).take(BLOCKS_A_PEER).collect();
        self.read_all_for_peer(link, wanted)
    }

    /// Has these blocks read for a peer, up to the first that is not in the store alone; gives whether
    /// the peer waits for them now.
    pub(super) fn read_all_for_peer(&mut self, link: LinkId, wanted: Vec<BlockHash>) -> bool {
        let only_stored = |hash: &BlockHash| self.chain.is_stored(hash) && self.chain.block(hash).is_none();
        let hashes: Vec<BlockHash> = wanted.into_iter().take_while(only_stored).collect();
        if hashes.is_empty() || !self.storage.can_read() {
            return false;
        }
        self.read_blocks(|hashes| Purpose::Peer(link, hashes), hashes);
        true
    }

    /// Has the place of a transaction read for a peer; gives it if that was done. The error says that no
    /// block of the store holds it.
    pub(super) fn place_for_peer(&mut self, link: LinkId, id: TxId) -> Option<Result<Height, Lost>> {
        match self.loads.sought.get(&link) {
            Some((sought, height)) if *sought == id => return Some(height.ok_or(Lost)),
            _ => {}
        }
        if !self.storage.can_read() {
            return Some(Err(Lost));
        }
        self.load(Purpose::Lookup(link, id), vec![Query::Get { table: Table::Index, key: index_key(&id) }]);
        None
    }

    /// Has blocks read that are known to be in the store.
    pub(super) fn read_blocks(&mut self, purpose: impl FnOnce(Vec<BlockHash>) -> Purpose, hashes: Vec<BlockHash>) {
        let queries = hashes.iter().filter_map(|hash| self.body_query(hash)).collect();
        self.load(purpose(hashes), queries);
    }

    /// Has stored blocks read from a height on, to look for the wallet's addresses in them.
    pub(super) fn read_for_search(&mut self, from: Height) {
        let only_stored = |hash: &BlockHash| self.chain.is_stored(hash) && self.chain.block(hash).is_none();
        let hashes = (from.0..=self.chain.height().0).map_while(|height| self.chain.hash_at(Height(height)));
        let hashes: Vec<BlockHash> = hashes.take_while(only_stored).take(BLOCKS_A_SEARCH).collect();
        self.read_blocks(Purpose::Search, hashes);
    }

    /// A block that was read for a peer. The error says that it is lost, nothing that it was not read.
    pub(super) fn ready_for(&mut self, link: LinkId, hash: &BlockHash) -> Option<Result<Arc<Block>, Lost>> {
        let ready = self.loads.ready.get_mut(&link)?;
        let block = ready.remove(hash);
        if ready.is_empty() {
            self.loads.ready.remove(&link);
        }
        block.map(|block| block.ok_or(Lost))
    }

    fn body_query(&self, hash: &BlockHash) -> Option<Query> {
        let height = self.chain.header(hash)?.height;
        Some(Query::Get { table: Table::Bodies, key: body_key(height, hash) })
    }

    /// Answers a request, at once or after the store was asked.
    pub(super) fn try_request(&mut self, id: RequestId, request: Request, round: u32) {
        let queries = if round < MAX_ROUNDS && self.storage.can_read() { self.lacks(&request) } else { Vec::new() };
        if queries.is_empty() {
            let answer = self.answer(request);
            self.loads.fetched = Fetched::default();
            return self.reply(id, answer);
        }
        let waiting = self.loads.under_way.values().filter(|(purpose, _)| matches!(purpose, Purpose::Request(..)));
        if waiting.count() >= MAX_WAITING {
            let message = sentence!("too many requests wait for the store");
            return self.reply(id, Err(RequestError::new(ErrorCode::NotReadable, message)));
        }
        // What was read so far is asked for again with the rest: nothing is kept between the rounds
        // but what the request itself needs.
        self.load(Purpose::Request(id, request, round), queries);
    }

    /// What an answer needs that is in the store alone.
    fn lacks(&self, request: &Request) -> Vec<Query> {
        let mut queries: BTreeSet<Query> = BTreeSet::new();
        match request {
            Request::Blocks { from, limit } => {
                let lacking = self.heights(*from, page(*limit)).filter(|height| {
                    let hash = self.chain.hash_at(*height);
                    hash.is_some_and(|hash| {
                        self.chain.block(&hash).is_none() && !self.loads.fetched.facts.contains_key(&hash)
                    })
                });
                let lacking: BTreeSet<Height> = lacking.filter(|height| *height >= self.chain.oldest()).collect();
                if let (Some(first), Some(last), false) = (lacking.first(), lacking.last(), self.loads.fetched.complete)
                {
                    let (from, to) = (number_key(first.0), Some(number_key(last.0.saturating_add(1))));
                    queries.insert(Query::Range { table: Table::Undo, from, to });
                }
            }
            Request::ChainPart { from } => {
                let hashes = self.part_heights(Height(*from)).filter_map(|height| self.chain.hash_at(height));
                queries.extend(hashes.filter_map(|hash| self.lacks_block(&hash)));
            }
            Request::History { address, from, limit } => {
                let Ok(address) = self.any_address(address.as_deref()) else { return Vec::new() };
                let hashes = self.blocks_for_history(&address, skip(*from), page(*limit));
                queries.extend(hashes.iter().filter_map(|hash| self.lacks_block(hash)));
            }
            Request::Block { id } => {
                let hash = self.block_named(id).ok().flatten();
                queries.extend(hash.and_then(|hash| self.lacks_block(&hash)));
            }
            Request::Transaction { id } | Request::Proof { id } => {
                let Ok(id) = id.parse::<TxId>() else { return Vec::new() };
                if self.mempool.get(&id).is_some() || self.index.contains_key(&id) {
                    return Vec::new();
                }
                match self.loads.fetched.places.get(&id) {
                    None => drop(queries.insert(Query::Get { table: Table::Index, key: index_key(&id) })),
                    Some(height) => {
                        let hash = height.and_then(|height| self.chain.hash_at(height));
                        queries.extend(hash.and_then(|hash| self.lacks_block(&hash)));
                    }
                }
            }
            _ => {}
        }
        queries.into_iter().take(MAX_QUERIES).collect()
    }

    fn lacks_block(&self, hash: &BlockHash) -> Option<Query> {
        let only_stored = self.chain.is_stored(hash) && self.block_here(hash).is_none();
        only_stored.then(|| self.body_query(hash)).flatten()
    }

    fn take_fetched(&mut self, query: &Query, records: Vec<Record>) {
        match query {
            Query::Range { table: Table::Undo, .. } => {
                for (key, value) in records {
                    let entry = read::<UndoEntry>(Table::Undo, &key, &value);
                    let place = key_number(&key).and_then(|height| self.chain.hash_at(Height(height)));
                    if let Some(entry) = entry.filter(|entry| Some(entry.hash) == place) {
                        self.loads.fetched.facts.insert(entry.hash, entry.facts);
                    }
                }
                self.loads.fetched.complete = true;
            }
            Query::Get { table: Table::Index, key } => {
                let Ok(id) = <[u8; 32]>::try_from(&key[..]) else { return };
                let height = records.first().and_then(|(key, value)| read::<Height>(Table::Index, key, value));
                self.loads.fetched.places.insert(TxId(id), height);
            }
            Query::Get { table: Table::Bodies, key } => {
                let hash = key.get(4..).and_then(|hash| <[u8; 32]>::try_from(hash).ok()).map(BlockHash);
                let Some(hash) = hash else { return };
                if let Some(block) = self.whole_block(&hash, &records) {
                    self.loads.fetched.blocks.insert(hash, block);
                }
            }
            _ => {}
        }
    }

    /// A block that is in memory, or was read for the request under way.
    pub(super) fn block_here(&self, hash: &BlockHash) -> Option<Arc<Block>> {
        self.chain.block(hash).or_else(|| self.loads.fetched.blocks.get(hash).cloned())
    }

    /// Takes up a chain that was opened: what is in memory of it counts as such.
    pub(super) fn take_up(&mut self) {
        for height in (1..=self.chain.height().0).rev() {
            let hash = self.chain.hash_at(Height(height));
            let Some(block) = hash.and_then(|hash| self.chain.block(&hash)) else { break };
            self.index.extend(block.transactions.iter().map(|one| (one.id(), block.header.hash())));
        }
        let mut first = self.chain.height().0;
        while first > 0 && self.chain.hash_at(Height(first)).is_some_and(|hash| self.chain.block(&hash).is_some()) {
            first -= 1;
        }
        for height in first + 1..=self.chain.height().0 {
            let hash = self.chain.hash_at(Height(height));
            if let Some(block) = hash.and_then(|hash| self.chain.block(&hash)) {
                self.storage.in_memory(Height(height), block.header.hash(), memory_of(&block));
            }
        }
        let change = self.chain.resume();
        self.on_change(change);
    }

    /// Notes for the store what a change of the tip did.
    pub(super) fn store_change(&mut self, change: &Change) {
        if !self.storage.can_read() {
            return;
        }
        let connected = u32::try_from(change.connected.len()).unwrap_or(u32::MAX);
        let fork = Height(self.chain.height().0.saturating_sub(connected));
        let left = change.reverted.iter().flat_map(|block| &block.transactions).map(Transaction::id);
        self.storage.tip_changed(fork, left);
        for block in &change.connected {
            self.storage.in_memory(block.header.height, block.header.hash(), memory_of(block));
        }
    }
}

/// Bytes that a block takes in memory, more or less.
fn memory_of(block: &Block) -> usize {
    size_of::<Block>() + block.transactions.len() * 2 * size_of::<Transaction>()
}
