//! Who is told what.

use cloud::dynamo::transaction;
use domain::{
    scope::{Scope, ScopeSet},
    subscription::{Ordering, SubscriptionState},
};
use serde_json::json;

use super::{Fan, types};

#[tokio::test]
async fn each_subscription_that_wants_an_event_is_told_what_it_wants_of_it() {
    let fan = Fan::new().await;
    let all = fan.subscribe(&["order.updated"], |_| {}).await;
    let cut = fan
        .subscribe(&["order.updated", "product.updated"], |item| {
            item.fields = Some(vec!["id".to_owned(), "totals.total".to_owned()]);
            item.include_remote = true;
        })
        .await;
    let fitting = fan
        .subscribe(&["order.updated"], |item| {
            item.filter = [("currency".to_owned(), vec!["EUR".to_owned(), "USD".to_owned(), "GBP".to_owned()])].into();
        })
        .await;
    // None of these wants it.
    fan.subscribe(&["order.updated"], |item| item.state = SubscriptionState::Disabled).await;
    fan.subscribe(&["order.created"], |_| {}).await;
    let elsewhere = domain::id::StoreId::from_uuid(fan.world.boot.clock.new_id());
    fan.subscribe(&["order.updated"], |item| item.stores = Some(vec![elsewhere])).await;
    fan.subscribe(&["order.updated"], |item| {
        item.filter = [("number".to_owned(), vec!["none".to_owned()])].into();
    })
    .await;

    let order = fan.raw("orders/5007").await;
    let message = fan.cartos("order.updated", "d1", &order);
    fan.world.faults.reset();
    assert!(fan.handle(&[&message]).await.is_empty());
    assert!((fan.world.faults.write_units() - 3.0).abs() < f64::EPSILON, "the mark, the envelope, the account's day");
    assert_eq!(fan.world.faults.count("SendMessageBatch"), 1);

    let sent = fan.sent().await;
    assert_eq!(sent.len(), 3);
    let of =
        |id: &domain::id::SubscriptionId| sent.iter().find(|sent| sent.message["subscription"] == id.as_str()).unwrap();
    let whole = of(&all.id);
    assert_eq!(whole.group.as_deref(), Some(all.id.as_str()), "a fair share for each");
    assert_eq!(whole.message["event"], message.id.as_str());
    let body = whole.body();
    assert_eq!(
        (&body["id"], &body["type"], &body["store"], &body["sequence"]),
        (&json!(message.id), &json!("order.updated"), &json!(fan.world.store), &json!(1))
    );
    assert_eq!(body["data"]["id"], "5007");
    assert!(body["data"]["lines"].is_array() && body["data"].get("remote").is_none() && body.get("remote").is_none());
    let cut = of(&cut.id).body();
    let names: Vec<_> = cut["data"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["id", "totals"]);
    assert_eq!(cut["remote"], order, "byte for byte, beside the cut one");
    assert_eq!(of(&fitting.id).body()["data"]["id"], "5007");
    let envelope = fan.envelope(&message.id).await.unwrap();
    assert_eq!((envelope.sequence, envelope.subscriptions, envelope.superseded_by), (1, 3, None));
}

#[tokio::test]
async fn r121_nobody_is_told_what_the_merchant_does_not_allow() {
    let fan = Fan::new().await;
    fan.subscribe(&["order.updated", "product.updated"], |_| {}).await;
    let (order, product) = (fan.raw("orders/5007").await, fan.raw("products/1003").await);
    fan.world.grant(&fan.world.store, ScopeSet::of(&[Scope::ProductsRead])).await;
    let messages = [fan.cartos("order.updated", "o", &order), fan.cartos("product.updated", "p", &product)];
    assert!(fan.handle(&[&messages[0], &messages[1]]).await.is_empty());
    assert_eq!(types(&fan.sent().await), [(1, "product.updated".to_owned())], "the grant's scopes do not cover orders");
    assert_eq!(fan.envelope(&messages[0].id).await.unwrap().subscriptions, 0);

    let stores = cloud::dynamo::stores::Stores::new(fan.world.tables(), fan.config.stores_table.clone());
    let revoked = stores.revoking(&fan.world.store, &fan.world.application, fan.world.boot.clock.now(), None);
    transaction::write(&fan.world.tables(), vec![revoked]).await.unwrap();
    assert!(fan.handle(&[&fan.cartos("product.updated", "p2", &product)]).await.is_empty());
    assert!(fan.sent().await.is_empty(), "a grant that was taken back counts for nothing");
}

#[tokio::test]
async fn the_events_of_an_object_keep_their_order_where_that_is_wanted() {
    let fan = Fan::new().await;
    let wanting = fan.subscribe(&["order.updated"], |item| item.ordering = Ordering::Entity).await;
    let order = fan.raw("orders/5009").await;
    let [first, second] = ["a", "b"].map(|delivery| fan.cartos("order.updated", delivery, &order));
    // The first is noted, and then its envelope cannot be written.
    use testkit::fault_proxy::{Calls, Fault};
    fan.world.faults.inject(Calls::Target("PutItem"), Fault::Cut, 50);
    assert_eq!(fan.handle(&[&first]).await, [0]);
    fan.world.faults.reset();
    assert_eq!(fan.handle(&[&second]).await, [0], "the one before it is not told for sure");
    assert!(fan.handle(&[&first]).await.is_empty());
    assert!(fan.handle(&[&second]).await.is_empty());
    let sent = fan.take(&fan.config.ordered_events_queue_url).await;
    let told: Vec<_> = sent.iter().map(|sent| sent.message["event"].as_str().unwrap()).collect();
    assert_eq!(told, [first.id.as_str(), second.id.as_str()], "and the first once, for the queue knows it");
    let group = sent[0].group.clone().unwrap();
    assert!(group.starts_with(wanting.id.body()) && sent[1].group.as_ref() == Some(&group));
}

#[tokio::test]
async fn a_merchant_who_removes_the_app_is_the_last_news() {
    let fan = Fan::new().await;
    fan.subscribe(&["app.uninstalled", "order.updated"], |_| {}).await;
    let message = fan.cartos("app.uninstalled", "u", &json!({}));
    assert!(fan.handle(&[&message]).await.is_empty());
    assert!(fan.handle(&[&message]).await.is_empty(), "again");
    let sent = fan.sent().await;
    assert_eq!(types(&sent), [(1, "app.uninstalled".to_owned())], "and once only: the store has left by then");
    let left = fan.take(&fan.config.offboarding_queue_url).await;
    assert!(!left.is_empty() && left.iter().all(|left| left.message["store"] == fan.world.store.as_str()));
    let stores = cloud::dynamo::stores::Stores::new(fan.world.tables(), fan.config.stores_table.clone());
    let (store, grants) = stores.with_grants(&fan.world.store).await.unwrap().unwrap();
    assert_eq!(store.state, domain::store::StoreState::Disconnecting);
    assert!(grants.iter().all(|grant| grant.revoked_at.is_some()));
    let order = json!({ "id": 5007 });
    assert!(fan.handle(&[&fan.cartos("order.deleted", "late", &order)]).await.is_empty());
    assert!(fan.sent().await.is_empty(), "what was still on its way is nobody's (D.10)");
}

#[tokio::test]
async fn r012_a_credential_is_read_once_for_many_events_and_that_is_noted() {
    let fan = Fan::new().await;
    fan.subscribe(&["order.updated"], |_| {}).await;
    fan.world.faults.reset();
    let now = fan.world.boot.clock.now();
    for order in ["5001", "5002", "5003"] {
        assert!(fan.handle(&[&fan.recovered("order.updated", order, Some(now))]).await.is_empty());
    }
    assert_eq!(fan.sent().await.len(), 3);
    assert_eq!(fan.world.faults.count("GetSecretValue"), 1);
    let is_noted = |call: &testkit::fault_proxy::Seen| {
        let line = String::from_utf8_lossy(&call.body);
        line.contains("-security-log") && line.contains(fan.world.store.as_str()) && line.contains("credential-read")
    };
    assert_eq!(fan.world.faults.seen().iter().filter(|call| is_noted(call)).count(), 1);
}

#[tokio::test]
async fn what_a_platform_asks_about_a_customer_is_handed_over_by_ids_alone() {
    let fan = Fan::new().await;
    let credential = [("api_key".to_owned(), "k".to_owned().into())].into_iter().collect();
    let shop = fan.world.connect("shopify", fan.world.demo.url().as_str(), credential, ScopeSet::of(&[])).await;
    let body = r#"{"customer":{"id":191167,"email":"ann@example.com","phone":"555"},"orders_to_redact":[1,2]}"#;
    let headers = |topic: &'static str| [("x-shopify-topic", topic), ("x-shopify-webhook-id", "w1")];
    let message = fan.hook(&shop, &headers("customers/redact"), body.to_owned());
    assert!(fan.handle(&[&message]).await.is_empty());
    let asked = fan.take(&fan.config.privacy_topics_queue_url).await.remove(0).message;
    assert_eq!((&asked["topic"], &asked["name"]), (&json!("customer-erasure"), &json!("w1")));
    assert_eq!((&asked["customer"], &asked["orders"]), (&json!("191167"), &json!(["1", "2"])));
    assert!(!asked.to_string().contains("example.com") && !asked.to_string().contains("555"));

    // That the whole shop is to be forgotten is what its leaving does.
    assert!(fan.handle(&[&fan.hook(&shop, &headers("shop/redact"), "{}".to_owned())]).await.is_empty());
    assert!(fan.take(&fan.config.privacy_topics_queue_url).await.is_empty());
    let left = fan.take(&fan.config.offboarding_queue_url).await;
    assert_eq!(left[0].message["store"], shop.as_str());
}
