//! Blocks as cards, newest first.

use super::listed_from;
use crate::{
    components::{AmountText, Failure, Flag, Icon, Loading, Shape, TimeAgo},
    format,
    live::{Meanwhile, Topics},
    state::use_tab,
    texts,
};
use leptos::prelude::*;
use node_wasm::{
    request::Request,
    view::{BlockSummary, ForkTree},
};

/// Cards on a page: fills rows of two, three, four and six.
const PAGE: u32 = 24;

/// Digits at the end of a hash that a card always shows.
const HASH_END: usize = 8;

/// A page of the best chain.
#[component]
pub(crate) fn Blocks() -> impl IntoView {
    let tab = use_tab();
    let from = listed_from();
    let blocks = tab.query::<Vec<BlockSummary>>(Topics::CHAIN | Topics::BRANCHES, Meanwhile::Previous, move || {
        Some(Request::Blocks { from: from.get(), limit: Some(PAGE) })
    });
    let forks = tab.query::<ForkTree>(Topics::CHAIN | Topics::BRANCHES, Meanwhile::Previous, || Some(Request::Forks));
    let cards = move || {
        let best = blocks.ready().unwrap_or_default();
        forks.data.with(|forks| with_stale(best, forks.ready(), from.get().is_none()))
    };
    let failure = blocks.failure();
    let count = Memo::new(move |_| blocks.map(Vec::len));
    let state = move || match (failure.get(), count.get()) {
        (Some(error), _) => Some(view! { <Failure error=error /> }.into_any()),
        (None, None) => Some(view! { <Loading text=texts::BLOCKS_WAITING /> }.into_any()),
        (None, Some(0)) => Some(view! { <p class="empty">{texts::BLOCKS_EMPTY}</p> }.into_any()),
        (None, Some(_)) => None,
    };
    let lowest = Memo::new(move |_| blocks.map(|blocks| blocks.last().map(|block| block.height.0)).flatten());
    view! {
        <section aria-label=texts::BLOCKS>
            {state}
            <ol class="cards" data-testid="blocks">
                <For each=cards key=|block| (block.hash.to_string(), block.best) let(block)>
                    <Card block=block from=from />
                </For>
            </ol>
            <Pager from=from lowest=lowest />
        </section>
    }
}

/// The blocks of a page and the stale ones of the same heights, each behind the block that won; on
/// the newest page also those above the tip.
fn with_stale(best: Vec<BlockSummary>, forks: Option<&ForkTree>, newest: bool) -> Vec<BlockSummary> {
    let (Some(first), Some(last)) = (best.first(), best.last()) else { return best };
    let (highest, lowest) = (if newest { u32::MAX } else { first.height.0 }, last.height.0);
    let stale = forks.map_or(&[][..], |forks| &forks.blocks).iter();
    let stale = stale.filter(|block| !block.best && (lowest..=highest).contains(&block.height.0)).cloned();
    let mut all: Vec<BlockSummary> = stale.chain(best).collect();
    // What was best when one answer came may be stale in the other: the newer word is the list's.
    all.sort_by_key(|block| (std::cmp::Reverse(block.height), !block.best, block.hash));
    let mut seen = std::collections::BTreeSet::new();
    all.retain(|block| seen.insert(block.hash));
    all
}

/// A block on a card that opens it.
#[component]
fn Card(block: BlockSummary, from: Memo<Option<u32>>) -> impl IntoView {
    let tab = use_tab();
    let hash = block.hash.to_string();
    let path = format!("/explorer/block/{hash}");
    let (start, end) = hash.split_at(hash.len().saturating_sub(HASH_END));
    let (start, end) = (start.to_owned(), end.to_owned());
    let label = texts::block_label(block.height.0, &hash, block.transactions, block.best);
    let miner = match block.miner {
        Some(address) => view! { <Flag of=address.clone() /><span class="mono" title=address.clone()>{format::shorten(&address)}</span> }.into_any(),
        None => texts::GENESIS.into_any(),
    };
    view! {
        <li>
            <a class="card" class:card-stale=!block.best href=move || tab.href_from(&path, from.get()) data-noscroll="" aria-label=label data-testid="block-card">
                <span class="card-head">
                    <Flag of=hash.clone() />
                    <span class="card-height">{block.height.0}</span>
                    <span class="card-time"><TimeAgo time=block.time /></span>
                </span>
                {(!block.best).then(|| view! { <span class="badge badge-warning" data-testid="stale">{texts::STALE_BLOCK}</span> })}
                <span class="card-hash mono" title=hash.clone()>
                    <span class="card-hash-start">{start}</span>
                    <span>{end}</span>
                </span>
                <span class="card-line"><span>{texts::transactions(block.transactions)}</span><span>{format::bytes(u64::from(block.size))}</span></span>
                <span class="card-line"><span class="card-miner">{miner}</span><AmountText amount=block.reward /></span>
            </a>
        </li>
    }
}

/// Towards older and newer blocks.
#[component]
fn Pager(from: Memo<Option<u32>>, lowest: Memo<Option<u32>>) -> impl IntoView {
    let tab = use_tab();
    let newer = move || {
        let from = from.get()?;
        let next = from.saturating_add(PAGE);
        Some(tab.href_from("/explorer", tab.height.get().is_some_and(|tip| next < tip).then_some(next)))
    };
    let older = move || {
        let next = lowest.get()?.checked_sub(1)?;
        Some(tab.href_from("/explorer", Some(next)))
    };
    view! {
        <nav class="pager" aria-label=texts::PAGER>
            {move || newer().map(|href| view! { <a class="button" href=href rel="prev"><Icon shape=Shape::Left />{texts::NEWER}</a> })}
            {move || from.get().is_some().then(|| view! { <a class="button" href=tab.href("/explorer")>{texts::NEWEST}</a> })}
            {move || older().map(|href| view! { <a class="button" href=href rel="next" data-testid="older">{texts::OLDER}<Icon shape=Shape::Right /></a> })}
        </nav>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::block;

    #[test]
    fn stale_blocks_stand_behind_the_block_that_won() {
        let best: Vec<_> = (1..=3).rev().map(|height| block(height.into(), 0, height, true)).collect();
        let blocks =
            vec![block(3, 0, 3, true), block(102, 0, 2, false), block(104, 0, 4, false), block(100, 0, 0, false)];
        let forks = ForkTree { blocks, branches: Vec::new(), total: 0, prune_depth: 6 };
        let heights = |blocks: &[BlockSummary]| -> Vec<(u32, bool)> {
            blocks.iter().map(|block| (block.height.0, block.best)).collect()
        };
        let newest = with_stale(best.clone(), Some(&forks), true);
        assert_eq!(heights(&newest), [(4, false), (3, true), (2, true), (2, false), (1, true)]);
        let older = with_stale(best, Some(&forks), false);
        assert_eq!(heights(&older), [(3, true), (2, true), (2, false), (1, true)]);
        assert!(with_stale(Vec::new(), Some(&forks), true).is_empty());
    }
}
