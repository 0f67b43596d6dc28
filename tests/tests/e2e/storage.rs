//! What people put into a tab and find again: reloaded, killed, opened twice, named and erased.

use crate::harness::{BLOCKS, Browser, SOON, Tab, Tracker, room};
use serde::Deserialize;
use serde_json::Value;

#[derive(Debug, Clone, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
struct Status {
    height: u32,
    peer_id: String,
    address: String,
    profile: String,
    peers: u32,
    storage: Storage,
}

#[derive(Debug, Clone, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
struct Storage {
    state: String,
    stored_height: u32,
    wallet_stored: bool,
    used_bytes: Option<f64>,
    quota_bytes: Option<f64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Profile {
    id: String,
    name: String,
    room: String,
    current: bool,
    in_use: bool,
}

async fn status(browser: &Browser, tab: &Tab) -> Status {
    browser.call(tab, "tabchain.status()").await
}

async fn profiles(browser: &Browser, tab: &Tab, room: &str) -> Vec<Profile> {
    let all: Vec<Profile> = browser.call(tab, "tabchain.profiles.list()").await;
    all.into_iter().filter(|profile| profile.room == room).collect()
}

/// Waits until a tab's wallet and so many blocks are stored.
async fn stored(browser: &Browser, tab: &Tab, height: u32) -> Status {
    let there = async || {
        let storage = status(browser, tab).await.storage;
        storage.wallet_stored && storage.stored_height >= height
    };
    browser.until(BLOCKS, &format!("wallet and block {height} are stored"), there).await;
    status(browser, tab).await
}

#[tokio::test]
async fn a_killed_browser_reopens_on_a_valid_tip_with_its_wallet() {
    let tracker = Tracker::start();
    let page = tracker.page("/", &format!("network=dev&room={}", room()));
    let mut browser = Browser::start().await;
    let mut last: Option<Status> = None;
    for round in 1..=3 {
        let tab = browser.open(&page).await;
        let found = status(&browser, &tab).await;
        assert_eq!((found.storage.state.as_str(), found.profile.as_str()), ("stored", "1"));
        if let Some(last) = last {
            assert_eq!((&found.address, &found.peer_id), (&last.address, &last.peer_id), "round {round}");
            assert!(found.height >= last.storage.stored_height, "{found:?} after {last:?}");
            let balance: Value = browser.call(&tab, "tabchain.wallet.history({ limit: 500 })").await;
            assert_eq!(balance["total"], found.height, "every block was mined by this wallet");
            let tip: Value = browser.call(&tab, &format!("tabchain.chain.block({})", found.height)).await;
            assert_eq!(tip["confirmations"], 1);
        }
        let _: Value = browser.call(&tab, "tabchain.miner.start({ threads: 1 })").await;
        last = Some(stored(&browser, &tab, found.height + 4).await);
        // In the middle of mining: nothing is told to end.
        browser = browser.kill_and_restart().await;
    }
    browser.close().await;
}

#[tokio::test]
async fn a_killed_tab_reopens_on_a_valid_tip_with_its_wallet() {
    let tracker = Tracker::start();
    let page = tracker.page("/", &format!("network=dev&room={}", room()));
    let browser = Browser::start().await;
    let tab = browser.open(&page).await;
    let _: Value = browser.call(&tab, "tabchain.miner.start({ threads: 1 })").await;
    let before = stored(&browser, &tab, 4).await;
    browser.crash(&tab).await;
    let again = browser.open(&page).await;
    let after = status(&browser, &again).await;
    assert_eq!((&after.address, &after.peer_id, after.profile.as_str()), (&before.address, &before.peer_id, "1"));
    assert!(after.height >= before.storage.stored_height);
    browser.close().await;
}

#[tokio::test]
async fn a_reloaded_tab_is_the_same_peer_and_every_other_tab_another() {
    let tracker = Tracker::start();
    let (room, browser) = (room(), Browser::start().await);
    let page = tracker.page("/", &format!("network=dev&room={room}"));
    let (one, two) = (browser.open(&page).await, browser.open(&page).await);
    let (first, second) = (status(&browser, &one).await, status(&browser, &two).await);
    assert_eq!((first.profile.as_str(), second.profile.as_str()), ("1", "2"));
    assert!(first.peer_id != second.peer_id && first.address != second.address);
    let meet = async || status(&browser, &one).await.peers == 1 && status(&browser, &two).await.peers == 1;
    browser.until(SOON, "both tabs are peers", meet).await;

    stored(&browser, &one, 0).await;
    browser.reload(&one).await;
    let reloaded = status(&browser, &one).await;
    assert_eq!(
        (&reloaded.peer_id, &reloaded.address, &reloaded.profile),
        (&first.peer_id, &first.address, &first.profile)
    );
    browser.until(SOON, "both tabs are peers again", meet).await;

    // A profile that another tab has cannot be had twice.
    let third = browser.open(&format!("{page}&profile=1")).await;
    let told: Vec<Value> = browser.call(&third, "tabchain.log()").await;
    let told = told.iter().find(|line| line["code"] == "profile-in-use").expect("the tab says so");
    assert_eq!(told["message"], "another tab has the profile 1: this one goes on with profile 3");
    let third = status(&browser, &third).await;
    assert_eq!(third.profile, "3");
    assert!(third.peer_id != first.peer_id && third.address != first.address);
    assert!(third.storage.used_bytes.is_none_or(|used| third.storage.quota_bytes.is_none_or(|quota| used < quota)));
    browser.close().await;
}

#[tokio::test]
async fn profiles_are_listed_named_switched_and_erased() {
    let tracker = Tracker::start();
    let (room, browser) = (room(), Browser::start().await);
    let page = tracker.page("/", &format!("network=dev&room={room}"));
    let (one, two) = (browser.open(&page).await, browser.open(&format!("{page}&profile=alice")).await);
    let (first, second) = (stored(&browser, &one, 0).await, stored(&browser, &two, 0).await);
    assert_eq!(second.profile, "alice");

    let _: Value = browser.call(&one, "tabchain.profiles.rename({ id: '1', name: 'At work' })").await;
    let listed = async || profiles(&browser, &one, &room).await.len() == 2;
    browser.until(SOON, "both profiles are listed", listed).await;
    let list = profiles(&browser, &one, &room).await;
    let seen: Vec<_> = list.iter().map(|one| (one.id.as_str(), one.name.as_str(), one.current, one.in_use)).collect();
    assert_eq!(seen, [("1", "At work", true, true), ("alice", "alice", false, true)]);
    let refusal = browser.try_call(&one, "tabchain.profiles.erase({ id: 'alice' })").await.unwrap_err();
    assert_eq!(refusal.code, "bad-request", "{refusal:?}");
    let refusal = browser.try_call(&one, "tabchain.profiles.rename({ id: 'nobody', name: 'x' })").await.unwrap_err();
    assert_eq!(refusal.code, "not-found", "{refusal:?}");

    // Its own profile, erased, begins anew.
    browser.leave(&two, "tabchain.profiles.erase({ id: 'alice' })").await;
    let erased = status(&browser, &two).await;
    assert_eq!(erased.profile, "alice");
    assert!(erased.address != second.address && erased.peer_id != second.peer_id);

    // The first tab goes to a profile of its own choice and back.
    browser.leave(&one, "tabchain.profiles.switch({ id: 'bob' })").await;
    assert_eq!(status(&browser, &one).await.profile, "bob");
    browser.leave(&one, "tabchain.profiles.switch({ id: '1' })").await;
    let back = status(&browser, &one).await;
    assert_eq!((&back.address, &back.peer_id), (&first.address, &first.peer_id));
    // The node that had it may still be on its way out.
    let erased = async || browser.try_call(&one, "tabchain.profiles.erase({ id: 'bob' })").await.is_ok();
    browser.until(SOON, "a profile that no tab has is erased", erased).await;
    assert!(profiles(&browser, &one, &room).await.iter().all(|profile| profile.id != "bob"));
    browser.close().await;
}
