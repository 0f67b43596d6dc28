//! Numbers for people: rates, counts, durations, bytes, shortened hashes.

use crate::notation::Notation;

/// Steps of thousand, from one to a million million million.
const PREFIXES: [&str; 7] = ["", "k", "M", "G", "T", "P", "E"];

/// Characters kept at either end of a shortened text. A proof-of-work hash starts with zeros, so
/// its end is what tells it apart.
const SHORT_ENDS: usize = 6;

/// A number with so many decimals, as this user writes it.
pub(crate) fn decimal(value: f64, decimals: usize) -> String {
    Notation::of_user().write(&format!("{value:.decimals$}"))
}

/// Three significant digits and a prefix: `1.48 M`.
pub(crate) fn si(value: f64) -> String {
    let mut scaled = value;
    let mut step = 0;
    // 999.5 would be written as 1000.
    while scaled >= 999.5 && step + 1 < PREFIXES.len() {
        scaled /= 1000.0;
        step += 1;
    }
    let decimals = match scaled {
        _ if step == 0 && scaled.fract() == 0.0 => 0,
        scaled if scaled < 9.995 => 2,
        scaled if scaled < 99.95 => 1,
        _ => 0,
    };
    format!("{} {}", decimal(scaled, decimals), PREFIXES[step]).trim_end().to_owned()
}

/// Hashes a second.
pub(crate) fn hash_rate(value: f64) -> String {
    let text = si(value);
    if text.ends_with(|last: char| last.is_ascii_digit()) { format!("{text} H/s") } else { format!("{text}H/s") }
}

/// Bytes in powers of thousand.
pub(crate) fn bytes(count: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "shown with three digits")]
    float_bytes(count as f64)
}

/// The same of a count as browsers give it.
pub(crate) fn float_bytes(count: f64) -> String {
    let text = si(count);
    if text.ends_with(|last: char| last.is_ascii_digit()) { format!("{text} B") } else { format!("{text}B") }
}

/// A length of time with two units at most: `850 ms`, `2.5 s`, `3 min 20 s`.
pub(crate) fn duration(millis: f64) -> String {
    if millis < 1000.0 {
        return format!("{} ms", decimal(millis, 0));
    }
    if millis < 10_000.0 {
        return format!("{} s", decimal(millis / 1000.0, 1));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive, and a float cast saturates")]
    let seconds = (millis / 1000.0).round() as u64;
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => two_units(seconds / 60, "min", seconds % 60, "s"),
        3600..86_400 => two_units(seconds / 3600, "h", seconds % 3600 / 60, "min"),
        _ => two_units(seconds / 86_400, "d", seconds % 86_400 / 3600, "h"),
    }
}

fn two_units(large: u64, large_unit: &str, small: u64, small_unit: &str) -> String {
    if small == 0 { format!("{large} {large_unit}") } else { format!("{large} {large_unit} {small} {small_unit}") }
}

/// Both ends of a long text, whole if that is not longer.
pub(crate) fn shorten(text: &str) -> String {
    let count = text.chars().count();
    if count <= 2 * SHORT_ENDS + 1 {
        return text.to_owned();
    }
    let start: String = text.chars().take(SHORT_ENDS).collect();
    let end: String = text.chars().skip(count - SHORT_ENDS).collect();
    format!("{start}…{end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_three_digits() {
        for (value, text) in [
            (0.0, "0"),
            (7.0, "7"),
            (7.5, "7.50"),
            (999.0, "999"),
            (999.7, "1.00 k"),
            (1_480_000.0, "1.48 M"),
            (25_300.0, "25.3 k"),
            (1e21, "1000 E"),
        ] {
            assert_eq!(si(value), text);
        }
        assert_eq!(hash_rate(1_480_000.0), "1.48 MH/s");
        assert_eq!(hash_rate(0.0), "0 H/s");
        assert_eq!(bytes(2_048), "2.05 kB");
    }

    #[test]
    fn durations_have_two_units_at_most() {
        for (millis, text) in [
            (12.4, "12 ms"),
            (2500.0, "2.5 s"),
            (59_000.0, "59 s"),
            (60_000.0, "1 min"),
            (200_000.0, "3 min 20 s"),
            (7_260_000.0, "2 h 1 min"),
            (90_000_000.0, "1 d 1 h"),
        ] {
            assert_eq!(duration(millis), text);
        }
    }

    #[test]
    fn short_texts_stay_whole() {
        assert_eq!(shorten("0000aa1234567890ffeeff"), "0000aa…ffeeff");
        assert_eq!(shorten("0123456789abc"), "0123456789abc");
        assert_eq!(shorten(""), "");
    }
}
