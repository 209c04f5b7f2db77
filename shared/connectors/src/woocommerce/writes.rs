//! Writing one object.
//!
//! A product or order that is deleted goes to the store's trash: it can be restored there for 30 days, and only so do the store's webhooks tell
//! of it (a forced delete is silent, `platforms.md` 0.3). For this interface it is gone at once. Categories and customers have no trash.

use domain::model::Entity;
use domain::model::input::InventoryInput;
use http::StatusCode;
use serde::Serialize;

use super::{Door, body, cocart, in_brackets, map, objects, one, path, product_writes, wire};
use crate::connector::{Objects, Outcome, Refusal, Turn};
use crate::request::OutboundRequest;
use crate::upstream::{IdText, Item, item, success};
use crate::write::{Action, Input, Write};

pub(super) fn write(door: Door, write: Write<'_>) -> Result<Turn, Refusal> {
    let Write { entity, action, include_remote } = write;
    if entity == Entity::Baskets {
        return cocart::write(door, action, include_remote);
    }
    let (id, input) = match action {
        Action::Create(input) => (None, input),
        Action::Update { id, input } => (Some(checked(id)?), input),
        Action::Delete { id } => return Ok(delete(door, entity, checked(id)?)),
    };
    let request = match input {
        Input::Product(input) => return product_writes::write(door, id, *input, include_remote),
        Input::Inventory(input) => return stock(door, id.as_deref(), &input, include_remote),
        Input::Order(input) => request(&door, entity, id.as_deref(), &body::Order::new(*input, id.is_none())?),
        Input::Customer(input) => request(&door, entity, id.as_deref(), &body::Customer::new(*input)?),
        Input::Category(input) => request(&door, entity, id.as_deref(), &body::Category::new(input)?),
        Input::Basket(_) => return Err(Refusal::NotSupported("A basket is written as a basket.")),
    };
    Ok(Turn::ask(request, move |answer| {
        let object = in_brackets(success(&answer, &door.credential)?);
        one(objects(entity, &object, include_remote)?.0)
    }))
}

/// An id as WooCommerce has them.
pub(super) fn checked(id: &str) -> Result<String, Refusal> {
    body::number(id, String::new).map(|_| id.to_owned()).map_err(|_| Refusal::Id)
}

fn request(door: &Door, entity: Entity, id: Option<&str>, body: &impl Serialize) -> OutboundRequest {
    match id {
        None => door.post(path(entity), body),
        Some(id) => door.put(&format!("{}/{id}", path(entity)), body),
    }
}

fn delete(door: Door, entity: Entity, id: String) -> Turn {
    let path = format!("{}/{id}", path(entity));
    let forced = door.delete(&path, &[("force", "true")]);
    let has_trash = matches!(entity, Entity::Products | Entity::Orders);
    let first = if has_trash { door.delete(&path, &[]) } else { forced.clone() };
    Turn::ask(first, move |answer| {
        // A store can be set up without a trash; WooCommerce answers 501 then.
        if has_trash && answer.status == StatusCode::NOT_IMPLEMENTED {
            return Ok(Turn::ask(forced, move |answer| {
                success(&answer, &door.credential)?;
                Ok(Turn::Done(Outcome::Deleted))
            }));
        }
        success(&answer, &door.credential)?;
        Ok(Turn::Done(Outcome::Deleted))
    })
}

/// Sets a stock level. Whether the id is a product's or a variation's only the store knows, and a variation is written below its product.
fn stock(door: Door, id: Option<&str>, input: &InventoryInput, include_remote: bool) -> Result<Turn, Refusal> {
    let Some(id) = id.map(str::to_owned) else {
        return Err(Refusal::NotSupported("A stock level comes and goes with its product or variant."));
    };
    let stock = body::Stock::new(&input.available, None);
    let lookup = door.get(&format!("products/{id}"), &[("_fields", "id,parent_id")]);
    Ok(Turn::ask(lookup, move |answer| {
        let place = place(&id, parent(success(&answer, &door.credential)?)?.as_deref());
        Ok(Turn::ask(door.put(&place, &stock), move |answer| {
            let row: Item<wire::Product<'_>> = item(success(&answer, &door.credential)?, include_remote)?;
            Ok(Turn::Done(Outcome::One(Objects::Inventory(vec![map::inventory_level(&row.wire, row.remote)]))))
        }))
    }))
}

/// Where the object with this id is written.
pub(super) fn place(id: &str, parent: Option<&str>) -> String {
    match parent {
        Some(parent) => format!("products/{parent}/variations/{id}"),
        None => format!("products/{id}"),
    }
}

/// The product that a variation belongs to; `None` for a product.
pub(super) fn parent(object: &[u8]) -> Result<Option<String>, crate::connector::ReadError> {
    let row: Item<wire::Place<'_>> = item(object, false)?;
    Ok(row.wire.parent_id.and_then(IdText::unless_zero))
}
