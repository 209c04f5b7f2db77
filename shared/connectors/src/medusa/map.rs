//! Medusa's objects as unified ones (`platforms.md` 4.2 to 4.4).

use std::collections::BTreeMap;

use domain::model::{
    Address, Category, Customer, Dimensions, FinancialStatus, FulfillmentStatus, Image, InventoryLevel, Line,
    LineOption, Marketing, MetaField, Order, OrderCustomer, OrderStatus, Product, ProductOption, ProductStatus,
    ProductType, Refund, Region, Seo, ShippingLine, Stock, StockLocation, Totals, Variant, Weight,
};
use domain::money::{Amount, Currency, Money};

use super::stock;
use super::wire;
use crate::upstream::{AmountText, Item, optional, time};

/// A product. `currency` is the store's own: a variant has a price in each currency that the store sells in.
pub(super) fn product(item: Item<wire::Product<'_>>, currency: Option<Currency>) -> Product {
    let Item { wire, remote } = item;
    let id = wire.id.into_owned();
    let images: Vec<Image> = (0..)
        .zip(wire.images)
        .map(|(position, image)| Image {
            id: image.id.map(std::borrow::Cow::into_owned),
            url: image.url.into_owned(),
            alt: None,
            position: image.rank.unwrap_or(position),
        })
        .collect();
    let variants: Vec<Variant> =
        wire.variants.into_iter().map(|variant| self::variant(variant, &id, &images, currency)).collect();
    Product {
        remote_id: id.clone(),
        kind: match (wire.is_giftcard, variants.len()) {
            (Some(true), _) => ProductType::Virtual,
            (_, 0 | 1) => ProductType::Simple,
            _ => ProductType::Variable,
        },
        // Only variants have one.
        sku: None,
        name: wire.title.unwrap_or_default().into_owned(),
        description_html: optional(wire.description),
        status: match wire.status.as_deref() {
            Some("published") => ProductStatus::Active,
            Some("rejected") => ProductStatus::Archived,
            _ => ProductStatus::Draft,
        },
        remote_status: optional(wire.status),
        brand: None,
        categories: wire.categories.into_iter().map(|category| category.id.into_owned()).collect(),
        tags: wire.tags.into_iter().map(|tag| tag.value.into_owned()).collect(),
        options: wire
            .options
            .into_iter()
            .map(|option| ProductOption {
                name: option.title.into_owned(),
                values: option.values.into_iter().map(|value| value.value.into_owned()).collect(),
            })
            .collect(),
        price: lowest(variants.iter().filter_map(|variant| variant.price.as_ref())).cloned(),
        compare_at: None,
        tax_class: None,
        weight: weight(wire.weight),
        dimensions: dimensions(wire.length, wire.width, wire.height),
        seo: Seo { slug: optional(wire.handle), title: None, description: None },
        meta: meta(wire.metadata),
        created_at: time(wire.created_at.as_deref()),
        updated_at: time(wire.updated_at.as_deref()),
        source_time: None,
        id,
        images,
        variants,
        remote,
    }
}

fn variant(wire: wire::Variant<'_>, product_id: &str, images: &[Image], currency: Option<Currency>) -> Variant {
    let tracked = wire.manage_inventory.unwrap_or_default();
    let levels = if tracked { stock::levels(&wire) } else { Vec::new() };
    Variant {
        id: wire.id.into_owned(),
        product_id: product_id.to_owned(),
        sku: optional(wire.sku),
        barcode: optional(wire.barcode).or_else(|| optional(wire.ean)).or_else(|| optional(wire.upc)),
        options: chosen(wire.options),
        price: price(&wire.prices, currency),
        compare_at: None,
        cost: None,
        weight: weight(wire.weight),
        inventory: Stock {
            tracked,
            quantity: tracked.then(|| levels.iter().map(|level| level.available).fold(0, i64::saturating_add)),
            backorder: wire.allow_backorder.unwrap_or_default(),
            locations: levels
                .into_iter()
                .map(|level| StockLocation { location_id: level.location_id, available: Some(level.available) })
                .collect(),
        },
        image_id: wire
            .thumbnail
            .and_then(|url| images.iter().find(|image| image.url == url))
            .and_then(|image| image.id.clone()),
    }
}

/// The price that holds for everybody and any number of pieces: in the store's own currency where it has one, else in the currency whose code
/// comes first in the alphabet, so that the same store always answers alike.
fn price(prices: &[wire::Price<'_>], currency: Option<Currency>) -> Option<Money> {
    let for_all = |price: &&wire::Price<'_>| {
        price.rules.is_empty() && price.min_quantity.amount().is_none() && price.max_quantity.amount().is_none()
    };
    let priced = |price: &wire::Price<'_>| Some((self::currency(&price.currency_code)?, price.amount.amount()?));
    let mut found: Vec<(Currency, Amount)> = prices.iter().filter(for_all).filter_map(priced).collect();
    found.sort_by(|(left, _), (right, _)| left.as_str().cmp(right.as_str()));
    let at = found.iter().position(|(code, _)| Some(*code) == currency).unwrap_or_default();
    let (code, amount) = found.into_iter().nth(at)?;
    Some(Money::new(amount, Some(code)))
}

/// The lowest of prices in one currency.
fn lowest<'a>(prices: impl Iterator<Item = &'a Money>) -> Option<&'a Money> {
    prices.reduce(|lowest, price| {
        let is_lower = price.currency == lowest.currency
            && price.amount.checked_sub(&lowest.amount).is_some_and(|difference| difference.as_str().starts_with('-'));
        if is_lower { price } else { lowest }
    })
}

/// Medusa writes codes in lower case.
pub(super) fn currency(code: &str) -> Option<Currency> {
    code.to_ascii_uppercase().parse().ok()
}

fn chosen(options: Vec<wire::ChosenOption<'_>>) -> BTreeMap<String, String> {
    let named = |chosen: wire::ChosenOption<'_>| Some((optional(chosen.option?.title)?, chosen.value.into_owned()));
    options.into_iter().filter_map(named).collect()
}

/// Medusa does not say in which unit it weighs and measures.
fn weight(value: AmountText<'_>) -> Option<Weight> {
    value.amount().map(|value| Weight { value, unit: None })
}

fn dimensions(length: AmountText<'_>, width: AmountText<'_>, height: AmountText<'_>) -> Option<Dimensions> {
    let (length, width, height) = (length.amount(), width.amount(), height.amount());
    let is_empty = length.is_none() && width.is_none() && height.is_none();
    if is_empty { None } else { Some(Dimensions { length, width, height, unit: None }) }
}

fn meta(metadata: wire::Metadata<'_>) -> Vec<MetaField> {
    metadata.into_iter().map(|(key, value)| MetaField { key, value: value.to_owned() }).collect()
}

/// The stock of a variant: one row a location; one without a location when nothing is counted or nothing lies anywhere.
pub(super) fn inventory_levels(item: Item<wire::Variant<'_>>) -> Vec<InventoryLevel> {
    let Item { wire, remote } = item;
    let tracked = wire.manage_inventory.unwrap_or_default();
    let levels = if tracked { stock::levels(&wire) } else { Vec::new() };
    let variant_id = wire.id.into_owned();
    if levels.is_empty() {
        let none = tracked.then_some(0);
        return vec![InventoryLevel {
            variant_id,
            location_id: None,
            available: none,
            on_hand: none,
            updated_at: None,
            remote,
        }];
    }
    levels
        .into_iter()
        .map(|level| InventoryLevel {
            variant_id: variant_id.clone(),
            location_id: Some(level.location_id),
            available: Some(level.available),
            on_hand: Some(level.on_hand),
            updated_at: level.updated_at,
            remote: remote.clone(),
        })
        .collect()
}

/// The stock of a variant over all its locations: what is read by the variant's id.
pub(super) fn inventory_total(item: Item<wire::Variant<'_>>) -> Option<InventoryLevel> {
    let mut rows = inventory_levels(item).into_iter();
    let first = rows.next()?;
    Some(rows.fold(first, |total, row| InventoryLevel {
        location_id: None,
        available: total.available.zip(row.available).map(|(left, right)| left.saturating_add(right)),
        on_hand: total.on_hand.zip(row.on_hand).map(|(left, right)| left.saturating_add(right)),
        updated_at: total.updated_at.max(row.updated_at),
        ..total
    }))
}

pub(super) fn category(item: Item<wire::Category<'_>>) -> Category {
    let Item { wire, remote } = item;
    let id = wire.id.into_owned();
    Category {
        remote_id: id.clone(),
        id,
        parent_id: optional(wire.parent_category_id),
        name: wire.name.unwrap_or_default().into_owned(),
        slug: optional(wire.handle),
        path: None,
        position: wire.rank,
        visible: wire.is_active.map(|is_active| is_active && wire.is_internal != Some(true)),
        remote,
    }
}

pub(super) fn customer(item: Item<wire::Customer<'_>>) -> Customer {
    let Item { wire, remote } = item;
    let id = wire.id.into_owned();
    let mut addresses = wire.addresses;
    addresses.sort_by_key(|address| address.is_default_billing != Some(true));
    Customer {
        remote_id: id.clone(),
        id,
        email: optional(wire.email),
        phone: optional(wire.phone),
        first_name: optional(wire.first_name),
        last_name: optional(wire.last_name),
        is_guest: wire.has_account == Some(false),
        groups: wire.groups.into_iter().map(|group| group.name.into_owned()).collect(),
        addresses: addresses.into_iter().map(address).collect(),
        marketing: Marketing::default(),
        meta: meta(wire.metadata),
        created_at: time(wire.created_at.as_deref()),
        updated_at: time(wire.updated_at.as_deref()),
        source_time: None,
        remote,
    }
}

fn address(wire: wire::Address<'_>) -> Address {
    let province = optional(wire.province);
    // Medusa's own screens store ISO 3166-2 (`us-ny`); importers store what they have.
    let is_code = province.as_deref().is_some_and(|text| text.len() <= 3 || text.as_bytes().get(2) == Some(&b'-'));
    let (code, name) = if is_code { (province, None) } else { (None, province) };
    Address {
        first_name: optional(wire.first_name),
        last_name: optional(wire.last_name),
        company: optional(wire.company),
        line1: optional(wire.address_1),
        line2: optional(wire.address_2),
        city: optional(wire.city),
        region: Region { code, name },
        postcode: optional(wire.postal_code),
        country: optional(wire.country_code).map(|code| code.to_ascii_uppercase()),
        phone: optional(wire.phone),
        tax_id: None,
    }
}

/// Whether it is not an order yet (`platforms.md` 4.4).
pub(super) fn is_draft(wire: &wire::Order<'_>) -> bool {
    wire.is_draft_order == Some(true) || wire.status.as_deref() == Some("draft")
}

pub(super) fn order(item: Item<wire::Order<'_>>) -> Order {
    let Item { wire, remote } = item;
    let id = wire.id.into_owned();
    let currency = wire.currency_code.as_deref().and_then(currency);
    let refunds = wire.payment_collections.into_iter().flat_map(|collection| collection.payments);
    let refunds = refunds.flat_map(|payment| payment.refunds);
    let tax_included = match wire.items.first() {
        Some(first) if wire.items.iter().all(|line| line.is_tax_inclusive == first.is_tax_inclusive) => {
            first.is_tax_inclusive
        }
        _ => None,
    };
    // A refund becomes a credit line that Medusa takes off `total`; what the buyer owed in all is the lines and the shipping.
    let total = match (wire.item_total.amount(), wire.shipping_total.amount()) {
        (Some(items), Some(shipping)) => items.checked_add(&shipping),
        _ => wire.total.amount(),
    };
    Order {
        number: optional(wire.custom_display_id)
            .or_else(|| wire.display_id.map(|number| number.to_string()))
            .unwrap_or_else(|| id.clone()),
        remote_id: id.clone(),
        id,
        status: match wire.status.as_deref() {
            Some("completed" | "archived") => OrderStatus::Completed,
            Some("canceled") => OrderStatus::Cancelled,
            _ => OrderStatus::Open,
        },
        financial_status: financial_status(wire.payment_status.as_deref()),
        fulfillment_status: fulfillment_status(wire.fulfillment_status.as_deref()),
        remote_status: wire.status.unwrap_or_default().into_owned(),
        currency,
        totals: Totals {
            subtotal: wire.item_subtotal.money(currency),
            discount: wire.discount_subtotal.money(currency),
            shipping: wire.shipping_subtotal.money(currency),
            tax: wire.tax_total.money(currency),
            total: total.map(|amount| Money::new(amount, currency)),
            tax_included,
            paid: wire.summary.as_ref().and_then(|summary| summary.paid_total.money(currency)),
            refunded: wire.summary.as_ref().and_then(|summary| summary.refunded_total.money(currency)),
        },
        customer: OrderCustomer {
            id: optional(wire.customer_id),
            email: optional(wire.email),
            is_guest: wire.customer.as_ref().and_then(|customer| customer.has_account) != Some(true),
            first_name: wire.customer.as_ref().and_then(|customer| optional(customer.first_name.clone())),
            last_name: wire.customer.and_then(|customer| optional(customer.last_name)),
        },
        billing: wire.billing_address.map(address),
        shipping: wire.shipping_address.map(address),
        lines: wire.items.into_iter().map(|line| self::line(line, currency)).collect(),
        shipping_lines: wire
            .shipping_methods
            .into_iter()
            .map(|method| ShippingLine {
                id: optional(method.id),
                title: method.name.unwrap_or_default().into_owned(),
                code: optional(method.shipping_option_id),
                total: method.subtotal.money(currency),
                tax: method.tax_total.money(currency),
            })
            .collect(),
        refunds: refunds
            .map(|refund| Refund {
                id: refund.id.into_owned(),
                amount: refund.amount.money(currency),
                reason: optional(refund.note),
                created_at: time(refund.created_at.as_deref()),
            })
            .collect(),
        meta: meta(wire.metadata),
        placed_at: time(wire.created_at.as_deref()),
        updated_at: time(wire.updated_at.as_deref()),
        cancelled_at: time(wire.canceled_at.as_deref()),
        source_time: None,
        note: None,
        source: wire.sales_channel.and_then(|channel| optional(channel.name)),
        remote,
    }
}

/// Part of a sum that came in or is reserved is not the sum: `partially_captured` and `partially_authorized` stay pending.
fn financial_status(text: Option<&str>) -> FinancialStatus {
    match text {
        Some("authorized") => FinancialStatus::Authorized,
        Some("captured") => FinancialStatus::Paid,
        Some("partially_refunded") => FinancialStatus::PartiallyRefunded,
        Some("refunded") => FinancialStatus::Refunded,
        Some("canceled") => FinancialStatus::Voided,
        _ => FinancialStatus::Pending,
    }
}

fn fulfillment_status(text: Option<&str>) -> FulfillmentStatus {
    match text {
        Some("fulfilled" | "shipped" | "delivered") => FulfillmentStatus::Fulfilled,
        Some("partially_fulfilled" | "partially_shipped" | "partially_delivered") => FulfillmentStatus::Partial,
        _ => FulfillmentStatus::Unfulfilled,
    }
}

fn line(wire: wire::Line<'_>, currency: Option<Currency>) -> Line {
    let total = wire.subtotal.amount().and_then(|subtotal| match wire.discount_subtotal.amount() {
        Some(discount) => subtotal.checked_sub(&discount),
        None => Some(subtotal),
    });
    let unit_price = wire.unit_price.money(currency);
    let (unit_price, unit_price_inc_tax) =
        if wire.is_tax_inclusive == Some(true) { (None, unit_price) } else { (unit_price, None) };
    Line {
        id: wire.id.into_owned(),
        product_id: optional(wire.product_id),
        variant_id: optional(wire.variant_id),
        sku: optional(wire.variant_sku),
        name: wire.title.unwrap_or_default().into_owned(),
        quantity: wire.quantity.whole().unwrap_or_default(),
        unit_price,
        unit_price_inc_tax,
        discount: wire.discount_subtotal.money(currency),
        tax: wire.tax_total.money(currency),
        total: total.map(|amount| Money::new(amount, currency)),
        options: chosen(wire.variant.map(|variant| variant.options).unwrap_or_default())
            .into_iter()
            .map(|(name, value)| LineOption { name, value })
            .collect(),
    }
}
