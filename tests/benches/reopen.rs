//! How long a tab takes from the start of loading to showing the tip, with many blocks in its store.
//!
//! A real node mines a chain at the least difficulty, in virtual time, on a store in memory. The
//! store is put into Chromium's database as it is, and the real page opens on it.

#[path = "../tests/e2e/webdriver.rs"]
mod webdriver;

use fantoccini::Client;
use node_core::contract::{Input, JobId, Output};
use node_core::mining;
use node_core::node::{Config, Node};
use node_core::params::ChainParams;
use node_core::request::{Request, RequestId};
use node_core::store::memory::MemoryStore;
use node_core::store::{Query, Record, SCHEMA_VERSION, Table};
use node_core::units::Timestamp;
use node_core::view::Role;
use serde_json::{Value, json};
use std::future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tracker_server::Config as TrackerConfig;
use webdriver::{Session, setting};

/// Blocks in the store.
const CHAINS: [u32; 2] = [10_000, 100_000];
/// Loads that the median is taken of.
const LOADS: usize = 5;
/// Nonces to try for a block; the first ones take a million each.
const ATTEMPTS: u32 = 200_000_000;
/// Bytes of records that are handed to the browser at a time.
const CHUNK_BYTES: usize = 1024 * 1024;

/// Makes the database and its tables.
const OPEN: &str = "
    const [name, version, tables] = arguments;
    const done = arguments[arguments.length - 1];
    const request = indexedDB.open(name, version);
    request.onupgradeneeded = () => tables.forEach((table) => request.result.createObjectStore(table));
    request.onsuccess = () => { window.database = request.result; done(true); };
    request.onerror = () => done(String(request.error));
";
/// Puts records into a table.
const PUT: &str = "
    const [table, records] = arguments;
    const done = arguments[arguments.length - 1];
    const bytes = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (byte) => parseInt(byte, 16));
    const transaction = window.database.transaction(table, 'readwrite');
    const store = transaction.objectStore(table);
    records.forEach(([key, value]) => store.put(bytes(value), bytes(key)));
    transaction.oncomplete = () => done(true);
    transaction.onabort = () => done(String(transaction.error));
";
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

/// A chain of so many blocks, as a node has stored it. Its last block is older than the real clock.
fn chain(blocks: u32) -> MemoryStore {
    let params = ChainParams::named("dev", &room(blocks)).expect("good names");
    let genesis = mined_from(&params);
    let real = Timestamp::from_millis(
        u64::try_from(std::time::SystemTime::UNIX_EPOCH.elapsed().expect("after 1970").as_millis()).expect("a time"),
    );
    // As late as counts for the difficulty, if there is so much time since the first block.
    let step = (real.since(genesis) / (blocks + 100)).min(params.max_lateness + params.spacing);
    let mut store = MemoryStore::new();
    let mut now = genesis.after(step);
    let mut node = Node::open(Config::new(params, Role::Miner), &store.stored(), [1; 32], now);
    let mut work: Option<(JobId, node_core::block::BlockHeader)> = None;
    let mut inputs = vec![Input::Request { id: RequestId(1), request: Request::MinerStart { threads: None } }];
    while node.chain().height().0 < blocks {
        let input = inputs.pop().unwrap_or_else(|| match work.take() {
            Some((job, header)) => {
                now = now.after(step);
                Input::Mined { job, header: mining::search(header, ATTEMPTS).expect("an easy block") }
            }
            None => Input::Tick,
        });
        node.handle(now, input);
        while let Some(output) = node.poll_output() {
            match output {
                Output::Mine { job, header, .. } => work = Some((job, header)),
                Output::Persist(batch) => {
                    store.apply(&batch).expect("there is no limit");
                    inputs.push(Input::Persisted { batch: batch.number });
                }
                Output::Load { job, queries } => {
                    inputs.push(Input::Loaded { job, answers: Ok(store.read(&queries)) });
                }
                _ => {}
            }
        }
    }
    store
}

fn mined_from(params: &ChainParams) -> Timestamp {
    node_core::chain::tree::Chain::new(params.clone()).tip_header().time
}

fn room(blocks: u32) -> String {
    format!("reopen-{blocks}")
}

/// Puts a store into the browser's database of the first profile.
async fn fill(client: &Client, store: &MemoryStore, blocks: u32) {
    let tables: Vec<&str> = Table::ALL.iter().map(|table| table.name()).collect();
    let name = format!("tabchain/dev/{}/1", room(blocks));
    let opened = client.execute_async(OPEN, vec![json!(name), json!(SCHEMA_VERSION), json!(tables)]).await;
    assert_eq!(opened.expect("the script runs"), json!(true));
    for table in Table::ALL {
        let records = store.read(&[Query::Range { table, from: Vec::new(), to: None }]).remove(0);
        let mut chunk: Vec<[String; 2]> = Vec::new();
        let mut bytes = 0;
        for (key, value) in &records {
            bytes += key.len() + value.len();
            chunk.push([hex(key), hex(value)]);
            if bytes >= CHUNK_BYTES {
                put(client, table, &mut chunk).await;
                bytes = 0;
            }
        }
        put(client, table, &mut chunk).await;
        println!("{blocks} blocks: {:>8} records of {}", records.len(), total(&records, table));
    }
}

async fn put(client: &Client, table: Table, chunk: &mut Vec<[String; 2]>) {
    let done = client.execute_async(PUT, vec![json!(table.name()), json!(std::mem::take(chunk))]).await;
    assert_eq!(done.expect("the script runs"), json!(true));
}

fn total(records: &[Record], table: Table) -> String {
    let bytes: usize = records.iter().map(|(key, value)| key.len() + value.len()).sum();
    format!("{}, {} kB", table.name(), bytes / 1000)
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a text does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

async fn load(client: &Client, address: SocketAddr, blocks: u32) -> Duration {
    let page = format!("http://{address}/?network=dev&room={}&profile=1", room(blocks));
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
    for blocks in CHAINS {
        let start = Instant::now();
        let store = chain(blocks);
        println!("{blocks} blocks mined in {:.0?}", start.elapsed());
        chromium.client.goto(&format!("http://{address}/healthz")).await.expect("the tracker answers");
        fill(&chromium.client, &store, blocks).await;
        // Nothing is in the browser's memory any more, and the page is not compiled.
        chromium = chromium.kill_and_restart().await;
        let first = load(&chromium.client, address, blocks).await;
        let mut loads = Vec::new();
        for _ in 0..LOADS {
            loads.push(load(&chromium.client, address, blocks).await);
        }
        loads.sort();
        println!(
            "{blocks} blocks: tip shown {first:.0?} after a fresh browser begins to load the page, {:.0?} (median of {LOADS}) after a reload",
            loads[LOADS / 2]
        );
    }
    chromium.client.clone().close().await.expect("the browser closes");
}
