use domain::model::input::{Change, InventoryInput};
use domain::model::{FinancialStatus, FulfillmentStatus, OrderStatus};
use http::Method;
use serde_json::{Value, json};

use super::body::Prices;
use super::status::Facts;
use super::tests::{CURRENCY, ORDER, PRODUCTS, VARIATION};
use super::*;
use crate::tests::{address_of, credential_of, drive, ok};
use crate::write::{Action, Input};

/// A call that was made: method, path below the interface with its query, body.
type Call = (Method, String, Value);

fn input(entity: Entity, verb: Verb, sent: &Value) -> Input {
    Input::parse(PLATFORM.support(entity).unwrap(), verb, sent.to_string().as_bytes()).unwrap()
}

fn create(entity: Entity, sent: Value) -> Write<'static> {
    let action = Action::Create(input(entity, Verb::Create, &sent));
    Write { entity, action, include_remote: false }
}

fn update<'a>(entity: Entity, id: &'a str, sent: Value) -> Write<'a> {
    let action = Action::Update { id, input: input(entity, Verb::Update, &sent) };
    Write { entity, action, include_remote: false }
}

fn call_of(request: &OutboundRequest) -> Call {
    let url = request.unsigned_url().as_str();
    let path = url.split_once("/wp-json/wc/v3/").unwrap().1.to_owned();
    (request.method.clone(), path, serde_json::from_slice(&request.body).unwrap_or(Value::Null))
}

/// Drives a turn; the first known beginning of method and path answers, with 404 for what is not known.
fn run(turn: Turn, answers: &[(&str, &str, String)]) -> (Result<Outcome, ReadError>, Vec<Call>) {
    let mut calls = Vec::new();
    let outcome = drive(turn, |request| {
        let call = call_of(request);
        let known = answers.iter().find(|(method, path, _)| call.0.as_str() == *method && call.1.starts_with(path));
        calls.push(call);
        match known {
            Some((_, _, body)) => ok(body),
            None => InboundResponse { status: StatusCode::NOT_FOUND, ..ok(r#"{"code":"x","message":"Invalid ID."}"#) },
        }
    });
    (outcome.map(|(outcome, _)| outcome), calls)
}

fn context(then: impl FnOnce(&Context<'_>) -> Result<Turn, Refusal>) -> Result<Turn, Refusal> {
    let (address, credential) = (address_of(&WooCommerce), credential_of(&WooCommerce));
    then(&Context { address: &address, credential: &credential })
}

fn write(write: Write<'_>, answers: &[(&str, &str, String)]) -> (Result<Outcome, ReadError>, Vec<Call>) {
    run(context(|context| WooCommerce.write(context, write)).unwrap(), answers)
}

fn refused(write: Write<'_>) -> String {
    match context(|context| WooCommerce.write(context, write)).err() {
        Some(Refusal::Field { pointer, .. }) => pointer,
        other => panic!("not a refused field: {other:?}"),
    }
}

fn shown(outcome: Result<Outcome, ReadError>) -> Value {
    serde_json::from_slice(&outcome.map_err(|error| panic!("{error}")).unwrap().to_json(None).unwrap()).unwrap()
}

fn simple() -> String {
    let products: Vec<Value> = serde_json::from_str(PRODUCTS).unwrap();
    products.into_iter().find(|product| product["id"] == 14).unwrap().to_string()
}

fn variable() -> String {
    let products: Vec<Value> = serde_json::from_str(PRODUCTS).unwrap();
    products.into_iter().find(|product| product["id"] == 16).unwrap().to_string()
}

#[test]
fn a_simple_product_is_one_call_beside_the_currency() {
    let sent = json!({
        "name": "Mug", "sku": "M-1", "description_html": "<p>Holds tea.</p>", "status": "draft", "categories": ["15"],
        "price": { "amount": "9.50", "currency": "USD" }, "compare_at": { "amount": "12.00" }, "seo": { "slug": "mug" }, "tax_class": null,
        "images": [{ "url": "https://x.test/m.png", "alt": "A mug" }], "weight": { "value": "0.30" }, "dimensions": { "length": "8" },
        "variants": [{ "barcode": "4006381333931", "inventory": { "quantity": 7, "backorder": false } }],
        "meta": [{ "key": "k", "value": { "exact": 1.10 } }],
    });
    let answers = [("GET", "data/currencies/current", CURRENCY.to_owned()), ("POST", "products", simple())];
    let (outcome, calls) = write(create(Entity::Products, sent), &answers);
    assert_eq!(shown(outcome)["price"], json!({ "amount": "2", "currency": "USD" }));
    let paths: Vec<&str> = calls.iter().map(|(_, path, _)| path.as_str()).collect();
    assert_eq!(paths, ["data/currencies/current", "products"], "the currency is checked before anything is written");
    let expected = json!({
        "type": "simple", "name": "Mug", "sku": "M-1", "description": "<p>Holds tea.</p>", "status": "draft", "categories": [{ "id": 15 }],
        "regular_price": "12.00", "sale_price": "9.50", "slug": "mug", "tax_class": "", "images": [{ "src": "https://x.test/m.png", "alt": "A mug" }],
        "weight": "0.30", "dimensions": { "length": "8", "width": "", "height": "" }, "global_unique_id": "4006381333931",
        "manage_stock": true, "stock_quantity": 7, "backorders": "no", "meta_data": [{ "key": "k", "value": { "exact": 1.10 } }],
    });
    assert_eq!(calls[1].2, expected);
}

#[test]
fn an_amount_in_another_currency_is_refused_before_anything_is_written() {
    for (answer, why) in [
        (CURRENCY.to_owned(), "the store has another currency"),
        ("no".to_owned(), "the store does not say its currency; send amounts without one"),
    ] {
        let sent = json!({ "price": { "amount": "9", "currency": "EUR" }, "compare_at": null });
        let answers = [("GET", "data/currencies/current", answer), ("PUT", "products/14", simple())];
        let (outcome, calls) = write(update(Entity::Products, "14", sent), &answers);
        assert!(
            matches!(outcome.err(), Some(ReadError::Refused(Refusal::Field { pointer, why: said })) if pointer == "/price/currency" && said == why)
        );
        assert_eq!(calls.len(), 1);
    }
    let two = json!({ "name": "A", "price": { "amount": "1", "currency": "EUR" }, "compare_at": { "amount": "2", "currency": "USD" } });
    assert_eq!(refused(create(Entity::Products, two)), "/compare_at/currency");
}

#[test]
fn a_product_with_options_gets_its_variations_in_one_more_call() {
    let sent = json!({
        "name": "Tee", "options": [{ "name": "Size", "values": ["S", "M"] }],
        "variants": [{ "options": { "Size": "S" }, "sku": "T-S", "price": { "amount": "12.50" } }, { "options": { "Size": "M" }, "compare_at": null }],
    });
    let answers = [
        ("POST", "products/16/variations/batch", format!(r#"{{"create":[{VARIATION},{VARIATION}]}}"#)),
        ("POST", "products", variable()),
        ("GET", "products/16/variations", format!("[{VARIATION}]")),
        ("GET", "products/16", variable()),
        ("GET", "data/currencies/current", CURRENCY.to_owned()),
    ];
    let (outcome, calls) = write(create(Entity::Products, sent), &answers);
    let product = shown(outcome);
    assert_eq!(
        product["variants"][0]["price"],
        json!({ "amount": "12.50", "currency": "USD" }),
        "the whole product is read again"
    );
    assert_eq!(calls[0].2["type"], "variable");
    let attribute = json!([{ "name": "Size", "options": ["S", "M"], "visible": true, "variation": true }]);
    assert_eq!(calls[0].2["attributes"], attribute);
    let batch = calls.iter().find(|(_, path, _)| path == "products/16/variations/batch").unwrap();
    let expected = json!({ "create": [
        { "attributes": [{ "name": "Size", "option": "S" }], "sku": "T-S", "regular_price": "12.50", "sale_price": "" },
        { "attributes": [{ "name": "Size", "option": "M" }], "regular_price": "", "sale_price": "" },
    ] });
    assert_eq!(batch.2, expected);
}

#[test]
fn a_new_product_whose_variation_is_refused_does_not_stay() {
    let error = r#"{"id":0,"error":{"code":"product_invalid_sku","message":"Invalid or duplicated SKU.","data":{"status":400,"unique_sku":"T-S-1"}}}"#;
    let sent =
        json!({ "name": "Tee", "options": [{ "name": "Size", "values": ["S"] }], "variants": [{ "sku": "T-S" }] });
    let answers = [
        ("POST", "products/16/variations/batch", format!(r#"{{"create":[{error}]}}"#)),
        ("POST", "products", variable()),
        ("GET", "data/currencies/current", CURRENCY.to_owned()),
        ("DELETE", "products/16", "{}".to_owned()),
    ];
    let (outcome, calls) = write(create(Entity::Products, sent), &answers);
    let error = outcome.err();
    let is_told = matches!(&error, Some(ReadError::Upstream { status, text, .. }) if *status == 400 && text == "Invalid or duplicated SKU.");
    assert!(is_told, "{error:?}");
    let (method, path, _) = calls.last().unwrap();
    assert_eq!((method, path.as_str()), (&Method::DELETE, "products/16?force=true"));
}

#[test]
fn a_change_of_one_price_keeps_the_other() {
    let money = |amount: &str| Change::Set(domain::money::Money::new(amount.parse().unwrap(), None));
    let now = |regular: &str, sale: &str| Prices { regular: regular.to_owned(), sale: sale.to_owned() };
    for (before, price, compare_at, regular, sale) in [
        (now("10", ""), money("9"), Change::Keep, "9", ""),
        (now("10", "8"), money("9"), Change::Keep, "10", "9"),
        (now("10", ""), Change::Keep, money("12"), "12", "10"),
        (now("10", "8"), Change::Keep, money("12"), "12", "8"),
        (now("10", "8"), Change::Keep, Change::Clear, "8", ""),
        (now("", ""), money("9"), money("12"), "12", "9"),
        (now("10", "8"), Change::Clear, Change::Clear, "", ""),
    ] {
        let prices = before.with(price, compare_at);
        assert_eq!((prices.regular.as_str(), prices.sale.as_str()), (regular, sale));
    }
    let on_sale = r#"{"id":14,"regular_price":"10.00","sale_price":"8.00"}"#.to_owned();
    let answers = [
        ("GET", "products/14?_fields=", on_sale),
        ("PUT", "products/14", simple()),
        ("GET", "data", CURRENCY.to_owned()),
    ];
    let (outcome, calls) = write(update(Entity::Products, "14", json!({ "price": { "amount": "7" } })), &answers);
    assert!(outcome.is_ok());
    assert_eq!(calls[1].2, json!({ "regular_price": "10.00", "sale_price": "7" }));
    // A variant of a product without options is the product; one of another is below it.
    let sent = json!({ "variants": [{ "id": "14", "sku": "X" }] });
    let (_, calls) = write(update(Entity::Products, "14", sent), &answers);
    assert_eq!((calls[0].1.as_str(), &calls[0].2), ("products/14", &json!({ "sku": "X" })));
    let sent = json!({ "variants": [{ "id": "17", "price": { "amount": "3" } }] });
    let current = format!("[{}]", VARIATION.replace(r#""sale_price":"""#, r#""sale_price":"11.00""#));
    let answers = [
        ("GET", "products/16/variations?include=17", current),
        ("POST", "products/16/variations/batch", format!(r#"{{"update":[{VARIATION}]}}"#)),
        ("GET", "products/16/variations", format!("[{VARIATION}]")),
        ("GET", "products/16", variable()),
    ];
    let (outcome, calls) = write(update(Entity::Products, "16", sent), &answers);
    assert!(outcome.is_ok());
    assert_eq!(calls[1].2, json!({ "update": [{ "id": 17, "regular_price": "12.50", "sale_price": "3" }] }));
}

#[test]
fn what_a_product_cannot_take_is_named() {
    let money = json!({ "amount": "1" });
    for (sent, pointer) in [
        (json!({ "name": "A", "options": [{ "name": "S", "values": ["1"] }], "price": money }), "/price"),
        (json!({ "name": "A", "variants": [{ "id": "3" }] }), "/variants/0/id"),
        (json!({ "name": "A", "variants": [{ "options": { "S": "1" } }] }), "/variants/0"),
        (json!({ "name": "A", "variants": [{}, {}] }), "/variants/1"),
        (json!({ "name": "A", "categories": ["15", "x"] }), "/categories/1"),
    ] {
        assert_eq!(refused(create(Entity::Products, sent)), pointer);
    }
    for (sent, pointer) in [
        (json!({ "name": null }), "/name"),
        (json!({ "options": [] }), "/options"),
        (json!({ "variants": [{ "id": "1/2" }] }), "/variants/0/id"),
    ] {
        assert_eq!(refused(update(Entity::Products, "14", sent)), pointer);
    }
    let bad_id = context(|context| WooCommerce.write(context, update(Entity::Products, "1/2", json!({ "name": "A" }))));
    assert_eq!(bad_id.err(), Some(Refusal::Id));
}

#[test]
fn statuses_are_written_as_they_are_read() {
    use FinancialStatus as F;
    use FulfillmentStatus as G;
    use OrderStatus as S;
    let all_s = [None, Some(S::Open), Some(S::Completed), Some(S::Cancelled)];
    let all_f = [
        None,
        Some(F::Pending),
        Some(F::Authorized),
        Some(F::Paid),
        Some(F::PartiallyRefunded),
        Some(F::Refunded),
        Some(F::Voided),
        Some(F::Failed),
    ];
    let all_g = [None, Some(G::Unfulfilled), Some(G::Partial), Some(G::Fulfilled), Some(G::Returned)];
    fn change<T>(value: Option<T>) -> Change<T> {
        value.map_or(Change::Keep, Change::Set)
    }
    let mut written = 0;
    for status in all_s {
        for financial in all_f {
            for fulfillment in all_g {
                let wanted = status::wanted(change(status), change(financial), change(fulfillment), true);
                let Ok(Some(word)) = wanted else { continue };
                written += 1;
                // A refund is recorded with the status; nothing was sent of a new order.
                let facts = Facts { is_paid: false, is_completed: false, has_refunds: false };
                let (s, f, g) = status::unified(word, &facts);
                let fits = status.is_none_or(|status| status == s) && financial.is_none_or(|financial| financial == f);
                assert!(
                    fits && fulfillment.is_none_or(|fulfillment| fulfillment == g),
                    "{status:?} {financial:?} {fulfillment:?} {word}"
                );
            }
        }
    }
    assert_eq!(written, 27);
    let keep = || (Change::Keep, Change::Keep, Change::Keep);
    let (s, f, g) = keep();
    assert_eq!(status::wanted(s, f, g, true), Ok(None));
    let (_, f, g) = keep();
    assert!(status::wanted(Change::Set(S::Open), f, g, false).is_err(), "open alone says nothing about the money");
    let (_, _, g) = keep();
    let both = status::wanted(Change::Set(S::Cancelled), Change::Set(F::Paid), g, false);
    assert!(matches!(both, Err(Refusal::Field { pointer, .. }) if pointer == "/financial_status"));
    let (_, f, g) = keep();
    assert!(
        matches!(status::wanted(Change::Clear, f, g, false), Err(Refusal::Field { pointer, .. }) if pointer == "/status")
    );
}

#[test]
fn an_order_is_written_in_the_currency_of_its_amounts() {
    let sent = json!({
        "financial_status": "paid", "customer": { "email": "ann@x.test", "first_name": "Ann" }, "billing": { "city": "Berlin", "region": { "code": "BE" } },
        "lines": [
            { "product_id": "14", "variant_id": "14", "quantity": 3, "unit_price": { "amount": "1.25", "currency": "EUR" } },
            { "product_id": "16", "variant_id": "17", "quantity": 1 },
        ],
        "shipping_lines": [{ "title": "Parcel", "code": "flat_rate", "total": { "amount": "4.90" } }], "note": "Ring twice.",
    });
    let (outcome, calls) = write(create(Entity::Orders, sent), &[("POST", "orders", ORDER.to_owned())]);
    assert_eq!(shown(outcome)["remote_status"], "processing");
    let body = &calls[0].2;
    assert_eq!((&body["status"], &body["currency"]), (&json!("processing"), &json!("EUR")));
    let lines = json!([
        { "product_id": 14, "quantity": 3, "subtotal": "3.75", "total": "3.75" },
        { "product_id": 16, "variation_id": 17, "quantity": 1 },
    ]);
    assert_eq!(body["line_items"], lines);
    assert_eq!(
        body["shipping_lines"],
        json!([{ "method_id": "flat_rate", "method_title": "Parcel", "total": "4.90" }])
    );
    let billing = &body["billing"];
    assert_eq!(
        (&billing["email"], &billing["first_name"], &billing["state"]),
        (&json!("ann@x.test"), &json!("Ann"), &json!("BE"))
    );
    assert_eq!(billing["company"], "", "an address is written whole");
    let line = json!({ "product_id": "14", "quantity": 1, "unit_price": { "amount": "1", "currency": "EUR" } });
    for (sent, pointer) in [
        (json!({ "currency": "USD", "lines": [line] }), "/lines/0/unit_price/currency"),
        (json!({ "lines": [{ "product_id": "14", "quantity": 0 }] }), "/lines/0/quantity"),
        (json!({ "lines": [{ "quantity": 1 }] }), "/lines/0/product_id"),
        (json!({ "lines": [line], "customer": { "id": "x" } }), "/customer/id"),
    ] {
        assert_eq!(refused(create(Entity::Orders, sent)), pointer);
    }
    // WooCommerce would add them to those that are there.
    assert_eq!(refused(update(Entity::Orders, "18", json!({ "lines": [line] }))), "/lines");
    let (_, calls) = write(
        update(Entity::Orders, "18", json!({ "status": "cancelled" })),
        &[("PUT", "orders/18", ORDER.to_owned())],
    );
    assert_eq!((calls[0].1.as_str(), &calls[0].2), ("orders/18", &json!({ "status": "cancelled" })));
}

#[test]
fn customers_have_two_addresses_and_categories_a_parent() {
    let row = r#"{"id":2,"email":"b@x.test","billing":{"phone":"1"}}"#.to_owned();
    let answers = [("PUT", "customers/2", row)];
    let sent = json!({ "first_name": null, "phone": "+49 30 1", "addresses": [{ "city": "Berlin" }] });
    let (outcome, calls) = write(update(Entity::Customers, "2", sent), &answers);
    assert_eq!(shown(outcome)["phone"], "1");
    let body = &calls[0].2;
    assert_eq!((&body["first_name"], body.get("last_name")), (&json!(""), None));
    assert_eq!((&body["billing"]["city"], &body["billing"]["phone"]), (&json!("Berlin"), &json!("+49 30 1")));
    assert_eq!(body["shipping"]["city"], "", "all addresses were given, so the second one is empty");
    let (_, calls) = write(update(Entity::Customers, "2", json!({ "phone": "7" })), &answers);
    assert_eq!(calls[0].2, json!({ "billing": { "phone": "7" } }), "the rest of the address stays");
    let three = json!({ "addresses": [{}, {}, {}] });
    assert_eq!(refused(update(Entity::Customers, "2", three)), "/addresses/2");

    let answers = [("PUT", "products/categories/15", r#"{"id":15,"name":"A","parent":0}"#.to_owned())];
    let (_, calls) = write(update(Entity::Categories, "15", json!({ "parent_id": null, "position": 3 })), &answers);
    assert_eq!(calls[0].2, json!({ "parent": 0, "menu_order": 3 }));
    assert_eq!(refused(update(Entity::Categories, "15", json!({ "parent_id": "top" }))), "/parent_id");
}

#[test]
fn what_is_deleted_goes_to_the_trash_where_there_is_one() {
    let delete = |entity| Write { entity, action: Action::Delete { id: "14" }, include_remote: false };
    let gone = |path: &'static str| [("DELETE", path, "{}".to_owned())];
    for (entity, path) in [
        (Entity::Products, "products/14"),
        (Entity::Orders, "orders/14"),
        (Entity::Customers, "customers/14?force=true"),
        (Entity::Categories, "products/categories/14?force=true"),
    ] {
        let (outcome, calls) = write(delete(entity), &gone(path));
        assert!(matches!(outcome, Ok(Outcome::Deleted)));
        assert_eq!(calls[0].1, path);
    }
    let turn = context(|context| WooCommerce.write(context, delete(Entity::Products))).unwrap();
    let mut paths = Vec::new();
    let outcome = drive(turn, |request| {
        let path = call_of(request).1;
        let answer = if path.contains("force") { StatusCode::OK } else { StatusCode::NOT_IMPLEMENTED };
        paths.push(path);
        InboundResponse { status: answer, ..ok("{}") }
    });
    assert!(matches!(outcome, Ok((Outcome::Deleted, _))));
    assert_eq!(paths, ["products/14", "products/14?force=true"], "a store without a trash");
    for (entity, path, body) in [
        (Entity::Products, "products/14", simple().replace(r#""status":"publish""#, r#""status":"trash""#)),
        (Entity::Orders, "orders/18", ORDER.replace(r#""status":"processing""#, r#""status":"trash""#)),
    ] {
        let id = path.split_once('/').unwrap().1;
        let read = crate::tests::read(&WooCommerce, entity, Target::One(id), |_| ok(&body));
        assert!(matches!(read.err(), Some(ReadError::Upstream { status: StatusCode::NOT_FOUND, .. })), "{path}");
    }
}

#[test]
fn stock_is_written_where_the_variation_stands() {
    let answers = [
        ("GET", "products/17?_fields=id%2Cparent_id", r#"{"id":17,"parent_id":16}"#.to_owned()),
        ("GET", "products/14?_fields=id%2Cparent_id", r#"{"id":14,"parent_id":0}"#.to_owned()),
        ("PUT", "products/16/variations/17", VARIATION.to_owned()),
        ("PUT", "products/14", simple()),
    ];
    let (outcome, calls) = write(update(Entity::Inventory, "17", json!({ "available": 3 })), &answers);
    assert_eq!((&shown(outcome)["available"], calls.len()), (&json!(3), 2));
    assert_eq!(calls[1].2, json!({ "manage_stock": true, "stock_quantity": 3 }));
    let (outcome, calls) = write(update(Entity::Inventory, "14", json!({ "available": null })), &answers);
    assert_eq!(shown(outcome)["available"], Value::Null);
    assert_eq!((calls[1].1.as_str(), &calls[1].2), ("products/14", &json!({ "manage_stock": false })));
}

/// What each write of a batch came to.
type Results = Vec<Result<Outcome, ReadError>>;

fn bulk(writes: &[Write<'_>], answers: &[(&str, &str, String)]) -> Option<(Results, Vec<Call>)> {
    let (address, credential) = (address_of(&WooCommerce), credential_of(&WooCommerce));
    let turn = WooCommerce.bulk(&Context { address: &address, credential: &credential }, writes)?.unwrap();
    let (outcome, calls) = run(turn, answers);
    match outcome.unwrap() {
        Outcome::Batch(results) => Some((results, calls)),
        _ => panic!("not a batch"),
    }
}

#[test]
fn a_batch_answers_each_item_in_its_place() {
    let writes = [
        create(Entity::Categories, json!({ "name": "A" })),
        update(Entity::Categories, "15", json!({ "parent_id": "x" })),
        Write { entity: Entity::Categories, action: Action::Delete { id: "16" }, include_remote: false },
        update(Entity::Categories, "17", json!({ "name": "B" })),
        create(Entity::Categories, json!({ "name": "A" })),
    ];
    let answer = r#"{"create":[{"id":20,"name":"A"},{"id":0,"error":{"code":"term_exists","message":"A term with the name exists.","data":{"status":400,"resource_id":20}}}],
        "update":[{"id":17,"name":"B"}],"delete":[{"id":16,"name":"C"}]}"#;
    let (results, calls) = bulk(&writes, &[("POST", "products/categories/batch", answer.to_owned())]).unwrap();
    assert_eq!(calls.len(), 1);
    let body =
        json!({ "create": [{ "name": "A" }, { "name": "A" }], "update": [{ "id": 17, "name": "B" }], "delete": [16] });
    assert_eq!(calls[0].2, body);
    let told: Vec<String> = results
        .into_iter()
        .map(|result| match result {
            Ok(Outcome::One(objects)) => objects.first_id().unwrap().to_owned(),
            Ok(Outcome::Deleted) => "deleted".to_owned(),
            Ok(_) => "?".to_owned(),
            Err(ReadError::Refused(Refusal::Field { pointer, .. })) => pointer,
            Err(ReadError::Upstream { status, text, .. }) => format!("{} {text}", status.as_u16()),
            Err(error) => error.to_string(),
        })
        .collect();
    assert_eq!(told, ["20", "/parent_id", "deleted", "17", "400 A term with the name exists."]);
    let short = r#"{"create":[{"id":20,"name":"A"}]}"#;
    let (results, _) = bulk(
        &writes[..1].iter().chain(&writes[4..]).cloned().collect::<Vec<_>>(),
        &[("POST", "products", short.to_owned())],
    )
    .unwrap();
    assert!(results[0].is_ok() && matches!(results[1], Err(ReadError::Unreadable(_))), "no answer is no success");
    // A batch would delete them past the trash, without a word to the store's webhooks.
    for entity in [Entity::Products, Entity::Orders] {
        let delete = [Write { entity, action: Action::Delete { id: "1" }, include_remote: false }];
        assert!(bulk(&delete, &[]).is_none());
    }
}

#[test]
fn a_batch_of_products_checks_the_currency_and_brings_the_variants() {
    let writes = [
        create(Entity::Products, json!({ "name": "A", "price": { "amount": "1", "currency": "EUR" } })),
        update(Entity::Products, "16", json!({ "name": "B" })),
        create(Entity::Products, json!({ "name": "C", "price": { "amount": "2", "currency": "USD" } })),
    ];
    let answers = [
        ("GET", "data/currencies/current", CURRENCY.to_owned()),
        ("POST", "products/batch", format!(r#"{{"create":[{}],"update":[{}]}}"#, simple(), variable())),
        ("GET", "products/16/variations", format!("[{VARIATION}]")),
    ];
    let (results, calls) = bulk(&writes, &answers).unwrap();
    assert_eq!((calls[1].2["create"].as_array().unwrap().len(), calls.len()), (1, 3));
    assert!(
        matches!(&results[0], Err(ReadError::Refused(Refusal::Field { pointer, .. })) if pointer == "/price/currency")
    );
    let Ok(Outcome::One(Objects::Products(changed))) = &results[1] else { panic!("not a product") };
    assert_eq!((changed[0].id.as_str(), changed[0].variants[0].id.as_str()), ("16", "17"));
    let Ok(Outcome::One(Objects::Products(made))) = &results[2] else { panic!("not a product") };
    assert_eq!(made[0].id, "14");
    // Prices of which one stays need a look at what is there.
    assert!(bulk(&[update(Entity::Products, "14", json!({ "price": { "amount": "1" } }))], &[]).is_none());
}

#[test]
fn a_batch_of_stock_levels_finds_all_products_in_one_call() {
    let level = |id: &'static str, available| {
        let input = Input::Inventory(InventoryInput { available: Change::Set(available), location_id: Change::Keep });
        Write { entity: Entity::Inventory, action: Action::Update { id, input }, include_remote: false }
    };
    let writes = [level("14", 1), level("17", 2), level("18", 3)];
    let row = |id: u32| format!(r#"{{"id":{id},"manage_stock":true,"stock_quantity":5}}"#);
    let batches = [
        ("POST", "products/16/variations/batch", format!(r#"{{"update":[{},{}]}}"#, row(17), row(18))),
        ("POST", "products/batch", format!(r#"{{"update":[{}]}}"#, row(14))),
    ];
    let list =
        ("GET", "variations?include=14%2C17%2C18", r#"[{"id":17,"parent_id":16},{"id":18,"parent_id":16}]"#.to_owned());
    let (results, calls) = bulk(&writes, &[vec![list], batches.to_vec()].concat()).unwrap();
    assert!(results.iter().all(Result::is_ok));
    assert_eq!(calls.len(), 3, "one call to find, one for the products, one for the variations");
    assert_eq!(calls[2].2["update"][1], json!({ "id": 18, "manage_stock": true, "stock_quantity": 3 }));
    // Before WooCommerce 10.3 there is no list of all variations; one of the three is not there any more.
    let each = vec![
        ("GET", "products/17", r#"{"id":17,"parent_id":16}"#.to_owned()),
        ("GET", "products/14", r#"{"id":14,"parent_id":0}"#.to_owned()),
        ("POST", "products/16/variations/batch", format!(r#"{{"update":[{}]}}"#, row(17))),
    ];
    let (results, calls) = bulk(&writes, &[each, vec![batches[1].clone()]].concat()).unwrap();
    assert_eq!(calls.len(), 6);
    assert!(results[0].is_ok() && results[1].is_ok());
    assert!(matches!(results[2], Err(ReadError::Upstream { status: StatusCode::NOT_FOUND, .. })));
}
