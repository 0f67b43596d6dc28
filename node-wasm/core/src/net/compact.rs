//! Compact blocks (BIP 152): a header and six bytes for each transaction, and how a block is put
//! together from them and from what waits here.
//!
//! A short id stands for the bytes of a whole transaction, **signature included**. The transaction
//! id does not cover the signature, and who signs may sign again: two valid transactions with one
//! id are easy to make. With short ids over transaction ids the one that waits here would be taken
//! for the one in the block, and the Merkle root, which covers signatures, would not come out; one
//! payer could so force every node to fetch blocks twice. The key of the short ids depends on
//! the header and on a salt that each sender draws: ids that collide for one sender do not for
//! another, and nobody can prepare transactions that collide everywhere.

use crate::block::{Block, BlockHeader};
use crate::hash::{BlockHash, TxId, WitnessId, sha256};
use crate::params::MAX_BLOCK_BYTES;
use crate::sentence::Say;
use crate::transaction::{LEAST_TRANSACTION_BYTES, Transaction};
use crate::units::Height;
use borsh::{BorshDeserialize, BorshSerialize};
use siphasher::sip::SipHasher24;
use std::collections::BTreeMap;

/// Most transactions of a block that travels in compact form: a reward, and as many of the smallest
/// ones as the largest block holds.
pub const MAX_BLOCK_TRANSACTIONS: usize = MAX_BLOCK_BYTES / LEAST_TRANSACTION_BYTES + 1;
/// Canonical bytes of transactions that a sender puts in beside the reward at most (BIP 152's
/// advice): what fits the first round trip of a fresh connection.
pub const MAX_PREFILLED_BYTES: usize = 10 * 1024;
/// Blocks from the tip, to either side, that are asked for in compact form: the mempool knows their
/// transactions. Those further behind are fetched whole.
const NEAR: u32 = 2;

// A place in a block is two bytes on the wire.
const _: () = assert!(MAX_BLOCK_TRANSACTIONS <= u16::MAX as usize);

/// Whether a block is so near the tip that its compact form is worth asking for.
pub fn is_near(tip: Height, height: Height) -> bool {
    tip.0.abs_diff(height.0) <= NEAR
}

/// The lower six bytes of SipHash-2-4 of a transaction's [`WitnessId`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub struct ShortId(pub [u8; 6]);

/// Makes short ids for one header and salt.
#[derive(Debug, Clone, Copy)]
struct Shortener(SipHasher24);

impl Shortener {
    /// The key is the first 16 bytes of the SHA-256 of header and salt, as in BIP 152.
    fn new(header: &BlockHeader, salt: u64) -> Self {
        let digest = sha256(&[&header.to_bytes()[..], &salt.to_le_bytes()].concat());
        let mut key = [0; 16];
        key.copy_from_slice(&digest[..16]);
        Self(SipHasher24::new_with_key(&key))
    }

    fn shorten(&self, id: &WitnessId) -> ShortId {
        let mut short = [0; 6];
        short.copy_from_slice(&self.0.hash(&id.0).to_le_bytes()[..6]);
        ShortId(short)
    }
}

/// A transaction that a compact block carries whole.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Prefilled {
    /// Its place in the block, from 0.
    pub index: u16,
    /// The transaction.
    pub transaction: Transaction,
}

/// A block in short: who knows its transactions can put it together.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct CompactBlock {
    /// The header.
    pub header: BlockHeader,
    /// Drawn by the sender.
    pub salt: u64,
    /// Of all transactions that are not prefilled, in their order.
    pub short_ids: Vec<ShortId>,
    /// The reward, and what the receiver may lack, in the order of the block.
    pub prefilled: Vec<Prefilled>,
}

/// Asks for transactions of a block whose compact form was received.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct GetBlockTransactions {
    /// Hash of the block.
    pub block: BlockHash,
    /// Places in the block, ascending.
    pub indexes: Vec<u16>,
}

/// Answers [`GetBlockTransactions`]: exactly what was asked for, in that order.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct BlockTransactions {
    /// Hash of the block.
    pub block: BlockHash,
    /// The transactions.
    pub transactions: Vec<Transaction>,
}

/// Why a compact block, or what belongs to one, makes no sense. No honest node sends the like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, Say)]
pub enum CompactError {
    /// The block's first transaction does not come with it, or is no reward.
    #[error("a compact block carries its reward")]
    NoReward,
    /// Places that do not ascend, or lie outside of the block.
    #[error("places in a compact block that do not ascend or lie outside of it")]
    Places,
    /// Other transactions than those that were asked for.
    #[error("not the transactions that were asked for")]
    OtherTransactions,
}

/// The ids of a block's transactions, made once for all peers that get it in compact form.
#[derive(Debug)]
pub struct Shortened {
    /// Of the block.
    pub hash: BlockHash,
    salt: u64,
    ids: Vec<(TxId, ShortId)>,
}

impl Shortened {
    /// Shortens a block; `None` when it has more transactions than a compact block may have.
    pub fn new(block: &Block, salt: u64) -> Option<Self> {
        let shortener = Shortener::new(&block.header, salt);
        let ids = block.transactions.iter().map(|one| (one.id(), shortener.shorten(&one.witness_id())));
        let fits = (1..=MAX_BLOCK_TRANSACTIONS).contains(&block.transactions.len());
        fits.then(|| Self { hash: block.header.hash(), salt, ids: ids.collect() })
    }

    /// The compact form of the same block for a peer: with the reward, and with those transactions
    /// that `lacks` names, up to [`MAX_PREFILLED_BYTES`].
    pub fn compact(&self, block: &Block, lacks: impl Fn(&TxId) -> bool) -> CompactBlock {
        let mut compact =
            CompactBlock { header: block.header, salt: self.salt, short_ids: Vec::new(), prefilled: Vec::new() };
        let mut room = MAX_PREFILLED_BYTES;
        for (index, (transaction, (id, short))) in (0..).zip(block.transactions.iter().zip(&self.ids)) {
            let left = if index > 0 && lacks(id) { room.checked_sub(transaction.to_bytes().len()) } else { None };
            room = left.unwrap_or(room);
            if index == 0 || left.is_some() {
                compact.prefilled.push(Prefilled { index, transaction: transaction.clone() });
            } else {
                compact.short_ids.push(*short);
            }
        }
        compact
    }

    /// Whether the compact form brings all that `lacks` names.
    pub fn tells_all(&self, block: &Block, lacks: impl Fn(&TxId) -> bool) -> bool {
        let lacking = block.transactions.iter().zip(&self.ids).skip(1).filter(|(_, (id, _))| lacks(id));
        let mut sizes = lacking.map(|(transaction, _)| transaction.to_bytes().len());
        sizes.try_fold(MAX_PREFILLED_BYTES, usize::checked_sub).is_some()
    }
}

impl GetBlockTransactions {
    /// What it asks for, out of the block that it names.
    pub fn pick(&self, block: &Block) -> Result<BlockTransactions, CompactError> {
        let ascending = self.indexes.is_sorted_by(|one, next| one < next) && !self.indexes.is_empty();
        let picked = self.indexes.iter().map(|index| block.transactions.get(usize::from(*index)).cloned());
        let transactions: Option<Vec<Transaction>> = if ascending { picked.collect() } else { None };
        transactions
            .map(|transactions| BlockTransactions { block: self.block, transactions })
            .ok_or(CompactError::Places)
    }
}

/// A place in a block that is being put together.
#[derive(Debug, Clone)]
enum Place {
    /// Nothing fits yet.
    Missing(ShortId),
    /// Something that was here already fits; it may be another one whose short id collides.
    Local(ShortId, Transaction),
    /// The peer sent it for this place.
    Sent(Transaction),
}

/// A block that is being put together from the compact form that one peer sent.
#[derive(Debug)]
pub struct Reconstruction {
    header: BlockHeader,
    shortener: Shortener,
    places: Vec<Place>,
    asked: Vec<u16>,
}

impl Reconstruction {
    /// Takes a compact block, if its lists go together.
    pub fn new(compact: CompactBlock) -> Result<Self, CompactError> {
        let reward = |one: &Prefilled| one.index == 0 && matches!(one.transaction, Transaction::Reward(_));
        if !compact.prefilled.first().is_some_and(reward) {
            return Err(CompactError::NoReward);
        }
        let count = compact.short_ids.len() + compact.prefilled.len();
        let mut prefilled = compact.prefilled.into_iter().peekable();
        let mut short_ids = compact.short_ids.into_iter();
        let place = |index: usize| match prefilled.next_if(|one| usize::from(one.index) == index) {
            Some(one) => Some(Place::Sent(one.transaction)),
            None => short_ids.next().map(Place::Missing),
        };
        // A prefilled transaction out of order or out of range is left over, and short ids run out.
        let places: Option<Vec<Place>> = (0..count).map(place).collect();
        let places = places.ok_or(CompactError::Places)?;
        let shortener = Shortener::new(&compact.header, compact.salt);
        Ok(Self { header: compact.header, shortener, places, asked: Vec::new() })
    }

    /// Fills in what is here. Where two candidates have the same short id, or two places of the
    /// block, none is taken: it counts as missing. To be called once, with all candidates.
    pub fn fill<'a>(&mut self, candidates: impl Iterator<Item = (WitnessId, &'a Transaction)>) {
        let shortener = self.shortener;
        self.fill_short(candidates.map(|(id, transaction)| (shortener.shorten(&id), id, transaction)));
    }

    fn fill_short<'a>(&mut self, candidates: impl Iterator<Item = (ShortId, WitnessId, &'a Transaction)>) {
        /// Places by their short id, and what was taken for each.
        #[derive(Clone, Copy)]
        enum Match {
            Open(usize),
            Taken(usize, WitnessId),
            Ambiguous,
        }
        let mut matches: BTreeMap<ShortId, Match> = BTreeMap::new();
        for (index, place) in self.places.iter().enumerate() {
            if let Place::Missing(short) = place {
                matches.entry(*short).and_modify(|found| *found = Match::Ambiguous).or_insert(Match::Open(index));
            }
        }
        for (short, id, transaction) in candidates {
            let Some(found) = matches.get_mut(&short) else { continue };
            match *found {
                Match::Open(index) => {
                    self.places[index] = Place::Local(short, transaction.clone());
                    *found = Match::Taken(index, id);
                }
                Match::Taken(index, other) if other != id => {
                    self.places[index] = Place::Missing(short);
                    *found = Match::Ambiguous;
                }
                Match::Taken(..) | Match::Ambiguous => {}
            }
        }
    }

    /// What to ask the peer for; remembered until [`Reconstruction::answer`].
    pub fn ask(&mut self) -> GetBlockTransactions {
        let missing = (0..).zip(&self.places).filter(|(_, place)| matches!(place, Place::Missing(_)));
        self.asked = missing.map(|(index, _)| index).collect();
        GetBlockTransactions { block: self.header.hash(), indexes: self.asked.clone() }
    }

    /// How many transactions the peer was asked for and has not answered with.
    pub fn owed(&self) -> usize {
        self.asked.len()
    }

    /// Takes the peer's answer: exactly what was asked for, each with the short id that the peer
    /// gave it before.
    pub fn answer(&mut self, transactions: Vec<Transaction>) -> Result<(), CompactError> {
        let asked = std::mem::take(&mut self.asked);
        if asked.len() != transactions.len() {
            return Err(CompactError::OtherTransactions);
        }
        for (index, transaction) in asked.into_iter().zip(transactions) {
            let place = self.places.get_mut(usize::from(index)).ok_or(CompactError::OtherTransactions)?;
            let promised = matches!(place, Place::Missing(short)
                if *short == self.shortener.shorten(&transaction.witness_id()));
            if !promised {
                return Err(CompactError::OtherTransactions);
            }
            *place = Place::Sent(transaction);
        }
        Ok(())
    }

    /// Gives up what was taken from here, because the block did not come out: a short id may have
    /// collided. Gives whether there was any; if not, all of the block is the peer's word.
    pub fn distrust(&mut self) -> bool {
        let mut any = false;
        for place in &mut self.places {
            if let Place::Local(short, _) = place {
                *place = Place::Missing(*short);
                any = true;
            }
        }
        any
    }

    /// The block, once nothing is missing. Whether it is the header's is not checked here.
    pub fn block(&self) -> Option<Block> {
        let transaction = |place: &Place| match place {
            Place::Missing(_) => None,
            Place::Local(_, transaction) | Place::Sent(transaction) => Some(transaction.clone()),
        };
        let transactions: Option<Vec<Transaction>> = self.places.iter().map(transaction).collect();
        Some(Block { header: self.header, transactions: transactions? })
    }
}

#[cfg(test)]
mod tests;
