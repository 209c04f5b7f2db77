//! Entity tags (RFC 9110, 8.8.3): an answer's bytes name it, so a tag needs no memory of what was answered before.

use bytes::Bytes;
use domain::hex::hex;
use http::{HeaderValue, StatusCode, header};
use sha2::{Digest, Sha256};

use super::{Answer, Call};

/// The tag of an answer with this body.
#[must_use]
pub fn of(body: &[u8]) -> String {
    let digest = Sha256::digest(body);
    let name = hex(&digest[..16]);
    format!("\"{name}\"")
}

/// Whether the caller has the answer of this tag already, as its `If-None-Match` says. The comparison is the weak one (RFC 9110, 13.1.2): an
/// edge that compresses makes our tags weak.
#[must_use]
pub fn is_known(call: &Call, tag: &str) -> bool {
    call.header("if-none-match").is_some_and(|given| names(given, tag))
}

/// The answer with a body that is the same for everyone until the next release: without the body for a caller who has it (RFC 9110, 15.4.5).
#[must_use]
pub fn answer(call: &Call, tag: &str, kind: &'static str, body: impl Into<Bytes>) -> Answer {
    let known = is_known(call, tag);
    let mut answer = Answer::empty(if known { StatusCode::NOT_MODIFIED } else { StatusCode::OK });
    if !known {
        answer.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        answer.body = body.into();
    }
    answer.with(header::ETAG, tag).with(header::CACHE_CONTROL, "public, max-age=300")
}

fn names(given: &str, tag: &str) -> bool {
    given.split(',').map(str::trim).any(|one| one == "*" || one.strip_prefix("W/").unwrap_or(one) == tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_found_in_any_list() {
        let tag = of(b"body");
        for given in
            [tag.clone(), format!("W/{tag}"), format!("\"a\", {tag}"), format!("\"a\",W/{tag} "), "*".to_owned()]
        {
            assert!(names(&given, &tag), "{given}");
        }
        for given in ["", "\"a\"", "W/", tag.trim_matches('"')] {
            assert!(!names(given, &tag), "{given}");
        }
    }
}
