//! Sentences for people that can be said in another language: a pattern, which is English and names the
//! sentence, and the values in its places.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::{fmt, ops::Deref};

pub use sentence_macros::{Say, sentence};

// It reads as its English text wherever a `str` is asked for. Made by `sentence!`, or of an error by `Say`.
/// A sentence in English, and what it takes to say it in another language or to write its amounts another way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Sentence {
    /// In English, as it stands within a line.
    message: String,
    /// The same with places for what differs from time to time, such as `block {height} is not kept here`.
    pattern: Cow<'static, str>,
    /// What stands in the places, by their names.
    values: BTreeMap<Cow<'static, str>, Value>,
}

/// What stands in a place of a sentence: a whole number in the unit that the sentence names, an amount in TAB as decimal
/// digits, a text (a hash, a name, or somebody else's words), or a part that is a sentence itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub enum Value {
    /// A whole number: a count, a height, a duration in the unit that the sentence names.
    Number(u64),
    /// An amount in TAB, in decimals.
    Amount(String),
    /// A hash, a name, or the words of somebody else, which are in no language for sure.
    Text(String),
    /// A part of the sentence that is a sentence itself.
    Sentence(Sentence),
}

/// Something that has a sentence for people. Derived for an error from its `#[error("…")]`.
pub trait Say {
    /// The sentence.
    fn say(&self) -> Sentence;
}

/// Something that can stand in a place of a sentence.
pub trait ToValue {
    /// As what it stands there.
    fn to_value(&self) -> Value;
}

impl Sentence {
    /// A sentence of its parts. [`sentence!`] checks that every place has its value.
    pub fn new<const N: usize>(pattern: &'static str, values: [(&'static str, Value); N]) -> Self {
        let values = values.map(|(name, value)| (Cow::Borrowed(name), value));
        Self::of(Cow::Borrowed(pattern), values.into_iter().collect())
    }

    /// The words of somebody else, such as the browser's: they are passed on as they are.
    pub fn verbatim(words: impl Into<String>) -> Self {
        let words = words.into();
        sentence!("{words}")
    }

    /// A sentence without places whose text is known at run time only, such as that of another crate's error.
    pub fn plain(text: String) -> Self {
        Self { message: text.clone(), pattern: Cow::Owned(text), values: BTreeMap::new() }
    }

    fn of(pattern: Cow<'static, str>, values: BTreeMap<Cow<'static, str>, Value>) -> Self {
        let message = fill(&pattern, |name| values.get(name).map(ToString::to_string));
        Self { message, pattern, values }
    }

    /// The English text with places in braces: the sentence's name for whoever translates it.
    pub fn pattern(&self) -> &str {
        &self.pattern
    }

    /// What stands in the places, by their names.
    pub fn values(&self) -> &BTreeMap<Cow<'static, str>, Value> {
        &self.values
    }

    /// What stands in the place of this name.
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.values.get(name)
    }
}

/// A pattern with its places filled in. A place that `value` does not know stays as it is.
pub fn fill(pattern: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut text = String::with_capacity(pattern.len());
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        let place = after.split_once('}').and_then(|(name, after)| Some((value(name)?, after)));
        if let Some((value, after)) = place {
            text.push_str(&value);
            rest = after;
        } else {
            text.push('{');
            rest = after;
        }
    }
    text.push_str(rest);
    text
}

/// A number and what it counts: "1 block", "2 blocks".
macro_rules! counted {
    ($count:expr, $noun:literal) => {{
        let count = u64::try_from($count).unwrap_or(u64::MAX);
        if count == 1 {
            $crate::sentence::Sentence::new(concat!("1 ", $noun), [])
        } else {
            $crate::sentence::Sentence::new(
                concat!("{count} ", $noun, "s"),
                [("count", $crate::sentence::Value::Number(count))],
            )
        }
    }};
}
pub(crate) use counted;

impl Deref for Sentence {
    type Target = str;

    fn deref(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for Sentence {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl PartialEq<str> for Sentence {
    fn eq(&self, other: &str) -> bool {
        self.message == other
    }
}

impl PartialEq<&str> for Sentence {
    fn eq(&self, other: &&str) -> bool {
        self.message == *other
    }
}

impl fmt::Display for Value {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(formatter),
            Self::Amount(text) | Self::Text(text) => formatter.write_str(text),
            Self::Sentence(sentence) => sentence.fmt(formatter),
        }
    }
}

impl<T: Say> From<T> for Sentence {
    fn from(said: T) -> Self {
        said.say()
    }
}

impl<T: ToValue + ?Sized> ToValue for &T {
    fn to_value(&self) -> Value {
        (*self).to_value()
    }
}

impl ToValue for Sentence {
    fn to_value(&self) -> Value {
        Value::Sentence(self.clone())
    }
}

impl ToValue for str {
    fn to_value(&self) -> Value {
        Value::Text(self.to_owned())
    }
}

impl ToValue for String {
    fn to_value(&self) -> Value {
        Value::Text(self.clone())
    }
}

impl ToValue for u64 {
    fn to_value(&self) -> Value {
        Value::Number(*self)
    }
}

impl ToValue for u32 {
    fn to_value(&self) -> Value {
        Value::Number((*self).into())
    }
}

impl ToValue for u8 {
    fn to_value(&self) -> Value {
        Value::Number((*self).into())
    }
}

impl ToValue for u16 {
    fn to_value(&self) -> Value {
        Value::Number((*self).into())
    }
}

impl ToValue for usize {
    fn to_value(&self) -> Value {
        Value::Number(u64::try_from(*self).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{Amount, Height};
    use proptest::prelude::*;

    const MOST: u32 = 12;

    #[derive(Debug, thiserror::Error, Say)]
    enum Inner {
        #[error("at most {MOST} of {0}, and not {1}")]
        Tuple(&'static str, u64),
    }

    #[derive(Debug, thiserror::Error, Say)]
    enum Outer {
        #[error("nothing at all")]
        Unit,
        #[error("it takes {needed} TAB at {height}")]
        Named { needed: Amount, height: Height, other: u8 },
        #[error("a part: {0}")]
        Part(Inner),
        #[error(transparent)]
        Through(#[from] Inner),
    }

    #[test]
    fn an_error_says_what_it_displays() {
        for (error, pattern) in [
            (Outer::Unit, "nothing at all"),
            (
                Outer::Named { needed: Amount::from_tab(2), height: Height(7), other: 1 },
                "it takes {needed} TAB at {height}",
            ),
            (Outer::Part(Inner::Tuple("these", 13)), "a part: {0}"),
            (Outer::Through(Inner::Tuple("those", 14)), "at most {MOST} of {0}, and not {1}"),
        ] {
            let said = error.say();
            assert_eq!(said, *error.to_string());
            assert_eq!(said.pattern(), pattern);
        }
        let named = Outer::Named { needed: Amount::from_tab(2), height: Height(7), other: 1 }.say();
        assert_eq!(named.value("needed"), Some(&Value::Amount("2".to_owned())));
        assert_eq!(named.value("height"), Some(&Value::Number(7)));
        assert_eq!(named.value("other"), None);
        let part = Outer::Part(Inner::Tuple("these", 13)).say();
        assert!(
            matches!(part.value("0"), Some(Value::Sentence(inner)) if inner.value("MOST") == Some(&Value::Number(12)))
        );
    }

    #[test]
    fn one_and_many_are_two_patterns() {
        let (one, two) = (counted!(1_usize, "block"), counted!(2_u32, "block"));
        assert_eq!((one.pattern(), &*one), ("1 block", "1 block"));
        assert_eq!((two.pattern(), &*two), ("{count} blocks", "2 blocks"));
    }

    #[test]
    fn json_has_the_message_and_its_parts() {
        let reason = Sentence::verbatim("{no place}");
        let said = sentence!("block {height}: {reason}", height = Height(3));
        let json = serde_json::json!({
            "message": "block 3: {no place}",
            "pattern": "block {height}: {reason}",
            "values": {
                "height": { "number": 3 },
                "reason": { "sentence": {
                    "message": "{no place}",
                    "pattern": "{words}",
                    "values": { "words": { "text": "{no place}" } },
                } },
            },
        });
        assert_eq!(serde_json::to_value(&said).unwrap(), json);
        assert_eq!(serde_json::from_value::<Sentence>(json).unwrap(), said);
    }

    proptest! {
        #[test]
        fn whatever_stands_in_a_place_is_left_alone(words in ".{0,40}") {
            prop_assert_eq!(&*Sentence::verbatim(words.as_str()), words.as_str());
            let twice = sentence!("{words}, {words}", words = words.as_str());
            prop_assert_eq!(&*twice, format!("{words}, {words}"));
        }

        #[test]
        fn any_pattern_is_filled_without_a_panic(pattern in "[a{}]{0,12}") {
            prop_assert_eq!(fill(&pattern, |_| None), pattern.clone());
            let filled = fill(&pattern, |_| Some("b".to_owned()));
            prop_assert!(filled.len() <= pattern.len());
        }
    }
}
