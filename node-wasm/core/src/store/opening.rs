//! What a node reads when it starts, and what it makes of it: as much as is there and whole. Nothing
//! that was verified before it was stored is verified again.

use super::record::{
    HeaderEntry, Place, StatePart, Tip, UndoEntry, VERSION, body_key, key_number, key_row, number_key, read,
};
use super::{Query, SCHEMA_VERSION, Stored, Table, Write, record};
use crate::block::Block;
use crate::chain::ledger::{Ledger, LedgerState, Undo};
use crate::chain::tree::Chain;
use crate::hash::BlockHash;
use crate::params::ChainParams;
use crate::sentence::{Sentence, sentence};
use crate::transaction::Transaction;
use crate::units::Height;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Newest blocks that are read at the start, with what they did to the accounts: what the overview
/// shows, and more than a usual reorganisation takes back. Older ones are read when they are asked for.
const BLOCKS_AT_START: u32 = 32;

/// What a store is to this software.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// Nothing was ever stored.
    Empty,
    /// It is of this version.
    Current,
    /// It is of an older version, or its version cannot be read: see [`migration`].
    Old(Option<u32>),
    /// It was written by newer software, which it is left for as it is.
    Newer(u32),
}

/// What a store is to this software.
pub fn fit(stored: &Stored) -> Fit {
    if Table::ALL.iter().all(|table| stored.table(*table).is_empty()) {
        return Fit::Empty;
    }
    let version = stored.get(Table::Meta, VERSION).and_then(|bytes| bytes.try_into().ok()).map(u32::from_le_bytes);
    match version {
        Some(SCHEMA_VERSION) => Fit::Current,
        Some(version) if version > SCHEMA_VERSION => Fit::Newer(version),
        version => Fit::Old(version),
    }
}

/// What brings a store of an older version to this one: what can be had from peers again is dropped;
/// wallet, identity, peers, bans and settings stay. A version whose chain can be carried over gets a
/// case of its own here.
pub fn migration() -> Vec<Write> {
    let drop = |table: Table| Write::DeleteRange { table, from: Vec::new(), to: None };
    let mut writes: Vec<Write> = Table::OF_THE_CHAIN.into_iter().map(drop).collect();
    writes.push(Write::Delete { table: Table::Meta, key: record::TIP.to_vec() });
    writes.push(version());
    writes
}

/// The record of this version.
pub fn version() -> Write {
    record::put_bytes(Table::Meta, VERSION.to_vec(), SCHEMA_VERSION.to_le_bytes().to_vec())
}

/// What to read once [`Table::Meta`] is known.
pub(super) fn queries(stored: &Stored) -> Vec<Query> {
    if fit(stored) != Fit::Current {
        return Vec::new();
    }
    let all = |table| Query::Range { table, from: Vec::new(), to: None };
    let Some(tip) = tip(stored) else { return vec![all(Table::Headers)] };
    let (first, end) = (first_block(&tip), number_key(tip.height.0.saturating_add(1)));
    let undo = tip.snapshot.map_or(1, |snapshot| snapshot.height.0.saturating_add(1)).min(first.0);
    vec![
        all(Table::Headers),
        all(Table::State),
        Query::Range { table: Table::Undo, from: number_key(undo), to: Some(end.clone()) },
        Query::Range { table: Table::Bodies, from: number_key(first.0), to: Some(end) },
        all(Table::History),
    ]
}

fn tip(stored: &Stored) -> Option<Tip> {
    borsh::from_slice(stored.get(Table::Meta, record::TIP)?).ok()
}

fn first_block(tip: &Tip) -> Height {
    Height(tip.height.0.saturating_sub(BLOCKS_AT_START - 1).max(1)).max(tip.oldest)
}

/// What came of a store.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) chain: Chain,
    /// What the tip's record says, if the chain stands on a part of what it speaks of.
    pub(crate) tip: Option<Tip>,
    /// Records of the wallet's history; `None` if some are lost.
    pub(crate) rows: Option<Vec<Vec<(Place, Transaction)>>>,
    /// Bytes of what blocks since the snapshot did to the accounts.
    pub(crate) journal: usize,
    /// What is not as it should be, for the log.
    pub(crate) damage: Vec<Sentence>,
}

/// Builds a chain from what was stored.
pub(crate) fn open(params: ChainParams, stored: &Stored) -> Opened {
    let mut damage = Vec::new();
    let headers = headers(stored, &mut damage);
    let empty = headers.is_empty();
    let mut opened = Opened { chain: Chain::restore(params, headers), tip: None, rows: None, journal: 0, damage };
    let Some(tip) = tip(stored) else {
        if !empty {
            opened.damage.push(sentence!("where the chain ends is not known"));
        }
        return opened;
    };
    if tip.genesis != opened.chain.genesis() {
        opened.chain = Chain::restore(opened.chain.params().clone(), Vec::new());
        opened.damage.push(sentence!("the stored chain is another one"));
        return opened;
    }
    let undo = undo(stored);
    let way = way(&opened.chain, stored, &tip, &undo);
    let stood = way.filter(|way| {
        let (height, ledger) = (way.height, way.ledger(opened.chain.params()));
        opened.chain.stand_on(&way.tip, ledger, tip.oldest.min(height))
    });
    let Some(way) = stood else {
        opened.damage.push(sentence!("the accounts: the stored blocks are gone through again"));
        return opened;
    };
    if way.height < tip.height {
        opened.damage.push(sentence!("what happened after block {height}", height = way.height));
    }
    (opened.rows, opened.journal) = (rows(stored, &tip), way.journal);
    if opened.rows.is_none() {
        opened.damage.push(sentence!("the wallet's history: the blocks are searched for it again"));
    }
    // What this needs of the newest blocks is here; what is damaged is read again when it is needed.
    for (height, (entry, _)) in undo.range(first_block(&tip)..=way.height) {
        if opened.chain.hash_at(*height) == Some(entry.hash) {
            opened.chain.supply_undo(&entry.hash, entry.undo.clone());
        }
    }
    for (key, value) in stored.table(Table::Bodies) {
        if let Some(block) = block(key, value) {
            opened.chain.supply_body(Arc::new(block));
        }
    }
    opened.tip = Some(tip);
    opened
}

/// The block in a record, if the record holds and is in its place.
pub(crate) fn block(key: &[u8], value: &[u8]) -> Option<Block> {
    let block = read::<Block>(Table::Bodies, key, value)?;
    (key == body_key(block.header.height, &block.header.hash())).then_some(block)
}

fn headers(stored: &Stored, damage: &mut Vec<Sentence>) -> Vec<HeaderEntry> {
    let mut headers = Vec::new();
    for (key, value) in stored.table(Table::Headers) {
        match read::<Vec<HeaderEntry>>(Table::Headers, key, value) {
            Some(chunk) => headers.extend(chunk),
            None => damage.push(sentence!("headers are damaged")),
        }
    }
    headers
}

fn undo(stored: &Stored) -> BTreeMap<Height, (UndoEntry, usize)> {
    let whole = |(key, value): &super::Record| {
        let entry = read::<UndoEntry>(Table::Undo, key, value)?;
        Some((Height(key_number(key)?), (entry, value.len())))
    };
    stored.table(Table::Undo).iter().filter_map(whole).collect()
}

/// The way from a snapshot up the stored best chain, as far as it is whole.
struct Way<'a> {
    /// Where it ends.
    tip: BlockHash,
    height: Height,
    /// Bytes of what was done since the snapshot.
    journal: usize,
    snapshot: Option<LedgerState>,
    undo: Vec<&'a Undo>,
}

impl Way<'_> {
    fn ledger(&self, params: &ChainParams) -> Ledger {
        let mut ledger = self.snapshot.clone().map_or_else(|| Ledger::genesis(params), Ledger::restore);
        self.undo.iter().for_each(|undo| ledger.redo(undo));
        ledger
    }
}

fn way<'a>(
    chain: &Chain,
    stored: &Stored,
    tip: &Tip,
    undo: &'a BTreeMap<Height, (UndoEntry, usize)>,
) -> Option<Way<'a>> {
    let (height, hash) =
        tip.snapshot.map_or((Height::GENESIS, chain.genesis()), |snapshot| (snapshot.height, snapshot.hash));
    let snapshot = match tip.snapshot {
        None => None,
        Some(snapshot) => Some(snapshot_state(stored, snapshot.hash, snapshot.parts)?),
    };
    let mut way = Way { tip: hash, height, journal: 0, snapshot, undo: Vec::new() };
    for place in height.0 + 1..=tip.height.0 {
        // The first one that is damaged, or whose header is, ends the way.
        let Some((entry, bytes)) = undo.get(&Height(place)) else { break };
        if chain.header(&entry.hash).is_none_or(|header| header.previous != way.tip) {
            break;
        }
        (way.tip, way.height) = (entry.hash, Height(place));
        way.undo.push(&entry.undo);
        way.journal += bytes;
    }
    Some(way)
}

fn snapshot_state(stored: &Stored, hash: BlockHash, parts: u32) -> Option<LedgerState> {
    let mut state = LedgerState::default();
    let mut found = 0;
    for (key, value) in stored.table(Table::State) {
        let part = read::<StatePart>(Table::State, key, value).filter(|part| part.hash == hash)?;
        if key_number(key) != Some(found) {
            return None;
        }
        found += 1;
        state.accounts.extend(part.accounts);
        state.immature.extend(part.immature);
        if found == 1 {
            state.unissued = part.unissued;
        }
    }
    (found == parts).then_some(state)
}

/// The rows of the wallet's history as they lie in records, if all are there.
fn rows(stored: &Stored, tip: &Tip) -> Option<Vec<Vec<(Place, Transaction)>>> {
    let chunk = |(key, value): &super::Record| {
        let rows = read::<Vec<(Place, Transaction)>>(Table::History, key, value)?;
        (rows.first().map(|(place, _)| *place) == Some(key_row(key)?)).then_some(rows)
    };
    let chunks = stored.table(Table::History).iter().map(chunk).collect::<Option<Vec<_>>>()?;
    let in_order = chunks.iter().flatten().is_sorted_by(|(one, _), (next, _)| one < next);
    let count: usize = chunks.iter().map(Vec::len).sum();
    (in_order && count as u64 == tip.history).then_some(chunks)
}
