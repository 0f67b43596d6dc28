//! What an address has, in a dialog.

use super::{super::history::History, close_dialog, subject, within};
use crate::{
    browser,
    components::{AmountText, Dialog, Failure, Loading, LongText, Notice, SaveJson, Tone},
    live::{Loaded, Meanwhile, Topics},
    state::use_tab,
    texts,
};
use leptos::prelude::*;
use node_wasm::{
    request::{ErrorCode, Request},
    units::Amount,
    view::{Balance, Role},
};

/// The balance of the address that the page's address names.
#[component]
pub(crate) fn AddressDialog() -> impl IntoView {
    let (tab, id) = (use_tab(), subject("id"));
    let balance = tab.query::<Balance>(Topics::CHAIN | Topics::MEMPOOL, Meanwhile::Nothing, move || {
        Some(Request::Balance { address: Some(id.get()) })
    });
    // A light node lists only what is its own.
    let listed = Memo::new(move |_| {
        let address = balance.map(|balance| balance.address.clone())?;
        let is_own =
            tab.wallet.map(|wallet| wallet.accounts.iter().chain(&wallet.watched).any(|own| own.address == address));
        (tab.role() != Some(Role::Light) || is_own == Some(true)).then_some(address)
    });
    view! {
        <Dialog title=texts::ADDRESS.to_owned() name="address" on_close=close_dialog()>
            {move || match balance.data.get() {
                Loaded::Waiting => view! { <Loading text=texts::BALANCE_WAITING /> }.into_any(),
                Loaded::Failed(error) if error.code == ErrorCode::BadAddress => {
                    view! { <Notice tone=Tone::Warning title=texts::ADDRESS_WRONG text=browser::said(&error.message) /> }.into_any()
                }
                Loaded::Failed(error) => view! { <Failure error=error /> }.into_any(),
                Loaded::Ready(balance) => view! { <Holdings balance=balance /> }.into_any(),
            }}
            <Show when=move || listed.with(Option::is_some)>
                <History address=listed topics=Topics::CHAIN | Topics::BRANCHES | Topics::MEMPOOL link=within empty=texts::ADDRESS_UNUSED>
                    <h3>{texts::HISTORY}</h3>
                </History>
            </Show>
        </Dialog>
    }
}

#[component]
fn Holdings(balance: Balance) -> impl IntoView {
    let own = use_tab().status.map(|status| status.address.clone());
    let is_own = own.as_deref() == Some(balance.address.as_str());
    let part = |label: &'static str, amount: Amount| view! { <div><dt>{label}</dt><dd><AmountText amount=amount /></dd></div> };
    let (request, file) =
        (Request::Balance { address: Some(balance.address.clone()) }, format!("tabchain-address-{}", balance.address));
    view! {
        <p><LongText text=balance.address what=texts::WHAT_ADDRESS /></p>
        {is_own.then(|| view! { <p><span class="badge badge-good">{texts::OWN_ADDRESS}</span></p> })}
        <p class="transaction-amount"><AmountText amount=balance.confirmed /></p>
        <dl class="facts">
            {part(texts::SPENDABLE, balance.spendable)}
            {part(texts::IMMATURE, balance.immature)}
            {part(texts::PENDING_IN, balance.pending_in)}
            {part(texts::PENDING_OUT, balance.pending_out)}
            <div><dt>{texts::SENT_COUNT}</dt><dd>{balance.nonce}</dd></div>
        </dl>
        <div class="actions actions-end"><SaveJson request=request name=file /></div>
    }
}
