//! What the mesh is: the tabs that this one is linked to, and one more.

use super::Progress;
use crate::{
    components::{Hash, Icon, Shape},
    live::{Meanwhile, Topics},
    state::use_tab,
    texts,
};
use leptos::prelude::*;
use node_wasm::{
    request::Request,
    view::{PeerState, PeerView},
};

/// Peers that are listed; the network's view has them all.
const LISTED: usize = 8;

#[component]
pub(super) fn MeshStep(number: usize) -> impl IntoView {
    let tab = use_tab();
    let progress: Progress = expect_context();
    let peers = tab.query::<Vec<PeerView>>(Topics::PEERS, Meanwhile::Previous, || Some(Request::Peers));
    let connected = Memo::new(move |_| {
        let connected = |peers: &Vec<PeerView>| {
            let connected = peers.iter().filter(|peer| peer.state == PeerState::Connected);
            connected.map(|peer| (peer.peer_id.to_string(), peer.height.map(|height| height.0))).collect::<Vec<_>>()
        };
        peers.map(connected).unwrap_or_default()
    });
    Effect::new(move |_| {
        if !connected.with(Vec::is_empty) {
            progress.done(number);
        }
    });
    let link = tab.invitation();
    view! {
        <p role="status" data-testid="learn-peers">{move || texts::learn_peers(connected.with(Vec::len))}</p>
        <ul class="learn-peers">
            <For each=move || connected.get().into_iter().take(LISTED) key=Clone::clone let((id, height))>
                <li><Hash text=id what=texts::WHAT_PEER /> <span class="muted">{height.map(texts::learn_peer_height)}</span></li>
            </For>
        </ul>
        <div class="actions">
            <a class="button button-main" href=link target="_blank" rel="noopener">
                <Icon shape=Shape::NewTab />
                {texts::INVITE_OPEN}
            </a>
        </div>
    }
}
