//! The hash rate over the last seconds.

use std::collections::VecDeque;

/// Measurements in the mean: smooths that workers report in steps, follows a change within seconds.
const WINDOW: usize = 4;

/// Sums hashes and gives their rate over the last few measurements.
#[derive(Debug, Default)]
pub(super) struct HashRate {
    hashes: u64,
    /// Hashes and milliseconds of each measurement.
    window: VecDeque<(u64, f64)>,
    measured_at: f64,
}

impl HashRate {
    /// Starts over at a time in milliseconds.
    pub(super) fn start(&mut self, now: f64) {
        *self = Self { measured_at: now, ..Self::default() };
    }

    /// So many more hashes were computed.
    pub(super) fn add(&mut self, hashes: u64) {
        self.hashes = self.hashes.saturating_add(hashes);
    }

    /// Ends a measurement at a time in milliseconds; hashes a second.
    pub(super) fn measure(&mut self, now: f64) -> f64 {
        if self.window.len() == WINDOW {
            self.window.pop_front();
        }
        self.window.push_back((self.hashes, (now - self.measured_at).max(0.0)));
        self.hashes = 0;
        self.measured_at = now;
        let (hashes, millis) =
            self.window.iter().fold((0, 0.0), |(hashes, millis), (more, longer)| (hashes + more, millis + longer));
        #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
        let rate = hashes as f64 * 1_000.0 / millis.max(1.0);
        rate
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close_to(left: f64, right: f64) -> bool {
        (left - right).abs() < 1e-6
    }

    #[test]
    fn rate_is_the_mean_of_the_window() {
        let mut rate = HashRate::default();
        rate.start(10_000.0);
        rate.add(1_000);
        assert!(close_to(rate.measure(11_000.0), 1_000.0));
        rate.add(2_000);
        rate.add(1_000);
        assert!(close_to(rate.measure(12_000.0), 2_000.0));
        for second in 13..17 {
            rate.add(500);
            rate.measure(f64::from(second) * 1_000.0);
        }
        rate.add(500);
        assert!(close_to(rate.measure(17_000.0), 500.0), "what came before the window is forgotten");
    }

    #[test]
    fn a_clock_that_stands_or_goes_back_gives_no_nonsense() {
        let mut rate = HashRate::default();
        rate.start(10_000.0);
        rate.add(5);
        assert!(rate.measure(9_000.0).is_finite());
        rate.start(0.0);
        assert!(close_to(rate.measure(0.0), 0.0));
    }
}
