//! Who else is in the room, as far as this node has heard.

use super::Node;
use crate::request::MAX_PAGE;
use crate::view::KnownPeer;

impl Node {
    /// Known peers without a link that are not banned, at most as many as an answer may hold.
    pub(super) fn known_peers(&self) -> Vec<KnownPeer> {
        let known = self.mesh.candidates().filter(|(id, ..)| {
            *id != self.mesh.id() && self.peers.find(id).is_none() && !self.peers.is_banned(id, self.now)
        });
        let known = known.map(|(peer_id, via, failures)| KnownPeer { peer_id, via, failures });
        known.take(MAX_PAGE as usize).collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::chain::testing::params;
    use crate::contract::Input;
    use crate::net::offence::Offence;
    use crate::node::testing::Net;
    use crate::sentence::Sentence;
    use crate::view::KnownPeer;
    use tracker_protocol::{PeerId, ServerMessage};

    #[test]
    fn who_was_heard_of_and_has_no_link_is_known_unless_banned() {
        let mut net = Net::new(2, &[(0, 1)], params());
        let (own, linked) = (net.nodes[0].id(), net.nodes[1].id());
        let stranger = PeerId::from_bytes([7; 20]);
        let peers = vec![stranger, linked];
        net.handle(0, Input::Tracker(ServerMessage::Welcome { peer: own, peers, room_size: 3 }));
        while let Some(link) = net.nodes[0].peers.find(&stranger) {
            net.handle(0, Input::LinkClosed { link, reason: Sentence::verbatim("nobody there") });
        }
        let known = net.nodes[0].known_peers();
        let [KnownPeer { peer_id, via, failures: 0..=1 }] = &known[..] else { panic!("{known:?}") };
        assert_eq!((*peer_id, via.as_slice()), (stranger, &[][..]));

        let (link, now) = (net.link(0, 1), net.now);
        assert!(net.nodes[0].peers.offend(link, Offence::Garbage, now));
        net.nodes[0].peers.close(link);
        assert!(net.nodes[0].known_peers().iter().all(|known| known.peer_id != linked), "it is banned");
    }
}
