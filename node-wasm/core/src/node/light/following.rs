//! A light node follows addresses: at each new tip it asks for their accounts and for what is new,
//! checks every answer against its headers, and asks others when something is missing.

use super::super::Node;
use super::asks::{Purpose, Wanted};
use super::statement::{Proven, Statement};
use crate::chain::accounts::Account;
use crate::chain::tree::MAX_REWIND;
use crate::contract::LinkId;
use crate::hash::{BlockHash, TxId};
use crate::keys::Address;
use crate::light;
use crate::net::offence::Offence;
use crate::net::proofs::{Answer, FalseAnswer, Place, Proved, Question, check_listing};
use crate::sentence::Say;
use crate::units::{Height, Timestamp};
use std::collections::BTreeSet;
use std::time::Duration;
use tracker_protocol::PeerId;

/// Peers that are asked for the transactions of an address at each tip: what one leaves out, another
/// one shows.
pub(super) const WITNESSES: usize = 2;
/// Time between two rounds of questions at least: blocks that come faster share one.
const ROUND_GAP: Duration = Duration::from_millis(500);
/// Time from a new tip to questions about it: most peers have shown by then that they have it, so
/// that all take their turns and not the fastest alone.
const SETTLE_TIME: Duration = Duration::from_millis(250);
/// Time after which a round that has not come to an end makes room for another.
const ROUND_TIME: Duration = Duration::from_secs(30);
/// Time to the next round where something is missing and no block comes.
const RETRY_TIME: Duration = Duration::from_secs(5);

/// Questions about one address at one block.
#[derive(Debug)]
struct Round {
    block: BlockHash,
    height: Height,
    account: Option<Account>,
    witnesses: BTreeSet<PeerId>,
}

impl Round {
    /// Whether it has brought the account and a list of transactions.
    fn is_concluded(&self) -> bool {
        self.account.is_some() && !self.witnesses.is_empty()
    }
}

/// An address that is followed.
#[derive(Debug)]
pub(super) struct Followed {
    pub(super) statement: Statement,
    round: Option<Round>,
    /// Up to here the transactions are listed.
    listed: Height,
    /// How far below the tip to ask, because nobody could answer at the tip.
    depth: u32,
    /// The tip of the last round, and when it began.
    last: Option<(BlockHash, Timestamp)>,
}

impl Followed {
    pub(super) fn new(statement: Statement) -> Self {
        Self { statement, round: None, listed: Height::GENESIS, depth: 0, last: None }
    }

    /// Headers changed the best chain, which is the same up to this height.
    pub(super) fn reorganised(&mut self, is_best: impl Fn(&BlockHash) -> bool, fork: Height) {
        self.statement.retain(is_best);
        self.listed = self.listed.min(fork);
    }

    /// When a round about a new tip is due, which has been there since a time.
    pub(super) fn next_round(&self, tip: BlockHash, tip_at: Timestamp) -> Option<Timestamp> {
        match self.last {
            None => Some(tip_at.after(SETTLE_TIME)),
            Some((last, began)) if last != tip => Some(tip_at.after(SETTLE_TIME).max(began.after(ROUND_GAP))),
            Some(_) => None,
        }
    }

    /// Whether a new round is due at a tip.
    fn is_due(&self, tip: BlockHash, tip_at: Timestamp, now: Timestamp) -> bool {
        if let Some(due) = self.next_round(tip, tip_at) {
            return due <= now;
        }
        let Some((_, began)) = self.last else { return false };
        let since = now.since(began);
        let wait = match &self.round {
            None => ROUND_GAP,
            Some(round) if round.is_concluded() => RETRY_TIME,
            Some(_) => ROUND_TIME,
        };
        let proved = self.statement.proven().is_some_and(|proven| proven.block == tip);
        since >= wait && !(proved && (self.statement.is_complete() || !self.statement.is_whole()))
    }
}

impl Node {
    /// Begins the rounds that are due.
    pub(super) fn begin_rounds(&mut self) {
        if super::asks::full_peers(&self.peers).next().is_none() {
            return;
        }
        let (tip, tip_at, now) = (self.chain.tip(), self.light.tip_at, self.now);
        let due = |(address, followed): (&Address, &Followed)| followed.is_due(tip, tip_at, now).then_some(*address);
        let due: Vec<Address> = self.light.followed.iter().filter_map(due).collect();
        for address in due {
            self.begin_round(address);
        }
    }

    fn begin_round(&mut self, address: Address) {
        let (tip, now, maturity) = (self.chain.tip(), self.now, self.chain.params().reward_maturity);
        let Some(followed) = self.light.followed.get_mut(&address) else { return };
        if followed.last.is_none_or(|(last, _)| last != tip) {
            followed.depth = 0;
        }
        let height = Height(self.chain.height().0.saturating_sub(followed.depth));
        let Some(block) = self.chain.hash_at(height) else { return };
        let whole = followed.statement.is_whole();
        let first = match () {
            () if !whole => Height(height.0.saturating_sub(maturity)),
            () if followed.statement.is_complete() => followed.listed,
            // Something is missing: from the beginning, from others.
            () => Height::GENESIS,
        };
        followed.last = Some((tip, now));
        followed.round = Some(Round { block, height, account: None, witnesses: BTreeSet::new() });
        for purpose in [Purpose::Account(address), Purpose::Listing(address)] {
            self.light.asks.cancel(purpose);
        }
        self.light.asks.add(Wanted::new(Purpose::Account(address), Question::Account { block, address }, now));
        let from = Place::block(Height(first.0.saturating_add(1)));
        for _ in 0..WITNESSES {
            let question = Question::Transactions { block, address, from };
            self.light.asks.add(Wanted::new(Purpose::Listing(address), question, now));
        }
    }

    /// A peer answered a question.
    pub(in crate::node) fn on_answer(&mut self, link: LinkId, number: u64, answer: Answer) {
        // What comes too late was asked of another.
        let Some(wanted) = self.light.asks.answered(link, number) else { return };
        let result = match (wanted.question, answer) {
            (_, Answer::NotHere) => {
                self.light.asks.add(wanted.elsewhere(link));
                Ok(())
            }
            (Question::Account { block, address }, Answer::Account(proof)) => {
                let checked = light::check_account(|hash| self.chain.header(hash), block, &address, &proof);
                checked.map_err(FalseAnswer::from).map(|account| self.take_account(block, address, account))
            }
            (Question::Transactions { block, address, from }, Answer::Transactions { items, next, .. }) => {
                self.take_listing(link, wanted, (block, address, from), items, next)
            }
            (Question::Transaction { id }, Answer::Transaction(proved)) => {
                self.take_inclusion(link, wanted, id, *proved)
            }
            _ => Err(FalseAnswer::Kind),
        };
        if let Err(lie) = result {
            self.refuse(link, Offence::FalseProof, None, lie.say());
        }
    }

    fn take_account(&mut self, block: BlockHash, address: Address, account: Option<Account>) {
        if let Some(followed) = self.light.followed.get_mut(&address)
            && let Some(round) = followed.round.as_mut().filter(|round| round.block == block)
        {
            round.account = Some(account.unwrap_or_default());
            self.conclude(address);
        }
    }

    fn take_listing(
        &mut self,
        link: LinkId,
        wanted: Wanted,
        (block, address, from): (BlockHash, Address, Place),
        items: Vec<Proved>,
        next: Option<Place>,
    ) -> Result<(), FalseAnswer> {
        if self.chain.header(&block).is_none() {
            // Its branch was given up meanwhile.
            return Ok(());
        }
        let ancestor = |hash: &BlockHash| self.chain.header(hash).filter(|_| self.chain.leads_to(hash, &block));
        let places = check_listing(ancestor, &address, self.chain.params().issuer, from, &items)?;
        // Each part goes on behind what it showed, so that no list is without end.
        if next.is_some_and(|next| places.last().is_none_or(|last| next <= *last)) {
            return Err(FalseAnswer::Place);
        }
        let Some(peer) = self.peers.get(link).map(|peer| peer.id) else { return Ok(()) };
        let Some(followed) = self.light.followed.get_mut(&address) else { return Ok(()) };
        for (place, item) in places.into_iter().zip(items) {
            if self.chain.is_best(&item.block) {
                followed.statement.add(place, item.block, item.transaction);
            }
        }
        if let Some(next) = next {
            let question = Question::Transactions { block, address, from: next };
            self.light.asks.add(wanted.continued(link, question));
            return Ok(());
        }
        if let Some(round) = followed.round.as_mut().filter(|round| round.block == block) {
            round.witnesses.insert(peer);
            self.light.asks.pass_over(Purpose::Listing(address), link);
            self.conclude(address);
        }
        Ok(())
    }

    /// Takes what a round found, once there is the account and a list of transactions.
    fn conclude(&mut self, address: Address) {
        let Some(followed) = self.light.followed.get_mut(&address) else { return };
        let Some(round) = &followed.round else { return };
        let Some(account) = round.account.filter(|_| !round.witnesses.is_empty()) else { return };
        if !self.chain.is_best(&round.block) {
            return;
        }
        let proven = Proven { block: round.block, height: round.height, account };
        (followed.listed, followed.depth) = (round.height, 0);
        followed.statement.prove(proven, round.witnesses.clone());
        self.statement_changed(address);
    }

    /// No full peer could answer: one block deeper next time, as far as accounts can be proved.
    pub(super) fn round_failed(&mut self, address: Address, purpose: Purpose) {
        let Some(followed) = self.light.followed.get_mut(&address) else { return };
        let Some(round) = &followed.round else { return };
        let answered = match purpose {
            Purpose::Account(_) => round.account.is_some(),
            // A second list that nobody can give is no failure.
            _ => !round.witnesses.is_empty() || self.light.asks.is_asked(purpose),
        };
        if !answered {
            followed.depth = (followed.depth + 1) % (MAX_REWIND + 1);
            followed.round = None;
        }
    }

    fn take_inclusion(&mut self, link: LinkId, wanted: Wanted, id: TxId, proved: Proved) -> Result<(), FalseAnswer> {
        if proved.transaction.id() != id {
            return Err(FalseAnswer::Unasked);
        }
        if self.chain.header(&proved.block).is_none() || !self.chain.is_best(&proved.block) {
            // Its chain may be another one.
            self.light.asks.add(wanted.elsewhere(link));
            return Ok(());
        }
        light::check_transaction(|hash| self.chain.header(hash), proved.block, &proved.transaction, &proved.proof)
            .map_err(FalseAnswer::from)?;
        self.found(id, &proved);
        Ok(())
    }
}
