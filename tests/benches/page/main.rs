//! The whole page in a headless Chromium: what it weighs, how soon something is seen, how long its
//! thread is busy at a time, and what a tab needs of memory while hours pass. Prints tables.

#![allow(clippy::cast_precision_loss, reason = "what is counted here is far below 2^52")]

#[path = "../common/mod.rs"]
mod common;
#[path = "../../tests/e2e/devtools.rs"]
#[allow(dead_code, reason = "the end-to-end tests need more of it")]
mod devtools;
#[path = "../../tests/e2e/webdriver.rs"]
#[allow(dead_code, reason = "the end-to-end tests need more of it")]
mod webdriver;

mod link;
mod memory;
mod paint;
mod process;
mod size;
mod tasks;

use clap::{Parser, ValueEnum};
use fantoccini::Client;
use serde_json::Value;
use std::future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tracker_server::Config;
use webdriver::setting;

/// How often a condition is looked at.
const POLL: Duration = Duration::from_millis(250);

/// What the tip's height is shown in.
const HEIGHT: &str = "
    const shown = document.querySelector(\"[data-testid='tip-height']\")?.textContent ?? '';
    return /[0-9]/.test(shown) ? Number(shown.replace(/[^0-9]/g, '')) : null;
";

/// Measures the page; all of it takes more than an hour.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench page --")]
struct Options {
    /// What to measure, several with commas between them; everything without it.
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Part>,
    /// Loads that each median is taken of.
    #[arg(long, default_value_t = 7)]
    loads: usize,
    /// Blocks that a tab catches up on.
    #[arg(long, default_value_t = 1_000)]
    blocks: u32,
    /// Transfers in each of them.
    #[arg(long, default_value_t = 1_000)]
    transfers: usize,
    /// Seconds of mining.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Minutes at ten transactions a second.
    #[arg(long, default_value_t = 60)]
    minutes: u64,
    /// What cargo tells every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

/// What can be measured alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Bytes of the page by part.
    Size,
    /// The first paint, beside React.
    Paint,
    /// The longest tasks while a tab catches up.
    Sync,
    /// The longest tasks while a tab mines on all threads.
    Mining,
    /// Memory at ten transactions a second.
    Memory,
}

/// Serves a folder by the real tracker for as long as the program runs.
async fn serve(folder: PathBuf) -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let config = Config { page: Some(folder), ..Config::default() };
    tokio::spawn(tracker_server::run(listener, config, future::pending()));
    address
}

/// Waits until a tab shows a tip for which a condition holds.
async fn until_height(client: &Client, patience: Duration, enough: impl Fn(u64) -> bool) {
    let (mut last, mut since) = (None, Instant::now());
    loop {
        // The page may not be there yet.
        let shown = client.execute(HEIGHT, Vec::new()).await.ok().and_then(|shown| shown.as_u64());
        if shown.is_some_and(&enough) {
            return;
        }
        if shown != last {
            (last, since) = (shown, Instant::now());
        }
        assert!(since.elapsed() < patience, "the tip has not moved from {last:?} for {patience:?}");
        tokio::time::sleep(POLL).await;
    }
}

/// Evaluates an expression in a tab and awaits it.
async fn call(client: &Client, expression: &str) -> Value {
    let script = format!(
        "const done = arguments[arguments.length - 1];
         (async () => ({expression}))().then((value) => done({{ value: value ?? null }}), (error) => done({{ error: String(error) }}));"
    );
    let answer = client.execute_async(&script, Vec::new()).await.expect("the script runs");
    answer.get("value").unwrap_or_else(|| panic!("{expression}: {answer}")).clone()
}

#[tokio::main]
async fn main() {
    let options = Options::parse();
    let wanted = |part| options.only.is_empty() || options.only.contains(&part);
    let page = PathBuf::from(setting("TABCHAIN_PAGE"));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    // What else the machine does is in every figure below; only Linux tells it.
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split_whitespace().next().unwrap_or("unknown").to_owned();
    println!(
        "{threads} processors; load {load} in the minute before. Headless Chromium, with tracker and drivers on the same"
    );
    println!("machine.\n");
    if wanted(Part::Size) {
        size::measure(&page);
    }
    let address = serve(page).await;
    if wanted(Part::Paint) {
        let react = serve(PathBuf::from(setting("TABCHAIN_REACT"))).await;
        paint::measure(address, react, options.loads).await;
    }
    if wanted(Part::Sync) {
        tasks::sync(address, options.blocks, options.transfers).await;
    }
    if wanted(Part::Mining) {
        tasks::mining(address, Duration::from_secs(options.seconds)).await;
    }
    if wanted(Part::Memory) {
        memory::measure(address, Duration::from_mins(options.minutes)).await;
    }
}
