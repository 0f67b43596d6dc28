//! Learn: a tour over the running chain, in which every step acts on this tab's own node.

mod block;
mod chain;
mod fork;
mod hash;
mod mesh;
mod signature;

use self::{
    block::BlockStep, chain::ChainStep, fork::ForkStep, hash::HashStep, mesh::MeshStep, signature::SignatureStep,
};
use crate::{
    components::{Icon, Shape},
    digits::bytes_of,
    texts,
};
use leptos::prelude::*;
use node_wasm::block::BlockHeader;

/// Steps of the tour.
const STEPS: usize = 6;

/// Which steps the reader has done.
#[derive(Clone, Copy)]
struct Progress(RwSignal<[bool; STEPS]>);

impl Progress {
    fn done(self, step: usize) {
        let is_new = self.0.with_untracked(|done| done.get(step) == Some(&false));
        if is_new {
            self.0.update(|done| done[step] = true);
        }
    }

    fn is_done(self, step: usize) -> bool {
        self.0.with(|done| done.get(step) == Some(&true))
    }
}

/// The tour.
#[component]
pub(crate) fn Learn() -> impl IntoView {
    super::title(texts::LEARN);
    let progress = Progress(RwSignal::new([false; STEPS]));
    provide_context(progress);
    let count = Memo::new(move |_| progress.0.with(|done| done.iter().filter(|done| **done).count()));
    view! {
        <div class="page-head">
            <h1>{texts::LEARN}</h1>
            <p class="lead">{texts::LEARN_LEAD}</p>
            <p class="muted" role="status" data-testid="learn-progress">{move || texts::learn_progress(count.get(), STEPS)}</p>
        </div>
        <ol class="learn">
            <Step number=0 title=texts::LEARN_HASH text=texts::LEARN_HASH_TEXT><HashStep number=0 /></Step>
            <Step number=1 title=texts::LEARN_BLOCK text=texts::LEARN_BLOCK_TEXT><BlockStep number=1 /></Step>
            <Step number=2 title=texts::LEARN_CHAIN text=texts::LEARN_CHAIN_TEXT><ChainStep number=2 /></Step>
            <Step number=3 title=texts::LEARN_SIGNATURE text=texts::LEARN_SIGNATURE_TEXT><SignatureStep number=3 /></Step>
            <Step number=4 title=texts::LEARN_MESH text=texts::LEARN_MESH_TEXT><MeshStep number=4 /></Step>
            <Step number=5 title=texts::LEARN_FORK text=texts::LEARN_FORK_TEXT><ForkStep number=5 /></Step>
        </ol>
    }
}

#[component]
fn Step(number: usize, title: &'static str, text: &'static str, children: Children) -> impl IntoView {
    let progress: Progress = expect_context();
    let heading = format!("learn-{number}");
    let labelled_by = heading.clone();
    view! {
        <li class="panel learn-step" class:is-done=move || progress.is_done(number)>
            <section aria-labelledby=labelled_by>
                <div class="panel-head">
                    <h2 id=heading>{texts::learn_step(number + 1, title)}</h2>
                    <p class="learn-mark">
                        {move || progress.is_done(number).then(|| view! { <Icon shape=Shape::Check /> <span>{texts::LEARN_DONE}</span> })}
                    </p>
                </div>
                <p>{text}</p>
                <div class="learn-body" data-testid=format!("learn-step-{number}")>{children()}</div>
            </section>
        </li>
    }
}

/// The header that these hex digits stand for.
fn header_of(hex: &str) -> Option<BlockHeader> {
    BlockHeader::from_bytes(&bytes_of(hex)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_has_116_bytes() {
        assert!(header_of(&"00".repeat(116)).is_some());
        assert_eq!(header_of("00"), None);
    }
}
