//! Arguments of the wallet's calls.

use node_core::keys::Secret;
use node_core::wallet::file::WalletFile;
use serde::Deserialize;

/// Whether a wallet in use may be lost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields = nullable))]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Replace {
    /// Must be true for that.
    pub(in crate::api) replace: Option<bool>,
}

/// The words alone, or with whether a wallet in use may be lost.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(untagged, expecting = "expected the words, or { words, replace }")]
pub(in crate::api) enum Backup {
    Words(Secret),
    Whole { words: Secret, replace: Option<bool> },
}

/// The new passphrase alone, or with the present one.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(untagged, expecting = "expected a passphrase, or { passphrase, current }")]
pub(in crate::api) enum Passphrase {
    New(Secret),
    Changed { passphrase: Secret, current: Option<Secret> },
}

/// What to call it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields = nullable))]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Named {
    /// Numbered if left out.
    pub(in crate::api) name: Option<String>,
}

/// An address and what to call it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields = nullable))]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct NamedAddress {
    /// Which.
    pub(in crate::api) address: String,
    /// What to call it.
    pub(in crate::api) name: String,
}

/// The passphrase of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields = nullable))]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Protection {
    /// A protected wallet's own if left out.
    pub(in crate::api) passphrase: Option<Secret>,
}

/// A file, its passphrase, and whether a wallet in use may be lost.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields = nullable))]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct Import {
    /// The file, as `wallet.export` gave it.
    pub(in crate::api) file: Box<WalletFile>,
    /// The file's.
    pub(in crate::api) passphrase: Secret,
    /// Must be true for that.
    pub(in crate::api) replace: Option<bool>,
}

impl Backup {
    /// The words, and whether a wallet in use may be lost.
    pub(in crate::api) fn into_parts(self) -> (Secret, Option<bool>) {
        match self {
            Self::Words(words) => (words, None),
            Self::Whole { words, replace } => (words, replace),
        }
    }
}

impl Passphrase {
    /// The new one and the present one.
    pub(in crate::api) fn into_parts(self) -> (Secret, Option<Secret>) {
        match self {
            Self::New(passphrase) => (passphrase, None),
            Self::Changed { passphrase, current } => (passphrase, current),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_and_long_forms_are_read() {
        let words: Backup = serde_json::from_str(r#""ozone drill""#).unwrap();
        assert_eq!(words, Backup::Words(Secret::new("ozone drill")));
        let whole: Backup = serde_json::from_str(r#"{"words":"ozone","replace":true}"#).unwrap();
        assert_eq!(whole, Backup::Whole { words: Secret::new("ozone"), replace: Some(true) });
        let new: Passphrase = serde_json::from_str(r#""correct horse""#).unwrap();
        assert_eq!(new, Passphrase::New(Secret::new("correct horse")));
        let changed: Passphrase = serde_json::from_str(r#"{"passphrase":"a","current":"b"}"#).unwrap();
        assert_eq!(changed, Passphrase::Changed { passphrase: Secret::new("a"), current: Some(Secret::new("b")) });
    }

    #[test]
    fn refusals_quote_nothing() {
        let refusal = serde_json::from_str::<Backup>(r#"{"word":"ozone drill"}"#).unwrap_err().to_string();
        assert!(refusal.contains("expected the words") && !refusal.contains("ozone"), "{refusal}");
    }
}
