//! Links within the page that keep the node's address parameters.

use crate::state::use_tab;
use leptos::prelude::*;
use leptos_router::{
    NavigateOptions,
    hooks::{use_location, use_navigate},
};

/// A link to another view.
#[component]
pub(crate) fn Link(
    /// Its path, starting with `/`.
    #[prop(into)]
    to: String,
    /// Its look.
    #[prop(optional)]
    class: &'static str,
    /// What it says.
    children: Children,
) -> impl IntoView {
    view! { <a href=use_tab().href(&to) class=class>{children()}</a> }
}

/// Follows a link of a drawing within the page: the router only sees those of HTML. Clicks that open a new tab or
/// window are the browser's.
pub(crate) fn follow(href: String) -> impl Fn(web_sys::MouseEvent) + Clone {
    let navigate = use_navigate();
    move |event| {
        let is_plain = !(event.ctrl_key() || event.meta_key() || event.shift_key() || event.alt_key());
        if is_plain && event.button() == 0 && !event.default_prevented() {
            event.prevent_default();
            navigate(&href, NavigateOptions::default());
        }
    }
}

/// An entry of the navigation; marks where the user is.
#[component]
pub(crate) fn NavLink(
    /// Path of the view, starting with `/`.
    to: &'static str,
    /// What it says.
    label: &'static str,
) -> impl IntoView {
    let path = use_location().pathname;
    let current = move || path.with(|path| is_within(path, to)).then_some("page");
    view! { <a href=use_tab().live_href(to) class="nav-link" aria-current=current>{label}</a> }
}

/// Whether a path is that of a view or below it.
fn is_within(path: &str, view: &str) -> bool {
    if view == "/" {
        return path == "/" || path.is_empty();
    }
    path.strip_prefix(view).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::is_within;

    #[test]
    fn a_view_contains_what_is_below_it() {
        assert!(is_within("/", "/"));
        assert!(!is_within("/wallet", "/"));
        assert!(is_within("/explorer", "/explorer"));
        assert!(is_within("/explorer/block/00ab", "/explorer"));
        assert!(!is_within("/explorers", "/explorer"));
    }
}
