//! What a fork is: two tabs mine at once until they disagree, and the chain with more work wins.

use super::Progress;
use crate::{
    browser,
    components::{Icon, Shape, use_toasts},
    live::{Meanwhile, Topics},
    state::use_tab,
    texts,
};
use leptos::prelude::*;
use node_wasm::{
    request::Request,
    view::{Event, ForkChange, ForkTree},
};

/// What happened since the reader came.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Seen {
    /// Blocks beside the best chain.
    beside: u32,
    /// Blocks that left the best chain.
    reverted: usize,
    /// Branches that were discarded.
    discarded: u32,
}

impl Seen {
    fn note(&mut self, event: &Event) {
        match event {
            Event::Fork(ForkChange::Grown { .. }) => self.beside += 1,
            Event::Fork(ForkChange::Discarded { .. }) => self.discarded += 1,
            Event::Tip { reverted, .. } | Event::Header { reverted, .. } => self.reverted += reverted.len(),
            _ => {}
        }
    }
}

#[component]
pub(super) fn ForkStep(number: usize) -> impl IntoView {
    let tab = use_tab();
    let toasts = use_toasts();
    let progress: Progress = expect_context();
    let seen = RwSignal::new(Seen::default());
    tab.on_event(move |event| {
        let mut now = seen.get_untracked();
        now.note(event);
        if now != seen.get_untracked() {
            seen.set(now);
        }
    });
    let tree = tab.query::<ForkTree>(Topics::BRANCHES | Topics::CHAIN, Meanwhile::Previous, || Some(Request::Forks));
    let branches = Memo::new(move |_| tree.map(|tree| tree.branches.clone()).unwrap_or_default());
    Effect::new(move |_| {
        if !branches.with(Vec::is_empty) || seen.get() != Seen::default() {
            progress.done(number);
        }
    });
    let mine = move |_| {
        tab.act(Request::MinerStart { threads: Some(1) }, move |result| match result {
            Ok(()) => toasts.say(texts::LEARN_MINES.to_owned()),
            Err(error) => toasts.say(browser::said(&error.message)),
        });
    };
    let rival = {
        let link = tab.invitation();
        let joint = if link.contains('?') { '&' } else { '?' };
        format!("{link}{joint}mine=1")
    };
    view! {
        <div class="actions">
            <button type="button" class="button button-main" data-testid="learn-mine-on" on:click=mine>
                <Icon shape=Shape::Play />
                {texts::LEARN_MINE_HERE}
            </button>
            <a class="button" href=rival target="_blank" rel="noopener" data-testid="learn-rival">
                <Icon shape=Shape::NewTab />
                {texts::LEARN_RIVAL}
            </a>
        </div>
        <p role="status" data-testid="learn-forks">{move || {
            let Seen { beside, reverted, discarded } = seen.get();
            texts::learn_forks(beside, reverted, discarded)
        }}</p>
        <ul class="learn-peers">
            <For each=move || branches.get() key=|branch| (branch.tip, branch.discard_in) let(branch)>
                <li>{texts::learn_branch(&branch)}</li>
            </For>
        </ul>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use node_wasm::hash::BlockHash;

    #[test]
    fn what_leaves_the_best_chain_and_what_stands_beside_it_is_counted() {
        let mut seen = Seen::default();
        seen.note(&Event::Fork(ForkChange::Grown { tip: BlockHash::ZERO }));
        seen.note(&Event::Fork(ForkChange::Discarded { tip: BlockHash::ZERO }));
        seen.note(&Event::Sync(None));
        assert_eq!(seen, Seen { beside: 1, reverted: 0, discarded: 1 });
    }
}
