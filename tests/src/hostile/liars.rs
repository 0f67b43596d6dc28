//! Those that lie, or keep things to themselves.

use super::floods::cheap_headers;
use crate::simulator::{Behaviour, Fate, Forgery, NodeIndex, Passing, Simulation};
use node_core::net::exchange::{MAX_SAMPLE, PeerSample};
use node_core::net::message::Message;
use node_core::request::{Attack, Request};
use std::time::Duration;
use tracker_protocol::PeerId;

/// Numbers on the wire of what brings blocks and transactions, or tells of them.
const NEWS: [u8; 7] = [4, 6, 8, 10, 13, 16, 19];
/// Number on the wire of a sample of peers.
const PEER_SAMPLE: u8 = 18;

/// Mines, beside what else it does.
pub(super) struct Miner<B> {
    behaviour: B,
}

impl<B> Miner<B> {
    pub(super) fn new(behaviour: B) -> Self {
        Self { behaviour }
    }
}

impl<B: Behaviour> Behaviour for Miner<B> {
    fn outgoing(&mut self, passing: &Passing) -> Fate {
        self.behaviour.outgoing(passing)
    }

    fn incoming(&mut self, passing: &Passing) -> Fate {
        self.behaviour.incoming(passing)
    }

    fn act(&mut self, simulation: &mut Simulation, own: NodeIndex) -> Option<Duration> {
        simulation.mine(own, true);
        self.behaviour.act(simulation, own)
    }
}

/// Makes blocks that pay too much.
pub(super) struct Inflater;

impl Behaviour for Inflater {
    fn act(&mut self, simulation: &mut Simulation, own: NodeIndex) -> Option<Duration> {
        // Without a peer left there is nobody to attack, and the node says so.
        let _ = simulation.request(own, Request::Attack { attack: Attack::InflatedReward, peer: None, every: None });
        Some(Duration::from_secs(5))
    }
}

pub(super) fn stale_chain(simulation: &Simulation) -> Forgery {
    let work = simulation.node(NodeIndex(0)).chain().work();
    Forgery { claim: work.plus(work), headers: cheap_headers(simulation, NodeIndex(0), 200, 3) }
}

/// One of many that want to be all that others see.
pub(super) struct Sybil {
    own: Vec<PeerId>,
    round: usize,
}

impl Sybil {
    pub(super) fn new(simulation: &Simulation, nodes: &[NodeIndex]) -> Self {
        Self { own: nodes.iter().map(|node| simulation.node(*node).id()).collect(), round: 0 }
    }
}

impl Behaviour for Sybil {
    fn outgoing(&mut self, passing: &Passing) -> Fate {
        match passing.kind {
            Some(kind) if NEWS.contains(&kind) => Fate::swallowed(),
            Some(PEER_SAMPLE) => {
                let sample = PeerSample(self.own.iter().copied().take(MAX_SAMPLE).collect());
                Fate::instead(&Message::PeerSample(sample))
            }
            _ => passing.on(),
        }
    }

    fn act(&mut self, simulation: &mut Simulation, own: NodeIndex) -> Option<Duration> {
        // Each time at two others, so that none is left out.
        let others: Vec<NodeIndex> = simulation
            .running()
            .into_iter()
            .filter(|other| !self.own.contains(&simulation.node(*other).id()))
            .collect();
        for _ in 0..2 {
            let other = others[(own.0 * 31 + self.round * 7) % others.len()];
            self.round += 1;
            let peer = simulation.node(other).id();
            // A node that is full says so; the next is asked next time.
            let _ = simulation.request(own, Request::Connect { peer });
        }
        Some(Duration::from_secs(1))
    }
}

/// Holds its blocks back for a while, and shows them all at once.
#[derive(Debug, Default)]
pub(super) struct Withholder {
    silent: bool,
}

impl Behaviour for Withholder {
    fn act(&mut self, simulation: &mut Simulation, own: NodeIndex) -> Option<Duration> {
        if self.silent {
            simulation.release(own);
        } else {
            simulation.mine(own, true);
            simulation.withhold(own);
        }
        self.silent = !self.silent;
        Some(if self.silent { Duration::from_secs(10) } else { Duration::from_secs(1) })
    }
}
