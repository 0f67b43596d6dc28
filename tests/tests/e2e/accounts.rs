//! The wallet's menu in a real tab: another passphrase, another name, and addresses that are no longer watched.

use crate::harness::SOON;
use crate::wallet::{PASSPHRASE, Stage};
use node_core::keys::SecretKey;
use node_core::params::ChainParams;
use serde_json::{Value, json};

/// The passphrase that takes the place of the first one.
const OTHER: &str = "eleven brave otters";

/// Names in the list of accounts, and the one that is seen.
const LISTED: &str = "(() => {
    const list = document.querySelector('[data-testid=account]');
    return [[...list.options].map((option) => option.textContent), list.selectedOptions[0]?.textContent];
})()";

#[tokio::test]
async fn a_passphrase_is_changed_an_account_renamed_and_an_address_watched_no_longer() {
    let stage = Stage::new().await;
    let browser = &stage.browser;
    let tab = stage.open().await;
    let from_menu = async |entry: &str| {
        browser.click(&tab, "menu").await;
        browser.click(&tab, entry).await;
    };
    let lists = async |names: &[&str], seen: &str| {
        let is_so = async || browser.call::<Value>(&tab, LISTED).await == json!([names, seen]);
        browser.until(SOON, &format!("{names:?} are listed, {seen} is seen"), is_so).await;
    };

    // A first passphrase, and another one for whoever knows the first.
    from_menu("menu-protect").await;
    browser.fill(&tab, "protect-passphrase", PASSPHRASE).await;
    browser.fill(&tab, "protect-again", PASSPHRASE).await;
    browser.click(&tab, "protect-submit").await;
    stage.gone(&tab, "dialog-protect").await;
    stage.comes_to(&tab, "protected", json!(true)).await;
    browser.click(&tab, "menu").await;
    browser.shows(&tab, "menu-protect", "Change the passphrase").await;
    browser.click(&tab, "menu-protect").await;
    browser.fill(&tab, "protect-current", "seven loud herons").await;
    browser.fill(&tab, "protect-passphrase", OTHER).await;
    browser.fill(&tab, "protect-again", OTHER).await;
    browser.click(&tab, "protect-submit").await;
    stage.says(&tab, "protect-current-error", "wrong").await;
    browser.fill(&tab, "protect-current", PASSPHRASE).await;
    browser.click(&tab, "protect-submit").await;
    stage.gone(&tab, "dialog-protect").await;
    let opens_with_the_other_alone = async || {
        browser.click(&tab, "unlock").await;
        stage.unlock(&tab, PASSPHRASE).await;
        stage.says(&tab, "unlock-passphrase-error", "wrong").await;
        assert_eq!(stage.state(&tab).await["locked"], true);
        stage.unlock(&tab, OTHER).await;
        stage.gone(&tab, "dialog-unlock").await;
        stage.comes_to(&tab, "locked", json!(false)).await;
        browser.shows(&tab, "lock", "Lock").await;
    };
    browser.click(&tab, "lock").await;
    stage.comes_to(&tab, "locked", json!(true)).await;
    opens_with_the_other_alone().await;
    stage.keeps_quiet(&tab, &[], &[PASSPHRASE, OTHER, "seven loud herons"]).await;

    // The dialog begins with the name that is there.
    lists(&["Account 1"], "Account 1").await;
    from_menu("menu-rename").await;
    let begins = "return document.getElementById('rename-name').value";
    assert_eq!(browser.script(&tab, begins).await, json!("Account 1"));
    browser.fill(&tab, "rename-name", "Lunch & <b>dinner</b>").await;
    browser.click(&tab, "rename-submit").await;
    stage.gone(&tab, "dialog-rename").await;
    lists(&["Lunch & <b>dinner</b>"], "Lunch & <b>dinner</b>").await;

    // A watched address is seen in place of the account, by its name.
    let own: String = browser.call(&tab, "tabchain.wallet.address()").await;
    let prefix = ChainParams::named("dev", "any").expect("a room").address_prefix;
    let friend = SecretKey::derive(&[7; 32], b"friend").public_key().address().to_text(prefix);
    from_menu("menu-watch").await;
    browser.fill(&tab, "watch-address", &friend).await;
    browser.fill(&tab, "watch-name", "Friend").await;
    browser.click(&tab, "watch-submit").await;
    stage.gone(&tab, "dialog-watch").await;
    lists(&["Lunch & <b>dinner</b>", "Friend (watched)"], "Lunch & <b>dinner</b>").await;
    browser.choose(&tab, "account", &friend).await;
    stage.says(&tab, "address", &friend).await;
    from_menu("menu-rename").await;
    browser.fill(&tab, "rename-name", "Penpal").await;
    browser.click(&tab, "rename-submit").await;
    stage.gone(&tab, "dialog-rename").await;
    lists(&["Lunch & <b>dinner</b>", "Penpal (watched)"], "Penpal (watched)").await;

    // All of it outlives a reload, after which the wallet is locked.
    assert_eq!(stage.state(&tab).await["watched"], json!([{ "address": friend, "name": "Penpal" }]));
    stage.stored(&tab).await;
    browser.reload(&tab).await;
    stage.comes_to(&tab, "locked", json!(true)).await;
    lists(&["Lunch & <b>dinner</b>", "Penpal (watched)"], "Lunch & <b>dinner</b>").await;
    opens_with_the_other_alone().await;

    browser.click(&tab, "menu").await;
    browser.shows(&tab, "menu-rename", "Rename").await;
    let offered = "return !!document.querySelector('[data-testid=menu-unwatch]')";
    assert_eq!(browser.script(&tab, offered).await, json!(false), "the own account is not watched");
    browser.click(&tab, "menu").await;
    browser.choose(&tab, "account", &friend).await;
    stage.says(&tab, "address", &friend).await;
    from_menu("menu-unwatch").await;
    lists(&["Lunch & <b>dinner</b>"], "Lunch & <b>dinner</b>").await;
    stage.says(&tab, "address", &own).await;
    assert_eq!(stage.state(&tab).await["watched"], json!([]));
    stage.browser.close().await;
}
