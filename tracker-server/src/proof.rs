//! Proof that a tab holds the key behind its peer id.

use k256::ecdsa::{Signature, VerifyingKey, signature::Verifier};
use sha2::{Digest, Sha256};
use tracker_protocol::PeerId;

/// Bytes of a compressed public key.
const PUBLIC_KEY_BYTES: usize = 33;

/// Bytes of a signature: `r || s`.
const SIGNATURE_BYTES: usize = 64;

/// Why a proof does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ProofError {
    /// Not a compressed point of secp256k1 in lower-case hex.
    #[error("not a compressed public key in lower-case hex")]
    PublicKey,
    /// Not 64 bytes in lower-case hex that form a signature.
    #[error("not a signature in lower-case hex")]
    Signature,
    /// The greater of the two values that `s` could have: whoever sees a signature can make the other.
    #[error("the signature is not in its low-s form")]
    HighS,
    /// A signature of something else, or by another key.
    #[error("the signature does not match key and message")]
    Mismatch,
}

/// Checks a signature over the SHA-256 of `message` and returns whom the key belongs to.
pub(crate) fn verify(public_key: &str, signature: &str, message: &[u8]) -> Result<PeerId, ProofError> {
    let public_key: [u8; PUBLIC_KEY_BYTES] = decode(public_key).ok_or(ProofError::PublicKey)?;
    // Of the 33-byte encodings only the standard compressed ones: a key has one id.
    if !matches!(public_key[0], 2 | 3) {
        return Err(ProofError::PublicKey);
    }
    let key = VerifyingKey::from_sec1_bytes(&public_key).map_err(|_| ProofError::PublicKey)?;
    let signature: [u8; SIGNATURE_BYTES] = decode(signature).ok_or(ProofError::Signature)?;
    let signature = Signature::from_slice(&signature).map_err(|_| ProofError::Signature)?;
    if signature.normalize_s() != signature {
        return Err(ProofError::HighS);
    }
    key.verify(message, &signature).map_err(|_| ProofError::Mismatch)?;
    Ok(peer_id(&public_key))
}

/// The id of a compressed public key.
fn peer_id(public_key: &[u8; PUBLIC_KEY_BYTES]) -> PeerId {
    let digest: [u8; 32] = Sha256::digest(public_key).into();
    let mut id = [0; PeerId::LENGTH];
    id.copy_from_slice(&digest[..PeerId::LENGTH]);
    PeerId::from_bytes(id)
}

fn decode<const LENGTH: usize>(text: &str) -> Option<[u8; LENGTH]> {
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return None;
    }
    let mut bytes = [0; LENGTH];
    hex::decode_to_slice(text, &mut bytes).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use k256::ecdsa::{SigningKey, signature::Signer};

    const MESSAGE: &[u8] = b"a message";

    fn key() -> SigningKey {
        SigningKey::from_slice(&[7; 32]).unwrap()
    }

    fn public_key(key: &SigningKey) -> String {
        hex::encode(key.verifying_key().to_sec1_point(true))
    }

    fn sign(key: &SigningKey) -> Signature {
        key.sign(MESSAGE)
    }

    fn text(signature: &Signature) -> String {
        hex::encode(signature.to_bytes())
    }

    #[test]
    fn a_good_proof_names_the_peer() {
        let key = key();
        let peer = verify(&public_key(&key), &text(&sign(&key)), MESSAGE).unwrap();
        let digest = Sha256::digest(hex::decode(public_key(&key)).unwrap());
        assert_eq!(peer.to_string(), hex::encode(&digest[..20]));
    }

    /// The key of secret 1 is the generator of the curve; its SHA-256 was computed apart from this code.
    #[test]
    fn peer_id_of_a_known_key() {
        let key = SigningKey::from_slice(&[[0; 31].as_slice(), &[1]].concat()).unwrap();
        let generator = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
        assert_eq!(public_key(&key), generator);
        let peer = verify(generator, &text(&sign(&key)), MESSAGE).unwrap();
        assert_eq!(peer.to_string(), "0f715baf5d4c2ed329785cef29e562f73488c8a2");
    }

    #[test]
    fn another_message_or_key_does_not_match() {
        let (key, other) = (key(), SigningKey::from_slice(&[8; 32]).unwrap());
        let signature = text(&sign(&key));
        assert_eq!(verify(&public_key(&key), &signature, b"another"), Err(ProofError::Mismatch));
        assert_eq!(verify(&public_key(&other), &signature, MESSAGE), Err(ProofError::Mismatch));
    }

    #[test]
    fn the_high_twin_of_a_signature_is_refused() {
        let key = key();
        let (r, s) = sign(&key).split_scalars();
        let high = Signature::from_scalars(r, -s).unwrap();
        assert_eq!(verify(&public_key(&key), &text(&high), MESSAGE), Err(ProofError::HighS));
    }

    #[test]
    fn other_spellings_are_refused() {
        let key = key();
        let (public, signature) = (public_key(&key), text(&sign(&key)));
        let uncompressed = hex::encode(key.verifying_key().to_sec1_point(false));
        let compact = format!("05{}", &public[2..]);
        let no_point = format!("02{}", "ff".repeat(32));
        for bad in ["", "zz", &public.to_uppercase(), &public[2..], &uncompressed, &compact, &no_point] {
            assert_eq!(verify(bad, &signature, MESSAGE), Err(ProofError::PublicKey), "{bad}");
        }
        let zero = "00".repeat(64);
        for bad in ["", &signature.to_uppercase(), &signature[2..], &format!("{signature}00"), &zero] {
            assert_eq!(verify(&public, bad, MESSAGE), Err(ProofError::Signature), "{bad}");
        }
    }
}
