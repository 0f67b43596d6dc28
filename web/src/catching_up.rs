//! How far catching up is, above every view: until it is done, balances and lists are those of an earlier block.

use crate::{
    components::{Icon, Shape},
    format,
    state::use_tab,
    texts,
};
use leptos::prelude::*;

/// The progress, while there is any.
#[component]
pub(crate) fn CatchingUp() -> impl IntoView {
    let tab = use_tab();
    let is_behind = Memo::new(move |_| tab.status.map(|status| status.syncing.is_some()).unwrap_or(false));
    move || is_behind.get().then(|| view! { <Progress /> })
}

/// How far catching up is, in blocks and in time.
#[component]
fn Progress() -> impl IntoView {
    let tab = use_tab();
    let progress = move || tab.status.map(|status| status.syncing).flatten();
    let left = move || {
        let progress = progress()?;
        // None before there is a pace.
        let time = progress.seconds_left.map(|seconds| format::duration(1000.0 * seconds));
        Some(texts::blocks_left(progress.target.above(progress.height), time.as_deref()))
    };
    view! {
        <div class="notice" role="note">
            <Icon shape=Shape::Ring />
            <div class="sync">
                <p class="notice-title">{texts::SYNCING}</p>
                <progress
                    aria-label=texts::SYNCING
                    max=move || progress().map(|progress| progress.target.0)
                    prop:value=move || progress().map_or(0.0, |progress| f64::from(progress.height.0))
                ></progress>
                <p data-testid="sync-left">{left}</p>
            </div>
        </div>
    }
}
