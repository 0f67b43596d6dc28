//! Accepts TCP connections and speaks HTTP on them, within limits of number, time and size.
//!
//! Written on hyper rather than on `axum::serve`, which bounds none of the three.

use crate::{
    address::AddressKey,
    forwarded,
    limits::{ACCEPT_PAUSE, HTTP_BUFFER_BYTES, HTTP_HEADER_WITHIN, HTTP_LIFETIME, Limits},
    server::App,
};
use axum::{Router, extract::ConnectInfo};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::{
    net::{TcpListener, TcpStream},
    time::sleep,
};
use tower::ServiceExt;
use tracing::{debug, warn};

/// TCP connections by address.
#[derive(Debug, Default)]
struct Counts {
    total: usize,
    by_address: BTreeMap<AddressKey, u32>,
}

/// Counts TCP connections, whatever is spoken on them, so that nobody can hold them all.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    counts: Mutex<Counts>,
}

impl Gate {
    /// Lets a connection in if there is place; `is_proxy` means that many clients share the address.
    fn enter(self: &Arc<Self>, limits: &Limits, address: AddressKey, is_proxy: bool) -> Option<Pass> {
        let mut counts = self.lock();
        let of_address = counts.by_address.get(&address).copied().unwrap_or(0);
        let most_of_address =
            limits.max_http_connections_per_address.saturating_add(limits.max_connections_per_address);
        let most = limits.max_http_connections.saturating_add(limits.max_connections);
        if counts.total >= most || (of_address >= most_of_address && !is_proxy) {
            return None;
        }
        counts.total += 1;
        counts.by_address.insert(address, of_address + 1);
        Some(Pass { _place: Arc::new(Place { gate: Arc::clone(self), address }) })
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection's place; free again when the last copy is dropped.
#[derive(Debug, Clone)]
pub(crate) struct Pass {
    _place: Arc<Place>,
}

#[derive(Debug)]
struct Place {
    gate: Arc<Gate>,
    address: AddressKey,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.gate.lock();
        counts.total = counts.total.saturating_sub(1);
        if let Some(count) = counts.by_address.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                counts.by_address.remove(&self.address);
            }
        }
    }
}

/// Accepts connections until the future is dropped.
pub(crate) async fn accept(listener: &TcpListener, app: &App, router: &Router) {
    let gate = Arc::new(Gate::default());
    let config = app.config();
    loop {
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                warn!(%error, "cannot accept a connection");
                sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let is_proxy = forwarded::is_trusted(peer.ip(), &config.trusted_proxies);
        let Some(pass) = gate.enter(&config.limits, AddressKey::of(peer.ip()), is_proxy) else {
            debug!(%peer, "too many connections");
            continue;
        };
        app.tasks().spawn(serve(stream, peer, pass, app.clone(), router.clone()));
    }
}

async fn serve(stream: TcpStream, peer: SocketAddr, pass: Pass, app: App, router: Router) {
    // Small messages must not wait for others; without it they only come later.
    if let Err(error) = stream.set_nodelay(true) {
        debug!(%peer, %error, "cannot send small messages at once");
    }
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        request.extensions_mut().insert(pass.clone());
        router.clone().oneshot(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HTTP_HEADER_WITHIN)
        .max_buf_size(HTTP_BUFFER_BYTES)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let cut = app.new_cut();
    tokio::select! {
        served = connection.as_mut() => log(peer, served),
        () = sleep(HTTP_LIFETIME) => {}
        () = app.stopping().cancelled() => {
            connection.as_mut().graceful_shutdown();
            tokio::select! {
                served = connection => log(peer, served),
                () = cut.cancelled() => {}
            }
        }
    }
}

fn log(peer: SocketAddr, served: Result<(), hyper::Error>) {
    if let Err(error) = served {
        debug!(%peer, %error, "HTTP connection failed");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_bounded_and_come_back() {
        let limits = Limits {
            max_connections: 1,
            max_connections_per_address: 1,
            max_http_connections: 2,
            max_http_connections_per_address: 1,
            ..Limits::default()
        };
        let address = |last: u8| AddressKey::of([192, 0, 2, last].into());
        let gate = Arc::new(Gate::default());
        let first = gate.enter(&limits, address(1), false).unwrap();
        let second = gate.enter(&limits, address(1), false).unwrap();
        assert!(gate.enter(&limits, address(1), false).is_none(), "the address is full");
        let proxied = gate.enter(&limits, address(1), true).unwrap();
        assert!(gate.enter(&limits, address(2), false).is_none(), "everything is full");
        let copy = first.clone();
        drop((first, proxied));
        assert!(gate.enter(&limits, address(1), false).is_none(), "a copy still holds the place");
        drop((copy, second));
        let counts = gate.lock();
        assert_eq!((counts.total, counts.by_address.len()), (0, 0));
    }
}
