//! What changes a store's credential while calls go on: another one, or another form of the vault; see [`cloud::vault`] for the steps.

use cloud::{
    dynamo::{
        stores::{StoreChange, StoreItem},
        transaction::{self, TransactionError},
    },
    http::{Answer, Code, Problem},
    journal::{CredentialUse, SecurityEvent, Trace},
    vault::VaultError,
};
use connectors::Credential;
use domain::{
    id::StoreId,
    store::{StoreState, UnknownVaultForm, VaultForm},
};
use http::StatusCode;

use crate::{
    hooks,
    serving::{Visit, unavailable},
    stores::{Shown, about, granted, not_connected, own},
};

/// Where a credential is to be moved.
#[derive(serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "CredentialMove"))]
#[serde(deny_unknown_fields)]
pub(crate) struct Move {
    #[cfg_attr(feature = "schema", schemars(with = "VaultForm"))]
    to: String,
}

/// `POST /v1/stores/{store}/move-credential`: to the vault's other form, while calls go on. Asking again for where it is already takes away
/// what a move that was cut short has left in the other form.
pub(crate) async fn move_credential(visit: &Visit<'_>, id: &StoreId, trace: &mut Trace) -> Result<Answer, Problem> {
    let Move { to } = visit.call.json()?;
    let to = vault_form("/to", &to)?;
    let store = own(visit, id).await?;
    if store.state != StoreState::Connected {
        return Err(not_connected());
    }
    let app = visit.app;
    let until = begin_change(visit, &store).await?;
    let moved = match store.vault == to {
        true => Ok(()),
        false => move_to(visit, &store, to, trace).await,
    };
    let cleared = match moved {
        Ok(()) => app.vault.clear(id, to).await.map_err(|_| Problem::unavailable()),
        Err(problem) => Err(problem),
    };
    app.stores.end_change(id, until).await;
    cleared?;
    Ok(Answer::json(StatusCode::OK, &Shown::from(StoreItem { vault: to, ..store })))
}

async fn move_to(visit: &Visit<'_>, store: &StoreItem, to: VaultForm, trace: &mut Trace) -> Result<(), Problem> {
    let app = visit.app;
    // Before the read, so that no read goes without its line.
    visit.note(0, SecurityEvent::CredentialRead, about(&store.id));
    trace.upstream.credential = Some(CredentialUse::Read);
    let credential = app.vault.read(store).await.map_err(no_credential)?;
    let kept = app.vault.keep(store, to, &credential).await.map_err(|_| Problem::unavailable())?;
    let change = StoreChange { credential: Some((to, store.credential)), ..StoreChange::default() };
    // No epoch is raised: what instances remember is the credential, and that is the same.
    let facts = [vec![app.stores.changing(&store.account, &store.id, change)], kept].concat();
    if let Err(error) = transaction::write(&app.tables, facts).await {
        return Err(withdrawn(visit, &store.id, error).await);
    }
    visit.note(1, SecurityEvent::CredentialMoved, about(&store.id));
    Ok(())
}

pub(crate) fn no_credential(error: VaultError) -> Problem {
    match error {
        VaultError::Missing => Problem::new(Code::UpstreamUnauthorized).detail("the store has no credential any more"),
        VaultError::Unavailable => Problem::unavailable(),
    }
}

/// Has the store's credential for itself, see [`cloud::vault`].
pub(crate) async fn begin_change(visit: &Visit<'_>, store: &StoreItem) -> Result<i64, Problem> {
    let begun = visit.app.stores.begin_change(store, visit.app.clock.now()).await.map_err(unavailable)?;
    begun.ok_or_else(|| Problem::new(Code::Conflict).detail("the store's credential is being changed by another call"))
}

/// Replaces a credential in the form in which the vault holds it.
pub(crate) async fn replace(
    visit: &Visit<'_>,
    store: &StoreItem,
    wishes: StoreChange<'_>,
    credential: &Credential,
) -> Result<(), Problem> {
    let app = visit.app;
    let kept = app.vault.keep(store, store.vault, credential).await.map_err(|_| Problem::unavailable())?;
    visit.note(0, SecurityEvent::CredentialReplaced, about(&store.id));
    let wishes = StoreChange { credential: Some((store.vault, store.credential)), ..wishes };
    let signing = hooks::following(visit, store, credential).await?;
    let changing = app.stores.changing(&store.account, &store.id, wishes);
    let facts = [vec![changing], kept, signing.into_iter().collect()].concat();
    // Instances remember addresses and credentials by epoch, so a new one is used from the next call on.
    match visit.app.keys.bite(facts, &granted(visit, &store.id).await?).await {
        Ok(()) => Ok(()),
        Err(error) => Err(withdrawn(visit, &store.id, error).await),
    }
}

/// The answer to a change that was not made. Where the store's off-boarding began meanwhile, a credential that was kept since must go like
/// the one before.
async fn withdrawn(visit: &Visit<'_>, store: &StoreId, error: TransactionError) -> Problem {
    if error != TransactionError::Condition(0) {
        return Problem::unavailable();
    }
    match own(visit, store).await {
        Ok(store) if store.state == StoreState::Connected => not_connected(),
        Err(problem) if problem.code != Code::NotFound => problem,
        Ok(_) | Err(_) => match visit.app.vault.destroy(store).await {
            Ok(()) => not_connected(),
            Err(_) => Problem::unavailable(),
        },
    }
}

pub(crate) fn not_changed(error: TransactionError) -> Problem {
    match error {
        TransactionError::Condition(0) => not_connected(),
        _ => Problem::unavailable(),
    }
}

/// The form that a text names, or the problem of the field at `pointer`.
pub(crate) fn vault_form(pointer: &str, text: &str) -> Result<VaultForm, Problem> {
    text.parse().map_err(|error: UnknownVaultForm| Problem::field(pointer, error.to_string()))
}
