//! Waiting transactions by fee rate, and what this node's miner shall do with each.

use super::{fee_rate, is_cut};
use crate::{
    browser,
    components::{AmountText, Failure, Hash, Icon, Link, Loading, Notice, Rows, Shape, Tone, Window, use_toasts},
    format,
    live::{Meanwhile, Query, Topics},
    state::use_tab,
    texts,
};
use leptos::prelude::*;
use node_wasm::{
    request::{Request, Wish},
    view::{Page, TemplateView, TransactionView},
};
use std::collections::BTreeSet;

/// Height of a row in pixels: on a wide and on a narrow screen. The style sheet must agree.
const ROW: (f64, f64) = (52.0, 124.0);

/// What is known of the next block: who is in it, and the miner's wishes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Standing {
    listed: BTreeSet<String>,
    /// Whether the next block has more than are listed.
    has_more: bool,
    pinned: BTreeSet<String>,
    excluded: BTreeSet<String>,
}

impl Standing {
    fn of(next: &TemplateView) -> Self {
        let ids = |ids: &[_]| ids.iter().map(ToString::to_string).collect();
        let listed: Vec<_> = next.transactions.items.iter().map(|one| one.id).collect();
        Self { has_more: is_cut(next), listed: ids(&listed), pinned: ids(&next.pinned), excluded: ids(&next.excluded) }
    }

    fn wish(&self, id: &str) -> Wish {
        if self.pinned.contains(id) {
            Wish::Pin
        } else if self.excluded.contains(id) {
            Wish::Exclude
        } else {
            Wish::None
        }
    }

    fn place(&self, id: &str) -> &'static str {
        match self {
            _ if self.listed.contains(id) => texts::IN_NEXT,
            _ if self.has_more && !self.excluded.contains(id) => texts::UNKNOWN,
            _ => texts::LATER,
        }
    }
}

/// All waiting transactions.
#[component]
pub(crate) fn WaitingList(template: Query<TemplateView>) -> impl IntoView {
    let tab = use_tab();
    let window = RwSignal::new(Window::default());
    let waiting = tab.query::<Page<TransactionView>>(Topics::MEMPOOL | Topics::CHAIN, Meanwhile::Previous, move || {
        let Window { from, limit } = window.get();
        (limit > 0).then_some(Request::Mempool { from: Some(from), limit: Some(limit) })
    });
    let rows = move || {
        let items = waiting.map(|page| page.items.clone()).unwrap_or_default();
        match waiting.answers() {
            Some(Request::Mempool { from, .. }) => (from.unwrap_or(0), items),
            _ => (0, items),
        }
    };
    let standing = Memo::new(move |_| template.map(Standing::of).unwrap_or_default());
    let total = Memo::new(move |_| waiting.map(|page| page.total));
    let failure = waiting.failure();
    let state = move || match (failure.get(), total.get()) {
        (Some(error), _) => Some(view! { <Failure error=error /> }.into_any()),
        (None, None) => Some(view! { <Loading text=texts::WAITING_LOADING /> }.into_any()),
        (None, Some(0)) => Some(view! { <Empty /> }.into_any()),
        (None, Some(_)) => None,
    };
    view! {
        <section class="panel waiting" aria-labelledby="waiting-title">
            <div class="panel-head">
                <h2 id="waiting-title">{texts::WAITING_LIST}</h2>
                <p class="muted" data-testid="waiting-count">{move || total.get().map(texts::transactions)}</p>
            </div>
            {state}
            <div class="waiting-list" class:is-empty=move || total.get().unwrap_or(0) == 0>
                <p class="muted">{texts::WISH_NOTE}</p>
                <Rows
                    label=texts::WAITING_LIST
                    heights=ROW
                    total=Signal::derive(move || total.get().unwrap_or(0))
                    window=window
                    rows=rows
                    key=|one: &TransactionView| one.id.to_string()
                    row=move |one| view! { <Row transaction=one standing=standing /> }
                />
            </div>
        </section>
    }
}

/// Nothing waits.
#[component]
fn Empty() -> impl IntoView {
    view! {
        <Notice tone=Tone::Calm title=texts::WAITING_EMPTY_TITLE text=texts::WAITING_EMPTY_TEXT>
            <Link to="/wallet" class="button">{texts::TO_WALLET}</Link>
            <Link to="/mining" class="button">{texts::TO_MINING}</Link>
        </Notice>
    }
}

#[component]
fn Row(transaction: TransactionView, standing: Memo<Standing>) -> impl IntoView {
    let tab = use_tab();
    let id = transaction.id.to_string();
    let href = tab.href(&format!("/explorer/transaction/{id}"));
    let place = Memo::new({
        let id = id.clone();
        move |_| standing.with(|standing| standing.place(&id))
    });
    view! {
        <div class="waiting-row" data-testid="waiting-row">
            <span class="waiting-rate" title=texts::FEE_RATE>
                {browser::written_whole(fee_rate(transaction.fee, transaction.size))}" "<span class="amount-unit">{texts::FEE_RATE_UNIT}</span>
            </span>
            <span class="waiting-id"><Hash text=id.clone() what=texts::WHAT_TRANSACTION href=href /></span>
            <span class="waiting-amount"><AmountText amount=transaction.amount /></span>
            <span class="waiting-size muted">{format::bytes(u64::from(transaction.size))}</span>
            <span class="waiting-place" title=texts::IN_NEXT_BLOCK>
                <span class="badge" class:badge-good=move || place.get() == texts::IN_NEXT>{place}</span>
            </span>
            <Wishes id=id standing=standing />
        </div>
    }
}

/// Pins a transaction or leaves it out; a second press takes the wish back.
#[component]
fn Wishes(id: String, standing: Memo<Standing>) -> impl IntoView {
    let tab = use_tab();
    let toasts = use_toasts();
    let current = Memo::new({
        let id = id.clone();
        move |_| standing.with(|standing| standing.wish(&id))
    });
    let ask = move |id: String, wish: Wish| {
        let wish = if current.get_untracked() == wish { Wish::None } else { wish };
        tab.act(Request::MinerWish { id, wish }, move |result| match result {
            // A wish is no event: what depends on it is asked for again.
            Ok(()) => tab.mark(Topics::MEMPOOL),
            Err(error) => toasts.say(browser::said(&error.message)),
        });
    };
    let button = move |name: &'static str, wish: Wish, shape: Shape, word: &'static str, done: &'static str| {
        let asked = id.clone();
        let label = texts::wish_label(word, &id);
        view! {
            <button type="button" class="chip" aria-pressed=move || (current.get() == wish).to_string() aria-label=label data-testid=name on:click=move |_| ask(asked.clone(), wish)>
                <Icon shape=shape />
                {move || if current.get() == wish { done } else { word }}
            </button>
        }
    };
    view! {
        <span class="waiting-wishes chips" role="group" aria-label=texts::WISH>
            {button.clone()("wish-pin", Wish::Pin, Shape::Pin, texts::PIN, texts::PINNED)}
            {button("wish-exclude", Wish::Exclude, Shape::Cross, texts::EXCLUDE, texts::EXCLUDED)}
        </span>
    }
}
