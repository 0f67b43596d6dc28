//! `on` and `off`: JavaScript callbacks for the node's events.

use super::bad_request;
use crate::client::{Client, Subscription};
use js_sys::{Function, JSON};
use node_core::request::RequestError;
use node_core::sentence::sentence;
use node_core::view::{EVENTS, Event};
use serde_json::Value;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::console;

/// Callbacks of one event: far more than a program needs, a bound for one that forgets `off`.
const MAX_CALLBACKS: usize = 1_000;

type Callbacks = Rc<RefCell<BTreeMap<&'static str, Vec<Function>>>>;

/// All callbacks that a page has registered.
pub(super) struct Events {
    callbacks: Callbacks,
    _subscription: Subscription,
}

impl Events {
    pub(super) fn new(client: &Client) -> Self {
        let callbacks = Callbacks::default();
        let called = Rc::clone(&callbacks);
        let subscription = client.subscribe(move |event| dispatch(&called, event));
        Self { callbacks, _subscription: subscription }
    }

    /// Adds a callback; one that is there already is not added again.
    pub(super) fn add(&self, event: &JsValue, callback: &JsValue) -> Result<(), RequestError> {
        let (name, callback) = read(event, callback)?;
        let mut callbacks = self.callbacks.borrow_mut();
        let callbacks = callbacks.entry(name).or_default();
        if callbacks.contains(&callback) {
            return Ok(());
        }
        if callbacks.len() >= MAX_CALLBACKS {
            return Err(bad_request(sentence!("{MAX_CALLBACKS} callbacks listen to this event already")));
        }
        callbacks.push(callback);
        Ok(())
    }

    /// Removes a callback, if it is there.
    pub(super) fn remove(&self, event: &JsValue, callback: &JsValue) -> Result<(), RequestError> {
        let (name, callback) = read(event, callback)?;
        if let Some(callbacks) = self.callbacks.borrow_mut().get_mut(name) {
            callbacks.retain(|known| *known != callback);
        }
        Ok(())
    }
}

fn read(event: &JsValue, callback: &JsValue) -> Result<(&'static str, Function), RequestError> {
    let name = event.as_string().and_then(|name| EVENTS.into_iter().find(|known| *known == name));
    let name = name.ok_or_else(|| bad_request(sentence!("the event is none of {names}", names = EVENTS.join(", "))))?;
    let callback =
        callback.dyn_ref::<Function>().ok_or_else(|| bad_request(sentence!("the callback is not a function")))?;
    Ok((name, callback.clone()))
}

const fn name_of(event: &Event) -> &'static str {
    match event {
        Event::Tip { .. } => "tip",
        Event::Header { .. } => "header",
        Event::Fork(_) => "fork",
        Event::Transaction(_) => "transaction",
        Event::Balance(_) => "balance",
        Event::Wallet(_) => "wallet",
        Event::Peer { .. } => "peer",
        Event::Rejected(_) => "rejected",
        Event::Verdict(_) => "verdict",
        Event::Log(_) => "log",
        Event::Sync(_) => "sync",
        Event::Hashrate(_) => "hashrate",
        Event::Storage(_) => "storage",
        Event::Tracker(_) => "tracker",
        Event::Traffic { .. } => "traffic",
    }
}

/// The event's content, as its callbacks get it.
fn detail(event: &Event) -> Option<String> {
    let mut value = serde_json::to_value(event).ok()?;
    value.get_mut("detail").map(Value::take).map(|detail| detail.to_string())
}

/// Calls the callbacks of an event. Callbacks may add and remove callbacks; one that throws
/// is reported and keeps none of the others from being called.
fn dispatch(callbacks: &Callbacks, event: &Event) {
    let listening = callbacks.borrow().get(name_of(event)).cloned().unwrap_or_default();
    if listening.is_empty() {
        return;
    }
    let Some(detail) = detail(event).and_then(|json| JSON::parse(&json).ok()) else { return };
    for callback in listening {
        if let Err(error) = callback.call1(&JsValue::UNDEFINED, &detail) {
            console::error_1(&error);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use node_core::hash::BlockHash;
    use node_core::net::offence::Offence;
    use node_core::request::Attack;
    use node_core::units::Timestamp;
    use node_core::view::lab::{Outcome, Verdict};
    use node_core::view::{ForkChange, PeerState, StorageView, TrackerState};
    use tracker_protocol::PeerId;

    #[test]
    fn events_have_the_names_that_json_gives_them() {
        let peer_id = PeerId::from_bytes([1; 20]);
        for event in [
            Event::Fork(ForkChange::Grown { tip: BlockHash::ZERO }),
            Event::Peer { peer_id, state: Some(PeerState::Connected) },
            Event::Verdict(verdict()),
            Event::Sync(None),
            Event::Hashrate(2.5),
            Event::Storage(StorageView::default()),
            Event::Tracker(TrackerState::Offline),
        ] {
            let json = serde_json::to_value(&event).unwrap();
            assert_eq!(json["event"], name_of(&event));
            assert!(EVENTS.contains(&name_of(&event)));
        }
    }

    fn verdict() -> Verdict {
        Verdict {
            number: 1,
            launch: 1,
            attack: Attack::TooLittleWork,
            peer: PeerId::from_bytes([1; 20]),
            time: Timestamp::from_millis(5),
            subject: None,
            outcome: Outcome::Refused {
                offence: Offence::InvalidHeader,
                points: 100,
                reason: "why".to_owned(),
                score: 100,
                banned_until: Some(Timestamp::from_millis(9)),
                refusals: 1,
                after_ms: 4,
            },
        }
    }

    #[test]
    fn a_verdict_reads_as_the_documents_say() {
        let json = serde_json::to_value(verdict()).unwrap();
        assert_eq!((&json["attack"], &json["time"]), (&"too-little-work".into(), &5.into()));
        let outcome = &json["outcome"];
        assert_eq!((&outcome["state"], &outcome["offence"]), (&"refused".into(), &"invalid-header".into()));
        assert_eq!((&outcome["bannedUntil"], &outcome["afterMs"]), (&9.into(), &4.into()));
    }

    #[test]
    fn callbacks_get_the_content_alone() {
        assert_eq!(detail(&Event::Hashrate(2.5)).as_deref(), Some("2.5"));
        assert_eq!(detail(&Event::Sync(None)).as_deref(), Some("null"));
        assert_eq!(detail(&Event::Tracker(TrackerState::Joined)).as_deref(), Some("\"joined\""));
    }
}
