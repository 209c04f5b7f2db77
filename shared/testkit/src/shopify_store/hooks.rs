//! Webhook subscriptions: an address and a topic once only, a topic beyond the token's permissions refused, and gone after eight failed tries.

use serde_json::{Map, Value, json};

use super::mutate::{Payload, error};
use super::state::{State, gid, number, time};

/// Carries out a mutation of subscriptions.
pub(super) fn run(state: &mut State, name: &str, arguments: &Map<String, Value>, forbidden: &[String]) -> Payload {
    let argument = |name: &str| arguments.get(name).cloned().unwrap_or_default();
    let (input, id) = (argument("webhookSubscription"), number(&argument("id"), "WebhookSubscription"));
    let missing = || error(&["id"], "Webhook subscription does not exist", "");
    match name {
        "webhookSubscriptionCreate" => {
            let topic = argument("topic");
            if forbidden.iter().any(|refused| topic == **refused) {
                let message = format!(
                    "You do not have permission to create or update webhooks with {} topic.",
                    topic.as_str().unwrap_or_default()
                );
                return Err(error(&["webhookSubscription", "topic"], &message, ""));
            }
            if state.hooks.values().any(|hook| hook["topic"] == topic && hook["uri"] == input["uri"]) {
                return Err(error(
                    &["webhookSubscription", "uri"],
                    "Address for this topic has already been taken",
                    "",
                ));
            }
            let id = state.fresh();
            let made = json!({
                "id": gid("WebhookSubscription", id), "legacyResourceId": id.to_string(), "topic": topic, "uri": input["uri"], "format": "JSON",
                "includeFields": input["includeFields"], "metafieldNamespaces": [], "createdAt": time(id), "updatedAt": time(id),
            });
            state.hooks.insert(id, made.clone());
            Ok(json!({ "webhookSubscription": made }))
        }
        "webhookSubscriptionUpdate" => {
            let known = id.and_then(|id| state.hooks.get_mut(&id)).ok_or_else(missing)?;
            for name in ["uri", "includeFields"] {
                if let Some(value) = input.get(name) {
                    known[name] = value.clone();
                }
            }
            Ok(json!({ "webhookSubscription": known }))
        }
        _ => {
            id.and_then(|id| state.hooks.remove(&id)).ok_or_else(missing)?;
            Ok(json!({ "deletedWebhookSubscriptionId": argument("id") }))
        }
    }
}

/// The name of a topic in the schema: `orders/updated` is `ORDERS_UPDATED`.
pub(super) fn in_schema(topic: &str) -> String {
    topic.replace('/', "_").to_uppercase()
}
