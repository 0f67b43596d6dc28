//! The node's log: what happened, what was accepted, what was refused and why. Bounded.

use crate::contract::Output;
use crate::net::offence::Offence;
use crate::net::outbox::Outbox;
use crate::sentence::Sentence;
use crate::units::Timestamp;
use crate::view::lab::Incident;
use crate::view::{Event, LogEntry, LogLevel, Page};
use std::collections::VecDeque;
use tracker_protocol::PeerId;

/// Lines kept; older ones are dropped.
pub const MAX_LINES: usize = 500;
/// Refusals kept beside them, so that other news do not push them out; older ones are dropped.
pub const MAX_INCIDENTS: usize = 500;

/// The codes of lines, beside those of offences: stable words, each with its meaning for whoever explains the log.
const CODES: [&str; 56] = [
    "attack",
    "bad-signal",
    "block-ahead",
    "block-connected",
    "blocks-connected",
    "clock-wrong",
    "fork",
    "fork-discarded",
    "headers-connected",
    "history-incomplete",
    "light-peer-evicted",
    "link-refused",
    "miner-started",
    "miner-stopped",
    "no-template",
    "own-block-invalid",
    "peer-banned",
    "peer-behind",
    "peer-evicted",
    "peer-full",
    "peer-joined",
    "peer-left",
    "peer-not-reached",
    "peer-pardoned",
    "peer-replaced",
    "profile-in-use",
    "pruned",
    "refused-by-peer",
    "reorganisation",
    "role-changed",
    "signal-not-sent",
    "storage-absent",
    "storage-damaged",
    "storage-failed",
    "storage-migrated",
    "storage-newer",
    "storage-replay",
    "tip-stale",
    "tracker-joined",
    "tracker-lost",
    "tracker-refused",
    "transaction-dropped",
    "transaction-refused",
    "transaction-sent",
    "transaction-waiting",
    "transactions-returned",
    "vault-renewed",
    "wallet-backed-up",
    "wallet-created",
    "wallet-damaged",
    "wallet-imported",
    "wallet-locked",
    "wallet-protected",
    "wallet-restored",
    "wallet-unlocked",
    "woke",
];

/// Every code that a line can have.
pub fn codes() -> impl Iterator<Item = &'static str> {
    CODES.into_iter().chain(Offence::ALL.map(Offence::code))
}

/// Hash or id of a block or transaction, as lines name it.
pub(crate) fn to_subject(bytes: [u8; 32]) -> String {
    hex::encode(bytes)
}

/// What a refusal cost the peer.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Cost {
    pub(crate) points: u32,
    /// Its points afterwards.
    pub(crate) score: u32,
    /// Until when it is banned, if it is.
    pub(crate) banned_until: Option<Timestamp>,
}

/// A line before it has its number and time.
#[derive(Debug, Clone)]
pub struct Line {
    level: LogLevel,
    code: &'static str,
    message: Sentence,
    peer: Option<PeerId>,
    subject: Option<String>,
    cost: Cost,
}

impl Line {
    /// A line of news; `code` is a stable word.
    pub fn info(code: &'static str, message: impl Into<Sentence>) -> Self {
        Self::new(LogLevel::Info, code, message)
    }

    /// Something was found valid.
    pub fn accepted(code: &'static str, message: impl Into<Sentence>) -> Self {
        Self::new(LogLevel::Accepted, code, message)
    }

    /// Something was refused.
    pub fn rejected(code: &'static str, message: impl Into<Sentence>) -> Self {
        Self::new(LogLevel::Rejected, code, message)
    }

    /// Something that the user should know.
    pub fn warning(code: &'static str, message: impl Into<Sentence>) -> Self {
        Self::new(LogLevel::Warning, code, message)
    }

    fn new(level: LogLevel, code: &'static str, message: impl Into<Sentence>) -> Self {
        debug_assert!(codes().any(|known| known == code), "{code} is missing in the list of codes");
        Self { level, code, message: message.into(), peer: None, subject: None, cost: Cost::default() }
    }

    /// What it cost the peer.
    #[must_use]
    pub(crate) fn cost(mut self, cost: Cost) -> Self {
        self.cost = cost;
        self
    }

    /// The peer it is about.
    #[must_use]
    pub fn peer(mut self, peer: PeerId) -> Self {
        self.peer = Some(peer);
        self
    }

    /// The block or transaction it is about.
    #[must_use]
    pub fn subject(mut self, subject: impl ToString) -> Self {
        self.subject = Some(subject.to_string());
        self
    }
}

/// The newest lines.
#[derive(Debug, Default)]
pub struct Log {
    lines: VecDeque<LogEntry>,
    incidents: VecDeque<Incident>,
    sequence: u64,
}

impl Log {
    /// Adds a line and tells the user interface.
    pub fn write(&mut self, outbox: &mut Outbox, now: Timestamp, line: Line) {
        self.sequence += 1;
        let Line { level, code, message, peer, subject, cost } = line;
        let entry =
            LogEntry { sequence: self.sequence, time: now, level, code: code.to_owned(), message, peer, subject };
        if self.lines.len() >= MAX_LINES {
            self.lines.pop_front();
        }
        self.lines.push_back(entry.clone());
        if level == LogLevel::Rejected {
            let Cost { points, score, banned_until } = cost;
            let incident = Incident { line: entry.clone(), points, score, banned_until };
            if self.incidents.len() >= MAX_INCIDENTS {
                self.incidents.pop_front();
            }
            self.incidents.push_back(incident.clone());
            outbox.push(Output::Event(Event::Rejected(incident)));
        }
        outbox.push(Output::Event(Event::Log(entry)));
    }

    /// Lines, newest first.
    pub fn newest(&self, limit: usize) -> Vec<LogEntry> {
        self.lines.iter().rev().take(limit).cloned().collect()
    }

    /// Refusals, newest first.
    pub fn incidents(&self, from: usize, limit: usize) -> Page<Incident> {
        let items = self.incidents.iter().rev().skip(from).take(limit).cloned().collect();
        Page { items, total: u32::try_from(self.incidents.len()).unwrap_or(u32::MAX) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_outlive_other_news_and_are_bounded() {
        let (mut log, mut outbox) = (Log::default(), Outbox::default());
        let mut write = |line: Line| log.write(&mut outbox, Timestamp::default(), line);
        let cost = Cost { points: 25, score: 50, banned_until: None };
        write(Line::rejected("bad-signature", Sentence::verbatim("why")).cost(cost));
        (0..MAX_LINES).for_each(|_| write(Line::info("woke", Sentence::verbatim(""))));
        assert!(log.newest(MAX_LINES).iter().all(|line| line.code == "woke"));
        let page = log.incidents(0, 10);
        assert_eq!((page.total, page.items[0].points, page.items[0].score), (1, 25, 50));
        for _ in 0..MAX_INCIDENTS {
            log.write(&mut outbox, Timestamp::default(), Line::rejected("garbage", Sentence::verbatim("")));
        }
        let page = log.incidents(MAX_INCIDENTS - 1, 10);
        assert_eq!((page.total as usize, page.items.len()), (MAX_INCIDENTS, 1));
        assert_eq!(page.items[0].line.code, "garbage");
    }

    #[test]
    fn an_incident_in_json_is_a_line_with_its_cost() {
        let (mut log, mut outbox) = (Log::default(), Outbox::default());
        let cost = Cost { points: 100, score: 120, banned_until: Some(Timestamp::from_millis(7)) };
        log.write(
            &mut outbox,
            Timestamp::from_millis(5),
            Line::rejected("garbage", Sentence::verbatim("no message")).cost(cost),
        );
        let json = serde_json::to_value(&log.incidents(0, 1).items[0]).unwrap();
        for (name, value) in [("code", "garbage"), ("message", "no message"), ("level", "rejected")] {
            assert_eq!(json[name], value);
        }
        for (name, value) in [("time", 5), ("points", 100), ("score", 120), ("bannedUntil", 7)] {
            assert_eq!(json[name], value, "{name}");
        }
    }
}
