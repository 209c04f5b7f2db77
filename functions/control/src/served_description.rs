//! The description of the API, as `cargo run -p openapi` made it of the code.

use std::sync::LazyLock;

use cloud::http::{Answer, Call, tag};

static DOCUMENT: &str = include_str!("../openapi.json");

/// Names this version of the document: the same in every instance of a release.
static ETAG: LazyLock<String> = LazyLock::new(|| tag::of(DOCUMENT.as_bytes()));

/// `GET /v1/openapi.json`
pub(crate) fn show(call: &Call) -> Answer {
    tag::answer(call, &ETAG, "application/json", DOCUMENT)
}
