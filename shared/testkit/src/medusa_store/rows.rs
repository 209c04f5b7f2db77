//! What the stand-in holds: the recorded objects by id, and mugs after one of them.

use std::collections::BTreeMap;
use std::io;

use serde_json::{Value, json};

use super::PRODUCTS;

/// Objects by id: a Medusa list in order of ids.
pub(super) type Table = BTreeMap<String, Value>;

/// Everything there is.
pub(super) struct Rows {
    pub(super) products: Table,
    pub(super) orders: Table,
    pub(super) customers: Table,
    pub(super) categories: Table,
    pub(super) tags: Table,
    pub(super) stores: Value,
    pub(super) regions: Value,
    made: u32,
}

impl Rows {
    pub(super) fn recorded() -> io::Result<Self> {
        let mut rows = Self {
            products: table(include_str!("../../../connectors/fixtures/medusa/products.json"), "products")?,
            orders: table(include_str!("../../../connectors/fixtures/medusa/orders.json"), "orders")?,
            customers: table(include_str!("../../../connectors/fixtures/medusa/customers.json"), "customers")?,
            categories: table(
                include_str!("../../../connectors/fixtures/medusa/categories.json"),
                "product_categories",
            )?,
            tags: Table::new(),
            stores: parsed(include_str!("../../../connectors/fixtures/medusa/stores.json"))?,
            regions: parsed(include_str!("../../../connectors/fixtures/medusa/regions.json"))?,
            made: 0,
        };
        for tag in rows.products.values().flat_map(|product| product["tags"].as_array()).flatten() {
            rows.tags.insert(text(&tag["id"]), tag.clone());
        }
        let model = rows.products.values().find(|product| product["handle"] == "mug-41").cloned();
        let model = model.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))?;
        for number in 1_000.. {
            if rows.products.len() >= PRODUCTS {
                break;
            }
            let text = model.to_string().replace(&text(&model["id"]), &format!("prod_01GENERATED{number}"));
            let text = text.replace(&self::text(&model["variants"][0]["id"]), &format!("variant_01GENERATED{number}"));
            let mut mug =
                parsed(&text.replace("mug-41", &format!("mug-{number}")).replace("Mug 41", &format!("Mug {number}")))?;
            mug["variants"][0]["sku"] = json!(format!("MUG-{number}"));
            rows.products.insert(self::text(&mug["id"]), mug);
        }
        Ok(rows)
    }

    /// A new id with a prefix; it comes after all others.
    pub(super) fn new_id(&mut self, prefix: &str) -> String {
        self.made += 1;
        format!("{prefix}_01NEW{:06}", self.made)
    }

    /// The variants of all products, each as `product-variants` shows it.
    pub(super) fn variants(&self) -> Table {
        let variants = self.products.values().flat_map(|product| product["variants"].as_array()).flatten();
        variants.map(|variant| (text(&variant["id"]), variant.clone())).collect()
    }

    /// The shelf of an inventory item, for change.
    pub(super) fn levels(&mut self, item: &str) -> Option<&mut Vec<Value>> {
        self.products
            .values_mut()
            .flat_map(|product| product["variants"].as_array_mut())
            .flatten()
            .flat_map(|variant| variant["inventory_items"].as_array_mut())
            .flatten()
            .find(|part| part["inventory_item_id"] == item)?["inventory"]["location_levels"]
            .as_array_mut()
    }
}

fn parsed(text: &str) -> io::Result<Value> {
    serde_json::from_str(text).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

fn table(recording: &str, name: &str) -> io::Result<Table> {
    let list = parsed(recording)?;
    let rows = list[name].as_array().cloned().ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))?;
    Ok(rows.into_iter().map(|row| (text(&row["id"]), row)).collect())
}

/// A text; empty for anything else.
pub(super) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
