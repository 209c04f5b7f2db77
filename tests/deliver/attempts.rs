//! One attempt: what is sent, and what each kind of answer means.

use std::time::Duration;

use domain::{
    delivery::{AttemptError, DeliveryState, FailedBecause},
    subscription::{DisabledBecause, SubscriptionState},
};
use testkit::receiver::Behaviour;

use super::hall::Hall;

#[tokio::test]
async fn r137_what_an_endpoint_takes_is_sent_once_and_recorded() {
    let mut hall = Hall::new().await;
    let event = hall.event();
    let body = hall.queue[0].message.body.get().to_owned();
    hall.settle().await;
    let arrived = hall.endpoint.arrived();
    assert_eq!(arrived.len(), 1);
    assert_eq!(arrived[0].body, body.as_bytes(), "byte for byte");
    assert_eq!(arrived[0].event(), event.as_str());
    assert_eq!(arrived[0].headers["content-type"], "application/json");
    assert_eq!(arrived[0].headers["webhook-timestamp"], hall.clock.now().as_second().to_string());
    assert_eq!(arrived[0].headers["user-agent"], format!("Cartage/{}", env!("CARGO_PKG_VERSION")));
    let item = hall.delivery(&event).await.unwrap();
    assert_eq!((item.state, item.tried, item.attempts.len()), (DeliveryState::Delivered, 1, 1));
    assert_eq!((item.attempts[0].status, item.attempts[0].error, item.attempts[0].bytes), (Some(200), None, 2));
    assert!(hall.queue.is_empty() && item.claimed_until.is_none());
}

/// Rows of E2: what is answered, what it counts as, and after how long the next attempt is due at the least and at the most.
#[tokio::test]
async fn r139_every_answer_that_is_no_success_is_tried_again_in_its_time() {
    let mut hall = Hall::new().await;
    let ten = (10, 12);
    let rows = [
        (Behaviour::Status(500), Some(500), None, ten),
        (Behaviour::Status(404), Some(404), None, ten),
        (Behaviour::Status(401), Some(401), None, ten),
        (Behaviour::Redirect, Some(307), None, ten),
        (Behaviour::Status(304), Some(304), None, ten),
        (Behaviour::Cut, Some(200), Some(AttemptError::Broken), ten),
        (Behaviour::RetryAfter(429, 120), Some(429), None, (120, 120)),
        (Behaviour::RetryAfter(503, 100_000), Some(503), None, (3_600, 3_600)),
        (Behaviour::RetryAfter(429, 1), Some(429), None, ten),
        (Behaviour::RetryAfter(500, 120), Some(500), None, ten),
    ];
    for (behaviour, status, error, (least, most)) in rows {
        hall.endpoint.next([behaviour.clone()]);
        let event = hall.event();
        let began = hall.clock.now();
        hall.step().await;
        let item = hall.delivery(&event).await.unwrap();
        assert_eq!(item.state, DeliveryState::Waiting, "{behaviour:?}");
        let met = &item.attempts[0];
        // An answer that is cut may be cut before its status is read.
        let status = if behaviour == Behaviour::Cut && met.status.is_none() { None } else { status };
        assert_eq!((met.status, met.error), (status, error), "{behaviour:?}");
        let wait = item.next_at.unwrap().duration_since(began).as_secs();
        assert!((least..=most).contains(&wait), "{behaviour:?}: {wait} s");
        assert!(hall.queue[0].due >= item.next_at.unwrap(), "hidden until then");
        hall.pass(Duration::from_secs(3_700)).await;
        assert_eq!(hall.delivery(&event).await.unwrap().state, DeliveryState::Delivered, "{behaviour:?}");
    }
    let paths: Vec<_> = hall.endpoint.arrived().into_iter().map(|arrived| arrived.path).collect();
    assert!(paths.iter().all(|path| path == "/hooks"), "no redirect is followed");
}

#[tokio::test]
async fn r137_ten_seconds_are_all_that_an_endpoint_gets() {
    let mut hall = Hall::new().await;
    let slow =
        [Behaviour::Late(200, Duration::from_secs(11)), Behaviour::Drip(Duration::from_secs(1)), Behaviour::Silence];
    hall.endpoint.next(slow.clone());
    let events: Vec<_> = slow.iter().map(|_| hall.event()).collect();
    hall.step().await;
    let mut statuses = Vec::new();
    for event in &events {
        let item = hall.delivery(event).await.unwrap();
        assert_eq!((item.state, item.attempts[0].error), (DeliveryState::Waiting, Some(AttemptError::Timeout)));
        assert!((10_000..10_900).contains(&item.attempts[0].milliseconds), "{} ms", item.attempts[0].milliseconds);
        statuses.extend(item.attempts[0].status);
    }
    assert_eq!(statuses, [200], "the one that dripped had answered that much");
    hall.pass(Duration::from_secs(15)).await;
    assert_eq!(hall.delivery(&events[0]).await.unwrap().state, DeliveryState::Delivered);
}

#[tokio::test]
async fn of_a_long_answer_four_kibibytes_are_read_and_none_kept() {
    let mut hall = Hall::new().await;
    hall.endpoint.always(Behaviour::Huge(1_000_000_000_000));
    let event = hall.event();
    hall.settle().await;
    let item = hall.delivery(&event).await.unwrap();
    assert_eq!((item.state, item.attempts[0].bytes), (DeliveryState::Delivered, 4_096));
}

#[tokio::test]
async fn r139_an_endpoint_that_is_gone_is_switched_off_and_its_owner_told() {
    let mut hall = Hall::new().await;
    hall.endpoint.always(Behaviour::Status(410));
    let (event, other) = (hall.event(), hall.event());
    hall.queue.truncate(1);
    hall.settle().await;
    let item = hall.delivery(&event).await.unwrap();
    assert_eq!((item.state, item.failed_because), (DeliveryState::Failed, Some(FailedBecause::Gone)));
    let standing = hall.standing().await;
    assert_eq!((standing.state, standing.disabled_because), (SubscriptionState::Disabled, Some(DisabledBecause::Gone)));
    let mails = hall.mails().await;
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0]["kind"], "endpoint-disabled");
    assert_eq!(mails[0]["to"], hall.address());
    assert_eq!(mails[0]["endpoint"]["because"], "gone");
    assert_eq!(mails[0]["endpoint"]["status"], 410);
    assert!(!mails[0].to_string().contains("/hooks"), "not even where the endpoint is");
    assert!(hall.delivery(&other).await.is_none());

    let late = hall.event();
    hall.settle().await;
    assert_eq!(hall.endpoint.arrived().len(), 1, "never called again");
    assert_eq!(hall.delivery(&late).await.unwrap().failed_because, Some(FailedBecause::Disabled));
    assert!(hall.mails().await.is_empty(), "told once");
}

#[tokio::test]
async fn what_is_too_large_or_goes_nowhere_is_not_tried_again() {
    let mut hall = Hall::new().await;
    hall.endpoint.next([Behaviour::Status(413)]);
    let event = hall.event();
    hall.settle().await;
    assert_eq!(hall.delivery(&event).await.unwrap().failed_because, Some(FailedBecause::TooLarge));

    for url in
        ["http://10.0.0.1/", "https://169.254.169.254/latest/meta-data", "https://ann:secret@example.com/", "no url"]
    {
        hall.subscription = hall.standing().await;
        hall.subscription.url = url.to_owned();
        hall.keep().await;
        hall.clock.advance(Duration::from_secs(90));
        tokio::time::sleep(Duration::from_millis(1_050)).await;
        let event = hall.event();
        hall.settle().await;
        let item = hall.delivery(&event).await.unwrap();
        assert_eq!(item.failed_because, Some(FailedBecause::Refused), "{url}");
        assert_eq!(item.attempts[0].error, Some(AttemptError::Refused), "{url}");
    }
    assert_eq!(hall.endpoint.arrived().len(), 1);
}

#[tokio::test]
async fn where_nobody_listens_is_tried_again() {
    let mut hall = Hall::new().await;
    hall.subscription.url = testkit::fault_proxy::refused().await.unwrap().to_string();
    hall.keep().await;
    let event = hall.event();
    hall.step().await;
    let item = hall.delivery(&event).await.unwrap();
    assert_eq!((item.state, item.attempts[0].error), (DeliveryState::Waiting, Some(AttemptError::Unreachable)));
}

#[tokio::test]
async fn r139_ten_attempts_in_24_hours_and_then_it_has_failed() {
    let mut hall = Hall::new().await;
    hall.endpoint.always(Behaviour::Status(500));
    let event = hall.event();
    let began = hall.clock.now();
    hall.pass(Duration::from_secs(25 * 3_600)).await;
    assert_eq!(hall.endpoint.arrived().len(), 10);
    let item = hall.delivery(&event).await.unwrap();
    assert_eq!((item.state, item.failed_because), (DeliveryState::Failed, Some(FailedBecause::Expired)));
    assert_eq!(item.attempts.len(), 10);
    let last = item.attempts[9].at.duration_since(began).as_secs();
    assert!((86_100..86_105).contains(&last), "the last attempt while the message is there: {last} s");
    assert!(hall.queue.is_empty());
    assert_eq!(hall.standing().await.state, SubscriptionState::Enabled, "one event switches nothing off");
}
