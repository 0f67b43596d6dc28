//! The network below the channels: latency, lines of a bounded rate, loss that shows as delay, and
//! what severs nodes from each other.

use super::NodeIndex;
use super::channels::End;
use super::faults::Severance;
use node_core::hash::{BlockHash, sha256};
use node_core::net::frame;
use node_core::net::message::Message;
use node_core::units::{Height, Work};
use rand_chacha::ChaCha8Rng;
use rand_core::Rng;
use std::collections::{BTreeMap, BTreeSet};
use std::f64::consts::TAU;
use std::time::Duration;

/// Bytes of a message that one packet carries: WebRTC's usual 1,200 less its headers.
const PACKET_BYTES: usize = 1_100;
/// What IP, UDP, DTLS and SCTP put around each packet.
const PACKET_OVERHEAD: usize = 100;
/// What is lost again is sent again after twice the time, up to this: SCTP's timer (RFC 9260, `RTO.Max`).
const MAX_WAIT: Duration = Duration::from_mins(1);
/// Frames held back by a partition at most; more are a test that asks for the impossible.
const MAX_HELD: usize = 1_000_000;

/// One-way latency between two nodes: the same in both directions, and for all packets of a run.
#[derive(Debug, Clone, Copy)]
pub enum Latency {
    /// From the least on, evenly distributed.
    Even {
        /// The least.
        least: Duration,
        /// Further latency, from zero up to this.
        spread: Duration,
    },
    /// Log-normally distributed, as round trips over the internet are, roughly.
    LogNormal {
        /// Half of all pairs have less.
        median: Duration,
        /// Standard deviation of the logarithm.
        sigma: f64,
    },
}

impl Latency {
    /// Of two numbers from zero to one, evenly distributed.
    fn at(self, one: f64, other: f64) -> Duration {
        match self {
            Self::Even { least, spread } => least + spread.mul_f64(one),
            Self::LogNormal { median, sigma } => {
                // Box and Muller; one of the numbers must not be zero.
                let normal = (-2.0 * one.max(f64::EPSILON).ln()).sqrt() * (TAU * other).cos();
                median.mul_f64((sigma * normal).exp())
            }
        }
    }
}

/// How fast the network is when nothing is wrong with it.
#[derive(Debug, Clone)]
pub struct NetworkOptions {
    /// Between two nodes.
    pub latency: Latency,
    /// Bits a second of each node's line, up and down apart; no bound if absent.
    pub line: Option<u32>,
}

impl Default for NetworkOptions {
    fn default() -> Self {
        let (least, spread) = (Duration::from_millis(20), Duration::from_millis(60));
        Self { latency: Latency::Even { least, spread }, line: None }
    }
}

/// A frame that a partition holds back: from which end to which, the frame.
pub(super) type Held = (End, End, Vec<u8>);

/// What lies between nodes.
pub(crate) struct Network {
    options: NetworkOptions,
    /// Chooses the latencies.
    seed: u64,
    /// Part of all packets that are lost and sent again by the channel, 0 to 1, and what each costs.
    loss: (f64, Duration),
    severed: Vec<(BTreeSet<NodeIndex>, Severance)>,
    /// Bits a second that each link to a node carries, where it reads slowly.
    readers: BTreeMap<NodeIndex, u32>,
    silenced: BTreeSet<NodeIndex>,
    held: Vec<Held>,
    /// Until when each node's line is busy, up and down.
    lines: BTreeMap<NodeIndex, [Duration; 2]>,
}

impl Network {
    pub(crate) fn new(options: NetworkOptions, seed: u64, loss: (f64, Duration)) -> Self {
        let (severed, silenced, held, lines) = (Vec::new(), BTreeSet::new(), Vec::new(), BTreeMap::new());
        Self { options, seed, loss, severed, readers: BTreeMap::new(), silenced, held, lines }
    }

    /// Latency of a pair, whatever goes wrong.
    pub(crate) fn latency(&self, one: NodeIndex, other: NodeIndex) -> Duration {
        let pair = [self.seed, one.0.min(other.0) as u64, one.0.max(other.0) as u64];
        let digest = sha256(&pair.map(u64::to_le_bytes).concat());
        let unit = |bytes: &[u8]| {
            f64::from(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])) / f64::from(u32::MAX)
        };
        self.options.latency.at(unit(&digest[..4]), unit(&digest[4..8]))
    }

    /// Time that a frame of so many bytes is on its way, with what its lost packets cost.
    pub(crate) fn delay(&self, rng: &mut ChaCha8Rng, from: NodeIndex, to: NodeIndex, bytes: usize) -> Duration {
        let mut loss = self.loss.0;
        for (group, severance) in &self.severed {
            if let Severance::Lossy { loss: more } = severance
                && group.contains(&from) != group.contains(&to)
            {
                loss = loss.max(*more);
            }
        }
        // All packets have to arrive before the frame is whole, and they are sent again together.
        let packets = i32::try_from(bytes.div_ceil(PACKET_BYTES).max(1)).unwrap_or(i32::MAX);
        let lost = 1.0 - (1.0 - loss).powi(packets);
        let mut delay = self.latency(from, to);
        let (mut chance, mut wait) = (lost, self.loss.1);
        while loss > 0.0 && f64::from(rng.next_u32()) / f64::from(u32::MAX) < chance {
            delay += wait;
            (chance, wait) = (loss, (wait * 2).min(MAX_WAIT));
        }
        delay
    }

    /// When a frame that is sent now has left its sender's line.
    pub(crate) fn leave(&mut self, now: Duration, from: NodeIndex, bytes: usize) -> Duration {
        let Some(time) = self.line_time(bytes) else { return now };
        let [busy, _] = self.lines.entry(from).or_default();
        *busy = now.max(*busy) + time;
        *busy
    }

    /// When a frame whose last bit comes now has passed its receiver's line.
    pub(crate) fn land(&mut self, now: Duration, to: NodeIndex, bytes: usize) -> Duration {
        let Some(time) = self.line_time(bytes) else { return now };
        let [_, busy] = self.lines.entry(to).or_default();
        // A line that is free took it in while it came.
        *busy = now.max(*busy + time);
        *busy
    }

    fn line_time(&self, bytes: usize) -> Option<Duration> {
        self.options.line.map(|rate| time_at(rate, bytes))
    }

    /// What a frame takes over the slowest thing between two nodes, where that is slower than lines.
    pub(super) fn slow_time(&self, from: NodeIndex, to: NodeIndex, bytes: usize) -> Duration {
        let times = self.severed.iter().filter(|(group, _)| group.contains(&from) != group.contains(&to));
        let times = times.filter_map(|(_, severance)| match severance {
            Severance::Slow { rate } => Some(time_at(*rate, bytes)),
            _ => None,
        });
        let reader = self.readers.get(&to).map(|rate| time_at(*rate, bytes));
        times.chain(reader).max().unwrap_or_default()
    }

    /// From now on each link to a node carries so many bits a second.
    pub(super) fn throttle(&mut self, reader: NodeIndex, rate: u32) {
        self.readers.insert(reader, rate);
    }

    /// Whether anything gets from one node to the other.
    pub(super) fn connects(&self, from: NodeIndex, to: NodeIndex) -> bool {
        self.severed.iter().all(|(group, severance)| match severance {
            Severance::Both => group.contains(&from) == group.contains(&to),
            Severance::Outward => !group.contains(&from) || group.contains(&to),
            Severance::Inward => group.contains(&from) || !group.contains(&to),
            Severance::Slow { .. } | Severance::Lossy { .. } => true,
        })
    }

    /// Whether a frame gets through at all.
    pub(super) fn passes(&self, from: NodeIndex, to: NodeIndex, frame: &[u8]) -> bool {
        self.connects(from, to) && !(self.silenced.contains(&from) && shows_blocks(frame))
    }

    /// What a node shows of itself: who holds its blocks back does not boast of them in its pongs.
    pub(super) fn shown(&self, from: NodeIndex, frame: Vec<u8>) -> Vec<u8> {
        if !self.silenced.contains(&from) {
            return frame;
        }
        let message = frame::ending(&frame).and_then(|message| Message::decode(message).ok());
        match message {
            Some(Message::Pong { number, .. }) => {
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
        let (released, kept) =
            std::mem::take(&mut self.held).into_iter().partition(|((sender, _), ..)| *sender == index);
        self.held = kept;
        released
    }

    pub(super) fn sever(&mut self, group: &[NodeIndex], severance: Severance) {
        self.severed.push((group.iter().copied().collect(), severance));
    }

    /// Ends all partitions; gives the frames that they held back, in the order of their sending.
    pub(super) fn heal(&mut self) -> Vec<Held> {
        self.severed.clear();
        std::mem::take(&mut self.held)
    }

    pub(super) fn hold(&mut self, held: Held) {
        assert!(self.held.len() < MAX_HELD, "a partition holds back too much");
        self.held.push(held);
    }
}

/// Time for so many bytes of a message, in their packets, at so many bits a second.
fn time_at(rate: u32, bytes: usize) -> Duration {
    let bytes = bytes + bytes.div_ceil(PACKET_BYTES).max(1) * PACKET_OVERHEAD;
    Duration::from_nanos(bytes as u64 * 8 * 1_000_000_000 / u64::from(rate.max(1)))
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

#[cfg(test)]
mod tests {
    use super::*;
    use rand_core::SeedableRng;

    fn network(latency: Latency, line: Option<u32>, loss: f64) -> Network {
        Network::new(NetworkOptions { latency, line }, 7, (loss, Duration::from_millis(200)))
    }

    #[test]
    fn latencies_are_distributed_as_stated_and_stay() {
        let median = Duration::from_millis(50);
        let network = network(Latency::LogNormal { median, sigma: 0.5 }, None, 0.0);
        let mut all: Vec<Duration> =
            (0..2_001).map(|other| network.latency(NodeIndex(other), NodeIndex(5_000))).collect();
        assert_eq!(network.latency(NodeIndex(3), NodeIndex(9)), network.latency(NodeIndex(9), NodeIndex(3)));
        all.sort_unstable();
        let ms = |place: usize| all[place].as_secs_f64() * 1_000.0;
        assert!((46.0..54.0).contains(&ms(1_000)), "a median of {} ms", ms(1_000));
        // One standard deviation above the median: e^0.5 times as much.
        assert!((75.0..91.0).contains(&ms(1_683)), "{} ms", ms(1_683));
    }

    #[test]
    fn a_line_carries_so_many_bits_a_second_in_each_direction() {
        let latency = Latency::Even { least: Duration::from_millis(50), spread: Duration::ZERO };
        let mut network = network(latency, Some(10_000_000), 0.0);
        let (one, other) = (NodeIndex(0), NodeIndex(1));
        let mut left = Duration::ZERO;
        for _ in 0..1_000 {
            left = network.leave(Duration::ZERO, one, 1_100);
        }
        assert_eq!(left, Duration::from_millis(960), "1,000 packets of 1,200 bytes");
        // What came as fast as a line carries it has passed the other's line when it is there.
        assert_eq!(network.land(left, other, 1_100), left);
        assert_eq!(network.land(left, other, 1_100), left + Duration::from_micros(960));
    }

    #[test]
    fn what_is_lost_costs_time() {
        let latency = Latency::Even { least: Duration::from_millis(50), spread: Duration::ZERO };
        let network = network(latency, None, 0.01);
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let late = |bytes: usize, rng: &mut ChaCha8Rng| {
            let delays = (0..10_000).map(|_| network.delay(rng, NodeIndex(0), NodeIndex(1), bytes));
            delays.filter(|delay| *delay > Duration::from_millis(50)).count()
        };
        assert!((60..140).contains(&late(100, &mut rng)), "one packet in a hundred");
        assert!((1_150..1_650).contains(&late(16_385, &mut rng)), "one of fifteen packets");
        // Each time it is lost again it waits twice as long: 200, 400 and 800 ms.
        let network = self::network(latency, None, 0.7);
        let slow = |limit: Duration, rng: &mut ChaCha8Rng| {
            (0..10_000).filter(|_| network.delay(rng, NodeIndex(0), NodeIndex(1), 100) >= limit).count()
        };
        assert!(
            (3_200..3_660).contains(&slow(Duration::from_millis(1_450), &mut rng)),
            "three of ten come at each try"
        );
        let mut longest = Duration::ZERO;
        for _ in 0..10_000 {
            longest = longest.max(network.delay(&mut rng, NodeIndex(0), NodeIndex(1), 100));
        }
        assert!(longest < MAX_WAIT * 40, "no wait is longer than the timer's greatest: {longest:?}");
    }

    #[test]
    fn every_severance_stops_what_it_says() {
        let (one, other) = (NodeIndex(0), NodeIndex(1));
        let latency = Latency::Even { least: Duration::from_millis(50), spread: Duration::ZERO };
        for (severance, there, back) in [
            (Severance::Both, false, false),
            (Severance::Outward, false, true),
            (Severance::Inward, true, false),
            (Severance::Slow { rate: 1_000 }, true, true),
            (Severance::Lossy { loss: 0.5 }, true, true),
        ] {
            let mut network = network(latency, None, 0.0);
            network.sever(&[one], severance);
            assert_eq!(network.connects(one, other), there, "{severance:?}");
            assert_eq!(network.connects(other, one), back, "{severance:?}");
            assert!(network.connects(other, NodeIndex(2)));
            network.heal();
            assert!(network.connects(one, other) && network.connects(other, one));
        }
        let mut network = network(latency, None, 0.0);
        network.sever(&[one], Severance::Slow { rate: 9_600 });
        assert_eq!(network.slow_time(one, other, 1_100), Duration::from_secs(1));
        assert_eq!(network.slow_time(other, NodeIndex(2), 1_100), Duration::ZERO);
    }
}
