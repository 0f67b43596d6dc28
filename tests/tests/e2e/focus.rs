//! Who has the focus on a card, a line of the log or a block of the chain keeps it when several blocks come between
//! two refreshes of the page.

use crate::harness::{Browser, SOON, Tracker, room};
use crate::long_chain;
use node_core::keys::SecretKey;
use node_core::params::ChainParams;
use serde_json::{Value, json};

#[tokio::test]
async fn the_focus_stays_on_what_is_still_there_when_several_blocks_come_at_once() {
    let (tracker, room, browser) = (Tracker::start(), room(), Browser::start().await);
    let query = format!("network=dev&room={room}");
    let params = ChainParams::named("dev", &room).expect("the room has a valid name");
    let tab = browser.open(&tracker.page("/explorer", &query)).await;
    let miner = SecretKey::derive(&[1; 32], b"miner").public_key().address();
    let text = long_chain::file(&params, 44, &[miner]);
    let (head, blocks) = text.split_once('\n').expect("a first line");
    let genesis = head.rsplit_once(' ').expect("it names the genesis block").1;
    let mut blocks = blocks.lines();
    let mut height = 0;
    let mut lost = Vec::new();
    for (path, selector, at_once) in [
        ("", "", 16),
        ("", "", 16),
        // One refresh with two blocks, with three and with seven.
        ("/explorer", "li:nth-child(6) [data-testid=block-card]", 2),
        ("/", "[data-testid=log] li:nth-child(1) button.log-code", 3),
        ("/", "li:last-child > [data-testid=chain-block]", 7),
    ] {
        if !path.is_empty() {
            browser.visit(&tab, &format!("{path}?{query}")).await;
            let there = format!("!!(window.kept = document.querySelector({selector:?}))");
            browser.until(SOON, selector, async || browser.call(&tab, &there).await).await;
            let focused: bool = browser.call(&tab, "(kept.focus(), document.activeElement === kept)").await;
            assert!(focused, "{selector} takes the focus");
        }
        let part: Vec<&str> = blocks.by_ref().take(at_once).collect();
        height += part.len();
        let part = json!({ "genesis": genesis, "blocks": part, "next": null });
        let _: Value = browser.call(&tab, &format!("tabchain.chain.import({part})")).await;
        let newest = format!(
            "return [...document.querySelectorAll('.card-height, .chain-height')].some((one) => one.textContent === '{height}')"
        );
        browser.until(SOON, "the newest block is drawn", async || browser.script(&tab, &newest).await == true).await;
        if path == "/" {
            let told = format!(
                "return document.querySelector('[data-testid=log]').textContent.includes('block {height} joined')"
            );
            browser.until(SOON, "the log tells of it", async || browser.script(&tab, &told).await == true).await;
        }
        if !path.is_empty() {
            // The page gives it back in the frame that draws the rows, which may be a little later.
            let kept = async || browser.call::<bool>(&tab, "kept.isConnected && document.activeElement === kept").await;
            if !browser.comes(SOON, kept).await {
                lost.push(format!("{path} {selector}, {at_once} blocks"));
            }
        }
    }
    assert_eq!(lost, Vec::<String>::new());
    browser.close().await;
}
