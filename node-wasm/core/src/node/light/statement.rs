//! What a light node knows of an address: the account by proof, transactions by proof, and whether
//! the two go together. A peer can leave transactions out; this finds it.
//!
//! An account counts the transactions that it made, so that those of a complete list carry all
//! numbers below. Every payment is above zero and every listed one is proved, so that a list which
//! adds up to the balance has none left out.

use crate::chain::accounts::Account;
use crate::chain::ledger::cost;
use crate::hash::{BlockHash, TxId};
use crate::keys::{Address, PublicKey};
use crate::net::proofs::Place;
use crate::params::ChainParams;
use crate::transaction::Transaction;
use crate::units::{Amount, Height};
use crate::view::Coverage;
use std::collections::{BTreeMap, BTreeSet};
use tracker_protocol::PeerId;

/// Transactions kept of an address at most: some 6 MB. Of a longer history the oldest are kept, and
/// it counts as incomplete.
const MAX_ITEMS: usize = 20_000;

/// A transaction that is proved to be in a block of the best chain.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) block: BlockHash,
    pub(super) transaction: Transaction,
}

/// An account after a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Proven {
    pub(super) block: BlockHash,
    pub(super) height: Height,
    pub(super) account: Account,
}

/// What is known of an address.
#[derive(Debug)]
pub(super) struct Statement {
    address: Address,
    issuer: Option<PublicKey>,
    maturity: u32,
    /// What it had from the start.
    allocated: Amount,
    /// Whether everything since the first block is listed, or the newest blocks alone.
    whole: bool,
    items: BTreeMap<Place, Item>,
    places: BTreeMap<TxId, Place>,
    proven: Option<Proven>,
    /// Peers that listed the transactions up to the proven block.
    witnesses: BTreeSet<PeerId>,
}

impl Statement {
    /// Nothing is known yet. `whole`: of all blocks, not of the newest alone.
    pub(super) fn new(params: &ChainParams, address: Address, whole: bool) -> Self {
        let allocated = params.allocation.iter().filter(|(to, _)| *to == address).map(|(_, amount)| *amount);
        Self {
            address,
            issuer: params.issuer,
            maturity: params.reward_maturity,
            allocated: allocated.fold(Amount::ZERO, |sum, one| sum.checked_add(one).unwrap_or(Amount::MAX)),
            whole,
            items: BTreeMap::new(),
            places: BTreeMap::new(),
            proven: None,
            witnesses: BTreeSet::new(),
        }
    }

    /// Whether everything since the first block is listed.
    pub(super) fn is_whole(&self) -> bool {
        self.whole
    }

    /// The account, and after which block.
    pub(super) fn proven(&self) -> Option<Proven> {
        self.proven
    }

    /// Number of peers that listed the transactions up to there.
    pub(super) fn witnesses(&self) -> usize {
        self.witnesses.len()
    }

    /// Transactions, oldest first.
    pub(super) fn items(&self) -> &BTreeMap<Place, Item> {
        &self.items
    }

    /// A transaction by its id.
    pub(super) fn find(&self, id: &TxId) -> Option<&Item> {
        self.items.get(self.places.get(id)?)
    }

    /// The account was proved, and a peer listed the transactions up to the same block.
    pub(super) fn prove(&mut self, proven: Proven, witnesses: BTreeSet<PeerId>) {
        (self.proven, self.witnesses) = (Some(proven), witnesses);
    }

    /// Takes a transaction that is proved to be in this place of the best chain.
    pub(super) fn add(&mut self, place: Place, block: BlockHash, transaction: Transaction) {
        if self.items.len() < MAX_ITEMS || self.items.contains_key(&place) {
            self.places.insert(transaction.id(), place);
            self.items.insert(place, Item { block, transaction });
        }
    }

    /// Forgets what is not on the best chain any more.
    pub(super) fn retain(&mut self, is_best: impl Fn(&BlockHash) -> bool) {
        self.items.retain(|_, item| is_best(&item.block));
        let items = &self.items;
        self.places.retain(|_, place| items.contains_key(place));
    }

    /// Whether the list has all transactions that the account made, and all that it was paid.
    pub(super) fn coverage(&self) -> (Coverage, Coverage) {
        let Some(proven) = self.proven.filter(|_| self.whole) else { return (Coverage::Unasked, Coverage::Unasked) };
        let covered = |all| if all { Coverage::Complete } else { Coverage::Incomplete };
        let mut numbers = BTreeSet::new();
        let (mut credit, mut debit) = (u128::from(self.allocated.grains()), 0_u128);
        for item in self.items.range(..=last_of(proven.height)).map(|(_, item)| item) {
            let transaction = &item.transaction;
            if transaction.payer(self.issuer) == Some(self.address) {
                numbers.insert(transaction.nonce());
                debit += cost(transaction).map_or(0, |cost| u128::from(cost.grains()));
            }
            if transaction.recipient() == self.address && !self.is_young(transaction, proven.height) {
                credit += u128::from(transaction.amount().grains());
            }
        }
        // Of distinct numbers below the nonce there are as many as that if none is missing.
        let outgoing = numbers.len() as u64 == proven.account.nonce
            && numbers.last().is_none_or(|last| *last < proven.account.nonce);
        let incoming = outgoing && credit == debit + u128::from(proven.account.balance.grains());
        (covered(outgoing), covered(incoming))
    }

    /// Whether nothing is missing.
    pub(super) fn is_complete(&self) -> bool {
        self.coverage() == (Coverage::Complete, Coverage::Complete)
    }

    /// Listed rewards that were not free after the proven block.
    pub(super) fn immature(&self) -> Amount {
        let Some(proven) = self.proven else { return Amount::ZERO };
        let listed = self.items.range(..=last_of(proven.height)).map(|(_, item)| &item.transaction);
        let young = listed.filter(|one| one.recipient() == self.address && self.is_young(one, proven.height));
        young.fold(Amount::ZERO, |sum, one| sum.checked_add(one.amount()).unwrap_or(Amount::MAX))
    }

    fn is_young(&self, transaction: &Transaction, height: Height) -> bool {
        matches!(transaction, Transaction::Reward(reward) if height.above(reward.height) < self.maturity)
    }
}

fn last_of(height: Height) -> Place {
    Place { height, index: u32::MAX }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::testing::{Builder, address, params, transfer};
    use crate::net::proofs::touches;
    use proptest::prelude::*;

    /// Random payments and rewards among five people; gives the chain at the end and all places.
    fn history(blocks: &[(u8, Vec<(u8, u8)>)]) -> (crate::chain::tree::Chain, Vec<(Place, BlockHash, Transaction)>) {
        let mut builder = Builder::new(params());
        let (genesis, mut parent, mut nonces, mut all) = (builder.genesis, builder.genesis, [0; 4], Vec::new());
        for (miner, spends) in blocks {
            let mut payments = Vec::new();
            for (from, to) in spends {
                payments.push(transfer(genesis, *from, *to, 7 + u64::from(*to), nonces[usize::from(*from)]));
                nonces[usize::from(*from)] += 1;
            }
            let block = builder.extend(parent, *miner, payments, 0);
            parent = block.header.hash();
            for (index, one) in (0_u32..).zip(&block.transactions) {
                all.push((Place { height: block.header.height, index }, parent, one.clone()));
            }
        }
        (builder.replay(parent), all)
    }

    fn statement(chain: &crate::chain::tree::Chain, of: u8) -> Statement {
        let mut statement = Statement::new(chain.params(), address(of), true);
        let account = chain.ledger().account(&address(of));
        let proven = Proven { block: chain.tip(), height: chain.height(), account };
        statement.prove(proven, BTreeSet::new());
        statement
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        /// All transactions of an address are complete, and without any one of them they are not,
        /// unless it is a reward that is not on the account yet.
        #[test]
        fn whatever_is_left_out_is_missed(
            blocks in prop::collection::vec((0_u8..5, prop::collection::vec((0_u8..4, 0_u8..5), 0..3)), 1..9),
            of in 0_u8..5,
        ) {
            let (chain, all) = history(&blocks);
            let own: Vec<_> = all.into_iter().filter(|(.., one)| touches(one, &address(of), None)).collect();
            for missing in 0..=own.len() {
                let mut statement = statement(&chain, of);
                for (index, (place, block, one)) in own.iter().enumerate() {
                    if index != missing {
                        statement.add(*place, *block, one.clone());
                    }
                }
                let left_out = own.get(missing).map(|(.., one)| one);
                let unseen = left_out.is_none_or(|one| statement.is_young(one, chain.height()));
                prop_assert_eq!(statement.is_complete(), unseen, "{:?}", left_out);
                if left_out.is_none() {
                    prop_assert_eq!(statement.immature(), chain.ledger().immature(&address(of)));
                }
            }
        }
    }

    #[test]
    fn what_left_the_best_chain_is_forgotten() {
        let (chain, all) = history(&[(4, vec![(0, 1)]), (4, vec![(0, 1)])]);
        let mut statement = statement(&chain, 1);
        for (place, block, one) in all.iter().filter(|(.., one)| touches(one, &address(1), None)) {
            statement.add(*place, *block, one.clone());
        }
        assert!(statement.is_complete());
        let first = all[0].1;
        statement.retain(|block| *block == first);
        assert_eq!(statement.items().len(), 1);
        assert_eq!(statement.coverage(), (Coverage::Complete, Coverage::Incomplete));
        assert!(statement.find(&all[1].2.id()).is_some() && statement.find(&all[3].2.id()).is_none());
    }

    #[test]
    fn of_the_newest_blocks_alone_nothing_is_said_to_be_complete() {
        let (chain, _) = history(&[(4, vec![])]);
        let mut newest = Statement::new(chain.params(), address(0), false);
        assert_eq!(newest.coverage(), (Coverage::Unasked, Coverage::Unasked));
        let account = chain.ledger().account(&address(0));
        newest.prove(Proven { block: chain.tip(), height: chain.height(), account }, BTreeSet::new());
        assert_eq!(newest.coverage(), (Coverage::Unasked, Coverage::Unasked));
    }
}
