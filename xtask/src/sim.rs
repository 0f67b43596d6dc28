//! `cargo xtask sim`: scenarios in the simulator, and the report on the network.

use crate::command::{self, CommandError};
use crate::workspace::Workspace;
use std::ffi::OsString;

/// Where the report stands, from the workspace's root.
const REPORT: &str = "docs/simulation.md";

/// The option that takes the report's place.
const REPORT_OPTION: &str = "--report";

/// Builds the simulator for speed and runs it with these arguments.
pub(crate) fn sim(workspace: &Workspace, arguments: &[OsString]) -> Result<(), CommandError> {
    let mut cargo = command::cargo();
    cargo
        .current_dir(&workspace.root)
        .args(["run", "--quiet", "--release", "--package=tests", "--bin=sim", "--"])
        .args(with_place(arguments));
    command::run(&mut cargo)
}

/// The report goes where it belongs.
fn with_place(arguments: &[OsString]) -> Vec<OsString> {
    let place = |argument: &OsString| {
        if argument == REPORT_OPTION { format!("{REPORT_OPTION}={REPORT}").into() } else { argument.clone() }
    };
    arguments.iter().map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_goes_to_the_documents() {
        let given = ["--seed", "3", "--report"].map(OsString::from);
        let passed = ["--seed", "3", "--report=docs/simulation.md"].map(OsString::from);
        assert_eq!(with_place(&given), passed);
    }
}
