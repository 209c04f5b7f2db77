//! Trying a credential: one cheap read of the store, driven to its end.

use cloud::{
    boot::Budget,
    egress::{Egress, EgressError},
    http::{Code, Problem, problem::Upstream},
    journal::UpstreamUse,
};
use connectors::{Connector, Context, ReadError, Refusal, Turn};
use http::StatusCode;

/// Why a credential is not known to work.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The store gave no answer.
    NoAnswer(EgressError),
    /// The store gave an answer that does not say so.
    Answered(ReadError),
    /// The store was not asked, because the credential cannot be sent.
    NotAsked(Refusal),
}

/// Tries the credential of a store.
pub(crate) async fn works(
    egress: &Egress,
    connector: &dyn Connector,
    context: &Context<'_>,
    budget: Budget,
    used: &mut UpstreamUse,
) -> Result<(), Failure> {
    let mut turn = connector.probe(context).map_err(Failure::NotAsked)?;
    loop {
        let (requests, then) = match turn {
            Turn::Done(_) => return Ok(()),
            Turn::Send { requests, then } => (requests, then),
        };
        let started = tokio::time::Instant::now();
        let mut answers = Vec::with_capacity(requests.len());
        for request in &requests {
            let outcome = egress.send(request, budget).await;
            used.calls += outcome.calls;
            match outcome.result {
                Ok(answer) => {
                    used.status = Some(answer.status.as_u16());
                    answers.push(answer);
                }
                Err(error) => {
                    used.waited += started.elapsed();
                    return Err(Failure::NoAnswer(error));
                }
            }
        }
        used.waited += started.elapsed();
        turn = then(answers).map_err(Failure::Answered)?;
    }
}

impl Failure {
    /// The problem of a store that is not connected yet, with what we saw of it.
    pub(crate) fn while_connecting(&self) -> Problem {
        let unreachable = |detail: &str| Problem::new(Code::StoreUnreachable).detail(detail);
        match self {
            Self::NoAnswer(error) => unreachable(seen(*error)),
            Self::Answered(ReadError::Unreadable(_)) => {
                unreachable("what answers there does not answer like this platform")
            }
            Self::Answered(ReadError::Upstream { status, text, .. }) => {
                let mut problem = match *status {
                    StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Problem::new(Code::CredentialRefused),
                    StatusCode::NOT_FOUND | StatusCode::GONE => {
                        unreachable("the platform's API is not at this address")
                    }
                    _ => unreachable("the store answered with an error"),
                };
                problem.upstream = Some(Upstream { status: status.as_u16(), text: text.clone() });
                problem
            }
            Self::NotAsked(Refusal::Credential(error)) => credential(error),
            Self::NotAsked(_) => Code::Internal.into(),
        }
    }

    /// The problem of a store that is connected and whose credential is checked.
    pub(crate) fn while_checking(&self) -> Problem {
        match self {
            Self::NoAnswer(EgressError::Timeout) => Code::UpstreamTimeout.into(),
            Self::NoAnswer(error) => Problem::new(Code::UpstreamUnavailable).detail(seen(*error)),
            Self::Answered(ReadError::Unreadable(what)) => Problem::new(Code::UpstreamUnreadable).detail(*what),
            Self::Answered(ReadError::Upstream { status, text, .. }) => {
                let code = match *status {
                    StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Code::UpstreamUnauthorized,
                    StatusCode::TOO_MANY_REQUESTS => Code::UpstreamRateLimited,
                    _ => Code::UpstreamUnavailable,
                };
                let mut problem = Problem::new(code);
                problem.upstream = Some(Upstream { status: status.as_u16(), text: text.clone() });
                if code == Code::UpstreamRateLimited {
                    problem.retry_after = Some(1);
                }
                problem
            }
            Self::NotAsked(_) => Code::UpstreamUnauthorized.into(),
        }
    }
}

/// What is wrong with a credential that was offered.
pub(crate) fn credential(error: &connectors::CredentialError) -> Problem {
    use connectors::CredentialError as E;
    let (field, detail) = match error {
        E::Missing(field) => (field, "the platform needs this field"),
        E::Unknown(field) => (field, "the platform has no such field"),
        E::Malformed(field) => (field, "1 to 512 visible ASCII characters"),
    };
    let field: String = field.chars().filter(char::is_ascii_graphic).take(64).collect();
    Problem::field(format!("/credentials/{}", field.replace('~', "~0").replace('/', "~1")), detail)
}

fn seen(error: EgressError) -> &'static str {
    match error {
        EgressError::Refused => "the address is not one that the gateway calls",
        EgressError::Unreachable => "no connection could be opened, or its certificate is not valid",
        EgressError::Broken => "the connection broke before the answer was complete",
        EgressError::Timeout => "the store did not answer in time",
        EgressError::TooLarge => "the answer is too large",
    }
}
