//! What a node does for others, changed while it runs, and told to its peers.

use super::addresses::Addresses;
use super::{Delivery, Node};
use crate::contract::LinkId;
use crate::hash::BlockHash;
use crate::log::Line;
use crate::mempool::{AdmitError, EXPIRY, Mempool};
use crate::net::gossip::Gossip;
use crate::net::message::Message;
use crate::net::sync::Sync;
use crate::request::{ErrorCode, RequestError, Response};
use crate::sentence::sentence;
use crate::transaction::Transaction;
use crate::units::Timestamp;
use crate::view::{Event, PeerState, Role};
use std::collections::BTreeMap;
use std::sync::Arc;

impl Node {
    /// Takes another role: at once, with what is here.
    pub(super) fn set_role(&mut self, role: Role) -> Response {
        match (self.role, role) {
            (now, then) if now == then => {}
            (_, Role::Light) => self.become_light(),
            (Role::Light, _) => self.become_full(),
            _ => {}
        }
        if role != Role::Light {
            let threads = self.miner.threads().max(1);
            self.start_mining(if role == Role::Miner { threads } else { 0 });
        }
        Response::Done
    }

    /// Keeps the headers, and lets go of bodies, accounts and what waits; but for own transactions,
    /// which are told to peers until they are confirmed.
    fn become_light(&mut self) {
        self.start_mining(0);
        self.stop_attacks();
        for request in self.miner.stop() {
            self.reply(
                request,
                Err(RequestError::new(
                    ErrorCode::LightNode,
                    sentence!("this tab is a light node now, and does not mine"),
                )),
            );
        }
        let issuer = self.chain.params().issuer;
        let carried = std::mem::take(&mut self.carried);
        let waiting = self.mempool.iter().map(|waiting| (waiting.since, Arc::clone(&waiting.transaction)));
        let own = waiting.filter(|(_, one)| one.payer(issuer).is_some_and(|payer| self.is_wallets(&payer)));
        let own: Vec<(Timestamp, Arc<Transaction>)> = own.chain(carried).collect();
        self.start_anew(false);
        self.role = Role::Light;
        for (since, transaction) in own {
            self.keep_light_payment(transaction, since);
        }
        self.write(Line::info(
            "role-changed",
            sentence!("this tab is a light node from now on: it keeps headers only"),
        ));
    }

    /// Wants all bodies of the headers that are here. Own transactions that wait go into the mempool
    /// when the accounts are known.
    fn become_full(&mut self) {
        for request in self.light.take_askers() {
            self.reply(
                request,
                Err(RequestError::new(ErrorCode::Unproven, sentence!("this tab is no light node any more: ask again"))),
            );
        }
        self.carried = self.light.take_payments();
        self.start_anew(true);
        self.role = Role::Full;
        self.write(Line::info(
            "role-changed",
            sentence!("this tab is a full node from now on: it gets all blocks and checks them"),
        ));
    }

    /// Begins anew with the same headers and peers.
    fn start_anew(&mut self, bodies: bool) {
        self.chain = self.chain.rebuilt(bodies, bodies && self.storage.is_on());
        self.storage.chain_replaced();
        self.wallet.restart();
        self.loads.ready.clear();
        self.mempool = Mempool::default();
        self.index = BTreeMap::new();
        self.addresses = Addresses::above(self.chain.height());
        self.light = super::light::Light::default();
        self.gossip = Gossip::default();
        self.sync = Sync::default();
        self.relay = super::compact::Relay::default();
        self.verifying.clear();
        self.delivered = BTreeMap::<BlockHash, Delivery>::new();
        self.told_balances.clear();
        self.mesh.set_light(!bodies);
        for (_, peer) in self.peers.connected_mut() {
            peer.unchecked.clear();
            peer.checking = false;
            peer.asked_headers = None;
        }
        self.miner.tip_changed();
    }

    /// Lets own transactions wait that were sent before the accounts were known. One that does not go
    /// with the accounts yet is tried again for as long as a transaction may wait.
    pub(super) fn admit_carried(&mut self) {
        if self.carried.is_empty() || self.chain.missing_count() > 0 || !self.chain.keeps_bodies() {
            return;
        }
        for (since, transaction) in std::mem::take(&mut self.carried) {
            if self.index.contains_key(&transaction.id()) {
                continue;
            }
            match self.admit(&transaction) {
                Ok(()) | Err(AdmitError::Known | AdmitError::NonceUsed { .. }) => {}
                Err(problem @ AdmitError::Invalid(_)) => self.write_refused(&transaction, problem),
                Err(problem) if self.now.since(since) >= EXPIRY => self.write_refused(&transaction, problem),
                Err(_) => self.carried.push((since, transaction)),
            }
        }
    }

    fn write_refused(&mut self, transaction: &Transaction, problem: AdmitError) {
        let message = sentence!("a transaction of this wallet cannot wait: {problem}");
        self.write(Line::warning("transaction-refused", message).subject(transaction.id()));
    }

    /// Tells peers of the own role that know another one.
    pub(super) fn tell_role(&mut self) {
        let role = self.role;
        let unaware = self.peers.connected().filter(|(_, peer)| peer.told_role.is_some_and(|told| told != role));
        for link in unaware.map(|(link, _)| link).collect::<Vec<_>>() {
            self.send(link, &Message::Role(role));
            if let Some(peer) = self.peers.get_mut(link) {
                peer.told_role = Some(role);
            }
        }
    }

    /// A peer does something else for others from now on.
    pub(super) fn on_role(&mut self, link: LinkId, role: Role) {
        let Some(peer) = self.peers.get_mut(link) else { return };
        let was_light = peer.is_light();
        peer.role = Some(role);
        let id = peer.id;
        if peer.is_light() {
            peer.wants_push = false;
            // What it says of its chain from now on is nobody's finding.
            peer.asked_headers = None;
            self.mesh.role_known(&mut context!(self), link);
        } else if was_light {
            self.learn_claim(link);
            Gossip::introduce(&mut context!(self), link, self.mempool.iter().map(|waiting| waiting.id));
        }
        self.tell(Event::Peer { peer_id: id, state: Some(PeerState::Connected) });
    }
}
