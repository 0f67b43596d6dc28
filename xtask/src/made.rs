//! `cargo xtask types` and `cargo xtask texts`: write what is made of the code and checked in, which tests hold against it.

use crate::command::{self, CommandError};
use crate::workspace::Workspace;

/// A test that writes what it compares with when it finds the variable.
pub(crate) struct Made {
    target: [&'static str; 2],
    test: &'static str,
    variable: &'static str,
}

/// The TypeScript types of the API.
pub(crate) const TYPES: Made = Made {
    target: ["--package=node-wasm", "--lib"],
    test: "api::typescript::the_types_that_are_checked_in_are_those_of_the_code",
    variable: "TABCHAIN_WRITE_TYPES",
};

/// The patterns of all sentences that the node says, for whoever translates them.
pub(crate) const TEXTS: Made = Made {
    target: ["--package=web", "--bins"],
    test: "texts::node::tests::every_pattern_of_the_node_is_in_the_list",
    variable: "TABCHAIN_WRITE_TEXTS",
};

/// Writes it to where it is checked in.
pub(crate) fn write(workspace: &Workspace, made: &Made) -> Result<(), CommandError> {
    command::run(
        command::cargo()
            .current_dir(&workspace.root)
            .args(["test", "--quiet"])
            .args(made.target)
            .args(["--", "--exact", made.test])
            .env(made.variable, "1"),
    )
}
