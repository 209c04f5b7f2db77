//! One call from its key to its answer.

use cloud::{
    gate::{Entered, Rate},
    http::{Answer, Call, Problem, ending},
    journal::{Concerning, SecurityEvent, Trace},
};
use connectors::Verb;
use domain::{
    id::StoreId,
    scope::{Scope, ScopeSet, scope_of},
};
use http::{StatusCode, header};

use crate::{
    App, cache, raw,
    route::{self, Route, Target},
    unified, write,
};

/// Serves a call: the answer, and what it says of limits.
pub(crate) async fn serve(app: &App, call: &Call, readable: Result<(), Problem>) -> (Answer, Rate) {
    let route = route::parse(call);
    let template = route.as_ref().map_or("none", Route::template);
    let (answer, rate) =
        answer(app, call, route, template, readable.and_then(|()| ending::check(template, call.received))).await;
    (ending::announce(answer, template), rate)
}

async fn answer(
    app: &App,
    call: &Call,
    route: Result<Route<'_>, Problem>,
    template: &'static str,
    readable: Result<(), Problem>,
) -> (Answer, Rate) {
    if let Ok(Route::Platforms) = route {
        return match app.gate.open(call).await {
            Ok(rate) => (readable.map_or_else(|problem| Answer::problem(&problem, call), |()| platforms()), rate),
            Err(turned) => turned.answer(call),
        };
    }
    let entered = match app.gate.enter(call).await {
        Ok(entered) => entered,
        Err(turned) => return turned.answer(call),
    };
    let mut trace = Trace::default();
    let store = match &route {
        Ok(Route::Store { store, .. }) => Some(store.clone()),
        Ok(Route::Platforms) | Err(_) => None,
    };
    let result = match readable.and(route) {
        Ok(Route::Store { store, target }) => reach(app, call, &entered, &store, target, &mut trace).await,
        Ok(Route::Platforms) => Ok(platforms()),
        Err(problem) => Err(problem),
    };
    app.gate.conclude(call, entered, template, store, result, trace)
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
    // What the key itself may not do is refused before the store is looked at.
    if let Some(scope) = needed(&target) {
        app.gate.require(call, key, key.scopes, scope)?;
    }
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
    if let Some(scope) = needed(&target) {
        app.gate.require(call, key, scopes, scope)?;
        trace.scopes = ScopeSet::of(&[scope]);
    }
    match target {
        Target::Unified { entity, verb: verb @ (Verb::List | Verb::Get), id } => {
            unified::read(app, call, &access, entity, verb, id, trace).await
        }
        Target::Unified { entity, verb, id } => {
            let result = write::one(app, call, key, &access, entity, verb, id, trace).await;
            cache::written(app, &access, entity, trace).await;
            result
        }
        Target::Batch(entity) => {
            let result = write::batch(app, call, key, &access, entity, trace).await;
            cache::written(app, &access, entity, trace).await;
            result
        }
        Target::Raw(path) => {
            let needed: Vec<Scope> = raw::scopes(&access, &path, &call.method).collect();
            for scope in &needed {
                app.gate.require(call, key, scopes, *scope)?;
            }
            trace.scopes = ScopeSet::of(&needed);
            let result = raw::pass(app, call, &access, &path, trace).await;
            cache::passed(app, call, &access, &path, trace).await;
            result
        }
    }
}

/// The scope of a unified call; a raw call's hang on the store's platform.
fn needed(target: &Target<'_>) -> Option<Scope> {
    match target {
        Target::Unified { entity, verb, .. } => Some(scope_of(*entity, !matches!(verb, Verb::List | Verb::Get))),
        Target::Batch(entity) => Some(scope_of(*entity, true)),
        Target::Raw(_) => None,
    }
}

/// `GET /v1/platforms`: the same for everyone until the next release.
fn platforms() -> Answer {
    let platforms: Vec<_> = connectors::catalogue().collect();
    Answer::json(StatusCode::OK, &serde_json::json!({ "data": platforms, "next_cursor": null }))
        .with(header::CACHE_CONTROL, "public, max-age=300")
}
