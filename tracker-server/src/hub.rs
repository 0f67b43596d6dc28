//! The tracker behind a lock, and the queue of what each connection is to be sent.

use crate::{
    config::Config,
    ice::IceServer,
    limits::{OUTBOX_BYTES, OUTBOX_MESSAGES},
    tracker::{ConnectionId, Frame, Input, Output, RoomSample, Tracker},
};
use axum::extract::ws::Utf8Bytes;
use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info};
use tracker_protocol::{Refusal, RoomId, ServerMessage};

/// What a connection is to do next.
#[derive(Debug)]
pub(crate) enum Outgoing {
    /// Send this text.
    Message(Utf8Bytes),
    /// Close in good order.
    Close(Refusal),
}

/// Writing end of a connection's queue.
#[derive(Debug)]
struct Outbox {
    queue: mpsc::Sender<Outgoing>,
    waiting_bytes: Arc<AtomicUsize>,
    cut: CancellationToken,
}

impl Outbox {
    /// Queues, unless the reader is too slow for that.
    fn push(&self, outgoing: Outgoing) -> bool {
        let bytes = size_of_outgoing(&outgoing);
        let waiting = self.waiting_bytes.fetch_add(bytes, Ordering::AcqRel);
        waiting + bytes <= OUTBOX_BYTES && self.queue.try_send(outgoing).is_ok()
    }
}

/// Reading end of a connection's queue.
#[derive(Debug)]
pub(crate) struct Inbox {
    queue: mpsc::Receiver<Outgoing>,
    waiting_bytes: Arc<AtomicUsize>,
}

impl Inbox {
    pub(crate) async fn next(&mut self) -> Option<Outgoing> {
        let outgoing = self.queue.recv().await?;
        self.waiting_bytes.fetch_sub(size_of_outgoing(&outgoing), Ordering::AcqRel);
        Some(outgoing)
    }
}

fn size_of_outgoing(outgoing: &Outgoing) -> usize {
    match outgoing {
        Outgoing::Message(text) => text.len(),
        Outgoing::Close(_) => 0,
    }
}

#[derive(Debug)]
struct Inner {
    tracker: Tracker,
    outboxes: HashMap<ConnectionId, Outbox>,
    connections_so_far: u64,
}

/// The one tracker that all connections share.
#[derive(Debug)]
pub(crate) struct Hub {
    started: Instant,
    inner: Mutex<Inner>,
}

impl Hub {
    pub(crate) fn new(config: &Config, seed: [u8; 32]) -> Self {
        let servers = config.ice_servers.iter().map(IceServer::to_message);
        let tracker = Tracker::new(config.limits.clone(), seed).with_ice_servers(servers);
        let inner = Inner { tracker, outboxes: HashMap::new(), connections_so_far: 0 };
        Self { started: Instant::now(), inner: Mutex::new(inner) }
    }

    /// Announces a new connection. A refused one gets a queue too, with the reason in it.
    /// `cut` is cancelled when the connection is to end at once, whatever waits.
    pub(crate) fn connect(self: &Arc<Self>, address: IpAddr, cut: CancellationToken) -> (Connection, Inbox) {
        let mut inner = self.lock();
        inner.connections_so_far += 1;
        let id = ConnectionId(inner.connections_so_far);
        let (sender, receiver) = mpsc::channel(OUTBOX_MESSAGES);
        let waiting_bytes = Arc::new(AtomicUsize::new(0));
        let outbox = Outbox { queue: sender, waiting_bytes: Arc::clone(&waiting_bytes), cut };
        inner.outboxes.insert(id, outbox);
        self.handle(&mut inner, Input::Connected { connection: id, address });
        debug!(connection = %id, %address, "connected");
        (Connection { id, hub: Arc::clone(self) }, Inbox { queue: receiver, waiting_bytes })
    }

    pub(crate) fn tick(&self) {
        self.handle(&mut self.lock(), Input::Tick);
    }

    pub(crate) fn shut_down(&self) {
        self.handle(&mut self.lock(), Input::ShutDown);
    }

    pub(crate) fn sample(&self, room: &RoomId) -> Option<RoomSample> {
        self.lock().tracker.sample(room)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic elsewhere is a bug; it must not take every other connection with it.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets the tracker handle an input and queues what it answers, in one go, so that all
    /// connections see the same order.
    fn handle(&self, inner: &mut Inner, input: Input<'_>) {
        for output in inner.tracker.handle(self.started.elapsed(), input) {
            match output {
                Output::Send { connection, message } => self.send(inner, connection, &message),
                Output::Close { connection, reason } => {
                    debug!(%connection, %reason, "closed by the tracker");
                    if let Some(outbox) = inner.outboxes.remove(&connection)
                        && !outbox.push(Outgoing::Close(reason))
                    {
                        outbox.cut.cancel();
                    }
                }
            }
        }
    }

    fn send(&self, inner: &mut Inner, connection: ConnectionId, message: &ServerMessage) {
        let Some(outbox) = inner.outboxes.get(&connection) else { return };
        log_sent(connection, message);
        // Our own plain enum always serialises.
        let Ok(text) = serde_json::to_string(message) else { return };
        if !outbox.push(Outgoing::Message(text.into())) {
            info!(%connection, "dropped: it reads too slowly");
            outbox.cut.cancel();
            inner.outboxes.remove(&connection);
            self.handle(inner, Input::Disconnected { connection });
        }
    }
}

/// Logs what an operator wants to know, and never a challenge or a payload.
fn log_sent(connection: ConnectionId, message: &ServerMessage) {
    match message {
        ServerMessage::Welcome { peer, room_size, .. } => {
            info!(%connection, peer = peer.short(), room_size, "joined");
        }
        ServerMessage::Refused { reason, fatal } => debug!(%connection, %reason, fatal, "refused"),
        _ => {}
    }
}

/// A connection as the tracker knows it; leaves when dropped.
#[derive(Debug)]
pub(crate) struct Connection {
    id: ConnectionId,
    hub: Arc<Hub>,
}

impl Connection {
    pub(crate) fn receive(&self, frame: Frame<'_>) {
        self.hub.handle(&mut self.hub.lock(), Input::Received { connection: self.id, frame });
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let mut inner = self.hub.lock();
        inner.outboxes.remove(&self.id);
        self.hub.handle(&mut inner, Input::Disconnected { connection: self.id });
        debug!(connection = %self.id, "disconnected");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outbox() -> (Outbox, Inbox) {
        let (sender, receiver) = mpsc::channel(OUTBOX_MESSAGES);
        let waiting_bytes = Arc::new(AtomicUsize::new(0));
        let cut = CancellationToken::new();
        let outbox = Outbox { queue: sender, waiting_bytes: Arc::clone(&waiting_bytes), cut };
        (outbox, Inbox { queue: receiver, waiting_bytes })
    }

    fn message(bytes: usize) -> Outgoing {
        Outgoing::Message("x".repeat(bytes).into())
    }

    #[test]
    fn a_queue_is_bounded_in_bytes() {
        let (outbox, _inbox) = outbox();
        assert!(outbox.push(message(OUTBOX_BYTES)));
        assert!(!outbox.push(message(1)));
    }

    #[test]
    fn a_queue_is_bounded_in_messages() {
        let (outbox, _inbox) = outbox();
        assert!((0..OUTBOX_MESSAGES).all(|_| outbox.push(message(1))));
        assert!(!outbox.push(message(1)));
    }

    #[tokio::test]
    async fn reading_makes_place() {
        let (outbox, mut inbox) = outbox();
        assert!(outbox.push(message(OUTBOX_BYTES)));
        assert!(inbox.next().await.is_some());
        assert!(outbox.push(message(OUTBOX_BYTES)));
    }
}
