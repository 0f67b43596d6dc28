//! Every limit of the tracker, with its unit and its reason.

use crate::bucket::Rate;
use std::time::Duration;

/// Messages that may wait for one reader: more than [`Limits::inbox`] lets pile up for one
/// that reads at all. A reader with a full queue is disconnected.
pub(crate) const OUTBOX_MESSAGES: usize = 512;

/// Bytes that may wait for one reader. Twice the burst of the default [`Limits::inbox`], so that
/// other peers cannot get a tab disconnected that reads as fast as the inbox rate.
pub(crate) const OUTBOX_BYTES: usize = 256 * 1024;

/// What one relayed signal costs of [`Limits::inbox`] besides its payload, in bytes: the JSON around it.
pub(crate) const SIGNAL_OVERHEAD_BYTES: u32 = 128;

/// WebSocket read and write buffer of one connection, in bytes. Messages are small; the
/// library's own 128 KiB each would cost 2.5 GB at [`Limits::max_connections`].
pub(crate) const SOCKET_BUFFER_BYTES: usize = 4 * 1024;

/// HTTP request head and read buffer, in bytes: no browser sends as much to a site without cookies.
pub(crate) const HTTP_BUFFER_BYTES: usize = 16 * 1024;

/// Time for the head of an HTTP request to arrive, against clients that hold connections by dripping bytes.
pub(crate) const HTTP_HEADER_WITHIN: Duration = Duration::from_secs(10);

/// Longest life of a connection that does not become a WebSocket: enough to load the page over a slow line.
pub(crate) const HTTP_LIFETIME: Duration = Duration::from_mins(10);

/// Time for one WebSocket message to leave: a reader that blocks for longer is gone or hostile.
pub(crate) const WRITE_WITHIN: Duration = Duration::from_secs(10);

/// Time for the closing handshake of one WebSocket.
pub(crate) const CLOSE_WITHIN: Duration = Duration::from_secs(2);

/// Time for all connections to end after the order to shut down; what is left then is cut.
pub(crate) const SHUTDOWN_WITHIN: Duration = Duration::from_secs(5);

/// How often the tracker looks for what is overdue: fine against timeouts of many seconds.
pub(crate) const TICK: Duration = Duration::from_millis(250);

/// Pause after a failed accept, for instance when the process has run out of file descriptors.
pub(crate) const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The limits an operator may set. The defaults fit one small machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Rooms at the same time. An empty room vanishes.
    pub max_rooms: usize,
    /// Rooms at the same time that one address founded: one visitor cannot use up all the rooms.
    pub max_rooms_per_address: u32,
    /// Peers in one room.
    pub max_peers_per_room: usize,
    /// WebSocket connections at the same time: at 256 KiB of queue each, 2.5 GB in the worst case.
    pub max_connections: usize,
    /// WebSocket connections of one address at the same time: several school classes behind one router.
    pub max_connections_per_address: u32,
    /// TCP connections at the same time beyond [`Self::max_connections`]: those that load the page,
    /// and those whose WebSocket is being opened, refused or closed.
    pub max_http_connections: usize,
    /// TCP connections of one address at the same time beyond [`Self::max_connections_per_address`]:
    /// a browser opens six to load a page.
    pub max_http_connections_per_address: u32,
    /// New WebSocket connections of one address. Each may cost one signature check, about 0.1 ms.
    pub connects: Rate,
    /// Messages of one connection, of every kind. A correct tab stays far below; more ends the connection.
    pub messages: Rate,
    /// Signals of one connection: sixteen links of up to a dozen signals each at once. More are not relayed.
    pub signals: Rate,
    /// Bytes of signals relayed to one connection: sixteen links of 5 KiB of signals each at once.
    /// Keeps many senders together from flooding one receiver.
    pub inbox: Rate,
    /// Time from the challenge to the join.
    pub join_within: Duration,
    /// Time from one presence check to the next.
    pub ping_every: Duration,
    /// Time to answer a presence check: a hidden or busy tab may be slow.
    pub pong_within: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_rooms: 4096,
            max_rooms_per_address: 64,
            max_peers_per_room: 5000,
            max_connections: 10_000,
            max_connections_per_address: 256,
            max_http_connections: 4096,
            max_http_connections_per_address: 256,
            connects: Rate { per_second: 10, burst: 512 },
            messages: Rate { per_second: 40, burst: 400 },
            signals: Rate { per_second: 20, burst: 200 },
            inbox: Rate { per_second: 32 * 1024, burst: 128 * 1024 },
            join_within: Duration::from_secs(10),
            ping_every: Duration::from_secs(20),
            pong_within: Duration::from_secs(30),
        }
    }
}
