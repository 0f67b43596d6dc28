//! The mesh as a living graph: this tab in the middle, its peers around it, further tabs of the room
//! at the edge, and what travels.

mod detail;
mod outer;
mod peer;
mod table;

use self::{detail::Detail, outer::OuterRing, peer::PeerDisc, table::PeerTable};
use super::ring::{self, Seat};
use crate::{
    browser,
    components::RoleIcon,
    live::{Meanwhile, Query, Topics},
    state::{Tab, use_tab},
    texts,
};
use leptos::{html, prelude::*};
use node_wasm::{
    request::Request,
    view::{Event, KnownPeer, PeerState, PeerView, TrafficItem},
};

/// Peers that are drawn; the table lists all.
const MOST_DRAWN: usize = 24;

/// Pulses under way at a time: more would be a blur, and cost more than they show.
const MOST_PULSES: usize = 48;

/// Half the width and half the height that a peer and its label need around the peer's middle, in pixels.
const MARGIN: (f64, f64) = (44.0, 50.0);

/// Places that stand for the peers to come while there is none.
const GHOSTS: u32 = 5;

/// Something that travels along a link.
#[derive(Debug, Clone, PartialEq)]
struct Pulse {
    id: u64,
    seat: Seat,
    inbound: bool,
    item: TrafficItem,
}

/// What all parts of the drawing share.
#[derive(Clone, Copy)]
struct Drawing {
    peers: Query<Vec<PeerView>>,
    known: Query<Vec<KnownPeer>>,
    /// Tabs at the edge that are drawn, and how deep the edge is.
    edge: Memo<(u32, f64)>,
    /// Whose details are shown.
    shown: RwSignal<Option<String>>,
    size: ReadSignal<(f64, f64)>,
    pulses: RwSignal<Vec<Pulse>>,
    last_pulse: StoredValue<u64>,
}

impl Drawing {
    fn new(tab: Tab, size: ReadSignal<(f64, f64)>) -> Self {
        let peers = tab.query(Topics::PEERS, Meanwhile::Previous, || Some(Request::Peers));
        let known: Query<Vec<KnownPeer>> = tab.query(Topics::PEERS, Meanwhile::Previous, || Some(Request::KnownPeers));
        let edge = Memo::new(move |_| {
            let count = known.map(|known| known.len().min(ring::MOST_OUTER)).unwrap_or(0);
            let count = u32::try_from(count).unwrap_or(0);
            let (width, height) = size.get();
            (count, ring::outer_depth(count, width / 2.0, height / 2.0))
        });
        Self {
            peers,
            known,
            edge,
            shown: RwSignal::new(None),
            size,
            pulses: RwSignal::new(Vec::new()),
            last_pulse: StoredValue::new(0),
        }
    }

    fn width(self) -> f64 {
        self.size.get().0
    }

    fn height(self) -> f64 {
        self.size.get().1
    }

    fn drawn(self) -> usize {
        self.peers.map(|peers| peers.len().min(MOST_DRAWN)).unwrap_or(0)
    }

    fn seat(self, index: usize, count: usize) -> Seat {
        let depth = self.edge.get().1;
        let half_width = (self.width() / 2.0 - MARGIN.0 - depth).max(1.0);
        let half_height = (self.height() / 2.0 - MARGIN.1 - depth).max(1.0);
        let narrow = |number: usize| u32::try_from(number).unwrap_or(0);
        let crowded = ring::is_crowded(narrow(count), self.width());
        ring::seat(narrow(index), narrow(count), half_width.min(1.9 * half_height), half_height, crowded)
    }

    fn seat_of(self, peer: &str) -> Option<Seat> {
        let index = self
            .peers
            .map(|peers| peers.iter().take(MOST_DRAWN).position(|view| view.peer_id.to_string() == peer))??;
        Some(self.seat(index, self.drawn()))
    }

    fn radius(self) -> f64 {
        ring::disc_radius(u32::try_from(self.drawn()).unwrap_or(0), self.width())
    }

    fn is_crowded(self) -> bool {
        ring::is_crowded(u32::try_from(self.drawn()).unwrap_or(0), self.width())
    }

    /// The middle of the drawing, as a CSS transform.
    fn middle(self) -> String {
        format!("translate({:.1}px, {:.1}px)", self.width() / 2.0, self.height() / 2.0)
    }

    fn hear(self, event: &Event) {
        let Event::Traffic { peer_id, inbound, item } = event else { return };
        if browser::is_hidden() || self.pulses.with_untracked(Vec::len) >= MOST_PULSES {
            return;
        }
        let Some(seat) = untrack(|| self.seat_of(&peer_id.to_string())) else { return };
        let id = self.last_pulse.get_value() + 1;
        self.last_pulse.set_value(id);
        self.pulses.update(|pulses| pulses.push(Pulse { id, seat, inbound: *inbound, item: *item }));
    }
}

/// The graph, what its signs mean, and the same as a table.
#[component]
pub(crate) fn MeshPanel() -> impl IntoView {
    let tab = use_tab();
    let frame = NodeRef::<html::Div>::new();
    let drawing = Drawing::new(tab, browser::element_size(frame));
    tab.on_event(move |event| drawing.hear(event));
    let summary = Memo::new(move |_| {
        let others = drawing.known.map(Vec::len).unwrap_or(0);
        drawing
            .peers
            .map(Vec::len)
            .map_or_else(|| texts::MESH_WAITING.to_owned(), |peers| texts::mesh_summary(peers, others))
    });
    view! {
        <section class="panel mesh" aria-labelledby="mesh-title">
            <div class="panel-head">
                <h2 id="mesh-title">{texts::MESH}</h2>
                <ul class="legend">
                    <li><span class="legend-pulse legend-block"></span>{texts::MESH_BLOCK}</li>
                    <li><span class="legend-pulse legend-transaction"></span>{texts::MESH_TRANSACTION}</li>
                    <li class:is-empty=move || drawing.edge.get().0 == 0><span class="legend-pulse legend-outer"></span>{texts::MESH_OUTER}</li>
                </ul>
            </div>
            <div class="mesh-frame" class:mesh-frame-crowded=move || drawing.is_crowded() class:mesh-frame-wide=move || drawing.edge.get().0 != 0 node_ref=frame>
                <svg
                    class="mesh-graph"
                    role="group"
                    aria-label=summary
                    width=move || drawing.width()
                    height=move || drawing.height()
                    data-testid="mesh"
                >
                    <g style:transform=move || drawing.middle()>
                        <Ghosts drawing=drawing />
                        <OuterRing drawing=drawing />
                        <For each=move || drawn_ids(drawing) key=Clone::clone let(id)>
                            <LinkLine drawing=drawing id=id />
                        </For>
                        <For each=move || drawing.pulses.get() key=|pulse| pulse.id let(pulse)>
                            <PulseDot drawing=drawing pulse=pulse />
                        </For>
                        <For each=move || drawn_ids(drawing) key=Clone::clone let(id)>
                            <PeerDisc drawing=drawing id=id />
                        </For>
                        <OwnDisc drawing=drawing />
                    </g>
                </svg>
                <Detail drawing=drawing />
            </div>
            <PeerTable drawing=drawing />
        </section>
    }
}

fn drawn_ids(drawing: Drawing) -> Vec<String> {
    drawing
        .peers
        .map(|peers| peers.iter().take(MOST_DRAWN).map(|peer| peer.peer_id.to_string()).collect())
        .unwrap_or_default()
}

fn find(drawing: Drawing, id: &str) -> Option<PeerView> {
    drawing.peers.map(|peers| peers.iter().find(|peer| peer.peer_id.to_string() == id).cloned()).flatten()
}

/// Empty places around a tab that is alone.
#[component]
fn Ghosts(drawing: Drawing) -> impl IntoView {
    let is_alone = Memo::new(move |_| drawing.peers.map(Vec::is_empty).unwrap_or(false));
    let ghosts = move || {
        (0..GHOSTS as usize)
            .map(|index| {
                let seat = drawing.seat(index, GHOSTS as usize);
                view! {
                    <g style:transform=format!("rotate({:.2}deg)", seat.angle)>
                        <line class="link link-ghost" x2=format!("{:.1}", seat.distance) />
                        <circle class="ghost" r="18" cx=format!("{:.1}", seat.distance) />
                    </g>
                }
            })
            .collect_view()
    };
    move || is_alone.get().then(ghosts)
}

/// The line between this tab and a peer.
#[component]
fn LinkLine(drawing: Drawing, id: String) -> impl IntoView {
    let seat = Memo::new({
        let id = id.clone();
        move |before: Option<&Option<Seat>>| drawing.seat_of(&id).or_else(|| before.copied().flatten())
    });
    let connected = Memo::new(move |_| find(drawing, &id).is_some_and(|peer| peer.state == PeerState::Connected));
    let turn = move || seat.get().map(|seat| format!("rotate({:.2}deg)", seat.angle));
    let stretch = move || seat.get().map(|seat| format!("scaleX({:.1})", seat.distance));
    view! {
        <g class="seat" style:transform=turn>
            // One unit long and stretched, so that it moves as smoothly as the peer it leads to.
            <line class="link" class:link-open=move || connected.get() x2="1" style:transform=stretch />
        </g>
    }
}

/// Something on its way over a link.
#[component]
fn PulseDot(drawing: Drawing, pulse: Pulse) -> impl IntoView {
    let Pulse { id, seat, inbound, item } = pulse;
    let direction = if inbound { "pulse-in" } else { "pulse-out" };
    let kind = match item {
        TrafficItem::Block => "pulse-block",
        TrafficItem::Transaction => "pulse-transaction",
    };
    let gone = move |_| drawing.pulses.update(|pulses| pulses.retain(|pulse| pulse.id != id));
    view! {
        <g style:transform=format!("rotate({:.2}deg)", seat.angle)>
            <circle class=format!("pulse {direction} {kind}") style=("--distance", format!("{:.1}px", seat.distance)) on:animationend=gone />
        </g>
    }
}

/// This tab.
#[component]
fn OwnDisc(drawing: Drawing) -> impl IntoView {
    let tab = use_tab();
    let mining = move || tab.status.map(|status| status.mining > 0).unwrap_or(false);
    let radius = move || ring::own_radius(drawing.width());
    view! {
        <g class="own" class:own-mining=mining>
            <circle class="own-ring" r=move || radius() + 7.0 />
            <circle class="disc" r=radius />
            <RoleIcon role=Signal::derive(move || tab.role()) size=Signal::derive(radius) />
            <text class="own-label" y=move || radius() + 26.0>{texts::THIS_TAB}</text>
        </g>
    }
}
