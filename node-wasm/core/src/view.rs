//! Plain snapshots of the node for a user interface: what the page draws and what the
//! JavaScript API gives. JSON in camel case; amounts as decimal TAB; hashes in lower-case hex.

pub mod archive;
mod events;
pub mod lab;
mod proofs;
pub mod wallet;

pub use events::{EVENTS, Event, ForkChange, LogEntry, LogLevel, TrafficItem};
pub use proofs::{Coverage, HeaderView, HistoryPage, Known, ProofView};

use crate::hash::{BlockHash, MerkleRoot, StateRoot, TxId};
use crate::sentence::Sentence;
use crate::units::{Amount, Height, Timestamp};
use serde::{Deserialize, Serialize};
use tracker_protocol::PeerId;

/// The node at a glance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// Version of the software.
    pub version: String,
    /// Name of the chain parameters: `main` or `dev`.
    pub network: String,
    /// The room whose chain this is.
    pub room: String,
    /// What the node does for others.
    pub role: Role,
    /// This tab's id.
    pub peer_id: PeerId,
    /// The connection to the tracker.
    pub tracker: TrackerState,
    /// Peers in the room by the tracker's last count or by the own links, this tab included.
    pub room_size: Option<u32>,
    /// Height of the tip.
    pub height: Height,
    /// Hash of the tip.
    pub tip: BlockHash,
    /// When the tip was mined, by its header.
    pub tip_time: Timestamp,
    /// Work of the best chain in expected hashes, decimal digits.
    pub work: String,
    /// Target of the next block, 64 hex digits.
    pub target: String,
    /// Expected hashes for the next block.
    pub difficulty: f64,
    /// Wanted time between blocks, in milliseconds.
    pub spacing_ms: u64,
    /// Mean time between the newest blocks (at most 20), in milliseconds; absent before there are two.
    pub interval_ms: Option<f64>,
    /// Hash rate of the whole network estimated from these blocks, hashes a second.
    pub network_hash_rate: Option<f64>,
    /// Connected peers.
    pub peers: u32,
    /// Signals between other peers that this tab passed on.
    pub relayed_signals: u64,
    /// Transactions waiting.
    pub mempool: u32,
    /// Their bytes.
    pub mempool_bytes: u64,
    /// Hash rate of this tab, hashes a second.
    pub hash_rate: f64,
    /// Mining threads in use; 0 when not mining.
    pub mining: u32,
    /// Blocks that this tab has found since it started.
    pub blocks_found: u32,
    /// Catching up with the peers, if so.
    pub syncing: Option<SyncProgress>,
    /// Name of the profile that holds wallet and chain.
    pub profile: String,
    /// This tab's address.
    pub address: String,
    /// Where wallet and chain are kept.
    pub storage: StorageView,
}

/// Where wallet and chain are kept, and how much room they take.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct StorageView {
    /// Where.
    pub state: StorageState,
    /// Why the node does not write any more, or what is wrong with the store; in words.
    pub reason: Option<Sentence>,
    /// Height up to which the chain is in the store.
    pub stored_height: Height,
    /// Blocks of the best chain are kept from this height on; 0 or 1 if all are.
    pub oldest_block: Height,
    /// Whether old blocks are dropped.
    pub prune: bool,
    /// Whether the wallet as it is now is in the store.
    pub wallet_stored: bool,
    /// What the browser says.
    #[serde(flatten)]
    pub facts: StorageFacts,
}

/// Where wallet and chain are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub enum StorageState {
    /// In memory only: they are gone when the tab is closed.
    #[default]
    Memory,
    /// In the browser's storage.
    Stored,
    /// In the browser's storage up to some time, since when writing fails.
    Failed,
}

/// What the browser says of its storage. Bytes are those of all that this site stores.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct StorageFacts {
    /// Bytes in use, if the browser tells.
    pub used_bytes: Option<f64>,
    /// Bytes that may be used, if the browser tells.
    pub quota_bytes: Option<f64>,
    /// Whether the browser promised not to clear it by itself, if it knows of such a promise.
    pub persistent: Option<bool>,
}

/// What a node does for others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, borsh::BorshSerialize, borsh::BorshDeserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub enum Role {
    /// Validates and serves everything.
    Full,
    /// A full node that mines.
    Miner,
    /// Keeps headers only.
    Light,
}

/// The connection to the tracker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub enum TrackerState {
    /// No connection; the next attempt is on its way.
    Offline,
    /// Connected, not yet in the room.
    Joining,
    /// In the room.
    Joined,
}

/// How far catching up has come.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct SyncProgress {
    /// Height of the own tip: blocks done.
    pub height: Height,
    /// Height of the best header known.
    pub target: Height,
    /// Blocks that came in a second, over the last ten seconds; absent before there were any.
    pub blocks_per_second: Option<f64>,
    /// Seconds that are left at this rate.
    pub seconds_left: Option<f64>,
}

/// A block in lists.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct BlockSummary {
    /// Hash of the header.
    pub hash: BlockHash,
    /// Hash of the block before.
    pub previous: BlockHash,
    /// Position in its chain.
    pub height: Height,
    /// When it was mined, by its header.
    pub time: Timestamp,
    /// Expected hashes to find it.
    pub difficulty: f64,
    /// Work of its chain up to here, decimal digits.
    pub work: String,
    /// Number of transactions, the reward included.
    pub transactions: u32,
    /// Canonical bytes.
    pub size: u32,
    /// Subsidy and fees that its miner assigned to itself.
    pub reward: Amount,
    /// Fees alone.
    pub fees: Amount,
    /// The miner's address; absent for the genesis block.
    pub miner: Option<String>,
    /// Whether it is part of the best chain.
    pub best: bool,
}

/// A whole block.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct BlockView {
    /// What lists show.
    #[serde(flatten)]
    pub summary: BlockSummary,
    /// Version of the header.
    pub version: u16,
    /// Root over the transactions.
    pub merkle_root: MerkleRoot,
    /// Root over all accounts after the block.
    pub state_root: StateRoot,
    /// The number its hash must not exceed, 64 hex digits.
    pub target: String,
    /// The number that its miner searched.
    pub nonce: u32,
    /// Blocks of the best chain from this one to the tip, both counted; 0 on another branch.
    pub confirmations: u32,
    /// Its transactions in order.
    pub transaction_list: Vec<TransactionView>,
}

/// Where a transaction stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(tag = "state", rename_all = "camelCase")]
pub enum TransactionState {
    /// In the mempool.
    Waiting,
    /// In a block of the best chain.
    #[serde(rename_all = "camelCase")]
    Confirmed {
        /// The block.
        block: BlockHash,
        /// Its height.
        height: Height,
        /// When it was mined, by its header.
        time: Timestamp,
        /// Blocks from there to the tip, both counted.
        confirmations: u32,
    },
    /// In a block of another branch only.
    Stale,
}

/// A transaction.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct TransactionView {
    /// SHA-256d of its bytes without the signature.
    pub id: TxId,
    /// What it does.
    pub kind: TransactionKind,
    /// Who pays; absent for new coins.
    pub from: Option<String>,
    /// Who is paid.
    pub to: String,
    /// What is paid.
    pub amount: Amount,
    /// What the miner gets.
    pub fee: Amount,
    /// Number of transactions of the payer before this one.
    pub nonce: u64,
    /// Text to go with it. From outside: show it as text, nothing else.
    pub memo: String,
    /// Canonical bytes, signature included.
    pub size: u32,
    /// Signature in hex; absent for a block reward.
    pub signature: Option<String>,
    /// Where it stands.
    pub status: TransactionState,
}

/// What a transaction does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub enum TransactionKind {
    /// New coins to the miner of a block.
    Reward,
    /// New coins assigned by the network's issuer.
    Issue,
    /// Coins from one account to another.
    Transfer,
}

/// The next block as a node would build it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct TemplateView {
    /// Its height.
    pub height: Height,
    /// Subsidy and fees: what its miner would get.
    pub reward: Amount,
    /// Of these, the fees.
    pub fees: Amount,
    /// Bytes of its transactions, without the reward.
    pub bytes: u64,
    /// Most bytes they may have.
    pub max_bytes: u64,
    /// Its transactions in their order, without the reward.
    pub transactions: Page<TransactionView>,
    /// Waiting transactions that the miner wants in.
    pub pinned: Vec<TxId>,
    /// Waiting transactions that the miner leaves out.
    pub excluded: Vec<TxId>,
}

/// What an address has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Balance {
    /// The address.
    pub address: String,
    /// Confirmed and free to spend, less what waits to be sent.
    pub spendable: Amount,
    /// Confirmed, before waiting transactions.
    pub confirmed: Amount,
    /// Block rewards that are too young to spend.
    pub immature: Amount,
    /// Waiting to arrive.
    pub pending_in: Amount,
    /// Waiting to leave, fees included.
    pub pending_out: Amount,
    /// Number that the next transaction will carry.
    pub nonce: u64,
    /// On a light node, what these figures rest on; absent where all blocks were checked.
    #[cfg_attr(feature = "typescript", ts(optional))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known: Option<Known>,
}

/// A line in the history of an address.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct HistoryEntry {
    /// The transaction.
    #[serde(flatten)]
    pub transaction: TransactionView,
    /// Seen from this address.
    pub direction: Direction,
    /// When it was mined, or first seen while it waits.
    pub time: Timestamp,
}

/// Which way the money went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub enum Direction {
    /// To this address.
    In,
    /// From this address.
    Out,
    /// From this address to itself.
    Own,
}

/// A peer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct PeerView {
    /// Its id.
    pub peer_id: PeerId,
    /// How far the connection has come.
    pub state: PeerState,
    /// Its role, once it has said hello.
    pub role: Option<Role>,
    /// Whether this tab made the offer.
    pub outbound: bool,
    /// Over which kind of address the link runs; nothing before the browser has told.
    pub route: Option<Route>,
    /// Round trip in milliseconds, smoothed.
    pub round_trip_ms: Option<f64>,
    /// Bytes received from it.
    pub bytes_in: u64,
    /// Bytes sent to it.
    pub bytes_out: u64,
    /// Height of the best tip it has told of.
    pub height: Option<Height>,
    /// Offence points; at 100 it is banned.
    pub score: u32,
    /// Since when the connection is open.
    pub connected_at: Option<Timestamp>,
}

/// A kind of address, which says how far apart two tabs may be: a candidate's type in RFC 8445.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub enum Route {
    /// One of this computer: the tabs share a computer or a network.
    Host,
    /// One that is seen from outside, by a STUN server or by the peer.
    Reflexive,
    /// One at a TURN server, which passes everything on.
    Relayed,
}

/// How far a connection has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub enum PeerState {
    /// Offers, answers and candidates travel.
    Connecting,
    /// The channel is open, the peer has not proved its id yet.
    Greeting,
    /// Ready.
    Connected,
}

/// A peer that this node has heard of and has no link to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct KnownPeer {
    /// Its id.
    pub peer_id: PeerId,
    /// Connected peers that say they are connected to it.
    pub via: Vec<PeerId>,
    /// Attempts to connect that failed since the last one that did not.
    pub failures: u32,
}

/// The newest part of the block tree.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct ForkTree {
    /// Blocks of every live branch and the best chain beside them, lowest first.
    pub blocks: Vec<BlockSummary>,
    /// Live branches other than the best chain, those with the most work if there are many.
    pub branches: Vec<Branch>,
    /// All live branches other than the best chain.
    pub total: u32,
    /// Blocks a branch may fall behind before it is discarded.
    pub prune_depth: u32,
}

/// A branch beside the best chain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Branch {
    /// Its newest block.
    pub tip: BlockHash,
    /// Height of that block.
    pub height: Height,
    /// Its work, decimal digits.
    pub work: String,
    /// Height of the last block it shares with the best chain.
    pub fork_height: Height,
    /// Blocks of its own.
    pub length: u32,
    /// Blocks the best chain must still grow before the branch is discarded.
    pub discard_in: u32,
}

/// A page of a longer list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Page<T> {
    /// The rows asked for.
    pub items: Vec<T>,
    /// Rows in all.
    pub total: u32,
}

/// What a transfer would cost, when nothing speaks against it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct SendPlan {
    /// Receiver, in its one spelling.
    pub to: String,
    /// What the receiver gets.
    pub amount: Amount,
    /// What the miner gets.
    pub fee: Amount,
    /// Both.
    pub total: Amount,
    /// Spendable afterwards.
    pub left: Amount,
}
