//! What a node is started with, and where the page's address says so.

use crate::storage::profiles::is_id;
use node_core::params::{ChainParams, PUBLIC_ROOM, ParamsError};
use node_core::sentence::{Say, Sentence, sentence};
use node_core::view::Role;
use web_sys::{Url, UrlSearchParams, Window};

/// Network of a tab whose address names none.
pub(crate) const DEFAULT_NETWORK: &str = "main";

/// Path of the tracker's WebSocket on its host.
const TRACKER_PATH: &str = "/ws";

/// The element that says where the workers' scripts lie.
const WORKERS_META: &str = "meta[name='tabchain-workers']";

/// Where they lie without it: beside the page.
const DEFAULT_WORKERS: &str = "./";

/// Why a node cannot start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Say)]
pub enum StartError {
    /// Not in a page.
    #[error("a node starts from a page")]
    NoPage,
    /// A parameter of the page's address makes no sense.
    #[error("the address parameter `{name}` is not {expected}")]
    BadParameter {
        /// Its name.
        name: &'static str,
        /// What it should be.
        expected: Sentence,
    },
    /// There are no chain parameters for this network and room.
    #[error(transparent)]
    Params(#[from] ParamsError),
    /// The profile's id is none.
    #[error("a profile's id has 1 to 32 characters from a-z, 0-9 and '-'")]
    BadProfile,
    /// The folder of the workers' scripts has no address.
    #[error("the folder of the workers' scripts has no valid address")]
    BadWorkers,
    /// The browser does not start workers.
    #[error("the browser does not start the node's worker: {0}")]
    Worker(String),
}

/// What a node is started with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartConfig {
    /// Name of the chain parameters: `main` or `dev`.
    pub network: String,
    /// Name of the room.
    pub room: String,
    /// Address of the tracker's WebSocket; none for a node that stays alone.
    pub tracker: Option<String>,
    /// What the node does for others at first.
    pub role: Role,
    /// Threads to mine with from the start; above 0 exactly for a miner.
    pub mine: u32,
    /// Folder of the workers' scripts, relative to the page or absolute.
    pub workers: String,
    /// Id of the profile to take, if no other tab has it; without one the tab takes the one that it
    /// had before, or else the first free one.
    pub profile: Option<String>,
}

/// Whether there is a chain for this network and room; why not, if there is none.
pub fn check_chain(network: &str, room: &str) -> Result<(), ParamsError> {
    ChainParams::named(network, room).map(drop)
}

impl StartConfig {
    /// Reads the page's address (`network`, `room`, `role`, `mine`, `tracker`, `profile`) and its
    /// `tabchain-workers` element.
    pub fn from_page() -> Result<Self, StartError> {
        let window = web_sys::window().ok_or(StartError::NoPage)?;
        let search = window.location().search().map_err(|_| StartError::NoPage)?;
        let parameters = UrlSearchParams::new_with_str(&search).map_err(|_| StartError::NoPage)?;
        let mine = parameters.get("mine").map(|mine| parse_threads(&mine)).transpose()?;
        let (role, mine) = role_of(parameters.get("role").map(|role| parse_role(&role)).transpose()?, mine)?;
        let tracker = match parameters.get("tracker") {
            Some(address) => tracker_address(&address)?,
            None => default_tracker(&window)?,
        };
        let profile = parameters.get("profile");
        if profile.as_deref().is_some_and(|id| !is_id(id)) {
            return Err(StartError::BadProfile);
        }
        Ok(Self {
            profile,
            network: parameters.get("network").unwrap_or_else(|| DEFAULT_NETWORK.to_owned()),
            room: parameters.get("room").unwrap_or_else(|| PUBLIC_ROOM.to_owned()),
            tracker: Some(tracker),
            role,
            mine,
            workers: workers_of(&window).unwrap_or_else(|| DEFAULT_WORKERS.to_owned()),
        })
    }

    /// Absolute address of the workers' folder, ending in a slash.
    pub(super) fn workers_url(&self) -> Result<String, StartError> {
        let document = web_sys::window().and_then(|window| window.document()).ok_or(StartError::NoPage)?;
        let base = document.base_uri().ok().flatten().ok_or(StartError::NoPage)?;
        let url = Url::new_with_base(&self.workers, &base).map_err(|_| StartError::BadWorkers)?.href();
        Ok(if url.ends_with('/') { url } else { format!("{url}/") })
    }
}

fn parse_threads(text: &str) -> Result<u32, StartError> {
    text.parse().map_err(|_| StartError::BadParameter { name: "mine", expected: sentence!("a number of threads") })
}

fn parse_role(text: &str) -> Result<Role, StartError> {
    match text {
        "full" => Ok(Role::Full),
        "miner" => Ok(Role::Miner),
        "light" => Ok(Role::Light),
        _ => Err(StartError::BadParameter { name: "role", expected: sentence!("full, miner or light") }),
    }
}

/// Role and threads by what is said of both.
pub(crate) fn role_of(role: Option<Role>, mine: Option<u32>) -> Result<(Role, u32), StartError> {
    let role = role.unwrap_or(if mine.unwrap_or(0) > 0 { Role::Miner } else { Role::Full });
    match (role, mine) {
        (Role::Miner, None) => Ok((role, 1)),
        (Role::Miner, Some(0)) => {
            Err(StartError::BadParameter { name: "mine", expected: sentence!("above 0 for a miner") })
        }
        (Role::Full | Role::Light, Some(1..)) => {
            Err(StartError::BadParameter { name: "mine", expected: sentence!("0 for who is not a miner") })
        }
        (_, mine) => Ok((role, mine.unwrap_or(0))),
    }
}

/// A tracker's address in its full form, if it is one.
pub(crate) fn tracker_address(address: &str) -> Result<String, StartError> {
    let url = Url::new(address).ok().filter(|url| matches!(url.protocol().as_str(), "ws:" | "wss:"));
    url.map(|url| url.href()).ok_or(StartError::BadParameter {
        name: "tracker",
        expected: sentence!("an address that begins with ws:// or wss://"),
    })
}

/// The tracker that served the page.
fn default_tracker(window: &Window) -> Result<String, StartError> {
    let location = window.location();
    let protocol = location.protocol().map_err(|_| StartError::NoPage)?;
    let host = location.host().map_err(|_| StartError::NoPage)?;
    let scheme = if protocol == "https:" { "wss" } else { "ws" };
    Ok(format!("{scheme}://{host}{TRACKER_PATH}"))
}

fn workers_of(window: &Window) -> Option<String> {
    window.document()?.query_selector(WORKERS_META).ok()??.get_attribute("content")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn role_and_threads_go_together() {
        assert_eq!(role_of(None, None), Ok((Role::Full, 0)));
        assert_eq!(role_of(None, Some(0)), Ok((Role::Full, 0)));
        assert_eq!(role_of(None, Some(3)), Ok((Role::Miner, 3)));
        assert_eq!(role_of(Some(Role::Full), Some(0)), Ok((Role::Full, 0)));
        assert_eq!(role_of(Some(Role::Miner), None), Ok((Role::Miner, 1)));
        assert_eq!(role_of(Some(Role::Miner), Some(2)), Ok((Role::Miner, 2)));
        assert_eq!(role_of(Some(Role::Light), None), Ok((Role::Light, 0)));
        for (role, mine) in [(Role::Light, Some(1)), (Role::Full, Some(1)), (Role::Miner, Some(0))] {
            let refused = role_of(Some(role), mine);
            assert!(matches!(refused, Err(StartError::BadParameter { name: "mine", .. })), "{role:?} {mine:?}");
        }
        for bad in ["", "Light", "archive"] {
            assert!(matches!(parse_role(bad), Err(StartError::BadParameter { name: "role", .. })), "{bad}");
        }
    }

    #[test]
    fn threads_are_a_number() {
        assert_eq!(parse_threads("0"), Ok(0));
        assert_eq!(parse_threads("8"), Ok(8));
        for bad in ["", "-1", "1.5", "all", "99999999999"] {
            assert!(matches!(parse_threads(bad), Err(StartError::BadParameter { name: "mine", .. })), "{bad}");
        }
    }
}
