//! Short messages at the edge of the page, read out by assistive technology.

use leptos::{leptos_dom::helpers::set_timeout, prelude::*};
use std::{collections::VecDeque, time::Duration};

/// How long a message stays: long enough to read a sentence twice.
const SHOWN: Duration = Duration::from_secs(5);

/// Most messages at a time; older ones give way.
const MOST: usize = 3;

/// Where messages are sent to.
#[derive(Clone, Copy)]
pub(crate) struct Toasts {
    shown: RwSignal<VecDeque<(u64, String)>>,
    last_id: StoredValue<u64>,
}

/// The page's messages.
pub(crate) fn use_toasts() -> Toasts {
    expect_context()
}

impl Toasts {
    /// No messages yet.
    pub(crate) fn new() -> Self {
        Self { shown: RwSignal::new(VecDeque::new()), last_id: StoredValue::new(0) }
    }

    /// Shows a message for a while.
    pub(crate) fn say(self, text: String) {
        let id = self.last_id.get_value() + 1;
        self.last_id.set_value(id);
        self.shown.update(|shown| {
            shown.push_back((id, text));
            if shown.len() > MOST {
                shown.pop_front();
            }
        });
        set_timeout(
            move || {
                self.shown.try_update(|shown| shown.retain(|(shown_id, _)| *shown_id != id));
            },
            SHOWN,
        );
    }
}

/// Where messages appear.
#[component]
pub(crate) fn ToastRegion() -> impl IntoView {
    let toasts = use_toasts();
    view! {
        <div class="toasts" role="status" aria-live="polite">
            <For each=move || toasts.shown.get() key=|(id, _)| *id let((_id, text))>
                <p class="toast">{text}</p>
            </For>
        </div>
    }
}
