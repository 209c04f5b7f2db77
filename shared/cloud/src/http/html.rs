//! Pages: plain HTML that works without a script, for people who follow a link.

use http::{HeaderValue, StatusCode, header};

use super::{Answer, Call};

/// The pages need no script, no style and no picture, and nobody may frame them.
const POLICY: &str = "default-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Whether a call comes from a browser that shows pages.
#[must_use]
pub fn is_wanted(call: &Call) -> bool {
    call.header("accept").is_some_and(|accept| accept.contains("text/html"))
}

/// A page. What stands in `body` is HTML: whatever of it is not ours has been escaped.
#[must_use]
pub fn page(status: StatusCode, title: &str, body: &str) -> Answer {
    let text = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <meta name=\"robots\" content=\"noindex\"><title>{title}</title></head><body><h1>{title}</h1>{body}</body></html>"
    );
    let mut answer = Answer::empty(status);
    answer.body = text.into();
    answer.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    answer
        .with(header::CONTENT_SECURITY_POLICY, POLICY)
        // The address may hold a token.
        .with(header::REFERRER_POLICY, "no-referrer")
        .with(header::X_FRAME_OPTIONS, "DENY")
}
