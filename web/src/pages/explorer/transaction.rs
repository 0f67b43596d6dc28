//! A transaction in a dialog.

use super::{close_dialog, forget_depth, proof::ProofPanel, subject, within};
use crate::{
    browser,
    components::{
        AmountText, Dialog, Failure, Loading, LongText, Notice, SaveJson, TimeAgo, Tone, TransactionStanding,
    },
    live::{Loaded, Meanwhile, Topics},
    state::use_tab,
    texts,
};
use leptos::prelude::*;
use node_wasm::{
    request::{ErrorCode, Request},
    view::{TransactionKind, TransactionState, TransactionView},
};

/// The transaction that the address names.
#[component]
pub(crate) fn TransactionDialog() -> impl IntoView {
    let id = subject("id");
    let transaction = use_tab().query::<TransactionView>(
        Topics::CHAIN | Topics::BRANCHES | Topics::MEMPOOL,
        Meanwhile::Nothing,
        move || Some(Request::Transaction { id: id.get() }),
    );
    // Confirmations follow the tip by themselves; without them the dialog is drawn anew only when the
    // transaction comes to stand elsewhere.
    let shown = Memo::new(move |_| match transaction.data.get() {
        Loaded::Ready(mut transaction) => {
            forget_depth(&mut transaction.status);
            Loaded::Ready(transaction)
        }
        other => other,
    });
    view! {
        <Dialog title=texts::TRANSACTION.to_owned() name="transaction" on_close=close_dialog()>
            {move || match shown.get() {
                Loaded::Waiting => view! { <Loading text=texts::TRANSACTION_WAITING /> }.into_any(),
                Loaded::Failed(error) if error.code == ErrorCode::NotFound => {
                    view! { <Notice tone=Tone::Warning title=texts::TRANSACTION_UNKNOWN text=texts::TRANSACTION_UNKNOWN_TEXT /> }.into_any()
                }
                Loaded::Failed(error) => view! { <Failure error=error /> }.into_any(),
                Loaded::Ready(transaction) => view! { <Transaction transaction=transaction /> }.into_any(),
            }}
        </Dialog>
    }
}

#[component]
fn Transaction(transaction: TransactionView) -> impl IntoView {
    let TransactionView { id, kind, from, to, amount, fee, nonce, memo, size, signature, status } = transaction;
    let address = |address: String| {
        let href = within(&format!("/explorer/address/{address}"));
        view! { <LongText text=address what=texts::WHAT_ADDRESS href=href /> }
    };
    let kind = match kind {
        TransactionKind::Reward => texts::REWARD,
        TransactionKind::Issue => texts::ISSUED,
        TransactionKind::Transfer => texts::TRANSFER,
    };
    let from = from.map_or_else(|| texts::NEW_COINS.into_any(), |from| address(from).into_any());
    let signature = signature.map_or_else(
        || texts::NO_SIGNATURE.into_any(),
        |signature| view! { <LongText text=signature what=texts::WHAT_SIGNATURE /> }.into_any(),
    );
    let block = if let TransactionState::Confirmed { block, height, time, .. } = &status {
        let href = within(&format!("/explorer/block/{block}"));
        let (block, height, time) = (block.to_string(), height.0, *time);
        Some(view! {
            <div><dt>{texts::block(height)}</dt><dd><LongText text=block what=texts::WHAT_BLOCK href=href /></dd></div>
            <div><dt>{texts::TIME}</dt><dd>{browser::local_time(time.millis())}" "<span class="muted"><TimeAgo time=time /></span></dd></div>
        })
    } else {
        None
    };
    let proof =
        matches!(status, TransactionState::Confirmed { .. }).then(|| view! { <ProofPanel id=id.to_string() /> });
    let request = Request::Transaction { id: id.to_string() };
    view! {
        <div class="dialog-status"><span class="badge">{kind}</span><TransactionStanding state=status /></div>
        <p class="transaction-amount"><AmountText amount=amount /></p>
        <dl class="facts">
            <div><dt>{texts::TRANSACTION_ID}</dt><dd data-testid="transaction-id"><LongText text=id.to_string() what=texts::WHAT_TRANSACTION /></dd></div>
            <div><dt>{texts::FROM}</dt><dd>{from}</dd></div>
            <div><dt>{texts::TO}</dt><dd>{address(to)}</dd></div>
            <div><dt>{texts::FEE}</dt><dd><AmountText amount=fee /></dd></div>
            <div><dt>{texts::MEMO}</dt><dd class="outside-text">{if memo.is_empty() { texts::NONE.to_owned() } else { memo }}</dd></div>
            {block}
            <div><dt>{texts::SENDER_NONCE}</dt><dd class="mono">{nonce}</dd></div>
            <div><dt>{texts::SIZE}</dt><dd>{texts::bytes(size)}</dd></div>
            <div><dt>{texts::SIGNATURE}</dt><dd>{signature}</dd></div>
        </dl>
        {proof}
        <div class="actions actions-end"><SaveJson request=request name=format!("tabchain-transaction-{id}") /></div>
    }
}
