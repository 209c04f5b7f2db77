//! PrestaShop: `{shop}/api/`, the webservice key as the user name of Basic, JSON out and XML in.
//!
//! Traps that are handled here (`platforms.md` 3.1, 4.3; devdocs of the vendor, webservice): an empty list is `[]` where a full one is an object;
//! lists are read by rising id (`filter[id]=>[n]`), so that rows that share a date are neither lost nor repeated and a deleted row moves no page;
//! prices are without tax and a combination's price is an *impact* on its product's; texts come once a language; times are the shop's local time
//! without a zone, and `0000-00-00 00:00:00` is none; stock lies in a resource of its own, whose row for a product with combinations is their sum;
//! what belongs to a page (combinations, stock, addresses, states) is fetched for all its rows in one call each; JSON cannot be written, XML can.

mod map;
mod orders;
mod products;
mod reads;
mod shop;
mod wire;
mod writes;
mod xml;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use domain::model::Entity;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use crate::address::{AddressError, Loopback, StoreAddress};
use crate::connector::{
    Connector, Context, Credential, CredentialError, CredentialField, EntitySupport, InboundResponse, Outcome,
    Platform, RawCall, Read, ReadError, Refusal, Target, Turn, Unsupported, Verb,
};
use crate::headers;
use crate::raw::{ParameterRules, clean_query};
use crate::raw_path::RawPath;
use crate::request::{OutboundRequest, Signature};
use crate::upstream::success;
use crate::write::Write;

const NAME: &str = "prestashop";
const KEY: &str = "webservice_key";

const ALL: &[Verb] = &[Verb::List, Verb::Get, Verb::Create, Verb::Update, Verb::Delete];
const NO_ORDER_CREATE: &str =
    "PrestaShop makes an order from a cart, an address and a carrier of an existing customer; use the raw route.";
const NO_ORDER_DELETE: &str = "PrestaShop keeps its orders; set the status to `cancelled`.";
const NO_CUSTOMER_CREATE: &str =
    "PrestaShop creates no customer without a password, which the gateway neither takes nor makes up.";
const NO_STOCK_OF_ITS_OWN: &str =
    "PrestaShop keeps a stock level as long as its product: create or delete the product.";
const NO_BASKETS: &str = "PrestaShop's carts hold neither prices nor totals; use the raw route.";

static PLATFORM: Platform = Platform {
    name: NAME,
    title: "PrestaShop",
    url: "https://{shop}, with the path of the installation if it has one",
    credentials: &[CredentialField { name: KEY, label: "Webservice key", secret: true, required: true }],
    entities: &[
        EntitySupport {
            entity: Entity::Products,
            verbs: ALL,
            unsupported: &[],
            writable: &[
                "name",
                "sku",
                "description_html",
                "status",
                "categories",
                "price",
                "weight.value",
                "dimensions.length",
                "dimensions.width",
                "dimensions.height",
                "seo",
            ],
        },
        EntitySupport {
            entity: Entity::Orders,
            verbs: &[Verb::List, Verb::Get, Verb::Update],
            unsupported: &[
                Unsupported { verb: Verb::Create, reason: NO_ORDER_CREATE },
                Unsupported { verb: Verb::Delete, reason: NO_ORDER_DELETE },
            ],
            writable: &["status"],
        },
        EntitySupport {
            entity: Entity::Customers,
            verbs: &[Verb::List, Verb::Get, Verb::Update, Verb::Delete],
            unsupported: &[Unsupported { verb: Verb::Create, reason: NO_CUSTOMER_CREATE }],
            writable: &["email", "first_name", "last_name", "marketing.email"],
        },
        EntitySupport {
            entity: Entity::Categories,
            verbs: ALL,
            unsupported: &[],
            writable: &["name", "parent_id", "slug", "position", "visible"],
        },
        EntitySupport {
            entity: Entity::Inventory,
            verbs: &[Verb::List, Verb::Get, Verb::Update],
            unsupported: &[
                Unsupported { verb: Verb::Create, reason: NO_STOCK_OF_ITS_OWN },
                Unsupported { verb: Verb::Delete, reason: NO_STOCK_OF_ITS_OWN },
            ],
            writable: &["available"],
        },
        EntitySupport {
            entity: Entity::Baskets,
            verbs: &[],
            unsupported: &[
                Unsupported { verb: Verb::List, reason: NO_BASKETS },
                Unsupported { verb: Verb::Get, reason: NO_BASKETS },
                Unsupported { verb: Verb::Create, reason: NO_BASKETS },
                Unsupported { verb: Verb::Update, reason: NO_BASKETS },
                Unsupported { verb: Verb::Delete, reason: NO_BASKETS },
            ],
            writable: &[],
        },
    ],
};

/// The webservice takes a key in the query too, and lets `ps_method` replace the method.
const PARAMETERS: ParameterRules =
    ParameterRules { dropped: &["ws_key"], dropped_prefixes: &[], refused: &["ps_method", "_method", "url"] };

/// The connector of PrestaShop.
pub(crate) struct PrestaShop;

impl Connector for PrestaShop {
    fn platform(&self) -> &'static Platform {
        &PLATFORM
    }

    fn address(&self, text: &str, loopback: Loopback) -> Result<StoreAddress, AddressError> {
        Ok(StoreAddress::parse(text, loopback)?.without_path_suffix("/api"))
    }

    fn probe(&self, context: &Context<'_>) -> Result<Turn, Refusal> {
        let door = Door::open(context)?;
        let request = door.get("products", &[("display", "[id]"), ("limit", "1")]);
        Ok(Turn::ask(request, move |answer| {
            let body = success(&answer, &door.credential)?;
            // A shop without products answers `[]`; a themed page with 200 is no JSON.
            serde_json::from_slice::<wire::List<'_>>(body)
                .map_err(|_| ReadError::Unreadable("not a list of products"))?;
            Ok(Turn::Done(Outcome::Works))
        }))
    }

    fn read(&self, context: &Context<'_>, read: &Read<'_>) -> Result<Turn, Refusal> {
        let verb = if matches!(read.target, Target::One(_)) { Verb::Get } else { Verb::List };
        PLATFORM.supports(read.entity, verb).map_err(Refusal::NotSupported)?;
        reads::read(Door::open(context)?, read)
    }

    fn write(&self, context: &Context<'_>, write: Write<'_>) -> Result<Turn, Refusal> {
        PLATFORM.supports(write.entity, write.verb()).map_err(Refusal::NotSupported)?;
        writes::write(Door::open(context)?, write)
    }

    fn raw(&self, context: &Context<'_>, call: RawCall<'_>) -> Result<OutboundRequest, Refusal> {
        let door = Door::open(context)?;
        let query = clean_query(&call, &PARAMETERS)?;
        let mut headers = headers::for_upstream(call.headers)?;
        headers.insert(header::AUTHORIZATION, door.authorization.clone());
        let url = door.address.with(&format!("/{}", call.path), query.as_deref());
        Ok(OutboundRequest::new(call.method, url, headers, call.body, Signature::None))
    }

    fn raw_scope(&self, path: &RawPath) -> Option<Entity> {
        path.lenient_segments().iter().find_map(|segment| match segment.as_str() {
            "combinations"
            | "product_options"
            | "product_option_values"
            | "product_features"
            | "manufacturers"
            | "specific_prices"
            | "tags"
            | "images" => Some(Entity::Products),
            "stock_availables" | "stock_movements" | "stocks" => Some(Entity::Inventory),
            "addresses" | "groups" | "guests" | "messages" => Some(Entity::Customers),
            "order_histories" | "order_details" | "order_invoices" | "order_payments" | "order_carriers"
            | "order_slip" => Some(Entity::Orders),
            "carts" => Some(Entity::Baskets),
            other => other.parse().ok(),
        })
    }
}

/// A shop with its key, ready to be asked.
#[derive(Clone)]
struct Door {
    address: StoreAddress,
    credential: Credential,
    authorization: HeaderValue,
}

impl Door {
    fn open(context: &Context<'_>) -> Result<Self, Refusal> {
        let key = context.credential.required(KEY)?;
        let mut authorization = HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(format!("{key}:"))))
            .map_err(|_| Refusal::Credential(CredentialError::Malformed(KEY.to_owned())))?;
        authorization.set_sensitive(true);
        Ok(Self { address: context.address.clone(), credential: context.credential.clone(), authorization })
    }

    fn get(&self, resource: &str, query: &[(&str, &str)]) -> OutboundRequest {
        self.request(Method::GET, resource, query, None)
    }

    /// All rows of a resource that belong to these ids of a field; at most [`reads::MANY`].
    fn belonging(&self, resource: &str, field: &str, ids: &[String], display: &str) -> OutboundRequest {
        let (name, ids) = (format!("filter[{field}]"), format!("[{}]", ids.join("|")));
        let limit = reads::MANY.to_string();
        self.get(resource, &[("display", display), (&name, &ids), ("sort", "[id_ASC]"), ("limit", &limit)])
    }

    fn send(&self, method: Method, resource: &str, xml: String) -> OutboundRequest {
        self.request(method, resource, &[], Some(xml))
    }

    fn request(&self, method: Method, resource: &str, query: &[(&str, &str)], xml: Option<String>) -> OutboundRequest {
        let mut url = self.address.with(&format!("/api/{resource}"), None);
        url.query_pairs_mut().append_pair("output_format", "JSON").extend_pairs(query);
        let mut headers = HeaderMap::with_capacity(3);
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(header::AUTHORIZATION, self.authorization.clone());
        if xml.is_some() {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/xml"));
        }
        OutboundRequest::new(method, url, headers, Bytes::from(xml.unwrap_or_default()), Signature::None)
    }

    /// The rows of a list.
    fn rows<'a>(&self, answer: &'a InboundResponse) -> Result<&'a [u8], ReadError> {
        let body = success(answer, &self.credential)?;
        let list: wire::List<'_> =
            serde_json::from_slice(body).map_err(|_| ReadError::Unreadable("not the documented list"))?;
        Ok(list.rows())
    }
}

/// 404, for what a list by id does not hold.
fn not_found() -> ReadError {
    ReadError::Upstream { status: StatusCode::NOT_FOUND, retry_after: None, text: String::new() }
}

/// An id of PrestaShop: a whole number from 1.
fn is_id(text: &str) -> bool {
    (1..=10).contains(&text.len()) && !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
pub(crate) mod tests;
