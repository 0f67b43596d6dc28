//! `cargo xtask bench`: our code beside its peers, npm packages, in one page of a real browser; how
//! long a tab takes to reopen; and the whole page beside the same screen in React.

use crate::browser::{self, Browser, BrowserError};
use crate::bundle::{self, BundleError, Module, PROFILE};
use crate::command::{self, CommandError};
use crate::compress;
use crate::page::{self, PageError};
use crate::toolchain::{self, WASM_TARGET};
use crate::workspace::Workspace;
use std::ffi::OsString;
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

/// The overview in React.
const REACT_SOURCE: &str = "tests/bench-react";

/// What lies in its folder beside its manifests and its sources.
const REACT_FILES: [&str; 3] = [".npmrc", "index.html", "vite.config.js"];

/// Where it is built, in the target folder.
const REACT_SITE: &str = "bench-react";

/// What npm installs the peers by.
const MANIFESTS: [&str; 2] = ["package.json", "package-lock.json"];

/// The style sheet of the built page.
const STYLE: &str = "style.css";

/// Its icon.
const ICON: &str = "icon.svg";

/// The node in the program is to make chains of many blocks before anything is measured.
const FAST_NODE: &str = "profile.dev.package.node-core.opt-level=2";

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
    /// The page's sizes, first paint, longest tasks and memory (`-- --help` for its options).
    Page,
}

/// Why nothing was measured.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BenchError {
    /// The peers cannot be had.
    #[error("npm is missing: install Node.js (on Debian, `sudo apt-get install -y npm`); the peers are npm packages")]
    NoNpm,
    /// Options for a benchmark that has none.
    #[error("only `cargo xtask bench page` has options")]
    NoOptions,
    /// The page has no style sheet that the other one could have, too.
    #[error("there is no style.css in {0}")]
    NoStyle(PathBuf),
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
pub(crate) fn bench(workspace: &Workspace, what: What, options: &[OsString]) -> Result<(), BenchError> {
    match what {
        What::Page => whole_page(workspace, options),
        _ if !options.is_empty() => Err(BenchError::NoOptions),
        What::Peers => peers(workspace),
        What::Reopen => reopen(workspace),
    }
}

/// Builds the real page and opens it in Chromium on stores that were filled before.
fn reopen(workspace: &Workspace) -> Result<(), BenchError> {
    toolchain::ensure_wasm_target()?;
    let browser = browser::chromium()?;
    let page = page::build(workspace)?;
    in_browser(workspace, "reopen", &page, browser, &[], &[])
}

/// Builds the real page and the overview in React, and measures both in Chromium.
fn whole_page(workspace: &Workspace, options: &[OsString]) -> Result<(), BenchError> {
    need_npm()?;
    toolchain::ensure_wasm_target()?;
    let browser = browser::chromium()?;
    let page = page::build(workspace)?;
    let react = build_react(workspace, &page)?;
    in_browser(workspace, "page", &page, browser, &[("TABCHAIN_REACT", &react)], options)
}

/// Builds the page, opens it in Chromium and prints the tables that it measures.
fn peers(workspace: &Workspace) -> Result<(), BenchError> {
    need_npm()?;
    toolchain::ensure_wasm_target()?;
    let browser = browser::chromium()?;
    let site = build(workspace)?;
    in_browser(workspace, "peers", &site, browser, &[], &[])
}

/// What is missing should be known before anything is built.
fn need_npm() -> Result<(), BenchError> {
    Command::new(NPM).arg("--version").output().map(|_| ()).map_err(|_| BenchError::NoNpm)
}

/// Only what runs in the browser is measured: the program that opens it may be a debug build, but
/// for the node that makes its chain.
fn in_browser(
    workspace: &Workspace,
    bench: &str,
    page: &Path,
    browser: Browser,
    paths: &[(&str, &Path)],
    options: &[OsString],
) -> Result<(), BenchError> {
    let Browser { binary, driver } = browser;
    command::run(
        command::cargo()
            .current_dir(&workspace.root)
            .args(["bench", "--quiet", "--profile=dev", "--config", FAST_NODE])
            .args(["--package=tests", &format!("--bench={bench}"), "--"])
            .args(options)
            .envs(paths.iter().copied())
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
    install(&site)?;
    Ok(site)
}

/// Builds the overview in React with our page's style sheet and icon, and packs it as our page is packed.
fn build_react(workspace: &Workspace, page: &Path) -> Result<PathBuf, BenchError> {
    let site = workspace.target.join(REACT_SITE);
    if site.exists() {
        fs::remove_dir_all(&site).map_err(at(&site))?;
    }
    let source = workspace.root.join(REACT_SOURCE);
    copy_files(&source.join("src"), &site.join("src"))?;
    for name in MANIFESTS.iter().chain(&REACT_FILES) {
        let from = source.join(name);
        fs::copy(&from, site.join(name)).map_err(at(&from))?;
    }
    let style = style_of(page)?;
    let public = site.join("public");
    fs::create_dir_all(&public).map_err(at(&public))?;
    for from in [style, page.join(ICON)] {
        fs::copy(&from, public.join(from.file_name().unwrap_or_default())).map_err(at(&from))?;
    }
    install(&site)?;
    command::run(Command::new(NPM).current_dir(&site).args(["run", "--silent", "build"]))?;
    let built = site.join("dist");
    compress::compress_tree(&built).map_err(at(&built))?;
    Ok(built)
}

/// The style sheet of the built page, in the one folder of its assets.
fn style_of(page: &Path) -> Result<PathBuf, BenchError> {
    let assets = page.join("assets");
    for entry in fs::read_dir(&assets).map_err(at(&assets))? {
        let style = entry.map_err(at(&assets))?.path().join(STYLE);
        if style.is_file() {
            return Ok(style);
        }
    }
    Err(BenchError::NoStyle(assets))
}

/// Installs what the manifests of a folder name, and runs nothing of it.
fn install(folder: &Path) -> Result<(), BenchError> {
    command::run(Command::new(NPM).current_dir(folder).args([
        "ci",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--silent",
    ]))?;
    Ok(())
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
