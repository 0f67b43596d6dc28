//! A network of whole nodes in virtual time: the same node and the same tracker as in the real
//! thing, everything else modelled. A seed replays a run exactly.
//!
//! Events are ordered by time and then by the order in which they came up. Channels are reliable
//! and ordered, as WebRTC's are; loss below them shows as delay. Proof of work is real, at a
//! difficulty that hash rates of a few hashes a second meet.

mod channels;
pub mod checks;
mod driver;
mod hostile;
mod lines;
mod network;

pub use channels::ChannelOptions;
pub use network::NetworkOptions;

use channels::Channels;
use checks::{Checker, View};
use hostile::Hostile;
use lines::Lines;
use network::Network;
use node_core::block::BlockHeader;
use node_core::contract::{Input, LinkId};
use node_core::net::message::Message;
use node_core::node::{Config, Node};
use node_core::params::{ChainParams, target_of_work};
use node_core::request::{Request, RequestError, RequestId, Response};
use node_core::units::{Amount, Height, Timestamp, Work};
use node_core::view::{Event, LogEntry, Role};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tracker_server::{ConnectionId, Limits, Tracker};

/// Virtual time at which every run starts: 2026-06-01, after every genesis block.
const START: Timestamp = Timestamp::from_millis(1_780_272_000_000);
/// Events of one run at most: a run that needs more never ends.
const MAX_EVENTS: u64 = 50_000_000;
/// Longest that a request to a node may wait for its peers.
const ASKING_TIME: Duration = Duration::from_mins(1);
/// Lines of a node's log that are kept for checks.
const MAX_LOG: usize = 10_000;

/// Names a node of a simulation: its number in the order of coming.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeIndex(pub usize);

/// What a run is made of.
#[derive(Debug, Clone)]
pub struct Options {
    /// Replays the run.
    pub seed: u64,
    /// The chain.
    pub params: ChainParams,
    /// Latency and loss.
    pub network: NetworkOptions,
}

impl Options {
    /// A development network on links of some 50 ms one way, of which one packet in a hundred is lost.
    pub fn new(seed: u64) -> Self {
        Self { seed, params: simulation_params(), network: NetworkOptions::default() }
    }
}

/// The development network at a difficulty of a few hashes.
pub fn simulation_params() -> ChainParams {
    let mut params = ChainParams::named("dev", "simulation").expect("the names are valid");
    params.pow_limit = target_of_work(0);
    params.first_target = target_of_work(4).to_compact();
    params
}

/// Sees each frame on its way, from whom to whom, and says which frames go on in its place.
pub type Tap = Box<dyn FnMut(NodeIndex, NodeIndex, Vec<u8>) -> Vec<Vec<u8>>>;

/// One node and what the simulator knows of it.
struct Member {
    node: Node,
    /// Hashes a second while it mines.
    hash_rate: f64,
    /// Milliseconds that its clock is ahead of the true time.
    clock_ahead_ms: i64,
    /// The tracker's name for its connection, while there is one.
    tracker: Option<ConnectionId>,
    /// Distinguishes the newest mining job from older ones.
    mining: u64,
    wake_at: Option<Timestamp>,
    replies: BTreeMap<RequestId, Result<Response, RequestError>>,
    log: Vec<LogEntry>,
    /// Signatures that it had verified.
    verified: u64,
    /// How often it told of progress in catching up.
    told_sync: u64,
    stopped: bool,
    /// Checks it after every event.
    checker: Checker,
    /// What reached it while it slept, if it does.
    asleep: Option<Vec<Input>>,
}

enum Happening {
    /// A node gets an input.
    Input(NodeIndex, Box<Input>),
    /// A node's timer may be due.
    Wake(NodeIndex),
    /// A node's miner finds a block, if it still works on this job.
    Found(NodeIndex, u64, Box<driver::MiningJob>),
    /// A text reaches the tracker.
    ToTracker(NodeIndex, String),
    /// The tracker looks at its clock.
    TrackerTick,
}

/// A running network.
pub struct Simulation {
    now: Timestamp,
    sequence: u64,
    handled: u64,
    rng: ChaCha8Rng,
    options: Options,
    queue: BTreeMap<(Timestamp, u64), Happening>,
    members: Vec<Member>,
    network: Network,
    hostile: Hostile,
    channels: Channels,
    tap: Option<Tap>,
    tracker: Option<Tracker>,
    last_connection: u64,
    last_request: u64,
    last_mining: u64,
    /// Messages of one frame by sender and kind.
    sent: BTreeMap<(NodeIndex, u8), u64>,
    lines: Lines,
    /// Nodes that keep their bodies to themselves.
    stalling: BTreeSet<NodeIndex>,
    /// Nodes that show headers of their making.
    forgers: BTreeMap<NodeIndex, Forgery>,
}

/// What a node says of its chain, and what it shows of it.
#[derive(Debug, Clone)]
pub struct Forgery {
    /// The work that it claims.
    pub claim: Work,
    /// A chain from the first block on.
    pub headers: Vec<BlockHeader>,
}

impl Simulation {
    /// An empty network with a tracker.
    pub fn new(options: Options) -> Self {
        let mut simulation = Self {
            now: START,
            sequence: 0,
            handled: 0,
            rng: ChaCha8Rng::seed_from_u64(options.seed),
            network: Network::new(options.network.clone()),
            hostile: Hostile::default(),
            channels: Channels::default(),
            tap: None,
            tracker: None,
            queue: BTreeMap::new(),
            members: Vec::new(),
            last_connection: 0,
            last_request: 0,
            last_mining: 0,
            sent: BTreeMap::new(),
            lines: Lines::default(),
            stalling: BTreeSet::new(),
            forgers: BTreeMap::new(),
            options,
        };
        simulation.start_tracker();
        simulation
    }

    /// Virtual time.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Time since the run started.
    pub fn elapsed(&self) -> Duration {
        self.now.since(START)
    }

    /// Adds a node; it connects to the tracker at once. `hash_rate` counts once it mines.
    pub fn add_node(&mut self, hash_rate: f64) -> NodeIndex {
        self.add_node_with_clock(hash_rate, 0)
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

    fn add_configured(&mut self, config: Config, hash_rate: f64, clock_ahead_ms: i64) -> NodeIndex {
        let mut seed = [0; 32];
        self.rng.fill_bytes(&mut seed);
        let node = Node::new(config, seed, shifted(self.now, clock_ahead_ms));
        let index = NodeIndex(self.members.len());
        let (mining, replies, log) = (0, BTreeMap::new(), Vec::new());
        self.members.push(Member {
            node,
            hash_rate,
            clock_ahead_ms,
            tracker: None,
            mining,
            wake_at: None,
            replies,
            log,
            verified: 0,
            told_sync: 0,
            stopped: false,
            checker: Checker::default(),
            asleep: None,
        });
        self.connect_to_tracker(index);
        self.deliver(index, Input::Tick);
        index
    }

    /// Takes a node away, as when its tab is closed.
    pub fn stop_node(&mut self, index: NodeIndex) {
        self.members[index.0].stopped = true;
        self.members[index.0].mining = 0;
        self.disconnect_from_tracker(index);
        for (other, link) in self.channels.close_all(index) {
            self.schedule(Duration::from_millis(500), Happening::Input(other, Box::new(channels::closed(link))));
        }
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

    /// Cuts the network: nodes of different groups reach each other no more. Every node that is
    /// not in `group` is in the other one.
    pub fn partition(&mut self, group: &[NodeIndex]) {
        self.network.partition(group);
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

    /// From now on each link to a node carries so many bytes a second; nothing at all, if none.
    pub fn throttle(&mut self, reader: NodeIndex, bytes_per_second: u64) {
        self.lines.throttle(reader, bytes_per_second);
    }

    /// Shows every frame from now on to a tap, which may change or swallow it.
    pub fn tap(&mut self, tap: Tap) {
        self.tap = Some(tap);
    }

    /// Heals the network.
    pub fn heal(&mut self) {
        let held = self.network.heal();
        self.send_held(held);
        for (from, bytes) in self.lines.release() {
            self.has_left(from, bytes, self.now);
        }
    }

    fn send_held(&mut self, held: Vec<network::Held>) {
        for (sender, receiver, link, frame) in held {
            let delay = self.network.delay(&mut self.rng, sender, receiver);
            self.schedule(delay, Happening::Input(receiver, Box::new(Input::Received { link, frame })));
        }
    }

    /// Asks a node something and gives its answer.
    pub fn request(&mut self, index: NodeIndex, request: Request) -> Result<Response, RequestError> {
        let id = self.post(index, request);
        let reply = self.members[index.0].replies.remove(&id);
        reply.expect("every request but one for the next block is answered at once")
    }

    /// Asks a node something that it may have to ask its peers; gives the answer that comes in time.
    pub fn ask(&mut self, index: NodeIndex, request: Request) -> Option<Result<Response, RequestError>> {
        let id = self.post(index, request);
        self.run_until(ASKING_TIME, |simulation| simulation.members[index.0].replies.contains_key(&id));
        self.members[index.0].replies.remove(&id)
    }

    /// Sends bytes of one's own making over every link of a node, as a hostile peer would.
    pub fn send_raw(&mut self, index: NodeIndex, frame: &[u8]) {
        let links: Vec<LinkId> = self.members[index.0].node.peers().connected().map(|(link, _)| link).collect();
        for link in links {
            self.transmit(index, link, frame.to_vec());
        }
    }

    /// Sends messages of one's own making over every link of a node, in frames.
    pub fn send_messages(&mut self, index: NodeIndex, messages: &[Message]) {
        for message in messages {
            for frame in node_core::net::frame::split(&message.encode()) {
                self.send_raw(index, &frame);
            }
        }
    }

    /// Messages of this kind, by its number on the wire, that a node has sent in one frame each.
    pub fn sent(&self, index: NodeIndex, kind: u8) -> u64 {
        self.sent.get(&(index, kind)).copied().unwrap_or_default()
    }

    /// Signatures that a node had verified for it.
    pub fn verified(&self, index: NodeIndex) -> u64 {
        self.members[index.0].verified
    }

    /// How often a node told of progress in catching up.
    pub fn told_sync(&self, index: NodeIndex) -> u64 {
        self.members[index.0].told_sync
    }

    /// From now on a node answers requests for blocks with nothing.
    pub fn stall(&mut self, index: NodeIndex) {
        self.stalling.insert(index);
    }

    /// From now on a node lies of its chain when it answers pings, and shows these headers.
    pub fn forge(&mut self, index: NodeIndex, forgery: Forgery) {
        self.forgers.insert(index, forgery);
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

    /// Starts or stops a node's miner.
    pub fn mine(&mut self, index: NodeIndex, on: bool) {
        let request = if on { Request::MinerStart { threads: Some(1) } } else { Request::MinerStop };
        self.request(index, request).expect("one thread is allowed");
    }

    /// A node.
    pub fn node(&self, index: NodeIndex) -> &Node {
        &self.members[index.0].node
    }

    /// Lines of a node's log, oldest first.
    pub fn log(&self, index: NodeIndex) -> &[LogEntry] {
        &self.members[index.0].log
    }

    /// Nodes that were not stopped.
    pub fn running(&self) -> Vec<NodeIndex> {
        (0..self.members.len()).map(NodeIndex).filter(|index| !self.members[index.0].stopped).collect()
    }

    /// Lets so much virtual time pass; what must always hold is checked after every event.
    pub fn run_for(&mut self, duration: Duration) {
        let end = self.now.after(duration);
        self.run_while(end, |_| true);
        self.now = end;
    }

    /// Lets time pass until a condition holds, at most so long; gives whether it came to hold.
    pub fn run_until(&mut self, limit: Duration, condition: impl Fn(&Self) -> bool) -> bool {
        let end = self.now.after(limit);
        self.run_while(end, |simulation| !condition(simulation));
        condition(self)
    }

    /// Whether all running nodes have one tip.
    pub fn agree(&self) -> bool {
        let tips: std::collections::BTreeSet<_> =
            self.running().iter().map(|index| self.node(*index).chain().tip()).collect();
        tips.len() <= 1
    }

    /// The least height of all running nodes.
    pub fn least_height(&self) -> Height {
        self.running().iter().map(|index| self.node(*index).chain().height()).min().unwrap_or_default()
    }

    /// What a node's wallet can spend.
    pub fn spendable(&mut self, index: NodeIndex) -> Amount {
        match self.request(index, Request::Balance { address: None }) {
            Ok(Response::Balance(balance)) => balance.spendable,
            other => panic!("a balance, not {other:?}"),
        }
    }

    /// The text of a node's address.
    pub fn address(&mut self, index: NodeIndex) -> String {
        match self.request(index, Request::Address) {
            Ok(Response::Address(address)) => address,
            other => panic!("an address, not {other:?}"),
        }
    }

    fn post(&mut self, index: NodeIndex, request: Request) -> RequestId {
        self.last_request += 1;
        let id = RequestId(self.last_request);
        self.deliver(index, Input::Request { id, request });
        id
    }

    fn run_while(&mut self, end: Timestamp, goes_on: impl Fn(&Self) -> bool) {
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
        self.schedule_at(self.now.after(delay), happening);
    }

    fn schedule_at(&mut self, time: Timestamp, happening: Happening) {
        self.sequence += 1;
        self.queue.insert((time, self.sequence), happening);
    }

    /// A number between zero and one, never zero itself.
    fn random_unit(&mut self) -> f64 {
        f64::from(self.rng.next_u32()).mul_add(1.0 / f64::from(u32::MAX), f64::EPSILON).min(1.0)
    }

    fn note(&mut self, index: NodeIndex, event: Event) {
        if let Event::Sync(_) = event {
            self.members[index.0].told_sync += 1;
        }
        if let Event::Log(entry) = event {
            let log = &mut self.members[index.0].log;
            if log.len() < MAX_LOG {
                log.push(entry);
            }
        }
    }
}

/// At its end every run is checked from scratch, so that nothing rests on what a checker remembers.
impl Drop for Simulation {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let whole = |member: &&Member| !member.stopped && member.node.chain().keeps_bodies();
        for (index, member) in self.members.iter().enumerate().filter(|(_, member)| whole(member)) {
            let now = shifted(self.now, member.clock_ahead_ms);
            let view = View::of(member.node.chain(), member.node.mempool(), now);
            assert_eq!(Checker::default().check(&view), Ok(()), "seed {}: node {index} at the end", self.options.seed);
        }
    }
}

/// A time as a clock that is ahead, or behind, shows it.
fn shifted(time: Timestamp, ahead_ms: i64) -> Timestamp {
    Timestamp::from_millis(time.millis().saturating_add_signed(ahead_ms))
}
