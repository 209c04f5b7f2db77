//! BigCommerce through the gateway, against a stand-in with its traps: pages, limits, writes and refusals.

use std::time::{Duration, Instant};

use domain::scope::{Scope, ScopeSet};
use secrecy::SecretString;
use serde_json::{Value, json};
use testkit::big_store::{ACCESS_TOKEN, BigStore, Setup};

use crate::world::{Answered, Calling, World};

async fn connected(setup: Setup, token: &str) -> (World, BigStore, String) {
    let world = World::new().await;
    let big = BigStore::start(setup).await.unwrap();
    let credential = [("access_token".to_owned(), SecretString::from(token.to_owned()))];
    let scopes: ScopeSet = Scope::ALL.iter().copied().filter(|scope| scope.is_data_plane()).collect();
    let store = world.connect("bigcommerce", big.url().as_str(), credential.into_iter().collect(), scopes).await;
    (world, big, format!("/v1/stores/{store}"))
}

async fn get(world: &World, path: String) -> Answered {
    world.call(Calling::new("GET", &path).key(&world.key)).await
}

async fn send(world: &World, method: &str, path: String, body: &Value) -> Answered {
    let calling = Calling::new(method, &path).key(&world.key).header("content-type", "application/json");
    world.call(calling.body(body.to_string())).await
}

async fn delete(world: &World, path: String) -> Answered {
    world.call(Calling::new("DELETE", &path).key(&world.key)).await
}

/// The ids of a list, page after page.
async fn ids(world: &World, list: String) -> Vec<String> {
    let mut ids = Vec::new();
    let mut next = list.clone();
    loop {
        let page = get(world, next).await;
        assert_eq!(page.status, 200, "{}", String::from_utf8_lossy(&page.body));
        let page = page.json();
        ids.extend(page["data"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()));
        match page["next_cursor"].as_str() {
            Some(cursor) => next = format!("{list}&cursor={cursor}"),
            None => return ids,
        }
    }
}

#[tokio::test]
async fn pages_lose_and_repeat_nothing_though_all_rows_share_a_date() {
    let (world, _big, base) = connected(Setup { rows: 23, ..Setup::default() }, ACCESS_TOKEN).await;
    let numbers = |from: u64| (from..from + 23).map(|id| id.to_string()).collect::<Vec<_>>();
    // 23 is more than the ten that `include=options` would leave of a page.
    assert_eq!(ids(&world, format!("{base}/products?per_page=20")).await, numbers(101));
    assert_eq!(ids(&world, format!("{base}/orders?per_page=5")).await, numbers(1));
    assert_eq!(ids(&world, format!("{base}/customers?per_page=5")).await, numbers(1));
    let none = get(&world, format!("{base}/orders?updated_after=2030-01-01T00:00:00Z")).await;
    assert_eq!((none.status, none.json()["data"].clone()), (200, json!([])), "v2's 204");
}

#[tokio::test]
async fn an_order_needs_one_call_and_a_customer_shows_every_address() {
    let (world, big, base) = connected(Setup::default(), ACCESS_TOKEN).await;
    get(&world, format!("{base}/orders/1")).await;
    big.forget();
    let order = get(&world, format!("{base}/orders/2")).await.json();
    assert_eq!(big.calls(), 1);
    assert_eq!((order["lines"].as_array().unwrap().len(), &order["shipping"]["city"]), (2, &json!("Austin")));
    let customer = get(&world, format!("{base}/customers/1")).await.json();
    assert_eq!(customer["addresses"].as_array().unwrap().len(), 12);
    big.forget();
    get(&world, format!("{base}/products?fields=id,name&per_page=2")).await;
    let asked = big.received();
    assert_eq!(asked.len(), 1, "no settings, no brands");
    assert!(asked[0].target.contains("include_fields=name") && !asked[0].target.contains("include=variants"));
}

/// The platform's limit is respected before it says 429: the third call of a window of two waits for the next one.
#[tokio::test]
async fn the_platforms_limit_is_waited_for() {
    let setup = Setup { quota: 2, window: Duration::from_secs(3), ..Setup::default() };
    let (world, big, base) = connected(setup, ACCESS_TOKEN).await;
    let started = Instant::now();
    for _ in 0..5 {
        assert_eq!(get(&world, format!("{base}/categories")).await.status, 200);
    }
    assert!(started.elapsed() >= Duration::from_secs(3), "{:?}", started.elapsed());
    assert_eq!((big.rate_limited(), big.calls()), (0, 5));
}

#[tokio::test]
async fn a_window_too_long_to_wait_for_is_told() {
    let setup = Setup { quota: 1, window: Duration::from_secs(120), ..Setup::default() };
    let (world, big, base) = connected(setup, ACCESS_TOKEN).await;
    assert_eq!(get(&world, format!("{base}/categories")).await.status, 200);
    let answer = get(&world, format!("{base}/categories")).await;
    assert_eq!((answer.status, answer.problem().as_str()), (429, "upstream_rate_limited"));
    assert!((100..=120).contains(&answer.headers["retry-after"].parse::<u64>().unwrap()));
    assert_eq!((big.rate_limited(), big.calls()), (0, 1), "the second was not sent");
}

#[tokio::test]
async fn products_are_created_changed_and_deleted() {
    let (world, big, base) = connected(Setup::default(), ACCESS_TOKEN).await;
    let body = json!({ "name": "Mug", "price": { "amount": "12.50" }, "variants": [
        { "sku": "MUG-R", "options": { "Color": "Red" }, "inventory": { "quantity": 4 } },
        { "sku": "MUG-B", "options": { "Color": "Blue" } }
    ] });
    let made = send(&world, "POST", format!("{base}/products"), &body).await;
    assert_eq!(made.status, 201, "{}", String::from_utf8_lossy(&made.body));
    let mug = made.json();
    let id = mug["id"].as_str().unwrap().to_owned();
    assert_eq!(made.headers["location"], format!("{base}/products/{id}"));
    assert_eq!(mug["variants"][0]["price"], json!({ "amount": "12.5", "currency": "USD" }));
    assert_eq!(mug["variants"][0]["inventory"]["quantity"], 4);
    let variant = mug["variants"][1]["id"].as_str().unwrap();
    let change = json!({ "price": { "amount": "10.00" }, "compare_at": { "amount": "12.50" }, "variants": [{ "id": variant, "sku": "MUG-BLUE" }] });
    let changed = send(&world, "PATCH", format!("{base}/products/{id}"), &change).await;
    assert_eq!(changed.status, 200, "{}", String::from_utf8_lossy(&changed.body));
    let mug = changed.json();
    assert_eq!((&mug["variants"][1]["sku"], &mug["compare_at"]["amount"]), (&json!("MUG-BLUE"), &json!("12.5")));
    let double = send(&world, "POST", format!("{base}/products"), &body).await;
    assert_eq!((double.status, double.problem().as_str()), (409, "upstream_conflict"));
    let wrong =
        send(&world, "PATCH", format!("{base}/products/{id}"), &json!({ "variants": [{ "id": "1", "sku": "x" }] }))
            .await;
    assert_eq!((wrong.status, wrong.json()["errors"][0]["pointer"].clone()), (422, json!("/variants/0/id")));
    let gone = delete(&world, format!("{base}/products/{id}")).await;
    assert_eq!(gone.status, 204);
    assert!(!big.product_ids().contains(&id.parse().unwrap()));
    assert_eq!(get(&world, format!("{base}/products/{id}")).await.status, 404);
}

#[tokio::test]
async fn orders_customers_categories_stock_and_carts_are_written() {
    let (world, _big, base) = connected(Setup::default(), ACCESS_TOKEN).await;
    let order = json!({ "billing": { "first_name": "Jane", "country": "US" }, "lines": [{ "product_id": "101", "quantity": 1 }] });
    let made = send(&world, "POST", format!("{base}/orders"), &order).await;
    assert_eq!(made.status, 201, "{}", String::from_utf8_lossy(&made.body));
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let cancelled = send(&world, "PATCH", format!("{base}/orders/{id}"), &json!({ "status": "cancelled" })).await;
    assert_eq!(cancelled.json()["status"], "cancelled");
    assert_eq!(delete(&world, format!("{base}/orders/{id}")).await.status, 204);
    assert!(!ids(&world, format!("{base}/orders?per_page=100")).await.contains(&id), "archived");
    assert_eq!(get(&world, format!("{base}/orders/{id}")).await.status, 200, "and still there");

    let customer = json!({ "email": "n@x.test", "first_name": "N", "last_name": "M", "addresses": [{ "line1": "1", "city": "X", "country": "US" }] });
    let made = send(&world, "POST", format!("{base}/customers"), &customer).await.json();
    let path = format!("{base}/customers/{}", made["id"].as_str().unwrap());
    let change = json!({ "addresses": [{ "line1": "2", "city": "Y", "country": "DE" }, { "line1": "3", "city": "Z", "country": "DE" }] });
    let changed = send(&world, "PATCH", path.clone(), &change).await.json();
    assert_eq!(changed["addresses"][0]["line1"], "2");
    assert_eq!(changed["addresses"].as_array().unwrap().len(), 2);
    assert_eq!(delete(&world, path).await.status, 204);

    let made = send(&world, "POST", format!("{base}/categories"), &json!({ "name": "Mugs" })).await.json();
    let path = format!("{base}/categories/{}", made["id"].as_str().unwrap());
    let changed = send(&world, "PATCH", path.clone(), &json!({ "parent_id": "23", "visible": false })).await.json();
    assert_eq!(
        (&changed["parent_id"], &changed["visible"], &changed["slug"]),
        (&json!("23"), &json!(false), &json!("mugs"))
    );
    let unknown = send(&world, "PATCH", format!("{base}/categories/999"), &json!({ "name": "x" })).await;
    assert_eq!((unknown.status, unknown.problem().as_str()), (422, "upstream_rejected"), "a 207 is no success");

    // The stock of a product without options is counted on the product.
    for variant in ["1010", "1020"] {
        let level = send(&world, "PATCH", format!("{base}/inventory/{variant}"), &json!({ "available": 17 })).await;
        assert_eq!(
            (level.status, level.json()["available"].clone()),
            (200, json!(17)),
            "{}",
            String::from_utf8_lossy(&level.body)
        );
    }

    let cart = send(
        &world,
        "POST",
        format!("{base}/baskets"),
        &json!({ "lines": [{ "product_id": "101", "variant_id": "1010", "quantity": 1 }] }),
    )
    .await;
    assert_eq!(cart.status, 201, "{}", String::from_utf8_lossy(&cart.body));
    let cart = cart.json();
    let path = format!("{base}/baskets/{}", cart["id"].as_str().unwrap());
    let line = cart["lines"][0]["id"].as_str().unwrap();
    let more = json!({ "lines": [{ "id": line, "quantity": 3 }, { "product_id": "102", "quantity": 2 }] });
    let changed = send(&world, "PATCH", path.clone(), &more).await.json();
    let quantities: Vec<&Value> = changed["lines"].as_array().unwrap().iter().map(|line| &line["quantity"]).collect();
    assert_eq!(quantities, [3, 2]);
    assert_eq!(delete(&world, path.clone()).await.status, 204);
    assert_eq!(get(&world, path).await.status, 404);
    let list = get(&world, format!("{base}/baskets")).await;
    assert_eq!((list.status, list.problem().as_str()), (501, "not_supported_by_platform"));
}

#[tokio::test]
async fn a_wrong_token_is_told_without_showing_it() {
    let (world, _big, base) = connected(Setup::default(), "bc_wrong_wrong_wrong").await;
    let answer = get(&world, format!("{base}/products")).await;
    assert_eq!((answer.status, answer.problem().as_str()), (424, "upstream_unauthorized"));
    assert!(!String::from_utf8_lossy(&answer.body).contains("bc_wrong"));
}
