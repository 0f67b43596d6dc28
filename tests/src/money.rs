//! Accounts that own coins from the start, and what they sign.

use node_core::hash::BlockHash;
use node_core::keys::{Address, SecretKey, Signature};
use node_core::transaction::{Memo, Transaction, Transfer};
use node_core::units::Amount;

/// What each owns.
const OWNED_TAB: u64 = 1_000;

/// The key of an account, by its number.
pub fn key(number: u32) -> SecretKey {
    let mut seed = [0; 32];
    seed[..4].copy_from_slice(&number.to_le_bytes());
    SecretKey::derive(&seed, b"rich")
}

/// The first accounts, so many, for the parameters of a chain.
pub fn allocation(count: u32) -> Vec<(Address, Amount)> {
    (0..count).map(|number| (key(number).public_key().address(), Amount::from_tab(OWNED_TAB))).collect()
}

/// A transfer of a grain with so many grains of fee.
pub fn transfer(genesis: BlockHash, from: u32, nonce: u64, fee: u64) -> Transaction {
    let key = key(from);
    let mut transfer = Transfer {
        from: key.public_key(),
        to: key.public_key().address(),
        amount: Amount::from_grains(1).expect("small"),
        fee: Amount::from_grains(fee).expect("small"),
        nonce,
        memo: Memo::default(),
        signature: Signature::NONE,
    };
    transfer.sign(&key, genesis);
    Transaction::Transfer(transfer)
}

/// The same with a signature that does not hold.
pub fn unsigned(genesis: BlockHash, from: u32, nonce: u64) -> Transaction {
    let Transaction::Transfer(mut transfer) = transfer(genesis, from, nonce, 1_000) else {
        unreachable!("a transfer is one")
    };
    transfer.signature.0[40] ^= 1;
    Transaction::Transfer(transfer)
}
