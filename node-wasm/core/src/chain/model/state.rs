//! The accounts after a block: everything from genesis on, on an ordinary map.

use crate::block::Block;
use crate::chain::ledger::LedgerError;
use crate::hash::{StateRoot, TxId, sha256};
use crate::keys::Address;
use crate::params::ChainParams;
use crate::transaction::Transaction;
use crate::units::Amount;
use std::collections::{BTreeMap, BTreeSet};

/// The greatest amount, in grains.
pub(super) const MOST: u64 = 10_000_000_000 * 100_000_000;

/// Grains as an amount.
pub(super) fn amount(grains: u64) -> Amount {
    Amount::from_grains(grains).expect("within the bound")
}

/// Grains that the block of this height brings into being.
pub(super) fn subsidy(params: &ChainParams, height: u32) -> u64 {
    let mut subsidy = params.subsidy.grains();
    for _ in 0..(height - 1) / params.halving_interval {
        subsidy /= 2;
    }
    subsidy
}

/// What a transaction takes from its payer: more than the greatest amount if it is so made.
pub(super) fn cost(transaction: &Transaction) -> u64 {
    match transaction {
        Transaction::Transfer(transfer) => transfer.amount.grains() + transfer.fee.grains(),
        Transaction::Reward(_) | Transaction::Issue(_) => 0,
    }
}

/// New coins that a transaction of the issuer assigns.
pub(super) fn issued(transaction: &Transaction) -> u64 {
    if matches!(transaction, Transaction::Issue(_)) { transaction.amount().grains() } else { 0 }
}

/// Accounts, rewards and all that was ever confirmed, after a block.
#[derive(Debug, Clone, Default)]
pub(super) struct State {
    /// Balance and nonce of every account.
    pub(super) accounts: BTreeMap<Address, (u64, u64)>,
    /// Height, miner and grains of the rewards that are not mature.
    pub(super) immature: Vec<(u32, Address, u64)>,
    /// Grains that genesis, subsidies and the issuer brought into being.
    pub(super) created: u128,
    /// Grains of these that the issuer assigned.
    pub(super) issued: u128,
    /// Every transaction on the way here.
    pub(super) confirmed: BTreeSet<TxId>,
}

impl State {
    pub(super) fn genesis(params: &ChainParams) -> Self {
        let mut state = Self::default();
        for (address, allocated) in &params.allocation {
            state.accounts.insert(*address, (allocated.grains(), 0));
            state.created += u128::from(allocated.grains());
        }
        state
    }

    /// Balance and nonce; nothing for an address that was never paid.
    pub(super) fn account(&self, address: &Address) -> (u64, u64) {
        self.accounts.get(address).copied().unwrap_or_default()
    }

    /// Rewards of an address on their way.
    pub(super) fn immature_of(&self, address: &Address) -> u64 {
        self.immature.iter().filter(|(_, to, _)| to == address).map(|(_, _, grains)| grains).sum()
    }

    /// All coins there are.
    pub(super) fn coins(&self) -> u128 {
        let balances = self.accounts.values().map(|(balance, _)| u128::from(*balance));
        let young = self.immature.iter().map(|(_, _, grains)| u128::from(*grains));
        balances.chain(young).sum()
    }

    /// The state after a block that stands on this one's, if it keeps the rules for accounts.
    pub(super) fn after(&self, params: &ChainParams, block: &Block) -> Result<Self, LedgerError> {
        let height = block.header.height.0;
        let mut state = self.clone();
        state.mature(params, height)?;
        let mut fees = 0;
        for transaction in &block.transactions[1..] {
            state.check(params, transaction)?;
            state.transact(params, transaction)?;
            fees += transaction.fee().grains();
        }
        let (expected, found) = (subsidy(params, height) + fees, block.transactions[0].amount().grains());
        if found != expected {
            return Err(LedgerError::Reward { found: amount(found), expected: amount(expected) });
        }
        state.reward(params, height, &block.transactions[0]);
        if state.root() != block.header.state_root {
            return Err(LedgerError::StateRoot);
        }
        Ok(state)
    }

    /// Credits the reward that is old enough at this height.
    pub(super) fn mature(&mut self, params: &ChainParams, height: u32) -> Result<(), LedgerError> {
        let old = height.checked_sub(params.reward_maturity);
        let (mature, young) = self.immature.iter().partition(|(of, _, _)| Some(*of) == old);
        self.immature = young;
        let mature: Vec<(u32, Address, u64)> = mature;
        mature.into_iter().try_for_each(|(_, to, grains)| self.credit(to, grains))
    }

    /// Takes in the reward of a block.
    pub(super) fn reward(&mut self, params: &ChainParams, height: u32, reward: &Transaction) {
        self.immature.push((height, reward.recipient(), reward.amount().grains()));
        self.confirmed.insert(reward.id());
        self.created += u128::from(subsidy(params, height));
    }

    /// Whether the payer can make this transaction now.
    pub(super) fn check(&self, params: &ChainParams, transaction: &Transaction) -> Result<(), LedgerError> {
        let payer = transaction.payer(params.issuer).ok_or(LedgerError::Misplaced)?;
        let (balance, nonce) = self.account(&payer);
        let (id, needed) = (transaction.id(), cost(transaction));
        if transaction.nonce() != nonce {
            return Err(LedgerError::Nonce { id, found: transaction.nonce(), expected: nonce });
        }
        if needed > balance {
            let (needed, available) = (amount(needed), amount(balance));
            return Err(LedgerError::InsufficientFunds { id, needed, available });
        }
        if issued(transaction) > self.issuable(params) {
            return Err(LedgerError::Overflow);
        }
        Ok(())
    }

    /// Carries a transaction out, whether or not it is allowed.
    pub(super) fn transact(&mut self, params: &ChainParams, transaction: &Transaction) -> Result<(), LedgerError> {
        let payer = transaction.payer(params.issuer).ok_or(LedgerError::Misplaced)?;
        let (balance, nonce) = self.account(&payer);
        self.accounts.insert(payer, (balance.saturating_sub(cost(transaction)), nonce + 1));
        self.created += u128::from(issued(transaction));
        self.issued += u128::from(issued(transaction));
        self.confirmed.insert(transaction.id());
        self.credit(transaction.recipient(), transaction.amount().grains())
    }

    /// Grains that the issuer may still assign: what all other coins there will ever be leave.
    pub(super) fn issuable(&self, params: &ChainParams) -> u64 {
        let allocated: u128 = params.allocation.iter().map(|(_, amount)| u128::from(amount.grains())).sum();
        let eras = (1..=u32::MAX).step_by(params.halving_interval as usize);
        let eras = eras.take_while(|first| subsidy(params, *first) > 0);
        let subsidies: u128 =
            eras.map(|first| u128::from(subsidy(params, first)) * u128::from(params.halving_interval)).sum();
        u64::try_from(u128::from(MOST) - allocated - subsidies - self.issued).expect("below the bound")
    }

    fn credit(&mut self, to: Address, grains: u64) -> Result<(), LedgerError> {
        let (balance, nonce) = self.account(&to);
        if balance + grains > MOST {
            return Err(LedgerError::Overflow);
        }
        self.accounts.insert(to, (balance + grains, nonce));
        Ok(())
    }

    /// The state root as the protocol defines it.
    pub(super) fn root(&self) -> StateRoot {
        let accounts = self.accounts.iter().map(|(address, (balance, nonce))| (*address, *balance, *nonce));
        StateRoot(root_of(&accounts.collect::<Vec<_>>(), 0))
    }
}

fn root_of(accounts: &[(Address, u64, u64)], depth: usize) -> [u8; 32] {
    match accounts {
        [] => [0; 32],
        [(address, balance, nonce)] => {
            let numbers = [balance.to_le_bytes(), nonce.to_le_bytes()].concat();
            sha256(&[b"\x00tabchain/account", &address.0[..], &numbers].concat())
        }
        _ => {
            let bit = |address: &Address| address.0[depth / 8] >> (7 - depth % 8) & 1;
            let side = |wanted: u8| accounts.iter().filter(|one| bit(&one.0) == wanted).copied().collect::<Vec<_>>();
            let children = [0, 1].map(|wanted| root_of(&side(wanted), depth + 1));
            sha256(&[b"\x01tabchain/accounts", &children[0][..], &children[1]].concat())
        }
    }
}
