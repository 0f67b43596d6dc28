//! The npm package: a page of plain HTML runs a node that meshes with those of our own page.

use crate::harness::{BLOCKS, Browser, SOON, Tracker, room};
use crate::webdriver::setting;
use serde_json::Value;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// The example, from the folder of this package.
const EXAMPLE: &str = "../node-wasm/examples/page";

/// The folder beside it that it takes the package from.
const PACKAGE: &str = "tabchain";

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("the folder is there") {
        let entry = entry.expect("the folder can be read");
        fs::copy(entry.path(), to.join(entry.file_name())).expect("a file can be copied");
    }
}

/// The example with the package beside it, as its author would lay them out.
pub(crate) fn example() -> TempDir {
    let site = tempfile::tempdir().expect("a folder for the example");
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join(EXAMPLE), site.path());
    copy(Path::new(&setting("TABCHAIN_PACKAGE")), &site.path().join(PACKAGE));
    site
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_plain_html_meshes_mines_and_sends() {
    let own = Tracker::start();
    let site = example();
    let other = Tracker::start_serving(site.path(), &own);
    let browser = Browser::start().await;
    let room = room();
    let example = browser.open(&other.page("/", &format!("room={room}"))).await;
    let tracker = other.socket();
    let page = browser.open(&own.page("/", &format!("network=dev&room={room}&tracker={tracker}"))).await;
    let shown = async |id: &str| -> String {
        browser.call(&example, &format!("document.getElementById('{id}').textContent")).await
    };

    browser.until(SOON, "the example shows its peer", async || shown("peers").await == "1").await;

    // Eight blocks of the example: the first rewards are mature.
    let press: Value = browser.call(&example, "document.getElementById('mine').click()").await;
    assert_eq!(press, Value::Null);
    browser
        .until(BLOCKS, "our page has the example's blocks", async || {
            let status: Value = browser.call(&page, "tabchain.status()").await;
            status["height"].as_u64().is_some_and(|height| height >= 8)
        })
        .await;
    browser
        .until(BLOCKS, "the example shows what it has earned", async || {
            shown("balance").await.parse().is_ok_and(|balance: f64| balance > 1.0)
        })
        .await;

    let address: String = browser.call(&page, "tabchain.wallet.address()").await;
    let fill = format!(
        "(() => {{
            const form = document.getElementById('send');
            form.elements.to.value = '{address}';
            form.elements.amount.value = '1';
            form.requestSubmit();
        }})()"
    );
    let _: Value = browser.call(&example, &fill).await;
    browser.until(SOON, "the example says that it sent", async || shown("said").await.starts_with("Sent: ")).await;
    browser
        .until(BLOCKS, "the money arrives in our page", async || {
            let balance: Value = browser.call(&page, "tabchain.wallet.balance()").await;
            balance["confirmed"] == "1"
        })
        .await;

    // What is refused rejects as in our page.
    let refused = browser.try_call(&example, "tabchain.chain.block(4_000_000_000)").await.expect_err("no such block");
    assert_eq!(refused.code, "not-found");
    let refused = browser
        .try_call(&example, "(await import('./tabchain/tabchain.js')).start({ rooms: 'misspelt' })")
        .await
        .expect_err("no such option");
    assert_eq!(refused.code, "bad-request");
    browser.close().await;
}
