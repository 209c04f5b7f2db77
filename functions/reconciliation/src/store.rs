//! A store that is being looked after: found, opened, and what its platform says when it is asked.

use cloud::{
    boot::Budget,
    dynamo::stores::StoreItem,
    events::ReconciliationMessage,
    journal::UpstreamUse,
    pace::Pace,
    sqs::Disposition,
    upstream::{Failure, Line},
    vault::VaultError,
};
use connectors::{Connector, Context, Credential, Outcome, Refusal, StoreAddress, Turn};
use domain::store::StoreState;
use std::sync::Arc;

use crate::App;

/// A store that is being looked after.
pub(crate) struct Visit<'a> {
    /// The function.
    pub(crate) app: &'a App,
    /// The store.
    pub(crate) store: StoreItem,
    /// Our code for its platform.
    pub(crate) connector: &'static dyn Connector,
    /// How long all of it may take.
    pub(crate) budget: Budget,
    address: StoreAddress,
    credential: Arc<Credential>,
    pace: Arc<Pace>,
}

/// Why a store did not say what it was asked for.
pub(crate) enum NotTold {
    /// Its platform has no way to be asked so.
    NotPossible,
    /// It failed, or refused; what we saw, in our words.
    Failed(String),
}

impl Visit<'_> {
    /// What the connector is asked with.
    pub(crate) fn context(&self) -> Context<'_> {
        Context { address: &self.address, credential: &self.credential }
    }

    /// Drives what a connector wants to ask.
    pub(crate) async fn ask(&self, turn: Result<Turn, Refusal>) -> Result<Outcome, NotTold> {
        let turn = turn.map_err(|refusal| match refusal {
            Refusal::NotSupported(_) | Refusal::FilterNotSupported(_) => NotTold::NotPossible,
            refusal => NotTold::Failed(refusal.to_string()),
        })?;
        let line = Line { egress: &self.app.egress, connector: self.connector, pace: &self.pace, budget: self.budget };
        line.drive(turn, &mut UpstreamUse::default()).await.map_err(|failure| match &failure {
            Failure::Answered(connectors::ReadError::Refused(
                Refusal::NotSupported(_) | Refusal::FilterNotSupported(_),
            )) => NotTold::NotPossible,
            failure => NotTold::Failed(seen(failure)),
        })
    }
}

/// What we saw of a failure, without a word of the store's.
fn seen(failure: &Failure) -> String {
    match failure {
        Failure::NoAnswer(error) => cloud::upstream::seen(*error).to_owned(),
        Failure::Throttled(_) => "the platform's limit leaves no room now".to_owned(),
        Failure::Answered(connectors::ReadError::Upstream { status, .. }) => format!("the store answered {status}"),
        Failure::Answered(error) => error.to_string(),
    }
}

/// Finds the store of a message and opens it.
pub(crate) async fn open<'a>(
    app: &'a App,
    message: &ReconciliationMessage,
    budget: Budget,
) -> Result<Visit<'a>, Disposition> {
    let ReconciliationMessage { account, store, generation, .. } = message;
    let found = app.stores.of_account(account, store).await;
    let store = match found.map_err(|_| Disposition::Retry("the store could not be read"))? {
        Some(store) if store.generation == *generation && store.state == StoreState::Connected => store,
        // It has left, or was connected anew and has messages of its own.
        _ => return Err(Disposition::Done),
    };
    let Some(connector) = connectors::connector(&store.platform) else {
        return Err(Disposition::GiveUp("the store's platform is not known"));
    };
    let Ok(address) = connector.address(&store.url, app.loopback) else {
        return Err(Disposition::GiveUp("the store's address is not one that its platform has"));
    };
    let credential = match app.vault.read(&app.journal, &store).await {
        Ok(credential) => credential,
        // It leaves at this moment.
        Err(VaultError::Missing) => return Err(Disposition::Done),
        Err(VaultError::Unavailable) => return Err(Disposition::Retry("the vault could not be asked")),
    };
    let pace = app.paces.of(&store.id);
    Ok(Visit { app, store, connector, budget, address, credential, pace })
}
