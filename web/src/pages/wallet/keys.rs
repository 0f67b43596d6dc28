//! Unlocking, passphrases and files.

use super::{
    Shown,
    form::{FormDialog, Outcome, ReplaceSwitch},
};
use crate::{
    browser,
    components::{Dialog, Field, use_toasts},
    state::use_tab,
    texts,
};
use leptos::{html, prelude::*, task::spawn_local};
use node_wasm::sentence::Sentence;
use node_wasm::{
    Secret, WalletFile,
    request::{ErrorCode, Request, RequestError, wallet::WalletRequest},
};

fn empty() -> RwSignal<String> {
    RwSignal::new(String::new())
}

/// What has been done is said, and the dialog goes.
pub(super) fn finish(text: &'static str) -> Callback<()> {
    let (toasts, shown) = (use_toasts(), expect_context::<Shown>());
    Callback::new(move |()| {
        toasts.say(text.to_owned());
        shown.close();
    })
}

/// The passphrase of a locked wallet.
#[component]
pub(super) fn UnlockDialog() -> impl IntoView {
    let (outcome, passphrase) = (Outcome::new(), empty());
    let request = move || Some(WalletRequest::Unlock { passphrase: Secret::new(passphrase.get()) });
    view! {
        <FormDialog title=texts::UNLOCK name="unlock" text=texts::UNLOCK_TEXT submit=texts::UNLOCK fields=&["passphrase"] outcome=outcome request=request on_done=finish(texts::UNLOCK_DONE)>
            <Field name="unlock-passphrase" label=texts::PASSPHRASE value=passphrase secret="current-password" error=outcome.beside("passphrase") />
        </FormDialog>
    }
}

/// A first passphrase, or another one.
#[component]
pub(super) fn ProtectDialog() -> impl IntoView {
    let tab = use_tab();
    let is_protected = untrack(|| tab.wallet.map(|wallet| wallet.protected).unwrap_or(false));
    let (outcome, current, passphrase, again) = (Outcome::new(), empty(), empty(), empty());
    let differs = RwSignal::new(false);
    let request = move || {
        let differs_now = passphrase.get() != again.get();
        differs.set(differs_now);
        let current = is_protected.then(|| Secret::new(current.get()));
        (!differs_now).then(|| WalletRequest::Protect { passphrase: Secret::new(passphrase.get()), current })
    };
    let again_error = Signal::derive(move || differs.get().then(|| texts::PASSPHRASE_DIFFERS.to_owned()));
    let (title, submit) =
        if is_protected { (texts::CHANGE, texts::CHANGE) } else { (texts::PROTECT, texts::PROTECT_NOW) };
    view! {
        <FormDialog title=title name="protect" text=texts::PROTECT_TEXT submit=submit fields=&["passphrase", "current"] outcome=outcome request=request on_done=finish(texts::PROTECT_DONE)>
            {is_protected.then(|| view! {
                <Field name="protect-current" label=texts::PASSPHRASE_CURRENT value=current secret="current-password" error=outcome.beside("current") />
            })}
            <Field name="protect-passphrase" label=texts::PASSPHRASE_NEW value=passphrase secret="new-password" error=outcome.beside("passphrase") hint=texts::PASSPHRASE_HINT.to_owned() />
            <Field name="protect-again" label=texts::PASSPHRASE_AGAIN value=again secret="new-password" error=again_error />
        </FormDialog>
    }
}

/// The wallet as a file.
#[component]
pub(super) fn ExportDialog() -> impl IntoView {
    let (tab, shown) = (use_tab(), expect_context::<Shown>());
    let is_protected = untrack(|| tab.wallet.map(|wallet| wallet.protected).unwrap_or(false));
    let (outcome, passphrase) = (Outcome::new(), empty());
    let file = RwSignal::new(None::<String>);
    let make = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        if outcome.busy.get_untracked() {
            return;
        }
        outcome.busy.set(true);
        outcome.error.set(None);
        let typed = passphrase.get_untracked();
        let passphrase = (!typed.is_empty()).then(|| Secret::new(typed));
        spawn_local(async move {
            let answer = tab.request::<WalletFile>(Request::Wallet(WalletRequest::Export { passphrase })).await;
            outcome.busy.try_set(false);
            match answer {
                Ok(made) => {
                    file.try_set(serde_json::to_string_pretty(&made).ok());
                }
                Err(error) => {
                    outcome.error.try_set(Some(error));
                }
            }
        });
    };
    let hint = if is_protected { texts::EXPORT_HINT } else { texts::PASSPHRASE_HINT };
    let elsewhere = Signal::derive(move || {
        outcome
            .error
            .get()
            .filter(|error| error.field.as_deref() != Some("passphrase"))
            .map(|error| browser::said(&error.message))
    });
    view! {
        <Dialog title=texts::EXPORT.to_owned() name="export" on_close=move || shown.close()>
            <form class="wallet-form" on:submit=make novalidate=true>
                <p>{texts::EXPORT_TEXT}</p>
                <Field name="export-passphrase" label=texts::PASSPHRASE value=passphrase secret="new-password" error=outcome.beside("passphrase") hint=hint.to_owned() />
                <p class="field-error" role="alert" data-testid="export-error">{elsewhere}</p>
                <p class="muted" role="status">{move || outcome.busy.get().then_some(texts::WORKING)}</p>
                {move || file.get().map(|text| {
                    let href = format!("data:application/json;charset=utf-8,{}", js_sys::encode_uri_component(&text));
                    view! {
                        <p role="status">{texts::EXPORT_READY}</p>
                        <p><a class="button button-main" href=href download="tabchain-wallet.json" rel="external" data-testid="export-file">{texts::EXPORT_SAVE}</a></p>
                    }
                })}
                <div class="actions actions-end">
                    <button type="button" class="button" on:click=move |_| shown.close()>{texts::CLOSE}</button>
                    <button type="submit" class="button" data-testid="export-submit" aria-busy=move || outcome.busy.get().to_string()>{texts::EXPORT_NOW}</button>
                </div>
            </form>
        </Dialog>
    }
}

/// The wallet of a file.
#[component]
pub(super) fn ImportDialog() -> impl IntoView {
    let (outcome, passphrase, replace) = (Outcome::new(), empty(), RwSignal::new(false));
    let input = NodeRef::<html::Input>::new();
    let chosen = RwSignal::new(None::<WalletFile>);
    let choose = move |_| {
        let Some(input) = input.get_untracked() else { return };
        spawn_local(async move {
            let text = browser::chosen_file(&input).await;
            let file = text.and_then(|text| serde_json::from_str::<WalletFile>(&text).ok());
            outcome.error.try_set(file.is_none().then(unreadable));
            chosen.try_set(file);
        });
    };
    let request = move || {
        let Some(file) = chosen.get() else {
            outcome.error.set(Some(unreadable()));
            return None;
        };
        let passphrase = Secret::new(passphrase.get());
        Some(WalletRequest::Import { file: Box::new(file), passphrase, replace: Some(replace.get()) })
    };
    let file_error = outcome.beside("file");
    view! {
        <FormDialog title=texts::IMPORT name="import" text=texts::IMPORT_TEXT submit=texts::IMPORT_NOW fields=&["passphrase", "file"] outcome=outcome request=request on_done=finish(texts::IMPORT_DONE)>
            <div class="field" class:field-wrong=move || file_error.get().is_some()>
                <label for="import-file">{texts::IMPORT_FILE}</label>
                <input id="import-file" type="file" accept="application/json,.json" data-testid="import-file" aria-describedby="import-file-error" node_ref=input on:change=choose />
                <p class="field-error" id="import-file-error" aria-live="polite" data-testid="import-file-error">{file_error}</p>
            </div>
            <Field name="import-passphrase" label=texts::PASSPHRASE value=passphrase secret="current-password" error=outcome.beside("passphrase") />
            <ReplaceSwitch replace=replace />
        </FormDialog>
    }
}

fn unreadable() -> RequestError {
    RequestError::new(ErrorCode::BadFile, Sentence::verbatim(texts::IMPORT_UNREADABLE)).in_field("file")
}
