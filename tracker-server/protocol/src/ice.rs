//! The servers that help tabs behind routers to reach each other.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Most servers that a tracker names: browsers slow down with more than a few.
pub const MAX_ICE_SERVERS: usize = 5;

/// One STUN or TURN server, in the shape of the browsers' `RTCIceServer`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IceServer {
    /// Its address, such as `stun:stun.example:3478`.
    pub urls: String,
    /// For TURN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// For TURN. Every visitor of the page gets to know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
}

impl IceServer {
    /// Whether a browser can read the address. One that it cannot would make every connection fail.
    pub fn is_usable(&self) -> bool {
        let (scheme, host) = self.urls.split_once(':').unwrap_or_default();
        !host.is_empty()
            && match scheme {
                "stun" | "stuns" => true,
                // Browsers demand a login.
                "turn" | "turns" => self.username.is_some() && self.credential.is_some(),
                _ => false,
            }
    }
}

/// Without the credential, which does not belong in a log.
impl fmt::Debug for IceServer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "IceServer({})", self.urls)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(urls: &str, login: bool) -> IceServer {
        let part = |text: &str| login.then(|| text.to_owned());
        IceServer { urls: urls.to_owned(), username: part("tab"), credential: part("hunter2") }
    }

    #[test]
    fn what_a_browser_cannot_use_is_known() {
        for urls in ["stun:stun.example", "stuns:stun.example:5349"] {
            assert!(server(urls, false).is_usable());
        }
        assert!(server("turn:turn.example?transport=udp", true).is_usable());
        for urls in ["", "stun", "stun:", "http://stun.example", "turn:turn.example", "turns:turn.example"] {
            assert!(!server(urls, false).is_usable(), "{urls}");
        }
    }

    #[test]
    fn credentials_stay_out_of_debug_output() {
        assert!(!format!("{:?}", server("turn:turn.example", true)).contains("hunter2"));
    }
}
