//! What is known of a store's objects, for whoever looks for what no webhook told (table `events`).

use std::collections::HashMap;

use connectors::Stamp;
use domain::{id::StoreId, model::Entity};
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use serde_dynamo::AttributeValue;

use super::{
    Unavailable,
    call::{Client, text_of},
    events::{MarkItem, ReconciledItem},
    key,
    page::get,
    transaction::{number, put_alone, text},
    unavailable, unreadable,
};

/// Requests under way at a time.
const AT_ONCE: usize = 16;

/// What is known of one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The platform's id of it.
    pub object: String,
    /// How new the newest news of it is, in unix milliseconds by the platform's clock.
    pub newest: Option<i64>,
    /// Whether the newest news is that it is gone.
    pub gone: bool,
}

impl From<MarkItem> for Mark {
    fn from(item: MarkItem) -> Self {
        Self { object: item.object, newest: item.newest, gone: item.gone }
    }
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

/// What is known of stores' objects.
#[derive(Clone)]
pub struct Known {
    client: Client,
    table: String,
}

impl Known {
    /// Adapter over the `events` table.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// How far an entity of a store was looked through; nothing before the first look.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn progress(&self, store: &StoreId, entity: Entity) -> Result<Option<ReconciledItem>, Unavailable> {
        get(&self.client, &self.table, "reconciled", key::marks(store), key::reconciled(entity)).await
    }

    /// Notes how far an entity of a store was looked through.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn keep(&self, progress: &ReconciledItem) -> Result<(), Unavailable> {
        put_alone(&self.client, &self.table, "reconciled", progress).await
    }

    /// What is known of these objects, by their ids. A read unit each.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn marks(
        &self,
        store: &StoreId,
        entity: Entity,
        ids: &[&str],
    ) -> Result<HashMap<String, Mark>, Unavailable> {
        let reads = stream::iter(ids)
            .map(|id| get::<MarkItem>(&self.client, &self.table, "marks", key::marks(store), key::mark(entity, id)));
        let found: Vec<Option<MarkItem>> = reads.buffer_unordered(AT_ONCE).try_collect().await?;
        Ok(found.into_iter().flatten().map(Mark::from).map(|mark| (mark.object.clone(), mark)).collect())
    }

    /// The next known objects of an entity behind `after`, and behind which place the rest stands; nothing where there is none.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn marks_after(
        &self,
        store: &StoreId,
        entity: Entity,
        after: Option<&str>,
        most: u16,
    ) -> Result<(Vec<Mark>, Option<String>), Unavailable> {
        let start = after
            .map(|place| HashMap::from([("pk".to_owned(), text(key::marks(store))), ("sk".to_owned(), text(place))]));
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
            .expression_attribute_values(":pk", text(key::marks(store)))
            .expression_attribute_values(":prefix", text(format!("mark#{entity}#")))
            .limit(i32::from(most))
            .exclusive_start_key(start)
            .send()
            .await
            .map_err(|error| unavailable("marks", &error))?;
        let next = answer.last_evaluated_key.and_then(|key| text_of(&key, "sk").map(str::to_owned));
        let rows = answer.items.unwrap_or_default().into_iter();
        let marks = rows.map(|row| {
            let item: MarkItem = serde_dynamo::from_item(row).map_err(|error| unreadable("marks", &error))?;
            Ok(item.into())
        });
        Ok((marks.collect::<Result<_, _>>()?, next))
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
