//! Magento's catalogue and customers as unified objects (`platforms.md` 4.2, 4.3).

use std::borrow::Cow;
use std::collections::BTreeMap;

use domain::model::{
    Address, Category, Customer, Image, Marketing, MetaField, Product, ProductOption, ProductStatus, ProductType,
    Region, Seo, Stock, StockLocation, Variant, Weight,
};
use domain::money::{Amount, Currency, Money};
use jiff::Timestamp;
use serde_json::value::RawValue;

use super::wire;
use crate::upstream::{AmountText, IdText, Item, optional};

/// What holds for the whole store.
#[derive(Clone, Default)]
pub(super) struct Settings {
    pub(super) currency: Option<Currency>,
    pub(super) weight_unit: Option<&'static str>,
    pub(super) media_url: String,
}

impl Settings {
    pub(super) fn from_config(config: wire::StoreConfig<'_>) -> Self {
        Self {
            currency: config.base_currency_code.parse().ok(),
            weight_unit: match config.weight_unit.as_ref() {
                "lbs" => Some("lb"),
                "kgs" => Some("kg"),
                _ => None,
            },
            media_url: config.secure_base_media_url.unwrap_or_default().into_owned(),
        }
    }
}

/// The attributes that tell variants apart: code and labels of the values, by the attribute's id.
pub(super) type Attributes = BTreeMap<String, (String, BTreeMap<String, String>)>;

/// How much there is, by SKU and source.
pub(super) type Stocks = BTreeMap<String, Vec<Source>>;

/// What one source holds of one SKU.
#[derive(Clone)]
pub(super) struct Source {
    /// `None` where the store knows no sources.
    pub(super) code: Option<String>,
    pub(super) quantity: Option<i64>,
    pub(super) in_stock: bool,
}

impl Source {
    /// What can be sold from it; what open orders reserve is not taken off, for that Magento tells of one SKU at a time only.
    pub(super) fn available(&self) -> Option<i64> {
        if self.in_stock { self.quantity } else { Some(0) }
    }
}

/// Everything besides the products themselves that a page of them is made of.
#[derive(Default)]
pub(super) struct Around {
    pub(super) settings: Settings,
    /// The moment of the store's answer, against which special prices are held.
    pub(super) now: Option<Timestamp>,
    pub(super) attributes: Attributes,
    pub(super) stocks: Stocks,
}

/// What a product's custom attributes say.
struct Attributed<'w, 'a>(&'w [wire::Attribute<'a>]);

impl<'a> Attributed<'_, 'a> {
    fn raw(&self, code: &str) -> Option<&'a RawValue> {
        self.0.iter().find(|attribute| attribute.attribute_code == code).map(|attribute| attribute.value)
    }

    fn text(&self, code: &str) -> Option<String> {
        let text: Cow<'_, str> = serde_json::from_str(self.raw(code)?.get()).ok()?;
        optional(Some(text))
    }

    fn amount(&self, code: &str) -> Option<Amount> {
        serde_json::from_str::<AmountText<'_>>(self.raw(code)?.get()).ok()?.amount()
    }

    fn time(&self, code: &str) -> Option<Timestamp> {
        utc(self.text(code).as_deref())
    }
}

/// Attributes that have a place of their own in the unified model.
const KNOWN: &[&str] = &[
    "description",
    "special_price",
    "special_from_date",
    "special_to_date",
    "cost",
    "url_key",
    "meta_title",
    "meta_description",
    "tax_class_id",
    "category_ids",
];

/// What barcodes are called; Magento itself has none.
const BARCODES: &[&str] = &["gtin", "ean", "upc", "barcode"];

/// A product with its children, which are products themselves.
pub(super) fn product(item: Item<wire::Product<'_>>, children: &[&wire::Product<'_>], around: &Around) -> Product {
    let Item { wire, remote } = item;
    let kind = match wire.type_id.as_ref() {
        "configurable" => ProductType::Variable,
        "bundle" | "grouped" => ProductType::Bundle,
        "virtual" | "downloadable" => ProductType::Virtual,
        _ => ProductType::Simple,
    };
    let extension = wire.extension_attributes.as_ref();
    let options = configurable_options(&wire, around);
    let id = wire.id.clone().into_string();
    let is_variable = kind == ProductType::Variable;
    let variants: Vec<Variant> = if is_variable {
        children.iter().map(|child| variant(child, &id, &options, around)).collect()
    } else {
        vec![variant(&wire, &id, &[], around)]
    };
    let (price, compare_at) = if is_variable { lowest(&variants) } else { prices(&wire, around) };
    let attributes = wire.custom_attributes.as_deref().unwrap_or_default();
    let attributed = Attributed(attributes);
    let by_link = extension.and_then(|extension| extension.category_links.as_deref()).unwrap_or_default();
    Product {
        kind,
        sku: optional(Some(wire.sku.clone())),
        name: wire.name.clone().unwrap_or_default().into_owned(),
        description_html: attributed.text("description"),
        status: if is_enabled(&wire) { ProductStatus::Active } else { ProductStatus::Draft },
        remote_status: wire.status.clone().map(IdText::into_string),
        brand: None,
        categories: by_link.iter().map(|link| link.category_id.clone().into_string()).collect(),
        tags: Vec::new(),
        images: images(wire.media_gallery_entries.as_deref().unwrap_or_default(), around),
        options: options.into_iter().map(|option| ProductOption { name: option.name, values: option.values }).collect(),
        variants,
        price,
        compare_at,
        tax_class: attributed.text("tax_class_id"),
        weight: weight(&wire, around),
        dimensions: None,
        seo: Seo {
            slug: attributed.text("url_key"),
            title: attributed.text("meta_title"),
            description: attributed.text("meta_description"),
        },
        meta: attributes
            .iter()
            .filter(|attribute| !KNOWN.contains(&attribute.attribute_code.as_ref()))
            .map(|attribute| MetaField {
                key: attribute.attribute_code.clone().into_owned(),
                value: attribute.value.to_owned(),
            })
            .collect(),
        created_at: utc(wire.created_at.as_deref()),
        updated_at: utc(wire.updated_at.as_deref()),
        source_time: None,
        remote_id: id.clone(),
        id,
        remote,
    }
}

fn is_enabled(wire: &wire::Product<'_>) -> bool {
    wire.status.clone().is_none_or(|status| status.into_string() == "1")
}

/// An option of a configurable product, ready to be looked up in its children.
struct Choice {
    name: String,
    code: Option<String>,
    labels: BTreeMap<String, String>,
    values: Vec<String>,
}

fn configurable_options(wire: &wire::Product<'_>, around: &Around) -> Vec<Choice> {
    let extension = wire.extension_attributes.as_ref();
    let mut options: Vec<_> =
        extension.and_then(|extension| extension.configurable_product_options.as_ref()).into_iter().flatten().collect();
    options.sort_by_key(|option| option.position);
    let choice = |option: &wire::ConfigurableOption<'_>| {
        let known = around.attributes.get(&option.attribute_id.clone().into_string());
        let labels = known.map(|(_, labels)| labels.clone()).unwrap_or_default();
        let value = |value: &wire::OptionValue<'_>| {
            let index = value.value_index.clone().into_string();
            labels.get(&index).cloned().unwrap_or(index)
        };
        let values = option.values.iter().flatten().map(value).collect();
        Choice { name: option.label.clone().into_owned(), code: known.map(|(code, _)| code.clone()), labels, values }
    };
    options.into_iter().map(choice).collect()
}

fn variant(wire: &wire::Product<'_>, product_id: &str, options: &[Choice], around: &Around) -> Variant {
    let attributed = Attributed(wire.custom_attributes.as_deref().unwrap_or_default());
    let chosen = |option: &Choice| {
        let value = attributed.text(option.code.as_deref()?)?;
        Some((option.name.clone(), option.labels.get(&value).cloned().unwrap_or(value)))
    };
    let (price, compare_at) = prices(wire, around);
    Variant {
        id: wire.id.clone().into_string(),
        product_id: product_id.to_owned(),
        sku: optional(Some(wire.sku.clone())),
        barcode: BARCODES.iter().find_map(|code| attributed.text(code)),
        options: options.iter().filter_map(chosen).collect(),
        price,
        compare_at,
        cost: attributed.amount("cost").map(|cost| Money::new(cost, around.settings.currency)),
        weight: weight(wire, around),
        inventory: stock(around.stocks.get(wire.sku.as_ref()).map(Vec::as_slice).unwrap_or_default()),
        image_id: None,
    }
}

fn stock(sources: &[Source]) -> Stock {
    let locations = sources
        .iter()
        .filter_map(|source| Some(StockLocation { location_id: source.code.clone()?, available: source.available() }));
    Stock {
        tracked: !sources.is_empty(),
        quantity: total(sources.iter().map(Source::available)),
        backorder: false,
        locations: locations.collect(),
    }
}

/// The sum; `None` of nothing, and where a part is not known.
pub(super) fn total(mut quantities: impl Iterator<Item = Option<i64>>) -> Option<i64> {
    let first = quantities.next()??;
    quantities.try_fold(first, |total, quantity| total.checked_add(quantity?))
}

/// What a buyer pays and what it was before: a special price holds from the first to the end of the last of its days.
fn prices(wire: &wire::Product<'_>, around: &Around) -> (Option<Money>, Option<Money>) {
    let attributed = Attributed(wire.custom_attributes.as_deref().unwrap_or_default());
    let money = |amount: Amount| Money::new(amount, around.settings.currency);
    let price = wire.price.amount();
    let from = attributed.time("special_from_date");
    let to = attributed.time("special_to_date").map(|day| day + DAY);
    let has_begun = from.is_none_or(|from| around.now.is_some_and(|now| from <= now));
    let is_over = to.is_some_and(|to| around.now.is_none_or(|now| to <= now));
    match attributed.amount("special_price").filter(|_| has_begun && !is_over) {
        Some(special) => (Some(money(special)), price.map(money)),
        None => (price.map(money), None),
    }
}

const DAY: jiff::SignedDuration = jiff::SignedDuration::from_hours(24);

/// The lowest price of the variants, with what it was before.
fn lowest(variants: &[Variant]) -> (Option<Money>, Option<Money>) {
    let value = |variant: &Variant| variant.price.as_ref().and_then(|price| price.amount.to_minor_units(4));
    let cheapest = variants.iter().filter(|variant| value(variant).is_some()).min_by_key(|variant| value(variant));
    cheapest.map_or((None, None), |variant| (variant.price.clone(), variant.compare_at.clone()))
}

fn weight(wire: &wire::Product<'_>, around: &Around) -> Option<Weight> {
    let unit = around.settings.weight_unit.map(str::to_owned);
    wire.weight.amount().map(|value| Weight { value, unit })
}

fn images(wire: &[wire::Media<'_>], around: &Around) -> Vec<Image> {
    let mut shown: Vec<_> = wire.iter().filter(|media| !media.disabled && media.media_type == "image").collect();
    shown.sort_by_key(|media| media.position);
    let image = |(position, media): (u32, &wire::Media<'_>)| Image {
        id: Some(media.id.clone().into_string()),
        url: match around.settings.media_url.as_str() {
            "" => media.file.clone().into_owned(),
            base => format!("{base}catalog/product{}", media.file),
        },
        alt: optional(media.label.clone()),
        position,
    };
    (0..).zip(shown).map(image).collect()
}

/// A category; the root above all trees (id 1) counts as none.
pub(super) fn category(item: Item<wire::Category<'_>>) -> Category {
    let Item { wire, remote } = item;
    let id = wire.id.into_string();
    Category {
        remote_id: id.clone(),
        id,
        parent_id: wire.parent_id.and_then(IdText::unless_zero).filter(|parent| parent != ROOT),
        name: wire.name.unwrap_or_default().into_owned(),
        slug: Attributed(wire.custom_attributes.as_deref().unwrap_or_default()).text("url_key"),
        path: None,
        position: wire.position,
        visible: wire.is_active,
        remote,
    }
}

/// The category above all trees, which no shop shows.
pub(super) const ROOT: &str = "1";

pub(super) fn customer(item: Item<wire::Customer<'_>>) -> Customer {
    let Item { wire, remote } = item;
    let id = wire.id.into_string();
    let mut addresses = wire.addresses.unwrap_or_default();
    // The one for billing first.
    addresses.sort_by_key(|address| !address.default_billing);
    let attributes = wire.custom_attributes.unwrap_or_default();
    Customer {
        remote_id: id.clone(),
        id,
        email: optional(Some(wire.email)),
        phone: addresses.first().and_then(|address| optional(address.telephone.clone())),
        first_name: optional(wire.firstname),
        last_name: optional(wire.lastname),
        is_guest: false,
        groups: wire.group_id.map(IdText::into_string).into_iter().collect(),
        addresses: addresses.iter().map(address).collect(),
        marketing: Marketing {
            email: wire.extension_attributes.and_then(|extension| extension.is_subscribed),
            sms: None,
        },
        meta: attributes
            .into_iter()
            .map(|attribute| MetaField {
                key: attribute.attribute_code.into_owned(),
                value: attribute.value.to_owned(),
            })
            .collect(),
        created_at: utc(wire.created_at.as_deref()),
        updated_at: utc(wire.updated_at.as_deref()),
        source_time: None,
        remote,
    }
}

pub(super) fn address(wire: &wire::Address<'_>) -> Address {
    let street = wire.street.as_deref().unwrap_or_default();
    Address {
        first_name: optional(wire.firstname.clone()),
        last_name: optional(wire.lastname.clone()),
        company: optional(wire.company.clone()),
        line1: optional(street.first().cloned()),
        line2: optional(Some(Cow::Owned(street.get(1..).unwrap_or_default().join(", ")))),
        city: optional(wire.city.clone()),
        region: region(wire),
        postcode: optional(wire.postcode.clone()),
        country: optional(wire.country_id.clone()),
        phone: optional(wire.telephone.clone()),
        tax_id: optional(wire.vat_id.clone()),
    }
}

fn region(wire: &wire::Address<'_>) -> Region {
    let Some(raw) = wire.region else { return Region { code: optional(wire.region_code.clone()), name: None } };
    if let Ok(region) = serde_json::from_str::<wire::Region<'_>>(raw.get()) {
        return Region { code: optional(region.region_code), name: optional(region.region) };
    }
    let name = serde_json::from_str::<Cow<'_, str>>(raw.get()).ok();
    Region { code: optional(wire.region_code.clone()), name: optional(name) }
}

/// `2026-01-31 08:00:00`, which is UTC.
pub(super) fn utc(text: Option<&str>) -> Option<Timestamp> {
    let (day, time) = text?.split_once(' ')?;
    format!("{day}T{time}Z").parse().ok()
}
