//! `cargo xtask fuzz`: libFuzzer on the targets of `tests/src/fuzz`, by cargo-fuzz and a nightly
//! toolchain.

use crate::command::{self, CommandError};
use crate::workspace::Workspace;
use clap::ValueEnum;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The package of the binaries that libFuzzer drives, in the workspace.
const SOURCE: &str = "tests/fuzz";

/// What is built and found, in the target folder.
const BUILT: &str = "fuzz";

/// The toolchain that has libFuzzer's instrumentation.
const TOOLCHAIN: &str = "nightly";

/// Memory at which a run counts as failed: many times what any input may take.
const MAX_MEMORY_MB: u32 = 2_048;

/// Seconds that one input may take: the slowest known ones take a tenth.
const MAX_INPUT_S: u32 = 10;

/// Bytes of the longest input: a hundred steps.
const MAX_INPUT_BYTES: u32 = 4_096;

/// Inputs of a target in the corpus of the repository: with four targets, a few seconds of tests.
const MAX_KEPT: usize = 50;

/// What `fuzz` can be told.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Run this target only.
    target: Option<Target>,
    /// Minutes for each target.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    minutes: u32,
    /// Put the few inputs that reach the most into the corpus of the repository, in place of those there.
    #[arg(long)]
    keep: bool,
}

/// The binaries of the package.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Target {
    /// Every decoder of bytes from outside.
    Decode,
    /// Histories of blocks and a chain.
    Connect,
    /// A pool beside a chain.
    Mempool,
    /// A whole node among hostile peers.
    Node,
}

/// Why there was no fuzzing, or what it found.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FuzzError {
    /// Only a nightly toolchain can build the targets.
    #[error("the nightly toolchain is missing: `rustup toolchain install {TOOLCHAIN} --profile minimal`")]
    NoNightly,
    /// A cargo subcommand that does not come with cargo.
    #[error("cargo-fuzz is missing: `cargo install cargo-fuzz --locked`")]
    NoCargoFuzz,
    /// The build failed, or an input did.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// A file could not be read or written.
    #[error("{path}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl Target {
    fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}

/// Runs one target, or all of them one after the other, until the time is over or an input fails.
pub(crate) fn fuzz(workspace: &Workspace, options: &Options) -> Result<(), FuzzError> {
    ensure_tools()?;
    let source = workspace.root.join(SOURCE);
    let built = workspace.target.join(BUILT);
    for target in Target::value_variants().iter().filter(|target| options.target.is_none_or(|only| only == **target)) {
        let name = target.name();
        let committed = source.join("corpus").join(&name);
        // What is found stays beside the build: the next run goes on from there.
        let found = built.join("corpus").join(&name);
        let failed = built.join("artifacts").join(&name);
        for folder in [&found, &failed] {
            fs::create_dir_all(folder).map_err(at(folder))?;
        }
        println!("\n=== {name}: {} min ===", options.minutes);
        let mut run = cargo_fuzz(&source, &built, "run", &name);
        run.args([&found, &committed]).arg("--").args([
            format!("-max_total_time={}", u64::from(options.minutes) * 60),
            format!("-rss_limit_mb={MAX_MEMORY_MB}"),
            format!("-timeout={MAX_INPUT_S}"),
            format!("-max_len={MAX_INPUT_BYTES}"),
            format!("-artifact_prefix={}/", failed.display()),
            "-print_final_stats=1".to_owned(),
        ]);
        command::run(&mut run)?;
        if options.keep {
            keep(&source, &built, &name, &[&found, &committed])?;
        }
    }
    Ok(())
}

/// Replaces the repository's corpus of a target by the few inputs that reach the most.
fn keep(source: &Path, built: &Path, name: &str, from: &[&Path]) -> Result<(), FuzzError> {
    let (merged, control) = (built.join("merged").join(name), built.join(format!("{name}.merge")));
    if merged.exists() {
        fs::remove_dir_all(&merged).map_err(at(&merged))?;
    }
    fs::create_dir_all(&merged).map_err(at(&merged))?;
    // libFuzzer begins anew only without the file of the last time.
    if control.exists() {
        fs::remove_file(&control).map_err(at(&control))?;
    }
    let mut merge = cargo_fuzz(source, built, "run", name);
    // Without counters, an edge is reached or not, however often.
    merge
        .arg(&merged)
        .args(from)
        .args(["--", "-set_cover_merge=1", "-use_counters=0"])
        .arg(format!("-merge_control_file={}", control.display()));
    command::run(&mut merge)?;
    let text = fs::read_to_string(&control).map_err(at(&control))?;
    let mut kept = Vec::new();
    for path in inputs_that_reach_most(&text, MAX_KEPT) {
        let file = path.file_name().map(ToOwned::to_owned).unwrap_or_default();
        kept.push((file, fs::read(&path).map_err(at(&path))?));
    }
    let committed = source.join("corpus").join(name);
    fs::remove_dir_all(&committed).map_err(at(&committed))?;
    fs::create_dir_all(&committed).map_err(at(&committed))?;
    for (file, bytes) in kept {
        let path = committed.join(file);
        fs::write(&path, bytes).map_err(at(&path))?;
    }
    Ok(())
}

/// So many inputs at most of those that a merge looked at, each the one that reaches most of what those before it
/// do not; of equals the first, which libFuzzer puts the smallest.
///
/// libFuzzer's control file has the number of inputs, the number of those that were there before, the inputs, and
/// then, among others, lines of `FT`, the place of an input and the edges that it reaches.
fn inputs_that_reach_most(control: &str, most: usize) -> Vec<PathBuf> {
    let mut lines = control.lines();
    let count = lines.next().and_then(|line| line.parse().ok()).unwrap_or(0);
    let inputs: Vec<&str> = lines.by_ref().skip(1).take(count).collect();
    let mut edges: BTreeMap<usize, BTreeSet<&str>> = BTreeMap::new();
    for line in lines {
        let mut words = line.split(' ').filter(|word| !word.is_empty());
        if let (Some("FT"), Some(place)) = (words.next(), words.next().and_then(|place| place.parse().ok())) {
            edges.insert(place, words.collect());
        }
    }
    let mut chosen = Vec::new();
    let mut reached: BTreeSet<&str> = BTreeSet::new();
    while chosen.len() < most {
        let news = |own: &BTreeSet<&str>| own.difference(&reached).count();
        let best = edges.iter().map(|(place, own)| (news(own), Reverse(*place))).max();
        let Some((1.., Reverse(place))) = best else { break };
        reached.extend(edges.remove(&place).unwrap_or_default());
        chosen.extend(inputs.get(place).map(PathBuf::from));
    }
    chosen
}

fn cargo_fuzz(source: &Path, built: &Path, what: &str, name: &str) -> Command {
    let mut command = nightly();
    // The code has no `unsafe` of its own, so that an address sanitizer would find little and cost much.
    command.current_dir(source).args(["fuzz", what, "--sanitizer=none", "--target-dir"]).arg(built).arg(name);
    command
}

/// Cargo of the nightly toolchain, whatever toolchain runs this program.
fn nightly() -> Command {
    let mut command = Command::new("rustup");
    command.args(["run", TOOLCHAIN, "cargo"]);
    command
}

fn ensure_tools() -> Result<(), FuzzError> {
    let runs = |arguments: &[&str]| {
        let status = nightly().args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    };
    if !runs(&["--version"]) {
        return Err(FuzzError::NoNightly);
    }
    if runs(&["fuzz", "--version"]) { Ok(()) } else { Err(FuzzError::NoCargoFuzz) }
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> FuzzError + use<> {
    let path = path.to_owned();
    move |source| FuzzError::File { path, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTROL: &str = "4\n1\na\nb\nc\nd\nSTARTED 0 1\nFT 0 1\nCOV 0 9\nSTARTED 1 2\nFT 1 1 2 3\nCOV 1\n\
                           STARTED 2 3\nFT 2 3 4\nCOV 2\nSTARTED 3 4\nFT 3 5 4\nCOV 3\n";

    fn chosen(most: usize) -> Vec<PathBuf> {
        inputs_that_reach_most(CONTROL, most)
    }

    #[test]
    fn the_input_comes_first_that_reaches_most_of_what_is_left() {
        assert_eq!(chosen(1), [PathBuf::from("b")]);
        assert_eq!(chosen(2), [PathBuf::from("b"), PathBuf::from("d")]);
    }

    #[test]
    fn an_input_that_reaches_nothing_new_is_not_kept() {
        assert_eq!(chosen(10), [PathBuf::from("b"), PathBuf::from("d")]);
    }

    #[test]
    fn an_unfinished_merge_keeps_what_it_saw() {
        let unfinished = CONTROL.split_inclusive("STARTED 2").next().unwrap_or_default();
        assert_eq!(inputs_that_reach_most(unfinished, 10), [PathBuf::from("b")]);
        assert!((0..CONTROL.len()).all(|end| inputs_that_reach_most(&CONTROL[..end], 10).len() <= 4));
    }
}
