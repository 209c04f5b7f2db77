//! The shapes are those of the vendor's documentation of the webservice; no PrestaShop ran here.

use serde_json::{Value, json};

use super::*;
use crate::connector::Outcome;
use crate::tests::{FIRST_PAGE, address_of, credential_of, drive, ok, read};
use crate::{Action, Fields, Input};

const SETTINGS: &str = r#"{"configurations":[{"id":1,"name":"PS_LANG_DEFAULT","value":"2"},{"id":2,"name":"PS_CURRENCY_DEFAULT","value":"1"},{"id":3,"name":"PS_TIMEZONE","value":"Europe\/Paris"}]}"#;
const CURRENCIES: &str = r#"{"currencies":[{"id":1,"iso_code":"EUR"},{"id":2,"iso_code":"USD"}]}"#;
const PRODUCTS: &str = r#"{"products":[
    {"id":1,"id_tax_rules_group":"1","manufacturer_name":"Studio Design","reference":"demo_1","ean13":"","upc":"","isbn":"","price":"23.900000",
     "wholesale_price":"0.000000","weight":"0.300000","width":"0.000000","height":"0.000000","depth":"0.000000","active":"1","is_virtual":"0","product_type":"combinations",
     "date_add":"2026-07-01 12:00:00","date_upd":"2026-10-25 02:30:00","name":[{"id":"1","value":"Hummingbird t-shirt"},{"id":"2","value":"T-shirt colibri"}],
     "description":[{"id":"1","value":"<p>x<\/p>"},{"id":"2","value":""}],"link_rewrite":[{"id":"1","value":"tee"},{"id":"2","value":"t-shirt"}],
     "associations":{"categories":[{"id":"2"},{"id":"4"}],"images":[{"id":"1"},{"id":"2"}],"combinations":[{"id":"1"},{"id":"2"}]}},
    {"id":6,"id_tax_rules_group":"0","manufacturer_name":false,"reference":"demo_11","ean13":"4006381333931","price":"11.900000","weight":"0.000000","active":"0",
     "date_add":"0000-00-00 00:00:00","date_upd":"2026-01-01 00:00:00","name":"Mug","description":false,"link_rewrite":"mug","associations":{}}]}"#;
const COMBINATIONS: &str = r#"{"combinations":[
    {"id":1,"id_product":"1","reference":"demo_1_s","ean13":"","upc":"","price":"0.000000","wholesale_price":"5.00","associations":{"product_option_values":[{"id":"1"},{"id":"8"}],"images":[{"id":"2"}]}},
    {"id":2,"id_product":"1","reference":"demo_1_m","price":"-1.500000","associations":{"product_option_values":[{"id":"2"},{"id":"8"}]}}]}"#;
const STOCK: &str = r#"{"stock_availables":[
    {"id":1,"id_product":"1","id_product_attribute":"0","quantity":"600","out_of_stock":"2"},
    {"id":2,"id_product":"1","id_product_attribute":"1","quantity":"300","out_of_stock":"1"},
    {"id":3,"id_product":"1","id_product_attribute":"2","quantity":"300","out_of_stock":"0"},
    {"id":9,"id_product":"6","id_product_attribute":"0","quantity":"-2","out_of_stock":"1"}]}"#;
const VALUES: &str = r#"{"product_option_values":[{"id":1,"id_attribute_group":"1","name":[{"id":"2","value":"S"}]},{"id":2,"id_attribute_group":"1","name":[{"id":"2","value":"M"}]},{"id":8,"id_attribute_group":"2","name":[{"id":"2","value":"Blanc"}]}]}"#;
const OPTIONS: &str = r#"{"product_options":[{"id":1,"name":[{"id":"1","value":"Size"},{"id":"2","value":"Taille"}]},{"id":2,"name":[{"id":"2","value":"Couleur"}]}]}"#;
const ORDERS: &str = r#"{"orders":[{"id":5,"id_address_delivery":"3","id_address_invoice":"3","id_currency":"1","id_customer":"2","current_state":"4","module":"ps_wirepayment",
    "reference":"KHWLILZLL","note":"","total_discounts_tax_excl":"0.000000","total_paid_tax_incl":"61.800000","total_paid_tax_excl":"59.800000","total_paid_real":"61.800000",
    "total_products":"59.800000","total_shipping_tax_excl":"0.000000","total_shipping_tax_incl":"0.000000","date_add":"2026-10-25 02:30:00","date_upd":"2026-11-01 10:00:00",
    "associations":{"order_rows":[{"id":"8","product_id":"1","product_attribute_id":"2","product_quantity":"3","product_name":"T-shirt","product_reference":"demo_1_m","unit_price_tax_incl":"12.345678","unit_price_tax_excl":"12.345678"},
        {"id":"9","product_id":"0","product_attribute_id":"0","product_quantity":"1","product_name":"Gone","unit_price_tax_excl":"1.000000"}]}}]}"#;
const STATES: &str = r#"{"order_states":[{"id":4,"paid":"1","shipped":"1","template":[{"id":"2","value":"shipped"}],"name":[{"id":"2","value":"Expédié"}]},
    {"id":6,"paid":"0","shipped":"0","template":"order_canceled","name":"Annulé"}]}"#;
const CUSTOMERS: &str = r#"{"customers":[{"id":2,"email":"pub@example.com","firstname":"John","lastname":"Doe","newsletter":"1","is_guest":"0","date_add":"2026-07-01 12:00:00","date_upd":"2026-07-01 12:00:00",
    "passwd":"$2y$10$abc","associations":{"groups":[{"id":"3"}]}}]}"#;
const ADDRESSES: &str = r#"{"addresses":[{"id":3,"id_customer":"2","id_country":"8","id_state":"0","company":"","firstname":"John","lastname":"Doe","address1":"16, Main street","address2":"","postcode":"75002","city":"Paris","phone":"0102030405","phone_mobile":"","vat_number":"","deleted":"0"},
    {"id":4,"id_customer":"2","id_country":"8","id_state":"0","firstname":"Old","deleted":"1"}]}"#;
const COUNTRIES: &str = r#"{"countries":[{"id":8,"iso_code":"FR"}]}"#;
const CATEGORIES: &str = r#"{"categories":[{"id":1,"id_parent":"0","active":"1","name":"Root"},{"id":2,"id_parent":"1","active":"1","position":"0","name":"Home","link_rewrite":"home"},{"id":3,"id_parent":"2","active":"0","position":"1","name":[{"id":"2","value":"Habits"}]}]}"#;

fn answer(request: &OutboundRequest) -> InboundResponse {
    let path = request.unsigned_url().path();
    let body = match path.rsplit_once("/api/").map_or(path, |(_, resource)| resource) {
        "configurations" => SETTINGS,
        "currencies" => CURRENCIES,
        "products" => PRODUCTS,
        "combinations" => COMBINATIONS,
        "stock_availables" => STOCK,
        "product_option_values" => VALUES,
        "product_options" => OPTIONS,
        "orders" => ORDERS,
        "order_states" => STATES,
        "customers" => CUSTOMERS,
        "addresses" => ADDRESSES,
        "countries" => COUNTRIES,
        "categories" => CATEGORIES,
        other => panic!("{other}"),
    };
    ok(body)
}

fn query(url: &str) -> String {
    percent_encoding::percent_decode_str(url).decode_utf8().unwrap().into_owned()
}

#[test]
fn a_page_of_products_takes_seven_calls_however_many_there_are() {
    let (page, rounds) = read(&PrestaShop, Entity::Products, FIRST_PAGE, answer).unwrap();
    assert_eq!(rounds.iter().map(Vec::len).collect::<Vec<_>>(), [3, 2, 2]);
    let asked = query(&rounds[0][2]);
    assert!(asked.contains("filter[id]=>[0]&sort=[id_ASC]&limit=26"), "{asked}");
    assert!(query(&rounds[1][0]).contains("filter[id_product]=[1|6]"), "{}", query(&rounds[1][0]));
    let (tee, mug) = (&page["data"][0], &page["data"][1]);
    assert_eq!(tee["name"], "T-shirt colibri", "the shop's own language");
    assert_eq!(tee["description_html"], "<p>x</p>", "or the first that has a text");
    assert_eq!(tee["price"], json!({ "amount": "23.900000", "currency": "EUR" }));
    assert_eq!(tee["variants"][1]["price"]["amount"], "22.400000", "an impact is added");
    assert_eq!(tee["variants"][1]["options"], json!({ "Couleur": "Blanc", "Taille": "M" }));
    assert_eq!(
        tee["options"],
        json!([{ "name": "Taille", "values": ["S", "M"] }, { "name": "Couleur", "values": ["Blanc"] }])
    );
    assert_eq!((&tee["variants"][0]["id"], &tee["variants"][0]["inventory"]["quantity"]), (&json!("1-1"), &json!(300)));
    assert_eq!(tee["created_at"], "2026-07-01T10:00:00Z", "Paris in summer");
    assert_eq!(tee["updated_at"], "2026-10-25T00:30:00Z", "of the hour that comes twice, the first");
    assert_eq!((&mug["brand"], &mug["created_at"], &mug["status"]), (&Value::Null, &Value::Null, &json!("draft")));
    assert_eq!(
        mug["variants"][0]["inventory"],
        json!({ "tracked": true, "quantity": -2, "backorder": true, "locations": [] })
    );
    assert_eq!(mug["variants"][0]["barcode"], "4006381333931");
}

#[test]
fn nothing_is_asked_that_nobody_wants() {
    let (address, credential) = (address_of(&PrestaShop), credential_of(&PrestaShop));
    let context = Context { address: &address, credential: &credential };
    let fields = Fields::parse(Entity::Products, "id,name,price.amount,seo.slug").unwrap();
    let read = Read { entity: Entity::Products, target: FIRST_PAGE, fields: Some(&fields), include_remote: false };
    let (_, rounds) = drive(PrestaShop.read(&context, &read).unwrap(), answer).unwrap();
    assert_eq!(rounds.iter().map(Vec::len).collect::<Vec<_>>(), [3]);
    let asked = query(&rounds[0][2]);
    assert!(asked.contains("display=[id,name,price,link_rewrite,meta_title,meta_description]&"), "{asked}");
}

#[test]
fn an_order_comes_with_its_state_customer_and_addresses() {
    let (page, rounds) = read(&PrestaShop, Entity::Orders, FIRST_PAGE, answer).unwrap();
    assert_eq!(rounds.iter().map(Vec::len).collect::<Vec<_>>(), [3, 3, 1]);
    let order = &page["data"][0];
    assert_eq!((&order["number"], &order["remote_status"]), (&json!("KHWLILZLL"), &json!("Expédié")));
    assert_eq!(
        (&order["status"], &order["financial_status"], &order["fulfillment_status"]),
        (&json!("completed"), &json!("paid"), &json!("fulfilled"))
    );
    assert_eq!(order["totals"]["tax"]["amount"], "2.000000");
    assert_eq!(order["customer"]["email"], "pub@example.com");
    assert_eq!((&order["shipping"]["country"], &order["shipping"]["city"]), (&json!("FR"), &json!("Paris")));
    assert_eq!(
        (&order["lines"][0]["variant_id"], &order["lines"][0]["total"]["amount"]),
        (&json!("1-2"), &json!("37.037034"))
    );
    assert_eq!(order["lines"][1]["product_id"], Value::Null, "a product that is gone");
}

#[test]
fn customers_categories_and_stock_are_mapped() {
    let (page, _) = read(&PrestaShop, Entity::Customers, FIRST_PAGE, answer).unwrap();
    let customer = &page["data"][0];
    assert_eq!((&customer["marketing"]["email"], &customer["phone"]), (&json!(true), &json!("0102030405")));
    assert_eq!(customer["addresses"].as_array().unwrap().len(), 1, "a deleted address is none");
    assert!(!page.to_string().contains("$2y$"), "a password's hash is never shown");
    let (page, _) = read(&PrestaShop, Entity::Categories, FIRST_PAGE, answer).unwrap();
    let shown: Vec<_> =
        page["data"].as_array().unwrap().iter().map(|row| (row["id"].clone(), row["parent_id"].clone())).collect();
    assert_eq!(shown, [(json!("2"), Value::Null), (json!("3"), json!("2"))], "without the tree's root");
    let (page, rounds) = read(&PrestaShop, Entity::Inventory, FIRST_PAGE, answer).unwrap();
    let shown: Vec<_> = page["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["variant_id"].clone(), row["available"].clone()))
        .collect();
    assert_eq!(
        shown,
        [(json!("1-1"), json!(300)), (json!("1-2"), json!(300)), (json!("6"), json!(-2))],
        "a sum is no level"
    );
    assert_eq!(rounds.len(), 2);
}

/// A page is what has a higher id, so rows that share a date are neither lost nor repeated; one row more than is shown tells of a next page.
#[test]
fn pages_go_on_from_the_last_id_and_end() {
    let rows = |from: u32, count: u32| {
        let rows: Vec<Value> =
            (from..from + count).map(|id| json!({ "id": id, "name": "x", "id_parent": "2" })).collect();
        if rows.is_empty() { "[]".to_owned() } else { json!({ "categories": rows }).to_string() }
    };
    let page = |cursor: Option<&str>, body: String| {
        let target = Target::Page { per_page: 3, cursor, updated_after: None };
        let (page, rounds) = read(&PrestaShop, Entity::Categories, target, |request| {
            if request.unsigned_url().path().ends_with("categories") { ok(&body) } else { ok("[]") }
        })
        .unwrap();
        (page["data"].as_array().unwrap().len(), page["next_cursor"].as_str().map(str::to_owned), query(&rounds[0][2]))
    };
    let (shown, next, asked) = page(None, rows(2, 4));
    assert_eq!(shown, 3);
    assert!(asked.contains("limit=4"), "{asked}");
    let (shown, end, asked) = page(next.as_deref(), rows(5, 3));
    assert!(asked.contains("filter[id]=>[4]"), "{asked}");
    assert_eq!((shown, end), (3, None));
    assert_eq!(page(next.as_deref(), rows(5, 0)), (0, None, asked), "an empty list is `[]`");
    // A shop that ignores the filter would begin again for ever.
    assert_eq!(page(next.as_deref(), rows(1, 4)).1, None);
}

#[test]
fn a_time_of_change_is_asked_in_the_shops_own_time() {
    let target =
        || Target::Page { per_page: 25, cursor: None, updated_after: Some("2026-07-01T10:00:00Z".parse().unwrap()) };
    let (_, rounds) = read(&PrestaShop, Entity::Categories, target(), answer).unwrap();
    assert_eq!(rounds.iter().map(Vec::len).collect::<Vec<_>>(), [2, 1]);
    let asked = query(&rounds[1][0]);
    assert!(asked.contains("filter[date_upd]=>[2026-07-01+12:00:00]&date=1"), "{asked}");
    let refused = read(&PrestaShop, Entity::Categories, target(), |_| InboundResponse {
        status: StatusCode::FORBIDDEN,
        ..ok("")
    });
    assert!(matches!(refused.err(), Some(ReadError::Refused(Refusal::FilterNotSupported(_)))));
    // Without the zone a time is shown as it was written, and not as a moment that it may not be.
    let (page, _) = read(&PrestaShop, Entity::Customers, FIRST_PAGE, |request| {
        if request.unsigned_url().path().ends_with("configurations") { ok("[]") } else { answer(request) }
    })
    .unwrap();
    assert_eq!(
        (&page["data"][0]["created_at"], &page["data"][0]["source_time"]),
        (&Value::Null, &json!("2026-07-01 12:00:00"))
    );
}

fn write(entity: Entity, id: Option<&str>, body: &str) -> Result<Vec<(String, String, String)>, ReadError> {
    let (address, credential) = (address_of(&PrestaShop), credential_of(&PrestaShop));
    let context = Context { address: &address, credential: &credential };
    let verb = if id.is_some() { Verb::Update } else { Verb::Create };
    let Ok(input) = Input::parse(PLATFORM.support(entity).unwrap(), verb, body.as_bytes()) else { panic!("{body}") };
    let action = match id {
        Some(id) => Action::Update { id, input },
        None => Action::Create(input),
    };
    let mut sent = Vec::new();
    let turn = PrestaShop.write(&context, Write { entity, action, include_remote: false });
    drive(turn.map_err(ReadError::Refused)?, |request| {
        if request.method == Method::GET {
            return answer(request);
        }
        assert_eq!(request.headers["content-type"], "text/xml");
        let body = String::from_utf8(request.body.to_vec()).unwrap();
        sent.push((request.method.to_string(), request.unsigned_url().path().to_owned(), body));
        ok(r#"{"product":{"id":"1","price":"1"}}"#)
    })?;
    Ok(sent)
}

#[test]
fn writes_are_xml_in_the_shops_language() {
    let sent = write(
        Entity::Products,
        Some("1"),
        r#"{"name":"<b>&","price":{"amount":"9.90","currency":"EUR"},"status":"active","categories":["2","4"]}"#,
    )
    .unwrap();
    assert_eq!((sent[0].0.as_str(), sent[0].1.as_str()), ("PATCH", "/api/products/1"));
    assert!(
        sent[0].2.contains("<id>1</id><name><language id=\"2\">&lt;b&gt;&amp;</language></name><active>1</active><state>1</state><price>9.90</price><id_category_default>2</id_category_default>"),
        "{}", sent[0].2
    );
    assert_eq!(write(Entity::Products, None, r#"{"name":"Mug"}"#).unwrap()[0].0, "POST");
    let sent = write(Entity::Inventory, Some("1-1"), r#"{"available":7}"#).unwrap();
    assert!(
        sent[0].1.starts_with("/api/stock_availables/") && sent[0].2.contains("<quantity>7</quantity>"),
        "{sent:?}"
    );
    let sent = write(Entity::Orders, Some("5"), r#"{"status":"cancelled"}"#).unwrap();
    assert!(sent[0].2.contains("<id_order>5</id_order><id_order_state>6</id_order_state>"), "{sent:?}");
    let pointer = |result: Result<_, ReadError>| match result.err() {
        Some(ReadError::Refused(Refusal::Field { pointer, .. })) => pointer,
        _ => panic!("not refused"),
    };
    assert_eq!(
        pointer(write(Entity::Products, Some("1"), r#"{"price":{"amount":"1","currency":"USD"}}"#)),
        "/price/currency"
    );
    assert_eq!(pointer(write(Entity::Orders, Some("5"), r#"{"status":"completed"}"#)), "/status");
    assert_eq!(pointer(write(Entity::Products, Some("1"), r#"{"categories":["2","../x"]}"#)), "/categories/1");
    assert_eq!(pointer(write(Entity::Inventory, Some("1"), r#"{"available":null}"#)), "/available");
}

#[test]
fn a_missing_object_is_a_404_and_a_theme_no_shop() {
    let missing = read(&PrestaShop, Entity::Categories, Target::One("99"), |_| ok("[]"));
    assert!(matches!(missing.err(), Some(ReadError::Upstream { status: StatusCode::NOT_FOUND, .. })));
    let (address, credential) = (address_of(&PrestaShop), credential_of(&PrestaShop));
    let context = Context { address: &address, credential: &credential };
    let probe = |body: &str| {
        drive(PrestaShop.probe(&context).unwrap(), |_| ok(body)).map(|(outcome, _)| matches!(outcome, Outcome::Works))
    };
    assert!(probe("[]").unwrap() && probe(PRODUCTS).unwrap());
    assert!(probe("<html>").is_err() && probe("[1]").is_err());
}

#[test]
fn a_raw_call_carries_the_key_and_shows_its_entity() {
    let (address, credential) = (address_of(&PrestaShop), credential_of(&PrestaShop));
    let context = Context { address: &address, credential: &credential };
    let path = RawPath::parse("api/products/1").unwrap();
    let raw = |query: &'static str| {
        let call = RawCall {
            method: Method::GET,
            path: &path,
            query: Some(query),
            headers: &HeaderMap::new(),
            body: Bytes::new(),
        };
        PrestaShop.raw(&context, call)
    };
    let request = raw("display=full&ws_key=SOMEBODY").unwrap();
    assert_eq!(request.unsigned_url().query(), Some("display=full"));
    // "test-webservice_key:"
    assert_eq!(request.headers["authorization"], "Basic dGVzdC13ZWJzZXJ2aWNlX2tleTo=");
    assert_eq!(raw("ps_method=DELETE").err(), Some(Refusal::Parameter("ps_method")));
    for (path, scope) in [
        ("api/stock_availables", Some(Entity::Inventory)),
        ("api/addresses/1", Some(Entity::Customers)),
        ("api/order_histories", Some(Entity::Orders)),
        ("api/images/products/1", Some(Entity::Products)),
        ("api/configurations", None),
    ] {
        assert_eq!(PrestaShop.raw_scope(&RawPath::parse(path).unwrap()), scope, "{path}");
    }
}
