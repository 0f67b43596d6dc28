//! A mesh alone, for tests: no node around it, links that open by word.

use super::{Context, Mesh};
use crate::contract::{LinkId, Output};
use crate::hash::BlockHash;
use crate::keys::SecretKey;
use crate::log::Log;
use crate::net::outbox::Outbox;
use crate::net::peers::{Choice, Peers};
use crate::net::signal::{self, SignalBody};
use crate::params::ChainParams;
use crate::units::Timestamp;
use crate::view::{PeerState, TrackerState};
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;
use tracker_protocol::{PeerId, ServerMessage};

pub(super) struct Bench {
    pub(super) mesh: Mesh,
    pub(super) peers: Peers,
    pub(super) now: Timestamp,
    outbox: Outbox,
    log: Log,
    rng: ChaCha8Rng,
}

pub(super) fn at(seconds: u64) -> Timestamp {
    Timestamp::from_millis(seconds * 1000)
}

/// Keys in the order of their ids.
pub(super) fn keys(count: u8) -> Vec<SecretKey> {
    let mut keys: Vec<SecretKey> = (0..count).map(|number| SecretKey::derive(&[number; 32], b"peer")).collect();
    keys.sort_by_key(|key| key.public_key().peer_id());
    keys
}

pub(super) fn id_of(key: &SecretKey) -> PeerId {
    key.public_key().peer_id()
}

impl Bench {
    pub(super) fn new() -> Self {
        Self::of(SecretKey::derive(&[1; 32], b"peer"), &[])
    }

    pub(super) fn of(key: SecretKey, remembered: &[PeerId]) -> Self {
        let params = ChainParams::named("dev", "mesh").unwrap();
        let now = Timestamp::default();
        Self {
            mesh: Mesh::new(key, &params, BlockHash::ZERO, remembered, now),
            peers: Peers::default(),
            now,
            outbox: Outbox::default(),
            log: Log::default(),
            rng: ChaCha8Rng::seed_from_u64(1),
        }
    }

    pub(super) fn with<T>(&mut self, action: impl FnOnce(&mut Mesh, &mut Context) -> T) -> T {
        let mut context = Context {
            now: self.now,
            peers: &mut self.peers,
            outbox: &mut self.outbox,
            log: &mut self.log,
            rng: &mut self.rng,
        };
        action(&mut self.mesh, &mut context)
    }

    /// A link that is open already.
    pub(super) fn connect(&mut self, id: PeerId, choice: Choice, seconds: u64) -> LinkId {
        let link = self.peers.open(id, choice != Choice::Theirs, 0, at(seconds)).unwrap();
        let peer = self.peers.get_mut(link).unwrap();
        (peer.state, peer.choice) = (PeerState::Connected, choice);
        link
    }

    pub(super) fn join(&mut self) {
        self.mesh.tracker = TrackerState::Joined;
    }

    pub(super) fn sealed(&self, from: &SecretKey, stamp: Timestamp, body: SignalBody) -> String {
        signal::seal(from, BlockHash::ZERO, self.mesh.id(), stamp, body).unwrap()
    }

    /// The tracker brings a signal.
    pub(super) fn signal(&mut self, from: &SecretKey, payload: &str) {
        let message = ServerMessage::Signal { from: id_of(from), payload: payload.to_owned() };
        self.with(|mesh, context| mesh.on_tracker(context, message));
    }

    /// What the mesh wanted since the last call, without news for the user.
    pub(super) fn outputs(&mut self) -> Vec<Output> {
        let all = std::iter::from_fn(|| self.outbox.pop());
        all.filter(|output| !matches!(output, Output::Event(_))).collect()
    }
}
