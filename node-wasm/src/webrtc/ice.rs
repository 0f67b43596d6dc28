//! The ICE servers that the tracker's host names, if it names any.

use serde::{Deserialize, Serialize};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, RequestInit, Response, Url};

/// Where a tracker's host tells its configuration.
const CONFIG_PATH: &str = "/api/config";

/// Time for the configuration to arrive, in milliseconds. Without it links are tried without ICE
/// servers, which does within one network.
const FETCH_WITHIN_MS: u32 = 3_000;

/// Most characters of the configuration.
const MAX_CONFIG_CHARS: usize = 16 * 1024;

/// Most ICE servers taken: browsers slow down with more than a few.
const MAX_ICE_SERVERS: usize = 5;

/// A STUN or TURN server, as `RTCIceServer` in the WebRTC specification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IceServer {
    /// Its addresses.
    pub urls: Urls,
    /// For TURN.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// For TURN.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
}

/// One address or several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Urls {
    /// One.
    One(String),
    /// Several.
    Several(Vec<String>),
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct HostConfig {
    #[serde(default)]
    ice_servers: Vec<IceServer>,
}

/// Asks the tracker's host; none if it cannot be asked or says nothing sensible.
pub(crate) async fn fetch_ice_servers(tracker: Option<&str>) -> Vec<IceServer> {
    let Some(tracker) = tracker else { return Vec::new() };
    fetch(tracker).await.map(|text| read_config(&text)).unwrap_or_default()
}

async fn fetch(tracker: &str) -> Option<String> {
    let url = Url::new(tracker).ok()?;
    let scheme = if url.protocol() == "wss:" { "https" } else { "http" };
    let address = format!("{scheme}://{}{CONFIG_PATH}", url.host());
    let options = RequestInit::new();
    options.set_signal(Some(&AbortSignal::timeout_with_u32(FETCH_WITHIN_MS)));
    let fetched = web_sys::window()?.fetch_with_str_and_init(&address, &options);
    let response: Response = JsFuture::from(fetched).await.ok()?.dyn_into().ok()?;
    if !response.ok() {
        return None;
    }
    JsFuture::from(response.text().ok()?).await.ok()?.as_string()
}

fn read_config(text: &str) -> Vec<IceServer> {
    if text.len() > MAX_CONFIG_CHARS {
        return Vec::new();
    }
    let mut servers = serde_json::from_str::<HostConfig>(text).unwrap_or_default().ice_servers;
    // One address that the browser cannot read would make every connection fail.
    servers.retain(|server| match &server.urls {
        Urls::One(url) => is_ice_url(url),
        Urls::Several(urls) => !urls.is_empty() && urls.iter().all(|url| is_ice_url(url)),
    });
    servers.truncate(MAX_ICE_SERVERS);
    servers
}

fn is_ice_url(url: &str) -> bool {
    ["stun:", "stuns:", "turn:", "turns:"]
        .iter()
        .any(|scheme| url.strip_prefix(scheme).is_some_and(|host| !host.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_servers_with_one_or_several_addresses() {
        let servers = read_config(
            r#"{"iceServers":[{"urls":"stun:stun.example.org"},{"urls":["turn:a.example.org","turns:b.example.org"],"username":"u","credential":"c"}],"other":1}"#,
        );
        assert_eq!(servers.len(), 2);
        assert_eq!(servers[0].urls, Urls::One("stun:stun.example.org".into()));
        assert_eq!(
            serde_json::to_string(&servers[1]).unwrap(),
            r#"{"urls":["turn:a.example.org","turns:b.example.org"],"username":"u","credential":"c"}"#
        );
    }

    #[test]
    fn what_makes_no_sense_is_left_out() {
        for text in [
            "",
            "<html>",
            "{}",
            r#"{"iceServers":5}"#,
            r#"{"iceServers":[{"urls":"http://x"}]}"#,
            r#"{"iceServers":[{"urls":[]}]}"#,
        ] {
            assert_eq!(read_config(text), Vec::new(), "{text}");
        }
        let many = format!(r#"{{"iceServers":[{}]}}"#, vec![r#"{"urls":"stun:a"}"#; 50].join(","));
        assert_eq!(read_config(&many).len(), MAX_ICE_SERVERS);
        let long = format!(r#"{{"iceServers":[{{"urls":"stun:{}"}}]}}"#, "a".repeat(MAX_CONFIG_CHARS));
        assert_eq!(read_config(&long), Vec::new());
    }
}
