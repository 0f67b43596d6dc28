//! The program itself: its one line of output, its options, its end on SIGTERM.

use crate::support::{Client, get, soon};
use std::{net::SocketAddr, process::Stdio};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader},
    process::{Child, Command},
};
use tracker_protocol::Refusal;

/// The program on a free port, without the environment of whoever runs the tests.
fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tabchain-tracker"));
    command.env_clear().args(["--port", "0"]).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

/// Starts it and reads where it listens.
async fn start(command: &mut Command) -> (Child, SocketAddr) {
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    soon(BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line)).await.unwrap();
    let address = line.trim_end().strip_prefix("listening on http://").expect(&line);
    (child, address.parse().unwrap())
}

async fn log_of(child: &mut Child) -> String {
    let mut log = String::new();
    soon(child.stderr.as_mut().unwrap().read_to_string(&mut log)).await.unwrap();
    log
}

#[cfg(unix)]
#[tokio::test]
async fn it_ends_cleanly_on_sigterm() {
    let (mut child, address) = start(program().args(["--log-format", "json"])).await;
    let mut tab = Client::enter(address, 1, "dev.class").await;
    let id = child.id().unwrap().to_string();
    assert!(soon(Command::new("kill").args(["-TERM", &id]).status()).await.unwrap().success());
    tab.dismissed(Refusal::ShuttingDown).await;
    assert!(soon(child.wait()).await.unwrap().success());
    let log = log_of(&mut child).await;
    let events: Vec<serde_json::Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(events.iter().any(|event| event["fields"]["message"] == "joined"), "{log}");
}

#[tokio::test]
async fn secrets_and_payloads_stay_out_of_the_most_talkative_log() {
    let secret = "turn:turn.example,tab,hunter2";
    let mut command = program();
    command.env("RUST_LOG", "tracker_server=trace").args(["--ice-server", secret]);
    let (mut child, address) = start(&mut command).await;
    let mut tab = Client::open(address, &[]).await;
    let challenge = tab.challenge().await;
    tab.say(&crate::support::join(&challenge, 1, "dev.class")).await;
    tab.next().await;
    tab.signal(crate::support::peer(1), "a private payload").await;
    tab.next().await;
    tab.leave().await;
    child.kill().await.unwrap();
    let log = log_of(&mut child).await;
    assert!(log.contains("joined"), "{log}");
    for hidden in [challenge.as_str(), "a private payload", "hunter2"] {
        assert!(!log.contains(hidden), "{hidden} is in {log}");
    }
}

#[tokio::test]
async fn options_come_from_the_environment_too() {
    let mut command = program();
    command
        .env("TABCHAIN_ICE_SERVERS", "stun:a.example stun:b.example")
        .env("TABCHAIN_MAX_CONNECTIONS_PER_ADDRESS", "1");
    let (_child, address) = start(&mut command).await;
    let servers = get(address, "/api/config", "").await.json()["iceServers"].clone();
    assert_eq!(servers, serde_json::json!([{ "urls": "stun:a.example" }, { "urls": "stun:b.example" }]));
    let _tab = Client::enter(address, 1, "dev.class").await;
    Client::open(address, &[]).await.dismissed(Refusal::TooManyConnections).await;
}

#[tokio::test]
async fn bad_options_are_refused_with_a_reason() {
    for (option, value, reason) in [
        ("--allow-origin", "*", "an origin is written"),
        ("--ice-server", "http://x", "an ice server is written"),
        ("--message-rate", "fast", "a rate is written"),
        ("--page", "/nowhere", "there is no page"),
    ] {
        let output = soon(program().args([option, value]).output()).await.unwrap();
        assert!(!output.status.success(), "{option}");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(reason), "{said}");
    }
}
