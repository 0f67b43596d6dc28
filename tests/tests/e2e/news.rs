//! What the page says by itself: messages of what concerns its person, and what words of the log mean.

use crate::harness::SOON;
use crate::scenarios::Stage;
use serde_json::{Value, json};

#[tokio::test]
async fn the_log_explains_its_words_and_payments_are_told() {
    let stage = Stage::new(2).await;
    stage.meshed(SOON).await;
    stage.earn(0, 60).await;
    let to = stage.address(1).await;
    let (browser, payer, paid) = (&stage.browser, &stage.tabs[0], &stage.tabs[1]);
    for tab in [payer, paid] {
        browser.hear(tab).await;
    }
    let _: String = browser.call(payer, &format!("tabchain.wallet.send({{ to: '{to}', amount: '7' }})")).await;
    let said = async |tab, words: &str| browser.said(tab).await.iter().any(|one| one.contains(words));
    let coming = async || said(paid, "7 TAB are on their way to you").await;
    browser.until(SOON, "who is paid is told that it is coming", coming).await;
    let _: Value = browser.call(payer, "tabchain.miner.mine()").await;
    let arrived = async || said(paid, "7 TAB have arrived, in block").await;
    browser.until(SOON, "who is paid is told that it is there", arrived).await;
    let confirmed = async || said(payer, "Your payment of 7 TAB is in block").await;
    browser.until(SOON, "who pays is told that it is there", confirmed).await;

    let button = "return document.querySelector('[data-code=block-connected] button.log-code')";
    let pressed = async || {
        let expanded = "?.getAttribute('aria-expanded') === 'false'";
        browser.script(payer, &format!("{button}{expanded}")).await == json!(true)
    };
    browser.until(SOON, "a line's word can be asked about", pressed).await;
    browser.script(payer, &format!("{button}.click()")).await;
    let meaning = "return document.querySelector('.log-meaning')?.textContent ?? ''";
    let explained = async || {
        let text = browser.script(payer, meaning).await;
        text.as_str().is_some_and(|text| text.contains("keeps every rule"))
    };
    browser.until(SOON, "it is explained", explained).await;
    stage.close().await;
}
