//! The other side: what this tab refused, from whom, what that cost, and who is banned.

use super::{
    judgement::{Remaining, Score},
    newest::{Words, newest},
};
use crate::{
    components::{Hash, TimeAgo, use_toasts},
    format,
    live::{Meanwhile, Topics},
    state::use_tab,
    texts,
};
use leptos::{either::Either, prelude::*};
use node_wasm::{
    request::Request,
    view::lab::{BanView, Incident},
};

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
    newest(&WORDS, request, view! { <Bans /> }, key, |incident| view! { <Row incident=incident /> })
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
            <td class="lab-reason outside-text">{format::sentence(&line.message)}</td>
        </tr>
    }
}

/// Banned peers, each with its time and a pardon.
#[component]
fn Bans() -> impl IntoView {
    let tab = use_tab();
    let bans = tab.query::<Vec<BanView>>(Topics::LAB | Topics::PEERS, Meanwhile::Previous, || Some(Request::Bans));
    // A ban that ends makes no event.
    let alive = Memo::new(move |_| {
        let now = tab.now.get();
        bans.map(|bans| bans.iter().filter(|ban| ban.until.millis() > now).copied().collect::<Vec<_>>())
            .unwrap_or_default()
    });
    let none = Memo::new(move |_| alive.with(Vec::is_empty));
    view! {
        <div class="bans">
            <h3 id="bans-title">{texts::BANNED_PEERS}</h3>
            {move || none.get().then(|| view! { <p class="muted">{texts::BANNED_NONE}</p> })}
            <ul aria-labelledby="bans-title" data-testid="bans">
                <For each=move || alive.get() key=|ban| (ban.peer_id, ban.until) let(ban)>
                    <Banned ban=ban />
                </For>
            </ul>
        </div>
    }
}

#[component]
fn Banned(ban: BanView) -> impl IntoView {
    let tab = use_tab();
    let toasts = use_toasts();
    let pardon = move |_| {
        tab.act(Request::Pardon { peer: ban.peer_id }, move |result| {
            toasts.say(match result {
                Ok(()) => texts::PARDONED.to_owned(),
                Err(error) => format::sentence(&error.message),
            });
            tab.mark(Topics::LAB);
        });
    };
    view! {
        <li class="ban" data-testid="ban">
            <Hash text=ban.peer_id.to_string() what=texts::WHAT_PEER />
            {ban.offence.map(|offence| view! { <span class="badge badge-warning">{texts::offence(offence)}</span> })}
            <span><Remaining until=ban.until text=texts::time_left /></span>
            <button type="button" class="button" data-testid="pardon" on:click=pardon>{texts::PARDON}</button>
        </li>
    }
}
