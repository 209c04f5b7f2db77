//! What writes send, and in which order.

use domain::model::Entity;
use http::StatusCode;
use serde_json::{Value, json};

use super::*;
use crate::connector::{InboundResponse, ReadError};
use crate::tests::{address_of, credential_of, drive, ok};

const STORES: &str = include_str!("../../fixtures/medusa/stores.json");
const REGIONS: &str = include_str!("../../fixtures/medusa/regions.json");

/// A call as it was sent: `POST products`, and its body.
type Sent = (String, String);

fn input(entity: Entity, verb: Verb, text: &Value) -> Input {
    let parsed = Input::parse(PLATFORM.support(entity).unwrap(), verb, text.to_string().as_bytes());
    parsed.unwrap_or_else(|error| panic!("{error:?}"))
}

/// Drives a write with made-up answers; says what was sent, round after round.
fn written(write: Write<'_>, answer: impl Fn(&str) -> Option<String>) -> (Result<Outcome, ReadError>, Vec<Sent>) {
    let (address, credential) = (address_of(&Medusa), credential_of(&Medusa));
    let context = Context { address: &address, credential: &credential };
    let turn = Medusa.write(&context, write).unwrap_or_else(|refusal| panic!("refused: {refusal}"));
    let mut sent = Vec::new();
    let outcome = drive(turn, |request| {
        let url = request.unsigned_url();
        let call = format!("{} {}", request.method, url.path().trim_start_matches("/admin/"));
        sent.push((call.clone(), String::from_utf8(request.body.to_vec()).unwrap()));
        match answer(&call) {
            Some(body) => ok(&body),
            None => InboundResponse { status: StatusCode::NOT_FOUND, ..ok(r#"{"type":"not_found","message":"gone"}"#) },
        }
    });
    (outcome.map(|(outcome, _)| outcome), sent)
}

fn create(entity: Entity, text: &Value, answer: impl Fn(&str) -> Option<String>) -> (Value, Vec<Sent>) {
    let action = Action::Create(input(entity, Verb::Create, text));
    let (outcome, sent) = written(Write { entity, action, include_remote: false }, answer);
    (serde_json::from_slice(&outcome.ok().unwrap().to_json(None).unwrap()).unwrap(), sent)
}

fn update(
    entity: Entity,
    id: &str,
    text: &Value,
    answer: impl Fn(&str) -> Option<String>,
) -> (Result<Outcome, ReadError>, Vec<Sent>) {
    let action = Action::Update { id, input: input(entity, Verb::Update, text) };
    written(Write { entity, action, include_remote: false }, answer)
}

fn refusal(entity: Entity, action: Action<'_>) -> Refusal {
    let (address, credential) = (address_of(&Medusa), credential_of(&Medusa));
    let context = Context { address: &address, credential: &credential };
    match Medusa.write(&context, Write { entity, action, include_remote: false }) {
        Err(refusal) => refusal,
        Ok(_) => panic!("a refusal was expected"),
    }
}

fn body(sent: &[Sent], call: &str) -> Value {
    let (_, body) = sent.iter().find(|(known, _)| known == call).unwrap_or_else(|| panic!("no {call}: {sent:?}"));
    serde_json::from_str(body).unwrap()
}

fn calls(sent: &[Sent]) -> Vec<&str> {
    sent.iter().map(|(call, _)| call.as_str()).collect()
}

fn shop(call: &str) -> Option<String> {
    let answer = match call {
        "GET stores" => STORES,
        "GET regions" => REGIONS,
        "GET shipping-profiles" => r#"{"shipping_profiles":[{"id":"sp_1"}],"count":1}"#,
        "GET product-tags" => r#"{"product_tags":[{"id":"ptag_1","value":"summer"}],"count":1}"#,
        "POST product-tags" => r#"{"product_tag":{"id":"ptag_2","value":"linen"}}"#,
        "POST products" => r#"{"product":{"id":"prod_1","title":"Tee"}}"#,
        _ => return None,
    };
    Some(answer.to_owned())
}

#[test]
fn a_plain_product_gets_the_default_option_and_can_be_sold() {
    let (product, sent) = create(Entity::Products, &json!({ "name": "Tee", "status": "active" }), shop);
    assert_eq!(product["id"], "prod_1");
    assert_eq!(calls(&sent), ["GET stores", "GET shipping-profiles", "POST products"]);
    let store: Value = serde_json::from_str(STORES).unwrap();
    assert_eq!(
        body(&sent, "POST products"),
        json!({
            "title": "Tee", "status": "published",
            "options": [{ "title": "Default option", "values": ["Default option value"] }],
            "variants": [{ "title": "Default variant", "options": { "Default option": "Default option value" }, "prices": [] }],
            "sales_channels": [{ "id": store["stores"][0]["default_sales_channel_id"] }],
            "shipping_profile_id": "sp_1",
        })
    );
}

#[test]
fn variants_bring_their_options_and_amounts_keep_their_digits() {
    let text = json!({
        "name": "Tee", "tags": ["linen", "summer", "linen"], "weight": { "value": "0.250" }, "dimensions": { "length": "10.50" },
        "categories": ["pcat_1"], "images": [{ "url": "https://x.test/a.png" }], "seo": { "slug": "tee" },
        "meta": [{ "key": "k", "value": { "a": 1 } }],
        "variants": [
            { "sku": "T-S", "options": { "Size": "S" }, "price": { "amount": "21.90" }, "inventory": { "tracked": true, "backorder": true } },
            { "sku": "T-M", "options": { "Size": "M" }, "price": { "amount": "24.50", "currency": "USD" }, "barcode": "40", "weight": { "value": "1" } },
        ],
    });
    let (_, sent) = create(Entity::Products, &text, shop);
    assert_eq!(
        calls(&sent),
        ["GET stores", "GET shipping-profiles", "GET product-tags", "POST product-tags", "POST products"]
    );
    assert_eq!(body(&sent, "POST product-tags"), json!({ "value": "linen" }));
    let raw = &sent.last().unwrap().1;
    for number in [r#""amount":21.90"#, r#""weight":0.250"#, r#""length":10.50"#] {
        assert!(raw.contains(number), "{raw}");
    }
    let product = body(&sent, "POST products");
    assert_eq!(product["options"], json!([{ "title": "Size", "values": ["S", "M"] }]));
    assert_eq!(product["variants"][0]["title"], "S");
    assert_eq!(product["variants"][0]["prices"][0]["currency_code"], "eur", "the store's own");
    assert_eq!(
        (&product["variants"][0]["manage_inventory"], &product["variants"][0]["allow_backorder"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(product["variants"][1]["prices"], json!([{ "currency_code": "usd", "amount": 24.5 }]));
    assert_eq!(product["tags"], json!([{ "id": "ptag_2" }, { "id": "ptag_1" }]));
    assert_eq!((&product["handle"], &product["metadata"]), (&json!("tee"), &json!({ "k": { "a": 1 } })));
    assert_eq!(
        (&product["categories"], &product["images"]),
        (&json!([{ "id": "pcat_1" }]), &json!([{ "url": "https://x.test/a.png" }]))
    );
}

const KNOWN: &str = r#"{"product":{"id":"prod_1","title":"Tee","options":[{"id":"opt_1","title":"Size"},{"id":"opt_2","title":"Colour"}],
    "variants":[{"id":"variant_1","prices":[{"id":"price_usd","currency_code":"usd","amount":24.50},{"id":"price_eur","currency_code":"eur","amount":21.99},
    {"id":"price_de","currency_code":"eur","amount":19.990,"rules":{"region_id":"reg_1"}},{"id":"price_ten","currency_code":"eur","amount":18,"min_quantity":10}]}]}}"#;

fn known(call: &str) -> Option<String> {
    match call {
        "GET products/prod_1" | "POST products/prod_1" => Some(KNOWN.to_owned()),
        "POST products/prod_1/variants/batch" => Some(r#"{"created":[],"updated":[]}"#.to_owned()),
        _ => shop(call),
    }
}

#[test]
fn a_changed_price_leaves_the_others_as_they_are() {
    let text = json!({ "variants": [{ "id": "variant_1", "price": { "amount": "22.50", "currency": "EUR" } }] });
    let (outcome, sent) = update(Entity::Products, "prod_1", &text, known);
    assert!(matches!(outcome, Ok(Outcome::One(_))));
    assert_eq!(
        calls(&sent),
        [
            "GET stores",
            "GET products/prod_1",
            "POST products/prod_1",
            "POST products/prod_1/variants/batch",
            "GET products/prod_1",
            "GET stores"
        ]
    );
    let (_, raw) = &sent[3];
    assert!(raw.contains(r#""amount":24.50"#) && raw.contains(r#""amount":19.990"#), "{raw}");
    assert_eq!(
        body(&sent, "POST products/prod_1/variants/batch"),
        json!({ "create": [], "update": [{ "id": "variant_1", "prices": [
            { "id": "price_usd", "currency_code": "usd", "amount": 24.5 },
            { "id": "price_de", "currency_code": "eur", "amount": 19.99, "rules": { "region_id": "reg_1" } },
            { "id": "price_ten", "currency_code": "eur", "amount": 18, "min_quantity": 10 },
            { "id": "price_eur", "currency_code": "eur", "amount": 22.5 },
        ] }] })
    );
}

#[test]
fn a_change_sends_what_was_sent_and_nothing_else() {
    let text = json!({
        "description_html": null, "tags": [], "status": "draft",
        "options": [{ "name": "Colour", "values": ["Red"] }, { "name": "Cut", "values": ["Slim"] }],
        "variants": [{ "id": "variant_1", "sku": null }, { "options": { "Colour": "Red", "Cut": "Slim" } }],
    });
    let (_, sent) = update(Entity::Products, "prod_1", &text, known);
    assert_eq!(
        body(&sent, "POST products/prod_1"),
        json!({ "description": null, "status": "draft", "tags": [],
            "options": [{ "id": "opt_2", "title": "Colour", "values": ["Red"] }, { "title": "Cut", "values": ["Slim"] }] })
    );
    assert_eq!(
        body(&sent, "POST products/prod_1/variants/batch"),
        json!({ "create": [{ "title": "Red / Slim", "options": { "Colour": "Red", "Cut": "Slim" }, "prices": [] }],
            "update": [{ "id": "variant_1", "sku": null }] })
    );
    let (outcome, sent) = update(Entity::Products, "prod_2", &json!({ "name": "x" }), known);
    assert!(matches!(outcome, Err(ReadError::Upstream { status: StatusCode::NOT_FOUND, .. })));
    assert_eq!(calls(&sent), ["GET stores", "GET products/prod_2"]);
}

#[test]
fn what_medusa_cannot_do_is_refused_with_its_place() {
    let product = |verb, text| input(Entity::Products, verb, &text);
    let order = |verb, text| input(Entity::Orders, verb, &text);
    let line = json!([{ "variant_id": "variant_1", "quantity": 1 }]);
    let buyer = json!({ "email": "eve@x.test" });
    for (entity, action, pointer) in [
        (
            Entity::Products,
            Action::Create(product(Verb::Create, json!({ "name": "a", "status": "archived" }))),
            "/status",
        ),
        (
            Entity::Products,
            Action::Create(product(Verb::Create, json!({ "name": "a", "variants": [{ "id": "variant_1" }] }))),
            "/variants/0/id",
        ),
        (Entity::Products, Action::Update { id: "p", input: product(Verb::Update, json!({ "name": null })) }, "/name"),
        (
            Entity::Products,
            Action::Update { id: "p", input: product(Verb::Update, json!({ "variants": [{ "id": "a/b" }] })) },
            "/variants/0/id",
        ),
        (
            Entity::Products,
            Action::Update {
                id: "p",
                input: product(Verb::Update, json!({ "variants": [{ "id": "v", "price": null }] })),
            },
            "/variants/0/price",
        ),
        (Entity::Orders, Action::Create(order(Verb::Create, json!({ "lines": line }))), "/customer"),
        (
            Entity::Orders,
            Action::Create(order(
                Verb::Create,
                json!({ "lines": [{ "name": "x", "quantity": 1 }], "customer": buyer }),
            )),
            "/lines/0",
        ),
        (
            Entity::Orders,
            Action::Create(order(Verb::Create, json!({ "lines": [{ "variant_id": "v" }], "customer": buyer }))),
            "/lines/0/quantity",
        ),
        (
            Entity::Orders,
            Action::Create(order(Verb::Create, json!({ "lines": line, "customer": buyer, "status": "open" }))),
            "/status",
        ),
        (
            Entity::Orders,
            Action::Create(order(
                Verb::Create,
                json!({ "lines": line, "customer": buyer, "shipping_lines": [{ "title": "Parcel" }] }),
            )),
            "/shipping_lines/0",
        ),
        (
            Entity::Orders,
            Action::Create(order(
                Verb::Create,
                json!({ "currency": "EUR", "customer": buyer, "lines": [{ "name": "x", "quantity": 1, "unit_price": { "amount": "1", "currency": "USD" } }] }),
            )),
            "/lines/0/unit_price",
        ),
        (Entity::Orders, Action::Update { id: "o", input: order(Verb::Update, json!({ "lines": line })) }, "/lines"),
        (
            Entity::Orders,
            Action::Update { id: "o", input: order(Verb::Update, json!({ "status": "open" })) },
            "/status",
        ),
        (
            Entity::Orders,
            Action::Update { id: "o", input: order(Verb::Update, json!({ "customer": { "id": "cus_1" } })) },
            "/customer/id",
        ),
        (
            Entity::Categories,
            Action::Update { id: "c", input: input(Entity::Categories, Verb::Update, &json!({ "slug": null })) },
            "/slug",
        ),
        (
            Entity::Inventory,
            Action::Update { id: "v", input: input(Entity::Inventory, Verb::Update, &json!({ "available": -1 })) },
            "/available",
        ),
        (
            Entity::Inventory,
            Action::Update {
                id: "v",
                input: input(Entity::Inventory, Verb::Update, &json!({ "location_id": "sloc_1" })),
            },
            "/available",
        ),
        (
            Entity::Inventory,
            Action::Update {
                id: "v",
                input: input(Entity::Inventory, Verb::Update, &json!({ "available": 1, "location_id": "../x" })),
            },
            "/location_id",
        ),
    ] {
        match refusal(entity, action) {
            Refusal::Field { pointer: at, .. } => assert_eq!(at, pointer),
            other => panic!("{pointer}: {other}"),
        }
    }
    assert_eq!(refusal(Entity::Orders, Action::Delete { id: "o" }), Refusal::NotSupported(NO_ORDER_DELETION));
    assert_eq!(refusal(Entity::Inventory, Action::Delete { id: "v" }), Refusal::NotSupported(LEVELS_FOLLOW_VARIANTS));
    assert_eq!(refusal(Entity::Products, Action::Delete { id: "../orders" }), Refusal::Id);
}

#[test]
fn a_deletion_looks_first_because_medusa_says_yes_to_everything() {
    let delete = |entity, id| {
        written(Write { entity, action: Action::Delete { id }, include_remote: false }, |call| {
            let is_there = !call.ends_with("none");
            is_there.then(|| r#"{"id":"x","object":"x","deleted":true}"#.to_owned())
        })
    };
    let (outcome, sent) = delete(Entity::Categories, "pcat_1");
    assert!(matches!(outcome, Ok(Outcome::Deleted)));
    assert_eq!(calls(&sent), ["GET product-categories/pcat_1", "DELETE product-categories/pcat_1"]);
    let (outcome, sent) = delete(Entity::Customers, "cus_none");
    assert!(matches!(outcome, Err(ReadError::Upstream { status: StatusCode::NOT_FOUND, .. })));
    assert_eq!(calls(&sent), ["GET customers/cus_none"]);
}

#[test]
fn a_category_is_visible_unless_told() {
    let answer = |_: &str| Some(r#"{"product_category":{"id":"pcat_1","name":"Shoes"}}"#.to_owned());
    let (_, sent) = create(Entity::Categories, &json!({ "name": "Shoes", "parent_id": null }), answer);
    assert_eq!(
        body(&sent, "POST product-categories"),
        json!({ "name": "Shoes", "parent_category_id": null, "is_active": true })
    );
    let (_, sent) = update(Entity::Categories, "pcat_1", &json!({ "visible": true, "position": 2 }), answer);
    assert_eq!(
        body(&sent, "POST product-categories/pcat_1"),
        json!({ "rank": 2, "is_active": true, "is_internal": false })
    );
    let (_, sent) = update(Entity::Categories, "pcat_1", &json!({ "visible": false, "slug": "x" }), answer);
    assert_eq!(body(&sent, "POST product-categories/pcat_1"), json!({ "handle": "x", "is_active": false }));
}

fn people(call: &str) -> Option<String> {
    match call {
        "GET customers/cus_1" => {
            Some(r#"{"customer":{"id":"cus_1","addresses":[{"id":"cuaddr_1"},{"id":"cuaddr_2"}]}}"#.to_owned())
        }
        _ => Some(r#"{"customer":{"id":"cus_1","email":"eve@x.test"}}"#.to_owned()),
    }
}

#[test]
fn a_customers_new_addresses_come_before_the_old_ones_go() {
    let address =
        json!([{ "line1": "1 Test Street", "country": "DE", "region": { "name": "Berlin" } }, { "city": "Lyon" }]);
    let (_, sent) =
        create(Entity::Customers, &json!({ "email": "eve@x.test", "first_name": "Eve", "addresses": address }), people);
    assert_eq!(
        calls(&sent),
        ["POST customers", "POST customers/cus_1/addresses", "POST customers/cus_1/addresses", "GET customers/cus_1"]
    );
    assert_eq!(body(&sent, "POST customers"), json!({ "email": "eve@x.test", "first_name": "Eve" }));
    assert_eq!(
        body(&sent, "POST customers/cus_1/addresses"),
        json!({ "first_name": null, "last_name": null, "company": null, "address_1": "1 Test Street", "address_2": null, "city": null,
            "province": "Berlin", "postal_code": null, "country_code": "de", "phone": null, "is_default_billing": true })
    );
    let (_, sent) = update(Entity::Customers, "cus_1", &json!({ "phone": null, "addresses": address }), people);
    assert_eq!(
        calls(&sent),
        [
            "GET customers/cus_1",
            "POST customers/cus_1/addresses",
            "POST customers/cus_1/addresses",
            "POST customers/cus_1",
            "DELETE customers/cus_1/addresses/cuaddr_1",
            "DELETE customers/cus_1/addresses/cuaddr_2",
            "GET customers/cus_1",
        ]
    );
    assert_eq!(body(&sent, "POST customers/cus_1"), json!({ "phone": null }));
    let refused = |call: &str| if call.ends_with("/addresses") { None } else { people(call) };
    let (outcome, sent) = update(Entity::Customers, "cus_1", &json!({ "addresses": address }), refused);
    assert!(outcome.is_err());
    assert!(!calls(&sent).iter().any(|call| call.starts_with("DELETE")), "the old ones stay: {sent:?}");
    let (_, sent) = update(Entity::Customers, "cus_1", &json!({ "last_name": "Example" }), people);
    assert_eq!(calls(&sent), ["POST customers/cus_1"]);
}

fn desk(call: &str) -> Option<String> {
    match call {
        "POST draft-orders" => Some(r#"{"draft_order":{"id":"order_9"}}"#.to_owned()),
        "GET regions" => Some(
            r#"{"regions":[{"id":"reg_us","currency_code":"usd","countries":[{"iso_2":"us"}]},{"id":"reg_eu","currency_code":"eur","countries":[{"iso_2":"de"}]},
            {"id":"reg_fr","currency_code":"eur","countries":[{"iso_2":"fr"}]}],"count":3}"#
                .to_owned(),
        ),
        "GET stores" => Some(r#"{"stores":[{"default_region_id":"reg_eu","default_sales_channel_id":"sc_1"}],"count":1}"#.to_owned()),
        "GET orders/order_none" | "POST orders/order_none" => None,
        _ => Some(r#"{"order":{"id":"order_9","status":"pending","currency_code":"eur"}}"#.to_owned()),
    }
}

#[test]
fn an_order_is_a_draft_first_in_the_region_that_fits() {
    let text = json!({
        "customer": { "email": "eve@x.test" }, "shipping": { "country": "FR", "city": "Lyon" }, "currency": "EUR",
        "lines": [{ "variant_id": "variant_1", "quantity": 2 }, { "name": "Wrapping", "quantity": 1, "unit_price": { "amount": "1.50" } }],
        "shipping_lines": [{ "title": "Parcel", "code": "so_1", "total": { "amount": "4.90", "currency": "EUR" } }],
        "meta": [{ "key": "source", "value": "erp" }],
    });
    let (order, sent) = create(Entity::Orders, &text, desk);
    assert_eq!(order["id"], "order_9");
    assert_eq!(
        calls(&sent),
        [
            "GET regions",
            "GET stores",
            "POST draft-orders",
            "POST draft-orders/order_9/convert-to-order",
            "GET orders/order_9"
        ]
    );
    let draft = body(&sent, "POST draft-orders");
    assert_eq!(
        (&draft["region_id"], &draft["currency_code"], &draft["sales_channel_id"]),
        (&json!("reg_fr"), &json!("eur"), &json!("sc_1"))
    );
    assert_eq!(
        draft["items"],
        json!([{ "variant_id": "variant_1", "quantity": 2 }, { "title": "Wrapping", "quantity": 1, "unit_price": 1.5 }])
    );
    assert_eq!(draft["shipping_methods"], json!([{ "shipping_option_id": "so_1", "name": "Parcel", "amount": 4.9 }]));
    assert_eq!(
        (&draft["no_notification_order"], &draft["shipping_address"]["country_code"]),
        (&json!(true), &json!("fr"))
    );
    let region = |text: Value| {
        let (outcome, sent) = written(
            Write {
                entity: Entity::Orders,
                action: Action::Create(input(Entity::Orders, Verb::Create, &text)),
                include_remote: false,
            },
            desk,
        );
        outcome.map(|_| body(&sent, "POST draft-orders")["region_id"].clone())
    };
    let lines = json!([{ "variant_id": "variant_1", "quantity": 1 }]);
    let buyer = json!({ "id": "cus_1" });
    assert_eq!(region(json!({ "customer": buyer, "lines": lines })), Ok(json!("reg_eu")), "the store's own");
    assert_eq!(region(json!({ "customer": buyer, "lines": lines, "currency": "USD" })), Ok(json!("reg_us")));
    let error = region(json!({ "customer": buyer, "lines": lines, "currency": "GBP" })).unwrap_err();
    assert!(matches!(error, ReadError::Refused(Refusal::Field { pointer, .. }) if pointer == "/currency"));
}

#[test]
fn an_order_is_changed_and_then_closed() {
    let text = json!({ "status": "cancelled", "customer": { "email": "new@x.test" }, "billing": { "city": "Bonn" } });
    let (outcome, sent) = update(Entity::Orders, "order_9", &text, desk);
    assert!(outcome.is_ok());
    assert_eq!(calls(&sent), ["POST orders/order_9", "POST orders/order_9/cancel", "GET orders/order_9"]);
    let changed = body(&sent, "POST orders/order_9");
    assert_eq!((&changed["email"], &changed["billing_address"]["city"]), (&json!("new@x.test"), &json!("Bonn")));
    assert_eq!(changed["billing_address"]["phone"], Value::Null, "Medusa would keep the old one");
    assert!(changed["billing_address"].get("country_code").is_none(), "Medusa would take it for another country");
    assert!(changed.get("shipping_address").is_none());
    let (_, sent) = update(Entity::Orders, "order_9", &json!({ "status": "completed" }), desk);
    assert_eq!(calls(&sent), ["POST orders/order_9/complete", "GET orders/order_9"]);
    let (outcome, _) = update(Entity::Orders, "order_none", &json!({ "meta": [] }), desk);
    assert!(matches!(outcome, Err(ReadError::Upstream { status: StatusCode::NOT_FOUND, .. })));
}

/// A variant with `items` on the shelf; each is its levels and how many of it one piece takes.
fn shelf(tracked: bool, items: &[(&str, u32)]) -> String {
    let item = |(index, (levels, required)): (usize, &(&str, u32))| {
        format!(
            r#"{{"inventory_item_id":"iitem_{index}","required_quantity":{required},"inventory":{{"location_levels":{levels}}}}}"#
        )
    };
    let items: Vec<String> = items.iter().enumerate().map(item).collect();
    format!(
        r#"{{"variants":[{{"id":"variant_1","manage_inventory":{tracked},"inventory_items":[{}]}}],"count":1}}"#,
        items.join(",")
    )
}

const ONE_PLACE: &str =
    r#"[{"location_id":"sloc_1","stocked_quantity":9,"reserved_quantity":2,"updated_at":"2026-11-22T01:08:01.586Z"}]"#;
const TWO_PLACES: &str = r#"[{"location_id":"sloc_1","stocked_quantity":9,"reserved_quantity":2},{"location_id":"sloc_2","stocked_quantity":1,"reserved_quantity":0}]"#;

#[test]
fn a_level_is_set_above_what_is_reserved() {
    let set = |shelf: String, text: Value| {
        update(Entity::Inventory, "variant_1", &text, move |call| {
            Some(if call.starts_with("GET") { shelf.clone() } else { "{}".to_owned() })
        })
    };
    let (outcome, sent) = set(shelf(true, &[(ONE_PLACE, 1)]), json!({ "available": 40 }));
    assert_eq!(
        calls(&sent),
        ["GET product-variants", "POST inventory-items/iitem_0/location-levels/sloc_1", "GET product-variants"]
    );
    assert_eq!(body(&sent, "POST inventory-items/iitem_0/location-levels/sloc_1"), json!({ "stocked_quantity": 42 }));
    let level: Value = serde_json::from_slice(&outcome.ok().unwrap().to_json(None).unwrap()).unwrap();
    assert_eq!(
        (&level["location_id"], &level["available"], &level["on_hand"]),
        (&json!("sloc_1"), &json!(7), &json!(9))
    );
    let (_, sent) = set(shelf(true, &[(TWO_PLACES, 2)]), json!({ "available": 3, "location_id": "sloc_1" }));
    assert_eq!(
        body(&sent, "POST inventory-items/iitem_0/location-levels/sloc_1"),
        json!({ "stocked_quantity": 8 }),
        "two to a piece"
    );
    let (_, sent) = set(shelf(true, &[(ONE_PLACE, 1)]), json!({ "available": 3, "location_id": "sloc_3" }));
    assert_eq!(
        body(&sent, "POST inventory-items/iitem_0/location-levels"),
        json!({ "location_id": "sloc_3", "stocked_quantity": 3 })
    );
    for (shelf, text, expected) in [
        (shelf(true, &[(TWO_PLACES, 1)]), json!({ "available": 3 }), "/location_id"),
        (shelf(true, &[("[]", 1)]), json!({ "available": 3 }), "/location_id"),
        (shelf(true, &[(ONE_PLACE, 1), (ONE_PLACE, 1)]), json!({ "available": 3 }), "/available"),
        (shelf(false, &[]), json!({ "available": 3 }), "/available"),
    ] {
        let (outcome, sent) = set(shelf, text);
        assert!(matches!(outcome, Err(ReadError::Refused(Refusal::Field { pointer, .. })) if pointer == expected));
        assert_eq!(sent.len(), 1, "nothing was changed");
    }
    let (outcome, _) = set(r#"{"variants":[],"count":0}"#.to_owned(), json!({ "available": 3 }));
    assert!(matches!(outcome, Err(ReadError::Upstream { status: StatusCode::NOT_FOUND, .. })));
}
