//! The shocks that a network has to survive.

use super::race::{Hopper, Liar, Phase, Scenario, Until};
use std::time::Duration;

/// Blocks before a shock: several memories of every rule.
const WARM_UP: usize = 400;
/// Blocks that are measured.
const MEASURED: usize = 1_000;
/// Part of the hash power of a miner with false times.
const LIAR_PART: f64 = 0.3;
/// One-way time of a block between two miners, where it matters: four times what a mesh of tabs needs.
const DELAY: Duration = Duration::from_millis(200);
/// An hour.
const HOUR: Duration = Duration::from_hours(1);

/// All of them, in the order of the report.
pub fn all() -> Vec<Scenario> {
    vec![
        steady(),
        shock("×100 up", 100.0),
        shock("×100 down", 0.01),
        shock("×300 down", 1.0 / 300.0),
        surge(),
        empty_hour(),
        after_absence("an hour empty, then all", HOUR, 1.0),
        empty_week(),
        fresh(),
        hopper(),
        ahead(),
        behind(),
        alternating(),
        liar("60 % claim the earliest", Liar::Behind, 0.6, 1.0),
        liar("60 % alternate", Liar::Alternating, 0.6, 1.0),
        liar("×100 down, 30 % ahead", Liar::Ahead, LIAR_PART, 0.01),
        down_alternating(),
        liar("×100 down, 60 % alternate", Liar::Alternating, 0.6, 0.01),
        down_behind(),
        liar("×100 down, 60 % earliest", Liar::Behind, 0.6, 0.01),
    ]
}

/// Nothing happens.
pub fn steady() -> Scenario {
    shock("constant", 1.0)
}

/// Hash power changes by this factor at once.
pub fn shock(name: &'static str, factor: f64) -> Scenario {
    scenario(name, vec![warm_up(), measured(factor)])
}

/// All miners leave; after this time, this part of the power is there again.
pub fn after_absence(name: &'static str, absence: Duration, power: f64) -> Scenario {
    scenario(name, vec![warm_up(), Phase { power: 0.0, until: Until::Passed(absence) }, measured(power)])
}

/// A hundredfold rise that is over after 400 blocks: measured is what comes then.
pub fn surge() -> Scenario {
    let risen = Phase { power: 100.0, until: Until::Blocks(WARM_UP) };
    scenario("×100 up, later gone", vec![warm_up(), risen, measured(1.0)])
}

/// Nobody for an hour, then one tab where there were eight.
pub fn empty_hour() -> Scenario {
    after_absence("an hour empty, then 1/8", HOUR, 0.125)
}

/// Nobody for a week, then everybody again.
pub fn empty_week() -> Scenario {
    after_absence("a week empty, then all", 24 * 7 * HOUR, 1.0)
}

/// A new room whose first target is 2^7 times too easy.
pub fn fresh() -> Scenario {
    scenario("fresh room, 2^7 too easy", vec![measured(128.0)])
}

/// Four times the power comes while blocks are cheap.
pub fn hopper() -> Scenario {
    let hopper = Hopper { power: 4.0, joins_below: 1.3, leaves_above: 2.0 };
    Scenario { hopper: Some(hopper), ..scenario("hopper with ×4", vec![warm_up(), measured(1.0)]) }
}

/// Some miners claim the latest time that is accepted at once.
pub fn ahead() -> Scenario {
    liar("30 % claim 2 min ahead", Liar::Ahead, LIAR_PART, 1.0)
}

/// Some miners claim the earliest time that is valid.
pub fn behind() -> Scenario {
    liar("30 % claim the earliest", Liar::Behind, LIAR_PART, 1.0)
}

/// Some miners claim the latest and the earliest time in turn: the greatest jumps there are.
pub fn alternating() -> Scenario {
    liar("30 % alternate", Liar::Alternating, LIAR_PART, 1.0)
}

/// Most miners leave, and of those who stay some claim the latest and the earliest time in turn.
pub fn down_alternating() -> Scenario {
    liar("×100 down, 30 % alternate", Liar::Alternating, LIAR_PART, 0.01)
}

/// Most miners leave, and of those who stay some claim the earliest time.
pub fn down_behind() -> Scenario {
    liar("×100 down, 30 % earliest", Liar::Behind, LIAR_PART, 0.01)
}

fn liar(name: &'static str, liar: Liar, part: f64, factor: f64) -> Scenario {
    Scenario { liar: Some((liar, part)), delay: DELAY, ..scenario(name, vec![warm_up(), measured(factor)]) }
}

fn scenario(name: &'static str, phases: Vec<Phase>) -> Scenario {
    Scenario { name, phases, hopper: None, liar: None, delay: Duration::ZERO }
}

fn warm_up() -> Phase {
    Phase { power: 1.0, until: Until::Blocks(WARM_UP) }
}

fn measured(power: f64) -> Phase {
    Phase { power, until: Until::Blocks(MEASURED) }
}
