//! What people do with several tabs, and what must come of it.

use crate::harness::{BLOCKS, Browser, SOON, Tab, Tracker, free_address, room};
use crate::webdriver::Session;
use node_core::units::Amount;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Status {
    pub(crate) height: u32,
    pub(crate) tip: String,
    pub(crate) peer_id: String,
    pub(crate) peers: u32,
    pub(crate) mempool: u32,
    pub(crate) relayed_signals: u64,
    pub(crate) tracker: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Peer {
    peer_id: String,
    state: String,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Balance {
    pub(crate) spendable: Amount,
    pub(crate) confirmed: Amount,
    pub(crate) immature: Amount,
}

/// A browser and tabs of one room of the development network.
pub(crate) struct Stage {
    pub(crate) tracker: Tracker,
    pub(crate) browser: Browser,
    pub(crate) query: String,
    pub(crate) tabs: Vec<Tab>,
}

impl Stage {
    pub(crate) async fn new(count: usize) -> Self {
        Self::with(Browser::start().await, count).await
    }

    /// For a test that waits most of its time: others run beside it.
    pub(crate) async fn patient(count: usize) -> Self {
        Self::with(Browser::beside(Session::chromium().await), count).await
    }

    async fn with(browser: Browser, count: usize) -> Self {
        let mut stage = Self {
            tracker: Tracker::start(),
            browser,
            query: format!("network=dev&room={}", room()),
            tabs: Vec::new(),
        };
        for _ in 0..count {
            stage.open().await;
        }
        stage
    }

    /// The page's address in this room.
    pub(crate) fn page(&self) -> String {
        self.tracker.page("/", &self.query)
    }

    pub(crate) async fn open(&mut self) {
        let tab = self.browser.open(&self.page()).await;
        self.tabs.push(tab);
    }

    pub(crate) async fn status(&self, tab: usize) -> Status {
        self.browser.call(&self.tabs[tab], "tabchain.status()").await
    }

    pub(crate) async fn connected(&self, tab: usize) -> BTreeSet<String> {
        let peers: Vec<Peer> = self.browser.call(&self.tabs[tab], "tabchain.peers.list()").await;
        peers.into_iter().filter(|peer| peer.state == "connected").map(|peer| peer.peer_id).collect()
    }

    /// Waits until every tab lists all others as connected.
    pub(crate) async fn meshed(&self, limit: Duration) {
        let mut ids = Vec::new();
        for tab in 0..self.tabs.len() {
            ids.push(self.status(tab).await.peer_id);
        }
        let meshed = async || {
            for (tab, id) in ids.iter().enumerate() {
                let others: BTreeSet<String> = ids.iter().filter(|other| *other != id).cloned().collect();
                if self.connected(tab).await != others {
                    return false;
                }
            }
            true
        };
        if !self.browser.comes(limit, meshed).await {
            self.tell().await;
            panic!("waited {limit:?} in vain: every tab lists all others as connected");
        }
    }

    /// Prints what the tabs know of each other, for whoever reads of a failure.
    pub(crate) async fn tell(&self) {
        for tab in 0..self.tabs.len() {
            let status: Value = self.browser.call(&self.tabs[tab], "tabchain.status()").await;
            let peers: Value = self.browser.call(&self.tabs[tab], "tabchain.peers.list()").await;
            let lines: Vec<Value> = self.browser.call(&self.tabs[tab], "tabchain.log({ limit: 50 })").await;
            println!("tab {tab}: {status}\npeers: {peers}");
            for line in lines {
                println!("  {line}");
            }
        }
    }

    /// Waits until all these tabs have one tip of at least this height; gives it.
    pub(crate) async fn one_tip(&self, tabs: &[usize], height: u32, limit: Duration) -> Status {
        let reached = async || self.agree(tabs).await && self.status(tabs[0]).await.height >= height;
        self.browser.until(limit, "the tabs have one tip", reached).await;
        self.status(tabs[0]).await
    }

    /// Whether all these tabs have one tip.
    async fn agree(&self, tabs: &[usize]) -> bool {
        let mut tips = BTreeSet::new();
        for tab in tabs {
            tips.insert(self.status(*tab).await.tip);
        }
        tips.len() == 1
    }

    pub(crate) async fn mine(&self, tab: usize, on: bool) {
        let expression = if on { "tabchain.miner.start({ threads: 1 })" } else { "tabchain.miner.stop()" };
        let _: Value = self.browser.call(&self.tabs[tab], expression).await;
    }

    pub(crate) async fn address(&self, tab: usize) -> String {
        self.browser.call(&self.tabs[tab], "tabchain.wallet.address()").await
    }

    pub(crate) async fn balance(&self, tab: usize, address: &str) -> Balance {
        self.browser.call(&self.tabs[tab], &format!("tabchain.wallet.balance('{address}')")).await
    }

    /// Whether a tab's log has a line with this code.
    pub(crate) async fn logged(&self, tab: usize, code: &str, peer: Option<&str>) -> bool {
        let lines: Vec<Value> = self.browser.call(&self.tabs[tab], "tabchain.log({ limit: 500 })").await;
        lines.iter().any(|line| line["code"] == code && peer.is_none_or(|peer| line["peer"] == peer))
    }

    /// Mines in a tab until its wallet can spend so much, then stops.
    pub(crate) async fn earn(&self, tab: usize, tab_coins: u64) {
        let address = self.address(tab).await;
        self.mine(tab, true).await;
        let enough = async || self.balance(tab, &address).await.spendable >= Amount::from_tab(tab_coins);
        self.browser.until(BLOCKS, "the miner has coins to spend", enough).await;
        self.mine(tab, false).await;
    }

    pub(crate) async fn close(self) {
        self.browser.close().await;
    }
}

#[tokio::test]
async fn tabs_find_each_other_share_blocks_and_a_newcomer_catches_up() {
    let mut stage = Stage::new(3).await;
    let start = Instant::now();
    stage.meshed(SOON).await;
    println!("three tabs list each other {:?} after the last one opened", start.elapsed());

    // The overview of the others shows each block without a reload.
    let hashes = "tabchain.on('tip', (tip) => (window.seen ??= []).push(...tip.connected)); return true";
    for tab in 1..3 {
        let listen = format!("(() => {{ {hashes} }})()");
        let _: bool = stage.browser.call(&stage.tabs[tab], &listen).await;
    }
    stage.mine(0, true).await;
    stage.one_tip(&[0, 1, 2], 6, BLOCKS).await;
    stage.mine(0, false).await;
    let tip = stage.one_tip(&[0, 1, 2], 6, SOON).await;
    let chain = "tabchain.chain.blocks({ limit: 500 }).then((blocks) => blocks.map((block) => block.hash))";
    let mined: Vec<String> = stage.browser.call(&stage.tabs[0], chain).await;
    for tab in 1..3 {
        let seen: Vec<String> = stage.browser.call(&stage.tabs[tab], "window.seen").await;
        let missing: Vec<_> = mined[..mined.len() - 1].iter().filter(|hash| !seen.contains(hash)).collect();
        assert!(missing.is_empty(), "tab {tab} was not told of {missing:?}");
        let shown = async || stage.browser.text(&stage.tabs[tab], "tip-height").await.contains(&tip.height.to_string());
        stage.browser.until(SOON, "the page shows the height of the tip", shown).await;
    }

    stage.open().await;
    let caught_up = stage.one_tip(&[0, 3], tip.height, SOON).await;
    assert_eq!(caught_up.tip, tip.tip);
    stage.close().await;
}

#[tokio::test]
async fn a_payment_is_seen_waiting_and_then_confirmed_in_every_tab() {
    let stage = Stage::new(3).await;
    stage.meshed(SOON).await;
    stage.earn(0, 60).await;
    stage.one_tip(&[0, 1, 2], 1, SOON).await;
    let (miner, receiver) = (stage.address(0).await, stage.address(1).await);
    let (browser, tab) = (&stage.browser, &stage.tabs[0]);

    browser.follow(tab, "/wallet").await;
    refused_in_the_form(&stage, &receiver).await;

    browser.fill(tab, "send-to", &receiver).await;
    browser.fill(tab, "send-amount", "12.5").await;
    browser.fill(tab, "send-memo", "<b>lunch</b>").await;
    browser.shows(tab, "send-plan", "leaves").await;
    browser.click(tab, "send-submit").await;
    browser.click(tab, "send-confirm").await;
    for other in 0..3 {
        let waiting = async || stage.status(other).await.mempool == 1;
        browser.until(SOON, "the transaction waits in every tab", waiting).await;
    }
    let waiting: Value = browser.call(&stage.tabs[2], "tabchain.mempool.list()").await;
    assert_eq!(waiting["items"][0]["amount"], "12.5");
    assert_eq!(waiting["items"][0]["memo"], "<b>lunch</b>");
    let id = waiting["items"][0]["id"].as_str().expect("an id").to_owned();

    let height = stage.status(0).await.height;
    stage.mine(2, true).await;
    stage.one_tip(&[0, 1, 2], height + 2, BLOCKS).await;
    stage.mine(2, false).await;
    stage.one_tip(&[0, 1, 2], height + 2, SOON).await;
    for other in 0..3 {
        let found: Value = browser.call(&stage.tabs[other], &format!("tabchain.chain.transaction('{id}')")).await;
        assert_eq!(found["status"]["state"], "confirmed");
        assert_eq!(stage.balance(other, &receiver).await.spendable.to_string(), "12.5");
        assert_eq!(stage.balance(other, &miner).await, stage.balance(0, &miner).await);
        assert_eq!(stage.status(other).await.mempool, 0);
    }
    browser.follow(&stage.tabs[1], "/wallet").await;
    let shown = async || browser.text(&stage.tabs[1], "balance-spendable").await.contains("12.5");
    browser.until(SOON, "the receiver's wallet shows the coins", shown).await;
    stage.close().await;
}

/// More than there is, a bad address, a bad amount: each with its reason beside the field.
async fn refused_in_the_form(stage: &Stage, receiver: &str) {
    let (browser, tab) = (&stage.browser, &stage.tabs[0]);
    let mistyped = format!("{}{}", &receiver[..receiver.len() - 1], if receiver.ends_with('q') { 'p' } else { 'q' });
    for (to, amount, field) in [
        (receiver, "999999", "send-amount"),
        (&mistyped, "1", "send-to"),
        ("nobody", "1", "send-to"),
        (receiver, "-1", "send-amount"),
        (receiver, "0", "send-amount"),
        (receiver, "0.123456789", "send-amount"),
    ] {
        browser.fill(tab, "send-to", to).await;
        browser.fill(tab, "send-amount", amount).await;
        browser.click(tab, "send-submit").await;
        let error = format!("{field}-error");
        let explained = async || !browser.text(tab, &error).await.is_empty();
        browser.until(SOON, &format!("{amount} to {to} is refused beside {field}"), explained).await;
        // The answer to the click brings the focus there; what is typed before that would go elsewhere.
        let focused = async || browser.script(tab, "return document.activeElement.id").await == field;
        browser.until(SOON, &format!("the focus is in {field}"), focused).await;
        assert_eq!(browser.text(tab, "dialog-review").await, "", "no dialog to send {amount} to {to}");
    }
    for tab in 0..3 {
        assert_eq!(stage.status(tab).await.mempool, 0, "nothing was sent");
    }
    // A program is told the same, with a code.
    for (form, code, field) in [
        (format!("{{ to: '{receiver}', amount: '999999' }}"), "insufficient-funds", "amount"),
        ("{ to: 'nobody', amount: '1' }".to_owned(), "bad-address", "to"),
        (format!("{{ to: '{receiver}', amount: '1e3' }}"), "bad-amount", "amount"),
        (format!("{{ to: '{receiver}', amount: '1', fee: '0' }}"), "bad-fee", "fee"),
    ] {
        let refusal = browser.try_call(tab, &format!("tabchain.wallet.send({form})")).await.unwrap_err();
        assert_eq!((refusal.code.as_str(), refusal.field.as_deref()), (code, Some(field)), "{form}");
    }
}

#[tokio::test]
async fn a_branch_is_drawn_and_counted_down_while_it_lives() {
    let mut stage = Stage::new(0).await;
    // Nobody is there yet to introduce them, so that each begins a chain of its own.
    let address = free_address();
    stage.query = format!("{}&tracker=ws://{address}/ws", stage.query);
    for blocks in [2, 3] {
        stage.open().await;
        for _ in 0..blocks {
            let tab = &stage.tabs[stage.tabs.len() - 1];
            let _: Value = stage.browser.call(tab, "tabchain.miner.mine()").await;
        }
    }
    let _introducer = Tracker::start_for(&stage.tracker, address);
    stage.meshed(BLOCKS).await;
    stage.one_tip(&[0, 1], 3, BLOCKS).await;

    let (browser, tab) = (&stage.browser, &stage.tabs[0]);
    browser.shows(tab, "branch", "2 blocks").await;
    browser.shows(tab, "branch-work", "behind the best").await;
    let drawn = "return [...document.querySelectorAll('.chain-block-branch')].length";
    let both = async || browser.script(tab, drawn).await == 2;
    browser.until(SOON, "both blocks of the branch are drawn beside the best chain", both).await;
    let point = "document.querySelector('.chain-block-branch').dispatchEvent(new PointerEvent('pointerenter'))";
    browser.script(tab, point).await;
    browser.shows(tab, "chain-detail", "Block").await;

    // Whoever reads of it keeps their place while blocks come.
    browser.script(tab, "document.querySelector('[data-testid=branch] a').focus()").await;
    let left = browser.text(tab, "branch").await;
    let _: Value = browser.call(tab, "tabchain.miner.mine()").await;
    let counted = async || {
        let now = browser.text(tab, "branch").await;
        !now.is_empty() && now != left
    };
    browser.until(SOON, "the countdown goes on", counted).await;
    let kept = "return !!document.activeElement.closest('[data-testid=branch]')";
    assert_eq!(browser.script(tab, kept).await, true, "the focus stays");
    for _ in 0..5 {
        let _: Value = browser.call(tab, "tabchain.miner.mine()").await;
    }
    let gone = async || browser.script(tab, "return !document.querySelector('[data-testid=branch]')").await == true;
    browser.until(SOON, "it is forgotten", gone).await;
    stage.close().await;
}

#[tokio::test]
async fn three_miners_fork_and_come_together() {
    let mut stage = Stage::new(0).await;
    // Nobody is there yet to introduce them, so that each begins a chain of its own.
    let address = free_address();
    stage.query = format!("{}&tracker=ws://{address}/ws", stage.query);
    for tab in 0..3 {
        stage.open().await;
        stage.mine(tab, true).await;
        stage.one_tip(&[tab], 3, BLOCKS).await;
    }
    let _introducer = Tracker::start_for(&stage.tracker, address);
    stage.meshed(BLOCKS).await;
    let start = Instant::now();
    let minute = async || start.elapsed() >= Duration::from_mins(1);
    stage.browser.until(Duration::from_secs(70), "a minute passes", minute).await;
    for tab in 0..3 {
        stage.mine(tab, false).await;
    }
    let mut forks = 0;
    for tab in 0..3 {
        let lines: Vec<Value> = stage.browser.call(&stage.tabs[tab], "tabchain.log({ limit: 500 })").await;
        forks += lines.iter().filter(|line| line["code"] == "fork" || line["code"] == "reorganisation").count();
    }
    assert!(forks > 0, "chains that met made forks");

    // A branch of equal work stays where it is until a block decides, and the last ones may have crossed it.
    let decided = async || {
        let decided: Value = stage.browser.call(&stage.tabs[0], "tabchain.miner.mine()").await;
        assert_eq!(decided["best"], true);
        stage.browser.comes(Duration::from_secs(10), async || stage.agree(&[0, 1, 2]).await).await
    };
    stage.browser.until(BLOCKS, "a block decides", decided).await;
    let tip = stage.status(0).await;
    println!("height {} after a minute of three miners, {forks} forks seen", tip.height);
    let mut addresses = Vec::new();
    for tab in 0..3 {
        addresses.push(stage.address(tab).await);
    }
    for address in &addresses {
        let expected = stage.balance(0, address).await;
        for tab in 1..3 {
            assert_eq!(stage.balance(tab, address).await, expected, "{address} in tab {tab}");
        }
    }
    stage.close().await;
}

#[tokio::test]
async fn the_mesh_outlives_its_tracker_and_grows_when_it_is_back() {
    let mut stage = Stage::new(3).await;
    stage.meshed(SOON).await;
    stage.earn(0, 60).await;
    stage.tracker.kill();
    for tab in 0..3 {
        let noticed = async || stage.logged(tab, "tracker-lost", None).await;
        stage.browser.until(SOON, "each tab notices that the tracker is gone", noticed).await;
    }
    let receiver = stage.address(2).await;
    let send = format!("tabchain.wallet.send({{ to: '{receiver}', amount: '7' }})");
    let _: String = stage.browser.call(&stage.tabs[0], &send).await;
    for tab in 0..3 {
        let waiting = async || stage.status(tab).await.mempool == 1;
        stage.browser.until(SOON, "the transaction waits in every tab", waiting).await;
    }
    let height = stage.status(0).await.height;
    stage.mine(1, true).await;
    stage.one_tip(&[0, 1, 2], height + 3, BLOCKS).await;
    assert_eq!(stage.balance(0, &receiver).await.spendable.to_string(), "7");
    stage.mine(1, false).await;

    stage.tracker.restart();
    stage.open().await;
    let tip = stage.one_tip(&[0, 1, 2], height + 3, SOON).await;
    let joined = stage.one_tip(&[0, 3], tip.height, Duration::from_mins(1)).await;
    assert_eq!(joined.tip, tip.tip);
    stage.close().await;
}

#[tokio::test]
async fn an_unsigned_transaction_is_refused_by_every_tab() {
    let stage = Stage::new(2).await;
    stage.meshed(SOON).await;
    stage.earn(0, 60).await;
    stage.one_tip(&[0, 1], 1, SOON).await;
    let (browser, tab) = (&stage.browser, &stage.tabs[0]);
    browser.follow(tab, "/wallet").await;
    browser.fill(tab, "send-to", &stage.address(1).await).await;
    browser.fill(tab, "send-amount", "1").await;
    browser.click(tab, "send-unsigned").await;
    browser.shows(tab, "send-plan", "leaves").await;
    browser.click(tab, "send-submit").await;
    browser.click(tab, "send-confirm").await;
    let refused = async || stage.logged(1, "bad-signature", None).await;
    browser.until(SOON, "the other tab refuses it", refused).await;
    let told = async || stage.logged(0, "refused-by-peer", None).await;
    browser.until(SOON, "the sender learns of it", told).await;
    assert_eq!(stage.status(1).await.mempool, 0);
    stage.close().await;
}
