//! The views, each with an address of its own.

pub(crate) mod explorer;
mod history;
mod lab;
mod learn;
mod mempool;
mod mining;
mod network;
mod overview;
mod settings;
mod wallet;

pub(crate) use self::{
    explorer::Explorer,
    lab::Lab,
    learn::Learn,
    mempool::Mempool,
    mining::Mining,
    network::Network,
    overview::Overview,
    settings::Settings,
    wallet::{Draft, Wallet},
};

use crate::{
    components::{Link, Notice, Tone},
    texts,
};
use leptos::prelude::*;

/// Names the view in the browser's title bar.
fn title(view: &str) {
    document().set_title(&texts::title(view));
}

/// There is no view at this address.
#[component]
pub(crate) fn NotFound() -> impl IntoView {
    title(texts::NOT_FOUND);
    view! {
        <div class="page-head"><h1>{texts::NOT_FOUND}</h1></div>
        <Notice tone=Tone::Warning title=texts::NOT_FOUND_HERE text=texts::NOT_FOUND_TEXT>
            <Link to="/" class="button">{texts::TO_OVERVIEW}</Link>
        </Notice>
    }
}
