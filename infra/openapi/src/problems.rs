//! How calls fail, whatever their route: what the door, the edge of the function and its tables can say.

use cloud::http::{Code, description::Operation};
use http::StatusCode;

/// What any call can be answered.
const EVERYWHERE: &[Code] = &[Code::KeyInUrl, Code::HeaderRefused, Code::BodyInvalid, Code::BodyTooLarge];

/// What a call that needs a key can be answered too.
const WITH_KEY: &[Code] = &[
    Code::KeysConflict,
    Code::KeyMissing,
    Code::KeyMalformed,
    Code::KeyMistyped,
    Code::KeyInvalid,
    Code::KeyRevoked,
    Code::KeyExpired,
    Code::KeySuspended,
    Code::KeyInBrowser,
    Code::ScopeMissing,
    Code::RateLimited,
    Code::TooManyFailures,
    Code::Unavailable,
];

/// Every problem that a route can answer, by status, in the catalogue's order.
pub(crate) fn of(operation: &Operation) -> Vec<(StatusCode, Vec<Code>)> {
    let deprecated = domain::deprecation::of(&operation.route).is_some();
    let can = |code: Code| {
        EVERYWHERE.contains(&code)
            || (!operation.scopes.is_empty() && WITH_KEY.contains(&code))
            || operation.problems.contains(&code)
            || (deprecated && code == Code::RouteGone)
    };
    let mut by_status: Vec<(StatusCode, Vec<Code>)> = Vec::new();
    for code in Code::ALL.iter().copied().filter(|code| can(*code)) {
        match by_status.iter_mut().find(|(status, _)| *status == code.status()) {
            Some((_, codes)) => codes.push(code),
            None => by_status.push((code.status(), vec![code])),
        }
    }
    by_status
}
