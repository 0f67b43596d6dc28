//! The network below the channels: latency, loss that shows as delay, partitions.

use super::NodeIndex;
use node_core::contract::LinkId;
use node_core::hash::BlockHash;
use node_core::net::frame;
use node_core::net::message::Message;
use node_core::units::{Height, Work};
use rand_chacha::ChaCha8Rng;
use rand_core::Rng;
use std::collections::BTreeSet;
use std::time::Duration;

/// Latency and loss.
#[derive(Debug, Clone)]
pub struct NetworkOptions {
    /// Least one-way latency.
    pub least_latency: Duration,
    /// Further latency, evenly distributed from zero up to this; fixed for each pair of nodes.
    pub latency_spread: Duration,
    /// Part of all packets that are lost and sent again by the channel, 0 to 1.
    pub loss: f64,
    /// What one retransmission costs.
    pub retransmission: Duration,
}

impl Default for NetworkOptions {
    fn default() -> Self {
        Self {
            least_latency: Duration::from_millis(20),
            latency_spread: Duration::from_millis(60),
            loss: 0.01,
            retransmission: Duration::from_millis(200),
        }
    }
}

/// A frame that a partition holds back: sender, receiver, the receiver's link, the frame.
pub(super) type Held = (NodeIndex, NodeIndex, LinkId, Vec<u8>);

/// Most frames held back by a partition; more are a test that asks for the impossible.
const MAX_HELD: usize = 1_000_000;

pub(super) struct Network {
    options: NetworkOptions,
    group: Option<BTreeSet<NodeIndex>>,
    silenced: BTreeSet<NodeIndex>,
    held: Vec<Held>,
}

impl Network {
    pub(super) fn new(options: NetworkOptions) -> Self {
        Self { options, group: None, silenced: BTreeSet::new(), held: Vec::new() }
    }

    /// Time that a packet takes from one node to the other.
    pub(super) fn delay(&self, rng: &mut ChaCha8Rng, from: NodeIndex, to: NodeIndex) -> Duration {
        // The same for a pair in both directions, and for every packet but the lost ones.
        let pair = (from.0.min(to.0) as u64) << 32 | from.0.max(to.0) as u64;
        let share = f64::from((pair.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as u32) / f64::from(1 << 24);
        let mut delay = self.options.least_latency + self.options.latency_spread.mul_f64(share);
        while f64::from(rng.next_u32()) / f64::from(u32::MAX) < self.options.loss {
            delay += self.options.retransmission;
        }
        delay
    }

    /// Whether two nodes are in one part of the network.
    pub(super) fn connects(&self, one: NodeIndex, other: NodeIndex) -> bool {
        self.group.as_ref().is_none_or(|group| group.contains(&one) == group.contains(&other))
    }

    /// Whether a frame gets through at all.
    pub(super) fn passes(&self, from: NodeIndex, to: NodeIndex, frame: &[u8]) -> bool {
        self.connects(from, to) && !(self.silenced.contains(&from) && shows_blocks(frame))
    }

    /// What a node shows of itself: who holds its blocks back does not boast of them in its pongs.
    pub(super) fn shown(&self, from: NodeIndex, frame: Vec<u8>) -> Vec<u8> {
        let message = frame::ending(&frame).and_then(|message| Message::decode(message).ok());
        match message {
            Some(Message::Pong { number, .. }) if self.silenced.contains(&from) => {
                let (tip, height, work) = (BlockHash::ZERO, Height::GENESIS, Work::default());
                [&frame[..1], &Message::Pong { number, tip, height, work }.encode()].concat()
            }
            _ => frame,
        }
    }

    pub(super) fn withhold(&mut self, index: NodeIndex) {
        self.silenced.insert(index);
    }

    /// Ends the silence of a node; gives what it had to say.
    pub(super) fn release(&mut self, index: NodeIndex) -> Vec<Held> {
        self.silenced.remove(&index);
        let (released, kept) = std::mem::take(&mut self.held).into_iter().partition(|(sender, ..)| *sender == index);
        self.held = kept;
        released
    }

    pub(super) fn partition(&mut self, group: &[NodeIndex]) {
        self.group = Some(group.iter().copied().collect());
    }

    /// Ends the partition; gives the frames that it held back, in the order of their sending.
    pub(super) fn heal(&mut self) -> Vec<Held> {
        self.group = None;
        std::mem::take(&mut self.held)
    }

    pub(super) fn hold(&mut self, held: Held) {
        assert!(self.held.len() < MAX_HELD, "a partition holds back too much");
        self.held.push(held);
    }
}

/// Whether a frame tells of blocks: what a miner holds back that keeps them to itself.
fn shows_blocks(frame: &[u8]) -> bool {
    let message = frame::ending(frame).and_then(|message| Message::decode(message).ok());
    let shows = |message: &Message| {
        matches!(
            message,
            Message::Headers(_) | Message::Block(_) | Message::CompactBlock(_) | Message::BlockTransactions(_)
        )
    };
    message.as_ref().is_some_and(shows)
}
