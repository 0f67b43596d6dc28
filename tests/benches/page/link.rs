//! A network between a browser and the tracker: with latency, a bandwidth that all connections
//! share, and a count of what comes through.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, mpsc};
use tokio::time::Instant;

/// Bytes that are passed on at a time: a few packets.
const CHUNK_BYTES: usize = 4 * 1024;
/// Chunks that are on their way in one connection: more than a round trip of the fastest link holds.
const MAX_CHUNKS: usize = 1_024;

/// What a link is like; the figures are those of Chromium's developer tools.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Quality {
    /// From the browser to the tracker and back.
    pub(crate) round_trip: Duration,
    /// Bytes a second to the browser, on all connections together.
    pub(crate) bandwidth: f64,
}

/// A link, for as long as the program runs.
pub(crate) struct Link {
    /// Where the browser finds the tracker.
    pub(crate) address: SocketAddr,
    bytes: Arc<AtomicU64>,
}

impl Link {
    /// A link to a tracker; nothing slows it down without a quality.
    pub(crate) async fn to(tracker: SocketAddr, quality: Option<Quality>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let bytes = Arc::new(AtomicU64::new(0));
        let road = Arc::new(Road { quality, free: Mutex::new(Instant::now()), bytes: Arc::clone(&bytes) });
        tokio::spawn(async move {
            while let Ok((browser, _)) = listener.accept().await {
                tokio::spawn(connect(browser, tracker, Arc::clone(&road)));
            }
        });
        Self { address, bytes }
    }

    /// Bytes that have come to the browser.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }
}

/// What all connections of a link share.
struct Road {
    quality: Option<Quality>,
    /// When the last byte that is on its way will be through.
    free: Mutex<Instant>,
    bytes: Arc<AtomicU64>,
}

impl Road {
    fn half_a_trip(&self) -> Duration {
        self.quality.map_or(Duration::ZERO, |quality| quality.round_trip / 2)
    }

    /// When so many bytes to the browser are through, behind all that went before them.
    async fn through(&self, bytes: usize) -> Instant {
        let Some(quality) = self.quality else { return Instant::now() };
        let mut free = self.free.lock().await;
        *free = (*free).max(Instant::now()) + Duration::from_secs_f64(bytes as f64 / quality.bandwidth);
        *free
    }
}

/// Carries one connection, until either end has had enough.
async fn connect(browser: TcpStream, tracker: SocketAddr, road: Arc<Road>) {
    // A connection that breaks is the browser's to open again.
    let Ok(tracker) = TcpStream::connect(tracker).await else { return };
    let _ = browser.set_nodelay(true);
    let _ = tracker.set_nodelay(true);
    let (from_browser, to_browser) = browser.into_split();
    let (from_tracker, to_tracker) = tracker.into_split();
    // The handshake takes a round trip, before which nothing is said.
    tokio::time::sleep(2 * road.half_a_trip()).await;
    tokio::spawn(carry(from_browser, to_tracker, Arc::clone(&road), false));
    carry(from_tracker, to_browser, road, true).await;
}

/// Carries one direction: each chunk arrives when its time has come, in order.
async fn carry(
    mut from: impl AsyncRead + Unpin + Send + 'static,
    mut to: impl AsyncWrite + Unpin,
    road: Arc<Road>,
    down: bool,
) {
    let (sender, mut chunks) = mpsc::channel::<(Instant, Vec<u8>)>(MAX_CHUNKS);
    let reading = Arc::clone(&road);
    tokio::spawn(async move {
        let mut buffer = vec![0; CHUNK_BYTES];
        while let Ok(read @ 1..) = from.read(&mut buffer).await {
            let through = if down { reading.through(read).await } else { Instant::now() };
            if sender.send((through + reading.half_a_trip(), buffer[..read].to_vec())).await.is_err() {
                return;
            }
        }
    });
    while let Some((arrives, chunk)) = chunks.recv().await {
        if road.quality.is_some() {
            tokio::time::sleep_until(arrives).await;
        }
        if to.write_all(&chunk).await.is_err() {
            return;
        }
        if down {
            road.bytes.fetch_add(chunk.len() as u64, Ordering::Relaxed);
        }
    }
    // The other end learns that there is no more to come.
    let _ = to.shutdown().await;
}
