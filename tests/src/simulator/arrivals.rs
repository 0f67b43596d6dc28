//! When blocks and transactions arrive where.

use super::NodeIndex;
use node_core::hash::{BlockHash, TxId};
use node_core::view::{Event, TransactionState};
use std::collections::BTreeMap;
use std::time::Duration;

/// When each node first had each block in its best chain, and each transaction in its mempool.
#[derive(Debug, Default)]
pub struct Arrivals {
    blocks: BTreeMap<BlockHash, BTreeMap<NodeIndex, Duration>>,
    transactions: BTreeMap<TxId, BTreeMap<NodeIndex, Duration>>,
}

impl Arrivals {
    pub(super) fn note(&mut self, index: NodeIndex, now: Duration, event: &Event) {
        match event {
            Event::Tip { connected, .. } => {
                for hash in connected {
                    self.blocks.entry(*hash).or_default().entry(index).or_insert(now);
                }
            }
            Event::Transaction(view) if view.status == TransactionState::Waiting => {
                self.transactions.entry(view.id).or_default().entry(index).or_insert(now);
            }
            _ => {}
        }
    }

    /// Blocks that arrived anywhere.
    pub fn blocks(&self) -> impl Iterator<Item = BlockHash> {
        self.blocks.keys().copied()
    }

    /// Transactions that arrived anywhere.
    pub fn transactions(&self) -> impl Iterator<Item = TxId> {
        self.transactions.keys().copied()
    }

    /// Time from the first of these nodes that had a block to the given part of them; `None` if not
    /// so many have it.
    pub fn block_spread(&self, hash: &BlockHash, among: &[NodeIndex], part: f64) -> Option<Duration> {
        spread(self.blocks.get(hash)?, among, part)
    }

    /// The same of a transaction.
    pub fn transaction_spread(&self, id: &TxId, among: &[NodeIndex], part: f64) -> Option<Duration> {
        spread(self.transactions.get(id)?, among, part)
    }
}

fn spread(times: &BTreeMap<NodeIndex, Duration>, among: &[NodeIndex], part: f64) -> Option<Duration> {
    let mut times: Vec<Duration> = among.iter().filter_map(|index| times.get(index).copied()).collect();
    times.sort_unstable();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a share of nodes"
    )]
    let needed = ((among.len() as f64 * part).ceil() as usize).max(1);
    let last = times.get(needed - 1)?;
    last.checked_sub(times[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_is_from_the_first_to_the_part() {
        let among: Vec<NodeIndex> = (0..4).map(NodeIndex).collect();
        let at = |node: usize, seconds: u64| (NodeIndex(node), Duration::from_secs(seconds));
        let times = BTreeMap::from([at(0, 5), at(1, 3), at(2, 9), at(7, 1)]);
        assert_eq!(spread(&times, &among, 0.5), Some(Duration::from_secs(2)));
        assert_eq!(spread(&times, &among, 0.75), Some(Duration::from_secs(6)));
        assert_eq!(spread(&times, &among, 1.0), None, "one of them never had it");
    }
}
