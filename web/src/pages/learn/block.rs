//! What a block is: this tab finds one.

use super::Progress;
use crate::{
    components::{AmountText, Failure, Icon, LongText, Shape},
    state::use_tab,
    texts,
};
use leptos::{prelude::*, task::spawn_local};
use node_wasm::{
    request::{Request, RequestError},
    view::BlockView,
};

#[derive(Clone)]
enum Search {
    Idle,
    Running,
    Found(Box<BlockView>),
    Failed(RequestError),
}

#[component]
pub(super) fn BlockStep(number: usize) -> impl IntoView {
    let tab = use_tab();
    let progress: Progress = expect_context();
    let search = RwSignal::new(Search::Idle);
    let mine = move |_| {
        search.set(Search::Running);
        spawn_local(async move {
            let found = tab.request::<BlockView>(Request::MinerMine).await;
            // The reader may have gone elsewhere meanwhile.
            search.try_set(match found {
                Ok(block) => {
                    progress.done(number);
                    Search::Found(Box::new(block))
                }
                Err(error) => Search::Failed(error),
            });
        });
    };
    let is_running = move || search.with(|search| matches!(search, Search::Running));
    let tried = move || tab.status.map(|status| texts::learn_search(status.difficulty, status.hash_rate));
    let outcome = move || match search.get() {
        Search::Idle => ().into_any(),
        Search::Running => view! { <p class="loading" role="status">{tried}</p> }.into_any(),
        Search::Failed(error) => view! { <Failure error=error /> }.into_any(),
        Search::Found(block) => view! { <Found block=*block /> }.into_any(),
    };
    view! {
        <div class="actions">
            <button type="button" class="button button-main" data-testid="learn-mine" prop:disabled=is_running on:click=mine>
                <Icon shape=Shape::Play />
                {texts::LEARN_MINE}
            </button>
        </div>
        <div aria-live="polite" data-testid="learn-found">{outcome}</div>
    }
}

#[component]
fn Found(block: BlockView) -> impl IntoView {
    let tab = use_tab();
    let summary = block.summary;
    let hash = summary.hash.to_string();
    view! {
        <p>{texts::learn_found(summary.height.0, block.nonce)}</p>
        <dl class="facts">
            <div><dt>{texts::LEARN_ITS_HASH}</dt><dd><LongText text=hash.clone() what=texts::WHAT_BLOCK href=tab.href(&format!("/explorer/block/{hash}")) /></dd></div>
            <div><dt>{texts::LEARN_REWARD}</dt><dd><AmountText amount=summary.reward /></dd></div>
            <div><dt>{texts::LEARN_TRANSACTIONS}</dt><dd>{summary.transactions}</dd></div>
        </dl>
    }
}
