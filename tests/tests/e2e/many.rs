//! Hundreds of blocks and transactions: only what is seen is drawn, and the focus stays where it is while blocks come.

use crate::harness::{BLOCKS, Browser, SOON, Tab, Tracker, room};
use crate::long_chain;
use crate::mesh::{PAYMENTS, payer, payment};
use node_core::chain::tree::Chain;
use node_core::params::ChainParams;
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Instant;

/// Blocks of the chain.
const HEIGHT: u32 = 400;
/// Payers, each with just below the hundred transactions that may wait of one.
const PAYERS: u8 = 4;
/// Blocks that come while something has the focus.
const BURST: u64 = 30;

/// Notes at every change of the page whether the element that has the focus now has it still.
const WATCH: &str = "(() => {
    const element = document.activeElement;
    window.focused = { looks: 0, lost: 0 };
    window.watcher?.disconnect();
    window.watcher = new MutationObserver(() => {
        focused.looks += 1;
        if (document.activeElement !== element) focused.lost += 1;
    });
    watcher.observe(document.body, { childList: true, subtree: true, characterData: true });
    return true;
})()";

/// What was noted.
#[derive(Debug, Deserialize)]
struct Focused {
    looks: u64,
    lost: u64,
}

/// A tab with a long chain and hundreds of waiting transactions.
struct Busy {
    _tracker: Tracker,
    query: String,
    browser: Browser,
    tab: Tab,
}

impl Busy {
    async fn new() -> Self {
        let (tracker, room, browser) = (Tracker::start(), room(), Browser::start().await);
        let query = format!("network=dev&room={room}");
        let tab = browser.open(&tracker.page("/settings", &query)).await;
        let params = ChainParams::named("dev", &room).expect("the room has a valid name");
        let payers: Vec<_> = (0..PAYERS).map(|number| payer(number).public_key().address()).collect();
        long_chain::open(&browser, &tab, &params, HEIGHT, &payers).await;

        let genesis = Chain::new(params).genesis();
        let all: Vec<String> = (0..PAYERS)
            .flat_map(|number| (0..PAYMENTS).map(move |nonce| (number, nonce)))
            .map(|(number, nonce)| payment(genesis, payers[0], &payer(number), nonce))
            .collect();
        let submit = format!(
            "Promise.all({}.map((hex) => tabchain.transactions.submit(hex))).then((ids) => ids.length)",
            json!(all)
        );
        assert_eq!(browser.call::<usize>(&tab, &submit).await, all.len());
        Self { _tracker: tracker, query, browser, tab }
    }

    async fn status(&self, field: &str) -> u64 {
        self.browser.call(&self.tab, &format!("tabchain.status().then((status) => status.{field})")).await
    }

    /// Goes to another address of the page.
    async fn visit(&self, path: &str, more: &str) {
        self.browser.visit(&self.tab, &format!("{path}?{}{more}", self.query)).await;
    }

    /// How many elements a selector finds.
    async fn count(&self, selector: &str) -> u64 {
        self.browser.call(&self.tab, &format!("document.querySelectorAll({selector:?}).length")).await
    }

    /// Waits until a selector finds so many elements, but no more than this.
    async fn draws(&self, selector: &str, least: u64, most: u64) {
        let drawn = async || (least..=most).contains(&self.count(selector).await);
        self.browser.until(SOON, &format!("{selector} is drawn {least} to {most} times"), drawn).await;
    }

    /// Gives an element the focus, which must stay on it while blocks come as fast as this tab finds them.
    async fn keeps_focus(&self, selector: &str) {
        self.draws(selector, 1, u64::MAX).await;
        let focus = format!("(document.querySelector({selector:?}).focus(), {WATCH})");
        let _: bool = self.browser.call(&self.tab, &focus).await;
        let (from, start) = (self.status("height").await, Instant::now());
        let _: Value = self.browser.call(&self.tab, "tabchain.miner.start({ threads: 1 })").await;
        let come = async || self.status("height").await >= from + BURST;
        self.browser.until(BLOCKS, "blocks come", come).await;
        let _: Value = self.browser.call(&self.tab, "tabchain.miner.stop()").await;
        let height = self.status("height").await;
        println!("{} blocks came in {:?} while {selector} had the focus", height - from, start.elapsed());
        self.browser.shows(&self.tab, "tip-height", &height.to_string()).await;
        let focused: Focused = self.browser.call(&self.tab, "window.focused").await;
        assert!(focused.lost == 0 && focused.looks > 0, "{selector}: {focused:?}");
    }
}

/// Of all blocks and transactions what is seen is drawn, also at the end of a list.
async fn only_what_is_seen_is_drawn(busy: &Busy) {
    let all = u64::from(PAYERS) * PAYMENTS;
    busy.visit("/mempool", "").await;
    busy.browser.shows(&busy.tab, "waiting-count", &format!("{all} transactions")).await;
    let row = |place: u64| format!(".row[aria-posinset='{place}'][aria-setsize='{all}'] [data-testid=waiting-row]");
    // By the keys for the end and the beginning.
    for (key, seen, unseen) in [("\u{e010}", all, 1), ("\u{e011}", 1, all)] {
        busy.browser.script(&busy.tab, "document.querySelector('.rows').focus()").await;
        busy.browser.press(&busy.tab, key).await;
        busy.draws(&row(seen), 1, 1).await;
        busy.draws(&row(unseen), 0, 0).await;
        busy.draws("[data-testid=waiting-row]", 10, 60).await;
    }
    busy.visit("/", "").await;
    let lines: Vec<Value> = busy.browser.call(&busy.tab, "tabchain.log({ limit: 500 })").await;
    assert!(lines.len() > 300, "{} lines are kept", lines.len());
    busy.draws("[data-testid=chain-block]", 5, 28).await;
    busy.draws("[data-testid=log] li", 5, 40).await;
    busy.visit("/explorer", "").await;
    busy.draws("[data-testid=block-card]", 24, 24).await;
}

#[tokio::test]
async fn of_hundreds_what_is_seen_is_drawn_and_the_focus_stays_while_blocks_come() {
    let busy = Busy::new().await;
    only_what_is_seen_is_drawn(&busy).await;

    // A transaction that no block takes, while all around it goes.
    busy.visit("/mempool", "").await;
    let top = "[data-testid=waiting-row] a";
    busy.draws(top, 10, 60).await;
    let id = format!("document.querySelector('{top}').pathname.split('/').pop()");
    let wish = format!("tabchain.miner.wish({{ id: {id}, wish: 'exclude' }})");
    let _: Value = busy.browser.call(&busy.tab, &wish).await;
    busy.keeps_focus(top).await;
    let left = busy.status("mempool").await;
    assert!((1..=PAYMENTS).contains(&left), "{left} wait still");
    busy.browser.shows(&busy.tab, "waiting-count", &format!("{left} transactions")).await;
    // A card of an older page, on which nothing is new.
    busy.visit("/explorer", "&from=100").await;
    busy.keeps_focus("li:nth-child(5) [data-testid=block-card]").await;
    busy.browser.close().await;
}
