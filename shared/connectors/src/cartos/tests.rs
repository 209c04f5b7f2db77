use domain::model::Entity;
use http::StatusCode;

use super::*;
use crate::tests::{FIRST_PAGE, address_of, credential_of, ok, read};

/// One list of each entity, with every field filled.
pub(crate) const SAMPLES: &[(Entity, &str)] = &[
    (
        Entity::Products,
        r#"{"products":[{"id":1001,"type":"variable","sku":"CT-1001","name":"Shirt","slug":"shirt","description":"<p>x</p>","status":"active","brand":"B",
        "tags":["demo"],"category_ids":[1],"images":[{"id":"img_1","url":"https://images.example.test/1.jpg","alt":"x"}],
        "options":[{"name":"Size","values":["S","M"]}],"currency":"EUR","price":19.90,"compare_at_price":"29.90","tax_class":"standard","weight":0.250,
        "weight_unit":"kg","seo_title":"t","seo_description":"d","variants":[
          {"id":100100,"sku":"S","barcode":"40","options":{"Size":"S"},"price":"19.90","compare_at_price":"29.90","cost":"9.95","weight":0.25,"weight_unit":"kg",
           "image_id":"img_1","track_inventory":true,"stock":-3,"allow_backorder":true},
          {"id":"100101","price":19.9,"track_inventory":false,"stock":4}],
        "created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-02T00:00:00+02:00"}],
        "pagination":{"total":51,"page":1,"per_page":25,"total_pages":3}}"#,
    ),
    (
        Entity::Orders,
        r#"{"orders":[{"id":5001,"number":"C-5001","status":"completed","payment_status":"partially_refunded","fulfillment_status":"fulfilled","currency":"EUR",
        "subtotal":"39.80","discount":"0.00","shipping":"4.90","tax":"7.56","total":"52.26","tax_included":false,"paid":"52.26","refunded":"10.00",
        "customer":{"id":7,"email":"a@example.test","first_name":"A","last_name":"B"},
        "billing_address":{"line1":"x 1","region_code":"BE","region":"Berlin","country":"DE"},"shipping_address":{"line1":"x 1"},
        "lines":[{"id":1,"product_id":null,"variant_id":null,"sku":"S","name":"Shirt","quantity":2,"unit_price":"19.90","unit_price_inc_tax":"23.68","discount":"0.00","tax":"7.56","total":"39.80","options":{"Size":"S"}}],
        "shipping_lines":[{"id":2,"title":"Parcel","code":"p","total":"4.90","tax":"0.00"}],
        "refunds":[{"id":3,"amount":"10.00","reason":"r","created_at":"2026-01-03T00:00:00Z"}],"note":"n","source":"web",
        "created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-02T00:00:00Z","cancelled_at":null},
        {"id":5002,"number":"C-5002","status":"made-up","currency":"EUR","customer":null}],
        "pagination":{"total":2,"page":1,"per_page":25,"total_pages":1}}"#,
    ),
    (
        Entity::Customers,
        r#"{"customers":[{"id":7,"email":"a@example.test","phone":"1","first_name":"A","last_name":"B","groups":["g"],"addresses":[{"city":"X"}],
        "accepts_email_marketing":true,"created_at":"2026-01-01T00:00:00Z"}],"pagination":{"total":1,"page":1,"per_page":25,"total_pages":1}}"#,
    ),
    (
        Entity::Categories,
        r#"{"categories":[{"id":6,"parent_id":1,"name":"N","slug":"n","path":"M / N","position":2,"visible":true}],
        "pagination":{"total":1,"page":1,"per_page":25,"total_pages":1}}"#,
    ),
    (
        Entity::Inventory,
        r#"{"inventory":[{"variant_id":100100,"product_id":1001,"location_id":"main","available":-3,"on_hand":2,"updated_at":"2026-01-01T00:00:00Z"}],
        "pagination":{"total":1,"page":1,"per_page":25,"total_pages":1}}"#,
    ),
];

#[test]
fn products_keep_their_digits_and_their_variants() {
    let (page, rounds) = read(&CartOs, Entity::Products, FIRST_PAGE, |_| ok(SAMPLES[0].1)).unwrap();
    assert_eq!(rounds, [["https://shop.example/api/products?page=1&per_page=25"]]);
    let product = &page["data"][0];
    assert_eq!(product["price"], serde_json::json!({ "amount": "19.90", "currency": "EUR" }));
    assert_eq!(product["weight"], serde_json::json!({ "value": "0.250", "unit": "kg" }));
    assert_eq!(product["variants"][0]["inventory"]["quantity"], -3);
    assert_eq!(product["variants"][1]["inventory"]["quantity"], serde_json::Value::Null);
    assert_eq!(product["variants"][1]["id"], "100101");
    assert_eq!(product["updated_at"], "2026-01-01T22:00:00Z");
    assert!(product.get("remote").is_none());
}

#[test]
fn pages_follow_each_other_to_the_last() {
    let first = read(&CartOs, Entity::Products, FIRST_PAGE, |_| ok(SAMPLES[0].1)).unwrap().0;
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = Target::Page { per_page: 25, cursor: Some(cursor), updated_after: None };
    let last = SAMPLES[0].1.replace("\"page\":1", "\"page\":3");
    let (page, rounds) = read(&CartOs, Entity::Products, second, |_| ok(&last)).unwrap();
    assert_eq!(rounds, [["https://shop.example/api/products?page=2&per_page=25"]]);
    assert_eq!(page["next_cursor"], serde_json::Value::Null);
    let empty = r#"{"products":[],"pagination":{"page":2,"total_pages":9}}"#;
    assert_eq!(
        read(&CartOs, Entity::Products, second, |_| ok(empty)).unwrap().0["next_cursor"],
        serde_json::Value::Null
    );
}

#[test]
fn orders_keep_the_platforms_status_beside_the_mapped_one() {
    let (page, _) = read(&CartOs, Entity::Orders, FIRST_PAGE, |_| ok(SAMPLES[1].1)).unwrap();
    let (first, second) = (&page["data"][0], &page["data"][1]);
    assert_eq!(
        (first["status"].as_str(), first["financial_status"].as_str()),
        (Some("completed"), Some("partially_refunded"))
    );
    assert_eq!(first["lines"][0]["product_id"], serde_json::Value::Null);
    assert_eq!(first["customer"]["is_guest"], false);
    assert_eq!((second["status"].as_str(), second["remote_status"].as_str()), (Some("open"), Some("made-up")));
    assert_eq!(second["customer"]["is_guest"], true);
}

#[test]
fn one_object_comes_without_its_wrapper() {
    let body = r#"{"category":{"id":6,"name":"N"}}"#;
    let (category, rounds) = read(&CartOs, Entity::Categories, Target::One("6"), |_| ok(body)).unwrap();
    assert_eq!(rounds, [["https://shop.example/api/categories/6"]]);
    assert_eq!((category["id"].as_str(), category["name"].as_str()), (Some("6"), Some("N")));
}

#[test]
fn the_time_of_change_goes_into_the_query() {
    let target =
        Target::Page { per_page: 2, cursor: None, updated_after: Some("2026-02-03T04:05:06Z".parse().unwrap()) };
    let (_, rounds) = read(&CartOs, Entity::Orders, target, |_| ok(SAMPLES[1].1)).unwrap();
    assert_eq!(rounds, [["https://shop.example/api/orders?page=1&per_page=2&updated_after=2026-02-03T04:05:06Z"]]);
}

#[test]
fn refusals_and_garbage_are_told_apart() {
    let refused = |_: &OutboundRequest| InboundResponse {
        status: StatusCode::FORBIDDEN,
        ..ok(r#"{"error":{"code":"insufficient_scope","message":"test-api_key may not"}}"#)
    };
    let error = read(&CartOs, Entity::Orders, FIRST_PAGE, refused).unwrap_err();
    let text = "[removed] may not".to_owned();
    assert_eq!(error, ReadError::Upstream { status: StatusCode::FORBIDDEN, retry_after: None, text });
    for body in
        ["", "<html>", "[]", "{}", r#"{"orders":[{}],"pagination":{"page":1,"total_pages":1}}"#, r#"{"orders":[]}"#]
    {
        let error = read(&CartOs, Entity::Orders, FIRST_PAGE, |_| ok(body)).unwrap_err();
        assert!(matches!(error, ReadError::Unreadable(_)), "{body}");
    }
}

#[test]
fn a_raw_call_carries_the_stores_key_and_nothing_of_ours() {
    let (address, credential) = (address_of(&CartOs), credential_of(&CartOs));
    let context = Context { address: &address, credential: &credential };
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("x-api-key", "ctg_ours"),
        ("authorization", "Bearer ctg_ours"),
        ("content-type", "application/json"),
        ("x-more", "1"),
    ] {
        headers.insert(name, value.parse().unwrap());
    }
    let path = RawPath::parse("/api/products/caf%C3%A9").unwrap();
    let call = RawCall {
        method: Method::PUT,
        path: &path,
        query: Some("a=1&api_key=x&b=%20"),
        headers: &headers,
        body: Bytes::from_static(b"{ }"),
    };
    let request = CartOs.raw(&context, call).unwrap();
    assert_eq!(request.unsigned_url().as_str(), "https://shop.example/api/products/caf%C3%A9?a=1&b=%20");
    assert_eq!((request.method.as_str(), request.body.as_ref()), ("PUT", b"{ }".as_slice()));
    assert_eq!(request.headers["x-api-key"], "test-api_key");
    assert!(!request.headers.contains_key("authorization") && request.headers.contains_key("x-more"));
    for (path, scope) in [
        ("api/products", Some(Entity::Products)),
        ("api/orders/5/notes", Some(Entity::Orders)),
        ("API/%4Frders", Some(Entity::Orders)),
        ("api/webhooks", None),
        ("api/inventory", Some(Entity::Inventory)),
    ] {
        assert_eq!(CartOs.raw_scope(&RawPath::parse(path).unwrap()), scope, "{path}");
    }
}

#[test]
fn an_address_is_a_domain() {
    let address = |text| CartOs.address(text, Loopback::Denied).map(|address| address.to_string());
    assert_eq!(address("shop.example/api/"), Ok("https://shop.example".to_owned()));
    assert_eq!(address("https://shop.example/shop"), Err(AddressError::Path));
}

/// A write of the connector: the request that it makes, or why it makes none.
fn written(entity: Entity, id: Option<&str>, sent: serde_json::Value) -> Result<(String, serde_json::Value), Refusal> {
    let verb = if id.is_some() { Verb::Update } else { Verb::Create };
    let input = Input::parse(PLATFORM.support(entity).unwrap(), verb, sent.to_string().as_bytes()).unwrap();
    let action = match id {
        Some(id) => Action::Update { id, input },
        None => Action::Create(input),
    };
    let (address, credential) = (address_of(&CartOs), credential_of(&CartOs));
    let context = Context { address: &address, credential: &credential };
    match CartOs.write(&context, Write { entity, action, include_remote: false })? {
        Turn::Send { requests, .. } => {
            let request = &requests[0];
            assert_eq!(request.headers["content-type"], "application/json");
            let line = format!("{} {}", request.method, request.unsigned_url().path());
            Ok((line, serde_json::from_slice(&request.body).unwrap()))
        }
        _ => panic!("not one request"),
    }
}

#[test]
fn what_is_written_has_the_shape_that_is_read() {
    use serde_json::json;
    let sent = json!({
        "name": "Shirt", "sku": null, "status": "active", "categories": ["1"], "tags": null, "price": { "amount": "19.90", "currency": "EUR" },
        "compare_at": null, "weight": { "value": "0.250", "unit": "kg" }, "seo": { "title": "t" },
        "variants": [{ "id": "100100", "inventory": { "quantity": 4 }, "cost": { "amount": "9.95" } }],
    });
    let (line, body) = written(Entity::Products, Some("1001"), sent).unwrap();
    assert_eq!(line, "PATCH /api/products/1001");
    let expected = json!({
        "name": "Shirt", "sku": null, "status": "active", "category_ids": ["1"], "tags": [], "currency": "EUR", "price": "19.90",
        "compare_at_price": null, "weight": "0.250", "weight_unit": "kg", "seo_title": "t",
        "variants": [{ "id": "100100", "track_inventory": true, "stock": 4, "cost": "9.95" }],
    });
    assert_eq!(body, expected);
    let sent = json!({
        "financial_status": "partially_refunded", "customer": { "id": "7" }, "billing": { "city": "X", "region": { "code": "BE" } },
        "lines": [{ "product_id": "1", "quantity": 2, "unit_price": { "amount": "1.50", "currency": "EUR" } }],
    });
    let (line, body) = written(Entity::Orders, None, sent).unwrap();
    assert_eq!(
        (line.as_str(), &body["currency"], &body["payment_status"]),
        ("POST /api/orders", &json!("EUR"), &json!("partially_refunded"))
    );
    assert_eq!(body["lines"][0], json!({ "product_id": "1", "variant_id": null, "quantity": 2, "unit_price": "1.50" }));
    assert_eq!(
        (&body["billing_address"]["region_code"], &body["billing_address"]["line1"]),
        (&json!("BE"), &json!(null))
    );
    assert_eq!(
        written(Entity::Inventory, Some("5"), json!({ "available": -2 })).unwrap().1,
        json!({ "available": -2 })
    );
    let marketing = json!({ "marketing": { "email": true } });
    assert_eq!(written(Entity::Customers, Some("7"), marketing).unwrap().1, json!({ "accepts_email_marketing": true }));
    let euro_and_dollar = json!({ "name": "A", "price": { "amount": "1", "currency": "EUR" }, "variants": [{ "price": { "amount": "1", "currency": "USD" } }] });
    for (entity, id, sent, pointer) in [
        (Entity::Products, None, euro_and_dollar, "/variants/0/price/currency"),
        (Entity::Categories, Some("1"), json!({ "name": null }), "/name"),
        (Entity::Orders, Some("1"), json!({ "lines": [] }), "/lines"),
        (Entity::Orders, None, json!({ "lines": [{ "quantity": 0 }] }), "/lines/0/quantity"),
    ] {
        let refusal = written(entity, id, sent).err();
        assert!(matches!(&refusal, Some(Refusal::Field { pointer: at, .. }) if at == pointer), "{refusal:?} {pointer}");
    }
}

#[test]
fn the_sliding_window_is_read_from_every_answer() {
    let mut answer = ok("{}");
    for (name, value) in
        [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1795341607"), ("date", "Sun, 22 Nov 2026 10:00:00 GMT")]
    {
        answer.headers.insert(name, value.parse().unwrap());
    }
    let after = std::time::Duration::from_secs(7);
    assert_eq!(CartOs.allowance(&answer), Some(Allowance { available: 0, refill: crate::Refill::All { after } }));
    answer.headers.remove("x-ratelimit-reset");
    assert_eq!(CartOs.allowance(&answer), None);
}
