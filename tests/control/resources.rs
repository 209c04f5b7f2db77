//! The account and its applications: made, listed, changed, deleted; and what is refused on the way.

use domain::scope::{Scope, ScopeSet};
use serde_json::{Value, json};

use super::house::House;
use crate::world::Calling;

#[tokio::test]
async fn an_account_is_changed_field_by_field() {
    let house = House::new().await;
    let owner = house.owner().await;
    let change = json!({ "company": "Other Ltd", "consents": { "offers": true } });
    let changed = house.send("PATCH", &owner, "/v1/account", &change.to_string()).await;
    assert_eq!(changed.status, 200, "{}", changed.json());
    let shown = house.get(&owner, "/v1/account").await.json();
    assert_eq!(shown, changed.json());
    assert_eq!(shown["company"], "Other Ltd");
    assert_eq!(shown["name"], "Ann Example");
    assert_eq!(shown["consents"]["offers"], true);

    for (body, pointer) in [
        (r#"{"email":"eve@example.com"}"#, "/email"),
        (r#"{"id":"acc_1"}"#, "/id"),
        (r#"{"phone":"none"}"#, "/phone"),
        (r#"{"company":"A","company":"B"}"#, "/company"),
        (r#"{"consents":{"offers":"yes"}}"#, ""),
        ("[]", ""),
        ("7", ""),
    ] {
        let answer = house.send("PATCH", &owner, "/v1/account", body).await;
        assert_eq!((answer.status, answer.problem().as_str()), (422, "validation_failed"), "{body}");
        assert_eq!(answer.json()["errors"][0]["pointer"], pointer, "{body}");
    }
    assert_eq!(house.get(&owner, "/v1/account").await.json(), shown, "what is refused changes nothing");
}

#[tokio::test]
async fn applications_come_and_go() {
    let house = House::new().await;
    let owner = house.owner().await;
    let made = house.post(&owner, "/v1/applications", json!({ "name": "  shop sync " })).await;
    assert_eq!(made.status, 201);
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/applications/{id}");
    assert_eq!(house.get(&owner, &path).await.json(), made.json());
    assert_eq!(made.json()["name"], "shop sync");

    let scopes = json!({ "scopes": ["products:read"] });
    let key = house.post(&owner, &format!("{path}/keys"), scopes).await.json()["key"].as_str().unwrap().to_owned();
    assert_eq!(house.delete(&owner, &path).await.status, 204);
    assert_eq!(house.get(&owner, &path).await.problem(), "not_found");
    assert_eq!(house.delete(&owner, &path).await.problem(), "not_found");
    let refused = house.call(Calling::new("GET", "/v1/account").key(&key)).await;
    assert_eq!(refused.problem(), "key_revoked", "no key outlives its application");
    let left = house.get(&owner, "/v1/applications").await.json();
    assert_eq!(left, json!({ "data": [], "next_cursor": null }));
}

#[tokio::test]
async fn an_account_has_fifty_applications_at_most() {
    let house = House::new().await;
    let owner = house.owner().await;
    for number in 0..50 {
        let made = house.post(&owner, "/v1/applications", json!({ "name": format!("number {number}") })).await;
        assert_eq!(made.status, 201, "{number}");
    }
    let refused = house.post(&owner, "/v1/applications", json!({ "name": "one more" })).await;
    assert_eq!((refused.status, refused.problem().as_str()), (409, "quota_reached"));

    // The same fifty, seventeen at a time, each once.
    let mut seen = Vec::new();
    let mut path = "/v1/applications?per_page=17".to_owned();
    let mut pages = 0;
    loop {
        let page = house.get(&owner, &path).await.json();
        seen.extend(page["data"].as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap().to_owned()));
        pages += 1;
        match page["next_cursor"].as_str() {
            Some(cursor) => path = format!("/v1/applications?per_page=17&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!((pages, seen.len()), (3, 50));
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 50);
}

#[tokio::test]
async fn lists_take_their_own_parameters_and_cursors_only() {
    let house = House::new().await;
    let (owner, other) = (house.owner().await, house.owner().await);
    for number in 0..2 {
        for owner in [&owner, &other] {
            house.post(owner, "/v1/applications", json!({ "name": format!("number {number}") })).await;
        }
    }
    let page = house.get(&owner, "/v1/applications?per_page=1").await.json();
    let cursor = page["next_cursor"].as_str().unwrap().to_owned();
    let foreign =
        house.get(&other, "/v1/applications?per_page=1").await.json()["next_cursor"].as_str().unwrap().to_owned();

    for per_page in ["101", "0", "-1", "ten", "", "1e2", "99999999999"] {
        let answer = house.get(&owner, &format!("/v1/applications?per_page={per_page}")).await;
        assert_eq!((answer.status, answer.problem().as_str()), (422, "validation_failed"), "{per_page}");
        assert_eq!(answer.json()["errors"][0]["pointer"], "?per_page");
    }
    for cursor in ["", "x", "!!!", &foreign, &format!("{cursor}A"), &"A".repeat(500)] {
        let answer = house.get(&owner, &format!("/v1/applications?cursor={cursor}")).await;
        assert_eq!((answer.status, answer.problem().as_str()), (422, "cursor_invalid"), "{cursor}");
    }
    for list in ["/v1/stores", "/v1/keys", "/v1/account/activity"] {
        let answer = house.get(&owner, &format!("{list}?cursor={cursor}")).await;
        assert_eq!(answer.problem(), "cursor_invalid", "a cursor fits its own list only: {list}");
    }
    let unknown = house.get(&owner, "/v1/applications?sort=name").await;
    assert_eq!(unknown.json()["errors"][0]["pointer"], "?sort");
}

#[tokio::test]
async fn bodies_are_read_strictly() {
    let house = House::new().await;
    let owner = house.owner().await;
    let application = house.holding(&owner, ScopeSet::of(&[Scope::ProductsRead])).await.application;
    let keys = format!("/v1/applications/{application}/keys");
    let store = format!("/v1/stores/{}/grants/{application}", house.store(&owner).await);
    let too_long = json!({ "name": "x".repeat(201) }).to_string();
    let cases = [
        ("POST", "/v1/applications", r#"{"name":"a","name":"b"}"#, 422),
        ("POST", "/v1/applications", r#"{"name":"a","color":"b"}"#, 422),
        ("POST", "/v1/applications", r#"{}"#, 422),
        ("POST", "/v1/applications", r#"{"name":null}"#, 422),
        ("POST", "/v1/applications", r#"{"name":["a"]}"#, 422),
        ("POST", "/v1/applications", &too_long, 422),
        ("POST", "/v1/applications", r#"{"name":"a"} {}"#, 400),
        ("POST", "/v1/applications", "", 400),
        ("POST", "/v1/applications", "\u{feff}{}", 400),
        ("POST", &keys, r#"{"scopes":[]}"#, 422),
        ("POST", &keys, r#"{}"#, 422),
        ("POST", &keys, r#"{"scopes":"products:read"}"#, 422),
        ("POST", &keys, r#"{"scopes":["products:fly"]}"#, 422),
        ("POST", &keys, r#"{"scopes":["account:write"]}"#, 422),
        ("POST", &keys, r#"{"scopes":["operator"]}"#, 422),
        ("POST", &keys, r#"{"scopes":["raw"],"tier":"enterprise"}"#, 422),
        ("POST", &keys, r#"{"scopes":["raw"],"tier":"Standard"}"#, 422),
        ("POST", &keys, r#"{"scopes":["raw"],"expires_at":"2020-01-01T00:00:00Z"}"#, 422),
        ("POST", &keys, r#"{"scopes":["raw"],"expires_at":"tomorrow"}"#, 422),
        ("POST", &keys, r#"{"scopes":["raw"],"scopes":["raw"]}"#, 422),
        ("PUT", &store, r#"{"scopes":["stores:write"]}"#, 422),
        ("PUT", &store, r#"{"scopes":[]}"#, 422),
        ("PUT", &store, r#"{"scopes":["products:read"],"until":"x"}"#, 422),
    ];
    for (method, path, body, status) in cases {
        let answer = house.send(method, &owner, path, body).await;
        let code = if status == 400 { "body_invalid" } else { "validation_failed" };
        assert_eq!((answer.status, answer.problem().as_str()), (status, code), "{method} {path} {body}");
    }
    // A hundred levels deep and megabytes long: refused like any other, and quickly.
    let deep = format!("{{\"name\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
    assert!(matches!(house.send("POST", &owner, "/v1/applications", &deep).await.status, 400 | 422));
    let big = json!({ "name": "x".repeat(5_000_000) }).to_string();
    assert_eq!(house.send("POST", &owner, "/v1/applications", &big).await.problem(), "body_too_large");
}

#[tokio::test]
async fn r014_an_account_sees_what_was_done_with_its_keys() {
    let house = House::new().await;
    let owner = house.owner().await;
    house.get(&owner, "/v1/account").await;
    house.post(&owner, "/v1/applications", json!({ "name": "a" })).await;
    house.get(&owner, "/v1/stores/str_00000000000000000000000000").await;
    house.app.journal().settle().await;

    let page = house.get(&owner, "/v1/account/activity").await.json();
    let rows: Vec<(&str, u64)> = page["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["route"].as_str().unwrap(), row["status"].as_u64().unwrap()))
        .collect();
    assert_eq!(rows, [("GET /v1/stores/{store}", 404), ("POST /v1/applications", 201), ("GET /v1/account", 200)]);
    assert_eq!(page["data"][0]["code"], "not_found");
    assert_eq!(page["next_cursor"], Value::Null);

    // The same rows one by one; the calls that read them come on top and are not in the pages behind the cursor.
    let first = house.get(&owner, "/v1/account/activity?per_page=1").await.json();
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = house.get(&owner, &format!("/v1/account/activity?per_page=100&cursor={cursor}")).await.json();
    assert!(second["data"].as_array().unwrap().iter().all(|row| row["id"] != first["data"][0]["id"]));
    let other = house.owner().await;
    house.app.journal().settle().await;
    let none = house.get(&other, "/v1/account/activity").await.json();
    assert_eq!(none["data"], json!([]), "another account's calls are not shown");
}

#[tokio::test]
async fn r128_a_closed_account_leaves_nothing_that_works() {
    let house = House::new().await;
    let owner = house.owner().await;
    let holding = house.holding(&owner, ScopeSet::of(&[Scope::ProductsRead])).await;
    let store = house.store(&owner).await;
    let admin = house.person(&owner.account, domain::role::Role::Admin).await;

    let refused = house.call(Calling::new("DELETE", "/v1/account").key(&admin)).await;
    assert_eq!(refused.problem(), "scope_missing", "only the owner closes the account");
    let closed = house.delete(&owner, "/v1/account").await;
    assert_eq!(closed.status, 202, "{}", closed.json());
    for key in [&owner.key, &admin, &holding.key] {
        let answer = house.call(Calling::new("GET", "/v1/account").key(key)).await;
        assert_eq!(answer.problem(), "key_revoked");
    }
    let kinds: Vec<String> = house.mails().await.iter().map(|mail| mail["kind"].as_str().unwrap().to_owned()).collect();
    assert_eq!(kinds, ["account-closed"]);
    let queued = house.offboardings().await;
    assert_eq!(queued.records.len(), 1);
    assert!(queued.records[0].body.as_ref().unwrap().contains(store.as_str()));
    let accounts = cloud::dynamo::accounts::Accounts::new(house.tables(), house.config.accounts_table.clone());
    assert!(accounts.get(&owner.account).await.unwrap().is_none(), "the account is erased");
    assert!(house.security_events(&owner.account).await.contains(&"account-closed".to_owned()));
}
