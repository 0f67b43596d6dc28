//! A question before the tab closes, where something would be lost. Only there: a page that always
//! asks is soon answered without reading, and browsers keep it less ready to come back to.

use crate::{pages::Draft, state::Tab};
use leptos::{ev, leptos_dom::helpers::WindowListenerHandle, prelude::*};
use node_wasm::view::wallet::WalletView;

/// Asks as long as a payment is being written, or the wallet is in this tab alone.
pub(crate) fn ask_before_leaving(tab: Tab, draft: Draft) {
    let is_stored = Memo::new(move |_| tab.status.map(|status| status.storage.wallet_stored));
    let is_wallet_lost = Memo::new(move |_| {
        let is_stored = is_stored.get().unwrap_or(true);
        tab.wallet.map(|wallet| is_lost(wallet, is_stored)).unwrap_or(false)
    });
    let asks = Memo::new(move |_| draft.is_begun() || is_wallet_lost.get());
    Effect::new(move |before: Option<Option<WindowListenerHandle>>| {
        if let Some(handle) = before.flatten() {
            handle.remove();
        }
        asks.get().then(|| window_event_listener(ev::beforeunload, |event| event.prevent_default()))
    });
}

/// Whether closing the tab loses the keys to coins: they are not stored, and nobody has their words.
fn is_lost(wallet: &WalletView, is_stored: bool) -> bool {
    !is_stored && wallet.in_use && !wallet.backed_up
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_wallet_in_use_that_is_kept_nowhere_is_lost() {
        for (is_stored, in_use, backed_up, lost) in [
            (false, true, false, true),
            (true, true, false, false),
            (false, false, false, false),
            (false, true, true, false),
        ] {
            let wallet = WalletView {
                protected: false,
                locked: false,
                backed_up,
                damaged: None,
                in_use,
                busy: false,
                selected: String::new(),
                accounts: Vec::new(),
                watched: Vec::new(),
                searched: None,
                idle_lock_ms: 0,
            };
            assert_eq!(is_lost(&wallet, is_stored), lost);
        }
    }
}
