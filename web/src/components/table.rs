//! A table that scrolls within its panel.

use leptos::prelude::*;

/// The frame of a table: its headings, and its rows as children.
#[component]
pub(crate) fn Table(
    /// Id of the heading that names it.
    labelled_by: &'static str,
    /// Headings of the columns.
    columns: &'static [&'static str],
    /// Heading of a last column of buttons, for those who hear it: who sees the buttons needs none.
    #[prop(optional)]
    buttons: Option<&'static str>,
    /// Whether there are no rows: then nothing of it is seen.
    #[prop(into)]
    is_empty: Signal<bool>,
    /// A class of its own beside `scroller`.
    #[prop(default = "")]
    class: &'static str,
    /// Name for tests.
    test_id: &'static str,
    /// The rows.
    children: Children,
) -> impl IntoView {
    let headings = columns.iter().map(|column| view! { <th scope="col">{*column}</th> }).collect_view();
    let buttons = buttons.map(|text| view! { <th scope="col"><span class="visually-hidden">{text}</span></th> });
    view! {
        <div class=format!("scroller {class}") class:is-empty=is_empty tabindex="0" role="group" aria-labelledby=labelled_by>
            <table data-testid=test_id>
                <thead><tr>{headings}{buttons}</tr></thead>
                <tbody>{children()}</tbody>
            </table>
        </div>
    }
}
