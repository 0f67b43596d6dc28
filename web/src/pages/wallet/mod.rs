//! The wallet: accounts, address, balance, sending, history, and the keys behind them.

mod accounts;
mod backup;
mod balance;
mod draft;
mod form;
mod keys;
mod payment_link;
mod receive;
mod send;

pub(crate) use self::draft::Draft;
use self::{
    accounts::{AccountBar, AddAccountDialog, Nudge, RenameDialog, WatchDialog},
    backup::{BackupDialog, RestoreDialog},
    balance::BalancePanel,
    keys::{ExportDialog, ImportDialog, ProtectDialog, UnlockDialog},
    receive::ReceivePanel,
    send::SendPanel,
};
use super::history::History;
use crate::{
    live::Topics,
    state::{Tab, use_tab},
    texts,
};
use leptos::prelude::*;

/// What a dialog asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Unlock,
    Protect,
    Backup,
    Restore,
    Export,
    Import,
    AddAccount,
    Rename,
    Watch,
}

/// What of the wallet is seen.
#[derive(Clone, Copy)]
struct Shown {
    /// The open dialog.
    form: RwSignal<Option<Form>>,
    /// Whether the menu is open.
    menu: RwSignal<bool>,
    /// The watched address that is seen in place of the selected account.
    watching: RwSignal<Option<String>>,
}

impl Shown {
    fn open(self, form: Form) {
        self.menu.set(false);
        self.form.set(Some(form));
    }

    fn close(self) {
        self.form.try_set(None);
    }

    /// The address that is seen; tracks.
    fn address(self, tab: Tab) -> Option<String> {
        self.watching.get().or_else(|| tab.wallet.map(|wallet| wallet.selected.clone()))
    }
}

/// An address within the page.
fn here(path: &str) -> String {
    use_tab().href(path)
}

/// The wallet.
#[component]
pub(crate) fn Wallet() -> impl IntoView {
    super::title(texts::WALLET);
    let shown = Shown { form: RwSignal::new(None), menu: RwSignal::new(false), watching: RwSignal::new(None) };
    provide_context(shown);
    let tab = use_tab();
    let seen = Memo::new(move |_| shown.address(tab));
    let dialog = move || {
        shown.form.get().map(|form| match form {
            Form::Unlock => view! { <UnlockDialog /> }.into_any(),
            Form::Protect => view! { <ProtectDialog /> }.into_any(),
            Form::Backup => view! { <BackupDialog /> }.into_any(),
            Form::Restore => view! { <RestoreDialog /> }.into_any(),
            Form::Export => view! { <ExportDialog /> }.into_any(),
            Form::Import => view! { <ImportDialog /> }.into_any(),
            Form::AddAccount => view! { <AddAccountDialog /> }.into_any(),
            Form::Rename => view! { <RenameDialog /> }.into_any(),
            Form::Watch => view! { <WatchDialog /> }.into_any(),
        })
    };
    view! {
        <div class="page-head">
            <h1>{texts::WALLET}</h1>
            <p class="lead">{texts::WALLET_LEAD}</p>
        </div>
        <Nudge />
        <AccountBar />
        <div class="wallet">
            <BalancePanel />
            <ReceivePanel />
            <SendPanel />
            <section class="panel history" aria-labelledby="history-title">
                <History address=seen topics=Topics::WALLET | Topics::BRANCHES link=here empty=texts::HISTORY_EMPTY>
                    <h2 id="history-title">{texts::HISTORY}</h2>
                </History>
            </section>
        </div>
        {dialog}
    }
}
