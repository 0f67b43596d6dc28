//! Signals between peers on their way to a connection: signed, and bound to sender and receiver.
//!
//! They travel through the tracker or over links of other peers, as base64 of canonical bytes. The
//! signature keeps who carries them from inventing them. What these may still do is lose, delay or
//! repeat them. The stamp is against repetition: an old offer would close the link that it once
//! made, an old call would have this node dial a peer that is long gone. The hello that follows on
//! the channel is bound to the channel itself.

use crate::contract::RtcSignal;
use crate::hash::{BlockHash, tagged_sha256};
use crate::keys::{PublicKey, SecretKey, Signature, SignatureCheck};
use crate::sentence::Say;
use crate::units::Timestamp;
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use borsh::{BorshDeserialize, BorshSerialize};
use std::collections::{BTreeMap, VecDeque};
use tracker_protocol::{MAX_SIGNAL_CHARS, PeerId};

/// Senders whose newest stamp is remembered; the one that came up first is forgotten first. What
/// is repeated after that costs a place for a new link until it times out, no more: a link's own
/// stamp is kept with the link.
pub const MAX_STAMPS: usize = 1_024;

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
    /// "I have no place for another link."
    NoRoom {
        /// Session of the offer, or stamp of the call in milliseconds, that this answers.
        answers: u64,
    },
}

/// A signal that its sender signed for its receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// The sender's clock, in strictly increasing steps: tells newer from older.
    pub stamp: Timestamp,
    /// What it says.
    pub body: SignalBody,
}

/// Why a signal is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, Say)]
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
    stamp: Timestamp,
    body: SignalBody,
    signature: Signature,
}

fn digest(genesis: BlockHash, to: PeerId, stamp: Timestamp, body: &SignalBody) -> [u8; 32] {
    let signed = borsh::to_vec(&(stamp, body)).unwrap_or_default();
    tagged_sha256(b"tabchain/signal", &[&genesis.0, to.as_bytes(), &signed])
}

/// Signs a signal and puts it into text.
pub fn seal(
    key: &SecretKey,
    genesis: BlockHash,
    to: PeerId,
    stamp: Timestamp,
    body: SignalBody,
) -> Result<String, SignalError> {
    let signature = key.sign(digest(genesis, to, stamp, &body));
    let envelope = Envelope { key: key.public_key(), stamp, body, signature };
    let bytes = borsh::to_vec(&envelope).map_err(|_| SignalError::Malformed)?;
    let text = STANDARD_NO_PAD.encode(bytes);
    if text.len() > MAX_SIGNAL_CHARS { Err(SignalError::TooLong) } else { Ok(text) }
}

/// Reads a signal from one peer for another. There is one text only for what a sender signed once.
pub fn open(text: &str, genesis: BlockHash, from: PeerId, to: PeerId) -> Result<Opened, SignalError> {
    if text.len() > MAX_SIGNAL_CHARS {
        return Err(SignalError::TooLong);
    }
    let bytes = STANDARD_NO_PAD.decode(text).map_err(|_| SignalError::Malformed)?;
    let Envelope { key, stamp, body, signature } =
        Envelope::try_from_slice(&bytes).map_err(|_| SignalError::Malformed)?;
    let check = SignatureCheck { key, digest: digest(genesis, to, stamp, &body), signature };
    if key.peer_id() == from && check.verify() { Ok(Opened { stamp, body }) } else { Err(SignalError::BadSignature) }
}

/// The newest stamp of each sender that asked for a link.
#[derive(Debug, Default)]
pub struct Stamps {
    newest: BTreeMap<PeerId, Timestamp>,
    order: VecDeque<PeerId>,
}

impl Stamps {
    /// Takes a stamp; gives whether it is newer than all that its sender used here before.
    pub fn accept(&mut self, from: PeerId, stamp: Timestamp) -> bool {
        if let Some(newest) = self.newest.get_mut(&from) {
            let newer = stamp > *newest;
            *newest = stamp.max(*newest);
            return newer;
        }
        self.newest.insert(from, stamp);
        self.order.push_back(from);
        if self.order.len() > MAX_STAMPS
            && let Some(first) = self.order.pop_front()
        {
            self.newest.remove(&first);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn a_signal_holds_for_its_sender_receiver_and_network_only() {
        let (alice, bob) = (SecretKey::derive(&[1; 32], b"peer"), SecretKey::derive(&[2; 32], b"peer"));
        let (from, to) = (alice.public_key().peer_id(), bob.public_key().peer_id());
        let genesis = BlockHash([5; 32]);
        let body = SignalBody::Rtc { session: 7, signal: RtcSignal::Offer { sdp: "v=0".to_owned() } };
        let text = seal(&alice, genesis, to, at(9), body.clone()).unwrap();
        assert_eq!(open(&text, genesis, from, to), Ok(Opened { stamp: at(9), body: body.clone() }));
        assert_eq!(open(&text, genesis, to, to), Err(SignalError::BadSignature));
        assert_eq!(open(&text, genesis, from, from), Err(SignalError::BadSignature));
        assert_eq!(open(&text, BlockHash([6; 32]), from, to), Err(SignalError::BadSignature));
        // A tracker that swaps the offer for its own and signs with its own key.
        let forged = seal(&bob, genesis, to, at(9), body).unwrap();
        assert_eq!(open(&forged, genesis, from, to), Err(SignalError::BadSignature));
        assert_eq!(open("not base64!", genesis, from, to), Err(SignalError::Malformed));
        let endless = SignalBody::Rtc { session: 7, signal: RtcSignal::Offer { sdp: "a".repeat(MAX_SIGNAL_CHARS) } };
        assert_eq!(seal(&alice, genesis, to, at(9), endless), Err(SignalError::TooLong));
    }

    #[test]
    fn no_byte_of_a_signal_can_be_changed() {
        let (alice, bob) = (SecretKey::derive(&[1; 32], b"peer"), SecretKey::derive(&[2; 32], b"peer"));
        let (from, to) = (alice.public_key().peer_id(), bob.public_key().peer_id());
        let genesis = BlockHash([5; 32]);
        let text = seal(&alice, genesis, to, at(9), SignalBody::CallMe).unwrap();
        let bytes = STANDARD_NO_PAD.decode(&text).unwrap();
        for index in 0..bytes.len() {
            let mut other = bytes.clone();
            other[index] ^= 1;
            assert!(open(&STANDARD_NO_PAD.encode(other), genesis, from, to).is_err(), "byte {index}");
        }
        assert!(open(&format!("{text}A"), genesis, from, to).is_err());
    }

    #[test]
    fn a_stamp_counts_once_and_memory_is_bounded() {
        let id = |number: usize| {
            let mut bytes = [0; 20];
            bytes[..8].copy_from_slice(&number.to_le_bytes());
            PeerId::from_bytes(bytes)
        };
        let mut stamps = Stamps::default();
        assert!(stamps.accept(id(0), at(5)));
        assert!(!stamps.accept(id(0), at(5)) && !stamps.accept(id(0), at(4)) && stamps.accept(id(0), at(6)));
        for number in 1..MAX_STAMPS {
            assert!(stamps.accept(id(number), at(1)));
        }
        assert!(!stamps.accept(id(0), at(6)), "as many as may be remembered are");
        assert!(stamps.accept(id(MAX_STAMPS), at(1)));
        assert!(stamps.accept(id(0), at(6)), "one more, and the first is forgotten");
        assert_eq!(stamps.newest.len(), MAX_STAMPS);
        assert_eq!(stamps.order.len(), MAX_STAMPS);
    }
}
