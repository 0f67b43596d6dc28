//! Blocks: a header of 116 bytes and a list of transactions.

use crate::hash::{BlockHash, MerkleRoot, StateRoot, sha256d};
use crate::merkle;
use crate::transaction::Transaction;
use crate::units::{CompactTarget, Height, Timestamp};
use borsh::{BorshDeserialize, BorshSerialize};

/// Header of a block.
///
/// Canonical form: the fields in this order, integers little-endian, 116 bytes. Timestamp, target
/// and nonce stand past byte 64, so a search that changes them computes two SHA-256 compressions
/// an attempt: the second half of the first hash, and the second hash. The nonce is the aligned
/// 32-bit word at byte 112, word 12 of that half.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, BorshSerialize, BorshDeserialize)]
pub struct BlockHeader {
    /// Rules the block was made by.
    pub version: u16,
    /// Position in its chain.
    pub height: Height,
    /// Hash of the header before.
    pub previous: BlockHash,
    /// Root over the transactions.
    pub merkle_root: MerkleRoot,
    /// Root over all accounts after the block.
    pub state_root: StateRoot,
    /// When the miner says it was made.
    pub time: Timestamp,
    /// What the hash must not exceed.
    pub target: CompactTarget,
    /// What the miner searched.
    pub nonce: u32,
}

impl BlockHeader {
    /// Bytes in canonical form.
    pub const BYTES: usize = 116;
    /// The version that this software makes and accepts.
    pub const VERSION: u16 = 1;

    /// Canonical form.
    pub fn to_bytes(&self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        let mut rest = &mut bytes[..];
        // Writing to a slice fails only when it is too short; the size is fixed and tested.
        let written = self.serialize(&mut rest);
        debug_assert!(written.is_ok() && rest.is_empty());
        bytes
    }

    /// Reads the canonical form; `None` for any other length.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Self::try_from_slice(bytes).ok()
    }

    /// SHA-256d of the canonical form.
    pub fn hash(&self) -> BlockHash {
        BlockHash(sha256d(&self.to_bytes()))
    }
}

/// A block: its header and its transactions, the reward first.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Block {
    /// The header.
    pub header: BlockHeader,
    /// The transactions; none in the genesis block.
    pub transactions: Vec<Transaction>,
}

impl Block {
    /// Canonical bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        // Writing to memory does not fail.
        borsh::to_vec(self).unwrap_or_default()
    }

    /// Root over the transactions that are in fact there.
    pub fn merkle_root(&self) -> MerkleRoot {
        let leaves: Vec<Vec<u8>> = self.transactions.iter().map(Transaction::to_bytes).collect();
        merkle::root(&leaves)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> BlockHeader {
        BlockHeader {
            version: 1,
            height: Height(0x0102_0304),
            previous: BlockHash([0x11; 32]),
            merkle_root: MerkleRoot([0x22; 32]),
            state_root: StateRoot([0x33; 32]),
            time: Timestamp::from_millis(0x0405_0607_0809),
            target: CompactTarget(0x1d00_ffff),
            nonce: 0x0a0b_0c0d,
        }
    }

    #[test]
    fn header_layout() {
        let bytes = header().to_bytes();
        assert_eq!(bytes.len(), BlockHeader::BYTES);
        assert_eq!(bytes[..6], [1, 0, 4, 3, 2, 1]);
        assert_eq!(bytes[102..], [9, 8, 7, 6, 5, 4, 0xff, 0xff, 0, 0x1d, 0x0d, 0x0c, 0x0b, 0x0a]);
        assert_eq!(BlockHeader::from_bytes(&bytes), Some(header()));
        assert_eq!(BlockHeader::from_bytes(&bytes[1..]), None);
    }

    #[test]
    fn what_a_search_changes_stands_in_the_last_sha_block() {
        let mut changed = header();
        changed.time = Timestamp::MAX;
        changed.target = CompactTarget(0);
        changed.nonce = 0;
        assert_eq!(header().to_bytes()[..64], changed.to_bytes()[..64]);
        // One byte of padding and eight of length must fit behind the header.
        const { assert!(BlockHeader::BYTES - 64 <= 64 - 9) };
    }
}
