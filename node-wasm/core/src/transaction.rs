//! Transactions: assignments of new coins and transfers between accounts.
//!
//! Canonical bytes are borsh: one valid byte string for each value. A signature stands last, so
//! that the bytes without it are a prefix; the id is SHA-256d of that prefix.

use crate::hash::{BlockHash, TxId, WitnessId, sha256d, tagged_sha256};
use crate::keys::{Address, PublicKey, SecretKey, Signature, SignatureCheck};
use crate::sentence::Say;
use crate::units::{Amount, Height};
use borsh::{BorshDeserialize, BorshSerialize};
use std::io;

/// Most bytes of UTF-8 in a memo: a sentence, not a file.
pub const MAX_MEMO_BYTES: usize = 140;
/// Most canonical bytes of any transaction: a transfer with the longest memo has 287.
pub const MAX_TRANSACTION_BYTES: usize = 512;
/// Canonical bytes of the smallest transaction beside rewards, an issue.
pub const LEAST_TRANSACTION_BYTES: usize = 1 + 20 + 8 + 8 + Signature::LENGTH;

/// A memo is too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, Say)]
#[error("a memo has at most {MAX_MEMO_BYTES} bytes")]
pub struct MemoError;

/// Text that goes with a transfer; at most [`MAX_MEMO_BYTES`] bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, BorshSerialize)]
pub struct Memo(String);

impl Memo {
    /// Checks the length.
    pub fn new(text: &str) -> Result<Self, MemoError> {
        if text.len() > MAX_MEMO_BYTES { Err(MemoError) } else { Ok(Self(text.to_owned())) }
    }

    /// The text. It comes from outside.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl BorshDeserialize for Memo {
    fn deserialize_reader<R: io::Read>(reader: &mut R) -> io::Result<Self> {
        let length = u32::deserialize_reader(reader)?;
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if length > MAX_MEMO_BYTES {
            return Err(io::Error::new(io::ErrorKind::InvalidData, MemoError));
        }
        let mut bytes = vec![0; length];
        reader.read_exact(&mut bytes)?;
        String::from_utf8(bytes).map(Self).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    }
}

/// A transaction. New kinds get new numbers; a node refuses numbers that it does not know.
#[derive(Debug, Clone, PartialEq, Eq, Hash, BorshSerialize, BorshDeserialize)]
pub enum Transaction {
    /// New coins to the miner of a block: first in every block, nowhere else.
    Reward(Reward),
    /// New coins assigned by the network's issuer.
    Issue(Issue),
    /// Coins from one account to another.
    Transfer(Transfer),
}

/// Assignment of subsidy and fees to the miner of a block.
#[derive(Debug, Clone, PartialEq, Eq, Hash, BorshSerialize, BorshDeserialize)]
pub struct Reward {
    /// Height of its block; makes the id unique.
    pub height: Height,
    /// The miner.
    pub to: Address,
    /// Subsidy and fees of the block, exactly.
    pub amount: Amount,
}

/// Assignment of new coins by the issuer that the network's parameters name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, BorshSerialize, BorshDeserialize)]
pub struct Issue {
    /// Who gets the coins.
    pub to: Address,
    /// How many.
    pub amount: Amount,
    /// Nonce of the issuer's account.
    pub nonce: u64,
    /// By the issuer's key.
    pub signature: Signature,
}

/// Payment from one account to another.
#[derive(Debug, Clone, PartialEq, Eq, Hash, BorshSerialize, BorshDeserialize)]
pub struct Transfer {
    /// Key of the paying account.
    pub from: PublicKey,
    /// Who is paid.
    pub to: Address,
    /// What is paid, above zero.
    pub amount: Amount,
    /// What the miner gets.
    pub fee: Amount,
    /// Transactions that the account had made before this one.
    pub nonce: u64,
    /// Text to go with it.
    pub memo: Memo,
    /// By the paying account's key.
    pub signature: Signature,
}

impl Transfer {
    /// Signs for the network with this genesis.
    pub fn sign(&mut self, key: &SecretKey, genesis: BlockHash) {
        let digest = signing_digest(genesis, &unsigned_bytes(&Transaction::Transfer(self.clone())));
        self.signature = key.sign(digest);
    }

    /// What leaves the paying account; `None` above the greatest amount.
    pub fn cost(&self) -> Option<Amount> {
        self.amount.checked_add(self.fee)
    }
}

impl Issue {
    /// Signs for the network with this genesis.
    pub fn sign(&mut self, key: &SecretKey, genesis: BlockHash) {
        let digest = signing_digest(genesis, &unsigned_bytes(&Transaction::Issue(self.clone())));
        self.signature = key.sign(digest);
    }
}

impl Transaction {
    /// Canonical bytes, signature included.
    pub fn to_bytes(&self) -> Vec<u8> {
        // Writing to memory does not fail.
        borsh::to_vec(self).unwrap_or_default()
    }

    /// SHA-256d of the canonical bytes without the signature.
    pub fn id(&self) -> TxId {
        TxId(sha256d(&unsigned_bytes(self)))
    }

    /// SHA-256d of the canonical bytes, signature included: tells transactions of one id apart.
    pub fn witness_id(&self) -> WitnessId {
        WitnessId(sha256d(&self.to_bytes()))
    }

    /// What must be verified, on the network with this genesis and issuer; `None` for a reward,
    /// which nobody signs, and for an issue where nobody may issue.
    pub fn signature_check(&self, genesis: BlockHash, issuer: Option<PublicKey>) -> Option<SignatureCheck> {
        let (key, signature) = match self {
            Self::Reward(_) => return None,
            Self::Issue(issue) => (issuer?, issue.signature),
            Self::Transfer(transfer) => (transfer.from, transfer.signature),
        };
        Some(SignatureCheck { key, digest: signing_digest(genesis, &unsigned_bytes(self)), signature })
    }

    /// The account that pays and whose nonce counts, on a network with this issuer.
    pub fn payer(&self, issuer: Option<PublicKey>) -> Option<Address> {
        match self {
            Self::Reward(_) => None,
            Self::Issue(_) => issuer.map(|key| key.address()),
            Self::Transfer(transfer) => Some(transfer.from.address()),
        }
    }

    /// The account that is paid.
    pub fn recipient(&self) -> Address {
        match self {
            Self::Reward(reward) => reward.to,
            Self::Issue(issue) => issue.to,
            Self::Transfer(transfer) => transfer.to,
        }
    }

    /// What is paid.
    pub fn amount(&self) -> Amount {
        match self {
            Self::Reward(reward) => reward.amount,
            Self::Issue(issue) => issue.amount,
            Self::Transfer(transfer) => transfer.amount,
        }
    }

    /// What the miner gets.
    pub fn fee(&self) -> Amount {
        match self {
            Self::Reward(_) | Self::Issue(_) => Amount::ZERO,
            Self::Transfer(transfer) => transfer.fee,
        }
    }

    /// Number of the payer's transactions before this one; the height for a reward.
    pub fn nonce(&self) -> u64 {
        match self {
            Self::Reward(reward) => u64::from(reward.height.0),
            Self::Issue(issue) => issue.nonce,
            Self::Transfer(transfer) => transfer.nonce,
        }
    }
}

fn unsigned_bytes(transaction: &Transaction) -> Vec<u8> {
    let mut bytes = transaction.to_bytes();
    if !matches!(transaction, Transaction::Reward(_)) {
        bytes.truncate(bytes.len().saturating_sub(Signature::LENGTH));
    }
    bytes
}

/// What is signed: the network's genesis and the transaction, so that a transaction of one
/// network is worthless on another.
fn signing_digest(genesis: BlockHash, unsigned: &[u8]) -> [u8; 32] {
    tagged_sha256(b"tabchain/transaction", &[&genesis.0, unsigned])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn transfer(key: &SecretKey, nonce: u64, memo: &str) -> Transfer {
        Transfer {
            from: key.public_key(),
            to: Address([7; 20]),
            amount: Amount::from_tab(1),
            fee: Amount::ZERO,
            nonce,
            memo: Memo::new(memo).unwrap(),
            signature: Signature::NONE,
        }
    }

    fn holds(transaction: &Transaction, genesis: BlockHash) -> bool {
        transaction.signature_check(genesis, None).is_some_and(|check| check.verify())
    }

    #[test]
    fn the_longest_transfer_is_within_the_limit() {
        let key = SecretKey::derive(&[1; 32], b"test");
        let longest = Transaction::Transfer(transfer(&key, u64::MAX, &"m".repeat(MAX_MEMO_BYTES)));
        assert_eq!(longest.to_bytes().len(), 287);
        assert!(longest.to_bytes().len() <= MAX_TRANSACTION_BYTES);
        assert_eq!(Memo::new(&"m".repeat(MAX_MEMO_BYTES + 1)), Err(MemoError));
    }

    #[test]
    fn a_memo_is_read_as_it_was_written_up_to_its_greatest_length() {
        for length in [0, 1, MAX_MEMO_BYTES - 1, MAX_MEMO_BYTES] {
            let text = "m".repeat(length);
            let bytes = borsh::to_vec(&text).unwrap();
            let memo = Memo::try_from_slice(&bytes).unwrap();
            assert_eq!(memo.as_str(), text);
            assert_eq!(borsh::to_vec(&memo).unwrap(), bytes);
        }
        for length in [MAX_MEMO_BYTES + 1, 1_000] {
            let bytes = borsh::to_vec(&"m".repeat(length)).unwrap();
            assert!(Memo::try_from_slice(&bytes).is_err(), "{length} bytes");
        }
        // A claimed length allocates nothing, and what is no text is no memo.
        assert!(Memo::try_from_slice(&[0xff; 4]).is_err());
        assert!(Memo::try_from_slice(&[1, 0, 0, 0, 0xff]).is_err());
    }

    #[test]
    fn a_transaction_is_worthless_on_another_network() {
        let key = SecretKey::derive(&[1; 32], b"test");
        let mut signed = transfer(&key, 0, "");
        signed.sign(&key, BlockHash([1; 32]));
        let signed = Transaction::Transfer(signed);
        assert!(holds(&signed, BlockHash([1; 32])));
        assert!(!holds(&signed, BlockHash([2; 32])));
    }

    #[test]
    fn the_id_does_not_depend_on_the_signature() {
        let key = SecretKey::derive(&[1; 32], b"test");
        let unsigned = transfer(&key, 0, "");
        let mut signed = unsigned.clone();
        signed.sign(&key, BlockHash([1; 32]));
        assert_eq!(Transaction::Transfer(unsigned).id(), Transaction::Transfer(signed).id());
    }

    #[test]
    fn any_flipped_bit_is_found() {
        let key = SecretKey::derive(&[1; 32], b"test");
        let genesis = BlockHash([1; 32]);
        let mut signed = transfer(&key, 3, "for lunch");
        signed.sign(&key, genesis);
        let bytes = Transaction::Transfer(signed).to_bytes();
        for bit in 0..bytes.len() * 8 {
            let mut mutated = bytes.clone();
            mutated[bit / 8] ^= 1 << (bit % 8);
            let survives = Transaction::try_from_slice(&mutated).is_ok_and(|transaction| holds(&transaction, genesis));
            assert!(!survives, "bit {bit}");
        }
    }

    proptest! {
        #[test]
        fn decoding_accepts_only_canonical_bytes(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            if let Ok(transaction) = Transaction::try_from_slice(&bytes) {
                prop_assert_eq!(transaction.to_bytes(), bytes);
            }
        }

        #[test]
        fn mutated_bytes_never_decode_to_the_same(position in 0_usize..170, byte in any::<u8>()) {
            let key = SecretKey::derive(&[1; 32], b"test");
            let original = Transaction::Transfer(transfer(&key, 9, "memo"));
            let mut bytes = original.to_bytes();
            let position = position % bytes.len();
            prop_assume!(bytes[position] != byte);
            bytes[position] = byte;
            prop_assert_ne!(Transaction::try_from_slice(&bytes).ok(), Some(original));
        }
    }
}
