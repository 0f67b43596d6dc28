//! What the state root is a hash of: leaves, branches, and the place that an address has.

use super::Account;
use crate::hash::tagged_sha256;
use crate::keys::Address;

/// Bits of an address, and so the depth of the deepest leaf.
pub(super) const LEVELS: usize = Address::LENGTH * 8;
/// Stands for a place with no account under it.
pub(super) const EMPTY: [u8; 32] = [0; 32];

const LEAF_TAG: &[u8] = b"\0tabchain/account";
const NODE_TAG: &[u8] = b"\x01tabchain/accounts";

/// The bit of an address that chooses between the two sides at a depth; 0 past its end, where
/// there are only leaves.
pub(super) fn bit(address: &Address, depth: usize) -> usize {
    address.0.get(depth / 8).map_or(0, |byte| usize::from(byte >> (7 - depth % 8) & 1))
}

/// Bits that two addresses have in common from the first on; [`LEVELS`] if they are the same.
pub(super) fn shared_bits(one: &Address, other: &Address) -> usize {
    let differences = one.0.iter().zip(&other.0).map(|(one, other)| one ^ other);
    match differences.enumerate().find(|(_, difference)| *difference != 0) {
        Some((byte, difference)) => byte * 8 + difference.leading_zeros() as usize,
        None => LEVELS,
    }
}

/// Hash of a leaf.
pub(super) fn leaf_hash(address: &Address, account: &Account) -> [u8; 32] {
    let (balance, nonce) = (account.balance.grains().to_le_bytes(), account.nonce.to_le_bytes());
    tagged_sha256(LEAF_TAG, &[&address.0, &balance, &nonce])
}

/// Hash of a branch from those of its sides.
pub(super) fn branch_hash(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    tagged_sha256(NODE_TAG, &[left, right])
}

/// Hash of the branch at a depth that has this hash on the side of an address, and a sibling.
pub(super) fn join(address: &Address, depth: usize, hash: &[u8; 32], sibling: &[u8; 32]) -> [u8; 32] {
    if bit(address, depth) == 0 { branch_hash(hash, sibling) } else { branch_hash(sibling, hash) }
}
