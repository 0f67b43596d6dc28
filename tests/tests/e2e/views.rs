//! Each view by itself: its address, its title, and what can be done in it.

use crate::harness::{BLOCKS, Browser, SOON, Tab, Tracker, room};
use serde_json::{Value, json};

/// Every view: its path, its heading and the start of its title.
pub(crate) const VIEWS: [(&str, &str, &str); 9] = [
    ("/", "This tab is a node", "Overview"),
    ("/wallet", "Wallet", "Wallet"),
    ("/explorer", "Explorer", "Explorer"),
    ("/mempool", "Mempool", "Mempool"),
    ("/mining", "Mining", "Mining"),
    ("/network", "Network", "Network"),
    ("/lab", "Lab", "Lab"),
    ("/learn", "Learn", "Learn"),
    ("/settings", "Settings", "Settings"),
];

/// Two tabs of one room that see each other.
pub(crate) struct Pair {
    pub(crate) tracker: Tracker,
    pub(crate) browser: Browser,
    pub(crate) query: String,
    pub(crate) tabs: [Tab; 2],
}

impl Pair {
    pub(crate) async fn new() -> Self {
        let (tracker, browser) = (Tracker::start(), Browser::start().await);
        let query = format!("network=dev&room={}", room());
        let tabs = [browser.open(&tracker.page("/", &query)).await, browser.open(&tracker.page("/", &query)).await];
        let pair = Self { tracker, browser, query, tabs };
        let linked = async || pair.status(0).await["peers"] == 1 && pair.status(1).await["peers"] == 1;
        pair.browser.until(SOON, "the tabs are linked", linked).await;
        pair
    }

    pub(crate) async fn status(&self, tab: usize) -> Value {
        self.browser.call(&self.tabs[tab], "tabchain.status()").await
    }

    /// Mines in the first tab until its wallet can pay something, then stops.
    pub(crate) async fn earn(&self) {
        let _: Value = self.browser.call(&self.tabs[0], "tabchain.miner.start({ threads: 1 })").await;
        let rich = async || {
            let balance: Value = self.browser.call(&self.tabs[0], "tabchain.wallet.balance()").await;
            balance["spendable"] != "0"
        };
        self.browser.until(BLOCKS, "the miner has coins to spend", rich).await;
        let _: Value = self.browser.call(&self.tabs[0], "tabchain.miner.stop()").await;
        let one_tip = async || self.status(0).await["tip"] == self.status(1).await["tip"];
        self.browser.until(SOON, "the tabs have one tip", one_tip).await;
    }

    /// Sends a coin from the first tab to the second; gives the transaction's id.
    pub(crate) async fn pay(&self, memo: &str) -> String {
        let to: String = self.browser.call(&self.tabs[1], "tabchain.wallet.address()").await;
        let form = json!({ "to": to, "amount": "1", "memo": memo });
        let id: String = self.browser.call(&self.tabs[0], &format!("tabchain.wallet.send({form})")).await;
        let waits = async || self.status(1).await["mempool"].as_u64() >= Some(1);
        self.browser.until(SOON, "the transaction waits in the other tab", waits).await;
        id
    }
}

#[tokio::test]
async fn every_view_has_an_address_that_survives_a_reload_and_keeps_the_room() {
    let (tracker, browser) = (Tracker::start(), Browser::start().await);
    let room = room();
    let query = format!("network=dev&room={room}");
    let tab = browser.open(&tracker.page("/", &query)).await;
    let looks = |heading: &'static str, title: &'static str| {
        let (browser, tab, room) = (&browser, &tab, &room);
        async move || {
            let script = "return [document.querySelector('h1')?.textContent, document.title, location.search, \
                 document.querySelectorAll('nav [aria-current=page]').length]";
            let seen = browser.script(tab, script).await;
            seen[0] == heading
                && seen[1].as_str().is_some_and(|seen| seen.starts_with(title))
                && seen[2].as_str().is_some_and(|search| search.contains(room.as_str()))
                && seen[3] == 1
        }
    };
    for (path, heading, title) in VIEWS {
        browser.follow(&tab, path).await;
        browser.until(SOON, &format!("the link leads to {path}"), looks(heading, title)).await;
    }
    for (path, heading, title) in VIEWS {
        browser.go(&tab, &tracker.page(path, &query)).await;
        browser.until(SOON, &format!("{path} is there after a reload"), looks(heading, title)).await;
        browser.shows(&tab, "room", &room).await;
    }
    browser.close().await;
}

#[tokio::test]
async fn a_miner_sees_what_waits_and_leaves_it_out() {
    let pair = Pair::new().await;
    let (browser, tab) = (&pair.browser, &pair.tabs[0]);
    browser.follow(tab, "/mempool").await;
    browser.shows(tab, "waiting-count", "0 transactions").await;
    pair.earn().await;
    let id = pair.pay("<img src=x onerror=alert(1)>").await;
    browser.shows(tab, "waiting-count", "1 transaction").await;
    browser.shows(tab, "next-count", "1").await;
    browser.shows(tab, "waiting-row", &id[..6]).await;
    browser.shows(tab, "waiting-row", "in it").await;

    browser.click(tab, "wish-exclude").await;
    browser.shows(tab, "next-count", "0").await;
    browser.shows(tab, "waiting-row", "later").await;
    let mined: Value = browser.call(tab, "tabchain.miner.mine()").await;
    assert_eq!(mined["transactions"], 1, "the block has its reward alone");
    browser.click(tab, "wish-exclude").await;
    browser.shows(tab, "waiting-row", "in it").await;
    browser.click(tab, "wish-pin").await;
    browser.shows(tab, "wish-pin", "pinned").await;
    let mined: Value = browser.call(tab, "tabchain.miner.mine()").await;
    assert_eq!(mined["transactionList"][1]["id"], id);
    browser.shows(tab, "waiting-count", "0 transactions").await;
    pair.browser.close().await;
}

#[tokio::test]
async fn mining_shows_its_rate_and_what_it_found() {
    let pair = Pair::new().await;
    let (browser, tab) = (&pair.browser, &pair.tabs[0]);
    browser.follow(tab, "/mining").await;
    browser.shows(tab, "own-share", "not mining").await;
    browser.click(tab, "mine-start").await;
    let found = async || pair.status(0).await["blocksFound"].as_u64() >= Some(2);
    browser.until(BLOCKS, "the tab finds blocks", found).await;
    browser.shows(tab, "found-row", "Block ").await;
    browser.shows(tab, "own-share", "%").await;
    let drawn = async || {
        let line = "return document.querySelector('.rate-own').getAttribute('d').split('L').length > 1";
        browser.script(tab, line).await == json!(true)
    };
    browser.until(SOON, "the chart has a line", drawn).await;
    browser.click(tab, "mine-stop").await;
    browser.shows(tab, "own-share", "not mining").await;
    pair.browser.close().await;
}

#[tokio::test]
async fn the_network_shows_peers_parts_from_one_and_connects_again() {
    let pair = Pair::new().await;
    let (browser, tab) = (&pair.browser, &pair.tabs[0]);
    let other = pair.status(1).await["peerId"].as_str().expect("an id").to_owned();
    browser.follow(tab, "/network").await;
    browser.shows(tab, "network-peer", &other[..6]).await;
    browser.shows(tab, "network-peer", "same computer or network").await;
    browser.shows(tab, "diagnosis", "part of the mesh").await;
    browser.shows(tab, "tracker-state", "in the room").await;
    browser.fill(tab, "connect-peer", "nobody").await;
    browser.click(tab, "connect-submit").await;
    browser.shows(tab, "connect-peer-error", "40 digits").await;

    let gone = "(() => { window.gone = 0; tabchain.on('peer', (peer) => { if (!peer.state) window.gone += 1; }); })()";
    let _: Value = browser.call(tab, gone).await;
    browser.click(tab, "disconnect").await;
    let parted = async || browser.script(tab, "return window.gone > 0").await == json!(true);
    browser.until(SOON, "the link is closed", parted).await;
    browser.fill(tab, "connect-peer", &other).await;
    browser.click(tab, "connect-submit").await;
    browser.shows(tab, "network-peer", &other[..6]).await;
    pair.browser.close().await;
}

#[tokio::test]
async fn a_peer_in_the_graph_tells_its_details_to_pointer_and_keyboard() {
    let pair = Pair::new().await;
    let (browser, tab) = (&pair.browser, &pair.tabs[0]);
    let other = pair.status(1).await["peerId"].as_str().expect("an id").to_owned();
    let label = async || {
        let label = "return document.querySelector('[data-testid=mesh-peer] a')?.getAttribute('aria-label') ?? ''";
        let label = browser.script(tab, label).await;
        label.as_str().is_some_and(|label| label.contains(&other) && label.contains("full node"))
    };
    browser.until(SOON, "the peer has a label", label).await;
    assert_eq!(browser.text(tab, "mesh-detail").await, "");
    // A browser without a screen gives its pages the focus without telling them.
    let tell = |event: &str| {
        format!("document.querySelector('[data-testid=mesh-peer] a').dispatchEvent(new FocusEvent('{event}'))")
    };
    browser.script(tab, &tell("focus")).await;
    browser.shows(tab, "mesh-detail", &other).await;
    browser.script(tab, &tell("blur")).await;
    let hidden = async || browser.text(tab, "mesh-detail").await.is_empty();
    browser.until(SOON, "the details are gone", hidden).await;
    // It leads to the network's view, on the same node.
    browser.script(tab, "window.sameLife = true").await;
    browser.click(tab, "mesh-peer").await;
    browser.shows(tab, "network-peers", &other[..6]).await;
    assert_eq!(browser.script(tab, "return [location.pathname, window.sameLife]").await, json!(["/network", true]));
    pair.browser.close().await;
}

#[tokio::test]
async fn who_skips_to_the_content_has_the_focus_there() {
    let (tracker, browser) = (Tracker::start(), Browser::start().await);
    let tab = browser.open(&tracker.page("/wallet", &format!("network=dev&room={}", room()))).await;
    browser.script(&tab, "document.querySelector('a.skip').focus()").await;
    browser.press(&tab, "\u{e007}").await;
    let focused = async || browser.script(&tab, "return document.activeElement.id").await == json!("content");
    browser.until(SOON, "the content has the focus", focused).await;
    browser.press(&tab, "\u{e004}").await;
    let inside = "return document.activeElement.id !== 'content' && document.querySelector('main').contains(document.activeElement)";
    browser.until(SOON, "the next stop is inside", async || browser.script(&tab, inside).await == true).await;
    browser.close().await;
}

#[tokio::test]
async fn settings_check_a_room_as_it_is_typed_and_go_there() {
    let (tracker, browser) = (Tracker::start(), Browser::start().await);
    let tab = browser.open(&tracker.page("/settings", &format!("network=dev&room={}", room()))).await;
    browser.fill(&tab, "settings-room", "Not A Room").await;
    let explained = async || !browser.text(&tab, "settings-room-error").await.is_empty();
    browser.until(SOON, "the name is refused with a reason", explained).await;
    let disabled = "return document.querySelector('[data-testid=room-go]').disabled";
    assert_eq!(browser.script(&tab, disabled).await, json!(true));
    let other = room();
    browser.fill(&tab, "settings-room", &other).await;
    // Typing ends with a space that the harness deletes again: the button follows a moment later.
    let enabled = async || browser.script(&tab, disabled).await == json!(false);
    browser.until(SOON, "a good name can be gone to", enabled).await;
    browser.click(&tab, "room-go").await;
    browser.shows(&tab, "room", &other).await;
    browser.close().await;
}

#[tokio::test]
async fn settings_change_the_role_and_keep_it_over_a_reload() {
    let (tracker, browser) = (Tracker::start(), Browser::start().await);
    let tab = browser.open(&tracker.page("/settings", &format!("network=dev&room={}", room()))).await;
    let role = async |wanted: &'static str| {
        let is = async || browser.call::<Value>(&tab, "tabchain.status()").await["role"] == wanted;
        browser.until(SOON, &format!("the role is {wanted}"), is).await;
    };
    role("full").await;
    browser.click(&tab, "role-light").await;
    role("light").await;
    let address = async || browser.script(&tab, "return location.search").await.to_string().contains("role=light");
    browser.until(SOON, "the address has the role", address).await;
    browser.reload(&tab).await;
    role("light").await;
    browser.click(&tab, "role-miner").await;
    role("miner").await;
    browser.close().await;
}

#[tokio::test]
async fn profiles_are_named_made_and_erased_in_the_settings() {
    let (tracker, browser) = (Tracker::start(), Browser::start().await);
    let tab = browser.open(&tracker.page("/settings", &format!("network=dev&room={}", room()))).await;
    let address: String = browser.call(&tab, "tabchain.wallet.address()").await;
    browser.shows(&tab, "storage-state", "kept in this browser").await;
    browser.click(&tab, "profile-rename").await;
    browser.fill(&tab, "profile-name", "Alice").await;
    browser.click(&tab, "profile-name-save").await;
    browser.shows(&tab, "profile-row", "Alice").await;

    let reads = async |profile: &'static str| {
        let status = async || browser.call::<Value>(&tab, "tabchain.status()").await["profile"] == profile;
        browser.until(SOON, &format!("the tab has profile {profile}"), status).await;
    };
    browser.leave_by(&tab, "profile-new").await;
    reads("2").await;
    let other: String = browser.call(&tab, "tabchain.wallet.address()").await;
    assert_ne!(address, other, "another profile has another wallet");

    // The own one stands first, and is erased only when it is asked for twice.
    browser.shows(&tab, "profile-row", "this tab").await;
    browser.click(&tab, "profile-erase").await;
    browser.leave_by(&tab, "profile-erase-confirm").await;
    reads("2").await;
    let new: String = browser.call(&tab, "tabchain.wallet.address()").await;
    assert_ne!(other, new, "the wallet was erased");
    browser.leave_by(&tab, "profile-switch").await;
    reads("1").await;
    assert_eq!(browser.call::<String>(&tab, "tabchain.wallet.address()").await, address);
    browser.close().await;
}
