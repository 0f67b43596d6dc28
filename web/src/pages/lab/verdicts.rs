//! What peers made of the attacks of this tab, live.

use super::{SHOWN_ROWS, judgement::Score};
use crate::{
    components::{Failure, Hash, Notice, TimeAgo, Tone},
    format,
    live::{Meanwhile, Topics},
    state::use_tab,
    texts,
};
use leptos::prelude::*;
use node_wasm::{
    request::Request,
    view::{
        Page,
        lab::{Outcome, Verdict},
    },
};

/// The newest verdicts as a table.
#[component]
pub(crate) fn Verdicts() -> impl IntoView {
    let verdicts = use_tab().query::<Page<Verdict>>(Topics::LAB, Meanwhile::Previous, || {
        Some(Request::Verdicts { from: None, limit: Some(SHOWN_ROWS) })
    });
    let rows = move || verdicts.map(|page| page.items.clone()).unwrap_or_default();
    let count = Memo::new(move |_| verdicts.map(|page| page.total));
    let failure = verdicts.failure();
    view! {
        <section class="panel" aria-labelledby="verdicts-title">
            <h2 id="verdicts-title">{texts::VERDICTS}</h2>
            {move || failure.get().map(|error| view! { <Failure error=error /> })}
            {move || (count.get() == Some(0)).then(|| view! { <Notice tone=Tone::Calm title=texts::VERDICTS_NONE text=texts::VERDICTS_NONE_TEXT /> })}
            <div class="scroller lab-rows" class:is-empty=move || count.get().unwrap_or(0) == 0 tabindex="0" role="region" aria-labelledby="verdicts-title">
                <table data-testid="verdicts">
                    <thead>
                        <tr>
                            <th scope="col">{texts::WHEN}</th>
                            <th scope="col">{texts::ATTACK}</th>
                            <th scope="col">{texts::AIMED_AT}</th>
                            <th scope="col">{texts::VERDICT}</th>
                            <th scope="col">{texts::SCORE}</th>
                            <th scope="col">{texts::REASON}</th>
                        </tr>
                    </thead>
                    <tbody>
                        <For each=rows key=|verdict| (verdict.number, step(&verdict.outcome)) let(verdict)>
                            <Row verdict=verdict />
                        </For>
                    </tbody>
                </table>
            </div>
        </section>
    }
}

/// Changes whenever an outcome does: a row is drawn anew for each step, and for nothing else.
fn step(outcome: &Outcome) -> u32 {
    match outcome {
        Outcome::Sent => 0,
        Outcome::PassedOver => 1,
        Outcome::Unanswered => 2,
        Outcome::Closed => 3,
        Outcome::Refused { refusals, .. } => refusals.saturating_add(3),
    }
}

#[component]
fn Row(verdict: Verdict) -> impl IntoView {
    let (class, text) = match &verdict.outcome {
        Outcome::Sent => ("badge", texts::VERDICT_SENT.to_owned()),
        Outcome::PassedOver => ("badge", texts::VERDICT_PASSED.to_owned()),
        Outcome::Unanswered => ("badge badge-warning", texts::VERDICT_UNANSWERED.to_owned()),
        Outcome::Closed => ("badge badge-warning", texts::VERDICT_CLOSED.to_owned()),
        Outcome::Refused { offence, refusals, .. } => {
            ("badge badge-good", texts::refused_as(texts::offence(*offence), *refusals))
        }
    };
    let (score, reason) = match verdict.outcome {
        Outcome::Refused { score, banned_until, reason, .. } => {
            (Some((score, banned_until)), format::sentence(&reason))
        }
        _ => (None, String::new()),
    };
    view! {
        <tr data-testid="verdict">
            <td><TimeAgo time=verdict.time /></td>
            <th scope="row">{texts::attack(verdict.attack)}</th>
            <td><Hash text=verdict.peer.to_string() what=texts::WHAT_PEER /></td>
            <td><span class=class>{text}</span></td>
            <td>{score.map(|(score, banned_until)| view! { <Score score=score banned_until=banned_until /> })}</td>
            <td class="lab-reason outside-text">{reason}</td>
        </tr>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use node_wasm::view::lab::Offence;

    #[test]
    fn each_outcome_is_a_step_of_its_own() {
        let refused = |refusals| Outcome::Refused {
            offence: Offence::Flood,
            points: 20,
            reason: String::new(),
            score: 20 * refusals,
            banned_until: None,
            refusals,
            after_ms: 1,
        };
        let outcomes =
            [Outcome::Sent, Outcome::PassedOver, Outcome::Unanswered, Outcome::Closed, refused(1), refused(2)];
        let steps: std::collections::BTreeSet<u32> = outcomes.iter().map(step).collect();
        assert_eq!(steps.len(), outcomes.len());
    }
}
