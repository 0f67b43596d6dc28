//! Payment links: `tabchain:ADDRESS?amount=1.5`, the form of BIP 21.

/// Before the address.
const SCHEME: &str = "tabchain:";

/// What a link asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct PaymentLink {
    pub(super) to: String,
    pub(super) amount: Option<String>,
    pub(super) memo: Option<String>,
}

impl PaymentLink {
    /// Reads a link; `None` for a text that is none. What is in it is checked where it is used.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let scheme = text.get(..SCHEME.len()).filter(|scheme| scheme.eq_ignore_ascii_case(SCHEME))?;
        let rest = &text[scheme.len()..];
        let (to, query) = rest.split_once('?').unwrap_or((rest, ""));
        let mut link = Self { to: to.trim_matches('/').to_owned(), ..Self::default() };
        for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
            match name {
                "amount" => link.amount = decode(value),
                "memo" => link.memo = decode(value),
                // A link from a later version may say more.
                _ => {}
            }
        }
        (!link.to.is_empty()).then_some(link)
    }

    /// Writes the link.
    pub(super) fn to_text(&self) -> String {
        let parts = [("amount", &self.amount), ("memo", &self.memo)];
        let parts = parts.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?)));
        let query: Vec<String> = parts.map(|(name, value)| format!("{name}={}", encode(value))).collect();
        let joint = if query.is_empty() { "" } else { "?" };
        format!("{SCHEME}{}{joint}{}", self.to, query.join("&"))
    }
}

/// Percent-encoding of everything that is not plainly itself (RFC 3986).
fn encode(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}

/// `None` for what is not percent-encoded UTF-8.
fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match first {
            b'%' => {
                let (digits, after) = rest.split_first_chunk::<2>()?;
                rest = after;
                bytes.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
            }
            b'+' => bytes.push(b' '),
            byte => bytes.push(*byte),
        }
    }
    String::from_utf8(bytes).ok()
}

/// The link that the page's address brought along, as `?pay=tabchain:…`.
pub(super) fn from_page() -> Option<PaymentLink> {
    PaymentLink::parse(&crate::browser::parameter("pay")?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(to: &str, amount: Option<&str>, memo: Option<&str>) -> PaymentLink {
        PaymentLink { to: to.to_owned(), amount: amount.map(str::to_owned), memo: memo.map(str::to_owned) }
    }

    #[test]
    fn links_are_written_and_read() {
        for (wanted, text) in [
            (link("tab1qq", None, None), "tabchain:tab1qq"),
            (link("tab1qq", Some("1.5"), None), "tabchain:tab1qq?amount=1.5"),
            (link("tab1qq", Some("2"), Some("für & mich?")), "tabchain:tab1qq?amount=2&memo=f%C3%BCr%20%26%20mich%3F"),
        ] {
            assert_eq!(wanted.to_text(), text);
            assert_eq!(PaymentLink::parse(text), Some(wanted));
        }
    }

    #[test]
    fn careless_links_are_read_and_other_texts_are_none() {
        let read = PaymentLink::parse(" TABCHAIN://tab1qq/?amount=1&label=x&memo=a+b ").unwrap();
        assert_eq!(read, link("tab1qq", Some("1"), Some("a b")));
        assert_eq!(PaymentLink::parse("tabchain:tab1qq?amount=%zz"), Some(link("tab1qq", None, None)));
        assert_eq!(PaymentLink::parse("tabchain:tab1qq?memo=%ff"), Some(link("tab1qq", None, None)));
        for text in ["", "tab1qq", "tabchain:", "bitcoin:tab1qq", "tabchain:?amount=1", "tübchain:x", "täbchain:"] {
            assert_eq!(PaymentLink::parse(text), None, "{text}");
        }
    }
}
