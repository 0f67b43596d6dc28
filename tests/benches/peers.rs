//! Opens the benchmark's page in a headless Chromium and prints the tables that it measures.

#[path = "../tests/e2e/webdriver.rs"]
#[allow(dead_code, reason = "the end-to-end tests need more of it")]
mod webdriver;

use serde_json::Value;
use std::future;
use std::path::PathBuf;
use std::process::ExitCode;
use tokio::net::TcpListener;
use tracker_server::Config;
use webdriver::{Session, setting};

/// Waits for the page's tables, or says what kept it from measuring.
const SCRIPT: &str = "
    const done = arguments[arguments.length - 1];
    const benchmark = window.benchmark ?? Promise.reject('the scripts of the page cannot be loaded');
    benchmark.then((tables) => done({ tables }), (error) => done({ error: String(error?.stack ?? error) }));
";

#[tokio::main]
async fn main() -> ExitCode {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    // The tracker serves any folder, under the policy that the real page is under.
    let config = Config { page: Some(PathBuf::from(setting("TABCHAIN_PAGE"))), ..Config::default() };
    tokio::spawn(tracker_server::run(listener, config, future::pending()));

    let Session { client, .. } = &Session::chromium().await;
    client.goto(&format!("http://{address}/")).await.expect("the page loads");
    let answer = client.execute_async(SCRIPT, Vec::new()).await.expect("the page measures");
    client.clone().close().await.expect("the browser closes");
    if let Some(tables) = answer.get("tables").and_then(Value::as_str) {
        println!("{tables}");
        return ExitCode::SUCCESS;
    }
    eprintln!("{}", answer.get("error").and_then(Value::as_str).unwrap_or("the page measured nothing"));
    ExitCode::FAILURE
}
