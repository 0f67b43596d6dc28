//! What the scenarios share: a simulator of whole networks, and checkers of what must always hold.

pub mod difficulty;
pub mod fuzz;
pub mod simulator;
