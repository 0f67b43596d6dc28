//! Scores and bans, as both sides show them.

use crate::{format, state::use_tab, texts};
use leptos::prelude::*;
use node_wasm::{units::Timestamp, view::lab::BAN_SCORE};

/// A score as a bar, and the ban that came of it.
#[component]
pub(crate) fn Score(score: u32, banned_until: Option<Timestamp>) -> impl IntoView {
    view! {
        <span class="score">
            <meter min="0" max=BAN_SCORE low={BAN_SCORE / 4 + 1} high={BAN_SCORE * 3 / 4} optimum="0" value={score.min(BAN_SCORE)} title=texts::score_of(score)>
                {texts::score_of(score)}
            </meter>
            <span>{texts::score_of(score)}</span>
            {banned_until.map(|until| view! { <span class="badge badge-warning"><Remaining until=until text=texts::banned_for /></span> })}
        </span>
    }
}

/// How long a ban goes on, counted down.
#[component]
pub(crate) fn Remaining(until: Timestamp, text: fn(&str) -> String) -> impl IntoView {
    let now = use_tab().now;
    move || {
        let left = until.millis().saturating_sub(now.get());
        if left == 0 { texts::BAN_OVER.to_owned() } else { text(&whole_seconds(left)) }
    }
}

/// A time without the tenths that nobody can follow.
fn whole_seconds(millis: u64) -> String {
    let seconds = u32::try_from(millis.div_ceil(1000)).unwrap_or(u32::MAX);
    if seconds < 10 { format!("{seconds} s") } else { format::duration(f64::from(seconds) * 1000.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_countdown_shows_whole_seconds() {
        for (millis, text) in
            [(1, "1 s"), (9_000, "9 s"), (59_001, "1 min"), (599_500, "10 min"), (90_000, "1 min 30 s")]
        {
            assert_eq!(whole_seconds(millis), text);
        }
    }
}
