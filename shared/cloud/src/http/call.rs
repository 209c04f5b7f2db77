//! A call as API Gateway hands it over (HTTP API, payload format 2.0).

use std::{borrow::Cow, collections::HashMap, net::IpAddr};

use base64::Engine;
use bytes::Bytes;
use domain::id::RequestId;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use jiff::Timestamp;

use super::problem::{Code, FieldError, Problem};
use crate::{boot::Budget, clock::Clock};

/// The largest request body, in bytes. A Lambda event holds 6 MB and API Gateway may encode the body in base64, which
/// leaves 4.5 MB; a little less keeps room for the headers.
pub const BODY_LIMIT: usize = 4_300_000;

/// What API Gateway sends, as far as it is used. Written by hand because it is on the path of every call: the general type
/// reads five times as many fields.
#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GatewayEvent {
    raw_path: String,
    #[serde(default)]
    raw_query_string: String,
    #[serde(default)]
    headers: HashMap<String, String>,
    #[serde(default)]
    cookies: Vec<String>,
    request_context: RequestContext,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

#[derive(serde::Deserialize)]
struct RequestContext {
    http: Http,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Http {
    method: String,
    #[serde(default)]
    source_ip: Option<String>,
}

/// One call of the API. It has no `Debug`: headers and body hold credentials and personal data.
pub struct Call {
    /// Names the call in the answer, in the logs and in support.
    pub id: RequestId,
    /// When it came in.
    pub received: Timestamp,
    /// What remains of the invocation.
    pub budget: Budget,
    /// The HTTP method.
    pub method: Method,
    /// The path, percent-encoding as API Gateway left it.
    pub path: String,
    /// The query without its `?`, as the caller sent it.
    pub query: String,
    /// The headers; names are lower case.
    pub headers: HeaderMap,
    /// The body's bytes.
    pub body: Bytes,
    /// Where the call came from.
    pub source: Option<IpAddr>,
}

impl Call {
    /// Takes a call from API Gateway's event.
    ///
    /// # Errors
    /// The call to answer with, and a problem, where a header or the body cannot be taken.
    pub fn read(event: GatewayEvent, budget: Budget, clock: &Clock) -> (Self, Result<(), Problem>) {
        let mut outcome = Ok(());
        let mut headers = HeaderMap::with_capacity(event.headers.len());
        for (name, value) in &event.headers {
            match (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_bytes(value.as_bytes())) {
                (Ok(name), Ok(value)) => {
                    headers.append(name, value);
                }
                _ => outcome = Err(Problem::new(Code::HeaderRefused)),
            }
        }
        if !event.cookies.is_empty() {
            match HeaderValue::from_str(&event.cookies.join("; ")) {
                Ok(value) => {
                    headers.insert(http::header::COOKIE, value);
                }
                Err(_) => outcome = Err(Problem::new(Code::HeaderRefused)),
            }
        }
        let body = match (event.body, event.is_base64_encoded) {
            (None, _) => Bytes::new(),
            (Some(text), false) => Bytes::from(text),
            (Some(text), true) => match base64::engine::general_purpose::STANDARD.decode(text) {
                Ok(bytes) => Bytes::from(bytes),
                Err(_) => {
                    outcome = Err(Problem::new(Code::BodyInvalid));
                    Bytes::new()
                }
            },
        };
        if body.len() > BODY_LIMIT {
            outcome = Err(Problem::new(Code::BodyTooLarge).detail(format!("at most {BODY_LIMIT} bytes")));
        }
        let method = Method::from_bytes(event.request_context.http.method.as_bytes()).unwrap_or_else(|_| {
            outcome = Err(Problem::new(Code::MethodNotAllowed));
            Method::GET
        });
        let call = Self {
            id: RequestId::from_uuid(clock.new_id()),
            received: clock.now(),
            budget,
            method,
            path: event.raw_path,
            query: event.raw_query_string,
            headers,
            body,
            source: event.request_context.http.source_ip.and_then(|text| text.parse().ok()),
        };
        (call, outcome)
    }

    /// A header's value as text; one that is not ASCII counts as missing.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The path in its segments, without the empty ones at its ends.
    #[must_use]
    pub fn segments(&self) -> Vec<&str> {
        self.path.trim_matches('/').split('/').collect()
    }

    /// The query's names and values, decoded.
    pub fn parameters(&self) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
        url::form_urlencoded::parse(self.query.as_bytes())
    }

    /// Whether the body comes from a page's form.
    #[must_use]
    pub fn is_form(&self) -> bool {
        let kind = self.header("content-type").and_then(|kind| kind.split(';').next());
        kind.is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded"))
    }

    /// Reads the body as JSON into `T`.
    ///
    /// Unknown fields are refused when `T` says `deny_unknown_fields`, keys that stand twice always are: serde's derived
    /// structs refuse them.
    ///
    /// # Errors
    /// [`Code::BodyInvalid`] for what is not JSON, [`Code::ValidationFailed`] for JSON that does not fit. Neither repeats a
    /// value of the body.
    pub fn json<T: serde::de::DeserializeOwned>(&self) -> Result<T, Problem> {
        read_json(&self.body)
    }
}

/// Reads JSON into `T`, as [`Call::json`] reads a body.
///
/// # Errors
/// As there.
pub fn read_json<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    // serde would take a list for an object, field by field in their order.
    let is_list = body.trim_ascii_start().starts_with(b"[");
    let read = if is_list {
        serde_json::from_slice::<serde::de::IgnoredAny>(body)
            .and_then(|_| Err(serde::de::Error::custom("the body is a list")))
    } else {
        serde_json::from_slice(body)
    };
    read.map_err(|error| {
        use serde_json::error::Category;
        let place = format!("line {}, column {}", error.line(), error.column());
        match error.classify() {
            Category::Data => Problem::fields(vec![FieldError::new(pointer_of(&error), describe(&error, &place))]),
            Category::Syntax | Category::Eof | Category::Io => {
                Problem::new(Code::BodyInvalid).detail(format!("at {place}"))
            }
        }
    })
}

/// The field a serde message names between backticks, as a JSON pointer; the root where it names none.
fn pointer_of(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let named = ["unknown field `", "missing field `", "duplicate field `"]
        .iter()
        .find_map(|start| text.strip_prefix(start)?.split_once('`').map(|(name, _)| name.to_owned()));
    named.map_or_else(String::new, |name| format!("/{}", name.replace('~', "~0").replace('/', "~1")))
}

/// serde's own words where they name only our fields, else the place alone: a message may quote a value of the body.
fn describe(error: &serde_json::Error, place: &str) -> String {
    let text = error.to_string();
    for (start, meaning) in [
        ("unknown field", "there is no such field"),
        ("missing field", "the field is required"),
        ("duplicate field", "the field stands twice"),
        ("unknown variant", "the value is not one of those allowed"),
        ("invalid type", "the value has the wrong type"),
        ("invalid length", "the list has the wrong length"),
    ] {
        if text.starts_with(start) {
            return format!("{meaning} (at {place})");
        }
    }
    format!("the value is not allowed (at {place})")
}
