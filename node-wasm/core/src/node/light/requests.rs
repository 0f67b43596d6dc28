//! What a user asks of a light node: answered from what is proved, by asking peers, or with the word
//! that a light node does not have it.

use super::super::Node;
use super::super::requests::Answer;
use super::asks::{Purpose, Wanted, full_peers};
use crate::hash::TxId;
use crate::keys::Address;
use crate::net::proofs::{Proved, Question};
use crate::request::{ErrorCode, Request, RequestError, RequestId, Response};
use crate::sentence::{Sentence, sentence};
use crate::units::Timestamp;
use crate::view::Balance;
use std::time::Duration;

/// Time that a request waits for proofs: two peers may let theirs pass.
pub(super) const REQUEST_TIME: Duration = Duration::from_secs(25);
/// Requests that wait for proofs at most.
const MAX_ASKERS: usize = 64;

/// Somebody who waits for something.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asker<T> {
    pub(super) request: RequestId,
    pub(super) subject: T,
    until: Timestamp,
    /// Whether the proof itself is wanted, not what it proves.
    proof: bool,
}

impl Node {
    /// Takes a request of a light node's user. Gives it back if it is answered as by any other node.
    pub(in crate::node) fn on_light_request(&mut self, id: RequestId, request: Request) -> Option<Request> {
        let answer = match request {
            Request::Blocks { .. }
            | Request::Block { .. }
            | Request::Forks
            | Request::ChainPart { .. }
            | Request::Import(_) => Some(lacking(sentence!("blocks"))),
            Request::Mempool { .. } => Some(lacking(sentence!("the transactions of others that wait"))),
            Request::MinerStart { .. } | Request::MinerMine | Request::MinerWish { .. } | Request::Template { .. } => {
                Some(Err(RequestError::new(
                    ErrorCode::LightNode,
                    sentence!("a light node cannot mine: it does not know the accounts"),
                )))
            }
            Request::History { address, from, limit } => {
                let (from, limit) = (super::super::requests::skip(from), super::super::requests::page(limit));
                let address = self.own_address(address.as_deref());
                Some(address.map(|address| Response::History(self.light_history(&address, from, limit))))
            }
            Request::Balance { address } => self.ask_balance(id, address.as_deref()),
            Request::Transaction { id: text } => self.ask_lookup(id, &text, false),
            Request::Proof { id: text } => self.ask_lookup(id, &text, true),
            other => return Some(other),
        };
        if let Some(answer) = answer {
            self.reply(id, answer);
        }
        None
    }

    /// The wallet's balance as far as it is proved.
    pub(in crate::node) fn own_light_balance(&self) -> Result<Balance, RequestError> {
        self.light_balance(&self.wallet.address()).ok_or_else(|| self.unproven())
    }

    pub(in crate::node) fn unproven(&self) -> RequestError {
        if full_peers(&self.peers).next().is_none() {
            return RequestError::new(ErrorCode::NoPeers, sentence!("no full node is connected that could prove it"));
        }
        RequestError::new(ErrorCode::Unproven, sentence!("no peer has proved it yet"))
    }

    fn ask_balance(&mut self, request: RequestId, address: Option<&str>) -> Option<Answer> {
        let address = match address.map(|text| self.address_from(text)).transpose() {
            Ok(address) => address.unwrap_or_else(|| self.wallet.address()),
            Err(problem) => return Some(Err(problem)),
        };
        if self.is_wallets(&address) {
            return Some(self.light_balance(&address).map(Response::Balance).ok_or_else(|| self.unproven()));
        }
        match self.may_wait() {
            Ok(until) => {
                self.light.balances.push(Asker { request, subject: address, until, proof: false });
                None
            }
            Err(problem) => Some(Err(problem)),
        }
    }

    fn ask_lookup(&mut self, request: RequestId, id: &str, proof: bool) -> Option<Answer> {
        let id: TxId = match id.parse() {
            Ok(id) => id,
            Err(problem) => return Some(Err(RequestError::new(ErrorCode::BadRequest, problem))),
        };
        if !proof && let Some(view) = self.light_transaction(&id) {
            return Some(Ok(Response::Transaction(Box::new(view))));
        }
        match self.may_wait() {
            Ok(until) => {
                self.light.lookups.push(Asker { request, subject: id, until, proof });
                if !self.light.asks.is_asked(Purpose::Lookup(id)) {
                    self.light.asks.add(Wanted::new(Purpose::Lookup(id), Question::Transaction { id }, self.now));
                }
                None
            }
            Err(problem) => Some(Err(problem)),
        }
    }

    /// Until when a new request may wait; an error if there is nobody to ask, or no place.
    fn may_wait(&self) -> Result<Timestamp, RequestError> {
        if full_peers(&self.peers).next().is_none() {
            return Err(self.unproven());
        }
        if self.light.balances.len() + self.light.lookups.len() >= MAX_ASKERS {
            return Err(RequestError::new(ErrorCode::BadRequest, sentence!("too many requests wait for proofs")));
        }
        Ok(self.patience())
    }

    pub(super) fn answer_balances(&mut self, address: Address) {
        let Some(balance) = self.light_balance(&address) else { return };
        for asker in take(&mut self.light.balances, |asker| asker.subject == address) {
            self.reply(asker.request, Ok(Response::Balance(balance.clone())));
        }
    }

    pub(super) fn answer_lookups(&mut self, id: TxId, proved: Option<&Proved>) {
        self.light.asks.cancel(Purpose::Lookup(id));
        for asker in take(&mut self.light.lookups, |asker| asker.subject == id) {
            let answer = match proved {
                Some(proved) if asker.proof => self.proof_view(proved).map(|view| Response::Proof(Box::new(view))),
                Some(proved) => {
                    let view = self.view_in(&proved.transaction, Some(proved.block));
                    Some(Response::Transaction(Box::new(view)))
                }
                None => None,
            };
            let missing = || {
                let message = sentence!(
                    "no peer that was asked proves that a block holds this transaction; whether it waits, a light node does not know"
                );
                RequestError::new(ErrorCode::NotFound, message)
            };
            self.reply(asker.request, answer.ok_or_else(missing));
        }
    }

    /// Answers whoever waited too long.
    pub(super) fn give_up_askers(&mut self) {
        let now = self.now;
        let balances = take(&mut self.light.balances, |asker| asker.until <= now);
        let lookups = take(&mut self.light.lookups, |asker| asker.until <= now);
        for asker in &lookups {
            if !self.light.lookups.iter().any(|other| other.subject == asker.subject) {
                self.light.asks.cancel(Purpose::Lookup(asker.subject));
            }
        }
        let late = balances.iter().map(|asker| asker.request).chain(lookups.iter().map(|asker| asker.request));
        for request in late.collect::<Vec<_>>() {
            self.reply(request, Err(RequestError::new(ErrorCode::Unproven, sentence!("no peer proved it in time"))));
        }
    }
}

/// Takes out of a list what meets a condition.
fn take<T>(list: &mut Vec<T>, is_meant: impl Fn(&T) -> bool) -> Vec<T> {
    let (taken, kept) = std::mem::take(list).into_iter().partition(is_meant);
    *list = kept;
    taken
}

fn lacking(what: Sentence) -> Answer {
    Err(RequestError::new(ErrorCode::LightNode, sentence!("this tab is a light node: it has headers, and not {what}")))
}
