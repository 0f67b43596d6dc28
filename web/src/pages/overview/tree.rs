//! How the newest blocks are laid out: the best chain in one lane, branches in lanes below.

use node_wasm::view::{BlockSummary, ForkTree};
use std::collections::{BTreeMap, BTreeSet};

/// Lanes for branches that are drawn; what does not fit is still listed.
pub(crate) const MAX_BRANCH_LANES: usize = 4;

/// A block and where it is drawn.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Placed {
    /// The block.
    pub(crate) block: BlockSummary,
    /// 0 for the best chain.
    pub(crate) lane: usize,
    /// Lane of the block before, its own if that is not drawn.
    pub(crate) parent_lane: usize,
}

/// What is drawn.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Plan {
    /// Height of the leftmost column.
    pub(crate) first: u32,
    /// Height of the rightmost column.
    pub(crate) last: u32,
    /// The blocks, lowest first.
    pub(crate) placed: Vec<Placed>,
    /// Branches that no lane is left for, or that lie before the first column.
    pub(crate) undrawn: u32,
}

/// Lays out the newest `columns` heights of what is known.
pub(crate) fn plan(best: &[BlockSummary], tree: Option<&ForkTree>, columns: u32) -> Plan {
    let mut known: BTreeMap<String, &BlockSummary> = BTreeMap::new();
    for block in tree.map_or(&[][..], |tree| &tree.blocks).iter().chain(best) {
        known.insert(block.hash.to_string(), block);
    }
    let Some(last) = known.values().map(|block| block.height.0).max() else { return Plan::default() };
    let first = (last + 1).saturating_sub(columns);
    known.retain(|_, block| block.height.0 >= first);

    let mut lanes: BTreeMap<String, usize> = BTreeMap::new();
    lanes.extend(known.iter().filter(|(_, block)| block.best).map(|(hash, _)| (hash.clone(), 0)));
    // The heights that each branch lane holds already.
    let mut taken: Vec<BTreeSet<u32>> = Vec::new();
    let mut undrawn = 0;
    for branch in newest_first(tree) {
        let own = own_blocks(&branch, &known, &lanes);
        let Some(lowest) = own.iter().map(|hash| known[hash].height.0).min() else {
            undrawn += 1;
            continue;
        };
        // One column more than the branch needs, for the line that leads to it.
        let span: BTreeSet<u32> =
            own.iter().map(|hash| known[hash].height.0).chain([lowest.saturating_sub(1)]).collect();
        let lane = taken.iter().position(|heights| heights.is_disjoint(&span)).unwrap_or(taken.len());
        if lane >= MAX_BRANCH_LANES {
            undrawn += 1;
            continue;
        }
        if lane == taken.len() {
            taken.push(BTreeSet::new());
        }
        taken[lane].extend(span);
        lanes.extend(own.into_iter().map(|hash| (hash, lane + 1)));
    }

    let mut placed: Vec<Placed> = lanes
        .iter()
        .map(|(hash, &lane)| {
            let block = known[hash].clone();
            let parent_lane = lanes.get(&block.previous.to_string()).copied().unwrap_or(lane);
            Placed { block, lane, parent_lane }
        })
        .collect();
    placed.sort_by_key(|placed| (placed.block.height, placed.lane));
    Plan { first, last, placed, undrawn }
}

/// Tips of the branches, those that left the best chain last first: they lie nearest to it.
fn newest_first(tree: Option<&ForkTree>) -> Vec<String> {
    let mut branches: Vec<_> = tree.map_or(&[][..], |tree| &tree.branches).iter().collect();
    branches.sort_by_key(|branch| std::cmp::Reverse((branch.fork_height, branch.height)));
    branches.into_iter().map(|branch| branch.tip.to_string()).collect()
}

/// The blocks from a branch's tip down to the first that has a lane already.
fn own_blocks(tip: &str, known: &BTreeMap<String, &BlockSummary>, lanes: &BTreeMap<String, usize>) -> Vec<String> {
    let mut own = Vec::new();
    let mut next = tip.to_owned();
    while let Some(block) = known.get(&next).filter(|_| !lanes.contains_key(&next)) {
        own.push(next);
        next = block.previous.to_string();
    }
    own
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::block;
    use node_wasm::{units::Height, view::Branch};

    fn branch(tip: u64, height: u32, fork_height: u32) -> Branch {
        Branch {
            tip: format!("{tip:064x}").parse().unwrap(),
            height: Height(height),
            work: "1".to_owned(),
            fork_height: Height(fork_height),
            length: height - fork_height,
            discard_in: 5,
        }
    }

    /// Best chain 1 to 10, hash equal to height.
    fn best() -> Vec<BlockSummary> {
        (1..=10).map(|height| block(u64::from(height), u64::from(height) - 1, height, true)).collect()
    }

    fn lanes(plan: &Plan) -> usize {
        plan.placed.iter().map(|placed| placed.lane + 1).max().unwrap_or(0)
    }

    fn lane_of(plan: &Plan, hash: u64) -> Option<(usize, usize)> {
        let hash = format!("{hash:064x}");
        plan.placed
            .iter()
            .find(|placed| placed.block.hash.to_string() == hash)
            .map(|placed| (placed.lane, placed.parent_lane))
    }

    #[test]
    fn the_newest_heights_of_a_plain_chain() {
        let plan = plan(&best(), None, 4);
        assert_eq!((plan.first, plan.last, lanes(&plan), plan.placed.len()), (7, 10, 1, 4));
    }

    #[test]
    fn branches_that_overlap_get_lanes_of_their_own() {
        let blocks = vec![
            block(107, 6, 7, false),
            block(108, 107, 8, false),
            block(208, 7, 8, false),
            block(209, 208, 9, false),
        ];
        let tree = ForkTree { blocks, branches: vec![branch(108, 8, 6), branch(209, 9, 7)], total: 2, prune_depth: 20 };
        let plan = plan(&best(), Some(&tree), 8);
        assert_eq!(lanes(&plan), 3);
        assert_eq!(lane_of(&plan, 208), Some((1, 0)));
        assert_eq!(lane_of(&plan, 209), Some((1, 1)));
        assert_eq!(lane_of(&plan, 107), Some((2, 0)));
    }

    #[test]
    fn branches_apart_share_a_lane() {
        let blocks = vec![block(103, 2, 3, false), block(208, 7, 8, false)];
        let tree = ForkTree { blocks, branches: vec![branch(103, 3, 2), branch(208, 8, 7)], total: 2, prune_depth: 20 };
        let plan = plan(&best(), Some(&tree), 10);
        assert_eq!(lanes(&plan), 2);
        assert_eq!((lane_of(&plan, 103), lane_of(&plan, 208)), (Some((1, 0)), Some((1, 0))));
    }

    #[test]
    fn a_branch_on_a_branch_starts_there() {
        let blocks = vec![block(107, 6, 7, false), block(108, 107, 8, false), block(308, 107, 8, false)];
        let tree = ForkTree { blocks, branches: vec![branch(108, 8, 6), branch(308, 8, 6)], total: 2, prune_depth: 20 };
        let plan = plan(&best(), Some(&tree), 8);
        let lanes = [lane_of(&plan, 108), lane_of(&plan, 308)];
        assert!(lanes.contains(&Some((1, 1))) && lanes.contains(&Some((2, 1))), "{lanes:?}");
    }

    #[test]
    fn branches_left_of_the_first_column_are_not_drawn() {
        let tree = ForkTree {
            blocks: vec![block(103, 2, 3, false)],
            branches: vec![branch(103, 3, 2)],
            total: 1,
            prune_depth: 20,
        };
        let plan = plan(&best(), Some(&tree), 3);
        assert_eq!((lanes(&plan), plan.placed.len()), (1, 3));
    }

    #[test]
    fn nothing_known() {
        assert_eq!(plan(&[], None, 10), Plan::default());
    }

    #[test]
    fn branches_without_a_lane_are_counted() {
        let rivals = 201..=202 + u64::try_from(MAX_BRANCH_LANES).unwrap();
        let blocks = rivals.clone().map(|hash| block(hash, 8, 9, false)).collect();
        let branches: Vec<Branch> = rivals.map(|hash| branch(hash, 9, 8)).collect();
        let plan = plan(&best(), Some(&ForkTree { blocks, branches, total: 6, prune_depth: 20 }), 10);
        assert_eq!((plan.undrawn, lanes(&plan)), (2, 1 + MAX_BRANCH_LANES));
    }
}
