//! One call from the door to its answer.

use cloud::{
    gate::Rate,
    http::{Answer, Call, Code, Problem, ending, route::Found, tag},
};
use domain::{id::PrivacyRequestId, request::Language};
use http::header;

use crate::{
    App,
    centre::{Page, documents, form, is_page_wanted, pages},
    consents, cookies, forms, inventory, policies, processors, records,
    requests::{intake, language, receipt, session, steps, verification},
    retention,
    routes::{Endpoint, Route, find},
    unsubscribe, well_known,
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
    let as_page = matches!(&found, Found::Route(route, _) if route.endpoint.has_pages()) && is_page_wanted(call);
    let result = match (found, readable) {
        (Found::OtherMethods(allowed), _) => {
            return Answer::problem(&Code::MethodNotAllowed.into(), call).with(header::ALLOW, &allowed);
        }
        (Found::Nothing, _) => Err(Code::NotFound.into()),
        (Found::Route(..), Err(problem)) => Err(problem),
        // Boxed: a dozen handlers nested in one future are more than the compiler lays out well.
        (Found::Route(route, parameters), Ok(())) => Box::pin(at(app, call, route.endpoint, &parameters)).await,
    };
    result.unwrap_or_else(|problem| {
        let answer = Answer::problem(&problem, call);
        if as_page { page_of(answer, call, &problem) } else { answer }
    })
}

/// What goes wrong, for who looks at pages: what its headers say is the same.
fn page_of(answer: Answer, call: &Call, problem: &Problem) -> Answer {
    let of_request = ["/privacy/requests", "/privacy/verify"].iter().any(|start| call.path.starts_with(start));
    let mut page = pages::problem(language::of(call), problem, of_request).answer();
    for (name, value) in answer.headers {
        if let Some(name) = name.filter(|name| *name != header::CONTENT_TYPE) {
            page.headers.insert(name, value);
        }
    }
    page
}

/// What a route answers with.
async fn at(app: &App, call: &Call, endpoint: Endpoint, parameters: &[&str]) -> Result<Answer, Problem> {
    match endpoint {
        Endpoint::ShowInventory => {
            let inventory = inventory::inventory();
            Ok(document_or(call, &inventory, |language| documents::inventory(language, &inventory)))
        }
        Endpoint::ShowProcessors => Ok(document(call, &processors::processors(&app.operator.region))),
        Endpoint::ShowRecords => Ok(document(call, &records::records(&app.operator))),
        Endpoint::ShowRetention => Ok(document(call, &retention::retention())),
        Endpoint::ListPolicies => Ok(document_or(call, &policies::list(call.received), |language| {
            documents::policies(language, call.received)
        })),
        Endpoint::ShowPolicy => policies::show(call, parameters),
        Endpoint::ShowPrivacyControl => Ok(document(call, &well_known::privacy_control())),
        Endpoint::ShowSecurity => Ok(well_known::security(call, &app.operator.contact, &app.public_url)),
        Endpoint::ShowHome => Ok(pages::home(language::of(call), &session::all(call)).answer()),
        Endpoint::ShowForm => Ok(form::empty(language::of(call)).answer()),
        Endpoint::MakeRequest => intake::take(app, call).await,
        Endpoint::ShowLink => Ok(verification::show(call)),
        Endpoint::FollowLink => verification::prove(app, call, parameters.first().copied().unwrap_or_default()).await,
        Endpoint::ShowRequest => steps::show(app, call, &id(parameters)?).await,
        Endpoint::CancelRequest => steps::cancel(app, call, &id(parameters)?).await,
        Endpoint::AppealRequest => steps::appeal(app, call, &id(parameters)?).await,
        Endpoint::ConfirmRequest => verification::confirm(app, call, &id(parameters)?).await,
        Endpoint::MailLink => steps::mail_link(app, call, &id(parameters)?).await,
        Endpoint::DownloadAnswer => steps::download(app, call, &id(parameters)?).await,
        Endpoint::ShowReceipt => receipt::show(app, call, &id(parameters)?).await,
        Endpoint::ShowSigningKey => receipt::key(app).await,
        Endpoint::ShowCookies => {
            let cookies = cookies::cookies();
            Ok(document_or(call, &cookies, |language| documents::cookies(language, &cookies)))
        }
        Endpoint::ShowWebForm => forms::show(call, parameters.first().copied().unwrap_or_default()),
        Endpoint::SendForm => forms::take(app, call, parameters.first().copied().unwrap_or_default()).await,
        Endpoint::ShowConsentLink => consents::show(call),
        Endpoint::FollowConsentLink => consents::confirm(app, call).await,
        Endpoint::ShowUnsubscribe => unsubscribe::show(call),
        Endpoint::Unsubscribe => unsubscribe::unsubscribe(app, call).await,
    }
}

/// A request's id out of the path. What cannot be an id names nothing.
fn id(parameters: &[&str]) -> Result<PrivacyRequestId, Problem> {
    parameters.first().and_then(|text| text.parse().ok()).ok_or(Code::NotFound.into())
}

/// A document as a page, for who looks at pages; else as [`document`].
fn document_or<T: serde::Serialize>(call: &Call, whole: &T, page: impl FnOnce(Language) -> Page) -> Answer {
    if is_page_wanted(call) {
        return page(language::of(call)).answer();
    }
    document(call, whole).with(header::VARY, "accept")
}

/// A document that is the same for everyone until the next release.
fn document<T: serde::Serialize>(call: &Call, document: &T) -> Answer {
    let whole = Answer::json(http::StatusCode::OK, document);
    tag::answer(call, &tag::of(&whole.body), "application/json", whole.body)
}
