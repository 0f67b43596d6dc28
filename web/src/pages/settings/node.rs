//! Where the node is introduced to others.

use crate::{browser, components::Field, state::Tab, texts};
use leptos::prelude::*;

/// The parameter of the page's address.
const TRACKER: &str = "tracker";

/// Why this is no address of a tracker; an empty one is the page's own.
fn refusal(tracker: &str) -> Option<String> {
    let host = tracker.strip_prefix("wss://").or_else(|| tracker.strip_prefix("ws://"));
    let is_good =
        tracker.is_empty() || host.is_some_and(|host| !host.is_empty() && !host.contains(char::is_whitespace));
    (!is_good).then(|| texts::complete(texts::TRACKER_WRONG))
}

/// The tracker; the node is started anew with another one.
#[component]
pub(crate) fn NodeForm() -> impl IntoView {
    let tracker = RwSignal::new(browser::parameter(TRACKER).unwrap_or_default());
    let error = Signal::derive(move || refusal(tracker.get().trim()));
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let address = tracker.get_untracked().trim().to_owned();
        if refusal(&address).is_none() {
            browser::go(&Tab::address_with(&[(TRACKER, &address)]));
        }
    };
    view! {
        <section class="panel" aria-labelledby="node-settings-title">
            <h2 id="node-settings-title">{texts::NODE_SETTINGS}</h2>
            <form class="settings-form" on:submit=submit novalidate=true>
                <Field name="settings-tracker" label=texts::TRACKER_FIELD value=tracker mono=true error=error hint=texts::TRACKER_HINT.to_owned() />
                <div class="actions">
                    <button type="submit" class="button" data-testid="node-go" prop:disabled=move || error.get().is_some()>{texts::NODE_GO}</button>
                </div>
            </form>
        </section>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tracker_is_reached_over_a_web_socket() {
        for good in ["", "ws://localhost:3000/ws", "wss://example.org/ws"] {
            assert_eq!(refusal(good), None, "{good}");
        }
        for bad in ["example.org", "https://example.org", "ws://", "ws://a b"] {
            assert!(refusal(bad).is_some(), "{bad}");
        }
    }
}
