//! The lab in real tabs: attacks, verdicts, bans and pardons, as a class would use them.

use crate::harness::{BLOCKS, SOON};
use crate::scenarios::Stage;
use serde_json::Value;
use std::cell::Cell;

/// The tab that attacks; the first two are its victims.
const ATTACKER: usize = 2;

/// Rows of a list of the page's API, newest first.
async fn rows(stage: &Stage, tab: usize, call: &str) -> Vec<Value> {
    stage.browser.call(&stage.tabs[tab], &format!("tabchain.{call}.then(({{ items }}) => items)")).await
}

/// Waits until so many peers have settled the newest launch, all with this outcome. One that is late is taken for silent
/// until its word comes.
async fn settled(stage: &Stage, attack: &str, peers: usize, outcome: &str) {
    let settled = async || {
        let all = rows(stage, ATTACKER, "lab.verdicts()").await;
        let newest = all.iter().take_while(|verdict| verdict["launch"] == all[0]["launch"]);
        let settled = newest.filter(|verdict| verdict["attack"] == attack && verdict["outcome"]["state"] == outcome);
        settled.count() == peers
    };
    stage.browser.until(BLOCKS, &format!("{peers} peers settle {attack}: {outcome}"), settled).await;
}

/// What a tab refused the attacker last, once the attacker has heard all of it: an attack of several messages is
/// refused several times.
async fn newest_incident(stage: &Stage, tab: usize, attack: &str, attacker: &str) -> (Value, Value) {
    let peer = stage.status(tab).await.peer_id;
    let both = Cell::new(None);
    let agree = async || {
        let verdicts = rows(stage, ATTACKER, "lab.verdicts()").await;
        let verdict = verdicts.into_iter().find(|one| one["attack"] == attack && one["peer"] == peer.as_str());
        let incidents = rows(stage, tab, "lab.incidents({ limit: 10 })").await;
        let incident = incidents.into_iter().find(|one| one["peer"] == attacker);
        let (Some(incident), Some(mut verdict)) = (incident, verdict) else { return false };
        let outcome = verdict["outcome"].take();
        // What floods is refused until it is banned.
        let is_over = attack != "flood" || incident["bannedUntil"].is_number();
        let is_same = incident["score"] == outcome["score"] && incident["message"] == outcome["reason"];
        both.set(Some((incident, outcome)));
        is_over && is_same
    };
    stage.browser.until(BLOCKS, &format!("both sides tell the same of {attack}"), agree).await;
    both.take().expect("they were compared")
}

/// Mines until the attacking tab has coins and has spent some of them.
async fn earn_and_spend(stage: &Stage) {
    stage.earn(ATTACKER, 60).await;
    let to = stage.address(0).await;
    let tab = &stage.tabs[ATTACKER];
    let id: String = stage.browser.call(tab, &format!("tabchain.wallet.send({{ to: '{to}', amount: '1' }})")).await;
    stage.mine(ATTACKER, true).await;
    let confirmed = async || {
        let payment: Value = stage.browser.call(tab, &format!("tabchain.chain.transaction('{id}')")).await;
        payment["status"]["state"] == "confirmed"
    };
    stage.browser.until(BLOCKS, "the payment is confirmed", confirmed).await;
    stage.mine(ATTACKER, false).await;
    stage.one_tip(&[0, 1, 2], 1, SOON).await;
}

#[tokio::test]
async fn every_attack_of_a_real_tab_is_refused_with_its_reason_and_can_be_forgiven() {
    let stage = Stage::new(3).await;
    stage.meshed(SOON).await;
    earn_and_spend(&stage).await;
    let attacker = stage.status(ATTACKER).await.peer_id;
    let heard = "(window.verdicts = [], tabchain.on('verdict', (verdict) => window.verdicts.push(verdict)), true)";
    let _: bool = stage.browser.call(&stage.tabs[ATTACKER], heard).await;
    let attacks: Vec<Value> = stage.browser.call(&stage.tabs[ATTACKER], "tabchain.lab.list()").await;
    assert_eq!(attacks.len(), 13);
    for row in attacks {
        let name = row["name"].as_str().expect("a name");
        assert_eq!(row["lacks"], Value::Null, "{name}");
        let _: Value = stage.browser.call(&stage.tabs[ATTACKER], &format!("tabchain.lab.attack('{name}')")).await;
        let is_fault = !row["offence"].is_null();
        settled(&stage, name, 2, if is_fault { "refused" } else { "passedOver" }).await;
        for tab in 0..2 {
            let bans = async || -> Vec<Value> { stage.browser.call(&stage.tabs[tab], "tabchain.peers.bans()").await };
            if !is_fault {
                assert_eq!(bans().await.len(), 0, "{name}");
                continue;
            }
            let (incident, outcome) = newest_incident(&stage, tab, name, &attacker).await;
            let bans = bans().await;
            assert_eq!((&outcome["offence"], &outcome["points"]), (&row["offence"], &row["points"]), "{name}");
            assert_eq!(incident["code"], row["offence"], "{name}");
            let banned = incident["bannedUntil"].is_number();
            assert_eq!((bans.len() == 1, outcome["bannedUntil"].is_number()), (banned, banned), "{name}: {bans:?}");
            if banned {
                let pardon = format!("tabchain.peers.pardon('{attacker}')");
                let _: Value = stage.browser.call(&stage.tabs[tab], &pardon).await;
            }
        }
        stage.meshed(BLOCKS).await;
    }
    let told: Vec<Value> = stage.browser.call(&stage.tabs[ATTACKER], "window.verdicts").await;
    let refused = told.iter().filter(|verdict| verdict["outcome"]["state"] == "refused");
    assert!(refused.count() >= 22, "each of eleven refusals of two peers was an event");
    // Everybody goes on, the attacker too.
    let height = stage.status(0).await.height;
    stage.mine(ATTACKER, true).await;
    stage.one_tip(&[0, 1, 2], height + 2, BLOCKS).await;
    stage.close().await;
}

#[tokio::test]
async fn a_repeated_attack_ends_in_a_ban_and_stops_when_it_is_told_to() {
    let stage = Stage::new(3).await;
    stage.meshed(SOON).await;
    let (attacker, victim) = (stage.status(ATTACKER).await.peer_id, stage.status(0).await.peer_id);
    let order = format!("tabchain.lab.attack('orphan-flood', {{ peer: '{victim}', every: 1 }})");
    let _: Value = stage.browser.call(&stage.tabs[ATTACKER], &order).await;
    let bans = async || -> Vec<Value> { stage.browser.call(&stage.tabs[0], "tabchain.peers.bans()").await };
    stage.browser.until(BLOCKS, "the attacker is banned", async || !bans().await.is_empty()).await;
    let aimed_at_one = async || stage.connected(1).await.contains(&attacker);
    stage.browser.until(SOON, "it was aimed at one", aimed_at_one).await;
    let bans = bans().await;
    assert_eq!((&bans[0]["peerId"], &bans[0]["offence"]), (&attacker.as_str().into(), &"flood".into()));
    let _: Value = stage.browser.call(&stage.tabs[ATTACKER], "tabchain.lab.stop()").await;
    let attacks: Vec<Value> = stage.browser.call(&stage.tabs[ATTACKER], "tabchain.lab.list()").await;
    assert!(attacks.iter().all(|row| row["repeated"].is_null()));
    let wrong = stage.browser.try_call(&stage.tabs[ATTACKER], &order.replace("every: 1", "every: 0")).await;
    assert_eq!(wrong.expect_err("zero seconds are refused").code, "bad-request");
    let parted = async || !stage.connected(ATTACKER).await.contains(&victim);
    stage.browser.until(SOON, "the attacker notices", parted).await;
    let gone = stage.browser.try_call(&stage.tabs[ATTACKER], &order).await;
    assert_eq!(gone.expect_err("nobody is there").code, "not-found");
    stage.close().await;
}

#[tokio::test]
async fn the_view_of_the_lab_shows_both_sides_and_pardons() {
    let stage = Stage::new(2).await;
    stage.meshed(SOON).await;
    let (browser, attacker, victim) = (&stage.browser, &stage.tabs[1], &stage.tabs[0]);
    browser.follow(attacker, "/lab").await;
    browser.click(attacker, "attack-garbage").await;
    let shows = async |tab, table: &str, words: &[&str]| {
        let text = browser.text(tab, table).await;
        words.iter().all(|word| text.contains(word))
    };
    let told = async || shows(attacker, "verdicts", &["Garbage", "refused: garbage", "100 of 100", "banned"]).await;
    browser.until(SOON, "the attacker sees the verdict", told).await;
    browser.shows(attacker, "verdict-garbage", "1 peer refused it").await;
    browser.follow(victim, "/lab").await;
    let seen = async || shows(victim, "incidents", &["garbage", "+100", "100 of 100"]).await;
    browser.until(SOON, "the victim sees what came and what it cost", seen).await;
    let banned = async || shows(victim, "bans", &["garbage", "min", "left"]).await;
    browser.until(SOON, "the victim sees the ban and its time", banned).await;
    browser.follow(victim, "/network").await;
    browser.until(SOON, "the view of the network tells of it too", banned).await;
    browser.click(victim, "pardon").await;
    stage.meshed(BLOCKS).await;
    let lifted = async || !shows(victim, "bans", &["left"]).await;
    browser.until(SOON, "the ban is gone", lifted).await;
    // An attack that lacks something says so, and cannot be launched.
    browser.switch(attacker).await;
    let locked = "document.querySelector('[data-testid=attack-double-spend]').disabled";
    assert!(browser.call::<bool>(attacker, locked).await, "this wallet has spent nothing");
    stage.close().await;
}

/// What the card of this attack says of its repetition, and how many verdicts there are.
async fn repetition(stage: &Stage) -> (String, usize) {
    let said = "return document.querySelector('[data-testid=attack-double-spend] + p').textContent";
    let said = stage.browser.script(&stage.tabs[ATTACKER], said).await;
    (said.as_str().unwrap_or_default().to_owned(), rows(stage, ATTACKER, "lab.verdicts({ limit: 500 })").await.len())
}

#[tokio::test]
async fn the_view_of_the_lab_aims_at_one_peer_repeats_and_stops() {
    let stage = Stage::new(3).await;
    stage.meshed(SOON).await;
    earn_and_spend(&stage).await;
    let (browser, tab) = (&stage.browser, &stage.tabs[ATTACKER]);
    let victim = stage.status(0).await.peer_id;
    for tab in &stage.tabs {
        browser.follow(tab, "/lab").await;
    }
    // Whoever is not aimed at has nothing to judge.
    browser.choose(tab, "lab-aim", &victim).await;
    browser.click(tab, "attack-double-spend").await;
    browser.shows(tab, "verdict-double-spend", "Last launch: 1 peer refused it").await;
    browser.shows(tab, "verdicts", "not admitted").await;
    browser.shows(&stage.tabs[0], "incidents", "not-admitted").await;
    let verdicts = rows(&stage, ATTACKER, "lab.verdicts()").await;
    assert!(verdicts.len() == 1 && verdicts[0]["peer"] == victim.as_str(), "{verdicts:?}");

    let stops = "return document.querySelector('[data-testid=lab-stop]').disabled";
    assert_eq!(browser.script(tab, stops).await, true, "nothing is repeated yet");
    browser.choose(tab, "lab-every", "1").await;
    browser.click(tab, "attack-double-spend").await;
    let launches = async || {
        let said = repetition(&stage).await.0;
        let count =
            said.strip_prefix("every 1 s, ").and_then(|rest| rest.split_once(' ')).map(|(count, _)| count.parse());
        count.and_then(Result::ok).unwrap_or(0_u32)
    };
    browser.until(SOON, "the page counts launches", async || launches().await >= 4).await;
    browser.click(tab, "lab-stop").await;
    let stopped = async || repetition(&stage).await.0.is_empty() && browser.script(tab, stops).await == true;
    browser.until(SOON, "the page says that it has stopped", stopped).await;
    let (_, launched) = repetition(&stage).await;
    assert!(launched >= 5, "each launch has its verdict: {launched}");
    let attacks: Vec<Value> = browser.call(tab, "tabchain.lab.list()").await;
    assert!(attacks.iter().all(|attack| attack["repeated"].is_null()), "{attacks:?}");

    // All of them went where they were aimed.
    let verdicts = rows(&stage, ATTACKER, "lab.verdicts({ limit: 500 })").await;
    assert!(verdicts.iter().all(|verdict| verdict["peer"] == victim.as_str()), "{verdicts:?}");
    assert_eq!(rows(&stage, 1, "lab.incidents()").await, Vec::<Value>::new());
    let nothing = "return document.querySelectorAll('[data-testid=incident]').length";
    assert_eq!(browser.script(&stage.tabs[1], nothing).await, 0);
    stage.close().await;
}
