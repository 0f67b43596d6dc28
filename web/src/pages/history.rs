//! Transactions of an address, newest first, a page at a time.

use crate::{
    components::{AmountText, Failure, Hash, Icon, Loading, Shape, TimeAgo, TransactionStanding},
    live::{Meanwhile, Topics},
    state::use_tab,
    texts,
};
use leptos::prelude::*;
use node_wasm::{
    request::Request,
    view::{Direction, HistoryEntry, HistoryPage, TransactionKind, TransactionState},
};

/// Rows of a page.
const PAGE: u32 = 25;

/// What came and went.
#[component]
pub(crate) fn History(
    /// Whose.
    #[prop(into)]
    address: Signal<Option<String>>,
    /// What tells that there may be others.
    topics: Topics,
    /// Makes addresses within the page.
    link: fn(&str) -> String,
    /// Said while there are none.
    empty: &'static str,
    /// The heading.
    children: Children,
) -> impl IntoView {
    let tab = use_tab();
    let from = RwSignal::new(0);
    let history = tab.query::<HistoryPage>(topics, Meanwhile::Previous, move || {
        address.get().map(|address| Request::History {
            address: Some(address),
            from: Some(from.get()),
            limit: Some(PAGE),
        })
    });
    let entries = move || history.map(|history| history.page.items.clone()).unwrap_or_default();
    let total = Memo::new(move |_| history.map(|history| history.page.total));
    // Another address begins at its newest row; so does one whose rows have become fewer.
    Effect::new(move |_| {
        address.track();
        from.set(0);
    });
    Effect::new(move |_| {
        if total.get().is_some_and(|total| total > 0 && from.get_untracked() >= total) {
            from.set(0);
        }
    });
    let has_older = Memo::new(move |_| total.get().is_some_and(|total| total > from.get() + PAGE));
    let is_paged = Memo::new(move |_| total.get().is_some_and(|total| total > PAGE));
    let said = move || {
        let (from, total) = (from.get(), total.get()?);
        let all = texts::transactions(total);
        Some(if is_paged.get() { texts::history_rows(from + 1, total.min(from + PAGE), total) } else { all })
    };
    let since = Memo::new(move |_| history.map(|history| history.since).flatten().filter(|since| since.0 > 1));
    let failure = history.failure();
    let state = move || match (failure.get(), total.get()) {
        (Some(error), _) => Some(view! { <Failure error=error /> }.into_any()),
        (None, None) => Some(view! { <Loading text=texts::HISTORY_WAITING /> }.into_any()),
        (None, Some(0)) => Some(view! { <p class="empty">{empty}</p> }.into_any()),
        (None, Some(_)) => None,
    };
    view! {
        <div class="panel-head">
            {children()}
            <p class="muted" data-testid="history-said">{said}</p>
        </div>
        {state}
        <ol class="history-rows" data-testid="history">
            <For each=entries key=key let(entry)><Row entry=entry link=link /></For>
        </ol>
        {move || since.get().map(|since| view! { <p class="muted">{texts::history_since(since.0)}</p> })}
        <Show when=move || is_paged.get()>
            <nav class="pager" aria-label=texts::HISTORY_PAGER>
                <button type="button" class="button" data-testid="history-newer" disabled=move || from.get() == 0 on:click=move |_| from.update(|from| *from = from.saturating_sub(PAGE))>
                    <Icon shape=Shape::Left />{texts::NEWER}
                </button>
                <button type="button" class="button" data-testid="history-older" disabled=move || !has_older.get() on:click=move |_| from.update(|from| *from += PAGE)>
                    {texts::OLDER}<Icon shape=Shape::Right />
                </button>
            </nav>
        </Show>
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
fn Row(entry: HistoryEntry, link: fn(&str) -> String) -> impl IntoView {
    let HistoryEntry { transaction, direction, time } = entry;
    let id = transaction.id.to_string();
    let href = link(&format!("/explorer/transaction/{id}"));
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
        let href = link(&format!("/explorer/address/{address}"));
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
