//! Times: relative, with the exact time on hover.

use crate::{browser, state::use_tab, texts};
use leptos::prelude::*;
use node_wasm::units::Timestamp;

/// How long ago something was.
#[component]
pub(crate) fn TimeAgo(
    /// When it was.
    #[prop(into)]
    time: Signal<Timestamp>,
) -> impl IntoView {
    let now = use_tab().now;
    // A memo, so that an hour-old time does not touch the page every second.
    let ago = Memo::new(move |_| ago(now.get(), time.get().millis()));
    view! {
        <time datetime=move || browser::iso_time(time.get().millis()) title=move || browser::local_time(time.get().millis())>
            {ago}
        </time>
    }
}

fn ago(now: u64, then: u64) -> String {
    let seconds = now.saturating_sub(then) / 1000;
    match seconds {
        0 if then > now + 1000 => texts::seconds_ahead(then.saturating_sub(now) / 1000),
        0..2 => texts::JUST_NOW.to_owned(),
        2..60 => texts::seconds_ago(seconds),
        60..3600 => texts::minutes_ago(seconds / 60),
        3600..86_400 => texts::hours_ago(seconds / 3600),
        _ => browser::local_time(then),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_near_now() {
        for (now, then, text) in [
            (10_000, 9_500, "just now"),
            (10_000, 10_900, "just now"),
            (10_000, 15_000, "in 5 s"),
            (70_000, 10_000, "1 min ago"),
            (50_000, 10_000, "40 s ago"),
            (7_300_000, 0, "2 h ago"),
        ] {
            assert_eq!(ago(now, then), text);
        }
    }
}
