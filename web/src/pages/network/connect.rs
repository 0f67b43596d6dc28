//! Connecting to a peer by its id.

use crate::{
    browser,
    components::{Field, use_toasts},
    state::use_tab,
    texts,
};
use leptos::prelude::*;
use node_wasm::request::Request;

/// The request that connects to the peer of this id; why not, if that is none.
fn request(text: &str, own: Option<&str>) -> Result<Request, &'static str> {
    let text = text.trim().to_ascii_lowercase();
    if own == Some(text.as_str()) {
        return Err(texts::CONNECT_SELF);
    }
    text.parse().map(|peer| Request::Connect { peer }).map_err(|_| texts::CONNECT_WRONG)
}

/// Where to type a peer's id.
#[component]
pub(crate) fn ConnectForm() -> impl IntoView {
    let tab = use_tab();
    let toasts = use_toasts();
    let text = RwSignal::new(String::new());
    let tried = RwSignal::new(false);
    let own = Memo::new(move |_| tab.status.map(|status| status.peer_id.to_string()));
    let asked = Memo::new(move |_| text.with(|text| request(text, own.get().as_deref())));
    let error = Signal::derive(move || {
        let is_due = tried.get() || !text.with(|text| text.trim().is_empty());
        asked.get().err().filter(|_| is_due).map(texts::complete)
    });
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        tried.set(true);
        let Ok(request) = asked.get_untracked() else { return };
        tab.act(request, move |result| match result {
            Ok(()) => {
                tried.set(false);
                text.set(String::new());
                toasts.say(texts::CONNECTING_TO.to_owned());
            }
            Err(error) => toasts.say(browser::said(&error.message)),
        });
    };
    view! {
        <section class="panel" aria-labelledby="connect-title">
            <h2 id="connect-title">{texts::CONNECT_TO}</h2>
            <form class="connect" on:submit=submit novalidate=true>
                <Field name="connect-peer" label=texts::PEER_ID value=text mono=true error=error hint=texts::CONNECT_HINT.to_owned() />
                <button type="submit" class="button" data-testid="connect-submit">{texts::CONNECT}</button>
            </form>
        </section>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_peer_id_connects() {
        let id = "0123456789abcdef0123456789abcdef01234567";
        assert!(request(&format!(" {id} "), None).is_ok());
        assert!(request(&id.to_ascii_uppercase(), None).is_ok());
        assert_eq!(request(id, Some(id)), Err(texts::CONNECT_SELF));
        for wrong in ["", "abc", &id[1..], &format!("{id}0"), &"g".repeat(40)] {
            assert_eq!(request(wrong, None), Err(texts::CONNECT_WRONG), "{wrong}");
        }
    }
}
