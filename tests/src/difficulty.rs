//! Difficulty alone: how the rule of the chain, and rivals, answer to shocks of hash power.
//!
//! Blocks are drawn from the exponential law at the hash rate and target of the moment, with
//! seeded randomness; no nodes, no network. `cargo run -p tests --release --bin difficulty` writes
//! the report.

mod measure;
mod race;
pub mod report;
mod rules;
pub mod scenarios;

pub use measure::{Outcome, Summary, measure};
pub use race::{Hopper, Liar, Phase, Record, Scenario, Until, run};
pub use rules::Rule;
