//! What was accepted, what was rejected, and why.

use crate::{
    components::{Hash, Icon, Shape, TimeAgo},
    state::use_tab,
    texts,
};
use leptos::{either::Either, prelude::*};
use node_wasm::view::{LogEntry, LogLevel};

/// Most lines on the page at a time.
const SHOWN_LINES: usize = 80;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Filter {
    All,
    Accepted,
    Rejected,
}

impl Filter {
    const ALL: [Self; 3] = [Self::All, Self::Accepted, Self::Rejected];

    const fn label(self) -> &'static str {
        match self {
            Self::All => texts::LOG_ALL,
            Self::Accepted => texts::LOG_ACCEPTED,
            Self::Rejected => texts::LOG_REJECTED,
        }
    }

    const fn lets_pass(self, level: LogLevel) -> bool {
        match self {
            Self::All => true,
            Self::Accepted => matches!(level, LogLevel::Accepted),
            Self::Rejected => matches!(level, LogLevel::Rejected | LogLevel::Warning),
        }
    }
}

/// The log, newest first.
#[component]
pub(crate) fn LogPanel() -> impl IntoView {
    let log = use_tab().log;
    let filter = RwSignal::new(Filter::All);
    let lines = move || {
        let filter = filter.get();
        log.with(|log| {
            log.iter().filter(|line| filter.lets_pass(line.level)).take(SHOWN_LINES).cloned().collect::<Vec<_>>()
        })
    };
    let is_empty = Memo::new(move |_| log.with(|log| !log.iter().any(|line| filter.get().lets_pass(line.level))));
    let choice = move |option: Filter| {
        view! {
            <button type="button" class="chip" aria-pressed=move || (filter.get() == option).to_string() on:click=move |_| filter.set(option)>
                {option.label()}
            </button>
        }
    };
    view! {
        <section class="panel log" aria-labelledby="log-title">
            <div class="panel-head">
                <h2 id="log-title">{texts::LOG}</h2>
                <div class="chips" role="group" aria-label=texts::LOG_FILTER>{Filter::ALL.map(choice).collect_view()}</div>
            </div>
            // Read on demand: at ten blocks a second nobody wants to hear every line.
            <div class="log-lines" role="log" aria-live="off" aria-labelledby="log-title" tabindex="0" data-testid="log">
                <ol>
                    <For each=lines key=|line| line.sequence let(line)>
                        <Line line=line />
                    </For>
                </ol>
            </div>
            <Show when=move || is_empty.get()>
                <p class="empty">{move || if filter.get() == Filter::Rejected { texts::LOG_NO_REFUSALS } else { texts::LOG_EMPTY }}</p>
            </Show>
        </section>
    }
}

#[component]
fn Line(line: LogEntry) -> impl IntoView {
    let tab = use_tab();
    let (class, shape, word) = match line.level {
        LogLevel::Info => ("log-line", Shape::Info, texts::LEVEL_INFO),
        LogLevel::Accepted => ("log-line log-accepted", Shape::Check, texts::LEVEL_ACCEPTED),
        LogLevel::Rejected => ("log-line log-rejected", Shape::Cross, texts::LEVEL_REJECTED),
        LogLevel::Warning => ("log-line log-warning", Shape::Alert, texts::LEVEL_WARNING),
    };
    let subject = line.subject.map(|subject| {
        let href = tab.href(&format!("/explorer/search/{subject}"));
        view! { <Hash text=subject what=texts::WHAT_HASH href=href /> }
    });
    let peer = line.peer.map(|peer| {
        view! { <span class="log-peer">{texts::FROM_PEER}" "<Hash text=peer.to_string() what=texts::WHAT_PEER /></span> }
    });
    let code = line.code.clone();
    let meaning = texts::explanation(&line.code);
    let is_explained = RwSignal::new(false);
    let question = texts::explain_code(&line.code);
    let code_chip = match meaning {
        Some(_) => Either::Left(view! {
            <button
                type="button"
                class="log-code"
                title=question
                aria-expanded=move || is_explained.get().to_string()
                on:click=move |_| is_explained.update(|explained| *explained = !*explained)
            >
                {line.code}
            </button>
        }),
        None => Either::Right(view! { <span class="log-code">{line.code}</span> }),
    };
    view! {
        <li class=class data-code=code>
            <Icon shape=shape />
            <div class="log-text">
                <p><span class="visually-hidden">{word}": "</span>{line.message}</p>
                <p class="log-details">{code_chip}{subject}{peer}</p>
                {move || is_explained.get().then(|| view! { <p class="log-meaning">{meaning}</p> })}
            </div>
            <span class="log-time"><TimeAgo time=line.time /></span>
        </li>
    }
}
