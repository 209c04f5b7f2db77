//! Grants: a merchant lets an application of any account reach a store, and takes that back (R121).

use cloud::{
    dynamo::{
        key,
        stores::{GrantItem, MAX_GRANTS},
        transaction::TransactionError,
    },
    http::{Answer, Code, Problem},
    journal::{Concerning, SecurityEvent},
};
use domain::{
    id::{ApplicationId, StoreId},
    scope::Scope,
    store::StoreState,
};
use http::StatusCode;

use crate::{
    keys,
    serving::{Visit, unavailable},
    stores::{ShownGrant, own},
};

/// A grant to give.
#[derive(serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct NewGrant {
    /// Scopes of the data plane; at least one.
    #[cfg_attr(feature = "schema", schemars(with = "Vec<Scope>", length(min = 1)))]
    scopes: Vec<String>,
}

/// `PUT /v1/stores/{store}/grants/{application}`: gives a grant, or changes it. A change bites on the next call, like a revocation.
pub(crate) async fn put(visit: &Visit<'_>, store: &StoreId, application: &ApplicationId) -> Result<Answer, Problem> {
    let body: NewGrant = visit.call.json()?;
    let mut errors = Vec::new();
    let scopes = keys::scopes(&body.scopes, Scope::is_data_plane, &mut errors);
    if !errors.is_empty() {
        return Err(Problem::fields(errors));
    }
    let app = visit.app;
    if own(visit, store).await?.state != StoreState::Connected {
        return Err(Problem::new(Code::Conflict).detail("the store is being disconnected"));
    }
    if app.accounts.owner(application).await.map_err(unavailable)?.is_none() {
        return Err(Problem::new(Code::NotFound).detail("there is no such application"));
    }
    let grants = app.stores.grants(store).await.map_err(unavailable)?;
    let present = grants.iter().find(|grant| grant.application == *application);
    if let Some(same) = present.filter(|grant| grant.scopes == scopes && grant.revoked_at.is_none()) {
        return Ok(Answer::json(StatusCode::OK, &ShownGrant::from(same.clone())));
    }
    if present.is_none() && grants.len() >= MAX_GRANTS {
        let detail = format!("at most {MAX_GRANTS} applications can be granted something on one store");
        return Err(Problem::new(Code::QuotaReached).detail(detail));
    }
    let grant = GrantItem {
        pk: key::store(store),
        sk: key::grant(application),
        v: 1,
        store: store.clone(),
        application: application.clone(),
        scopes,
        granted_at: app.clock.now(),
        revoked_at: None,
        expires_at: None,
    };
    let facts = app.stores.granting(&visit.key.account, &grant);
    visit.app.keys.bite(facts.into(), std::slice::from_ref(application)).await.map_err(|error| match error {
        TransactionError::Condition(0) => Problem::new(Code::Conflict).detail("the store is being disconnected"),
        _ => Problem::unavailable(),
    })?;
    visit.note(0, SecurityEvent::GrantGiven, about(store, application));
    Ok(Answer::json(StatusCode::OK, &ShownGrant::from(grant)))
}

/// `DELETE /v1/stores/{store}/grants/{application}`
pub(crate) async fn revoke(visit: &Visit<'_>, store: &StoreId, application: &ApplicationId) -> Result<Answer, Problem> {
    own(visit, store).await?;
    let app = visit.app;
    let fact = app.stores.revoking(store, application, app.clock.now(), None);
    visit.app.keys.bite(vec![fact], std::slice::from_ref(application)).await.map_err(|error| match error {
        TransactionError::Condition(0) => Code::NotFound.into(),
        _ => Problem::unavailable(),
    })?;
    visit.note(0, SecurityEvent::GrantRevoked, about(store, application));
    Ok(Answer::empty(StatusCode::NO_CONTENT))
}

fn about(store: &StoreId, application: &ApplicationId) -> Concerning {
    Concerning { store: Some(store.clone()), application: Some(application.clone()), ..Concerning::default() }
}
