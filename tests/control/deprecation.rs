//! A route on its way out: announced, served, gone (R145, R146).

use std::time::Duration;

use cloud::clock::Clock;
use domain::deprecation;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::house::House;
use crate::world::{Answered, Calling};

const OLD: &str = "/v1/account/keys";

fn announced(answer: &Answered) {
    assert_eq!(answer.headers["deprecation"], "@1796083200");
    assert_eq!(answer.headers["sunset"], "Thu, 01 Jul 2027 00:00:00 GMT");
    let link = &answer.headers["link"];
    for part in ["rel=\"deprecation\"", "rel=\"sunset\"", "</v1/keys>; rel=\"successor-version\""] {
        assert!(link.contains(part), "{link}");
    }
}

fn until(from: Timestamp, to: Timestamp) -> Duration {
    to.duration_since(from).unsigned_abs()
}

#[tokio::test]
async fn r146_a_deprecated_route_works_until_its_sunset_and_is_gone_then() {
    let record = deprecation::of("POST /v1/account/keys").unwrap();
    let before = record.since() - SignedDuration::from_hours(24);
    let house = House::with(Clock::steered(before)).await;
    let owner = house.owner().await;

    // Announced ahead of its time, from its time on, and to the last millisecond.
    for moment in [before, record.since(), record.sunset() - SignedDuration::from_millis(1)] {
        house.clock().advance(until(house.clock().now(), moment));
        let list = house.get(&owner, OLD).await;
        assert_eq!(list.status, 200, "{moment}");
        announced(&list);
        let made = house.post(&owner, OLD, json!({ "role": "support" })).await;
        assert_eq!(made.status, 201, "{moment}");
        announced(&made);
        assert_eq!(house.get(&owner, OLD).await.json(), house.get(&owner, "/v1/keys").await.json());
    }

    house.clock().advance(Duration::from_millis(1));
    for (method, body) in [("GET", ""), ("POST", r#"{"role":"support"}"#)] {
        let gone = house.send(method, &owner, OLD, body).await;
        assert_eq!((gone.status, gone.problem().as_str()), (410, "route_gone"), "{method}");
        announced(&gone);
        let detail = gone.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains("/v1/keys") && detail.contains("/v1/guides/management-keys"), "{detail}");
    }
    let keys = house.get(&owner, "/v1/keys").await;
    assert_eq!(keys.json()["data"].as_array().unwrap().len(), 4, "nothing was made after the sunset");
    let made = house.post(&owner, "/v1/keys", json!({ "role": "support" })).await;
    assert_eq!(made.status, 201, "its successor works");
}

#[tokio::test]
async fn errors_of_a_deprecated_route_announce_its_end_too() {
    let house = House::new().await;
    announced(&house.call(Calling::new("GET", OLD)).await);
    let owner = house.owner().await;
    let refused = house.post(&owner, OLD, json!({ "role": "nobody" })).await;
    assert_eq!(refused.status, 422);
    announced(&refused);
    let stays = house.get(&owner, "/v1/keys").await;
    for header in ["deprecation", "sunset", "link"] {
        assert!(!stays.headers.contains_key(header), "{header}");
    }
}

#[tokio::test]
async fn the_announced_guide_is_there_for_everyone() {
    let house = House::new().await;
    let record = deprecation::of("GET /v1/account/keys").unwrap();
    let guide = house.call(Calling::new("GET", &record.guide_path())).await;
    assert_eq!(guide.status, 200);
    assert_eq!(guide.headers["content-type"], "text/markdown; charset=utf-8");
    assert!(String::from_utf8(guide.body).unwrap().contains("2027-07-01"));
    assert_eq!(house.call(Calling::new("GET", "/v1/guides/nothing")).await.problem(), "not_found");
}

/// R145: whoever still calls a route that ends is to be told, so the journal marks these calls.
#[tokio::test]
async fn calls_of_a_deprecated_route_are_marked_in_the_journal() {
    let house = House::new().await;
    let owner = house.owner().await;
    house.get(&owner, OLD).await;
    house.get(&owner, "/v1/keys").await;
    house.app.journal().settle().await;
    let activity = house.get(&owner, "/v1/account/activity").await.json();
    let marks: Vec<_> = activity["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| (line["route"].as_str().unwrap(), line["deprecated"].as_bool()))
        .collect();
    assert!(marks.contains(&("GET /v1/account/keys", Some(true))), "{marks:?}");
    assert!(marks.contains(&("GET /v1/keys", None)), "{marks:?}");
}
