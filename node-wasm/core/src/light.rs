//! What a node that keeps headers alone can be sure of: that a transaction is in a block, and what
//! an account held after it.
//!
//! Which headers count is the caller's business: they are handed over as a look-up, and must have
//! passed the rules for headers. Everything else may come from anybody.

use crate::block::BlockHeader;
use crate::chain::accounts::{self, Account, AccountProof};
use crate::hash::BlockHash;
use crate::keys::Address;
use crate::merkle;
use crate::sentence::Say;
use crate::transaction::Transaction;

/// Why nothing is proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, Say)]
pub enum LightError {
    /// The block is not among the headers that count.
    #[error("block {0} is not on the chain of headers")]
    UnknownBlock(BlockHash),
    /// The block does not contain the transaction in the place that the proof names.
    #[error("the transaction is not proved: {0}")]
    Transaction(#[from] merkle::ProofError),
    /// The proof does not go with the accounts after the block, or with the address.
    #[error("the account is not proved: {0}")]
    Account(#[from] accounts::ProofError),
}

/// A transaction that is in a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Included {
    /// Header of the block.
    pub header: BlockHeader,
    /// Place of the transaction, from 0.
    pub index: u32,
    /// Transactions in the block.
    pub count: u32,
}

/// Checks that a transaction, with its signature, is in the block with this hash.
pub fn check_transaction(
    headers: impl Fn(&BlockHash) -> Option<BlockHeader>,
    block: BlockHash,
    transaction: &Transaction,
    proof: &merkle::Proof,
) -> Result<Included, LightError> {
    let header = headers(&block).ok_or(LightError::UnknownBlock(block))?;
    proof.verify(header.merkle_root, &transaction.to_bytes())?;
    Ok(Included { header, index: proof.index(), count: proof.count() })
}

/// The account that an address had after the block with this hash; `None` if it had none.
pub fn check_account(
    headers: impl Fn(&BlockHash) -> Option<BlockHeader>,
    block: BlockHash,
    address: &Address,
    proof: &AccountProof,
) -> Result<Option<Account>, LightError> {
    let header = headers(&block).ok_or(LightError::UnknownBlock(block))?;
    Ok(proof.verify(header.state_root, address)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::Block;
    use crate::chain::accounts::Accounts;
    use crate::chain::testing::{Builder, address, feed, params, transfer};
    use crate::chain::tree::Chain;
    use std::sync::Arc;

    /// A full node's chain with a block of three transactions and one on top, and a light node's
    /// chain that was given the headers alone.
    fn chains() -> (Chain, Chain, [Arc<Block>; 2]) {
        let mut builder = Builder::new(params());
        let genesis = builder.genesis;
        let payments = vec![transfer(genesis, 0, 1, 5, 0), transfer(genesis, 2, 7, 6, 0)];
        let first = builder.extend(genesis, 3, payments, 0);
        let second = builder.extend(first.header.hash(), 3, vec![transfer(genesis, 0, 7, 1, 1)], 0);
        let (mut full, mut light) = (Chain::new(params()), Chain::new(params()));
        for block in [&first, &second] {
            feed(&mut full, block);
            light.insert_header(block.header).unwrap();
        }
        (full, light, [first, second])
    }

    fn leaves(block: &Block) -> Vec<Vec<u8>> {
        block.transactions.iter().map(Transaction::to_bytes).collect()
    }

    #[test]
    fn each_transaction_is_in_its_block_and_in_no_other() {
        let (_, light, [first, second]) = chains();
        let headers = |hash: &BlockHash| light.header(hash);
        let (hash, other) = (first.header.hash(), second.header.hash());
        for (index, transaction) in first.transactions.iter().enumerate() {
            let proof = merkle::prove(&leaves(&first), index).unwrap();
            let place = u32::try_from(index).unwrap();
            let included = Included { header: first.header, index: place, count: 3 };
            assert_eq!(check_transaction(headers, hash, transaction, &proof), Ok(included));
            let wrong = Err(LightError::Transaction(merkle::ProofError::Root));
            assert_eq!(check_transaction(headers, other, transaction, &proof), wrong);
            assert_eq!(check_transaction(headers, hash, &second.transactions[1], &proof), wrong);
        }
    }

    #[test]
    fn accounts_are_as_they_were_after_the_block() {
        let (mut full, light, [first, second]) = chains();
        let headers = |hash: &BlockHash| light.header(hash);
        for index in [0, 1, 2, 7] {
            let proof = full.prove_account(&address(index));
            let held = full.ledger().account(&address(index));
            assert_eq!(check_account(headers, second.header.hash(), &address(index), &proof), Ok(Some(held)));
            let earlier = check_account(headers, first.header.hash(), &address(index), &proof);
            assert_eq!(earlier, Err(LightError::Account(accounts::ProofError::Root)));
        }
        let proof = full.prove_account(&address(8));
        assert_eq!(check_account(headers, second.header.hash(), &address(8), &proof), Ok(None));
    }

    #[test]
    fn a_block_beside_the_headers_proves_nothing() {
        let (_, light, [first, _]) = chains();
        let headers = |hash: &BlockHash| light.header(hash);
        let mut forged = first.header;
        forged.nonce += 1;
        let unknown = LightError::UnknownBlock(forged.hash());
        let proof = merkle::prove(&leaves(&first), 0).unwrap();
        assert_eq!(check_transaction(headers, forged.hash(), &first.transactions[0], &proof), Err(unknown));
        let proof = Accounts::default().prove(&address(0));
        assert_eq!(check_account(headers, forged.hash(), &address(0), &proof), Err(unknown));
    }
}
