//! The page's side of the node: starts its worker, carries requests, answers and events,
//! and makes the WebRTC connections that the node asks for.

mod config;
mod profiles;
mod session;

pub(crate) use config::{DEFAULT_NETWORK, role_of, tracker_address};
pub use config::{StartConfig, StartError, check_chain};
pub use profiles::Listed;

use crate::browser::{Listener, describe, now, worker_error};
use crate::messages::{LinkMessage, NodeStart, ToNode, ToPage};
use crate::storage::ask_to_persist;
use crate::webrtc::{LinkEvent, Links, Report};
use futures_channel::oneshot;
use gloo_timers::callback::Timeout;
use js_sys::Array;
use node_core::params::ChainParams;
use node_core::request::{ErrorCode, Request, RequestError, RequestId};
use node_core::sentence::{Sentence, sentence};
use node_core::view::{Event, LogEntry, LogLevel};
use serde::de::DeserializeOwned;
use std::cell::{Cell, OnceCell, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::rc::{Rc, Weak};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::spawn_local;
use web_sys::{EventTarget, MessageEvent, Worker, WorkerOptions, WorkerType};
use zeroize::Zeroizing;

/// Script of the node's worker, in the folder of the workers.
const SCRIPT: &str = "node_worker_loader.js";

/// Time for the worker to load and say so, in milliseconds: half a megabyte over a slow line.
const READY_WITHIN_MS: u32 = 60_000;

/// Requests that may wait for their answers: far more than a page draws or a program
/// sensibly asks at once.
const MAX_PENDING: usize = 1_024;

type Answer = Result<String, RequestError>;
type Callback = Rc<dyn Fn(&Event)>;

/// A running node, seen from the page. Clones are the same node; it ends with the last of them.
#[derive(Clone)]
pub struct Client(Rc<Inner>);

struct Inner {
    config: StartConfig,
    worker: Worker,
    phase: RefCell<Phase>,
    links: OnceCell<Links>,
    pending: RefCell<BTreeMap<RequestId, oneshot::Sender<Answer>>>,
    next_request: Cell<u64>,
    subscribers: RefCell<BTreeMap<u64, Callback>>,
    next_subscriber: Cell<u64>,
    listeners: RefCell<Vec<Listener>>,
    /// The profile that the node has; `None` until it has started, and for one in memory.
    profile: RefCell<Option<String>>,
    /// Waits for a person, who makes it likely that the browser agrees to keep what is stored.
    first_touch: RefCell<Vec<Listener>>,
}

enum Phase {
    /// The worker loads. Requests wait: what is posted now is lost.
    Loading {
        waiting: Vec<ToNode>,
        ready: Option<oneshot::Sender<()>>,
        _deadline: Timeout,
    },
    Running,
    /// Over, and why.
    Failed(Sentence),
}

impl Client {
    /// Starts a node. It works from now on; requests wait until it can answer.
    pub fn start(config: StartConfig) -> Result<Self, StartError> {
        console_error_panic_hook::set_once();
        ChainParams::named(&config.network, &config.room)?;
        let workers = config.workers_url()?;
        let start = NodeStart {
            network: config.network.clone(),
            room: config.room.clone(),
            tracker: config.tracker.clone(),
            role: config.role,
            workers: workers.clone(),
            profile: config.profile.clone().or_else(|| session::profile(&config.network, &config.room)),
        };
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        options.set_name("tabchain node");
        let worker = Worker::new_with_options(&format!("{workers}{SCRIPT}"), &options)
            .map_err(|error| StartError::Worker(describe(&error)))?;
        let (ready, when_ready) = oneshot::channel();
        let client = Self(Inner::new(config, worker, ready));
        spawn_local(client.0.run_when_ready(start, when_ready));
        client.start_mining();
        client.0.ask_to_persist_later();
        Ok(client)
    }

    /// Id of the profile that the node has, once it has started; none for one in memory.
    pub fn profile(&self) -> Option<String> {
        self.0.profile.borrow().clone()
    }

    /// Asks the browser to keep what is stored until a person clears it; whether it does, if there is
    /// such a promise here.
    pub async fn keep_storage(&self) -> Option<bool> {
        let kept = ask_to_persist().await;
        self.0.post(&ToNode::StorageChanged);
        kept
    }

    /// Ends the node for good; `reason` is what requests hear from then on.
    pub fn stop(&self, reason: Sentence) {
        self.0.fail(reason);
    }

    /// What it was started with.
    pub fn config(&self) -> &StartConfig {
        &self.0.config
    }

    /// Why the node stopped, if it did. [`Event::Log`] with code `node-stopped` tells of it when
    /// it happens.
    pub fn failure(&self) -> Option<Sentence> {
        match &*self.0.phase.borrow() {
            Phase::Failed(message) => Some(message.clone()),
            Phase::Loading { .. } | Phase::Running => None,
        }
    }

    /// What came of the attempts to connect to peers; nothing before the node runs.
    pub fn connections(&self) -> Option<Report> {
        self.0.links.get().map(Links::report)
    }

    /// Asks the node. `T` is what the request's documentation names, from [`crate::view`].
    pub async fn request<T: DeserializeOwned>(&self, request: Request) -> Result<T, RequestError> {
        let json = self.request_json(request).await?;
        serde_json::from_str(&json).map_err(|error| {
            RequestError::new(
                ErrorCode::BadRequest,
                sentence!("the answer is of another type: {error}", error = error.to_string()),
            )
        })
    }

    /// Asks the node for its answer in JSON.
    pub async fn request_json(&self, request: Request) -> Answer {
        let (id, answer) = self.0.ask(request)?;
        // Forgets the request also when nobody waits for it any more.
        let _pending = Pending { client: Rc::downgrade(&self.0), id };
        answer.await.unwrap_or_else(|oneshot::Canceled| Err(self.0.stopped()))
    }

    /// Calls `callback` for every event until the subscription is dropped.
    pub fn subscribe(&self, callback: impl Fn(&Event) + 'static) -> Subscription {
        let id = self.0.next_subscriber.get();
        self.0.next_subscriber.set(id + 1);
        self.0.subscribers.borrow_mut().insert(id, Rc::new(callback));
        Subscription { client: Rc::downgrade(&self.0), id }
    }

    /// Mines from the start, if the configuration says so.
    fn start_mining(&self) {
        let threads = self.0.config.mine;
        if threads == 0 {
            return;
        }
        let client = self.clone();
        spawn_local(async move {
            if let Err(error) = client.request_json(Request::MinerStart { threads: Some(threads) }).await {
                client.0.emit(&warning("mining-failed", error.message));
            }
        });
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Client").field("config", &self.0.config).finish_non_exhaustive()
    }
}

/// Keeps a callback subscribed.
#[must_use = "dropped, it ends the subscription"]
pub struct Subscription {
    client: Weak<Inner>,
    id: u64,
}

impl fmt::Debug for Subscription {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Subscription").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        if let Some(client) = self.client.upgrade() {
            // Dropped outside of the borrow: the callback may own another subscription.
            let callback = client.subscribers.borrow_mut().remove(&self.id);
            drop(callback);
        }
    }
}

/// A request that waits for its answer.
struct Pending {
    client: Weak<Inner>,
    id: RequestId,
}

impl Drop for Pending {
    fn drop(&mut self) {
        if let Some(client) = self.client.upgrade() {
            client.pending.borrow_mut().remove(&self.id);
        }
    }
}

impl Inner {
    fn new(config: StartConfig, worker: Worker, ready: oneshot::Sender<()>) -> Rc<Self> {
        Rc::new_cyclic(|inner: &Weak<Self>| {
            let late = Weak::clone(inner);
            let deadline = Timeout::new(READY_WITHIN_MS, move || {
                if let Some(inner) = late.upgrade() {
                    inner.fail(sentence!("the node's worker did not start in time"));
                }
            });
            let listeners = vec![
                Self::on(inner, &worker, "message", |inner, event| {
                    inner.receive(&event.unchecked_into::<MessageEvent>().data());
                }),
                Self::on(inner, &worker, "messageerror", |inner, _| {
                    inner.fail(sentence!("a message of the node's worker cannot be read"));
                }),
                Self::on(inner, &worker, "error", |inner, event| {
                    inner.fail(sentence!("the node's worker failed: {error}", error = worker_error(&event)));
                }),
            ];
            Self {
                config,
                worker,
                phase: RefCell::new(Phase::Loading { waiting: Vec::new(), ready: Some(ready), _deadline: deadline }),
                links: OnceCell::new(),
                pending: RefCell::default(),
                next_request: Cell::new(0),
                subscribers: RefCell::default(),
                next_subscriber: Cell::new(0),
                listeners: RefCell::new(listeners),
                profile: RefCell::default(),
                first_touch: RefCell::default(),
            }
        })
    }

    fn on(inner: &Weak<Self>, target: &EventTarget, event: &'static str, callback: fn(&Rc<Self>, JsValue)) -> Listener {
        let inner = Weak::clone(inner);
        Listener::new(target, event, move |event| {
            if let Some(inner) = inner.upgrade() {
                callback(&inner, event);
            }
        })
    }

    /// Starts the node as soon as its worker listens.
    fn run_when_ready(
        self: &Rc<Self>,
        start: NodeStart,
        ready: oneshot::Receiver<()>,
    ) -> impl Future<Output = ()> + 'static {
        let inner = Rc::downgrade(self);
        async move {
            if ready.await.is_ok()
                && let Some(inner) = inner.upgrade()
            {
                inner.run(start);
            }
        }
    }

    fn run(self: &Rc<Self>, start: NodeStart) {
        let previous = self.phase.replace(Phase::Running);
        let Phase::Loading { waiting, .. } = previous else {
            *self.phase.borrow_mut() = previous;
            return;
        };
        let inner = Rc::downgrade(self);
        let links = Links::new(move |event| {
            if let Some(inner) = inner.upgrade() {
                inner.link_event(event);
            }
        });
        // Set here and nowhere else.
        let _ = self.links.set(links);
        self.listen_to_life();
        self.post(&ToNode::Start(start));
        for message in &waiting {
            self.post(message);
        }
    }

    /// Tells the node when the network is back, or the page after it was hidden or frozen: what it
    /// waits for by the clock may be due now.
    fn listen_to_life(self: &Rc<Self>) {
        let Some(window) = web_sys::window() else { return };
        let mut listeners = self.listeners.borrow_mut();
        let inner = Rc::downgrade(self);
        listeners.push(Self::on(&inner, &window, "online", |inner, _| inner.post(&ToNode::Refresh)));
        if let Some(document) = window.document() {
            listeners.push(Self::on(&inner, &document, "resume", |inner, _| inner.post(&ToNode::Refresh)));
            listeners.push(Self::on(&inner, &document, "visibilitychange", |inner, _| {
                let seen = web_sys::window().and_then(|window| window.document()).is_some_and(|page| !page.hidden());
                if seen {
                    inner.post(&ToNode::Refresh);
                }
            }));
        }
    }

    /// Asks the browser to keep what is stored, when a person first touches the page: some browsers
    /// show a question, which should not come out of nowhere.
    fn ask_to_persist_later(self: &Rc<Self>) {
        let Some(window) = web_sys::window() else { return };
        let listen = |event| {
            let inner = Rc::downgrade(self);
            Listener::new(&window, event, move |_| {
                let Some(inner) = inner.upgrade() else { return };
                let listeners = std::mem::take(&mut *inner.first_touch.borrow_mut());
                if listeners.is_empty() {
                    return;
                }
                // Apart from this call, because one of these is running it.
                spawn_local(async move {
                    drop(listeners);
                    if ask_to_persist().await.is_some() {
                        inner.post(&ToNode::StorageChanged);
                    }
                });
            })
        };
        self.first_touch.replace(vec![listen("pointerdown"), listen("keydown")]);
    }

    fn ask(&self, request: Request) -> Result<(RequestId, oneshot::Receiver<Answer>), RequestError> {
        if self.pending.borrow().len() >= MAX_PENDING {
            let message = sentence!("{MAX_PENDING} requests wait for their answers already");
            return Err(RequestError::new(ErrorCode::BadRequest, message));
        }
        let id = RequestId(self.next_request.get());
        let message = ToNode::Request { id, request };
        match &mut *self.phase.borrow_mut() {
            Phase::Failed(_) => {}
            Phase::Loading { waiting, .. } => waiting.push(message),
            Phase::Running => self.post(&message),
        }
        if let Phase::Failed(_) = &*self.phase.borrow() {
            return Err(self.stopped());
        }
        self.next_request.set(id.0 + 1);
        let (sender, receiver) = oneshot::channel();
        self.pending.borrow_mut().insert(id, sender);
        Ok((id, receiver))
    }

    fn stopped(&self) -> RequestError {
        let message = match &*self.phase.borrow() {
            Phase::Failed(message) => message.clone(),
            Phase::Loading { .. } | Phase::Running => sentence!("the node was stopped"),
        };
        RequestError::new(ErrorCode::Stopped, message)
    }

    fn post(&self, message: &ToNode) {
        // Neither can fail: the messages are plain data, and a text can always be cloned.
        if let Ok(text) = serde_json::to_string(message).map(Zeroizing::new) {
            let _ = self.worker.post_message(&JsValue::from_str(&text));
        }
    }

    fn receive(&self, message: &JsValue) {
        match LinkMessage::from_js(message) {
            Some(LinkMessage::Frame(link, frame)) => return self.with_links(|links| links.send(link, frame)),
            Some(LinkMessage::Handled(link, bytes)) => return self.with_links(|links| links.handled(link, bytes)),
            None => {}
        }
        let parsed = message.as_string().map(|text| serde_json::from_str::<ToPage>(&text));
        match parsed {
            Some(Ok(message)) => self.perform(message),
            Some(Err(error)) => self
                .fail(sentence!("a message of the node's worker cannot be read: {error}", error = error.to_string())),
            None => self.fail(sentence!("the node's worker sent what is no message")),
        }
    }

    fn perform(&self, message: ToPage) {
        match message {
            ToPage::Ready => {
                if let Phase::Loading { ready, .. } = &mut *self.phase.borrow_mut()
                    && let Some(ready) = ready.take()
                {
                    // Nobody listens when the client was dropped meanwhile.
                    let _ = ready.send(());
                }
            }
            ToPage::Failed { message } => self.fail(message),
            ToPage::Started { profile } => {
                if let Some(id) = &profile {
                    session::keep_profile(&self.config.network, &self.config.room, id);
                }
                self.profile.replace(profile);
            }
            ToPage::Event(event) => self.emit(&event),
            ToPage::Reply { id, result } => {
                let sender = self.pending.borrow_mut().remove(&id);
                if let Some(sender) = sender {
                    // Nobody waits when the request was given up.
                    let _ = sender.send(result.map(|json| json.get().to_owned()));
                }
            }
            ToPage::IceServers { servers } => self.with_links(|links| links.use_ice_servers(&servers)),
            ToPage::Dial { link } => self.with_links(|links| links.dial(link)),
            ToPage::Answer { link, sdp } => self.with_links(|links| links.answer(link, sdp)),
            ToPage::RemoteSignal { link, signal } => self.with_links(|links| links.remote_signal(link, signal)),
            ToPage::Close { link } => self.with_links(|links| links.close(link)),
        }
    }

    fn with_links(&self, act: impl FnOnce(&Links)) {
        if let Some(links) = self.links.get() {
            act(links);
        }
    }

    fn link_event(&self, event: LinkEvent) {
        match event {
            LinkEvent::Signal { link, signal } => self.post(&ToNode::LocalSignal { link, signal }),
            LinkEvent::Opened { link, binding } => self.post(&ToNode::LinkOpened { link, binding }),
            LinkEvent::Routed { link, route } => self.post(&ToNode::LinkRouted { link, route }),
            LinkEvent::Frame { link, frame } => self.post_to_link(&LinkMessage::Frame(link, frame)),
            LinkEvent::Drained { link, bytes } => self.post_to_link(&LinkMessage::Handled(link, bytes)),
            LinkEvent::Closed { link, error } => {
                self.post(&ToNode::LinkClosed { link, reason: error.into() });
            }
        }
    }

    fn post_to_link(&self, message: &LinkMessage) {
        let (message, transfer): (JsValue, Array) = message.to_js();
        // Fails only for values that cannot be transferred; a received buffer can.
        let _ = self.worker.post_message_with_transfer(&message, &transfer);
    }

    /// Calls every subscriber; those may subscribe, end subscriptions and ask meanwhile.
    fn emit(&self, event: &Event) {
        let callbacks: Vec<Callback> = self.subscribers.borrow().values().cloned().collect();
        for callback in callbacks {
            callback(event);
        }
    }

    /// The node cannot go on: ends everything and says so to everybody who waits or listens.
    fn fail(&self, message: Sentence) {
        if matches!(&*self.phase.borrow(), Phase::Failed(_)) {
            return;
        }
        let ended = self.phase.replace(Phase::Failed(message.clone()));
        self.worker.terminate();
        self.with_links(Links::close_all);
        let pending = std::mem::take(&mut *self.pending.borrow_mut());
        let listeners = std::mem::take(&mut *self.listeners.borrow_mut());
        // Apart from this call, because one of these may be running it. Senders that go end their requests.
        spawn_local(async move { drop((ended, pending, listeners)) });
        self.emit(&warning("node-stopped", message));
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.worker.terminate();
        if let Some(links) = self.links.get() {
            links.close_all();
        }
    }
}

/// A line that the page itself adds to the log; number 0, for it is not one of the node's.
fn warning(code: &str, message: Sentence) -> Event {
    Event::Log(LogEntry {
        sequence: 0,
        time: now(),
        level: LogLevel::Warning,
        code: code.to_owned(),
        message,
        peer: None,
        subject: None,
    })
}
