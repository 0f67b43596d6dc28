//! One node and what the simulator knows of it.

use super::checks::Checker;
use super::disk::Disk;
use node_core::contract::Input;
use node_core::hash::BlockHash;
use node_core::node::{Config, Node};
use node_core::request::{RequestError, RequestId, Response};
use node_core::store::memory::MemoryStore;
use node_core::view::LogEntry;
use std::collections::BTreeMap;
use std::time::Duration;
use tracker_protocol::PeerId;
use tracker_server::ConnectionId;

/// Inputs between two checks of a node in which nothing seems to have changed.
const CHECK_INTERVAL: u64 = 64;
/// Waiting transactions for each of which an input has to pass before a mempool that has changed is checked again.
const POOL_PART: u64 = 16;

/// Messages and the bytes of their frames.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// Messages.
    pub messages: u64,
    /// Bytes.
    pub bytes: u64,
}

impl Count {
    fn add(&mut self, begins: bool, bytes: usize) {
        self.messages += u64::from(begins);
        self.bytes += bytes as u64;
    }
}

/// What a node sent and received, by the number of the message on the wire.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Left the node.
    pub sent: BTreeMap<u8, Count>,
    /// Reached the node.
    pub received: BTreeMap<u8, Count>,
}

impl Traffic {
    pub(super) fn sent(&mut self, kind: Option<(u8, bool)>, bytes: usize) {
        if let Some((kind, begins)) = kind {
            self.sent.entry(kind).or_default().add(begins, bytes);
        }
    }

    pub(super) fn received(&mut self, kind: Option<(u8, bool)>, bytes: usize) {
        if let Some((kind, begins)) = kind {
            self.received.entry(kind).or_default().add(begins, bytes);
        }
    }

    /// All that was received.
    pub fn total_received(&self) -> Count {
        sum(self.received.values())
    }

    /// All that was sent.
    pub fn total_sent(&self) -> Count {
        sum(self.sent.values())
    }
}

fn sum<'a>(counts: impl Iterator<Item = &'a Count>) -> Count {
    counts.fold(Count::default(), |sum, one| Count {
        messages: sum.messages + one.messages,
        bytes: sum.bytes + one.bytes,
    })
}

/// One node and what the simulator knows of it.
pub(super) struct Member {
    pub(super) node: Node,
    pub(super) config: Config,
    pub(super) seed: [u8; 32],
    /// How often it vanished.
    pub(super) life: u32,
    /// Hashes a second while it mines.
    pub(super) hash_rate: f64,
    /// Milliseconds that its clock is ahead of the true time.
    pub(super) clock_ahead_ms: i64,
    /// The tracker's name for its connection, while there is one.
    pub(super) tracker: Option<ConnectionId>,
    /// Distinguishes the newest mining job from older ones.
    pub(super) mining: u64,
    pub(super) wake_at: Option<Duration>,
    pub(super) replies: BTreeMap<RequestId, Result<Response, RequestError>>,
    pub(super) log: Vec<LogEntry>,
    /// Signatures that it had verified.
    pub(super) verified: u64,
    /// How often it told of progress in catching up.
    pub(super) told_sync: u64,
    pub(super) stopped: bool,
    /// Checks it after every event.
    pub(super) checker: Checker,
    /// Tip, and number and bytes of waiting transactions, after the last input.
    pub(super) seen: (BlockHash, usize, usize),
    /// Whether any of it has changed since the last check, and at how many inputs that was.
    pub(super) changed: bool,
    pub(super) checked: u64,
    /// What reached it while it slept, if it does.
    pub(super) asleep: Option<Vec<Input>>,
    /// Inputs that it handled.
    pub(super) inputs: u64,
    /// Time that it took for them on this machine.
    pub(super) busy: Duration,
    pub(super) traffic: Traffic,
    /// Number of inputs with which it crashes, and for how long it is away then.
    pub(super) crash_at: Option<(u64, Duration)>,
    /// Peers that it remembered when it went.
    pub(super) remembered: Vec<PeerId>,
    /// Its storage, if it has one.
    pub(super) disk: Option<Disk>,
}

impl Member {
    pub(super) fn new(
        node: Node,
        config: Config,
        seed: [u8; 32],
        (hash_rate, clock_ahead_ms): (f64, i64),
        checker: Checker,
    ) -> Self {
        Self {
            node,
            config,
            seed,
            life: 0,
            hash_rate,
            clock_ahead_ms,
            tracker: None,
            mining: 0,
            wake_at: None,
            replies: BTreeMap::new(),
            log: Vec::new(),
            verified: 0,
            told_sync: 0,
            stopped: false,
            checker,
            seen: (BlockHash::ZERO, 0, 0),
            changed: false,
            checked: 0,
            asleep: None,
            inputs: 0,
            busy: Duration::ZERO,
            traffic: Traffic::default(),
            crash_at: None,
            remembered: Vec::new(),
            disk: None,
        }
    }

    /// Another life begins.
    pub(super) fn begin(&mut self, node: Node) {
        (self.node, self.stopped, self.wake_at, self.changed) = (node, false, None, true);
    }

    /// What is in its storage.
    pub(super) fn store(&self) -> Option<&MemoryStore> {
        self.disk.as_ref().map(Disk::store)
    }

    /// Whether what must always hold is to be checked after an input: at every new tip, when the mempool has changed, and
    /// now and then. A check looks at all that waits, so that a larger mempool is checked after more inputs.
    pub(super) fn is_check_due(&mut self) -> bool {
        let pool = self.node.mempool();
        let seen = (self.node.chain().tip(), pool.len(), pool.bytes());
        let before = std::mem::replace(&mut self.seen, seen);
        self.changed |= before != seen;
        let since = self.inputs - self.checked;
        let due = before.0 != seen.0
            || (self.changed && since >= pool.len() as u64 / POOL_PART)
            || since >= CHECK_INTERVAL + pool.len() as u64;
        if due {
            (self.checked, self.changed) = (self.inputs, false);
        }
        due
    }
}
