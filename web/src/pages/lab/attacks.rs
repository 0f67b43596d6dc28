//! The attacks: what each tries, which rule stops it, and the button that launches it.

use crate::{
    browser,
    components::{Failure, Icon, Loading, Shape, use_toasts},
    format,
    live::{Meanwhile, Query, Topics},
    state::use_tab,
    texts,
};
use leptos::prelude::*;
use node_wasm::{
    request::{Attack, Request},
    view::{
        Page, PeerState, PeerView,
        lab::{AttackView, Outcome, Verdict},
    },
};

/// Verdicts that are looked through for the newest of each attack.
const LOOKED_THROUGH: u32 = 500;

/// Seconds between launches that can be chosen.
const PERIODS: [u32; 4] = [1, 5, 15, 60];

/// At whom and how often, as it is chosen.
#[derive(Clone, Copy)]
struct Order {
    /// The peer's id; empty for all.
    peer: RwSignal<String>,
    /// Seconds between launches; empty for once.
    every: RwSignal<String>,
}

impl Order {
    fn request(self, attack: Attack) -> Request {
        let peer = self.peer.with_untracked(|peer| peer.parse().ok());
        let every = self.every.with_untracked(|every| every.parse().ok());
        Request::Attack { attack, peer, every }
    }
}

/// All attacks.
#[component]
pub(crate) fn Attacks() -> impl IntoView {
    let tab = use_tab();
    let topics = Topics::LAB | Topics::PEERS | Topics::CHAIN | Topics::WALLET;
    let attacks = tab.query::<Vec<AttackView>>(topics, Meanwhile::Previous, || Some(Request::Attacks));
    let verdicts = tab.query::<Page<Verdict>>(Topics::LAB, Meanwhile::Previous, || {
        Some(Request::Verdicts { from: None, limit: Some(LOOKED_THROUGH) })
    });
    let order = Order { peer: RwSignal::new(String::new()), every: RwSignal::new(String::new()) };
    let failure = attacks.failure();
    let is_there = Memo::new(move |_| attacks.map(|attacks| !attacks.is_empty()).unwrap_or_default());
    let running = Memo::new(move |_| {
        attacks.map(|attacks| attacks.iter().any(|one| one.working || one.repeated.is_some())).unwrap_or_default()
    });
    let stop = move |_| tab.act(Request::StopAttacks, move |_| tab.mark(Topics::LAB));
    view! {
        <section class="panel" aria-labelledby="attacks-title">
            <div class="panel-head">
                <h2 id="attacks-title">{texts::ATTACKS}</h2>
                <div class="lab-order">
                    <Target order=order />
                    <Period order=order />
                    <button type="button" class="button" data-testid="lab-stop" disabled=move || !running.get() on:click=stop>
                        <Icon shape=Shape::Stop />{texts::STOP_ATTACKS}
                    </button>
                </div>
            </div>
            {move || failure.get().map(|error| view! { <Failure error=error /> })}
            {move || (!is_there.get() && failure.get().is_none()).then(|| view! { <Loading text=texts::ATTACKS_WAITING /> })}
            <ul class="attacks">
                {Attack::ALL.map(|attack| view! { <Card attack=attack attacks=attacks verdicts=verdicts order=order /> }).collect_view()}
            </ul>
        </section>
    }
}

/// At whom the next attack is aimed.
#[component]
fn Target(order: Order) -> impl IntoView {
    let peers = use_tab().query::<Vec<PeerView>>(Topics::PEERS, Meanwhile::Previous, || Some(Request::Peers));
    let ids = Memo::new(move |_| {
        let connected = |peers: &Vec<PeerView>| {
            let connected = peers.iter().filter(|peer| peer.state == PeerState::Connected);
            connected.map(|peer| peer.peer_id.to_string()).collect::<Vec<_>>()
        };
        peers.map(connected).unwrap_or_default()
    });
    // A peer that is gone, perhaps because it banned this tab, is no target any more.
    Effect::new(move |_| {
        let gone = ids.with(|ids| order.peer.with_untracked(|peer| !peer.is_empty() && !ids.contains(peer)));
        if gone {
            order.peer.set(String::new());
        }
    });
    view! {
        <label class="lab-choice">
            <span>{texts::AIM}</span>
            <select data-testid="lab-aim" prop:value=move || order.peer.get() on:change=move |event| order.peer.set(event_target_value(&event))>
                <option value="">{texts::ALL_PEERS}</option>
                <For each=move || ids.get() key=Clone::clone let(id)>
                    <option value=id.clone() title=id.clone()>{format::shorten(&id)}</option>
                </For>
            </select>
        </label>
    }
}

/// Once, or again and again.
#[component]
fn Period(order: Order) -> impl IntoView {
    let option = |seconds: u32| view! { <option value=seconds.to_string()>{texts::every(seconds)}</option> };
    view! {
        <label class="lab-choice">
            <span>{texts::REPEAT}</span>
            <select data-testid="lab-every" prop:value=move || order.every.get() on:change=move |event| order.every.set(event_target_value(&event))>
                <option value="">{texts::ONCE}</option>
                {PERIODS.map(option).collect_view()}
            </select>
        </label>
    }
}

#[component]
fn Card(
    attack: Attack,
    attacks: Query<Vec<AttackView>>,
    verdicts: Query<Page<Verdict>>,
    order: Order,
) -> impl IntoView {
    let tab = use_tab();
    let toasts = use_toasts();
    let row =
        Memo::new(move |_| attacks.map(|attacks| attacks.iter().find(|one| one.name == attack).cloned()).flatten());
    let launch = move |_| {
        let works = row.with_untracked(|row| row.as_ref().is_some_and(needs_work));
        tab.act(order.request(attack), move |result| {
            match result {
                Ok(()) if works => toasts.say(texts::MINES_FIRST.to_owned()),
                Ok(()) => toasts.say(format!("{}: {}", texts::LAUNCHED, texts::attack(attack))),
                Err(error) => toasts.say(browser::said(&error.message)),
            }
            tab.mark(Topics::LAB);
        });
    };
    let lacks = Memo::new(move |_| {
        row.with(|row| row.as_ref().and_then(|row| row.lacks.as_ref()).map(|lacks| browser::said(&lacks.message)))
    });
    let doing = Memo::new(move |_| row.with(|row| row.as_ref().map(doing).unwrap_or_default()));
    let judged = Memo::new(move |_| verdicts.map(|page| judged(&page.items, attack)).flatten());
    let title = texts::attack(attack);
    let card = move |row: AttackView| {
        let needs = row.needs.iter().filter_map(|need| texts::need(*need));
        let remarks = std::iter::once(texts::price(row.offence, row.points)).chain(needs.map(str::to_owned));
        view! {
            <p>{browser::said(&row.tries)}</p>
            <p class="attack-rule"><span class="muted">{texts::STOPPED_BY}": "</span>{browser::said(&row.stopped_by)}</p>
            <ul class="attack-remarks">
                {remarks.map(|remark| view! { <li class="badge">{remark}</li> }).collect_view()}
            </ul>
        }
    };
    // The sentences never change: only the first answer draws them.
    let known = Memo::new(move |_| row.with(Option::is_some));
    view! {
        <li class="attack" class:is-running=move || !doing.with(String::is_empty)>
            <h3>{title}</h3>
            {move || known.get().then(|| row.get_untracked().map(card))}
            <p class="attack-verdict" data-testid=format!("verdict-{}", attack.code())>{judged}</p>
            <div class="attack-foot">
                <button
                    type="button"
                    class="button"
                    aria-label=texts::launch_attack(title)
                    data-testid=format!("attack-{}", attack.code())
                    disabled=move || lacks.with(Option::is_some) || !known.get()
                    on:click=launch
                >
                    <Icon shape=Shape::Play />{texts::LAUNCH}
                </button>
                <p class="muted" aria-live="polite">{move || lacks.get().unwrap_or_else(|| doing.get())}</p>
            </div>
        </li>
    }
}

/// What peers made of the newest launch of an attack; nothing before there is one.
fn judged(newest_first: &[Verdict], attack: Attack) -> Option<String> {
    let of_it = || newest_first.iter().filter(|verdict| verdict.attack == attack);
    let launch = of_it().next()?.launch;
    let (mut refused, mut passed_over, mut open) = (0, 0, 0);
    for verdict in of_it().filter(|verdict| verdict.launch == launch) {
        match verdict.outcome {
            Outcome::Refused { .. } => refused += 1,
            Outcome::PassedOver => passed_over += 1,
            Outcome::Sent | Outcome::Unanswered | Outcome::Closed => open += 1,
        }
    }
    Some(texts::judged(refused, passed_over, open))
}

fn needs_work(row: &AttackView) -> bool {
    row.needs.contains(&node_wasm::view::lab::Need::Work)
}

/// What is under way, in words.
fn doing(row: &AttackView) -> String {
    let repeated = row.repeated.map(|repeated| texts::repeated(repeated.every, repeated.tries));
    let working = row.working.then(|| texts::BEING_MINED.to_owned());
    working.into_iter().chain(repeated).collect::<Vec<_>>().join(" · ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use node_wasm::units::Timestamp;

    fn verdict(launch: u64, attack: Attack, outcome: Outcome) -> Verdict {
        let peer = "11".repeat(20).parse().unwrap();
        Verdict { number: launch, launch, attack, peer, time: Timestamp::from_millis(0), subject: None, outcome }
    }

    #[test]
    fn a_card_tells_the_newest_launch_of_its_attack() {
        let [one, other] = [Attack::ALL[0], Attack::ALL[1]];
        let all = [
            verdict(4, other, Outcome::PassedOver),
            verdict(3, one, Outcome::PassedOver),
            verdict(3, one, Outcome::Sent),
            verdict(3, one, Outcome::Closed),
            verdict(1, one, Outcome::Sent),
        ];
        assert_eq!(judged(&all, one).as_deref(), Some("Last launch: 1 peer passed it over, 2 peers said nothing yet"));
        assert_eq!(judged(&all, Attack::ALL[2]), None);
    }
}
