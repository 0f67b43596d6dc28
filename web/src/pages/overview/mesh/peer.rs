//! A peer in the graph.

use super::{super::ring::Seat, Drawing, find};
use crate::{
    components::{FlagShape, RoleIcon, follow},
    pages::network::round_trip,
    state::use_tab,
    texts,
};
use leptos::prelude::*;
use node_wasm::view::PeerState;

/// A peer with its role, its flag and the round trip to it.
#[component]
pub(super) fn PeerDisc(drawing: Drawing, id: String) -> impl IntoView {
    let seat = Memo::new({
        let id = id.clone();
        move |before: Option<&Option<Seat>>| drawing.seat_of(&id).or_else(|| before.copied().flatten())
    });
    let peer = Memo::new({
        let id = id.clone();
        move |_| find(drawing, &id)
    });
    let transform = move || {
        seat.get().map(|Seat { angle, distance }| {
            format!("rotate({angle:.2}deg) translateX({distance:.1}px) rotate({:.2}deg)", -angle)
        })
    };
    // On the side away from the middle, where no line runs.
    let is_above = move || seat.get().is_some_and(|seat| seat.angle.to_radians().sin() < -0.35);
    let crowded = move || drawing.is_crowded();
    // In a crowd flag and round trip share one line, and the id is left to the table.
    let first_line = move || match (is_above(), crowded()) {
        (true, false) => -drawing.radius() - 21.0,
        (true, true) => -drawing.radius() - 6.0,
        (false, _) => drawing.radius() + 15.0,
    };
    let second_line = move || if crowded() { first_line() } else { first_line() + 15.0 };
    let short = id.chars().take(6).collect::<String>();
    let quality = move || peer.with(|peer| peer.as_ref().map(round_trip));
    let label = Memo::new(move |_| peer.with(|peer| peer.as_ref().map(texts::peer_label)).unwrap_or_default());
    let (shown, own) = (drawing.shown, id.clone());
    let show = move || shown.set(Some(own.clone()));
    let (show_focused, show_pointed) = (show.clone(), show);
    let hide = move || shown.set(None);
    let href = use_tab().href("/network");
    let is_connected = move || peer.with(|peer| peer.as_ref().is_some_and(|peer| peer.state == PeerState::Connected));
    view! {
        <g class="seat peer" class:peer-open=is_connected class:peer-crowded=crowded style:transform=transform data-testid="mesh-peer">
            <a
                class="peer-arrival"
                href=href.clone()
                aria-label=label
                on:click=follow(href)
                on:focus=move |_| show_focused()
                on:blur=move |_| hide()
                on:pointerenter=move |_| show_pointed()
                on:pointerleave=move |_| hide()
            >
                <circle class="disc" r=move || drawing.radius() />
                <RoleIcon role=Signal::derive(move || peer.with(|peer| peer.as_ref().and_then(|peer| peer.role))) size=Signal::derive(move || drawing.radius() * 1.1) />
                <g transform=move || format!("translate(-34 {:.1})", first_line() - 9.5)>
                    <g class="flag-in-graph"><FlagShape of=id /></g>
                    <text class="peer-id" x="22" y="9.5">{short}</text>
                </g>
                <text class="peer-quality" x=move || if crowded() { -10 } else { 0 } y=move || format!("{:.1}", second_line())>{quality}</text>
            </a>
        </g>
    }
}
