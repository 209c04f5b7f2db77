//! The platform's own API, passed through: bytes, status and the platform's headers untouched.

use std::fmt::Write;

use cloud::{
    http::{Answer, Call, Code, Problem},
    journal::Trace,
};
use connectors::{RawCall, RawPath};
use domain::{
    model::Entity,
    scope::{Scope, scope_of},
};
use http::Method;

use crate::{App, access::Access, refusal, restriction};

/// Checks the path of a raw call.
///
/// # Errors
/// 400 for a path that could mean something else to the store than to us.
pub(crate) fn path(text: &str) -> Result<RawPath, Problem> {
    // With its slash in front, so that another one is the empty segment that it is.
    RawPath::parse(&format!("/{}", escape(text)))
        .map_err(|error| Problem::new(Code::PathRefused).detail(error.to_string()))
}

/// The scopes that a raw call needs: `raw`, and the entity's where the path shows one.
pub(crate) fn scopes(access: &Access, path: &RawPath, method: &Method) -> impl Iterator<Item = Scope> {
    let entity: Option<Entity> = access.connector.raw_scope(path);
    let writes = !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
    std::iter::once(Scope::Raw).chain(entity.map(|entity| scope_of(entity, writes)))
}

/// Passes a call through.
pub(crate) async fn pass(
    app: &App,
    call: &Call,
    access: &Access,
    path: &RawPath,
    trace: &mut Trace,
) -> Result<Answer, Problem> {
    restriction::raw_call(app, call, access, path)?;
    let raw = RawCall {
        method: call.method.clone(),
        path,
        query: (!call.query.is_empty()).then_some(call.query.as_str()),
        headers: &call.headers,
        body: call.body.clone(),
    };
    let request = access.connector.raw(&access.context(), raw).map_err(|refusal| refusal::problem(&refusal))?;
    let answer = access.line(&app.egress, call.budget).send(&request, &mut trace.upstream).await;
    let answer = answer.map_err(|failure| failure.problem())?;
    restriction::raw_answer(app, access, path, &answer.body)?;
    Ok(Answer {
        status: answer.status,
        headers: connectors::headers::from_upstream(&answer.headers),
        body: answer.body,
    })
}

/// API Gateway's HTTP APIs hand over a path with every escape decoded but `%25`. What cannot stand in a path unescaped is escaped again; a path
/// that is still escaped stays as it is. (An escaped slash is lost at the edge: it arrives as a slash.)
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_ascii_alphanumeric() || "-._~!$&'()*+,;=:@%/".contains(character) {
            escaped.push(character);
        } else {
            let mut bytes = [0; 4];
            for byte in character.encode_utf8(&mut bytes).bytes() {
                // Writing to a string cannot fail.
                let _ = write!(escaped, "%{byte:02X}");
            }
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_edge_decoded_is_escaped_again() {
        assert_eq!(path("products/caf\u{e9} noir").unwrap().as_str(), "products/caf%C3%A9%20noir");
        assert_eq!(path("products/a%20b").unwrap().as_str(), "products/a%20b");
        assert_eq!(path("products/50%25").unwrap().as_str(), "products/50%25");
    }

    #[test]
    fn paths_that_leave_the_stores_api_are_refused() {
        for text in [
            "../x",
            "a/../x",
            "a/..;/x",
            "a/%2e%2e/x",
            "a/%252e%252e/x",
            "/evil.example/x",
            "//evil.example/x",
            "http://evil.example/",
            "a\\b",
            "a\r\nb",
            "a\0b",
            "a?b=c",
            "a#b",
        ] {
            assert!(path(text).is_err(), "{text:?}");
        }
    }
}
