//! Asking Shopify and reading what it says: data, errors that come with 200, and "throttled".

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::Door;
use super::query::Document;
use crate::allowance::{Allowance, Refill};
use crate::connector::{InboundResponse, ReadError, Turn};
use crate::request::OutboundRequest;
use crate::upstream::{public, success};

/// How often a query is sent that Shopify throttles, the first time included.
const TRIES: u8 = 4;

/// The shortest wait after a throttled query: it would not be throttled if there were nothing to wait for.
const SHORTEST: Duration = Duration::from_millis(200);

/// The longest wait that is believed; the largest bucket fills within it.
const LONGEST: Duration = Duration::from_secs(60);

/// What came of some documents.
pub(super) enum Answers {
    /// The `data` of each, in their order.
    Data(Vec<Bytes>),
    /// One of them costs more than Shopify lets a query cost.
    TooExpensive,
}

impl Answers {
    /// The data of documents that are small by their nature.
    pub(super) fn data(self) -> Result<Vec<Bytes>, ReadError> {
        match self {
            Self::Data(data) => Ok(data),
            Self::TooExpensive => Err(ReadError::Upstream {
                status: StatusCode::BAD_REQUEST,
                retry_after: None,
                text: "the query costs more than Shopify allows".to_owned(),
            }),
        }
    }
}

/// What comes after the answers.
pub(super) type Next = Box<dyn FnOnce(Answers) -> Result<Turn, ReadError> + Send>;

/// Sends documents and goes on with their data. Those that Shopify throttles are sent again when its bucket has room for them.
pub(super) fn ask(door: Door, documents: &[Document], next: Next) -> Turn {
    let asked = documents.iter().map(|document| (door.request(document), None)).collect();
    attempt(door, asked, 1, next)
}

/// Sends one document and goes on with its data.
pub(super) fn ask_one(
    door: Door,
    document: &Document,
    next: impl FnOnce(Bytes) -> Result<Turn, ReadError> + Send + 'static,
) -> Turn {
    let next = |answers: Answers| match answers.data()?.pop() {
        Some(data) => next(data),
        None => Err(ReadError::Unreadable("no answer")),
    };
    ask(door, std::slice::from_ref(document), Box::new(next))
}

type Asked = Vec<(OutboundRequest, Option<Bytes>)>;

fn attempt(door: Door, mut asked: Asked, tries: u8, next: Next) -> Turn {
    let open = asked.iter().filter(|(_, data)| data.is_none());
    let requests = open.map(|(request, _)| request.clone()).collect();
    let then = move |answers: Vec<InboundResponse>| {
        let mut answers = answers.into_iter();
        let mut wait = None;
        for (request, data) in asked.iter_mut().filter(|(_, data)| data.is_none()) {
            let answer = answers.next().ok_or(ReadError::Unreadable("an answer is missing"))?;
            match read(&answer, &door, request.cost())? {
                Verdict::Data(text) => *data = Some(text),
                Verdict::Throttled(longer) => wait = wait.max(Some(longer)),
                Verdict::TooExpensive => return next(Answers::TooExpensive),
            }
        }
        match wait {
            None => next(Answers::Data(asked.into_iter().filter_map(|(_, data)| data).collect())),
            Some(wait) if tries < TRIES => {
                Ok(Turn::Wait { wait, then: Box::new(attempt(door, asked, tries + 1, next)) })
            }
            Some(wait) => Err(ReadError::Upstream {
                status: StatusCode::TOO_MANY_REQUESTS,
                retry_after: Some(wait),
                text: "Throttled".to_owned(),
            }),
        }
    };
    Turn::Send { requests, then: Box::new(then) }
}

/// What an answer is, if it is no failure.
enum Verdict {
    Data(Bytes),
    Throttled(Duration),
    TooExpensive,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
    #[serde(borrow, default)]
    errors: Option<&'a RawValue>,
    #[serde(default)]
    extensions: Option<Extensions>,
}

#[derive(Deserialize)]
struct Extensions {
    #[serde(default)]
    cost: Option<Cost>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Cost {
    #[serde(default)]
    requested_query_cost: Option<f64>,
    throttle_status: ThrottleStatus,
}

/// Whole numbers that some answers write as `1000.0`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ThrottleStatus {
    maximum_available: f64,
    currently_available: f64,
    restore_rate: f64,
}

#[derive(Deserialize)]
struct GraphError<'a> {
    #[serde(borrow, default)]
    message: Cow<'a, str>,
    #[serde(borrow, default)]
    extensions: Option<ErrorExtensions<'a>>,
}

#[derive(Deserialize)]
struct ErrorExtensions<'a> {
    #[serde(borrow, default)]
    code: Option<Cow<'a, str>>,
}

impl GraphError<'_> {
    fn code(&self) -> &str {
        self.extensions.as_ref().and_then(|extensions| extensions.code.as_deref()).unwrap_or_default()
    }
}

fn read(answer: &InboundResponse, door: &Door, cost: u32) -> Result<Verdict, ReadError> {
    let body = success(answer, &door.credential)?;
    let envelope: Envelope<'_> =
        serde_json::from_slice(body).map_err(|_| ReadError::Unreadable("not a GraphQL answer"))?;
    let data = envelope.data.filter(|data| data.get() != "null");
    // An error of the whole request is a text where those of fields are a list.
    let errors: Vec<GraphError<'_>> = match envelope.errors {
        None => Vec::new(),
        Some(errors) => serde_json::from_str(errors.get())
            .unwrap_or_else(|_| vec![GraphError { message: Cow::Borrowed(errors.get()), extensions: None }]),
    };
    if errors.iter().any(|error| error.code() == "THROTTLED") {
        let status = envelope.extensions.and_then(|extensions| extensions.cost);
        return Ok(Verdict::Throttled(until_there_is_room(status.as_ref(), cost)));
    }
    if errors.iter().any(|error| error.code() == "MAX_COST_EXCEEDED") {
        return Ok(Verdict::TooExpensive);
    }
    match data {
        // What the credential may not see inside an object is null in it, and the rest is there (`unitCost` without that permission).
        Some(data) if errors.iter().all(|error| error.code() == "ACCESS_DENIED") => {
            Ok(Verdict::Data(answer.body.slice_ref(data.get().as_bytes())))
        }
        None if errors.is_empty() => Err(ReadError::Unreadable("neither data nor errors")),
        _ => Err(failure(&errors, door)),
    }
}

/// Errors of the whole query, or of a part that is no matter of permission.
fn failure(errors: &[GraphError<'_>], door: &Door) -> ReadError {
    let code = errors.iter().map(GraphError::code).find(|code| !code.is_empty()).unwrap_or_default();
    let status = match code {
        "ACCESS_DENIED" | "FORBIDDEN" => StatusCode::FORBIDDEN,
        "UNAUTHENTICATED" => StatusCode::UNAUTHORIZED,
        "SHOP_INACTIVE" => StatusCode::PAYMENT_REQUIRED,
        "INTERNAL_SERVER_ERROR" => StatusCode::INTERNAL_SERVER_ERROR,
        "TIMEOUT" => StatusCode::GATEWAY_TIMEOUT,
        "RESOURCE_NOT_FOUND" | "NOT_FOUND" => StatusCode::NOT_FOUND,
        _ => StatusCode::BAD_REQUEST,
    };
    let messages: Vec<&str> = errors.iter().map(|error| error.message.as_ref()).collect();
    ReadError::Upstream { status, retry_after: None, text: public(&messages.join("; "), &door.credential) }
}

/// How long it takes until the bucket has room for a query, by what Shopify said with its refusal.
fn until_there_is_room(cost: Option<&Cost>, estimate: u32) -> Duration {
    let Some(cost) = cost else { return Duration::from_secs(1) };
    let ThrottleStatus { maximum_available, currently_available, restore_rate } = cost.throttle_status;
    let needed = cost.requested_query_cost.unwrap_or(f64::from(estimate)).min(maximum_available);
    let seconds = (needed - currently_available) / restore_rate;
    // Shopify may have said anything: `try_from` refuses what is no duration.
    Duration::try_from_secs_f64(seconds).unwrap_or(Duration::from_secs(1)).clamp(SHORTEST, LONGEST)
}

/// What the answer to a query says is left of the bucket. REST answers speak of another bucket (calls, not points) and count for nothing here.
pub(super) fn allowance(answer: &InboundResponse) -> Option<Allowance> {
    let envelope: Envelope<'_> = serde_json::from_slice(&answer.body).ok()?;
    let ThrottleStatus { maximum_available, currently_available, restore_rate } =
        envelope.extensions?.cost?.throttle_status;
    // `as` takes what is below 0 for 0 and what is too large for the largest.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the numbers are clamped")]
    let whole = |number: f64| number as u32;
    let refill = Refill::Steady { per_second: whole(restore_rate).max(1), capacity: whole(maximum_available) };
    Some(Allowance { available: whole(currently_available), refill })
}
