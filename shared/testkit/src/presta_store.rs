//! A stand-in for PrestaShop's webservice on loopback, as far as products go: the key as the user name of Basic, XML unless JSON is asked for, `[]`
//! for an empty JSON list, `limit`, `sort` and `filter` by id, and XML in. All products share their date of change.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{Method, Response, StatusCode, header};
use serde_json::{Value, json};
use url::Url;

pub use crate::loopback_server::Received;
use crate::loopback_server::{Answer, LoopbackServer, Record, lock, parameter};

/// The key that opens the stand-in.
pub const WEBSERVICE_KEY: &str = "PRESTADEMO0123456789ABCDEFGHIJKL";

const DATE: &str = "2026-07-01 12:00:00";

/// A running stand-in; it stops when dropped. Must be started inside a Tokio runtime.
pub struct PrestaStore {
    server: LoopbackServer,
    products: Arc<Mutex<BTreeMap<u64, Product>>>,
    record: Record,
}

#[derive(Clone, Default)]
struct Product {
    name: String,
    reference: String,
    price: String,
}

impl PrestaStore {
    /// Starts a stand-in with so many products on a free loopback port.
    ///
    /// # Errors
    /// What the operating system says.
    pub async fn start(products: u64) -> io::Result<Self> {
        let product = |id| Product {
            name: format!("Product {id}"),
            reference: format!("demo_{id}"),
            price: format!("{id}.900000"),
        };
        let products = Arc::new(Mutex::new((1..=products).map(|id| (id, product(id))).collect()));
        let record = Record::default();
        let (state, received_by) = (Arc::clone(&products), record.clone());
        let server = LoopbackServer::start(0, move |received| {
            let (state, record) = (Arc::clone(&state), received_by.clone());
            async move {
                record.add(&received);
                answer(&mut lock(&state), &received)
            }
        })
        .await?;
        Ok(Self { server, products, record })
    }

    /// The shop's address.
    #[must_use]
    pub fn url(&self) -> &Url {
        self.server.url()
    }

    /// The ids of the products that are there now.
    #[must_use]
    pub fn product_ids(&self) -> Vec<u64> {
        lock(&self.products).keys().copied().collect()
    }

    /// The last 1,000 calls, oldest first.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        self.record.list()
    }
}

fn answer(products: &mut BTreeMap<u64, Product>, received: &Received) -> Response<Answer> {
    let wanted = format!("Basic {}", STANDARD.encode(format!("{WEBSERVICE_KEY}:")));
    if received.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()) != Some(&wanted) {
        return respond(StatusCode::UNAUTHORIZED, "text/html", String::new());
    }
    let target = received.target.as_str();
    let path = target.split('?').next().unwrap_or_default().trim_start_matches("/api/");
    let is_json = parameter(target, "output_format").as_deref() == Some("JSON");
    match path.split_once('/') {
        None if path == "products" => match received.method {
            Method::POST => write(products, None, &received.body, is_json),
            // Several at once may be changed so; a client that changes one does, too.
            Method::PUT => {
                let id = element(&String::from_utf8_lossy(&received.body), "id").and_then(|id| id.parse().ok());
                match id.filter(|id| products.contains_key(id)) {
                    Some(id) => write(products, Some(id), &received.body, is_json),
                    None => missing(is_json),
                }
            }
            _ => list(products, target, is_json),
        },
        Some(("products", id)) => {
            let Some(id) = id.parse().ok().filter(|id| products.contains_key(id)) else { return missing(is_json) };
            match received.method {
                Method::DELETE => {
                    products.remove(&id);
                    respond(StatusCode::OK, "text/html", String::new())
                }
                Method::PUT | Method::PATCH => write(products, Some(id), &received.body, is_json),
                _ => one(StatusCode::OK, id, &products[&id], is_json),
            }
        }
        None if path == "configurations" => settings(),
        None if path == "currencies" => {
            json_answer(StatusCode::OK, &json!({ "currencies": [{ "id": 1, "iso_code": "EUR" }] }))
        }
        // No combinations and no counted stock.
        None => json_answer(StatusCode::OK, &json!([])),
        Some(_) => missing(is_json),
    }
}

fn settings() -> Response<Answer> {
    let setting = |name: &str, value: &str| json!({ "id": 1, "name": name, "value": value });
    let rows =
        [setting("PS_LANG_DEFAULT", "1"), setting("PS_CURRENCY_DEFAULT", "1"), setting("PS_TIMEZONE", "Europe/Paris")];
    json_answer(StatusCode::OK, &json!({ "configurations": rows }))
}

fn list(products: &BTreeMap<u64, Product>, target: &str, is_json: bool) -> Response<Answer> {
    let filter = parameter(target, "filter[id]").unwrap_or_default();
    let number = |text: &str| text.trim_matches(['[', ']']).parse::<u64>().unwrap_or(0);
    let after = filter.strip_prefix('>').map(number);
    let only: Vec<u64> =
        if after.is_some() { Vec::new() } else { filter.split('|').map(number).filter(|id| *id > 0).collect() };
    let limit = parameter(target, "limit").and_then(|limit| limit.parse().ok()).unwrap_or(usize::MAX);
    let rows: Vec<_> = products
        .iter()
        .filter(|(id, _)| after.is_none_or(|after| **id > after) && (only.is_empty() || only.contains(id)))
        .take(limit)
        .collect();
    if is_json {
        let rows: Vec<Value> = rows.into_iter().map(|(id, product)| shown(*id, product)).collect();
        return json_answer(StatusCode::OK, &if rows.is_empty() { json!([]) } else { json!({ "products": rows }) });
    }
    let rows: String = rows.iter().map(|(id, _)| format!("<product id=\"{id}\"/>")).collect();
    respond(
        StatusCode::OK,
        "text/xml;charset=utf-8",
        format!("<?xml version=\"1.0\"?><prestashop><products>{rows}</products></prestashop>"),
    )
}

fn shown(id: u64, product: &Product) -> Value {
    json!({
        "id": id, "name": product.name, "reference": product.reference, "price": product.price, "active": "1",
        "date_add": DATE, "date_upd": DATE, "associations": { "categories": [{ "id": "2" }] },
    })
}

fn one(status: StatusCode, id: u64, product: &Product, is_json: bool) -> Response<Answer> {
    if is_json {
        return json_answer(status, &json!({ "product": shown(id, product) }));
    }
    let escape = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;");
    let body = format!(
        "<?xml version=\"1.0\"?><prestashop><product><id>{id}</id><reference>{}</reference><price>{}</price><name><language id=\"1\">{}</language></name></product></prestashop>",
        escape(&product.reference),
        escape(&product.price),
        escape(&product.name)
    );
    respond(status, "text/xml;charset=utf-8", body)
}

/// Takes XML only, and a product without a price is refused, as the real one does.
fn write(products: &mut BTreeMap<u64, Product>, id: Option<u64>, body: &[u8], is_json: bool) -> Response<Answer> {
    let text = String::from_utf8_lossy(body);
    if !text.contains("<prestashop>") {
        return error(StatusCode::BAD_REQUEST, 127, "XML error : String could not be parsed as XML", is_json);
    }
    let mut product = id.and_then(|id| products.get(&id).cloned()).unwrap_or_default();
    for (name, place) in
        [("name", &mut product.name), ("reference", &mut product.reference), ("price", &mut product.price)]
    {
        if let Some(value) = element(&text, name) {
            *place = value;
        }
    }
    if product.price.is_empty() {
        return error(StatusCode::BAD_REQUEST, 90, "parameter \"price\" required", is_json);
    }
    let status = if id.is_some() { StatusCode::OK } else { StatusCode::CREATED };
    let id = id.unwrap_or_else(|| products.keys().next_back().map_or(1, |last| last + 1));
    products.insert(id, product.clone());
    one(status, id, &product, is_json)
}

/// The text of an element, of its first language where it has some.
fn element(text: &str, name: &str) -> Option<String> {
    let (_, rest) = text.split_once(&format!("<{name}"))?;
    let (inner, _) = rest.split_once(&format!("</{name}>"))?;
    let (_, inner) = inner.split_once('>')?;
    let inner = match inner.split_once("<language") {
        Some((_, language)) => language.split_once('>')?.1.split("</language>").next()?,
        None => inner,
    };
    let inner = inner.trim().trim_start_matches("<![CDATA[").trim_end_matches("]]>");
    Some(inner.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&"))
}

fn missing(is_json: bool) -> Response<Answer> {
    error(StatusCode::NOT_FOUND, 1, "The resource does not exist", is_json)
}

fn error(status: StatusCode, code: u32, message: &str, is_json: bool) -> Response<Answer> {
    if is_json {
        return json_answer(status, &json!({ "errors": [{ "code": code, "message": message }] }));
    }
    let body = format!(
        "<?xml version=\"1.0\"?><prestashop><errors><error><code>{code}</code><message>{message}</message></error></errors></prestashop>"
    );
    respond(status, "text/xml;charset=utf-8", body)
}

fn json_answer(status: StatusCode, body: &Value) -> Response<Answer> {
    respond(status, "application/json; charset=utf-8", body.to_string())
}

fn respond(status: StatusCode, content_type: &'static str, body: String) -> Response<Answer> {
    let mut answer = Response::new(Answer::whole(body));
    *answer.status_mut() = status;
    answer.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(content_type));
    answer
}
