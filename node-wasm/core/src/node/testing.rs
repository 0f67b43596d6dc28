//! Whole nodes for tests, on channels without delay. Signatures are verified once no message is
//! under way, so that whatever is sent before is sent unverified.

use super::{Config, Node};
use crate::block::{Block, BlockHeader};
use crate::chain::testing::{Builder, address, params, transfer};
use crate::chain::tree::Chain;
use crate::contract::{Input, JobId, LinkId, Output};
use crate::hash::BlockHash;
use crate::keys::{SignatureCheck, verify_all};
use crate::mining;
use crate::net::frame::{Assembler, split};
use crate::net::message::Message;
use crate::net::peers::Peer;
use crate::params::ChainParams;
use crate::request::{Request, RequestError, RequestId, Response};
use crate::sentence::Sentence;
use crate::store::memory::MemoryStore;
use crate::transaction::Transaction;
use crate::units::{Amount, Timestamp};
use crate::view::{PeerState, Role};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use tracker_protocol::PeerId;

/// A message that was sent: from, to, what, bytes on the wire.
pub(super) type Sent = (usize, usize, Message, usize);
/// What becomes of a message on its way: itself, another one, or nothing.
pub(super) type Tamper = Box<dyn FnMut(usize, usize, Message) -> Option<Message>>;

/// Nodes and the channels between them.
pub(super) struct Net {
    pub(super) now: Timestamp,
    pub(super) builder: Builder,
    pub(super) nodes: Vec<Node>,
    /// The other end of a node's link.
    ends: BTreeMap<(usize, LinkId), (usize, LinkId)>,
    assemblers: BTreeMap<(usize, usize), Assembler>,
    pub(super) sent: Vec<Sent>,
    /// When each of `sent` left and arrived, in events; those under way have not arrived.
    pub(super) times: Vec<(usize, usize)>,
    events: usize,
    /// Of `sent`, what is under way.
    wire: VecDeque<usize>,
    pub(super) tamper: Tamper,
    /// Stores of nodes that have one.
    pub(super) stores: BTreeMap<usize, MemoryStore>,
    verifying: VecDeque<(usize, JobId, Vec<SignatureCheck>)>,
    /// Requests so far.
    requests: u64,
    /// Answers to them.
    pub(super) replies: BTreeMap<RequestId, Result<Response, RequestError>>,
    /// What each node's miner works on.
    mining: BTreeMap<usize, (JobId, BlockHeader)>,
}

/// Parameters with so many accounts that own coins.
pub(super) fn rich(count: u8) -> ChainParams {
    ChainParams { allocation: (0..count).map(|index| (address(index), Amount::from_tab(100))).collect(), ..params() }
}

impl Net {
    /// So many nodes with these links; the first of a pair made the offer.
    pub(super) fn new(count: usize, links: &[(usize, usize)], params: ChainParams) -> Self {
        Self::of_roles(&vec![Role::Full; count], links, params)
    }

    /// Nodes of these roles.
    pub(super) fn of_roles(roles: &[Role], links: &[(usize, usize)], params: ChainParams) -> Self {
        let count = roles.len();
        let builder = Builder::new(params.clone());
        let now = Chain::new(params.clone()).tip_header().time.after(Duration::from_hours(1));
        let config = |role| Config::new(params.clone(), role);
        let node = |index: usize| Node::new(config(roles[index]), [u8::try_from(index).unwrap(); 32], now);
        let mut net = Self {
            now,
            builder,
            nodes: (0..count).map(node).collect(),
            ends: BTreeMap::new(),
            assemblers: BTreeMap::new(),
            sent: Vec::new(),
            times: Vec::new(),
            events: 0,
            wire: VecDeque::new(),
            tamper: Box::new(|_, _, message| Some(message)),
            stores: BTreeMap::new(),
            verifying: VecDeque::new(),
            requests: 0,
            replies: BTreeMap::new(),
            mining: BTreeMap::new(),
        };
        for (one, other) in links {
            net.connect(*one, *other);
        }
        (0..count).for_each(|node| net.flush(node));
        net.settle();
        net.forget();
        net
    }

    /// Links two nodes; the first made the offer.
    pub(super) fn connect(&mut self, one: usize, other: usize) {
        let first = self.open(one, other, true);
        let second = self.open(other, one, false);
        self.ends.insert((one, first), (other, second));
        self.ends.insert((other, second), (one, first));
    }

    /// Ends a node and opens it again from its store, without links.
    pub(super) fn reopen(&mut self, at: usize, role: Role) {
        let links: Vec<LinkId> = self.ends.keys().filter(|(node, _)| *node == at).map(|(_, link)| *link).collect();
        for link in links {
            let Some((other, theirs)) = self.ends.remove(&(at, link)) else { continue };
            self.ends.remove(&(other, theirs));
            self.assemblers.remove(&(at, other));
            self.assemblers.remove(&(other, at));
            self.handle(other, Input::LinkClosed { link: theirs, reason: Sentence::verbatim("the tab was closed") });
        }
        let config = Config::new(self.builder.params.clone(), role);
        let stored = self.stores.entry(at).or_default().stored();
        self.nodes[at] = Node::open(config, &stored, [u8::try_from(at).unwrap(); 32], self.now);
        self.handle(at, Input::Tick);
        self.settle();
    }

    /// Number of links that a node was given.
    pub(super) fn links_of(&self, node: usize) -> usize {
        self.ends.keys().filter(|(at, _)| *at == node).count()
    }

    fn open(&mut self, at: usize, to: usize, outbound: bool) -> LinkId {
        let (id, now) = (self.nodes[to].id(), self.now);
        let (role, own) = (self.nodes[to].role, self.nodes[at].role);
        let link = self.nodes[at].peers.open(id, outbound, 0, now).unwrap();
        let peer = self.nodes[at].peers.get_mut(link).unwrap();
        (peer.state, peer.role, peer.told_role) = (PeerState::Connected, Some(role), Some(own));
        link
    }

    pub(super) fn link(&self, at: usize, to: usize) -> LinkId {
        let found = self.ends.iter().find(|((node, _), (other, _))| *node == at && *other == to);
        found.map(|((_, link), _)| *link).unwrap()
    }

    pub(super) fn peer(&self, at: usize, to: usize) -> Option<&Peer> {
        self.nodes[at].peers.get(self.link(at, to))
    }

    pub(super) fn is_banned(&self, at: usize, by: usize) -> bool {
        let id: PeerId = self.nodes[at].id();
        self.nodes[by].peers.is_banned(&id, self.now)
    }

    /// A user asks a node; gives the answer, if it came without waiting for time to pass.
    pub(super) fn request(&mut self, at: usize, request: Request) -> Option<Result<Response, RequestError>> {
        self.requests += 1;
        let id = RequestId(self.requests);
        self.handle(at, Input::Request { id, request });
        self.settle();
        self.replies.remove(&id)
    }

    /// Delivers until nothing is under way, then verifies signatures, and so on.
    pub(super) fn settle(&mut self) {
        loop {
            self.settle_messages();
            let Some((index, job, checks)) = self.verifying.pop_front() else { return };
            self.handle(index, Input::Verified { job, valid: verify_all(&checks) });
        }
    }

    /// Delivers until nothing is under way, in the order of sending, and verifies nothing.
    pub(super) fn settle_messages(&mut self) {
        while let Some(index) = self.wire.pop_front() {
            let (from, to, message, _) = self.sent[index].clone();
            self.events += 1;
            self.times[index].1 = self.events;
            let Some(link) = self.nodes[to].peers.find(&self.nodes[from].id()) else { continue };
            for frame in split(&message.encode()) {
                self.handle(to, Input::Received { link, frame });
            }
        }
    }

    pub(super) fn handle(&mut self, index: usize, input: Input) {
        self.nodes[index].handle(self.now, input);
        self.flush(index);
    }

    /// Takes up what a node wants done.
    pub(super) fn flush(&mut self, index: usize) {
        while let Some(output) = self.nodes[index].poll_output() {
            match output {
                Output::Send { link, frame } => {
                    self.carry(index, link, &frame);
                    self.nodes[index].handle(self.now, Input::Drained { link, bytes: frame.len() as u64 });
                }
                Output::Close { link } => self.close(index, link),
                Output::Verify { job, checks } => self.verifying.push_back((index, job, checks)),
                Output::Persist(batch) => {
                    let stored = self.stores.entry(index).or_default().apply(&batch);
                    assert_eq!(stored, Ok(()));
                    self.nodes[index].handle(self.now, Input::Persisted { batch: batch.number });
                }
                Output::Load { job, queries } => {
                    let answers = Ok(self.stores.entry(index).or_default().read(&queries));
                    self.nodes[index].handle(self.now, Input::Loaded { job, answers });
                }
                Output::Reply { id, result } => {
                    self.replies.insert(id, result);
                }
                Output::Mine { job, header, .. } => {
                    self.mining.insert(index, (job, header));
                }
                Output::StopMining => {
                    self.mining.remove(&index);
                }
                _ => {}
            }
        }
    }

    pub(super) fn carry(&mut self, from: usize, link: LinkId, frame: &[u8]) {
        let Some((to, _)) = self.ends.get(&(from, link)).copied() else { return };
        let Ok(bytes) = self.assemblers.entry((from, to)).or_default().push(frame) else {
            // It is no frame: what comes of it is the receiver's to say.
            let (_, link) = self.ends[&(from, link)];
            return self.handle(to, Input::Received { link, frame: frame.to_vec() });
        };
        let Some(bytes) = bytes else { return };
        if let Some(message) = (self.tamper)(from, to, Message::decode(&bytes).unwrap()) {
            self.post(from, to, message);
        }
    }

    pub(super) fn post(&mut self, from: usize, to: usize, message: Message) {
        let bytes = split(&message.encode()).iter().map(Vec::len).sum();
        self.events += 1;
        self.wire.push_back(self.sent.len());
        self.sent.push((from, to, message, bytes));
        self.times.push((self.events, usize::MAX));
    }

    /// Delivers a message as if a node had sent it, and what follows short of signatures.
    pub(super) fn say(&mut self, from: usize, to: usize, message: Message) {
        self.post(from, to, message);
        self.settle_messages();
    }

    pub(super) fn forget(&mut self) {
        assert!(self.wire.is_empty());
        self.sent.clear();
        self.times.clear();
    }

    pub(super) fn close(&mut self, at: usize, link: LinkId) {
        if let Some((other, link)) = self.ends.get(&(at, link)).copied() {
            self.handle(other, Input::LinkClosed { link, reason: Sentence::verbatim("closed") });
        }
    }

    pub(super) fn pass(&mut self, time: Duration) {
        self.now = self.now.after(time);
        (0..self.nodes.len()).for_each(|index| self.handle(index, Input::Tick));
        self.settle();
    }

    /// A node finds a block, and what follows from that.
    pub(super) fn mine(&mut self, at: usize, block: &Block) {
        assert!(self.nodes[at].take_own_block(block.clone()));
        self.flush(at);
        self.settle();
    }

    /// A node's miner finds the nonce it works on; gives whether it works, and what follows from that.
    pub(super) fn find(&mut self, at: usize) -> bool {
        let Some((job, header)) = self.mining.remove(&at) else { return false };
        let header = mining::search(header, u32::MAX).unwrap();
        self.handle(at, Input::Mined { job, header });
        self.settle();
        true
    }

    /// Transactions wait at a node, and their peers know it.
    pub(super) fn warm(&mut self, at: usize, transactions: &[Transaction]) {
        let node = &mut self.nodes[at];
        for one in transactions {
            let one = Arc::new(one.clone());
            node.mempool.insert(node.chain.params(), node.chain.ledger(), one, self.now).unwrap();
        }
        for from in (0..self.nodes.len()).filter(|from| *from != at) {
            let id = self.nodes[at].id();
            let Some(link) = self.nodes[from].peers.find(&id) else { continue };
            let peer = self.nodes[from].peers.get_mut(link).unwrap();
            note(peer, transactions);
        }
    }

    /// Extends a block by these transactions.
    pub(super) fn block(&mut self, parent: BlockHash, others: &[Transaction]) -> Arc<Block> {
        self.builder.extend(parent, 0, others.to_vec(), 0)
    }

    /// So many transactions of each of so many accounts.
    pub(super) fn transactions(&self, accounts: u8, each: u64) -> Vec<Transaction> {
        let genesis = self.builder.genesis;
        let of = |from: u8| (0..each).map(move |nonce| transfer(genesis, from, 0, 10_000, nonce));
        (0..accounts).flat_map(of).collect()
    }

    /// A first block from a node to the others, after which they ask those to push who were first.
    pub(super) fn first_block(&mut self, at: usize) -> BlockHash {
        let block = self.block(self.builder.genesis, &[]);
        self.mine(at, &block);
        assert!(self.nodes.iter().all(|node| node.chain.tip() == block.header.hash()));
        self.forget();
        block.header.hash()
    }

    pub(super) fn count(&self, from: usize, to: usize, what: impl Fn(&Message) -> bool) -> usize {
        self.sent.iter().filter(|(one, other, message, _)| (*one, *other) == (from, to) && what(message)).count()
    }
}

/// A peer is believed to have transactions.
pub(super) fn note(peer: &mut Peer, transactions: &[Transaction]) {
    for one in transactions {
        peer.transactions.insert(one.id());
    }
}
