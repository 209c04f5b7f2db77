//! One call from its key to its answer.

use cloud::{
    gate::{Entered, Rate, Turned},
    http::{Answer, Call, Problem},
    journal::{Concerning, SecurityEvent, Served, UpstreamUse},
};
use connectors::Verb;
use domain::id::StoreId;
use http::{StatusCode, header};

use crate::{
    App, raw,
    route::{self, Route, Target},
    unified,
};

/// What a call did, for its journal line.
#[derive(Default)]
pub(crate) struct Trace {
    pub(crate) upstream: UpstreamUse,
    pub(crate) asked: Option<u16>,
    pub(crate) rows: Option<u16>,
}

/// Serves a call: the answer, and what it says of limits.
pub(crate) async fn serve(app: &App, call: &Call, readable: Result<(), Problem>) -> (Answer, Rate) {
    // The list of platforms is public, and a key in its URL is none the less exposed.
    if let Ok(Route::Platforms) = route::parse(call)
        && cloud::http::credentials::in_url(call).is_none()
    {
        return (platforms(), app.gate.open());
    }
    let entered = match app.gate.enter(call).await {
        Ok(entered) => entered,
        Err(Turned { problem, rate }) => return (Answer::problem(&problem, call), rate),
    };
    let mut trace = Trace::default();
    let parsed = readable.and_then(|()| route::parse(call));
    let (template, store) = match &parsed {
        Ok(route @ Route::Store { store, .. }) => (route.template(), Some(store.clone())),
        Ok(route @ Route::Platforms) => (route.template(), None),
        Err(_) => ("none", None),
    };
    let result = match parsed {
        Ok(Route::Store { store, target }) => reach(app, call, &entered, &store, target, &mut trace).await,
        Ok(Route::Platforms) => Ok(platforms()),
        Err(problem) => Err(problem),
    };
    let (answer, code) = match result {
        Ok(answer) => (answer, None),
        Err(problem) => (Answer::problem(&problem, call), Some(problem.code.as_str())),
    };
    let served = Served {
        account: entered.key.account,
        application: entered.key.application,
        key: entered.key.id,
        store,
        route: template,
        status: answer.status.as_u16(),
        code,
        bytes: answer.body.len(),
        upstream: trace.upstream,
        asked: trace.asked,
        rows: trace.rows,
    };
    app.journal.service(&call.id, call.received, served);
    (answer, entered.rate)
}

async fn reach(
    app: &App,
    call: &Call,
    entered: &Entered,
    store: &StoreId,
    target: Target<'_>,
    trace: &mut Trace,
) -> Result<Answer, Problem> {
    let key = &entered.key;
    // What the call would mean is settled before the store is looked at: a refused path costs no lookup.
    let raw_path = match &target {
        Target::Raw(path) => Some(raw::path(path)?),
        Target::Unified { entity, verb, .. } => {
            let writes = !matches!(verb, Verb::List | Verb::Get);
            app.gate.require(call, key, key.scopes, route::scope_of(*entity, writes))?;
            None
        }
    };
    let (access, credential) = app.accesses.find(key, store).await.inspect_err(|problem| {
        if problem.code.status() == StatusCode::FORBIDDEN {
            let concerning = Concerning {
                account: Some(key.account.clone()),
                key: Some(key.id.clone()),
                application: key.application.clone(),
                store: Some(store.clone()),
                code: Some(problem.code.as_str()),
            };
            app.journal.security(&call.id, 0, call.source, SecurityEvent::AccessRefused, concerning);
        }
    })?;
    trace.upstream.credential = Some(credential);
    let scopes = key.scopes.intersection(access.scopes);
    match target {
        Target::Unified { entity, verb, id } => {
            let writes = !matches!(verb, Verb::List | Verb::Get);
            app.gate.require(call, key, scopes, route::scope_of(entity, writes))?;
            unified::read(app, call, &access, entity, verb, id, trace).await
        }
        Target::Raw(_) => {
            let Some(path) = raw_path else { return Err(cloud::http::Code::Internal.into()) };
            for scope in raw::scopes(&access, &path, &call.method) {
                app.gate.require(call, key, scopes, scope)?;
            }
            raw::pass(app, call, &access, &path, trace).await
        }
    }
}

/// `GET /v1/platforms`: the same for everyone until the next release.
fn platforms() -> Answer {
    let platforms: Vec<_> = connectors::catalogue().collect();
    Answer::json(StatusCode::OK, &serde_json::json!({ "data": platforms, "next_cursor": null }))
        .with(header::CACHE_CONTROL, "public, max-age=300")
}
