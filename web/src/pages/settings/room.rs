//! Going to another network or room.

use crate::{
    browser,
    components::Field,
    state::{Tab, use_tab},
    texts,
};
use leptos::prelude::*;
use node_wasm::client::check_chain;
use node_wasm::sentence::Say;

/// Networks, with what is said of each.
const NETWORKS: [(&str, &str); 2] = [("main", texts::NETWORK_MAIN), ("dev", texts::NETWORK_DEV)];

/// Why no room can have this name.
fn refusal(network: &str, room: &str) -> Option<String> {
    if room.is_empty() {
        return Some(texts::complete(texts::ROOM_EMPTY));
    }
    check_chain(network, room).err().map(|error| browser::said(&error.say()))
}

/// Network and room, checked as they are typed.
#[component]
pub(crate) fn RoomForm() -> impl IntoView {
    let tab = use_tab();
    let (network, room) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    // What the node does stands in the form until somebody types.
    let current = Memo::new(move |_| tab.status.map(|status| (status.network.clone(), status.room.clone())));
    Effect::new(move |_| {
        if let Some((current_network, current_room)) = current.get() {
            network.set(current_network);
            room.set(current_room);
        }
    });
    let is_same = Memo::new(move |_| current.get().is_none_or(|current| current == (network.get(), room.get())));
    let error = Signal::derive(move || {
        current.get()?;
        refusal(&network.get(), &room.get())
    });
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let (network, room) = (network.get_untracked(), room.get_untracked());
        if refusal(&network, &room).is_none() && !is_same.get_untracked() {
            browser::go(&Tab::address_with(&[("network", &network), ("room", &room)]));
        }
    };
    let choice = move |(name, label): (&'static str, &'static str)| {
        view! {
            <label class="choice">
                <input type="radio" name="network" value=name prop:checked=move || network.get() == name on:change=move |_| network.set(name.to_owned()) />
                {label}
            </label>
        }
    };
    view! {
        <section class="panel" aria-labelledby="room-title">
            <h2 id="room-title">{texts::CHAIN_AND_ROOM}</h2>
            <p class="muted">{texts::CHAIN_AND_ROOM_NOTE}</p>
            <form class="settings-form" on:submit=submit novalidate=true>
                <fieldset class="choices">
                    <legend>{texts::NETWORK_FIELD}</legend>
                    {NETWORKS.map(choice).collect_view()}
                </fieldset>
                <Field name="settings-room" label=texts::ROOM_FIELD value=room error=error hint=texts::ROOM_FIELD_HINT.to_owned() />
                <div class="actions">
                    <button type="submit" class="button" data-testid="room-go" prop:disabled=move || is_same.get() || error.get().is_some()>{texts::ROOM_GO}</button>
                    <p class="muted">{move || is_same.get().then_some(texts::ROOM_SAME)}</p>
                </div>
            </form>
        </section>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_has_a_plain_name() {
        for good in ["lobby", "class-7b", "0"] {
            assert_eq!(refusal("main", good), None, "{good}");
        }
        for bad in ["", "Lobby", "a b", "<script>", "räume", &"x".repeat(200)] {
            assert!(refusal("main", bad).is_some(), "{bad}");
        }
        assert!(NETWORKS.iter().all(|(name, _)| refusal(name, "lobby").is_none()));
    }
}
