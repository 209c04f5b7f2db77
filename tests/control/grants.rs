//! Grants: what a merchant gives and takes back bites on the next call, also at an instance that remembers (R121).

use domain::{
    id::StoreId,
    scope::{Scope, ScopeSet},
};
use serde_json::json;

use super::house::{Holding, House, Owner};
use crate::world::{Calling, answered};

const BOTH: ScopeSet = ScopeSet::of(&[Scope::ProductsRead, Scope::OrdersRead]);

async fn grant(house: &House, owner: &Owner, store: &StoreId, holding: &Holding, scopes: &[&str]) {
    let path = format!("/v1/stores/{store}/grants/{}", holding.application);
    let given = house.send("PUT", owner, &path, &json!({ "scopes": scopes }).to_string()).await;
    assert_eq!(given.status, 200, "{}", given.json());
}

/// What the data plane says to a read: `ok`, or a problem's code.
async fn read(proxy: &proxy::App, holding: &Holding, store: &StoreId, entity: &str) -> String {
    let calling = Calling::new("GET", &format!("/v1/stores/{store}/{entity}?per_page=1")).key(&holding.key);
    let (event, context) = calling.event();
    let answer = answered(proxy::handle(proxy, event, &context).await);
    if answer.status == 200 { "ok".to_owned() } else { answer.problem() }
}

#[tokio::test]
async fn r121_a_revoked_grant_bites_on_the_next_call() {
    let house = House::new().await;
    let (merchant, developer) = (house.owner().await, house.owner().await);
    let store = house.store(&merchant).await;
    let holding = house.holding(&developer, BOTH).await;
    let proxy = house.proxy();

    assert_eq!(read(&proxy, &holding, &store, "products").await, "not_found", "no grant: no such store");
    grant(&house, &merchant, &store, &holding, &["products:read", "orders:read"]).await;
    assert_eq!(read(&proxy, &holding, &store, "products").await, "ok");
    assert_eq!(read(&proxy, &holding, &store, "orders").await, "ok");

    grant(&house, &merchant, &store, &holding, &["orders:read"]).await;
    assert_eq!(read(&proxy, &holding, &store, "products").await, "scope_missing", "a narrower grant bites at once");
    assert_eq!(read(&proxy, &holding, &store, "orders").await, "ok");

    let path = format!("/v1/stores/{store}/grants/{}", holding.application);
    assert_eq!(house.delete(&merchant, &path).await.status, 204);
    assert_eq!(read(&proxy, &holding, &store, "orders").await, "store_access_revoked");
    assert_eq!(house.delete(&merchant, &path).await.status, 204, "and may be revoked again");

    grant(&house, &merchant, &store, &holding, &["orders:read"]).await;
    assert_eq!(read(&proxy, &holding, &store, "orders").await, "ok", "the merchant may think better of it");
    let shown = house.get(&merchant, &format!("/v1/stores/{store}")).await.json();
    assert_eq!(shown["grants"][0]["scopes"], json!(["orders:read"]));
    let events = house.security_events(&merchant.account).await;
    assert_eq!(events.iter().filter(|event| *event == "grant-revoked").count(), 2);
}

#[tokio::test]
async fn r121_a_disconnected_store_is_out_of_reach_at_once() {
    let house = House::new().await;
    let merchant = house.owner().await;
    let store = house.store(&merchant).await;
    let holding = house.holding(&merchant, BOTH).await;
    grant(&house, &merchant, &store, &holding, &["products:read"]).await;
    let proxy = house.proxy();
    assert_eq!(read(&proxy, &holding, &store, "products").await, "ok");
    assert_eq!(house.delete(&merchant, &format!("/v1/stores/{store}")).await.status, 202);
    let calls = house.demo.calls();
    assert_eq!(read(&proxy, &holding, &store, "products").await, "store_access_revoked");
    assert_eq!(house.demo.calls(), calls, "nothing is asked of the store any more");
}

#[tokio::test]
async fn a_new_credential_is_used_from_the_next_call_on() {
    let house = House::new().await;
    let merchant = house.owner().await;
    let store = house.store(&merchant).await;
    let holding = house.holding(&merchant, BOTH).await;
    grant(&house, &merchant, &store, &holding, &["products:read"]).await;
    let proxy = house.proxy();
    assert_eq!(read(&proxy, &holding, &store, "products").await, "ok");
    house.demo.add_key("ak_live_next", &["products:read", "orders:read", "customers:read"]);
    house.demo.remove_key(house.demo.api_key());
    let change = json!({ "credentials": { "api_key": "ak_live_next" } }).to_string();
    assert_eq!(house.send("PATCH", &merchant, &format!("/v1/stores/{store}"), &change).await.status, 200);
    assert_eq!(read(&proxy, &holding, &store, "products").await, "ok");
}

#[tokio::test]
async fn a_grant_needs_a_store_and_an_application() {
    let house = House::new().await;
    let merchant = house.owner().await;
    let store = house.store(&merchant).await;
    let body = r#"{"scopes":["products:read"]}"#;
    let nobody = format!("/v1/stores/{store}/grants/app_00000000000000000000000000");
    assert_eq!(house.send("PUT", &merchant, &nobody, body).await.problem(), "not_found");
    assert_eq!(house.delete(&merchant, &nobody).await.problem(), "not_found");
    let holding = house.holding(&merchant, BOTH).await;
    house.delete(&merchant, &format!("/v1/stores/{store}")).await;
    let late = format!("/v1/stores/{store}/grants/{}", holding.application);
    assert_eq!(
        house.send("PUT", &merchant, &late, body).await.problem(),
        "conflict",
        "a store that leaves grants nothing"
    );
}
