//! A wallet as bytes, for storage: what must outlive the tab, and nothing that can be found again
//! on the chain.
//!
//! `"TABW"`, a version byte, the content in canonical bytes, and the first eight bytes of the
//! SHA-256 of all that. The public part (accounts, names, addresses that are only watched) lies in
//! clear, so that a locked wallet shows its balance; account keys are compared with the phrase when
//! the wallet is unlocked. An unprotected wallet holds its phrase in clear, and says so everywhere.

use super::vault::Vault;
use crate::hash::sha256;
use crate::keys::{Address, ENTROPY_BYTES, PublicKey};
use crate::sentence::Say;
use borsh::{BorshDeserialize, BorshSerialize};
use std::collections::BTreeSet;
use std::fmt;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// First bytes of every record.
const MAGIC: [u8; 4] = *b"TABW";
/// The version that is written. Older ones stay readable.
const VERSION: u8 = 1;
/// Bytes of the checksum: it finds storage that fails, not people who mean harm.
const CHECKSUM_BYTES: usize = 8;
/// Bytes of the longest record: four times what the limits below allow.
const MAX_RECORD_BYTES: usize = 128 * 1024;
/// Accounts of a wallet. Each costs a derivation at unlocking and an entry in every look at a block.
pub const MAX_ACCOUNTS: usize = 64;
/// Addresses that are only watched.
pub const MAX_WATCHED: usize = 64;
/// Bytes of a name: forty characters of any script.
pub const MAX_NAME_BYTES: usize = 160;

/// Why bytes are not the record of a wallet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, Say)]
pub enum RecordError {
    /// Cut off, altered, or something else altogether.
    #[error("the stored wallet is damaged")]
    Damaged,
    /// Written by a later version of this software.
    #[error("the stored wallet has version {0}, which this software does not know yet")]
    UnknownVersion(u8),
}

/// How the phrase is kept.
#[derive(Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Keys {
    /// In clear: whoever reads the storage has the coins.
    Open(OpenKeys),
    /// Under a passphrase.
    Sealed(Vault),
}

/// The bytes of a phrase in clear; zeroized when dropped.
#[derive(Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Zeroize, ZeroizeOnDrop)]
pub struct OpenKeys(pub(super) [u8; ENTROPY_BYTES]);

impl fmt::Debug for Keys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open(_) => formatter.write_str("Open"),
            Self::Sealed(vault) => formatter.debug_tuple("Sealed").field(vault).finish(),
        }
    }
}

/// An account in storage.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct StoredAccount {
    /// Its place under the phrase.
    pub index: u32,
    /// Its key.
    pub key: PublicKey,
    /// What its owner calls it.
    pub name: String,
}

/// An address that is only watched, in storage.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct StoredWatch {
    /// The address.
    pub address: Address,
    /// What its watcher calls it.
    pub name: String,
}

/// All of a wallet that is stored.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Record {
    /// The phrase.
    pub keys: Keys,
    /// Whether its owner has shown to have the words.
    pub backed_up: bool,
    /// Place in `accounts` of the one that is paid to and pays.
    pub selected: u32,
    /// At least one.
    pub accounts: Vec<StoredAccount>,
    /// Addresses without keys.
    pub watched: Vec<StoredWatch>,
}

impl Record {
    /// As it is stored.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new([MAGIC.as_slice(), &[VERSION]].concat());
        // Writing to memory does not fail for lists within the limits.
        let _ = self.serialize(&mut *bytes);
        let checksum = sha256(&bytes);
        bytes.extend_from_slice(&checksum[..CHECKSUM_BYTES]);
        bytes
    }

    /// Reads [`Record::to_bytes`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RecordError> {
        if bytes.len() > MAX_RECORD_BYTES {
            return Err(RecordError::Damaged);
        }
        let (content, checksum) = bytes.split_last_chunk::<CHECKSUM_BYTES>().ok_or(RecordError::Damaged)?;
        let (head, body) = content.split_first_chunk::<5>().ok_or(RecordError::Damaged)?;
        if head[..4] != MAGIC || sha256(content)[..CHECKSUM_BYTES] != checksum[..] {
            return Err(RecordError::Damaged);
        }
        if head[4] != VERSION {
            return Err(RecordError::UnknownVersion(head[4]));
        }
        let record = Self::try_from_slice(body).map_err(|_| RecordError::Damaged)?;
        if record.is_sound() { Ok(record) } else { Err(RecordError::Damaged) }
    }

    fn is_sound(&self) -> bool {
        let indices: BTreeSet<u32> = self.accounts.iter().map(|account| account.index).collect();
        let watched: BTreeSet<Address> = self.watched.iter().map(|watch| watch.address).collect();
        let mut names = self.accounts.iter().map(|account| &account.name);
        let mut watch_names = self.watched.iter().map(|watch| &watch.name);
        (1..=MAX_ACCOUNTS).contains(&self.accounts.len())
            && indices.len() == self.accounts.len()
            && (self.selected as usize) < self.accounts.len()
            && self.watched.len() <= MAX_WATCHED
            && watched.len() == self.watched.len()
            && names.all(|name| name.len() <= MAX_NAME_BYTES)
            && watch_names.all(|name| name.len() <= MAX_NAME_BYTES)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{Entropy, Phrase, Secret};
    use crate::wallet::vault::{KdfParameters, Mould};
    use proptest::prelude::*;

    fn records() -> [Record; 2] {
        let account = |index| StoredAccount { index, key: PublicKey([2; 33]), name: format!("Account {index}") };
        let open = Record {
            keys: Keys::Open(OpenKeys([7; 16])),
            backed_up: false,
            selected: 1,
            accounts: vec![account(0), account(1)],
            watched: vec![StoredWatch { address: Address([4; 20]), name: "till".into() }],
        };
        let mould = Mould::new(&Entropy::new([1; 32]), KdfParameters { memory_kib: 8, passes: 1, lanes: 1 });
        let key = mould.derivation(Secret::new("correct horse")).derive().unwrap();
        let vault = mould.seal(&Phrase::from_entropy([7; 16]), &key);
        let sealed = Record { keys: Keys::Sealed(vault), ..open.clone() };
        [open, sealed]
    }

    /// Writes the checksum anew, as somebody would who means harm.
    fn patched(mut bytes: Vec<u8>) -> Vec<u8> {
        let end = bytes.len() - CHECKSUM_BYTES;
        let checksum = sha256(&bytes[..end]);
        bytes[end..].copy_from_slice(&checksum[..CHECKSUM_BYTES]);
        bytes
    }

    #[test]
    fn what_is_written_is_read_again() {
        for record in records() {
            assert_eq!(Record::from_bytes(&record.to_bytes()).unwrap(), record);
        }
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_noticed() {
        for record in records() {
            let bytes = record.to_bytes().to_vec();
            for place in 0..bytes.len() * 8 {
                let mut flipped = bytes.clone();
                flipped[place / 8] ^= 1 << (place % 8);
                assert_eq!(Record::from_bytes(&flipped), Err(RecordError::Damaged), "bit {place}");
            }
            for length in 0..bytes.len() {
                assert_eq!(Record::from_bytes(&bytes[..length]), Err(RecordError::Damaged), "{length} bytes");
            }
            let longer = [bytes.as_slice(), &[0]].concat();
            assert_eq!(Record::from_bytes(&patched(longer)), Err(RecordError::Damaged));
        }
        assert_eq!(Record::from_bytes(&vec![0; MAX_RECORD_BYTES + 1]), Err(RecordError::Damaged));
    }

    #[test]
    fn a_later_version_is_named() {
        let mut bytes = records()[0].to_bytes().to_vec();
        bytes[4] = 9;
        assert_eq!(Record::from_bytes(&patched(bytes)), Err(RecordError::UnknownVersion(9)));
    }

    #[test]
    fn records_that_make_no_sense_are_refused() {
        let [record, _] = records();
        let broken: [fn(&mut Record); 6] = [
            |record| record.accounts.clear(),
            |record| record.selected = 2,
            |record| record.accounts[1].index = 0,
            |record| record.accounts[0].name = "x".repeat(MAX_NAME_BYTES + 1),
            |record| record.watched.push(record.watched[0].clone()),
            |record| record.accounts = vec![record.accounts[0].clone(); MAX_ACCOUNTS + 1],
        ];
        for (number, break_it) in broken.into_iter().enumerate() {
            let mut record = record.clone();
            break_it(&mut record);
            assert_eq!(Record::from_bytes(&record.to_bytes()), Err(RecordError::Damaged), "{number}");
        }
    }

    #[test]
    fn open_keys_are_never_shown() {
        let shown = format!("{:?}", records());
        assert!(!shown.contains("7, 7") && shown.contains("Open"), "{shown}");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_harm(bytes in prop::collection::vec(any::<u8>(), 0..400), fix: bool) {
            let mut bytes = bytes;
            if fix && bytes.len() > 20 {
                bytes[..4].copy_from_slice(&MAGIC);
                bytes[4] = VERSION;
                bytes = patched(bytes);
            }
            if let Ok(record) = Record::from_bytes(&bytes) {
                prop_assert_eq!(record.to_bytes().to_vec(), bytes);
            }
        }
    }
}
