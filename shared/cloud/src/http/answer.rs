//! An answer on its way back to API Gateway.

use base64::Engine;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use super::{
    call::Call,
    problem::{Code, Problem},
};

/// The largest answer, in bytes, that Lambda passes on: 6 MB of event, less what its own JSON and base64 add.
pub const BODY_LIMIT: usize = 4_300_000;

/// An answer.
pub struct Answer {
    /// The HTTP status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body's bytes.
    pub body: Bytes,
}

impl Answer {
    /// An answer without a body.
    #[must_use]
    pub fn empty(status: StatusCode) -> Self {
        Self { status, headers: HeaderMap::new(), body: Bytes::new() }
    }

    /// An answer in JSON.
    ///
    /// # Panics
    /// Never for our own answer types: their keys are strings and their numbers finite.
    #[must_use]
    pub fn json<T: serde::Serialize>(status: StatusCode, body: &T) -> Self {
        #[expect(clippy::expect_used, reason = "our answer types always serialise")]
        let body = serde_json::to_vec(body).expect("an answer serialises");
        let mut answer = Self { status, headers: HeaderMap::new(), body: body.into() };
        answer.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        answer
    }

    /// An error.
    #[must_use]
    pub fn problem(problem: &Problem, call: &Call) -> Self {
        let mut answer = Self {
            status: problem.code.status(),
            headers: HeaderMap::new(),
            body: problem.body(call.id.as_str()).into(),
        };
        answer.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = problem.retry_after {
            answer.headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        match problem.code.status() {
            StatusCode::UNAUTHORIZED => {
                answer.headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"cartage\""));
            }
            StatusCode::MISDIRECTED_REQUEST => {
                if let Some(Ok(place)) = problem.location.as_deref().map(HeaderValue::from_str) {
                    answer.headers.insert(header::LOCATION, place);
                }
            }
            _ => {}
        }
        answer
    }

    /// Sets a header; a value that cannot stand in one is left out.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }

    /// Puts the headers in place that every answer carries.
    pub fn finish(&mut self, call: &Call) {
        let set = |headers: &mut HeaderMap, name: &'static str, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        };
        set(&mut self.headers, "x-request-id", call.id.as_str());
        set(&mut self.headers, "x-content-type-options", "nosniff");
        if !self.headers.contains_key(header::CACHE_CONTROL) {
            set(&mut self.headers, "cache-control", "no-store");
        }
        if call.header("user-agent").is_none_or(str::is_empty) {
            // R135: a call without a User-Agent is served for now and told.
            set(&mut self.headers, "warning", "299 - \"User-Agent is missing; such calls will be refused\"");
        }
        if self.body.len() > BODY_LIMIT {
            let problem =
                Problem::new(Code::UpstreamTooLarge).detail(format!("at most {BODY_LIMIT} bytes can be passed on"));
            let rate: Vec<_> = self
                .headers
                .iter()
                .filter(|(name, _)| name.as_str().contains("ratelimit") || name.as_str() == "x-request-id")
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect();
            *self = Self::problem(&problem, call);
            self.headers.extend(rate);
        }
    }

    /// The answer in API Gateway's form. Text stays text; everything else travels in base64, byte for byte.
    #[must_use]
    pub fn into_event(self) -> GatewayAnswer {
        let mut cookies = Vec::new();
        let mut headers: Vec<(String, String)> = Vec::with_capacity(self.headers.len());
        for (name, value) in &self.headers {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            if *name == header::SET_COOKIE {
                cookies.push(value);
            } else if let Some((_, joined)) = headers.iter_mut().find(|(seen, _)| seen == name.as_str()) {
                joined.push_str(", ");
                joined.push_str(&value);
            } else {
                headers.push((name.as_str().to_owned(), value));
            }
        }
        let (body, is_base64_encoded) = match String::from_utf8(self.body.into()) {
            Ok(text) => (text, false),
            Err(bytes) => (base64::engine::general_purpose::STANDARD.encode(bytes.as_bytes()), true),
        };
        GatewayAnswer { status_code: self.status.as_u16(), headers: Headers(headers), cookies, body, is_base64_encoded }
    }
}

/// What API Gateway expects from a function (payload format 2.0).
#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GatewayAnswer {
    /// The HTTP status.
    pub status_code: u16,
    headers: Headers,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cookies: Vec<String>,
    /// The body, in base64 where [`GatewayAnswer::is_base64_encoded`] says so.
    pub body: String,
    /// Whether the body is in base64.
    pub is_base64_encoded: bool,
}

struct Headers(Vec<(String, String)>);

impl serde::Serialize for Headers {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}
