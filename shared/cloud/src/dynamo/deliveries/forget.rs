//! What deliveries say of some objects of a store, found and forgotten (`privacy.md` D.5).

use domain::{
    id::{StoreId, SubscriptionId},
    privacy::Action,
};
use futures_util::{TryStreamExt, stream};

use super::{Deliveries, DeliveryItem};
use crate::dynamo::{Unavailable, call::is_unmet, events::Objects, key, transaction::text, unavailable, unreadable};

/// Requests under way at a time.
const AT_ONCE: usize = 16;

impl Deliveries {
    /// Finds, or takes the ids out of, the deliveries of events of these objects to a subscription: how many there are. What became of them stays.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked. What was erased until then stays erased.
    pub async fn forget(
        &self,
        subscription: &SubscriptionId,
        store: &StoreId,
        objects: &Objects,
        action: Action,
    ) -> Result<u32, Unavailable> {
        let pk = key::deliveries(subscription);
        let (mut found, mut start) = (0_u32, None);
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
                .map_err(|error| unavailable("deliveries", &error))?;
            let mut theirs = Vec::new();
            for row in page.items.unwrap_or_default() {
                let item: DeliveryItem =
                    serde_dynamo::from_item(row).map_err(|error| unreadable("deliveries", &error))?;
                let about = item.topic.entity().zip(item.object);
                if item.store == *store && about.is_some_and(|about| objects.contains(&about)) {
                    theirs.push(item.sk);
                }
            }
            found = found.saturating_add(u32::try_from(theirs.len()).unwrap_or(u32::MAX));
            if action == Action::Erase {
                let erased = stream::iter(theirs.iter().map(Ok));
                erased.try_for_each_concurrent(AT_ONCE, |sk| self.forget_one(&pk, sk)).await?;
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(found);
            }
        }
    }

    async fn forget_one(&self, pk: &str, sk: &str) -> Result<(), Unavailable> {
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
            Err(error) => Err(unavailable("deliveries", &error)),
        }
    }
}
