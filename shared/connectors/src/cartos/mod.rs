//! CartOS: `https://{store-domain}/api`, a key in `X-API-Key`, pages by number.
//!
//! The public pages fix the base, the header, the list envelope `{"products": […], "pagination": {"total", "page", "per_page",
//! "total_pages"}}`, errors and rate-limit headers (`platforms.md` 2.2). They leave the objects open; `wire` states the shapes that
//! this connector reads, `body` those that it writes (`POST` creates, `PATCH` changes what is sent, `DELETE` answers 204), and the demo store
//! serves both.

mod body;
mod hooks;
mod map;
mod wire;

use bytes::Bytes;
use domain::model::Entity;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use serde::{Deserialize, de::IgnoredAny};
use serde_json::value::RawValue;

use crate::address::{AddressError, Loopback, StoreAddress};
use crate::allowance::Allowance;
use crate::connector::{
    Connector, Context, Credential, CredentialField, EntitySupport, InboundResponse, MAX_PER_PAGE, Objects, Outcome,
    Platform, RawCall, Read, ReadError, Refusal, Target, Turn, Unsupported, Verb,
};
use crate::cursor::List;
use crate::headers;
use crate::hooks::{Hooks, common};
use crate::raw::{ParameterRules, clean_query};
use crate::raw_path::RawPath;
use crate::request::{OutboundRequest, Signature, json};
use crate::upstream::{IdText, Item, item, items, parse, success, window};
use crate::write::{Action, Input, Write};

const NAME: &str = "cartos";
const API_KEY: &str = "api_key";
const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

const EVERYTHING: &[Verb] = &[Verb::List, Verb::Get, Verb::Create, Verb::Update, Verb::Delete];
const NO_STOCK_OF_ITS_OWN: &str = "A stock level comes and goes with its variant.";
const NO_BASKETS: &str = "CartOS has no API for baskets.";

static PLATFORM: Platform = Platform {
    name: NAME,
    title: "CartOS",
    url: "https://{store-domain}",
    credentials: &[CredentialField { name: API_KEY, label: "API key (ak_live_…)", secret: true, required: true }],
    entities: &[
        EntitySupport {
            entity: Entity::Products,
            verbs: EVERYTHING,
            unsupported: &[],
            writable: &[
                "name",
                "sku",
                "description_html",
                "status",
                "brand",
                "categories",
                "tags",
                "images",
                "options",
                "variants",
                "price",
                "compare_at",
                "tax_class",
                "weight",
                "seo",
            ],
        },
        EntitySupport {
            entity: Entity::Orders,
            verbs: EVERYTHING,
            unsupported: &[],
            writable: &[
                "status",
                "financial_status",
                "fulfillment_status",
                "currency",
                "customer",
                "billing",
                "shipping",
                "lines",
                "shipping_lines",
                "note",
            ],
        },
        EntitySupport {
            entity: Entity::Customers,
            verbs: EVERYTHING,
            unsupported: &[],
            writable: &["email", "phone", "first_name", "last_name", "groups", "addresses", "marketing"],
        },
        EntitySupport {
            entity: Entity::Categories,
            verbs: EVERYTHING,
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
            writable: &["available", "location_id"],
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

const PARAMETERS: ParameterRules =
    ParameterRules { dropped: &["api_key", "x-api-key"], dropped_prefixes: &[], refused: &["_method", "rest_route"] };

/// The connector of CartOS.
pub(crate) struct CartOs;

impl Connector for CartOs {
    fn platform(&self) -> &'static Platform {
        &PLATFORM
    }

    fn address(&self, text: &str, loopback: Loopback) -> Result<StoreAddress, AddressError> {
        let address = StoreAddress::parse(text, loopback)?.without_path_suffix("/api");
        if address.path().is_empty() { Ok(address) } else { Err(AddressError::Path) }
    }

    fn probe(&self, context: &Context<'_>) -> Result<Turn, Refusal> {
        let request = get(context, "/api/products", Some("page=1&per_page=1"))?;
        let credential = context.credential.clone();
        Ok(Turn::ask(request, move |answer| {
            let body = success(&answer, &credential)?;
            parse::<Envelope<IgnoredAny>>(body, "not a list of products")?;
            Ok(Turn::Done(Outcome::Works))
        }))
    }

    fn read(&self, context: &Context<'_>, read: &Read<'_>) -> Result<Turn, Refusal> {
        let verb = if matches!(read.target, Target::One(_)) { Verb::Get } else { Verb::List };
        PLATFORM.supports(read.entity, verb).map_err(Refusal::NotSupported)?;
        match read.target {
            Target::Page { per_page, cursor, updated_after } => {
                page(context, read, List { platform: NAME, entity: read.entity, per_page, updated_after }, cursor)
            }
            Target::One(id) => one(context, read, id),
        }
    }

    fn write(&self, context: &Context<'_>, write: Write<'_>) -> Result<Turn, Refusal> {
        PLATFORM.supports(write.entity, write.verb()).map_err(Refusal::NotSupported)?;
        let Write { entity, action, include_remote } = write;
        let credential = context.credential.clone();
        let (method, path, input) = match action {
            Action::Create(input) => (Method::POST, format!("/api/{entity}"), input),
            Action::Update { id, input } => (Method::PATCH, format!("/api/{entity}/{}", checked(id)?), input),
            Action::Delete { id } => {
                let path = format!("/api/{entity}/{}", checked(id)?);
                let request = request(context, Method::DELETE, &path, None, Bytes::new())?;
                return Ok(Turn::ask(request, move |answer| {
                    success(&answer, &credential)?;
                    Ok(Turn::Done(Outcome::Deleted))
                }));
            }
        };
        let is_new = method == Method::POST;
        let body = match input {
            Input::Product(input) => json(&body::Product::new(*input)?),
            Input::Order(input) => json(&body::Order::new(*input, is_new)?),
            Input::Customer(input) => json(&body::Customer::new(*input)?),
            Input::Category(input) => json(&body::Category::new(input)?),
            Input::Inventory(input) => json(&body::Inventory::new(input)),
            Input::Basket(_) => return Err(Refusal::NotSupported(NO_BASKETS)),
        };
        let request = request(context, method, &path, None, body)?;
        Ok(Turn::ask(request, move |answer| single(&answer, &credential, entity, include_remote)))
    }

    /// CartOS tells with every answer what is left of its sliding window, and when the window ends.
    fn allowance(&self, answer: &InboundResponse) -> Option<Allowance> {
        window(&answer.headers, "x-ratelimit-remaining", "x-ratelimit-reset")
    }

    fn hooks(&self) -> Option<&'static dyn Hooks> {
        Some(&hooks::CartOsHooks)
    }

    /// The public pages name no filter by id; the form is the one that the demo store serves. A store that does not know it answers with its
    /// first page, which is seen and refused.
    fn existing(&self, context: &Context<'_>, entity: Entity, ids: &[&str]) -> Option<Result<Turn, Refusal>> {
        (entity != Entity::Baskets).then(|| existing(context, entity, ids))
    }

    fn raw(&self, context: &Context<'_>, call: RawCall<'_>) -> Result<OutboundRequest, Refusal> {
        let query = clean_query(&call, &PARAMETERS)?;
        let mut headers = headers::for_upstream(call.headers)?;
        headers.insert(X_API_KEY, key(context.credential)?);
        let url = context.address.with(&format!("/{}", call.path), query.as_deref());
        Ok(OutboundRequest::new(call.method, url, headers, call.body, Signature::None))
    }

    fn raw_scope(&self, path: &RawPath) -> Option<Entity> {
        path.lenient_segments().iter().find_map(|segment| segment.parse().ok())
    }
}

/// `{"products": […], "pagination": {…}}`; the name of the list is the entity's.
#[derive(Deserialize)]
struct Envelope<R> {
    #[serde(
        alias = "products",
        alias = "orders",
        alias = "customers",
        alias = "categories",
        alias = "inventory",
        alias = "webhooks"
    )]
    rows: R,
    pagination: Pagination,
}

#[derive(Deserialize)]
struct Pagination {
    page: u32,
    total_pages: u32,
}

/// `{"product": {…}}`.
#[derive(Deserialize)]
struct Single<'a> {
    #[serde(
        borrow,
        alias = "product",
        alias = "order",
        alias = "customer",
        alias = "category",
        alias = "inventory_level"
    )]
    row: &'a RawValue,
}

fn page(context: &Context<'_>, read: &Read<'_>, list: List, cursor: Option<&str>) -> Result<Turn, Refusal> {
    let page = list.page(cursor)?;
    let mut query = format!("page={page}&per_page={}", list.per_page);
    if let Some(time) = list.updated_after {
        // RFC 3339 in UTC: no character of it needs encoding in a query.
        query.push_str(&format!("&updated_after={time}"));
    }
    let request = get(context, &format!("/api/{}", list.entity), Some(&query))?;
    let (credential, include_remote) = (context.credential.clone(), read.include_remote);
    Ok(Turn::ask(request, move |answer| {
        let body = success(&answer, &credential)?;
        let (objects, pagination) = objects(list.entity, body, include_remote)?;
        // An empty page ends the list whatever the platform says, so that a wrong count cannot make a client run for ever.
        let is_last = objects.is_empty() || pagination.page >= pagination.total_pages;
        let next_cursor = if is_last { None } else { list.cursor(page + 1) };
        Ok(Turn::Done(Outcome::Page { objects, next_cursor }))
    }))
}

fn one(context: &Context<'_>, read: &Read<'_>, id: &str) -> Result<Turn, Refusal> {
    let request = get(context, &format!("/api/{}/{}", read.entity, checked(id)?), None)?;
    let (credential, entity, include_remote) = (context.credential.clone(), read.entity, read.include_remote);
    Ok(Turn::ask(request, move |answer| single(&answer, &credential, entity, include_remote)))
}

fn existing(context: &Context<'_>, entity: Entity, ids: &[&str]) -> Result<Turn, Refusal> {
    #[derive(Deserialize)]
    struct Row<'a> {
        #[serde(borrow, default)]
        id: Option<IdText<'a>>,
        #[serde(borrow, default)]
        variant_id: Option<IdText<'a>>,
    }
    let asked = common::asked(ids);
    for id in ids {
        checked(id)?;
    }
    let query = format!("page=1&per_page={MAX_PER_PAGE}&ids={}", ids.join(","));
    let (credential, request) = (context.credential.clone(), get(context, &format!("/api/{entity}"), Some(&query))?);
    Ok(Turn::ask(request, move |answer| {
        let envelope: Envelope<Vec<Row<'_>>> = parse(success(&answer, &credential)?, "not a list with its pagination")?;
        if envelope.pagination.total_pages > 1 {
            return Err(ReadError::Unreadable("more objects than were asked for"));
        }
        let ids = envelope
            .rows
            .into_iter()
            .filter_map(|row| if entity == Entity::Inventory { row.variant_id } else { row.id });
        common::existing(&asked, ids.map(IdText::into_string).collect())
    }))
}

/// An id as CartOS has them.
fn checked(id: &str) -> Result<&str, Refusal> {
    let is_id =
        (1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    if is_id { Ok(id) } else { Err(Refusal::Id) }
}

/// The one object of an answer.
fn single(
    answer: &InboundResponse,
    credential: &Credential,
    entity: Entity,
    include_remote: bool,
) -> Result<Turn, ReadError> {
    let body = success(answer, credential)?;
    let single: Single<'_> = serde_json::from_slice(body).map_err(|_| ReadError::Unreadable("not one object"))?;
    Ok(Turn::Done(Outcome::One(single_object(entity, single.row.get().as_bytes(), include_remote)?)))
}

fn objects(entity: Entity, body: &[u8], include_remote: bool) -> Result<(Objects, Pagination), ReadError> {
    Ok(match entity {
        Entity::Products => page_of(body, include_remote, map::product, Objects::Products)?,
        Entity::Orders => page_of(body, include_remote, map::order, Objects::Orders)?,
        Entity::Customers => page_of(body, include_remote, map::customer, Objects::Customers)?,
        Entity::Categories => page_of(body, include_remote, map::category, Objects::Categories)?,
        Entity::Inventory => page_of(body, include_remote, map::inventory_level, Objects::Inventory)?,
        Entity::Baskets => return Err(ReadError::Unreadable(NO_BASKETS)),
    })
}

/// Reads a page in one pass; only rows whose own text is wanted are read from it a second time.
fn page_of<'a, T: Deserialize<'a>, U>(
    body: &'a [u8],
    include_remote: bool,
    map: fn(Item<T>) -> U,
    objects: fn(Vec<U>) -> Objects,
) -> Result<(Objects, Pagination), ReadError> {
    const UNREADABLE: &str = "not a list with its pagination";
    let (rows, pagination): (Vec<Item<T>>, _) = if include_remote {
        let envelope: Envelope<&RawValue> = parse(body, UNREADABLE)?;
        (items(envelope.rows.get().as_bytes(), true)?, envelope.pagination)
    } else {
        let envelope: Envelope<Vec<T>> = parse(body, UNREADABLE)?;
        (envelope.rows.into_iter().map(|wire| Item { wire, remote: None }).collect(), envelope.pagination)
    };
    Ok((objects(rows.into_iter().map(map).collect()), pagination))
}

fn single_object(entity: Entity, row: &[u8], include_remote: bool) -> Result<Objects, ReadError> {
    Ok(match entity {
        Entity::Products => Objects::Products(vec![map::product(item(row, include_remote)?)]),
        Entity::Orders => Objects::Orders(vec![map::order(item(row, include_remote)?)]),
        Entity::Customers => Objects::Customers(vec![map::customer(item(row, include_remote)?)]),
        Entity::Categories => Objects::Categories(vec![map::category(item(row, include_remote)?)]),
        Entity::Inventory => Objects::Inventory(vec![map::inventory_level(item(row, include_remote)?)]),
        Entity::Baskets => return Err(ReadError::Unreadable(NO_BASKETS)),
    })
}

fn get(context: &Context<'_>, path: &str, query: Option<&str>) -> Result<OutboundRequest, Refusal> {
    request(context, Method::GET, path, query, Bytes::new())
}

fn request(
    context: &Context<'_>,
    method: Method,
    path: &str,
    query: Option<&str>,
    body: Bytes,
) -> Result<OutboundRequest, Refusal> {
    let mut headers = HeaderMap::with_capacity(3);
    headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    headers.insert(X_API_KEY, key(context.credential)?);
    if !body.is_empty() {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    Ok(OutboundRequest::new(method, context.address.with(path, query), headers, body, Signature::None))
}

fn key(credential: &Credential) -> Result<HeaderValue, Refusal> {
    let mut value = HeaderValue::from_str(credential.required(API_KEY)?)
        .map_err(|_| Refusal::Credential(crate::CredentialError::Malformed(API_KEY.to_owned())))?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod hook_tests;
#[cfg(test)]
pub(crate) mod tests;
