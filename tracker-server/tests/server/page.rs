//! The page: what is served, with which headers, and what is not.

use crate::support::{Reply, Server, ask, get, soon};
use std::fs;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite::http::{HeaderName, header};
use tracker_server::{Config, ServerError, run};

const IMMUTABLE: &str = "public, max-age=31536000, immutable";
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");

/// A page in `page/` and a file beside it that nobody may read.
struct Site {
    server: Server,
    _directory: TempDir,
}

impl Site {
    async fn new() -> Self {
        let directory = TempDir::new().unwrap();
        let root = directory.path();
        fs::create_dir_all(root.join("page/assets")).unwrap();
        for (name, content) in [
            ("secret", "SECRET"),
            ("secret.txt", "SECRET"),
            ("page/index.html", "the page"),
            ("page/index.html.br", "the page in brotli"),
            ("page/manifest.webmanifest", "{}"),
            ("page/service-worker.js", "keep()"),
            ("page/assets/app-1a2b.js", "script"),
            ("page/assets/app-1a2b.js.br", "script in brotli"),
            ("page/assets/app-1a2b.js.gz", "script in gzip"),
            ("page/assets/app-1a2b.wasm", "module"),
        ] {
            fs::write(root.join(name), content).unwrap();
        }
        let page = Some(root.join("page"));
        let server = Server::start(Config { page, ..Config::default() }).await;
        Self { server, _directory: directory }
    }

    async fn get(&self, path: &str) -> Reply {
        get(self.server.address, path, "").await
    }

    async fn get_encoded(&self, path: &str, accepted: &str) -> Reply {
        get(self.server.address, path, &format!("Accept-Encoding: {accepted}\r\n")).await
    }
}

#[tokio::test]
async fn files_have_their_types_and_lifetimes() {
    let site = Site::new().await;
    for (path, kind, cache, body) in [
        ("/", "text/html", "no-cache", "the page"),
        ("/index.html", "text/html", "no-cache", "the page"),
        ("/manifest.webmanifest", "application/manifest+json", "no-cache", "{}"),
        // At the root, it answers for the whole site without a word of ours.
        ("/service-worker.js", "text/javascript", "no-cache", "keep()"),
        ("/assets/app-1a2b.js", "text/javascript", IMMUTABLE, "script"),
        ("/assets/app-1a2b.wasm", "application/wasm", IMMUTABLE, "module"),
    ] {
        let reply = site.get(path).await;
        assert_eq!((reply.status, reply.body.as_str()), (200, body), "{path}");
        assert_eq!(
            (reply.header(&header::CONTENT_TYPE), reply.header(&header::CACHE_CONTROL)),
            (kind, cache),
            "{path}"
        );
    }
}

#[tokio::test]
async fn compressed_files_are_preferred_where_accepted() {
    let site = Site::new().await;
    let script = "/assets/app-1a2b.js";
    for (path, accepted, encoding, body) in [
        (script, "gzip, deflate, br", "br", "script in brotli"),
        (script, "gzip", "gzip", "script in gzip"),
        (script, "identity", "", "script"),
        ("/", "br", "br", "the page in brotli"),
        ("/block/12", "br", "br", "the page in brotli"),
        ("/assets/app-1a2b.wasm", "br", "", "module"),
    ] {
        let reply = site.get_encoded(path, accepted).await;
        assert_eq!((reply.status, reply.body.as_str()), (200, body), "{path} {accepted}");
        assert_eq!(reply.header(&header::CONTENT_ENCODING), encoding, "{path} {accepted}");
        assert_eq!(reply.header(&header::VARY), "accept-encoding", "{path} {accepted}");
    }
    let reply = site.get_encoded(script, "br").await;
    assert_eq!(reply.header(&header::CONTENT_TYPE), "text/javascript");
}

#[tokio::test]
async fn addresses_of_the_page_give_the_page() {
    let site = Site::new().await;
    for path in ["/block/12", "/address/tab1xyz", "/lab?room=a.b", "/assets"] {
        let reply = site.get(path).await;
        assert_eq!((reply.status, reply.body.as_str()), (200, "the page"), "{path}");
        assert_eq!(reply.header(&header::CONTENT_TYPE), "text/html", "{path}");
        assert_eq!(reply.header(&header::CACHE_CONTROL), "no-cache", "{path}");
    }
}

#[tokio::test]
async fn missing_files_are_missing() {
    let site = Site::new().await;
    for path in ["/favicon.ico", "/assets/app-old.js", "/assets/nothing", "/page/x.wasm"] {
        let reply = site.get(path).await;
        assert_eq!(reply.status, 404, "{path}");
        assert_eq!(reply.header(&header::CACHE_CONTROL), "no-cache", "{path}");
    }
    assert_eq!(ask(site.server.address, "POST", "/", "Content-Length: 0\r\n").await.status, 405);
}

#[tokio::test]
async fn nothing_outside_the_directory_is_served() {
    let site = Site::new().await;
    for path in [
        "/../secret",
        "/../secret.txt",
        "/assets/../../secret",
        "/%2e%2e/secret",
        "/..%2fsecret",
        "/%2e%2e%2fsecret.txt",
        "/..%5csecret",
        "/assets/..%2f..%2fsecret",
        "//../secret",
        "/%00/../secret",
        "/%2fetc/passwd",
    ] {
        let reply = site.get(path).await;
        assert_eq!(reply.status, 404, "{path}");
        assert!(!reply.body.contains("SECRET"), "{path}");
    }
}

#[tokio::test]
async fn every_response_carries_the_security_headers() {
    let site = Site::new().await;
    let paths = ["/", "/assets/app-1a2b.js", "/missing.js", "/ws", "/healthz", "/api/config", "/api/none", "/block/12"];
    for path in paths {
        let reply = site.get(path).await;
        let policy = reply.header(&header::CONTENT_SECURITY_POLICY);
        for directive in [
            "default-src 'none'",
            "script-src 'self' 'wasm-unsafe-eval'",
            "style-src 'self'",
            "img-src 'self' data: blob:",
            "font-src 'self'",
            "connect-src 'self' ws: wss:",
            "worker-src 'self'",
            "manifest-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        ] {
            assert!(policy.split("; ").any(|part| part == directive), "{path}: {directive} is not in {policy}");
        }
        assert_eq!(reply.header(&header::X_CONTENT_TYPE_OPTIONS), "nosniff", "{path}");
        assert_eq!(reply.header(&header::REFERRER_POLICY), "no-referrer", "{path}");
        assert_eq!(reply.header(&OPENER_POLICY), "same-origin", "{path}");
    }
}

#[tokio::test]
async fn a_tracker_without_a_page_serves_none() {
    let server = Server::tracker().await;
    for path in ["/", "/index.html", "/block/12"] {
        assert_eq!(get(server.address, path, "").await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn a_directory_without_a_page_is_an_error_at_the_start() {
    let directory = TempDir::new().unwrap();
    let page = Some(directory.path().to_owned());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let started = soon(run(listener, Config { page, ..Config::default() }, std::future::pending())).await;
    assert!(matches!(started, Err(ServerError::NoPage(_))), "{started:?}");
}
