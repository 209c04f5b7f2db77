//! What is delivered again, and what can not.

use cloud::{
    dynamo::{
        deliveries::DeliveryItem,
        events::{EventItem, KEPT},
        key,
        subscriptions::SubscriptionItem,
    },
    events::Replay,
};
use domain::{
    delivery::{DeliveryState, FailedBecause},
    id::EventId,
};
use jiff::SignedDuration;

use super::Fan;

/// An event of an order of the world's store, and what became of its delivery, if it had one.
pub(super) async fn happened(fan: &Fan, of: &SubscriptionItem, order: &str, state: Option<DeliveryState>) -> EventId {
    let now = fan.world.boot.clock.now();
    let id = fan.new_event();
    let topic = "order.updated".parse().unwrap();
    let envelope = EventItem {
        pk: key::events(&fan.world.store, now),
        sk: id.body().to_owned(),
        v: 1,
        id: id.clone(),
        store: fan.world.store.clone(),
        topic,
        object: Some(order.to_owned()),
        occurred_at: now,
        received_at: now,
        sequence: 3,
        recovered: false,
        restricted: false,
        superseded_by: None,
        subscriptions: 1,
        expires_at: now.as_second() + KEPT,
    };
    fan.events().keep(&envelope).await.unwrap();
    if let Some(state) = state {
        let delivery = DeliveryItem {
            pk: key::deliveries(&of.id),
            sk: id.body().to_owned(),
            v: 1,
            subscription: of.id.clone(),
            event: id.clone(),
            store: fan.world.store.clone(),
            topic,
            object: Some(order.to_owned()),
            received_at: now,
            begun_at: now,
            state,
            failed_because: (state == DeliveryState::Failed).then_some(FailedBecause::Expired),
            tried: 10,
            attempts: Vec::new(),
            next_at: None,
            claimed_until: None,
            replay: 2,
            expires_at: now.as_second() + KEPT,
        };
        fan.put(&fan.config.deliveries_table, &delivery).await;
    }
    id
}

/// A delivery that failed, of an order that its store does not know.
pub(super) async fn gone(fan: &Fan, of: &SubscriptionItem) -> EventId {
    happened(fan, of, "999999", Some(DeliveryState::Failed)).await
}

#[tokio::test]
async fn what_failed_is_read_anew_and_what_is_gone_says_so() {
    let fan = Fan::new().await;
    let subscription = fan.subscribe(&["order.updated"], |_| {}).await;
    let failed = happened(&fan, &subscription, "5041", Some(DeliveryState::Failed)).await;
    let gone = gone(&fan, &subscription).await;
    happened(&fan, &subscription, "5042", Some(DeliveryState::Delivered)).await;
    let since = fan.world.boot.clock.now() - SignedDuration::from_hours(1);
    assert!(fan.replay(&subscription, Replay::Failed { since }).await.is_empty());
    let sent = fan.sent().await;
    assert_eq!(sent.len(), 1);
    assert_eq!((&sent[0].message["event"], &sent[0].message["replay"]), (&failed.as_str().into(), &3.into()));
    assert_eq!(sent[0].body()["data"], fan.world.get("orders/5041").await.json());
    assert_eq!(sent[0].body()["sequence"], 3);
    let there = fan.deliveries().get(&subscription.id, &gone).await.unwrap().unwrap();
    assert_eq!(
        (there.state, there.failed_because, there.replay),
        (DeliveryState::Failed, Some(FailedBecause::Unreadable), 3)
    );
}

#[tokio::test]
async fn what_was_parked_goes_on_where_it_stopped() {
    let fan = Fan::new().await;
    let subscription = fan.subscribe(&["order.updated"], |_| {}).await;
    let mut parked = Vec::new();
    for order in 5001..5126 {
        parked.push(happened(&fan, &subscription, &order.to_string(), Some(DeliveryState::Parked)).await);
    }
    happened(&fan, &subscription, "5130", Some(DeliveryState::Failed)).await;
    // What there is no time for has a message of its own, and one invocation does as many pages as it can.
    fan.replay_one(&subscription, Replay::Parked).await;
    let rest = fan.take(&fan.config.replays_queue_url).await;
    assert_eq!((rest.len(), &rest[0].message["after"]), (1, &parked[0].as_str().into()));
    assert!(fan.hand(&fan.app, "replays", &[rest[0].message.to_string()]).await.is_empty());
    assert!(fan.take(&fan.config.replays_queue_url).await.is_empty());
    let mut told: Vec<String> =
        fan.sent().await.iter().map(|sent| sent.message["event"].as_str().unwrap().to_owned()).collect();
    told.sort();
    let parked: Vec<String> = parked.into_iter().map(String::from).collect();
    assert_eq!(told, parked, "each once");
}

#[tokio::test]
async fn a_time_is_told_again_with_what_was_missed() {
    let fan = Fan::new().await;
    let subscription = fan.subscribe(&["order.updated"], |_| {}).await;
    let missed = happened(&fan, &subscription, "5044", None).await;
    let taken = happened(&fan, &subscription, "5045", Some(DeliveryState::Delivered)).await;
    let now = fan.world.boot.clock.now();
    let (from, to) = (now - SignedDuration::from_hours(2), now + SignedDuration::from_mins(1));
    // The account's stores are found by the account's own list, which this world does not keep: the subscription names its store.
    let named = SubscriptionItem { stores: Some(vec![fan.world.store.clone()]), ..subscription };
    fan.put(&fan.config.subscriptions_table, &named).await;
    assert!(fan.replay(&named, Replay::Between { from, to }).await.is_empty());
    let mut told: Vec<(String, u64)> = fan
        .sent()
        .await
        .iter()
        .map(|sent| (sent.message["event"].as_str().unwrap().to_owned(), sent.message["replay"].as_u64().unwrap()))
        .collect();
    told.sort();
    assert_eq!(told, [(missed.into(), 0), (String::from(taken.clone()), 3)]);
    fan.take(&fan.config.replays_queue_url).await;
    assert!(fan.replay(&named, Replay::One(taken)).await.is_empty());
    assert_eq!(fan.sent().await.len(), 1);
    // A store that is down has its page come again.
    fan.world.demo.fail_next(50, testkit::demo_store::Fault::Status(503, None));
    assert_eq!(fan.replay(&named, Replay::Between { from, to }).await, [0]);
}
