//! Further tabs of the room, without a line to this one, at the edge of the graph.

use super::{
    super::ring::{self, Seat},
    Drawing,
};
use crate::{components::follow, state::use_tab, texts};
use leptos::prelude::*;
use node_wasm::view::KnownPeer;

/// A tab at the edge.
#[derive(Debug, Clone, PartialEq)]
struct Dot {
    id: String,
    x: f64,
    y: f64,
    /// Where the peer sits over which it is known.
    via: Option<(f64, f64)>,
    is_lost: bool,
}

/// All of them as dots; by keyboard they are one stop, which leads to their list.
#[component]
pub(super) fn OuterRing(drawing: Drawing) -> impl IntoView {
    let dots = Memo::new(move |_| {
        let (width, height) = drawing.size.get();
        let count = drawing.edge.get().0;
        let places = ring::outer(count, width / 2.0, height / 2.0);
        let dot = |(known, (x, y)): (&KnownPeer, (f64, f64))| Dot {
            id: known.peer_id.to_string(),
            x,
            y,
            via: known.via.first().and_then(|peer| drawing.seat_of(&peer.to_string())).map(middle),
            is_lost: known.failures > 0 && known.via.is_empty(),
        };
        drawing.known.map(|known| known.iter().zip(places).map(dot).collect::<Vec<_>>()).unwrap_or_default()
    });
    let is_empty = Memo::new(move |_| dots.with(Vec::is_empty));
    let label = move || {
        let count = drawing.known.map(Vec::len).unwrap_or(0);
        texts::outer_label(u32::try_from(count).unwrap_or(u32::MAX))
    };
    let shown = drawing.shown;
    let href = use_tab().href("/network");
    let go = follow(href.clone());
    // By keyboard: the first one's details at once, further ones by arrows.
    let step = move |by: usize| {
        let next = dots.with_untracked(|dots| {
            let at = shown.with_untracked(|id| dots.iter().position(|dot| Some(&dot.id) == id.as_ref()));
            let next = at.map_or(0, |at| (at + by) % dots.len().max(1));
            dots.get(next).map(|dot| dot.id.clone())
        });
        shown.set(next);
    };
    let walk = move |event: web_sys::KeyboardEvent| match event.key().as_str() {
        "ArrowRight" | "ArrowDown" => {
            event.prevent_default();
            step(1);
        }
        "ArrowLeft" | "ArrowUp" => {
            event.prevent_default();
            step(dots.with_untracked(Vec::len).saturating_sub(1));
        }
        _ => {}
    };
    let key = |dot: &Dot| {
        (
            dot.id.clone(),
            dot.x.to_bits(),
            dot.y.to_bits(),
            dot.via.map(|(x, y)| (x.to_bits(), y.to_bits())),
            dot.is_lost,
        )
    };
    view! {
        <Show when=move || !is_empty.get()>
            // Within a group, or the link would be one of HTML, which draws no circles.
            <g><a class="outer" href=href.clone() on:click=go.clone() on:focus=move |_| step(0) on:blur=move |_| shown.set(None) on:keydown=walk aria-label=label data-testid="mesh-outer">
                <For each=move || dots.get() key=key let(dot)>
                    {dot.via.map(|(x, y)| view! {
                        <line class="outer-via" x1=format!("{:.1}", dot.x) y1=format!("{:.1}", dot.y) x2=format!("{x:.1}") y2=format!("{y:.1}") />
                    })}
                    <circle
                        class="outer-dot"
                        class:outer-lost=dot.is_lost
                        class:outer-shown={
                            let id = dot.id.clone();
                            move || shown.with(|shown| shown.as_ref() == Some(&id))
                        }
                        cx=format!("{:.1}", dot.x)
                        cy=format!("{:.1}", dot.y)
                        r=ring::OUTER_RADIUS
                        on:pointerenter=move |_| shown.set(Some(dot.id.clone()))
                        on:pointerleave=move |_| shown.set(None)
                    />
                </For>
            </a></g>
        </Show>
    }
}

fn middle(seat: Seat) -> (f64, f64) {
    let angle = seat.angle.to_radians();
    (seat.distance * angle.cos(), seat.distance * angle.sin())
}
