//! Deliveries that are made again, page by page, each body read from its store anew (R013: none was kept).
//!
//! What was done is known by where the next page begins. What there is no time for, or what something stands in the way of, becomes a message of
//! its own; one that comes twice delivers twice, under the same `webhook-id`.

use std::time::Duration;

use cloud::{
    dynamo::{
        deliveries::DeliveryItem,
        events::{EventItem, KEPT},
        key,
        page::{MAX_PER_PAGE, PageError, PageRequest},
        subscriptions::SubscriptionItem,
    },
    events::{Replay, ReplayMessage},
    sqs::{Disposition, Received},
};
use domain::{
    delivery::{DeliveryState, FailedBecause},
    event::{Change, Topic},
    id::{EventId, StoreId},
    subscription::{Ordering, SubscriptionState},
};
use jiff::{SignedDuration, Timestamp};

use crate::{
    batch::{Batch, Trouble},
    event::may_know,
    shop::Found,
    telling::Data,
};

/// Deliveries that are looked at together.
const PAGE: usize = 100;
/// What must be left of the invocation to begin with another.
const WORTHWHILE: Duration = Duration::from_secs(5);
/// With the last time that the queue hands a message over, what still cannot be read is written down as that.
const LAST_TIME: u32 = 5;
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// One delivery that is to be made again.
struct Again {
    event: EventId,
    store: StoreId,
    received_at: Timestamp,
    /// What stands of it; nothing where the subscription was not told of the event.
    delivery: Option<DeliveryItem>,
    /// Its envelope, where it was read already.
    envelope: Option<EventItem>,
}

/// A page of them, and how far it looked.
struct Page {
    again: Vec<Again>,
    /// The last that was looked at; nothing where there is no more.
    looked_at: Option<EventId>,
}

/// Works through one page.
pub(crate) async fn work(batch: &Batch<'_>, received: Received<ReplayMessage>) -> Disposition {
    let last_time = received.receives >= LAST_TIME;
    match page(batch, &received.message, last_time).await {
        Ok(()) => Disposition::Done,
        Err(Trouble::Later(cause)) => {
            let wait = Duration::from_secs(60) * 4_u32.pow(received.receives.clamp(1, 4) - 1);
            Disposition::RetryAfter(wait, cause)
        }
        Err(Trouble::Never(cause)) => Disposition::GiveUp(cause),
    }
}

async fn page(batch: &Batch<'_>, message: &ReplayMessage, last_time: bool) -> Result<(), Trouble> {
    let app = batch.app;
    let Some(subscription) = app.subscriptions.get(&message.application, &message.subscription).await? else {
        return Ok(());
    };
    // One that is switched off is told what it missed when it is switched on again.
    if subscription.state != SubscriptionState::Enabled {
        return Ok(());
    }
    let mut at = message.clone();
    match pages(batch, &subscription, &mut at, last_time).await {
        // What is done is done; the rest has a message of its own.
        Err(_) if at.after != message.after => Ok(app.replays.send(&at).await?),
        outcome => outcome,
    }
}

/// Works through page after page while there is time. `at` is where it got to.
async fn pages(
    batch: &Batch<'_>,
    subscription: &SubscriptionItem,
    at: &mut ReplayMessage,
    last_time: bool,
) -> Result<(), Trouble> {
    loop {
        let Page { again, looked_at } = find(batch, subscription, at).await?;
        for one in again {
            let event = one.event.clone();
            if batch.budget.left() <= WORTHWHILE {
                return Err(Trouble::Later("there is more than there is time for"));
            }
            repeat(batch, subscription, &at.what, one, last_time).await?;
            at.after = Some(event);
        }
        let Some(place) = looked_at else { return Ok(()) };
        at.after = Some(place);
        if batch.budget.left() <= WORTHWHILE {
            return Err(Trouble::Later("there is more than there is time for"));
        }
    }
}

async fn find(batch: &Batch<'_>, subscription: &SubscriptionItem, message: &ReplayMessage) -> Result<Page, Trouble> {
    let after = message.after.as_ref().map(|event| event.body().to_owned());
    let now = batch.app.clock.now();
    match &message.what {
        Replay::One(event) if after.is_none() => {
            let found = batch.app.deliveries.get(&subscription.id, event).await?;
            Ok(Page { again: found.map(of_delivery).into_iter().collect(), looked_at: None })
        }
        Replay::One(_) => Ok(Page { again: Vec::new(), looked_at: None }),
        Replay::Failed { since } => {
            let place = after.unwrap_or_else(|| key::ids_from(*since));
            // What the merchant forbids, or never could be, stays as it is unless it is asked for by its id.
            let failed = |item: &DeliveryItem| item.state_at(now).0 == DeliveryState::Failed;
            of_deliveries(batch, subscription, &place, failed).await
        }
        Replay::Parked => {
            // All of them: an old event that was asked for again is tried for a day from then on.
            let place = after.unwrap_or_else(|| key::ids_from(Timestamp::UNIX_EPOCH));
            let parked = |item: &DeliveryItem| item.state_at(now).0 == DeliveryState::Parked;
            of_deliveries(batch, subscription, &place, parked).await
        }
        Replay::Between { from, to } => between(batch, subscription, (*from, *to), after).await,
    }
}

async fn of_deliveries(
    batch: &Batch<'_>,
    subscription: &SubscriptionItem,
    place: &str,
    wanted: impl Fn(&DeliveryItem) -> bool,
) -> Result<Page, Trouble> {
    let items = batch.app.deliveries.behind(&subscription.id, place, PAGE).await?;
    let looked_at = (items.len() >= PAGE).then(|| items.last().map(|item| item.event.clone())).flatten();
    Ok(Page { again: items.into_iter().filter(wanted).map(of_delivery).collect(), looked_at })
}

fn of_delivery(item: DeliveryItem) -> Again {
    Again {
        event: item.event.clone(),
        store: item.store.clone(),
        received_at: item.received_at,
        delivery: Some(item),
        envelope: None,
    }
}

/// Every event of the stores that the subscription is for, in the order in which they came in.
async fn between(
    batch: &Batch<'_>,
    subscription: &SubscriptionItem,
    (from, to): (Timestamp, Timestamp),
    after: Option<String>,
) -> Result<Page, Trouble> {
    let app = batch.app;
    let kept = app.clock.now().saturating_sub(SignedDuration::from_secs(KEPT)).unwrap_or(from);
    let from = from.max(kept);
    let stores = stores(batch, subscription).await?;
    let start = after.unwrap_or_else(|| key::ids_from(from));
    let until = key::ids_from(to);
    let mut day = Timestamp::from_millisecond(domain::id::millisecond_of(&start)).unwrap_or(from);
    // An event's day is that on which it came in; its id is made a moment later, on the next day perhaps.
    day = day.saturating_sub(SignedDuration::from_secs(10)).unwrap_or(day);
    while day < to.saturating_add(DAY).unwrap_or(to) {
        let mut found: Vec<EventItem> = Vec::new();
        for store in &stores {
            found.extend(app.events.day(store, day, (&start, &until), PAGE).await?);
        }
        if !found.is_empty() {
            found.sort_by(|one, other| one.sk.cmp(&other.sk));
            found.truncate(PAGE);
            // The next look begins behind it, on the same day.
            let looked_at = found.last().map(|item| item.id.clone());
            let wanted = |item: &EventItem| item.superseded_by.is_none() && subscription.topics.contains(&item.topic);
            let mut again = Vec::new();
            for envelope in found.into_iter().filter(wanted) {
                let delivery = app.deliveries.get(&subscription.id, &envelope.id).await?;
                again.push(Again {
                    event: envelope.id.clone(),
                    store: envelope.store.clone(),
                    received_at: envelope.received_at,
                    delivery,
                    envelope: Some(envelope),
                });
            }
            return Ok(Page { again, looked_at });
        }
        day = day.saturating_add(DAY).unwrap_or(to);
    }
    Ok(Page { again: Vec::new(), looked_at: None })
}

/// The stores that a subscription names; else those of its account, which is all that an application can be known to be granted without asking
/// every store there is.
async fn stores(batch: &Batch<'_>, subscription: &SubscriptionItem) -> Result<Vec<StoreId>, Trouble> {
    if let Some(stores) = &subscription.stores {
        return Ok(stores.clone());
    }
    let mut all = Vec::new();
    let mut request = PageRequest { per_page: MAX_PER_PAGE, cursor: None };
    loop {
        let page = batch.app.accounts.stores(&subscription.account, &request).await.map_err(|error| match error {
            PageError::Cursor => Trouble::Never("a cursor of our own is none"),
            PageError::Unavailable(unavailable) => unavailable.into(),
        })?;
        all.extend(page.items);
        match page.next_cursor {
            Some(cursor) => request.cursor = Some(cursor),
            None => return Ok(all),
        }
    }
}

/// Makes one delivery again.
async fn repeat(
    batch: &Batch<'_>,
    subscription: &SubscriptionItem,
    what: &Replay,
    again: Again,
    last_time: bool,
) -> Result<(), Trouble> {
    let app = batch.app;
    let now = app.clock.now();
    // What was parked goes on where it stopped; everything else begins anew.
    let (replay, begun_at) = match (&again.delivery, what) {
        (Some(delivery), Replay::Parked) => (delivery.replay, delivery.begun_at),
        (Some(delivery), _) => (delivery.replay + 1, now),
        (None, _) => (0, now),
    };
    let Some(shop) = batch.shop(&again.store).await? else {
        return unreadable(batch, again.delivery, replay, begun_at).await;
    };
    let envelope = match again.envelope {
        Some(envelope) => Some(envelope),
        None => app.events.find(&again.store, &again.event, again.received_at).await?,
    };
    let Some(envelope) = envelope else { return unreadable(batch, again.delivery, replay, begun_at).await };
    let grant = shop.grants.iter().find(|grant| grant.application == subscription.application);
    if !grant.is_some_and(|grant| may_know(grant.grant(), envelope.topic)) || !shop.is_connected() {
        // What it was once told it may not be told again (R121).
        return match again.delivery {
            Some(delivery) => Ok(app.deliveries.end(delivery, replay, begun_at, FailedBecause::Revoked).await?),
            None => Ok(()),
        };
    }
    let data = match (envelope.topic, &envelope.object) {
        (Topic::AppUninstalled, _) => Data::None,
        // What it was about has been forgotten, at somebody's request.
        (Topic::Object(..), None) => return unreadable(batch, again.delivery, replay, begun_at).await,
        (Topic::Object(_, Change::Deleted), Some(_)) => Data::Id(None),
        (Topic::Object(entity, _), Some(object)) => match shop.read(batch, entity, object).await? {
            Found::Object(objects) => Data::of(objects)?,
            Found::Gone => return unreadable(batch, again.delivery, replay, begun_at).await,
            Found::Unreadable(_) if last_time => return unreadable(batch, again.delivery, replay, begun_at).await,
            Found::Unreadable(why) => return Err(Trouble::Later(why)),
        },
    };
    let event = shop.event(batch, &envelope, data).await?;
    // Of a time in which it was off it is told what it wants; what it was told of before, it is told again.
    if again.delivery.is_none() && !event.is_wanted(subscription) {
        return Ok(());
    }
    let sending = event.message(subscription, replay, begun_at)?;
    let queue = match subscription.ordering {
        Ordering::Fastest => &app.outgoing,
        Ordering::Entity => &app.ordered,
    };
    Ok(queue.send_as(sending).await?)
}

/// Says of a delivery that what it was about cannot be read any more. What was never begun leaves nothing.
async fn unreadable(
    batch: &Batch<'_>,
    delivery: Option<DeliveryItem>,
    replay: u32,
    begun_at: Timestamp,
) -> Result<(), Trouble> {
    match delivery {
        Some(item) => Ok(batch.app.deliveries.end(item, replay, begun_at, FailedBecause::Unreadable).await?),
        None => Ok(()),
    }
}
