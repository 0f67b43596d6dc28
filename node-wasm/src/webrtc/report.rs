//! What came of the attempts to connect: counts for whoever must explain why there is no peer.

use super::LinkError;
use super::route::of_type;
use node_core::view::Route;

/// Counts since the tab started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Report {
    /// Addresses of STUN and TURN servers that the browser was given.
    pub servers: u32,
    /// Connections that were begun.
    pub begun: u32,
    /// Of these, the ones whose channel opened.
    pub opened: u32,
    /// Connections that were not made in time.
    pub timed_out: u32,
    /// Connections for which no pair of addresses worked.
    pub failed: u32,
    /// Own addresses of this computer that the browser found.
    pub host: u32,
    /// Own addresses as seen from outside.
    pub reflexive: u32,
    /// Own addresses at a TURN server.
    pub relayed: u32,
    /// Of all own addresses, those for UDP.
    pub udp: u32,
    /// Addresses that peers told.
    pub remote: u32,
}

impl Report {
    /// The browser found an own address.
    pub(super) fn found(&mut self, candidate: &str) {
        let Some(kind) = kind_of(candidate) else { return };
        let count = match kind {
            Route::Host => &mut self.host,
            Route::Reflexive => &mut self.reflexive,
            Route::Relayed => &mut self.relayed,
        };
        *count = count.saturating_add(1);
        if is_udp(candidate) {
            self.udp = self.udp.saturating_add(1);
        }
    }

    /// A connection ended before its channel opened.
    pub(super) fn ended(&mut self, error: &LinkError) {
        let count = match error {
            LinkError::TimedOut => &mut self.timed_out,
            LinkError::Failed => &mut self.failed,
            _ => return,
        };
        *count = count.saturating_add(1);
    }
}

/// By the word behind `typ`.
fn kind_of(candidate: &str) -> Option<Route> {
    let mut words = candidate.split_ascii_whitespace().skip_while(|word| *word != "typ");
    of_type(words.nth(1)?)
}

/// The third word names the transport.
fn is_udp(candidate: &str) -> bool {
    candidate.split_ascii_whitespace().nth(2).is_some_and(|word| word.eq_ignore_ascii_case("udp"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn candidates_are_counted_by_their_kind() {
        let mut report = Report::default();
        for candidate in [
            "candidate:1 1 udp 2122260223 192.0.2.7 54321 typ host generation 0",
            "candidate:2 1 tcp 1518280447 192.0.2.7 9 typ host tcptype active",
            "candidate:3 1 UDP 1686052607 198.51.100.7 54321 typ srflx raddr 192.0.2.7 rport 54321",
            "candidate:4 1 udp 41885439 203.0.113.7 3478 typ relay raddr 198.51.100.7 rport 54321",
            "candidate:5 1 udp 41885439 203.0.113.7 3478 typ",
            "",
        ] {
            report.found(candidate);
        }
        let expected = Report { host: 2, reflexive: 1, relayed: 1, udp: 3, ..Report::default() };
        assert_eq!(report, expected);
    }

    #[test]
    fn only_what_says_something_of_the_network_counts_as_a_failure() {
        let mut report = Report::default();
        for error in [LinkError::TimedOut, LinkError::Failed, LinkError::Failed, LinkError::Remote] {
            report.ended(&error);
        }
        assert_eq!((report.timed_out, report.failed), (1, 2));
    }
}
