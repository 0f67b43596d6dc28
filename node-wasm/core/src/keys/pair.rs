//! Key pairs: the secret half signs, the public half names an account and a peer.

use super::{Address, Signature};
use crate::hash::{sha256, tagged_sha256};
use borsh::{BorshDeserialize, BorshSerialize};
use k256::ecdsa::SigningKey;
use std::fmt;
use tracker_protocol::PeerId;
use zeroize::{ZeroizeOnDrop, Zeroizing};

/// A compressed public key as it travels; checked to be a point only where it is used.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct PublicKey(pub [u8; PublicKey::LENGTH]);

impl PublicKey {
    /// Length in bytes (SEC 1, compressed).
    pub const LENGTH: usize = 33;

    /// The account of this key.
    pub fn address(&self) -> Address {
        let mut address = [0; Address::LENGTH];
        address.copy_from_slice(&sha256(&self.0)[..Address::LENGTH]);
        Address(address)
    }

    /// The peer of this key.
    pub fn peer_id(&self) -> PeerId {
        PeerId::from_bytes(self.address().0)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "PublicKey({})", hex::encode(self.0))
    }
}

/// A secret key: zeroized when dropped, never shown.
// The derive compiles only while the library's key wipes itself, which it does: its own `Drop`
// overwrites the scalar.
#[derive(ZeroizeOnDrop)]
pub struct SecretKey(SigningKey);

impl SecretKey {
    /// Makes a key from 32 random bytes; `None` with probability 2^-128, when they are not a scalar.
    pub fn from_bytes(bytes: &[u8; 32]) -> Option<Self> {
        SigningKey::from_slice(bytes).ok().map(Self)
    }

    /// Makes a key from a seed and a label, for keys that a deterministic node draws for itself.
    pub fn derive(seed: &[u8; 32], label: &[u8]) -> Self {
        let mut counter = 0_u32;
        loop {
            let parts: [&[u8]; 3] = [seed, label, &counter.to_le_bytes()];
            let bytes = Zeroizing::new(tagged_sha256(b"tabchain/derived-key", &parts));
            if let Some(key) = Self::from_bytes(&bytes) {
                return key;
            }
            counter += 1;
        }
    }

    /// The public half.
    pub fn public_key(&self) -> PublicKey {
        let mut bytes = [0; PublicKey::LENGTH];
        bytes.copy_from_slice(self.0.verifying_key().to_sec1_point(true).as_bytes());
        PublicKey(bytes)
    }

    /// Signs a 32-byte digest: with the nonce of RFC 6979, so that no random number can betray the
    /// key, and with the lower of the two values that S could have.
    pub fn sign(&self, digest: [u8; 32]) -> Signature {
        let (signature, recovery) = self.0.sign_prehash_recoverable(&digest);
        Signature::new(&signature, recovery)
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SecretKey(of {:?})", self.public_key())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_never_shown() {
        let secret = [0xa7; 32];
        let key = SecretKey::from_bytes(&secret).unwrap();
        for shown in [format!("{key:?}"), format!("{key:#?}"), format!("{:?}", Some(&key))] {
            let shown = shown.to_lowercase();
            assert!(shown.contains(&hex::encode(key.public_key().0)), "{shown}");
            for spelling in ["a7a7", "a7, a7", "167, 167"] {
                assert!(!shown.contains(spelling), "{shown}");
            }
        }
    }

    #[test]
    fn only_scalars_are_secret_keys() {
        let order = hex::decode("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141").unwrap();
        let order: [u8; 32] = order.try_into().unwrap();
        let mut largest = order;
        largest[31] -= 1;
        assert!(SecretKey::from_bytes(&[0; 32]).is_none());
        assert!(SecretKey::from_bytes(&order).is_none());
        assert!(SecretKey::from_bytes(&[0xff; 32]).is_none());
        assert!(SecretKey::from_bytes(&largest).is_some());
    }

    #[test]
    fn seeds_and_labels_make_different_keys() {
        let key = |seed: u8, label: &[u8]| SecretKey::derive(&[seed; 32], label).public_key();
        assert_eq!(key(1, b"peer"), key(1, b"peer"));
        assert_ne!(key(1, b"peer"), key(2, b"peer"));
        assert_ne!(key(1, b"peer"), key(1, b"wallet"));
    }
}
