//! The confirmed transactions of addresses, following the best chain both ways.
//!
//! There is one list of rows in the order of the chain, and each address knows which of them are its
//! own. Every address has its own depth: one that is added late is looked for in the blocks before, a
//! few at a time, while new blocks come and go. What changed since the last batch is noted for the
//! store.

use super::chunks::{Changes, Chunks};
use crate::block::Block;
use crate::keys::{Address, PublicKey};
use crate::store::record::{Followed, Place, Tip};
use crate::transaction::Transaction;
use crate::units::Height;
use std::collections::{BTreeMap, BTreeSet};

/// What is known of an address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Track {
    /// Its rows, oldest first.
    entries: Vec<Place>,
    /// The first height that was not looked at yet.
    next: u32,
    /// Blocks below were not here to be looked at.
    from: u32,
}

/// Addresses and their confirmed transactions.
#[derive(Debug)]
pub struct History {
    tracks: BTreeMap<Address, Track>,
    /// Transactions of one of the addresses at least.
    rows: BTreeMap<Place, Transaction>,
    /// Rows that are not in a batch yet.
    unsaved: BTreeSet<Place>,
    /// Rows in batches that are nobody's any more.
    dropped: BTreeSet<Place>,
    /// Rows in batches from this height on are of other blocks.
    cut: Option<Height>,
    /// How they lie in the store.
    chunks: Chunks,
}

impl Default for History {
    /// Nobody is followed; what a store has is of no use.
    fn default() -> Self {
        Self {
            tracks: BTreeMap::new(),
            rows: BTreeMap::new(),
            unsaved: BTreeSet::new(),
            dropped: BTreeSet::new(),
            cut: Some(Height::GENESIS),
            chunks: Chunks::default(),
        }
    }
}

impl History {
    /// The history as it was stored, record by record, for a chain that stands at this height now.
    pub fn restore(tip: &Tip, stored: &[Vec<(Place, Transaction)>], height: Height, issuer: Option<PublicKey>) -> Self {
        let end = height.0.saturating_add(1);
        let track = |followed: &Followed| {
            let next = followed.next.min(end);
            (followed.address, Track { entries: Vec::new(), next, from: followed.from.min(next) })
        };
        let tracks = tip.followed.iter().map(track).collect();
        let cut = (height < tip.height).then_some(Height(end));
        let chunks = Chunks::new(stored.iter().filter_map(|chunk| chunk.first()).map(|(place, _)| *place));
        let mut history = Self { tracks, cut, chunks, ..Self::default() };
        for (place, transaction) in stored.iter().flatten().filter(|(place, _)| place.0 <= height) {
            for address in parties(transaction, issuer) {
                if let Some(track) = history.tracks.get_mut(&address).filter(|track| place.0.0 < track.next) {
                    track.entries.push(*place);
                    history.rows.insert(*place, transaction.clone());
                }
            }
            if !history.rows.contains_key(place) {
                history.dropped.insert(*place);
            }
        }
        history
    }

    /// Follows an address from now on and, bit by bit, back to the first block.
    pub fn add(&mut self, address: Address) {
        self.tracks.entry(address).or_default();
    }

    /// Follows an address no longer.
    pub fn remove(&mut self, address: &Address) {
        let Some(track) = self.tracks.remove(address) else { return };
        let others: BTreeSet<Place> = self.tracks.values().flat_map(|track| &track.entries).copied().collect();
        for place in track.entries.into_iter().filter(|place| !others.contains(place)) {
            self.rows.remove(&place);
            if !self.unsaved.remove(&place) {
                self.dropped.insert(place);
            }
        }
    }

    /// Whether an address is followed.
    pub fn follows(&self, address: &Address) -> bool {
        self.tracks.contains_key(address)
    }

    /// Rows of an address, oldest first.
    pub fn of(&self, address: &Address) -> &[Place] {
        self.tracks.get(address).map_or(&[], |track| &track.entries)
    }

    /// The transaction of a row.
    pub fn transaction(&self, place: &Place) -> Option<&Transaction> {
        self.rows.get(place)
    }

    /// Height from which on the transactions of an address are known.
    pub fn known_from(&self, address: &Address) -> Height {
        Height(self.tracks.get(address).map_or(0, |track| track.from))
    }

    /// The addresses and how far they are, for the store.
    pub fn followed(&self) -> Vec<Followed> {
        let followed =
            |(address, track): (&Address, &Track)| Followed { address: *address, next: track.next, from: track.from };
        self.tracks.iter().map(followed).collect()
    }

    /// Number of rows up to a height.
    pub fn rows_up_to(&self, height: Height) -> u64 {
        let above = self.rows.range((Height(height.0.saturating_add(1)), 0)..).count();
        (self.rows.len() - above) as u64
    }

    /// What the store lacks of the rows up to a height; it counts as done from now on.
    pub fn take_changes(&mut self, top: Height) -> Changes<'_> {
        let end = (Height(top.0.saturating_add(1)), 0);
        let above = self.unsaved.split_off(&end);
        let mut touched = std::mem::replace(&mut self.unsaved, above);
        touched.append(&mut self.dropped);
        self.chunks.change(&self.rows, touched, self.cut.take(), end)
    }

    /// The lowest block of a chain of this height that must still be looked at, if one must.
    pub fn behind(&self, tip: Height) -> Option<Height> {
        let next = self.tracks.values().map(|track| track.next).min();
        next.filter(|next| *next <= tip.0).map(Height)
    }

    /// Looks at a block of the best chain, for the addresses that have come to it. Gives those that
    /// have their first transaction in it.
    pub fn connect(&mut self, block: &Block, issuer: Option<PublicKey>) -> Vec<Address> {
        let height = block.header.height;
        let mut fresh = Vec::new();
        if !self.tracks.values().any(|track| track.next == height.0) {
            return fresh;
        }
        for (number, transaction) in (0..).zip(&block.transactions) {
            let place = (height, number);
            for address in parties(transaction, issuer) {
                let Some(track) = self.tracks.get_mut(&address).filter(|track| track.next == height.0) else {
                    continue;
                };
                if track.entries.is_empty() {
                    fresh.push(address);
                }
                track.entries.push(place);
                if self.rows.insert(place, transaction.clone()).is_none() {
                    self.unsaved.insert(place);
                }
            }
        }
        self.pass(height, None);
        fresh
    }

    /// Goes past a block that is not here any more.
    pub fn skip(&mut self, height: Height) {
        self.pass(height, Some(height.0 + 1));
    }

    fn pass(&mut self, height: Height, from: Option<u32>) {
        for track in self.tracks.values_mut().filter(|track| track.next == height.0) {
            track.next += 1;
            track.from = from.unwrap_or(track.from);
        }
    }

    /// The block at this height left the best chain.
    pub fn disconnect(&mut self, height: Height) {
        for track in self.tracks.values_mut().filter(|track| track.next > height.0) {
            let kept = track.entries.partition_point(|(at, _)| *at < height);
            track.entries.truncate(kept);
            track.next = height.0;
            track.from = track.from.min(height.0);
        }
        self.rows.split_off(&(height, 0));
        self.unsaved.split_off(&(height, 0));
        self.cut = Some(self.cut.map_or(height, |cut| cut.min(height)));
    }
}

/// Who pays and who is paid, each once.
fn parties(transaction: &Transaction, issuer: Option<PublicKey>) -> impl Iterator<Item = Address> {
    let to = transaction.recipient();
    std::iter::once(to).chain(transaction.payer(issuer).filter(move |payer| *payer != to))
}
