//! The encrypted file of a wallet: to carry it to another device or keep it.

use super::record::{MAX_ACCOUNTS, MAX_NAME_BYTES, MAX_WATCHED};
use super::vault::{KdfParameters, Vault};
use crate::sentence::Say;
use serde::{Deserialize, Serialize};

/// What every file says it is.
const FORMAT: &str = "tabchain-wallet";
/// The version that is written.
const VERSION: u32 = 1;
/// The cipher of version 1.
const CIPHER: &str = "aes-256-gcm";
/// The key derivation of version 1: Argon2id, version 19.
const KDF: &str = "argon2id-19";

/// The file of a wallet. The phrase is in `sealed`; names and watched addresses lie in clear.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct WalletFile {
    /// `tabchain-wallet`.
    pub format: String,
    /// 1.
    pub version: u32,
    /// `aes-256-gcm`.
    pub cipher: String,
    /// `argon2id-19`.
    pub kdf: String,
    /// KiB of memory of the key derivation.
    pub memory_kib: u32,
    /// Its passes.
    pub passes: u32,
    /// Its lanes.
    pub lanes: u32,
    /// Its salt in hex.
    pub salt: String,
    /// The cipher's nonce in hex.
    pub nonce: String,
    /// What tells a wrong passphrase, in hex.
    pub check: String,
    /// The sealed phrase with its tag, in hex.
    pub sealed: String,
    /// Whether the words were confirmed.
    pub backed_up: bool,
    /// The accounts.
    pub accounts: Vec<FileAccount>,
    /// Addresses that are only watched.
    pub watched: Vec<FileWatch>,
}

/// An account in a file; its key follows from the phrase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct FileAccount {
    /// Its place under the phrase.
    pub index: u32,
    /// What its owner calls it.
    pub name: String,
}

/// A watched address in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct FileWatch {
    /// The address as its network writes it.
    pub address: String,
    /// What its watcher calls it.
    pub name: String,
}

/// Why a file is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Say)]
pub enum FileError {
    /// Something else altogether.
    #[error("this is not the file of a wallet")]
    Format,
    /// Written by a later version of this software.
    #[error("the file has version {0}, which this software does not know yet")]
    UnknownVersion(u32),
    /// Cut off or altered.
    #[error("the file is damaged: its {0} cannot be right")]
    Damaged(FilePart),
}

/// A part of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, Say)]
pub enum FilePart {
    /// How the phrase is sealed.
    #[error("cipher")]
    Cipher,
    /// How the passphrase becomes a key.
    #[error("key derivation")]
    KeyDerivation,
    /// Accounts and watched addresses.
    #[error("list of accounts")]
    Accounts,
    /// The phrase.
    #[error("sealed phrase")]
    Phrase,
    /// What makes each key another one.
    #[error("salt")]
    Salt,
    /// What makes each sealing another one.
    #[error("nonce")]
    Nonce,
    /// What tells a wrong passphrase.
    #[error("check")]
    Check,
}

impl WalletFile {
    /// A file around a vault.
    pub fn new(vault: &Vault, backed_up: bool, accounts: Vec<FileAccount>, watched: Vec<FileWatch>) -> Self {
        let KdfParameters { memory_kib, passes, lanes } = vault.parameters;
        Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            cipher: CIPHER.to_owned(),
            kdf: KDF.to_owned(),
            memory_kib,
            passes,
            lanes,
            salt: hex::encode(vault.salt),
            nonce: hex::encode(vault.nonce),
            check: hex::encode(vault.check),
            sealed: hex::encode([vault.sealed, vault.tag].concat()),
            backed_up,
            accounts,
            watched,
        }
    }

    /// The vault in it, once everything that can be checked without a passphrase is.
    pub fn vault(&self) -> Result<Vault, FileError> {
        if self.format != FORMAT {
            return Err(FileError::Format);
        }
        if self.version != VERSION {
            return Err(FileError::UnknownVersion(self.version));
        }
        if self.cipher != CIPHER || self.kdf != KDF {
            return Err(FileError::Damaged(FilePart::Cipher));
        }
        let parameters = KdfParameters { memory_kib: self.memory_kib, passes: self.passes, lanes: self.lanes };
        if !parameters.is_bearable() {
            return Err(FileError::Damaged(FilePart::KeyDerivation));
        }
        let names = self.accounts.iter().map(|account| &account.name);
        let mut names = names.chain(self.watched.iter().map(|watch| &watch.name));
        if !(1..=MAX_ACCOUNTS).contains(&self.accounts.len())
            || self.watched.len() > MAX_WATCHED
            || names.any(|name| name.len() > MAX_NAME_BYTES)
        {
            return Err(FileError::Damaged(FilePart::Accounts));
        }
        let sealed: [u8; 32] = bytes(&self.sealed, FilePart::Phrase)?;
        let (content, tag) = sealed.split_at(16);
        Ok(Vault {
            parameters,
            salt: bytes(&self.salt, FilePart::Salt)?,
            nonce: bytes(&self.nonce, FilePart::Nonce)?,
            check: bytes(&self.check, FilePart::Check)?,
            sealed: content.try_into().map_err(|_| FileError::Damaged(FilePart::Phrase))?,
            tag: tag.try_into().map_err(|_| FileError::Damaged(FilePart::Phrase))?,
        })
    }
}

fn bytes<const N: usize>(text: &str, what: FilePart) -> Result<[u8; N], FileError> {
    let mut bytes = [0; N];
    hex::decode_to_slice(text, &mut bytes).map_err(|_| FileError::Damaged(what))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{Entropy, Phrase, Secret};
    use crate::wallet::vault::Mould;

    fn file() -> (Vault, WalletFile) {
        let mould = Mould::new(&Entropy::new([1; 32]), KdfParameters { memory_kib: 8, passes: 1, lanes: 1 });
        let key = mould.derivation(Secret::new("correct horse")).derive().unwrap();
        let vault = mould.seal(&Phrase::from_entropy([7; 16]), &key);
        let accounts = vec![FileAccount { index: 0, name: "Account 1".into() }];
        let watched = vec![FileWatch { address: "tab1".into(), name: "till".into() }];
        (vault.clone(), WalletFile::new(&vault, true, accounts, watched))
    }

    #[test]
    fn a_file_gives_its_vault_back() {
        let (vault, file) = file();
        let text = serde_json::to_string(&file).unwrap();
        let read: WalletFile = serde_json::from_str(&text).unwrap();
        assert_eq!(read, file);
        assert_eq!(read.vault().unwrap(), vault);
        assert!(!text.contains("horse") && !text.contains(&hex::encode([7; 16])), "{text}");
    }

    #[test]
    fn every_wrong_field_is_named() {
        type Mutation = fn(&mut WalletFile);
        let (_, file) = file();
        let mutations: [(Mutation, FileError); 10] = [
            (|file| file.format = "other".into(), FileError::Format),
            (|file| file.version = 2, FileError::UnknownVersion(2)),
            (|file| file.cipher = "rot13".into(), FileError::Damaged(FilePart::Cipher)),
            (|file| file.kdf = "md5".into(), FileError::Damaged(FilePart::Cipher)),
            (|file| file.memory_kib = u32::MAX, FileError::Damaged(FilePart::KeyDerivation)),
            (|file| file.salt.truncate(3), FileError::Damaged(FilePart::Salt)),
            (|file| file.nonce.push('0'), FileError::Damaged(FilePart::Nonce)),
            (|file| file.check = "zz".repeat(8), FileError::Damaged(FilePart::Check)),
            (|file| file.sealed.truncate(62), FileError::Damaged(FilePart::Phrase)),
            (|file| file.accounts.clear(), FileError::Damaged(FilePart::Accounts)),
        ];
        for (mutate, error) in mutations {
            let mut file = file.clone();
            mutate(&mut file);
            assert_eq!(file.vault(), Err(error));
        }
    }
}
