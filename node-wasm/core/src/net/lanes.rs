//! What waits for a link: messages by class, given away as frames while little is under way.
//!
//! A channel keeps its order, so that what it holds cannot be overtaken any more. Therefore the
//! driver gets no more than [`WINDOW`] of a link at a time; the rest waits here, where the next
//! urgent message passes it. What waits is bounded for each class, so that a peer that reads slowly
//! costs no more than a stated memory, and delays nobody but itself.

use crate::net::frame::{self, Class};
use crate::sentence::Say;
use crate::units::Timestamp;
use std::collections::VecDeque;
use std::time::Duration;

/// Bytes of a link that the driver holds at a time: eight chunks. A line of 10 Mbit/s carries them in
/// a tenth of a second, so that an urgent message waits no longer; a fast line gives them back within
/// a few milliseconds.
pub const WINDOW: u64 = 128 * 1024;
/// Time without a byte drained, while the window is full and more waits, after which a peer counts
/// as one that does not read.
pub const STUCK_TIME: Duration = Duration::from_secs(30);
/// Bytes that may wait for a link, by class. Of the urgent: seven of the largest compact blocks. Of
/// what blocks lack and of what is served: one message of the largest size, beside what is served
/// ahead. Of transactions: what is announced while less than half of it waits, and one message.
pub const MAX_WAITING: [u64; Class::ALL.len()] =
    [512 * 1024, 4 * 1024 * 1024 + 1024, 2 * 1024 * 1024, (4 * 1024 + 512) * 1024];

/// More than [`MAX_WAITING`] of a class would wait: the message is not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, Say)]
#[error("too much waits for the link")]
pub struct Full;

/// Messages of one class.
#[derive(Debug, Default)]
struct Lane {
    messages: VecDeque<Vec<u8>>,
    /// Bytes of the first that have left.
    sent: usize,
    /// Bytes on the wire that the rest takes.
    waiting: u64,
}

impl Lane {
    fn next_frame(&mut self, class: Class) -> Option<Vec<u8>> {
        let message = self.messages.front()?;
        let frame = frame::cut(class, message, self.sent);
        self.sent += frame.len() - 1;
        self.waiting -= frame.len() as u64;
        if self.sent == message.len() {
            self.sent = 0;
            self.messages.pop_front();
        }
        Some(frame)
    }
}

/// The lanes of one link.
#[derive(Debug, Default)]
pub struct Lanes {
    by_class: [Lane; Class::ALL.len()],
    /// Bytes that the driver has and that have not left.
    under_way: u64,
    /// Since when nothing has left, as far as somebody looked.
    stuck: Option<Timestamp>,
}

impl Lanes {
    /// Adds a message behind those of its class; gives its bytes on the wire.
    pub fn push(&mut self, message: Vec<u8>) -> Result<u64, Full> {
        let (class, bytes) = (Class::of(&message) as usize, frame::wire_bytes(&message));
        let lane = &mut self.by_class[class];
        if lane.waiting + bytes > MAX_WAITING[class] {
            return Err(Full);
        }
        lane.waiting += bytes;
        lane.messages.push_back(message);
        Ok(bytes)
    }

    /// The next frame, of the most urgent class that waits, if the window has room.
    pub fn next_frame(&mut self) -> Option<Vec<u8>> {
        if self.under_way >= WINDOW {
            return None;
        }
        let frame = self.by_class.iter_mut().zip(Class::ALL).find_map(|(lane, class)| lane.next_frame(class))?;
        self.under_way += frame.len() as u64;
        Some(frame)
    }

    /// The next frame of what is urgent, whatever the window: a link that is closed says why.
    pub fn last_words(&mut self) -> Option<Vec<u8>> {
        self.by_class[Class::Urgent as usize].next_frame(Class::Urgent)
    }

    /// So many bytes have left.
    pub fn drained(&mut self, bytes: u64) {
        self.under_way = self.under_way.saturating_sub(bytes);
        self.stuck = None;
    }

    /// Bytes of a class that wait here.
    pub fn waiting(&self, class: Class) -> u64 {
        self.by_class[class as usize].waiting
    }

    /// Looks whether something leaves; gives whether nothing has for [`STUCK_TIME`].
    pub fn is_stuck(&mut self, now: Timestamp) -> bool {
        let waits = self.by_class.iter().any(|lane| lane.waiting > 0);
        if self.under_way < WINDOW || !waits {
            self.stuck = None;
            return false;
        }
        now.since(*self.stuck.get_or_insert(now)) >= STUCK_TIME
    }

    /// This node slept: what did not leave meanwhile is nobody's fault.
    pub fn woke(&mut self) {
        self.stuck = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::frame::{Assembler, CHUNK_BYTES, MAX_FRAME_BYTES};
    use proptest::prelude::*;

    /// Kinds of messages, one of each class.
    const KINDS: [u8; 4] = [1, 16, 9, 6];

    fn message(class: usize, bytes: usize) -> Vec<u8> {
        vec![KINDS[class]; bytes]
    }

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    #[test]
    fn no_more_than_the_window_is_under_way_and_what_leaves_makes_room() {
        let mut lanes = Lanes::default();
        lanes.push(message(3, 1024 * 1024)).unwrap();
        let frames = std::iter::from_fn(|| lanes.next_frame()).count();
        assert_eq!(frames as u64, WINDOW / CHUNK_BYTES as u64);
        lanes.drained(MAX_FRAME_BYTES as u64);
        assert!(lanes.next_frame().is_some() && lanes.next_frame().is_none());
        let waiting = lanes.waiting(Class::Bulk);
        assert_eq!(waiting, (64 - 9) * MAX_FRAME_BYTES as u64);
    }

    #[test]
    fn what_is_urgent_waits_for_the_window_and_for_nothing_else() {
        let mut lanes = Lanes::default();
        for class in [3, 2, 1] {
            lanes.push(message(class, 1024 * 1024)).unwrap();
        }
        while lanes.next_frame().is_some() {}
        lanes.push(message(0, 100)).unwrap();
        lanes.drained(WINDOW);
        assert_eq!(lanes.next_frame().unwrap().len(), 101);
        // Then the rest of what blocks lack, of transactions, of what is served, each whole.
        let (mut order, mut assembler) = (Vec::new(), Assembler::default());
        lanes.drained(u64::MAX);
        while let Some(frame) = lanes.next_frame() {
            lanes.drained(u64::MAX);
            if assembler.push(&frame).unwrap().is_some() {
                order.push(frame[1]);
            }
        }
        assert_eq!(order, [16, 9, 6]);
    }

    #[test]
    fn what_waits_is_bounded_for_each_class() {
        for (class, limit) in MAX_WAITING.into_iter().enumerate() {
            let limit = usize::try_from(limit).unwrap();
            let size = 100_000;
            let mut lanes = Lanes::default();
            while lanes.waiting(Class::ALL[class]) + 100_007 <= limit as u64 {
                lanes.push(message(class, size)).unwrap();
            }
            assert_eq!(lanes.push(message(class, size)), Err(Full), "class {class}");
            let room = limit - usize::try_from(lanes.waiting(Class::ALL[class])).unwrap();
            let most = room - room.div_ceil(MAX_FRAME_BYTES);
            // One byte more than fits, just what fits, and nothing more then.
            assert_eq!(lanes.push(message(class, most + 1)), Err(Full), "class {class}");
            assert!(lanes.push(message(class, most)).is_ok(), "class {class}");
            assert_eq!(lanes.push(message(class, 1)), Err(Full), "class {class}");
            assert!(lanes.push(message((class + 1) % 4, 1)).is_ok(), "the others have bounds of their own");
        }
    }

    #[test]
    fn a_link_is_stuck_when_a_full_window_does_not_move() {
        let mut lanes = Lanes::default();
        assert!(!lanes.is_stuck(at(0)) && !lanes.is_stuck(at(100)), "nothing waits");
        lanes.push(message(3, 1024 * 1024)).unwrap();
        while lanes.next_frame().is_some() {}
        let seconds = STUCK_TIME.as_secs();
        assert!(!lanes.is_stuck(at(100)) && !lanes.is_stuck(at(99 + seconds)));
        assert!(lanes.is_stuck(at(100 + seconds)));
        lanes.drained(1);
        while lanes.next_frame().is_some() {}
        assert!(!lanes.is_stuck(at(100 + seconds)) && lanes.is_stuck(at(100 + 2 * seconds)));
        lanes.woke();
        assert!(!lanes.is_stuck(at(500)), "a node that slept judges nobody for it");
    }

    #[test]
    fn a_link_that_is_closed_still_says_what_is_urgent_and_no_more() {
        let mut lanes = Lanes::default();
        lanes.push(message(3, 1024 * 1024)).unwrap();
        while lanes.next_frame().is_some() {}
        lanes.push(message(0, 40_000)).unwrap();
        let words: Vec<usize> = std::iter::from_fn(|| lanes.last_words()).map(|frame| frame.len()).collect();
        assert_eq!(words, [MAX_FRAME_BYTES, MAX_FRAME_BYTES, 40_000 - 2 * CHUNK_BYTES + 1]);
    }

    proptest! {
        #[test]
        fn all_that_is_taken_arrives_whole_and_in_the_order_of_its_class(
            messages in prop::collection::vec((0_usize..4, 1_usize..50_000), 1..30),
            steps in prop::collection::vec((any::<bool>(), 0_u64..40_000), 0..200),
        ) {
            let (mut lanes, mut assembler, mut arrived) = (Lanes::default(), Assembler::default(), Vec::new());
            let mut expected: Vec<Vec<(usize, usize)>> = vec![Vec::new(); 4];
            let mut messages = messages.into_iter();
            let mut left = 0;
            for (push, drain) in steps.into_iter().chain((0..300).map(|_| (true, 40_000))) {
                if push && let Some((class, bytes)) = messages.next() {
                    // Fewer than 1,024 bytes of the rest: no header's kind is among them.
                    lanes.push(message(class, bytes)).unwrap();
                    expected[class].push((class, bytes));
                }
                lanes.drained(drain.min(left));
                left -= drain.min(left);
                while let Some(frame) = lanes.next_frame() {
                    left += frame.len() as u64;
                    if let Some(whole) = assembler.push(&frame).unwrap() {
                        let class = KINDS.iter().position(|kind| *kind == whole[0]).unwrap();
                        arrived.push((class, whole.len()));
                    }
                }
                prop_assert!(left < WINDOW + MAX_FRAME_BYTES as u64);
            }
            for (class, expected) in expected.iter().enumerate() {
                let got: Vec<_> = arrived.iter().filter(|(of, _)| *of == class).copied().collect();
                prop_assert_eq!(&got, expected);
            }
        }
    }
}
