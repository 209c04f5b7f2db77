//! Writes, as far as the unified interface uses them.

use http::{Method, Response, StatusCode};
use serde_json::{Map, Value, json};

use super::routes::{Result, error, not_found, whole};
use super::rows::{Rows, text};
use crate::loopback_server::Answer;

/// Carries a write out and answers with the object, as Medusa does: 200 whatever was done.
pub(super) fn write(rows: &mut Rows, method: &Method, segments: &[&str], body: &Value) -> Result<Response<Answer>> {
    let done = |name: &str, object: &Value| Ok(whole(StatusCode::OK, &json!({ name: object })));
    match (method.as_str(), segments) {
        ("POST", ["products"]) => done("product", &new_product(rows, body)?),
        ("POST", ["products", id]) => done("product", &change_product(rows, id, body)?),
        ("POST", ["products", id, "variants", "batch"]) => change_variants(rows, id, body),
        ("POST", ["product-tags"]) => {
            let id = rows.new_id("ptag");
            let tag = json!({ "id": id, "value": body["value"] });
            rows.tags.insert(id, tag.clone());
            done("product_tag", &tag)
        }
        ("POST", ["product-categories"]) => {
            let id = rows.new_id("pcat");
            let mut category = json!({ "id": id, "handle": slug(body), "rank": 0, "is_active": false, "is_internal": false, "parent_category_id": null });
            merge(&mut category, body);
            rows.categories.insert(id, category.clone());
            done("product_category", &category)
        }
        ("POST", ["product-categories", id]) => {
            let category = rows.categories.get_mut(*id).ok_or_else(|| not_found("Product category", id))?;
            merge(category, body);
            done("product_category", category)
        }
        ("POST", ["customers"]) => {
            if rows.customers.values().any(|customer| customer["email"] == body["email"]) {
                let message =
                    format!("Customer with email: {}, has_account: false, already exists.", text(&body["email"]));
                return Err(error(StatusCode::BAD_REQUEST, "invalid_data", &message));
            }
            let id = rows.new_id("cus");
            let mut customer =
                json!({ "id": id, "has_account": false, "addresses": [], "groups": [], "metadata": null });
            merge(&mut customer, body);
            rows.customers.insert(id, customer.clone());
            done("customer", &customer)
        }
        ("POST", ["customers", id]) => {
            let customer = rows.customers.get_mut(*id).ok_or_else(|| not_found("Customer", id))?;
            merge(customer, body);
            done("customer", customer)
        }
        ("POST", ["customers", id, "addresses"]) => {
            let address_id = rows.new_id("cuaddr");
            let customer = rows.customers.get_mut(*id).ok_or_else(|| not_found("Customer", id))?;
            let mut address = json!({ "id": address_id });
            merge(&mut address, body);
            if let Some(addresses) = customer["addresses"].as_array_mut() {
                addresses.push(address);
            }
            done("customer", customer)
        }
        ("DELETE", ["customers", id, "addresses", address]) => {
            if let Some(addresses) =
                rows.customers.get_mut(*id).and_then(|customer| customer["addresses"].as_array_mut())
            {
                addresses.retain(|known| known["id"] != *address);
            }
            Ok(deleted(address))
        }
        ("POST", ["inventory-items", item, "location-levels", rest @ ..]) => change_level(rows, item, rest, body),
        ("POST", ["draft-orders"]) => {
            let id = rows.new_id("order");
            let mut order = json!({ "id": id, "display_id": 1000, "status": "draft", "is_draft_order": true, "payment_status": "not_paid",
                "fulfillment_status": "not_fulfilled" });
            merge(&mut order, body);
            for item in order["items"].as_array_mut().into_iter().flatten() {
                item["id"] = json!(rows.new_id("ordli"));
            }
            rows.orders.insert(id.clone(), order);
            done("draft_order", &json!({ "id": id }))
        }
        ("POST", ["draft-orders", id, "convert-to-order"]) => {
            let order = rows.orders.get_mut(*id).ok_or_else(|| not_found("Order", id))?;
            merge(order, &json!({ "status": "pending", "is_draft_order": false }));
            done("order", order)
        }
        ("POST", ["orders", id, action @ ("cancel" | "complete")]) => {
            let order = rows.orders.get_mut(*id).ok_or_else(|| not_found("Order", id))?;
            if order["status"] == "completed" {
                let message =
                    "Cannot cancel a completed order. Please use the return process to handle refunds or exchanges.";
                return Err(error(StatusCode::BAD_REQUEST, "not_allowed", message));
            }
            let now = (*action == "cancel").then_some("2026-11-22T02:00:00.000Z");
            let status = if now.is_some() { "canceled" } else { "completed" };
            merge(order, &json!({ "status": status, "canceled_at": now }));
            done("order", order)
        }
        ("POST", ["orders", id]) => {
            let order = rows.orders.get_mut(*id).ok_or_else(|| not_found("Order", id))?;
            merge(order, body);
            done("order", order)
        }
        // Medusa says so of what never was, too.
        ("DELETE", [name, id]) => {
            let table = match *name {
                "products" => &mut rows.products,
                "customers" => &mut rows.customers,
                "product-categories" => &mut rows.categories,
                _ => return Err(error(StatusCode::NOT_FOUND, "not_found", "no such route")),
            };
            table.remove(*id);
            Ok(deleted(id))
        }
        _ => Err(error(StatusCode::NOT_FOUND, "not_found", "no such route")),
    }
}

fn deleted(id: &str) -> Response<Answer> {
    whole(StatusCode::OK, &json!({ "id": id, "object": "object", "deleted": true }))
}

/// Puts what was sent over what is there; custom fields are merged one by one.
fn merge(object: &mut Value, sent: &Value) {
    let (Some(members), Some(sent)) = (object.as_object_mut(), sent.as_object()) else { return };
    for (name, value) in sent {
        match (members.get_mut(name), value) {
            (Some(Value::Object(known)), Value::Object(value)) => known.extend(value.clone()),
            _ => {
                members.insert(name.clone(), value.clone());
            }
        }
    }
}

fn slug(body: &Value) -> Value {
    let name = text(if body["title"].is_null() { &body["name"] } else { &body["title"] });
    json!(name.to_lowercase().replace(' ', "-"))
}

fn new_product(rows: &mut Rows, body: &Value) -> Result<Value> {
    let invalid = |message: String| error(StatusCode::BAD_REQUEST, "invalid_data", &message);
    if body["options"].as_array().is_none_or(Vec::is_empty) {
        return Err(invalid(format!("Product options are not provided for: [{}].", text(&body["title"]))));
    }
    let handle = if body["handle"].is_null() { slug(body) } else { body["handle"].clone() };
    if rows.products.values().any(|product| product["handle"] == handle) {
        return Err(invalid(format!("Product with handle: {}, already exists.", text(&handle))));
    }
    let id = rows.new_id("prod");
    let mut product = json!({ "id": id, "handle": handle, "status": "draft", "description": null, "images": [], "categories": [], "tags": [], "metadata": null });
    let mut plain = body.as_object().cloned().unwrap_or_default();
    let variants = plain.remove("variants").and_then(|variants| variants.as_array().cloned()).unwrap_or_default();
    relate(rows, &mut plain);
    merge(&mut product, &Value::Object(plain));
    let variants: Vec<Value> = variants.iter().map(|variant| new_variant(rows, variant)).collect();
    product["variants"] = json!(variants);
    rows.products.insert(id, product.clone());
    Ok(product)
}

/// Names of tags and options as the answers show them.
fn relate(rows: &mut Rows, plain: &mut Map<String, Value>) {
    if let Some(tags) = plain.get_mut("tags").and_then(Value::as_array_mut) {
        for tag in tags {
            *tag = rows.tags.get(&text(&tag["id"])).cloned().unwrap_or_default();
        }
    }
    if let Some(options) = plain.get_mut("options").and_then(Value::as_array_mut) {
        for option in options {
            if option["id"].is_null() {
                option["id"] = json!(rows.new_id("opt"));
            }
            if let Some(values) = option["values"].as_array_mut() {
                values.iter_mut().for_each(|value| *value = json!({ "value": value }));
            }
        }
    }
}

fn new_variant(rows: &mut Rows, sent: &Value) -> Value {
    let (id, item) = (rows.new_id("variant"), rows.new_id("iitem"));
    let mut variant = json!({ "id": id, "manage_inventory": true, "allow_backorder": false, "prices": [],
        "inventory_items": [{ "inventory_item_id": item, "required_quantity": 1, "inventory": { "id": item, "location_levels": [] } }] });
    change_variant(rows, &mut variant, sent);
    variant
}

fn change_variant(rows: &mut Rows, variant: &mut Value, sent: &Value) {
    let mut sent = sent.as_object().cloned().unwrap_or_default();
    if let Some(options) = sent.get_mut("options") {
        let chosen = options.as_object().cloned().unwrap_or_default();
        let chosen: Vec<Value> =
            chosen.into_iter().map(|(title, value)| json!({ "value": value, "option": { "title": title } })).collect();
        *options = json!(chosen);
    }
    if let Some(prices) = sent.get_mut("prices").and_then(Value::as_array_mut) {
        for price in prices {
            if price["id"].is_null() {
                price["id"] = json!(rows.new_id("price"));
            }
        }
    }
    merge(variant, &Value::Object(sent));
}

fn change_product(rows: &mut Rows, id: &str, body: &Value) -> Result<Value> {
    let mut product = rows.products.get(id).cloned().ok_or_else(|| not_found("Product", id))?;
    let mut plain = body.as_object().cloned().unwrap_or_default();
    relate(rows, &mut plain);
    merge(&mut product, &Value::Object(plain));
    rows.products.insert(id.to_owned(), product.clone());
    Ok(product)
}

fn change_variants(rows: &mut Rows, id: &str, body: &Value) -> Result<Response<Answer>> {
    let mut product = rows.products.get(id).cloned().ok_or_else(|| not_found("Product", id))?;
    let mut variants = product["variants"].as_array().cloned().unwrap_or_default();
    for sent in body["update"].as_array().into_iter().flatten() {
        let variant = variants.iter_mut().find(|variant| variant["id"] == sent["id"]);
        let variant = variant.ok_or_else(|| not_found("ProductVariant", &text(&sent["id"])))?;
        change_variant(rows, variant, sent);
    }
    for sent in body["create"].as_array().into_iter().flatten() {
        variants.push(new_variant(rows, sent));
    }
    product["variants"] = json!(variants);
    rows.products.insert(id.to_owned(), product);
    Ok(whole(StatusCode::OK, &json!({ "created": [], "updated": [], "deleted": { "ids": [] } })))
}

fn change_level(rows: &mut Rows, item: &str, rest: &[&str], body: &Value) -> Result<Response<Answer>> {
    let levels = rows.levels(item).ok_or_else(|| not_found("InventoryItem", item))?;
    match rest {
        [] => levels.push(json!({ "location_id": body["location_id"], "stocked_quantity": body["stocked_quantity"], "reserved_quantity": 0 })),
        [location, ..] => {
            let level = levels.iter_mut().find(|level| level["location_id"] == *location);
            let level = level.ok_or_else(|| not_found("InventoryLevel", location))?;
            level["stocked_quantity"] = body["stocked_quantity"].clone();
        }
    }
    Ok(whole(StatusCode::OK, &json!({ "inventory_item": { "id": item } })))
}
