//! Writing products with their options, variants and prices.
//!
//! A write begins with what it must know: the store's currency and channel, the ids of tags, on a change the options, variants and prices
//! that are there. Tags that do not exist are made.

use std::collections::{BTreeMap, BTreeSet};

use domain::model::input::{Change, DimensionsInput, ProductInput, ProductOptionInput, StockInput, VariantInput};
use domain::model::{Entity, ProductStatus};
use domain::money::{Amount, Currency, Money};
use serde::Serialize;
use serde_json::value::RawValue;

use super::body::{Id, metadata, never_null, nullable};
use super::door::{Door, ask_all, checked_id};
use super::prices::{self, KnownPrice, PriceBody};
use super::read::{fields, one, path_of, single, store_currency, store_request};
use super::wire;
use crate::connector::{InboundResponse, ReadError, Refusal, Turn};
use crate::number::Number;
use crate::request::OutboundRequest;
use crate::upstream::success;

/// What Medusa's own dashboard calls the option and the variant of a product that has none.
const DEFAULT_OPTION: &str = "Default option";
const DEFAULT_VALUE: &str = "Default option value";
const DEFAULT_VARIANT: &str = "Default variant";

#[derive(Default, Serialize)]
struct ProductBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    handle: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    weight: Option<Option<Number>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    length: Option<Option<Number>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    width: Option<Option<Number>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    height: Option<Option<Number>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    categories: Option<Vec<Id>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<Vec<Id>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    images: Option<Vec<ImageBody>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    options: Option<Vec<OptionBody>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    variants: Option<Vec<VariantBody>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<Option<BTreeMap<String, Box<RawValue>>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sales_channels: Option<Vec<Id>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shipping_profile_id: Option<String>,
}

#[derive(Serialize)]
struct ImageBody {
    url: String,
}

#[derive(Serialize)]
struct OptionBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    title: String,
    values: Vec<String>,
}

#[derive(Serialize)]
struct VariantBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sku: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    barcode: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    weight: Option<Option<Number>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    manage_inventory: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    allow_backorder: Option<bool>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    options: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prices: Option<Vec<PriceBody>>,
}

#[derive(Serialize)]
struct VariantBatch {
    create: Vec<VariantBody>,
    update: Vec<VariantBody>,
}

#[derive(Serialize)]
struct TagBody<'a> {
    value: &'a str,
}

/// A product as the caller wants it, checked; what must be asked of the store first is not in it yet.
struct Plan {
    body: ProductBody,
    tags: Option<Vec<String>>,
    options: Option<Vec<ProductOptionInput>>,
    variants: Vec<(VariantBody, Option<Money>)>,
}

impl Plan {
    fn of(input: ProductInput) -> Result<Self, Refusal> {
        let status = match never_null(input.status, "/status")? {
            None => None,
            Some(ProductStatus::Active) => Some("published"),
            Some(ProductStatus::Draft) => Some("draft"),
            Some(ProductStatus::Archived) => {
                let why = "Medusa has no archive; a draft is off sale too.";
                return Err(Refusal::Field { pointer: "/status".to_owned(), why });
            }
        };
        let measure = |of: fn(&DimensionsInput) -> &Option<Amount>| match &input.dimensions {
            Change::Keep => None,
            Change::Clear => Some(None),
            Change::Set(dimensions) => of(dimensions).as_ref().map(|amount| Some(Number::of(amount))),
        };
        let mut variants = Vec::new();
        for (index, variant) in input.variants.or_empty(Vec::new()).unwrap_or_default().into_iter().enumerate() {
            variants.push(self::variant(variant, index)?);
        }
        let handle = match never_null(input.seo, "/seo")? {
            Some(seo) => never_null(seo.slug, "/seo/slug")?,
            None => None,
        };
        let body = ProductBody {
            title: never_null(input.name, "/name")?,
            description: nullable(input.description_html),
            handle,
            status,
            weight: nullable(input.weight.map(|weight| Number::of(&weight.value))),
            length: measure(|dimensions| &dimensions.length),
            width: measure(|dimensions| &dimensions.width),
            height: measure(|dimensions| &dimensions.height),
            categories: input.categories.or_empty(Vec::new()).map(|ids| ids.into_iter().map(|id| Id { id }).collect()),
            images: input
                .images
                .or_empty(Vec::new())
                .map(|images| images.into_iter().map(|image| ImageBody { url: image.url }).collect()),
            metadata: metadata(input.meta),
            ..ProductBody::default()
        };
        Ok(Self {
            body,
            tags: input.tags.or_empty(Vec::new()),
            options: never_null(input.options, "/options")?,
            variants,
        })
    }
}

fn variant(input: VariantInput, index: usize) -> Result<(VariantBody, Option<Money>), Refusal> {
    let stock = input.inventory.or_empty(StockInput::default()).unwrap_or_default();
    if let Some(id) = &input.id {
        let pointer = format!("/variants/{index}/id");
        checked_id(id).map_err(|_| Refusal::Field { pointer, why: "no variant can have this id" })?;
    }
    let values: Vec<&str> = input.options.values().map(String::as_str).collect();
    let title = if values.is_empty() { DEFAULT_VARIANT.to_owned() } else { values.join(" / ") };
    let price = prices::wanted(input.price, format!("/variants/{index}/price"))?;
    let body = VariantBody {
        // An existing one keeps the title that the merchant gave it.
        title: input.id.is_none().then_some(title),
        id: input.id,
        sku: nullable(input.sku),
        barcode: nullable(input.barcode),
        weight: nullable(input.weight.map(|weight| Number::of(&weight.value))),
        manage_inventory: stock.tracked,
        allow_backorder: stock.backorder,
        options: input.options,
        prices: None,
    };
    Ok((body, price))
}

/// Creates a product. It goes into the store's own channel with the profile that the store ships by first, without which nobody could buy it.
pub(super) fn create(door: Door, input: ProductInput, remote: bool) -> Result<Turn, Refusal> {
    let mut plan = Plan::of(input)?;
    if let Some(index) = plan.variants.iter().position(|(variant, _)| variant.id.is_some()) {
        let pointer = format!("/variants/{index}/id");
        return Err(Refusal::Field { pointer, why: "A new product has new variants." });
    }
    let options = plan.options.take().unwrap_or_else(|| options_of(&plan.variants));
    if options.is_empty() {
        if plan.variants.is_empty() {
            plan.variants.push(variant(VariantInput::default(), 0)?);
        }
        for (variant, _) in &mut plan.variants {
            variant.options.insert(DEFAULT_OPTION.to_owned(), DEFAULT_VALUE.to_owned());
        }
    }
    plan.body.options = Some(if options.is_empty() {
        let values = vec![DEFAULT_VALUE.to_owned()];
        vec![OptionBody { id: None, title: DEFAULT_OPTION.to_owned(), values }]
    } else {
        options.into_iter().map(|option| OptionBody { id: None, title: option.name, values: option.values }).collect()
    });
    let profiles = door.get("shipping-profiles", &[("limit", "1"), ("order", "id"), ("fields", "id")]);
    let first = vec![store_request(&door), profiles];
    Ok(with_tags(door, first, plan, move |door, mut plan, answers| {
        let [store, profiles, ..] = answers.as_slice() else {
            return Err(ReadError::Unreadable("an answer is missing"));
        };
        let currency = store_currency(store, &door)?;
        plan.body.sales_channels = own_channel(store).map(|id| vec![Id { id }]);
        plan.body.shipping_profile_id = first_profile(profiles);
        let mut variants = Vec::new();
        for (index, (mut variant, price)) in plan.variants.into_iter().enumerate() {
            // Medusa wants the list even where it is empty.
            variant.prices = Some(match price {
                Some(price) => prices::list(price, index, currency, Vec::new())?,
                None => Vec::new(),
            });
            variants.push(variant);
        }
        plan.body.variants = Some(variants);
        let fields = fields(Entity::Products, None, remote);
        let request = door.post(path_of(Entity::Products), &[("fields", &fields)], &plan.body);
        Ok(Turn::ask(request, move |answer| {
            single(Entity::Products, success(&answer, &door.credential)?, remote, currency)
        }))
    }))
}

/// Changes a product: first itself with its options, then its variants, which may use values that the options just got.
pub(super) fn update(door: Door, id: &str, input: ProductInput, remote: bool) -> Result<Turn, Refusal> {
    let id = checked_id(id)?.to_owned();
    let plan = Plan::of(input)?;
    let path = format!("{}/{id}", path_of(Entity::Products));
    let known = "id,options.id,options.title,variants.id,variants.prices.id,variants.prices.amount,\
                 variants.prices.currency_code,variants.prices.min_quantity,variants.prices.max_quantity,\
                 variants.prices.price_rules.attribute,variants.prices.price_rules.value";
    let first = vec![store_request(&door), door.get(&path, &[("fields", known)])];
    Ok(with_tags(door, first, plan, move |door, mut plan, answers| {
        let [store, product, ..] = answers.as_slice() else {
            return Err(ReadError::Unreadable("an answer is missing"));
        };
        let currency = store_currency(store, &door)?;
        let product: wire::OneProduct<'_> = serde_json::from_slice(success(product, &door.credential)?)
            .map_err(|_| ReadError::Unreadable("not one product"))?;
        plan.body.options = plan.options.take().map(|options| with_ids(options, &product.product.options));
        let batch = batch(plan.variants, currency, product.product.variants)?;
        let request = door.post(&path, &[("fields", "id")], &plan.body);
        Ok(Turn::ask(request, move |answer| {
            success(&answer, &door.credential)?;
            let requests = match &batch {
                Some(batch) => vec![door.post(&format!("{path}/variants/batch"), &[("fields", "id")], batch)],
                None => Vec::new(),
            };
            let last = door.clone();
            ask_all(&door, requests, move |_| {
                let fields = fields(Entity::Products, None, remote);
                Ok(one(last, Entity::Products, &id, &fields, remote))
            })
        }))
    }))
}

fn batch(
    variants: Vec<(VariantBody, Option<Money>)>,
    currency: Option<Currency>,
    known: Vec<wire::Variant<'_>>,
) -> Result<Option<VariantBatch>, ReadError> {
    if variants.is_empty() {
        return Ok(None);
    }
    let mut known: BTreeMap<String, Vec<KnownPrice>> = known
        .into_iter()
        .map(|variant| (variant.id.into_owned(), variant.prices.into_iter().filter_map(KnownPrice::of).collect()))
        .collect();
    let mut batch = VariantBatch { create: Vec::new(), update: Vec::new() };
    for (index, (mut variant, price)) in variants.into_iter().enumerate() {
        let known = variant.id.as_ref().and_then(|id| known.remove(id)).unwrap_or_default();
        variant.prices = price.map(|price| prices::list(price, index, currency, known)).transpose()?;
        if variant.id.is_some() {
            batch.update.push(variant);
        } else {
            variant.prices.get_or_insert_default();
            batch.create.push(variant);
        }
    }
    Ok(Some(batch))
}

/// Options with the ids that they have under the same names, so that Medusa changes them instead of making them anew.
fn with_ids(options: Vec<ProductOptionInput>, known: &[wire::ProductOption<'_>]) -> Vec<OptionBody> {
    let id_of = |name: &str| known.iter().find(|option| option.title == name)?.id.clone().map(|id| id.into_owned());
    options
        .into_iter()
        .map(|option| OptionBody { id: id_of(&option.name), title: option.name, values: option.values })
        .collect()
}

/// The options that variants speak of, for a caller who names none.
fn options_of(variants: &[(VariantBody, Option<Money>)]) -> Vec<ProductOptionInput> {
    let mut options: Vec<ProductOptionInput> = Vec::new();
    for (name, value) in variants.iter().flat_map(|(variant, _)| &variant.options) {
        match options.iter_mut().find(|option| option.name == *name) {
            Some(option) if option.values.contains(value) => {}
            Some(option) => option.values.push(value.clone()),
            None => options.push(ProductOptionInput { name: name.clone(), values: vec![value.clone()] }),
        }
    }
    options
}

fn own_channel(store: &InboundResponse) -> Option<String> {
    let stores: wire::Stores<'_> = serde_json::from_slice(&store.body).ok()?;
    stores.stores.into_iter().next()?.default_sales_channel_id.map(|id| id.into_owned())
}

fn first_profile(answer: &InboundResponse) -> Option<String> {
    let profiles: wire::ShippingProfiles<'_> = serde_json::from_slice(&answer.body).ok()?;
    profiles.shipping_profiles.into_iter().next().map(|profile| profile.id.into_owned())
}

/// Sends the first requests and, with them, one that looks up the tags; makes the tags that are missing; then goes on.
fn with_tags(
    door: Door,
    mut first: Vec<OutboundRequest>,
    mut plan: Plan,
    then: impl FnOnce(Door, Plan, Vec<InboundResponse>) -> Result<Turn, ReadError> + Send + 'static,
) -> Turn {
    let names = plan.tags.take();
    plan.body.tags = names.as_ref().map(|_| Vec::new());
    let mut names = names.unwrap_or_default();
    let mut seen = BTreeSet::new();
    names.retain(|name| seen.insert(name.clone()));
    if names.is_empty() {
        return Turn::Send { requests: first, then: Box::new(move |answers| then(door, plan, answers)) };
    }
    let mut query: Vec<(&str, &str)> = vec![("limit", "1000"), ("fields", "id,value")];
    query.extend(names.iter().map(|name| ("value[]", name.as_str())));
    first.push(door.get("product-tags", &query));
    let then = move |mut answers: Vec<InboundResponse>| {
        let lookup = answers.pop().ok_or(ReadError::Unreadable("an answer is missing"))?;
        let found: wire::Tags<'_> = serde_json::from_slice(success(&lookup, &door.credential)?)
            .map_err(|_| ReadError::Unreadable("not a list of tags"))?;
        let mut ids: BTreeMap<String, String> = found.product_tags.into_iter().filter_map(named_id).collect();
        let missing: BTreeSet<&String> = names.iter().filter(|name| !ids.contains_key(*name)).collect();
        let requests =
            missing.into_iter().map(|value| door.post("product-tags", &[("fields", "id,value")], &TagBody { value }));
        let requests = requests.collect();
        let next = door.clone();
        ask_all(&door, requests, move |made| {
            for answer in &made {
                let made: wire::NewTag<'_> =
                    serde_json::from_slice(&answer.body).map_err(|_| ReadError::Unreadable("not a new tag"))?;
                ids.extend(named_id(made.product_tag));
            }
            plan.body.tags = Some(names.iter().filter_map(|name| Some(Id { id: ids.get(name)?.clone() })).collect());
            then(next, plan, answers)
        })
    };
    Turn::Send { requests: first, then: Box::new(then) }
}

fn named_id(tag: wire::Tag<'_>) -> Option<(String, String)> {
    Some((tag.value.into_owned(), tag.id?.into_owned()))
}
