//! Carts: read and written by their id, one item a call.

use std::collections::VecDeque;

use domain::model::input::{BasketInput, BasketLineInput};
use http::Method;
use serde::Serialize;

use super::writes::{field, id_number, in_order};
use super::{Door, map, wire};
use crate::connector::{Objects, Outcome, ReadError, Refusal, Turn};
use crate::request::OutboundRequest;
use crate::upstream::{IdText, Item, item};

/// A cart's id: a UUID.
pub(super) fn id(text: &str) -> Result<&str, Refusal> {
    let is_uuid = text.len() == 36
        && text.bytes().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        });
    if is_uuid { Ok(text) } else { Err(Refusal::Id) }
}

pub(super) fn read(door: Door, id: &str, remote: bool) -> Turn {
    let request = door.get(&format!("v3/carts/{id}"), &[("include", "redirect_urls")]);
    Turn::ask(request, move |answer| {
        let envelope = door.envelope(&answer)?;
        let cart: Item<wire::Cart<'_>> = item(envelope.data.get().as_bytes(), remote)?;
        Ok(Turn::Done(Outcome::One(Objects::Baskets(vec![map::basket(cart)]))))
    })
}

#[derive(Serialize)]
struct NewItems {
    line_items: Vec<LineBody>,
}

#[derive(Serialize)]
struct ChangedItem {
    line_item: LineBody,
}

#[derive(Serialize)]
struct LineBody {
    quantity: i64,
    product_id: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    variant_id: Option<u64>,
}

impl LineBody {
    fn new(input: &BasketLineInput, at: &str) -> Result<Self, Refusal> {
        let Some(product_id) = &input.product_id else {
            return Err(field(&format!("{at}/product_id"), "A new line needs its product."));
        };
        if input.quantity < 1 {
            return Err(field(&format!("{at}/quantity"), "A new line needs a quantity of 1 or more."));
        }
        let variant_id =
            input.variant_id.as_deref().map(|id| id_number(id, &format!("{at}/variant_id"))).transpose()?;
        Ok(Self {
            quantity: input.quantity,
            product_id: id_number(product_id, &format!("{at}/product_id"))?,
            variant_id,
        })
    }
}

pub(super) fn create(door: Door, input: &BasketInput, remote: bool) -> Result<Turn, Refusal> {
    let (changed, new) = lines(input)?;
    if !changed.is_empty() {
        return Err(field("/lines", "A new cart has no lines with an id yet."));
    }
    let request = door.send(Method::POST, "v3/carts", &[], &NewItems { line_items: new });
    Ok(Turn::ask(request, move |answer| {
        let id = {
            let envelope = door.envelope(&answer)?;
            let cart: Item<wire::Cart<'_>> = item(envelope.data.get().as_bytes(), false)?;
            cart.wire.id.into_string()
        };
        Ok(read(door, &id, remote))
    }))
}

/// A line to change: its id and its new quantity, 0 to take it out.
type Changed = (String, i64);

fn lines(input: &BasketInput) -> Result<(Vec<Changed>, Vec<LineBody>), Refusal> {
    let (mut changed, mut new) = (Vec::new(), Vec::new());
    for (index, line) in input.lines.set().into_iter().flatten().enumerate() {
        let at = format!("/lines/{index}");
        match &line.id {
            None => new.push(LineBody::new(line, &at)?),
            Some(_) if line.quantity < 0 => {
                return Err(field(&format!("{at}/quantity"), "A quantity is not negative."));
            }
            Some(line_id) => changed.push((id(line_id)?.to_owned(), line.quantity)),
        }
    }
    Ok((changed, new))
}

/// Items are changed one after the other: BigCommerce loses one of two changes of a cart that overlap. New ones come before others go,
/// for a cart whose last item is taken out is gone.
pub(super) fn update(door: Door, cart: &str, input: &BasketInput, remote: bool) -> Result<Turn, Refusal> {
    let (changed, new) = lines(input)?;
    let cart = cart.to_owned();
    let request = door.get(&format!("v3/carts/{cart}"), &[]);
    Ok(Turn::ask(request, move |answer| {
        let mut steps = VecDeque::new();
        if !new.is_empty() {
            steps.push_back(vec![door.send(
                Method::POST,
                &format!("v3/carts/{cart}/items"),
                &[],
                &NewItems { line_items: new },
            )]);
        }
        {
            let envelope = door.envelope(&answer)?;
            let now: Item<wire::Cart<'_>> = item(envelope.data.get().as_bytes(), false)?;
            for (line, quantity) in changed {
                steps.push_back(vec![change(&door, &cart, &now.wire, &line, quantity)?]);
            }
        }
        Ok(in_order(door, steps, move |door| read(door, &cart, remote)))
    }))
}

/// A change of quantity repeats product and variant, which BigCommerce requires.
fn change(
    door: &Door,
    cart: &str,
    now: &wire::Cart<'_>,
    line: &str,
    quantity: i64,
) -> Result<OutboundRequest, ReadError> {
    let path = format!("v3/carts/{cart}/items/{line}");
    let items = &now.line_items;
    let mut all = items.physical_items.iter().chain(&items.digital_items).chain(&items.custom_items);
    let no_such_line = || ReadError::Refused(field("/lines", "The cart has no such line."));
    let known = all.find(|item| item.id.clone().into_string() == line).ok_or_else(no_such_line)?;
    if quantity == 0 {
        return Ok(door.delete(&path, &[]));
    }
    let number = |id: &Option<IdText<'_>>| id.clone().and_then(|id| id.into_string().parse::<u64>().ok());
    let product_id = number(&known.product_id).ok_or_else(no_such_line)?;
    let line_item = LineBody { quantity, product_id, variant_id: number(&known.variant_id) };
    Ok(door.send(Method::PUT, &path, &[], &ChangedItem { line_item }))
}
