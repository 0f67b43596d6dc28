//! Finds axe-core, which looks over the accessibility of the page in the end-to-end tests, and gets it
//! where it may. It is one script; the package that carries it is taken apart and never installed.

use crate::command::{self, CommandError};
use crate::debian;
use crate::workspace::Workspace;
use std::path::PathBuf;
use std::process::Command;

/// The package that carries the script, and its version.
const PACKAGE: &str = "axe-playwright-python";
const VERSION: &str = "0.1.8";

/// Where the script lies in it.
const SCRIPT: &str = "axe_playwright_python/axe.min.js";

/// The environment variable that names another script.
const VARIABLE: &str = "TABCHAIN_AXE";

/// How a Debian system gets what downloads packages.
const INSTALL: &str = "apt-get update && apt-get install -y --no-install-recommends python3-pip";

/// Why there is no axe-core.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AxeError {
    /// Nothing here can download it, and this user may not install it, or the system is not Debian's kin.
    #[error("Python's pip is missing: run `sudo sh -c '{INSTALL}'`, or name axe.min.js in {VARIABLE}")]
    NoPip,
    /// A step failed.
    #[error("cannot get axe-core")]
    Command(#[from] CommandError),
    /// The package has no script where it should be.
    #[error("{PACKAGE} {VERSION} has no {SCRIPT}")]
    NoScript,
}

/// The script: the one that is named, the one of an earlier run, or one that is downloaded now.
pub(crate) fn find_or_download(workspace: &Workspace) -> Result<PathBuf, AxeError> {
    if let Some(named) = std::env::var_os(VARIABLE) {
        return Ok(named.into());
    }
    let folder = workspace.target.join("axe").join(VERSION);
    let script = folder.join(SCRIPT);
    if script.is_file() {
        return Ok(script);
    }
    if !has_pip() {
        if !debian::may_install() {
            return Err(AxeError::NoPip);
        }
        println!("installing pip: {INSTALL}");
        debian::install(INSTALL)?;
    }
    let package = format!("{PACKAGE}=={VERSION}");
    command::run(python().args(["-m", "pip", "download", "--quiet", "--no-deps", "--dest"]).arg(&folder).arg(package))?;
    let wheel = folder.join(format!("{}-{VERSION}-py3-none-any.whl", PACKAGE.replace('-', "_")));
    command::run(python().args(["-m", "zipfile", "--extract"]).arg(wheel).arg(&folder))?;
    if script.is_file() { Ok(script) } else { Err(AxeError::NoScript) }
}

fn python() -> Command {
    Command::new("python3")
}

fn has_pip() -> bool {
    python().args(["-m", "pip", "--version"]).output().is_ok_and(|output| output.status.success())
}
