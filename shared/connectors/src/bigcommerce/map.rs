//! BigCommerce's catalogue, customers, stock and carts as unified objects (`platforms.md` 4.2, 4.3).

use std::borrow::Cow;

use domain::model::{
    Address, Basket, BasketLine, Category, Customer, Dimensions, Image, InventoryLevel, Marketing, MetaField,
    OrderCustomer, Product, ProductOption, ProductStatus, ProductType, Region, Remote, Seo, Stock, Totals, Variant,
    Weight,
};
use domain::money::{Amount, Currency};

use super::wire;
use crate::connector::ReadError;
use crate::upstream::{AmountText, IdText, Item, item, optional, text, time};

/// What holds for the whole store: its currency and units.
#[derive(Clone, Default)]
pub(super) struct Settings {
    pub(super) currency: Option<Currency>,
    pub(super) weight_unit: Option<&'static str>,
    pub(super) length_unit: Option<&'static str>,
}

impl Settings {
    pub(super) fn from_store(store: &wire::Store<'_>) -> Self {
        Self {
            currency: store.currency.parse().ok(),
            weight_unit: match store.weight_units.as_ref() {
                "LBS" => Some("lb"),
                "Ounces" => Some("oz"),
                "KGS" => Some("kg"),
                "Grams" => Some("g"),
                "Tonnes" => Some("t"),
                _ => None,
            },
            length_unit: match store.dimension_units.as_ref() {
                "Inches" => Some("in"),
                "Centimeters" => Some("cm"),
                _ => None,
            },
        }
    }

    fn weight(&self, value: AmountText<'_>) -> Option<Weight> {
        value.amount().map(|value| Weight { value, unit: self.weight_unit.map(str::to_owned) })
    }
}

/// A product. Its brand is known by id only; `brand` gives the name.
pub(super) fn product(
    item: Item<wire::Product<'_>>,
    settings: &Settings,
    brand: impl Fn(&str) -> Option<String>,
) -> Product {
    let Item { wire, remote } = item;
    let has_options = wire.variants.iter().any(|variant| !variant.option_values.is_empty());
    let kind = match wire.kind.as_ref() {
        _ if has_options => ProductType::Variable,
        "digital" => ProductType::Virtual,
        _ => ProductType::Simple,
    };
    let status = match (wire.is_visible, wire.availability.as_deref()) {
        (Some(false), _) => ProductStatus::Draft,
        (_, Some("disabled")) => ProductStatus::Archived,
        _ => ProductStatus::Active,
    };
    let currency = settings.currency;
    let variants = wire.variants.iter().map(|variant| self::variant(variant, &wire, settings)).collect();
    let options = options(&wire.variants);
    let id = wire.id.into_string();
    Product {
        remote_id: id.clone(),
        id,
        kind,
        sku: optional(wire.sku),
        name: wire.name.into_owned(),
        description_html: optional(wire.description),
        status,
        remote_status: optional(wire.availability),
        brand: wire.brand_id.and_then(IdText::unless_zero).and_then(|id| brand(&id)),
        categories: wire.categories.into_iter().map(IdText::into_string).collect(),
        tags: Vec::new(),
        images: images(wire.images),
        options,
        variants,
        price: wire.calculated_price.money(currency),
        compare_at: regular_price(wire.sale_price, wire.price).money(currency),
        tax_class: wire.tax_class_id.map(IdText::into_string),
        weight: settings.weight(wire.weight),
        dimensions: dimensions(wire.width, wire.depth, wire.height, settings),
        seo: Seo {
            slug: wire.custom_url.and_then(|address| slug(address.url)),
            title: optional(wire.page_title),
            description: optional(wire.meta_description),
        },
        meta: wire
            .custom_fields
            .into_iter()
            .map(|field| MetaField { key: field.name.into_owned(), value: field.value.to_owned() })
            .collect(),
        created_at: time(wire.date_created.as_deref()),
        updated_at: time(wire.date_modified.as_deref()),
        source_time: None,
        remote,
    }
}

/// The price before a reduction: the price where a sale price stands beside it (0 means none).
fn regular_price<'a>(sale_price: AmountText<'a>, price: AmountText<'a>) -> AmountText<'a> {
    if is_some(sale_price) { price } else { AmountText::default() }
}

/// Whether an amount is there and not 0, which BigCommerce writes for "none".
pub(super) fn is_some(amount: AmountText<'_>) -> bool {
    amount.amount().is_some_and(|amount: Amount| !amount.is_zero())
}

/// The options in the order in which variants name them. `include=options` would say the same, but cuts a page to ten products.
fn options(variants: &[wire::Variant<'_>]) -> Vec<ProductOption> {
    let mut options: Vec<ProductOption> = Vec::new();
    for value in variants.iter().flat_map(|variant| &variant.option_values) {
        let index = match options.iter().position(|option| option.name == value.option_display_name) {
            Some(index) => index,
            None => {
                options
                    .push(ProductOption { name: value.option_display_name.clone().into_owned(), values: Vec::new() });
                options.len() - 1
            }
        };
        let values = &mut options[index].values;
        if !values.iter().any(|known| *known == value.label) {
            values.push(value.label.clone().into_owned());
        }
    }
    options
}

fn variant(wire: &wire::Variant<'_>, product: &wire::Product<'_>, settings: &Settings) -> Variant {
    let price = if wire.price.amount().is_some() { wire.price } else { product.price };
    let tracked = product.inventory_tracking != "none";
    // A product that counts its own stock has it on itself, whatever its variants say.
    let level = if product.inventory_tracking == "product" { product.inventory_level } else { wire.inventory_level };
    let weight = if wire.weight.amount().is_some() { wire.weight } else { product.weight };
    Variant {
        id: wire.id.clone().into_string(),
        product_id: wire.product_id.clone().into_string(),
        sku: optional(wire.sku.clone()),
        barcode: optional(wire.gtin.clone()).or_else(|| optional(wire.upc.clone())),
        options: wire
            .option_values
            .iter()
            .map(|value| (value.option_display_name.clone().into_owned(), value.label.clone().into_owned()))
            .collect(),
        price: wire.calculated_price.money(settings.currency),
        compare_at: regular_price(wire.sale_price, price).money(settings.currency),
        cost: wire.cost_price.money(settings.currency),
        weight: settings.weight(weight),
        inventory: Stock {
            tracked,
            quantity: if tracked { level.whole() } else { None },
            backorder: false,
            locations: Vec::new(),
        },
        image_id: None,
    }
}

fn images(mut wire: Vec<wire::Image<'_>>) -> Vec<Image> {
    wire.sort_by_key(|image| image.sort_order);
    (0..)
        .zip(wire)
        .map(|(position, image)| Image {
            id: Some(image.id.into_string()),
            url: image.url_standard.into_owned(),
            alt: optional(image.description),
            position,
        })
        .collect()
}

/// BigCommerce's depth is the unified length.
fn dimensions(
    width: AmountText<'_>,
    depth: AmountText<'_>,
    height: AmountText<'_>,
    settings: &Settings,
) -> Option<Dimensions> {
    let (length, width, height) = (depth.amount(), width.amount(), height.amount());
    let is_empty = [&length, &width, &height].into_iter().all(|side| side.as_ref().is_none_or(Amount::is_zero));
    if is_empty {
        None
    } else {
        Some(Dimensions { length, width, height, unit: settings.length_unit.map(str::to_owned) })
    }
}

/// `/a/b/` as `a/b`.
fn slug(path: Option<Cow<'_, str>>) -> Option<String> {
    path.and_then(|path| text(Cow::Borrowed(path.trim_matches('/'))))
}

pub(super) fn category(item: Item<wire::Category<'_>>) -> Category {
    let Item { wire, remote } = item;
    let id = wire.category_id.into_string();
    Category {
        remote_id: id.clone(),
        id,
        parent_id: wire.parent_id.and_then(IdText::unless_zero),
        name: wire.name.into_owned(),
        slug: wire.url.and_then(|url| slug(url.path)),
        path: None,
        position: wire.sort_order,
        visible: wire.is_visible,
        remote,
    }
}

pub(super) fn customer(item: Item<wire::Customer<'_>>) -> Customer {
    let Item { wire, remote } = item;
    let id = wire.id.into_string();
    Customer {
        remote_id: id.clone(),
        id,
        email: text(wire.email),
        phone: optional(wire.phone),
        first_name: optional(wire.first_name),
        last_name: optional(wire.last_name),
        is_guest: false,
        groups: wire.customer_group_id.and_then(IdText::unless_zero).into_iter().collect(),
        addresses: wire.addresses.into_iter().map(address).collect(),
        marketing: Marketing::default(),
        meta: Vec::new(),
        created_at: time(wire.date_created.as_deref()),
        updated_at: time(wire.date_modified.as_deref()),
        source_time: None,
        remote,
    }
}

pub(super) fn address(wire: wire::CustomerAddress<'_>) -> Address {
    Address {
        first_name: optional(wire.first_name),
        last_name: optional(wire.last_name),
        company: optional(wire.company),
        line1: optional(wire.address1),
        line2: optional(wire.address2),
        city: optional(wire.city),
        region: Region { code: None, name: optional(wire.state_or_province) },
        postcode: optional(wire.postal_code),
        country: optional(wire.country_code),
        phone: optional(wire.phone),
        tax_id: None,
    }
}

/// A level for each location where the variant is kept.
pub(super) fn inventory_levels(item: &Item<wire::InventoryItem<'_>>) -> Result<Vec<InventoryLevel>, ReadError> {
    let variant_id = item.wire.identity.variant_id.clone().into_string();
    item.wire.locations.iter().map(|location| level(&variant_id, location.get(), item.remote.clone())).collect()
}

fn level(variant_id: &str, location: &str, remote: Remote) -> Result<InventoryLevel, ReadError> {
    let wire: wire::InventoryLocation<'_> = item(location.as_bytes(), false)?.wire;
    Ok(InventoryLevel {
        variant_id: variant_id.to_owned(),
        location_id: Some(wire.location_id.into_string()),
        available: wire.available_to_sell.whole(),
        on_hand: wire.total_inventory_onhand.whole(),
        updated_at: None,
        remote,
    })
}

/// The one level of a variant: its own, or the sum where several locations keep it.
pub(super) fn over_all_locations(levels: Vec<InventoryLevel>) -> Option<InventoryLevel> {
    let add = |one: Option<i64>, other: Option<i64>| one?.checked_add(other?);
    levels.into_iter().reduce(|sum, level| InventoryLevel {
        location_id: None,
        available: add(sum.available, level.available),
        on_hand: add(sum.on_hand, level.on_hand),
        ..sum
    })
}

pub(super) fn basket(item: Item<wire::Cart<'_>>) -> Basket {
    let Item { wire, remote } = item;
    let currency: Option<Currency> = wire.currency.and_then(|currency| currency.code.parse().ok());
    let id = wire.customer_id.and_then(IdText::unless_zero);
    let email = optional(wire.email);
    let customer = (id.is_some() || email.is_some()).then(|| OrderCustomer {
        is_guest: id.is_none(),
        id,
        email,
        first_name: None,
        last_name: None,
    });
    let items = wire.line_items;
    let lines = items.physical_items.into_iter().chain(items.digital_items).chain(items.custom_items);
    Basket {
        id: wire.id.into_string(),
        customer,
        currency,
        lines: lines
            .map(|line| BasketLine {
                id: line.id.into_string(),
                product_id: line.product_id.and_then(IdText::unless_zero),
                variant_id: line.variant_id.and_then(IdText::unless_zero),
                sku: optional(line.sku),
                name: line.name.into_owned(),
                quantity: line.quantity.whole().unwrap_or(0),
                unit_price: if is_some(line.sale_price) { line.sale_price } else { line.list_price }.money(currency),
                total: line.extended_sale_price.money(currency),
            })
            .collect(),
        totals: Totals {
            subtotal: wire.base_amount.money(currency),
            discount: wire.discount_amount.money(currency),
            shipping: None,
            tax: None,
            total: wire.cart_amount.money(currency),
            tax_included: wire.tax_included,
            paid: None,
            refunded: None,
        },
        url: wire.redirect_urls.and_then(|urls| optional(urls.cart_url)),
        // 30 days after the last change, says the documentation; the cart itself does not.
        expires_at: None,
        remote,
    }
}
