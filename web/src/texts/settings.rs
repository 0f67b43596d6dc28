//! Texts of the settings.

use node_wasm::view::{Role, StorageState, StorageView};

pub(crate) const SETTINGS: &str = "Settings";
pub(crate) const SETTINGS_LEAD: &str =
    "What this tab does for others, which chain it follows, what it keeps, and how it looks.";
pub(crate) const APPEARANCE: &str = "Appearance";
pub(crate) const APPEARANCE_NOTE: &str = "Light or dark; by default as your system says.";
pub(crate) const CHAIN_AND_ROOM: &str = "Network and room";
pub(crate) const CHAIN_AND_ROOM_NOTE: &str = "Every room is a chain of its own: tabs of the same network and room share one. Going to another room opens it in this tab; this room’s chain goes on without you.";
pub(crate) const NETWORK_FIELD: &str = "Network";
pub(crate) const NETWORK_MAIN: &str = "main: a block each ten seconds";
pub(crate) const NETWORK_DEV: &str = "dev: a block each two seconds, for trying out";
pub(crate) const ROOM_FIELD: &str = "Room";
pub(crate) const ROOM_FIELD_HINT: &str = "Small letters from a to z, digits and hyphens.";
pub(crate) const ROOM_EMPTY: &str = "A room needs a name";
pub(crate) const ROOM_SAME: &str = "This tab is in this room.";
pub(crate) const ROOM_GO: &str = "Go there";
pub(crate) const NODE_SETTINGS: &str = "Node";
pub(crate) const TRACKER_FIELD: &str = "Tracker";
pub(crate) const TRACKER_HINT: &str =
    "Where this tab is introduced to others, starting with ws:// or wss://. Empty: the one that serves this page.";
pub(crate) const TRACKER_WRONG: &str = "An address that starts with ws:// or wss://";
pub(crate) const NODE_GO: &str = "Restart the node so";
pub(crate) const ROLE_SETTING: &str = "Role";
pub(crate) const ROLE_NOTE: &str = "What this tab does for others. It changes at once, and its peers are told.";
pub(crate) const ROLE_FULL: &str = "Full node";
pub(crate) const ROLE_FULL_HINT: &str = "Gets every block, checks every rule, and serves it to others.";
pub(crate) const ROLE_MINER: &str = "Miner";
pub(crate) const ROLE_MINER_HINT: &str = "The same, and it looks for new blocks.";
pub(crate) const ROLE_LIGHT: &str = "Light node";
pub(crate) const ROLE_LIGHT_HINT: &str = "Keeps the headers alone and knows its own coins by proof. For phones.";
pub(crate) const PROFILES: &str = "Profiles";
pub(crate) const PROFILES_NOTE: &str =
    "A profile is a wallet with its chain in this room. Every tab has one of its own.";
pub(crate) const PROFILES_LOADING: &str = "Looking for profiles…";
pub(crate) const PROFILE_NONE: &str = "No profile is stored";
pub(crate) const PROFILE_NONE_TEXT: &str =
    "This browser keeps nothing for this page: the wallet lives in this tab alone.";
pub(crate) const PROFILE_CURRENT: &str = "this tab";
pub(crate) const PROFILE_IN_USE: &str = "another tab";
pub(crate) const PROFILE_LAST_USED: &str = "Taken";
pub(crate) const PROFILE_NEW: &str = "New profile";
pub(crate) const PROFILE_SWITCH: &str = "Switch to it";
pub(crate) const PROFILE_RENAME: &str = "Rename";
pub(crate) const PROFILE_NAME: &str = "Name of the profile";
pub(crate) const PROFILE_NAME_SAVE: &str = "Save the name";
pub(crate) const PROFILE_ERASE: &str = "Erase…";
pub(crate) const PROFILE_ERASE_TITLE: &str = "Erase this wallet and its chain?";
pub(crate) const PROFILE_ERASE_TEXT: &str =
    "Its coins are lost for good unless the wallet is backed up. The chain comes back from other tabs.";
pub(crate) const PROFILE_ERASE_CONFIRM: &str = "Erase for good";
pub(crate) const PROFILE_ERASED: &str = "The profile is erased.";
pub(crate) const CANCEL: &str = "Cancel";
pub(crate) const STORAGE: &str = "Storage";
pub(crate) const STORAGE_USED: &str = "Used by this site";
pub(crate) const STORAGE_FREE: &str = "Allowed by the browser";
pub(crate) const STORAGE_WHERE: &str = "Wallet and chain";
pub(crate) const STORAGE_CHAIN: &str = "Blocks";
pub(crate) const STORAGE_KEPT: &str = "Cleared by the browser";
pub(crate) const STORAGE_SHARE: &str = "Share of the allowed storage that is used";
pub(crate) const STORAGE_ASK: &str = "Ask the browser to keep it";
pub(crate) const STORAGE_MEMORY: &str = "Wallet and chain are in memory only";
pub(crate) const STORAGE_FAILED: &str = "Nothing more is stored";
pub(crate) const STORAGE_NO_REASON: &str = "this browser window offers no storage";
pub(crate) const STORAGE_BACK_UP: &str = "Back up the wallet";
pub(crate) const PRUNE_FIELD: &str = "Drop old blocks";
pub(crate) const PRUNE_HINT: &str = "Keeps headers and balances, and the blocks that a fork may still need. Older blocks then cannot be served or searched.";
pub(crate) const CHAIN_FILE: &str = "The chain as a file";
pub(crate) const CHAIN_FILE_NOTE: &str = "Save all blocks, and open them again when no other tab of the room is there: in a class next week, or on another computer. Every block of a file is checked as one of a peer. The wallet is not in it.";
pub(crate) const CHAIN_FILE_SAVE: &str = "Save the chain";
pub(crate) const CHAIN_FILE_OPEN: &str = "Open a chain file";
pub(crate) const CHAIN_FILE_OTHER: &str = "This is not the file of a chain.";
pub(crate) const CHAIN_FILE_UNREADABLE: &str = "The file cannot be read.";
pub(crate) const VERSION_FIELD: &str = "Version";

/// While the chain is put into a file.
pub(crate) fn chain_file_reading(blocks: usize) -> String {
    format!("{blocks} blocks read…")
}

/// The chain was offered as a file.
pub(crate) fn chain_file_saved(blocks: usize) -> String {
    format!("The file has {blocks} blocks.")
}

/// While a file is taken in.
pub(crate) fn chain_file_taking(blocks: u32, percent: u32, left: Option<&str>) -> String {
    let left = left.map(|left| format!(", about {left} left")).unwrap_or_default();
    format!("{blocks} blocks checked, {percent} % of the file{left}…")
}

/// A file was taken in.
pub(crate) fn chain_file_taken(taken: u32, known: u32) -> String {
    match (taken, known) {
        (0, 0) => "The file has no blocks.".to_owned(),
        (0, known) => format!("All {known} blocks of the file were here already."),
        (taken, 0) => format!("{taken} blocks were taken in."),
        (taken, known) => format!("{taken} blocks were taken in; {known} were here already."),
    }
}

/// Said when the role has changed.
pub(crate) fn role_changed(role: Role) -> String {
    let now = match role {
        Role::Full => "a full node",
        Role::Miner => "a miner",
        Role::Light => "a light node",
    };
    format!("This tab is {now} from now on.")
}

/// Where wallet and chain are kept.
pub(crate) const fn storage_state(state: StorageState) -> &'static str {
    match state {
        StorageState::Stored => "kept in this browser",
        StorageState::Memory => "in memory only",
        StorageState::Failed => "kept up to a failure",
    }
}

/// Which blocks are stored.
pub(crate) fn stored_blocks(storage: &StorageView) -> String {
    match (storage.state, storage.oldest_block.0) {
        (StorageState::Memory, _) => "none stored".to_owned(),
        (_, 0 | 1) => format!("all up to {}", storage.stored_height),
        (_, oldest) => format!("{oldest} to {}", storage.stored_height),
    }
}

/// Whether the browser promised to keep what is stored.
pub(crate) const fn storage_kept(persistent: Option<bool>) -> &'static str {
    match persistent {
        Some(true) => "never by itself",
        Some(false) => "when it runs short of room",
        None => "not known",
    }
}

/// What a wallet that is not stored means.
pub(crate) fn storage_lost(reason: &str) -> String {
    format!("{reason} When this tab is closed the wallet is gone: back it up before.")
}

/// A profile as people see it: the ones that were never named are called by their ids.
pub(crate) fn profile_called(id: &str, name: &str) -> String {
    if id == name { format!("Profile {id}") } else { name.to_owned() }
}

/// Why a profile cannot have a name.
pub(crate) fn profile_name_wrong(most: usize) -> String {
    format!("A name has 1 to {most} characters.")
}
