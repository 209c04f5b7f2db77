use domain::model::Entity;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::connector::{Connector, Context, InboundResponse, Outcome, Read, ReadError, Refusal, Target, Turn, Verb};
use crate::request::OutboundRequest;
use crate::tests::{FIRST_PAGE, address_of, credential_of, drive, ok};
use crate::woocommerce::WooCommerce;
use crate::write::{Action, Input, Write};
use crate::{Fields, woocommerce::PLATFORM};

/// A cart as CoCart 4.4 wrote it on a running store, cut to what is read (`platforms.md` 2.1): money in two ways in one item.
fn cart(lines: &str) -> String {
    format!(
        r#"{{"cart_hash":"x","cart_key":"t_1","currency":{{"currency_code":"USD","currency_symbol":"$","currency_minor_unit":2}},
        "customer":{{"billing_address":{{"billing_first_name":"Ann","billing_email":""}},"shipping_address":[]}},"items":{lines},"item_count":2,
        "totals":{{"subtotal":"1998","subtotal_tax":"0","discount_total":"100","shipping_total":"490","total":"2388","total_tax":"0"}}}}"#
    )
}

const LINE: &str = r#"{"item_key":"aab3","id":14,"name":"Mug","title":"Mug","price":"999","quantity":{"value":2,"min_purchase":1,"max_purchase":-1},
    "totals":{"subtotal":"1998","subtotal_tax":0,"total":19.98,"tax":0},"meta":{"product_type":"simple","sku":"M-1","variation":[]}}"#;

const SHIRT: &str = r#"{"item_key":"ccd4","id":17,"name":"Tee - S","price":"1250","quantity":{"value":1},
    "totals":{"subtotal":"1250","total":12.5},"meta":{"product_type":"variation","sku":"","variation":{"Size":"S"}}}"#;

/// `method path` of a call; whether it carries the store's key; its body.
type Call = (String, bool, Value);

fn run(turn: Turn, mut answer: impl FnMut(&str) -> InboundResponse) -> (Result<Outcome, ReadError>, Vec<Call>) {
    let mut calls = Vec::new();
    let outcome = drive(turn, |request: &OutboundRequest| {
        let url = request.unsigned_url().as_str();
        let name = format!("{} {}", request.method, url.split_once("/cocart/v2/").unwrap().1);
        let body = serde_json::from_slice(&request.body).unwrap_or(Value::Null);
        calls.push((name.clone(), request.headers.contains_key("authorization"), body));
        answer(&name)
    });
    (outcome.map(|(outcome, _)| outcome), calls)
}

fn problem(status: StatusCode, code: &str) -> InboundResponse {
    InboundResponse { status, ..ok(&json!({ "code": code, "message": "said" }).to_string()) }
}

fn read(
    target: Target<'_>,
    fields: Option<&str>,
    answer: impl FnMut(&str) -> InboundResponse,
) -> (Result<Outcome, ReadError>, Vec<Call>) {
    let (address, credential) = (address_of(&WooCommerce), credential_of(&WooCommerce));
    let fields = fields.map(|fields| Fields::parse(Entity::Baskets, fields).unwrap());
    let read = Read { entity: Entity::Baskets, target, fields: fields.as_ref(), include_remote: false };
    run(WooCommerce.read(&Context { address: &address, credential: &credential }, &read).unwrap(), answer)
}

fn write(
    id: Option<&str>,
    sent: Value,
    answer: impl FnMut(&str) -> InboundResponse,
) -> Result<(Result<Outcome, ReadError>, Vec<Call>), Refusal> {
    let (address, credential) = (address_of(&WooCommerce), credential_of(&WooCommerce));
    let verb = if id.is_some() { Verb::Update } else { Verb::Create };
    let input = Input::parse(PLATFORM.support(Entity::Baskets).unwrap(), verb, sent.to_string().as_bytes()).unwrap();
    let action = match id {
        Some(id) => Action::Update { id, input },
        None => Action::Create(input),
    };
    let write = Write { entity: Entity::Baskets, action, include_remote: false };
    Ok(run(WooCommerce.write(&Context { address: &address, credential: &credential }, write)?, answer))
}

fn shown(outcome: Result<Outcome, ReadError>) -> Value {
    serde_json::from_slice(&outcome.map_err(|error| panic!("{error}")).unwrap().to_json(None).unwrap()).unwrap()
}

#[test]
fn both_ways_of_writing_money_become_one() {
    let usd = |amount: &str| json!({ "amount": amount, "currency": "USD" });
    let (outcome, calls) = read(Target::One("t_1"), None, |_| {
        let mut answer = ok(&cart(&format!("[{LINE},{SHIRT}]")));
        answer.headers.insert("cocart-api-cart-expiration", "1795341607".parse().unwrap());
        answer
    });
    let basket = shown(outcome);
    assert_eq!(
        calls,
        [("GET cart?cart_key=t_1".to_owned(), false, Value::Null)],
        "a guest's cart needs no key of the store"
    );
    let (mug, shirt) = (&basket["lines"][0], &basket["lines"][1]);
    assert_eq!((&mug["unit_price"], &mug["total"], &mug["quantity"]), (&usd("9.99"), &usd("19.98"), &json!(2)));
    assert_eq!((&mug["product_id"], &mug["variant_id"]), (&json!("14"), &json!("14")));
    assert_eq!((&shirt["unit_price"], &shirt["total"]), (&usd("12.50"), &usd("12.5")));
    assert_eq!((&shirt["product_id"], &shirt["variant_id"], &shirt["sku"]), (&Value::Null, &json!("17"), &Value::Null));
    let totals = &basket["totals"];
    assert_eq!(
        (&totals["total"], &totals["discount"], &totals["shipping"]),
        (&usd("23.88"), &usd("1.00"), &usd("4.90"))
    );
    assert_eq!((&basket["expires_at"], &basket["currency"]), (&json!("2026-11-22T10:00:07Z"), &json!("USD")));
    assert_eq!(basket["customer"]["first_name"], "Ann");

    let yen = cart(&format!("[{LINE}]"))
        .replace("USD", "JPY")
        .replace(r#""currency_minor_unit":2"#, r#""currency_minor_unit":0"#);
    let (outcome, _) = read(Target::One("t_1"), None, |_| ok(&yen));
    assert_eq!(
        shown(outcome)["lines"][0]["unit_price"],
        json!({ "amount": "999", "currency": "JPY" }),
        "the store's decimals decide"
    );
}

#[test]
fn an_empty_cart_is_believed_only_if_the_sessions_know_it() {
    // A session has no currency, all its money as text, and its items by key.
    let session = format!(
        r#"{{"cart_key":"t_1","items":{{"aab3":{}}},"totals":{{"total":"1998"}}}}"#,
        LINE.replace("19.98", "\"1998\"")
    );
    let (outcome, calls) = read(Target::One("t_1"), None, |name| match name {
        "GET cart?cart_key=t_1" => ok(&cart("[]")),
        _ => ok(&session),
    });
    let basket = shown(outcome);
    assert_eq!((calls[1].0.as_str(), calls[1].1), ("GET session/t_1", true));
    assert_eq!(basket["lines"][0]["total"], json!({ "amount": "19.98", "currency": "USD" }));
    let (outcome, _) = read(Target::One("t_1"), None, |name| match name {
        "GET session/t_1" => problem(StatusCode::NOT_FOUND, "cocart_cart_in_session_not_valid"),
        _ => ok(&cart("[]")),
    });
    assert!(matches!(outcome.err(), Some(ReadError::Upstream { status: StatusCode::NOT_FOUND, .. })));
    for id in ["", "t-1", "a/b", &"a".repeat(43)] {
        let (address, credential) = (address_of(&WooCommerce), credential_of(&WooCommerce));
        let read = Read { entity: Entity::Baskets, target: Target::One(id), fields: None, include_remote: false };
        let refusal = WooCommerce.read(&Context { address: &address, credential: &credential }, &read).err();
        assert_eq!(refusal, Some(Refusal::Id), "{id}");
    }
}

#[test]
fn a_store_without_cocart_says_so() {
    let missing = |_: &str| problem(StatusCode::NOT_FOUND, "rest_no_route");
    let line = json!({ "lines": [{ "product_id": "14", "quantity": 1 }] });
    let outcomes = [
        read(Target::One("t_1"), None, missing).0,
        read(FIRST_PAGE, None, missing).0,
        write(None, line.clone(), missing).unwrap().0,
        write(Some("t_1"), line, missing).unwrap().0,
    ];
    for outcome in outcomes {
        assert!(
            matches!(outcome.err(), Some(ReadError::Refused(Refusal::NotSupported(why))) if why.contains("CoCart"))
        );
    }
}

#[test]
fn the_list_is_cut_into_pages_and_filled_in() {
    let row = |id: u32, key: &str| {
        format!(
            r#"{{"cart_id":"{id}","cart_key":"{key}","customers_name":"","customers_email":"","cart_expiry":"11/22/2026 10:00:07"}}"#
        )
    };
    // Not in order, and 10 after 9.
    let sessions = format!("[{},{},{}]", row(10, "t_3"), row(2, "t_1"), row(9, "7"));
    let answer = |name: &str| match name {
        "GET sessions" => ok(&sessions),
        "GET cart" => ok(&cart("[]").replace("t_1", "")),
        "GET session/7" => problem(StatusCode::NOT_FOUND, "cocart_cart_in_session_not_valid"),
        other => ok(&format!(
            r#"{{"cart_key":"{}","items":[],"totals":{{"total":"1998"}}}}"#,
            other.rsplit('/').next().unwrap()
        )),
    };
    let two = |cursor| Target::Page { per_page: 2, cursor, updated_after: None };
    let (outcome, calls) = read(two(None), None, answer);
    let page = shown(outcome);
    assert_eq!(page["data"].as_array().unwrap().len(), 1, "one was bought since the list was made");
    assert_eq!(
        (&page["data"][0]["id"], &page["data"][0]["expires_at"]),
        (&json!("t_1"), &json!("2026-11-22T10:00:07Z"))
    );
    assert_eq!(page["data"][0]["totals"]["total"], json!({ "amount": "19.98", "currency": "USD" }));
    let keyed: Vec<(&str, bool)> = calls.iter().map(|(name, is_keyed, _)| (name.as_str(), *is_keyed)).collect();
    assert_eq!(
        keyed,
        [("GET sessions", true), ("GET cart", false), ("GET session/t_1", true), ("GET session/7", true)]
    );
    let (outcome, _) = read(two(page["next_cursor"].as_str()), None, answer);
    let page = shown(outcome);
    assert_eq!((&page["data"][0]["id"], &page["next_cursor"]), (&json!("t_3"), &Value::Null));
    let (outcome, calls) = read(FIRST_PAGE, Some("id,expires_at"), answer);
    assert_eq!(
        (shown(outcome)["data"].as_array().unwrap().len(), calls.len()),
        (3, 2),
        "nothing of the carts was wanted"
    );
    let (outcome, _) = read(FIRST_PAGE, None, |_| problem(StatusCode::NOT_FOUND, "cocart_no_carts_in_session"));
    assert_eq!(shown(outcome), json!({ "data": [], "next_cursor": null }));
    let (outcome, _) = read(FIRST_PAGE, None, |_| problem(StatusCode::UNAUTHORIZED, "cocart_rest_cannot_view"));
    assert!(matches!(outcome.err(), Some(ReadError::Upstream { status: StatusCode::UNAUTHORIZED, .. })));
}

#[test]
fn a_basket_is_made_line_by_line_or_not_at_all() {
    let sent = json!({ "lines": [{ "product_id": "14", "quantity": 2 }, { "product_id": "16", "variant_id": "17", "quantity": 1 }] });
    let (outcome, calls) = write(None, sent.clone(), |_| ok(&cart(&format!("[{LINE},{SHIRT}]")))).unwrap();
    assert_eq!(shown(outcome)["id"], "t_1");
    let expected = [
        ("POST cart/add-item".to_owned(), false, json!({ "id": "14", "quantity": "2" })),
        ("POST cart/add-item?cart_key=t_1".to_owned(), false, json!({ "id": "17", "quantity": "1" })),
    ];
    assert_eq!(calls, expected);
    // CoCart says 404 when stock is short; the basket is there, and must not stay half made.
    let (outcome, calls) = write(None, sent, |name| match name {
        "POST cart/add-item" => ok(&cart(&format!("[{LINE}]"))),
        "DELETE session/t_1" => ok("\"Session successfully deleted!\""),
        _ => problem(StatusCode::NOT_FOUND, "cocart_not_enough_in_stock"),
    })
    .unwrap();
    let is_rejection = matches!(&outcome, Err(ReadError::Upstream { status: StatusCode::UNPROCESSABLE_ENTITY, text, .. }) if text == "said");
    assert!(is_rejection);
    assert_eq!((calls[2].0.as_str(), calls[2].1), ("DELETE session/t_1", true));
    for (sent, pointer) in [
        (json!({ "lines": [] }), "/lines"),
        (json!({ "lines": [{ "product_id": "14", "quantity": 0 }] }), "/lines/0/quantity"),
        (json!({ "lines": [{ "quantity": 1 }] }), "/lines/0/product_id"),
        (json!({ "lines": [{ "product_id": "mug", "quantity": 1 }] }), "/lines/0/product_id"),
        (json!({ "lines": [{ "id": "x", "quantity": 1 }] }), "/lines/0/id"),
    ] {
        let refusal = write(None, sent, |_| ok("")).err();
        assert!(matches!(&refusal, Some(Refusal::Field { pointer: at, .. }) if at == pointer), "{refusal:?} {pointer}");
    }
}

#[test]
fn a_change_takes_only_the_steps_that_it_needs() {
    let now = cart(&format!("[{LINE},{SHIRT}]"));
    let sent = json!({ "lines": [
        { "id": "aab3", "quantity": 5 }, { "variant_id": "17", "quantity": 0 }, { "product_id": "12", "quantity": 1 },
    ] });
    let (outcome, calls) = write(Some("t_1"), sent, |_| ok(&now)).unwrap();
    assert!(outcome.is_ok());
    let names: Vec<&str> = calls.iter().map(|(name, ..)| name.as_str()).collect();
    let expected = [
        "GET cart?cart_key=t_1",
        "POST cart/item/aab3?cart_key=t_1",
        "DELETE cart/item/ccd4?cart_key=t_1",
        "POST cart/add-item?cart_key=t_1",
    ];
    assert_eq!(names, expected);
    assert_eq!(calls[1].2, json!({ "quantity": "5" }));
    // What is so already is not written: the same change made twice does no harm.
    let sent = json!({ "lines": [{ "product_id": "14", "quantity": 2 }, { "product_id": "12", "quantity": 0 }] });
    let (_, calls) = write(Some("t_1"), sent, |_| ok(&now)).unwrap();
    assert_eq!(calls.len(), 1);
    let (_, calls) = write(Some("t_1"), json!({ "lines": null }), |_| ok(&now)).unwrap();
    assert_eq!(calls[1].0, format!("{} cart/clear?cart_key=t_1", Method::POST));
    let (outcome, calls) =
        write(Some("t_1"), json!({ "lines": [{ "id": "gone", "quantity": 1 }] }), |_| ok(&now)).unwrap();
    assert!(
        matches!(outcome.err(), Some(ReadError::Refused(Refusal::Field { pointer, .. })) if pointer == "/lines/0/id")
    );
    assert_eq!(calls.len(), 1, "nothing was changed");
    let customers = write(Some("42"), json!({ "lines": null }), |_| ok(&now)).err();
    assert!(matches!(customers, Some(Refusal::NotSupported(_))), "a customer's own cart is not a guest's");
}
