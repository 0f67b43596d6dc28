//! What leaves a tab by hand: texts on the clipboard, and the invitation as link and as QR code.

use crate::harness::{Browser, SOON, Tab, Tracker, room};
use crate::views::Pair;
use rqrr::PreparedImage;
use serde_json::{Value, json};

/// Pixels of a module when a code is read: fewer are hard to read, more tell nothing new.
const MODULE_PIXELS: usize = 5;

/// Which modules of the first QR code with this label are dark, row by row with the margin, as the browser fills them.
fn modules(label: &str) -> String {
    format!(
        "(() => {{
            const code = document.querySelector('svg[aria-label=\"{label}\"]');
            const size = code.viewBox.baseVal.width;
            const dark = code.querySelector('path');
            const seen = code.getBoundingClientRect().width >= 3 * size && getComputedStyle(dark).fill === 'rgb(0, 0, 0)';
            const row = (y) => Array.from({{ length: size }}, (_, x) => seen && dark.isPointInFill(new DOMPoint(x + 0.5, y + 0.5)));
            return Array.from({{ length: size }}, (_, y) => row(y));
        }})()"
    )
}

/// What a camera reads of a QR code of the page.
async fn read(browser: &Browser, tab: &Tab, label: &str) -> String {
    let modules: Vec<Vec<bool>> = browser.call(tab, &modules(label)).await;
    let side = modules.len() * MODULE_PIXELS;
    let shade = |x: usize, y: usize| if modules[y / MODULE_PIXELS][x / MODULE_PIXELS] { 0 } else { 255 };
    let mut picture = PreparedImage::prepare_from_greyscale(side, side, shade);
    let codes = picture.detect_grids();
    assert_eq!(codes.len(), 1, "{label} is one code: {modules:?}");
    codes[0].decode().expect("it can be read").1
}

/// Presses a button that copies; the page says so, and the clipboard has the whole text.
async fn copies(browser: &Browser, tab: &Tab, selector: &str, said: &str, text: &str) {
    browser.click_at(tab, selector).await;
    says(browser, tab, said).await;
    assert_eq!(browser.clipboard(tab).await, text, "{selector}");
}

async fn says(browser: &Browser, tab: &Tab, text: &str) {
    let said = async || browser.said(tab).await.iter().any(|one| one == text);
    browser.until(SOON, &format!("the page says {text:?}"), said).await;
}

#[tokio::test]
async fn whatever_is_copied_is_whole_and_the_page_says_so() {
    let pair = Pair::new().await;
    let (browser, tab) = (&pair.browser, &pair.tabs[1]);
    let mined: Value = browser.call(tab, "tabchain.miner.mine()").await;
    let hash = mined["hash"].as_str().expect("a hash");
    let address: String = browser.call(tab, "tabchain.wallet.address()").await;

    browser.hear(tab).await;
    browser.follow(tab, "/wallet").await;
    copies(browser, tab, "[aria-label='Copy address']", "Address copied", &address).await;
    browser.fill(tab, "receive-amount", "1.5").await;
    let link = format!("tabchain:{address}?amount=1.5");
    browser.shows(tab, "payment-link", &link).await;
    copies(browser, tab, "[aria-label='Copy payment link']", "Payment link copied", &link).await;
    assert_eq!(read(browser, tab, "QR code of the payment link").await, link);

    // Where the text is shortened, and in a dialog.
    let other = pair.status(0).await["peerId"].as_str().expect("an id").to_owned();
    browser.follow(tab, "/network").await;
    copies(browser, tab, "[data-testid=network-peer] [aria-label='Copy peer id']", "Peer id copied", &other).await;
    browser.visit(tab, &format!("/explorer/block/{hash}?{}", pair.query)).await;
    browser.shows(tab, "block-hash", hash).await;
    copies(browser, tab, "[data-testid=block-hash] [aria-label='Copy block hash']", "Block hash copied", hash).await;

    // A browser that refuses both ways of copying: the page says what to do.
    let refuse =
        "navigator.clipboard.writeText = () => Promise.reject(new Error()); document.execCommand = () => false";
    browser.script(tab, refuse).await;
    browser.click_at(tab, "[data-testid=block-hash] [aria-label='Copy block hash']").await;
    says(browser, tab, "The browser refused to copy: please select the text and copy it by hand").await;
    pair.browser.close().await;
}

#[tokio::test]
async fn an_invitation_leads_into_the_same_room_as_link_as_button_and_as_qr_code() {
    let (tracker, browser) = (Tracker::start(), Browser::start().await);
    let (room, socket) = (room(), tracker.socket());
    // What concerns this tab alone is not handed on.
    let query = format!("network=dev&room={room}&tracker={socket}&profile=host&role=light");
    let host = browser.open(&tracker.page("/", &query)).await;
    browser.hear(&host).await;
    let link = browser.text(&host, "invite-link").await;
    copies(&browser, &host, ".invite [aria-label='Copy link']", "Link copied", &link).await;
    assert_eq!(read(&browser, &host, "QR code of the invitation link").await, link);
    assert!(browser.text(&host, "invite-room").await.contains(&room));

    let scanned = browser.open(&link).await;
    let clicked = browser.open_by(&host, ".invite a[target=_blank]").await;
    for (guest, profile) in [(&scanned, "1"), (&clicked, "2")] {
        let status: Value = browser.call(guest, "tabchain.status()").await;
        let seen = ["network", "room", "role", "profile"].map(|name| status[name].clone());
        assert_eq!(seen, [json!("dev"), json!(room), json!("full"), json!(profile)]);
    }
    for tab in [&host, &scanned, &clicked] {
        let meshed = async || browser.call::<Value>(tab, "tabchain.status()").await["peers"] == 2;
        browser.until(SOON, "all three are linked", meshed).await;
    }
    browser.close().await;
}
