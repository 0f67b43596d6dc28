//! One room: who is in it, and a random sample of them.

use crate::{address::AddressKey, tracker::ConnectionId};
use rand_core::Rng;
use std::collections::BTreeMap;
use tracker_protocol::PeerId;

/// A peer of a room and the connection it is reached by.
#[derive(Debug, Clone, Copy)]
struct Member {
    peer: PeerId,
    connection: ConnectionId,
}

/// The peers of one room. The tracker bounds how many there are.
#[derive(Debug)]
pub(crate) struct Room {
    /// Whose number of rooms this one counts for.
    pub(crate) founder: AddressKey,
    /// In no particular order, so that a member is drawn by its position.
    members: Vec<Member>,
    positions: BTreeMap<PeerId, usize>,
}

impl Room {
    pub(crate) fn new(founder: AddressKey) -> Self {
        Self { founder, members: Vec::new(), positions: BTreeMap::new() }
    }

    pub(crate) fn len(&self) -> usize {
        self.members.len()
    }

    /// The size as it travels on the wire.
    pub(crate) fn size(&self) -> u32 {
        u32::try_from(self.members.len()).unwrap_or(u32::MAX)
    }

    pub(crate) fn connection_of(&self, peer: &PeerId) -> Option<ConnectionId> {
        self.positions.get(peer).map(|position| self.members[*position].connection)
    }

    /// Adds a peer, or moves it to a newer connection; returns the older one.
    pub(crate) fn insert(&mut self, peer: PeerId, connection: ConnectionId) -> Option<ConnectionId> {
        if let Some(position) = self.positions.get(&peer) {
            return Some(std::mem::replace(&mut self.members[*position].connection, connection));
        }
        self.positions.insert(peer, self.members.len());
        self.members.push(Member { peer, connection });
        None
    }

    /// Removes a peer if it is still reached by this connection.
    pub(crate) fn remove(&mut self, peer: &PeerId, connection: ConnectionId) {
        if self.connection_of(peer) != Some(connection) {
            return;
        }
        if let Some(position) = self.positions.remove(peer) {
            self.members.swap_remove(position);
            if let Some(moved) = self.members.get(position) {
                self.positions.insert(moved.peer, position);
            }
        }
    }

    /// Draws up to `most` peers other than `except`, every set of them with the same chance.
    pub(crate) fn sample(&self, rng: &mut impl Rng, except: Option<&PeerId>, most: usize) -> Vec<PeerId> {
        let skipped = except.and_then(|peer| self.positions.get(peer)).copied();
        let available = self.members.len() - usize::from(skipped.is_some());
        let count = most.min(available);
        // Floyd's algorithm: as many draws as peers wanted, however large the room.
        let mut drawn: Vec<usize> = Vec::with_capacity(count);
        for last in available - count..available {
            let candidate = below(rng, last + 1);
            drawn.push(if drawn.contains(&candidate) { last } else { candidate });
        }
        let past_skipped = |index: usize| index + usize::from(skipped.is_some_and(|skipped| index >= skipped));
        drawn.into_iter().map(|index| self.members[past_skipped(index)].peer).collect()
    }
}

/// A random number below `bound`; the bias is below `bound` / 2^64.
fn below(rng: &mut impl Rng, bound: usize) -> usize {
    let product = u128::from(rng.next_u64()) * bound as u128;
    usize::try_from(product >> 64).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng;
    use std::collections::BTreeSet;

    fn peer(number: u8) -> PeerId {
        PeerId::from_bytes([number; PeerId::LENGTH])
    }

    fn room(peers: u8) -> Room {
        let mut room = Room::new(AddressKey::of([127, 0, 0, 1].into()));
        for number in 0..peers {
            assert_eq!(room.insert(peer(number), ConnectionId(number.into())), None);
        }
        room
    }

    #[test]
    fn sample_is_bounded_distinct_and_without_the_asker() {
        let room = room(50);
        let mut rng = ChaCha20Rng::from_seed([1; 32]);
        for most in [0, 1, 20, 49, 50, 500] {
            let sample = room.sample(&mut rng, Some(&peer(7)), most);
            let distinct: BTreeSet<_> = sample.iter().collect();
            assert_eq!(distinct.len(), most.min(49));
            assert_eq!(sample.len(), distinct.len());
            assert!(!distinct.contains(&peer(7)));
        }
        assert_eq!(room.sample(&mut rng, None, 500).len(), 50);
    }

    #[test]
    fn sample_prefers_nobody() {
        let room = room(10);
        let mut rng = ChaCha20Rng::from_seed([2; 32]);
        let mut counts = [0_u32; 10];
        for _ in 0..9000 {
            for peer in room.sample(&mut rng, Some(&peer(0)), 3) {
                counts[usize::from(peer.as_bytes()[0])] += 1;
            }
        }
        assert_eq!(counts[0], 0);
        // 3000 expected for each, with a standard deviation of 45.
        assert!(counts[1..].iter().all(|count| (2775..3225).contains(count)), "{counts:?}");
    }

    #[test]
    fn a_peer_leaves_only_by_its_own_connection() {
        let mut room = room(3);
        assert_eq!(room.insert(peer(1), ConnectionId(9)), Some(ConnectionId(1)));
        room.remove(&peer(1), ConnectionId(1));
        assert_eq!(room.connection_of(&peer(1)), Some(ConnectionId(9)));
        room.remove(&peer(1), ConnectionId(9));
        assert_eq!((room.connection_of(&peer(1)), room.len()), (None, 2));
        assert_eq!(room.connection_of(&peer(2)), Some(ConnectionId(2)));
    }
}
