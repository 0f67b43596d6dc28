//! A store in memory that behaves as a browser's does, with the faults that one can have: batches
//! that are lost, refused, and records that are damaged. For tests and simulations.

use super::{Batch, Query, Record, Stored, Table, Write};
use crate::sentence::Say;
use std::collections::{BTreeMap, VecDeque};

/// Batches that can still be lost: as many as may be on their way through a browser and a disk.
const MAX_UNSAFE: usize = 64;

type Tables = BTreeMap<Table, BTreeMap<Vec<u8>, Vec<u8>>>;

/// A batch was refused as a whole; the store is as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, Say)]
#[error("the storage is full")]
pub struct Full;

/// What a batch replaced, in the order of its changes.
type Replaced = Vec<(Table, Vec<u8>, Option<Vec<u8>>)>;

/// Tables in memory.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore {
    tables: Tables,
    /// What takes back each of the newest batches, oldest first.
    before: VecDeque<Replaced>,
    /// Bytes of all keys and values.
    bytes: usize,
    /// Most bytes of keys and values, if there is a limit.
    quota: Option<usize>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// From now on no batch is taken that would make keys and values larger than this.
    pub fn set_quota(&mut self, bytes: Option<usize>) {
        self.quota = bytes;
    }

    /// Applies a batch, or changes nothing.
    pub fn apply(&mut self, batch: &Batch) -> Result<(), Full> {
        let mut replaced = Replaced::new();
        for write in &batch.writes {
            match write {
                Write::Put { table, key, value } => replaced.push(self.set(*table, key.clone(), Some(value.clone()))),
                Write::Delete { table, key } => replaced.push(self.set(*table, key.clone(), None)),
                Write::DeleteRange { table, from, to } => {
                    for (key, _) in self.range(*table, from, to.as_ref()) {
                        replaced.push(self.set(*table, key, None));
                    }
                }
            }
        }
        if self.quota.is_some_and(|quota| self.bytes > quota) {
            self.take_back(replaced);
            return Err(Full);
        }
        self.before.push_back(replaced);
        if batch.durable {
            // What is safe stays, and so does everything before it.
            self.before.clear();
        } else if self.before.len() > MAX_UNSAFE {
            self.before.pop_front();
        }
        Ok(())
    }

    /// The store as it is when the newest batches were lost; at most those since the last durable
    /// one. Gives how many were lost.
    pub fn lose(&mut self, batches: usize) -> usize {
        let lost = batches.min(self.before.len());
        for replaced in self.before.split_off(self.before.len() - lost).into_iter().rev() {
            self.take_back(replaced);
        }
        lost
    }

    fn set(&mut self, table: Table, key: Vec<u8>, value: Option<Vec<u8>>) -> (Table, Vec<u8>, Option<Vec<u8>>) {
        let size = |value: &Option<Vec<u8>>| value.as_ref().map_or(0, |value| key.len() + value.len());
        let records = self.tables.entry(table).or_default();
        self.bytes += size(&value);
        let old = match value {
            Some(value) => records.insert(key.clone(), value),
            None => records.remove(&key),
        };
        self.bytes -= size(&old);
        (table, key, old)
    }

    fn take_back(&mut self, replaced: Replaced) {
        for (table, key, value) in replaced.into_iter().rev() {
            self.set(table, key, value);
        }
    }

    /// Answers queries, each with its records.
    pub fn read(&self, queries: &[Query]) -> Vec<Vec<Record>> {
        queries.iter().map(|query| self.answer(query)).collect()
    }

    fn answer(&self, query: &Query) -> Vec<Record> {
        match query {
            Query::Get { table, key } => {
                let found = self.tables.get(table).and_then(|records| records.get(key));
                found.map(|value| (key.clone(), value.clone())).into_iter().collect()
            }
            Query::Range { table, from, to } => self.range(*table, from, to.as_ref()),
        }
    }

    fn range(&self, table: Table, from: &[u8], to: Option<&Vec<u8>>) -> Vec<Record> {
        let Some(records) = self.tables.get(&table) else { return Vec::new() };
        let before = |key: &Vec<u8>| to.is_none_or(|to| key < to);
        let records = records.range(from.to_vec()..).take_while(|(key, _)| before(key));
        records.map(|(key, value)| (key.clone(), value.clone())).collect()
    }

    /// Everything a node wants to know at its start.
    pub fn stored(&self) -> Stored {
        let mut stored = Stored::new(self.read(&Stored::first_queries()));
        stored.add(self.read(&stored.next_queries()));
        stored
    }

    /// Keys of a table, in their order.
    pub fn keys(&self, table: Table) -> Vec<Vec<u8>> {
        self.tables.get(&table).into_iter().flat_map(|records| records.keys().cloned()).collect()
    }

    /// The sealed bytes of a record, to be damaged.
    pub fn value_mut(&mut self, table: Table, key: &[u8]) -> Option<&mut Vec<u8>> {
        self.tables.get_mut(&table)?.get_mut(key)
    }

    /// Takes a record away behind the node's back.
    pub fn remove(&mut self, table: Table, key: &[u8]) {
        self.set(table, key.to_vec(), None);
    }

    /// Bytes of all keys and values.
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn write() -> impl Strategy<Value = Write> {
        let key = || prop::collection::vec(0_u8..4, 0..3);
        let value = prop::collection::vec(any::<u8>(), 0..4);
        let table = Table::Index;
        prop_oneof![
            (key(), value).prop_map(move |(key, value)| Write::Put { table, key, value }),
            key().prop_map(move |key| Write::Delete { table, key }),
            (key(), prop::option::of(key())).prop_map(move |(from, to)| Write::DeleteRange { table, from, to }),
        ]
    }

    proptest! {
        /// Beside copies of the whole store from before each batch.
        #[test]
        fn batches_are_applied_whole_and_lost_from_the_end(
            batches in prop::collection::vec(prop::collection::vec(write(), 0..5), 0..12),
            lost in 0_usize..14,
            quota in prop::option::of(0_usize..40),
        ) {
            let mut store = MemoryStore::new();
            store.set_quota(quota);
            let everything = [Query::Range { table: Table::Index, from: Vec::new(), to: None }];
            let mut states = vec![store.read(&everything)];
            for (number, writes) in (0..).zip(batches) {
                if store.apply(&Batch { number, writes, durable: false }).is_ok() {
                    states.push(store.read(&everything));
                } else {
                    prop_assert_eq!(&store.read(&everything), states.last().unwrap());
                }
                let bytes: usize = store.read(&everything)[0].iter().map(|(key, value)| key.len() + value.len()).sum();
                prop_assert_eq!(store.bytes(), bytes);
                prop_assert!(quota.is_none_or(|quota| bytes <= quota));
            }
            prop_assert_eq!(store.lose(lost), lost.min(states.len() - 1));
            prop_assert_eq!(&store.read(&everything), &states[states.len().saturating_sub(lost + 1)]);
        }
    }

    #[test]
    fn what_is_durable_is_never_lost() {
        let mut store = MemoryStore::new();
        let batch = |number: u64, durable| {
            let (table, key) = (Table::Wallet, number.to_be_bytes().to_vec());
            Batch { number, writes: vec![Write::Put { table, key, value: vec![1] }], durable }
        };
        for (number, durable) in [(0, false), (1, true), (2, false)] {
            store.apply(&batch(number, durable)).unwrap();
        }
        assert_eq!(store.lose(9), 1);
        assert_eq!(store.keys(Table::Wallet).len(), 2);
    }
}
