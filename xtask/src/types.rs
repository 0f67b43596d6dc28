//! `cargo xtask types`: writes the TypeScript types of the API, which a test holds against the code.

use crate::command::{self, CommandError};
use crate::workspace::Workspace;

/// The test that writes the types when it finds the variable.
const TEST: &str = "api::typescript::the_types_that_are_checked_in_are_those_of_the_code";
const VARIABLE: &str = "TABCHAIN_WRITE_TYPES";

/// Writes the types to where they are checked in.
pub(crate) fn write(workspace: &Workspace) -> Result<(), CommandError> {
    command::run(
        command::cargo()
            .current_dir(&workspace.root)
            .args(["test", "--quiet", "--package=node-wasm", "--lib", "--", "--exact", TEST])
            .env(VARIABLE, "1"),
    )
}
