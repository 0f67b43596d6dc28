//! `cargo xtask screens`: the README's pictures, taken of real tabs in a browser.

use crate::browser::{self, Browser, BrowserError};
use crate::command::{self, CommandError};
use crate::page::{self, PageError};
use crate::test::WHOLE;
use crate::toolchain;
use crate::workspace::Workspace;

/// The test that takes them.
const TEST: &str = "screens::pictures";

/// Where they are checked in.
const FOLDER: &str = "docs/images";

/// Why there are no pictures.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ScreensError {
    /// There is no browser.
    #[error(transparent)]
    Browser(#[from] BrowserError),
    /// The page could not be built.
    #[error(transparent)]
    Page(#[from] PageError),
    /// The tabs did not get to where they are to be shown.
    #[error(transparent)]
    Command(#[from] CommandError),
}

/// Builds the page and takes its pictures.
pub(crate) fn take(workspace: &Workspace) -> Result<(), ScreensError> {
    let Browser { binary, driver } = browser::chromium()?;
    toolchain::ensure_wasm_target()?;
    let page = page::build(workspace)?;
    command::run(
        command::cargo()
            .current_dir(&workspace.root)
            .args(["test", "--quiet"])
            .args(WHOLE)
            .args(["--test=e2e", "--", "--ignored", "--exact", TEST])
            .env("TABCHAIN_PAGE", page)
            .env("TABCHAIN_SCREENS", workspace.root.join(FOLDER))
            .env("TABCHAIN_CHROMIUM", binary)
            .env("TABCHAIN_CHROMEDRIVER", driver),
    )?;
    Ok(())
}
