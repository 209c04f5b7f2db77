//! Unified writes of a CartOS store, and the limit that it tells of.

use serde_json::{Value, json};
use testkit::demo_store::Fault;

use super::woocommerce::send;
use crate::world::World;

#[tokio::test]
async fn every_entity_that_can_be_written_is() {
    let world = World::new().await;
    let write = async |method: &str, path: &str, body: Value| send(&world, method, world.path(path), &body).await;
    let product = json!({
        "name": "Shirt", "sku": "CW-1", "price": { "amount": "19.90", "currency": "EUR" }, "tags": ["new"], "categories": ["1"],
        "options": [{ "name": "Size", "values": ["S"] }], "variants": [{ "options": { "Size": "S" }, "sku": "CW-1S", "inventory": { "quantity": 3 } }],
        "weight": { "value": "0.250", "unit": "kg" }, "seo": { "title": "A shirt" },
    });
    let made = write("POST", "products", product.clone()).await;
    assert_eq!(made.status, 201, "{}", String::from_utf8_lossy(&made.body));
    let made = made.json();
    assert_eq!((&made["type"], &made["variants"][0]["inventory"]["quantity"]), (&json!("variable"), &json!(3)));
    assert_eq!(
        (&made["weight"], &made["seo"]["title"]),
        (&json!({ "value": "0.250", "unit": "kg" }), &json!("A shirt"))
    );
    let path = format!("products/{}", made["id"].as_str().unwrap());
    let changed =
        write("PATCH", &path, json!({ "tags": null, "brand": "B", "price": { "amount": "21.00" } })).await.json();
    assert_eq!((&changed["tags"], &changed["brand"], &changed["name"]), (&json!([]), &json!("B"), &json!("Shirt")));
    assert_eq!(changed["price"], json!({ "amount": "21.00", "currency": "EUR" }));
    let level = format!("inventory/{}", made["variants"][0]["id"].as_str().unwrap());
    assert_eq!(write("PATCH", &level, json!({ "available": 8 })).await.json()["available"], 8);
    assert_eq!(write("GET", &path, Value::Null).await.json()["variants"][0]["inventory"]["quantity"], 8);

    let lines = json!([{ "product_id": made["id"], "variant_id": made["variants"][0]["id"], "quantity": 2 }]);
    let order = write(
        "POST",
        "orders",
        json!({ "lines": lines, "customer": { "email": "a@example.test" }, "financial_status": "authorized" }),
    )
    .await;
    assert_eq!(order.status, 201, "{}", String::from_utf8_lossy(&order.body));
    let order = order.json();
    assert_eq!(
        (&order["totals"]["total"]["amount"], &order["financial_status"]),
        (&json!("39.80"), &json!("authorized")),
        "the variant's own price"
    );
    let order = format!("orders/{}", order["id"].as_str().unwrap());
    let cancelled = write("PATCH", &order, json!({ "status": "cancelled", "financial_status": "voided" })).await.json();
    assert_eq!((&cancelled["status"], cancelled["cancelled_at"].is_string()), (&json!("cancelled"), true));
    let address = json!({ "city": "Berlin", "region": { "code": "BE", "name": "Berlin" } });
    let customer = write(
        "POST",
        "customers",
        json!({ "email": "n@example.test", "marketing": { "email": true }, "addresses": [address] }),
    )
    .await
    .json();
    assert_eq!(
        (&customer["marketing"]["email"], &customer["addresses"][0]["region"]["name"]),
        (&json!(true), &json!("Berlin"))
    );
    let customer = format!("customers/{}", customer["id"].as_str().unwrap());
    let category =
        write("POST", "categories", json!({ "name": "Tea", "parent_id": "1", "visible": false })).await.json();
    assert_eq!((&category["parent_id"], &category["visible"]), (&json!("1"), &json!(false)));
    let category = format!("categories/{}", category["id"].as_str().unwrap());

    let again = write("POST", "products", product).await;
    assert_eq!((again.status, again.problem().as_str()), (409, "upstream_conflict"));
    let dollars = write("PATCH", &path, json!({ "price": { "amount": "1", "currency": "USD" } })).await;
    assert_eq!((dollars.status, dollars.problem().as_str()), (422, "upstream_rejected"));
    assert_eq!(
        write("PATCH", &path, json!({ "dimensions": { "length": "1" } })).await.json()["errors"][0]["pointer"],
        "/dimensions"
    );
    for path in [&path, &order, &customer, &category] {
        assert_eq!(write("DELETE", path, Value::Null).await.status, 204, "{path}");
        assert_eq!(write("GET", path, Value::Null).await.problem(), "upstream_not_found", "{path}");
    }
    assert_eq!(write("POST", "inventory", json!({ "available": 1 })).await.problem(), "not_supported_by_platform");
    assert_eq!(write("POST", "baskets", json!({ "lines": [] })).await.problem(), "not_supported_by_platform");
}

#[tokio::test]
async fn a_batch_without_a_call_of_its_own_goes_one_by_one() {
    let world = World::new().await;
    world.demo.forget();
    let items: Vec<Value> =
        (0..5).map(|number| json!({ "method": "create", "data": { "name": format!("C{number}") } })).collect();
    let answer = send(&world, "POST", world.path("categories/batch"), &json!({ "items": items })).await;
    assert_eq!(answer.status, 200);
    assert!(answer.json()["data"].as_array().unwrap().iter().all(|result| result["status"] == 201));
    assert_eq!(world.demo.calls(), 5);
}

/// The store says with each answer what is left; the gateway waits before it has to be told.
#[tokio::test]
async fn the_stores_window_is_respected_before_it_says_429() {
    let world = World::new().await;
    world.demo.limit_per_second(2);
    world.demo.forget();
    for _ in 0..5 {
        assert_eq!(world.get("products?per_page=1&fields=id").await.status, 200);
    }
    // Five answers and not one more: none of the calls was refused and sent again.
    assert_eq!(world.demo.calls(), 5);
    world.demo.fail_next(1, Fault::Status(422, None));
    let refused = send(&world, "POST", world.path("categories"), &json!({ "name": "A" })).await;
    assert_eq!(refused.problem(), "upstream_rejected");
}
