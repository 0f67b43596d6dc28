//! The peer connections of a tab: WebRTC lives on the page, the node behind it in a worker.
//!
//! [`Links`] does what the node's outputs say ([`node_core::contract::Output`]) and reports
//! what becomes of it as [`LinkEvent`]s. Each link has a queue of its own, so a slow
//! peer never delays another.

mod inbox;
mod link;
mod outbox;
mod report;
mod route;
mod sdp;

pub use report::Report;
pub use sdp::SdpError;

use crate::browser::describe;
use js_sys::{ArrayBuffer, JSON};
use link::Link;
use node_core::contract::{ChannelBinding, LinkId, RtcSignal};
use node_core::sentence::Say;
use node_core::view::Route;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;
use tracker_protocol::IceServer;
use wasm_bindgen_futures::spawn_local;
use web_sys::{RtcConfiguration, RtcPeerConnection};

/// Links at the same time, those that still close included. A node keeps 16 and tries
/// some more; Chromium gives a tab 500 connections, closed ones counted until they are collected.
const MAX_LINKS: usize = 128;

/// Why a link is closed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Say)]
pub enum LinkError {
    /// The tab has all the links it may have, or one of this name.
    #[error("too many links")]
    TooMany,
    /// The channel did not open in time.
    #[error("the connection was not made in time")]
    TimedOut,
    /// ICE or DTLS failed.
    #[error("the connection failed")]
    Failed,
    /// The other side closed it.
    #[error("closed by the other side")]
    Remote,
    /// The other side sent what is not a frame.
    #[error("the other side sent something that is not a frame")]
    BadFrame,
    /// The other side sends faster than the node works.
    #[error("the other side sends faster than this node works")]
    Flooding,
    /// The other side does not read what is sent to it.
    #[error("the other side does not read")]
    NotDraining,
    /// A session description names no certificate to bind to.
    #[error(transparent)]
    Sdp(#[from] SdpError),
    /// The browser refused a step, for instance a malformed description.
    #[error("the browser refused: {0}")]
    Browser(String),
}

/// What becomes of the links.
#[derive(Debug)]
pub enum LinkEvent {
    /// The other end must learn this.
    Signal {
        /// The link.
        link: LinkId,
        /// What.
        signal: RtcSignal,
    },
    /// The data channel is open.
    Opened {
        /// The link.
        link: LinkId,
        /// The same at both ends, unless somebody stands between them.
        binding: ChannelBinding,
    },
    /// The browser told over which kind of address an open link runs.
    Routed {
        /// The link.
        link: LinkId,
        /// The kind.
        route: Route,
    },
    /// A frame arrived.
    Frame {
        /// The link.
        link: LinkId,
        /// As it came. Its bytes count as unhandled until [`Links::handled`].
        frame: ArrayBuffer,
    },
    /// Bytes of frames that were sent have left this machine's queues.
    Drained {
        /// The link.
        link: LinkId,
        /// Since this was reported last.
        bytes: u32,
    },
    /// The link is gone. Not reported for links that [`Links::close`] closed.
    Closed {
        /// The link.
        link: LinkId,
        /// Why.
        error: LinkError,
    },
}

/// All links of a tab.
#[derive(Clone)]
pub struct Links(Rc<Inner>);

struct Inner {
    links: RefCell<BTreeMap<LinkId, Rc<Link>>>,
    configuration: RtcConfiguration,
    counts: Cell<Report>,
    report: Box<dyn Fn(LinkEvent)>,
}

impl Links {
    /// No links yet; `report` hears what becomes of those to come.
    pub fn new(report: impl Fn(LinkEvent) + 'static) -> Self {
        let configuration = RtcConfiguration::new();
        let counts = Cell::default();
        Self(Rc::new(Inner { links: RefCell::default(), configuration, counts, report: Box::new(report) }))
    }

    /// What came of the attempts to connect so far.
    pub fn report(&self) -> Report {
        self.0.counts.get()
    }

    /// Uses these servers for the connections to come.
    pub fn use_ice_servers(&self, servers: &[IceServer]) {
        // Serde cannot fail on these plain structures, nor the browser on its JSON.
        if let Some(list) = serde_json::to_string(servers).ok().and_then(|json| JSON::parse(&json).ok()) {
            self.0.configuration.set_ice_servers(&list);
        }
        let count = u32::try_from(servers.len()).unwrap_or(u32::MAX);
        self.0.count(|counts| counts.servers = count);
    }

    /// Makes a connection and an offer for it.
    pub fn dial(&self, id: LinkId) {
        if let Some(link) = self.insert(id, true) {
            spawn_local(link::offer(Rc::downgrade(&link)));
        }
    }

    /// Makes a connection and an answer to an offer.
    pub fn answer(&self, id: LinkId, sdp: String) {
        if let Some(link) = self.insert(id, false) {
            spawn_local(link::answer(Rc::downgrade(&link), sdp));
        }
    }

    /// Gives a link what its other end said: an answer or a candidate.
    pub fn remote_signal(&self, id: LinkId, signal: RtcSignal) {
        let Some(link) = self.get(id) else { return };
        match signal {
            RtcSignal::Answer { sdp } => spawn_local(link::accept(Rc::downgrade(&link), sdp)),
            RtcSignal::Candidate { candidate, mid, line } => {
                link.remote_candidate(link::Candidate { attribute: candidate, mid, line });
            }
            // A link has one offer, the one it was made with.
            RtcSignal::Offer { .. } => {}
        }
    }

    /// Sends a frame behind those before it. To a link that is gone it goes nowhere.
    pub fn send(&self, id: LinkId, frame: ArrayBuffer) {
        if let Some(link) = self.get(id) {
            link.send(frame);
        }
    }

    /// Takes back that so many bytes of this link's frames are unhandled.
    pub fn handled(&self, id: LinkId, bytes: u32) {
        if let Some(link) = self.get(id) {
            link.handled(bytes as usize);
        }
    }

    /// Closes a link behind what was sent before, and forgets it.
    pub fn close(&self, id: LinkId) {
        if let Some(link) = self.get(id) {
            link.close();
        }
    }

    /// Closes all links at once.
    pub fn close_all(&self) {
        let all: Vec<_> = self.0.links.borrow().values().cloned().collect();
        for link in all {
            link.finish();
        }
    }

    /// Links that are open or on their way to be, or still close.
    pub fn count(&self) -> usize {
        self.0.links.borrow().len()
    }

    fn get(&self, id: LinkId) -> Option<Rc<Link>> {
        self.0.links.borrow().get(&id).cloned()
    }

    fn insert(&self, id: LinkId, offerer: bool) -> Option<Rc<Link>> {
        let refuse = |error| {
            (self.0.report)(LinkEvent::Closed { link: id, error });
            None
        };
        if self.count() >= MAX_LINKS || self.get(id).is_some() {
            return refuse(LinkError::TooMany);
        }
        let connection = match RtcPeerConnection::new_with_configuration(&self.0.configuration) {
            Ok(connection) => connection,
            Err(error) => return refuse(LinkError::Browser(describe(&error))),
        };
        let link = Link::new(id, Rc::downgrade(&self.0), connection, offerer);
        self.0.links.borrow_mut().insert(id, Rc::clone(&link));
        self.0.count(|counts| counts.begun = counts.begun.saturating_add(1));
        Some(link)
    }
}

impl Inner {
    fn count(&self, change: impl FnOnce(&mut Report)) {
        let mut counts = self.counts.get();
        change(&mut counts);
        self.counts.set(counts);
    }

    /// Forgets a link. It is dropped in a task of its own, because one of its own
    /// event handlers may be running.
    fn forget(&self, id: LinkId) {
        let link = self.links.borrow_mut().remove(&id);
        spawn_local(async move { drop(link) });
    }
}

impl fmt::Debug for Links {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Links").field("links", &self.0.links.borrow().keys()).finish_non_exhaustive()
    }
}
