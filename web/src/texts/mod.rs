//! Every text that a person reads, by view. A second language replaces these files' values and says the patterns of
//! `node.txt`; what is read before anything of this is loaded stands in `index.html` and the manifest.

mod explorer;
mod lab;
mod learn;
mod log;
mod mempool;
mod mining;
mod network;
mod node;
mod overview;
mod proof;
mod settings;
mod wallet;

pub(crate) use self::{
    explorer::*, lab::*, learn::*, log::*, mempool::*, mining::*, network::*, node::*, overview::*, proof::*,
    settings::*, wallet::*,
};

use crate::format;
use node_wasm::request::ErrorCode;
use node_wasm::view::{StorageState, StorageView};

// The frame.
pub(crate) const NAME: &str = "Tabchain";
pub(crate) const SKIP: &str = "Skip to content";
pub(crate) const NAVIGATION: &str = "Views";
pub(crate) const OVERVIEW: &str = "Overview";
pub(crate) const WALLET: &str = "Wallet";
pub(crate) const EXPLORER: &str = "Explorer";
pub(crate) const ROOM: &str = "Room";
pub(crate) const ROOM_HINT: &str = "Network and room: tabs of the same room share one chain";
pub(crate) const CONNECTION: &str = "Mesh";
pub(crate) const STARTING: &str = "starting";
pub(crate) const STOPPED: &str = "stopped";
pub(crate) const JOINING: &str = "joining";
pub(crate) const OFFLINE: &str = "offline";
pub(crate) const ALONE: &str = "alone";
pub(crate) const HEIGHT: &str = "Height";
pub(crate) const THEME: &str = "Theme";
pub(crate) const THEME_SYSTEM: &str = "As the system";
pub(crate) const THEME_LIGHT: &str = "Light";
pub(crate) const THEME_DARK: &str = "Dark";
pub(crate) const FOOTER: &str = "This page is a whole node: it checks, keeps and forwards every block itself. Its coins are for learning and are worth nothing.";
pub(crate) const FOOTER_LIGHT: &str = "This page is a light node: it checks the work behind every block, and asks full nodes for proofs of its own coins. They are for learning and are worth nothing.";
pub(crate) const UNKNOWN: &str = "–";
pub(crate) const UNIT: &str = "TAB";
pub(crate) const NONE: &str = "none";
pub(crate) const CLOSE: &str = "Close";
pub(crate) const BACK: &str = "Back";
pub(crate) const RELOAD: &str = "Load the page again";

pub(crate) fn title(view: &str) -> String {
    format!("{view} · {NAME}")
}

pub(crate) fn version(version: &str, profile: &str) -> String {
    if profile.is_empty() { format!("{NAME} {version}") } else { format!("{NAME} {version} · profile {profile}") }
}

/// Where wallet and chain are kept.
pub(crate) fn storage(storage: &StorageView, reason: Option<&str>) -> String {
    let reason = reason.unwrap_or(STORAGE_NO_REASON);
    match storage.state {
        StorageState::Stored => {
            let used = storage.facts.used_bytes.map(|used| format!(" · {} used", format::float_bytes(used)));
            let quota = storage.facts.quota_bytes.map(|quota| format!(" of {}", format::float_bytes(quota)));
            let (used, quota) = (used.unwrap_or_default(), quota.unwrap_or_default());
            format!("Kept in this browser up to block {}{used}{quota}", storage.stored_height)
        }
        StorageState::Memory => format!("Wallet and chain are gone when this tab is closed: {reason}"),
        StorageState::Failed => {
            format!("Nothing more is stored: {reason}. Back up the wallet before you close this tab.")
        }
    }
}

// Starting, and what goes wrong.
pub(crate) const NODE_STARTS: &str = "The node of this tab is starting…";
pub(crate) const START_FAILED: &str = "The node could not start";
pub(crate) const START_OVER: &str = "Start without address parameters";
pub(crate) const START_IS_LATE: &str = "The node takes longer than usual to start";
pub(crate) const START_IS_LATE_TEXT: &str = "Its worker has not answered yet. On a slow line it may still be loading; otherwise load the page again, and see that the browser allows WebAssembly and workers.";
pub(crate) const NEW_VERSION: &str = "A new version of Tabchain is there";
pub(crate) const NEW_VERSION_TEXT: &str =
    "This tab goes on with the version it was loaded with. Load the page again to change to the new one.";
pub(crate) const NODE_STOPPED: &str = "The node of this tab has stopped";
pub(crate) const REFUSED: &str = "The node refused this request";
pub(crate) const LIGHT_NODE: &str = "This tab is a light node";
pub(crate) const NOT_FOUND: &str = "No such view";
pub(crate) const NOT_FOUND_HERE: &str = "This address leads nowhere";
pub(crate) const NOT_FOUND_TEXT: &str = "There is nothing at this address of the page.";
pub(crate) const TO_OVERVIEW: &str = "To the overview";

// Things that can be copied, as in "Copy address".
pub(crate) const WHAT_ADDRESS: &str = "address";
pub(crate) const WHAT_BLOCK: &str = "block hash";
pub(crate) const WHAT_TRANSACTION: &str = "transaction id";
pub(crate) const WHAT_HASH: &str = "hash";
pub(crate) const WHAT_PEER: &str = "peer id";
pub(crate) const WHAT_LINK: &str = "link";
pub(crate) const WHAT_SIGNATURE: &str = "signature";
pub(crate) const COPY_REFUSED: &str = "The browser refused to copy: please select the text and copy it by hand";
pub(crate) const QR_TOO_LONG: &str = "This text is too long for a QR code.";

/// What a light node cannot show, and why.
pub(crate) fn light_node(code: ErrorCode) -> &'static str {
    if code == ErrorCode::Unproven {
        "No full node has proved this to it yet. As soon as one does, it stands here."
    } else {
        "It keeps the headers of blocks and has no blocks, accounts and waiting transactions of others. Its own balance, history and payments it knows by proof. Change its role to full node to see everything."
    }
}

pub(crate) fn copy(what: &str) -> String {
    format!("Copy {what}")
}

pub(crate) fn copied(what: &str) -> String {
    let mut letters = what.chars();
    letters.next().map(|first| format!("{}{} copied", first.to_uppercase(), letters.as_str())).unwrap_or_default()
}

// Times.
pub(crate) const JUST_NOW: &str = "just now";
pub(crate) const NOW: &str = "now";

pub(crate) fn ago(time: &str) -> String {
    format!("{time} ago")
}

pub(crate) fn seconds_ago(seconds: u64) -> String {
    format!("{seconds} s ago")
}

pub(crate) fn minutes_ago(minutes: u64) -> String {
    format!("{minutes} min ago")
}

pub(crate) fn hours_ago(hours: u64) -> String {
    format!("{hours} h ago")
}

pub(crate) fn seconds_ahead(seconds: u64) -> String {
    format!("in {seconds} s")
}

// Where things stand.
pub(crate) const WAITING: &str = "waiting for a block";
pub(crate) const STALE: &str = "only on a branch";
pub(crate) const ON_A_BRANCH: &str = "on a branch";

pub(crate) fn confirmations(count: u32) -> String {
    plural(count, "confirmation")
}

pub(crate) fn bytes(count: u32) -> String {
    plural(count, "byte")
}

pub(crate) fn peers(count: u32) -> String {
    plural(count, "peer")
}

fn plural(count: u32, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_and_many() {
        assert_eq!(peers(0), "0 peers");
        assert_eq!(peers(1), "1 peer");
        assert_eq!(transactions(2), "2 transactions");
        assert_eq!(blocks_left(1, None), "1 block left");
        assert_eq!(copied("block hash"), "Block hash copied");
    }
}
