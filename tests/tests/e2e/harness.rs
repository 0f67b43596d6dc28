//! A real tracker, a real browser, and tabs in it.

use crate::devtools;
use crate::webdriver::{Session, setting};
use fantoccini::wd::WindowHandle;
use fantoccini::{Client, Locator};
use rustix::process::Signal;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::cell::Cell;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::{Mutex, MutexGuard};
use tracker_server::Config;

/// Time for something that needs no mining, on a machine that is busy with other things: long enough for a link that
/// fails to be tried again, which takes a node up to half a minute.
pub(crate) const SOON: Duration = Duration::from_mins(1);
/// Time for something that needs a few blocks.
pub(crate) const BLOCKS: Duration = Duration::from_mins(2);
/// Time for a tab to crash that was told to.
const CRASH: Duration = Duration::from_secs(10);
/// The screen of a common phone.
const PHONE: (u32, u32) = (390, 844);
/// Its pixels for each of the page's.
const PIXEL_RATIO: f64 = 2.0;
/// How often a condition is looked at.
const POLL: Duration = Duration::from_millis(50);

/// One run at a time: each keeps all processors busy.
static ALONE: Mutex<()> = Mutex::const_new(());
static ROOMS: AtomicUsize = AtomicUsize::new(0);

/// A tracker with the page, in a runtime of its own so that it can be killed.
pub(crate) struct Tracker {
    runtime: Option<Runtime>,
    address: SocketAddr,
}

impl Tracker {
    /// A tracker on a free port.
    pub(crate) fn start() -> Self {
        Self::start_on(SocketAddr::from(([127, 0, 0, 1], 0)))
    }

    /// A tracker that only introduces the tabs of another one's page, on an address that was free.
    pub(crate) fn start_for(page: &Self, address: SocketAddr) -> Self {
        let origin = format!("http://{}", page.address).parse().expect("an origin");
        Self::start_with(address, Config { allowed_origins: vec![origin], ..Config::default() })
    }

    /// A tracker that serves another folder than the page, and introduces the tabs of both.
    pub(crate) fn start_serving(folder: &Path, page: &Self) -> Self {
        let origin = format!("http://{}", page.address).parse().expect("an origin");
        let config = Config { page: Some(folder.to_owned()), allowed_origins: vec![origin], ..Config::default() };
        Self::start_with(SocketAddr::from(([127, 0, 0, 1], 0)), config)
    }

    /// The address of its WebSocket.
    pub(crate) fn socket(&self) -> String {
        format!("ws://{}/ws", self.address)
    }

    fn start_on(address: SocketAddr) -> Self {
        let page = Some(PathBuf::from(setting("TABCHAIN_PAGE")));
        Self::start_with(address, Config { page, ..Config::default() })
    }

    /// Comes back on the same port with another configuration.
    pub(crate) fn start_again(&mut self, config: Config) {
        self.kill();
        *self = Self::start_with(self.address, config);
    }

    /// A tracker on this address.
    pub(crate) fn start_with(address: SocketAddr, config: Config) -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let (sender, receiver) = std::sync::mpsc::channel();
        runtime.spawn(async move {
            let listener = TcpListener::bind(address).await.expect("the port is free");
            sender.send(listener.local_addr().expect("bound")).expect("the test waits for it");
            tracker_server::run(listener, config, std::future::pending()).await.expect("the tracker runs");
        });
        let address = receiver.recv_timeout(SOON).expect("the tracker starts");
        Self { runtime: Some(runtime), address }
    }

    /// Drops every connection without a word, as when the process is killed.
    pub(crate) fn kill(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // Waiting for it is not allowed inside the test's own runtime.
            let ended = std::thread::spawn(|| runtime.shutdown_timeout(SOON)).join();
            ended.expect("the tracker's runtime ends");
        }
    }

    /// Comes back on the same port.
    pub(crate) fn restart(&mut self) {
        self.kill();
        *self = Self::start_on(self.address);
    }

    /// The page's address with these parameters.
    pub(crate) fn page(&self, path: &str, query: &str) -> String {
        format!("http://{}{path}?{query}", self.address)
    }
}

impl Drop for Tracker {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A browser with its driver.
pub(crate) struct Browser {
    client: Client,
    session: Session,
    /// Not of one that joins another, or that others may run beside.
    _alone: Option<MutexGuard<'static, ()>>,
}

/// A tab of the browser.
pub(crate) struct Tab {
    window: WindowHandle,
}

/// What the page's API said instead of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: String,
    pub(crate) field: Option<String>,
    pub(crate) message: String,
}

impl Browser {
    /// Starts a headless Chromium with a fresh profile.
    pub(crate) async fn start() -> Self {
        Self::start_with(json!({})).await
    }

    /// The same with some of `goog:chromeOptions`.
    async fn start_with(options: Value) -> Self {
        let alone = ALONE.lock().await;
        Self { _alone: Some(alone), ..Self::beside(Session::chromium_with(options).await) }
    }

    /// A further browser in a test that has one already, or in one that others may run beside.
    pub(crate) fn beside(session: Session) -> Self {
        Self { client: session.client.clone(), session, _alone: None }
    }

    /// Starts one for somebody who reads this language, such as `de-DE`.
    pub(crate) async fn of_language(language: &str) -> Self {
        Self::start_with(json!({ "prefs": { "intl": { "accept_languages": language } } })).await
    }

    /// A further browser with a phone's screen.
    pub(crate) async fn phone() -> Self {
        let (width, height) = PHONE;
        let metrics = json!({ "width": width, "height": height, "pixelRatio": PIXEL_RATIO, "mobile": true });
        let options = json!({ "mobileEmulation": { "deviceMetrics": metrics } });
        Self::beside(Session::chromium_with(options).await)
    }

    /// Stops all of the browser's processes where they are, as when the machine goes to sleep.
    pub(crate) fn suspend(&self) {
        self.session.signal(Signal::STOP).expect("the browser runs");
    }

    /// Lets them go on.
    pub(crate) fn resume(&self) {
        self.session.signal(Signal::CONT).expect("the browser is there");
    }

    /// What is seen of a tab, as PNG.
    pub(crate) async fn screenshot(&self, tab: &Tab) -> Vec<u8> {
        self.switch(tab).await;
        self.client.screenshot().await.expect("the browser draws")
    }

    /// Opens a tab with nothing in it.
    pub(crate) async fn open_empty(&self) -> Tab {
        Tab { window: self.client.new_window(true).await.expect("a new tab").handle }
    }

    /// Opens a tab and waits until its node answers.
    pub(crate) async fn open(&self, address: &str) -> Tab {
        let tab = self.open_empty().await;
        self.load(&tab, address).await;
        tab
    }

    /// Loads a page into a tab and waits until its node answers.
    pub(crate) async fn load(&self, tab: &Tab, address: &str) {
        self.start_loading(tab, address).await;
        self.answers(tab).await;
    }

    /// Loads a page into a tab, whatever becomes of its node.
    pub(crate) async fn start_loading(&self, tab: &Tab, address: &str) {
        self.switch(tab).await;
        self.client.goto(address).await.expect("the page loads");
    }

    /// Waits until a tab's node answers.
    async fn answers(&self, tab: &Tab) {
        self.until(SOON, "the node answers", async || {
            let script = "return !!window.tabchain && !window.left";
            self.client.execute(script, Vec::new()).await.is_ok_and(|there| there == json!(true))
        })
        .await;
        let _: Value = self.call(tab, "tabchain.status()").await;
    }

    /// Loads a tab's page anew.
    pub(crate) async fn reload(&self, tab: &Tab) {
        self.switch(tab).await;
        self.client.refresh().await.expect("the page loads");
        self.answers(tab).await;
    }

    /// Evaluates an expression that loads the tab's page anew, and waits for the new page.
    pub(crate) async fn leave(&self, tab: &Tab, expression: &str) {
        self.switch(tab).await;
        let script = format!("window.left = true; setTimeout(() => {{ {expression}; }});");
        self.client.execute(&script, Vec::new()).await.expect("the script runs");
        self.answers(tab).await;
    }

    /// The same by the button with this test id.
    pub(crate) async fn leave_by(&self, tab: &Tab, test_id: &str) {
        self.switch(tab).await;
        self.usable(test_id).await;
        self.leave(tab, &format!("document.querySelector(\"[data-testid='{test_id}']\").click()")).await;
    }

    /// Leaves the page for an empty one, so that nothing of it runs any more.
    pub(crate) async fn empty(&self, tab: &Tab) {
        self.switch(tab).await;
        self.client.goto("about:blank").await.expect("an empty page");
    }

    /// Kills the process that draws a tab, as when it runs out of memory, and closes what is left of it.
    pub(crate) async fn crash(&self, tab: &Tab) {
        let blank = self.client.new_window(true).await.expect("a new tab").handle;
        self.switch(tab).await;
        // Never answers: the page is gone before it could.
        let crash = self.client.goto("chrome://crash");
        let _ = tokio::time::timeout(CRASH, crash).await;
        self.client.switch_to_window(blank).await.expect("the other tab lives");
    }

    /// Kills the browser with all its processes, and starts it again on what it has on disk.
    pub(crate) async fn kill_and_restart(self) -> Self {
        let Self { client: _, session, _alone: alone } = self;
        let session = session.kill_and_restart().await;
        Self { client: session.client.clone(), session, _alone: alone }
    }

    /// Makes the browser's window small, so that all of its tabs are hidden.
    pub(crate) async fn hide(&self) {
        self.client.minimize_window().await.expect("a window can be made small");
    }

    /// Keeps files with such names from a tab, as a line that breaks does; none lets all through again.
    pub(crate) async fn block(&self, tab: &Tab, names: &[&str]) {
        self.switch(tab).await;
        devtools::block(&self.client, names).await;
    }

    /// Freezes a tab, as the browser does to save energy, or lets it go on.
    pub(crate) async fn freeze(&self, tab: &Tab, frozen: bool) {
        self.switch(tab).await;
        devtools::freeze(&self.client, frozen).await;
    }

    /// Gives a tab a screen of another size, in pixels.
    pub(crate) async fn resize(&self, tab: &Tab, size: (u32, u32)) {
        self.switch(tab).await;
        devtools::resize(&self.client, size).await;
    }

    /// Makes a tab believe that its user's system says this, by the names of media queries.
    pub(crate) async fn emulate(&self, tab: &Tab, features: &[(&str, &str)]) {
        self.switch(tab).await;
        devtools::emulate(&self.client, features).await;
    }

    /// What Chromium's developer tools answer to a command for a tab.
    pub(crate) async fn devtools(&self, tab: &Tab, method: &'static str) -> Value {
        self.switch(tab).await;
        devtools::command(&self.client, method, json!({})).await
    }

    /// Makes a tab the one that is driven. In Chromium it is then the one that is seen, too.
    pub(crate) async fn switch(&self, tab: &Tab) {
        self.client.switch_to_window(tab.window.clone()).await.expect("the tab is open");
    }

    /// Evaluates an expression in a tab and awaits it; a rejection is an error.
    pub(crate) async fn try_call(&self, tab: &Tab, expression: &str) -> Result<Value, Refusal> {
        self.switch(tab).await;
        let script = format!(
            "const done = arguments[arguments.length - 1];
             (async () => ({expression}))().then(
                 (value) => done({{ value: value === undefined ? null : value }}),
                 (error) => done({{ code: String(error.code), field: error.field ?? null, message: String(error.message ?? error) }}),
             );"
        );
        let answer = self.client.execute_async(&script, Vec::new()).await.expect("the script runs");
        if let Some(value) = answer.get("value") {
            return Ok(value.clone());
        }
        let text = |name: &str| answer.get(name).and_then(Value::as_str).map(str::to_owned);
        Err(Refusal {
            code: text("code").unwrap_or_default(),
            field: text("field"),
            message: text("message").unwrap_or_default(),
        })
    }

    /// The same where a rejection is a failure of the test.
    pub(crate) async fn call<T: DeserializeOwned>(&self, tab: &Tab, expression: &str) -> T {
        let value = self.try_call(tab, expression).await.unwrap_or_else(|error| panic!("{expression}: {error:?}"));
        serde_json::from_value(value.clone()).unwrap_or_else(|error| panic!("{expression} gave {value}: {error}"))
    }

    /// The visible text of the element with this test id.
    pub(crate) async fn text(&self, tab: &Tab, test_id: &str) -> String {
        self.switch(tab).await;
        let selector = format!("[data-testid='{test_id}']");
        match self.client.find(Locator::Css(&selector)).await {
            Ok(element) => element.text().await.unwrap_or_default(),
            Err(_) => String::new(),
        }
    }

    /// Replaces what stands in the field with this test id, as a person types.
    pub(crate) async fn fill(&self, tab: &Tab, test_id: &str, text: &str) {
        self.switch(tab).await;
        let field = self.usable(test_id).await;
        field.clear().await.expect("a field can be cleared");
        // A cleared field tells the page nothing before a key is pressed in it.
        field.send_keys(&format!("{text} \u{e003}")).await.expect("a field takes keys");
    }

    /// Chooses the option with this value in the list with this test id, once it is offered.
    pub(crate) async fn choose(&self, tab: &Tab, test_id: &str, value: &str) {
        self.switch(tab).await;
        self.element(&format!("[data-testid='{test_id}'] option[value='{value}']")).await;
        self.find(test_id).await.select_by_value(value).await.expect("a list with this option");
    }

    /// Chooses a file in the field with this test id.
    pub(crate) async fn choose_file(&self, tab: &Tab, test_id: &str, file: &Path) {
        self.switch(tab).await;
        let path = file.to_str().expect("a path in Unicode");
        self.find(test_id).await.send_keys(path).await.expect("a field for files takes a path");
    }

    /// Clicks the element with this test id.
    pub(crate) async fn click(&self, tab: &Tab, test_id: &str) {
        self.switch(tab).await;
        self.usable(test_id).await.click().await.expect("it can be clicked");
    }

    /// The same for the first element that a selector finds, where there is no test id.
    pub(crate) async fn click_at(&self, tab: &Tab, selector: &str) {
        self.switch(tab).await;
        self.element(selector).await.click().await.expect("it can be clicked");
    }

    /// Goes to another view of the page by its link, without a reload.
    pub(crate) async fn follow(&self, tab: &Tab, path: &str) {
        self.click_at(tab, &format!("nav a[href^='{path}']")).await;
    }

    /// The same for a link to this path alone, whatever its parameters.
    pub(crate) async fn follow_exactly(&self, tab: &Tab, path: &str) {
        self.click_at(tab, &format!("nav a[href='{path}'], nav a[href^='{path}?']")).await;
    }

    /// Clicks a link that opens a tab of its own; gives that tab once its node answers.
    pub(crate) async fn open_by(&self, tab: &Tab, selector: &str) -> Tab {
        self.switch(tab).await;
        let before = self.client.windows().await.expect("the browser lists its tabs");
        self.click_at(tab, selector).await;
        let opened = async || {
            let now = self.client.windows().await.expect("the browser lists its tabs");
            now.into_iter().find(|window| !before.contains(window))
        };
        self.until(SOON, &format!("{selector} opens a tab"), async || opened().await.is_some()).await;
        let tab = Tab { window: opened().await.expect("it is there") };
        self.switch(&tab).await;
        self.answers(&tab).await;
        tab
    }

    /// What is on the clipboard, as it comes out when it is pasted.
    pub(crate) async fn clipboard(&self, tab: &Tab) -> String {
        let field = "const field = document.createElement('textarea'); field.dataset.testid = 'pasted'; \
             (document.querySelector('dialog[open]') ?? document.body).append(field); field.focus()";
        self.script(tab, field).await;
        self.press(tab, "\u{e009}v").await;
        let taken = "const field = document.querySelector('[data-testid=pasted]'); field.remove(); return field.value";
        self.script(tab, taken).await.as_str().unwrap_or_default().to_owned()
    }

    /// Goes to an address in a tab, with a new node.
    pub(crate) async fn go(&self, tab: &Tab, address: &str) {
        self.start_loading(tab, address).await;
        let there = async || self.script(tab, "return !!window.tabchain").await == json!(true);
        self.until(SOON, "the node answers", there).await;
    }

    /// Runs a script in a tab; `null` where it fails, as while the page loads.
    pub(crate) async fn script(&self, tab: &Tab, script: &str) -> Value {
        self.switch(tab).await;
        self.client.execute(script, Vec::new()).await.unwrap_or(Value::Null)
    }

    /// The same for a script that calls back with its answer.
    pub(crate) async fn script_async(&self, tab: &Tab, script: &str) -> Value {
        self.switch(tab).await;
        self.client.execute_async(script, Vec::new()).await.expect("the script runs")
    }

    /// Goes to another address of the page without a new node, as a link within it does.
    pub(crate) async fn visit(&self, tab: &Tab, address: &str) {
        let link = format!(
            "const link = document.createElement('a'); link.href = {address:?};              (document.querySelector('main')).append(link); link.click(); link.remove(); return location.pathname"
        );
        self.script(tab, &link).await;
        let path = address.split('?').next().unwrap_or(address);
        let there = async || self.script(tab, "return location.pathname").await == path;
        self.until(SOON, &format!("the page is at {address}"), there).await;
        let busy = "return document.querySelectorAll('.loading').length";
        let settled = async || self.script(tab, busy).await == 0;
        self.until(SOON, "everything is loaded", settled).await;
    }

    /// Whether an element with this test id comes to show a text.
    pub(crate) async fn shows(&self, tab: &Tab, test_id: &str, text: &str) {
        let shown = async || self.text(tab, test_id).await.contains(text);
        self.until(SOON, &format!("{test_id} shows {text:?}"), shown).await;
    }

    /// Keeps what the page says at its edge from now on.
    pub(crate) async fn hear(&self, tab: &Tab) {
        let hear = "(window.said = [], new MutationObserver((changes) => changes.forEach((change) =>
            change.addedNodes.forEach((node) => node.textContent && said.push(node.textContent))))
            .observe(document.querySelector('.toasts'), { childList: true }), true)";
        let _: bool = self.call(tab, hear).await;
    }

    /// What it has said since.
    pub(crate) async fn said(&self, tab: &Tab) -> Vec<String> {
        self.call(tab, "window.said").await
    }

    /// Presses keys in the element that has the focus.
    pub(crate) async fn press(&self, tab: &Tab, keys: &str) {
        self.switch(tab).await;
        let focused = self.client.active_element().await.expect("something has the focus");
        focused.send_keys(keys).await.expect("it takes keys");
    }

    /// Waits for a condition.
    pub(crate) async fn until(&self, limit: Duration, what: &str, condition: impl AsyncFn() -> bool) {
        assert!(self.comes(limit, condition).await, "waited {limit:?} in vain: {what}");
    }

    /// Whether a condition comes to hold in time.
    pub(crate) async fn comes(&self, limit: Duration, condition: impl AsyncFn() -> bool) -> bool {
        let start = Instant::now();
        while !condition().await {
            if start.elapsed() >= limit {
                return false;
            }
            tokio::time::sleep(POLL).await;
        }
        true
    }

    /// Ends the session, so that nothing is left behind.
    pub(crate) async fn close(self) {
        self.session.client.clone().close().await.expect("the browser closes");
    }

    /// The element with this test id, once it is seen, enabled and at rest: a click on one that is not is lost.
    async fn usable(&self, test_id: &str) -> fantoccini::elements::Element {
        let place = format!(
            "const element = document.querySelector(\"[data-testid='{test_id}']\");
             const place = element?.getBoundingClientRect();
             return place?.width && !element.disabled ? [place.x, place.y, place.width, place.height].join() : null"
        );
        let last = Cell::new(Value::Null);
        let rests = async || {
            let now = self.client.execute(&place, Vec::new()).await.unwrap_or(Value::Null);
            let before = last.replace(now.clone());
            before == now && !now.is_null()
        };
        self.until(SOON, &format!("{test_id} can be used"), rests).await;
        self.find(test_id).await
    }

    async fn find(&self, test_id: &str) -> fantoccini::elements::Element {
        self.element(&format!("[data-testid='{test_id}']")).await
    }

    /// The first element that a selector finds, once there is one.
    async fn element(&self, selector: &str) -> fantoccini::elements::Element {
        let found = self.client.wait().at_most(SOON).for_element(Locator::Css(selector)).await;
        found.unwrap_or_else(|error| panic!("no element {selector}: {error}"))
    }
}

/// An address that nothing listens on.
pub(crate) fn free_address() -> SocketAddr {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("bound")
}

/// A room that no other test is in.
pub(crate) fn room() -> String {
    format!("test-{}", ROOMS.fetch_add(1, Ordering::Relaxed))
}
