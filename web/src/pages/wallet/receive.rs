//! The wallet's address, to be paid.

use crate::{
    components::{CopyButton, Flag, Loading, QrCode},
    state::use_tab,
    texts,
};
use leptos::prelude::*;

/// The address as text and as QR code.
#[component]
pub(crate) fn ReceivePanel() -> impl IntoView {
    let tab = use_tab();
    let address = Memo::new(move |_| tab.status.map(|status| status.address.clone()));
    let body = move || match address.get() {
        None => view! { <Loading text=texts::ADDRESS_WAITING /> }.into_any(),
        Some(address) => view! {
            <div class="receive-body">
                <QrCode text=address.clone() label=texts::ADDRESS_QR />
                <div class="receive-text">
                    <p class="receive-address">
                        <Flag of=address.clone() />
                        <span class="long-text" data-testid="address">{address.clone()}</span>
                    </p>
                    <div class="actions"><CopyButton text=address what=texts::WHAT_ADDRESS wide=true /></div>
                    <p class="muted">{texts::ADDRESS_NOTE}</p>
                </div>
            </div>
        }
        .into_any(),
    };
    view! {
        <section class="panel receive" aria-labelledby="receive-title">
            <h2 id="receive-title">{texts::RECEIVE}</h2>
            {body}
        </section>
    }
}
