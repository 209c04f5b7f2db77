//! A customer is restricted while a delivery waits (`privacy.md` D.6).

use std::time::Duration;

use domain::{
    delivery::DeliveryState,
    id::EventId,
    restriction::{Identifier, Whose},
};
use http::StatusCode;
use serde_json::{Value, json};
use testkit::{
    fault_proxy::{Calls, Fault},
    receiver::Behaviour,
};

use super::hall::Hall;
use crate::proxy::restriction::{Wish, restrict};

/// An event of an order of a customer.
fn event(hall: &mut Hall, customer: &str) -> EventId {
    let event = hall.event_of("1001");
    let queued = hall.queue.last_mut().unwrap();
    queued.message.whose = Whose { ids: vec![customer.to_owned()], emails: vec![format!("{customer}@example.com")] };
    event
}

async fn restrict_ann(hall: &Hall) {
    let known = [Identifier::Email("ann@example.com")];
    restrict(&hall.world, &hall.world.store, &known, Wish::default()).await;
}

#[tokio::test]
async fn what_waits_loses_its_body_when_its_customer_is_restricted() {
    let mut hall = Hall::new().await;
    hall.endpoint.next([Behaviour::Status(500), Behaviour::Status(500)]);
    let (hers, other) = (event(&mut hall, "ann"), event(&mut hall, "bob"));
    let whole = hall.queue[1].message.body.get().to_owned();
    hall.step().await;
    assert_eq!(hall.delivery(&hers).await.unwrap().object.as_deref(), Some("1001"));
    restrict_ann(&hall).await;
    hall.pass(Duration::from_secs(20)).await;
    let arrived = hall.endpoint.arrived();
    assert_eq!(arrived.len(), 4);
    let told = |event: &EventId| arrived.iter().rfind(|arrived| arrived.event() == event.as_str()).unwrap();
    let body: Value = serde_json::from_slice(&told(&hers).body).unwrap();
    assert_eq!((&body["data"], &body["incomplete"]), (&json!({}), &json!("restricted")));
    assert_eq!((&body["id"], &body["type"]), (&json!(hers), &json!("order.updated")), "the envelope is kept");
    assert!(!body.to_string().contains("1001"));
    assert_eq!(told(&other).body, whole.as_bytes(), "byte for byte");
    let item = hall.delivery(&hers).await.unwrap();
    assert_eq!((item.state, item.object), (DeliveryState::Delivered, None));
    assert_eq!(hall.delivery(&other).await.unwrap().object.as_deref(), Some("1001"));
}

#[tokio::test]
async fn nothing_goes_out_that_cannot_be_checked() {
    let mut hall = Hall::new().await;
    event(&mut hall, "bob");
    hall.settle().await;
    assert_eq!(hall.endpoint.arrived().len(), 1);
    restrict_ann(&hall).await;
    hall.faults.inject(Calls::Target("Decrypt"), Fault::Answer(StatusCode::INTERNAL_SERVER_ERROR, "{}"), 10);
    event(&mut hall, "bob");
    let hers = event(&mut hall, "ann");
    hall.step().await;
    assert_eq!(hall.endpoint.arrived().len(), 1);
    assert!(hall.delivery(&hers).await.is_none());
    hall.faults.reset();
    hall.pass(Duration::from_secs(600)).await;
    let arrived = hall.endpoint.arrived();
    assert_eq!(arrived.len(), 3);
    assert_eq!(arrived.iter().filter(|one| String::from_utf8_lossy(&one.body).contains("restricted")).count(), 1);
}
