//! What whoever looks for what no webhook told knows of a store's objects, and how far they looked.

use std::collections::HashMap;

use connectors::Stamp;
use domain::{id::StoreId, model::Entity};
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use personal_data::PersonalData;
use serde_dynamo::AttributeValue;

use super::{Events, MarkItem};
use crate::dynamo::{
    Unavailable, key,
    page::get,
    transaction::{number, put_alone, text},
    unavailable,
};

/// Requests under way at a time.
const AT_ONCE: usize = 16;

/// How far the objects of one entity were looked for changes that no webhook told.
#[derive(Clone, serde::Serialize, serde::Deserialize, PersonalData)]
#[pd(store = "events", subject = Nobody, role = Processor, region = Pinned)]
pub struct ReconciledItem {
    /// `marks#` and the store's id.
    #[pd(none)]
    pub pk: String,
    /// `reconciled#` and the entity.
    #[pd(none)]
    pub sk: String,
    /// Version of this form.
    #[pd(none)]
    pub v: u8,
    /// Every change before this moment was seen.
    #[pd(none)]
    pub seen_until: Timestamp,
    /// Whether the present look is the first one, which only learns what there is.
    #[pd(none)]
    #[serde(default)]
    pub learning: bool,
    /// Where the present look for changes goes on, if one was cut short.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// When the present look for changes began.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub began_at: Option<Timestamp>,
    /// The mark behind which the look for deleted objects goes on.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub looked_for: Option<String>,
}

impl ReconciledItem {
    /// Every change before `seen_until` was seen, and no look is under way.
    #[must_use]
    pub fn new(store: &StoreId, entity: Entity, seen_until: Timestamp) -> Self {
        Self {
            pk: key::marks(store),
            sk: key::reconciled(entity),
            v: 1,
            seen_until,
            learning: false,
            cursor: None,
            began_at: None,
            looked_for: None,
        }
    }
}

impl Events {
    /// How far an entity of a store was looked through; nothing before the first look.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn reconciled(&self, store: &StoreId, entity: Entity) -> Result<Option<ReconciledItem>, Unavailable> {
        get(&self.client, &self.table, "reconciled", key::marks(store), key::reconciled(entity)).await
    }

    /// Notes how far an entity of a store was looked through.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn note_reconciled(&self, progress: &ReconciledItem) -> Result<(), Unavailable> {
        put_alone(&self.client, &self.table, "reconciled", progress).await
    }

    /// What is known of these objects, by their ids. A read unit each.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn marks_of(
        &self,
        store: &StoreId,
        entity: Entity,
        ids: &[&str],
    ) -> Result<HashMap<String, MarkItem>, Unavailable> {
        let reads = stream::iter(ids)
            .map(|id| get::<MarkItem>(&self.client, &self.table, "marks", key::marks(store), key::mark(entity, id)));
        let found: Vec<Option<MarkItem>> = reads.buffer_unordered(AT_ONCE).try_collect().await?;
        Ok(found.into_iter().flatten().map(|mark| (mark.object.clone(), mark)).collect())
    }

    /// Learns of objects that no event was about. What is known already stays as it is.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn learn(&self, store: &StoreId, entity: Entity, stamps: &[Stamp]) -> Result<(), Unavailable> {
        let writes = stream::iter(stamps).map(|stamp| async move {
            let mut sets =
                "SET #object = if_not_exists(#object, :object), #sequence = if_not_exists(#sequence, :zero), \
                            gone = if_not_exists(gone, :no)"
                    .to_owned();
            let mut write = self
                .client
                .update_item()
                .table_name(&self.table)
                .key("pk", text(key::marks(store)))
                .key("sk", text(key::mark(entity, &stamp.id)))
                .expression_attribute_names("#object", "object")
                .expression_attribute_names("#sequence", "sequence")
                .expression_attribute_values(":object", text(stamp.id.as_str()))
                .expression_attribute_values(":zero", number(0))
                .expression_attribute_values(":no", AttributeValue::Bool(false));
            if let Some(at) = stamp.updated_at {
                sets.push_str(", newest = if_not_exists(newest, :newest)");
                write = write.expression_attribute_values(":newest", number(at.as_millisecond()));
            }
            write.update_expression(sets).send().await.map(drop).map_err(|error| unavailable("marks", &error))
        });
        writes.buffer_unordered(AT_ONCE).try_collect().await
    }
}
