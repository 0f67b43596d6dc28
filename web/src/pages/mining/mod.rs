//! Mining: the miner's switch, its hash rate over time, what it found, and what it may expect.

mod chart;
mod control;
mod found;
mod prospects;
mod scale;

pub(crate) use self::control::MiningControl;

use self::{chart::RateChart, found::FoundBlocks, prospects::Prospects};
use crate::{battery::use_power, texts};
use leptos::prelude::*;

/// Mining.
#[component]
pub(crate) fn Mining() -> impl IntoView {
    super::title(texts::MINING_VIEW);
    view! {
        <div class="page-head">
            <h1>{texts::MINING_VIEW}</h1>
            <p class="lead">{texts::MINING_LEAD}</p>
        </div>
        <div class="mining-view">
            <div class="mining-side">
                <MiningControl />
                <BatterySwitch />
                <Prospects />
            </div>
            <RateChart />
            <FoundBlocks />
        </div>
    }
}

/// Whether mining pauses on battery.
#[component]
fn BatterySwitch() -> impl IntoView {
    let power = use_power();
    let is_known = Memo::new(move |_| power.on_battery.get().is_some());
    let hint = move || if is_known.get() { texts::ON_BATTERY_HINT } else { texts::ON_BATTERY_UNKNOWN };
    view! {
        <section class="panel" aria-label=texts::ON_BATTERY>
            <div class="switch">
                <input
                    type="checkbox"
                    role="switch"
                    id="pause-on-battery"
                    aria-describedby="pause-on-battery-hint"
                    data-testid="pause-on-battery"
                    prop:checked=move || power.pauses.get()
                    prop:disabled=move || !is_known.get()
                    on:change=move |event| power.choose(event_target_checked(&event))
                />
                <label for="pause-on-battery">{texts::ON_BATTERY}</label>
                <p id="pause-on-battery-hint" class="field-hint">{hint}</p>
            </div>
        </section>
    }
}
