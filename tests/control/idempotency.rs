//! Changes that carry an `Idempotency-Key` happen once.

use std::time::Duration;

use cloud::clock::Clock;
use domain::scope::{Scope, ScopeSet};
use http::StatusCode;
use serde_json::{Value, json};
use testkit::{
    fault_proxy::{Calls, Fault},
    stack::Stack,
};

use super::house::{House, Owner};
use crate::world::{Answered, Calling};

async fn post(house: &House, owner: &Owner, path: &str, token: &str, body: &Value) -> Answered {
    let calling = Calling::new("POST", path).key(&owner.key).header("idempotency-key", token);
    house.call(calling.body(body.to_string())).await
}

fn is_replayed(answer: &Answered) -> bool {
    answer.headers.get("idempotency-replayed").map(String::as_str) == Some("true")
}

async fn applications(house: &House, owner: &Owner) -> usize {
    house.get(owner, "/v1/applications").await.json()["data"].as_array().unwrap().len()
}

#[tokio::test]
async fn the_same_change_twice_is_made_once_and_shown_as_it_stands() {
    let house = House::new().await;
    let owner = house.owner().await;
    let body = json!({ "name": "shop sync" });
    let first = post(&house, &owner, "/v1/applications", "a", &body).await;
    assert_eq!((first.status, is_replayed(&first)), (201, false));
    let spaced = Calling::new("POST", "/v1/applications").key(&owner.key).header("idempotency-key", "a");
    let second = house.call(spaced.body(r#"{  "name":"shop sync" }"#)).await;
    assert_eq!((second.status, is_replayed(&second)), (201, true), "spaces do not matter");
    assert_eq!(second.json(), first.json());
    assert_eq!(applications(&house, &owner).await, 1);

    let other = post(&house, &owner, "/v1/applications", "a", &json!({ "name": "other" })).await;
    assert_eq!((other.status, other.problem().as_str()), (422, "idempotency_key_reused"));
    let another = post(&house, &owner, "/v1/applications", "b", &body).await;
    assert_ne!(another.json()["id"], first.json()["id"], "another key is another call");
    // One account's keys are no other's.
    let stranger = house.owner().await;
    assert!(!is_replayed(&post(&house, &stranger, "/v1/applications", "a", &body).await));
}

/// A key's text is shown once and kept nowhere, so a second answer cannot have it.
#[tokio::test]
async fn a_new_key_is_made_once_and_its_text_shown_once() {
    let house = House::new().await;
    let owner = house.owner().await;
    let holding = house.holding(&owner, ScopeSet::of(&[Scope::ProductsRead])).await;
    let path = format!("/v1/applications/{}/keys", holding.application);
    let body = json!({ "scopes": ["products:read"], "tier": "standard" });
    let first = post(&house, &owner, &path, "k", &body).await;
    assert_eq!(first.status, 201, "{}", first.json());
    let second = post(&house, &owner, &path, "k", &body).await;
    assert_eq!(second.json(), json!({ "id": first.json()["id"] }));
    assert!(is_replayed(&second));
    let listed = house.get(&owner, &path).await.json();
    assert_eq!(listed["data"].as_array().unwrap().len(), 2, "the holding's own and this one");
}

#[tokio::test]
async fn what_was_refused_takes_no_key_and_what_is_unknown_keeps_it() {
    let house = House::new().await;
    let owner = house.owner().await;
    assert_eq!(post(&house, &owner, "/v1/applications", "a", &json!({ "name": "" })).await.status, 422);
    let made = post(&house, &owner, "/v1/applications", "a", &json!({ "name": "mended" })).await;
    assert_eq!((made.status, is_replayed(&made)), (201, false));

    let broken = Fault::Answer(StatusCode::INTERNAL_SERVER_ERROR, "{}");
    house.faults.inject(Calls::Target("TransactWriteItems"), broken, 1_000);
    let body = json!({ "name": "who knows" });
    assert_eq!(post(&house, &owner, "/v1/applications", "b", &body).await.status, 503);
    house.faults.reset();
    let again = post(&house, &owner, "/v1/applications", "b", &body).await;
    assert_eq!((again.status, again.problem().as_str()), (409, "idempotency_outcome_unknown"));
    assert_eq!(applications(&house, &owner).await, 1);

    for wrong in ["", "a b", "a\tb", &"x".repeat(256)] {
        let answer = post(&house, &owner, "/v1/applications", wrong, &body).await;
        assert_eq!(answer.json()["errors"][0]["pointer"], "Idempotency-Key", "{}", answer.json());
    }
}

#[tokio::test]
async fn a_call_under_way_is_told_to_wait_and_a_day_later_the_key_is_free() {
    // Before the clock is set, or the time that the stack takes to start would lie between it and a call's deadline.
    Stack::shared();
    let house = House::with(Clock::steered(Clock::system().now())).await;
    let owner = house.owner().await;
    let body = json!({ "name": "slow" });
    house.faults.inject(Calls::Target("TransactWriteItems"), Fault::Delay(Duration::from_millis(600)), 1);
    let (first, second) = tokio::join!(post(&house, &owner, "/v1/applications", "a", &body), async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        post(&house, &owner, "/v1/applications", "a", &body).await
    });
    assert_eq!(first.status, 201);
    assert_eq!((second.status, second.problem().as_str()), (409, "idempotency_in_progress"));
    let wait: u64 = second.headers["retry-after"].parse().unwrap();
    assert!((1..=29).contains(&wait), "no longer than an invocation: {wait}");

    house.clock().advance(Duration::from_secs(86_399));
    assert!(is_replayed(&post(&house, &owner, "/v1/applications", "a", &body).await));
    house.clock().advance(Duration::from_secs(2));
    assert!(!is_replayed(&post(&house, &owner, "/v1/applications", "a", &body).await));
    assert_eq!(applications(&house, &owner).await, 2);
}
