//! What a platform announces about the end of what is called: `Deprecation` (RFC 9745) and `Sunset` (RFC 8594) in its answers (R146).

use http::HeaderMap;
use jiff::Timestamp;

/// What answers of a store said about the end of such calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Notice {
    /// Such calls are deprecated, or will be.
    pub deprecated: bool,
    /// From when they may not be answered any more.
    pub sunset: Option<Timestamp>,
}

impl Notice {
    /// What one answer says. A date that cannot be read counts as a deprecation without a date: that something ends matters more than when.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        let sunset = headers.get("sunset");
        // RFC 9745 has `@1688169599`; its drafts had dates and `true`, and platforms still send them.
        let deprecation = headers.get("deprecation").is_some_and(|value| !matches!(value.as_bytes(), b"false" | b"?0"));
        Self {
            deprecated: deprecation || sunset.is_some(),
            sunset: sunset
                .and_then(|value| jiff::fmt::rfc2822::parse(value.to_str().ok()?.trim()).ok())
                .map(|date| date.timestamp()),
        }
    }

    /// What this and another answer of the same call say together: the earlier date counts.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let sunset = match (self.sunset, other.sunset) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        Self { deprecated: self.deprecated || other.deprecated, sunset }
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn said(lines: &[(&'static str, &'static str)]) -> (bool, Option<String>) {
        let headers =
            lines.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        let notice = Notice::of(&headers.collect());
        (notice.deprecated, notice.sunset.map(|date| date.to_string()))
    }

    #[test]
    fn r146_a_platforms_announcements_are_read() {
        let date = Some("2027-03-31T23:59:59Z".to_owned());
        assert_eq!(said(&[]), (false, None));
        assert_eq!(said(&[("sunset", "Wed, 31 Mar 2027 23:59:59 GMT")]), (true, date.clone()));
        assert_eq!(said(&[("deprecation", "@1688169599")]), (true, None));
        assert_eq!(said(&[("deprecation", "true"), ("sunset", "Wed, 31 Mar 2027 23:59:59 GMT")]), (true, date));
        assert_eq!(said(&[("sunset", "soon")]), (true, None));
        for no in ["false", "?0"] {
            assert_eq!(said(&[("deprecation", no)]), (false, None), "{no}");
        }
    }

    #[test]
    fn r146_the_earliest_date_of_a_call_counts() {
        let at = |second| Notice { deprecated: true, sunset: Timestamp::from_second(second).ok() };
        assert_eq!(at(20).and(at(10)), at(10));
        assert_eq!(at(10).and(Notice::default()), at(10));
        assert_eq!(Notice::default().and(Notice::default()), Notice::default());
    }
}
