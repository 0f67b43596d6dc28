//! What there is to say of the peer that is pointed at or focused.

use super::{Drawing, find};
use crate::{
    components::{Flag, TimeAgo},
    format,
    pages::network::round_trip,
    texts,
};
use leptos::prelude::*;
use node_wasm::view::PeerView;

/// A card in a corner of the graph. Assistive technology hears the same from the peer's label, and of a tab at the edge
/// from the line that says which one the arrow keys have come to.
#[component]
pub(super) fn Detail(drawing: Drawing) -> impl IntoView {
    let peer = Memo::new(move |_| drawing.shown.get().and_then(|id| find(drawing, &id)));
    let known = Memo::new(move |_| {
        let id = drawing.shown.get()?;
        drawing.known.map(|known| known.iter().find(|known| known.peer_id.to_string() == id).cloned()).flatten()
    });
    let fact = |label: &'static str, value: String| view! { <div><dt>{label}</dt><dd>{value}</dd></div> };
    let facts = move |peer: PeerView| {
        let id = peer.peer_id.to_string();
        let traffic = texts::in_and_out(&format::bytes(peer.bytes_in), &format::bytes(peer.bytes_out));
        view! {
            <p class="mesh-detail-id"><Flag of=id.clone() /><span class="mono">{id}</span></p>
            <dl>
                {fact(texts::ROLE, peer.role.map_or(texts::UNKNOWN, texts::role).to_owned())}
                {fact(texts::ROUTE, peer.route.map_or(texts::UNKNOWN, texts::route).to_owned())}
                {fact(texts::LINK_STATE, round_trip(&peer))}
                {fact(texts::HEIGHT, peer.height.map_or_else(|| texts::UNKNOWN.to_owned(), |height| height.to_string()))}
                {fact(texts::TRAFFIC, traffic)}
                {fact(texts::OFFENCES, texts::score(peer.score))}
                {peer.connected_at.map(|since| view! { <div><dt>{texts::SINCE}</dt><dd><TimeAgo time=since /></dd></div> })}
            </dl>
        }
    };
    let of_edge = move || {
        let known = known.get().filter(|_| peer.with(Option::is_none))?;
        Some(texts::edge_tab(&known.peer_id.to_string(), known.via.len(), known.failures))
    };
    let card = move || {
        let card = match (peer.get(), known.get()) {
            (Some(peer), _) => facts(peer).into_any(),
            (None, Some(known)) => {
                let id = known.peer_id.to_string();
                view! {
                    <p class="mesh-detail-id"><Flag of=id.clone() /><span class="mono">{id}</span></p>
                    <p>{texts::via(known.via.len())}</p>
                    <p>{texts::failures(known.failures)}</p>
                }
                .into_any()
            }
            (None, None) => return None,
        };
        Some(view! { <div class="mesh-detail" aria-hidden="true" data-testid="mesh-detail">{card}</div> })
    };
    view! {
        {card}
        <p class="visually-hidden" aria-live="polite" data-testid="mesh-edge">{of_edge}</p>
    }
}
