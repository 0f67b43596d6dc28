//! A chain of headers alone: what a node has that keeps no bodies. Its tip is the best header.

use super::{Chain, Change};
use crate::chain::arena::{Arena, Id};
use crate::hash::BlockHash;
use crate::params::ChainParams;

/// What headers did to a chain that has nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HeaderChange {
    /// Blocks that left the best chain, newest first.
    pub reverted: Vec<BlockHash>,
    /// Blocks that joined it, oldest first.
    pub connected: Vec<BlockHash>,
    /// Tips of branches that fell too far behind and were forgotten.
    pub discarded_tips: Vec<BlockHash>,
}

impl Chain {
    /// A chain of headers alone. No body is wanted for it, and its ledger stays that of genesis. The
    /// tip is the header with the most work, between equal work the one that came first; it moves in
    /// [`Chain::follow_headers`].
    pub fn of_headers(params: ChainParams) -> Self {
        Self { bodies: false, ..Self::new(params) }
    }

    /// Whether this chain takes bodies and has accounts.
    pub fn keeps_bodies(&self) -> bool {
        self.bodies
    }

    /// Moves the tip of a chain of headers to the best one. A chain with bodies stays as it is.
    pub fn follow_headers(&mut self) -> HeaderChange {
        let mut change = HeaderChange::default();
        if self.bodies || self.tip_id() == self.best_header {
            return change;
        }
        while let Some(id) = self.best.last().copied().filter(|id| !self.is_leading(*id)) {
            change.reverted.push(self.arena.hash(id));
            self.best.pop();
        }
        let joined = &self.lead[self.best.len()..];
        change.connected = joined.iter().map(|id| self.arena.hash(*id)).collect();
        self.best.extend_from_slice(joined);
        let mut discarded = Change::default();
        self.discard(&mut discarded);
        change.discarded_tips = discarded.discarded_tips;
        change
    }

    /// A chain of the same headers, without what is known to be invalid: with no bodies yet, or with
    /// none wanted; `kept` says whether a store learns of all that comes.
    #[must_use]
    pub fn rebuilt(&self, bodies: bool, kept: bool) -> Self {
        let mut chain = Self { bodies, ..Self::new(self.params.clone()) };
        if kept {
            chain.keep();
        }
        // Between equal work the first one counts: the best branch comes before all others.
        let mut queue: Vec<Id> = self.arena.children(Arena::GENESIS).collect();
        for id in &self.lead[1..] {
            chain.take(self, *id);
        }
        while let Some(id) = queue.pop() {
            if !self.arena.is_invalid(id) {
                chain.take(self, id);
                queue.extend(self.arena.children(id));
            }
        }
        chain.follow_headers();
        chain
    }

    /// Takes in a header of another chain, where it was checked by the same rules.
    fn take(&mut self, other: &Self, id: Id) {
        // It fails for nothing but what does not hold by these rules, which then is left out.
        let _ = self.insert_header(other.arena.header(id));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::BlockHeader;
    use crate::chain::testing::{Builder, feed, params};
    use proptest::prelude::*;
    use std::sync::Arc;

    fn headers(builder: &mut Builder, parent: BlockHash, count: usize, late_ms: u64) -> Vec<BlockHeader> {
        let mut parent = parent;
        let mut made = Vec::new();
        for _ in 0..count {
            let block = builder.extend(parent, 1, Vec::new(), late_ms);
            parent = block.header.hash();
            made.push(block.header);
        }
        made
    }

    fn hashes(headers: &[BlockHeader]) -> Vec<BlockHash> {
        headers.iter().map(BlockHeader::hash).collect()
    }

    #[test]
    fn the_best_header_is_the_tip_and_nothing_is_missing() {
        let mut builder = Builder::new(params());
        let genesis = builder.genesis;
        let (first, second) = (headers(&mut builder, genesis, 2, 0), headers(&mut builder, genesis, 3, 5));
        let mut chain = Chain::of_headers(params());
        for header in first.iter().chain(&second[..2]) {
            chain.insert_header(*header).unwrap();
        }
        let change = chain.follow_headers();
        assert_eq!(change, HeaderChange { connected: hashes(&first), ..HeaderChange::default() });
        assert_eq!((chain.tip(), chain.height().0, chain.missing_count()), (first[1].hash(), 2, 0));
        // Equal work moves nothing, more work does.
        assert_eq!(chain.follow_headers(), HeaderChange::default());
        chain.insert_header(second[2]).unwrap();
        let change = chain.follow_headers();
        assert_eq!(change.reverted, hashes(&[first[1], first[0]]));
        assert_eq!(change.connected, hashes(&second));
        assert_eq!(chain.tip(), second[2].hash());
        assert!(second.iter().all(|header| chain.is_best(&header.hash())));
        assert_eq!(chain.work(), chain.best_header().1);
    }

    #[test]
    fn branches_that_fall_behind_are_forgotten() {
        let mut builder = Builder::new(params());
        let genesis = builder.genesis;
        let (stale, best) = (headers(&mut builder, genesis, 1, 5), headers(&mut builder, genesis, 8, 0));
        let mut chain = Chain::of_headers(params());
        for header in stale.iter().chain(&best) {
            chain.insert_header(*header).unwrap();
        }
        assert_eq!(chain.follow_headers().discarded_tips, hashes(&stale));
        assert_eq!(chain.header_count(), 9);
    }

    #[test]
    fn bodies_are_wanted_again_after_a_change_to_a_whole_chain_and_back() {
        let mut builder = Builder::new(params());
        let genesis = builder.genesis;
        let mut full = Chain::new(params());
        let mut blocks = Vec::new();
        let mut parent = genesis;
        for _ in 0..5 {
            let block = builder.extend(parent, 1, Vec::new(), 0);
            parent = block.header.hash();
            feed(&mut full, &block);
            blocks.push(block);
        }
        let beside = headers(&mut builder, blocks[2].header.hash(), 2, 7);
        for header in &beside {
            full.insert_header(*header).unwrap();
        }
        let light = full.rebuilt(false, false);
        assert_eq!((light.tip(), light.work(), light.missing_count()), (full.tip(), full.work(), 0));
        assert_eq!(light.header_count(), full.header_count());
        assert!(light.block(&parent).is_none());
        let mut again = light.rebuilt(true, false);
        assert_eq!((again.height().0, again.missing_count()), (0, 7));
        assert_eq!(again.best_header().0.hash(), full.tip());
        for block in &blocks {
            again.insert_body(Arc::clone(block));
        }
        assert_eq!(again.tip(), full.tip());
        assert_eq!(
            again.ledger().accounts().iter().collect::<Vec<_>>(),
            full.ledger().accounts().iter().collect::<Vec<_>>()
        );
    }

    #[test]
    fn what_is_invalid_is_left_out() {
        let mut builder = Builder::new(params());
        let genesis = builder.genesis;
        let (good, bad) = (headers(&mut builder, genesis, 2, 0), headers(&mut builder, genesis, 4, 5));
        let mut full = Chain::new(params());
        for header in good.iter().chain(&bad) {
            full.insert_header(*header).unwrap();
        }
        full.mark_invalid(bad[1].hash());
        let light = full.rebuilt(false, false);
        assert_eq!(light.tip(), good[1].hash());
        assert!(light.header(&bad[0].hash()).is_some() && light.header(&bad[1].hash()).is_none());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        /// Whatever the order of branches, the tip has the most work, and the best chain leads to it.
        #[test]
        fn the_tip_has_the_most_work(parents in prop::collection::vec(any::<prop::sample::Index>(), 1..12)) {
            let mut builder = Builder::new(params());
            let mut known = vec![builder.genesis];
            let mut chain = Chain::of_headers(params());
            let mut best = crate::units::Work::default();
            for (late, parent) in (0_u64..).zip(parents) {
                let block = builder.extend(*parent.get(&known), 1, Vec::new(), late);
                known.push(block.header.hash());
                if chain.insert_header(block.header).is_err() {
                    // Its branch was given up.
                    continue;
                }
                chain.follow_headers();
                best = best.max(chain.work_of(&block.header.hash()).unwrap_or_default());
                prop_assert_eq!(chain.work(), best);
                let mut hash = chain.tip();
                while hash != chain.genesis() {
                    prop_assert!(chain.is_best(&hash));
                    hash = chain.header(&hash).unwrap().previous;
                }
            }
        }
    }
}
