//! What agents may know before they ask: `/.well-known/data-rights.json`.

use cloud::http::{Answer, Call, Code, tag};
use domain::partner::drp;
use http::{Method, StatusCode, header};

use crate::App;

/// Where to ask, for what, and what has to be known of a person, in the words of the network's directory of businesses.
#[derive(serde::Serialize)]
struct Directory<'a> {
    version: &'static str,
    api_base: String,
    supported_actions: &'a [&'static str],
    supported_verifications: &'a [&'static str],
    user_relationships: &'a [&'static str],
    web_url: &'a str,
}

/// `GET /.well-known/data-rights.json`
pub(crate) fn answer(app: &App, call: &Call) -> Answer {
    if !matches!(call.method, Method::GET | Method::HEAD) {
        return Answer::problem(&Code::MethodNotAllowed.into(), call).with(header::ALLOW, "GET");
    }
    let directory = Directory {
        version: drp::VERSION,
        api_base: format!("{}/drp", app.public_url),
        supported_actions: &drp::ACTIONS,
        supported_verifications: &drp::VERIFICATIONS,
        user_relationships: &["customer"],
        web_url: &app.public_url,
    };
    let whole = Answer::json(StatusCode::OK, &directory);
    tag::answer(call, &tag::of(&whole.body), "application/json", whole.body)
}
