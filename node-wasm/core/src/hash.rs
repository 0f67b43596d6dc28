//! Hashes, a type for each thing that is hashed, so that none can stand in for another.

use crate::sentence::{Say, ToValue, Value};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{fmt, str::FromStr};

/// A text that is not 64 lower-case hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, Say)]
#[error("a hash has 64 lower-case hexadecimal digits")]
pub struct HashError;

/// SHA-256 of SHA-256, which stops length extension.
pub fn sha256d(bytes: &[u8]) -> [u8; 32] {
    sha256(&sha256(bytes))
}

/// One SHA-256.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// SHA-256 of parts laid end to end, the first being a tag that says what is hashed.
pub fn tagged_sha256(tag: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new_with_prefix(tag);
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

macro_rules! hash_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
        #[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(as = "String"))]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(pub [u8; 32]);

        impl $name {
            /// The hash whose every bit is zero: stands for "none".
            pub const ZERO: Self = Self([0; 32]);
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&hex::encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(formatter, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = HashError;

            fn from_str(text: &str) -> Result<Self, HashError> {
                if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
                    return Err(HashError);
                }
                let mut bytes = [0; 32];
                hex::decode_to_slice(text, &mut bytes).map_err(|_| HashError)?;
                Ok(Self(bytes))
            }
        }

        impl ToValue for $name {
            fn to_value(&self) -> Value {
                Value::Text(self.to_string())
            }
        }

        impl TryFrom<String> for $name {
            type Error = HashError;

            fn try_from(text: String) -> Result<Self, HashError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(hash: $name) -> Self {
                hash.to_string()
            }
        }
    };
}

hash_type! {
    /// SHA-256d of a block's header. Written and compared with the target as a big-endian number.
    BlockHash
}
hash_type! {
    /// SHA-256d of a transaction's canonical bytes without its signature.
    TxId
}
hash_type! {
    /// SHA-256d of a transaction's canonical bytes, signature included (the wtxid of BIP 141).
    WitnessId
}
hash_type! {
    /// Root of the Merkle tree over a block's transactions.
    MerkleRoot
}
hash_type! {
    /// Root of the tree over all accounts after a block.
    StateRoot
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hash_text_has_one_spelling() {
        let hash = BlockHash([0xcd; 32]);
        assert_eq!(hash.to_string().parse(), Ok(hash));
        assert_eq!("CD".repeat(32).parse::<BlockHash>(), Err(HashError));
        assert_eq!("cd".repeat(31).parse::<BlockHash>(), Err(HashError));
    }

    #[test]
    fn sha256d_of_hello() {
        assert_eq!(hex::encode(sha256d(b"hello")), "9595c9df90075148eb06860365df33584b75bff782a510c6cd4883a419833d50");
    }
}
