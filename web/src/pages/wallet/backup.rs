//! Backup: the words are shown, some of them are asked for; and restoring from them.

use super::{
    Shown,
    form::{FormDialog, Outcome, ReplaceSwitch},
    keys::finish,
};
use crate::{
    browser,
    components::{Dialog, Field, Loading, use_toasts},
    state::use_tab,
    texts,
};
use leptos::{prelude::*, task::spawn_local};
use node_wasm::{
    Secret,
    request::{Request, RequestError, wallet::WalletRequest},
    view::wallet::{BackupView, WalletView},
};

/// Names of the fields for the words that are asked for.
const FIELDS: [&str; 3] = ["backup-word-0", "backup-word-1", "backup-word-2"];

/// How far the backup has come.
#[derive(Clone, PartialEq)]
enum Step {
    Waiting,
    Refused(RequestError),
    /// The words are seen.
    Words(BackupView),
    /// The words are gone, and these places are asked for.
    Asked(Vec<u32>),
}

/// Shows the words and asks for some of them.
#[component]
pub(super) fn BackupDialog() -> impl IntoView {
    let (tab, shown) = (use_tab(), expect_context::<Shown>());
    let step = RwSignal::new(Step::Waiting);
    let load = move || {
        step.set(Step::Waiting);
        spawn_local(async move {
            let answer = tab.request::<BackupView>(Request::Wallet(WalletRequest::Words)).await;
            step.try_set(answer.map_or_else(Step::Refused, Step::Words));
        });
    };
    load();
    let body = move || {
        match step.get() {
        Step::Waiting => view! { <Loading text=texts::WORKING /> }.into_any(),
        Step::Refused(error) => {
            view! { <p class="field-error" role="alert" data-testid="backup-refused">{browser::said(&error.message)}</p> }.into_any()
        }
        Step::Words(backup) => view! { <Words backup=backup on_written=move |ask| step.set(Step::Asked(ask)) /> }.into_any(),
        Step::Asked(ask) => view! { <Asked ask=ask on_again=load /> }.into_any(),
    }
    };
    view! {
        <Dialog title=texts::BACKUP.to_owned() name="backup" on_close=move || shown.close()>
            {body}
        </Dialog>
    }
}

#[component]
fn Words(backup: BackupView, on_written: impl Fn(Vec<u32>) + Send + Sync + 'static) -> impl IntoView {
    let BackupView { words, ask } = backup;
    let rows = words.iter().map(|word| view! { <li>{word.expose().to_owned()}</li> }).collect_view();
    view! {
        <p>{texts::BACKUP_TEXT}</p>
        <ol class="backup-words" aria-label=texts::BACKUP_WORDS data-testid="backup-words" translate="no">{rows}</ol>
        <div class="actions actions-end">
            <button type="button" class="button button-main" data-testid="backup-written" on:click=move |_| on_written(ask.clone())>
                {texts::BACKUP_WRITTEN}
            </button>
        </div>
    }
}

#[component]
fn Asked(ask: Vec<u32>, on_again: impl Fn() + Send + Sync + 'static) -> impl IntoView {
    let (tab, shown, toasts) = (use_tab(), expect_context::<Shown>(), use_toasts());
    let outcome = Outcome::new();
    let entries: [RwSignal<String>; 3] = std::array::from_fn(|_| RwSignal::new(String::new()));
    let confirm = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let words = entries.iter().map(|entry| Secret::new(entry.get_untracked())).collect();
        spawn_local(async move {
            match tab.request::<WalletView>(Request::Wallet(WalletRequest::ConfirmBackup { words })).await {
                Ok(_) => {
                    toasts.say(texts::BACKUP_DONE.to_owned());
                    shown.close();
                }
                Err(error) => {
                    outcome.error.try_set(Some(error));
                }
            }
        });
    };
    let fields = FIELDS.iter().zip(entries).zip(ask).map(|((name, entry), place)| {
        let label = texts::word(place);
        view! {
            <div class="field">
                <label for=*name>{label}</label>
                <div class="field-entry">
                    <input id=*name data-testid=*name class="mono" autocomplete="off" autocapitalize="off" spellcheck="false" bind:value=entry />
                </div>
            </div>
        }
    });
    let error = move || outcome.error.get().map(|error| browser::said(&error.message));
    view! {
        <form class="wallet-form" on:submit=confirm novalidate=true>
            <p>{texts::BACKUP_ASK}</p>
            <div class="field-pair">{fields.collect_view()}</div>
            <p class="field-error" role="alert" data-testid="backup-error">{error}</p>
            <div class="actions actions-end">
                <button type="button" class="button" on:click=move |_| on_again()>{texts::BACKUP_AGAIN}</button>
                <button type="submit" class="button button-main" data-testid="backup-confirm">{texts::BACKUP_CONFIRM}</button>
            </div>
        </form>
    }
}

/// The wallet of twelve words.
#[component]
pub(super) fn RestoreDialog() -> impl IntoView {
    let (outcome, words, replace) = (Outcome::new(), RwSignal::new(String::new()), RwSignal::new(false));
    let request =
        move || Some(WalletRequest::Restore { words: Secret::new(words.get()), replace: Some(replace.get()) });
    view! {
        <FormDialog title=texts::RESTORE name="restore" text=texts::RESTORE_TEXT submit=texts::RESTORE_NOW fields=&["words"] outcome=outcome request=request on_done=finish(texts::RESTORE_DONE)>
            <Field name="restore-words" label=texts::RESTORE_WORDS value=words mono=true error=outcome.beside("words") />
            <ReplaceSwitch replace=replace />
        </FormDialog>
    }
}
