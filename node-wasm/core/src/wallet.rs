//! The wallet: one key and its address.

use crate::hash::BlockHash;
use crate::keys::{Address, PublicKey, SecretKey, Signature};
use crate::transaction::{Memo, Transaction, Transfer};
use crate::units::Amount;

/// What a transfer is made of before it has a nonce.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// Who is paid.
    pub to: Address,
    /// What is paid.
    pub amount: Amount,
    /// What the miner gets.
    pub fee: Amount,
    /// Text to go with it.
    pub memo: Memo,
}

/// A key and its address.
#[derive(Debug)]
pub struct Wallet {
    key: SecretKey,
    address: Address,
}

impl Wallet {
    /// A wallet of this key.
    pub fn new(key: SecretKey) -> Self {
        Self { address: key.public_key().address(), key }
    }

    /// The wallet that follows from the content of its record in the store: the seed of its key.
    pub fn open(record: &[u8]) -> Option<Self> {
        let seed: &[u8; 32] = record.try_into().ok()?;
        Some(Self::new(SecretKey::derive(seed, b"wallet")))
    }

    /// The address.
    pub fn address(&self) -> Address {
        self.address
    }

    /// A transfer from this wallet, signed for the network with this genesis, or not signed at all.
    pub fn transfer(&self, payment: Payment, nonce: u64, genesis: BlockHash, sign: bool) -> Transaction {
        let Payment { to, amount, fee, memo } = payment;
        let from = self.key.public_key();
        let mut transfer = Transfer { from, to, amount, fee, nonce, memo, signature: Signature::NONE };
        if sign {
            transfer.sign(&self.key, genesis);
        }
        Transaction::Transfer(transfer)
    }

    /// Whether a transaction pays this wallet or is paid by it.
    pub fn concerns(&self, transaction: &Transaction, issuer: Option<PublicKey>) -> bool {
        transaction.recipient() == self.address || transaction.payer(issuer) == Some(self.address)
    }
}
