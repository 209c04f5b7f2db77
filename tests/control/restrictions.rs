//! A merchant restricts the use of a customer's data, and lifts that (GDPR Art. 18; `privacy.md` D.6).

use std::time::Duration;

use cloud::{
    clock::Clock,
    dynamo::{key, stores::RestrictionItem},
};
use domain::{
    id::StoreId,
    restriction::{Ground, MAX_RESTRICTIONS},
    role::Role,
    scope::{Scope, ScopeSet},
};
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};

use super::house::{Holding, House, Owner, failed};
use crate::world::{Answered, Calling, answered};

fn path(store: &StoreId) -> String {
    format!("/v1/stores/{store}/restrictions")
}

fn of(customer: Value) -> Value {
    json!({ "customer": customer, "ground": "accuracy-contested" })
}

async fn set(house: &House, owner: &Owner, store: &StoreId, customer: Value) -> Answered {
    house.post(owner, &path(store), of(customer)).await
}

async fn granted(house: &House, owner: &Owner, store: &StoreId) -> Holding {
    let holding = house.holding(owner, ScopeSet::of(&[Scope::CustomersRead])).await;
    let grant = format!("/v1/stores/{store}/grants/{}", holding.application);
    assert_eq!(house.send("PUT", owner, &grant, r#"{"scopes":["customers:read"]}"#).await.status, 200);
    holding
}

/// What the data plane says to a read: `ok`, or a problem's code.
async fn read(proxy: &proxy::App, holding: &Holding, store: &StoreId, customer: &str) -> String {
    let calling = Calling::new("GET", &format!("/v1/stores/{store}/customers/{customer}")).key(&holding.key);
    let (event, context) = calling.event();
    let answer = answered(proxy::handle(proxy, event, &context).await);
    if answer.status == 200 { "ok".to_owned() } else { answer.problem() }
}

#[tokio::test]
async fn a_restriction_bites_on_the_next_call_and_ends_after_its_notice() {
    let clock = Clock::steered(Clock::system().now());
    let house = House::with(clock.clone()).await;
    let owner = house.owner().await;
    let store = house.store(&owner).await;
    let (holding, lawyer) = (granted(&house, &owner, &store).await, granted(&house, &owner, &store).await);
    let proxy = house.proxy();
    for holding in [&holding, &lawyer] {
        assert_eq!(read(&proxy, holding, &store, "7").await, "ok");
    }
    let wish = json!({
        "customer": { "id": "7", "email": "customer7@example.test" }, "ground": "unlawful-use", "legal_claims": [lawyer.application],
    });
    let made = house.post(&owner, &path(&store), wish.clone()).await;
    assert_eq!(made.status, 201, "{}", made.json());
    let shown = made.json();
    assert_eq!((&shown["by"], &shown["ground"]), (&json!(["id", "email"]), &json!("unlawful-use")));
    assert_eq!(read(&proxy, &holding, &store, "7").await, "processing_restricted", "an instance that remembers too");
    assert_eq!(read(&proxy, &holding, &store, "8").await, "ok");
    assert_eq!(read(&proxy, &lawyer, &store, "7").await, "ok", "the merchant needs it for legal claims");

    clock.advance(Duration::from_secs(5));
    let again = house.post(&owner, &path(&store), wish).await;
    assert_eq!((again.status, again.json()), (200, shown.clone()), "the same however often it is said");
    let one = format!("{}/{}", path(&store), shown["id"].as_str().unwrap());
    assert_eq!(house.get(&owner, &one).await.json(), shown);
    assert_eq!(house.get(&owner, &path(&store)).await.json(), json!({ "data": [shown], "next_cursor": null }));
    for answer in [&made.body, &again.body, &house.get(&owner, &path(&store)).await.body] {
        let text = String::from_utf8_lossy(answer);
        assert!(!text.contains("customer7") && !text.contains("\"7\""), "{text}");
    }
    let changed = set(&house, &owner, &store, json!({ "id": "7", "email": "Customer7@example.test" })).await;
    assert_eq!((changed.status, &changed.json()["id"]), (200, &shown["id"]));
    assert_eq!(read(&proxy, &lawyer, &store, "7").await, "processing_restricted", "no exception stands any more");

    // It is said that it shall end; it is said that it shall not.
    let ending = house.delete(&owner, &one).await;
    let lifts_at: jiff::Timestamp = ending.json()["lifts_at"].as_str().unwrap().parse().unwrap();
    assert_eq!((ending.status, lifts_at), (202, clock.now() + jiff::SignedDuration::from_hours(72)));
    set(&house, &owner, &store, json!({ "id": "7", "email": "customer7@example.test" })).await;
    assert_eq!(house.get(&owner, &one).await.json()["lifts_at"], Value::Null);

    house.delete(&owner, &one).await;
    let end = clock.now() + jiff::SignedDuration::from_hours(72);
    clock.advance(Duration::from_secs(3_600));
    assert_eq!(house.delete(&owner, &one).await.json()["lifts_at"], end.to_string(), "no later for being said twice");
    clock.advance(Duration::from_secs(71 * 3_600 - 1));
    assert_eq!(read(&proxy, &holding, &store, "7").await, "processing_restricted");
    clock.advance(Duration::from_secs(1));
    assert_eq!(read(&proxy, &holding, &store, "7").await, "ok");
    assert_eq!(house.get(&owner, &one).await.problem(), "not_found");
    assert_eq!(house.delete(&owner, &one).await.problem(), "not_found");
    assert_eq!(house.get(&owner, &path(&store)).await.json()["data"], json!([]));
    let anew = set(&house, &owner, &store, json!({ "id": "7", "email": "customer7@example.test" })).await;
    assert_eq!((anew.status, &anew.json()["id"]), (201, &shown["id"]));
    let events = house.security_events(&owner.account).await;
    let count = |event: &str| events.iter().filter(|found| *found == event).count();
    assert_eq!(count("restriction-set"), 1, "of the day that it is by now");
}

#[tokio::test]
async fn what_is_set_and_ended_stands_in_the_security_log() {
    let house = House::new().await;
    let owner = house.owner().await;
    let store = house.store(&owner).await;
    let made = set(&house, &owner, &store, json!({ "id": "7" })).await.json();
    house.delete(&owner, &format!("{}/{}", path(&store), made["id"].as_str().unwrap())).await;
    let events = house.security_events(&owner.account).await;
    for event in ["restriction-set", "restriction-ending"] {
        assert_eq!(events.iter().filter(|found| *found == event).count(), 1, "{event}");
    }
}

#[tokio::test]
async fn bad_wishes_are_refused_by_their_fields() {
    let house = House::new().await;
    let owner = house.owner().await;
    let store = house.store(&owner).await;
    let stranger = house.holding(&owner, ScopeSet::of(&[Scope::CustomersRead])).await.application;
    let ground = "accuracy-contested";
    let rows = [
        (json!({ "customer": {}, "ground": ground }), "/customer"),
        (json!({ "customer": { "id": " " }, "ground": ground }), "/customer/id"),
        (json!({ "customer": { "id": "x".repeat(256) }, "ground": ground }), "/customer/id"),
        (json!({ "customer": { "id": "7\n" , "email": "a@example.com" }, "ground": ground }), "/customer/id"),
        (json!({ "customer": { "email": "ann" }, "ground": ground }), "/customer/email"),
        (json!({ "customer": { "id": "7" }, "ground": "because" }), "/ground"),
        (json!({ "customer": { "id": "7" }, "ground": ground, "legal_claims": ["x"] }), "/legal_claims/0"),
        (json!({ "customer": { "id": "7" }, "ground": ground, "legal_claims": [stranger] }), "/legal_claims/0"),
        (
            json!({ "customer": { "id": "7" }, "ground": ground, "legal_claims": [stranger, stranger] }),
            "/legal_claims/1",
        ),
        (json!({ "customer": { "id": "7" }, "ground": ground, "legal_claims": vec!["app_"; 6] }), "/legal_claims"),
        (json!({ "customer": { "id": "7" } }), "/ground"),
        (json!({ "customer": { "id": "7" }, "ground": ground, "why": 1 }), "/why"),
    ];
    for (body, pointer) in rows {
        let answer = house.post(&owner, &path(&store), body.clone()).await;
        assert_eq!(answer.problem(), "validation_failed", "{body}");
        assert_eq!(answer.json()["errors"][0]["pointer"], pointer, "{body}");
        assert!(!String::from_utf8_lossy(&answer.body).contains("xxxx"));
    }
    assert_eq!(house.send("POST", &owner, &path(&store), "{").await.problem(), "body_invalid");
    assert_eq!(house.get(&owner, &path(&store)).await.json()["data"], json!([]));
    assert_eq!(house.get(&owner, &format!("{}?id=7", path(&store))).await.problem(), "validation_failed");
    assert_eq!(house.get(&owner, &format!("{}?cursor=x", path(&store))).await.problem(), "cursor_invalid");
    for missing in ["rst_00000000000000000000000000", "7"] {
        let one = format!("{}/{missing}", path(&store));
        assert_eq!(house.get(&owner, &one).await.problem(), "not_found");
        assert_eq!(house.delete(&owner, &one).await.problem(), "not_found");
    }
}

#[tokio::test]
async fn a_privacy_officer_may_and_a_developer_may_not() {
    let house = House::new().await;
    let owner = house.owner().await;
    let store = house.store(&owner).await;
    for (role, status) in [(Role::PrivacyOfficer, 201), (Role::Developer, 403), (Role::Admin, 403)] {
        let key = house.person(&owner.account, role).await;
        let calling = Calling::new("POST", &path(&store)).key(&key).body(of(json!({ "id": "7" })).to_string());
        assert_eq!(house.call(calling).await.status, status);
    }
    house.delete(&owner, &format!("/v1/stores/{store}")).await;
    assert_eq!(set(&house, &owner, &store, json!({ "id": "8" })).await.problem(), "conflict");
}

#[tokio::test]
async fn restrictions_that_are_set_at_once_all_stand() {
    let house = House::new().await;
    let owner = house.owner().await;
    let store = house.store(&owner).await;
    let ids: Vec<String> = (1..=6).map(|id| id.to_string()).collect();
    // One that was outrun too often says so, and is said again.
    let made: Vec<u16> = stream::iter(&ids)
        .map(async |id| {
            loop {
                let answer = set(&house, &owner, &store, json!({ "id": id })).await;
                if answer.status != 409 {
                    return answer.status;
                }
            }
        })
        .buffer_unordered(6)
        .collect()
        .await;
    assert_eq!(made, [201; 6]);
    let stores = house.stores();
    assert_eq!(stores.restrictions(&store).await.unwrap().len(), 6);
    let item = stores.of_account(&owner.account, &store).await.unwrap().unwrap();
    assert_eq!(item.restriction_changes, 6);
    let page = house.get(&owner, &format!("{}?per_page=4", path(&store))).await.json();
    let next = format!("{}?per_page=4&cursor={}", path(&store), page["next_cursor"].as_str().unwrap());
    assert_eq!(house.get(&owner, &next).await.json()["data"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_store_has_its_number_of_restrictions_and_no_more() {
    let house = House::new().await;
    let owner = house.owner().await;
    let store = house.store(&owner).await;
    let sdk = house.sdk();
    stream::iter(0..MAX_RESTRICTIONS)
        .for_each_concurrent(16, async |number| {
            let names = vec![format!("{number:064}")];
            let id = cloud::restrictions::id(&names);
            let item = RestrictionItem {
                pk: key::store(&store),
                sk: key::restriction(&id),
                v: 1,
                id,
                store: store.clone(),
                names,
                by: Vec::new(),
                ground: Ground::ObjectionPending,
                legal_claims: Vec::new(),
                set_at: house.clock().now(),
                lifts_at: None,
                expires_at: None,
            };
            let item = serde_dynamo::aws_sdk_dynamodb_1::to_item(&item).unwrap();
            sdk.put_item().table_name(&house.config.stores_table).set_item(Some(item)).send().await.unwrap();
        })
        .await;
    assert_eq!(set(&house, &owner, &store, json!({ "id": "7" })).await.problem(), "quota_reached");
    let first = house.stores().restrictions(&store).await.unwrap().swap_remove(0);
    house.stores().delete_restrictions(&store).await.unwrap();
    assert!(house.stores().restrictions(&store).await.unwrap().is_empty());
    assert_eq!(first.v, 1);
    assert_eq!(set(&house, &owner, &store, json!({ "id": "7" })).await.status, 201);
}

#[tokio::test]
async fn a_repetition_with_its_key_is_shown_the_id() {
    let house = House::new().await;
    let owner = house.owner().await;
    let store = house.store(&owner).await;
    let calling = || {
        let calling = Calling::new("POST", &path(&store)).key(&owner.key).header("idempotency-key", "one");
        calling.body(of(json!({ "id": "7" })).to_string())
    };
    let made = house.call(calling()).await;
    let again = house.call(calling()).await;
    assert_eq!((made.status, again.status), (201, 201));
    assert_eq!(again.json(), json!({ "id": made.json()["id"] }));
}

#[tokio::test]
async fn restrictions_leave_with_their_store() {
    let house = House::new().await;
    let owner = house.owner().await;
    let store = house.store(&owner).await;
    set(&house, &owner, &store, json!({ "id": "7", "email": "customer7@example.test" })).await;
    house.delete(&owner, &format!("/v1/stores/{store}")).await;
    let worker = super::offboarding::worker(&house);
    let answer = offboarding::handle(&worker, house.offboardings().await).await.unwrap();
    assert!(failed(&answer).is_empty());
    assert!(house.stores().restrictions(&store).await.unwrap().is_empty());
    assert_eq!(house.get(&owner, &path(&store)).await.problem(), "not_found");
}
