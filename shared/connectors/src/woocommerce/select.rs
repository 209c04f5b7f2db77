//! `_fields`: asking the store for no more than the caller's choice needs (R122). WordPress builds an object and then drops what is not
//! named, so this saves transport and reading on both sides; the calls for variations and currency are saved altogether.

use domain::model::Entity;

use crate::fields::Fields;

/// What the mapping of a unified field reads, by dotted path; a path stands for all below it.
type Table = &'static [(&'static str, &'static [&'static str])];

/// What every mapping needs: the id, and what decides whether and as what an object is shown.
const ALWAYS: &[&str] = &["id", "status", "type"];

const PRODUCT: Table = &[
    ("type", &["variations", "virtual"]),
    ("sku", &["sku"]),
    ("name", &["name"]),
    ("description_html", &["description"]),
    ("brand", &["brands"]),
    ("categories", &["categories"]),
    ("tags", &["tags"]),
    ("images", &["images"]),
    ("options", &["attributes"]),
    ("variants", &["variations"]),
    ("variants.sku", &["sku"]),
    ("variants.barcode", &["global_unique_id"]),
    ("variants.options", &["attributes"]),
    ("variants.price", &["price"]),
    ("variants.compare_at", &["on_sale", "regular_price"]),
    ("variants.weight", &["weight"]),
    ("variants.inventory", &["manage_stock", "stock_quantity", "backorders_allowed"]),
    ("variants.image_id", &["image"]),
    ("price", &["price"]),
    ("compare_at", &["on_sale", "regular_price"]),
    ("tax_class", &["tax_class"]),
    ("weight", &["weight"]),
    ("dimensions", &["dimensions"]),
    ("seo", &["slug"]),
    ("meta", &["meta_data"]),
    ("created_at", &["date_created_gmt"]),
    ("updated_at", &["date_modified_gmt"]),
    ("source_time", &["date_created", "date_created_gmt"]),
];

const ORDER: Table = &[
    ("number", &["number"]),
    ("status", &["date_paid_gmt", "date_completed_gmt", "refunds"]),
    ("financial_status", &["date_paid_gmt", "refunds"]),
    ("fulfillment_status", &["date_completed_gmt"]),
    ("currency", &["currency"]),
    ("totals", &["currency"]),
    ("totals.subtotal", &["line_items"]),
    ("totals.discount", &["discount_total"]),
    ("totals.shipping", &["shipping_total"]),
    ("totals.tax", &["total_tax"]),
    ("totals.total", &["total"]),
    ("totals.tax_included", &["prices_include_tax"]),
    ("totals.paid", &["total", "date_paid_gmt"]),
    ("totals.refunded", &["refunds"]),
    ("customer", &["customer_id", "billing"]),
    ("billing", &["billing"]),
    ("shipping", &["shipping"]),
    ("lines", &["line_items", "currency"]),
    ("shipping_lines", &["shipping_lines", "currency"]),
    ("refunds", &["refunds", "currency"]),
    ("meta", &["meta_data"]),
    ("placed_at", &["date_created_gmt"]),
    ("updated_at", &["date_modified_gmt"]),
    ("source_time", &["date_created", "date_created_gmt"]),
    ("note", &["customer_note"]),
    ("source", &["created_via"]),
];

const CUSTOMER: Table = &[
    ("email", &["email"]),
    ("phone", &["billing"]),
    ("first_name", &["first_name"]),
    ("last_name", &["last_name"]),
    ("groups", &["role"]),
    ("addresses", &["billing", "shipping"]),
    ("meta", &["meta_data"]),
    ("created_at", &["date_created_gmt"]),
    ("updated_at", &["date_modified_gmt"]),
    ("source_time", &["date_created", "date_created_gmt"]),
];

const CATEGORY: Table =
    &[("parent_id", &["parent"]), ("name", &["name"]), ("slug", &["slug"]), ("position", &["menu_order"])];

/// A stock level is a product or variation with little else.
const INVENTORY: Table =
    &[("variant_id", &["variations"]), ("available", &["manage_stock", "stock_quantity", "variations"])];

/// The paths of amounts, which need the store's currency.
const MONEY: &[&str] = &["price", "compare_at", "variants.price", "variants.compare_at"];

/// The value of `_fields` for objects of an entity; `None` for whole objects.
pub(super) fn fields(entity: Entity, chosen: Option<&Fields>, include_remote: bool) -> Option<String> {
    let chosen = chosen.filter(|_| !include_remote)?;
    let table = match entity {
        Entity::Products => PRODUCT,
        Entity::Orders => ORDER,
        Entity::Customers => CUSTOMER,
        Entity::Categories => CATEGORY,
        Entity::Inventory => INVENTORY,
        Entity::Baskets => return None,
    };
    let mut names = ALWAYS.to_vec();
    for (path, needed) in table {
        if chosen.wants(path) {
            names.extend(*needed);
        }
    }
    names.sort_unstable();
    names.dedup();
    Some(names.join(","))
}

/// What is asked for a read of products.
pub(super) struct Selection {
    /// The fields of a product and of its variations; `None` for all.
    pub(super) fields: Option<String>,
    /// Whether variations are wanted.
    pub(super) variants: bool,
    /// Whether amounts are wanted.
    pub(super) money: bool,
}

impl Selection {
    /// Everything.
    pub(super) fn all() -> Self {
        Self { fields: None, variants: true, money: true }
    }

    pub(super) fn new(chosen: Option<&Fields>, include_remote: bool) -> Self {
        let Some(fields) = chosen else { return Self::all() };
        Self {
            fields: self::fields(Entity::Products, chosen, include_remote),
            variants: fields.wants("variants"),
            money: MONEY.iter().any(|path| fields.wants(path)),
        }
    }
}
