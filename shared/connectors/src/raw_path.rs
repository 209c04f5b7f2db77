//! The path of a raw call: checked, never rewritten.
//!
//! What passes goes upstream byte for byte. What an upstream server, a library or a proxy between could read as another path, host
//! or request is refused: dot segments in any encoding (also twice encoded), backslashes, control characters, a scheme, `//`, `@`
//! before the first slash, fragments, a query inside the path.

use std::fmt;

/// The longest path let through, in bytes.
const MAX_LENGTH: usize = 2048;

/// A path below a store's address, without the leading slash, that is safe to append to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawPath(String);

/// Why a path is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RawPathError {
    /// Longer than 2,048 bytes.
    #[error("the path is too long")]
    TooLong,
    /// A character that cannot stand in a path unencoded (control, space, quote, bracket, backslash, not ASCII).
    #[error("the path holds a character that must be percent-encoded")]
    Character,
    /// A percent sign without two hexadecimal digits.
    #[error("the path holds a broken percent-encoding")]
    Encoding,
    /// `.` or `..` as a segment, in whatever encoding.
    #[error("the path holds a dot segment")]
    DotSegment,
    /// An encoded slash, backslash, control character or question mark that servers disagree about.
    #[error("the path holds an encoded separator or control character")]
    HiddenSeparator,
    /// An empty segment (`//`): servers read it as a host or skip it.
    #[error("the path holds an empty segment")]
    EmptySegment,
    /// A scheme, a host or a user name.
    #[error("the path holds a scheme or a host")]
    Absolute,
}

impl RawPath {
    /// Checks a path. One leading slash is dropped; the rest stays byte for byte.
    ///
    /// # Errors
    /// The first reason for which it is refused.
    pub fn parse(text: &str) -> Result<Self, RawPathError> {
        if text.len() > MAX_LENGTH {
            return Err(RawPathError::TooLong);
        }
        let path = text.strip_prefix('/').unwrap_or(text);
        if !path.bytes().all(is_path_byte) {
            return Err(RawPathError::Character);
        }
        let segments: Vec<&str> = path.split('/').collect();
        for (index, segment) in segments.iter().enumerate() {
            let is_last = index + 1 == segments.len();
            check_segment(segment)?;
            if segment.is_empty() && !is_last {
                return Err(RawPathError::EmptySegment);
            }
        }
        // "https:", "shop.example:8080" or "user@host" in front would be harmless after our slash, but nothing legitimate looks so.
        let first = segments.first().copied().unwrap_or_default();
        if first.contains(':') || first.contains('@') {
            return Err(RawPathError::Absolute);
        }
        Ok(Self(path.to_owned()))
    }

    /// The path without its leading slash, as it came.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The path without its escapes, however often it was escaped: what it may speak of. Not to be sent anywhere.
    #[must_use]
    pub fn decoded(&self) -> String {
        decode_fully(&self.0)
    }

    /// The segments that are not empty, percent-decoded and in lower case: how a lenient server reads them.
    pub(crate) fn lenient_segments(&self) -> Vec<String> {
        self.0
            .split('/')
            .filter(|segment| !segment.is_empty())
            .map(|segment| decode_fully(segment).to_ascii_lowercase())
            .collect()
    }
}

impl fmt::Display for RawPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// RFC 3986 `pchar` and `/`; everything else must come encoded.
fn is_path_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@%/".contains(&byte)
}

/// A segment is decoded until nothing changes any more: `%252e` is a dot to a server behind a proxy that decodes once.
fn check_segment(segment: &str) -> Result<(), RawPathError> {
    if !has_whole_escapes(segment) {
        return Err(RawPathError::Encoding);
    }
    let decoded = decode_fully(segment);
    // A path parameter (`..;x`) is cut off by some servers before they resolve dots.
    let before_parameter = decoded.split(';').next().unwrap_or_default();
    if [decoded.as_str(), before_parameter].iter().any(|text| *text == "." || *text == "..") {
        return Err(RawPathError::DotSegment);
    }
    if decoded.chars().any(|c| c.is_control() || c == '/' || c == '\\' || c == '?' || c == '#') {
        return Err(RawPathError::HiddenSeparator);
    }
    // A full-width or overlong form of these is a separator to servers that fold Unicode.
    if decoded
        .chars()
        .any(|c| matches!(c, '\u{2024}' | '\u{2025}' | '\u{ff0e}' | '\u{ff0f}' | '\u{ff3c}' | '\u{2215}' | '\u{fffd}'))
    {
        return Err(RawPathError::HiddenSeparator);
    }
    Ok(())
}

fn has_whole_escapes(segment: &str) -> bool {
    let bytes = segment.as_bytes();
    bytes.iter().enumerate().all(|(index, byte)| {
        *byte != b'%' || bytes.get(index + 1..index + 3).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    })
}

/// Percent-decoding until a fixed point; each round makes the text shorter, so it ends.
fn decode_fully(segment: &str) -> String {
    let mut text = segment.to_owned();
    loop {
        let decoded = percent_encoding::percent_decode_str(&text).decode_utf8_lossy().into_owned();
        if decoded == text {
            return text;
        }
        text = decoded;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn legitimate_paths_stay_byte_for_byte() {
        for (given, expected) in [
            ("/api/products", "api/products"),
            ("wp-json/wc/v3/products/12", "wp-json/wc/v3/products/12"),
            ("api/products/", "api/products/"),
            ("api/tags/caf%C3%A9%20au%20lait", "api/tags/caf%C3%A9%20au%20lait"),
            ("api/tags/50%25", "api/tags/50%25"),
            ("api/a...b/..c/.well-known", "api/a...b/..c/.well-known"),
            ("rest/V1/products/24-MB01;v=1,a:b@c", "rest/V1/products/24-MB01;v=1,a:b@c"),
            ("", ""),
            ("/", ""),
        ] {
            assert_eq!(RawPath::parse(given).as_ref().map(RawPath::as_str), Ok(expected), "{given}");
        }
    }

    #[test]
    fn tricks_are_refused() {
        use RawPathError::{Absolute, Character, DotSegment, EmptySegment, Encoding, HiddenSeparator, TooLong};
        for (given, expected) in [
            ("..", DotSegment),
            ("api/../admin", DotSegment),
            ("api/./x", DotSegment),
            ("api/%2e%2e/admin", DotSegment),
            ("api/%2E./admin", DotSegment),
            ("api/.%2e", DotSegment),
            ("api/%252e%252e/x", DotSegment),
            ("api/%25252e%25252e", DotSegment),
            ("api/..;/x", DotSegment),
            ("api/..;a=b/x", DotSegment),
            ("api/%2e%2e%3b/x", DotSegment),
            ("api/..%2fadmin", HiddenSeparator),
            ("api/%2f%2fevil.example", HiddenSeparator),
            ("api/%5c..%5cx", HiddenSeparator),
            ("api/%255cx", HiddenSeparator),
            ("api/%00", HiddenSeparator),
            ("api/%0d%0aHost:%20x", HiddenSeparator),
            ("api/%3fx=1", HiddenSeparator),
            ("api/%23x", HiddenSeparator),
            ("api/%c0%ae%c0%ae/x", HiddenSeparator),
            ("api/%ef%bc%8e", HiddenSeparator),
            ("api\\..\\x", Character),
            ("api/a b", Character),
            ("api/\r\nx", Character),
            ("api/\0", Character),
            ("api/ü", Character),
            ("api?x=1", Character),
            ("api#x", Character),
            ("api/<x>", Character),
            ("api/\"", Character),
            ("//evil.example/x", EmptySegment),
            ("api//x", EmptySegment),
            ("///", EmptySegment),
            ("http://evil.example/", Absolute),
            ("https:evil", Absolute),
            ("user@evil.example/x", Absolute),
            ("evil.example:80/x", Absolute),
            ("api/%", Encoding),
            ("api/%2", Encoding),
            ("api/%zz", Encoding),
        ] {
            let result = RawPath::parse(given);
            assert!(result == Err(expected) || (result.is_err() && expected == Absolute), "{given}: {result:?}");
        }
        assert_eq!(RawPath::parse(&"a".repeat(2049)), Err(TooLong));
    }

    proptest! {
        #[test]
        fn no_input_panics_and_what_passes_stays_below_the_store(text in ".{0,60}") {
            if let Ok(path) = RawPath::parse(&text) {
                let url = crate::StoreAddress::parse("https://shop.example/base", crate::Loopback::Denied).unwrap().with(&format!("/{path}"), None);
                prop_assert_eq!(url.host_str(), Some("shop.example"));
                prop_assert_eq!(url.path(), format!("/base/{path}"));
            }
        }

        #[test]
        fn path_like_input_never_leaves_the_store(text in "(/|\\.|%2e|%2E|%252e|%2f|%5c|\\\\|a|;|@|:|%|%25|%c0%ae|\\?|#){0,12}") {
            if let Ok(path) = RawPath::parse(&text) {
                let url = crate::StoreAddress::parse("https://shop.example/base", crate::Loopback::Denied).unwrap().with(&format!("/{path}"), None);
                prop_assert_eq!(url.path(), format!("/base/{path}"));
            }
        }
    }
}
