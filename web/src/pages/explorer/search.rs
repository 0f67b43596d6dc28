//! Search by height, hash, transaction id or address.

use super::{close_dialog, listed_from, subject, within};
use crate::{
    components::{Dialog, Failure, Icon, Loading, Notice, Shape, Tone},
    state::{Tab, use_tab},
    texts,
};
use leptos::{prelude::*, task::spawn_local};
use leptos_router::{NavigateOptions, hooks::use_navigate};
use node_wasm::{
    request::{ErrorCode, Request, RequestError},
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

    /// Why nothing was found, and what helps.
    fn miss(self, wanted: &str, tip: Option<u32>) -> String {
        match (self, tip) {
            (Self::Nothing, _) => texts::MISS_NOTHING.to_owned(),
            // The chain is that high, and yet there is no block: it was dropped.
            (Self::Height, Some(tip)) if wanted.parse::<u32>().is_ok_and(|height| height <= tip) => {
                texts::MISS_DROPPED.to_owned()
            }
            (Self::Height, Some(tip)) => texts::miss_height(tip),
            (Self::Height, None) => texts::MISS_HEIGHT.to_owned(),
            (Self::Hash, _) => texts::MISS_HASH.to_owned(),
            (Self::PartOfHash, _) => texts::miss_part(wanted.chars().count()),
            (Self::Address, _) => texts::MISS_ADDRESS.to_owned(),
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
    let missed = RwSignal::new(None::<Miss>);
    let from = listed_from();
    let navigate = StoredValue::new_local(use_navigate());
    Effect::new(move |_| {
        // "#12" and "12 " are what people type and paste.
        let wanted = text.get().trim().trim_start_matches('#').to_owned();
        // What is not here may come with the next block, as when this tab has only just been opened.
        tab.height.track();
        if missed.with_untracked(|missed| missed.as_ref().is_some_and(|missed| missed.wanted != wanted)) {
            missed.set(None);
        }
        spawn_local(async move {
            let kind = Kind::of(&wanted);
            let found = find(tab, kind, &wanted).await;
            // Another search may have taken this one's place.
            if text.try_get_untracked().is_none_or(|text| text.trim().trim_start_matches('#') != wanted) {
                return;
            }
            match found {
                Ok(Some(path)) => {
                    let path = tab.href_from(&path, from.get_untracked());
                    navigate.try_with_value(|navigate| {
                        navigate(&path, NavigateOptions { replace: true, scroll: false, ..NavigateOptions::default() });
                    });
                }
                Ok(None) => miss(missed, Miss { wanted, kind, failure: None }),
                Err(failure) => miss(missed, Miss { wanted, kind, failure: Some(failure) }),
            }
        });
    });
    view! {
        <Dialog title=texts::SEARCH.to_owned() name="search" on_close=close_dialog()>
            {move || match missed.get() {
                None => view! { <Loading text=texts::SEARCHING /> }.into_any(),
                Some(Miss { wanted, failure: Some(failure), .. }) => view! {
                    <div data-testid="search-miss">
                        <p class="long-text">{wanted}</p>
                        <Failure error=failure />
                    </div>
                }
                .into_any(),
                Some(Miss { wanted, kind, failure: None }) => view! {
                    <div data-testid="search-miss">
                        <p class="long-text">{wanted.clone()}</p>
                        <Notice tone=Tone::Warning title=texts::SEARCH_MISS text=kind.miss(&wanted, tab.height.get_untracked())>
                            {(kind == Kind::Height).then(|| tab.height.get_untracked()).flatten().map(|tip| view! {
                                <a class="button" href=within(&format!("/explorer/block/{tip}")) data-noscroll="">{texts::to_newest(tip)}</a>
                            })}
                        </Notice>
                    </div>
                }
                .into_any(),
            }}
        </Dialog>
    }
}

/// What was not found, and whether it was because the node cannot look for it.
#[derive(Debug, Clone, PartialEq)]
struct Miss {
    wanted: String,
    kind: Kind,
    failure: Option<RequestError>,
}

/// Says it, unless it is said already.
fn miss(missed: RwSignal<Option<Miss>>, miss: Miss) {
    if missed.try_with_untracked(|missed| missed.as_ref() != Some(&miss)) == Some(true) {
        missed.set(Some(miss));
    }
}

/// The address within the page of what is looked for, if the node knows it. The error says why the node cannot
/// tell, such as a light one that keeps no blocks.
async fn find(tab: Tab, kind: Kind, wanted: &str) -> Result<Option<String>, RequestError> {
    let id = wanted.to_ascii_lowercase();
    match kind {
        Kind::Nothing | Kind::PartOfHash => Ok(None),
        Kind::Height => {
            let block = known(tab.request::<BlockView>(Request::Block { id }).await)?;
            Ok(block.map(|block| format!("/explorer/block/{}", block.summary.hash)))
        }
        Kind::Hash => {
            let block = tab.request::<BlockView>(Request::Block { id: id.clone() }).await;
            if block.is_ok() {
                return Ok(Some(format!("/explorer/block/{id}")));
            }
            let transaction = tab.request::<TransactionView>(Request::Transaction { id: id.clone() }).await;
            let transaction = known(transaction)?.map(|_| format!("/explorer/transaction/{id}"));
            // Only when it is no transaction either does it matter why there is no block.
            if transaction.is_none() { known(block).map(|_| None) } else { Ok(transaction) }
        }
        Kind::Address => {
            let balance = known(tab.request::<Balance>(Request::Balance { address: Some(wanted.to_owned()) }).await)?;
            Ok(balance.map(|balance| format!("/explorer/address/{}", balance.address)))
        }
    }
}

/// Nothing where the node says that there is no such thing.
fn known<T>(answer: Result<T, RequestError>) -> Result<Option<T>, RequestError> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(error) if matches!(error.code, ErrorCode::NotFound | ErrorCode::BadRequest | ErrorCode::BadAddress) => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_miss_says_what_helps() {
        assert!(Kind::Height.miss("99", Some(12)).contains("12"));
        assert_eq!(Kind::Height.miss("7", Some(12)), texts::MISS_DROPPED);
        assert!(Kind::PartOfHash.miss("00ab", Some(12)).contains("this has 4"));
        assert_eq!(Kind::Address.miss("x", None), texts::MISS_ADDRESS);
    }

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
