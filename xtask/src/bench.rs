//! `cargo xtask bench`: our code beside its peers, npm packages, in one page of a real browser.

use crate::browser::{self, Browser, BrowserError};
use crate::bundle::{self, BundleError, Module};
use crate::command::{self, CommandError};
use crate::page::PROFILE;
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

/// Why nothing was measured.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BenchError {
    /// The peers cannot be had.
    #[error("npm is missing: install Node.js (on Debian, `sudo apt-get install -y npm`); the peers are npm packages")]
    NoNpm,
    /// A program failed.
    #[error(transparent)]
    Command(#[from] CommandError),
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

/// Builds the page, opens it in Chromium and prints the tables that it measures.
pub(crate) fn bench(workspace: &Workspace) -> Result<(), BenchError> {
    // What is missing should be known before anything is built.
    if Command::new(NPM).arg("--version").output().is_err() {
        return Err(BenchError::NoNpm);
    }
    toolchain::ensure_wasm_target()?;
    let Browser { binary, driver } = browser::chromium()?;
    let site = build(workspace)?;
    // Only what runs in the browser is measured: the program that opens it may be a debug build.
    command::run(
        command::cargo()
            .current_dir(&workspace.root)
            .args(["bench", "--quiet", "--profile=dev", "--package=tests", "--bench=peers"])
            .env("TABCHAIN_PAGE", site)
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
