//! Where each address pays or is paid on the best chain: what a full node needs to answer light ones.

use crate::block::Block;
use crate::keys::{Address, PublicKey};
use crate::net::proofs::Place;
use crate::units::Height;
use std::collections::{BTreeSet, VecDeque};

/// Entries at most, two for most transactions: some 20 MB. The places of the oldest blocks make
/// room; light nodes are told from which block on the rest is.
const MAX_ENTRIES: usize = 500_000;
/// Parts of the limit that are left when room is made: seldom enough to look through all entries.
const KEPT_PARTS: (usize, usize) = (3, 4);

/// Places by address, for the newest blocks of the best chain. It grows with the chain, and after a
/// reopening downwards as well (`node/backfill.rs`).
#[derive(Debug)]
pub(super) struct Addresses {
    places: BTreeSet<(Address, Place)>,
    /// Entries of each block from `since` on.
    counts: VecDeque<usize>,
    since: Height,
    limit: usize,
    /// Whether older blocks have no room any more.
    full: bool,
}

impl Addresses {
    /// An empty index of a chain of this height.
    pub(super) fn above(height: Height) -> Self {
        Self::new(height, MAX_ENTRIES)
    }

    fn new(height: Height, limit: usize) -> Self {
        let since = Height(height.0.saturating_add(1));
        Self { places: BTreeSet::new(), counts: VecDeque::new(), since, limit, full: false }
    }

    /// The first block whose places are here.
    pub(super) fn since(&self) -> Height {
        self.since
    }

    /// The block whose places may be added next below the others, if there is room and blocks from
    /// this height on are there.
    pub(super) fn lacks(&self, oldest: Height) -> Option<Height> {
        let next = self.since.0.checked_sub(1).map(Height)?;
        (!self.full && next >= oldest.max(Height(1))).then_some(next)
    }

    /// Places of an address from one on, up to a block.
    pub(super) fn places(&self, address: Address, from: Place, up_to: Height) -> impl Iterator<Item = Place> {
        let last = Place { height: up_to, index: u32::MAX };
        let end = (address, last.max(from));
        let range = self.places.range((address, from)..=end).map(|(_, place)| *place);
        range.take_while(move |place| *place <= last)
    }

    /// Places of an address, newest first.
    pub(super) fn newest(&self, address: Address) -> impl Iterator<Item = Place> {
        let last = Place { height: Height(u32::MAX), index: u32::MAX };
        self.places.range((address, Place::default())..=(address, last)).rev().map(|(_, place)| *place)
    }

    /// A block joined the best chain.
    pub(super) fn connect(&mut self, block: &Block, issuer: Option<PublicKey>) {
        let height = block.header.height;
        if u32::try_from(self.counts.len()).ok().and_then(|count| self.since.0.checked_add(count)) != Some(height.0) {
            // The chain began anew.
            *self = Self::new(Height(height.0.saturating_sub(1)), self.limit);
        }
        let before = self.places.len();
        self.places.extend(entries(block, issuer));
        self.counts.push_back(self.places.len() - before);
        if self.places.len() > self.limit {
            self.make_room();
        }
    }

    /// The newest block left the best chain.
    pub(super) fn disconnect(&mut self, block: &Block, issuer: Option<PublicKey>) {
        if self.counts.pop_back().is_some() {
            for entry in entries(block, issuer) {
                self.places.remove(&entry);
            }
        } else {
            // Of a block below the first one there is nothing here.
            self.since = self.since.min(block.header.height);
        }
    }

    /// The block below the first one, which [`Self::lacks`] named: its places are added, if they have room.
    pub(super) fn extend_down(&mut self, block: &Block, issuer: Option<PublicKey>) {
        let entries: Vec<_> = entries(block, issuer).collect();
        if self.lacks(Height::GENESIS) != Some(block.header.height) || self.places.len() + entries.len() > self.limit {
            return self.close();
        }
        let before = self.places.len();
        self.places.extend(entries);
        self.counts.push_front(self.places.len() - before);
        self.since = block.header.height;
    }

    /// Older blocks are not added any more.
    pub(super) fn close(&mut self) {
        self.full = true;
    }

    /// Blocks below a height are not there any more.
    pub(super) fn forget_below(&mut self, height: Height) {
        if height <= self.since {
            return;
        }
        while self.since < height && self.counts.pop_front().is_some() {
            self.since = self.since.next().unwrap_or(self.since);
        }
        self.drop_below();
    }

    fn make_room(&mut self) {
        let (mut left, kept) = (self.places.len(), self.limit / KEPT_PARTS.1 * KEPT_PARTS.0);
        while left > kept && self.counts.len() > 1 {
            left -= self.counts.pop_front().unwrap_or_default();
            self.since = self.since.next().unwrap_or(self.since);
        }
        self.drop_below();
        self.close();
    }

    fn drop_below(&mut self) {
        let since = self.since;
        self.places.retain(|(_, place)| place.height >= since);
    }
}

fn entries(block: &Block, issuer: Option<PublicKey>) -> impl Iterator<Item = (Address, Place)> {
    let height = block.header.height;
    (0_u32..).zip(&block.transactions).flat_map(move |(index, transaction)| {
        let touched = [Some(transaction.recipient()), transaction.payer(issuer)];
        touched.into_iter().flatten().map(move |address| (address, Place { height, index }))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::testing::{Builder, address, params, transfer};
    use crate::net::proofs::touches;
    use proptest::prelude::*;
    use std::sync::Arc;

    fn places(index: &Addresses, of: u8, up_to: u32) -> Vec<(u32, u32)> {
        let found = index.places(address(of), Place::default(), Height(up_to));
        found.map(|place| (place.height.0, place.index)).collect()
    }

    #[test]
    fn the_oldest_blocks_make_room_when_there_are_too_many_entries() {
        let mut builder = Builder::new(params());
        let (genesis, mut parent) = (builder.genesis, builder.genesis);
        // Two entries a transfer, one a reward: nine a block.
        let mut index = Addresses::new(Height::GENESIS, 40);
        for number in 0..5 {
            let payments = (0..4).map(|one| transfer(genesis, 0, 1, 5, number * 4 + one)).collect();
            let block = builder.extend(parent, 3, payments, 0);
            parent = block.header.hash();
            index.connect(&block, None);
            let (entries, since) = if number == 4 { (27, 3) } else { (9 * (number + 1), 1) };
            assert_eq!((index.places.len() as u64, index.since().0), (entries, since), "block {}", number + 1);
        }
        assert_eq!(places(&index, 3, 9), [(3, 0), (4, 0), (5, 0)]);
        let from = Place { height: Height(4), index: 1 };
        assert_eq!(index.places(address(3), from, Height(4)).count(), 0);
        assert_eq!(index.places(address(1), from, Height(4)).count(), 4);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        /// After any growth up and down and taking back it holds what a look through the blocks finds.
        #[test]
        fn finds_what_a_look_through_the_blocks_finds(
            unknown in 0_usize..6,
            steps in prop::collection::vec(0_u8..7, 1..14),
            limit in 4_usize..60,
        ) {
            let mut builder = Builder::new(params());
            let genesis = builder.genesis;
            let mut index = Addresses::new(Height(u32::try_from(unknown).unwrap()), limit);
            let mut line: Vec<Arc<crate::block::Block>> = Vec::new();
            for step in std::iter::repeat_n(2, unknown).chain(steps) {
                match step {
                    0..4 => {
                        let nonce = line.iter().map(|block| block.transactions.len() as u64 - 1).sum::<u64>();
                        let payments = (0..step).map(|one| transfer(genesis, 0, one % 3, 5, nonce + u64::from(one))).collect();
                        let parent = line.last().map_or(genesis, |block| block.header.hash());
                        let block = builder.extend(parent, 3, payments, 0);
                        // The first ones were there before the index.
                        if line.len() >= unknown || index.since().0 as usize <= line.len() + 1 {
                            index.connect(&block, None);
                        }
                        line.push(block);
                    }
                    4 => {
                        if let Some(block) = line.pop() {
                            index.disconnect(&block, None);
                        }
                    }
                    5 => index.forget_below(Height(u32::try_from(line.len()).unwrap().saturating_sub(3))),
                    _ => {
                        if let Some(height) = index.lacks(Height::GENESIS) {
                            index.extend_down(&line[height.0 as usize - 1], None);
                        }
                    }
                }
                let height = u32::try_from(line.len()).unwrap();
                for of in 0..4 {
                    let all = line.iter().flat_map(|block| (0_u32..).zip(&block.transactions).map(|(place, one)| (block.header.height.0, place, one)));
                    let own = all.filter(|(at, _, one)| *at >= index.since().0 && touches(one, &address(of), None));
                    prop_assert_eq!(places(&index, of, height), own.map(|(at, place, _)| (at, place)).collect::<Vec<_>>());
                }
                prop_assert!(index.places.len() <= limit || index.counts.len() == 1);
                prop_assert_eq!(index.counts.iter().sum::<usize>(), index.places.len());
                prop_assert!(line.len() < unknown || index.since().0 as usize + index.counts.len() == line.len() + 1);
            }
        }
    }
}
