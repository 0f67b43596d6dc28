//! The life of a tab: it sleeps and wakes, and its network comes back.

use crate::harness::{BLOCKS, Browser, SOON, Tracker, free_address};
use crate::scenarios::{Stage, Status};
use crate::webdriver::Session;
use node_core::units::Amount;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Time after which a peer that says nothing counts as gone, and some more.
const FORGOTTEN: Duration = Duration::from_mins(1);

#[tokio::test]
async fn a_browser_that_sleeps_wakes_and_catches_up_without_a_reload() {
    let stage = Stage::new(2).await;
    let sleeper = Browser::beside(Session::chromium().await);
    let tab = sleeper.open(&stage.page()).await;
    let status = async || -> Status { sleeper.call(&tab, "tabchain.status()").await };
    let id = status().await.peer_id;
    let _: bool = sleeper.call(&tab, "window.sameLife = true").await;
    let meshed = async || status().await.peers == 2;
    stage.browser.until(SOON, "three tabs of two browsers are connected", meshed).await;

    let start = Instant::now();
    sleeper.suspend();
    stage.mine(0, true).await;
    for tab in 0..2 {
        let forgotten = async || !stage.connected(tab).await.contains(&id);
        stage.browser.until(FORGOTTEN, "who sleeps is not waited for", forgotten).await;
    }
    let slept = start.elapsed();
    stage.mine(0, false).await;
    let height = stage.one_tip(&[0, 1], 1, BLOCKS).await.height;
    sleeper.resume();
    let woken = Instant::now();
    let caught_up = async || {
        let status = status().await;
        status.height >= height && status.peers == 2 && status.tracker == "joined"
    };
    stage.browser.until(FORGOTTEN, "it is back, with the chain of the others", caught_up).await;
    println!("a tab that slept {slept:?} was back with {height} blocks after {:?}", woken.elapsed());
    let same: Value = sleeper.call(&tab, "window.sameLife").await;
    assert_eq!(same, json!(true), "the page was not loaded again");
    assert_eq!(status().await.peer_id, id, "it is the same peer");
    // Nobody was blamed for the silence.
    let blamed = async || stage.logged(0, "peer-banned", None).await || stage.logged(1, "peer-banned", None).await;
    assert!(!blamed().await);
    sleeper.close().await;
    stage.close().await;
}

#[tokio::test]
async fn a_hidden_tab_goes_on_and_a_frozen_one_catches_up() {
    let stage = Stage::patient(3).await;
    stage.meshed(SOON).await;
    let hidden = &stage.tabs[0];
    stage.browser.hide().await;
    let is_hidden = async || stage.browser.call::<bool>(hidden, "document.hidden").await;
    stage.browser.until(SOON, "the tab is hidden", is_hidden).await;
    stage.mine(0, true).await;
    let start = Instant::now();
    let long = async || start.elapsed() >= FORGOTTEN && stage.status(1).await.height >= 5;
    stage.browser.until(BLOCKS, "a hidden tab mines for a minute", long).await;
    stage.browser.until(SOON, "and answers its peers", async || stage.connected(0).await.len() == 2).await;
    stage.mine(0, false).await;
    stage.one_tip(&[0, 1, 2], 5, SOON).await;

    let id = stage.status(0).await.peer_id;
    stage.browser.freeze(hidden, true).await;
    stage.mine(1, true).await;
    let forgotten = async || !stage.connected(1).await.contains(&id) && stage.status(1).await.height >= 7;
    stage.browser.until(BLOCKS, "who is frozen is not waited for", forgotten).await;
    stage.mine(1, false).await;
    stage.browser.freeze(hidden, false).await;
    stage.one_tip(&[0, 1, 2], 7, FORGOTTEN).await;
    stage.meshed(FORGOTTEN).await;
    assert_eq!(stage.status(0).await.peer_id, id, "the page was not loaded again");
    stage.close().await;
}

#[tokio::test]
async fn the_tracker_is_asked_at_once_when_the_network_is_back() {
    let mut stage = Stage::patient(1).await;
    let joined = async |stage: &Stage| stage.status(0).await.tracker == "joined";
    stage.browser.until(SOON, "the tab joins its room", async || joined(&stage).await).await;
    let noted = "(() => {
        window.attempts = [];
        tabchain.on('tracker', (state) => window.attempts.push([state, Date.now()]));
        return true;
    })()";
    let _: bool = stage.browser.call(&stage.tabs[0], noted).await;
    stage.tracker.kill();
    let lost = async || stage.status(0).await.tracker == "offline";
    stage.browser.until(SOON, "the tab notices that the tracker is gone", lost).await;
    // After so long it waits eight seconds and more between two attempts.
    let start = Instant::now();
    let patient = async || start.elapsed() >= Duration::from_secs(25);
    stage.browser.until(FORGOTTEN, "the tab has become patient", patient).await;
    stage.tracker.restart();
    let back = Instant::now();
    let _: bool = stage.browser.call(&stage.tabs[0], "window.dispatchEvent(new Event('online'))").await;
    stage.browser.until(Duration::from_secs(7), "the tab joins at once", async || joined(&stage).await).await;
    println!("a tab whose network is back joins after {:?}", back.elapsed());
    stage.close().await;
}

#[tokio::test]
async fn a_tab_that_changes_its_tracker_keeps_what_it_has_and_meets_who_is_there() {
    let mut stage = Stage::new(1).await;
    stage.earn(0, 60).await;
    let (wallet, before) = (stage.address(0).await, stage.status(0).await);
    let address = free_address();
    let _other = Tracker::start_for(&stage.tracker, address);
    let there = format!("ws://{address}/ws");
    stage.query = format!("{}&tracker={there}", stage.query);
    stage.open().await;
    let alone = async || stage.status(1).await.tracker == "joined";
    stage.browser.until(SOON, "another tab waits at the other tracker", alone).await;
    assert_eq!((stage.status(0).await.peers, stage.status(1).await.peers), (0, 0), "nobody introduces them");

    let (browser, tab) = (&stage.browser, &stage.tabs[0]);
    browser.follow(tab, "/settings").await;
    browser.fill(tab, "settings-tracker", &there).await;
    browser.leave_by(tab, "node-go").await;
    assert_eq!(stage.address(0).await, wallet, "the wallet is the same");
    stage.one_tip(&[0, 1], before.height, BLOCKS).await;
    stage.meshed(SOON).await;
    let coins = stage.balance(1, &wallet).await;
    assert!(coins.spendable >= Amount::from_tab(60), "its coins are known there: {coins:?}");
    stage.close().await;
}
