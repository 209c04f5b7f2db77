//! How much of a variant there is: Medusa counts inventory items at locations, and a variant takes one or, as a kit, several of them.

use std::collections::BTreeMap;

use domain::model::Entity;
use domain::model::input::InventoryInput;
use jiff::Timestamp;
use serde::Serialize;

use super::body::never_null;
use super::door::{Door, checked_id, missing, unfit};
use super::read::{fields, path_of, rows};
use super::{map, wire};
use crate::connector::{Objects, Outcome, ReadError, Refusal, Turn};
use crate::request::OutboundRequest;
use crate::upstream::{Item, items, success, time};

/// How much of a variant there is at a location.
pub(super) struct VariantLevel {
    pub(super) location_id: String,
    /// What can be sold: what lies there less what is reserved.
    pub(super) available: i64,
    pub(super) on_hand: i64,
    pub(super) updated_at: Option<Timestamp>,
}

/// The levels of a variant by location. Of a kit there is as much as of its scarcest part, and none where a part is missing.
pub(super) fn levels(variant: &wire::Variant<'_>) -> Vec<VariantLevel> {
    let parts = variant.inventory_items.len();
    let mut found: BTreeMap<&str, (usize, VariantLevel)> = BTreeMap::new();
    for part in &variant.inventory_items {
        let required = part.required_quantity.whole().unwrap_or(1).max(1);
        for level in part.inventory.iter().flat_map(|inventory| &inventory.location_levels) {
            let stocked = level.stocked_quantity.whole().unwrap_or_default();
            let reserved = level.reserved_quantity.whole().unwrap_or_default();
            let available = stocked.saturating_sub(reserved).div_euclid(required);
            let on_hand = stocked.div_euclid(required);
            let updated_at = time(level.updated_at.as_deref());
            found
                .entry(&level.location_id)
                .and_modify(|(seen, total)| {
                    *seen += 1;
                    total.available = total.available.min(available);
                    total.on_hand = total.on_hand.min(on_hand);
                    total.updated_at = total.updated_at.max(updated_at);
                })
                .or_insert_with(|| {
                    let location_id = level.location_id.clone().into_owned();
                    (1, VariantLevel { location_id, available, on_hand, updated_at })
                });
        }
    }
    found
        .into_values()
        .map(|(seen, level)| if seen < parts { VariantLevel { available: 0, on_hand: 0, ..level } } else { level })
        .collect()
}

#[derive(Serialize)]
struct LevelBody<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    location_id: Option<&'a str>,
    stocked_quantity: i64,
}

/// Sets how many of a variant can be sold at a location: what is reserved there is put on top of it. The location may be left out where there
/// is only one. The answer is the level of that location.
pub(super) fn update(door: Door, id: &str, input: &InventoryInput, remote: bool) -> Result<Turn, Refusal> {
    let id = checked_id(id)?.to_owned();
    let refuse = |pointer: &str, why| Refusal::Field { pointer: pointer.to_owned(), why };
    let available = match never_null(input.available.clone(), "/available")? {
        Some(available) if available >= 0 => available,
        Some(_) => return Err(refuse("/available", "Medusa counts no less than nothing.")),
        None => return Err(refuse("/available", "the field is required")),
    };
    let location = never_null(input.location_id.clone(), "/location_id")?;
    if let Some(location) = &location {
        checked_id(location).map_err(|_| refuse("/location_id", "no location can have this id"))?;
    }
    let fields = fields(Entity::Inventory, None, remote);
    let look = door.get(path_of(Entity::Inventory), &[("id", &id), ("limit", "1"), ("fields", &fields)]);
    let again = look.clone();
    Ok(Turn::ask(look, move |answer| {
        let item = the_variant(success(&answer, &door.credential)?, false)?;
        let (request, location) = change(&door, &item.wire, location.as_deref(), available)?;
        Ok(Turn::ask(request, move |answer| {
            success(&answer, &door.credential)?;
            Ok(Turn::ask(again, move |answer| {
                let item = the_variant(success(&answer, &door.credential)?, remote)?;
                let level = map::inventory_levels(item)
                    .into_iter()
                    .find(|level| level.location_id.as_deref() == Some(location.as_str()))
                    .ok_or(ReadError::Unreadable("the level is not there"))?;
                Ok(Turn::Done(Outcome::One(Objects::Inventory(vec![level]))))
            }))
        }))
    }))
}

fn the_variant(body: &[u8], remote: bool) -> Result<Item<wire::Variant<'_>>, ReadError> {
    items(rows(body)?.rows.get().as_bytes(), remote)?.into_iter().next().ok_or_else(missing)
}

/// The call that sets the level, and the location that it is of.
fn change(
    door: &Door,
    variant: &wire::Variant<'_>,
    location: Option<&str>,
    available: i64,
) -> Result<(OutboundRequest, String), ReadError> {
    if variant.manage_inventory != Some(true) {
        return Err(unfit(
            "/available",
            "The store does not count this variant; set inventory.tracked of the variant first.",
        ));
    }
    let [part] = variant.inventory_items.as_slice() else {
        return Err(unfit(
            "/available",
            "The variant is a kit: its stock is that of its parts, which the raw route can set.",
        ));
    };
    let item = part.inventory_item_id.as_deref().and_then(|id| checked_id(id).ok());
    let item = item.ok_or(ReadError::Unreadable("an inventory item without an id"))?;
    let levels = part.inventory.as_ref().map(|inventory| inventory.location_levels.as_slice()).unwrap_or_default();
    let location = match (location, levels) {
        (Some(location), _) => location.to_owned(),
        (None, [only]) => only.location_id.clone().into_owned(),
        (None, _) => {
            return Err(unfit(
                "/location_id",
                "The variant lies at several locations or at none; name one as location_id.",
            ));
        }
    };
    let level = levels.iter().find(|level| level.location_id == location);
    let reserved = level.and_then(|level| level.reserved_quantity.whole()).unwrap_or_default();
    let required = part.required_quantity.whole().unwrap_or(1).max(1);
    let stocked_quantity = available.saturating_mul(required).saturating_add(reserved);
    let path = format!("inventory-items/{item}/location-levels");
    let request = match level {
        Some(_) => {
            checked_id(&location).map_err(|_| ReadError::Unreadable("a location without an id"))?;
            let body = LevelBody { location_id: None, stocked_quantity };
            door.post(&format!("{path}/{location}"), &[("fields", "id")], &body)
        }
        None => {
            let body = LevelBody { location_id: Some(&location), stocked_quantity };
            door.post(&path, &[("fields", "id")], &body)
        }
    };
    Ok((request, location))
}
