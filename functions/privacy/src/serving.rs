//! One call from the door to its answer.

use cloud::{
    gate::Rate,
    http::{Answer, Call, Code, Problem, ending, route::Found, tag},
};
use http::header;

use crate::{
    App, inventory, policies, processors, records, retention,
    routes::{Endpoint, Route, find},
    well_known,
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
async fn at(app: &App, call: &Call, endpoint: Endpoint, parameters: &[&str]) -> Result<Answer, Problem> {
    match endpoint {
        Endpoint::ShowInventory => Ok(document(call, &inventory::inventory())),
        Endpoint::ShowProcessors => Ok(document(call, &processors::processors(&app.operator.region))),
        Endpoint::ShowRecords => Ok(document(call, &records::records(&app.operator))),
        Endpoint::ShowRetention => Ok(document(call, &retention::retention())),
        Endpoint::ListPolicies => Ok(document(call, &policies::list(call.received))),
        Endpoint::ShowPolicy => policies::show(call, parameters),
        Endpoint::ShowPrivacyControl => Ok(document(call, &well_known::privacy_control())),
        Endpoint::ShowSecurity => Ok(well_known::security(call, &app.operator.contact, &app.public_url)),
    }
}

/// A document that is the same for everyone until the next release.
fn document<T: serde::Serialize>(call: &Call, document: &T) -> Answer {
    let whole = Answer::json(http::StatusCode::OK, document);
    tag::answer(call, &tag::of(&whole.body), "application/json", whole.body)
}
