//! The operating system's view of a tab: its memory, and its page's thread.

use rustix::process::Pid;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

/// How often a watched thread is looked at; its figures change each time the scheduler looks, which
/// is no more often.
const LOOK: Duration = Duration::from_millis(4);

/// The process of a browser's only tab.
#[derive(Debug, Clone)]
pub(crate) struct Tab {
    folder: PathBuf,
}

/// What a thread has had so far, in milliseconds.
#[derive(Debug, Clone, Copy)]
struct Had {
    /// When, since 1970.
    at: f64,
    /// On a processor.
    ran: f64,
    /// Ready, while other threads had the processors.
    waited: f64,
}

/// Looks at the page's thread again and again until it is asked what it saw.
pub(crate) struct Watch {
    ended: Arc<AtomicBool>,
    looks: JoinHandle<Vec<Had>>,
}

/// What the page's thread had in a stretch of time.
pub(crate) struct Watched(Vec<Had>);

impl Tab {
    /// The largest process of a browser's group that draws a page: Chromium keeps a spare one beside it.
    pub(crate) fn of(group: Pid) -> Option<Self> {
        let tabs = fs::read_dir("/proc").ok()?.filter_map(|entry| {
            let folder = entry.ok()?.path();
            // Behind the program's name, which may hold anything, come state, parent and group.
            let stat = fs::read_to_string(folder.join("stat")).ok()?;
            let of: i32 = stat.rsplit_once(')')?.1.split_whitespace().nth(2)?.parse().ok()?;
            let draws = fs::read_to_string(folder.join("cmdline")).ok()?.contains("--type=renderer");
            let tab = Self { folder };
            (of == group.as_raw_nonzero().get() && draws).then(|| Some((tab.bytes()?, tab)))?
        });
        tabs.max_by(|(one, _), (other, _)| one.total_cmp(other)).map(|(_, tab)| tab)
    }

    /// All memory that is its own, and its share of what it shares: page, workers, their WebAssembly
    /// memories.
    pub(crate) fn bytes(&self) -> Option<f64> {
        let sizes = fs::read_to_string(self.folder.join("smaps_rollup")).ok()?;
        let line = sizes.lines().find_map(|line| line.strip_prefix("Pss:"))?;
        line.split_whitespace().next()?.parse::<f64>().ok().map(|kibibytes| kibibytes * 1024.0)
    }

    /// Watches the page's thread, which is the first of its process.
    pub(crate) fn watch(&self) -> Watch {
        let ended = Arc::new(AtomicBool::new(false));
        let (end, file) = (Arc::clone(&ended), self.folder.join("schedstat"));
        let looks = std::thread::spawn(move || {
            let mut looks = Vec::new();
            while !end.load(Ordering::Relaxed) {
                let figures = fs::read_to_string(&file).unwrap_or_default();
                let mut figures = figures.split_whitespace().map_while(|figure| figure.parse::<f64>().ok());
                let at = SystemTime::UNIX_EPOCH.elapsed().map_or(0.0, |time| time.as_secs_f64() * 1e3);
                if let (Some(ran), Some(waited)) = (figures.next(), figures.next()) {
                    looks.push(Had { at, ran: ran / 1e6, waited: waited / 1e6 });
                }
                std::thread::sleep(LOOK);
            }
            looks
        });
        Watch { ended, looks }
    }
}

impl Watch {
    /// Ends it.
    pub(crate) fn end(self) -> Watched {
        self.ended.store(true, Ordering::Relaxed);
        Watched(self.looks.join().expect("it only looks"))
    }
}

impl Watched {
    /// Milliseconds on a processor between two moments, in milliseconds since 1970.
    pub(crate) fn ran(&self, from: f64, to: f64) -> f64 {
        self.had(to) - self.had(from)
    }

    /// Shares of the whole time: on a processor, and ready but waiting for one.
    pub(crate) fn shares(&self) -> Option<(f64, f64)> {
        let (first, last) = (self.0.first()?, self.0.last()?);
        let time = last.at - first.at;
        (time > 0.0).then(|| ((last.ran - first.ran) / time, (last.waited - first.waited) / time))
    }

    /// What it had had on a processor at a moment, between two looks in proportion.
    fn had(&self, at: f64) -> f64 {
        let after = self.0.partition_point(|had| had.at < at);
        match (after.checked_sub(1).and_then(|before| self.0.get(before)), self.0.get(after)) {
            (Some(one), Some(two)) => one.ran + (two.ran - one.ran) * (at - one.at) / (two.at - one.at),
            (Some(only), None) | (None, Some(only)) => only.ran,
            (None, None) => 0.0,
        }
    }
}
