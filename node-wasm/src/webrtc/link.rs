//! One peer connection and its data channel.

use super::inbox::{Flooded, Inbox};
use super::outbox::{Full, LOW_WATER, Outbox, REPORT_DRAINED_BYTES};
use super::report::Report;
use super::route::route_of;
use super::sdp::channel_binding;
use super::{Inner, LinkError, LinkEvent};
use crate::browser::{Listener, describe};
use gloo_timers::callback::Timeout;
use js_sys::{ArrayBuffer, Promise};
use node_core::contract::{LinkId, RtcSignal};
use node_core::net::frame::MAX_FRAME_BYTES;
use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{
    MessageEvent, RtcDataChannel, RtcDataChannelEvent, RtcDataChannelState, RtcDataChannelType, RtcIceCandidateInit,
    RtcPeerConnection, RtcPeerConnectionIceEvent, RtcPeerConnectionState, RtcSdpType, RtcSessionDescriptionInit,
};

/// Name of the one data channel, which is ordered and reliable.
const CHANNEL: &str = "tabchain";

/// Time from the start to an open channel, in milliseconds: signals may cross several relaying
/// peers and a hidden tab, and ICE retries lost packets for some seconds.
const CONNECT_WITHIN_MS: u32 = 15_000;

/// Time for what was sent to leave after the order to close, in milliseconds.
const CLOSE_WITHIN_MS: u32 = 5_000;

/// Candidates that wait for a description, in each direction. A connection of a tab has under
/// twenty, with many network interfaces.
const MAX_WAITING_CANDIDATES: usize = 64;

/// One trickled ICE candidate.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub(super) attribute: String,
    pub(super) mid: Option<String>,
    pub(super) line: Option<u16>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Descriptions and candidates travel.
    Connecting,
    /// The channel is open.
    Open,
    /// What was sent is still leaving; nobody hears of this link any more.
    Closing,
    /// Over.
    Closed,
}

/// Candidates that arrive before the description they belong to.
#[derive(Debug)]
enum Candidates {
    Waiting(Vec<Candidate>),
    Flowing,
}

impl Candidates {
    /// Keeps a candidate for later, or gives it back to use now.
    fn offer(&mut self, candidate: Candidate) -> Option<Candidate> {
        match self {
            Self::Flowing => Some(candidate),
            Self::Waiting(waiting) => {
                if waiting.len() < MAX_WAITING_CANDIDATES {
                    waiting.push(candidate);
                }
                None
            }
        }
    }

    /// The description is there: gives what waited.
    fn flow(&mut self) -> Vec<Candidate> {
        match std::mem::replace(self, Self::Flowing) {
            Self::Waiting(waiting) => waiting,
            Self::Flowing => Vec::new(),
        }
    }
}

/// One peer connection and its data channel.
pub(super) struct Link {
    id: LinkId,
    owner: Weak<Inner>,
    connection: RtcPeerConnection,
    offerer: bool,
    state: Cell<State>,
    channel: RefCell<Option<RtcDataChannel>>,
    local_candidates: RefCell<Candidates>,
    remote_candidates: RefCell<Candidates>,
    outbox: RefCell<Outbox<ArrayBuffer>>,
    inbox: RefCell<Inbox<ArrayBuffer>>,
    /// Bytes that the channel took, and of these the ones that the node knows to have left.
    taken: Cell<u64>,
    drained: Cell<u64>,
    listeners: RefCell<Vec<Listener>>,
    /// The deadline of the state it is in.
    deadline: RefCell<Option<Timeout>>,
}

impl Link {
    pub(super) fn new(id: LinkId, owner: Weak<Inner>, connection: RtcPeerConnection, offerer: bool) -> Rc<Self> {
        let link = Rc::new(Self {
            id,
            owner,
            connection,
            offerer,
            state: Cell::new(State::Connecting),
            channel: RefCell::default(),
            local_candidates: RefCell::new(Candidates::Waiting(Vec::new())),
            remote_candidates: RefCell::new(Candidates::Waiting(Vec::new())),
            outbox: RefCell::new(Outbox::new()),
            inbox: RefCell::new(Inbox::new()),
            taken: Cell::new(0),
            drained: Cell::new(0),
            listeners: RefCell::default(),
            deadline: RefCell::default(),
        });
        link.listen_to_connection();
        link.set_deadline(CONNECT_WITHIN_MS, |link| link.fail(LinkError::TimedOut));
        link
    }

    fn listen_to_connection(self: &Rc<Self>) {
        let mut listeners = self.listeners.borrow_mut();
        listeners.push(self.on(&self.connection, "icecandidate", |link, event| {
            let candidate = event.unchecked_into::<RtcPeerConnectionIceEvent>().candidate();
            // The end of candidates comes as none or as an empty one; the other end does without.
            let Some(found) = candidate.filter(|found| !found.candidate().is_empty()) else { return };
            link.local_candidate(Candidate {
                attribute: found.candidate(),
                mid: found.sdp_mid(),
                line: found.sdp_m_line_index(),
            });
        }));
        listeners.push(self.on(&self.connection, "connectionstatechange", |link, _| {
            if matches!(
                link.connection.connection_state(),
                RtcPeerConnectionState::Failed | RtcPeerConnectionState::Closed
            ) {
                link.fail(LinkError::Failed);
            }
        }));
        if !self.offerer {
            listeners.push(self.on(&self.connection, "datachannel", |link, event| {
                let channel = event.unchecked_into::<RtcDataChannelEvent>().channel();
                if channel.label() == CHANNEL && link.channel.borrow().is_none() {
                    link.adopt(channel);
                } else {
                    channel.close();
                }
            }));
        }
    }

    /// Calls `callback` with this link for each such event, as long as it is not closed.
    fn on(
        self: &Rc<Self>,
        target: &web_sys::EventTarget,
        event: &'static str,
        callback: fn(&Rc<Self>, JsValue),
    ) -> Listener {
        let link = Rc::downgrade(self);
        Listener::new(target, event, move |event| {
            if let Some(link) = link.upgrade().filter(|link| link.state.get() != State::Closed) {
                callback(&link, event);
            }
        })
    }

    fn set_deadline(self: &Rc<Self>, after_ms: u32, act: fn(&Self)) {
        let link = Rc::downgrade(self);
        let timeout = Timeout::new(after_ms, move || {
            if let Some(link) = link.upgrade() {
                act(&link);
            }
        });
        // A fresh deadline drops the one before, which cancels it.
        *self.deadline.borrow_mut() = Some(timeout);
    }

    fn report(&self, event: LinkEvent) {
        if let Some(owner) = self.owner.upgrade() {
            (owner.report)(event);
        }
    }

    fn count(&self, change: impl FnOnce(&mut Report)) {
        if let Some(owner) = self.owner.upgrade() {
            owner.count(change);
        }
    }

    fn signal(&self, signal: RtcSignal) {
        self.report(LinkEvent::Signal { link: self.id, signal });
    }

    /// Begins to use the data channel.
    fn adopt(self: &Rc<Self>, channel: RtcDataChannel) {
        channel.set_binary_type(RtcDataChannelType::Arraybuffer);
        channel.set_buffered_amount_low_threshold(LOW_WATER);
        let listeners = [
            self.on(&channel, "open", |link, _| link.opened()),
            self.on(&channel, "message", |link, event| link.received(&event.unchecked_into())),
            self.on(&channel, "bufferedamountlow", |link, _| {
                link.pump();
                link.report_drained(1);
            }),
            self.on(&channel, "close", |link, _| link.fail(LinkError::Remote)),
        ];
        self.listeners.borrow_mut().extend(listeners);
        *self.channel.borrow_mut() = Some(channel);
        self.check_open();
    }

    fn check_open(self: &Rc<Self>) {
        let open =
            self.channel.borrow().as_ref().is_some_and(|channel| channel.ready_state() == RtcDataChannelState::Open);
        if open {
            self.opened();
        }
    }

    /// The channel is open and the descriptions are there, whichever comes last: the network may be
    /// faster than the browser's promise that a description is in force.
    fn opened(self: &Rc<Self>) {
        let (Some(local), Some(remote)) = (self.connection.local_description(), self.connection.remote_description())
        else {
            return;
        };
        if self.state.get() != State::Connecting {
            return;
        }
        let (local, remote) = (local.sdp(), remote.sdp());
        let (offer, answer) = if self.offerer { (&local, &remote) } else { (&remote, &local) };
        match channel_binding(offer, answer) {
            Err(error) => self.fail(LinkError::Sdp(error)),
            Ok(binding) => {
                self.state.set(State::Open);
                self.count(|counts| counts.opened = counts.opened.saturating_add(1));
                self.deadline.borrow_mut().take();
                self.report(LinkEvent::Opened { link: self.id, binding });
                let early = self.inbox.borrow_mut().open();
                for frame in early {
                    self.report(LinkEvent::Frame { link: self.id, frame });
                }
                spawn_local(Rc::clone(self).tell_route());
                self.pump();
            }
        }
    }

    async fn tell_route(self: Rc<Self>) {
        let route = route_of(&self.connection).await;
        if let Some(route) = route.filter(|_| self.state.get() == State::Open) {
            self.report(LinkEvent::Routed { link: self.id, route });
        }
    }

    fn received(&self, event: &MessageEvent) {
        if !matches!(self.state.get(), State::Connecting | State::Open) {
            return;
        }
        let Ok(frame) = event.data().dyn_into::<ArrayBuffer>() else { return self.fail(LinkError::BadFrame) };
        let length = frame.byte_length() as usize;
        if length > MAX_FRAME_BYTES {
            return self.fail(LinkError::BadFrame);
        }
        let taken = self.inbox.borrow_mut().take(frame, length);
        match taken {
            Ok(Some(frame)) => self.report(LinkEvent::Frame { link: self.id, frame }),
            Ok(None) => {}
            Err(Flooded) => self.fail(LinkError::Flooding),
        }
    }

    pub(super) fn handled(&self, bytes: usize) {
        self.inbox.borrow_mut().handled(bytes);
    }

    pub(super) fn send(self: &Rc<Self>, frame: ArrayBuffer) {
        if !matches!(self.state.get(), State::Connecting | State::Open) {
            return;
        }
        let length = frame.byte_length() as usize;
        let pushed = self.outbox.borrow_mut().push(frame, length);
        match pushed {
            Ok(()) => self.pump(),
            Err(Full) => self.fail(LinkError::NotDraining),
        }
    }

    /// Gives the channel what it has room for; closes it when all has left and it shall close.
    fn pump(&self) {
        let state = self.state.get();
        let channel = self.channel.borrow().clone();
        let Some(channel) = channel.filter(|_| matches!(state, State::Open | State::Closing)) else { return };
        loop {
            let next = self.outbox.borrow_mut().pop(channel.buffered_amount() as usize);
            let Some(frame) = next else { break };
            if let Err(error) = channel.send_with_array_buffer(&frame) {
                return self.fail(LinkError::Browser(describe(&error)));
            }
            self.taken.set(self.taken.get() + u64::from(frame.byte_length()));
        }
        self.report_drained(REPORT_DRAINED_BYTES);
        if state == State::Closing && self.outbox.borrow().is_empty() {
            // What the channel holds still leaves before it reports that it is closed.
            channel.close();
        }
    }

    /// Tells the node what has left since it was told last, if it is at least so much.
    fn report_drained(&self, least: u64) {
        let held = self.channel.borrow().as_ref().map_or(0, |channel| u64::from(channel.buffered_amount()));
        let drained = self.taken.get().saturating_sub(held);
        let bytes = drained.saturating_sub(self.drained.get());
        if bytes >= least && self.state.get() == State::Open {
            self.drained.set(drained);
            let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
            self.report(LinkEvent::Drained { link: self.id, bytes });
        }
    }

    fn local_candidate(&self, candidate: Candidate) {
        self.count(|counts| counts.found(&candidate.attribute));
        let now = self.local_candidates.borrow_mut().offer(candidate);
        if let Some(Candidate { attribute: candidate, mid, line }) = now {
            self.signal(RtcSignal::Candidate { candidate, mid, line });
        }
    }

    pub(super) fn remote_candidate(&self, candidate: Candidate) {
        self.count(|counts| counts.remote = counts.remote.saturating_add(1));
        let now = self.remote_candidates.borrow_mut().offer(candidate);
        if let Some(candidate) = now {
            self.use_candidate(&candidate);
        }
    }

    fn use_candidate(&self, candidate: &Candidate) {
        if !matches!(self.state.get(), State::Connecting | State::Open) {
            return;
        }
        let init = RtcIceCandidateInit::new(&candidate.attribute);
        init.set_sdp_mid(candidate.mid.as_deref());
        init.set_sdp_m_line_index(candidate.line);
        let added = self.connection.add_ice_candidate_with_opt_rtc_ice_candidate_init(Some(&init));
        spawn_local(async move {
            // A candidate that the browser cannot use is like one that does not connect.
            let _ = JsFuture::from(added).await;
        });
    }

    /// The local description is in force: tells the other end, then the candidates found so far.
    fn describe_to_peer(self: &Rc<Self>) {
        let Some(description) = self.connection.local_description() else { return };
        let sdp = description.sdp();
        self.signal(if self.offerer { RtcSignal::Offer { sdp } } else { RtcSignal::Answer { sdp } });
        let found = self.local_candidates.borrow_mut().flow();
        for Candidate { attribute: candidate, mid, line } in found {
            self.signal(RtcSignal::Candidate { candidate, mid, line });
        }
        self.check_open();
    }

    /// The remote description is in force: uses the candidates that came before it.
    fn use_waiting_candidates(self: &Rc<Self>) {
        let waiting = self.remote_candidates.borrow_mut().flow();
        for candidate in &waiting {
            self.use_candidate(candidate);
        }
        self.check_open();
    }

    fn set_remote(&self, kind: RtcSdpType, sdp: &str) -> Promise {
        let init = RtcSessionDescriptionInit::new(kind);
        init.set_sdp(sdp);
        self.connection.set_remote_description(&init)
    }

    /// Closes behind what was sent; nothing is reported of this link from now on.
    pub(super) fn close(self: &Rc<Self>) {
        match self.state.get() {
            State::Connecting => self.finish(),
            State::Open => {
                self.state.set(State::Closing);
                self.set_deadline(CLOSE_WITHIN_MS, Self::finish);
                self.pump();
            }
            State::Closing | State::Closed => {}
        }
    }

    /// Closes at once and reports why, unless nobody is to hear of it.
    fn fail(&self, error: LinkError) {
        let state = self.state.get();
        self.finish();
        if state == State::Connecting {
            self.count(|counts| counts.ended(&error));
        }
        if matches!(state, State::Connecting | State::Open) {
            self.report(LinkEvent::Closed { link: self.id, error });
        }
    }

    /// Closes at once and forgets.
    pub(super) fn finish(&self) {
        if self.state.replace(State::Closed) != State::Closed {
            self.connection.close();
            if let Some(owner) = self.owner.upgrade() {
                owner.forget(self.id);
            }
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.connection.close();
    }
}

/// Awaits a step of the browser. Holds no link meanwhile: a connection that is closed in
/// between never answers.
async fn step(promise: Result<Promise, LinkError>) -> Result<JsValue, LinkError> {
    JsFuture::from(promise?).await.map_err(|error| LinkError::Browser(describe(&error)))
}

fn with(link: &Weak<Link>, act: impl FnOnce(&Rc<Link>) -> Promise) -> Result<Promise, LinkError> {
    let link = link.upgrade().filter(|link| link.state.get() == State::Connecting).ok_or(LinkError::Failed)?;
    Ok(act(&link))
}

/// Ends the setup of a link if it failed.
fn conclude(link: &Weak<Link>, outcome: Result<(), LinkError>) {
    if let (Some(link), Err(error)) = (link.upgrade(), outcome) {
        link.fail(error);
    }
}

/// Makes the channel and the offer.
pub(super) async fn offer(link: Weak<Link>) {
    let outcome = async {
        let made = with(&link, |link| {
            link.adopt(link.connection.create_data_channel(CHANNEL));
            link.connection.create_offer()
        });
        let offer = step(made).await?;
        step(with(&link, |link| link.connection.set_local_description(offer.unchecked_ref()))).await?;
        if let Some(link) = link.upgrade() {
            link.describe_to_peer();
        }
        Ok(())
    };
    conclude(&link, outcome.await);
}

/// Takes the offer and makes the answer.
pub(super) async fn answer(link: Weak<Link>, sdp: String) {
    let outcome = async {
        step(with(&link, |link| link.set_remote(RtcSdpType::Offer, &sdp))).await?;
        if let Some(link) = link.upgrade() {
            link.use_waiting_candidates();
        }
        let answer = step(with(&link, |link| link.connection.create_answer())).await?;
        step(with(&link, |link| link.connection.set_local_description(answer.unchecked_ref()))).await?;
        if let Some(link) = link.upgrade() {
            link.describe_to_peer();
        }
        Ok(())
    };
    conclude(&link, outcome.await);
}

/// Takes the answer to the link's own offer.
pub(super) async fn accept(link: Weak<Link>, sdp: String) {
    let outcome = async {
        step(with(&link, |link| link.set_remote(RtcSdpType::Answer, &sdp))).await?;
        if let Some(link) = link.upgrade() {
            link.use_waiting_candidates();
        }
        Ok(())
    };
    conclude(&link, outcome.await);
}
