//! Deliveries that are to be made again, as `fan-out` works through them.

use std::collections::HashMap;

use domain::{
    delivery::{DeliveryState, FailedBecause},
    id::SubscriptionId,
};
use jiff::Timestamp;

use super::{Deliveries, DeliveryItem};
use crate::dynamo::{
    Unavailable,
    call::is_unmet,
    key,
    transaction::{attributes, number, text},
    unavailable, unreadable,
};

impl Deliveries {
    /// Deliveries of a subscription, the oldest event first, behind a place (an id without its prefix): `limit` at most. Whose the subscription
    /// is must be known.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn behind(
        &self,
        subscription: &SubscriptionId,
        place: &str,
        limit: usize,
    ) -> Result<Vec<DeliveryItem>, Unavailable> {
        let start =
            HashMap::from([("pk".to_owned(), text(key::deliveries(subscription))), ("sk".to_owned(), text(place))]);
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", text(key::deliveries(subscription)))
            .consistent_read(true)
            .exclusive_start_key(Some(start))
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .send()
            .await
            .map_err(|error| unavailable("deliveries", &error))?;
        let items = answer.items.unwrap_or_default().into_iter().map(serde_dynamo::from_item);
        items.collect::<Result<_, _>>().map_err(|error| unreadable("deliveries", &error))
    }

    /// Writes down that a delivery was asked for again, for the time `replay`, and why it came to nothing before an attempt. One that somebody took
    /// meanwhile, or that was asked for once more, stays as it is.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn end(
        &self,
        item: DeliveryItem,
        replay: u32,
        begun_at: Timestamp,
        because: FailedBecause,
    ) -> Result<(), Unavailable> {
        let item = DeliveryItem {
            state: DeliveryState::Failed,
            failed_because: Some(because),
            replay,
            begun_at,
            next_at: None,
            claimed_until: None,
            ..item
        };
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .item(attributes(&item))
            .condition_expression(
                "attribute_not_exists(pk) OR replay < :replay OR (replay = :replay AND NOT #state IN (:delivered, :failed))",
            )
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":replay", number(item.replay))
            .expression_attribute_values(":delivered", text("delivered"))
            .expression_attribute_values(":failed", text("failed"));
        match put.send().await {
            Ok(_) => Ok(()),
            Err(error) if is_unmet(&error) => Ok(()),
            Err(error) => Err(unavailable("deliveries", &error)),
        }
    }
}
