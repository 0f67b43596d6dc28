//! The far ends of a node's links: peers whose hellos and offers hold. They are made once, because
//! signing is slow, and everything that they say afterwards needs no signature.

use node_core::contract::{ChannelBinding, RtcSignal};
use node_core::hash::BlockHash;
use node_core::keys::{PublicKey, SecretKey, Signature};
use node_core::net::message::{Hello, PROTOCOL_VERSION};
use node_core::net::signal::{self, SignalBody};
use node_core::units::{Height, Timestamp, Work};
use node_core::view::Role;
use tracker_protocol::PeerId;

/// Far ends; the first half is dialled by the node, the other half offers.
pub(super) const ENDS: usize = 4;
/// Attempts that a far end signs offers for.
pub(super) const SESSIONS: usize = 2;
/// What the node's keys follow from.
pub(super) const SEED: [u8; 32] = [7; 32];

/// A peer with its signatures.
pub(super) struct End {
    pub(super) id: PeerId,
    pub(super) binding: ChannelBinding,
    key: PublicKey,
    /// Proves the id on the channel of the binding.
    proof: Signature,
    /// Signals to the node as the tracker carries them.
    pub(super) offers: [String; SESSIONS],
    pub(super) call: String,
    pub(super) candidate: String,
}

/// The far ends of the node of [`SEED`] on the network with this genesis.
pub(super) fn ends(genesis: BlockHash) -> [End; ENDS] {
    let node = SecretKey::derive(&SEED, b"peer").public_key().peer_id();
    let keys = |offering: bool| {
        let keys = (0_u8..).map(|number| SecretKey::derive(&[number; 32], b"far end"));
        keys.filter(move |key| (key.public_key().peer_id() > node) == offering).take(ENDS / 2)
    };
    let mut keys = keys(false).chain(keys(true));
    std::array::from_fn(|number| {
        let key = keys.next().expect("as many as wanted");
        End::new(&key, node, genesis, u8::try_from(number).expect("few"))
    })
}

impl End {
    fn new(key: &SecretKey, node: PeerId, genesis: BlockHash, number: u8) -> Self {
        let id = key.public_key().peer_id();
        let binding = ChannelBinding([number; 32]);
        let mut hello = hello(genesis, key.public_key());
        hello.sign(key, binding, id > node);
        // Each offer is newer than those of lower sessions, and all are newer than the call.
        let seal = |stamp: u64, body: SignalBody| {
            signal::seal(key, genesis, node, Timestamp::from_millis(stamp), body).expect("short")
        };
        let rtc = |session: u64, signal: RtcSignal| seal(session + 2, SignalBody::Rtc { session, signal });
        let offer = |session: usize| rtc(session as u64, RtcSignal::Offer { sdp: "v=0".to_owned() });
        let candidate = RtcSignal::Candidate { candidate: String::new(), mid: None, line: Some(0) };
        Self {
            id,
            binding,
            key: key.public_key(),
            proof: hello.proof,
            offers: std::array::from_fn(offer),
            call: seal(1, SignalBody::CallMe),
            candidate: rtc(0, candidate),
        }
    }

    /// A hello that proves the id; the rest is for the caller to fill in.
    pub(super) fn hello(&self, genesis: BlockHash) -> Hello {
        Hello { proof: self.proof, ..hello(genesis, self.key) }
    }
}

fn hello(genesis: BlockHash, key: PublicKey) -> Hello {
    Hello {
        version: PROTOCOL_VERSION,
        genesis,
        key,
        role: Role::Full,
        tip: genesis,
        height: Height::GENESIS,
        work: Work::default(),
        clock: Timestamp::default(),
        proof: Signature::NONE,
    }
}
