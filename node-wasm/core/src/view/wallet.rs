//! The wallet as a user interface sees it. No secret is in it, but for the words of
//! [`BackupView`], which are given only when they are asked for.

use crate::keys::Secret;
use crate::sentence::Sentence;
use crate::units::Height;
use serde::{Deserialize, Serialize};

/// The state of the wallet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, and a name in JSON")]
pub struct WalletView {
    /// Whether the keys are under a passphrase.
    pub protected: bool,
    /// Whether the keys are in the vault only.
    pub locked: bool,
    /// Whether its owner has shown to have the words.
    pub backed_up: bool,
    /// Why the stored wallet could not be read; this one is a makeshift until the user decides.
    pub damaged: Option<Sentence>,
    /// Whether it has been paid, or has a passphrase: then replacing it must be asked for.
    pub in_use: bool,
    /// A passphrase is being stretched.
    pub busy: bool,
    /// Address of the account that is paid to and pays.
    pub selected: String,
    /// The accounts, at least one.
    pub accounts: Vec<AddressView>,
    /// Addresses that are only watched.
    pub watched: Vec<AddressView>,
    /// The block up to which the chain was searched for these addresses, while it is. 0 on a light
    /// node, which asks peers for the accounts of restored words.
    pub searched: Option<Height>,
    /// Milliseconds without use after which an open, protected wallet locks itself.
    pub idle_lock_ms: u64,
}

/// An account or a watched address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct AddressView {
    /// The address.
    pub address: String,
    /// What its owner calls it. Show it as text, nothing else.
    pub name: String,
}

/// The words of a wallet, for its owner to write down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct BackupView {
    /// The words in order.
    pub words: Vec<Secret>,
    /// The places, counted from 1, of the words that are asked for afterwards.
    pub ask: Vec<u32>,
}
