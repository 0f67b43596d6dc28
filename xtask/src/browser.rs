//! Finds the browsers and drivers that tests run in, and installs them where it may.

use crate::command::CommandError;
use crate::debian::{self, on_path};
use crate::tools::Tool;
use crate::workspace::Workspace;
use std::path::PathBuf;

/// What is needed of one kind of browser, and how a Debian system gets it.
struct Kind {
    name: &'static str,
    /// Names that the browser has on some system, the first found is taken.
    names: &'static [&'static str],
    /// Environment variable that names another program.
    variable: &'static str,
    driver: &'static str,
    driver_variable: &'static str,
    packages: &'static str,
}

const CHROMIUM: Kind = Kind {
    name: "Chromium",
    names: &["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"],
    variable: "TABCHAIN_CHROMIUM",
    driver: "chromedriver",
    driver_variable: "TABCHAIN_CHROMEDRIVER",
    packages: "chromium chromium-driver",
};

const FIREFOX: Kind = Kind {
    name: "Firefox",
    names: &["firefox-esr", "firefox"],
    variable: "TABCHAIN_FIREFOX",
    driver: "geckodriver",
    driver_variable: "TABCHAIN_GECKODRIVER",
    packages: "firefox-esr",
};

/// Firefox's driver, of which Debian has no package.
const GECKODRIVER: Tool = Tool { name: "geckodriver", version: "0.37.1", options: &[] };

/// Why there is no browser.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BrowserError {
    /// It is missing and this user may not install it, or the system is not Debian's kin.
    #[error("{browser} or its driver is missing: run `sudo sh -c '{install}'`, or name them in {variables}")]
    Missing {
        /// Which.
        browser: &'static str,
        /// How a Debian system gets it.
        install: String,
        /// Environment variables that name other programs.
        variables: String,
    },
    /// It could not be installed.
    #[error("cannot install {0}")]
    Install(&'static str, #[source] CommandError),
}

/// A browser and what drives it.
#[derive(Clone)]
pub(crate) struct Browser {
    /// The browser's binary.
    pub(crate) binary: PathBuf,
    /// The driver's binary.
    pub(crate) driver: PathBuf,
}

/// Finds Chromium and its driver; installs them first when they are missing and this is root on Debian.
pub(crate) fn chromium() -> Result<Browser, BrowserError> {
    let (binary, driver) = CHROMIUM.found(|| CHROMIUM.find().zip(CHROMIUM.find_driver()))?;
    Ok(Browser { binary, driver })
}

/// The same for Firefox, whose driver is compiled into the target folder once.
pub(crate) fn firefox(workspace: &Workspace) -> Result<Browser, BrowserError> {
    let binary = FIREFOX.found(|| FIREFOX.find())?;
    let driver = match FIREFOX.find_driver() {
        Some(driver) => driver,
        None => GECKODRIVER.installed(workspace).map_err(|error| BrowserError::Install(GECKODRIVER.name, error))?,
    };
    Ok(Browser { binary, driver })
}

impl Kind {
    fn find(&self) -> Option<PathBuf> {
        named(self.variable).or_else(|| self.names.iter().find_map(|name| on_path(name)))
    }

    fn find_driver(&self) -> Option<PathBuf> {
        named(self.driver_variable).or_else(|| on_path(self.driver))
    }

    /// What `look` finds, if need be after installing it.
    fn found<T>(&self, look: impl Fn() -> Option<T>) -> Result<T, BrowserError> {
        if let Some(found) = look() {
            return Ok(found);
        }
        self.install()?;
        look().ok_or_else(|| self.missing())
    }

    fn install_command(&self) -> String {
        format!("apt-get update && apt-get install -y {}", self.packages)
    }

    fn missing(&self) -> BrowserError {
        BrowserError::Missing {
            browser: self.name,
            install: self.install_command(),
            variables: format!("{} and {}", self.variable, self.driver_variable),
        }
    }

    fn install(&self) -> Result<(), BrowserError> {
        if !debian::may_install() {
            return Err(self.missing());
        }
        let install = self.install_command();
        println!("installing {}: {install}", self.name);
        debian::install(&install).map_err(|error| BrowserError::Install(self.name, error))
    }
}

fn named(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable).map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_lacks_a_browser_is_told_how_to_get_it() {
        let message = FIREFOX.missing().to_string();
        for word in ["Firefox", "apt-get install -y firefox-esr", "TABCHAIN_FIREFOX", "TABCHAIN_GECKODRIVER"] {
            assert!(message.contains(word), "{message}");
        }
    }
}
