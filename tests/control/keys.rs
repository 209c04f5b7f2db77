//! Keys: least privilege, rotation with overlap, expiry, revocation.

use std::time::Duration;

use cloud::clock::Clock;
use domain::{
    role::Role,
    scope::{Scope, ScopeSet},
};
use serde_json::{Value, json};

use super::house::{House, Owner};
use crate::world::Calling;

/// Whether a key is let in: a key that is asks for something it has no scope for.
async fn standing(house: &House, key: &str) -> String {
    house.call(Calling::new("GET", "/v1/account").key(key)).await.problem()
}

async fn made(house: &House, owner: &Owner, body: Value) -> Value {
    let application = house.post(owner, "/v1/applications", json!({ "name": "a" })).await.json();
    let path = format!("/v1/applications/{}/keys", application["id"].as_str().unwrap());
    let answer = house.post(owner, &path, body).await;
    assert_eq!(answer.status, 201, "{}", answer.json());
    answer.json()
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap()
}

#[tokio::test]
async fn r117_a_secret_is_shown_once() {
    let house = House::new().await;
    let owner = house.owner().await;
    let key =
        made(&house, &owner, json!({ "scopes": ["products:read", "raw"], "name": "server", "tier": "growth" })).await;
    assert_eq!(key["scopes"], json!(["products:read", "raw"]));
    assert_eq!(key["tier"], "growth");
    assert!(text(&key, "key").ends_with(text(&key, "last4")));
    assert_eq!(standing(&house, text(&key, "key")).await, "scope_missing", "the key is let in");

    let list = house.get(&owner, &format!("/v1/applications/{}/keys", text(&key, "application"))).await;
    assert_eq!(list.json()["data"][0]["id"], key["id"]);
    assert!(list.json()["data"][0].get("key").is_none());
    let secret = text(&key, "key").rsplit_once('_').unwrap().1;
    assert!(!String::from_utf8_lossy(&list.body).contains(secret));
    for table in [&house.config.accounts_table, &house.config.keys_table] {
        let items = house.sdk().scan().table_name(table).send().await.unwrap();
        assert!(!format!("{:?}", items.items()).contains(&secret[..32]), "{table}");
    }
}

#[tokio::test]
async fn r117_a_key_that_stood_in_a_url_is_marked() {
    let house = House::new().await;
    let owner = house.owner().await;
    let key = made(&house, &owner, json!({ "scopes": ["raw"] })).await;
    let path = format!("/v1/applications/{}/keys", text(&key, "application"));
    assert!(house.get(&owner, &path).await.json()["data"][0].get("exposed_at").is_none());
    for public in ["/healthz", "/nowhere", "/v1/stores"] {
        let exposing = format!("{public}?api_key={}", text(&key, "key"));
        assert_eq!(house.call(Calling::new("GET", &exposing)).await.problem(), "key_in_url", "{public}");
    }
    assert!(house.get(&owner, &path).await.json()["data"][0]["exposed_at"].is_string());
    let rotate = format!("/v1/keys/{}/rotate", text(&key, "id"));
    assert_eq!(house.post(&owner, &rotate, json!({ "overlap_seconds": 0 })).await.status, 200);
    assert!(house.get(&owner, &path).await.json()["data"][0].get("exposed_at").is_none(), "the new secret was not");
}

#[tokio::test]
async fn r118_a_rotated_key_has_two_secrets_for_a_while_and_one_window() {
    let clock = Clock::steered(Clock::system().now());
    let house = House::with(clock.clone()).await;
    let owner = house.owner().await;
    let key = made(&house, &owner, json!({ "scopes": ["raw"] })).await;
    let rotate = format!("/v1/keys/{}/rotate", text(&key, "id"));
    let rotated = house.post(&owner, &rotate, json!({ "overlap_seconds": 3_600 })).await;
    assert_eq!(rotated.status, 200, "{}", rotated.json());
    let rotated = rotated.json();
    assert_eq!(rotated["id"], key["id"], "the key stays itself");
    assert_ne!(rotated["key"], key["key"]);
    let (old, new) = (text(&key, "key"), text(&rotated, "key"));
    assert_eq!(standing(&house, new).await, "scope_missing");
    assert_eq!(standing(&house, old).await, "scope_missing");

    // Standard tier: four calls at once, over both secrets together.
    let mut refused = 0;
    for call in 0..6 {
        refused += u32::from(standing(&house, if call % 2 == 0 { old } else { new }).await == "rate_limited");
    }
    assert_eq!(refused, 4, "two calls were made above, so two of six are left");

    clock.advance(Duration::from_secs(3_601));
    assert_eq!(standing(&house, new).await, "scope_missing");
    assert_eq!(standing(&house, old).await, "key_invalid");

    for (body, status) in [
        (json!({ "overlap_seconds": 604_800 }), 200),
        (json!({ "overlap_seconds": 604_801 }), 422),
        (json!({ "overlap_seconds": -1 }), 422),
        (json!({ "overlap_seconds": "1" }), 422),
        (json!({ "overlap": 1 }), 422),
        (json!({}), 200),
    ] {
        assert_eq!(house.post(&owner, &rotate, body.clone()).await.status, status, "{body}");
    }
    let without = house.call(Calling::new("POST", &rotate).key(&owner.key)).await;
    let until: jiff::Timestamp = text(&without.json(), "overlap_until").parse().unwrap();
    assert_eq!(until.as_second() - clock.now().as_second(), 86_400, "a day where nothing is said");
}

#[tokio::test]
async fn a_key_ends_when_it_was_to_end() {
    let clock = Clock::steered(Clock::system().now());
    let house = House::with(clock.clone()).await;
    let owner = house.owner().await;
    let end = clock.now() + Duration::from_secs(60);
    let key = made(&house, &owner, json!({ "scopes": ["raw"], "expires_at": end.to_string() })).await;
    assert_eq!(standing(&house, text(&key, "key")).await, "scope_missing");
    clock.advance(Duration::from_secs(61));
    assert_eq!(standing(&house, text(&key, "key")).await, "key_expired");
}

#[tokio::test]
async fn a_revocation_bites_on_the_next_call() {
    let house = House::new().await;
    let owner = house.owner().await;
    let key = made(&house, &owner, json!({ "scopes": ["raw"] })).await;
    assert_eq!(standing(&house, text(&key, "key")).await, "scope_missing");
    let path = format!("/v1/keys/{}", text(&key, "id"));
    assert_eq!(house.delete(&owner, &path).await.status, 204);
    assert_eq!(standing(&house, text(&key, "key")).await, "key_revoked");
    assert_eq!(house.delete(&owner, &path).await.status, 204, "what is revoked may be revoked again");
    let rotated = house.call(Calling::new("POST", &format!("{path}/rotate")).key(&owner.key)).await;
    assert_eq!(rotated.problem(), "conflict", "and never comes back");
    let list = house.get(&owner, &format!("/v1/applications/{}/keys", text(&key, "application"))).await.json();
    assert!(list["data"][0]["revoked_at"].is_string());
    let events = house.security_events(&owner.account).await;
    assert_eq!(events.iter().filter(|event| *event == "key-revoked").count(), 1);
}

#[tokio::test]
async fn an_application_has_twenty_keys_at_most() {
    let house = House::new().await;
    let owner = house.owner().await;
    let key = made(&house, &owner, json!({ "scopes": ["raw"] })).await;
    let path = format!("/v1/applications/{}/keys", text(&key, "application"));
    for number in 1..20 {
        assert_eq!(house.post(&owner, &path, json!({ "scopes": ["raw"] })).await.status, 201, "{number}");
    }
    assert_eq!(house.post(&owner, &path, json!({ "scopes": ["raw"] })).await.problem(), "quota_reached");
    house.delete(&owner, &format!("/v1/keys/{}", text(&key, "id"))).await;
    assert_eq!(house.post(&owner, &path, json!({ "scopes": ["raw"] })).await.status, 201, "a revoked key makes room");
}

#[tokio::test]
async fn nobody_becomes_the_owner_through_keys() {
    let house = House::new().await;
    let owner = house.owner().await;
    let owners = house.get(&owner, "/v1/keys").await.json();
    let owner_key = text(&owners["data"][0], "id").to_owned();
    let admin = house.post(&owner, "/v1/keys", json!({ "role": "admin", "name": "Bob" })).await.json();
    let developer = house.person(&owner.account, Role::Developer).await;

    for key in [text(&admin, "key"), &developer] {
        for (method, path) in [
            ("POST", format!("/v1/keys/{owner_key}/rotate")),
            ("DELETE", format!("/v1/keys/{owner_key}")),
            ("POST", "/v1/keys".to_owned()),
        ] {
            let calling = Calling::new(method, &path).key(key).body(r#"{"role":"owner"}"#);
            assert_eq!(
                house.call(calling).await.problem(),
                if path.ends_with("rotate") { "validation_failed" } else { "scope_missing" },
                "{path}"
            );
        }
        let rotation = Calling::new("POST", &format!("/v1/keys/{owner_key}/rotate")).key(key);
        assert_eq!(house.call(rotation).await.problem(), "scope_missing");
    }
    let own = Calling::new("POST", &format!("/v1/keys/{}/rotate", text(&admin, "id"))).key(text(&admin, "key"));
    assert_eq!(house.call(own).await.status, 200, "one's own key may always be rotated");

    let operator = house.post(&owner, "/v1/keys", json!({ "role": "operator" })).await;
    assert_eq!(operator.json()["errors"][0]["pointer"], "/role");
    let last = house.delete(&owner, &format!("/v1/keys/{owner_key}")).await;
    assert_eq!(last.problem(), "conflict", "an account does not lock itself out");
    let second = house.post(&owner, "/v1/keys", json!({ "role": "owner" })).await;
    assert_eq!(second.status, 201);
    assert_eq!(house.delete(&owner, &format!("/v1/keys/{owner_key}")).await.status, 204);

    let application = house
        .holding(
            &Owner { account: owner.account, key: text(&second.json(), "key").to_owned() },
            ScopeSet::of(&[Scope::Raw]),
        )
        .await;
    let answer =
        house.call(Calling::new("POST", "/v1/applications").key(&application.key).body(r#"{"name":"x"}"#)).await;
    assert_eq!(answer.problem(), "scope_missing", "an application's key manages nothing");
}
