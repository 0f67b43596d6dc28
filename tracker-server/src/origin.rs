//! Which web pages may open the WebSocket.
//!
//! Browsers let any page open a WebSocket to any host, and tell the server by `Origin` whose page it
//! is. Checking it keeps a foreign page from using its visitors as peers of this tracker. A request
//! without `Origin` is let through: only programs other than browsers send none, and they could
//! send whatever they like, so that refusing them would protect nobody.

use axum::http::{HeaderMap, Uri, header, uri::Authority};
use std::{fmt, str::FromStr};

/// Scheme, host and port of a page, in one spelling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    scheme: String,
    host: String,
    port: u16,
}

/// A text is not an [`Origin`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an origin is written http://host, https://host or with a :port, and nothing behind it")]
pub struct OriginError;

impl FromStr for Origin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, OriginError> {
        let (scheme, authority) = text.split_once("://").ok_or(OriginError)?;
        let scheme = scheme.to_ascii_lowercase();
        let authority: Authority = authority.parse().map_err(|_| OriginError)?;
        let (host, port) = host_and_port(&authority, default_port(&scheme)?)?;
        Ok(Self { scheme, host, port })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}://{}:{}", self.scheme, self.host, self.port)
    }
}

impl Origin {
    /// Whether a `Host` header names the server that the page came from. The scheme is not
    /// compared: behind a proxy that ends TLS the tracker does not know it.
    fn is_served_by(&self, host: &str) -> bool {
        let Ok(authority) = host.parse::<Authority>() else { return false };
        let Ok(default_port) = default_port(&self.scheme) else { return false };
        host_and_port(&authority, default_port).is_ok_and(|(host, port)| host == self.host && port == self.port)
    }
}

fn default_port(scheme: &str) -> Result<u16, OriginError> {
    match scheme {
        "http" => Ok(80),
        "https" => Ok(443),
        _ => Err(OriginError),
    }
}

fn host_and_port(authority: &Authority, default_port: u16) -> Result<(String, u16), OriginError> {
    let host = authority.host();
    if host.is_empty() || authority.as_str().contains('@') {
        return Err(OriginError);
    }
    let rest = &authority.as_str()[host.len()..];
    let port = match rest.strip_prefix(':') {
        Some(port) => port.parse().map_err(|_| OriginError)?,
        None => default_port,
    };
    Ok((host.to_ascii_lowercase(), port))
}

/// Whether a request to open the WebSocket comes from a page that may.
pub(crate) fn is_allowed(headers: &HeaderMap, uri: &Uri, allowed: &[Origin]) -> bool {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let (first, second) = (origins.next(), origins.next());
    let Some(origin) = first else { return true };
    let Some(origin) = origin.to_str().ok().and_then(|text| text.parse::<Origin>().ok()) else { return false };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let host = host.or_else(|| uri.authority().map(Authority::as_str));
    second.is_none() && (host.is_some_and(|host| origin.is_served_by(host)) || allowed.contains(&origin))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(origins: &[&str], host: &str, list: &[&str]) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().unwrap());
        for origin in origins {
            headers.append(header::ORIGIN, origin.parse().unwrap());
        }
        let list: Vec<_> = list.iter().map(|origin| origin.parse().unwrap()).collect();
        is_allowed(&headers, &Uri::from_static("/ws"), &list)
    }

    #[test]
    fn the_own_page_is_allowed() {
        assert!(allowed(&["http://tab.example"], "tab.example", &[]));
        assert!(allowed(&["https://Tab.example"], "tab.EXAMPLE:443", &[]));
        assert!(allowed(&["http://127.0.0.1:8080"], "127.0.0.1:8080", &[]));
        assert!(allowed(&["http://[::1]:8080"], "[::1]:8080", &[]));
        assert!(allowed(&[], "tab.example", &[]), "not a browser");
    }

    #[test]
    fn foreign_pages_are_refused() {
        for origin in [
            "https://evil.example",
            "http://tab.example:81",
            "http://tab.example.evil.example",
            "http://eviltab.example",
            "http://tab.example@evil.example",
            "http://tab.example/path",
            "file://tab.example",
            "tab.example",
            "null",
            "",
        ] {
            assert!(!allowed(&[origin], "tab.example", &[]), "{origin}");
        }
        assert!(!allowed(&["http://tab.example", "http://evil.example"], "tab.example", &[]));
        assert!(!allowed(&["http://tab.example"], "not a host", &[]));
    }

    #[test]
    fn a_listed_origin_is_compared_as_a_whole() {
        let list = ["https://other.example"];
        assert!(allowed(&["https://other.example"], "tab.example", &list));
        assert!(allowed(&["https://other.example:443"], "tab.example", &list));
        assert!(!allowed(&["http://other.example"], "tab.example", &list));
        assert!(!allowed(&["https://other.example:444"], "tab.example", &list));
    }

    #[test]
    fn only_origins_can_be_listed() {
        for bad in ["*", "example.org", "ftp://example.org", "https://example.org/", "https://", "https://a:b"] {
            assert_eq!(bad.parse::<Origin>(), Err(OriginError), "{bad}");
        }
    }
}
