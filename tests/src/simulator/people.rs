//! What a test or a scenario does with a simulation: asks nodes, lets them mine, says things in
//! their name, and looks at them.

use super::arrivals::Arrivals;
use super::member::Traffic;
use super::{NodeIndex, Simulation};
use node_core::contract::{Input, LinkId};
use node_core::keys::Entropy;
use node_core::net::frame;
use node_core::net::message::{MAX_TRANSACTIONS, Message};
use node_core::node::Node;
use node_core::request::{Request, RequestError, RequestId, Response};
use node_core::transaction::Transaction;
use node_core::units::{Amount, Height};
use node_core::view::{Event, LogEntry, PeerState};
use rand_core::Rng;
use std::time::Duration;

/// Longest that a request to a node may wait for its peers.
const ASKING_TIME: Duration = Duration::from_mins(1);

impl Simulation {
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
            for frame in frame::split(&message.encode()) {
                self.send_raw(index, &frame);
            }
        }
    }

    /// What a node has sent and received.
    pub fn traffic(&self, index: NodeIndex) -> &Traffic {
        &self.members[index.0].traffic
    }

    /// Time that a node has taken on this machine for all that it handled. Differs from run to run.
    pub fn busy(&self, index: NodeIndex) -> Duration {
        self.members[index.0].busy
    }

    /// Messages of this kind, by its number on the wire, that a node has sent.
    pub fn sent(&self, index: NodeIndex, kind: u8) -> u64 {
        self.members[index.0].traffic.sent.get(&kind).map_or(0, |count| count.messages)
    }

    /// Gives a node transactions, as if one of its peers had them: announces them in the peer's name
    /// and sends them when the node has asked. Gives whether there is such a peer.
    pub fn give(&mut self, index: NodeIndex, transactions: &[Transaction]) -> bool {
        let Some((link, _)) = self.node(index).peers().connected().next() else { return false };
        for part in transactions.chunks(MAX_TRANSACTIONS) {
            let ids = part.iter().map(Transaction::id).collect();
            for message in [Message::Announce(ids), Message::Transactions(part.to_vec())] {
                for frame in frame::split(&message.encode()) {
                    self.deliver(index, Input::Received { link, frame });
                }
            }
        }
        true
    }

    /// Signatures that a node had verified for it.
    pub fn verified(&self, index: NodeIndex) -> u64 {
        self.members[index.0].verified
    }

    /// How often a node told of progress in catching up.
    pub fn told_sync(&self, index: NodeIndex) -> u64 {
        self.members[index.0].told_sync
    }

    /// Starts or stops a node's miner.
    pub fn mine(&mut self, index: NodeIndex, on: bool) {
        let request = if on { Request::MinerStart { threads: Some(1) } } else { Request::MinerStop };
        self.request(index, request).expect("one thread is allowed");
    }

    /// Records from now on when blocks and transactions arrive where; forgets what was recorded.
    pub fn record_arrivals(&mut self) {
        self.arrivals = Some(Arrivals::default());
    }

    /// What was recorded.
    pub fn arrivals(&self) -> &Arrivals {
        self.arrivals.as_ref().expect("arrivals are recorded")
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
        if let Request::Wallet(request) = &request
            && request.needs_entropy()
        {
            let mut bytes = [0; 32];
            self.rng.fill_bytes(&mut bytes);
            self.deliver(index, Input::Entropy(Entropy::new(bytes)));
        }
        self.deliver(index, Input::Request { id, request });
        id
    }

    /// Whether two nodes are connected, as the first sees it.
    pub fn linked(&self, one: NodeIndex, other: NodeIndex) -> bool {
        self.link(one, other).is_some()
    }

    /// Nodes that a node is connected to.
    pub fn neighbours(&self, index: NodeIndex) -> Vec<NodeIndex> {
        let connected = self.node(index).peers().connected();
        let mut all: Vec<NodeIndex> = connected.filter_map(|(_, peer)| self.by_id.get(&peer.id).copied()).collect();
        all.retain(|other| !self.members[other.0].stopped);
        all.sort_unstable();
        all
    }

    pub(super) fn link(&self, one: NodeIndex, other: NodeIndex) -> Option<LinkId> {
        let id = self.node(other).id();
        let mut connected = self.node(one).peers().connected();
        connected.find(|(_, peer)| peer.id == id && peer.state == PeerState::Connected).map(|(link, _)| link)
    }

    pub(super) fn note(&mut self, index: NodeIndex, event: Event) {
        let log_lines = self.options.log_lines;
        if let Some(arrivals) = &mut self.arrivals {
            arrivals.note(index, self.now, &event);
        }
        if let Event::Sync(_) = event {
            self.members[index.0].told_sync += 1;
        }
        if let Event::Log(entry) = event {
            let log = &mut self.members[index.0].log;
            if log.len() < log_lines {
                log.push(entry);
            }
        }
    }
}
