//! Webhooks: registered where they are missing, repaired where a platform or a merchant has switched them off.

use cloud::{dynamo::stores::HooksLook, hooks, sqs::Disposition};
use connectors::{
    Outcome,
    hooks::{Registered, Registration, Wanted},
};
use domain::store::HooksState;

use crate::store::{NotTold, Visit};

/// Looks at a store's registration and notes what it found, or made of it.
pub(crate) async fn look(visit: &Visit<'_>) -> Disposition {
    let (app, store) = (visit.app, &visit.store.id);
    // A platform without webhooks has nothing to register: what happens there is found by looking.
    let Some(platform) = visit.connector.hooks() else { return Disposition::Done };
    let kept = match app.hooks.read(store).await {
        Ok(Some(kept)) => kept,
        // A store from before there were webhooks, or one without the secret that they are signed with.
        Ok(None) => return Disposition::Done,
        Err(_) => return Disposition::Retry("the secrets of the store's webhooks could not be read"),
    };
    let (state, problem, registered) = match platform.registration() {
        Registration::Manual => (HooksState::Manual, None, Vec::new()),
        Registration::Api => {
            let url = hooks::address(&app.public_url, store);
            let wanted = Wanted {
                url: &url,
                secret: kept.secrets.current(),
                new_secret: kept.item.registered_version != Some(kept.item.secrets_version),
            };
            match visit.ask(platform.register(&visit.context(), &wanted)).await {
                Ok(Outcome::Registered(Registered { ids, repaired, problem })) => {
                    tracing::info!(%store, registered = ids.len(), repaired, "webhooks were looked at");
                    (HooksState::Registered, problem, ids)
                }
                Ok(_) => (HooksState::Failed, Some("the store's answer cannot be read".to_owned()), Vec::new()),
                Err(NotTold::NotPossible) => (HooksState::Manual, None, Vec::new()),
                Err(NotTold::Failed(seen)) => {
                    tracing::warn!(%store, seen, "webhooks could not be registered");
                    // What was registered before may still stand; forgetting it would leave it behind when the store leaves.
                    (HooksState::Failed, Some(seen), kept.item.registered)
                }
            }
        }
    };
    let secrets_version = kept.item.secrets_version;
    let look = HooksLook { secrets_version, state, problem, registered, checked_at: app.clock.now() };
    match app.stores.note_hooks(store, &look).await {
        // Where they have other secrets by now, a message about those is on its way.
        Ok(_) => Disposition::Done,
        Err(_) => Disposition::Retry("what was found of the store's webhooks could not be noted"),
    }
}
