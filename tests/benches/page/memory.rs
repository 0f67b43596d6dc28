//! What a tab needs of memory while ten transactions a second pass through it.

use crate::devtools;
use crate::process::Tab;
use crate::webdriver::Session;
use crate::{call, until_height};
use fantoccini::Client;
use serde_json::json;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// How often the memory is looked at.
const SAMPLE: Duration = Duration::from_secs(10);
/// How often a row is printed.
const ROW: Duration = Duration::from_mins(5);
/// Time for the first blocks.
const PATIENCE: Duration = Duration::from_mins(3);
/// Blocks before the transfers begin: their rewards pay for all of them.
const BLOCKS: u64 = 20;

/// Sends a transfer for each tenth of a second from now on, and counts. A timer that comes late makes
/// up for it.
const SEND: &str = "
    const [to] = arguments;
    window.sent = 0;
    window.refused = 0;
    const start = performance.now();
    let due = 0;
    setInterval(() => {
        for (; due < (performance.now() - start) / 100; due += 1) {
            tabchain.wallet.send({ to, amount: '0.0001', fee: '0.00001' }).then(() => { window.sent += 1; }, () => { window.refused += 1; });
        }
    }, 100);
";

/// What one look at a tab found, in megabytes.
#[derive(Debug, Clone, Copy)]
struct Sample {
    minutes: f64,
    /// All of the tab's process that is its own, and its share of the rest: page, workers, their
    /// WebAssembly memories.
    process: f64,
    /// Objects of the page's JavaScript.
    heap: f64,
}

/// A tab mines and pays, another one follows; both are watched.
pub(crate) async fn measure(address: SocketAddr, time: Duration) {
    let page = format!("http://{address}/?network=dev&room=memory");
    // Two browsers, because timers of a tab that is not seen are held back.
    let (miner, full) = (Session::chromium().await, Session::chromium().await);
    for session in [&miner, &full] {
        session.client.goto(&page).await.expect("the page loads");
        until_height(&session.client, PATIENCE, |_| true).await;
        devtools::command(&session.client, "Performance.enable", json!({})).await;
    }
    call(&miner.client, "tabchain.miner.start({ threads: 1 })").await;
    for session in [&miner, &full] {
        until_height(&session.client, PATIENCE, |height| height >= BLOCKS).await;
    }
    let to = call(&full.client, "tabchain.wallet.address()").await;
    miner.client.execute(SEND, vec![to]).await.expect("the script runs");

    println!("A tab that mines with one thread pays ten times a second; the other is a full node.\n");
    println!(
        "| minute | height | paid | full node's process, MB | its heap, MB | miner's process, MB | its heap, MB |"
    );
    println!("|---:|---:|---:|---:|---:|---:|---:|");
    let (mut of_full, mut of_miner) = (Vec::new(), Vec::new());
    let at_first = [kept(&full).await, kept(&miner).await];
    let start = Instant::now();
    let mut next_row = Duration::ZERO;
    loop {
        let passed = start.elapsed();
        of_full.push(sample(&full, passed).await);
        of_miner.push(sample(&miner, passed).await);
        if passed >= next_row || passed >= time {
            row(&full.client, &miner.client, &of_full, &of_miner).await;
            next_row += ROW;
        }
        if passed >= time {
            break;
        }
        tokio::time::sleep(SAMPLE.saturating_sub(start.elapsed().saturating_sub(passed))).await;
    }
    let refused = miner.client.execute("return window.refused", Vec::new()).await.expect("a number");
    println!(
        "\n{refused} transfers were refused by the sender's own mempool, which lets one payer have 100 waiting.\n"
    );
    println!(
        "| tab | slope of the process over the second half, MB an hour | slope of the heap | process after a collection, MB: at first | at last |"
    );
    println!("|---|---:|---:|---:|---:|");
    let at_last = [kept(&full).await, kept(&miner).await];
    let tabs = [("full node", &of_full), ("miner", &of_miner)].into_iter().zip(at_first.into_iter().zip(at_last));
    for ((name, samples), (first, last)) in tabs {
        let half = &samples[samples.len() / 2..];
        let (process, heap) = (slope(half, |one| one.process), slope(half, |one| one.heap));
        println!("| {name} | {process:+.1} | {heap:+.1} | {first:.1} | {last:.1} |");
    }
    println!();
    for session in [miner, full] {
        session.client.clone().close().await.expect("the browser closes");
    }
}

/// Megabytes of the process that are left when the browser has collected its garbage, which it puts off for as long as
/// there is memory: objects of the browser's own behind messages and database requests are not in the heap's figure.
async fn kept(session: &Session) -> f64 {
    devtools::command(&session.client, "HeapProfiler.collectGarbage", json!({})).await;
    sample(session, Duration::ZERO).await.process
}

async fn row(full: &Client, miner: &Client, of_full: &[Sample], of_miner: &[Sample]) {
    let height = call(full, "(await tabchain.status()).height").await;
    let mined = call(miner, "(await tabchain.status()).height").await;
    let sent = miner.execute("return window.sent", Vec::new()).await.expect("a number");
    if let (Some(full), Some(miner)) = (of_full.last(), of_miner.last()) {
        println!(
            "| {:.0} | {height} of {mined} | {sent} | {:.1} | {:.1} | {:.1} | {:.1} |",
            full.minutes, full.process, full.heap, miner.process, miner.heap
        );
    }
}

async fn sample(session: &Session, passed: Duration) -> Sample {
    let metrics = devtools::command(&session.client, "Performance.getMetrics", json!({})).await;
    let metrics = metrics["metrics"].as_array().expect("a list");
    let heap = metrics.iter().find(|one| one["name"] == "JSHeapUsedSize").and_then(|one| one["value"].as_f64());
    Sample {
        minutes: passed.as_secs_f64() / 60.0,
        process: session.group().and_then(Tab::of).and_then(|tab| tab.bytes()).expect("the tab's process") / 1e6,
        heap: heap.expect("a size") / 1e6,
    }
}

/// Least squares: how much a value grows in an hour.
fn slope(samples: &[Sample], value: impl Fn(&Sample) -> f64) -> f64 {
    let count = samples.len() as f64;
    let mean = |of: &dyn Fn(&Sample) -> f64| samples.iter().map(of).sum::<f64>() / count;
    let (time, size) = (mean(&|one| one.minutes), mean(&|one| value(one)));
    let (mut product, mut square) = (0.0, 0.0);
    for one in samples {
        product += (one.minutes - time) * (value(one) - size);
        square += (one.minutes - time).powi(2);
    }
    if square > 0.0 { 60.0 * product / square } else { 0.0 }
}
