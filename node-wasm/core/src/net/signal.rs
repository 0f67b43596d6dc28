//! Signals between peers on their way to a connection: signed, and bound to sender and receiver.
//!
//! They travel through the tracker, as base64 of canonical bytes. The signature keeps the tracker
//! from inventing them; what it may still do is lose, repeat or delay them, and the hello that
//! follows on the channel is bound to the channel itself.

use crate::contract::RtcSignal;
use crate::hash::{BlockHash, tagged_sha256};
use crate::keys::{PublicKey, SecretKey, Signature, SignatureCheck};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use borsh::{BorshDeserialize, BorshSerialize};
use tracker_protocol::{MAX_SIGNAL_CHARS, PeerId};

/// What a signal says.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum SignalBody {
    /// "I would like to be connected; you have the greater id, so please offer."
    CallMe,
    /// A step of setting up a connection.
    Rtc {
        /// Number that the offerer gave this attempt; the answerer repeats it, so that signals of
        /// an older attempt are told apart.
        session: u64,
        /// The step.
        signal: RtcSignal,
    },
}

/// Why a signal is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignalError {
    /// Not a signal.
    #[error("not a signal")]
    Malformed,
    /// Not signed by the peer that it comes from, or meant for another.
    #[error("the signal is not signed by its sender for this peer")]
    BadSignature,
    /// Longer than the tracker carries.
    #[error("the signal is too long")]
    TooLong,
}

#[derive(BorshSerialize, BorshDeserialize)]
struct Envelope {
    key: PublicKey,
    body: SignalBody,
    signature: Signature,
}

fn digest(genesis: BlockHash, to: PeerId, body: &SignalBody) -> [u8; 32] {
    let body = borsh::to_vec(body).unwrap_or_default();
    tagged_sha256(b"tabchain/signal", &[&genesis.0, to.as_bytes(), &body])
}

/// Signs a signal and puts it into text.
pub fn seal(key: &SecretKey, genesis: BlockHash, to: PeerId, body: SignalBody) -> Result<String, SignalError> {
    let signature = key.sign(digest(genesis, to, &body));
    let envelope = Envelope { key: key.public_key(), body, signature };
    let bytes = borsh::to_vec(&envelope).map_err(|_| SignalError::Malformed)?;
    let text = STANDARD_NO_PAD.encode(bytes);
    if text.len() > MAX_SIGNAL_CHARS { Err(SignalError::TooLong) } else { Ok(text) }
}

/// Reads a signal that came from a peer for this one.
pub fn open(text: &str, genesis: BlockHash, from: PeerId, to: PeerId) -> Result<SignalBody, SignalError> {
    if text.len() > MAX_SIGNAL_CHARS {
        return Err(SignalError::TooLong);
    }
    let bytes = STANDARD_NO_PAD.decode(text).map_err(|_| SignalError::Malformed)?;
    let envelope = Envelope::try_from_slice(&bytes).map_err(|_| SignalError::Malformed)?;
    let check = SignatureCheck {
        key: envelope.key,
        digest: digest(genesis, to, &envelope.body),
        signature: envelope.signature,
    };
    if envelope.key.peer_id() == from && check.verify() { Ok(envelope.body) } else { Err(SignalError::BadSignature) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_holds_for_its_sender_receiver_and_network_only() {
        let (alice, bob) = (SecretKey::derive(&[1; 32], b"peer"), SecretKey::derive(&[2; 32], b"peer"));
        let (from, to) = (alice.public_key().peer_id(), bob.public_key().peer_id());
        let genesis = BlockHash([5; 32]);
        let body = SignalBody::Rtc { session: 7, signal: RtcSignal::Offer { sdp: "v=0".to_owned() } };
        let text = seal(&alice, genesis, to, body.clone()).unwrap();
        assert_eq!(open(&text, genesis, from, to), Ok(body.clone()));
        assert_eq!(open(&text, genesis, to, to), Err(SignalError::BadSignature));
        assert_eq!(open(&text, genesis, from, from), Err(SignalError::BadSignature));
        assert_eq!(open(&text, BlockHash([6; 32]), from, to), Err(SignalError::BadSignature));
        // A tracker that swaps the offer for its own and signs with its own key.
        let forged = seal(&bob, genesis, to, body).unwrap();
        assert_eq!(open(&forged, genesis, from, to), Err(SignalError::BadSignature));
        assert_eq!(open("not base64!", genesis, from, to), Err(SignalError::Malformed));
        let endless = SignalBody::Rtc { session: 7, signal: RtcSignal::Offer { sdp: "a".repeat(MAX_SIGNAL_CHARS) } };
        assert_eq!(seal(&alice, genesis, to, endless), Err(SignalError::TooLong));
    }
}
