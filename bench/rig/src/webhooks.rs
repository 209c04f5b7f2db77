//! The world of webhooks: what stands in the tables, put there by the functions' own adapters, and the event that the function is called with.

use std::collections::BTreeMap;

use bytes::Bytes;
use cloud::{
    boot::Boot,
    clock::Clock,
    data_keys::DataKeys,
    dynamo::{
        self, key,
        store_keys::StoreKeys,
        stores::Stores,
        subscriptions::{SubscriptionItem, Subscriptions},
        transaction::{self, TransactionError},
    },
    env::EnvError,
    events::{DeliveryMessage, EventMessage, HookBody, News},
    hooks::{HookSecrets, HookVault},
    signing::Signing,
};
use domain::{
    delivery::Health,
    event::{Change, Topic},
    id::{EventId, SubscriptionId},
    model::Entity,
    store::HooksState,
    subscription::{Ordering, SubscriptionState},
};
use serde_json::{Value, json, value::RawValue};

use crate::{
    aws::{Aws, STORES},
    case::Case,
    file,
    tenant::Tenant,
};

/// The table of data keys.
pub(crate) const STORE_KEYS: &str = "bench-store-keys";
/// The table of subscriptions.
pub(crate) const SUBSCRIPTIONS: &str = "bench-subscriptions";
/// What the store's webhooks are signed with.
pub(crate) const SECRET: &str = "0123456789abcdef0123456789abcdef";
/// The size of Shopify's order in `performance.md`.
const HOOK_BYTES: usize = 4_300;

/// Why the world cannot be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Environment(#[from] EnvError),
    #[error(transparent)]
    Unavailable(#[from] dynamo::Unavailable),
    #[error("a transaction failed")]
    Transaction(#[from] TransactionError),
    #[error(transparent)]
    Io(#[from] std::io::Error),
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

/// Puts everything into the tables that the case needs, and makes its event: one webhook, or a batch of messages. `order` is one of CartOS's.
pub(crate) async fn event(
    case: Case,
    batch: usize,
    tenant: &Tenant,
    aws: &Aws,
    order: &Bytes,
) -> Result<Value, Failure> {
    let clock = Clock::system();
    let environment = [
        ("AWS_REGION", "eu-central-1"),
        ("AWS_ENDPOINT_URL", aws.url()),
        ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
    ];
    let environment: BTreeMap<String, String> =
        environment.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let boot = Boot::new(&environment, clock.clone())?;
    let tables = dynamo::client(&boot.aws);
    let keys = StoreKeys::new(tables.clone(), STORE_KEYS.to_owned());
    let keys = DataKeys::new(&boot.aws, keys, "bench".to_owned(), clock.clone());
    if case == Case::Hook {
        let vault = HookVault::new(Stores::new(tables.clone(), STORES.to_owned()), keys);
        let secrets = HookSecrets::new(SECRET.to_owned().into());
        let part = vault.keeping(&tenant.store, &secrets, HooksState::Registered).await?;
        transaction::write(&tables, vec![part]).await?;
        return hook(tenant);
    }
    let id = SubscriptionId::from_uuid(clock.new_id());
    let made = Signing::new(keys, clock.clone()).make(&tenant.application, &id).await?;
    let topic = Topic::Object(Entity::Orders, Change::Updated);
    let subscription = SubscriptionItem {
        pk: key::application(&tenant.application),
        sk: key::subscription(&id),
        v: 1,
        id: id.clone(),
        account: tenant.account.clone(),
        application: tenant.application.clone(),
        name: None,
        url: format!("{}/hooks", tenant.store_url),
        topics: vec![topic],
        stores: None,
        fields: None,
        filter: BTreeMap::new(),
        include_remote: false,
        ordering: Ordering::Fastest,
        state: SubscriptionState::Enabled,
        disabled_because: None,
        disabled_at: None,
        secrets: made.sealed,
        secrets_version: made.version,
        rotated_at: None,
        created_at: clock.now(),
        updated_at: clock.now(),
        health: Health::default(),
        expires_at: None,
    };
    let creating = Subscriptions::new(tables.clone(), SUBSCRIPTIONS.to_owned()).creating(&subscription);
    transaction::write(&tables, vec![creating]).await?;

    let order: Value = serde_json::from_slice(order)?;
    let order = order.as_object().and_then(|answer| answer.values().find(|value| value["id"].is_number()));
    let order = order.cloned().unwrap_or_default();
    let mut bodies = Vec::new();
    for number in 0..batch {
        let event = EventId::from_uuid(clock.new_id());
        let now = clock.now();
        let mut order = order.clone();
        order["id"] = (5_001 + number).into();
        bodies.push(if case == Case::FanOut {
            let hook = json!({ "id": event, "topic": "order.updated", "created_at": now, "data": order }).to_string();
            let headers = [("x-cartos-topic", "order.updated"), ("x-cartos-delivery", event.as_str())];
            let headers = headers.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
            let news = News::Hook { headers, body: HookBody::Text(hook) };
            serde_json::to_string(&EventMessage { id: event, store: tenant.store.clone(), received_at: now, news })?
        } else {
            let body = json!({
                "id": event, "type": "order.updated", "store": tenant.store, "occurred_at": now, "sequence": 1,
                "data": order,
            });
            serde_json::to_string(&DeliveryMessage {
                application: tenant.application.clone(),
                subscription: id.clone(),
                event,
                store: tenant.store.clone(),
                topic,
                object: Some((5_001 + number).to_string()),
                received_at: now,
                begun_at: now,
                ordering: Ordering::Fastest,
                replay: 0,
                whose: Default::default(),
                body: RawValue::from_string(body.to_string())?,
            })?
        });
    }
    let queue = if case == Case::FanOut { "incoming-events" } else { "outgoing-events" };
    messages(&bodies, queue)
}

/// API Gateway's event of a webhook of Shopify.
fn hook(tenant: &Tenant) -> Result<Value, Failure> {
    let mut event: Value = serde_json::from_slice(&std::fs::read(file("intake/unknown-store.json"))?)?;
    let mut lines = Vec::new();
    let body = loop {
        let number = lines.len();
        let order = json!({
            "id": 820_982_911_946_154_508_u64, "name": "#1001", "currency": "EUR", "total_price": "398.00",
            "updated_at": "2026-11-22T08:00:00+01:00", "line_items": lines,
        });
        let text = order.to_string();
        if text.len() >= HOOK_BYTES {
            break text;
        }
        lines.push(json!({ "id": 466_157_049_u64, "sku": format!("SKU-{number}"), "quantity": 1, "price": "199.00" }));
    };
    let path = format!("/hooks/{}", tenant.store);
    let request = testkit::webhooks::shopify("http://127.0.0.1/", SECRET, "orders/updated", "1", body.clone());
    for (name, value) in request.headers() {
        event["headers"][name.as_str()] = value.to_str().unwrap_or_default().into();
    }
    event["headers"]["content-length"] = body.len().to_string().into();
    event["requestContext"]["http"]["path"] = path.clone().into();
    event["pathParameters"] = json!({ "store": tenant.store });
    event["rawPath"] = path.into();
    event["body"] = body.into();
    Ok(event)
}

/// The event of a queue's messages, whole as it comes, from the file that the tests read too.
fn messages(bodies: &[String], queue: &str) -> Result<Value, Failure> {
    let mut event: Value = serde_json::from_slice(&std::fs::read(file("deliver/one-delivery.json"))?)?;
    let record = event["Records"][0].take();
    let records = bodies.iter().enumerate().map(|(number, body)| {
        let mut record = record.clone();
        record["messageId"] = format!("059f36b4-87a3-44ab-83d2-{number:012}").into();
        record["receiptHandle"] = format!("AQEBexample{number}").into();
        record["body"] = body.as_str().into();
        record["eventSourceARN"] = format!("arn:aws:sqs:eu-central-1:123456789012:cartage-{queue}").into();
        record
    });
    event["Records"] = records.collect();
    Ok(event)
}
