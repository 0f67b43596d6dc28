//! Blocks on any block: real proof of work at a difficulty of nothing, good ones and bad ones, and
//! beside them a ledger of plain maps that says what each of them leads to.

use arbitrary::Arbitrary;
use node_core::block::{Block, BlockHeader};
use node_core::chain::accounts::{Account, Accounts};
use node_core::consensus::{difficulty, validation};
use node_core::hash::{BlockHash, StateRoot};
use node_core::keys::{Address, PublicKey, Signature};
use node_core::mining;
use node_core::params::{ChainParams, PUBLIC_ROOM, target_of_work};
use node_core::rules::{ApplicationRules, RuleViolation, Rules};
use node_core::transaction::{Issue, MAX_MEMO_BYTES, Memo, Reward, Transaction, Transfer};
use node_core::units::{Amount, Height, Timestamp, Work};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// Accounts that pay; all but the last own coins from the start.
pub(super) const PAYERS: u8 = 5;
/// Nonces tried for a block: a history that makes blocks harder than this ends there.
const MAX_ATTEMPTS: u32 = 4_096;
/// Most blocks of a history.
const MAX_BLOCKS: usize = 64;
/// Most payments of a recipe.
const MAX_PAYMENTS: usize = 8;

/// A key that nobody holds: what is tested here leaves signatures to others.
pub(super) fn key(index: u8) -> PublicKey {
    let mut bytes = [2; PublicKey::LENGTH];
    bytes[1] = index;
    PublicKey(bytes)
}

pub(super) fn address(index: u8) -> Address {
    key(index).address()
}

/// Parameters of a network, as far as they make a difference.
#[derive(Debug, Clone, Copy, Arbitrary)]
pub(super) struct Setting {
    prune_depth: u8,
    maturity: u8,
    half_life: u8,
    room: u8,
    issuer: bool,
    picky: bool,
    rich: bool,
}

impl Setting {
    /// The one network of the sessions of whole nodes.
    pub(super) const fn of_sessions() -> Self {
        Self { prune_depth: 3, maturity: 2, half_life: 20, room: 60, issuer: true, picky: false, rich: false }
    }

    pub(super) fn params(self) -> ChainParams {
        let mut params = ChainParams::named("dev", PUBLIC_ROOM).expect("the network is known");
        params.pow_limit = target_of_work(1);
        params.first_target = target_of_work(1).to_compact();
        params.half_life = Duration::from_secs(1 + u64::from(self.half_life % 40));
        params.prune_depth = u32::from(self.prune_depth % 8);
        params.reward_maturity = 1 + u32::from(self.maturity % 5);
        // From a block of one transfer up to one of many.
        params.max_block_bytes = 800 + 40 * usize::from(self.room);
        let own = if self.rich { Amount::from_tab(2_400_000_000) } else { Amount::from_tab(100) };
        params.allocation = (0..PAYERS - 1).map(|index| (address(index), own)).collect();
        params.issuer = self.issuer.then(|| key(0));
        if self.picky {
            params.rules = Rules::new(NoShouting);
        }
        params
    }
}

/// A rule of an application.
struct NoShouting;

impl ApplicationRules for NoShouting {
    fn name(&self) -> &'static str {
        "no-shouting-1"
    }

    fn check(&self, transaction: &Transaction) -> Result<(), RuleViolation> {
        match transaction {
            Transaction::Transfer(transfer) if transfer.memo.as_str().starts_with('M') => {
                Err(RuleViolation { code: "shouting", message: "a memo in capitals" })
            }
            _ => Ok(()),
        }
    }
}

/// A payment or an issue.
#[derive(Debug, Clone, Copy, Arbitrary)]
pub(super) struct Payment {
    payer: u8,
    to: u8,
    amount: u16,
    zeros: u8,
    fee: u16,
    memo: u8,
    /// What becomes of it is the business of whoever makes transactions of payments.
    pub(super) nonce: u8,
}

impl Payment {
    /// Who pays, if it is no issue.
    pub(super) fn payer(self) -> Option<u8> {
        let payer = self.payer % (PAYERS + 1);
        (payer < PAYERS).then_some(payer)
    }

    /// Account whose nonce counts.
    pub(super) fn account(self) -> Address {
        address(self.payer().unwrap_or(0))
    }

    pub(super) fn transaction(self, nonce: u64) -> Transaction {
        let zeros = u32::from(self.zeros % 16);
        let grains = u64::from(self.amount).saturating_mul(10_u64.pow(zeros));
        let amount = Amount::from_grains(grains).unwrap_or(Amount::MAX);
        let (to, signature) = (address(self.to % (PAYERS + 3)), Signature::NONE);
        let Some(payer) = self.payer() else { return Transaction::Issue(Issue { to, amount, nonce, signature }) };
        let letter = if self.memo.is_multiple_of(2) { "m" } else { "M" };
        let memo = Memo::new(&letter.repeat(usize::from(self.memo) % (MAX_MEMO_BYTES + 1)));
        let (memo, fee) = (memo.expect("within the bound"), Amount::from_grains(self.fee.into()).expect("small"));
        Transaction::Transfer(Transfer { from: key(payer), to, amount, fee, nonce, memo, signature })
    }
}

/// What is wrong with a block, beside what is wrong with the payments in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Arbitrary)]
pub(super) enum Fault {
    /// Payments that do not go with the accounts are in it all the same.
    Unfiltered,
    /// The miner takes so many grains more.
    Excess(u8),
    RewardHeight,
    NoReward,
    SecondReward,
    Repeated,
    StateRoot,
    /// The header commits to transactions that nobody has.
    MerkleRoot,
}

/// How to make a block on another one.
#[derive(Debug, Clone, Arbitrary)]
pub(super) struct Recipe {
    miner: u8,
    /// In quarters of a second, 4 s less.
    delay: u8,
    payments: Vec<Payment>,
    fault: Option<Fault>,
}

impl Recipe {
    /// A block of a reward alone, on time.
    pub(super) fn plain(miner: u8, delay: u8) -> Self {
        Self { miner, delay, payments: Vec::new(), fault: None }
    }
}

/// Accounts after a block, by plain maps.
#[derive(Debug, Clone, Default)]
pub(super) struct State {
    pub(super) accounts: BTreeMap<Address, Account>,
    pub(super) young: VecDeque<Reward>,
    /// Grains in existence.
    pub(super) coins: u128,
    /// What the issuer may still assign.
    pub(super) unissued: Amount,
}

impl State {
    fn genesis(params: &ChainParams) -> Self {
        let account = |balance: Amount| Account { balance, nonce: 0 };
        let accounts = params.allocation.iter().map(|(address, amount)| (*address, account(*amount))).collect();
        let coins = params.allocation.iter().map(|(_, amount)| u128::from(amount.grains())).sum();
        Self { accounts, young: VecDeque::new(), coins, unissued: params.issuable() }
    }

    pub(super) fn account(&self, address: &Address) -> Account {
        self.accounts.get(address).copied().unwrap_or_default()
    }

    /// Root over the accounts, from nothing.
    pub(super) fn root(&self) -> StateRoot {
        let mut accounts = Accounts::default();
        for (address, account) in &self.accounts {
            accounts.set(*address, Some(*account));
        }
        accounts.root()
    }

    fn credit(&mut self, to: Address, amount: Amount) -> Option<()> {
        let account = self.accounts.entry(to).or_default();
        account.balance = Amount::from_grains(account.balance.grains() + amount.grains()).ok()?;
        Some(())
    }

    /// One transaction that is no reward.
    fn pay(&mut self, params: &ChainParams, transaction: &Transaction) -> Option<()> {
        let (payer, cost) = match transaction {
            Transaction::Reward(_) => return None,
            Transaction::Issue(_) => (params.issuer?.address(), 0),
            Transaction::Transfer(transfer) => {
                (transfer.from.address(), transfer.amount.grains() + transfer.fee.grains())
            }
        };
        let account = self.accounts.entry(payer).or_default();
        if transaction.nonce() != account.nonce {
            return None;
        }
        account.nonce += 1;
        account.balance = Amount::from_grains(account.balance.grains().checked_sub(cost)?).ok()?;
        if matches!(transaction, Transaction::Issue(_)) {
            self.coins += u128::from(transaction.amount().grains());
            self.unissued = self.unissued.checked_sub(transaction.amount())?;
        }
        self.credit(transaction.recipient(), transaction.amount())
    }

    /// What the transactions of a block of this height lead to; `None` if they break a rule.
    fn after(&self, params: &ChainParams, height: Height, transactions: &[Transaction]) -> Option<Self> {
        let mut next = self.clone();
        let Some((Transaction::Reward(reward), others)) = transactions.split_first() else { return None };
        next.mature(params, height)?;
        for transaction in others {
            next.pay(params, transaction)?;
        }
        let fees: u64 = others.iter().map(|transaction| transaction.fee().grains()).sum();
        let due = params.subsidy_at(height).grains() + fees;
        if reward.amount.grains() != due || reward.height != height {
            return None;
        }
        next.coins += u128::from(params.subsidy_at(height).grains());
        next.young.push_back(reward.clone());
        Some(next)
    }

    /// The reward that is old enough at this height is free.
    fn mature(&mut self, params: &ChainParams, height: Height) -> Option<()> {
        match self.young.front() {
            Some(reward) if reward.height.0 + params.reward_maturity <= height.0 => {
                let reward = self.young.pop_front()?;
                self.credit(reward.to, reward.amount)
            }
            _ => Some(()),
        }
    }
}

/// A block that was made.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) hash: BlockHash,
    pub(super) block: Arc<Block>,
    /// The block before it; the first one's is itself.
    pub(super) parent: usize,
    pub(super) work: Work,
    /// Accounts after it; `None` if it is invalid, or stands on an invalid one.
    pub(super) state: Option<State>,
}

/// All blocks of a history, whether somebody has seen them or not.
#[derive(Debug)]
pub(super) struct World {
    pub(super) params: ChainParams,
    pub(super) made: Vec<Made>,
    places: BTreeMap<BlockHash, usize>,
}

impl World {
    pub(super) fn new(params: ChainParams) -> Self {
        let state = State::genesis(&params);
        let block = Arc::new(params.genesis(state.root()));
        let hash = block.header.hash();
        let genesis = Made { hash, block, parent: 0, work: Work::default(), state: Some(state) };
        Self { params, made: vec![genesis], places: BTreeMap::from([(hash, 0)]) }
    }

    /// The block that a small number stands for: 0 is the newest.
    pub(super) fn pick(&self, number: u8) -> usize {
        self.made.len() - 1 - usize::from(number) % self.made.len()
    }

    pub(super) fn place(&self, hash: &BlockHash) -> Option<usize> {
        self.places.get(hash).copied()
    }

    pub(super) fn height(&self, place: usize) -> u32 {
        self.made[place].block.header.height.0
    }

    /// A block and all before it.
    pub(super) fn line(&self, place: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(Some(place), |place| (*place != 0).then(|| self.made[*place].parent))
    }

    /// Headers that end in this block, as many as the rules look at.
    pub(super) fn recent(&self, place: usize) -> Vec<BlockHeader> {
        self.line(place).take(validation::MEDIAN_SPAN).map(|place| self.made[place].block.header).collect()
    }

    /// A block on another one; `None` if it would take too much work, or there are too many.
    pub(super) fn extend(&mut self, parent: usize, recipe: &Recipe) -> Option<usize> {
        if self.made.len() > MAX_BLOCKS {
            return None;
        }
        let header = self.made[parent].block.header;
        let height = header.height.next()?;
        let filtered = recipe.fault != Some(Fault::Unfiltered);
        let mut transactions = self.transactions(parent, height, &recipe.payments, filtered);
        let fees: u64 = transactions.iter().map(|transaction| transaction.fee().grains()).sum();
        let mut reward = self.params.subsidy_at(height).grains() + fees;
        let mut reward_height = height;
        match recipe.fault {
            Some(Fault::Excess(grains)) => reward += u64::from(grains),
            Some(Fault::RewardHeight) => reward_height = header.height,
            Some(Fault::Repeated) => transactions.extend(transactions.last().cloned()),
            _ => {}
        }
        let amount = Amount::from_grains(reward).ok()?;
        let reward =
            Transaction::Reward(Reward { height: reward_height, to: address(recipe.miner % (PAYERS + 2)), amount });
        match recipe.fault {
            Some(Fault::NoReward) => {}
            Some(Fault::SecondReward) => transactions.splice(0..0, [reward.clone(), reward]).for_each(drop),
            _ => transactions.insert(0, reward),
        }
        let state = self.made[parent].state.as_ref();
        let state_root = match state.and_then(|state| state.after(&self.params, height, &transactions)) {
            Some(state) if recipe.fault != Some(Fault::StateRoot) => state.root(),
            _ => StateRoot([9; 32]),
        };
        let mut block = Block { header: BlockHeader { state_root, ..header }, transactions };
        block.header.merkle_root = block.merkle_root();
        if recipe.fault == Some(Fault::MerkleRoot) {
            block.header.merkle_root.0[0] ^= 1;
        }
        let after = (i64::from(recipe.delay) - 16) * 250;
        let time = header.time.millis().checked_add_signed(after)?;
        self.finish(parent, block, Timestamp::from_millis(time))
    }

    /// Transactions of payments on a block; filtered, those that go with the accounts.
    fn transactions(&self, parent: usize, height: Height, payments: &[Payment], filtered: bool) -> Vec<Transaction> {
        let mut state = self.made[parent].state.clone().unwrap_or_default();
        // An overflow of the reward that is free now makes the block invalid, whatever is in it.
        let _ = state.mature(&self.params, height);
        let mut transactions = Vec::new();
        for payment in payments.iter().take(MAX_PAYMENTS) {
            let nonce = state.account(&payment.account()).nonce;
            if !filtered {
                transactions.push(payment.transaction(nonce.saturating_add(u64::from(payment.nonce % 3))));
                continue;
            }
            let transaction = payment.transaction(nonce);
            let mut next = state.clone();
            if validation::check_transaction(&self.params, &transaction).is_ok()
                && next.pay(&self.params, &transaction).is_some()
            {
                state = next;
                transactions.push(transaction);
            }
        }
        transactions
    }

    /// Gives a block its place and its proof of work.
    fn finish(&mut self, parent: usize, mut block: Block, time: Timestamp) -> Option<usize> {
        let recent = self.recent(parent);
        let recent: Vec<&BlockHeader> = recent.iter().collect();
        let earliest = validation::earliest_time(&self.params, &recent);
        block.header = BlockHeader {
            version: BlockHeader::VERSION,
            height: recent[0].height.next()?,
            previous: self.made[parent].hash,
            time: time.max(earliest),
            target: difficulty::next_target(&self.params, &recent),
            nonce: 0,
            ..block.header
        };
        block.header = mining::search(block.header, MAX_ATTEMPTS)?;
        Some(self.adopt(Arc::new(block)))
    }

    /// Takes in a block whose header is valid; gives its place.
    pub(super) fn adopt(&mut self, block: Arc<Block>) -> usize {
        let hash = block.header.hash();
        if let Some(known) = self.place(&hash) {
            return known;
        }
        let parent = self.place(&block.header.previous).expect("made on one of these");
        let own = block.header.target.expand().expect("a target of ours").work();
        let sound = validation::check_body(&self.params, &block).is_ok();
        let before = self.made[parent].state.as_ref().filter(|_| sound);
        let state = before.and_then(|state| state.after(&self.params, block.header.height, &block.transactions));
        let state = state.filter(|state| state.root() == block.header.state_root);
        let work = self.made[parent].work.plus(own);
        self.made.push(Made { hash, block, parent, work, state });
        let place = self.made.len() - 1;
        self.places.insert(hash, place);
        place
    }
}
