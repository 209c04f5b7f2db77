//! Unified reads: what to ask, and how the answers become a page or one object.

use domain::model::{Category, Customer, Entity, Order};
use http::StatusCode;

use super::search::{MOST, Search};
use super::{Door, NAME, map, orders, products, stock, wire};
use crate::connector::{Objects, Outcome, Read, ReadError, Refusal, Target, Turn};
use crate::cursor::List;
use crate::fields::Fields;
use crate::upstream::{Item, item, items, success};

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
    let place = match read.target {
        Target::Page { per_page, cursor, updated_after } => {
            let list = List { platform: NAME, entity: read.entity, per_page, updated_after };
            match read.entity {
                Entity::Inventory if updated_after.is_some() => {
                    return Err(Refusal::FilterNotSupported("Magento keeps no time of change for stock."));
                }
                Entity::Inventory => Place::Page(list, list.page(cursor)?),
                _ => Place::After(list, after(&list, cursor)?),
            }
        }
        Target::One(id) => Place::One(number(id)?.to_owned()),
    };
    Ok(match read.entity {
        Entity::Products => products::read(door, place, products::Wanted::of(read.fields, remote), remote),
        Entity::Orders => orders(door, place, read.fields, remote),
        Entity::Customers => customers(door, place, remote),
        Entity::Categories => categories(door, place, remote),
        Entity::Inventory => stock::read(door, place, remote),
        Entity::Baskets => return Err(Refusal::NotSupported(super::NO_BASKETS)),
    })
}

/// An id of Magento's: a whole number.
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
    /// The search for the place.
    pub(super) fn search(&self) -> Search {
        match self {
            Self::One(id) => Search::of(1).filter("entity_id", "eq", id),
            Self::Page(list, page) => {
                Search::of(list.per_page.into()).page(usize::try_from(*page).unwrap_or(usize::MAX))
            }
            Self::After(list, start) => Search::of(list.per_page.into())
                .filter("entity_id", "gt", &start.to_string())
                .updated_after(list.updated_after)
                .sorted_by("entity_id"),
        }
    }

    /// The cursor of the page after these rows of a list; the page started after `start`, and there were `left` rows from there on. A page
    /// that does not get further than the one before ends the list: it would begin again for ever.
    pub(super) fn next(
        list: &List,
        start: u64,
        ids: impl Iterator<Item = u64>,
        rows: usize,
        left: usize,
    ) -> Option<String> {
        let last = ids.max().filter(|last| left > rows && *last > start)?;
        Some(list.token_cursor(&last.to_string()))
    }

    /// What a list of rows with their ids ends with.
    fn end(&self, objects: Objects, ids: &[u64], left: usize) -> Result<Turn, ReadError> {
        let next_cursor = match self {
            Self::After(list, start) => Self::next(list, *start, ids.iter().copied(), ids.len(), left),
            Self::One(_) | Self::Page(..) => None,
        };
        Ok(Turn::Done(Outcome::Page { objects, next_cursor }))
    }
}

/// The one, or 404.
pub(super) fn one(objects: Objects) -> Result<Turn, ReadError> {
    if objects.is_empty() {
        return Err(ReadError::Upstream { status: StatusCode::NOT_FOUND, retry_after: None, text: String::new() });
    }
    Ok(Turn::Done(Outcome::One(objects)))
}

pub(super) fn categories(door: Door, place: Place, remote: bool) -> Turn {
    if let Place::One(id) = &place {
        let request = door.get(&format!("categories/{id}"));
        return Turn::ask(request, move |answer| {
            let row: Item<wire::Category<'_>> = item(success(&answer, &door.credential)?, remote)?;
            one(Objects::Categories(vec![map::category(row)]))
        });
    }
    Turn::ask(door.search("categories/list", &place.search()), move |answer| {
        let (rows, left) = door.found(&answer)?;
        let rows: Vec<Item<wire::Category<'_>>> = items(rows, remote)?;
        let all: Vec<Category> = rows.into_iter().map(map::category).collect();
        let ids: Vec<u64> = all.iter().filter_map(|category| category.id.parse().ok()).collect();
        let shown = all.into_iter().filter(|category| category.id != map::ROOT).collect();
        place.end(Objects::Categories(shown), &ids, left)
    })
}

pub(super) fn customers(door: Door, place: Place, remote: bool) -> Turn {
    if let Place::One(id) = &place {
        let request = door.get(&format!("customers/{id}"));
        return Turn::ask(request, move |answer| {
            let row: Item<wire::Customer<'_>> = item(success(&answer, &door.credential)?, remote)?;
            one(Objects::Customers(vec![map::customer(row)]))
        });
    }
    Turn::ask(door.search("customers/search", &place.search()), move |answer| {
        let (rows, left) = door.found(&answer)?;
        let rows: Vec<Item<wire::Customer<'_>>> = items(rows, remote)?;
        let found: Vec<Customer> = rows.into_iter().map(map::customer).collect();
        let ids: Vec<u64> = found.iter().filter_map(|customer| customer.id.parse().ok()).collect();
        place.end(Objects::Customers(found), &ids, left)
    })
}

/// Orders come whole; the refunds of those that have some by one search more.
pub(super) fn orders(door: Door, place: Place, fields: Option<&Fields>, remote: bool) -> Turn {
    let wants_refunds = remote || fields.is_none_or(|fields| fields.wants("refunds"));
    let request = match &place {
        Place::One(id) => door.get(&format!("orders/{id}")),
        listed => door.search("orders", &listed.search()),
    };
    Turn::ask(request, move |answer| {
        let (rows, left): (Vec<Item<wire::Order<'_>>>, usize) = match &place {
            Place::One(_) => (vec![item(success(&answer, &door.credential)?, remote)?], 0),
            _ => {
                let (rows, left) = door.found(&answer)?;
                (items(rows, remote)?, left)
            }
        };
        let mut found: Vec<Order> = rows.into_iter().map(orders::order).collect();
        let ids: Vec<u64> = found.iter().filter_map(|order| order.id.parse().ok()).collect();
        let end = move |orders: Vec<Order>| match place {
            Place::One(_) => one(Objects::Orders(orders)),
            listed => listed.end(Objects::Orders(orders), &ids, left),
        };
        let refunded: Vec<&str> =
            found.iter().filter(|order| orders::has_refunds(order)).map(|order| order.id.as_str()).collect();
        if refunded.is_empty() || !wants_refunds {
            return end(found);
        }
        let search = Search::of(MOST).filter("order_id", "in", &refunded.join(","));
        Ok(Turn::ask(door.search("creditmemos", &search), move |answer| {
            orders::add_refunds(&mut found, items(door.found(&answer)?.0, false)?);
            end(found)
        }))
    })
}
