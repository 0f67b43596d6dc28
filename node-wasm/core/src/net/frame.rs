//! Frames: a message cut into pieces that every data channel carries, and put together again.
//!
//! A frame is one data-channel message: a byte that names the class of its message and says whether
//! it is the last of it, then at most [`CHUNK_BYTES`] of it. Channels are ordered. Frames of
//! different classes may alternate on one, so that what is urgent need not wait for the end of what
//! is long; within a class one message follows the other.

use crate::sentence::Say;

/// Most bytes of a message in one frame: what every browser sends without fragmenting badly.
pub const CHUNK_BYTES: usize = 16 * 1024;
/// Most bytes of a frame.
pub const MAX_FRAME_BYTES: usize = CHUNK_BYTES + 1;
/// Most bytes of a message: four of the largest blocks. Also the most that the unfinished messages
/// of a link take together: the largest of each class, in a network with blocks of 1 MiB, are 3 MiB.
pub const MAX_MESSAGE_BYTES: usize = 4 * 1024 * 1024;

/// Bit of a frame's first byte that says that it is the last of its message.
const LAST: u8 = 1;
/// Bytes of [`Class::Urgent`] headers at most: an announcement has 8 of 116 bytes.
const FEW_HEADERS_BYTES: usize = 1024;
/// Number on the wire of the message that brings headers.
const HEADERS: u8 = 4;

/// How urgent a message is: a link carries the lower class first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// New blocks, questions, and what keeps the link alive: short, all of it.
    Urgent,
    /// What new blocks lack.
    Block,
    /// Transactions, and what peers tell of peers.
    Ordinary,
    /// Blocks and headers for who catches up.
    Bulk,
}

impl Class {
    /// All of them, the most urgent first; the position of a class is its number.
    pub const ALL: [Self; 4] = [Self::Urgent, Self::Block, Self::Ordinary, Self::Bulk];

    /// The class of a message, by its kind, which is its first byte, and its length.
    pub fn of(message: &[u8]) -> Self {
        match message.first() {
            // Headers that announce are few, those that somebody asked for many.
            Some(&HEADERS) if message.len() > FEW_HEADERS_BYTES => Self::Bulk,
            Some(6) => Self::Bulk,
            Some(16) => Self::Block,
            Some(8..=10 | 17..) => Self::Ordinary,
            _ => Self::Urgent,
        }
    }

    /// The first byte of a frame of this class.
    const fn tag(self, last: bool) -> u8 {
        ((self as u8) << 1) | if last { LAST } else { 0 }
    }
}

/// Why a frame is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, Say)]
pub enum FrameError {
    /// Empty, too long, too short for one that is not the last, or of another first byte.
    #[error("not a frame")]
    Malformed,
    /// The unfinished messages grow above [`MAX_MESSAGE_BYTES`].
    #[error("unfinished messages have more than {MAX_MESSAGE_BYTES} bytes")]
    TooLong,
}

/// The frame of a message that begins at a byte of it; further ones follow if it is not the last.
pub(crate) fn cut(class: Class, message: &[u8], start: usize) -> Vec<u8> {
    let rest = &message[start.min(message.len())..];
    let chunk = &rest[..rest.len().min(CHUNK_BYTES)];
    let mut frame = Vec::with_capacity(chunk.len() + 1);
    frame.push(class.tag(chunk.len() == rest.len()));
    frame.extend_from_slice(chunk);
    frame
}

/// Cuts a message into frames of its class; an empty one gives one frame.
pub fn split(message: &[u8]) -> Vec<Vec<u8>> {
    let class = Class::of(message);
    let starts = (0..message.len().max(1)).step_by(CHUNK_BYTES);
    starts.map(|start| cut(class, message, start)).collect()
}

/// Bytes of a message as frames.
pub(crate) fn wire_bytes(message: &[u8]) -> u64 {
    (message.len() + message.len().div_ceil(CHUNK_BYTES).max(1)) as u64
}

/// What a frame holds that ends a message: all of it, if the message has no frame before.
pub fn ending(frame: &[u8]) -> Option<&[u8]> {
    frame.split_first().filter(|(tag, _)| **tag & LAST == LAST).map(|(_, chunk)| chunk)
}

/// Puts the frames of one link together.
#[derive(Debug, Default)]
pub struct Assembler {
    /// The unfinished message of each class.
    buffers: [Vec<u8>; Class::ALL.len()],
}

impl Assembler {
    /// Takes a frame; gives the message when this was its last.
    pub fn push(&mut self, frame: &[u8]) -> Result<Option<Vec<u8>>, FrameError> {
        let Some((tag, chunk)) = frame.split_first() else { return Err(FrameError::Malformed) };
        let last = tag & LAST == LAST;
        // Only the last frame may be short: a message in crumbs would cost far more than its bytes.
        if chunk.len() > CHUNK_BYTES || (!last && chunk.len() < CHUNK_BYTES) {
            return Err(FrameError::Malformed);
        }
        let buffered = self.buffered();
        let Some(buffer) = self.buffers.get_mut(usize::from(tag >> 1)) else { return Err(FrameError::Malformed) };
        if buffered + chunk.len() > MAX_MESSAGE_BYTES {
            return Err(FrameError::TooLong);
        }
        buffer.extend_from_slice(chunk);
        Ok(last.then(|| std::mem::take(buffer)))
    }

    /// Bytes of unfinished messages, at most [`MAX_MESSAGE_BYTES`].
    pub fn buffered(&self) -> usize {
        self.buffers.iter().map(Vec::len).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A message of a class; the first byte is its kind.
    fn message(class: Class, length: usize) -> Vec<u8> {
        let kind = [1, 16, 9, 6][class as usize];
        let message = vec![kind; length];
        assert_eq!(Class::of(&message), class);
        message
    }

    fn assemble(frames: &[Vec<u8>]) -> Option<Vec<u8>> {
        let mut assembler = Assembler::default();
        let results: Vec<_> = frames.iter().map(|frame| assembler.push(frame).unwrap()).collect();
        let (last, others) = results.split_last().unwrap();
        assert!(others.iter().all(Option::is_none));
        last.clone()
    }

    #[test]
    fn messages_at_the_seams() {
        for length in [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES, MAX_MESSAGE_BYTES] {
            let message = vec![7; length];
            let frames = split(&message);
            assert!(frames.iter().all(|frame| frame.len() <= MAX_FRAME_BYTES));
            assert_eq!(frames.iter().map(|frame| frame.len() as u64).sum::<u64>(), wire_bytes(&message));
            assert_eq!(assemble(&frames), Some(message), "{length} bytes");
        }
    }

    #[test]
    fn limits_hold() {
        let mut assembler = Assembler::default();
        let more = Class::Bulk.tag(false);
        for _ in 0..MAX_MESSAGE_BYTES / CHUNK_BYTES {
            assembler.push(&[&[more][..], &[0; CHUNK_BYTES]].concat()).unwrap();
        }
        assert_eq!(assembler.push(&[Class::Bulk.tag(true), 0]), Err(FrameError::TooLong));
        let full = vec![LAST; CHUNK_BYTES + 2];
        for bad in [&[][..], &[8, 0], &[9, 0], &[u8::MAX, 0], &[0], &[0; CHUNK_BYTES], &full] {
            assert_eq!(Assembler::default().push(bad), Err(FrameError::Malformed));
        }
    }

    #[test]
    fn the_unfinished_messages_of_all_classes_share_one_bound() {
        let mut assembler = Assembler::default();
        let fill = |class: Class| [&[class.tag(false)][..], &[0; CHUNK_BYTES]].concat();
        for number in 0..MAX_MESSAGE_BYTES / CHUNK_BYTES {
            assembler.push(&fill(Class::ALL[number % 4])).unwrap();
        }
        assert_eq!(assembler.buffered(), MAX_MESSAGE_BYTES);
        for class in Class::ALL {
            assert_eq!(assembler.push(&fill(class)), Err(FrameError::TooLong));
        }
        // An empty end takes nothing, and gives the room of its message back.
        assert_eq!(assembler.push(&[Class::Bulk.tag(true)]).unwrap().unwrap().len(), MAX_MESSAGE_BYTES / 4);
        assert_eq!(assembler.push(&fill(Class::Urgent)), Ok(None));
    }

    #[test]
    fn what_is_urgent_passes_what_is_long() {
        let (long, urgent) = (message(Class::Bulk, 3 * CHUNK_BYTES), message(Class::Urgent, 100));
        let (frames, mut assembler) = (split(&long), Assembler::default());
        assert_eq!(assembler.push(&frames[0]), Ok(None));
        assert_eq!(assembler.push(&split(&urgent)[0]), Ok(Some(urgent)));
        assert_eq!(assembler.push(&frames[1]), Ok(None));
        assert_eq!(assembler.push(&frames[2]), Ok(Some(long)));
    }

    proptest! {
        #[test]
        fn any_frames_give_messages_or_errors(frames in prop::collection::vec(prop::collection::vec(0_u8..10, 0..20), 0..40)) {
            let mut assembler = Assembler::default();
            for frame in frames {
                let _ = assembler.push(&frame);
                prop_assert!(assembler.buffered() <= 40 * 20);
            }
        }

        #[test]
        fn frames_of_classes_may_alternate_in_any_way(lengths in prop::array::uniform4(0_usize..60_000), order in prop::collection::vec(0_usize..4, 40)) {
            let messages: Vec<Vec<u8>> =
                lengths.iter().zip(Class::ALL).map(|(length, class)| message(class, length + FEW_HEADERS_BYTES)).collect();
            let mut waiting: Vec<_> = messages.iter().map(|message| split(message).into_iter()).collect();
            let (mut assembler, mut done) = (Assembler::default(), vec![None; 4]);
            for class in order.into_iter().chain((0..4).flat_map(|class| [class; 5])) {
                if let Some(frame) = waiting[class].next()
                    && let Some(message) = assembler.push(&frame).unwrap()
                {
                    done[class] = Some(message);
                }
            }
            prop_assert_eq!(done, messages.into_iter().map(Some).collect::<Vec<_>>());
        }
    }
}
