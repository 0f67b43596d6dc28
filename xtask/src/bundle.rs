//! Makes what a browser loads out of compiled modules: wasm-bindgen's glue and a starting script.

use crate::command::{self, CommandError};
use crate::html;
use crate::toolchain::WASM_TARGET;
use crate::workspace::Workspace;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use wasm_bindgen_cli_support::Bindgen;

/// The cargo profile of everything that visitors download.
pub(crate) const PROFILE: &str = "page";

/// Why a module could not be made loadable.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BundleError {
    /// The compiler failed.
    #[error(transparent)]
    Compile(#[from] CommandError),
    /// What the compiler wrote is not there.
    #[error("{path}")]
    Read {
        /// Where it should be.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// wasm-bindgen refused the module.
    #[error("wasm-bindgen on {module}: {reason}")]
    Bindgen {
        /// The module.
        module: String,
        /// What wasm-bindgen said.
        reason: String,
    },
    /// A file could not be written.
    #[error("cannot write the script that starts {module}")]
    Write {
        /// The module.
        module: String,
        /// Why.
        source: io::Error,
    },
    /// A bug of wasm-bindgen.
    #[error("wasm-bindgen panicked")]
    Panicked,
}

/// A compiled module.
pub(crate) struct Module {
    /// The name of its binary, and of all its files.
    pub(crate) name: String,
    /// What the compiler wrote.
    pub(crate) wasm: Vec<u8>,
}

/// Compiles binaries of packages in one run of cargo, so that what they share is compiled once.
pub(crate) fn compile(workspace: &Workspace, packages: &[&str], binaries: &[&str]) -> Result<Vec<Module>, BundleError> {
    let mut cargo = command::cargo();
    cargo.current_dir(&workspace.root).args(["build", "--profile", PROFILE, "--target", WASM_TARGET]);
    for package in packages {
        cargo.args(["--package", package]);
    }
    for binary in binaries {
        cargo.args(["--bin", binary]);
    }
    command::run(&mut cargo)?;
    let built = workspace.target.join(WASM_TARGET).join(PROFILE);
    let module = |name: &&str| {
        let path = built.join(format!("{name}.wasm"));
        let wasm = fs::read(&path).map_err(|source| BundleError::Read { path, source })?;
        Ok(Module { name: (*name).to_owned(), wasm })
    };
    binaries.iter().map(module).collect()
}

/// Writes `NAME.js`, `NAME_bg.wasm` and `NAME_loader.js` of every module, all modules at a time.
pub(crate) fn write(modules: &[Module], folder: &Path) -> Result<(), BundleError> {
    std::thread::scope(|scope| {
        let threads: Vec<_> = modules.iter().map(|module| scope.spawn(|| write_one(module, folder))).collect();
        threads.into_iter().try_for_each(|thread| thread.join().unwrap_or(Err(BundleError::Panicked)))
    })
}

fn write_one(module: &Module, folder: &Path) -> Result<(), BundleError> {
    write_glue(module, folder)?;
    let loader = folder.join(format!("{}_loader.js", module.name));
    fs::write(loader, html::loader(&module.name))
        .map_err(|source| BundleError::Write { module: module.name.clone(), source })
}

/// Writes `NAME.js` and `NAME_bg.wasm` only, for a script that starts the module by itself.
pub(crate) fn write_glue(module: &Module, folder: &Path) -> Result<(), BundleError> {
    Bindgen::new()
        .input_bytes(&module.name, module.wasm.clone())
        .web(true)
        .and_then(|bindgen| {
            bindgen
                .typescript(false)
                // The loaders call `init()` without a path: the module lies beside its glue.
                .omit_default_module_path(false)
                .demangle(false)
                .remove_name_section(true)
                .remove_producers_section(true)
                .generate(folder)
        })
        .map_err(|error| BundleError::Bindgen { module: module.name.clone(), reason: format!("{error:#}") })
}
