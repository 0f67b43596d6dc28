//! Chromium's own opinion on whether the page can be installed.

use crate::harness::{Browser, SOON, Tracker, room};
use serde_json::json;

/// The sizes of the icons as they are, in the manifest's order.
const ICONS: &str = "fetch('/manifest.webmanifest').then((answer) => answer.json()).then(({ icons }) => Promise.all(
    icons.filter(({ sizes }) => sizes !== 'any').map(async ({ src, sizes }) => {
        const picture = await createImageBitmap(await (await fetch(src)).blob());
        return [sizes, `${picture.width}x${picture.height}`];
    }),
))";

#[tokio::test]
async fn chromium_finds_the_page_fit_to_be_installed() {
    let (tracker, browser) = (Tracker::start(), Browser::start().await);
    let address = tracker.page("/", &format!("network=dev&room={}", room()));
    // Without its manifest it would not be: the check sees that.
    let bare = browser.open_empty().await;
    browser.block(&bare, &["*manifest.webmanifest"]).await;
    browser.load(&bare, &address).await;
    let errors = browser.devtools(&bare, "Page.getInstallabilityErrors").await;
    assert_ne!(errors["installabilityErrors"], json!([]));

    let tab = browser.open(&address).await;
    let controlled = "!!navigator.serviceWorker.controller";
    browser.until(SOON, "the service worker answers", async || browser.call(&tab, controlled).await).await;
    let errors = browser.devtools(&tab, "Page.getInstallabilityErrors").await;
    assert_eq!(errors["installabilityErrors"], json!([]));
    let manifest = browser.devtools(&tab, "Page.getAppManifest").await;
    assert_eq!(manifest["errors"], json!([]), "{manifest:#}");
    let read = &manifest["manifest"];
    assert_eq!([&read["name"], &read["display"]], ["Tabchain", "kStandalone"], "{read:#}");
    let icons: Vec<[String; 2]> = browser.call(&tab, ICONS).await;
    assert_eq!(icons.len(), 4);
    assert!(icons.iter().all(|[said, is]| said == is), "{icons:?}");
    browser.close().await;
}
