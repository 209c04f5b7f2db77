//! Which call is answered with what.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderValue, Method, Response, StatusCode, header};
use serde_json::{Value, json};
use url::form_urlencoded;

use super::rows::{Rows, Table};
use super::{SECRET_KEY, Shared, writes};
use crate::loopback_server::{Answer, Received, lock, parameter};

pub(super) type Result<T> = std::result::Result<T, Response<Answer>>;

/// What a `fields` parameter may begin a relation with; a plain field may have any name.
const RELATIONS: &[&str] = &[
    "variants",
    "options",
    "option",
    "values",
    "prices",
    "price_rules",
    "images",
    "tags",
    "categories",
    "inventory_items",
    "inventory",
    "location_levels",
    "groups",
    "addresses",
    "customer",
    "billing_address",
    "shipping_address",
    "items",
    "variant",
    "shipping_methods",
    "payment_collections",
    "payments",
    "refunds",
    "sales_channel",
    "supported_currencies",
    "countries",
    "parent_category",
    "sales_channels",
    "type",
    "collection",
];

/// A longer list in a query is no list to Express (`qs` 6.14.1, `arrayLimit`).
const MOST_IN_A_LIST: usize = 20;

/// Answers a call.
pub(super) fn answer(shared: &Shared, received: &Received) -> Response<Answer> {
    route(shared, received).unwrap_or_else(|refusal| refusal)
}

fn route(shared: &Shared, received: &Received) -> Result<Response<Answer>> {
    let path = received.target.split('?').next().unwrap_or_default();
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let Some((&"admin", segments)) = segments.split_first() else {
        return Err(error(StatusCode::NOT_FOUND, "not_found", "no such route"));
    };
    if !is_authorized(received) {
        return Err(whole(StatusCode::UNAUTHORIZED, &json!({ "message": "Unauthorized" })));
    }
    check_relations(&received.target)?;
    if parameters(&received.target, "id[]").len() > MOST_IN_A_LIST {
        return Err(error(
            StatusCode::BAD_REQUEST,
            "invalid_data",
            "Invalid request: Expected type: 'string' for field 'id'",
        ));
    }
    let mut rows = lock(&shared.rows);
    if received.method == Method::GET {
        return read(&rows, &received.target, segments);
    }
    let body = match (&received.method, received.body.is_empty()) {
        (&Method::POST, false) => object(received)?,
        _ => json!({}),
    };
    writes::write(&mut rows, &received.method, segments, &body)
}

fn read(rows: &Rows, target: &str, segments: &[&str]) -> Result<Response<Answer>> {
    match segments {
        ["stores"] => Ok(whole(StatusCode::OK, &rows.stores)),
        ["regions"] => Ok(whole(StatusCode::OK, &rows.regions)),
        ["shipping-profiles"] => {
            Ok(whole(StatusCode::OK, &json!({ "shipping_profiles": [{ "id": "sp_01" }], "count": 1 })))
        }
        ["product-variants"] => Ok(list(target, "variants", &rows.variants())),
        ["product-tags"] => {
            let wanted = parameters(target, "value[]");
            let tags = rows
                .tags
                .iter()
                .filter(|(_, tag)| wanted.is_empty() || wanted.iter().any(|value| tag["value"] == **value));
            Ok(list(target, "product_tags", &tags.map(|(id, tag)| (id.clone(), tag.clone())).collect()))
        }
        [name] => {
            let (table, plural, _, _) = table(rows, name)?;
            Ok(list(target, plural, table))
        }
        [name, id] => {
            let (table, _, one, title) = table(rows, name)?;
            let row = table.get(*id).ok_or_else(|| not_found(title, id))?;
            Ok(whole(StatusCode::OK, &json!({ one: row })))
        }
        _ => Err(error(StatusCode::NOT_FOUND, "not_found", "no such route")),
    }
}

/// A table with the names that its objects have in answers and messages.
fn table<'a>(rows: &'a Rows, name: &str) -> Result<(&'a Table, &'static str, &'static str, &'static str)> {
    match name {
        "products" => Ok((&rows.products, "products", "product", "Product")),
        "orders" => Ok((&rows.orders, "orders", "order", "Order")),
        "customers" => Ok((&rows.customers, "customers", "customer", "Customer")),
        "product-categories" => Ok((&rows.categories, "product_categories", "product_category", "Product category")),
        _ => Err(error(StatusCode::NOT_FOUND, "not_found", "no such route")),
    }
}

fn list(target: &str, name: &str, table: &Table) -> Response<Answer> {
    let number =
        |name: &str, default: usize| parameter(target, name).and_then(|text| text.parse().ok()).unwrap_or(default);
    let (limit, offset) = (number("limit", 50), number("offset", 0));
    let (id, ids) = (parameter(target, "id"), parameters(target, "id[]"));
    let after = parameter(target, "updated_at[$gt]");
    let is_wanted = |row: &&Value| {
        id.as_ref().is_none_or(|id| row["id"] == **id)
            && (ids.is_empty() || ids.iter().any(|id| row["id"] == **id))
            && after.as_ref().is_none_or(|after| row["updated_at"].as_str().is_some_and(|time| time > after.as_str()))
    };
    let mut rows: Vec<&Value> = table.values().filter(is_wanted).collect();
    // Whatever the database likes: the order of ids only for those who ask for it.
    if parameter(target, "order").as_deref() != Some("id") {
        rows.reverse();
    }
    let count = rows.len();
    let shown: Vec<&Value> = rows.into_iter().skip(offset).take(limit).collect();
    whole(StatusCode::OK, &json!({ name: shown, "count": count, "offset": offset, "limit": limit }))
}

fn is_authorized(received: &Received) -> bool {
    let given =
        received.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Basic "));
    given.is_some_and(|given| given == SECRET_KEY || given == STANDARD.encode(format!("{SECRET_KEY}:")))
}

/// A relation that does not exist fails inside Medusa; a plain field that does not exist is left out.
fn check_relations(target: &str) -> Result<()> {
    let fields = parameter(target, "fields").unwrap_or_default();
    for field in fields.split(',').filter(|field| !field.is_empty()) {
        let path = field.trim_start_matches(['+', '-', '*']);
        let relations: Vec<&str> = if field.starts_with('*') {
            path.split('.').collect()
        } else {
            path.rsplit_once('.').map(|(relations, _)| relations.split('.').collect()).unwrap_or_default()
        };
        if relations.iter().any(|relation| !RELATIONS.contains(relation)) {
            let body =
                json!({ "code": "unknown_error", "type": "unknown_error", "message": "An unknown error occurred." });
            return Err(whole(StatusCode::INTERNAL_SERVER_ERROR, &body));
        }
    }
    Ok(())
}

fn parameters(target: &str, name: &str) -> Vec<String> {
    let query = target.split_once('?').map(|(_, query)| query).unwrap_or_default();
    form_urlencoded::parse(query.as_bytes())
        .filter(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
        .collect()
}

fn object(received: &Received) -> Result<Value> {
    serde_json::from_slice(&received.body)
        .ok()
        .filter(Value::is_object)
        .ok_or_else(|| error(StatusCode::BAD_REQUEST, "invalid_data", "Invalid request: Expected type: 'object'"))
}

pub(super) fn not_found(title: &str, id: &str) -> Response<Answer> {
    error(StatusCode::NOT_FOUND, "not_found", &format!("{title} with id: {id} was not found"))
}

pub(super) fn error(status: StatusCode, kind: &str, message: &str) -> Response<Answer> {
    whole(status, &json!({ "type": kind, "message": message }))
}

pub(super) fn whole(status: StatusCode, body: &Value) -> Response<Answer> {
    let mut answer = Response::new(Answer::whole(body.to_string()));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    headers.insert("x-powered-by", HeaderValue::from_static("Express"));
    answer
}
