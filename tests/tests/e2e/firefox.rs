//! A real Firefox among Chromium's tabs.

use crate::harness::{BLOCKS, Browser, SOON, Tab};
use crate::scenarios::{Balance, Stage, Status};
use crate::webdriver::{Session, setting};
use node_core::units::Amount;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Instant;

/// What Firefox is told on its start: nothing that phones home.
const PREFERENCES: [(&str, bool); 4] = [
    ("datareporting.policy.dataSubmissionEnabled", false),
    ("network.captive-portal-service.enabled", false),
    ("network.connectivity-service.enabled", false),
    ("app.normandy.enabled", false),
];

/// Starts Firefox and its driver, at the paths that xtask found.
async fn session() -> Session {
    let profile = Arc::new(tempfile::tempdir().expect("a folder for the profile"));
    let preferences: serde_json::Map<String, Value> =
        PREFERENCES.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    let binary = setting("TABCHAIN_FIREFOX");
    let options = json!({ "binary": binary, "args": ["-headless"], "prefs": preferences });
    let driver = setting("TABCHAIN_GECKODRIVER");
    Session::start(&driver, "Listening on 127.0.0.1:", profile, json!({ "moz:firefoxOptions": options })).await
}

/// Whether a transaction of this amount is confirmed for a tab.
async fn confirmed(browser: &Browser, tab: &Tab, id: &str, amount: &str) -> bool {
    let found = browser.try_call(tab, &format!("tabchain.chain.transaction('{id}')")).await;
    found.is_ok_and(|one| one["status"]["state"] == "confirmed" && one["amount"] == amount)
}

#[tokio::test]
async fn a_firefox_tab_among_chromium_ones_pays_and_is_paid() {
    let start = Instant::now();
    let stage = Stage::new(2).await;
    let firefox = Browser::beside(session().await);
    let tab = firefox.open(&stage.page()).await;
    let opened = Instant::now();
    let status = async || -> Status { firefox.call(&tab, "tabchain.status()").await };
    let balance =
        async |address: &str| -> Balance { firefox.call(&tab, &format!("tabchain.wallet.balance('{address}')")).await };
    let id = status().await.peer_id;
    let meshed = async || {
        status().await.peers == 2 && stage.connected(0).await.contains(&id) && stage.connected(1).await.contains(&id)
    };
    stage.browser.until(SOON, "Firefox and Chromium list each other as connected", meshed).await;
    println!("a Firefox tab is connected to both Chromium tabs {:?} after its node answered", opened.elapsed());

    stage.earn(0, 60).await;
    let address: String = firefox.call(&tab, "tabchain.wallet.address()").await;
    let pay = format!("tabchain.wallet.send({{ to: '{address}', amount: '10' }})");
    let paid: String = stage.browser.call(&stage.tabs[0], &pay).await;
    let waits = async || status().await.mempool == 1;
    firefox.until(SOON, "the payment waits in Firefox", waits).await;
    // Firefox mines what it is paid.
    let _: Value = firefox.call(&tab, "tabchain.miner.start({ threads: 1 })").await;
    let mined = async || confirmed(&firefox, &tab, &paid, "10").await;
    firefox.until(BLOCKS, "Firefox mines its own payment", mined).await;
    let _: Value = firefox.call(&tab, "tabchain.miner.stop()").await;
    // With rewards, if some of them are mature by now.
    assert!(balance(&address).await.spendable >= Amount::from_tab(10));

    let receiver = stage.address(1).await;
    let pay_back = format!("tabchain.wallet.send({{ to: '{receiver}', amount: '3' }})");
    let repaid: String = firefox.call(&tab, &pay_back).await;
    stage.mine(1, true).await;
    let paid_back = async || {
        confirmed(&stage.browser, &stage.tabs[0], &repaid, "3").await
            && confirmed(&stage.browser, &stage.tabs[1], &repaid, "3").await
            && stage.balance(0, &receiver).await.spendable >= Amount::from_tab(3)
    };
    stage.browser.until(BLOCKS, "a payment from Firefox is confirmed in Chromium", paid_back).await;
    stage.mine(1, false).await;
    let tip = stage.one_tip(&[0, 1], 1, SOON).await.tip;
    let agrees = async || status().await.tip == tip;
    firefox.until(SOON, "Firefox has the tip that Chromium has", agrees).await;
    println!("Firefox among Chromium tabs: {:?} in all", start.elapsed());
    firefox.close().await;
    stage.close().await;
}
