//! The peers of the graph as a table.

use super::{Drawing, find};
use crate::{components::Hash, format, pages::network::round_trip, texts};
use leptos::prelude::*;
use node_wasm::view::PeerView;

/// All peers as a table: for screen readers, for touch, and for more than fits a drawing.
#[component]
pub(super) fn PeerTable(drawing: Drawing) -> impl IntoView {
    let ids = move || {
        drawing
            .peers
            .map(|peers| peers.iter().map(|peer| peer.peer_id.to_string()).collect::<Vec<_>>())
            .unwrap_or_default()
    };
    let is_empty = Memo::new(move |_| drawing.peers.map(Vec::is_empty).unwrap_or(true));
    view! {
        <details class="mesh-table">
            <summary>{texts::MESH_TABLE}</summary>
            <div class="scroller" tabindex="0" role="region" aria-label=texts::MESH_TABLE>
                <table>
                    <thead>
                        <tr>
                            <th scope="col">{texts::PEER}</th>
                            <th scope="col">{texts::ROLE}</th>
                            <th scope="col">{texts::LINK_STATE}</th>
                            <th scope="col">{texts::HEIGHT}</th>
                            <th scope="col">{texts::RECEIVED}</th>
                            <th scope="col">{texts::SENT}</th>
                            <th scope="col">{texts::OFFENCES}</th>
                        </tr>
                    </thead>
                    <tbody>
                        <For each=ids key=Clone::clone let(id)>
                            <PeerRow drawing=drawing id=id />
                        </For>
                    </tbody>
                </table>
                <Show when=move || is_empty.get()>
                    <p class="empty">{texts::MESH_EMPTY}</p>
                </Show>
            </div>
        </details>
    }
}

#[component]
fn PeerRow(drawing: Drawing, id: String) -> impl IntoView {
    let peer = Memo::new({
        let id = id.clone();
        move |_| find(drawing, &id)
    });
    let cell = move |part: fn(&PeerView) -> String| move || peer.with(|peer| peer.as_ref().map(part));
    view! {
        <tr data-testid="peer-row">
            <th scope="row"><Hash text=id what=texts::WHAT_PEER /></th>
            <td>{cell(|peer| peer.role.map_or(texts::UNKNOWN, texts::role).to_owned())}</td>
            <td>{cell(round_trip)}</td>
            <td>{cell(|peer| peer.height.map_or_else(|| texts::UNKNOWN.to_owned(), |height| height.to_string()))}</td>
            <td>{cell(|peer| format::bytes(peer.bytes_in))}</td>
            <td>{cell(|peer| format::bytes(peer.bytes_out))}</td>
            <td>{cell(|peer| texts::score(peer.score))}</td>
        </tr>
    }
}
