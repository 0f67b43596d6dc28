//! The peers with a line to this tab.

use crate::{
    browser,
    components::{Failure, Hash, Icon, Loading, Notice, Shape, Table, TimeAgo, Tone, use_toasts},
    format,
    live::Query,
    state::use_tab,
    texts,
};
use leptos::prelude::*;
use node_wasm::{
    request::Request,
    view::{PeerState, PeerView},
};

const COLUMNS: &[&str] = &[
    texts::PEER,
    texts::ROLE,
    texts::DIRECTION,
    texts::ROUTE,
    texts::LINK_STATE,
    texts::HEIGHT,
    texts::RECEIVED,
    texts::SENT,
    texts::OFFENCES,
    texts::SINCE,
];

/// All peers as a table.
#[component]
pub(crate) fn Peers(peers: Query<Vec<PeerView>>) -> impl IntoView {
    let ids =
        Memo::new(move |_| peers.map(|peers| peers.iter().map(|peer| peer.peer_id.to_string()).collect::<Vec<_>>()));
    let failure = peers.failure();
    let count = Memo::new(move |_| ids.with(|ids| ids.as_ref().map(Vec::len)));
    let is_empty = Signal::derive(move || count.get().unwrap_or(0) == 0);
    let state = move || {
        match (failure.get(), count.get()) {
        (Some(error), _) => Some(view! { <Failure error=error /> }.into_any()),
        (None, None) => Some(view! { <Loading text=texts::PEERS_WAITING /> }.into_any()),
        (None, Some(0)) => Some(
            view! {
                <Notice tone=Tone::Calm title=texts::PEERS_NONE text=texts::PEERS_NONE_TEXT>
                    <a class="button" href=use_tab().invitation() target="_blank" rel="noopener"><Icon shape=Shape::NewTab />{texts::INVITE_OPEN}</a>
                </Notice>
            }
            .into_any(),
        ),
        (None, Some(_)) => None,
    }
    };
    view! {
        <section class="panel network-peers" aria-labelledby="peers-title">
            <h2 id="peers-title">{texts::PEERS}</h2>
            {state}
            <Table labelled_by="peers-title" columns=COLUMNS buttons=texts::DISCONNECT is_empty=is_empty test_id="network-peers">
                <For each=move || ids.get().unwrap_or_default() key=Clone::clone let(id)>
                    <Row peers=peers id=id />
                </For>
            </Table>
        </section>
    }
}

#[component]
fn Row(peers: Query<Vec<PeerView>>, id: String) -> impl IntoView {
    let tab = use_tab();
    let toasts = use_toasts();
    let peer = Memo::new({
        let id = id.clone();
        move |_| peers.map(|peers| peers.iter().find(|peer| peer.peer_id.to_string() == id).cloned()).flatten()
    });
    let cell = move |part: fn(&PeerView) -> String| move || peer.with(|peer| peer.as_ref().map(part));
    let since = Memo::new(move |_| peer.with(|peer| peer.as_ref().and_then(|peer| peer.connected_at)));
    let disconnect = move |_| {
        let Some(peer) = peer.get_untracked() else { return };
        tab.act(Request::Disconnect { peer: peer.peer_id }, move |result| {
            if let Err(error) = result {
                toasts.say(browser::said(&error.message));
            }
        });
    };
    let label = texts::disconnect_from(&id);
    view! {
        <tr data-testid="network-peer">
            <th scope="row"><Hash text=id what=texts::WHAT_PEER /></th>
            <td>{cell(|peer| peer.role.map_or(texts::UNKNOWN, texts::role).to_owned())}</td>
            <td>{cell(|peer| if peer.outbound { texts::OUTBOUND } else { texts::INBOUND }.to_owned())}</td>
            <td>{cell(|peer| peer.route.map_or(texts::UNKNOWN, texts::route).to_owned())}</td>
            <td>{cell(round_trip)}</td>
            <td>{cell(|peer| peer.height.map_or_else(|| texts::UNKNOWN.to_owned(), |height| height.to_string()))}</td>
            <td>{cell(|peer| format::bytes(peer.bytes_in))}</td>
            <td>{cell(|peer| format::bytes(peer.bytes_out))}</td>
            <td>{cell(|peer| texts::score(peer.score))}</td>
            <td>{move || since.get().map(|since| view! { <TimeAgo time=since /> })}</td>
            <td>
                <button type="button" class="icon-button" aria-label=label.clone() title=label data-testid="disconnect" on:click=disconnect>
                    <Icon shape=Shape::Cross />
                </button>
            </td>
        </tr>
    }
}

/// How far a link has come, and its round trip once that is measured.
pub(crate) fn round_trip(peer: &PeerView) -> String {
    match (peer.state, peer.round_trip_ms) {
        (PeerState::Connected, Some(millis)) => texts::round_trip(millis),
        (PeerState::Connected, None) => texts::PEER_CONNECTED.to_owned(),
        (PeerState::Greeting, _) => texts::PEER_GREETING.to_owned(),
        (PeerState::Connecting, _) => texts::PEER_CONNECTING.to_owned(),
    }
}
