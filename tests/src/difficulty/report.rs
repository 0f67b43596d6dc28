//! The report on difficulty: tables over many seeds, as Markdown.

use super::measure::{Outcome, Summary, measure};
use super::race::{Scenario, run};
use super::rules::Rule;
use super::scenarios;
use node_core::params::ChainParams;
use std::fmt::Write;

/// Rules compared, the chain's own first.
const RULES: [Rule; 6] = [Rule::Step, Rule::Plain, Rule::Absolute, Rule::OwnTime, Rule::Lwma(60), Rule::Lwma(45)];
/// Half-lives tried, in spacings.
const HALF_LIVES: [u32; 5] = [8, 12, 16, 24, 32];
/// Bounds on lateness tried, in spacings.
const BOUNDS: [u32; 4] = [32, 64, 96, 128];

/// What stands before the tables.
const INTRODUCTION: &str = "\
# Difficulty under shocks

Made by `cargo run -p tests --release --bin difficulty > docs/difficulty.md`. Do not edit: run it again. What
follows from it is decided in [ADR 0005](adr/0005-difficulty.md); `tests/tests/difficulty.rs` holds the outcomes
that matter.

Blocks are drawn one after the other: the time to the next is exponential at the hash power and the target of
the moment. The target comes from the code of the node. There are no nodes and no network, but where miners
with false times take part, blocks take 200 ms to the others, and who finds one is alone with it until then.
400 blocks at constant power come first (none in the fresh room), then 1,000 blocks are measured.

Rules:

- **step**: the chain's. ASERT from block to block; lateness of a block is bounded; no block may be dated more
  than `max_ahead` behind the latest of the eleven before it.
- **plain step**: the same, but times have to be later than the median only, as with all rules below.
- **absolute**: aserti3-2d as specified, from an anchor; the same half-life.
- **own time**: the step, and lateness above the bound eases the late block itself, by its own time, by 2^10 at
  most. Not shown with false times: every miner would claim the time that suits it.
- **LWMA 60, 45**: zawy's LWMA-1, linearly weighted mean of the last 60 or 45 blocks.

Scenarios: *hopper*: four times the power joins below 1.3 times the normal difficulty and leaves above twice it.
*claim 2 min ahead*: that part of the power dates its blocks `max_ahead` ahead; *claim the earliest*: as early as
the rules allow; *alternate*: one and the other in turn.

Columns, with waits and the mean in spacings: *recovery*: until the mean of the last 20 intervals is within
25 % of the spacing (20 is the least); *worst wait*: longest wait for a block; *overshoot*: how many times too
hard, or after a fall too easy, the difficulty got on its way (by chance alone about 1.5); *burst*: most blocks
within 10 spacings; *first 100*: blocks in the first 100 spacings; *mean* and *spread* (standard deviation) of
the interval; *gain*: part of the blocks that the hopper or the false times got, over their part of the hashes.
`a / b` is the median of the runs and what one run in twenty exceeds; *overshoot*, *first 100* and the seconds are
medians. *Stuck* is a network in which no block came for 100,000 spacings.
";

/// The whole report.
pub fn whole_report(seeds: u64) -> String {
    let mut text = format!("{INTRODUCTION}\n{seeds} runs each, seeds 1 to {seeds}.\n");
    for name in ["main", "dev"] {
        let params = network(name);
        let spacings = |duration: std::time::Duration| duration.as_secs_f64() / params.spacing.as_secs_f64();
        let _ = write!(
            text,
            "\n## `{name}`\n\nSpacing {} s, half-life {} spacings, bound {} spacings, `max_ahead` {} spacings.\n\n{}\n\
             ### The step with other constants\n\n*Later wait* is the worst one that leaves out the first block after the fall, which no \
             constant can hurry.\n\n{}",
            params.spacing.as_secs(),
            spacings(params.half_life),
            spacings(params.max_lateness),
            spacings(params.max_ahead),
            comparison(&params, seeds),
            grid(&params, seeds),
        );
    }
    text
}

/// The outcomes of a scenario for the seeds from 1 on.
pub fn summary(rule: Rule, params: &ChainParams, scenario: &Scenario, seeds: u64) -> Summary {
    Summary::new((1..=seeds).map(|seed| measure(params, &run(rule, params, scenario, seed))).collect())
}

/// A network that ships.
pub fn network(name: &str) -> ChainParams {
    ChainParams::named(name, "difficulty").expect("the names are valid")
}

/// All rules under all scenarios on one network.
fn comparison(params: &ChainParams, seeds: u64) -> String {
    let mut text = String::from(
        "| scenario | rule | recovery, blocks | recovery, s | worst wait | overshoot | burst | first 100 | mean | spread | gain |\n\
         |---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for scenario in scenarios::all() {
        // Who may claim a time claims the one that eases the block: own time has no honest figures here.
        for rule in RULES.into_iter().filter(|rule| *rule != Rule::OwnTime || scenario.liar.is_none()) {
            row(&mut text, params, &scenario, rule, seeds);
        }
    }
    text
}

fn row(text: &mut String, params: &ChainParams, scenario: &Scenario, rule: Rule, seeds: u64) {
    let summary = summary(rule, params, scenario, seeds);
    let spacing = params.spacing.as_secs_f64();
    let gain = if scenario.hopper.is_some() || scenario.liar.is_some() {
        format!("{:.2}", summary.mean(|outcome| outcome.advantage))
    } else {
        String::new()
    };
    let _ = writeln!(
        text,
        "| {} | {} | {} / {} | {} | {} / {} | {:.1} | {} / {} | {} | {} | {} | {gain} |",
        scenario.name,
        rule.name(),
        whole(summary.recovery_blocks(0.5)),
        whole(summary.recovery_blocks(0.95)),
        whole(summary.recovery_time(0.5) * spacing),
        whole(summary.quantile(0.5, |outcome| outcome.worst_wait)),
        whole(summary.quantile(0.95, |outcome| outcome.worst_wait)),
        summary.quantile(0.5, |outcome| outcome.overshoot),
        whole(summary.burst(0.5)),
        whole(summary.burst(0.95)),
        whole(summary.opening(0.5)),
        mean_of(&summary, 3, |outcome| outcome.mean),
        mean_of(&summary, 2, |outcome| outcome.spread),
    );
}

/// The chain's rule with other constants.
fn grid(params: &ChainParams, seeds: u64) -> String {
    let mut text = String::from(
        "| half-life | bound | constant: spread | ×100 up: recovery | fresh: recovery | ×100 down: recovery | its later wait \
         | empty week: recovery | its first 100 | hopper: gain | 2 min ahead: gain | alternate: mean | ×100 down, alternate: later wait |\n\
         |---|---|---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for half_life in HALF_LIVES {
        for bound in BOUNDS {
            let (half_life_time, max_lateness) = (params.spacing * half_life, params.spacing * bound);
            let params = ChainParams { half_life: half_life_time, max_lateness, ..params.clone() };
            let _ = writeln!(text, "| {half_life} | {bound} | {}", grid_row(&params, seeds));
        }
    }
    text
}

fn grid_row(params: &ChainParams, seeds: u64) -> String {
    let of = |scenario: Scenario| summary(Rule::Step, params, &scenario, seeds);
    let recovery = |summary: &Summary| whole(summary.recovery_blocks(0.5));
    let later_wait = |summary: &Summary| spread_of(summary, |outcome| outcome.worst_later_wait);
    let (down, week) = (of(scenarios::shock("", 0.01)), of(scenarios::empty_week()));
    let cells = [
        format!("{:.2}", of(scenarios::steady()).mean(|outcome| outcome.spread)),
        recovery(&of(scenarios::shock("", 100.0))),
        recovery(&of(scenarios::fresh())),
        recovery(&down),
        later_wait(&down),
        recovery(&week),
        whole(week.opening(0.5)),
        format!("{:.3}", of(scenarios::hopper()).mean(|outcome| outcome.advantage)),
        format!("{:.3}", of(scenarios::ahead()).mean(|outcome| outcome.advantage)),
        mean_of(&of(scenarios::alternating()), 3, |outcome| outcome.mean),
        later_wait(&of(scenarios::down_alternating())),
    ];
    format!("{} |", cells.join(" | "))
}

/// Median and the value that one run in twenty exceeds.
fn spread_of(summary: &Summary, value: impl Fn(&Outcome) -> f64) -> String {
    format!("{} / {}", whole(summary.quantile(0.5, &value)), whole(summary.quantile(0.95, &value)))
}

/// The mean, or the part of the runs that got stuck.
fn mean_of(summary: &Summary, decimals: usize, value: impl Fn(&Outcome) -> f64) -> String {
    let stuck = summary.stuck();
    if stuck > 0.0 {
        format!("**{:.0} % stuck**", stuck * 100.0)
    } else {
        format!("{:.decimals$}", summary.mean(value))
    }
}

fn whole(number: f64) -> String {
    if number.is_finite() { format!("{number:.0}") } else { "never".to_owned() }
}
