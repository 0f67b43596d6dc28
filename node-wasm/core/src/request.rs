//! What a user or a program asks of the node, and how the node answers.

pub mod wallet;

pub use crate::mempool::Wish;

use crate::hash::TxId;
use crate::sentence::Sentence;
use crate::view::archive::{ChainPart, Imported};
use crate::view::lab::{AttackView, BanView, Incident, Verdict};
use crate::view::wallet::{BackupView, WalletView};
use crate::view::{
    Balance, BlockSummary, BlockView, ForkTree, HeaderView, HistoryPage, KnownPeer, LogEntry, Page, PeerView,
    ProofView, Role, SendPlan, Status, StorageView, TemplateView, TransactionView,
};
use crate::wallet::file::WalletFile;
use serde::{Deserialize, Serialize};
use tracker_protocol::PeerId;
use wallet::WalletRequest;

/// Most rows that one answer holds, so that no request can make the node build an endless one.
pub const MAX_PAGE: u32 = 500;

/// Names a request, so that its answer finds the asker. Chosen by the asker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RequestId(pub u64);

/// A request. Lists take `from` (rows to pass over) and `limit` (at most [`MAX_PAGE`]).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "method", content = "params", rename_all = "camelCase")]
pub enum Request {
    /// Answered by [`Response::Status`].
    Status,
    /// Blocks of the best chain, newest first; `from` is the height to start at, the tip if absent. [`Response::Blocks`].
    Blocks {
        /// Height of the first block.
        from: Option<u32>,
        /// Most blocks.
        limit: Option<u32>,
    },
    /// A block by hash or height. [`Response::Block`].
    Block {
        /// 64 hex digits, or decimal digits.
        id: String,
    },
    /// A transaction by id, confirmed or waiting. [`Response::Transaction`].
    Transaction {
        /// 64 hex digits.
        id: String,
    },
    /// Headers of the best chain, newest first; `from` is the height to start at, the tip if absent. [`Response::Headers`].
    Headers {
        /// Height of the first header.
        from: Option<u32>,
        /// Most headers.
        limit: Option<u32>,
    },
    /// Proof that a block of the best chain holds a transaction. [`Response::Proof`].
    Proof {
        /// 64 hex digits.
        id: String,
    },
    /// Changes what this node does for others. [`Response::Done`].
    SetRole {
        /// To what.
        role: Role,
    },
    /// The newest part of the block tree. [`Response::Forks`].
    Forks,
    /// The next blocks of the best chain, for a file. [`Response::ChainPart`].
    ChainPart {
        /// Height of the first one.
        from: u32,
    },
    /// Takes in blocks of a file, by every rule. [`Response::Imported`].
    Import(ChainPart),
    /// The wallet's address. [`Response::Address`].
    Address,
    /// Balance of an address, the wallet's own if absent. [`Response::Balance`].
    Balance {
        /// An address of this network.
        address: Option<String>,
    },
    /// Checks a transfer as it is typed. [`Response::SendPlan`].
    CheckSend(SendForm),
    /// Builds, signs and sends a transfer. [`Response::Sent`].
    Send(SendForm),
    /// Builds a transfer as [`Request::Send`] does, and does not send it. [`Response::Raw`].
    CreateTransaction(SendForm),
    /// Sends a transaction that was made elsewhere. [`Response::Sent`].
    SubmitTransaction {
        /// Canonical bytes in hex digits.
        hex: String,
    },
    /// Transactions of an address, newest first; a light node has those of its wallet only. [`Response::History`].
    History {
        /// The address; that of the selected account if absent.
        address: Option<String>,
        /// Rows to pass over.
        from: Option<u32>,
        /// Most rows.
        limit: Option<u32>,
    },
    /// Waiting transactions, best fee rate first. [`Response::Mempool`].
    Mempool {
        /// Rows to pass over.
        from: Option<u32>,
        /// Most rows.
        limit: Option<u32>,
    },
    /// Mines until stopped. [`Response::Done`].
    MinerStart {
        /// Compute workers; 1 if absent.
        threads: Option<u32>,
    },
    /// Stops mining. [`Response::Done`].
    MinerStop,
    /// Answers with the next block that this tab finds; starts a miner for it when none runs. [`Response::Block`].
    MinerMine,
    /// What this node's miner shall do with a waiting transaction. [`Response::Done`].
    MinerWish {
        /// 64 hex digits.
        id: String,
        /// What.
        wish: Wish,
    },
    /// The next block as this node would build it now. [`Response::Template`].
    Template {
        /// Transactions to pass over.
        from: Option<u32>,
        /// Most transactions.
        limit: Option<u32>,
    },
    /// Connected and connecting peers. [`Response::Peers`].
    Peers,
    /// Peers that this node has heard of and has no link to. [`Response::Known`].
    KnownPeers,
    /// Connects to a peer of the room. [`Response::Done`].
    Connect {
        /// The peer.
        peer: PeerId,
    },
    /// Closes the connection to a peer. [`Response::Done`].
    Disconnect {
        /// The peer.
        peer: PeerId,
    },
    /// Lines of the log, newest first. [`Response::Log`].
    Log {
        /// Most lines.
        limit: Option<u32>,
    },
    /// Where wallet and chain are kept. [`Response::Storage`].
    Storage,
    /// Whether old blocks are dropped from the store; those dropped do not come back. [`Response::Done`].
    Prune {
        /// Whether.
        on: bool,
    },
    /// Launches an attack. [`Response::Done`].
    Attack {
        /// Which.
        attack: Attack,
        /// At whom; at every connected peer if absent.
        peer: Option<PeerId>,
        /// Again after each so many seconds, until it is stopped; once if absent.
        every: Option<u32>,
    },
    /// Ends every attack that is repeated or whose block is being mined. [`Response::Done`].
    StopAttacks,
    /// All attacks that there are. [`Response::Attacks`].
    Attacks,
    /// What peers made of attacks, newest first. [`Response::Verdicts`].
    Verdicts {
        /// Rows to pass over.
        from: Option<u32>,
        /// Most rows.
        limit: Option<u32>,
    },
    /// What this node refused, newest first. [`Response::Incidents`].
    Incidents {
        /// Rows to pass over.
        from: Option<u32>,
        /// Most rows.
        limit: Option<u32>,
    },
    /// Banned peers, the newest ban first. [`Response::Bans`].
    Bans,
    /// Lifts the ban of a peer and connects to it again. [`Response::Done`].
    Pardon {
        /// The peer.
        peer: PeerId,
    },
    /// Keys, lock, backup, accounts and files of the wallet.
    Wallet(WalletRequest),
}

/// A transfer as a person fills it in.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(optional_fields = nullable))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SendForm {
    /// Receiver's address.
    pub to: String,
    /// Decimal TAB.
    pub amount: String,
    /// Decimal TAB; the node's proposal if absent.
    pub fee: Option<String>,
    /// Text to go with it.
    pub memo: Option<String>,
    /// `false` sends it without a valid signature, to see the network refuse it.
    pub sign: Option<bool>,
    /// `true` signs it with a key that is not the payer's, to see the network refuse it.
    pub wrong_key: Option<bool>,
}

/// What this tab can try on its peers, to show that they refuse it. The own node stays honest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "kebab-case")]
pub enum Attack {
    /// Bytes that are no message.
    Garbage,
    /// A payment whose signature does not hold.
    InvalidSignature,
    /// A block with all the work it needs, and other transactions than its header commits to.
    WrongHash,
    /// A block on the tip whose hash misses its target.
    TooLittleWork,
    /// A block with the work for another target than the one demanded.
    FalseTarget,
    /// The chain with another transaction in a block of its middle.
    AlteredBlock,
    /// A second payment with the number of a confirmed one.
    DoubleSpend,
    /// A block with all the work it needs that pays its miner more than allowed.
    InflatedReward,
    /// A confirmed payment again.
    Replay,
    /// A payment of another room.
    ForeignReplay,
    /// A block with all the work it needs from an hour ahead.
    FutureTimestamp,
    /// More pings than a peer may send.
    Flood,
    /// More headers than a peer may send, on a block that does not exist.
    OrphanFlood,
}

impl Attack {
    /// All that there are.
    pub const ALL: [Self; 13] = [
        Self::Garbage,
        Self::InvalidSignature,
        Self::WrongHash,
        Self::TooLittleWork,
        Self::FalseTarget,
        Self::AlteredBlock,
        Self::DoubleSpend,
        Self::InflatedReward,
        Self::Replay,
        Self::ForeignReplay,
        Self::FutureTimestamp,
        Self::Flood,
        Self::OrphanFlood,
    ];

    /// Its stable name.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Garbage => "garbage",
            Self::InvalidSignature => "invalid-signature",
            Self::WrongHash => "wrong-hash",
            Self::TooLittleWork => "too-little-work",
            Self::FalseTarget => "false-target",
            Self::AlteredBlock => "altered-block",
            Self::DoubleSpend => "double-spend",
            Self::InflatedReward => "inflated-reward",
            Self::Replay => "replay",
            Self::ForeignReplay => "foreign-replay",
            Self::FutureTimestamp => "future-timestamp",
            Self::Flood => "flood",
            Self::OrphanFlood => "orphan-flood",
        }
    }
}

/// The node's answer. In JSON just the content.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Response {
    /// To [`Request::Status`].
    Status(Box<Status>),
    /// To [`Request::Blocks`].
    Blocks(Vec<BlockSummary>),
    /// To [`Request::Block`] and [`Request::MinerMine`].
    Block(Box<BlockView>),
    /// To [`Request::Transaction`].
    Transaction(Box<TransactionView>),
    /// To [`Request::Headers`].
    Headers(Vec<HeaderView>),
    /// To [`Request::Proof`].
    Proof(Box<ProofView>),
    /// To [`Request::Forks`].
    Forks(ForkTree),
    /// To [`Request::ChainPart`].
    ChainPart(Box<ChainPart>),
    /// To [`Request::Import`].
    Imported(Imported),
    /// To [`Request::Address`].
    Address(String),
    /// To [`Request::Balance`].
    Balance(Balance),
    /// To [`Request::CheckSend`].
    SendPlan(SendPlan),
    /// To [`Request::CreateTransaction`]: canonical bytes in hex digits.
    Raw(String),
    /// To [`Request::Send`] and [`Request::SubmitTransaction`]: the transaction's id.
    Sent(TxId),
    /// To [`Request::History`].
    History(HistoryPage),
    /// To [`Request::Mempool`].
    Mempool(Page<TransactionView>),
    /// To [`Request::Template`].
    Template(Box<TemplateView>),
    /// To [`Request::Peers`].
    Peers(Vec<PeerView>),
    /// To [`Request::KnownPeers`].
    Known(Vec<KnownPeer>),
    /// To [`Request::Log`].
    Log(Vec<LogEntry>),
    /// To [`Request::Storage`].
    Storage(Box<StorageView>),
    /// To [`Request::Attacks`].
    Attacks(Vec<AttackView>),
    /// To [`Request::Verdicts`].
    Verdicts(Page<Verdict>),
    /// To [`Request::Incidents`].
    Incidents(Page<Incident>),
    /// To [`Request::Bans`].
    Bans(Vec<BanView>),
    /// To [`Request::Wallet`].
    Wallet(Box<WalletView>),
    /// To [`WalletRequest::Words`].
    Backup(Box<BackupView>),
    /// To [`WalletRequest::Export`].
    WalletFile(Box<WalletFile>),
    /// To requests that only act; `null` in JSON.
    Done,
}

/// Why a request was refused. `code` is stable, `message` is for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[error("{message}")]
#[serde(rename_all = "camelCase")]
pub struct RequestError {
    /// A stable word.
    pub code: ErrorCode,
    /// A sentence.
    #[serde(flatten)]
    pub message: Sentence,
    /// The field of the form that is wrong, if one is, such as `to`, `amount` or `passphrase`.
    pub field: Option<String>,
}

impl RequestError {
    /// An error that is about no field of a form.
    pub fn new(code: ErrorCode, message: impl Into<Sentence>) -> Self {
        Self { code, message: message.into(), field: None }
    }

    /// The same, about a field.
    #[must_use]
    pub fn in_field(self, field: &str) -> Self {
        Self { field: Some(field.to_owned()), ..self }
    }
}

/// Stable words for what can go wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "kebab-case")]
pub enum ErrorCode {
    /// The request is not one of the API.
    BadRequest,
    /// Not an address of this network.
    BadAddress,
    /// Not an amount, or none.
    BadAmount,
    /// Not a fee, or below what the node forwards.
    BadFee,
    /// The memo is too long.
    BadMemo,
    /// The wallet cannot pay amount and fee.
    InsufficientFunds,
    /// The signature of a transaction does not hold.
    BadSignature,
    /// Too many transactions of this wallet wait already.
    TooManyWaiting,
    /// The miner has too many wishes already.
    TooManyWishes,
    /// No such block, transaction or peer.
    NotFound,
    /// It is in the store, which cannot be read now.
    NotReadable,
    /// Nobody is connected.
    NoPeers,
    /// A light node does not have this, or cannot do it.
    LightNode,
    /// No peer has proved it to this light node.
    Unproven,
    /// An attack needs coins, and the wallet has none.
    NoCoins,
    /// An attack needs a confirmed payment, and there is none.
    NoPayment,
    /// An attack needs a longer chain, or no block can be built.
    NoBlocks,
    /// The node was stopped before it could answer.
    Stopped,
    /// The wallet is locked.
    Locked,
    /// The wallet has no passphrase yet.
    Unprotected,
    /// The passphrase does not open the vault.
    WrongPassphrase,
    /// Not fit for a passphrase.
    BadPassphrase,
    /// Not the twelve words of a wallet.
    BadWords,
    /// Not the words of this wallet that were asked for.
    WrongWords,
    /// Not the file of a wallet, or of this chain; or something in it breaks a rule.
    BadFile,
    /// Not fit for a name.
    BadName,
    /// Stored or sealed bytes are not as they were written.
    WalletDamaged,
    /// Another wallet is in use and would be replaced.
    WalletInUse,
    /// The wallet has as many accounts or watched addresses as it may.
    WalletFull,
    /// The wallet works on a passphrase.
    Busy,
    /// The browser gave no random numbers.
    NoEntropy,
    /// The browser gave too little memory.
    NoMemory,
}
