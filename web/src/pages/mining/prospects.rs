//! What mining brings on average.

use crate::{format, state::use_tab, texts};
use leptos::prelude::*;
use node_wasm::view::Status;

/// Expected times and shares.
#[component]
pub(crate) fn Prospects() -> impl IntoView {
    let status = use_tab().status;
    let fact = move |name: &'static str, label: &'static str, part: fn(&Status) -> String| {
        let value = move || status.map(part).unwrap_or_else(|| texts::UNKNOWN.to_owned());
        view! { <div><dt>{label}</dt><dd data-testid=name>{value}</dd></div> }
    };
    view! {
        <section class="panel prospects" aria-labelledby="prospects-title">
            <h2 id="prospects-title">{texts::PROSPECTS}</h2>
            <dl class="facts">
                {fact("own-time", texts::OWN_TIME, own_time)}
                {fact("all-time", texts::ALL_TIME, all_time)}
                {fact("own-share", texts::SHARE, share)}
                {fact("own-found", texts::FOUND, |status| status.blocks_found.to_string())}
                {fact("mining-difficulty", texts::DIFFICULTY, |status| texts::expected_hashes(&format::si(status.difficulty)))}
            </dl>
            <p class="muted">{texts::CHANCE_NOTE}</p>
        </section>
    }
}

/// Milliseconds that so many hashes take.
fn expected(difficulty: f64, rate: f64) -> Option<f64> {
    (rate > 0.0).then(|| 1000.0 * difficulty / rate)
}

fn own_time(status: &Status) -> String {
    let rate = if status.mining > 0 { status.hash_rate } else { 0.0 };
    expected(status.difficulty, rate).map_or_else(|| texts::OWN_TIME_IDLE.to_owned(), format::duration)
}

fn all_time(status: &Status) -> String {
    let rate = status.network_hash_rate.unwrap_or(0.0);
    expected(status.difficulty, rate).map_or_else(|| texts::UNKNOWN.to_owned(), format::duration)
}

/// The estimate for all lags behind: just after a start, one tab may have more than "all".
fn share(status: &Status) -> String {
    match status.network_hash_rate {
        _ if status.mining == 0 => texts::NOT_MINING.to_owned(),
        Some(all) if all > 0.0 => texts::percent((100.0 * status.hash_rate / all).min(100.0)),
        _ => texts::UNKNOWN.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expected_times_follow_difficulty_and_rate() {
        assert_eq!(expected(2_000_000.0, 1_000_000.0), Some(2000.0));
        assert_eq!(expected(2_000_000.0, 0.0), None);
    }
}
