use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};

use super::*;
use crate::Fields;
use crate::allowance::Refill;
use crate::tests::{FIRST_PAGE, Sent, address_of, credential_of, drive, ok, read, refused_field};

const STORE: &str = include_str!("../../fixtures/bigcommerce/store.json");
const PRODUCTS: &str = include_str!("../../fixtures/bigcommerce/products.json");
const ORDERS: &str = include_str!("../../fixtures/bigcommerce/orders.json");
const CUSTOMERS: &str = include_str!("../../fixtures/bigcommerce/customers.json");
const CATEGORIES: &str = include_str!("../../fixtures/bigcommerce/categories.json");
const INVENTORY: &str = include_str!("../../fixtures/bigcommerce/inventory.json");
const CART: &str = include_str!("../../fixtures/bigcommerce/cart.json");
const CART_ID: &str = "bc218c65-7a32-4ab7-8082-68730c074d02";

fn sent(request: &OutboundRequest) -> Sent {
    crate::tests::sent(request, "/stores/abc123/")
}

fn status(status: u16, body: &str) -> InboundResponse {
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

fn write(
    entity: Entity,
    verb: Verb,
    id: &str,
    body: &Value,
    answer: impl FnMut(&Sent) -> InboundResponse,
) -> Result<(Value, Vec<Sent>), ReadError> {
    crate::tests::write(&BigCommerce, "/stores/abc123/", entity, verb, id, body, answer)
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

/// The product that a write reads again, and what else it needs.
fn product_answers(request: &Sent) -> InboundResponse {
    let towel = serde_json::from_str::<Value>(PRODUCTS).unwrap()["data"][0].clone();
    let orb = serde_json::from_str::<Value>(PRODUCTS).unwrap()["data"][1].clone();
    match request.1.as_str() {
        path if path.starts_with("v2/store") => ok(STORE),
        path if path.starts_with("v3/catalog/products/80") => ok(&json!({ "data": orb, "meta": {} }).to_string()),
        path if path.starts_with("v3/catalog/products") => ok(&json!({ "data": towel, "meta": {} }).to_string()),
        path if path.starts_with("v3/catalog/variants") => ok(r#"{"data":[],"meta":{}}"#),
        _ => ok(r#"{"data":[],"meta":{}}"#),
    }
}

#[test]
fn a_product_is_created_with_its_variants() {
    let body = json!({
        "name": "Towel", "status": "draft", "price": { "amount": "10.50" }, "compare_at": { "amount": "12.00" },
        "categories": ["18"], "brand": "Fog", "seo": { "slug": "towel", "title": "T" },
        "images": [{ "url": "https://x.test/a.png", "alt": "A" }],
        "variants": [
            { "sku": "T-S", "options": { "Size": "S" }, "inventory": { "quantity": 3 } },
            { "sku": "T-M", "options": { "Size": "M" }, "price": { "amount": "11.00" } }
        ],
    });
    let (made, sent) = write(Entity::Products, Verb::Create, "", &body, product_answers).unwrap();
    assert_eq!(made["id"], "77");
    assert_eq!((&sent[0].0, sent[0].1.as_str()), (&Method::POST, "v3/catalog/products"));
    assert_eq!(
        sent[0].2,
        json!({
            "name": "Towel", "type": "physical", "is_visible": false, "price": 12.00, "sale_price": 10.50, "weight": 0, "categories": [18],
            "brand_name": "Fog", "page_title": "T", "custom_url": { "url": "/towel/", "is_customized": true },
            "inventory_tracking": "variant",
            "images": [{ "image_url": "https://x.test/a.png", "description": "A", "sort_order": 0, "is_thumbnail": true }],
            "variants": [
                { "sku": "T-S", "inventory_level": 3, "option_values": [{ "option_display_name": "Size", "label": "S" }] },
                { "sku": "T-M", "price": 11.00, "option_values": [{ "option_display_name": "Size", "label": "M" }] }
            ],
        })
    );
    let one = json!({ "name": "Orb", "price": { "amount": "1.00" }, "variants": [{ "barcode": "4006381333931", "inventory": { "quantity": 2 } }] });
    let (_, sent) = write(Entity::Products, Verb::Create, "", &one, product_answers).unwrap();
    let simple = json!({ "name": "Orb", "type": "physical", "price": 1.00, "weight": 0, "upc": "4006381333931", "inventory_level": 2, "inventory_tracking": "product" });
    assert_eq!(sent[0].2, simple);
}

#[test]
fn a_change_of_one_price_knows_the_other() {
    let change = |id: &str, body: Value| write(Entity::Products, Verb::Update, id, &body, product_answers).unwrap().1;
    let name = change("77", json!({ "name": "New", "description_html": null }));
    assert_eq!(
        name[0],
        (Method::PUT, "v3/catalog/products/77".to_owned(), json!({ "name": "New", "description": "" })),
        "no read before"
    );
    // 80 is on sale: 89 instead of 109.
    for (body, expected) in [
        (json!({ "price": { "amount": "80.00" } }), json!({ "sale_price": 80.00 })),
        (json!({ "compare_at": { "amount": "120.00" } }), json!({ "price": 120.00, "sale_price": 89.00 })),
        (json!({ "compare_at": null }), json!({ "price": 89.00, "sale_price": 0 })),
        (json!({ "price": { "amount": "80.00" }, "compare_at": null }), json!({ "price": 80.00, "sale_price": 0 })),
    ] {
        let sent = change("80", body);
        let put = sent.iter().find(|(method, ..)| *method == Method::PUT).unwrap();
        assert_eq!(put.2, expected);
    }
    let sent = change("77", json!({ "price": { "amount": "80.00" } }));
    assert_eq!(sent[1].2, json!({ "price": 80.00 }), "not on sale");
}

#[test]
fn variants_are_changed_added_and_the_base_is_the_product() {
    let body = json!({ "variants": [
        { "id": "66", "sku": "NEW", "inventory": { "quantity": 4 } },
        { "id": "67", "price": { "amount": "40.00" } },
        { "options": { "Color": "Red", "Size": "S" }, "sku": "RED" }
    ] });
    let (_, sent) = write(Entity::Products, Verb::Update, "77", &body, product_answers).unwrap();
    let posted = sent.iter().find(|(method, ..)| *method == Method::POST).unwrap();
    assert_eq!(posted.1, "v3/catalog/products/77/variants");
    assert_eq!(posted.2["option_values"][0], json!({ "option_display_name": "Color", "label": "Red" }));
    let put = sent.iter().find(|(method, ..)| *method == Method::PUT).unwrap();
    assert_eq!(put.1, "v3/catalog/variants");
    assert_eq!(put.2, json!([{ "id": 66, "sku": "NEW", "inventory_level": 4 }, { "id": 67, "sale_price": 40.00 }]));
    let base = json!({ "variants": [{ "id": "71", "sku": "ORB" }] });
    let (_, sent) = write(Entity::Products, Verb::Update, "80", &base, product_answers).unwrap();
    assert_eq!(sent[1], (Method::PUT, "v3/catalog/products/80".to_owned(), json!({ "sku": "ORB" })));
    let unknown = json!({ "variants": [{ "id": "66" }, { "id": "999", "sku": "x" }] });
    let error = write(Entity::Products, Verb::Update, "77", &unknown, product_answers).unwrap_err();
    assert!(matches!(error, ReadError::Refused(Refusal::Field { pointer, .. }) if pointer == "/variants/1/id"));
}

#[test]
fn what_bigcommerce_cannot_hold_is_refused_with_its_pointer() {
    for (entity, verb, body, pointer) in [
        (Entity::Products, Verb::Create, json!({ "name": "A" }), "/price"),
        (
            Entity::Products,
            Verb::Create,
            json!({ "name": "A", "price": { "amount": "1" }, "categories": ["x"] }),
            "/categories/0",
        ),
        (
            Entity::Products,
            Verb::Create,
            json!({ "name": "A", "price": { "amount": "1" }, "variants": [{ "id": "1" }] }),
            "/variants/0/id",
        ),
        (
            Entity::Products,
            Verb::Create,
            json!({ "name": "A", "price": { "amount": "1" }, "variants": [{}, {}] }),
            "/variants/0/options",
        ),
        (Entity::Products, Verb::Update, json!({ "name": null }), "/name"),
        (Entity::Products, Verb::Update, json!({ "images": [] }), "/images"),
        (Entity::Products, Verb::Update, json!({ "variants": [{ "sku": "x" }] }), "/variants/0/options"),
        (Entity::Orders, Verb::Create, json!({ "lines": [] }), "/billing"),
        (Entity::Orders, Verb::Update, json!({ "lines": [] }), "/lines"),
        (Entity::Orders, Verb::Update, json!({ "status": "cancelled", "financial_status": "paid" }), "/status"),
        (Entity::Customers, Verb::Create, json!({ "email": "a@x.test", "first_name": "A" }), "/last_name"),
        (Entity::Customers, Verb::Update, json!({ "groups": ["1", "2"] }), "/groups"),
        (Entity::Categories, Verb::Update, json!({ "parent_id": "top" }), "/parent_id"),
        (Entity::Inventory, Verb::Update, json!({ "location_id": "1" }), "/available"),
    ] {
        assert_eq!(refused_field(&BigCommerce, entity, verb, &body), pointer, "{body}");
    }
}

#[test]
fn a_multi_status_is_no_success() {
    let partial = r#"{"data":{"id":77},"errors":{"custom_url":"is taken"},"meta":{}}"#;
    let answer =
        |request: &Sent| if request.0 == Method::PUT { status(207, partial) } else { product_answers(request) };
    let error = write(Entity::Products, Verb::Update, "77", &json!({ "name": "x" }), answer).unwrap_err();
    match error {
        ReadError::Upstream { status: StatusCode::UNPROCESSABLE_ENTITY, text, .. } => {
            assert!(text.contains("is taken"))
        }
        other => panic!("{other:?}"),
    }
    let failed = r#"{"errors":{"status":422,"title":"no such parent"},"meta":{"total":1,"success":0,"failed":1}}"#;
    let error = write(Entity::Categories, Verb::Update, "23", &json!({ "name": "x" }), |_| ok(failed)).unwrap_err();
    assert!(matches!(error, ReadError::Upstream { status: StatusCode::UNPROCESSABLE_ENTITY, .. }));
}

#[test]
fn orders_are_created_changed_and_archived() {
    let one = serde_json::from_str::<Value>(ORDERS).unwrap()[0].to_string();
    let answer = |request: &Sent| match request.1.as_str() {
        path if path.starts_with("v2/orders") && request.0 == Method::DELETE => status(204, ""),
        path if path.starts_with("v2/orders") => ok(&one),
        _ => ok(r#"{"data":[],"meta":{}}"#),
    };
    let body = json!({
        "customer": { "id": "11", "email": "jane@x.test" }, "financial_status": "paid", "currency": "USD", "note": "Ring",
        "billing": { "first_name": "Jane", "country": "US", "region": { "code": "TX", "name": "Texas" } },
        "lines": [{ "product_id": "77", "variant_id": "66", "quantity": 2 }, { "name": "Card", "quantity": 1, "unit_price": { "amount": "5.00" } }],
    });
    let (made, sent) = write(Entity::Orders, Verb::Create, "", &body, answer).unwrap();
    assert_eq!(made["id"], "218");
    let posted = &sent[0].2;
    assert_eq!(
        (&posted["status_id"], &posted["customer_id"], &posted["default_currency_code"]),
        (&json!(11), &json!(11), &json!("USD"))
    );
    assert_eq!(
        (&posted["billing_address"]["state"], &posted["billing_address"]["email"]),
        (&json!("Texas"), &json!("jane@x.test"))
    );
    assert_eq!(
        posted["products"],
        json!([{ "product_id": 77, "variant_id": 66, "quantity": 2 }, { "name": "Card", "quantity": 1, "price_ex_tax": 5.00, "price_inc_tax": 5.00 }])
    );
    for (change, id) in [
        (json!({ "status": "cancelled" }), 5),
        (json!({ "fulfillment_status": "partial" }), 3),
        (json!({ "fulfillment_status": "fulfilled" }), 2),
        (json!({ "status": "completed" }), 10),
        (json!({ "financial_status": "refunded" }), 4),
    ] {
        let (_, sent) = write(Entity::Orders, Verb::Update, "218", &change, answer).unwrap();
        assert_eq!(sent[0], (Method::PUT, "v2/orders/218".to_owned(), json!({ "status_id": id })));
    }
    let (_, sent) = write(Entity::Orders, Verb::Delete, "218", &Value::Null, answer).unwrap();
    assert_eq!((&sent[0].0, sent[0].1.as_str()), (&Method::DELETE, "v2/orders/218"));
}

#[test]
fn customers_are_written_as_lists_and_their_addresses_apart() {
    let answer = |request: &Sent| match request.1.as_str() {
        path if path.starts_with("v3/customers/addresses") => ok(r#"{"data":[{"id":9},{"id":10}],"meta":{}}"#),
        _ => ok(CUSTOMERS),
    };
    let new = json!({ "email": "a@x.test", "first_name": "A", "last_name": "B", "groups": ["4"], "addresses": [{ "line1": "1", "country": "US" }] });
    let (_, sent) = write(Entity::Customers, Verb::Create, "", &new, answer).unwrap();
    assert_eq!((sent[0].1.as_str(), &sent[0].2[0]["customer_group_id"]), ("v3/customers", &json!(4)));
    assert_eq!(sent[0].2[0]["addresses"][0]["address1"], "1");
    let change = json!({ "phone": null, "addresses": [{ "line1": "only" }] });
    let (_, sent) = write(Entity::Customers, Verb::Update, "11", &change, answer).unwrap();
    let calls: Vec<(String, &str)> = sent.iter().map(|(method, path, _)| (method.to_string(), path.as_str())).collect();
    assert_eq!(calls[0], ("PUT".to_owned(), "v3/customers"));
    assert_eq!(sent[0].2, json!([{ "id": 11, "phone": "" }]));
    assert_eq!(calls[2], ("PUT".to_owned(), "v3/customers/addresses"));
    assert_eq!((&sent[2].2[0]["id"], &sent[2].2[0]["address1"]), (&json!(9), &json!("only")));
    assert_eq!(calls[3], ("DELETE".to_owned(), "v3/customers/addresses?id:in=10"));
}

#[test]
fn categories_need_a_tree_and_an_address() {
    let answer = |request: &Sent| match request.1.as_str() {
        "v3/catalog/trees" => ok(r#"{"data":[{"id":1,"name":"Default","channels":[1]}],"meta":{}}"#),
        _ => ok(CATEGORIES),
    };
    let (_, sent) =
        write(Entity::Categories, Verb::Create, "", &json!({ "name": "Bath & Body", "visible": true }), answer)
            .unwrap();
    assert_eq!(
        sent[1].2,
        json!([{ "tree_id": 1, "name": "Bath & Body", "is_visible": true, "url": { "path": "/bath-body/", "is_customized": true } }])
    );
    let (_, sent) =
        write(Entity::Categories, Verb::Create, "", &json!({ "name": "Soap", "parent_id": "23" }), answer).unwrap();
    assert_eq!(sent[0].2[0]["parent_id"], 23, "the parent's tree is the tree");
    let (_, sent) =
        write(Entity::Categories, Verb::Update, "18", &json!({ "parent_id": null, "position": 2 }), answer).unwrap();
    assert_eq!(sent[0].2, json!([{ "category_id": 18, "parent_id": 0, "sort_order": 2 }]));
    let (_, sent) = write(Entity::Categories, Verb::Delete, "18", &Value::Null, |_| status(204, "")).unwrap();
    assert_eq!(sent[0].1, "v3/catalog/trees/categories?category_id:in=18");
}

#[test]
fn a_stock_level_is_set_where_bigcommerce_counts_it() {
    let base = INVENTORY.replace(r#""sku_id":66"#, r#""sku_id":null"#);
    for (items, expected) in [
        (INVENTORY, json!({ "location_id": 2, "variant_id": 66, "quantity": 8 })),
        (&base, json!({ "location_id": 2, "product_id": 77, "quantity": 8 })),
    ] {
        let answer =
            |request: &Sent| if request.0 == Method::PUT { ok(r#"{"transaction_id":"t"}"#) } else { ok(items) };
        let body = json!({ "available": 8, "location_id": "2" });
        let (_, sent) = write(Entity::Inventory, Verb::Update, "66", &body, answer).unwrap();
        assert_eq!((sent[1].1.as_str(), &sent[1].2["items"][0]), ("v3/inventory/adjustments/absolute", &expected));
    }
}

#[test]
fn a_baskets_lines_are_changed_one_after_the_other() {
    let line = "e0cf6d1d-9d27-4c0e-89ec-afb5d38b9d9d";
    let body = json!({ "lines": [{ "id": line, "quantity": 5 }, { "product_id": "80", "quantity": 1 }] });
    let (basket, sent) = write(Entity::Baskets, Verb::Update, CART_ID, &body, |_| ok(CART)).unwrap();
    assert_eq!(basket["id"], CART_ID);
    assert_eq!(sent[1].2, json!({ "line_items": [{ "quantity": 1, "product_id": 80 }] }));
    assert_eq!(sent[2].1, format!("v3/carts/{CART_ID}/items/{line}"));
    assert_eq!(sent[2].2, json!({ "line_item": { "quantity": 5, "product_id": 77, "variant_id": 66 } }));
    let gone = json!({ "lines": [{ "id": line, "quantity": 0 }] });
    let (_, sent) = write(Entity::Baskets, Verb::Update, CART_ID, &gone, |_| ok(CART)).unwrap();
    assert_eq!(sent[1].0, Method::DELETE);
    let (_, sent) =
        write(Entity::Baskets, Verb::Create, "", &json!({ "lines": [{ "product_id": "77", "quantity": 1 }] }), |_| {
            ok(CART)
        })
        .unwrap();
    assert_eq!((sent[0].1.as_str(), &sent[0].2["line_items"][0]["product_id"]), ("v3/carts", &json!(77)));
}
