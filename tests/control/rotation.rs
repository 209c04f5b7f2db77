//! Keys that are to be rotated: their owners told, their end written down, and taken away by a rotation (R118).

use cloud::clock::Clock;
use domain::scope::{Scope, ScopeSet};
use serde_json::{Value, json};
use sweep::Sweep;
use testkit::stack::Stack;

use super::{house::House, inactivity::Night};
use crate::world::Calling;

/// What was mailed by a run of today: which mail, about which key.
async fn mailed(house: &House, night: &Night<'_>) -> Vec<(String, String, Value)> {
    night.run(Sweep::Rotation, false).await;
    let mut mails: Vec<_> = house
        .mails()
        .await
        .into_iter()
        .map(|mail| {
            let about = mail["notice"]["key"].clone();
            (mail["kind"].as_str().unwrap().to_owned(), about["key"].as_str().unwrap().to_owned(), about)
        })
        .collect();
    mails.sort_by(|one, other| one.1.cmp(&other.1));
    mails
}

#[tokio::test]
async fn r118_a_key_that_nobody_rotates_ends_after_twelve_months_and_two_mails() {
    Stack::shared();
    let house = House::in_own_tables(Clock::steered("2027-03-30T12:00:00Z".parse().unwrap())).await;
    let night = Night::of(&house);
    let owner = house.owner().await;
    let [rotated, left, revoked] = {
        let scopes = ScopeSet::of(&[Scope::SubscriptionsRead]);
        [house.holding(&owner, scopes).await, house.holding(&owner, scopes).await, house.holding(&owner, scopes).await]
    };
    house.delete(&owner, &format!("/v1/keys/{}", revoked.key_id)).await;
    let shown = async |holding: &super::house::Holding| {
        let path = format!("/v1/applications/{}/keys", holding.application);
        house.get(&owner, &path).await.json()["data"][0].clone()
    };

    // Eleven months later is the leap day; a second too early is too early.
    night.day(335);
    assert!(mailed(&house, &night).await.is_empty());
    night.day(336);
    assert_eq!(house.clock().now().to_string(), "2028-02-29T12:00:00Z");
    let dry = night.run(Sweep::Rotation, true).await;
    assert_eq!((dry.swept.expired, dry.sent, dry.overdue), (3, 0, 0));
    assert!(house.mails().await.is_empty());
    let told = mailed(&house, &night).await;
    assert_eq!(told.len(), 3, "two keys of applications and the owner's own");
    for (kind, _, about) in &told {
        assert_eq!((kind.as_str(), &about["rotate_by"]), ("key-old", &json!("2028-03-30T12:00:00Z")));
    }
    assert!(mailed(&house, &night).await.is_empty(), "once");
    assert_eq!(shown(&left).await["expires_at"], "2028-03-30T12:00:00Z");

    let path = format!("/v1/keys/{}/rotate", rotated.key_id);
    let new = house.post(&owner, &path, json!({})).await.json();
    assert_eq!((new["expires_at"].clone(), new["last4"].is_string()), (Value::Null, true));
    assert_eq!(shown(&rotated).await["expires_at"], Value::Null);

    night.day(358);
    assert!(mailed(&house, &night).await.is_empty());
    night.day(359);
    let again = mailed(&house, &night).await;
    assert_eq!(again.iter().map(|(kind, ..)| kind.as_str()).collect::<Vec<_>>(), ["key-old-again"; 2]);
    assert!(!again.iter().any(|(_, key, _)| *key == rotated.key_id.to_string()));
    assert!(mailed(&house, &night).await.is_empty(), "once");

    let subscriptions = async |key: &str| house.call(Calling::new("GET", "/v1/subscriptions").key(key)).await;
    assert_eq!(subscriptions(&left.key).await.status, 200, "until the last second");
    night.day(366);
    let refused = subscriptions(&left.key).await;
    assert_eq!((refused.status, refused.problem()), (401, "key_expired".to_owned()));
    assert_eq!(subscriptions(new["key"].as_str().unwrap()).await.status, 200, "the new secret");
    assert_eq!(subscriptions(&rotated.key).await.status, 401, "the old one had its overlap");
    let after = night.run(Sweep::Rotation, false).await;
    assert_eq!((after.swept.expired, after.overdue), (0, 0), "no key is older than it may be");
}

#[tokio::test]
async fn r118_whoever_is_told_late_has_thirty_days_and_a_key_with_an_end_keeps_it() {
    Stack::shared();
    let house = House::in_own_tables(Clock::steered("2026-01-31T00:00:00Z".parse().unwrap())).await;
    let night = Night::of(&house);
    let owner = house.owner().await;
    let holding = house.holding(&owner, ScopeSet::of(&[Scope::SubscriptionsRead])).await;
    let path = format!("/v1/applications/{}/keys", holding.application);
    let order = json!({ "scopes": ["subscriptions:read"], "expires_at": "2027-06-01T00:00:00Z" });
    let ending = house.post(&owner, &path, order).await.json();
    // The sweep was not there until a fortnight after the twelve months.
    night.day(379);
    let dry = night.run(Sweep::Rotation, true).await;
    assert_eq!((dry.swept.expired, dry.overdue), (3, 3), "the self-check sees them");
    for (kind, _, about) in mailed(&house, &night).await {
        assert_eq!((kind.as_str(), &about["rotate_by"]), ("key-old", &json!("2027-03-16T00:00:00Z")));
    }
    let rotate = format!("/v1/keys/{}/rotate", ending["id"].as_str().unwrap());
    let rotated = house.post(&owner, &rotate, json!({})).await.json();
    assert_eq!(rotated["expires_at"], "2027-06-01T00:00:00Z", "its owner's wish holds on");
}

#[tokio::test]
async fn r118_an_owner_whose_last_key_has_ended_gets_another_by_mail() {
    Stack::shared();
    let house = House::in_own_tables(Clock::steered("2027-03-30T12:00:00Z".parse().unwrap())).await;
    let night = Night::of(&house);
    let owner = house.owner().await;
    let email = format!("{}@example.com", owner.account.body());
    let form = json!({
        "name": "Ann", "email": email, "phone": "+49 30 901820", "company": "x", "website": "https://example.com",
        "adult": true, "policy_version": "1",
    });
    let sign_up = async || {
        house.call(Calling::new("POST", "/v1/accounts").body(form.to_string())).await;
        let mails = house.mails().await;
        let token = mails[0]["link"].as_str().unwrap().split_once("?token=").unwrap().1.to_owned();
        let body = json!({ "token": token }).to_string();
        house.call(Calling::new("POST", "/v1/accounts/confirm").body(body)).await
    };
    assert_eq!(sign_up().await.problem(), "conflict", "the key there is works");
    for day in [336, 359] {
        night.day(day);
        assert_eq!(mailed(&house, &night).await.len(), 1);
    }
    night.day(366);
    assert_eq!(house.get(&owner, "/v1/account").await.problem(), "key_expired");
    let opened = sign_up().await;
    assert_eq!(opened.status, 201, "{}", opened.json());
    assert_eq!((&opened.json()["account"]["id"], &opened.json()["role"]), (&json!(owner.account), &json!("owner")));
    let key = opened.json()["key"].as_str().unwrap().to_owned();
    assert_eq!(house.call(Calling::new("GET", "/v1/account").key(&key)).await.status, 200);
    assert_eq!(sign_up().await.problem(), "conflict", "that one works now");
}
