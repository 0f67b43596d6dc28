//! What a tab remembers over a reload: the profile that it had in each room.

use web_sys::Storage;

/// What the names of these entries begin with.
const PREFIX: &str = "tabchain-profile";

/// The profile that this tab had in a room.
pub(super) fn profile(network: &str, room: &str) -> Option<String> {
    storage()?.get_item(&name(network, room)).ok()?
}

/// Remembers the profile of this tab in a room.
pub(super) fn keep_profile(network: &str, room: &str, id: &str) {
    if let Some(storage) = storage() {
        // Without it, a reloaded tab takes the first free profile: most likely the same one.
        let _ = storage.set_item(&name(network, room), id);
    }
}

fn storage() -> Option<Storage> {
    web_sys::window()?.session_storage().ok()?
}

fn name(network: &str, room: &str) -> String {
    format!("{PREFIX}/{network}/{room}")
}
