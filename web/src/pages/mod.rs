//! The views, each with an address of its own.

pub(crate) mod explorer;
mod overview;
mod wallet;

pub(crate) use self::{
    explorer::Explorer,
    overview::Overview,
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
        <Notice tone=Tone::Warning title=texts::NOT_FOUND text=texts::NOT_FOUND_TEXT>
            <Link to="/" class="button">{texts::TO_OVERVIEW}</Link>
        </Notice>
    }
}
