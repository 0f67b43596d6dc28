//! The rules under comparison: what the target of the next block is.

use node_core::block::BlockHeader;
use node_core::consensus::difficulty;
use node_core::consensus::validation::{self, MEDIAN_SPAN};
use node_core::params::ChainParams;
use node_core::units::{CompactTarget, Height, Target, Timestamp};
use primitive_types::U256;

/// Longest solve time that LWMA-1 counts, in spacings.
const LWMA_MOST: f64 = 6.0;
/// Solve times that LWMA-1 needs before it says anything.
const LWMA_LEAST: usize = 3;
/// Most halvings of the difficulty by a block's own time: a factor of about a thousand.
const MOST_OWN_HALVINGS: u32 = 10;
/// Bits of an `f64` that carry the number.
const MANTISSA_BITS: i32 = 52;

/// A difficulty rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// The chain's own: `node_core::consensus::difficulty::next_target`.
    Step,
    /// aserti3-2d as specified, anchored at the second block.
    Absolute,
    /// The chain's own, and lateness beyond its bound eases the late block itself, by the time
    /// that it claims.
    OwnTime,
    /// The same step where times have to be later than the median only.
    Plain,
    /// zawy's LWMA-1: linearly weighted moving average over so many blocks.
    Lwma(usize),
}

impl Rule {
    /// Name in tables.
    pub fn name(self) -> String {
        match self {
            Self::Step => "step".to_owned(),
            Self::Absolute => "absolute".to_owned(),
            Self::OwnTime => "own time".to_owned(),
            Self::Plain => "plain step".to_owned(),
            Self::Lwma(window) => format!("LWMA {window}"),
        }
    }

    /// Whether the target depends on the time that the block itself claims.
    pub(super) fn moves(self) -> bool {
        self == Self::OwnTime
    }

    /// Earliest time that a block on `chain` (from genesis on) may claim.
    pub(super) fn earliest_time(self, params: &ChainParams, chain: &[BlockHeader]) -> Timestamp {
        let recent: Vec<&BlockHeader> = chain.iter().rev().take(MEDIAN_SPAN).collect();
        match self {
            Self::Step | Self::OwnTime => validation::earliest_time(params, &recent),
            Self::Plain | Self::Absolute | Self::Lwma(_) => {
                Timestamp::from_millis(validation::median_time(&recent).millis() + 1)
            }
        }
    }

    /// Target of a block on `chain` (from genesis on) that claims this time.
    pub fn next_target(self, params: &ChainParams, chain: &[BlockHeader], claimed: Timestamp) -> CompactTarget {
        let recent: Vec<&BlockHeader> = chain.iter().rev().take(difficulty::SPAN).collect();
        match self {
            Self::Step | Self::Plain => difficulty::next_target(params, &recent),
            Self::Absolute => absolute(params, chain),
            Self::OwnTime => own_time(params, &recent, claimed),
            Self::Lwma(window) => lwma(params, chain, window),
        }
    }
}

fn absolute(params: &ChainParams, chain: &[BlockHeader]) -> CompactTarget {
    let (Some(first), Some(anchor), Some(parent)) = (chain.get(1), chain.get(2), chain.last()) else {
        return params.first_target;
    };
    let Some(reference) = anchor.target.expand() else {
        return params.first_target;
    };
    let time = signed(parent.time) - signed(first.time);
    let height = i64::from(parent.height.above(anchor.height));
    difficulty::asert(reference, time, height, params.spacing, params.half_life, params.pow_limit).to_compact()
}

fn own_time(params: &ChainParams, recent: &[&BlockHeader], claimed: Timestamp) -> CompactTarget {
    let base = difficulty::next_target(params, recent);
    let Some(latest) = recent.iter().filter(|header| header.height > Height::GENESIS).map(|header| header.time).max()
    else {
        return base;
    };
    let counted = params.spacing + params.max_lateness;
    let excess = claimed.since(latest).saturating_sub(counted).min(params.half_life * MOST_OWN_HALVINGS);
    match base.expand() {
        Some(target) if !excess.is_zero() => {
            let excess = i64::try_from((excess + params.spacing).as_millis()).unwrap_or(i64::MAX);
            difficulty::asert(target, excess, 0, params.spacing, params.half_life, params.pow_limit).to_compact()
        }
        _ => base,
    }
}

/// LWMA-1, in floating point: the mean target times the weighted mean solve time, newest heaviest.
/// Times that do not rise count as one millisecond; genesis' time says nothing.
fn lwma(params: &ChainParams, chain: &[BlockHeader], window: usize) -> CompactTarget {
    let known = chain.len().saturating_sub(2).min(window);
    if known < LWMA_LEAST {
        return params.first_target;
    }
    let spacing = params.spacing.as_secs_f64() * 1000.0;
    let recent = &chain[chain.len() - known - 1..];
    let mut previous = signed(recent[0].time);
    let (mut weighted, mut targets, mut weights) = (0.0, 0.0, 0.0);
    for (weight, header) in (1_u32..).zip(&recent[1..]) {
        let time = signed(header.time).max(previous + 1);
        let taken = float(time - previous).min(LWMA_MOST * spacing);
        previous = time;
        weighted += f64::from(weight) * taken;
        weights += f64::from(weight);
        targets += target_value(header.target);
    }
    let mean = targets / f64::from(u32::try_from(known).unwrap_or(u32::MAX));
    from_value(mean * weighted / (weights * spacing)).min(params.pow_limit).to_compact()
}

/// A target as a floating-point number.
pub(super) fn target_value(target: CompactTarget) -> f64 {
    let exponent = i32::try_from(target.0 >> 24).unwrap_or(0);
    f64::from(target.0 & 0x00ff_ffff) * 2_f64.powi(8 * (exponent - 3))
}

/// Expected hashes for a block of this target.
pub(super) fn work(target: CompactTarget) -> f64 {
    2_f64.powi(256) / target_value(target)
}

/// The target next to a number.
pub(super) fn from_value(value: f64) -> Target {
    if value < 1.0 {
        return Target(U256::one());
    }
    if value >= 2_f64.powi(255) {
        return Target(U256::MAX);
    }
    #[expect(clippy::cast_possible_truncation, reason = "between 0 and 255")]
    let exponent = value.log2().floor() as i32;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "53 bits, positive")]
    let mantissa = (value * 2_f64.powi(MANTISSA_BITS - exponent)) as u64;
    let shift = exponent - MANTISSA_BITS;
    let places = usize::try_from(shift.unsigned_abs()).unwrap_or(0);
    Target(if shift < 0 { U256::from(mantissa) >> places } else { U256::from(mantissa) << places })
}

fn signed(time: Timestamp) -> i64 {
    i64::try_from(time.millis()).unwrap_or(i64::MAX)
}

#[expect(clippy::cast_precision_loss, reason = "spans of some weeks in milliseconds")]
pub(super) fn float(millis: i64) -> f64 {
    millis as f64
}
