//! Baskets of a WooCommerce store, through the plugin CoCart (`platforms.md` 2.1). A basket's id is its cart key.
//!
//! A guest's cart is read and written as the guest, without the store's keys; CoCart would take whoever brings them for their owner. Only its
//! sessions want them: the list of all carts, a customer's cart, and the deletion. Reading an unknown key shows an empty cart there, so an
//! empty one is looked up among the sessions before it is believed.

mod map;
mod wire;
mod write;

use domain::model::{Basket, Entity};
use http::{Method, StatusCode};
use serde::Deserialize;

use super::{Door, NAME};
use crate::connector::{InboundResponse, Objects, Outcome, Read, ReadError, Refusal, Target, Turn};
use crate::cursor::List;
use crate::upstream::{Item, item, items, refused, success};
pub(super) use write::write;

const MISSING: &str = "The store has no baskets for this interface: the plugin CoCart is not active there.";

/// What comes after a basket was found.
type Found = Box<dyn FnOnce(Door, Basket) -> Result<Turn, ReadError> + Send>;

pub(super) fn read(door: Door, read: &Read<'_>) -> Result<Turn, Refusal> {
    let include_remote = read.include_remote;
    match read.target {
        Target::One(id) => {
            let key = checked(id)?;
            let show = |_, basket| Ok(Turn::Done(Outcome::One(Objects::Baskets(vec![basket]))));
            Ok(find(door, key, include_remote, Box::new(show)))
        }
        Target::Page { updated_after: Some(_), .. } => {
            Err(Refusal::FilterNotSupported("CoCart keeps no time of change for carts."))
        }
        Target::Page { per_page, cursor, updated_after: None } => {
            let list = List { platform: NAME, entity: Entity::Baskets, per_page, updated_after: None };
            let page = list.page(cursor)?;
            // Lines and sums are not in the list of sessions.
            let is_thin = read.fields.is_some_and(|fields| {
                !include_remote && ["customer", "currency", "lines", "totals"].iter().all(|name| !fields.wants(name))
            });
            Ok(sessions(door, list, page, is_thin, include_remote))
        }
    }
}

/// A cart key: CoCart makes them of at most 42 letters, digits and underscores.
fn checked(id: &str) -> Result<String, Refusal> {
    let is_key = (1..=42).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if is_key { Ok(id.to_owned()) } else { Err(Refusal::Id) }
}

/// The error of an answer; that CoCart is missing is told from WordPress's "no such route".
fn failed(answer: &InboundResponse, door: &Door) -> ReadError {
    #[derive(Deserialize)]
    struct Coded<'a> {
        #[serde(borrow)]
        code: std::borrow::Cow<'a, str>,
    }
    let is_missing = answer.status == StatusCode::NOT_FOUND
        && serde_json::from_slice::<Coded<'_>>(&answer.body).is_ok_and(|error| error.code == "rest_no_route");
    if is_missing {
        return ReadError::Refused(Refusal::NotSupported(MISSING));
    }
    refused(answer, &door.credential)
}

/// The basket that an answer of a cart route shows.
fn shown(answer: &InboundResponse, include_remote: bool) -> Result<Basket, ReadError> {
    let cart: Item<wire::Cart<'_>> = item(&answer.body, include_remote)?;
    map::basket(cart, None, map::expiry(&answer.headers))
}

/// Finds a basket by its key.
fn find(door: Door, key: String, include_remote: bool, found: Found) -> Turn {
    let ask = door.guest(Method::GET, "cart", Some(&key), bytes::Bytes::new());
    Turn::ask(ask, move |answer| {
        let mut unit = None;
        if answer.status.is_success() {
            let cart: Item<wire::Cart<'_>> = item(&answer.body, include_remote)?;
            unit = map::unit(&cart.wire);
            if cart.wire.key().as_ref() == Some(&key) && !cart.wire.items.0.is_empty() {
                let basket = map::basket(cart, None, map::expiry(&answer.headers))?;
                return found(door, basket);
            }
        } else if let error @ ReadError::Refused(_) = failed(&answer, &door) {
            return Err(error);
        }
        // Empty or a customer's: the sessions know whether it is there.
        let session = door.session(Method::GET, &format!("session/{key}"));
        let expires_at = map::expiry(&answer.headers);
        Ok(Turn::ask(session, move |answer| {
            if !answer.status.is_success() {
                return Err(failed(&answer, &door));
            }
            let cart: Item<wire::Cart<'_>> = item(&answer.body, include_remote)?;
            let basket = map::basket(cart, unit, expires_at)?;
            found(door, basket)
        }))
    })
}

/// A page of all sessions: CoCart gives them all at once and thin, so that each of the page is read by itself, together. A session does not
/// name its currency; an anonymous cart does.
fn sessions(door: Door, list: List, page: u32, is_thin: bool, include_remote: bool) -> Turn {
    let requests =
        vec![door.session(Method::GET, "sessions"), door.guest(Method::GET, "cart", None, bytes::Bytes::new())];
    let then = move |answers: Vec<InboundResponse>| {
        let [sessions, anonymous] =
            <[InboundResponse; 2]>::try_from(answers).map_err(|_| ReadError::Unreadable("an answer is missing"))?;
        if !sessions.status.is_success() {
            // No carts at all are a 404 of CoCart's own.
            return match failed(&sessions, &door) {
                ReadError::Upstream { status: StatusCode::NOT_FOUND, .. } => Ok(page_of(Vec::new(), None)),
                error => Err(error),
            };
        }
        let body = success(&anonymous, &door.credential)?;
        let unit = map::unit(&item::<wire::Cart<'_>>(body, false)?.wire);
        let mut rows: Vec<Item<wire::Session<'_>>> = items(&sessions.body, false)?;
        rows.sort_by_key(|row| row.wire.number());
        let per_page = usize::from(list.per_page);
        let start = usize::try_from(page - 1).unwrap_or(usize::MAX).saturating_mul(per_page);
        let has_next = rows.len() > start.saturating_add(per_page);
        let rows: Vec<Basket> = rows.into_iter().skip(start).take(per_page).map(|row| map::session(row.wire)).collect();
        let next_cursor = if has_next { list.cursor(page + 1) } else { None };
        if rows.is_empty() || is_thin {
            return Ok(page_of(rows, next_cursor));
        }
        let requests = rows.iter().map(|row| door.session(Method::GET, &format!("session/{}", row.id))).collect();
        let then = move |answers: Vec<InboundResponse>| {
            let mut baskets = Vec::with_capacity(rows.len());
            for (row, answer) in rows.into_iter().zip(answers) {
                // Bought or expired since the list was made.
                if answer.status == StatusCode::NOT_FOUND {
                    continue;
                }
                let cart: Item<wire::Cart<'_>> = item(success(&answer, &door.credential)?, include_remote)?;
                let basket = map::basket(cart, unit, row.expires_at)?;
                baskets.push(Basket { customer: basket.customer.or(row.customer), ..basket });
            }
            Ok(page_of(baskets, next_cursor))
        };
        Ok(Turn::Send { requests, then: Box::new(then) })
    };
    Turn::Send { requests, then: Box::new(then) }
}

fn page_of(baskets: Vec<Basket>, next_cursor: Option<String>) -> Turn {
    Turn::Done(Outcome::Page { objects: Objects::Baskets(baskets), next_cursor })
}

#[cfg(test)]
mod tests;
