//! Mining as a race: who finds the next block, when, and what time it claims.

use super::rules::{self, Rule};
use node_core::block::BlockHeader;
use node_core::hash::StateRoot;
use node_core::params::ChainParams;
use node_core::units::{Height, Timestamp};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use std::time::Duration;

/// When the first miner starts: 2026-06-01, after genesis.
const START_MS: f64 = 1_780_272_000_000.0;

/// A wait after which a network counts as stuck, in spacings: eleven days at ten seconds.
const STUCK_AFTER: f64 = 100_000.0;

/// How long a phase lasts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Until {
    /// Until so many blocks are found in it.
    Blocks(usize),
    /// So long.
    Passed(Duration),
}

/// A stretch of constant honest hash power.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Phase {
    /// Hash power, as a multiple of what the network's first target expects.
    pub power: f64,
    /// Its end.
    pub until: Until,
}

/// Miners who come when blocks are cheap and leave when they are not.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hopper {
    /// Hash power, in the same unit as a phase's.
    pub power: f64,
    /// Comes when the difficulty is below this multiple of the first one.
    pub joins_below: f64,
    /// Leaves when it is above this one.
    pub leaves_above: f64,
}

/// A miner with false times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Liar {
    /// As far ahead as nodes accept without waiting.
    Ahead,
    /// As early as the rules allow.
    Behind,
    /// Ahead and behind in turn.
    Alternating,
}

/// What happens to a network.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// Name in tables.
    pub name: &'static str,
    /// Honest hash power; the last phase is the one that is measured.
    pub phases: Vec<Phase>,
    /// Miners that come and go, in the last phase.
    pub hopper: Option<Hopper>,
    /// A miner with false times and its part of the phase's power.
    pub liar: Option<(Liar, f64)>,
    /// Time until the others hear of a block of the liar's, and the liar of theirs.
    pub delay: Duration,
}

/// One block of a run, as it really was.
#[derive(Debug, Clone, Copy)]
pub(super) struct Find {
    /// Since the last phase began, in ms.
    pub(super) at: f64,
    /// Expected hashes of the block.
    pub(super) work: f64,
    /// Whether the hopper or the liar found it.
    pub(super) special: bool,
}

/// The measured phase of a run.
#[derive(Debug, Clone)]
pub struct Record {
    pub(super) finds: Vec<Find>,
    /// Honest power of the phase, in hashes a millisecond.
    pub(super) rate: f64,
    /// Expected hashes of the block that was wanted when the phase began.
    pub(super) work_before: f64,
    /// Part of all hashes that hopper or liar made.
    pub(super) special_hashes: f64,
    /// Whether blocks ceased to come.
    pub(super) stuck: bool,
}

/// Runs a scenario under a rule; the seed replays it.
pub fn run(rule: Rule, params: &ChainParams, scenario: &Scenario, seed: u64) -> Record {
    let mut race = Race::new(rule, params, scenario, seed);
    let mut record = None;
    for (index, phase) in scenario.phases.iter().enumerate() {
        record = Some(race.phase(*phase, index + 1 == scenario.phases.len()));
    }
    record.expect("a scenario has a phase")
}

struct Race<'a> {
    rule: Rule,
    params: &'a ChainParams,
    scenario: &'a Scenario,
    rng: ChaCha8Rng,
    chain: Vec<BlockHeader>,
    /// Real time, in ms.
    now: f64,
    /// The newest block's finder is alone until then.
    alone_until: f64,
    last_special: bool,
    hopping: bool,
    lies: u64,
    hashes: f64,
    special_hashes: f64,
}

impl<'a> Race<'a> {
    fn new(rule: Rule, params: &'a ChainParams, scenario: &'a Scenario, seed: u64) -> Self {
        Self {
            rule,
            params,
            scenario,
            rng: ChaCha8Rng::seed_from_u64(seed),
            chain: vec![params.genesis(StateRoot::ZERO).header],
            now: START_MS,
            alone_until: 0.0,
            last_special: false,
            hopping: false,
            lies: 0,
            hashes: 0.0,
            special_hashes: 0.0,
        }
    }

    fn phase(&mut self, phase: Phase, last: bool) -> Record {
        let unit = rules::work(self.params.first_target) / millis(self.params.spacing);
        let (begin, rate) = (self.now, phase.power * unit);
        let (end, most) = match phase.until {
            Until::Blocks(blocks) => (f64::INFINITY, blocks),
            Until::Passed(time) => (begin + millis(time), usize::MAX),
        };
        (self.hashes, self.special_hashes) = (0.0, 0.0);
        let work_before = rules::work(self.rule.next_target(self.params, &self.chain, time(self.now)));
        let mut finds = Vec::new();
        while finds.len() < most {
            let hopper = self.scenario.hopper.filter(|_| last);
            let liar = self.scenario.liar.filter(|_| last);
            match self.next_block(rate, unit, hopper, liar, end) {
                Some((work, special)) => finds.push(Find { at: self.now - begin, work, special }),
                None => break,
            }
        }
        let special_hashes = if self.hashes > 0.0 { self.special_hashes / self.hashes } else { 0.0 };
        let stuck = end.is_infinite() && finds.len() < most;
        Record { finds, rate, work_before, special_hashes, stuck }
    }

    /// Searches until a block is found, the phase ends or nobody would wait any longer.
    fn next_block(
        &mut self,
        honest: f64,
        unit: f64,
        hopper: Option<Hopper>,
        liar: Option<(Liar, f64)>,
        end: f64,
    ) -> Option<(f64, bool)> {
        // A block is found when the luck that it needs is used up.
        let mut luck = -(1.0 - self.uniform()).ln();
        let mut extra = liar.map_or(0.0, |(_, part)| honest * part);
        let honest = honest - extra;
        if let Some(hopper) = hopper {
            let first = rules::work(self.params.first_target);
            let work = rules::work(self.rule.next_target(self.params, &self.chain, time(self.now)));
            self.hopping =
                if self.hopping { work <= hopper.leaves_above * first } else { work < hopper.joins_below * first };
            extra = if self.hopping { hopper.power * unit } else { 0.0 };
        }
        let end = end.min(self.now + STUCK_AFTER * millis(self.params.spacing));
        loop {
            let (mut others, mut special) = (honest, extra);
            let mut until = end;
            if liar.is_some() && self.now < self.alone_until {
                until = until.min(self.alone_until);
                *(if self.last_special { &mut others } else { &mut special }) = 0.0;
            }
            if self.rule.moves() {
                until = until.min(self.now + millis(self.params.spacing) / 4.0);
            }
            let work = rules::work(self.rule.next_target(self.params, &self.chain, time(self.now)));
            let rate = others + special;
            let needed = luck * work / rate;
            if self.now + needed <= until && rate > 0.0 {
                self.count(needed, honest, extra);
                self.now += needed;
                let is_special = self.uniform() * rate < special;
                self.append(liar.filter(|_| is_special).map(|(liar, _)| liar));
                self.alone_until = self.now + millis(self.scenario.delay);
                self.last_special = is_special;
                return Some((work, is_special));
            }
            self.count(until - self.now, honest, extra);
            luck -= rate * (until - self.now) / work;
            self.now = until;
            if until >= end {
                return None;
            }
        }
    }

    fn count(&mut self, passed: f64, honest: f64, extra: f64) {
        self.hashes += passed * (honest + extra);
        self.special_hashes += passed * extra;
    }

    fn append(&mut self, liar: Option<Liar>) {
        let earliest = self.rule.earliest_time(self.params, &self.chain);
        let ahead = time(self.now).after(self.params.max_ahead);
        self.lies += u64::from(liar.is_some());
        let claimed = match liar {
            None => time(self.now),
            Some(Liar::Ahead) => ahead,
            Some(Liar::Behind) => earliest,
            Some(Liar::Alternating) => [earliest, ahead][usize::from(self.lies.is_multiple_of(2))],
        };
        let claimed = claimed.max(earliest);
        let parent = self.chain[self.chain.len() - 1];
        let target = self.rule.next_target(self.params, &self.chain, claimed);
        let height = Height(parent.height.0 + 1);
        self.chain.push(BlockHeader { height, time: claimed, target, ..parent });
    }

    /// A number from 0 up to, but without, 1.
    fn uniform(&mut self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
        let number = (self.rng.next_u64() >> 11) as f64;
        number / 2_f64.powi(53)
    }
}

pub(super) fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

fn time(millis: f64) -> Timestamp {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "after 1970 and below 2^48")]
    Timestamp::from_millis(millis as u64)
}
