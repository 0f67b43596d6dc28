//! What the user should know before anything else: alone, or offline.

use crate::{
    components::{CopyButton, Icon, Notice, Shape, Tone},
    state::use_tab,
    texts,
};
use leptos::prelude::*;
use node_wasm::view::{Status, TrackerState};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Normal,
    TrackerAway,
    Unreachable,
    Alone,
    Finding(u32),
}

fn state(status: &Status) -> State {
    match (status.tracker, status.peers, status.room_size) {
        // That is said above every view.
        _ if status.syncing.is_some() => State::Normal,
        (TrackerState::Offline, 0, _) => State::Unreachable,
        (TrackerState::Offline, ..) => State::TrackerAway,
        (TrackerState::Joined, 0, Some(size)) if size > 1 => State::Finding(size - 1),
        (TrackerState::Joined, 0, _) => State::Alone,
        _ => State::Normal,
    }
}

/// A notice when there is something to know.
#[component]
pub(crate) fn Situation() -> impl IntoView {
    let tab = use_tab();
    let state = Memo::new(move |_| tab.status.map(state).unwrap_or(State::Normal));
    move || match state.get() {
        State::Normal => ().into_any(),
        State::TrackerAway => {
            view! { <Notice tone=Tone::Calm title=texts::TRACKER_AWAY text=texts::TRACKER_AWAY_TEXT /> }.into_any()
        }
        State::Unreachable => {
            view! { <Notice tone=Tone::Warning title=texts::UNREACHABLE text=texts::UNREACHABLE_TEXT /> }.into_any()
        }
        State::Finding(others) => {
            view! { <Notice tone=Tone::Calm title=texts::finding(others) text=texts::FINDING_TEXT /> }.into_any()
        }
        State::Alone => {
            let link = tab.invitation();
            view! {
                <Notice tone=Tone::Calm title=texts::ALONE_TITLE text=texts::ALONE_TEXT>
                    <a class="button button-main" href=link.clone() target="_blank" rel="noopener">
                        <Icon shape=Shape::NewTab />
                        {texts::INVITE_OPEN}
                    </a>
                    <CopyButton text=link what=texts::WHAT_LINK wide=true />
                </Notice>
            }
            .into_any()
        }
    }
}
