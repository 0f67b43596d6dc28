//! Frames that wait for their link to drain.

use std::collections::VecDeque;

/// Bytes that a data channel may hold. Keeps a fast link busy from one event to the next, and
/// stays far below the 16 MB at which Chromium closes the channel.
const MAX_BUFFERED: usize = 1024 * 1024;

/// The channel reports when it holds no more than this many bytes. Below what the node lets wait
/// before it serves more, less a report, so that the node never waits for a report that waits
/// for the node.
pub(super) const LOW_WATER: u32 = 64 * 1024;
const _: () = assert!(LOW_WATER as u64 + REPORT_DRAINED_BYTES <= node_core::net::lanes::WINDOW);

/// Bytes that have left the channel before the node is told: one message to the worker for two
/// full frames.
pub(super) const REPORT_DRAINED_BYTES: u64 = 32 * 1024;

/// Bytes that may wait behind the channel: two messages of the largest size. A peer
/// that lets more pile up does not read.
const MAX_WAITING: usize = 8 * 1024 * 1024;

/// More than [`MAX_WAITING`] bytes would wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Full;

/// Frames in the order in which they must leave, with their lengths in bytes.
#[derive(Debug)]
pub(super) struct Outbox<T> {
    frames: VecDeque<(T, usize)>,
    waiting: usize,
}

impl<T> Outbox<T> {
    pub(super) fn new() -> Self {
        Self { frames: VecDeque::new(), waiting: 0 }
    }

    /// Adds a frame at the end.
    pub(super) fn push(&mut self, frame: T, length: usize) -> Result<(), Full> {
        let waiting = self.waiting.saturating_add(length);
        if waiting > MAX_WAITING {
            return Err(Full);
        }
        self.waiting = waiting;
        self.frames.push_back((frame, length));
        Ok(())
    }

    /// The next frame, if a channel that holds `buffered` bytes may take it.
    pub(super) fn pop(&mut self, buffered: usize) -> Option<T> {
        let (_, length) = self.frames.front()?;
        if buffered > 0 && buffered.saturating_add(*length) > MAX_BUFFERED {
            return None;
        }
        let (frame, length) = self.frames.pop_front()?;
        self.waiting -= length;
        Some(frame)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: usize = 16 * 1024;

    #[test]
    fn frames_leave_in_order_and_only_while_there_is_room() {
        let mut outbox = Outbox::new();
        for index in 0..100 {
            outbox.push(index, FRAME).unwrap();
        }
        let mut buffered = 0;
        let mut sent = Vec::new();
        while let Some(frame) = outbox.pop(buffered) {
            sent.push(frame);
            buffered += FRAME;
        }
        assert_eq!(buffered, MAX_BUFFERED);
        assert_eq!(sent, (0..64).collect::<Vec<_>>());
        assert_eq!(outbox.pop(LOW_WATER as usize), Some(64));
        assert!(!outbox.is_empty());
    }

    #[test]
    fn what_a_slow_peer_lets_wait_is_bounded() {
        let mut outbox = Outbox::new();
        let room = MAX_WAITING / FRAME;
        for _ in 0..room {
            outbox.push((), FRAME).unwrap();
        }
        assert_eq!(outbox.push((), 1), Err(Full));
        assert_eq!(outbox.pop(0), Some(()));
        assert_eq!(outbox.push((), FRAME), Ok(()));
        assert_eq!(outbox.push((), usize::MAX), Err(Full));
    }

    #[test]
    fn a_frame_above_the_high_water_mark_leaves_alone() {
        let mut outbox = Outbox::new();
        outbox.push((), 2 * MAX_BUFFERED).unwrap();
        assert_eq!(outbox.pop(1), None);
        assert_eq!(outbox.pop(0), Some(()));
        assert!(outbox.is_empty());
    }
}
