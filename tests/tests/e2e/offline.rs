//! The installed page: it starts without a network, and never with a stale version when there is one.

use crate::harness::{BLOCKS, Browser, SOON, Tab, Tracker};
use crate::webdriver::setting;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use tracker_server::Config;

/// The name of the folder of the new version's assets: a hash like any other.
const NEW: &str = "0123456789abcdef";

/// A copy of the built page, which can be given another version.
struct Site {
    folder: TempDir,
    version: String,
}

impl Site {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder for the page");
        copy_tree(Path::new(&setting("TABCHAIN_PAGE")), folder.path());
        let version = fs::read_dir(folder.path().join("assets"))
            .expect("the page has assets")
            .map(|entry| entry.expect("they can be listed").file_name().to_string_lossy().into_owned())
            .next()
            .expect("there is one version of them");
        Self { folder, version }
    }

    /// Puts another version in place of this one, as a build does: its assets have another name.
    fn renew(&mut self) {
        let root = self.folder.path();
        for name in ["index.html", "service-worker.js"] {
            let path = root.join(name);
            let text = fs::read_to_string(&path).expect("the build wrote it");
            assert!(text.contains(&self.version), "{name} names its version");
            fs::write(&path, text.replace(&self.version, NEW)).expect("it can be written");
            for packed in ["br", "gz"] {
                fs::remove_file(root.join(format!("{name}.{packed}"))).expect("the build packed it");
            }
        }
        let assets = root.join("assets");
        fs::rename(assets.join(&self.version), assets.join(NEW)).expect("the folder can be renamed");
        NEW.clone_into(&mut self.version);
    }

    fn config(&self) -> Config {
        Config { page: Some(PathBuf::from(self.folder.path())), ..Config::default() }
    }
}

fn copy_tree(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("the folder is there") {
        let entry = entry.expect("the folder can be read");
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_tree(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), &to).expect("a file can be copied");
        }
    }
}

/// The versions that this page, and everything that it loaded, are of.
async fn versions(browser: &Browser, tab: &Tab) -> Vec<String> {
    let names = "[...new Set([document.querySelector('meta[name=tabchain-workers]').content,
        ...performance.getEntriesByType('resource').map((entry) => new URL(entry.name).pathname)]
        .filter((path) => path.startsWith('/assets/')).map((path) => path.split('/')[2]))]";
    browser.call(tab, names).await
}

/// Waits until this version is kept for times without a network.
async fn kept(browser: &Browser, tab: &Tab, version: &str) {
    let there = format!("(async () => !!(await (await caches.open('tabchain-{version}')).match('/')))()");
    browser.until(SOON, "the service worker keeps the page", async || browser.call::<bool>(tab, &there).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_starts_without_a_network_and_never_stale_with_one() {
    let mut site = Site::new();
    let mut tracker = Tracker::start_with(crate::harness::free_address(), site.config());
    let browser = Browser::start().await;
    let address = tracker.page("/wallet", "network=dev&room=offline");
    let tab = browser.open(&address).await;
    kept(&browser, &tab, &site.version).await;
    let controlled = "!!navigator.serviceWorker.controller";
    browser.until(SOON, "it answers for this page", async || browser.call(&tab, controlled).await).await;

    // The tracker's own answers are never kept.
    let asked = "fetch('/healthz').then((answer) => answer.text(), () => 'no answer')";
    assert_eq!(browser.call::<String>(&tab, asked).await.trim(), "ok");
    tracker.kill();
    assert_eq!(browser.call::<String>(&tab, asked).await, "no answer");

    // Without a tracker the page comes from the cache, its node mines alone, and it says so.
    browser.load(&tab, &address).await;
    assert_eq!(versions(&browser, &tab).await, [site.version.clone()]);
    let status: Value = browser.call(&tab, "tabchain.status()").await;
    assert_eq!(status["tracker"], "offline");
    browser
        .until(SOON, "the page says that it is offline", async || browser.text(&tab, "connection").await == "offline")
        .await;
    let block: Value = browser.call(&tab, "tabchain.miner.mine()").await;
    assert_eq!(block["height"], json!(1));

    // A new version is told of, and is there at the next load: all of it, and nothing of the old one.
    let old = site.version.clone();
    site.renew();
    tracker.start_again(site.config());
    browser
        .until(BLOCKS, "the page says that there is a new version", async || {
            browser.text(&tab, "new-version").await.contains("new version")
        })
        .await;
    assert_eq!(versions(&browser, &tab).await, std::slice::from_ref(&old));
    browser.load(&tab, &address).await;
    assert_eq!(versions(&browser, &tab).await, [NEW]);
    let block: Value = browser.call(&tab, "tabchain.miner.mine()").await;
    assert_eq!(block["height"], json!(2), "it goes on where the old one was");
    assert_eq!(browser.text(&tab, "new-version").await, "");

    // Nor does the old one come back when the network goes.
    tracker.kill();
    browser.load(&tab, &address).await;
    assert_eq!(versions(&browser, &tab).await, [NEW]);

    // When no page uses it any more, nothing of it is left.
    tracker.start_again(site.config());
    browser
        .until(BLOCKS, "the old version is gone", async || {
            browser.empty(&tab).await;
            browser.load(&tab, &address).await;
            browser.call::<Vec<String>>(&tab, "caches.keys()").await == [format!("tabchain-{NEW}")]
        })
        .await;
    browser.close().await;
}
