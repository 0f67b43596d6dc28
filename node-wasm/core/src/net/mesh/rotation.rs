//! Links that are given up for better ones: when no block comes, when a peer stays behind, and when
//! there are more own links than wanted.
//!
//! As Bitcoin Core does it: whoever surrounds a node with peers that keep new blocks from it meets
//! a stranger sooner or later, and a peer that stays on an old chain loses its place.

use super::{Context, Mesh, by_use, is_free, light_links, own_links};
use crate::contract::LinkId;
use crate::hash::BlockHash;
use crate::log::Line;
use crate::net::peers::Choice;
use crate::sentence::sentence;
use crate::units::{Timestamp, Work};
use crate::view::PeerState;
use std::time::Duration;

/// Block times without a block after which the tip counts as stale. By chance that happens once in
/// e^30 blocks.
pub(crate) const STALE_SPACINGS: u32 = 30;
/// And at least this long.
pub(crate) const STALE_LEAST: Duration = Duration::from_mins(1);
/// How often the wait doubles while no block comes: a room in which nobody mines comes to rest.
const MAX_DOUBLINGS: u32 = 4;
/// Time before that, in which the tracker tells of peers that this node has not heard of.
const ASKING_TIME: Duration = Duration::from_secs(3);
/// Time to find an extra peer.
const SEARCH_TIME: Duration = Duration::from_mins(1);
/// Time that a link has to show what it is good for.
pub(crate) const TRIAL_TIME: Duration = Duration::from_secs(30);

/// A search for an extra peer.
#[derive(Debug, Clone, Copy)]
struct Search {
    /// Links above this number are the extra one's.
    newest: LinkId,
    /// Own links that there shall be.
    target: usize,
    from: Timestamp,
    until: Timestamp,
}

/// Where the chain stands, and whether an extra peer is being looked for.
#[derive(Debug)]
pub(super) struct Rotation {
    /// Time without a block after which the tip counts as stale.
    limit: Duration,
    tip: BlockHash,
    since: Timestamp,
    doublings: u32,
    search: Option<Search>,
    /// When the least useful own link goes, because there is an extra one.
    trial: Option<Timestamp>,
}

impl Rotation {
    pub(super) fn new(spacing: Duration, now: Timestamp) -> Self {
        let limit = (spacing * STALE_SPACINGS).max(STALE_LEAST);
        Self { limit, tip: BlockHash::ZERO, since: now, doublings: 0, search: None, trial: None }
    }

    /// Links wanted beyond the others, when there are so many own ones.
    pub(super) fn extra(&self, own: usize, now: Timestamp) -> usize {
        self.search.filter(|search| search.from <= now).map_or(0, |search| search.target.saturating_sub(own))
    }

    /// This node slept so long: it saw no block because it did not look.
    pub(super) fn woke(&mut self, slept: Duration) {
        self.since = self.since.after(slept);
        if let Some(search) = &mut self.search {
            (search.from, search.until) = (search.from.after(slept), search.until.after(slept));
        }
        self.trial = self.trial.map(|until| until.after(slept));
    }

    /// Whether an extra peer is being looked for.
    pub(super) fn searches(&self, now: Timestamp) -> bool {
        self.search.is_some_and(|search| search.from <= now)
    }
}

impl Mesh {
    pub(super) fn rotate(&mut self, context: &mut Context, tip: BlockHash, work: Work) {
        let now = context.now;
        if self.rotation.tip != tip {
            (self.rotation.tip, self.rotation.since, self.rotation.doublings) = (tip, now, 0);
        }
        self.look_for_extra(context);
        self.end_trial(context);
        self.drop_excess(context);
        self.drop_behind(context, work);
    }

    /// Starts and ends the search for an extra peer.
    fn look_for_extra(&mut self, context: &mut Context) {
        let (now, rotation) = (context.now, &mut self.rotation);
        if let Some(search) = rotation.search {
            let found =
                context.peers.connected().any(|(link, peer)| link > search.newest && peer.choice == Choice::Own);
            if found {
                (rotation.search, rotation.trial) = (None, Some(now.after(TRIAL_TIME)));
            } else if search.until <= now {
                rotation.search = None;
            }
            return;
        }
        let wait = rotation.limit * 2_u32.pow(rotation.doublings);
        let connected = context.peers.connected().next().is_some();
        if now.since(rotation.since) < wait || rotation.trial.is_some() {
            return;
        }
        rotation.since = now;
        if !connected {
            return;
        }
        rotation.doublings = (rotation.doublings + 1).min(MAX_DOUBLINGS);
        let newest = context.peers.iter().map(|(link, _)| link).max().unwrap_or(LinkId(0));
        let target = own_links(context.peers) + self.called.len() + 1;
        let from = now.after(ASKING_TIME);
        rotation.search = Some(Search { newest, target, from, until: from.after(SEARCH_TIME) });
        if self.lacking(context.peers, from) == 0 && !self.make_room(context) {
            self.rotation.search = None;
            return;
        }
        self.sample(context);
        let seconds = wait.as_secs();
        context.log(Line::info("tip-stale", sentence!("no new block for {seconds} s: looking for one more peer")));
    }

    /// An extra peer had its time: the least useful link of all goes.
    fn end_trial(&mut self, context: &mut Context) {
        if self.rotation.trial.is_none_or(|until| until > context.now) {
            return;
        }
        self.rotation.trial = None;
        if context.peers.connected().count() - light_links(context.peers) > self.wanted_links() {
            self.drop_least_useful(context);
        }
    }

    /// More own links than wanted: the least useful goes.
    fn drop_excess(&mut self, context: &mut Context) {
        let calm = self.rotation.trial.is_none() && self.rotation.search.is_none();
        if calm && own_links(context.peers) > self.wanted_links() {
            self.drop_least_useful(context);
        }
    }

    fn drop_least_useful(&mut self, context: &mut Context) {
        let old =
            |link: &LinkId| context.peers.get(*link).is_some_and(|peer| context.now.since(peer.since) >= TRIAL_TIME);
        if let Some(link) = by_use(context.peers).into_iter().find(old) {
            self.let_go(context, link, "peer-replaced", sentence!("gave up the least useful link for another"));
        }
    }

    /// An own peer whose chain stays behind what this node's was for too long goes, if there is
    /// another to try.
    fn drop_behind(&mut self, context: &mut Context, work: Work) {
        let (now, limit) = (context.now, self.rotation.limit);
        for (_, peer) in context.peers.connected_mut() {
            if peer.behind.is_some_and(|(_, then)| peer.work >= then) {
                peer.behind = None;
            }
            if peer.work < work {
                peer.behind.get_or_insert((now, work));
            }
        }
        let late = context.peers.iter().find(|(_, peer)| {
            let late = peer.behind.is_some_and(|(since, _)| now.since(since) >= limit);
            late && peer.choice == Choice::Own && peer.state == PeerState::Connected
        });
        let Some((link, _)) = late else { return };
        let (peers, called) = (&*context.peers, &self.called);
        if self.candidates.any(now, |peer| is_free(peers, called, peer, now)) {
            self.let_go(context, link, "peer-behind", sentence!("gave up a peer that stays on an old chain"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::mesh::testing::{Bench, at};
    use tracker_protocol::PeerId;

    const DEV_LIMIT: u64 = 60;

    /// A node with so many own links, all at the same work, and one candidate that it can dial.
    fn bench(own: u8) -> Bench {
        let mut bench = Bench::new();
        bench.mesh.candidates.met(PeerId::from_bytes([0; 20]), Duration::ZERO);
        for number in 1..=own {
            let link = bench.connect(PeerId::from_bytes([number; 20]), Choice::Own, 0);
            bench.peers.get_mut(link).unwrap().work = work(100);
        }
        bench
    }

    fn work(hashes: u64) -> Work {
        Work(hashes.into())
    }

    impl Bench {
        fn maintain(&mut self, seconds: u64, tip: u8, own_work: u64) {
            self.now = at(seconds);
            self.with(|mesh, context| mesh.maintain(context, BlockHash([tip; 32]), work(own_work)));
        }

        fn finish(&mut self, link: LinkId, seconds: u64) {
            let peer = self.peers.get_mut(link).unwrap();
            (peer.state, peer.since) = (PeerState::Connected, at(seconds));
        }
    }

    #[test]
    fn an_extra_peer_is_sought_when_no_block_came_for_thirty_spacings_and_the_least_useful_goes() {
        let mut bench = bench(8);
        bench.maintain(1, 1, 100);
        bench.maintain(DEV_LIMIT, 1, 100);
        assert_eq!(bench.peers.len(), 8, "not stale yet");
        bench.maintain(DEV_LIMIT + 1, 1, 100);
        bench.maintain(DEV_LIMIT + 3, 1, 100);
        assert_eq!(bench.peers.len(), 8, "the tracker has three seconds to tell of strangers");
        bench.maintain(DEV_LIMIT + 4, 1, 100);
        assert_eq!(bench.peers.len(), 9, "one more, not two");
        bench.maintain(DEV_LIMIT + 5, 1, 100);
        assert_eq!(bench.peers.len(), 9);
        bench.finish(LinkId(9), DEV_LIMIT + 6);
        bench.peers.get_mut(LinkId(9)).unwrap().work = work(200);
        bench.peers.get_mut(LinkId(3)).unwrap().work = work(50);
        bench.maintain(DEV_LIMIT + 6, 2, 100);
        bench.maintain(DEV_LIMIT + 35, 2, 100);
        assert_eq!(bench.peers.len(), 9, "it has half a minute to show what it is good for");
        bench.maintain(DEV_LIMIT + 36, 2, 100);
        assert_eq!(bench.peers.len(), 8);
        assert!(bench.peers.get(LinkId(3)).is_none(), "the one with the least work goes");
    }

    #[test]
    fn a_tip_is_not_stale_because_this_node_slept() {
        let mut bench = bench(8);
        bench.maintain(1, 1, 100);
        bench.mesh.woke(Duration::from_hours(1));
        bench.maintain(3_600 + DEV_LIMIT, 1, 100);
        assert!(bench.mesh.rotation.search.is_none());
        bench.maintain(3_600 + DEV_LIMIT + 1, 1, 100);
        assert!(bench.mesh.rotation.search.is_some());
    }

    #[test]
    fn a_new_block_ends_the_wait_and_a_room_without_blocks_comes_to_rest() {
        let mut bench = bench(8);
        for second in 1..=600 {
            bench.maintain(second, u8::try_from(second / 59).unwrap(), 100);
        }
        assert_eq!(bench.peers.len(), 8, "blocks come in time");
        let mut searches = 0;
        for second in 601..=601 + DEV_LIMIT * (1 + 2 + 4 + 8 + 16 + 16) {
            let before = bench.mesh.rotation.search.is_some();
            bench.maintain(second, 99, 100);
            searches += usize::from(!before && bench.mesh.rotation.search.is_some());
            // The extra link never comes about.
            let opening: Vec<LinkId> = bench
                .peers
                .iter()
                .filter(|(_, peer)| peer.state != PeerState::Connected)
                .map(|(link, _)| link)
                .collect();
            for link in opening {
                bench.peers.close(link);
            }
        }
        assert_eq!(searches, 6);
    }

    #[test]
    fn a_peer_that_stays_behind_is_given_up_when_there_is_another() {
        let mut bench = bench(8);
        bench.peers.get_mut(LinkId(5)).unwrap().work = work(10);
        for second in 1..=DEV_LIMIT {
            bench.maintain(second, u8::try_from(second).unwrap(), 100 + second);
            for number in (1..=8).filter(|number| *number != 5) {
                bench.peers.get_mut(LinkId(number)).unwrap().work = work(100 + second);
            }
        }
        assert!(bench.peers.get(LinkId(5)).is_some());
        // It moves, but not to where this node was a minute ago.
        bench.peers.get_mut(LinkId(5)).unwrap().work = work(100);
        bench.maintain(DEV_LIMIT + 1, 99, 161);
        assert!(bench.peers.get(LinkId(5)).is_none());
        assert_eq!(bench.peers.len(), 8, "another is tried in its place");
    }

    #[test]
    fn a_peer_that_follows_from_behind_is_kept() {
        let mut bench = bench(8);
        for second in 1..=5 * DEV_LIMIT {
            bench.maintain(second, u8::try_from(second % 250).unwrap(), 100 + second);
            for number in 1..=8 {
                bench.peers.get_mut(LinkId(number)).unwrap().work = work(100 + second.saturating_sub(30));
            }
        }
        assert!((1..=8).all(|number| bench.peers.get(LinkId(number)).is_some()));
    }

    #[test]
    fn more_own_links_than_wanted_shrink_when_they_have_been_there_for_a_while() {
        for (own, left) in [(7, 8), (8, 8), (9, 8), (12, 8)] {
            let mut bench = bench(own);
            bench.peers.get_mut(LinkId(2)).unwrap().round_trip = Some(Duration::from_millis(20));
            for second in 1..=29 {
                bench.maintain(second, 1, 100);
            }
            assert_eq!(bench.peers.len(), usize::from(own.max(8)), "{own} links");
            for second in 30..=40 {
                bench.maintain(second, 1, 100);
            }
            assert_eq!(bench.peers.len(), left, "{own} links");
            assert!(bench.peers.get(LinkId(2)).is_some(), "the nearest of equals stays");
        }
        let mut bench = bench(9);
        for link in 1..=9 {
            bench.peers.get_mut(LinkId(link)).unwrap().choice = Choice::Asked;
        }
        bench.maintain(50, 1, 100);
        assert_eq!(bench.peers.len(), 9, "what a person asked for stays");
    }
}
