//! What is known of the objects of stores, and the envelopes of their events, as those write them that tell of them.
//!
//! One conditional write makes an event of a webhook: it counts the object's events, notes how new the news is, and remembers the webhook, so
//! that the same one is not told twice. The condition is what [`domain::event::news`] decides where nothing stands against it, so that the
//! usual case needs no look first; where it does not hold, what stands there comes back with the refusal.

use std::collections::HashMap;

use domain::{
    event::{
        Change,
        news::{Mark, Told, after},
    },
    id::{EventId, StoreId},
    model::Entity,
};
use futures_util::{TryStreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use super::{EventItem, Events, MarkItem};
use crate::dynamo::{
    Unavailable,
    call::{AttributeValue, Client, Operation, ReturnValue, is_unmet, number_of, text_of, unmet_by},
    key,
    page::get,
    transaction::{Attributes, number, put_alone, text},
    unavailable, unreadable,
};

/// Webhooks that an object remembers at most. With more the item would take two write units.
const REMEMBERED: usize = 10;
/// Those that are kept where there are more: one more write for each half dozen events of an object.
const LATEST: usize = 5;
/// What the name begins with of the attribute that holds which of the object's events a webhook was.
const NUMBER: char = 'w';
/// What the name begins with of the attribute that holds which event a webhook came as.
const EVENT: char = 'e';
/// Stands behind an event that was superseded.
const SUPERSEDED: &str = "-";

/// Rows that are deleted at a time, and deletions under way.
const CLEARED: i32 = 250;
const AT_ONCE: usize = 16;

/// A webhook among all of its store's, as it is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Webhook(u64);

impl Webhook {
    /// The webhook with this key (`connectors::hooks::Hook::key`), about an object.
    #[must_use]
    pub fn new(key: &str) -> Self {
        let mut first = [0; 8];
        first.copy_from_slice(&Sha256::digest(key)[..8]);
        Self(u64::from_be_bytes(first))
    }

    fn attribute(self, of: char) -> String {
        format!("{of}{}", self.0)
    }
}

/// An object of a store.
#[derive(Debug, Clone, Copy)]
pub struct Object<'a> {
    /// The store.
    pub store: &'a StoreId,
    /// What it is.
    pub entity: Entity,
    /// The platform's id of it.
    pub id: &'a str,
}

/// A webhook that an object remembers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remembered {
    /// The event that it came as.
    pub event: EventId,
    /// Which of the object's events that is, or was the newest when this was not told.
    pub sequence: u64,
    /// Whether it was told; else it was superseded.
    pub told: bool,
    webhook: Webhook,
}

/// What is known of an object.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// How new the newest news of it is.
    pub mark: Mark,
    /// How many events it had.
    pub sequence: u64,
    remembered: Vec<Remembered>,
}

impl Known {
    /// What is remembered of a webhook.
    #[must_use]
    pub fn of(&self, webhook: Webhook) -> Option<&Remembered> {
        self.remembered.iter().find(|remembered| remembered.webhook == webhook)
    }

    /// The object's event of this number, if it is remembered.
    #[must_use]
    pub fn event(&self, sequence: u64) -> Option<&EventId> {
        let is_it = |remembered: &&Remembered| remembered.told && remembered.sequence == sequence;
        self.remembered.iter().find(is_it).map(|remembered| &remembered.event)
    }

    fn read(item: &Attributes) -> Result<Self, Unavailable> {
        let known: MarkItem = serde_dynamo::from_item(item.clone()).map_err(|error| unreadable("marks", &error))?;
        let mut remembered: Vec<Remembered> = item
            .iter()
            .filter_map(|(name, value)| {
                let webhook = Webhook(name.strip_prefix(EVENT)?.parse().ok()?);
                let AttributeValue::S(event) = value else { return None };
                let told = !event.ends_with(SUPERSEDED);
                let event = format!("{}{}", EventId::PREFIX, event.trim_end_matches(SUPERSEDED)).parse().ok()?;
                let sequence = number_of(item, &webhook.attribute(NUMBER))?;
                Some(Remembered { event, sequence, told, webhook })
            })
            .collect();
        // By the time that they came in.
        remembered.sort_by(|one, other| one.event.cmp(&other.event));
        Ok(Self { mark: known.mark(), sequence: known.sequence, remembered })
    }
}

/// What became of a write.
#[derive(Debug)]
pub enum Noted {
    /// It was made; this stands there now.
    Done(Known),
    /// It was not made, because this stands there.
    Unmet(Known),
}

/// What may stand there for a write to be made.
#[derive(Debug, Clone, Copy)]
pub enum Guard<'a> {
    /// Nothing that the news would have to be weighed against.
    Unseen,
    /// Just this, by which it was weighed.
    Seen(&'a Known),
}

impl Events {
    /// What is known of an object: one read unit.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn known(&self, object: Object<'_>) -> Result<Known, Unavailable> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("pk", text(key::marks(object.store)))
            .key("sk", text(key::mark(object.entity, object.id)))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| unavailable("marks", &error))?;
        answer.item.as_ref().map_or_else(|| Ok(Known::default()), Known::read)
    }

    /// Makes `event` the object's next, on condition that its webhook is not remembered and that `guard` holds. One write unit; one more for each
    /// half dozen events of an object.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn tell(
        &self,
        object: Object<'_>,
        webhook: Webhook,
        event: &EventId,
        told: Told,
        guard: Guard<'_>,
    ) -> Result<Noted, Unavailable> {
        let mut sets = "SET #object = :object, #number = if_not_exists(#sequence, :zero) + :one, #event = :event, \
                        #sequence = if_not_exists(#sequence, :zero) + :one, #gone = :gone"
            .to_owned();
        let mut update = self.update(object, webhook).expression_attribute_names("#gone", "gone");
        let newest = match guard {
            Guard::Unseen => told.updated_at,
            Guard::Seen(known) => after(known.mark, told).newest,
        };
        if let Some(newest) = newest {
            sets.push_str(", #newest = :newest");
            update = update.expression_attribute_names("#newest", "newest");
            update = update.expression_attribute_values(":newest", number(newest));
        }
        let condition = match guard {
            Guard::Unseen => {
                update = update.expression_attribute_values(":true", AttributeValue::Bool(true));
                let mut condition = "(attribute_not_exists(#gone) OR #gone <> :true)".to_owned();
                if newest.is_some() && told.change != Change::Deleted {
                    let than = if told.recovered { "<" } else { "<=" };
                    condition.push_str(&format!(" AND (attribute_not_exists(#newest) OR #newest {than} :newest)"));
                }
                condition
            }
            Guard::Seen(known) => {
                update = update.expression_attribute_values(":seen", number(known.sequence));
                "(attribute_not_exists(#sequence) OR #sequence = :seen)".to_owned()
            }
        };
        let update = update
            .update_expression(sets)
            .condition_expression(format!("attribute_not_exists(#number) AND {condition}"))
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":gone", AttributeValue::Bool(told.change == Change::Deleted))
            .expression_attribute_values(":event", text(event.body()));
        self.write(object, update).await
    }

    /// Remembers that `event` was superseded, on condition that its webhook is not remembered. One write unit.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn supersede(&self, object: Object<'_>, webhook: Webhook, event: &EventId) -> Result<Noted, Unavailable> {
        let update = self
            .update(object, webhook)
            .update_expression(
                "SET #object = :object, #number = if_not_exists(#sequence, :zero), #event = :event, \
                 #sequence = if_not_exists(#sequence, :zero)",
            )
            .condition_expression("attribute_not_exists(#number)")
            .expression_attribute_values(":event", text(format!("{}{SUPERSEDED}", event.body())));
        self.write(object, update).await
    }

    fn update(&self, object: Object<'_>, webhook: Webhook) -> Operation<Client> {
        self.client
            .update_item()
            .table_name(&self.table)
            .key("pk", text(key::marks(object.store)))
            .key("sk", text(key::mark(object.entity, object.id)))
            .expression_attribute_names("#object", "object")
            .expression_attribute_names("#sequence", "sequence")
            .expression_attribute_names("#number", webhook.attribute(NUMBER))
            .expression_attribute_names("#event", webhook.attribute(EVENT))
            .expression_attribute_values(":object", text(object.id))
            .expression_attribute_values(":zero", number(0))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValue::AllOld)
    }

    async fn write(&self, object: Object<'_>, update: Operation<Client>) -> Result<Noted, Unavailable> {
        match update.send().await {
            Ok(answer) => {
                let known = Known::read(&answer.attributes.unwrap_or_default())?;
                self.forget(object, &known).await?;
                Ok(Noted::Done(known))
            }
            Err(error) if is_unmet(&error) => match unmet_by(&error) {
                Some(item) => Known::read(&item).map(Noted::Unmet),
                // An emulator may leave the item out.
                None => self.known(object).await.map(Noted::Unmet),
            },
            Err(error) => Err(unavailable("marks", &error)),
        }
    }

    /// Forgets the oldest webhooks of an object that remembers too many.
    async fn forget(&self, object: Object<'_>, known: &Known) -> Result<(), Unavailable> {
        if known.remembered.len() <= REMEMBERED {
            return Ok(());
        }
        let surplus = known.remembered.len() - LATEST;
        let mut update = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("pk", text(key::marks(object.store)))
            .key("sk", text(key::mark(object.entity, object.id)))
            .condition_expression("attribute_exists(pk)");
        let mut names = Vec::new();
        for (place, old) in known.remembered.iter().take(surplus).enumerate() {
            for of in [NUMBER, EVENT] {
                let name = format!("#{of}{place}");
                update = update.expression_attribute_names(name.clone(), old.webhook.attribute(of));
                names.push(name);
            }
        }
        match update.update_expression(format!("REMOVE {}", names.join(", "))).send().await {
            Ok(_) => Ok(()),
            // The store has left meanwhile.
            Err(error) if is_unmet(&error) => Ok(()),
            Err(error) => Err(unavailable("marks", &error)),
        }
    }

    /// Keeps the envelope of an event, in place of the same before: one write unit.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn keep(&self, item: &EventItem) -> Result<(), Unavailable> {
        put_alone(&self.client, &self.table, "events", item).await
    }

    /// The envelope of an event of a store that came in at about `at`, if there is one: one read unit.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn find(
        &self,
        store: &StoreId,
        event: &EventId,
        at: Timestamp,
    ) -> Result<Option<EventItem>, Unavailable> {
        // An event's id is made a moment after it came in, which may be another day.
        let before = at.saturating_sub(SignedDuration::from_secs(10)).unwrap_or(at);
        let days = [key::events(store, at), key::events(store, before)];
        for (place, pk) in days.iter().enumerate() {
            if place > 0 && days[0] == *pk {
                break;
            }
            let found = get(&self.client, &self.table, "events", pk.clone(), event.body().to_owned()).await?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// The envelopes of a store of the day of `at`, oldest first, behind the place `after` (an id without its prefix) and up to the place
    /// `until`, exclusive: `limit` at most.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn day(
        &self,
        store: &StoreId,
        at: Timestamp,
        (after, until): (&str, &str),
        limit: usize,
    ) -> Result<Vec<EventItem>, Unavailable> {
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND sk BETWEEN :after AND :until")
            .expression_attribute_values(":pk", text(key::events(store, at)))
            .expression_attribute_values(":after", text(after))
            .expression_attribute_values(":until", text(until))
            // Both ends may be there, and neither is wanted.
            .limit(i32::try_from(limit + 2).unwrap_or(i32::MAX))
            .send()
            .await
            .map_err(|error| unavailable("events", &error))?;
        let mut items = Vec::new();
        for row in answer.items.unwrap_or_default() {
            let item: EventItem = serde_dynamo::from_item(row).map_err(|error| unreadable("events", &error))?;
            if item.sk != after && item.sk != until {
                items.push(item);
            }
        }
        items.truncate(limit);
        Ok(items)
    }
}

/// A page of a store's marks.
pub struct Marks {
    /// What is known, by the platform's ids.
    pub marks: Vec<MarkItem>,
    /// Where the next page begins; nothing after the last.
    pub next: Option<String>,
}

impl Events {
    /// A page of what is known of a store's objects of an entity, behind `after` (a sort key): `limit` at most.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn marks(
        &self,
        store: &StoreId,
        entity: Entity,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Marks, Unavailable> {
        let pk = key::marks(store);
        let start = after.map(|sk| HashMap::from([("pk".to_owned(), text(&pk)), ("sk".to_owned(), text(sk))]));
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
            .expression_attribute_values(":pk", text(&pk))
            .expression_attribute_values(":prefix", text(key::marks_of(entity)))
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .exclusive_start_key(start)
            .send()
            .await
            .map_err(|error| unavailable("marks", &error))?;
        let next = answer.last_evaluated_key.and_then(|place| text_of(&place, "sk").map(str::to_owned));
        let marks = answer.items.unwrap_or_default().into_iter().map(serde_dynamo::from_item);
        let marks = marks.collect::<Result<_, _>>().map_err(|error| unreadable("marks", &error))?;
        Ok(Marks { marks, next })
    }

    /// Deletes what is known of a store's objects and the envelopes of its events of the last days that are kept, as far as `pages` reach; false
    /// where more is left.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked. What was deleted until then stays deleted.
    pub async fn clear(&self, store: &StoreId, now: Timestamp, mut pages: u32) -> Result<bool, Unavailable> {
        // A day on either side: clocks differ, and an envelope may outlive its last day by the time that a sweep takes.
        let days = (-1..=super::KEPT / 86_400 + 1)
            .filter_map(|day| now.checked_sub(SignedDuration::from_hours(24 * day)).ok());
        let partitions = std::iter::once(key::marks(store)).chain(days.map(|day| key::events(store, day)));
        for pk in partitions {
            loop {
                if pages == 0 {
                    return Ok(false);
                }
                pages -= 1;
                if self.clear_page(&pk).await? {
                    break;
                }
            }
        }
        Ok(true)
    }

    /// Deletes a page of a partition; true where that was the last.
    async fn clear_page(&self, pk: &str) -> Result<bool, Unavailable> {
        let page = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", text(pk))
            .projection_expression("sk")
            .limit(CLEARED)
            .send()
            .await
            .map_err(|error| unavailable("events", &error))?;
        let places = page.items.unwrap_or_default().into_iter().filter_map(|mut row| row.remove("sk"));
        stream::iter(places.map(Ok))
            .try_for_each_concurrent(AT_ONCE, |sk| async move {
                let delete = self.client.delete_item().table_name(&self.table).key("pk", text(pk)).key("sk", sk);
                delete.send().await.map(drop).map_err(|error| unavailable("events", &error))
            })
            .await?;
        Ok(page.last_evaluated_key.is_none())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_reads_back_and_fits_a_write_unit() {
        let event = |n: u128| EventId::from_uuid(uuid::Uuid::from_u128(n << 80));
        let mut item = Attributes::from([
            ("pk".to_owned(), text(format!("marks#{}", "x".repeat(26)))),
            ("sk".to_owned(), text(key::mark(Entity::Categories, "1"))),
            ("object".to_owned(), text("gid://shopify/Product/".to_owned() + &"9".repeat(20))),
            ("sequence".to_owned(), number(99_999_999)),
            ("newest".to_owned(), number(1_790_000_000_000_i64)),
            ("gone".to_owned(), AttributeValue::Bool(false)),
        ]);
        for n in 0..REMEMBERED as u128 {
            let webhook = Webhook::new(&n.to_string());
            let superseded = if n == 3 { SUPERSEDED } else { "" };
            item.insert(webhook.attribute(NUMBER), number(n + 1));
            item.insert(webhook.attribute(EVENT), text(format!("{}{superseded}", event(n).body())));
        }
        let known = Known::read(&item).unwrap();
        assert_eq!(known.remembered.len(), REMEMBERED);
        assert_eq!(known.of(Webhook::new("2")).map(|found| (&found.event, found.told)), Some((&event(2), true)));
        assert_eq!(known.of(Webhook::new("3")).map(|found| found.told), Some(false));
        assert_eq!(known.of(Webhook::new("99")), None);
        assert_eq!(known.event(5), Some(&event(4)));
        assert_eq!(known.event(4), None, "what was superseded is none of the object's events");
        assert_eq!(known.remembered[0].event, event(0), "oldest first");
        let length = |value: &AttributeValue| match value {
            AttributeValue::S(text) => text.len(),
            AttributeValue::N(digits) => digits.len().div_ceil(2) + 1,
            _ => 1,
        };
        let bytes: usize = item.iter().map(|(name, value)| name.len() + length(value)).sum();
        assert!(bytes <= 1_024, "{bytes}");
    }
}
