//! Blocks as cards, newest first.

use super::listed_from;
use crate::{
    components::{AmountText, Failure, Flag, Icon, Loading, Shape, TimeAgo},
    format,
    live::{Loaded, Meanwhile, Topics},
    state::use_tab,
    texts,
};
use leptos::prelude::*;
use node_wasm::{
    request::{Request, RequestError},
    view::BlockSummary,
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
    let failure = Memo::new(move |_| match blocks.data.get() {
        Loaded::Failed(error) => Some(error),
        Loaded::Waiting | Loaded::Ready(_) => None::<RequestError>,
    });
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
                <For each=move || blocks.ready().unwrap_or_default() key=|block| (block.hash.to_string(), block.best) let(block)>
                    <Card block=block from=from />
                </For>
            </ol>
            <Pager from=from lowest=lowest />
        </section>
    }
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
            <a class="card" href=move || tab.href_from(&path, from.get()) data-noscroll="" aria-label=label data-testid="block-card">
                <span class="card-head">
                    <Flag of=hash.clone() />
                    <span class="card-height">{block.height.0}</span>
                    <span class="card-time"><TimeAgo time=block.time /></span>
                </span>
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
