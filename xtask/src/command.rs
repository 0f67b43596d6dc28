//! Starts other programs: what is run is shown, and a failure says which command it was.

use std::error::Error;
use std::ffi::OsStr;
use std::process::{Command, ExitStatus, Stdio};

/// Why a command did not do its work.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    /// It could not be started.
    #[error("cannot start `{command}`")]
    Start {
        /// The command line.
        command: String,
        /// Why.
        source: std::io::Error,
    },
    /// It ran and said that it failed.
    #[error("`{command}` failed ({status})")]
    Failed {
        /// The command line.
        command: String,
        /// How it ended.
        status: ExitStatus,
    },
}

/// The cargo that runs this program, or the one on PATH.
pub(crate) fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// The command line as a reader would type it.
pub(crate) fn line(command: &Command) -> String {
    let name = std::path::Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    std::iter::once(name).chain(command.get_args()).map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}

/// Runs a command with this program's own streams.
pub(crate) fn run(command: &mut Command) -> Result<(), CommandError> {
    let status = command.status().map_err(|source| CommandError::Start { command: line(command), source })?;
    succeeded(command, status)
}

/// Replaces this process by a command, so that signals reach it; returns only if that fails.
#[cfg(unix)]
pub(crate) fn become_program(command: &mut Command) -> Result<(), CommandError> {
    use std::os::unix::process::CommandExt;
    let source = command.exec();
    Err(CommandError::Start { command: line(command), source })
}

/// Runs a command to its end, where processes cannot be replaced.
#[cfg(not(unix))]
pub(crate) fn become_program(command: &mut Command) -> Result<(), CommandError> {
    run(command)
}

/// Runs a command and returns what it printed; its error stream is shown.
pub(crate) fn output(command: &mut Command) -> Result<Vec<u8>, CommandError> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .map_err(|source| CommandError::Start { command: line(command), source })?;
    succeeded(command, output.status)?;
    Ok(output.stdout)
}

/// Turns an exit status into a result.
pub(crate) fn succeeded(command: &Command, status: ExitStatus) -> Result<(), CommandError> {
    if status.success() { Ok(()) } else { Err(CommandError::Failed { command: line(command), status }) }
}

/// An error and what caused it, in one line.
pub(crate) fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
