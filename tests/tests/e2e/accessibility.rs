//! axe-core looks over every view, light and dark, and every view fits the narrowest phone.

use crate::views::{Pair, VIEWS};
use crate::webdriver::setting;
use serde_json::Value;

/// Ends animations first: half transparent, nothing has the contrast that it has for people.
const RUN: &str = "
    const done = arguments[arguments.length - 1];
    document.getAnimations().forEach((animation) => animation.cancel());
    axe.run(document).then((result) => done(result.violations.map((one) => ({
        id: one.id, help: one.help, nodes: one.nodes.map((node) => node.html + ' ' + node.failureSummary),
    }))), (error) => done([{ id: 'failed', help: String(error), nodes: [] }]));
";

/// Width and height of the smallest screen that the page is made for.
const NARROWEST: (u32, u32) = (360, 780);

/// What a person would have to scroll sideways.
const OVER: &str = "return document.documentElement.scrollWidth - document.documentElement.clientWidth";

#[tokio::test]
async fn axe_finds_nothing_on_any_view_and_all_of_them_fit_a_phone() {
    let axe = std::fs::read_to_string(setting("TABCHAIN_AXE")).expect("axe-core can be read");
    let pair = Pair::new().await;
    let (browser, tab) = (&pair.browser, &pair.tabs[0]);
    pair.earn().await;
    let id = pair.pay("lunch").await;
    let _: Value = browser.call(tab, "tabchain.miner.mine()").await;
    let waiting = pair.pay("dinner").await;
    let blocks: Value = browser.call(tab, "tabchain.chain.blocks({ limit: 1 })").await;
    let block = blocks[0]["hash"].as_str().expect("a hash").to_owned();
    let address: String = browser.call(tab, "tabchain.wallet.address()").await;
    let dialogs = [
        format!("/explorer/block/{block}"),
        format!("/explorer/transaction/{id}"),
        format!("/explorer/transaction/{waiting}"),
        format!("/explorer/address/{address}"),
        "/explorer/search/nobody".to_owned(),
        "/nowhere".to_owned(),
    ];
    let views = VIEWS.iter().map(|(path, ..)| (*path).to_owned());
    let paths: Vec<String> = views.chain(dialogs).collect();
    let mut found = Vec::new();
    browser.script(tab, &axe).await;
    for path in &paths {
        browser.visit(tab, &format!("{path}?{}", pair.query)).await;
        for theme in ["light", "dark"] {
            browser.script(tab, &format!("document.documentElement.setAttribute('data-theme', '{theme}')")).await;
            let violations = browser.script_async(tab, RUN).await;
            for violation in violations.as_array().expect("a list") {
                found.push(format!("{path}, {theme}: {violation:#}"));
            }
        }
    }
    browser.resize(tab, NARROWEST).await;
    for path in &paths {
        browser.visit(tab, &format!("{path}?{}", pair.query)).await;
        let over = browser.script(tab, OVER).await;
        if over != 0 {
            found.push(format!("{path} is {over} pixels wider than a phone"));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
    pair.browser.close().await;
}
