//! Texts of the network.

use super::plural;
use node_wasm::view::TrackerState;

pub(crate) const NETWORK: &str = "Network";
pub(crate) const NETWORK_LEAD: &str = "Every line leads straight from this tab to another one, encrypted. The tracker only introduces tabs to each other.";
pub(crate) const THIS_NODE: &str = "This node";
pub(crate) const PEER_ID: &str = "Peer id";
pub(crate) const TRACKER: &str = "Tracker";
pub(crate) const IN_ROOM: &str = "In the room";
pub(crate) const LINKS: &str = "Links";
pub(crate) const RELAYED: &str = "Signals passed on";
pub(crate) const RELAYED_NOTE: &str = "between tabs that cannot reach the tracker";
pub(crate) const TRAFFIC: &str = "Traffic";
pub(crate) const PEERS_WAITING: &str = "Asking for peers…";
pub(crate) const PEERS_NONE: &str = "No peers";
pub(crate) const PEERS_NONE_TEXT: &str = "Open this room in another tab, or send the invitation link to somebody. If others are here and no line comes about, the diagnosis says why.";
pub(crate) const DIRECTION: &str = "Offered by";
pub(crate) const OUTBOUND: &str = "this tab";
pub(crate) const INBOUND: &str = "the peer";
pub(crate) const SINCE: &str = "Since";
pub(crate) const DISCONNECT: &str = "Disconnect";
pub(crate) const CONNECT: &str = "Connect";
pub(crate) const CONNECT_TO: &str = "Connect to a peer";
pub(crate) const CONNECT_HINT: &str = "The peer id of another tab in this room: it stands in its own Network view.";
pub(crate) const CONNECT_WRONG: &str = "A peer id has 40 digits from 0 to 9 and a to f";
pub(crate) const CONNECT_SELF: &str = "This is this tab’s own id";
pub(crate) const CONNECTING_TO: &str = "Connecting: the peer appears above when it answers";
pub(crate) const KNOWN: &str = "Heard of";
pub(crate) const KNOWN_NOTE: &str = "Further tabs of this room without a line to this one.";
pub(crate) const KNOWN_EMPTY: &str = "No others: every tab of the room that is known here has a line to it.";
pub(crate) const ROOM_WAITING: &str = "Looking around the room…";
pub(crate) const DIAGNOSIS: &str = "Diagnosis";
pub(crate) const DIAGNOSIS_GOOD: &str = "good";
pub(crate) const DIAGNOSIS_NOTE: &str = "note";
pub(crate) const DIAGNOSIS_BAD: &str = "problem";

pub(crate) const D_CONNECTED: &str = "This tab is part of the mesh.";
pub(crate) const D_TRACKER_JOINED: &str = "The tracker knows this tab and introduces newcomers to it.";
pub(crate) const D_TRACKER_JOINING: &str = "The tracker answers; the tab is entering the room.";
pub(crate) const D_TRACKER_AWAY: &str =
    "The tracker does not answer, but peers pass on what it would: the mesh goes on.";
pub(crate) const D_TRACKER_GONE: &str = "The tracker does not answer, so nobody introduces this tab. See that you are online and that the tracker runs; this tab tries again by itself.";
pub(crate) const D_ALONE: &str =
    "Nobody else is in this room. Open the invitation link in another tab or on another device.";
pub(crate) const D_ROOM_UNKNOWN: &str = "How many tabs are in the room is not known yet.";
pub(crate) const D_TRYING: &str = "Others are here, and a connection is being made.";
pub(crate) const D_NO_WEBRTC: &str = "This browser makes no connections between tabs: WebRTC is missing or switched off, perhaps by an extension or a policy.";
pub(crate) const D_NO_ADDRESS: &str = "The browser found no address of this computer, so nobody can call it. An extension or a policy may hide addresses; a private window sometimes helps.";
pub(crate) const D_UDP_BLOCKED: &str =
    "The browser found no address for UDP, which connections between tabs use. A firewall or a VPN blocks it.";
pub(crate) const D_NO_SERVER: &str = "No server tells this tab its address on the internet, so only tabs of the same computer or network can be reached. Whoever runs the tracker can name STUN and TURN servers.";
pub(crate) const D_NOT_REFLECTED: &str = "The servers that should tell this tab its address on the internet do not answer, so tabs elsewhere cannot be reached. A firewall may block UDP to the outside.";
pub(crate) const D_NO_RELAY: &str = "The networks of both sides let no direct line through, and no server passes it on. Whoever runs the tracker can name a TURN server, or both tabs can use another network.";
pub(crate) const D_SILENT: &str =
    "Others were called and did not answer in time. Their tabs may be asleep: bring one to the front.";
pub(crate) const D_ADDRESSES: &str = "The browser knows how this tab can be reached.";
pub(crate) const D_HIDDEN: &str = "This tab was in the background for a while. Browsers slow such tabs down; the node works in a worker and goes on, but the page may lag.";
pub(crate) const D_INSECURE: &str = "The page came without encryption from another computer. Browsers withhold storage and the clipboard from such pages.";
pub(crate) const D_NO_STORAGE: &str = "Chain and wallet are not stored: they are gone when the tab is closed. Private windows and some settings do that; the settings here say more.";
pub(crate) const D_STORAGE: &str = "Chain and wallet are kept in this browser.";

pub(crate) const fn tracker(state: TrackerState) -> &'static str {
    match state {
        TrackerState::Offline => "no connection, tries again",
        TrackerState::Joining => "entering the room",
        TrackerState::Joined => "in the room",
    }
}

pub(crate) fn attempts(begun: u32, opened: u32) -> String {
    format!("{} to connect, {opened} came about.", plural(begun, "attempt"))
}

pub(crate) fn links(count: usize, most: u32) -> String {
    format!("{count} of {most} at most")
}

pub(crate) fn via(count: usize) -> String {
    match count {
        0 => "named by the tracker or met before".to_owned(),
        1 => "over one peer".to_owned(),
        _ => format!("over {count} peers"),
    }
}

/// A tab that this one has no link to, in one line.
pub(crate) fn edge_tab(id: &str, via: usize, failures: u32) -> String {
    let parts = [id.to_owned(), self::via(via), self::failures(failures)];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
}

pub(crate) fn failures(count: u32) -> String {
    match count {
        0 => String::new(),
        1 => "one attempt failed".to_owned(),
        _ => format!("{count} attempts failed"),
    }
}

pub(crate) fn tabs(count: u32) -> String {
    plural(count, "tab")
}

pub(crate) fn disconnect_from(peer: &str) -> String {
    format!("{DISCONNECT} from {peer}")
}

pub(crate) fn connect_to(peer: &str) -> String {
    format!("{CONNECT} to {peer}")
}
