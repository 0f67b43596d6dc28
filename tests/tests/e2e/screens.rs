//! The README's pictures: `cargo xtask screens` runs this, which no other run of the tests does.

use crate::harness::{BLOCKS, Browser, SOON, Tab, Tracker, room};
use crate::webdriver::setting;
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::time::Duration;

/// Blocks before the pictures are taken: the charts have something to show.
const HEIGHT: u64 = 30;

/// Time for them: on `dev` a block takes two seconds.
const LONG: Duration = Duration::from_mins(5);

/// Most bytes of a picture, so that a clone of the repository stays small.
const MAX_BYTES: usize = 300_000;

/// What the README shows: a view's path, and its colours.
const PICTURES: [(&str, &str); 6] = [
    ("/", "light"),
    ("/", "dark"),
    ("/wallet", "light"),
    ("/explorer", "dark"),
    ("/mining", "light"),
    ("/network", "dark"),
];

/// Tabs beside the one that is shown and the phone's: enough for a mesh.
const OTHERS: usize = 4;

/// What is tried before the picture of the lab: what costs points, and no link yet.
const ATTACKS: [&str; 2] = ["invalid-signature", "foreign-replay"];

/// Whether nothing on the page is still on its way.
const SETTLED: &str = "document.fonts.status === 'loaded' && !document.querySelector('.loading, .toast')
    && document.getAnimations().every((one) => one.playState !== 'running' || one.effect.getTiming().iterations === Infinity)";

fn name(path: &str) -> &str {
    match path.trim_matches('/') {
        "" => "overview",
        name => name,
    }
}

/// Loads a view in a colour scheme and writes what is seen.
async fn picture(browser: &Browser, tab: &Tab, path: &str, theme: &str, file: &Path) {
    // Without a reload, or the node would start anew.
    let choose = format!("document.querySelector('input[name=theme][value={theme}]').click()");
    let _: Value = browser.call(tab, &choose).await;
    browser.follow_exactly(tab, path).await;
    browser.until(SOON, "the view is complete", async || browser.call(tab, SETTLED).await).await;
    let png = browser.screenshot(tab).await;
    assert!(png.len() <= MAX_BYTES, "{} has {} bytes", file.display(), png.len());
    fs::write(file, png).expect("the picture can be written");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "writes the README's pictures: `cargo xtask screens`"]
async fn pictures() {
    let images = setting("TABCHAIN_SCREENS");
    let images = Path::new(&images);
    fs::create_dir_all(images).expect("a folder for the pictures");
    let tracker = Tracker::start();
    let browser = Browser::start().await;
    let phone = Browser::phone().await;
    let address = tracker.page("/", &format!("network=dev&room={}", room()));
    let shown = browser.open(&address).await;
    let mut others = Vec::new();
    for _ in 0..OTHERS {
        others.push(browser.open(&address).await);
    }
    let other = &others[0];
    let hand = phone.open(&address).await;

    let meshed = format!("tabchain.status().then((status) => status.peers === {})", OTHERS + 1);
    for tab in [&shown, other] {
        browser.until(SOON, "all are connected", async || browser.call(tab, &meshed).await).await;
    }
    let _: Value = browser.call(other, "tabchain.miner.start()").await;
    let _: Value = browser.call(&shown, "tabchain.miner.start()").await;
    let height = async || -> u64 { browser.call(&shown, "tabchain.status().then((status) => status.height)").await };
    browser.until(LONG, "there are some blocks", async || height().await >= HEIGHT).await;

    // Money goes both ways, and to the phone.
    let to_phone: String = phone.call(&hand, "tabchain.wallet.address()").await;
    let to_shown: String = browser.call(&shown, "tabchain.wallet.address()").await;
    let send = |to: &str, amount: &str, memo: &str| {
        format!("tabchain.wallet.send({{ to: '{to}', amount: '{amount}', memo: '{memo}' }})")
    };
    for (tab, to, amount, memo) in [
        (&shown, &to_phone, "12.5", "for lunch"),
        (other, &to_shown, "3", "the book"),
        (&shown, &to_phone, "0.75", "a coffee"),
    ] {
        let id: String = browser.call(tab, &send(to, amount, memo)).await;
        // Another tab's transfer may not have come here yet.
        let confirmed =
            format!("tabchain.chain.transaction('{id}').then((found) => found.status.state, () => 'not here')");
        browser
            .until(BLOCKS, "the transfer is confirmed", async || {
                browser.call::<String>(&shown, &confirmed).await == "confirmed"
            })
            .await;
    }
    // And some of it is on its way when the pictures are taken.
    let _: Value = browser.call(other, "tabchain.miner.stop()").await;
    let _: Value = browser.call(&shown, "tabchain.miner.stop()").await;
    for (to, memo) in [(&to_phone, "rent"), (&to_phone, "thanks")] {
        let _: String = browser.call(&shown, &send(to, "2", memo)).await;
    }

    for (path, theme) in PICTURES {
        let file = images.join(format!("{}-{theme}.png", name(path)));
        picture(&browser, &shown, path, theme, &file).await;
    }
    picture(&phone, &hand, "/", "light", &images.join("phone.png")).await;

    // At last another tab attacks.
    for attack in ATTACKS {
        let _: Value = browser.call(other, &format!("tabchain.lab.attack('{attack}')")).await;
        let refused = format!(
            "tabchain.lab.verdicts().then(({{ items }}) => items.filter((one) => one.attack === '{attack}'
                && one.outcome.state === 'refused').length === {})",
            OTHERS + 1
        );
        browser.until(SOON, "all peers refuse it", async || browser.call(other, &refused).await).await;
    }
    picture(&browser, other, "/lab", "light", &images.join("lab-light.png")).await;
    phone.close().await;
    browser.close().await;
}
