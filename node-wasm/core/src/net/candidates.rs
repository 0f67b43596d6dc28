//! Peers that are worth a try, and where they were heard of.
//!
//! Ids cost nothing, so whoever may name peers can name any number. Three kinds of sources have
//! places of their own: the tracker, peers that name the peers they are connected to, and the
//! node's own past. Whoever names too many pushes out what he named before. A peer to try is drawn
//! by its source first, so that a source is not tried more for naming more.

use crate::net::draw;
use crate::units::Timestamp;
use rand_chacha::ChaCha8Rng;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::Duration;
use tracker_protocol::PeerId;

/// Peers remembered that the tracker listed: eight of its samples.
pub const MAX_LISTED: usize = 160;
/// Peers remembered that other peers named: fifteen of each when sixteen name.
pub const MAX_NAMED: usize = 240;
/// Of these, named by one peer: four times what an honest one is connected to.
pub const MAX_NAMED_BY_ONE: usize = 64;
/// Peers remembered that this node was connected to.
pub const MAX_MET: usize = 100;
/// Peers remembered that said they are connected to a candidate.
pub const MAX_VIA: usize = 4;
/// Shortest wait before a peer is tried again; doubles with each failure.
const RETRY_FIRST: Duration = Duration::from_secs(5);
/// Longest such wait.
const RETRY_LAST: Duration = Duration::from_mins(5);
/// Wait before a peer without room is tried again.
const RETRY_FULL: Duration = Duration::from_mins(1);

/// Time after which a link counts as one that lasted.
const LASTING: Duration = Duration::from_mins(1);

/// A peer that said it is connected to a candidate.
#[derive(Debug, Clone, Copy)]
struct Via {
    peer: PeerId,
    /// Whether this node is connected to it.
    live: bool,
}

#[derive(Debug, Clone, Default)]
struct Candidate {
    retry_at: Timestamp,
    failures: u32,
    /// When the tracker last listed it.
    listed: Option<Timestamp>,
    /// The longest link that there was to it.
    met: Option<Duration>,
    via: Vec<Via>,
}

/// From where a candidate is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Source {
    Tracker,
    Past,
    Peer(PeerId),
}

/// Whom to prefer among the candidates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Preference {
    /// Signals have to go over peers: whom a connected peer can reach.
    pub reachable: bool,
    /// The node wants to hear from others than so far: whom it has not met, and not from those
    /// that it is connected to.
    pub stranger: bool,
}

impl Preference {
    /// Grade of a candidate, the best first.
    fn grade(self, one: &Candidate) -> (bool, bool) {
        let live = one.via.iter().any(|via| via.live);
        let second = if self.reachable { !live } else { self.stranger && live };
        (self.stranger && one.met.is_some(), second)
    }
}

/// All candidates.
#[derive(Debug, Default)]
pub struct Candidates {
    entries: BTreeMap<PeerId, Candidate>,
}

impl Candidates {
    /// The tracker listed a peer.
    pub fn listed(&mut self, id: PeerId, now: Timestamp) {
        self.entries.entry(id).or_default().listed = Some(now);
        if self.entries.values().filter(|one| one.listed.is_some()).count() > MAX_LISTED {
            let others = self.entries.iter().filter(|(other, one)| one.listed.is_some() && **other != id);
            let worst = others.max_by_key(|(_, one)| (one.failures, Reverse(one.listed))).map(|(id, _)| *id);
            self.change(worst, |one| one.listed = None);
        }
    }

    /// There was a link to a peer, and it lasted so long.
    pub fn met(&mut self, id: PeerId, lasted: Duration) {
        let entry = self.entries.entry(id).or_default();
        entry.met = entry.met.max(Some(lasted));
        if self.entries.values().filter(|one| one.met.is_some()).count() > MAX_MET {
            // A peer that came for a moment does not push out one that stayed.
            let all = self.entries.iter().filter(|(_, one)| one.met.is_some());
            let worst = all.min_by_key(|(other, one)| (one.met, **other == id)).map(|(id, _)| *id);
            self.change(worst, |one| one.met = None);
        }
    }

    /// A connected peer says that it is connected to another.
    pub fn named(&mut self, rng: &mut ChaCha8Rng, id: PeerId, by: PeerId) {
        let via = self.entries.get(&id).map(|one| one.via.as_slice()).unwrap_or_default();
        if via.iter().any(|via| via.peer == by) {
            return;
        }
        if via.len() >= MAX_VIA && via.iter().all(|via| via.live) {
            return;
        }
        if self.named_by(by) >= MAX_NAMED_BY_ONE {
            self.forget_one_of(rng, by);
        }
        let new = self.entries.get(&id).is_none_or(|one| one.via.is_empty());
        if new && self.entries.values().filter(|one| !one.via.is_empty()).count() >= MAX_NAMED {
            self.forget_named(rng);
        }
        let via = &mut self.entries.entry(id).or_default().via;
        if via.len() >= MAX_VIA
            && let Some(gone) = via.iter().position(|via| !via.live)
        {
            via.swap_remove(gone);
        }
        via.push(Via { peer: by, live: true });
    }

    /// A peer came or went: what it named can be reached over it, or no more.
    pub fn source_changed(&mut self, source: PeerId, live: bool) {
        for via in self.entries.values_mut().flat_map(|one| &mut one.via).filter(|via| via.peer == source) {
            via.live = live;
        }
    }

    /// A link to a peer came about.
    pub fn succeeded(&mut self, id: PeerId) {
        if let Some(one) = self.entries.get_mut(&id) {
            (one.retry_at, one.failures) = (Timestamp::default(), 0);
        }
    }

    /// No link to a peer came about, or it ended badly.
    pub fn failed(&mut self, id: PeerId, now: Timestamp) {
        if let Some(one) = self.entries.get_mut(&id) {
            let wait = RETRY_FIRST * 2_u32.saturating_pow(one.failures.min(16));
            one.failures = one.failures.saturating_add(1);
            one.retry_at = now.after(wait.min(RETRY_LAST));
        }
    }

    /// A link that lasted so long ended without anybody's fault. Who was there for a while is tried
    /// again at once, or strangers would take the place of every link that breaks.
    pub fn parted(&mut self, id: PeerId, lasted: Duration, now: Timestamp) {
        if lasted < LASTING {
            self.rest(id, now, RETRY_FIRST);
        }
    }

    /// A peer has no room.
    pub fn full(&mut self, id: PeerId, now: Timestamp) {
        self.rest(id, now, RETRY_FULL);
    }

    fn rest(&mut self, id: PeerId, now: Timestamp, wait: Duration) {
        if let Some(one) = self.entries.get_mut(&id) {
            one.retry_at = one.retry_at.max(now.after(wait));
        }
    }

    /// Connected peers that said they are connected to a peer.
    pub fn via(&self, id: &PeerId) -> Vec<PeerId> {
        let via = self.entries.get(id).map(|one| one.via.as_slice()).unwrap_or_default();
        via.iter().filter(|via| via.live).map(|via| via.peer).collect()
    }

    /// All candidates in the order of their ids: connected peers that said they are connected to it,
    /// and attempts that failed in a row.
    pub fn iter(&self) -> impl Iterator<Item = (PeerId, Vec<PeerId>, u32)> {
        self.entries.iter().map(|(id, one)| (*id, self.via(id), one.failures))
    }

    /// Peers that this node was connected to, the longest links first.
    pub fn longest_met(&self) -> Vec<PeerId> {
        let mut met: Vec<_> = self.entries.iter().filter_map(|(id, one)| Some((Reverse(one.met?), *id))).collect();
        met.sort_unstable();
        met.into_iter().map(|(_, id)| id).collect()
    }

    /// Whether there is a peer to try now.
    pub fn any(&self, now: Timestamp, free: impl Fn(&PeerId) -> bool) -> bool {
        self.entries.iter().any(|(id, one)| one.retry_at <= now && free(id))
    }

    /// So many peers to try now: of each grade, drawn by source, then among what the source named.
    pub fn choose(
        &self,
        rng: &mut ChaCha8Rng,
        count: usize,
        now: Timestamp,
        preference: Preference,
        free: impl Fn(&PeerId) -> bool,
    ) -> Vec<PeerId> {
        let mut grades: BTreeMap<(bool, bool), Vec<(PeerId, &Candidate)>> = BTreeMap::new();
        for (id, one) in self.entries.iter().filter(|(id, one)| one.retry_at <= now && free(id)) {
            grades.entry(preference.grade(one)).or_default().push((*id, one));
        }
        let mut chosen = Vec::new();
        for candidates in grades.into_values() {
            draw_by_source(rng, candidates, count, &mut chosen);
        }
        chosen
    }

    fn named_by(&self, source: PeerId) -> usize {
        self.entries.values().filter(|one| one.via.iter().any(|via| via.peer == source)).count()
    }

    /// A source named too many: one of its own goes, those that failed most first.
    fn forget_one_of(&mut self, rng: &mut ChaCha8Rng, source: PeerId) {
        let own = self.entries.iter().filter(|(_, one)| one.via.iter().any(|via| via.peer == source));
        let own: Vec<(PeerId, u32)> = own.map(|(id, one)| (*id, one.failures)).collect();
        let victim = draw_worst(rng, own);
        self.change(victim, |one| one.via.retain(|via| via.peer != source));
    }

    /// Too many were named: one goes that nobody connected names, else one of whoever named most.
    fn forget_named(&mut self, rng: &mut ChaCha8Rng) {
        let named = self.entries.iter().filter(|(_, one)| !one.via.is_empty());
        let stale = named.filter(|(_, one)| one.via.iter().all(|via| !via.live));
        let stale: Vec<(PeerId, u32)> = stale.map(|(id, one)| (*id, one.failures)).collect();
        if let Some(victim) = draw_worst(rng, stale) {
            return self.change(Some(victim), |one| one.via.clear());
        }
        let mut counts: BTreeMap<PeerId, usize> = BTreeMap::new();
        for via in self.entries.values().flat_map(|one| &one.via) {
            *counts.entry(via.peer).or_default() += 1;
        }
        // What others name too stays longer: only what goes with this source makes room.
        while let Some((source, _)) = counts.iter().max_by_key(|(_, count)| **count).map(|(id, count)| (*id, *count)) {
            let alone = self.entries.iter().filter(|(_, one)| one.via.len() == 1 && one.via[0].peer == source);
            let alone: Vec<(PeerId, u32)> = alone.map(|(id, one)| (*id, one.failures)).collect();
            if let Some(victim) = draw_worst(rng, alone) {
                return self.change(Some(victim), |one| one.via.clear());
            }
            counts.remove(&source);
        }
        let any = self.entries.iter().filter(|(_, one)| !one.via.is_empty());
        let any: Vec<(PeerId, u32)> = any.map(|(id, one)| (*id, one.failures)).collect();
        let victim = draw_worst(rng, any);
        self.change(victim, |one| one.via.clear());
    }

    /// Changes an entry, and forgets it when no source is left.
    fn change(&mut self, id: Option<PeerId>, change: impl FnOnce(&mut Candidate)) {
        let Some(id) = id else { return };
        let Some(one) = self.entries.get_mut(&id) else { return };
        change(one);
        if one.listed.is_none() && one.met.is_none() && one.via.is_empty() {
            self.entries.remove(&id);
        }
    }
}

/// One of those that failed most, at random.
fn draw_worst(rng: &mut ChaCha8Rng, mut ids: Vec<(PeerId, u32)>) -> Option<PeerId> {
    let most = ids.iter().map(|(_, failures)| *failures).max()?;
    ids.retain(|(_, failures)| *failures == most);
    draw(rng, &mut ids).map(|(id, _)| id)
}

fn draw_by_source(rng: &mut ChaCha8Rng, due: Vec<(PeerId, &Candidate)>, count: usize, chosen: &mut Vec<PeerId>) {
    let mut sources: BTreeMap<Source, Vec<PeerId>> = BTreeMap::new();
    for (id, one) in due {
        let listed = one.listed.map(|_| Source::Tracker);
        let met = one.met.map(|_| Source::Past);
        let via = one.via.iter().map(|via| Source::Peer(via.peer));
        for source in listed.into_iter().chain(met).chain(via) {
            sources.entry(source).or_default().push(id);
        }
    }
    while chosen.len() < count {
        let mut names: Vec<Source> = sources.keys().copied().collect();
        let Some(name) = draw(rng, &mut names) else { return };
        let drawn = sources.get_mut(&name).and_then(|ids| draw(rng, ids));
        match drawn {
            Some(id) if !chosen.contains(&id) => chosen.push(id),
            Some(_) => {}
            None => {
                sources.remove(&name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand_core::SeedableRng;

    const RELAYED: Preference = Preference { reachable: true, stranger: false };

    fn id(number: usize) -> PeerId {
        let mut bytes = [0; 20];
        bytes[..8].copy_from_slice(&number.to_le_bytes());
        PeerId::from_bytes(bytes)
    }

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    fn rng() -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(1)
    }

    #[test]
    fn the_tracker_pushes_out_only_what_it_listed_itself() {
        let (mut book, mut rng) = (Candidates::default(), rng());
        book.met(id(1), Duration::from_secs(1));
        book.named(&mut rng, id(2), id(1));
        for number in 0..MAX_LISTED {
            book.listed(id(1000 + number), at(number as u64));
        }
        assert_eq!(book.entries.len(), MAX_LISTED + 2);
        book.listed(id(9999), at(9999));
        assert_eq!(book.entries.len(), MAX_LISTED + 2);
        assert!(!book.entries.contains_key(&id(1000)), "the oldest went");
        for number in 0..10_000 {
            book.listed(id(20_000 + number), at(10_000));
        }
        assert!(book.entries.contains_key(&id(1)) && book.entries.contains_key(&id(2)));
    }

    #[test]
    fn one_peer_fills_its_share_and_flushes_nobody_else() {
        let (mut book, mut rng) = (Candidates::default(), rng());
        let (honest, hostile) = (id(1), id(2));
        for number in 0..15 {
            book.named(&mut rng, id(100 + number), honest);
        }
        for number in 0..MAX_NAMED_BY_ONE {
            book.named(&mut rng, id(1000 + number), hostile);
        }
        assert_eq!(book.named_by(hostile), MAX_NAMED_BY_ONE);
        for number in 0..1000 {
            book.named(&mut rng, id(5000 + number), hostile);
            assert_eq!(book.named_by(hostile), MAX_NAMED_BY_ONE);
        }
        assert_eq!(book.named_by(honest), 15);
    }

    #[test]
    fn many_hostile_peers_flush_no_honest_ones_share() {
        let (mut book, mut rng) = (Candidates::default(), rng());
        for number in 0..15 {
            book.named(&mut rng, id(100 + number), id(1));
        }
        for hostile in 10..25 {
            for number in 0..200 {
                book.named(&mut rng, id(hostile * 1000 + number), id(hostile));
            }
        }
        assert_eq!(book.entries.len(), MAX_NAMED);
        assert_eq!(book.named_by(id(1)), 15, "the share of whoever names few stays");
        // What peers named that are gone makes room first.
        book.source_changed(id(10), false);
        let before = book.named_by(id(10));
        assert!(before > 0);
        book.named(&mut rng, id(99_999), id(30));
        assert_eq!(book.named_by(id(10)), before - 1);
    }

    #[test]
    fn who_stayed_long_is_not_pushed_out_by_who_came_for_a_moment() {
        let mut book = Candidates::default();
        for number in 0..MAX_MET {
            book.met(id(number), Duration::from_secs(60 + number as u64));
        }
        for number in 0..500 {
            book.met(id(1000 + number), Duration::ZERO);
        }
        assert_eq!(book.entries.len(), MAX_MET);
        assert_eq!(book.longest_met()[0], id(MAX_MET - 1));
        book.met(id(2000), Duration::from_secs(61));
        assert!(!book.entries.contains_key(&id(0)) && book.entries.contains_key(&id(2000)));
    }

    #[test]
    fn at_most_four_are_remembered_who_can_reach_a_peer() {
        let (mut book, mut rng) = (Candidates::default(), rng());
        for by in 1..=MAX_VIA + 2 {
            book.named(&mut rng, id(9), id(by));
        }
        assert_eq!(book.via(&id(9)), vec![id(1), id(2), id(3), id(4)]);
        book.source_changed(id(2), false);
        assert_eq!(book.via(&id(9)), vec![id(1), id(3), id(4)]);
        book.named(&mut rng, id(9), id(7));
        assert_eq!(book.via(&id(9)).len(), MAX_VIA);
        assert!(book.via(&id(9)).contains(&id(7)));
    }

    #[test]
    fn a_source_is_not_drawn_more_for_naming_more() {
        let (mut book, mut rng) = (Candidates::default(), rng());
        for number in 0..MAX_LISTED {
            book.listed(id(1000 + number), at(0));
        }
        book.met(id(1), Duration::from_secs(1));
        let draws = (0..1000)
            .filter(|_| book.choose(&mut rng, 1, at(1), Preference::default(), |_| true) == vec![id(1)])
            .count();
        assert!((400..600).contains(&draws), "{draws} of 1000 draws");
    }

    #[test]
    fn a_stranger_is_neither_met_nor_named_by_those_who_are_connected() {
        let (mut book, mut rng) = (Candidates::default(), rng());
        book.met(id(1), Duration::from_secs(1));
        book.named(&mut rng, id(2), id(500));
        book.listed(id(3), at(0));
        let stranger = Preference { stranger: true, reachable: false };
        assert_eq!(book.choose(&mut rng, 3, at(1), stranger, |_| true), vec![id(3), id(2), id(1)]);
        let relayed = Preference { stranger: true, reachable: true };
        assert_eq!(book.choose(&mut rng, 3, at(1), relayed, |_| true), vec![id(2), id(3), id(1)]);
    }

    #[test]
    fn without_the_tracker_those_come_first_whom_a_peer_can_reach() {
        let (mut book, mut rng) = (Candidates::default(), rng());
        for number in 0..100 {
            book.listed(id(1000 + number), at(0));
        }
        book.named(&mut rng, id(1), id(500));
        assert_eq!(book.choose(&mut rng, 1, at(1), RELAYED, |_| true), vec![id(1)]);
        assert_eq!(book.choose(&mut rng, 3, at(1), RELAYED, |_| true).len(), 3);
        book.source_changed(id(500), false);
        let draws = (0..100).filter(|_| book.choose(&mut rng, 1, at(1), RELAYED, |_| true) == vec![id(1)]).count();
        assert!(draws < 100, "the peer that named it is gone");
    }

    #[test]
    fn the_wait_after_a_failure_doubles_up_to_five_minutes() {
        let mut book = Candidates::default();
        book.listed(id(1), at(0));
        for (failures, wait) in [5, 10, 20, 40, 80, 160, 300, 300].into_iter().enumerate() {
            book.failed(id(1), at(0));
            assert!(!book.any(at(wait - 1), |_| true), "{failures}");
            assert!(book.any(at(wait), |_| true), "{failures}");
        }
        book.succeeded(id(1));
        assert!(book.any(at(0), |_| true));
        book.full(id(1), at(0));
        assert!(!book.any(at(59), |_| true) && book.any(at(60), |_| true));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn the_book_is_bounded_whoever_names_what(
            steps in prop::collection::vec((0_usize..4, 0_usize..2000, 0_usize..40), 0..1500)
        ) {
            let (mut book, mut rng) = (Candidates::default(), rng());
            for (step, peer, source) in steps {
                match step {
                    0 => book.listed(id(peer), at(peer as u64)),
                    1 => book.met(id(peer), Duration::from_secs(peer as u64)),
                    2 => book.named(&mut rng, id(peer), id(source)),
                    _ => book.source_changed(id(source), peer % 2 == 0),
                }
            }
            let count = |kept: fn(&Candidate) -> bool| book.entries.values().filter(|one| kept(one)).count();
            prop_assert!(count(|one| one.listed.is_some()) <= MAX_LISTED);
            prop_assert!(count(|one| one.met.is_some()) <= MAX_MET);
            prop_assert!(count(|one| !one.via.is_empty()) <= MAX_NAMED);
            prop_assert!((0..40).all(|source| book.named_by(id(source)) <= MAX_NAMED_BY_ONE));
            prop_assert!(book.entries.values().all(|one| one.via.len() <= MAX_VIA));
            prop_assert!(book.entries.len() <= MAX_LISTED + MAX_MET + MAX_NAMED);
        }
    }
}
