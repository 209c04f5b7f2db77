//! Unified reads: what to ask, and how the answers become a page or one object.

use domain::model::{Category, Customer, Entity, InventoryLevel, Order};
use jiff::Timestamp;

use super::{Door, NAME, baskets, map, not_found, orders, products, wire};
use crate::connector::{InboundResponse, Objects, Outcome, Read, ReadError, Refusal, Target, Turn};
use crate::cursor::List;
use crate::fields::Fields;
use crate::request::OutboundRequest;
use crate::upstream::{Item, item, items, success};

/// The most addresses that a customer shows; more come from a call of their own.
const SHOWN_ADDRESSES: usize = 10;

/// The most rows that v3 gives at once.
const MOST: &str = "250";

/// What to read, checked.
pub(super) enum Place {
    /// A page by number, from 1.
    Page(List, u32),
    /// A page of what has a higher id; 0 for the first.
    After(List, u64),
    /// The one with this id.
    One(String),
}

pub(super) fn read(door: Door, read: &Read<'_>) -> Result<Turn, Refusal> {
    let remote = read.include_remote;
    if read.entity == Entity::Baskets {
        let Target::One(id) = read.target else { return Err(Refusal::NotSupported(super::NO_BASKET_LIST)) };
        return Ok(baskets::read(door, baskets::id(id)?, remote));
    }
    let place = match read.target {
        Target::Page { per_page, cursor, updated_after } => {
            let list = List { platform: NAME, entity: read.entity, per_page, updated_after };
            let cannot_filter = matches!(read.entity, Entity::Categories | Entity::Inventory);
            if cannot_filter && updated_after.is_some() {
                return Err(Refusal::FilterNotSupported("BigCommerce keeps no time of change for these objects."));
            }
            match read.entity {
                Entity::Products | Entity::Orders => Place::After(list, after(&list, cursor)?),
                _ => Place::Page(list, list.page(cursor)?),
            }
        }
        Target::One(id) => Place::One(number(id)?.to_owned()),
    };
    Ok(match read.entity {
        Entity::Products => products::read(door, place, products::Wanted::of(read.fields, remote), remote),
        Entity::Orders => orders(door, place, read.fields, remote),
        Entity::Customers => customers(door, place, read.fields, remote),
        Entity::Categories => categories(door, place, remote),
        Entity::Inventory | Entity::Baskets => inventory(door, place, remote),
    })
}

/// An id of BigCommerce's: a whole number.
pub(super) fn number(id: &str) -> Result<&str, Refusal> {
    let is_number = (1..=19).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { Ok(id) } else { Err(Refusal::Id) }
}

/// The id after which the page starts.
fn after(list: &List, cursor: Option<&str>) -> Result<u64, Refusal> {
    match list.token(cursor)? {
        None => Ok(0),
        Some(token) => token.parse().map_err(|_| Refusal::Cursor),
    }
}

impl Place {
    /// The query that asks for the place, of what v3 lists.
    pub(super) fn v3_query(&self, by_id: &'static str) -> Vec<(&'static str, String)> {
        let mut query = match self {
            Self::Page(list, page) => vec![("page", page.to_string()), ("limit", list.per_page.to_string())],
            Self::After(list, after) => vec![
                ("id:greater", after.to_string()),
                ("limit", list.per_page.to_string()),
                ("sort", "id".to_owned()),
                ("direction", "asc".to_owned()),
            ],
            Self::One(id) => vec![(by_id, id.clone())],
        };
        if let Self::Page(List { updated_after: Some(time), .. }, _)
        | Self::After(List { updated_after: Some(time), .. }, _) = self
        {
            query.push(("date_modified:min", v3_time(*time)));
        }
        query
    }

    /// The cursor of the page after these rows of a list that is read by id; the page started after `start`. `left` is how many rows there were
    /// from the page's start on. A page that does not get further than the one before ends the list: it would begin again for ever.
    pub(super) fn next_by_id(
        list: &List,
        start: u64,
        ids: impl Iterator<Item = u64>,
        rows: usize,
        left: Option<usize>,
    ) -> Option<String> {
        let has_next = left.map_or(rows >= usize::from(list.per_page), |left| left > rows);
        let last = ids.max().filter(|last| has_next && *last > start)?;
        Some(list.token_cursor(&last.to_string()))
    }

    /// What rows and the answer's `meta` end with.
    fn end(self, objects: Objects, meta: &wire::Meta) -> Result<Turn, ReadError> {
        match self {
            Self::One(_) => one(objects),
            Self::Page(list, page) => {
                let has_next = meta.pagination.as_ref().is_some_and(|pagination| page < pagination.total_pages);
                let next_cursor = if has_next { list.cursor(page + 1) } else { None };
                Ok(Turn::Done(Outcome::Page { objects, next_cursor }))
            }
            Self::After(..) => Ok(Turn::Done(Outcome::Page { objects, next_cursor: None })),
        }
    }
}

/// Customers take a time without zone, which is UTC; products take the same.
fn v3_time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S").to_string()
}

/// A request with owned values.
pub(super) fn get(door: &Door, path: &str, query: &[(&'static str, String)]) -> OutboundRequest {
    let query: Vec<(&str, &str)> = query.iter().map(|(name, value)| (*name, value.as_str())).collect();
    door.get(path, &query)
}

/// The first of a list by id, or 404.
pub(super) fn one(objects: Objects) -> Result<Turn, ReadError> {
    if objects.is_empty() { Err(not_found()) } else { Ok(Turn::Done(Outcome::One(objects))) }
}

pub(super) fn categories(door: Door, place: Place, remote: bool) -> Turn {
    let request = get(&door, "v3/catalog/trees/categories", &place.v3_query("category_id:in"));
    Turn::ask(request, move |answer| {
        let envelope = door.envelope(&answer)?;
        let rows: Vec<Item<wire::Category<'_>>> = items(envelope.data.get().as_bytes(), remote)?;
        let categories: Vec<Category> = rows.into_iter().map(map::category).collect();
        place.end(Objects::Categories(categories), &envelope.meta)
    })
}

/// A page has a level for each location of each variant; it may be longer than `per_page`, which counts variants. One level is read by the
/// id of a variant: where several locations keep it, their sum without a location.
pub(super) fn inventory(door: Door, place: Place, remote: bool) -> Turn {
    let request = get(&door, "v3/inventory/items", &place.v3_query("variant_id:in"));
    Turn::ask(request, move |answer| {
        let envelope = door.envelope(&answer)?;
        let rows: Vec<Item<wire::InventoryItem<'_>>> = items(envelope.data.get().as_bytes(), remote)?;
        let mut levels: Vec<InventoryLevel> = Vec::with_capacity(rows.len());
        for row in &rows {
            levels.extend(map::inventory_levels(row)?);
        }
        let levels =
            if matches!(place, Place::One(_)) { map::over_all_locations(levels).into_iter().collect() } else { levels };
        place.end(Objects::Inventory(levels), &envelope.meta)
    })
}

/// Customers cannot be sorted by id; without a sort they come in the order of their ids, where rows that share a date cannot change places.
pub(super) fn customers(door: Door, place: Place, fields: Option<&Fields>, remote: bool) -> Turn {
    let wants_addresses = remote || fields.is_none_or(|fields| fields.wants("addresses"));
    let mut query = place.v3_query("id:in");
    if wants_addresses {
        query.push(("include", "addresses".to_owned()));
    }
    Turn::ask(get(&door, "v3/customers", &query), move |answer| {
        let envelope = door.envelope(&answer)?;
        let rows: Vec<Item<wire::Customer<'_>>> = items(envelope.data.get().as_bytes(), remote)?;
        let has_more = |row: &Item<wire::Customer<'_>>| wants_addresses && row.wire.address_count > SHOWN_ADDRESSES;
        let incomplete: Vec<bool> = rows.iter().map(has_more).collect();
        let customers: Vec<Customer> = rows.into_iter().map(map::customer).collect();
        all_addresses(door, place, customers, &incomplete, envelope.meta)
    })
}

/// Fetches the addresses of customers that show only some of them, all at once.
fn all_addresses(
    door: Door,
    place: Place,
    mut customers: Vec<Customer>,
    incomplete: &[bool],
    meta: wire::Meta,
) -> Result<Turn, ReadError> {
    let wanted: Vec<usize> = (0..customers.len()).filter(|index| incomplete[*index]).collect();
    if wanted.is_empty() {
        return place.end(Objects::Customers(customers), &meta);
    }
    let request = |index: &usize| {
        door.get("v3/customers/addresses", &[("customer_id:in", customers[*index].id.as_str()), ("limit", MOST)])
    };
    let requests = wanted.iter().map(request).collect();
    let then = move |answers: Vec<InboundResponse>| {
        for (index, answer) in wanted.into_iter().zip(&answers) {
            let envelope = door.envelope(answer)?;
            let rows: Vec<Item<wire::CustomerAddress<'_>>> = items(envelope.data.get().as_bytes(), false)?;
            customers[index].addresses = rows.into_iter().map(|row| map::address(row.wire)).collect();
        }
        place.end(Objects::Customers(customers), &meta)
    };
    Ok(Turn::Send { requests, then: Box::new(then) })
}

/// Orders with lines and addresses in the same answer, then the refunds of those that have some in one more.
pub(super) fn orders(door: Door, place: Place, fields: Option<&Fields>, remote: bool) -> Turn {
    let wants = |path: &str| remote || fields.is_none_or(|fields| fields.wants(path));
    let wants_refunds = wants("refunds");
    let mut query: Vec<(&'static str, String)> = Vec::new();
    if wants("lines") || wants("shipping") || wants("shipping_lines") {
        query.push(("include", "consignments.line_items".to_owned()));
        query.push(("consignment_structure", "object".to_owned()));
    }
    let path = match &place {
        Place::One(id) => format!("v2/orders/{id}"),
        Place::After(list, after) => {
            query.push(("min_id", after.saturating_add(1).to_string()));
            query.push(("sort", "id:asc".to_owned()));
            query.push(("limit", list.per_page.to_string()));
            if let Some(time) = list.updated_after {
                query.push(("min_date_modified", time.strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string()));
            }
            "v2/orders".to_owned()
        }
        Place::Page(..) => "v2/orders".to_owned(),
    };
    Turn::ask(get(&door, &path, &query), move |answer| {
        let body = success(&answer, &door.credential)?;
        let rows: Vec<Item<wire::Order<'_>>> = match place {
            Place::One(_) => vec![item(body, remote)?],
            // 204: there are none.
            _ if body.is_empty() => Vec::new(),
            _ => items(body, remote)?,
        };
        let next_cursor = match &place {
            Place::After(list, start) => {
                let ids = rows.iter().filter_map(|row| row.wire.id.clone().into_string().parse().ok());
                Place::next_by_id(list, *start, ids, rows.len(), None)
            }
            Place::One(_) | Place::Page(..) => None,
        };
        let visible = rows.into_iter().filter(|row| !orders::is_hidden(&row.wire));
        let found: Vec<Order> = visible.map(orders::order).collect();
        let is_one = matches!(place, Place::One(_));
        let end = move |orders| match is_one {
            true => one(Objects::Orders(orders)),
            false => Ok(Turn::Done(Outcome::Page { objects: Objects::Orders(orders), next_cursor })),
        };
        with_refunds(door, found, wants_refunds, end)
    })
}

fn with_refunds(
    door: Door,
    mut found: Vec<Order>,
    wants_refunds: bool,
    end: impl FnOnce(Vec<Order>) -> Result<Turn, ReadError> + Send + 'static,
) -> Result<Turn, ReadError> {
    let ids: Vec<&str> =
        found.iter().filter(|order| orders::has_refunds(order)).map(|order| order.id.as_str()).collect();
    if ids.is_empty() || !wants_refunds {
        return end(found);
    }
    let request = door.get("v3/orders/payment_actions/refunds", &[("order_id:in", &ids.join(",")), ("limit", MOST)]);
    Ok(Turn::ask(request, move |answer| {
        let envelope = door.envelope(&answer)?;
        orders::add_refunds(&mut found, items(envelope.data.get().as_bytes(), false)?);
        end(found)
    }))
}
