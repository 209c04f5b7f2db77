//! Creating and changing products with their variants, which are products of their own.
//!
//! A reduced price is Magento's `price` with the attribute `special_price` beside it, which an empty text takes away. The unified `price` is what
//! a buyer pays and `compare_at` what it was before, so a change of only one needs to know the other; the product is read anyway, for its SKU.

use std::collections::{BTreeMap, VecDeque};

use domain::model::ProductStatus;
use domain::model::input::{Change, ProductInput, SeoInput, VariantInput};
use domain::money::{Amount, Money};
use http::Method;
use serde::Serialize;
use serde_json::value::RawValue;

use super::search::Search;
use super::writes::{AttributeBody, field, id_number, in_order, needed, product_again};
use super::{Door, encoded, wire};
use crate::connector::{ReadError, Refusal, Turn};
use crate::number::Number;
use crate::upstream::{AmountText, Item, item, items, success};

#[derive(Serialize)]
struct ProductSent {
    product: ProductBody,
    #[serde(rename = "saveOptions")]
    save_options: bool,
}

#[derive(Default, Serialize)]
struct ProductBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    sku: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attribute_set_id: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    type_id: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    visibility: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    weight: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extension_attributes: Option<Extension>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    custom_attributes: Vec<AttributeBody<Box<RawValue>>>,
}

#[derive(Default, Serialize)]
struct Extension {
    #[serde(skip_serializing_if = "Option::is_none")]
    category_links: Option<Vec<CategoryLink>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stock_item: Option<StockItem>,
}

#[derive(Serialize)]
struct CategoryLink {
    position: u8,
    category_id: String,
}

#[derive(Serialize)]
struct StockItem {
    qty: i64,
    is_in_stock: bool,
}

/// The attribute set that every store has.
const DEFAULT_SET: u8 = 4;

/// Catalogue and search.
const VISIBLE: u8 = 4;

/// The prices that hold before a change.
#[derive(Clone, Default)]
struct Prices {
    price: Option<Amount>,
    special: Option<Amount>,
}

impl Prices {
    fn of(wire: &wire::Product<'_>) -> Self {
        let attributes = wire.custom_attributes.as_deref().unwrap_or_default();
        let special = attributes.iter().find(|attribute| attribute.attribute_code == "special_price");
        let special =
            special.and_then(|special| serde_json::from_str::<AmountText<'_>>(special.value.get()).ok()?.amount());
        Self { price: wire.price.amount(), special }
    }
}

impl ProductBody {
    fn attribute(&mut self, code: &str, value: Box<RawValue>) {
        self.custom_attributes.retain(|attribute| attribute.attribute_code != code);
        self.custom_attributes.push(AttributeBody { attribute_code: code.to_owned(), value });
    }

    fn text_attribute(&mut self, code: &str, text: &Change<String>) {
        if let Some(text) = text.clone().or_empty(String::new()) {
            self.attribute(code, json_text(&text));
        }
    }

    /// Sets prices so that a buyer pays `price` and sees `compare_at` beside it.
    fn put_prices(&mut self, now: &Prices, price: &Change<Money>, compare_at: &Change<Money>) {
        let paid = now.special.as_ref().or(now.price.as_ref());
        let (regular, special) = match (price.set().map(|money| &money.amount), compare_at) {
            (Some(price), Change::Set(before)) => (Some(&before.amount), Some(Some(price))),
            (Some(price), Change::Clear) => (Some(price), Some(None)),
            (Some(price), Change::Keep) if now.special.is_some() => (None, Some(Some(price))),
            (Some(price), Change::Keep) => (Some(price), None),
            (None, Change::Set(before)) => (Some(&before.amount), Some(paid)),
            (None, Change::Clear) if now.special.is_some() => (paid, Some(None)),
            (None, Change::Clear | Change::Keep) => (None, None),
        };
        if let Some(regular) = regular {
            self.price = Some(Number::of(regular));
        }
        match special {
            Some(Some(amount)) => self.attribute("special_price", json_text(amount.as_str())),
            Some(None) => self.attribute("special_price", json_text("")),
            None => {}
        }
    }

    fn put_stock(&mut self, quantity: Option<i64>) {
        if let Some(qty) = quantity {
            let stock_item = StockItem { qty, is_in_stock: qty > 0 };
            self.extension_attributes.get_or_insert_default().stock_item = Some(stock_item);
        }
    }

    /// What a variant sets of itself.
    fn put_variant(&mut self, input: &VariantInput, now: &Prices, at: &str) -> Result<(), Refusal> {
        needed(&input.price, &format!("{at}/price"))?;
        self.put_prices(now, &input.price, &input.compare_at);
        if let Some(weight) = needed(&input.weight, &format!("{at}/weight"))? {
            self.weight = Some(Number::of(&weight.value));
        }
        match &input.cost {
            Change::Keep => {}
            Change::Clear => self.attribute("cost", json_text("")),
            Change::Set(cost) => self.attribute("cost", json_text(cost.amount.as_str())),
        }
        self.put_stock(needed(&input.inventory, &format!("{at}/inventory"))?.and_then(|stock| stock.quantity));
        Ok(())
    }
}

fn json_text(text: &str) -> Box<RawValue> {
    serde_json::value::to_raw_value(text).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

/// Everything but prices and variants.
fn body(input: &ProductInput) -> Result<ProductBody, Refusal> {
    needed(&input.price, "/price")?;
    let status = match needed(&input.status, "/status")? {
        None => None,
        Some(ProductStatus::Active) => Some(1),
        Some(ProductStatus::Draft) => Some(2),
        Some(ProductStatus::Archived) => {
            return Err(field("/status", "Magento knows enabled (active) and disabled (draft) products."));
        }
    };
    let links =
        input.categories.clone().or_empty(Vec::new()).map(|ids| {
            ids.into_iter().map(|category_id| CategoryLink { position: 0, category_id }).collect::<Vec<_>>()
        });
    for (index, id) in input.categories.set().into_iter().flatten().enumerate() {
        id_number(id, &format!("/categories/{index}"))?;
    }
    let seo = match &input.seo {
        Change::Keep => SeoInput::default(),
        Change::Clear => SeoInput { slug: Change::Keep, title: Change::Clear, description: Change::Clear },
        Change::Set(seo) => seo.clone(),
    };
    needed(&seo.slug, "/seo/slug")?;
    let mut body = ProductBody {
        name: needed(&input.name, "/name")?.cloned(),
        status,
        weight: needed(&input.weight, "/weight")?.map(|weight| Number::of(&weight.value)),
        extension_attributes: links.map(|links| Extension { category_links: Some(links), stock_item: None }),
        ..ProductBody::default()
    };
    body.text_attribute("description", &input.description_html);
    body.text_attribute("url_key", &seo.slug);
    body.text_attribute("meta_title", &seo.title);
    body.text_attribute("meta_description", &seo.description);
    if let Some(id) = needed(&input.tax_class, "/tax_class")? {
        body.attribute("tax_class_id", json_text(&id_number(id, "/tax_class")?.to_string()));
    }
    for field in input.meta.set().into_iter().flatten() {
        body.attribute(&field.key, field.value.clone());
    }
    Ok(body)
}

/// A simple product. Magento would change the product that has the SKU already, so that is looked for first.
pub(super) fn create(door: Door, input: &ProductInput, remote: bool) -> Result<Turn, Refusal> {
    let mut body = body(input)?;
    body.put_prices(&Prices::default(), &input.price, &input.compare_at);
    let mut has_price = input.price.set().is_some();
    match input.variants.set().map(Vec::as_slice).unwrap_or_default() {
        [] => {}
        [only] if only.id.is_none() => {
            body.put_variant(only, &Prices::default(), "/variants/0")?;
            has_price |= only.price.set().is_some();
        }
        _ => {
            let why = "Products with options are made of attributes of the store; create them through the raw route (configurable-products).";
            return Err(field("/variants", why));
        }
    }
    if !has_price {
        return Err(field("/price", "Magento needs a price of a new product."));
    }
    let Some(sku) = needed(&input.sku, "/sku")?.cloned() else {
        return Err(field("/sku", "Magento needs a SKU of a new product."));
    };
    body.attribute_set_id = Some(DEFAULT_SET);
    body.type_id = Some("simple");
    body.visibility = Some(VISIBLE);
    body.status.get_or_insert(1);
    body.sku = Some(sku.clone());
    let search = Search::of(1).filter("sku", "eq", &sku).showing("id,sku");
    Ok(Turn::ask(door.search("products", &search), move |answer| {
        let known: Vec<Item<wire::Product<'_>>> = items(door.found(&answer)?.0, false)?;
        if !known.is_empty() {
            return Err(ReadError::Refused(field("/sku", "A product with this SKU is there already.")));
        }
        let request = door.send(Method::POST, "products", &ProductSent { product: body, save_options: true });
        Ok(Turn::ask(request, move |answer| {
            let id = {
                let made: Item<wire::Product<'_>> = item(success(&answer, &door.credential)?, false)?;
                made.wire.id.into_string()
            };
            Ok(product_again(door, id, remote))
        }))
    }))
}

pub(super) fn update(door: Door, id: &str, input: &ProductInput, remote: bool) -> Result<Turn, Refusal> {
    if !input.sku.is_keep() {
        return Err(field("/sku", "Magento addresses a product by its SKU and cannot change it."));
    }
    let body = body(input)?;
    let mut variants = Vec::new();
    for (index, variant) in input.variants.set().into_iter().flatten().enumerate() {
        let at = format!("/variants/{index}");
        let Some(id) = &variant.id else {
            let why = "A new variant is a product of its own and needs attributes of the store; use the raw route (configurable-products).";
            return Err(field(&format!("{at}/id"), why));
        };
        id_number(id, &format!("{at}/id"))?;
        ProductBody::default().put_variant(variant, &Prices::default(), &at)?;
        variants.push((id.clone(), variant.clone(), at));
    }
    let id = id.to_owned();
    let mut ids = vec![id.clone()];
    ids.extend(variants.iter().map(|(id, ..)| id.clone()).filter(|variant| *variant != id));
    let search =
        Search::of(ids.len()).filter("entity_id", "in", &ids.join(",")).showing("id,sku,price,custom_attributes");
    let (price, compare_at) = (input.price.clone(), input.compare_at.clone());
    Ok(Turn::ask(door.search("products", &search), move |answer| {
        let rows: Vec<Item<wire::Product<'_>>> = items(door.found(&answer)?.0, false)?;
        let known: BTreeMap<&str, (&str, Prices)> =
            rows.iter().map(|row| (row.wire.id.as_str(), (row.wire.sku.as_ref(), Prices::of(&row.wire)))).collect();
        let (sku, now) = known.get(id.as_str()).ok_or(ReadError::Refused(Refusal::Id))?;
        let mut body = body;
        body.put_prices(now, &price, &compare_at);
        let mut of_variants = Vec::new();
        for (variant_id, variant, at) in &variants {
            // The one variant of a simple product is the product.
            if *variant_id == id {
                body.put_variant(variant, now, at).map_err(ReadError::Refused)?;
                continue;
            }
            let unknown = || ReadError::Refused(field(&format!("{at}/id"), "The store has no such variant."));
            let (sku, now) = known.get(variant_id.as_str()).ok_or_else(unknown)?;
            let mut own = ProductBody::default();
            own.put_variant(variant, now, at).map_err(ReadError::Refused)?;
            of_variants.push(put(&door, sku, own));
        }
        let is_empty = serde_json::to_vec(&body).is_ok_and(|text| text == b"{}");
        let of_product = if is_empty { Vec::new() } else { vec![put(&door, sku, body)] };
        Ok(in_order(door, VecDeque::from([of_product, of_variants]), move |door| product_again(door, id, remote)))
    }))
}

fn put(door: &Door, sku: &str, product: ProductBody) -> crate::request::OutboundRequest {
    door.send(Method::PUT, &format!("products/{}", encoded(sku)), &ProductSent { product, save_options: true })
}
