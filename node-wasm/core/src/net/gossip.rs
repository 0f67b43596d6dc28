//! Gossip of transactions: announced in batches, asked for once, never sent to who has them.

use crate::contract::LinkId;
use crate::hash::TxId;
use crate::net::frame::Class;
use crate::net::limits::SLOW_LINK;
use crate::net::mesh::Context;
use crate::net::message::{MAX_TRANSACTIONS, Message};
use crate::net::peers::Peer;
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

/// A transaction that was asked for. It stays until its signature has been found to hold: ids leave
/// signatures out, so that whoever answers first may answer with a copy that nobody signed.
#[derive(Debug)]
struct Wanted {
    asked: LinkId,
    /// Whether it came from there, and is being checked.
    came: bool,
    /// When another peer is asked, if it has not come, or was not found valid, until then.
    deadline: Timestamp,
    /// Who announced it beside that, the next to ask last.
    others: Vec<LinkId>,
    /// Who was asked before, without use.
    tried: Vec<LinkId>,
}

impl Wanted {
    fn new(asked: LinkId, now: Timestamp) -> Self {
        Self { asked, came: false, deadline: now, others: Vec::new(), tried: Vec::new() }
    }
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

    /// A transaction left before it was announced.
    pub fn retract(&mut self, id: &TxId) {
        self.fresh.remove(id);
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
                self.wanted.insert(*id, Wanted::new(link, context.now));
                self.ask(*id, link, context.now);
                ask.push(*id);
            }
        }
        request(context, link, ask);
    }

    /// A transaction came from a peer; gives whether it was asked for. What becomes of it is told
    /// by [`Self::settle`] or [`Self::ask_others`]; else another peer is asked when its time is up.
    pub fn on_transaction(&mut self, context: &mut Context, link: LinkId, id: TxId) -> bool {
        if let Some(peer) = context.peers.get_mut(link) {
            peer.transactions.insert(id);
        }
        let Some(wanted) = self.wanted.get_mut(&id).filter(|wanted| wanted.asked == link && !wanted.came) else {
            return false;
        };
        wanted.came = true;
        self.give_up(link);
        true
    }

    /// A transaction is here, or no copy of it can be: nobody is asked for it any more.
    pub fn settle(&mut self, id: &TxId) {
        if let Some(wanted) = self.wanted.remove(id).filter(|wanted| !wanted.came) {
            self.give_up(wanted.asked);
        }
    }

    /// Copies that came from a peer were worth nothing: asks others for them at once.
    pub fn ask_others(&mut self, context: &mut Context, link: LinkId, ids: &[TxId]) {
        let of_this = |id: &&TxId| self.wanted.get(*id).is_some_and(|wanted| wanted.asked == link);
        let ids: Vec<TxId> = ids.iter().filter(of_this).copied().collect();
        self.ask_elsewhere(context, &ids);
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
        (wanted.asked, wanted.came, wanted.deadline) = (link, false, now.after(ANSWER_TIMEOUT));
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
        let mut owed: BTreeMap<LinkId, usize> = BTreeMap::new();
        let mut late = Vec::new();
        while let Some((deadline, id)) =
            self.deadlines.front().copied().filter(|(deadline, _)| *deadline <= context.now)
        {
            self.deadlines.pop_front();
            let Some(wanted) = self.wanted.get(&id).filter(|wanted| wanted.deadline == deadline) else { continue };
            // A block with it came first, by which the peer lost it.
            if have(&id) {
                self.settle(&id);
                continue;
            }
            // What came is not owed, even where there was no time to check it.
            if !wanted.came {
                *owed.entry(wanted.asked).or_default() += 1;
            }
            late.push(id);
        }
        self.ask_elsewhere(context, &late);
        owed
    }

    /// Asks the next peer for each of these, in few messages: one for each would be a flood.
    fn ask_elsewhere(&mut self, context: &mut Context, ids: &[TxId]) {
        let mut requests: BTreeMap<LinkId, Vec<TxId>> = BTreeMap::new();
        for id in ids {
            if let Some(link) = self.ask_another(context, *id) {
                requests.entry(link).or_default().push(*id);
            }
        }
        for (link, ids) in requests {
            for batch in ids.chunks(MAX_TRANSACTIONS) {
                request(context, link, batch.to_vec());
            }
        }
    }

    /// Chooses another peer for a transaction that did not come, or not as it should: one that was
    /// remembered as a source, or else anyone that is known to have it. Forgets it if there is none.
    fn ask_another(&mut self, context: &Context, id: TxId) -> Option<LinkId> {
        let mut wanted = self.wanted.remove(&id)?;
        if !wanted.came {
            self.give_up(wanted.asked);
        }
        wanted.tried.push(wanted.asked);
        let tried = &wanted.tried;
        let useful = |link: &LinkId| {
            !tried.contains(link) && self.has_room(*link) && context.peers.get(*link).is_some_and(Peer::is_connected)
        };
        let known = || {
            let mut having = context.peers.connected().filter(|(_, peer)| peer.transactions.contains(&id));
            having.find(|(link, _)| useful(link)).map(|(link, _)| link)
        };
        let mut others = std::mem::take(&mut wanted.others);
        let next = std::iter::from_fn(|| others.pop()).find(|link| useful(link)).or_else(known)?;
        wanted.others = others;
        self.wanted.insert(id, wanted);
        self.ask(id, next, context.now);
        Some(next)
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
        gossip.settle(&many[0]);
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
    fn a_worthless_copy_keeps_no_honest_one_away() {
        let (mut net, links) = Net::new(8);
        let mut gossip = Gossip::default();
        let wanted = ids(1, 1);
        for link in &links {
            gossip.on_announce(&mut net.context(), *link, &wanted, |_| false);
        }
        assert_eq!(net.requests(links[0]), (1, 1));
        // Everybody but the last lies, those beyond the remembered sources too.
        let mut asked = links[0];
        for _ in &links[1..] {
            assert!(gossip.on_transaction(&mut net.context(), asked, wanted[0]));
            assert!(!gossip.on_transaction(&mut net.context(), asked, wanted[0]), "one copy is enough");
            assert!(gossip.asked.is_empty(), "what came is not under way");
            gossip.ask_others(&mut net.context(), links[0], &[ids(1, 2)[0]]);
            gossip.ask_others(&mut net.context(), asked, &wanted);
            let next = gossip.wanted[&wanted[0]].asked;
            assert_ne!(next, asked);
            assert_eq!(net.requests(next), (1, 1), "it is asked for at once");
            gossip.ask_others(&mut net.context(), asked, &wanted);
            assert_eq!(gossip.wanted[&wanted[0]].asked, next, "a late word of the one before changes nothing");
            asked = next;
        }
        assert_eq!(gossip.wanted[&wanted[0]].tried.len(), links.len() - 1);
        assert!(gossip.on_transaction(&mut net.context(), asked, wanted[0]));
        gossip.settle(&wanted[0]);
        assert!(gossip.wanted.is_empty() && gossip.asked.is_empty());
    }

    #[test]
    fn what_came_and_was_never_checked_is_asked_for_elsewhere_in_its_time() {
        let (mut net, links) = Net::new(2);
        let mut gossip = Gossip::default();
        let wanted = ids(1, 1);
        for link in &links {
            gossip.on_announce(&mut net.context(), *link, &wanted, |_| false);
        }
        assert!(gossip.on_transaction(&mut net.context(), links[0], wanted[0]));
        net.requests(links[1]);
        net.now = net.now.after(ANSWER_TIMEOUT);
        let owed = gossip.on_time(&mut net.context(), |_| false);
        assert!(owed.is_empty(), "it was sent");
        assert_eq!(net.requests(links[1]), (1, 1));
        net.now = net.now.after(ANSWER_TIMEOUT);
        let owed = gossip.on_time(&mut net.context(), |_| false);
        assert_eq!(owed, BTreeMap::from([(links[1], 1)]));
        assert!(gossip.wanted.is_empty() && gossip.asked.is_empty() && gossip.deadlines.is_empty());
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
