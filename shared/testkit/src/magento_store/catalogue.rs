//! What the stand-in is seeded with: the connectors' fixtures and copies of them, all of one date.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::State;

const PRODUCTS: &str = include_str!("../../../connectors/fixtures/magento/products.json");
const CHILDREN: &str = include_str!("../../../connectors/fixtures/magento/children.json");
const ORDERS: &str = include_str!("../../../connectors/fixtures/magento/orders.json");
const CUSTOMERS: &str = include_str!("../../../connectors/fixtures/magento/customers.json");
const CATEGORIES: &str = include_str!("../../../connectors/fixtures/magento/categories.json");

/// The state of a new stand-in: simple products 101 to 100 + `rows`, the configurable 52 with its children 47 and 48, orders and customers from
/// 1 to `rows`, stock of everything that has some.
pub(super) fn seeded(rows: u64) -> State {
    let models = items(PRODUCTS);
    let mut products: BTreeMap<u64, Value> = (101..=100 + rows).map(|id| (id, simple(&models[0], id))).collect();
    products.insert(52, models[1].clone());
    for child in items(CHILDREN) {
        let child = with(&child, &[("visibility", json!(1)), ("status", json!(1)), ("name", child["sku"].clone())]);
        products.insert(child["id"].as_u64().unwrap_or_default(), child);
    }
    let counted = products.values().filter(|product| product["type_id"] == "simple");
    let level = |(id, product): (u64, &Value)| source_item(id, &product["sku"], "default", 100);
    let stock = (1..).zip(counted).map(level).collect();
    let (order, customer) = (items(ORDERS).swap_remove(0), items(CUSTOMERS).swap_remove(0));
    let order = |id: u64| {
        (
            id,
            with(
                &order,
                &[("entity_id", json!(id)), ("increment_id", json!(format!("{id:09}"))), ("total_refunded", json!(0))],
            ),
        )
    };
    let customer = |id: u64| (id, with(&customer, &[("id", json!(id)), ("email", json!(format!("c{id}@x.test")))]));
    let categories = items(CATEGORIES).into_iter().filter_map(|category| Some((category["id"].as_u64()?, category)));
    State {
        products,
        stock,
        orders: (1..=rows).map(order).collect(),
        customers: (1..=rows).map(customer).collect(),
        categories: categories.collect(),
        last_id: 1000,
    }
}

fn items(text: &str) -> Vec<Value> {
    serde_json::from_str::<Value>(text).ok().and_then(|found| found["items"].as_array().cloned()).unwrap_or_default()
}

/// A copy with other values.
pub(super) fn with(object: &Value, values: &[(&str, Value)]) -> Value {
    let mut copy = object.clone();
    for (name, value) in values {
        copy[*name] = value.clone();
    }
    copy
}

fn simple(model: &Value, id: u64) -> Value {
    with(model, &[("id", json!(id)), ("sku", json!(format!("SKU/{id} x"))), ("name", json!(format!("Product {id}")))])
}

/// A row of `source-items` with the id of its row.
pub(super) fn source_item(id: u64, sku: &Value, source: &str, quantity: i64) -> Value {
    json!({ "source_item_id": id, "sku": sku, "source_code": source, "quantity": quantity, "status": u8::from(quantity > 0) })
}
