//! What the node says: refusals, lines of the log, sentences of the lab. It says them in English and names each by
//! its pattern; all patterns stand in `node.txt`, to be said in another language here.

use node_wasm::sentence::{Sentence, Value, fill};
use node_wasm::units::Amount;

/// The text of a pattern in this page's language, with the same places. English is what the node says itself.
pub(crate) fn translated(pattern: &str) -> &str {
    pattern
}

/// The words of a sentence, as they stand within a line. `write` writes an amount.
pub(crate) fn words(sentence: &Sentence, write: &impl Fn(Amount) -> String) -> String {
    words_in(sentence, write, &translated)
}

/// The same as a sentence of its own.
pub(crate) fn said(sentence: &Sentence, write: &impl Fn(Amount) -> String) -> String {
    complete(&words(sentence, write))
}

/// With a capital letter and a full stop.
pub(crate) fn complete(words: &str) -> String {
    let mut letters = words.chars();
    let Some(first) = letters.next() else { return String::new() };
    let stop = if words.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{}{}{stop}", first.to_uppercase(), letters.as_str())
}

fn words_in(
    sentence: &Sentence,
    write: &impl Fn(Amount) -> String,
    language: &impl for<'a> Fn(&'a str) -> &'a str,
) -> String {
    fill(language(sentence.pattern()), |name| {
        Some(match sentence.value(name)? {
            Value::Amount(tab) => tab.parse().map_or_else(|_| tab.clone(), write),
            Value::Sentence(part) => words_in(part, write, language),
            plain @ (Value::Number(_) | Value::Text(_)) => plain.to_string(),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proc_macro2::{Delimiter, TokenStream, TokenTree};
    use std::collections::BTreeSet;
    use std::path::Path;
    use std::{env, fs};

    /// Where the node's sentences stand.
    const SOURCES: [&str; 3] = ["../node-wasm/core/src", "../node-wasm/src", "../tracker-server/protocol/src"];
    const LIST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/texts/node.txt");

    fn german(pattern: &str) -> &str {
        match pattern {
            "with the fee it takes {total} TAB, and {spendable} are spendable" => {
                "verfügbar sind {spendable} TAB, mit Gebühr nötig {total}"
            }
            "block {height}: {reason}" => "Block {height}: {reason}",
            "the block has no reward" => "der Block hat keine Belohnung",
            same => same,
        }
    }

    #[test]
    fn another_language_has_its_own_order_and_amounts_and_parts() {
        let comma = |amount: Amount| amount.to_string().replace('.', ",");
        let amount = |tab: &str| Value::Amount(tab.to_owned());
        let dear = Sentence::new(
            "with the fee it takes {total} TAB, and {spendable} are spendable",
            [("total", amount("1.5")), ("spendable", amount("1"))],
        );
        assert_eq!(words(&dear, &comma), "with the fee it takes 1,5 TAB, and 1 are spendable");
        assert_eq!(words_in(&dear, &comma, &german), "verfügbar sind 1 TAB, mit Gebühr nötig 1,5");
        let reason = Value::Sentence(Sentence::new("the block has no reward", []));
        let nested = Sentence::new("block {height}: {reason}", [("height", Value::Number(7)), ("reason", reason)]);
        assert_eq!(words_in(&nested, &comma, &german), "Block 7: der Block hat keine Belohnung");
        assert_eq!(said(&nested, &comma), "Block 7: the block has no reward.");
    }

    #[test]
    fn words_become_sentences() {
        assert_eq!(complete("not an address"), "Not an address.");
        assert_eq!(complete("über alles!"), "Über alles!");
        assert_eq!(complete(""), "");
    }

    #[test]
    fn every_pattern_of_the_node_is_in_the_list() {
        let mut patterns = BTreeSet::new();
        for folder in SOURCES {
            gather_folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut patterns);
        }
        assert!(patterns.contains("the block has no reward") && patterns.contains("{count} blocks"));
        let list = patterns.into_iter().fold(String::new(), |list, pattern| list + &pattern + "\n");
        if env::var_os("TABCHAIN_WRITE_TEXTS").is_some() {
            fs::write(LIST, &list).unwrap();
        }
        let listed = fs::read_to_string(LIST).unwrap();
        let (listed, found): (BTreeSet<&str>, BTreeSet<&str>) = (listed.lines().collect(), list.lines().collect());
        let differ: Vec<_> = listed.symmetric_difference(&found).collect();
        assert!(differ.is_empty(), "`cargo xtask texts` writes them anew: {differ:#?}");
    }

    fn gather_folder(folder: &Path, patterns: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                gather_folder(&path, patterns);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                gather(fs::read_to_string(&path).unwrap().parse().unwrap(), patterns);
            }
        }
    }

    /// Finds what `sentence!`, `counted!` and `#[error("…")]` are given.
    fn gather(tokens: TokenStream, patterns: &mut BTreeSet<String>) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut is_test = false;
        for (at, token) in tokens.iter().enumerate() {
            // What stands in the first braces after it is a module of tests.
            is_test |= token.to_string().replace(' ', "") == "[cfg(test)]";
            if is_test {
                is_test = !matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace)
                    && token.to_string() != ";";
                continue;
            }
            let before = |back: usize| at.checked_sub(back).map(|at| tokens[at].to_string()).unwrap_or_default();
            let TokenTree::Group(group) = token else { continue };
            let texts: Vec<String> = group.stream().into_iter().filter_map(|token| text(&token)).collect();
            if before(1) == "error" && group.delimiter() == Delimiter::Parenthesis || before(2) == "sentence" {
                patterns.extend(texts.into_iter().take(1).filter(|text| is_pattern(text)));
            } else if before(2) == "counted" {
                patterns.extend(texts.iter().flat_map(|noun| [format!("1 {noun}"), format!("{{count}} {noun}s")]));
            }
            gather(group.stream(), patterns);
        }
    }

    fn text(token: &TokenTree) -> Option<String> {
        let TokenTree::Literal(literal) = token else { return None };
        syn::parse_str::<syn::LitStr>(&literal.to_string()).ok().map(|text| text.value())
    }

    /// Whether there is a word in it outside of its places.
    fn is_pattern(text: &str) -> bool {
        fill(text, |_| Some(String::new())).contains(char::is_alphabetic)
    }
}
