//! The verdicts of peers on what this node launched at them: kept, matched to what they answer, bounded.

use crate::contract::LinkId;
use crate::log::to_subject;
use crate::net::message::Refused;
use crate::net::peers::Peers;
use crate::request::Attack;
use crate::units::Timestamp;
use crate::view::Page;
use crate::view::lab::{Outcome, Verdict};
use std::collections::VecDeque;
use std::time::Duration;
use tracker_protocol::PeerId;

/// Verdicts kept; older ones are dropped: a hundred launches at a handful of peers.
pub(super) const MAX_VERDICTS: usize = 500;
/// A peer that has read an attack and said nothing for so long passes it over: fetching and checking a
/// block or transaction takes less.
const ANSWER_TIME: Duration = Duration::from_secs(6);
/// A peer that answers no ping for so long does not answer: one is due every ten seconds.
const PATIENCE: Duration = Duration::from_secs(15);
/// How old an attack may be for a refusal that names no block or transaction to belong to it.
const MATCH_TIME: Duration = Duration::from_secs(30);
/// Longest ban that a peer is believed, so that its word cannot overflow a time.
const MAX_BAN: Duration = Duration::from_hours(24);

/// What all verdicts of one launch share.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shot {
    pub(super) attack: Attack,
    pub(super) launch: u64,
    pub(super) time: Timestamp,
    pub(super) subject: Option<[u8; 32]>,
}

#[derive(Debug)]
struct Entry {
    shot: Shot,
    verdict: Verdict,
}

/// The newest verdicts.
#[derive(Debug, Default)]
pub(super) struct Verdicts {
    entries: VecDeque<Entry>,
    last: u64,
}

impl Verdicts {
    /// Something was sent to a peer.
    pub(super) fn sent(&mut self, shot: Shot, peer: PeerId) -> Verdict {
        self.last += 1;
        let Shot { attack, launch, time, subject } = shot;
        let subject = subject.map(to_subject);
        let verdict = Verdict { number: self.last, launch, attack, peer, time, subject, outcome: Outcome::Sent };
        if self.entries.len() >= MAX_VERDICTS {
            self.entries.pop_front();
        }
        self.entries.push_back(Entry { shot, verdict: verdict.clone() });
        verdict
    }

    /// A peer refused something: gives the verdict if it is about an attack. By what was refused where
    /// the refusal names it; else the newest one that may be called so.
    pub(super) fn refused(&mut self, peer: PeerId, refused: &Refused, now: Timestamp) -> Option<Verdict> {
        let fits = |shot: &Shot| match refused.subject {
            Some(subject) => shot.subject == Some(subject),
            None => super::row(shot.attack).offence == Some(refused.offence) && now.since(shot.time) <= MATCH_TIME,
        };
        let mut newest = self.entries.iter_mut().rev();
        let entry = newest.find(|entry| entry.verdict.peer == peer && fits(&entry.shot))?;
        let before = match entry.verdict.outcome {
            Outcome::Refused { refusals, .. } => refusals,
            _ => 0,
        };
        let ban = |seconds: u32| now.after(Duration::from_secs(seconds.into()).min(MAX_BAN));
        entry.verdict.outcome = Outcome::Refused {
            offence: refused.offence,
            points: refused.offence.points(),
            reason: refused.detail.clone(),
            score: refused.score,
            banned_until: refused.banned_seconds.map(ban),
            refusals: before.saturating_add(1),
            after_ms: u64::try_from(now.since(entry.shot.time).as_millis()).unwrap_or(u64::MAX),
        };
        Some(entry.verdict.clone())
    }

    /// The link to a peer is gone: gives the verdicts that end with it.
    pub(super) fn closed(&mut self, peer: PeerId) -> Vec<Verdict> {
        self.judge(|entry| (entry.verdict.peer == peer).then_some(Outcome::Closed))
    }

    /// What time decides; gives the verdicts that changed.
    pub(super) fn on_time(&mut self, peers: &Peers, now: Timestamp) -> Vec<Verdict> {
        self.judge(|entry| {
            let waited = now.since(entry.shot.time);
            let Some(peer) = connected(peers, &entry.verdict.peer).and_then(|link| peers.get(link)) else {
                return Some(Outcome::Closed);
            };
            if peer.read_until >= entry.shot.time && waited >= ANSWER_TIME {
                return Some(Outcome::PassedOver);
            }
            (waited >= PATIENCE).then_some(Outcome::Unanswered)
        })
    }

    /// So many, newest first.
    pub(super) fn page(&self, from: usize, limit: usize) -> Page<Verdict> {
        let rows = self.entries.iter().rev().skip(from).take(limit);
        let total = u32::try_from(self.entries.len()).unwrap_or(u32::MAX);
        Page { items: rows.map(|entry| entry.verdict.clone()).collect(), total }
    }

    /// Settles those of which nothing is known yet.
    fn judge(&mut self, outcome: impl Fn(&Entry) -> Option<Outcome>) -> Vec<Verdict> {
        let open = self.entries.iter_mut().filter(|entry| entry.verdict.outcome == Outcome::Sent);
        let settled = open.filter_map(|entry| {
            entry.verdict.outcome = outcome(entry)?;
            Some(entry.verdict.clone())
        });
        settled.collect()
    }
}

fn connected(peers: &Peers, id: &PeerId) -> Option<LinkId> {
    peers.connected().find(|(_, peer)| peer.id == *id).map(|(link, _)| link)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::offence::{BAN_TIME, Offence};
    use crate::view::PeerState;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    fn id(number: u8) -> PeerId {
        PeerId::from_bytes([number; 20])
    }

    fn shot(attack: Attack, seconds: u64, subject: Option<u8>) -> Shot {
        Shot { attack, launch: seconds, time: at(seconds), subject: subject.map(|byte| [byte; 32]) }
    }

    fn refusal(offence: Offence, subject: Option<u8>) -> Refused {
        let subject = subject.map(|byte| [byte; 32]);
        Refused { offence, subject, detail: "why".to_owned(), score: 50, banned_seconds: None }
    }

    #[test]
    fn a_refusal_finds_its_attack_by_what_it_names() {
        let mut verdicts = Verdicts::default();
        let first = verdicts.sent(shot(Attack::InvalidSignature, 1, Some(1)), id(1));
        verdicts.sent(shot(Attack::InvalidSignature, 2, Some(2)), id(1));
        verdicts.sent(shot(Attack::InvalidSignature, 1, Some(1)), id(2));
        let found = verdicts.refused(id(1), &refusal(Offence::BadSignature, Some(1)), at(3)).unwrap();
        assert_eq!(found.number, first.number);
        let Outcome::Refused { points, score, refusals, after_ms, .. } = found.outcome else { panic!("refused") };
        assert_eq!((points, score, refusals, after_ms), (25, 50, 1, 2_000));
        assert_eq!(verdicts.refused(id(1), &refusal(Offence::BadSignature, Some(3)), at(3)), None);
        assert_eq!(verdicts.refused(id(3), &refusal(Offence::BadSignature, Some(1)), at(3)), None);
    }

    #[test]
    fn a_refusal_that_names_nothing_finds_its_attack_by_offence_and_time() {
        let mut verdicts = Verdicts::default();
        verdicts.sent(shot(Attack::Flood, 0, None), id(1));
        let newer = verdicts.sent(shot(Attack::Flood, 10, None), id(1));
        verdicts.sent(shot(Attack::Garbage, 11, None), id(1));
        let found = verdicts.refused(id(1), &refusal(Offence::Flood, None), at(12)).unwrap();
        assert_eq!(found.number, newer.number);
        let banned = Refused { banned_seconds: Some(600), ..refusal(Offence::Flood, None) };
        let Outcome::Refused { refusals, banned_until, .. } = verdicts.refused(id(1), &banned, at(13)).unwrap().outcome
        else {
            panic!("refused")
        };
        assert_eq!((refusals, banned_until), (2, Some(at(13).after(BAN_TIME))));
        assert_eq!(verdicts.refused(id(1), &refusal(Offence::Stalled, None), at(13)), None, "no attack is called so");
        assert_eq!(verdicts.refused(id(1), &refusal(Offence::Flood, None), at(41)), None, "too late");
        let forever = Refused { banned_seconds: Some(u32::MAX), ..refusal(Offence::Garbage, None) };
        let Outcome::Refused { banned_until, .. } = verdicts.refused(id(1), &forever, at(13)).unwrap().outcome else {
            panic!("refused")
        };
        assert_eq!(banned_until, Some(at(13).after(MAX_BAN)));
    }

    #[test]
    fn silence_is_told_apart() {
        let (mut peers, mut verdicts) = (Peers::default(), Verdicts::default());
        for number in 1..=3 {
            let link = peers.open(id(number), true, 0, at(0)).unwrap();
            peers.get_mut(link).unwrap().state = PeerState::Connected;
            verdicts.sent(shot(Attack::Replay, 10, None), id(number));
        }
        let links: Vec<LinkId> = peers.iter().map(|(link, _)| link).collect();
        peers.get_mut(links[0]).unwrap().read_until = at(10);
        peers.get_mut(links[1]).unwrap().read_until = at(9);
        assert!(verdicts.on_time(&peers, at(15)).is_empty(), "there is time");
        let changed = verdicts.on_time(&peers, at(16));
        assert_eq!(changed.len(), 1);
        assert_eq!((changed[0].peer, &changed[0].outcome), (id(1), &Outcome::PassedOver));
        let closed = verdicts.closed(id(3));
        assert_eq!((closed.len(), &closed[0].outcome), (1, &Outcome::Closed));
        assert!(verdicts.on_time(&peers, at(24)).is_empty());
        let late = verdicts.on_time(&peers, at(25));
        assert_eq!((late[0].peer, &late[0].outcome), (id(2), &Outcome::Unanswered));
        // What comes late is believed all the same.
        verdicts.sent(shot(Attack::InvalidSignature, 20, Some(5)), id(2));
        peers.close(links[1]);
        assert_eq!(verdicts.on_time(&peers, at(26))[0].outcome, Outcome::Closed);
        assert!(verdicts.refused(id(2), &refusal(Offence::BadSignature, Some(5)), at(60)).is_some());
    }

    #[test]
    fn verdicts_are_bounded_and_come_newest_first() {
        let mut verdicts = Verdicts::default();
        for number in 0..=MAX_VERDICTS as u64 {
            verdicts.sent(shot(Attack::Garbage, number, None), id(1));
        }
        let page = verdicts.page(0, usize::MAX);
        assert_eq!((page.total as usize, page.items.len()), (MAX_VERDICTS, MAX_VERDICTS));
        assert_eq!((page.items[0].number, page.items[MAX_VERDICTS - 1].number), (MAX_VERDICTS as u64 + 1, 2));
        assert_eq!(verdicts.page(1, 1).items[0].number, MAX_VERDICTS as u64);
    }
}
