//! How much of everything a peer may send and ask for: one table of token buckets.

use crate::net::message::Message;
use crate::units::Timestamp;
use std::time::Duration;

/// Bytes of sync bodies and headers that wait for a link, beyond its window, from which on further
/// ones are held back: enough that a fast line never runs dry while the next body is looked up.
pub const SERVE_ROOM: u64 = 256 * 1024;
/// Bytes of transactions and their ids that wait for a link from which on nothing is announced
/// over it: the peer reads slower than the network speaks and learns of it from others, or by asking.
pub const SLOW_LINK: u64 = 1024 * 1024;
/// Blocks that a peer may have asked for and not got yet: those of two requests of an honest node,
/// which never has more than one request of 16 under way, and one that it has given up.
pub const MAX_ORDERS: usize = 64;
/// Signatures of a peer's transactions that are verified at once. The next are given away when
/// these have come back, so that peers take turns, and a peer whose signatures are wrong is banned
/// after this many checks at most: some 20 ms.
pub const MAX_CHECKS: usize = 128;
/// Transactions of a peer that wait for their signatures to be verified; those beyond are passed
/// over. Two full messages: half a megabyte at the most.
pub const MAX_UNCHECKED: usize = 2_000;
/// Refusals told to a peer, and written down, at once; beyond them and their rate it is refused in
/// silence, so that a flood fills neither its line nor the log. Points count nevertheless.
const REFUSALS: Limit = Limit::new("refusals", 5.0, 100.0);

/// What is limited for each peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// All messages.
    Messages,
    /// Pings.
    Pings,
    /// Headers that were not asked for.
    Headers,
    /// Ids of transactions that a peer announces.
    Announcements,
    /// Ids of transactions that a peer asks for.
    TransactionRequests,
    /// Transactions that a peer sends.
    Transactions,
    /// Bytes of blocks that were not asked for, or came too late.
    UnaskedBytes,
    /// Bytes of blocks, headers and transactions that are sent at a peer's request. Never a fault:
    /// what is asked for beyond waits.
    ServedBytes,
    /// Refusals sent to a peer.
    Refusals,
    /// Questions of a light node.
    Questions,
    /// Hashes that answers to them cost. Never a fault: what costs more waits.
    ProofHashes,
    /// Changes of role that a peer tells of.
    Roles,
    /// Transactions that a peer announced and did not send. One that it sends pays for one that it does not.
    Undelivered,
}

/// A rate in the long run and a number at once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limit {
    /// What is counted.
    pub unit: &'static str,
    /// So many a second in the long run.
    pub rate: f64,
    /// So many at once.
    pub burst: f64,
}

impl Limit {
    /// So many units a second in the long run, and so many at once.
    pub const fn new(unit: &'static str, rate: f64, burst: f64) -> Self {
        Self { unit, rate, burst }
    }
}

impl Kind {
    /// All kinds; the position of a kind is that of its bucket.
    const ALL: [Self; 13] = [
        Self::Messages,
        Self::Pings,
        Self::Headers,
        Self::Announcements,
        Self::TransactionRequests,
        Self::Transactions,
        Self::UnaskedBytes,
        Self::ServedBytes,
        Self::Refusals,
        Self::Questions,
        Self::ProofHashes,
        Self::Roles,
        Self::Undelivered,
    ];

    /// The table.
    pub const fn limit(self) -> Limit {
        match self {
            // The busiest honest peer sends a few announcements, requests and answers a second
            // each; at once it may answer everything that can be asked for at once.
            Self::Messages => Limit::new("messages", 200.0, 2_000.0),
            // One is due every ten seconds, and more when a peer wakes up or announces strange blocks.
            Self::Pings => Limit::new("pings", 1.0, 20.0),
            // A new tip is at most eight headers. At once: two full messages, for an answer that
            // came after its question was given up.
            Self::Headers => Limit::new("headers", 100.0, 4_000.0),
            // Full blocks of the smallest transactions every two seconds are 5,000 a second.
            Self::Announcements | Self::TransactionRequests | Self::Transactions => {
                Limit::new("transactions", 5_000.0, 20_000.0)
            }
            // Sixteen bodies under way that are given up and come nevertheless, twice.
            Self::UnaskedBytes => Limit::new("bytes", 1024.0 * 1024.0, 32.0 * 1024.0 * 1024.0),
            // A newcomer with eight peers gets a full block of the main network 160 times as fast
            // as it is mined, and no peer more than 17 Mbit/s of a tab's line for long.
            Self::ServedBytes => Limit::new("bytes", 2.0 * 1024.0 * 1024.0, 32.0 * 1024.0 * 1024.0),
            Self::Refusals => REFUSALS,
            // At a new tip a light node asks twice for each of its addresses, and page after page for
            // what it missed.
            Self::Questions => Limit::new("questions", 10.0, 100.0),
            // A proof from a full block of the smallest transactions costs 20,000 hashes, of which a
            // tab makes a million a second: a peer takes 2 per cent of a processor for long.
            Self::ProofHashes => Limit::new("hashes", 20_000.0, 400_000.0),
            // A node tells of its role once a second at most.
            Self::Roles => Limit::new("messages", 2.0, 20.0),
            // An honest peer keeps what it announced for a while, but not if very much leaves at once, and
            // its line may be slow. At once: all that it can be asked for, once.
            Self::Undelivered => Limit::new("transactions", 10.0, 2_000.0),
        }
    }

    /// What a message from a peer counts as, beside a message, and how much of it. Kinds of
    /// messages that have no limit of their own count as messages only.
    pub fn of(message: &Message) -> Option<(Self, usize)> {
        match message {
            Message::Ping(_) => Some((Self::Pings, 1)),
            Message::Announce(ids) => Some((Self::Announcements, ids.len())),
            Message::GetTransactions(ids) => Some((Self::TransactionRequests, ids.len())),
            Message::Transactions(transactions) => Some((Self::Transactions, transactions.len())),
            Message::Ask { .. } => Some((Self::Questions, 1)),
            Message::Role(_) => Some((Self::Roles, 1)),
            // GetPeers, PeerSample and Relay have buckets of their own where they are handled: what
            // is beyond is not always a fault.
            _ => None,
        }
    }
}

/// Lets through so many a second, and so many at once (a token bucket).
#[derive(Debug, Clone, Copy)]
pub struct Bucket {
    tokens: f64,
    limit: Limit,
    filled: Timestamp,
}

impl Bucket {
    /// A full bucket.
    pub fn new(limit: Limit, now: Timestamp) -> Self {
        Self { tokens: limit.burst, limit, filled: now }
    }

    /// Takes so many, if there are so many.
    pub fn take(&mut self, count: f64, now: Timestamp) -> bool {
        self.fill(now);
        let there = self.tokens >= count;
        if there {
            self.tokens -= count;
        }
        there
    }

    /// Takes so many, if necessary from what is to come.
    pub fn spend(&mut self, count: f64, now: Timestamp) {
        self.fill(now);
        self.tokens -= count;
    }

    /// Gives back so many, up to a full bucket.
    pub fn earn(&mut self, count: f64) {
        self.tokens = (self.tokens + count).min(self.limit.burst);
    }

    /// When nothing is owed any more.
    pub fn ready_at(&self) -> Timestamp {
        let owed = (-self.tokens / self.limit.rate).max(0.0);
        // A millisecond more, so that rounding never makes anybody wait for a time that has come.
        self.filled.after(Duration::from_secs_f64(owed)).after(Duration::from_millis(u64::from(owed > 0.0)))
    }

    fn fill(&mut self, now: Timestamp) {
        let gained = now.since(self.filled).as_secs_f64() * self.limit.rate;
        self.tokens = (self.tokens + gained).min(self.limit.burst);
        self.filled = now;
    }
}

/// The buckets of one peer.
#[derive(Debug)]
pub struct Buckets([Bucket; Kind::ALL.len()]);

impl Buckets {
    /// Full buckets.
    pub fn new(now: Timestamp) -> Self {
        Self(Kind::ALL.map(|kind| Bucket::new(kind.limit(), now)))
    }

    /// Takes so many of a kind, if there are so many.
    pub fn take(&mut self, kind: Kind, count: usize, now: Timestamp) -> bool {
        #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
        let count = count as f64;
        self.0[kind as usize].take(count, now)
    }

    /// The bucket of a kind.
    pub fn of(&mut self, kind: Kind) -> &mut Bucket {
        &mut self.0[kind as usize]
    }

    /// When bytes may be served again.
    pub fn serves_at(&self) -> Timestamp {
        self.0[Kind::ServedBytes as usize].ready_at()
    }

    /// When a question may be answered again.
    pub fn proves_at(&self) -> Timestamp {
        self.serves_at().max(self.0[Kind::ProofHashes as usize].ready_at())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::TxId;

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn every_kind_has_its_own_bucket() {
        for (index, kind) in Kind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, index);
        }
    }

    #[test]
    fn every_limit_holds_below_at_and_above_its_value() {
        for kind in Kind::ALL {
            let Limit { rate, burst, .. } = kind.limit();
            let count = |value: f64| format!("{value:.0}").parse::<usize>().unwrap();
            let (burst, rate) = (count(burst), count(rate));
            let mut buckets = Buckets::new(at(0));
            assert!(buckets.take(kind, burst - 1, at(0)), "{kind:?}: below");
            assert!(buckets.take(kind, 1, at(0)), "{kind:?}: at");
            assert!(!buckets.take(kind, 1, at(0)), "{kind:?}: above");
            assert!(!buckets.take(kind, rate + 1, at(1000)), "{kind:?}: above the rate");
            assert!(buckets.take(kind, rate, at(1000)), "{kind:?}: at the rate");
            assert!(!Buckets::new(at(0)).take(kind, burst + 1, at(0)), "{kind:?}: all at once");
            assert!(!buckets.take(kind, burst + 1, at(1_000_000_000)), "{kind:?}: what is not used does not add up");
        }
    }

    #[test]
    fn what_is_owed_is_paid_back_at_the_rate() {
        let mut bucket = Bucket::new(Limit::new("bytes", 100.0, 1_000.0), at(0));
        assert_eq!(bucket.ready_at(), at(0));
        bucket.spend(1_000.0, at(0));
        assert_eq!(bucket.ready_at(), at(0));
        bucket.spend(50.0, at(0));
        assert_eq!(bucket.ready_at(), at(501));
        assert!(!bucket.take(1.0, at(500)));
        assert!(bucket.take(1.0, at(510)));
    }

    #[test]
    fn messages_count_by_what_is_in_them() {
        assert_eq!(Kind::of(&Message::Announce(vec![TxId::ZERO; 7])), Some((Kind::Announcements, 7)));
        assert_eq!(Kind::of(&Message::Ping(1)), Some((Kind::Pings, 1)));
        assert_eq!(Kind::of(&Message::NotFound(Vec::new())), None);
    }
}
