//! Which link makes room for another, when there are as many as allowed.
//!
//! As in Bitcoin Core, links are protected for what an attacker cannot have all at once: nearness,
//! age, and being first with new blocks. There are no network addresses here to tell groups of
//! peers apart. What is left of diversity is that ids fall into groups by a hash whose key only
//! this node knows: an attacker can have ids in all groups, but cannot aim at one.

use crate::contract::LinkId;
use crate::hash::tagged_sha256;
use crate::net::mesh::WANTED_LINKS;
use crate::net::peers::{Choice, Peer};
use crate::units::Timestamp;
use crate::view::PeerState;
use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::time::Duration;
use tracker_protocol::PeerId;

/// Links protected for each merit (Bitcoin Core's number for most of them).
pub const PROTECTED: usize = 4;
/// Groups of ids; the oldest link of each is protected.
pub const GROUPS: u8 = 4;
/// Time that a link has from its offer to its hello before it makes room: what most need, twice.
pub const GREETING_GRACE: Duration = Duration::from_secs(10);

/// The link that makes room, if one may. `salt` is this node's secret for groups of ids.
pub fn victim(links: &[(LinkId, &Peer)], salt: &[u8; 32], now: Timestamp) -> Option<LinkId> {
    let mut own: Vec<&(LinkId, &Peer)> = links.iter().filter(|(_, peer)| peer.choice != Choice::Theirs).collect();
    own.sort_by_key(|(link, peer)| (peer.choice != Choice::Asked, peer.since, *link));
    let spare = own.into_iter().skip(WANTED_LINKS).filter(|(_, peer)| peer.choice == Choice::Own);
    let open: Vec<(LinkId, &Peer)> =
        links.iter().filter(|(_, peer)| peer.choice == Choice::Theirs).chain(spare).copied().collect();

    let overdue = |peer: &Peer| peer.state != PeerState::Connected && now.since(peer.since) >= GREETING_GRACE;
    if let Some((link, _)) = open.iter().find(|(_, peer)| overdue(peer)) {
        return Some(*link);
    }
    let connected: Vec<(LinkId, &Peer)> =
        open.into_iter().filter(|(_, peer)| peer.state == PeerState::Connected).collect();
    let mut protected = BTreeSet::new();
    protected.extend(best(&connected, |peer| peer.round_trip));
    protected.extend(best(&connected, |peer| Some(peer.since)));
    protected.extend(best(&connected, |peer| peer.first_block.map(Reverse)));
    for group in 0..GROUPS {
        let members = connected.iter().filter(|(_, peer)| group_of(&peer.id, salt) == group);
        protected.extend(members.min_by_key(|(link, peer)| (peer.since, *link)).map(|(link, _)| *link));
    }
    let rest = connected.into_iter().filter(|(link, _)| !protected.contains(link));
    rest.max_by_key(|(link, peer)| (peer.since, *link)).map(|(link, _)| link)
}

/// The links with the least value, of those that have one.
fn best<T: Ord>(links: &[(LinkId, &Peer)], value: impl Fn(&Peer) -> Option<T>) -> impl Iterator<Item = LinkId> {
    let mut rated: Vec<(T, LinkId)> =
        links.iter().filter_map(|(link, peer)| value(peer).map(|value| (value, *link))).collect();
    rated.sort();
    rated.into_iter().take(PROTECTED).map(|(_, link)| link)
}

fn group_of(id: &PeerId, salt: &[u8; 32]) -> u8 {
    tagged_sha256(b"tabchain/group", &[salt, id.as_bytes()])[0] % GROUPS
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::peers::{MAX_LINKS, Peers};
    use proptest::prelude::*;

    const SALT: [u8; 32] = [7; 32];

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    fn id(number: u8) -> PeerId {
        PeerId::from_bytes([number; 20])
    }

    /// So many connected links that the peers wanted, one second after the other.
    fn inbound(count: u8) -> Peers {
        let mut peers = Peers::default();
        for number in 1..=count {
            let link = peers.open(id(number), false, 0, at(number.into())).unwrap();
            peers.get_mut(link).unwrap().state = PeerState::Connected;
        }
        peers
    }

    fn evict(peers: &Peers) -> Option<LinkId> {
        victim(&peers.iter().collect::<Vec<_>>(), &SALT, at(1000))
    }

    #[test]
    fn the_youngest_without_merit_makes_room() {
        let peers = inbound(12);
        assert_eq!(evict(&peers), Some(LinkId(12)));
        let mut peers = inbound(12);
        peers.delivered_first(LinkId(12), at(50));
        peers.get_mut(LinkId(11)).unwrap().round_trip = Some(Duration::from_millis(1));
        assert_eq!(evict(&peers), Some(LinkId(10)));
    }

    #[test]
    fn four_links_are_protected_for_each_merit_and_the_fifth_is_not() {
        assert_eq!(evict(&inbound(4)), None, "the four oldest stay");
        let merit = |count: u8, give: fn(&mut Peers, LinkId, u64)| {
            let mut peers = inbound(16);
            for place in 0..count {
                give(&mut peers, LinkId(16 - u64::from(place)), place.into());
            }
            evict(&peers)
        };
        let near = |peers: &mut Peers, link: LinkId, place: u64| {
            peers.get_mut(link).unwrap().round_trip = Some(Duration::from_millis(10 + place));
        };
        let first = |peers: &mut Peers, link: LinkId, place: u64| peers.delivered_first(link, at(500 - place));
        for give in [near, first] {
            assert_eq!(merit(3, give), Some(LinkId(13)));
            assert_eq!(merit(4, give), Some(LinkId(12)));
            assert_eq!(merit(5, give), Some(LinkId(12)), "the fifth is protected no more");
        }
    }

    #[test]
    fn the_oldest_of_each_group_stays() {
        let peers = inbound(16);
        let oldest = |group| peers.iter().find(|(_, peer)| group_of(&peer.id, &SALT) == group).map(|(link, _)| link);
        let oldest: Vec<LinkId> = (0..GROUPS).filter_map(oldest).collect();
        let mut left = inbound(16);
        while let Some(link) = evict(&left) {
            assert!(!oldest.contains(&link));
            left.close(link);
        }
        assert!(oldest.iter().all(|link| left.get(*link).is_some()));
    }

    #[test]
    fn own_links_are_protected_up_to_those_wanted() {
        let own = |count: u8| {
            let mut peers = Peers::default();
            for number in 1..=count {
                let link = peers.open(id(number), true, 0, at(number.into())).unwrap();
                peers.get_mut(link).unwrap().state = PeerState::Connected;
            }
            peers
        };
        let wanted = u8::try_from(WANTED_LINKS).unwrap();
        assert_eq!(evict(&own(wanted)), None);
        // One more counts among the others, where the four oldest stay: five more give one up.
        assert_eq!(evict(&own(wanted + 4)), None);
        let mut peers = own(wanted + 8);
        assert_eq!(evict(&peers), Some(LinkId(16)));
        peers.get_mut(LinkId(16)).unwrap().choice = Choice::Asked;
        assert_eq!(evict(&peers), Some(LinkId(15)), "what a person asked for stays");
    }

    #[test]
    fn a_link_has_ten_seconds_to_its_hello() {
        let mut peers = inbound(4);
        let link = peers.open(id(99), false, 0, at(100)).unwrap();
        let victim_at = |seconds| victim(&peers.iter().collect::<Vec<_>>(), &SALT, at(seconds));
        assert_eq!(victim_at(109), None);
        assert_eq!(victim_at(110), Some(link));
    }

    proptest! {
        #[test]
        fn newcomers_never_push_out_who_is_protected(ids in prop::collection::vec(any::<[u8; 20]>(), 1..200)) {
            let mut peers = inbound(12);
            for (number, bytes) in ids.into_iter().enumerate() {
                let now = at(100 + number as u64);
                if peers.len() >= MAX_LINKS {
                    let Some(link) = victim(&peers.iter().collect::<Vec<_>>(), &SALT, now) else { continue };
                    prop_assert!(link.0 > 4, "the four oldest stay");
                    peers.close(link);
                }
                let link = peers.open(PeerId::from_bytes(bytes), false, 0, now).unwrap();
                peers.get_mut(link).unwrap().state = PeerState::Connected;
                prop_assert!(peers.len() <= MAX_LINKS);
            }
        }
    }
}
