use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};

use super::*;
use crate::Fields;
use crate::allowance::Refill;
use crate::tests::{FIRST_PAGE, Sent, address_of, credential_of, drive, ok, read};

pub(super) const STORE: &str = include_str!("../../fixtures/bigcommerce/store.json");
pub(super) const PRODUCTS: &str = include_str!("../../fixtures/bigcommerce/products.json");
pub(super) const ORDERS: &str = include_str!("../../fixtures/bigcommerce/orders.json");
pub(super) const CUSTOMERS: &str = include_str!("../../fixtures/bigcommerce/customers.json");
pub(super) const CATEGORIES: &str = include_str!("../../fixtures/bigcommerce/categories.json");
pub(super) const INVENTORY: &str = include_str!("../../fixtures/bigcommerce/inventory.json");
pub(super) const CART: &str = include_str!("../../fixtures/bigcommerce/cart.json");
pub(super) const CART_ID: &str = "bc218c65-7a32-4ab7-8082-68730c074d02";

fn sent(request: &OutboundRequest) -> Sent {
    crate::tests::sent(request, "/stores/abc123/")
}

pub(super) fn status(status: u16, body: &str) -> InboundResponse {
    InboundResponse { status: StatusCode::from_u16(status).unwrap(), ..ok(body) }
}

/// Answers by the beginning of a path; what is not listed is 404.
fn store(answers: Vec<(&'static str, String)>) -> impl FnMut(&OutboundRequest) -> InboundResponse {
    move |request| {
        let (_, target, _) = sent(request);
        match answers.iter().find(|(known, _)| target.starts_with(known)) {
            Some((_, body)) => ok(body),
            None => status(404, r#"{"status":404,"title":"The resource was not found."}"#),
        }
    }
}

#[test]
fn products_come_with_variants_settings_and_brands() {
    let brands = r#"{"data":[{"id":37,"name":"Fog Linen"}],"meta":{}}"#;
    let answers = vec![
        ("v3/catalog/products", PRODUCTS.to_owned()),
        ("v2/store", STORE.to_owned()),
        ("v3/catalog/brands?id:in=37&", brands.to_owned()),
    ];
    let (page, rounds) = read(&BigCommerce, Entity::Products, FIRST_PAGE, store(answers)).unwrap();
    assert_eq!(
        rounds[0],
        [
            "https://api.bigcommerce.com/stores/abc123/v3/catalog/products?id%3Agreater=0&limit=25&sort=id&direction=asc&include=variants%2Cimages%2Ccustom_fields",
            "https://api.bigcommerce.com/stores/abc123/v2/store"
        ]
    );
    assert_eq!((rounds.len(), rounds[1].len()), (2, 1), "one call for the brands of a page");
    let (towel, orb) = (&page["data"][0], &page["data"][1]);
    assert_eq!(
        (&towel["type"], &towel["brand"], &towel["status"]),
        (&json!("variable"), &json!("Fog Linen"), &json!("active"))
    );
    assert_eq!(
        towel["options"],
        json!([{ "name": "Color", "values": ["Silver", "Black"] }, { "name": "Size", "values": ["S"] }])
    );
    assert_eq!(towel["images"][0]["alt"], "Folded", "pictures in the store's order");
    let usd = |amount: &str| json!({ "amount": amount, "currency": "USD" });
    let (silver, black) = (&towel["variants"][0], &towel["variants"][1]);
    assert_eq!((&silver["price"], &silver["compare_at"]), (&usd("49"), &Value::Null));
    assert_eq!(
        (&silver["weight"], &silver["barcode"]),
        (&json!({ "value": "1", "unit": "lb" }), &json!("4006381333931"))
    );
    assert_eq!((&black["price"], &black["compare_at"], &black["cost"]), (&usd("44.4"), &usd("55.5"), &usd("20.10")));
    assert_eq!(black["options"], json!({ "Color": "Black", "Size": "S" }));
    assert_eq!(black["inventory"]["quantity"], 9);
    assert_eq!((&orb["type"], &orb["status"], &orb["brand"]), (&json!("simple"), &json!("draft"), &Value::Null));
    assert_eq!((&orb["price"], &orb["compare_at"]), (&usd("89"), &usd("109.00")), "digits stay as they were written");
    assert_eq!(orb["variants"][0]["id"], "71", "the base variant has an id of its own, which orders name");
    assert_eq!(orb["variants"][0]["inventory"]["quantity"], 7, "counted on the product");
    assert_eq!(orb["dimensions"], json!({ "length": "6.5", "width": "4", "height": "8", "unit": "in" }));
    assert_eq!(orb["updated_at"], "2018-08-15T14:48:46Z");
    assert_eq!(page["next_cursor"], Value::Null);
}

#[test]
fn only_what_is_wanted_is_asked_for() {
    let (address, credential) = (address_of(&BigCommerce), credential_of(&BigCommerce));
    let context = Context { address: &address, credential: &credential };
    let rounds = |entity: Entity, fields: &str, body: &str| {
        let fields = Fields::parse(entity, fields).unwrap();
        let read = Read { entity, target: FIRST_PAGE, fields: Some(&fields), include_remote: false };
        let (_, rounds) = drive(BigCommerce.read(&context, &read).unwrap(), |_| ok(body)).unwrap();
        rounds
            .into_iter()
            .flatten()
            .map(|url| url.replace("https://api.bigcommerce.com/stores/abc123/", ""))
            .collect::<Vec<_>>()
    };
    let names = rounds(Entity::Products, "id,name", PRODUCTS);
    assert_eq!(names, ["v3/catalog/products?id%3Agreater=0&limit=25&sort=id&direction=asc&include_fields=name"]);
    let stock = rounds(Entity::Products, "variants.inventory", PRODUCTS);
    assert!(stock.len() == 1 && stock[0].contains("include=variants&include_fields=inventory_level"), "{stock:?}");
    assert_eq!(rounds(Entity::Orders, "id,totals", ORDERS), ["v2/orders?min_id=1&sort=id%3Aasc&limit=25"]);
    assert_eq!(rounds(Entity::Customers, "email", CUSTOMERS), ["v3/customers?page=1&limit=25"]);
}

#[test]
fn an_order_comes_with_lines_addresses_and_refunds_in_two_calls() {
    let refunds = r#"{"data":[{"id":1,"order_id":218,"user_id":1,"created":"2019-03-12T10:00:00+00:00","reason":"Torn","total_amount":5.00,"total_tax":0,"items":[],"payments":[]}],"meta":{}}"#;
    let answers = vec![
        ("v2/orders", ORDERS.to_owned()),
        ("v3/orders/payment_actions/refunds?order_id:in=218&", refunds.to_owned()),
    ];
    let (page, rounds) = read(&BigCommerce, Entity::Orders, FIRST_PAGE, store(answers)).unwrap();
    assert_eq!(rounds.iter().map(Vec::len).collect::<Vec<_>>(), [1, 1]);
    assert!(rounds[0][0].ends_with(
        "v2/orders?include=consignments.line_items&consignment_structure=object&min_id=1&sort=id%3Aasc&limit=25"
    ));
    assert_eq!(page["data"].as_array().unwrap().len(), 1, "an incomplete checkout is no order");
    let order = &page["data"][0];
    let usd = |amount: &str| json!({ "amount": amount, "currency": "USD" });
    assert_eq!(order["currency"], "USD", "what is paid in, not what was shown");
    assert_eq!((&order["totals"]["discount"], &order["totals"]["total"]), (&usd("10.0000"), &usd("69.8400")));
    assert_eq!((&order["totals"]["refunded"], &order["totals"]["paid"]), (&usd("5.0000"), &usd("69.8400")));
    assert_eq!(
        order["refunds"],
        json!([{ "id": "1", "amount": usd("5.00"), "reason": "Torn", "created_at": "2019-03-12T10:00:00Z" }])
    );
    assert_eq!((&order["placed_at"], &order["number"]), (&json!("2019-03-05T21:40:11Z"), &json!("218")));
    assert_eq!((&order["billing"]["first_name"], &order["shipping"]["first_name"]), (&json!("Jane"), &json!("Trish")));
    assert_eq!(
        order["shipping_lines"],
        json!([{ "id": "99", "title": "Flat Rate", "code": null, "total": usd("11.09"), "tax": usd("0.91") }])
    );
    let (card, towel) = (&order["lines"][0], &order["lines"][1]);
    assert_eq!((&card["id"], &card["product_id"], &card["total"]), (&json!("65"), &Value::Null, &usd("6.7800")));
    assert_eq!(
        (&towel["variant_id"], &towel["quantity"], &towel["unit_price"]),
        (&json!("67"), &json!(2), &usd("27.9500"))
    );
    assert_eq!((&towel["discount"], &towel["total"]), (&usd("8.5900"), &usd("47.3100")));
    assert_eq!(towel["options"], json!([{ "name": "Color", "value": "Black" }]));
}

#[test]
fn statuses_are_mapped_by_the_table() {
    for (id, name, more, status, financial, fulfillment) in [
        (1, "Pending", "", "open", "pending", "unfulfilled"),
        (7, "Awaiting Payment", "", "open", "pending", "unfulfilled"),
        (12, "Manual Verification Required", "", "open", "pending", "unfulfilled"),
        (8, "Awaiting Pickup", "", "open", "paid", "unfulfilled"),
        (9, "Awaiting Shipment", "", "open", "paid", "unfulfilled"),
        (11, "Awaiting Fulfillment", "", "open", "paid", "unfulfilled"),
        (11, "Awaiting Fulfillment", r#","payment_status":"authorized""#, "open", "authorized", "unfulfilled"),
        (3, "Partially Shipped", "", "open", "paid", "partial"),
        (2, "Shipped", "", "completed", "paid", "fulfilled"),
        (10, "Completed", "", "completed", "paid", "fulfilled"),
        (5, "Cancelled", "", "cancelled", "voided", "unfulfilled"),
        (4, "Refunded", r#","items_total":2,"items_shipped":2"#, "completed", "refunded", "fulfilled"),
        (14, "Partially Refunded", r#","items_total":2,"items_shipped":1"#, "open", "partially_refunded", "partial"),
        (6, "Declined", "", "open", "failed", "unfulfilled"),
        (13, "Disputed", "", "open", "paid", "unfulfilled"),
    ] {
        let body = format!(r#"[{{"id":1,"status_id":{id},"status":"{name}"{more}}}]"#);
        let (page, _) = read(&BigCommerce, Entity::Orders, FIRST_PAGE, |_| ok(&body)).unwrap();
        let order = &page["data"][0];
        let got = ["status", "financial_status", "fulfillment_status", "remote_status"]
            .map(|name| order[name].as_str().unwrap());
        assert_eq!(got, [status, financial, fulfillment, name]);
    }
}

#[test]
fn an_empty_list_of_orders_is_a_204_without_a_body() {
    let (page, _) = read(&BigCommerce, Entity::Orders, FIRST_PAGE, |_| status(204, "")).unwrap();
    assert_eq!(page, json!({ "data": [], "next_cursor": null }));
}

#[test]
fn pages_go_on_from_an_id() {
    fn two(cursor: Option<&str>) -> Target<'_> {
        Target::Page { per_page: 2, cursor, updated_after: None }
    }
    let more = PRODUCTS.replace(r#""total":2,"#, r#""total":9,"#);
    let none = r#"{"data":[],"meta":{}}"#;
    let answers =
        || vec![("v3/catalog/products", more.clone()), ("v2/orders", ORDERS.to_owned()), ("v3", none.to_owned())];
    for (entity, next) in [(Entity::Products, "id%3Agreater=80&"), (Entity::Orders, "min_id=220&")] {
        let (page, _) = read(&BigCommerce, entity, two(None), store(answers())).unwrap();
        let cursor = page["next_cursor"].as_str().unwrap().to_owned();
        let (page, rounds) = read(&BigCommerce, entity, two(Some(&cursor)), store(answers())).unwrap();
        assert!(rounds[0][0].contains(next), "{}", rounds[0][0]);
        // A platform that gives the same rows again does not get us into a circle.
        assert_eq!(page["next_cursor"], Value::Null, "{entity}");
    }
}

#[test]
fn customers_with_many_addresses_show_them_all() {
    let many = CUSTOMERS.replace(r#""address_count":1"#, r#""address_count":12"#);
    let address = r#"{"id":9,"customer_id":11,"first_name":"J","city":"Austin","country_code":"US"}"#;
    let addresses = format!(r#"{{"data":[{address},{address}],"meta":{{}}}}"#);
    let answers = vec![("v3/customers/addresses?customer_id:in=11&", addresses), ("v3/customers", many)];
    let (page, rounds) = read(&BigCommerce, Entity::Customers, FIRST_PAGE, store(answers)).unwrap();
    assert_eq!(rounds.len(), 2);
    assert_eq!(page["data"][0]["addresses"].as_array().unwrap().len(), 2);
    assert_eq!(page["data"][0]["groups"], json!(["4"]));
    let (customer, rounds) = read(
        &BigCommerce,
        Entity::Customers,
        Target::One("11"),
        store(vec![("v3/customers?id:in=11", CUSTOMERS.to_owned())]),
    )
    .unwrap();
    assert_eq!((rounds.len(), &customer["addresses"][0]["region"]["name"]), (1, &json!("Texas")));
    let nobody = r#"{"data":[],"meta":{}}"#;
    let error = read(&BigCommerce, Entity::Customers, Target::One("12"), |_| ok(nobody)).unwrap_err();
    assert!(matches!(error, ReadError::Upstream { status: StatusCode::NOT_FOUND, .. }));
}

#[test]
fn categories_and_stock() {
    let (page, _) = read(&BigCommerce, Entity::Categories, FIRST_PAGE, |_| ok(CATEGORIES)).unwrap();
    assert_eq!((&page["data"][0]["parent_id"], &page["data"][1]["parent_id"]), (&Value::Null, &json!("23")));
    assert_eq!((&page["data"][1]["slug"], &page["data"][1]["visible"]), (&json!("shop-all/bath"), &json!(false)));
    let (page, _) = read(&BigCommerce, Entity::Inventory, FIRST_PAGE, |_| ok(INVENTORY)).unwrap();
    let level = |index: usize| {
        ["variant_id", "location_id", "available", "on_hand"].map(|name| page["data"][index][name].clone())
    };
    assert_eq!(level(0), [json!("66"), json!("1"), json!(28), json!(30)]);
    assert_eq!(level(1), [json!("66"), json!("2"), json!(5), json!(5)]);
    let (one, _) = read(&BigCommerce, Entity::Inventory, Target::One("66"), |_| ok(INVENTORY)).unwrap();
    assert_eq!((&one["location_id"], &one["available"], &one["on_hand"]), (&Value::Null, &json!(33), &json!(35)));
    let more = CATEGORIES.replace(r#""total_pages":1"#, r#""total_pages":2"#);
    let (page, _) = read(&BigCommerce, Entity::Categories, FIRST_PAGE, |_| ok(&more)).unwrap();
    let next = page["next_cursor"].as_str().unwrap();
    let target = Target::Page { per_page: 25, cursor: Some(next), updated_after: None };
    let (_, rounds) = read(&BigCommerce, Entity::Categories, target, |_| ok(CATEGORIES)).unwrap();
    assert!(rounds[0][0].ends_with("?page=2&limit=25"));
}

#[test]
fn a_basket_is_read_by_its_id_only() {
    let (basket, _) = read(&BigCommerce, Entity::Baskets, Target::One(CART_ID), |_| ok(CART)).unwrap();
    assert_eq!(basket["lines"][0]["total"], json!({ "amount": "98", "currency": "USD" }));
    assert_eq!((&basket["customer"]["id"], &basket["id"]), (&json!("11"), &json!(CART_ID)));
    assert!(basket["url"].as_str().unwrap().starts_with("https://shop.example/cart.php"));
}

#[test]
fn filters_are_asked_for_or_refused() {
    let after = Some("2026-01-02T03:04:05Z".parse().unwrap());
    let target = || Target::Page { per_page: 25, cursor: None, updated_after: after };
    for (entity, body, part) in [
        (Entity::Products, PRODUCTS, "date_modified%3Amin=2026-01-02T03%3A04%3A05"),
        (Entity::Customers, CUSTOMERS, "date_modified%3Amin=2026-01-02T03%3A04%3A05"),
        (Entity::Orders, ORDERS, "min_date_modified=2026-01-02T03%3A04%3A05%2B00%3A00"),
    ] {
        let none = ("v3/orders/payment_actions", r#"{"data":[],"meta":{}}"#.to_owned());
        let (_, rounds) = read(&BigCommerce, entity, target(), store(vec![none, ("", body.to_owned())])).unwrap();
        assert!(rounds[0][0].contains(part), "{}", rounds[0][0]);
    }
    let (address, credential) = (address_of(&BigCommerce), credential_of(&BigCommerce));
    let context = Context { address: &address, credential: &credential };
    for entity in [Entity::Categories, Entity::Inventory] {
        let read = Read { entity, target: target(), fields: None, include_remote: false };
        assert!(matches!(BigCommerce.read(&context, &read), Err(Refusal::FilterNotSupported(_))));
    }
}

#[test]
fn the_address_is_the_api_path_of_a_store() {
    for (given, expected) in [
        ("abc123", "https://api.bigcommerce.com/stores/abc123"),
        ("https://api.bigcommerce.com/stores/abc123/v3/", "https://api.bigcommerce.com/stores/abc123"),
        ("api.bigcommerce.com/stores/abc123/v2", "https://api.bigcommerce.com/stores/abc123"),
    ] {
        assert_eq!(
            BigCommerce.address(given, Loopback::Denied).map(|address| address.to_string()),
            Ok(expected.to_owned())
        );
    }
    for given in [
        "https://shop.example",
        "https://evil.example/stores/abc123",
        "https://api.bigcommerce.com/stores/",
        "https://api.bigcommerce.com/stores/a/b",
        "https://api.bigcommerce.com/stores/a%2Fb",
    ] {
        assert_eq!(BigCommerce.address(given, Loopback::Denied), Err(AddressError::NotTheApi), "{given}");
    }
    assert!(BigCommerce.address("http://127.0.0.1:1/stores/abc123", Loopback::Allowed).is_ok());
}

#[test]
fn a_probe_tells_a_missing_scope_from_a_wrong_token() {
    let (address, credential) = (address_of(&BigCommerce), credential_of(&BigCommerce));
    let context = Context { address: &address, credential: &credential };
    let probe = |code: u16, body: &str| drive(BigCommerce.probe(&context).unwrap(), |_| status(code, body)).map(|_| ());
    assert_eq!(probe(200, STORE), Ok(()));
    assert_eq!(
        probe(403, r#"{"status":403,"title":"You don't have a required scope to access the endpoint"}"#),
        Ok(())
    );
    assert!(probe(403, "<html>blocked</html>").is_err());
    assert!(probe(401, r#"{"status":401,"title":"X-Auth-Token header is required"}"#).is_err());
    assert!(probe(200, "<html>").is_err());
}

#[test]
fn what_is_left_of_the_limit_is_in_every_answer() {
    let with = |headers: &[(&'static str, &str)]| {
        let mut answer = ok("");
        for (name, value) in headers {
            answer.headers.insert(*name, value.parse().unwrap());
        }
        BigCommerce.allowance(&answer)
    };
    let told = with(&[
        ("x-rate-limit-requests-left", "149"),
        ("x-rate-limit-requests-quota", "150"),
        ("x-rate-limit-time-reset-ms", "29500"),
        ("x-rate-limit-time-window-ms", "30000"),
    ]);
    let after = Duration::from_millis(29_500);
    assert_eq!(told, Some(Allowance { available: 149, refill: Refill::All { after } }));
    assert_eq!(with(&[("x-rate-limit-requests-left", "many")]), None);
    assert_eq!(with(&[]), None);
}

#[test]
fn a_raw_call_carries_the_stores_token_and_shows_its_entity() {
    let (address, credential) = (address_of(&BigCommerce), credential_of(&BigCommerce));
    let context = Context { address: &address, credential: &credential };
    let mut headers = HeaderMap::new();
    headers.insert("x-auth-token", "callers".parse().unwrap());
    headers.insert("x-auth-client", "callers".parse().unwrap());
    let path = RawPath::parse("v3/catalog/products").unwrap();
    let call =
        RawCall { method: Method::GET, path: &path, query: Some("limit=3"), headers: &headers, body: Bytes::new() };
    let request = BigCommerce.raw(&context, call).unwrap();
    assert_eq!(
        request.unsigned_url().as_str(),
        "https://api.bigcommerce.com/stores/abc123/v3/catalog/products?limit=3"
    );
    assert_eq!(request.headers["x-auth-token"], "test-access_token");
    assert!(!request.headers.contains_key("x-auth-client"));
    for (path, scope) in [
        ("v3/catalog/products/1/variants", Some(Entity::Products)),
        ("v3/catalog/brands", Some(Entity::Products)),
        ("v3/catalog/summary", Some(Entity::Products)),
        ("v3/catalog/trees/categories", Some(Entity::Categories)),
        ("v3/catalog/categories/7", Some(Entity::Categories)),
        ("v2/Orders/1/products", Some(Entity::Orders)),
        ("v2/orders/1/shipping_addresses", Some(Entity::Orders)),
        ("v3/customers/addresses", Some(Entity::Customers)),
        ("v3/inventory/items", Some(Entity::Inventory)),
        ("v3/carts/x/items", Some(Entity::Baskets)),
        ("v2/store", None),
    ] {
        assert_eq!(BigCommerce.raw_scope(&RawPath::parse(path).unwrap()), scope, "{path}");
    }
}
