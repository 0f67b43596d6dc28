//! What the node wants done, in order, until the driver fetches it.

use crate::contract::{LinkId, Output};
use crate::net::frame;
use crate::net::message::Message;
use std::collections::VecDeque;

/// Outputs in the order in which they came up. The driver drains them after every input, and what
/// one input brings up is bounded by the limits on messages and links.
#[derive(Debug, Default)]
pub struct Outbox {
    queue: VecDeque<Output>,
}

impl Outbox {
    /// Adds an output.
    pub fn push(&mut self, output: Output) {
        self.queue.push_back(output);
    }

    /// Adds a message to a peer as frames; gives its bytes on the wire.
    pub fn send(&mut self, link: LinkId, message: &Message) -> u64 {
        self.send_bytes(link, &message.encode())
    }

    /// Adds a message that is encoded already.
    pub fn send_bytes(&mut self, link: LinkId, message: &[u8]) -> u64 {
        let mut bytes = 0;
        for frame in frame::split(message) {
            bytes += frame.len() as u64;
            self.queue.push_back(Output::Send { link, frame });
        }
        bytes
    }

    /// The next output.
    pub fn pop(&mut self) -> Option<Output> {
        self.queue.pop_front()
    }
}
