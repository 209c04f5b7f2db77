//! Signature Version 4 of AWS, of requests whose path and headers are ours (AWS General Reference, "Create a signed AWS API request").
//!
//! Paths and queries come percent-encoded, queries in the order of their names, header values have no blanks at their ends or in a row: nothing has to be normalised. The key
//! of a day is derived once. ring does the hashing, because it is in the tree as the TLS stack's provider.

use std::fmt::Write;

use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use ring::{digest, hmac};
use secrecy::zeroize::Zeroizing;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// Stands for the hash of a body that is not signed.
pub(super) const UNSIGNED: &str = "UNSIGNED-PAYLOAD";
const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// A time as AWS writes it: `20150830T123600Z`.
pub(super) struct Stamp(String);

impl Stamp {
    pub(super) fn of(time: Timestamp) -> Self {
        Self(time.strftime("%Y%m%dT%H%M%SZ").to_string())
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn date(&self) -> &str {
        &self.0[..8]
    }
}

/// What a key is good for.
pub(super) struct Scope<'a> {
    pub(super) date: &'a str,
    pub(super) region: &'a str,
    pub(super) service: &'a str,
}

impl Scope<'_> {
    fn write(&self, to: &mut String) {
        for part in [self.date, "/", self.region, "/", self.service, "/aws4_request"] {
            to.push_str(part);
        }
    }
}

/// The key of one scope. ring's key shows nothing of itself.
pub(super) struct SigningKey {
    date: String,
    key: hmac::Key,
}

impl SigningKey {
    pub(super) fn derive(secret: &str, scope: &Scope<'_>) -> Self {
        let first = Zeroizing::new(format!("AWS4{secret}"));
        let mut key = hmac::Key::new(hmac::HMAC_SHA256, first.as_bytes());
        for part in [scope.date, scope.region, scope.service, "aws4_request"] {
            key = hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&key, part.as_bytes()).as_ref());
        }
        Self { date: scope.date.to_owned(), key }
    }

    pub(super) fn is_of(&self, date: &str) -> bool {
        self.date == date
    }

    /// The signature of a canonical request.
    pub(super) fn signature(&self, stamp: &Stamp, scope: &Scope<'_>, canonical: &str) -> String {
        let mut text = String::with_capacity(192);
        text.push_str(ALGORITHM);
        text.push('\n');
        text.push_str(stamp.as_str());
        text.push('\n');
        scope.write(&mut text);
        text.push('\n');
        text.push_str(&hex_digest(canonical.as_bytes()));
        hex(hmac::sign(&self.key, text.as_bytes()).as_ref())
    }
}

/// What is signed.
pub(super) struct Canonical {
    pub(super) text: String,
    pub(super) signed_headers: String,
}

/// The request in the form in which both sides hash it. `headers` are in the order of their names.
pub(super) fn canonical_request(
    method: &str,
    path: &str,
    query: &str,
    headers: &[(&str, &str)],
    payload: &str,
) -> Canonical {
    let length: usize = headers.iter().map(|(name, value)| 2 * name.len() + value.len() + 3).sum();
    let mut signed_headers = String::with_capacity(length);
    let mut text = String::with_capacity(length + path.len() + query.len() + 96);
    for part in [method, "\n", path, "\n", query, "\n"] {
        text.push_str(part);
    }
    for (name, value) in headers {
        if !signed_headers.is_empty() {
            signed_headers.push(';');
        }
        signed_headers.push_str(name);
        for part in [*name, ":", *value, "\n"] {
            text.push_str(part);
        }
    }
    text.push('\n');
    text.push_str(&signed_headers);
    text.push('\n');
    text.push_str(payload);
    Canonical { text, signed_headers }
}

/// The query that lets whoever has the address do what is signed, for so many seconds ("Authenticating Requests: Using Query Parameters"): without
/// the signature, which is over it. `more` are the action's own parameters, whose names come after `X-Amz-` in the order of bytes, encoded.
pub(super) fn presigned_query(
    access_key: &str,
    token: Option<&str>,
    scope: &Scope<'_>,
    stamp: &Stamp,
    seconds: u64,
    more: &[(&str, &str)],
) -> String {
    let mut credential = format!("{access_key}/");
    scope.write(&mut credential);
    let mut query = format!(
        "X-Amz-Algorithm={ALGORITHM}&X-Amz-Credential={}&X-Amz-Date={}&X-Amz-Expires={seconds}",
        encoded(&credential),
        stamp.as_str()
    );
    if let Some(token) = token {
        let _ = write!(query, "&X-Amz-Security-Token={}", encoded(token));
    }
    query.push_str("&X-Amz-SignedHeaders=host");
    for (name, value) in more {
        let _ = write!(query, "&{name}={}", encoded(value));
    }
    query
}

/// What may stand in a query as it is: RFC 3986's unreserved characters.
fn encoded(text: &str) -> String {
    const PLAIN: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    utf8_percent_encode(text, &PLAIN).to_string()
}

/// The header that carries a signature.
pub(super) fn authorization(access_key: &str, scope: &Scope<'_>, signed_headers: &str, signature: &str) -> String {
    let mut text = String::with_capacity(256);
    // Writing to a string does not fail.
    let _ = write!(text, "{ALGORITHM} Credential={access_key}/");
    scope.write(&mut text);
    let _ = write!(text, ", SignedHeaders={signed_headers}, Signature={signature}");
    text
}

/// SHA-256 in hexadecimal digits.
pub(super) fn hex_digest(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

fn hex(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from(DIGITS[usize::from(half)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCESS: &str = "AKIDEXAMPLE";
    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
    const SCOPE: Scope<'static> = Scope { date: "20150830", region: "us-east-1", service: "service" };

    fn stamp() -> Stamp {
        Stamp::of("2015-08-30T12:36:00Z".parse().unwrap())
    }

    fn signature(method: &str, headers: &[(&str, &str)], body: &str) -> String {
        let canonical = canonical_request(method, "/", "", headers, &hex_digest(body.as_bytes()));
        SigningKey::derive(SECRET, &SCOPE).signature(&stamp(), &SCOPE, &canonical.text)
    }

    /// From AWS's test suite for Signature Version 4 (`get-vanilla`, `post-vanilla`, `post-x-www-form-urlencoded`, `get-header-key-duplicate`'s
    /// neighbours are not for us: we send no header twice).
    #[test]
    fn aws_test_vectors_hold() {
        let plain = [("host", "example.amazonaws.com"), ("x-amz-date", "20150830T123600Z")];
        assert_eq!(signature("GET", &plain, ""), "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
        assert_eq!(signature("POST", &plain, ""), "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b");
        let form = [("content-type", "application/x-www-form-urlencoded"), plain[0], plain[1]];
        assert_eq!(
            signature("POST", &form, "Param1=value1"),
            "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"
        );
    }

    #[test]
    fn the_header_is_as_in_the_test_suite() {
        let plain = [("host", "example.amazonaws.com"), ("x-amz-date", "20150830T123600Z")];
        let canonical = canonical_request("GET", "/", "", &plain, &hex_digest(b""));
        assert_eq!(
            authorization(ACCESS, &SCOPE, &canonical.signed_headers, &signature("GET", &plain, "")),
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, \
             Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
        );
    }

    /// The example of S3's documentation, "Authenticating Requests: Using Query Parameters".
    #[test]
    fn an_address_that_is_signed_is_the_one_of_the_documentation() {
        const ACCESS: &str = "AKIAIOSFODNN7EXAMPLE";
        const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
        let scope = Scope { date: "20130524", region: "us-east-1", service: "s3" };
        let stamp = Stamp::of("2013-05-24T00:00:00Z".parse().unwrap());
        let query = presigned_query(ACCESS, None, &scope, &stamp, 86_400, &[]);
        assert_eq!(
            query,
            "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request\
             &X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
        );
        let host = [("host", "examplebucket.s3.amazonaws.com")];
        let canonical = canonical_request("GET", "/test.txt", &query, &host, UNSIGNED);
        assert_eq!(
            SigningKey::derive(SECRET, &scope).signature(&stamp, &scope, &canonical.text),
            "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
        );
    }

    #[test]
    fn a_key_is_of_one_day() {
        let key = SigningKey::derive(SECRET, &SCOPE);
        assert!(key.is_of("20150830") && !key.is_of("20150831"));
    }
}
