//! Pausing the miner while the computer runs on its battery, where the browser tells.

use crate::{
    browser,
    components::{Toasts, use_toasts},
    state::Tab,
    texts,
};
use js_sys::{Function, Promise, Reflect};
use leptos::{prelude::*, task::spawn_local};
use node_wasm::request::Request;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::BatteryManager;

/// Under this name the browser remembers the choice.
const SETTING: &str = "tabchain-pause-on-battery";

/// What the page knows of the computer's power, and what its user wants.
#[derive(Clone, Copy)]
pub(crate) struct Power {
    /// Whether mining shall pause on battery.
    pub(crate) pauses: RwSignal<bool>,
    /// Whether the computer runs on its battery; absent where the browser does not say.
    pub(crate) on_battery: RwSignal<Option<bool>>,
    /// Threads to go on with when the computer is plugged in again.
    paused: RwSignal<Option<u32>>,
}

/// The computer's power.
pub(crate) fn use_power() -> Power {
    expect_context()
}

/// What follows from a change of power, wish or miner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Nothing,
    /// Stop, and remember so many threads.
    Pause(u32),
    /// Go on with so many threads.
    Resume(u32),
    /// Somebody started the miner by hand where it may run: nothing is left to go on with.
    Forget,
}

const fn step(pauses: bool, on_battery: bool, mining: u32, paused: Option<u32>) -> Step {
    match (pauses && on_battery, mining, paused) {
        (true, 1.., _) => Step::Pause(mining),
        (false, 0, Some(threads)) => Step::Resume(threads),
        (false, 1.., Some(_)) => Step::Forget,
        (true, 0, _) | (false, _, None) => Step::Nothing,
    }
}

impl Power {
    /// Follows the battery and the miner from now on. Call once, in the outermost scope.
    pub(crate) fn follow(tab: Tab) -> Self {
        let power = Self {
            pauses: RwSignal::new(browser::setting(SETTING).is_some_and(|choice| choice == "on")),
            on_battery: RwSignal::new(None),
            paused: RwSignal::new(None),
        };
        let toasts = use_toasts();
        let mining = Memo::new(move |_| tab.status.map(|status| status.mining).unwrap_or(0));
        Effect::new(move |_| power.act(tab, toasts, mining.get()));
        spawn_local(async move {
            // A browser without it leaves the state unknown, and the view says so.
            let _ = power.listen().await;
        });
        power
    }

    /// Chooses and remembers whether mining pauses on battery.
    pub(crate) fn choose(self, pauses: bool) {
        self.pauses.set(pauses);
        browser::remember(SETTING, if pauses { "on" } else { "off" });
    }

    fn act(self, tab: Tab, toasts: Toasts, mining: u32) {
        let on_battery = self.on_battery.get().unwrap_or(false);
        match step(self.pauses.get(), on_battery, mining, self.paused.get_untracked()) {
            Step::Nothing => {}
            Step::Forget => self.paused.set(None),
            Step::Pause(threads) => {
                self.paused.set(Some(threads));
                toasts.say(texts::BATTERY_PAUSED.to_owned());
                tab.act(Request::MinerStop, |_| ());
            }
            Step::Resume(threads) => {
                self.paused.set(None);
                let why = if on_battery { texts::BATTERY_ALLOWED } else { texts::BATTERY_RESUMED };
                toasts.say(why.to_owned());
                tab.act(Request::MinerStart { threads: Some(threads) }, |_| ());
            }
        }
    }

    /// Learns of every change. The manager lives as long as the page, and so does the callback.
    async fn listen(self) -> Result<(), JsValue> {
        let navigator = window().navigator();
        let get_battery: Function = Reflect::get(&navigator, &JsValue::from_str("getBattery"))?.dyn_into()?;
        let promise: Promise = get_battery.call0(&navigator)?.dyn_into()?;
        let battery: BatteryManager = JsFuture::from(promise).await?.unchecked_into();
        self.on_battery.set(Some(!battery.charging()));
        let watched = battery.clone();
        let changed = Closure::<dyn Fn()>::new(move || {
            self.on_battery.try_set(Some(!watched.charging()));
        });
        battery.set_onchargingchange(Some(changed.into_js_value().unchecked_ref()));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mining_pauses_on_battery_and_goes_on_afterwards() {
        assert_eq!(step(true, true, 3, None), Step::Pause(3));
        assert_eq!(step(true, true, 0, Some(3)), Step::Nothing);
        assert_eq!(step(true, false, 0, Some(3)), Step::Resume(3));
        assert_eq!(step(false, true, 0, Some(3)), Step::Resume(3));
    }

    #[test]
    fn nothing_happens_without_the_wish_or_the_battery() {
        assert_eq!(step(false, true, 3, None), Step::Nothing);
        assert_eq!(step(true, false, 3, None), Step::Nothing);
        assert_eq!(step(true, false, 0, None), Step::Nothing);
        assert_eq!(step(true, false, 2, Some(3)), Step::Forget);
    }
}
