//! What a caller wants written, as CartOS bodies. They have the shapes that are read (`wire`): what was not sent is absent, what was sent as
//! `null` is null, and an emptied list is empty. Of `variants`, those with an id are changed, those without are added, and those that are not
//! sent stay. `currency` is sent where an amount names one; a store refuses one that is not its own.

use std::collections::BTreeMap;

use domain::model::input::{
    AddressInput, CategoryInput, Change, CustomerInput, ImageInput, InventoryInput, LineInput, OrderCustomerInput,
    OrderInput, ProductInput, ProductOptionInput, ShippingLineInput, VariantInput, WeightInput,
};
use domain::model::{FinancialStatus, FulfillmentStatus, OrderStatus, ProductStatus};
use domain::money::{Amount, Currency, Money};
use serde::{Serialize, Serializer};

use crate::connector::Refusal;

/// A field as it is sent: absent, `null` or a value.
struct Sent<T>(Change<T>);

impl<T> Sent<T> {
    fn is_absent(&self) -> bool {
        self.0.is_keep()
    }
}

impl<T: Serialize> Serialize for Sent<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.set().serialize(serializer)
    }
}

#[derive(Serialize)]
pub(super) struct Product {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Sent::is_absent")]
    sku: Sent<String>,
    #[serde(skip_serializing_if = "Sent::is_absent")]
    slug: Sent<String>,
    #[serde(skip_serializing_if = "Sent::is_absent")]
    description: Sent<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<ProductStatus>,
    #[serde(skip_serializing_if = "Sent::is_absent")]
    brand: Sent<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    category_ids: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    images: Option<Vec<Image>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    options: Option<Vec<ProductOption>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<Currency>,
    #[serde(skip_serializing_if = "Sent::is_absent")]
    price: Sent<Amount>,
    #[serde(skip_serializing_if = "Sent::is_absent")]
    compare_at_price: Sent<Amount>,
    #[serde(skip_serializing_if = "Sent::is_absent")]
    tax_class: Sent<String>,
    #[serde(flatten)]
    weight: Weight,
    #[serde(skip_serializing_if = "Sent::is_absent")]
    seo_title: Sent<String>,
    #[serde(skip_serializing_if = "Sent::is_absent")]
    seo_description: Sent<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    variants: Option<Vec<Variant>>,
}

#[derive(Serialize)]
struct Image {
    url: String,
    alt: Option<String>,
}

#[derive(Serialize)]
struct ProductOption {
    name: String,
    values: Vec<String>,
}

#[derive(Serialize)]
struct Variant {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "Sent::is_absent")]
    sku: Sent<String>,
    #[serde(skip_serializing_if = "Sent::is_absent")]
    barcode: Sent<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    options: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Sent::is_absent")]
    price: Sent<Amount>,
    #[serde(skip_serializing_if = "Sent::is_absent")]
    compare_at_price: Sent<Amount>,
    #[serde(skip_serializing_if = "Sent::is_absent")]
    cost: Sent<Amount>,
    #[serde(flatten)]
    weight: Weight,
    #[serde(skip_serializing_if = "Option::is_none")]
    track_inventory: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stock: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    allow_backorder: Option<bool>,
}

#[derive(Serialize)]
struct Weight {
    #[serde(skip_serializing_if = "Sent::is_absent")]
    weight: Sent<Amount>,
    #[serde(skip_serializing_if = "Option::is_none")]
    weight_unit: Option<String>,
}

impl Weight {
    fn new(change: Change<WeightInput>) -> Self {
        let weight_unit = change.set().and_then(|weight| weight.unit.clone());
        Self { weight: Sent(change.map(|weight| weight.value)), weight_unit }
    }
}

impl Product {
    pub(super) fn new(input: ProductInput) -> Result<Self, Refusal> {
        let seo = input.seo.set().cloned().unwrap_or_default();
        let mut currency = None;
        let price = amount(input.price, &mut currency, "/price")?;
        let compare_at_price = amount(input.compare_at, &mut currency, "/compare_at")?;
        let variants = input.variants.or_empty(Vec::new()).map(|variants| {
            let variant = |(index, variant)| Variant::new(variant, &mut currency, &format!("/variants/{index}"));
            variants.into_iter().enumerate().map(variant).collect::<Result<_, Refusal>>()
        });
        let images = |images: Vec<ImageInput>| images.into_iter().map(|image| Image { url: image.url, alt: image.alt });
        let options = |options: Vec<ProductOptionInput>| {
            options.into_iter().map(|option| ProductOption { name: option.name, values: option.values })
        };
        Ok(Self {
            name: kept(input.name, "/name")?,
            sku: Sent(input.sku),
            slug: Sent(seo.slug),
            description: Sent(input.description_html),
            status: kept(input.status, "/status")?,
            brand: Sent(input.brand),
            tags: input.tags.or_empty(Vec::new()),
            category_ids: input.categories.or_empty(Vec::new()),
            images: input.images.or_empty(Vec::new()).map(|list| images(list).collect()),
            options: input.options.or_empty(Vec::new()).map(|list| options(list).collect()),
            variants: variants.transpose()?,
            currency,
            price,
            compare_at_price,
            tax_class: Sent(input.tax_class),
            weight: Weight::new(input.weight),
            seo_title: Sent(seo.title),
            seo_description: Sent(seo.description),
        })
    }
}

impl Variant {
    fn new(input: VariantInput, currency: &mut Option<Currency>, pointer: &str) -> Result<Self, Refusal> {
        let stock = input.inventory.or_empty(domain::model::input::StockInput {
            tracked: Some(false),
            ..domain::model::input::StockInput::default()
        });
        let stock = stock.unwrap_or_default();
        Ok(Self {
            id: input.id,
            sku: Sent(input.sku),
            barcode: Sent(input.barcode),
            options: input.options,
            price: amount(input.price, currency, &format!("{pointer}/price"))?,
            compare_at_price: amount(input.compare_at, currency, &format!("{pointer}/compare_at"))?,
            cost: amount(input.cost, currency, &format!("{pointer}/cost"))?,
            weight: Weight::new(input.weight),
            // A number of pieces is kept only by a variant that counts them.
            track_inventory: stock.tracked.or(stock.quantity.map(|_| true)),
            stock: stock.quantity,
            allow_backorder: stock.backorder,
        })
    }
}

#[derive(Serialize)]
pub(super) struct Category {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Sent::is_absent")]
    parent_id: Sent<String>,
    #[serde(skip_serializing_if = "Sent::is_absent")]
    slug: Sent<String>,
    #[serde(skip_serializing_if = "Sent::is_absent")]
    position: Sent<i64>,
    #[serde(skip_serializing_if = "Sent::is_absent")]
    visible: Sent<bool>,
}

impl Category {
    pub(super) fn new(input: CategoryInput) -> Result<Self, Refusal> {
        Ok(Self {
            name: kept(input.name, "/name")?,
            parent_id: Sent(input.parent_id),
            slug: Sent(input.slug),
            position: Sent(input.position),
            visible: Sent(input.visible),
        })
    }
}

#[derive(Serialize)]
pub(super) struct Customer {
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(skip_serializing_if = "Sent::is_absent")]
    phone: Sent<String>,
    #[serde(skip_serializing_if = "Sent::is_absent")]
    first_name: Sent<String>,
    #[serde(skip_serializing_if = "Sent::is_absent")]
    last_name: Sent<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    groups: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    addresses: Option<Vec<Address>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    accepts_email_marketing: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    accepts_sms_marketing: Option<bool>,
}

impl Customer {
    pub(super) fn new(input: CustomerInput) -> Result<Self, Refusal> {
        let marketing = input.marketing.set().copied().unwrap_or_default();
        let addresses = input.addresses.or_empty(Vec::new());
        Ok(Self {
            email: kept(input.email, "/email")?,
            phone: Sent(input.phone),
            first_name: Sent(input.first_name),
            last_name: Sent(input.last_name),
            groups: input.groups.or_empty(Vec::new()),
            addresses: addresses.map(|addresses| addresses.into_iter().map(Address::new).collect()),
            accepts_email_marketing: marketing.email,
            accepts_sms_marketing: marketing.sms,
        })
    }
}

/// A whole address, with null for what it lacks.
#[derive(Serialize)]
struct Address {
    first_name: Option<String>,
    last_name: Option<String>,
    company: Option<String>,
    line1: Option<String>,
    line2: Option<String>,
    city: Option<String>,
    region_code: Option<String>,
    region: Option<String>,
    postcode: Option<String>,
    country: Option<String>,
    phone: Option<String>,
    tax_id: Option<String>,
}

impl Address {
    fn new(input: AddressInput) -> Self {
        Self {
            first_name: input.first_name,
            last_name: input.last_name,
            company: input.company,
            line1: input.line1,
            line2: input.line2,
            city: input.city,
            region_code: input.region.code,
            region: input.region.name,
            postcode: input.postcode,
            country: input.country,
            phone: input.phone,
            tax_id: input.tax_id,
        }
    }
}

#[derive(Serialize)]
pub(super) struct Order {
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<OrderStatus>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payment_status: Option<FinancialStatus>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fulfillment_status: Option<FulfillmentStatus>,
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<Currency>,
    #[serde(skip_serializing_if = "Sent::is_absent")]
    customer: Sent<Buyer>,
    #[serde(skip_serializing_if = "Sent::is_absent")]
    billing_address: Sent<Address>,
    #[serde(skip_serializing_if = "Sent::is_absent")]
    shipping_address: Sent<Address>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lines: Option<Vec<Line>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shipping_lines: Option<Vec<ShippingLine>>,
    #[serde(skip_serializing_if = "Sent::is_absent")]
    note: Sent<String>,
}

#[derive(Serialize)]
struct Buyer {
    id: Option<String>,
    email: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
}

#[derive(Serialize)]
struct Line {
    product_id: Option<String>,
    variant_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    quantity: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit_price: Option<Amount>,
}

#[derive(Serialize)]
struct ShippingLine {
    title: String,
    code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<Amount>,
}

impl Order {
    /// An order to create, or with `is_new` false the change of one: what was bought does not change any more.
    pub(super) fn new(input: OrderInput, is_new: bool) -> Result<Self, Refusal> {
        for (name, is_keep) in [("lines", input.lines.is_keep()), ("shipping_lines", input.shipping_lines.is_keep())] {
            if !is_new && !is_keep {
                let why = "CartOS takes lines with a new order only";
                return Err(Refusal::Field { pointer: format!("/{name}"), why });
            }
        }
        let mut currency = kept(input.currency, "/currency")?;
        let buyer = |buyer: OrderCustomerInput| Buyer {
            id: buyer.id,
            email: buyer.email,
            first_name: buyer.first_name,
            last_name: buyer.last_name,
        };
        let lines = input.lines.or_empty(Vec::new()).map(|lines| {
            let line = |(index, line): (usize, LineInput)| {
                if line.quantity < 1 {
                    let pointer = format!("/lines/{index}/quantity");
                    return Err(Refusal::Field { pointer, why: "must be at least 1" });
                }
                let price = line.unit_price.map_or(Change::Keep, Change::Set);
                let price = amount(price, &mut currency, &format!("/lines/{index}/unit_price"))?;
                Ok(Line {
                    product_id: line.product_id,
                    variant_id: line.variant_id,
                    name: line.name,
                    quantity: line.quantity,
                    unit_price: price.0.set().cloned(),
                })
            };
            lines.into_iter().enumerate().map(line).collect::<Result<_, Refusal>>()
        });
        let lines = lines.transpose()?;
        let shipping_lines = input.shipping_lines.or_empty(Vec::new()).map(|lines| {
            let line = |(index, line): (usize, ShippingLineInput)| {
                let total = line.total.map_or(Change::Keep, Change::Set);
                let total = amount(total, &mut currency, &format!("/shipping_lines/{index}/total"))?;
                Ok(ShippingLine { title: line.title, code: line.code, total: total.0.set().cloned() })
            };
            lines.into_iter().enumerate().map(line).collect::<Result<_, Refusal>>()
        });
        Ok(Self {
            status: kept(input.status, "/status")?,
            payment_status: kept(input.financial_status, "/financial_status")?,
            fulfillment_status: kept(input.fulfillment_status, "/fulfillment_status")?,
            customer: Sent(input.customer.map(buyer)),
            billing_address: Sent(input.billing.map(Address::new)),
            shipping_address: Sent(input.shipping.map(Address::new)),
            lines,
            shipping_lines: shipping_lines.transpose()?,
            currency,
            note: Sent(input.note),
        })
    }
}

#[derive(Serialize)]
pub(super) struct Inventory {
    #[serde(skip_serializing_if = "Sent::is_absent")]
    available: Sent<i64>,
    #[serde(skip_serializing_if = "Sent::is_absent")]
    location_id: Sent<String>,
}

impl Inventory {
    pub(super) fn new(input: InventoryInput) -> Self {
        Self { available: Sent(input.available), location_id: Sent(input.location_id) }
    }
}

/// The amount alone; the first currency that is named becomes the one of all.
fn amount(change: Change<Money>, currency: &mut Option<Currency>, pointer: &str) -> Result<Sent<Amount>, Refusal> {
    if let Some(named) = change.set().and_then(|money| money.currency)
        && *currency.get_or_insert(named) != named
    {
        let pointer = format!("{pointer}/currency");
        return Err(Refusal::Field { pointer, why: "all amounts are in one currency" });
    }
    Ok(Sent(change.map(|money| money.amount)))
}

/// A field that can be changed and not emptied.
fn kept<T>(change: Change<T>, pointer: &str) -> Result<Option<T>, Refusal> {
    match change {
        Change::Keep => Ok(None),
        Change::Set(value) => Ok(Some(value)),
        Change::Clear => Err(Refusal::Field { pointer: pointer.to_owned(), why: "CartOS cannot be without it" }),
    }
}
