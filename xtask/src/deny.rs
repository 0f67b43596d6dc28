//! Looks the dependencies over with cargo-deny: licences, sources, and known holes where their list can be had.

use crate::command::{self, CommandError};
use crate::tools::Tool;
use crate::workspace::Workspace;
use std::path::Path;
use std::process::Command;

/// What looks; its rules stand in deny.toml.
const CARGO_DENY: Tool = Tool { name: "cargo-deny", version: "0.20.2", options: &[] };

/// Fails if a dependency breaks a rule of deny.toml, or has a known hole.
///
/// The list of known holes is a repository of its own. Where it cannot be reached, that is said, and the rest holds.
pub(crate) fn check(workspace: &Workspace) -> Result<(), CommandError> {
    let program = CARGO_DENY.installed(workspace)?;
    command::run(deny(&program, workspace).args(["check", "bans", "licenses", "sources"]))?;
    if command::run(deny(&program, workspace).args(["fetch", "db"])).is_err() {
        println!("advisories are NOT checked: their database cannot be reached from here");
        return Ok(());
    }
    command::run(deny(&program, workspace).args(["check", "--disable-fetch", "advisories"]))
}

fn deny(program: &Path, workspace: &Workspace) -> Command {
    let mut deny = Command::new(program);
    deny.current_dir(&workspace.root).arg("--locked");
    deny
}
