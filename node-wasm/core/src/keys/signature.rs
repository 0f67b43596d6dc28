//! Signatures, and the check of one: ECDSA over secp256k1 with a low S and the right parity of R.

use super::PublicKey;
use borsh::{BorshDeserialize, BorshSerialize};
use k256::ecdsa::{self, RecoveryId, VerifyingKey};
use k256::elliptic_curve::scalar::IsHigh;
use std::fmt;

/// Where the scalars `r || s` end and the recovery id stands, in bytes.
const SCALARS: usize = 64;

/// A signature as it travels: `r || s`, 32 bytes each, then the recovery id (whether R's y is odd,
/// and whether its x is past the group's order), which lets many signatures be verified in one batch.
#[derive(Clone, Copy, PartialEq, Eq, Hash, BorshSerialize, BorshDeserialize)]
pub struct Signature(pub [u8; Signature::LENGTH]);

impl Signature {
    /// Length in bytes.
    pub const LENGTH: usize = SCALARS + 1;
    /// Zeros: stands where a signature is not there, and is never valid.
    pub const NONE: Self = Self([0; Self::LENGTH]);

    pub(super) fn new(scalars: &ecdsa::Signature, recovery: RecoveryId) -> Self {
        let mut bytes = [0; Self::LENGTH];
        bytes[..SCALARS].copy_from_slice(&scalars.to_bytes());
        bytes[SCALARS] = recovery.to_byte();
        Self(bytes)
    }

    /// The scalars, in range and with a low S, and the recovery id: `None` where that is not so.
    pub(super) fn read(&self) -> Option<(ecdsa::Signature, RecoveryId)> {
        let scalars = ecdsa::Signature::from_slice(&self.0[..SCALARS]).ok()?;
        // Of s and -s, which hold or fail together, one is a signature: nobody can make another
        // one of a signature that he sees.
        if bool::from(scalars.s().is_high()) {
            return None;
        }
        Some((scalars, RecoveryId::from_byte(self.0[SCALARS])?))
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Signature({})", hex::encode(self.0))
    }
}

/// Everything that the check of one signature needs; plain bytes that can go to another thread.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SignatureCheck {
    /// Who signed.
    pub key: PublicKey,
    /// Hash of what was signed.
    pub digest: [u8; 32],
    /// The signature.
    pub signature: Signature,
}

impl SignatureCheck {
    /// Whether the signature holds: key on the curve, r and s in range, s low, parity right.
    /// For many at once, [`super::verify_all`] says the same sooner.
    pub fn verify(&self) -> bool {
        self.try_verify().is_some()
    }

    /// With R known from r and the recovery id, exactly one key satisfies the equation
    /// `s R = z G + r Q` of ECDSA. It is computed and compared in its one spelling, so that a key that
    /// is no point, or is written in another way, is refused too, and so is a wrong parity, which
    /// would make two byte strings of one signature and would fail in a batch.
    fn try_verify(&self) -> Option<()> {
        let (scalars, recovery) = self.signature.read()?;
        let key = VerifyingKey::recover_from_prehash(&self.digest, &scalars, recovery).ok()?;
        (key.to_sec1_point(true).as_bytes() == self.key.0).then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::sha256;
    use crate::keys::SecretKey;

    fn check(key: &SecretKey) -> SignatureCheck {
        let digest = sha256(b"message");
        SignatureCheck { key: key.public_key(), digest, signature: key.sign(digest) }
    }

    #[test]
    fn a_key_has_one_spelling() {
        for number in 0..16 {
            let good = check(&SecretKey::derive(&[number; 32], b"test"));
            assert!(good.verify());
            for prefix in (0..=u8::MAX).filter(|prefix| *prefix != good.key.0[0]) {
                let mut other = good.clone();
                other.key.0[0] = prefix;
                assert!(!other.verify(), "prefix {prefix}");
            }
        }
    }

    #[test]
    fn high_s_zero_and_wrong_parity_are_refused() {
        let good = check(&SecretKey::derive(&[1; 32], b"test"));
        let scalars = ecdsa::Signature::from_slice(&good.signature.0[..64]).unwrap();
        let high_s = ecdsa::Signature::from_scalars(*scalars.r(), -*scalars.s()).unwrap();
        let mut high = good.clone();
        high.signature.0[..64].copy_from_slice(&high_s.to_bytes());
        for parity in 0..4 {
            high.signature.0[64] = parity;
            assert!(!high.verify(), "high S with parity {parity}");
        }
        for parity in (0..=u8::MAX).filter(|parity| *parity != good.signature.0[64]) {
            let mut other = good.clone();
            other.signature.0[64] = parity;
            assert!(!other.verify(), "parity {parity}");
        }
        for zeros in [0..32, 32..64, 0..65] {
            let mut other = good.clone();
            other.signature.0[zeros].fill(0);
            assert!(!other.verify());
        }
        let above_order = SignatureCheck { signature: Signature([0xff; 65]), ..good };
        assert!(!above_order.verify());
    }

    #[test]
    fn every_flipped_bit_is_found() {
        let good = check(&SecretKey::derive(&[1; 32], b"test"));
        let flip = |bytes: &mut [u8], bit: usize| bytes[bit / 8] ^= 1 << (bit % 8);
        for bit in 0..PublicKey::LENGTH * 8 {
            let mut other = good.clone();
            flip(&mut other.key.0, bit);
            assert!(!other.verify(), "bit {bit} of the key");
        }
        for bit in 0..256 {
            let mut other = good.clone();
            flip(&mut other.digest, bit);
            assert!(!other.verify(), "bit {bit} of the digest");
        }
        for bit in 0..Signature::LENGTH * 8 {
            let mut other = good.clone();
            flip(&mut other.signature.0, bit);
            assert!(!other.verify(), "bit {bit} of the signature");
        }
    }
}
