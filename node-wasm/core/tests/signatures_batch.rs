//! The batch against the single check, and both against k256's own verifier, on whatever a peer may send.

use k256::ecdsa::signature::hazmat::PrehashVerifier;
use k256::ecdsa::{self, RecoveryId, VerifyingKey};
use k256::elliptic_curve::ops::Reduce;
use k256::elliptic_curve::point::DecompressPoint;
use k256::elliptic_curve::sec1::ToSec1Point;
use k256::elliptic_curve::{Field, PrimeField};
use k256::{AffinePoint, FieldBytes, ProjectivePoint, Scalar};
use node_core::hash::sha256;
use node_core::keys::{PublicKey, SecretKey, Signature, SignatureCheck, verify_all};
use proptest::prelude::*;

/// The group's order, the least number that is not a scalar.
const ORDER: &str = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";

/// What is done to a good check.
#[derive(Debug, Clone)]
enum Mutation {
    None,
    HighS,
    HighSWithItsParity,
    RecoveryId(u8),
    ZeroR,
    ZeroS,
    /// The order added to r, which keeps the residue and leaves the range.
    RPlusOrder,
    /// `r` is the order, or that and some more.
    RFromOrder(u8),
    SFromOrder(u8),
    /// `r` is a number of which the curve may have no point.
    OtherR([u8; 32]),
    KeyPrefix(u8),
    /// An x of which the curve may have no point.
    KeyX([u8; 32]),
    OtherKey(u8),
    DigestBit(u8),
    SignatureBit(u16),
    KeyBit(u16),
    NoSignature,
    /// The check before it, again.
    Duplicate,
    /// The signature of the check before it.
    SignatureOfOther,
}

fn mutation() -> impl Strategy<Value = Mutation> {
    prop_oneof![
        20 => Just(Mutation::None),
        1 => Just(Mutation::HighS),
        1 => Just(Mutation::HighSWithItsParity),
        2 => any::<u8>().prop_map(Mutation::RecoveryId),
        2 => (0..4_u8).prop_map(Mutation::RecoveryId),
        1 => Just(Mutation::ZeroR),
        1 => Just(Mutation::ZeroS),
        1 => Just(Mutation::RPlusOrder),
        1 => (0..3_u8).prop_map(Mutation::RFromOrder),
        1 => (0..3_u8).prop_map(Mutation::SFromOrder),
        1 => any::<[u8; 32]>().prop_map(Mutation::OtherR),
        2 => (0..8_u8).prop_map(Mutation::KeyPrefix),
        1 => any::<[u8; 32]>().prop_map(Mutation::KeyX),
        1 => any::<u8>().prop_map(Mutation::OtherKey),
        1 => any::<u8>().prop_map(Mutation::DigestBit),
        1 => (0..520_u16).prop_map(Mutation::SignatureBit),
        1 => (0..264_u16).prop_map(Mutation::KeyBit),
        1 => Just(Mutation::NoSignature),
        4 => Just(Mutation::Duplicate),
        1 => Just(Mutation::SignatureOfOther),
    ]
}

/// Few keys, so that some sign more than once.
fn checks(most: usize) -> impl Strategy<Value = Vec<SignatureCheck>> {
    prop::collection::vec((0..6_u8, any::<[u8; 32]>(), mutation()), 0..=most).prop_map(|specimens| {
        let mut checks: Vec<SignatureCheck> = Vec::new();
        for (key, digest, mutation) in specimens {
            let mut check = good(key, digest);
            mutate(&mut check, &mutation, checks.last());
            checks.push(check);
        }
        checks
    })
}

fn good(key: u8, digest: [u8; 32]) -> SignatureCheck {
    let key = SecretKey::derive(&[key; 32], b"test");
    SignatureCheck { key: key.public_key(), digest, signature: key.sign(digest) }
}

fn mutate(check: &mut SignatureCheck, mutation: &Mutation, before: Option<&SignatureCheck>) {
    let bytes = &mut check.signature.0;
    match mutation {
        Mutation::None => {}
        Mutation::HighS => negate_s(bytes),
        Mutation::HighSWithItsParity => {
            negate_s(bytes);
            bytes[64] ^= 1;
        }
        Mutation::RecoveryId(id) => bytes[64] = *id,
        Mutation::ZeroR => bytes[..32].fill(0),
        Mutation::ZeroS => bytes[32..64].fill(0),
        Mutation::RPlusOrder => add_order(&mut bytes[..32]),
        Mutation::RFromOrder(more) => from_order(&mut bytes[..32], *more),
        Mutation::SFromOrder(more) => from_order(&mut bytes[32..64], *more),
        Mutation::OtherR(other) => bytes[..32].copy_from_slice(other),
        Mutation::KeyPrefix(prefix) => check.key.0[0] = *prefix,
        Mutation::KeyX(x) => check.key.0[1..].copy_from_slice(x),
        Mutation::OtherKey(key) => check.key = SecretKey::derive(&[*key; 32], b"other").public_key(),
        Mutation::DigestBit(bit) => flip(&mut check.digest, usize::from(*bit)),
        Mutation::SignatureBit(bit) => flip(bytes, usize::from(*bit)),
        Mutation::KeyBit(bit) => flip(&mut check.key.0, usize::from(*bit)),
        Mutation::NoSignature => check.signature = Signature::NONE,
        Mutation::Duplicate => *check = before.unwrap_or(check).clone(),
        Mutation::SignatureOfOther => check.signature = before.map_or(Signature::NONE, |before| before.signature),
    }
}

fn flip(bytes: &mut [u8], bit: usize) {
    bytes[bit / 8] ^= 1 << (bit % 8);
}

fn negate_s(bytes: &mut [u8; Signature::LENGTH]) {
    let scalars = ecdsa::Signature::from_slice(&bytes[..64]).unwrap();
    let negated = ecdsa::Signature::from_scalars(*scalars.r(), -*scalars.s()).unwrap();
    bytes[..64].copy_from_slice(&negated.to_bytes());
}

/// Modulo 2^256, so that most overflow.
fn add_order(number: &mut [u8]) {
    let mut carry = 0;
    for (byte, other) in number.iter_mut().zip(hex::decode(ORDER).unwrap()).rev() {
        let sum = u16::from(*byte) + u16::from(other) + carry;
        *byte = sum.to_le_bytes()[0];
        carry = sum >> 8;
    }
}

fn from_order(number: &mut [u8], more: u8) {
    number.copy_from_slice(&hex::decode(ORDER).unwrap());
    number[31] += more;
}

/// The rules of the protocol, one by one, by way of k256's verifier and its search for the recovery id.
fn by_the_book(check: &SignatureCheck) -> bool {
    let follow = || {
        if !matches!(check.key.0[0], 2 | 3) {
            return None;
        }
        let key = VerifyingKey::from_sec1_bytes(&check.key.0).ok()?;
        let signature = ecdsa::Signature::from_slice(&check.signature.0[..64]).ok()?;
        if signature.normalize_s() != signature {
            return None;
        }
        key.verify_prehash(&check.digest, &signature).ok()?;
        let found = RecoveryId::trial_recovery_from_prehash(&key, &check.digest, &signature).ok()?;
        Some(found.to_byte() == check.signature.0[64])
    };
    follow().unwrap_or(false)
}

fn each(checks: &[SignatureCheck]) -> Vec<bool> {
    checks.iter().map(SignatureCheck::verify).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn the_batch_and_the_single_check_follow_the_rules(checks in checks(24)) {
        let expected: Vec<bool> = checks.iter().map(by_the_book).collect();
        prop_assert_eq!(&each(&checks), &expected);
        prop_assert_eq!(&verify_all(&checks), &expected);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    /// Alone among good ones, nothing else makes the batch fall back on single checks.
    #[test]
    fn a_bad_signature_is_told_from_good_ones(mutation in mutation(), digest in any::<[u8; 32]>(), place in 0..4_usize) {
        let mut checks: Vec<SignatureCheck> = (0..4).map(|number| good(number % 3, [number; 32])).collect();
        let mut check = good(2, digest);
        mutate(&mut check, &mutation, checks.last());
        checks.insert(place, check);
        let expected: Vec<bool> = checks.iter().map(by_the_book).collect();
        prop_assert_eq!(&verify_all(&checks), &expected);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4))]

    #[test]
    fn more_than_one_batch_is_no_other(checks in checks(300)) {
        prop_assert_eq!(verify_all(&checks), each(&checks));
    }
}

#[test]
fn good_signatures_hold_in_any_number() {
    let checks: Vec<SignatureCheck> =
        (0_u16..300).map(|number| good(number.to_le_bytes()[0] % 7, sha256(&number.to_le_bytes()))).collect();
    for count in (0..10).chain([63, 64, 65, 66, 67, 127, 128, 129, 130, 131, 255, 256, 257, 300]) {
        assert_eq!(verify_all(&checks[..count]), vec![true; count]);
    }
}

#[test]
fn the_wrong_recovery_id_is_found_in_a_batch() {
    for parity in [0, 1] {
        // All alike, so that a batch that ignored the parity would not fail for the sake of the others.
        let alike = (0..=u8::MAX).map(|number| good(number, [number; 32]));
        let checks: Vec<SignatureCheck> = alike.filter(|check| check.signature.0[64] == parity).take(4).collect();
        for (place, id) in (0..4).flat_map(|place| (0..=u8::MAX).map(move |id| (place, id))) {
            let mut checks = checks.clone();
            checks[place].signature.0[64] = id;
            let expected: Vec<bool> = (0..4).map(|number| number != place || id == parity).collect();
            assert_eq!(verify_all(&checks), expected, "{id}");
        }
    }
}

#[test]
fn one_bad_signature_is_found_wherever_it_is() {
    let checks: Vec<SignatureCheck> = (0..20).map(|number| good(number, [number; 32])).collect();
    for place in 0..checks.len() {
        let mut checks = checks.clone();
        checks[place].digest[0] ^= 1;
        let expected: Vec<bool> = (0..checks.len()).map(|number| number != place).collect();
        assert_eq!(verify_all(&checks), expected);
    }
}

/// A check whose equation is off by `error G`: its digest is chosen for it, which only a test can do.
fn off_by(number: u8, error: Scalar) -> SignatureCheck {
    let scalar = |label: &[u8]| Scalar::reduce(&FieldBytes::from(sha256(&[label, &[number]].concat())));
    let (secret, nonce) = (scalar(b"secret"), scalar(b"nonce"));
    let point = (ProjectivePoint::GENERATOR * nonce).to_affine();
    let x = k256::PublicKey::from_affine(point).unwrap().to_sec1_point(true);
    let r = Scalar::reduce(&FieldBytes::try_from(&x.as_bytes()[1..]).unwrap());
    // Any small s is low.
    let s = Scalar::from(u64::from(number) + 1);
    let digest = s * (nonce + error) - r * secret;
    let key = SecretKey::from_bytes(&secret.to_bytes().into()).unwrap().public_key();
    let mut signature = Signature([x.as_bytes()[0] - 2; Signature::LENGTH]);
    signature.0[..32].copy_from_slice(&r.to_bytes());
    signature.0[32..64].copy_from_slice(&s.to_bytes());
    SignatureCheck { key, digest: digest.to_bytes().into(), signature }
}

#[test]
fn errors_that_cancel_out_are_found() {
    let one = Scalar::ONE;
    let right: Vec<SignatureCheck> = (0..8).map(|number| off_by(number, Scalar::ZERO)).collect();
    assert_eq!(verify_all(&right), [true; 8]);
    // They sum to nothing with equal coefficients, or opposite ones, or ones that count up or double.
    let sums = [[one, -one], [one, one], [one.double(), -one], [-one, one.double()]];
    for (places, errors) in [[0_u8, 1], [1, 2], [2, 4], [6, 7]].into_iter().flat_map(|at| sums.map(|sum| (at, sum))) {
        let mut checks = right.clone();
        let mut expected = [true; 8];
        for (place, error) in places.into_iter().zip(errors) {
            checks[usize::from(place)] = off_by(place, error);
            expected[usize::from(place)] = false;
        }
        assert_eq!(verify_all(&checks), expected, "{places:?}");
    }
}

/// Signatures whose R has an x past the order, which no signer meets in practice: the point is
/// chosen, and the key that would have signed follows from it.
#[test]
fn an_x_past_the_order_is_told_by_the_recovery_id() {
    let mut checks: Vec<SignatureCheck> = (0..8).map(|number| good(number, [number; 32])).collect();
    let mut found = 0;
    for number in 1..40_u64 {
        let r = Scalar::from(number);
        let mut x = r.to_bytes();
        add_order(&mut x);
        let Some(point) = AffinePoint::decompress(&x, 1.into()).into_option() else { continue };
        let (s, digest) = (Scalar::from(7 * number), sha256(&number.to_le_bytes()));
        let z = Scalar::reduce(&FieldBytes::from(digest));
        let key = (ProjectivePoint::from(point) * s - ProjectivePoint::GENERATOR * z) * r.invert().unwrap();
        let key = k256::PublicKey::from_affine(key.to_affine()).unwrap().to_sec1_point(true);
        let key = PublicKey(key.as_bytes().try_into().unwrap());
        for recovery in 0..4 {
            let mut signature = Signature([recovery; Signature::LENGTH]);
            signature.0[..32].copy_from_slice(&r.to_repr());
            signature.0[32..64].copy_from_slice(&s.to_repr());
            let check = SignatureCheck { key, digest, signature };
            assert_eq!(check.verify(), recovery == 3, "r = {number}");
            assert_eq!(by_the_book(&check), recovery == 3, "r = {number}");
            checks.push(check);
        }
        found += 1;
    }
    assert!(found > 10);
    assert_eq!(verify_all(&checks), each(&checks));
}
