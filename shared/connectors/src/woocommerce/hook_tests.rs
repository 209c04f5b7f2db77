use std::collections::BTreeMap;

use domain::model::Entity;
use serde_json::{Value, json};

use super::hooks::WooHooks;
use super::*;
use crate::hooks::{Hook, HookError, Registered, Says, Wanted};
use crate::tests::{Sent, address_of, credential_of, drive, ok, sent};

const ORDER: &str = include_str!("../../fixtures/woocommerce/woo-order.json");
const PRODUCTS: &str = include_str!("../../fixtures/woocommerce/woo-products.json");
const URL: &str = "https://api.cartage.example/hooks/str_1";

fn read(topic: &str, webhook: &str, body: &str) -> Result<Hook, HookError> {
    let headers = [("x-wc-webhook-topic", topic), ("x-wc-webhook-id", webhook), ("x-wc-webhook-delivery-id", "5f0c")];
    let headers: BTreeMap<String, String> =
        headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    WooHooks.read(&headers, body.as_bytes())
}

/// `platforms.md` 5.3: one new order, told by two webhooks in bodies that are alike byte for byte; several products with one delivery id.
#[test]
fn webhooks_are_told_apart_though_their_ids_collide() {
    let key = |topic, webhook, body: &str| read(topic, webhook, body).unwrap().key;
    let created = key("order.created", "1", ORDER);
    assert_ne!(created, key("order.updated", "2", ORDER));
    assert_eq!(created, key("order.created", "1", ORDER), "sent again");
    let products: Vec<Value> = serde_json::from_str(PRODUCTS).unwrap();
    let keys: Vec<String> = products.iter().map(|it| key("product.updated", "3", &it.to_string())).collect();
    assert_ne!(keys[0], keys[1]);
}

#[test]
fn orders_come_whole_and_products_do_not() {
    let Says::Object { topic, id, updated_at, object, .. } = read("order.updated", "2", ORDER).unwrap().says else {
        panic!("an order")
    };
    assert_eq!((topic.as_str(), id.as_str(), updated_at.is_some()), ("order.updated", "18", true));
    let told = serde_json::to_value(object.unwrap()).unwrap()[0].clone();
    assert_eq!((&told["id"], &told["remote"]["id"]), (&json!("18"), &json!(18)));
    let products: Vec<Value> = serde_json::from_str(PRODUCTS).unwrap();
    let product = read("product.updated", "3", &products[0].to_string()).unwrap().says;
    assert!(matches!(product, Says::Object { object: None, updated_at: Some(_), .. }), "its currency is not told");
    let customer = read("customer.created", "4", r#"{"id":2,"email":"bea@x.test"}"#).unwrap().says;
    assert!(matches!(customer, Says::Object { object: Some(_), .. }));
}

#[test]
fn what_says_nothing_is_not_told() {
    let says = |topic, body: &str| match read(topic, "1", body).unwrap().says {
        Says::Nothing => None,
        Says::Object { topic, id, .. } => Some(format!("{topic} {id}")),
        Says::AppUninstalled | Says::Privacy(..) => panic!("WooCommerce has none"),
    };
    for (topic, body, expected) in [
        ("product.deleted", r#"{"id":15}"#, Some("product.deleted 15")),
        ("order.restored", ORDER, Some("order.created 18")),
        ("product.published", r#"{"id":15}"#, Some("product.updated 15")),
        ("product.created", r#"{"id":17,"type":"variation","parent_id":16}"#, Some("product.updated 16")),
        ("product.updated", r#"{"id":16,"type":"simple","parent_id":0}"#, Some("product.updated 16")),
        ("coupon.created", r#"{"id":1}"#, None),
        ("action.woocommerce_add_to_cart", "[]", None),
        ("", r#"{"id":0}"#, None),
        ("product.updated", r#"{"id":0}"#, None),
        (
            "order.updated",
            r#"{"code":"woocommerce_rest_shop_order_invalid_id","message":"Invalid ID.","data":{"status":404}}"#,
            None,
        ),
        ("order.created", r#"{"id":19,"status":"checkout-draft"}"#, None),
        ("order.updated", r#"{"id":19,"status":"trash"}"#, None),
    ] {
        assert_eq!(says(topic, body).as_deref(), expected, "{topic} {body}");
    }
    for wrong in ["", "webhook_id=3", r#"{"id":1,"status":3}"#] {
        assert!(read("order.created", "1", wrong).is_err(), "{wrong}");
    }
}

/// Registers with a store that shows these webhooks; what was sent after the list.
fn register(shown: &Value, new_secret: bool) -> (Registered, Vec<Sent>) {
    let (address, credential) = (address_of(&WooCommerce), credential_of(&WooCommerce));
    let context = Context { address: &address, credential: &credential };
    let turn = WooHooks.register(&context, &Wanted { url: URL, secret: "s3cret", new_secret }).unwrap();
    let mut calls = Vec::new();
    let (outcome, _) = drive(turn, |request| {
        let call = sent(request, "/wp-json/wc/v3/");
        if call.0 == http::Method::GET {
            return ok(&shown.to_string());
        }
        let made = |name: &str| {
            let rows = call.2[name].as_array().cloned().unwrap_or_default();
            let row =
                |(place, row): (usize, Value)| json!({ "id": row.get("id").cloned().unwrap_or(json!(place + 100)) });
            rows.into_iter().enumerate().map(row).collect::<Vec<Value>>()
        };
        let answer = json!({ "create": made("create"), "update": made("update"), "delete": [] }).to_string();
        calls.push(call);
        ok(&answer)
    })
    .unwrap();
    let Outcome::Registered(registered) = outcome else { panic!("not registered") };
    (registered, calls)
}

/// All that are wanted, with the ids 1 to 11.
fn all() -> Vec<Value> {
    let (_, calls) = register(&json!([]), false);
    let topics = calls[0].2["create"].as_array().unwrap().iter().map(|hook| hook["topic"].clone());
    (1..)
        .zip(topics)
        .map(|(id, topic)| json!({ "id": id, "status": "active", "topic": topic, "delivery_url": URL }))
        .collect()
}

#[test]
fn what_is_missing_is_registered_in_one_call() {
    let (registered, calls) = register(&json!([]), false);
    assert_eq!((registered.ids.len(), registered.repaired, calls.len()), (11, 11, 1));
    let first = &calls[0].2["create"][0];
    assert_eq!(calls[0].1, "webhooks/batch");
    assert_eq!(
        (&first["delivery_url"], &first["secret"], &first["status"]),
        (&json!(URL), &json!("s3cret"), &json!("active"))
    );
    let (registered, calls) = register(&Value::from(all()), false);
    assert_eq!((registered.ids.len(), registered.repaired, calls.len()), (11, 0, 0), "nothing is to be done");
}

#[test]
fn what_was_switched_off_moved_or_doubled_is_mended() {
    let mut shown = all();
    shown[0]["status"] = "disabled".into();
    shown[1]["status"] = "paused".into();
    shown[2]["delivery_url"] = "https://old.example/hooks/str_1".into();
    let mut twice = shown[3].clone();
    twice["id"] = 50.into();
    shown.push(twice);
    shown.push(json!({ "id": 51, "status": "active", "topic": "coupon.created", "delivery_url": URL }));
    shown.push(json!({ "id": 52, "status": "active", "topic": "order.created", "delivery_url": "https://x.example/hooks/str_12" }));
    let (registered, calls) = register(&Value::from(shown.clone()), false);
    assert_eq!((registered.ids.len(), registered.repaired), (11, 5));
    let batch = &calls[0].2;
    let mended: Vec<u64> =
        batch["update"].as_array().unwrap().iter().map(|hook| hook["id"].as_u64().unwrap()).collect();
    assert_eq!(std::collections::BTreeSet::from_iter(mended), [1, 2, 3].into());
    assert_eq!((&batch["delete"], batch.get("create")), (&json!([50, 51]), None), "another store's is left alone");
    // The one that works is kept, whichever comes first.
    let mut shown = all();
    let mut works = shown[0].clone();
    works["id"] = 60.into();
    shown[0]["status"] = "disabled".into();
    shown.push(works);
    let (registered, calls) = register(&Value::from(shown), false);
    assert!(registered.ids.contains(&"60".to_owned()));
    assert_eq!(calls[0].2, json!({ "delete": [1] }));
    let (registered, calls) = register(&Value::from(all()), true);
    assert_eq!(
        (registered.repaired, calls[0].2["update"].as_array().unwrap().len()),
        (11, 11),
        "a new secret goes to all"
    );
}

#[test]
fn those_that_exist_are_looked_for_by_id() {
    let (address, credential) = (address_of(&WooCommerce), credential_of(&WooCommerce));
    let context = Context { address: &address, credential: &credential };
    let look = |entity, rows: &str| {
        let mut asked = String::new();
        let turn = WooCommerce.existing(&context, entity, &["18", "19"]).unwrap().unwrap();
        let found = drive(turn, |request| {
            asked = sent(request, "/wp-json/wc/v3/").1;
            ok(rows)
        });
        let found = found.map(|(outcome, _)| match outcome {
            Outcome::Existing(ids) => ids,
            _ => panic!("not the ids"),
        });
        (found, asked)
    };
    let (found, asked) = look(Entity::Orders, r#"[{"id":18,"status":"processing"},{"id":19,"status":"trash"}]"#);
    assert_eq!(
        (found, asked.as_str()),
        (Ok(vec!["18".to_owned()]), "orders?include=18,19&per_page=2&_fields=id,status")
    );
    let (found, asked) = look(Entity::Customers, r#"[{"id":7}]"#);
    assert!(found.is_err() && asked.ends_with("role=all"));
    assert!(WooCommerce.existing(&context, Entity::Inventory, &["1"]).is_none());
}
