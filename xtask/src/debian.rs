//! Installing Debian's packages, where that may be done without asking: as root, as on machines for
//! continuous integration.

use crate::command::{self, CommandError};
use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Command;

/// Whether this is root on Debian or its kin.
pub(crate) fn may_install() -> bool {
    is_root() && on_path("apt-get").is_some()
}

/// Runs a line that installs packages.
pub(crate) fn install(line: &str) -> Result<(), CommandError> {
    command::run(Command::new("sh").args(["-c", line]).env("DEBIAN_FRONTEND", "noninteractive"))
}

/// Where a program lies, by PATH.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    std::env::split_paths(&path).map(|folder| folder.join(OsStr::new(&file))).find(|candidate| candidate.is_file())
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}
