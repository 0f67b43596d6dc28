//! How soon something is seen on a cold cache, beside the same screen in React.

use crate::link::{Link, Quality};
use crate::size::kilobytes;
use crate::webdriver::Session;
use fantoccini::Client;
use std::net::SocketAddr;
use std::time::Duration;

/// A page that asks for nothing for so long has all that it wants.
const QUIET: Duration = Duration::from_secs(3);
/// The tracker's socket stays open; what it says in this time is less than any file has.
const HEARTBEAT_BYTES: u64 = 1_000;

/// The first contentful paint, and when the tip stands in the head of the page: milliseconds since
/// the load began.
const SEEN: &str = "
    const done = arguments[arguments.length - 1];
    const painted = new Promise((resolve) => {
        new PerformanceObserver((list) => {
            const [paint] = list.getEntriesByName('first-contentful-paint');
            if (paint) resolve(paint.startTime);
        }).observe({ type: 'paint', buffered: true });
    });
    const shown = new Promise((resolve) => {
        const look = () => {
            const tip = document.querySelector(\"[data-testid='tip-height']\")?.textContent ?? '';
            if (/[0-9]/.test(tip)) {
                resolve(performance.now());
            } else {
                setTimeout(look, 2);
            }
        };
        look();
    });
    Promise.all([painted, shown]).then(done);
";

/// A network by name.
const NETWORKS: [(&str, Option<Quality>); 3] = [
    ("loopback", None),
    ("fast 4G (165 ms, 8.1 Mbit/s)", Some(Quality { round_trip: Duration::from_millis(165), bandwidth: 1_012_500.0 })),
    (
        "slow 4G (563 ms, 1.4 Mbit/s)",
        Some(Quality { round_trip: Duration::from_micros(562_500), bandwidth: 180_000.0 }),
    ),
];

/// What one load took, in milliseconds.
#[derive(Debug, Clone, Copy)]
struct Seen {
    painted: f64,
    shown: f64,
}

/// Prints the tables.
pub(crate) async fn measure(ours: SocketAddr, react: SocketAddr, loads: usize) {
    let pages = [("Tabchain", ours), ("React 19 + Vite", react)];
    println!("| page | to the tip, kB | until quiet, kB |\n|---|---:|---:|");
    for (name, address) in pages {
        let (tip, quiet) = weigh(address).await;
        println!("| {name} | {} | {} |", kilobytes(tip), kilobytes(quiet));
    }
    println!("\nMedian of {loads} loads, each in a browser with a new profile; least and most behind it.\n");
    println!("| network | page | first contentful paint, ms | tip shown, ms |\n|---|---|---:|---:|");
    for (network, quality) in NETWORKS {
        let mut seen = [Vec::new(), Vec::new()];
        for _ in 0..loads {
            // By turns, so that what else the machine does meets both.
            for ((_, address), seen) in pages.iter().zip(&mut seen) {
                seen.push(load(*address, quality).await);
            }
        }
        for ((name, _), seen) in pages.iter().zip(&seen) {
            let painted = spread(seen.iter().map(|seen| seen.painted).collect());
            let shown = spread(seen.iter().map(|seen| seen.shown).collect());
            println!("| {network} | {name} | {painted} | {shown} |");
        }
    }
    println!();
}

/// Loads a page in a fresh browser.
async fn load(tracker: SocketAddr, quality: Option<Quality>) -> Seen {
    let link = Link::to(tracker, quality).await;
    let chromium = Session::chromium().await;
    let seen = open(&chromium.client, link.address).await;
    chromium.client.clone().close().await.expect("the browser closes");
    seen
}

async fn open(client: &Client, address: SocketAddr) -> Seen {
    // The browser's own start is not the page's.
    client.goto(&format!("http://{address}/healthz")).await.expect("the tracker answers");
    client.goto(&format!("http://{address}/?network=dev&room=paint")).await.expect("the page loads");
    let seen = client.execute_async(SEEN, Vec::new()).await.expect("it is seen");
    let millis = |index: usize| seen[index].as_f64().expect("a time");
    Seen { painted: millis(0), shown: millis(1) }
}

/// Bytes that came from the tracker until the tip was shown, and until nothing came any more. Their
/// heads count.
async fn weigh(tracker: SocketAddr) -> (u64, u64) {
    let link = Link::to(tracker, None).await;
    let chromium = Session::chromium().await;
    open(&chromium.client, link.address).await;
    let tip = link.bytes();
    let mut quiet = tip;
    loop {
        tokio::time::sleep(QUIET).await;
        let now = link.bytes();
        if now - quiet < HEARTBEAT_BYTES {
            break;
        }
        quiet = now;
    }
    chromium.client.clone().close().await.expect("the browser closes");
    (tip, quiet)
}

/// Median, least and most.
fn spread(mut values: Vec<f64>) -> String {
    values.sort_by(f64::total_cmp);
    let (Some(least), Some(most)) = (values.first(), values.last()) else { return "none".to_owned() };
    format!("{:.0} ({least:.0} to {most:.0})", values[values.len() / 2])
}
