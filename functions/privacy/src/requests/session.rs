//! Who may see a request: whoever holds the session that was given to the browser, or the program, which made it.

use cloud::{
    dynamo::{
        requests::{SubjectRequestItem, VerificationItem},
        sign_ups::LinkToken,
    },
    http::{Answer, Call, Code, Problem},
    request_secrets::same,
};
use domain::{cookie::REQUEST_SESSION, id::PrivacyRequestId};
use http::header;

use super::unavailable;
use crate::App;

/// The header in which a program shows it.
pub(crate) const SHOWN: &str = "Privacy-Session";

/// The name of a request's cookie. A cookie of this prefix comes from this very host, over TLS, for all of its paths (RFC 6265bis, 4.1.3.2).
fn cookie(request: &PrivacyRequestId) -> String {
    format!("{}{}", REQUEST_SESSION.start(), request.body())
}

/// Puts the session into the browser. It is strictly necessary for what the person asks (R005), and no other site's form can use it.
pub(crate) fn give(answer: Answer, request: &PrivacyRequestId, session: &LinkToken) -> Answer {
    let name = cookie(request);
    let text = format!(
        "{name}={}; Path=/; Max-Age={}; Secure; HttpOnly; SameSite=Lax",
        session.reveal(),
        REQUEST_SESSION.seconds
    );
    answer.with(header::SET_COOKIE, &text)
}

/// The session that a call shows for a request.
pub(crate) fn shown(call: &Call, request: &PrivacyRequestId) -> Option<LinkToken> {
    if let Some(text) = call.header("privacy-session") {
        return LinkToken::parse(text);
    }
    let name = cookie(request);
    let cookies = call.header("cookie")?.split(';');
    cookies
        .filter_map(|cookie| cookie.trim().split_once('='))
        .find_map(|(known, text)| if known == name { LinkToken::parse(text) } else { None })
}

/// The requests of which a browser has the session, as far as it says so: whether it does is looked at when one is opened.
pub(crate) fn all(call: &Call) -> Vec<PrivacyRequestId> {
    let cookies = call.header("cookie").unwrap_or_default().split(';');
    cookies
        .filter_map(|cookie| cookie.trim().split_once('=')?.0.strip_prefix(REQUEST_SESSION.start()))
        .filter_map(|body| format!("{}{body}", PrivacyRequestId::PREFIX).parse().ok())
        .take(20)
        .collect()
}

/// A request whose session the call shows.
pub(crate) struct Visit {
    pub(crate) request: SubjectRequestItem,
    pub(crate) proof: VerificationItem,
}

/// Lets a call see a request. A request that is not there, one that is over and one of somebody else are not told apart.
pub(crate) async fn visit(app: &App, call: &Call, request: &PrivacyRequestId) -> Result<Visit, Problem> {
    let session = shown(call, request);
    let (proof, item) = (app.requests.proof(request), app.requests.get(request));
    let (proof, item) = (proof.await.map_err(unavailable)?, item.await.map_err(unavailable)?);
    match (session, proof, item) {
        (Some(session), Some(proof), Some(request)) if same(&session.hash(), &proof.session) => {
            Ok(Visit { request, proof })
        }
        _ => Err(Code::NotFound.into()),
    }
}
