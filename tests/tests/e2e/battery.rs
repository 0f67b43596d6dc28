//! Mining pauses while the computer runs on its battery, for those who want that.

use crate::harness::{Browser, SOON, Tracker, room};
use serde_json::Value;

/// What the page says by itself.
const PAUSES: &str = "Mining pauses: the computer runs on its battery";
const GOES_ON: &str = "Mining goes on: the computer is plugged in";
const ALLOWED: &str = "Mining goes on, on battery";

/// Plugs the computer in or out: the browser's own battery says so, and tells the page.
fn plugged(is_plugged: bool) -> String {
    format!(
        "navigator.getBattery().then((battery) => {{
            Object.defineProperty(battery, 'charging', {{ value: {is_plugged}, configurable: true }});
            battery.dispatchEvent(new Event('chargingchange'));
            return battery.charging;
        }})"
    )
}

#[tokio::test]
async fn mining_pauses_on_battery_and_goes_on_with_as_many_threads() {
    let (tracker, browser) = (Tracker::start(), Browser::start().await);
    let tab = browser.open(&tracker.page("/mining", &format!("network=dev&room={}", room()))).await;
    let mines = async |threads: u32, button: &str, what: &str| {
        let is_so = async || {
            let status: Value = browser.call(&tab, "tabchain.status()").await;
            status["mining"] == threads && !browser.text(&tab, button).await.is_empty()
        };
        browser.until(SOON, what, is_so).await;
    };
    // A machine that is too busy for this tab makes the node tell of a pause of its own.
    let said = async || {
        let said = browser.said(&tab).await.into_iter();
        said.filter(|message| message.starts_with("Mining ")).collect::<Vec<_>>()
    };
    let says = async |messages: &[&str]| {
        browser.until(SOON, &format!("{messages:?} is said"), async || said().await == messages).await;
    };
    // What the page does about a change it has asked the node before this is answered.
    let follows = async || {
        let _: Value = browser.call(&tab, "tabchain.miner.mine()").await;
    };
    browser.hear(&tab).await;
    let _: Value = browser.call(&tab, "tabchain.miner.start({ threads: 2 })").await;
    mines(2, "mine-stop", "it mines").await;

    // Nobody asked for a pause yet; whoever asks for it on battery has it at once.
    assert!(!browser.call::<bool>(&tab, &plugged(false)).await);
    follows().await;
    mines(2, "mine-stop", "it goes on").await;
    assert!(said().await.is_empty());
    browser.click(&tab, "pause-on-battery").await;
    says(&[PAUSES]).await;
    mines(0, "mine-start", "it pauses").await;
    assert!(browser.call::<bool>(&tab, &plugged(true)).await);
    says(&[PAUSES, GOES_ON]).await;
    mines(2, "mine-stop", "it goes on with both threads").await;

    // The choice is remembered. Whoever takes it back mines at once, and what is stopped by hand stays so.
    browser.reload(&tab).await;
    browser.hear(&tab).await;
    let chosen = "return document.querySelector('[data-testid=pause-on-battery]').checked";
    assert_eq!(browser.script(&tab, chosen).await, true);
    browser.click(&tab, "mine-start").await;
    mines(1, "mine-stop", "it mines again").await;
    assert!(!browser.call::<bool>(&tab, &plugged(false)).await);
    mines(0, "mine-start", "it pauses again").await;
    browser.click(&tab, "pause-on-battery").await;
    mines(1, "mine-stop", "it goes on").await;
    browser.click(&tab, "mine-stop").await;
    mines(0, "mine-start", "it stops").await;
    browser.click(&tab, "pause-on-battery").await;
    assert!(browser.call::<bool>(&tab, &plugged(true)).await);
    follows().await;
    mines(0, "mine-start", "it stays as it is").await;
    assert_eq!(said().await, [PAUSES, ALLOWED]);
    browser.close().await;
}
