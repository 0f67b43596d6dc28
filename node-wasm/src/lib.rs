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
pub use node_core::wallet::file::WalletFile;
pub use node_core::{block, hash, merkle, request, sentence, units, view};

/// Codes of lines of the log that what serves the node writes itself.
const SHELL_CODES: [&str; 3] = ["compute-worker-failed", "mining-failed", "node-stopped"];

/// Every code that a line of the log can have.
pub fn log_codes() -> impl Iterator<Item = &'static str> {
    node_core::log::codes().chain(SHELL_CODES)
}
