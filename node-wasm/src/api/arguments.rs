//! The arguments of the JavaScript API, read strictly.

pub(super) mod wallet;

use super::bad_request;
use js_sys::{JSON, Object};
use node_core::mempool::Wish;
use node_core::request::RequestError;
use node_core::sentence::sentence;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tracker_protocol::PeerId;
use wasm_bindgen::{JsCast, JsValue};

/// Which part of a list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "ListRange", optional_fields = nullable))]
#[serde(deny_unknown_fields)]
pub(super) struct Range {
    /// Where it begins.
    pub(super) from: Option<u32>,
    /// Most rows: 50 if left out, 500 at most.
    pub(super) limit: Option<u32>,
}

/// Which part of the history of an address.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "HistoryRange", optional_fields = nullable))]
#[serde(deny_unknown_fields)]
pub(super) struct OwnRange {
    /// The address; that of the selected account if left out.
    pub(super) address: Option<String>,
    /// Rows to pass over.
    pub(super) from: Option<u32>,
    /// Most rows: 50 if left out, 500 at most.
    pub(super) limit: Option<u32>,
}

/// How much of a list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields = nullable))]
#[serde(deny_unknown_fields)]
pub(super) struct Rows {
    /// Most rows: 50 if left out, 500 at most.
    pub(super) limit: Option<u32>,
}

/// How to mine.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields = nullable))]
#[serde(deny_unknown_fields)]
pub(super) struct Threads {
    /// Compute workers; never more than the machine has.
    pub(super) threads: Option<u32>,
}

/// A switch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields = nullable))]
#[serde(deny_unknown_fields)]
pub(super) struct Switch {
    /// Whether it is on.
    pub(super) on: bool,
}

/// A miner's wish for one transaction.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields = nullable))]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    /// The transaction's id.
    pub(super) id: String,
    /// What to do with it.
    pub(super) wish: Wish,
}

/// At whom an attack is aimed, and how often it is launched.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields = nullable))]
#[serde(deny_unknown_fields)]
pub(super) struct Aim {
    /// The peer; every connected one if left out.
    pub(super) peer: Option<PeerId>,
    /// Seconds from one launch to the next, 1 to 3,600; once if left out.
    pub(super) every: Option<u32>,
}

/// A height or a hash.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(untagged, expecting = "expected a height or a hash")]
pub(super) enum BlockId {
    Height(u32),
    Text(String),
}

impl BlockId {
    pub(super) fn into_text(self) -> String {
        match self {
            Self::Height(height) => height.to_string(),
            Self::Text(text) => text,
        }
    }
}

/// Reads an argument.
pub(super) fn decode<A: DeserializeOwned>(json: &str) -> Result<A, RequestError> {
    serde_json::from_str(json)
        .map_err(|error| bad_request(sentence!("the argument is wrong: {error}", error = without_place(&error))))
}

/// What serde says, without the line and column of a text that the caller never saw.
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split_once(" at line ").map_or(text.clone(), |(message, _)| message.to_owned())
}

/// An argument in JSON; one that is left out is `null`.
pub(super) fn to_json(argument: &JsValue) -> Result<String, RequestError> {
    if argument.is_undefined() {
        return Ok("null".to_owned());
    }
    let is_plain = |value: &JsValue| {
        // JSON would turn the one into null, and leave out the others without a word.
        value.as_f64().is_none_or(f64::is_finite) && !value.is_function() && !value.is_symbol()
    };
    let members = argument.dyn_ref::<Object>().map(Object::values);
    let plain = is_plain(argument) && members.is_none_or(|members| members.iter().all(|value| is_plain(&value)));
    // Throws for circular structures and big integers.
    let json = if plain { JSON::stringify(argument).ok().and_then(|json| json.as_string()) } else { None };
    json.ok_or_else(|| bad_request(sentence!("the argument is not plain data")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use node_core::request::{Attack, ErrorCode, SendForm};

    #[test]
    fn good_arguments_are_read() {
        assert_eq!(decode::<Option<Range>>("null").unwrap(), None);
        assert_eq!(decode::<Option<Range>>("{}").unwrap(), Some(Range::default()));
        assert_eq!(decode::<Option<Range>>(r#"{"from":5}"#).unwrap(), Some(Range { from: Some(5), limit: None }));
        assert_eq!(decode::<BlockId>("12").unwrap().into_text(), "12");
        assert_eq!(decode::<BlockId>(r#""ab""#).unwrap().into_text(), "ab");
        assert_eq!(decode::<Attack>(r#""too-little-work""#).unwrap(), Attack::TooLittleWork);
        let aim: Aim = decode(&format!(r#"{{"peer":"{}","every":5}}"#, "ab".repeat(20))).unwrap();
        assert_eq!((aim.peer, aim.every), (Some(PeerId::from_bytes([0xab; 20])), Some(5)));
        assert_eq!(decode::<Option<Aim>>("null").unwrap(), None);
        assert!(decode::<PeerId>(&format!("\"{}\"", "ab".repeat(20))).is_ok());
        let wanted: Wanted = decode(r#"{"id":"ab","wish":"exclude"}"#).unwrap();
        assert_eq!((wanted.id.as_str(), wanted.wish), ("ab", Wish::Exclude));
        let form: SendForm = decode(r#"{"to":"tab1","amount":"1.5","sign":false}"#).unwrap();
        assert_eq!((form.amount.as_str(), form.fee, form.sign), ("1.5", None, Some(false)));
    }

    #[test]
    fn wrong_arguments_are_bad_requests() {
        fn code<A: DeserializeOwned>(json: &str) -> Option<ErrorCode> {
            decode::<A>(json).err().map(|error| error.code)
        }
        let bad = Some(ErrorCode::BadRequest);
        for json in
            ["5", r#"{"from":"5"}"#, r#"{"from":-1}"#, r#"{"from":1.5}"#, r#"{"form":1}"#, r#"{"limit":99999999999}"#]
        {
            assert_eq!(code::<Option<Range>>(json), bad, "{json}");
        }
        for json in [
            "null",
            "{}",
            r#"{"to":"tab1"}"#,
            r#"{"to":"tab1","amount":1}"#,
            r#"{"to":"tab1","amount":"1","fees":"1"}"#,
        ] {
            assert_eq!(code::<SendForm>(json), bad, "{json}");
        }
        assert_eq!(code::<Wanted>(r#"{"id":"ab","wish":"perhaps"}"#), bad);
        assert_eq!(code::<Wanted>(r#"{"id":"ab"}"#), bad);
        assert_eq!(code::<BlockId>("-1"), bad);
        assert_eq!(code::<BlockId>("null"), bad);
        assert_eq!(code::<String>("5"), bad);
        assert_eq!(code::<PeerId>(r#""zz""#), bad);
        assert_eq!(code::<Attack>(r#""nothing""#), bad);
        for json in [r#"{"every":0.5}"#, r#"{"every":"5"}"#, r#"{"peer":"zz"}"#, r#"{"peers":null}"#] {
            assert_eq!(code::<Aim>(json), bad, "{json}");
        }
        let message = decode::<BlockId>("-1").unwrap_err().message;
        assert_eq!(message, "the argument is wrong: expected a height or a hash");
    }
}
