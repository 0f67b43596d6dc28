//! The twelve words of a wallet (BIP 39, English) and the keys that grow from them (BIP 32).
//!
//! The key of account `a` is at `m/44'/5521730'/a'/0/0`: the layout of BIP 44 with one key for each
//! account. The coin type is "TAB" in ASCII; it is not registered in SLIP 44.

use super::{Secret, SecretKey};
use crate::sentence::Say;
use bip32::{ChildNumber, XPrv};
use bip39::{Language, Mnemonic};
use std::fmt;
use zeroize::Zeroizing;

/// Words of a phrase.
pub const PHRASE_WORDS: usize = 12;
/// Random bytes behind a phrase: 128 bits, which twelve words spell.
pub const ENTROPY_BYTES: usize = 16;
/// BIP 44's purpose.
const PURPOSE: u32 = 44;
/// "TAB" in ASCII. Not registered: these coins are worth nothing.
const COIN_TYPE: u32 = 0x54_41_42;
/// Bytes of the longest phrase that is looked at: twelve words of at most eight letters, with room
/// for careless blanks.
const MAX_PHRASE_BYTES: usize = 1_024;

/// Why a text is not a phrase. None of these quotes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, Say)]
pub enum PhraseError {
    /// Another number of words.
    #[error("a backup has {PHRASE_WORDS} words, these are {0}")]
    Count(usize),
    /// A word that the list does not have.
    #[error("word {0} is not one of the list")]
    Unknown(usize),
    /// The check digits that the last word carries do not fit.
    #[error("these words do not belong together: one is wrong, or their order is")]
    Checksum,
}

/// Twelve words, as the bytes behind them; zeroized when dropped, never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Phrase(Zeroizing<[u8; ENTROPY_BYTES]>);

impl Phrase {
    /// The phrase of random bytes.
    pub fn from_entropy(entropy: [u8; ENTROPY_BYTES]) -> Self {
        Self(Zeroizing::new(entropy))
    }

    /// Reads twelve words, however they are spaced and capitalised.
    pub fn parse(text: &Secret) -> Result<Self, PhraseError> {
        if text.expose().len() > MAX_PHRASE_BYTES {
            return Err(PhraseError::Count(text.expose().split_whitespace().count()));
        }
        let lower = Zeroizing::new(text.expose().to_ascii_lowercase());
        let count = lower.split_whitespace().count();
        if count != PHRASE_WORDS {
            return Err(PhraseError::Count(count));
        }
        let mnemonic = Mnemonic::parse_in_normalized(Language::English, &lower).map_err(|problem| match problem {
            bip39::Error::UnknownWord(place) => PhraseError::Unknown(place + 1),
            _ => PhraseError::Checksum,
        })?;
        let (bytes, _) = mnemonic.to_entropy_array();
        let bytes = Zeroizing::new(bytes);
        let mut entropy = Zeroizing::new([0; ENTROPY_BYTES]);
        entropy.copy_from_slice(&bytes[..ENTROPY_BYTES]);
        Ok(Self(entropy))
    }

    /// The bytes behind the words.
    pub fn entropy(&self) -> &[u8; ENTROPY_BYTES] {
        &self.0
    }

    /// The words in order.
    pub fn words(&self) -> Vec<Secret> {
        self.mnemonic().map(|mnemonic| mnemonic.words().map(Secret::new).collect()).unwrap_or_default()
    }

    /// Whether `word` stands at `place`, counted from zero.
    pub fn has_word(&self, place: usize, word: &Secret) -> bool {
        self.words().get(place).is_some_and(|own| own.expose().eq_ignore_ascii_case(word.expose().trim()))
    }

    /// The keys of this phrase; `None` with probability 2^-127, when a hash on the way is no scalar.
    pub fn keychain(&self) -> Option<Keychain> {
        let seed = Zeroizing::new(self.mnemonic()?.to_seed_normalized(""));
        let root = XPrv::new(&*seed).ok()?;
        derive(&root, &[(PURPOSE, true), (COIN_TYPE, true)]).map(Keychain)
    }

    fn mnemonic(&self) -> Option<Mnemonic> {
        // Fails for other lengths only.
        Mnemonic::from_entropy_in(Language::English, &*self.0).ok()
    }
}

impl fmt::Debug for Phrase {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Phrase")
    }
}

/// The branch of a phrase's keys that the accounts grow on; never shown. Its scalar is zeroized when
/// dropped.
pub struct Keychain(XPrv);

impl Keychain {
    /// The key of an account; `None` for an index past 2^31, and with probability 2^-127.
    pub fn account(&self, index: u32) -> Option<SecretKey> {
        let key = derive(&self.0, &[(index, true), (0, false), (0, false)])?;
        SecretKey::from_bytes(&Zeroizing::new(key.to_bytes()))
    }
}

impl fmt::Debug for Keychain {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Keychain")
    }
}

/// Goes down a path of indices, each hardened or not.
fn derive(from: &XPrv, path: &[(u32, bool)]) -> Option<XPrv> {
    path.iter().try_fold(from.clone(), |key, (index, hardened)| {
        key.derive_child(ChildNumber::new(*index, *hardened).ok()?).ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Entropy, words and seed with the passphrase "TREZOR": the 128-bit English vectors of BIP 39.
    const BIP39: [(&str, &str, &str); 5] = [
        (
            "00000000000000000000000000000000",
            "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about",
            "c55257c360c07c72029aebc1b53c05ed0362ada38ead3e3e9efa3708e53495531f09a6987599d18264c1e1c92f2cf141630c7a3c4ab7c81b2f001698e7463b04",
        ),
        (
            "7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f",
            "legal winner thank year wave sausage worth useful legal winner thank yellow",
            "2e8905819b8723fe2c1d161860e5ee1830318dbf49a83bd451cfb8440c28bd6fa457fe1296106559a3c80937a1c1069be3a3a5bd381ee6260e8d9739fce1f607",
        ),
        (
            "80808080808080808080808080808080",
            "letter advice cage absurd amount doctor acoustic avoid letter advice cage above",
            "d71de856f81a8acc65e6fc851a38d4d7ec216fd0796d0a6827a3ad6ed5511a30fa280f12eb2e47ed2ac03b5c462a0358d18d69fe4f985ec81778c1b370b652a8",
        ),
        (
            "ffffffffffffffffffffffffffffffff",
            "zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo wrong",
            "ac27495480225222079d7be181583751e86f571027b0497b5b5d11218e0a8a13332572917f0f8e5a589620c6f15b11c61dee327651a14c34e18231052e48c069",
        ),
        (
            "9e885d952ad362caeb4efe34a8e91bd2",
            "ozone drill grab fiber curtain grace pudding thank cruise elder eight picnic",
            "274ddc525802f7c828d8ef7ddbcdc5304e87ac3535913611fbbfa986d0c9e5476c91689f9c8a54fd55bd38606aa6a8595ad213d4c9c9f9aca3fb217069a41028",
        ),
    ];

    fn joined(phrase: &Phrase) -> String {
        phrase.words().iter().map(Secret::expose).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_vectors_of_bip_39_hold() {
        for (entropy, words, seed) in BIP39 {
            let entropy: [u8; ENTROPY_BYTES] = hex::decode(entropy).unwrap().try_into().unwrap();
            let phrase = Phrase::from_entropy(entropy);
            assert_eq!(joined(&phrase), words);
            assert_eq!(Phrase::parse(&Secret::new(words)).unwrap().entropy(), &entropy);
            assert_eq!(hex::encode(phrase.mnemonic().unwrap().to_seed_normalized("TREZOR")), seed);
        }
    }

    #[test]
    fn the_vectors_of_bip_32_hold() {
        // Test vector 1: chain m/0'/1/2'/2/1000000000, private key and chain code of each step.
        let steps = [
            ("e8f32e723decf4051aefac8e2c93c9c5b214313817cdb01a1494b917c8436b35", vec![]),
            ("edb2e14f9ee77d26dd93b4ecede8d16ed408ce149b6cd80b0715a2d911a0afea", vec![(0, true)]),
            ("3c6cb8d0f6a264c91ea8b5030fadaa8e538b020f0a387421a12de9319dc93368", vec![(0, true), (1, false)]),
            (
                "cbce0d719ecf7431d88e6a89fa1483e02e35092af60c042b1df2ff59fa424dca",
                vec![(0, true), (1, false), (2, true)],
            ),
            (
                "471b76e389e528d6de6d816857e012c5455051cad6660850e58372a6c3e6e7c8",
                vec![(0, true), (1, false), (2, true), (2, false), (1_000_000_000, false)],
            ),
        ];
        let root = XPrv::new(&hex::decode("000102030405060708090a0b0c0d0e0f").unwrap()).unwrap();
        for (key, path) in steps {
            assert_eq!(hex::encode(derive(&root, &path).unwrap().to_bytes()), key, "{path:?}");
        }
        assert_eq!(derive(&root, &[(1 << 31, false)]).map(|_| ()), None);
    }

    #[test]
    fn every_account_has_a_key_of_its_own_that_never_changes() {
        let phrase = Phrase::parse(&Secret::new(BIP39[0].1)).unwrap();
        let keychain = phrase.keychain().unwrap();
        let key = |index| hex::encode(keychain.account(index).unwrap().public_key().0);
        // Whoever has the words must find the coins again with any later version.
        assert_eq!(key(0), PINNED[0]);
        assert_eq!(key(1), PINNED[1]);
        assert!(keychain.account(1 << 31).is_none());
    }

    /// Public keys of accounts 0 and 1 of the first phrase above, worked out by other software.
    const PINNED: [&str; 2] = [
        "0207b6bc6c3556340236aa8947b3e28950380b2ed46daef03c0e7efce1664cc8fd",
        "034723dc48a22586ebb7d44a41542070cd14893ee452f8782de46e2659819e9c4a",
    ];

    #[test]
    fn words_are_read_leniently_and_refused_with_the_reason() {
        let good = BIP39[4].1;
        let spaced = format!("  {}\n", good.to_uppercase().replace(' ', "\t "));
        assert_eq!(joined(&Phrase::parse(&Secret::new(spaced)).unwrap()), good);
        let refused = |text: String| Phrase::parse(&Secret::new(text)).unwrap_err();
        assert_eq!(refused(String::new()), PhraseError::Count(0));
        assert_eq!(refused(good.replace(" picnic", "")), PhraseError::Count(11));
        assert_eq!(refused(format!("{good} {good}")), PhraseError::Count(24));
        assert_eq!(refused(good.replace("grab", "grub")), PhraseError::Unknown(3));
        assert_eq!(refused(good.replace("grab", "drill")), PhraseError::Checksum);
        assert_eq!(refused(good.replace("ozone drill", "drill ozone")), PhraseError::Checksum);
        assert_eq!(refused("a ".repeat(5_000)), PhraseError::Count(5_000));
        for text in [good.replace("grab", "grub"), good.replace("grab", "drill")] {
            let shown = format!("{0} {0:?}", refused(text));
            assert!(!shown.contains("gr") && !shown.contains("drill"), "{shown}");
        }
    }

    #[test]
    fn words_are_told_apart_by_their_place() {
        let phrase = Phrase::parse(&Secret::new(BIP39[4].1)).unwrap();
        assert!(phrase.has_word(0, &Secret::new(" Ozone ")));
        assert!(!phrase.has_word(1, &Secret::new("ozone")));
        assert!(!phrase.has_word(12, &Secret::new("ozone")));
        assert!(!phrase.has_word(0, &Secret::new("")));
    }

    #[test]
    fn a_phrase_is_never_shown() {
        let phrase = Phrase::parse(&Secret::new(BIP39[4].1)).unwrap();
        let shown = format!("{phrase:?} {:?} {:?}", phrase.keychain().unwrap(), phrase.words());
        for spelling in ["ozone", "9e88", "158, 136"] {
            assert!(!shown.contains(spelling), "{shown}");
        }
    }
}
