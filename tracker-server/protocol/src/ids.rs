//! Names of peers and rooms, with one valid spelling each.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// Why a text is not a [`PeerId`] or a [`RoomId`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Not 40 lower-case hexadecimal digits.
    #[error("a peer id has 40 lower-case hexadecimal digits")]
    Peer,
    /// Not a room name of the allowed length and alphabet.
    #[error("a room id has 1 to 64 characters from a-z, 0-9, '-' and '.'")]
    Room,
}

/// A peer: the first 20 bytes of the SHA-256 of its compressed public key.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(as = "String"))]
#[serde(try_from = "String", into = "String")]
pub struct PeerId([u8; PeerId::LENGTH]);

impl PeerId {
    /// Length in bytes: a second key with the same id costs 2^160 attempts.
    pub const LENGTH: usize = 20;

    /// Wraps bytes that were derived from a key.
    pub const fn from_bytes(bytes: [u8; Self::LENGTH]) -> Self {
        Self(bytes)
    }

    /// The bytes behind the id.
    pub const fn as_bytes(&self) -> &[u8; Self::LENGTH] {
        &self.0
    }

    /// The first eight digits: enough for a log line, never for a comparison.
    pub fn short(&self) -> String {
        hex::encode(&self.0[..4])
    }
}

impl fmt::Display for PeerId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for PeerId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "PeerId({self})")
    }
}

impl FromStr for PeerId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(IdError::Peer);
        }
        let mut bytes = [0; Self::LENGTH];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| IdError::Peer)?;
        Ok(Self(bytes))
    }
}

impl TryFrom<String> for PeerId {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl From<PeerId> for String {
    fn from(id: PeerId) -> Self {
        id.to_string()
    }
}

/// A room of the tracker: `network.room`, for instance `dev.class-7b`.
///
/// To the tracker it is one opaque word; what it means is the node's business.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RoomId(String);

impl RoomId {
    /// Most characters in a room id.
    pub const MAX_CHARS: usize = 64;

    /// The id that is left of any text without the characters that an id cannot have, and without
    /// those past the last that it can; `unnamed` if nothing is left.
    pub fn lossy(text: &str) -> Self {
        let kept: String = text.chars().filter(|character| is_allowed(*character)).take(Self::MAX_CHARS).collect();
        Self(if kept.is_empty() { "unnamed".to_owned() } else { kept })
    }

    /// The text of the id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RoomId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

fn is_allowed(character: char) -> bool {
    matches!(character, 'a'..='z' | '0'..='9' | '-' | '.')
}

impl FromStr for RoomId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        if text.is_empty() || text.len() > Self::MAX_CHARS || !text.chars().all(is_allowed) {
            return Err(IdError::Room);
        }
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for RoomId {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl From<RoomId> for String {
    fn from(id: RoomId) -> Self {
        id.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peer_id_has_one_spelling() {
        let id = PeerId::from_bytes([0xab; 20]);
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!("AB".repeat(20).parse::<PeerId>(), Err(IdError::Peer));
        assert_eq!("ab".repeat(19).parse::<PeerId>(), Err(IdError::Peer));
        assert_eq!("zz".repeat(20).parse::<PeerId>(), Err(IdError::Peer));
    }

    #[test]
    fn room_id_is_bounded_and_plain() {
        assert!("dev.class-7b".parse::<RoomId>().is_ok());
        for bad in ["", "Dev", "a b", "<script>", "ä", &"a".repeat(65)] {
            assert_eq!(bad.parse::<RoomId>(), Err(IdError::Room), "{bad}");
        }
        assert!("a".repeat(64).parse::<RoomId>().is_ok());
    }

    #[test]
    fn any_text_leaves_a_room_id() {
        for (text, left) in
            [("dev.class-7b", "dev.class-7b"), ("My Nät.<a>", "yt.a"), ("", "unnamed"), ("ÄÖ", "unnamed")]
        {
            let id = RoomId::lossy(text);
            assert_eq!(id.as_str(), left);
            assert_eq!(id.as_str().parse(), Ok(id));
        }
        assert_eq!(RoomId::lossy(&"a".repeat(65)).as_str(), "a".repeat(64));
    }

    #[test]
    fn bad_ids_are_refused_by_serde_too() {
        assert!(serde_json::from_str::<RoomId>("\"A\"").is_err());
        assert!(serde_json::from_str::<PeerId>("\"12\"").is_err());
    }
}
