//! What can go wrong, what is said about it, and the exit code it ends with.

use serde_json::{Value, json};

use crate::screen::{Screen, plain};

/// Why a command did not do what it was asked for.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The API said no: its problem document (RFC 9457) and the HTTP status.
    Refused(u16, Value),
    /// The command line, the configuration or the input is wrong. The first text says what, the second what to do.
    Usage(String, Option<&'static str>),
    /// There was no answer.
    NoAnswer(String),
    /// There was an answer that is none of the API's.
    Unreadable(String),
    /// Ctrl-c.
    Interrupted,
    /// Whoever reads the output reads no more, as `head` does.
    Closed,
}

/// What `--help` says of exit codes.
pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0    done
  1    the API refused it (a 4xx; the problem says why)
  2    the command line, the configuration or the input is wrong
  3    no answer: the network, TLS or a timeout
  4    the gateway or the store failed (a 5xx, or no answer of the API's): try again later
  130  ended by ctrl-c

Environment: CARTAGE_URL, CARTAGE_KEY, CARTAGE_PROFILE, NO_COLOR, CLICOLOR_FORCE.
With --json, a list is one JSON object a line, everything else one JSON document, and errors are problem documents on standard error.";

impl Failure {
    /// Wrong usage, without advice.
    pub(crate) fn usage(what: impl Into<String>) -> Self {
        Self::Usage(what.into(), None)
    }

    /// The code that the process ends with; see [`EXIT_CODES`].
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Refused(status, _) if *status < 500 => 1,
            Self::Refused(..) | Self::Unreadable(_) => 4,
            Self::Usage(..) => 2,
            Self::NoAnswer(_) => 3,
            Self::Interrupted => 130,
            Self::Closed => 0,
        }
    }

    /// The code of the API's problem, where it is one.
    pub(crate) fn code(&self) -> Option<&str> {
        match self {
            Self::Refused(_, problem) => problem["code"].as_str(),
            _ => None,
        }
    }

    /// Tells standard error.
    pub(crate) fn tell(&self, screen: &mut Screen) {
        if matches!(self, Self::Closed) || (matches!(self, Self::Interrupted) && !screen.json()) {
            return;
        }
        if screen.json() {
            screen.complain(&self.document().to_string());
        } else {
            for line in self.lines(screen) {
                screen.complain(&line);
            }
        }
    }

    /// The failure as a problem document. The API's own pass as they are.
    fn document(&self) -> Value {
        let (code, title, detail) = match self {
            Self::Refused(_, problem) => return problem.clone(),
            Self::Usage(what, _) => ("usage", "The command cannot be run like this.", what.as_str()),
            Self::NoAnswer(what) => ("no_answer", "There was no answer.", what.as_str()),
            Self::Unreadable(what) => ("unreadable", "The answer is none of the API's.", what.as_str()),
            Self::Interrupted => ("interrupted", "Ended by ctrl-c.", ""),
            Self::Closed => ("closed", "Nobody reads the output.", ""),
        };
        let mut document = json!({ "code": code, "title": title, "detail": detail });
        if let (Some(next), Some(fields)) = (self.next(), document.as_object_mut()) {
            fields.insert("next".to_owned(), next.into());
        }
        document
    }

    fn lines(&self, screen: &Screen) -> Vec<String> {
        let error = screen.red("error:");
        let mut lines = match self {
            Self::Refused(status, problem) => told(*status, problem, screen),
            Self::Usage(what, _) => vec![format!("{error} {what}")],
            Self::NoAnswer(what) => vec![format!("{error} no answer: {what}")],
            Self::Unreadable(what) => vec![format!("{error} the answer is none of the API's: {what}")],
            Self::Interrupted | Self::Closed => Vec::new(),
        };
        lines.extend(self.next().map(|next| format!("  next: {next}")));
        lines
    }

    /// What to do about it.
    pub(crate) fn next(&self) -> Option<&'static str> {
        let code = match self {
            Self::Refused(_, problem) => problem["code"].as_str()?,
            Self::Usage(_, next) => return *next,
            Self::NoAnswer(_) => return Some("check the base URL (`cartage login --url …`) and the network"),
            Self::Unreadable(_) => return Some("check that the base URL is that of a Cartage API"),
            Self::Interrupted | Self::Closed => return None,
        };
        Some(match code {
            "key_missing" | "key_malformed" | "key_mistyped" | "key_invalid" | "key_revoked" | "key_expired" => {
                "`cartage login` with a key that works"
            }
            "key_suspended" => "ask the operator of this Cartage why the key is suspended",
            "rate_limited" | "too_many_failed_authentications" | "upstream_rate_limited" => {
                "wait as long as it says, or let `--max-wait` wait longer"
            }
            "scope_missing" => "use a key with that scope; reading a store takes an application's key and a grant",
            "store_access_revoked" => "ask the store's owner: `cartage grants put` gives access",
            "not_found" => "`cartage stores list` and `cartage apps list` show what there is",
            "cursor_invalid" => "start without --cursor",
            "not_supported_by_platform" | "unknown_entity" => "`cartage platforms` shows what works",
            "credential_refused" | "upstream_unauthorized" => "check the store's credential: `cartage stores check`",
            "test_delivery_failed" => "see what the endpoint answers: `cartage subscriptions test`",
            "misdirected" => "log in to the other region's base URL",
            "unavailable" | "upstream_unavailable" | "upstream_timeout" | "internal" => "try again in a moment",
            _ => return None,
        })
    }
}

/// A problem document for people.
fn told(status: u16, problem: &Value, screen: &Screen) -> Vec<String> {
    // What the API passes on of a store is anyone's text.
    let text = |of: &Value, name: &str| plain(of[name].as_str().unwrap_or_default());
    let code = screen.dim(&format!("({status} {})", text(problem, "code")));
    let mut lines = vec![format!("{} {} {code}", screen.red("error:"), text(problem, "title"))];
    let detail = text(problem, "detail");
    lines.extend((!detail.is_empty()).then(|| format!("  {detail}")));
    for field in problem["errors"].as_array().into_iter().flatten() {
        let pointer = Some(text(field, "pointer")).filter(|pointer| !pointer.is_empty());
        lines.push(format!("  {}: {}", pointer.as_deref().unwrap_or("the body"), text(field, "detail")));
    }
    if problem["upstream"].is_object() {
        lines.push(format!(
            "  the store answered {}: {}",
            problem["upstream"]["status"],
            text(&problem["upstream"], "text")
        ));
    }
    let location = text(problem, "location");
    lines.extend((!location.is_empty()).then(|| format!("  its region is at {location}")));
    lines.push(screen.dim(&format!("  request {}", text(problem, "instance"))));
    lines
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::BrokenPipe { Self::Closed } else { Self::usage(error.to_string()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failure_has_its_exit_code() {
        let refused = |status| Failure::Refused(status, json!({ "code": "x" })).exit_code();
        assert_eq!([refused(400), refused(429), refused(500), refused(504)], [1, 1, 4, 4]);
        assert_eq!(Failure::usage("x").exit_code(), 2);
        assert_eq!(Failure::NoAnswer(String::new()).exit_code(), 3);
        assert_eq!(Failure::Unreadable(String::new()).exit_code(), 4);
        assert_eq!(Failure::Interrupted.exit_code(), 130);
    }

    #[test]
    fn a_problem_is_told_with_its_fields_and_what_to_do() {
        let problem = json!({
            "title": "Some fields are wrong.", "status": 422, "code": "scope_missing", "detail": "needs orders:read",
            "instance": "req_1", "errors": [{ "pointer": "/scopes/0", "detail": "there is no such scope" }],
            "upstream": { "status": 401, "text": "no \u{1b}[2J way" },
        });
        let screen = Screen::new(false, true);
        let lines = Failure::Refused(422, problem).lines(&screen);
        assert_eq!(
            lines,
            [
                "error: Some fields are wrong. (422 scope_missing)",
                "  needs orders:read",
                "  /scopes/0: there is no such scope",
                "  the store answered 401: no \u{fffd}[2J way",
                "  request req_1",
                "  next: use a key with that scope; reading a store takes an application's key and a grant",
            ]
        );
    }
}
