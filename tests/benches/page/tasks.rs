//! How long the page's thread is busy at a time, while its node works at its hardest.

use crate::common::chain::{Wallet, chain};
use crate::common::database::fill;
use crate::process::{Tab, Watched};
use crate::webdriver::Session;
use crate::{call, until_height};
use fantoccini::Client;
use node_core::params::ChainParams;
use serde_json::Value;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// A tab whose tip stands still for so long will not come further.
const PATIENCE: Duration = Duration::from_mins(3);

/// Notes every task of 50 ms and more since the load began, which is where Chromium begins to tell
/// them, and the longest time between two frames.
const WATCH: &str = "
    window.busy = { tasks: [], gaps: [], longestGap: 0, frames: 0 };
    new PerformanceObserver((list) => {
        list.getEntries().forEach((task) => window.busy.tasks.push([task.startTime, task.duration]));
    }).observe({ type: 'longtask', buffered: true });
    let last;
    const frame = () => {
        const now = performance.now();
        if (last !== undefined) {
            const gap = now - last;
            window.busy.frames += 1;
            window.busy.longestGap = Math.max(window.busy.longestGap, gap);
            if (gap > 50) window.busy.gaps.push([last, gap]);
        }
        last = now;
        requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
";

/// What was noted since a moment, in milliseconds since the load began.
const NOTED: &str = "return { ...window.busy, now: performance.now(), origin: performance.timeOrigin };";

/// One tab has a chain in its store, another one comes and catches up on it.
pub(crate) async fn sync(address: SocketAddr, blocks: u32, transfers: usize) {
    let room = "sync";
    let start = Instant::now();
    let params = ChainParams::named("dev", room).expect("good names");
    let store =
        tokio::task::spawn_blocking(move || chain(params, blocks, transfers, Wallet::Miner)).await.expect("a chain");
    println!("{blocks} blocks of {transfers} transfers were made in {:.0?}.", start.elapsed());
    let page = format!("http://{address}/?network=dev&room={room}");
    // Two browsers, because the page is only drawn in a tab that is seen.
    let having = Session::chromium().await;
    having.client.goto(&format!("http://{address}/healthz")).await.expect("the tracker answers");
    let filled = fill(&having.client, &store, room).await;
    let bytes: usize = filled.iter().map(|(_, _, bytes)| bytes).sum();
    println!("The store has {:.1} MB.\n", megabytes(bytes));
    having.client.goto(&page).await.expect("the page loads");
    let all = |height| height == u64::from(blocks);
    until_height(&having.client, PATIENCE, all).await;

    let lacking = Session::chromium().await;
    lacking.client.goto(&page).await.expect("the page loads");
    lacking.client.execute(WATCH, Vec::new()).await.expect("the script runs");
    until_height(&lacking.client, PATIENCE, |height| height > 0).await;
    let tab = lacking.group().and_then(Tab::of).expect("the tab's process");
    let (from, watch) = (noted(&lacking.client).await, tab.watch());
    let start = Instant::now();
    until_height(&lacking.client, PATIENCE, all).await;
    let took = start.elapsed();
    let to = noted(&lacking.client).await;
    let watched = watch.end();
    let status = call(&lacking.client, "tabchain.status()").await;
    assert_eq!(status["height"], blocks);
    println!(
        "Caught up in {took:.0?}: {:.1} blocks and {:.0} transfers a second.\n",
        f64::from(blocks) / took.as_secs_f64(),
        f64::from(blocks) * transfers as f64 / took.as_secs_f64()
    );
    head();
    report("starting, until the first block", &to, 0.0, millis(&from["now"]), None);
    report("catching up", &to, millis(&from["now"]), f64::INFINITY, Some(&watched));
    share(&watched);
    for session in [having, lacking] {
        session.client.clone().close().await.expect("the browser closes");
    }
}

/// A tab mines on every thread that it has.
pub(crate) async fn mining(address: SocketAddr, time: Duration) {
    let chromium = Session::chromium().await;
    let client = &chromium.client;
    client.goto(&format!("http://{address}/?network=dev&room=mining")).await.expect("the page loads");
    client.execute(WATCH, Vec::new()).await.expect("the script runs");
    until_height(client, PATIENCE, |_| true).await;
    call(client, "tabchain.miner.start({ threads: navigator.hardwareConcurrency })").await;
    until_height(client, PATIENCE, |height| height > 0).await;
    let tab = chromium.group().and_then(Tab::of).expect("the tab's process");
    let (from, watch) = (noted(client).await, tab.watch());
    tokio::time::sleep(time).await;
    let (to, watched) = (noted(client).await, watch.end());
    let status = call(client, "tabchain.status()").await;
    println!(
        "Mined for {time:?} on {} threads: height {}, {:.1} million attempts a second.\n",
        status["mining"]["threads"].as_u64().or_else(|| status["mining"].as_u64()).unwrap_or_default(),
        status["height"],
        status["hashRate"].as_f64().unwrap_or_default() / 1e6
    );
    head();
    report("mining on all threads", &to, millis(&from["now"]), f64::INFINITY, Some(&watched));
    share(&watched);
    client.clone().close().await.expect("the browser closes");
}

async fn noted(client: &Client) -> Value {
    client.execute(NOTED, Vec::new()).await.expect("the script runs")
}

fn head() {
    println!(
        "| while | tasks over 50 ms | longest task, ms | longest on a processor, ms | stretches over 50 ms without a frame | longest, ms |"
    );
    println!("|---|---:|---:|---:|---:|---:|");
}

/// Prints a row of what was noted between two moments. A task is told by the clock; on a processor it
/// was for less, where other threads had all of them meanwhile.
fn report(name: &str, busy: &Value, from: f64, to: f64, watched: Option<&Watched>) {
    let within = |list: &Value| -> Vec<(f64, f64)> {
        let list = list.as_array().expect("a list").iter();
        let entries = list.map(|entry| (millis(&entry[0]), millis(&entry[1])));
        entries.filter(|(start, _)| (from..to).contains(start)).collect()
    };
    let longest = |list: &[f64]| {
        let longest = list.iter().copied().max_by(f64::total_cmp);
        longest.map_or_else(|| "none".to_owned(), |millis| format!("{millis:.0}"))
    };
    let lengths = |list: &[(f64, f64)]| longest(&list.iter().map(|(_, length)| *length).collect::<Vec<_>>());
    let (tasks, gaps) = (within(&busy["tasks"]), within(&busy["gaps"]));
    let origin = millis(&busy["origin"]);
    let ran = watched.map_or_else(
        || "not watched".to_owned(),
        |watched| {
            let ran = tasks.iter().map(|(start, length)| watched.ran(origin + start, origin + start + length));
            longest(&ran.collect::<Vec<_>>())
        },
    );
    println!("| {name} | {} | {} | {ran} | {} | {} |", tasks.len(), lengths(&tasks), gaps.len(), lengths(&gaps));
}

/// Says how busy the page's thread was, and how much others kept it waiting.
fn share(watched: &Watched) {
    if let Some((ran, waited)) = watched.shares() {
        println!(
            "\nThe page's thread ran for {:.0} % of the time, and for {:.0} % it was ready but had to wait for a processor.\n",
            100.0 * ran,
            100.0 * waited
        );
    }
}

fn millis(value: &Value) -> f64 {
    value.as_f64().expect("a time")
}

fn megabytes(bytes: usize) -> f64 {
    bytes as f64 / 1e6
}
