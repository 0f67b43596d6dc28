//! Trunk, for the development loop: installed at a pinned version, run with matching tools.

use crate::command::{self, CommandError};
use crate::html::{Asset, HtmlError, Template};
use crate::toolchain;
use crate::tools::{self, Tool};
use crate::workspace::Workspace;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The last version that the pinned Rust compiles, without optional parts.
const TRUNK: Tool =
    Tool { name: "trunk", version: "0.21.14", options: &["--no-default-features", "--features", "rustls"] };

/// Where Trunk.toml lets it build to, in the target folder.
const DIST: &str = "trunk";

/// Why Trunk did not do its work.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TrunkError {
    /// A program failed.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// A file could not be read or written.
    #[error("{path}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The source cannot be read.
    #[error("web/index.html")]
    Html(#[from] HtmlError),
    /// Trunk's page lacks something.
    #[error("Trunk's build lacks {0}")]
    Lacks(String),
}

/// Runs Trunk with the user's arguments; without any, `trunk serve`.
pub(crate) fn pass_through(workspace: &Workspace, mut arguments: Vec<OsString>) -> Result<(), TrunkError> {
    if arguments.is_empty() {
        arguments.push("serve".into());
    }
    Ok(command::become_program(command(workspace)?.args(arguments))?)
}

/// Builds the page with Trunk and looks whether all that the page loads is there.
pub(crate) fn check(workspace: &Workspace) -> Result<(), TrunkError> {
    let dist = workspace.target.join(DIST);
    if dist.exists() {
        fs::remove_dir_all(&dist).map_err(at(&dist))?;
    }
    command::run(command(workspace)?.arg("build"))?;
    let source = workspace.root.join("web/index.html");
    let source = fs::read_to_string(&source).map_err(at(&source))?;
    let built = dist.join("index.html");
    let built = fs::read_to_string(&built).map_err(at(&built))?;
    if built.contains("<link data-trunk") {
        return Err(TrunkError::Lacks("an asset: its tag is left over".into()));
    }
    for asset in Template::parse(&source)?.assets {
        check_asset(&asset, &dist, &built)?;
    }
    Ok(())
}

fn check_asset(asset: &Asset, dist: &Path, built: &str) -> Result<(), TrunkError> {
    let files = match asset {
        Asset::Rust { binary, worker: true, .. } => {
            vec![format!("{binary}.js"), format!("{binary}_bg.wasm"), format!("{binary}_loader.js")]
        }
        // Their names carry hashes; Trunk itself fails when it cannot make them.
        Asset::Rust { binary, .. } if !built.contains(&format!("/{binary}-")) => {
            return Err(TrunkError::Lacks(format!("a script that starts {binary}")));
        }
        Asset::Css { .. } if !built.contains("rel=\"stylesheet\"") => {
            return Err(TrunkError::Lacks("a style sheet".into()));
        }
        _ => Vec::new(),
    };
    match files.into_iter().find(|file| !dist.join(file).is_file()) {
        Some(file) => Err(TrunkError::Lacks(file)),
        None => Ok(()),
    }
}

/// Trunk, installed, with wasm-bindgen of this workspace's version before all others on PATH.
fn command(workspace: &Workspace) -> Result<Command, TrunkError> {
    toolchain::ensure_wasm_target()?;
    let program = TRUNK.installed(workspace)?;
    let bin = tools::folder(workspace).join("bin");
    copy_wasm_bindgen(workspace, &bin)?;
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::iter::once(bin.clone()).chain(std::env::split_paths(&path));
    let mut trunk = Command::new(program);
    trunk
        .current_dir(&workspace.root)
        .env("PATH", std::env::join_paths(path).unwrap_or_default())
        .env("TRUNK_SKIP_VERSION_CHECK", "true")
        // Trunk takes this variable for an option and stops at the common value 1.
        .env_remove("NO_COLOR");
    Ok(trunk)
}

fn copy_wasm_bindgen(workspace: &Workspace, bin: &Path) -> Result<(), TrunkError> {
    toolchain::build_wasm_tool(&workspace.root, "wasm-bindgen-cli")?;
    let suffix = std::env::consts::EXE_SUFFIX;
    let from = workspace.target.join("debug");
    let from = from.join(format!("wasm-bindgen-cli{suffix}"));
    fs::copy(&from, bin.join(format!("wasm-bindgen{suffix}"))).map_err(at(&from))?;
    Ok(())
}

fn at(path: &Path) -> impl FnOnce(std::io::Error) -> TrunkError + use<> {
    let path = path.to_owned();
    move |source| TrunkError::File { path, source }
}
