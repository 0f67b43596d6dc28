//! How long a tab takes from the start of loading to showing the tip, with many blocks in its store.
//!
//! A real node mines a chain at the least difficulty, in virtual time, on a store in memory. The
//! store is put into Chromium's database as it is, and the real page opens on it.

#[path = "../tests/e2e/webdriver.rs"]
#[allow(dead_code, reason = "the end-to-end tests need more of it")]
mod webdriver;

mod common;

use common::chain::{Wallet, chain};
use common::database::fill;
use fantoccini::Client;
use node_core::params::ChainParams;
use serde_json::{Value, json};
use std::future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tracker_server::Config as TrackerConfig;
use webdriver::{Session, setting};

/// Blocks in the store, and whose they are. To whom they all belong has the longest history there is.
const CHAINS: [(u32, Wallet); 4] =
    [(10_000, Wallet::New), (10_000, Wallet::Miner), (100_000, Wallet::New), (100_000, Wallet::Miner)];
/// Loads that the median is taken of.
const LOADS: usize = 5;

/// Waits for the page to show the tip; gives the milliseconds since the load began.
const SHOWN: &str = "
    const [height] = arguments;
    const done = arguments[arguments.length - 1];
    const look = async () => {
        const shown = document.querySelector(\"[data-testid='tip-height']\")?.textContent ?? '';
        if (shown.replace(/[^0-9]/g, '') === height) {
            done(performance.now());
        } else {
            setTimeout(look, 2);
        }
    };
    look();
";

async fn load(client: &Client, address: SocketAddr, room: &str, blocks: u32) -> Duration {
    let page = format!("http://{address}/?network=dev&room={room}&profile=1");
    client.goto(&page).await.expect("the page loads");
    let shown = client.execute_async(SHOWN, vec![json!(blocks.to_string())]).await.expect("the tip is shown");
    let millis = shown.as_f64().expect("a time");
    let status = "const done = arguments[0]; tabchain.status().then(done);";
    let status: Value = client.execute_async(status, Vec::new()).await.expect("a status");
    assert_eq!((&status["height"], &status["storage"]["state"]), (&json!(blocks), &json!("stored")));
    Duration::from_secs_f64(millis / 1000.0)
}

#[tokio::main]
async fn main() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let config = TrackerConfig { page: Some(PathBuf::from(setting("TABCHAIN_PAGE"))), ..TrackerConfig::default() };
    tokio::spawn(tracker_server::run(listener, config, future::pending()));
    let mut chromium = Session::chromium().await;
    let mut rows = Vec::new();
    for (number, (blocks, wallet)) in CHAINS.into_iter().enumerate() {
        let start = Instant::now();
        let room = format!("reopen-{number}");
        let params = ChainParams::named("dev", &room).expect("good names");
        let store = chain(params, blocks, 0, wallet);
        println!("{blocks} blocks mined in {:.0?}", start.elapsed());
        chromium.client.goto(&format!("http://{address}/healthz")).await.expect("the tracker answers");
        for (table, records, bytes) in fill(&chromium.client, &store, &room).await {
            println!("{records:>8} records of {table}, {} kB", bytes / 1000);
        }
        // Nothing is in the browser's memory any more, and the page is not compiled.
        chromium = chromium.kill_and_restart().await;
        let first = load(&chromium.client, address, &room, blocks).await;
        let mut loads = Vec::new();
        for _ in 0..LOADS {
            loads.push(load(&chromium.client, address, &room, blocks).await);
        }
        loads.sort();
        let whose = match wallet {
            Wallet::New => "a new one",
            Wallet::Miner => "mined them all",
        };
        rows.push(format!(
            "| {blocks} | {whose} | {} | {} ({} to {}) |",
            first.as_millis(),
            loads[LOADS / 2].as_millis(),
            loads[0].as_millis(),
            loads[LOADS - 1].as_millis()
        ));
    }
    println!(
        "\nMilliseconds from the start of loading to the tip; median of {LOADS} reloads, least and most behind it.\n"
    );
    println!("| blocks | wallet | browser just started, ms | reloaded, ms |\n|---:|---|---:|---:|");
    for row in rows {
        println!("{row}");
    }
    chromium.client.clone().close().await.expect("the browser closes");
}
