//! The routes that the stand-in serves.

use http::{HeaderValue, Method, Response, StatusCode, header};
use serde_json::{Value, json};

use super::catalogue::{merge, new_product, priced, with};
use super::listing::{all, trimmed, v2, v3};
use super::{ACCESS_TOKEN, STORE_PATH, State};
use crate::loopback_server::{Answer, Received, parameter};

const STORE: &str = include_str!("../../../connectors/fixtures/bigcommerce/store.json");
const CART: &str = include_str!("../../../connectors/fixtures/bigcommerce/cart.json");

/// Sub-resources of a product, which come only when they are included.
const PARTS: &[&str] = &["variants", "images", "custom_fields", "options", "modifiers"];

pub(super) type Result<T> = std::result::Result<T, Response<Answer>>;

/// Answers a call.
pub(super) fn answer(state: &mut State, received: &Received) -> Response<Answer> {
    route(state, received).unwrap_or_else(|refusal| refusal)
}

fn route(state: &mut State, received: &Received) -> Result<Response<Answer>> {
    if received.headers.get("x-auth-token").is_none_or(|token| token != ACCESS_TOKEN) {
        return Err(error(StatusCode::UNAUTHORIZED, "X-Auth-Token header is required"));
    }
    let target = received.target.as_str();
    let path = target.split('?').next().unwrap_or_default();
    let path = path.strip_prefix(STORE_PATH).unwrap_or_default().trim_matches('/');
    let segments: Vec<&str> = path.split('/').collect();
    match (received.method.as_str(), segments.as_slice()) {
        ("GET", ["v2", "store"]) => Ok(json_text(StatusCode::OK, STORE.to_owned())),
        (_, ["v3", "catalog", "products", rest @ ..]) => products(state, received, rest),
        ("PUT", ["v3", "catalog", "variants"]) => {
            for sent in list(received)? {
                change_variant(state, &sent)?;
            }
            Ok(data(json!([])))
        }
        ("GET", ["v3", "catalog", "brands"]) => {
            Ok(json_value(StatusCode::OK, &v3(vec![json!({ "id": 37, "name": "Fog Linen" })], target, "id")))
        }
        ("GET", ["v3", "catalog", "trees"]) => Ok(data(json!([{ "id": 1, "name": "Default", "channels": [1] }]))),
        (_, ["v3", "catalog", "trees", "categories"]) => categories(state, received),
        (_, ["v3", "customers", "addresses"]) => addresses(state, received),
        (_, ["v3", "customers"]) => customers(state, received),
        ("GET", ["v3", "inventory", "items"]) => {
            let items = state.products.values().flat_map(inventory_items).collect();
            Ok(json_value(StatusCode::OK, &v3_by_identity(items, target)))
        }
        ("PUT", ["v3", "inventory", "adjustments", "absolute"]) => adjust(state, &object(received)?),
        ("GET", ["v3", "orders", "payment_actions", "refunds"]) => Ok(data(json!([]))),
        (_, ["v2", "orders", rest @ ..]) => orders(state, received, rest),
        (_, ["v3", "hooks", rest @ ..]) => super::hooks::answer(state, received, rest),
        (_, ["v3", "carts", rest @ ..]) => carts(state, received, rest),
        _ => Err(error(StatusCode::NOT_FOUND, "The resource was not found.")),
    }
}

fn products(state: &mut State, received: &Received, rest: &[&str]) -> Result<Response<Answer>> {
    let target = received.target.as_str();
    match (&received.method, rest) {
        (&Method::GET, []) => {
            let mut page = v3(all(&state.products), target, "id");
            page["data"].as_array_mut().into_iter().flatten().for_each(|row| *row = trimmed(row.take(), target, PARTS));
            Ok(json_value(StatusCode::OK, &page))
        }
        (&Method::POST, []) => {
            let sent = object(received)?;
            if let Some(missing) = ["name", "type", "weight", "price"].iter().find(|name| sent[**name].is_null()) {
                return Err(invalid(json!({ *missing: "missing" })));
            }
            let is_taken = |product: &Value| product["name"] == sent["name"];
            if state.products.values().any(is_taken) {
                return Err(error(StatusCode::CONFLICT, "The product name is a duplicate"));
            }
            state.last_id += 1;
            let product = new_product(&sent, state.last_id);
            state.products.insert(state.last_id, product.clone());
            Ok(data(trimmed(product, "", PARTS)))
        }
        (&Method::PUT, []) => {
            let sent = list(received)?;
            if sent.len() > 10 {
                let title = "The request payload is too large. The maximum items allowed in the array is 10.";
                return Err(error(StatusCode::PAYLOAD_TOO_LARGE, title));
            }
            let mut changed = Vec::new();
            for one in sent {
                let id = one["id"].as_u64().unwrap_or_default();
                changed.push(change_product(state, id, &one)?);
            }
            Ok(data(json!(changed)))
        }
        (&Method::DELETE, []) => {
            let ids = parameter(target, "id:in").ok_or_else(|| invalid(json!({ "filter": "missing" })))?;
            ids.split(',').filter_map(|id| id.parse::<u64>().ok()).for_each(|id| drop(state.products.remove(&id)));
            Ok(empty())
        }
        (method, [id, below @ ..]) => {
            let id: u64 = id.parse().map_err(|_| missing())?;
            let product = state.products.get(&id).cloned().ok_or_else(missing)?;
            match (method, below) {
                (&Method::GET, []) => Ok(data(trimmed(product, target, PARTS))),
                (&Method::PUT, []) => {
                    let sent = object(received)?;
                    change_product(state, id, &sent).map(|product| data(trimmed(product, "", PARTS)))
                }
                (&Method::DELETE, []) => {
                    state.products.remove(&id);
                    Ok(empty())
                }
                (&Method::POST, ["variants"]) => {
                    state.last_id += 1;
                    let mut variant =
                        with(&object(received)?, &[("id", json!(state.last_id)), ("product_id", json!(id))]);
                    if variant["option_values"].as_array().is_none_or(Vec::is_empty) {
                        return Err(invalid(json!({ "option_values": "missing" })));
                    }
                    let mut product = product;
                    if let Some(model) = product["variants"][0].as_object() {
                        for name in model
                            .keys()
                            .filter(|name| variant.get(name.as_str()).is_none())
                            .cloned()
                            .collect::<Vec<_>>()
                        {
                            variant[name] = Value::Null;
                        }
                    }
                    product["variants"].as_array_mut().into_iter().for_each(|variants| variants.push(variant.clone()));
                    priced(&mut product);
                    state.products.insert(id, product);
                    Ok(data(variant))
                }
                _ => Err(missing()),
            }
        }
        _ => Err(missing()),
    }
}

fn change_product(state: &mut State, id: u64, sent: &Value) -> Result<Value> {
    let product = state.products.get_mut(&id).ok_or_else(missing)?;
    merge(product, sent);
    priced(product);
    Ok(product.clone())
}

fn change_variant(state: &mut State, sent: &Value) -> Result<()> {
    for product in state.products.values_mut() {
        let variants = product["variants"].as_array_mut();
        if let Some(variant) = variants.into_iter().flatten().find(|variant| variant["id"] == sent["id"]) {
            merge(variant, sent);
            priced(product);
            return Ok(());
        }
    }
    Err(missing())
}

/// An item a variant, kept at one location.
fn inventory_items(product: &Value) -> Vec<Value> {
    let item = |variant: &Value| {
        let is_base = variant["option_values"].as_array().is_none_or(Vec::is_empty);
        let level = if is_base { &product["inventory_level"] } else { &variant["inventory_level"] };
        json!({
            "identity": { "sku": variant["sku"], "variant_id": variant["id"], "product_id": product["id"], "sku_id": if is_base { Value::Null } else { variant["id"].clone() } },
            "locations": [{ "location_id": 1, "location_code": "BC-LOCATION-1", "location_name": "Default location", "available_to_sell": level, "total_inventory_onhand": level, "location_enabled": true, "settings": {} }],
        })
    };
    product["variants"].as_array().into_iter().flatten().map(item).collect()
}

/// The filter looks into `identity`.
fn v3_by_identity(items: Vec<Value>, target: &str) -> Value {
    let flat =
        items.into_iter().map(|item| with(&item, &[("variant_id", item["identity"]["variant_id"].clone())])).collect();
    v3(flat, target, "variant_id")
}

fn adjust(state: &mut State, sent: &Value) -> Result<Response<Answer>> {
    for item in sent["items"].as_array().into_iter().flatten() {
        if item["location_id"] != 1 {
            return Err(error(StatusCode::UNPROCESSABLE_ENTITY, "Location not found"));
        }
        if let Some(id) = item["product_id"].as_u64() {
            change_product(state, id, &json!({ "inventory_level": item["quantity"] }))?;
            continue;
        }
        let is_base = state.products.values().any(|product| {
            let variants = product["variants"].as_array().into_iter().flatten();
            variants.clone().any(|variant| variant["id"] == item["variant_id"] && variant["option_values"] == json!([]))
        });
        if is_base {
            let title = format!(
                "[Item with variant_id {} is tracked by product, please update stock by product id]",
                item["variant_id"]
            );
            return Err(error(StatusCode::UNPROCESSABLE_ENTITY, &title));
        }
        change_variant(state, &json!({ "id": item["variant_id"], "inventory_level": item["quantity"] }))?;
    }
    Ok(json_value(StatusCode::OK, &json!({ "transaction_id": "demo" })))
}

fn categories(state: &mut State, received: &Received) -> Result<Response<Answer>> {
    let target = received.target.as_str();
    match received.method {
        Method::GET => Ok(json_value(StatusCode::OK, &v3(all(&state.categories), target, "category_id"))),
        Method::DELETE => {
            let ids = parameter(target, "category_id:in").unwrap_or_default();
            ids.split(',').filter_map(|id| id.parse::<u64>().ok()).for_each(|id| drop(state.categories.remove(&id)));
            Ok(empty())
        }
        Method::POST | Method::PUT => {
            let mut made = Vec::new();
            for sent in list(received)? {
                let id = match sent["category_id"].as_u64() {
                    Some(id) => id,
                    None if sent["tree_id"].is_null() && sent["parent_id"].is_null() => {
                        return Err(invalid(json!({ "tree_id": "missing" })));
                    }
                    None => {
                        state.last_id += 1;
                        state.last_id
                    }
                };
                let is_new = received.method == Method::POST;
                if !is_new && !state.categories.contains_key(&id) {
                    let failed = json!({ "errors": { "status": 404, "title": "no such category" }, "meta": { "total": 1, "success": 0, "failed": 1 } });
                    return Ok(json_value(StatusCode::MULTI_STATUS, &failed));
                }
                let category = state
                    .categories
                    .entry(id)
                    .or_insert_with(|| json!({ "parent_id": 0, "sort_order": 0, "is_visible": true }));
                merge(category, &sent);
                category["category_id"] = json!(id);
                made.push(category.clone());
            }
            let meta = json!({ "total": made.len(), "success": made.len(), "failed": 0 });
            let status = if received.method == Method::POST { StatusCode::CREATED } else { StatusCode::OK };
            Ok(json_value(status, &json!({ "data": made, "meta": meta })))
        }
        _ => Err(missing()),
    }
}

fn customers(state: &mut State, received: &Received) -> Result<Response<Answer>> {
    let target = received.target.as_str();
    match received.method {
        Method::GET => {
            let mut rows: Vec<Value> =
                all(&state.customers).into_iter().map(|row| trimmed(row, target, &["addresses"])).collect();
            for addresses in rows.iter_mut().filter_map(|row| row.get_mut("addresses")?.as_array_mut()) {
                addresses.truncate(10);
            }
            Ok(json_value(StatusCode::OK, &v3(rows, target, "id")))
        }
        Method::DELETE => {
            let ids = parameter(target, "id:in").unwrap_or_default();
            ids.split(',').filter_map(|id| id.parse::<u64>().ok()).for_each(|id| drop(state.customers.remove(&id)));
            Ok(empty())
        }
        Method::POST | Method::PUT => {
            let mut made = Vec::new();
            for sent in list(received)? {
                let id = match sent["id"].as_u64() {
                    Some(id) => id,
                    None => {
                        state.last_id += 1;
                        state.last_id
                    }
                };
                if received.method == Method::POST && (sent["first_name"].is_null() || sent["last_name"].is_null()) {
                    return Err(invalid(json!({ ".customer_create": "Error creating customers" })));
                }
                if received.method == Method::PUT && !state.customers.contains_key(&id) {
                    return Err(invalid(json!({ "id": "no such customer" })));
                }
                let customer =
                    state.customers.entry(id).or_insert_with(|| json!({ "addresses": [], "customer_group_id": 0 }));
                merge(customer, &sent);
                customer["id"] = json!(id);
                customer["address_count"] = json!(customer["addresses"].as_array().map_or(0, Vec::len));
                for (index, address) in (0..).zip(customer["addresses"].as_array_mut().into_iter().flatten()) {
                    address["id"] = json!(id * 100 + index);
                }
                made.push(customer.clone());
            }
            Ok(data(json!(made)))
        }
        _ => Err(missing()),
    }
}

fn addresses(state: &mut State, received: &Received) -> Result<Response<Answer>> {
    let target = received.target.as_str();
    let whose = parameter(target, "customer_id:in").and_then(|id| id.parse::<u64>().ok());
    match received.method {
        Method::GET => {
            let customer = whose.and_then(|id| state.customers.get(&id));
            let rows = customer.and_then(|customer| customer["addresses"].as_array().cloned()).unwrap_or_default();
            Ok(json_value(StatusCode::OK, &v3(rows, target, "id")))
        }
        Method::DELETE => {
            let ids = parameter(target, "id:in").unwrap_or_default();
            for customer in state.customers.values_mut() {
                let list = customer["addresses"].as_array_mut();
                list.into_iter().for_each(|list| {
                    list.retain(|one| !ids.split(',').any(|id| one["id"].as_u64() == id.parse().ok()))
                });
            }
            Ok(empty())
        }
        Method::PUT => {
            for sent in list(received)? {
                let known =
                    state.customers.values_mut().filter_map(|customer| customer["addresses"].as_array_mut()).flatten();
                known.filter(|one| one["id"] == sent["id"]).for_each(|one| merge(one, &sent));
            }
            Ok(data(json!([])))
        }
        Method::POST => {
            for sent in list(received)? {
                let id = sent["customer_id"].as_u64().unwrap_or_default();
                state.last_id += 1;
                let address = with(&sent, &[("id", json!(state.last_id))]);
                let customer = state.customers.get_mut(&id).ok_or_else(missing)?;
                customer["addresses"].as_array_mut().into_iter().for_each(|list| list.push(address.clone()));
            }
            Ok(data(json!([])))
        }
        _ => Err(missing()),
    }
}

fn orders(state: &mut State, received: &Received, rest: &[&str]) -> Result<Response<Answer>> {
    let target = received.target.as_str();
    let not_found = || {
        json_text(
            StatusCode::NOT_FOUND,
            r#"[{"status":404,"message":"The requested resource was not found."}]"#.to_owned(),
        )
    };
    match (&received.method, rest) {
        (&Method::GET, []) => {
            let current = all(&state.orders).into_iter().filter(|order| order["is_deleted"] != true);
            let (status, body) = v2(current.map(|order| trimmed(order, target, &["consignments"])).collect(), target);
            Ok(json_text(status, body))
        }
        (&Method::POST, []) => {
            let sent = object(received)?;
            if sent["billing_address"].is_null() || sent["products"].as_array().is_none_or(Vec::is_empty) {
                return Err(json_text(
                    StatusCode::BAD_REQUEST,
                    r#"[{"status":400,"message":"The required field is missing."}]"#.to_owned(),
                ));
            }
            state.last_id += 1;
            let model = state.orders.values().next().cloned().unwrap_or_default();
            let mut order =
                with(&model, &[("id", json!(state.last_id)), ("status_id", json!(1)), ("status", json!("Pending"))]);
            merge(&mut order, &sent);
            state.orders.insert(state.last_id, order.clone());
            Ok(json_value(StatusCode::CREATED, &trimmed(order, "", &["consignments", "products"])))
        }
        (method, [id]) => {
            let order = id.parse().ok().and_then(|id: u64| state.orders.get_mut(&id)).ok_or_else(not_found)?;
            match *method {
                Method::GET => {}
                Method::PUT => merge(order, &object(received)?),
                Method::DELETE => {
                    order["is_deleted"] = json!(true);
                    return Ok(empty());
                }
                _ => return Err(missing()),
            }
            Ok(json_value(StatusCode::OK, &trimmed(order.clone(), target, &["consignments"])))
        }
        _ => Err(missing()),
    }
}

fn carts(state: &mut State, received: &Received, rest: &[&str]) -> Result<Response<Answer>> {
    let line = |sent: &Value, id: u64| {
        let model =
            serde_json::from_str::<Value>(CART).unwrap_or_default()["data"]["line_items"]["physical_items"][0].clone();
        let mut line = model;
        merge(&mut line, sent);
        line["id"] = json!(format!("00000000-0000-4000-8000-{id:012}"));
        line
    };
    match (&received.method, rest) {
        (&Method::POST, [] | [_, "items"]) => {
            let sent = object(received)?;
            state.last_id += 1;
            let id = match rest {
                [id, _] => (*id).to_owned(),
                _ => format!("00000000-0000-4000-9000-{:012}", state.last_id),
            };
            let mut cart = match rest {
                [_, _] => state.carts.get(&id).cloned().ok_or_else(missing)?,
                _ => {
                    let mut cart = serde_json::from_str::<Value>(CART).unwrap_or_default()["data"].clone();
                    cart["id"] = json!(id);
                    cart["line_items"]["physical_items"] = json!([]);
                    cart
                }
            };
            for one in sent["line_items"].as_array().into_iter().flatten() {
                state.last_id += 1;
                let new = line(one, state.last_id);
                cart["line_items"]["physical_items"]
                    .as_array_mut()
                    .into_iter()
                    .for_each(|lines| lines.push(new.clone()));
            }
            state.carts.insert(id, cart.clone());
            Ok(json_value(StatusCode::CREATED, &json!({ "data": cart, "meta": {} })))
        }
        (method, [id, below @ ..]) => {
            let cart = state.carts.get_mut(*id).ok_or_else(missing)?;
            match (method, below) {
                (&Method::GET, []) => Ok(data(cart.clone())),
                (&Method::DELETE, []) => {
                    state.carts.remove(*id);
                    Ok(empty())
                }
                (&Method::PUT, ["items", item]) => {
                    let sent = object(received)?;
                    let lines = cart["line_items"]["physical_items"].as_array_mut();
                    let known = lines.into_iter().flatten().find(|line| line["id"] == *item).ok_or_else(missing)?;
                    merge(known, &sent["line_item"]);
                    Ok(data(cart.clone()))
                }
                (&Method::DELETE, ["items", item]) => {
                    let lines = cart["line_items"]["physical_items"].as_array_mut().ok_or_else(missing)?;
                    lines.retain(|line| line["id"] != *item);
                    // The last item takes the cart with it.
                    if lines.is_empty() {
                        state.carts.remove(*id);
                        return Ok(empty());
                    }
                    Ok(data(cart.clone()))
                }
                _ => Err(missing()),
            }
        }
        _ => Err(missing()),
    }
}

pub(super) fn object(received: &Received) -> Result<Value> {
    match serde_json::from_slice(&received.body) {
        Ok(value @ Value::Object(_)) => Ok(value),
        _ => Err(error(StatusCode::BAD_REQUEST, "Input is invalid")),
    }
}

fn list(received: &Received) -> Result<Vec<Value>> {
    serde_json::from_slice(&received.body).map_err(|_| error(StatusCode::BAD_REQUEST, "Input is invalid"))
}

pub(super) fn missing() -> Response<Answer> {
    error(StatusCode::NOT_FOUND, "The resource was not found.")
}

fn invalid(errors: Value) -> Response<Answer> {
    let body = json!({ "status": 422, "title": "JSON data is missing or invalid", "type": "https://developer.bigcommerce.com/api-docs/getting-started/api-status-codes", "errors": errors });
    json_value(StatusCode::UNPROCESSABLE_ENTITY, &body)
}

/// v3's way to say no.
pub(super) fn error(status: StatusCode, title: &str) -> Response<Answer> {
    let kind = "https://developer.bigcommerce.com/api-docs/getting-started/api-status-codes";
    json_value(status, &json!({ "status": status.as_u16(), "title": title, "type": kind }))
}

pub(super) fn data(data: Value) -> Response<Answer> {
    json_value(StatusCode::OK, &json!({ "data": data, "meta": {} }))
}

pub(super) fn empty() -> Response<Answer> {
    json_text(StatusCode::NO_CONTENT, String::new())
}

pub(super) fn json_value(status: StatusCode, body: &Value) -> Response<Answer> {
    json_text(status, body.to_string())
}

fn json_text(status: StatusCode, body: String) -> Response<Answer> {
    let mut answer = Response::new(Answer::whole(body));
    *answer.status_mut() = status;
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}
