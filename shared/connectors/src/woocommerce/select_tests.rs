use serde_json::{Map, Value, json};

use super::tests::{CURRENCY, ORDER, PRODUCTS, VARIATION};
use super::*;
use crate::Fields;
use crate::tests::{FIRST_PAGE, address_of, credential_of, drive, ok};

/// A page of an entity with a selection, from a store that honours `_fields`; and the calls that it took.
fn page(entity: Entity, fields: Option<&str>, objects: &Value) -> (Value, Vec<String>) {
    let (address, credential) = (address_of(&WooCommerce), credential_of(&WooCommerce));
    let fields = fields.map(|fields| Fields::parse(entity, fields).unwrap());
    let read = Read { entity, target: FIRST_PAGE, fields: fields.as_ref(), include_remote: false };
    let turn = WooCommerce.read(&Context { address: &address, credential: &credential }, &read).unwrap();
    let (outcome, rounds) = drive(turn, |request| {
        let url = request.unsigned_url();
        let names = url.query_pairs().find_map(|(name, value)| (name == "_fields").then(|| value.into_owned()));
        let rows = match url.path() {
            path if path.ends_with("/currencies/current") => return ok(CURRENCY),
            path if path.ends_with("/variations") => json!([serde_json::from_str::<Value>(VARIATION).unwrap()]),
            _ => objects.clone(),
        };
        let cut = |row: &Value| -> Value {
            let Some(names) = &names else { return row.clone() };
            let kept =
                row.as_object().unwrap().iter().filter(|(name, _)| names.split(',').any(|wanted| wanted == *name));
            Value::Object(kept.map(|(name, value)| (name.clone(), value.clone())).collect::<Map<_, _>>())
        };
        ok(&Value::Array(rows.as_array().unwrap().iter().map(cut).collect()).to_string())
    })
    .unwrap();
    (serde_json::from_slice(&outcome.to_json(fields.as_ref()).unwrap()).unwrap(), rounds.concat())
}

/// Every field, chosen alone, is what it is in the whole object: the table of what is asked leaves nothing out.
#[test]
fn r122_a_chosen_field_is_what_it_is_in_the_whole_object() {
    let mut products: Value = serde_json::from_str(PRODUCTS).unwrap();
    for product in products.as_array_mut().unwrap() {
        for (name, value) in [
            ("on_sale", json!(true)),
            ("brands", json!([{ "id": 1, "name": "B" }])),
            ("tags", json!([{ "id": 1, "name": "t" }])),
            ("weight", json!("2")),
            ("tax_class", json!("reduced")),
            ("global_unique_id", json!("400")),
            ("dimensions", json!({ "length": "1", "width": "", "height": "" })),
            ("images", json!([{ "id": 3, "src": "https://x.test/a.png", "alt": "a" }])),
            ("meta_data", json!([{ "key": "k", "value": 1 }])),
            ("date_created_gmt", Value::Null),
        ] {
            product[name] = value;
        }
    }
    let mut order: Value = serde_json::from_str(ORDER).unwrap();
    order["refunds"] = json!([{ "id": 1, "total": "-1.00", "reason": "r" }]);
    order["customer_note"] = json!("n");
    order["date_completed_gmt"] = json!("2026-11-22T00:00:00");
    order["shipping_lines"] = json!([{ "id": 1, "method_title": "P", "total": "1.00" }]);
    order["meta_data"] = json!([{ "key": "k", "value": 1 }]);
    let customer = json!({
        "id": 2, "email": "b@x.test", "first_name": "B", "last_name": "C", "role": "customer", "billing": { "city": "X", "phone": "1" },
        "shipping": { "city": "Y" }, "meta_data": [{ "key": "k", "value": 1 }], "date_created": "2026-01-01T01:00:00", "date_modified_gmt": "2026-01-02T00:00:00",
    });
    let category = json!({ "id": 15, "name": "A", "slug": "a", "parent": 3, "menu_order": 2 });
    for (entity, objects) in [
        (Entity::Products, products),
        (Entity::Orders, json!([order])),
        (Entity::Customers, json!([customer])),
        (Entity::Categories, json!([category])),
    ] {
        let (whole, _) = page(entity, None, &objects);
        for (row, object) in whole["data"].as_array().unwrap().iter().enumerate() {
            for (name, value) in object.as_object().unwrap() {
                let (chosen, _) = page(entity, Some(name), &objects);
                assert_eq!(&chosen["data"][row][name], value, "{entity} {name}");
                let Some(below) = value.as_object() else { continue };
                for (child, value) in below {
                    let (chosen, _) = page(entity, Some(&format!("{name}.{child}")), &objects);
                    assert_eq!(&chosen["data"][row][name][child], value, "{entity} {name}.{child}");
                }
            }
        }
    }
}

#[test]
fn r122_calls_that_nobody_needs_are_not_made() {
    let products: Value = serde_json::from_str(PRODUCTS).unwrap();
    let calls = |fields: Option<&str>| {
        let paths = page(Entity::Products, fields, &products).1.into_iter();
        paths.map(|url| url.split_once("/wc/v3/").unwrap().1.to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(calls(None).len(), 3, "the page, the currency, the variations");
    assert_eq!(
        calls(Some("id,name")),
        ["products?page=1&per_page=25&orderby=id&order=asc&_fields=id%2Cname%2Cstatus%2Ctype"]
    );
    assert_eq!(calls(Some("price")).len(), 2, "an amount has a currency");
    let with_stock = calls(Some("variants.sku,variants.inventory.quantity"));
    assert_eq!(with_stock.len(), 2, "variants, and no amounts");
    assert!(
        with_stock[1].starts_with("products/16/variations?") && with_stock[1].ends_with("%2Cvariations"),
        "{}",
        with_stock[1]
    );
    assert!(with_stock[1].contains("stock_quantity") && !with_stock[1].contains("price"));
}
