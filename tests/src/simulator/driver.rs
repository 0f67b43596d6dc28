//! Drives the nodes: what a browser, a network and compute workers do with their outputs.

use super::channels::{self, End};
use super::checks::{self, Checker, View};
use super::{Happening, NodeIndex, Simulation, shifted};
use node_core::block::BlockHeader;
use node_core::contract::{Input, JobId, LinkId, Output, RtcSignal};
use node_core::hash::{BlockHash, sha256};
use node_core::mining;
use node_core::net::frame;
use node_core::net::message::{MAX_HEADERS, Message};
use node_core::units::Timestamp;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;
use tracker_server::{ConnectionId, Frame, Input as TrackerInput, Output as TrackerOutput};

/// One-way latency between a node and the tracker.
const TRACKER_LATENCY: Duration = Duration::from_millis(30);
/// What verifying one signature costs a node.
const VERIFY_TIME: Duration = Duration::from_micros(200);
/// Nonces tried for a block that the model says is found; far more than any difficulty here needs.
const MAX_ATTEMPTS: u32 = 10_000_000;

/// Inputs that wait for a node that sleeps; more are a test that asks for the impossible.
const MAX_WAITING: usize = 1_000_000;
/// Numbers on the wire of the messages that bring bodies: whole, in compact form, and the rest of it.
const BODIES: [u8; 3] = [6, 13, 16];
/// Waiting transactions from which on a node is checked now and then only: each check looks at all.
const LARGE_POOL: usize = 2_000;
/// So many events of a run.
const LARGE_POOL_INTERVAL: u64 = 1_000;

/// What a node's miner works on.
pub(super) struct MiningJob {
    job: JobId,
    header: BlockHeader,
}

impl Simulation {
    pub(super) fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Input(index, input) => self.deliver(index, *input),
            Happening::Wake(index) => {
                if self.members[index.0].wake_at.is_some_and(|at| at <= self.now) {
                    self.members[index.0].wake_at = None;
                    self.deliver(index, Input::Tick);
                }
            }
            Happening::Found(index, mining, job) => self.found(index, mining, &job),
            Happening::ToTracker(index, text) => self.tracker_receives(index, &text),
            Happening::TrackerTick => self.tracker_tick(),
        }
    }

    /// Gives a node an input, carries out what it wants, and checks what must always hold.
    pub(super) fn deliver(&mut self, index: NodeIndex, input: Input) {
        if self.members[index.0].stopped {
            return;
        }
        if let Some(waiting) = &mut self.members[index.0].asleep {
            assert!(waiting.len() < MAX_WAITING, "too much waits for a node that sleeps");
            waiting.push(input);
            return;
        }
        let clock_ahead_ms = self.members[index.0].clock_ahead_ms;
        let tip = self.members[index.0].node.chain().tip();
        self.members[index.0].node.handle(shifted(self.now, clock_ahead_ms), input);
        while let Some(output) = self.members[index.0].node.poll_output() {
            self.carry_out(index, output);
        }
        self.check(index, tip);
        let member = &mut self.members[index.0];
        let timeout = member.node.next_timeout().map(|at| shifted(at, -member.clock_ahead_ms));
        if let Some(at) = timeout
            && member.wake_at.is_none_or(|planned| at < planned)
        {
            let at = at.max(self.now.after(Duration::from_millis(1)));
            member.wake_at = Some(at);
            self.schedule_at(at, Happening::Wake(index));
        }
    }

    /// Checks what must hold for a node after an event that concerned it and found it at this tip.
    fn check(&mut self, index: NodeIndex, tip: BlockHash) {
        let handled = self.handled;
        let member = &mut self.members[index.0];
        if !member.node.chain().keeps_bodies() {
            // It has no accounts to check, and starts anew when it gets some.
            member.checker = Checker::default();
            return checks::headers_alone(&member.node);
        }
        let large = member.node.mempool().len() > LARGE_POOL && member.node.chain().tip() == tip;
        if large && !handled.is_multiple_of(LARGE_POOL_INTERVAL) {
            return;
        }
        let now = shifted(self.now, member.clock_ahead_ms);
        let checked = member.checker.check(&View::of(member.node.chain(), member.node.mempool(), now));
        assert_eq!(checked, Ok(()), "seed {}: node {} after {:?}", self.options.seed, index.0, self.elapsed());
    }

    fn carry_out(&mut self, index: NodeIndex, output: Output) {
        match output {
            Output::Tracker(message) => {
                let text = serde_json::to_string(&message).expect("messages are plain data");
                self.schedule(TRACKER_LATENCY, Happening::ToTracker(index, text));
            }
            Output::Dial { link, .. } => {
                let sdp = self.channels.offer((index, link));
                self.local_signal(index, link, RtcSignal::Offer { sdp });
            }
            Output::Answer { link, sdp, .. } => match self.channels.answer((index, link), &sdp) {
                Some(sdp) => self.local_signal(index, link, RtcSignal::Answer { sdp }),
                None => {
                    self.schedule(Duration::from_millis(1), Happening::Input(index, Box::new(channels::closed(link))));
                }
            },
            Output::RemoteSignal { link, signal: RtcSignal::Answer { sdp } } => self.open_channel((index, link), &sdp),
            // The model has no candidates, and no routers.
            Output::RemoteSignal { .. } | Output::IceServers(_) => {}
            Output::StopMining => self.members[index.0].mining = 0,
            Output::Send { link, frame } => self.transmit(index, link, frame),
            Output::Close { link } => self.close_channel((index, link)),
            Output::Verify { job, checks } => {
                self.members[index.0].verified += checks.len() as u64;
                let valid = node_core::keys::verify_all(&checks);
                let cost = VERIFY_TIME * u32::try_from(checks.len()).unwrap_or(u32::MAX);
                self.schedule(cost, Happening::Input(index, Box::new(Input::Verified { job, valid })));
            }
            Output::Mine { job, header, .. } => self.start_mining(index, MiningJob { job, header }),
            // Nodes here have no store, and ask for none.
            Output::Persist(_) | Output::Load { .. } => unreachable!("node {} has no store", index.0),
            Output::Event(event) => self.note(index, event),
            Output::Reply { id, result } => {
                self.members[index.0].replies.insert(id, result);
            }
        }
    }

    fn local_signal(&mut self, index: NodeIndex, link: LinkId, signal: RtcSignal) {
        let delay = self.channels.options.description;
        self.schedule(delay, Happening::Input(index, Box::new(Input::LocalSignal { link, signal })));
    }

    fn open_channel(&mut self, end: End, answer: &str) {
        let Some((offerer, answerer, binding)) = self.channels.complete(end, answer) else { return };
        if !self.network.connects(offerer.0, answerer.0) {
            return;
        }
        let delay = self.network.delay(&mut self.rng, offerer.0, answerer.0) * 2;
        for (index, link) in [offerer, answerer] {
            let binding = self.hostile.binding(binding, index, [offerer.0, answerer.0]);
            self.schedule(delay, Happening::Input(index, Box::new(Input::LinkOpened { link, binding })));
        }
    }

    /// Sends a frame over a channel; a partition holds it back.
    pub(super) fn transmit(&mut self, index: NodeIndex, link: LinkId, frame: Vec<u8>) {
        let Some((other, other_link)) = self.channels.other((index, link)) else { return };
        let Some(departure) = self.depart((index, link), other, frame.len() as u64) else { return };
        if let Some([kind, ..]) = frame::ending(&frame) {
            let kind = *kind;
            *self.sent.entry((index, kind)).or_default() += 1;
            if BODIES.contains(&kind) && self.stalling.contains(&index) {
                return;
            }
        }
        let Some(frame) = self.hostile.frame(index, other, frame) else { return };
        let Some(frame) = self.forged(index, (other, other_link), frame) else { return };
        let frame = self.network.shown(index, frame);
        let frames = match &mut self.tap {
            Some(tap) => tap(index, other, frame),
            None => vec![frame],
        };
        for frame in frames {
            self.pass_on((index, link), (other, other_link), frame, departure);
        }
    }

    /// Puts bytes on a link; gives when they have left it, of which the sender is told.
    fn depart(&mut self, from: End, reader: NodeIndex, bytes: u64) -> Option<Timestamp> {
        let departure = self.lines.departure(from, reader, bytes, self.now)?;
        if self.network.connects(from.0, reader) {
            self.has_left(from, bytes, departure);
        } else {
            self.lines.hold(from, bytes);
        }
        Some(departure)
    }

    pub(super) fn has_left(&mut self, from: End, bytes: u64, at: Timestamp) {
        if let Some(told) = self.lines.left(from, bytes) {
            self.schedule_at(at, Happening::Input(from.0, Box::new(told)));
        }
    }

    fn pass_on(&mut self, (index, link): End, (other, other_link): End, frame: Vec<u8>, departure: Timestamp) {
        if !self.network.passes(index, other, &frame) {
            return self.network.hold((index, other, other_link, frame));
        }
        let arrival = departure.after(self.network.delay(&mut self.rng, index, other));
        if let Some(((index, link), at)) = self.channels.pass((index, link), arrival) {
            self.schedule_at(at, Happening::Input(index, Box::new(Input::Received { link, frame })));
        }
    }

    /// A frame as it is when a forger sends it. A question for a forger's headers does not reach it:
    /// the answer is made here.
    fn forged(&mut self, from: NodeIndex, to: End, frame: Vec<u8>) -> Option<Vec<u8>> {
        let message = frame::ending(&frame).and_then(|message| Message::decode(message).ok());
        match message {
            Some(Message::Pong { number, height, .. }) if self.forgers.contains_key(&from) => {
                let (tip, work) = (BlockHash(sha256(&frame)), self.forgers[&from].claim);
                let lie = Message::Pong { number, tip, height, work };
                frame::split(&lie.encode()).pop()
            }
            Some(Message::GetHeaders(locator)) if self.forgers.contains_key(&to.0) => {
                let headers = &self.forgers[&to.0].headers;
                let known = |hash: &BlockHash| headers.iter().position(|header| header.hash() == *hash);
                let start = locator.iter().find_map(known).map_or(0, |place| place + 1);
                let answer = headers[start..headers.len().min(start + MAX_HEADERS)].to_vec();
                for frame in frame::split(&Message::Headers(answer).encode()) {
                    self.transmit(to.0, to.1, frame);
                }
                None
            }
            _ => Some(frame),
        }
    }

    fn close_channel(&mut self, end: End) {
        if let Some((other, link)) = self.channels.close(end) {
            let delay = self.network.delay(&mut self.rng, end.0, other);
            self.schedule(delay, Happening::Input(other, Box::new(channels::closed(link))));
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
            self.schedule(Duration::from_secs_f64(seconds), Happening::Found(index, mining, Box::new(job)));
        }
    }

    fn found(&mut self, index: NodeIndex, mining: u64, job: &MiningJob) {
        if self.members[index.0].mining != mining {
            return;
        }
        let mut header = job.header;
        header.time = header.time.max(shifted(self.now, self.members[index.0].clock_ahead_ms));
        let header = mining::search(header, MAX_ATTEMPTS).expect("the difficulty of simulations is low");
        self.deliver(index, Input::Mined { job: job.job, header });
    }

    pub(super) fn connect_to_tracker(&mut self, index: NodeIndex) {
        let Some(tracker) = &mut self.tracker else { return };
        self.last_connection += 1;
        let connection = ConnectionId(self.last_connection);
        let number = u32::try_from(index.0).unwrap_or(u32::MAX);
        let address = IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 + number));
        let outputs = tracker.handle(self.now.since(super::START), TrackerInput::Connected { connection, address });
        self.members[index.0].tracker = Some(connection);
        self.schedule(TRACKER_LATENCY, Happening::Input(index, Box::new(Input::TrackerOpened)));
        self.tracker_wants(outputs);
    }

    pub(super) fn disconnect_from_tracker(&mut self, index: NodeIndex) {
        let Some(connection) = self.members[index.0].tracker.take() else { return };
        if let Some(tracker) = &mut self.tracker {
            let outputs = tracker.handle(self.now.since(super::START), TrackerInput::Disconnected { connection });
            self.tracker_wants(outputs);
        }
    }

    fn tracker_receives(&mut self, index: NodeIndex, text: &str) {
        let (Some(tracker), Some(connection)) = (&mut self.tracker, self.members[index.0].tracker) else { return };
        let input = TrackerInput::Received { connection, frame: Frame::Text(text) };
        let outputs = tracker.handle(self.now.since(super::START), input);
        self.tracker_wants(outputs);
    }

    fn tracker_tick(&mut self) {
        let Some(tracker) = &mut self.tracker else { return };
        let outputs = tracker.handle(self.now.since(super::START), TrackerInput::Tick);
        self.tracker_wants(outputs);
        self.schedule(Duration::from_secs(1), Happening::TrackerTick);
    }

    fn tracker_wants(&mut self, outputs: Vec<TrackerOutput>) {
        for output in outputs {
            let (connection, input) = match output {
                TrackerOutput::Send { connection, message } => (connection, Input::Tracker(message)),
                TrackerOutput::Close { connection, .. } => (connection, Input::TrackerClosed),
            };
            let member = self.members.iter().position(|member| member.tracker == Some(connection));
            let Some(index) = member.map(NodeIndex) else { continue };
            let Some(input) = self.hostile.tracker_input(index, input) else { continue };
            if input == Input::TrackerClosed {
                self.members[index.0].tracker = None;
            }
            self.schedule(TRACKER_LATENCY, Happening::Input(index, Box::new(input)));
        }
    }
}
