//! The node's WebSocket to the tracker, opened again whenever it closes.
//!
//! It moves messages and answers none: what to say is the node's business.

use super::backoff::Backoff;
use crate::browser::Listener;
use gloo_timers::callback::Timeout;
use js_sys::Math;
use node_core::contract::Input;
use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use tracker_protocol::{ClientMessage, MAX_MESSAGE_BYTES, ServerMessage};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{MessageEvent, WebSocket};

/// Bytes that may wait in the socket; what would come on top is dropped. A few rounds of signals to
/// every peer: a tracker that lets more pile up is not there.
const MAX_BUFFERED_BYTES: u32 = 1024 * 1024;

/// The connection to the tracker.
pub(super) struct TrackerClient(Rc<Inner>);

struct Inner {
    url: String,
    input: Box<dyn Fn(Input)>,
    socket: RefCell<Option<Socket>>,
    backoff: Cell<Backoff>,
    retry: RefCell<Option<Timeout>>,
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
        });
        inner.open();
        Self(inner)
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
        let Ok(socket) = WebSocket::new(&self.url) else { return self.closed() };
        let listeners = [
            self.on(&socket, "open", |inner, _| (inner.input)(Input::TrackerOpened)),
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

    fn received(&self, event: &MessageEvent) {
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
