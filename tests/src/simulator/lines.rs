//! What a link carries in a time: frames leave a sender one after the other, and the sender is told
//! when they have left. Links are as fast as can be, unless their reader is slow.

use super::NodeIndex;
use super::channels::End;
use node_core::contract::Input;
use node_core::units::Timestamp;
use std::collections::BTreeMap;
use std::time::Duration;

/// Bytes that have left a link before its node is told, as in the shell.
const REPORT_DRAINED_BYTES: u64 = 32 * 1024;

#[derive(Debug, Default)]
pub(super) struct Lines {
    /// Bytes a second that each link to a slow reader carries.
    readers: BTreeMap<NodeIndex, u64>,
    /// When the frames given to a link so far have left.
    busy_until: BTreeMap<End, Timestamp>,
    /// Bytes that left each link since its node was told so.
    untold: BTreeMap<End, u64>,
    /// Bytes that a partition keeps from leaving.
    held: BTreeMap<End, u64>,
}

impl Lines {
    /// From now on each link to a node carries so many bytes a second; nothing at all, if none.
    pub(super) fn throttle(&mut self, reader: NodeIndex, bytes_per_second: u64) {
        self.readers.insert(reader, bytes_per_second);
    }

    /// When a frame that is given to a link now has left it; never, if nobody reads.
    pub(super) fn departure(&mut self, from: End, reader: NodeIndex, bytes: u64, now: Timestamp) -> Option<Timestamp> {
        let Some(rate) = self.readers.get(&reader) else { return Some(now) };
        let time = (bytes * 1_000_000).checked_div(*rate).map(Duration::from_micros)?;
        let busy = self.busy_until.entry(from).or_default();
        *busy = now.max(*busy).after(time);
        Some(*busy)
    }

    /// Bytes leave a link; gives what its node is told of it when they have.
    pub(super) fn left(&mut self, from: End, bytes: u64) -> Option<Input> {
        let link = from.1;
        let untold = self.untold.entry(from).or_default();
        *untold += bytes;
        (*untold >= REPORT_DRAINED_BYTES).then(|| Input::Drained { link, bytes: std::mem::take(untold) })
    }

    /// A partition keeps bytes of a link where they are.
    pub(super) fn hold(&mut self, from: End, bytes: u64) {
        *self.held.entry(from).or_default() += bytes;
    }

    /// The partition is over; gives what it held back.
    pub(super) fn release(&mut self) -> BTreeMap<End, u64> {
        std::mem::take(&mut self.held)
    }
}
