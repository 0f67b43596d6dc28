//! The rules: pure functions over headers, blocks and transactions. They know no state, no peers.

pub mod difficulty;
pub mod validation;
