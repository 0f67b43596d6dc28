//! Token buckets: how much of something may happen at once, and how fast the right to it returns.

use std::{fmt, str::FromStr, time::Duration};

/// Tokens are counted in millionths, so that a rate per second is a rate of millionths per microsecond.
const MICRO: u64 = 1_000_000;

/// How often something may happen: `burst` at once, then `per_second` in the long run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Tokens that return in one second.
    pub per_second: u32,
    /// Tokens in a full bucket.
    pub burst: u32,
}

/// A text is not a [`Rate`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a rate is written PER_SECOND:BURST with two whole numbers above zero, for instance 20:200")]
pub struct RateError;

impl FromStr for Rate {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Self, RateError> {
        let (per_second, burst) = text.split_once(':').ok_or(RateError)?;
        let rate = Self {
            per_second: per_second.parse().map_err(|_| RateError)?,
            burst: burst.parse().map_err(|_| RateError)?,
        };
        if rate.per_second == 0 || rate.burst == 0 { Err(RateError) } else { Ok(rate) }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.per_second, self.burst)
    }
}

/// What is left of a [`Rate`] for one address or connection. Starts full.
#[derive(Debug)]
pub(crate) struct Bucket {
    rate: Rate,
    micro_tokens: u64,
    updated: Duration,
}

impl Bucket {
    pub(crate) fn new(rate: Rate, now: Duration) -> Self {
        Self { rate, micro_tokens: u64::from(rate.burst) * MICRO, updated: now }
    }

    /// Takes `cost` tokens, or none if there are fewer.
    pub(crate) fn take(&mut self, now: Duration, cost: u32) -> bool {
        self.refill(now);
        let cost = u64::from(cost) * MICRO;
        let enough = self.micro_tokens >= cost;
        if enough {
            self.micro_tokens -= cost;
        }
        enough
    }

    /// Whether the bucket is as good as a new one, and may be forgotten.
    pub(crate) fn is_full(&mut self, now: Duration) -> bool {
        self.refill(now);
        self.micro_tokens == self.capacity()
    }

    fn refill(&mut self, now: Duration) {
        let elapsed = u64::try_from(now.saturating_sub(self.updated).as_micros()).unwrap_or(u64::MAX);
        let gained = elapsed.saturating_mul(u64::from(self.rate.per_second));
        self.micro_tokens = self.micro_tokens.saturating_add(gained).min(self.capacity());
        self.updated = self.updated.max(now);
    }

    fn capacity(&self) -> u64 {
        u64::from(self.rate.burst) * MICRO
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { per_second: 2, burst: 3 };

    #[test]
    fn gives_the_burst_then_the_rate() {
        let mut bucket = Bucket::new(RATE, Duration::ZERO);
        assert!((0..3).all(|_| bucket.take(Duration::ZERO, 1)));
        assert!(!bucket.take(Duration::ZERO, 1));
        assert!(!bucket.take(Duration::from_millis(499), 1));
        assert!(bucket.take(Duration::from_millis(500), 1));
        assert!(!bucket.take(Duration::from_millis(501), 1));
    }

    #[test]
    fn never_holds_more_than_the_burst() {
        let mut bucket = Bucket::new(RATE, Duration::ZERO);
        let much_later = Duration::from_secs(u64::MAX);
        assert!(!bucket.take(much_later, 4));
        assert!(bucket.take(much_later, 3));
        assert!(!bucket.is_full(much_later));
    }

    #[test]
    fn a_clock_that_steps_back_gives_nothing() {
        let mut bucket = Bucket::new(RATE, Duration::from_secs(9));
        assert!(bucket.take(Duration::from_secs(9), 3));
        assert!(!bucket.take(Duration::from_secs(1), 1));
        assert!(!bucket.take(Duration::from_secs(9), 1));
    }

    #[test]
    fn rate_is_read_strictly() {
        assert_eq!("20:200".parse(), Ok(Rate { per_second: 20, burst: 200 }));
        for bad in ["", "20", "0:5", "5:0", "-1:5", "1:2:3", "a:b"] {
            assert_eq!(bad.parse::<Rate>(), Err(RateError), "{bad}");
        }
    }
}
