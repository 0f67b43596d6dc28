//! How long to wait before the next attempt.

use std::time::Duration;

/// Longest wait after the first failure.
const FIRST: Duration = Duration::from_millis(500);

/// Longest wait after many: a tracker that returns is found within half a minute.
const LAST: Duration = Duration::from_secs(30);

/// Exponential back-off with jitter, so that the tabs of a restarted tracker do not
/// all come back in the same instant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// Time to wait after one more failure; `random` from 0 to 1 chooses within its upper half.
    pub(super) fn next(&mut self, random: f64) -> Duration {
        let longest = FIRST.saturating_mul(1_u32.checked_shl(self.failures).unwrap_or(u32::MAX)).min(LAST);
        self.failures = self.failures.saturating_add(1);
        longest.mul_f64(0.5 + random.clamp(0.0, 1.0) / 2.0)
    }

    /// It works again.
    pub(super) fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest() {
        let mut backoff = Backoff::default();
        let waits: Vec<_> = (0..9).map(|_| backoff.next(1.0).as_millis()).collect();
        assert_eq!(waits, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
        for _ in 0..100 {
            assert_eq!(backoff.next(1.0), LAST);
        }
        backoff.reset();
        assert_eq!(backoff.next(1.0), FIRST);
    }

    #[test]
    fn jitter_stays_in_the_upper_half() {
        for random in [0.0, 0.3, 0.999, -5.0, 7.0] {
            let wait = Backoff::default().next(random);
            assert!((FIRST / 2..=FIRST).contains(&wait), "{random} gave {wait:?}");
        }
        assert_eq!(Backoff::default().next(0.0), FIRST / 2);
    }
}
