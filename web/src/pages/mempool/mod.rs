//! The mempool: what waits, and the next block as this node would build it.

mod next;
mod strips;
mod waiting;

use self::{next::NextBlock, waiting::WaitingList};
use crate::{
    live::{Meanwhile, Query, Topics},
    state::use_tab,
    texts,
};
use leptos::prelude::*;
use node_wasm::{request::Request, units::Amount, view::TemplateView};

/// Transactions of the next block that are drawn one by one, as many as the node tells at a time; the rest is one
/// piece.
const DRAWN: u32 = 500;

/// The mempool.
#[component]
pub(crate) fn Mempool() -> impl IntoView {
    super::title(texts::MEMPOOL);
    let template: Query<TemplateView> = use_tab().query(Topics::MEMPOOL | Topics::CHAIN, Meanwhile::Previous, || {
        Some(Request::Template { from: None, limit: Some(DRAWN) })
    });
    view! {
        <div class="page-head">
            <h1>{texts::MEMPOOL}</h1>
            <p class="lead">{texts::MEMPOOL_LEAD}</p>
        </div>
        <NextBlock template=template />
        <WaitingList template=template />
    }
}

/// Whether the next block has more transactions than the node told.
fn is_cut(next: &TemplateView) -> bool {
    next.transactions.items.len() < next.transactions.total as usize
}

/// What a transaction pays for a thousand bytes.
fn fee_rate(fee: Amount, bytes: u32) -> Amount {
    let grains = u128::from(fee.grains()) * 1000 / u128::from(bytes.max(1));
    u64::try_from(grains).ok().and_then(|grains| Amount::from_grains(grains).ok()).unwrap_or(Amount::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fees_are_compared_by_size() {
        let fee = Amount::from_grains(100_000).unwrap();
        assert_eq!(fee_rate(fee, 200).to_string(), "0.005");
        assert_eq!(fee_rate(fee, 0), Amount::from_tab(1));
        assert_eq!(fee_rate(Amount::MAX, 1), Amount::MAX);
    }
}
