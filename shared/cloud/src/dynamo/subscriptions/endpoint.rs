//! How the health of a subscription's endpoint is written.

use domain::{
    delivery::Health,
    subscription::{DisabledBecause, SubscriptionState},
};
use jiff::Timestamp;

use super::{SubscriptionItem, Subscriptions};
use crate::dynamo::{
    Unavailable,
    call::{AttributeValue, is_unmet},
    key,
    transaction::{number, text},
    unavailable, unreadable,
};

impl Subscriptions {
    /// Writes a new health in place of the one in `item`, and switches the subscription off at the same time where there is a cause. Afterwards
    /// `item` stands as it does in the table; false, and `item` unchanged, where somebody was quicker, or where it is to be switched off and is
    /// off already.
    ///
    /// # Errors
    /// [`Unavailable`] where the table cannot be asked.
    pub async fn note_health(
        &self,
        item: &mut SubscriptionItem,
        health: Health,
        off: Option<DisabledBecause>,
        now: Timestamp,
    ) -> Result<bool, Unavailable> {
        let seen = item.health.changes;
        let health = Health { changes: seen + 1, ..health };
        let value = serde_dynamo::to_attribute_value(&health).map_err(|error| unreadable("subscriptions", &error))?;
        let call = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("pk", text(key::application(&item.application)))
            .key("sk", text(key::subscription(&item.id)))
            .expression_attribute_values(":health", value)
            .expression_attribute_values(":seen", number(seen));
        let call = match off {
            None => call.update_expression("SET health = :health").condition_expression("health.changes = :seen"),
            Some(because) => call
                .update_expression(
                    "SET health = :health, #state = :off, disabled_because = :because, disabled_at = :now",
                )
                .condition_expression("health.changes = :seen AND #state = :on")
                .expression_attribute_names("#state", "state")
                .expression_attribute_values(":on", word(&SubscriptionState::Enabled)?)
                .expression_attribute_values(":off", word(&SubscriptionState::Disabled)?)
                .expression_attribute_values(":because", word(&because)?)
                .expression_attribute_values(":now", word(&now)?),
        };
        match call.send().await {
            Ok(_) => {}
            Err(error) if is_unmet(&error) => return Ok(false),
            Err(error) => return Err(unavailable("subscriptions", &error)),
        }
        item.health = health;
        if off.is_some() {
            item.state = SubscriptionState::Disabled;
            item.disabled_because = off;
            item.disabled_at = Some(now);
        }
        Ok(true)
    }
}

/// A value as it stands in the item.
fn word(value: &impl serde::Serialize) -> Result<AttributeValue, Unavailable> {
    serde_dynamo::to_attribute_value(value).map_err(|error| unreadable("subscriptions", &error))
}
