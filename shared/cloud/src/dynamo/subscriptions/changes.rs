//! What an owner changes of a subscription. The health of its endpoint is written apart from it, see [`Subscriptions::note_health`].

use bytes::Bytes;
use domain::id::{ApplicationId, SubscriptionId};
use jiff::Timestamp;

use super::{SubscriptionItem, Subscriptions};
use crate::dynamo::{
    call::AttributeValue,
    key,
    transaction::{Attributes, Part, attributes, number, put, text},
};

/// What an owner says.
const OWNERS: &[&str] = &[
    "name",
    "url",
    "topics",
    "stores",
    "fields",
    "filter",
    "include_remote",
    "ordering",
    "state",
    "disabled_because",
    "disabled_at",
    "updated_at",
];
impl Subscriptions {
    /// The write that makes a subscription.
    #[must_use]
    pub fn creating(&self, item: &SubscriptionItem) -> Part {
        put(&self.table, item).condition_expression("attribute_not_exists(pk)")
    }

    /// The write of what its owner changed since it was `read`. It fails where the subscription was changed, switched off or deleted
    /// meanwhile.
    #[must_use]
    pub fn changing(&self, changed: &SubscriptionItem, read: &SubscriptionItem) -> Part {
        self.writing(changed, read)
    }

    /// The write of new secrets. It fails where they were changed since the subscription was `read`, or it was deleted.
    #[must_use]
    pub fn rotating(&self, read: &SubscriptionItem, secrets: &Bytes, now: Timestamp) -> Part {
        self.update(read)
            .update_expression("SET secrets = :secrets, secrets_version = :next, rotated_at = :now")
            .condition_expression("secrets_version = :read")
            .expression_attribute_values(":secrets", AttributeValue::B(secrets.to_vec()))
            .expression_attribute_values(":next", number(read.secrets_version + 1))
            .expression_attribute_values(":now", text(now.to_string()))
            .expression_attribute_values(":read", number(read.secrets_version))
    }

    /// The write that deletes a subscription. It fails where that was done already.
    #[must_use]
    pub fn deleting(&self, application: &ApplicationId, subscription: &SubscriptionId) -> Part {
        Part::delete()
            .table_name(&self.table)
            .key("pk", text(key::application(application)))
            .key("sk", text(key::subscription(subscription)))
            .condition_expression("attribute_exists(pk)")
    }

    /// Writes what its owner says as it stands in `changed`, and takes away what is not said.
    fn writing(&self, changed: &SubscriptionItem, read: &SubscriptionItem) -> Part {
        let mut all: Attributes = attributes(changed);
        let mut update = self.update(read);
        let (mut set, mut remove) = (Vec::new(), Vec::new());
        for (place, name) in OWNERS.iter().enumerate() {
            update = update.expression_attribute_names(format!("#a{place}"), *name);
            match all.remove(*name) {
                Some(value) => {
                    update = update.expression_attribute_values(format!(":a{place}"), value);
                    set.push(format!("#a{place} = :a{place}"));
                }
                None => remove.push(format!("#a{place}")),
            }
        }
        let mut expression = format!("SET {}", set.join(", "));
        if !remove.is_empty() {
            expression.push_str(&format!(" REMOVE {}", remove.join(", ")));
        }
        let mut before = attributes(read);
        let mut read_value = |name: &str| before.remove(name).unwrap_or_else(|| text(""));
        update
            .update_expression(expression)
            .condition_expression("updated_at = :read_at AND #state = :read_state")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":read_at", read_value("updated_at"))
            .expression_attribute_values(":read_state", read_value("state"))
    }

    fn update(&self, item: &SubscriptionItem) -> Part {
        Part::update().table_name(&self.table).key("pk", text(&item.pk)).key("sk", text(&item.sk))
    }
}
