//! Where a request comes from when proxies stand before the tracker.

use axum::http::HeaderMap;
use std::net::IpAddr;

/// The header in which each proxy appends whom it was asked by.
const X_FORWARDED_FOR: &str = "x-forwarded-for";

/// The address that limits go by: the direct peer, or, if that is a trusted proxy, the last
/// address in `X-Forwarded-For` that is not one. What stands before it anybody may have written.
pub(crate) fn client_address(peer: IpAddr, headers: &HeaderMap, trusted: &[IpAddr]) -> IpAddr {
    let mut client = peer.to_canonical();
    let values = headers.get_all(X_FORWARDED_FOR).iter().rev();
    let entries = values.flat_map(|value| value.to_str().unwrap_or_default().rsplit(','));
    for entry in entries {
        if !is_trusted(client, trusted) {
            break;
        }
        // What a trusted proxy wrote and we cannot read is that proxy's mistake: stay with the proxy.
        let Ok(address) = entry.trim().parse::<IpAddr>() else { break };
        client = address.to_canonical();
    }
    client
}

/// Whether an address is one of the proxies.
pub(crate) fn is_trusted(address: IpAddr, trusted: &[IpAddr]) -> bool {
    trusted.iter().any(|proxy| proxy.to_canonical() == address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROXY: &str = "10.0.0.1";

    fn client(peer: &str, forwarded: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(X_FORWARDED_FOR, value.parse().unwrap());
        }
        let trusted = [PROXY.parse().unwrap(), "10.0.0.2".parse().unwrap()];
        client_address(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn a_stranger_cannot_name_another_address() {
        assert_eq!(client("192.0.2.1", &["198.51.100.1"]), "192.0.2.1");
        assert_eq!(client("192.0.2.1", &[PROXY]), "192.0.2.1");
    }

    #[test]
    fn a_proxy_names_its_client_and_what_the_client_wrote_is_ignored() {
        assert_eq!(client(PROXY, &["192.0.2.1"]), "192.0.2.1");
        assert_eq!(client(PROXY, &["198.51.100.1, 192.0.2.1"]), "192.0.2.1");
        assert_eq!(client(PROXY, &["198.51.100.1", "192.0.2.1"]), "192.0.2.1");
        assert_eq!(client(PROXY, &["198.51.100.1, 192.0.2.1,10.0.0.2"]), "192.0.2.1");
        assert_eq!(client("::ffff:10.0.0.1", &["2001:db8::1"]), "2001:db8::1");
    }

    #[test]
    fn what_a_proxy_leaves_out_or_garbles_falls_back_to_the_proxy() {
        assert_eq!(client(PROXY, &[]), PROXY);
        assert_eq!(client(PROXY, &["192.0.2.1, unknown"]), PROXY);
        assert_eq!(client(PROXY, &["192.0.2.1, "]), PROXY);
    }
}
