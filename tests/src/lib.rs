//! What the scenarios share: a simulator of whole networks, checkers of what must always hold,
//! hostile nodes, and what the reports are made of.

pub mod difficulty;
pub mod fuzz;
pub mod hostile;
pub mod money;
pub mod scenarios;
pub mod simulator;
