//! The other side: what this tab refused, from whom, what that cost, and who is banned.

use super::{
    bans::Bans,
    judgement::Score,
    newest::{Words, newest},
};
use crate::{
    browser,
    components::{Hash, TimeAgo},
    texts,
};
use leptos::{either::Either, prelude::*};
use node_wasm::{request::Request, view::lab::Incident};

const WORDS: Words = Words {
    title: texts::VICTIM,
    title_id: "victim-title",
    none: texts::VICTIM_NONE,
    none_text: texts::VICTIM_NONE_TEXT,
    columns: &[texts::WHEN, texts::RULE, texts::SENDER, texts::SCORE, texts::REASON],
    test_id: "incidents",
};

/// Refusals and bans of this tab.
#[component]
pub(crate) fn Victim() -> impl IntoView {
    let request = |from, limit| Request::Incidents { from, limit };
    let key = |incident: &Incident| incident.line.sequence;
    newest(
        &WORDS,
        request,
        view! { <div class="bans"><h3 id="bans-title">{texts::BANNED_PEERS}</h3><Bans /></div> },
        key,
        |incident| view! { <Row incident=incident /> },
    )
}

#[component]
fn Row(incident: Incident) -> impl IntoView {
    let Incident { line, points, score, banned_until } = incident;
    let is_blamed = line.peer.is_some();
    let sender = match line.peer {
        Some(peer) => Either::Left(view! { <Hash text=peer.to_string() what=texts::WHAT_PEER /> }),
        None => Either::Right(view! { <span class="muted">{texts::NOBODY}</span> }),
    };
    view! {
        <tr data-testid="incident">
            <td><TimeAgo time=line.time /></td>
            <th scope="row"><span class="badge badge-warning">{line.code}</span>" "<span class="muted">{texts::points(points)}</span></th>
            <td>{sender}</td>
            <td>{is_blamed.then(|| view! { <Score score=score banned_until=banned_until /> })}</td>
            <td class="lab-reason outside-text">{browser::said(&line.message)}</td>
        </tr>
    }
}
