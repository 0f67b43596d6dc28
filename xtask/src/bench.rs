//! `cargo xtask bench`: our code beside its peers, npm packages, in one page of a real browser; and
//! how long a tab takes to reopen.

use crate::browser::{self, Browser, BrowserError};
use crate::bundle::{self, BundleError, Module, PROFILE};
use crate::command::{self, CommandError};
use crate::page::{self, PageError};
use crate::toolchain::{self, WASM_TARGET};
use crate::workspace::Workspace;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The package of what is measured, and of the page that measures it.
const PACKAGE: &str = "bench-page";

/// Its folder in the workspace.
const SOURCE: &str = "tests/bench-page";

/// The name that cargo and wasm-bindgen give its module.
const MODULE: &str = "bench_page";

/// The finished page, in the target folder.
const SITE: &str = "bench";

/// What npm installs the peers by.
const MANIFESTS: [&str; 2] = ["package.json", "package-lock.json"];

/// The package manager of Node.js.
const NPM: &str = if cfg!(windows) { "npm.cmd" } else { "npm" };

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(crate) enum What {
    /// Our code beside its peers, npm packages.
    #[default]
    Peers,
    /// How long a tab takes to show its tip, with 10,000 and 100,000 blocks in its store.
    Reopen,
}

/// Why nothing was measured.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BenchError {
    /// The peers cannot be had.
    #[error("npm is missing: install Node.js (on Debian, `sudo apt-get install -y npm`); the peers are npm packages")]
    NoNpm,
    /// A program failed.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// The page could not be built.
    #[error(transparent)]
    Page(#[from] PageError),
    /// There is no browser.
    #[error(transparent)]
    Browser(#[from] BrowserError),
    /// JavaScript glue could not be made.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// A file could not be read or written.
    #[error("{path}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Measures and prints.
pub(crate) fn bench(workspace: &Workspace, what: What) -> Result<(), BenchError> {
    match what {
        What::Peers => peers(workspace),
        What::Reopen => reopen(workspace),
    }
}

/// Builds the real page and opens it in Chromium on stores that were filled before.
fn reopen(workspace: &Workspace) -> Result<(), BenchError> {
    toolchain::ensure_wasm_target()?;
    let browser = browser::chromium()?;
    let page = page::build(workspace)?;
    in_browser(workspace, "reopen", &page, browser)
}

/// Builds the page, opens it in Chromium and prints the tables that it measures.
fn peers(workspace: &Workspace) -> Result<(), BenchError> {
    // What is missing should be known before anything is built.
    if Command::new(NPM).arg("--version").output().is_err() {
        return Err(BenchError::NoNpm);
    }
    toolchain::ensure_wasm_target()?;
    let browser = browser::chromium()?;
    let site = build(workspace)?;
    in_browser(workspace, "peers", &site, browser)
}

/// Only what runs in the browser is measured: the program that opens it may be a debug build.
fn in_browser(workspace: &Workspace, bench: &str, page: &Path, browser: Browser) -> Result<(), BenchError> {
    let Browser { binary, driver } = browser;
    command::run(
        command::cargo()
            .current_dir(&workspace.root)
            .args(["bench", "--quiet", "--profile=dev", "--package=tests", &format!("--bench={bench}")])
            .env("TABCHAIN_PAGE", page)
            .env("TABCHAIN_CHROMIUM", binary)
            .env("TABCHAIN_CHROMEDRIVER", driver),
    )?;
    Ok(())
}

/// Puts the page, our module and the peers into one folder.
fn build(workspace: &Workspace) -> Result<PathBuf, BenchError> {
    command::run(command::cargo().current_dir(&workspace.root).args([
        "build",
        "--target",
        WASM_TARGET,
        "--profile",
        PROFILE,
        "--package",
        PACKAGE,
    ]))?;
    let site = workspace.target.join(SITE);
    if site.exists() {
        fs::remove_dir_all(&site).map_err(at(&site))?;
    }
    let source = workspace.root.join(SOURCE);
    copy_files(&source.join("page"), &site)?;
    for name in MANIFESTS {
        let from = source.join(name);
        fs::copy(&from, site.join(name)).map_err(at(&from))?;
    }
    let wasm = workspace.target.join(WASM_TARGET).join(PROFILE).join(format!("{MODULE}.wasm"));
    let wasm = fs::read(&wasm).map_err(at(&wasm))?;
    bundle::write_glue(&Module { name: MODULE.to_owned(), wasm }, &site)?;
    command::run(Command::new(NPM).current_dir(&site).args([
        "ci",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--silent",
    ]))?;
    Ok(site)
}

/// Copies a folder's files into a new one.
fn copy_files(from: &Path, to: &Path) -> Result<(), BenchError> {
    fs::create_dir_all(to).map_err(at(to))?;
    for entry in fs::read_dir(from).map_err(at(from))? {
        let entry = entry.map_err(at(from))?;
        fs::copy(entry.path(), to.join(entry.file_name())).map_err(at(&entry.path()))?;
    }
    Ok(())
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> BenchError + use<> {
    let path = path.to_owned();
    move |source| BenchError::File { path, source }
}
