//! Amounts of money, always whole, written as in the user's language.

use crate::{browser, texts};
use leptos::prelude::*;
use node_wasm::units::Amount;

/// An amount with its unit. The decimals stand back a little, but they all stand.
#[component]
pub(crate) fn AmountText(
    /// How much.
    #[prop(into)]
    amount: Signal<Amount>,
) -> impl IntoView {
    let parts = move || browser::written(amount.get());
    view! {
        <span class="amount">
            <span class="amount-whole">{move || parts().0}</span>
            <span class="amount-decimals">{move || parts().1}</span>
            " "
            <span class="amount-unit">{texts::UNIT}</span>
        </span>
    }
}
