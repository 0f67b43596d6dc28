//! Gossip of transactions: announced in batches, asked for once, never sent to who has them.

use crate::contract::LinkId;
use crate::hash::TxId;
use crate::net::mesh::Context;
use crate::net::message::{MAX_TRANSACTIONS, Message};
use crate::units::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How long announcements are gathered into one message.
pub const GATHER_TIME: Duration = Duration::from_millis(100);
/// Time for a peer to send what it announced before another is asked.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
/// Transactions under way at most; announcements beyond are left for later ones.
const MAX_WANTED: usize = 20_000;
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
            } else if self.wanted.len() < MAX_WANTED {
                let deadline = context.now.after(ANSWER_TIMEOUT);
                self.wanted.insert(*id, Wanted { asked: link, deadline, others: Vec::new() });
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
            self.wanted.remove(&id);
        }
        asked
    }

    /// When something is due.
    pub fn next_timeout(&self) -> Option<Timestamp> {
        self.flush_at
    }

    /// Sends what is due, and asks others for what did not come.
    pub fn on_time(&mut self, context: &mut Context) {
        if self.flush_at.is_some_and(|at| at <= context.now) {
            self.flush_at = None;
            let fresh: Vec<TxId> = std::mem::take(&mut self.fresh).into_iter().collect();
            let links: Vec<LinkId> = context.peers.connected().map(|(link, _)| link).collect();
            for link in links {
                announce_to(context, link, &fresh);
            }
        }
        let late: Vec<TxId> =
            self.wanted.iter().filter(|(_, wanted)| wanted.deadline <= context.now).map(|(id, _)| *id).collect();
        for id in late {
            self.ask_another(context, id);
        }
    }

    fn ask_another(&mut self, context: &mut Context, id: TxId) {
        let Some(wanted) = self.wanted.get_mut(&id) else { return };
        while let Some(link) = wanted.others.pop() {
            if context.peers.get(link).is_some() {
                wanted.asked = link;
                wanted.deadline = context.now.after(ANSWER_TIMEOUT);
                request(context, link, vec![id]);
                return;
            }
        }
        self.wanted.remove(&id);
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
    let Some(peer) = context.peers.get_mut(link) else { return };
    let news: Vec<TxId> = ids.iter().filter(|id| peer.transactions.insert(**id)).copied().collect();
    for batch in news.chunks(MAX_TRANSACTIONS) {
        peer.bytes_out += context.outbox.send(link, &Message::Announce(batch.to_vec()));
    }
}
