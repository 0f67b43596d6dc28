//! Finds the browser and its driver that tests run in, and installs them where it may.

use crate::command::{self, CommandError};
use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Command;

/// Names that Chromium has on some system, the first found is taken.
const CHROMIUM: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// The name of Chromium's driver.
const DRIVER: &str = "chromedriver";

/// Environment variables that name other programs.
const CHROMIUM_VARIABLE: &str = "TABCHAIN_CHROMIUM";
const DRIVER_VARIABLE: &str = "TABCHAIN_CHROMEDRIVER";

/// How a Debian system gets both.
const INSTALL: &str = "apt-get update && apt-get install -y chromium chromium-driver";

/// Why there is no browser.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BrowserError {
    /// It is missing and this user may not install it, or the system is not Debian's kin.
    #[error(
        "Chromium or ChromeDriver is missing: run `sudo sh -c '{INSTALL}'`, or name them in \
         {CHROMIUM_VARIABLE} and {DRIVER_VARIABLE}"
    )]
    Missing,
    /// It could not be installed.
    #[error("cannot install Chromium")]
    Install(#[from] CommandError),
}

/// Chromium and what drives it.
#[derive(Clone)]
pub(crate) struct Browser {
    /// Chromium's binary.
    pub(crate) chromium: PathBuf,
    /// The driver's binary.
    pub(crate) driver: PathBuf,
}

/// Finds both programs; installs them first when they are missing and this is root on Debian.
pub(crate) fn find_or_install() -> Result<Browser, BrowserError> {
    if let Some(browser) = find() {
        return Ok(browser);
    }
    if !is_root() || on_path("apt-get").is_none() {
        return Err(BrowserError::Missing);
    }
    println!("installing Chromium: {INSTALL}");
    command::run(Command::new("sh").args(["-c", INSTALL]).env("DEBIAN_FRONTEND", "noninteractive"))?;
    find().ok_or(BrowserError::Missing)
}

fn find() -> Option<Browser> {
    let named = |variable: &str| std::env::var_os(variable).map(PathBuf::from);
    Some(Browser {
        chromium: named(CHROMIUM_VARIABLE).or_else(|| CHROMIUM.iter().find_map(|name| on_path(name)))?,
        driver: named(DRIVER_VARIABLE).or_else(|| on_path(DRIVER))?,
    })
}

/// Where a program lies, by PATH.
fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    std::env::split_paths(&path).map(|folder| folder.join(OsStr::new(&file))).find(|candidate| candidate.is_file())
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}
