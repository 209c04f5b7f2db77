use bytes::Bytes;
use http::StatusCode;
use serde_json::{Value, json};

use super::*;
use crate::Fields;
use crate::oauth::{self, Attempt};
use crate::tests::{FIRST_PAGE, Sent, address_of, drive, ok, read, refused_field};

const CONFIGS: &str = include_str!("../../fixtures/magento/configs.json");
const PRODUCTS: &str = include_str!("../../fixtures/magento/products.json");
const CHILDREN: &str = include_str!("../../fixtures/magento/children.json");
const ATTRIBUTES: &str = include_str!("../../fixtures/magento/attributes.json");
const SOURCE_ITEMS: &str = include_str!("../../fixtures/magento/source_items.json");
const ORDERS: &str = include_str!("../../fixtures/magento/orders.json");
const CREDIT_MEMOS: &str = include_str!("../../fixtures/magento/creditmemos.json");
const CUSTOMERS: &str = include_str!("../../fixtures/magento/customers.json");
const CATEGORIES: &str = include_str!("../../fixtures/magento/categories.json");

const BASE: &str = "/rest/all/V1/";

fn sent(request: &OutboundRequest) -> Sent {
    crate::tests::sent(request, BASE)
}

fn write(
    entity: Entity,
    verb: Verb,
    id: &str,
    body: &Value,
    answer: impl FnMut(&Sent) -> InboundResponse,
) -> Result<(Value, Vec<Sent>), ReadError> {
    crate::tests::write(&Magento, BASE, entity, verb, id, body, answer)
}

fn status(status: u16, body: &str) -> InboundResponse {
    InboundResponse { status: StatusCode::from_u16(status).unwrap(), ..ok(body) }
}

/// An answer of a store whose clock says so.
fn dated(body: &str, date: &str) -> InboundResponse {
    let mut answer = ok(body);
    answer.headers.insert("date", date.parse().unwrap());
    answer
}

const IN_MARCH: &str = "Sun, 01 Mar 2026 10:00:00 GMT";

/// The store of the fixtures, by what is asked.
fn store(target: &str) -> InboundResponse {
    let is = |beginning: &str| target.starts_with(beginning);
    match target {
        _ if is("store/storeConfigs") => ok(CONFIGS),
        _ if is("products/attributes?") => ok(ATTRIBUTES),
        _ if is("products?") && target.contains("[value]=47,48") => ok(CHILDREN),
        _ if is("products?") && target.contains("=eq") => {
            let index = usize::from(target.contains("[value]=52&"));
            let row = &serde_json::from_str::<Value>(PRODUCTS).unwrap()["items"][index];
            ok(&json!({ "items": [row], "total_count": 1 }).to_string())
        }
        _ if is("products?") => dated(PRODUCTS, IN_MARCH),
        _ if is("inventory/source-items?") => ok(SOURCE_ITEMS),
        _ if is("orders/1") => ok(&serde_json::from_str::<Value>(ORDERS).unwrap()["items"][0].to_string()),
        _ if is("orders?") => ok(ORDERS),
        _ if is("creditmemos?") => ok(CREDIT_MEMOS),
        _ if is("customers/search?") => ok(CUSTOMERS),
        _ if is("customers/") => ok(&serde_json::from_str::<Value>(CUSTOMERS).unwrap()["items"][0].to_string()),
        _ if is("categories/list?") => ok(CATEGORIES),
        _ if is("categories/") => ok(&serde_json::from_str::<Value>(CATEGORIES).unwrap()["items"][2].to_string()),
        _ => status(404, r#"{"message":"Request does not match any route."}"#),
    }
}

fn targets(rounds: &[Vec<String>]) -> Vec<Vec<String>> {
    let short = |url: &String| {
        let decoded = percent_encoding::percent_decode_str(url).decode_utf8_lossy().into_owned();
        decoded
            .replace("https://shop.example/rest/all/V1/", "")
            .replace("searchCriteria", "")
            .replace("[filter_groups]", "")
    };
    rounds.iter().map(|round| round.iter().map(short).collect()).collect()
}

#[test]
fn a_page_of_products_takes_three_rounds_however_many_children_there_are() {
    let (page, rounds) = read(&Magento, Entity::Products, FIRST_PAGE, |request| store(&sent(request).1)).unwrap();
    let rounds = targets(&rounds);
    assert_eq!(
        rounds[0],
        [
            "products?[pageSize]=25&[0][filters][0][field]=entity_id&[0][filters][0][value]=0&[0][filters][0][condition_type]=gt&[sortOrders][0][field]=entity_id&[sortOrders][0][direction]=ASC&[1][filters][0][field]=visibility&[1][filters][0][value]=2,3,4&[1][filters][0][condition_type]=in",
            "store/storeConfigs"
        ]
    );
    assert_eq!((rounds[1].len(), rounds[2].len(), rounds.len()), (2, 1, 3), "children and labels, then stock");
    assert!(rounds[2][0].contains("[value]=24-MB01/a b,MH01-S-Black,MH01-XS-Black&"), "{}", rounds[2][0]);
    let usd = |amount: &str| json!({ "amount": amount, "currency": "USD" });
    let (bag, hoodie) = (&page["data"][0], &page["data"][1]);
    assert_eq!((&bag["id"], &bag["sku"], &bag["type"]), (&json!("1"), &json!("24-MB01/a b"), &json!("simple")));
    assert_eq!(
        (&bag["price"], &bag["compare_at"]),
        (&usd("29.500000"), &usd("34.0000")),
        "the special price holds in March"
    );
    assert_eq!(bag["images"][0]["url"], "https://shop.example/media/catalog/product/m/b/mb01-blue-0.jpg");
    assert_eq!(bag["images"].as_array().unwrap().len(), 2, "a disabled picture is not shown");
    assert_eq!(bag["weight"], json!({ "value": "1.5000", "unit": "lb" }));
    assert_eq!((&bag["created_at"], &bag["categories"]), (&json!("2026-01-05T10:00:00Z"), &json!(["3", "4"])));
    assert_eq!(bag["meta"], json!([{ "key": "activity", "value": "5438,5448" }]));
    let stock = &bag["variants"][0]["inventory"];
    assert_eq!(
        (&stock["quantity"], &stock["locations"]),
        (
            &json!(100),
            &json!([{ "location_id": "default", "available": 100 }, { "location_id": "shed", "available": 0 }])
        )
    );
    assert_eq!(hoodie["type"], "variable");
    assert_eq!(
        hoodie["options"],
        json!([{ "name": "Color", "values": ["Black"] }, { "name": "Size", "values": ["XS", "S"] }])
    );
    let (xs, s) = (&hoodie["variants"][0], &hoodie["variants"][1]);
    assert_eq!(
        (&xs["id"], &xs["product_id"], &xs["options"]),
        (&json!("47"), &json!("52"), &json!({ "Color": "Black", "Size": "XS" }))
    );
    assert_eq!((&xs["cost"], &xs["inventory"]["quantity"]), (&usd("20.100000"), &json!(3)));
    assert_eq!(
        (&s["price"], &s["compare_at"], &s["barcode"]),
        (&usd("39.000000"), &usd("49.9900"), &json!("4006381333931"))
    );
    assert_eq!(hoodie["price"], usd("39.000000"), "its own price is 0: the lowest of its children counts");
}

#[test]
fn a_special_price_has_its_days() {
    for (date, price) in [
        (Some("Wed, 31 Dec 2025 23:00:00 GMT"), "34.0000"),
        (Some("Tue, 31 Mar 2026 23:00:00 GMT"), "29.500000"),
        (Some("Wed, 01 Apr 2026 00:00:00 GMT"), "34.0000"),
        (None, "34.0000"),
    ] {
        let answer = |request: &OutboundRequest| match sent(request).1.as_str() {
            target if target.starts_with("products?") && !target.contains("47,48") => {
                date.map_or_else(|| ok(PRODUCTS), |date| dated(PRODUCTS, date))
            }
            target => store(target),
        };
        let (page, _) = read(&Magento, Entity::Products, FIRST_PAGE, answer).unwrap();
        assert_eq!(page["data"][0]["price"]["amount"], price, "{date:?}");
    }
}

#[test]
fn thin_lists_and_stores_without_sources_get_second_calls() {
    let thin = PRODUCTS.replace(r#","configurable_product_links":[47,48]"#, "");
    let children = serde_json::from_str::<Value>(CHILDREN).unwrap()["items"].to_string();
    let answer = |request: &OutboundRequest| match sent(request).1.as_str() {
        target if target.starts_with("products?") => ok(&thin),
        "configurable-products/MH01/children" => ok(&children),
        target if target.starts_with("inventory/") => status(404, r#"{"message":"Request does not match any route."}"#),
        "stockItems/24-MB01%2Fa%20b" => ok(r#"{"item_id":1,"qty":5,"is_in_stock":true}"#),
        target if target.starts_with("stockItems/") => ok(r#"{"item_id":2,"qty":2,"is_in_stock":false}"#),
        target => store(target),
    };
    let (page, rounds) = read(&Magento, Entity::Products, FIRST_PAGE, answer).unwrap();
    assert_eq!(rounds.last().unwrap().len(), 3, "one for each SKU, where nothing else can be asked");
    assert_eq!(
        page["data"][0]["variants"][0]["inventory"],
        json!({ "tracked": true, "quantity": 5, "backorder": false, "locations": [] })
    );
    assert_eq!(
        (&page["data"][1]["variants"][1]["sku"], &page["data"][1]["variants"][1]["inventory"]["quantity"]),
        (&json!("MH01-S-Black"), &json!(0))
    );
}

#[test]
fn only_what_is_wanted_is_asked_for() {
    let (address, credential) = (address_of(&Magento), bearer());
    let context = Context { address: &address, credential: &credential };
    let rounds = |fields: &str| {
        let fields = Fields::parse(Entity::Products, fields).unwrap();
        let read = Read { entity: Entity::Products, target: FIRST_PAGE, fields: Some(&fields), include_remote: false };
        let (_, rounds) = drive(Magento.read(&context, &read).unwrap(), |request| store(&sent(request).1)).unwrap();
        targets(&rounds).concat()
    };
    let names = rounds("id,name");
    assert!(names.len() == 1 && names[0].ends_with("&fields=items[id,name,sku,type_id],total_count"), "{names:?}");
    assert_eq!(rounds("variants.inventory.quantity").len(), 3, "the page, the children, the stock");
}

#[test]
fn pages_go_on_from_an_id_and_end_by_the_total() {
    fn two(cursor: Option<&str>) -> Target<'_> {
        Target::Page { per_page: 2, cursor, updated_after: None }
    }
    let more = PRODUCTS.replace(r#""total_count":2"#, r#""total_count":9"#);
    let answer = |request: &OutboundRequest| match sent(request).1.as_str() {
        target if target.starts_with("products?") && !target.contains("47,48") => ok(&more),
        target => store(target),
    };
    let (page, _) = read(&Magento, Entity::Products, two(None), answer).unwrap();
    let cursor = page["next_cursor"].as_str().unwrap().to_owned();
    let (page, rounds) = read(&Magento, Entity::Products, two(Some(&cursor)), answer).unwrap();
    assert!(targets(&rounds)[0][0].contains("[value]=52&"), "after the last id");
    assert_eq!(page["next_cursor"], Value::Null, "the same rows again are the trap of a page past the end");
    let (page, _) = read(&Magento, Entity::Products, two(None), |request| store(&sent(request).1)).unwrap();
    assert_eq!(page["next_cursor"], Value::Null, "a full page that is all there is");
}

#[test]
fn an_order_is_in_its_own_currency_and_has_one_line_for_two_rows() {
    let (page, rounds) = read(&Magento, Entity::Orders, FIRST_PAGE, |request| store(&sent(request).1)).unwrap();
    assert_eq!(rounds.len(), 2, "the credit memos of a page by one search");
    let order = &page["data"][0];
    let eur = |amount: &str| json!({ "amount": amount, "currency": "EUR" });
    assert_eq!((&order["number"], &order["remote_status"]), (&json!("000000001"), &json!("packing")));
    assert_eq!(
        ["status", "financial_status", "fulfillment_status"].map(|name| order[name].as_str().unwrap()),
        ["open", "partially_refunded", "partial"]
    );
    assert_eq!((&order["totals"]["total"], &order["totals"]["discount"]), (&eur("53.0100"), &eur("4.6000")));
    assert_eq!(
        order["refunds"],
        json!([{ "id": "9", "amount": eur("10.0000"), "reason": null, "created_at": "2026-02-06T11:30:00Z" }])
    );
    assert_eq!(order["lines"].as_array().unwrap().len(), 1);
    let line = &order["lines"][0];
    assert_eq!((&line["product_id"], &line["variant_id"], &line["quantity"]), (&json!("52"), &json!("47"), &json!(2)));
    assert_eq!((&line["total"], &line["unit_price_inc_tax"]), (&eur("43.2400"), &eur("25.8900")));
    assert_eq!(
        (&order["billing"]["line2"], &order["billing"]["region"]),
        (&json!("Apt 7, Rear"), &json!({ "code": "MI", "name": "Michigan" }))
    );
    assert_eq!(
        (&order["shipping"]["city"], &order["shipping_lines"][0]["code"]),
        (&json!("Paris"), &json!("flatrate_flatrate"))
    );
    assert_eq!(order["placed_at"], "2026-02-05T10:00:00Z");
}

#[test]
fn states_are_mapped_by_the_table() {
    for (state, more, expected) in [
        ("new", "", ["open", "pending", "unfulfilled"]),
        ("pending_payment", "", ["open", "pending", "unfulfilled"]),
        ("payment_review", "", ["open", "pending", "unfulfilled"]),
        ("processing", "", ["open", "paid", "unfulfilled"]),
        ("complete", "", ["completed", "paid", "fulfilled"]),
        ("canceled", "", ["cancelled", "voided", "unfulfilled"]),
        ("closed", r#","total_refunded":5"#, ["completed", "refunded", "unfulfilled"]),
        ("holded", r#","total_paid":5"#, ["open", "paid", "unfulfilled"]),
        ("holded", "", ["open", "pending", "unfulfilled"]),
    ] {
        let body = format!(
            r#"{{"items":[{{"entity_id":1,"state":"{state}","status":"own","extension_attributes":[]{more}}}],"total_count":1}}"#
        );
        let answer = |request: &OutboundRequest| {
            if sent(request).1.starts_with("orders") { ok(&body) } else { ok(r#"{"items":null,"total_count":0}"#) }
        };
        let (page, _) = read(&Magento, Entity::Orders, FIRST_PAGE, answer).unwrap();
        let order = &page["data"][0];
        assert_eq!(
            ["status", "financial_status", "fulfillment_status"].map(|name| order[name].as_str().unwrap()),
            expected,
            "{state}"
        );
        assert_eq!(order["remote_status"], "own");
    }
}

#[test]
fn customers_categories_and_stock() {
    let (page, _) = read(&Magento, Entity::Customers, FIRST_PAGE, |request| store(&sent(request).1)).unwrap();
    let customer = &page["data"][0];
    assert_eq!(
        (&customer["addresses"][0]["city"], &customer["phone"]),
        (&json!("Berlin"), &json!("49")),
        "billing first"
    );
    assert_eq!(
        (&customer["addresses"][1]["region"]["code"], &customer["marketing"]["email"]),
        (&json!("MI"), &json!(true))
    );
    let (page, _) = read(&Magento, Entity::Categories, FIRST_PAGE, |request| store(&sent(request).1)).unwrap();
    let ids: Vec<&Value> = page["data"].as_array().unwrap().iter().map(|category| &category["id"]).collect();
    assert_eq!(ids, ["2", "3"], "the root of all trees is none");
    assert_eq!(
        (&page["data"][0]["parent_id"], &page["data"][1]["parent_id"], &page["data"][1]["slug"]),
        (&Value::Null, &json!("2"), &json!("gear"))
    );

    let skus = r#"{"items":[{"id":1,"sku":"24-MB01/a b"},{"id":47,"sku":"MH01-XS-Black"}],"total_count":2}"#;
    let answer =
        |request: &OutboundRequest| if sent(request).1.starts_with("products?") { ok(skus) } else { ok(SOURCE_ITEMS) };
    let (page, rounds) = read(&Magento, Entity::Inventory, FIRST_PAGE, answer).unwrap();
    assert_eq!(rounds.iter().map(Vec::len).collect::<Vec<_>>(), [1, 1]);
    let levels: Vec<_> = page["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|level| {
            (
                level["variant_id"].clone(),
                level["location_id"].clone(),
                level["available"].clone(),
                level["on_hand"].clone(),
            )
        })
        .collect();
    assert_eq!(
        levels,
        [
            (json!("1"), json!("default"), json!(100), json!(100)),
            (json!("1"), json!("shed"), json!(0), json!(7)),
            (json!("47"), json!("default"), json!(3), json!(3))
        ]
    );
    assert_eq!(page["next_cursor"], Value::Null);
    let two = Target::Page { per_page: 2, cursor: None, updated_after: None };
    let (page, _) = read(&Magento, Entity::Inventory, two, answer).unwrap();
    assert!(page["next_cursor"].is_string(), "three are more than two");
    let bag = SOURCE_ITEMS.replace("MH01-XS-Black", "24-MB01/a b");
    let answer = |request: &OutboundRequest| if sent(request).1.starts_with("products?") { ok(skus) } else { ok(&bag) };
    let (level, _) = read(&Magento, Entity::Inventory, Target::One("1"), answer).unwrap();
    assert_eq!(
        (&level["location_id"], &level["available"], &level["on_hand"]),
        (&Value::Null, &json!(103), &json!(110))
    );
}

#[test]
fn a_change_after_a_moment_is_asked_in_utc_without_zone() {
    let target =
        || Target::Page { per_page: 25, cursor: None, updated_after: Some("2026-01-02T03:04:05Z".parse().unwrap()) };
    for entity in [Entity::Products, Entity::Orders, Entity::Customers, Entity::Categories] {
        let (_, rounds) = read(&Magento, entity, target(), |request| store(&sent(request).1)).unwrap();
        assert!(
            rounds[0][0].contains("updated_at") && rounds[0][0].contains("=2026-01-02%2003%3A04%3A05&"),
            "{}",
            rounds[0][0]
        );
    }
}

fn bearer() -> Credential {
    [(ACCESS_TOKEN.to_owned(), "token".into())].into_iter().collect()
}

#[test]
fn a_token_alone_is_a_bearer_and_with_the_consumer_it_signs() {
    let address = address_of(&Magento);
    let path = RawPath::parse("rest/V1/products/a%20b").unwrap();
    let request = |credential: &Credential| {
        let context = Context { address: &address, credential };
        let headers = HeaderMap::new();
        let call = RawCall {
            method: Method::GET,
            path: &path,
            query: Some("fields=id&oauth_token=x"),
            headers: &headers,
            body: Bytes::new(),
        };
        Magento.raw(&context, call)
    };
    let (now, nonce) = (jiff::Timestamp::from_second(1_700_000_000).unwrap(), [0; 16]);
    let plain = request(&bearer()).unwrap();
    assert_eq!(plain.headers_for_attempt(now, nonce)["authorization"], "Bearer token");
    assert_eq!(plain.unsigned_url().as_str(), "https://shop.example/rest/V1/products/a%20b?fields=id");
    let signing = crate::tests::credential_of(&Magento);
    let signed = request(&signing).unwrap();
    let headers = signed.headers_for_attempt(now, nonce);
    let value = headers["authorization"].to_str().unwrap();
    assert!(value.starts_with("OAuth oauth_consumer_key=\"test-consumer_key\", oauth_nonce=\"0000"), "{value}");
    assert!(value.contains("oauth_token=\"test-access_token\"") && value.contains("oauth_signature=\""));
    assert_eq!(signed.url_for_attempt(now, nonce).as_str(), plain.unsigned_url().as_str(), "nothing in the query");
    assert_ne!(signed.headers_for_attempt(now, [1; 16])["authorization"], headers["authorization"]);
    let half: Credential = [(ACCESS_TOKEN, "t"), (CONSUMER_KEY, "k")]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.into()))
        .collect();
    let error = request(&half).err();
    assert!(matches!(error, Some(Refusal::Credential(CredentialError::Missing(name))) if name == CONSUMER_SECRET));
}

/// The signature computed with Python's `hmac` over RFC 5849's base string, written down apart from this code.
#[test]
fn a_signature_with_a_token_is_rfc_5849s() {
    let credential: Credential =
        [(CONSUMER_KEY, "ck"), (CONSUMER_SECRET, "cs"), (ACCESS_TOKEN, "at"), (TOKEN_SECRET, "ts")]
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.into()))
            .collect();
    let url = "https://shop.example/rest/all/V1/products?searchCriteria%5BpageSize%5D=1&fields=items%5Bid%5D"
        .parse()
        .unwrap();
    let attempt = Attempt { now: jiff::Timestamp::from_second(1_700_000_000).unwrap(), nonce: [7; 16] };
    let value = oauth::in_header(&Method::GET, &url, &credential, &OAUTH, attempt).unwrap();
    assert!(
        value.to_str().unwrap().ends_with("oauth_signature=\"S7UAgNNxTu6LVml8jEVqxXuAHOwm5M6CJwxupWd1bo8%3D\""),
        "{}",
        value.to_str().unwrap()
    );
}

#[test]
fn a_raw_path_shows_its_entity() {
    for (path, scope) in [
        ("rest/V1/products/24-MB01", Some(Entity::Products)),
        ("rest/all/V1/configurable-products/MH01/children", Some(Entity::Products)),
        ("rest/V1/orders/1/cancel", Some(Entity::Orders)),
        ("rest/V1/order/1/invoice", Some(Entity::Orders)),
        ("rest/V1/creditmemos", Some(Entity::Orders)),
        ("rest/V1/customers/search", Some(Entity::Customers)),
        ("rest/V1/categories/list", Some(Entity::Categories)),
        ("rest/V1/inventory/source-items", Some(Entity::Inventory)),
        ("rest/V1/stockItems/24-MB01", Some(Entity::Inventory)),
        ("rest/V1/guest-carts/x", Some(Entity::Baskets)),
        ("rest/V1/store/storeConfigs", None),
    ] {
        assert_eq!(Magento.raw_scope(&RawPath::parse(path).unwrap()), scope, "{path}");
    }
}

#[test]
fn an_address_loses_the_path_of_the_api() {
    for given in [
        "https://shop.example/rest/all/V1/",
        "shop.example/rest/V1",
        "https://shop.example/index.php/rest/default/V1",
        "https://shop.example",
    ] {
        assert_eq!(Magento.address(given, Loopback::Denied).unwrap().to_string(), "https://shop.example", "{given}");
    }
    assert_eq!(
        Magento.address("https://shop.example/shop/rest", Loopback::Denied).unwrap().to_string(),
        "https://shop.example/shop"
    );
}

#[test]
fn a_product_is_created_unless_its_sku_is_taken() {
    let body = json!({
        "name": "Mug", "sku": "MUG/1", "status": "draft", "price": { "amount": "10.50" }, "compare_at": { "amount": "12.00" },
        "categories": ["3"], "seo": { "slug": "mug" }, "meta": [{ "key": "material", "value": "33" }],
        "variants": [{ "inventory": { "quantity": 4 }, "cost": { "amount": "3.10" } }],
    });
    let none = r#"{"items":[],"total_count":0}"#;
    let answer = |request: &Sent| match (&request.0, request.1.as_str()) {
        (&Method::POST, "products") => ok(r#"{"id":1,"sku":"MUG/1"}"#),
        (_, target) if target.contains("[value]=MUG/1") && target.starts_with("products?") => ok(none),
        (_, target) => store(target),
    };
    let (made, sent) = write(Entity::Products, Verb::Create, "", &body, answer).unwrap();
    assert_eq!(made["id"], "1");
    assert_eq!(
        sent[1].2,
        json!({ "saveOptions": true, "product": {
            "sku": "MUG/1", "name": "Mug", "attribute_set_id": 4, "type_id": "simple", "visibility": 4, "status": 2, "price": 12.00,
            "extension_attributes": { "category_links": [{ "position": 0, "category_id": "3" }], "stock_item": { "qty": 4, "is_in_stock": true } },
            "custom_attributes": [
                { "attribute_code": "url_key", "value": "mug" },
                { "attribute_code": "material", "value": "33" },
                { "attribute_code": "special_price", "value": "10.50" },
                { "attribute_code": "cost", "value": "3.10" }
            ],
        } })
    );
    // Magento would have changed the product that is there.
    let error = write(Entity::Products, Verb::Create, "", &body, |request| store(&request.1)).unwrap_err();
    assert!(matches!(error, ReadError::Refused(Refusal::Field { pointer, .. }) if pointer == "/sku"));
}

#[test]
fn a_change_finds_the_sku_and_the_other_price() {
    let change = |id: &str, body: Value| {
        let answer = |request: &Sent| match (&request.0, request.1.as_str()) {
            (&Method::PUT | &Method::DELETE, _) => ok("{}"),
            (_, target) if target.contains("entity_id") && target.contains("&fields=items[id,sku,price") => {
                let all =
                    [PRODUCTS, CHILDREN].map(|text| serde_json::from_str::<Value>(text).unwrap()["items"].clone());
                let rows: Vec<Value> = all.iter().flat_map(|rows| rows.as_array().unwrap()).cloned().collect();
                ok(&json!({ "items": rows, "total_count": rows.len() }).to_string())
            }
            (_, target) => store(target),
        };
        write(Entity::Products, Verb::Update, id, &body, answer).unwrap().1
    };
    // 1 costs 29.50 instead of 34.
    for (body, price, special) in [
        (json!({ "price": { "amount": "28" } }), Value::Null, json!("28")),
        (json!({ "compare_at": null }), json!(29.500000), json!("")),
        (json!({ "compare_at": { "amount": "40" } }), json!(40), json!("29.500000")),
    ] {
        let sent = change("1", body);
        assert_eq!((&sent[1].0, sent[1].1.as_str()), (&Method::PUT, "products/24-MB01%2Fa%20b"), "a SKU with a slash");
        let product = &sent[1].2["product"];
        assert_eq!((&product["price"], &product["custom_attributes"][0]["value"]), (&price, &special));
    }
    let sent = change(
        "52",
        json!({ "name": "Hoodie", "variants": [{ "id": "47", "price": { "amount": "50.00" }, "inventory": { "quantity": 0 } }] }),
    );
    assert!(sent[0].1.contains("[value]=52,47&"), "one search for the SKUs of all");
    assert_eq!((sent[1].1.as_str(), &sent[1].2["product"]), ("products/MH01", &json!({ "name": "Hoodie" })));
    assert_eq!(sent[2].1, "products/MH01-XS-Black");
    assert_eq!(
        sent[2].2["product"],
        json!({ "price": 50.00, "extension_attributes": { "stock_item": { "qty": 0, "is_in_stock": false } } })
    );
    let answer = |request: &Sent| if request.0 == Method::DELETE { ok("true") } else { store(&request.1) };
    let (_, sent) = write(Entity::Products, Verb::Delete, "1", &Value::Null, answer).unwrap();
    assert!(sent.iter().any(|(method, path, _)| *method == Method::DELETE && path == "products/24-MB01%2Fa%20b"));
    let error = write(Entity::Products, Verb::Delete, "999", &Value::Null, answer).unwrap_err();
    assert!(matches!(error, ReadError::Refused(Refusal::Id)));
}

#[test]
fn what_magento_cannot_hold_is_refused_with_its_pointer() {
    for (entity, verb, body, pointer) in [
        (Entity::Products, Verb::Create, json!({ "name": "A", "sku": "a" }), "/price"),
        (Entity::Products, Verb::Create, json!({ "name": "A", "price": { "amount": "1" } }), "/sku"),
        (
            Entity::Products,
            Verb::Create,
            json!({ "name": "A", "sku": "a", "price": { "amount": "1" }, "variants": [{}, {}] }),
            "/variants",
        ),
        (Entity::Products, Verb::Update, json!({ "sku": "new" }), "/sku"),
        (Entity::Products, Verb::Update, json!({ "status": "archived" }), "/status"),
        (Entity::Products, Verb::Update, json!({ "variants": [{ "price": { "amount": "1" } }] }), "/variants/0/id"),
        (Entity::Products, Verb::Update, json!({ "categories": ["x"] }), "/categories/0"),
        (Entity::Orders, Verb::Update, json!({ "status": "completed" }), "/status"),
        (Entity::Customers, Verb::Create, json!({ "email": "a@x.test", "first_name": "A" }), "/last_name"),
        (Entity::Customers, Verb::Update, json!({ "groups": ["1", "2"] }), "/groups"),
        (Entity::Categories, Verb::Update, json!({ "parent_id": null }), "/parent_id"),
        (Entity::Inventory, Verb::Update, json!({ "location_id": "shed" }), "/available"),
    ] {
        assert_eq!(refused_field(&Magento, entity, verb, &body), pointer, "{body}");
    }
}

#[test]
fn orders_are_cancelled_customers_repeated_categories_moved_and_stock_set() {
    let post = |request: &Sent| match (&request.0, request.1.as_str()) {
        (&Method::POST, "orders/1/cancel") => ok("true"),
        (&Method::POST, "customers") => ok(r#"{"id":1,"email":"a@x.test"}"#),
        (&Method::POST, "categories") => ok(r#"{"id":3,"name":"Gear"}"#),
        (&Method::GET, target) => store(target),
        _ => ok("[]"),
    };
    let (_, sent) = write(Entity::Orders, Verb::Update, "1", &json!({ "status": "cancelled" }), post).unwrap();
    assert_eq!(sent[0], (Method::POST, "orders/1/cancel".to_owned(), json!({})));
    let over =
        write(Entity::Orders, Verb::Update, "1", &json!({ "status": "cancelled" }), |_| ok("false")).unwrap_err();
    assert!(matches!(over, ReadError::Refused(Refusal::Field { .. })));

    let (_, sent) = write(
        Entity::Customers,
        Verb::Update,
        "1",
        &json!({ "first_name": "V", "marketing": { "email": false } }),
        post,
    )
    .unwrap();
    let repeated = json!({ "customer": { "id": 1, "email": "roni_cost@example.com", "firstname": "V", "lastname": "Costello", "group_id": 1, "website_id": 1, "store_id": 1, "extension_attributes": { "is_subscribed": false } } });
    assert_eq!((&sent[1].0, &sent[1].2), (&Method::PUT, &repeated), "addresses that are not sent stay");
    let new = json!({ "email": "a@x.test", "first_name": "A", "last_name": "B", "addresses": [{ "line1": "1", "line2": "2", "region": { "code": "MI" } }] });
    let (_, sent) = write(Entity::Customers, Verb::Create, "", &new, post).unwrap();
    let address = &sent[0].2["customer"]["addresses"][0];
    assert_eq!(
        (&address["street"], &address["region"], &address["default_billing"]),
        (&json!(["1", "2"]), &json!({ "region_code": "MI" }), &json!(true))
    );

    let (_, sent) =
        write(Entity::Categories, Verb::Update, "3", &json!({ "name": "New", "parent_id": "2" }), post).unwrap();
    assert_eq!(sent[0].2, json!({ "category": { "name": "New" } }));
    assert_eq!((sent[1].1.as_str(), &sent[1].2), ("categories/3/move", &json!({ "parentId": 2 })));
    let (_, sent) =
        write(Entity::Categories, Verb::Create, "", &json!({ "name": "Gear", "slug": "gear" }), post).unwrap();
    assert_eq!(
        sent[0].2,
        json!({ "category": { "name": "Gear", "is_active": true, "custom_attributes": [{ "attribute_code": "url_key", "value": "gear" }] } })
    );

    let (_, sent) = write(Entity::Inventory, Verb::Update, "1", &json!({ "available": 8 }), post).unwrap();
    assert_eq!(
        sent[1].2,
        json!({ "sourceItems": [{ "sku": "24-MB01/a b", "source_code": "default", "quantity": 8, "status": 1 }] })
    );
}
