//! The tour: every step acts on the tab's own node, and shows what that answers.

use crate::harness::BLOCKS;
use crate::views::Pair;
use serde_json::{Value, json};

#[tokio::test]
async fn the_tour_hashes_mines_breaks_signs_and_meets_on_the_real_node() {
    let pair = Pair::new().await;
    let (browser, tab) = (&pair.browser, &pair.tabs[0]);
    pair.earn().await;
    browser.follow(tab, "/learn").await;
    // The tab has a peer: that step is done without a click.
    browser.shows(tab, "learn-progress", "1 of 6").await;
    browser.shows(tab, "learn-peers", "1 peer").await;

    // SHA-256, twice, of the text `abc`.
    browser.fill(tab, "learn-text", "abc").await;
    let abc = "4f8b42c22dd3729b519ba6f68d2da7cc5b2d606d05daed5ad5128cc03e6c6358";
    browser.shows(tab, "learn-hash", abc).await;
    let tip = pair.status(0).await["tip"].as_str().expect("a hash").to_owned();
    browser.shows(tab, "learn-header-hash", &tip).await;
    browser.shows(tab, "learn-header-verdict", "small enough").await;
    browser.click(tab, "learn-bit").await;
    browser.shows(tab, "learn-header-verdict", "not the hash").await;
    browser.shows(tab, "learn-progress", "2 of 6").await;

    let before = pair.status(0).await["height"].as_u64().expect("a height");
    browser.click(tab, "learn-mine").await;
    let found = async || browser.text(tab, "learn-found").await.contains(&format!("found block {}", before + 1));
    browser.until(BLOCKS, "a block is found", found).await;

    browser.shows(tab, "learn-chain", "fits the one before").await;
    browser.click(tab, "learn-alter").await;
    browser.shows(tab, "learn-chain", "does not fit").await;
    browser.click(tab, "learn-sign").await;
    browser.click(tab, "learn-forged").await;
    browser.shows(tab, "learn-answer", "signature does not hold").await;
    let waiting: Value = browser.call(tab, "tabchain.mempool.list()").await;
    assert_eq!(waiting["total"], json!(0), "what is forged waits nowhere");
    browser.click(tab, "learn-submit").await;
    browser.shows(tab, "learn-answer", "accepted").await;
    browser.shows(tab, "learn-progress", "5 of 6").await;

    browser.click(tab, "learn-show").await;
    browser.shows(tab, "learn-verdict", "refused it").await;
    // Banned, each mines for itself; pardoned, the one with less work gives its block up.
    for (miner, blocks) in [(1, 2), (0, 1)] {
        for _ in 0..blocks {
            let _: Value = browser.call(&pair.tabs[miner], "tabchain.miner.mine()").await;
        }
    }
    let attacker = pair.status(0).await["peerId"].as_str().expect("an id").to_owned();
    let _: Value = browser.call(&pair.tabs[1], &format!("tabchain.peers.pardon('{attacker}')")).await;
    let one_tip = async || pair.status(0).await["tip"] == pair.status(1).await["tip"];
    browser.until(BLOCKS, "the tabs have one tip again", one_tip).await;
    browser.shows(tab, "learn-forks", "1 taken back").await;
    browser.shows(tab, "learn-progress", "6 of 6").await;
    pair.browser.close().await;
}
