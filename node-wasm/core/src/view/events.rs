//! What a node tells while it runs: lines of its log, and news for the user interface.

use super::lab::{Incident, Verdict};
use super::wallet::WalletView;
use super::{Balance, BlockSummary, HeaderView, PeerState, StorageView, SyncProgress, TrackerState, TransactionView};
use crate::hash::BlockHash;
use crate::sentence::Sentence;
use crate::units::Timestamp;
use serde::{Deserialize, Serialize};
use tracker_protocol::PeerId;

/// A line of the node's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct LogEntry {
    /// Counts up from 1; gaps mean that old lines were dropped.
    pub sequence: u64,
    /// When.
    pub time: Timestamp,
    /// What sort of news.
    pub level: LogLevel,
    /// One stable word for what happened, such as `block-connected` or `bad-signature`.
    pub code: String,
    /// The same in a sentence.
    #[serde(flatten)]
    pub message: Sentence,
    /// The peer it came from, if one.
    pub peer: Option<PeerId>,
    /// The block or transaction it is about, if one.
    pub subject: Option<String>,
}

/// Sorts of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub enum LogLevel {
    /// Something came or went.
    Info,
    /// Something was found valid.
    Accepted,
    /// Something was refused, with the reason.
    Rejected,
    /// The user should know.
    Warning,
}

/// The names of all kinds of [`Event`], in its order.
pub const EVENTS: [&str; 15] = [
    "tip",
    "header",
    "fork",
    "transaction",
    "balance",
    "wallet",
    "peer",
    "rejected",
    "verdict",
    "log",
    "sync",
    "hashrate",
    "storage",
    "tracker",
    "traffic",
];

/// News for the user interface, named as in the JavaScript API.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(rename = "NodeEvent"))]
#[serde(tag = "event", content = "detail", rename_all = "camelCase")]
pub enum Event {
    /// The best chain has a new tip.
    #[serde(rename_all = "camelCase")]
    Tip {
        /// The tip.
        block: BlockSummary,
        /// Blocks that left the best chain, newest first.
        reverted: Vec<BlockHash>,
        /// Blocks that joined it, oldest first.
        connected: Vec<BlockHash>,
    },
    /// On a light node, in place of a new tip: the best header is a new one.
    #[serde(rename_all = "camelCase")]
    Header {
        /// The header.
        header: HeaderView,
        /// Blocks that left the best chain, newest first.
        reverted: Vec<BlockHash>,
        /// Blocks that joined it, oldest first.
        connected: Vec<BlockHash>,
    },
    /// A branch beside the best chain came up, grew or was discarded.
    Fork(ForkChange),
    /// A transaction waits, was confirmed, or left the mempool.
    Transaction(TransactionView),
    /// The balance of an address of the wallet changed.
    Balance(Balance),
    /// The wallet was locked, unlocked, protected, replaced, or got other accounts.
    Wallet(Box<WalletView>),
    /// A peer came, changed or went (then `state` is absent).
    #[serde(rename_all = "camelCase")]
    Peer {
        /// Who.
        peer_id: PeerId,
        /// How far the connection is now.
        state: Option<PeerState>,
    },
    /// Something was refused: what, and what it cost who sent it.
    Rejected(Incident),
    /// A peer's verdict on an attack of this node came, or changed.
    Verdict(Verdict),
    /// Any line of the log, refusals too.
    Log(LogEntry),
    /// Catching up: where it stands, `null` when done.
    Sync(Option<SyncProgress>),
    /// Hash rate of this tab, hashes a second.
    Hashrate(f64),
    /// Where wallet and chain are kept changed; if writing failed, a backup of the wallet is due.
    Storage(StorageView),
    /// The connection to the tracker changed.
    Tracker(TrackerState),
    /// A block or transaction travelled over a link: something for the eye.
    #[serde(rename_all = "camelCase")]
    Traffic {
        /// The other end.
        peer_id: PeerId,
        /// Whether it came in.
        inbound: bool,
        /// What travelled.
        item: TrafficItem,
    },
}

/// What happened to a branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(tag = "change", rename_all = "camelCase")]
pub enum ForkChange {
    /// A block stands beside the best chain.
    Grown {
        /// The block.
        tip: BlockHash,
    },
    /// The branch fell too far behind.
    Discarded {
        /// Its newest block.
        tip: BlockHash,
    },
}

/// What travels over links.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub enum TrafficItem {
    /// A block.
    Block,
    /// A transaction.
    Transaction,
}
