//! Where wallet and chain are kept, and how much room they take.

use crate::{
    browser,
    components::{Link, Notice, Tone, use_toasts},
    format,
    state::use_tab,
    texts,
};
use leptos::{prelude::*, task::spawn_local};
use node_wasm::{
    request::Request,
    view::{StorageState, StorageView},
};

fn bytes(bytes: Option<f64>) -> String {
    bytes.map_or_else(|| texts::UNKNOWN.to_owned(), format::float_bytes)
}

/// Share of the room that is used, in percent.
fn share(storage: &StorageView) -> Option<f64> {
    let (used, quota) = (storage.facts.used_bytes?, storage.facts.quota_bytes?);
    (quota > 0.0).then(|| (used / quota * 100.0).clamp(0.0, 100.0))
}

/// What the node stores, and what the browser lets it.
#[component]
pub(crate) fn StoragePanel() -> impl IntoView {
    let tab = use_tab();
    let status = tab.status;
    let storage = Memo::new(move |_| status.map(|status| status.storage.clone()));
    let fact = move |part: fn(&StorageView) -> String| {
        move || storage.with(|storage| storage.as_ref().map_or_else(|| texts::UNKNOWN.to_owned(), part))
    };
    let share = move || storage.with(|storage| storage.as_ref().and_then(share));
    view! {
        <section class="panel" aria-labelledby="storage-title">
            <h2 id="storage-title">{texts::STORAGE}</h2>
            <Trouble storage=storage />
            <dl class="facts">
                <div><dt>{texts::STORAGE_WHERE}</dt><dd data-testid="storage-state">{fact(|storage| texts::storage_state(storage.state).to_owned())}</dd></div>
                <div><dt>{texts::STORAGE_CHAIN}</dt><dd>{fact(texts::stored_blocks)}</dd></div>
                <div><dt>{texts::STORAGE_USED}</dt><dd data-testid="storage-used">{fact(|storage| bytes(storage.facts.used_bytes))}</dd></div>
                <div><dt>{texts::STORAGE_FREE}</dt><dd>{fact(|storage| bytes(storage.facts.quota_bytes))}</dd></div>
                <div><dt>{texts::STORAGE_KEPT}</dt><dd>{fact(|storage| texts::storage_kept(storage.facts.persistent).to_owned())}</dd></div>
                <div><dt>{texts::VERSION_FIELD}</dt><dd class="mono">{move || status.map(|status| status.version.clone())}</dd></div>
            </dl>
            {move || share().map(|share| view! {
                <meter class="storage-meter" min="0" max="100" high="80" value=share aria-label=texts::STORAGE_SHARE></meter>
            })}
            <Pruning storage=storage />
            <div class="actions">
                <KeepButton storage=storage />
            </div>
        </section>
    }
}

/// Stands above the figures when closing the tab would lose the wallet.
#[component]
fn Trouble(storage: Memo<Option<StorageView>>) -> impl IntoView {
    let trouble = Memo::new(move |_| {
        storage.with(|storage| {
            let storage = storage.as_ref()?;
            let title = match storage.state {
                StorageState::Stored => return None,
                StorageState::Memory => texts::STORAGE_MEMORY,
                StorageState::Failed => texts::STORAGE_FAILED,
            };
            Some((
                title,
                storage.reason.as_ref().map_or_else(|| texts::complete(texts::STORAGE_NO_REASON), browser::said),
            ))
        })
    });
    move || {
        trouble.get().map(|(title, reason)| {
            view! {
                <Notice tone=Tone::Warning title=title text=texts::storage_lost(&reason)>
                    <Link to="/wallet" class="button">{texts::STORAGE_BACK_UP}</Link>
                </Notice>
            }
        })
    }
}

/// Whether old blocks are dropped.
#[component]
fn Pruning(storage: Memo<Option<StorageView>>) -> impl IntoView {
    let tab = use_tab();
    let toasts = use_toasts();
    let on = Memo::new(move |_| storage.with(|storage| storage.as_ref().is_some_and(|storage| storage.prune)));
    let change = move |event| {
        let on = event_target_checked(&event);
        tab.act(Request::Prune { on }, move |result| {
            if let Err(error) = result {
                toasts.say(browser::said(&error.message));
            }
        });
    };
    view! {
        <div class="switch">
            <input type="checkbox" role="switch" id="settings-prune" data-testid="settings-prune" aria-describedby="settings-prune-hint" prop:checked=on on:change=change />
            <label for="settings-prune">{texts::PRUNE_FIELD}</label>
            <p id="settings-prune-hint" class="field-hint">{texts::PRUNE_HINT}</p>
        </div>
    }
}

/// Asks the browser for its promise, where there is one to be had.
#[component]
fn KeepButton(storage: Memo<Option<StorageView>>) -> impl IntoView {
    let tab = use_tab();
    let toasts = use_toasts();
    let is_due = Memo::new(move |_| {
        storage.with(|storage| storage.as_ref().is_some_and(|storage| storage.facts.persistent == Some(false)))
    });
    let ask = move |_| {
        spawn_local(async move {
            let kept = tab.client().keep_storage().await;
            toasts.say(texts::storage_kept(kept).to_owned());
        });
    };
    view! {
        <Show when=move || is_due.get()>
            <button type="button" class="button" on:click=ask>{texts::STORAGE_ASK}</button>
        </Show>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use node_wasm::view::StorageFacts;

    #[test]
    fn the_share_of_the_room_is_shown_where_the_browser_tells_both() {
        let view = |used_bytes, quota_bytes| StorageView {
            facts: StorageFacts { used_bytes, quota_bytes, persistent: None },
            ..StorageView::default()
        };
        assert_eq!(share(&view(Some(25.0), Some(100.0))), Some(25.0));
        assert_eq!(share(&view(Some(300.0), Some(100.0))), Some(100.0));
        assert_eq!(share(&view(Some(1.0), Some(0.0))), None);
        assert_eq!(share(&view(None, Some(1.0))), None);
    }
}
