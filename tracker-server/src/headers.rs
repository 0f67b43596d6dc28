//! The headers that every response carries.

use axum::{
    extract::Request,
    http::{HeaderName, HeaderValue, header},
    middleware::Next,
    response::Response,
};

/// Where the page's files live whose names change with their content.
pub(crate) const ASSETS: &str = "/assets/";

/// What the page may load and run. Nothing by default, then one by one:
/// - scripts: our own files, and WebAssembly, which needs a word of its own; no inline script, so
///   that text from other peers can never become one;
/// - styles: our own files only, since injected style can leak what is on the page;
/// - images: our own, and those the page makes itself (QR codes, charts, downloads);
/// - connections: ourselves, and any tracker, because the page's address may name another one
///   (WebRTC is not covered by this policy);
/// - workers: the node's and the miners', and the service worker that keeps the page for times without us;
/// - no base address, no form target and no frame around the page: nothing here needs them, and
///   each is a way to mislead a user.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; \
     style-src 'self'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self' ws: wss:; \
     worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// On every response: the policy; types are never guessed; no address of the page (it may name a
/// room) reaches other sites; no other page gets a handle on ours.
const FIXED: [(HeaderName, &str); 4] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
];

/// Files whose names change with their content are kept for a year, the longest that caches honour.
const IMMUTABLE: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// Everything else is asked for again, so that a new version of the page shows at once.
const REVALIDATE: HeaderValue = HeaderValue::from_static("no-cache");

/// Middleware that adds the headers.
pub(crate) async fn add(request: Request, next: Next) -> Response {
    let is_asset = request.uri().path().starts_with(ASSETS);
    let mut response = next.run(request).await;
    // Only what was found: a missing file may be there tomorrow.
    let is_found = response.status().is_success() || response.status() == axum::http::StatusCode::NOT_MODIFIED;
    let headers = response.headers_mut();
    for (name, value) in FIXED {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let cache = if is_asset && is_found { IMMUTABLE } else { REVALIDATE };
    headers.insert(header::CACHE_CONTROL, cache);
    response
}
