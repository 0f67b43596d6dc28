//! The arguments of the JavaScript API, read strictly.

use super::bad_request;
use js_sys::{JSON, Object};
use node_core::mempool::Wish;
use node_core::request::RequestError;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use wasm_bindgen::{JsCast, JsValue};

/// The argument of calls that take none; whatever is there is ignored, as JavaScript does.
pub(super) type Nothing = IgnoredAny;

/// `{ from, limit }`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Range {
    pub(super) from: Option<u32>,
    pub(super) limit: Option<u32>,
}

/// `{ limit }`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rows {
    pub(super) limit: Option<u32>,
}

/// `{ threads }`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Threads {
    pub(super) threads: Option<u32>,
}

/// `{ id, wish }`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    pub(super) id: String,
    pub(super) wish: Wish,
}

/// A height or a hash.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
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

/// Reads an argument; one that is left out reads as `null`.
pub(super) fn decode<A: DeserializeOwned>(argument: &JsValue) -> Result<A, RequestError> {
    let json = to_json(argument).ok_or_else(|| bad_request("the argument is not plain data"))?;
    decode_json(&json)
}

fn decode_json<A: DeserializeOwned>(json: &str) -> Result<A, RequestError> {
    serde_json::from_str(json).map_err(|error| bad_request(format!("the argument is wrong: {}", without_place(&error))))
}

/// What serde says, without the line and column of a text that the caller never saw.
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split_once(" at line ").map_or(text.clone(), |(message, _)| message.to_owned())
}

fn to_json(argument: &JsValue) -> Option<String> {
    if argument.is_undefined() {
        return Some("null".to_owned());
    }
    let is_plain = |value: &JsValue| {
        // JSON would turn the one into null, and leave out the others without a word.
        value.as_f64().is_none_or(f64::is_finite) && !value.is_function() && !value.is_symbol()
    };
    let members = argument.dyn_ref::<Object>().map(Object::values);
    if !is_plain(argument) || members.is_some_and(|members| !members.iter().all(|value| is_plain(&value))) {
        return None;
    }
    // Throws for circular structures and big integers.
    JSON::stringify(argument).ok()?.as_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use node_core::request::{Attack, ErrorCode, SendForm};
    use tracker_protocol::PeerId;

    #[test]
    fn good_arguments_are_read() {
        assert_eq!(decode_json::<Option<Range>>("null").unwrap(), None);
        assert_eq!(decode_json::<Option<Range>>("{}").unwrap(), Some(Range::default()));
        assert_eq!(decode_json::<Option<Range>>(r#"{"from":5}"#).unwrap(), Some(Range { from: Some(5), limit: None }));
        assert_eq!(decode_json::<BlockId>("12").unwrap().into_text(), "12");
        assert_eq!(decode_json::<BlockId>(r#""ab""#).unwrap().into_text(), "ab");
        assert_eq!(decode_json::<Attack>(r#""too-little-work""#).unwrap(), Attack::TooLittleWork);
        assert!(decode_json::<PeerId>(&format!("\"{}\"", "ab".repeat(20))).is_ok());
        assert!(decode_json::<Nothing>(r#"{"any":[1]}"#).is_ok());
        let wanted: Wanted = decode_json(r#"{"id":"ab","wish":"exclude"}"#).unwrap();
        assert_eq!((wanted.id.as_str(), wanted.wish), ("ab", Wish::Exclude));
        let form: SendForm = decode_json(r#"{"to":"tab1","amount":"1.5","sign":false}"#).unwrap();
        assert_eq!((form.amount.as_str(), form.fee, form.sign), ("1.5", None, Some(false)));
    }

    #[test]
    fn wrong_arguments_are_bad_requests() {
        fn code<A: DeserializeOwned>(json: &str) -> Option<ErrorCode> {
            decode_json::<A>(json).err().map(|error| error.code)
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
        let message = decode_json::<BlockId>("-1").unwrap_err().message;
        assert_eq!(message, "the argument is wrong: expected a height or a hash");
    }
}
