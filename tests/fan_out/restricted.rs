//! Events of customers whose data must not be used (`privacy.md` D.6): told without their objects.

use cloud::events::Replay;
use domain::{delivery::DeliveryState, restriction::Identifier, subscription::Ordering};
use http::StatusCode;
use serde_json::{Value, json};
use testkit::fault_proxy::{Calls, Fault};

use super::{Fan, replays::happened};
use crate::proxy::restriction::{Wish, restrict};

/// Ids of an order of customer 7 and of one of somebody else.
async fn orders(fan: &Fan) -> (String, String) {
    let (mut hers, mut other) = (None, None);
    for page in 0..3 {
        let orders = fan.raw_page(page).await;
        for order in orders {
            let id = order["id"].to_string();
            if order["customer"]["id"] == 7 {
                hers.get_or_insert(id)
            } else {
                other.get_or_insert(id)
            };
        }
    }
    (hers.unwrap(), other.unwrap())
}

async fn restrict_seven(fan: &Fan, wish: Wish) {
    let known = [Identifier::Id("7"), Identifier::Email("customer7@example.test")];
    restrict(&fan.world, &fan.world.store, &known, wish).await;
}

#[track_caller]
fn is_bare(message: &Value, order: &str) {
    let body = &message["body"];
    assert_eq!((&body["data"], &body["incomplete"]), (&json!({}), &json!("restricted")));
    assert!(body.get("remote").is_none() && message.get("object").is_none() && message.get("whose").is_none());
    let text = message.to_string();
    assert!(!text.contains("customer7") && !text.contains(&format!("\"{order}\"")), "{text}");
}

#[tokio::test]
async fn an_event_of_a_restricted_customer_is_told_without_its_object() {
    let fan = Fan::new().await;
    let topics = ["order.updated", "customer.updated", "customer.deleted"];
    fan.subscribe(&topics, |item| item.include_remote = true).await;
    fan.subscribe(&["order.updated"], |item| {
        item.fields = Some(vec!["status".to_owned()]);
        item.ordering = Ordering::Entity;
    })
    .await;
    let (hers, other) = orders(&fan).await;
    let mut order = fan.raw(&format!("orders/{hers}")).await;
    restrict_seven(&fan, Wish::default()).await;
    let now = fan.world.boot.clock.now();
    let recovered = fan.recovered("order.updated", &hers, Some(now));
    let free = fan.recovered("order.updated", &other, Some(now));
    order["updated_at"] = (now + std::time::Duration::from_secs(5)).to_string().into();
    let webhook = fan.cartos("order.updated", "w", &order);
    for message in [&recovered, &free] {
        assert!(fan.handle(&[message]).await.is_empty());
    }
    let [sent, ordered] = [fan.sent().await, fan.take(&fan.config.ordered_events_queue_url).await];
    for sent in [&sent, &ordered] {
        assert_eq!(sent.len(), 2);
        is_bare(&sent[0].message, &hers);
        assert!(sent[1].body().get("incomplete").is_none());
        assert!(!sent[1].message["whose"].is_null(), "who waits is judged again");
    }
    assert_eq!(sent[1].body()["data"]["id"], other.as_str());
    assert_eq!(ordered[1].body()["data"].as_object().unwrap().len(), 1, "cut to a field that does not say whose it is");
    let kept = fan.envelope(&recovered.id).await.unwrap();
    assert_eq!((kept.restricted, kept.subscriptions), (true, 2));
    assert!(!fan.envelope(&free.id).await.unwrap().restricted);
    // By webhook, with the object in its body; and the end of a customer, of whom the id is all there is.
    assert!(fan.handle(&[&webhook]).await.is_empty());
    assert!(fan.handle(&[&fan.cartos("customer.deleted", "d", &json!({ "id": 7 }))]).await.is_empty());
    let sent = fan.sent().await;
    assert_eq!(sent.len(), 2, "{sent:?}");
    for sent in &sent {
        is_bare(&sent.message, &hers);
    }
}

#[tokio::test]
async fn whom_the_merchant_needs_for_legal_claims_is_told_all() {
    let fan = Fan::new().await;
    fan.subscribe(&["order.updated"], |_| {}).await;
    let (hers, _) = orders(&fan).await;
    let legal_claims = vec![fan.world.application.clone()];
    restrict_seven(&fan, Wish { legal_claims, ..Wish::default() }).await;
    let message = fan.recovered("order.updated", &hers, Some(fan.world.boot.clock.now()));
    assert!(fan.handle(&[&message]).await.is_empty());
    assert_eq!(fan.sent().await[0].body()["data"]["id"], hers.as_str());
    assert!(fan.envelope(&message.id).await.unwrap().restricted, "others would not be");
}

#[tokio::test]
async fn a_replay_is_told_without_its_object_until_the_restriction_has_ended() {
    let fan = Fan::new().await;
    let subscription = fan.subscribe(&["order.updated"], |_| {}).await;
    let (hers, _) = orders(&fan).await;
    let event = happened(&fan, &subscription, &hers, Some(DeliveryState::Delivered)).await;
    restrict_seven(&fan, Wish::default()).await;
    assert!(fan.replay(&subscription, Replay::One(event.clone())).await.is_empty());
    is_bare(&fan.sent().await[0].message, &hers);
    let lifts_at = Some(fan.world.boot.clock.now());
    restrict_seven(&fan, Wish { lifts_at, ..Wish::default() }).await;
    assert!(fan.replay(&subscription, Replay::One(event)).await.is_empty());
    assert_eq!(fan.sent().await[0].body()["data"]["id"], hers.as_str());
}

#[tokio::test]
async fn nobody_is_told_what_cannot_be_checked() {
    let fan = Fan::new().await;
    fan.subscribe(&["order.updated"], |_| {}).await;
    let (hers, other) = orders(&fan).await;
    let now = fan.world.boot.clock.now();
    fan.world.faults.reset();
    assert!(fan.handle(&[&fan.recovered("order.updated", &other, Some(now))]).await.is_empty());
    assert_eq!(
        (fan.sent().await.len(), fan.world.faults.count("TrentService.Decrypt")),
        (1, 0),
        "and costs nothing so far"
    );
    restrict_seven(&fan, Wish::default()).await;
    fan.world.faults.inject(Calls::Target("Decrypt"), Fault::Answer(StatusCode::INTERNAL_SERVER_ERROR, "{}"), 10);
    let message = fan.recovered("order.updated", &hers, Some(now));
    assert_eq!(fan.handle(&[&message]).await, [0]);
    assert!(fan.sent().await.is_empty() && fan.envelope(&message.id).await.is_none());
    fan.world.faults.reset();
    assert!(fan.handle(&[&message]).await.is_empty());
    is_bare(&fan.sent().await[0].message, &hers);
}
