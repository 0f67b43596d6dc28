//! The explorer: search and its misses, a proof step by step, files, and text from outside.

use crate::harness::{Browser, SOON, Tab};
use crate::views::Pair;
use serde_json::{Value, json};

#[tokio::test]
async fn a_transaction_is_proved_step_by_step_and_saved_as_a_file() {
    let pair = Pair::new().await;
    let (browser, tab) = (&pair.browser, &pair.tabs[1]);
    pair.earn().await;
    let memo = "<script>alert(1)</script>";
    let id = pair.pay(memo).await;
    let _: Value = browser.call(&pair.tabs[0], "tabchain.miner.mine()").await;
    browser.go(tab, &pair.tracker.page(&format!("/explorer/transaction/{id}"), &pair.query)).await;
    // A fresh tab catches up first: until then it knows no such transaction.
    browser.shows(tab, "transaction-id", &id).await;
    browser.shows(tab, "dialog-transaction", memo).await;
    let proof: Value = browser.call(tab, &format!("tabchain.chain.proof('{id}')")).await;
    assert_eq!((&proof["index"], &proof["count"]), (&json!(1), &json!(2)));

    browser.click(tab, "proof-show").await;
    browser.shows(tab, "proof", "the leaf").await;
    assert!(!browser.text(tab, "proof").await.contains("hashed together"), "steps come one by one");
    browser.click(tab, "proof-next").await;
    browser.shows(tab, "proof", "hashed together").await;
    browser.click(tab, "proof-all").await;
    browser.shows(tab, "proof-verdict", "the transaction is in the block").await;
    let root = proof["header"]["merkleRoot"].as_str().expect("a root").to_owned();
    browser.shows(tab, "proof-root", &root).await;

    let watch = "const made = URL.createObjectURL.bind(URL); \
         URL.createObjectURL = (blob) => { blob.text().then((text) => { window.saved = text; }); return made(blob); };";
    browser.script(tab, watch).await;
    browser.click(tab, "save-json").await;
    let saved = async || browser.script(tab, "return JSON.parse(window.saved ?? '{}').id ?? ''").await == json!(id);
    browser.until(SOON, "the file holds the transaction", saved).await;
    pair.browser.close().await;
}

/// A text of a dialog can be selected beyond its edge without closing it.
async fn may_be_selected(browser: &Browser, tab: &Tab) {
    let drag = "const dialog = document.querySelector('dialog[open]'); \
         dialog.querySelector('h2').dispatchEvent(new PointerEvent('pointerdown', { bubbles: true })); \
         dialog.dispatchEvent(new MouseEvent('click', { bubbles: true })); return dialog.open";
    assert_eq!(browser.script(tab, drag).await, json!(true));
}

#[tokio::test]
async fn a_link_to_a_block_opens_it_in_a_tab_that_has_yet_to_hear_of_it() {
    let pair = Pair::new().await;
    pair.earn().await;
    let blocks: Value = pair.browser.call(&pair.tabs[0], "tabchain.chain.blocks({ limit: 1 })").await;
    let hash = blocks[0]["hash"].as_str().expect("a hash");
    let fresh = pair.browser.open_empty().await;
    pair.browser.go(&fresh, &pair.tracker.page(&format!("/explorer/block/{hash}"), &pair.query)).await;
    pair.browser.shows(&fresh, "block-hash", hash).await;
    pair.browser.close().await;
}

#[tokio::test]
async fn a_long_history_has_pages_and_another_s_address_lists_what_is_known_of_it() {
    let pair = Pair::new().await;
    let (browser, tab) = (&pair.browser, &pair.tabs[0]);
    pair.earn().await;
    let to: String = browser.call(&pair.tabs[1], "tabchain.wallet.address()").await;
    let send = format!(
        "(async () => {{ for (let number = 1; number <= 30; number += 1) \
             await tabchain.wallet.send({{ to: '{to}', amount: '0.001', memo: `payment ${{number}}` }}); return true; }})()"
    );
    let _: bool = browser.call(tab, &send).await;
    let total: Value = browser.call(tab, "tabchain.wallet.history()").await;
    let total = total["total"].as_u64().expect("a number");
    browser.follow(tab, "/wallet").await;
    let rows = "return document.querySelectorAll('[data-testid=history-row]').length";
    let first = async || browser.script(tab, rows).await == json!(25);
    browser.until(SOON, "the newest rows are shown", first).await;
    browser.shows(tab, "history-said", &format!("1 to 25 of {total}")).await;
    browser.click(tab, "history-older").await;
    browser.shows(tab, "history-said", &format!("26 to {} of {total}", total.min(50))).await;
    browser.shows(tab, "history", "payment 1").await;

    browser.visit(tab, &format!("/explorer/address/{to}?{}", pair.query)).await;
    browser.shows(tab, "history-said", "1 to 25 of 30").await;
    let _: Value = browser.call(tab, "tabchain.miner.mine()").await;
    browser.shows(tab, "history", "1 confirmation").await;
    let page: Value = browser.call(tab, &format!("tabchain.wallet.history({{ address: '{to}', limit: 500 }})")).await;
    assert_eq!((&page["total"], page["items"].as_array().map(Vec::len)), (&json!(30), Some(30)));
    pair.browser.close().await;
}

#[tokio::test]
async fn a_search_finds_blocks_transactions_and_addresses_and_explains_what_it_misses() {
    let pair = Pair::new().await;
    let (browser, tab) = (&pair.browser, &pair.tabs[0]);
    pair.earn().await;
    let id = pair.pay("").await;
    let blocks: Value = browser.call(tab, "tabchain.chain.blocks({ limit: 1 })").await;
    let (hash, height) = (blocks[0]["hash"].as_str().expect("a hash"), blocks[0]["height"].to_string());
    let address: String = browser.call(tab, "tabchain.wallet.address()").await;
    browser.follow(tab, "/explorer").await;
    for (wanted, dialog, shown) in [
        (height.as_str(), "dialog-block", hash),
        (&format!("#{height}"), "dialog-block", hash),
        (hash, "dialog-block", hash),
        (&id, "dialog-transaction", &id),
        (&address, "dialog-address", &address),
        ("999999", "search-miss", "The newest one has height"),
        ("00ab", "search-miss", "this has 4"),
        (&"0".repeat(64), "search-miss", "neither a block nor a transaction"),
        ("<b>nobody</b>", "search-miss", "neither a number"),
    ] {
        browser.fill(tab, "search", wanted).await;
        browser.press(tab, "\u{e007}").await;
        browser.shows(tab, dialog, shown).await;
        let open = "return document.querySelector('dialog[open]')?.contains(document.activeElement) ?? false";
        assert_eq!(browser.script(tab, open).await, json!(true), "the focus is inside the dialog");
        if dialog == "dialog-block" {
            may_be_selected(browser, tab).await;
        }
        browser.press(tab, "\u{e00c}").await;
        let closed = async || browser.script(tab, "return !document.querySelector('dialog')").await == json!(true);
        browser.until(SOON, "Escape closes the dialog", closed).await;
    }
    pair.browser.close().await;
}
