//! One call from the door to its answer.

use cloud::{
    gate::Rate,
    http::{Answer, Call, Code, Problem, ending, route::Found, tag},
};
use http::header;

use crate::{
    App, inventory,
    routes::{Endpoint, Route, find},
};

/// Serves a call: the answer, and what it says of limits.
pub(crate) async fn serve(app: &App, call: &Call, readable: Result<(), Problem>) -> (Answer, Rate) {
    let found = find(&call.method, &call.path);
    let name = match &found {
        Found::Route(route, _) => route.name,
        Found::OtherMethods(_) | Found::Nothing => "none",
    };
    let rate = match app.gate.open(call).await {
        Ok(rate) => rate,
        Err(turned) => return turned.answer(call),
    };
    let answer = answer(app, call, found, readable.and_then(|()| ending::check(name, call.received))).await;
    (ending::announce(answer, name), rate)
}

async fn answer(app: &App, call: &Call, found: Found<'_, Route>, readable: Result<(), Problem>) -> Answer {
    let result = match (found, readable) {
        (Found::OtherMethods(allowed), _) => {
            return Answer::problem(&Code::MethodNotAllowed.into(), call).with(header::ALLOW, &allowed);
        }
        (Found::Nothing, _) => Err(Code::NotFound.into()),
        (Found::Route(..), Err(problem)) => Err(problem),
        (Found::Route(route, parameters), Ok(())) => at(app, call, route.endpoint, &parameters).await,
    };
    result.unwrap_or_else(|problem| Answer::problem(&problem, call))
}

/// What a route answers with.
#[expect(clippy::unused_async, reason = "routes that ask a table follow")]
async fn at(_: &App, call: &Call, endpoint: Endpoint, _: &[&str]) -> Result<Answer, Problem> {
    match endpoint {
        Endpoint::ShowInventory => Ok(document(call, &inventory::inventory())),
    }
}

/// A document that is the same for everyone until the next release.
fn document<T: serde::Serialize>(call: &Call, document: &T) -> Answer {
    let whole = Answer::json(http::StatusCode::OK, document);
    tag::answer(call, &tag::of(&whole.body), "application/json", whole.body)
}
