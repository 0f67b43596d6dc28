//! The page: files of one directory, and `index.html` for every address that the page itself understands.

use crate::headers::ASSETS;
use axum::{
    body::Body,
    extract::Request,
    http::{StatusCode, Uri},
    response::{IntoResponse, Response},
};
use std::path::Path;
use tower::ServiceExt;
use tower_http::services::{ServeDir, ServeFile};

/// The file behind every address of the page.
pub(crate) const INDEX: &str = "index.html";

/// What the router falls back to.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    files: ServeDir,
    index: ServeFile,
}

impl Page {
    /// Serves `directory`; files compressed ahead (`.br`, `.gz`) lie beside the originals.
    pub(crate) fn new(directory: &Path) -> Self {
        let files = ServeDir::new(directory)
            .redirect_to_trailing_slash(false)
            .ignore_multi_range_requests(true)
            .precompressed_br()
            .precompressed_gzip();
        let index = ServeFile::new(directory.join(INDEX))
            .ignore_multi_range_requests(true)
            .precompressed_br()
            .precompressed_gzip();
        Self { files, index }
    }

    pub(crate) async fn serve(self, request: Request) -> Response {
        let (parts, _) = request.into_parts();
        let again = Request::from_parts(parts.clone(), Body::empty());
        let Ok(response) = self.files.oneshot(Request::from_parts(parts, Body::empty())).await;
        if response.status() != StatusCode::NOT_FOUND {
            return response.into_response();
        }
        if !is_page_address(again.uri()) {
            return not_found();
        }
        let Ok(response) = self.index.oneshot(again).await;
        response.into_response()
    }
}

/// The answer where there is no file and no page.
pub(crate) fn not_found() -> Response {
    (StatusCode::NOT_FOUND, "not found\n").into_response()
}

/// Whether the page may understand an address that is no file. With a dot it would be a file that
/// is missing, or an attempt to leave the directory; neither may look like a success.
fn is_page_address(uri: &Uri) -> bool {
    let path = uri.path().to_ascii_lowercase();
    let suspicious = [".", "%2e", "%2f", "%5c", "%00", "\\"];
    !path.starts_with(ASSETS) && !suspicious.iter().any(|part| path.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_the_page_have_no_extension() {
        for path in ["/", "/block/12", "/address/tab1xyz", "/search/a%20b", "/block/12?x=a.b"] {
            assert!(is_page_address(&path.parse().unwrap()), "{path}");
        }
        for path in ["/a.js", "/assets/x", "/../x", "/%2e%2E/x", "/a%2fb", "/a%5Cb", "/a%00"] {
            assert!(!is_page_address(&path.parse().unwrap()), "{path}");
        }
    }
}
