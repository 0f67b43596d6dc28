//! What an operator decides.

use crate::{ice::IceServer, limits::Limits, origin::Origin};
use std::{net::IpAddr, path::PathBuf};

/// Configuration of one tracker.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// What the tracker allows.
    pub limits: Limits,
    /// Origins besides the tracker's own whose pages may open the WebSocket.
    pub allowed_origins: Vec<Origin>,
    /// Direct peers whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// What tabs are told to use for finding a way to each other.
    pub ice_servers: Vec<IceServer>,
    /// Directory of the page; none is served without.
    pub page: Option<PathBuf>,
}
