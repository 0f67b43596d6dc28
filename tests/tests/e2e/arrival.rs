//! What is seen before the page's module is there.

use crate::harness::{Browser, SOON, Tracker, room};
use serde_json::json;

/// What the frame of `index.html` shows, or null once it is gone.
const FRAME: &str = "return document.getElementById('arrival')?.innerText ?? null";

#[tokio::test]
async fn a_frame_stands_until_the_page_is_there_and_then_goes() {
    let tracker = Tracker::start();
    let browser = Browser::start().await;
    let address = tracker.page("/", &format!("network=dev&room={}", room()));
    let tab = browser.open_empty().await;
    browser.block(&tab, &["*web_bg.wasm"]).await;
    browser.start_loading(&tab, &address).await;
    let said = async || {
        let text = browser.script(&tab, FRAME).await;
        text.as_str().is_some_and(|text| text.contains("Tabchain") && text.contains("being loaded"))
    };
    browser.until(SOON, "the frame is seen without the module", said).await;
    assert_eq!(browser.script(&tab, "return typeof window.tabchain").await, json!("undefined"));

    browser.block(&tab, &[]).await;
    browser.load(&tab, &address).await;
    assert_eq!(browser.script(&tab, FRAME).await, json!(null), "the page took the frame away");
    assert_eq!(browser.script(&tab, "return document.querySelectorAll('main').length").await, json!(1));
    browser.close().await;
}
