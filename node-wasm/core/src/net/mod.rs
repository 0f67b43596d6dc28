//! Talking to peers: frames, messages, links, the mesh, gossip and catching up; one small manager a file.

pub mod compact;
pub mod frame;
pub mod gossip;
pub mod known;
pub mod limits;
pub mod mesh;
pub mod message;
pub mod offence;
pub mod outbox;
pub mod peers;
pub mod presync;
pub mod pushers;
pub mod signal;
pub mod sync;
