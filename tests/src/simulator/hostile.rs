//! What goes wrong by force or by malice: links that are cut, a tracker and peers that lie, somebody
//! who sits in channels.

use super::{Happening, NodeIndex, Simulation};
use node_core::contract::{ChannelBinding, Input, LinkId};
use node_core::node::Config;
use node_core::view::{PeerState, Role};
use std::collections::BTreeSet;
use std::time::Duration;
use tracker_protocol::{PeerId, ServerMessage};

/// Sees every word of the tracker to a node; gives what the node hears, if anything.
type TrackerHook = Box<dyn Fn(NodeIndex, ServerMessage) -> Option<ServerMessage>>;
/// Sees every frame from one node to another; gives what arrives, if anything.
type FrameHook = Box<dyn Fn(NodeIndex, NodeIndex, Vec<u8>) -> Option<Vec<u8>>>;

/// Who lies, and how.
#[derive(Default)]
pub(super) struct Hostile {
    tracker: Option<TrackerHook>,
    frames: Option<FrameHook>,
    /// Nodes in whose channels somebody sits.
    intercepted: BTreeSet<NodeIndex>,
}

impl Hostile {
    pub(super) fn tracker_input(&self, index: NodeIndex, input: Input) -> Option<Input> {
        match (&self.tracker, input) {
            (Some(hook), Input::Tracker(message)) => hook(index, message).map(Input::Tracker),
            (_, input) => Some(input),
        }
    }

    pub(super) fn frame(&self, from: NodeIndex, to: NodeIndex, frame: Vec<u8>) -> Option<Vec<u8>> {
        match &self.frames {
            Some(hook) => hook(from, to, frame),
            None => Some(frame),
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

    /// Frames go through a function on their way from one node to another.
    pub fn corrupt_frames(&mut self, hook: impl Fn(NodeIndex, NodeIndex, Vec<u8>) -> Option<Vec<u8>> + 'static) {
        self.hostile.frames = Some(Box::new(hook));
    }

    /// Somebody sits in every channel that a node opens from now on.
    pub fn intercept(&mut self, index: NodeIndex) {
        self.hostile.intercepted.insert(index);
    }

    /// Closes the channel between two nodes by force; both hear of it. Gives whether there was one.
    pub fn cut(&mut self, one: NodeIndex, other: NodeIndex) -> bool {
        let Some(link) = self.link(one, other) else { return false };
        if let Some((other, other_link)) = self.channels.close((one, link)) {
            for (index, link) in [(one, link), (other, other_link)] {
                let input = Input::LinkClosed { link, reason: "the line was cut".to_owned() };
                self.schedule(Duration::from_millis(500), Happening::Input(index, Box::new(input)));
            }
        }
        true
    }

    /// A node loses its connection to the tracker, and does not get another one.
    pub fn leave_tracker(&mut self, index: NodeIndex) {
        self.disconnect_from_tracker(index);
        self.deliver(index, Input::TrackerClosed);
    }

    /// Adds a node that remembers peers of an earlier run.
    pub fn add_remembering(&mut self, hash_rate: f64, remembered: Vec<PeerId>) -> NodeIndex {
        let config = Config { remembered, ..Config::new(self.options.params.clone(), Role::Full) };
        self.add_configured(config, hash_rate, 0)
    }

    /// Whether two nodes are connected, as the first sees it.
    pub fn linked(&self, one: NodeIndex, other: NodeIndex) -> bool {
        self.link(one, other).is_some()
    }

    /// Nodes that a node is connected to.
    pub fn neighbours(&self, index: NodeIndex) -> Vec<NodeIndex> {
        self.running().into_iter().filter(|other| *other != index && self.linked(index, *other)).collect()
    }

    fn link(&self, one: NodeIndex, other: NodeIndex) -> Option<LinkId> {
        let id = self.node(other).id();
        let mut connected = self.node(one).peers().connected();
        connected.find(|(_, peer)| peer.id == id && peer.state == PeerState::Connected).map(|(link, _)| link)
    }
}
