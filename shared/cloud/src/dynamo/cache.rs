//! Answers of stores whose owners want them cached, sealed (table `cache`), and what counts the changes that make them void.

use bytes::Bytes;
use domain::{id::StoreId, model::Entity};
use futures_util::{TryStreamExt, future::try_join_all, stream};
use jiff::Timestamp;
use personal_data::PersonalData;

use super::{
    Unavailable,
    call::{AttributeValue, Client},
    key,
    page::{Range, get},
    transaction::{number, text},
    unavailable,
};

/// The largest sealed body that is kept: an item holds 400 KB with its names (DynamoDB's limit).
pub const LARGEST: usize = 390_000;
/// How long a generation is counted after its last change, in seconds: far longer than anything that was read under an older one is served.
const COUNTED: i64 = 7 * 86_400;
/// Deletions under way at a time.
const AT_ONCE: usize = 16;

/// One answer of a store. Only products and categories rest here (`product.md` decision 1).
#[derive(serde::Serialize, serde::Deserialize, PersonalData)]
#[pd(store = "cache", subject = Merchant, link = "pk", role = Processor, region = Pinned)]
pub struct BodyItem {
    /// `store#` and the store's id.
    #[pd(none)]
    pub pk: String,
    /// `body#`, the entity, and a hash of what was asked.
    #[pd(none)]
    pub sk: String,
    /// Version of this form.
    #[pd(none)]
    pub v: u8,
    /// The entity's generation when it was read.
    #[pd(none)]
    pub generation: u64,
    /// When it was read from the store.
    #[pd(none)]
    pub fetched_at: Timestamp,
    /// How many objects it holds, where it is a page.
    #[pd(none)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u16>,
    /// The body under the store's data key, see [`crate::seal`].
    #[pd(cat = "user.content", origin = Upstream, basis = Instruction, purpose(Operation), retain = "cache", erase = Shred, export = Never)]
    pub sealed: Bytes,
    /// From this second on it is not served, and soon deleted.
    #[pd(none)]
    pub expires_at: i64,
}

/// How often something of an entity has changed in a store, as far as we were told.
#[derive(serde::Serialize, serde::Deserialize, PersonalData)]
#[pd(store = "cache", subject = Nobody, role = Controller, region = Pinned)]
pub struct GenerationItem {
    /// `store#` and the store's id.
    #[pd(none)]
    pub pk: String,
    /// `generation#` and the entity.
    #[pd(none)]
    pub sk: String,
    /// The count.
    #[pd(none)]
    pub n: u64,
    /// Deleted when nothing has changed for so long that nothing older can be remembered anywhere.
    #[pd(none)]
    pub expires_at: i64,
}

/// The `cache` table.
#[derive(Clone)]
pub struct Cached {
    client: Client,
    table: String,
}

impl Cached {
    /// Adapter over the table.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// The generation of an entity as it stands now: one read unit.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn generation(&self, store: &StoreId, entity: Entity) -> Result<u64, Unavailable> {
        let item: Option<GenerationItem> =
            get(&self.client, &self.table, "cache", key::store(store), key::generation(entity)).await?;
        Ok(item.map_or(0, |item| item.n))
    }

    /// Makes every answer of these entities void, wherever it rests: one write unit each.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn invalidate(&self, store: &StoreId, entities: &[Entity], now: Timestamp) -> Result<(), Unavailable> {
        let cached = entities.iter().filter(|entity| domain::cache::of(**entity).is_some());
        try_join_all(cached.map(|entity| self.next_generation(store, *entity, now))).await.map(drop)
    }

    async fn next_generation(&self, store: &StoreId, entity: Entity, now: Timestamp) -> Result<(), Unavailable> {
        // A count that was deleted must not come back as one that somebody remembers: it starts anew from the time, which only grows.
        let fresh = u64::try_from(now.as_millisecond()).unwrap_or(0);
        let end = now.as_second() + COUNTED;
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("pk", text(key::store(store)))
            .key("sk", text(key::generation(entity)))
            .update_expression("SET n = if_not_exists(n, :fresh) + :one, expires_at = :end")
            .expression_attribute_values(":fresh", number(fresh))
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":end", number(end));
        update.send().await.map(drop).map_err(|error| unavailable("cache", &error))
    }

    /// One answer, if it is there. It may be void or too old.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn body(&self, store: &StoreId, sk: &str) -> Result<Option<BodyItem>, Unavailable> {
        get(&self.client, &self.table, "cache", key::store(store), sk.to_owned()).await
    }

    /// Keeps an answer in place of one before.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn keep(&self, item: &BodyItem) -> Result<(), Unavailable> {
        super::transaction::put_alone(&self.client, &self.table, "cache", item).await
    }

    /// Deletes every answer of a store. What counts its changes stays until it expires: an instance may still be at work with it.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn clear(&self, store: &StoreId) -> Result<(), Unavailable> {
        let bodies = Range { client: &self.client, table: &self.table, pk: key::store(store), prefix: key::BODIES };
        stream::iter(bodies.places().await?.into_iter().map(Ok))
            .try_for_each_concurrent(AT_ONCE, |sk| async move {
                let delete = self.client.delete_item().table_name(&self.table).key("pk", text(key::store(store)));
                let deleted = delete.key("sk", AttributeValue::S(sk)).send().await;
                deleted.map(drop).map_err(|error| unavailable("cache", &error))
            })
            .await
    }
}
