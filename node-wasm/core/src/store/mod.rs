//! What a node keeps from one run to the next: tables of records, batches that change them at one
//! blow, and queries. The node decides what is written; the shell only carries it out.
//!
//! A store is ordered maps of bytes, one a table. A [`Batch`] is applied whole or not at all, and
//! batches are applied in their order. So whatever is lost is a tail of batches, and what is left is
//! the store as it was at some time. Single records may still be damaged: each has a checksum
//! ([`record`]), and the node makes do without those that do not hold ([`opening`]).

pub mod memory;
pub mod opening;
pub mod record;

use std::collections::BTreeMap;

/// Version of the layout. A store of another version is migrated or left alone: see [`opening`].
pub const SCHEMA_VERSION: u32 = 1;
/// Most queries in one [`crate::contract::Output::Load`]: more wait for the next one.
pub const MAX_QUERIES: usize = 256;

/// A table of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// Single records by name: version, tip, identity, peers, bans, transactions that wait, settings.
    Meta,
    /// The wallet, opaque to all but itself. Never dropped with the chain.
    Wallet,
    /// Headers of all branches, [`record::HEADERS_A_CHUNK`] heights a record, by number.
    Headers,
    /// Blocks, by height and hash.
    Bodies,
    /// What each block of the best chain did to the accounts, by height.
    Undo,
    /// A snapshot of all accounts, in parts, by number.
    State,
    /// Height of the block of the best chain that holds a transaction, by id.
    Index,
    /// Confirmed transactions of the wallet, by height and place in the block.
    History,
}

impl Table {
    /// All tables.
    pub const ALL: [Self; 8] =
        [Self::Meta, Self::Wallet, Self::Headers, Self::Bodies, Self::Undo, Self::State, Self::Index, Self::History];
    /// Tables that can be had again from peers.
    pub const OF_THE_CHAIN: [Self; 6] =
        [Self::Headers, Self::Bodies, Self::Undo, Self::State, Self::Index, Self::History];

    /// Its name, for shells whose tables have names.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Meta => "meta",
            Self::Wallet => "wallet",
            Self::Headers => "headers",
            Self::Bodies => "bodies",
            Self::Undo => "undo",
            Self::State => "state",
            Self::Index => "index",
            Self::History => "history",
        }
    }
}

/// Name of a record in its table. Keys are ordered byte by byte, a shorter one before its extensions.
pub type Key = Vec<u8>;
/// A key and the sealed bytes behind it.
pub type Record = (Key, Vec<u8>);

/// One change of the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    /// Puts a record, in place of one with the same key.
    Put {
        /// Where.
        table: Table,
        /// Its name.
        key: Key,
        /// Its sealed bytes.
        value: Vec<u8>,
    },
    /// Takes a record away, if it is there.
    Delete {
        /// Where.
        table: Table,
        /// Its name.
        key: Key,
    },
    /// Takes away all records from one key on, up to another one that stays.
    DeleteRange {
        /// Where.
        table: Table,
        /// The first to go.
        from: Key,
        /// The first to stay; all go if absent.
        to: Option<Key>,
    },
}

/// Changes that are made together or not at all. One batch is under way at a time: the next one
/// follows the answer, so that what happens meanwhile is gathered and memory stays bounded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Comes back with the answer.
    pub number: u64,
    /// The changes, in their order.
    pub writes: Vec<Write>,
    /// Whether the answer may come only once the changes would survive a loss of power. Without it
    /// they must survive the end of the program.
    pub durable: bool,
}

/// Something to read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Query {
    /// The record of a key, if there is one.
    Get {
        /// Where.
        table: Table,
        /// Its name.
        key: Key,
    },
    /// All records from one key on, up to another one that is not read, in the order of keys.
    Range {
        /// Where.
        table: Table,
        /// The first.
        from: Key,
        /// The first that is not read; all are if absent.
        to: Option<Key>,
    },
}

/// What a store held when a node starts, as far as it wants to know at once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stored {
    records: BTreeMap<Table, Vec<Record>>,
}

impl Stored {
    /// The queries to begin with. Their answers go into [`Stored::new`].
    pub fn first_queries() -> Vec<Query> {
        [Table::Meta, Table::Wallet].map(|table| Query::Range { table, from: Vec::new(), to: None }).into()
    }

    /// Takes the answers to [`Stored::first_queries`].
    pub fn new(answers: Vec<Vec<Record>>) -> Self {
        Self { records: [Table::Meta, Table::Wallet].into_iter().zip(answers).collect() }
    }

    /// The queries that follow from the first answers. Their answers go into [`Stored::add`].
    pub fn next_queries(&self) -> Vec<Query> {
        opening::queries(self)
    }

    /// Takes the answers to [`Stored::next_queries`].
    pub fn add(&mut self, answers: Vec<Vec<Record>>) {
        let tables = self.next_queries().into_iter().map(|query| match query {
            Query::Get { table, .. } | Query::Range { table, .. } => table,
        });
        for (table, records) in tables.zip(answers).collect::<Vec<_>>() {
            self.records.insert(table, records);
        }
    }

    /// Records of a table, in the order of keys.
    pub fn table(&self, table: Table) -> &[Record] {
        self.records.get(&table).map_or(&[], Vec::as_slice)
    }

    /// Content of a record of [`Table::Meta`] or [`Table::Wallet`], if it is there and whole.
    pub fn get(&self, table: Table, key: &[u8]) -> Option<&[u8]> {
        let (_, value) = self.table(table).iter().find(|(name, _)| name == key)?;
        record::open(table, key, value)
    }
}
