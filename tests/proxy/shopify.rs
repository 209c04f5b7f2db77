//! Shopify: one query a page, the shop's bucket of points respected before it says so, errors that come with 200, writes and batches.

use std::time::{Duration, Instant};

use domain::scope::{Scope, ScopeSet};
use secrecy::SecretString;
use serde_json::{Value, json};
use testkit::shopify_store::{ACCESS_TOKEN, Setup, ShopifyStore};

use crate::world::{Answered, Calling, World};

struct Shop {
    world: World,
    store: ShopifyStore,
    base: String,
}

impl Shop {
    async fn new(setup: Setup) -> Self {
        Self::with(setup, ACCESS_TOKEN).await
    }

    async fn with(setup: Setup, token: &str) -> Self {
        let world = World::new().await;
        let store = ShopifyStore::start(setup).await.unwrap();
        let credential = [("access_token".to_owned(), SecretString::from(token.to_owned()))];
        let scopes: ScopeSet = Scope::ALL.iter().copied().filter(|scope| scope.is_data_plane()).collect();
        let id = world.connect("shopify", store.url().as_str(), credential.into_iter().collect(), scopes).await;
        Self { world, store, base: format!("/v1/stores/{id}") }
    }

    async fn send(&self, method: &str, rest: &str, body: Option<&Value>) -> Answered {
        let calling = Calling::new(method, &format!("{}/{rest}", self.base)).key(&self.world.key);
        let calling = match body {
            Some(body) => calling.header("content-type", "application/json").body(body.to_string()),
            None => calling,
        };
        self.world.call(calling).await
    }

    async fn get(&self, rest: &str) -> Answered {
        self.send("GET", rest, None).await
    }

    async fn all(&self, list: &str) -> Vec<Value> {
        let (mut rows, mut next) = (Vec::new(), list.to_owned());
        loop {
            let answer = self.get(&next).await;
            assert_eq!(answer.status, 200, "{next}: {}", String::from_utf8_lossy(&answer.body));
            let page = answer.json();
            rows.extend(page["data"].as_array().unwrap().clone());
            match page["next_cursor"].as_str() {
                Some(cursor) => next = format!("{list}&cursor={cursor}"),
                None => return rows,
            }
        }
    }
}

#[tokio::test]
async fn more_products_than_a_page_may_have_are_read_without_loss_or_repetition() {
    let shop = Shop::new(Setup { products: 270, ..Setup::default() }).await;
    let products = shop.all("products?per_page=100&fields=id,name").await;
    let ids: Vec<u64> = products.iter().map(|row| row["id"].as_str().unwrap().parse().unwrap()).collect();
    assert_eq!(ids, shop.store.product_ids());
    assert_eq!(shop.store.received().len(), 3, "a call a page");
    let late = shop.all("products?per_page=100&fields=id,updated_at&updated_after=2026-10-01T20:00:00Z").await;
    assert!(!late.is_empty() && late.len() < 270);
    assert!(late.iter().all(|row| row["updated_at"].as_str().unwrap() > "2026-10-01T20:00:00Z"));
}

#[tokio::test]
async fn a_product_with_many_variants_comes_whole_and_without_a_call_for_each() {
    let shop = Shop::new(Setup { products: 20, variants: 300, ..Setup::default() }).await;
    let products = shop.all("products?per_page=25").await;
    assert_eq!(products[0]["variants"].as_array().unwrap().len(), 300);
    assert_eq!(products[0]["variants"][299]["price"], json!({ "amount": "10.00", "currency": "EUR" }));
    // The page, the rest of one product's lists, and what is left of its variants.
    assert!(shop.store.received().len() <= 4, "{}", shop.store.received().len());
    let order = shop.get("orders/3000").await.json();
    assert_eq!(order["lines"].as_array().unwrap().len(), 14);
}

/// R122: the shop is asked for what is wanted and charges for no more.
#[tokio::test]
async fn r122_fields_lower_what_the_shop_charges() {
    let shop = Shop::new(Setup::default()).await;
    let asked = |shop: &Shop| {
        let bodies = shop.store.received().into_iter().map(|call| String::from_utf8(call.body.to_vec()).unwrap());
        let asked = bodies.collect::<Vec<_>>().join("\n");
        shop.store.forget();
        asked
    };
    shop.get("orders?per_page=5&fields=id,number").await;
    let few = asked(&shop);
    for personal in ["email", "Address", "customer", "firstName"] {
        assert!(!few.contains(personal), "{personal} was asked for: {few}");
    }
    shop.get("orders?per_page=5").await;
    assert!(asked(&shop).contains("billingAddress"));
}

/// The bucket is small and nearly empty: whoever knows that waits instead of being refused.
#[tokio::test]
async fn the_shops_limit_is_respected_before_it_says_so() {
    let shop = Shop::new(Setup { capacity: 1000.0, restore_rate: 300.0, ..Setup::default() }).await;
    assert_eq!(shop.get("categories?per_page=1").await.status, 200, "the first answer tells what is left");
    shop.store.forget();
    let started = Instant::now();
    for _ in 0..4 {
        assert_eq!(shop.get("products?per_page=25").await.status, 200);
    }
    assert_eq!(shop.store.throttled(), 0, "never told to slow down");
    assert!(started.elapsed() > Duration::from_millis(500), "because it waited: {:?}", started.elapsed());

    // Too long to wait within the call: the caller is told when to come again, and the shop is not asked.
    let shop = Shop::new(Setup { capacity: 1000.0, restore_rate: 1.0, ..Setup::default() }).await;
    shop.store.drain(20.0);
    assert_eq!(shop.get("categories?per_page=1").await.status, 200);
    shop.store.forget();
    let answer = shop.get("products?per_page=25").await;
    assert_eq!((answer.status, answer.problem().as_str()), (429, "upstream_rate_limited"));
    assert!(answer.headers["retry-after"].parse::<u64>().unwrap() > 20);
    assert!(shop.store.received().is_empty());
}

/// Another program of the same app empties the bucket behind our back.
#[tokio::test]
async fn a_query_that_is_throttled_all_the_same_is_sent_again() {
    let shop = Shop::new(Setup { capacity: 1000.0, restore_rate: 900.0, ..Setup::default() }).await;
    assert_eq!(shop.get("categories?per_page=1").await.status, 200);
    shop.store.drain(0.0);
    let answer = shop.get("products?per_page=25").await;
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    assert!(shop.store.throttled() >= 1);
}

#[tokio::test]
async fn what_the_shop_finds_wrong_is_told_as_a_refusal() {
    let shop = Shop::new(Setup::default()).await;
    let blank = shop.send("POST", "products", Some(&json!({ "name": " " }))).await;
    assert_eq!((blank.status, blank.problem().as_str()), (422, "upstream_rejected"));
    assert!(String::from_utf8_lossy(&blank.body).contains("Title can't be blank"));
    let taken = shop.send("POST", "customers", Some(&json!({ "email": "c400@x.test" }))).await;
    assert_eq!(taken.problem(), "upstream_rejected");
    for missing in ["products/9", "orders/9", "customers/9", "categories/999", "inventory/9"] {
        assert_eq!(shop.get(missing).await.problem(), "upstream_not_found", "{missing}");
    }
    assert_eq!(shop.send("DELETE", "products/9", None).await.problem(), "upstream_not_found");
    let field = shop.send("PATCH", "inventory/20000", Some(&json!({ "available": 3 }))).await;
    assert_eq!(field.status, 422);
    assert_eq!(field.json()["errors"][0]["pointer"], "/location_id");
    let here = shop.send("POST", "products", Some(&json!({ "name": "x", "tax_class": "reduced" }))).await;
    assert_eq!(here.json()["errors"][0]["pointer"], "/tax_class", "the platform has no such thing");
    assert_eq!(shop.send("DELETE", "orders/3000", None).await.problem(), "not_supported_by_platform");
    assert_eq!(shop.get("baskets").await.problem(), "not_supported_by_platform");
}

#[tokio::test]
async fn objects_are_made_changed_and_deleted() {
    let shop = Shop::new(Setup::default()).await;
    let product = json!({ "name": "Mug", "price": { "amount": "8.50", "currency": "EUR" }, "categories": ["3"] });
    let made = shop.send("POST", "products", Some(&product)).await;
    assert_eq!(made.status, 201, "{}", String::from_utf8_lossy(&made.body));
    let id = made.json()["id"].as_str().unwrap().to_owned();
    assert!(made.headers["location"].ends_with(&format!("/products/{id}")));
    let changed = shop.send("PATCH", &format!("products/{id}"), Some(&json!({ "name": "Cup" }))).await;
    assert_eq!((changed.status, &changed.json()["name"]), (200, &json!("Cup")));
    assert_eq!(shop.get(&format!("products/{id}")).await.json()["price"]["amount"], "8.50");
    assert_eq!(shop.send("DELETE", &format!("products/{id}"), None).await.status, 204);
    assert_eq!(shop.get(&format!("products/{id}")).await.status, 404);
    let level = json!({ "available": 3, "location_id": "502" });
    let set = shop.send("PATCH", "inventory/20000", Some(&level)).await.json();
    assert_eq!((&set["available"], &set["location_id"]), (&json!(3), &json!("502")));
    let order = json!({ "lines": [{ "variant_id": "20001", "quantity": 2 }] });
    let order = shop.send("POST", "orders", Some(&order)).await.json();
    assert_eq!(order["totals"]["total"], json!({ "amount": "20.00", "currency": "EUR" }));
    let cancelled = json!({ "status": "cancelled" });
    let order = shop.send("PATCH", &format!("orders/{}", order["id"].as_str().unwrap()), Some(&cancelled)).await.json();
    assert_eq!(order["status"], "cancelled");
}

#[tokio::test]
async fn a_batch_does_what_it_can() {
    let shop = Shop::new(Setup::default()).await;
    let items = json!({ "items": [
        { "method": "create", "data": { "name": "One" } },
        { "method": "create", "data": { "name": " " } },
        { "method": "delete", "id": "1003" },
    ] });
    let answer = shop.send("POST", "products/batch", Some(&items)).await;
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    assert!(!shop.store.product_ids().contains(&1003));
}

#[tokio::test]
async fn a_wrong_token_is_told_without_showing_it() {
    let shop = Shop::with(Setup::default(), "shpat_wrong_wrong_wrong").await;
    let answer = shop.get("products").await;
    assert_eq!((answer.status, answer.problem().as_str()), (424, "upstream_unauthorized"));
    assert!(!String::from_utf8(answer.body).unwrap().contains("shpat_"));
}
