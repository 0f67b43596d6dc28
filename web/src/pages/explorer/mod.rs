//! The explorer: blocks as cards, and dialogs with what is behind them.

mod address;
mod block;
mod blocks;
mod proof;
mod search;
mod transaction;

pub(crate) use self::{
    address::AddressDialog, block::BlockDialog, search::SearchDialog, transaction::TransactionDialog,
};

use self::{blocks::Blocks, search::SearchBox};
use crate::{state::use_tab, texts};
use leptos::prelude::*;
use leptos_router::{
    NavigateOptions,
    components::Outlet,
    hooks::{use_navigate, use_params_map, use_query_map},
};
use node_wasm::view::TransactionState;

/// The explorer; the address below it says which dialog is open.
#[component]
pub(crate) fn Explorer() -> impl IntoView {
    super::title(texts::EXPLORER);
    view! {
        <div class="page-head page-head-split">
            <div>
                <h1>{texts::EXPLORER}</h1>
                <p class="lead">{texts::EXPLORER_LEAD}</p>
            </div>
            <SearchBox />
        </div>
        <Blocks />
        <Outlet />
    }
}

/// Height from which the list behind the dialogs starts; the tip if absent.
fn listed_from() -> Memo<Option<u32>> {
    let query = use_query_map();
    Memo::new(move |_| query.with(|query| query.get_str("from").and_then(|from| from.parse().ok())))
}

/// Takes out how deep a transaction lies, which changes with every block while the rest stays.
fn forget_depth(status: &mut TransactionState) {
    if let TransactionState::Confirmed { confirmations, .. } = status {
        *confirmations = 0;
    }
}

/// The last part of the address: what a dialog is about.
fn subject(name: &'static str) -> Memo<String> {
    let parameters = use_params_map();
    Memo::new(move |_| parameters.with(|parameters| parameters.get(name).unwrap_or_default()))
}

/// Goes back from a dialog to the list, where it was.
fn close_dialog() -> Callback<()> {
    let tab = use_tab();
    let from = listed_from();
    let navigate = StoredValue::new_local(use_navigate());
    Callback::new(move |()| {
        let list = tab.href_from("/explorer", from.get_untracked());
        navigate
            .with_value(|navigate| navigate(&list, NavigateOptions { scroll: false, ..NavigateOptions::default() }));
    })
}

/// An address in the explorer that keeps the list where it is.
fn within(path: &str) -> String {
    use_tab().href_from(path, listed_from().get_untracked())
}
