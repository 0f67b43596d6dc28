//! A headless Chromium with a fresh profile, behind its driver.

use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Value, json};
use std::process::Stdio;
use std::sync::Arc;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// Milliseconds that a script may run: the benchmark takes half a minute, on a busy machine more.
const SCRIPT_LIMIT_MS: u32 = 120_000;
/// What headless Chromium is started with: nothing that phones home, and no sandbox, because
/// continuous integration runs as root.
const CHROMIUM_ARGUMENTS: [&str; 9] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--window-size=1280,1000",
];

/// What xtask says by an environment variable.
pub(crate) fn setting(name: &str) -> String {
    std::env::var(name)
        .unwrap_or_else(|_| panic!("{name} is not set: `cargo xtask test --only e2e` and `cargo xtask bench` set it"))
}

/// A browser and its driver; both end with this value.
pub(crate) struct Chromium {
    /// The session in it.
    pub(crate) client: Client,
    driver: Driver,
    profile: Arc<TempDir>,
}

/// The driver's process, which leads the group of the browser's.
struct Driver(Child);

impl Drop for Driver {
    /// A test that failed has not closed its browser, which its driver's end would leave behind.
    fn drop(&mut self) {
        let group = self.0.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        if let Some(group) = group {
            // Nothing is left of the group when the browser was closed already.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

impl Chromium {
    /// Starts both, at the paths that xtask found.
    pub(crate) async fn start() -> Self {
        Self::start_on(Arc::new(tempfile::tempdir().expect("a folder for the profile"))).await
    }

    /// Kills all processes at once, and starts them again on what is on disk.
    pub(crate) async fn kill_and_restart(self) -> Self {
        let Self { client, mut driver, profile } = self;
        let id = driver.0.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        kill_process_group(id.expect("it runs"), Signal::KILL).expect("it can be killed");
        driver.0.wait().await.expect("it ends");
        drop((client, driver));
        // The killed browser's lock on the folder names a process that is gone.
        let _ = std::fs::remove_file(profile.path().join("SingletonLock"));
        Self::start_on(profile).await
    }

    async fn start_on(profile: Arc<TempDir>) -> Self {
        let mut driver = Command::new(setting("TABCHAIN_CHROMEDRIVER"))
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .process_group(0)
            .spawn()
            .expect("ChromeDriver starts");
        let port = port_of(&mut driver).await;
        let mut arguments: Vec<String> = CHROMIUM_ARGUMENTS.iter().map(ToString::to_string).collect();
        arguments.push(format!("--user-data-dir={}", profile.path().display()));
        let options = json!({ "binary": setting("TABCHAIN_CHROMIUM"), "args": arguments });
        let capabilities = json!({ "goog:chromeOptions": options, "timeouts": { "script": SCRIPT_LIMIT_MS } });
        let Value::Object(capabilities) = capabilities else { unreachable!("an object was written") };
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .expect("a browser session");
        Self { client, driver: Driver(driver), profile }
    }
}

async fn port_of(driver: &mut Child) -> u16 {
    let output = driver.stdout.take().expect("its output is piped");
    let mut lines = BufReader::new(output).lines();
    while let Some(line) = lines.next_line().await.expect("its output can be read") {
        let port =
            line.rsplit_once("successfully on port ").and_then(|(_, port)| port.trim_end_matches('.').parse().ok());
        if let Some(port) = port {
            // It must be able to go on writing, or it stands still when the pipe is full.
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            return port;
        }
    }
    panic!("ChromeDriver ended before it named its port");
}
