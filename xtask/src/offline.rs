//! The service worker of the built page: its source, with the version and the files that it keeps.

use std::fmt::Write;

/// Its source under `web`, and its file at the site's root, which lets it answer for the whole site.
pub(crate) const FILE: &str = "service-worker.js";

/// Files of the site that no page loads.
const NOT_KEPT: [&str; 1] = ["robots.txt"];

/// The script for a site whose assets lie in `/assets/VERSION/`; `assets` and `files` are paths in that folder and
/// in the site.
pub(crate) fn script(source: &str, version: &str, assets: &[String], files: &[String]) -> String {
    let mut kept = String::new();
    let assets = assets.iter().map(|name| format!("/assets/{version}/{name}"));
    let files = files.iter().filter(|name| !NOT_KEPT.contains(&name.as_str())).map(|name| format!("/{name}"));
    for path in assets.chain(files) {
        // Paths of this build have no quotes in them.
        let _ = write!(kept, "\n  \"{path}\",");
    }
    format!("const VERSION = \"{version}\";\nconst FILES = [{kept}\n];\n\n{source}")
}

#[test]
fn the_script_knows_its_version_and_every_file_but_those_for_robots() {
    let names = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
    let script = script("go();\n", "0a", &names(&["web.js"]), &names(&["icon.svg", "robots.txt"]));
    assert_eq!(
        script,
        "const VERSION = \"0a\";\nconst FILES = [\n  \"/assets/0a/web.js\",\n  \"/icon.svg\",\n];\n\ngo();\n"
    );
}
