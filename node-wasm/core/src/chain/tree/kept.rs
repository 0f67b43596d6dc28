//! The tree beside a store: what the store must learn of it, which bodies leave the memory, what a
//! change wants back from the store, and the tree as it stands when it is read again.

use super::{Chain, Change};
use crate::block::Block;
use crate::chain::arena::{Arena, Id};
use crate::chain::ledger::{Ledger, Undo};
use crate::hash::BlockHash;
use crate::params::ChainParams;
use crate::store::record::{HEADERS_A_CHUNK, HeaderEntry, chunk_of};
use crate::units::Height;
use primitive_types::U256;
use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Bodies that are read ahead when a long branch of stored blocks is connected.
const READ_AHEAD: usize = 64;

/// What a change of the tip needs from the store before it can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wanted {
    /// A body.
    Body(Height, BlockHash),
    /// What a block of the best chain did to the accounts.
    Undo(Height, BlockHash),
}

/// What the store does not know yet, and what is wanted of it.
#[derive(Debug, Default)]
pub(super) struct Keeping {
    /// Chunks of headers that changed.
    chunks: BTreeSet<u32>,
    /// Bodies that are in memory only.
    unsaved: BTreeSet<(Height, BlockHash)>,
    /// Bodies in the store whose blocks were forgotten or are invalid.
    dropped: BTreeSet<(Height, BlockHash)>,
    wanted: Vec<Wanted>,
    /// Bodies of the best chain below are gone.
    oldest: Height,
}

impl Chain {
    /// From now on there is a store that learns of everything.
    pub fn keep(&mut self) {
        self.keeping.get_or_insert_default();
    }

    /// The tree of stored headers, lowest first, on the genesis block. Headers that do not go with
    /// the others are left out. Next comes [`Chain::stand_on`] or [`Chain::resume`].
    pub fn restore(params: ChainParams, headers: Vec<HeaderEntry>) -> Self {
        let mut chain = Self::new(params);
        chain.keep();
        for HeaderEntry { header, body } in headers {
            let hash = header.hash();
            let parent = chain.arena.find(&header.previous);
            let parent = parent.filter(|parent| chain.arena.height(*parent).next() == Some(header.height));
            let target = header.target.expand().filter(|target| U256::from_big_endian(&hash.0) <= target.0);
            let (Some(parent), Some(target), None) = (parent, target, chain.arena.find(&hash)) else { continue };
            let work = chain.arena.work(parent).plus(target.work());
            let id = chain.arena.insert(hash, &header, work, parent);
            chain.arena.set_stored(id, body);
            chain.leaves.remove(&(chain.arena.height(parent), parent));
            chain.leaves.insert((header.height, id));
            if !body {
                chain.missing.insert((header.height, id));
            }
            if work > chain.arena.work(chain.best_header) {
                chain.lead_with(id);
            }
        }
        let highest = chain.leaves.last().map_or(Height::GENESIS, |(height, _)| *height);
        chain.sequence = u64::from(highest.0) + 1;
        chain
    }

    /// Stands a tree that was just restored on a block whose accounts are these; nothing happens
    /// when they are not. Bodies below `oldest` were dropped.
    pub fn stand_on(&mut self, tip: &BlockHash, mut ledger: Ledger, oldest: Height) -> bool {
        let Some(id) = self.arena.find(tip) else { return false };
        if ledger.state_root() != self.arena.header(id).state_root {
            return false;
        }
        let mut best: Vec<Id> = self.line(id).collect();
        best.reverse();
        (self.best, self.ledger) = (best, ledger);
        self.forget_below(oldest);
        true
    }

    /// Moves on to the best block that can be reached with what is here.
    pub fn resume(&mut self) -> Change {
        for place in 0..self.best.len() {
            let beside: Vec<Id> = self.arena.children(self.best[place]).filter(|id| !self.on_best(*id)).collect();
            for id in beside {
                self.complete_from(id);
            }
        }
        self.choose_tip()
    }

    /// Goes back to the genesis block and begins anew with the bodies that are left; gives the
    /// change that this begins with.
    pub fn restart(&mut self) -> Change {
        self.ledger = Ledger::genesis(&self.params);
        self.best = vec![Arena::GENESIS];
        self.candidates.clear();
        for id in self.arena.ids().collect::<Vec<_>>() {
            if id == Arena::GENESIS {
                continue;
            }
            if let Some(extra) = self.arena.extra(id) {
                let body = extra.body.clone();
                self.arena.take_extra(id);
                if body.is_some() {
                    self.arena.extra_mut(id).body = body;
                }
            }
            if !self.has_body(id) && !self.arena.is_invalid(id) {
                self.missing.insert((self.arena.height(id), id));
            }
        }
        if let Some(keeping) = &mut self.keeping {
            // What was dropped is still noted as stored in the chunks of these heights.
            let oldest = std::mem::take(&mut keeping.oldest);
            keeping
                .chunks
                .extend((0..oldest.0).step_by(HEADERS_A_CHUNK as usize).map(|height| chunk_of(Height(height))));
        }
        self.resume()
    }

    /// What has to be read before the tip can move on.
    pub fn wanted(&self) -> &[Wanted] {
        self.keeping.as_ref().map_or(&[], |keeping| &keeping.wanted)
    }

    /// Gives a body that was wanted. [`Chain::resume_with_bodies`] goes on.
    pub fn supply_body(&mut self, block: Arc<Block>) {
        if let Some(id) = self.arena.find(&block.header.hash()).filter(|id| self.arena.is_stored(*id)) {
            self.arena.extra_mut(id).body = Some(block);
        }
    }

    /// Gives what a block did to the accounts, if it is of the best chain.
    pub fn supply_undo(&mut self, hash: &BlockHash, undo: Undo) {
        if let Some(id) = self.arena.find(hash).filter(|id| self.on_best(*id) && *id != Arena::GENESIS) {
            self.arena.extra_mut(id).undo.get_or_insert(undo);
        }
    }

    /// Goes on after what was wanted has come.
    pub fn resume_with_bodies(&mut self) -> Change {
        self.choose_tip()
    }

    /// The store has lost a body: it is missing again.
    pub fn lose_body(&mut self, hash: &BlockHash) {
        let Some(id) = self.arena.find(hash).filter(|id| self.arena.is_stored(*id)) else { return };
        self.arena.set_stored(id, false);
        self.touch(id);
        if self.has_body(id) || self.arena.is_invalid(id) {
            return;
        }
        self.missing.insert((self.arena.height(id), id));
        if self.on_best(id) {
            return;
        }
        let mut queue = vec![id];
        while let Some(id) = queue.pop() {
            if let Some(sequence) = self.completed(id) {
                self.arena.extra_mut(id).complete = None;
                self.candidates.remove(&(self.arena.work(id), Reverse(sequence), id));
                queue.extend(self.arena.children(id));
            }
        }
    }

    /// Whether the body of a block is in the store.
    pub fn is_stored(&self, hash: &BlockHash) -> bool {
        self.arena.find(hash).is_some_and(|id| self.arena.is_stored(id))
    }

    /// Lets a stored body leave the memory, and what goes with it.
    pub fn release(&mut self, hash: &BlockHash) {
        let Some(id) = self.arena.find(hash).filter(|id| self.arena.is_stored(*id)) else { return };
        if self.on_best(id) {
            self.arena.take_extra(id);
        } else {
            self.arena.extra_mut(id).body = None;
        }
    }

    /// What a block of the best chain did to the accounts, as long as it is in memory.
    pub fn undo_at(&self, height: Height) -> Option<&Undo> {
        self.arena.extra(self.id_at(height)?)?.undo.as_ref()
    }

    /// Bodies of the best chain are here from this height on.
    pub fn oldest(&self) -> Height {
        self.keeping.as_ref().map_or(Height::GENESIS, |keeping| keeping.oldest)
    }

    /// Bodies of the best chain below a height are gone, or go now.
    pub fn forget_below(&mut self, height: Height) {
        let Some(keeping) = &mut self.keeping else { return };
        let first = std::mem::replace(&mut keeping.oldest, height).max(Height(1));
        for place in first.0..height.0 {
            let Some(id) = self.id_at(Height(place)) else { return };
            self.arena.set_stored(id, false);
            self.arena.take_extra(id);
            self.missing.remove(&(Height(place), id));
        }
    }

    /// Headers of all branches in a chunk of heights that are not known to be invalid.
    pub fn chunk(&self, number: u32) -> Vec<HeaderEntry> {
        let low = Height(number.saturating_mul(HEADERS_A_CHUNK));
        let inside = |id: &Id| chunk_of(self.arena.height(*id)) == number;
        let mut ids: BTreeSet<(Height, Id)> = BTreeSet::new();
        for line in [&self.best, &self.lead] {
            let of_line = line.iter().skip(low.0 as usize).take_while(|id| inside(id));
            ids.extend(of_line.map(|id| (self.arena.height(*id), *id)));
        }
        for (_, leaf) in self.leaves.range((low, Arena::GENESIS)..) {
            let beside = self.line(*leaf).take_while(|id| !self.on_best(*id) && !self.is_leading(*id));
            let beside = beside.take_while(|id| self.arena.height(*id) >= low).filter(inside);
            ids.extend(beside.map(|id| (self.arena.height(id), id)));
        }
        let valid = ids.into_iter().filter(|(_, id)| *id != Arena::GENESIS && !self.arena.is_invalid(*id));
        valid.map(|(_, id)| HeaderEntry { header: self.arena.header(id), body: self.arena.is_stored(id) }).collect()
    }

    /// Numbers of chunks that the store does not have as they are; it is taken to have them now.
    pub fn take_chunks(&mut self) -> BTreeSet<u32> {
        self.keeping.as_mut().map(|keeping| std::mem::take(&mut keeping.chunks)).unwrap_or_default()
    }

    /// Bodies that the store must drop; it is taken to have done so.
    pub fn take_dropped(&mut self) -> BTreeSet<(Height, BlockHash)> {
        self.keeping.as_mut().map(|keeping| std::mem::take(&mut keeping.dropped)).unwrap_or_default()
    }

    /// Bodies that the store does not have, lowest first.
    pub fn unsaved(&self) -> impl Iterator<Item = (Height, BlockHash)> {
        self.keeping.iter().flat_map(|keeping| &keeping.unsaved).copied()
    }

    /// Whether there is something beside the tip that the store does not know.
    pub fn has_unsaved(&self) -> bool {
        self.keeping.as_ref().is_some_and(|keeping| {
            !keeping.chunks.is_empty() || !keeping.unsaved.is_empty() || !keeping.dropped.is_empty()
        })
    }

    /// A body is on its way into the store.
    pub fn set_stored(&mut self, height: Height, hash: &BlockHash) {
        let Some(id) = self.arena.find(hash) else { return };
        self.arena.set_stored(id, true);
        self.touch(id);
        if let Some(keeping) = &mut self.keeping {
            keeping.unsaved.remove(&(height, *hash));
        }
    }

    /// The headers in the chunk of a header changed.
    pub(super) fn touch(&mut self, id: Id) {
        let chunk = chunk_of(self.arena.height(id));
        if let Some(keeping) = &mut self.keeping {
            keeping.chunks.insert(chunk);
        }
    }

    /// A body came that the store does not have.
    pub(super) fn keep_body(&mut self, id: Id) {
        let (height, hash) = (self.arena.height(id), self.arena.hash(id));
        if let Some(keeping) = &mut self.keeping {
            keeping.unsaved.insert((height, hash));
            keeping.dropped.remove(&(height, hash));
        }
    }

    /// A block is forgotten, or invalid.
    pub(super) fn drop_body(&mut self, id: Id) {
        self.touch(id);
        let (height, hash, stored) = (self.arena.height(id), self.arena.hash(id), self.arena.is_stored(id));
        if let Some(keeping) = &mut self.keeping {
            keeping.unsaved.remove(&(height, hash));
            if stored {
                keeping.dropped.insert((height, hash));
            }
        }
        self.arena.set_stored(id, false);
    }

    pub(super) fn want_nothing(&mut self) {
        if let Some(keeping) = &mut self.keeping {
            keeping.wanted.clear();
        }
    }

    /// The block up to which the branch that ends in this one can be connected with what is in
    /// memory. The rest is wanted from now on.
    pub(super) fn reachable(&mut self, tip: Id, fork: Id) -> Option<Id> {
        if self.keeping.is_none() {
            return Some(tip);
        }
        let body = |id: &Id| Wanted::Body(self.arena.height(*id), self.arena.hash(*id));
        let absent = |id: &Id| self.body(*id).is_none();
        if fork != self.tip_id() {
            // All at once or not at all: between the branches the chain would stand lower than it must.
            let leaving = self.best[self.arena.height(fork).0 as usize + 1..].iter();
            let undone = |id: &&Id| self.arena.extra(**id).is_none_or(|extra| extra.undo.is_none());
            let undo = |id: &Id| Wanted::Undo(self.arena.height(*id), self.arena.hash(*id));
            let mut wanted: Vec<Wanted> = leaving.clone().filter(undone).map(undo).collect();
            wanted.extend(leaving.filter(|id| absent(id) && self.arena.is_stored(**id)).map(body));
            wanted.extend(self.line(tip).take_while(|id| *id != fork).filter(absent).map(|id| body(&id)));
            let ready = wanted.is_empty();
            self.want(wanted);
            return ready.then_some(tip);
        }
        let next: Vec<Id> = self.next_of(tip, fork);
        let here = next.iter().take_while(|id| !absent(id)).count();
        if here > 0 {
            return next.get(here - 1).copied();
        }
        let wanted = next.iter().filter(|id| absent(id)).map(body).collect();
        self.want(wanted);
        None
    }

    /// The first blocks of a branch that stands on the tip.
    fn next_of(&self, tip: Id, fork: Id) -> Vec<Id> {
        if self.is_leading(tip) {
            let (first, last) = (self.arena.height(fork).0 as usize + 1, self.arena.height(tip).0 as usize);
            return self.lead[first..=last.min(first + READ_AHEAD - 1)].to_vec();
        }
        let mut path: Vec<Id> = self.line(tip).take_while(|id| *id != fork).collect();
        path.reverse();
        path.truncate(READ_AHEAD);
        path
    }

    fn want(&mut self, wanted: Vec<Wanted>) {
        if let Some(keeping) = &mut self.keeping {
            keeping.wanted = wanted;
        }
    }
}
