//! The graph in a crowded room, of which a tracker tells that exists for this alone.

use crate::harness::{Browser, SOON, Tracker, room};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::net::{Ipv4Addr, SocketAddr};
use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite::Message;
use tracker_protocol::{MAX_SAMPLE, PeerId, ServerMessage};

/// Tabs that the tracker tells of: as many as a node remembers of one.
const CROWD: u8 = 160;

/// Tells whoever joins of a crowd that answers nobody. Gives its address.
async fn crowded_tracker() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut socket = tokio_tungstenite::accept_async(stream).await.expect("a WebSocket");
                let mut say = async |message: &ServerMessage| {
                    let text = serde_json::to_string(message).expect("plain data");
                    socket.send(Message::text(text)).await
                };
                let challenge = ServerMessage::Challenge { challenge: "00".repeat(32) };
                say(&challenge).await.expect("the tab listens");
                let ids: Vec<PeerId> = (1..=CROWD).map(|number| PeerId::from_bytes([number; PeerId::LENGTH])).collect();
                let room_size = u32::from(CROWD) + 1;
                let mut samples = ids.chunks(MAX_SAMPLE);
                let peers = samples.next().expect("a crowd").to_vec();
                let welcome = ServerMessage::Welcome { peer: ids[0], peers, room_size };
                say(&welcome).await.expect("the tab listens");
                for sample in samples {
                    let peers = ServerMessage::Peers { peers: sample.to_vec(), room_size };
                    say(&peers).await.expect("the tab listens");
                }
                // What the tab says is heard, and nobody answers.
                while let Some(Ok(_)) = socket.next().await {}
            });
        }
    });
    address
}

#[tokio::test]
async fn a_crowded_room_is_drawn_without_overlap_and_listed() {
    let (page, browser) = (Tracker::start(), Browser::start().await);
    let address = crowded_tracker().await;
    let query = format!("network=dev&room={}&tracker=ws://{address}/ws", room());
    let tab = browser.open(&page.page("/", &query)).await;
    let drawn = "return document.querySelectorAll('.outer-dot').length + document.querySelectorAll('[data-testid=mesh-peer]').length";
    let all = async || browser.script(&tab, drawn).await == json!(CROWD);
    browser.until(SOON, "everybody is drawn", all).await;
    // By keyboard the many are one stop, and a screen reader hears how many they are.
    let told = "return [document.querySelector('[data-testid=mesh-outer]').getAttribute('aria-label'), \
         document.querySelectorAll('.outer-dot').length]";
    let told: Value = browser.script(&tab, told).await;
    let (label, dots) = (told[0].as_str().unwrap_or_default(), &told[1]);
    assert!(label.starts_with(&format!("{dots} further tabs of the room")), "{told}");
    // Arrow keys tell of each of them.
    browser.script(&tab, "document.querySelector('[data-testid=mesh-outer]').focus()").await;
    browser.press(&tab, "\u{e014}").await;
    browser.until(SOON, "one of them is told of", async || !browser.text(&tab, "mesh-detail").await.is_empty()).await;
    let first = browser.text(&tab, "mesh-detail").await;
    browser.press(&tab, "\u{e014}").await;
    let other = async || !["", first.as_str()].contains(&browser.text(&tab, "mesh-detail").await.as_str());
    browser.until(SOON, "and then another", other).await;
    let said =
        "return document.querySelector('[data-testid=mesh-edge]').textContent.includes(', named by the tracker')";
    let heard = async || {
        // This one may just have been dialed, and stand elsewhere.
        browser.press(&tab, "\u{e014}").await;
        browser.script(&tab, said).await == true
    };
    browser.until(SOON, "a screen reader hears of them", heard).await;
    // Nobody covers anybody, and nobody is cut off.
    let apart = "const circles = [...document.querySelectorAll('.outer-dot, [data-testid=mesh-peer] .disc, .own .disc')];
        const boxes = circles.map((circle) => circle.getBoundingClientRect());
        const middle = (box) => [box.x + box.width / 2, box.y + box.height / 2, box.width / 2];
        const places = boxes.map(middle);
        let worst = Infinity;
        for (const [index, [x, y, radius]] of places.entries()) {
            for (const [otherX, otherY, other] of places.slice(index + 1)) {
                worst = Math.min(worst, Math.hypot(x - otherX, y - otherY) - radius - other);
            }
        }
        const frame = document.querySelector('.mesh-frame').getBoundingClientRect();
        const inside = boxes.every((box) => box.left >= frame.left && box.right <= frame.right && box.top >= frame.top && box.bottom <= frame.bottom);
        return [worst, inside]";
    let is_clear = async || {
        let seen = browser.script(&tab, apart).await;
        seen[0].as_f64().is_some_and(|worst| worst > 0.0) && seen[1] == json!(true)
    };
    browser.until(SOON, "everybody has a place", is_clear).await;
    browser.follow(&tab, "/network").await;
    browser.shows(&tab, "known-count", "1").await;
    browser.close().await;
}
