//! Drives the nodes: what a browser, a network and compute workers do with their outputs.

use super::channels::{self, End};
use super::checks::{self, Checker, View};
use super::cpu;
use super::disk::Disk;
use super::{Happening, NodeIndex, Simulation, shifted};
use node_core::block::BlockHeader;
use node_core::contract::{Input, JobId, LinkId, Output, RtcSignal};
use node_core::mining;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;
use tracker_server::{ConnectionId, Frame, Input as TrackerInput, Output as TrackerOutput};

/// One-way latency between a node and the tracker.
const TRACKER_LATENCY: Duration = Duration::from_millis(30);
/// What verifying one signature costs a node.
const VERIFY_TIME: Duration = Duration::from_micros(200);
/// What stretching a passphrase takes.
const DERIVE_TIME: Duration = Duration::from_millis(500);
/// Nonces tried for a block that the model says is found; far more than any difficulty here needs.
const MAX_ATTEMPTS: u32 = 10_000_000;

/// Inputs that wait for a node that sleeps; more are a test that asks for the impossible.
const MAX_WAITING: usize = 1_000_000;
/// Least time between two looks of a node at its clock.
const LEAST_WAIT: Duration = Duration::from_millis(1);

/// What a node's miner works on.
pub(super) struct MiningJob {
    job: JobId,
    header: BlockHeader,
}

impl Simulation {
    pub(super) fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Input(whom, input) => {
                if let Some(index) = self.alive(whom) {
                    self.deliver(index, *input);
                }
            }
            Happening::Landing(whom, link, kind, frame) => {
                let Some(index) = self.alive(whom) else { return };
                self.members[index.0].traffic.received(kind, frame.len());
                let landed = self.network.land(self.now, index, frame.len());
                let input = Input::Received { link, frame };
                if landed > self.now {
                    self.schedule_at(landed, Happening::Input(whom, Box::new(input)));
                } else {
                    self.deliver(index, input);
                }
            }
            Happening::Wake(whom) => {
                if let Some(index) = self.alive(whom)
                    && self.members[index.0].wake_at.take_if(|at| *at <= self.now).is_some()
                {
                    self.deliver(index, Input::Tick);
                }
            }
            Happening::Found(whom, mining, job) => {
                if let Some(index) = self.alive(whom) {
                    self.found(index, mining, &job);
                }
            }
            Happening::ToTracker(whom, text) => {
                if let Some(index) = self.alive(whom) {
                    self.tracker_receives(index, &text);
                }
            }
            Happening::TrackerTick => self.tracker_tick(),
            Happening::Return(index) => self.restart(index),
            Happening::Turnover => self.turn_over(),
            Happening::Act(index) => self.act(index),
            Happening::Written(whom) => {
                if let Some(index) = self.alive(whom) {
                    self.written(index);
                }
            }
            Happening::Read(whom, job, queries) => {
                if let Some(index) = self.alive(whom) {
                    self.read(index, job, &queries);
                }
            }
        }
    }

    /// Gives a node an input, carries out what it wants, and checks what must always hold.
    pub(super) fn deliver(&mut self, index: NodeIndex, input: Input) {
        let now = self.clock();
        let member = &mut self.members[index.0];
        if member.stopped {
            return;
        }
        if let Some(waiting) = &mut member.asleep {
            assert!(waiting.len() < MAX_WAITING, "too much waits for a node that sleeps");
            waiting.push(input);
            return;
        }
        member.inputs += 1;
        let before = cpu::spent();
        member.node.handle(shifted(now, member.clock_ahead_ms), input);
        let mut outputs = Vec::new();
        outputs.extend(std::iter::from_fn(|| member.node.poll_output()));
        member.busy += cpu::spent().saturating_sub(before);
        for output in outputs {
            self.carry_out(index, output);
        }
        self.check(index);
        let member = &mut self.members[index.0];
        let timeout = member.node.next_timeout().map(|at| shifted(at, -member.clock_ahead_ms).since(super::START));
        if let Some(at) = timeout
            && member.wake_at.is_none_or(|planned| at < planned)
        {
            let at = at.max(self.now + LEAST_WAIT);
            member.wake_at = Some(at);
            let whom = self.whom(index);
            self.schedule_at(at, Happening::Wake(whom));
        }
        self.crash_if_due(index);
    }

    fn carry_out(&mut self, index: NodeIndex, output: Output) {
        match output {
            Output::Tracker(message) => {
                let text = serde_json::to_string(&message).expect("messages are plain data");
                let whom = self.whom(index);
                self.schedule(TRACKER_LATENCY, Happening::ToTracker(whom, text));
            }
            Output::Dial { link, .. } => {
                let sdp = self.channels.offer((index, link));
                self.local_signal(index, link, RtcSignal::Offer { sdp });
            }
            Output::Answer { link, sdp, .. } => match self.channels.answer((index, link), &sdp) {
                Some(sdp) => self.local_signal(index, link, RtcSignal::Answer { sdp }),
                None => self.schedule_input(LEAST_WAIT, index, channels::closed(link)),
            },
            Output::RemoteSignal { link, signal: RtcSignal::Answer { sdp } } => self.open_channel((index, link), &sdp),
            // The model has no candidates.
            Output::RemoteSignal { .. } | Output::IceServers(_) => {}
            Output::StopMining => self.members[index.0].mining = 0,
            Output::Send { link, frame } => self.transmit(index, link, frame),
            Output::Close { link } => self.close_channel((index, link)),
            Output::Verify { job, checks } => {
                self.members[index.0].verified += checks.len() as u64;
                let valid = self.oracle.verify_all(&checks);
                let cost = VERIFY_TIME * u32::try_from(checks.len()).unwrap_or(u32::MAX);
                self.schedule_input(cost, index, Input::Verified { job, valid });
            }
            Output::DeriveKey { job, derivation } => {
                let key = derivation.derive();
                self.schedule_input(DERIVE_TIME, index, Input::KeyDerived { job, key });
            }
            Output::Mine { job, header, .. } => self.start_mining(index, MiningJob { job, header }),
            Output::Persist(batch) => self.persist(index, batch),
            Output::Load { job, queries } => self.load(index, job, queries),
            Output::Event(event) => self.note(index, event),
            Output::Reply { id, result } => {
                self.members[index.0].replies.insert(id, result);
            }
        }
    }

    fn local_signal(&mut self, index: NodeIndex, link: LinkId, signal: RtcSignal) {
        let delay = self.channels.options.description;
        self.schedule_input(delay, index, Input::LocalSignal { link, signal });
    }

    fn open_channel(&mut self, end: End, answer: &str) {
        let Some((offerer, answerer, binding)) = self.channels.complete(end, answer) else { return };
        // A channel needs both directions.
        if !self.network.connects(offerer.0, answerer.0) || !self.network.connects(answerer.0, offerer.0) {
            return;
        }
        let delay = self.network.delay(&mut self.rng, offerer.0, answerer.0, 0) * 2;
        for (index, link) in [offerer, answerer] {
            let binding = self.hostile.binding(binding, index, [offerer.0, answerer.0]);
            self.schedule_input(delay, index, Input::LinkOpened { link, binding });
        }
    }

    /// Sends a frame over a channel, through all hands on the way.
    pub(super) fn transmit(&mut self, index: NodeIndex, link: LinkId, frame: Vec<u8>) {
        let own = (index, link);
        let Some(other) = self.channels.beyond(own) else { return };
        let (kind, bytes) = (self.channels.kind(own, &frame), frame.len());
        self.members[index.0].traffic.sent(kind, frame.len());
        let number = kind.map(|(kind, _)| kind);
        let fate = self.way.through(index, other.0, number, frame);
        let fate = self.hostile.through(index, other.0, number, fate);
        // What gets lost on the way has left the sender all the same, and what takes its place not.
        let mut leaves = bytes;
        if fate.onward.is_empty() {
            self.tell_left(own, self.now, bytes);
        }
        for frame in fate.onward {
            let frame = self.network.shown(index, frame);
            self.pass_on(own, other, frame, kind, std::mem::take(&mut leaves));
        }
        for frame in fate.back {
            self.pass_on(other, own, frame, None, 0);
        }
    }

    /// A frame enters the network; a partition holds it back. With it so many bytes leave the sender.
    pub(super) fn pass_on(&mut self, from: End, to: End, frame: Vec<u8>, kind: Option<(u8, bool)>, leaves: usize) {
        if !self.network.passes(from.0, to.0, &frame) {
            return self.network.hold((from, to, frame));
        }
        let bytes = frame.len();
        let left = self.network.leave(self.now, from.0, bytes);
        let arrival = left + self.network.delay(&mut self.rng, from.0, to.0, bytes);
        let takes = self.network.slow_time(from.0, to.0, bytes);
        let arrival = self.channels.pass(from, arrival, takes);
        // Over a slow link bytes wait at the sender's until they arrive.
        self.tell_left(from, if takes.is_zero() { left } else { arrival }, leaves);
        let whom = self.whom(to.0);
        self.schedule_at(arrival, Happening::Landing(whom, to.1, kind, frame));
    }

    /// Bytes have left a node for the network at this time: it is told now and then.
    fn tell_left(&mut self, from: End, at: Duration, bytes: usize) {
        if let Some(bytes) = self.channels.left(from, bytes) {
            let whom = self.whom(from.0);
            self.schedule_at(at, Happening::Input(whom, Box::new(Input::Drained { link: from.1, bytes })));
        }
    }

    fn close_channel(&mut self, end: End) {
        if let Some((other, link)) = self.channels.close(end) {
            let delay = self.network.delay(&mut self.rng, end.0, other, 0);
            self.schedule_input(delay, other, channels::closed(link));
        }
    }

    fn start_mining(&mut self, index: NodeIndex, job: MiningJob) {
        self.last_mining += 1;
        let mining = self.last_mining;
        let work = job.header.target.expand().map_or(f64::MAX, |target| target.work().hashes());
        let rate = self.members[index.0].hash_rate;
        self.members[index.0].mining = mining;
        // Finding a nonce is a Poisson process: the time to the first is exponential.
        let seconds = -self.random_unit().ln() * work / rate;
        if seconds.is_finite() && seconds < 1e9 {
            let whom = self.whom(index);
            self.schedule(Duration::from_secs_f64(seconds), Happening::Found(whom, mining, Box::new(job)));
        }
    }

    fn found(&mut self, index: NodeIndex, mining: u64, job: &MiningJob) {
        if self.members[index.0].mining != mining {
            return;
        }
        let mut header = job.header;
        header.time = header.time.max(shifted(self.clock(), self.members[index.0].clock_ahead_ms));
        let header = mining::search(header, MAX_ATTEMPTS).expect("the difficulty of simulations is low");
        self.deliver(index, Input::Mined { job: job.job, header });
    }

    pub(super) fn connect_to_tracker(&mut self, index: NodeIndex) {
        let Some(tracker) = &mut self.tracker else { return };
        self.connections.push(index);
        let connection = ConnectionId(self.connections.len() as u64);
        let number = u32::try_from(index.0).unwrap_or(u32::MAX);
        let address = IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 + number));
        let outputs = tracker.handle(self.now, TrackerInput::Connected { connection, address });
        self.members[index.0].tracker = Some(connection);
        self.schedule_input(TRACKER_LATENCY, index, Input::TrackerOpened);
        self.tracker_wants(outputs);
    }

    pub(super) fn disconnect_from_tracker(&mut self, index: NodeIndex) {
        let Some(connection) = self.members[index.0].tracker.take() else { return };
        if let Some(tracker) = &mut self.tracker {
            let outputs = tracker.handle(self.now, TrackerInput::Disconnected { connection });
            self.tracker_wants(outputs);
        }
    }

    fn tracker_receives(&mut self, index: NodeIndex, text: &str) {
        let (Some(tracker), Some(connection)) = (&mut self.tracker, self.members[index.0].tracker) else { return };
        let input = TrackerInput::Received { connection, frame: Frame::Text(text) };
        let outputs = tracker.handle(self.now, input);
        self.tracker_wants(outputs);
    }

    fn tracker_tick(&mut self) {
        let Some(tracker) = &mut self.tracker else { return };
        let outputs = tracker.handle(self.now, TrackerInput::Tick);
        self.tracker_wants(outputs);
        self.schedule(Duration::from_secs(1), Happening::TrackerTick);
    }

    fn tracker_wants(&mut self, outputs: Vec<TrackerOutput>) {
        for output in outputs {
            let (connection, input) = match output {
                TrackerOutput::Send { connection, message } => (connection, Input::Tracker(message)),
                TrackerOutput::Close { connection, .. } => (connection, Input::TrackerClosed),
            };
            let place = usize::try_from(connection.0).ok().and_then(|number| number.checked_sub(1));
            let Some(index) = place.and_then(|place| self.connections.get(place).copied()) else { continue };
            if self.members[index.0].tracker != Some(connection) {
                continue;
            }
            let Some(input) = self.hostile.tracker_input(index, input) else { continue };
            if input == Input::TrackerClosed {
                self.members[index.0].tracker = None;
            }
            self.schedule_input(TRACKER_LATENCY, index, input);
        }
    }

    /// Checks what must hold for a node after an event that concerned it.
    fn check(&mut self, index: NodeIndex) {
        let now = self.clock();
        let proven = &self.proven;
        let member = &mut self.members[index.0];
        if !member.node.chain().keeps_bodies() {
            // It has no accounts to check, and starts anew when it gets some.
            member.checker = Checker::sharing(proven);
            return checks::headers_alone(&member.node);
        }
        let mut checked = checks::bounds(&member.node);
        if checked.is_ok() && member.is_check_due() {
            let now = shifted(now, member.clock_ahead_ms);
            let store = member.disk.as_ref().map(Disk::store);
            checked = member.checker.check(&View::beside(store, member.node.chain(), member.node.mempool(), now));
        }
        assert_eq!(checked, Ok(()), "seed {}: node {} after {:?}", self.options.seed, index.0, self.now);
    }
}
