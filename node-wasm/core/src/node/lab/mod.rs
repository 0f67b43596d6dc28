//! The lab: attacks that this node launches at its peers, to show that they refuse them. What is
//! forged is kept apart, so that the node's own chain, mempool and wallet stay honest.

mod attacks;
mod forge;
#[cfg(test)]
mod tests;
mod verdicts;

use super::Node;
use crate::block::Block;
use crate::contract::{LinkId, Output};
use crate::hash::{BlockHash, TxId};
use crate::log::{Line, to_subject};
use crate::net::message::{Message, Refused};
use crate::net::offence::Offence;
use crate::net::peers::PING_INTERVAL;
use crate::request::{Attack, ErrorCode, RequestError};
use crate::sentence::{counted, sentence};
use crate::transaction::Transaction;
use crate::units::Timestamp;
use crate::view::lab::{AttackView, Need, Repetition, Verdict};
use crate::view::{Event, Page};
use attacks::row;
use forge::Forgery;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use tracker_protocol::PeerId;
use verdicts::{Shot, Verdicts};

/// Forged blocks and transactions kept so that peers can fetch them; older ones are dropped.
const MAX_FORGED: usize = 16;
/// Most seconds between two launches of a repeated attack.
const MAX_EVERY: u32 = 3_600;
/// Launches of a repeated attack, those without a peer counted too: then it ends by itself, so that a
/// tab that is forgotten does not go on for ever.
const MAX_TRIES: u32 = 1_000;
/// Least time between a ping and one that asks whether an attack was read: pings have a budget.
const PING_GAP: Duration = Duration::from_secs(2);

/// What was forged, what is being forged, and what came of it.
#[derive(Debug, Default)]
pub(super) struct Lab {
    blocks: VecDeque<(BlockHash, Arc<Block>)>,
    transactions: VecDeque<(TxId, Transaction)>,
    /// Attacks whose blocks need their proof of work, and at whom they are aimed; all if at none.
    works: BTreeMap<Attack, Option<PeerId>>,
    repeated: BTreeMap<Attack, Repetition>,
    verdicts: Verdicts,
    launches: u64,
}

impl Lab {
    pub(super) fn block(&self, hash: &BlockHash) -> Option<Arc<Block>> {
        self.blocks.iter().rev().find(|(known, _)| known == hash).map(|(_, block)| block.clone())
    }

    pub(super) fn transaction(&self, id: &TxId) -> Option<Transaction> {
        self.transactions.iter().rev().find(|(known, _)| known == id).map(|(_, transaction)| transaction.clone())
    }

    /// The attack whose block needs its proof of work next.
    pub(super) fn wants_block(&self) -> Option<Attack> {
        self.works.keys().next().copied()
    }

    pub(super) fn verdicts(&self, from: usize, limit: usize) -> Page<Verdict> {
        self.verdicts.page(from, limit)
    }
}

/// Keeps the newest.
fn keep<T>(kept: &mut VecDeque<T>, one: T) {
    if kept.len() >= MAX_FORGED {
        kept.pop_front();
    }
    kept.push_back(one);
}

impl Node {
    /// Launches an attack at one peer or at all, once or again and again.
    pub(super) fn attack(
        &mut self,
        attack: Attack,
        peer: Option<PeerId>,
        every: Option<u32>,
    ) -> Result<(), RequestError> {
        if every.is_some_and(|every| every == 0 || every > MAX_EVERY) {
            let message = sentence!("an attack is repeated every 1 to {MAX_EVERY} seconds");
            return Err(RequestError::new(ErrorCode::BadRequest, message));
        }
        self.launch(attack, peer)?;
        if let Some(every) = every {
            let next = self.now.after(Duration::from_secs(every.into()));
            self.lab.repeated.insert(attack, Repetition { every, peer, tries: 1, next });
        }
        Ok(())
    }

    /// Ends what is repeated and what is being mined for the lab.
    pub(super) fn stop_attacks(&mut self) {
        self.lab.repeated.clear();
        if !std::mem::take(&mut self.lab.works).is_empty() {
            self.miner.tip_changed();
        }
    }

    /// All attacks, and what stands in their way now.
    pub(super) fn attack_views(&self) -> Vec<AttackView> {
        let nobody = self.aimed_at(None).err();
        let views = Attack::ALL.into_iter().map(|name| {
            let row = row(name);
            AttackView {
                name,
                tries: (row.tries)(),
                stopped_by: (row.stopped_by)(),
                needs: [Need::Peers].into_iter().chain(row.needs.iter().copied()).collect(),
                offence: row.offence,
                points: row.offence.map_or(0, Offence::points),
                lacks: nobody.clone().or_else(|| self.lacks_for(name)),
                working: self.lab.works.contains_key(&name),
                repeated: self.lab.repeated.get(&name).copied(),
            }
        });
        views.collect()
    }

    /// Announces a transaction without a valid signature to every peer.
    pub(super) fn launch_transaction(&mut self, transaction: Transaction) -> Result<(), RequestError> {
        let links = self.aimed_at(None)?;
        self.fire(Attack::InvalidSignature, Forgery::Transaction(transaction), &links);
        Ok(())
    }

    /// The proof of work of a forged block was found: offers it to those it is for.
    pub(super) fn launch_block(&mut self, attack: Attack, mut block: Block) {
        // It was stopped meanwhile.
        let Some(peer) = self.lab.works.remove(&attack) else { return };
        forge::finish(attack, &mut block);
        if let Ok(links) = self.aimed_at(peer) {
            self.fire(attack, Forgery::Block(Box::new(block)), &links);
        }
    }

    /// Launches what is due again, and settles verdicts that never came. To be called about once a second.
    pub(super) fn look_after_lab(&mut self) {
        let now = self.now;
        let due = self.lab.repeated.iter().filter(|(_, one)| one.next <= now);
        let due: Vec<(Attack, Option<PeerId>)> = due.map(|(attack, one)| (*attack, one.peer)).collect();
        for (attack, peer) in due {
            // One whose block is still being mined waits, so that honest mining has its turn between.
            // Nobody to aim at, or nothing to aim with, may be different the next time.
            if !self.lab.works.contains_key(&attack) {
                let _ = self.launch(attack, peer);
            }
            if let Some(one) = self.lab.repeated.get_mut(&attack) {
                one.tries += 1;
                one.next = now.after(Duration::from_secs(one.every.into()));
            }
        }
        self.lab.repeated.retain(|_, one| one.tries < MAX_TRIES);
        let settled = self.lab.verdicts.on_time(&self.peers, now);
        self.tell_verdicts(settled);
    }

    /// A peer refused something: perhaps an attack.
    pub(super) fn on_attack_refused(&mut self, peer: PeerId, refused: &Refused) {
        let verdict = self.lab.verdicts.refused(peer, refused, self.now);
        self.tell_verdicts(verdict);
    }

    /// A link is about to go.
    pub(super) fn end_attacks_at(&mut self, link: LinkId) {
        let Some(peer) = self.peers.get(link).filter(|peer| peer.is_connected()).map(|peer| peer.id) else { return };
        let settled = self.lab.verdicts.closed(peer);
        self.tell_verdicts(settled);
    }

    fn tell_verdicts(&mut self, verdicts: impl IntoIterator<Item = Verdict>) {
        for verdict in verdicts {
            self.tell(Event::Verdict(verdict));
        }
    }

    fn launch(&mut self, attack: Attack, peer: Option<PeerId>) -> Result<(), RequestError> {
        let links = self.aimed_at(peer)?;
        if row(attack).needs_work() {
            if let Some(lacking) = self.lacks_for(attack) {
                return Err(lacking);
            }
            self.lab.works.insert(attack, peer);
            self.miner.tip_changed();
            return Ok(());
        }
        let forgery = self.forge(attack)?;
        self.fire(attack, forgery, &links);
        Ok(())
    }

    /// Sends what was forged, and waits for the verdicts.
    fn fire(&mut self, attack: Attack, forgery: Forgery, links: &[LinkId]) {
        self.lab.launches += 1;
        let subject = match &forgery {
            Forgery::Bytes(_) | Forgery::Messages(_) => None,
            Forgery::Transaction(transaction) => Some(transaction.id().0),
            Forgery::Block(block) => Some(block.header.hash().0),
        };
        let shot = Shot { attack, launch: self.lab.launches, time: self.now, subject };
        let messages = match forgery {
            Forgery::Bytes(bytes) => {
                for link in links {
                    self.send_bytes(*link, bytes.clone());
                }
                Vec::new()
            }
            Forgery::Messages(messages) => messages,
            Forgery::Transaction(transaction) => {
                let id = transaction.id();
                keep(&mut self.lab.transactions, (id, transaction));
                vec![Message::Announce(vec![id])]
            }
            Forgery::Block(block) => {
                let header = block.header;
                keep(&mut self.lab.blocks, (header.hash(), Arc::new(*block)));
                vec![Message::Headers(vec![header])]
            }
        };
        let line = Line::warning(
            "attack",
            sentence!("launched {attack} at {count}", attack = attack.code(), count = counted!(links.len(), "peer")),
        );
        self.write(match subject {
            Some(subject) => line.subject(to_subject(subject)),
            None => line,
        });
        for link in links {
            for message in &messages {
                self.send(*link, message);
            }
            self.ask_whether_read(*link);
            if let Some(peer) = self.peers.get(*link).map(|peer| peer.id) {
                let verdict = self.lab.verdicts.sent(shot, peer);
                self.tell_verdicts([verdict]);
            }
        }
    }

    fn send_bytes(&mut self, link: LinkId, frame: Vec<u8>) {
        if let Some(peer) = self.peers.get_mut(link) {
            peer.bytes_out += frame.len() as u64;
            self.outbox.push(Output::Send { link, frame });
        }
    }

    /// Pings a peer, unless it was just pinged: its answer says that it has read what was sent before.
    fn ask_whether_read(&mut self, link: LinkId) {
        let since_ping = |next: Timestamp| PING_INTERVAL.saturating_sub(next.since(self.now));
        if self.peers.get(link).is_some_and(|peer| since_ping(peer.next_ping) >= PING_GAP) {
            self.ping(link);
        }
    }

    /// The links to a peer, or to all.
    fn aimed_at(&self, peer: Option<PeerId>) -> Result<Vec<LinkId>, RequestError> {
        let fits = |id: &PeerId| peer.is_none_or(|peer| peer == *id);
        let links: Vec<LinkId> =
            self.peers.connected().filter(|(_, peer)| fits(&peer.id)).map(|(link, _)| link).collect();
        let (code, message) = match peer {
            _ if !links.is_empty() => return Ok(links),
            Some(_) => (ErrorCode::NotFound, sentence!("not connected to this peer")),
            None => (ErrorCode::NoPeers, sentence!("nobody is connected who could refuse it")),
        };
        Err(RequestError::new(code, message))
    }
}
