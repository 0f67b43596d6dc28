//! Other ways to spread a block, as small state machines on the same links and lines: whole blocks
//! to everybody, and gossipsub's.

use super::propagation::Spread;
use super::room;
use crate::simulator::{Latency, Network, NetworkOptions, NodeIndex};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Peers in a node's mesh (gossipsub's D).
const MESH: usize = 6;
/// Peers beside the mesh that a heartbeat tells what is there (gossipsub's `D_lazy`).
const LAZY: usize = 6;
/// Time between heartbeats.
const HEARTBEAT: Duration = Duration::from_secs(1);
/// Bytes of an IHAVE or IWANT with one id: 20 of the id and some around it.
const CONTROL_BYTES: usize = 40;
/// What checking a block takes before it goes on: header, Merkle root, ledger.
const CHECK: Duration = Duration::from_millis(5);
/// No block takes so long.
const END: Duration = Duration::from_mins(1);

/// How a block spreads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// Who gets it sends it whole to all others.
    Flood,
    /// Who gets it sends it whole to its mesh; heartbeats tell others of it, who ask for it.
    Gossipsub,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Block,
    IHave,
    IWant,
    Heartbeat,
}

struct World<'a> {
    now: Duration,
    network: Network,
    rng: ChaCha8Rng,
    links: &'a BTreeMap<NodeIndex, Vec<NodeIndex>>,
    mesh: BTreeMap<NodeIndex, BTreeSet<NodeIndex>>,
    queue: BTreeMap<(Duration, u64), (NodeIndex, NodeIndex, What)>,
    sequence: u64,
    block_bytes: usize,
    had: BTreeMap<NodeIndex, Duration>,
    asked: BTreeSet<NodeIndex>,
    received: usize,
    copies: usize,
}

/// Spreads a block of so many bytes from one node over all links.
pub(super) fn spread(
    seed: u64,
    links: &BTreeMap<NodeIndex, Vec<NodeIndex>>,
    origin: NodeIndex,
    block_bytes: usize,
    protocol: Protocol,
) -> Spread {
    let latency = Latency::LogNormal { median: room::MEDIAN, sigma: room::SIGMA };
    let options = NetworkOptions { latency, line: Some(room::LINE) };
    let faults = crate::simulator::Faults::default();
    let mut world = World {
        now: Duration::ZERO,
        network: Network::new(options, seed, (faults.loss, faults.retransmission)),
        rng: ChaCha8Rng::seed_from_u64(seed),
        links,
        mesh: BTreeMap::new(),
        queue: BTreeMap::new(),
        sequence: 0,
        block_bytes,
        had: BTreeMap::new(),
        asked: BTreeSet::new(),
        received: 0,
        copies: 0,
    };
    match protocol {
        Protocol::Flood => {
            world.mesh = links.iter().map(|(node, peers)| (*node, peers.iter().copied().collect())).collect();
        }
        Protocol::Gossipsub => {
            world.choose_mesh();
            for node in links.keys().copied().collect::<Vec<_>>() {
                let first = HEARTBEAT.mul_f64(f64::from(world.rng.next_u32()) / f64::from(u32::MAX));
                world.plan(first, (node, node, What::Heartbeat));
            }
        }
    }
    world.take_block(origin, origin);
    world.run();
    let mut times: Vec<Duration> = world.had.values().copied().collect();
    times.sort_unstable();
    assert_eq!(times.len(), links.len(), "everybody gets the block");
    let place = |percent: usize| times[(times.len() * percent).div_ceil(100) - 1];
    let others = room::float(links.len() - 1);
    Spread {
        half: place(50),
        most: place(95),
        all: place(100),
        bytes: room::float(world.received) / others,
        copies: room::float(world.copies) / others,
    }
}

impl World<'_> {
    /// Mutual links of each node, as near to the wanted number as grafting comes.
    fn choose_mesh(&mut self) {
        let mut pairs: Vec<(NodeIndex, NodeIndex)> =
            self.links.iter().flat_map(|(node, peers)| peers.iter().map(|peer| (*node, *peer))).collect();
        pairs.retain(|(one, other)| one < other);
        for last in (1..pairs.len()).rev() {
            let other = self.rng.next_u32() as usize % (last + 1);
            pairs.swap(last, other);
        }
        for (one, other) in pairs {
            let size = |node: &NodeIndex| self.mesh.get(node).map_or(0, BTreeSet::len);
            if size(&one) < MESH && size(&other) < MESH {
                self.mesh.entry(one).or_default().insert(other);
                self.mesh.entry(other).or_default().insert(one);
            }
        }
    }

    fn plan(&mut self, time: Duration, event: (NodeIndex, NodeIndex, What)) {
        self.sequence += 1;
        self.queue.insert((time, self.sequence), event);
    }

    fn bytes_of(&self, what: What) -> usize {
        if what == What::Block { self.block_bytes } else { CONTROL_BYTES }
    }

    fn send(&mut self, from: NodeIndex, to: NodeIndex, what: What) {
        let bytes = self.bytes_of(what);
        let left = self.network.leave(self.now, from, bytes);
        let arrival = left + self.network.delay(&mut self.rng, from, to, bytes);
        self.plan(arrival, (from, to, what));
    }

    fn run(&mut self) {
        while let Some(((time, _), (from, to, what))) = self.queue.pop_first() {
            // Heartbeats go on for ever.
            if time > END || (what == What::Heartbeat && self.had.len() == self.links.len()) {
                continue;
            }
            self.now = time;
            if what == What::Heartbeat {
                self.heartbeat(to);
                continue;
            }
            let bytes = self.bytes_of(what);
            self.received += bytes;
            self.now = self.network.land(time, to, bytes);
            match what {
                What::Block => {
                    self.copies += 1;
                    self.take_block(from, to);
                }
                What::IHave if !self.had.contains_key(&to) && self.asked.insert(to) => self.send(to, from, What::IWant),
                What::IWant => self.send(to, from, What::Block),
                What::IHave | What::Heartbeat => {}
            }
        }
    }

    fn take_block(&mut self, from: NodeIndex, to: NodeIndex) {
        if self.had.contains_key(&to) {
            return;
        }
        self.had.insert(to, self.now);
        self.now += CHECK;
        let mesh: Vec<NodeIndex> = self.mesh.get(&to).into_iter().flatten().copied().collect();
        for peer in mesh.into_iter().filter(|peer| *peer != from) {
            self.send(to, peer, What::Block);
        }
    }

    fn heartbeat(&mut self, node: NodeIndex) {
        if self.had.contains_key(&node) {
            let mesh = self.mesh.get(&node).cloned().unwrap_or_default();
            let beside: Vec<NodeIndex> =
                self.links[&node].iter().filter(|peer| !mesh.contains(*peer)).copied().collect();
            for peer in beside.into_iter().take(LAZY) {
                self.send(node, peer, What::IHave);
            }
        }
        self.plan(self.now + HEARTBEAT, (node, node, What::Heartbeat));
    }
}
