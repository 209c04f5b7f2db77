use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::allowance::Refill;
use crate::tests::{FIRST_PAGE, address_of, credential_of, drive, ok, read};
use crate::{Fields, ReadError};

/// What `extensions` says of a bucket.
fn cost(available: u32) -> Value {
    json!({ "cost": { "requestedQueryCost": 300, "actualQueryCost": 12, "throttleStatus": {
        "maximumAvailable": 2000.0, "currentlyAvailable": available, "restoreRate": 100.0 } } })
}

fn data(data: &Value) -> InboundResponse {
    ok(&json!({ "data": data, "extensions": cost(1900) }).to_string())
}

fn rows(rows: Vec<Value>, after: Option<&str>) -> Value {
    json!({ "pageInfo": { "hasNextPage": after.is_some(), "endCursor": after }, "nodes": rows })
}

fn sent(request: &OutboundRequest) -> Value {
    serde_json::from_slice(&request.body).unwrap()
}

fn query(request: &OutboundRequest) -> String {
    sent(request)["query"].as_str().unwrap().to_owned()
}

fn variant(id: u32) -> Value {
    json!({ "id": format!("gid://shopify/ProductVariant/{id}"), "legacyResourceId": id.to_string(), "sku": format!("S{id}"), "price": "12.50",
        "compareAtPrice": "15.00", "barcode": "", "inventoryQuantity": 7, "inventoryPolicy": "CONTINUE",
        "selectedOptions": [{ "name": "Size", "value": "S" }],
        "inventoryItem": { "id": format!("gid://shopify/InventoryItem/9{id}"), "tracked": true,
            "unitCost": { "amount": "4.2", "currencyCode": "EUR" }, "measurement": { "weight": { "value": 0.250, "unit": "KILOGRAMS" } },
            "inventoryLevels": rows(vec![json!({ "location": { "legacyResourceId": "5" }, "quantities": [{ "name": "available", "quantity": 7 }] })], None) },
        "media": { "nodes": [{ "id": "gid://shopify/MediaImage/31" }] } })
}

fn product(id: u32) -> Value {
    json!({ "id": format!("gid://shopify/Product/{id}"), "legacyResourceId": id.to_string(), "title": "Tee", "descriptionHtml": "<p>x</p>",
        "status": "UNLISTED", "vendor": "Acme", "tags": ["a"], "handle": "tee", "seo": { "title": "T", "description": null },
        "hasOnlyDefaultVariant": false, "options": [{ "name": "Size", "values": ["S", "M"] }],
        "priceRangeV2": { "minVariantPrice": { "amount": "12.5", "currencyCode": "EUR" } },
        "compareAtPriceRange": { "minVariantCompareAtPrice": { "amount": "0.0", "currencyCode": "EUR" } },
        "media": rows(vec![
            json!({ "id": "gid://shopify/Video/30", "alt": null, "mediaContentType": "VIDEO" }),
            json!({ "id": "gid://shopify/MediaImage/31", "alt": "", "mediaContentType": "IMAGE", "image": { "url": "https://cdn.test/a.png" } })], None),
        "collections": rows(vec![json!({ "legacyResourceId": "77" })], None),
        "metafields": rows(vec![json!({ "namespace": "custom", "key": "care", "jsonValue": { "wash": 30.0 } })], None),
        "variants": rows(vec![variant(id * 10)], None), "createdAt": "2026-01-01T00:00:00Z", "updatedAt": "2026-11-01T00:00:00Z" })
}

fn shop() -> Value {
    json!({ "currencyCode": "EUR" })
}

#[test]
fn a_product_comes_whole_in_one_query() {
    let answer = |request: &OutboundRequest| {
        assert_eq!(request.unsigned_url().as_str(), "https://shop.myshopify.com/admin/api/2026-10/graphql.json");
        assert_eq!(request.headers["x-shopify-access-token"], "test-access_token");
        assert!(request.headers["x-shopify-access-token"].is_sensitive());
        assert!((100..900).contains(&request.cost()), "{}", request.cost());
        data(&json!({ "shop": shop(), "products": rows(vec![product(1)], None) }))
    };
    let (page, rounds) = read(&Shopify, Entity::Products, FIRST_PAGE, answer).unwrap();
    assert_eq!(rounds.len(), 1);
    let product = &page["data"][0];
    assert_eq!((&product["id"], &product["remote_id"]), (&json!("1"), &json!("gid://shopify/Product/1")));
    assert_eq!((&product["status"], &product["remote_status"]), (&json!("active"), &json!("UNLISTED")));
    assert_eq!((&product["type"], &product["brand"]), (&json!("variable"), &json!("Acme")));
    assert_eq!(product["price"], json!({ "amount": "12.5", "currency": "EUR" }));
    assert_eq!(product["compare_at"], Value::Null, "0.0 is Shopify's word for none");
    assert_eq!(product["images"], json!([{ "id": "31", "url": "https://cdn.test/a.png", "alt": null, "position": 0 }]));
    assert_eq!(product["categories"], json!(["77"]));
    assert_eq!(product["meta"], json!([{ "key": "custom.care", "value": { "wash": 30.0 } }]));
    let variant = &product["variants"][0];
    assert_eq!(variant["price"], json!({ "amount": "12.50", "currency": "EUR" }), "in the shop's currency");
    assert_eq!(variant["cost"], json!({ "amount": "4.2", "currency": "EUR" }));
    assert_eq!(variant["weight"], json!({ "value": "0.25", "unit": "kg" }));
    assert_eq!(variant["barcode"], Value::Null);
    let stock = json!({ "tracked": true, "quantity": 7, "backorder": true, "locations": [{ "location_id": "5", "available": 7 }] });
    assert_eq!((&variant["inventory"], &variant["image_id"]), (&stock, &json!("31")));
}

#[test]
fn a_product_without_options_has_its_variants_sku_and_no_options() {
    let mut only = product(1);
    only["hasOnlyDefaultVariant"] = json!(true);
    only["options"] = json!([{ "name": "Title", "values": ["Default Title"] }]);
    let answer = |_: &OutboundRequest| data(&json!({ "shop": shop(), "product": only }));
    let (product, _) = read(&Shopify, Entity::Products, Target::One("gid://shopify/Product/1"), answer).unwrap();
    assert_eq!((&product["type"], &product["sku"]), (&json!("simple"), &json!("S10")));
    assert_eq!((&product["options"], &product["variants"][0]["options"]), (&json!([]), &json!({})));
    assert_eq!(product["weight"]["value"], "0.25");
}

/// The cost of the first query of a read, and its text.
fn first_query(entity: Entity, fields: Option<&str>, per_page: u8) -> (u32, String) {
    let (address, credential) = (address_of(&Shopify), credential_of(&Shopify));
    let context = Context { address: &address, credential: &credential };
    let fields = fields.map(|fields| Fields::parse(entity, fields).unwrap());
    let target = Target::Page { per_page, cursor: None, updated_after: None };
    let read = Read { entity, target, fields: fields.as_ref(), include_remote: false };
    match Shopify.read(&context, &read).unwrap() {
        Turn::Send { requests, .. } => (requests[0].cost(), query(&requests[0])),
        _ => panic!("a read begins with a request"),
    }
}

/// R122: what nobody wants is not asked for, and costs nothing.
#[test]
fn r122_fields_make_the_query_smaller_and_cheaper() {
    let (whole, text) = first_query(Entity::Products, None, 25);
    assert!(text.contains("inventoryLevels") && text.contains("metafields") && text.contains("currencyCode"));
    let (names, text) = first_query(Entity::Products, Some("id,name"), 25);
    assert_eq!(
        text,
        "query($after: String) { products(first: 25, after: $after, sortKey: ID) { pageInfo { hasNextPage endCursor } nodes { id legacyResourceId title } } }"
    );
    assert!(names < 10 && whole > 50 * names, "{names} and {whole}");
    let (skus, text) = first_query(Entity::Products, Some("variants.sku"), 25);
    assert!(!text.contains("price") && !text.contains("inventoryItem") && !text.contains("shop"), "{text}");
    assert!(skus < whole / 4, "{skus} and {whole}");
    let (total, text) = first_query(Entity::Orders, Some("totals.total"), 25);
    assert!(!text.contains("lineItems") && !text.contains("customer"), "{text}");
    assert!(total < first_query(Entity::Orders, None, 25).0 / 5);
}

#[test]
fn no_query_of_a_page_costs_more_than_shopify_allows() {
    for entity in [Entity::Products, Entity::Orders, Entity::Customers, Entity::Categories, Entity::Inventory] {
        for per_page in [1, 25, 100] {
            let (cost, _) = first_query(entity, None, per_page);
            assert!((3..=901).contains(&cost), "{entity} {per_page}: {cost}");
        }
    }
}

#[test]
fn a_page_that_is_too_expensive_is_read_in_parts_without_loss() {
    let mut asked = Vec::new();
    let target = Target::Page { per_page: 100, cursor: None, updated_after: None };
    let answer = |request: &OutboundRequest| {
        let text = query(request);
        let first: u32 = text.split("products(first: ").nth(1).unwrap().split(',').next().unwrap().parse().unwrap();
        let start: u32 = sent(request)["variables"]["after"].as_str().map_or(0, |after| after.parse().unwrap());
        asked.push((start, first));
        let products = (start + 1..=start + first).map(product).collect();
        data(&json!({ "shop": shop(), "products": rows(products, Some(&(start + first).to_string())) }))
    };
    let (page, rounds) = read(&Shopify, Entity::Products, target, answer).unwrap();
    assert!(rounds.len() > 1, "{asked:?}");
    assert_eq!(asked.iter().map(|(_, first)| first).sum::<u32>(), 100);
    let ids: Vec<u32> =
        page["data"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().parse().unwrap()).collect();
    assert_eq!(ids, (1..=100).collect::<Vec<_>>());
    // The cursor that is given out leads to what follows.
    let cursor = page["next_cursor"].as_str().unwrap().to_owned();
    let target = Target::Page { per_page: 100, cursor: Some(&cursor), updated_after: None };
    let mut start = Value::Null;
    let answer = |request: &OutboundRequest| {
        start = sent(request)["variables"]["after"].clone();
        data(&json!({ "shop": shop(), "products": rows(vec![], None) }))
    };
    read(&Shopify, Entity::Products, target, answer).unwrap();
    assert_eq!(start, "100");
}

#[test]
fn shopifys_own_word_on_the_cost_halves_the_page() {
    let mut asked = Vec::new();
    let answer = |request: &OutboundRequest| {
        let text = query(request);
        let first: u32 = text.split("customers(first: ").nth(1).unwrap().split(',').next().unwrap().parse().unwrap();
        asked.push(first);
        if first > 10 {
            return ok(r#"{"errors":[{"message":"Query cost is 1400","extensions":{"code":"MAX_COST_EXCEEDED"}}]}"#);
        }
        data(
            &json!({ "customers": rows(vec![json!({ "id": "gid://shopify/Customer/1", "legacyResourceId": "1" })], None) }),
        )
    };
    read(&Shopify, Entity::Customers, FIRST_PAGE, answer).unwrap();
    assert_eq!(asked, [25, 12, 6]);
}

#[test]
fn what_inner_lists_have_left_is_asked_for_together() {
    let mut many = product(1);
    many["variants"] = rows((1..=10).map(variant).collect(), Some("v10"));
    many["variants"]["nodes"][9]["inventoryItem"]["inventoryLevels"]["pageInfo"] =
        json!({ "hasNextPage": true, "endCursor": "l3" });
    let mut other = product(2);
    other["media"]["pageInfo"] = json!({ "hasNextPage": true, "endCursor": "m2" });
    let mut texts = Vec::new();
    let answer = |request: &OutboundRequest| {
        texts.push(query(request));
        let variables = sent(request)["variables"].clone();
        match texts.len() {
            1 => data(&json!({ "shop": shop(), "products": rows(vec![many.clone(), other.clone()], None) })),
            2 => {
                assert_eq!(variables["id0"], "gid://shopify/Product/1");
                let all: Vec<&Value> = variables.as_object().unwrap().values().collect();
                for wanted in ["v10", "l3", "m2", "gid://shopify/InventoryItem/910", "gid://shopify/Product/2"] {
                    assert!(all.contains(&&json!(wanted)), "{wanted} in {variables}");
                }
                let level = json!({ "location": { "legacyResourceId": "6" }, "quantities": [{ "name": "available", "quantity": 1 }] });
                let image =
                    json!({ "id": "gid://shopify/MediaImage/32", "image": { "url": "https://cdn.test/b.png" } });
                let mut rest = json!({});
                for (place, name) in
                    [0, 1, 2].iter().map(|place| (place, variables[format!("after{place}")].as_str().unwrap()))
                {
                    rest[format!("rest{place}")] = match name {
                        "v10" => json!({ "variants": rows((11..=12).map(variant).collect(), Some("v12")) }),
                        "l3" => json!({ "inventoryLevels": rows(vec![level.clone()], None) }),
                        _ => json!({ "media": rows(vec![image.clone()], None) }),
                    };
                }
                data(&rest)
            }
            _ => data(&json!({ "rest0": { "variants": rows(vec![variant(13)], None) } })),
        }
    };
    let (page, rounds) = read(&Shopify, Entity::Products, FIRST_PAGE, answer).unwrap();
    assert_eq!(rounds.iter().map(Vec::len).collect::<Vec<_>>(), [1, 1, 1], "no request per object");
    assert!(texts[1].contains("first: 250"), "{}", texts[1]);
    let ids: Vec<&str> =
        page["data"][0]["variants"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap()).collect();
    assert_eq!(ids, (1..=13).map(|id| id.to_string()).collect::<Vec<_>>());
    assert_eq!(page["data"][0]["variants"][9]["inventory"]["locations"].as_array().unwrap().len(), 2);
    assert_eq!(
        page["data"][1]["images"][1],
        json!({ "id": "32", "url": "https://cdn.test/b.png", "alt": null, "position": 1 })
    );
}

fn throttled(available: u32) -> InboundResponse {
    ok(&json!({ "errors": [{ "message": "Throttled", "extensions": { "code": "THROTTLED" } }], "extensions": cost(available) }).to_string())
}

#[test]
fn a_throttled_query_waits_for_the_bucket_and_is_sent_again() {
    let (address, credential) = (address_of(&Shopify), credential_of(&Shopify));
    let context = Context { address: &address, credential: &credential };
    let read = Read { entity: Entity::Categories, target: FIRST_PAGE, fields: None, include_remote: false };
    let Turn::Send { requests, then } = Shopify.read(&context, &read).unwrap() else { panic!("no request") };
    let Turn::Wait { wait, then } = then(vec![throttled(50)]).unwrap() else { panic!("no wait") };
    assert_eq!(wait, Duration::from_millis(2500), "300 points are needed, 50 are there, 100 come a second");
    let Turn::Send { requests: again, then } = *then else { panic!("not sent again") };
    assert_eq!(requests[0].body, again[0].body);
    let page = json!({ "collections": rows(vec![json!({ "id": "gid://shopify/Collection/1", "legacyResourceId": "1", "title": "A", "handle": "a" })], None) });
    assert!(matches!(then(vec![data(&page)]).unwrap(), Turn::Done(Outcome::Page { .. })));

    // Bounded: then the caller is told when to come again.
    let mut sent = 0;
    let turn = Shopify.read(&context, &read).unwrap();
    let error = drive(turn, |_| {
        sent += 1;
        throttled(0)
    });
    let Err(ReadError::Upstream { status, retry_after, .. }) = error else { panic!("no error") };
    assert_eq!((sent, status.as_u16(), retry_after), (4, 429, Some(Duration::from_secs(3))));
}

#[test]
fn answers_tell_what_is_left_of_the_bucket() {
    let allowance = Shopify.allowance(&data(&json!({}))).unwrap();
    assert_eq!(allowance.available, 1900);
    assert_eq!(allowance.refill, Refill::Steady { per_second: 100, capacity: 2000 });
    assert_eq!(Shopify.allowance(&throttled(7)).unwrap().available, 7);
    assert_eq!(Shopify.allowance(&ok(r#"{"products":[]}"#)), None, "REST has a bucket of its own");
    assert_eq!(Shopify.allowance(&ok("<html>")), None);
}

#[test]
fn errors_in_a_success_are_errors() {
    let of = |body: &str| match read(&Shopify, Entity::Orders, FIRST_PAGE, |_| ok(body)) {
        Err(ReadError::Upstream { status, text, .. }) => (status.as_u16(), text),
        Err(ReadError::Unreadable(what)) => (0, what.to_owned()),
        Err(ReadError::Refused(_)) | Ok(_) => panic!("{body}"),
    };
    let error = |code: &str, message: &str| {
        json!({ "data": null, "errors": [{ "message": message, "extensions": { "code": code } }] }).to_string()
    };
    assert_eq!(
        of(&error("ACCESS_DENIED", "Access denied for orders field.")),
        (403, "Access denied for orders field.".to_owned())
    );
    assert_eq!(of(&error("SHOP_INACTIVE", "x")).0, 402);
    assert_eq!(of(&error("INTERNAL_SERVER_ERROR", "x")).0, 500);
    assert_eq!(of(&error("undefinedField", "no test-access_token here")), (400, "no [removed] here".to_owned()));
    assert_eq!(of(r#"{"errors":"Not Found"}"#).0, 400);
    assert_eq!(of("{}").0, 0);
    assert_eq!(of("<html>").0, 0);
}

/// What the credential may not see inside an object is null in it (`unitCost` needs a permission of its own).
#[test]
fn a_denied_field_inside_an_object_does_not_fail_the_rest() {
    let body = json!({ "data": { "orders": rows(vec![order()], None) },
        "errors": [{ "message": "Access denied for customer field.", "path": ["orders", "nodes", 0, "customer"], "extensions": { "code": "ACCESS_DENIED" } }] });
    let (page, _) = read(&Shopify, Entity::Orders, FIRST_PAGE, |_| ok(&body.to_string())).unwrap();
    assert_eq!(page["data"][0]["id"], "8");
}

/// An order as Shopify answers a query for a whole one.
fn order() -> Value {
    serde_json::from_str(include_str!("../../fixtures/shopify/order.json")).unwrap()
}

fn one_order(wire: &Value) -> Value {
    read(&Shopify, Entity::Orders, Target::One("8"), |_| data(&json!({ "order": wire }))).unwrap().0
}

#[test]
fn an_order_has_exact_sums() {
    let order = one_order(&order());
    assert_eq!((&order["number"], &order["remote_status"]), (&json!("#1001"), &json!("PAID/PARTIALLY_FULFILLED")));
    assert_eq!(
        (&order["status"], &order["financial_status"], &order["fulfillment_status"]),
        (&json!("open"), &json!("paid"), &json!("partial"))
    );
    let euro = |amount: &str| json!({ "amount": amount, "currency": "EUR" });
    assert_eq!((&order["totals"]["subtotal"], &order["totals"]["shipping"]), (&euro("20.00"), &euro("5.00")));
    let line = &order["lines"][0];
    assert_eq!(
        (&line["unit_price"], &line["discount"], &line["tax"], &line["total"]),
        (&euro("10.00"), &euro("2.50"), &euro("3.50"), &euro("17.50"))
    );
    assert_eq!((&line["product_id"], &line["variant_id"]), (&Value::Null, &json!("10")));
    assert_eq!(line["options"], json!([{ "name": "Engraving", "value": "A" }]));
    assert_eq!(
        order["meta"],
        json!([{ "key": "gift", "value": "yes" }, { "key": "presentment_total", "value": { "amount": "28.90", "currency": "USD" } }])
    );
    assert_eq!(
        (&order["customer"]["id"], &order["customer"]["email"], &order["customer"]["is_guest"]),
        (&json!("3"), &json!("a@x.test"), &json!(false))
    );
    assert_eq!(order["billing"]["region"], json!({ "code": "CA", "name": "California" }));
    assert_eq!(
        order["refunds"][0],
        json!({ "id": "55", "amount": euro("1.00"), "reason": "late", "created_at": "2026-11-02T10:00:00Z" })
    );
}

#[test]
fn prices_that_contain_tax_are_made_net_exactly_or_left_out() {
    let mut wire = order();
    wire["taxesIncluded"] = json!(true);
    let order = one_order(&wire);
    let euro = |amount: &str| json!({ "amount": amount, "currency": "EUR" });
    let line = &order["lines"][0];
    assert_eq!(
        (&line["unit_price"], &line["unit_price_inc_tax"], &line["total"]),
        (&Value::Null, &euro("10.00"), &euro("14.00"))
    );
    assert_eq!((&order["totals"]["shipping"], &order["shipping_lines"][0]["total"]), (&euro("4.50"), &euro("4.50")));
}

#[test]
fn statuses_follow_the_table() {
    let of = |paid: &str, sent: &str, more: Value| {
        let mut wire = order();
        wire["displayFinancialStatus"] = json!(paid);
        wire["displayFulfillmentStatus"] = json!(sent);
        wire.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let order = one_order(&wire);
        [&order["status"], &order["financial_status"], &order["fulfillment_status"]]
            .map(|it| it.as_str().unwrap().to_owned())
    };
    for (paid, sent, more, expected) in [
        ("PENDING", "UNFULFILLED", json!({}), ["open", "pending", "unfulfilled"]),
        ("PARTIALLY_PAID", "IN_PROGRESS", json!({}), ["open", "pending", "unfulfilled"]),
        ("AUTHORIZED", "ON_HOLD", json!({}), ["open", "authorized", "unfulfilled"]),
        ("PAID", "FULFILLED", json!({}), ["completed", "paid", "fulfilled"]),
        ("PAID", "UNFULFILLED", json!({ "closedAt": "2026-11-02T10:00:00Z" }), ["completed", "paid", "unfulfilled"]),
        (
            "PENDING",
            "UNFULFILLED",
            json!({ "cancelledAt": "2026-11-02T10:00:00Z" }),
            ["cancelled", "pending", "unfulfilled"],
        ),
        ("VOIDED", "UNFULFILLED", json!({}), ["cancelled", "voided", "unfulfilled"]),
        ("REFUNDED", "FULFILLED", json!({ "returnStatus": "RETURNED" }), ["completed", "refunded", "returned"]),
        ("PARTIALLY_REFUNDED", "UNFULFILLED", json!({}), ["open", "partially_refunded", "unfulfilled"]),
        ("EXPIRED", "UNFULFILLED", json!({}), ["open", "failed", "unfulfilled"]),
        ("A_NEW_ONE", "A_NEW_ONE", json!({}), ["open", "pending", "unfulfilled"]),
    ] {
        assert_eq!(of(paid, sent, more), expected, "{paid} {sent}");
    }
}

#[test]
fn customers_say_what_they_agreed_to_and_their_own_address_comes_first() {
    let wire = json!({ "id": "gid://shopify/Customer/3", "legacyResourceId": "3", "firstName": "Ann", "lastName": "", "tags": ["vip"], "state": "DISABLED",
        "defaultEmailAddress": { "emailAddress": "a@x.test", "marketingState": "SUBSCRIBED" },
        "defaultPhoneNumber": { "phoneNumber": "+1", "smsMarketingConsent": { "state": "UNSUBSCRIBED" } },
        "defaultAddress": { "id": "gid://shopify/MailingAddress/2?model_name=CustomerAddress" },
        "addressesV2": rows(vec![
            json!({ "id": "gid://shopify/MailingAddress/1?model_name=CustomerAddress", "city": "A" }),
            json!({ "id": "gid://shopify/MailingAddress/2?model_name=CustomerAddress", "city": "B" }),
            json!({ "id": "gid://shopify/MailingAddress/3?model_name=CustomerAddress" })], None),
        "metafields": rows(vec![], None) });
    let (customer, _) =
        read(&Shopify, Entity::Customers, Target::One("3"), |_| data(&json!({ "customer": wire }))).unwrap();
    assert_eq!(customer["marketing"], json!({ "email": true, "sms": false }));
    assert_eq!((&customer["is_guest"], &customer["groups"]), (&json!(true), &json!(["vip"])));
    let cities: Vec<&Value> = customer["addresses"].as_array().unwrap().iter().map(|it| &it["city"]).collect();
    assert_eq!(cities, ["B", "A"]);
}

#[test]
fn stock_is_a_level_for_each_location_of_a_variant() {
    let level = |location: &str, available: i64| {
        json!({ "location": { "legacyResourceId": location }, "updatedAt": "2026-11-01T00:00:00Z",
            "quantities": [{ "name": "available", "quantity": available }, { "name": "on_hand", "quantity": available + 1 }] })
    };
    let row = |id: &str, tracked: bool, levels: Vec<Value>| json!({ "id": format!("gid://shopify/ProductVariant/{id}"), "legacyResourceId": id, "inventoryItem": { "id": format!("gid://shopify/InventoryItem/9{id}"), "tracked": tracked, "inventoryLevels": rows(levels, None) } });
    let variants =
        rows(vec![row("1", true, vec![level("5", 3), level("6", -1)]), row("2", false, vec![level("5", 0)])], None);
    let (page, _) =
        read(&Shopify, Entity::Inventory, FIRST_PAGE, |_| data(&json!({ "productVariants": variants }))).unwrap();
    assert_eq!(page["data"].as_array().unwrap().len(), 3);
    assert_eq!(
        page["data"][1],
        json!({ "variant_id": "1", "location_id": "6", "available": -1, "on_hand": 0, "updated_at": "2026-11-01T00:00:00Z" })
    );
    assert_eq!(page["data"][2]["available"], Value::Null, "not counted");
    let one = row("1", true, vec![level("5", 3), level("6", -1)]);
    let (one, _) =
        read(&Shopify, Entity::Inventory, Target::One("1"), |_| data(&json!({ "productVariant": one }))).unwrap();
    assert_eq!(one["location_id"], "5");
}

#[test]
fn what_is_not_there_is_not_found() {
    let error =
        read(&Shopify, Entity::Products, Target::One("1"), |_| data(&json!({ "shop": shop(), "product": null })));
    assert!(matches!(error, Err(ReadError::Upstream { status, .. }) if status.as_u16() == 404));
}

#[test]
fn filters_and_cursors_are_shopifys() {
    let after: jiff::Timestamp = "2026-11-01T12:30:00.5Z".parse().unwrap();
    let target = Target::Page { per_page: 25, cursor: None, updated_after: Some(after) };
    let mut variables = Value::Null;
    let answer = |request: &OutboundRequest| {
        variables = sent(request)["variables"].clone();
        assert!(query(request).contains("sortKey: ID, query: $query"));
        data(&json!({ "orders": rows(vec![], None) }))
    };
    read(&Shopify, Entity::Orders, target, answer).unwrap();
    assert_eq!(variables, json!({ "after": null, "query": "updated_at:>'2026-11-01T12:30:00Z'" }));
    let (address, credential) = (address_of(&Shopify), credential_of(&Shopify));
    let context = Context { address: &address, credential: &credential };
    let stock = Read { entity: Entity::Inventory, target, fields: None, include_remote: false };
    assert!(matches!(Shopify.read(&context, &stock).err(), Some(Refusal::FilterNotSupported(_))));
}

#[test]
fn the_node_is_there_when_it_is_asked_for() {
    let (address, credential) = (address_of(&Shopify), credential_of(&Shopify));
    let context = Context { address: &address, credential: &credential };
    let read = Read { entity: Entity::Products, target: Target::One("1"), fields: None, include_remote: true };
    let answer = |_: &OutboundRequest| data(&json!({ "shop": shop(), "product": product(1) }));
    let (outcome, _) = drive(Shopify.read(&context, &read).unwrap(), answer).unwrap();
    let product: Value = serde_json::from_slice(&outcome.to_json(None).unwrap()).unwrap();
    assert_eq!(product["remote"]["vendor"], "Acme");
}

#[test]
fn only_shops_of_shopify_are_connected() {
    for (text, expected) in [
        ("shop-1.myshopify.com", Ok("https://shop-1.myshopify.com")),
        ("https://Shop.myshopify.com/admin/", Ok("https://shop.myshopify.com")),
        ("https://shop.myshopify.com/cart", Err(AddressError::Path)),
        ("http://shop.myshopify.com", Err(AddressError::NotHttps)),
    ] {
        assert_eq!(
            Shopify.address(text, Loopback::Denied).map(|it| it.to_string()),
            expected.map(str::to_owned),
            "{text}"
        );
    }
    for text in [
        "shop.example",
        "myshopify.com",
        "shop.myshopify.com.evil.example",
        "a.b.myshopify.com",
        "https://.myshopify.com",
    ] {
        assert!(Shopify.address(text, Loopback::Denied).is_err(), "{text}");
        assert!(Shopify.address(text, Loopback::Allowed).is_err(), "{text}");
    }
    assert!(Shopify.address("http://127.0.0.1:9", Loopback::Denied).is_err());
    assert!(Shopify.address("http://127.0.0.1:9", Loopback::Allowed).is_ok());
}

#[test]
fn raw_calls_reach_the_admin_api_only() {
    let (address, credential) = (address_of(&Shopify), credential_of(&Shopify));
    let context = Context { address: &address, credential: &credential };
    let mut callers = HeaderMap::new();
    callers.insert(TOKEN_HEADER, HeaderValue::from_static("of_the_client"));
    let raw = |path: &str, query: Option<&str>| {
        let path = RawPath::parse(path).unwrap();
        Shopify
            .raw(&context, RawCall { method: Method::GET, path: &path, query, headers: &callers, body: Bytes::new() })
    };
    let request = raw("admin/api/2026-01/products.json", Some("limit=2&access_token=x&fields=id")).unwrap();
    assert_eq!(
        request.unsigned_url().as_str(),
        "https://shop.myshopify.com/admin/api/2026-01/products.json?limit=2&fields=id"
    );
    assert_eq!(request.headers.get_all(TOKEN_HEADER).iter().collect::<Vec<_>>(), ["test-access_token"]);
    for path in ["admin/products.json", "cart.js", "", "admin/oauth/access_token"] {
        assert!(matches!(raw(path, None).err(), Some(Refusal::NotSupported(_))), "{path}");
    }
    assert!(matches!(
        raw("admin/api/2026-10/orders.json", Some("_method=delete")).err(),
        Some(Refusal::Parameter("_method"))
    ));
    for (path, entity) in [
        ("admin/api/2026-10/products/1/variants.json", Some(Entity::Products)),
        ("admin/api/2026-10/orders.json", Some(Entity::Orders)),
        ("admin/api/2026-10/ORDERS/1.json", Some(Entity::Orders)),
        ("admin/api/2026-10/customers/search.json", Some(Entity::Customers)),
        ("admin/api/2026-10/customers/1/orders.json", Some(Entity::Orders)),
        ("admin/api/2026-10/collections/1/products.json", Some(Entity::Products)),
        ("admin/api/2026-10/smart_collections/3/order.json", Some(Entity::Categories)),
        ("admin/api/2026-10/inventory_levels/set.json", Some(Entity::Inventory)),
        ("admin/api/2026-10/graphql.json", None),
        ("admin/api/2026-10/shop.json", None),
    ] {
        assert_eq!(Shopify.raw_scope(&RawPath::parse(path).unwrap()), entity, "{path}");
    }
}
