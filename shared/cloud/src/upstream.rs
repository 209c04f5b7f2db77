//! Talking to a store: sends what a connector asks for and turns what goes wrong into problems.

use std::time::Duration;

use connectors::{InboundResponse, OutboundRequest, Outcome, ReadError, Turn};
use futures_util::{StreamExt, TryStreamExt, stream};
use http::StatusCode;

use crate::{
    boot::Budget,
    egress::{Egress, EgressError},
    http::{Code, Problem, problem},
    journal::UpstreamUse,
};

/// Requests of one call that travel to a store at a time: five is what the strictest platform grants a client.
const AT_ONCE: usize = 4;

/// Drives a connector's turns to their end.
///
/// # Errors
/// What the store failed to say.
pub async fn drive(
    egress: &Egress,
    mut turn: Turn,
    budget: Budget,
    used: &mut UpstreamUse,
) -> Result<Outcome, Failure> {
    loop {
        match turn {
            Turn::Done(outcome) => return Ok(outcome),
            Turn::Send { requests, then } => {
                let answers = send_all(egress, &requests, budget, used).await?;
                turn = then(answers).map_err(Failure::Answered)?;
            }
        }
    }
}

async fn send_all(
    egress: &Egress,
    requests: &[OutboundRequest],
    budget: Budget,
    used: &mut UpstreamUse,
) -> Result<Vec<InboundResponse>, Failure> {
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
    let answers = answers.map_err(Failure::NoAnswer)?;
    used.status = answers.last().map(|answer| answer.status.as_u16());
    Ok(answers)
}

/// Sends one request whose answer is passed on as it is.
///
/// # Errors
/// [`Failure::NoAnswer`] where there is none.
pub async fn send(
    egress: &Egress,
    request: &OutboundRequest,
    budget: Budget,
    used: &mut UpstreamUse,
) -> Result<InboundResponse, Failure> {
    let started = tokio::time::Instant::now();
    let outcome = egress.send(request, budget).await;
    used.calls += outcome.calls;
    used.waited += started.elapsed();
    let answer = outcome.result.map_err(Failure::NoAnswer)?;
    used.status = Some(answer.status.as_u16());
    Ok(answer)
}

/// Why a store did not say what it was asked for.
#[derive(Debug)]
pub enum Failure {
    /// It gave no answer.
    NoAnswer(EgressError),
    /// It answered, and not with that.
    Answered(ReadError),
}

impl Failure {
    /// What it means to the caller of a store that is connected.
    #[must_use]
    pub fn problem(&self) -> Problem {
        match self {
            Self::NoAnswer(error) => {
                let code = match error {
                    EgressError::Refused | EgressError::Unreachable | EgressError::Broken => Code::UpstreamUnavailable,
                    EgressError::Timeout => Code::UpstreamTimeout,
                    EgressError::TooLarge => Code::UpstreamTooLarge,
                };
                Problem::new(code).detail(seen(*error))
            }
            Self::Answered(ReadError::Unreadable(what)) => Problem::new(Code::UpstreamUnreadable).detail(*what),
            Self::Answered(ReadError::Upstream { status, retry_after, text }) => {
                let code = match *status {
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
        }
    }
}

/// What we saw of a store that gave no answer, for its caller.
#[must_use]
pub fn seen(error: EgressError) -> &'static str {
    match error {
        EgressError::Refused => "the address is not one that the gateway calls",
        EgressError::Unreachable => "no connection could be opened, or its certificate is not valid; nothing was sent",
        EgressError::Broken => "the connection broke before the answer was complete",
        EgressError::Timeout => "the store did not answer in time",
        EgressError::TooLarge => "the answer is larger than can be passed on",
    }
}
