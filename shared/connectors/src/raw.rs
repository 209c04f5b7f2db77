//! The query string and form body of a raw call: which parameters are dropped, which refused.
//!
//! Platforms written in PHP read `rest.route` and `rest route` as `rest_route`; names are compared as such a server reads them.

use std::borrow::Cow;

use bytes::Bytes;
use http::{HeaderMap, Method, header};
use url::form_urlencoded;

use crate::connector::{RawCall, Refusal};

/// What a platform would understand in parameters besides its own business.
pub(crate) struct ParameterRules {
    /// Credentials: taken out, the store's go in.
    pub(crate) dropped: &'static [&'static str],
    /// Names that begin so are taken out too.
    pub(crate) dropped_prefixes: &'static [&'static str],
    /// Parameters that change the path or method which was checked: refused.
    pub(crate) refused: &'static [&'static str],
}

/// Checks what a raw call carries besides its path and headers, and gives the query to send on: pairs that stay are byte for byte
/// as they came, in their order.
pub(crate) fn clean_query(call: &RawCall<'_>, rules: &ParameterRules) -> Result<Option<String>, Refusal> {
    // A server that answers TRACE sends the request back, the store's credential with it (RFC 9110 9.3.8).
    if matches!(call.method, Method::TRACE | Method::CONNECT) {
        return Err(Refusal::NotSupported("TRACE and CONNECT are not passed on."));
    }
    check_form(call.headers, &call.body, rules)?;
    let Some(query) = call.query else {
        return Ok(None);
    };
    if !query.bytes().all(|byte| byte.is_ascii_graphic() && !b"#\"<>\\".contains(&byte)) {
        return Err(Refusal::Query);
    }
    let mut kept = Vec::new();
    for pair in query.split('&') {
        let name = pair.split('=').next().unwrap_or_default();
        let name =
            as_php_reads(&form_urlencoded::parse(name.as_bytes()).next().map_or(Cow::Borrowed(""), |(name, _)| name));
        if let Some(refused) = rules.refused.iter().find(|refused| **refused == name) {
            return Err(Refusal::Parameter(refused));
        }
        let is_dropped = rules.dropped.contains(&name.as_str())
            || rules.dropped_prefixes.iter().any(|prefix| name.starts_with(prefix));
        if !is_dropped {
            kept.push(pair);
        }
    }
    let kept = kept.join("&");
    Ok(if kept.is_empty() { None } else { Some(kept) })
}

/// A form body may carry the same parameters as the query, and wins over it in PHP.
fn check_form(headers: &HeaderMap, body: &Bytes, rules: &ParameterRules) -> Result<(), Refusal> {
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let content_type = types.next().map(|value| String::from_utf8_lossy(value.as_bytes()).trim().to_ascii_lowercase());
    if types.next().is_some() {
        return Err(Refusal::Header(header::CONTENT_TYPE.as_str().to_owned()));
    }
    let content_type = content_type.unwrap_or_default();
    if content_type.starts_with("application/x-www-form-urlencoded") {
        for (name, _) in form_urlencoded::parse(body) {
            let name = as_php_reads(&name);
            if let Some(refused) = rules.refused.iter().find(|refused| **refused == name) {
                return Err(Refusal::Parameter(refused));
            }
        }
    } else if content_type.starts_with("multipart/") {
        // Part names are not parsed here: any appearance of a refused name in the head of a part is enough.
        let text: String = String::from_utf8_lossy(body).chars().map(underscored).collect();
        if let Some(refused) = rules.refused.iter().find(|refused| text.contains(&format!("name=\"{refused}"))) {
            return Err(Refusal::Parameter(refused));
        }
        if let Some(refused) = rules.refused.iter().find(|refused| text.contains(&format!("name={refused}"))) {
            return Err(Refusal::Parameter(refused));
        }
    }
    Ok(())
}

/// A parameter's name as PHP registers it: leading spaces gone; dots, spaces and a stray `[` are underscores; what follows `[` is
/// an index.
fn as_php_reads(name: &str) -> String {
    let name = name.trim_start_matches(' ').split('\0').next().unwrap_or_default();
    let base = match (name.find('['), name.find(']')) {
        (Some(open), Some(close)) if open > 0 && open < close => &name[..open],
        _ => name,
    };
    base.chars().map(underscored).collect()
}

fn underscored(c: char) -> char {
    if matches!(c, '.' | ' ' | '[') { '_' } else { c }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RawPath;

    const RULES: ParameterRules = ParameterRules {
        dropped: &["consumer_key"],
        dropped_prefixes: &["oauth_"],
        refused: &["rest_route", "_method"],
    };

    fn clean(query: &str, content_type: &str, body: &'static str) -> Result<Option<String>, Refusal> {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, content_type.parse().unwrap());
        let path = RawPath::parse("x").unwrap();
        let call = RawCall {
            method: Method::POST,
            path: &path,
            query: Some(query),
            headers: &headers,
            body: Bytes::from_static(body.as_bytes()),
        };
        clean_query(&call, &RULES)
    }

    #[test]
    fn what_stays_stays_byte_for_byte() {
        for (query, expected) in [
            ("a=1&b=%20x+y&a=2", Some("a=1&b=%20x+y&a=2")),
            ("consumer_key=ck&a=1&oauth_nonce=2", Some("a=1")),
            ("consumer%5Fkey=x", None),
            ("consumer.key=x&b", Some("b")),
            ("", None),
            ("oauth_signature[0]=x", None),
            ("filter[x]=1", Some("filter[x]=1")),
        ] {
            assert_eq!(clean(query, "application/json", "{}").unwrap().as_deref(), expected, "{query}");
        }
    }

    #[test]
    fn methods_that_would_show_the_credential_are_refused() {
        let path = RawPath::parse("x").unwrap();
        for method in [Method::TRACE, Method::CONNECT] {
            let call = RawCall { method, path: &path, query: None, headers: &HeaderMap::new(), body: Bytes::new() };
            assert!(matches!(clean_query(&call, &RULES), Err(Refusal::NotSupported(_))));
        }
    }

    #[test]
    fn parameters_that_change_the_call_are_refused() {
        for query in [
            "rest_route=/wc/v3/orders",
            "a=1&rest.route=x",
            "%72est_route=x",
            "+rest_route=x",
            "rest[route=x",
            "_method=DELETE",
            "_method[]=x",
        ] {
            assert!(matches!(clean(query, "application/json", ""), Err(Refusal::Parameter(_))), "{query}");
        }
        assert_eq!(clean("a=b#c", "application/json", ""), Err(Refusal::Query));
        assert_eq!(clean("a=\r\n", "application/json", ""), Err(Refusal::Query));
        let form = "application/x-www-form-urlencoded; charset=utf-8";
        assert_eq!(clean("", form, "a=1&rest%5Froute=/wc"), Err(Refusal::Parameter("rest_route")));
        assert_eq!(clean("", form, "a=rest_route"), Ok(None));
        let part = "--b\r\nContent-Disposition: form-data; name=\"rest.route\"\r\n\r\n/wc\r\n--b--";
        assert_eq!(clean("", "multipart/form-data; boundary=b", part), Err(Refusal::Parameter("rest_route")));
    }
}
