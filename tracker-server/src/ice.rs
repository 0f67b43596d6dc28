//! The servers that help tabs behind routers to reach each other, as the page is told them.

use axum::http::uri::Authority;
use serde::Serialize;
use std::{fmt, str::FromStr};

/// One STUN or TURN server, in the shape of the browsers' `RTCIceServer`.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct IceServer {
    urls: String,
    #[serde(flatten)]
    login: Option<Login>,
}

/// What a TURN server asks for. Every visitor of the page gets to know it.
#[derive(Clone, PartialEq, Eq, Serialize)]
struct Login {
    username: String,
    credential: String,
}

/// Why a text is not an [`IceServer`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IceServerError {
    /// Not a URL that browsers take.
    #[error("an ice server is written stun:host, stuns:host, turn:host or turns:host, each with an optional :port")]
    Url,
    /// Not a transport that browsers take.
    #[error("only turn: and turns: take a transport: ?transport=udp or ?transport=tcp")]
    Transport,
    /// Login missing where browsers demand one, or given where there is none.
    #[error("turn: and turns: need URL,USERNAME,CREDENTIAL; stun: and stuns: take neither")]
    Login,
}

impl IceServer {
    /// As tabs are told it when they join.
    pub(crate) fn to_message(&self) -> tracker_protocol::IceServer {
        tracker_protocol::IceServer {
            urls: self.urls.clone(),
            username: self.login.as_ref().map(|login| login.username.clone()),
            credential: self.login.as_ref().map(|login| login.credential.clone()),
        }
    }
}

impl FromStr for IceServer {
    type Err = IceServerError;

    fn from_str(text: &str) -> Result<Self, IceServerError> {
        let mut parts = text.splitn(3, ',');
        let url = parts.next().unwrap_or_default();
        let is_turn = check_url(url)?;
        let login = match (parts.next(), parts.next()) {
            (Some(username), Some(credential)) if is_turn && !username.is_empty() && !credential.is_empty() => {
                Some(Login { username: username.to_owned(), credential: credential.to_owned() })
            }
            (None, None) if !is_turn => None,
            _ => return Err(IceServerError::Login),
        };
        Ok(Self { urls: url.to_owned(), login })
    }
}

/// Without the credential, which does not belong in a log.
impl fmt::Debug for IceServer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "IceServer({})", self.urls)
    }
}

/// Checks a URL by RFC 7064 and 7065; returns whether it is one of a TURN server.
fn check_url(url: &str) -> Result<bool, IceServerError> {
    let (scheme, rest) = url.split_once(':').ok_or(IceServerError::Url)?;
    let is_turn = match scheme {
        "stun" | "stuns" => false,
        "turn" | "turns" => true,
        _ => return Err(IceServerError::Url),
    };
    let (host, query) = rest.split_once('?').map_or((rest, None), |(host, query)| (host, Some(query)));
    match query {
        None => {}
        Some("transport=udp" | "transport=tcp") if is_turn => {}
        Some(_) => return Err(IceServerError::Transport),
    }
    let authority: Authority = host.parse().map_err(|_| IceServerError::Url)?;
    let port_is_valid = match authority.as_str().strip_prefix(authority.host()) {
        Some("") => true,
        Some(port) => authority.port_u16().is_some_and(|number| number > 0 && port == format!(":{number}")),
        None => false,
    };
    if authority.host().is_empty() || !port_is_valid { Err(IceServerError::Url) } else { Ok(is_turn) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_told_as_browsers_take_them() {
        for (text, json) in [
            ("stun:stun.example", r#"{"urls":"stun:stun.example"}"#),
            ("stuns:[2001:db8::1]:5349", r#"{"urls":"stuns:[2001:db8::1]:5349"}"#),
            (
                "turn:turn.example:3478?transport=udp,tab,a,secret",
                r#"{"urls":"turn:turn.example:3478?transport=udp","username":"tab","credential":"a,secret"}"#,
            ),
        ] {
            let server: IceServer = text.parse().unwrap();
            assert_eq!(serde_json::to_string(&server).unwrap(), json);
            assert_eq!(serde_json::to_string(&server.to_message()).unwrap(), json);
            assert!(server.to_message().is_usable());
        }
    }

    #[test]
    fn what_a_browser_would_throw_at_is_refused() {
        for (text, error) in [
            ("", IceServerError::Url),
            ("stun.example:3478", IceServerError::Url),
            ("http://stun.example", IceServerError::Url),
            ("stun:", IceServerError::Url),
            ("stun://stun.example", IceServerError::Url),
            ("stun:user@stun.example", IceServerError::Url),
            ("stun:stun.example:70000", IceServerError::Url),
            ("stun:stun.example/path", IceServerError::Url),
            ("stun:stun.example?transport=udp", IceServerError::Transport),
            ("turn:turn.example?transport=quic,a,b", IceServerError::Transport),
            ("turn:turn.example", IceServerError::Login),
            ("turn:turn.example,a", IceServerError::Login),
            ("turn:turn.example,,b", IceServerError::Login),
            ("stun:stun.example,a,b", IceServerError::Login),
        ] {
            assert_eq!(text.parse::<IceServer>(), Err(error), "{text}");
        }
    }

    #[test]
    fn credentials_stay_out_of_debug_output() {
        let server: IceServer = "turn:turn.example,tab,hunter2".parse().unwrap();
        assert!(!format!("{server:?}").contains("hunter2"));
    }
}
