//! Records: names, contents, and the checksum that each of them carries.
//!
//! The checksum is against accidents: bits that flip, writes that end in the middle, records that
//! end up in another's place. Whoever can write to the store at will owns the node anyway.

use super::{Key, Table, Write};
use crate::block::{Block, BlockHeader};
use crate::chain::accounts::Account;
use crate::chain::ledger::Undo;
use crate::hash::{BlockHash, TxId};
use crate::keys::Address;
use crate::transaction::{Reward, Transaction};
use crate::units::{Amount, Height, Timestamp};
use borsh::{BorshDeserialize, BorshSerialize};
use siphasher::sip::SipHasher24;

/// Heights in a record of headers: few enough that a new block writes some kilobytes, many enough
/// that 100,000 headers are read in 800 records.
pub const HEADERS_A_CHUNK: u32 = 128;
/// Rows of the wallet's history in a record at most: some 10 kB, which a block with one more writes anew.
pub const ROWS_A_CHUNK: usize = 64;
/// Accounts in a part of a snapshot: some 300 kB.
pub const ACCOUNTS_A_PART: usize = 8_192;
/// Bytes of the checksum at the end of a record.
const CHECKSUM_BYTES: usize = 8;

/// Name of the version of the layout in [`Table::Meta`].
pub const VERSION: &[u8] = b"version";
/// Name of [`Tip`] in [`Table::Meta`].
pub const TIP: &[u8] = b"tip";
/// Name of the seed of the node's own key in [`Table::Meta`].
pub const IDENTITY: &[u8] = b"identity";
/// Name of the peers to come back to in [`Table::Meta`].
pub const PEERS: &[u8] = b"peers";
/// Name of the bans in [`Table::Meta`].
pub const BANS: &[u8] = b"bans";
/// Name of [`Settings`] in [`Table::Meta`].
pub const SETTINGS: &[u8] = b"settings";
/// Name of [`Sent`] in [`Table::Meta`].
pub const SENT: &[u8] = b"sent";
/// Name of the wallet in [`Table::Wallet`].
pub const WALLET: &[u8] = b"wallet";
/// Name of a record in [`Table::Wallet`] that could not be read and was put aside.
pub const WALLET_ASIDE: &[u8] = b"aside";

/// Where the best chain ends, and what goes with it. Its batch holds all that it speaks of.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Tip {
    /// First block of the chain.
    pub genesis: BlockHash,
    /// Newest block.
    pub tip: BlockHash,
    /// Its height.
    pub height: Height,
    /// The snapshot of the accounts that is there.
    pub snapshot: Option<Snapshot>,
    /// Rows of the wallet's history.
    pub history: u64,
    /// Whose transactions they are.
    pub followed: Vec<Followed>,
    /// Blocks of the best chain below this height were dropped.
    pub oldest: Height,
}

/// A snapshot of the accounts after a block of the best chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Snapshot {
    /// The block.
    pub hash: BlockHash,
    /// Its height.
    pub height: Height,
    /// Number of parts.
    pub parts: u32,
}

/// Transactions of the wallet that wait for a block, kept with the profile.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Sent {
    /// First block of the chain that they are for.
    pub genesis: BlockHash,
    /// Each with when it was sent.
    pub transactions: Vec<(Timestamp, Transaction)>,
}

/// What a person chose, kept with the profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, BorshSerialize, BorshDeserialize)]
pub struct Settings {
    /// Whether old blocks are dropped.
    pub prune: bool,
}

/// A header in a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct HeaderEntry {
    /// The header.
    pub header: BlockHeader,
    /// Whether the block is in the store.
    pub body: bool,
}

/// What a block of the best chain did to the accounts.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct UndoEntry {
    /// The block.
    pub hash: BlockHash,
    /// What it did.
    pub undo: Undo,
    /// What lists show of the block beside its header.
    pub facts: BlockFacts,
}

/// What lists show of a block beside its header.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct BlockFacts {
    /// Number of transactions.
    pub transactions: u32,
    /// Canonical bytes.
    pub size: u32,
    /// Who mined it, and for what; none of the genesis block.
    pub reward: Option<(Address, Amount)>,
    /// Fees of all transactions.
    pub fees: Amount,
}

impl BlockFacts {
    /// Of a block.
    pub fn of(block: &Block) -> Self {
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let fees = block.transactions.iter().try_fold(Amount::ZERO, |sum, one| sum.checked_add(one.fee()));
        let reward = block.transactions.first().and_then(|first| match first {
            Transaction::Reward(reward) => Some((reward.to, reward.amount)),
            Transaction::Issue(_) | Transaction::Transfer(_) => None,
        });
        let size = count(block.to_bytes().len());
        Self { transactions: count(block.transactions.len()), size, reward, fees: fees.unwrap_or_default() }
    }
}

/// A part of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct StatePart {
    /// The block after which the accounts were like this: parts of two snapshots never mix.
    pub hash: BlockHash,
    /// Some of the accounts, in the order of addresses.
    pub accounts: Vec<(Address, Account)>,
    /// Young rewards; with the first part only.
    pub immature: Vec<Reward>,
    /// Coins that the issuer may still assign; with the first part only.
    pub unissued: Amount,
}

/// An address of the wallet whose transactions are in the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Followed {
    /// The address.
    pub address: Address,
    /// The first height that was not looked at yet.
    pub next: u32,
    /// Blocks below were not there to be looked at.
    pub from: u32,
}

/// Where a transaction stands in the best chain: height of its block, and its place there.
pub type Place = (Height, u32);

/// A ban and when it ends.
pub type Ban = ([u8; 20], Timestamp);

/// Puts a checksum behind the content of a record. It covers table and key, too.
pub fn seal(table: Table, key: &[u8], mut content: Vec<u8>) -> Vec<u8> {
    let sum = checksum(table, key, &content);
    content.extend_from_slice(&sum);
    content
}

/// Content of a record whose checksum holds.
pub fn open<'a>(table: Table, key: &[u8], sealed: &'a [u8]) -> Option<&'a [u8]> {
    let (content, sum) = sealed.split_at_checked(sealed.len().checked_sub(CHECKSUM_BYTES)?)?;
    (checksum(table, key, content) == sum).then_some(content)
}

/// A value from a record whose checksum holds.
pub fn read<T: BorshDeserialize>(table: Table, key: &[u8], sealed: &[u8]) -> Option<T> {
    T::try_from_slice(open(table, key, sealed)?).ok()
}

/// Puts a value into a record.
pub fn put<T: BorshSerialize>(table: Table, key: Key, content: &T) -> Write {
    // Writing to memory does not fail.
    let content = borsh::to_vec(content).unwrap_or_default();
    put_bytes(table, key, content)
}

/// Puts bytes into a record.
pub fn put_bytes(table: Table, key: Key, content: Vec<u8>) -> Write {
    let value = seal(table, &key, content);
    Write::Put { table, key, value }
}

/// Key of a height, of a part or of a chunk.
pub fn number_key(number: u32) -> Key {
    number.to_be_bytes().to_vec()
}

/// The number that a key stands for.
pub fn key_number(key: &[u8]) -> Option<u32> {
    key.try_into().ok().map(u32::from_be_bytes)
}

/// Key of a record of the wallet's history, by its first row.
pub fn row_key((height, place): Place) -> Key {
    [height.0.to_be_bytes(), place.to_be_bytes()].concat()
}

/// The place that such a key stands for.
pub fn key_row(key: &[u8]) -> Option<Place> {
    let (height, place) = key.split_at_checked(4)?;
    Some((Height(key_number(height)?), key_number(place)?))
}

/// Key of a block.
pub fn body_key(height: Height, hash: &BlockHash) -> Key {
    [&height.0.to_be_bytes()[..], &hash.0].concat()
}

/// Key of a transaction.
pub fn index_key(id: &TxId) -> Key {
    id.0.to_vec()
}

/// The chunk that headers of a height stand in.
pub fn chunk_of(height: Height) -> u32 {
    height.0 / HEADERS_A_CHUNK
}

fn checksum(table: Table, key: &[u8], content: &[u8]) -> [u8; CHECKSUM_BYTES] {
    // The key length keeps key and content apart; the name of the table keeps tables apart.
    let length = (key.len() as u64).to_le_bytes();
    let start = [table.name().as_bytes(), &length, key].concat();
    let seed = SipHasher24::new_with_keys(0, 0).hash(&start);
    SipHasher24::new_with_keys(seed, u64::from(super::SCHEMA_VERSION)).hash(content).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_record_holds_in_its_place_only() {
        let sealed = seal(Table::Undo, b"key", b"content".to_vec());
        assert_eq!(open(Table::Undo, b"key", &sealed), Some(&b"content"[..]));
        assert_eq!(open(Table::State, b"key", &sealed), None);
        assert_eq!(open(Table::Undo, b"kez", &sealed), None);
        assert_eq!(open(Table::Undo, b"key", b""), None);
        assert_eq!(open(Table::Undo, b"key", &sealed[..7]), None);
    }

    #[test]
    fn keys_are_in_the_order_of_heights() {
        let keys: Vec<Key> = [0, 1, 255, 256, 65_536, u32::MAX].map(number_key).into();
        assert!(keys.is_sorted());
        assert_eq!(key_number(&keys[3]), Some(256));
        assert_eq!(key_number(b"tip"), None);
        assert!(body_key(Height(255), &BlockHash([255; 32])) < body_key(Height(256), &BlockHash::ZERO));
        assert!(number_key(256) <= body_key(Height(256), &BlockHash::ZERO));
    }

    proptest! {
        #[test]
        fn no_damage_goes_unseen(content in prop::collection::vec(any::<u8>(), 0..200), at: prop::sample::Index, bit in 0_u8..8) {
            let sealed = seal(Table::Bodies, b"key", content.clone());
            prop_assert_eq!(open(Table::Bodies, b"key", &sealed), Some(&content[..]));
            let at = at.index(sealed.len());
            let mut flipped = sealed.clone();
            flipped[at] ^= 1 << bit;
            prop_assert_eq!(open(Table::Bodies, b"key", &flipped), None);
            prop_assert_eq!(open(Table::Bodies, b"key", &sealed[..at]), None);
        }
    }
}
