//! The program `tabchain-tracker`: reads its configuration and runs the tracker.

use clap::{Parser, ValueEnum};
use std::{
    io::{self, Write},
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    process::ExitCode,
};
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;
use tracker_server::{Config, IceServer, Limits, Origin, Rate, ServerError, run};

/// What is logged unless `RUST_LOG` says otherwise.
const DEFAULT_LOG_FILTER: &str = "info";

/// Introduces Tabchain tabs to each other and serves the page.
///
/// Options that can be repeated take their environment variable as a list separated by spaces.
#[derive(Debug, Parser)]
#[command(name = "tabchain-tracker", version)]
struct Options {
    /// Address to listen on.
    #[arg(long, env = "TABCHAIN_BIND", default_value = "127.0.0.1")]
    bind: IpAddr,
    /// Port to listen on; 0 lets the system choose one.
    #[arg(long, env = "TABCHAIN_PORT", default_value_t = 8080)]
    port: u16,
    /// Directory of the page to serve.
    #[arg(long, env = "TABCHAIN_PAGE", value_name = "DIR")]
    page: Option<PathBuf>,
    /// Another origin whose pages may use this tracker, such as `https://example.org`.
    #[arg(long, env = "TABCHAIN_ALLOW_ORIGINS", value_name = "ORIGIN", value_delimiter = ' ')]
    allow_origin: Vec<Origin>,
    /// A proxy before this tracker whose X-Forwarded-For is believed. It must pass Host on.
    #[arg(long, env = "TABCHAIN_TRUSTED_PROXIES", value_name = "IP", value_delimiter = ' ')]
    trusted_proxy: Vec<IpAddr>,
    /// A STUN or TURN server for the tabs: `stun:HOST[:PORT]` or `turn:HOST[:PORT],USERNAME,CREDENTIAL`.
    #[arg(long, env = "TABCHAIN_ICE_SERVERS", value_name = "SERVER", value_delimiter = ' ', hide_env_values = true)]
    ice_server: Vec<IceServer>,
    /// How log lines are written.
    #[arg(long, env = "TABCHAIN_LOG_FORMAT", value_enum, default_value_t = LogFormat::Text)]
    log_format: LogFormat,
    #[command(flatten)]
    limits: LimitOptions,
}

/// Limits; rates are written `PER_SECOND:BURST`.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Limits")]
struct LimitOptions {
    /// Rooms at the same time.
    #[arg(long, env = "TABCHAIN_MAX_ROOMS", default_value_t = Limits::default().max_rooms)]
    max_rooms: usize,
    /// Rooms at the same time that one address founded.
    #[arg(long, env = "TABCHAIN_MAX_ROOMS_PER_ADDRESS", default_value_t = Limits::default().max_rooms_per_address)]
    max_rooms_per_address: u32,
    /// Peers in one room.
    #[arg(long, env = "TABCHAIN_MAX_PEERS_PER_ROOM", default_value_t = Limits::default().max_peers_per_room)]
    max_peers_per_room: usize,
    /// WebSocket connections at the same time.
    #[arg(long, env = "TABCHAIN_MAX_CONNECTIONS", default_value_t = Limits::default().max_connections)]
    max_connections: usize,
    /// WebSocket connections of one address at the same time.
    #[arg(
        long,
        env = "TABCHAIN_MAX_CONNECTIONS_PER_ADDRESS",
        default_value_t = Limits::default().max_connections_per_address
    )]
    max_connections_per_address: u32,
    /// New WebSocket connections of one address.
    #[arg(long, env = "TABCHAIN_CONNECT_RATE", value_name = "RATE", default_value_t = Limits::default().connects)]
    connect_rate: Rate,
    /// Messages of one connection.
    #[arg(long, env = "TABCHAIN_MESSAGE_RATE", value_name = "RATE", default_value_t = Limits::default().messages)]
    message_rate: Rate,
    /// Signals of one connection to other peers.
    #[arg(long, env = "TABCHAIN_SIGNAL_RATE", value_name = "RATE", default_value_t = Limits::default().signals)]
    signal_rate: Rate,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Why the program ends with a failure.
#[derive(Debug, thiserror::Error)]
enum MainError {
    #[error("cannot listen on {0}: {1}")]
    Listen(SocketAddr, io::Error),
    #[error("cannot start: {0}")]
    Start(io::Error),
    #[error(transparent)]
    Server(#[from] ServerError),
}

impl Options {
    fn into_config(self) -> Config {
        let limits = Limits {
            max_rooms: self.limits.max_rooms,
            max_rooms_per_address: self.limits.max_rooms_per_address,
            max_peers_per_room: self.limits.max_peers_per_room,
            max_connections: self.limits.max_connections,
            max_connections_per_address: self.limits.max_connections_per_address,
            connects: self.limits.connect_rate,
            messages: self.limits.message_rate,
            signals: self.limits.signal_rate,
            ..Limits::default()
        };
        Config {
            limits,
            allowed_origins: self.allow_origin,
            trusted_proxies: self.trusted_proxy,
            ice_servers: self.ice_server,
            page: self.page,
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    start_log(options.log_format);
    match serve(options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(options: Options) -> Result<(), MainError> {
    let address = SocketAddr::new(options.bind, options.port);
    let shutdown = shutdown_signal().map_err(MainError::Start)?;
    let listener = TcpListener::bind(address).await.map_err(|error| MainError::Listen(address, error))?;
    let bound = listener.local_addr().map_err(MainError::Start)?;
    // For people and for programs that start the tracker on port 0; a closed output stops neither.
    let _ = writeln!(io::stdout(), "listening on http://{bound}");
    run(listener, options.into_config(), shutdown).await?;
    Ok(())
}

/// To standard error: standard output has the one line that programs read.
fn start_log(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(DEFAULT_LOG_FILTER));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    match format {
        LogFormat::Text => builder.init(),
        LogFormat::Json => builder.json().init(),
    }
}

/// Resolves on SIGTERM (service managers, containers) and on Ctrl-C.
#[cfg(unix)]
fn shutdown_signal() -> io::Result<impl Future<Output = ()> + Send> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Resolves on Ctrl-C.
#[cfg(not(unix))]
fn shutdown_signal() -> io::Result<impl Future<Output = ()> + Send> {
    Ok(async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}
