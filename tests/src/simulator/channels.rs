//! WebRTC as the simulator models it: offers that name a connection, answers that complete it,
//! and a channel between two links with a binding that both ends know.

use super::NodeIndex;
use node_core::contract::{ChannelBinding, Input, LinkId};
use node_core::units::Timestamp;
use std::collections::BTreeMap;
use std::time::Duration;

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

#[derive(Debug)]
struct Connection {
    offerer: End,
    answerer: Option<End>,
    open: bool,
    /// When the last frame of each direction arrives: a channel keeps the order.
    busy_until: [Timestamp; 2],
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
    Input::LinkClosed { link, reason: "closed by the other side".to_owned() }
}

impl Channels {
    /// A node dials: gives the SDP of its offer.
    pub(super) fn offer(&mut self, end: End) -> String {
        self.last += 1;
        let busy_until = [Timestamp::default(); 2];
        self.connections.insert(self.last, Connection { offerer: end, answerer: None, open: false, busy_until });
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

    /// The other end of an open channel, and when a frame that takes until `arrival` may arrive
    /// behind those sent before.
    pub(super) fn pass(&mut self, from: End, arrival: Timestamp) -> Option<(End, Timestamp)> {
        let connection = self.connections.get_mut(self.ends.get(&from)?).filter(|connection| connection.open)?;
        let outbound = connection.offerer == from;
        let to = if outbound { connection.answerer? } else { connection.offerer };
        let busy = &mut connection.busy_until[usize::from(outbound)];
        *busy = arrival.max(*busy);
        Some((to, *busy))
    }

    /// The other end of a channel.
    pub(super) fn other(&self, from: End) -> Option<End> {
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
        let ends: Vec<End> = self.ends.keys().filter(|(index, _)| *index == node).copied().collect();
        ends.into_iter().filter_map(|end| self.close(end)).collect()
    }
}
