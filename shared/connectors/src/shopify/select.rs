//! What is asked of Shopify for each entity: the fields behind what the caller wants (R122), and no others.
//!
//! Lists inside an object are asked for a few rows long; what has more gets them with follow-ups (`pages.rs`). The sizes are those of most
//! shops, so that a page seldom needs a second round and still costs less than Shopify's limit.

use super::query::{Selection, money, shop_money};
use crate::fields::Fields;

/// What a caller wants of each object; everything when nothing was selected.
#[derive(Clone, Copy)]
pub(super) struct Wanted<'a>(pub(super) Option<&'a Fields>);

impl Wanted<'_> {
    fn has(&self, path: &str) -> bool {
        self.0.is_none_or(|fields| fields.wants(path))
    }

    fn any(&self, paths: &[&str]) -> bool {
        paths.iter().any(|path| self.has(path))
    }

    /// Adds the scalar behind each path that is wanted.
    fn scalars(&self, selection: &mut Selection, pairs: &[(&str, &str)]) {
        for (path, field) in pairs {
            if self.has(path) {
                selection.scalars(field);
            }
        }
    }
}

/// A list inside an object that can be longer than what is asked for with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Variants,
    /// Stock of a variant by location.
    Levels,
    Media,
    Collections,
    Metafields,
    Lines,
    ShippingLines,
    Addresses,
}

impl Part {
    /// The field of the object that holds the list.
    pub(super) fn field(self) -> &'static str {
        match self {
            Self::Variants => "variants",
            Self::Levels => "inventoryLevels",
            Self::Media => "media",
            Self::Collections => "collections",
            Self::Metafields => "metafields",
            Self::Lines => "lineItems",
            Self::ShippingLines => "shippingLines",
            Self::Addresses => "addressesV2",
        }
    }

    /// How many rows come with the object.
    fn first(self) -> u32 {
        match self {
            Self::Levels | Self::ShippingLines => 3,
            _ => 10,
        }
    }
}

/// What to ask for an entity's objects.
#[derive(Clone)]
pub(super) struct Plan {
    /// The fields of one object.
    pub(super) row: Selection,
    /// The fields of one row of each list in it.
    pub(super) parts: Vec<(Part, Selection)>,
    /// Whether the shop's currency is needed beside.
    pub(super) shop: bool,
}

impl Plan {
    fn new(scalars: &str) -> Self {
        Self { row: Selection::of(scalars), parts: Vec::new(), shop: false }
    }

    fn add(&mut self, part: Part, below: Selection) {
        self.row.connection(part.field(), part.first(), "", &below);
        self.parts.push((part, below));
    }

    /// The fields of one row of a list.
    pub(super) fn part(&self, part: Part) -> Option<&Selection> {
        self.parts.iter().find(|(known, _)| *known == part).map(|(_, below)| below)
    }
}

const ID: &str = "id legacyResourceId";

pub(super) fn product(wanted: Wanted<'_>) -> Plan {
    let mut plan = Plan::new(ID);
    wanted.scalars(
        &mut plan.row,
        &[
            ("name", "title"),
            ("description_html", "descriptionHtml"),
            ("brand", "vendor"),
            ("tags", "tags"),
            ("seo.slug", "handle"),
            ("created_at", "createdAt"),
            ("updated_at", "updatedAt"),
            ("type", "isGiftCard hasVariantsThatRequiresComponents"),
        ],
    );
    if wanted.any(&["status", "remote_status"]) {
        plan.row.scalars("status");
    }
    if wanted.any(&["type", "options", "variants", "sku", "weight"]) {
        plan.row.scalars("hasOnlyDefaultVariant");
    }
    if wanted.any(&["seo.title", "seo.description"]) {
        plan.row.object("seo", &Selection::of("title description"));
    }
    for (path, range, end) in [
        ("price", "priceRangeV2", "minVariantPrice"),
        ("compare_at", "compareAtPriceRange", "minVariantCompareAtPrice"),
    ] {
        if wanted.has(path) {
            let mut below = Selection::default();
            below.object(end, &money());
            plan.row.object(range, &below);
        }
    }
    if wanted.has("options") {
        plan.row.object("options", &Selection::of("name values"));
    }
    if wanted.has("images") {
        let mut image = Selection::of("id alt mediaContentType");
        let mut fragment = Selection::default();
        fragment.object("image", &Selection::of("url"));
        image.fragment("MediaImage", &fragment);
        plan.add(Part::Media, image);
    }
    if wanted.has("categories") {
        plan.add(Part::Collections, Selection::of("legacyResourceId"));
    }
    if wanted.has("meta") {
        plan.add(Part::Metafields, metafield());
    }
    if wanted.has("variants") {
        plan.shop = wanted.any(&["variants.price", "variants.compare_at"]);
        let (variant, levels) = variant(wanted);
        plan.add(Part::Variants, variant);
        if let Some(levels) = levels {
            plan.parts.push((Part::Levels, levels));
        }
    } else if wanted.any(&["sku", "weight"]) {
        // Of a product without options; it has one variant.
        let mut only = Selection::of("id legacyResourceId sku");
        let mut item = Selection::of("id tracked");
        if wanted.has("weight") {
            item.object("measurement", &measurement());
            only.object("inventoryItem", &item);
        }
        plan.row.connection("variants", 1, "", &only);
    }
    plan
}

/// A variant, and its stock by location when that is wanted.
fn variant(wanted: Wanted<'_>) -> (Selection, Option<Selection>) {
    let mut variant = Selection::of(ID);
    wanted.scalars(
        &mut variant,
        &[
            ("variants.barcode", "barcode"),
            ("variants.price", "price"),
            ("variants.compare_at", "compareAtPrice"),
            ("variants.inventory.quantity", "inventoryQuantity"),
            ("variants.inventory.backorder", "inventoryPolicy"),
        ],
    );
    if wanted.any(&["variants.sku", "sku"]) {
        variant.scalars("sku");
    }
    if wanted.has("variants.options") {
        variant.object("selectedOptions", &Selection::of("name value"));
    }
    let mut levels = None;
    let of_the_item = ["variants.cost", "variants.weight", "variants.inventory", "weight"];
    if wanted.any(&of_the_item) {
        let mut item = Selection::of("id tracked");
        if wanted.has("variants.cost") {
            item.object("unitCost", &money());
        }
        if wanted.any(&["variants.weight", "weight"]) {
            item.object("measurement", &measurement());
        }
        if wanted.has("variants.inventory.locations") {
            let mut level = Selection::default();
            level.object("location", &Selection::of("legacyResourceId"));
            level.object("quantities(names: [\"available\"])", &Selection::of("name quantity"));
            item.connection(Part::Levels.field(), Part::Levels.first(), "", &level);
            levels = Some(level);
        }
        variant.object("inventoryItem", &item);
    }
    if wanted.has("variants.image_id") {
        variant.connection("media", 1, "", &Selection::of("id"));
    }
    (variant, levels)
}

fn measurement() -> Selection {
    let mut measurement = Selection::default();
    measurement.object("weight", &Selection::of("value unit"));
    measurement
}

fn metafield() -> Selection {
    Selection::of("namespace key jsonValue")
}

/// An address.
fn address() -> Selection {
    Selection::of("firstName lastName company address1 address2 city province provinceCode zip countryCodeV2 phone")
}

pub(super) fn order(wanted: Wanted<'_>) -> Plan {
    let mut plan = Plan::new(ID);
    wanted.scalars(
        &mut plan.row,
        &[
            ("number", "name"),
            ("updated_at", "updatedAt"),
            ("placed_at", "processedAt"),
            ("note", "note"),
            ("source", "sourceName"),
            ("customer.email", "email"),
        ],
    );
    if wanted.any(&["status", "financial_status", "fulfillment_status", "remote_status", "cancelled_at"]) {
        plan.row.scalars("displayFinancialStatus displayFulfillmentStatus returnStatus cancelledAt closedAt");
    }
    // `meta` tells the buyer's currency where it is not the shop's.
    if wanted.any(&["currency", "totals", "lines", "shipping_lines", "refunds", "meta"]) {
        plan.row.scalars("currencyCode taxesIncluded");
    }
    for (path, field) in [
        ("totals.discount", "totalDiscountsSet"),
        ("totals.shipping", "totalShippingPriceSet"),
        ("totals.tax", "totalTaxSet"),
        ("totals.paid", "totalReceivedSet"),
        ("totals.refunded", "totalRefundedSet"),
    ] {
        if wanted.has(path) {
            plan.row.object(field, &shop_money());
        }
    }
    if wanted.any(&["totals.total", "meta"]) {
        let mut bag = shop_money();
        // The buyer's own currency, which is told in `meta`.
        if wanted.has("meta") {
            bag.object("presentmentMoney", &money());
        }
        plan.row.object("totalPriceSet", &bag);
    }
    if wanted.any(&["customer.id", "customer.first_name", "customer.last_name", "customer.is_guest"]) {
        plan.row.object("customer", &Selection::of("legacyResourceId firstName lastName state"));
    }
    for (path, field) in [("billing", "billingAddress"), ("shipping", "shippingAddress")] {
        if wanted.has(path) {
            plan.row.object(field, &address());
        }
    }
    if wanted.has("refunds") {
        let mut refund = Selection::of("legacyResourceId note createdAt");
        refund.object("totalRefundedSet", &shop_money());
        plan.row.object("refunds", &refund);
    }
    if wanted.has("meta") {
        plan.row.object("customAttributes", &Selection::of("key value"));
        plan.add(Part::Metafields, metafield());
    }
    // The sum of the lines before discounts is nowhere but in the lines.
    if wanted.any(&["lines", "totals.subtotal"]) {
        plan.add(Part::Lines, line(wanted));
    }
    if wanted.any(&["shipping_lines", "totals.shipping"]) {
        let mut line = Selection::of("id title code");
        line.object("discountedPriceSet", &shop_money());
        line.object("taxLines", &tax());
        plan.add(Part::ShippingLines, line);
    }
    plan
}

fn line(wanted: Wanted<'_>) -> Selection {
    let mut line = Selection::of("id name sku quantity");
    if wanted.has("lines.product_id") {
        line.object("product", &Selection::of("legacyResourceId"));
    }
    if wanted.has("lines.variant_id") {
        line.object("variant", &Selection::of("legacyResourceId"));
    }
    if wanted.any(&["lines.unit_price", "lines.unit_price_inc_tax"]) {
        line.object("originalUnitPriceSet", &shop_money());
    }
    if wanted.any(&["lines.total", "totals.subtotal"]) {
        line.object("originalTotalSet", &shop_money());
    }
    if wanted.any(&["lines.discount", "lines.total"]) {
        let mut allocation = Selection::default();
        allocation.object("allocatedAmountSet", &shop_money());
        line.object("discountAllocations", &allocation);
    }
    if wanted.any(&["lines.tax", "lines.total", "lines.unit_price", "totals.subtotal"]) {
        line.object("taxLines", &tax());
    }
    if wanted.has("lines.options") {
        line.object("customAttributes", &Selection::of("key value"));
    }
    line
}

fn tax() -> Selection {
    let mut tax = Selection::default();
    tax.object("priceSet", &shop_money());
    tax
}

pub(super) fn customer(wanted: Wanted<'_>) -> Plan {
    let mut plan = Plan::new(ID);
    wanted.scalars(
        &mut plan.row,
        &[
            ("first_name", "firstName"),
            ("last_name", "lastName"),
            ("groups", "tags"),
            ("is_guest", "state"),
            ("created_at", "createdAt"),
            ("updated_at", "updatedAt"),
        ],
    );
    if wanted.any(&["email", "marketing.email"]) {
        plan.row.object("defaultEmailAddress", &Selection::of("emailAddress marketingState"));
    }
    if wanted.any(&["phone", "marketing.sms"]) {
        let mut phone = Selection::of("phoneNumber");
        if wanted.has("marketing.sms") {
            phone.object("smsMarketingConsent", &Selection::of("state"));
        }
        plan.row.object("defaultPhoneNumber", &phone);
    }
    if wanted.has("addresses") {
        plan.row.object("defaultAddress", &Selection::of("id"));
        let mut below = address();
        below.scalars("id");
        plan.add(Part::Addresses, below);
    }
    if wanted.has("meta") {
        plan.add(Part::Metafields, metafield());
    }
    plan
}

pub(super) fn category(wanted: Wanted<'_>) -> Plan {
    let mut plan = Plan::new(ID);
    wanted.scalars(&mut plan.row, &[("name", "title"), ("slug", "handle")]);
    plan
}

/// Stock: a row is a variant with its levels.
pub(super) fn inventory(wanted: Wanted<'_>) -> Plan {
    let mut plan = Plan::new(ID);
    let mut level = Selection::default();
    if wanted.has("updated_at") {
        level.scalars("updatedAt");
    }
    level.object("location", &Selection::of("legacyResourceId"));
    if wanted.any(&["available", "on_hand"]) {
        level.object("quantities(names: [\"available\", \"on_hand\"])", &Selection::of("name quantity"));
    }
    let mut item = Selection::of("id tracked");
    item.connection(Part::Levels.field(), 10, "", &level);
    plan.row.object("inventoryItem", &item);
    plan.parts.push((Part::Levels, level));
    plan
}
