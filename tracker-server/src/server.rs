//! The axum shell: routes, and the life of the server from its first connection to its last.

use crate::{
    api,
    config::Config,
    headers,
    hub::Hub,
    limits::{SHUTDOWN_WITHIN, TICK},
    listener,
    page::{self, INDEX, Page},
    socket,
};
use axum::{
    Router,
    extract::Request,
    middleware,
    routing::{any, get},
};
use std::{future::Future, path::PathBuf, sync::Arc};
use tokio::{
    net::TcpListener,
    time::{MissedTickBehavior, interval, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{info, warn};

/// Why the server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The directory of the page has no entry point.
    #[error("there is no page at {}", .0.display())]
    NoPage(PathBuf),
    /// The operating system gives no randomness, so challenges could be guessed.
    #[error("no randomness from the operating system")]
    NoRandomness(#[from] getrandom::Error),
}

/// What all requests share.
#[derive(Debug, Clone)]
pub(crate) struct App(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    config: Config,
    hub: Arc<Hub>,
    tasks: TaskTracker,
    stopping: CancellationToken,
    cut: CancellationToken,
}

impl App {
    /// A tracker with nobody in it.
    fn new(config: Config) -> Result<Self, ServerError> {
        if let Some(index) = config.page.as_ref().map(|page| page.join(INDEX))
            && !index.is_file()
        {
            return Err(ServerError::NoPage(index));
        }
        let mut seed = [0; 32];
        getrandom::fill(&mut seed)?;
        let hub = Arc::new(Hub::new(&config, seed));
        let (stopping, cut) = (CancellationToken::new(), CancellationToken::new());
        Ok(Self(Arc::new(Shared { config, hub, tasks: TaskTracker::new(), stopping, cut })))
    }

    pub(crate) fn config(&self) -> &Config {
        &self.0.config
    }

    pub(crate) fn hub(&self) -> &Arc<Hub> {
        &self.0.hub
    }

    /// Everything that must have ended before the server has.
    pub(crate) fn tasks(&self) -> &TaskTracker {
        &self.0.tasks
    }

    /// Cancelled when connections should come to an end.
    pub(crate) fn stopping(&self) -> &CancellationToken {
        &self.0.stopping
    }

    /// A token to end one connection at once; the server cuts what outlives its shutdown.
    pub(crate) fn new_cut(&self) -> CancellationToken {
        self.0.cut.child_token()
    }
}

/// All routes. They need to know who asks, which the listener tells them for each connection.
fn router(app: App) -> Router {
    let api = Router::new()
        .route("/config", get(api::config))
        .route("/rooms/{room}/peers", get(api::room_peers))
        .fallback(api::unknown);
    let router = Router::new().route("/ws", any(socket::upgrade)).route("/healthz", get(api::health)).nest("/api", api);
    let router = match app.config().page.as_deref().map(Page::new) {
        Some(page) => router.fallback(move |request: Request| page.clone().serve(request)),
        None => router.fallback(async || page::not_found()),
    };
    router.layer(middleware::from_fn(headers::add)).with_state(app)
}

/// Serves until `shutdown` resolves, then tells every tab, closes every connection and returns
/// within a few seconds whatever they do.
pub async fn run(
    listener: TcpListener,
    config: Config,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), ServerError> {
    let app = App::new(config)?;
    let router = router(app.clone());
    tokio::select! {
        () = shutdown => {}
        () = listener::accept(&listener, &app, &router) => {}
        () = tick(&app) => {}
    }
    // New connections are refused by the operating system from here on.
    drop(listener);
    info!("closing down");
    app.stopping().cancel();
    app.hub().shut_down();
    app.tasks().close();
    if timeout(SHUTDOWN_WITHIN, app.tasks().wait()).await.is_err() {
        warn!(connections = app.tasks().len(), "cutting what has not ended in time");
        app.0.cut.cancel();
        app.tasks().wait().await;
    }
    Ok(())
}

async fn tick(app: &App) {
    let mut ticks = interval(TICK);
    // A machine that slept must not make up for the ticks it missed.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        app.hub().tick();
    }
}
