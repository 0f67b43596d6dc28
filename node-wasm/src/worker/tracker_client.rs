//! The node's WebSocket to the tracker, opened again whenever it closes or falls silent.
//!
//! It moves messages and answers none: what to say is the node's business.

use super::backoff::Backoff;
use crate::browser::{Listener, now};
use gloo_timers::callback::Timeout;
use js_sys::Math;
use node_core::contract::Input;
use node_core::units::Timestamp;
use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use std::time::Duration;
use tracker_protocol::{ClientMessage, MAX_MESSAGE_BYTES, ServerMessage};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{MessageEvent, WebSocket};

/// Bytes that may wait in the socket; what would come on top is dropped. A few rounds of signals to
/// every peer: a tracker that lets more pile up is not there.
const MAX_BUFFERED_BYTES: u32 = 1024 * 1024;

/// Time without a word of the tracker, in milliseconds, after which the connection counts as lost: it
/// pings every 20 s, and a connection whose network is gone would look open for many minutes.
const SILENT_AFTER_MS: u32 = 50_000;

/// The same when there is reason to doubt it: one ping is missing.
const DOUBTFUL_AFTER_MS: u64 = 25_000;

/// The connection to the tracker.
pub(super) struct TrackerClient(Rc<Inner>);

struct Inner {
    url: String,
    input: Box<dyn Fn(Input)>,
    socket: RefCell<Option<Socket>>,
    backoff: Cell<Backoff>,
    /// The next attempt, while `waiting` for it.
    retry: RefCell<Option<Timeout>>,
    waiting: Cell<bool>,
    /// When the tracker was heard last, and what happens if that is too long ago.
    heard: Cell<Timestamp>,
    silence: RefCell<Option<Timeout>>,
}

struct Socket {
    socket: WebSocket,
    _listeners: [Listener; 3],
}

impl TrackerClient {
    /// Connects to `url` and tells `input` what happens.
    pub(super) fn connect(url: String, input: impl Fn(Input) + 'static) -> Self {
        let inner = Rc::new(Inner {
            url,
            input: Box::new(input),
            socket: RefCell::default(),
            backoff: Cell::default(),
            retry: RefCell::default(),
            waiting: Cell::new(false),
            heard: Cell::default(),
            silence: RefCell::default(),
        });
        inner.open();
        Self(inner)
    }

    /// The network may be back, or another one: tries again at once where it would wait, and doubts a
    /// connection that has been quiet.
    pub(super) fn refresh(&self) {
        let inner = &self.0;
        if inner.waiting.get() {
            inner.retry.borrow_mut().take();
            inner.open();
        } else if now().since(inner.heard.get()) >= Duration::from_millis(DOUBTFUL_AFTER_MS) {
            inner.give_up();
            inner.retry.borrow_mut().take();
            inner.open();
        }
    }

    /// Sends a message if the connection is open and drains; drops it otherwise.
    pub(super) fn send(&self, message: &ClientMessage) {
        let socket = self.0.socket.borrow();
        let Some(Socket { socket, .. }) = socket.as_ref() else { return };
        if socket.ready_state() != WebSocket::OPEN || socket.buffered_amount() > MAX_BUFFERED_BYTES {
            return;
        }
        if let Ok(text) = serde_json::to_string(message) {
            // Fails only while connecting, which was ruled out.
            let _ = socket.send_with_str(&text);
        }
    }
}

impl Inner {
    fn open(self: &Rc<Self>) {
        self.waiting.set(false);
        self.hear();
        let Ok(socket) = WebSocket::new(&self.url) else { return self.closed() };
        let listeners = [
            self.on(&socket, "open", |inner, _| {
                inner.hear();
                (inner.input)(Input::TrackerOpened);
            }),
            self.on(&socket, "message", |inner, event| inner.received(&event.unchecked_into())),
            self.on(&socket, "close", |inner, _| inner.closed()),
        ];
        *self.socket.borrow_mut() = Some(Socket { socket, _listeners: listeners });
    }

    fn on(self: &Rc<Self>, socket: &WebSocket, event: &'static str, callback: fn(&Rc<Self>, JsValue)) -> Listener {
        let inner = Rc::downgrade(self);
        Listener::new(socket, event, move |event| {
            if let Some(inner) = Weak::upgrade(&inner) {
                callback(&inner, event);
            }
        })
    }

    /// The tracker gave a sign of life, or gets time for one.
    fn hear(self: &Rc<Self>) {
        self.heard.set(now());
        let inner = Rc::downgrade(self);
        let silence = Timeout::new(SILENT_AFTER_MS, move || {
            if let Some(inner) = inner.upgrade() {
                inner.give_up();
            }
        });
        *self.silence.borrow_mut() = Some(silence);
    }

    /// Leaves a connection that is of no use, without waiting for the other side to agree.
    fn give_up(self: &Rc<Self>) {
        let Some(Socket { socket, _listeners }) = self.socket.borrow_mut().take() else { return };
        // It is open or on its way to be; both can be closed.
        let _ = socket.close();
        self.closed();
    }

    fn received(self: &Rc<Self>, event: &MessageEvent) {
        self.hear();
        let text = event.data().as_string().filter(|text| text.len() <= MAX_MESSAGE_BYTES);
        let Some(message) = text.and_then(|text| serde_json::from_str::<ServerMessage>(&text).ok()) else {
            // Not a tracker, or one of another version: leave, and try again later.
            if let Some(Socket { socket, .. }) = self.socket.borrow().as_ref() {
                let _ = socket.close();
            }
            return;
        };
        // Only who was let in starts over with short waits: a tracker that opens the
        // door and refuses would be asked again and again otherwise.
        if matches!(message, ServerMessage::Welcome { .. }) {
            let mut backoff = self.backoff.get();
            backoff.reset();
            self.backoff.set(backoff);
        }
        (self.input)(Input::Tracker(message));
    }

    fn closed(self: &Rc<Self>) {
        if self.waiting.replace(true) {
            return;
        }
        let mut backoff = self.backoff.get();
        let wait = backoff.next(Math::random());
        self.backoff.set(backoff);
        let inner = Rc::downgrade(self);
        let retry = Timeout::new(u32::try_from(wait.as_millis()).unwrap_or(u32::MAX), move || {
            if let Some(inner) = inner.upgrade() {
                inner.open();
            }
        });
        *self.retry.borrow_mut() = Some(retry);
        (self.input)(Input::TrackerClosed);
    }
}
