//! Programs that a task needs besides cargo's own: built from their crates at pinned versions, once, into the target
//! folder.

use crate::command::{self, CommandError};
use crate::workspace::Workspace;
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
        // Unoptimised: a quarter of the time, and such programs mostly wait.
        command::run(
            command::cargo()
                .current_dir(&workspace.root)
                .args(["install", self.name, "--version", self.version, "--locked", "--debug", "--root"])
                .arg(tools)
                .args(self.options)
                .env("CARGO_PROFILE_DEV_DEBUG", "0"),
        )?;
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
