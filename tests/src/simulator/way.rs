//! What may become of a frame on its way: the one place where frames are seen, changed, swallowed,
//! multiplied and answered, by a test or by a hostile node.

use super::{NodeIndex, Simulation};
use node_core::net::frame;
use node_core::net::message::Message;

/// A frame between two nodes.
#[derive(Debug)]
pub struct Passing<'a> {
    /// Who sends it.
    pub from: NodeIndex,
    /// Whom it is for.
    pub to: NodeIndex,
    /// Kind of the message that it belongs to, by its number on the wire.
    pub kind: Option<u8>,
    /// The frame.
    pub frame: &'a [u8],
}

impl Passing<'_> {
    /// The message, if the frame holds all of it.
    pub fn message(&self) -> Option<Message> {
        frame::ending(self.frame).and_then(|message| Message::decode(message).ok())
    }

    /// It goes on as it is.
    pub fn on(&self) -> Fate {
        Fate { onward: vec![self.frame.to_vec()], back: Vec::new() }
    }
}

/// What becomes of a frame.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fate {
    /// Frames that go on in its place.
    pub onward: Vec<Vec<u8>>,
    /// Frames that its sender gets, as if the receiver had sent them.
    pub back: Vec<Vec<u8>>,
}

impl Fate {
    /// It gets lost.
    pub fn swallowed() -> Self {
        Self::default()
    }

    /// Another message goes on in its place.
    pub fn instead(message: &Message) -> Self {
        Self { onward: frame::split(&message.encode()), back: Vec::new() }
    }

    /// It does not arrive, and is answered all the same.
    pub fn answered(message: &Message) -> Self {
        Self { onward: Vec::new(), back: frame::split(&message.encode()) }
    }
}

/// Sees frames on their way and says what becomes of each.
pub(super) type Hand = Box<dyn FnMut(&Passing) -> Fate>;

/// All hands that a frame goes through, one after the other.
#[derive(Default)]
pub(super) struct Way {
    hands: Vec<Hand>,
}

impl Way {
    pub(super) fn add(&mut self, hand: Hand) {
        self.hands.push(hand);
    }

    /// What becomes of a frame in all hands together. An answer comes back untouched.
    pub(super) fn through(&mut self, from: NodeIndex, to: NodeIndex, kind: Option<u8>, frame: Vec<u8>) -> Fate {
        let mut fate = Fate { onward: vec![frame], back: Vec::new() };
        for hand in &mut self.hands {
            let frames = std::mem::take(&mut fate.onward);
            for frame in frames {
                let next = hand(&Passing { from, to, kind, frame: &frame });
                fate.onward.extend(next.onward);
                fate.back.extend(next.back);
            }
        }
        fate
    }
}

impl Simulation {
    /// From now on every frame goes through this hand too, behind those that were added before.
    pub fn on_the_way(&mut self, hand: impl FnMut(&Passing) -> Fate + 'static) {
        self.way.add(Box::new(hand));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_goes_through_all_hands_in_their_order() {
        let mut way = Way::default();
        let (one, other) = (NodeIndex(0), NodeIndex(1));
        assert_eq!(way.through(one, other, None, vec![1, 1]).onward, vec![vec![1, 1]]);
        way.add(Box::new(|passing| Fate { onward: vec![passing.frame.to_vec(); 2], back: vec![vec![9]] }));
        let mut odd = false;
        way.add(Box::new(move |passing| {
            odd = !odd;
            if odd { passing.on() } else { Fate::swallowed() }
        }));
        let fate = way.through(one, other, None, vec![1, 2]);
        assert_eq!((fate.onward, fate.back), (vec![vec![1, 2]], vec![vec![9]]));
    }

    #[test]
    fn messages_are_recognised_and_replaced() {
        let ping = frame::split(&Message::Ping(7).encode()).remove(0);
        let passing = Passing { from: NodeIndex(0), to: NodeIndex(1), kind: None, frame: &ping };
        assert_eq!(passing.message(), Some(Message::Ping(7)));
        let fate = Fate::answered(&Message::Ping(8));
        assert!(fate.onward.is_empty());
        let back = Passing { from: NodeIndex(1), to: NodeIndex(0), kind: None, frame: &fate.back[0] };
        assert_eq!(back.message(), Some(Message::Ping(8)));
        let part = Passing { from: NodeIndex(1), to: NodeIndex(0), kind: Some(1), frame: &[0, 1, 2] };
        assert_eq!(part.message(), None, "a part of one");
    }
}
