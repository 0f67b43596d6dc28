//! What stands where there is nothing to show yet, or where something is wrong.

use super::{Icon, Shape};
use crate::{browser, texts};
use leptos::prelude::*;
use node_wasm::request::{ErrorCode, RequestError};

/// How much a notice asks of its reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Good to know.
    Calm,
    /// Something is missing.
    Warning,
    /// Something is broken.
    Danger,
}

/// A heading, a sentence, and what to do next.
#[component]
pub(crate) fn Notice(
    /// How much it asks of its reader.
    tone: Tone,
    /// What is the case.
    #[prop(into)]
    title: String,
    /// What that means.
    #[prop(into)]
    text: String,
    /// What can be done.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let (class, shape) = match tone {
        Tone::Calm => ("notice", Shape::Info),
        Tone::Warning => ("notice notice-warning", Shape::Alert),
        Tone::Danger => ("notice notice-danger", Shape::Alert),
    };
    view! {
        <div class=class role=if tone == Tone::Danger { "alert" } else { "note" }>
            <Icon shape=shape />
            <div>
                <p class="notice-title">{title}</p>
                <p>{text}</p>
                <div class="notice-actions">{children.map(|children| children())}</div>
            </div>
        </div>
    }
}

/// Something is on its way.
#[component]
pub(crate) fn Loading(
    /// What.
    text: &'static str,
) -> impl IntoView {
    view! { <p class="loading" role="status">{text}</p> }
}

/// The node refused a request.
#[component]
pub(crate) fn Failure(
    /// Why.
    error: RequestError,
) -> impl IntoView {
    if error.code == ErrorCode::Stopped {
        view! {
            <Notice tone=Tone::Danger title=texts::NODE_STOPPED text=browser::said(&error.message)>
                <button type="button" class="button" on:click=|_| crate::browser::reload()>{texts::RELOAD}</button>
            </Notice>
        }
        .into_any()
    } else if matches!(error.code, ErrorCode::LightNode | ErrorCode::Unproven) {
        // Nothing is wrong: it is how this node works.
        view! { <Notice tone=Tone::Calm title=texts::LIGHT_NODE text=texts::light_node(error.code) /> }.into_any()
    } else {
        view! { <Notice tone=Tone::Warning title=texts::REFUSED text=browser::said(&error.message) /> }.into_any()
    }
}
