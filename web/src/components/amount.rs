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
    let parts = move || {
        let text = amount.get().to_string();
        text.split_once('.').map_or_else(
            || (browser::grouped(&text), String::new()),
            |(whole, decimals)| (browser::grouped(whole), format!("{}{decimals}", browser::decimal_mark())),
        )
    };
    view! {
        <span class="amount">
            <span class="amount-whole">{move || parts().0}</span>
            <span class="amount-decimals">{move || parts().1}</span>
            " "
            <span class="amount-unit">{texts::UNIT}</span>
        </span>
    }
}
