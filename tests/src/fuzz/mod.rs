//! Fuzz targets: what any bytes are turned into, and what must hold whatever they are.
//!
//! Each target is a plain function that panics where something does not hold. `tests/fuzz` gives
//! them to libFuzzer, `tests/fuzz_corpus.rs` replays what it found. None reads a clock or draws a
//! random number: the bytes decide everything.

mod connect;
mod decode;
mod mempool;
mod node;
mod pool;
pub mod seeds;
mod world;

pub use connect::connect;
pub use decode::decode;
pub use mempool::mempool;
pub use node::node;

/// A target: takes what libFuzzer makes up.
pub type Target = fn(&[u8]);

/// All targets by name: that of the binary, and of the folder of the corpus.
pub const TARGETS: [(&str, Target); 4] =
    [("decode", decode), ("connect", connect), ("mempool", mempool), ("node", node)];
