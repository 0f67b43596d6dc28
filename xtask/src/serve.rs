//! `cargo xtask serve`: the page and the tracker behind one address.

use crate::command::{self, CommandError};
use crate::page::{self, PageError};
use crate::toolchain;
use crate::workspace::Workspace;
use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
#[cfg(unix)]
use std::os::unix::process::parent_id;
use std::process::Command;
use std::time::{Duration, Instant};

/// The tracker's binary.
const TRACKER: &str = "tabchain-tracker";

/// How long the tracker may take to listen; on a slow machine it takes well below a second.
const START_LIMIT: Duration = Duration::from_secs(10);

/// Time between two looks whether it does.
const START_POLL: Duration = Duration::from_millis(10);

/// An address that nobody has (RFC 5737): asked for the way to it, the system says which of this
/// machine's addresses faces the network. Nothing is sent.
const ELSEWHERE: (Ipv4Addr, u16) = (Ipv4Addr::new(192, 0, 2, 1), 9);

/// What `serve` can be told.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Address to listen on; 0.0.0.0 lets other machines in.
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    bind: IpAddr,
    /// Port to listen on.
    #[arg(long, default_value_t = 8080, value_parser = clap::value_parser!(u16).range(1..))]
    port: u16,
    /// Open a browser when the page is there.
    #[arg(long)]
    open: bool,
    /// Options of the tracker, after `--`.
    #[arg(last = true)]
    tracker: Vec<OsString>,
}

/// Why nothing is served.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServeError {
    /// The address is taken, or not ours.
    #[error("cannot listen on {address} (another port: --port)")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
    /// A program failed.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// The page could not be built.
    #[error(transparent)]
    Page(#[from] PageError),
    /// The tracker does not listen.
    #[error("the tracker does not answer on {0}")]
    Silent(SocketAddr),
    /// No browser was found.
    #[error("cannot open a browser; the page is there all the same")]
    Open(#[source] CommandError),
}

/// Builds what is missing and becomes the tracker.
pub(crate) fn serve(workspace: &Workspace, options: &Options) -> Result<(), ServeError> {
    let address = SocketAddr::new(options.bind, options.port);
    // Looked at first: a taken port should not be found only after minutes of building.
    drop(TcpListener::bind(address).map_err(|source| ServeError::Listen { address, source })?);
    toolchain::ensure_wasm_target()?;
    let page = page::build(workspace)?;
    command::run(command::cargo().current_dir(&workspace.root).args([
        "build",
        "--package",
        "tracker-server",
        "--bin",
        TRACKER,
    ]))?;

    let mut announcer = Command::new(&workspace.program);
    announcer.arg("announce").arg(address.to_string());
    if options.open {
        announcer.arg("--open");
    }
    announcer.spawn().map_err(|source| CommandError::Start { command: command::line(&announcer), source })?;

    let binary = format!("{TRACKER}{}", std::env::consts::EXE_SUFFIX);
    let mut tracker = Command::new(workspace.target.join("debug").join(binary));
    tracker
        .arg("--bind")
        .arg(options.bind.to_string())
        .arg("--port")
        .arg(options.port.to_string())
        .arg("--page")
        .arg(page)
        .args(&options.tracker);
    // So whoever stops this process stops the tracker, which ends in good order.
    Ok(command::become_program(&mut tracker)?)
}

/// Waits until the tracker listens, then says where the page is.
pub(crate) fn announce(address: SocketAddr, open: bool) -> Result<(), ServeError> {
    let near = reachable(address);
    let deadline = Instant::now() + START_LIMIT;
    let parent = parent_id();
    while TcpStream::connect_timeout(&near, START_LIMIT).is_err() {
        if parent != parent_id() {
            // The tracker is gone and has said why.
            return Ok(());
        }
        if Instant::now() > deadline {
            return Err(ServeError::Silent(near));
        }
        std::thread::sleep(START_POLL);
    }
    let url = format!("http://{near}");
    println!("\nTabchain is on {url}");
    if address.ip().is_unspecified() {
        if let Some(ip) = network_address() {
            let far = SocketAddr::new(ip, address.port());
            println!(
                "On this network: http://{far}\n\
                 There it is plain http from another machine, which browsers hold insecure: they \
                 withhold\nWeb Locks, the clipboard and persistent storage. Put https in front \
                 for all of it."
            );
        }
    } else if address.ip().is_loopback() {
        println!("For other machines on this network, too: --bind 0.0.0.0");
    }
    if open {
        open_browser(&url)?;
    }
    Ok(())
}

/// Where a process cannot see its parent, it waits until the limit.
#[cfg(not(unix))]
fn parent_id() -> u32 {
    0
}

/// Where this machine itself reaches a listener on `address`.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// This machine's address on its network, if it has one.
fn network_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect(ELSEWHERE).ok()?;
    let ip = socket.local_addr().ok()?.ip();
    (!ip.is_loopback()).then_some(ip)
}

fn open_browser(url: &str) -> Result<(), ServeError> {
    let mut command = if cfg!(target_os = "macos") {
        Command::new("open")
    } else if cfg!(windows) {
        let mut command = Command::new("cmd");
        command.args(["/c", "start", ""]);
        command
    } else {
        Command::new("xdg-open")
    };
    command::run(command.arg(url)).map_err(ServeError::Open)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unspecified_address_is_reached_on_this_machine() {
        let reached = |text: &str| reachable(text.parse().unwrap()).to_string();
        assert_eq!(reached("0.0.0.0:80"), "127.0.0.1:80");
        assert_eq!(reached("[::]:80"), "[::1]:80");
        assert_eq!(reached("192.0.2.7:80"), "192.0.2.7:80");
    }

    #[test]
    fn the_announcer_sees_a_listener() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        announce(listener.local_addr().unwrap(), false).unwrap();
    }
}
