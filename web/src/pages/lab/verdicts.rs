//! What peers made of the attacks of this tab, live.

use super::{
    judgement::Score,
    newest::{Words, newest},
};
use crate::{
    components::{Hash, TimeAgo},
    texts,
};
use leptos::prelude::*;
use node_wasm::{
    request::Request,
    view::lab::{Outcome, Verdict},
};

const WORDS: Words = Words {
    title: texts::VERDICTS,
    title_id: "verdicts-title",
    none: texts::VERDICTS_NONE,
    none_text: texts::VERDICTS_NONE_TEXT,
    columns: &[texts::WHEN, texts::ATTACK, texts::AIMED_AT, texts::VERDICT, texts::SCORE, texts::REASON],
    test_id: "verdicts",
};

/// The newest verdicts as a table.
#[component]
pub(crate) fn Verdicts() -> impl IntoView {
    let request = |from, limit| Request::Verdicts { from, limit };
    let key = |verdict: &Verdict| (verdict.number, step(&verdict.outcome));
    newest(&WORDS, request, (), key, |verdict| view! { <Row verdict=verdict /> })
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
        Outcome::Refused { score, banned_until, reason, .. } => (Some((score, banned_until)), texts::complete(&reason)),
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
