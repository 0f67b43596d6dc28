//! Why a tab has no peers, in plain words: what is known of tracker, room, browser and network, and
//! what follows from it.

use crate::texts;
use node_wasm::{
    view::{StorageState, TrackerState},
    webrtc::Report,
};

/// Attempts from which on their failure says something of the network.
const TELLING: u32 = 3;

/// How good or bad something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Grade {
    /// As it should be.
    Good,
    /// Good to know, or not decided yet.
    Note,
    /// In the way.
    Bad,
}

/// A sentence of the diagnosis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) grade: Grade,
    pub(crate) text: &'static str,
}

/// What the diagnosis is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Facts {
    /// The connection to the tracker.
    pub(crate) tracker: TrackerState,
    /// Connected peers.
    pub(crate) peers: u32,
    /// Tabs in the room, this one included, if anybody counted.
    pub(crate) room: Option<u32>,
    /// Whether the browser makes peer connections at all.
    pub(crate) has_webrtc: bool,
    /// What came of the attempts.
    pub(crate) report: Report,
    /// Whether the page was in the background lately.
    pub(crate) was_hidden: bool,
    /// Whether the browser trusts the way by which the page came.
    pub(crate) is_secure: bool,
    /// Where wallet and chain are kept.
    pub(crate) storage: StorageState,
}

/// All there is to say, the most important first.
pub(crate) fn diagnose(facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut say = |grade, text| findings.push(Finding { grade, text });
    match (facts.peers > 0, facts.tracker) {
        (true, _) => say(Grade::Good, texts::D_CONNECTED),
        (false, _) if !facts.has_webrtc => say(Grade::Bad, texts::D_NO_WEBRTC),
        _ => {}
    }
    match (facts.tracker, facts.peers) {
        (TrackerState::Joined, _) => say(Grade::Good, texts::D_TRACKER_JOINED),
        (TrackerState::Joining, _) => say(Grade::Note, texts::D_TRACKER_JOINING),
        (TrackerState::Offline, 0) => say(Grade::Bad, texts::D_TRACKER_GONE),
        (TrackerState::Offline, _) => say(Grade::Note, texts::D_TRACKER_AWAY),
    }
    if facts.peers == 0 && facts.has_webrtc && facts.tracker == TrackerState::Joined {
        match facts.room {
            None => say(Grade::Note, texts::D_ROOM_UNKNOWN),
            Some(0 | 1) => say(Grade::Note, texts::D_ALONE),
            Some(_) => {
                let (grade, text) = connections(&facts.report);
                say(grade, text);
            }
        }
    } else if facts.peers > 0 && facts.report.servers == 0 {
        say(Grade::Note, texts::D_NO_SERVER);
    } else if facts.report.host + facts.report.reflexive > 0 {
        say(Grade::Good, texts::D_ADDRESSES);
    }
    if facts.was_hidden {
        say(Grade::Note, texts::D_HIDDEN);
    }
    if !facts.is_secure {
        say(Grade::Note, texts::D_INSECURE);
    }
    if facts.storage == StorageState::Stored {
        say(Grade::Good, texts::D_STORAGE);
    } else {
        say(Grade::Bad, texts::D_NO_STORAGE);
    }
    findings
}

/// What keeps the lines to others from being made.
fn connections(report: &Report) -> (Grade, &'static str) {
    let own = report.host + report.reflexive + report.relayed;
    let missed = report.timed_out + report.failed;
    if missed == 0 {
        return (Grade::Note, texts::D_TRYING);
    }
    if own == 0 {
        return (Grade::Bad, texts::D_NO_ADDRESS);
    }
    if report.udp == 0 {
        return (Grade::Bad, texts::D_UDP_BLOCKED);
    }
    // Nobody told where he is: the other side did not answer at all.
    if report.remote == 0 {
        return (if missed < TELLING { Grade::Note } else { Grade::Bad }, texts::D_SILENT);
    }
    match report {
        Report { servers: 0, .. } => (Grade::Bad, texts::D_NO_SERVER),
        Report { reflexive: 0, relayed: 0, .. } => (Grade::Bad, texts::D_NOT_REFLECTED),
        _ if missed < TELLING => (Grade::Note, texts::D_TRYING),
        _ => (Grade::Bad, texts::D_NO_RELAY),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(report: Report) -> Facts {
        Facts {
            tracker: TrackerState::Joined,
            peers: 0,
            room: Some(4),
            has_webrtc: true,
            report,
            was_hidden: false,
            is_secure: true,
            storage: StorageState::Stored,
        }
    }

    fn says(facts: &Facts, grade: Grade, text: &'static str) -> bool {
        diagnose(facts).contains(&Finding { grade, text })
    }

    #[test]
    fn a_connected_tab_is_told_so_first() {
        let facts = Facts { peers: 3, ..facts(Report { servers: 1, host: 2, ..Report::default() }) };
        assert_eq!(diagnose(&facts)[0], Finding { grade: Grade::Good, text: texts::D_CONNECTED });
        assert!(diagnose(&facts).iter().all(|finding| finding.grade == Grade::Good));
    }

    #[test]
    fn each_reason_for_having_no_peers_has_its_own_words() {
        let tried = Report { begun: 4, failed: 4, host: 2, udp: 2, remote: 3, ..Report::default() };
        let reached = Report { servers: 2, reflexive: 1, ..tried };
        for (report, grade, text) in [
            (Report::default(), Grade::Note, texts::D_TRYING),
            (Report { host: 0, udp: 0, ..tried }, Grade::Bad, texts::D_NO_ADDRESS),
            (Report { udp: 0, ..tried }, Grade::Bad, texts::D_UDP_BLOCKED),
            (Report { remote: 0, ..tried }, Grade::Bad, texts::D_SILENT),
            (Report { remote: 0, failed: 0, timed_out: 1, ..tried }, Grade::Note, texts::D_SILENT),
            (tried, Grade::Bad, texts::D_NO_SERVER),
            (Report { reflexive: 0, ..reached }, Grade::Bad, texts::D_NOT_REFLECTED),
            (reached, Grade::Bad, texts::D_NO_RELAY),
            (Report { failed: 1, ..reached }, Grade::Note, texts::D_TRYING),
        ] {
            assert!(says(&facts(report), grade, text), "{report:?}: {:?}", diagnose(&facts(report)));
        }
    }

    #[test]
    fn tracker_and_room_come_before_the_network() {
        let tried = Report { begun: 4, failed: 4, ..Report::default() };
        let away = Facts { tracker: TrackerState::Offline, ..facts(tried) };
        assert!(says(&away, Grade::Bad, texts::D_TRACKER_GONE) && !says(&away, Grade::Bad, texts::D_NO_ADDRESS));
        assert!(says(&Facts { peers: 1, ..away }, Grade::Note, texts::D_TRACKER_AWAY));
        let alone = Facts { room: Some(1), ..facts(tried) };
        assert!(says(&alone, Grade::Note, texts::D_ALONE) && !says(&alone, Grade::Bad, texts::D_NO_ADDRESS));
        let without = Facts { has_webrtc: false, ..facts(Report::default()) };
        assert_eq!(diagnose(&without)[0].text, texts::D_NO_WEBRTC);
    }

    #[test]
    fn background_encryption_and_storage_are_named() {
        let facts =
            Facts { was_hidden: true, is_secure: false, storage: StorageState::Memory, ..facts(Report::default()) };
        assert!(says(&facts, Grade::Note, texts::D_HIDDEN));
        assert!(says(&facts, Grade::Note, texts::D_INSECURE));
        assert!(says(&facts, Grade::Bad, texts::D_NO_STORAGE));
    }
}
