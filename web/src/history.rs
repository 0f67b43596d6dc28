//! Hash rates over time, kept while the tab is open.

use std::collections::VecDeque;

/// Most samples: ten minutes at two seconds.
const MOST: usize = 300;

/// Least time between two samples, in milliseconds. The page's clock ticks every second.
const PERIOD_MS: u64 = 1_900;

/// Hash rates at a time, hashes a second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct RateSample {
    /// Milliseconds since 1970.
    pub(crate) time: u64,
    /// Of this tab.
    pub(crate) own: f64,
    /// Of the whole network, estimated; absent before there are two blocks.
    pub(crate) all: Option<f64>,
}

/// The newest samples, oldest first.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct RateHistory {
    samples: VecDeque<RateSample>,
}

impl RateHistory {
    /// Notes a sample, unless the one before is too fresh.
    pub(crate) fn note(&mut self, time: u64, own: f64, all: Option<f64>) {
        if self.samples.back().is_some_and(|last| time.saturating_sub(last.time) < PERIOD_MS) {
            return;
        }
        self.samples.push_back(RateSample { time, own, all });
        if self.samples.len() > MOST {
            self.samples.pop_front();
        }
    }

    /// The samples, oldest first.
    pub(crate) fn samples(&self) -> Vec<RateSample> {
        self.samples.iter().copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_keep_their_distance_and_are_bounded() {
        let mut history = RateHistory::default();
        for second in 0..2_000_u64 {
            history.note(second * 1000, 1.0, None);
        }
        let samples = history.samples();
        assert_eq!(samples.len(), MOST);
        assert!(samples.windows(2).all(|pair| pair[1].time - pair[0].time >= PERIOD_MS));
        assert_eq!(samples.last().map(|sample| sample.time), Some(1_998_000));
    }
}
