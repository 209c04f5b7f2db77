//! Creating and changing products with their variants.
//!
//! A reduced price is two fields of BigCommerce's: `price`, and `sale_price` where 0 means none. The unified `price` is what a buyer pays and
//! `compare_at` what it was before, so a change of only one of them needs to know the other, and the product is read first. So it is when
//! variants are changed: the one variant of a product without options is the product itself.

use std::collections::{BTreeMap, VecDeque};

use domain::model::ProductStatus;
use domain::model::input::{Change, ImageInput, ProductInput, SeoInput, VariantInput};
use domain::money::{Amount, Money};
use http::Method;
use serde::Serialize;

use super::reads::Place;
use super::writes::{field, id_number, in_order, needed, or_empty};
use super::{Door, map, products, wire};
use crate::connector::{ReadError, Refusal, Turn};
use crate::number::Number;
use crate::request::OutboundRequest;
use crate::upstream::{AmountText, Item, item};

/// The most variants that one call changes.
const VARIANTS_AT_ONCE: usize = 50;

#[derive(Default, Serialize)]
struct ProductBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    width: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    depth: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    height: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tax_class_id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    categories: Option<Vec<u64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    brand_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    brand_id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    inventory_tracking: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_visible: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    availability: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    page_title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    meta_description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    custom_url: Option<UrlBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    images: Option<Vec<ImageBody>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    variants: Option<Vec<VariantBody>>,
    /// What a product shares with its variants.
    #[serde(flatten)]
    item: ItemBody,
}

/// What a product and a variant have in common.
#[derive(Default, Serialize)]
struct ItemBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    sku: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    upc: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sale_price: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cost_price: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    weight: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    inventory_level: Option<i64>,
}

#[derive(Default, Serialize)]
struct VariantBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    option_values: Option<Vec<OptionBody>>,
    #[serde(flatten)]
    item: ItemBody,
}

#[derive(Serialize)]
struct OptionBody {
    option_display_name: String,
    label: String,
}

#[derive(Serialize)]
struct UrlBody {
    url: String,
    is_customized: bool,
}

#[derive(Serialize)]
struct ImageBody {
    image_url: String,
    description: String,
    sort_order: usize,
    is_thumbnail: bool,
}

/// The prices that hold before a change.
#[derive(Clone, Default)]
struct Prices {
    price: Option<Amount>,
    sale: Option<Amount>,
}

impl Prices {
    fn of(price: AmountText<'_>, sale: AmountText<'_>) -> Self {
        Self { price: price.amount(), sale: if map::is_some(sale) { sale.amount() } else { None } }
    }

    /// `price` and `sale_price` to send so that a buyer pays `price` and sees `compare_at` beside it.
    fn changed(&self, price: &Change<Money>, compare_at: &Change<Money>) -> (Option<Number>, Option<Number>) {
        let number = |money: &Money| Number::of(&money.amount);
        let now = self.sale.as_ref().or(self.price.as_ref()).map(Number::of);
        match (price, compare_at) {
            (Change::Set(price), Change::Set(before)) => (Some(number(before)), Some(number(price))),
            (Change::Set(price), Change::Clear) => (Some(number(price)), Some(Number::zero())),
            (Change::Set(price), Change::Keep) if self.sale.is_some() => (None, Some(number(price))),
            (Change::Set(price), Change::Keep) => (Some(number(price)), None),
            (_, Change::Set(before)) => (Some(number(before)), now),
            (_, Change::Clear) if self.sale.is_some() => (now, Some(Number::zero())),
            (_, Change::Clear | Change::Keep) => (None, None),
        }
    }
}

/// Whether the prices that hold decide what is to be sent.
fn is_partial(price: &Change<Money>, compare_at: &Change<Money>) -> bool {
    price.is_keep() != compare_at.is_keep()
}

/// Everything but prices, variants and pictures.
fn body(input: &ProductInput) -> Result<ProductBody, Refusal> {
    needed(&input.price, "/price")?;
    let (is_visible, availability) = match needed(&input.status, "/status")? {
        None => (None, None),
        Some(ProductStatus::Active) => (Some(true), Some("available")),
        Some(ProductStatus::Draft) => (Some(false), None),
        Some(ProductStatus::Archived) => (Some(true), Some("disabled")),
    };
    let (brand_name, brand_id) = match &input.brand {
        Change::Keep => (None, None),
        Change::Clear => (None, Some(0)),
        Change::Set(name) => (Some(name.clone()), None),
    };
    let categories = match &input.categories {
        Change::Keep => None,
        Change::Clear => Some(Vec::new()),
        Change::Set(ids) => Some(
            ids.iter()
                .enumerate()
                .map(|(index, id)| id_number(id, &format!("/categories/{index}")))
                .collect::<Result<Vec<u64>, Refusal>>()?,
        ),
    };
    let tax_class_id = match &input.tax_class {
        Change::Keep => None,
        Change::Clear => Some(0),
        Change::Set(id) => Some(id_number(id, "/tax_class")?),
    };
    let seo = match &input.seo {
        Change::Keep => SeoInput::default(),
        Change::Clear => SeoInput { slug: Change::Keep, title: Change::Clear, description: Change::Clear },
        Change::Set(seo) => seo.clone(),
    };
    let sides = input.dimensions.set();
    let is_clear = matches!(input.dimensions, Change::Clear);
    let side = |side: Option<&Amount>| side.map(Number::of).or_else(|| is_clear.then(Number::zero));
    Ok(ProductBody {
        name: needed(&input.name, "/name")?.cloned(),
        description: or_empty(&input.description_html),
        depth: side(sides.and_then(|sides| sides.length.as_ref())),
        width: side(sides.and_then(|sides| sides.width.as_ref())),
        height: side(sides.and_then(|sides| sides.height.as_ref())),
        tax_class_id,
        categories,
        brand_name,
        brand_id,
        is_visible,
        availability,
        page_title: or_empty(&seo.title),
        meta_description: or_empty(&seo.description),
        custom_url: needed(&seo.slug, "/seo/slug")?
            .map(|slug| UrlBody { url: format!("/{}/", slug.trim_matches('/')), is_customized: true }),
        item: ItemBody {
            sku: or_empty(&input.sku),
            weight: match &input.weight {
                Change::Keep => None,
                Change::Clear => Some(Number::zero()),
                Change::Set(weight) => Some(Number::of(&weight.value)),
            },
            ..ItemBody::default()
        },
        ..ProductBody::default()
    })
}

/// A variant's own part. `at` is its place for error messages.
fn variant_item(input: &VariantInput, prices: &Prices, at: &str) -> Result<ItemBody, Refusal> {
    needed(&input.price, &format!("{at}/price"))?;
    let (price, sale_price) = prices.changed(&input.price, &input.compare_at);
    Ok(ItemBody {
        sku: or_empty(&input.sku),
        upc: or_empty(&input.barcode),
        price,
        sale_price,
        cost_price: needed(&input.cost, &format!("{at}/cost"))?.map(|cost| Number::of(&cost.amount)),
        weight: needed(&input.weight, &format!("{at}/weight"))?.map(|weight| Number::of(&weight.value)),
        inventory_level: needed(&input.inventory, &format!("{at}/inventory"))?.and_then(|stock| stock.quantity),
    })
}

impl ItemBody {
    /// Takes over what `other` sets.
    fn put(&mut self, other: Self) {
        self.sku = other.sku.or(self.sku.take());
        self.upc = other.upc.or(self.upc.take());
        self.price = other.price.or(self.price.take());
        self.sale_price = other.sale_price.or(self.sale_price.take());
        self.cost_price = other.cost_price.or(self.cost_price.take());
        self.weight = other.weight.or(self.weight.take());
        self.inventory_level = other.inventory_level.or(self.inventory_level.take());
    }
}

fn option_values(options: &BTreeMap<String, String>) -> Vec<OptionBody> {
    options.iter().map(|(name, label)| OptionBody { option_display_name: name.clone(), label: label.clone() }).collect()
}

fn images(images: &[ImageInput]) -> Vec<ImageBody> {
    let image = |(sort_order, image): (usize, &ImageInput)| ImageBody {
        image_url: image.url.clone(),
        description: image.alt.clone().unwrap_or_default(),
        sort_order,
        is_thumbnail: sort_order == 0,
    };
    images.iter().enumerate().map(image).collect()
}

pub(super) fn create(door: Door, input: &ProductInput, remote: bool) -> Result<Turn, Refusal> {
    let mut body = body(input)?;
    body.kind = Some("physical");
    (body.item.price, body.item.sale_price) = Prices::default().changed(&input.price, &input.compare_at);
    body.images = input.images.set().map(|list| images(list));
    let variants = input.variants.set().map(Vec::as_slice).unwrap_or_default();
    for (index, variant) in variants.iter().enumerate() {
        if variant.id.is_some() {
            return Err(field(&format!("/variants/{index}/id"), "A new product has no variants with an id yet."));
        }
    }
    match variants {
        [only] if only.options.is_empty() => {
            body.item.put(variant_item(only, &Prices::default(), "/variants/0")?);
            body.inventory_tracking = body.item.inventory_level.map(|_| "product");
        }
        several => {
            let mut bodies = Vec::with_capacity(several.len());
            for (index, variant) in several.iter().enumerate() {
                let at = format!("/variants/{index}");
                if variant.options.is_empty() {
                    return Err(field(
                        &format!("{at}/options"),
                        "Variants of BigCommerce's are told apart by their options.",
                    ));
                }
                let item = variant_item(variant, &Prices::default(), &at)?;
                bodies.push(VariantBody { id: None, option_values: Some(option_values(&variant.options)), item });
            }
            let counts = bodies.iter().any(|body| body.item.inventory_level.is_some());
            body.inventory_tracking = counts.then_some("variant");
            body.variants = (!bodies.is_empty()).then_some(bodies);
        }
    }
    if body.item.price.is_none() {
        return Err(field("/price", "BigCommerce needs a price of a new product."));
    }
    // Required too; 0 is what its control panel puts in for a thing that is not weighed.
    body.item.weight.get_or_insert_with(Number::zero);
    let request = door.send(Method::POST, "v3/catalog/products", &[], &body);
    Ok(Turn::ask(request, move |answer| {
        let id = {
            let envelope = door.envelope(&answer)?;
            let made: Item<wire::Product<'_>> = item(envelope.data.get().as_bytes(), false)?;
            made.wire.id.into_string()
        };
        Ok(read_again(door, id, remote))
    }))
}

fn read_again(door: Door, id: String, remote: bool) -> Turn {
    products::read(door, Place::One(id), products::Wanted::of(None, remote), remote)
}

pub(super) fn update(door: Door, id: &str, input: &ProductInput, remote: bool) -> Result<Turn, Refusal> {
    if !input.images.is_keep() {
        let why = "BigCommerce cannot replace a product's pictures in one call; use the raw route for each of them.";
        return Err(field("/images", why));
    }
    let change = ProductChange::of(id, input)?;
    if change.variants.is_empty() && !is_partial(&change.price, &change.compare_at) {
        return Ok(change.send(door, &Prices::default(), ItemBody::default(), Vec::new(), remote));
    }
    let query = [("include", "variants"), ("include_fields", "price,sale_price")];
    let request = door.get(&format!("v3/catalog/products/{id}"), &query);
    Ok(Turn::ask(request, move |answer| {
        let known = {
            let envelope = door.envelope(&answer)?;
            let now: Item<wire::Product<'_>> = item(envelope.data.get().as_bytes(), false)?;
            Known::of(&now.wire)
        };
        change.send_knowing(door, &known, remote)
    }))
}

fn no_such_variant(at: &str) -> ReadError {
    ReadError::Refused(field(&format!("{at}/id"), "The product has no such variant."))
}

/// What must be known of a product before some changes.
#[derive(Default)]
struct Known {
    prices: Prices,
    /// The variant that stands for a product without options.
    base: Option<u64>,
    variants: BTreeMap<u64, Prices>,
}

impl Known {
    fn of(wire: &wire::Product<'_>) -> Self {
        let mut known = Self { prices: Prices::of(wire.price, wire.sale_price), ..Self::default() };
        for variant in &wire.variants {
            let Ok(id) = variant.id.clone().into_string().parse::<u64>() else { continue };
            if variant.option_values.is_empty() {
                known.base = Some(id);
            }
            let price = if variant.price.amount().is_some() { variant.price } else { wire.price };
            known.variants.insert(id, Prices::of(price, variant.sale_price));
        }
        known
    }
}

/// A checked change of a product.
struct ProductChange {
    id: String,
    body: ProductBody,
    price: Change<Money>,
    compare_at: Change<Money>,
    variants: Vec<(Option<u64>, VariantInput)>,
}

impl ProductChange {
    fn of(id: &str, input: &ProductInput) -> Result<Self, Refusal> {
        let mut variants = Vec::new();
        for (index, variant) in input.variants.set().into_iter().flatten().enumerate() {
            let at = format!("/variants/{index}");
            // Checked here, where a refusal can still name the field.
            variant_item(variant, &Prices::default(), &at)?;
            let id = variant.id.as_deref().map(|id| id_number(id, &format!("{at}/id"))).transpose()?;
            if id.is_none() && variant.options.is_empty() {
                return Err(field(&format!("{at}/options"), "A new variant of BigCommerce's needs its options."));
            }
            variants.push((id, variant.clone()));
        }
        Ok(Self {
            id: id.to_owned(),
            body: body(input)?,
            price: input.price.clone(),
            compare_at: input.compare_at.clone(),
            variants,
        })
    }

    /// Sends the change of a product whose prices and variants are known.
    fn send_knowing(mut self, door: Door, known: &Known, remote: bool) -> Result<Turn, ReadError> {
        let mut of_base = ItemBody::default();
        let (mut changed, mut requests) = (Vec::new(), Vec::new());
        for (index, (id, variant)) in std::mem::take(&mut self.variants).into_iter().enumerate() {
            let at = format!("/variants/{index}");
            let is_base = id.is_some() && id == known.base;
            let prices = match id {
                None => &Prices::default(),
                Some(_) if is_base => &known.prices,
                Some(id) => known.variants.get(&id).ok_or_else(|| no_such_variant(&at))?,
            };
            let own = variant_item(&variant, prices, &at).map_err(ReadError::Refused)?;
            match id {
                Some(_) if is_base => of_base.put(own),
                Some(_) => changed.push(VariantBody { id, option_values: None, item: own }),
                None => {
                    let body =
                        VariantBody { id: None, option_values: Some(option_values(&variant.options)), item: own };
                    let path = format!("v3/catalog/products/{}/variants", self.id);
                    requests.push(door.send(Method::POST, &path, &[], &body));
                }
            }
        }
        let batches = changed.chunks(VARIANTS_AT_ONCE);
        requests.extend(batches.map(|chunk| door.send(Method::PUT, "v3/catalog/variants", &[], &chunk)));
        Ok(self.send(door, &known.prices, of_base, requests, remote))
    }

    /// The product first, then its variants, then what became of it.
    fn send(
        mut self,
        door: Door,
        prices: &Prices,
        of_base: ItemBody,
        of_variants: Vec<OutboundRequest>,
        remote: bool,
    ) -> Turn {
        let (price, sale_price) = prices.changed(&self.price, &self.compare_at);
        self.body.item.put(ItemBody { price, sale_price, ..ItemBody::default() });
        self.body.item.put(of_base);
        let mut steps = VecDeque::new();
        let is_empty = serde_json::to_vec(&self.body).is_ok_and(|text| text == b"{}");
        if !is_empty {
            steps.push_back(vec![door.send(Method::PUT, &format!("v3/catalog/products/{}", self.id), &[], &self.body)]);
        }
        steps.push_back(of_variants);
        let id = self.id;
        in_order(door, steps, move |door| read_again(door, id, remote))
    }
}
