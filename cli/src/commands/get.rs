//! Reading a store.

use super::lists::{Asked, show, thing};
use crate::{
    arguments::{Entity, Get},
    client::{Client, segment},
    failure::Failure,
    screen::Screen,
    table::Column,
};

/// Rows where neither all nor a number is asked for.
const A_PAGE: u64 = 25;

pub(crate) async fn run(get: Get, client: &Client, screen: &mut Screen) -> Result<(), Failure> {
    let (name, columns) = match get.entity {
        Entity::Products => ("products", &["id", "name", "sku", "status", "price", "updated_at"][..]),
        Entity::Orders => (
            "orders",
            &["id", "number", "status", "financial_status", "totals.total", "customer.email", "placed_at"][..],
        ),
        Entity::Customers => ("customers", &["id", "email", "first_name", "last_name", "updated_at"][..]),
        Entity::Categories => ("categories", &["id", "name", "parent_id", "path", "visible"][..]),
        Entity::Inventory => ("inventory", &["variant_id", "location_id", "available", "on_hand", "updated_at"][..]),
        Entity::Baskets => ("baskets", &["id", "currency", "totals.total", "expires_at"][..]),
    };
    let path = format!("/v1/stores/{}/{name}", segment(&get.store));
    let mut query = Vec::new();
    if !get.fields.is_empty() {
        query.push(("fields", get.fields.join(",")));
    }
    if let Some(id) = &get.id {
        let found = client.get(&format!("{path}/{}", segment(id)), &query, screen).await?;
        return thing(&found, screen);
    }
    query.extend(get.updated_after.map(|time| ("updated_after", time)));
    query.extend(get.cursor.map(|cursor| ("cursor", cursor)));
    let columns: Vec<Column> = if get.fields.is_empty() {
        columns.iter().map(|path| Column::at(path)).collect()
    } else {
        get.fields.iter().map(|path| Column::at(path)).collect()
    };
    let limit = if get.all { None } else { Some(get.limit.unwrap_or(A_PAGE)) };
    let (cursor, seen) = show(Asked { path: &path, query, limit, what: name }, columns, client, screen).await?;
    match cursor {
        Some(cursor) => screen.note(&format!("{seen} {name}; more with --all, --limit, or --cursor {cursor}")),
        None => screen.note(&format!("{seen} {name}")),
    }
    Ok(())
}
