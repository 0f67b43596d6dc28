//! A whole Tabchain node as a pure state machine.
//!
//! Nothing here reads a clock, draws a random number, opens a socket or knows that browsers
//! exist: see [`contract`]. The modules build on each other in this order: `sentence`, `units`, `hash`, `keys`,
//! `merkle`, `transaction`, `rules`, `block`, `params`, `consensus`, `chain`, `mempool`, `mining`,
//! `store`, `wallet`, `view`, `request`, `contract`, `log`, `net`, `node`.

pub mod block;
pub mod chain;
pub mod consensus;
pub mod contract;
pub mod hash;
pub mod keys;
pub mod light;
pub mod log;
pub mod mempool;
pub mod merkle;
pub mod mining;
pub mod net;
pub mod node;
pub mod params;
pub mod request;
pub mod rules;
pub mod sentence;
pub mod store;
pub mod transaction;
pub mod units;
pub mod view;
pub mod wallet;

// What the macros of `sentence` write names this crate from outside and from inside alike.
extern crate self as node_core;
