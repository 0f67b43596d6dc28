//! The diagnosis as a list.

use super::diagnosis::{Facts, Finding, Grade, diagnose};
use crate::{
    browser,
    components::{Icon, Shape},
    state::{Tab, use_tab},
    texts,
};
use leptos::prelude::*;
use node_wasm::webrtc::Report;

/// How long a stay in the background is worth a word, in milliseconds.
const HIDDEN_LATELY_MS: u64 = 120_000;

/// What is well and what is in the way.
#[component]
pub(crate) fn Findings() -> impl IntoView {
    let tab = use_tab();
    let findings = Memo::new(move |_| facts(tab).map(|facts| diagnose(&facts)).unwrap_or_default());
    let report = Memo::new(move |_| {
        tab.now.track();
        tab.connections().unwrap_or_default()
    });
    view! {
        <section class="panel" aria-labelledby="diagnosis-title">
            <div class="panel-head">
                <h2 id="diagnosis-title">{texts::DIAGNOSIS}</h2>
                <p class="muted">{move || report.with(|report| texts::attempts(report.begun, report.opened))}</p>
            </div>
            <ul class="findings" data-testid="diagnosis">
                <For each=move || findings.get() key=|finding| finding.text let(finding)>
                    <Line finding=finding />
                </For>
            </ul>
        </section>
    }
}

#[component]
fn Line(finding: Finding) -> impl IntoView {
    let (class, shape, word) = match finding.grade {
        Grade::Good => ("finding finding-good", Shape::Check, texts::DIAGNOSIS_GOOD),
        Grade::Note => ("finding", Shape::Info, texts::DIAGNOSIS_NOTE),
        Grade::Bad => ("finding finding-bad", Shape::Alert, texts::DIAGNOSIS_BAD),
    };
    view! {
        <li class=class>
            <Icon shape=shape />
            <p><span class="visually-hidden">{word}": "</span>{finding.text}</p>
        </li>
    }
}

/// What is known right now; looked at with every tick of the page's clock.
fn facts(tab: Tab) -> Option<Facts> {
    let now = tab.now.get();
    let report: Report = tab.connections().unwrap_or_default();
    let hidden_at = tab.hidden_at.get();
    tab.status.map(|status| Facts {
        tracker: status.tracker,
        peers: status.peers,
        room: status.room_size,
        has_webrtc: browser::has_webrtc(),
        report,
        was_hidden: hidden_at > 0 && now.saturating_sub(hidden_at) < HIDDEN_LATELY_MS,
        is_secure: window().is_secure_context(),
        storage: status.storage.state,
    })
}
