//! Partitions of every kind, healed: one tip and one state soon after, and nothing lost for good.

use super::room::{self, MINUTE, SECOND, STEP, seconds};
use super::{Figures, Setup};
use crate::money;
use crate::simulator::{NodeIndex, Options, Severance, Simulation, checks};
use node_core::units::Height;
use std::time::Duration;

/// How long nodes are cut off: longer than they wait for each other.
const CUT: Duration = MINUTE;
/// From healing to one tip at most, while all mine: a ping every 10 s tells of more work, links that were given up are
/// made anew in some more, and a branch of a minute is fetched in one round.
const TO_ONE_TIP: Duration = Duration::from_mins(1);
/// Blocks that each side has for itself at least when it is healed: it was apart indeed.
const APART: u32 = 5;
/// Payments while nodes are cut off.
const PAYMENTS: u32 = 12;

/// Cuts the last so many nodes off for a while.
pub fn heal(setup: Setup, severance: Severance, apart: usize) -> Figures {
    let Setup { seed, nodes: count } = setup;
    let mut options = Options::new(seed);
    options.params.allocation = money::allocation(PAYMENTS);
    let (mut simulation, nodes) = room::meshed(options, count);
    let group = &nodes[count - apart..];
    let (here, there) = (nodes[0], group[0]);
    room::mine(&mut simulation, here, 10);
    let genesis = simulation.node(here).chain().genesis();
    simulation.sever(group, severance);
    for node in [here, nodes[1], there, group[apart - 1]] {
        simulation.mine(node, true);
    }
    // Each side is paid by half of the payers; some pay on both sides with the same nonce.
    for payer in 0..PAYMENTS {
        for (side, fee) in [(here, 1_000), (there, 2_000)] {
            let both = payer % 3 == 0;
            if both || (payer % 2 == 0) == (side == here) {
                let payment = [money::transfer(genesis, payer, 0, fee)];
                // Who is alone hears of no payment.
                let given = simulation.give(side, &payment) || simulation.give(here, &payment);
                assert!(given, "seed {seed}: somebody hears of the payment");
            }
        }
        simulation.run_for(CUT / PAYMENTS);
    }
    let before = Apart::of(&simulation, group, here, there);
    let least = before.blocks.into_iter().min().unwrap_or_default();
    assert!(least >= APART, "seed {seed}: {severance:?} parts them by {:?} blocks", before.blocks);
    simulation.heal();
    let healed = simulation.elapsed();
    let one_tip = simulation.run_until_every(STEP, 5 * MINUTE, Simulation::agree);
    let took = simulation.elapsed().checked_sub(healed).unwrap_or_default();
    assert!(one_tip, "seed {seed}: one tip after {severance:?} is healed");
    assert!(took <= TO_ONE_TIP, "seed {seed}: one tip {took:?} after {severance:?} is healed");
    // What was confirmed on one side and lost comes back, and is confirmed again.
    simulation.run_for(20 * SECOND);
    room::settle(&mut simulation, here);
    checks::agreement(&simulation);
    assert_eq!(checks::nothing_lost(&simulation), Ok(()), "seed {seed}");
    let nonces = (0..PAYMENTS).map(|payer| nonce(&simulation, here, payer)).sum::<u64>();
    assert_eq!(nonces, u64::from(PAYMENTS), "seed {seed}: every payer's payment is confirmed once");
    let mut figures = Figures::default();
    figures.add("blocks apart", format!("{} / {}", before.blocks[0], before.blocks[1]));
    figures.add("links across", before.links);
    figures.add("to one tip", seconds(took));
    figures.add("payments confirmed", nonces);
    figures
}

/// How far two sides are from each other.
struct Apart {
    /// Blocks of each since they had the same.
    blocks: [u32; 2],
    /// Links from one side to the other, as one side sees them.
    links: usize,
}

impl Apart {
    fn of(simulation: &Simulation, group: &[NodeIndex], here: NodeIndex, there: NodeIndex) -> Self {
        let chains = [here, there].map(|node| simulation.node(node).chain());
        let heights = chains.map(|chain| chain.height().0);
        let same = |height: &u32| chains[0].hash_at(Height(*height)) == chains[1].hash_at(Height(*height));
        let common = (0..=heights[0].min(heights[1])).rev().find(same).unwrap_or_default();
        let across = |node: &NodeIndex| simulation.neighbours(*node).iter().filter(|one| !group.contains(one)).count();
        Self { blocks: heights.map(|height| height - common), links: group.iter().map(across).sum() }
    }
}

fn nonce(simulation: &Simulation, at: NodeIndex, payer: u32) -> u64 {
    simulation.node(at).chain().ledger().account(&money::key(payer).public_key().address()).nonce
}
