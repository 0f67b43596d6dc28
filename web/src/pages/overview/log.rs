//! What was accepted, what was rejected, and why.

use crate::{
    browser,
    components::{Hash, Icon, Shape, TimeAgo},
    state::use_tab,
    texts,
};
use leptos::{either::Either, html, prelude::*};
use node_wasm::view::{LogEntry, LogLevel};

/// No line is lower, in pixels.
const LEAST_LINE: f64 = 48.0;

/// Lines are drawn so many at a time: not every pixel of scrolling draws one.
const STEP: usize = 4;

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
    let frame = NodeRef::<html::Div>::new();
    let size = browser::element_size(frame);
    let scrolled = RwSignal::new(0.0);
    let wanted = Memo::new(move |_| wanted(scrolled.get(), size.get().1));
    let lines = move || {
        let (filter, wanted) = (filter.get(), wanted.get());
        log.with(|log| log.iter().filter(|line| filter.lets_pass(line.level)).take(wanted).cloned().collect::<Vec<_>>())
    };
    let look = move |_| {
        if let Some(frame) = frame.get_untracked() {
            scrolled.set(f64::from(frame.scroll_top()));
        }
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
            <div class="log-lines" role="log" aria-live="off" aria-labelledby="log-title" tabindex="0" data-testid="log" node_ref=frame on:scroll=look>
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

/// How many of the newest lines to draw in a frame of this height that is scrolled so far: what is seen and
/// half as much below it. While blocks are caught up on, dozens of lines come at once, each of dozens of elements.
fn wanted(scrolled: f64, height: f64) -> usize {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive, and a float cast saturates")]
    let lines = ((scrolled.max(0.0) + 1.5 * height.max(0.0)) / LEAST_LINE) as usize;
    (lines / STEP).saturating_add(1).saturating_mul(STEP)
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
                <p><span class="visually-hidden">{word}": "</span>{browser::words(&line.message)}</p>
                <p class="log-details">{code_chip}{subject}{peer}</p>
                {move || is_explained.get().then(|| view! { <p class="log-meaning">{meaning}</p> })}
            </div>
            <span class="log-time"><TimeAgo time=line.time /></span>
        </li>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_lines_are_drawn_than_are_seen() {
        for (scrolled, height) in [(0.0, 352.0), (0.0, 900.0), (4000.0, 352.0), (123.0, 500.0)] {
            #[expect(clippy::cast_precision_loss, reason = "a few lines")]
            let [drawn, step] = [wanted(scrolled, height), STEP].map(|lines| LEAST_LINE * lines as f64);
            assert!(drawn >= scrolled + 1.5 * height, "{scrolled} {height}");
            assert!(drawn <= scrolled + 1.5 * height + step, "{scrolled} {height}");
        }
    }

    #[test]
    fn a_frame_without_size_draws_a_few_lines() {
        for (scrolled, height) in [(0.0, 0.0), (-5.0, f64::NAN)] {
            assert_eq!(wanted(scrolled, height), STEP);
        }
    }
}
