//! A block in a dialog: header, standing, transactions.

use super::{close_dialog, forget_depth, subject, within};
use crate::{
    browser,
    components::{
        AmountText, BlockStanding, Dialog, Failure, Hash, Icon, Loading, LongText, Notice, Rows, SaveJson, Shape,
        TimeAgo, Tone, Window,
    },
    format,
    live::{Loaded, Meanwhile, Topics},
    state::use_tab,
    texts,
};
use leptos::prelude::*;
use node_wasm::{
    request::{ErrorCode, Request},
    view::{BlockView, TransactionKind, TransactionView},
};

/// So many transactions are all drawn; of more, only those that are seen.
const ALL_DRAWN: usize = 50;

/// Height of a transaction in a long list, in pixels: on a wide and on a narrow screen.
const ROW: (f64, f64) = (104.0, 160.0);

/// The block that the address names.
#[component]
pub(crate) fn BlockDialog() -> impl IntoView {
    let id = subject("id");
    // What a block holds never changes; whether it is part of the best chain can.
    let tab = use_tab();
    let block =
        tab.query::<BlockView>(Topics::BRANCHES, Meanwhile::Nothing, move || Some(Request::Block { id: id.get() }));
    // One that is not known yet may come with the next ones, as when this tab has only just been opened.
    let failure = block.failure();
    Effect::new(move |_| {
        tab.height.track();
        if failure.get().is_some_and(|error| error.code == ErrorCode::NotFound) {
            tab.mark(Topics::BRANCHES);
        }
    });
    // Confirmations follow the tip by themselves; without them the dialog is drawn anew only when the block comes
    // to stand elsewhere, and what is read in it stays in place.
    let shown = Memo::new(move |_| match block.data.get() {
        Loaded::Ready(block) => Loaded::Ready(without_depth(block)),
        other => other,
    });
    let title = Signal::derive(move || {
        shown.with(|shown| {
            let height = shown.ready().map(|block| block.summary.height.0);
            height.map_or_else(|| texts::BLOCK.to_owned(), texts::block)
        })
    });
    view! {
        <Dialog title=title name="block" on_close=close_dialog()>
            {move || match shown.get() {
                Loaded::Waiting => view! { <Loading text=texts::BLOCK_WAITING /> }.into_any(),
                Loaded::Failed(error) if error.code == ErrorCode::NotFound => {
                    view! { <Notice tone=Tone::Warning title=texts::BLOCK_UNKNOWN text=texts::BLOCK_UNKNOWN_TEXT /> }.into_any()
                }
                Loaded::Failed(error) => view! { <Failure error=error /> }.into_any(),
                Loaded::Ready(block) => view! { <Block block=block /> }.into_any(),
            }}
        </Dialog>
    }
}

/// The same, however deep it lies.
fn without_depth(mut block: BlockView) -> BlockView {
    block.confirmations = 0;
    for transaction in &mut block.transaction_list {
        forget_depth(&mut transaction.status);
    }
    block
}

#[component]
fn Block(block: BlockView) -> impl IntoView {
    let BlockView { summary, transaction_list, .. } = block.clone();
    let hash = summary.hash.to_string();
    view! {
        <div class="dialog-status">
            <BlockStanding height=summary.height.0 best=summary.best />
            <span><TimeAgo time=summary.time /></span>
            <Neighbours height=summary.height.0 previous=summary.previous.to_string() best=summary.best />
        </div>
        {(!summary.best).then(|| view! { <Notice tone=Tone::Warning title=texts::STALE_BLOCK text=texts::STALE_BLOCK_TEXT /> })}
        <Header block=block />
        <h3>{texts::transactions(summary.transactions)}</h3>
        <Transactions list=transaction_list />
        <div class="actions actions-end"><SaveJson request=Request::Block { id: hash.clone() } name=format!("tabchain-block-{}-{hash}", summary.height.0) /></div>
    }
}

/// The block's transactions: all of a few, what is seen of thousands.
#[component]
fn Transactions(list: Vec<TransactionView>) -> impl IntoView {
    if list.len() <= ALL_DRAWN {
        let rows = list
            .into_iter()
            .map(|transaction| view! { <li class="transaction"><Transaction transaction=transaction /></li> });
        return view! { <ol class="transactions">{rows.collect_view()}</ol> }.into_any();
    }
    let total = u32::try_from(list.len()).unwrap_or(u32::MAX);
    let window = RwSignal::new(Window::default());
    let list = StoredValue::new(list);
    let rows = move || {
        let Window { from, limit } = window.get();
        list.with_value(|list| {
            (from, list.iter().skip(from as usize).take(limit as usize).cloned().collect::<Vec<_>>())
        })
    };
    view! {
        <Rows
            label=texts::TRANSACTION_LIST
            heights=ROW
            total=Signal::stored(total)
            window=window
            rows=rows
            key=|transaction: &TransactionView| transaction.id.to_string()
            row=|transaction| view! { <div class="transaction"><Transaction transaction=transaction /></div> }
        />
    }
    .into_any()
}

/// Links to the blocks before and after.
#[component]
fn Neighbours(height: u32, previous: String, best: bool) -> impl IntoView {
    let tip = use_tab().height;
    let before = (height > 0).then(|| {
        view! { <a class="button" href=within(&format!("/explorer/block/{previous}")) data-noscroll=""><Icon shape=Shape::Left />{texts::PREVIOUS}</a> }
    });
    let next = within(&format!("/explorer/block/{}", height.saturating_add(1)));
    let has_next = Memo::new(move |_| best && tip.get().is_some_and(|tip| tip > height));
    let after = move || {
        has_next.get().then(|| view! { <a class="button" href=next.clone() data-noscroll="">{texts::FOLLOWING}<Icon shape=Shape::Right /></a> })
    };
    view! { <span class="actions dialog-neighbours">{before}{after}</span> }
}

#[component]
fn Header(block: BlockView) -> impl IntoView {
    let BlockView { summary, version, merkle_root, state_root, target, nonce, .. } = block;
    let previous = (summary.height.0 > 0).then(|| within(&format!("/explorer/block/{}", summary.previous)));
    let miner = summary.miner.map_or_else(
        || texts::GENESIS.into_any(),
        |address| {
            let href = within(&format!("/explorer/address/{address}"));
            view! { <LongText text=address what=texts::WHAT_ADDRESS href=href /> }.into_any()
        },
    );
    view! {
        <dl class="facts" data-testid="block-header">
            <div><dt>{texts::BLOCK_HASH}</dt><dd data-testid="block-hash"><LongText text=summary.hash.to_string() what=texts::WHAT_BLOCK /></dd></div>
            <div>
                <dt>{texts::PREVIOUS_HASH}</dt>
                <dd>{match previous {
                    Some(href) => view! { <LongText text=summary.previous.to_string() what=texts::WHAT_BLOCK href=href /> }.into_any(),
                    None => view! { <LongText text=summary.previous.to_string() what=texts::WHAT_BLOCK /> }.into_any(),
                }}</dd>
            </div>
            <div><dt>{texts::TIME}</dt><dd>{browser::local_time(summary.time.millis())}</dd></div>
            <div><dt>{texts::MINER}</dt><dd>{miner}</dd></div>
            <div><dt>{texts::REWARD}</dt><dd><AmountText amount=summary.reward />" "<span class="muted">{texts::OF_WHICH_FEES}" "<AmountText amount=summary.fees /></span></dd></div>
            <div><dt>{texts::MERKLE_ROOT}</dt><dd><LongText text=merkle_root.to_string() what=texts::WHAT_HASH /></dd></div>
            <div><dt>{texts::STATE_ROOT}</dt><dd><LongText text=state_root.to_string() what=texts::WHAT_HASH /></dd></div>
            <div><dt>{texts::TARGET}</dt><dd><LongText text=target what=texts::WHAT_HASH /></dd></div>
            <div><dt>{texts::DIFFICULTY}</dt><dd>{texts::expected_hashes(&format::si(summary.difficulty))}</dd></div>
            <div><dt>{texts::WORK}</dt><dd class="long-text">{summary.work}</dd></div>
            <div><dt>{texts::NONCE}</dt><dd class="mono">{nonce}</dd></div>
            <div><dt>{texts::VERSION}</dt><dd class="mono">{version}</dd></div>
            <div><dt>{texts::SIZE}</dt><dd>{texts::bytes(summary.size)}</dd></div>
        </dl>
    }
}

/// A transaction of the block in short.
#[component]
fn Transaction(transaction: TransactionView) -> impl IntoView {
    let id = transaction.id.to_string();
    let address = |address: String| {
        let href = within(&format!("/explorer/address/{address}"));
        view! { <Hash text=address what=texts::WHAT_ADDRESS href=href /> }
    };
    let kind = match transaction.kind {
        TransactionKind::Reward => texts::REWARD,
        TransactionKind::Issue => texts::ISSUED,
        TransactionKind::Transfer => texts::TRANSFER,
    };
    let from = transaction.from.map(|from| view! { {address(from)}<Icon shape=Shape::Right /> });
    view! {
            <p class="transaction-head">
                <span class="badge">{kind}</span>
                <Hash text=id.clone() what=texts::WHAT_TRANSACTION href=within(&format!("/explorer/transaction/{id}")) />
                <AmountText amount=transaction.amount />
            </p>
            <p class="transaction-way">{from}{address(transaction.to)}</p>
            <p class="outside-text">{transaction.memo}</p>
    }
}
