//! The confirmed transactions of the wallet, in the order of the best chain. The newest are in
//! memory; with a store the others are there alone.

use crate::hash::TxId;
use crate::store::record::HistoryRow;
use crate::transaction::Transaction;
use crate::units::Height;
use std::collections::VecDeque;

/// Rows that stay in memory once they are stored: more than one answer shows.
pub const ROWS_IN_MEMORY: usize = 600;

/// Rows by number, from the first on.
#[derive(Debug, Default)]
pub struct History {
    /// Rows that are in the store only: those before `rows`.
    before: u64,
    rows: VecDeque<HistoryRow>,
}

impl History {
    /// A history of so many rows, of which the newest are known.
    pub fn restore(total: u64, newest: Vec<HistoryRow>) -> Self {
        Self { before: total.saturating_sub(newest.len() as u64), rows: newest.into() }
    }

    /// Number of rows.
    pub fn total(&self) -> u64 {
        self.before + self.rows.len() as u64
    }

    /// A row, if it is in memory.
    pub fn get(&self, number: u64) -> Option<&HistoryRow> {
        self.rows.get(usize::try_from(number.checked_sub(self.before)?).ok()?)
    }

    /// A row by its transaction, if it is in memory.
    pub fn find(&self, id: &TxId) -> Option<&HistoryRow> {
        self.rows.iter().rev().find(|row| row.transaction.id() == *id)
    }

    /// A block of this height joined the best chain with these transactions of the wallet.
    pub fn connect<'a>(&mut self, height: Height, own: impl Iterator<Item = &'a Transaction>) {
        self.rows.extend(own.map(|transaction| HistoryRow { height, transaction: transaction.clone() }));
    }

    /// The newest block left the best chain with so many transactions of the wallet.
    pub fn disconnect(&mut self, own: usize) {
        for _ in 0..own {
            if self.rows.pop_back().is_none() {
                self.before = self.before.saturating_sub(1);
            }
        }
    }

    /// All rows below this number are in the store: only the newest stay in memory.
    pub fn stored_below(&mut self, number: u64) {
        while self.rows.len() > ROWS_IN_MEMORY && self.before < number {
            self.rows.pop_front();
            self.before += 1;
        }
    }

    /// The chain begins anew.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::Address;
    use crate::transaction::Reward;
    use crate::units::Amount;
    use proptest::prelude::*;

    fn reward(height: u32) -> Transaction {
        Transaction::Reward(Reward { height: Height(height), to: Address([1; 20]), amount: Amount::ZERO })
    }

    proptest! {
        /// Beside a list of all rows.
        #[test]
        fn goes_along_with_the_chain(steps in prop::collection::vec((0_usize..3, 0_usize..400), 0..30)) {
            let (mut history, mut all) = (History::default(), Vec::new());
            for (step, many) in steps {
                match step {
                    0 => {
                        let own: Vec<Transaction> = (0..many).map(|row| reward(u32::try_from(all.len() + row).unwrap())).collect();
                        history.connect(Height(7), own.iter());
                        all.extend(own);
                    }
                    1 => {
                        let many = many.min(all.len());
                        history.disconnect(many);
                        all.truncate(all.len() - many);
                    }
                    _ => history.stored_below((all.len() - many.min(all.len())) as u64),
                }
                prop_assert_eq!(history.total(), all.len() as u64);
                for (number, own) in (0_u64..).zip(&all) {
                    if let Some(row) = history.get(number) {
                        prop_assert_eq!(&row.transaction, own);
                    } else {
                        prop_assert!(history.get(number + 1).is_none() || history.before == number + 1);
                    }
                }
            }
        }
    }
}
