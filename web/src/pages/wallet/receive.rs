//! The address that is seen, to be paid: alone, or in a link with an amount.

use super::{Shown, payment_link::PaymentLink};
use crate::{
    browser,
    components::{CopyButton, Field, Flag, Loading, QrCode},
    notation::Notation,
    state::use_tab,
    texts,
};
use leptos::prelude::*;
use node_wasm::sentence::Say;
use node_wasm::units::Amount;

/// The address as text, as payment link and as QR code.
#[component]
pub(super) fn ReceivePanel() -> impl IntoView {
    let (tab, shown) = (use_tab(), expect_context::<Shown>());
    let address = Memo::new(move |_| shown.address(tab));
    let amount = RwSignal::new(String::new());
    // A wrong amount is told below and left out of the link.
    let checked = Memo::new(move |_| {
        let text = amount.get();
        (!text.trim().is_empty()).then(|| Notation::of_user().read(&text).parse::<Amount>())
    });
    let error =
        Signal::derive(move || checked.get().and_then(Result::err).map(|problem| browser::said(&problem.say())));
    let link = Memo::new(move |_| {
        let amount = checked.get().and_then(Result::ok).map(|amount| amount.to_string());
        PaymentLink { to: address.get().unwrap_or_default(), amount, memo: None }.to_text()
    });
    let body = move || {
        match address.get() {
        None => view! { <Loading text=texts::ADDRESS_WAITING /> }.into_any(),
        Some(address) => view! {
            <div class="receive-body">
                <QrCode text=link label=texts::LINK_QR />
                <div class="receive-text">
                    <p class="receive-address">
                        <Flag of=address.clone() />
                        <span class="long-text" data-testid="address">{address.clone()}</span>
                    </p>
                    <div class="actions">
                        <CopyButton text=address what=texts::WHAT_ADDRESS wide=true />
                        <CopyButton text=link what=texts::WHAT_PAYMENT_LINK wide=true />
                    </div>
                </div>
            </div>
            <p class="muted receive-link"><span>{texts::LINK}</span>" "<span class="long-text" data-testid="payment-link">{link}</span></p>
        }
        .into_any(),
    }
    };
    view! {
        <section class="panel receive" aria-labelledby="receive-title">
            <h2 id="receive-title">{texts::RECEIVE}</h2>
            {body}
            <Field name="receive-amount" label=texts::REQUEST_AMOUNT value=amount decimal=true unit=texts::UNIT error=error hint=texts::REQUEST_HINT.to_owned() placeholder=Notation::of_user().write("0.0") />
            <p class="muted">{texts::ADDRESS_NOTE}</p>
        </section>
    }
}
