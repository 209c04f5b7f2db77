//! Stock: a variant's quantity at a location, set only if nobody changed it since it was read.

use bytes::Bytes;
use domain::{hex::hex, model::input::InventoryInput};
use http::StatusCode;
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{Errors, Step, kept, run, whole, wrong};
use crate::connector::{Objects, Outcome, ReadError, Refusal, Turn};
use crate::shopify::answer::ask_one;
use crate::shopify::kind::Stock;
use crate::shopify::map::number;
use crate::shopify::pages::{self, Data};
use crate::shopify::query::{Document, Selection};
use crate::shopify::wire::Connection;
use crate::shopify::{Door, gid, select};

pub(super) fn update(door: Door, variant: String, input: InventoryInput, remote: bool) -> Result<Turn, Refusal> {
    let Some(quantity) = kept(input.available, "/available")? else {
        return wrong("/available", "the field is required");
    };
    let wanted = match kept(input.location_id, "/location_id")? {
        None => None,
        Some(id) => match gid("Location", &id) {
            None => return wrong("/location_id", "no location can have this id"),
            gid => gid,
        },
    };
    let mut level = Selection::of("updatedAt");
    level.object("location", &Selection::of("id"));
    level.object("quantities(names: [\"available\"])", &Selection::of("quantity"));
    let mut item = Selection::of("id");
    item.connection("inventoryLevels", 250, "", &level);
    let mut of_variant = Selection::default();
    of_variant.object("inventoryItem", &item);
    let mut root = Selection::default();
    root.object("productVariant(id: $id)", &of_variant);
    let document = Document::query(root).with("id", "ID!", variant.clone());
    Ok(ask_one(door.clone(), &document, move |data| {
        let change = planned(&data, wanted, quantity)?;
        let location = number(&change.location);
        let key = change.key();
        let input = json!({
            "name": "available",
            "reason": "correction",
            "quantities": [{
                "inventoryItemId": change.item,
                "locationId": change.location,
                "quantity": quantity,
                // Null where there is no level yet: nothing to compare with.
                "changeFromQuantity": change.from,
            }],
        });
        let arguments = "(input: $input) @idempotent(key: $key)";
        let step = Step::new("inventorySetQuantities", arguments, None, Errors::Coded)
            .with("input", "InventorySetQuantitiesInput!", input)
            .with("key", "String!", key);
        let reading = door.clone();
        let then = move |_| {
            let pick = move |objects| at(objects, &location);
            Ok(pages::one_of::<Stock>(reading, select::inventory(whole()), variant, remote, Box::new(pick)))
        };
        Ok(run(door, step, std::collections::VecDeque::new(), None, Box::new(then)))
    }))
}

/// What is to be set.
struct Change {
    item: String,
    location: String,
    quantity: i64,
    from: Option<i64>,
    /// When the level last changed.
    since: String,
}

impl Change {
    /// The key by which Shopify carries a change out once (2026-04 and later demand one). It is made of the change and of what it changes,
    /// so that a repeated request is the same change, and setting the same number again later is another.
    fn key(&self) -> String {
        let Self { item, location, quantity, from, since } = self;
        let digest = Sha256::digest(format!("{item}\n{location}\n{quantity}\n{from:?}\n{since}").as_bytes());
        hex(&digest[..16])
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Variant {
    inventory_item: Item,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    id: String,
    #[serde(default)]
    inventory_levels: Connection<Level>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Level {
    location: Location,
    #[serde(default)]
    quantities: Vec<Quantity>,
    #[serde(default)]
    updated_at: String,
}

#[derive(Deserialize)]
struct Location {
    id: String,
}

#[derive(Deserialize)]
struct Quantity {
    quantity: i64,
}

fn planned(data: &Bytes, wanted: Option<String>, quantity: i64) -> Result<Change, ReadError> {
    let variant: Variant = Data::read(data)?.field("productVariant")?.ok_or_else(pages::not_found)?;
    let Item { id: item, inventory_levels: Connection { nodes: mut levels, .. } } = variant.inventory_item;
    let level = match &wanted {
        Some(wanted) => levels.iter().position(|level| level.location.id == *wanted).map(|at| levels.swap_remove(at)),
        None if levels.len() > 1 => {
            let why = "the variant is stocked at several locations; say which";
            return Err(ReadError::Refused(Refusal::Field { pointer: "/location_id".to_owned(), why }));
        }
        None => levels.pop(),
    };
    let Some(location) = wanted.or_else(|| level.as_ref().map(|level| level.location.id.clone())) else {
        let why = "the variant is stocked nowhere yet; say where";
        return Err(ReadError::Refused(Refusal::Field { pointer: "/location_id".to_owned(), why }));
    };
    let from = level.as_ref().and_then(|level| level.quantities.first()).map(|quantity| quantity.quantity);
    let since = level.map(|level| level.updated_at).unwrap_or_default();
    Ok(Change { item, location, quantity, from, since })
}

/// The level at a location.
fn at(objects: Objects, location: &str) -> Result<Outcome, ReadError> {
    let Objects::Inventory(levels) = objects else { return Err(ReadError::Unreadable("not stock")) };
    match levels.into_iter().find(|level| level.location_id.as_deref() == Some(location)) {
        Some(level) => Ok(Outcome::One(Objects::Inventory(vec![level]))),
        None => Err(ReadError::Upstream {
            status: StatusCode::NOT_FOUND,
            retry_after: None,
            text: "the level is not there after it was set".to_owned(),
        }),
    }
}
