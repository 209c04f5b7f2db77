use domain::model::Entity;
use http::{HeaderMap, Method, StatusCode};
use secrecy::SecretString;
use serde_json::{Value, json};

use super::*;
use crate::connector::{InboundResponse, ReadError, Target};
use crate::fields::Fields;
use crate::tests::{FIRST_PAGE, address_of, credential_of, drive, ok, read};

const PRODUCTS: &str = include_str!("../../fixtures/medusa/products.json");
const STORES: &str = include_str!("../../fixtures/medusa/stores.json");
const ORDERS: &str = include_str!("../../fixtures/medusa/orders.json");
const CUSTOMERS: &str = include_str!("../../fixtures/medusa/customers.json");
const CATEGORIES: &str = include_str!("../../fixtures/medusa/categories.json");
const VARIANTS: &str = include_str!("../../fixtures/medusa/variants.json");
const REGIONS: &str = include_str!("../../fixtures/medusa/regions.json");
const NOT_FOUND: &str = include_str!("../../fixtures/medusa/not-found.json");

/// A list with what the other platforms' samples leave out: stock by location inside a product.
pub(crate) const SAMPLES: &[(Entity, &str)] = &[(Entity::Products, PRODUCTS)];

/// Answers a call with the recording of its path.
fn store(request: &OutboundRequest) -> InboundResponse {
    match request.unsigned_url().path().trim_start_matches("/admin/") {
        "products" => ok(PRODUCTS),
        "stores" => ok(STORES),
        "orders" => ok(ORDERS),
        "customers" => ok(CUSTOMERS),
        "product-categories" => ok(CATEGORIES),
        "product-variants" => ok(VARIANTS),
        "regions" => ok(REGIONS),
        _ => InboundResponse { status: StatusCode::NOT_FOUND, ..ok(NOT_FOUND) },
    }
}

fn rows(entity: Entity) -> Vec<Value> {
    let (page, _) = read(&Medusa, entity, FIRST_PAGE, store).unwrap();
    assert_eq!(page["next_cursor"], Value::Null);
    page["data"].as_array().unwrap().clone()
}

fn named<'a>(rows: &'a [Value], field: &str, value: &str) -> &'a Value {
    rows.iter().find(|row| row[field] == value).unwrap_or_else(|| panic!("no {value}"))
}

fn eur(amount: &str) -> Value {
    json!({ "amount": amount, "currency": "EUR" })
}

#[test]
fn the_recorded_products_come_with_variants_prices_and_stock() {
    let products = rows(Entity::Products);
    let shirt = named(&products, "name", "Shirt 1");
    assert_eq!(
        (&shirt["type"], &shirt["status"], &shirt["remote_status"]),
        (&json!("variable"), &json!("active"), &json!("published"))
    );
    assert_eq!(
        shirt["price"],
        eur("21.99"),
        "the lowest in the store's own currency, though the other one is named first"
    );
    assert_eq!(
        (&shirt["weight"], &shirt["dimensions"]["height"]),
        (&json!({ "value": "250", "unit": null }), &json!("3"))
    );
    assert_eq!(shirt["tags"], json!(["summer", "wool"]));
    assert_eq!(shirt["categories"].as_array().unwrap().len(), 2);
    assert_eq!(shirt["images"][1]["position"], 1);
    assert_eq!(shirt["seo"]["slug"], "shirt-1");
    assert_eq!(shirt["meta"], json!([{ "key": "pockets", "value": 2 }, { "key": "season", "value": "summer" }]));
    let mut options = shirt["options"].as_array().unwrap().clone();
    options.sort_by_key(|option| option["name"].as_str().unwrap().to_owned());
    assert_eq!(options[1]["name"], "Size");
    let variants = shirt["variants"].as_array().unwrap();
    assert_eq!(variants.len(), 4);
    let blue = named(variants, "sku", "SHIRT-1-M-BLUE");
    assert_eq!((&blue["price"], &blue["product_id"]), (&eur("23"), &shirt["id"]));
    assert_eq!(blue["options"], json!({ "Size": "M", "Colour": "Blue" }));
    assert_eq!((&blue["barcode"], &blue["weight"]["value"]), (&json!("40000000120"), &json!("260")));
    let stock = &blue["inventory"];
    assert_eq!((&stock["tracked"], &stock["quantity"], &stock["backorder"]), (&json!(true), &json!(57), &json!(true)));
    assert_eq!(stock["locations"].as_array().unwrap().len(), 2);
    let red = named(variants, "sku", "SHIRT-1-S-RED");
    assert_eq!(red["inventory"], json!({ "tracked": false, "quantity": null, "backorder": false, "locations": [] }));
    let mug = named(&products, "name", "Mug 41");
    assert_eq!(
        (&mug["type"], &mug["price"], &mug["variants"].as_array().unwrap().len()),
        (&json!("simple"), &eur("41.99"), &1)
    );
    assert_eq!(named(&products, "name", "Mug 40")["status"], "draft");
}

#[test]
fn a_kit_has_as_much_as_its_scarcest_part() {
    let products = rows(Entity::Products);
    let kit = &named(&products, "name", "Box of mugs")["variants"][0];
    // 50 of the one mug, two to a box; 50 of the other.
    assert_eq!(kit["inventory"]["quantity"], 25);
    let levels = rows(Entity::Inventory);
    let level = named(&levels, "variant_id", kit["id"].as_str().unwrap());
    assert_eq!((&level["available"], &level["on_hand"]), (&json!(25), &json!(25)));
}

#[test]
fn stock_is_read_by_location_and_summed_by_id() {
    let levels = rows(Entity::Inventory);
    // Two counted shirts at two places, two that are not counted, and the kit.
    assert_eq!(levels.len(), 2 * 2 + 2 + 1);
    let uncounted: Vec<&Value> = levels.iter().filter(|level| level["available"].is_null()).collect();
    assert_eq!((uncounted.len(), &uncounted[0]["location_id"]), (2, &Value::Null));
    let reserved = levels.iter().find(|level| level["available"] != level["on_hand"]).unwrap();
    // At which of the two places is Medusa's choice.
    let promised = reserved["on_hand"].as_i64().unwrap() - reserved["available"].as_i64().unwrap();
    assert_eq!(promised, 2, "two are promised to a buyer");
    assert!(reserved["updated_at"].is_string());
    let id = reserved["variant_id"].as_str().unwrap();
    let only = |request: &OutboundRequest| {
        assert!(request.unsigned_url().query().unwrap().starts_with(&format!("id={id}&limit=1&")));
        let list: Value = serde_json::from_str(VARIANTS).unwrap();
        let rows: Vec<Value> =
            list["variants"].as_array().unwrap().iter().filter(|row| row["id"] == id).cloned().collect();
        ok(&json!({ "variants": rows, "count": 1 }).to_string())
    };
    let (level, _) = read(&Medusa, Entity::Inventory, Target::One(id), only).unwrap();
    assert_eq!((&level["available"], &level["on_hand"], &level["location_id"]), (&json!(55), &json!(57), &Value::Null));
    let nothing = |_: &OutboundRequest| ok(r#"{"variants":[],"count":0}"#);
    let error = read(&Medusa, Entity::Inventory, Target::One("variant_none"), nothing).unwrap_err();
    assert!(matches!(error, ReadError::Upstream { status: StatusCode::NOT_FOUND, .. }));
}

#[test]
fn the_sums_of_an_order_add_up() {
    let orders = rows(Entity::Orders);
    let taxed = orders.iter().find(|order| order["customer"]["email"] == "dee@x.test").unwrap();
    let totals = &taxed["totals"];
    // 62.97 - 6.297 + 4.90 + 12.3146 = 73.8876
    assert_eq!((&totals["subtotal"], &totals["discount"]), (&eur("62.97"), &eur("6.297")));
    assert_eq!(
        (&totals["shipping"], &totals["tax"], &totals["total"]),
        (&eur("4.9"), &eur("12.3146"), &eur("73.8876"))
    );
    assert_eq!(totals["tax_included"], false);
    let line = &taxed["lines"][0];
    assert_eq!(
        (&line["quantity"], &line["unit_price"], &line["unit_price_inc_tax"]),
        (&json!(3), &eur("20.99"), &Value::Null)
    );
    assert_eq!((&line["discount"], &line["tax"], &line["total"]), (&eur("6.297"), &eur("11.3346"), &eur("56.673")));
    assert_eq!((&line["sku"], &line["options"][0]["name"]), (&json!("MUG-20"), &json!("Default option")));
    assert_eq!((&taxed["shipping_lines"][0]["total"], &taxed["shipping_lines"][0]["tax"]), (&eur("4.9"), &eur("0.98")));
    assert_eq!((&taxed["shipping"]["country"], &taxed["source"]), (&json!("FR"), &json!("Web")));
}

#[test]
fn a_refund_does_not_lower_what_was_owed() {
    let orders = rows(Entity::Orders);
    let refunded = named(&orders, "financial_status", "partially_refunded");
    assert_eq!((&refunded["totals"]["total"], &refunded["totals"]["paid"]), (&eur("17.89"), &eur("17.89")));
    assert_eq!(refunded["totals"]["refunded"], eur("2.5"));
    assert_eq!(
        (&refunded["refunds"][0]["amount"], &refunded["refunds"][0]["reason"]),
        (&eur("2.5"), &json!("Scratched"))
    );
    // Medusa's own figure, beside it in the recording, is lower.
    assert!(ORDERS.contains("\"accounting_total\":15.39") || ORDERS.contains("\"current_order_total\":15.39"));
}

#[test]
fn where_an_order_stands_comes_from_three_words() {
    let orders = rows(Entity::Orders);
    let words: Vec<[&str; 4]> = orders
        .iter()
        .map(|order| {
            ["remote_status", "status", "financial_status", "fulfillment_status"]
                .map(|field| order[field].as_str().unwrap())
        })
        .collect();
    assert_eq!(
        words,
        [
            ["pending", "open", "authorized", "unfulfilled"],
            ["pending", "open", "paid", "fulfilled"],
            ["pending", "open", "partially_refunded", "unfulfilled"],
            ["canceled", "cancelled", "voided", "unfulfilled"],
            ["pending", "open", "authorized", "unfulfilled"],
        ]
    );
    assert!(orders[3]["cancelled_at"].is_string() && orders[0]["cancelled_at"].is_null());
    assert_eq!((&orders[0]["number"], &orders[0]["billing"]["line2"]), (&json!("1"), &Value::Null));
    for (payment, fulfilment, expected) in [
        ("not_paid", "not_fulfilled", ["pending", "unfulfilled"]),
        ("partially_captured", "partially_shipped", ["pending", "partial"]),
        ("refunded", "delivered", ["refunded", "fulfilled"]),
        ("requires_action", "canceled", ["pending", "unfulfilled"]),
        ("captured", "partially_delivered", ["paid", "partial"]),
    ] {
        let body = format!(
            r#"{{"order":{{"id":"o","status":"archived","payment_status":"{payment}","fulfillment_status":"{fulfilment}"}}}}"#
        );
        let (order, _) = read(&Medusa, Entity::Orders, Target::One("o"), |_| ok(&body)).unwrap();
        let words = ["financial_status", "fulfillment_status"].map(|field| order[field].as_str().unwrap());
        assert_eq!((words, &order["status"]), (expected, &json!("completed")), "{payment}");
    }
}

#[test]
fn draft_orders_are_no_orders() {
    let draft = r#"{"id":"o","status":"draft","is_draft_order":true,"currency_code":"eur"}"#;
    let error =
        read(&Medusa, Entity::Orders, Target::One("o"), |_| ok(&format!(r#"{{"order":{draft}}}"#))).unwrap_err();
    assert!(matches!(error, ReadError::Upstream { status: StatusCode::NOT_FOUND, .. }));
    let two = Target::Page { per_page: 1, cursor: None, updated_after: None };
    let page = format!(r#"{{"orders":[{draft}],"count":2,"offset":0,"limit":1}}"#);
    let (page, _) = read(&Medusa, Entity::Orders, two, |_| ok(&page)).unwrap();
    assert_eq!((&page["data"], page["next_cursor"].is_string()), (&json!([]), true));
}

#[test]
fn customers_and_categories_are_mapped() {
    let customers = rows(Entity::Customers);
    let ann = named(&customers, "email", "ann@x.test");
    assert_eq!((&ann["phone"], &ann["is_guest"]), (&json!("+49 30 0000000"), &json!(true)));
    assert_eq!(
        (&ann["addresses"][0]["line1"], &ann["addresses"][0]["country"]),
        (&json!("1 Test Street"), &json!("DE"))
    );
    assert_eq!(ann["addresses"][0]["region"], json!({ "code": "BE", "name": null }));
    assert_eq!(ann["meta"], json!([{ "key": "loyalty", "value": "gold" }]));
    assert_eq!(named(&customers, "email", "bea@x.test")["groups"], json!(["Wholesale"]));
    let categories = rows(Entity::Categories);
    let (clothes, shirts) = (named(&categories, "slug", "clothes"), named(&categories, "slug", "shirts"));
    assert_eq!((&shirts["parent_id"], &clothes["parent_id"]), (&clothes["id"], &Value::Null));
    assert_eq!((&shirts["visible"], &named(&categories, "slug", "staff")["visible"]), (&json!(true), &json!(false)));
}

#[test]
fn prices_that_hold_for_some_or_for_many_are_no_price() {
    let priced = |prices: &str, store: &'static str| {
        let body = format!(r#"{{"product":{{"id":"p","title":"P","variants":[{{"id":"v","prices":{prices}}}]}}}}"#);
        let answer = |request: &OutboundRequest| match request.unsigned_url().path() {
            "/admin/stores" if store.is_empty() => InboundResponse { status: StatusCode::FORBIDDEN, ..ok("{}") },
            "/admin/stores" => ok(store),
            _ => ok(&body),
        };
        read(&Medusa, Entity::Products, Target::One("p"), answer).unwrap().0["price"].clone()
    };
    let prices = r#"[{"currency_code":"usd","amount":24.50},{"currency_code":"eur","amount":1,"rules":{"region_id":"r"}},
        {"currency_code":"eur","amount":2,"min_quantity":10},{"currency_code":"gbp","amount":19.990},{"currency_code":"eur","amount":21.99,"rules":{}}]"#;
    assert_eq!(priced(prices, STORES), eur("21.99"));
    assert_eq!(
        priced(r#"[{"currency_code":"usd","amount":24.50},{"currency_code":"gbp","amount":19.990}]"#, STORES)["amount"],
        "19.990"
    );
    assert_eq!(priced(prices, "")["currency"], "EUR", "without the store's word the alphabet decides");
    assert_eq!(priced("[]", STORES), Value::Null);
    let broken = |request: &OutboundRequest| match request.unsigned_url().path() {
        "/admin/stores" => InboundResponse { status: StatusCode::BAD_GATEWAY, ..ok("") },
        _ => ok(PRODUCTS),
    };
    let error = read(&Medusa, Entity::Products, FIRST_PAGE, broken).unwrap_err();
    assert!(
        matches!(error, ReadError::Upstream { status: StatusCode::BAD_GATEWAY, .. }),
        "not a page in another currency"
    );
}

/// Drives a read and says which addresses were called.
fn asked(entity: Entity, fields: Option<&str>, include_remote: bool) -> Vec<String> {
    let (address, credential) = (address_of(&Medusa), credential_of(&Medusa));
    let context = Context { address: &address, credential: &credential };
    let fields = fields.map(|fields| Fields::parse(entity, fields).unwrap());
    let read = Read { entity, target: FIRST_PAGE, fields: fields.as_ref(), include_remote };
    let (_, rounds) = drive(Medusa.read(&context, &read).unwrap(), store).unwrap();
    assert_eq!(rounds.len(), 1, "one round, whatever is wanted");
    rounds
        .into_iter()
        .flatten()
        .map(|url| percent_encoding::percent_decode_str(&url).decode_utf8_lossy().into_owned())
        .collect()
}

/// R122: what nobody chose is not asked for.
#[test]
fn r122_a_selection_reaches_the_platform() {
    let base = "https://shop.example/admin";
    assert_eq!(
        asked(Entity::Products, Some("id,name,variants.sku"), false),
        [format!("{base}/products?limit=25&offset=0&order=id&fields=id,title,variants.id,variants.sku")]
    );
    let priced = asked(Entity::Products, Some("variants.price.amount"), false);
    assert!(priced[0].contains("variants.prices.amount") && !priced[0].contains("title"), "{}", priced[0]);
    assert_eq!(
        priced[1],
        format!(
            "{base}/stores?limit=1&fields=supported_currencies.currency_code,supported_currencies.is_default,default_sales_channel_id,default_region_id"
        )
    );
    assert_eq!(asked(Entity::Products, None, false).len(), 2);
    assert_eq!(
        asked(Entity::Orders, Some("id,number,totals.total"), false),
        [format!(
            "{base}/orders?limit=25&offset=0&order=id&fields=id,status,is_draft_order,currency_code,display_id,custom_display_id,item_subtotal,discount_subtotal,shipping_subtotal,tax_total,item_total,shipping_total,summary,items.is_tax_inclusive"
        )]
    );
    assert_eq!(
        asked(Entity::Customers, Some("email"), false),
        [format!("{base}/customers?limit=25&offset=0&order=id&fields=id,email")]
    );
    let remote = asked(Entity::Customers, Some("email"), true);
    assert!(remote[0].contains("fields=+id,+email,") && remote[0].contains(",*addresses,"), "{}", remote[0]);
}

#[test]
fn pages_are_followed_by_offset_and_never_past_the_end() {
    let (address, credential) = (address_of(&Medusa), credential_of(&Medusa));
    let context = Context { address: &address, credential: &credential };
    let page = |cursor: Option<&str>, answer: &'static str| {
        let target =
            Target::Page { per_page: 2, cursor, updated_after: Some("2026-02-03T04:05:06.7Z".parse().unwrap()) };
        let read = Read { entity: Entity::Categories, target, fields: None, include_remote: false };
        let (outcome, rounds) = drive(Medusa.read(&context, &read).unwrap(), |_| ok(answer)).unwrap();
        let Outcome::Page { next_cursor, .. } = outcome else { panic!("a page was expected") };
        (next_cursor, rounds.concat().remove(0))
    };
    let (first, url) = page(None, r#"{"product_categories":[{"id":"a"},{"id":"b"}],"count":3}"#);
    assert!(url.contains("limit=2&offset=0&order=id&"), "{url}");
    assert!(url.ends_with("&updated_at%5B%24gt%5D=2026-02-03T04%3A05%3A06.7Z"), "{url}");
    let (second, url) = page(first.as_deref(), r#"{"product_categories":[{"id":"c"}],"count":3}"#);
    assert!(url.contains("limit=2&offset=2&"), "{url}");
    assert_eq!(second, None);
    assert_eq!(page(None, r#"{"product_categories":[],"count":900}"#).0, None, "a wrong count does not run for ever");
    assert_eq!(page(None, r#"{"product_categories":[{"id":"a"},{"id":"b"}],"count":2}"#).0, None);
    let target = Target::Page { per_page: 2, cursor: None, updated_after: Some(jiff::Timestamp::UNIX_EPOCH) };
    let read = Read { entity: Entity::Inventory, target, fields: None, include_remote: false };
    assert!(matches!(Medusa.read(&context, &read), Err(Refusal::FilterNotSupported(_))));
}

#[test]
fn the_key_is_a_basic_user_name_and_stays_out_of_texts() {
    let (address, credential) = (address_of(&Medusa), credential_of(&Medusa));
    let context = Context { address: &address, credential: &credential };
    let Turn::Send { requests, then } = Medusa.probe(&context).unwrap() else { panic!("a call was expected") };
    // "test-api_key:"
    assert_eq!(requests[0].headers["authorization"], "Basic dGVzdC1hcGlfa2V5Og==");
    assert!(requests[0].headers["authorization"].is_sensitive());
    let answer =
        InboundResponse { status: StatusCode::UNAUTHORIZED, ..ok(r#"{"message":"test-api_key is not known"}"#) };
    let Err(ReadError::Upstream { text, .. }) = then(vec![answer]) else { panic!("an error was expected") };
    assert_eq!(text, "[removed] is not known");
    let not_medusa = |body: &'static str| drive(Medusa.probe(&context).unwrap(), |_| ok(body)).err();
    assert!(matches!(not_medusa("<html>"), Some(ReadError::Unreadable(_))));
    assert!(matches!(not_medusa("{}"), Some(ReadError::Unreadable(_))));
    assert_eq!(not_medusa(r#"{"products":[],"count":0}"#), None);
    let colon: crate::Credential = [("api_key".to_owned(), SecretString::from("sk_a:b"))].into_iter().collect();
    let refusal = Medusa.probe(&Context { address: &address, credential: &colon }).err();
    assert!(matches!(refusal, Some(Refusal::Credential(_))));
}

#[test]
fn a_raw_call_carries_the_stores_key_whatever_the_client_sent() {
    let (address, credential) = (address_of(&Medusa), credential_of(&Medusa));
    let mut headers = HeaderMap::new();
    headers.insert("authorization", "Bearer eyJhbGciOiJIUzI1NiJ9".parse().unwrap());
    headers.insert("x-publishable-api-key", "pk_web".parse().unwrap());
    let raw = |query| {
        let path = RawPath::parse("store/products").unwrap();
        let call = RawCall { method: Method::GET, path: &path, query, headers: &headers, body: bytes::Bytes::new() };
        Medusa.raw(&Context { address: &address, credential: &credential }, call)
    };
    let request = raw(Some("fields=*variants&token=x&limit=9999")).unwrap();
    assert_eq!(request.unsigned_url().as_str(), "https://shop.example/store/products?fields=*variants&limit=9999");
    assert_eq!(request.headers["authorization"], "Basic dGVzdC1hcGlfa2V5Og==");
    assert_eq!(request.headers["x-publishable-api-key"], "pk_web", "the shop window wants its own key beside it");
    assert_eq!(raw(Some("_method=DELETE")).err(), Some(Refusal::Parameter("_method")));
}

#[test]
fn a_raw_path_shows_its_entity_in_every_disguise() {
    for (path, scope) in [
        ("admin/products/prod_1/variants", Some(Entity::Products)),
        ("store/products", Some(Entity::Products)),
        ("Admin/PRODUCTS", Some(Entity::Products)),
        ("admin/%70roducts", Some(Entity::Products)),
        ("admin/sales-channels/sc_1/products", Some(Entity::Products)),
        ("admin/product-categories/pcat_1/products", Some(Entity::Categories)),
        ("admin/orders/order_1/fulfillments", Some(Entity::Orders)),
        ("admin/draft-orders", Some(Entity::Orders)),
        ("admin/payments/pay_1/capture", Some(Entity::Orders)),
        ("admin/customers/cus_1/addresses", Some(Entity::Customers)),
        ("store/customers/me", Some(Entity::Customers)),
        ("admin/inventory-items/iitem_1/location-levels", Some(Entity::Inventory)),
        ("store/carts/cart_1", Some(Entity::Baskets)),
        ("admin/stores", None),
        ("admin/api-keys", None),
    ] {
        assert_eq!(Medusa.raw_scope(&RawPath::parse(path).unwrap()), scope, "{path}");
    }
}

#[test]
fn an_address_loses_the_path_of_the_api() {
    for (given, expected) in [
        ("shop.example", "https://shop.example"),
        ("https://shop.example/admin/", "https://shop.example"),
        ("https://shop.example/medusa/app", "https://shop.example/medusa"),
    ] {
        assert_eq!(Medusa.address(given, Loopback::Denied).map(|address| address.to_string()), Ok(expected.to_owned()));
    }
}
