//! WebRTC as the simulator models it: offers that name a connection, answers that complete it,
//! and a channel between two links with a binding that both ends know.

use super::NodeIndex;
use node_core::contract::{ChannelBinding, Input, LinkId};
use node_core::net::frame::Class;
use node_core::sentence::Sentence;
use std::collections::BTreeMap;
use std::time::Duration;

/// Bytes that have left a link before its node is told.
const REPORT_DRAINED_BYTES: u64 = 32 * 1024;
/// First byte of a frame that is the last, or the only one, of its message.
const LAST: u8 = 1;

/// How connections come about.
#[derive(Debug, Clone)]
pub struct ChannelOptions {
    /// Time that a browser takes for an offer or an answer.
    pub description: Duration,
}

impl Default for ChannelOptions {
    fn default() -> Self {
        Self { description: Duration::from_millis(10) }
    }
}

/// One end of a connection.
pub(super) type End = (NodeIndex, LinkId);

/// What goes in one direction of a connection.
#[derive(Debug, Default)]
struct Stream {
    /// When the last frame arrives: a channel keeps the order.
    busy_until: Duration,
    /// Bytes that left since the sender was told so.
    drained: u64,
    /// Kind of the message of each class whose frames are on their way, in the middle of one.
    kinds: [Option<u8>; Class::ALL.len()],
}

#[derive(Debug)]
struct Connection {
    offerer: End,
    answerer: Option<End>,
    open: bool,
    /// From the offerer, from the answerer.
    streams: [Stream; 2],
}

impl Connection {
    fn stream(&mut self, from: End) -> &mut Stream {
        &mut self.streams[usize::from(self.offerer != from)]
    }
}

/// All connections by the number that stands in their offers.
#[derive(Debug, Default)]
pub(super) struct Channels {
    pub(super) options: ChannelOptions,
    connections: BTreeMap<u64, Connection>,
    ends: BTreeMap<End, u64>,
    last: u64,
}

/// What a node hears when its link was closed from outside.
pub(super) fn closed(link: LinkId) -> Input {
    Input::LinkClosed { link, reason: Sentence::verbatim("closed by the other side") }
}

impl Channels {
    /// A node dials: gives the SDP of its offer.
    pub(super) fn offer(&mut self, end: End) -> String {
        self.last += 1;
        let connection = Connection { offerer: end, answerer: None, open: false, streams: Default::default() };
        self.connections.insert(self.last, connection);
        self.ends.insert(end, self.last);
        format!("offer {}", self.last)
    }

    /// A node answers an offer: gives the SDP of its answer, unless the offer is of no living connection.
    pub(super) fn answer(&mut self, end: End, offer: &str) -> Option<String> {
        let number: u64 = offer.strip_prefix("offer ")?.parse().ok()?;
        let connection = self.connections.get_mut(&number).filter(|connection| connection.answerer.is_none())?;
        connection.answerer = Some(end);
        self.ends.insert(end, number);
        Some(format!("answer {number}"))
    }

    /// The offerer got the answer: the channel opens. Gives both ends and what they are bound to.
    pub(super) fn complete(&mut self, end: End, answer: &str) -> Option<(End, End, ChannelBinding)> {
        let number: u64 = answer.strip_prefix("answer ")?.parse().ok()?;
        let connection =
            self.connections.get_mut(&number).filter(|connection| connection.offerer == end && !connection.open)?;
        let answerer = connection.answerer?;
        connection.open = true;
        let mut binding = [0; 32];
        binding[..8].copy_from_slice(&number.to_le_bytes());
        Some((end, answerer, ChannelBinding(binding)))
    }

    /// The other end of an open channel.
    pub(super) fn beyond(&self, from: End) -> Option<End> {
        let connection = self.connections.get(self.ends.get(&from)?).filter(|connection| connection.open)?;
        if connection.offerer == from { connection.answerer } else { Some(connection.offerer) }
    }

    /// The kind of the message that a frame belongs to, by its number on the wire, and whether the
    /// frame begins it.
    pub(super) fn kind(&mut self, from: End, frame: &[u8]) -> Option<(u8, bool)> {
        let stream = self.connections.get_mut(self.ends.get(&from)?)?.stream(from);
        let tag = *frame.first()?;
        let kind_of_class = stream.kinds.get_mut(usize::from(tag >> 1))?;
        let first = kind_of_class.is_none();
        let kind = kind_of_class.or_else(|| frame.get(1).copied())?;
        *kind_of_class = (tag & LAST == 0).then_some(kind);
        Some((kind, first))
    }

    /// When a frame that would arrive at this time arrives behind those sent before, if it takes so
    /// long by itself.
    pub(super) fn pass(&mut self, from: End, arrival: Duration, takes: Duration) -> Duration {
        let Some(stream) = self.stream(from) else { return arrival };
        stream.busy_until = arrival.max(stream.busy_until + takes);
        stream.busy_until
    }

    /// Bytes leave a node; gives how many it is to be told of, if it is time.
    pub(super) fn left(&mut self, from: End, bytes: usize) -> Option<u64> {
        let stream = self.stream(from)?;
        stream.drained += bytes as u64;
        (stream.drained >= REPORT_DRAINED_BYTES).then(|| std::mem::take(&mut stream.drained))
    }

    fn stream(&mut self, from: End) -> Option<&mut Stream> {
        let number = self.ends.get(&from)?;
        self.connections.get_mut(number).map(|connection| connection.stream(from))
    }

    /// The other end of a channel, open or not.
    fn other(&self, from: End) -> Option<End> {
        let connection = self.connections.get(self.ends.get(&from)?)?;
        if connection.offerer == from { connection.answerer } else { Some(connection.offerer) }
    }

    /// One end closes: gives the other end, which has to be told.
    pub(super) fn close(&mut self, end: End) -> Option<End> {
        let other = self.other(end);
        let number = self.ends.remove(&end)?;
        self.connections.remove(&number);
        let other = other?;
        self.ends.remove(&other);
        Some(other)
    }

    /// A node is gone: gives the ends that have to be told.
    pub(super) fn close_all(&mut self, node: NodeIndex) -> Vec<End> {
        let own = (node, LinkId(0))..=(node, LinkId(u64::MAX));
        let ends: Vec<End> = self.ends.range(own).map(|(end, _)| *end).collect();
        ends.into_iter().filter_map(|end| self.close(end)).collect()
    }
}
