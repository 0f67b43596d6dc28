//! Gossip of transactions: announced in batches, asked for once, never sent to who has them.

use crate::contract::LinkId;
use crate::hash::TxId;
use crate::net::frame::Class;
use crate::net::limits::SLOW_LINK;
use crate::net::mesh::Context;
use crate::net::message::{MAX_TRANSACTIONS, Message};
use crate::units::Timestamp;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

/// How long announcements are gathered into one message.
pub const GATHER_TIME: Duration = Duration::from_millis(100);
/// Time for a peer to send what it announced before another is asked.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
/// Transactions under way from one peer at most: two full messages; announcements beyond are left
/// for other peers. So one that announces what does not exist takes nobody else's place.
const MAX_WANTED_A_PEER: usize = 2 * MAX_TRANSACTIONS;
/// Peers remembered as further sources of a transaction.
const MAX_SOURCES: usize = 4;

#[derive(Debug)]
struct Wanted {
    asked: LinkId,
    deadline: Timestamp,
    others: Vec<LinkId>,
}

/// What is to be announced, and what was asked for.
#[derive(Debug, Default)]
pub struct Gossip {
    fresh: BTreeSet<TxId>,
    flush_at: Option<Timestamp>,
    wanted: BTreeMap<TxId, Wanted>,
    /// How many of them each peer was asked for.
    asked: BTreeMap<LinkId, usize>,
    /// What to look at when, in order; entries whose transaction came or was asked for anew since
    /// are passed over.
    deadlines: VecDeque<(Timestamp, TxId)>,
}

impl Gossip {
    /// Announces a transaction to every peer that lacks it, with the next batch.
    pub fn announce(&mut self, id: TxId, now: Timestamp) {
        self.fresh.insert(id);
        self.flush_at.get_or_insert(now.after(GATHER_TIME));
    }

    /// Tells a new peer of the transactions that wait here.
    pub fn introduce(context: &mut Context, link: LinkId, ids: impl Iterator<Item = TxId>) {
        let ids: Vec<TxId> = ids.take(MAX_TRANSACTIONS).collect();
        announce_to(context, link, &ids);
    }

    /// A peer announced transactions; `have` says which are here.
    pub fn on_announce(&mut self, context: &mut Context, link: LinkId, ids: &[TxId], have: impl Fn(&TxId) -> bool) {
        let Some(peer) = context.peers.get_mut(link) else { return };
        let mut ask = Vec::new();
        for id in ids {
            peer.transactions.insert(*id);
            if have(id) {
                continue;
            }
            if let Some(wanted) = self.wanted.get_mut(id) {
                if wanted.others.len() < MAX_SOURCES && wanted.asked != link && !wanted.others.contains(&link) {
                    wanted.others.push(link);
                }
            } else if self.has_room(link) {
                self.wanted.insert(*id, Wanted { asked: link, deadline: context.now, others: Vec::new() });
                self.ask(*id, link, context.now);
                ask.push(*id);
            }
        }
        request(context, link, ask);
    }

    /// A transaction came from a peer; gives whether it was asked for.
    pub fn on_transaction(&mut self, context: &mut Context, link: LinkId, id: TxId) -> bool {
        if let Some(peer) = context.peers.get_mut(link) {
            peer.transactions.insert(id);
        }
        let asked = self.wanted.get(&id).is_some_and(|wanted| wanted.asked == link);
        if asked {
            self.forget(&id);
        }
        asked
    }

    /// This node slept so long: all deadlines move.
    pub fn woke(&mut self, slept: Duration) {
        for wanted in self.wanted.values_mut() {
            wanted.deadline = wanted.deadline.after(slept);
        }
        for (deadline, _) in &mut self.deadlines {
            *deadline = deadline.after(slept);
        }
    }

    fn has_room(&self, link: LinkId) -> bool {
        self.asked.get(&link).is_none_or(|count| *count < MAX_WANTED_A_PEER)
    }

    /// Takes note that a wanted transaction is asked for from this peer.
    fn ask(&mut self, id: TxId, link: LinkId, now: Timestamp) {
        let Some(wanted) = self.wanted.get_mut(&id) else { return };
        (wanted.asked, wanted.deadline) = (link, now.after(ANSWER_TIMEOUT));
        self.deadlines.push_back((wanted.deadline, id));
        *self.asked.entry(link).or_default() += 1;
    }

    /// The peer that was asked is asked no more.
    fn give_up(&mut self, link: LinkId) {
        if let Some(count) = self.asked.get_mut(&link) {
            *count -= 1;
            if *count == 0 {
                self.asked.remove(&link);
            }
        }
    }

    fn forget(&mut self, id: &TxId) {
        if let Some(wanted) = self.wanted.remove(id) {
            self.give_up(wanted.asked);
        }
    }

    /// When something is due.
    pub fn next_timeout(&self) -> Option<Timestamp> {
        self.flush_at
    }

    /// Sends what is due, and asks others for what did not come; `have` says what came otherwise. Gives
    /// how many each peer owed.
    pub fn on_time(&mut self, context: &mut Context, have: impl Fn(&TxId) -> bool) -> BTreeMap<LinkId, usize> {
        if self.flush_at.is_some_and(|at| at <= context.now) {
            self.flush_at = None;
            let fresh: Vec<TxId> = std::mem::take(&mut self.fresh).into_iter().collect();
            let links: Vec<LinkId> = context.peers.connected().map(|(link, _)| link).collect();
            for link in links {
                announce_to(context, link, &fresh);
            }
        }
        let mut requests: BTreeMap<LinkId, Vec<TxId>> = BTreeMap::new();
        let mut owed: BTreeMap<LinkId, usize> = BTreeMap::new();
        while let Some((deadline, id)) =
            self.deadlines.front().copied().filter(|(deadline, _)| *deadline <= context.now)
        {
            self.deadlines.pop_front();
            let Some(wanted) = self.wanted.get(&id).filter(|wanted| wanted.deadline == deadline) else { continue };
            // A block with it came first, by which the peer lost it.
            if have(&id) {
                self.forget(&id);
                continue;
            }
            *owed.entry(wanted.asked).or_default() += 1;
            if let Some(link) = self.ask_another(context, id) {
                requests.entry(link).or_default().push(id);
            }
        }
        // In few messages: one for each would be a flood.
        for (link, ids) in requests {
            for batch in ids.chunks(MAX_TRANSACTIONS) {
                request(context, link, batch.to_vec());
            }
        }
        owed
    }

    /// Chooses another peer for a transaction that did not come; forgets it if there is none.
    fn ask_another(&mut self, context: &Context, id: TxId) -> Option<LinkId> {
        let wanted = self.wanted.get_mut(&id)?;
        let (before, others) = (wanted.asked, std::mem::take(&mut wanted.others));
        self.give_up(before);
        let mut others = others.into_iter().rev().filter(|link| context.peers.get(*link).is_some());
        let Some(link) = others.find(|link| self.has_room(*link)) else {
            // Taken back above already.
            self.wanted.remove(&id);
            return None;
        };
        let rest: Vec<LinkId> = others.collect();
        if let Some(wanted) = self.wanted.get_mut(&id) {
            wanted.others = rest;
        }
        self.ask(id, link, context.now);
        Some(link)
    }
}

fn request(context: &mut Context, link: LinkId, ids: Vec<TxId>) {
    if !ids.is_empty()
        && let Some(peer) = context.peers.get_mut(link)
    {
        peer.bytes_out += context.outbox.send(link, &Message::GetTransactions(ids));
    }
}

/// Announces to one peer what it lacks.
fn announce_to(context: &mut Context, link: LinkId, ids: &[TxId]) {
    // Who reads so slowly learns of them from others; a light node has no use for them.
    if context.outbox.waiting(link, Class::Ordinary) >= SLOW_LINK {
        return;
    }
    let Some(peer) = context.peers.get_mut(link).filter(|peer| !peer.is_light()) else { return };
    let news: Vec<TxId> = ids.iter().filter(|id| peer.transactions.insert(**id)).copied().collect();
    for batch in news.chunks(MAX_TRANSACTIONS) {
        peer.bytes_out += context.outbox.send(link, &Message::Announce(batch.to_vec()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::Output;
    use crate::log::Log;
    use crate::net::frame::Assembler;
    use crate::net::outbox::Outbox;
    use crate::net::peers::Peers;
    use crate::view::PeerState;
    use rand_chacha::ChaCha8Rng;
    use rand_core::SeedableRng;
    use tracker_protocol::PeerId;

    struct Net {
        now: Timestamp,
        peers: Peers,
        outbox: Outbox,
        log: Log,
        rng: ChaCha8Rng,
    }

    impl Net {
        fn new(count: u8) -> (Self, Vec<LinkId>) {
            let (mut peers, now) = (Peers::default(), Timestamp::from_millis(1_000_000));
            let mut links = Vec::new();
            for number in 0..count {
                let link = peers.open(PeerId::from_bytes([number; 20]), true, 0, now).unwrap();
                peers.get_mut(link).unwrap().state = PeerState::Connected;
                links.push(link);
            }
            (
                Self { now, peers, outbox: Outbox::default(), log: Log::default(), rng: ChaCha8Rng::seed_from_u64(1) },
                links,
            )
        }

        fn context(&mut self) -> Context<'_> {
            Context {
                now: self.now,
                peers: &mut self.peers,
                outbox: &mut self.outbox,
                log: &mut self.log,
                rng: &mut self.rng,
            }
        }

        /// How many ids were asked for in how many messages of a link since the last call.
        fn requests(&mut self, link: LinkId) -> (usize, usize) {
            let (mut ids, mut messages, mut assembler) = (0, 0, Assembler::default());
            while let Some(output) = self.outbox.pop() {
                let Output::Send { link: to, frame } = output else { continue };
                if to != link {
                    continue;
                }
                if let Some(bytes) = assembler.push(&frame).unwrap()
                    && let Ok(Message::GetTransactions(asked)) = Message::decode(&bytes)
                {
                    (ids, messages) = (ids + asked.len(), messages + 1);
                }
            }
            (ids, messages)
        }
    }

    fn ids(count: usize, salt: u8) -> Vec<TxId> {
        let name = |number: usize| {
            let mut bytes = [salt; 32];
            bytes[..8].copy_from_slice(&(number as u64).to_le_bytes());
            TxId(bytes)
        };
        (0..count).map(name).collect()
    }

    #[test]
    fn a_peer_that_announces_what_does_not_exist_takes_nobodys_place() {
        let (mut net, links) = Net::new(2);
        let mut gossip = Gossip::default();
        for round in 0..10 {
            gossip.on_announce(&mut net.context(), links[0], &ids(MAX_TRANSACTIONS, round), |_| false);
        }
        assert_eq!(gossip.wanted.len(), MAX_WANTED_A_PEER);
        assert_eq!(net.requests(links[0]).0, MAX_WANTED_A_PEER);
        gossip.on_announce(&mut net.context(), links[1], &ids(10, 99), |_| false);
        assert_eq!(net.requests(links[1]), (10, 1));
        // What did not come and is nowhere else is forgotten, and counts no more.
        net.now = net.now.after(ANSWER_TIMEOUT);
        let owed = gossip.on_time(&mut net.context(), |id| *id == ids(1, 99)[0]);
        assert_eq!(owed, BTreeMap::from([(links[0], MAX_WANTED_A_PEER), (links[1], 9)]), "one came otherwise");
        assert!(gossip.wanted.is_empty() && gossip.asked.is_empty() && gossip.deadlines.is_empty());
    }

    #[test]
    fn what_did_not_come_is_asked_for_elsewhere_in_few_messages() {
        let (mut net, links) = Net::new(2);
        let mut gossip = Gossip::default();
        let many = ids(MAX_TRANSACTIONS, 1);
        for link in &links {
            gossip.on_announce(&mut net.context(), *link, &many, |_| false);
        }
        assert!(gossip.on_transaction(&mut net.context(), links[0], many[0]));
        assert!(!gossip.on_transaction(&mut net.context(), links[1], many[1]), "it was not asked for there");
        net.requests(links[1]);
        let due = net.now.after(ANSWER_TIMEOUT);
        net.now = Timestamp::from_millis(due.millis() - 1);
        gossip.on_time(&mut net.context(), |_| false);
        assert_eq!(net.requests(links[1]), (0, 0));
        net.now = due;
        gossip.on_time(&mut net.context(), |_| false);
        assert_eq!(net.requests(links[1]), (MAX_TRANSACTIONS - 1, 1));
        assert_eq!(gossip.asked, BTreeMap::from([(links[1], MAX_TRANSACTIONS - 1)]));
    }

    #[test]
    fn who_does_not_read_is_told_of_no_transactions() {
        let (mut net, links) = Net::new(2);
        let announcement = vec![8; 1000];
        while net.outbox.waiting(links[0], Class::Ordinary) < SLOW_LINK {
            net.outbox.send_bytes(links[0], announcement.clone());
        }
        while net.outbox.pop().is_some() {}
        let mut gossip = Gossip::default();
        gossip.announce(ids(1, 1)[0], net.now);
        net.now = net.now.after(GATHER_TIME);
        gossip.on_time(&mut net.context(), |_| false);
        let mut told = Vec::new();
        while let Some(Output::Send { link, .. }) = net.outbox.pop() {
            told.push(link);
        }
        assert_eq!(told, vec![links[1]]);
    }
}
