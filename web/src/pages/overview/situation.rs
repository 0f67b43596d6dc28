//! What the user should know before anything else: alone, offline, catching up.

use crate::{
    components::{CopyButton, Icon, Notice, Shape, Tone},
    format,
    state::use_tab,
    texts,
};
use leptos::prelude::*;
use node_wasm::view::{Status, SyncProgress, TrackerState};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Normal,
    Syncing,
    TrackerAway,
    Unreachable,
    Alone,
    Finding(u32),
}

fn state(status: &Status) -> State {
    match (status.tracker, status.peers, status.room_size) {
        _ if status.syncing.is_some() => State::Syncing,
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
        State::Syncing => view! { <Syncing /> }.into_any(),
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

/// How far catching up is, in blocks and in time.
#[component]
fn Syncing() -> impl IntoView {
    let tab = use_tab();
    let started = StoredValue::new(None::<(u64, u32)>);
    let progress = move || tab.status.map(|status| status.syncing).flatten();
    let left = move || {
        let progress = progress()?;
        let now = tab.now.get();
        let (since, from) = started.get_value().unwrap_or((now, progress.height.0));
        started.set_value(Some((since, from)));
        Some(texts::blocks_left(
            progress.target.above(progress.height),
            time_left(progress, from, now - since).as_deref(),
        ))
    };
    view! {
        <div class="notice" role="note">
            <Icon shape=Shape::Ring />
            <div class="sync">
                <p class="notice-title">{texts::SYNCING}</p>
                <progress
                    aria-label=texts::SYNCING
                    max=move || progress().map(|progress| progress.target.0)
                    prop:value=move || progress().map_or(0.0, |progress| f64::from(progress.height.0))
                ></progress>
                <p data-testid="sync-left">{left}</p>
            </div>
        </div>
    }
}

/// Time left at the pace so far; none before there is a pace.
fn time_left(progress: SyncProgress, from: u32, elapsed_ms: u64) -> Option<String> {
    let done = progress.height.0.saturating_sub(from);
    if done == 0 || elapsed_ms == 0 {
        return None;
    }
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    let pace = elapsed_ms as f64 / f64::from(done);
    Some(format::duration(pace * f64::from(progress.target.above(progress.height))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use node_wasm::units::Height;

    #[test]
    fn time_left_follows_the_pace() {
        let progress =
            SyncProgress { height: Height(300), target: Height(900), blocks_per_second: None, seconds_left: None };
        assert_eq!(time_left(progress, 100, 10_000).as_deref(), Some("30 s"));
        assert_eq!(time_left(progress, 300, 10_000), None);
    }
}
