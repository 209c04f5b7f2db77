//! A merchant removed the app: the store's off-boarding begins (`privacy.md` D.10, R125).
//!
//! Here its door is shut: it is no connected store any more and its grants are off. The rest, its credential first, is the queue's.

use cloud::{
    dynamo::transaction::{self, TransactionError},
    journal::{Concerning, SecurityEvent},
    offboarding::{LAST_RESORT, OffboardingMessage},
};
use domain::id::RequestId;

use crate::{
    batch::{Batch, Trouble},
    shop::Shop,
};

/// Begins the off-boarding of a store; it may be begun twice.
pub(crate) async fn begin(batch: &Batch<'_>, shop: &Shop) -> Result<(), Trouble> {
    let app = batch.app;
    let now = app.clock.now();
    let end = now.as_second() + LAST_RESORT;
    let mut facts: Vec<_> = app.stores.disconnecting(&shop.item, now, end).into();
    facts
        .extend(shop.grants.iter().map(|grant| app.stores.revoking(&shop.item.id, &grant.application, now, Some(end))));
    match transaction::write_in_order(&app.tables, facts).await {
        Ok(()) => {
            let account = Some(shop.item.account.clone());
            let concerning = Concerning { account, store: Some(shop.item.id.clone()), ..Concerning::default() };
            let id = RequestId::from_uuid(app.clock.new_id());
            app.journal.security(&id, 0, None, SecurityEvent::StoreDisconnected, concerning);
        }
        // It is gone, or was connected anew: then the platform's news is old.
        Err(TransactionError::Condition(0)) => return Ok(()),
        Err(TransactionError::Condition(_)) => return Err(Trouble::Later("a grant changed meanwhile")),
        Err(TransactionError::Unavailable(unavailable)) => return Err(unavailable.into()),
    }
    Ok(app.offboardings.send(&OffboardingMessage::for_store(&shop.item)).await?)
}
