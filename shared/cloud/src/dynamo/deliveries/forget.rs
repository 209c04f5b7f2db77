//! What deliveries say of some objects of a store, found and forgotten (`privacy.md` D.5).

use domain::{
    id::{StoreId, SubscriptionId},
    privacy::Action,
};

use super::{Deliveries, DeliveryItem};
use crate::dynamo::{Unavailable, events::Objects, forget::Partition, key};

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
        let partition = Partition { client: &self.client, table: &self.table, what: "deliveries", pk };
        let theirs = |item: DeliveryItem| {
            let about = item.topic.entity().zip(item.object)?;
            (item.store == *store && objects.contains(&about)).then_some(item.sk)
        };
        partition.forget(action, theirs).await
    }
}
