//! The part of the old REST API that its clients are tried with: the shop and its products, with pages by `Link`.

use http::{HeaderValue, Method, Response, StatusCode, header};
use serde_json::{Value, json};

use super::state::{CURRENCY, State, number, product, variant};
use super::whole;
use crate::loopback_server::{Answer, Received, parameter};

pub(super) fn answer(state: &mut State, received: &Received, version: &str, path: &str) -> Response<Answer> {
    let Some(path) = path.strip_suffix(".json") else { return not_found() };
    let segments: Vec<&str> = path.split('/').collect();
    let mut answer = match (&received.method, segments.as_slice()) {
        (&Method::GET, ["shop"]) => whole(
            StatusCode::OK,
            &json!({ "shop": { "id": 1, "name": "Stand-in", "currency": CURRENCY, "domain": "stand-in.myshopify.com" } }),
        ),
        (&Method::GET, ["products"]) => list(state, received, version),
        (&Method::GET, ["products", "count"]) => whole(StatusCode::OK, &json!({ "count": state.products.len() })),
        (&Method::POST, ["products"]) => create(state, received),
        (method, ["products", id]) => one(state, method, id, received),
        _ => not_found(),
    };
    // Another bucket than that of points: 40 calls.
    answer.headers_mut().insert("x-shopify-shop-api-call-limit", HeaderValue::from_static("1/40"));
    answer
}

fn not_found() -> Response<Answer> {
    whole(StatusCode::NOT_FOUND, &json!({ "errors": "Not Found" }))
}

/// A product as REST writes it.
fn rest(product: &Value) -> Value {
    let number = |gid: &Value, kind: &str| number(gid, kind).unwrap_or_default();
    let variants: Vec<Value> = product["variants"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|variant| json!({ "id": number(&variant["id"], "ProductVariant"), "price": variant["price"], "sku": variant["sku"] }))
        .collect();
    json!({
        "id": number(&product["id"], "Product"), "title": product["title"], "vendor": product["vendor"], "handle": product["handle"],
        "status": product["status"].as_str().unwrap_or_default().to_lowercase(), "variants": variants,
    })
}

fn list(state: &State, received: &Received, version: &str) -> Response<Answer> {
    let limit: usize = parameter(&received.target, "limit").and_then(|limit| limit.parse().ok()).unwrap_or(50);
    let start: u64 = parameter(&received.target, "page_info").and_then(|start| start.parse().ok()).unwrap_or_default();
    let rows: Vec<(&u64, &Value)> = state.products.range(start..).take(limit + 1).collect();
    let page: Vec<Value> = rows.iter().take(limit).map(|(_, product)| rest(product)).collect();
    let mut answer = whole(StatusCode::OK, &json!({ "products": page }));
    if let Some((next, _)) = rows.get(limit) {
        let link = format!(
            "<https://stand-in.myshopify.com/admin/api/{version}/products.json?limit={limit}&page_info={next}>; rel=\"next\""
        );
        if let Ok(link) = HeaderValue::from_str(&link) {
            answer.headers_mut().insert(header::LINK, link);
        }
    }
    answer
}

fn sent(received: &Received) -> Value {
    serde_json::from_slice::<Value>(&received.body).unwrap_or_default()["product"].take()
}

fn create(state: &mut State, received: &Received) -> Response<Answer> {
    let sent = sent(received);
    let Some(title) = sent["title"].as_str().filter(|title| !title.is_empty()) else {
        return whole(StatusCode::UNPROCESSABLE_ENTITY, &json!({ "errors": { "title": ["can't be blank"] } }));
    };
    let id = state.fresh();
    let only =
        variant(state.fresh(), &[("Title", "Default Title")], sent["variants"][0]["price"].as_str().unwrap_or("0.00"));
    let made = product(id, title, vec![only]);
    let answer = whole(StatusCode::CREATED, &json!({ "product": rest(&made) }));
    state.products.insert(id, made);
    answer
}

fn one(state: &mut State, method: &Method, id: &str, received: &Received) -> Response<Answer> {
    let Some(id) = id.parse::<u64>().ok().filter(|id| state.products.contains_key(id)) else { return not_found() };
    let Some(known) = state.products.get_mut(&id) else { return not_found() };
    match *method {
        Method::GET => whole(StatusCode::OK, &json!({ "product": rest(known) })),
        Method::PUT => {
            if let Some(title) = sent(received)["title"].as_str() {
                known["title"] = title.into();
            }
            whole(StatusCode::OK, &json!({ "product": rest(known) }))
        }
        Method::DELETE => {
            state.products.remove(&id);
            whole(StatusCode::OK, &json!({}))
        }
        _ => not_found(),
    }
}
