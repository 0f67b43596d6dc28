//! Proofs of what accounts held after blocks that are not the tip: a light node asks at its own tip,
//! which may be a little behind this one.

use super::Chain;
use crate::chain::accounts::AccountProof;
use crate::chain::ledger::Undo;
use crate::hash::BlockHash;
use crate::keys::Address;

/// Blocks below the tip after which accounts can still be proved: tips that race are one or two apart.
pub const MAX_REWIND: u32 = 4;
/// Accounts that are taken back for one proof at most, and set again: some 10,000 hashes in all, a few
/// milliseconds of a tab.
pub const MAX_REWOUND: usize = 500;

impl Chain {
    /// What takes the blocks above this one back, newest first; `None` if it is no block of the best
    /// chain, too deep, or too much was changed since.
    fn undos_above(&self, block: &BlockHash) -> Option<Vec<&Undo>> {
        let id = self.arena.find(block).filter(|id| self.bodies && self.on_best(*id))?;
        let depth = self.height().above(self.arena.height(id));
        if depth > MAX_REWIND {
            return None;
        }
        let above = self.best.iter().rev().take(depth as usize);
        above.map(|id| self.arena.extra(*id)?.undo.as_ref()).collect()
    }

    /// Accounts that must be taken back to prove one as it was after a block of the best chain: none
    /// at the tip. `None` if that cannot be proved any more.
    pub fn rewind(&self, block: &BlockHash) -> Option<usize> {
        let changed = self.undos_above(block)?.into_iter().map(Undo::accounts).sum();
        (changed <= MAX_REWOUND).then_some(changed)
    }

    /// Proof of what an address had after a block of the best chain: the tip, or one of at most
    /// [`MAX_REWIND`] blocks below it.
    pub fn prove_account_after(&mut self, block: &BlockHash, address: &Address) -> Option<AccountProof> {
        self.rewind(block)?;
        let undos: Vec<Undo> = self.undos_above(block)?.into_iter().cloned().collect();
        Some(self.ledger.prove_before(&undos, address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::testing::{Builder, address, params, transfer};
    use crate::light;
    use crate::params::ChainParams;
    use crate::units::Amount;
    use proptest::prelude::*;

    #[test]
    fn accounts_are_proved_a_few_blocks_below_the_tip_and_no_deeper() {
        let mut builder = Builder::new(params());
        let mut hashes = vec![builder.genesis];
        for _ in 0..=MAX_REWIND {
            let block = builder.extend(hashes[hashes.len() - 1], 1, Vec::new(), 0);
            hashes.push(block.header.hash());
        }
        let mut chain = builder.replay(hashes[hashes.len() - 1]);
        assert!(chain.prove_account_after(&hashes[0], &address(0)).is_none(), "too deep");
        assert!(hashes[1..].iter().all(|hash| chain.prove_account_after(hash, &address(0)).is_some()));
        let beside = builder.extend(hashes[1], 1, Vec::new(), 9);
        assert!(chain.prove_account_after(&beside.header.hash(), &address(0)).is_none(), "not of this chain");
    }

    #[test]
    fn what_would_cost_too_much_is_not_proved() {
        let rich = |number: usize| crate::keys::Address([u8::try_from(number % 251).unwrap(); 20]);
        let allocation = (0..4).map(|index| (address(index), Amount::from_tab(100))).collect();
        let mut builder = Builder::new(ChainParams { allocation, ..params() });
        let genesis = builder.genesis;
        // Each transfer changes the account of its receiver.
        let pay = |index: usize| {
            let mut one = transfer(genesis, 0, 1, 1, index as u64);
            if let crate::transaction::Transaction::Transfer(transfer) = &mut one {
                let mut to = rich(index);
                to.0[..8].copy_from_slice(&(index as u64).to_be_bytes());
                transfer.to = to;
            }
            one
        };
        let most = MAX_REWOUND - 1;
        let first = builder.extend(genesis, 1, (0..most).map(pay).collect(), 0);
        let mut chain = builder.replay(first.header.hash());
        assert_eq!(chain.rewind(&genesis), Some(MAX_REWOUND), "the receivers, and the payer");
        assert!(chain.prove_account_after(&genesis, &address(0)).is_some());
        let second = builder.extend(first.header.hash(), 1, vec![pay(most)], 0);
        let mut chain = builder.replay(second.header.hash());
        assert!(chain.rewind(&genesis).is_none() && chain.prove_account_after(&genesis, &address(0)).is_none());
        assert_eq!(chain.rewind(&first.header.hash()), Some(2));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        /// A proof below the tip is the one that a chain gives whose tip is there, and proving changes nothing.
        #[test]
        fn proofs_below_the_tip_are_those_of_the_shorter_chain(
            blocks in prop::collection::vec(prop::collection::vec((0_u8..4, 0_u8..9), 0..4), 1..7),
        ) {
            let mut builder = Builder::new(params());
            let genesis = builder.genesis;
            let (mut hashes, mut nonces) = (vec![genesis], [0; 4]);
            for spends in blocks {
                let mut payments = Vec::new();
                for (from, to) in spends {
                    payments.push(transfer(genesis, from, to, 7, nonces[usize::from(from)]));
                    nonces[usize::from(from)] += 1;
                }
                let block = builder.extend(hashes[hashes.len() - 1], 5, payments, 0);
                hashes.push(block.header.hash());
            }
            let mut chain = builder.replay(hashes[hashes.len() - 1]);
            let before: Vec<_> = chain.ledger().accounts().iter().collect();
            for hash in hashes.iter().rev().take(MAX_REWIND as usize + 1) {
                let mut shorter = builder.replay(*hash);
                for index in 0..10 {
                    let proof = chain.prove_account_after(hash, &address(index));
                    prop_assert_eq!(&proof, &Some(shorter.prove_account(&address(index))));
                    let held = light::check_account(|hash| chain.header(hash), *hash, &address(index), &proof.unwrap());
                    prop_assert_eq!(held.unwrap().unwrap_or_default(), shorter.ledger().account(&address(index)));
                }
            }
            prop_assert_eq!(chain.ledger().accounts().iter().collect::<Vec<_>>(), before);
            prop_assert_eq!(&chain.prove_account(&address(0)), &builder.replay(hashes[hashes.len() - 1]).prove_account(&address(0)));
        }
    }
}
