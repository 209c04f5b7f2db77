//! The webhooks of stores: what they are signed with, their registration, and its end.
//!
//! The registration itself is `reconciliation`'s: a call that connects a store does not wait for it, and an order that is lost is made up for
//! by its daily look.

use std::time::Duration;

use cloud::{
    boot::Budget,
    dynamo::{
        stores::{StoreChange, StoreItem},
        transaction::{self, Part, TransactionError},
    },
    events::{ReconciliationMessage, Task},
    hooks::{HookSecrets, OVERLAP, StoreHooks, address, new_secret},
    http::{Answer, Code, Problem},
    journal::{SecurityEvent, UpstreamUse},
    pace::Pace,
    upstream::Line,
};
use connectors::{
    Connector, Context, Credential,
    hooks::{Hooks, Registration, SecretSource},
};
use domain::{
    id::StoreId,
    store::{HooksState, StoreState},
};
use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};

use crate::{
    serving::{Visit, unavailable},
    stores::{about, not_connected, own},
};

/// How long a store that leaves is asked to forget our address.
const FAREWELL: Duration = Duration::from_secs(5);
/// What must be left of the call after that.
const RESERVE: Duration = Duration::from_secs(5);

/// A store's webhooks, as its owner sees them.
#[derive(serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "StoreWebhooks"))]
pub(crate) struct Shown {
    state: HooksState,
    /// Where the platform sends them.
    url: String,
    /// What they are signed with, where the secret is ours; in the answers that make one and nowhere else.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
    /// Why they are not registered.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
    /// When the registration was last looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    checked_at: Option<Timestamp>,
}

impl Shown {
    fn new(visit: &Visit<'_>, store: &StoreId, state: HooksState) -> Self {
        let url = address(&visit.app.public_url, store);
        Self { state, url, secret: None, problem: None, checked_at: None }
    }

    /// What is shown of a store that has no secrets.
    fn without(visit: &Visit<'_>, store: &StoreId, hooks: &dyn Hooks) -> Self {
        let problem = match hooks.secret() {
            SecretSource::Ours => "there is no secret yet; `rotate-hook-secret` makes one".to_owned(),
            SecretSource::Credential(field) => {
                format!("the platform signs with `{field}`, which the credentials lack; send them again with it")
            }
        };
        Self { problem: Some(problem), ..Self::new(visit, store, HooksState::Failed) }
    }
}

/// The webhooks of a store as they stand now; nothing where its platform sends none.
pub(crate) async fn shown(visit: &Visit<'_>, store: &StoreItem) -> Result<Option<Shown>, Problem> {
    let Some(hooks) = connectors::connector(&store.platform).and_then(Connector::hooks) else { return Ok(None) };
    let item = visit.app.stores.hooks(&store.id).await.map_err(unavailable)?;
    Ok(Some(match item {
        Some(item) => {
            Shown { problem: item.problem, checked_at: item.checked_at, ..Shown::new(visit, &store.id, item.state) }
        }
        None => Shown::without(visit, &store.id, hooks),
    }))
}

/// What the webhooks of a store are signed with that is being connected.
pub(crate) struct First {
    secrets: HookSecrets,
    state: HooksState,
    /// Whether the owner is to be shown it.
    is_ours: bool,
}

/// The first secret of a store's webhooks; nothing where its platform sends none, or signs with a field that the credential lacks.
pub(crate) fn first(connector: &dyn Connector, credential: &Credential) -> Option<First> {
    let hooks = connector.hooks()?;
    let (secret, is_ours) = match hooks.secret() {
        SecretSource::Ours => (new_secret(), true),
        SecretSource::Credential(field) => (SecretString::from(credential.get(field)?.to_owned()), false),
    };
    Some(First { secrets: HookSecrets::new(secret), state: state_to_come(hooks), is_ours })
}

impl First {
    /// The write that keeps it, for the transaction that makes the store usable.
    pub(crate) async fn keeping(&self, visit: &Visit<'_>, store: &StoreId) -> Result<Part, Problem> {
        visit.app.hooks.keeping(store, &self.secrets, self.state).await.map_err(unavailable)
    }
}

/// What is shown of the webhooks of a store that was connected just now.
pub(crate) fn shown_first(
    visit: &Visit<'_>,
    store: &StoreId,
    connector: &dyn Connector,
    first: Option<First>,
) -> Option<Shown> {
    let hooks = connector.hooks()?;
    Some(match first {
        Some(first) => Shown {
            secret: first.is_ours.then(|| first.secrets.current().to_owned()),
            ..Shown::new(visit, store, first.state)
        },
        None => Shown::without(visit, store, hooks),
    })
}

fn state_to_come(hooks: &dyn Hooks) -> HooksState {
    match hooks.registration() {
        Registration::Api => HooksState::Pending,
        Registration::Manual => HooksState::Manual,
    }
}

/// Orders the registration of a store's webhooks, where it is ours to do. The call has done its work by now; should the order be lost, the
/// daily look registers them.
pub(crate) async fn order(visit: &Visit<'_>, store: &StoreItem) {
    let hooks = connectors::connector(&store.platform).and_then(Connector::hooks);
    if hooks.is_none_or(|hooks| hooks.registration() == Registration::Manual) {
        return;
    }
    let message = ReconciliationMessage {
        account: store.account.clone(),
        store: store.id.clone(),
        generation: store.generation,
        task: Task::Hooks,
    };
    if visit.app.reconciliations.send(&message).await.is_err() {
        tracing::warn!(store = %store.id, "the registration of webhooks waits for the daily look");
    }
}

/// The write that puts a new credential's secret in place of the old one's, which stays good for a day; nothing where the platform signs
/// with no field of it, or with what it did before.
pub(crate) async fn following(
    visit: &Visit<'_>,
    store: &StoreItem,
    credential: &Credential,
) -> Result<Option<Part>, Problem> {
    let Some(hooks) = connectors::connector(&store.platform).and_then(Connector::hooks) else { return Ok(None) };
    let SecretSource::Credential(field) = hooks.secret() else { return Ok(None) };
    let Some(next) = credential.get(field) else { return Ok(None) };
    let found = visit.app.hooks.read(&store.id).await.map_err(unavailable)?;
    match found {
        Some(found) if found.secrets.current() == next => Ok(None),
        found => replacing(visit, &store.id, found, next.to_owned().into(), state_to_come(hooks)).await.map(Some),
    }
}

async fn replacing(
    visit: &Visit<'_>,
    store: &StoreId,
    found: Option<StoreHooks>,
    secret: SecretString,
    state: HooksState,
) -> Result<Part, Problem> {
    let app = visit.app;
    let part = match found {
        Some(found) => {
            let secrets = found.secrets.replaced(secret, app.clock.now());
            app.hooks.changing(store, &found.item, &secrets, state).await
        }
        None => app.hooks.keeping(store, &HookSecrets::new(secret), state).await,
    };
    part.map_err(unavailable)
}

/// A secret that was rotated.
#[derive(serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "HookSecretRotated"))]
pub(crate) struct Rotated {
    id: StoreId,
    webhooks: Shown,
    /// Until when the secret before is good.
    previous_valid_until: Timestamp,
}

/// `POST /v1/stores/{store}/rotate-hook-secret`: another secret of ours; the one so far is good for a day, and the one before that no more.
pub(crate) async fn rotate(visit: &Visit<'_>, id: &StoreId) -> Result<Answer, Problem> {
    let store = own(visit, id).await?;
    if store.state != StoreState::Connected {
        return Err(not_connected());
    }
    let app = visit.app;
    let cannot = |why: String| Problem::new(Code::NotSupported).detail(why);
    let connector = connectors::connector(&store.platform).ok_or(Code::Internal)?;
    let hooks = connector.hooks().ok_or_else(|| cannot("the platform sends no webhooks".to_owned()))?;
    if let SecretSource::Credential(field) = hooks.secret() {
        return Err(cannot(format!("the platform signs with the credentials' `{field}`: change the credentials")));
    }
    let found = app.hooks.read(id).await.map_err(unavailable)?;
    let (secret, state) = (new_secret(), state_to_come(hooks));
    let part = replacing(visit, id, found, secret.clone(), state).await?;
    let connected = app.stores.changing(&visit.key.account, id, StoreChange::default());
    transaction::write(&app.tables, vec![connected, part]).await.map_err(|error| match error {
        TransactionError::Condition(0) => not_connected(),
        TransactionError::Condition(_) => {
            Problem::new(Code::Conflict).detail("the secret is being rotated by another call")
        }
        TransactionError::Unavailable(cause) => unavailable(cause),
    })?;
    visit.note(0, SecurityEvent::HookSecretRotated, about(id));
    order(visit, &store).await;
    let secret = Some(secret.expose_secret().to_owned());
    let webhooks = Shown { secret, ..Shown::new(visit, id, state) };
    let previous_valid_until = app.clock.now() + SignedDuration::from_secs(OVERLAP);
    Ok(Answer::json(StatusCode::OK, &Rotated { id: id.clone(), webhooks, previous_valid_until }))
}

/// Asks the platform of a store that leaves to forget our address, while there is a credential to ask with. A platform that does not answer
/// holds up nobody: what it goes on sending is refused.
pub(crate) async fn take_leave(visit: &Visit<'_>, store: &StoreItem) {
    // Where the off-boarding had begun before, an earlier call has come this far.
    if store.state != StoreState::Connected {
        return;
    }
    let patience = FAREWELL.min(visit.call.budget.left().saturating_sub(RESERVE));
    match tokio::time::timeout(patience, unregister(visit, store, Budget::ending_in(patience))).await {
        Ok(Ok(())) => {}
        Ok(Err(why)) => tracing::warn!(store = %store.id, why, "a store's webhooks could not be unregistered"),
        Err(_) => {
            tracing::warn!(store = %store.id, why = "no answer in time", "a store's webhooks could not be unregistered")
        }
    }
}

async fn unregister(visit: &Visit<'_>, store: &StoreItem, budget: Budget) -> Result<(), &'static str> {
    let app = visit.app;
    let Some(connector) = connectors::connector(&store.platform) else { return Ok(()) };
    let Some(hooks) = connector.hooks().filter(|hooks| hooks.registration() == Registration::Api) else {
        return Ok(());
    };
    let address_of_store = connector.address(&store.url, app.loopback).map_err(|_| "its address is none any more")?;
    // Before the read, so that no read goes without its line.
    visit.note(2, SecurityEvent::CredentialRead, about(&store.id));
    let credential = app.vault.read(store).await.map_err(|_| "its credential could not be read")?;
    let context = Context { address: &address_of_store, credential: &credential };
    let url = address(&app.public_url, &store.id);
    let turn = hooks.unregister(&context, &url).map_err(|_| "the platform has no interface for it")?;
    let line = Line { egress: &app.egress, connector, pace: &Pace::default(), budget };
    line.drive(turn, &mut UpstreamUse::default()).await.map(drop).map_err(|_| "the store did not do it")
}
