//! The routes that the stand-in serves.

use http::{HeaderValue, Method, Response, StatusCode, header};
use serde_json::{Value, json};

use super::State;
use super::catalogue::{source_item, with};
use super::oauth::{decoded, is_let_in};
use super::searching::Criteria;
use crate::loopback_server::{Answer, Received};

const CONFIGS: &str = include_str!("../../../connectors/fixtures/magento/configs.json");
const ATTRIBUTES: &str = include_str!("../../../connectors/fixtures/magento/attributes.json");
const API: &str = "/rest/all/V1/";

type Result<T> = std::result::Result<T, Response<Answer>>;

/// Answers a call.
pub(super) fn answer(state: &mut State, received: &Received, signed: bool) -> Response<Answer> {
    let mut answer = route(state, received, signed).unwrap_or_else(|refusal| refusal);
    // Special prices are held against the store's clock; here it is always the first of March 2026.
    answer.headers_mut().insert(header::DATE, HeaderValue::from_static("Sun, 01 Mar 2026 10:00:00 GMT"));
    answer
}

fn route(state: &mut State, received: &Received, signed: bool) -> Result<Response<Answer>> {
    if !is_let_in(received, signed) {
        let message = "The consumer isn't authorized to access %resources.";
        let body = json!({ "message": message, "parameters": { "resources": "Magento_Catalog::products" } });
        return Err(answered(StatusCode::UNAUTHORIZED, &body));
    }
    let path = received.target.split('?').next().unwrap_or_default();
    let Some(path) = path.strip_prefix(API) else { return Err(no_route()) };
    // Split before decoding: a slash inside a SKU is none between segments.
    let segments: Vec<String> = path.split('/').map(decoded).collect();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let criteria = Criteria::of(&received.target);
    let found = |page: std::result::Result<Value, String>| match page {
        Ok(page) => Ok(answered(StatusCode::OK, &page)),
        Err(message) => Err(refused(&message)),
    };
    match (received.method.as_str(), segments.as_slice()) {
        ("GET", ["store", "storeConfigs"]) => Ok(json_text(StatusCode::OK, CONFIGS.to_owned())),
        ("GET", ["products", "attributes"]) => Ok(json_text(StatusCode::OK, ATTRIBUTES.to_owned())),
        ("GET", ["products"]) => found(criteria.page(state.products.values().cloned(), "id")),
        ("POST", ["products"]) => save_product(state, &sent(received, "product")?, None),
        ("PUT", ["products", sku]) => save_product(state, &sent(received, "product")?, Some(sku)),
        ("DELETE", ["products", sku]) => {
            let id = id_of(state, sku).ok_or_else(missing)?;
            state.products.remove(&id);
            state.stock.retain(|item| item["sku"] != *sku);
            Ok(json_text(StatusCode::OK, "true".to_owned()))
        }
        ("GET", ["inventory", "source-items"]) => {
            let page = criteria.page(state.stock.clone().into_iter(), "source_item_id");
            // Rows do not show their ids.
            found(page.map(|mut page| {
                let rows = page["items"].as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut);
                rows.for_each(|row| drop(row.remove("source_item_id")));
                page
            }))
        }
        ("POST", ["inventory", "source-items"]) => {
            for item in sent(received, "sourceItems")?.as_array().into_iter().flatten() {
                if item["source_code"] != "default" {
                    return Err(refused("Could not save Source Item"));
                }
                set_stock(state, &item["sku"], item["quantity"].as_i64().unwrap_or_default());
            }
            Ok(json_text(StatusCode::OK, "[]".to_owned()))
        }
        ("GET", ["orders"]) => found(criteria.page(state.orders.values().cloned(), "entity_id")),
        ("GET", ["orders", id]) => one(state.orders.get(&number(id)?)),
        ("POST", ["orders", id, "cancel"]) => {
            let order = state.orders.get_mut(&number(id)?).ok_or_else(missing)?;
            let can = order["state"] == "processing";
            if can {
                *order = with(order, &[("state", json!("canceled")), ("status", json!("canceled"))]);
            }
            Ok(json_text(StatusCode::OK, can.to_string()))
        }
        ("GET", ["creditmemos"]) => found(criteria.page(std::iter::empty(), "entity_id")),
        ("GET", ["customers", "search"]) => found(criteria.page(state.customers.values().cloned(), "id")),
        (_, ["customers", rest @ ..]) => customers(state, received, rest),
        ("GET", ["categories", "list"]) => found(criteria.page(state.categories.values().cloned(), "id")),
        (_, ["categories", rest @ ..]) => categories(state, received, rest),
        _ => Err(no_route()),
    }
}

fn id_of(state: &State, sku: &str) -> Option<u64> {
    state.products.iter().find(|(_, product)| product["sku"] == sku).map(|(id, _)| *id)
}

/// Creates or changes: the SKU decides, whatever the method.
fn save_product(state: &mut State, sent: &Value, sku: Option<&str>) -> Result<Response<Answer>> {
    let sku = sku.or_else(|| sent["sku"].as_str()).ok_or_else(|| required("sku"))?.to_owned();
    let id = match id_of(state, &sku) {
        Some(id) => id,
        None if sent["name"].is_null() || sent["attribute_set_id"].is_null() => return Err(required("name")),
        None => {
            state.last_id += 1;
            let blank = json!({ "id": state.last_id, "sku": sku, "custom_attributes": [], "extension_attributes": {} });
            state.products.insert(state.last_id, blank);
            state.last_id
        }
    };
    let product = state.products.get_mut(&id).ok_or_else(missing)?;
    for (name, value) in sent.as_object().into_iter().flatten() {
        match name.as_str() {
            "custom_attributes" => put_attributes(product, value),
            "extension_attributes" => {
                if let Some(links) = value.get("category_links") {
                    product["extension_attributes"]["category_links"] = links.clone();
                }
            }
            "sku" => {}
            _ => product[name.as_str()] = value.clone(),
        }
    }
    let saved = product.clone();
    if let Some(quantity) = sent["extension_attributes"]["stock_item"]["qty"].as_i64() {
        set_stock(state, &json!(sku), quantity);
    }
    Ok(answered(StatusCode::OK, &saved))
}

/// An attribute with an empty value goes.
fn put_attributes(object: &mut Value, sent: &Value) {
    let Some(known) = object["custom_attributes"].as_array_mut() else { return };
    for attribute in sent.as_array().into_iter().flatten() {
        known.retain(|one| one["attribute_code"] != attribute["attribute_code"]);
        if attribute["value"] != "" {
            known.push(attribute.clone());
        }
    }
}

fn set_stock(state: &mut State, sku: &Value, quantity: i64) {
    state.last_id += 1;
    let id = state.stock.iter().find(|item| item["sku"] == *sku).and_then(|item| item["source_item_id"].as_u64());
    let new = source_item(id.unwrap_or(state.last_id), sku, "default", quantity);
    state.stock.retain(|item| item["sku"] != *sku);
    state.stock.push(new);
    state.stock.sort_by_key(|item| item["source_item_id"].as_u64());
}

fn customers(state: &mut State, received: &Received, rest: &[&str]) -> Result<Response<Answer>> {
    match (&received.method, rest) {
        (&Method::GET, [id]) => one(state.customers.get(&number(id)?)),
        (&Method::POST, []) | (&Method::PUT, [_]) => {
            let sent = sent(received, "customer")?;
            if let Some(name) = ["email", "firstname", "lastname"]
                .into_iter()
                .find(|name| sent[*name].as_str().is_none_or(str::is_empty))
            {
                return Err(required(name));
            }
            let id = match rest {
                [id] => number(id)?,
                _ => {
                    state.last_id += 1;
                    state.last_id
                }
            };
            let is_taken = |(other, known): (&u64, &Value)| *other != id && known["email"] == sent["email"];
            if state.customers.iter().any(is_taken) {
                return Err(refused("A customer with the same email address already exists in an associated website."));
            }
            let customer =
                state.customers.entry(id).or_insert_with(|| json!({ "website_id": 1, "group_id": 1, "addresses": [] }));
            for (name, value) in sent.as_object().into_iter().flatten() {
                customer[name.as_str()] = value.clone();
            }
            customer["id"] = json!(id);
            Ok(answered(StatusCode::OK, customer))
        }
        (&Method::DELETE, [id]) => gone(state.customers.remove(&number(id)?)),
        _ => Err(no_route()),
    }
}

fn categories(state: &mut State, received: &Received, rest: &[&str]) -> Result<Response<Answer>> {
    match (&received.method, rest) {
        (&Method::GET, [id]) => one(state.categories.get(&number(id)?)),
        (&Method::POST, []) | (&Method::PUT, [_]) => {
            let sent = sent(received, "category")?;
            let id = match rest {
                [id] if !state.categories.contains_key(&number(id)?) => return Err(missing()),
                [id] => number(id)?,
                _ => {
                    state.last_id += 1;
                    state.last_id
                }
            };
            let category = state
                .categories
                .entry(id)
                .or_insert_with(|| json!({ "parent_id": 2, "position": 1, "custom_attributes": [] }));
            for (name, value) in sent.as_object().into_iter().flatten() {
                match name.as_str() {
                    "custom_attributes" => put_attributes(category, value),
                    _ => category[name.as_str()] = value.clone(),
                }
            }
            category["id"] = json!(id);
            Ok(answered(StatusCode::OK, category))
        }
        (&Method::PUT, [id, "move"]) => {
            let parent: Value = serde_json::from_slice(&received.body).unwrap_or_default();
            let category = state.categories.get_mut(&number(id)?).ok_or_else(missing)?;
            category["parent_id"] = parent["parentId"].clone();
            Ok(json_text(StatusCode::OK, "true".to_owned()))
        }
        (&Method::DELETE, [id]) => gone(state.categories.remove(&number(id)?)),
        _ => Err(no_route()),
    }
}

fn number(id: &str) -> Result<u64> {
    id.parse().map_err(|_| missing())
}

fn one(object: Option<&Value>) -> Result<Response<Answer>> {
    object.map(|object| answered(StatusCode::OK, object)).ok_or_else(missing)
}

fn gone(object: Option<Value>) -> Result<Response<Answer>> {
    object.map(|_| json_text(StatusCode::OK, "true".to_owned())).ok_or_else(missing)
}

/// What was sent under its one name.
fn sent(received: &Received, name: &str) -> Result<Value> {
    match serde_json::from_slice::<Value>(&received.body) {
        Ok(mut body) if !body[name].is_null() => Ok(body[name].take()),
        _ => Err(required(name)),
    }
}

fn required(name: &str) -> Response<Answer> {
    let body =
        json!({ "message": "\"%fieldName\" is required. Enter and try again.", "parameters": { "fieldName": name } });
    answered(StatusCode::BAD_REQUEST, &body)
}

fn refused(message: &str) -> Response<Answer> {
    answered(StatusCode::BAD_REQUEST, &json!({ "message": message }))
}

fn missing() -> Response<Answer> {
    let message = "The entity that was requested doesn't exist. Verify the entity and try again.";
    answered(StatusCode::NOT_FOUND, &json!({ "message": message }))
}

fn no_route() -> Response<Answer> {
    answered(StatusCode::NOT_FOUND, &json!({ "message": "Request does not match any route." }))
}

fn answered(status: StatusCode, body: &Value) -> Response<Answer> {
    json_text(status, body.to_string())
}

fn json_text(status: StatusCode, body: String) -> Response<Answer> {
    let mut answer = Response::new(Answer::whole(body));
    *answer.status_mut() = status;
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    answer
}
