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
    call::{AttributeValue, ReturnValue, text_of},
    forget::{AT_ONCE, Partition},
    key,
    transaction::{number, text},
    unavailable,
};

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
        Ok(u32::try_from(known.into_iter().filter(|known| *known).count()).unwrap_or(u32::MAX))
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
        let theirs = |item: EventItem| {
            let about = item.topic.entity().zip(item.object)?;
            objects.contains(&about).then_some(item.sk)
        };
        let mut found = 0_u32;
        for pk in days.map(|day| key::events(store, day)) {
            let partition = Partition { client: &self.client, table: &self.table, what: "events", pk };
            found = found.saturating_add(partition.forget(action, theirs).await?);
        }
        Ok(found)
    }
}
