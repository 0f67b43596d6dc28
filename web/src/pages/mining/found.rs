//! Blocks that paid this wallet, newest first.

use crate::{
    components::{AmountText, Failure, Link, Loading, TimeAgo, TransactionStanding},
    live::{Meanwhile, Topics},
    state::use_tab,
    texts,
};
use leptos::prelude::*;
use node_wasm::{
    request::Request,
    view::{HistoryEntry, Page, TransactionKind, TransactionState},
};

/// Lines of the history that are looked through.
const LOOKED_THROUGH: u32 = 500;

/// Blocks that are listed.
const LISTED: usize = 20;

/// Rewards of the wallet.
#[component]
pub(crate) fn FoundBlocks() -> impl IntoView {
    let history = use_tab().query::<Page<HistoryEntry>>(Topics::WALLET | Topics::BRANCHES, Meanwhile::Previous, || {
        Some(Request::History { address: None, from: None, limit: Some(LOOKED_THROUGH) })
    });
    let rewards = Memo::new(move |_| history.map(|page| rewards(&page.items)));
    let is_cut = Memo::new(move |_| history.map(|page| page.total > LOOKED_THROUGH).unwrap_or(false));
    let failure = history.failure();
    let count = Memo::new(move |_| rewards.with(|rewards| rewards.as_ref().map(Vec::len)));
    let has_more = move || count.get().is_some_and(|count| count > LISTED || count > 0 && is_cut.get());
    let state = move || match (failure.get(), count.get()) {
        (Some(error), _) => Some(view! { <Failure error=error /> }.into_any()),
        (None, None) => Some(view! { <Loading text=texts::FOUND_WAITING /> }.into_any()),
        (None, Some(0)) if is_cut.get() => Some(view! { <p class="empty">{texts::FOUND_NONE_LATELY}</p> }.into_any()),
        (None, Some(0)) => Some(view! { <p class="empty">{texts::FOUND_EMPTY}</p> }.into_any()),
        (None, Some(_)) => None,
    };
    let key =
        |entry: &HistoryEntry| (entry.transaction.id.to_string(), entry.transaction.status == TransactionState::Stale);
    view! {
        <section class="panel found" aria-labelledby="found-title">
            <h2 id="found-title">{texts::FOUND_LIST}</h2>
            {state}
            <ol class="found-list">
                <For each=move || rewards.get().unwrap_or_default().into_iter().take(LISTED) key=key let(entry)>
                    <Found entry=entry />
                </For>
            </ol>
            <Show when=has_more>
                <p><Link to="/wallet">{texts::FOUND_MORE}</Link></p>
            </Show>
        </section>
    }
}

/// The newest rewards, one more than is listed if there are more.
fn rewards(history: &[HistoryEntry]) -> Vec<HistoryEntry> {
    history.iter().filter(|entry| entry.transaction.kind == TransactionKind::Reward).take(LISTED + 1).cloned().collect()
}

#[component]
fn Found(entry: HistoryEntry) -> impl IntoView {
    let HistoryEntry { transaction, time, .. } = entry;
    let block = match &transaction.status {
        TransactionState::Confirmed { block, height, .. } => {
            let (to, name) = (format!("/explorer/block/{block}"), texts::block(height.0));
            view! { <Link to=to>{name}</Link> }.into_any()
        }
        TransactionState::Waiting | TransactionState::Stale => texts::REWARD.into_any(),
    };
    view! {
        <li class="found-row" data-testid="found-row">
            <span class="found-block">{block}</span>
            <TransactionStanding state=transaction.status />
            <span class="muted"><TimeAgo time=time /></span>
            <span class="found-amount"><AmountText amount=transaction.amount /></span>
        </li>
    }
}
