//! CoCart 4.4's cart API (`cocart/v2`), written after its controllers: guests' carts by `cart_key`, sessions for whoever signs with the store's keys.
//!
//! Its traps are kept. Money is mixed: an item's `price` and `totals.subtotal` and all totals of a cart are texts in minor units, an item's other
//! totals numbers in major units; a session's are all texts. A cart's items are a list, a session's an object by key, or `[]` when there are none.
//! Ids and quantities must be texts. A product that is short or gone is 404 or 400, a wrong quantity 405. Reading an unknown key shows an empty cart
//! of that key. A signed call is its key's owner, so that it sees and fills the owner's cart instead of the guest's.

use std::collections::BTreeMap;

use http::{HeaderValue, Method, Response, StatusCode};
use serde_json::{Map, Value, json};

use super::answers::{error, no_route, whole};
use super::{Shared, oauth};
use crate::loopback_server::{Answer, Received, lock, parameter, rfc3339, unix_now};

/// Below the site.
pub(super) const API: &str = "/wp-json/cocart/v2/";

/// The cart of the one to whom the store's keys belong.
const OWNER: &str = "1";

/// How long a cart is kept, in seconds: CoCart's seven days for guests.
const KEPT: u64 = 7 * 86_400;

/// The store has two decimals.
const MINOR_UNIT: u32 = 2;

type Result<T> = std::result::Result<T, Response<Answer>>;

/// The carts of the store by their keys.
#[derive(Default)]
pub(super) struct Carts {
    carts: BTreeMap<String, Cart>,
    made: u64,
}

#[derive(Clone, Default)]
struct Cart {
    id: u64,
    expires: u64,
    items: Vec<Item>,
    removed: Vec<Item>,
}

#[derive(Clone)]
struct Item {
    key: String,
    product: u64,
    quantity: u64,
}

impl Carts {
    /// How many carts are kept.
    pub(super) fn count(&self) -> usize {
        self.carts.len()
    }

    /// The key of a cart to write to; a guest without one gets a new one.
    fn key(&mut self, wanted: Option<String>) -> String {
        let key = wanted.filter(|key| !key.is_empty()).unwrap_or_else(|| format!("t_{:030x}", self.made + 0xc0ca));
        if !self.carts.contains_key(&key) {
            self.made += 1;
            let cart = Cart { id: self.made, expires: unix_now() + KEPT, ..Cart::default() };
            self.carts.insert(key.clone(), cart);
        }
        key
    }
}

/// Answers a call below [`API`].
pub(super) fn answer(shared: &Shared, received: &Received, path: &str) -> Result<Response<Answer>> {
    let is_owner = oauth::is_signed(shared, received);
    let segments: Vec<&str> = path.trim_end_matches('/').split('/').collect();
    if let ["session" | "sessions", ..] = segments.as_slice() {
        if !is_owner {
            let message = "Sorry, you cannot list resources.";
            return Err(error(StatusCode::UNAUTHORIZED, "cocart_rest_cannot_view", message));
        }
        return sessions(shared, received, &segments);
    }
    let named = received.headers.get("cocart-api-cart-key").and_then(|key| Some(key.to_str().ok()?.to_owned()));
    let wanted = if is_owner { Some(OWNER.to_owned()) } else { parameter(&received.target, "cart_key").or(named) };
    if wanted.as_ref().is_some_and(|key| key.len() > 42) {
        return Err(error(StatusCode::BAD_REQUEST, "cocart_cart_key_invalid", "The cart key is too long."));
    }
    let mut carts = lock(&shared.carts);
    let key = match (&received.method, segments.as_slice()) {
        (&Method::GET, ["cart"] | ["cart", "items"] | ["cart", "items", "count"] | ["cart", "totals"]) => {
            wanted.unwrap_or_default()
        }
        (&Method::POST, ["cart", "add-item"]) => {
            let sent = object(received)?;
            let (product, quantity) = (text(&sent, "id")?, text_or(&sent, "quantity", "1")?);
            let is_new = wanted.as_ref().is_none_or(|key| !carts.carts.contains_key(key));
            let key = carts.key(wanted);
            if let Err(refusal) = add(shared, carts.carts.entry(key.clone()).or_default(), &product, &quantity) {
                if is_new {
                    carts.carts.remove(&key);
                }
                return Err(refusal);
            }
            key
        }
        (&Method::POST, ["cart", "add-items"]) => {
            let sent = object(received)?;
            text(&sent, "id")?;
            let wanted_items = sent.get("quantity").and_then(Value::as_object).cloned().unwrap_or_default();
            let key = carts.key(wanted);
            for (product, quantity) in &wanted_items {
                let quantity = quantity.as_str().unwrap_or_default();
                add(shared, carts.carts.entry(key.clone()).or_default(), product, quantity)?;
            }
            key
        }
        (method, ["cart", "item", item]) => {
            let key = wanted.unwrap_or_default();
            let not_there =
                || error(StatusCode::NOT_FOUND, "cocart_item_not_in_cart", "Item specified does not exist in cart.");
            let cart = carts.carts.get_mut(&key).ok_or_else(not_there)?;
            match *method {
                Method::POST => {
                    let quantity = text(&object(received)?, "quantity")?;
                    let quantity: u64 = quantity.parse().map_err(|_| wrong_quantity())?;
                    let found = cart.items.iter_mut().find(|found| found.key == *item).ok_or_else(not_there)?;
                    check_stock(&product(shared, found.product)?, quantity)?;
                    found.quantity = quantity;
                    if quantity == 0 {
                        take(&mut cart.items, &mut cart.removed, item);
                    }
                }
                Method::DELETE => take(&mut cart.items, &mut cart.removed, item).ok_or_else(not_there)?,
                Method::PUT => take(&mut cart.removed, &mut cart.items, item).ok_or_else(not_there)?,
                _ => return Err(no_route()),
            }
            key
        }
        (&Method::POST, ["cart", "clear"]) => {
            let key = wanted.unwrap_or_default();
            if let Some(cart) = carts.carts.get_mut(&key) {
                (cart.items, cart.removed) = (Vec::new(), Vec::new());
            }
            key
        }
        _ => return Err(no_route()),
    };
    let cart = carts.carts.get(&key).cloned().unwrap_or_default();
    drop(carts);
    let body = match segments.last() {
        Some(&"items") => Value::Array(items(shared, &cart, Money::Mixed)?.into_iter().map(|(_, item)| item).collect()),
        Some(&"count") => json!(cart.items.iter().map(|item| item.quantity).sum::<u64>()),
        Some(&"totals") => totals(shared, &cart)?,
        _ => shown(shared, &key, &cart)?,
    };
    let mut answer = whole(StatusCode::OK, body.to_string());
    let headers = answer.headers_mut();
    if let (false, Ok(value)) = (key.is_empty(), HeaderValue::from_str(&key)) {
        headers.insert("CoCart-API-Cart-Key", value);
    }
    headers.insert("CoCart-API-Cart-Expiring", HeaderValue::from(cart.expires.saturating_sub(86_400)));
    headers.insert("CoCart-API-Cart-Expiration", HeaderValue::from(cart.expires));
    headers.insert("CoCart-Timestamp", HeaderValue::from(unix_now()));
    headers.insert("CoCart-Version", HeaderValue::from_static("4.4.0"));
    Ok(answer)
}

fn sessions(shared: &Shared, received: &Received, segments: &[&str]) -> Result<Response<Answer>> {
    let mut carts = lock(&shared.carts);
    let cart = |key: &str| carts.carts.get(key).cloned();
    match (&received.method, segments) {
        (&Method::GET, ["sessions"]) => {
            if carts.carts.is_empty() {
                return Err(error(StatusCode::NOT_FOUND, "cocart_no_carts_in_session", "No carts in session!"));
            }
            let row = |(key, cart): (&String, &Cart)| {
                let expires = american(cart.expires);
                json!({
                    "cart_id": cart.id.to_string(), "cart_key": key, "customers_name": "", "customers_email": "", "cart_created":
                    american(cart.expires - KEPT), "cart_expiry": expires, "cart_source": "cocart",
                    "link": format!("http://127.0.0.1{API}session/{key}"),
                })
            };
            let rows: Vec<Value> = carts.carts.iter().map(row).collect();
            Ok(whole(StatusCode::OK, Value::Array(rows).to_string()))
        }
        (&Method::GET, ["session", key]) => {
            let gone =
                || error(StatusCode::NOT_FOUND, "cocart_cart_in_session_not_valid", "Cart in session is not valid!");
            let cart = cart(key).ok_or_else(gone)?;
            let by_key: Map<String, Value> = items(shared, &cart, Money::Minor)?.into_iter().collect();
            let items = if by_key.is_empty() { json!([]) } else { Value::Object(by_key) };
            let body = json!({
                "cart_key": key, "customer": customer(), "items": items, "item_count": cart.items.len(), "coupons": [], "fees": [],
                "totals": totals(shared, &cart)?, "needs_payment": true, "removed_items": [],
            });
            Ok(whole(StatusCode::OK, body.to_string()))
        }
        (&Method::DELETE, ["session", key]) => match carts.carts.remove(*key) {
            Some(_) => Ok(whole(StatusCode::OK, json!("Session successfully deleted!").to_string())),
            None => Err(error(StatusCode::NOT_FOUND, "cocart_session_not_valid", "Session is not valid!")),
        },
        _ => Err(no_route()),
    }
}

fn add(shared: &Shared, cart: &mut Cart, id: &str, quantity: &str) -> Result<()> {
    let unknown = || {
        let message = "Product does not exist! Check that you have submitted a product ID or SKU ID correctly for a product that exists.";
        error(StatusCode::NOT_FOUND, "cocart_unknown_product_id", message)
    };
    let id: u64 = id.parse().map_err(|_| unknown())?;
    let found = product(shared, id)?;
    if found["type"] == "variable" {
        let message = "This variable product is missing variation attributes or a variation ID.";
        return Err(error(StatusCode::BAD_REQUEST, "cocart_missing_variation_data", message));
    }
    let quantity: u64 = quantity.parse().ok().filter(|quantity| *quantity > 0).ok_or_else(wrong_quantity)?;
    // WooCommerce's MD5 of product, variation and data has this form.
    let key = format!("{id:032x}");
    let here = cart.items.iter_mut().find(|item| item.key == key);
    check_stock(&found, quantity + here.as_ref().map_or(0, |item| item.quantity))?;
    match here {
        Some(item) => item.quantity += quantity,
        None => cart.items.push(Item { key, product: id, quantity }),
    }
    Ok(())
}

fn take(from: &mut Vec<Item>, to: &mut Vec<Item>, key: &str) -> Option<()> {
    let index = from.iter().position(|item| item.key == key)?;
    to.push(from.remove(index));
    Some(())
}

/// A product or a variation, as the REST API shows it.
fn product(shared: &Shared, id: u64) -> Result<Value> {
    lock(&shared.records).sold(id).ok_or_else(|| {
        error(StatusCode::BAD_REQUEST, "cocart_invalid_product", "This product cannot be added to the cart.")
    })
}

fn check_stock(product: &Value, quantity: u64) -> Result<()> {
    match product["stock_quantity"].as_u64() {
        Some(left) if product["manage_stock"] == true && quantity > left => {
            let message = format!(
                "You cannot add the amount of {quantity} to the cart because there is not enough stock, only ({left}) remaining."
            );
            Err(error(StatusCode::NOT_FOUND, "cocart_not_enough_in_stock", &message))
        }
        _ => Ok(()),
    }
}

/// How the money of items is written.
#[derive(Clone, Copy)]
enum Money {
    /// A cart's way.
    Mixed,
    /// A session's way.
    Minor,
}

/// The price of one in minor units.
fn price(product: &Value) -> u64 {
    let text = product["price"].as_str().unwrap_or_default();
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    format!("{whole}{fraction:0<2}").parse().unwrap_or(0)
}

fn items(shared: &Shared, cart: &Cart, money: Money) -> Result<Vec<(String, Value)>> {
    let item = |item: &Item| {
        let product = product(shared, item.product)?;
        let (one, sum) = (price(&product), price(&product) * item.quantity);
        let major = || {
            // As PHP writes a float: `19.98`, `20`.
            let digits = format!("{}.{:02}", sum / 100, sum % 100);
            serde_json::from_str::<Value>(digits.trim_end_matches('0').trim_end_matches('.')).unwrap_or_default()
        };
        let totals = match money {
            Money::Mixed => json!({ "subtotal": sum.to_string(), "subtotal_tax": 0, "total": major(), "tax": 0 }),
            Money::Minor => {
                json!({ "subtotal": sum.to_string(), "subtotal_tax": "0", "total": sum.to_string(), "tax": "0" })
            }
        };
        let is_variation = product["type"] == "variation";
        let shown = json!({
            "item_key": item.key, "id": item.product, "name": product["name"], "title": product["name"], "price": one.to_string(),
            "quantity": { "value": item.quantity, "min_purchase": 1, "max_purchase": -1 }, "totals": totals, "slug": "x",
            "meta": {
                "product_type": if is_variation { "variation" } else { "simple" }, "sku": product["sku"], "dimensions": [], "weight": "0",
                "variation": if is_variation { json!({ "Size": "S" }) } else { json!([]) },
            },
            "backorders": "", "cart_item_data": [], "featured_image": "",
        });
        Ok((item.key.clone(), shown))
    };
    cart.items.iter().map(item).collect()
}

fn totals(shared: &Shared, cart: &Cart) -> Result<Value> {
    let mut sum = 0;
    for item in &cart.items {
        sum += price(&product(shared, item.product)?) * item.quantity;
    }
    let sum = sum.to_string();
    Ok(json!({
        "subtotal": sum, "subtotal_tax": "0", "fee_total": "0", "fee_tax": "0", "discount_total": "0", "discount_tax": "0",
        "shipping_total": "0", "shipping_tax": "0", "total": sum, "total_tax": "0",
    }))
}

fn shown(shared: &Shared, key: &str, cart: &Cart) -> Result<Value> {
    let items: Vec<Value> = items(shared, cart, Money::Mixed)?.into_iter().map(|(_, item)| item).collect();
    Ok(json!({
        "cart_hash": format!("{:032x}", cart.items.len()), "cart_key": key,
        "currency": {
            "currency_code": "USD", "currency_symbol": "$", "currency_symbol_pos": "left", "currency_minor_unit": MINOR_UNIT,
            "currency_decimal_separator": ".", "currency_thousand_separator": ",", "currency_prefix": "$", "currency_suffix": "",
        },
        "customer": customer(), "items": items, "item_count": cart.items.iter().map(|item| item.quantity).sum::<u64>(), "items_weight": "0",
        "coupons": [], "needs_payment": true, "needs_shipping": true, "shipping": { "total_packages": 0, "packages": [] }, "fees": [],
        "taxes": [], "totals": totals(shared, cart)?, "removed_items": [], "cross_sells": [], "notices": [],
    }))
}

fn customer() -> Value {
    json!({ "billing_address": { "billing_first_name": "", "billing_email": "" }, "shipping_address": {} })
}

fn object(received: &Received) -> Result<Map<String, Value>> {
    match serde_json::from_slice(&received.body) {
        Ok(Value::Object(object)) => Ok(object),
        _ => Err(error(StatusCode::BAD_REQUEST, "rest_invalid_json", "Invalid JSON body passed.")),
    }
}

/// WordPress refuses a number where a text is declared.
fn text(sent: &Map<String, Value>, name: &str) -> Result<String> {
    sent.get(name)
        .and_then(Value::as_str)
        .map(str::to_owned)
        .ok_or_else(|| error(StatusCode::BAD_REQUEST, "rest_invalid_param", &format!("Invalid parameter(s): {name}")))
}

fn text_or(sent: &Map<String, Value>, name: &str, default: &str) -> Result<String> {
    if sent.contains_key(name) { text(sent, name) } else { Ok(default.to_owned()) }
}

fn wrong_quantity() -> Response<Answer> {
    error(StatusCode::METHOD_NOT_ALLOWED, "cocart_quantity_invalid_amount", "Quantity must be a minimum of 1.")
}

/// PHP's `m/d/Y H:i:s`, in UTC whatever CoCart's documents say of the site's zone.
fn american(unix: u64) -> String {
    let time = rfc3339(unix);
    format!("{}/{}/{} {}", &time[5..7], &time[8..10], &time[..4], &time[11..19])
}
