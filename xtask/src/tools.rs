//! Programs that a task needs besides cargo's own: built from their crates at pinned versions, once, into the target
//! folder.

use crate::command::{self, CommandError};
use crate::workspace::Workspace;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// A program that comes as a crate of the same name.
pub(crate) struct Tool {
    /// Its name.
    pub(crate) name: &'static str,
    /// Its version, exactly.
    pub(crate) version: &'static str,
    /// What else `cargo install` is told, such as features.
    pub(crate) options: &'static [&'static str],
}

impl Tool {
    /// Where it lies, after installing it if this version does not lie there yet.
    pub(crate) fn installed(&self, workspace: &Workspace) -> Result<PathBuf, CommandError> {
        let tools = folder(workspace);
        let program = tools.join("bin").join(format!("{}{}", self.name, std::env::consts::EXE_SUFFIX));
        let there = Command::new(&program).arg("--version").output();
        if there.is_ok_and(|output| names_version(&String::from_utf8_lossy(&output.stdout), self.version)) {
            return Ok(program);
        }
        println!("installing {} {}, once; this takes minutes", self.name, self.version);
        // Beside the program, not in the system's folder for small temporary files, and kept until it is
        // built: a second try goes on where the first one broke off.
        let build = tools.join("build");
        let mut install = command::cargo();
        install
            .current_dir(&workspace.root)
            .args(["install", self.name, "--version", self.version, "--locked", "--debug", "--root"])
            .arg(&tools)
            .arg("--target-dir")
            .arg(&build)
            .args(self.options)
            // Unoptimised: a quarter of the time, and such programs mostly wait.
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            .env("CARGO_INCREMENTAL", "0")
            .env("CARGO_NET_RETRY", "10");
        if let Err(error) = command::run(&mut install) {
            eprintln!("{error}; trying again");
            command::run(&mut install)?;
        }
        if let Err(error) = fs::remove_dir_all(&build) {
            eprintln!("{} is of no more use and could not be removed: {error}", build.display());
        }
        Ok(program)
    }
}

/// Where tools lie: their programs in its folder `bin`.
pub(crate) fn folder(workspace: &Workspace) -> PathBuf {
    workspace.target.join("tools")
}

/// Whether what a program says of itself, `name version …`, has this version.
fn names_version(text: &str, version: &str) -> bool {
    text.split_whitespace().nth(1) == Some(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_the_second_word() {
        assert!(names_version("trunk 0.21.14\n", "0.21.14"));
        assert!(names_version("geckodriver 0.36.0 (abc 2025-01-01)\nmore\n", "0.36.0"));
        assert!(!names_version("trunk 0.21.140\n", "0.21.14"));
        assert!(!names_version("", "0.21.14"));
    }
}
