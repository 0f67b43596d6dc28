//! What of the node's news concerns the person at this tab: said in a sentence at the edge of the page.

use crate::{browser, components::Toasts, state::Tab, texts};
use leptos::prelude::*;
use node_wasm::{
    units::Amount,
    view::{Event, TransactionState, TransactionView},
};

/// Lines of the log that are said aloud too, by their codes: what this person set off or has to know.
const SAID: [&str; 6] =
    ["transactions-returned", "refused-by-peer", "transaction-refused", "woke", "clock-wrong", "profile-in-use"];

/// Says what concerns this tab's person from now on.
pub(crate) fn say_news(tab: Tab, toasts: Toasts) {
    tab.on_event(move |event| {
        if let Some(text) = untrack(|| message(event, |address| is_own(tab, address), browser::written_whole)) {
            toasts.say(text);
        }
    });
}

/// Whether an account of the wallet has this address.
fn is_own(tab: Tab, address: &str) -> bool {
    tab.wallet.map(|wallet| wallet.accounts.iter().any(|account| account.address == address)).unwrap_or_default()
}

/// What is to be said of an event, if anything.
fn message(event: &Event, is_own: impl Fn(&str) -> bool, write: fn(Amount) -> String) -> Option<String> {
    match event {
        Event::Transaction(transaction) => payment(transaction, is_own, write),
        Event::Log(line) if SAID.contains(&line.code.as_str()) => Some(texts::said(&line.message, &write)),
        _ => None,
    }
}

fn payment(
    transaction: &TransactionView,
    is_own: impl Fn(&str) -> bool,
    write: fn(Amount) -> String,
) -> Option<String> {
    // Rewards have their own place: the miner's list of blocks.
    let from = transaction.from.as_deref()?;
    let amount = &write(transaction.amount);
    match (&transaction.status, is_own(from), is_own(&transaction.to)) {
        (TransactionState::Waiting, false, true) => Some(texts::payment_coming(amount)),
        (TransactionState::Confirmed { height, .. }, false, true) => Some(texts::payment_arrived(amount, height.0)),
        (TransactionState::Confirmed { height, .. }, true, _) => Some(texts::payment_confirmed(amount, height.0)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use node_wasm::{
        sentence::{Sentence, Value},
        units::{Height, Timestamp},
        view::{LogEntry, LogLevel, TransactionKind},
    };

    fn transaction(from: Option<&str>, to: &str, status: TransactionState) -> Event {
        Event::Transaction(TransactionView {
            id: "11".repeat(32).parse().unwrap(),
            kind: TransactionKind::Transfer,
            from: from.map(str::to_owned),
            to: to.to_owned(),
            amount: Amount::from_tab(5),
            fee: Amount::ZERO,
            nonce: 0,
            memo: String::new(),
            size: 150,
            signature: None,
            status,
        })
    }

    fn confirmed() -> TransactionState {
        TransactionState::Confirmed {
            block: "22".repeat(32).parse().unwrap(),
            height: Height(7),
            time: Timestamp::from_millis(0),
            confirmations: 1,
        }
    }

    fn said(event: &Event) -> Option<String> {
        message(event, |address| address == "mine" || address == "mine too", |amount| amount.to_string())
    }

    #[test]
    fn payments_of_this_wallet_are_told_and_those_of_others_are_not() {
        let coming = said(&transaction(Some("hers"), "mine", TransactionState::Waiting)).unwrap();
        assert!(coming.starts_with("5 TAB are on their way"), "{coming}");
        let arrived = said(&transaction(Some("hers"), "mine", confirmed())).unwrap();
        assert_eq!(arrived, "5 TAB have arrived, in block 7.");
        for to in ["hers", "mine too"] {
            let paid = said(&transaction(Some("mine"), to, confirmed())).unwrap();
            assert_eq!(paid, "Your payment of 5 TAB is in block 7.");
        }
        for quiet in [
            transaction(Some("mine"), "hers", TransactionState::Waiting),
            transaction(Some("hers"), "his", confirmed()),
            transaction(None, "mine", confirmed()),
            transaction(Some("hers"), "mine", TransactionState::Stale),
        ] {
            assert_eq!(said(&quiet), None, "{quiet:?}");
        }
    }

    #[test]
    fn few_lines_of_the_log_are_said_aloud() {
        let line = |code: &str| {
            Event::Log(LogEntry {
                sequence: 1,
                time: Timestamp::from_millis(0),
                level: LogLevel::Warning,
                code: code.to_owned(),
                message: Sentence::new(
                    "this tab slept for {seconds} s and catches up",
                    [("seconds", Value::Number(9))],
                ),
                peer: None,
                subject: None,
            })
        };
        assert_eq!(said(&line("woke")).as_deref(), Some("This tab slept for 9 s and catches up."));
        assert_eq!(said(&line("block-connected")), None);
        let codes = node_wasm::log_codes().collect::<Vec<_>>();
        assert!(SAID.iter().all(|code| codes.contains(code)));
    }
}
