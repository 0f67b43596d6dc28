//! The balance of the account that is seen.

use super::Shown;
use crate::{
    components::{AmountText, Failure, Loading},
    live::{Loaded, Meanwhile, Topics},
    state::use_tab,
    texts,
};
use leptos::prelude::*;
use node_wasm::{request::Request, units::Amount, view::Balance};

/// What the wallet has.
#[component]
pub(crate) fn BalancePanel() -> impl IntoView {
    let (tab, shown) = (use_tab(), expect_context::<Shown>());
    let balance = tab.query::<Balance>(Topics::WALLET | Topics::CHAIN, Meanwhile::Nothing, move || {
        shown.address(tab).map(|address| Request::Balance { address: Some(address) })
    });
    let failure = balance.failure();
    let is_waiting = Memo::new(move |_| balance.data.with(|data| *data == Loaded::Waiting));
    let part = move |part: fn(&Balance) -> Amount| Signal::derive(move || balance.map(part).unwrap_or_default());
    let body = move || {
        if let Some(error) = failure.get() {
            return view! { <Failure error=error /> }.into_any();
        }
        if is_waiting.get() {
            return view! { <Loading text=texts::BALANCE_WAITING /> }.into_any();
        }
        view! {
            <p class="balance-main" data-testid="balance-spendable"><AmountText amount=part(|balance| balance.spendable) /></p>
            <p class="muted">{texts::SPENDABLE_NOTE}</p>
            <dl class="facts balance-parts">
                <Part name="balance-immature" label=texts::IMMATURE note=texts::IMMATURE_NOTE amount=part(|balance| balance.immature) />
                <Part name="balance-pending-in" label=texts::PENDING_IN note=texts::PENDING_IN_NOTE amount=part(|balance| balance.pending_in) />
                <Part name="balance-pending-out" label=texts::PENDING_OUT note=texts::PENDING_OUT_NOTE amount=part(|balance| balance.pending_out) />
            </dl>
        }
        .into_any()
    };
    view! {
        <section class="panel balance" aria-labelledby="balance-title">
            <h2 id="balance-title">{texts::SPENDABLE}</h2>
            {body}
        </section>
    }
}

#[component]
fn Part(name: &'static str, label: &'static str, note: &'static str, amount: Signal<Amount>) -> impl IntoView {
    view! {
        <div class:is-zero=move || amount.get().is_zero()>
            <dt title=note>{label}</dt>
            <dd data-testid=name><AmountText amount=amount /></dd>
        </div>
    }
}
