//! Transactions of the account that is seen, newest first.

use super::Shown;
use crate::{
    components::{AmountText, Failure, Hash, Icon, Loading, Shape, TimeAgo, TransactionStanding},
    live::{Meanwhile, Topics},
    state::use_tab,
    texts,
};
use leptos::prelude::*;
use node_wasm::{
    request::Request,
    view::{Direction, HistoryEntry, Page, TransactionKind, TransactionState},
};

/// Rows shown at first, and added by "more".
const STEP: u32 = 25;

/// What came and went.
#[component]
pub(crate) fn HistoryPanel() -> impl IntoView {
    let (tab, seen) = (use_tab(), expect_context::<Shown>());
    let shown = RwSignal::new(STEP);
    let history = tab.query::<Page<HistoryEntry>>(Topics::WALLET | Topics::BRANCHES, Meanwhile::Previous, move || {
        seen.address(tab).map(|address| Request::History {
            address: Some(address),
            from: None,
            limit: Some(shown.get()),
        })
    });
    let entries = move || history.map(|page| page.items.clone()).unwrap_or_default();
    let total = Memo::new(move |_| history.map(|page| page.total));
    let has_more = Memo::new(move |_| total.get().is_some_and(|total| total > shown.get()));
    let failure = history.failure();
    let state = move || match (failure.get(), total.get()) {
        (Some(error), _) => Some(view! { <Failure error=error /> }.into_any()),
        (None, None) => Some(view! { <Loading text=texts::HISTORY_WAITING /> }.into_any()),
        (None, Some(0)) => Some(view! { <p class="empty">{texts::HISTORY_EMPTY}</p> }.into_any()),
        (None, Some(_)) => None,
    };
    view! {
        <section class="panel history" aria-labelledby="history-title">
            <div class="panel-head">
                <h2 id="history-title">{texts::HISTORY}</h2>
                <p class="muted">{move || total.get().map(texts::transactions)}</p>
            </div>
            {state}
            <ol class="history-rows" data-testid="history">
                <For each=entries key=key let(entry)><Row entry=entry /></For>
            </ol>
            <Show when=move || has_more.get()>
                <button type="button" class="button" on:click=move |_| shown.update(|shown| *shown += STEP)>{texts::MORE}</button>
            </Show>
        </section>
    }
}

/// A row is drawn anew when its transaction comes to stand elsewhere; confirmations follow the tip.
fn key(entry: &HistoryEntry) -> (String, Option<String>, bool) {
    let (block, is_stale) = match &entry.transaction.status {
        TransactionState::Waiting => (None, false),
        TransactionState::Confirmed { block, .. } => (Some(block.to_string()), false),
        TransactionState::Stale => (None, true),
    };
    (entry.transaction.id.to_string(), block, is_stale)
}

#[component]
fn Row(entry: HistoryEntry) -> impl IntoView {
    let tab = use_tab();
    let HistoryEntry { transaction, direction, time } = entry;
    let id = transaction.id.to_string();
    let href = tab.href(&format!("/explorer/transaction/{id}"));
    let (class, shape, sign, word) = match direction {
        Direction::In => ("history-row history-in", Shape::Down, "+", texts::RECEIVED_FROM),
        Direction::Out => ("history-row history-out", Shape::Up, "−", texts::SENT_TO),
        Direction::Own => ("history-row", Shape::Ring, "", texts::SENT_TO_SELF),
    };
    let other = match direction {
        Direction::In => transaction.from,
        Direction::Out => Some(transaction.to),
        Direction::Own => None,
    };
    let word = match transaction.kind {
        TransactionKind::Reward => texts::REWARD,
        TransactionKind::Issue => texts::ISSUED,
        TransactionKind::Transfer => word,
    };
    let other = other.map(|address| {
        let href = tab.href(&format!("/explorer/address/{address}"));
        view! { <Hash text=address what=texts::WHAT_ADDRESS href=href /> }
    });
    let fee = (direction != Direction::In)
        .then(|| view! { <span class="muted">{texts::FEE}" "<AmountText amount=transaction.fee /></span> });
    view! {
        <li class=class data-testid="history-row">
            <Icon shape=shape />
            <div class="history-what">
                <p>{word}" "{other}</p>
                <p class="outside-text">{transaction.memo}</p>
            </div>
            <div class="history-amount">
                <p><span class="sign">{sign}</span><AmountText amount=transaction.amount /></p>
                <p>{fee}</p>
            </div>
            <div class="history-when">
                <p><TransactionStanding state=transaction.status />" "<TimeAgo time=time /></p>
                <p><Hash text=id what=texts::WHAT_TRANSACTION href=href /></p>
            </div>
        </li>
    }
}
