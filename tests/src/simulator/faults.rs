//! What goes wrong in a run without anybody's malice: loss, wrong clocks, nodes that come and go,
//! partitions, crashes.

use super::{Happening, NodeIndex, Simulation, channels};
use rand_core::Rng;
use std::time::Duration;

/// How long the others take to notice that a node crashed: WebRTC's consent to send lasts 30 s
/// (RFC 7675).
const CONSENT: Duration = Duration::from_secs(30);

/// All that goes wrong by itself in a run.
#[derive(Debug, Clone)]
pub struct Faults {
    /// Part of all packets that are lost below the channels, 0 to 1.
    pub loss: f64,
    /// What sending again costs; twice as much each time that the same is lost again, up to a minute.
    pub retransmission: Duration,
    /// Clocks of nodes are off by up to this, evenly distributed to both sides.
    pub clock_skew: Duration,
    /// Nodes that come and go.
    pub churn: Option<Churn>,
}

impl Default for Faults {
    /// One packet in a hundred is lost; clocks are right and nobody leaves.
    fn default() -> Self {
        let retransmission = Duration::from_millis(200);
        Self { loss: 0.01, retransmission, clock_skew: Duration::ZERO, churn: None }
    }
}

/// Nodes that come and go: for each that goes another one comes.
#[derive(Debug, Clone, Copy)]
pub struct Churn {
    /// Mean time between two departures in the whole room; the times are exponentially distributed.
    pub every: Duration,
    /// Part of the departures that are crashes: the same node is back after [`Churn::away`]. The
    /// others close their links, never come back, and a stranger takes their place.
    pub crashes: f64,
    /// How long a crashed node is away.
    pub away: Duration,
    /// The first nodes, so many, stay.
    pub spared: usize,
}

/// How a group of nodes is cut off from the others.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Severance {
    /// Nothing passes.
    Both,
    /// Nothing leaves the group.
    Outward,
    /// Nothing enters the group.
    Inward,
    /// Each link across carries so many bits a second in each direction.
    Slow {
        /// Bits a second.
        rate: u32,
    },
    /// So many packets are lost across, 0 to 1.
    Lossy {
        /// Part of all.
        loss: f64,
    },
}

impl Simulation {
    /// Cuts the network: nodes of different groups reach each other no more. Every node that is
    /// not in `group` is in the other one.
    pub fn partition(&mut self, group: &[NodeIndex]) {
        self.sever(group, Severance::Both);
    }

    /// Cuts a group off from the others, beside what is cut already.
    pub fn sever(&mut self, group: &[NodeIndex], severance: Severance) {
        self.network.sever(group, severance);
    }

    /// Heals the network.
    pub fn heal(&mut self) {
        let held = self.network.heal();
        self.send_held(held);
    }

    /// Holds back the headers and blocks that a node sends from now on.
    pub fn withhold(&mut self, index: NodeIndex) {
        self.network.withhold(index);
    }

    /// Lets go what was held back of a node; it heard everything all the time.
    pub fn release(&mut self, index: NodeIndex) {
        let held = self.network.release(index);
        self.send_held(held);
    }

    /// Closes the channel between two nodes by force; both hear of it. Gives whether there was one.
    pub fn cut(&mut self, one: NodeIndex, other: NodeIndex) -> bool {
        let Some(link) = self.link(one, other) else { return false };
        if let Some((other, other_link)) = self.channels.close((one, link)) {
            for (index, link) in [(one, link), (other, other_link)] {
                let reason = node_core::sentence::Sentence::verbatim("the line was cut");
                let input = node_core::contract::Input::LinkClosed { link, reason };
                self.schedule_input(Duration::from_millis(500), index, input);
            }
        }
        true
    }

    /// A node vanishes in the middle of whatever it does: it says nothing to anybody. Its peers find
    /// out by themselves.
    pub fn crash(&mut self, index: NodeIndex) {
        self.vanish(index, CONSENT);
    }

    /// A node that crashed or was closed comes back: with what its storage has, or without one with
    /// its keys and the peers that it remembered, and without its chain.
    pub fn restart(&mut self, index: NodeIndex) {
        assert!(self.members[index.0].stopped, "node {} runs", index.0);
        let member = &mut self.members[index.0];
        let mut disk = member.disk.take();
        if disk.is_none() {
            member.config.remembered.clone_from(&member.remembered);
        }
        let (config, seed, clock_ahead_ms) = (member.config.clone(), member.seed, member.clock_ahead_ms);
        let now = super::shifted(self.clock(), clock_ahead_ms);
        let node = self.awaken(config, seed, now, disk.as_mut());
        self.by_id.insert(node.id(), index);
        self.members[index.0].disk = disk;
        self.members[index.0].begin(node);
        self.start(index);
        self.check_promise(index);
    }

    /// A node crashes as soon as it has handled so many more inputs, and comes back after a while.
    pub fn crash_after(&mut self, index: NodeIndex, inputs: u64, away: Duration) {
        let member = &mut self.members[index.0];
        member.crash_at = Some((member.inputs + inputs, away));
    }

    /// How often a node has vanished so far.
    pub fn lives(&self, index: NodeIndex) -> u32 {
        self.members[index.0].life
    }

    /// Adds a node that does nothing before [`Simulation::restart`].
    pub fn add_absent(&mut self, hash_rate: f64) -> NodeIndex {
        let index = self.add_node(hash_rate);
        self.stop_node(index);
        index
    }

    /// Inputs that a node has handled, in all its lives.
    pub fn inputs(&self, index: NodeIndex) -> u64 {
        self.members[index.0].inputs
    }

    /// Takes a node away, as when its tab is closed.
    pub fn stop_node(&mut self, index: NodeIndex) {
        self.vanish(index, Duration::from_millis(500));
    }

    fn vanish(&mut self, index: NodeIndex, noticed: Duration) {
        let member = &mut self.members[index.0];
        if member.stopped {
            return;
        }
        member.remembered = member.node.peers_to_remember();
        self.leave_disk(index);
        let member = &mut self.members[index.0];
        (member.stopped, member.mining, member.asleep) = (true, 0, None);
        member.life += 1;
        self.disconnect_from_tracker(index);
        for (other, link) in self.channels.close_all(index) {
            self.schedule_input(noticed, other, channels::closed(link));
        }
    }

    /// Crashes a node if its time has come.
    pub(super) fn crash_if_due(&mut self, index: NodeIndex) {
        let member = &mut self.members[index.0];
        let inputs = member.inputs;
        if let Some((_, away)) = member.crash_at.take_if(|(at, _)| *at <= inputs) {
            self.crash(index);
            self.schedule(away, Happening::Return(index));
        }
    }

    /// The next of those that come and go goes.
    pub(super) fn turn_over(&mut self) {
        let Some(churn) = self.options.faults.churn else { return };
        let leaving: Vec<NodeIndex> = self.running().into_iter().filter(|index| index.0 >= churn.spared).collect();
        if !leaving.is_empty() {
            let place = self.rng.next_u32() as usize % leaving.len();
            let index = leaving[place];
            if self.random_unit() < churn.crashes {
                self.crash(index);
                self.schedule(churn.away, Happening::Return(index));
            } else {
                let hash_rate = self.members[index.0].hash_rate;
                self.stop_node(index);
                self.add_node(hash_rate);
            }
        }
        self.plan_turnover();
    }

    /// Nodes come and go from now on, or stop doing so.
    pub fn churn(&mut self, churn: Option<Churn>) {
        let idle = self.options.faults.churn.is_none();
        self.options.faults.churn = churn;
        if idle {
            self.plan_turnover();
        }
    }

    pub(super) fn plan_turnover(&mut self) {
        if let Some(churn) = self.options.faults.churn {
            let wait = churn.every.mul_f64(-self.random_unit().ln());
            self.schedule(wait, Happening::Turnover);
        }
    }

    fn send_held(&mut self, held: Vec<super::network::Held>) {
        for (from, to, frame) in held {
            let bytes = frame.len();
            self.pass_on(from, to, frame, None, bytes);
        }
    }
}
