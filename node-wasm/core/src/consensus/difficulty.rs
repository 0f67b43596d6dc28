//! Difficulty: the target of a block from the blocks before it.
//!
//! The step is ASERT as specified for aserti3-2d (Bitcoin Cash, 2020), in integers: being late by
//! one half-life doubles the target, being early by one halves it. It is taken from block to
//! block rather than from an anchor far back, with the lateness of one block bounded. Where
//! nothing is bounded the two agree, because the exponents add up; but a room that stood empty for
//! a week starts again near the difficulty it had, instead of racing through a week of blocks.

use crate::block::BlockHeader;
use crate::params::ChainParams;
use crate::units::{CompactTarget, Height, Target};
use primitive_types::{U256, U512};
use std::time::Duration;

/// Fractional bits of the exponent.
const RADIX_BITS: u32 = 16;
/// Headers that are looked at: the parent, and ten before it.
pub const SPAN: usize = 11;

/// The target that a block must claim on these headers: its parent, the parent's parent and so on,
/// [`SPAN`] of them or as many as there are.
///
/// The first two blocks have the network's first target: the genesis block's time says nothing.
///
/// Lateness is bounded from the latest time before the parent on, so that false times before a long
/// wait do not eat up the bound. Earliness needs no bound: no valid time falls more than `max_ahead`
/// behind another ([`earliest_time`](super::validation::earliest_time)).
pub fn next_target(params: &ChainParams, recent: &[&BlockHeader]) -> CompactTarget {
    let mined = recent.iter().take(SPAN).take_while(|header| header.height > Height::GENESIS);
    let times: Vec<i64> = mined.map(|header| signed_millis(header.time.millis())).collect();
    let (Some(reference), [time, before @ ..]) =
        (recent.first().and_then(|parent| parent.target.expand()), times.as_slice())
    else {
        return params.first_target;
    };
    let [previous, ..] = before else { return params.first_target };
    let latest = before.iter().copied().max().unwrap_or_default();
    let bound = latest.saturating_add(millis(params.spacing + params.max_lateness));
    let taken = (*time).min(bound) - previous;
    asert(reference, taken, 0, params.spacing, params.half_life, params.pow_limit).to_compact()
}

/// aserti3-2d: the target `height_difference` + 1 blocks after the parent of a reference block,
/// `time_difference_ms` after that parent's time, never above `limit`.
pub fn asert(
    reference: Target,
    time_difference_ms: i64,
    height_difference: i64,
    spacing: Duration,
    half_life: Duration,
    limit: Target,
) -> Target {
    let drift = i128::from(time_difference_ms) - i128::from(millis(spacing)) * (i128::from(height_difference) + 1);
    // Truncates towards zero, as the specification's C++ does.
    let exponent = drift * (1 << RADIX_BITS) / i128::from(millis(half_life).max(1));
    let shifts = exponent >> RADIX_BITS;
    let fraction = u64::try_from(exponent & ((1 << RADIX_BITS) - 1)).unwrap_or(0);
    let factor = U512::from((1_u64 << RADIX_BITS) + cubic(fraction));

    // The product has up to 273 bits before the shift.
    let product = U512::from(reference.0) * factor;
    let shifts = shifts - i128::from(RADIX_BITS);
    let shifted = match usize::try_from(shifts.unsigned_abs()) {
        Ok(places) if shifts < 0 => {
            if places < 512 {
                product >> places
            } else {
                U512::zero()
            }
        }
        Ok(places) if places < 512 && product.leading_zeros() as usize >= places => product << places,
        _ => return limit,
    };
    match U256::try_from(shifted) {
        Ok(target) if target.is_zero() => Target(U256::one()),
        Ok(target) => Target(target.min(limit.0)),
        Err(_) => limit,
    }
}

/// 65536 · (2^(x/65536) - 1), within 0.013 %, for x in 0..65536.
fn cubic(x: u64) -> u64 {
    let x = u128::from(x);
    let sum = 195_766_423_245_049 * x + 971_821_376 * x * x + 5_127 * x * x * x + (1 << 47);
    u64::try_from(sum >> 48).unwrap_or(u64::MAX)
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

fn signed_millis(millis: u64) -> i64 {
    i64::try_from(millis).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::consensus::validation::earliest_time;
    use crate::hash::StateRoot;
    use crate::units::Timestamp;
    use proptest::prelude::*;

    const SPACING: Duration = Duration::from_mins(10);
    const HALF_LIFE: Duration = Duration::from_hours(48);

    fn limit() -> Target {
        CompactTarget(0x1d00_ffff).expand().unwrap()
    }

    fn run(reference: u32, seconds: i64, blocks: i64) -> u32 {
        let reference = CompactTarget(reference).expand().unwrap();
        asert(reference, seconds * 1000, blocks, SPACING, HALF_LIFE, limit()).to_compact().0
    }

    /// Steps whose results follow from the definition: on time, one half-life late, early, clamped.
    #[test]
    fn steps_of_one_half_life() {
        let half_life = 48 * 3600;
        assert_eq!(run(0x1b01_0000, 600, 0), 0x1b01_0000);
        assert_eq!(run(0x1b01_0000, 600 + half_life, 0), 0x1b02_0000);
        assert_eq!(run(0x1b01_0000, 600 - half_life, 0), 0x1b00_8000);
        assert_eq!(run(0x1b01_0000, 600 * 101 + 2 * half_life, 100), 0x1b04_0000);
        assert_eq!(run(0x1d00_ffff, 600 + half_life, 0), 0x1d00_ffff);
        assert_eq!(run(0x1d00_ffff, i64::MAX / 2000, 0), 0x1d00_ffff);
        assert_eq!(run(0x1d00_ffff, 0, i64::from(u32::MAX)), 0x0101_0000);
    }

    /// Every line of the vectors that the specification publishes.
    #[test]
    fn published_vectors() {
        let mut anchor = None;
        let mut checked = 0;
        for line in include_str!("aserti3-2d.txt").lines().filter(|line| !line.starts_with('#')) {
            let bits = |text: &str| CompactTarget(u32::from_str_radix(text, 16).unwrap());
            let difference = |later: &str, earlier: u64| {
                i64::try_from(i128::from(later.parse::<u64>().unwrap()) - i128::from(earlier)).unwrap()
            };
            match line.split(' ').collect::<Vec<_>>()[..] {
                ["run", name, height, parent_time, target] => {
                    anchor = Some((
                        name,
                        height.parse().unwrap(),
                        parent_time.parse().unwrap(),
                        bits(target).expand().unwrap(),
                    ));
                }
                [height, time, next] => {
                    let (name, anchor_height, parent_time, target) = anchor.unwrap();
                    let millis = difference(time, parent_time) * 1000;
                    let found = asert(target, millis, difference(height, anchor_height), SPACING, HALF_LIFE, limit());
                    assert_eq!(found.to_compact(), bits(next), "{name}, height {height}");
                    checked += 1;
                }
                _ => panic!("not a line of the vectors: {line}"),
            }
        }
        assert_eq!(checked, 4_201);
    }

    /// Whoever validates hands over as many headers as the median takes.
    #[test]
    fn callers_have_enough_headers() {
        assert_eq!(SPAN, crate::consensus::validation::MEDIAN_SPAN);
    }

    fn header(params: &ChainParams, height: u32, time: u64, target: CompactTarget) -> BlockHeader {
        let mut header = params.genesis(StateRoot::ZERO).header;
        header.height = Height(height);
        header.time = Timestamp::from_millis(time);
        header.target = target;
        header
    }

    /// The target after blocks with these times, in seconds, on a first one at zero.
    fn after(params: &ChainParams, times: &[u64]) -> CompactTarget {
        const START: u64 = 1_800_000_000_000;
        let mut chain = vec![params.genesis(StateRoot::ZERO).header, header(params, 1, START, params.first_target)];
        for time in times {
            let recent: Vec<&BlockHeader> = chain.iter().rev().take(SPAN).collect();
            let height = chain.len().try_into().unwrap();
            chain.push(header(params, height, START + time * 1000, next_target(params, &recent)));
        }
        next_target(params, &chain.iter().rev().take(SPAN).collect::<Vec<_>>())
    }

    #[test]
    fn the_first_two_blocks_have_the_first_target() {
        let params = ChainParams::named("dev", "a").unwrap();
        let genesis = params.genesis(StateRoot::ZERO).header;
        assert_eq!(next_target(&params, &[&genesis]), params.first_target);
        assert_eq!(after(&params, &[]), params.first_target);
        assert_eq!(after(&params, &[2]), params.first_target);
        assert!(after(&params, &[3]).expand() > params.first_target.expand());
    }

    #[test]
    fn an_empty_week_counts_as_the_greatest_lateness() {
        let params = ChainParams::named("main", "a").unwrap();
        let (spacing, bound) = (params.spacing.as_secs(), params.max_lateness.as_secs());
        let next = after(&params, &[7 * 86_400]);
        assert_eq!(next, after(&params, &[spacing + bound]));
        // 64 spacings late at a half-life of 16: sixteen times easier, no more.
        assert_eq!(next, Target(params.first_target.expand().unwrap().0 << 4).to_compact());
        // The next block does not count the week again.
        assert_eq!(after(&params, &[7 * 86_400, 7 * 86_400 + spacing]), next);
    }

    /// Where nothing is bounded, only the ends of a stretch of blocks matter, up to rounding.
    #[test]
    fn false_times_cancel_out() {
        let near = |one: CompactTarget, other: CompactTarget| {
            let (one, other) = (one.expand().unwrap().0, other.expand().unwrap().0);
            one.max(other) - one.min(other) <= one >> 12
        };
        for params in [ChainParams::named("main", "a").unwrap(), ChainParams::named("dev", "a").unwrap()] {
            let spacing = params.spacing.as_secs();
            let honest: Vec<u64> = (1..=12).map(|block| block * spacing).collect();
            let expected = after(&params, &honest);
            let mut ahead = honest.clone();
            ahead[8] += params.max_ahead.as_secs();
            let mut behind = honest.clone();
            behind[8] = behind[2];
            assert!(near(after(&params, &ahead), expected) && near(after(&params, &behind), expected));
        }
    }

    /// Blocks with any valid times, and what all the lies and waits together made of the difficulty:
    /// never harder than the same blocks at their real times, but for one lie that is still open.
    fn hardest_after(params: &ChainParams, waits_ms: &[u64], lies: &[u8]) -> (Target, Target) {
        let mut chain = vec![params.genesis(StateRoot::ZERO).header];
        let mut honest = chain.clone();
        let mut now = chain[0].time.millis() + 86_400_000;
        for (wait, lie) in waits_ms.iter().zip(lies) {
            now += wait;
            let append = |chain: &mut Vec<BlockHeader>, lie: u8| {
                let recent: Vec<&BlockHeader> = chain.iter().rev().take(SPAN).collect();
                let earliest = earliest_time(params, &recent);
                let claimed = match lie {
                    0 => earliest,
                    1 => Timestamp::from_millis(now).after(params.max_ahead),
                    _ => Timestamp::from_millis(now),
                };
                let (height, target) = (u32::try_from(chain.len()).unwrap(), next_target(params, &recent));
                chain.push(header(params, height, claimed.max(earliest).millis(), target));
            };
            append(&mut chain, *lie);
            append(&mut honest, u8::MAX);
        }
        let next = |chain: &[BlockHeader]| {
            next_target(params, &chain.iter().rev().take(SPAN).collect::<Vec<_>>()).expand().unwrap()
        };
        (next(&chain), next(&honest))
    }

    /// After a pause, one block with its true time and then ten from before it: once this left the
    /// difficulty at its greatest for good.
    #[test]
    fn dates_from_before_a_pause_are_refused_and_leave_no_trace() {
        for network in ["main", "dev"] {
            let params = ChainParams::named(network, "a").unwrap();
            let spacing = u64::try_from(params.spacing.as_millis()).unwrap();
            for pause in [3_600_000, 86_400_000, 30 * 86_400_000] {
                let mut waits = vec![spacing; 40];
                waits[15] = pause;
                let mut lies = vec![2; 40];
                lies[16..39].fill(0);
                let (found, honest) = hardest_after(&params, &waits, &lies);
                assert!(found.0 >= honest.0 >> 2, "{network}: {found} after {pause} ms, honest {honest}");
            }
        }
    }

    /// A claim that is accepted at once is never cut off by itself: what is cut off on the way
    /// forth would not be given back on the way back, and drive the difficulty up.
    #[test]
    fn the_bound_leaves_room_for_false_times() {
        for network in ["main", "dev"] {
            let params = ChainParams::named(network, "a").unwrap();
            assert!(params.max_lateness >= params.max_ahead + 32 * params.spacing, "{network}");
        }
    }

    proptest! {
        /// The most that lies can do is one `max_ahead` that the next true time gives back.
        #[test]
        fn no_valid_times_make_a_chain_much_harder_than_true_ones(
            waits in prop::collection::vec(prop_oneof![8 => 0_u64..60_000, 1 => 0_u64..100_000_000], 60),
            lies in prop::collection::vec(0_u8..3, 60),
            dev: bool,
        ) {
            let params = ChainParams::named(if dev { "dev" } else { "main" }, "a").unwrap();
            let (found, honest) = hardest_after(&params, &waits, &lies);
            let doublings = params.max_ahead.as_secs_f64() / params.half_life.as_secs_f64();
            let found = f64::from(u32::try_from(found.0.bits()).unwrap());
            let honest = f64::from(u32::try_from(honest.0.bits()).unwrap());
            prop_assert!(found >= honest - 2.0 * doublings - 2.0, "2^{found} instead of 2^{honest}");
        }

        #[test]
        fn later_is_never_harder(reference in 0x1a00_8000_u32..0x1a7f_ffff, early in 0_i64..1_000_000, more in 0_i64..1_000_000) {
            let reference = CompactTarget(reference).expand();
            prop_assume!(reference.is_some());
            let reference = reference.unwrap();
            let target = |seconds: i64| asert(reference, seconds * 1000, 0, SPACING, HALF_LIFE, limit());
            prop_assert!(target(early) <= target(early + more));
        }

        #[test]
        fn no_input_panics_or_leaves_the_bounds(target in any::<[u64; 4]>(), time in any::<i64>(), height in any::<i64>(), half_life in any::<u64>()) {
            let result = asert(Target(U256(target)), time, height, SPACING, Duration::from_millis(half_life), limit());
            prop_assert!(result.0 >= U256::one() && result <= limit());
        }
    }
}
