//! How this user writes numbers: what is typed or pasted is read by the rules by which amounts are shown.

use std::sync::OnceLock;

/// Set once at the start of the page. Tests, and a browser that does not tell, write as English does.
static USER: OnceLock<Notation> = OnceLock::new();

/// The marks of a language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Notation {
    /// Stands before decimals.
    pub(crate) decimal: char,
    /// Stands between groups of digits, if any mark does.
    pub(crate) group: Option<char>,
}

impl Notation {
    const ENGLISH: Self = Self { decimal: '.', group: Some(',') };

    /// How this user writes.
    pub(crate) fn of_user() -> Self {
        USER.get().copied().unwrap_or(Self::ENGLISH)
    }

    /// Makes it the user's. Only the first counts.
    pub(crate) fn set_for_user(self) {
        let _ = USER.set(self);
    }

    /// The number as the node takes it: digits with a point. What is no number is given back as it is, to be
    /// complained of.
    ///
    /// A single mark that cannot be one between groups stands before decimals, whichever it is: people type what
    /// their keyboard has.
    pub(crate) fn read(self, text: &str) -> String {
        let dense: String = text.chars().filter(|letter| !letter.is_whitespace()).collect();
        let known = |letter: char| letter.is_ascii_digit() || self.is_mark(letter);
        if dense.is_empty() || !dense.chars().all(known) {
            return text.trim().to_owned();
        }
        self.ungrouped(&dense).or_else(|| self.with_point(&dense)).unwrap_or_else(|| text.trim().to_owned())
    }

    /// Digits with a point as this user writes them, without groups.
    pub(crate) fn write(self, number: &str) -> String {
        number.replace('.', &self.decimal.to_string())
    }

    fn is_mark(self, letter: char) -> bool {
        matches!(letter, '.' | ',') || letter == self.decimal || Some(letter) == self.group
    }

    /// Of digits in groups.
    fn ungrouped(self, dense: &str) -> Option<String> {
        let group = self.group.filter(|group| dense.contains(*group))?;
        let (whole, decimals) =
            dense.split_once(self.decimal).map_or((dense, None), |(whole, rest)| (whole, Some(rest)));
        if !decimals.unwrap_or_default().bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let groups: Vec<&str> = whole.split(group).collect();
        let (first, rest) = groups.split_first()?;
        let (last, middle) = rest.split_last()?;
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        // Two digits between: that is how India counts. A zero in front is that of a fraction.
        let are_groups = (1..=3).contains(&first.len())
            && !first.starts_with('0')
            && last.len() == 3
            && middle.iter().all(|part| (2..=3).contains(&part.len()))
            && groups.iter().all(|part| digits(part));
        let point = decimals.map(|decimals| format!(".{decimals}")).unwrap_or_default();
        are_groups.then(|| format!("{}{point}", groups.concat()))
    }

    /// Of digits with one mark at most.
    fn with_point(self, dense: &str) -> Option<String> {
        let marks = dense.chars().filter(|letter| self.is_mark(*letter)).count();
        (marks <= 1).then(|| dense.chars().map(|letter| if self.is_mark(letter) { '.' } else { letter }).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENGLISH: Notation = Notation::ENGLISH;
    const GERMAN: Notation = Notation { decimal: ',', group: Some('.') };
    const FRENCH: Notation = Notation { decimal: ',', group: Some('\u{202f}') };
    const SWISS: Notation = Notation { decimal: '.', group: Some('’') };

    #[test]
    fn numbers_are_read_as_they_are_shown() {
        for (notation, typed, number) in [
            (ENGLISH, "1,234.5", "1234.5"),
            (ENGLISH, "1,234", "1234"),
            (ENGLISH, "1.234", "1.234"),
            (ENGLISH, "12,34,567.25", "1234567.25"),
            (GERMAN, "1.234", "1234"),
            (GERMAN, "1.234.567,00000001", "1234567.00000001"),
            (GERMAN, "1,5", "1.5"),
            (FRENCH, "1\u{202f}234,5", "1234.5"),
            (FRENCH, "1 234,5", "1234.5"),
            (SWISS, "1’234.5", "1234.5"),
        ] {
            assert_eq!(notation.read(typed), number, "{typed}");
        }
    }

    #[test]
    fn the_other_mark_stands_before_decimals_where_it_can_be_nothing_else() {
        for (notation, typed, number) in [
            (GERMAN, "1.5", "1.5"),
            (GERMAN, "0.001", "0.001"),
            (GERMAN, "0.00000001", "0.00000001"),
            (ENGLISH, "1,5", "1.5"),
            (ENGLISH, "0,001", "0.001"),
            (FRENCH, "1.5", "1.5"),
        ] {
            assert_eq!(notation.read(typed), number, "{typed}");
        }
    }

    #[test]
    fn what_is_no_number_stays_as_it_is() {
        for typed in ["", "abc", "1e3", "-1", "1.2.3", "1,2,3", "1.234,5.6", "١٢"] {
            assert_eq!(GERMAN.read(typed), typed);
            assert_eq!(ENGLISH.read(typed), typed);
        }
        assert_eq!(ENGLISH.read(" 1,23,4 "), "1,23,4");
    }

    #[test]
    fn what_is_written_is_read_again() {
        for number in ["0", "7", "0.5", "1.234", "1234.567", "123456.00000001", "21000000000.12345678"] {
            for notation in [ENGLISH, GERMAN, FRENCH, SWISS] {
                assert_eq!(notation.read(&notation.write(number)), number);
            }
        }
    }
}
