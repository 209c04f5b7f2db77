//! Products with their combinations, stock, options and option values: three more turns a page, however many products are in it.

use std::collections::BTreeMap;

use domain::model::{
    Dimensions, Image, Product, ProductOption, ProductStatus, ProductType, Seo, Stock, Variant, Weight,
};
use domain::money::Money;

use super::map::variant_id;
use super::reads::{Reading, belonging, exactly};
use super::{Door, wire};
use crate::connector::{InboundResponse, Objects, ReadError, Turn};
use crate::upstream::{AmountText, Item, optional};

pub(super) fn finish(reading: Reading, answer: &InboundResponse) -> Result<Turn, ReadError> {
    let (rows, next) = reading.page::<wire::Product<'_>>(answer, |row| row.id.as_str())?;
    let mut drafts: Vec<Draft> = rows.into_iter().map(|row| draft(row, &reading)).collect();
    let ids: Vec<String> = drafts.iter().map(|draft| draft.product.id.clone()).collect();
    if ids.is_empty() || !reading.wants_variants {
        return reading.end(Objects::Products(drafts.into_iter().map(|draft| draft.product).collect()), next);
    }
    let requests = vec![
        reading.door.belonging("combinations", "id_product", &ids, "full"),
        reading.door.belonging("stock_availables", "id_product", &ids, "full"),
    ];
    let then = move |answers: Vec<InboundResponse>| {
        let [combinations, stock] = exactly(answers)?;
        let combinations: Vec<wire::Combination<'_>> = belonging(&reading.door, &combinations)?;
        let stock: Vec<wire::Stock> = belonging(&reading.door, &stock)?;
        let mut values: Vec<String> = Vec::new();
        for combination in &combinations {
            values.extend(combination.associations.product_option_values.iter().map(|value| value.id.0.clone()));
        }
        for draft in &mut drafts {
            draft.take_variants(&combinations, &stock, &reading);
        }
        values.sort();
        values.dedup();
        let names = Options::ask(&reading.door, &values);
        let Some(requests) = names else {
            return reading.end(Objects::Products(drafts.into_iter().map(|draft| draft.product).collect()), next);
        };
        let then = move |answers: Vec<InboundResponse>| {
            let options = Options::read(&reading, exactly(answers)?)?;
            let products = drafts.into_iter().map(|draft| draft.with_options(&options)).collect();
            reading.end(Objects::Products(products), next)
        };
        Ok(Turn::Send { requests: requests.into(), then: Box::new(then) })
    };
    Ok(Turn::Send { requests, then: Box::new(then) })
}

/// A product whose variants are not all known yet.
struct Draft {
    product: Product,
    /// The option values of each variant, by number.
    values: Vec<Vec<String>>,
    has_combinations: bool,
    barcode: Option<String>,
    cost: Option<Money>,
}

fn draft(item: Item<wire::Product<'_>>, reading: &Reading) -> Draft {
    let Item { wire, remote } = item;
    let (shop, language) = (&reading.shop, reading.shop.language.as_deref());
    let id = wire.id.into_string();
    let has_combinations = !wire.associations.combinations.is_empty();
    let is_virtual = wire.is_virtual.as_ref().is_some_and(wire::Loose::is_on);
    let kind = match wire.product_type.as_deref() {
        Some("pack") => ProductType::Bundle,
        _ if has_combinations => ProductType::Variable,
        _ if is_virtual => ProductType::Virtual,
        _ => ProductType::Simple,
    };
    let is_active = wire.active.as_ref().is_some_and(wire::Loose::is_on);
    let barcode = [wire.ean13, wire.upc, wire.isbn].into_iter().find_map(optional);
    let product = Product {
        remote_id: id.clone(),
        id,
        kind,
        sku: optional(wire.reference),
        name: wire.name.take(language).unwrap_or_default(),
        description_html: wire.description.take(language),
        status: if is_active { ProductStatus::Active } else { ProductStatus::Draft },
        remote_status: wire.active.map(|active| active.0),
        // `false` where a product has no manufacturer.
        brand: wire.manufacturer_name.map(|name| name.0).filter(|name| !matches!(name.trim(), "" | "0")),
        categories: wire.associations.categories.into_iter().map(|category| category.id.0).collect(),
        tags: Vec::new(),
        images: Vec::new(),
        options: Vec::new(),
        variants: Vec::new(),
        price: wire.price.money(shop.currency()),
        compare_at: None,
        tax_class: wire.id_tax_rules_group.as_ref().and_then(wire::Loose::id).map(str::to_owned),
        weight: weight(wire.weight),
        dimensions: dimensions(wire.depth, wire.width, wire.height),
        seo: Seo {
            slug: wire.link_rewrite.take(language),
            title: wire.meta_title.take(language),
            description: wire.meta_description.take(language),
        },
        meta: Vec::new(),
        source_time: shop.source_time(wire.date_add.as_deref()),
        created_at: shop.time(wire.date_add.as_deref()),
        updated_at: shop.time(wire.date_upd.as_deref()),
        remote,
    };
    let images = (0..).zip(wire.associations.images).map(|(position, image)| Image {
        url: image_url(&reading.door, &product.id, &image.id.0),
        id: Some(image.id.0),
        alt: None,
        position,
    });
    let images = images.collect();
    let cost = wire.wholesale_price.money(shop.currency());
    Draft { product: Product { images, ..product }, values: Vec::new(), has_combinations, barcode, cost }
}

/// The picture's place in the webservice: it is read with the store's key, through the raw route.
fn image_url(door: &Door, product: &str, image: &str) -> String {
    door.address.with(&format!("/api/images/products/{product}/{image}"), None).to_string()
}

fn weight(value: AmountText<'_>) -> Option<Weight> {
    value.amount().filter(|value| !value.is_zero()).map(|value| Weight { value, unit: None })
}

fn dimensions(length: AmountText<'_>, width: AmountText<'_>, height: AmountText<'_>) -> Option<Dimensions> {
    let of = |value: AmountText<'_>| value.amount().filter(|value| !value.is_zero());
    let (length, width, height) = (of(length), of(width), of(height));
    let is_empty = length.is_none() && width.is_none() && height.is_none();
    if is_empty { None } else { Some(Dimensions { length, width, height, unit: None }) }
}

impl Draft {
    fn take_variants(&mut self, combinations: &[wire::Combination<'_>], stock: &[wire::Stock], reading: &Reading) {
        let product = &mut self.product;
        let level = |combination: Option<&str>| {
            let row =
                stock.iter().find(|row| row.id_product.0 == product.id && row.id_product_attribute.id() == combination);
            Stock {
                tracked: row.is_some(),
                quantity: row.and_then(|row| row.quantity.0.parse().ok()),
                backorder: row.and_then(|row| row.out_of_stock.as_ref()).is_some_and(wire::Loose::is_on),
                locations: Vec::new(),
            }
        };
        let own: Vec<&wire::Combination<'_>> =
            combinations.iter().filter(|combination| combination.id_product.0 == product.id).collect();
        if own.is_empty() && !self.has_combinations {
            self.values.push(Vec::new());
            product.variants = vec![Variant {
                id: variant_id(&product.id, None),
                product_id: product.id.clone(),
                sku: product.sku.clone(),
                barcode: self.barcode.clone(),
                options: BTreeMap::new(),
                price: product.price.clone(),
                compare_at: None,
                cost: self.cost.clone(),
                weight: product.weight.clone(),
                inventory: level(None),
                image_id: None,
            }];
            return;
        }
        let variants: Vec<Variant> = own
            .iter()
            .map(|combination| Variant {
                id: variant_id(&product.id, Some(&combination.id.0)),
                product_id: product.id.clone(),
                sku: optional(combination.reference.clone()),
                barcode: [&combination.ean13, &combination.upc].into_iter().find_map(|code| optional(code.clone())),
                options: BTreeMap::new(),
                price: sum(product.price.as_ref(), combination.price),
                compare_at: None,
                cost: combination.wholesale_price.money(reading.shop.currency()),
                weight: product.weight.clone(),
                inventory: level(combination.id.id()),
                image_id: combination.associations.images.first().map(|image| image.id.0.clone()),
            })
            .collect();
        let values = own.iter().map(|combination| {
            combination.associations.product_option_values.iter().map(|value| value.id.0.clone()).collect()
        });
        self.values = values.collect();
        product.variants = variants;
    }

    fn with_options(mut self, options: &Options) -> Product {
        let mut found: Vec<ProductOption> = Vec::new();
        for (variant, values) in self.product.variants.iter_mut().zip(&self.values) {
            for (name, value) in values.iter().filter_map(|value| options.0.get(value)) {
                variant.options.insert(name.clone(), value.clone());
                let option = match found.iter_mut().position(|option| option.name == *name) {
                    Some(place) => &mut found[place],
                    None => {
                        found.push(ProductOption { name: name.clone(), values: Vec::new() });
                        let last = found.len() - 1;
                        &mut found[last]
                    }
                };
                if !option.values.contains(value) {
                    option.values.push(value.clone());
                }
            }
        }
        self.product.options = found;
        self.product
    }
}

/// A combination's price is what it costs more, or less, than its product.
fn sum(price: Option<&Money>, impact: AmountText<'_>) -> Option<Money> {
    let price = price?;
    let amount = match impact.amount() {
        Some(impact) => price.amount.checked_add(&impact)?,
        None => price.amount.clone(),
    };
    Some(Money::new(amount, price.currency))
}

/// The name of an option and of its value, by the value's number.
struct Options(BTreeMap<String, (String, String)>);

impl Options {
    fn ask(door: &Door, values: &[String]) -> Option<[crate::request::OutboundRequest; 2]> {
        if values.is_empty() {
            return None;
        }
        Some([
            door.belonging("product_option_values", "id", values, "[id,id_attribute_group,name]"),
            door.get("product_options", &[("display", "[id,name]")]),
        ])
    }

    fn read(reading: &Reading, [values, options]: [InboundResponse; 2]) -> Result<Self, ReadError> {
        let language = reading.shop.language.as_deref();
        let options: Vec<wire::OptionRow> = belonging(&reading.door, &options)?;
        let names: BTreeMap<String, String> =
            options.into_iter().filter_map(|option| Some((option.id.0, option.name.take(language)?))).collect();
        let values: Vec<wire::OptionValue> = belonging(&reading.door, &values)?;
        let named = values.into_iter().filter_map(|value| {
            let option = names.get(&value.id_attribute_group.0)?.clone();
            Some((value.id.0, (option, value.name.take(language)?)))
        });
        Ok(Self(named.collect()))
    }
}
