//! What this node does for others: full, miner or light, changed while it runs.

use crate::{browser, components::use_toasts, state::use_tab, texts};
use leptos::prelude::*;
use leptos_router::{NavigateOptions, hooks::use_navigate};
use node_wasm::{request::Request, view::Role};

/// Roles with what the page's address calls them and what is said of each.
const ROLES: [(Role, &str, &str, &str); 3] = [
    (Role::Full, "full", texts::ROLE_FULL, texts::ROLE_FULL_HINT),
    (Role::Miner, "miner", texts::ROLE_MINER, texts::ROLE_MINER_HINT),
    (Role::Light, "light", texts::ROLE_LIGHT, texts::ROLE_LIGHT_HINT),
];

/// The role, changed at a click. The page's address keeps it over a reload.
#[component]
pub(crate) fn RolePanel() -> impl IntoView {
    let tab = use_tab();
    let toasts = use_toasts();
    let navigate = StoredValue::new_local(use_navigate());
    let current = Memo::new(move |_| tab.role());
    // A role that is refused must not stay chosen.
    let refused = RwSignal::new(0_u32);
    let choose = move |role: Role, name: &'static str| {
        tab.act(Request::SetRole { role }, move |result| match result {
            Ok(()) => {
                tab.keep_parameters(&[("role", name), ("mine", "")]);
                let here = NavigateOptions { replace: true, scroll: false, ..NavigateOptions::default() };
                navigate.with_value(|navigate| navigate(&tab.href("/settings"), here));
                toasts.say(texts::role_changed(role));
            }
            Err(error) => {
                refused.update(|refused| *refused += 1);
                toasts.say(browser::said(&error.message));
            }
        });
    };
    let choice = move |(role, name, label, hint): (Role, &'static str, &'static str, &'static str)| {
        let is_chosen = move || {
            refused.track();
            current.get() == Some(role)
        };
        let hint_id = format!("role-{name}-hint");
        view! {
            <div class="choice-with-hint">
                <label class="choice">
                    <input
                        type="radio"
                        name="role"
                        value=name
                        data-testid=format!("role-{name}")
                        aria-describedby=hint_id.clone()
                        prop:checked=is_chosen
                        on:change=move |_| choose(role, name)
                    />
                    {label}
                </label>
                <p id=hint_id class="field-hint">{hint}</p>
            </div>
        }
    };
    view! {
        <section class="panel" aria-labelledby="role-title">
            <h2 id="role-title">{texts::ROLE_SETTING}</h2>
            <p class="muted">{texts::ROLE_NOTE}</p>
            <fieldset class="choices">
                <legend class="visually-hidden">{texts::ROLE_SETTING}</legend>
                {ROLES.map(choice).collect_view()}
            </fieldset>
        </section>
    }
}
