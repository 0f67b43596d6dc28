//! What a build needs besides cargo: the wasm target and wasm-bindgen's own commands.

use crate::command::{self, CommandError};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The target that the page and its workers are compiled for.
pub(crate) const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// Installs the wasm target where rustup did not do so by itself: it reads the targets of
/// `rust-toolchain.toml` only when it installs the toolchain.
pub(crate) fn ensure_wasm_target() -> Result<(), CommandError> {
    let sysroot = command::output(Command::new("rustc").args(["--print", "sysroot"]))?;
    let sysroot = PathBuf::from(String::from_utf8_lossy(&sysroot).trim());
    if sysroot.join("lib/rustlib").join(WASM_TARGET).is_dir() {
        return Ok(());
    }
    println!("installing the target {WASM_TARGET}");
    command::run(Command::new("rustup").args(["target", "add", WASM_TARGET]))
}

/// Builds one of wasm-bindgen's commands, a binary of this package, into `target/debug`.
pub(crate) fn build_wasm_tool(root: &Path, binary: &str) -> Result<(), CommandError> {
    command::run(
        command::cargo()
            .current_dir(root)
            .args(["build", "--package=xtask", "--features=wasm-tools"])
            .args(["--bin", binary])
            // About old dependencies of wasm-bindgen-cli, which its authors know.
            .args(["--config", "future-incompat-report.frequency=\"never\""]),
    )
}
