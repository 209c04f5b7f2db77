//! What becomes of webhooks that come twice, late, in another order, or without what they are about.

use std::time::Duration;

use cloud::{
    events::{HookBody, News},
    objects::Objects,
};
use domain::subscription::SubscriptionState;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use testkit::{demo_store::Fault, woo_store::WooStore};

use super::{Fan, types};

fn at(object: &Value, time: &str) -> Value {
    let mut object = object.clone();
    object["updated_at"] = json!(time);
    object
}

#[tokio::test]
async fn a_webhook_is_told_once_however_often_its_platform_sends_it() {
    let fan = Fan::new().await;
    fan.subscribe(&["order.updated"], |_| {}).await;
    let order = fan.raw("orders/5011").await;
    let first = fan.cartos("order.updated", "same", &order);
    let again = fan.cartos("order.updated", "same", &order);
    assert!(fan.handle(&[&first]).await.is_empty());
    assert!(fan.handle(&[&again]).await.is_empty());
    let sent = fan.sent().await;
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].message["event"], first.id.as_str());
    assert!(fan.envelope(&again.id).await.is_none(), "it is no event");
    // The queue hands the first over again: at least once, and the same.
    assert!(fan.handle(&[&first]).await.is_empty());
    let sent = fan.sent().await;
    assert_eq!((sent.len(), &sent[0].message["event"]), (1, &json!(first.id)));
    assert_eq!(sent[0].body()["sequence"], 1);
    // More than an object remembers, each told once.
    for n in 0..30 {
        assert!(fan.handle(&[&fan.cartos("order.updated", &n.to_string(), &order)]).await.is_empty());
    }
    assert_eq!(fan.sent().await.len(), 30);
    for n in 26..30 {
        assert!(fan.handle(&[&fan.cartos("order.updated", &n.to_string(), &order)]).await.is_empty());
    }
    assert!(fan.sent().await.is_empty());
}

#[tokio::test]
async fn old_news_is_not_told_and_what_came_into_being_is_told_as_it_is_now() {
    let fan = Fan::new().await;
    fan.subscribe(&["order.created", "order.updated", "order.deleted"], |_| {}).await;
    let order = fan.raw("orders/5012").await;
    let newest = fan.cartos("order.updated", "1", &at(&order, "2026-03-03T00:00:00Z"));
    let old = fan.cartos("order.updated", "2", &at(&order, "2026-03-02T00:00:00Z"));
    let mut stale = at(&order, "2026-03-01T00:00:00Z");
    stale["status"] = json!("cancelled");
    let created = fan.cartos("order.created", "3", &stale);
    for message in [&newest, &old, &created] {
        assert!(fan.handle(&[message]).await.is_empty());
    }
    let sent = fan.sent().await;
    assert_eq!(types(&sent), [(1, "order.updated".to_owned()), (2, "order.created".to_owned())]);
    let created = sent.iter().find(|sent| sent.body()["type"] == "order.created").unwrap();
    let now = fan.world.get("orders/5012").await.json();
    assert_eq!(created.body()["data"], now, "read from the store, not what came late");
    let envelope = fan.envelope(&old.id).await.unwrap();
    assert_eq!((envelope.superseded_by, envelope.subscriptions), (Some(newest.id.clone()), 0));
    // It stays superseded when the queue hands it over again.
    assert!(fan.handle(&[&old]).await.is_empty());
    let deleted = fan.cartos("order.deleted", "4", &json!({ "id": 5012 }));
    assert!(fan.handle(&[&deleted]).await.is_empty());
    let twice = fan.cartos("order.deleted", "5", &json!({ "id": 5012 }));
    let late = fan.cartos("order.updated", "6", &at(&order, "2026-03-03T00:00:00Z"));
    for message in [&twice, &late] {
        assert!(fan.handle(&[message]).await.is_empty());
    }
    let sent = fan.sent().await;
    assert_eq!(types(&sent), [(3, "order.deleted".to_owned())]);
    assert_eq!(sent[0].body()["data"], json!({ "id": "5012" }));
}

#[tokio::test]
async fn woocommerces_habits_are_borne() {
    let fan = Fan::new().await;
    let store = WooStore::start().await.unwrap();
    let credential =
        [("consumer_key", testkit::woo_store::CONSUMER_KEY), ("consumer_secret", testkit::woo_store::CONSUMER_SECRET)]
            .map(|(name, value)| (name.to_owned(), value.to_owned().into()));
    let everything = domain::scope::Scope::ALL.iter().copied().filter(|scope| scope.is_data_plane()).collect();
    let id = fan.world.connect("woocommerce", store.url().as_str(), credential.into_iter().collect(), everything).await;
    fan.subscribe(&["order.created", "order.updated", "product.updated", "product.deleted"], |item| {
        item.stores = Some(vec![id.clone()]);
    })
    .await;
    // One order makes two webhooks with the same body (platforms.md 5.3).
    let order = include_str!("../../shared/connectors/fixtures/woocommerce/woo-order.json").to_owned();
    let of = |webhook: &str, topic: &str, delivery: &str, body: &str| {
        let headers =
            [("x-wc-webhook-id", webhook), ("x-wc-webhook-topic", topic), ("x-wc-webhook-delivery-id", delivery)];
        fan.hook(&id, &headers, body.to_owned())
    };
    let messages = [of("1", "order.created", "d", &order), of("2", "order.updated", "d", &order)];
    assert!(fan.handle(&[&messages[0]]).await.is_empty());
    assert!(fan.handle(&[&messages[1]]).await.is_empty());
    assert_eq!(types(&fan.sent().await), [(1, "order.created".to_owned()), (2, "order.updated".to_owned())]);
    // Several products that changed in one second have one delivery id, and are several events.
    let products = store.product_ids();
    let body = |id: u64| json!({ "id": id, "type": "simple" }).to_string();
    let [one, other] = [products[0], products[1]].map(|product| of("3", "product.updated", "same", &body(product)));
    assert!(fan.handle(&[&one, &other]).await.is_empty());
    let sent = fan.sent().await;
    assert_eq!(sent.len(), 2);
    assert!(sent.iter().all(|sent| sent.body()["data"]["variants"].is_array()), "read whole from the store");
    // A deletion is told by the id alone.
    let gone = of("4", "product.deleted", "x", &json!({ "id": products[0] }).to_string());
    assert!(fan.handle(&[&gone]).await.is_empty());
    let sent = fan.sent().await;
    assert_eq!(sent[0].body()["data"], json!({ "id": products[0].to_string() }));
}

#[tokio::test]
async fn an_object_that_must_be_read_is_waited_for_and_told_without_in_the_end() {
    let fan = Fan::new().await;
    fan.subscribe(&["order.updated", "order.created"], |_| {}).await;
    let now = fan.world.boot.clock.now();
    let mut message = fan.recovered("order.updated", "5014", Some(now));
    // Three attempts each time (R134).
    fan.world.demo.fail_next(6, Fault::Status(503, None));
    assert_eq!(fan.handle(&[&message]).await, [0]);
    assert!(fan.sent().await.is_empty());
    message.received_at = now - Duration::from_secs(21 * 3600);
    assert!(fan.handle(&[&message]).await.is_empty(), "its time to be delivered runs out");
    let sent = fan.sent().await;
    assert_eq!(
        (&sent[0].body()["incomplete"], &sent[0].body()["data"]),
        (&json!("unreadable"), &json!({ "id": "5014" }))
    );
    assert_eq!(sent[0].body()["recovered"], true);

    // What its store does not know is looked for a while, and then nobody's news.
    let mut unknown = fan.recovered("order.created", "999999", Some(now));
    assert_eq!(fan.handle(&[&unknown]).await, [0]);
    unknown.received_at = now - SignedDuration::from_mins(2);
    assert!(fan.handle(&[&unknown]).await.is_empty());
    assert!(fan.sent().await.is_empty());
}

/// Where no message holds the body, it is read from the bucket, which keeps it for a day as the queue keeps the message.
#[tokio::test]
async fn a_body_in_the_bucket_is_told_like_any_other() {
    let fan = Fan::new().await;
    fan.subscribe(&["order.updated"], |_| {}).await;
    let mut large = fan.cartos("order.updated", "large", &fan.raw("orders/5011").await);
    let name = format!("{}/{}", large.store, large.id);
    let News::Hook { body, .. } = &mut large.news else { unreachable!("it is a webhook") };
    let held = body.inline().unwrap().unwrap().into_owned();
    *body = HookBody::Stored(name.clone());
    let bucket = Objects::new(&fan.world.boot.aws, &fan.config.large_hooks_bucket);
    bucket.put(&name, held.into()).await.unwrap();
    assert!(fan.handle(&[&large]).await.is_empty());
    let sent = fan.sent().await;
    assert_eq!((sent.len(), &sent[0].body()["id"]), (1, &json!(large.id)));

    bucket.delete(&name).await.unwrap();
    large.id = fan.new_event();
    assert!(fan.handle(&[&large]).await.is_empty());
    assert!(fan.sent().await.is_empty());
    assert_eq!(fan.take(&fan.config.dead_events_queue_url).await.len(), 1, "its envelope is left");
}

#[tokio::test]
async fn what_nothing_can_be_made_of_leaves_its_envelope_and_no_body() {
    let fan = Fan::new().await;
    fan.subscribe(&["order.updated"], |item| item.state = SubscriptionState::Enabled).await;
    let broken = fan.hook(&fan.world.store, &[("x-cartos-topic", "order.updated")], "{\"secret\": 1".to_owned());
    let mut over = fan.recovered("order.updated", "5005", None);
    over.received_at = hours_ago(23);
    assert!(fan.handle(&[&broken, &over]).await.is_empty());
    let dead = fan.take(&fan.config.dead_events_queue_url).await;
    assert_eq!(dead.len(), 2);
    for dead in &dead {
        assert_eq!(dead.message["sha256"].as_str().unwrap().len(), 64);
        assert!(!dead.message.to_string().contains("secret"));
    }
}

fn hours_ago(hours: i64) -> Timestamp {
    cloud::clock::Clock::system().now() - SignedDuration::from_hours(hours)
}

#[tokio::test]
async fn r022_a_webhook_says_that_its_account_is_used() {
    let fan = Fan::new().await;
    let (world, clock) = (&fan.world, &fan.world.boot.clock);
    let active =
        cloud::dynamo::active::Active::new(world.tables(), fan.config.service_log_table.clone(), String::new());
    // What we looked for ourselves says nothing of that.
    assert!(fan.handle(&[&fan.recovered("order.updated", "5012", None)]).await.is_empty());
    assert!(!active.was_used(&world.account, clock.now()).await.unwrap());
    fan.handle(&[&fan.cartos("order.updated", "one", &json!({ "id": 5011 }))]).await;
    assert!(active.was_used(&world.account, clock.now()).await.unwrap());
}
