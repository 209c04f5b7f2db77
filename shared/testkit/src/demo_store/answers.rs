//! The CartOS REST API over the store's things.

use std::collections::VecDeque;
use std::time::Duration;

use http::{HeaderValue, Method, Response, StatusCode, header};
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::state::{ChangeError, Kind};
use super::{Shared, hooks};
use crate::loopback_server::{Answer, Received, lock, parameter, rfc3339, unix_now};

const SECOND: Duration = Duration::from_secs(1);

/// A sliding window of one second over all keys.
#[derive(Debug)]
pub(super) struct Limit {
    per_second: u32,
    recent: VecDeque<Instant>,
}

impl Default for Limit {
    fn default() -> Self {
        Self::per_second(1000)
    }
}

impl Limit {
    pub(super) fn per_second(calls: u32) -> Self {
        Self { per_second: calls, recent: VecDeque::new() }
    }

    /// How many calls are left after this one, or none when this one is too many.
    fn take(&mut self) -> Option<u32> {
        let now = Instant::now();
        while self.recent.front().is_some_and(|first| now.duration_since(*first) >= SECOND) {
            self.recent.pop_front();
        }
        let used = u32::try_from(self.recent.len()).unwrap_or(u32::MAX);
        let left = self.per_second.checked_sub(used)?.checked_sub(1)?;
        self.recent.push_back(now);
        Some(left)
    }
}

/// Answers a call.
pub(super) fn answer(shared: &Shared, received: &Received) -> Response<Answer> {
    let (per_second, left) = {
        let mut limit = lock(&shared.limit);
        let left = limit.take();
        (limit.per_second, left)
    };
    let mut answer = match left {
        Some(_) => route(shared, received).unwrap_or_else(|refusal| refusal),
        None => {
            let mut answer = error(StatusCode::TOO_MANY_REQUESTS, "rate_limited", "too many requests");
            answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(1));
            answer
        }
    };
    let headers = answer.headers_mut();
    headers.insert("x-ratelimit-limit", HeaderValue::from(per_second));
    headers.insert("x-ratelimit-remaining", HeaderValue::from(left.unwrap_or(0)));
    headers.insert("x-ratelimit-reset", HeaderValue::from(unix_now() + 1));
    answer
}

fn route(shared: &Shared, received: &Received) -> Result<Response<Answer>, Response<Answer>> {
    let path = received.target.split('?').next().unwrap_or_default();
    let nowhere = || error(StatusCode::NOT_FOUND, "not_found", "no such resource");
    let mut segments = path.trim_start_matches('/').trim_end_matches('/').split('/');
    if segments.next() != Some("api") {
        return Err(nowhere());
    }
    let scopes = authenticate(shared, received)?;
    let name = segments.next().unwrap_or_default();
    let kind = Kind::ALL.into_iter().find(|kind| kind.plural() == name);
    let id = match segments.next() {
        Some(id) => Some(id.parse::<u64>().map_err(|_| nowhere())?),
        None => None,
    };
    if segments.next().is_some() {
        return Err(nowhere());
    }
    let verb = if matches!(received.method, Method::GET | Method::HEAD) { "read" } else { "write" };
    let scope = format!("{name}:{verb}");
    if !scopes.is_empty() && !scopes.contains(&scope) {
        return Err(error(StatusCode::FORBIDDEN, "insufficient_scope", &format!("the key lacks the scope {scope}")));
    }
    if name == "webhooks" {
        return Ok(hooks::answer(shared, received, id));
    }
    let kind = kind.ok_or_else(nowhere)?;
    match (&received.method, id) {
        (&Method::GET | &Method::HEAD, None) => list(shared, kind, &received.target),
        (&Method::GET | &Method::HEAD, Some(id)) => {
            let state = lock(&shared.state);
            let thing = state.get(kind, id).ok_or_else(nowhere)?;
            Ok(json_answer(StatusCode::OK, &json!({ kind.singular(): thing })))
        }
        (&Method::POST, None) if kind != Kind::Inventory => {
            let sent = object(received)?;
            let created =
                lock(&shared.state).create(kind, sent, &rfc3339(unix_now())).map_err(|reason| refused(&reason))?;
            hooks::changed(shared, kind, "created", &created);
            Ok(json_answer(StatusCode::CREATED, &json!({ kind.singular(): created })))
        }
        (&Method::PUT | &Method::PATCH, Some(id)) => {
            let sent = object(received)?;
            let changed =
                lock(&shared.state).update(kind, id, sent, &rfc3339(unix_now())).map_err(|reason| refused(&reason))?;
            hooks::changed(shared, kind, "updated", &changed);
            Ok(json_answer(StatusCode::OK, &json!({ kind.singular(): changed })))
        }
        (&Method::DELETE, Some(id)) if kind != Kind::Inventory => {
            lock(&shared.state).delete(kind, id).map_err(|reason| refused(&reason))?;
            hooks::changed(shared, kind, "deleted", &json!({ "id": id }));
            let mut answer = Response::new(Answer::whole(""));
            *answer.status_mut() = StatusCode::NO_CONTENT;
            Ok(answer)
        }
        _ => Err(error(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "the resource does not know this method")),
    }
}

/// The scopes of the caller's key; an empty list stands for all.
fn authenticate(shared: &Shared, received: &Received) -> Result<Vec<String>, Response<Answer>> {
    let mut given = received.headers.get_all("x-api-key").iter();
    let unknown = || error(StatusCode::UNAUTHORIZED, "unauthorized", "the API key is missing or unknown");
    let key = given.next().and_then(|value| value.to_str().ok()).ok_or_else(unknown)?;
    if given.next().is_some() {
        return Err(unknown());
    }
    lock(&shared.keys).get(key).cloned().ok_or_else(unknown)
}

fn list(shared: &Shared, kind: Kind, target: &str) -> Result<Response<Answer>, Response<Answer>> {
    let number = |name: &str, default: usize, most: usize| match parameter(target, name) {
        None => Ok(default),
        Some(text) => text.parse().ok().filter(|number| (1..=most).contains(number)).ok_or_else(|| {
            error(StatusCode::BAD_REQUEST, "invalid_parameter", &format!("{name} must be a number from 1 to {most}"))
        }),
    };
    let page = number("page", 1, 1_000_000)?;
    let per_page = number("per_page", 25, 100)?;
    let updated_after = parameter(target, "updated_after");
    if updated_after.as_deref().is_some_and(|time| !(time.len() >= 20 && time.ends_with('Z') && time.is_ascii())) {
        return Err(error(StatusCode::BAD_REQUEST, "invalid_parameter", "updated_after must be RFC 3339 in UTC"));
    }
    let found = match parameter(target, "ids") {
        Some(ids) => lock(&shared.state).these(kind, &ids),
        None => lock(&shared.state).page(kind, page, per_page, updated_after.as_deref()),
    };
    let pagination = json!({ "total": found.total, "page": page, "per_page": per_page, "total_pages": found.total.div_ceil(per_page) });
    Ok(json_answer(StatusCode::OK, &json!({ kind.plural(): found.rows, "pagination": pagination })))
}

fn object(received: &Received) -> Result<Map<String, Value>, Response<Answer>> {
    match serde_json::from_slice(&received.body) {
        Ok(Value::Object(object)) => Ok(object),
        _ => Err(error(StatusCode::BAD_REQUEST, "invalid_json", "the body must be a JSON object")),
    }
}

fn refused(reason: &ChangeError) -> Response<Answer> {
    match reason {
        ChangeError::NotFound => error(StatusCode::NOT_FOUND, "not_found", "no such resource"),
        ChangeError::Invalid(why) => error(StatusCode::UNPROCESSABLE_ENTITY, "validation_failed", why),
        ChangeError::SkuTaken => error(StatusCode::CONFLICT, "sku_taken", "another product has this sku"),
    }
}

/// `{"error": {"code", "message"}}`.
pub(super) fn error(status: StatusCode, code: &str, message: &str) -> Response<Answer> {
    json_answer(status, &json!({ "error": { "code": code, "message": message } }))
}

pub(super) fn json_answer(status: StatusCode, body: &Value) -> Response<Answer> {
    let mut answer = Response::new(Answer::whole(body.to_string()));
    *answer.status_mut() = status;
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}
