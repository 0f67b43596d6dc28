//! A naive model of the whole chain beside the real one, over random histories.
//!
//! The model keeps every block, replays from genesis, and says the rules of the protocol again in
//! the plainest words. It shares with the real chain the types, their canonical bytes, signatures,
//! the Merkle root and the step of the difficulty, each of which has tests of its own.

mod forge;
mod pool;
mod state;
mod tests;
mod tree;
mod world;
