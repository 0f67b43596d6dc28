//! Links to light peers, and of a light node: what full nodes serve must not cost them their mesh.

use super::{Context, LIGHT_WANTED, MAX_LIGHT, Mesh, WANTED_LINKS};
use crate::contract::LinkId;
use crate::net::eviction;
use crate::net::peers::{Choice, Peer};
use crate::sentence::sentence;

impl Mesh {
    /// This node keeps headers only from now on, or blocks again.
    pub fn set_light(&mut self, light: bool) {
        self.light = light;
    }

    /// Links to peers that are not light that this node wants.
    pub(super) fn wanted_links(&self) -> usize {
        if self.light { LIGHT_WANTED } else { WANTED_LINKS }
    }

    /// A peer told its role. One that is light is nobody's choice, unless a person asked for it: it
    /// takes no place among the links that a node makes for itself. Of too many the one with the
    /// least merit goes.
    pub fn role_known(&mut self, context: &mut Context, link: LinkId) {
        let Some(peer) = context.peers.get_mut(link).filter(|peer| peer.is_light()) else { return };
        if peer.choice == Choice::Own {
            peer.choice = Choice::Theirs;
        }
        let light = |peer: &Peer| peer.is_light() && peer.choice == Choice::Theirs;
        let links: Vec<(LinkId, &Peer)> = context.peers.connected().filter(|(_, peer)| light(peer)).collect();
        if links.len() > MAX_LIGHT {
            let victim = eviction::victim(&links, &self.salt, context.now).unwrap_or(link);
            self.let_go(context, victim, "light-peer-evicted", sentence!("no room for another light peer"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::mesh::OWN_LINKS;
    use crate::net::mesh::testing::Bench;
    use crate::view::Role;
    use tracker_protocol::PeerId;

    impl Bench {
        /// A link of this choice to a peer of this role.
        fn meet(&mut self, number: u8, choice: Choice, role: Role) -> LinkId {
            let link = self.connect(PeerId::from_bytes([number; 20]), choice, u64::from(number));
            self.peers.get_mut(link).unwrap().role = Some(role);
            self.with(|mesh, context| mesh.role_known(context, link));
            link
        }

        fn lacking(&self) -> usize {
            self.mesh.lacking(&self.peers, self.now)
        }
    }

    #[test]
    fn light_peers_take_no_place_of_wanted_links() {
        let mut bench = Bench::new();
        for number in 1..=4 {
            let link = bench.meet(number, Choice::Own, Role::Light);
            assert_eq!(bench.peers.get(link).unwrap().choice, Choice::Theirs);
        }
        assert_eq!(bench.lacking(), WANTED_LINKS);
        for number in 11..=18 {
            bench.meet(number, Choice::Own, Role::Full);
        }
        assert_eq!(bench.lacking(), 0);
    }

    #[test]
    fn light_peers_are_bounded_and_what_a_person_asked_for_is_not_counted() {
        let mut bench = Bench::new();
        let count = |bench: &Bench| bench.peers.iter().filter(|(_, peer)| peer.is_light()).count();
        bench.meet(200, Choice::Asked, Role::Light);
        for number in 1..=12 {
            bench.meet(number, Choice::Theirs, Role::Light);
            assert_eq!(count(&bench), usize::from(number).min(MAX_LIGHT) + 1);
        }
        // Full peers are not touched by it.
        for number in 101..=108 {
            bench.meet(number, Choice::Theirs, Role::Full);
        }
        assert_eq!((count(&bench), bench.peers.len()), (MAX_LIGHT + 1, MAX_LIGHT + 9));
    }

    #[test]
    fn a_light_node_wants_fewer_links() {
        let mut bench = Bench::new();
        bench.mesh.set_light(true);
        for number in 1..=u8::try_from(LIGHT_WANTED).unwrap() {
            assert!(bench.lacking() > 0);
            bench.meet(number, Choice::Own, Role::Full);
        }
        assert_eq!((bench.lacking(), LIGHT_WANTED), (0, OWN_LINKS));
    }
}
