//! Peers that this tab talks to no more for a while, and their pardon.

use super::judgement::Remaining;
use crate::{
    browser,
    components::{Failure, Hash, Loading, use_toasts},
    live::{Meanwhile, Topics},
    state::use_tab,
    texts,
};
use leptos::prelude::*;
use node_wasm::{request::Request, view::lab::BanView};

/// Banned peers, each with its time and a pardon.
#[component]
pub(crate) fn Bans() -> impl IntoView {
    let tab = use_tab();
    let bans = tab.query::<Vec<BanView>>(Topics::LAB | Topics::PEERS, Meanwhile::Previous, || Some(Request::Bans));
    // A ban that ends makes no event.
    let alive = Memo::new(move |_| {
        let now = tab.now.get();
        bans.map(|bans| bans.iter().filter(|ban| ban.until.millis() > now).copied().collect::<Vec<_>>())
            .unwrap_or_default()
    });
    let failure = bans.failure();
    let is_known = Memo::new(move |_| bans.map(|_| ()).is_some());
    let state = move || match (failure.get(), is_known.get(), alive.with(Vec::is_empty)) {
        (Some(error), ..) => Some(view! { <Failure error=error /> }.into_any()),
        (None, false, _) => Some(view! { <Loading text=texts::LAB_WAITING /> }.into_any()),
        (None, true, true) => Some(view! { <p class="muted">{texts::BANNED_NONE}</p> }.into_any()),
        (None, true, false) => None,
    };
    view! {
        {state}
        <ul class="ban-list" aria-label=texts::BANNED_PEERS data-testid="bans">
            <For each=move || alive.get() key=|ban| (ban.peer_id, ban.until) let(ban)>
                <Banned ban=ban />
            </For>
        </ul>
    }
}

#[component]
fn Banned(ban: BanView) -> impl IntoView {
    let tab = use_tab();
    let toasts = use_toasts();
    let pardon = move |_| {
        tab.act(Request::Pardon { peer: ban.peer_id }, move |result| {
            toasts.say(match result {
                Ok(()) => texts::PARDONED.to_owned(),
                Err(error) => browser::said(&error.message),
            });
            tab.mark(Topics::LAB);
        });
    };
    view! {
        <li class="ban" data-testid="ban">
            <Hash text=ban.peer_id.to_string() what=texts::WHAT_PEER />
            {ban.offence.map(|offence| view! { <span class="badge badge-warning">{texts::offence(offence)}</span> })}
            <span><Remaining until=ban.until text=texts::time_left /></span>
            <button type="button" class="button" data-testid="pardon" on:click=pardon>{texts::PARDON}</button>
        </li>
    }
}
