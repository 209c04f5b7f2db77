//! Unified reads: what to ask, and how the answers become a page or one object.

use domain::model::Entity;
use jiff::Timestamp;
use serde::Deserialize;

use super::shop::Shop;
use super::{Door, NAME, is_id, map, not_found, orders, products, wire};
use crate::connector::{InboundResponse, Objects, Outcome, Read, ReadError, Refusal, Target, Turn};
use crate::cursor::List;
use crate::fields::Fields;
use crate::request::OutboundRequest;
use crate::upstream::{Item, items};

/// The most rows of one kind that belong to a page and are read with it: combinations, stock levels, addresses.
pub(super) const MANY: usize = 1_000;

/// A read on its way.
pub(super) struct Reading {
    pub(super) door: Door,
    pub(super) shop: Shop,
    pub(super) include_remote: bool,
    /// What is wanted of products; everything where nothing was selected.
    pub(super) wants_variants: bool,
    entity: Entity,
    place: Place,
    /// What to ask of each row.
    display: String,
}

enum Place {
    /// A page of what has a higher id; 0 for the first.
    After(List, u32),
    /// The one with this id; of stock levels, with the id of the combination.
    One(String, Option<String>),
}

pub(super) fn read(door: Door, read: &Read<'_>) -> Result<Turn, Refusal> {
    let place = match read.target {
        Target::Page { per_page, cursor, updated_after } => {
            let list = List { platform: NAME, entity: read.entity, per_page, updated_after };
            if updated_after.is_some() && read.entity == Entity::Inventory {
                return Err(Refusal::FilterNotSupported("PrestaShop keeps no time of change for stock levels."));
            }
            let after = match list.token(cursor)? {
                None => 0,
                Some(token) => token.parse().map_err(|_| Refusal::Cursor)?,
            };
            Place::After(list, after)
        }
        Target::One(id) => one_of(read.entity, id)?,
    };
    let reading = Reading {
        door,
        shop: Shop::default(),
        include_remote: read.include_remote,
        wants_variants: read.fields.is_none_or(|fields| {
            // The kind of a product and its options follow from its combinations.
            ["variants", "options", "type"].iter().any(|field| fields.wants(field))
        }),
        entity: read.entity,
        place,
        display: display(read.entity, read.fields, read.include_remote),
    };
    Ok(reading.start())
}

fn one_of(entity: Entity, id: &str) -> Result<Place, Refusal> {
    let (id, combination) = match id.split_once('-') {
        Some((product, combination)) if entity == Entity::Inventory => (product, Some(combination)),
        _ => (id, None),
    };
    if is_id(id) && combination.is_none_or(is_id) {
        Ok(Place::One(id.to_owned(), combination.map(str::to_owned)))
    } else {
        Err(Refusal::Id)
    }
}

/// What each row shows: all of it, or no more than the selection needs (R122). What hangs on a row (`associations`) comes with all of it only.
fn display(entity: Entity, fields: Option<&Fields>, include_remote: bool) -> String {
    let Some(fields) = fields.filter(|_| !include_remote) else { return "full".to_owned() };
    let (table, whole): (&[(&str, &str)], &[&str]) = match entity {
        Entity::Products => (PRODUCT, &["categories", "images", "variants", "options", "type"]),
        Entity::Categories => (CATEGORY, &[]),
        Entity::Customers => (CUSTOMER, &["groups"]),
        Entity::Orders | Entity::Inventory | Entity::Baskets => return "full".to_owned(),
    };
    if whole.iter().any(|field| fields.wants(field)) {
        return "full".to_owned();
    }
    let mut wanted = vec!["id"];
    for (field, theirs) in table.iter().filter(|(field, _)| fields.wants(field)) {
        let _ = field;
        wanted.extend(theirs.split(','));
    }
    format!("[{}]", wanted.join(","))
}

const PRODUCT: &[(&str, &str)] = &[
    ("sku", "reference"),
    ("name", "name"),
    ("description_html", "description"),
    ("status", "active"),
    ("remote_status", "active"),
    ("brand", "manufacturer_name"),
    ("price", "price"),
    ("tax_class", "id_tax_rules_group"),
    ("weight", "weight"),
    ("dimensions", "width,height,depth"),
    ("seo", "link_rewrite,meta_title,meta_description"),
    ("created_at", "date_add"),
    ("source_time", "date_add"),
    ("updated_at", "date_upd"),
];

const CATEGORY: &[(&str, &str)] = &[
    ("parent_id", "id_parent"),
    ("name", "name"),
    ("slug", "link_rewrite"),
    ("position", "position"),
    ("visible", "active"),
];

const CUSTOMER: &[(&str, &str)] = &[
    ("email", "email"),
    ("first_name", "firstname"),
    ("last_name", "lastname"),
    ("is_guest", "is_guest"),
    ("marketing", "newsletter"),
    ("created_at", "date_add"),
    ("source_time", "date_add"),
    ("updated_at", "date_upd"),
];

impl Reading {
    /// A read of one object that was written, by its id.
    pub(super) fn again(door: Door, entity: Entity, id: &str, include_remote: bool) -> Result<Turn, Refusal> {
        read(door, &Read { entity, target: Target::One(id), fields: None, include_remote })
    }

    /// The settings come with the rows, unless they are needed to ask for them.
    fn start(self) -> Turn {
        let settings = Shop::requests(&self.door);
        let updated_after = match &self.place {
            Place::After(list, _) => list.updated_after,
            Place::One(..) => None,
        };
        if let Some(time) = updated_after {
            let then = move |answers: Vec<InboundResponse>| self.with_settings(time, answers);
            return Turn::Send { requests: settings.into(), then: Box::new(then) };
        }
        let [one, two] = settings;
        let requests = vec![one, two, self.request(None)];
        let then = move |answers: Vec<InboundResponse>| {
            let [settings, currencies, rows] = exactly(answers)?;
            let shop = Shop::read(&self.door, &settings, &currencies);
            Self { shop, ..self }.rows(&rows)
        };
        Turn::Send { requests, then: Box::new(then) }
    }

    fn with_settings(self, time: Timestamp, answers: Vec<InboundResponse>) -> Result<Turn, ReadError> {
        let [settings, currencies] = exactly(answers)?;
        let shop = Shop::read(&self.door, &settings, &currencies);
        let reading = Self { shop, ..self };
        let request = reading.request(Some(&reading.shop.local(time)?));
        Ok(Turn::ask(request, move |rows| reading.rows(&rows)))
    }

    fn request(&self, changed_after: Option<&str>) -> OutboundRequest {
        let resource = resource(self.entity);
        let mut query: Vec<(&str, String)> = vec![("display", self.display.clone())];
        match &self.place {
            Place::After(list, after) => {
                query.push(("filter[id]", format!(">[{after}]")));
                query.push(("sort", "[id_ASC]".to_owned()));
                // One more than is shown tells whether there is a page after this.
                query.push(("limit", (usize::from(list.per_page) + 1).to_string()));
            }
            Place::One(id, combination) if self.entity == Entity::Inventory => {
                query.push(("filter[id_product]", format!("[{id}]")));
                query.push(("filter[id_product_attribute]", format!("[{}]", combination.as_deref().unwrap_or("0"))));
            }
            Place::One(id, _) => query.push(("filter[id]", format!("[{id}]"))),
        }
        if let Some(local) = changed_after {
            query.push(("filter[date_upd]", format!(">[{local}]")));
            query.push(("date", "1".to_owned()));
        }
        let query: Vec<(&str, &str)> = query.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.door.get(resource, &query)
    }

    fn rows(self, answer: &InboundResponse) -> Result<Turn, ReadError> {
        match self.entity {
            Entity::Products => products::finish(self, answer),
            Entity::Orders => orders::finish(self, answer),
            Entity::Customers => customers(self, answer),
            Entity::Categories => {
                let (rows, next) = self.page::<wire::Category<'_>>(answer, |row| row.id.as_str())?;
                // The tree's root is not a category of the shop's.
                let shown = rows.into_iter().filter(|row| row.wire.id.as_str() != map::ROOT);
                let categories = shown.map(|row| map::category(row, &self.shop)).collect();
                self.end(Objects::Categories(categories), next)
            }
            Entity::Inventory | Entity::Baskets => stock(self, answer),
        }
    }

    /// The rows of an answer without the one too many, and the cursor of the page after them.
    pub(super) fn page<'a, T: Deserialize<'a>>(
        &self,
        answer: &'a InboundResponse,
        id: impl Fn(&T) -> &str,
    ) -> Result<(Vec<Item<T>>, Option<String>), ReadError> {
        let mut rows: Vec<Item<T>> = items(self.door.rows(answer)?, self.include_remote)?;
        let Place::After(list, start) = &self.place else { return Ok((rows, None)) };
        let shown = usize::from(list.per_page);
        if rows.len() <= shown {
            return Ok((rows, None));
        }
        rows.truncate(shown);
        let last = rows.last().and_then(|row| id(&row.wire).parse::<u32>().ok());
        // A shop that does not go on from where it was asked would begin again for ever.
        let next = last.filter(|last| last > start).map(|last| list.token_cursor(&last.to_string()));
        Ok((rows, next))
    }

    /// What the read ends with.
    pub(super) fn end(self, objects: Objects, next_cursor: Option<String>) -> Result<Turn, ReadError> {
        match self.place {
            Place::After(..) => Ok(Turn::Done(Outcome::Page { objects, next_cursor })),
            Place::One(..) if objects.is_empty() => Err(not_found()),
            Place::One(..) => Ok(Turn::Done(Outcome::One(objects))),
        }
    }
}

/// The name of an entity's resource.
pub(super) fn resource(entity: Entity) -> &'static str {
    match entity {
        Entity::Products => "products",
        Entity::Orders => "orders",
        Entity::Customers => "customers",
        Entity::Categories => "categories",
        Entity::Inventory => "stock_availables",
        Entity::Baskets => "carts",
    }
}

/// As many answers as requests.
pub(super) fn exactly<const N: usize>(answers: Vec<InboundResponse>) -> Result<[InboundResponse; N], ReadError> {
    answers.try_into().map_err(|_| ReadError::Unreadable("an answer is missing"))
}

/// The rows that belong to others; none where the key may not read them.
pub(super) fn belonging<'a, T: Deserialize<'a>>(door: &Door, answer: &'a InboundResponse) -> Result<Vec<T>, ReadError> {
    if matches!(answer.status.as_u16(), 401 | 403 | 405) {
        return Ok(Vec::new());
    }
    serde_json::from_slice(door.rows(answer)?).map_err(|_| ReadError::Unreadable("not the documented list"))
}

fn customers(reading: Reading, answer: &InboundResponse) -> Result<Turn, ReadError> {
    let (rows, next) = reading.page::<wire::Customer<'_>>(answer, |row| row.id.as_str())?;
    let ids: Vec<String> = rows.iter().map(|row| row.wire.id.as_str().to_owned()).collect();
    let mut customers: Vec<_> = rows.into_iter().map(|row| map::customer(row, &reading.shop)).collect();
    if ids.is_empty() || reading.display != "full" {
        return reading.end(Objects::Customers(customers), next);
    }
    let request = reading.door.belonging("addresses", "id_customer", &ids, "full");
    Ok(Turn::ask(request, move |answer| {
        let addresses: Vec<wire::Address> = belonging(&reading.door, &answer)?;
        map::Places::ask(reading.door.clone(), addresses, move |addresses, places| {
            for address in addresses.iter().filter(|address| !address.deleted.as_ref().is_some_and(wire::Loose::is_on))
            {
                let owner = address.id_customer.as_ref().map(|id| id.0.as_str());
                if let Some(customer) = customers.iter_mut().find(|customer| Some(customer.id.as_str()) == owner) {
                    customer.phone = customer.phone.take().or_else(|| map::phone(address));
                    customer.addresses.push(map::address(address, &places));
                }
            }
            reading.end(Objects::Customers(customers), next)
        })
    }))
}

/// A product's row without a combination is the sum of its combinations' rows where it has some: such a row is no level of its own.
fn stock(reading: Reading, answer: &InboundResponse) -> Result<Turn, ReadError> {
    let (rows, next) = reading.page::<wire::Stock>(answer, |row| row.id.0.as_str())?;
    let mut sums: Vec<String> = rows
        .iter()
        .filter(|row| row.wire.id_product_attribute.id().is_none())
        .map(|row| row.wire.id_product.0.clone())
        .collect();
    sums.dedup();
    if sums.is_empty() {
        return reading.end(Objects::Inventory(rows.into_iter().map(map::inventory_level).collect()), next);
    }
    let request = reading.door.belonging("combinations", "id_product", &sums, "[id,id_product]");
    Ok(Turn::ask(request, move |answer| {
        let combinations: Vec<wire::Combination<'_>> = belonging(&reading.door, &answer)?;
        let is_sum = |row: &wire::Stock| {
            row.id_product_attribute.id().is_none()
                && combinations.iter().any(|combination| combination.id_product == row.id_product)
        };
        let levels = rows.into_iter().filter(|row| !is_sum(&row.wire)).map(map::inventory_level).collect();
        reading.end(Objects::Inventory(levels), next)
    }))
}
