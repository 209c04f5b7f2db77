//! Collections: a name and a slug. Which products are in one is set with the products.

use domain::model::input::CategoryInput;
use serde_json::Map;

use super::{Errors, Step, change, kept, make, put, whole};
use crate::connector::{Refusal, Turn};
use crate::shopify::kind::Collections;
use crate::shopify::{Door, select};

pub(super) fn create(door: Door, input: CategoryInput, remote: bool) -> Result<Turn, Refusal> {
    let collection = fields(input)?;
    let step = Step::new("collectionCreate", "(collection: $collection)", Some("collection"), Errors::Plain).with(
        "collection",
        "CollectionCreateInput!",
        collection,
    );
    Ok(make::<Collections>(door, step, |_| Vec::new(), select::category(whole()), remote))
}

pub(super) fn update(door: Door, gid: String, input: CategoryInput, remote: bool) -> Result<Turn, Refusal> {
    let mut collection = fields(input)?;
    collection.insert("id".to_owned(), gid.clone().into());
    let step = Step::new("collectionUpdate", "(collection: $collection)", None, Errors::Plain).with(
        "collection",
        "CollectionUpdateInput!",
        collection,
    );
    Ok(change::<Collections>(door, vec![step], gid, select::category(whole()), remote))
}

fn fields(input: CategoryInput) -> Result<Map<String, serde_json::Value>, Refusal> {
    let mut fields = Map::new();
    put(&mut fields, "title", kept(input.name, "/name")?);
    put(&mut fields, "handle", kept(input.slug, "/slug")?);
    Ok(fields)
}
