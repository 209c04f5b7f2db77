//! The description of the API, as `cargo run -p openapi` made it of the code.

use std::sync::LazyLock;

use cloud::http::{Answer, Call};
use http::{HeaderValue, StatusCode, header};
use sha2::{Digest, Sha256};

static DOCUMENT: &str = include_str!("../openapi.json");

/// Names this version of the document: the same in every instance of a release.
static ETAG: LazyLock<String> = LazyLock::new(|| {
    let digest = Sha256::digest(DOCUMENT.as_bytes());
    let hex: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("\"{hex}\"")
});

/// `GET /v1/openapi.json`: the same for everyone until the next release.
pub(crate) fn show(call: &Call) -> Answer {
    let asked = call.header("if-none-match").unwrap_or_default();
    // Weak comparison (RFC 9110, 13.1.2): caches on the way may have weakened the tag.
    let known = asked.split(',').map(|tag| tag.trim().trim_start_matches("W/")).any(|tag| tag == *ETAG || tag == "*");
    let mut answer = Answer::empty(if known { StatusCode::NOT_MODIFIED } else { StatusCode::OK });
    if !known {
        answer.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        answer.body = DOCUMENT.as_bytes().into();
    }
    answer.with(header::ETAG, &ETAG).with(header::CACHE_CONTROL, "public, max-age=300")
}
