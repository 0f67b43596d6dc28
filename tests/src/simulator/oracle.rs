//! Verified signatures, each only once in a run: a thousand nodes that check the same transaction
//! find out the same.

use node_core::keys::{SignatureCheck, verify_all};
use std::collections::HashMap;

/// Signatures that are remembered at most; then all are forgotten.
const MAX_KNOWN: usize = 500_000;

/// Key, digest and signature of a check.
type Name = [u8; 130];

/// Answers what compute workers answer.
#[derive(Debug, Default)]
pub(super) struct Oracle {
    known: HashMap<Name, bool>,
}

impl Oracle {
    /// What [`verify_all`] says.
    pub(super) fn verify_all(&mut self, checks: &[SignatureCheck]) -> Vec<bool> {
        let names: Vec<Name> = checks.iter().map(name).collect();
        let new = |(name, _): &(&Name, &SignatureCheck)| !self.known.contains_key(*name);
        let (names_new, checks_new): (Vec<Name>, Vec<SignatureCheck>) =
            names.iter().zip(checks).filter(new).map(|(name, check)| (*name, check.clone())).unzip();
        if self.known.len() + names_new.len() > MAX_KNOWN {
            self.known.clear();
            return verify_all(checks);
        }
        self.known.extend(names_new.into_iter().zip(verify_all(&checks_new)));
        names.iter().map(|name| self.known[name]).collect()
    }
}

fn name(check: &SignatureCheck) -> Name {
    let mut name = [0; 130];
    let bytes = borsh::to_vec(check).expect("plain bytes");
    name.copy_from_slice(&bytes);
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use node_core::keys::SecretKey;

    #[test]
    fn says_what_verifying_says_the_first_time_and_the_second() {
        let key = SecretKey::derive(&[1; 32], b"test");
        let check = |digest: [u8; 32], signed: [u8; 32]| SignatureCheck {
            key: key.public_key(),
            digest,
            signature: key.sign(signed),
        };
        let checks = [check([1; 32], [1; 32]), check([1; 32], [2; 32]), check([3; 32], [3; 32])];
        let mut oracle = Oracle::default();
        for _ in 0..2 {
            assert_eq!(oracle.verify_all(&checks), vec![true, false, true]);
        }
        assert_eq!(oracle.known.len(), 3);
        assert_eq!(oracle.verify_all(&[]), Vec::<bool>::new());
    }
}
