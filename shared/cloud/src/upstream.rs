//! Talking to a store: sends what a connector asks for and turns what goes wrong into problems.

use std::time::Duration;

use connectors::{Connector, InboundResponse, Notice, OutboundRequest, Outcome, ReadError, Refusal, Turn};
use futures_util::{StreamExt, TryStreamExt, stream};
use http::StatusCode;
use tokio::time::Instant;

use crate::{
    boot::Budget,
    egress::{Egress, EgressError, LONGEST_WAIT, WORTHWHILE},
    http::{Code, FieldError, Problem, problem},
    journal::UpstreamUse,
    pace::Pace,
};

/// Requests of one call that travel to a store at a time: five is what the strictest platform grants a client.
const AT_ONCE: usize = 4;

/// The way to one store for the time of one call.
pub struct Line<'a> {
    /// What sends.
    pub egress: &'a Egress,
    /// Who reads what the platform says of its limits.
    pub connector: &'a dyn Connector,
    /// How fast the store may be called.
    pub pace: &'a Pace,
    /// How long all of it may take.
    pub budget: Budget,
}

impl Line<'_> {
    /// Drives a connector's turns to their end.
    ///
    /// # Errors
    /// What the store failed to say.
    pub async fn drive(&self, mut turn: Turn, used: &mut UpstreamUse) -> Result<Outcome, Failure> {
        loop {
            match turn {
                Turn::Done(outcome) => return Ok(outcome),
                Turn::Send { requests, then } => {
                    turn = then(self.send_all(&requests, used).await?).map_err(Failure::Answered)?;
                }
                Turn::Wait { wait, then } => {
                    self.wait(wait).await?;
                    turn = *then;
                }
            }
        }
    }

    /// Sends one request whose answer is passed on as it is.
    ///
    /// # Errors
    /// [`Failure::NoAnswer`] where there is none, [`Failure::Throttled`] where the platform's limit leaves no room for it.
    pub async fn send(&self, request: &OutboundRequest, used: &mut UpstreamUse) -> Result<InboundResponse, Failure> {
        let mut answers = self.send_all(std::slice::from_ref(request), used).await?;
        answers.pop().ok_or(Failure::NoAnswer(EgressError::Broken))
    }

    async fn send_all(
        &self,
        requests: &[OutboundRequest],
        used: &mut UpstreamUse,
    ) -> Result<Vec<InboundResponse>, Failure> {
        let started = Instant::now();
        let (mut calls, mut changed) = (0, false);
        let answers: Result<Vec<_>, _> = stream::iter(requests)
            .map(async |request| (request, self.send_in_pace(request).await))
            .buffered(AT_ONCE)
            .map(|(request, (made, answer))| {
                calls += made;
                changed |= !request.is_read() && answer.as_ref().is_ok_and(|answer| answer.status.is_success());
                answer
            })
            .try_collect()
            .await;
        used.calls += calls;
        used.changed |= changed;
        used.waited += started.elapsed();
        let answers = answers?;
        used.status = answers.last().map(|answer| answer.status.as_u16());
        used.notice = answers.iter().fold(used.notice, |notice, answer| notice.and(Notice::of(&answer.headers)));
        Ok(answers)
    }

    /// One request when the platform's limit has room for it, with the calls that it took.
    async fn send_in_pace(&self, request: &OutboundRequest) -> (u32, Result<InboundResponse, Failure>) {
        let cost = request.cost();
        let taken = loop {
            match self.pace.take(cost) {
                Ok(taken) => break taken,
                Err(wait) => {
                    if let Err(failure) = self.wait(wait).await {
                        return (0, Err(failure));
                    }
                }
            }
        };
        let outcome = self.egress.send(request, self.budget).await;
        taken.told(outcome.result.as_ref().ok().and_then(|answer| self.connector.allowance(answer)));
        (outcome.calls, outcome.result.map_err(Failure::NoAnswer))
    }

    async fn wait(&self, wait: Duration) -> Result<(), Failure> {
        if wait > LONGEST_WAIT || wait + WORTHWHILE > self.budget.left() {
            return Err(Failure::Throttled(wait));
        }
        tokio::time::sleep(wait).await;
        Ok(())
    }
}

/// Why a store did not say what it was asked for.
#[derive(Debug)]
pub enum Failure {
    /// It gave no answer.
    NoAnswer(EgressError),
    /// It answered, and not with that.
    Answered(ReadError),
    /// Its limit leaves no room within the time that there is; there is some after this.
    Throttled(Duration),
}

/// What a write that failed has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// Certainly nothing, and it may work another time.
    Nothing,
    /// Nothing, and it would be refused again.
    Refused,
    /// Nobody knows.
    Unknown,
}

impl Failure {
    /// What a write that failed so has done at the store; `used` says whether an earlier part of it was carried out.
    #[must_use]
    pub fn done(&self, used: &UpstreamUse) -> Done {
        let before = match self {
            Self::Throttled(_) | Self::NoAnswer(EgressError::Refused | EgressError::Unreachable) => Done::Nothing,
            Self::NoAnswer(EgressError::Broken | EgressError::Timeout | EgressError::TooLarge)
            | Self::Answered(ReadError::Unreadable(_)) => Done::Unknown,
            Self::Answered(ReadError::Refused(_)) => Done::Refused,
            Self::Answered(ReadError::Upstream { status, .. }) => match *status {
                StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS => Done::Nothing,
                status if status.is_client_error() => Done::Refused,
                _ => Done::Unknown,
            },
        };
        if used.changed { Done::Unknown } else { before }
    }

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
            Self::Throttled(wait) => {
                Problem::new(Code::UpstreamRateLimited).retry_after(wait.as_secs_f64().ceil().max(1.0) as u64)
            }
            Self::Answered(ReadError::Unreadable(what)) => Problem::new(Code::UpstreamUnreadable).detail(*what),
            Self::Answered(ReadError::Refused(refusal)) => refused(refusal),
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
                    problem.retry_after =
                        Some(retry_after.unwrap_or(Duration::from_secs(1)).as_secs_f64().ceil().max(1.0) as u64);
                }
                problem
            }
        }
    }
}

/// What a connector's refusal means to our caller.
#[must_use]
pub fn refused(refusal: &Refusal) -> Problem {
    match refusal {
        Refusal::NotSupported(why) => Problem::new(Code::NotSupported).detail(*why),
        Refusal::FilterNotSupported(why) => Problem::new(Code::NotSupported).detail(*why),
        Refusal::Cursor => Code::CursorInvalid.into(),
        Refusal::PerPage => Problem::field("?per_page", "1 to 100"),
        Refusal::Field { pointer, why } => Problem::field(pointer.clone(), *why),
        // A thing that cannot exist is not there.
        Refusal::Id => Code::UpstreamNotFound.into(),
        // The form was right when the store was connected; what is kept is no credential of this platform any more.
        Refusal::Credential(_) => Code::UpstreamUnauthorized.into(),
        Refusal::Header(name) => Problem::new(Code::HeaderRefused).detail(name.clone()),
        Refusal::Parameter(name) => Problem::fields(vec![FieldError::new(format!("?{name}"), "is not let through")]),
        Refusal::Query => Problem::new(Code::PathRefused).detail("the query string is malformed"),
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
