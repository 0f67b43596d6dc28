//! The lab: attacks by one click, what peers made of them, and what this tab refused itself.

mod attacks;
mod bans;
mod judgement;
mod newest;
mod verdicts;
mod victim;

pub(crate) use self::bans::Bans;

use self::{attacks::Attacks, verdicts::Verdicts, victim::Victim};
use crate::texts;
use leptos::prelude::*;

/// Rows that each list shows, the newest: a screenful and some.
const SHOWN_ROWS: u32 = 60;

/// The lab.
#[component]
pub(crate) fn Lab() -> impl IntoView {
    super::title(texts::LAB);
    view! {
        <div class="page-head">
            <h1>{texts::LAB}</h1>
            <p class="lead">{texts::LAB_LEAD}</p>
        </div>
        <div class="lab">
            <Attacks />
            <Verdicts />
            <Victim />
        </div>
    }
}
