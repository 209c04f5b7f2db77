//! WooCommerce objects as unified ones (`platforms.md` 4.2 to 4.4).

use std::borrow::Cow;

use domain::model::{
    Address, Category, Customer, Dimensions, Image, InventoryLevel, Line, LineOption, Marketing, MetaField, Order,
    OrderCustomer, Product, ProductOption, ProductStatus, ProductType, Refund, Region, Remote, Seo, ShippingLine,
    Stock, Totals, Variant, Weight,
};
use domain::money::{Amount, Currency, Money};
use jiff::Timestamp;

use super::status::{self, Facts};
use super::wire;
use crate::upstream::{AmountText, IdText, Item, optional, text};

/// A product. A simple one gets its one variant here; a variable one's come from calls of their own.
pub(super) fn product(item: Item<wire::Product<'_>>, currency: Option<Currency>) -> Product {
    let Item { wire, remote } = item;
    let is_variable = is_variable(&wire);
    let kind = match wire.kind.as_ref() {
        _ if is_variable => ProductType::Variable,
        "grouped" => ProductType::Bundle,
        _ if wire.is_virtual => ProductType::Virtual,
        _ => ProductType::Simple,
    };
    let status = match wire.status.as_ref() {
        "publish" => ProductStatus::Active,
        "private" | "trash" => ProductStatus::Archived,
        _ => ProductStatus::Draft,
    };
    let variants = if is_variable { Vec::new() } else { vec![variant(&wire, None, currency)] };
    let id = wire.id.into_string();
    Product {
        remote_id: id.clone(),
        id,
        kind,
        sku: text(wire.sku),
        name: wire.name.into_owned(),
        description_html: text(wire.description),
        status,
        remote_status: text(wire.status),
        brand: wire.brands.into_iter().next().and_then(|brand| text(brand.name)),
        categories: wire.categories.into_iter().map(|category| category.id.into_string()).collect(),
        tags: wire.tags.into_iter().map(|tag| tag.name.into_owned()).collect(),
        images: (0..).zip(wire.images).map(|(position, image)| self::image(image, position)).collect(),
        options: wire
            .attributes
            .into_iter()
            .filter(|attribute| attribute.variation)
            .map(|attribute| ProductOption { name: attribute.name.into_owned(), values: attribute.options })
            .collect(),
        variants,
        price: wire.price.money(currency),
        compare_at: if wire.on_sale { wire.regular_price.money(currency) } else { None },
        tax_class: optional(wire.tax_class),
        weight: weight(wire.weight),
        dimensions: wire.dimensions.as_ref().and_then(dimensions),
        seo: Seo { slug: text(wire.slug), title: None, description: None },
        meta: meta(wire.meta_data),
        source_time: if wire.date_created_gmt.is_none() { optional(wire.date_created) } else { None },
        created_at: gmt(wire.date_created_gmt.as_deref()),
        updated_at: gmt(wire.date_modified_gmt.as_deref()),
        remote,
    }
}

/// Whether the variants of a product come from calls of their own. Subscription plugins have variable types of other names.
pub(super) fn is_variable(wire: &wire::Product<'_>) -> bool {
    wire.kind.starts_with("variable") || (!wire.variations.is_empty() && wire.kind != "grouped")
}

/// A variation of a product or, without `product_id`, the one variant of a simple product.
pub(super) fn variant(wire: &wire::Product<'_>, product_id: Option<&str>, currency: Option<Currency>) -> Variant {
    let id = wire.id.clone().into_string();
    Variant {
        product_id: product_id.map_or_else(|| id.clone(), str::to_owned),
        id,
        sku: text(wire.sku.clone()),
        barcode: optional(wire.global_unique_id.clone()),
        options: wire
            .attributes
            .iter()
            .filter_map(|attribute| Some((attribute.name.clone().into_owned(), attribute.option.clone()?.into_owned())))
            .collect(),
        price: wire.price.money(currency),
        compare_at: if wire.on_sale { wire.regular_price.money(currency) } else { None },
        cost: None,
        weight: weight(wire.weight),
        inventory: Stock {
            tracked: is_tracked(wire),
            quantity: quantity(wire),
            backorder: wire.backorders_allowed,
            locations: Vec::new(),
        },
        image_id: wire.image.as_ref().and_then(|image| image.id.clone().unless_zero()),
    }
}

/// The stock of a variation or of a product without variations.
pub(super) fn inventory_level(wire: &wire::Product<'_>, remote: Remote) -> InventoryLevel {
    InventoryLevel {
        variant_id: wire.id.clone().into_string(),
        location_id: None,
        available: quantity(wire),
        on_hand: None,
        // WooCommerce dates the product, not its stock.
        updated_at: None,
        remote,
    }
}

fn is_tracked(wire: &wire::Product<'_>) -> bool {
    wire.manage_stock.is_some_and(|raw| matches!(raw.get(), "true" | "\"parent\""))
}

fn quantity(wire: &wire::Product<'_>) -> Option<i64> {
    if is_tracked(wire) { wire.stock_quantity.whole() } else { None }
}

fn image(wire: wire::Image<'_>, position: u32) -> Image {
    Image { id: wire.id.unless_zero(), url: wire.src.into_owned(), alt: optional(wire.alt), position }
}

/// The unit is a setting of the store that products do not show.
fn weight(value: AmountText<'_>) -> Option<Weight> {
    value.amount().map(|value| Weight { value, unit: None })
}

fn dimensions(wire: &wire::Dimensions<'_>) -> Option<Dimensions> {
    let (length, width, height) = (wire.length.amount(), wire.width.amount(), wire.height.amount());
    let is_empty = length.is_none() && width.is_none() && height.is_none();
    if is_empty { None } else { Some(Dimensions { length, width, height, unit: None }) }
}

fn meta(wire: Vec<wire::Meta<'_>>) -> Vec<MetaField> {
    wire.into_iter().map(|field| MetaField { key: field.key.into_owned(), value: field.value.to_owned() }).collect()
}

/// A `…_gmt` time: ISO 8601 without the `Z` that it means.
pub(super) fn gmt(text: Option<&str>) -> Option<Timestamp> {
    let text = text?;
    let with_zone = if text.ends_with('Z') { Cow::Borrowed(text) } else { Cow::Owned(format!("{text}Z")) };
    with_zone.parse().ok()
}

pub(super) fn category(item: Item<wire::Category<'_>>) -> Category {
    let Item { wire, remote } = item;
    let id = wire.id.into_string();
    Category {
        remote_id: id.clone(),
        id,
        parent_id: wire.parent.and_then(IdText::unless_zero),
        name: wire.name.into_owned(),
        slug: text(wire.slug),
        path: None,
        position: wire.menu_order,
        visible: None,
        remote,
    }
}

pub(super) fn customer(item: Item<wire::Customer<'_>>) -> Customer {
    let Item { wire, remote } = item;
    let id = wire.id.into_string();
    let phone = wire.billing.as_ref().and_then(|billing| optional(billing.phone.clone()));
    Customer {
        remote_id: id.clone(),
        id,
        email: text(wire.email),
        phone,
        first_name: text(wire.first_name),
        last_name: text(wire.last_name),
        is_guest: false,
        groups: optional(wire.role).into_iter().collect(),
        addresses: [wire.billing, wire.shipping].into_iter().flatten().filter_map(address).collect(),
        marketing: Marketing::default(),
        meta: meta(wire.meta_data),
        source_time: if wire.date_created_gmt.is_none() { optional(wire.date_created) } else { None },
        created_at: gmt(wire.date_created_gmt.as_deref()),
        updated_at: gmt(wire.date_modified_gmt.as_deref()),
        remote,
    }
}

/// An address; `None` when every part of it is empty, which is how WooCommerce writes "none".
fn address(wire: wire::Address<'_>) -> Option<Address> {
    let address = Address {
        first_name: optional(wire.first_name),
        last_name: optional(wire.last_name),
        company: optional(wire.company),
        line1: optional(wire.address_1),
        line2: optional(wire.address_2),
        city: optional(wire.city),
        region: Region { code: optional(wire.state), name: None },
        postcode: optional(wire.postcode),
        country: optional(wire.country),
        phone: optional(wire.phone),
        tax_id: None,
    };
    let parts = [
        &address.first_name,
        &address.last_name,
        &address.company,
        &address.line1,
        &address.line2,
        &address.city,
        &address.region.code,
        &address.postcode,
        &address.country,
        &address.phone,
    ];
    if parts.into_iter().all(Option::is_none) { None } else { Some(address) }
}

pub(super) fn order(item: Item<wire::Order<'_>>) -> Order {
    let Item { wire, remote } = item;
    let id = wire.id.into_string();
    let currency: Option<Currency> = wire.currency.parse().ok();
    let facts = Facts {
        is_paid: wire.date_paid_gmt.is_some(),
        is_completed: wire.date_completed_gmt.is_some(),
        has_refunds: !wire.refunds.is_empty(),
    };
    let (status, financial_status, fulfillment_status) = status::unified(&wire.status, &facts);
    let refunds: Vec<Refund> = wire.refunds.into_iter().map(|refund| self::refund(refund, currency)).collect();
    let totals = Totals {
        subtotal: sum(wire.line_items.iter().map(|line| line.subtotal.amount()), currency),
        discount: wire.discount_total.money(currency),
        shipping: wire.shipping_total.money(currency),
        tax: wire.total_tax.money(currency),
        total: wire.total.money(currency),
        tax_included: wire.prices_include_tax,
        paid: if facts.is_paid { wire.total.money(currency) } else { None },
        refunded: sum(refunds.iter().map(|refund| refund.amount.clone().map(|money| money.amount)), currency),
    };
    Order {
        number: optional(wire.number).unwrap_or_else(|| id.clone()),
        remote_id: id.clone(),
        id,
        status,
        financial_status,
        fulfillment_status,
        remote_status: wire.status.into_owned(),
        currency,
        totals,
        customer: buyer(wire.customer_id, wire.billing.as_ref()),
        billing: wire.billing.and_then(address),
        shipping: wire.shipping.and_then(address),
        lines: wire.line_items.into_iter().map(|line| self::line(line, currency)).collect(),
        shipping_lines: wire
            .shipping_lines
            .into_iter()
            .map(|line| ShippingLine {
                id: line.id.map(IdText::into_string),
                title: line.method_title.unwrap_or_default().into_owned(),
                code: optional(line.method_id),
                total: line.total.money(currency),
                tax: line.total_tax.money(currency),
            })
            .collect(),
        refunds,
        meta: meta(wire.meta_data),
        source_time: if wire.date_created_gmt.is_none() { optional(wire.date_created) } else { None },
        placed_at: gmt(wire.date_created_gmt.as_deref()),
        updated_at: gmt(wire.date_modified_gmt.as_deref()),
        cancelled_at: None,
        note: optional(wire.customer_note),
        source: optional(wire.created_via),
        remote,
    }
}

/// The exact sum; `None` when a part of it cannot be read.
fn sum(mut amounts: impl Iterator<Item = Option<Amount>>, currency: Option<Currency>) -> Option<Money> {
    let zero = Amount::from_minor_units(0, 0).ok()?;
    let total = amounts.try_fold(zero, |total, amount| total.checked_add(&amount?))?;
    Some(Money::new(total, currency))
}

fn refund(wire: wire::Refund<'_>, currency: Option<Currency>) -> Refund {
    let zero = Amount::from_minor_units(0, 0).ok();
    let positive = |amount: Amount| {
        if amount.as_str().starts_with('-') { zero.as_ref()?.checked_sub(&amount) } else { Some(amount) }
    };
    Refund {
        id: wire.id.into_string(),
        amount: wire.total.amount().and_then(positive).map(|amount| Money::new(amount, currency)),
        reason: optional(wire.reason),
        created_at: None,
    }
}

/// Who bought: a guest's name and e-mail stand in the billing address only.
fn buyer(customer_id: Option<IdText<'_>>, billing: Option<&wire::Address<'_>>) -> OrderCustomer {
    let id = customer_id.and_then(IdText::unless_zero);
    OrderCustomer {
        is_guest: id.is_none(),
        id,
        email: billing.and_then(|billing| optional(billing.email.clone())),
        first_name: billing.and_then(|billing| optional(billing.first_name.clone())),
        last_name: billing.and_then(|billing| optional(billing.last_name.clone())),
    }
}

fn line(wire: wire::Line<'_>, currency: Option<Currency>) -> Line {
    let product_id = wire.product_id.and_then(IdText::unless_zero);
    let discount = match (wire.subtotal.amount(), wire.total.amount()) {
        (Some(subtotal), Some(total)) => subtotal.checked_sub(&total),
        _ => None,
    };
    Line {
        id: wire.id.into_string(),
        // A product without variations is its own variant.
        variant_id: wire.variation_id.and_then(IdText::unless_zero).or_else(|| product_id.clone()),
        product_id,
        sku: optional(wire.sku),
        name: wire.name.unwrap_or_default().into_owned(),
        quantity: wire.quantity.whole().unwrap_or(0),
        unit_price: wire.price.money(currency),
        unit_price_inc_tax: None,
        discount: discount.map(|amount| Money::new(amount, currency)),
        tax: wire.total_tax.money(currency),
        total: wire.total.money(currency),
        options: wire.meta_data.into_iter().filter_map(line_option).collect(),
    }
}

/// What a shopper chose. Keys with an underscore are WooCommerce's own notes; values that are not text are a plugin's.
fn line_option(wire: wire::Meta<'_>) -> Option<LineOption> {
    if wire.key.starts_with('_') {
        return None;
    }
    let value = wire.display_value.unwrap_or(wire.value);
    let name = optional(wire.display_key).unwrap_or_else(|| wire.key.into_owned());
    Some(LineOption { name, value: serde_json::from_str(value.get()).ok()? })
}
