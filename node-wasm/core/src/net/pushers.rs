//! Whom to ask to push new blocks at once (the high-bandwidth peers of BIP 152): those that were
//! first with blocks most often lately.

use crate::contract::LinkId;
use crate::net::peers::Peers;
use crate::view::PeerState;
use std::collections::VecDeque;

/// Peers that are asked to push. A block comes from each of them, so that more cost bytes; with
/// one, a slow peer decides how soon blocks come. Two beside finders that push to all are as
/// soon as BIP 152's three, and cheaper: ADR 0010 has the figures.
pub const MAX_PUSHERS: usize = 2;
/// Of these, at most so many that this node did not call itself: peers that crowd in from outside
/// must not decide alone when it hears of blocks.
const MAX_INBOUND: usize = MAX_PUSHERS - 1;
/// Blocks that count as lately.
const WINDOW: usize = 20;

/// Who is asked to push, and why.
#[derive(Debug, Default)]
pub struct Pushers {
    asked: Vec<LinkId>,
    /// Who was first with each of the newest blocks.
    firsts: VecDeque<LinkId>,
}

/// Whom to tell what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Replacement {
    /// Ask this peer to push.
    pub start: Option<LinkId>,
    /// Ask this peer to push no more.
    pub stop: Option<LinkId>,
}

impl Pushers {
    /// A peer was the first with a valid block. It is asked to push if there is a place, or if it
    /// was first more often than one that is asked.
    pub fn was_first(&mut self, link: LinkId, peers: &Peers) -> Replacement {
        let here = |link: LinkId| peers.get(link).is_some_and(|peer| peer.state == PeerState::Connected);
        let inbound = |link: LinkId| peers.get(link).is_some_and(|peer| !peer.outbound);
        if !here(link) {
            return Replacement::default();
        }
        self.firsts.push_back(link);
        if self.firsts.len() > WINDOW {
            self.firsts.pop_front();
        }
        self.asked.retain(|asked| here(*asked));
        if self.asked.contains(&link) {
            return Replacement::default();
        }
        let crowd = self.asked.iter().filter(|asked| inbound(**asked)).count() + usize::from(inbound(link));
        if self.asked.len() < MAX_PUSHERS && (!inbound(link) || crowd <= MAX_INBOUND) {
            self.asked.push(link);
            return Replacement { start: Some(link), stop: None };
        }
        let wins = |link: LinkId| self.firsts.iter().filter(|first| **first == link).count();
        let fits = |victim: LinkId| !inbound(link) || crowd - usize::from(inbound(victim)) <= MAX_INBOUND;
        let slowest = self.asked.iter_mut().filter(|asked| fits(**asked)).min_by_key(|asked| wins(**asked));
        match slowest {
            Some(slowest) if wins(link) > wins(*slowest) => {
                Replacement { start: Some(link), stop: Some(std::mem::replace(slowest, link)) }
            }
            _ => Replacement::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Timestamp;
    use tracker_protocol::PeerId;

    /// So many connected peers, those with odd numbers called by this node.
    fn peers(count: u8) -> Peers {
        let mut peers = Peers::default();
        for number in 1..=count {
            let id = PeerId::from_bytes([number; 20]);
            let link = peers.open(id, number % 2 == 1, 0, Timestamp::default()).unwrap();
            peers.get_mut(link).unwrap().state = PeerState::Connected;
        }
        peers
    }

    #[test]
    fn a_peer_that_is_first_more_often_replaces_the_slowest() {
        let peers = peers(9);
        let mut pushers = Pushers::default();
        let mut first = |link| pushers.was_first(LinkId(link), &peers);
        for link in [1, 3] {
            assert_eq!(first(link), Replacement { start: Some(LinkId(link)), stop: None });
            assert_eq!(first(link), Replacement::default());
        }
        first(1);
        assert_eq!(first(7), Replacement::default());
        assert_eq!(first(7), Replacement::default(), "as often is not more often");
        assert_eq!(first(7), Replacement { start: Some(LinkId(7)), stop: Some(LinkId(3)) });
        assert_eq!(pushers.asked.len(), MAX_PUSHERS);
        // What was long ago does not count any more.
        for _ in 0..WINDOW {
            assert_eq!(pushers.was_first(LinkId(1), &peers), Replacement::default());
        }
        assert_eq!(pushers.was_first(LinkId(9), &peers).start, Some(LinkId(9)));
        assert!(pushers.firsts.len() <= WINDOW);
    }

    #[test]
    fn peers_from_outside_never_take_all_places() {
        let peers = peers(9);
        let mut pushers = Pushers::default();
        for _ in 0..3 {
            for link in [2, 4, 6, 8] {
                pushers.was_first(LinkId(link), &peers);
            }
        }
        assert_eq!(pushers.asked.len(), MAX_INBOUND);
        pushers.was_first(LinkId(1), &peers);
        assert!(pushers.asked.contains(&LinkId(1)));
        for _ in 0..50 {
            for link in [2, 4, 6, 8] {
                pushers.was_first(LinkId(link), &peers);
            }
            assert!(pushers.asked.contains(&LinkId(1)), "the one that this node called stays");
            assert_eq!(pushers.asked.len(), MAX_PUSHERS);
        }
    }

    #[test]
    fn a_peer_that_left_makes_room() {
        let mut peers = peers(9);
        let mut pushers = Pushers::default();
        for link in [1, 3] {
            pushers.was_first(LinkId(link), &peers);
        }
        peers.close(LinkId(3));
        assert_eq!(pushers.was_first(LinkId(3), &peers), Replacement::default());
        assert_eq!(pushers.was_first(LinkId(7), &peers), Replacement { start: Some(LinkId(7)), stop: None });
    }
}
