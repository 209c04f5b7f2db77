//! The description of the API, as `cargo run -p openapi` made it of the code.

use std::sync::LazyLock;

use cloud::http::{Answer, Call, tag};
use http::{HeaderValue, StatusCode, header};

static DOCUMENT: &str = include_str!("../openapi.json");

/// Names this version of the document: the same in every instance of a release.
static ETAG: LazyLock<String> = LazyLock::new(|| tag::of(DOCUMENT.as_bytes()));

/// `GET /v1/openapi.json`: the same for everyone until the next release.
pub(crate) fn show(call: &Call) -> Answer {
    let known = tag::is_known(call, &ETAG);
    let mut answer = Answer::empty(if known { StatusCode::NOT_MODIFIED } else { StatusCode::OK });
    if !known {
        answer.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        answer.body = DOCUMENT.as_bytes().into();
    }
    answer.with(header::ETAG, &ETAG).with(header::CACHE_CONTROL, "public, max-age=300")
}
