//! What a light node asks full ones, and their answers. Each answer can be checked against headers
//! alone (`light.rs`), but for what it leaves out.

use crate::block::{Block, BlockHeader};
use crate::chain::accounts::AccountProof;
use crate::hash::{BlockHash, TxId};
use crate::keys::{Address, PublicKey};
use crate::light::{self, LightError};
use crate::merkle;
use crate::sentence::Say;
use crate::transaction::Transaction;
use crate::units::Height;
use borsh::{BorshDeserialize, BorshSerialize};

/// Most transactions in one answer, each with its proof: some 50 kB.
pub const MAX_PROVED: usize = 50;
/// Questions that a peer may have asked and not had answered: twice what a light node has under way.
pub const MAX_QUESTIONS: usize = 32;

/// A place in the chain: every transaction has its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, BorshSerialize, BorshDeserialize)]
pub struct Place {
    /// Of the block.
    pub height: Height,
    /// Of the transaction in the block, from 0.
    pub index: u32,
}

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Question {
    /// What did an address have after a block? [`Answer::Account`].
    Account {
        /// The block.
        block: BlockHash,
        /// The address.
        address: Address,
    },
    /// Which transactions up to a block pay an address, or are paid by it? [`Answer::Transactions`].
    Transactions {
        /// The last block that counts.
        block: BlockHash,
        /// The address.
        address: Address,
        /// The first place that counts.
        from: Place,
    },
    /// In which block is a transaction? [`Answer::Transaction`].
    Transaction {
        /// Its id.
        id: TxId,
    },
}

/// What is answered.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Answer {
    /// The block is not part of the best chain here, or too old to prove accounts after it; or the
    /// transaction is not in a block of it.
    NotHere,
    /// The account after the block.
    Account(Box<AccountProof>),
    /// Transactions, by place.
    Transactions {
        /// At most [`MAX_PROVED`].
        items: Vec<Proved>,
        /// Where to go on, if these are not all.
        next: Option<Place>,
        /// Blocks below are not looked through.
        since: Height,
    },
    /// The transaction.
    Transaction(Box<Proved>),
}

/// A transaction with the proof that it is in a block.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Proved {
    /// The block.
    pub block: BlockHash,
    /// The transaction, with its signature.
    pub transaction: Transaction,
    /// Its way to the Merkle root of the block.
    pub proof: merkle::Proof,
}

/// Why an answer is a lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, Say)]
pub enum FalseAnswer {
    /// Its kind is not that of the question.
    #[error("the answer is to another question")]
    Kind,
    /// A proof does not hold.
    #[error(transparent)]
    Proof(#[from] LightError),
    /// A transaction that was not asked for.
    #[error("a transaction that was not asked for")]
    Unasked,
    /// Transactions are not in the order of their places, or in none of those asked for.
    #[error("transactions out of place")]
    Place,
}

impl Proved {
    /// The transaction of this index in a block; `None` if it has none.
    pub fn of(block: &Block, index: u32) -> Option<Self> {
        let leaves: Vec<Vec<u8>> = block.transactions.iter().map(Transaction::to_bytes).collect();
        let index = usize::try_from(index).ok()?;
        let proof = merkle::prove(&leaves, index)?;
        Some(Self { block: block.header.hash(), transaction: block.transactions.get(index)?.clone(), proof })
    }
}

/// Whether a transaction pays an address or is paid by it.
pub fn touches(transaction: &Transaction, address: &Address, issuer: Option<PublicKey>) -> bool {
    transaction.recipient() == *address || transaction.payer(issuer) == Some(*address)
}

/// Checks transactions that were listed for an address, from a place up to a block, and gives their places.
///
/// `ancestor` gives the header of a block if it is the last block of the question or stands before it.
pub fn check_listing(
    ancestor: impl Fn(&BlockHash) -> Option<BlockHeader>,
    address: &Address,
    issuer: Option<PublicKey>,
    from: Place,
    items: &[Proved],
) -> Result<Vec<Place>, FalseAnswer> {
    let mut places = Vec::with_capacity(items.len());
    let mut next = from;
    for item in items {
        let included = light::check_transaction(&ancestor, item.block, &item.transaction, &item.proof)?;
        let place = Place { height: included.header.height, index: included.index };
        if place < next {
            return Err(FalseAnswer::Place);
        }
        if !touches(&item.transaction, address, issuer) {
            return Err(FalseAnswer::Unasked);
        }
        places.push(place);
        next = place.next();
    }
    Ok(places)
}

impl Place {
    /// The first place of a block.
    pub fn block(height: Height) -> Self {
        Self { height, index: 0 }
    }

    /// The place behind this one, in the same block.
    #[must_use]
    pub fn next(self) -> Self {
        Self { index: self.index.saturating_add(1), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::testing::{Builder, address, params, transfer};
    use proptest::prelude::*;
    use std::sync::Arc;

    fn blocks(sizes: &[u8]) -> (Builder, Vec<Arc<Block>>) {
        let mut builder = Builder::new(params());
        let (genesis, mut parent, mut nonce, mut made) = (builder.genesis, builder.genesis, 0, Vec::new());
        for size in sizes {
            let payments = (0..*size).map(|number| {
                nonce += 1;
                transfer(genesis, 0, 1 + number % 2, 5, nonce - 1)
            });
            let payments = payments.collect();
            let block = builder.extend(parent, 3, payments, 0);
            parent = block.header.hash();
            made.push(block);
        }
        (builder, made)
    }

    fn listing(blocks: &[Arc<Block>], of: u8) -> Vec<Proved> {
        let all = blocks.iter().flat_map(|block| {
            (0..u32::try_from(block.transactions.len()).unwrap()).filter_map(|index| Proved::of(block, index))
        });
        all.filter(|item| touches(&item.transaction, &address(of), None)).collect()
    }

    #[test]
    fn each_way_to_lie_is_found_out() {
        let (_, blocks) = blocks(&[3, 2]);
        let known = |hash: &BlockHash| blocks.iter().map(|block| block.header).find(|header| header.hash() == *hash);
        let check = |from: Place, items: &[Proved]| check_listing(known, &address(1), None, from, items);
        let honest = listing(&blocks, 1);
        let place = |height, index| Place { height: Height(height), index };
        assert_eq!(check(Place::default(), &honest), Ok(vec![place(1, 1), place(1, 3), place(2, 1)]));
        assert_eq!(check(place(1, 1), &honest).map(|places| places.len()), Ok(3));
        assert_eq!(check(place(1, 2), &honest), Err(FalseAnswer::Place), "before the first place");
        let [first, second, _] = &honest[..] else { panic!("three") };
        assert_eq!(check(Place::default(), &[second.clone(), first.clone()]), Err(FalseAnswer::Place));
        assert_eq!(check(Place::default(), &[first.clone(), first.clone()]), Err(FalseAnswer::Place), "twice");
        assert_eq!(check(Place::default(), &listing(&blocks, 2)), Err(FalseAnswer::Unasked));
        let moved = Proved { block: blocks[1].header.hash(), ..first.clone() };
        assert!(matches!(check(Place::default(), &[moved]), Err(FalseAnswer::Proof(LightError::Transaction(_)))));
        let elsewhere = Proved { block: BlockHash::ZERO, ..first.clone() };
        assert!(matches!(check(Place::default(), &[elsewhere]), Err(FalseAnswer::Proof(LightError::UnknownBlock(_)))));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        /// What is taken from a listing, in whatever way it was changed, is true.
        #[test]
        fn a_changed_listing_is_refused_or_true(
            sizes in prop::collection::vec(0_u8..5, 1..4),
            of in 0_u8..4,
            flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3),
        ) {
            let (_, blocks) = blocks(&sizes);
            let known = |hash: &BlockHash| blocks.iter().map(|block| block.header).find(|header| header.hash() == *hash);
            let honest = listing(&blocks, of);
            let mut bytes = borsh::to_vec(&honest).unwrap();
            for (place, bits) in flips {
                let place = place.index(bytes.len());
                bytes[place] ^= bits;
            }
            let Ok(items) = Vec::<Proved>::try_from_slice(&bytes) else { return Ok(()) };
            if let Ok(places) = check_listing(known, &address(of), None, Place::default(), &items) {
                for (item, place) in items.iter().zip(places) {
                    let block = &blocks[place.height.0 as usize - 1];
                    prop_assert_eq!(&item.transaction, &block.transactions[place.index as usize]);
                }
            }
        }
    }
}
