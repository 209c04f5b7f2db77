//! Magento through the gateway, against a stand-in with its traps: pages, signed calls, children without N+1, writes and refusals.

use domain::scope::{Scope, ScopeSet};
use secrecy::SecretString;
use serde_json::{Value, json};
use testkit::magento_store::{ACCESS_TOKEN, CONSUMER_KEY, CONSUMER_SECRET, MagentoStore, Setup, TOKEN_SECRET};

use crate::world::{Answered, Calling, World};

async fn connected(setup: Setup, token: &str) -> (World, MagentoStore, String) {
    let world = World::new().await;
    let magento = MagentoStore::start(setup).await.unwrap();
    let mut fields = vec![("access_token", token)];
    if setup.signed {
        fields.extend([
            ("access_token_secret", TOKEN_SECRET),
            ("consumer_key", CONSUMER_KEY),
            ("consumer_secret", CONSUMER_SECRET),
        ]);
    }
    let credential = fields.into_iter().map(|(name, value)| (name.to_owned(), SecretString::from(value.to_owned())));
    let scopes: ScopeSet = Scope::ALL.iter().copied().filter(|scope| scope.is_data_plane()).collect();
    let store = world.connect("magento", magento.url().as_str(), credential.collect(), scopes).await;
    (world, magento, format!("/v1/stores/{store}"))
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

/// The values of a member over a whole list, page after page.
async fn all(world: &World, list: String, member: &str) -> Vec<String> {
    let mut values = Vec::new();
    let mut next = list.clone();
    loop {
        let page = get(world, next).await;
        assert_eq!(page.status, 200, "{}", String::from_utf8_lossy(&page.body));
        let page = page.json();
        values.extend(page["data"].as_array().unwrap().iter().map(|row| row[member].as_str().unwrap().to_owned()));
        match page["next_cursor"].as_str() {
            Some(cursor) => next = format!("{list}&cursor={cursor}"),
            None => return values,
        }
    }
}

#[tokio::test]
async fn signed_pages_lose_and_repeat_nothing() {
    let (world, _magento, base) = connected(Setup { rows: 9, signed: true }, ACCESS_TOKEN).await;
    let numbers = |from: u64| (from..from + 9).map(|id| id.to_string()).collect::<Vec<_>>();
    let products = [vec!["52".to_owned()], numbers(101)].concat();
    // 10 rows: pages of 5 end full, where the trap of the page past the end lies.
    for per_page in [5, 3] {
        assert_eq!(all(&world, format!("{base}/products?per_page={per_page}"), "id").await, products);
        assert_eq!(all(&world, format!("{base}/orders?per_page={per_page}"), "id").await, numbers(1));
        assert_eq!(all(&world, format!("{base}/customers?per_page={per_page}"), "id").await, numbers(1));
    }
    let mut stock = all(&world, format!("{base}/inventory?per_page=4"), "variant_id").await;
    stock.sort();
    let mut counted = [numbers(101), vec!["47".to_owned(), "48".to_owned()]].concat();
    counted.sort();
    assert_eq!(stock, counted);
    let raw = get(&world, format!("{base}/raw/rest/V1/../x")).await;
    assert_ne!(raw.status, 200);
    let raw = get(&world, format!("{base}/raw/rest/all/V1/orders/1")).await;
    assert_eq!((raw.status, raw.json()["entity_id"].clone()), (200, json!(1)), "a raw call is signed too");
}

#[tokio::test]
async fn a_page_takes_five_calls_however_many_products_it_has() {
    let (world, magento, base) = connected(Setup { rows: 30, signed: false }, ACCESS_TOKEN).await;
    get(&world, format!("{base}/categories?per_page=1")).await;
    magento.forget();
    let page = get(&world, format!("{base}/products?per_page=50")).await.json();
    assert_eq!(page["data"].as_array().unwrap().len(), 31);
    // The page, the settings, the children, the labels of their options, and the stock of 32 SKUs in one search.
    assert_eq!(magento.calls(), 5);
    let hoodie = &page["data"][0];
    assert_eq!(hoodie["variants"][1]["options"], json!({ "Color": "Black", "Size": "S" }));
    assert_eq!(hoodie["variants"][1]["inventory"]["quantity"], 100);
    assert_eq!(page["data"][1]["price"], json!({ "amount": "29.500000", "currency": "USD" }));
    magento.forget();
    get(&world, format!("{base}/products?fields=id,name&per_page=50")).await;
    assert_eq!(magento.calls(), 1);
}

#[tokio::test]
async fn products_are_created_changed_and_deleted() {
    let (world, magento, base) = connected(Setup::default(), ACCESS_TOKEN).await;
    let body = json!({ "name": "Mug", "sku": "MUG/1 a", "price": { "amount": "12.50", "currency": "USD" },
        "variants": [{ "inventory": { "quantity": 4 } }] });
    let made = send(&world, "POST", format!("{base}/products"), &body).await;
    assert_eq!(made.status, 201, "{}", String::from_utf8_lossy(&made.body));
    let id = made.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(
        (&made.json()["sku"], &made.json()["variants"][0]["inventory"]["quantity"]),
        (&json!("MUG/1 a"), &json!(4))
    );
    let again = send(&world, "POST", format!("{base}/products"), &body).await;
    assert_eq!((again.status, again.json()["errors"][0]["pointer"].clone()), (422, json!("/sku")), "not overwritten");
    let change = json!({ "compare_at": { "amount": "20.00", "currency": "USD" }, "variants": [{ "id": id, "inventory": { "quantity": 0 } }] });
    let changed = send(&world, "PATCH", format!("{base}/products/{id}"), &change).await;
    assert_eq!(changed.status, 200, "{}", String::from_utf8_lossy(&changed.body));
    let mug = changed.json();
    assert_eq!((&mug["price"]["amount"], &mug["variants"][0]["inventory"]["quantity"]), (&json!("12.5"), &json!(0)));
    let child = json!({ "variants": [{ "id": "47", "price": { "amount": "33.00" } }] });
    let hoodie = send(&world, "PATCH", format!("{base}/products/52"), &child).await.json();
    assert_eq!(hoodie["variants"][0]["price"]["amount"], "33.0");
    assert_eq!(delete(&world, format!("{base}/products/{id}")).await.status, 204);
    assert!(!magento.skus().contains(&"MUG/1 a".to_owned()));
    assert_eq!(delete(&world, format!("{base}/products/{id}")).await.status, 404);
}

#[tokio::test]
async fn orders_customers_categories_and_stock_are_written() {
    let (world, _magento, base) = connected(Setup::default(), ACCESS_TOKEN).await;
    let cancel = json!({ "status": "cancelled" });
    let order = send(&world, "PATCH", format!("{base}/orders/2"), &cancel).await;
    assert_eq!((order.status, order.json()["status"].clone()), (200, json!("cancelled")));
    let twice = send(&world, "PATCH", format!("{base}/orders/2"), &cancel).await;
    assert_eq!((twice.status, twice.json()["errors"][0]["pointer"].clone()), (422, json!("/status")));
    let new = send(&world, "POST", format!("{base}/orders"), &json!({ "lines": [] })).await;
    assert_eq!((new.status, new.problem().as_str()), (501, "not_supported_by_platform"));

    let customer = json!({ "email": "n@x.test", "first_name": "N", "last_name": "M", "addresses": [{ "line1": "1", "city": "X", "country": "US" }] });
    let made = send(&world, "POST", format!("{base}/customers"), &customer).await.json();
    let path = format!("{base}/customers/{}", made["id"].as_str().unwrap());
    let changed = send(&world, "PATCH", path.clone(), &json!({ "last_name": "O" })).await.json();
    assert_eq!((&changed["last_name"], &changed["addresses"][0]["line1"]), (&json!("O"), &json!("1")));
    let taken = send(&world, "PATCH", path.clone(), &json!({ "email": "c1@x.test" })).await;
    assert_eq!((taken.status, taken.problem().as_str()), (422, "upstream_rejected"));
    assert_eq!(delete(&world, path).await.status, 204);

    let made =
        send(&world, "POST", format!("{base}/categories"), &json!({ "name": "Mugs", "slug": "mugs" })).await.json();
    let path = format!("{base}/categories/{}", made["id"].as_str().unwrap());
    let changed = send(&world, "PATCH", path.clone(), &json!({ "parent_id": "3", "visible": false })).await.json();
    assert_eq!(
        (&changed["parent_id"], &changed["visible"], &changed["slug"]),
        (&json!("3"), &json!(false), &json!("mugs"))
    );
    assert_eq!(delete(&world, path).await.status, 204);

    let level = send(&world, "PATCH", format!("{base}/inventory/101"), &json!({ "available": 17 })).await;
    assert_eq!((level.status, level.json()["available"].clone()), (200, json!(17)));
    let elsewhere =
        send(&world, "PATCH", format!("{base}/inventory/101"), &json!({ "available": 1, "location_id": "moon" })).await;
    assert_eq!((elsewhere.status, elsewhere.problem().as_str()), (422, "upstream_rejected"));
}

#[tokio::test]
async fn a_wrong_token_is_told_without_showing_it() {
    for signed in [false, true] {
        let (world, _magento, base) = connected(Setup { signed, ..Setup::default() }, "mg_wrong_wrong_wrong").await;
        let answer = get(&world, format!("{base}/products")).await;
        assert_eq!((answer.status, answer.problem().as_str()), (424, "upstream_unauthorized"));
        let text = String::from_utf8(answer.body).unwrap();
        assert!(text.contains("Magento_Catalog::products") && !text.contains("mg_wrong"), "{text}");
    }
}
