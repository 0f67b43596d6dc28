//! What people and programs see of the lab: attacks, the verdicts of peers, and what this node refused.

use super::LogEntry;
pub use crate::net::offence::{BAN_SCORE, Offence};
use crate::request::{Attack, RequestError};
use crate::sentence::Sentence;
use crate::units::Timestamp;
use serde::{Deserialize, Serialize};
use tracker_protocol::PeerId;

/// An attack that this node can launch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct AttackView {
    /// Its stable name.
    pub name: Attack,
    /// What it tries, in a sentence.
    pub tries: Sentence,
    /// The rule that stops it, in a sentence.
    pub stopped_by: Sentence,
    /// What must be there for it.
    pub needs: Vec<Need>,
    /// What peers call it; absent where it is no fault and passed over.
    pub offence: Option<Offence>,
    /// Points that one such offence costs; at 100 a peer is banned.
    pub points: u32,
    /// What is missing now, if something is.
    pub lacks: Option<RequestError>,
    /// Whether its block is being mined.
    pub working: bool,
    /// How it is repeated, if it is.
    pub repeated: Option<Repetition>,
}

/// What an attack needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub enum Need {
    /// Somebody who could refuse it.
    Peers,
    /// Coins in this tab's wallet; none of them is spent.
    Coins,
    /// A payment of this tab's wallet that is confirmed.
    OwnPayment,
    /// A payment of anybody that is confirmed.
    Payment,
    /// Two blocks.
    Blocks,
    /// Real proof of work, which takes as long as a block of the network on this tab's threads.
    Work,
}

/// An attack that is launched again and again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Repetition {
    /// Seconds from one launch to the next.
    pub every: u32,
    /// The peer it is aimed at; all if absent.
    pub peer: Option<PeerId>,
    /// Times that it was tried.
    pub tries: u32,
    /// When it is tried again.
    pub next: Timestamp,
}

/// What became of one launch of an attack at one peer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Verdict {
    /// Names it, counted up from 1: an event with the number of an earlier one replaces that.
    pub number: u64,
    /// Counts the launches; the same for all peers of one launch.
    pub launch: u64,
    /// Which.
    pub attack: Attack,
    /// At whom.
    pub peer: PeerId,
    /// When.
    pub time: Timestamp,
    /// The forged block or transaction, if it is one: its hash or id.
    pub subject: Option<String>,
    /// What the peer made of it.
    pub outcome: Outcome,
}

/// What a peer made of an attack.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(tag = "state", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Outcome {
    /// It was sent; nothing is known yet.
    Sent,
    /// The peer refused it and said why.
    Refused {
        /// By which rule.
        offence: Offence,
        /// What that cost.
        points: u32,
        /// The peer's reason. From outside: show it as text, nothing else.
        reason: String,
        /// Points of this node at the peer, by the peer's word.
        score: u32,
        /// Until when the peer has banned this node, if it has.
        banned_until: Option<Timestamp>,
        /// Refusals of this launch so far; the others were like this one, or cost less.
        refusals: u32,
        /// Milliseconds from the launch to the refusal.
        after_ms: u64,
    },
    /// The peer has read it and said nothing: it needs no refusal.
    PassedOver,
    /// The peer has been silent ever since.
    Unanswered,
    /// The connection ended without a word about it.
    Closed,
}

/// Something that this node refused, and what it cost who sent it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Incident {
    /// The line of the log: when, which offence (`code`), why, from whom, and what it was.
    #[serde(flatten)]
    pub line: LogEntry,
    /// Points that it cost the sender.
    pub points: u32,
    /// The sender's points afterwards; at 100 it is banned.
    pub score: u32,
    /// Until when the sender is banned, if it is.
    pub banned_until: Option<Timestamp>,
}

/// A peer that this node talks to no more for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct BanView {
    /// Who.
    pub peer_id: PeerId,
    /// What brought the score to 100; not known of a ban of an earlier run.
    pub offence: Option<Offence>,
    /// Until when.
    pub until: Timestamp,
    /// Milliseconds from now until then.
    pub remaining_ms: u64,
}
