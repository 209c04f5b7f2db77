//! Reading stock: WooCommerce keeps it on products and variations, so a page of stock is made of a page of products.

use domain::model::InventoryLevel;

use super::products::{Wanted, variation_rows, wanted};
use super::{Door, Request, in_brackets, map, next_cursor, one, wire};
use crate::connector::{InboundResponse, Objects, Outcome, ReadError, Turn};
use crate::upstream::{Item, items, success};

/// A page has a level for each variation and for each product without variations; it may be longer than `per_page`, which counts
/// products. One level is read by the id of a variation or of a product.
pub(super) fn read(door: Door, request: Request, fields: Option<String>, include_remote: bool) -> Turn {
    let outbound = door.request("products", &request, fields.as_deref());
    Turn::ask(outbound, move |answer| {
        let body = success(&answer, &door.credential)?;
        let Request::Page { list, page, .. } = request else {
            let object = in_brackets(body);
            let rows: Vec<Item<wire::Product<'_>>> = items(&object, include_remote)?;
            return one(Objects::Inventory(
                rows.into_iter().map(|row| map::inventory_level(&row.wire, row.remote)).collect(),
            ));
        };
        let rows: Vec<Item<wire::Product<'_>>> = items(body, include_remote)?;
        let next_cursor = next_cursor(&list, page, rows.len(), &answer.headers);
        let mut levels: Vec<Vec<InventoryLevel>> = Vec::with_capacity(rows.len());
        let mut variable = Vec::new();
        for row in rows {
            if map::is_variable(&row.wire) {
                variable.extend(wanted(&row.wire, levels.len()));
                levels.push(Vec::new());
            } else {
                levels.push(vec![map::inventory_level(&row.wire, row.remote)]);
            }
        }
        variations(door, levels, variable, next_cursor, fields, include_remote)
    })
}

fn variations(
    door: Door,
    mut levels: Vec<Vec<InventoryLevel>>,
    wanted: Vec<Wanted>,
    next_cursor: Option<String>,
    fields: Option<String>,
    include_remote: bool,
) -> Result<Turn, ReadError> {
    let done = |levels: Vec<Vec<InventoryLevel>>, next_cursor| {
        Turn::Done(Outcome::Page { objects: Objects::Inventory(levels.into_iter().flatten().collect()), next_cursor })
    };
    if wanted.is_empty() {
        return Ok(done(levels, next_cursor));
    }
    let requests = wanted.iter().map(|wanted| wanted.request(&door, fields.as_deref())).collect();
    let then = move |answers: Vec<InboundResponse>| {
        if answers.len() != wanted.len() {
            return Err(ReadError::Unreadable("an answer is missing"));
        }
        for (wanted, answer) in wanted.iter().zip(&answers) {
            let Some(body) = variation_rows(answer, &door)? else {
                continue;
            };
            let rows: Vec<Item<wire::Product<'_>>> = items(body, include_remote)?;
            levels[wanted.index].extend(rows.into_iter().map(|row| map::inventory_level(&row.wire, row.remote)));
        }
        Ok(done(levels, next_cursor))
    };
    Ok(Turn::Send { requests, then: Box::new(then) })
}
