//! What the page, the node's worker and the compute workers say to each other.
//!
//! Page and node's worker exchange control messages as JSON text, which the JavaScript API can hand
//! on as it is, and data-channel frames as pairs of link and transferred `ArrayBuffer`, which are
//! never copied into a text. Node's worker and compute workers exchange canonical bytes.

use borsh::{BorshDeserialize, BorshSerialize};
use js_sys::{Array, ArrayBuffer, Uint8Array};
use node_core::block::BlockHeader;
use node_core::contract::{ChannelBinding, LinkId, RtcSignal};
use node_core::keys::SignatureCheck;
use node_core::request::{Request, RequestError, RequestId};
use node_core::sentence::{Say, Sentence};
use node_core::view::{Event, Role, Route};
use node_core::wallet::vault::{Derivation, DerivedKey};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tracker_protocol::IceServer;
use wasm_bindgen::{JsCast, JsValue};
use zeroize::Zeroizing;

/// Integers up to here are exact in a JavaScript number.
const MAX_SAFE_INTEGER: f64 = 9_007_199_254_740_991.0;

/// Everything the node's worker must know to start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NodeStart {
    /// Name of the chain parameters.
    pub(crate) network: String,
    /// Name of the room.
    pub(crate) room: String,
    /// The tracker's WebSocket; none for a node that stays alone.
    pub(crate) tracker: Option<String>,
    /// What the node does for others at first.
    pub(crate) role: Role,
    /// Absolute address of the folder that holds the workers' scripts.
    pub(crate) workers: String,
    /// Id of the profile to take, if nobody else has it.
    pub(crate) profile: Option<String>,
}

/// Page to node's worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum ToNode {
    /// First and once.
    Start(NodeStart),
    /// The page is seen again, or the browser's network is back.
    Refresh,
    /// What the browser says of its storage may have changed.
    StorageChanged,
    /// A request.
    Request {
        /// Comes back with the answer.
        id: RequestId,
        /// What.
        request: Request,
    },
    /// As [`node_core::contract::Input::LocalSignal`].
    LocalSignal {
        /// The link.
        link: LinkId,
        /// The signal.
        signal: RtcSignal,
    },
    /// As [`node_core::contract::Input::LinkOpened`].
    LinkOpened {
        /// The link.
        link: LinkId,
        /// What the hello must be bound to.
        binding: ChannelBinding,
    },
    /// As [`node_core::contract::Input::LinkRouted`].
    LinkRouted {
        /// The link.
        link: LinkId,
        /// The kind of address.
        route: Route,
    },
    /// As [`node_core::contract::Input::LinkClosed`].
    LinkClosed {
        /// The link.
        link: LinkId,
        /// Why.
        reason: Sentence,
    },
}

/// Node's worker to page.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum ToPage {
    /// The worker listens; what was posted before is lost.
    Ready,
    /// The worker cannot go on, and says why. The last message.
    Failed {
        /// For people.
        message: Sentence,
    },
    /// The node has started, with the profile of this id; none if it lives in memory.
    Started {
        /// The id.
        profile: Option<String>,
    },
    /// News for the user interface.
    Event(Event),
    /// Answers [`ToNode::Request`].
    Reply {
        /// The request.
        id: RequestId,
        /// The answer's JSON as it stands, or the refusal.
        result: Result<Box<RawValue>, RequestError>,
    },
    /// As [`node_core::contract::Output::IceServers`].
    IceServers {
        /// The servers.
        servers: Vec<IceServer>,
    },
    /// As [`node_core::contract::Output::Dial`]; who is dialled is the node's business.
    Dial {
        /// The new link.
        link: LinkId,
    },
    /// As [`node_core::contract::Output::Answer`].
    Answer {
        /// The new link.
        link: LinkId,
        /// The offer.
        sdp: String,
    },
    /// As [`node_core::contract::Output::RemoteSignal`].
    RemoteSignal {
        /// The link.
        link: LinkId,
        /// The signal.
        signal: RtcSignal,
    },
    /// As [`node_core::contract::Output::Close`].
    Close {
        /// The link.
        link: LinkId,
    },
}

/// A message that is not JSON: two-element arrays that begin with the link.
#[derive(Debug, Clone)]
pub(crate) enum LinkMessage {
    /// A data-channel message to send or received; its buffer is transferred.
    Frame(LinkId, ArrayBuffer),
    /// Node's worker to page: so many received bytes of this link are handled, which lets the page
    /// see a peer that sends faster than the node works. Page to node's worker: so many sent bytes
    /// have left, which lets the node see a peer that reads slower than it sends.
    Handled(LinkId, u32),
}

impl LinkMessage {
    /// What to post, and what of it to transfer.
    pub(crate) fn to_js(&self) -> (JsValue, Array) {
        #[expect(clippy::cast_precision_loss, reason = "links count up from zero and never come near 2^53")]
        let number = |link: LinkId| JsValue::from_f64(link.0 as f64);
        match self {
            Self::Frame(link, buffer) => (Array::of2(&number(*link), buffer).into(), Array::of1(buffer)),
            Self::Handled(link, bytes) => (Array::of2(&number(*link), &JsValue::from(*bytes)).into(), Array::new()),
        }
    }

    /// Reads what [`LinkMessage::to_js`] made.
    pub(crate) fn from_js(message: &JsValue) -> Option<Self> {
        let pair = message.dyn_ref::<Array>()?;
        let link = pair.get(0).as_f64().filter(|link| (0.0..=MAX_SAFE_INTEGER).contains(link))?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "checked to be an exact positive integer"
        )]
        let link = LinkId(link as u64);
        let content = pair.get(1);
        if let Some(bytes) = content.as_f64().filter(|bytes| (0.0..=f64::from(u32::MAX)).contains(bytes)) {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be in range")]
            return Some(Self::Handled(link, bytes as u32));
        }
        content.dyn_into::<ArrayBuffer>().ok().map(|buffer| Self::Frame(link, buffer))
    }
}

/// Node's worker to a compute worker.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) enum ToCompute {
    /// Check signatures.
    Verify {
        /// Comes back with the results.
        job: u64,
        /// The signatures.
        checks: Vec<SignatureCheck>,
    },
    /// Search a nonce, in place of what was searched before.
    Mine {
        /// Comes back with the nonce.
        job: u64,
        /// The header.
        header: BlockHeader,
        /// First nonce of this worker's share.
        first: u32,
        /// Last nonce of this worker's share.
        last: u32,
    },
    /// Search no longer.
    Stop,
    /// Stretch a passphrase.
    Derive {
        /// Comes back with the key.
        job: u64,
        /// What there is to do.
        derivation: Derivation,
    },
}

/// Compute worker to node's worker.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) enum FromCompute {
    /// The worker listens; what was posted before is lost.
    Ready,
    /// Answers [`ToCompute::Verify`].
    Verified {
        /// Which.
        job: u64,
        /// In the order of the job.
        valid: Vec<bool>,
    },
    /// A header that meets its target. The worker rests until the next job.
    Found {
        /// Which.
        job: u64,
        /// The header.
        header: BlockHeader,
    },
    /// Answers [`ToCompute::Derive`].
    Derived {
        /// Which.
        job: u64,
        /// The key; none when there was not the memory for it.
        key: Option<DerivedKey>,
    },
    /// Hashes computed since the last such message.
    Hashes(u64),
    /// The worker cannot go on, and says why. The last message.
    Failed(ComputeError),
}

/// Why a compute worker cannot go on.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, thiserror::Error, Say)]
pub(crate) enum ComputeError {
    /// Nothing can be searched by it.
    #[error("a mining job without a target or without nonces")]
    BadJob,
    /// The node's worker sent it.
    #[error("a message that is not one")]
    BadMessage,
    /// It panicked at this place of the source.
    #[error("stopped by a bug at {0}")]
    Bug(String),
}

/// A message in canonical bytes, as a buffer to post and transfer. Copies on the way are wiped: a
/// message may hold a passphrase.
pub(crate) fn to_buffer<T: BorshSerialize>(message: &T) -> Option<ArrayBuffer> {
    // Writing to memory fails only for a length past 2^32.
    let bytes = Zeroizing::new(borsh::to_vec(message).ok()?);
    Some(Uint8Array::from(bytes.as_slice()).buffer())
}

/// Reads what [`to_buffer`] made.
pub(crate) fn from_buffer<T: BorshDeserialize>(message: &JsValue) -> Option<T> {
    let received = Uint8Array::new(message.dyn_ref::<ArrayBuffer>()?);
    let bytes = Zeroizing::new(received.to_vec());
    received.fill(0, 0, received.length());
    T::try_from_slice(&bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use node_core::keys::Secret;
    use node_core::request::{ErrorCode, Response, SendForm};
    use node_core::sentence::sentence;
    use node_core::units::Amount;
    use node_core::view::TrackerState;
    use node_core::wallet::vault::KdfParameters;

    #[test]
    fn messages_to_the_node_round_trip() {
        let signal =
            RtcSignal::Candidate { candidate: "candidate:1 1 udp".into(), mid: Some("0".into()), line: Some(0) };
        for message in [
            ToNode::Start(NodeStart {
                network: "dev".into(),
                room: "class".into(),
                tracker: Some("ws://localhost/ws".into()),
                role: Role::Light,
                workers: "http://localhost/".into(),
                profile: Some("1".into()),
            }),
            ToNode::StorageChanged,
            ToNode::Request { id: RequestId(7), request: Request::Status },
            ToNode::Request {
                id: RequestId(8),
                request: Request::Send(SendForm { to: "tab1".into(), ..SendForm::default() }),
            },
            ToNode::LocalSignal { link: LinkId(3), signal },
            ToNode::LinkOpened { link: LinkId(u64::MAX), binding: ChannelBinding([9; 32]) },
            ToNode::LinkRouted { link: LinkId(3), route: Route::Reflexive },
            ToNode::LinkClosed { link: LinkId(0), reason: sentence!("the connection failed") },
        ] {
            let text = serde_json::to_string(&message).unwrap();
            assert_eq!(serde_json::from_str::<ToNode>(&text).unwrap(), message, "{text}");
        }
    }

    #[test]
    fn messages_to_the_page_round_trip() {
        let answer = serde_json::value::to_raw_value(&Response::Address("tab1qq".into())).unwrap();
        let refusal = RequestError {
            code: ErrorCode::BadFee,
            message: sentence!("at least {least} TAB, or nobody forwards it", least = Amount::from_tab(2)),
            field: Some("fee".into()),
        };
        for message in [
            ToPage::Ready,
            ToPage::Started { profile: Some("1".into()) },
            ToPage::Failed { message: Sentence::verbatim("why") },
            ToPage::Event(Event::Tracker(TrackerState::Joined)),
            ToPage::Event(Event::Hashrate(1.5)),
            ToPage::Event(Event::Sync(None)),
            ToPage::Reply { id: RequestId(1), result: Ok(answer) },
            ToPage::Reply { id: RequestId(2), result: Err(refusal) },
            ToPage::Dial { link: LinkId(1) },
            ToPage::Answer { link: LinkId(1), sdp: "v=0".into() },
            ToPage::RemoteSignal { link: LinkId(1), signal: RtcSignal::Answer { sdp: "v=0".into() } },
            ToPage::Close { link: LinkId(1) },
        ] {
            let text = serde_json::to_string(&message).unwrap();
            let read: ToPage = serde_json::from_str(&text).unwrap();
            assert_eq!(serde_json::to_string(&read).unwrap(), text);
            assert_eq!(std::mem::discriminant(&read), std::mem::discriminant(&message));
        }
    }

    #[test]
    fn an_answer_crosses_as_it_stands() {
        let answer = serde_json::value::to_raw_value(&Response::Done).unwrap();
        let text = serde_json::to_string(&ToPage::Reply { id: RequestId(1), result: Ok(answer) }).unwrap();
        let ToPage::Reply { result: Ok(json), .. } = serde_json::from_str(&text).unwrap() else {
            panic!("not a reply: {text}")
        };
        assert_eq!(json.get(), "null");
    }

    #[test]
    fn compute_messages_round_trip() {
        let found = FromCompute::Verified { job: 4, valid: vec![true, false] };
        let bytes = borsh::to_vec(&found).unwrap();
        assert_eq!(FromCompute::try_from_slice(&bytes).unwrap(), found);
        assert!(FromCompute::try_from_slice(&bytes[..bytes.len() - 1]).is_err());
        let derivation = Derivation {
            passphrase: Secret::new("correct horse"),
            salt: [1; 16],
            parameters: KdfParameters { memory_kib: 8, passes: 1, lanes: 1 },
        };
        let key = derivation.derive();
        assert!(key.is_some());
        let derived = FromCompute::Derived { job: 5, key };
        assert_eq!(FromCompute::try_from_slice(&borsh::to_vec(&derived).unwrap()).unwrap(), derived);
        let derive = ToCompute::Derive { job: 5, derivation };
        assert_eq!(ToCompute::try_from_slice(&borsh::to_vec(&derive).unwrap()).unwrap(), derive);
        assert!(!format!("{derive:?}").contains("horse"));
        let stop = borsh::to_vec(&ToCompute::Stop).unwrap();
        assert_eq!(ToCompute::try_from_slice(&stop).unwrap(), ToCompute::Stop);
    }
}
