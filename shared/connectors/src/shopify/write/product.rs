//! Products: `productSet` for a new one and for the fields and lists of one that is there (its lists are whole, as ours are); variants of
//! one that is there by mutations of their own, because `productSet` would delete those that are not listed.

use domain::model::ProductStatus;
use domain::model::input::{Change, ImageInput, ProductInput, ProductOptionInput, SeoInput, VariantInput, WeightInput};
use domain::money::Money;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Currencies, Errors, Step, change, custom_fields, kept, make, metafields, put, text, whole, wrong};
use crate::connector::{ReadError, Refusal, Turn};
use crate::shopify::answer::ask_one;
use crate::shopify::kind::{Collections, Kind, Products, Stock};
use crate::shopify::pages::{self, Data};
use crate::shopify::query::{Document, Selection};
use crate::shopify::wire::{Connection, Shop};
use crate::shopify::{Door, gid, select};

type Object = Map<String, Value>;

/// What Shopify calls the one option and value of a product without options.
const TITLE: &str = "Title";
const DEFAULT_TITLE: &str = "Default Title";

const SET: &str = "(input: $input, synchronous: true)";
const SET_ONE: &str = "(identifier: $identifier, input: $input, synchronous: true)";

pub(super) fn create(door: Door, mut input: ProductInput, remote: bool) -> Result<Turn, Refusal> {
    let mut currencies = Currencies::default();
    let meta = custom_fields(std::mem::take(&mut input.meta))?;
    let variants = new_variants(&mut input, &mut currencies)?;
    let mut fields = fields(input)?;
    if let Some((options, variants)) = variants {
        fields.insert("productOptions".to_owned(), options);
        fields.insert("variants".to_owned(), variants);
    }
    let step = Step::new("productSet", SET, Some("product"), Errors::Coded).with("input", "ProductSetInput!", fields);
    let plan = select::product(whole());
    let more = move |gid: &str| metafields(gid, meta);
    let Some(facts) = Facts::wanted(&currencies, None) else {
        return Ok(make::<Products>(door, step, more, plan, remote));
    };
    Ok(ask_one(door.clone(), &facts, move |data| {
        currencies.check(Facts::read(&data)?.shop)?;
        Ok(make::<Products>(door, step, more, plan, remote))
    }))
}

pub(super) fn update(door: Door, id: String, mut input: ProductInput, remote: bool) -> Result<Turn, Refusal> {
    let mut currencies = Currencies::default();
    let meta = metafields(&id, custom_fields(std::mem::take(&mut input.meta))?);
    if !input.options.is_keep() {
        return wrong("/options", "can be set only when the product is created");
    }
    let own = own_variant(&mut input, &mut currencies)?;
    let (mut changes, mut additions) = (Vec::new(), Vec::new());
    let listed = std::mem::take(&mut input.variants).or_empty(Vec::new()).unwrap_or_default();
    for (index, variant) in listed.into_iter().enumerate() {
        let pointer = format!("/variants/{index}");
        let of = match &variant.id {
            None => None,
            Some(id) => match gid(Stock::GID, id) {
                None => return wrong(format!("{pointer}/id"), "no variant can have this id"),
                gid => gid,
            },
        };
        let mut object = self::variant(variant, &pointer, Sku::OfTheItem, &mut currencies)?;
        match of {
            Some(gid) => {
                object.insert("id".to_owned(), gid.into());
                changes.push(Value::from(object));
            }
            None => additions.push(Value::from(object)),
        }
    }
    let fields = fields(input)?;
    let facts = Facts::wanted(&currencies, (!own.is_empty()).then_some(id.as_str()));
    let product = id.clone();
    let steps = move |own: Option<Object>| {
        let mut steps = Vec::new();
        if !fields.is_empty() {
            steps.push(
                Step::new("productSet", SET_ONE, None, Errors::Coded)
                    .with("identifier", "ProductSetIdentifiers!", json!({ "id": product }))
                    .with("input", "ProductSetInput!", fields),
            );
        }
        changes.extend(own.map(Value::from));
        for (name, variants) in [("productVariantsBulkUpdate", changes), ("productVariantsBulkCreate", additions)] {
            if !variants.is_empty() {
                steps.push(
                    Step::new(name, "(productId: $productId, variants: $variants)", None, Errors::Coded)
                        .with("productId", "ID!", product.clone())
                        .with("variants", "[ProductVariantsBulkInput!]!", variants),
                );
            }
        }
        steps.extend(meta);
        steps
    };
    let plan = select::product(whole());
    let Some(facts) = facts else { return Ok(change::<Products>(door, steps(None), id, plan, remote)) };
    Ok(ask_one(door.clone(), &facts, move |data| {
        let facts = Facts::read(&data)?;
        currencies.check(facts.shop)?;
        let own = if own.is_empty() { None } else { Some(facts.only_variant(own)?) };
        Ok(change::<Products>(door, steps(own), id, plan, remote))
    }))
}

/// The fields of the product itself.
fn fields(input: ProductInput) -> Result<Object, Refusal> {
    let mut fields = Object::new();
    put(&mut fields, "title", kept(input.name, "/name")?);
    put(&mut fields, "descriptionHtml", text(input.description_html));
    put(&mut fields, "vendor", text(input.brand));
    put(&mut fields, "tags", input.tags.or_empty(Vec::new()));
    let status = kept(input.status, "/status")?.map(|status| match status {
        ProductStatus::Active => "ACTIVE",
        ProductStatus::Draft => "DRAFT",
        ProductStatus::Archived => "ARCHIVED",
    });
    put(&mut fields, "status", status);
    if let Some(categories) = input.categories.or_empty(Vec::new()) {
        let mut collections = Vec::with_capacity(categories.len());
        for (index, id) in categories.iter().enumerate() {
            match gid(Collections::GID, id) {
                Some(gid) => collections.push(gid),
                None => return wrong(format!("/categories/{index}"), "no category can have this id"),
            }
        }
        put(&mut fields, "collections", Some(collections));
    }
    if let Some(images) = input.images.or_empty(Vec::new()) {
        let files: Vec<Value> = images
            .into_iter()
            .map(|ImageInput { url, alt }| json!({ "originalSource": url, "alt": alt, "contentType": "IMAGE" }))
            .collect();
        put(&mut fields, "files", Some(files));
    }
    if let Some(SeoInput { slug, title, description }) = input.seo.or_empty(SeoInput::default()) {
        put(&mut fields, "handle", kept(slug, "/seo/slug")?);
        let mut seo = Object::new();
        put(&mut seo, "title", text(title));
        put(&mut seo, "description", text(description));
        if !seo.is_empty() {
            fields.insert("seo".to_owned(), seo.into());
        }
    }
    Ok(fields)
}

/// Where a variant's SKU stands: `productSet` has it on the variant, the others on its inventory item.
#[derive(Clone, Copy)]
enum Sku {
    OfTheVariant,
    OfTheItem,
}

/// What stands on the product and is its only variant's.
fn own_variant(input: &mut ProductInput, currencies: &mut Currencies) -> Result<Object, Refusal> {
    let own = VariantInput {
        sku: std::mem::take(&mut input.sku),
        price: std::mem::take(&mut input.price),
        compare_at: std::mem::take(&mut input.compare_at),
        weight: std::mem::take(&mut input.weight),
        ..VariantInput::default()
    };
    variant(own, "", Sku::OfTheItem, currencies)
}

fn variant(input: VariantInput, pointer: &str, sku: Sku, currencies: &mut Currencies) -> Result<Object, Refusal> {
    let mut variant = Object::new();
    let mut item = Object::new();
    let sku_text = text(input.sku);
    match sku {
        Sku::OfTheVariant => put(&mut variant, "sku", sku_text),
        Sku::OfTheItem => put(&mut item, "sku", sku_text),
    }
    put(&mut variant, "barcode", text(input.barcode));
    let mut amount = |money: &Money, name: &str| currencies.amount(money, &format!("{pointer}/{name}"));
    match &input.price {
        Change::Keep => {}
        Change::Set(price) => put(&mut variant, "price", Some(amount(price, "price"))),
        Change::Clear => return wrong(format!("{pointer}/price"), "Shopify does not let it be empty"),
    }
    put(&mut variant, "compareAtPrice", nullable(&input.compare_at, |money| amount(money, "compare_at")));
    put(&mut item, "cost", nullable(&input.cost, |money| amount(money, "cost")));
    if let Some(weight) = weight(input.weight, pointer)? {
        item.insert("measurement".to_owned(), json!({ "weight": weight }));
    }
    if let Some(stock) = input.inventory.set() {
        if stock.quantity.is_some() {
            return wrong(format!("{pointer}/inventory/quantity"), "is set by location, through inventory");
        }
        put(&mut item, "tracked", stock.tracked);
        put(&mut variant, "inventoryPolicy", stock.backorder.map(|allowed| if allowed { "CONTINUE" } else { "DENY" }));
    }
    if !item.is_empty() {
        variant.insert("inventoryItem".to_owned(), item.into());
    }
    if !input.options.is_empty() {
        let values: Vec<Value> =
            input.options.iter().map(|(option, value)| json!({ "optionName": option, "name": value })).collect();
        variant.insert("optionValues".to_owned(), values.into());
    }
    Ok(variant)
}

/// Null where a value is to be taken away.
fn nullable(change: &Change<Money>, value: impl FnOnce(&Money) -> String) -> Option<Value> {
    match change {
        Change::Keep => None,
        Change::Clear => Some(Value::Null),
        Change::Set(money) => Some(value(money).into()),
    }
}

fn weight(change: Change<WeightInput>, pointer: &str) -> Result<Option<Value>, Refusal> {
    let weight = match change {
        Change::Keep => return Ok(None),
        Change::Clear => return Ok(Some(json!({ "value": 0.0, "unit": "GRAMS" }))),
        Change::Set(weight) => weight,
    };
    let unit = match weight.unit.as_deref() {
        Some("g") => "GRAMS",
        Some("kg") => "KILOGRAMS",
        Some("oz") => "OUNCES",
        Some("lb") => "POUNDS",
        _ => return wrong(format!("{pointer}/weight/unit"), "must be g, kg, oz or lb"),
    };
    // Shopify's own type for it is a float.
    let Ok(value) = weight.value.as_str().parse::<f64>() else {
        return wrong(format!("{pointer}/weight/value"), "is no number for a weight");
    };
    Ok(Some(json!({ "value": value, "unit": unit })))
}

/// The options and variants of a new product; `None` when nothing is said of either, which makes one variant without a price.
fn new_variants(input: &mut ProductInput, currencies: &mut Currencies) -> Result<Option<(Value, Value)>, Refusal> {
    let listed = std::mem::take(&mut input.variants).or_empty(Vec::new()).unwrap_or_default();
    let mut options = std::mem::take(&mut input.options).or_empty(Vec::new()).unwrap_or_default();
    let of_the_product = VariantInput {
        sku: std::mem::take(&mut input.sku),
        price: std::mem::take(&mut input.price),
        compare_at: std::mem::take(&mut input.compare_at),
        weight: std::mem::take(&mut input.weight),
        ..VariantInput::default()
    };
    if listed.is_empty() {
        let object = variant(of_the_product, "", Sku::OfTheVariant, currencies)?;
        if object.is_empty() && options.is_empty() {
            return Ok(None);
        }
        if !options.is_empty() {
            return wrong("/variants", "a product with options needs its variants");
        }
        return Ok(Some(without_options(object)));
    }
    if !of_the_product.sku.is_keep() {
        return wrong("/sku", "a product with variants has its SKUs on them");
    }
    let is_only = listed.len() == 1 && listed[0].options.is_empty() && options.is_empty();
    let mut variants = Vec::with_capacity(listed.len());
    for (index, mut input) in listed.into_iter().enumerate() {
        let pointer = format!("/variants/{index}");
        if input.id.is_some() {
            return wrong(format!("{pointer}/id"), "a new product has no variants to change");
        }
        if input.options.is_empty() && !is_only {
            return wrong(format!("{pointer}/options"), "a value for each option is needed");
        }
        gather(&mut options, &input);
        // What is said of the product holds for the variants that do not say otherwise.
        for (own, common) in
            [(&mut input.price, &of_the_product.price), (&mut input.compare_at, &of_the_product.compare_at)]
        {
            if own.is_keep() {
                own.clone_from(common);
            }
        }
        if input.weight.is_keep() {
            input.weight.clone_from(&of_the_product.weight);
        }
        variants.push(variant(input, &pointer, Sku::OfTheVariant, currencies)?);
    }
    if is_only {
        return Ok(variants.pop().map(without_options));
    }
    let options: Vec<Value> = options
        .into_iter()
        .map(|ProductOptionInput { name, values }| {
            let values: Vec<Value> = values.into_iter().map(|value| json!({ "name": value })).collect();
            json!({ "name": name, "values": values })
        })
        .collect();
    let variants: Vec<Value> = variants.into_iter().map(Value::from).collect();
    Ok(Some((options.into(), variants.into())))
}

/// The one variant of a product without options, with the option that Shopify wants all the same.
fn without_options(mut variant: Object) -> (Value, Value) {
    variant.insert("optionValues".to_owned(), json!([{ "optionName": TITLE, "name": DEFAULT_TITLE }]));
    (json!([{ "name": TITLE, "values": [{ "name": DEFAULT_TITLE }] }]), json!([variant]))
}

/// Adds a variant's options and values to those of the product, where they are missing.
fn gather(options: &mut Vec<ProductOptionInput>, variant: &VariantInput) {
    for (name, value) in &variant.options {
        let at = options.iter().position(|option| option.name == *name).unwrap_or_else(|| {
            options.push(ProductOptionInput { name: name.clone(), values: Vec::new() });
            options.len() - 1
        });
        if let Some(option) = options.get_mut(at)
            && !option.values.contains(value)
        {
            option.values.push(value.clone());
        }
    }
}

/// What has to be known before a product is written.
struct Facts {
    shop: Option<domain::money::Currency>,
    product: Option<Known>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Known {
    has_only_default_variant: bool,
    variants: Connection<KnownVariant>,
}

#[derive(Deserialize)]
struct KnownVariant {
    id: String,
}

impl Facts {
    /// The query for them; `None` when nothing has to be known.
    fn wanted(currencies: &Currencies, product: Option<&str>) -> Option<Document> {
        let mut root = Selection::default();
        if !currencies.0.is_empty() {
            root.object("shop", &Selection::of("currencyCode"));
        }
        let Some(id) = product else {
            return (!currencies.0.is_empty()).then(|| Document::query(root));
        };
        let mut product = Selection::of("hasOnlyDefaultVariant");
        product.connection("variants", 1, "", &Selection::of("id"));
        root.object("product(id: $id)", &product);
        Some(Document::query(root).with("id", "ID!", id))
    }

    fn read(data: &bytes::Bytes) -> Result<Self, ReadError> {
        let data = Data::read(data)?;
        let shop: Option<Shop<'_>> = data.field("shop")?;
        let shop = shop.and_then(|shop| shop.currency_code).and_then(|code| code.parse().ok());
        Ok(Self { shop, product: data.field("product")? })
    }

    /// What was said of the product as a change of its only variant.
    fn only_variant(self, mut own: Object) -> Result<Object, ReadError> {
        let product = self.product.ok_or_else(pages::not_found)?;
        let first = product.variants.nodes.into_iter().next();
        match first {
            Some(variant) if product.has_only_default_variant => {
                own.insert("id".to_owned(), variant.id.into());
                Ok(own)
            }
            _ => Err(ReadError::Refused(Refusal::Field {
                pointer: "/variants".to_owned(),
                why: "the product has variants; their prices, SKUs and weights are set on them",
            })),
        }
    }
}
