//! Frames: a message cut into pieces that every data channel carries, and put together again.
//!
//! A frame is one data-channel message: a byte that says whether it is the last of its message,
//! then at most [`CHUNK_BYTES`] of it. Channels are ordered, so that nothing else is needed.

/// Most bytes of a message in one frame: what every browser sends without fragmenting badly.
pub const CHUNK_BYTES: usize = 16 * 1024;
/// Most bytes of a frame.
pub const MAX_FRAME_BYTES: usize = CHUNK_BYTES + 1;
/// Most bytes of a message: four of the largest blocks.
pub const MAX_MESSAGE_BYTES: usize = 4 * 1024 * 1024;

const MORE: u8 = 0;
const LAST: u8 = 1;

/// Why a frame is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Empty, too long, too short for one that is not the last, or of another first byte.
    #[error("not a frame")]
    Malformed,
    /// The message grows above [`MAX_MESSAGE_BYTES`].
    #[error("the message is longer than {MAX_MESSAGE_BYTES} bytes")]
    TooLong,
}

/// Cuts a message into frames; an empty one gives one frame.
pub fn split(message: &[u8]) -> Vec<Vec<u8>> {
    let count = message.len().div_ceil(CHUNK_BYTES).max(1);
    let frame = |index: usize| {
        let chunk = &message[index * CHUNK_BYTES..message.len().min((index + 1) * CHUNK_BYTES)];
        let mut frame = Vec::with_capacity(chunk.len() + 1);
        frame.push(if index + 1 == count { LAST } else { MORE });
        frame.extend_from_slice(chunk);
        frame
    };
    (0..count).map(frame).collect()
}

/// Puts the frames of one link together.
#[derive(Debug, Default)]
pub struct Assembler {
    buffer: Vec<u8>,
}

impl Assembler {
    /// Takes a frame; gives the message when this was its last.
    pub fn push(&mut self, frame: &[u8]) -> Result<Option<Vec<u8>>, FrameError> {
        let Some((kind, chunk)) = frame.split_first() else { return Err(FrameError::Malformed) };
        // Only the last frame may be short: a message in crumbs would cost far more than its bytes.
        if chunk.len() > CHUNK_BYTES || *kind > LAST || (*kind == MORE && chunk.len() < CHUNK_BYTES) {
            return Err(FrameError::Malformed);
        }
        if self.buffer.len() + chunk.len() > MAX_MESSAGE_BYTES {
            return Err(FrameError::TooLong);
        }
        self.buffer.extend_from_slice(chunk);
        Ok((*kind == LAST).then(|| std::mem::take(&mut self.buffer)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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
            assert_eq!(assemble(&frames), Some(message), "{length} bytes");
        }
    }

    #[test]
    fn limits_hold() {
        let mut assembler = Assembler::default();
        for _ in 0..MAX_MESSAGE_BYTES / CHUNK_BYTES {
            assembler.push(&[&[MORE][..], &[0; CHUNK_BYTES]].concat()).unwrap();
        }
        assert_eq!(assembler.push(&[LAST, 0]), Err(FrameError::TooLong));
        for bad in [vec![], vec![2, 0], vec![MORE], vec![MORE; CHUNK_BYTES], vec![LAST; CHUNK_BYTES + 2]] {
            assert_eq!(Assembler::default().push(&bad), Err(FrameError::Malformed));
        }
    }

    proptest! {
        #[test]
        fn any_frames_give_messages_or_errors(frames in prop::collection::vec(prop::collection::vec(0_u8..4, 0..20), 0..40)) {
            let mut assembler = Assembler::default();
            for frame in frames {
                let _ = assembler.push(&frame);
                prop_assert!(assembler.buffer.len() <= 40 * 20);
            }
        }
    }
}
