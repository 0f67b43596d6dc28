//! Search by height, hash, transaction id or address.

use super::{close_dialog, listed_from, subject};
use crate::{
    components::{Dialog, Icon, Loading, Notice, Shape, Tone},
    state::{Tab, use_tab},
    texts,
};
use leptos::{prelude::*, task::spawn_local};
use leptos_router::{NavigateOptions, hooks::use_navigate};
use node_wasm::{
    request::Request,
    view::{Balance, BlockView, TransactionView},
};

/// Digits of a hash or a transaction id.
const HASH_DIGITS: usize = 64;

/// What a search can be for, by its looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Nothing,
    Height,
    Hash,
    /// Hexadecimal digits, but not as many as a hash has.
    PartOfHash,
    Address,
}

impl Kind {
    fn of(text: &str) -> Self {
        if text.is_empty() {
            Self::Nothing
        } else if text.len() < HASH_DIGITS && text.bytes().all(|byte| byte.is_ascii_digit()) {
            Self::Height
        } else if !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            Self::Address
        } else if text.len() == HASH_DIGITS {
            Self::Hash
        } else {
            Self::PartOfHash
        }
    }

    const fn miss(self) -> &'static str {
        match self {
            Self::Nothing => texts::MISS_NOTHING,
            Self::Height => texts::MISS_HEIGHT,
            Self::Hash => texts::MISS_HASH,
            Self::PartOfHash => texts::MISS_PART,
            Self::Address => texts::MISS_ADDRESS,
        }
    }
}

/// Where to type what is looked for.
#[component]
pub(crate) fn SearchBox() -> impl IntoView {
    let tab = use_tab();
    let text = RwSignal::new(String::new());
    let from = listed_from();
    let navigate = use_navigate();
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let wanted = String::from(js_sys::encode_uri_component(text.get_untracked().trim()));
        if !wanted.is_empty() {
            let path = tab.href_from(&format!("/explorer/search/{wanted}"), from.get_untracked());
            navigate(&path, NavigateOptions { scroll: false, ..NavigateOptions::default() });
        }
    };
    view! {
        <form class="search" role="search" on:submit=submit>
            <label class="visually-hidden" for="search">{texts::SEARCH}</label>
            <input id="search" type="search" autocomplete="off" spellcheck="false" placeholder=texts::SEARCH_PLACEHOLDER data-testid="search" bind:value=text />
            <button type="submit" class="button" aria-label=texts::SEARCH><Icon shape=Shape::Search /></button>
        </form>
    }
}

/// Looks for what the address names and goes there, or says why not.
#[component]
pub(crate) fn SearchDialog() -> impl IntoView {
    let tab = use_tab();
    let text = subject("text");
    let missed = RwSignal::new(None::<(String, Kind)>);
    let from = listed_from();
    let navigate = StoredValue::new_local(use_navigate());
    Effect::new(move |_| {
        let wanted = text.get().trim().to_owned();
        missed.set(None);
        spawn_local(async move {
            let kind = Kind::of(&wanted);
            let found = find(tab, kind, &wanted).await;
            // Another search may have taken this one's place.
            if text.try_get_untracked().is_none_or(|text| text.trim() != wanted) {
                return;
            }
            match found {
                Some(path) => {
                    let path = tab.href_from(&path, from.get_untracked());
                    navigate.try_with_value(|navigate| {
                        navigate(&path, NavigateOptions { replace: true, scroll: false, ..NavigateOptions::default() });
                    });
                }
                None => missed.set(Some((wanted, kind))),
            }
        });
    });
    view! {
        <Dialog title=texts::SEARCH.to_owned() name="search" on_close=close_dialog()>
            {move || match missed.get() {
                None => view! { <Loading text=texts::SEARCHING /> }.into_any(),
                Some((wanted, kind)) => view! {
                    <div data-testid="search-miss">
                        <p class="long-text">{wanted}</p>
                        <Notice tone=Tone::Warning title=texts::SEARCH_MISS text=kind.miss() />
                    </div>
                }
                .into_any(),
            }}
        </Dialog>
    }
}

/// The address within the page of what is looked for, if the node knows it.
async fn find(tab: Tab, kind: Kind, wanted: &str) -> Option<String> {
    let id = wanted.to_ascii_lowercase();
    match kind {
        Kind::Nothing | Kind::PartOfHash => None,
        Kind::Height => {
            let block: BlockView = tab.request(Request::Block { id }).await.ok()?;
            Some(format!("/explorer/block/{}", block.summary.hash))
        }
        Kind::Hash => {
            if tab.request::<BlockView>(Request::Block { id: id.clone() }).await.is_ok() {
                return Some(format!("/explorer/block/{id}"));
            }
            let transaction = tab.request::<TransactionView>(Request::Transaction { id: id.clone() }).await;
            transaction.is_ok().then(|| format!("/explorer/transaction/{id}"))
        }
        Kind::Address => {
            let balance: Balance = tab.request(Request::Balance { address: Some(wanted.to_owned()) }).await.ok()?;
            Some(format!("/explorer/address/{}", balance.address))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_is_known_by_its_looks() {
        for (text, kind) in [
            ("", Kind::Nothing),
            ("12345", Kind::Height),
            (&"0".repeat(64), Kind::Hash),
            (&"0a".repeat(32), Kind::Hash),
            ("00ab", Kind::PartOfHash),
            ("tab1qqqq", Kind::Address),
            ("hello world", Kind::Address),
        ] {
            assert_eq!(Kind::of(text), kind, "{text}");
        }
    }
}
