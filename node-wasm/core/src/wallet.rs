//! The wallet: one key, its address, and the confirmed transactions that touch it.

use crate::block::Block;
use crate::hash::{BlockHash, TxId};
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

/// A key and the history of its address on the best chain.
#[derive(Debug)]
pub struct Wallet {
    key: SecretKey,
    address: Address,
    history: Vec<TxId>,
}

impl Wallet {
    /// A wallet of this key, without history.
    pub fn new(key: SecretKey) -> Self {
        Self { address: key.public_key().address(), key, history: Vec::new() }
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

    /// Confirmed transactions of this wallet, oldest first.
    pub fn history(&self) -> &[TxId] {
        &self.history
    }

    /// Whether a transaction pays this wallet or is paid by it.
    pub fn concerns(&self, transaction: &Transaction, issuer: Option<PublicKey>) -> bool {
        transaction.recipient() == self.address || transaction.payer(issuer) == Some(self.address)
    }

    /// A block joined the best chain.
    pub fn connect(&mut self, block: &Block, issuer: Option<PublicKey>) {
        let own = block.transactions.iter().filter(|transaction| self.concerns(transaction, issuer));
        let ids: Vec<TxId> = own.map(Transaction::id).collect();
        self.history.extend(ids);
    }

    /// The newest block left the best chain.
    pub fn disconnect(&mut self, block: &Block, issuer: Option<PublicKey>) {
        let own = block.transactions.iter().filter(|transaction| self.concerns(transaction, issuer)).count();
        self.history.truncate(self.history.len().saturating_sub(own));
    }
}
