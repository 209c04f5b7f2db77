//! Changes that no webhook told: what a store says has changed since the last look, less what is known already.
//!
//! A look reads everything that changed since the one before, and a little more, because a store's clock is not ours and rows that share a
//! moment can fall on both sides of a page. It leaves out what changed in the last minutes, whose webhooks are still on their way. A look
//! that does not end within its invocation goes on in another one, where it stopped.

use std::time::Duration;

use cloud::{
    dynamo::events::{MarkItem, ReconciledItem},
    events::{EventMessage, News, ReconciliationMessage},
    sqs::{Disposition, Sending},
};
use connectors::{Fields, MAX_PER_PAGE, Outcome, Read, Stamp, Target, Verb};
use domain::{
    event::{
        Change, Topic,
        news::{Told, Verdict, verdict},
    },
    id::EventId,
    model::Entity,
};
use jiff::Timestamp;

use crate::{
    deletions,
    store::{NotTold, Visit},
};

/// What is looked for; of everything else platforms keep no time of change.
pub(crate) const ENTITIES: [Entity; 3] = [Entity::Products, Entity::Orders, Entity::Customers];
/// By how much a look reaches back behind the one before.
const OVERLAP: Duration = Duration::from_secs(10 * 60);
/// How long a webhook may be on its way: what is younger is left to the next look.
const GRACE: Duration = Duration::from_secs(5 * 60);
/// What must remain of the invocation to ask for another page.
pub(crate) const WORTHWHILE: Duration = Duration::from_secs(20);

/// Why a look did not come to its end.
pub(crate) enum Stopped {
    /// The invocation's time is over: another one goes on.
    Later,
    /// The store did not answer: the next look begins where this one stood.
    Store(String),
    /// Something of ours did not.
    Ours(&'static str),
}

impl From<cloud::dynamo::Unavailable> for Stopped {
    fn from(_: cloud::dynamo::Unavailable) -> Self {
        Self::Ours("a table or a queue could not be asked")
    }
}

/// Looks for what changed in a store and what is gone from it.
pub(crate) async fn look(visit: &Visit<'_>, message: &ReconciliationMessage) -> Disposition {
    let outcome = async {
        let wanted = anyone_listens(visit).await?;
        for entity in ENTITIES {
            if visit.connector.platform().supports(entity, Verb::List).is_err() {
                continue;
            }
            if wanted {
                changed(visit, entity).await?;
                deletions::look(visit, entity).await?;
            } else {
                skip(visit, entity).await?;
            }
        }
        Ok(())
    };
    match outcome.await {
        Ok(()) => Disposition::Done,
        Err(Stopped::Later) => match visit.app.work.send(message).await {
            Ok(()) => Disposition::Done,
            Err(_) => Disposition::Retry("the rest of the work could not be sent"),
        },
        Err(Stopped::Store(seen)) => {
            // Not for the dead letters: a store that is down is looked at again within the hour.
            tracing::warn!(store = %visit.store.id, seen, "a store could not be looked through");
            Disposition::Done
        }
        Err(Stopped::Ours(cause)) => Disposition::Retry(cause),
    }
}

/// Whether any application that may see the store has a subscription. A store that nobody listens to is left in peace.
async fn anyone_listens(visit: &Visit<'_>) -> Result<bool, Stopped> {
    for grant in visit.app.stores.grants(&visit.store.id).await? {
        if grant.revoked_at.is_none() && !visit.app.subscriptions.all(&grant.application).await?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Nobody listened until now, so nobody missed anything.
async fn skip(visit: &Visit<'_>, entity: Entity) -> Result<(), Stopped> {
    let (app, store) = (visit.app, &visit.store.id);
    let progress = ReconciledItem::new(store, entity, app.clock.now());
    Ok(app.events.note_reconciled(&progress).await?)
}

/// Looks for what of an entity changed.
async fn changed(visit: &Visit<'_>, entity: Entity) -> Result<(), Stopped> {
    let (app, store) = (visit.app, &visit.store.id);
    let now = app.clock.now();
    let mut progress = match app.events.reconciled(store, entity).await? {
        Some(progress) => progress,
        // The first look: what there was before is nobody's news. Of the catalogue it is learnt all the same, so that a product that is deleted
        // without a word can be missed; of orders and people nothing is kept that no event was about.
        None if entity == Entity::Products => {
            ReconciledItem { learning: true, ..ReconciledItem::new(store, entity, now) }
        }
        None => return Ok(app.events.note_reconciled(&ReconciledItem::new(store, entity, now)).await?),
    };
    let began_at = *progress.began_at.get_or_insert(now);
    let since = progress.seen_until - OVERLAP;
    let until = began_at - GRACE;
    if !progress.learning && since >= until {
        return Ok(());
    }
    // Three fields, whatever the objects hold.
    let born = if entity == Entity::Orders { "placed_at" } else { "created_at" };
    let fields = Fields::parse(entity, &format!("id,{born},updated_at")).map_err(|_| Stopped::Ours("no such field"))?;
    loop {
        if visit.budget.left() < WORTHWHILE {
            app.events.note_reconciled(&progress).await?;
            return Err(Stopped::Later);
        }
        let target = Target::Page {
            per_page: MAX_PER_PAGE,
            cursor: progress.cursor.as_deref(),
            updated_after: (!progress.learning).then_some(since),
        };
        let read = Read { entity, target, fields: Some(&fields), include_remote: false };
        let (stamps, next_cursor) = match visit.ask(visit.connector.read(&visit.context(), &read)).await {
            Ok(Outcome::Page { objects, next_cursor }) => (objects.stamps(), next_cursor),
            Ok(_) => return Err(Stopped::Store("the store's answer cannot be read".to_owned())),
            // The platform keeps no time of change for these.
            Err(NotTold::NotPossible) => return Ok(()),
            Err(NotTold::Failed(seen)) => return Err(Stopped::Store(seen)),
        };
        if progress.learning {
            app.events.learn(store, entity, &stamps).await?;
        } else {
            tell(visit, entity, &stamps, since, until).await?;
        }
        progress.cursor = next_cursor;
        if progress.cursor.is_none() {
            break;
        }
    }
    let seen = ReconciledItem { looked_for: progress.looked_for, ..ReconciledItem::new(store, entity, until) };
    Ok(app.events.note_reconciled(&seen).await?)
}

/// Sends on what is not known of a page of objects.
async fn tell(
    visit: &Visit<'_>,
    entity: Entity,
    stamps: &[Stamp],
    since: Timestamp,
    until: Timestamp,
) -> Result<(), Stopped> {
    let (app, store) = (visit.app, &visit.store.id);
    let due: Vec<&Stamp> = stamps.iter().filter(|stamp| stamp.updated_at.is_none_or(|at| at <= until)).collect();
    let ids: Vec<&str> = due.iter().map(|stamp| stamp.id.as_str()).collect();
    let marks = app.events.marks_of(store, entity, &ids).await?;
    let missed = due.into_iter().filter_map(|stamp| Some((stamp, missed(marks.get(&stamp.id), stamp, since)?)));
    let found: Vec<Sending> =
        missed.map(|(stamp, change)| recovered(visit, entity, change, &stamp.id, stamp.updated_at)).collect();
    if !found.is_empty() {
        tracing::info!(%store, %entity, missed = found.len(), "changes that no webhook told");
        app.incoming.send_all(found).await?;
    }
    Ok(())
}

/// What became of an object that nobody was told; nothing where what is known of it is as new as it is.
fn missed(mark: Option<&MarkItem>, stamp: &Stamp, since: Timestamp) -> Option<Change> {
    let Some(mark) = mark else {
        let is_new = stamp.created_at.is_some_and(|at| at >= since);
        return Some(if is_new { Change::Created } else { Change::Updated });
    };
    let updated_at = stamp.updated_at.map(Timestamp::as_millisecond);
    let told = Told { change: Change::Updated, updated_at, recovered: true };
    (verdict(mark.mark(), told) != Verdict::Superseded).then_some(Change::Updated)
}

/// The message about something that was found by looking.
pub(crate) fn recovered(
    visit: &Visit<'_>,
    entity: Entity,
    change: Change,
    object: &str,
    updated_at: Option<Timestamp>,
) -> Sending {
    let clock = &visit.app.clock;
    let message = EventMessage {
        id: EventId::from_uuid(clock.new_id()),
        store: visit.store.id.clone(),
        received_at: clock.now(),
        news: News::Recovered { topic: Topic::Object(entity, change), object: object.to_owned(), updated_at },
    };
    Sending::new(&message).in_group(visit.store.id.as_str())
}
