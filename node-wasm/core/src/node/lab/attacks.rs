//! The attacks of the lab: one row each, with what it tries, which rule stops it, and what comes of it.

use super::forge::EXCESS;
use crate::net::offence::Offence;
use crate::request::Attack;
use crate::sentence::{Sentence, sentence};
use crate::view::lab::Need;

/// What is known of an attack beforehand. Its sentences are made when they are shown.
#[derive(Debug)]
pub(super) struct Row {
    /// What it tries, in a sentence.
    pub(super) tries: fn() -> Sentence,
    /// The rule that stops it, in a sentence.
    pub(super) stopped_by: fn() -> Sentence,
    /// What must be there for it, beside peers.
    pub(super) needs: &'static [Need],
    /// What peers call it; none where it is no fault and passed over.
    pub(super) offence: Option<Offence>,
}

impl Row {
    /// Whether its block needs a nonce that meets the target.
    pub(super) fn needs_work(&self) -> bool {
        self.needs.contains(&Need::Work)
    }
}

/// The row of an attack.
#[expect(clippy::too_many_lines, reason = "a table")]
pub(super) const fn row(attack: Attack) -> Row {
    match attack {
        Attack::Garbage => Row {
            tries: || sentence!("Sends bytes that are no message, to bring a peer's software down."),
            stopped_by: || sentence!("Every message has one exact form; whoever sends anything else is no node."),
            needs: &[],
            offence: Some(Offence::Garbage),
        },
        Attack::InvalidSignature => Row {
            tries: || {
                sentence!(
                    "Announces a payment whose signature was changed by one bit, as a thief without the key would."
                )
            },
            stopped_by: || sentence!("The signature must be made by the key of the account that pays."),
            needs: &[Need::Coins],
            offence: Some(Offence::BadSignature),
        },
        Attack::WrongHash => Row {
            tries: || sentence!("Mines an honest block, then serves other transactions under its hash."),
            stopped_by: || {
                sentence!("The header commits to its transactions: their Merkle root must be the one in the header.")
            },
            needs: &[Need::Work],
            offence: Some(Offence::InvalidBlock),
        },
        Attack::TooLittleWork => Row {
            tries: || sentence!("Shows a block without having done the work for it."),
            stopped_by: || sentence!("The hash of a block, read as a number, must not exceed the target."),
            needs: &[],
            offence: Some(Offence::InvalidHeader),
        },
        Attack::FalseTarget => Row {
            tries: || sentence!("Claims an easier target than the chain demands, and does the work for that."),
            stopped_by: || sentence!("The target follows from the blocks before; every node computes it itself."),
            needs: &[Need::Work],
            offence: Some(Offence::InvalidHeader),
        },
        Attack::AlteredBlock => Row {
            tries: || {
                sentence!("Changes a transaction of an old block and shows the chain from there on as if nothing were.")
            },
            stopped_by: || {
                sentence!(
                    "Each block names the hash of the one before: a changed block is not the one that its successor names."
                )
            },
            needs: &[Need::Blocks],
            offence: Some(Offence::InvalidHeader),
        },
        Attack::DoubleSpend => Row {
            tries: || {
                sentence!("Spends a second time, to itself, what a confirmed payment of this wallet has spent already.")
            },
            stopped_by: || {
                sentence!(
                    "Each payment has a number of its account, and a number counts once. Nobody is blamed: payments do cross."
                )
            },
            needs: &[Need::OwnPayment],
            offence: Some(Offence::NotAdmitted),
        },
        Attack::InflatedReward => Row {
            tries: || {
                sentence!("Mines a block with real work that pays its miner {excess} TAB too much.", excess = EXCESS)
            },
            stopped_by: || sentence!("The reward is exactly the subsidy and the fees of the block."),
            needs: &[Need::Work],
            offence: Some(Offence::InvalidBlock),
        },
        Attack::Replay => Row {
            tries: || sentence!("Announces and sends a confirmed payment again, so that it would be paid twice."),
            stopped_by: || {
                sentence!("Every node knows what is confirmed, and asks for none of it: the message is passed over.")
            },
            needs: &[Need::Payment],
            offence: None,
        },
        Attack::ForeignReplay => Row {
            tries: || {
                sentence!("Announces a payment that was signed for another room, where the coins are worth nothing.")
            },
            stopped_by: || {
                sentence!("What is signed includes the first block of the chain: a signature holds in one room only.")
            },
            needs: &[Need::Coins],
            offence: Some(Offence::BadSignature),
        },
        Attack::FutureTimestamp => Row {
            tries: || sentence!("Mines a block that is dated an hour ahead, to lower the difficulty of the next."),
            stopped_by: || {
                sentence!("A block from the future waits until its time comes. Nobody is blamed: clocks differ.")
            },
            needs: &[Need::Work],
            offence: None,
        },
        Attack::Flood => Row {
            tries: || sentence!("Sends more pings at once than any node needs, to keep a peer busy."),
            stopped_by: || sentence!("Each peer has a budget for every kind of message; what is beyond costs points."),
            needs: &[],
            offence: Some(Offence::Flood),
        },
        Attack::OrphanFlood => Row {
            tries: || sentence!("Shows thousands of block headers that stand on nothing, to fill a peer's memory."),
            stopped_by: || sentence!("Headers without a known parent are not stored, and unasked ones have a budget."),
            needs: &[],
            offence: Some(Offence::Flood),
        },
    }
}
