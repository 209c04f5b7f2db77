//! WooCommerce: `{site}/wp-json/wc/v3/`, Basic over https, OAuth 1.0a over http (loopback only), pages by number.
//!
//! Traps that are handled here, all seen on a running store (`platforms.md` 3.1, 5.3, 6): lists are read in order of id, because
//! rows that share a date are lost or repeated; a page past the end is an empty list; variations come from calls of their own; a
//! product does not say its currency; prices are text and line prices numbers; times come without a zone. What is written: `writes`.

mod batch;
mod body;
mod cocart;
mod door;
mod hooks;
mod inventory;
mod map;
mod platform;
mod product_writes;
mod products;
mod select;
mod status;
mod wire;
mod writes;

use domain::model::{Category, Customer, Entity};
use http::{HeaderMap, StatusCode, header};

use crate::address::{AddressError, Loopback, StoreAddress};
use crate::allowance::Allowance;
use crate::connector::{
    Connector, Context, InboundResponse, Objects, Outcome, Platform, RawCall, Read, ReadError, Refusal, Target, Turn,
    Verb,
};
use crate::cursor::List;
use crate::headers;
use crate::hooks::Hooks;
use crate::oauth::Names;
use crate::raw::{ParameterRules, clean_query};
use crate::raw_path::RawPath;
use crate::request::{OutboundRequest, Signature};
use crate::upstream::{Item, items, success, window};
use crate::write::Write;
use door::Door;
use platform::PLATFORM;
use products::Selection;

const NAME: &str = "woocommerce";
const CONSUMER_KEY: &str = "consumer_key";
const CONSUMER_SECRET: &str = "consumer_secret";
const OAUTH: Names = Names { key: CONSUMER_KEY, secret: CONSUMER_SECRET, token: None };

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
        if read.entity == Entity::Baskets {
            return cocart::read(door, read);
        }
        let request = match read.target {
            Target::Page { per_page, cursor, updated_after } => {
                let list = List { platform: NAME, entity: read.entity, per_page, updated_after };
                Request::Page { list, page: list.page(cursor)?, filter: filter(&list)? }
            }
            Target::One(id) => Request::One(writes::checked(id)?),
        };
        let (entity, include_remote) = (read.entity, read.include_remote);
        let fields = select::fields(entity, read.fields, include_remote);
        Ok(match entity {
            Entity::Products => {
                products::read(door, request, Selection::new(read.fields, include_remote), include_remote)
            }
            Entity::Inventory => inventory::read(door, request, fields, include_remote),
            _ => read_plain(door, request, entity, fields.as_deref(), include_remote),
        })
    }

    fn write(&self, context: &Context<'_>, write: Write<'_>) -> Result<Turn, Refusal> {
        PLATFORM.supports(write.entity, write.verb()).map_err(Refusal::NotSupported)?;
        writes::write(Door::open(context)?, write)
    }

    fn bulk(&self, context: &Context<'_>, writes: &[Write<'_>]) -> Option<Result<Turn, Refusal>> {
        match Door::open(context) {
            Ok(door) => batch::bulk(door, writes).map(Ok),
            Err(refusal) => Some(Err(refusal)),
        }
    }

    /// The REST API itself has no limit; a site can turn on that of WooCommerce's Store API, whose headers hosts copy.
    fn allowance(&self, answer: &InboundResponse) -> Option<Allowance> {
        window(&answer.headers, "ratelimit-remaining", "ratelimit-reset")
    }

    fn hooks(&self) -> Option<&'static dyn Hooks> {
        Some(&hooks::WooHooks)
    }

    fn existing(&self, context: &Context<'_>, entity: Entity, ids: &[&str]) -> Option<Result<Turn, Refusal>> {
        hooks::existing(context, entity, ids)
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

/// Where the objects of an entity are.
fn path(entity: Entity) -> &'static str {
    match entity {
        Entity::Products | Entity::Inventory => "products",
        Entity::Orders => "orders",
        Entity::Customers => "customers",
        Entity::Categories => "products/categories",
        Entity::Baskets => "cart",
    }
}

/// Reads a JSON array of an entity whose objects come whole, and says how many rows it had.
fn objects(entity: Entity, body: &[u8], include_remote: bool) -> Result<(Objects, usize), ReadError> {
    Ok(match entity {
        Entity::Orders => {
            let list: Vec<Item<wire::Order<'_>>> = items(body, include_remote)?;
            let rows = list.len();
            let visible = list.into_iter().filter(|item| !status::is_hidden(&item.wire.status));
            (Objects::Orders(visible.map(map::order).collect()), rows)
        }
        Entity::Customers => {
            let customers: Vec<Customer> = items(body, include_remote)?.into_iter().map(map::customer).collect();
            let rows = customers.len();
            (Objects::Customers(customers), rows)
        }
        Entity::Categories => {
            let categories: Vec<Category> = items(body, include_remote)?.into_iter().map(map::category).collect();
            let rows = categories.len();
            (Objects::Categories(categories), rows)
        }
        Entity::Products | Entity::Inventory | Entity::Baskets => {
            return Err(ReadError::Unreadable("these objects do not come whole"));
        }
    })
}

/// Reads entities whose objects come whole in one answer.
fn read_plain(door: Door, request: Request, entity: Entity, fields: Option<&str>, include_remote: bool) -> Turn {
    let outbound = door.request(path(entity), &request, fields);
    Turn::ask(outbound, move |answer| {
        let body = success(&answer, &door.credential)?;
        match request {
            Request::One(_) => one(objects(entity, &in_brackets(body), include_remote)?.0),
            Request::Page { list, page, .. } => {
                let (objects, rows) = objects(entity, body, include_remote)?;
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
mod hook_tests;
#[cfg(test)]
mod select_tests;
#[cfg(test)]
pub(crate) mod tests;
#[cfg(test)]
mod write_tests;
