//! What is asked of the wallet beside paying: keys, lock, backup, accounts, files.

use crate::keys::Secret;
use crate::wallet::file::WalletFile;
use serde::{Deserialize, Serialize};

/// A request to the wallet. Where nothing else is named the answer is [`crate::request::Response::Wallet`],
/// the state that came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", content = "with", rename_all = "camelCase")]
pub enum WalletRequest {
    /// Its state.
    Show,
    /// A new wallet in place of this one.
    Create {
        /// Must be true where a wallet in use would be lost.
        replace: Option<bool>,
    },
    /// The wallet of twelve words in place of this one.
    Restore {
        /// The words, with blanks between them.
        words: Secret,
        /// Must be true where a wallet in use would be lost.
        replace: Option<bool>,
    },
    /// Forgets the keys until the next [`WalletRequest::Unlock`].
    Lock,
    /// Takes the keys from the vault.
    Unlock {
        /// The vault's.
        passphrase: Secret,
    },
    /// Puts the keys under a passphrase, or under another one.
    Protect {
        /// The new one.
        passphrase: Secret,
        /// The one before, if there is one.
        current: Option<Secret>,
    },
    /// The twelve words, and which of them [`WalletRequest::ConfirmBackup`] will ask for.
    /// [`crate::request::Response::Backup`].
    Words,
    /// Shows that the words are kept.
    ConfirmBackup {
        /// The words that were asked for, in that order.
        words: Vec<Secret>,
    },
    /// Adds an account and selects it.
    AddAccount {
        /// What to call it; numbered if absent.
        name: Option<String>,
    },
    /// Makes an account the one that is paid to and pays.
    SelectAccount {
        /// Its address.
        address: String,
    },
    /// Renames an account or a watched address.
    Rename {
        /// Which.
        address: String,
        /// What to call it.
        name: String,
    },
    /// Watches an address without having its key.
    Watch {
        /// Which.
        address: String,
        /// What to call it.
        name: String,
    },
    /// Watches an address no longer.
    Unwatch {
        /// Which.
        address: String,
    },
    /// The wallet as an encrypted file. [`crate::request::Response::WalletFile`].
    Export {
        /// The file's; absent, a protected wallet's own.
        passphrase: Option<Secret>,
    },
    /// The wallet of a file in place of this one, protected by the file's passphrase.
    Import {
        /// The file.
        file: Box<WalletFile>,
        /// The file's.
        passphrase: Secret,
        /// Must be true where a wallet in use would be lost.
        replace: Option<bool>,
    },
}

impl WalletRequest {
    /// Whether [`crate::contract::Input::Entropy`] must come before it.
    pub fn needs_entropy(&self) -> bool {
        matches!(
            self,
            Self::Create { .. }
                | Self::Unlock { .. }
                | Self::Protect { .. }
                | Self::Export { .. }
                | Self::Import { .. }
        )
    }
}
