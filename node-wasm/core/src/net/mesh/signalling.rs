//! Signals of the mesh: which way they go, and what is done with those that come.
//!
//! With the tracker joined they go through it, except to a peer whose own signals came over links,
//! or that the tracker does not reach. Without it they go over links.

use super::{CALL_TIMEOUT, Call, Context, Mesh};
use crate::contract::{LinkId, Output, RtcSignal};
use crate::log::Line;
use crate::net::offence::Offence;
use crate::net::peers::{Choice, MAX_LINKS};
use crate::net::relay::RelayedSignal;
use crate::net::signal::{self, Opened, SignalBody};
use crate::sentence::sentence;
use crate::units::Timestamp;
use crate::view::{PeerState, TrackerState};
use rand_core::Rng;
use std::time::Duration;
use tracker_protocol::{ClientMessage, PeerId};

/// Signals for one link under way that are kept to be sent again over links: a description and
/// more candidates than any browser makes.
const MAX_UNCONFIRMED: usize = 64;
/// Answers "no room" a second in the long run; each costs a signature.
pub(super) const REFUSAL_RATE: f64 = 2.0;
/// Such answers at once.
pub(super) const REFUSAL_BURST: f64 = 20.0;

impl Mesh {
    /// The browser made a description or candidate for a link: on its way to the peer.
    pub fn on_local_signal(&mut self, context: &mut Context, link: LinkId, signal: RtcSignal) {
        if let Some(peer) = context.peers.get(link) {
            let (to, session) = (peer.id, peer.session);
            self.send_signal(context, to, SignalBody::Rtc { session, signal });
        }
    }

    /// A peer passed on a signal.
    pub fn on_relay(&mut self, context: &mut Context, link: LinkId, signal: RelayedSignal) -> Result<(), Offence> {
        let (from, via) = (signal.from, self.candidates.via(&signal.to));
        if let Some(opened) = self.relay.take(context, link, signal, &via)? {
            self.on_signal(context, from, opened);
        }
        Ok(())
    }

    pub(super) fn on_tracker_signal(&mut self, context: &mut Context, from: PeerId, payload: &str) {
        if context.peers.is_banned(&from, context.now) {
            return;
        }
        match signal::open(payload, self.genesis, from, self.id) {
            Ok(opened) => {
                self.relay.note(payload);
                self.on_signal(context, from, opened);
            }
            Err(error) => context.log(Line::rejected("bad-signal", error).peer(from)),
        }
    }

    pub(super) fn on_undeliverable(&mut self, context: &mut Context, to: PeerId) {
        let link = context.peers.find(&to);
        let opening =
            link.filter(|link| context.peers.get(*link).is_some_and(|peer| peer.state == PeerState::Connecting));
        if opening.is_none() && !self.called.contains_key(&to) {
            return self.candidates.failed(to, context.now);
        }
        if self.off_tracker.contains(&to) {
            return;
        }
        // Somebody may know it who has left the tracker himself.
        let via = self.candidates.via(&to);
        if !via.is_empty() || self.wishes.contains_key(&to) || self.relay.knows_way(&to, context.now) {
            self.off_tracker.insert(to);
            for payload in self.unconfirmed.remove(&to).unwrap_or_default() {
                self.relay.send(context, to, payload, &via);
            }
            return;
        }
        if let Some(link) = opening {
            context.log(Line::info("peer-not-reached", sentence!("a peer has left the room of the tracker")).peer(to));
            self.disconnect(context, link, true);
        } else {
            self.settled(&to);
            self.candidates.failed(to, context.now);
        }
    }

    /// Makes a link to a peer, which may have called with this stamp.
    pub(super) fn dial(context: &mut Context, peer: PeerId, choice: Choice, called: Option<Timestamp>) {
        let session = context.rng.next_u64();
        if let Some(link) = context.peers.open(peer, true, session, context.now) {
            if let Some(opened) = context.peers.get_mut(link) {
                (opened.choice, opened.agreed) = (choice, called);
            }
            context.outbox.push(Output::Dial { link, peer });
            context.tell(peer, Some(PeerState::Connecting));
        }
    }

    /// Asks a peer to offer.
    pub(super) fn call(&mut self, context: &mut Context, peer: PeerId, choice: Choice) {
        let stamp = self.next_stamp(context.now);
        self.called.insert(peer, Call { until: context.now.after(CALL_TIMEOUT), stamp, choice });
        self.seal_and_send(context, peer, stamp, SignalBody::CallMe);
    }

    /// The time, in steps that never stand still: what a receiver tells newer from older by.
    pub(super) fn next_stamp(&mut self, now: Timestamp) -> Timestamp {
        self.last_stamp = now.max(self.last_stamp.after(Duration::from_millis(1)));
        self.last_stamp
    }

    pub(super) fn send_signal(&mut self, context: &mut Context, to: PeerId, body: SignalBody) {
        let stamp = self.next_stamp(context.now);
        self.seal_and_send(context, to, stamp, body);
    }

    fn seal_and_send(&mut self, context: &mut Context, to: PeerId, stamp: Timestamp, body: SignalBody) {
        let payload = match signal::seal(&self.key, self.genesis, to, stamp, body) {
            Ok(payload) => payload,
            Err(error) => return context.log(Line::warning("signal-not-sent", error).peer(to)),
        };
        let by_links = self.off_tracker.contains(&to) || self.relay.knows_way(&to, context.now);
        if self.tracker != TrackerState::Joined || by_links {
            let via = self.candidates.via(&to);
            self.relay.send(context, to, payload, &via);
            return;
        }
        if self.called.contains_key(&to) || context.peers.find(&to).is_some() {
            let kept = self.unconfirmed.entry(to).or_default();
            if kept.len() < MAX_UNCONFIRMED {
                kept.push(payload.clone());
            }
        }
        context.outbox.push(Output::Tracker(ClientMessage::Signal { to, payload }));
    }

    fn on_signal(&mut self, context: &mut Context, from: PeerId, signal: Opened) {
        let Opened { stamp, body } = signal;
        match body {
            SignalBody::CallMe => self.on_call(context, from, stamp),
            SignalBody::Rtc { session, signal: RtcSignal::Offer { sdp } } => {
                self.on_offer(context, from, stamp, session, sdp);
            }
            SignalBody::Rtc { session, signal } => Self::on_step(context, from, stamp, session, signal),
            SignalBody::NoRoom { answers } => self.on_full(context, from, answers),
        }
    }

    fn on_call(&mut self, context: &mut Context, from: PeerId, stamp: Timestamp) {
        if self.id < from || !self.stamps.accept(from, stamp) {
            return;
        }
        if let Some(old) = context.peers.find(&from) {
            // Until the peer has had its say of a link, the call and this node's offer may just have crossed.
            let agreed = context.peers.get(old).and_then(|peer| peer.agreed);
            if agreed.is_none() || Some(stamp) <= agreed {
                return;
            }
            // The peer calls anew only when it lost the old link.
            self.disconnect(context, old, false);
        }
        // Both may want each other at once.
        let choice = self.called.get(&from).map_or(Choice::Theirs, |call| call.choice);
        if self.admit(context) {
            Self::dial(context, from, choice, Some(stamp));
        } else {
            self.refuse_link(context, from, stamp.millis());
        }
    }

    fn on_offer(&mut self, context: &mut Context, from: PeerId, stamp: Timestamp, session: u64, sdp: String) {
        if from < self.id {
            context
                .log(Line::rejected("bad-signal", sentence!("the peer with the smaller id made an offer")).peer(from));
            return;
        }
        if !self.stamps.accept(from, stamp) {
            return;
        }
        if let Some(old) = context.peers.find(&from) {
            // An offer that made a link once does not close it when it comes again.
            if context.peers.get(old).is_some_and(|peer| peer.session == session || Some(stamp) <= peer.agreed) {
                return;
            }
            // The peer offers anew only when it lost the old link.
            self.disconnect(context, old, false);
        }
        let call = self.called.remove(&from);
        let room = match call {
            Some(_) => context.peers.len() < MAX_LINKS || self.make_room(context),
            None => self.admit(context),
        };
        if !room {
            return self.refuse_link(context, from, session);
        }
        if let Some(link) = context.peers.open(from, false, session, context.now) {
            if let Some(peer) = context.peers.get_mut(link) {
                (peer.choice, peer.agreed) = (call.map_or(Choice::Theirs, |call| call.choice), Some(stamp));
            }
            context.outbox.push(Output::Answer { link, peer: from, sdp });
            context.tell(from, Some(PeerState::Connecting));
        }
    }

    fn on_step(context: &mut Context, from: PeerId, stamp: Timestamp, session: u64, signal: RtcSignal) {
        let Some(link) = context.peers.find(&from) else { return };
        let Some(peer) = context.peers.get_mut(link) else { return };
        let expected = match signal {
            RtcSignal::Answer { .. } => peer.outbound && peer.state == PeerState::Connecting,
            RtcSignal::Offer { .. } | RtcSignal::Candidate { .. } => true,
        };
        if peer.session == session && expected {
            if matches!(signal, RtcSignal::Answer { .. }) {
                peer.agreed = peer.agreed.max(Some(stamp));
            }
            context.outbox.push(Output::RemoteSignal { link, signal });
        }
    }

    /// A peer has no place for the link that was asked of it.
    fn on_full(&mut self, context: &mut Context, from: PeerId, answers: u64) {
        let called = self.called.get(&from).is_some_and(|call| call.stamp.millis() == answers);
        let link = context.peers.find(&from).filter(|link| {
            let peer = context.peers.get(*link);
            peer.is_some_and(|peer| peer.outbound && peer.state == PeerState::Connecting && peer.session == answers)
        });
        if !called && link.is_none() {
            return;
        }
        context.log(Line::info("peer-full", sentence!("a peer has no place for another link")).peer(from));
        self.settled(&from);
        if let Some(link) = link {
            self.disconnect(context, link, false);
        }
        self.candidates.full(from, context.now);
    }

    fn refuse_link(&mut self, context: &mut Context, to: PeerId, answers: u64) {
        context.log(
            Line::info("link-refused", sentence!("no place for another link, and none that may make room")).peer(to),
        );
        if self.refusals.take(1.0, context.now) {
            self.send_signal(context, to, SignalBody::NoRoom { answers });
        }
    }
}
