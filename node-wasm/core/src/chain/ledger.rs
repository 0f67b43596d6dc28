//! The accounts after the tip, and the rewards on their way to them. Applying a block and taking
//! it back are exact inverses; a block is applied whole or not at all.

use crate::block::Block;
use crate::chain::accounts::{Account, AccountProof, Accounts};
use crate::consensus::validation;
use crate::hash::{StateRoot, TxId};
use crate::keys::Address;
use crate::params::ChainParams;
use crate::sentence::Say;
use crate::transaction::{Reward, Transaction};
use crate::units::{Amount, Height};
use borsh::{BorshDeserialize, BorshSerialize};
use std::collections::{BTreeMap, VecDeque};

/// Why a block or transaction does not go with the accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, Say)]
pub enum LedgerError {
    /// Not the number that the account's next transaction has.
    #[error("transaction {id} has nonce {found} where {expected} is next")]
    Nonce {
        /// The transaction.
        id: TxId,
        /// Of the transaction.
        found: u64,
        /// Of the account.
        expected: u64,
    },
    /// The account does not hold amount and fee.
    #[error("transaction {id} spends {needed} TAB of {available}")]
    InsufficientFunds {
        /// The transaction.
        id: TxId,
        /// Amount and fee.
        needed: Amount,
        /// What the account has.
        available: Amount,
    },
    /// A sum is above the greatest amount.
    #[error("a sum is above all coins that can exist")]
    Overflow,
    /// The miner assigned itself something else than subsidy and fees.
    #[error("the reward is {found} TAB instead of {expected}")]
    Reward {
        /// Claimed.
        found: Amount,
        /// Subsidy and fees.
        expected: Amount,
    },
    /// The header commits to other accounts.
    #[error("the header commits to other accounts than those after the block")]
    StateRoot,
    /// The block is not made for this place, or has no reward. Checked earlier for every block
    /// that comes from outside.
    #[error("the block does not belong here")]
    Misplaced,
}

/// What takes a block back, and what brings it on again without a look at its transactions.
#[derive(Debug, Clone, PartialEq, Eq, Default, BorshSerialize, BorshDeserialize)]
pub struct Undo {
    /// Accounts as they were before and as they are after, each once.
    changed: Vec<(Address, Option<Account>, Account)>,
    /// The reward that the block made free.
    matured: Option<Reward>,
    /// The reward of the block itself; none of the genesis block.
    reward: Option<Reward>,
    /// What the issuer could assign before, and after.
    unissued: (Amount, Amount),
}

/// Accounts and young rewards after a block, as they are stored.
#[derive(Debug, Clone, PartialEq, Eq, Default, BorshSerialize, BorshDeserialize)]
pub struct LedgerState {
    /// Every account, in the order of addresses.
    pub accounts: Vec<(Address, Account)>,
    /// Rewards that are not free yet, oldest first.
    pub immature: Vec<Reward>,
    /// Coins that the issuer may still assign.
    pub unissued: Amount,
}

impl Undo {
    /// Accounts that the block changed.
    pub fn accounts(&self) -> usize {
        self.changed.len()
    }
}

/// Accounts and young rewards after the tip.
#[derive(Debug, Default)]
pub struct Ledger {
    accounts: Accounts,
    /// Rewards that are not free yet, oldest first; at most `reward_maturity` of them.
    immature: VecDeque<Reward>,
    /// Coins that the issuer may still assign.
    unissued: Amount,
}

impl Ledger {
    /// The ledger of the genesis block.
    pub fn genesis(params: &ChainParams) -> Self {
        let mut ledger = Self { unissued: params.issuable(), ..Self::default() };
        for (address, balance) in &params.allocation {
            ledger.accounts.set(*address, Some(Account { balance: *balance, nonce: 0 }));
        }
        ledger
    }

    /// An account; an empty one for an address that was never paid.
    pub fn account(&self, address: &Address) -> Account {
        self.accounts.get(address).unwrap_or_default()
    }

    /// Rewards of an address that are not free yet.
    pub fn immature(&self, address: &Address) -> Amount {
        let own = self.immature.iter().filter(|reward| reward.to == *address);
        own.fold(Amount::ZERO, |sum, reward| sum.checked_add(reward.amount).unwrap_or(Amount::MAX))
    }

    /// Coins that the issuer may still assign.
    pub fn unissued(&self) -> Amount {
        self.unissued
    }

    /// Root over the accounts.
    pub fn state_root(&mut self) -> StateRoot {
        self.accounts.root()
    }

    /// Proof of what the state root says about an address, whether it has an account or not.
    pub fn prove(&mut self, address: &Address) -> AccountProof {
        self.accounts.prove(address)
    }

    /// The same as it was before blocks that can be taken back by these, the newest first. Nothing changes.
    pub fn prove_before(&mut self, undos: &[Undo], address: &Address) -> AccountProof {
        let changed = undos.iter().flat_map(|undo| &undo.changed);
        let later: Vec<_> = changed.map(|(place, before, _)| (*place, self.accounts.set(*place, *before))).collect();
        let proof = self.accounts.prove(address);
        for (place, account) in later.into_iter().rev() {
            self.accounts.set(place, account);
        }
        proof
    }

    /// All coins in existence: on accounts and in young rewards. `None` if they overflow, which
    /// no valid chain reaches.
    pub fn total(&self) -> Option<Amount> {
        let balances = self.accounts.iter().map(|(_, account)| account.balance);
        let young = self.immature.iter().map(|reward| reward.amount);
        balances.chain(young).try_fold(Amount::ZERO, Amount::checked_add)
    }

    /// Every account.
    pub fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    /// Applies a block whose header and body were checked; on an error nothing has changed.
    pub fn apply(&mut self, params: &ChainParams, block: &Block) -> Result<Undo, LedgerError> {
        let undo = self.apply_transactions(params, block.header.height, &block.transactions)?;
        if self.state_root() != block.header.state_root {
            self.revert(undo);
            return Err(LedgerError::StateRoot);
        }
        Ok(undo)
    }

    /// Root after transactions that would make the block of this height; nothing changes.
    pub fn preview(
        &mut self,
        params: &ChainParams,
        height: Height,
        transactions: &[Transaction],
    ) -> Result<StateRoot, LedgerError> {
        let undo = self.apply_transactions(params, height, transactions)?;
        let root = self.state_root();
        self.revert(undo);
        Ok(root)
    }

    /// Takes back the block that was applied last.
    pub fn revert(&mut self, undo: Undo) {
        if undo.reward.is_some() {
            self.immature.pop_back();
        }
        self.unissued = undo.unissued.0;
        for (address, account, _) in undo.changed {
            self.accounts.set(address, account);
        }
        if let Some(reward) = undo.matured {
            self.immature.push_front(reward);
        }
    }

    /// Brings on again, without a check, a block that was applied to these accounts before.
    pub fn redo(&mut self, undo: &Undo) {
        for (address, _, account) in &undo.changed {
            self.accounts.set(*address, Some(*account));
        }
        if undo.matured.is_some() {
            self.immature.pop_front();
        }
        self.immature.extend(undo.reward.clone());
        self.unissued = undo.unissued.1;
    }

    /// Everything, to be stored.
    pub fn state(&self) -> LedgerState {
        LedgerState {
            accounts: self.accounts.iter().collect(),
            immature: self.immature.iter().cloned().collect(),
            unissued: self.unissued,
        }
    }

    /// A ledger that was stored. Whether it is the right one, its state root tells.
    pub fn restore(state: LedgerState) -> Self {
        let mut ledger = Self { immature: state.immature.into(), unissued: state.unissued, ..Self::default() };
        for (address, account) in state.accounts {
            ledger.accounts.set(address, Some(account));
        }
        ledger
    }

    /// Works everything out on a sheet beside the accounts, then changes each account once.
    fn apply_transactions(
        &mut self,
        params: &ChainParams,
        height: Height,
        transactions: &[Transaction],
    ) -> Result<Undo, LedgerError> {
        let Some((Transaction::Reward(reward), others)) = transactions.split_first() else {
            return Err(LedgerError::Misplaced);
        };
        let mut sheet = Sheet { accounts: &self.accounts, changed: BTreeMap::new(), unissued: self.unissued };
        let old_enough = |reward: &&Reward| height.above(reward.height) >= params.reward_maturity;
        let matured = self.immature.front().filter(old_enough).cloned();
        if let Some(reward) = &matured {
            sheet.credit(reward.to, reward.amount)?;
        }
        for transaction in others {
            sheet.apply(params, transaction)?;
        }
        let expected = validation::reward_of(params, height, others).ok_or(LedgerError::Overflow)?;
        if reward.amount != expected {
            return Err(LedgerError::Reward { found: reward.amount, expected });
        }
        // Nothing can fail from here on.
        let changed = sheet.changed;
        let unissued = (std::mem::replace(&mut self.unissued, sheet.unissued), sheet.unissued);
        let change = |(address, account)| (address, self.accounts.set(address, Some(account)), account);
        let changed = changed.into_iter().map(change).collect();
        if matured.is_some() {
            self.immature.pop_front();
        }
        self.immature.push_back(reward.clone());
        Ok(Undo { changed, matured, reward: Some(reward.clone()), unissued })
    }
}

/// Accounts as a block changes them, beside those of the ledger.
struct Sheet<'a> {
    accounts: &'a Accounts,
    changed: BTreeMap<Address, Account>,
    unissued: Amount,
}

impl Sheet<'_> {
    fn account(&mut self, address: Address) -> &mut Account {
        self.changed.entry(address).or_insert_with(|| self.accounts.get(&address).unwrap_or_default())
    }

    fn apply(&mut self, params: &ChainParams, transaction: &Transaction) -> Result<(), LedgerError> {
        let payer = transaction.payer(params.issuer).ok_or(LedgerError::Misplaced)?;
        let account = self.account(payer);
        let needed = check_spend(transaction, *account)?;
        // Insufficient funds are ruled out above, the end of u64 by 2^64 transactions.
        account.balance = account.balance.checked_sub(needed).ok_or(LedgerError::Overflow)?;
        account.nonce = account.nonce.checked_add(1).ok_or(LedgerError::Overflow)?;
        self.unissued = self.unissued.checked_sub(issued(transaction)).ok_or(LedgerError::Overflow)?;
        self.credit(transaction.recipient(), transaction.amount())
    }

    fn credit(&mut self, address: Address, amount: Amount) -> Result<(), LedgerError> {
        let account = self.account(address);
        account.balance = account.balance.checked_add(amount).ok_or(LedgerError::Overflow)?;
        Ok(())
    }
}

/// Whether an account can make a transaction now: next nonce, enough coins. Gives what it costs.
pub fn check_spend(transaction: &Transaction, account: Account) -> Result<Amount, LedgerError> {
    if transaction.nonce() != account.nonce {
        return Err(LedgerError::Nonce { id: transaction.id(), found: transaction.nonce(), expected: account.nonce });
    }
    let needed = cost(transaction).ok_or(LedgerError::Overflow)?;
    if needed > account.balance {
        return Err(LedgerError::InsufficientFunds { id: transaction.id(), needed, available: account.balance });
    }
    Ok(needed)
}

/// What a transaction takes from its payer; `None` above the greatest amount.
pub fn cost(transaction: &Transaction) -> Option<Amount> {
    match transaction {
        Transaction::Transfer(transfer) => transfer.cost(),
        Transaction::Reward(_) | Transaction::Issue(_) => Some(Amount::ZERO),
    }
}

/// What a transaction takes of the coins that the issuer may assign.
pub fn issued(transaction: &Transaction) -> Amount {
    match transaction {
        Transaction::Issue(issue) => issue.amount,
        Transaction::Reward(_) | Transaction::Transfer(_) => Amount::ZERO,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{SecretKey, Signature};
    use crate::transaction::{Memo, Transfer};
    use proptest::prelude::*;

    fn params() -> ChainParams {
        let mut params = ChainParams::named("dev", "test").unwrap();
        params.allocation = (0..4).map(|index| (key(index).public_key().address(), Amount::from_tab(100))).collect();
        params.reward_maturity = 3;
        params
    }

    fn key(index: u8) -> SecretKey {
        SecretKey::derive(&[index; 32], b"test")
    }

    fn reward(height: u32, tab: u64) -> Transaction {
        Transaction::Reward(Reward {
            height: Height(height),
            to: key(9).public_key().address(),
            amount: Amount::from_tab(tab),
        })
    }

    fn transfer(from: u8, to: u8, grains: u64, nonce: u64) -> Transaction {
        Transaction::Transfer(Transfer {
            from: key(from).public_key(),
            to: key(to).public_key().address(),
            amount: Amount::from_grains(grains).unwrap(),
            fee: Amount::ZERO,
            nonce,
            memo: Memo::default(),
            signature: Signature::NONE,
        })
    }

    fn image(ledger: &mut Ledger) -> (Vec<(Address, Account)>, VecDeque<Reward>, StateRoot) {
        (ledger.accounts.iter().collect(), ledger.immature.clone(), ledger.state_root())
    }

    #[test]
    fn each_rule_has_its_reason_and_changes_nothing() {
        let params = params();
        let mut ledger = Ledger::genesis(&params);
        let before = image(&mut ledger);
        let mut check = |transactions: Vec<Transaction>| {
            let result = ledger.preview(&params, Height(1), &transactions).map(|_| ());
            assert_eq!(image(&mut ledger), before);
            result.unwrap_err()
        };
        let grains = Amount::from_tab(100).grains();
        assert!(matches!(
            check(vec![reward(1, 50), transfer(0, 1, 1, 1)]),
            LedgerError::Nonce { found: 1, expected: 0, .. }
        ));
        assert!(matches!(
            check(vec![reward(1, 50), transfer(0, 1, grains + 1, 0)]),
            LedgerError::InsufficientFunds { .. }
        ));
        // Two that spend the same balance, two that share a nonce, one sent again.
        assert!(matches!(
            check(vec![reward(1, 50), transfer(0, 1, grains, 0), transfer(0, 2, 1, 1)]),
            LedgerError::InsufficientFunds { .. }
        ));
        assert!(matches!(
            check(vec![reward(1, 50), transfer(0, 1, 1, 0), transfer(0, 2, 1, 0)]),
            LedgerError::Nonce { .. }
        ));
        assert_eq!(
            check(vec![reward(1, 51)]),
            LedgerError::Reward { found: Amount::from_tab(51), expected: Amount::from_tab(50) }
        );
        assert!(matches!(check(vec![reward(1, 49)]), LedgerError::Reward { .. }));
        assert_eq!(check(vec![]), LedgerError::Misplaced);
    }

    #[test]
    fn a_reward_is_free_at_maturity_and_not_before() {
        let params = params();
        let mut ledger = Ledger::genesis(&params);
        let miner = key(9).public_key().address();
        for height in 1..=3 {
            ledger.apply_transactions(&params, Height(height), &[reward(height, 50)]).unwrap();
            assert_eq!(ledger.account(&miner).balance, Amount::ZERO, "height {height}");
        }
        assert_eq!(ledger.immature(&miner), Amount::from_tab(150));
        assert!(matches!(
            ledger.preview(&params, Height(4), &[reward(4, 50), transfer(9, 0, Amount::from_tab(51).grains(), 0)]),
            Err(LedgerError::InsufficientFunds { .. })
        ));
        ledger
            .apply_transactions(&params, Height(4), &[reward(4, 50), transfer(9, 0, Amount::from_tab(50).grains(), 0)])
            .unwrap();
        assert_eq!(ledger.immature(&miner), Amount::from_tab(150));
        assert_eq!(ledger.total(), Some(Amount::from_tab(600)));
    }

    #[test]
    fn a_wrong_state_root_leaves_no_trace() {
        let params = params();
        let mut ledger = Ledger::genesis(&params);
        let before = image(&mut ledger);
        let mut block =
            Block { header: params.genesis(before.2).header, transactions: vec![reward(1, 50), transfer(0, 1, 5, 0)] };
        block.header.height = Height(1);
        assert_eq!(ledger.apply(&params, &block), Err(LedgerError::StateRoot));
        assert_eq!(image(&mut ledger), before);
        block.header.state_root = ledger.preview(&params, Height(1), &block.transactions).unwrap();
        assert!(ledger.apply(&params, &block).is_ok());
        assert_ne!(image(&mut ledger).2, before.2);
    }

    proptest! {
        #[test]
        fn applying_and_taking_back_are_inverses(
            blocks in prop::collection::vec(prop::collection::vec((0_u8..4, 0_u8..12, 1_u64..3_000_000_000), 0..6), 1..10)
        ) {
            let params = params();
            let mut ledger = Ledger::genesis(&params);
            let mut history = Vec::new();
            for (index, spends) in blocks.into_iter().enumerate() {
                let height = u32::try_from(index).unwrap() + 1;
                let mut transactions = vec![reward(height, 50)];
                let mut nonces = std::collections::BTreeMap::new();
                for (from, to, grains) in spends {
                    let nonce = nonces.entry(from).or_insert(ledger.account(&key(from).public_key().address()).nonce);
                    transactions.push(transfer(from, to, grains, *nonce));
                    *nonce += 1;
                }
                let before = image(&mut ledger);
                if let Ok(undo) = ledger.apply_transactions(&params, Height(height), &transactions) { history.push((before, undo)) } else {
                    prop_assert_eq!(&image(&mut ledger), &before);
                    let undo = ledger.apply_transactions(&params, Height(height), &[reward(height, 50)]).unwrap();
                    history.push((before, undo));
                }
                prop_assert_eq!(ledger.total(), Some(Amount::from_tab(400 + 50 * u64::from(height))));
            }
            while let Some((before, undo)) = history.pop() {
                let after = image(&mut ledger);
                ledger.revert(undo.clone());
                prop_assert_eq!(&image(&mut ledger), &before);
                // A stored ledger goes on as if it had never been away.
                let mut stored = Ledger::restore(ledger.state());
                prop_assert_eq!(&image(&mut stored), &before);
                stored.redo(&undo);
                prop_assert_eq!(image(&mut stored), after);
                prop_assert_eq!(stored.unissued, undo.unissued.1);
            }
        }
    }
}
