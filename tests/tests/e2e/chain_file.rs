//! The chain as a file: saved by one tab, opened by another that has never had a peer.

use crate::harness::{BLOCKS, free_address};
use crate::scenarios::Stage;
use serde_json::{Value, json};
use std::fs;

/// Catches the file that a page would save.
const CATCH: &str = "(() => {
    const original = URL.createObjectURL;
    URL.createObjectURL = (blob) => { window.saved = blob; return original.call(URL, blob); };
    return true;
})()";

#[tokio::test]
async fn a_saved_chain_goes_on_in_a_tab_that_has_no_peers() {
    let mut stage = Stage::new(1).await;
    stage.earn(0, 60).await;
    let to = stage.address(0).await;
    let pay = format!("tabchain.wallet.send({{ to: '{to}', amount: '1', memo: 'for the file' }})");
    let id: String = stage.browser.call(&stage.tabs[0], &pay).await;
    let _: Value = stage.browser.call(&stage.tabs[0], "tabchain.miner.mine()").await;
    stage.browser.follow(&stage.tabs[0], "/settings").await;
    let _: bool = stage.browser.call(&stage.tabs[0], CATCH).await;
    stage.browser.click(&stage.tabs[0], "chain-save").await;
    let height = stage.status(0).await.height;
    stage.browser.shows(&stage.tabs[0], "chain-file-said", &format!("The file has {height} blocks.")).await;
    let text: String = stage.browser.call(&stage.tabs[0], "window.saved.text()").await;
    assert_eq!(text.lines().count(), height as usize + 1);
    let folder = tempfile::tempdir().expect("a folder for the file");
    let (whole, torn, other) = (folder.path().join("a"), folder.path().join("b"), folder.path().join("c"));
    fs::write(&whole, &text).expect("it can be written");
    // Somebody swapped the second block and the third, and something else altogether.
    let mut lines: Vec<&str> = text.lines().collect();
    lines.swap(2, 3);
    fs::write(&torn, lines.join("\n")).expect("it can be written");
    fs::write(&other, "{ \"no\": \"chain\" }").expect("it can be written");

    // The other tab of the same room is introduced to nobody.
    stage.query = format!("{}&tracker=ws://{}/ws", stage.query, free_address());
    stage.open().await;
    let (browser, tab) = (&stage.browser, &stage.tabs[1]);
    browser.follow(tab, "/settings").await;
    for (file, words, blocks) in [
        (&other, "This is not the file of a chain.".to_owned(), 0),
        (&torn, "Block 3: the blocks before it are neither here nor in the file.".to_owned(), 1),
        (&whole, format!("{} blocks were taken in; 1 were here already.", height - 1), height),
        (&whole, format!("All {height} blocks of the file were here already."), height),
    ] {
        browser.choose_file(tab, "chain-open", file).await;
        browser.shows(tab, "chain-file-said", &words).await;
        assert_eq!(stage.status(1).await.height, blocks, "{words}");
    }
    let first = stage.status(0).await;
    assert_eq!(stage.status(1).await.tip, first.tip);
    let payment: Value = browser.call(tab, &format!("tabchain.chain.transaction('{id}')")).await;
    assert_eq!((&payment["status"]["state"], &payment["memo"]), (&json!("confirmed"), &json!("for the file")));
    // And it goes on from there.
    let _: Value = browser.call(tab, "tabchain.miner.mine()").await;
    let on = async || stage.status(1).await.height > height;
    browser.until(BLOCKS, "a block on the opened chain is found", on).await;
    stage.close().await;
}
