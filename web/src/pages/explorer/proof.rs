//! The Merkle proof of a transaction, computed step by step in front of the reader.

use crate::{
    components::{Failure, Icon, Loading, Notice, Shape, Tone},
    digits::{bytes_of, hex_of},
    live::{Meanwhile, Topics},
    state::use_tab,
    texts,
};
use leptos::prelude::*;
use node_wasm::{
    merkle::{Path, Proof, Side},
    request::Request,
    view::ProofView,
};

/// A proof, followed by this page itself.
#[derive(Debug, Clone, PartialEq)]
struct Followed {
    path: Path,
    index: u32,
    count: u32,
    /// The root that the block's header names.
    wanted: String,
}

impl Followed {
    /// Computes every hash from the bytes; nothing if the node's answer is no proof.
    fn new(view: &ProofView) -> Option<Self> {
        let siblings =
            view.siblings.iter().map(|one| bytes_of(one)?.try_into().ok()).collect::<Option<Vec<[u8; 32]>>>()?;
        let proof = Proof::new(view.index, view.count, siblings).ok()?;
        Some(Self {
            path: proof.path(&bytes_of(&view.bytes)?),
            index: view.index,
            count: view.count,
            wanted: view.header.merkle_root.to_string(),
        })
    }

    fn holds(&self) -> bool {
        self.path.root.to_string() == self.wanted
    }
}

/// Asks for the proof when the reader wants it, and goes through it.
#[component]
pub(crate) fn ProofPanel(
    /// The transaction.
    id: String,
) -> impl IntoView {
    let wanted = RwSignal::new(false);
    let proof = use_tab().query::<ProofView>(Topics::BRANCHES, Meanwhile::Previous, move || {
        wanted.get().then(|| Request::Proof { id: id.clone() })
    });
    // Confirmations grow; the proof stays the same.
    let followed = Memo::new(move |_| proof.map(Followed::new));
    let failure = proof.failure();
    let body = move || {
        match (wanted.get(), failure.get(), followed.get()) {
        (false, ..) => view! {
            <button type="button" class="button" data-testid="proof-show" on:click=move |_| wanted.set(true)>{texts::PROOF_SHOW}</button>
        }
        .into_any(),
        (true, Some(error), _) => view! { <Failure error=error /> }.into_any(),
        (true, None, None) => view! { <Loading text=texts::PROOF_WAITING /> }.into_any(),
        (true, None, Some(Some(followed))) => view! { <Steps followed=followed /> }.into_any(),
        (true, None, Some(None)) => {
            view! { <Notice tone=Tone::Danger title=texts::PROOF text=texts::PROOF_FAILS /> }.into_any()
        }
    }
    };
    view! {
        <section class="proof" aria-labelledby="proof-title">
            <h3 id="proof-title">{texts::PROOF}</h3>
            <p class="muted">{texts::PROOF_NOTE}</p>
            {body}
        </section>
    }
}

/// From the leaf upwards, as far as the reader has come.
#[component]
fn Steps(followed: Followed) -> impl IntoView {
    let steps = followed.path.steps.len();
    // The leaf, each pair, and the comparison with the header.
    let last = steps + 1;
    let shown = RwSignal::new(0_usize);
    let leaf = hex_of(&followed.path.leaf);
    let alone = steps == 0;
    let pairs: Vec<_> = followed.path.steps.iter().copied().enumerate().collect();
    let computed = move || pairs.iter().take(shown.get()).copied().collect::<Vec<_>>();
    let end = followed.clone();
    let is_over = move || shown.get() >= last;
    view! {
        <p class="muted">{texts::proof_place(followed.index, followed.count, steps)}</p>
        <ol class="proof-steps" aria-live="polite" data-testid="proof">
            <li class="proof-step">
                <p>{texts::PROOF_LEAF}", "{texts::PROOF_LEAF_HASH}</p>
                <p class="proof-hash proof-own"><span class="long-text" data-testid="proof-leaf">{leaf}</span></p>
                {alone.then(|| view! { <p class="muted">{texts::PROOF_ALONE}</p> })}
            </li>
            <For each=computed key=|(index, _)| *index let((index, step))>
                <li class="proof-step">
                    <p class="muted">{texts::proof_step(index + 1, steps)}</p>
                    <div class="proof-pair">
                        <Child side=texts::PROOF_LEFT hash=hex_of(&step.left) own=step.from == Side::Left />
                        <Child side=texts::PROOF_RIGHT hash=hex_of(&step.right) own=step.from == Side::Right />
                    </div>
                    <p class="proof-joint"><Icon shape=Shape::Down />{texts::PROOF_TOGETHER}</p>
                    <p class="proof-hash proof-own"><span class="long-text">{hex_of(&step.hash)}</span></p>
                </li>
            </For>
            {move || is_over().then(|| view! { <End followed=end.clone() /> })}
        </ol>
        <div class="actions">
            <button type="button" class="button button-main" data-testid="proof-next" prop:disabled=is_over on:click=move |_| shown.update(|shown| *shown += 1)>{texts::PROOF_NEXT}</button>
            <button type="button" class="button" data-testid="proof-all" prop:disabled=is_over on:click=move |_| shown.set(last)>{texts::PROOF_ALL}</button>
            <button type="button" class="button" prop:disabled=move || shown.get() == 0 on:click=move |_| shown.set(0)>{texts::PROOF_AGAIN}</button>
        </div>
    }
}

/// One of the two hashes that are hashed together.
#[component]
fn Child(side: &'static str, hash: String, own: bool) -> impl IntoView {
    let origin = if own { texts::PROOF_OWN } else { texts::PROOF_SIBLING };
    view! {
        <p class="proof-hash" class:proof-own=own>
            <span class="proof-side">{side}", "{origin}</span>
            <span class="long-text">{hash}</span>
        </p>
    }
}

#[component]
fn End(followed: Followed) -> impl IntoView {
    let holds = followed.holds();
    let (tone, words) = if holds { (Tone::Calm, texts::PROOF_HOLDS) } else { (Tone::Danger, texts::PROOF_FAILS) };
    view! {
        <li class="proof-step">
            <p>{texts::PROOF_ROOT}</p>
            <p class="proof-hash proof-own"><span class="long-text" data-testid="proof-root">{followed.path.root.to_string()}</span></p>
            <p>{texts::PROOF_HEADER}</p>
            <p class="proof-hash"><span class="long-text">{followed.wanted}</span></p>
            <div data-testid="proof-verdict" data-holds=holds.to_string()>
                <Notice tone=tone title=texts::PROOF text=words />
            </div>
        </li>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use node_wasm::{
        merkle,
        units::{Height, Timestamp},
        view::HeaderView,
    };

    fn view(leaves: &[Vec<u8>], index: usize) -> ProofView {
        let proof = merkle::prove(leaves, index).unwrap();
        let hash = "00".repeat(32);
        ProofView {
            transaction: hash.parse().unwrap(),
            bytes: hex_of(&leaves[index]),
            index: proof.index(),
            count: proof.count(),
            siblings: proof.siblings().iter().map(|one| hex_of(one)).collect(),
            confirmations: 1,
            header: HeaderView {
                hash: hash.parse().unwrap(),
                previous: hash.parse().unwrap(),
                height: Height(1),
                time: Timestamp::from_millis(0),
                difficulty: 1.0,
                work: "1".to_owned(),
                merkle_root: merkle::root(leaves),
                state_root: hash.parse().unwrap(),
                bytes: String::new(),
                best: true,
            },
        }
    }

    #[test]
    fn every_leaf_leads_to_the_root_of_the_header() {
        for count in 1..=9_u8 {
            let leaves: Vec<Vec<u8>> = (0..count).map(|number| vec![number; 40]).collect();
            for index in 0..leaves.len() {
                assert!(Followed::new(&view(&leaves, index)).unwrap().holds(), "{index} of {count}");
            }
        }
    }

    #[test]
    fn another_byte_leads_elsewhere_and_nonsense_is_no_proof() {
        let leaves: Vec<Vec<u8>> = (0..5).map(|number| vec![number; 40]).collect();
        let mut altered = view(&leaves, 3);
        altered.bytes.replace_range(0..2, "ff");
        assert!(!Followed::new(&altered).unwrap().holds());
        for broken in [
            ProofView { bytes: "zz".to_owned(), ..view(&leaves, 3) },
            ProofView { index: 5, ..view(&leaves, 3) },
            ProofView { siblings: vec!["00".to_owned()], ..view(&leaves, 3) },
        ] {
            assert_eq!(Followed::new(&broken), None);
        }
    }
}
