//! What a session description says about the certificate of its maker (RFC 8122).

use node_core::contract::ChannelBinding;
use node_core::hash::tagged_sha256;
use node_core::sentence::Say;

/// What the binding's hash begins with.
const BINDING_TAG: &[u8] = b"tabchain/channel";

/// Attribute that carries a fingerprint.
const FINGERPRINT: &str = "a=fingerprint:";

/// Hash functions that a fingerprint may use, with the bytes of their digest.
const ALGORITHMS: [(&str, usize); 3] = [("sha-256", 32), ("sha-384", 48), ("sha-512", 64)];

/// Why a session description names no certificate to bind to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, Say)]
pub enum SdpError {
    /// No fingerprint at all.
    #[error("the session description has no certificate fingerprint")]
    Missing,
    /// Several: a browser takes any of them, so a binding to one of them would prove nothing.
    #[error("the session description has more than one certificate fingerprint")]
    Ambiguous,
    /// Not a hash of an accepted kind in colon-separated hexadecimal.
    #[error("the certificate fingerprint of the session description cannot be read")]
    Malformed,
}

/// The one fingerprint of a description, in its one spelling: `sha-256 AB:CD:…`.
///
/// The same fingerprint may stand at session and media level.
fn fingerprint(sdp: &str) -> Result<String, SdpError> {
    let mut found: Option<String> = None;
    for value in sdp.lines().filter_map(|line| line.trim_end().strip_prefix(FINGERPRINT)) {
        let fingerprint = normalise(value)?;
        if found.as_ref().is_some_and(|found| *found != fingerprint) {
            return Err(SdpError::Ambiguous);
        }
        found = Some(fingerprint);
    }
    found.ok_or(SdpError::Missing)
}

fn normalise(value: &str) -> Result<String, SdpError> {
    let (algorithm, digest) = value.trim().split_once(' ').ok_or(SdpError::Malformed)?;
    let algorithm = algorithm.to_ascii_lowercase();
    let (_, length) = ALGORITHMS.iter().find(|(name, _)| *name == algorithm).ok_or(SdpError::Malformed)?;
    let digest = digest.trim().to_ascii_uppercase();
    let is_byte = |part: &str| part.len() == 2 && part.bytes().all(|digit| digit.is_ascii_hexdigit());
    if digest.len() != 3 * length - 1 || !digest.split(':').all(is_byte) {
        return Err(SdpError::Malformed);
    }
    Ok(format!("{algorithm} {digest}"))
}

/// What both ends of a channel know: a hash over the offerer's and the answerer's fingerprint,
/// each followed by a line feed.
pub(crate) fn channel_binding(offer: &str, answer: &str) -> Result<ChannelBinding, SdpError> {
    let (offer, answer) = (fingerprint(offer)?, fingerprint(answer)?);
    Ok(ChannelBinding(tagged_sha256(BINDING_TAG, &[offer.as_bytes(), b"\n", answer.as_bytes(), b"\n"])))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(byte: &str) -> String {
        vec![byte; 32].join(":")
    }

    fn description(fingerprints: &[String]) -> String {
        let lines: Vec<_> = fingerprints.iter().map(|line| format!("a=fingerprint:{line}\r\n")).collect();
        let lines = lines.concat();
        format!(
            "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n{lines}m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"
        )
    }

    #[test]
    fn a_fingerprint_has_one_spelling() {
        let expected = format!("sha-256 {}", digest("AB"));
        for spelling in [expected.clone(), format!("SHA-256 {}", digest("ab")), format!("sha-256  {} ", digest("aB"))] {
            assert_eq!(fingerprint(&description(&[spelling])), Ok(expected.clone()));
        }
        let twice = description(&[expected.clone(), format!("SHA-256 {}", digest("ab"))]);
        assert_eq!(fingerprint(&twice), Ok(expected), "the same at session and media level");
    }

    #[test]
    fn descriptions_that_name_no_single_certificate_are_refused() {
        let good = format!("sha-256 {}", digest("AB"));
        assert_eq!(fingerprint(""), Err(SdpError::Missing));
        assert_eq!(fingerprint(&description(&[])), Err(SdpError::Missing));
        assert_eq!(
            fingerprint(&description(&[good.clone(), format!("sha-256 {}", digest("AC"))])),
            Err(SdpError::Ambiguous)
        );
        for bad in [
            "sha-256",
            "sha-256 AB",
            "md5 AB:CD",
            &good[..good.len() - 1],
            &format!("{good}:AB"),
            &good.replace("AB", "GB"),
        ] {
            assert_eq!(fingerprint(&description(&[bad.to_owned()])), Err(SdpError::Malformed), "{bad}");
        }
        let sha1 = format!("sha-1 {}", ["AB"; 20].join(":"));
        assert_eq!(fingerprint(&description(&[sha1])), Err(SdpError::Malformed), "too weak to bind to");
    }

    #[test]
    fn the_binding_depends_on_both_ends_and_their_roles() {
        let a = description(&[format!("sha-256 {}", digest("0A"))]);
        let b = description(&[format!("sha-256 {}", digest("0B"))]);
        let lower = description(&[format!("sha-256 {}", digest("0b"))]);
        assert_eq!(channel_binding(&a, &b).unwrap(), channel_binding(&a, &lower).unwrap());
        assert_ne!(channel_binding(&a, &b).unwrap(), channel_binding(&b, &a).unwrap());
        assert_ne!(channel_binding(&a, &b).unwrap(), channel_binding(&a, &a).unwrap());
        assert_eq!(channel_binding(&a, "v=0").err(), Some(SdpError::Missing));
    }
}
