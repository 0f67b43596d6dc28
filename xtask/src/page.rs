//! Builds the page that visitors get, into `target/www`.
//!
//! ```text
//! index.html              asked for again at every visit
//! assets/<hash>/          named after its content: may be kept for ever
//!     style.css
//!     web.js web_bg.wasm web_loader.js
//!     node_worker.js node_worker_bg.wasm node_worker_loader.js …
//! robots.txt …            what web/static holds
//! service-worker.js       keeps all of this for times without a network
//! ```
//!
//! Beside every file that compresses lie `FILE.br` and `FILE.gz`.

use crate::bundle::{self, BundleError, Module};
use crate::compress;
use crate::html::{Asset, HtmlError, Template};
use crate::offline;
use crate::workspace::Workspace;
use sha2::{Digest, Sha256};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The finished page, in the target folder. Not `page`: cargo keeps its own files of the profile
/// of that name there.
const PAGE_FOLDER: &str = "www";

/// Bytes of SHA-256 in the name of the assets' folder: 64 bits tell any two builds apart.
const HASH_LENGTH: usize = 8;

/// The style sheet that all of the source's are joined in.
const STYLE_FILE: &str = "style.css";

/// The folder, under `web`, whose style sheets must all be linked.
const STYLES_FOLDER: &str = "styles";

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PageError {
    /// The source cannot be used.
    #[error("web/index.html")]
    Html(#[from] HtmlError),
    /// A tag names a manifest that no member of the workspace has.
    #[error("web/index.html names {0}, which is no member of the workspace")]
    NoPackage(PathBuf),
    /// A style sheet would silently be left out.
    #[error("web/styles/{0} is not linked: add it to web/index.html")]
    UnlinkedStyle(String),
    /// A file could not be read or written.
    #[error("{path}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A module could not be compiled, or made loadable.
    #[error(transparent)]
    Bundle(#[from] BundleError),
}

/// Says which file an error is about.
pub(crate) trait AtPath<T> {
    fn at(self, path: &Path) -> Result<T, PageError>;
}

impl<T> AtPath<T> for io::Result<T> {
    fn at(self, path: &Path) -> Result<T, PageError> {
        self.map_err(|source| PageError::File { path: path.to_owned(), source })
    }
}

/// All that the page is made of.
struct Inputs {
    template: Template,
    source: String,
    /// The style sheets, joined in the order of their tags.
    style: Option<String>,
    /// The source of the service worker.
    offline: String,
    /// Files to copy: their path in the site, their content.
    files: Vec<(PathBuf, Vec<u8>)>,
    modules: Vec<Module>,
}

/// Builds the page unless it is up to date; returns its folder.
pub(crate) fn build(workspace: &Workspace) -> Result<PathBuf, PageError> {
    let inputs = Inputs::collect(workspace)?;
    let fingerprint = inputs.fingerprint(&workspace.program_stamp);
    publish(workspace, PAGE_FOLDER, "index.html", &fingerprint, |staging| {
        inputs.write(staging)?;
        compress::compress_tree(staging).at(staging)
    })
}

/// Fills a folder of the target folder, unless it was filled from the same inputs; gives its path.
pub(crate) fn publish(
    workspace: &Workspace,
    name: &str,
    entry: &str,
    fingerprint: &str,
    write: impl FnOnce(&Path) -> Result<(), PageError>,
) -> Result<PathBuf, PageError> {
    let folder = workspace.target.join(name);
    let stamp = workspace.target.join(format!("{name}.stamp"));
    if folder.join(entry).is_file() && fs::read_to_string(&stamp).is_ok_and(|old| old == fingerprint) {
        return Ok(folder);
    }
    let staging = workspace.target.join(format!("{name}.new"));
    remove_folder(&staging)?;
    write(&staging)?;
    // A server that runs sees the old files or the new ones, and nothing for one moment only.
    remove_folder(&folder)?;
    fs::rename(&staging, &folder).at(&folder)?;
    fs::write(&stamp, fingerprint).at(&stamp)?;
    Ok(folder)
}

/// Changes with the program that builds, with every file and with every module.
pub(crate) fn fingerprint(program: &str, files: &[(PathBuf, Vec<u8>)], modules: &[Module]) -> String {
    let mut hash = Sha256::new();
    absorb(&mut hash, "xtask", program.as_bytes());
    for (path, content) in files {
        absorb(&mut hash, &path.to_string_lossy(), content);
    }
    for module in modules {
        absorb(&mut hash, &module.name, &module.wasm);
    }
    hex::encode(hash.finalize())
}

impl Inputs {
    /// Compiles the modules and reads the rest.
    fn collect(workspace: &Workspace) -> Result<Self, PageError> {
        let web = workspace.root.join("web");
        let index = web.join("index.html");
        let source = fs::read_to_string(&index).at(&index)?;
        let template = Template::parse(&source)?;
        let modules = compile(workspace, &web, &template)?;
        let mut sheets = Vec::new();
        let mut files = Vec::new();
        for asset in &template.assets {
            match asset {
                Asset::Rust { .. } => {}
                Asset::Css { path } => sheets.push(path.as_str()),
                Asset::CopyDir { path, to } => {
                    let to = to.as_deref().unwrap_or(path);
                    read_tree(&web.join(path), Path::new(to), &mut files)?;
                }
            }
        }
        all_linked(&web.join(STYLES_FOLDER), &sheets)?;
        let mut style = None;
        for path in &sheets {
            let path = web.join(path);
            style.get_or_insert_with(String::new).push_str(&fs::read_to_string(&path).at(&path)?);
        }
        let offline = web.join(offline::FILE);
        let offline = fs::read_to_string(&offline).at(&offline)?;
        Ok(Self { template, source, style, offline, files, modules })
    }

    /// Changes whenever the page would: with its inputs and with the program that builds it.
    fn fingerprint(&self, program: &str) -> String {
        let source = ("index.html".into(), self.source.clone().into_bytes());
        let style = (STYLE_FILE.into(), self.style.clone().unwrap_or_default().into_bytes());
        let offline = (offline::FILE.into(), self.offline.clone().into_bytes());
        let files = [vec![source, style, offline], self.files.clone()].concat();
        fingerprint(program, &files, &self.modules)
    }

    /// Writes the site, uncompressed.
    fn write(&self, site: &Path) -> Result<(), PageError> {
        let assets = site.join("assets");
        let unnamed = assets.join("new");
        fs::create_dir_all(&unnamed).at(&unnamed)?;
        bundle::write(&self.modules, &unnamed)?;
        if let Some(style) = &self.style {
            let path = unnamed.join(STYLE_FILE);
            fs::write(&path, style).at(&path)?;
        }
        let mut assets_files = Vec::new();
        read_tree(&unnamed, Path::new(""), &mut assets_files)?;
        let hash = hash_files(&assets_files);
        let offline = offline::script(&self.offline, &hash, &names(&assets_files), &names(&self.files));
        let path = site.join(offline::FILE);
        fs::write(&path, offline).at(&path)?;
        let named = assets.join(&hash);
        fs::rename(&unnamed, &named).at(&named)?;
        for (path, content) in &self.files {
            let path = site.join(path);
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder).at(folder)?;
            }
            fs::write(&path, content).at(&path)?;
        }
        let style = self.style.as_ref().map(|_| STYLE_FILE);
        let html = self.template.render(&format!("/assets/{hash}/"), style)?;
        let index = site.join("index.html");
        fs::write(&index, html).at(&index)
    }
}

/// Compiles every module that the page's source names.
fn compile(workspace: &Workspace, web: &Path, template: &Template) -> Result<Vec<Module>, PageError> {
    let (mut packages, mut binaries) = (Vec::new(), Vec::new());
    for asset in &template.assets {
        let Asset::Rust { manifest, binary, .. } = asset else {
            continue;
        };
        let path = web.join(manifest);
        let path = fs::canonicalize(&path).at(&path)?;
        let package = workspace.package_at(&path).ok_or(PageError::NoPackage(path))?;
        packages.push(package.name.as_str());
        binaries.push(binary.as_str());
    }
    Ok(bundle::compile(workspace, &packages, &binaries)?)
}

/// Fails when a file in the folder of styles has no tag: neither build would contain it.
fn all_linked(folder: &Path, sheets: &[&str]) -> Result<(), PageError> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.at(folder)?,
    };
    for entry in entries {
        let path = entry.at(folder)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.extension().is_some_and(|extension| extension == "css")
            && !sheets.contains(&format!("{STYLES_FOLDER}/{name}").as_str())
        {
            return Err(PageError::UnlinkedStyle(name));
        }
    }
    Ok(())
}

/// Reads a folder's files, in a fixed order.
fn read_tree(folder: &Path, to: &Path, files: &mut Vec<(PathBuf, Vec<u8>)>) -> Result<(), PageError> {
    let mut entries = fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>).at(folder)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let to = to.join(entry.file_name());
        if path.is_dir() {
            read_tree(&path, &to, files)?;
        } else {
            files.push((to, fs::read(&path).at(&path)?));
        }
    }
    Ok(())
}

/// A name for a folder that changes with any of its files.
fn hash_files(files: &[(PathBuf, Vec<u8>)]) -> String {
    let mut hash = Sha256::new();
    for (path, content) in files {
        absorb(&mut hash, &path.to_string_lossy(), content);
    }
    hex::encode(&hash.finalize()[..HASH_LENGTH])
}

fn names(files: &[(PathBuf, Vec<u8>)]) -> Vec<String> {
    files.iter().map(|(path, _)| path.to_string_lossy().into_owned()).collect()
}

/// Adds a named content; the lengths keep one file's end apart from the next one's start.
fn absorb(hash: &mut Sha256, name: &str, content: &[u8]) {
    for part in [name.as_bytes(), content] {
        hash.update(part.len().to_be_bytes());
        hash.update(part);
    }
}

fn remove_folder(folder: &Path) -> Result<(), PageError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed.at(folder),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inputs(wasm: &[u8], file: &str) -> Inputs {
        Inputs {
            template: Template::parse("").unwrap(),
            source: String::new(),
            style: None,
            offline: String::new(),
            files: vec![(file.into(), Vec::new())],
            modules: vec![Module { name: "web".into(), wasm: wasm.to_vec() }],
        }
    }

    #[test]
    fn the_fingerprint_changes_with_every_input() {
        let prints = [
            inputs(b"1", "a").fingerprint("1"),
            inputs(b"2", "a").fingerprint("1"),
            inputs(b"1", "b").fingerprint("1"),
            inputs(b"1", "a").fingerprint("2"),
        ];
        let distinct: std::collections::BTreeSet<_> = prints.iter().collect();
        assert_eq!(distinct.len(), prints.len());
        assert_eq!(prints[0], inputs(b"1", "a").fingerprint("1"));
    }

    #[test]
    fn the_folder_of_the_assets_is_named_after_its_files() {
        let folder = tempfile::tempdir().unwrap();
        let hash = || {
            let mut files = Vec::new();
            read_tree(folder.path(), Path::new(""), &mut files).unwrap();
            hash_files(&files)
        };
        fs::write(folder.path().join("web.js"), "1").unwrap();
        let first = hash();
        assert_eq!(first, hash());
        fs::write(folder.path().join("web.js"), "2").unwrap();
        let second = hash();
        fs::rename(folder.path().join("web.js"), folder.path().join("b.js")).unwrap();
        assert!(first != second && second != hash());
    }

    #[test]
    fn a_style_sheet_without_a_tag_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.css"), "").unwrap();
        fs::write(folder.path().join("b.css"), "").unwrap();
        assert!(all_linked(folder.path(), &["styles/a.css", "styles/b.css"]).is_ok());
        let error = all_linked(folder.path(), &["styles/a.css"]).unwrap_err();
        assert!(matches!(error, PageError::UnlinkedStyle(name) if name == "b.css"));
    }
}
