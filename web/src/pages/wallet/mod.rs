//! The wallet: address, balance, sending, history.

mod balance;
mod history;
mod receive;
mod send;

use self::{balance::BalancePanel, history::HistoryPanel, receive::ReceivePanel, send::SendPanel};
use crate::{
    components::{Notice, Tone},
    texts,
};
use leptos::prelude::*;

/// The wallet.
#[component]
pub(crate) fn Wallet() -> impl IntoView {
    super::title(texts::WALLET);
    view! {
        <div class="page-head">
            <h1>{texts::WALLET}</h1>
            <p class="lead">{texts::WALLET_LEAD}</p>
        </div>
        <Notice tone=Tone::Warning title=texts::KEY_NOTE text=texts::KEY_NOTE_TEXT />
        <div class="wallet">
            <BalancePanel />
            <ReceivePanel />
            <SendPanel />
            <HistoryPanel />
        </div>
    }
}
