//! Makes blocks on any block it made before, valid or with exactly one flaw, and remembers all of them.

use super::pool;
use super::state::{MOST, State, amount, subsidy};
use super::tree::{self, meets_target, next_rules};
use crate::block::{Block, BlockHeader};
use crate::chain::testing::key;
use crate::hash::{BlockHash, StateRoot};
use crate::keys::{Address, SecretKey, Signature};
use crate::params::ChainParams;
use crate::rules::{ApplicationRules, RuleViolation};
use crate::transaction::{Issue, Memo, Reward, Transaction, Transfer};
use crate::units::{Amount, CompactTarget, Height, Timestamp};
use proptest::sample::Index;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

/// People of a history; the first four own coins from the start, the last is the issuer where there is one.
pub(super) const PEOPLE: u8 = 8;
/// Who issues coins.
pub(super) const ISSUER: u8 = PEOPLE - 1;
/// A memo that the application's rule forbids.
const FORBIDDEN: &str = "forbidden";

/// Nonces tried for a block: a thousand times what any should need.
pub(super) const MAX_ATTEMPTS: u32 = 10_000_000;

/// A rule of an application: one memo is forbidden.
pub(super) struct NoForbiddenMemo;

impl ApplicationRules for NoForbiddenMemo {
    fn name(&self) -> &'static str {
        "no-forbidden-memo-1"
    }

    fn check(&self, transaction: &Transaction) -> Result<(), RuleViolation> {
        match transaction {
            Transaction::Transfer(transfer) if transfer.memo.as_str() == FORBIDDEN => {
                Err(RuleViolation { code: "forbidden", message: "this memo is forbidden" })
            }
            _ => Ok(()),
        }
    }
}

/// A transaction as a history asks for it; what it comes to depends on the accounts.
#[derive(Debug, Clone)]
pub(super) enum Plan {
    /// So many 256ths of a balance.
    Pay { from: u8, to: u8, part: u8, fee: u16, memo: bool },
    /// So many 256ths of the coins that may still be issued, if somebody issues any.
    Issue { to: u8, part: u8 },
    /// Any that was made before.
    Again(Index),
}

/// What is wrong with a transaction.
#[derive(Debug, Clone)]
pub(super) enum TransactionFlaw {
    ZeroAmount,
    SumAboveMost,
    ForbiddenMemo,
    NobodyIssues,
    WrongSignature,
    NonceUsed,
    NonceAhead(u8),
    Replayed(Index),
    Overspent,
    IssuedAboveMost,
}

/// The one rule that a block breaks.
#[derive(Debug, Clone)]
pub(super) enum Flaw {
    Version,
    Height,
    Target,
    Work,
    Time,
    TooLarge,
    Empty,
    NoReward,
    RewardHeight,
    SecondReward,
    Duplicate,
    RewardTooHigh,
    RewardTooLow,
    StateRoot,
    Transaction(u8, TransactionFlaw),
}

/// A block that was made.
#[derive(Debug)]
struct Made {
    block: Arc<Block>,
    /// After it, if it is valid.
    state: Option<Rc<State>>,
}

/// Everything that was made.
pub(super) struct Forge {
    params: ChainParams,
    genesis: BlockHash,
    keys: Vec<SecretKey>,
    pub(super) addresses: Vec<Address>,
    made: BTreeMap<BlockHash, Made>,
    /// Hashes in the order of making, genesis first.
    order: Vec<BlockHash>,
    transactions: Vec<Transaction>,
}

impl Forge {
    pub(super) fn new(params: ChainParams) -> Self {
        let keys: Vec<SecretKey> = (0..PEOPLE).map(key).collect();
        let state = State::genesis(&params);
        let block = Arc::new(params.genesis(state.root()));
        let genesis = block.header.hash();
        Self {
            addresses: keys.iter().map(|key| key.public_key().address()).collect(),
            made: BTreeMap::from([(genesis, Made { block, state: Some(Rc::new(state)) })]),
            order: vec![genesis],
            transactions: Vec::new(),
            params,
            genesis,
            keys,
        }
    }

    /// Hashes of all blocks in the order of making, genesis first.
    pub(super) fn order(&self) -> &[BlockHash] {
        &self.order
    }

    pub(super) fn block(&self, hash: &BlockHash) -> &Arc<Block> {
        &self.made[hash].block
    }

    /// A block and all before it, oldest first, without genesis.
    pub(super) fn path(&self, hash: &BlockHash) -> Vec<Arc<Block>> {
        let mut path = Vec::new();
        let mut hash = *hash;
        while hash != self.genesis {
            path.push(self.block(&hash).clone());
            hash = self.block(&hash).header.previous;
        }
        path.reverse();
        path
    }

    fn recent(&self, hash: &BlockHash) -> Vec<BlockHeader> {
        let path = self.path(hash);
        let recent = path.iter().rev().map(|block| block.header);
        recent.chain([self.block(&self.genesis).header]).take(11).collect()
    }

    /// Takes in a valid block that somebody else made on one of these.
    pub(super) fn adopt(&mut self, block: &Arc<Block>) {
        let before = self.made[&block.header.previous].state.clone().expect("it stands on a valid block");
        let state = before.after(&self.params, block).expect("the block is valid");
        self.keep(block.clone(), Some(Rc::new(state)));
    }

    fn keep(&mut self, block: Arc<Block>, state: Option<Rc<State>>) -> BlockHash {
        let hash = block.header.hash();
        if self.made.insert(hash, Made { block, state }).is_none() {
            self.order.push(hash);
        }
        hash
    }

    fn pay(&mut self, from: u8, to: u8, numbers: (u64, u64, u64), memo: &str) -> Transaction {
        let (grains, fee, nonce) = numbers;
        let key = &self.keys[usize::from(from)];
        let mut transfer = Transfer {
            from: key.public_key(),
            to: self.addresses[usize::from(to)],
            amount: amount(grains),
            fee: amount(fee),
            nonce,
            memo: Memo::new(memo).expect("short"),
            signature: Signature::NONE,
        };
        transfer.sign(key, self.genesis);
        let transaction = Transaction::Transfer(transfer);
        self.transactions.push(transaction.clone());
        transaction
    }

    fn issue(&mut self, to: u8, issued: Amount, nonce: u64) -> Transaction {
        let to = self.addresses[usize::from(to)];
        let mut issue = Issue { to, amount: issued, nonce, signature: Signature::NONE };
        issue.sign(&self.keys[usize::from(ISSUER)], self.genesis);
        let transaction = Transaction::Issue(issue);
        self.transactions.push(transaction.clone());
        transaction
    }

    fn again(&self, index: Index) -> Option<Transaction> {
        (!self.transactions.is_empty()).then(|| index.get(&self.transactions).clone())
    }

    /// A transaction that goes with a state, `ahead` nonces behind its payer's next.
    pub(super) fn transaction(&mut self, plan: &Plan, state: &State, ahead: u64) -> Option<Transaction> {
        match plan {
            Plan::Again(index) => self.again(*index),
            Plan::Issue { to, part } => {
                self.params.issuer?;
                let (_, nonce) = state.account(&self.addresses[usize::from(ISSUER)]);
                let grains = state.issuable(&self.params) / 256 * (u64::from(*part) + 1);
                Some(self.issue(*to, amount(grains), nonce + ahead))
            }
            Plan::Pay { from, to, part, fee, memo } => {
                let (balance, nonce) = state.account(&self.addresses[usize::from(*from)]);
                let fee = u64::from(*fee);
                let grains = (balance / 256 * (u64::from(*part) + 1)).checked_sub(fee).filter(|grains| *grains > 0)?;
                let memo = if *memo { "m".repeat(140) } else { String::new() };
                Some(self.pay(*from, *to, (grains, fee, nonce + ahead), &memo))
            }
        }
    }

    /// A transaction with one flaw, if the state has room for it.
    pub(super) fn flawed(&mut self, payer: u8, flaw: &TransactionFlaw, state: &State) -> Option<Transaction> {
        let mut people = (0..PEOPLE).map(|step| (payer + step) % PEOPLE);
        let rich = people.find(|person| state.account(&self.addresses[usize::from(*person)]).0 > 10_000)?;
        let (balance, nonce) = state.account(&self.addresses[usize::from(rich)]);
        let (_, issued) = state.account(&self.addresses[usize::from(ISSUER)]);
        let to = (rich + 1) % PEOPLE;
        match flaw {
            TransactionFlaw::ZeroAmount => Some(self.pay(rich, to, (0, 2_000, nonce), "")),
            TransactionFlaw::SumAboveMost => Some(self.pay(rich, to, (MOST, MOST, nonce), "")),
            TransactionFlaw::ForbiddenMemo => Some(self.pay(rich, to, (1_000, 2_000, nonce), FORBIDDEN)),
            TransactionFlaw::NobodyIssues if self.params.issuer.is_none() => {
                Some(self.issue(to, Amount::from_tab(1), issued))
            }
            TransactionFlaw::WrongSignature => {
                // Signed, but something else.
                let mut transaction = self.pay(rich, to, (1_000, 2_000, nonce), "");
                if let Transaction::Transfer(transfer) = &mut transaction {
                    transfer.amount = amount(1_001);
                }
                Some(transaction)
            }
            TransactionFlaw::NonceUsed => Some(self.pay(rich, to, (1_000, 2_000, nonce.checked_sub(1)?), "")),
            TransactionFlaw::NonceAhead(steps) => {
                Some(self.pay(rich, to, (1_000, 2_000, nonce + 1 + u64::from(*steps)), ""))
            }
            TransactionFlaw::Replayed(index) => {
                let known = |one: &Transaction| state.confirmed.contains(&one.id());
                self.again(*index).filter(known)
            }
            TransactionFlaw::Overspent => Some(self.pay(rich, to, (balance - 1_999, 2_000, nonce), "")),
            TransactionFlaw::IssuedAboveMost if self.params.issuer.is_some() => {
                let left = state.issuable(&self.params);
                Some(self.issue(to, amount(left + 1), issued))
            }
            TransactionFlaw::NobodyIssues | TransactionFlaw::IssuedAboveMost => None,
        }
    }

    /// Transactions of the plans that can be confirmed one after the other on this state.
    fn valid(&mut self, plans: &[Plan], state: &mut State) -> Vec<Transaction> {
        let mut taken = Vec::new();
        let mut room = self.params.max_block_bytes - 116 - 4 - 33;
        for plan in plans {
            let Some(transaction) = self.transaction(plan, state, 0) else { continue };
            let mut after = state.clone();
            let bytes = transaction.to_bytes().len();
            if pool::flaw(&self.params, &transaction).is_none()
                && state.check(&self.params, &transaction).is_ok()
                && after.transact(&self.params, &transaction).is_ok()
                && bytes <= room
            {
                room -= bytes;
                *state = after;
                taken.push(transaction);
            }
        }
        taken
    }

    /// A block on any that was made. Where a flaw finds nothing to spoil, the block is valid.
    pub(super) fn make(
        &mut self,
        on: &BlockHash,
        miner: u8,
        plans: &[Plan],
        pace: u16,
        flaw: Option<&Flaw>,
    ) -> BlockHash {
        let parent = self.block(on).header;
        let height = parent.height.next().expect("low");
        let before = self.made[on].state.clone();
        let mut state = before.as_deref().cloned().unwrap_or_default();
        // What is free at this height; an overflow makes every block on this one invalid.
        let mature = state.mature(&self.params, height.0);
        let mut others = if before.is_some() && mature.is_ok() { self.valid(plans, &mut state) } else { Vec::new() };
        self.spoil_transactions(&mut others, flaw, &mut state);
        let fees: u64 = others.iter().map(|transaction| transaction.fee().grains()).sum();
        let mut due = (subsidy(&self.params, height.0) + fees).min(MOST);
        let mut claimed = height;
        match flaw {
            Some(Flaw::RewardTooHigh) => due += 1,
            Some(Flaw::RewardTooLow) => due = due.saturating_sub(1),
            Some(Flaw::RewardHeight) => claimed = height.next().expect("low"),
            _ => {}
        }
        let reward = Transaction::Reward(Reward {
            height: claimed,
            to: self.addresses[usize::from(miner)],
            amount: amount(due),
        });
        let transactions = match flaw {
            Some(Flaw::Empty) => Vec::new(),
            Some(Flaw::NoReward) => others,
            Some(Flaw::SecondReward) => [vec![reward.clone()], others, vec![reward]].concat(),
            _ => [vec![reward], others].concat(),
        };
        let mut root = state.root();
        if matches!(flaw, Some(Flaw::StateRoot)) {
            root = StateRoot(root.0.map(|byte| !byte));
        }
        let header = BlockHeader { state_root: root, ..parent };
        let block = self.finish(&parent, Block { header, transactions }, pace, flaw);
        // A flaw may have found nothing to spoil.
        let unseen = matches!(flaw, Some(Flaw::Transaction(_, TransactionFlaw::WrongSignature)));
        let after = before.filter(|_| !unseen && tree::body_flaw(&self.params, &block).is_none());
        let after = after.map(|state| state.after(&self.params, &block));
        assert!(flaw.is_some() || mature.is_err() || !matches!(after, Some(Err(_))), "a block without a flaw is valid");
        self.keep(Arc::new(block), after.and_then(Result::ok).map(Rc::new))
    }

    fn spoil_transactions(&mut self, others: &mut Vec<Transaction>, flaw: Option<&Flaw>, state: &mut State) {
        match flaw {
            Some(Flaw::Transaction(payer, flaw)) => {
                if let Some(bad) = self.flawed(*payer, flaw, state) {
                    // As if the rule did not exist, so that nothing else is wrong with the block.
                    let _ = state.transact(&self.params, &bad);
                    others.push(bad);
                }
            }
            Some(Flaw::Duplicate) => others.extend(others.last().cloned()),
            Some(Flaw::TooLarge) => {
                let size = |others: &[Transaction]| others.iter().map(|one| one.to_bytes().len()).sum::<usize>();
                let payer = (0..PEOPLE).max_by_key(|person| state.account(&self.addresses[usize::from(*person)]).0);
                while size(others) <= self.params.max_block_bytes {
                    let plan = Plan::Pay { from: payer.unwrap_or(0), to: 0, part: 0, fee: 0, memo: true };
                    let Some(one) = self.transaction(&plan, state, 0) else { return };
                    state.transact(&self.params, &one).expect("it is affordable");
                    others.push(one);
                }
            }
            _ => {}
        }
    }

    /// Gives a block its header and its proof of work; the state root stays.
    fn finish(&self, parent: &BlockHeader, mut block: Block, pace: u16, flaw: Option<&Flaw>) -> Block {
        let (target, earliest) = next_rules(&self.params, &self.recent(&parent.hash()));
        let earliest = earliest[0].max(earliest[1]);
        let wanted = Timestamp::from_millis((parent.time.millis() + u64::from(pace)).saturating_sub(1_000));
        block.header = BlockHeader {
            version: 1,
            height: Height(parent.height.0 + 1),
            previous: parent.hash(),
            merkle_root: block.merkle_root(),
            state_root: block.header.state_root,
            time: wanted.max(earliest),
            target,
            nonce: 0,
        };
        match flaw {
            Some(Flaw::Version) => block.header.version = 2,
            Some(Flaw::Height) => block.header.height.0 += 1,
            // A little harder, so that the work is enough for the right one, too.
            Some(Flaw::Target) => block.header.target = CompactTarget(target.0 - 1),
            Some(Flaw::Time) => block.header.time = Timestamp::from_millis(earliest.millis() - 1),
            _ => {}
        }
        let wanted = !matches!(flaw, Some(Flaw::Work));
        while meets_target(&block.header) != wanted {
            block.header.nonce += 1;
            assert!(block.header.nonce < MAX_ATTEMPTS, "a history drove the difficulty up to {target}");
        }
        block
    }
}
