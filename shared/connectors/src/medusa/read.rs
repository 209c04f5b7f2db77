//! Unified reads.

use domain::model::{Entity, InventoryLevel};
use domain::money::Currency;
use http::StatusCode;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::door::{Door, checked_id, missing};
use super::{NAME, NO_BASKETS, PLATFORM, map, selection, wire};
use crate::connector::{Context, InboundResponse, Objects, Outcome, Read, ReadError, Refusal, Target, Turn, Verb};
use crate::cursor::List;
use crate::fields::Fields;
use crate::request::OutboundRequest;
use crate::upstream::{Item, item, items, success};

/// Where an entity is below `/admin/`. Stock is read through the variants that it is of.
pub(super) fn path_of(entity: Entity) -> &'static str {
    match entity {
        Entity::Products => "products",
        Entity::Orders => "orders",
        Entity::Customers => "customers",
        Entity::Categories => "product-categories",
        Entity::Inventory => "product-variants",
        // Has no reads: the catalogue says so before anything is asked.
        Entity::Baskets => "carts",
    }
}

/// `{"products": […], "count": 320, "offset": 0, "limit": 25}`; the name of the list is the entity's.
#[derive(Deserialize)]
pub(super) struct Envelope<'a> {
    #[serde(
        borrow,
        alias = "products",
        alias = "orders",
        alias = "customers",
        alias = "product_categories",
        alias = "variants"
    )]
    pub(super) rows: &'a RawValue,
    count: u64,
}

/// The list of an answer; an error when it is none, so that a page of some other server is not taken for an empty store.
pub(super) fn rows(body: &[u8]) -> Result<Envelope<'_>, ReadError> {
    serde_json::from_slice(body).map_err(|_| ReadError::Unreadable("not a list with its count"))
}

/// `{"product": {…}}`. A draft order that became an order is one.
#[derive(Deserialize)]
struct Single<'a> {
    #[serde(borrow, alias = "product", alias = "order", alias = "customer", alias = "product_category")]
    row: &'a RawValue,
}

/// A unified read.
pub(super) fn turn(context: &Context<'_>, read: &Read<'_>) -> Result<Turn, Refusal> {
    let verb = if matches!(read.target, Target::One(_)) { Verb::Get } else { Verb::List };
    PLATFORM.supports(read.entity, verb).map_err(Refusal::NotSupported)?;
    let door = Door::open(context)?;
    let (entity, remote) = (read.entity, read.include_remote);
    let fields = fields(entity, read.fields, remote);
    match read.target {
        Target::One(id) => Ok(one(door, entity, checked_id(id)?, &fields, remote)),
        Target::Page { per_page, cursor, updated_after } => {
            let list = List { platform: NAME, entity, per_page, updated_after };
            page(door, list, cursor, &fields, remote)
        }
    }
}

/// What to ask for of an entity.
pub(super) fn fields(entity: Entity, chosen: Option<&Fields>, include_remote: bool) -> String {
    let parts = match entity {
        Entity::Products => selection::PRODUCT,
        Entity::Orders => selection::ORDER,
        Entity::Customers => selection::CUSTOMER,
        Entity::Categories => selection::CATEGORY,
        Entity::Inventory | Entity::Baskets => selection::INVENTORY,
    };
    selection::fields(parts, chosen, include_remote)
}

fn page(door: Door, list: List, cursor: Option<&str>, fields: &str, remote: bool) -> Result<Turn, Refusal> {
    let page = list.page(cursor)?;
    let offset = (u64::from(page) - 1) * u64::from(list.per_page);
    let (limit, start) = (list.per_page.to_string(), offset.to_string());
    let mut query = vec![("limit", limit.as_str()), ("offset", &start), ("order", "id"), ("fields", fields)];
    let after = match (list.updated_after, list.entity) {
        (Some(_), Entity::Inventory) => {
            return Err(Refusal::FilterNotSupported("Medusa dates its stock, but cannot filter by the date."));
        }
        (time, _) => time.map(|time| time.to_string()),
    };
    if let Some(time) = &after {
        query.push(("updated_at[$gt]", time));
    }
    let request = door.get(path_of(list.entity), &query);
    Ok(with_currency(door, request, fields, move |body, currency| {
        let envelope = rows(body)?;
        let (objects, rows) = objects(list.entity, envelope.rows.get().as_bytes(), remote, currency)?;
        // An empty page ends the list whatever the count says, so that a wrong count cannot make a client run for ever.
        let has_next = rows > 0 && offset + rows < envelope.count;
        let next_cursor = if has_next { list.cursor(page + 1) } else { None };
        Ok(Turn::Done(Outcome::Page { objects, next_cursor }))
    }))
}

/// Reads the object with an id.
pub(super) fn one(door: Door, entity: Entity, id: &str, fields: &str, remote: bool) -> Turn {
    let request = match entity {
        Entity::Inventory => door.get(path_of(entity), &[("id", id), ("limit", "1"), ("fields", fields)]),
        _ => door.get(&format!("{}/{id}", path_of(entity)), &[("fields", fields)]),
    };
    with_currency(door, request, fields, move |body, currency| single(entity, body, remote, currency))
}

/// The outcome of an answer that holds one object.
pub(super) fn single(entity: Entity, body: &[u8], remote: bool, currency: Option<Currency>) -> Result<Turn, ReadError> {
    if entity == Entity::Inventory {
        let row = items::<wire::Variant<'_>>(rows(body)?.rows.get().as_bytes(), remote)?.into_iter().next();
        let level = row.and_then(map::inventory_total).ok_or_else(missing)?;
        return Ok(Turn::Done(Outcome::One(Objects::Inventory(vec![level]))));
    }
    let single: Single<'_> = serde_json::from_slice(body).map_err(|_| ReadError::Unreadable("not one object"))?;
    let row = single.row.get().as_bytes();
    let objects = match entity {
        Entity::Products => Objects::Products(vec![map::product(item(row, remote)?, currency)]),
        Entity::Customers => Objects::Customers(vec![map::customer(item(row, remote)?)]),
        Entity::Categories => Objects::Categories(vec![map::category(item(row, remote)?)]),
        Entity::Orders => {
            let order: Item<wire::Order<'_>> = item(row, remote)?;
            if map::is_draft(&order.wire) {
                return Err(missing());
            }
            Objects::Orders(vec![map::order(order)])
        }
        Entity::Inventory | Entity::Baskets => return Err(ReadError::Unreadable(NO_BASKETS)),
    };
    Ok(Turn::Done(Outcome::One(objects)))
}

/// The objects of a list, and how many rows it had before any were left out or split.
fn objects(entity: Entity, rows: &[u8], remote: bool, currency: Option<Currency>) -> Result<(Objects, u64), ReadError> {
    fn all<T, U>(items: Vec<Item<T>>, map: impl FnMut(Item<T>) -> U) -> (Vec<U>, u64) {
        let count = items.len() as u64;
        (items.into_iter().map(map).collect(), count)
    }
    Ok(match entity {
        Entity::Products => {
            let (products, count) = all(items(rows, remote)?, |row| map::product(row, currency));
            (Objects::Products(products), count)
        }
        Entity::Orders => {
            let orders: Vec<Item<wire::Order<'_>>> = items(rows, remote)?;
            let count = orders.len() as u64;
            let visible = orders.into_iter().filter(|order| !map::is_draft(&order.wire));
            (Objects::Orders(visible.map(map::order).collect()), count)
        }
        Entity::Customers => {
            let (customers, count) = all(items(rows, remote)?, map::customer);
            (Objects::Customers(customers), count)
        }
        Entity::Categories => {
            let (categories, count) = all(items(rows, remote)?, map::category);
            (Objects::Categories(categories), count)
        }
        Entity::Inventory => {
            let (levels, count) = all(items(rows, remote)?, map::inventory_levels);
            let levels: Vec<InventoryLevel> = levels.into_iter().flatten().collect();
            (Objects::Inventory(levels), count)
        }
        Entity::Baskets => return Err(ReadError::Unreadable(NO_BASKETS)),
    })
}

/// What the store says of itself.
pub(super) fn store_request(door: &Door) -> OutboundRequest {
    let fields =
        "supported_currencies.currency_code,supported_currencies.is_default,default_sales_channel_id,default_region_id";
    door.get("stores", &[("limit", "1"), ("fields", fields)])
}

/// The store's own currency; `None` when the key may not ask for it.
pub(super) fn store_currency(answer: &InboundResponse, door: &Door) -> Result<Option<Currency>, ReadError> {
    if matches!(answer.status, StatusCode::FORBIDDEN | StatusCode::NOT_FOUND) {
        return Ok(None);
    }
    let stores: wire::Stores<'_> = serde_json::from_slice(success(answer, &door.credential)?)
        .map_err(|_| ReadError::Unreadable("not the store's settings"))?;
    let currencies = stores.stores.into_iter().flat_map(|store| store.supported_currencies);
    let default = currencies.into_iter().find(|currency| currency.is_default == Some(true));
    Ok(default.and_then(|currency| map::currency(&currency.currency_code)))
}

/// Sends a request and, where prices were asked for, a second one beside it for the store's currency.
fn with_currency(
    door: Door,
    request: OutboundRequest,
    fields: &str,
    then: impl FnOnce(&[u8], Option<Currency>) -> Result<Turn, ReadError> + Send + 'static,
) -> Turn {
    let has_prices = fields.contains("variants.prices.");
    if !has_prices {
        return Turn::ask(request, move |answer| then(success(&answer, &door.credential)?, None));
    }
    let requests = vec![request, store_request(&door)];
    let then = move |answers: Vec<InboundResponse>| match answers.as_slice() {
        [answer, store] => {
            let body = success(answer, &door.credential)?;
            then(body, store_currency(store, &door)?)
        }
        _ => Err(ReadError::Unreadable("an answer is missing")),
    };
    Turn::Send { requests, then: Box::new(then) }
}
