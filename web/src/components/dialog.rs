//! Modal dialogs on the browser's own `<dialog>`, which keeps the focus inside and gives it back.

use super::{Icon, Shape};
use crate::texts;
use leptos::{html, leptos_dom::helpers::set_timeout, prelude::*};
use std::time::Duration;
use wasm_bindgen::JsCast;

/// A dialog that is open as long as it is part of the page.
#[component]
pub(crate) fn Dialog(
    /// Its heading.
    #[prop(into)]
    title: Signal<String>,
    /// A word for tests.
    name: &'static str,
    /// Called when the user closes it: by button, Escape or a click beside it.
    #[prop(into)]
    on_close: Callback<()>,
    /// What it holds.
    children: Children,
) -> impl IntoView {
    let node = NodeRef::<html::Dialog>::new();
    Effect::new(move |_| {
        let Some(dialog) = node.get() else { return };
        if dialog.show_modal().is_err() {
            // Not part of the document yet: after this turn it is.
            set_timeout(
                move || {
                    let _ = dialog.show_modal();
                },
                Duration::ZERO,
            );
        }
    });
    let close = move || {
        if let Some(dialog) = node.get_untracked() {
            dialog.close();
        }
    };
    let is_beside =
        |event: &web_sys::Event| event.target().is_some_and(|target| target.has_type::<web_sys::HtmlDialogElement>());
    // A selection of text may begin inside and end beside it.
    let began_beside = StoredValue::new(false);
    let close_beside = move |event: web_sys::MouseEvent| {
        if began_beside.get_value() && is_beside(&event) {
            close();
        }
    };
    let heading = format!("dialog-{name}");
    let labelled_by = heading.clone();
    view! {
        <dialog
            class="dialog"
            node_ref=node
            data-testid=format!("dialog-{name}")
            aria-labelledby=labelled_by
            on:close=move |_| on_close.run(())
            on:pointerdown=move |event| began_beside.set_value(is_beside(&event))
            on:click=close_beside
        >
            <div class="dialog-body">
                <header class="dialog-head">
                    <h2 id=heading>{title}</h2>
                    <button type="button" class="icon-button" aria-label=texts::CLOSE title=texts::CLOSE on:click=move |_| close()>
                        <Icon shape=Shape::Cross />
                    </button>
                </header>
                {children()}
            </div>
        </dialog>
    }
}
