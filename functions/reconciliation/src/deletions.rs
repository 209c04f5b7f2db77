//! Objects that are gone and of whose end nobody was told, as after a forced delete in WooCommerce (`platforms.md`, point 3): the known ones are
//! looked for, a hundred in a call.

use cloud::{dynamo::events::Marks, sqs::Sending};
use connectors::Outcome;
use domain::{event::Change, model::Entity};

use crate::{
    changes::{Stopped, WORTHWHILE, recovered},
    store::{NotTold, Visit},
};

/// Objects that are looked for in one call of the store.
const AT_ONCE: usize = 100;
/// Calls of one look. What is left has its turn an hour later, so a store of 24,000 products is looked through once a day.
const CALLS: u32 = 10;

/// Looks for the known objects of an entity that are gone.
pub(crate) async fn look(visit: &Visit<'_>, entity: Entity) -> Result<(), Stopped> {
    let (app, store) = (visit.app, &visit.store.id);
    for _ in 0..CALLS {
        // None yet: there is nothing that could be gone.
        let Some(mut progress) = app.events.reconciled(store, entity).await? else { return Ok(()) };
        let Marks { marks, next } = app.events.marks(store, entity, progress.looked_for.as_deref(), AT_ONCE).await?;
        let here: Vec<&str> = marks.iter().filter(|mark| !mark.gone).map(|mark| mark.object.as_str()).collect();
        if !here.is_empty() {
            if visit.budget.left() < WORTHWHILE {
                return Err(Stopped::Later);
            }
            // A platform that cannot be asked about many is asked about none: one call an object would be too many.
            let Some(turn) = visit.connector.existing(&visit.context(), entity, &here) else { return Ok(()) };
            let existing = match visit.ask(turn).await {
                Ok(Outcome::Existing(existing)) => existing,
                Ok(_) => return Err(Stopped::Store("the store's answer cannot be read".to_owned())),
                Err(NotTold::NotPossible) => return Ok(()),
                Err(NotTold::Failed(seen)) => return Err(Stopped::Store(seen)),
            };
            let gone = here.iter().filter(|id| !existing.iter().any(|there| there == *id));
            let found: Vec<Sending> = gone.map(|id| recovered(visit, entity, Change::Deleted, id, None)).collect();
            if !found.is_empty() {
                tracing::info!(%store, %entity, gone = found.len(), "objects whose end no webhook told");
                app.incoming.send_all(found).await?;
            }
        }
        let ended = next.is_none();
        progress.looked_for = next;
        app.events.note_reconciled(&progress).await?;
        if ended {
            break;
        }
    }
    Ok(())
}
