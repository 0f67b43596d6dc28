//! Questions to full nodes: which wait, which are under way, and whom to ask next.

use crate::contract::LinkId;
use crate::hash::TxId;
use crate::keys::Address;
use crate::net::draw;
use crate::net::limits::{Bucket, Limit};
use crate::net::mesh::Context;
use crate::net::message::Message;
use crate::net::peers::{Peer, Peers};
use crate::net::proofs::{MAX_QUESTIONS, Question};
use crate::units::Timestamp;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

/// Time for an answer before another peer is asked.
pub(super) const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// Questions under way from one peer at most: half of what it lets wait.
const MAX_UNDER_WAY: usize = MAX_QUESTIONS / 2;
/// Questions that wait at most; those beyond are asked again at a later tip.
const MAX_WAITING: usize = 256;
/// Time for peers to show that they have the tip; after that those are asked who have not.
const TIP_PATIENCE: Duration = Duration::from_secs(1);
/// Less than the other end lets in, so that no line can make a flood of it.
const RATE: Limit = Limit::new("questions", 8.0, 80.0);

/// What an answer is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Purpose {
    /// The account of an address.
    Account(Address),
    /// Its transactions.
    Listing(Address),
    /// The block of a transaction.
    Lookup(TxId),
}

/// A question on its way to an answer.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    pub(super) purpose: Purpose,
    pub(super) question: Question,
    /// What another peer is asked instead: a list from its beginning.
    first: Question,
    /// Peers that have answered to this purpose already, or could not.
    pub(super) tried: BTreeSet<LinkId>,
    /// The only peer to ask: the list that it began goes on.
    only: Option<LinkId>,
    /// Since when it waits.
    since: Timestamp,
}

impl Wanted {
    pub(super) fn new(purpose: Purpose, question: Question, now: Timestamp) -> Self {
        Self { purpose, question, first: question, tried: BTreeSet::new(), only: None, since: now }
    }

    /// The next part of a list, from the peer that began it.
    pub(super) fn continued(self, link: LinkId, question: Question) -> Self {
        Self { question, only: Some(link), ..self }
    }

    /// The same for another peer than this one.
    pub(super) fn elsewhere(mut self, link: LinkId) -> Self {
        self.tried.insert(link);
        Self { question: self.first, only: None, ..self }
    }
}

#[derive(Debug)]
struct UnderWay {
    wanted: Wanted,
    link: LinkId,
    asked: Timestamp,
}

/// All questions.
#[derive(Debug, Default)]
pub(super) struct Asks {
    last: u64,
    waiting: VecDeque<Wanted>,
    under_way: BTreeMap<u64, UnderWay>,
    budgets: BTreeMap<LinkId, Bucket>,
}

impl Asks {
    /// Asks when a peer is free.
    pub(super) fn add(&mut self, wanted: Wanted) {
        if self.waiting.len() < MAX_WAITING {
            self.waiting.push_back(wanted);
        }
    }

    /// Forgets all questions for a purpose.
    pub(super) fn cancel(&mut self, purpose: Purpose) {
        self.waiting.retain(|wanted| wanted.purpose != purpose);
        self.under_way.retain(|_, one| one.wanted.purpose != purpose);
    }

    /// Whether anything is asked for a purpose.
    pub(super) fn is_asked(&self, purpose: Purpose) -> bool {
        let under_way = self.under_way.values().map(|one| &one.wanted);
        self.waiting.iter().chain(under_way).any(|wanted| wanted.purpose == purpose)
    }

    /// Whether a peer owes this answer.
    pub(super) fn awaits(&self, link: LinkId, number: u64) -> bool {
        self.under_way.get(&number).is_some_and(|one| one.link == link)
    }

    /// A peer answered; gives the question.
    pub(super) fn answered(&mut self, link: LinkId, number: u64) -> Option<Wanted> {
        if !self.awaits(link, number) {
            return None;
        }
        self.under_way.remove(&number).map(|one| one.wanted)
    }

    /// A peer has served a purpose, or cannot: others are asked what is left of it.
    pub(super) fn pass_over(&mut self, purpose: Purpose, link: LinkId) {
        for wanted in self.waiting.iter_mut().filter(|wanted| wanted.purpose == purpose) {
            wanted.tried.insert(link);
        }
    }

    /// Sends what can be sent; `has_tip` says who has shown to have the tip. Gives the questions that
    /// every full peer was asked in vain.
    pub(super) fn send(&mut self, context: &mut Context, has_tip: impl Fn(&Peer) -> bool) -> Vec<Wanted> {
        self.budgets.retain(|link, _| context.peers.get(*link).is_some());
        let mut hopeless = Vec::new();
        for wanted in std::mem::take(&mut self.waiting) {
            let full: Vec<LinkId> = full_peers(context.peers).map(|(link, _)| link).collect();
            let may = |link: &LinkId| wanted.only.is_none_or(|only| only == *link) && !wanted.tried.contains(link);
            if !full.is_empty() && !full.iter().any(may) {
                hopeless.push(wanted);
                continue;
            }
            // Two lists of one address shall come from two peers.
            let same = |link: LinkId| {
                self.under_way.values().any(|one| one.link == link && one.wanted.purpose == wanted.purpose)
            };
            let load = |link: LinkId| self.under_way.values().filter(|one| one.link == link).count();
            let free = full.into_iter().filter(may).filter(|link| !same(*link) && load(*link) < MAX_UNDER_WAY);
            let shows = |link: LinkId| context.peers.get(link).is_some_and(&has_tip);
            let waited = context.now.since(wanted.since) >= TIP_PATIENCE;
            let free = free.filter(|link| waited || shows(*link));
            let rate = |link: LinkId| (!shows(link), load(link));
            let free: Vec<LinkId> = free.collect();
            let least = free.iter().map(|link| rate(*link)).min();
            let mut best: Vec<LinkId> = free.into_iter().filter(|link| Some(rate(*link)) == least).collect();
            // By chance, so that no peer is always asked for the same.
            let best = draw(context.rng, &mut best);
            match best.filter(|link| self.afford(*link, context.now)) {
                Some(link) => self.ask(context, link, wanted),
                None => self.waiting.push_back(wanted),
            }
        }
        hopeless
    }

    fn afford(&mut self, link: LinkId, now: Timestamp) -> bool {
        self.budgets.entry(link).or_insert_with(|| Bucket::new(RATE, now)).take(1.0, now)
    }

    fn ask(&mut self, context: &mut Context, link: LinkId, wanted: Wanted) {
        let Some(peer) = context.peers.get_mut(link) else { return };
        self.last += 1;
        let message = Message::Ask { number: self.last, question: wanted.question };
        peer.bytes_out += context.outbox.send(link, &message);
        self.under_way.insert(self.last, UnderWay { wanted, link, asked: context.now });
    }

    /// Peers that let the time for an answer pass, while others were heard. What they owed, and what
    /// peers owed that are gone, is asked of others.
    pub(super) fn late(&mut self, peers: &Peers, now: Timestamp) -> Vec<LinkId> {
        let mut late = Vec::new();
        let due = |one: &UnderWay| {
            let here = peers.get(one.link).is_some_and(|peer| !peer.is_light());
            !here || one.asked.after(ANSWER_TIMEOUT) <= now
        };
        let numbers: Vec<u64> = self.under_way.iter().filter(|(_, one)| due(one)).map(|(number, _)| *number).collect();
        for number in numbers {
            let Some(UnderWay { wanted, link, asked }) = self.under_way.remove(&number) else { continue };
            let heard = peers.connected().any(|(other, peer)| other != link && peer.heard > asked);
            if peers.get(link).is_some_and(|peer| !peer.is_light()) && heard {
                late.push(link);
            }
            self.add(wanted.elsewhere(link));
        }
        late.dedup();
        late
    }

    /// This node slept so long: all deadlines move.
    pub(super) fn woke(&mut self, slept: Duration) {
        for one in self.under_way.values_mut() {
            one.asked = one.asked.after(slept);
        }
    }
}

/// Peers that can answer.
pub(super) fn full_peers(peers: &Peers) -> impl Iterator<Item = (LinkId, &Peer)> {
    peers.connected().filter(|(_, peer)| peer.role.is_some() && !peer.is_light())
}
