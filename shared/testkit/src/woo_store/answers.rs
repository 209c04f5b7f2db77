//! Which part of the store a call is for, and how it answers.

use http::{HeaderName, HeaderValue, Method, Response, StatusCode, header};
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use super::{LIST_HEADERS, Shared, cocart, oauth};
use crate::loopback_server::{Answer, Received, lock};

/// Below the site.
pub(super) const API: &str = "/wp-json/wc/v3/";

/// Headers of the capture that say nothing about one connection or one list.
const CAPTURED: &[&str] = &[
    "X-Powered-By",
    "X-Robots-Tag",
    "X-Content-Type-Options",
    "Access-Control-Expose-Headers",
    "Access-Control-Allow-Headers",
    "Expires",
    "Cache-Control",
    "Pragma",
];

type Result<T> = std::result::Result<T, Response<Answer>>;

/// Answers a call.
pub(super) fn answer(shared: &Shared, received: &Received) -> Response<Answer> {
    let mut answer = route(shared, received).unwrap_or_else(|refusal| refusal);
    for line in LIST_HEADERS.lines() {
        let Some((name, value)) = line.split_once(": ") else { continue };
        if let (true, Ok(name), Ok(value)) =
            (CAPTURED.contains(&name), HeaderName::try_from(name), HeaderValue::from_str(value.trim()))
        {
            answer.headers_mut().insert(name, value);
        }
    }
    answer
}

fn route(shared: &Shared, received: &Received) -> Result<Response<Answer>> {
    let path = received.target.split('?').next().unwrap_or_default();
    if let (true, Some(path)) = (shared.has_cocart, path.strip_prefix(cocart::API)) {
        return cocart::answer(shared, received, path);
    }
    let Some(path) = path.strip_prefix(API) else {
        return Err(no_route());
    };
    if !oauth::is_signed(shared, received) {
        let message = "Sorry, you cannot list resources.";
        return Err(error(StatusCode::UNAUTHORIZED, "woocommerce_rest_cannot_view", message));
    }
    let path = path.trim_end_matches('/');
    if received.method == Method::GET && path == "data/currencies/current" {
        let currency = json!({ "code": "USD", "name": "United States (US) dollar", "symbol": "&#36;" });
        return Ok(whole(StatusCode::OK, currency.to_string()));
    }
    if let Some(path) = path.strip_prefix("webhooks") {
        return shared.hooks.answer(received, path);
    }
    let answer = lock(&shared.records).answer(received, path)?;
    shared.hooks.changed(received, path, &answer);
    Ok(answer)
}

/// The id of a product's text.
pub(super) fn id_of(product: &RawValue) -> Option<u64> {
    #[derive(Deserialize)]
    struct Id {
        id: u64,
    }
    serde_json::from_str::<Id>(product.get()).ok().map(|product| product.id)
}

pub(super) fn no_route() -> Response<Answer> {
    error(StatusCode::NOT_FOUND, "rest_no_route", "No route was found matching the URL and request method.")
}

/// `{"code", "message", "data": {"status"}}`.
pub(super) fn error(status: StatusCode, code: &str, message: &str) -> Response<Answer> {
    whole(status, json!({ "code": code, "message": message, "data": { "status": status.as_u16() } }).to_string())
}

pub(super) fn whole(status: StatusCode, body: String) -> Response<Answer> {
    let mut answer = Response::new(Answer::whole(body));
    *answer.status_mut() = status;
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=UTF-8"));
    answer
}
