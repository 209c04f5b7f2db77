//! What the stand-in is seeded with: the connectors' fixtures and copies of them, all of one date.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::State;

const PRODUCTS: &str = include_str!("../../../connectors/fixtures/bigcommerce/products.json");
const ORDERS: &str = include_str!("../../../connectors/fixtures/bigcommerce/orders.json");
const CUSTOMERS: &str = include_str!("../../../connectors/fixtures/bigcommerce/customers.json");
const CATEGORIES: &str = include_str!("../../../connectors/fixtures/bigcommerce/categories.json");

/// One moment for all rows.
const DATE: &str = "2019-03-05T21:40:11+00:00";

/// The state of a new stand-in: products 101 to 100 + `rows`, orders and customers from 1 to `rows`.
pub(super) fn seeded(rows: u64) -> State {
    let models = parsed(PRODUCTS);
    let (towel, orb) = (&models["data"][0], &models["data"][1]);
    let products = (101..=100 + rows).map(|id| (id, product(if id == 101 { towel } else { orb }, id))).collect();
    let order = parsed(ORDERS)[0].clone();
    let orders =
        (1..=rows).map(|id| (id, with(&order, &[("id", json!(id)), ("refunded_amount", json!("0.0000"))]))).collect();
    let customer = parsed(CUSTOMERS)["data"][0].clone();
    let customers = (1..=rows).map(|id| (id, self::customer(&customer, id))).collect();
    let listed = parsed(CATEGORIES);
    let categories = listed["data"].as_array().into_iter().flatten().cloned();
    let by_id = |category: Value| category["category_id"].as_u64().map(|id| (id, category.clone()));
    State {
        products,
        orders,
        customers,
        categories: categories.filter_map(by_id).collect(),
        carts: BTreeMap::new(),
        hooks: BTreeMap::new(),
        last_id: 100_000,
    }
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}

/// A copy with other values.
pub(super) fn with(object: &Value, values: &[(&str, Value)]) -> Value {
    let mut copy = object.clone();
    for (name, value) in values {
        copy[*name] = value.clone();
    }
    copy
}

fn product(model: &Value, id: u64) -> Value {
    let mut product = with(
        model,
        &[
            ("id", json!(id)),
            ("name", json!(format!("Product {id}"))),
            ("date_modified", json!(DATE)),
            ("date_created", json!(DATE)),
        ],
    );
    for (index, variant) in (0..).zip(product["variants"].as_array_mut().into_iter().flatten()) {
        variant["id"] = json!(id * 10 + index);
        variant["product_id"] = json!(id);
    }
    product
}

/// The first has more addresses than a list shows.
fn customer(model: &Value, id: u64) -> Value {
    let count = if id == 1 { 12 } else { 1 };
    let address = &model["addresses"][0];
    let addresses: Vec<Value> = (0..count)
        .map(|index| {
            with(
                address,
                &[
                    ("id", json!(id * 100 + index)),
                    ("customer_id", json!(id)),
                    ("address1", json!(format!("{index} Street"))),
                ],
            )
        })
        .collect();
    with(
        model,
        &[
            ("id", json!(id)),
            ("email", json!(format!("c{id}@x.test"))),
            ("date_modified", json!(DATE)),
            ("date_created", json!(DATE)),
            ("address_count", json!(count)),
            ("addresses", json!(addresses)),
        ],
    )
}

/// A product that was sent, with what BigCommerce adds to it.
pub(super) fn new_product(sent: &Value, id: u64) -> Value {
    let (_, model) = seeded(2).products.pop_last().unwrap_or_default();
    let mut product = with(
        &model,
        &[("id", json!(id)), ("sale_price", json!(0)), ("brand_id", json!(0)), ("custom_fields", json!([]))],
    );
    let variants = sent["variants"].as_array().cloned().unwrap_or_default();
    merge(&mut product, sent);
    let own = if variants.is_empty() { vec![json!({ "option_values": [] })] } else { variants };
    let mut made = Vec::new();
    for (index, variant) in (0..).zip(own) {
        let blank = json!({ "id": id * 10 + index, "product_id": id, "sku": product["sku"], "price": null, "sale_price": null, "calculated_price": null,
            "weight": null, "cost_price": null, "upc": "", "gtin": "", "inventory_level": 0 });
        let mut whole = blank;
        merge(&mut whole, &variant);
        made.push(whole);
    }
    product["variants"] = json!(made);
    product["images"] = json!([]);
    priced(&mut product);
    product
}

/// Puts the members of one object over those of another.
pub(super) fn merge(object: &mut Value, over: &Value) {
    for (name, value) in over.as_object().into_iter().flatten() {
        object[name.as_str()] = value.clone();
    }
}

/// Computes what a buyer pays, of the product and of its variants.
pub(super) fn priced(product: &mut Value) {
    let pays = |sale: &Value, price: &Value| {
        if sale.as_f64().is_some_and(|sale| sale > 0.0) { sale.clone() } else { price.clone() }
    };
    let own = pays(&product["sale_price"], &product["price"]);
    for variant in product["variants"].as_array_mut().into_iter().flatten() {
        let price = if variant["price"].is_null() { own.clone() } else { variant["price"].clone() };
        variant["calculated_price"] = pays(&variant["sale_price"], &price);
    }
    product["calculated_price"] = own;
}
