//! Where a block or a transaction stands, as a badge that follows the tip.

use crate::{state::use_tab, texts};
use leptos::prelude::*;
use node_wasm::view::TransactionState;

/// Whether a block of the given height is part of the best chain, and how deep.
#[component]
pub(crate) fn BlockStanding(
    /// Its height.
    height: u32,
    /// Whether it is part of the best chain.
    best: bool,
) -> impl IntoView {
    let tip = use_tab().height;
    if best {
        let confirmations = Memo::new(move |_| tip.get().map_or(1, |tip| tip.saturating_sub(height) + 1));
        view! {
            <span class="badge badge-good" data-testid="confirmations" data-count=confirmations>{move || texts::confirmations(confirmations.get())}</span>
        }
        .into_any()
    } else {
        view! { <span class="badge badge-warning">{texts::ON_A_BRANCH}</span> }.into_any()
    }
}

/// Where a transaction stands.
#[component]
pub(crate) fn TransactionStanding(
    /// Where it stood when the node was asked.
    state: TransactionState,
) -> impl IntoView {
    match state {
        TransactionState::Confirmed { height, .. } => view! { <BlockStanding height=height.0 best=true /> }.into_any(),
        TransactionState::Waiting => {
            view! { <span class="badge" data-testid="waiting">{texts::WAITING}</span> }.into_any()
        }
        TransactionState::Stale => view! { <span class="badge badge-warning">{texts::STALE}</span> }.into_any(),
    }
}
