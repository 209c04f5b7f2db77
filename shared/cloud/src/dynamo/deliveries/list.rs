//! Deliveries as their developer looks at them.

use domain::{
    delivery::{DeliveryState, FailedBecause},
    id::{EventId, SubscriptionId},
};
use jiff::{SignedDuration, Timestamp};

use super::{Deliveries, DeliveryItem};
use crate::dynamo::{
    Unavailable, key,
    page::{List, Newest, Page, PageError, PageRequest, get},
};

/// How long a delivery is tried (R139).
const TRIED: SignedDuration = SignedDuration::from_hours(24);
/// Rows that are looked at for one page at most. A filter that few pass gives short pages, and goes on with the next.
const LOOKED_AT: usize = 1_000;
/// Rows that are read at a time where not all will be shown.
const AT_ONCE: usize = 200;

/// Which deliveries are looked for.
#[derive(Debug, Clone, Default)]
pub struct Looking {
    /// Those that are here in their life.
    pub state: Option<DeliveryState>,
    /// Only this event's.
    pub event: Option<EventId>,
    /// Those whose event came in at this time or later.
    pub since: Option<Timestamp>,
    /// Those whose event came in before this time.
    pub until: Option<Timestamp>,
}

impl DeliveryItem {
    /// Where the delivery is at a time: one that nobody took within its 24 hours has failed, whether somebody wrote that down or not.
    #[must_use]
    pub fn state_at(&self, now: Timestamp) -> (DeliveryState, Option<FailedBecause>) {
        let over = self.begun_at.saturating_add(TRIED).is_ok_and(|end| end <= now);
        match self.state {
            DeliveryState::Waiting | DeliveryState::Parked if over => {
                (DeliveryState::Failed, Some(FailedBecause::Expired))
            }
            state => (state, self.failed_because),
        }
    }
}

impl Deliveries {
    /// The delivery of one event. Whose the subscription is must be known.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn get(
        &self,
        subscription: &SubscriptionId,
        event: &EventId,
    ) -> Result<Option<DeliveryItem>, Unavailable> {
        let (pk, sk) = (key::deliveries(subscription), event.body().to_owned());
        get(&self.client, &self.table, "deliveries", pk, sk).await
    }

    /// A page of a subscription's deliveries, newest event first. Whose the subscription is must be known. What is past its time is not
    /// shown, deleted or not.
    ///
    /// # Errors
    /// As [`PageError`] says.
    pub async fn page(
        &self,
        subscription: &SubscriptionId,
        looking: &Looking,
        request: &PageRequest,
        now: Timestamp,
    ) -> Result<Page<DeliveryItem>, PageError> {
        // A cursor belongs to the query that it came from.
        let of = format!("{subscription} {looking:?}");
        let list = List { name: "deliveries", of: &of };
        let after = request.cursor.as_ref().map(|cursor| list.id_place(cursor)).transpose()?;
        let holds = |item: &DeliveryItem| {
            item.expires_at > now.as_second()
                && looking.state.is_none_or(|state| item.state_at(now).0 == state)
                && looking.since.is_none_or(|since| item.received_at >= since)
                && looking.until.is_none_or(|until| item.received_at < until)
        };
        if let Some(event) = &looking.event {
            let found = self.get(subscription, event).await?.filter(|item| after.is_none() && holds(item));
            return Ok(Page { items: found.into_iter().collect(), next_cursor: None });
        }
        let wanted = usize::from(request.per_page);
        let newest = Newest {
            client: &self.client,
            table: &self.table,
            pk: key::deliveries(subscription),
            from: key::ids_from(looking.since.unwrap_or(Timestamp::UNIX_EPOCH)),
            to: looking.until.map(key::ids_from),
        };
        let at_once = if looking.state.is_none() { wanted + 1 } else { AT_ONCE };
        let (mut items, mut after, mut looked_at): (Vec<DeliveryItem>, _, _) = (Vec::new(), after, 0);
        let cut_at = loop {
            let rows: Vec<DeliveryItem> = newest.rows(after.as_deref(), at_once).await?;
            let exhausted = rows.len() < at_once;
            looked_at += rows.len();
            after = rows.last().map(|row| row.sk.clone()).or(after);
            items.extend(rows.into_iter().filter(holds));
            if items.len() > wanted {
                items.truncate(wanted);
                break items.last().map(|item| item.sk.clone());
            }
            if exhausted {
                break None;
            }
            if looked_at >= LOOKED_AT {
                break after;
            }
        };
        Ok(Page { items, next_cursor: cut_at.map(|place| list.cursor(&place)) })
    }
}
