// Tabchain's JavaScript API, made from the Rust code by `cargo xtask types`.
//
// Amounts are decimal strings in TAB; hashes and ids are lower-case hex; times are milliseconds since 1970.

/** An account or a watched address. */
export type AddressView = {
  /** The address. */
  address: string;
  /** What its owner calls it. Show it as text, nothing else. */
  name: string;
};

/** At whom an attack is aimed, and how often it is launched. */
export type Aim = {
  /** The peer; every connected one if left out. */
  peer?: PeerId | null;
  /** Seconds from one launch to the next, 1 to 3,600; once if left out. */
  every?: number | null;
};

/**
 * An amount of money: decimal TAB in JSON, grains inside; 1 TAB is `Amount::GRAINS_PER_TAB` grains.
 *
 * Never above `Amount::MAX`, so that the sum of any two amounts fits a `u64`.
 */
export type Amount = string;

/** What this tab can try on its peers, to show that they refuse it. The own node stays honest. */
export type Attack = "garbage" | "invalid-signature" | "wrong-hash" | "too-little-work" | "false-target" | "altered-block" | "double-spend" | "inflated-reward" | "replay" | "foreign-replay" | "future-timestamp" | "flood" | "orphan-flood";

/** An attack that this node can launch. */
export type AttackView = {
  /** Its stable name. */
  name: Attack;
  /** What it tries, in a sentence. */
  tries: Sentence;
  /** The rule that stops it, in a sentence. */
  stoppedBy: Sentence;
  /** What must be there for it. */
  needs: Array<Need>;
  /** What peers call it; absent where it is no fault and passed over. */
  offence: Offence | null;
  /** Points that one such offence costs; at 100 a peer is banned. */
  points: number;
  /** What is missing now, if something is. */
  lacks: RequestError | null;
  /** Whether its block is being mined. */
  working: boolean;
  /** How it is repeated, if it is. */
  repeated: Repetition | null;
};

/** The words alone, or with whether a wallet in use may be lost. */
export type Backup = Secret | {
  words: Secret;
  replace: boolean | null;
};

/** The words of a wallet, for its owner to write down. */
export type BackupView = {
  /** The words in order. */
  words: Array<Secret>;
  /** The places, counted from 1, of the words that are asked for afterwards. */
  ask: Array<number>;
};

/** What an address has. */
export type Balance = {
  /** The address. */
  address: string;
  /** Confirmed and free to spend, less what waits to be sent. */
  spendable: Amount;
  /** Confirmed, before waiting transactions. */
  confirmed: Amount;
  /** Block rewards that are too young to spend. */
  immature: Amount;
  /** Waiting to arrive. */
  pendingIn: Amount;
  /** Waiting to leave, fees included. */
  pendingOut: Amount;
  /** Number that the next transaction will carry. */
  nonce: number;
  /** On a light node, what these figures rest on; absent where all blocks were checked. */
  known?: Known;
};

/** A peer that this node talks to no more for a while. */
export type BanView = {
  /** Who. */
  peerId: PeerId;
  /** What brought the score to 100; not known of a ban of an earlier run. */
  offence: Offence | null;
  /** Until when. */
  until: Timestamp;
  /** Milliseconds from now until then. */
  remainingMs: number;
};

/** SHA-256d of a block's header. Written and compared with the target as a big-endian number. */
export type BlockHash = string;

/** A height or a hash. */
export type BlockId = number | string;

/** A block in lists. */
export type BlockSummary = {
  /** Hash of the header. */
  hash: BlockHash;
  /** Hash of the block before. */
  previous: BlockHash;
  /** Position in its chain. */
  height: Height;
  /** When it was mined, by its header. */
  time: Timestamp;
  /** Expected hashes to find it. */
  difficulty: number;
  /** Work of its chain up to here, decimal digits. */
  work: string;
  /** Number of transactions, the reward included. */
  transactions: number;
  /** Canonical bytes. */
  size: number;
  /** Subsidy and fees that its miner assigned to itself. */
  reward: Amount;
  /** Fees alone. */
  fees: Amount;
  /** The miner's address; absent for the genesis block. */
  miner: string | null;
  /** Whether it is part of the best chain. */
  best: boolean;
};

/** A whole block. */
export type BlockView = {
  /** Version of the header. */
  version: number;
  /** Root over the transactions. */
  merkleRoot: MerkleRoot;
  /** Root over all accounts after the block. */
  stateRoot: StateRoot;
  /** The number its hash must not exceed, 64 hex digits. */
  target: string;
  /** The number that its miner searched. */
  nonce: number;
  /** Blocks of the best chain from this one to the tip, both counted; 0 on another branch. */
  confirmations: number;
  /** Its transactions in order. */
  transactionList: Array<TransactionView>;
  /** Hash of the header. */
  hash: BlockHash;
  /** Hash of the block before. */
  previous: BlockHash;
  /** Position in its chain. */
  height: Height;
  /** When it was mined, by its header. */
  time: Timestamp;
  /** Expected hashes to find it. */
  difficulty: number;
  /** Work of its chain up to here, decimal digits. */
  work: string;
  /** Number of transactions, the reward included. */
  transactions: number;
  /** Canonical bytes. */
  size: number;
  /** Subsidy and fees that its miner assigned to itself. */
  reward: Amount;
  /** Fees alone. */
  fees: Amount;
  /** The miner's address; absent for the genesis block. */
  miner: string | null;
  /** Whether it is part of the best chain. */
  best: boolean;
};

/** A branch beside the best chain. */
export type Branch = {
  /** Its newest block. */
  tip: BlockHash;
  /** Height of that block. */
  height: Height;
  /** Its work, decimal digits. */
  work: string;
  /** Height of the last block it shares with the best chain. */
  forkHeight: Height;
  /** Blocks of its own. */
  length: number;
  /** Blocks the best chain must still grow before the branch is discarded. */
  discardIn: number;
};

/** Some blocks of the best chain, one after the other. */
export type ChainPart = {
  /** The first block of their chain, by which chains are told apart. */
  genesis: BlockHash;
  /** Canonical bytes of the blocks in hex digits, the lowest first. */
  blocks: Array<string>;
  /** Height at which the next part begins; absent at the tip. */
  next?: number | null;
};

/** Whether a list of transactions has all of them. */
export type Coverage = "complete" | "incomplete" | "unasked";

/** Which way the money went. */
export type Direction = "in" | "out" | "own";

/** Stable words for what can go wrong with a request. */
export type ErrorCode = "bad-request" | "bad-address" | "bad-amount" | "bad-fee" | "bad-memo" | "insufficient-funds" | "bad-signature" | "too-many-waiting" | "too-many-wishes" | "not-found" | "not-readable" | "no-peers" | "light-node" | "unproven" | "no-coins" | "no-payment" | "no-blocks" | "stopped" | "locked" | "unprotected" | "wrong-passphrase" | "bad-passphrase" | "bad-words" | "wrong-words" | "bad-file" | "bad-name" | "wallet-damaged" | "wallet-in-use" | "wallet-full" | "busy" | "no-entropy" | "no-memory";

/** An account in a file; its key follows from the phrase. */
export type FileAccount = {
  /** Its place under the phrase. */
  index: number;
  /** What its owner calls it. */
  name: string;
};

/** A watched address in a file. */
export type FileWatch = {
  /** The address as its network writes it. */
  address: string;
  /** What its watcher calls it. */
  name: string;
};

/** What happened to a branch. */
export type ForkChange = {
  change: "grown";
  /** The block. */
  tip: BlockHash;
} | {
  change: "discarded";
  /** Its newest block. */
  tip: BlockHash;
};

/** The newest part of the block tree. */
export type ForkTree = {
  /** Blocks of every live branch and the best chain beside them, lowest first. */
  blocks: Array<BlockSummary>;
  /** Live branches other than the best chain, those with the most work if there are many. */
  branches: Array<Branch>;
  /** All live branches other than the best chain. */
  total: number;
  /** Blocks a branch may fall behind before it is discarded. */
  pruneDepth: number;
};

/** The header of a block. */
export type HeaderView = {
  /** Hash of the header. */
  hash: BlockHash;
  /** Hash of the block before. */
  previous: BlockHash;
  /** Position in its chain. */
  height: Height;
  /** When it was mined. */
  time: Timestamp;
  /** Expected hashes to find it. */
  difficulty: number;
  /** Work of its chain up to here, decimal digits. */
  work: string;
  /** Root over its transactions. */
  merkleRoot: MerkleRoot;
  /** Root over the accounts after it. */
  stateRoot: StateRoot;
  /** Its 116 bytes in hex. */
  bytes: string;
  /** Whether it is part of the best chain. */
  best: boolean;
};

/** Position of a block in its chain; the genesis block has height 0. */
export type Height = number;

/** A line in the history of an address. */
export type HistoryEntry = {
  /** Seen from this address. */
  direction: Direction;
  /** When it was mined, or first seen while it waits. */
  time: Timestamp;
  /** SHA-256d of its bytes without the signature. */
  id: TxId;
  /** What it does. */
  kind: TransactionKind;
  /** Who pays; absent for new coins. */
  from: string | null;
  /** Who is paid. */
  to: string;
  /** What is paid. */
  amount: Amount;
  /** What the miner gets. */
  fee: Amount;
  /** Number of transactions of the payer before this one. */
  nonce: number;
  /** Text to go with it. From outside: show it as text, nothing else. */
  memo: string;
  /** Canonical bytes, signature included. */
  size: number;
  /** Signature in hex; absent for a block reward. */
  signature: string | null;
  /** Where it stands. */
  status: TransactionState;
};

/** A page of the history of an address. */
export type HistoryPage = {
  /** On a light node, what they rest on; absent where all blocks were checked. */
  known?: Known;
  /** Of an address that is not the wallet's, the first block that was looked through for it. */
  since?: Height;
  /** The rows asked for. */
  items: Array<HistoryEntry>;
  /** Rows in all. */
  total: number;
};

/** Which part of the history of an address. */
export type HistoryRange = {
  /** The address; that of the selected account if left out. */
  address?: string | null;
  /** Rows to pass over. */
  from?: number | null;
  /** Most rows: 50 if left out, 500 at most. */
  limit?: number | null;
};

/** A file, its passphrase, and whether a wallet in use may be lost. */
export type Import = {
  /** The file, as `wallet.export` gave it. */
  file: WalletFile;
  /** The file's. */
  passphrase: Secret;
  /** Must be true for that. */
  replace?: boolean | null;
};

/** What became of a part that was taken in. */
export type Imported = {
  /** Blocks that are new here, and valid. */
  taken: number;
  /** Blocks that were here already. */
  known: number;
  /** Height of the best chain now. */
  height: Height;
};

/** Something that this node refused, and what it cost who sent it. */
export type Incident = {
  /** Points that it cost the sender. */
  points: number;
  /** The sender's points afterwards; at 100 it is banned. */
  score: number;
  /** Until when the sender is banned, if it is. */
  bannedUntil: Timestamp | null;
  /** Counts up from 1; gaps mean that old lines were dropped. */
  sequence: number;
  /** When. */
  time: Timestamp;
  /** What sort of news. */
  level: LogLevel;
  /** One stable word for what happened, such as `block-connected` or `bad-signature`. */
  code: string;
  /** The peer it came from, if one. */
  peer: PeerId | null;
  /** The block or transaction it is about, if one. */
  subject: string | null;
  /** In English, as it stands within a line. */
  message: string;
  /** The same with places for what differs from time to time, such as `block {height} is not kept here`. */
  pattern: string;
  /** What stands in the places, by their names. */
  values: {
    [key in string]: Value;
  };
};

/**
 * What a light node's figures rest on. Confirmed balance and nonce are proved, and so is every
 * transaction that is listed. What waits to arrive is not known to it.
 */
export type Known = {
  /** The account is proved as it was after this block. */
  block: BlockHash;
  /** Its height. */
  height: Height;
  /** Whether that is the tip. */
  settled: boolean;
  /** Whether all payments of the address are listed: their numbers follow from the account's. */
  outgoing: Coverage;
  /**
   * Whether all payments to it are listed: they must add up to the balance. Young rewards are not
   * part of that; whether all of them are listed is the word of so many peers.
   */
  incoming: Coverage;
  /** Peers that listed the transactions. */
  listedBy: number;
};

/** A peer that this node has heard of and has no link to. */
export type KnownPeer = {
  /** Its id. */
  peerId: PeerId;
  /** Connected peers that say they are connected to it. */
  via: Array<PeerId>;
  /** Attempts to connect that failed since the last one that did not. */
  failures: number;
};

/** Which part of a list. */
export type ListRange = {
  /** Where it begins. */
  from?: number | null;
  /** Most rows: 50 if left out, 500 at most. */
  limit?: number | null;
};

/** A profile in the list. */
export type ListedProfile = {
  /** Whether it is that of this tab. */
  current: boolean;
  /** Whether a tab has it now. */
  inUse: boolean;
  /** Its id, of `a-z`, `0-9` and `-`. */
  id: string;
  /** What a person calls it. */
  name: string;
  /** Network of its chain. */
  network: string;
  /** Room of its chain. */
  room: string;
  /** When a tab took it last. */
  lastUsed: Timestamp;
};

/** A line of the node's log. */
export type LogEntry = {
  /** Counts up from 1; gaps mean that old lines were dropped. */
  sequence: number;
  /** When. */
  time: Timestamp;
  /** What sort of news. */
  level: LogLevel;
  /** One stable word for what happened, such as `block-connected` or `bad-signature`. */
  code: string;
  /** The peer it came from, if one. */
  peer: PeerId | null;
  /** The block or transaction it is about, if one. */
  subject: string | null;
  /** In English, as it stands within a line. */
  message: string;
  /** The same with places for what differs from time to time, such as `block {height} is not kept here`. */
  pattern: string;
  /** What stands in the places, by their names. */
  values: {
    [key in string]: Value;
  };
};

/** Sorts of log lines. */
export type LogLevel = "info" | "accepted" | "rejected" | "warning";

/** Root of the Merkle tree over a block's transactions. */
export type MerkleRoot = string;

/** What to call it. */
export type Named = {
  /** Numbered if left out. */
  name?: string | null;
};

/** An address and what to call it. */
export type NamedAddress = {
  /** Which. */
  address: string;
  /** What to call it. */
  name: string;
};

/** What an attack needs. */
export type Need = "peers" | "coins" | "ownPayment" | "payment" | "blocks" | "work";

/** News for the user interface, named as in the JavaScript API. */
export type NodeEvent = {
  event: "tip";
  detail: {
    /** The tip. */
    block: BlockSummary;
    /** Blocks that left the best chain, newest first. */
    reverted: Array<BlockHash>;
    /** Blocks that joined it, oldest first. */
    connected: Array<BlockHash>;
  };
} | {
  event: "header";
  detail: {
    /** The header. */
    header: HeaderView;
    /** Blocks that left the best chain, newest first. */
    reverted: Array<BlockHash>;
    /** Blocks that joined it, oldest first. */
    connected: Array<BlockHash>;
  };
} | {
  event: "fork";
  detail: ForkChange;
} | {
  event: "transaction";
  detail: TransactionView;
} | {
  event: "balance";
  detail: Balance;
} | {
  event: "wallet";
  detail: WalletView;
} | {
  event: "peer";
  detail: {
    /** Who. */
    peerId: PeerId;
    /** How far the connection is now. */
    state: PeerState | null;
  };
} | {
  event: "rejected";
  detail: Incident;
} | {
  event: "verdict";
  detail: Verdict;
} | {
  event: "log";
  detail: LogEntry;
} | {
  event: "sync";
  detail: SyncProgress | null;
} | {
  event: "hashrate";
  detail: number;
} | {
  event: "storage";
  detail: StorageView;
} | {
  event: "tracker";
  detail: TrackerState;
} | {
  event: "traffic";
  detail: {
    /** The other end. */
    peerId: PeerId;
    /** Whether it came in. */
    inbound: boolean;
    /** What travelled. */
    item: TrafficItem;
  };
};

/** Why something of a peer's was refused. */
export type Offence = "garbage" | "out-of-order" | "bad-proof" | "wrong-network" | "too-many" | "flood" | "invalid-header" | "invalid-block" | "invalid-transaction" | "bad-signature" | "not-admitted" | "stalled" | "silent" | "low-work" | "unwanted" | "bad-compact-block" | "no-room" | "not-reading" | "false-proof" | "undelivered";

/** What a peer made of an attack. */
export type Outcome = {
  state: "sent";
} | {
  state: "refused";
  /** By which rule. */
  offence: Offence;
  /** What that cost. */
  points: number;
  /** The peer's reason. From outside: show it as text, nothing else. */
  reason: string;
  /** Points of this node at the peer, by the peer's word. */
  score: number;
  /** Until when the peer has banned this node, if it has. */
  bannedUntil: Timestamp | null;
  /** Refusals of this launch so far; the others were like this one, or cost less. */
  refusals: number;
  /** Milliseconds from the launch to the refusal. */
  afterMs: number;
} | {
  state: "passedOver";
} | {
  state: "unanswered";
} | {
  state: "closed";
};

/** A page of a longer list. */
export type Page<T> = {
  /** The rows asked for. */
  items: Array<T>;
  /** Rows in all. */
  total: number;
};

/** The new passphrase alone, or with the present one. */
export type Passphrase = Secret | {
  passphrase: Secret;
  current: Secret | null;
};

/** A peer: the first 20 bytes of the SHA-256 of its compressed public key. */
export type PeerId = string;

/** How far a connection has come. */
export type PeerState = "connecting" | "greeting" | "connected";

/** A peer. */
export type PeerView = {
  /** Its id. */
  peerId: PeerId;
  /** How far the connection has come. */
  state: PeerState;
  /** Its role, once it has said hello. */
  role: Role | null;
  /** Whether this tab made the offer. */
  outbound: boolean;
  /** Over which kind of address the link runs; nothing before the browser has told. */
  route: Route | null;
  /** Round trip in milliseconds, smoothed. */
  roundTripMs: number | null;
  /** Bytes received from it. */
  bytesIn: number;
  /** Bytes sent to it. */
  bytesOut: number;
  /** Height of the best tip it has told of. */
  height: Height | null;
  /** Offence points; at 100 it is banned. */
  score: number;
  /** Since when the connection is open. */
  connectedAt: Timestamp | null;
};

/** Names a profile of this page's network and room. */
export type ProfileId = {
  /** Its id. */
  id: string;
};

/** A profile's new name. */
export type ProfileName = {
  /** Its id. */
  id: string;
  /** What a person calls it: 1 to 32 characters. */
  name: string;
};

/** Proof that a transaction is in a block. */
export type ProofView = {
  /** The transaction. */
  transaction: TxId;
  /** Its canonical bytes in hex, signature included: what the leaf is a hash of. */
  bytes: string;
  /** Its place in the block, from 0. */
  index: number;
  /** Transactions in the block. */
  count: number;
  /** Hashes beside the way from the leaf to the root, upwards, in hex. */
  siblings: Array<string>;
  /** Blocks from there to the tip, both counted. */
  confirmations: number;
  /** Header of the block, with the root. */
  header: HeaderView;
};

/** The passphrase of a file. */
export type Protection = {
  /** A protected wallet's own if left out. */
  passphrase?: Secret | null;
};

/** An attack that is launched again and again. */
export type Repetition = {
  /** Seconds from one launch to the next. */
  every: number;
  /** The peer it is aimed at; all if absent. */
  peer: PeerId | null;
  /** Times that it was tried. */
  tries: number;
  /** When it is tried again. */
  next: Timestamp;
};

/** Whether a wallet in use may be lost. */
export type Replace = {
  /** Must be true for that. */
  replace?: boolean | null;
};

/** Why a request was refused. `code` is stable, `message` is for people. */
export type RequestError = {
  /** A stable word. */
  code: ErrorCode;
  /** The field of the form that is wrong, if one is, such as `to`, `amount` or `passphrase`. */
  field: string | null;
  /** In English, as it stands within a line. */
  message: string;
  /** The same with places for what differs from time to time, such as `block {height} is not kept here`. */
  pattern: string;
  /** What stands in the places, by their names. */
  values: {
    [key in string]: Value;
  };
};

/** What a node does for others. */
export type Role = "full" | "miner" | "light";

/** A kind of address, which says how far apart two tabs may be: a candidate's type in RFC 8445. */
export type Route = "host" | "reflexive" | "relayed";

/** How much of a list. */
export type Rows = {
  /** Most rows: 50 if left out, 500 at most. */
  limit?: number | null;
};

/**
 * A secret text: zeroized when dropped, and left out of `Debug`. It is written out only where it
 * must travel: between the page and the node's worker, and to the worker that stretches it.
 */
export type Secret = string;

/** A transfer as a person fills it in. */
export type SendForm = {
  /** Receiver's address. */
  to: string;
  /** Decimal TAB. */
  amount: string;
  /** Decimal TAB; the node's proposal if absent. */
  fee?: string | null;
  /** Text to go with it. */
  memo?: string | null;
  /** `false` sends it without a valid signature, to see the network refuse it. */
  sign?: boolean | null;
  /** `true` signs it with a key that is not the payer's, to see the network refuse it. */
  wrongKey?: boolean | null;
};

/** A sentence in English, and what it takes to say it in another language or to write its amounts another way. */
export type Sentence = {
  /** In English, as it stands within a line. */
  message: string;
  /** The same with places for what differs from time to time, such as `block {height} is not kept here`. */
  pattern: string;
  /** What stands in the places, by their names. */
  values: {
    [key in string]: Value;
  };
};

/** What a node is started with. All of it may be left out. */
export type StartOptions = {
  /** `main` (a block every 10 s) or `dev` (every 2 s); `main` if left out. */
  network?: string | null;
  /** 1 to 32 characters from `a-z`, `0-9` and `-`; every room is a chain of its own. `public` if left out. */
  room?: string | null;
  /** The tracker's WebSocket, beginning with `ws://` or `wss://`. Without one the node stays alone. */
  tracker?: string | null;
  /** What the node does for others at first; `full` if left out, and `miner` if it mines. */
  role?: Role | null;
  /** Threads to mine with from the start; one for a miner, none for others if left out. */
  mine?: number | null;
  /** The folder of the package's files, on the page's own origin; where `tabchain.js` lies if left out. */
  workers?: string | null;
  /** Id of the profile to take, of `a-z`, `0-9` and `-`, if no other tab has it; the first free one if left out. */
  profile?: string | null;
};

/** Root of the tree over all accounts after a block. */
export type StateRoot = string;

/** The node at a glance. */
export type Status = {
  /** Version of the software. */
  version: string;
  /** Name of the chain parameters: `main` or `dev`. */
  network: string;
  /** The room whose chain this is. */
  room: string;
  /** What the node does for others. */
  role: Role;
  /** This tab's id. */
  peerId: PeerId;
  /** The connection to the tracker. */
  tracker: TrackerState;
  /** Peers in the room by the tracker's last count or by the own links, this tab included. */
  roomSize: number | null;
  /** Height of the tip. */
  height: Height;
  /** Hash of the tip. */
  tip: BlockHash;
  /** When the tip was mined, by its header. */
  tipTime: Timestamp;
  /** Work of the best chain in expected hashes, decimal digits. */
  work: string;
  /** Target of the next block, 64 hex digits. */
  target: string;
  /** Expected hashes for the next block. */
  difficulty: number;
  /** Wanted time between blocks, in milliseconds. */
  spacingMs: number;
  /** Mean time between the newest blocks (at most 20), in milliseconds; absent before there are two. */
  intervalMs: number | null;
  /** Hash rate of the whole network estimated from these blocks, hashes a second. */
  networkHashRate: number | null;
  /** Connected peers. */
  peers: number;
  /** Signals between other peers that this tab passed on. */
  relayedSignals: number;
  /** Transactions waiting. */
  mempool: number;
  /** Their bytes. */
  mempoolBytes: number;
  /** Hash rate of this tab, hashes a second. */
  hashRate: number;
  /** Mining threads in use; 0 when not mining. */
  mining: number;
  /** Blocks that this tab has found since it started. */
  blocksFound: number;
  /** Catching up with the peers, if so. */
  syncing: SyncProgress | null;
  /** Name of the profile that holds wallet and chain. */
  profile: string;
  /** This tab's address. */
  address: string;
  /** Where wallet and chain are kept. */
  storage: StorageView;
};

/** Where wallet and chain are kept. */
export type StorageState = "memory" | "stored" | "failed";

/** Where wallet and chain are kept, and how much room they take. */
export type StorageView = {
  /** Where. */
  state: StorageState;
  /** Why the node does not write any more, or what is wrong with the store; in words. */
  reason: Sentence | null;
  /** Height up to which the chain is in the store. */
  storedHeight: Height;
  /** Blocks of the best chain are kept from this height on; 0 or 1 if all are. */
  oldestBlock: Height;
  /** Whether old blocks are dropped. */
  prune: boolean;
  /** Whether the wallet as it is now is in the store. */
  walletStored: boolean;
  /** Bytes in use, if the browser tells. */
  usedBytes: number | null;
  /** Bytes that may be used, if the browser tells. */
  quotaBytes: number | null;
  /** Whether the browser promised not to clear it by itself, if it knows of such a promise. */
  persistent: boolean | null;
};

/** A switch. */
export type Switch = {
  /** Whether it is on. */
  on: boolean;
};

/** How far catching up has come. */
export type SyncProgress = {
  /** Height of the own tip: blocks done. */
  height: Height;
  /** Height of the best header known. */
  target: Height;
  /** Blocks that came in a second, over the last ten seconds; absent before there were any. */
  blocksPerSecond: number | null;
  /** Seconds that are left at this rate. */
  secondsLeft: number | null;
};

/** The next block as a node would build it. */
export type TemplateView = {
  /** Its height. */
  height: Height;
  /** Subsidy and fees: what its miner would get. */
  reward: Amount;
  /** Of these, the fees. */
  fees: Amount;
  /** Bytes of its transactions, without the reward. */
  bytes: number;
  /** Most bytes they may have. */
  maxBytes: number;
  /** Its transactions in their order, without the reward. */
  transactions: Page<TransactionView>;
  /** Waiting transactions that the miner wants in. */
  pinned: Array<TxId>;
  /** Waiting transactions that the miner leaves out. */
  excluded: Array<TxId>;
};

/** How to mine. */
export type Threads = {
  /** Compute workers; never more than the machine has. */
  threads?: number | null;
};

/** Milliseconds since 1970-01-01 UTC, below 2^48 so that a header spends six bytes on it. */
export type Timestamp = number;

/** The connection to the tracker. */
export type TrackerState = "offline" | "joining" | "joined";

/** What travels over links. */
export type TrafficItem = "block" | "transaction";

/** What a transaction does. */
export type TransactionKind = "reward" | "issue" | "transfer";

/** Where a transaction stands. */
export type TransactionState = {
  state: "waiting";
} | {
  state: "confirmed";
  /** The block. */
  block: BlockHash;
  /** Its height. */
  height: Height;
  /** When it was mined, by its header. */
  time: Timestamp;
  /** Blocks from there to the tip, both counted. */
  confirmations: number;
} | {
  state: "stale";
};

/** A transaction. */
export type TransactionView = {
  /** SHA-256d of its bytes without the signature. */
  id: TxId;
  /** What it does. */
  kind: TransactionKind;
  /** Who pays; absent for new coins. */
  from: string | null;
  /** Who is paid. */
  to: string;
  /** What is paid. */
  amount: Amount;
  /** What the miner gets. */
  fee: Amount;
  /** Number of transactions of the payer before this one. */
  nonce: number;
  /** Text to go with it. From outside: show it as text, nothing else. */
  memo: string;
  /** Canonical bytes, signature included. */
  size: number;
  /** Signature in hex; absent for a block reward. */
  signature: string | null;
  /** Where it stands. */
  status: TransactionState;
};

/** SHA-256d of a transaction's canonical bytes without its signature. */
export type TxId = string;

/**
 * What stands in a place of a sentence: a whole number in the unit that the sentence names, an amount in TAB as decimal
 * digits, a text (a hash, a name, or somebody else's words), or a part that is a sentence itself.
 */
export type Value = {
  number: number;
} | {
  amount: string;
} | {
  text: string;
} | {
  sentence: Sentence;
};

/** What became of one launch of an attack at one peer. */
export type Verdict = {
  /** Names it, counted up from 1: an event with the number of an earlier one replaces that. */
  number: number;
  /** Counts the launches; the same for all peers of one launch. */
  launch: number;
  /** Which. */
  attack: Attack;
  /** At whom. */
  peer: PeerId;
  /** When. */
  time: Timestamp;
  /** The forged block or transaction, if it is one: its hash or id. */
  subject: string | null;
  /** What the peer made of it. */
  outcome: Outcome;
};

/** The file of a wallet. The phrase is in `sealed`; names and watched addresses lie in clear. */
export type WalletFile = {
  /** `tabchain-wallet`. */
  format: string;
  /** 1. */
  version: number;
  /** `aes-256-gcm`. */
  cipher: string;
  /** `argon2id-19`. */
  kdf: string;
  /** KiB of memory of the key derivation. */
  memoryKib: number;
  /** Its passes. */
  passes: number;
  /** Its lanes. */
  lanes: number;
  /** Its salt in hex. */
  salt: string;
  /** The cipher's nonce in hex. */
  nonce: string;
  /** What tells a wrong passphrase, in hex. */
  check: string;
  /** The sealed phrase with its tag, in hex. */
  sealed: string;
  /** Whether the words were confirmed. */
  backedUp: boolean;
  /** The accounts. */
  accounts: Array<FileAccount>;
  /** Addresses that are only watched. */
  watched: Array<FileWatch>;
};

/** The state of the wallet. */
export type WalletView = {
  /** Whether the keys are under a passphrase. */
  protected: boolean;
  /** Whether the keys are in the vault only. */
  locked: boolean;
  /** Whether its owner has shown to have the words. */
  backedUp: boolean;
  /** Why the stored wallet could not be read; this one is a makeshift until the user decides. */
  damaged: Sentence | null;
  /** Whether it has been paid, or has a passphrase: then replacing it must be asked for. */
  inUse: boolean;
  /** A passphrase is being stretched. */
  busy: boolean;
  /** Address of the account that is paid to and pays. */
  selected: string;
  /** The accounts, at least one. */
  accounts: Array<AddressView>;
  /** Addresses that are only watched. */
  watched: Array<AddressView>;
  /**
   * The block up to which the chain was searched for these addresses, while it is. 0 on a light
   * node, which asks peers for the accounts of restored words.
   */
  searched: Height | null;
  /** Milliseconds without use after which an open, protected wallet locks itself. */
  idleLockMs: number;
};

/** A miner's wish for one transaction. */
export type Wanted = {
  /** The transaction's id. */
  id: string;
  /** What to do with it. */
  wish: Wish;
};

/** What a miner wants of one transaction. */
export type Wish = "pin" | "exclude" | "none";

/** What a refused call rejects with. */
export interface TabchainError extends Error {
  /** A stable word for what is wrong. */
  code: ErrorCode;
  /** The field of a form that is wrong, if one is. */
  field?: string;
  /** The message with places in braces, which names it for whoever translates it. */
  pattern: string;
  /** What stands in the places, by their names. */
  values: { [key in string]: Value };
}

/** The names of the events. */
export type EventName = NodeEvent["event"];

/** What the callbacks of an event get. */
export type EventDetail<Name extends EventName> = Extract<NodeEvent, { event: Name }>["detail"];

/** A running node. `window.tabchain` of Tabchain's page is one, too. */
export interface Tabchain {
  /** The node at a glance. */
  status(): Promise<Status>;

  /** Changes what this tab does for others: all blocks, mining too, or headers alone. */
  setRole(role: Role): Promise<null>;

  readonly chain: {
    /** Blocks of the best chain, newest first; `from` is the height to start at, the tip if left out. */
    blocks(range?: ListRange | null): Promise<Array<BlockSummary>>;

    /** A whole block, with its transactions in `transactionList`. */
    block(heightOrHash: BlockId): Promise<BlockView>;

    /** A transaction, waiting or confirmed. */
    transaction(id: string): Promise<TransactionView>;

    /** Headers of the best chain, newest first; `from` is the height to start at, the tip if left out. */
    headers(range?: ListRange | null): Promise<Array<HeaderView>>;

    /** The proof that a block holds a transaction; a light node has it from a peer, and checked. */
    proof(id: string): Promise<ProofView>;

    /** The newest part of the block tree, with every live branch. */
    forks(): Promise<ForkTree>;

    /** Whole blocks from a height on, for a file; 1 if left out, for the genesis block is in every tab. */
    export(from?: number | null): Promise<ChainPart>;

    /** Takes in blocks of a file, by every rule. Parts are given in their order, the next when the last is judged. */
    import(part: ChainPart): Promise<Imported>;
  };

  readonly wallet: {
    /** Address of the selected account. */
    address(): Promise<string>;

    /** Balance of an address; of the selected account's if left out. */
    balance(address?: string | null): Promise<Balance>;

    /** Sends a transfer and gives its id. */
    send(form: SendForm): Promise<TxId>;

    /**
     * Transactions of an address, newest first; `from` is the number of rows to pass over. A light node lists those of
     * its wallet only; of others 50 rows are given at most.
     */
    history(range?: HistoryRange | null): Promise<HistoryPage>;

    /** Keys and accounts of the wallet. No secret is in it. */
    state(): Promise<WalletView>;

    /** Adds an account and selects it. */
    addAccount(name?: Named | null): Promise<WalletView>;

    /** Makes an account the one that is paid to and pays. */
    selectAccount(address: string): Promise<WalletView>;

    /** Renames an account or a watched address. */
    rename(named: NamedAddress): Promise<WalletView>;

    /** Watches an address without having its key. */
    watch(named: NamedAddress): Promise<WalletView>;

    /** Watches an address no longer. */
    unwatch(address: string): Promise<WalletView>;

    /** The twelve words, and the places, from 1, of those that `confirmBackup` asks for. */
    words(): Promise<BackupView>;

    /** Shows that the words are kept: those that were asked for, in that order. */
    confirmBackup(words: Array<Secret>): Promise<WalletView>;

    /** Puts the keys under a passphrase, or under another one. */
    protect(passphrase: Passphrase): Promise<WalletView>;

    /** Forgets the keys until `unlock`. */
    lock(): Promise<WalletView>;

    /** Takes the keys from the vault. */
    unlock(passphrase: Secret): Promise<WalletView>;

    /** The wallet as an encrypted file, to be kept as JSON. */
    export(protection?: Protection | null): Promise<WalletFile>;

    /** The wallet of a file in place of this one, protected by the file's passphrase. */
    import(wallet: Import): Promise<WalletView>;

    /** The wallet of twelve words in place of this one. */
    restore(backup: Backup): Promise<WalletView>;

    /** A new wallet in place of this one. */
    create(replace?: Replace | null): Promise<WalletView>;
  };

  readonly transactions: {
    /** A transfer in hex digits, built and signed by this tab's wallet and sent nowhere. */
    create(form: SendForm): Promise<string>;

    /** Sends a transaction of anybody's making, in hex digits, and gives its id. */
    submit(hex: string): Promise<TxId>;
  };

  readonly mempool: {
    /** Waiting transactions, best fee rate first; `from` is the number of rows to pass over. */
    list(range?: ListRange | null): Promise<Page<TransactionView>>;
  };

  readonly miner: {
    /** Mines until stopped, with one thread if left out. */
    start(threads?: Threads | null): Promise<null>;

    /** Stops mining. */
    stop(): Promise<null>;

    /** The next block that this tab finds; mines for it if it does not already. */
    mine(): Promise<BlockView>;

    /** What this tab's miner does with a waiting transaction. */
    wish(wanted: Wanted): Promise<null>;

    /** The next block as this tab would build it now. */
    template(range?: ListRange | null): Promise<TemplateView>;
  };

  readonly peers: {
    /** Connected and connecting peers. */
    list(): Promise<Array<PeerView>>;

    /** Peers that this tab has heard of and has no link to. */
    known(): Promise<Array<KnownPeer>>;

    /** Connects to a peer of the room. */
    connect(peerId: PeerId): Promise<null>;

    /** Closes the connection to a peer. */
    disconnect(peerId: PeerId): Promise<null>;

    /** Banned peers, the newest ban first. */
    bans(): Promise<Array<BanView>>;

    /** Lifts the ban of a peer and connects to it again. */
    pardon(peerId: PeerId): Promise<null>;
  };

  readonly storage: {
    /** Where wallet and chain are kept, and how much room they take. */
    status(): Promise<StorageView>;

    /** Whether old blocks are dropped; those dropped do not come back. */
    prune(wanted: Switch): Promise<null>;
  };

  readonly lab: {
    /** All attacks, the rule that stops each, and what it lacks now. */
    list(): Promise<Array<AttackView>>;

    /** Launches an attack at peers, once or again and again. */
    attack(attack: Attack, aim?: Aim | null): Promise<null>;

    /** Ends every attack that is repeated or whose block is being mined. */
    stop(): Promise<null>;

    /** What peers made of attacks, newest first; `from` is the number of rows to pass over. */
    verdicts(range?: ListRange | null): Promise<Page<Verdict>>;

    /** What this node refused, newest first; `from` is the number of rows to pass over. */
    incidents(range?: ListRange | null): Promise<Page<Incident>>;
  };

  /** Lines of the node's log, newest first; the node keeps 500. */
  log(rows?: Rows | null): Promise<Array<LogEntry>>;

  readonly profiles: {
    /** All profiles of this browser. */
    list(): Promise<Array<ListedProfile>>;

    /** Calls a profile of this network and room otherwise. */
    rename(name: ProfileName): Promise<null>;

    /** Loads the page anew with another profile of this network and room, which is made if there is none. */
    switch(profile: ProfileId): Promise<null>;

    /** Erases a profile with its wallet and its chain, unless another tab has it. Of this tab's own the page is loaded anew. */
    erase(profile: ProfileId): Promise<null>;
  };

  /** Calls back at every event of this name. A callback that is there already is not added again. */
  on<Name extends EventName>(event: Name, callback: (detail: EventDetail<Name>) => void): void;

  /** Calls back no longer. */
  off<Name extends EventName>(event: Name, callback: (detail: EventDetail<Name>) => void): void;
}

/** Starts a node; the module is loaded at the first call. */
export function start(options?: StartOptions | null): Promise<Tabchain>;
