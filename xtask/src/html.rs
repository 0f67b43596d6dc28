//! Reads Trunk's tags in `web/index.html` and writes the page that visitors get.
//!
//! Not an HTML parser: it reads one file of this repository and refuses what it does not know.

use crate::offline;

/// The `name` of the meta element that tells the page where its workers' scripts are.
const WORKERS_META: &str = "tabchain-workers";

/// The attribute that marks a tag as Trunk's.
const MARK: &str = "data-trunk";

/// What is wrong with the source.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum HtmlError {
    /// A comment or a tag does not end.
    #[error("`{0}` is never closed")]
    Unclosed(&'static str),
    /// An attribute value is not in double quotes.
    #[error("cannot read the attributes in `{0}`")]
    Attributes(String),
    /// An attribute is missing.
    #[error("`{tag}` lacks `{attribute}`")]
    Missing {
        /// The tag.
        tag: String,
        /// The attribute.
        attribute: &'static str,
    },
    /// A kind of Trunk asset that this build does not know.
    #[error("a Trunk asset of the kind `{0}` is not supported: see xtask/src/html.rs")]
    Kind(String),
    /// Something must be there exactly once.
    #[error("there must be exactly one {0}")]
    NotOne(&'static str),
}

/// Something that a Trunk tag asks for; paths are relative to the source's folder.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Asset {
    /// A wasm module made of a cargo binary.
    Rust {
        /// The package's `Cargo.toml`.
        manifest: String,
        /// The binary.
        binary: String,
        /// Whether it runs in a worker, and not as the page.
        worker: bool,
        /// Whether every visitor needs it at once: `data-prefetch`, which Trunk ignores.
        prefetch: bool,
    },
    /// A style sheet.
    Css {
        /// The file.
        path: String,
    },
    /// A folder to copy.
    CopyDir {
        /// The folder.
        path: String,
        /// Where to, relative to the site's root.
        to: Option<String>,
    },
}

/// The source, taken apart.
#[derive(Debug)]
pub(crate) struct Template {
    /// The text without comments and without Trunk's tags.
    text: String,
    /// What the tags ask for, in their order.
    pub(crate) assets: Vec<Asset>,
}

impl Template {
    /// Takes the source apart.
    pub(crate) fn parse(source: &str) -> Result<Self, HtmlError> {
        let mut text = String::with_capacity(source.len());
        let mut assets = Vec::new();
        let mut rest = source;
        while let Some(at) = rest.find('<') {
            text.push_str(&rest[..at]);
            rest = &rest[at..];
            let is_comment = rest.starts_with("<!--");
            let (end, name) = if is_comment { ("-->", "<!--") } else { (">", "<") };
            let length = rest.find(end).ok_or(HtmlError::Unclosed(name))? + end.len();
            let (tag, after) = rest.split_at(length);
            rest = after;
            if is_comment {
                text.truncate(text.trim_end().len());
            } else if is_marked(tag) {
                text.truncate(text.trim_end().len());
                assets.push(asset(tag)?);
            } else {
                text.push_str(tag);
            }
        }
        text.push_str(rest);
        Ok(Self { text, assets })
    }

    /// The binary that is the page itself.
    pub(crate) fn page_binary(&self) -> Result<&str, HtmlError> {
        let mut binaries = self.assets.iter().filter_map(|asset| match asset {
            Asset::Rust { binary, worker: false, .. } => Some(binary.as_str()),
            _ => None,
        });
        match (binaries.next(), binaries.next()) {
            (Some(binary), None) => Ok(binary),
            _ => Err(HtmlError::NotOne("Trunk tag of a page's binary")),
        }
    }

    /// Links to what a worker loads one after the other, so that it is there when the worker starts.
    fn prefetches(&self, base: &str) -> String {
        let mut links = String::new();
        for asset in &self.assets {
            let Asset::Rust { binary, prefetch: true, .. } = asset else { continue };
            for end in ["_loader.js", ".js", "_bg.wasm"] {
                links.extend(["  <link rel=\"prefetch\" href=\"", base, binary, end, "\">\n"]);
            }
        }
        links
    }

    /// The finished page, whose scripts and styles lie under `base` (`/…/`).
    pub(crate) fn render(&self, base: &str, style: Option<&str>) -> Result<String, HtmlError> {
        let page = self.page_binary()?;
        let style =
            style.map_or_else(String::new, |style| format!("  <link rel=\"stylesheet\" href=\"{base}{style}\">\n"));
        // The wasm file is asked for at once, not only when its script runs; `crossorigin` because
        // a preload serves a `fetch` only if both have the same mode.
        // The page starts its service worker only where this element is: not in the development loop.
        let offline = offline::FILE;
        let prefetches = self.prefetches(base);
        let head = format!(
            "{style}  \
             <meta name=\"tabchain-service-worker\" content=\"/{offline}\">\n  \
             <link rel=\"modulepreload\" href=\"{base}{page}.js\">\n  \
             <link rel=\"preload\" href=\"{base}{page}_bg.wasm\" as=\"fetch\" \
             type=\"application/wasm\" crossorigin>\n  \
             <script type=\"module\" src=\"{base}{page}_loader.js\"></script>\n{prefetches}"
        );
        let (before, after) = split_once_only(&self.text, "</head>", "`</head>`")?;
        with_workers_at(&format!("{before}{head}</head>{after}"), base)
    }
}

/// The script that starts a module; Trunk writes the same for a tag with `data-loader-shim`.
pub(crate) fn loader(binary: &str) -> String {
    format!("import init from \"./{binary}.js\";\nawait init();\n")
}

fn is_marked(tag: &str) -> bool {
    tag.strip_prefix("<link").is_some_and(|rest| rest.split_whitespace().any(|word| word == MARK))
}

fn asset(tag: &str) -> Result<Asset, HtmlError> {
    let attributes = attributes(tag)?;
    let get = |name: &str| attributes.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    let need =
        |attribute: &'static str| get(attribute).ok_or_else(|| HtmlError::Missing { tag: tag.to_owned(), attribute });
    let href = need("href")?;
    match need("rel")?.as_str() {
        "rust" => Ok(Asset::Rust {
            manifest: href,
            binary: need("data-bin")?,
            worker: get("data-type").as_deref() == Some("worker"),
            prefetch: get("data-prefetch").is_some(),
        }),
        "css" => Ok(Asset::Css { path: href }),
        "copy-dir" => Ok(Asset::CopyDir { path: href, to: get("data-target-path") }),
        other => Err(HtmlError::Kind(other.to_owned())),
    }
}

/// The attributes of a tag: `name="value"` or `name` alone.
fn attributes(tag: &str) -> Result<Vec<(&str, &str)>, HtmlError> {
    let unreadable = || HtmlError::Attributes(tag.to_owned());
    let mut rest = tag.trim_start_matches("<link").trim_end_matches(['>', '/']).trim();
    let mut found = Vec::new();
    while !rest.is_empty() {
        let end = rest.find(|c: char| c == '=' || c.is_whitespace()).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        let value = if let Some(quoted) = after.strip_prefix("=\"") {
            let (value, after) = quoted.split_once('"').ok_or_else(unreadable)?;
            rest = after.trim_start();
            value
        } else if after.starts_with('=') {
            return Err(unreadable());
        } else {
            rest = after.trim_start();
            ""
        };
        found.push((name, value));
    }
    Ok(found)
}

/// Puts `base` into the meta element that the page reads.
fn with_workers_at(text: &str, base: &str) -> Result<String, HtmlError> {
    let start = format!("<meta name=\"{WORKERS_META}\" content=\"");
    let (before, after) = split_once_only(text, &start, "`<meta name=\"tabchain-workers\" …>`")?;
    let (_, after) = after.split_once('"').ok_or(HtmlError::Unclosed("<meta name=\"tabchain-workers\""))?;
    Ok(format!("{before}{start}{base}\"{after}"))
}

fn split_once_only<'a>(text: &'a str, at: &str, what: &'static str) -> Result<(&'a str, &'a str), HtmlError> {
    match text.split_once(at) {
        Some((before, after)) if !after.contains(at) => Ok((before, after)),
        _ => Err(HtmlError::NotOne(what)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = r#"<!doctype html>
<!-- <link data-trunk rel="css" href="not-this.css"> -->
<html lang="en">
<head>
  <meta name="tabchain-workers" content="/">
  <link data-trunk rel="rust" href="Cargo.toml" data-bin="web">
  <link data-trunk rel="rust" href="../node/Cargo.toml" data-type="worker" data-bin="worker" data-loader-shim data-prefetch />
  <link data-trunk rel="css" href="styles/a.css">
  <link data-trunk rel="copy-dir" href="static" data-target-path=".">
  <link rel="icon" href="/icon.svg">
</head>
<body></body>
</html>
"#;

    #[test]
    fn tags_become_assets_in_their_order() {
        let template = Template::parse(SOURCE).unwrap();
        assert_eq!(
            template.assets,
            [
                Asset::Rust { manifest: "Cargo.toml".into(), binary: "web".into(), worker: false, prefetch: false },
                Asset::Rust {
                    manifest: "../node/Cargo.toml".into(),
                    binary: "worker".into(),
                    worker: true,
                    prefetch: true
                },
                Asset::Css { path: "styles/a.css".into() },
                Asset::CopyDir { path: "static".into(), to: Some(".".into()) },
            ]
        );
    }

    #[test]
    fn the_page_has_links_instead_of_tags() {
        let template = Template::parse(SOURCE).unwrap();
        let page = template.render("/assets/0a/", Some("style.css")).unwrap();
        assert_eq!(
            page,
            r#"<!doctype html>
<html lang="en">
<head>
  <meta name="tabchain-workers" content="/assets/0a/">
  <link rel="icon" href="/icon.svg">
  <link rel="stylesheet" href="/assets/0a/style.css">
  <meta name="tabchain-service-worker" content="/service-worker.js">
  <link rel="modulepreload" href="/assets/0a/web.js">
  <link rel="preload" href="/assets/0a/web_bg.wasm" as="fetch" type="application/wasm" crossorigin>
  <script type="module" src="/assets/0a/web_loader.js"></script>
  <link rel="prefetch" href="/assets/0a/worker_loader.js">
  <link rel="prefetch" href="/assets/0a/worker.js">
  <link rel="prefetch" href="/assets/0a/worker_bg.wasm">
</head>
<body></body>
</html>
"#
        );
    }

    #[test]
    fn without_styles_no_style_sheet_is_linked() {
        let template = Template::parse(SOURCE).unwrap();
        let page = template.render("/assets/0a/", None).unwrap();
        assert!(!page.contains("stylesheet"));
    }

    #[test]
    fn what_it_does_not_know_is_refused() {
        let with = |line: &str| SOURCE.replace("  <link rel=\"icon\" href=\"/icon.svg\">", line);
        let error = |line: &str| Template::parse(&with(line)).unwrap_err();
        assert_eq!(error(r#"<link data-trunk rel="sass" href="a.scss">"#), HtmlError::Kind("sass".into()));
        assert!(matches!(
            error(r#"<link data-trunk rel="rust" href="Cargo.toml">"#),
            HtmlError::Missing { attribute: "data-bin", .. }
        ));
        assert!(matches!(error("<link data-trunk rel=css href=a.css>"), HtmlError::Attributes(_)));
        assert_eq!(error("<!-- open"), HtmlError::Unclosed("<!--"));
    }

    #[test]
    fn the_page_and_the_workers_folder_are_needed_once() {
        let two = SOURCE.replace("data-type=\"worker\"", "");
        assert_eq!(
            Template::parse(&two).unwrap().render("/", None),
            Err(HtmlError::NotOne("Trunk tag of a page's binary"))
        );
        let none = SOURCE.replace(WORKERS_META, "other");
        assert!(matches!(Template::parse(&none).unwrap().render("/", None), Err(HtmlError::NotOne(_))));
    }
}
