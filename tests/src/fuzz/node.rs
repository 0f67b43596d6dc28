//! A whole node among hostile peers, a hostile tracker and a user who asks for anything: whatever
//! comes, it goes on, what it sends is in order, and its chain and pool hold nothing invalid.

mod speech;
mod user;
mod wire;

use super::pool;
use super::world::{Payment, Recipe, Setting, World};
use arbitrary::{Arbitrary, Unstructured};
use node_core::block::BlockHeader;
use node_core::contract::{Input, JobId, LinkId, Output, RtcSignal};
use node_core::hash::{BlockHash, TxId, sha256};
use node_core::keys::Entropy;
use node_core::mempool::Caps;
use node_core::mining;
use node_core::net::frame::{self, Assembler, MAX_FRAME_BYTES};
use node_core::net::message::Message;
use node_core::net::peers::MAX_LINKS;
use node_core::node::{Config, Node};
use node_core::request::{Request, RequestId};
use node_core::sentence::Sentence;
use node_core::transaction::Transaction;
use node_core::units::Timestamp;
use node_core::view::Role;
use node_core::wallet::vault::{Derivation, KdfParameters};
use speech::Speech;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::LazyLock;
use std::time::Duration;
use tracker_protocol::{ClientMessage, IceServer, MAX_ICE_SERVERS, MAX_SIGNAL_CHARS, PeerId, ServerMessage};
use user::Wish;
use wire::{ENDS, End, SEED, SESSIONS};

/// Most steps of a session.
const MAX_STEPS: usize = 96;
/// Most blocks of a run.
const MAX_RUN: u8 = 10;
/// Nonces tried for a template.
const MAX_ATTEMPTS: u32 = 4_096;
/// Requests of the node's that a far end remembers.
const MAX_ASKED: usize = 64;
/// Outputs that one input may bring up: a thousand transactions that are each refused with a line,
/// an event and a message make three thousand.
const MAX_OUTPUTS: usize = 4_096;
/// Signature jobs of transactions, and blocks under way from all links.
const MAX_JOBS: usize = 256 + 16 * MAX_LINKS;

/// What a far end, or the node at a user's wish, can be.
const ROLES: [Role; 3] = [Role::Full, Role::Miner, Role::Light];

/// The network of all sessions: its hellos are signed once.
struct Network {
    setting: Setting,
    ends: [End; ENDS],
}

static NETWORK: LazyLock<Network> = LazyLock::new(|| {
    let setting = Setting::of_sessions();
    Network { setting, ends: wire::ends(World::new(setting.params()).made[0].hash) }
});

#[derive(Debug, Arbitrary)]
enum Step {
    /// Connects a far end; all the way to the hello if it says one.
    Connect {
        end: u8,
        session: u8,
        open: bool,
        greet: bool,
    },
    Closed(u8),
    Say {
        end: u8,
        speech: Speech,
    },
    /// Answers what the node asked a far end for, honestly or not at all.
    Serve {
        end: u8,
        count: u8,
        lie: bool,
    },
    Make {
        parent: u8,
        recipe: Recipe,
    },
    Run {
        parent: u8,
        count: u8,
        miner: u8,
        delay: u8,
    },
    Offer(Payment),
    Verify {
        which: u8,
        bits: u8,
        short: bool,
    },
    Found {
        wrong: bool,
        later_ms: u16,
    },
    Wait {
        number: u16,
        unit: u8,
    },
    Back(u16),
    Tracker {
        kind: u8,
        end: u8,
        number: u8,
    },
    /// Of a tracker that makes things up.
    Signal {
        end: u8,
        payload: Vec<u8>,
    },
    Local {
        end: u8,
        length: u16,
    },
    Wish(Wish),
}

/// Runs a session.
pub fn node(data: &[u8]) {
    let mut input = Unstructured::new(data);
    let mut session = Session::new();
    let mut left = MAX_STEPS;
    while left > 0
        && !input.is_empty()
        && let Ok(step) = input.arbitrary()
    {
        left -= 1;
        session.step(step);
        session.check();
    }
    session.wait(Duration::from_hours(30));
    session.check();
}

/// A link as the driver sees it.
#[derive(Default)]
struct Link {
    open: bool,
    assembler: Assembler,
    /// What the node asked for.
    asked: VecDeque<Message>,
}

struct Session {
    node: Node,
    world: World,
    now: Timestamp,
    links: BTreeMap<LinkId, (PeerId, Link)>,
    offered: Vec<Transaction>,
    jobs: VecDeque<(JobId, usize)>,
    mining: Option<(JobId, BlockHeader)>,
    /// A passphrase to be stretched.
    deriving: Option<(JobId, Derivation)>,
    requests: BTreeSet<RequestId>,
    last_request: u64,
}

impl Session {
    fn new() -> Self {
        let world = World::new(NETWORK.setting.params());
        let now = world.made[0].block.header.time;
        let config = Config::new(world.params.clone(), Role::Full);
        let mut session = Self {
            node: Node::new(config, SEED, now),
            world,
            now,
            links: BTreeMap::new(),
            offered: Vec::new(),
            jobs: VecDeque::new(),
            mining: None,
            deriving: None,
            requests: BTreeSet::new(),
            last_request: 0,
        };
        session.input(Input::TrackerOpened);
        session
    }

    fn input(&mut self, input: Input) {
        self.node.handle(self.now, input);
        let mut outputs = 0;
        while let Some(output) = self.node.poll_output() {
            outputs += 1;
            self.carry_out(output);
        }
        assert!(outputs <= MAX_OUTPUTS, "{outputs} outputs");
        // At a price that a fuzzer can pay.
        if let Some((job, derivation)) = self.deriving.take() {
            let parameters = KdfParameters { memory_kib: 8, passes: 1, lanes: 1 };
            let key = Derivation { parameters, ..derivation }.derive();
            self.input(Input::KeyDerived { job, key });
        }
    }

    fn carry_out(&mut self, output: Output) {
        match output {
            Output::Tracker(ClientMessage::Signal { payload, .. }) => assert!(payload.len() <= MAX_SIGNAL_CHARS),
            Output::Tracker(_) => {}
            Output::IceServers(servers) => assert!(servers.len() <= MAX_ICE_SERVERS),
            Output::Dial { link, peer } | Output::Answer { link, peer, .. } => {
                assert!(self.links.insert(link, (peer, Link::default())).is_none(), "a link's name was used again");
                assert!(self.links.len() <= MAX_LINKS);
            }
            Output::RemoteSignal { link, .. } => assert!(self.links.contains_key(&link)),
            Output::Send { link, frame } => self.sent(link, &frame),
            Output::Close { link } => assert!(self.links.remove(&link).is_some(), "closed twice"),
            Output::Verify { job, checks } => {
                assert!(!checks.is_empty());
                self.jobs.push_back((job, checks.len()));
                assert!(self.jobs.len() <= MAX_JOBS);
            }
            Output::DeriveKey { job, derivation } => {
                assert!(derivation.parameters.is_bearable());
                self.deriving = Some((job, derivation));
            }
            Output::Mine { job, header, threads } => {
                assert!(threads > 0);
                self.mining = Some((job, header));
            }
            Output::StopMining => self.mining = None,
            Output::Persist(_) | Output::Load { .. } => unreachable!("this node has no store"),
            Output::Event(event) => drop(serde_json::to_string(&event).expect("plain data")),
            Output::Reply { id, result } => {
                assert!(self.requests.remove(&id), "answered twice, or never asked");
                drop(serde_json::to_string(&result.ok()).expect("plain data"));
            }
        }
    }

    /// What the node sends is in frames, makes messages, and goes where somebody is.
    fn sent(&mut self, link: LinkId, frame: &[u8]) {
        let (_, link) = self.links.get_mut(&link).expect("a link that is there");
        assert!(link.open && frame.len() <= MAX_FRAME_BYTES);
        if frame.first() == Some(&u8::MAX) {
            // An attack of the lab.
            return;
        }
        let Some(bytes) = link.assembler.push(frame).expect("a good frame") else { return };
        let message = Message::decode(&bytes).expect("a good message");
        let asks = matches!(
            message,
            Message::Ping(_) | Message::GetHeaders(_) | Message::GetBlocks(_) | Message::GetTransactions(_)
        );
        if asks {
            link.asked.push_back(message);
            link.asked.drain(..link.asked.len().saturating_sub(MAX_ASKED));
        }
    }

    fn end(number: u8) -> &'static End {
        &NETWORK.ends[usize::from(number) % ENDS]
    }

    fn link_of(&self, end: &End) -> Option<LinkId> {
        self.links.iter().find(|(_, (peer, _))| *peer == end.id).map(|(link, _)| *link)
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Connect { end, session, open, greet } => self.connect(Self::end(end), session, open, greet),
            Step::Closed(end) => {
                if let Some(link) = self.link_of(Self::end(end)) {
                    self.links.remove(&link);
                    self.input(Input::LinkClosed { link, reason: Sentence::verbatim("lost") });
                }
            }
            Step::Say { end, speech } => self.say(Self::end(end), speech),
            Step::Serve { end, count, lie } => self.serve(Self::end(end), count, lie),
            Step::Make { parent, recipe } => drop(self.world.extend(self.world.pick(parent), &recipe)),
            Step::Run { parent, count, miner, delay } => {
                let mut parent = self.world.pick(parent);
                for _ in 0..count % MAX_RUN {
                    let Some(place) = self.world.extend(parent, &Recipe::plain(miner, delay)) else { break };
                    parent = place;
                }
            }
            Step::Offer(payment) => {
                let nonce = self.node.chain().ledger().account(&payment.account()).nonce;
                self.offered.push(payment.transaction(nonce + u64::from(payment.nonce % 4)));
            }
            Step::Verify { which, bits, short } => self.verify(which, bits, short),
            Step::Found { wrong, later_ms } => self.found(wrong, later_ms),
            Step::Wait { number, unit } => {
                let unit = [1, 50, 1_000, 60_000][usize::from(unit) % 4];
                self.wait(Duration::from_millis(u64::from(number % 256) * unit));
            }
            Step::Back(millis) => {
                let earlier = Timestamp::from_millis(self.now.millis() - u64::from(millis));
                let now = std::mem::replace(&mut self.now, earlier);
                self.input(Input::Tick);
                self.now = now;
            }
            Step::Tracker { kind, end, number } => self.tracker(kind, Self::end(end), number),
            Step::Signal { end, payload } => {
                let payload = String::from_utf8_lossy(&payload).into_owned();
                self.input(Input::Tracker(ServerMessage::Signal { from: Self::end(end).id, payload }));
            }
            Step::Local { end, length } => {
                if let Some(link) = self.link_of(Self::end(end)) {
                    let sdp = "v".repeat(usize::from(length));
                    self.input(Input::LocalSignal { link, signal: RtcSignal::Answer { sdp } });
                }
            }
            Step::Wish(wish) => {
                if let Some(request) = wish.request(self) {
                    self.ask(request);
                }
            }
        }
    }

    fn wait(&mut self, time: Duration) {
        self.now = self.now.after(time);
        self.input(Input::Tick);
    }

    fn connect(&mut self, end: &End, session: u8, open: bool, greet: bool) {
        if end.id < self.node.id() {
            self.ask(Request::Connect { peer: end.id });
        } else {
            let payload = end.offers[usize::from(session) % SESSIONS].clone();
            self.input(Input::Tracker(ServerMessage::Signal { from: end.id, payload }));
        }
        let Some(link) = self.link_of(end).filter(|_| open) else { return };
        if let Some((_, state)) = self.links.get_mut(&link) {
            state.open = true;
        }
        self.input(Input::LinkOpened { link, binding: end.binding });
        if greet {
            self.say(end, Speech::Hello { role: 0, tip: 0, height: 0, work: 0, clock_s: 0 });
        }
    }

    /// Brings bytes to the node as frames of an open link.
    fn receive(&mut self, end: &End, frame: Vec<u8>) {
        let open = self.link_of(end).filter(|link| self.links.get(link).is_some_and(|(_, link)| link.open));
        if let Some(link) = open {
            self.input(Input::Received { link, frame });
        }
    }

    fn message(&mut self, end: &End, message: &Message) {
        for frame in frame::split(&message.encode()) {
            self.receive(end, frame);
        }
    }

    fn hash(&self, number: u8) -> BlockHash {
        self.world.made[self.world.pick(number)].hash
    }

    fn hashes(&self, numbers: &[u8]) -> Vec<BlockHash> {
        let known = |number: u8| if number == u8::MAX { BlockHash([number; 32]) } else { self.hash(number) };
        numbers.iter().map(|number| known(*number)).collect()
    }

    fn transactions(&self, numbers: &[u8]) -> Vec<Transaction> {
        let newest = |number: &u8| self.offered.iter().rev().nth(usize::from(*number)).cloned();
        numbers.iter().filter_map(newest).collect()
    }

    fn ids(&self, numbers: &[u8]) -> Vec<TxId> {
        self.transactions(numbers).iter().map(Transaction::id).collect()
    }

    fn verify(&mut self, which: u8, bits: u8, short: bool) {
        if self.jobs.is_empty() {
            return;
        }
        let Some((job, count)) = self.jobs.remove(usize::from(which) % self.jobs.len()) else { return };
        // Mostly they hold.
        let mut valid: Vec<bool> = (0..count).map(|index| bits < 192 || bits >> (index % 6) & 1 == 1).collect();
        valid.truncate(if short { count / 2 } else { count });
        self.input(Input::Verified { job, valid });
    }

    fn found(&mut self, wrong: bool, later_ms: u16) {
        let Some((job, header)) = self.mining else { return };
        let time = Timestamp::from_millis(header.time.millis() + u64::from(later_ms));
        let Some(mut header) = mining::search(BlockHeader { time, ..header }, MAX_ATTEMPTS) else { return };
        header.nonce = header.nonce.wrapping_add(wrong.into());
        self.input(Input::Mined { job, header });
    }

    fn tracker(&mut self, kind: u8, end: &End, number: u8) {
        let peers = (0..number % 32).map(|one| PeerId::from_bytes([one; 20])).collect();
        let peer = PeerId::from_bytes([number; 20]);
        let signal = |payload: &String| ServerMessage::Signal { from: end.id, payload: payload.clone() };
        let server = |one: u8| IceServer { urls: format!("stun:{one}"), username: None, credential: None };
        self.input(match kind % 11 {
            0 => Input::TrackerOpened,
            1 => Input::TrackerClosed,
            2 => Input::Tracker(ServerMessage::Challenge { challenge: "c".repeat(number.into()) }),
            3 => Input::Tracker(ServerMessage::Welcome { peer, peers, room_size: u32::MAX }),
            4 => Input::Tracker(ServerMessage::Peers { peers, room_size: 0 }),
            5 => Input::Tracker(ServerMessage::Undeliverable { to: if number == 0 { end.id } else { peer } }),
            6 => Input::Tracker(ServerMessage::Ping),
            7 => Input::Tracker(signal(&end.call)),
            8 => Input::Tracker(signal(&end.candidate)),
            9 => Input::Tracker(ServerMessage::IceServers { servers: (0..number).map(server).collect() }),
            _ => Input::Tracker(signal(&end.offers[0])),
        });
    }

    fn ask(&mut self, request: Request) {
        self.last_request += 1;
        let id = RequestId(self.last_request);
        self.requests.insert(id);
        if let Request::Wallet(request) = &request
            && request.needs_entropy()
        {
            self.input(Input::Entropy(Entropy::new(sha256(&self.last_request.to_le_bytes()))));
        }
        self.input(Input::Request { id, request });
    }

    /// What must hold whatever the others do.
    fn check(&mut self) {
        let chain = self.node.chain();
        // Blocks that the node found are new here.
        let missing: Vec<BlockHash> =
            std::iter::successors(Some(chain.tip()), |hash| Some(chain.header(hash)?.previous))
                .take_while(|hash| self.world.place(hash).is_none())
                .collect();
        let found: Vec<_> = missing.iter().rev().filter_map(|hash| chain.block(hash)).collect();
        for block in found {
            self.world.adopt(block);
        }
        assert!(chain.work() <= chain.best_header().1);
        assert_eq!(self.node.peers().len(), self.links.len());
        let timeout = self.node.next_timeout();
        assert!(timeout.is_none_or(|at| at > self.now), "the node would never sleep");
        pool::check(self.node.mempool(), chain.params(), chain.ledger(), Caps::default());
        if !chain.keeps_bodies() {
            // A light node cannot know which blocks are valid.
            return assert!(self.node.mempool().is_empty() && chain.missing_count() == 0);
        }
        let tip = self.world.place(&chain.tip()).expect("adopted");
        let state = self.world.made[tip].state.as_ref().expect("a valid tip");
        assert!(chain.ledger().accounts().iter().eq(state.accounts.iter().map(|(address, one)| (*address, *one))));
        assert_eq!(state.root(), chain.tip_header().state_root);
    }
}
