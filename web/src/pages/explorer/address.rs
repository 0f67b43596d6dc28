//! What an address has, in a dialog.

use super::{close_dialog, subject};
use crate::{
    components::{AmountText, Dialog, Failure, Loading, LongText, Notice, SaveJson, Tone},
    format,
    live::{Loaded, Meanwhile, Topics},
    state::use_tab,
    texts,
};
use leptos::prelude::*;
use node_wasm::{
    request::{ErrorCode, Request},
    units::Amount,
    view::Balance,
};

/// The balance of the address that the page's address names.
#[component]
pub(crate) fn AddressDialog() -> impl IntoView {
    let id = subject("id");
    let balance = use_tab().query::<Balance>(Topics::CHAIN | Topics::MEMPOOL, Meanwhile::Nothing, move || {
        Some(Request::Balance { address: Some(id.get()) })
    });
    view! {
        <Dialog title=texts::ADDRESS.to_owned() name="address" on_close=close_dialog()>
            {move || match balance.data.get() {
                Loaded::Waiting => view! { <Loading text=texts::BALANCE_WAITING /> }.into_any(),
                Loaded::Failed(error) if error.code == ErrorCode::BadAddress => {
                    view! { <Notice tone=Tone::Warning title=texts::ADDRESS_WRONG text=format::sentence(&error.message) /> }.into_any()
                }
                Loaded::Failed(error) => view! { <Failure error=error /> }.into_any(),
                Loaded::Ready(balance) => view! { <Holdings balance=balance /> }.into_any(),
            }}
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
