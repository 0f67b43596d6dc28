//! How far catching up is, above every view: until it is done, balances and lists are those of an earlier block.

use crate::{
    components::{Icon, Shape},
    format,
    state::use_tab,
    texts,
};
use leptos::prelude::*;
use node_wasm::view::SyncProgress;

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
    let started = StoredValue::new(None::<(u64, u32)>);
    let progress = move || tab.status.map(|status| status.syncing).flatten();
    let left = move || {
        let progress = progress()?;
        let now = tab.now.get();
        let (since, from) = started.get_value().unwrap_or((now, progress.height.0));
        started.set_value(Some((since, from)));
        Some(texts::blocks_left(
            progress.target.above(progress.height),
            time_left(progress, from, now - since).as_deref(),
        ))
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

/// Time left at the pace so far; none before there is a pace.
fn time_left(progress: SyncProgress, from: u32, elapsed_ms: u64) -> Option<String> {
    let (done, left) = (progress.height.0.saturating_sub(from), progress.target.above(progress.height));
    format::time_left(f64::from(done), f64::from(left), elapsed_ms)
}

#[cfg(test)]
mod tests {
    use super::*;
    use node_wasm::units::Height;

    #[test]
    fn time_left_follows_the_pace() {
        let progress =
            SyncProgress { height: Height(300), target: Height(900), blocks_per_second: None, seconds_left: None };
        assert_eq!(time_left(progress, 100, 10_000).as_deref(), Some("30 s"));
        assert_eq!(time_left(progress, 300, 10_000), None);
    }
}
