//! The fuzz targets without a fuzzer: every input of the corpus, changed ones, and random ones.

use node_core::net::message::Message;
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use std::fs;
use std::path::{Path, PathBuf};
use tests::fuzz::{TARGETS, Target, seeds};

/// Changed inputs and random ones of each target: a second or two each.
const CHANGED: usize = 100;
const RANDOM: usize = 30;
/// Most bytes of a random input.
const MAX_LENGTH: u64 = 3_000;
/// Most changes of one input.
const MAX_CHANGES: u64 = 6;

/// Random numbers that a seed replays.
struct Dice(ChaCha8Rng);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.0.next_u64() % bound.max(1) as u64).expect("below a usize")
    }

    fn bytes(&mut self) -> Vec<u8> {
        let length = self.0.next_u64() % MAX_LENGTH;
        let mut bytes = vec![0; usize::try_from(length).expect("small")];
        self.0.fill_bytes(&mut bytes);
        bytes
    }

    /// An input with a few bytes set, put in, cut out, or replaced by some of another input.
    fn changed(&mut self, corpus: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = corpus[self.below(corpus.len())].clone();
        for _ in 0..=self.0.next_u64() % MAX_CHANGES {
            let place = self.below(bytes.len());
            match self.0.next_u64() % 4 {
                0 => bytes.iter_mut().skip(place).take(1).for_each(|byte| *byte = self.0.next_u64().to_le_bytes()[0]),
                1 => bytes.insert(place, self.0.next_u64().to_le_bytes()[0]),
                2 => drop(bytes.drain(place..bytes.len().min(place + 4))),
                _ => {
                    let other = &corpus[self.below(corpus.len())];
                    let from = self.below(other.len());
                    bytes.truncate(place);
                    bytes.extend_from_slice(&other[from..]);
                }
            }
        }
        bytes
    }
}

fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name);
    let files = fs::read_dir(&folder).expect("every target has a corpus");
    let mut files: Vec<PathBuf> = files.map(|file| file.expect("a readable folder").path()).collect();
    files.sort();
    let found = files.iter().map(|file| fs::read(file).expect("a readable file"));
    found.chain(if name == "decode" { seeds::inputs() } else { Vec::new() }).collect()
}

/// Runs a target on an input; a panic then says what to replay.
fn run(target: Target, bytes: &[u8], what: &str) {
    let outcome = std::panic::catch_unwind(|| target(bytes));
    if let Err(panic) = outcome {
        eprintln!("{what}: {bytes:02x?}");
        std::panic::resume_unwind(panic);
    }
}

fn replay(name: &str) {
    let (_, target) = TARGETS.into_iter().find(|(known, _)| *known == name).expect("a target");
    let corpus = corpus(name);
    assert!(!corpus.is_empty());
    for bytes in &corpus {
        run(target, bytes, "an input of the corpus");
    }
    let mut dice = Dice(ChaCha8Rng::seed_from_u64(1));
    for _ in 0..CHANGED {
        run(target, &dice.changed(&corpus), "a changed input of the corpus");
    }
    for _ in 0..RANDOM {
        run(target, &dice.bytes(), "a random input");
    }
}

#[test]
fn bytes_from_outside_decode_in_one_spelling_or_not_at_all() {
    replay("decode");
}

#[test]
fn every_kind_of_message_is_among_what_is_decoded_and_changed() {
    let mut last = None;
    for message in seeds::messages() {
        let bytes = message.encode();
        assert_eq!(Message::decode(&bytes), Ok(message));
        let before = last.replace(bytes[0]);
        assert!(before.is_none_or(|before| bytes[0] == before || bytes[0] == before + 1), "number {}", bytes[0]);
    }
    let beyond = last.map(|last| last + 1).expect("there are messages");
    assert!((0..=u8::MAX).all(|byte| Message::decode(&[beyond, byte]).is_err()), "a kind without an example");
}

#[test]
fn any_history_leads_to_the_most_work_seen_in_full() {
    replay("connect");
}

#[test]
fn a_pool_goes_with_the_chain_whatever_comes() {
    replay("mempool");
}

#[test]
fn a_node_survives_hostile_peers() {
    replay("node");
}

#[test]
fn every_target_has_a_binary_and_a_corpus_of_its_own() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    for (part, ending) in [("corpus", ""), ("fuzz_targets", ".rs")] {
        let entries = fs::read_dir(folder.join(part)).expect("a readable folder");
        let names = entries.map(|entry| entry.expect("a readable entry").file_name().to_string_lossy().into_owned());
        let mut found: Vec<String> = names.collect();
        let mut expected: Vec<String> = TARGETS.iter().map(|(name, _)| format!("{name}{ending}")).collect();
        found.sort();
        expected.sort();
        assert_eq!(found, expected);
    }
}
