//! A network of whole nodes in virtual time: the same node and the same tracker as in the real
//! thing, everything else modelled. A seed replays a run exactly.
//!
//! Events are ordered by time and then by the order in which they came up. Channels are reliable
//! and ordered, as WebRTC's are; loss below them shows as delay. Proof of work is real, at a
//! difficulty that hash rates of a few hashes a second meet. Signatures are verified for real, but
//! each only once in a run: what one node found out holds for all.

mod arrivals;
mod channels;
pub mod checks;
mod cpu;
mod disk;
mod driver;
mod faults;
mod hostile;
mod member;
mod network;
mod oracle;
mod people;
mod way;

pub use arrivals::Arrivals;
pub use channels::ChannelOptions;
pub use disk::Aftermath;
pub use faults::{Churn, Faults, Severance};
pub use hostile::{Behaviour, Forgery, Staller};
pub use member::{Count, Traffic};
pub use network::{Latency, NetworkOptions};
pub use way::{Fate, Passing};

pub(crate) use network::Network;

use channels::Channels;
use checks::{Checker, Proven, View};
use disk::Disk;
use hostile::Hostile;
use member::Member;
use node_core::contract::{Input, JobId, LinkId};
use node_core::node::Config;
use node_core::params::{ChainParams, target_of_work};
use node_core::store::Query;
use node_core::units::Timestamp;
use node_core::view::Role;
use oracle::Oracle;
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use std::collections::BTreeMap;
use std::time::Duration;
use tracker_protocol::PeerId;
use tracker_server::{Limits, Tracker};
use way::Way;

/// Virtual time at which every run starts: 2026-06-01, after every genesis block.
const START: Timestamp = Timestamp::from_millis(1_780_272_000_000);
/// Events of one run at most: a run that needs more never ends.
const MAX_EVENTS: u64 = 500_000_000;

/// Names a node of a simulation: its number in the order of coming.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeIndex(pub usize);

/// A node in one of its lives: what was on its way to it when it crashed is not for the next one.
#[derive(Debug, Clone, Copy)]
struct Whom(NodeIndex, u32);

/// What a run is made of.
#[derive(Debug, Clone)]
pub struct Options {
    /// Replays the run.
    pub seed: u64,
    /// The chain.
    pub params: ChainParams,
    /// Latency and lines.
    pub network: NetworkOptions,
    /// What goes wrong by itself.
    pub faults: Faults,
    /// Lines of each node's log that are kept.
    pub log_lines: usize,
}

impl Options {
    /// A development network on links of some 50 ms one way, of which one packet in a hundred is lost.
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            params: simulation_params(),
            network: NetworkOptions::default(),
            faults: Faults::default(),
            log_lines: 10_000,
        }
    }
}

/// The development network at a difficulty of a few hashes.
pub fn simulation_params() -> ChainParams {
    let mut params = ChainParams::named("dev", "simulation").expect("the names are valid");
    params.pow_limit = target_of_work(0);
    params.first_target = target_of_work(4).to_compact();
    params
}

enum Happening {
    /// A node gets an input.
    Input(Whom, Box<Input>),
    /// The last bit of a frame reaches a node's line; the kind of its message, and whether it begins it.
    Landing(Whom, LinkId, Option<(u8, bool)>, Vec<u8>),
    /// A node's timer may be due.
    Wake(Whom),
    /// A node's miner finds a block, if it still works on this job.
    Found(Whom, u64, Box<driver::MiningJob>),
    /// A text reaches the tracker.
    ToTracker(Whom, String),
    /// The tracker looks at its clock.
    TrackerTick,
    /// A node that crashed is back.
    Return(NodeIndex),
    /// One of the nodes that come and go goes.
    Turnover,
    /// A hostile node does something.
    Act(NodeIndex),
    /// A node's storage has written what it was given.
    Written(Whom),
    /// A node's storage has read what it was asked for.
    Read(Whom, JobId, Vec<Query>),
}

/// A running network.
pub struct Simulation {
    /// Virtual time since the start.
    now: Duration,
    sequence: u64,
    handled: u64,
    rng: ChaCha8Rng,
    options: Options,
    queue: BTreeMap<(Duration, u64), Happening>,
    members: Vec<Member>,
    by_id: BTreeMap<PeerId, NodeIndex>,
    network: Network,
    hostile: Hostile,
    channels: Channels,
    way: Way,
    oracle: Oracle,
    proven: Proven,
    tracker: Option<Tracker>,
    /// Whose each connection to the tracker is, in the order of their numbers.
    connections: Vec<NodeIndex>,
    last_request: u64,
    last_mining: u64,
    arrivals: Option<Arrivals>,
}

impl Simulation {
    /// An empty network with a tracker.
    pub fn new(options: Options) -> Self {
        let loss = (options.faults.loss, options.faults.retransmission);
        let mut simulation = Self {
            now: Duration::ZERO,
            sequence: 0,
            handled: 0,
            rng: ChaCha8Rng::seed_from_u64(options.seed),
            network: Network::new(options.network.clone(), options.seed, loss),
            hostile: Hostile::default(),
            channels: Channels::default(),
            way: Way::default(),
            oracle: Oracle::default(),
            proven: Proven::default(),
            tracker: None,
            queue: BTreeMap::new(),
            members: Vec::new(),
            by_id: BTreeMap::new(),
            connections: Vec::new(),
            last_request: 0,
            last_mining: 0,
            arrivals: None,
            options,
        };
        simulation.start_tracker();
        simulation.plan_turnover();
        simulation
    }

    /// Virtual time, as a clock that is right shows it.
    pub fn now(&self) -> Timestamp {
        self.clock()
    }

    /// Time since the run started.
    pub fn elapsed(&self) -> Duration {
        self.now
    }

    /// Events so far.
    pub fn events(&self) -> u64 {
        self.handled
    }

    /// Adds a node; it connects to the tracker at once. `hash_rate` counts once it mines.
    pub fn add_node(&mut self, hash_rate: f64) -> NodeIndex {
        let skew = self.options.faults.clock_skew;
        // Without skew no number is drawn.
        let ahead =
            if skew.is_zero() { 0.0 } else { skew.as_secs_f64() * 1_000.0 * self.random_unit().mul_add(2.0, -1.0) };
        #[expect(clippy::cast_possible_truncation, reason = "milliseconds of a clock's error")]
        self.add_node_with_clock(hash_rate, ahead as i64)
    }

    /// Adds a node whose clock is so many milliseconds ahead, or behind when negative.
    pub fn add_node_with_clock(&mut self, hash_rate: f64, clock_ahead_ms: i64) -> NodeIndex {
        let config = Config::new(self.options.params.clone(), Role::Full);
        self.add_configured(config, hash_rate, clock_ahead_ms)
    }

    /// Adds a node that keeps headers only.
    pub fn add_light_node(&mut self) -> NodeIndex {
        let config = Config::new(self.options.params.clone(), Role::Light);
        self.add_configured(config, 8.0, 0)
    }

    /// Adds a node that remembers peers of an earlier run.
    pub fn add_remembering(&mut self, hash_rate: f64, remembered: Vec<PeerId>) -> NodeIndex {
        let config = Config { remembered, ..Config::new(self.options.params.clone(), Role::Full) };
        self.add_configured(config, hash_rate, 0)
    }

    fn add_configured(&mut self, config: Config, hash_rate: f64, clock_ahead_ms: i64) -> NodeIndex {
        self.add_member(config, hash_rate, clock_ahead_ms, None)
    }

    fn add_member(&mut self, config: Config, hash_rate: f64, clock_ahead_ms: i64, mut disk: Option<Disk>) -> NodeIndex {
        let mut seed = [0; 32];
        self.rng.fill_bytes(&mut seed);
        let now = shifted(self.clock(), clock_ahead_ms);
        let node = self.awaken(config.clone(), seed, now, disk.as_mut());
        let index = NodeIndex(self.members.len());
        self.by_id.insert(node.id(), index);
        let checker = Checker::sharing(&self.proven);
        let member = Member::new(node, config, seed, (hash_rate, clock_ahead_ms), checker);
        self.members.push(Member { disk, ..member });
        self.start(index);
        index
    }

    /// A node begins to live.
    fn start(&mut self, index: NodeIndex) {
        self.connect_to_tracker(index);
        self.deliver(index, Input::Tick);
    }

    /// The tracker dies: every connection to it is lost.
    pub fn stop_tracker(&mut self) {
        self.tracker = None;
        for index in self.running() {
            if self.members[index.0].tracker.take().is_some() {
                self.deliver(index, Input::TrackerClosed);
            }
        }
    }

    /// The tracker is there (again); every node comes back to it.
    pub fn start_tracker(&mut self) {
        let mut seed = [0; 32];
        self.rng.fill_bytes(&mut seed);
        self.tracker = Some(Tracker::new(Limits::default(), seed));
        self.schedule(Duration::from_secs(1), Happening::TrackerTick);
        for index in self.running() {
            self.connect_to_tracker(index);
        }
    }

    /// From now on each link to a node carries so many bits a second.
    pub fn throttle(&mut self, reader: NodeIndex, rate: u32) {
        self.network.throttle(reader, rate);
    }

    /// A node's tab sleeps: it handles nothing, and what is sent to it waits.
    pub fn sleep(&mut self, index: NodeIndex) {
        self.members[index.0].asleep.get_or_insert_default();
    }

    /// It wakes up, finds all that was sent to it, and comes back to the tracker if that let it go.
    pub fn wake(&mut self, index: NodeIndex) {
        for input in self.members[index.0].asleep.take().unwrap_or_default() {
            self.deliver(index, input);
        }
        self.deliver(index, Input::Tick);
        // The shell waits a little before it tries the tracker again.
        self.run_for(Duration::from_secs(1));
        if self.members[index.0].tracker.is_none() {
            self.connect_to_tracker(index);
        }
    }

    /// Lets so much virtual time pass; what must always hold is checked after every event.
    pub fn run_for(&mut self, duration: Duration) {
        let end = self.now + duration;
        self.run_while(end, |_| true);
        self.now = end;
    }

    /// Lets time pass until a condition holds, at most so long; gives whether it came to hold.
    pub fn run_until(&mut self, limit: Duration, condition: impl Fn(&Self) -> bool) -> bool {
        let end = self.now + limit;
        self.run_while(end, |simulation| !condition(simulation));
        condition(self)
    }

    /// The same where looking at the condition costs much: looks every so often only.
    pub fn run_until_every(&mut self, step: Duration, limit: Duration, condition: impl Fn(&Self) -> bool) -> bool {
        let end = self.now + limit;
        while !condition(self) {
            if self.now >= end {
                return false;
            }
            self.run_for(step.min(end.saturating_sub(self.now)));
        }
        true
    }

    fn run_while(&mut self, end: Duration, goes_on: impl Fn(&Self) -> bool) {
        while goes_on(self) {
            let Some((&(time, _), _)) = self.queue.first_key_value() else { return };
            if time > end {
                return;
            }
            if let Some(((time, _), happening)) = self.queue.pop_first() {
                self.now = self.now.max(time);
                self.handled += 1;
                assert!(self.handled < MAX_EVENTS, "seed {}: too many events", self.options.seed);
                self.happen(happening);
            }
        }
    }

    fn schedule(&mut self, delay: Duration, happening: Happening) {
        self.schedule_at(self.now + delay, happening);
    }

    fn schedule_at(&mut self, time: Duration, happening: Happening) {
        self.sequence += 1;
        self.queue.insert((time, self.sequence), happening);
    }

    /// An input reaches a node later, if it still lives this life then.
    fn schedule_input(&mut self, delay: Duration, index: NodeIndex, input: Input) {
        let whom = self.whom(index);
        self.schedule(delay, Happening::Input(whom, Box::new(input)));
    }

    fn whom(&self, index: NodeIndex) -> Whom {
        Whom(index, self.members[index.0].life)
    }

    /// The node, if it lives the life that is meant.
    fn alive(&self, whom: Whom) -> Option<NodeIndex> {
        (self.members[whom.0.0].life == whom.1).then_some(whom.0)
    }

    fn clock(&self) -> Timestamp {
        START.after(self.now)
    }

    /// A number between zero and one, never zero itself.
    fn random_unit(&mut self) -> f64 {
        f64::from(self.rng.next_u32()).mul_add(1.0 / f64::from(u32::MAX), f64::EPSILON).min(1.0)
    }
}

/// At its end every run is checked from scratch, so that nothing rests on what a checker remembers.
impl Drop for Simulation {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let proven = Proven::default();
        let whole = |member: &&Member| !member.stopped && member.node.chain().keeps_bodies();
        for (index, member) in self.members.iter().enumerate().filter(|(_, member)| whole(member)) {
            let now = shifted(self.clock(), member.clock_ahead_ms);
            let view = View::beside(member.store(), member.node.chain(), member.node.mempool(), now);
            let checked = Checker::sharing(&proven).check(&view);
            assert_eq!(checked, Ok(()), "seed {}: node {index} at the end", self.options.seed);
        }
    }
}

/// A time as a clock that is ahead, or behind, shows it.
fn shifted(time: Timestamp, ahead_ms: i64) -> Timestamp {
    Timestamp::from_millis(time.millis().saturating_add_signed(ahead_ms))
}
