//! WooCommerce: `{site}/wp-json/wc/v3/`, Basic over https, OAuth 1.0a over http (loopback only), pages by number.
//!
//! Traps that are handled here, all seen on a running store (`platforms.md` 3.1, 5.3, 6): lists are read in order of id, because
//! rows that share a date are lost or repeated; a page past the end is an empty list; variations come from calls of their own; a
//! product does not say its currency; prices are text and line prices numbers; times come without a zone.

mod inventory;
mod map;
pub(crate) mod oauth;
mod products;
mod status;
mod wire;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use domain::model::{Category, Customer, Entity};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use crate::address::{AddressError, Loopback, StoreAddress};
use crate::connector::{
    Connector, Context, Credential, CredentialError, CredentialField, EntitySupport, Objects, Outcome, Platform,
    RawCall, Read, ReadError, Refusal, Target, Turn, Unsupported, Verb,
};
use crate::cursor::List;
use crate::headers;
use crate::raw::{ParameterRules, clean_query};
use crate::raw_path::RawPath;
use crate::request::{OutboundRequest, Signature};
use crate::upstream::{Item, items, success};
use crate::write::Write;

const NAME: &str = "woocommerce";
const CONSUMER_KEY: &str = "consumer_key";
const CONSUMER_SECRET: &str = "consumer_secret";

const READS: &[Verb] = &[Verb::List, Verb::Get];
const NO_WRITES: &str = "Unified writes are not offered for WooCommerce; use the raw route.";
const NO_BASKETS: &str = "WooCommerce's REST API has no baskets; they need the CoCart plugin.";
const RAW_WRITES: &[Unsupported] = &[
    Unsupported { verb: Verb::Create, reason: NO_WRITES },
    Unsupported { verb: Verb::Update, reason: NO_WRITES },
    Unsupported { verb: Verb::Delete, reason: NO_WRITES },
];

static PLATFORM: Platform = Platform {
    name: NAME,
    title: "WooCommerce",
    url: "https://{site}, with the path of the WordPress installation if it has one",
    credentials: &[
        CredentialField { name: CONSUMER_KEY, label: "Consumer key (ck_…)", secret: true, required: true },
        CredentialField { name: CONSUMER_SECRET, label: "Consumer secret (cs_…)", secret: true, required: true },
    ],
    entities: &[
        EntitySupport { entity: Entity::Products, verbs: READS, unsupported: RAW_WRITES, writable: &[] },
        EntitySupport { entity: Entity::Orders, verbs: READS, unsupported: RAW_WRITES, writable: &[] },
        EntitySupport { entity: Entity::Customers, verbs: READS, unsupported: RAW_WRITES, writable: &[] },
        EntitySupport { entity: Entity::Categories, verbs: READS, unsupported: RAW_WRITES, writable: &[] },
        EntitySupport { entity: Entity::Inventory, verbs: READS, unsupported: RAW_WRITES, writable: &[] },
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

/// WordPress lets `rest_route` (also in a form body) replace the path and `_method` the method.
const PARAMETERS: ParameterRules = ParameterRules {
    dropped: &["consumer_key", "consumer_secret", "_wpnonce"],
    dropped_prefixes: &["oauth_"],
    refused: &["rest_route", "wc-api-route", "wc-api", "wc_api_route", "_method"],
};

/// The connector of WooCommerce.
pub(crate) struct WooCommerce;

impl Connector for WooCommerce {
    fn platform(&self) -> &'static Platform {
        &PLATFORM
    }

    fn address(&self, text: &str, loopback: Loopback) -> Result<StoreAddress, AddressError> {
        let address = StoreAddress::parse(text, loopback)?;
        Ok(address.without_path_suffix("/wc/v3").without_path_suffix("/wp-json").without_path_suffix("/index.php"))
    }

    fn probe(&self, context: &Context<'_>) -> Result<Turn, Refusal> {
        let door = Door::open(context)?;
        let request = door.get("products", &[("per_page", "1"), ("_fields", "id")]);
        Ok(Turn::ask(request, move |answer| {
            let body = success(&answer, &door.credential)?;
            // A themed 404 page or another plugin's answer also comes with 200; only a JSON list is WooCommerce.
            serde_json::from_slice::<Vec<serde::de::IgnoredAny>>(body)
                .map_err(|_| ReadError::Unreadable("not a list of products"))?;
            Ok(Turn::Done(Outcome::Works))
        }))
    }

    fn read(&self, context: &Context<'_>, read: &Read<'_>) -> Result<Turn, Refusal> {
        let verb = if matches!(read.target, Target::One(_)) { Verb::Get } else { Verb::List };
        PLATFORM.supports(read.entity, verb).map_err(Refusal::NotSupported)?;
        let door = Door::open(context)?;
        let request = match read.target {
            Target::Page { per_page, cursor, updated_after } => {
                let list = List { platform: NAME, entity: read.entity, per_page, updated_after };
                Request::Page { list, page: list.page(cursor)?, filter: filter(&list)? }
            }
            Target::One(id) if (1..=19).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_digit()) => {
                Request::One(id.to_owned())
            }
            Target::One(_) => return Err(Refusal::Id),
        };
        let remote = read.include_remote;
        Ok(match read.entity {
            Entity::Products => products::read(door, request, remote),
            Entity::Inventory => inventory::read(door, request, remote),
            Entity::Orders => read_plain(door, request, "orders", move |body| {
                let list: Vec<Item<wire::Order<'_>>> = items(body, remote)?;
                let rows = list.len();
                let visible = list.into_iter().filter(|item| !status::is_hidden(&item.wire.status));
                Ok((Objects::Orders(visible.map(map::order).collect()), rows))
            }),
            Entity::Customers => read_plain(door, request, "customers", move |body| {
                let customers: Vec<Customer> = items(body, remote)?.into_iter().map(map::customer).collect();
                let rows = customers.len();
                Ok((Objects::Customers(customers), rows))
            }),
            Entity::Categories => read_plain(door, request, "products/categories", move |body| {
                let categories: Vec<Category> = items(body, remote)?.into_iter().map(map::category).collect();
                let rows = categories.len();
                Ok((Objects::Categories(categories), rows))
            }),
            Entity::Baskets => return Err(Refusal::NotSupported(NO_BASKETS)),
        })
    }

    fn write(&self, _: &Context<'_>, write: Write<'_>) -> Result<Turn, Refusal> {
        PLATFORM.supports(write.entity, write.verb()).map_err(Refusal::NotSupported)?;
        Err(Refusal::NotSupported(NO_WRITES))
    }

    fn raw(&self, context: &Context<'_>, call: RawCall<'_>) -> Result<OutboundRequest, Refusal> {
        let door = Door::open(context)?;
        let query = clean_query(&call, &PARAMETERS)?;
        let mut headers = headers::for_upstream(call.headers)?;
        let url = door.address.with(&format!("/{}", call.path), query.as_deref());
        if is_for_guests(call.path) {
            return Ok(OutboundRequest::new(call.method, url, headers, call.body, Signature::None));
        }
        if let Some(basic) = &door.basic {
            headers.insert(header::AUTHORIZATION, basic.clone());
        }
        Ok(OutboundRequest::new(call.method, url, headers, call.body, door.signature()))
    }

    /// WordPress matches routes without regard to case; several plugins serve the same objects under other names.
    fn raw_scope(&self, path: &RawPath) -> Option<Entity> {
        let segments = path.lenient_segments();
        // `products/categories` is about categories, `products/12/variations` about products.
        if segments.windows(2).any(|pair| pair[0] == "products" && pair[1] == "categories") {
            return Some(Entity::Categories);
        }
        segments.iter().find_map(|segment| match segment.as_str() {
            "product" | "variations" | "product_variation" => Some(Entity::Products),
            "shop_order" | "refunds" => Some(Entity::Orders),
            "users" => Some(Entity::Customers),
            "cart" | "session" | "sessions" | "checkout" => Some(Entity::Baskets),
            "product_cat" => Some(Entity::Categories),
            other => other.parse().ok(),
        })
    }
}

/// Whether a raw call goes without the store's keys: CoCart serves guests, and would take whoever brings the keys for their owner and every
/// cart for the owner's. Only its sessions are for the keys.
fn is_for_guests(path: &RawPath) -> bool {
    let segments = path.lenient_segments();
    let Some(cocart) = segments.iter().position(|segment| segment == "cocart") else { return false };
    !segments[cocart..].iter().any(|segment| matches!(segment.as_str(), "session" | "sessions"))
}

/// What to read, checked.
enum Request {
    Page { list: List, page: u32, filter: Option<String> },
    One(String),
}

/// The value of `modified_after`.
fn filter(list: &List) -> Result<Option<String>, Refusal> {
    let Some(time) = list.updated_after else {
        return Ok(None);
    };
    match list.entity {
        Entity::Customers => {
            Err(Refusal::FilterNotSupported("WooCommerce cannot filter customers by the time of their last change."))
        }
        Entity::Categories => Err(Refusal::FilterNotSupported("WooCommerce keeps no time of change for categories.")),
        Entity::Inventory => Err(Refusal::FilterNotSupported("WooCommerce keeps no time of change for stock.")),
        _ => Ok(Some(time.strftime("%Y-%m-%dT%H:%M:%S").to_string())),
    }
}

/// A store with its credential, ready to be asked.
#[derive(Clone)]
struct Door {
    address: StoreAddress,
    credential: Credential,
    /// Over https only; http calls are signed.
    basic: Option<HeaderValue>,
}

impl Door {
    fn open(context: &Context<'_>) -> Result<Self, Refusal> {
        let key = context.credential.required(CONSUMER_KEY)?;
        let secret = context.credential.required(CONSUMER_SECRET)?;
        // A colon would move the border between user name and password (RFC 7617).
        if key.contains(':') {
            return Err(Refusal::Credential(CredentialError::Malformed(CONSUMER_KEY.to_owned())));
        }
        let basic = if context.address.is_https() {
            let mut value = HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(format!("{key}:{secret}"))))
                .map_err(|_| Refusal::Credential(CredentialError::Malformed(CONSUMER_KEY.to_owned())))?;
            value.set_sensitive(true);
            Some(value)
        } else {
            None
        };
        Ok(Self { address: context.address.clone(), credential: context.credential.clone(), basic })
    }

    fn signature(&self) -> Signature {
        if self.basic.is_some() { Signature::None } else { Signature::OAuth1(self.credential.clone()) }
    }

    fn get(&self, path: &str, query: &[(&str, &str)]) -> OutboundRequest {
        let mut url = self.address.with(&format!("/wp-json/wc/v3/{path}"), None);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let mut headers = HeaderMap::with_capacity(2);
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        if let Some(basic) = &self.basic {
            headers.insert(header::AUTHORIZATION, basic.clone());
        }
        OutboundRequest::new(Method::GET, url, headers, Bytes::new(), self.signature())
    }

    /// The request for a page or for one.
    fn request(&self, path: &str, request: &Request) -> OutboundRequest {
        match request {
            Request::One(id) => self.get(&format!("{path}/{id}"), &[]),
            Request::Page { list, page, filter } => {
                let (page, per_page) = (page.to_string(), list.per_page.to_string());
                let mut query =
                    vec![("page", page.as_str()), ("per_page", &per_page), ("orderby", "id"), ("order", "asc")];
                if let Some(time) = filter {
                    query.extend([("modified_after", time.as_str()), ("dates_are_gmt", "true")]);
                }
                self.get(path, &query)
            }
        }
    }
}

/// The cursor of the page after this one. `rows` is how many came before any were left out.
fn next_cursor(list: &List, page: u32, rows: usize, headers: &HeaderMap) -> Option<String> {
    if rows == 0 {
        return None;
    }
    let total_pages: Option<u32> = headers.get("x-wp-totalpages").and_then(|value| value.to_str().ok()?.parse().ok());
    let has_next = match total_pages {
        Some(total) => page < total,
        // Some hosts' caches drop the X-WP headers; a full page then means that there may be more.
        None => links_next(headers) || rows >= usize::from(list.per_page),
    };
    if has_next { list.cursor(page + 1) } else { None }
}

fn links_next(headers: &HeaderMap) -> bool {
    headers.get_all(header::LINK).iter().any(|value| value.to_str().is_ok_and(|link| link.contains("rel=\"next\"")))
}

/// Reads entities whose objects come whole in one answer. `read_rows` maps a JSON array and says how many rows it had.
fn read_plain(
    door: Door,
    request: Request,
    path: &str,
    read_rows: impl FnOnce(&[u8]) -> Result<(Objects, usize), ReadError> + Send + 'static,
) -> Turn {
    let outbound = door.request(path, &request);
    Turn::ask(outbound, move |answer| {
        let body = success(&answer, &door.credential)?;
        match request {
            Request::One(_) => one(read_rows(&in_brackets(body))?.0),
            Request::Page { list, page, .. } => {
                let (objects, rows) = read_rows(body)?;
                Ok(Turn::Done(Outcome::Page { objects, next_cursor: next_cursor(&list, page, rows, &answer.headers) }))
            }
        }
    })
}

/// One JSON object as a list of one, so that both are read by the same code.
fn in_brackets(object: &[u8]) -> Vec<u8> {
    [b"[", object, b"]"].concat()
}

/// One object, or 404 when it is of a kind that is hidden.
fn one(objects: Objects) -> Result<Turn, ReadError> {
    if objects.is_empty() {
        return Err(ReadError::Upstream { status: StatusCode::NOT_FOUND, retry_after: None, text: String::new() });
    }
    Ok(Turn::Done(Outcome::One(objects)))
}

#[cfg(test)]
pub(crate) mod tests;
