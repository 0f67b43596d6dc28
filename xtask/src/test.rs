//! `cargo xtask test`: every check and every test, one step after the other.

use crate::axe::{self, AxeError};
use crate::browser::{self, Browser, BrowserError};
use crate::command::{self, CommandError};
use crate::deny;
use crate::libtest::{self, Count};
use crate::package;
use crate::page::{self, PageError};
use crate::toolchain::{self, WASM_TARGET};
use crate::trunk::{self, TrunkError};
use crate::workspace::Workspace;
use clap::ValueEnum;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

/// The package of the simulator and of the end-to-end tests.
const TESTS_PACKAGE: &str = "tests";

/// What every native step selects: a step that selects other packages or features would compile the libraries
/// that they share once more.
pub(crate) const WHOLE: [&str; 2] = ["--workspace", "--features=xtask/wasm-tools"];

/// Its integration test that needs browsers and the built page.
const E2E: &str = "e2e";

/// Tests of [`E2E`] that are started at a time: one at its work, the next that waits for its turn, and one that
/// needs no turn, because it waits for most of its time by itself.
const E2E_THREADS: &str = "3";

/// Seconds that a suite in the browser may take: the runner's own 20 are few for two slow cores.
const WASM_TEST_TIMEOUT_S: &str = "180";

/// What `test` can be told.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Run this step only (may be given several times).
    #[arg(long, value_name = "STEP")]
    only: Vec<Step>,
    /// List the steps.
    #[arg(long)]
    list: bool,
}

/// A part of the whole, in the order of running: what fails fast comes first.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Step {
    /// Formatting.
    Fmt,
    /// Lints of the whole workspace, natively.
    Clippy,
    /// Lints of what runs in a browser, for wasm.
    ClippyWasm,
    /// Licences, sources and known holes of the dependencies.
    Deny,
    /// Native tests.
    Unit,
    /// The simulator's scenarios.
    Simulation,
    /// Tests of the node's shell in a headless browser.
    Browser,
    /// The build of the page.
    Page,
    /// The page in real browsers, with a real tracker.
    E2e,
    /// The development loop: Trunk builds the same page.
    Trunk,
}

/// Why a step failed, other than by its tests.
#[derive(Debug, thiserror::Error)]
enum StepError {
    #[error(transparent)]
    Command(#[from] CommandError),
    #[error(transparent)]
    Browser(#[from] BrowserError),
    #[error(transparent)]
    Axe(#[from] AxeError),
    #[error(transparent)]
    Page(#[from] PageError),
    #[error(transparent)]
    Trunk(#[from] TrunkError),
    #[error("cannot pass on the output of the tests")]
    Output(#[from] std::io::Error),
    #[error("the workspace has no package `{TESTS_PACKAGE}`")]
    NoTestsPackage,
}

/// How a step went.
struct Outcome {
    step: Step,
    count: Count,
    took: Duration,
}

impl Step {
    fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    fn run(self, workspace: &Workspace) -> Result<Count, StepError> {
        match self {
            Self::Fmt => check(cargo(workspace).args(["fmt", "--all", "--check"])),
            Self::Clippy => check(&mut clippy(workspace, &[&WHOLE[..], &["--all-targets"]].concat())),
            Self::ClippyWasm => clippy_wasm(workspace),
            Self::Deny => Ok(deny::check(workspace).map(|()| PASSED)?),
            Self::Unit => unit(workspace),
            Self::Simulation => simulation(workspace),
            Self::Browser => in_browser(workspace),
            Self::Page => built_page(workspace).map(|_| PASSED),
            Self::E2e => end_to_end(workspace),
            Self::Trunk => Ok(trunk::check(workspace).map(|()| PASSED)?),
        }
    }
}

/// The count of a step that is not made of single tests.
const PASSED: Count = Count { passed: 1, failed: 0 };
const FAILED: Count = Count { passed: 0, failed: 1 };

/// Runs the steps and reports; the exit code says whether all is well.
pub(crate) fn test(workspace: &Workspace, options: &Options) -> ExitCode {
    let steps = Step::value_variants().iter().copied();
    if options.list {
        steps.for_each(|step| println!("{}", step.name()));
        return ExitCode::SUCCESS;
    }
    let outcomes: Vec<_> = steps
        .filter(|step| options.only.is_empty() || options.only.contains(step))
        .map(|step| run_step(step, workspace))
        .collect();
    let (text, total) = report(&outcomes);
    print!("{text}");
    if total.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn run_step(step: Step, workspace: &Workspace) -> Outcome {
    println!("\n=== {} ===", step.name());
    let start = Instant::now();
    let count = step.run(workspace).unwrap_or_else(|error| {
        eprintln!("{} failed: {}", step.name(), command::with_causes(&error));
        FAILED
    });
    Outcome { step, count, took: start.elapsed() }
}

/// The table of steps, the failed ones again, and the line that counts.
fn report(outcomes: &[Outcome]) -> (String, Count) {
    let mut lines = vec![String::new()];
    let mut total = Count::default();
    let mut failed = Vec::new();
    for Outcome { step, count, took } in outcomes {
        let (name, seconds) = (step.name(), took.as_secs_f64());
        let Count { passed, failed: not } = count;
        lines.push(format!("{name:<12}{passed:>6} passed{not:>6} failed{seconds:>8.1} s"));
        total += *count;
        if count.failed > 0 {
            failed.push(name);
        }
    }
    if !failed.is_empty() {
        lines.push(format!("failed steps: {}", failed.join(", ")));
    }
    lines.push(format!("{} passed, {} failed\n", total.passed, total.failed));
    (lines.join("\n"), total)
}

fn cargo(workspace: &Workspace) -> Command {
    let mut cargo = command::cargo();
    cargo.current_dir(&workspace.root);
    cargo
}

fn clippy(workspace: &Workspace, what: &[&str]) -> Command {
    let mut clippy = cargo(workspace);
    clippy.arg("clippy").args(what).args(["--", "-D", "warnings"]);
    clippy
}

fn clippy_wasm(workspace: &Workspace) -> Result<Count, StepError> {
    toolchain::ensure_wasm_target()?;
    let target = format!("--target={WASM_TARGET}");
    // The pure crates are looked at along with what is built on them; their own tests run natively only, and
    // need what wasm has not.
    check(&mut clippy(workspace, &[&target, "-p=node-wasm", "-p=web", "--all-targets"]))
}

/// Tests of libraries and programs, and what the packages but that of the scenarios have besides.
fn unit(workspace: &Workspace) -> Result<Count, StepError> {
    let mut cargo = native_tests(workspace);
    cargo.args(["--lib", "--bins"]);
    for package in workspace.packages().filter(|package| package.name != TESTS_PACKAGE) {
        integration_tests(&mut cargo, package.integration_tests());
    }
    tests(&mut cargo)
}

/// All scenarios but those that need browsers.
fn simulation(workspace: &Workspace) -> Result<Count, StepError> {
    let package = workspace.package(TESTS_PACKAGE).ok_or(StepError::NoTestsPackage)?;
    let mut cargo = native_tests(workspace);
    integration_tests(&mut cargo, package.integration_tests().filter(|name| *name != E2E));
    tests(&mut cargo)
}

/// `cargo test` of whatever is added.
fn native_tests(workspace: &Workspace) -> Command {
    let mut cargo = cargo(workspace);
    cargo.arg("test").args(WHOLE).arg("--no-fail-fast");
    cargo
}

fn integration_tests<'a>(cargo: &mut Command, names: impl Iterator<Item = &'a str>) {
    for name in names {
        cargo.args(["--test", name]);
    }
}

fn in_browser(workspace: &Workspace) -> Result<Count, StepError> {
    toolchain::ensure_wasm_target()?;
    let Browser { driver, .. } = browser::chromium()?;
    // The runner of .cargo/config.toml builds itself, but quietly: its minute should be seen.
    toolchain::build_wasm_tool(&workspace.root, "wasm-bindgen-test-runner")?;
    tests(
        cargo(workspace)
            .args(["test", "--package=node-wasm", "--tests", "--no-fail-fast"])
            .args(["--target", WASM_TARGET])
            .env("CHROMEDRIVER", driver)
            .env("WASM_BINDGEN_TEST_TIMEOUT", WASM_TEST_TIMEOUT_S),
    )
}

fn built_page(workspace: &Workspace) -> Result<PathBuf, StepError> {
    toolchain::ensure_wasm_target()?;
    Ok(page::build(workspace)?)
}

fn end_to_end(workspace: &Workspace) -> Result<Count, StepError> {
    let (chromium, firefox) = (browser::chromium()?, browser::firefox(workspace)?);
    let axe = axe::find_or_download(workspace)?;
    let page = built_page(workspace)?;
    let package = package::build(workspace)?;
    tests(
        cargo(workspace)
            .arg("test")
            .args(WHOLE)
            .args(["--test", E2E])
            .env("RUST_TEST_THREADS", E2E_THREADS)
            .env("TABCHAIN_PAGE", page)
            .env("TABCHAIN_PACKAGE", package)
            .env("TABCHAIN_AXE", axe)
            .env("TABCHAIN_CHROMIUM", chromium.binary)
            .env("TABCHAIN_CHROMEDRIVER", chromium.driver)
            .env("TABCHAIN_FIREFOX", firefox.binary)
            .env("TABCHAIN_GECKODRIVER", firefox.driver),
    )
}

/// A command that is one check.
fn check(command: &mut Command) -> Result<Count, StepError> {
    command::run(command)?;
    Ok(PASSED)
}

/// A command that runs tests: passes its output on and counts them.
fn tests(command: &mut Command) -> Result<Count, StepError> {
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|source| CommandError::Start { command: command::line(command), source })?;
    let mut count = Count::default();
    if let Some(output) = child.stdout.take() {
        let mut output = BufReader::new(output);
        let mut line = Vec::new();
        while output.read_until(b'\n', &mut line)? > 0 {
            std::io::stdout().write_all(&line)?;
            if let Some(more) = libtest::parse(&String::from_utf8_lossy(&line)) {
                count += more;
            }
            line.clear();
        }
    }
    let status = child.wait()?;
    let ended = command::succeeded(command, status);
    Ok(judge(count, ended))
}

/// A command of tests that failed without a failed test, or that ran none, is a failure by itself.
fn judge(mut count: Count, ended: Result<(), CommandError>) -> Count {
    match ended {
        Err(error) if count.failed == 0 => {
            eprintln!("{error}");
            count += FAILED;
        }
        Ok(()) if count == Count::default() => {
            eprintln!("no test was run");
            count += FAILED;
        }
        _ => {}
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    const THREE: Count = Count { passed: 3, failed: 0 };

    fn failure() -> Result<(), CommandError> {
        Err(CommandError::Start { command: "cargo test".into(), source: std::io::ErrorKind::NotFound.into() })
    }

    #[test]
    fn tests_that_do_not_compile_count_as_a_failure() {
        assert_eq!(judge(THREE, failure()).failed, 1);
    }

    #[test]
    fn a_failed_test_is_counted_once() {
        let two_failed = Count { passed: 1, failed: 2 };
        assert_eq!(judge(two_failed, failure()), two_failed);
    }

    #[test]
    fn no_test_at_all_is_a_failure() {
        assert_eq!(judge(Count::default(), Ok(())), FAILED);
        assert_eq!(judge(THREE, Ok(())), THREE);
    }

    #[test]
    fn the_last_line_counts_everything() {
        let outcome = |step, count| Outcome { step, count, took: Duration::from_secs(1) };
        let outcomes = [outcome(Step::ClippyWasm, FAILED), outcome(Step::Unit, THREE)];
        let (text, total) = report(&outcomes);
        assert!(text.ends_with("failed steps: clippy-wasm\n3 passed, 1 failed\n"));
        assert_eq!((total.passed, total.failed), (3, 1));
    }
}
