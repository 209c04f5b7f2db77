//! Trying a credential: one cheap read of the store, driven to its end.

use cloud::{
    boot::Budget,
    egress::Egress,
    http::{Code, Problem, problem::Upstream},
    journal::UpstreamUse,
    pace::Pace,
    upstream::{self, Line, seen},
};
use connectors::{Connector, Context, ReadError, Refusal};
use http::StatusCode;

/// Why a credential is not known to work.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The store did not say so.
    Store(upstream::Failure),
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
    let turn = connector.probe(context).map_err(Failure::NotAsked)?;
    let line = Line { egress, connector, pace: &Pace::default(), budget };
    line.drive(turn, used).await.map(drop).map_err(Failure::Store)
}

impl Failure {
    /// The problem of a store that is not connected yet, with what we saw of it.
    pub(crate) fn while_connecting(&self) -> Problem {
        let unreachable = |detail: &str| Problem::new(Code::StoreUnreachable).detail(detail);
        match self {
            Self::Store(upstream::Failure::NoAnswer(error)) => unreachable(seen(*error)),
            Self::Store(upstream::Failure::Throttled(_)) => unreachable("the platform is too busy"),
            Self::Store(upstream::Failure::Answered(ReadError::Unreadable(_))) => {
                unreachable("what answers there does not answer like this platform")
            }
            Self::Store(upstream::Failure::Answered(ReadError::Upstream { status, text, .. })) => {
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
            // A probe learns nothing that it could refuse.
            Self::Store(upstream::Failure::Answered(ReadError::Refused(_))) | Self::NotAsked(_) => {
                Code::Internal.into()
            }
        }
    }

    /// The problem of a store that is connected and whose credential is checked.
    pub(crate) fn while_checking(&self) -> Problem {
        match self {
            Self::Store(failure) => failure.problem(),
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
