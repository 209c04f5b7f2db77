//! An endpoint that is out of order: what it costs, what becomes of what was meant for it, when it is switched off.

use std::time::Duration;

use domain::{
    delivery::{DeliveryState, FailedBecause},
    subscription::{DisabledBecause, SubscriptionState},
};
use testkit::{
    fault_proxy::{Calls, Fault},
    receiver::Behaviour,
};

use super::hall::Hall;

const HOUR: Duration = Duration::from_secs(3_600);

#[tokio::test]
async fn a_dead_endpoint_costs_a_bounded_number_of_calls_and_what_it_missed_is_parked() {
    let mut hall = Hall::new().await;
    hall.endpoint.always(Behaviour::Status(503));
    let events: Vec<_> = (0..40).map(|_| hall.event()).collect();
    let bodies: Vec<_> = hall.queue.iter().map(|queued| queued.message.clone()).collect();
    hall.pass(HOUR).await;
    let calls = hall.endpoint.arrived().len();
    assert!((5..25).contains(&calls), "{calls} calls in an hour for 40 events");
    let mut parked = 0;
    for event in &events {
        parked += usize::from(hall.delivery(event).await.unwrap().state == DeliveryState::Parked);
    }
    assert_eq!((parked, hall.queue.len()), (39, 1), "no body is kept but the probe's");
    assert!(hall.replays().await.is_empty());

    // It is back: the probe finds out within ten minutes, and what was parked is asked for.
    hall.endpoint.always(Behaviour::Status(200));
    hall.endpoint.clear();
    hall.pass(Duration::from_secs(600)).await;
    assert_eq!(hall.endpoint.arrived().len(), 1);
    let replays = hall.replays().await;
    assert_eq!(replays.len(), 1);
    assert_eq!(
        (&replays[0]["what"], &replays[0]["subscription"]),
        (&"parked".into(), &hall.subscription.id.as_str().into())
    );
    let health = hall.standing().await.health;
    assert!(health.failing_since.is_none() && health.open_until.is_none() && !health.parked);

    // What `fan-out` sends then.
    for message in bodies {
        hall.send(message);
    }
    hall.pass(Duration::from_secs(60)).await;
    assert_eq!(hall.endpoint.arrived().len(), 40);
    for event in &events {
        assert_eq!(hall.delivery(event).await.unwrap().state, DeliveryState::Delivered);
    }
}

#[tokio::test]
async fn that_parked_deliveries_are_asked_for_does_not_hang_on_one_instance() {
    let mut hall = Hall::new().await;
    hall.endpoint.always(Behaviour::Status(500));
    for _ in 0..10 {
        hall.event();
    }
    hall.pass(Duration::from_secs(20)).await;
    hall.endpoint.always(Behaviour::Status(200));
    // The endpoint is back and the breaker closed, but the queue cannot be told.
    hall.faults.inject(Calls::Target("SendMessage"), Fault::Answer(http::StatusCode::INTERNAL_SERVER_ERROR, "{}"), 50);
    hall.pass(Duration::from_secs(60)).await;
    assert!(hall.standing().await.health.parked, "it is still owed");
    assert_eq!(hall.queue.len(), 1, "the probe's message is there to remind of it");
    hall.faults.reset();
    hall.pass(Duration::from_secs(400)).await;
    assert_eq!(hall.replays().await.len(), 1);
    assert!(!hall.standing().await.health.parked && hall.queue.is_empty());
}

#[tokio::test]
async fn a_probe_that_ends_makes_room_for_another() {
    let mut hall = Hall::new().await;
    hall.endpoint.always(Behaviour::Status(500));
    for _ in 0..6 {
        hall.event();
    }
    hall.pass(Duration::from_secs(20)).await;
    let probe = hall.standing().await.health.probe.unwrap();
    hall.endpoint.always(Behaviour::Status(413));
    hall.pass(Duration::from_secs(60)).await;
    assert_eq!(hall.delivery(&probe).await.unwrap().failed_because, Some(FailedBecause::TooLarge));
    assert!(hall.standing().await.health.open_until.is_none());
    assert_eq!(hall.replays().await.len(), 1, "others will find out whether the endpoint is back");
}

#[tokio::test]
async fn r139_after_48_hours_of_nothing_but_failures_it_is_switched_off_and_its_owner_told() {
    let mut hall = Hall::new().await;
    hall.endpoint.always(Behaviour::Status(502));
    for _ in 0..6 {
        hall.event();
    }
    let began = hall.clock.now();
    hall.pass(Duration::from_secs(20)).await;
    let mut told = Vec::new();
    // An event now and then keeps it failing.
    for hour in 1..=50 {
        hall.event();
        hall.pass(HOUR).await;
        for mail in hall.mails().await {
            told.push((hour, mail));
        }
    }
    let standing = hall.standing().await;
    assert_eq!(
        (standing.state, standing.disabled_because),
        (SubscriptionState::Disabled, Some(DisabledBecause::Failing))
    );
    let after = standing.disabled_at.unwrap().duration_since(began).as_hours();
    assert!((48..49).contains(&after), "{after} h");
    let kinds: Vec<_> = told.iter().map(|(hour, mail)| (*hour, mail["kind"].as_str().unwrap())).collect();
    let failing = "endpoint-failing";
    assert_eq!(kinds, [(13, failing), (25, failing), (37, failing), (49, "endpoint-disabled")]);
    let last = &told[3].1["endpoint"];
    assert_eq!((&last["status"], &last["because"]), (&502.into(), &"failing".into()));
    assert!(last["failures"].as_u64().unwrap() > 10);
    let calls = hall.endpoint.arrived().len();
    assert!(calls < 350, "{calls} calls in two days");
    hall.event();
    hall.pass(HOUR).await;
    assert_eq!(hall.endpoint.arrived().len(), calls, "and no more");
}

#[tokio::test]
async fn a_success_in_between_wins_over_switching_off() {
    let mut hall = Hall::new().await;
    hall.subscription.health.failing_since = Some(hall.clock.now() - Duration::from_secs(48 * 3_600));
    hall.subscription.health.failures = 20;
    hall.subscription.health.several_failed = true;
    hall.subscription.health.warnings = 3;
    hall.subscription.health.recent = vec![hall.clock.now() - HOUR];
    hall.keep().await;
    // The failure is on its way when another delivery is taken.
    hall.endpoint.next([Behaviour::Late(500, Duration::from_secs(2)), Behaviour::Status(200)]);
    hall.event();
    hall.event();
    hall.step().await;
    let standing = hall.standing().await;
    assert_eq!(standing.state, SubscriptionState::Enabled);
    assert_eq!(standing.health.failures, 1, "it counts from there");
    assert!(hall.mails().await.is_empty());
}
