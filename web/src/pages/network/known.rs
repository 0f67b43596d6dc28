//! Who else is known in the room.

use crate::{
    browser,
    components::{Failure, Hash, Loading, use_toasts},
    live::Query,
    state::use_tab,
    texts,
};
use leptos::prelude::*;
use node_wasm::{request::Request, view::KnownPeer};

/// Peers that are listed: as many as the graph of the overview shows.
const LISTED: usize = 240;

/// Known peers without a line to this tab.
#[component]
pub(crate) fn Known(known: Query<Vec<KnownPeer>>) -> impl IntoView {
    let listed = Memo::new(move |_| known.map(|known| known.iter().take(LISTED).cloned().collect::<Vec<_>>()));
    let count = Memo::new(move |_| known.map(Vec::len));
    let failure = known.failure();
    view! {
        <section class="panel" aria-labelledby="known-title">
            <div class="panel-head">
                <h2 id="known-title">{texts::KNOWN}</h2>
                <p class="muted" data-testid="known-count">{move || count.get().map(|count| texts::tabs(u32::try_from(count).unwrap_or(u32::MAX)))}</p>
            </div>
            <p class="muted">{texts::KNOWN_NOTE}</p>
            {move || match (failure.get(), count.get()) {
                (Some(error), _) => Some(view! { <Failure error=error /> }.into_any()),
                (None, None) => Some(view! { <Loading text=texts::ROOM_WAITING /> }.into_any()),
                (None, Some(0)) => Some(view! { <p class="empty">{texts::KNOWN_EMPTY}</p> }.into_any()),
                (None, Some(_)) => None,
            }}
            <ul class="known-list">
                <For each=move || listed.get().unwrap_or_default() key=|known| (known.peer_id.to_string(), known.via.len(), known.failures) let(known)>
                    <KnownRow known=known />
                </For>
            </ul>
        </section>
    }
}

#[component]
fn KnownRow(known: KnownPeer) -> impl IntoView {
    let tab = use_tab();
    let toasts = use_toasts();
    let peer = known.peer_id;
    let connect = move |_| {
        tab.act(Request::Connect { peer }, move |result| match result {
            Ok(()) => toasts.say(texts::CONNECTING_TO.to_owned()),
            Err(error) => toasts.say(browser::said(&error.message)),
        });
    };
    let id = peer.to_string();
    let label = texts::connect_to(&id);
    view! {
        <li class="known-row">
            <Hash text=id what=texts::WHAT_PEER />
            <span class="muted">{texts::via(known.via.len())}</span>
            <span class="muted">{texts::failures(known.failures)}</span>
            <button type="button" class="chip" aria-label=label on:click=connect>{texts::CONNECT}</button>
        </li>
    }
}
