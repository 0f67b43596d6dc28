//! What the node wants done, in order, until the driver fetches it.

use crate::contract::{LinkId, Output};
use crate::net::frame::Class;
use crate::net::lanes::Lanes;
use crate::net::message::Message;
use crate::units::Timestamp;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Outputs in the order in which they came up, and what waits for each link. The driver drains the
/// outputs after every input, and what one input brings up is bounded by the limits on messages,
/// links and windows.
#[derive(Debug, Default)]
pub struct Outbox {
    queue: VecDeque<Output>,
    lanes: BTreeMap<LinkId, Lanes>,
    /// Links for which too much waits.
    overfull: BTreeSet<LinkId>,
}

impl Outbox {
    /// Adds an output.
    pub fn push(&mut self, output: Output) {
        self.queue.push_back(output);
    }

    /// Adds a message to a peer; gives its bytes on the wire, none if too much waits for the link.
    pub fn send(&mut self, link: LinkId, message: &Message) -> u64 {
        self.send_bytes(link, message.encode())
    }

    /// Adds a message that is encoded already.
    pub fn send_bytes(&mut self, link: LinkId, message: Vec<u8>) -> u64 {
        let ordinary = Class::of(&message) == Class::Ordinary;
        let Ok(bytes) = self.lanes.entry(link).or_default().push(message) else {
            // Who does not hear of transactions from here hears of them from others. A gap in
            // anything else leaves a peer that is of no use.
            if !ordinary {
                self.overfull.insert(link);
            }
            return 0;
        };
        self.release(link);
        bytes
    }

    /// Bytes of a link have left.
    pub fn drained(&mut self, link: LinkId, bytes: u64) {
        if let Some(lanes) = self.lanes.get_mut(&link) {
            lanes.drained(bytes);
            self.release(link);
        }
    }

    fn release(&mut self, link: LinkId) {
        let Some(lanes) = self.lanes.get_mut(&link) else { return };
        while let Some(frame) = lanes.next_frame() {
            self.queue.push_back(Output::Send { link, frame });
        }
    }

    /// Bytes of a class that wait here for a link.
    pub fn waiting(&self, link: LinkId, class: Class) -> u64 {
        self.lanes.get(&link).map_or(0, |lanes| lanes.waiting(class))
    }

    /// Closes a link behind what is urgent.
    pub fn close(&mut self, link: LinkId) {
        if let Some(mut lanes) = self.lanes.remove(&link) {
            while let Some(frame) = lanes.last_words() {
                self.queue.push_back(Output::Send { link, frame });
            }
        }
        self.forget(link);
        self.queue.push_back(Output::Close { link });
    }

    /// Forgets what waits for a link that is gone.
    pub fn forget(&mut self, link: LinkId) {
        self.lanes.remove(&link);
        self.overfull.remove(&link);
    }

    /// Links whose peers do not read: too much waits for them, or nothing leaves.
    pub fn stuck(&mut self, now: Timestamp) -> BTreeSet<LinkId> {
        let mut stuck = std::mem::take(&mut self.overfull);
        stuck.extend(self.lanes.iter_mut().filter_map(|(link, lanes)| lanes.is_stuck(now).then_some(*link)));
        stuck
    }

    /// This node slept.
    pub fn woke(&mut self) {
        self.lanes.values_mut().for_each(Lanes::woke);
    }

    /// The next output.
    pub fn pop(&mut self) -> Option<Output> {
        self.queue.pop_front()
    }
}
