//! The vault: a wallet's phrase under a passphrase, by AES-256-GCM under a key from Argon2id.
//!
//! The parameters, the salt and the nonce stand beside the sealed bytes and are authenticated with
//! them. A vault is sealed once under its key and never again: whoever seals anew draws a new salt.

use crate::hash::tagged_sha256;
use crate::keys::{ENTROPY_BYTES, Entropy, Phrase, Secret};
use crate::sentence::Say;
use aes_gcm::aead::{AeadInOut, KeyInit, array::Array};
use aes_gcm::{Aes256Gcm, Tag};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use borsh::{BorshDeserialize, BorshSerialize};
use std::{fmt, io};
use zeroize::{Zeroize, Zeroizing};

/// Bytes of a salt (RFC 9106 wants 16).
pub const SALT_BYTES: usize = 16;
/// Bytes of a nonce (GCM's own length).
pub const NONCE_BYTES: usize = 12;
/// Bytes of an authentication tag.
const TAG_BYTES: usize = 16;
/// Bytes by which a wrong passphrase is told from a damaged vault: one in 2^64 wrong ones passes,
/// and fails at the tag.
const CHECK_BYTES: usize = 8;
/// Most KiB of memory that a vault may ask for: four times today's, and what a phone can still give.
const MAX_MEMORY_KIB: u32 = 256 * 1024;
/// Most passes that a vault may ask for: some seconds with all that memory.
const MAX_PASSES: u32 = 16;
/// Most lanes. They are computed one after the other here.
const MAX_LANES: u32 = 16;
/// Fewest characters of a passphrase.
pub const MIN_PASSPHRASE: usize = 8;
/// Most bytes of a passphrase: more than anybody types, a bound for what is stretched.
pub const MAX_PASSPHRASE_BYTES: usize = 1_024;

/// How dear it is to try a passphrase: Argon2id, version 19 (RFC 9106).
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct KdfParameters {
    /// KiB of memory.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl KdfParameters {
    /// What new vaults are made with: the second choice of RFC 9106 (64 MiB, 3 passes), with one lane
    /// because one worker does it all. Vaults with less are made anew at their next unlock.
    pub const CURRENT: Self = Self { memory_kib: 64 * 1024, passes: 3, lanes: 1 };

    /// Whether a vault may ask for this.
    pub fn is_bearable(self) -> bool {
        let Self { memory_kib, passes, lanes } = self;
        (1..=MAX_LANES).contains(&lanes)
            && (8 * lanes..=MAX_MEMORY_KIB).contains(&memory_kib)
            && (1..=MAX_PASSES).contains(&passes)
    }

    /// Whether trying a passphrase is cheaper than it should be by now.
    pub fn is_outdated(self) -> bool {
        self.memory_kib < Self::CURRENT.memory_kib
            || u64::from(self.memory_kib) * u64::from(self.passes)
                < u64::from(Self::CURRENT.memory_kib) * u64::from(Self::CURRENT.passes)
    }
}

/// The dear part of opening or making a vault, done where it holds nobody up.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Derivation {
    /// What was typed.
    pub passphrase: Secret,
    /// Beside the vault.
    pub salt: [u8; SALT_BYTES],
    /// Beside the vault.
    pub parameters: KdfParameters,
}

impl Derivation {
    /// Stretches the passphrase; `None` when the parameters are unbearable or the memory is not there.
    pub fn derive(&self) -> Option<DerivedKey> {
        let KdfParameters { memory_kib, passes, lanes } = self.parameters;
        if !self.parameters.is_bearable() {
            return None;
        }
        let parameters = Params::new(memory_kib, passes, lanes, None).ok()?;
        let mut memory: Vec<Block> = Vec::new();
        memory.try_reserve_exact(parameters.block_count()).ok()?;
        memory.resize(parameters.block_count(), Block::new());
        let mut key = Zeroizing::new([0; 32]);
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters);
        let done = argon2.hash_password_into_with_memory(
            self.passphrase.expose().as_bytes(),
            &self.salt,
            &mut *key,
            &mut memory,
        );
        memory.iter_mut().for_each(Zeroize::zeroize);
        done.ok().map(|()| DerivedKey(key))
    }
}

/// A key from a passphrase: zeroized when dropped, never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct DerivedKey(Zeroizing<[u8; 32]>);

impl DerivedKey {
    fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    fn cipher(&self) -> Aes256Gcm {
        let key = Zeroizing::new(tagged_sha256(b"tabchain/vault-key", &[self.as_bytes()]));
        Aes256Gcm::new(&Array(*key))
    }

    fn check(&self) -> [u8; CHECK_BYTES] {
        let hash = Zeroizing::new(tagged_sha256(b"tabchain/vault-check", &[self.as_bytes()]));
        let mut check = [0; CHECK_BYTES];
        check.copy_from_slice(&hash[..CHECK_BYTES]);
        check
    }
}

impl BorshSerialize for DerivedKey {
    fn serialize<W: io::Write>(&self, writer: &mut W) -> io::Result<()> {
        writer.write_all(self.as_bytes())
    }
}

impl BorshDeserialize for DerivedKey {
    fn deserialize_reader<R: io::Read>(reader: &mut R) -> io::Result<Self> {
        let mut key = Zeroizing::new([0; 32]);
        reader.read_exact(&mut *key)?;
        Ok(Self(key))
    }
}

impl fmt::Debug for DerivedKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("DerivedKey")
    }
}

/// Why a vault does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, Say)]
pub enum VaultError {
    /// Another passphrase.
    #[error("the passphrase is wrong")]
    WrongPassphrase,
    /// The passphrase fits, the sealed bytes do not.
    #[error("the vault is damaged")]
    Damaged,
}

/// Salt and parameters of a vault that is yet to be sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mould {
    salt: [u8; SALT_BYTES],
    nonce: [u8; NONCE_BYTES],
    parameters: KdfParameters,
}

impl Mould {
    /// A mould with salt and nonce of its own. The entropy must be used for nothing else.
    pub fn new(entropy: &Entropy, parameters: KdfParameters) -> Self {
        Self { salt: entropy.part(b"vault-salt"), nonce: entropy.part(b"vault-nonce"), parameters }
    }

    /// The work to be done before [`Mould::seal`].
    pub fn derivation(&self, passphrase: Secret) -> Derivation {
        Derivation { passphrase, salt: self.salt, parameters: self.parameters }
    }

    /// Seals a phrase under the key of [`Mould::derivation`].
    pub fn seal(self, phrase: &Phrase, key: &DerivedKey) -> Vault {
        let Self { salt, nonce, parameters } = self;
        let mut vault =
            Vault { parameters, salt, nonce, check: key.check(), sealed: *phrase.entropy(), tag: [0; TAG_BYTES] };
        let header = vault.header();
        let tag = key.cipher().encrypt_inout_detached(&Array(nonce), &header, vault.sealed.as_mut_slice().into());
        // Fails only for messages of gigabytes; a tag of zeros would not open.
        if let Ok(tag) = tag {
            vault.tag.copy_from_slice(&tag);
        }
        vault
    }
}

/// A sealed phrase and all that opening it takes, but the passphrase.
#[derive(Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Vault {
    pub(super) parameters: KdfParameters,
    pub(super) salt: [u8; SALT_BYTES],
    pub(super) nonce: [u8; NONCE_BYTES],
    pub(super) check: [u8; CHECK_BYTES],
    pub(super) sealed: [u8; ENTROPY_BYTES],
    pub(super) tag: [u8; TAG_BYTES],
}

impl Vault {
    /// What it was made with.
    pub fn parameters(&self) -> KdfParameters {
        self.parameters
    }

    /// The work to be done before [`Vault::open`].
    pub fn derivation(&self, passphrase: Secret) -> Derivation {
        Derivation { passphrase, salt: self.salt, parameters: self.parameters }
    }

    /// Opens it with the key of [`Vault::derivation`].
    pub fn open(&self, key: &DerivedKey) -> Result<Phrase, VaultError> {
        if key.check() != self.check {
            return Err(VaultError::WrongPassphrase);
        }
        let mut entropy = Zeroizing::new(self.sealed);
        key.cipher()
            .decrypt_inout_detached(
                &Array(self.nonce),
                &self.header(),
                entropy.as_mut_slice().into(),
                &Tag::from(self.tag),
            )
            .map_err(|_| VaultError::Damaged)?;
        Ok(Phrase::from_entropy(*entropy))
    }

    /// What is authenticated beside the sealed bytes.
    fn header(&self) -> Vec<u8> {
        let KdfParameters { memory_kib, passes, lanes } = self.parameters;
        let numbers = [memory_kib, passes, lanes].map(u32::to_le_bytes).concat();
        [b"tabchain/vault/1".as_slice(), &numbers, &self.salt].concat()
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Vault").field("parameters", &self.parameters).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use argon2::{AssociatedData, ParamsBuilder};
    use proptest::prelude::*;

    /// Cheap, for tests of everything but the price.
    const CHEAP: KdfParameters = KdfParameters { memory_kib: 8, passes: 1, lanes: 1 };

    fn derivation(passphrase: &str, salt: &[u8; 16], parameters: KdfParameters) -> Derivation {
        Derivation { passphrase: Secret::new(passphrase), salt: *salt, parameters }
    }

    fn vault(passphrase: &str) -> Vault {
        let mould = Mould::new(&Entropy::new([3; 32]), CHEAP);
        let key = mould.derivation(Secret::new(passphrase)).derive().unwrap();
        mould.seal(&Phrase::from_entropy([7; 16]), &key)
    }

    fn open(vault: &Vault, passphrase: &str) -> Result<Phrase, VaultError> {
        vault.open(&vault.derivation(Secret::new(passphrase)).derive().expect("bearable"))
    }

    #[test]
    fn the_vector_of_rfc_9106_holds() {
        let parameters = ParamsBuilder::new()
            .m_cost(32)
            .t_cost(3)
            .p_cost(4)
            .data(AssociatedData::new(&[4; 12]).unwrap())
            .build()
            .unwrap();
        let argon2 = Argon2::new_with_secret(&[3; 8], Algorithm::Argon2id, Version::V0x13, parameters).unwrap();
        let mut tag = [0; 32];
        argon2.hash_password_into(&[1; 32], &[2; 16], &mut tag).unwrap();
        assert_eq!(hex::encode(tag), "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659");
    }

    #[test]
    fn a_derivation_is_plain_argon2id() {
        // The same through the crate's other door, which the vector above goes through too.
        let parameters = KdfParameters { memory_kib: 256, passes: 2, lanes: 2 };
        let ours = derivation("password", &[5; 16], parameters).derive().unwrap();
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(256, 2, 2, None).unwrap());
        let mut key = [0; 32];
        argon2.hash_password_into(b"password", &[5; 16], &mut key).unwrap();
        assert_eq!(ours.as_bytes(), &key);
    }

    #[test]
    fn a_vault_opens_with_its_passphrase_alone() {
        let vault = vault("correct horse");
        assert_eq!(open(&vault, "correct horse").unwrap().entropy(), &[7; 16]);
        for wrong in ["", "correct hors", "correct horse ", "Correct horse"] {
            assert_eq!(open(&vault, wrong).unwrap_err(), VaultError::WrongPassphrase);
        }
    }

    #[test]
    fn every_flipped_bit_keeps_it_shut() {
        let vault = vault("correct horse");
        let key = vault.derivation(Secret::new("correct horse")).derive().unwrap();
        let bytes = borsh::to_vec(&vault).unwrap();
        for place in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[place / 8] ^= 1 << (place % 8);
            let flipped = Vault::try_from_slice(&flipped).unwrap();
            // With the key as it was, and with the key that the flipped vault asks for.
            assert!(flipped.open(&key).is_err(), "bit {place}");
            if flipped.parameters.is_bearable() && flipped.parameters.memory_kib <= 1024 {
                assert!(open(&flipped, "correct horse").is_err(), "bit {place}");
            }
        }
    }

    #[test]
    fn damage_is_told_from_a_wrong_passphrase() {
        let mut damaged = vault("correct horse");
        damaged.sealed[0] ^= 1;
        assert_eq!(open(&damaged, "correct horse"), Err(VaultError::Damaged));
        assert_eq!(open(&damaged, "wrong horse"), Err(VaultError::WrongPassphrase));
    }

    #[test]
    fn unbearable_parameters_are_not_even_tried() {
        for (memory_kib, passes, lanes) in
            [(0, 1, 1), (7, 1, 1), (u32::MAX, 1, 1), (8, 0, 1), (8, u32::MAX, 1), (64, 1, 0), (64, 1, u32::MAX)]
        {
            let parameters = KdfParameters { memory_kib, passes, lanes };
            assert_eq!(derivation("correct horse", &[0; 16], parameters).derive(), None, "{parameters:?}");
        }
        assert!(KdfParameters::CURRENT.is_bearable() && !KdfParameters::CURRENT.is_outdated());
        assert!(CHEAP.is_outdated());
    }

    #[test]
    fn salts_and_nonces_are_drawn_anew() {
        let mould = |byte| Mould::new(&Entropy::new([byte; 32]), CHEAP);
        assert_ne!(mould(1).salt, mould(2).salt);
        assert_ne!(mould(1).nonce, mould(2).nonce);
    }

    #[test]
    fn nothing_secret_is_shown() {
        let key = derivation("correct horse", &[0; 16], CHEAP).derive().unwrap();
        let shown = format!("{key:?} {:?} {:?}", vault("correct horse"), derivation("correct horse", &[0; 16], CHEAP));
        assert!(!shown.contains("horse"), "{shown}");
        assert!(!shown.contains(&format!("{}, {}", key.as_bytes()[0], key.as_bytes()[1])), "{shown}");
    }

    proptest! {
        #[test]
        fn whatever_is_sealed_comes_out_again(entropy: [u8; 16], random: [u8; 32], passphrase in ".{0,40}") {
            let mould = Mould::new(&Entropy::new(random), CHEAP);
            let key = mould.derivation(Secret::new(passphrase.clone())).derive().unwrap();
            let vault = mould.seal(&Phrase::from_entropy(entropy), &key);
            prop_assert_ne!(vault.sealed, entropy);
            let opened = open(&vault, &passphrase).unwrap();
            prop_assert_eq!(opened.entropy(), &entropy);
        }
    }
}
