//! The figures of chain and node.

use crate::{
    components::{Flag, TimeAgo},
    format,
    state::use_tab,
    texts,
};
use leptos::prelude::*;
use node_wasm::view::Status;

/// The figures.
#[component]
pub(crate) fn Figures() -> impl IntoView {
    let status = use_tab().status;
    let figure = move |part: fn(&Status) -> String| {
        Signal::derive(move || status.map(part).unwrap_or_else(|| texts::UNKNOWN.to_owned()))
    };
    let note = move |part: fn(&Status) -> String| Signal::derive(move || status.map(part).unwrap_or_default());
    view! {
        <section class="panel figures" aria-label=texts::FIGURES>
            <dl>
                <Height />
                <Figure name="interval" label=texts::INTERVAL value=figure(interval) note=note(wanted_interval) />
                <Figure name="difficulty" label=texts::DIFFICULTY value=figure(|status| format::si(status.difficulty)) note=Signal::stored(texts::DIFFICULTY_NOTE.to_owned()) />
                <Figure name="network-rate" label=texts::NETWORK_RATE value=figure(network_rate) note=Signal::stored(texts::NETWORK_RATE_NOTE.to_owned()) />
                <Figure name="hash-rate" label=texts::OWN_RATE value=figure(|status| format::hash_rate(status.hash_rate)) note=note(share) />
                <Figure name="peer-count" label=texts::PEERS value=figure(|status| status.peers.to_string()) note=note(room_size) />
                <Figure name="mempool" label=texts::MEMPOOL value=figure(|status| status.mempool.to_string()) note=note(mempool_bytes) />
            </dl>
        </section>
    }
}

#[component]
fn Figure(name: &'static str, label: &'static str, value: Signal<String>, note: Signal<String>) -> impl IntoView {
    view! {
        <div class="figure">
            <dt>{label}</dt>
            <dd>
                <span class="figure-value" data-testid=name>{value}</span>
                <span class="figure-note">{note}</span>
            </dd>
        </div>
    }
}

#[component]
fn Height() -> impl IntoView {
    let tab = use_tab();
    let tip = Memo::new(move |_| tab.status.map(|status| (status.tip.to_string(), status.tip_time)));
    view! {
        <div class="figure figure-wide">
            <dt>{texts::HEIGHT}</dt>
            <dd>
                <span class="figure-value">
                    {move || tip.get().map(|(hash, _)| view! { <Flag of=hash /> })}
                    {move || tab.height.get().map_or_else(|| texts::UNKNOWN.to_owned(), |height| height.to_string())}
                </span>
                <span class="figure-note">
                    {texts::NEWEST_BLOCK}" "{move || tip.get().map(|(_, time)| view! { <TimeAgo time=time /> })}
                </span>
            </dd>
        </div>
    }
}

fn interval(status: &Status) -> String {
    status.interval_ms.map_or_else(|| texts::UNKNOWN.to_owned(), format::duration)
}

fn wanted_interval(status: &Status) -> String {
    #[expect(clippy::cast_precision_loss, reason = "an interval of some seconds")]
    texts::wanted(&format::duration(status.spacing_ms as f64))
}

fn network_rate(status: &Status) -> String {
    status.network_hash_rate.map_or_else(|| texts::UNKNOWN.to_owned(), format::hash_rate)
}

/// The part that this tab has in the network's hash rate, while it mines.
fn share(status: &Status) -> String {
    match status.network_hash_rate {
        _ if status.mining == 0 => texts::NOT_MINING.to_owned(),
        // The estimate lags behind: just after a start, one tab may have more than "all".
        Some(all) if all > status.hash_rate => texts::share(100.0 * status.hash_rate / all),
        _ => texts::MOST_OF_NETWORK.to_owned(),
    }
}

fn room_size(status: &Status) -> String {
    // The tracker counts now and then; who is connected is known better here.
    status.room_size.map(|size| texts::in_room(size.max(status.peers + 1))).unwrap_or_default()
}

fn mempool_bytes(status: &Status) -> String {
    format::bytes(status.mempool_bytes)
}
