//! What makes blocks a chain: the newest headers, the oldest of which can be changed.

use super::{Progress, header_of};
use crate::{
    browser,
    components::{Failure, Loading, use_toasts},
    live::{Loaded, Meanwhile, Topics},
    state::use_tab,
    texts,
};
use leptos::{prelude::*, task::spawn_local};
use node_wasm::{
    block::BlockHeader,
    meets_target,
    request::{Attack, Request, RequestError},
    view::{HeaderView, Page, lab::Verdict},
};

/// Headers that are shown: one is changed, one no longer fits, and one is as it was.
const SHOWN: u32 = 3;

/// A link of the chain as a reader sees it.
#[derive(Debug, Clone, PartialEq)]
struct Row {
    height: u32,
    previous: String,
    hash: String,
    /// Whether it names the hash of the one below; nothing for the lowest.
    fits: Option<bool>,
    works: bool,
}

/// The headers from the lowest up, the lowest perhaps with other transactions.
fn rows(headers: &[BlockHeader], altered: bool) -> Vec<Row> {
    let mut below = None;
    let row = |(place, header): (usize, &BlockHeader)| {
        let mut header = *header;
        if altered && place == 0 {
            header.merkle_root.0[0] ^= 1;
        }
        let hash = header.hash();
        let fits = below.replace(hash).map(|below| below == header.previous);
        Row {
            height: header.height.0,
            previous: header.previous.to_string(),
            hash: hash.to_string(),
            fits,
            works: meets_target(&header),
        }
    };
    headers.iter().enumerate().map(row).collect()
}

#[component]
pub(super) fn ChainStep(number: usize) -> impl IntoView {
    let tab = use_tab();
    let toasts = use_toasts();
    let progress: Progress = expect_context();
    let headers = RwSignal::new(Loaded::<Vec<BlockHeader>>::Waiting);
    let take = move || {
        spawn_local(async move {
            let newest = tab.request::<Vec<HeaderView>>(Request::Headers { from: None, limit: Some(SHOWN) }).await;
            headers.try_set(match newest {
                Ok(newest) => {
                    let read = |one: &HeaderView| header_of(&one.bytes);
                    Loaded::Ready(newest.iter().rev().filter_map(read).collect())
                }
                Err(error) => Loaded::Failed::<Vec<BlockHeader>>(error),
            });
        });
    };
    take();
    let altered = RwSignal::new(false);
    let alter = move |_| {
        altered.update(|altered| *altered = !*altered);
        progress.done(number);
    };
    let verdicts = tab.query::<Page<Verdict>>(Topics::LAB, Meanwhile::Previous, || {
        Some(Request::Verdicts { from: None, limit: Some(50) })
    });
    let heard = move || {
        verdicts.map(|page| {
            let of_it = page.items.iter().filter(|one| one.attack == Attack::AlteredBlock);
            of_it.map(texts::learn_verdict).next()
        })
    };
    let show = move |_| {
        let request = Request::Attack { attack: Attack::AlteredBlock, peer: None, every: None };
        tab.act(request, move |result: Result<(), RequestError>| {
            if let Err(error) = result {
                toasts.say(browser::said(&error.message));
            }
            tab.mark(Topics::LAB);
        });
    };
    let list = move || match headers.get() {
        Loaded::Waiting => view! { <Loading text=texts::LEARN_WAITING /> }.into_any(),
        Loaded::Failed(error) => view! { <Failure error=error /> }.into_any(),
        Loaded::Ready(headers) => {
            let rows = rows(&headers, altered.get());
            view! { <ol class="learn-chain" data-testid="learn-chain">{rows.into_iter().map(|row| view! { <Link row=row /> }).collect_view()}</ol> }
            .into_any()
        }
    };
    view! {
        <div aria-live="polite">{list}</div>
        <div class="actions">
            <button type="button" class="button button-main" data-testid="learn-alter" aria-pressed=move || altered.get().to_string() on:click=alter>
                {move || if altered.get() { texts::LEARN_ALTER_BACK } else { texts::LEARN_ALTER }}
            </button>
            <button type="button" class="button" on:click=move |_| take()>{texts::LEARN_NEWEST_AGAIN}</button>
            <button type="button" class="button" data-testid="learn-show" on:click=show>{texts::LEARN_SHOW_PEERS}</button>
        </div>
        <p class="outside-text" role="status" data-testid="learn-verdict">{move || heard().flatten()}</p>
    }
}

#[component]
fn Link(row: Row) -> impl IntoView {
    let fits = match row.fits {
        None => None,
        Some(true) => Some(view! { <span class="badge badge-good">{texts::LEARN_FITS}</span> }.into_any()),
        Some(false) => Some(view! { <span class="badge badge-warning">{texts::LEARN_BREAKS}</span> }.into_any()),
    };
    view! {
        <li class="learn-link">
            <p><strong>{texts::block(row.height)}</strong> " " {fits}</p>
            <dl class="facts">
                <div><dt>{texts::LEARN_PREVIOUS}</dt><dd class="long-text mono">{row.previous}</dd></div>
                <div><dt>{texts::LEARN_ITS_HASH}</dt><dd class="long-text mono">{row.hash}</dd></div>
            </dl>
            {(!row.works).then(|| view! { <p><span class="badge badge-warning">{texts::LEARN_WORK_MISSED}</span></p> })}
        </li>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_block_no_longer_fits_the_next() {
        let lowest = header_of(&format!("0100{}", "00".repeat(114)));
        let lowest = lowest.expect("a header");
        let next = BlockHeader { previous: lowest.hash(), ..lowest };
        let fits = |altered| rows(&[lowest, next], altered).iter().map(|row| row.fits).collect::<Vec<_>>();
        assert_eq!(fits(false), [None, Some(true)]);
        assert_eq!(fits(true), [None, Some(false)]);
    }
}
