//! What writes send, and in which order.

use serde_json::{Value, json};

use super::tests::{CART, CART_ID, CATEGORIES, CUSTOMERS, INVENTORY, ORDERS, PRODUCTS, STORE, status};
use super::*;
use crate::tests::{Sent, ok, refused_field};

fn write(
    entity: Entity,
    verb: Verb,
    id: &str,
    body: &Value,
    answer: impl FnMut(&Sent) -> InboundResponse,
) -> Result<(Value, Vec<Sent>), ReadError> {
    crate::tests::write(&BigCommerce, "/stores/abc123/", entity, verb, id, body, answer)
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
