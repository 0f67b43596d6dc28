//! What a run was like: recovery, waits, overshoot, bursts, spread.

use super::race::{Find, Record, millis};
use node_core::params::ChainParams;

/// Blocks over which the mean interval is taken to call a network recovered.
const WINDOW: usize = 20;
/// How far that mean may be from the spacing.
const TOLERANCE: f64 = 0.25;
/// Span in which blocks are counted for a burst, in spacings.
const BURST_SPAN: f64 = 10.0;
/// Span at the beginning in which blocks are counted, in spacings.
const OPENING_SPAN: f64 = 100.0;

/// Measures of one run. Times are in spacings.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outcome {
    /// Blocks until the mean interval of the last 20 is within a quarter of the spacing.
    pub recovery_blocks: Option<usize>,
    /// Time until then.
    pub recovery_time: Option<f64>,
    /// Longest wait for a block.
    pub worst_wait: f64,
    /// Longest wait for any but the first block.
    pub worst_later_wait: f64,
    /// How many times too hard (or, after a fall, too easy) the difficulty became on its way back.
    pub overshoot: f64,
    /// Most blocks within 10 spacings.
    pub burst: usize,
    /// Blocks in the first 100 spacings.
    pub opening: usize,
    /// Whether blocks ceased to come; waits, mean and spread are infinite then.
    pub stuck: bool,
    /// Mean interval.
    pub mean: f64,
    /// Standard deviation of the interval.
    pub spread: f64,
    /// Part of the blocks by the hopper or liar over its part of the hashes; 1 is fair.
    pub advantage: f64,
}

/// Measures a run.
pub fn measure(params: &ChainParams, record: &Record) -> Outcome {
    let spacing = millis(params.spacing);
    let mut before = 0.0;
    let intervals: Vec<f64> = record
        .finds
        .iter()
        .map(|find| {
            let interval = (find.at - before) / spacing;
            before = find.at;
            interval
        })
        .collect();
    let recovered =
        (WINDOW..=intervals.len()).find(|end| (mean(&intervals[end - WINDOW..*end]) - 1.0).abs() <= TOLERANCE);
    let average = if record.stuck { f64::INFINITY } else { mean(&intervals) };
    let worst = |intervals: &[f64]| {
        if record.stuck { f64::INFINITY } else { intervals.iter().copied().fold(0.0, f64::max) }
    };
    let special = record.finds.iter().filter(|find| find.special).count();
    Outcome {
        recovery_blocks: recovered,
        recovery_time: recovered.map(|blocks| record.finds[blocks - 1].at / spacing),
        worst_wait: worst(&intervals),
        worst_later_wait: worst(intervals.get(1..).unwrap_or_default()),
        overshoot: overshoot(record, spacing),
        burst: burst(&record.finds, BURST_SPAN * spacing),
        opening: record.finds.iter().take_while(|find| find.at <= OPENING_SPAN * spacing).count(),
        stuck: record.stuck,
        mean: average,
        // Infinite where the mean is.
        spread: mean(&intervals.iter().map(|interval| (interval - average).powi(2)).collect::<Vec<_>>()).sqrt(),
        advantage: count(special) / count(record.finds.len()) / record.special_hashes,
    }
}

/// Greatest deviation from the right difficulty to the side that the phase did not begin on.
fn overshoot(record: &Record, spacing: f64) -> f64 {
    let right = record.rate * spacing;
    let ratios = record.finds.iter().map(|find| find.work / right);
    let fell = record.work_before > 1.5 * right;
    let rose = record.work_before * 1.5 < right;
    let mut greatest: f64 = 1.0;
    for ratio in ratios {
        if !fell {
            greatest = greatest.max(ratio);
        }
        if !rose {
            greatest = greatest.max(1.0 / ratio);
        }
    }
    greatest
}

fn burst(finds: &[Find], span: f64) -> usize {
    let mut first = 0;
    let mut most = 0;
    for (index, find) in finds.iter().enumerate() {
        while find.at - finds[first].at > span {
            first += 1;
        }
        most = most.max(index + 1 - first);
    }
    most
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / count(values.len()).max(1.0)
}

#[expect(clippy::cast_precision_loss, reason = "some thousands")]
fn count(number: usize) -> f64 {
    number as f64
}

/// Outcomes of many seeds.
#[derive(Debug, Clone)]
pub struct Summary(Vec<Outcome>);

impl Summary {
    /// Of at least one outcome.
    pub fn new(outcomes: Vec<Outcome>) -> Self {
        assert!(!outcomes.is_empty());
        Self(outcomes)
    }

    /// The value below which this part of the runs lies; infinite where a run never got there.
    pub fn quantile(&self, part: f64, value: impl Fn(&Outcome) -> f64) -> f64 {
        let mut values: Vec<f64> = self.0.iter().map(value).collect();
        values.sort_by(f64::total_cmp);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index")]
        let index = (part * count(values.len() - 1)).round() as usize;
        values[index]
    }

    /// Mean over the runs.
    pub fn mean(&self, value: impl Fn(&Outcome) -> f64) -> f64 {
        mean(&self.0.iter().map(value).collect::<Vec<_>>())
    }

    /// Part of the runs in which blocks ceased to come.
    pub fn stuck(&self) -> f64 {
        self.mean(|outcome| f64::from(u8::from(outcome.stuck)))
    }

    /// Blocks to recovery; infinite where a run never recovered.
    pub fn recovery_blocks(&self, part: f64) -> f64 {
        self.quantile(part, |outcome| outcome.recovery_blocks.map_or(f64::INFINITY, count))
    }

    /// Spacings to recovery; infinite where a run never recovered.
    pub fn recovery_time(&self, part: f64) -> f64 {
        self.quantile(part, |outcome| outcome.recovery_time.unwrap_or(f64::INFINITY))
    }

    /// Most blocks within 10 spacings.
    pub fn burst(&self, part: f64) -> f64 {
        self.quantile(part, |outcome| count(outcome.burst))
    }

    /// Blocks in the first 100 spacings.
    pub fn opening(&self, part: f64) -> f64 {
        self.quantile(part, |outcome| count(outcome.opening))
    }
}
