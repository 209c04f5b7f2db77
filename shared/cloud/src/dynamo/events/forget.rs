//! What is kept of some objects of a store, found and forgotten (`privacy.md` D.5, D.8).
//!
//! What is kept of an object has its uses without the object's id: an envelope counts as an event, and a mark keeps old news away. So the id is
//! taken out and the rest stays. A mark without an id says that the object is gone, as of now: what a platform told before then and sends again
//! is old news, and is not taken any more.

use std::collections::BTreeSet;

use domain::{id::StoreId, model::Entity, privacy::Action};
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::{SignedDuration, Timestamp};

use super::{EventItem, Events, KEPT};
use crate::dynamo::{
    Unavailable,
    call::{AttributeValue, ReturnValue, is_unmet, text_of},
    key,
    transaction::{number, text},
    unavailable, unreadable,
};

/// Requests under way at a time.
const AT_ONCE: usize = 16;

/// Objects by what they are and the platform's ids.
pub type Objects = BTreeSet<(Entity, String)>;

impl Events {
    /// Finds, or erases, what is known of these objects: how many of them were known by their ids. One request an object.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked. What was erased until then stays erased.
    pub async fn forget_objects(
        &self,
        store: &StoreId,
        objects: &Objects,
        action: Action,
        now: Timestamp,
    ) -> Result<u32, Unavailable> {
        let known = stream::iter(objects).map(|(entity, id)| async move {
            match action {
                // A mark whose object was forgotten is there, and names none.
                Action::Find => Ok(self.marks_of(store, *entity, &[id]).await?.contains_key(id)),
                Action::Erase => self.forget_object(store, *entity, id, now).await,
            }
        });
        let known: Vec<bool> = known.buffer_unordered(AT_ONCE).try_collect().await?;
        Ok(count(known.into_iter().filter(|known| *known)))
    }

    async fn forget_object(
        &self,
        store: &StoreId,
        entity: Entity,
        id: &str,
        now: Timestamp,
    ) -> Result<bool, Unavailable> {
        let answer = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("pk", text(key::marks(store)))
            .key("sk", text(key::mark(entity, id)))
            .update_expression(
                "SET #object = :none, #gone = :true, #newest = :now, #sequence = if_not_exists(#sequence, :zero)",
            )
            .expression_attribute_names("#object", "object")
            .expression_attribute_names("#gone", "gone")
            .expression_attribute_names("#newest", "newest")
            .expression_attribute_names("#sequence", "sequence")
            .expression_attribute_values(":none", text(""))
            .expression_attribute_values(":true", AttributeValue::Bool(true))
            .expression_attribute_values(":now", number(now.as_millisecond()))
            .expression_attribute_values(":zero", number(0))
            .return_values(ReturnValue::AllOld)
            .send()
            .await
            .map_err(|error| unavailable("marks", &error))?;
        let before = answer.attributes.unwrap_or_default();
        Ok(text_of(&before, "object").is_some_and(|object| !object.is_empty()))
    }

    /// Finds, or takes the ids out of, the envelopes of events of these objects: how many there are.
    ///
    /// # Errors
    /// As [`Events::forget_objects`].
    pub async fn forget_envelopes(
        &self,
        store: &StoreId,
        objects: &Objects,
        action: Action,
        now: Timestamp,
    ) -> Result<u32, Unavailable> {
        // A day on either side: clocks differ, and an envelope may outlive its last day by the time that a sweep takes.
        let days =
            (-1..=KEPT / 86_400 + 1).filter_map(|day| now.checked_sub(SignedDuration::from_hours(24 * day)).ok());
        let mut found = 0;
        for pk in days.map(|day| key::events(store, day)) {
            let mut start = None;
            loop {
                let page = self
                    .client
                    .query()
                    .table_name(&self.table)
                    .key_condition_expression("pk = :pk")
                    .expression_attribute_values(":pk", text(&pk))
                    .consistent_read(true)
                    .exclusive_start_key(start)
                    .send()
                    .await
                    .map_err(|error| unavailable("events", &error))?;
                let mut theirs = Vec::new();
                for row in page.items.unwrap_or_default() {
                    let item: EventItem = serde_dynamo::from_item(row).map_err(|error| unreadable("events", &error))?;
                    let about = item.topic.entity().zip(item.object);
                    if about.is_some_and(|about| objects.contains(&about)) {
                        theirs.push(item.sk);
                    }
                }
                found += count(theirs.iter());
                if action == Action::Erase {
                    let erased = stream::iter(theirs.iter().map(Ok));
                    erased.try_for_each_concurrent(AT_ONCE, |sk| self.forget_envelope(&pk, sk)).await?;
                }
                start = page.last_evaluated_key;
                if start.is_none() {
                    break;
                }
            }
        }
        Ok(found)
    }

    async fn forget_envelope(&self, pk: &str, sk: &str) -> Result<(), Unavailable> {
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("pk", text(pk))
            .key("sk", text(sk))
            .update_expression("REMOVE #object")
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_names("#object", "object");
        match update.send().await {
            Ok(_) => Ok(()),
            // It has expired meanwhile.
            Err(error) if is_unmet(&error) => Ok(()),
            Err(error) => Err(unavailable("events", &error)),
        }
    }
}

fn count<T>(of: impl Iterator<Item = T>) -> u32 {
    u32::try_from(of.count()).unwrap_or(u32::MAX)
}
