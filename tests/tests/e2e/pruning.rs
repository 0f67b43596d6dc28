//! Old blocks are dropped when that is chosen in the settings, and the choice is kept.

use crate::harness::{BLOCKS, Browser, SOON, Tracker, room};
use crate::long_chain;
use node_core::keys::SecretKey;
use node_core::params::ChainParams;
use serde_json::{Value, json};

/// Blocks of the chain: some hundred more than a node keeps that drops old ones.
const HEIGHT: u32 = 1_150;

/// The oldest of them that it keeps then.
const OLDEST: u32 = HEIGHT - 1_000;

/// Whether the page says that it is chosen, and what it says of the storage.
const CHOSEN: &str = "return document.querySelector('[data-testid=settings-prune]').checked";
const PANEL: &str = "return document.querySelector('[aria-labelledby=storage-title]').innerText";

#[tokio::test]
async fn old_blocks_are_dropped_when_that_is_chosen_and_the_choice_outlives_a_reload() {
    let (tracker, browser, room) = (Tracker::start(), Browser::start().await, room());
    let params = ChainParams::named("dev", &room).expect("the room has a valid name");
    let miner = SecretKey::derive(&[1; 32], b"miner").public_key().address();
    let tab = browser.open(&tracker.page("/settings", &format!("network=dev&room={room}"))).await;
    let storage = async || browser.call::<Value>(&tab, "tabchain.storage.status()").await;
    let is_chosen = async || browser.script(&tab, CHOSEN).await == json!(true);
    let shows = async |words: &str| {
        let shown = async || browser.script(&tab, PANEL).await.to_string().contains(words);
        browser.until(BLOCKS, &format!("the page shows {words:?}"), shown).await;
    };
    long_chain::open(&browser, &tab, &params, HEIGHT, &[miner]).await;
    shows(&format!("all up to {HEIGHT}")).await;
    assert!(!is_chosen().await, "by itself a node keeps all of them");
    let first: Value = browser.call(&tab, "tabchain.chain.block(1)").await;
    assert_eq!(first["height"], 1);

    // Headers and balances are of all blocks still, and so are the newest blocks.
    let dropped = async |height: u32| {
        shows(&format!("{OLDEST} to {height}")).await;
        let lost = browser.try_call(&tab, &format!("tabchain.chain.block({})", OLDEST - 1)).await.unwrap_err();
        assert_eq!(lost.code, "not-found", "{lost:?}");
        let block: Value = browser.call(&tab, &format!("tabchain.chain.block({OLDEST})")).await;
        assert_eq!(block["height"], OLDEST);
        let header: Vec<Value> = browser.call(&tab, "tabchain.chain.headers({ from: 1, limit: 1 })").await;
        assert_eq!(header[0]["hash"], first["hash"]);
        let mature = 50 * (height - params.reward_maturity);
        let balance = format!("tabchain.wallet.balance('{}')", miner.to_text(params.address_prefix));
        assert_eq!(browser.call::<Value>(&tab, &balance).await["confirmed"], mature.to_string());
    };
    // What is stored with a block is stored before it.
    let reloaded = async |height: u32| {
        let _: Value = browser.call(&tab, "tabchain.miner.mine()").await;
        let stored = async || storage().await["storedHeight"] == height;
        browser.until(SOON, "the choice is stored", stored).await;
        browser.reload(&tab).await;
    };
    browser.click(&tab, "settings-prune").await;
    dropped(HEIGHT).await;
    reloaded(HEIGHT + 1).await;
    dropped(HEIGHT + 1).await;
    assert!(is_chosen().await && storage().await["prune"] == true);

    // Whoever changes their mind keeps all blocks from now on; those that are gone stay so.
    browser.click(&tab, "settings-prune").await;
    let off = async || storage().await["prune"] == false;
    browser.until(SOON, "the node keeps all", off).await;
    reloaded(HEIGHT + 2).await;
    dropped(HEIGHT + 2).await;
    assert!(!is_chosen().await && off().await);
    browser.close().await;
}
