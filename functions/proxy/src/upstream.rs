//! Talking to a store: sends what a connector asks for and turns what goes wrong into problems.

use std::time::Duration;

use cloud::{
    boot::Budget,
    egress::{Egress, EgressError},
    http::{Code, FieldError, Problem, problem},
    journal::UpstreamUse,
};
use connectors::{InboundResponse, OutboundRequest, Outcome, ReadError, Refusal, Turn};
use futures_util::{StreamExt, TryStreamExt, stream};
use http::StatusCode;

/// Requests of one call that travel to a store at a time: five is what the strictest platform grants a client.
const AT_ONCE: usize = 4;

/// Drives a connector's turns to their end.
pub(crate) async fn drive(
    egress: &Egress,
    mut turn: Turn,
    budget: Budget,
    used: &mut UpstreamUse,
) -> Result<Outcome, Problem> {
    loop {
        match turn {
            Turn::Done(outcome) => return Ok(outcome),
            Turn::Send { requests, then } => {
                let answers = send_all(egress, &requests, budget, used).await?;
                turn = then(answers).map_err(|error| unreadable(&error))?;
            }
        }
    }
}

async fn send_all(
    egress: &Egress,
    requests: &[OutboundRequest],
    budget: Budget,
    used: &mut UpstreamUse,
) -> Result<Vec<InboundResponse>, Problem> {
    let started = tokio::time::Instant::now();
    let mut calls = 0;
    let answers: Result<Vec<_>, _> = stream::iter(requests)
        .map(|request| egress.send(request, budget))
        .buffered(AT_ONCE)
        .inspect(|outcome| calls += outcome.calls)
        .map(|outcome| outcome.result)
        .try_collect()
        .await;
    used.calls += calls;
    used.waited += started.elapsed();
    let answers = answers.map_err(no_answer)?;
    used.status = answers.last().map(|answer| answer.status.as_u16());
    Ok(answers)
}

/// Sends one request whose answer is passed on as it is.
pub(crate) async fn send(
    egress: &Egress,
    request: &OutboundRequest,
    budget: Budget,
    used: &mut UpstreamUse,
) -> Result<InboundResponse, Problem> {
    let started = tokio::time::Instant::now();
    let outcome = egress.send(request, budget).await;
    used.calls += outcome.calls;
    used.waited += started.elapsed();
    let answer = outcome.result.map_err(no_answer)?;
    used.status = Some(answer.status.as_u16());
    Ok(answer)
}

fn no_answer(error: EgressError) -> Problem {
    match error {
        EgressError::Refused => {
            Problem::new(Code::UpstreamUnavailable).detail("the store's address is not one that the gateway calls")
        }
        EgressError::Unreachable => {
            Problem::new(Code::UpstreamUnavailable).detail("no connection to the store; nothing was sent")
        }
        EgressError::Broken => {
            Problem::new(Code::UpstreamUnavailable).detail("the connection broke before the answer was complete")
        }
        EgressError::Timeout => Code::UpstreamTimeout.into(),
        EgressError::TooLarge => Problem::new(Code::UpstreamTooLarge)
            .detail(format!("at most {} bytes can be passed on", cloud::egress::ANSWER_LIMIT)),
    }
}

/// What a store's refusal means to our caller.
fn unreadable(error: &ReadError) -> Problem {
    let (status, retry_after, text) = match error {
        ReadError::Unreadable(what) => return Problem::new(Code::UpstreamUnreadable).detail(*what),
        ReadError::Upstream { status, retry_after, text } => (*status, *retry_after, text),
    };
    let code = match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Code::UpstreamUnauthorized,
        StatusCode::NOT_FOUND | StatusCode::GONE => Code::UpstreamNotFound,
        StatusCode::CONFLICT => Code::UpstreamConflict,
        StatusCode::TOO_MANY_REQUESTS => Code::UpstreamRateLimited,
        StatusCode::GATEWAY_TIMEOUT => Code::UpstreamTimeout,
        status if status.is_client_error() => Code::UpstreamRejected,
        _ => Code::UpstreamUnavailable,
    };
    let mut problem = Problem::new(code);
    problem.upstream = Some(problem::Upstream { status: status.as_u16(), text: text.clone() });
    if code == Code::UpstreamRateLimited {
        problem.retry_after = Some(retry_after.unwrap_or(Duration::from_secs(1)).as_secs().max(1));
    }
    problem
}

/// What a connector's refusal means to our caller.
pub(crate) fn refused(refusal: &Refusal) -> Problem {
    match refusal {
        Refusal::NotSupported(why) => Problem::new(Code::NotSupported).detail(*why),
        Refusal::FilterNotSupported(why) => Problem::new(Code::NotSupported).detail(*why),
        Refusal::Cursor => Code::CursorInvalid.into(),
        Refusal::PerPage => Problem::field("?per_page", "1 to 100"),
        // A thing that cannot exist is not there.
        Refusal::Id => Code::UpstreamNotFound.into(),
        // The form was right when the store was connected; what is kept is no credential of this platform any more.
        Refusal::Credential(_) => Code::UpstreamUnauthorized.into(),
        Refusal::Header(name) => Problem::new(Code::HeaderRefused).detail(name.clone()),
        Refusal::Parameter(name) => Problem::fields(vec![FieldError::new(format!("?{name}"), "is not let through")]),
        Refusal::Query => Problem::new(Code::PathRefused).detail("the query string is malformed"),
    }
}
