//! Hashes, ids and addresses: short in lists, whole at a touch.

use super::{CopyButton, Flag};
use crate::format;
use leptos::{either::Either, prelude::*};

/// A long text with its flag, shortened; whole when pointed at or focused, and to be copied.
#[component]
pub(crate) fn Hash(
    /// The whole text.
    #[prop(into)]
    text: String,
    /// What it is, such as "block hash".
    what: &'static str,
    /// Where it leads.
    #[prop(optional, into)]
    href: Option<String>,
) -> impl IntoView {
    let short = format::shorten(&text);
    let label = view! {
        <span aria-hidden="true">{short}</span>
        <span class="hash-whole">{text.clone()}</span>
    };
    let label = match href {
        Some(href) => Either::Left(view! { <a class="hash-text" href=href data-noscroll="">{label}</a> }),
        None => Either::Right(view! { <span class="hash-text">{label}</span> }),
    };
    view! {
        <span class="hash">
            <Flag of=text.clone() />
            {label}
            <CopyButton text=text what=what />
        </span>
    }
}

/// A long text with its flag, whole.
#[component]
pub(crate) fn LongText(
    /// The whole text.
    #[prop(into)]
    text: String,
    /// What it is, such as "block hash".
    what: &'static str,
    /// Where it leads.
    #[prop(optional, into)]
    href: Option<String>,
) -> impl IntoView {
    let label = match href {
        Some(href) => Either::Left(view! { <a class="long-text" href=href data-noscroll="">{text.clone()}</a> }),
        None => Either::Right(view! { <span class="long-text">{text.clone()}</span> }),
    };
    view! {
        <span class="hash hash-long">
            <Flag of=text.clone() />
            {label}
            <CopyButton text=text what=what />
        </span>
    }
}
