//! `ordering: entity`: the events of one object never overtake each other.

use std::time::Duration;

use domain::{delivery::DeliveryState, subscription::Ordering};
use testkit::receiver::Behaviour;

use super::hall::Hall;

#[tokio::test]
async fn one_that_must_be_tried_again_holds_up_its_object_and_no_other() {
    let mut hall = Hall::with(Ordering::Entity).await;
    hall.endpoint.next([Behaviour::Status(500)]);
    let first = hall.event_of("1");
    let second = hall.event_of("1");
    let other = hall.event_of("2");
    // So that the failure is the first one's.
    hall.endpoint.next([]);
    hall.step().await;
    let taken = |hall: &Hall| -> Vec<String> {
        hall.endpoint.arrived().iter().map(|arrived| arrived.event().to_owned()).collect()
    };
    assert!(!taken(&hall).contains(&second.as_str().to_owned()), "held up");
    hall.pass(Duration::from_secs(400)).await;
    let order = taken(&hall);
    let place = |event: &domain::id::EventId| order.iter().rposition(|taken| taken == event.as_str()).unwrap();
    assert!(place(&first) < place(&second));
    for event in [first, second, other] {
        assert_eq!(hall.delivery(&event).await.unwrap().state, DeliveryState::Delivered);
    }
}

#[tokio::test]
async fn many_events_of_few_objects_arrive_in_their_order_from_an_endpoint_that_stumbles() {
    let mut hall = Hall::with(Ordering::Entity).await;
    let stumbling = (0..60).map(|number| Behaviour::Status(if number % 4 == 1 { 500 } else { 200 }));
    hall.endpoint.next(stumbling);
    let events: Vec<_> = (0..30).map(|number| hall.event_of(&(number % 3).to_string())).collect();
    hall.pass(Duration::from_secs(6 * 3_600)).await;
    let mut last = [0; 3];
    for arrived in hall.endpoint.arrived() {
        let data = &arrived.json()["data"];
        let (object, number) =
            (data["id"].as_str().unwrap().parse::<usize>().unwrap(), data["number"].as_u64().unwrap());
        assert!(number >= last[object], "{number} after {}", last[object]);
        last[object] = number;
    }
    for event in events {
        assert_eq!(hall.delivery(&event).await.unwrap().state, DeliveryState::Delivered);
    }
}

#[tokio::test]
async fn nothing_is_parked_where_order_matters() {
    let mut hall = Hall::with(Ordering::Entity).await;
    hall.endpoint.always(Behaviour::Status(500));
    let events: Vec<_> = (0..12).map(|number| hall.event_of(&number.to_string())).collect();
    hall.pass(Duration::from_secs(1_800)).await;
    let calls = hall.endpoint.arrived().len();
    assert!(calls < 30, "{calls} calls");
    hall.endpoint.always(Behaviour::Status(200));
    hall.pass(Duration::from_secs(2 * 3_600)).await;
    for event in events {
        assert_eq!(hall.delivery(&event).await.unwrap().state, DeliveryState::Delivered);
    }
}
