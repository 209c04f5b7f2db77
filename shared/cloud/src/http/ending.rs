//! What callers see of the end of a route (R145, R146), in both planes.

use domain::deprecation;
use http::{HeaderName, header};
use jiff::Timestamp;

use super::{
    answer::Answer,
    problem::{Code, Problem},
};

/// Whether a route, named by its template, is still served at `now`.
///
/// # Errors
/// 410 from its sunset on, with what takes its place and the guide.
pub fn check(route: &str, now: Timestamp) -> Result<(), Problem> {
    let Some(over) = deprecation::of(route).filter(|deprecation| deprecation.is_over(now)) else { return Ok(()) };
    let detail = format!("{} took its place; {} tells how to move", over.successor(), over.guide_path());
    Err(Problem::new(Code::RouteGone).detail(detail))
}

/// Puts the headers of an announced end into an answer of `route`, errors too. They are there from the release that announces it, so
/// that nobody has to be told twice.
#[must_use]
pub fn announce(answer: Answer, route: &str) -> Answer {
    let Some(deprecation) = deprecation::of(route) else { return answer };
    answer
        .with(HeaderName::from_static("deprecation"), &deprecation.deprecation_header())
        .with(HeaderName::from_static("sunset"), &deprecation.sunset_header())
        .with(header::LINK, &deprecation.link_header())
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;

    #[test]
    fn a_route_that_stays_says_nothing_and_is_served() {
        let answer = announce(Answer::empty(StatusCode::OK), "GET /v1/account");
        assert!(answer.headers.is_empty());
        assert_eq!(check("GET /v1/account", Timestamp::MAX), Ok(()));
    }

    #[test]
    fn an_announced_end_never_precedes_its_deprecation() {
        for deprecation in deprecation::DEPRECATIONS {
            let answer = announce(Answer::empty(StatusCode::OK), deprecation.route());
            let since: i64 = answer.headers["deprecation"].to_str().unwrap()[1..].parse().unwrap();
            let sunset = jiff::fmt::rfc2822::parse(answer.headers["sunset"].to_str().unwrap()).unwrap();
            assert!(sunset.timestamp().as_second() - since >= 184 * 86_400, "{deprecation:?}");
            let gone = check(deprecation.route(), deprecation.sunset()).unwrap_err();
            assert_eq!(gone.code, Code::RouteGone);
            assert!(gone.detail.unwrap().contains(&deprecation.guide_path()));
        }
    }
}
