//! How far catching up has come, how fast it goes, and how much longer it takes.

use super::Node;
use crate::units::{Height, Timestamp};
use crate::view::{Event, SyncProgress};
use std::collections::VecDeque;
use std::time::Duration;

/// Time between two measurements, and between two events: as often as a person can read.
const STEP: Duration = Duration::from_millis(500);
/// Measurements over which the rate is taken: ten seconds.
const WINDOW: usize = 20;

/// Bodies that were taken in, and when.
#[derive(Debug, Default)]
pub(super) struct Progress {
    bodies: u64,
    measured: VecDeque<(Timestamp, u64)>,
    told: Option<SyncProgress>,
    told_at: Timestamp,
}

impl Progress {
    /// So many bodies were taken in.
    pub(super) fn count(&mut self, bodies: u64) {
        self.bodies += bodies;
    }

    fn measure(&mut self, now: Timestamp) {
        if self.measured.back().is_none_or(|(at, _)| now.since(*at) >= STEP) {
            self.measured.push_back((now, self.bodies));
            if self.measured.len() > WINDOW {
                self.measured.pop_front();
            }
        }
    }

    /// Bodies a second over the window; none before anything was measured.
    fn rate(&self, now: Timestamp) -> Option<f64> {
        let (since, before) = self.measured.front()?;
        let seconds = now.since(*since).as_secs_f64();
        let bodies = u32::try_from(self.bodies - before).unwrap_or(u32::MAX);
        (seconds > 0.0 && bodies > 0).then(|| f64::from(bodies) / seconds)
    }
}

impl Node {
    /// How far catching up has come, if this node is behind.
    pub(super) fn sync_progress(&self) -> Option<SyncProgress> {
        if !self.chain.keeps_bodies() {
            return self.light_progress(self.progress.rate(self.now));
        }
        if !self.is_behind() {
            return None;
        }
        let (height, target): (Height, Height) = (self.chain.height(), self.chain.best_header().0.height);
        let rate = self.progress.rate(self.now);
        let left = f64::from(u32::try_from(self.chain.missing_count()).unwrap_or(u32::MAX));
        let seconds_left = rate.map(|rate| left / rate);
        Some(SyncProgress { height, target, blocks_per_second: rate, seconds_left })
    }

    /// Tells of progress in catching up: its beginning and end at once, the rest at a bounded rate.
    pub(super) fn tell_progress(&mut self) {
        let behind = self.sync_progress().is_some();
        if !behind && self.progress.told.is_none() {
            self.progress.measured.clear();
            return;
        }
        self.progress.measure(self.now);
        let waits = self.now.since(self.progress.told_at) < STEP;
        if waits && behind == self.progress.told.is_some() {
            return;
        }
        let progress = self.sync_progress();
        if progress != self.progress.told {
            (self.progress.told, self.progress.told_at) = (progress, self.now);
            self.tell(Event::Sync(progress));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_that_of_the_last_ten_seconds() {
        let at = |seconds: u64| Timestamp::from_millis(seconds * 1000);
        let mut progress = Progress::default();
        progress.measure(at(0));
        assert_eq!(progress.rate(at(5)), None);
        for second in 1..=60 {
            progress.count(if second <= 30 { 100 } else { 4 });
            progress.measure(at(second));
        }
        assert_eq!(progress.measured.len(), WINDOW);
        let rate = progress.rate(at(60)).unwrap();
        assert!((rate - 4.0).abs() < 1e-9, "{rate}");
    }

    #[test]
    fn measurements_are_half_a_second_apart() {
        let mut progress = Progress::default();
        for millis in 0..=1_000 {
            progress.measure(Timestamp::from_millis(millis));
        }
        assert_eq!(progress.measured.len(), 3);
    }
}
