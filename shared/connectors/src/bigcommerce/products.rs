//! Reading products: the page with variants, pictures and custom fields, the store's settings beside it, then the names of all its brands.

use std::collections::BTreeMap;

use domain::model::Product;

use super::map::{self, Settings};
use super::reads::{Place, get, one};
use super::{Door, wire};
use crate::connector::{InboundResponse, Objects, Outcome, ReadError, Turn};
use crate::fields::Fields;
use crate::upstream::{Item, item, items};

/// The parts of a product that a selection of fields needs (R122).
pub(super) struct Wanted {
    /// The value of `include_fields`; `None` for all.
    include_fields: Option<String>,
    /// The value of `include`; empty for none.
    include: String,
    settings: bool,
    brand: bool,
}

/// What our field needs of BigCommerce's product; sub-resources are in [`INCLUDES`].
const FIELDS: &[(&str, &[&str])] = &[
    ("type", &["type"]),
    ("sku", &["sku"]),
    ("name", &["name"]),
    ("description_html", &["description"]),
    ("status", &["is_visible", "availability"]),
    ("remote_status", &["availability"]),
    ("brand", &["brand_id"]),
    ("categories", &["categories"]),
    ("variants", &["price", "weight", "inventory_tracking", "inventory_level"]),
    ("price", &["calculated_price"]),
    ("compare_at", &["price", "sale_price"]),
    ("tax_class", &["tax_class_id"]),
    ("weight", &["weight"]),
    ("dimensions", &["width", "depth", "height"]),
    ("seo", &["custom_url", "page_title", "meta_description"]),
    ("created_at", &["date_created"]),
    ("updated_at", &["date_modified"]),
];

const INCLUDES: &[(&[&str], &str)] =
    &[(&["variants", "options", "type"], "variants"), (&["images"], "images"), (&["meta"], "custom_fields")];

/// Fields that need the store's currency or units.
const OF_SETTINGS: &[&str] = &[
    "price",
    "compare_at",
    "weight",
    "dimensions",
    "variants.price",
    "variants.compare_at",
    "variants.cost",
    "variants.weight",
];

impl Wanted {
    pub(super) fn of(fields: Option<&Fields>, remote: bool) -> Self {
        // The platform's own object is asked for whole.
        let Some(fields) = fields.filter(|_| !remote) else {
            let include = "variants,images,custom_fields".to_owned();
            return Self { include_fields: None, include, settings: true, brand: true };
        };
        let mut names: Vec<&str> =
            FIELDS.iter().filter(|(ours, _)| fields.wants(ours)).flat_map(|(_, theirs)| *theirs).copied().collect();
        names.sort_unstable();
        names.dedup();
        // `id` comes always; a list of nothing would be read as "all".
        if names.is_empty() {
            names.push("id");
        }
        let is_wanted = |ours: &&str| fields.wants(ours);
        let include: Vec<&str> =
            INCLUDES.iter().filter(|(ours, _)| ours.iter().any(is_wanted)).map(|(_, theirs)| *theirs).collect();
        Self {
            include_fields: Some(names.join(",")),
            include: include.join(","),
            settings: OF_SETTINGS.iter().any(is_wanted),
            brand: fields.wants("brand"),
        }
    }
}

pub(super) fn read(door: Door, place: Place, wanted: Wanted, remote: bool) -> Turn {
    let (path, mut query) = match &place {
        Place::One(id) => (format!("v3/catalog/products/{id}"), Vec::new()),
        listed => ("v3/catalog/products".to_owned(), listed.v3_query("id:in")),
    };
    if !wanted.include.is_empty() {
        query.push(("include", wanted.include));
    }
    if let Some(names) = wanted.include_fields {
        query.push(("include_fields", names));
    }
    let mut requests = vec![get(&door, &path, &query)];
    if wanted.settings {
        requests.push(door.get("v2/store", &[]));
    }
    let then = move |answers: Vec<InboundResponse>| {
        let mut answers = answers.into_iter();
        let page = answers.next().ok_or(ReadError::Unreadable("no answer"))?;
        let settings = answers.next().map_or_else(Settings::default, |answer| settings(&answer));
        let brands = if wanted.brand { brand_ids(&door, &page)? } else { Vec::new() };
        if brands.is_empty() {
            return finish(&door, place, &page, &settings, &BTreeMap::new(), remote);
        }
        let limit = brands.len().to_string();
        let query = [("id:in", brands.join(",")), ("include_fields", "name".to_owned()), ("limit", limit)];
        let request = get(&door, "v3/catalog/brands", &query);
        Ok(Turn::ask(request, move |answer| {
            let envelope = door.envelope(&answer)?;
            let rows: Vec<Item<wire::Brand<'_>>> = items(envelope.data.get().as_bytes(), false)?;
            let names = rows.into_iter().map(|row| (row.wire.id.into_string(), row.wire.name.into_owned())).collect();
            finish(&door, place, &page, &settings, &names, remote)
        }))
    };
    Turn::Send { requests, then: Box::new(then) }
}

/// The store's currency and units; nothing when the token may not read the settings.
fn settings(answer: &InboundResponse) -> Settings {
    if !answer.status.is_success() {
        return Settings::default();
    }
    serde_json::from_slice::<wire::Store<'_>>(&answer.body)
        .map_or_else(|_| Settings::default(), |store| Settings::from_store(&store))
}

/// The brands of a page, each once.
fn brand_ids(door: &Door, page: &InboundResponse) -> Result<Vec<String>, ReadError> {
    let mut ids: Vec<String> = rows(&door.envelope(page)?, false)?
        .into_iter()
        .filter_map(|row| row.wire.brand_id.and_then(crate::upstream::IdText::unless_zero))
        .collect();
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}

/// The products of an answer: a list, or one object for a read by id.
fn rows<'a>(envelope: &wire::Envelope<'a>, remote: bool) -> Result<Vec<Item<wire::Product<'a>>>, ReadError> {
    let data = envelope.data.get();
    if data.starts_with('{') { Ok(vec![item(data.as_bytes(), remote)?]) } else { items(data.as_bytes(), remote) }
}

fn finish(
    door: &Door,
    place: Place,
    page: &InboundResponse,
    settings: &Settings,
    brands: &BTreeMap<String, String>,
    remote: bool,
) -> Result<Turn, ReadError> {
    let envelope = door.envelope(page)?;
    let rows = rows(&envelope, remote)?;
    let products: Vec<Product> =
        rows.into_iter().map(|row| map::product(row, settings, |id| brands.get(id).cloned())).collect();
    let Place::After(list, start) = place else { return one(Objects::Products(products)) };
    let ids = products.iter().filter_map(|product| product.id.parse().ok());
    let left = envelope.meta.pagination.as_ref().map(|pagination| pagination.total);
    let next_cursor = Place::next_by_id(&list, start, ids, products.len(), left);
    Ok(Turn::Done(Outcome::Page { objects: Objects::Products(products), next_cursor }))
}
