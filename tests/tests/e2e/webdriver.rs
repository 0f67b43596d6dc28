//! A headless browser with a fresh profile, behind its driver.

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
pub(crate) struct Session {
    /// What the driver is told.
    pub(crate) client: Client,
    driver: Child,
    profile: Arc<TempDir>,
}

impl Drop for Session {
    /// A test that failed has not closed its browser, which its driver's end would leave behind.
    fn drop(&mut self) {
        // Nothing is left of the group when the browser was closed already.
        let _ = self.signal(Signal::KILL);
    }
}

impl Session {
    /// Starts Chromium and its driver, at the paths that xtask found.
    pub(crate) async fn chromium() -> Self {
        Self::chromium_with(json!({})).await
    }

    /// The same with some of `goog:chromeOptions`.
    pub(crate) async fn chromium_with(options: Value) -> Self {
        let profile = tempfile::tempdir().expect("a folder for the profile");
        Self::chromium_on(Arc::new(profile), options).await
    }

    /// Kills all of Chromium's processes at once, and starts it again on what is on disk.
    pub(crate) async fn kill_and_restart(mut self) -> Self {
        self.signal(Signal::KILL).expect("it can be killed");
        self.driver.wait().await.expect("it ends");
        let profile = Arc::clone(&self.profile);
        drop(self);
        // The killed browser's lock on the folder names a process that is gone.
        let _ = std::fs::remove_file(profile.path().join("SingletonLock"));
        Self::chromium_on(profile, json!({})).await
    }

    /// Starts it with this folder and these options besides.
    async fn chromium_on(profile: Arc<TempDir>, mut options: Value) -> Self {
        let mut arguments: Vec<String> = CHROMIUM_ARGUMENTS.iter().map(ToString::to_string).collect();
        arguments.push(format!("--user-data-dir={}", profile.path().display()));
        options["binary"] = json!(setting("TABCHAIN_CHROMIUM"));
        options["args"] = json!(arguments);
        let driver = setting("TABCHAIN_CHROMEDRIVER");
        Self::start(&driver, "successfully on port ", profile, json!({ "goog:chromeOptions": options })).await
    }

    /// Starts a driver, which names its port behind these words, and a browser with these
    /// capabilities, which uses nothing but this folder.
    pub(crate) async fn start(driver: &str, words: &str, profile: Arc<TempDir>, capabilities: Value) -> Self {
        let mut driver = Command::new(driver)
            .arg("--port=0")
            .env("TMPDIR", profile.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .process_group(0)
            .spawn()
            .expect("the driver starts");
        let port = port_of(&mut driver, words).await;
        let Value::Object(mut capabilities) = capabilities else { panic!("capabilities are an object") };
        capabilities.insert("timeouts".to_owned(), json!({ "script": SCRIPT_LIMIT_MS }));
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .expect("a browser session");
        Self { client, driver, profile }
    }

    /// Gives a signal to the driver and all that it has started.
    pub(crate) fn signal(&self, signal: Signal) -> rustix::io::Result<()> {
        self.group().map_or(Ok(()), |group| kill_process_group(group, signal))
    }

    /// The group of the driver's processes and the browser's, while the driver runs.
    pub(crate) fn group(&self) -> Option<Pid> {
        self.driver.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw)
    }
}

async fn port_of(driver: &mut Child, words: &str) -> u16 {
    let output = driver.stdout.take().expect("its output is piped");
    let mut lines = BufReader::new(output).lines();
    while let Some(line) = lines.next_line().await.expect("its output can be read") {
        let port = line.rsplit_once(words).and_then(|(_, port)| port.trim_end_matches('.').parse().ok());
        if let Some(port) = port {
            // It must be able to go on writing, or it stands still when the pipe is full.
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            return port;
        }
    }
    panic!("the driver ended before it named its port");
}
