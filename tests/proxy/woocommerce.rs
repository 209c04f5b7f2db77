//! The second platform: unified reads and writes of a WooCommerce store over plain http, where it takes signed calls only.

use domain::scope::{Scope, ScopeSet};
use secrecy::SecretString;
use serde_json::{Value, json};
use testkit::woo_store::{CONSUMER_KEY, CONSUMER_SECRET, WooStore};

use crate::world::{Answered, Calling, World};

async fn connected(secret: &str) -> (World, WooStore, String) {
    connected_to(WooStore::start().await.unwrap(), secret).await
}

/// A world with a grant of everything on a WooCommerce store; the path of the store's routes.
pub(super) async fn connected_to(woo: WooStore, secret: &str) -> (World, WooStore, String) {
    let world = World::new().await;
    let credential = [
        ("consumer_key".to_owned(), SecretString::from(CONSUMER_KEY.to_owned())),
        ("consumer_secret".to_owned(), SecretString::from(secret.to_owned())),
    ];
    let scopes: ScopeSet = Scope::ALL.iter().copied().filter(|scope| scope.is_data_plane()).collect();
    let store = world.connect("woocommerce", woo.url().as_str(), credential.into_iter().collect(), scopes).await;
    (world, woo, format!("/v1/stores/{store}"))
}

pub(super) async fn send(world: &World, method: &str, path: String, body: &Value) -> Answered {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let calling = Calling::new(method, &path).key(&world.key).header("content-type", "application/json").body(body);
    world.call(calling).await
}

pub(super) async fn get(world: &World, path: String) -> Answered {
    world.call(Calling::new("GET", &path).key(&world.key)).await
}

#[tokio::test]
async fn products_come_with_their_variants_and_orders_with_both_statuses() {
    let (world, woo, base) = connected(CONSUMER_SECRET).await;
    let answer = get(&world, format!("{base}/products")).await;
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    let products = answer.json()["data"].as_array().unwrap().clone();
    assert_eq!(products.len(), woo.product_ids().len());
    let tee = products.iter().find(|product| product["id"] == "16").unwrap();
    assert_eq!(tee["variants"][0]["sku"], "T-S");
    assert_eq!(tee["variants"][0]["price"]["amount"], "12.50");
    let order = get(&world, format!("{base}/orders/18")).await.json();
    assert_eq!(order["remote_status"], "processing");
    assert_eq!(order["financial_status"], "paid");
    assert_eq!(order["totals"]["total"]["amount"], "29.90");
    assert_eq!(order["lines"][0]["unit_price"]["amount"], "12.5", "a JSON number keeps its digits");
}

#[tokio::test]
async fn pages_are_followed_and_end() {
    let (world, woo, base) = connected(CONSUMER_SECRET).await;
    let mut ids = Vec::new();
    let mut next = format!("{base}/products?per_page=1&fields=id");
    loop {
        let page = get(&world, next).await.json();
        ids.extend(
            page["data"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().parse::<u64>().unwrap()),
        );
        match page["next_cursor"].as_str() {
            Some(cursor) => next = format!("{base}/products?per_page=1&fields=id&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(ids, woo.product_ids());
}

#[tokio::test]
async fn a_wrong_credential_is_told_without_showing_it() {
    let (world, _woo, base) = connected("cs_wrong_wrong_wrong").await;
    let answer = get(&world, format!("{base}/products")).await;
    assert_eq!((answer.status, answer.problem().as_str()), (424, "upstream_unauthorized"));
    let text = String::from_utf8(answer.body).unwrap();
    assert!(!text.contains("cs_wrong") && !text.contains(CONSUMER_KEY), "{text}");
}

/// Rows that share a date are mixed up by the store unless it is asked for the order of ids; a page past the end is empty and ends the list.
#[tokio::test]
async fn a_list_that_changes_under_the_caller_still_ends() {
    let (world, woo, base) = connected(CONSUMER_SECRET).await;
    let first = get(&world, format!("{base}/products?per_page=3&fields=id")).await.json();
    let cursor = first["next_cursor"].as_str().unwrap().to_owned();
    for id in woo.product_ids() {
        let gone = send(&world, "DELETE", format!("{base}/products/{id}"), &Value::Null).await;
        assert_eq!((gone.status, gone.body.len()), (204, 0));
    }
    let past = get(&world, format!("{base}/products?per_page=3&fields=id&cursor={cursor}")).await.json();
    assert_eq!(past, json!({ "data": [], "next_cursor": null }));
}

#[tokio::test]
async fn a_product_is_made_changed_and_deleted() {
    let (world, woo, base) = connected(CONSUMER_SECRET).await;
    let shirt = json!({
        "name": "Shirt", "status": "active", "options": [{ "name": "Size", "values": ["S", "M"] }],
        "variants": [
            { "sku": "SH-S", "options": { "Size": "S" }, "price": { "amount": "19.90", "currency": "USD" }, "inventory": { "quantity": 5 } },
            { "sku": "SH-M", "options": { "Size": "M" }, "price": { "amount": "24.00", "currency": "USD" }, "compare_at": { "amount": "30.00" } },
        ],
    });
    let made = send(&world, "POST", format!("{base}/products"), &shirt).await;
    assert_eq!(made.status, 201, "{}", String::from_utf8_lossy(&made.body));
    let product = made.json();
    let id = product["id"].as_str().unwrap().to_owned();
    assert!(made.headers["location"].ends_with(&format!("/products/{id}")));
    assert_eq!((&product["type"], &product["price"]["amount"]), (&json!("variable"), &json!("19.90")));
    let variants = product["variants"].as_array().unwrap();
    assert_eq!(
        (&variants[0]["inventory"]["quantity"], &variants[1]["compare_at"]["amount"]),
        (&json!(5), &json!("30.00"))
    );

    // The one price stays when the other is changed.
    let change =
        json!({ "name": "Better shirt", "variants": [{ "id": variants[1]["id"], "price": { "amount": "22.00" } }] });
    let changed = send(&world, "PATCH", format!("{base}/products/{id}"), &change).await;
    assert_eq!(changed.status, 200, "{}", String::from_utf8_lossy(&changed.body));
    let (changed, variant) = (changed.json(), changed.json()["variants"][1].clone());
    assert_eq!(changed["name"], "Better shirt");
    assert_eq!((&variant["price"]["amount"], &variant["compare_at"]["amount"]), (&json!("22.00"), &json!("30.00")));

    let level = variants[0]["id"].as_str().unwrap();
    let stock = send(&world, "PATCH", format!("{base}/inventory/{level}"), &json!({ "available": 11 })).await;
    assert_eq!((stock.status, &stock.json()["available"]), (200, &json!(11)));

    let again = send(&world, "POST", format!("{base}/products"), &shirt).await;
    assert_eq!((again.status, again.problem().as_str()), (422, "upstream_rejected"));
    assert_eq!(again.json()["upstream"]["text"], "Invalid or duplicated SKU.", "the store's own words");
    assert_eq!(woo.product_ids().len(), 5, "the product of the refused variants is gone again");

    assert_eq!(send(&world, "DELETE", format!("{base}/products/{id}"), &Value::Null).await.status, 204);
    for method in ["GET", "DELETE"] {
        let gone = send(&world, method, format!("{base}/products/{id}"), &Value::Null).await;
        assert_eq!((gone.status, gone.problem().as_str()), (404, "upstream_not_found"), "{method}");
    }
    let euros = json!({ "name": "A", "price": { "amount": "1", "currency": "EUR" } });
    let refused = send(&world, "POST", format!("{base}/products"), &euros).await;
    assert_eq!((refused.status, &refused.json()["errors"][0]["pointer"]), (422, &json!("/price/currency")));
    let tags = send(&world, "POST", format!("{base}/products"), &json!({ "name": "A", "tags": ["t"] })).await;
    assert_eq!(
        tags.json()["errors"][0]["pointer"],
        "/tags",
        "what the platform cannot set is told before it is called"
    );
}

#[tokio::test]
async fn orders_customers_and_categories_are_written() {
    let (world, _woo, base) = connected(CONSUMER_SECRET).await;
    let order = json!({
        "financial_status": "paid", "customer": { "email": "ann@x.test" }, "billing": { "first_name": "Ann", "country": "DE" },
        "lines": [{ "product_id": "14", "quantity": 3, "unit_price": { "amount": "1.25", "currency": "USD" } }, { "variant_id": "17", "quantity": 1 }],
    });
    let made = send(&world, "POST", format!("{base}/orders"), &order).await;
    assert_eq!(made.status, 201, "{}", String::from_utf8_lossy(&made.body));
    let made = made.json();
    assert_eq!(
        (&made["financial_status"], &made["remote_status"], &made["totals"]["total"]["amount"]),
        (&json!("paid"), &json!("processing"), &json!("16.25"))
    );
    let id = made["id"].as_str().unwrap();
    let cancelled =
        send(&world, "PATCH", format!("{base}/orders/{id}"), &json!({ "status": "cancelled" })).await.json();
    assert_eq!((&cancelled["status"], &cancelled["remote_status"]), (&json!("cancelled"), &json!("cancelled")));
    assert_eq!(cancelled["billing"]["first_name"], "Ann", "what was not sent stays");
    assert_eq!(send(&world, "DELETE", format!("{base}/orders/{id}"), &Value::Null).await.status, 204);
    let ghost = json!({ "lines": [{ "product_id": "999", "quantity": 1 }] });
    assert_eq!(send(&world, "POST", format!("{base}/orders"), &ghost).await.problem(), "upstream_rejected");

    let customer = json!({ "email": "cy@x.test", "first_name": "Cy", "phone": "1", "addresses": [{ "city": "Bonn" }] });
    let made = send(&world, "POST", format!("{base}/customers"), &customer).await;
    assert_eq!(made.status, 201, "{}", String::from_utf8_lossy(&made.body));
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let changed = send(&world, "PATCH", format!("{base}/customers/{id}"), &json!({ "phone": null })).await.json();
    assert_eq!((&changed["phone"], &changed["addresses"][0]["city"]), (&Value::Null, &json!("Bonn")));
    assert_eq!(send(&world, "POST", format!("{base}/customers"), &customer).await.problem(), "upstream_rejected");
    assert_eq!(send(&world, "DELETE", format!("{base}/customers/{id}"), &Value::Null).await.status, 204);

    let made =
        send(&world, "POST", format!("{base}/categories"), &json!({ "name": "Tea", "parent_id": "15" })).await.json();
    let path = format!("{base}/categories/{}", made["id"].as_str().unwrap());
    assert_eq!(
        send(&world, "PATCH", path.clone(), &json!({ "parent_id": null })).await.json()["parent_id"],
        Value::Null
    );
    assert_eq!(send(&world, "DELETE", path, &Value::Null).await.status, 204);
}

#[tokio::test]
async fn a_batch_is_one_call_of_the_store() {
    let (world, woo, base) = connected(CONSUMER_SECRET).await;
    woo.forget();
    let items = json!({ "items": [
        { "method": "create", "data": { "name": "Tea" } },
        { "method": "create", "data": { "name": "Uncategorized" } },
        { "method": "update", "id": "15", "data": { "position": 4 } },
        { "method": "update", "id": "999", "data": { "position": 4 } },
        { "method": "update", "id": "15", "data": { "parent_id": "top" } },
    ] });
    let answer = send(&world, "POST", format!("{base}/categories/batch"), &items).await;
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    let results = answer.json()["data"].clone();
    let statuses: Vec<u64> =
        results.as_array().unwrap().iter().map(|result| result["status"].as_u64().unwrap()).collect();
    assert_eq!(statuses, [201, 422, 200, 404, 422]);
    assert_eq!(results[4]["problem"]["errors"][0]["pointer"], "/data/parent_id");
    assert_eq!(results[2]["data"]["position"], 4);
    assert!(results[1]["problem"]["upstream"]["text"].as_str().unwrap().starts_with("A term with the name"));
    assert_eq!(woo.calls(), 1);
    woo.forget();
    let levels = json!({ "items": [
        { "method": "update", "id": "14", "data": { "available": 1 } }, { "method": "update", "id": "17", "data": { "available": 2 } },
    ] });
    let results = send(&world, "POST", format!("{base}/inventory/batch"), &levels).await.json()["data"].clone();
    assert_eq!((&results[0]["data"]["available"], &results[1]["data"]["available"]), (&json!(1), &json!(2)));
    assert_eq!(woo.calls(), 3, "one to find the products of all, one for the products, one for the variations");
}

/// R122: the store is asked for what the caller chose.
#[tokio::test]
async fn r122_a_selection_reaches_the_store() {
    let (world, woo, base) = connected(CONSUMER_SECRET).await;
    woo.forget();
    let page = get(&world, format!("{base}/products?fields=id,name")).await.json();
    assert_eq!(page["data"][0].as_object().unwrap().len(), 2);
    assert_eq!(woo.calls(), 1, "neither currency nor variations are asked for");
    assert!(woo.received()[0].target.contains("_fields=id%2Cname%2Cstatus%2Ctype&"), "{}", woo.received()[0].target);
}
