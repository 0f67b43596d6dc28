//! The network: this node's place in it, its peers, who else is known, and why no
//! connection comes about, if none does.

mod connect;
mod diagnosis;
mod findings;
mod known;
mod peers;

pub(crate) use self::peers::round_trip;

use super::lab::Bans;

use self::{connect::ConnectForm, findings::Findings, known::Known, peers::Peers};
use crate::{
    components::LongText,
    format,
    live::{Meanwhile, Topics},
    state::use_tab,
    texts,
};
use leptos::prelude::*;
use node_wasm::{
    request::Request,
    view::{KnownPeer, PeerView},
};

/// Links that a node keeps at most.
const MOST_LINKS: u32 = 16;

/// The network.
#[component]
pub(crate) fn Network() -> impl IntoView {
    super::title(texts::NETWORK);
    let tab = use_tab();
    let peers = tab.query::<Vec<PeerView>>(Topics::PEERS, Meanwhile::Previous, || Some(Request::Peers));
    let known = tab.query::<Vec<KnownPeer>>(Topics::PEERS, Meanwhile::Previous, || Some(Request::KnownPeers));
    let id = Memo::new(move |_| tab.status.map(|status| status.peer_id.to_string()));
    let tracker = Memo::new(move |_| tab.tracker());
    let fact = move |part: fn(&[PeerView]) -> u64| {
        move || peers.map(|peers| format::bytes(part(peers))).unwrap_or_else(|| texts::UNKNOWN.to_owned())
    };
    view! {
        <div class="page-head">
            <h1>{texts::NETWORK}</h1>
            <p class="lead">{texts::NETWORK_LEAD}</p>
        </div>
        <div class="network">
            <section class="panel" aria-labelledby="this-node-title">
                <h2 id="this-node-title">{texts::THIS_NODE}</h2>
                <dl class="facts">
                    <div><dt>{texts::PEER_ID}</dt><dd data-testid="own-id">{move || id.get().map(|id| view! { <LongText text=id what=texts::WHAT_PEER /> })}</dd></div>
                    <div><dt>{texts::TRACKER}</dt><dd data-testid="tracker-state">{move || tracker.get().map_or(texts::UNKNOWN, texts::tracker)}</dd></div>
                    <div><dt>{texts::IN_ROOM}</dt><dd>{move || tab.status.map(|status| status.room_size.map(texts::tabs)).flatten().unwrap_or_else(|| texts::UNKNOWN.to_owned())}</dd></div>
                    <div><dt>{texts::LINKS}</dt><dd data-testid="link-count">{move || peers.map(|peers| texts::links(peers.len(), MOST_LINKS))}</dd></div>
                    <div><dt>{texts::RELAYED}</dt><dd>{move || tab.status.map(|status| status.relayed_signals)}" "<span class="muted">{texts::RELAYED_NOTE}</span></dd></div>
                    <div><dt>{texts::TRAFFIC}</dt><dd>{texts::RECEIVED}" "{fact(|peers| peers.iter().map(|peer| peer.bytes_in).sum())}" · "{texts::SENT}" "{fact(|peers| peers.iter().map(|peer| peer.bytes_out).sum())}</dd></div>
                </dl>
            </section>
            <Findings />
            <Peers peers=peers />
            <Known known=known />
            <div class="network-side">
                <section class="panel" aria-labelledby="network-bans-title">
                    <h2 id="network-bans-title">{texts::BANNED_PEERS}</h2>
                    <Bans />
                </section>
                <ConnectForm />
            </div>
        </div>
    }
}
