//! Where things are: the workspace's root, its packages and the target folder, as cargo sees them.

use crate::command::{self, CommandError};
use serde::Deserialize;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Why the workspace could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WorkspaceError {
    /// Cargo could not be asked.
    #[error(transparent)]
    Cargo(#[from] CommandError),
    /// This program cannot find itself.
    #[error("cannot find the running program")]
    Program(#[source] io::Error),
    /// Cargo's answer has another shape than documented.
    #[error("cannot read the output of `cargo metadata`")]
    Metadata(#[from] serde_json::Error),
}

/// What `cargo metadata` says about this workspace, as far as it matters here.
#[derive(Deserialize)]
pub(crate) struct Workspace {
    /// The folder of the workspace's `Cargo.toml`.
    #[serde(rename = "workspace_root")]
    pub(crate) root: PathBuf,
    /// Where cargo builds to, and these tasks too.
    #[serde(rename = "target_directory")]
    pub(crate) target: PathBuf,
    packages: Vec<Package>,
    /// This program.
    #[serde(skip)]
    pub(crate) program: PathBuf,
    /// Tells this build of the program from others.
    #[serde(skip)]
    pub(crate) program_stamp: String,
}

/// A member of the workspace.
#[derive(Deserialize)]
pub(crate) struct Package {
    /// Its name.
    pub(crate) name: String,
    /// Its version.
    pub(crate) version: String,
    /// Its licences, as an SPDX expression.
    pub(crate) license: String,
    manifest_path: PathBuf,
    targets: Vec<Target>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

impl Workspace {
    /// Asks cargo about the workspace that holds the current folder.
    pub(crate) fn find() -> Result<Self, WorkspaceError> {
        let json =
            command::output(command::cargo().args(["metadata", "--no-deps", "--offline", "--format-version=1"]))?;
        let mut workspace: Self = serde_json::from_slice(&json)?;
        // Looked at now, because another cargo may replace the file while this one builds.
        workspace.program = std::env::current_exe().map_err(WorkspaceError::Program)?;
        workspace.program_stamp = stamp(&workspace.program).map_err(WorkspaceError::Program)?;
        Ok(workspace)
    }

    /// All members.
    pub(crate) fn packages(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter()
    }

    /// The member of this name.
    pub(crate) fn package(&self, name: &str) -> Option<&Package> {
        self.packages.iter().find(|package| package.name == name)
    }

    /// The member that this manifest describes.
    pub(crate) fn package_at(&self, manifest: &Path) -> Option<&Package> {
        self.packages.iter().find(|package| package.manifest_path == manifest)
    }
}

fn stamp(program: &Path) -> io::Result<String> {
    let metadata = fs::metadata(program)?;
    Ok(format!("{:?} {}", metadata.modified()?, metadata.len()))
}

impl Package {
    /// The names of its integration tests (`tests/*.rs`).
    pub(crate) fn integration_tests(&self) -> impl Iterator<Item = &str> {
        self.targets
            .iter()
            .filter(|target| target.kind.iter().any(|kind| kind == "test"))
            .map(|target| target.name.as_str())
    }
}
