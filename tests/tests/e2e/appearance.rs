//! How the page looks: colours that are chosen and remembered, and less motion for those who ask for it.

use crate::harness::{BLOCKS, Browser, SOON, Tab, Tracker, room};
use crate::webdriver::Session;
use serde::Deserialize;
use serde_json::{Value, json};

/// The page's paper, as the browser names colours.
const LIGHT: &str = "rgb(246, 244, 238)";
const DARK: &str = "rgb(19, 22, 26)";

/// The colour of the page and what is chosen in the header and, where they are seen, in the settings.
const LOOKS: &str = "[getComputedStyle(document.body).backgroundColor,
    ...['theme', 'theme-in-words'].map((name) => document.querySelector(`input[name=${name}]:checked`)?.value ?? '')]";

async fn looks(browser: &Browser, tab: &Tab, paper: &str, chosen: &str) {
    let is_so = async || browser.call::<Value>(tab, LOOKS).await == json!([paper, chosen, chosen]);
    browser.until(SOON, &format!("the page is {paper} and {chosen} is chosen"), is_so).await;
}

#[tokio::test]
async fn a_chosen_theme_outlives_a_reload_and_the_system_decides_where_none_is() {
    let (tracker, browser) = (Tracker::start(), Browser::start().await);
    let address = tracker.page("/settings", &format!("network=dev&room={}", room()));
    let tab = browser.open(&address).await;
    for (system, paper) in [("dark", DARK), ("light", LIGHT)] {
        browser.emulate(&tab, &[("prefers-color-scheme", system)]).await;
        looks(&browser, &tab, paper, "system").await;
    }
    browser.click_at(&tab, ".theme-choice[title=Dark]").await;
    looks(&browser, &tab, DARK, "dark").await;
    browser.reload(&tab).await;
    looks(&browser, &tab, DARK, "dark").await;
    // It is the browser's choice, not the tab's.
    let other = browser.open(&address).await;
    browser.emulate(&other, &[("prefers-color-scheme", "light")]).await;
    looks(&browser, &other, DARK, "dark").await;

    browser.emulate(&tab, &[("prefers-color-scheme", "dark")]).await;
    browser.click_at(&tab, "input[name=theme-in-words][value=light]").await;
    looks(&browser, &tab, LIGHT, "light").await;
    browser.click_at(&tab, "input[name=theme-in-words][value=system]").await;
    looks(&browser, &tab, DARK, "system").await;
    browser.reload(&tab).await;
    looks(&browser, &tab, DARK, "system").await;
    browser.close().await;
}

/// Notes where the middle of each pulse is at some moments of its way, with the middles that its link leads between.
const WATCH: &str = "(() => {
    window.pulses = [];
    const seen = new WeakSet();
    const middle = (element) => {
        const box = element.getBoundingClientRect();
        return [box.x + box.width / 2, box.y + box.height / 2];
    };
    const look = (dot) => {
        seen.add(dot);
        const ends = ['.own .disc', '[data-testid=mesh-peer] .disc'].map((end) => middle(document.querySelector(end)));
        const moves = dot.getAnimations();
        const places = [0.1, 0.5, 0.9].map((share) => {
            for (const move of moves) move.currentTime = share * move.effect.getComputedTiming().endTime;
            return middle(dot);
        });
        pulses.push({ kind: dot.getAttribute('class'), own: ends[0], peer: ends[1], places });
    };
    new MutationObserver(() => document.querySelectorAll('.pulse').forEach((dot) => seen.has(dot) || look(dot)))
        .observe(document.body, { childList: true, subtree: true });
    return true;
})()";

type Point = (f64, f64);

/// A pulse of the graph, as it was seen.
#[derive(Debug, Deserialize)]
struct Track {
    kind: String,
    own: Point,
    peer: Point,
    places: Vec<Point>,
}

fn distance(one: Point, other: Point) -> f64 {
    (one.0 - other.0).hypot(one.1 - other.1)
}

impl Track {
    /// The farthest that it was from where it began.
    fn travelled(&self) -> f64 {
        self.places.iter().map(|place| distance(*place, self.places[0])).fold(0.0, f64::max)
    }

    /// How far it came nearer to this tab, as a share of the way from the peer.
    fn came(&self) -> f64 {
        let (first, last) = (self.places[0], self.places[self.places.len() - 1]);
        (distance(first, self.own) - distance(last, self.own)) / distance(self.peer, self.own)
    }

    /// The farthest that it was beside the line between the two tabs.
    fn strayed(&self) -> f64 {
        let beside =
            |place: &Point| distance(*place, self.own) + distance(*place, self.peer) - distance(self.own, self.peer);
        self.places.iter().map(beside).fold(0.0, f64::max)
    }
}

/// A tab that is seen, and a peer of it in another browser: of one browser only one tab is.
struct Watched {
    near: Browser,
    shown: Tab,
    far: Browser,
    peer: Tab,
}

impl Watched {
    async fn new(tracker: &Tracker) -> Self {
        let address = tracker.page("/", &format!("network=dev&room={}", room()));
        let near = Browser::start().await;
        let far = Browser::beside(Session::chromium().await);
        let watched = Self { shown: near.open(&address).await, near, peer: far.open(&address).await, far };
        let linked = "return document.querySelectorAll('.link-open').length";
        let linked = async || watched.near.script(&watched.shown, linked).await == 1;
        watched.near.until(SOON, "the link is drawn", linked).await;
        let rich = async || {
            let _: Value = watched.far.call(&watched.peer, "tabchain.miner.mine()").await;
            watched.far.call::<Value>(&watched.peer, "tabchain.wallet.balance()").await["spendable"] != "0"
        };
        watched.far.until(BLOCKS, "the peer has coins", rich).await;
        let _: bool = watched.near.call(&watched.shown, WATCH).await;
        watched
    }

    /// All pulses of a payment that comes, a block that comes and a block that goes, when they are over.
    async fn pulses(&self) -> Vec<Track> {
        let Self { near, shown, far, peer } = self;
        let _: Value = near.call(shown, "(window.pulses = [], 0)").await;
        let to: String = near.call(shown, "tabchain.wallet.address()").await;
        let _: Value = far.call(peer, &format!("tabchain.wallet.send({{ to: '{to}', amount: '1' }})")).await;
        self.over("pulse-in pulse-transaction").await;
        let _: Value = far.call(peer, "tabchain.miner.mine()").await;
        self.over("pulse-in pulse-block").await;
        let _: Value = near.call(shown, "tabchain.miner.mine()").await;
        self.over("pulse-out pulse-block").await;
        near.call(shown, "window.pulses").await
    }

    /// Waits until a pulse of this kind was seen and none is left.
    async fn over(&self, kind: &str) {
        let kinds = "(pulses.map((track) => track.kind).concat(document.querySelector('.pulse') ? ['left'] : []))";
        let over = async || {
            let kinds: Vec<String> = self.near.call(&self.shown, kinds).await;
            kinds.iter().any(|seen| seen.contains(kind)) && !kinds.contains(&"left".to_owned())
        };
        self.near.until(SOON, &format!("{kind} is seen and goes"), over).await;
    }
}

#[tokio::test]
async fn what_travels_is_seen_travelling_but_not_by_those_who_ask_for_less_motion() {
    let tracker = Tracker::start();
    let watched = Watched::new(&tracker).await;
    for track in watched.pulses().await {
        let towards = if track.kind.contains("pulse-in") { 1.0 } else { -1.0 };
        assert!(track.came() * towards > 0.3, "it travels along its link: {track:?}");
        assert!(track.strayed() < 1.0, "and not beside it: {track:?}");
    }
    watched.near.emulate(&watched.shown, &[("prefers-reduced-motion", "reduce")]).await;
    for track in watched.pulses().await {
        assert!(track.travelled() < 1.0, "it stays where it is: {track:?}");
        assert!(track.strayed() < 1.0, "and is on its link: {track:?}");
    }
    watched.far.close().await;
    watched.near.close().await;
}
