//! Faults on demand.

use std::collections::VecDeque;
use std::str::FromStr;
use std::time::Duration;

use http::{HeaderValue, Method, Response, StatusCode, header};
use serde::Deserialize;
use serde_json::json;

use super::answers::{error, json_answer};
use super::{Shared, hooks};
use crate::loopback_server::{Answer, Received, lock};

/// A way to go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// An error status with CartOS's error body; 429 and 503 with `Retry-After` in seconds if given.
    Status(u16, Option<u32>),
    /// The right answer, but so much later.
    Slow(Duration),
    /// 200, the beginning of a body, then the connection is cut.
    Cut,
    /// 200 and so many bytes.
    Huge(u64),
    /// 200 and a body that is no JSON.
    Garbage,
    /// 200 and bytes as fast as they are read, without end.
    Endless,
    /// 200 and a byte every 200 ms, without end.
    Drip,
}

impl Fault {
    /// The faulty answer; `None` when the right answer should follow.
    pub(super) async fn answer(self) -> Option<Response<Answer>> {
        let body = match self {
            Self::Status(status, retry_after) => {
                let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                let mut answer = error(status, "demo_fault", "a fault that was asked for");
                if let Some(seconds) = retry_after {
                    answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
                }
                return Some(answer);
            }
            Self::Slow(delay) => {
                tokio::time::sleep(delay).await;
                return None;
            }
            Self::Cut => Answer::Cut("{\"products\":[{\"id\":1,".into()),
            Self::Huge(bytes) => Answer::Huge(bytes),
            Self::Garbage => {
                Answer::whole("<html>Fatal error: Allowed memory size exhausted in /var/www/shop.php\u{0}{]")
            }
            Self::Endless => Answer::Endless,
            Self::Drip => Answer::drip(Duration::from_millis(200)),
        };
        let mut answer = Response::new(body);
        answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Some(answer)
    }
}

/// The text is neither a status nor the name of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a fault is a status from 400 to 599, slow, cut, huge, garbage, endless or drip")]
pub struct UnknownFault;

impl FromStr for Fault {
    type Err = UnknownFault;

    /// A status (`429` comes with `Retry-After: 1`) or a name; `slow` is 5 s and `huge` 64 MiB.
    fn from_str(text: &str) -> Result<Self, UnknownFault> {
        match text {
            "slow" => Ok(Self::Slow(Duration::from_secs(5))),
            "cut" => Ok(Self::Cut),
            "huge" => Ok(Self::Huge(64 * 1024 * 1024)),
            "garbage" => Ok(Self::Garbage),
            "endless" => Ok(Self::Endless),
            "drip" => Ok(Self::Drip),
            "429" => Ok(Self::Status(429, Some(1))),
            status => match status.parse() {
                Ok(status @ 400..=599) => Ok(Self::Status(status, None)),
                _ => Err(UnknownFault),
            },
        }
    }
}

/// Faults still to come, in order.
#[derive(Debug, Default)]
pub(super) struct Faults(VecDeque<(u32, Fault)>);

impl Faults {
    pub(super) fn plan(&mut self, times: u32, fault: Fault) {
        if times > 0 {
            self.0.push_back((times, fault));
        }
    }

    pub(super) fn next(&mut self) -> Option<Fault> {
        let (left, fault) = self.0.front_mut()?;
        let fault = *fault;
        *left -= 1;
        if *left == 0 {
            self.0.pop_front();
        }
        Some(fault)
    }
}

/// The body of `POST /_demo/faults`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    next: u32,
    fault: String,
    /// Seconds, for a status.
    retry_after: Option<u32>,
    /// For `slow`.
    millis: Option<u64>,
    /// For `huge`.
    bytes: Option<u64>,
}

/// The endpoints below `/_demo/`: no key needed, loopback only.
pub(super) fn control(shared: &Shared, received: &Received) -> Response<Answer> {
    match (&received.method, received.target.as_str()) {
        (&Method::GET, "/_demo/calls") => json_answer(StatusCode::OK, &json!({ "calls": shared.record.count() })),
        (&Method::DELETE, "/_demo/faults") => {
            *lock(&shared.faults) = Faults::default();
            json_answer(StatusCode::OK, &json!({}))
        }
        (&Method::POST, "/_demo/events") => hooks::from_outside(shared, &received.body),
        (&Method::POST, "/_demo/faults") => match serde_json::from_slice::<Order>(&received.body) {
            Ok(order) => planned(shared, &order),
            Err(_) => error(StatusCode::BAD_REQUEST, "invalid_body", "expected {\"next\": 1, \"fault\": \"429\"}"),
        },
        _ => error(StatusCode::NOT_FOUND, "not_found", "no such control"),
    }
}

fn planned(shared: &Shared, order: &Order) -> Response<Answer> {
    let fault = match order.fault.parse() {
        Ok(Fault::Status(status, preset)) => Fault::Status(status, order.retry_after.or(preset)),
        Ok(Fault::Slow(preset)) => Fault::Slow(order.millis.map_or(preset, Duration::from_millis)),
        Ok(Fault::Huge(preset)) => Fault::Huge(order.bytes.unwrap_or(preset)),
        Ok(other) => other,
        Err(unknown) => return error(StatusCode::BAD_REQUEST, "unknown_fault", &unknown.to_string()),
    };
    lock(&shared.faults).plan(order.next, fault);
    json_answer(StatusCode::OK, &json!({ "next": order.next, "fault": order.fault }))
}
