//! Calls of the stack's API, as any client makes them.

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use serde_json::Value;
use testkit::plain_http::{PlainHttp, PlainHttpError};

/// A client of one API.
#[derive(Debug, Clone)]
pub(crate) struct Api {
    base: String,
    http: PlainHttp,
}

/// Why a call did not do what it was for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    #[error("{call}: {cause}")]
    Connection { call: String, cause: PlainHttpError },
    #[error("{call} answered {status}: {body}")]
    Refused { call: String, status: StatusCode, body: String },
    #[error("{call} answered without {what}")]
    Missing { call: String, what: &'static str },
}

/// An answer of the API.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) request_id: String,
    pub(crate) body: Value,
}

impl Api {
    pub(crate) fn new(base: &str) -> Self {
        Self { base: base.trim_end_matches('/').to_owned(), http: PlainHttp::default() }
    }

    /// Sends one call with a key, if there is one, and a JSON body, if it is not null.
    ///
    /// # Errors
    /// [`CallError`], for a status outside 200–299 too.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        key: Option<&str>,
        body: Value,
    ) -> Result<Answer, CallError> {
        let call = format!("{method} {path}");
        let mut request =
            Request::builder().method(method).uri(format!("{}{path}", self.base)).header("user-agent", "cartage-local");
        if let Some(key) = key {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        let bytes = match body {
            Value::Null => Bytes::new(),
            body => {
                request = request.header("content-type", "application/json");
                body.to_string().into()
            }
        };
        let refused = |status, body: &[u8]| {
            let body = String::from_utf8_lossy(body).trim().to_owned();
            CallError::Refused { call: call.clone(), status, body }
        };
        let request =
            request.body(bytes).map_err(|_| refused(StatusCode::BAD_REQUEST, b"the call is not valid HTTP"))?;
        let answer =
            self.http.send(request).await.map_err(|cause| CallError::Connection { call: call.clone(), cause })?;
        if !answer.status().is_success() {
            return Err(refused(answer.status(), answer.body()));
        }
        let header = answer.headers().get("x-request-id").and_then(|value| value.to_str().ok());
        let request_id = header.unwrap_or_default().to_owned();
        let body = serde_json::from_slice(answer.body()).unwrap_or_default();
        Ok(Answer { request_id, body })
    }

    /// A call whose answer must have a text field.
    ///
    /// # Errors
    /// [`CallError`], also when the field is not there.
    pub(crate) async fn field(
        &self,
        method: Method,
        path: &str,
        key: Option<&str>,
        body: Value,
        field: &'static str,
    ) -> Result<String, CallError> {
        let call = format!("{method} {path}");
        let answer = self.call(method, path, key, body).await?;
        answer.body[field].as_str().map(str::to_owned).ok_or(CallError::Missing { call, what: field })
    }
}
