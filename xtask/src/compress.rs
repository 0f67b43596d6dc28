//! Writes `FILE.br` and `FILE.gz` beside every file that gets smaller by it, so that the tracker
//! never compresses anything itself.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// Kinds of file that compress; images and fonts are compressed already.
const EXTENSIONS: [&str; 9] = ["css", "html", "js", "json", "svg", "txt", "wasm", "webmanifest", "xml"];

/// The best that Brotli can do: a file is compressed once and fetched by every newcomer.
const BROTLI_QUALITY: i32 = 11;

/// Brotli's window, log2 bytes: the largest that browsers accept.
const BROTLI_WINDOW: i32 = 24;

#[derive(Clone, Copy)]
enum Encoding {
    Brotli,
    Gzip,
}

/// Compresses the files under `folder`, on every core.
pub(crate) fn compress_tree(folder: &Path) -> io::Result<()> {
    let mut files = Vec::new();
    collect(folder, &mut files)?;
    // The largest come last and so are taken first: they decide when the work is done.
    files.sort_by_key(|(size, _)| *size);
    let jobs =
        files.into_iter().flat_map(|(_, path)| [(path.clone(), Encoding::Gzip), (path, Encoding::Brotli)]).collect();
    let jobs = Mutex::new(jobs);
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..workers).map(|_| scope.spawn(|| work(&jobs))).collect();
        threads
            .into_iter()
            .try_for_each(|thread| thread.join().unwrap_or_else(|_| Err(io::Error::other("a compressor panicked"))))
    })
}

fn work(jobs: &Mutex<Vec<(PathBuf, Encoding)>>) -> io::Result<()> {
    loop {
        // Taken in a statement of its own: the lock must not be held while compressing.
        let job = jobs.lock().map_err(|_| io::Error::other("a compressor panicked"))?.pop();
        let Some((path, encoding)) = job else {
            return Ok(());
        };
        compress(&path, encoding)?;
    }
}

fn collect(folder: &Path, files: &mut Vec<(u64, PathBuf)>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| EXTENSIONS.iter().any(|known| extension == *known)) {
            files.push((entry.metadata()?.len(), path));
        }
    }
    Ok(())
}

fn compress(path: &Path, encoding: Encoding) -> io::Result<()> {
    let plain = fs::read(path)?;
    let (packed, suffix) = match encoding {
        Encoding::Brotli => (brotli(&plain)?, ".br"),
        Encoding::Gzip => (gzip(&plain)?, ".gz"),
    };
    if packed.len() < plain.len() {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        fs::write(name, packed)?;
    }
    Ok(())
}

fn brotli(mut plain: &[u8]) -> io::Result<Vec<u8>> {
    let parameters = brotli::enc::BrotliEncoderParams {
        quality: BROTLI_QUALITY,
        lgwin: BROTLI_WINDOW,
        size_hint: plain.len(),
        ..Default::default()
    };
    let mut packed = Vec::new();
    brotli::BrotliCompress(&mut plain, &mut packed, &parameters)?;
    Ok(packed)
}

fn gzip(plain: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(plain)?;
    encoder.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn what_is_packed_unpacks_to_the_same() {
        let site = tempfile::tempdir().unwrap();
        let text = "fn main() {}\n".repeat(1000);
        fs::create_dir(site.path().join("assets")).unwrap();
        let path = site.path().join("assets/web.js");
        fs::write(&path, &text).unwrap();
        compress_tree(site.path()).unwrap();

        let mut unpacked = String::new();
        let packed = fs::File::open(path.with_extension("js.gz")).unwrap();
        flate2::read::GzDecoder::new(packed).read_to_string(&mut unpacked).unwrap();
        assert_eq!(unpacked, text);

        let mut unpacked = Vec::new();
        let mut packed = fs::File::open(path.with_extension("js.br")).unwrap();
        brotli::BrotliDecompress(&mut packed, &mut unpacked).unwrap();
        assert_eq!(unpacked, text.as_bytes());
    }

    #[test]
    fn nothing_is_packed_that_does_not_get_smaller() {
        let site = tempfile::tempdir().unwrap();
        fs::write(site.path().join("a.txt"), "a").unwrap();
        fs::write(site.path().join("icon.png"), [0; 1000]).unwrap();
        compress_tree(site.path()).unwrap();
        assert_eq!(fs::read_dir(site.path()).unwrap().count(), 2);
    }
}
