//! How rows of the history lie in the store: many to a record, because a record costs a browser as much
//! to read as its content does.

use crate::store::record::{Place, ROWS_A_CHUNK};
use crate::transaction::Transaction;
use crate::units::Height;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound::{Excluded, Unbounded};

/// What the store's records lack to be as the rows are. Done in this order.
#[derive(Debug, PartialEq, Eq)]
pub struct Changes<'a> {
    /// Records whose first row is of this height or a later one are dropped,
    pub from: Option<Height>,
    /// and these,
    pub dropped: BTreeSet<Place>,
    /// then these are put, named by their first rows.
    pub put: Vec<Vec<(Place, &'a Transaction)>>,
}

/// First rows of the records that are in the store.
#[derive(Debug, Default)]
pub(super) struct Chunks {
    starts: BTreeSet<Place>,
}

impl Chunks {
    /// The records of a store that was opened.
    pub(super) fn new(starts: impl Iterator<Item = Place>) -> Self {
        Self { starts: starts.collect() }
    }

    /// Writes anew what holds one of the `touched` rows, up to the place `end`; with a `cut`, rows from
    /// that height on are others than before.
    pub(super) fn change<'a>(
        &mut self,
        rows: &'a BTreeMap<Place, Transaction>,
        mut touched: BTreeSet<Place>,
        cut: Option<Height>,
        end: Place,
    ) -> Changes<'a> {
        if let Some(height) = cut {
            self.starts.split_off(&(height, 0));
            // Its last rows may be gone.
            touched.extend(self.starts.last());
        }
        let mut changes = Changes { from: cut, dropped: BTreeSet::new(), put: Vec::new() };
        while let Some(place) = touched.pop_first() {
            let start = self.starts.range(..=place).next_back().or_else(|| self.starts.first()).copied();
            // Rows before the first record come into it.
            let low = start.filter(|start| self.starts.first() != Some(start)).unwrap_or((Height::GENESIS, 0));
            let next = start.and_then(|start| self.starts.range((Excluded(start), Unbounded)).next()).copied();
            let high = next.map_or(end, |next| next.min(end));
            touched = touched.split_off(&high);
            if let Some(start) = start {
                self.starts.remove(&start);
                changes.dropped.insert(start);
            }
            let held: Vec<_> =
                rows.range(low..high.max(low)).map(|(place, transaction)| (*place, transaction)).collect();
            for chunk in held.chunks(ROWS_A_CHUNK) {
                self.starts.insert(chunk[0].0);
                changes.dropped.remove(&chunk[0].0);
                changes.put.push(chunk.to_vec());
            }
        }
        changes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::testing::transfer;
    use crate::hash::BlockHash;
    use proptest::prelude::*;

    /// What happens to rows, and to the store.
    #[derive(Debug, Clone)]
    enum Step {
        /// So many rows of a new block.
        Grow(u32),
        /// Rows of an old block, of an address that came late.
        Insert(u32, u32),
        /// A row that is nobody's any more.
        Drop(prop::sample::Index),
        /// Blocks from this height on left the chain.
        Cut(u32),
        /// A batch, of the blocks up to so many below the tip.
        Batch(u32),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => (0_u32..150).prop_map(Step::Grow),
            2 => (0_u32..20, 1_u32..90).prop_map(|(height, count)| Step::Insert(height, count)),
            2 => any::<prop::sample::Index>().prop_map(Step::Drop),
            1 => (0_u32..20).prop_map(Step::Cut),
            4 => (0_u32..2).prop_map(Step::Batch),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        /// After every batch the records hold just the rows up to its height, in order, and none has too many.
        #[test]
        fn the_records_hold_the_rows(steps in prop::collection::vec(step(), 1..40)) {
            let some = transfer(BlockHash::ZERO, 0, 1, 1, 0);
            let (mut rows, mut chunks) = (BTreeMap::new(), Chunks::default());
            let mut store: BTreeMap<Place, Vec<Place>> = BTreeMap::new();
            let (mut tip, mut written) = (0_u32, 0_u32);
            let (mut touched, mut cut) = (BTreeSet::new(), Some(Height::GENESIS));
            for step in steps.into_iter().chain([Step::Batch(0)]) {
                match step {
                    Step::Grow(count) => {
                        tip += 1;
                        for number in 0..count {
                            rows.insert((Height(tip), number), some.clone());
                            touched.insert((Height(tip), number));
                        }
                    }
                    Step::Insert(height, count) => {
                        for place in (0..count).map(|number| (Height(height.min(tip)), 1_000 + number)) {
                            rows.insert(place, some.clone());
                            touched.insert(place);
                        }
                    }
                    Step::Drop(index) => {
                        if let Some(place) = (!rows.is_empty()).then(|| *index.get(&rows.keys().collect::<Vec<_>>()).to_owned()) {
                            rows.remove(&place);
                            touched.insert(place);
                        }
                    }
                    Step::Cut(height) => {
                        let height = height.min(tip);
                        rows.split_off(&(Height(height), 0));
                        touched.split_off(&(Height(height), 0));
                        tip = height.saturating_sub(1);
                        cut = Some(cut.map_or(Height(height), |cut: Height| cut.min(Height(height))));
                    }
                    Step::Batch(below) => {
                        // Never below what was written and is still of the chain.
                        let low = cut.map_or(written, |cut| written.min(cut.0.saturating_sub(1)));
                        let top = tip.saturating_sub(below).max(low.min(tip));
                        let end = (Height(top + 1), 0);
                        let later = touched.split_off(&end);
                        let changes = chunks.change(&rows, std::mem::replace(&mut touched, later), cut.take(), end);
                        if let Some(height) = changes.from {
                            store.split_off(&(height, 0));
                        }
                        for place in &changes.dropped {
                            prop_assert!(store.remove(place).is_some(), "{place:?} was there");
                        }
                        for chunk in &changes.put {
                            prop_assert!(!chunk.is_empty() && chunk.len() <= ROWS_A_CHUNK);
                            store.insert(chunk[0].0, chunk.iter().map(|(place, _)| *place).collect());
                        }
                        written = top;
                        let stored: Vec<Place> = store.values().flatten().copied().collect();
                        let there: Vec<Place> = rows.range(..end).map(|(place, _)| *place).collect();
                        prop_assert_eq!(stored, there);
                        prop_assert!(store.iter().all(|(key, chunk)| *key == chunk[0]));
                        prop_assert_eq!(store.keys().copied().collect::<BTreeSet<_>>(), chunks.starts.clone());
                    }
                }
            }
        }
    }

    #[test]
    fn a_row_more_writes_one_record_of_few_rows() {
        let some = transfer(BlockHash::ZERO, 0, 1, 1, 0);
        let (mut rows, mut chunks) = (BTreeMap::new(), Chunks::default());
        for height in 0..1_000 {
            let place = (Height(height), 0);
            rows.insert(place, some.clone());
            let changes = chunks.change(&rows, BTreeSet::from([place]), None, (Height(height + 1), 0));
            assert!(changes.put.len() <= 2 && changes.put.iter().map(Vec::len).sum::<usize>() <= ROWS_A_CHUNK + 1);
        }
        assert_eq!(chunks.starts.len(), 1_000_usize.div_ceil(ROWS_A_CHUNK));
    }
}
