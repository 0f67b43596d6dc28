//! The driver: feeds the node with what happens, and does what it says.

use super::keeper::Keeper;
use super::pool::Pool;
use super::timer::Timer;
use super::tracker_client::TrackerClient;
use super::{Scope, on_panic, scope};
use crate::browser::{Listener, now};
use crate::messages::{LinkMessage, NodeStart, ToNode, ToPage};
use crate::storage::{StorageError, facts};
use js_sys::Uint8Array;
use node_core::contract::{Input, LinkId, Output};
use node_core::keys::Entropy;
use node_core::node::{Config, Node};
use node_core::params::ChainParams;
use node_core::request::{ErrorCode, Request, RequestError, Response};
use node_core::sentence::{Say, Sentence, sentence};
use node_core::store::Stored;
use node_core::view::{Event, LogEntry, LogLevel};
use serde_json::value::{RawValue, to_raw_value};
use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::rc::{Rc, Weak};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::spawn_local;
use web_sys::MessageEvent;
use zeroize::Zeroizing;

/// Bytes of a link that are handled before the page hears of it: some frames at once.
const REPORT_HANDLED_BYTES: u32 = 256 * 1024;

/// Why the node's worker cannot run the node.
#[derive(Debug, thiserror::Error, Say)]
enum StartError {
    #[error(transparent)]
    Params(#[from] node_core::params::ParamsError),
    #[error("the browser gives no random numbers: {0}")]
    Random(String),
}

/// The node and all that serves it.
struct Driver {
    page: Page,
    node: RefCell<Node>,
    inbox: RefCell<VecDeque<Input>>,
    running: Cell<bool>,
    timer: Timer,
    tracker: OnceCell<TrackerClient>,
    pool: Pool,
    /// The profile, if there is one.
    keeper: Option<Keeper>,
    /// Open links, with the bytes that were handled and not yet reported to the page.
    handled: RefCell<BTreeMap<LinkId, u32>>,
}

/// The way to the page.
#[derive(Clone)]
struct Page(Scope);

impl Page {
    fn send(&self, message: &ToPage) {
        // Neither can fail: the messages are plain data, and a text can always be cloned.
        if let Ok(text) = serde_json::to_string(message) {
            let _ = self.0.post_message(&JsValue::from_str(&text));
        }
    }

    fn send_link(&self, message: &LinkMessage) {
        let (message, transfer) = message.to_js();
        // Fails only for values that cannot be transferred; a fresh buffer can.
        let _ = self.0.post_message_with_transfer(&message, &transfer);
    }

    fn warn(&self, code: &str, message: Sentence) {
        // Number 0: the line is the shell's, not one of the node's log.
        self.send(&ToPage::Event(Event::Log(LogEntry {
            sequence: 0,
            time: now(),
            level: LogLevel::Warning,
            code: code.to_owned(),
            message,
            peer: None,
            subject: None,
        })));
    }
}

impl Driver {
    fn start(
        page: Page,
        start: NodeStart,
        profile: Result<(Keeper, Stored), StorageError>,
    ) -> Result<Rc<Self>, StartError> {
        let params = ChainParams::named(&start.network, &start.room)?;
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|error| StartError::Random(error.to_string()))?;
        let config = Config::new(params, start.role);
        let (node, keeper, absent) = match profile {
            Ok((keeper, stored)) => {
                let missed_profile = start.profile.filter(|wanted| wanted != keeper.profile());
                let config = Config { profile: keeper.profile().to_owned(), missed_profile, ..config };
                (Node::open(config, &stored, seed, now()), Some(keeper), None)
            }
            Err(reason) => (Node::new(config, seed, now()), None, Some(reason)),
        };
        page.send(&ToPage::Started { profile: keeper.as_ref().map(|keeper| keeper.profile().to_owned()) });
        let driver = Rc::new_cyclic(|driver: &Weak<Self>| {
            let warnings = page.clone();
            let tick = Self::input_of(driver);
            Self {
                timer: Timer::new(page.0.clone(), move || tick(Input::Tick)),
                pool: Pool::new(start.workers, Self::input_of(driver), move |code, message| {
                    warnings.warn(code, message);
                }),
                page,
                node: RefCell::new(node),
                inbox: RefCell::default(),
                // Nothing is handled before it is complete.
                running: Cell::new(true),
                tracker: OnceCell::new(),
                keeper,
                handled: RefCell::default(),
            }
        });
        driver.drain();
        match absent {
            Some(reason) => driver.inbox.borrow_mut().push_back(Input::StorageFailed { reason: reason.into() }),
            None => driver.look_at_storage(),
        }
        if let Some(url) = start.tracker {
            let connection = TrackerClient::connect(url, Self::input_of(&Rc::downgrade(&driver)));
            // Set here and nowhere else.
            let _ = driver.tracker.set(connection);
        }
        driver.work_off();
        Ok(driver)
    }

    /// Has the node told what the browser says of its storage.
    fn look_at_storage(self: &Rc<Self>) {
        let input = Self::input_of(&Rc::downgrade(self));
        spawn_local(async move { input(Input::Storage(facts().await)) });
    }

    fn input_of(driver: &Weak<Self>) -> impl Fn(Input) + 'static {
        let driver = Weak::clone(driver);
        move |input| {
            if let Some(driver) = driver.upgrade() {
                driver.input(input);
            }
        }
    }

    /// Something happened. What happens while the node works waits its turn.
    fn input(self: &Rc<Self>, input: Input) {
        self.inbox.borrow_mut().push_back(input);
        if !self.running.replace(true) {
            self.work_off();
        }
    }

    /// Handles what has come in, until there is no more.
    fn work_off(self: &Rc<Self>) {
        loop {
            let next = self.inbox.borrow_mut().pop_front();
            let Some(input) = next else { break };
            self.handle(input);
        }
        self.running.set(false);
        let deadline = self.node.borrow().next_timeout();
        self.timer.set(now(), deadline);
    }

    fn handle(self: &Rc<Self>, input: Input) {
        let received = match &input {
            Input::Received { link, frame } => Some((*link, u32::try_from(frame.len()).unwrap_or(u32::MAX))),
            Input::LinkOpened { link, .. } => {
                self.handled.borrow_mut().insert(*link, 0);
                None
            }
            Input::LinkClosed { link, .. } => {
                self.handled.borrow_mut().remove(link);
                None
            }
            _ => None,
        };
        self.node.borrow_mut().handle(now(), input);
        self.drain();
        if let Some((link, bytes)) = received {
            self.count_handled(link, bytes);
        }
    }

    fn count_handled(&self, link: LinkId, bytes: u32) {
        if let Some(handled) = self.handled.borrow_mut().get_mut(&link) {
            *handled = handled.saturating_add(bytes);
            if *handled >= REPORT_HANDLED_BYTES {
                self.page.send_link(&LinkMessage::Handled(link, std::mem::take(handled)));
            }
        }
    }

    fn drain(self: &Rc<Self>) {
        loop {
            let next = self.node.borrow_mut().poll_output();
            let Some(output) = next else { break };
            self.perform(output);
        }
    }

    fn perform(self: &Rc<Self>, output: Output) {
        match output {
            Output::Tracker(message) => {
                if let Some(tracker) = self.tracker.get() {
                    tracker.send(&message);
                }
            }
            Output::IceServers(servers) => self.page.send(&ToPage::IceServers { servers }),
            Output::Dial { link, .. } => self.page.send(&ToPage::Dial { link }),
            Output::Answer { link, sdp, .. } => self.page.send(&ToPage::Answer { link, sdp }),
            Output::RemoteSignal { link, signal } => self.page.send(&ToPage::RemoteSignal { link, signal }),
            Output::Send { link, frame } => {
                self.page.send_link(&LinkMessage::Frame(link, Uint8Array::from(frame.as_slice()).buffer()));
            }
            Output::Close { link } => {
                self.handled.borrow_mut().remove(&link);
                self.page.send(&ToPage::Close { link });
            }
            Output::Verify { job, checks } => self.pool.verify(job, checks),
            Output::DeriveKey { job, derivation } => self.pool.derive(job, derivation),
            Output::Mine { job, header, threads } => self.pool.mine(job, header, threads),
            Output::StopMining => self.pool.stop_mining(),
            Output::Persist(batch) => {
                if let Some(keeper) = &self.keeper {
                    keeper.write(batch, Self::input_of(&Rc::downgrade(self)));
                    if keeper.facts_are_old() {
                        self.look_at_storage();
                    }
                }
            }
            Output::Load { job, queries } => {
                if let Some(keeper) = &self.keeper {
                    keeper.read(job, queries, Self::input_of(&Rc::downgrade(self)));
                }
            }
            Output::Event(event) => self.page.send(&ToPage::Event(event)),
            Output::Reply { id, result } => {
                let result = result.and_then(|response| to_json(&response));
                self.page.send(&ToPage::Reply { id, result });
            }
        }
    }

    fn give_entropy(self: &Rc<Self>) {
        // Without it the node refuses the request, and says why.
        if let Some(entropy) = fresh_entropy() {
            self.input(Input::Entropy(entropy));
        }
    }

    fn receive(self: &Rc<Self>, message: ToNode) {
        match message {
            // The page starts a node once.
            ToNode::Start(_) => {}
            ToNode::Refresh => {
                if let Some(tracker) = self.tracker.get() {
                    tracker.refresh();
                }
                self.input(Input::Tick);
            }
            ToNode::StorageChanged => self.look_at_storage(),
            ToNode::Request { id, request } => {
                if let Request::Wallet(request) = &request
                    && request.needs_entropy()
                {
                    self.give_entropy();
                }
                self.input(Input::Request { id, request });
            }
            ToNode::LocalSignal { link, signal } => self.input(Input::LocalSignal { link, signal }),
            ToNode::LinkOpened { link, binding } => self.input(Input::LinkOpened { link, binding }),
            ToNode::LinkRouted { link, route } => self.input(Input::LinkRouted { link, route }),
            ToNode::LinkClosed { link, reason } => self.input(Input::LinkClosed { link, reason }),
        }
    }
}

/// Random bytes of the operating system, by way of the browser.
fn fresh_entropy() -> Option<Entropy> {
    let mut bytes = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *bytes).ok().map(|()| Entropy::new(*bytes))
}

fn to_json(response: &Response) -> Result<Box<RawValue>, RequestError> {
    to_raw_value(response).map_err(|error| {
        RequestError::new(
            ErrorCode::Stopped,
            sentence!("the answer cannot be written: {error}", error = error.to_string()),
        )
    })
}

/// The node, and what comes before it is there.
#[derive(Default)]
struct Worker {
    driver: OnceCell<Rc<Driver>>,
    /// Messages that wait while the store is being opened.
    waiting: RefCell<Option<Vec<JsValue>>>,
}

impl Worker {
    /// Takes one message of the page.
    fn receive(self: &Rc<Self>, page: &Page, message: JsValue) {
        if let Some(driver) = self.driver.get() {
            return hand_on(driver, page, &message);
        }
        if let Some(waiting) = &mut *self.waiting.borrow_mut() {
            // The page bounds what it asks before the first answer.
            return waiting.push(message);
        }
        match message.as_string().map(|text| serde_json::from_str::<ToNode>(&text)) {
            Some(Ok(ToNode::Start(start))) => self.start(page.clone(), start),
            _ => page.send(&no_message()),
        }
    }

    /// Opens the store, then starts the node.
    fn start(self: &Rc<Self>, page: Page, start: NodeStart) {
        self.waiting.replace(Some(Vec::new()));
        let worker = Rc::clone(self);
        spawn_local(async move {
            let closed = Rc::downgrade(&worker);
            let on_close = move |error: StorageError| {
                let driver = closed.upgrade().and_then(|worker| worker.driver.get().cloned());
                if let Some(driver) = driver {
                    driver.input(Input::StorageFailed { reason: error.into() });
                }
            };
            let profile = Keeper::open(&start, on_close).await;
            match Driver::start(page.clone(), start, profile) {
                // Set here and nowhere else.
                Ok(started) => drop(worker.driver.set(started)),
                Err(error) => return page.send(&ToPage::Failed { message: error.into() }),
            }
            for message in worker.waiting.take().unwrap_or_default() {
                worker.receive(&page, message);
            }
        });
    }
}

fn no_message() -> ToPage {
    ToPage::Failed { message: sentence!("the page sent what is no message") }
}

fn hand_on(driver: &Rc<Driver>, page: &Page, message: &JsValue) {
    if let Some(message) = LinkMessage::from_js(message) {
        return driver.input(match message {
            LinkMessage::Frame(link, buffer) => Input::Received { link, frame: Uint8Array::new(&buffer).to_vec() },
            LinkMessage::Handled(link, bytes) => Input::Drained { link, bytes: u64::from(bytes) },
        });
    }
    match message.as_string().map(Zeroizing::new).map(|text| serde_json::from_str::<ToNode>(&text)) {
        Some(Ok(message)) => driver.receive(message),
        _ => page.send(&no_message()),
    }
}

/// Starts the node's worker in the worker that this runs in.
pub fn start() {
    on_panic(|place| Page(scope()).send(&ToPage::Failed { message: sentence!("stopped by a bug at {place}") }));
    let page = Page(scope());
    let worker = Rc::new(Worker::default());
    let answers = page.clone();
    let messages = Listener::new(&page.0, "message", move |event| {
        worker.receive(&answers, event.unchecked_into::<MessageEvent>().data());
    });
    // It lives as long as the worker, which ends by being terminated.
    std::mem::forget(messages);
    page.send(&ToPage::Ready);
}
