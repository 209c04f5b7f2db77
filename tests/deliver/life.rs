//! Messages that come twice, instances that end, owners and merchants who change their minds.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{
    delivery::{DeliveryState, FailedBecause},
    event::Topic,
    scope::{Scope, ScopeSet},
    subscription::{DisabledBecause, SubscriptionState},
};
use testkit::{
    fault_proxy::{Calls, Fault},
    receiver::Behaviour,
};

use super::hall::Hall;

const SERVER_ERROR: Fault = Fault::Answer(http::StatusCode::INTERNAL_SERVER_ERROR, "{}");

#[tokio::test]
async fn a_message_that_comes_twice_is_delivered_once() {
    let mut hall = Hall::new().await;
    hall.event();
    let again = hall.queue[0].message.clone();
    hall.send(again.clone());
    hall.settle().await;
    hall.send(again);
    hall.pass(Duration::from_secs(60)).await;
    assert_eq!(hall.endpoint.arrived().len(), 1);
    assert!(hall.queue.is_empty());
}

#[tokio::test]
async fn what_was_claimed_by_an_instance_that_ended_is_delivered_all_the_same() {
    let mut hall = Hall::new().await;
    let event = hall.event();
    // The claim stands, and whoever made it hears nothing of it.
    hall.faults.inject(Calls::Target("PutItem"), Fault::CutAfter, 1);
    hall.faults.inject(Calls::Target("PutItem"), SERVER_ERROR, 50);
    hall.step().await;
    assert!(hall.endpoint.arrived().is_empty());
    assert!(hall.delivery(&event).await.unwrap().claimed_until.is_some());
    hall.faults.reset();
    hall.pass(Duration::from_secs(200)).await;
    assert_eq!(hall.endpoint.arrived().len(), 1);
    assert_eq!(hall.delivery(&event).await.unwrap().state, DeliveryState::Delivered);
}

#[tokio::test]
async fn what_cannot_be_recorded_comes_again() {
    let mut hall = Hall::new().await;
    let event = hall.event();
    hall.faults.inject(Calls::Target("PutItem"), Fault::Delay(Duration::ZERO), 1);
    hall.faults.inject(Calls::Target("PutItem"), SERVER_ERROR, 50);
    hall.step().await;
    assert_eq!(hall.endpoint.arrived().len(), 1);
    hall.faults.reset();
    hall.pass(Duration::from_secs(200)).await;
    assert_eq!(hall.endpoint.arrived().len(), 2, "at least once: that it was taken, nobody could write down");
    assert_eq!(hall.endpoint.arrived()[0].event(), hall.endpoint.arrived()[1].event(), "by this a receiver knows it");
    assert_eq!(hall.delivery(&event).await.unwrap().state, DeliveryState::Delivered);
}

#[tokio::test]
async fn nobody_is_called_while_it_cannot_be_checked_whether_they_may_be() {
    let mut hall = Hall::new().await;
    let event = hall.event();
    hall.faults.inject(Calls::Target("GetItem"), SERVER_ERROR, 100);
    hall.step().await;
    assert!(hall.endpoint.arrived().is_empty());
    assert_eq!(hall.queue.len(), 1, "it comes again");
    hall.faults.reset();
    hall.pass(Duration::from_secs(200)).await;
    assert_eq!(hall.delivery(&event).await.unwrap().state, DeliveryState::Delivered);
}

#[tokio::test]
async fn what_nothing_can_be_made_of_leaves_its_envelope_and_no_body() {
    let mut hall = Hall::new().await;
    let event = hall.event_of("marker-7f3a");
    hall.faults.inject(Calls::Target("GetItem"), SERVER_ERROR, 1_000_000);
    hall.clock.advance(Duration::from_secs(24 * 3_600 - 200));
    hall.step().await;
    assert!(hall.queue.is_empty(), "before its queue drops it without a word");
    hall.faults.reset();
    let dead = hall.take(&hall.config.dead_events_queue_url).await;
    assert_eq!(dead.len(), 1);
    assert_eq!(dead[0]["event"], event.as_str());
    assert_eq!(dead[0]["subscription"], hall.subscription.id.as_str());
    assert!(!dead[0].to_string().contains("marker-7f3a"));
}

#[tokio::test]
async fn r121_a_grant_that_was_taken_back_drops_what_is_queued() {
    let mut hall = Hall::new().await;
    hall.endpoint.next([Behaviour::Status(500)]);
    let event = hall.event();
    hall.step().await;
    // The same scopes but the one that it takes to read orders.
    hall.world.grant(&hall.world.store, ScopeSet::of(&[Scope::ProductsRead])).await;
    hall.pass(Duration::from_secs(3_600)).await;
    assert_eq!(hall.endpoint.arrived().len(), 1, "not a single call more");
    let item = hall.delivery(&event).await.unwrap();
    assert_eq!((item.state, item.failed_because), (DeliveryState::Failed, Some(FailedBecause::Revoked)));
}

#[tokio::test]
async fn r121_a_store_that_is_leaving_tells_nobody_anything() {
    let mut hall = Hall::new().await;
    let event = hall.event();
    let update = hall.world.sdk().update_item().table_name(&hall.config.stores_table);
    update
        .key("pk", AttributeValue::S(cloud::dynamo::key::store(&hall.world.store)))
        .key("sk", AttributeValue::S(cloud::dynamo::key::STORE.to_owned()))
        .update_expression("SET #state = :state")
        .expression_attribute_names("#state", "state")
        .expression_attribute_values(":state", AttributeValue::S("disconnecting".to_owned()))
        .send()
        .await
        .unwrap();
    hall.settle().await;
    assert!(hall.endpoint.arrived().is_empty());
    assert_eq!(hall.delivery(&event).await.unwrap().failed_because, Some(FailedBecause::Revoked));

    // That it left is told even when nothing of it is there any more.
    for sk in [cloud::dynamo::key::STORE.to_owned(), cloud::dynamo::key::grant(&hall.world.application)] {
        let delete = hall.world.sdk().delete_item().table_name(&hall.config.stores_table);
        let delete = delete.key("pk", AttributeValue::S(cloud::dynamo::key::store(&hall.world.store)));
        delete.key("sk", AttributeValue::S(sk)).send().await.unwrap();
    }
    let event = hall.event();
    let left = &mut hall.queue.last_mut().unwrap().message;
    (left.topic, left.object) = (Topic::AppUninstalled, None);
    hall.settle().await;
    assert_eq!(hall.endpoint.arrived().len(), 1);
    assert_eq!(hall.delivery(&event).await.unwrap().state, DeliveryState::Delivered);
}

#[tokio::test]
async fn what_its_owner_switched_off_or_deleted_is_not_called() {
    let mut hall = Hall::new().await;
    hall.subscription.state = SubscriptionState::Disabled;
    hall.subscription.disabled_because = Some(DisabledBecause::Owner);
    hall.keep().await;
    let event = hall.event();
    hall.settle().await;
    assert_eq!(hall.delivery(&event).await.unwrap().failed_because, Some(FailedBecause::Disabled));
    assert!(hall.mails().await.is_empty(), "its owner knows");

    let delete = hall.world.sdk().delete_item().table_name(&hall.config.subscriptions_table);
    let delete = delete.key("pk", AttributeValue::S(hall.subscription.pk.clone()));
    delete.key("sk", AttributeValue::S(hall.subscription.sk.clone())).send().await.unwrap();
    hall.event();
    hall.settle().await;
    assert!(hall.endpoint.arrived().is_empty() && hall.queue.is_empty());
}

#[tokio::test]
async fn what_is_asked_for_again_is_sent_again_and_what_was_waiting_for_it_ends() {
    let mut hall = Hall::new().await;
    let event = hall.event();
    let mut message = hall.queue[0].message.clone();
    hall.settle().await;
    message.replay = 1;
    hall.clock.advance(Duration::from_secs(3 * 24 * 3_600));
    message.begun_at = hall.clock.now();
    hall.endpoint.next([Behaviour::Status(500)]);
    hall.send(message.clone());
    hall.step().await;
    assert_eq!(hall.endpoint.arrived().len(), 2, "though it was delivered once");
    let item = hall.delivery(&event).await.unwrap();
    assert_eq!((item.state, item.replay, item.tried, item.attempts.len()), (DeliveryState::Waiting, 1, 1, 2));
    // Its developer does not wait for the next attempt: the success ends the one that waits, too.
    message.replay = 2;
    hall.send(message.clone());
    hall.step().await;
    assert_eq!(hall.endpoint.arrived().len(), 3);
    hall.pass(Duration::from_secs(3_600)).await;
    assert_eq!(hall.endpoint.arrived().len(), 3);
    let item = hall.delivery(&event).await.unwrap();
    assert_eq!((item.state, item.replay, item.tried), (DeliveryState::Delivered, 2, 1));
}

#[tokio::test]
async fn an_event_of_yesterday_is_not_told_any_more() {
    let mut hall = Hall::new().await;
    let event = hall.event();
    hall.clock.advance(Duration::from_secs(24 * 3_600));
    hall.settle().await;
    assert!(hall.endpoint.arrived().is_empty());
    assert_eq!(hall.delivery(&event).await.unwrap().failed_because, Some(FailedBecause::Expired));
}
