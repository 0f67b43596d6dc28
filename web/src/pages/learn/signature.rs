//! What a signature is: a payment of this wallet, handed to the node with one bit changed, and as it is.

use super::Progress;
use crate::{
    browser,
    components::{Failure, Notice, Tone},
    digits::{bytes_of, hex_of},
    state::use_tab,
    texts,
};
use leptos::{prelude::*, task::spawn_local};
use node_wasm::{
    hash::TxId,
    request::{ErrorCode, Request, RequestError, SendForm},
};

/// What the example pays, from the wallet to itself, in TAB.
const AMOUNT: &str = "0.01";

/// The signature ends a payment's bytes; its last byte is changed by one bit.
fn forged(hex: &str) -> Option<String> {
    let mut bytes = bytes_of(hex)?;
    *bytes.last_mut()? ^= 1;
    Some(hex_of(&bytes))
}

#[component]
pub(super) fn SignatureStep(number: usize) -> impl IntoView {
    let tab = use_tab();
    let progress: Progress = expect_context();
    let signed = RwSignal::new(None::<Result<String, RequestError>>);
    let sign = move |_| {
        spawn_local(async move {
            let form = match tab.request::<String>(Request::Address).await {
                Ok(to) => SendForm { to, amount: AMOUNT.to_owned(), ..SendForm::default() },
                Err(error) => {
                    signed.try_set(Some(Err(error)));
                    return;
                }
            };
            signed.try_set(Some(tab.request::<String>(Request::CreateTransaction(form)).await));
        });
    };
    let body = move || match signed.get() {
        None => ().into_any(),
        Some(Err(error)) if error.code == ErrorCode::InsufficientFunds => {
            view! { <Notice tone=Tone::Calm title=texts::LEARN_NO_COINS text=texts::LEARN_NO_COINS_TEXT /> }.into_any()
        }
        Some(Err(error)) => view! { <Failure error=error /> }.into_any(),
        Some(Ok(hex)) => view! { <Signed hex=hex on_done=move || progress.done(number) /> }.into_any(),
    };
    view! {
        <div class="actions">
            <button type="button" class="button button-main" data-testid="learn-sign" on:click=sign>{texts::LEARN_SIGN}</button>
        </div>
        <div aria-live="polite">{body}</div>
    }
}

/// The signed bytes, and both ways to hand them in.
#[component]
fn Signed(hex: String, on_done: impl Fn() + Copy + Send + Sync + 'static) -> impl IntoView {
    let tab = use_tab();
    let answer = RwSignal::new(None::<Result<TxId, RequestError>>);
    let submit = move |hex: String| {
        spawn_local(async move {
            let result = tab.request::<TxId>(Request::SubmitTransaction { hex }).await;
            on_done();
            answer.try_set(Some(result));
        });
    };
    let (bad, good) = (forged(&hex).unwrap_or_default(), hex.clone());
    let said = move || match answer.get() {
        None => ().into_any(),
        Some(Err(error)) => view! {
            <p><span class="badge badge-warning">{texts::LEARN_REFUSED}</span> " " {browser::said(&error.message)}</p>
        }
        .into_any(),
        Some(Ok(id)) => {
            let href = tab.href(&format!("/explorer/transaction/{id}"));
            view! {
                <p><span class="badge badge-good">{texts::LEARN_ACCEPTED}</span> " " <a href=href>{texts::LEARN_SEE_IT}</a></p>
            }
            .into_any()
        }
    };
    view! {
        <p class="long-text mono learn-bytes" data-testid="learn-signed">{hex}</p>
        <div class="actions">
            <button type="button" class="button" data-testid="learn-forged" on:click=move |_| submit(bad.clone())>{texts::LEARN_SUBMIT_FORGED}</button>
            <button type="button" class="button" data-testid="learn-submit" on:click=move |_| submit(good.clone())>{texts::LEARN_SUBMIT}</button>
        </div>
        <div aria-live="polite" data-testid="learn-answer">{said}</div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forgery_differs_in_one_bit() {
        assert_eq!(forged("00ff").as_deref(), Some("00fe"));
        assert_eq!(forged(""), None);
    }
}
