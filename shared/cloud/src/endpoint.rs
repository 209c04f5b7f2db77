//! One attempt to deliver: signed, sent, and turned into what is recorded of it.

use std::time::Duration;

use bytes::Bytes;
use domain::delivery::{AttemptError, Failure, life::Met};
use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{CONTENT_TYPE, USER_AGENT},
};
use jiff::Timestamp;
use url::Url;

use crate::{
    dynamo::deliveries::Attempt,
    egress::{Egress, EgressError, Posted},
    signing::{Secrets, sign},
};

const ID: HeaderName = HeaderName::from_static("webhook-id");
const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");
const CARTOS_SIGNATURE: HeaderName = HeaderName::from_static("x-cartos-signature");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
/// Who calls. An endpoint's owner knows whom to ask, so unlike a store it is told no contact.
const AGENT: HeaderValue = HeaderValue::from_static(concat!("Cartage/", env!("CARGO_PKG_VERSION")));

/// An attempt that is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// What is recorded.
    pub attempt: Attempt,
    /// What it means.
    pub met: Met,
}

/// Posts `body` to an endpoint as the attempt of `at`, signed with its secrets. `id` is the `webhook-id`: it stays the same when the same
/// event is sent again.
pub async fn attempt(egress: &Egress, url: &str, secrets: &Secrets, id: &str, at: Timestamp, body: Bytes) -> Tried {
    let signed = sign(secrets, id, at, &body);
    let value = |text: &str| HeaderValue::from_str(text).ok();
    let headers: Option<HeaderMap> = [
        (ID, value(id)),
        (TIMESTAMP, value(&at.as_second().to_string())),
        (SIGNATURE, value(&signed.webhook)),
        (CARTOS_SIGNATURE, value(&signed.cartos)),
        (CONTENT_TYPE, Some(JSON)),
        (USER_AGENT, Some(AGENT)),
    ]
    .into_iter()
    .map(|(name, value)| Some((name, value?)))
    .collect();
    let posted = match (url.parse::<Url>(), headers) {
        (Ok(url), Some(headers)) => egress.post(&url, headers, body).await,
        // It was a URL when it was kept.
        _ => Posted {
            status: None,
            error: Some(EgressError::Refused),
            retry_after: None,
            bytes: 0,
            took: Duration::ZERO,
        },
    };
    recorded(at, &posted)
}

fn recorded(at: Timestamp, posted: &Posted) -> Tried {
    let status = posted.status.map(|status| status.as_u16());
    let error = posted.error.map(|error| match error {
        EgressError::Refused => AttemptError::Refused,
        EgressError::Unreachable => AttemptError::Unreachable,
        EgressError::Broken | EgressError::TooLarge => AttemptError::Broken,
        EgressError::Timeout => AttemptError::Timeout,
    });
    let attempt = Attempt {
        at,
        status,
        error,
        milliseconds: u32::try_from(posted.took.as_millis()).unwrap_or(u32::MAX),
        bytes: u32::try_from(posted.bytes).unwrap_or(u32::MAX),
    };
    let taken = error.is_none() && posted.status.is_some_and(|status| status.is_success());
    let met = if taken { Met::Taken } else { Met::Failure(Failure { status, error }, posted.retry_after) };
    Tried { attempt, met }
}
