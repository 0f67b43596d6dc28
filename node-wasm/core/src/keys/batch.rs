//! Many signatures in one check: a random linear combination of their equations.
//!
//! A signature (r, s) with the point R, of the digest z by the key Q, holds if `z/s G + r/s Q - R` is
//! the neutral element. Of a batch, the sum of these, each times a coefficient, is computed in
//! one multiplication of many points, which shares its doublings. If each is the neutral element, so
//! is the sum. If one is not, the sum still is for at most one value of its coefficient.
//!
//! The signers must not know the coefficients before everything is signed, or two wrong signatures
//! could cancel out. So they are drawn from a hash of the whole batch (as Fiat and Shamir make a proof
//! non-interactive): another byte anywhere, other coefficients everywhere. Each try to find a batch
//! that passes wrongly costs a hash and succeeds with a probability of at most 2^-127. So no random number
//! is needed, and the same batch has the same answer on every machine.

use super::PublicKey;
use super::signature::SignatureCheck;
use crate::hash::tagged_sha256;
use k256::elliptic_curve::ff::BatchInverter;
use k256::elliptic_curve::ops::{LinearCombination, Reduce};
use k256::elliptic_curve::point::DecompressPoint;
use k256::{AffinePoint, FieldBytes, ProjectivePoint, Scalar};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};
use std::collections::BTreeMap;

/// Fewest signatures that are combined: two by different keys cost as much apart (three cost a sixth less
/// together, natively).
const MIN_BATCH: usize = 3;

/// Most signatures that are combined. More gain nothing (the doublings, shared by 64, are next to none)
/// but tables that outgrow the cache, at 4 KiB a signature, and more checks to repeat when one is wrong.
const MAX_BATCH: usize = 64;

/// Whether each signature holds: what [`SignatureCheck::verify`] says of each, in less time.
pub fn verify_all(checks: &[SignatureCheck]) -> Vec<bool> {
    checks.chunks(MAX_BATCH).flat_map(verify_batch).collect()
}

fn verify_batch(checks: &[SignatureCheck]) -> Vec<bool> {
    if checks.len() < MIN_BATCH {
        return checks.iter().map(SignatureCheck::verify).collect();
    }
    let mut points = BTreeMap::new();
    let equations: Vec<Option<Equation<'_>>> = checks.iter().map(|check| Equation::of(check, &mut points)).collect();
    let all_hold = sum_is_neutral(&equations.iter().flatten().collect::<Vec<_>>());
    let holds = |(equation, check): (&Option<Equation<'_>>, &SignatureCheck)| {
        // Where the sum is off, every check is made for itself. To halve the batch and combine again
        // costs as much if one signature is wrong, and several times that if many are.
        (equation.is_some() && all_hold) || check.verify()
    };
    equations.iter().zip(checks).map(holds).collect()
}

/// What the equation of one well-formed signature is made of.
struct Equation<'a> {
    check: &'a SignatureCheck,
    key: ProjectivePoint,
    nonce: ProjectivePoint,
    digest: Scalar,
    r: Scalar,
    s: Scalar,
}

impl<'a> Equation<'a> {
    /// `None` leaves a signature to the single check: it is malformed, or it is the one in 2^127 whose
    /// R has an x past the group's order.
    fn of(check: &'a SignatureCheck, points: &mut BTreeMap<PublicKey, Option<ProjectivePoint>>) -> Option<Self> {
        let (scalars, recovery) = check.signature.read()?;
        if recovery.is_x_reduced() {
            return None;
        }
        let key = (*points.entry(check.key).or_insert_with(|| point_of(check.key)))?;
        let (r, s) = scalars.split_scalars();
        Some(Self {
            check,
            key,
            nonce: decompress(&r.to_bytes(), recovery.is_y_odd())?,
            digest: Scalar::reduce(&FieldBytes::from(check.digest)),
            r: *r,
            s: *s,
        })
    }
}

fn point_of(key: PublicKey) -> Option<ProjectivePoint> {
    let [prefix @ (2 | 3), x @ ..] = key.0 else { return None };
    decompress(&FieldBytes::from(x), prefix == 3)
}

fn decompress(x: &FieldBytes, y_is_odd: bool) -> Option<ProjectivePoint> {
    AffinePoint::decompress(x, u8::from(y_is_odd).into()).into_option().map(ProjectivePoint::from)
}

/// Whether the combination of all equations is the neutral element.
fn sum_is_neutral(equations: &[&Equation<'_>]) -> bool {
    let mut inverses: Vec<Scalar> = equations.iter().map(|equation| equation.s).collect();
    // No s is zero, and one inversion does for all.
    BatchInverter::invert_with_external_scratch(&mut inverses, &mut vec![Scalar::ZERO; equations.len()]);

    let mut coefficients = Coefficients::of(equations);
    let mut of_generator = Scalar::ZERO;
    // A key that signed several times is multiplied once.
    let mut of_keys: BTreeMap<PublicKey, (ProjectivePoint, Scalar)> = BTreeMap::new();
    let mut terms = Vec::with_capacity(2 * equations.len() + 1);
    for (equation, inverse) in equations.iter().zip(&inverses) {
        let coefficient = coefficients.draw();
        let scale = coefficient * inverse;
        of_generator += scale * equation.digest;
        of_keys.entry(equation.check.key).or_insert((equation.key, Scalar::ZERO)).1 += scale * equation.r;
        terms.push((equation.nonce, -coefficient));
    }
    terms.push((ProjectivePoint::GENERATOR, of_generator));
    terms.extend(of_keys.into_values());
    // Nothing here is secret, so the time may depend on it.
    ProjectivePoint::lincomb_vartime(terms.as_slice()) == ProjectivePoint::IDENTITY
}

/// The coefficients of a batch, in its order.
struct Coefficients(ChaCha20Rng);

impl Coefficients {
    fn of(equations: &[&Equation<'_>]) -> Self {
        // All parts have a fixed length, so that no two batches hash the same bytes.
        let parts: Vec<&[u8]> = equations
            .iter()
            .flat_map(|Equation { check, .. }| [&check.key.0[..], &check.digest, &check.signature.0])
            .collect();
        Self(ChaCha20Rng::from_seed(tagged_sha256(b"tabchain/signature-batch", &parts)))
    }

    /// A sign and 127 bits. A point's multiple by less than 2^127, or by its negative, costs half of
    /// any other's: the library splits a factor by the curve's endomorphism, and one part is zero.
    fn draw(&mut self) -> Scalar {
        let mut bytes = [0; 16];
        self.0.fill_bytes(&mut bytes);
        let bits = u128::from_le_bytes(bytes);
        let magnitude = Scalar::from(bits >> 1);
        if bits & 1 == 0 { magnitude } else { -magnitude }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::SecretKey;
    use std::collections::HashSet;

    fn coefficients(checks: &[SignatureCheck]) -> Vec<[u8; 32]> {
        let mut points = BTreeMap::new();
        let equations: Vec<Equation<'_>> =
            checks.iter().map(|check| Equation::of(check, &mut points).unwrap()).collect();
        let mut coefficients = Coefficients::of(&equations.iter().collect::<Vec<_>>());
        equations.iter().map(|_| coefficients.draw().to_bytes().into()).collect()
    }

    /// Whoever could change a byte and keep the coefficients could fit the byte to them.
    #[test]
    fn every_part_of_the_batch_changes_every_coefficient() {
        let good = |number: u8| {
            let key = SecretKey::derive(&[number; 32], b"test");
            SignatureCheck { key: key.public_key(), digest: [number; 32], signature: key.sign([number; 32]) }
        };
        let (checks, other) = ([good(0), good(1), good(2)], good(3));
        let mut batches = vec![checks.clone()];
        for place in 0..checks.len() {
            let changes: [&dyn Fn(&mut SignatureCheck); 5] = [
                &|check| check.key = other.key,
                &|check| check.digest[31] ^= 1,
                &|check| check.signature.0[..32].copy_from_slice(&other.signature.0[..32]),
                &|check| check.signature.0[63] ^= 1,
                &|check| check.signature.0[64] ^= 1,
            ];
            for change in changes {
                let mut changed = checks.clone();
                change(&mut changed[place]);
                batches.push(changed);
            }
        }
        let all: Vec<[u8; 32]> = batches.iter().flat_map(|batch| coefficients(batch)).collect();
        assert_eq!(all.len(), 48);
        assert_eq!(all.iter().collect::<HashSet<_>>().len(), all.len());
        assert_eq!(coefficients(&checks), all[..3]);
    }
}
