//! Two ends of real peer connections in one page.
#![cfg(target_arch = "wasm32")]

use futures_channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use js_sys::{ArrayBuffer, Uint8Array};
use node_core::contract::{ChannelBinding, LinkId, RtcSignal};
use node_core::net::frame::MAX_FRAME_BYTES;
use node_core::view::Route;
use node_wasm::webrtc::{LinkError, LinkEvent, Links};
use std::cell::OnceCell;
use std::rc::Rc;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

const LINK: LinkId = LinkId(7);

/// As large as the node's chunks.
const FRAME: usize = 16 * 1024;

/// One end: its links and what they report, signals and kinds of address apart.
struct End {
    links: Links,
    events: UnboundedReceiver<LinkEvent>,
    routes: UnboundedReceiver<Route>,
}

impl End {
    async fn next(&mut self) -> LinkEvent {
        self.events.recv().await.expect("the end lives")
    }

    async fn opened(&mut self) -> ChannelBinding {
        match self.next().await {
            LinkEvent::Opened { link, binding } => {
                assert_eq!(link, LINK);
                binding
            }
            other => panic!("expected an open channel, got {other:?}"),
        }
    }

    async fn frame(&mut self) -> Vec<u8> {
        match self.next().await {
            LinkEvent::Frame { link, frame } => {
                assert_eq!(link, LINK);
                Uint8Array::new(&frame).to_vec()
            }
            other => panic!("expected a frame, got {other:?}"),
        }
    }

    async fn closed(&mut self) -> LinkError {
        match self.next().await {
            LinkEvent::Closed { link, error } => {
                assert_eq!(link, LINK);
                error
            }
            other => panic!("expected the link's end, got {other:?}"),
        }
    }
}

fn end(peer: Rc<OnceCell<Links>>) -> End {
    let (sender, events): (UnboundedSender<_>, _) = unbounded();
    let (tell_route, routes): (UnboundedSender<_>, _) = unbounded();
    let links = Links::new(move |event| match (event, peer.get()) {
        (LinkEvent::Signal { link, signal: RtcSignal::Offer { sdp } }, Some(peer)) => peer.answer(link, sdp),
        (LinkEvent::Signal { link, signal }, Some(peer)) => peer.remote_signal(link, signal),
        (LinkEvent::Signal { .. }, None) | (LinkEvent::Drained { .. }, _) => {}
        // It comes when the browser has looked, before or after the first frames.
        (LinkEvent::Routed { route, .. }, _) => drop(tell_route.unbounded_send(route)),
        (event, _) => drop(sender.unbounded_send(event)),
    });
    End { links, events, routes }
}

/// An end whose signals reach nobody.
fn alone() -> End {
    end(Rc::default())
}

/// Two ends whose signals reach each other, and an open link between them.
async fn connected() -> (End, End) {
    let (to_left, to_right) = (Rc::new(OnceCell::new()), Rc::new(OnceCell::new()));
    let (mut left, mut right) = (end(Rc::clone(&to_right)), end(Rc::clone(&to_left)));
    assert!(to_left.set(left.links.clone()).is_ok() && to_right.set(right.links.clone()).is_ok());
    left.links.dial(LINK);
    assert_eq!(left.opened().await, right.opened().await, "both ends are bound to the same certificates");
    (left, right)
}

fn buffer(bytes: &[u8]) -> ArrayBuffer {
    Uint8Array::from(bytes).buffer()
}

/// A frame of full length that begins with its number.
fn numbered(number: u32) -> ArrayBuffer {
    let mut bytes = vec![0; FRAME];
    bytes[..4].copy_from_slice(&number.to_le_bytes());
    buffer(&bytes)
}

fn number_of(frame: &[u8]) -> u32 {
    assert_eq!(frame.len(), FRAME);
    u32::from_le_bytes([frame[0], frame[1], frame[2], frame[3]])
}

#[wasm_bindgen_test]
async fn frames_travel_both_ways() {
    let (mut left, mut right) = connected().await;
    left.links.send(LINK, buffer(b"to the right"));
    right.links.send(LINK, buffer(b"to the left"));
    assert_eq!(right.frame().await, b"to the right");
    assert_eq!(left.frame().await, b"to the left");
    left.links.close_all();
    assert_eq!(right.closed().await, LinkError::Remote);
}

#[wasm_bindgen_test]
async fn both_ends_are_told_over_which_kind_of_address_they_are_linked() {
    let (mut left, mut right) = connected().await;
    for end in [&mut left, &mut right] {
        assert_eq!(end.routes.recv().await.expect("the end lives"), Route::Host);
    }
    left.links.close_all();
    right.links.close_all();
}

#[wasm_bindgen_test]
async fn a_tab_counts_what_came_of_its_attempts() {
    let (left, right) = connected().await;
    for report in [left.links.report(), right.links.report()] {
        assert_eq!((report.begun, report.opened, report.timed_out, report.failed), (1, 1, 0, 0));
        assert!(report.host > 0 && report.udp > 0 && report.remote > 0, "{report:?}");
        assert_eq!((report.servers, report.relayed), (0, 0));
    }
    left.links.close_all();
    right.links.close_all();
}

#[wasm_bindgen_test]
async fn every_connection_has_a_binding_of_its_own() {
    let (to_left, to_right) = (Rc::new(OnceCell::new()), Rc::new(OnceCell::new()));
    let (mut left, right) = (end(Rc::clone(&to_right)), end(Rc::clone(&to_left)));
    assert!(to_left.set(left.links.clone()).is_ok() && to_right.set(right.links.clone()).is_ok());
    let mut bindings = Vec::new();
    for number in 0..2 {
        left.links.dial(LinkId(number));
        let LinkEvent::Opened { binding, .. } = left.next().await else { panic!("the channel opens") };
        bindings.push(binding);
    }
    assert_ne!(bindings[0], bindings[1]);
    left.links.close_all();
    right.links.close_all();
}

/// Makes the browser say that an answer is in force only when the channel is open already, as it
/// happens now and then by itself. Gives the function that takes this back.
const LATE_ANSWERS: &str = "
    const all = RTCPeerConnection.prototype;
    const { createDataChannel, setRemoteDescription } = all;
    const remote = Object.getOwnPropertyDescriptor(all, 'remoteDescription');
    all.createDataChannel = function (...options) {
        const channel = createDataChannel.apply(this, options);
        this.opened = new Promise((resolve) => channel.addEventListener('open', () => setTimeout(resolve)));
        return channel;
    };
    all.setRemoteDescription = async function (description) {
        this.late = description.type === 'answer';
        await setRemoteDescription.call(this, description);
        if (this.late) await this.opened;
        this.late = false;
    };
    Object.defineProperty(all, 'remoteDescription', {
        configurable: true,
        get() { return this.late ? null : remote.get.call(this); },
    });
    return () => {
        Object.assign(all, { createDataChannel, setRemoteDescription });
        Object.defineProperty(all, 'remoteDescription', remote);
    };";

#[wasm_bindgen_test]
async fn a_channel_that_opens_before_the_answer_is_in_force_is_bound_all_the_same() {
    let restore: js_sys::Function = js_sys::Function::new_no_args(LATE_ANSWERS)
        .call0(&wasm_bindgen::JsValue::NULL)
        .and_then(wasm_bindgen::JsCast::dyn_into)
        .expect("the browser's peer connections can be changed");
    let (left, mut right) = connected().await;
    restore.call0(&wasm_bindgen::JsValue::NULL).expect("it is taken back");
    left.links.close_all();
    assert_eq!(right.closed().await, LinkError::Remote);
}

#[wasm_bindgen_test]
async fn a_burst_arrives_in_order_and_whole_though_the_link_is_closed_behind_it() {
    let (left, mut right) = connected().await;
    // More than the channel is allowed to hold, so the queue behind it is at work.
    let frames = 4 * 1024 * 1024 / u32::try_from(FRAME).unwrap();
    for number in 0..frames {
        left.links.send(LINK, numbered(number));
    }
    left.links.close(LINK);
    left.links.send(LINK, buffer(b"too late"));
    for number in 0..frames {
        assert_eq!(number_of(&right.frame().await), number);
    }
    assert_eq!(right.closed().await, LinkError::Remote);
    assert_eq!(right.links.count(), 0);
}

#[wasm_bindgen_test]
async fn who_closes_a_link_hears_no_more_of_it() {
    let (mut left, mut right) = connected().await;
    left.links.close(LINK);
    right.links.send(LINK, buffer(b"nobody reads this"));
    assert_eq!(right.closed().await, LinkError::Remote);
    // The name is free again as soon as the closed link is forgotten; the first report is the new link's.
    while left.links.count() > 0 {
        gloo_timers::future::TimeoutFuture::new(1).await;
    }
    left.links.answer(LINK, "not a description".to_owned());
    assert!(matches!(left.closed().await, LinkError::Browser(_)));
    assert_eq!(left.links.count(), 0);
}

#[wasm_bindgen_test]
async fn a_peer_that_does_not_read_is_dropped() {
    let mut end = alone();
    end.links.dial(LINK);
    for number in 0..8 * 1024 * 1024 / u32::try_from(FRAME).unwrap() {
        end.links.send(LINK, numbered(number));
    }
    assert_eq!(end.links.count(), 1, "so much may wait");
    end.links.send(LINK, buffer(&[0]));
    assert_eq!(end.closed().await, LinkError::NotDraining);
    assert_eq!(end.links.count(), 0);
}

#[wasm_bindgen_test]
async fn a_peer_that_sends_faster_than_the_node_works_is_dropped() {
    let (left, mut right) = connected().await;
    let megabyte = 1024 * 1024 / FRAME;
    for _ in 0..16 {
        for number in 0..megabyte {
            left.links.send(LINK, numbered(u32::try_from(number).unwrap()));
        }
        for _ in 0..megabyte {
            right.frame().await;
        }
    }
    // What is handled makes room for as much.
    right.links.handled(LINK, u32::try_from(FRAME).unwrap());
    left.links.send(LINK, numbered(0));
    right.frame().await;
    left.links.send(LINK, numbered(0));
    assert_eq!(right.closed().await, LinkError::Flooding);
    left.links.close_all();
}

#[wasm_bindgen_test]
async fn a_message_larger_than_a_frame_may_be_ends_the_link() {
    let (left, mut right) = connected().await;
    left.links.send(LINK, ArrayBuffer::new(u32::try_from(MAX_FRAME_BYTES + 1).unwrap()));
    assert_eq!(right.closed().await, LinkError::BadFrame);
    left.links.close_all();
}

#[wasm_bindgen_test]
async fn a_name_is_used_once_at_a_time() {
    let mut end = alone();
    end.links.dial(LINK);
    end.links.dial(LINK);
    assert_eq!(end.closed().await, LinkError::TooMany);
    assert_eq!(end.links.count(), 1, "the link that has the name lives on");
    end.links.close(LINK);
    assert_eq!(end.links.count(), 0);
}
