//! Hexadecimal digits, and the bytes that they stand for.

/// The bytes that hex digits stand for; none for other characters.
pub(crate) fn bytes_of(hex: &str) -> Option<Vec<u8>> {
    let digits = hex.as_bytes().chunks(2);
    digits.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

/// Bytes in hex digits.
pub(crate) fn hex_of(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(value.into(), 16).unwrap_or_default();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_digits_and_bytes_go_both_ways() {
        assert_eq!(bytes_of("00ff1a").as_deref(), Some(&[0, 255, 26][..]));
        assert_eq!(hex_of(&[0, 255, 26]), "00ff1a");
        assert_eq!(bytes_of("0g"), None);
    }
}
