//! The one table by which peers are judged: what is refused, and what it costs.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Points at which a peer is banned.
pub const BAN_SCORE: u32 = 100;
/// How long a ban lasts: long enough to stop a flood, short enough to forgive a bug.
pub const BAN_TIME: Duration = Duration::from_mins(10);
/// Most bans remembered; the one that ends first is forgotten first.
pub const MAX_BANS: usize = 10_000;

/// Why something of a peer's was refused.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "kebab-case")]
pub enum Offence {
    /// Bytes that are no frame or no message.
    Garbage,
    /// A message that does not belong here: a hello too many, or anything before the first.
    OutOfOrder,
    /// The hello does not prove the peer's id on this channel: somebody may sit in between.
    BadProof,
    /// Another version of the protocol, or another chain.
    WrongNetwork,
    /// A list longer than allowed.
    TooMany,
    /// More messages than the rate allows.
    Flood,
    /// A header that breaks a rule.
    InvalidHeader,
    /// A block that breaks a rule.
    InvalidBlock,
    /// A transaction that is wrong in itself.
    InvalidTransaction,
    /// A transaction or a relayed signal whose signature does not hold.
    BadSignature,
    /// A transaction that does not go with the accounts, or has no place: no fault of the peer's.
    NotAdmitted,
    /// A body, or headers, that were asked for and did not come in time.
    Stalled,
    /// No answer to pings.
    Silent,
    /// Headers that were asked for and end with less work than the peer said its chain has.
    LowWork,
    /// Headers that nobody asked for, of a branch with too little work.
    Unwanted,
    /// A compact block whose lists do not go together, or transactions of a block that are not
    /// those asked for, or a request for transactions that the block does not have.
    BadCompactBlock,
    /// No fault: the link makes room for another.
    NoRoom,
    /// The peer does not read what is sent to it.
    NotReading,
    /// An answer to a light node's question that a header refutes.
    FalseProof,
    /// Transactions or a block that a peer announced and, when asked, did not have.
    Undelivered,
}

impl Offence {
    /// All that there are, in the order of their numbers on the wire.
    pub const ALL: [Self; 20] = [
        Self::Garbage,
        Self::OutOfOrder,
        Self::BadProof,
        Self::WrongNetwork,
        Self::TooMany,
        Self::Flood,
        Self::InvalidHeader,
        Self::InvalidBlock,
        Self::InvalidTransaction,
        Self::BadSignature,
        Self::NotAdmitted,
        Self::Stalled,
        Self::Silent,
        Self::LowWork,
        Self::Unwanted,
        Self::BadCompactBlock,
        Self::NoRoom,
        Self::NotReading,
        Self::FalseProof,
        Self::Undelivered,
    ];

    /// What it adds to a peer's score. 100 bans at once: nothing of the kind comes from an honest
    /// node. Less than that can happen to an honest one and is forgiven until it adds up.
    pub const fn points(self) -> u32 {
        match self {
            Self::Garbage
            | Self::BadProof
            | Self::InvalidHeader
            | Self::InvalidBlock
            | Self::LowWork
            | Self::BadCompactBlock
            | Self::FalseProof => 100,
            Self::TooMany | Self::InvalidTransaction | Self::BadSignature | Self::Stalled | Self::Undelivered => 25,
            Self::OutOfOrder | Self::Flood | Self::Unwanted => 20,
            Self::WrongNetwork | Self::NotAdmitted | Self::Silent | Self::NoRoom | Self::NotReading => 0,
        }
    }

    /// A stable word for logs and programs.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Garbage => "garbage",
            Self::OutOfOrder => "out-of-order",
            Self::BadProof => "bad-proof",
            Self::WrongNetwork => "wrong-network",
            Self::TooMany => "too-many",
            Self::Flood => "flood",
            Self::InvalidHeader => "invalid-header",
            Self::InvalidBlock => "invalid-block",
            Self::InvalidTransaction => "invalid-transaction",
            Self::BadSignature => "bad-signature",
            Self::NotAdmitted => "not-admitted",
            Self::Stalled => "stalled",
            Self::Silent => "silent",
            Self::LowWork => "low-work",
            Self::Unwanted => "unwanted",
            Self::BadCompactBlock => "bad-compact-block",
            Self::NoRoom => "no-room",
            Self::NotReading => "not-reading",
            Self::FalseProof => "false-proof",
            Self::Undelivered => "undelivered",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_honest_node_does_bans_at_once_and_the_rest_adds_up() {
        for (offence, times) in [
            (Offence::Garbage, 1),
            (Offence::LowWork, 1),
            (Offence::InvalidHeader, 1),
            (Offence::FalseProof, 1),
            (Offence::BadSignature, 4),
            (Offence::Stalled, 4),
            (Offence::Undelivered, 4),
            (Offence::Flood, 5),
            (Offence::Unwanted, 5),
        ] {
            assert_eq!(BAN_SCORE.div_ceil(offence.points()), times, "{offence:?}");
        }
        assert_eq!(Offence::NotAdmitted.points(), 0);
    }

    #[test]
    fn json_and_log_call_an_offence_the_same() {
        for (number, offence) in Offence::ALL.into_iter().enumerate() {
            let number = u8::try_from(number).unwrap();
            assert_eq!(Offence::try_from_slice(&[number]).unwrap(), offence);
            assert_eq!(serde_json::to_value(offence).unwrap(), offence.code());
        }
        assert!(Offence::try_from_slice(&[20]).is_err(), "a new one is among all");
    }
}
