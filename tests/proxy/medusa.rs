//! Medusa through the gateway: a list of more than 300, writes that take several calls, and what is asked of the store for a choice of fields.

use domain::scope::{Scope, ScopeSet};
use secrecy::SecretString;
use serde_json::{Value, json};
use testkit::medusa_store::{MedusaStore, PRODUCTS, SECRET_KEY};

use crate::world::{Answered, Calling, World};

async fn connected(key: &str) -> (World, MedusaStore, String) {
    let world = World::new().await;
    let medusa = MedusaStore::start().await.unwrap();
    let credential = [("api_key".to_owned(), SecretString::from(key.to_owned()))];
    let scopes: ScopeSet = Scope::ALL.iter().copied().filter(|scope| scope.is_data_plane()).collect();
    let store = world.connect("medusa", medusa.url().as_str(), credential.into_iter().collect(), scopes).await;
    (world, medusa, format!("/v1/stores/{store}"))
}

async fn get(world: &World, path: &str) -> Answered {
    world.call(Calling::new("GET", path).key(&world.key)).await
}

async fn send(world: &World, method: &str, path: &str, body: &Value) -> Answered {
    let calling = Calling::new(method, path).key(&world.key).header("content-type", "application/json");
    world.call(calling.body(body.to_string())).await
}

fn shown(answer: &Answered) -> String {
    format!("{} {}", answer.status, String::from_utf8_lossy(&answer.body))
}

#[tokio::test]
async fn more_than_300_products_are_listed_without_loss_or_repeat() {
    let (world, medusa, base) = connected(SECRET_KEY).await;
    let (mut ids, mut pages) = (Vec::new(), 0);
    let mut next = format!("{base}/products?per_page=50&fields=id");
    loop {
        let answer = get(&world, &next).await;
        assert_eq!(answer.status, 200, "{}", shown(&answer));
        let page = answer.json();
        ids.extend(page["data"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()));
        pages += 1;
        match page["next_cursor"].as_str() {
            Some(cursor) => next = format!("{base}/products?per_page=50&fields=id&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!((ids.len(), pages), (PRODUCTS, PRODUCTS.div_ceil(50)));
    assert_eq!(ids, medusa.product_ids());
    // R122: one call a page, and only for the ids.
    let calls: Vec<String> = medusa.received().into_iter().map(|call| call.target).collect();
    assert_eq!(calls.len(), pages);
    assert!(calls.iter().all(|target| target.ends_with("&fields=id")), "{calls:?}");
}

#[tokio::test]
async fn every_entity_can_be_read() {
    let (world, _medusa, base) = connected(SECRET_KEY).await;
    for entity in ["products", "orders", "customers", "categories", "inventory"] {
        let answer = get(&world, &format!("{base}/{entity}?per_page=100")).await;
        assert_eq!(answer.status, 200, "{entity}: {}", shown(&answer));
        let rows = answer.json()["data"].as_array().unwrap().clone();
        let id = if entity == "inventory" { &rows[0]["variant_id"] } else { &rows[0]["id"] };
        let one = get(&world, &format!("{base}/{entity}/{}", id.as_str().unwrap())).await;
        assert_eq!(one.status, 200, "{entity}: {}", shown(&one));
        let missing = get(&world, &format!("{base}/{entity}/none")).await;
        assert_eq!(missing.status, 404, "{entity}: {}", shown(&missing));
    }
    let refused = get(&world, &format!("{base}/baskets")).await;
    assert_eq!((refused.status, refused.problem().as_str()), (501, "not_supported_by_platform"));
}

#[tokio::test]
async fn a_product_lives_and_dies() {
    let (world, medusa, base) = connected(SECRET_KEY).await;
    let sizes = ["S", "M"]
        .map(|size| json!({ "sku": format!("T-{size}"), "options": { "Size": size }, "price": { "amount": "21.90" } }));
    let text = json!({ "name": "Tee", "status": "active", "tags": ["summer", "linen"], "variants": sizes });
    let created = send(&world, "POST", &format!("{base}/products"), &text).await;
    assert_eq!(created.status, 201, "{}", shown(&created));
    let product = created.json();
    assert_eq!((&product["tags"], &product["price"]["currency"]), (&json!(["summer", "linen"]), &json!("EUR")));
    let path = format!("{base}/products/{}", product["id"].as_str().unwrap());
    let variant = product["variants"][0]["id"].as_str().unwrap();

    let dollars = json!({ "variants": [{ "id": variant, "price": { "amount": "25.00", "currency": "USD" } }] });
    assert_eq!(send(&world, "PATCH", &path, &dollars).await.status, 200);
    let changed = send(
        &world,
        "PATCH",
        &path,
        &json!({ "name": "Long tee", "variants": [{ "id": variant, "price": { "amount": "22.50" } }] }),
    )
    .await;
    assert_eq!(changed.status, 200, "{}", shown(&changed));
    assert_eq!(
        (&changed.json()["name"], &changed.json()["variants"][0]["price"]["amount"]),
        (&json!("Long tee"), &json!("22.5"))
    );
    let kept = medusa.product(product["id"].as_str().unwrap()).unwrap();
    let prices: Vec<(&str, f64)> = kept["variants"][0]["prices"]
        .as_array()
        .unwrap()
        .iter()
        .map(|price| (price["currency_code"].as_str().unwrap(), price["amount"].as_f64().unwrap()))
        .collect();
    assert_eq!(prices, [("usd", 25.0), ("eur", 22.5)], "the dollars are still there");

    let stock = format!("{base}/inventory/{variant}");
    let location = json!({ "available": 9, "location_id": "sloc_1" });
    let level = send(&world, "PATCH", &stock, &location).await;
    assert_eq!(level.status, 200, "{}", shown(&level));
    assert_eq!(get(&world, &stock).await.json()["available"], 9);
    assert_eq!(send(&world, "PATCH", &stock, &json!({ "available": 4 })).await.json()["available"], 4);

    let delete = Calling::new("DELETE", &path).key(&world.key);
    assert_eq!(world.call(delete).await.status, 204);
    assert_eq!(get(&world, &path).await.status, 404);
    let again = world.call(Calling::new("DELETE", &path).key(&world.key)).await;
    assert_eq!(again.status, 404, "Medusa itself would say that it was deleted");
}

#[tokio::test]
async fn what_medusa_refuses_is_told_with_its_words_or_its_place() {
    let (world, medusa, base) = connected(SECRET_KEY).await;
    let taken =
        send(&world, "POST", &format!("{base}/products"), &json!({ "name": "x", "seo": { "slug": "shirt-1" } })).await;
    assert!(shown(&taken).contains("already exists") && (400..500).contains(&taken.status), "{}", shown(&taken));
    let archived =
        send(&world, "POST", &format!("{base}/products"), &json!({ "name": "x", "status": "archived" })).await;
    assert_eq!((archived.status, &archived.json()["errors"][0]["pointer"]), (422, &json!("/status")));
    let brand = send(&world, "POST", &format!("{base}/products"), &json!({ "name": "x", "brand": "b" })).await;
    assert_eq!((brand.status, &brand.json()["errors"][0]["pointer"]), (422, &json!("/brand")));
    let mut products = medusa.product_ids().into_iter().filter_map(|id| medusa.product(&id));
    let shirt = products.find(|product| product["handle"] == "shirt-1").unwrap();
    let variants = shirt["variants"].as_array().unwrap();
    let twice = variants.iter().find(|variant| variant["manage_inventory"] == true).unwrap();
    let path = format!("{base}/inventory/{}", twice["id"].as_str().unwrap());
    let unclear = send(&world, "PATCH", &path, &json!({ "available": 1 })).await;
    assert_eq!(
        (unclear.status, &unclear.json()["errors"][0]["pointer"]),
        (422, &json!("/location_id")),
        "it lies at two places"
    );
    let deleted = world.call(Calling::new("DELETE", &format!("{base}/orders/order_1")).key(&world.key)).await;
    assert_eq!((deleted.status, deleted.problem().as_str()), (501, "not_supported_by_platform"));
}

#[tokio::test]
async fn orders_customers_and_categories_are_written() {
    let (world, _medusa, base) = connected(SECRET_KEY).await;
    let order = json!({ "customer": { "email": "eve@x.test" }, "currency": "EUR", "lines": [{ "name": "Box", "quantity": 2, "unit_price": { "amount": "5.25" } }] });
    let created = send(&world, "POST", &format!("{base}/orders"), &order).await;
    assert_eq!(created.status, 201, "{}", shown(&created));
    let path = format!("{base}/orders/{}", created.json()["id"].as_str().unwrap());
    let cancelled =
        send(&world, "PATCH", &path, &json!({ "status": "cancelled", "customer": { "email": "new@x.test" } }))
            .await
            .json();
    assert_eq!((&cancelled["status"], &cancelled["customer"]["email"]), (&json!("cancelled"), &json!("new@x.test")));

    let address = json!({ "line1": "1 Test Street", "country": "DE" });
    let customer = json!({ "email": "fay@x.test", "addresses": [address, { "line1": "2 Test Street" }] });
    let created = send(&world, "POST", &format!("{base}/customers"), &customer).await;
    assert_eq!(created.status, 201, "{}", shown(&created));
    let path = format!("{base}/customers/{}", created.json()["id"].as_str().unwrap());
    let changed =
        send(&world, "PATCH", &path, &json!({ "phone": "+49 000", "addresses": [{ "line1": "3 Test Street" }] }))
            .await
            .json();
    assert_eq!(
        (changed["addresses"].as_array().unwrap().len(), &changed["addresses"][0]["line1"]),
        (1, &json!("3 Test Street"))
    );

    let created = send(&world, "POST", &format!("{base}/categories"), &json!({ "name": "Hats" })).await;
    assert_eq!((created.status, &created.json()["visible"]), (201, &json!(true)));
    let path = format!("{base}/categories/{}", created.json()["id"].as_str().unwrap());
    assert_eq!(send(&world, "PATCH", &path, &json!({ "visible": false })).await.json()["visible"], false);
    assert_eq!(world.call(Calling::new("DELETE", &path).key(&world.key)).await.status, 204);
}

#[tokio::test]
async fn a_batch_has_a_result_for_each() {
    let (world, medusa, base) = connected(SECRET_KEY).await;
    let id = medusa.product_ids()[0].clone();
    let items = json!({ "items": [
        { "method": "create", "data": { "name": "One" } },
        { "method": "create", "data": { "name": "Two", "seo": { "slug": "shirt-1" } } },
        { "method": "update", "id": id, "data": { "name": "Three" } },
        { "method": "delete", "id": "prod_none" },
    ] });
    let answer = send(&world, "POST", &format!("{base}/products/batch"), &items).await;
    assert_eq!(answer.status, 200, "{}", shown(&answer));
    let results = answer.json()["data"].as_array().unwrap().clone();
    assert_eq!(results[0]["status"], 201, "Medusa's own batch would have failed as a whole: {results:?}");
    assert!(results[1]["status"].as_u64().unwrap() >= 400);
    assert_eq!((&results[2]["data"]["name"], &results[3]["status"]), (&json!("Three"), &json!(404)));
}

#[tokio::test]
async fn a_wrong_key_is_told_without_showing_it() {
    let (world, _medusa, base) = connected("sk_wrong_wrong_wrong").await;
    let answer = get(&world, &format!("{base}/products")).await;
    assert_eq!((answer.status, answer.problem().as_str()), (424, "upstream_unauthorized"));
    assert!(!shown(&answer).contains("sk_wrong"), "{}", shown(&answer));
}
