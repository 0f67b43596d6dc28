//! Tabchain's node in a browser: workers, WebRTC and the JavaScript API.
//!
//! The page starts a [`client::Client`], which starts the node's dedicated worker and
//! makes the WebRTC connections for it, and may put the JavaScript API on the page ([`api::install`]).
//! The workers' side is [`worker`]; what both say to each other is in `messages`.

pub mod api;
mod browser;
pub mod client;
pub mod kernel;
mod messages;
pub mod storage;
pub mod webrtc;
pub mod worker;

pub use node_core::consensus::validation::meets_target;
pub use node_core::keys::Secret;
pub use node_core::log::codes as log_codes;
pub use node_core::wallet::file::WalletFile;
pub use node_core::{block, hash, merkle, request, units, view};
