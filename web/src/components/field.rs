//! Form fields with a label, a hint and the reason why an entry is refused.

use leptos::prelude::*;

/// A line of text to fill in.
#[component]
pub(crate) fn Field(
    /// Unique within the page.
    name: &'static str,
    /// What to fill in.
    label: &'static str,
    /// The entry.
    value: RwSignal<String>,
    /// Why the entry is refused.
    #[prop(into)]
    error: Signal<Option<String>>,
    /// What helps to fill it in.
    #[prop(optional, into)]
    hint: Signal<String>,
    /// What stands in the empty field.
    #[prop(optional, into)]
    placeholder: Signal<String>,
    /// Whether the entry is digits.
    #[prop(optional)]
    decimal: bool,
    /// Whether the entry is made for machines.
    #[prop(optional)]
    mono: bool,
    /// Whether the entry is hidden from who looks over the shoulder, and how password managers shall
    /// take it: `current-password` or `new-password`.
    #[prop(optional)]
    secret: Option<&'static str>,
    /// What stands behind the entry, such as a unit.
    #[prop(optional)]
    unit: &'static str,
) -> impl IntoView {
    let hint_id = format!("{name}-hint");
    let error_id = format!("{name}-error");
    let described_by = format!("{error_id} {hint_id}");
    view! {
        <div class="field" class:field-wrong=move || error.get().is_some()>
            <label for=name>{label}</label>
            <div class="field-entry">
                <input
                    id=name
                    name=name
                    data-testid=name
                    class:mono=mono
                    inputmode=if decimal { "decimal" } else { "text" }
                    type=if secret.is_some() { "password" } else { "text" }
                    autocomplete=secret.unwrap_or("off")
                    autocapitalize="off"
                    spellcheck="false"
                    placeholder=placeholder
                    aria-describedby=described_by
                    aria-invalid=move || if error.get().is_some() { "true" } else { "false" }
                    bind:value=value
                />
                <span class="field-unit" aria-hidden="true">{unit}</span>
            </div>
            <p class="field-error" id=error_id aria-live="polite" data-testid=format!("{name}-error")>{error}</p>
            <p class="field-hint" id=hint_id>{hint}</p>
        </div>
    }
}
