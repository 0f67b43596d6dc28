//! A dialog with a form that asks the wallet for something.

use super::Shown;
use crate::{browser, components::Dialog, state::use_tab, texts};
use leptos::{prelude::*, task::spawn_local};
use node_wasm::{
    request::{Request, RequestError, wallet::WalletRequest},
    view::wallet::WalletView,
};

/// What came of the last try.
#[derive(Clone, Copy)]
pub(super) struct Outcome {
    pub(super) error: RwSignal<Option<RequestError>>,
    pub(super) busy: RwSignal<bool>,
}

impl Outcome {
    pub(super) fn new() -> Self {
        Self { error: RwSignal::new(None), busy: RwSignal::new(false) }
    }

    /// The reason to show beside a field.
    pub(super) fn beside(self, field: &'static str) -> Signal<Option<String>> {
        Signal::derive(move || {
            let error = self.error.get().filter(|error| error.field.as_deref() == Some(field));
            error.map(|error| browser::said(&error.message))
        })
    }

    /// The reason to show below all fields that have no place of their own.
    fn elsewhere(self, fields: &'static [&'static str]) -> Signal<Option<String>> {
        Signal::derive(move || {
            let is_elsewhere =
                |error: &RequestError| error.field.as_deref().is_none_or(|field| !fields.contains(&field));
            self.error.get().filter(is_elsewhere).map(|error| browser::said(&error.message))
        })
    }
}

/// A dialog that asks until the wallet has done it.
#[component]
pub(super) fn FormDialog(
    title: &'static str,
    name: &'static str,
    text: &'static str,
    submit: &'static str,
    /// Fields that show their own errors.
    #[prop(optional)]
    fields: &'static [&'static str],
    outcome: Outcome,
    /// What to ask; nothing when an entry is not good yet.
    request: impl Fn() -> Option<WalletRequest> + Copy + Send + Sync + 'static,
    #[prop(into)] on_done: Callback<()>,
    children: Children,
) -> impl IntoView {
    let tab = use_tab();
    let shown = expect_context::<Shown>();
    let ask = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        if outcome.busy.get_untracked() {
            return;
        }
        outcome.error.set(None);
        let Some(request) = untrack(request) else { return };
        outcome.busy.set(true);
        spawn_local(async move {
            let answer = tab.request::<WalletView>(Request::Wallet(request)).await;
            outcome.busy.try_set(false);
            match answer {
                Ok(_) => on_done.run(()),
                Err(error) => {
                    outcome.error.try_set(Some(error));
                }
            }
        });
    };
    view! {
        <Dialog title=title.to_owned() name=name on_close=move || shown.close()>
            <form class="wallet-form" on:submit=ask novalidate=true>
                <p>{text}</p>
                {children()}
                <p class="field-error" role="alert" data-testid=format!("{name}-error")>{outcome.elsewhere(fields)}</p>
                <p class="muted" role="status">{move || outcome.busy.get().then_some(texts::WORKING)}</p>
                <div class="actions actions-end">
                    <button type="button" class="button" on:click=move |_| shown.close()>{texts::BACK}</button>
                    <button type="submit" class="button button-main" data-testid=format!("{name}-submit") aria-busy=move || outcome.busy.get().to_string()>
                        {submit}
                    </button>
                </div>
            </form>
        </Dialog>
    }
}

/// The switch that a wallet in use asks for before another one takes its place.
#[component]
pub(super) fn ReplaceSwitch(replace: RwSignal<bool>) -> impl IntoView {
    let tab = use_tab();
    let in_use = Memo::new(move |_| tab.wallet.map(|wallet| wallet.in_use).unwrap_or(false));
    move || {
        in_use.get().then(|| {
            view! {
                <div class="switch">
                    <input type="checkbox" role="switch" id="replace" aria-describedby="replace-hint" data-testid="replace" bind:checked=replace />
                    <label for="replace">{texts::REPLACE}</label>
                    <p id="replace-hint" class="field-hint">{texts::REPLACE_HINT}</p>
                </div>
            }
        })
    }
}
