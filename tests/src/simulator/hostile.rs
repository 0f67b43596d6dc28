//! What goes wrong by malice: a tracker that lies, somebody who sits in channels, and nodes that
//! behave as they should not.

use super::way::{Fate, Passing};
use super::{Happening, NodeIndex, Simulation};
use node_core::block::BlockHeader;
use node_core::contract::{ChannelBinding, Input};
use node_core::hash::{BlockHash, sha256};
use node_core::net::message::{MAX_HEADERS, Message};
use node_core::units::Work;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tracker_protocol::ServerMessage;

/// Numbers on the wire of the messages that bring bodies: whole, in compact form, and the rest of it.
const BODIES: [u8; 3] = [6, 13, 16];

/// Sees every word of the tracker to a node; gives what the node hears, if anything.
type TrackerHook = Box<dyn Fn(NodeIndex, ServerMessage) -> Option<ServerMessage>>;

/// What a hostile node does. Under it runs a node like any other, which keeps its links alive and
/// answers what the behaviour leaves to it.
pub trait Behaviour {
    /// A frame that this node is about to send.
    fn outgoing(&mut self, passing: &Passing) -> Fate {
        passing.on()
    }

    /// A frame that is about to reach this node.
    fn incoming(&mut self, passing: &Passing) -> Fate {
        passing.on()
    }

    /// What it does of its own accord; gives when it wants to be asked again, if ever.
    fn act(&mut self, _simulation: &mut Simulation, _own: NodeIndex) -> Option<Duration> {
        None
    }
}

/// Who lies, and how.
#[derive(Default)]
pub(super) struct Hostile {
    tracker: Option<TrackerHook>,
    /// Nodes in whose channels somebody sits.
    intercepted: BTreeSet<NodeIndex>,
    behaviours: BTreeMap<NodeIndex, Option<Box<dyn Behaviour>>>,
}

impl Hostile {
    pub(super) fn tracker_input(&self, index: NodeIndex, input: Input) -> Option<Input> {
        match (&self.tracker, input) {
            (Some(hook), Input::Tracker(message)) => hook(index, message).map(Input::Tracker),
            (_, input) => Some(input),
        }
    }

    /// Whoever sits in a channel has a certificate of his own towards each end: so each end has
    /// another binding.
    pub(super) fn binding(&self, binding: ChannelBinding, end: NodeIndex, ends: [NodeIndex; 2]) -> ChannelBinding {
        let mut bytes = binding.0;
        if ends.iter().any(|index| self.intercepted.contains(index)) {
            bytes[31] = u8::from(end == ends[0]) + 1;
        }
        ChannelBinding(bytes)
    }

    /// What the hostile ones among sender and receiver make of a frame.
    pub(super) fn through(&mut self, from: NodeIndex, to: NodeIndex, kind: Option<u8>, mut fate: Fate) -> Fate {
        for own in [from, to] {
            let Some(Some(behaviour)) = self.behaviours.get_mut(&own) else { continue };
            for frame in std::mem::take(&mut fate.onward) {
                let passing = Passing { from, to, kind, frame: &frame };
                let next = if own == from { behaviour.outgoing(&passing) } else { behaviour.incoming(&passing) };
                fate.onward.extend(next.onward);
                fate.back.extend(next.back);
            }
        }
        fate
    }
}

impl Simulation {
    /// The tracker's words go through a function on their way to a node.
    pub fn corrupt_tracker(&mut self, hook: impl Fn(NodeIndex, ServerMessage) -> Option<ServerMessage> + 'static) {
        self.hostile.tracker = Some(Box::new(hook));
    }

    /// The tracker says the truth again.
    pub fn straighten_tracker(&mut self) {
        self.hostile.tracker = None;
    }

    /// The tracker says something to a node out of the blue.
    pub fn say_as_tracker(&mut self, index: NodeIndex, message: ServerMessage) {
        self.deliver(index, Input::Tracker(message));
    }

    /// Somebody sits in every channel that a node opens from now on.
    pub fn intercept(&mut self, index: NodeIndex) {
        self.hostile.intercepted.insert(index);
    }

    /// A node loses its connection to the tracker, and does not get another one.
    pub fn leave_tracker(&mut self, index: NodeIndex) {
        self.disconnect_from_tracker(index);
        self.deliver(index, Input::TrackerClosed);
    }

    /// From now on a node behaves like this.
    pub fn turn_hostile(&mut self, index: NodeIndex, behaviour: Box<dyn Behaviour>) {
        self.hostile.behaviours.insert(index, Some(behaviour));
        self.schedule(Duration::ZERO, Happening::Act(index));
    }

    /// A node that was hostile behaves again.
    pub fn turn_honest(&mut self, index: NodeIndex) {
        self.hostile.behaviours.remove(&index);
    }

    /// From now on a node answers requests for blocks with nothing.
    pub fn stall(&mut self, index: NodeIndex) {
        self.turn_hostile(index, Box::new(Staller));
    }

    /// From now on a node lies of its chain when it answers pings, and shows these headers.
    pub fn forge(&mut self, index: NodeIndex, forgery: Forgery) {
        self.turn_hostile(index, Box::new(forgery));
    }

    pub(super) fn act(&mut self, index: NodeIndex) {
        // It is away while it acts, so that it may use the simulation that holds it.
        let Some(mut behaviour) = self.hostile.behaviours.get_mut(&index).and_then(Option::take) else { return };
        let again = if self.members[index.0].stopped { None } else { behaviour.act(self, index) };
        if let Some(place) = self.hostile.behaviours.get_mut(&index) {
            *place = Some(behaviour);
        }
        if let Some(again) = again {
            self.schedule(again, Happening::Act(index));
        }
    }
}

/// Shows blocks and keeps their bodies.
#[derive(Debug, Clone, Copy)]
pub struct Staller;

impl Behaviour for Staller {
    fn outgoing(&mut self, passing: &Passing) -> Fate {
        if passing.kind.is_some_and(|kind| BODIES.contains(&kind)) { Fate::swallowed() } else { passing.on() }
    }
}

/// What a node says of its chain, and what it shows of it.
#[derive(Debug, Clone)]
pub struct Forgery {
    /// The work that it claims.
    pub claim: Work,
    /// A chain from the first block on.
    pub headers: Vec<BlockHeader>,
}

impl Behaviour for Forgery {
    fn outgoing(&mut self, passing: &Passing) -> Fate {
        let Some(Message::Pong { number, height, .. }) = passing.message() else { return passing.on() };
        Fate::instead(&Message::Pong { number, tip: BlockHash(sha256(passing.frame)), height, work: self.claim })
    }

    fn incoming(&mut self, passing: &Passing) -> Fate {
        let Some(Message::GetHeaders(locator)) = passing.message() else { return passing.on() };
        let known = |hash: &BlockHash| self.headers.iter().position(|header| header.hash() == *hash);
        let start = locator.iter().find_map(known).map_or(0, |place| place + 1);
        let answer = self.headers[start..self.headers.len().min(start + MAX_HEADERS)].to_vec();
        Fate::answered(&Message::Headers(answer))
    }
}
