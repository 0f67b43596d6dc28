//! A light node: headers alone, and for everything else proofs from full peers.

mod asks;
mod following;
mod payments;
mod requests;
mod statement;
#[cfg(test)]
mod tests;
mod views;

use super::Node;
use crate::contract::LinkId;
use crate::hash::{BlockHash, TxId};
use crate::keys::Address;
use crate::log::Line;
use crate::net::offence::Offence;
use crate::net::peers::Peer;
use crate::net::proofs::Proved;
use crate::request::RequestId;
use crate::sentence::{counted, sentence};
use crate::transaction::Transaction;
use crate::units::{Height, Timestamp};
use crate::view::Event;
use asks::{Asks, Purpose};
use following::Followed;
use payments::Payments;
use requests::Asker;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// What a light node has beside its headers.
#[derive(Debug, Default)]
pub(super) struct Light {
    asks: Asks,
    /// The wallet's addresses, and others for as long as somebody waits for them.
    followed: BTreeMap<Address, Followed>,
    payments: Payments,
    /// When the tip moved last.
    tip_at: Timestamp,
    /// Who waits for the balance of an address.
    balances: Vec<Asker<Address>>,
    /// Who waits for a transaction, or its proof.
    lookups: Vec<Asker<TxId>>,
    /// Accounts that a restored wallet might have, and that are proved to be unused.
    unused: BTreeSet<Address>,
}

impl Light {
    /// Whether a peer owes this answer.
    pub(super) fn awaits(&self, link: LinkId, number: u64) -> bool {
        self.asks.awaits(link, number)
    }

    /// When the next round of questions is due, if that is later than now.
    pub(super) fn next_timeout(&self, tip: BlockHash, now: Timestamp) -> Option<Timestamp> {
        let due = self.followed.values().filter_map(|followed| followed.next_round(tip, self.tip_at));
        due.filter(|at| *at > now).min()
    }

    pub(super) fn woke(&mut self, slept: Duration) {
        self.asks.woke(slept);
    }

    /// Takes out the transactions that wait.
    pub(super) fn take_payments(&mut self) -> Vec<(Timestamp, Arc<Transaction>)> {
        self.payments.take()
    }

    /// Requests that nobody will answer any more.
    pub(super) fn take_askers(&mut self) -> Vec<RequestId> {
        let balances = std::mem::take(&mut self.balances).into_iter().map(|asker| asker.request);
        balances.chain(std::mem::take(&mut self.lookups).into_iter().map(|asker| asker.request)).collect()
    }
}

impl Node {
    /// Addresses whose accounts and transactions a light node follows.
    pub(super) fn wallet_addresses(&self) -> Vec<Address> {
        self.wallet.addresses().collect()
    }

    /// Accounts that a restored wallet might have, as long as it is not proved whether they are in use.
    fn accounts_ahead(&self) -> Vec<Address> {
        self.wallet.ahead().filter(|address| !self.light.unused.contains(address)).collect()
    }

    /// Whether peers are still asked which accounts a restored wallet has.
    pub(super) fn is_looking_ahead(&self) -> bool {
        !self.accounts_ahead().is_empty()
    }

    /// Whether an address has been used, as far as anything is proved of it.
    pub(super) fn light_used(&self, address: &Address) -> Option<bool> {
        let statement = &self.light.followed.get(address)?.statement;
        let account = statement.proven()?.account;
        Some(account.nonce > 0 || !account.balance.is_zero() || !statement.items().is_empty())
    }

    /// Looks after questions, answers and payments, if this is a light node.
    pub(super) fn look_after_light(&mut self) {
        if self.chain.keeps_bodies() {
            return;
        }
        for link in self.light.asks.late(&self.peers, self.now) {
            self.refuse(link, Offence::Stalled, None, sentence!("a proof that was asked for did not come in time"));
        }
        self.follow_addresses();
        self.begin_rounds();
        let tip = self.chain.tip();
        let chain = &self.chain;
        let has_tip = |peer: &Peer| peer.tip == tip || peer.blocks.contains(&tip) || chain.leads_to(&tip, &peer.shown);
        for wanted in self.light.asks.send(&mut context!(self), has_tip) {
            match wanted.purpose {
                Purpose::Account(address) | Purpose::Listing(address) => {
                    self.round_failed(address, wanted.purpose);
                }
                Purpose::Lookup(id) => self.not_found(id),
            }
        }
        self.announce_again();
        self.give_up_askers();
    }

    /// Follows the wallet's addresses, and others for as long as somebody waits for them.
    fn follow_addresses(&mut self) {
        let ahead: BTreeSet<Address> = self.wallet.ahead().collect();
        self.light.unused.retain(|address| ahead.contains(address));
        let mut own = self.wallet_addresses();
        own.extend(self.accounts_ahead());
        let wanted: Vec<Address> = self.light.balances.iter().map(|asker| asker.subject).collect();
        let left = |address: &Address| !own.contains(address) && !wanted.contains(address);
        let gone: Vec<Address> = self.light.followed.keys().filter(|address| left(address)).copied().collect();
        for address in gone {
            self.light.followed.remove(&address);
            self.light.asks.cancel(Purpose::Account(address));
            self.light.asks.cancel(Purpose::Listing(address));
        }
        for address in own.iter().chain(&wanted) {
            let whole = own.contains(address);
            let params = self.chain.params();
            let new = || Followed::new(statement::Statement::new(params, *address, whole));
            let followed = self.light.followed.entry(*address).or_insert_with(new);
            // Of an address that was asked for, and is the wallet's now, everything is listed from here on.
            if whole && !followed.statement.is_whole() {
                *followed = new();
            }
        }
    }

    /// New headers are here: the best of them is the tip of a light node. `by` is who sent them.
    pub(super) fn follow_headers(&mut self, by: Option<LinkId>) {
        let change = self.chain.follow_headers();
        let Some(first) = change.connected.first() else { return };
        if let Some(link) = by {
            self.peers.delivered_first(link, self.now);
        }
        if !change.reverted.is_empty() {
            let fork =
                self.chain.header(first).map_or(Height::GENESIS, |header| Height(header.height.0.saturating_sub(1)));
            let chain = &self.chain;
            for followed in self.light.followed.values_mut() {
                followed.reorganised(|hash| chain.is_best(hash), fork);
            }
            for address in self.wallet_addresses() {
                self.review_payments(address);
            }
        }
        self.light.tip_at = self.now;
        self.progress.count(change.connected.len() as u64);
        self.log_headers(&change.reverted, &change.connected);
        if let Some(header) = self.header_view(&self.chain.tip()) {
            self.tell(Event::Header { header, reverted: change.reverted, connected: change.connected });
        }
    }

    fn log_headers(&mut self, reverted: &[BlockHash], connected: &[BlockHash]) {
        let (tip, height) = (self.chain.tip(), self.chain.height());
        if !reverted.is_empty() {
            let message = sentence!(
                "another branch has more work: {reverted} taken back, {connected} connected",
                reverted = counted!(reverted.len(), "header"),
                connected = counted!(connected.len(), "header")
            );
            self.write(Line::warning("reorganisation", message).subject(tip));
        }
        let message = sentence!(
            "{count} joined the best chain, up to height {height}",
            count = counted!(connected.len(), "header")
        );
        self.write(Line::accepted("headers-connected", message).subject(tip));
    }

    /// What is proved of an address is new: tells who waits for it.
    fn statement_changed(&mut self, address: Address) {
        if self.wallet_addresses().contains(&address) {
            self.review_payments(address);
            self.warn_of_gaps(address);
            self.tell_balance();
        }
        self.look_ahead(address);
        self.answer_balances(address);
    }

    /// An account that a restored wallet might have is proved to be in use or not.
    fn look_ahead(&mut self, address: Address) {
        if !self.accounts_ahead().contains(&address) {
            return;
        }
        if self.light_used(&address) == Some(true) {
            self.wallet.discover(&[address]);
            self.wallet_changed();
        } else if self.light.followed.get(&address).is_some_and(|followed| followed.statement.is_complete()) {
            self.light.unused.insert(address);
            if !self.is_looking_ahead() {
                self.tell_wallet();
            }
        }
    }

    /// Says so once when no peer lists everything that moved the coins of the wallet.
    fn warn_of_gaps(&mut self, address: Address) {
        let Some(followed) = self.light.followed.get(&address) else { return };
        let missing = followed.statement.witnesses() >= following::WITNESSES && !followed.statement.is_complete();
        if missing && !self.gaps_warned {
            let message =
                sentence!("the peers that were asked leave out transactions of this wallet: others are asked");
            self.write(Line::warning("history-incomplete", message));
        }
        self.gaps_warned = missing;
    }

    /// A transaction was proved that somebody asked for.
    fn found(&mut self, id: TxId, proved: &Proved) {
        self.answer_lookups(id, Some(proved));
    }

    /// No peer proves it.
    fn not_found(&mut self, id: TxId) {
        self.answer_lookups(id, None);
    }

    /// Until when a request waits for proofs.
    fn patience(&self) -> Timestamp {
        self.now.after(requests::REQUEST_TIME)
    }
}
