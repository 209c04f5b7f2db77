//! PrestaShop's objects as unified ones (`platforms.md` 4.2 to 4.4).

use std::collections::BTreeMap;

use domain::model::{Address, Category, Customer, InventoryLevel, Marketing, Region};

use super::reads::belonging;
use super::shop::Shop;
use super::{Door, wire};
use crate::connector::{InboundResponse, ReadError, Turn};
use crate::upstream::{Item, optional};

/// The tree's root, under which "Home" is the first category that shoppers see.
pub(super) const ROOT: &str = "1";

pub(super) fn category(item: Item<wire::Category<'_>>, shop: &Shop) -> Category {
    let Item { wire, remote } = item;
    let id = wire.id.into_string();
    Category {
        remote_id: id.clone(),
        id,
        parent_id: wire.id_parent.as_ref().and_then(wire::Loose::id).filter(|id| *id != ROOT).map(str::to_owned),
        name: wire.name.take(shop.language.as_deref()).unwrap_or_default(),
        slug: wire.link_rewrite.take(shop.language.as_deref()),
        path: None,
        position: wire.position.and_then(|position| position.0.parse().ok()),
        visible: wire.active.map(|active| active.is_on()),
        remote,
    }
}

pub(super) fn customer(item: Item<wire::Customer<'_>>, shop: &Shop) -> Customer {
    let Item { wire, remote } = item;
    let id = wire.id.into_string();
    Customer {
        remote_id: id.clone(),
        id,
        email: optional(wire.email),
        phone: None,
        first_name: optional(wire.firstname),
        last_name: optional(wire.lastname),
        is_guest: wire.is_guest.is_some_and(|guest| guest.is_on()),
        groups: wire.associations.groups.into_iter().map(|group| group.id.0).collect(),
        addresses: Vec::new(),
        marketing: Marketing { email: wire.newsletter.map(|newsletter| newsletter.is_on()), sms: None },
        meta: Vec::new(),
        source_time: shop.source_time(wire.date_add.as_deref()),
        created_at: shop.time(wire.date_add.as_deref()),
        updated_at: shop.time(wire.date_upd.as_deref()),
        remote,
    }
}

/// The id of a variant: a combination's own id may be a product's too.
pub(super) fn variant_id(product: &str, combination: Option<&str>) -> String {
    combination.map_or_else(|| product.to_owned(), |combination| format!("{product}-{combination}"))
}

pub(super) fn inventory_level(item: Item<wire::Stock>) -> InventoryLevel {
    let Item { wire, remote } = item;
    InventoryLevel {
        variant_id: variant_id(&wire.id_product.0, wire.id_product_attribute.id()),
        location_id: None,
        available: wire.quantity.0.parse().ok(),
        on_hand: None,
        updated_at: None,
        remote,
    }
}

/// The countries and states that addresses name by number.
#[derive(Default)]
pub(super) struct Places {
    countries: BTreeMap<String, String>,
    states: BTreeMap<String, Region>,
}

impl Places {
    /// Asks for the places of all addresses together, and goes on with them.
    pub(super) fn ask(
        door: Door,
        addresses: Vec<wire::Address>,
        then: impl FnOnce(Vec<wire::Address>, Self) -> Result<Turn, ReadError> + Send + 'static,
    ) -> Result<Turn, ReadError> {
        let ids = |field: fn(&wire::Address) -> Option<&wire::Loose>| {
            let mut ids: Vec<String> =
                addresses.iter().filter_map(|address| Some(field(address)?.id()?.to_owned())).collect();
            ids.sort();
            ids.dedup();
            ids
        };
        let (countries, states) =
            (ids(|address| address.id_country.as_ref()), ids(|address| address.id_state.as_ref()));
        let mut requests = Vec::new();
        if !countries.is_empty() {
            requests.push(door.belonging("countries", "id", &countries, "[id,iso_code]"));
        }
        if !states.is_empty() {
            requests.push(door.belonging("states", "id", &states, "[id,iso_code,name]"));
        }
        if requests.is_empty() {
            return then(addresses, Self::default());
        }
        let read = move |answers: Vec<InboundResponse>| {
            let mut answers = answers.iter();
            let mut places = Self::default();
            if let (false, Some(answer)) = (countries.is_empty(), answers.next()) {
                let rows: Vec<wire::Country> = belonging(&door, answer)?;
                places.countries = rows.into_iter().map(|row| (row.id.0, row.iso_code)).collect();
            }
            if let (false, Some(answer)) = (states.is_empty(), answers.next()) {
                let rows: Vec<wire::StateRow> = belonging(&door, answer)?;
                let region = |row: wire::StateRow| (row.id.0, Region { code: row.iso_code, name: row.name });
                places.states = rows.into_iter().map(region).collect();
            }
            then(addresses, places)
        };
        Ok(Turn::Send { requests, then: Box::new(read) })
    }
}

pub(super) fn phone(address: &wire::Address) -> Option<String> {
    filled(&address.phone).or_else(|| filled(&address.phone_mobile))
}

fn filled(text: &Option<String>) -> Option<String> {
    text.as_ref().filter(|text| !text.trim().is_empty()).cloned()
}

pub(super) fn address(wire: &wire::Address, places: &Places) -> Address {
    let state = wire.id_state.as_ref().and_then(|id| places.states.get(&id.0));
    Address {
        first_name: filled(&wire.firstname),
        last_name: filled(&wire.lastname),
        company: filled(&wire.company),
        line1: filled(&wire.address1),
        line2: filled(&wire.address2),
        city: filled(&wire.city),
        region: state.cloned().unwrap_or_default(),
        postcode: filled(&wire.postcode),
        country: wire.id_country.as_ref().and_then(|id| places.countries.get(&id.0).cloned()),
        phone: phone(wire),
        tax_id: filled(&wire.vat_number),
    }
}
