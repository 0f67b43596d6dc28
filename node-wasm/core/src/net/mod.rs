//! Talking to peers: frames, messages, links, the mesh, gossip and catching up; one small manager a file.

pub mod candidates;
pub mod compact;
pub mod eviction;
pub mod exchange;
pub mod frame;
pub mod gossip;
pub mod known;
pub mod lanes;
pub mod limits;
pub mod mesh;
pub mod message;
pub mod offence;
pub mod outbox;
pub mod peers;
pub mod presync;
pub mod proofs;
pub mod pushers;
pub mod relay;
pub mod signal;
pub mod sync;

use rand_chacha::ChaCha8Rng;
use rand_core::Rng;

/// Takes an item out of a list at random.
pub(crate) fn draw<T>(rng: &mut ChaCha8Rng, items: &mut Vec<T>) -> Option<T> {
    let index = rng.next_u64().checked_rem(items.len() as u64)?;
    usize::try_from(index).ok().map(|index| items.swap_remove(index))
}
