//! The button that puts a text on the clipboard.

use super::{Icon, Shape, use_toasts};
use crate::{browser, texts};
use leptos::{leptos_dom::helpers::set_timeout, prelude::*, task::spawn_local};
use std::time::Duration;

/// How long the tick stays after a copy.
const TICK_SHOWN: Duration = Duration::from_millis(1500);

/// Copies `text`; says so.
#[component]
pub(crate) fn CopyButton(
    /// What is copied.
    #[prop(into)]
    text: Signal<String>,
    /// What it is, such as "address".
    what: &'static str,
    /// Whether the words stand beside the icon.
    #[prop(optional)]
    wide: bool,
) -> impl IntoView {
    let toasts = use_toasts();
    let copied = RwSignal::new(false);
    let copy = move |event: web_sys::MouseEvent| {
        // The button may lie on a card that is a link.
        event.prevent_default();
        event.stop_propagation();
        let text = text.get_untracked();
        spawn_local(async move {
            if browser::copy(&text).await {
                toasts.say(texts::copied(what));
                copied.try_set(true);
                set_timeout(
                    move || {
                        copied.try_set(false);
                    },
                    TICK_SHOWN,
                );
            } else {
                toasts.say(texts::COPY_REFUSED.to_owned());
            }
        });
    };
    let label = texts::copy(what);
    let icon = move || {
        if copied.get() {
            view! { <Icon shape=Shape::Check /> }
        } else {
            view! { <Icon shape=Shape::Copy /> }
        }
    };
    let words = wide.then(|| label.clone());
    view! {
        <button type="button" class=if wide { "button" } else { "icon-button" } aria-label=label.clone() title=label on:click=copy>
            {icon}
            {words}
        </button>
    }
}
