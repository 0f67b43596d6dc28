//! Texts of the lab. What an attack tries, which rule stops it and why a peer refused it is the node's to say.

use super::plural;
use node_wasm::{
    request::Attack,
    view::lab::{BAN_SCORE, Need, Offence},
};

pub(crate) const LAB: &str = "Lab";
pub(crate) const LAB_LEAD: &str = "Attack the network for real, and watch the rules hold. What this tab forges goes to the others only: its own chain and wallet stay honest.";
pub(crate) const ATTACKS: &str = "Attacks";
pub(crate) const AIM: &str = "Aim at";
pub(crate) const ALL_PEERS: &str = "all peers";
pub(crate) const REPEAT: &str = "Launch";
pub(crate) const ONCE: &str = "once";
pub(crate) const STOP_ATTACKS: &str = "Stop all";
pub(crate) const STOPPED_BY: &str = "What stops it";
pub(crate) const LAUNCH: &str = "Launch";
pub(crate) const BEING_MINED: &str = "its block is being mined…";
pub(crate) const ATTACKS_WAITING: &str = "Asking the node for its attacks…";
pub(crate) const LAUNCHED: &str = "Launched";
pub(crate) const MINES_FIRST: &str = "This tab mines the block for it first";

pub(crate) const VERDICTS: &str = "What peers made of it";
pub(crate) const VERDICTS_NONE: &str = "Nothing was launched yet";
pub(crate) const VERDICTS_NONE_TEXT: &str =
    "Launch an attack above. Each peer's verdict appears here, usually within a second.";
pub(crate) const WHEN: &str = "When";
pub(crate) const ATTACK: &str = "Attack";
pub(crate) const VERDICT: &str = "Verdict";
pub(crate) const REASON: &str = "Reason";
pub(crate) const SCORE: &str = "Score";
pub(crate) const RULE: &str = "Rule";
pub(crate) const SENDER: &str = "From";
pub(crate) const AIMED_AT: &str = "Peer";
pub(crate) const VERDICT_SENT: &str = "sent, no word yet";
pub(crate) const VERDICT_PASSED: &str = "passed over in silence";
pub(crate) const VERDICT_UNANSWERED: &str = "no answer";
pub(crate) const VERDICT_CLOSED: &str = "connection closed";
pub(crate) const NOBODY: &str = "nobody in particular";

pub(crate) const VICTIM: &str = "What this tab refused";
pub(crate) const VICTIM_NONE: &str = "This tab had nothing to refuse";
pub(crate) const VICTIM_NONE_TEXT: &str =
    "When another tab attacks this one, what it sent, the rule that stopped it and what it cost appear here.";
pub(crate) const BANNED_PEERS: &str = "Banned peers";
pub(crate) const LAB_WAITING: &str = "Asking the node…";
pub(crate) const BANNED_NONE: &str = "Nobody is banned.";
pub(crate) const PARDON: &str = "Pardon";
pub(crate) const PARDONED: &str = "Pardoned: this tab connects to it again";

pub(crate) fn attack(attack: Attack) -> &'static str {
    match attack {
        Attack::Garbage => "Garbage",
        Attack::InvalidSignature => "Invalid signature",
        Attack::WrongHash => "Wrong hash",
        Attack::TooLittleWork => "Too little work",
        Attack::FalseTarget => "False target",
        Attack::AlteredBlock => "Altered block",
        Attack::DoubleSpend => "Double spend",
        Attack::InflatedReward => "Inflated reward",
        Attack::Replay => "Replay",
        Attack::ForeignReplay => "Replay from another room",
        Attack::FutureTimestamp => "Future timestamp",
        Attack::Flood => "Flood",
        Attack::OrphanFlood => "Orphan flood",
    }
}

pub(crate) fn offence(offence: Offence) -> &'static str {
    match offence {
        Offence::Garbage => "garbage",
        Offence::OutOfOrder => "out of order",
        Offence::BadProof => "unproved id",
        Offence::WrongNetwork => "another network",
        Offence::TooMany => "too long a list",
        Offence::Flood => "flood",
        Offence::InvalidHeader => "invalid header",
        Offence::InvalidBlock => "invalid block",
        Offence::InvalidTransaction => "invalid transaction",
        Offence::BadSignature => "bad signature",
        Offence::NotAdmitted => "not admitted",
        Offence::Stalled => "stalled",
        Offence::Silent => "silent",
        Offence::LowWork => "low work",
        Offence::Unwanted => "unwanted headers",
        Offence::BadCompactBlock => "bad compact block",
        Offence::NoRoom => "no room",
        Offence::NotReading => "does not read",
        Offence::FalseProof => "false proof",
        Offence::Undelivered => "not delivered",
    }
}

/// What an attack needs beside peers, as a remark.
pub(crate) fn need(need: Need) -> Option<&'static str> {
    match need {
        Need::Peers => None,
        Need::Coins => Some("pretends with coins of this wallet"),
        Need::OwnPayment => Some("needs a confirmed payment of this wallet"),
        Need::Payment => Some("needs a confirmed payment"),
        Need::Blocks => Some("needs two blocks"),
        Need::Work => Some("real proof of work"),
    }
}

/// What an attack costs who launches it.
pub(crate) fn price(offence: Option<Offence>, points: u32) -> String {
    match (offence, points) {
        (None, _) => "no fault".to_owned(),
        (Some(_), 0) => "not admitted, no points".to_owned(),
        (Some(_), BAN_SCORE..) => "a ban at once".to_owned(),
        (Some(_), points) => format!("{points} points each"),
    }
}

pub(crate) fn every(seconds: u32) -> String {
    format!("every {seconds} s")
}

pub(crate) fn repeated(seconds: u32, tries: u32) -> String {
    format!("every {seconds} s, {} so far", plural(tries, "launch").replace("launchs", "launches"))
}

pub(crate) fn launch_attack(attack: &str) -> String {
    format!("Launch: {attack}")
}

pub(crate) fn refused_as(offence: &str, refusals: u32) -> String {
    if refusals > 1 { format!("refused {refusals} times: {offence}") } else { format!("refused: {offence}") }
}

pub(crate) fn score_of(score: u32) -> String {
    format!("{score} of {BAN_SCORE}")
}

pub(crate) fn points(points: u32) -> String {
    format!("+{points}")
}

pub(crate) fn banned_for(time: &str) -> String {
    format!("banned, {time} left")
}

pub(crate) fn time_left(time: &str) -> String {
    format!("{time} left")
}

pub(crate) const BAN_OVER: &str = "ban is over";

/// What peers made of the newest launch of an attack.
pub(crate) fn judged(refused: u32, passed_over: u32, open: u32) -> String {
    let part = |count: u32, word: &str| (count > 0).then(|| format!("{} {word}", plural(count, "peer")));
    let parts = [part(refused, "refused it"), part(passed_over, "passed it over"), part(open, "said nothing yet")];
    format!("Last launch: {}", parts.into_iter().flatten().collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_and_launches_read_well() {
        assert_eq!(price(Some(Offence::Garbage), 100), "a ban at once");
        assert_eq!(price(Some(Offence::BadSignature), 25), "25 points each");
        assert_eq!(price(None, 0), "no fault");
        assert_eq!(repeated(5, 1), "every 5 s, 1 launch so far");
        assert_eq!(repeated(5, 2), "every 5 s, 2 launches so far");
        assert_eq!(refused_as("flood", 3), "refused 3 times: flood");
    }

    #[test]
    fn every_attack_has_a_name_of_its_own() {
        let names: std::collections::BTreeSet<&str> = Attack::ALL.into_iter().map(attack).collect();
        assert_eq!(names.len(), Attack::ALL.len());
    }
}
