//! Which headers of a raw call go through, in both directions.

use std::collections::HashSet;

use http::header::{self, HeaderMap, HeaderName};

use crate::connector::Refusal;

/// Headers that belong to one connection (RFC 9110 7.6.1 and what came before it).
const HOP_BY_HOP: &[&str] = &[
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Headers of the caller that are ours, the edge's or the next client's to write: our authentication, credentials that would
/// compete with the store's, and where the call came from.
const NOT_THE_STORES: &[&str] = &[
    "authorization",
    "cookie",
    "x-api-key",
    "host",
    "content-length",
    "expect",
    "user-agent",
    "via",
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-proto",
    "x-real-ip",
    "true-client-ip",
    "x-original-url",
    "x-rewrite-url",
    "x-wp-nonce",
];

/// Headers by which a platform would run another method than the one whose scope was checked.
const METHOD_OVERRIDES: &[&str] = &["x-http-method-override", "x-http-method", "x-method-override"];

/// Names of our own answer headers. A platform's header of that name is passed on with `upstream-` before it.
const OURS: &[&str] = &[
    "x-request-id",
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
    "ratelimit",
    "ratelimit-policy",
    "ratelimit-limit",
    "ratelimit-remaining",
    "ratelimit-reset",
];

/// The headers of a raw call that go upstream: without hop-by-hop headers and those that `Connection` names, without ours and the
/// edge's. The platform's own authentication is put in afterwards by the connector.
///
/// # Errors
/// [`Refusal::Header`] for what two servers could read differently: a name with an underscore (PHP and CGI read it as a hyphen),
/// `Transfer-Encoding`, several or malformed `Content-Length`s, a method override.
pub fn for_upstream(caller: &HeaderMap) -> Result<HeaderMap, Refusal> {
    refuse_smuggling(caller)?;
    let named = named_by_connection(caller);
    let mut headers = HeaderMap::with_capacity(caller.len());
    for (name, value) in caller {
        let text = name.as_str();
        let is_edge = text.starts_with("x-amz") || text.starts_with("cloudfront-") || text.starts_with("cf-");
        // No intermediary may take a person's `Sec-GPC: 1` away (Global Privacy Control, W3C draft, 3.2), whatever `Connection` names.
        let is_named = named.contains(name) && text != "sec-gpc";
        if HOP_BY_HOP.contains(&text) || NOT_THE_STORES.contains(&text) || is_edge || is_named {
            continue;
        }
        headers.append(name.clone(), value.clone());
    }
    Ok(headers)
}

/// The headers of a platform's answer that go back to the caller: all but hop-by-hop ones and the length, which the edge writes
/// anew. Those whose names are ours get `upstream-` before them; `Retry-After` stays.
#[must_use]
pub fn from_upstream(answer: &HeaderMap) -> HeaderMap {
    let named = named_by_connection(answer);
    let mut headers = HeaderMap::with_capacity(answer.len());
    for (name, value) in answer {
        let text = name.as_str();
        if HOP_BY_HOP.contains(&text) || text == "content-length" || named.contains(name) {
            continue;
        }
        if !OURS.contains(&text) {
            headers.append(name.clone(), value.clone());
        } else if let Ok(renamed) = HeaderName::try_from(format!("upstream-{text}")) {
            headers.append(renamed, value.clone());
        }
    }
    headers
}

fn refuse_smuggling(caller: &HeaderMap) -> Result<(), Refusal> {
    for (name, value) in caller {
        let text = name.as_str();
        if text.contains('_') || METHOD_OVERRIDES.contains(&text) || text == "transfer-encoding" {
            return Err(Refusal::Header(text.to_owned()));
        }
        // `HeaderValue` lets neither CR, LF nor NUL in; bytes over 127 have no agreed meaning, but are legal.
        if value.as_bytes().iter().any(|byte| byte.is_ascii_control() && *byte != b'\t') {
            return Err(Refusal::Header(text.to_owned()));
        }
    }
    let mut lengths = caller.get_all(header::CONTENT_LENGTH).iter();
    let first = lengths.next();
    if lengths.next().is_some() || first.is_some_and(|length| !length.as_bytes().iter().all(u8::is_ascii_digit)) {
        return Err(Refusal::Header(header::CONTENT_LENGTH.as_str().to_owned()));
    }
    Ok(())
}

fn named_by_connection(headers: &HeaderMap) -> HashSet<HeaderName> {
    let values = headers.get_all(header::CONNECTION).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).filter_map(|name| HeaderName::try_from(name.trim()).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(headers: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        map
    }

    #[test]
    fn ours_and_hop_by_hop_headers_stay_behind() {
        let caller = map(&[
            ("authorization", "Bearer ctg_x"),
            ("x-api-key", "ctg_x"),
            ("cookie", "a=b"),
            ("connection", "close, X-Private, Sec-GPC"),
            ("x-private", "1"),
            ("sec-gpc", "1"),
            ("keep-alive", "5"),
            ("te", "trailers"),
            ("host", "api.example"),
            ("content-length", "2"),
            ("x-forwarded-for", "192.0.2.1"),
            ("x-amzn-trace-id", "r"),
            ("accept", "application/json"),
            ("content-type", "text/csv"),
            ("x-custom", "1"),
            ("x-custom", "2"),
        ]);
        let sent = for_upstream(&caller).unwrap();
        assert_eq!(
            sent,
            map(&[
                ("sec-gpc", "1"),
                ("accept", "application/json"),
                ("content-type", "text/csv"),
                ("x-custom", "1"),
                ("x-custom", "2"),
            ])
        );
    }

    #[test]
    fn what_could_be_read_twice_is_refused() {
        for (headers, name) in [
            (map(&[("transfer-encoding", "chunked")]), "transfer-encoding"),
            (map(&[("content-length", "1"), ("content-length", "2")]), "content-length"),
            (map(&[("content-length", "+1")]), "content-length"),
            (map(&[("x_http_method_override", "DELETE")]), "x_http_method_override"),
            (map(&[("x-http-method-override", "DELETE")]), "x-http-method-override"),
        ] {
            assert_eq!(for_upstream(&headers), Err(Refusal::Header(name.to_owned())));
        }
    }

    #[test]
    fn the_platforms_headers_come_back() {
        let answer = map(&[
            ("x-wp-total", "4"),
            ("retry-after", "3"),
            ("x-ratelimit-limit", "2"),
            ("set-cookie", "a"),
            ("set-cookie", "b"),
            ("content-length", "9"),
            ("transfer-encoding", "chunked"),
            ("connection", "x-hop"),
            ("x-hop", "1"),
        ]);
        let expected = map(&[
            ("x-wp-total", "4"),
            ("retry-after", "3"),
            ("upstream-x-ratelimit-limit", "2"),
            ("set-cookie", "a"),
            ("set-cookie", "b"),
        ]);
        assert_eq!(from_upstream(&answer), expected);
    }
}
