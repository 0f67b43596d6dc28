//! The bar above the wallet: which account is seen, whether the keys are locked, and everything
//! that can be done with them.

use super::{
    Form, Shown,
    form::{FormDialog, Outcome},
    keys::finish,
};
use crate::{
    browser,
    components::{Field, Icon, Notice, Shape, Tone, use_toasts},
    state::use_tab,
    texts,
};
use leptos::{html, prelude::*};
use node_wasm::{
    request::{RequestError, wallet::WalletRequest},
    view::{
        StorageState,
        wallet::{AddressView, WalletView},
    },
};
use wasm_bindgen::JsCast;

/// Says why something was refused, in passing.
fn complain() -> impl Fn(Result<WalletView, RequestError>) + Copy {
    let toasts = use_toasts();
    move |answer| {
        if let Err(error) = answer {
            toasts.say(browser::said(&error.message));
        }
    }
}

/// Accounts, lock, and the menu.
#[component]
pub(super) fn AccountBar() -> impl IntoView {
    let (tab, shown) = (use_tab(), expect_context::<Shown>());
    let done = complain();
    let part = move |part: fn(&WalletView) -> bool| Memo::new(move |_| tab.wallet.map(part).unwrap_or(false));
    let (is_protected, is_locked) = (part(|wallet| wallet.protected), part(|wallet| wallet.locked));
    let accounts = Memo::new(move |_| tab.wallet.map(|wallet| wallet.accounts.clone()).unwrap_or_default());
    let watched = Memo::new(move |_| tab.wallet.map(|wallet| wallet.watched.clone()).unwrap_or_default());
    let searched = Memo::new(move |_| tab.wallet.map(|wallet| wallet.searched).flatten());
    let choose = move |event| {
        let address = event_target_value(&event);
        if watched.get_untracked().iter().any(|watched| watched.address == address) {
            shown.watching.set(Some(address));
            return;
        }
        shown.watching.set(None);
        tab.act_on_wallet(WalletRequest::SelectAccount { address }, done);
    };
    let options = move |list: Memo<Vec<AddressView>>, note: &'static str| {
        move || {
            let option = |view: AddressView| {
                let address = view.address.clone();
                let is_shown = move || shown.address(tab).is_some_and(|shown| shown == address);
                view! { <option value=view.address selected=is_shown>{format!("{}{note}", texts::account_called(&view.name))}</option> }
            };
            list.get().into_iter().map(option).collect_view()
        }
    };
    let lock = move |_| tab.act_on_wallet(WalletRequest::Lock, done);
    let lock_button = move || {
        match (is_protected.get(), is_locked.get()) {
        (false, _) => None,
        (true, false) => Some(
            view! {
                <button type="button" class="button" data-testid="lock" on:click=lock><Icon shape=Shape::Lock />{texts::LOCK}</button>
            }
            .into_any(),
        ),
        (true, true) => Some(
            view! {
                <button type="button" class="button button-main" data-testid="unlock" on:click=move |_| shown.open(Form::Unlock)><Icon shape=Shape::Unlock />{texts::UNLOCK}</button>
            }
            .into_any(),
        ),
    }
    };
    view! {
        <div class="account-bar">
            <label class="account-choice">
                <span>{texts::ACCOUNT}</span>
                <select data-testid="account" on:change=choose>
                    {options(accounts, "")}
                    {options(watched, texts::ACCOUNT_WATCHED_NOTE)}
                </select>
            </label>
            <p class="muted" role="status">{move || searched.get().map(|block| texts::account_searching(block.0, tab.height.get()))}</p>
            <div class="actions account-actions">{lock_button}<Menu is_protected=is_protected /></div>
        </div>
    }
}

#[component]
fn Menu(is_protected: Memo<bool>) -> impl IntoView {
    let (tab, shown) = (use_tab(), expect_context::<Shown>());
    let done = complain();
    let item = move |form: Form, name: &'static str, text: Signal<&'static str>| {
        view! { <li><button type="button" class="menu-item" data-testid=name on:click=move |_| shown.open(form)>{text}</button></li> }
    };
    let passphrase = Signal::derive(move || if is_protected.get() { texts::CHANGE } else { texts::PROTECT });
    let unwatch = move || {
        shown.watching.get().map(|address| {
            let stop = move |_| {
                shown.watching.set(None);
                tab.act_on_wallet(WalletRequest::Unwatch { address: address.clone() }, done);
            };
            view! { <li><button type="button" class="menu-item" data-testid="menu-unwatch" on:click=stop>{texts::UNWATCH}</button></li> }
        })
    };
    let fixed = |text: &'static str| Signal::derive(move || text);
    // Like any menu it goes when it is left.
    let node = NodeRef::<html::Details>::new();
    let escape = move |event: web_sys::KeyboardEvent| {
        if event.key() == "Escape" {
            shown.menu.set(false);
        }
    };
    let leave = move |event: web_sys::FocusEvent| {
        let next = event.related_target().and_then(|next| next.dyn_into::<web_sys::Node>().ok());
        if node.get_untracked().is_some_and(|menu| !menu.contains(next.as_ref())) {
            shown.menu.set(false);
        }
    };
    view! {
        <details class="menu" node_ref=node on:keydown=escape on:focusout=leave prop:open=move || shown.menu.get() on:toggle=move |event| shown.menu.set(event_target::<web_sys::Element>(&event).has_attribute("open"))>
            <summary class="button" data-testid="menu">{texts::KEYS}</summary>
            <ul class="menu-list">
                {item(Form::AddAccount, "menu-add", fixed(texts::ACCOUNT_ADD))}
                {item(Form::Rename, "menu-rename", fixed(texts::RENAME))}
                {item(Form::Watch, "menu-watch", fixed(texts::WATCH))}
                {unwatch}
                {item(Form::Backup, "menu-backup", fixed(texts::BACK_UP))}
                {item(Form::Protect, "menu-protect", passphrase)}
                {item(Form::Restore, "menu-restore", fixed(texts::RESTORE))}
                {item(Form::Export, "menu-export", fixed(texts::EXPORT))}
                {item(Form::Import, "menu-import", fixed(texts::IMPORT))}
            </ul>
        </details>
    }
}

/// A further account.
#[component]
pub(super) fn AddAccountDialog() -> impl IntoView {
    let (outcome, name) = (Outcome::new(), RwSignal::new(String::new()));
    let shown = expect_context::<Shown>();
    let request = move || {
        shown.watching.set(None);
        Some(WalletRequest::AddAccount { name: Some(name.get()) })
    };
    view! {
        <FormDialog title=texts::ACCOUNT_ADD name="add" text=texts::ACCOUNT_ADD_TEXT submit=texts::ACCOUNT_ADD fields=&["name"] outcome=outcome request=request on_done=finish(texts::ACCOUNT_ADDED)>
            <Field name="add-name" label=texts::ACCOUNT_NAME value=name error=outcome.beside("name") hint=texts::ACCOUNT_NAME_HINT.to_owned() />
        </FormDialog>
    }
}

/// Another name for what is seen.
#[component]
pub(super) fn RenameDialog() -> impl IntoView {
    let (tab, shown) = (use_tab(), expect_context::<Shown>());
    let address = untrack(|| shown.address(tab)).unwrap_or_default();
    let known = untrack(|| {
        tab.wallet.map(|wallet| {
            let mut all = wallet.accounts.iter().chain(&wallet.watched);
            all.find(|view| view.address == address).map(|view| texts::account_called(&view.name))
        })
    });
    let (outcome, name) = (Outcome::new(), RwSignal::new(known.flatten().unwrap_or_default()));
    let address = StoredValue::new(address);
    let request = move || Some(WalletRequest::Rename { address: address.get_value(), name: name.get() });
    view! {
        <FormDialog title=texts::RENAME name="rename" text="" submit=texts::RENAME fields=&["name"] outcome=outcome request=request on_done=finish(texts::RENAMED)>
            <Field name="rename-name" label=texts::ACCOUNT_NAME value=name error=outcome.beside("name") hint=texts::ACCOUNT_NAME_HINT.to_owned() />
        </FormDialog>
    }
}

/// An address to watch.
#[component]
pub(super) fn WatchDialog() -> impl IntoView {
    let empty = || RwSignal::new(String::new());
    let (outcome, address, name) = (Outcome::new(), empty(), empty());
    let request = move || Some(WalletRequest::Watch { address: address.get().trim().to_owned(), name: name.get() });
    view! {
        <FormDialog title=texts::WATCH name="watch" text=texts::WATCH_TEXT submit=texts::WATCH fields=&["address", "name"] outcome=outcome request=request on_done=finish(texts::WATCHED)>
            <Field name="watch-address" label=texts::ADDRESS value=address mono=true error=outcome.beside("address") />
            <Field name="watch-name" label=texts::ACCOUNT_NAME value=name error=outcome.beside("name") hint=texts::ACCOUNT_NAME_HINT.to_owned() />
        </FormDialog>
    }
}

/// What stands above everything while something about the keys should be done.
#[component]
pub(super) fn Nudge() -> impl IntoView {
    let (tab, shown) = (use_tab(), expect_context::<Shown>());
    let state = Memo::new(move |_| {
        tab.wallet.map(|wallet| (wallet.damaged.is_some(), wallet.backed_up, wallet.protected, wallet.locked))
    });
    let is_unstored =
        Memo::new(move |_| tab.status.map(|status| status.storage.state != StorageState::Stored).unwrap_or(false));
    let button = move |form: Form, name: &'static str, text: &'static str| {
        view! { <button type="button" class="button" data-testid=name on:click=move |_| shown.open(form)>{text}</button> }
    };
    move || {
        let (damaged, backed_up, protected, locked) = state.get()?;
        if damaged {
            return Some(
                view! {
                    <Notice tone=Tone::Danger title=texts::DAMAGED text=texts::DAMAGED_TEXT>
                        {button(Form::Restore, "nudge-restore", texts::RESTORE)}
                        {button(Form::Import, "nudge-import", texts::IMPORT)}
                    </Notice>
                }
                .into_any(),
            );
        }
        let (title, text) = match (backed_up, protected) {
            (true, true) => return None,
            (false, _) if is_unstored.get() => (texts::NUDGE_UNSTORED, texts::NUDGE_UNSTORED_TEXT),
            (false, false) => (texts::NUDGE_BOTH, texts::NUDGE_BACKUP_TEXT),
            (false, true) => (texts::NUDGE_BACKUP, texts::NUDGE_BACKUP_TEXT),
            (true, false) => (texts::NUDGE_PROTECT, texts::NUDGE_PROTECT_TEXT),
        };
        Some(
            view! {
                <div data-testid="nudge">
                    <Notice tone=Tone::Warning title=title text=text>
                        {(!backed_up && !locked).then(|| button(Form::Backup, "nudge-backup", texts::BACK_UP))}
                        {(!protected).then(|| button(Form::Protect, "nudge-protect", texts::PROTECT))}
                        {(!backed_up && !protected).then(|| button(Form::Restore, "nudge-restore", texts::RESTORE))}
                    </Notice>
                </div>
            }
            .into_any(),
        )
    }
}
