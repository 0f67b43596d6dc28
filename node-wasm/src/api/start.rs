//! Starts a node for the npm package: by options, from any page.

use super::arguments::{decode, to_json};
use super::{bad_request, object, to_error};
use crate::client::{Client, DEFAULT_NETWORK, StartConfig, StartError, role_of, tracker_address};
use crate::storage::profiles::is_id;
use node_core::params::PUBLIC_ROOM;
use node_core::request::RequestError;
use node_core::view::Role;
use serde::Deserialize;
use wasm_bindgen::JsValue;

/// What a node is started with. All of it may be left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields = nullable))]
#[serde(deny_unknown_fields)]
pub(super) struct StartOptions {
    /// `main` (a block every 10 s) or `dev` (every 2 s); `main` if left out.
    network: Option<String>,
    /// 1 to 32 characters from `a-z`, `0-9` and `-`; every room is a chain of its own. `public` if left out.
    room: Option<String>,
    /// The tracker's WebSocket, beginning with `ws://` or `wss://`. Without one the node stays alone.
    tracker: Option<String>,
    /// What the node does for others at first; `full` if left out, and `miner` if it mines.
    role: Option<Role>,
    /// Threads to mine with from the start; one for a miner, none for others if left out.
    mine: Option<u32>,
    /// The folder of the package's files, on the page's own origin; where `tabchain.js` lies if left out.
    workers: Option<String>,
    /// Id of the profile to take, of `a-z`, `0-9` and `-`, if no other tab has it; the first free one if left out.
    profile: Option<String>,
}

impl StartOptions {
    fn config(self, folder: &str) -> Result<StartConfig, RequestError> {
        let (role, mine) = role_of(self.role, self.mine).map_err(bad_request)?;
        if self.profile.as_deref().is_some_and(|id| !is_id(id)) {
            return Err(bad_request(StartError::BadProfile));
        }
        let tracker = self.tracker.as_deref().map(tracker_address).transpose();
        Ok(StartConfig {
            network: self.network.unwrap_or_else(|| DEFAULT_NETWORK.to_owned()),
            room: self.room.unwrap_or_else(|| PUBLIC_ROOM.to_owned()),
            tracker: tracker.map_err(bad_request)?,
            role,
            mine,
            workers: self.workers.unwrap_or_else(|| folder.to_owned()),
            profile: self.profile,
        })
    }
}

/// Starts a node; gives the API's object. The node's files lie in `folder`, unless the options say otherwise.
pub fn start(options: &JsValue, folder: &str) -> Result<JsValue, JsValue> {
    let config = to_json(options)
        .and_then(|json| decode::<Option<StartOptions>>(&json))
        .and_then(|options| options.unwrap_or_default().config(folder))
        .map_err(|error| to_error(&error))?;
    let client = Client::start(config).map_err(|error| to_error(&bad_request(error)))?;
    object(&client).map(JsValue::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_as_in_the_page() {
        let config = decode::<StartOptions>(r#"{"room":"class"}"#).unwrap().config("https://here/").unwrap();
        assert_eq!((config.network.as_str(), config.room.as_str()), ("main", "class"));
        assert_eq!(config.role, Role::Full);
        assert_eq!((config.tracker, config.mine, config.workers.as_str()), (None, 0, "https://here/"));
    }

    #[test]
    fn a_light_node_does_not_mine() {
        let light = decode::<StartOptions>(r#"{"role":"light"}"#).unwrap().config("").unwrap();
        assert_eq!((light.role, light.mine), (Role::Light, 0));
        assert!(decode::<StartOptions>(r#"{"role":"light","mine":1}"#).unwrap().config("").is_err());
    }

    #[test]
    fn what_is_misspelt_is_refused() {
        assert!(decode::<StartOptions>(r#"{"rooms":"class"}"#).is_err());
    }
}
