//! What to ask Medusa for: its `fields` parameter, made of the fields that the caller chose (R122).
//!
//! Medusa reads related objects in the same call, so a page needs no second one (no N+1). A relation that a version does not know is a 500 there,
//! a plain field that it does not know is left out; so relations stand here only if every 2.x has them.

use crate::fields::Fields;

/// Fields of a unified object and what they are made of on the platform. No unified field: always asked for.
type Part = (&'static [&'static str], &'static str);

/// What a product is made of.
pub(super) const PRODUCT: &[Part] = &[
    (&[], "id"),
    (&["name"], "title"),
    (&["description_html"], "description"),
    (&["seo"], "handle"),
    (&["status", "remote_status"], "status"),
    (&["type"], "is_giftcard,variants.id"),
    (&["weight"], "weight"),
    (&["dimensions"], "length,width,height"),
    (&["categories"], "categories.id"),
    (&["tags"], "tags.id,tags.value"),
    (&["images"], "images.id,images.url,images.rank"),
    (&["options"], "options.id,options.title,options.values.value"),
    (&["meta"], "metadata"),
    (&["created_at"], "created_at"),
    (&["updated_at"], "updated_at"),
    (&["variants"], "variants.id"),
    (&["variants.sku"], "variants.sku"),
    (&["variants.barcode"], "variants.barcode,variants.ean,variants.upc"),
    (&["variants.weight"], "variants.weight"),
    (&["variants.options"], "variants.options.value,variants.options.option.title"),
    (&["variants.image_id"], "variants.thumbnail,images.id,images.url"),
    (
        &["price", "variants.price"],
        "variants.id,variants.prices.id,variants.prices.amount,variants.prices.currency_code,variants.prices.min_quantity,\
         variants.prices.max_quantity,variants.prices.price_rules.attribute,variants.prices.price_rules.value",
    ),
    (&["variants.inventory"], "variants.manage_inventory,variants.allow_backorder"),
    (
        &["variants.inventory.quantity", "variants.inventory.locations"],
        "variants.inventory_items.required_quantity,variants.inventory_items.inventory.location_levels.location_id,\
         variants.inventory_items.inventory.location_levels.stocked_quantity,\
         variants.inventory_items.inventory.location_levels.reserved_quantity,\
         variants.inventory_items.inventory.location_levels.updated_at",
    ),
];

/// What a stock level is made of: a variant with what lies on the shelf for it.
pub(super) const INVENTORY: &[Part] = &[(
    &[],
    "id,manage_inventory,inventory_items.inventory_item_id,inventory_items.required_quantity,\
     inventory_items.inventory.location_levels.location_id,inventory_items.inventory.location_levels.stocked_quantity,\
     inventory_items.inventory.location_levels.reserved_quantity,inventory_items.inventory.location_levels.updated_at",
)];

/// What a category is made of.
pub(super) const CATEGORY: &[Part] = &[
    (&[], "id"),
    (&["name"], "name"),
    (&["slug"], "handle"),
    (&["parent_id"], "parent_category_id"),
    (&["position"], "rank"),
    (&["visible"], "is_active,is_internal"),
];

/// What a customer is made of.
pub(super) const CUSTOMER: &[Part] = &[
    (&[], "id"),
    (&["email"], "email"),
    (&["phone"], "phone"),
    (&["first_name"], "first_name"),
    (&["last_name"], "last_name"),
    (&["is_guest"], "has_account"),
    (&["groups"], "groups.name"),
    (&["addresses"], "*addresses"),
    (&["meta"], "metadata"),
    (&["created_at"], "created_at"),
    (&["updated_at"], "updated_at"),
];

/// What an order is made of. Medusa computes the sums of lines and shipping only when one of the order's is asked for.
pub(super) const ORDER: &[Part] = &[
    (&[], "id,status,is_draft_order,currency_code"),
    (&["number"], "display_id,custom_display_id"),
    (&["financial_status"], "payment_status"),
    (&["fulfillment_status"], "fulfillment_status"),
    (
        &["totals"],
        "item_subtotal,discount_subtotal,shipping_subtotal,tax_total,item_total,shipping_total,summary,\
         items.is_tax_inclusive",
    ),
    (&["customer"], "customer_id,email,customer.first_name,customer.last_name,customer.has_account"),
    (&["billing"], "*billing_address"),
    (&["shipping"], "*shipping_address"),
    (&["lines"], "total,*items"),
    (&["lines.options"], "items.variant.options.value,items.variant.options.option.title"),
    (&["shipping_lines"], "total,*shipping_methods"),
    (
        &["refunds"],
        "payment_collections.payments.refunds.id,payment_collections.payments.refunds.amount,\
         payment_collections.payments.refunds.note,payment_collections.payments.refunds.created_at",
    ),
    (&["meta"], "metadata"),
    (&["placed_at"], "created_at"),
    (&["updated_at"], "updated_at"),
    (&["cancelled_at"], "canceled_at"),
    (&["source"], "sales_channel.name"),
];

/// The value of `fields` for a choice; everything without one. The platform's own object, where it is wanted, is Medusa's default selection with
/// ours added to it.
pub(super) fn fields(parts: &[Part], chosen: Option<&Fields>, include_remote: bool) -> String {
    let is_wanted = |paths: &[&str]| {
        include_remote || paths.is_empty() || chosen.is_none_or(|chosen| paths.iter().any(|path| chosen.wants(path)))
    };
    let mut names: Vec<&str> = Vec::new();
    for name in parts.iter().filter(|(paths, _)| is_wanted(paths)).flat_map(|(_, names)| names.split(',')) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let plus =
        |name: &&str| if include_remote && !name.starts_with('*') { format!("+{name}") } else { (*name).to_owned() };
    names.iter().map(plus).collect::<Vec<_>>().join(",")
}
