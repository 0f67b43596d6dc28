//! What the page weighs, by part: as it lies on the disk, and as it travels.

use std::fs;
use std::path::Path;

/// The parts, each with what the paths of its files begin with, behind the assets' folder. The first
/// that fits is taken.
const PARTS: [(&str, &[&str]); 6] = [
    ("interface (`web`)", &["web"]),
    ("node worker", &["node_worker"]),
    ("compute worker", &["compute_worker"]),
    ("style", &["style.css"]),
    ("HTML", &["index.html"]),
    ("rest (icons, manifest, service worker)", &[""]),
];

/// Bytes of a file or part.
#[derive(Debug, Clone, Copy, Default)]
struct Weight {
    raw: u64,
    gzip: u64,
    brotli: u64,
}

impl Weight {
    fn add(&mut self, other: Self) {
        self.raw += other.raw;
        self.gzip += other.gzip;
        self.brotli += other.brotli;
    }

    fn row(self, name: &str) {
        println!("| {name} | {} | {} | {} |", kilobytes(self.raw), kilobytes(self.gzip), kilobytes(self.brotli));
    }
}

/// Prints the table.
pub(crate) fn measure(page: &Path) {
    let mut weights = [Weight::default(); PARTS.len()];
    weigh(page, "", &mut weights);
    println!("| part | raw, kB | gzip, kB | Brotli, kB |\n|---|---:|---:|---:|");
    let mut all = Weight::default();
    for ((name, _), weight) in PARTS.iter().zip(weights) {
        weight.row(name);
        all.add(weight);
    }
    all.row("all");
    println!();
}

/// Adds up the files of a folder, which has this path in the site.
fn weigh(folder: &Path, path: &str, weights: &mut [Weight; PARTS.len()]) {
    for entry in fs::read_dir(folder).expect("the page is there") {
        let file = entry.expect("it can be read").path();
        let name = file.file_name().expect("it has a name").to_string_lossy().into_owned();
        if file.is_dir() {
            weigh(&file, &format!("{path}{name}/"), weights);
            continue;
        }
        if file.extension().is_some_and(|extension| extension == "br" || extension == "gz") {
            continue;
        }
        let inside = path.strip_prefix("assets/").and_then(|rest| rest.split_once('/')).map_or(path, |(_, rest)| rest);
        let inside = format!("{inside}{name}");
        let part = PARTS.iter().position(|(_, starts)| starts.iter().any(|start| inside.starts_with(start)));
        weights[part.expect("the last part takes all")].add(weight_of(&file));
    }
}

/// What does not get smaller travels as it is.
fn weight_of(file: &Path) -> Weight {
    let bytes = |path: &Path| fs::metadata(path).ok().map(|data| data.len());
    let packed = |suffix: &str| {
        let mut name = file.as_os_str().to_owned();
        name.push(suffix);
        bytes(Path::new(&name))
    };
    let raw = bytes(file).expect("it is there");
    Weight { raw, gzip: packed(".gz").unwrap_or(raw), brotli: packed(".br").unwrap_or(raw) }
}

/// Thousands of bytes, with one digit behind the point.
pub(crate) fn kilobytes(bytes: u64) -> String {
    let tenths = (bytes + 50) / 100;
    format!("{}.{}", tenths / 10, tenths % 10)
}
