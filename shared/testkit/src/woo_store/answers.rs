//! The part of WooCommerce's REST API v3 that the captures cover.

use http::{HeaderName, HeaderValue, Method, Response, StatusCode, header};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::{LIST_HEADERS, ORDER, Shared, VARIATION, cocart, oauth};
use crate::loopback_server::{Answer, Received, lock, parameter};

/// Below the site.
const API: &str = "/wp-json/wc/v3/";

/// Headers of the capture that say nothing about one connection or one list.
const CAPTURED: &[&str] = &[
    "X-Powered-By",
    "X-Robots-Tag",
    "X-Content-Type-Options",
    "Access-Control-Expose-Headers",
    "Access-Control-Allow-Headers",
    "Expires",
    "Cache-Control",
    "Pragma",
];

type Result<T> = std::result::Result<T, Response<Answer>>;

/// Answers a call.
pub(super) fn answer(shared: &Shared, received: &Received) -> Response<Answer> {
    let mut answer = route(shared, received).unwrap_or_else(|refusal| refusal);
    for line in LIST_HEADERS.lines() {
        let Some((name, value)) = line.split_once(": ") else { continue };
        if let (true, Ok(name), Ok(value)) =
            (CAPTURED.contains(&name), HeaderName::try_from(name), HeaderValue::from_str(value.trim()))
        {
            answer.headers_mut().insert(name, value);
        }
    }
    answer
}

fn route(shared: &Shared, received: &Received) -> Result<Response<Answer>> {
    let path = received.target.split('?').next().unwrap_or_default();
    if let (true, Some(path)) = (shared.has_cocart, path.strip_prefix(cocart::API)) {
        return cocart::answer(shared, received, path);
    }
    let Some(path) = path.strip_prefix(API) else {
        return Err(error(
            StatusCode::NOT_FOUND,
            "rest_no_route",
            "No route was found matching the URL and request method.",
        ));
    };
    if !oauth::is_signed(shared, received) {
        let message = "Sorry, you cannot list resources.";
        return Err(error(StatusCode::UNAUTHORIZED, "woocommerce_rest_cannot_view", message));
    }
    let segments: Vec<&str> = path.trim_end_matches('/').split('/').collect();
    let is_read = received.method == Method::GET;
    match segments.as_slice() {
        ["data", "currencies", "current"] if is_read => Ok(whole(
            StatusCode::OK,
            json!({ "code": "USD", "name": "United States (US) dollar", "symbol": "&#36;" }).to_string(),
        )),
        ["products"] if is_read => {
            let products: Vec<Box<RawValue>> = lock(&shared.products).values().cloned().collect();
            list(&received.target, products)
        }
        ["products"] if received.method == Method::POST => create(shared, received),
        ["products", "categories"] if is_read => {
            let category = json!({ "id": 15, "name": "Uncategorized", "slug": "uncategorized", "parent": 0, "description": "", "menu_order": 0, "count": 4 });
            list(&received.target, rows(&category.to_string())?)
        }
        ["products", "16", "variations"] if is_read => list(&received.target, rows(VARIATION)?),
        ["products", "16", "variations", "17"] | ["products", "17"] if is_read => {
            Ok(whole(StatusCode::OK, VARIATION.to_owned()))
        }
        ["products", id] => one_product(shared, received, id),
        ["orders"] if is_read => list(&received.target, rows(ORDER)?),
        ["orders", "18"] if is_read => Ok(whole(StatusCode::OK, ORDER.to_owned())),
        ["orders", _] if is_read => {
            Err(error(StatusCode::NOT_FOUND, "woocommerce_rest_shop_order_invalid_id", "Invalid ID."))
        }
        ["customers"] if is_read => {
            let customer = json!({
                "id": 2, "date_created": "2026-11-21T19:30:57", "date_created_gmt": "2026-11-21T19:30:57", "date_modified": null,
                "date_modified_gmt": null, "email": "bea@x.test", "first_name": "Bea", "last_name": "", "role": "customer", "username": "bea",
                "billing": {}, "shipping": {}, "is_paying_customer": false, "meta_data": [],
            });
            list(&received.target, rows(&customer.to_string())?)
        }
        _ => Err(error(
            StatusCode::NOT_FOUND,
            "rest_no_route",
            "No route was found matching the URL and request method.",
        )),
    }
}

/// The one row of a list, from its text.
fn rows(text: &str) -> Result<Vec<Box<RawValue>>> {
    let row = RawValue::from_string(text.trim().to_owned());
    row.map(|row| vec![row]).map_err(|_| error(StatusCode::INTERNAL_SERVER_ERROR, "capture", "the capture is not JSON"))
}

fn list(target: &str, mut rows: Vec<Box<RawValue>>) -> Result<Response<Answer>> {
    let number = |name: &str, default: usize, most: usize| match parameter(target, name) {
        None => Ok(default),
        Some(text) => text.parse().ok().filter(|number| (1..=most).contains(number)).ok_or_else(|| {
            error(StatusCode::BAD_REQUEST, "rest_invalid_param", &format!("Invalid parameter(s): {name}"))
        }),
    };
    let (page, per_page) = (number("page", 1, usize::MAX)?, number("per_page", 10, 100)?);
    // The default order is by date, the newest first; the captured ones were created in order of their ids.
    if parameter(target, "order").as_deref() != Some("asc") {
        rows.reverse();
    }
    let total = rows.len();
    let shown: Vec<Box<RawValue>> = rows.into_iter().skip((page - 1).saturating_mul(per_page)).take(per_page).collect();
    let body = serde_json::to_string(&shown).unwrap_or_default();
    let mut answer = whole(StatusCode::OK, body);
    answer.headers_mut().insert("x-wp-total", HeaderValue::from(total));
    answer.headers_mut().insert("x-wp-totalpages", HeaderValue::from(total.div_ceil(per_page)));
    if page < total.div_ceil(per_page)
        && let Ok(link) = HeaderValue::from_str(&format!(
            "<http://127.0.0.1{API}?per_page={per_page}&page={}>; rel=\"next\"",
            page + 1
        ))
    {
        answer.headers_mut().insert(header::LINK, link);
    }
    Ok(answer)
}

fn create(shared: &Shared, received: &Received) -> Result<Response<Answer>> {
    let sent = object(received)?;
    let mut products = lock(&shared.products);
    let sku = sent.get("sku").and_then(Value::as_str).filter(|sku| !sku.is_empty());
    let has_sku = |product: &RawValue, sku: &str| {
        serde_json::from_str::<Value>(product.get()).is_ok_and(|product| product["sku"] == sku)
    };
    if sku.is_some_and(|sku| products.values().any(|product| has_sku(product, sku))) {
        return Err(error(StatusCode::BAD_REQUEST, "product_invalid_sku", "Invalid or duplicated SKU."));
    }
    let id = products.keys().next_back().map_or(1, |last| last + 100);
    // A new product has every field of a captured one.
    let model = products.get(&14).or_else(|| products.values().next()).map_or("{}", |product| product.get());
    let mut product: Map<String, Value> = serde_json::from_str(model).unwrap_or_default();
    product.extend(sent);
    product.insert("id".to_owned(), id.into());
    let product = stored(&product)?;
    products.insert(id, product.clone());
    Ok(whole(StatusCode::CREATED, product.get().to_owned()))
}

fn one_product(shared: &Shared, received: &Received, id: &str) -> Result<Response<Answer>> {
    let unknown = || error(StatusCode::NOT_FOUND, "woocommerce_rest_product_invalid_id", "Invalid ID.");
    let id: u64 = id.parse().map_err(|_| unknown())?;
    let mut products = lock(&shared.products);
    let product = products.get(&id).cloned().ok_or_else(unknown)?;
    match received.method {
        Method::GET => Ok(whole(StatusCode::OK, product.get().to_owned())),
        Method::PUT | Method::PATCH | Method::POST => {
            let mut changed: Map<String, Value> = serde_json::from_str(product.get()).unwrap_or_default();
            changed.extend(object(received)?);
            changed.insert("id".to_owned(), id.into());
            let changed = stored(&changed)?;
            products.insert(id, changed.clone());
            Ok(whole(StatusCode::OK, changed.get().to_owned()))
        }
        Method::DELETE => {
            products.remove(&id);
            Ok(whole(StatusCode::OK, product.get().to_owned()))
        }
        _ => Err(error(
            StatusCode::NOT_FOUND,
            "rest_no_route",
            "No route was found matching the URL and request method.",
        )),
    }
}

fn stored(product: &Map<String, Value>) -> Result<Box<RawValue>> {
    serde_json::value::to_raw_value(product)
        .map_err(|_| error(StatusCode::INTERNAL_SERVER_ERROR, "product", "cannot be written"))
}

fn object(received: &Received) -> Result<Map<String, Value>> {
    match serde_json::from_slice(&received.body) {
        Ok(Value::Object(object)) => Ok(object),
        _ => Err(error(StatusCode::BAD_REQUEST, "rest_invalid_json", "Invalid JSON body passed.")),
    }
}

/// The id of a product's text.
pub(super) fn id_of(product: &RawValue) -> Option<u64> {
    #[derive(Deserialize)]
    struct Id {
        id: u64,
    }
    serde_json::from_str::<Id>(product.get()).ok().map(|product| product.id)
}

/// `{"code", "message", "data": {"status"}}`.
pub(super) fn error(status: StatusCode, code: &str, message: &str) -> Response<Answer> {
    whole(status, json!({ "code": code, "message": message, "data": { "status": status.as_u16() } }).to_string())
}

pub(super) fn whole(status: StatusCode, body: String) -> Response<Answer> {
    let mut answer = Response::new(Answer::whole(body));
    *answer.status_mut() = status;
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=UTF-8"));
    answer
}
