//! Text that must never be shown: passphrases and the words of a wallet.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};
use std::fmt;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// A secret text: zeroized when dropped, and left out of `Debug`. It is written out only where it
/// must travel: between the page and the node's worker, and to the worker that stretches it.
#[derive(
    Clone, PartialEq, Eq, Default, Zeroize, ZeroizeOnDrop, Serialize, Deserialize, BorshSerialize, BorshDeserialize,
)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(as = "String"))]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Takes a text over.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret")
    }
}

/// Thirty-two random bytes from the operating system, good for one use. The shell gives them; the
/// node draws nothing that must stay secret by itself.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Entropy([u8; 32]);

impl Entropy {
    /// Takes the bytes over.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Bytes for one purpose; other labels give unrelated ones.
    pub fn part<const N: usize>(&self, label: &[u8]) -> [u8; N] {
        const { assert!(N <= 32, "one hash holds no more") };
        let mut hash = crate::hash::tagged_sha256(b"tabchain/entropy", &[&self.0, label]);
        let mut part = [0; N];
        part.copy_from_slice(&hash[..N]);
        hash.zeroize();
        part
    }
}

impl fmt::Debug for Entropy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Entropy")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_is_ever_shown() {
        let secret = Secret::new("correct horse");
        let entropy = Entropy::new([0xa7; 32]);
        for shown in [format!("{secret:?}"), format!("{:#?}", Some(&secret)), format!("{entropy:?}")] {
            for spelling in ["correct", "horse", "a7", "167"] {
                assert!(!shown.contains(spelling), "{shown}");
            }
        }
    }

    #[test]
    fn purposes_and_draws_are_unrelated() {
        let (one, two) = (Entropy::new([1; 32]), Entropy::new([2; 32]));
        assert_eq!(one.part::<16>(b"salt"), one.part::<16>(b"salt"));
        assert_ne!(one.part::<16>(b"salt"), one.part::<16>(b"nonce"));
        assert_ne!(one.part::<16>(b"salt"), two.part::<16>(b"salt"));
        let long = one.part::<32>(b"salt");
        assert!(long != [0; 32] && long[..16] == one.part::<16>(b"salt"));
    }
}
