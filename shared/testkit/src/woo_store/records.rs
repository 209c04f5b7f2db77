//! The objects of the store and how WooCommerce's REST API v3 lists, reads, writes and batches them.
//!
//! Its traps are kept: amounts must be texts; a deletion without `force` moves products and orders to the trash, where they can still be read by
//! id, and is refused for the others; a batch always deletes by force and answers errors in place of objects; a variation is written below its
//! product only; lists that are not put in order of id mix up rows that share a date.

use std::collections::BTreeMap;

use http::{HeaderValue, Method, Response, StatusCode, header};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value, json};

use super::answers::{API, error, no_route, whole};
use super::{ORDER, VARIATION, captured_products};
use crate::loopback_server::{Answer, Received, parameter};

type Result<T> = std::result::Result<T, Response<Answer>>;
type Rows = BTreeMap<u64, Box<RawValue>>;

/// Everything in the store: rows by the path of their collection, as their bytes.
pub(super) struct Records(BTreeMap<String, Rows>);

impl Records {
    pub(super) fn captured() -> std::io::Result<Self> {
        let unreadable = |error: serde_json::Error| std::io::Error::new(std::io::ErrorKind::InvalidData, error);
        let row = |text: &str| RawValue::from_string(text.trim().to_owned()).map_err(unreadable);
        let category = json!({ "id": 15, "name": "Uncategorized", "slug": "uncategorized", "parent": 0, "description": "", "menu_order": 0, "count": 4 });
        let customer = json!({
            "id": 2, "date_created": "2026-11-21T19:30:57", "date_created_gmt": "2026-11-21T19:30:57", "date_modified": null,
            "date_modified_gmt": null, "email": "bea@x.test", "first_name": "Bea", "last_name": "", "role": "customer", "username": "bea",
            "billing": {}, "shipping": {}, "is_paying_customer": false, "meta_data": [],
        });
        Ok(Self(BTreeMap::from([
            ("products".to_owned(), captured_products()?),
            ("products/16/variations".to_owned(), Rows::from([(17, row(VARIATION)?)])),
            ("orders".to_owned(), Rows::from([(18, row(ORDER)?)])),
            ("customers".to_owned(), Rows::from([(2, row(&customer.to_string())?)])),
            ("products/categories".to_owned(), Rows::from([(15, row(&category.to_string())?)])),
        ])))
    }

    /// The ids of the products that are neither gone nor in the trash.
    pub(super) fn product_ids(&self) -> Vec<u64> {
        self.0["products"].iter().filter(|(_, row)| !is_trashed(row)).map(|(id, _)| *id).collect()
    }

    /// A product or, by its own id, a variation.
    pub(super) fn sold(&self, id: u64) -> Option<Value> {
        self.row("products", id).or_else(|| self.variation(id).map(|(_, row)| row)).map(|row| value(&row))
    }

    fn row(&self, collection: &str, id: u64) -> Option<Box<RawValue>> {
        self.0.get(collection)?.get(&id).cloned()
    }

    fn variation(&self, id: u64) -> Option<(String, Box<RawValue>)> {
        let of = |(path, rows): (&String, &Rows)| Some((path.clone(), rows.get(&id)?.clone()));
        self.0.iter().filter(|(path, _)| path.ends_with("/variations")).find_map(of)
    }

    /// The collection that a path names; the variations of a product that is there are one.
    fn collection(&mut self, path: &str) -> Option<String> {
        if self.0.contains_key(path) {
            return Some(path.to_owned());
        }
        let id: u64 = path.strip_prefix("products/")?.strip_suffix("/variations")?.parse().ok()?;
        self.0["products"].contains_key(&id).then(|| {
            self.0.insert(path.to_owned(), Rows::new());
            path.to_owned()
        })
    }

    fn next_id(&self) -> u64 {
        self.0.values().filter_map(|rows| rows.keys().next_back()).max().map_or(1, |last| last + 1)
    }

    /// Answers a call of a signed caller, `path` below [`API`].
    pub(super) fn answer(&mut self, received: &Received, path: &str) -> Result<Response<Answer>> {
        let target = &received.target;
        if let (&Method::GET, "variations") = (&received.method, path) {
            let include = parameter(target, "include").unwrap_or_default();
            let wanted: Vec<&str> = include.split(',').collect();
            let all = self.0.iter().filter(|(path, _)| path.ends_with("/variations")).flat_map(|(_, rows)| rows);
            let rows = all.filter(|(id, _)| wanted.contains(&id.to_string().as_str()));
            return list(target, rows.map(|(_, row)| row.clone()).collect());
        }
        if let (&Method::POST, Some(path)) = (&received.method, path.strip_suffix("/batch")) {
            let collection = self.collection(path).ok_or_else(no_route)?;
            return self.batch(&collection, object(&received.body)?);
        }
        if let Some(collection) = self.collection(path) {
            return match received.method {
                Method::GET => {
                    let rows = self.0[&collection].values().filter(|row| !is_trashed(row)).cloned();
                    list(target, rows.filter(|row| is_included(target, row)).collect())
                }
                Method::POST => {
                    let made = self.create(&collection, object(&received.body)?)?;
                    Ok(whole(StatusCode::CREATED, made.get().to_owned()))
                }
                _ => Err(no_route()),
            };
        }
        let (collection, id) = path.rsplit_once('/').ok_or_else(no_route)?;
        let collection = self.collection(collection).ok_or_else(no_route)?;
        let id: u64 = id.parse().map_err(|_| no_route())?;
        let done = match received.method {
            Method::GET => {
                let variation = || self.variation(id).map(|(_, row)| row).filter(|_| collection == "products");
                let row = self.row(&collection, id).or_else(variation).ok_or_else(|| unknown(&collection))?;
                chosen(target, &row)
            }
            Method::PUT | Method::PATCH | Method::POST => self.update(&collection, id, object(&received.body)?)?,
            Method::DELETE => {
                self.delete(&collection, id, parameter(target, "force").is_some_and(|force| force == "true"))?
            }
            _ => return Err(no_route()),
        };
        Ok(whole(StatusCode::OK, done.get().to_owned()))
    }

    fn create(&mut self, collection: &str, sent: Map<String, Value>) -> Result<Box<RawValue>> {
        self.check(collection, None, &sent)?;
        let missing = |name: &str| {
            error(StatusCode::BAD_REQUEST, "rest_missing_callback_param", &format!("Missing parameter(s): {name}"))
        };
        let id = self.next_id();
        let mut row = match collection {
            // A new one has every field of a captured one.
            "products" => model(self.row("products", 14), &["sku", "price", "regular_price", "sale_price"]),
            "orders" => model(self.row("orders", 18), &[]),
            "customers" if !sent.contains_key("email") => return Err(missing("email")),
            "products/categories" if !sent.contains_key("name") => return Err(missing("name")),
            path if path.ends_with("/variations") => {
                model(self.row("products/16/variations", 17), &["sku", "price", "regular_price", "sale_price"])
            }
            _ => Map::new(),
        };
        if collection == "orders" {
            row.insert("status".to_owned(), "pending".into());
            for name in ["line_items", "shipping_lines", "refunds", "meta_data"] {
                row.insert(name.to_owned(), json!([]));
            }
            for name in ["billing", "shipping"] {
                row.insert(name.to_owned(), json!({}));
            }
            for name in ["date_paid", "date_paid_gmt", "date_completed", "date_completed_gmt"] {
                row.insert(name.to_owned(), Value::Null);
            }
        }
        row.insert("id".to_owned(), id.into());
        if let Some(product) = collection.strip_prefix("products/").and_then(|path| path.strip_suffix("/variations")) {
            row.insert("parent_id".to_owned(), product.parse::<u64>().unwrap_or_default().into());
        }
        let made = self.written(collection, row, sent)?;
        self.0.entry(collection.to_owned()).or_default().insert(id, made.clone());
        self.tell_product(collection, id);
        Ok(made)
    }

    fn update(&mut self, collection: &str, id: u64, sent: Map<String, Value>) -> Result<Box<RawValue>> {
        let Some(row) = self.row(collection, id) else {
            if collection == "products" && self.variation(id).is_some() {
                let message = "To manipulate product variations you should use the /products/&lt;product_id&gt;/variations/&lt;id&gt; endpoint.";
                return Err(error(StatusCode::NOT_FOUND, "woocommerce_rest_invalid_product_id", message));
            }
            return Err(unknown(collection));
        };
        self.check(collection, Some(id), &sent)?;
        let row: Map<String, Value> = serde_json::from_str(row.get()).unwrap_or_default();
        let changed = self.written(collection, row, sent)?;
        self.0.entry(collection.to_owned()).or_default().insert(id, changed.clone());
        Ok(changed)
    }

    fn delete(&mut self, collection: &str, id: u64, force: bool) -> Result<Box<RawValue>> {
        let row = self.row(collection, id).ok_or_else(|| unknown(collection))?;
        let has_trash = matches!(collection, "products" | "orders");
        if !force && !has_trash {
            let message = "This resource does not support trashing.";
            return Err(error(StatusCode::NOT_IMPLEMENTED, "woocommerce_rest_trash_not_supported", message));
        }
        if force {
            self.0.entry(collection.to_owned()).or_default().remove(&id);
            return Ok(row);
        }
        if is_trashed(&row) {
            return Err(error(
                StatusCode::GONE,
                "woocommerce_rest_already_trashed",
                "The object has already been deleted.",
            ));
        }
        let trash = Map::from_iter([("status".to_owned(), "trash".into())]);
        self.update(collection, id, trash)
    }

    /// Up to a hundred, each answered by itself; what is deleted is deleted by force.
    fn batch(&mut self, collection: &str, sent: Map<String, Value>) -> Result<Response<Answer>> {
        let lot = |name: &str| sent.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
        let (create, update, delete) = (lot("create"), lot("update"), lot("delete"));
        if create.len() + update.len() + delete.len() > 100 {
            let message = "Unable to accept more than 100 items for this request.";
            return Err(error(StatusCode::PAYLOAD_TOO_LARGE, "woocommerce_rest_request_entity_too_large", message));
        }
        let fields = |row: Value| row.as_object().cloned().unwrap_or_default();
        let mut answer = Map::new();
        let mut put = |name: &str, rows: Vec<Value>| {
            if !rows.is_empty() {
                answer.insert(name.to_owned(), rows.into());
            }
        };
        put("create", create.into_iter().map(|row| in_place(0, self.create(collection, fields(row)))).collect());
        let change = |row: Value| {
            let id = row["id"].as_u64().unwrap_or_default();
            in_place(id, self.update(collection, id, fields(row)))
        };
        put("update", update.into_iter().map(change).collect());
        let remove = |id: Value| {
            let id = id.as_u64().unwrap_or_default();
            in_place(id, self.delete(collection, id, true))
        };
        put("delete", delete.into_iter().map(remove).collect());
        Ok(whole(StatusCode::OK, Value::Object(answer).to_string()))
    }

    /// What is refused of any object.
    fn check(&self, collection: &str, id: Option<u64>, sent: &Map<String, Value>) -> Result<()> {
        for name in ["sku", "regular_price", "sale_price", "weight", "name", "status", "email"] {
            if sent.get(name).is_some_and(|value| !value.is_string()) {
                return Err(error(
                    StatusCode::BAD_REQUEST,
                    "rest_invalid_param",
                    &format!("Invalid parameter(s): {name}"),
                ));
            }
        }
        let sold = self.0.iter().filter(|(path, _)| *path == "products" || path.ends_with("/variations"));
        let sku = sent.get("sku").and_then(Value::as_str).filter(|sku| !sku.is_empty());
        let others = sold.flat_map(|(_, rows)| rows).filter(|(other, _)| Some(**other) != id);
        if sku.is_some_and(|sku| others.clone().any(|(_, row)| value(row)["sku"] == sku)) {
            return Err(error(StatusCode::BAD_REQUEST, "product_invalid_sku", "Invalid or duplicated SKU."));
        }
        let same = |name: &str| {
            let rows = self.0.get(collection).into_iter().flatten();
            let wanted = sent.get(name);
            wanted.is_some()
                && rows.filter(|(other, _)| Some(**other) != id).any(|(_, row)| Some(&value(row)[name]) == wanted)
        };
        if collection == "customers" && same("email") {
            let message = "An account is already registered with that e-mail.";
            return Err(error(StatusCode::BAD_REQUEST, "registration-error-email-exists", message));
        }
        if collection == "products/categories" && same("name") {
            let message = "A term with the name provided already exists with this parent.";
            return Err(error(StatusCode::BAD_REQUEST, "term_exists", message));
        }
        Ok(())
    }

    /// An object with what was sent, and what the store makes of it.
    fn written(
        &self,
        collection: &str,
        mut row: Map<String, Value>,
        sent: Map<String, Value>,
    ) -> Result<Box<RawValue>> {
        let id = row.get("id").cloned();
        for (name, value) in sent {
            match (row.get_mut(&name).and_then(Value::as_object_mut), value) {
                // Addresses are merged part by part.
                (Some(kept), Value::Object(mut parts)) if matches!(name.as_str(), "billing" | "shipping") => {
                    kept.append(&mut parts);
                }
                (_, value) => {
                    row.insert(name, value);
                }
            }
        }
        row.extend(id.map(|id| ("id".to_owned(), id)));
        let text =
            |row: &Map<String, Value>, name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        if collection == "products" || collection.ends_with("/variations") {
            let (regular, sale) = (text(&row, "regular_price"), text(&row, "sale_price"));
            if text(&row, "type") != "variable" {
                row.insert("on_sale".to_owned(), (!sale.is_empty()).into());
                row.insert("price".to_owned(), if sale.is_empty() { regular } else { sale }.into());
            }
        }
        if collection == "orders" {
            self.reckon(&mut row)?;
            let status = text(&row, "status");
            for (name, statuses) in
                [("date_paid", ["processing", "completed"]), ("date_completed", ["completed", "completed"])]
            {
                let is_empty = row.get(name).is_none_or(Value::is_null);
                if statuses.contains(&status.as_str()) && is_empty {
                    row.insert(name.to_owned(), "2026-11-22T00:00:00".into());
                    row.insert(format!("{name}_gmt"), "2026-11-22T00:00:00".into());
                }
            }
        }
        to_raw_value(&row).map_err(|_| error(StatusCode::INTERNAL_SERVER_ERROR, "row", "cannot be written"))
    }

    /// Gives new lines their ids, names and prices, and adds them up.
    fn reckon(&self, order: &mut Map<String, Value>) -> Result<()> {
        let id = order.get("id").and_then(Value::as_u64).unwrap_or_default();
        let Some(lines) = order.get_mut("line_items").and_then(Value::as_array_mut) else { return Ok(()) };
        if lines.iter().all(|line| line["id"].is_u64()) {
            return Ok(());
        }
        let mut total = 0;
        for (index, line) in (0..).zip(&mut *lines) {
            let sold = line["variation_id"].as_u64().or(line["product_id"].as_u64()).and_then(|id| self.sold(id));
            let Some(sold) = sold else {
                let message = "Product ID provided does not match a valid product.";
                return Err(error(StatusCode::BAD_REQUEST, "woocommerce_rest_invalid_product_id", message));
            };
            let quantity = line["quantity"].as_u64().unwrap_or(1);
            let sum = line["total"].as_str().map_or_else(|| minor(&sold["price"]) * quantity, |sum| minor(&sum.into()));
            total += sum;
            line["id"] = (id * 10 + index).into();
            line["name"] = sold["name"].clone();
            line["price"] = serde_json::from_str(&major(sum / quantity.max(1))).unwrap_or_default();
            for name in ["subtotal", "total"] {
                line[name] = major(sum).into();
            }
        }
        for line in order.get("shipping_lines").and_then(Value::as_array).into_iter().flatten() {
            total += minor(&line["total"]);
        }
        order.insert("total".to_owned(), major(total).into());
        Ok(())
    }

    /// A product lists its variations and costs what the cheapest does.
    fn tell_product(&mut self, collection: &str, variation: u64) {
        let Some(product) = collection.strip_prefix("products/").and_then(|path| path.strip_suffix("/variations"))
        else {
            return;
        };
        let Some(product) = product.parse().ok() else { return };
        let prices = self.0[collection].values().map(|row| value(row)["price"].clone());
        let cheapest = prices.filter(|price| *price != "").min_by_key(minor).unwrap_or_default();
        let Some(row) = self.row("products", product) else { return };
        let mut row = value(&row);
        if let Some(variations) = row["variations"].as_array_mut() {
            variations.push(variation.into());
        }
        row["price"] = cheapest;
        if let Ok(row) = to_raw_value(&row) {
            self.0.entry("products".to_owned()).or_default().insert(product, row);
        }
    }
}

fn value(row: &RawValue) -> Value {
    serde_json::from_str(row.get()).unwrap_or_default()
}

fn is_trashed(row: &RawValue) -> bool {
    row.get().contains(r#""status":"trash""#)
}

fn is_included(target: &str, row: &RawValue) -> bool {
    let Some(include) = parameter(target, "include") else { return true };
    include.split(',').any(|id| value(row)["id"].as_u64() == id.parse().ok())
}

/// A copy with some texts emptied and its variations gone.
fn model(row: Option<Box<RawValue>>, emptied: &[&str]) -> Map<String, Value> {
    let mut row: Map<String, Value> = row.and_then(|row| serde_json::from_str(row.get()).ok()).unwrap_or_default();
    for name in emptied {
        row.insert((*name).to_owned(), "".into());
    }
    if row.contains_key("variations") {
        row.insert("variations".to_owned(), json!([]));
    }
    row
}

/// Cents of an amount with at most two decimals.
fn minor(amount: &Value) -> u64 {
    let text = amount.as_str().unwrap_or_default();
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    format!("{whole}{fraction:0<2}").parse().unwrap_or(0)
}

fn major(cents: u64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

fn in_place(id: u64, result: Result<Box<RawValue>>) -> Value {
    match result {
        Ok(row) => value(&row),
        Err(refusal) => {
            let body = match refusal.body() {
                Answer::Whole(bytes) => serde_json::from_slice(bytes).unwrap_or_default(),
                _ => Value::Null,
            };
            json!({ "id": id, "error": body })
        }
    }
}

fn unknown(collection: &str) -> Response<Answer> {
    let code = match collection {
        "orders" => "woocommerce_rest_shop_order_invalid_id",
        "customers" => "woocommerce_rest_invalid_id",
        "products/categories" => "woocommerce_rest_term_invalid",
        path if path.ends_with("/variations") => "woocommerce_rest_product_variation_invalid_id",
        _ => "woocommerce_rest_product_invalid_id",
    };
    error(StatusCode::NOT_FOUND, code, "Invalid ID.")
}

fn object(body: &[u8]) -> Result<Map<String, Value>> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(object)) => Ok(object),
        _ => Err(error(StatusCode::BAD_REQUEST, "rest_invalid_json", "Invalid JSON body passed.")),
    }
}

/// The row, or of it what `_fields` names.
fn chosen(target: &str, row: &RawValue) -> Box<RawValue> {
    let Some(names) = parameter(target, "_fields") else { return row.to_owned() };
    let all: BTreeMap<String, &RawValue> = serde_json::from_str(row.get()).unwrap_or_default();
    let kept: BTreeMap<_, _> =
        all.into_iter().filter(|(name, _)| names.split(',').any(|wanted| wanted == name)).collect();
    to_raw_value(&kept).unwrap_or_else(|_| row.to_owned())
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
    // Rows that share a date come in another order each time, so that some are seen twice and some never.
    if parameter(target, "orderby").as_deref() != Some("id") {
        rows.rotate_left((page - 1) % total.max(1));
    }
    let shown = rows.iter().skip((page - 1).saturating_mul(per_page)).take(per_page);
    let shown: Vec<Box<RawValue>> = shown.map(|row| chosen(target, row)).collect();
    let mut answer = whole(StatusCode::OK, serde_json::to_string(&shown).unwrap_or_default());
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
