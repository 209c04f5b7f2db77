use http::Request;
use serde_json::Value;

use super::*;
use crate::loopback_server::rfc3339;
use crate::plain_http::PlainHttp;

async fn get(store: &DemoStore, path: &str, key: &str) -> (u16, http::HeaderMap, Value) {
    call(store, "GET", path, key, "").await
}

pub(super) async fn call(
    store: &DemoStore,
    method: &str,
    path: &str,
    key: &str,
    body: &str,
) -> (u16, http::HeaderMap, Value) {
    let request = Request::builder()
        .method(method)
        .uri(store.url().join(path).unwrap().as_str())
        .header("x-api-key", key)
        .body(bytes::Bytes::from(body.to_owned()))
        .unwrap();
    let answer = PlainHttp::default().send(request).await.unwrap();
    let body = serde_json::from_slice(answer.body()).unwrap_or_default();
    (answer.status().as_u16(), answer.headers().clone(), body)
}

#[tokio::test]
async fn lists_come_in_pages_with_their_count() {
    let store = DemoStore::start(Setup::default()).await.unwrap();
    let key = store.api_key().to_owned();
    for (path, total) in [("products", 220), ("customers", 50), ("orders", 300), ("categories", 12)] {
        let (status, headers, body) = get(&store, &format!("/api/{path}?page=2&per_page=10"), &key).await;
        assert_eq!(status, 200);
        assert_eq!(body["pagination"]["total"], total);
        assert_eq!(body[path].as_array().unwrap().len(), if total == 12 { 2 } else { 10 });
        assert!(headers.contains_key("x-ratelimit-limit") && headers.contains_key("x-ratelimit-reset"));
    }
    let (_, _, past) = get(&store, "/api/products?page=99", &key).await;
    assert_eq!(past["products"], serde_json::json!([]));
    let (_, _, one) = get(&store, "/api/products/1001", &key).await;
    assert_eq!(one["product"]["id"], 1001);
    let (_, _, changed) = get(&store, "/api/orders?updated_after=2026-10-01T00:00:00Z&per_page=100", &key).await;
    let changed = changed["orders"].as_array().unwrap();
    assert!(!changed.is_empty() && changed.iter().all(|order| order["updated_at"].as_str().unwrap() > "2026-10-01"));
    assert_eq!(store.calls(), 7);
}

#[tokio::test]
async fn the_same_seed_makes_the_same_store() {
    let body = async |seed| {
        let store = DemoStore::start(Setup { seed, ..Setup::default() }).await.unwrap();
        let key = store.api_key().to_owned();
        let orders = get(&store, "/api/orders?per_page=100", &key).await.2;
        let products = get(&store, "/api/products?per_page=100", &key).await.2;
        (orders, products)
    };
    assert_eq!(body(1).await, body(1).await);
    assert_ne!(body(1).await, body(2).await);
}

#[tokio::test]
async fn refusals_have_a_code() {
    let store = DemoStore::start(Setup::default()).await.unwrap();
    store.add_key("ak_live_narrow", &["products:read"]);
    let key = store.api_key().to_owned();
    for (method, path, key, status, code) in [
        ("GET", "/api/products", "wrong", 401, "unauthorized"),
        ("GET", "/api/orders", "ak_live_narrow", 403, "insufficient_scope"),
        ("POST", "/api/products", "ak_live_narrow", 403, "insufficient_scope"),
        ("GET", "/api/products?per_page=101", &key, 400, "invalid_parameter"),
        ("GET", "/api/products?page=0", &key, 400, "invalid_parameter"),
        ("GET", "/api/products?updated_after=yesterday", &key, 400, "invalid_parameter"),
        ("GET", "/api/products/9", &key, 404, "not_found"),
        ("GET", "/api/nothing", &key, 404, "not_found"),
        ("DELETE", "/api/products", &key, 405, "method_not_allowed"),
        ("POST", "/api/products", &key, 400, "invalid_json"),
    ] {
        let (got, _, body) = call(&store, method, path, key, "").await;
        assert_eq!((got, body["error"]["code"].as_str()), (status, Some(code)), "{method} {path}");
    }
    assert_eq!(get(&store, "/api/products", "ak_live_narrow").await.0, 200);
    store.remove_key("ak_live_narrow");
    assert_eq!(get(&store, "/api/products", "ak_live_narrow").await.0, 401);
    store.limit_per_second(1);
    get(&store, "/api/products", &key).await;
    let (status, headers, _) = get(&store, "/api/products", &key).await;
    assert_eq!((status, headers["retry-after"].to_str().unwrap()), (429, "1"));
}

#[tokio::test]
async fn products_can_be_written() {
    let store = DemoStore::start(Setup::default()).await.unwrap();
    let key = store.api_key().to_owned();
    let (status, _, body) = call(&store, "POST", "/api/products", &key, r#"{"name":"New","sku":"N-1"}"#).await;
    assert_eq!(status, 201);
    let id = body["product"]["id"].as_u64().unwrap();
    assert_eq!(call(&store, "POST", "/api/products", &key, r#"{"name":"Two","sku":"N-1"}"#).await.0, 409);
    assert_eq!(call(&store, "POST", "/api/products", &key, r#"{"sku":"N-2"}"#).await.0, 422);
    let path = format!("/api/products/{id}");
    let (status, _, body) = call(&store, "PATCH", &path, &key, r#"{"price":"5.00","id":1}"#).await;
    assert_eq!(
        (status, body["product"]["price"].as_str(), body["product"]["id"].as_u64()),
        (200, Some("5.00"), Some(id))
    );
    assert_eq!(call(&store, "DELETE", &path, &key, "").await.0, 204);
    assert_eq!(get(&store, &path, &key).await.0, 404);
    assert_eq!(store.received().last().unwrap().target, path);
}

#[tokio::test]
async fn variants_stock_and_orders_hang_together() {
    let store = DemoStore::start(Setup::default()).await.unwrap();
    let key = store.api_key().to_owned();
    let shirt = r#"{"name":"Shirt","options":[{"name":"Size","values":["S","M"]}],"variants":[{"options":{"Size":"S"},"price":"5.00","stock":3,"track_inventory":true}]}"#;
    let (_, _, made) = call(&store, "POST", "/api/products", &key, shirt).await;
    let id = made["product"]["id"].as_u64().unwrap();
    let variant = made["product"]["variants"][0]["id"].as_u64().unwrap();
    let change = format!(r#"{{"variants":[{{"id":"{variant}","price":"6.00"}},{{"options":{{"Size":"M"}}}}]}}"#);
    let (status, _, changed) = call(&store, "PATCH", &format!("/api/products/{id}"), &key, &change).await;
    let variants = &changed["product"]["variants"];
    assert_eq!((status, &variants[0]["price"], &variants[0]["stock"]), (200, &"6.00".into(), &3.into()));
    assert_eq!(variants[1]["id"], variant + 1);
    assert_eq!(
        call(&store, "PATCH", &format!("/api/products/{id}"), &key, r#"{"variants":[{"id":"1"}]}"#).await.0,
        422
    );
    assert_eq!(call(&store, "PATCH", &format!("/api/products/{id}"), &key, r#"{"currency":"USD"}"#).await.0, 422);

    let level = format!("/api/inventory/{variant}");
    assert_eq!(get(&store, &level, &key).await.2["inventory_level"]["available"], 3);
    call(&store, "PATCH", &level, &key, r#"{"available":9}"#).await;
    assert_eq!(get(&store, &format!("/api/products/{id}"), &key).await.2["product"]["variants"][0]["stock"], 9);

    let order = format!(
        r#"{{"lines":[{{"product_id":"{id}","variant_id":"{variant}","quantity":2}}],"shipping_lines":[{{"title":"Parcel","total":"4.90"}}]}}"#
    );
    let (_, _, order) = call(&store, "POST", "/api/orders", &key, &order).await;
    let order = &order["order"];
    assert_eq!((&order["total"], &order["lines"][0]["name"]), (&"16.90".into(), &"Shirt".into()));
    assert_eq!(call(&store, "POST", "/api/orders", &key, "{}").await.0, 422);
    call(&store, "DELETE", &format!("/api/products/{id}"), &key, "").await;
    assert_eq!(get(&store, &level, &key).await.0, 404);
}

#[tokio::test]
async fn faults_come_when_they_are_asked_for() {
    let store = DemoStore::start(Setup::default()).await.unwrap();
    let key = store.api_key().to_owned();
    let order = r#"{"next":2,"fault":"429","retry_after":3}"#;
    assert_eq!(call(&store, "POST", "/_demo/faults", "", order).await.0, 200);
    assert_eq!(call(&store, "POST", "/_demo/faults", "", r#"{"next":1,"fault":"nope"}"#).await.0, 400);
    for _ in 0..2 {
        let (status, headers, _) = get(&store, "/api/products", &key).await;
        assert_eq!((status, headers["retry-after"].to_str().unwrap()), (429, "3"));
    }
    assert_eq!(get(&store, "/api/products", &key).await.0, 200);
    store.fail_next(1, Fault::Status(500, None));
    assert_eq!(get(&store, "/api/products", &key).await.0, 500);
    store.fail_next(1, Fault::Huge(1000));
    assert_eq!(get(&store, "/api/products", &key).await.2, Value::Null);
    store.fail_next(1, Fault::Cut);
    let request = Request::get(store.url().join("/api/products").unwrap().as_str()).body(bytes::Bytes::new()).unwrap();
    assert!(PlainHttp::default().send(request).await.is_err());
    assert_eq!(get(&store, "/_demo/calls", "").await.2["calls"], 6);
}

#[test]
fn times_are_civil_dates() {
    assert_eq!(rfc3339(0), "1970-01-01T00:00:00Z");
    assert_eq!(rfc3339(1_767_225_600), "2026-01-01T00:00:00Z");
    assert_eq!(rfc3339(1_709_210_096), "2024-02-29T12:34:56Z");
}
