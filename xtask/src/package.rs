//! `cargo xtask package`: the npm package of the node, into `target/package`.
//!
//! ```text
//! package.json README.md LICENSE LICENSE-MIT LICENSE-APACHE
//! tabchain.js tabchain.d.ts                  what a page imports, and its types
//! client.js client_bg.wasm                   the page's side
//! node_worker… compute_worker…               the workers: .js, _bg.wasm, _loader.js
//! ```
//!
//! It needs no Node.js: `npm pack` or `npm publish` in that folder do the rest.

use crate::bundle::{self, Module};
use crate::page::{self, AtPath, PageError};
use crate::workspace::Workspace;
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};

/// The finished package, in the target folder.
const FOLDER: &str = "package";

/// The package of the node, and what of it is taken.
const NODE: &str = "node-wasm";
const CLIENT: &str = "client";
const WORKERS: [&str; 2] = ["node_worker", "compute_worker"];

/// Built along by name only: cargo then gives all libraries the features that the page needs, and what
/// was compiled for the one is compiled for the other.
const PAGE: &str = "web";

/// Files that are taken as they are: from the node's `package` folder, and from the root.
const OWN_FILES: [&str; 3] = ["tabchain.js", "tabchain.d.ts", "README.md"];
const ROOT_FILES: [&str; 3] = ["LICENSE", "LICENSE-MIT", "LICENSE-APACHE"];

/// Builds the package unless it is up to date; returns its folder.
pub(crate) fn build(workspace: &Workspace) -> Result<PathBuf, PageError> {
    let binaries = [&[CLIENT], &WORKERS[..]].concat();
    let modules = bundle::compile(workspace, &[PAGE, NODE], &binaries)?;
    let mut files = vec![(PathBuf::from("package.json"), manifest(workspace).into_bytes())];
    let own = workspace.root.join(NODE).join("package");
    for (folder, names) in [(&own, OWN_FILES), (&workspace.root, ROOT_FILES)] {
        for name in names {
            let path = folder.join(name);
            files.push((name.into(), fs::read(&path).at(&path)?));
        }
    }
    let fingerprint = page::fingerprint(&workspace.program_stamp, &files, &modules);
    page::publish(workspace, FOLDER, "package.json", &fingerprint, |folder| write(&files, &modules, folder))
}

fn write(files: &[(PathBuf, Vec<u8>)], modules: &[Module], folder: &Path) -> Result<(), PageError> {
    fs::create_dir_all(folder).at(folder)?;
    for (name, content) in files {
        let path = folder.join(name);
        fs::write(&path, content).at(&path)?;
    }
    let (client, workers) = modules.split_at(1);
    for module in client {
        bundle::write_glue(module, folder)?;
    }
    Ok(bundle::write(workers, folder)?)
}

/// `package.json`. There are no scripts in it: nothing of this package runs when it is installed.
fn manifest(workspace: &Workspace) -> String {
    let package = workspace.package(NODE);
    let manifest = json!({
        "name": "tabchain",
        "version": package.map(|package| package.version.as_str()),
        "description": "A node of Tabchain, the blockchain whose nodes are browser tabs",
        "license": package.map(|package| package.license.as_str()),
        "type": "module",
        "main": "./tabchain.js",
        "types": "./tabchain.d.ts",
        "exports": {
            ".": { "types": "./tabchain.d.ts", "default": "./tabchain.js" },
            "./*": "./*",
        },
        "sideEffects": false,
    });
    format!("{manifest:#}\n")
}
