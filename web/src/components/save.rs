//! The button that saves an answer of the node as a JSON file.

use super::{Icon, Shape, use_toasts};
use crate::{browser, state::use_tab, texts};
use leptos::{prelude::*, task::spawn_local};
use node_wasm::request::Request;

/// Asks the node and saves its answer under this name.
#[component]
pub(crate) fn SaveJson(
    /// What to ask for.
    request: Request,
    /// Name of the file without its ending.
    #[prop(into)]
    name: String,
    /// What the button says.
    #[prop(optional)]
    label: Option<&'static str>,
) -> impl IntoView {
    let tab = use_tab();
    let toasts = use_toasts();
    let save = move |_| {
        let (request, file) = (request.clone(), format!("{name}.json"));
        spawn_local(async move {
            match tab.request_json(request).await {
                Ok(json) if browser::save(&file, &browser::indented(&json)).is_ok() => {}
                Ok(_) => toasts.say(texts::SAVE_FAILED.to_owned()),
                Err(error) => toasts.say(browser::said(&error.message)),
            }
        });
    };
    view! {
        <button type="button" class="button" data-testid="save-json" on:click=save>
            <Icon shape=Shape::Down />
            {label.unwrap_or(texts::SAVE_JSON)}
        </button>
    }
}
