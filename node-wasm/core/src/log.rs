//! The node's log: what happened, what was accepted, what was refused and why. Bounded.

use crate::contract::Output;
use crate::net::outbox::Outbox;
use crate::units::Timestamp;
use crate::view::{Event, LogEntry, LogLevel};
use std::collections::VecDeque;
use tracker_protocol::PeerId;

/// Lines kept; older ones are dropped.
pub const MAX_LINES: usize = 500;

/// A number and what it counts: "1 block", "2 blocks".
pub(crate) fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// A line before it has its number and time.
#[derive(Debug, Clone)]
pub struct Line {
    level: LogLevel,
    code: &'static str,
    message: String,
    peer: Option<PeerId>,
    subject: Option<String>,
}

impl Line {
    /// A line of news; `code` is a stable word.
    pub fn info(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(LogLevel::Info, code, message)
    }

    /// Something was found valid.
    pub fn accepted(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(LogLevel::Accepted, code, message)
    }

    /// Something was refused.
    pub fn rejected(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(LogLevel::Rejected, code, message)
    }

    /// Something that the user should know.
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(LogLevel::Warning, code, message)
    }

    fn new(level: LogLevel, code: &'static str, message: impl Into<String>) -> Self {
        Self { level, code, message: message.into(), peer: None, subject: None }
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
    sequence: u64,
}

impl Log {
    /// Adds a line and tells the user interface.
    pub fn write(&mut self, outbox: &mut Outbox, now: Timestamp, line: Line) {
        self.sequence += 1;
        let Line { level, code, message, peer, subject } = line;
        let entry =
            LogEntry { sequence: self.sequence, time: now, level, code: code.to_owned(), message, peer, subject };
        if self.lines.len() >= MAX_LINES {
            self.lines.pop_front();
        }
        self.lines.push_back(entry.clone());
        if level == LogLevel::Rejected {
            outbox.push(Output::Event(Event::Rejected(entry.clone())));
        }
        outbox.push(Output::Event(Event::Log(entry)));
    }

    /// Lines, newest first.
    pub fn newest(&self, limit: usize) -> Vec<LogEntry> {
        self.lines.iter().rev().take(limit).cloned().collect()
    }
}
