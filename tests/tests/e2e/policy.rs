//! What the page loads and may run: its own files, and nothing else.

use crate::harness::{Browser, SOON, Tracker, room};
use serde_json::Value;

/// Addresses of all that was loaded from another origin.
const FOREIGN: &str = "performance.getEntriesByType('resource')
    .map((entry) => new URL(entry.name)).filter((url) => url.origin !== location.origin && url.protocol !== 'data:')
    .map(String)";

/// What the page's policy has forbidden since the page was loaded, whoever asked for it.
const VIOLATIONS: &str = "new Promise((resolve) => {
    const observer = new ReportingObserver((reports) => resolve(reports.map((report) => report.body.effectiveDirective)),
        { types: ['csp-violation'], buffered: true });
    observer.observe();
    setTimeout(() => resolve([]), 300);
})";

#[tokio::test]
async fn nothing_comes_from_elsewhere_and_no_text_becomes_a_script() {
    let tracker = Tracker::start();
    let browser = Browser::start().await;
    let tab = browser.open(&tracker.page("/", &format!("network=dev&room={}", room()))).await;
    let paths = "[...document.querySelectorAll('header nav a')].map((link) => link.pathname)";
    let paths: Vec<String> = browser.call(&tab, paths).await;
    assert!(paths.len() > 2, "the page links to its views: {paths:?}");
    for path in paths {
        browser.follow_exactly(&tab, &path).await;
        let loaded = "!document.querySelector('.loading')";
        browser.until(SOON, "the view is complete", async || browser.call(&tab, loaded).await).await;
        let foreign: Vec<String> = browser.call(&tab, FOREIGN).await;
        assert_eq!(foreign, Vec::<String>::new(), "{path}");
        let violations: Vec<String> = browser.call(&tab, VIOLATIONS).await;
        assert_eq!(violations, Vec::<String>::new(), "{path}");
    }

    // The policy is in force: what a peer's text could try does not work.
    let inline = "(() => {
        const script = document.createElement('script');
        script.textContent = 'window.ran = true';
        document.body.append(script);
        return window.ran === undefined;
    })()";
    assert!(browser.call::<bool>(&tab, inline).await);
    let elsewhere = "fetch('https://tabchain.invalid/').then(() => 'loaded', (error) => error.name)";
    let elsewhere: Value = browser.call(&tab, elsewhere).await;
    assert_eq!(elsewhere, "TypeError");
    let mut violations: Vec<String> = browser.call(&tab, VIOLATIONS).await;
    violations.sort();
    assert_eq!(violations, ["connect-src", "script-src-elem"]);
    browser.close().await;
}

/// What a name could try.
const MARKUP: &str = "<img src=x onerror=alert(1)>";

#[tokio::test]
async fn markup_in_names_and_addresses_is_text() {
    let tracker = Tracker::start();
    let browser = Browser::start().await;
    let query = format!("network=dev&room={}", room());
    let tab = browser.open(&tracker.page("/settings", &query)).await;
    browser.click(&tab, "profile-rename").await;
    browser.fill(&tab, "profile-name", MARKUP).await;
    browser.click(&tab, "profile-name-save").await;
    browser.shows(&tab, "profile-row", MARKUP).await;
    let elements = "return document.querySelectorAll('img').length";
    assert_eq!(browser.script(&tab, elements).await, 0);
    let encoded = "%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E";
    browser.go(&tab, &tracker.page(&format!("/explorer/address/{encoded}"), &query)).await;
    browser.shows(&tab, "dialog-address", "not an address").await;
    browser.visit(&tab, &format!("/explorer/search/{encoded}?{query}")).await;
    browser.shows(&tab, "search-miss", MARKUP).await;
    assert_eq!(browser.script(&tab, elements).await, 0);
    browser.start_loading(&tab, &tracker.page("/", &format!("network=dev&room={encoded}"))).await;
    let refused =
        async || browser.script(&tab, "return document.querySelector('main h1')?.textContent").await == "Tabchain";
    browser.until(SOON, "a room of such a name is refused", refused).await;
    assert_eq!(browser.script(&tab, elements).await, 0);
    browser.close().await;
}
