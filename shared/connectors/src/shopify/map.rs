//! Shopify's catalogue and customers as unified objects (`platforms.md` 4.2, 4.3). Orders are in `map_order.rs`.

use std::borrow::Cow;

use domain::model::{
    Address, Category, Customer, Image, InventoryLevel, Marketing, MetaField, Product, ProductOption, ProductStatus,
    ProductType, Region, Seo, Stock, StockLocation, Variant, Weight,
};
use domain::money::{Currency, Money};

use super::wire;
use crate::upstream::{Item, optional, text, time};

pub(super) fn product(item: Item<wire::Product<'_>>, shop: Option<Currency>) -> Product {
    let Item { wire, remote } = item;
    let id = wire.legacy_resource_id.into_string();
    let is_simple = wire.has_only_default_variant;
    let only = if is_simple { wire.variants.nodes.first() } else { None };
    let kind = if wire.is_gift_card {
        ProductType::Virtual
    } else if wire.has_variants_that_requires_components {
        ProductType::Bundle
    } else if is_simple {
        ProductType::Simple
    } else {
        ProductType::Variable
    };
    let status = match wire.status.as_ref() {
        "DRAFT" => ProductStatus::Draft,
        "ARCHIVED" => ProductStatus::Archived,
        // UNLISTED can be bought by whoever has its address.
        _ => ProductStatus::Active,
    };
    Product {
        remote_id: wire.id.into_owned(),
        kind,
        sku: only.and_then(|variant| optional(variant.sku.clone())),
        weight: only.and_then(weight),
        name: wire.title.into_owned(),
        description_html: optional(wire.description_html),
        status,
        remote_status: text(wire.status),
        brand: optional(wire.vendor),
        categories: wire.collections.nodes.into_iter().map(|it| it.legacy_resource_id.into_string()).collect(),
        tags: wire.tags,
        images: images(wire.media.nodes, 0),
        // A product without options has one named "Title" with the value "Default Title".
        options: if is_simple {
            Vec::new()
        } else {
            wire.options.into_iter().map(|it| ProductOption { name: it.name, values: it.values }).collect()
        },
        variants: wire.variants.nodes.into_iter().map(|it| variant(it, &id, is_simple, shop)).collect(),
        id,
        price: wire.price_range_v2.and_then(|range| money(range.min_variant_price)),
        // Zero where no variant has one.
        compare_at: wire
            .compare_at_price_range
            .and_then(|range| money(range.min_variant_compare_at_price))
            .filter(|money| !money.amount.is_zero()),
        tax_class: None,
        dimensions: None,
        seo: Seo {
            slug: optional(wire.handle),
            title: wire.seo.as_ref().and_then(|seo| optional(seo.title.clone())),
            description: wire.seo.and_then(|seo| optional(seo.description)),
        },
        meta: meta(wire.metafields.nodes),
        created_at: time(wire.created_at.as_deref()),
        updated_at: time(wire.updated_at.as_deref()),
        source_time: None,
        remote,
    }
}

pub(super) fn variant(wire: wire::Variant<'_>, product_id: &str, is_only: bool, shop: Option<Currency>) -> Variant {
    let weight = weight(&wire);
    let (tracked, cost, levels) = match wire.inventory_item {
        Some(item) => (item.tracked, item.unit_cost.and_then(money), item.inventory_levels.nodes),
        None => (false, None, Vec::new()),
    };
    Variant {
        id: wire.legacy_resource_id.into_string(),
        product_id: product_id.to_owned(),
        sku: optional(wire.sku),
        barcode: optional(wire.barcode),
        options: if is_only {
            std::collections::BTreeMap::new()
        } else {
            wire.selected_options.into_iter().map(|it| (it.name, it.value)).collect()
        },
        price: wire.price.money(shop),
        compare_at: wire.compare_at_price.money(shop),
        cost,
        weight,
        inventory: Stock {
            tracked,
            quantity: wire.inventory_quantity.filter(|_| tracked),
            backorder: wire.inventory_policy.as_deref() == Some("CONTINUE"),
            locations: levels.into_iter().map(stock_location).collect(),
        },
        image_id: wire.media.nodes.first().map(|media| number(&media.id)),
    }
}

pub(super) fn stock_location(wire: wire::Level<'_>) -> StockLocation {
    let available = quantity(&wire.quantities, "available");
    StockLocation { location_id: wire.location.legacy_resource_id.into_string(), available }
}

/// The level of a variant at a location.
pub(super) fn inventory_level(item: Item<wire::Level<'_>>, variant_id: &str, tracked: bool) -> InventoryLevel {
    let Item { wire, remote } = item;
    let counted = |name| if tracked { quantity(&wire.quantities, name) } else { None };
    InventoryLevel {
        variant_id: variant_id.to_owned(),
        available: counted("available"),
        on_hand: counted("on_hand"),
        location_id: Some(wire.location.legacy_resource_id.into_string()),
        updated_at: time(wire.updated_at.as_deref()),
        remote,
    }
}

fn quantity(quantities: &[wire::Quantity<'_>], name: &str) -> Option<i64> {
    quantities.iter().find(|quantity| quantity.name == name)?.quantity
}

/// The pictures among media, the first of them at `position`.
pub(super) fn images(media: Vec<wire::Media<'_>>, position: u32) -> Vec<Image> {
    let pictures = media.into_iter().filter_map(|media| Some((number(&media.id), media.image?.url, media.alt)));
    (position..)
        .zip(pictures)
        .map(|(position, (id, url, alt))| Image { id: Some(id), url: url.into_owned(), alt: optional(alt), position })
        .collect()
}

fn weight(wire: &wire::Variant<'_>) -> Option<Weight> {
    let weight = wire.inventory_item.as_ref()?.measurement.as_ref()?.weight.as_ref()?;
    let unit = match weight.unit.as_ref() {
        "GRAMS" => "g",
        "KILOGRAMS" => "kg",
        "OUNCES" => "oz",
        "POUNDS" => "lb",
        _ => return None,
    };
    Some(Weight { value: weight.value.amount()?, unit: Some(unit.to_owned()) })
}

/// Custom fields as `namespace.key`, which is what makes them unique.
pub(super) fn meta(fields: Vec<wire::Metafield<'_>>) -> Vec<MetaField> {
    fields
        .into_iter()
        .map(|field| MetaField {
            key: format!("{}.{}", field.namespace, field.key),
            value: field.json_value.to_owned(),
        })
        .collect()
}

pub(super) fn money(wire: wire::Money<'_>) -> Option<Money> {
    wire.amount.money(wire.currency_code.and_then(|code| code.parse().ok()))
}

/// The number in a global id: `gid://shopify/MediaImage/12` is `12`.
pub(super) fn number(gid: &str) -> String {
    let last = gid.rsplit('/').next().unwrap_or(gid);
    last.split('?').next().unwrap_or(last).to_owned()
}

pub(super) fn category(item: Item<wire::Collection<'_>>) -> Category {
    let Item { wire, remote } = item;
    Category {
        id: wire.legacy_resource_id.into_string(),
        remote_id: wire.id.into_owned(),
        parent_id: None,
        name: wire.title.into_owned(),
        slug: optional(wire.handle),
        path: None,
        position: None,
        visible: None,
        remote,
    }
}

pub(super) fn customer(item: Item<wire::Customer<'_>>) -> Customer {
    let Item { wire, remote } = item;
    let (email, email_state) = match wire.default_email_address {
        Some(address) => (optional(address.email_address), address.marketing_state),
        None => (None, None),
    };
    let (phone, sms_state) = match wire.default_phone_number {
        Some(number) => (optional(number.phone_number), number.sms_marketing_consent.and_then(|it| it.state)),
        None => (None, None),
    };
    let agreed = |state: Option<Cow<'_, str>>| state.map(|state| state == "SUBSCRIBED");
    let mut addresses = wire.addresses_v2.nodes;
    // The one that the customer chose comes first.
    if let Some(default) = &wire.default_address {
        addresses.sort_by_key(|address| address.id.as_ref() != Some(&default.id));
    }
    Customer {
        id: wire.legacy_resource_id.into_string(),
        remote_id: wire.id.into_owned(),
        email,
        phone,
        first_name: optional(wire.first_name),
        last_name: optional(wire.last_name),
        is_guest: is_guest(wire.state.as_deref()),
        groups: wire.tags,
        addresses: addresses.into_iter().filter_map(address).collect(),
        marketing: Marketing { email: agreed(email_state), sms: agreed(sms_state) },
        meta: meta(wire.metafields.nodes),
        created_at: time(wire.created_at.as_deref()),
        updated_at: time(wire.updated_at.as_deref()),
        source_time: None,
        remote,
    }
}

/// Shopify keeps a record of everyone who ever gave an e-mail address; an account is behind it only when it is enabled.
pub(super) fn is_guest(state: Option<&str>) -> bool {
    state != Some("ENABLED")
}

/// An address; `None` when every part of it is empty.
pub(super) fn address(wire: wire::Address<'_>) -> Option<Address> {
    let address = Address {
        first_name: optional(wire.first_name),
        last_name: optional(wire.last_name),
        company: optional(wire.company),
        line1: optional(wire.address1),
        line2: optional(wire.address2),
        city: optional(wire.city),
        region: Region { code: optional(wire.province_code), name: optional(wire.province) },
        postcode: optional(wire.zip),
        country: optional(wire.country_code_v2),
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
        &address.region.name,
        &address.postcode,
        &address.country,
        &address.phone,
    ];
    if parts.into_iter().all(Option::is_none) { None } else { Some(address) }
}
